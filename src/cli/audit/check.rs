//! `audit verify` and `audit show`: what a bundle or a checkpoint is worth, with nothing but a key.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::audit::evidence;
use crate::cli::failure::Failure;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::audit::MANIFEST;
use crate::desk::audit::archive::Tape;
use crate::desk::audit::show::{self, Line, Shown};
use crate::desk::audit::verify::report::{Finding, Report};
use crate::desk::audit::verify::view::{Folder, View};
use crate::desk::audit::verify::{Trust, TrustError, verify};
use crate::desk::clock;
use crate::tlog::key::VerifierKey;
use crate::tlog::note::NOTE_BYTES_MAX;
use crate::tlog::policy::Policy;

/// The checkpoint of a bundle.
const CHECKPOINT: &str = "checkpoint";

/// Which bundle, and what is held against it.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The directory, or the file that ends with `.tar`
    bundle: PathBuf,
    /// The verifier keys of the log, one per line, that you got in another way than the bundle; after a
    /// change of keys, old and new ones in one file
    #[arg(long, value_name = "FILE")]
    vkey: PathBuf,
    /// A checkpoint that you got earlier, or the bundle that it is in, which the log must continue; may be
    /// given several times
    #[arg(long, value_name = "CHECKPOINT")]
    old: Vec<PathBuf>,
    /// How old the checkpoint may be: 90s, 15m, 24h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_age: Option<u64>,
    /// Which witnesses must have cosigned it (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    witness_policy: Option<PathBuf>,
    /// Fold the disclosed texts again and compare the state that they come to
    #[arg(long)]
    replay: bool,
    /// Where notes that contradict each other are kept [default: fork-evidence beside the bundle]
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
}

/// Returns seconds.
fn duration(typed: &str) -> Result<u64, String> {
    let wrong = || format!("`{typed}` is no length of time; write 90s, 15m, 24h or 7d");
    let digits = typed.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match typed.get(digits.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        Some("w") => 7 * 86_400,
        Some(_) | None => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|amount| amount.checked_mul(unit)).ok_or_else(wrong)
}

/// Reads a file that a flag names.
fn given(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| usage(&format!("{} cannot be read: {error}", path.display()), ""))
}

/// Where a checkpoint is that someone holds.
pub(super) enum Held {
    /// In a file.
    File(PathBuf),
    /// In the archive of a bundle, or why there is none in it.
    Note(Result<Vec<u8>, String>),
}

/// Returns where a checkpoint is: in a bundle where a bundle is named, be it a directory or an archive.
pub(super) fn checkpoint_in(path: &Path) -> Held {
    if path.is_dir() {
        return Held::File(path.join(CHECKPOINT));
    }
    if path.extension() != Some(OsStr::new("tar")) {
        return Held::File(path.to_owned());
    }
    let none = |error: &dyn std::fmt::Display| format!("{} holds no checkpoint: {error}", path.display());
    let read = Tape::open(path).map_err(|error| none(&error)).and_then(|tape| {
        let read = tape.read(CHECKPOINT, NOTE_BYTES_MAX as u64).map_err(|error| none(&error))?;
        read.ok_or_else(|| none(&"it has no file of that name"))
    });
    Held::Note(read)
}

/// Reads a checkpoint that someone holds.
pub(super) fn held(session: &mut Session, path: &Path) -> Result<Vec<u8>, Failure> {
    match checkpoint_in(path) {
        Held::File(path) => session.read(&path),
        Held::Note(note) => note.map_err(|what| Failure::Refused {
            what,
            hint: "name a checkpoint, or a bundle that `audit export` wrote".to_owned(),
        }),
    }
}

fn usage(what: &str, hint: &str) -> Failure {
    Failure::Usage { what: what.to_owned(), hint: hint.to_owned() }
}

impl Verify {
    /// Checks the bundle, shows what was found, and fails where it does not stand.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let trust = self.trust()?;
        let opened: std::io::Result<Box<dyn View>> = if self.bundle.extension() == Some(OsStr::new("tar")) {
            Tape::open(&self.bundle).map(|tape| Box::new(tape) as Box<dyn View>)
        } else {
            Folder::open(&self.bundle).map(|folder| Box::new(folder) as Box<dyn View>)
        };
        let view = opened.map_err(|error| {
            let what = format!("{} is no bundle: {error}", self.bundle.display());
            usage(&what, "name the directory of a bundle, or its file that ends with `.tar`")
        })?;
        let mut report = verify(view.as_ref(), &trust).map_err(|error| {
            let hint = if matches!(error, TrustError::OldUnsigned(_)) {
                "the log may have changed its keys since: `--vkey` takes a file with all of them, the newer \
                 ones as well, one per line"
            } else {
                ""
            };
            usage(&error.to_string(), hint)
        })?;
        if self.is_from_the_bundle() {
            let what = "the key is one out of the bundle, which proves nothing: whoever forges a bundle puts \
                        their own there; get it from whoever runs the log in another way";
            report.notices.insert(0, what.to_owned());
        }
        session.notices(&report.notices);
        session.show_bare(&report)?;
        self.keep_evidence(session, &report);
        if report.verdict.is_good() { Ok(()) } else { Err(Failure::Verdict(report.verdict)) }
    }

    /// Tells whether the key is a file of the directory that it is to check.
    fn is_from_the_bundle(&self) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        match (real(&self.vkey), real(&self.bundle)) {
            (Some(key), Some(bundle)) => key.starts_with(bundle),
            _ => false,
        }
    }

    fn trust(&self) -> Result<Trust, Failure> {
        let now = (clock::system())();
        let key = given(&self.vkey)?;
        let mut trust =
            Trust::new(&key, now).map_err(|error| usage(&format!("{}: {error}", self.vkey.display()), ""))?;
        for old in &self.old {
            let name = old.display().to_string();
            let note = match checkpoint_in(old) {
                Held::File(path) => given(&path)?,
                Held::Note(note) => note.map_err(|error| usage(&error, ""))?,
            };
            trust.hold(&name, &note).map_err(|error| usage(&error.to_string(), ""))?;
        }
        if let Some(path) = &self.witness_policy {
            let policy = Policy::parse(&given(path)?)
                .map_err(|error| usage(&format!("{}: {error}", path.display()), ""))?;
            let keys = String::from_utf8_lossy(&key);
            let keys: Vec<VerifierKey> = keys.lines().filter_map(|line| line.trim().parse().ok()).collect();
            if let Some(own) = policy.witness_of_itself(&keys) {
                let what = format!("{} names the log itself as a witness: {}", path.display(), own.key);
                return Err(usage(&what, "a witness is someone else, with a key of their own"));
            }
            trust.policy = Some(policy);
        }
        trust.max_age_secs = self.max_age;
        trust.replay = self.replay;
        Ok(trust)
    }

    /// Keeps the notes that contradict each other: whoever has both can prove it to anyone.
    fn keep_evidence(&self, session: &mut Session, report: &Report) {
        if report.forks.is_empty() {
            return;
        }
        let dir = self.evidence.clone().unwrap_or_else(|| evidence::beside(&self.bundle));
        let notes = report.forks.iter().flat_map(|fork| [fork.one.1.as_slice(), fork.other.1.as_slice()]);
        evidence::keep(session, &dir, notes);
    }
}

impl Show for Report {
    fn text(&self, text: &mut Text) {
        let log = self.log.as_deref().unwrap_or("a log that is not known");
        let events =
            self.size.map_or_else(String::new, |size| format!(", {}", words::count(size, "event", "events")));
        let replay =
            if self.replayed == Some(false) { "; the replay that you asked for was not done" } else { "" };
        let newer = if self.newer == 0 {
            String::new()
        } else {
            let leaves =
                words::count(self.newer, "leaf of a later version was", "leaves of a later version were");
            format!("; {leaves} not checked whole")
        };
        text.line(format!("{}: {log}{events}{newer}{replay}", self.verdict));
        if let Some(root) = &self.root {
            text.hanging(2, &format!("root {root}"));
        }
        if let Some(at) = self.signed_at {
            text.hanging(2, &format!("signed at {at}"));
        }
        let texts = self.texts;
        let is_of_manifest = |finding: &Finding| finding.file.as_deref() == Some(MANIFEST);
        let release = match &self.release {
            Some(level) => format!("the bundle says that it holds the texts up to {level} alone"),
            None if self.size.is_none() && self.findings.iter().any(is_of_manifest) => {
                format!(
                    "nothing says which texts the bundle holds, for it has no {MANIFEST} that can be read"
                )
            }
            None => "the bundle says that it holds every text that was not removed".to_owned(),
        };
        text.hanging(
            2,
            &format!(
                "texts: {} disclosed, {} withheld, {} removed, {} missing; {release}",
                texts.disclosed, texts.withheld, texts.removed, texts.missing
            ),
        );
        self.checks.iter().for_each(|check| text.hanging(2, &format!("checked: {check}")));
        for Finding { verdict, file, position, what } in &self.findings {
            let file = file.as_ref().map_or_else(String::new, |file| format!("{file}: "));
            let position = position.map_or_else(String::new, |position| format!("position {position}: "));
            text.hanging(2, &format!("{verdict}: {file}{position}{what}"));
        }
        for (verdict, count) in &self.unlisted {
            text.hanging(2, &format!("{verdict}: {count} more"));
        }
    }

    fn columns() -> &'static [&'static str] {
        &["verdict", "finding", "file", "position", "what"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let overall = self.verdict.to_string();
        if self.findings.is_empty() {
            return vec![[vec![overall], vec![String::new(); 4]].concat()];
        }
        let row = |finding: &Finding| {
            vec![
                overall.clone(),
                finding.verdict.to_string(),
                finding.file.clone().unwrap_or_default(),
                finding.position.map(|position| position.to_string()).unwrap_or_default(),
                finding.what.clone(),
            ]
        };
        self.findings.iter().map(row).collect()
    }
}

/// Which checkpoint.
#[derive(Debug, Args)]
pub(super) struct ShowIt {
    /// A checkpoint, or the bundle that it is in
    checkpoint: PathBuf,
    /// Verifier keys, one per line, whose signatures are checked
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
}

impl ShowIt {
    /// Shows what the checkpoint says; fails where a signature by a key that was given does not verify.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = &self.checkpoint;
        let note = held(session, path)?;
        let keys = match &self.vkey {
            Some(vkey) => {
                show::keys(&given(vkey)?).map_err(|what| usage(&format!("{}: {what}", vkey.display()), ""))?
            }
            None => Vec::new(),
        };
        let wrong = |what: String| Failure::Refused {
            what: format!("{} is no checkpoint: {what}", path.display()),
            hint: "name a signed note, such as `checkpoint` in a bundle".to_owned(),
        };
        let shown = Shown::read(&note, &keys).map_err(wrong)?;
        session.show_bare(&shown)?;
        if let Some(named) = foreign(&shown, &keys) {
            return Err(Failure::Refused {
                what: format!("no key of the log {} was given: it is one of the log {named}", shown.log),
                hint: "`key export-vkey` of that log writes the keys that belong to it".to_owned(),
            });
        }
        if shown.is_forged() {
            Err(Failure::Verdict(crate::desk::audit::verify::report::Verdict::Altered))
        } else {
            Ok(())
        }
    }
}

/// Returns whose the keys are where none is of the log of the checkpoint, nor of anyone who signed it.
fn foreign(shown: &Shown, keys: &[VerifierKey]) -> Option<String> {
    let is_met = shown.signatures.iter().any(|line| line.verifies.is_some());
    let first = keys.first().filter(|_| !is_met)?;
    let is_own = keys.iter().any(|key| key.name().as_str() == shown.log);
    (!is_own).then(|| first.name().to_string())
}

impl Show for Shown {
    fn text(&self, text: &mut Text) {
        text.line(format!("{}: {}", self.log, words::count(self.size, "event", "events")));
        text.hanging(2, &format!("root {}", self.root));
        self.extensions.iter().for_each(|line| text.hanging(2, &format!("says {line}")));
        for Line { name, key, sort, time, verifies } in &self.signatures {
            let says = if *verifies == Some(true) { "made at" } else { "says it was made at" };
            let verifies = match verifies {
                Some(true) => "verifies",
                Some(false) => "DOES NOT VERIFY",
                None => "not checked: its key was not given",
            };
            let sort = sort.as_ref().map_or_else(String::new, |sort| format!(" ({sort})"));
            let time = time.map_or_else(String::new, |time| format!(", {says} {time}"));
            text.hanging(2, &format!("signed by {name}+{key}{sort}{time}: {verifies}"));
        }
    }

    fn columns() -> &'static [&'static str] {
        &["log", "size", "root", "name", "key", "sort", "time", "verifies"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |line: &Line| {
            vec![
                self.log.clone(),
                self.size.to_string(),
                self.root.clone(),
                line.name.clone(),
                line.key.clone(),
                line.sort.clone().unwrap_or_default(),
                line.time.map(|time| time.to_string()).unwrap_or_default(),
                line.verifies.map(|verifies| verifies.to_string()).unwrap_or_default(),
            ]
        };
        self.signatures.iter().map(row).collect()
    }
}
