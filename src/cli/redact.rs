//! `redact`: the text of an entry is removed; that it was there stays provable.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Show, Text};
use crate::cli::record::is_standard;
use crate::cli::session::{Session, new_request};
use crate::cli::signing::is_openssh;
use crate::cli::{receipt, show, signing, words};
use crate::desk::answer::Answer;
use crate::desk::answer::redaction::Redacted;
use crate::desk::ask::{ApprovalAsk, RedactAsk, Strict};
use crate::desk::error::Fault;
use crate::desk::keys::{KeyFile, KeyFileError, Passphrase, Role};
use crate::desk::redaction::signatures;
use crate::domain::id::RequestId;
use crate::http::client::path;
use crate::store::leaf::HexHash;

/// Returns what whoever removes a text must know, with examples.
pub(super) fn help() -> String {
    let examples = "Examples:\n  demarche redact ik-141 --basis 'Archives Act, section 4' --approve kim --approve lee \
                    --dry-run\n  demarche redact ik-140 --basis 'Order 12' --approve kim --approve lee --replace \
                    instead.json";
    format!("{RULES}\n\n{examples}")
}

const RULES: &str = "\
Rules:
  With the text of the entry go its amendments, the remarks on it and the reasons given for its
  corrections; `--dry-run` names them. Entries that bear on it keep their texts.
  No answer shows the text any more, whatever was known when. Its secret is destroyed, so no file of
  the directory opens it; the record, its proofs and its checkpoints stay as they were.
  Two approve who are not the same. An account alone (`--approve lee`) is a statement of whoever holds
  the directory; a key (`--approve lee=lee.key`) signs what exactly is removed and said instead. It is
  one of `author key new`: a key of OpenSSH signs entries, and approves no removal. At a server with
  accounts, whoever comes in by one approves for nobody else: the others sign.
  A policy, or a correction, on which it rests that something is hidden or that two people record
  something is not removed: end it first, or say with `--replace` what stays of it.
  Copies, backups and exports that were made before still have the text.";

/// The text of an entry is removed.
#[derive(Debug, Args)]
pub(super) struct Redact {
    /// The entry
    #[arg(value_parser = show::handle)]
    handle: String,
    /// The law, the order or the decision on which it rests; it stays readable
    #[arg(long, value_name = "TEXT")]
    basis: String,
    /// Who approves it, given twice: a name alone is a statement of whoever holds the directory, or, at a server
    /// with accounts, your own name; with `=KEYFILE` it is signed with that author key, which stays where it is
    #[arg(long, value_name = "NAME[=KEYFILE]", required = true, value_parser = approver)]
    approve: Vec<Approver>,
    /// What may still be said: an entry as JSON, or a file with one, or `-` for standard input
    #[arg(long, value_name = "JSON|FILE|-")]
    replace: Option<String>,
    /// Remove the names by which the entry goes in files and elsewhere too
    #[arg(long)]
    drop_names: bool,
    /// A file with the passphrase of an approver's key; again for another key
    #[arg(long, value_name = "FILE")]
    approver_passphrase: Vec<PathBuf>,
    /// The id of the submission: sent again it removes nothing twice
    #[arg(long, value_name = "UUID")]
    request: Option<RequestId>,
    /// Say which texts would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Who approves.
#[derive(Debug, Clone)]
struct Approver {
    name: String,
    key: Option<PathBuf>,
}

/// Reads `NAME` or `NAME=KEYFILE`.
fn approver(typed: &str) -> Result<Approver, String> {
    let (name, key) = match typed.split_once('=') {
        Some((_, "")) => {
            return Err("the key file is missing after `=`; leave `=` out to sign nothing".to_owned());
        }
        Some((name, key)) => (name, Some(PathBuf::from(key))),
        None => (typed, None),
    };
    match name.trim() {
        "" => Err("the name of the approver is missing".to_owned()),
        name => Ok(Approver { name: name.to_owned(), key }),
    }
}

impl Redact {
    /// Removes the text, after whoever approves by key has signed what exactly is removed.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let mut keys = Vec::with_capacity(self.approve.len());
        for approver in &self.approve {
            keys.push(approver.key.as_deref().map(|path| self.key(path)).transpose()?);
        }
        let mut ask = RedactAsk {
            basis: self.basis.clone(),
            approvals: self
                .approve
                .iter()
                .zip(&keys)
                .map(|(approver, key)| asked(approver, key.as_ref()))
                .collect(),
            replacement: self.replace.as_deref().map(|given| replacement(session, given)).transpose()?,
            drop_names: self.drop_names,
            request: Some(self.request.unwrap_or_else(new_request)),
            dry_run: true,
            wait: session.globals.waits(None),
            ..RedactAsk::default()
        };
        if self.dry_run || keys.iter().any(Option::is_some) {
            let answer = self.send(session, &ask)?;
            if self.dry_run {
                return session.show(&answer);
            }
            for (approval, key) in ask.approvals.iter_mut().zip(&keys) {
                let Some(key) = key else { continue };
                approval.signatures = signatures(key, &answer.as_of.log, &answer.data)
                    .map_err(|error| refused(error.to_string(), String::new()))?;
            }
        }
        ask.dry_run = false;
        let answer = self.send(session, &ask)?;
        session.show(&answer)
    }

    fn send(&self, session: &mut Session, ask: &RedactAsk) -> Result<Answer<Redacted>, Failure> {
        let answer = match session.globals.sign_with.clone() {
            Some(key) if !ask.dry_run => {
                let to = path(&["v1", "entries", &self.handle, "redaction", "submission"]);
                signing::record(session, &key, &to, ask, Given::Flags)
            }
            Some(_) | None => {
                let body = serde_json::to_vec(ask).map_err(|error| Failure::Garbled(error.to_string()))?;
                let to = path(&["v1", "entries", &self.handle, "redaction"]);
                if ask.request.is_some() {
                    session.submit(&to, body, Given::Flags)
                } else {
                    session.post(&to, &json!({}), body, Given::Flags)
                }
            }
        };
        match ask.request.filter(|_| !ask.dry_run) {
            Some(request) => answer.map_err(|failure| failure.of_submission(request)),
            None => answer,
        }
    }

    /// Reads the key of an approver.
    fn key(&self, path: &Path) -> Result<KeyFile, Failure> {
        let mut loaded = KeyFile::load(path, None);
        for file in &self.approver_passphrase {
            if !matches!(loaded, Err(KeyFileError::NoPassphrase(_) | KeyFileError::WrongPassphrase(_))) {
                break;
            }
            let bytes = std::fs::read(file).map_err(|error| Failure::File {
                path: file.clone(),
                doing: "read",
                error,
            })?;
            if let Some(passphrase) = Passphrase::from_file(&bytes) {
                loaded = KeyFile::load(path, Some(&passphrase));
            }
        }
        if loaded.is_err() && is_openssh(path) {
            return Err(refused(
                format!("{} is a key of OpenSSH, with which no removal can be approved", path.display()),
                "make a key for it with `author key new FILE` and add it with `author key add NAME FILE`, or \
                 approve by the account alone, without `=`"
                    .to_owned(),
            ));
        }
        let sealed = "name the file that holds its passphrase with `--approver-passphrase`";
        let is_sealed = |error: &KeyFileError| {
            matches!(error, KeyFileError::NoPassphrase(_) | KeyFileError::WrongPassphrase(_))
        };
        let file = loaded.map_err(|error| {
            let hint = if is_sealed(&error) { sealed.to_owned() } else { error.hint() };
            refused(error.to_string(), hint)
        })?;
        if file.role() != Role::Author {
            let what = format!(
                "{} holds a key of a {}, and an approver signs as an author",
                path.display(),
                file.role()
            );
            return Err(refused(what, "`author key add` enters the key of an author".to_owned()));
        }
        Ok(file)
    }
}

fn refused(what: String, hint: String) -> Failure {
    Failure::Refused { what, hint }
}

fn asked(approver: &Approver, key: Option<&KeyFile>) -> ApprovalAsk {
    let key = key.and_then(|key| key.keys().first());
    ApprovalAsk {
        by: approver.name.clone(),
        key: key.map(|key| HexHash(*key.public()).to_string()),
        ..ApprovalAsk::default()
    }
}

/// Reads what is said instead: typed, from a file, or from standard input.
fn replacement(session: &mut Session, given: &str) -> Result<Value, Failure> {
    let typed = given.trim_start().starts_with('{');
    let bytes = if typed { given.as_bytes().to_vec() } else { session.read(Path::new(given))? };
    let from = if typed {
        "`--replace`".to_owned()
    } else if is_standard(Path::new(given)) {
        "standard input".to_owned()
    } else {
        format!("`{given}`")
    };
    match serde_json::from_slice::<Strict>(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes)) {
        Ok(Strict(value @ Value::Object(_))) => Ok(value),
        Ok(_) => Err(Failure::Data(vec![Fault::new(format!(
            "{from} is no entry; an entry is an object: {{\"kind\": …}}"
        ))])),
        Err(error) => Err(Failure::Data(vec![Fault::new(format!("{from} is not JSON: {error}"))])),
    }
}

impl Show for Redacted {
    fn text(&self, text: &mut Text) {
        let done = match &self.receipt {
            None => "would remove",
            Some(receipt) if receipt.repeated => "had removed",
            Some(_) => "removed",
        };
        text.line(format!("{done} the text of {}", words::told(&self.entry)));
        for removed in &self.removed {
            let by = removed.by_position.map(|by| format!(", by the record at position {by}"));
            let instead = if removed.instead.is_some() { "; something is said instead" } else { "" };
            text.hanging(
                2,
                &format!(
                    "{} at position {}{}{instead}",
                    removed.what,
                    removed.position,
                    by.unwrap_or_default()
                ),
            );
        }
        text.hanging(2, &format!("basis: {}", self.basis));
        for approval in &self.approvals {
            let how = match &approval.key {
                Some(key) => format!("signed with the key {}", key.get(..16).unwrap_or(key)),
                None => "by account alone".to_owned(),
            };
            text.hanging(2, &format!("approved by {}, {how}", approval.by));
        }
        if self.stays_total > 0 {
            let (bear, say) = match self.stays_total {
                1 => ("bears on it and keeps its text", "it says"),
                _ => ("bear on it and keep their texts", "they say"),
            };
            let entries = words::count(self.stays_total, "entry", "entries");
            text.line(format!("{entries} {bear}; look whether {say} what was removed:"));
            self.stays.iter().for_each(|entry| text.hanging(2, &words::told(entry)));
            if self.stays_total > self.stays.len() as u64 {
                text.hanging(2, "…");
            }
        }
        for doubtful in &self.doubtful {
            text.line(format!("doubtful: {doubtful}"));
        }
        for registered in &self.registered {
            let done = if self.receipt.is_none() { "would register" } else { "registered" };
            text.line(format!("{done}: {registered}"));
        }
        match &self.receipt {
            None => text.line("nothing was removed: this was a dry run"),
            Some(receipt) => {
                text.line(format!(
                    "recorded {}; submission {}",
                    words::moment(receipt.recorded_at, text.zone()),
                    receipt.request
                ));
                receipt::told(Some(receipt), text);
                text.line("copies, backups and exports that were made before still have the text");
            }
        }
    }

    fn columns() -> &'static [&'static str] {
        &["id", "position", "what", "instead", "by", "by_position"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |removed: &crate::desk::answer::redaction::RemovedRow| {
            vec![
                removed.id.to_string(),
                removed.position.to_string(),
                removed.what.clone(),
                removed.instead.clone().unwrap_or_default(),
                removed.by.map(|by| by.to_string()).unwrap_or_default(),
                removed.by_position.map(|by| by.to_string()).unwrap_or_default(),
            ]
        };
        self.removed.iter().map(row).collect()
    }

    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        self.removed.iter().map(serde_json::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, entry_ref, event, run, shown, usage};
    use crate::desk::answer::redaction::{ApprovalRow, RemovedRow};

    fn redacted() -> Redacted {
        Redacted {
            entry: entry_ref("ik-147", "overture.proposed", "2025-11-17"),
            position: 151,
            basis: "Archives Act, section 4".to_owned(),
            approvals: vec![
                ApprovalRow { by: "kim".to_owned(), key: None },
                ApprovalRow { by: "lee".to_owned(), key: Some("ab".repeat(32)) },
            ],
            removed: vec![
                RemovedRow {
                    id: event(3),
                    position: 160,
                    what: "an amendment of it".to_owned(),
                    instead: None,
                    by: None,
                    by_position: None,
                },
                RemovedRow {
                    id: event(2),
                    position: 151,
                    what: "the entry".to_owned(),
                    instead: Some(r#"{"kind":"incident"}"#.to_owned()),
                    by: None,
                    by_position: None,
                },
            ],
            stays: vec![entry_ref("ik-148", "overture.urged", "2025-11-20")],
            stays_total: 1,
            doubtful: Vec::new(),
            registered: vec!["recorder lee".to_owned()],
            receipt: None,
        }
    }

    #[test]
    fn whoever_removes_a_text_is_told_which_texts_go_and_which_stay() {
        insta::assert_snapshot!(shown(&redacted()));
    }

    #[test]
    fn what_is_asked_is_who_approves_and_what_may_still_be_said() {
        let args = ["redact", "ik-147", "--basis", "Act", "--approve", "kim", "--approve", "lee"];
        let ran = run(
            &[&args[..], &["--replace", r#"{"kind":"incident"}"#]].concat(),
            200,
            &answer_of(json!(redacted())),
        );
        assert_eq!(ran.code, 0, "{}", ran.err);
        let [request] = ran.asked.as_slice() else { panic!("one request: {:?}", ran.asked) };
        assert_eq!(request.path, "/v1/entries/ik-147/redaction");
        let mut asked: Value = serde_json::from_slice(&request.body).unwrap();
        assert!(asked.as_object_mut().unwrap().remove("request").is_some());
        assert_eq!(
            asked,
            json!({
                "basis": "Act", "approvals": [{"by": "kim"}, {"by": "lee"}], "replacement": {"kind": "incident"},
            })
        );
        for wrong in [
            &["redact", "ik-147", "--basis", "Act"][..],
            &["redact", "ik-147", "--approve", "kim", "--approve", "lee"],
            &["redact", "", "--basis", "Act", "--approve", "kim", "--approve", "lee"],
            &["redact", "ik-147", "--basis", "Act", "--approve", "=key", "--approve", "lee"],
            &["redact", "ik-147", "--basis", "Act", "--approve", "kim=", "--approve", "lee"],
        ] {
            assert_eq!(usage(wrong), 2, "{wrong:?}");
        }
    }
}
