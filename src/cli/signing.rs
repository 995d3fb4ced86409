//! Signing what is recorded: with a key file of our own, or with OpenSSH, whose agents and hardware keys it
//! then reaches. The key stays with whoever signs; only signatures go to the log.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::cli::failure::{Failure, Given};
use crate::cli::session::Session;
use crate::desk::answer::Answer;
use crate::desk::authors::signature::{self, SSH_NAMESPACE};
use crate::desk::error::DeskError;
use crate::desk::keys::{KeyFile, KeyFileError, Role};
use crate::desk::recording::{LaidOut, SignAsk};
use crate::store::leaf::HexHash;
use crate::tlog::key::Signer;

/// What signs.
pub(super) enum Hand {
    /// A key of a file of ours.
    Own(Box<dyn Signer>),
    /// `ssh-keygen`, with the key of this file.
    OpenSsh(PathBuf),
}

/// A public key, and the signatures that it made.
struct Signed {
    key: String,
    signatures: Vec<String>,
}

/// Records a submission in two steps: it is laid out at `to`, then signed, then recorded.
///
/// # Errors
///
/// As every recording; what cannot be signed was not recorded.
pub(super) fn record<T: DeserializeOwned>(
    session: &mut Session,
    path: &Path,
    to: &str,
    ask: &impl Serialize,
    given: Given,
) -> Result<Answer<T>, Failure> {
    let hand = Hand::of(session, path)?;
    let body = serde_json::to_vec(ask).map_err(|error| Failure::Garbled(error.to_string()))?;
    let laid_out: Answer<LaidOut<T>> = session.post(to, &json!({}), body, given)?;
    let LaidOut { request, submissions, recorded, .. } = laid_out.data;
    if let Some(recorded) = recorded {
        return Ok(Answer { as_of: laid_out.as_of, notices: laid_out.notices, data: recorded });
    }
    let Signed { key, signatures } = hand.sign(&submissions)?;
    let ask = SignAsk { request, key, signatures };
    let body = serde_json::to_vec(&ask).map_err(|error| Failure::Garbled(error.to_string()))?;
    session.post("/v1/submissions/signed", &json!({}), body, Given::Flags)
}

impl Hand {
    /// Returns what signs with the key of a file.
    fn of(session: &Session, path: &Path) -> Result<Self, Failure> {
        let passphrase = session.globals.place.passphrase().map_err(DeskError::from)?;
        let loaded = match KeyFile::load(path, None) {
            Err(KeyFileError::NoPassphrase(_)) => KeyFile::load(path, passphrase.as_ref()),
            other => other,
        };
        match loaded {
            Ok(file) if file.role() == Role::Author => {
                let signer = file.signers().into_iter().next();
                signer.map(Self::Own).ok_or_else(|| unusable(path, "holds no key"))
            }
            Ok(_) => Err(unusable(path, "holds keys of a log or a witness, not of an author")),
            Err(KeyFileError::Garbled { .. } | KeyFileError::Exposed { .. }) if is_openssh(path) => {
                Ok(Self::OpenSsh(path.to_owned()))
            }
            Err(error) => Err(DeskError::from(error).into()),
        }
    }

    fn sign(&self, submissions: &[String]) -> Result<Signed, Failure> {
        let mut key = String::new();
        let mut signatures = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let message = signature::message(submission);
            match self {
                Self::Own(own) => {
                    let signed = own.sign(&message).map_err(|error| Failure::Refused {
                        what: format!("the key does not sign: {error}"),
                        hint: "nothing was recorded".to_owned(),
                    })?;
                    key = HexHash(*own.key().public()).to_string();
                    signatures.push(STANDARD.encode(signed));
                }
                Self::OpenSsh(path) => {
                    let (public, signed) = by_openssh(path, &message)?;
                    key = HexHash(public).to_string();
                    signatures.push(signed);
                }
            }
        }
        Ok(Signed { key, signatures })
    }
}

/// Tells whether a file is a key of OpenSSH, or the public half of one that its agent holds.
pub(super) fn is_openssh(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| {
        let begins = |with: &str| bytes.starts_with(with.as_bytes());
        begins("-----BEGIN OPENSSH PRIVATE KEY-----") || begins("ssh-ed25519 ") || begins("sk-ssh-ed25519")
    })
}

/// Lets OpenSSH sign; it asks for a passphrase by itself.
fn by_openssh(path: &Path, message: &[u8]) -> Result<([u8; 32], String), Failure> {
    let failed = |error| Failure::File { path: PathBuf::from("ssh-keygen"), doing: "run", error };
    let mut running = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", SSH_NAMESPACE, "-f"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = running.stdin.take() {
        input.write_all(message).map_err(failed)?;
    }
    let done = running.wait_with_output().map_err(failed)?;
    if !done.status.success() {
        return Err(unusable(path, "does not sign: ssh-keygen gave up, for the reason that it says"));
    }
    signature::of_ssh(&String::from_utf8_lossy(&done.stdout))
        .map_err(|_| unusable(path, "signs otherwise than Ed25519 (make a key with `ssh-keygen -t ed25519`)"))
}

fn unusable(path: &Path, what: &str) -> Failure {
    Failure::Refused {
        what: format!("{} {what}; nothing was recorded", path.display()),
        hint: "name a key file of `author key new`, or an Ed25519 key of OpenSSH".to_owned(),
    }
}
