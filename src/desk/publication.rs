//! What outsiders are shown as the head of the log: the newest checkpoint, or the newest that enough
//! witnesses cosigned (C2SP tlog-policy, tlog-witness).
//!
//! A witness cosigns only what continues what it cosigned before, so whoever is shown a cosigned checkpoint
//! is shown the same log as everyone else.

mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;

pub(crate) use rows::{CosignaturesAsk, PolicyAsk};
pub use rows::{CosignedRow, PolicyRow, Publish, WitnessRow};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::ask::When;
use crate::desk::checkpoint::{SignError, Signed};
use crate::desk::error::{DeskError, Fault};
use crate::store::segment;
use crate::tlog::key::{SignatureType, VerifierKey};
use crate::tlog::note::Signature;
use crate::tlog::policy::Policy;

/// The policy of witnesses, within the data directory.
pub(in crate::desk) const POLICY: &str = "policy";
/// Whether a checkpoint without a quorum is published.
pub(in crate::desk) const PUBLISH: &str = "publish";
/// The newest checkpoint that was published with a quorum.
pub(in crate::desk) const PUBLISHED: &str = "published";
/// Bytes of a policy at most.
const POLICY_BYTES_MAX: usize = 64 << 10;

/// A checkpoint as outsiders are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The checkpoint.
    pub signed: Signed,
    /// Whether enough witnesses cosigned it; none where the log has no policy.
    pub witnessed: Option<bool>,
}

impl Desk {
    /// Returns what is published as the head of the log; none where nothing is, yet.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] for a file that is not as it was written.
    pub fn published(&self) -> Result<Option<Published>, DeskError> {
        let newest = self.checkpoint()?;
        let Some(policy) = self.policy_file()? else {
            return Ok(newest.map(|signed| Published { signed, witnessed: None }));
        };
        let witnessed = |signed: Signed| {
            let met = policy.is_met(&signed.note);
            Published { signed, witnessed: Some(met) }
        };
        match self.publish()? {
            Publish::Marked => Ok(newest.map(witnessed)),
            Publish::Quorum => {
                let newest = newest.filter(|signed| policy.is_met(&signed.note));
                match newest {
                    Some(signed) => Ok(Some(witnessed(signed))),
                    // The policy may have become stricter since.
                    None => {
                        Ok(self.last_published()?.map(witnessed).filter(|last| last.witnessed == Some(true)))
                    }
                }
            }
        }
    }

    /// Returns that not enough witnesses cosigned the newest checkpoint yet, where a policy asks for them.
    ///
    /// # Errors
    ///
    /// As [`Desk::published`].
    pub(super) fn why_unwitnessed(&self) -> Result<Option<String>, DeskError> {
        let (Some(policy), Some(newest)) = (self.policy_file()?, self.checkpoint()?) else { return Ok(None) };
        if policy.is_met(&newest.note) {
            return Ok(None);
        }
        let outsiders = match self.publish()? {
            Publish::Quorum => "outsiders are not shown it",
            Publish::Marked => "outsiders are shown it as unwitnessed",
        };
        let size = newest.checkpoint.size;
        Ok(Some(format!(
            "the checkpoint of {size} events, under which the proof is, has no quorum of witnesses yet: until it \
             has, {outsiders}"
        )))
    }

    /// Lets the log be published by a policy from now on.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for what is no policy, or one that does not fit this log; then nothing
    /// changed.
    pub(crate) fn set_policy(&self, ask: &PolicyAsk) -> Result<Answer<PolicyRow>, DeskError> {
        let wrong = |detail: String| DeskError::from(Fault::in_field("policy", detail));
        if ask.policy.len() > POLICY_BYTES_MAX {
            return Err(wrong(format!(
                "has {} bytes; at most {POLICY_BYTES_MAX} are read",
                ask.policy.len()
            )));
        }
        let policy = Policy::parse(ask.policy.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        let own = self.store.log_id();
        let logs = policy.logs();
        if !logs.is_empty() && !logs.iter().any(|log| *log.key.name() == *own) {
            return Err(wrong(format!(
                "knows other logs, and not this one, {own}: add its verifier key in a `log` line"
            )));
        }
        if let Some(other) =
            policy.witnesses().iter().find(|one| one.key.kind() != SignatureType::CosignatureV1)
        {
            return Err(wrong(format!("{} is no key of a witness (type 0x04)", other.key)));
        }
        if let Some(own) = policy.witness_of_itself(&self.own_keys()?) {
            return Err(wrong(format!(
                "names {} as a witness, which is this log itself: nobody vouches for themselves",
                own.key
            )));
        }
        let dir = self.directory()?;
        write(dir, PUBLISH, ask.publish.word().as_bytes())?;
        write(dir, POLICY, ask.policy.as_bytes())?;
        self.policy()
    }

    /// Returns every key that the log signs with, or ever did.
    fn own_keys(&self) -> Result<Vec<VerifierKey>, DeskError> {
        let known = self.known(&When::default())?;
        let mut keys = self.signing.lock().keys();
        if let Some(table) = self.key_table(&known)? {
            keys.extend(table.ranges().iter().map(|range| range.key.clone()));
        }
        Ok(keys)
    }

    /// Returns by which policy the log is published, and how far that is.
    ///
    /// # Errors
    ///
    /// As [`Desk::published`].
    pub(crate) fn policy(&self) -> Result<Answer<PolicyRow>, DeskError> {
        let row = self.policy_row()?;
        Ok(self.known(&When::default())?.answer(row))
    }

    fn policy_row(&self) -> Result<PolicyRow, DeskError> {
        let newest = self.checkpoint()?;
        let (text, policy) = match self.read_file(POLICY)? {
            Some(bytes) => (Some(String::from_utf8_lossy(&bytes).into_owned()), self.policy_file()?),
            None => (None, None),
        };
        let kept = if policy.is_some() { self.kept_checkpoints()? } else { Vec::new() };
        let mut witnesses = Vec::new();
        for witness in policy.iter().flat_map(Policy::witnesses) {
            let cosigned = |signed: &&Signed| matches!(signed.note.verify(&witness.key), Ok(Some(_)));
            let last = newest.iter().chain(kept.iter().rev()).find(cosigned);
            witnesses.push(WitnessRow {
                name: String::from_utf8_lossy(&witness.name).into_owned(),
                key: witness.key.to_string(),
                url: witness.url.clone(),
                cosigned: last.map(|signed| signed.checkpoint.size),
                newest: newest.as_ref().is_some_and(|newest| cosigned(&newest)),
            });
        }
        Ok(PolicyRow {
            policy: text,
            publish: self.publish()?,
            met: policy.as_ref().zip(newest.as_ref()).map(|(policy, signed)| policy.is_met(&signed.note)),
            newest: newest.map(|signed| signed.checkpoint.size),
            published: self.published()?.map(|published| published.signed.checkpoint.size),
            witnesses,
        })
    }

    /// Adds cosignatures of the policy's witnesses to the checkpoint that they are of: the newest, or one that
    /// is kept. Lines by others are left aside.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for lines that are none, or that no checkpoint of this log bears, and
    /// [`DeskError::Refused`] without a policy; then nothing changed.
    pub(crate) fn take_cosignatures(&self, ask: &CosignaturesAsk) -> Result<Answer<CosignedRow>, DeskError> {
        let Some(policy) = self.policy_file()? else {
            return Err(DeskError::Refused {
                rule: "the log has no policy that says whose cosignatures count".to_owned(),
                hints: vec!["`demarche audit policy FILE` gives it one".to_owned()],
            });
        };
        let lines = signature_lines(&ask.lines)?;
        let wanted: Vec<(Signature, &VerifierKey)> = lines
            .into_iter()
            .filter_map(|line| {
                let by = policy.witnesses().iter().find(|one| is_by(&line, &one.key));
                by.map(|witness| (line, &witness.key))
            })
            .collect();
        if wanted.is_empty() {
            return Err(Fault::in_field("lines", "none of them is by a witness of the policy").into());
        }
        let newest = self.checkpoint()?;
        let kept = self.kept_checkpoints()?;
        for (place, signed) in newest.iter().chain(kept.iter().rev()).enumerate() {
            let Some((cosigned, count)) = cosigned(signed, &wanted) else { continue };
            let cosigned = match &newest {
                // Signed anew meanwhile, the newest keeps its other lines.
                Some(_) if place == 0 => self.add_cosignatures(&cosigned.note)?.unwrap_or(cosigned),
                Some(_) | None => cosigned,
            };
            self.keep_checkpoint(&cosigned)?;
            self.publish_if_met(self.directory()?, &policy, &cosigned)?;
            let met = policy.is_met(&cosigned.note);
            let row = CosignedRow { size: cosigned.checkpoint.size, taken: count, met };
            return Ok(self.known(&When::default())?.answer(row));
        }
        Err(Fault::in_field("lines", "they are of no checkpoint that this log signed and keeps").into())
    }

    fn publish_if_met(&self, dir: &Path, policy: &Policy, cosigned: &Signed) -> Result<(), DeskError> {
        let last = self.last_published()?.map_or(0, |last| last.checkpoint.size);
        if policy.is_met(&cosigned.note) && cosigned.checkpoint.size >= last {
            write(dir, PUBLISHED, &cosigned.note.to_bytes())?;
        }
        Ok(())
    }

    fn last_published(&self) -> Result<Option<Signed>, DeskError> {
        let Some(bytes) = self.read_file(PUBLISHED)? else { return Ok(None) };
        let garbled = |what| DeskError::Damaged(format!("{PUBLISHED} is no checkpoint: {what}"));
        Signed::parse(&bytes, self.store.log_id()).map(Some).map_err(garbled)
    }

    pub(in crate::desk) fn policy_file(&self) -> Result<Option<Policy>, DeskError> {
        let Some(bytes) = self.read_file(POLICY)? else { return Ok(None) };
        let garbled = |error| DeskError::Damaged(format!("{POLICY} is no policy of witnesses: {error}"));
        Policy::parse(&bytes).map(Some).map_err(garbled)
    }

    pub(in crate::desk) fn publish(&self) -> Result<Publish, DeskError> {
        let Some(bytes) = self.read_file(PUBLISH)? else { return Ok(Publish::Quorum) };
        let word = String::from_utf8_lossy(&bytes).trim().to_owned();
        Publish::from_word(&word)
            .ok_or_else(|| DeskError::Damaged(format!("{PUBLISH} says `{word}`, neither quorum nor marked")))
    }

    fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, DeskError> {
        let Some(dir) = self.signing.dir() else { return Ok(None) };
        match std::fs::read(dir.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DeskError::Unavailable(format!("{name}: {error}"))),
        }
    }

    fn directory(&self) -> Result<&Path, DeskError> {
        Ok(self.signing.dir().ok_or(SignError::InMemory)?)
    }
}

/// Returns a checkpoint with the cosignatures that hold for it, and how many; none where none of them does.
fn cosigned(signed: &Signed, lines: &[(Signature, &VerifierKey)]) -> Option<(Signed, usize)> {
    let mut cosigned = signed.clone();
    let mut count = 0;
    for (line, key) in lines {
        let mut note = cosigned.note.clone();
        // A line that does not fit is one of another checkpoint.
        if note.add(line.clone()).is_ok() && matches!(note.verify(key), Ok(Some(_))) {
            cosigned.note = note;
            count += 1;
        }
    }
    (count > 0).then_some((cosigned, count))
}

fn is_by(line: &Signature, key: &VerifierKey) -> bool {
    line.name == *key.name() && line.id == key.id()
}

/// Reads signature lines: alone, or under a note.
fn signature_lines(text: &str) -> Result<Vec<Signature>, DeskError> {
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| line.starts_with('\u{2014}')) {
        let wrong = |error| Fault::in_field("lines", format!("`{line}` is no signature line: {error}"));
        lines
            .push(Signature::parse(&format!("{line}\n")).or_else(|_| Signature::parse(line)).map_err(wrong)?);
    }
    if lines.is_empty() {
        return Err(
            Fault::in_field("lines", "there is no signature line; each begins with a dash, — ").into()
        );
    }
    Ok(lines)
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), DeskError> {
    segment::replace(&dir.join(name), bytes)
        .map_err(|error| DeskError::Unavailable(format!("{name}: {error}")))
}
