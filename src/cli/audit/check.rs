//! `audit verify` and `audit show`: what a bundle or a checkpoint is worth, with nothing but a key.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};

use crate::cli::failure::Failure;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::audit::archive::Tape;
use crate::desk::audit::show::{self, Line, Shown};
use crate::desk::audit::verify::report::{Finding, Report};
use crate::desk::audit::verify::view::{Folder, View};
use crate::desk::audit::verify::{Trust, verify};
use crate::desk::clock;
use crate::store::leaf::HexHash;
use crate::tlog::policy::Policy;

/// Which bundle, and what is held against it.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The directory, or the file that ends with `.tar`
    bundle: PathBuf,
    /// The verifier keys of the log, one per line, that you got in another way than the bundle
    #[arg(long, value_name = "FILE")]
    vkey: PathBuf,
    /// A checkpoint that you got earlier, which the log must continue; may be given several times
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
        let report = verify(view.as_ref(), &trust).map_err(|error| usage(&error.to_string(), ""))?;
        session.notices(&report.notices);
        session.show_bare(&report)?;
        self.keep_evidence(session, &report)?;
        if report.verdict.is_good() { Ok(()) } else { Err(Failure::Verdict(report.verdict)) }
    }

    fn trust(&self) -> Result<Trust, Failure> {
        let now = (clock::system())();
        let key = given(&self.vkey)?;
        let mut trust =
            Trust::new(&key, now).map_err(|error| usage(&format!("{}: {error}", self.vkey.display()), ""))?;
        for old in &self.old {
            let name = old.display().to_string();
            trust.hold(&name, &given(old)?).map_err(|error| usage(&error.to_string(), ""))?;
        }
        if let Some(path) = &self.witness_policy {
            let policy = Policy::parse(&given(path)?)
                .map_err(|error| usage(&format!("{}: {error}", path.display()), ""))?;
            trust.policy = Some(policy);
        }
        trust.max_age_secs = self.max_age;
        trust.replay = self.replay;
        Ok(trust)
    }

    /// Keeps the notes that contradict each other: whoever has both can prove it to anyone.
    fn keep_evidence(&self, session: &mut Session, report: &Report) -> Result<(), Failure> {
        if report.forks.is_empty() {
            return Ok(());
        }
        let beside = || self.bundle.canonicalize().unwrap_or_else(|_| self.bundle.clone());
        let dir = self.evidence.clone().unwrap_or_else(|| beside().with_file_name("fork-evidence"));
        let keep = || -> std::io::Result<()> {
            fs::create_dir_all(&dir)?;
            for fork in &report.forks {
                for (_, note) in [&fork.one, &fork.other] {
                    // Named by what they hold, so that nothing is written over.
                    let hash = HexHash(Sha256::digest(note).into()).to_string();
                    let name: String = hash.chars().take(16).collect();
                    fs::write(dir.join(format!("{name}.checkpoint")), note)?;
                }
            }
            Ok(())
        };
        keep().map_err(|error| Failure::File { path: dir.clone(), doing: "written", error })?;
        session.note(&format!(
            "the notes that contradict each other are in {}; keep them, and show them to others",
            dir.display()
        ));
        Ok(())
    }
}

impl Show for Report {
    fn text(&self, text: &mut Text) {
        let log = self.log.as_deref().unwrap_or("a log that is not known");
        let events =
            self.size.map_or_else(String::new, |size| format!(", {}", words::count(size, "event", "events")));
        let replay =
            if self.replayed == Some(false) { "; the replay that you asked for was not done" } else { "" };
        text.line(format!("{}: {log}{events}{replay}", self.verdict));
        if let Some(root) = &self.root {
            text.hanging(2, &format!("root {root}"));
        }
        if let Some(at) = self.signed_at {
            text.hanging(2, &format!("signed at {at}"));
        }
        let texts = self.texts;
        let release = self.release.as_ref().map_or_else(
            || "the bundle says that it holds every text that was not removed".to_owned(),
            |level| format!("the bundle says that it holds the texts up to {level} alone"),
        );
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
    /// A checkpoint, or the directory of a bundle
    checkpoint: PathBuf,
    /// Verifier keys, one per line, whose signatures are checked
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
}

impl ShowIt {
    /// Shows what the checkpoint says; fails where a signature by a key that was given does not verify.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = if self.checkpoint.is_dir() {
            self.checkpoint.join("checkpoint")
        } else {
            self.checkpoint.clone()
        };
        let note = session.read(&path)?;
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
        if shown.is_forged() {
            Err(Failure::Verdict(crate::desk::audit::verify::report::Verdict::Altered))
        } else {
            Ok(())
        }
    }
}

impl Show for Shown {
    fn text(&self, text: &mut Text) {
        text.line(format!("{}: {}", self.log, words::count(self.size, "event", "events")));
        text.hanging(2, &format!("root {}", self.root));
        self.extensions.iter().for_each(|line| text.hanging(2, &format!("says {line}")));
        for Line { name, key, sort, time, verifies } in &self.signatures {
            let verifies = match verifies {
                Some(true) => "verifies",
                Some(false) => "DOES NOT VERIFY",
                None => "not checked: its key was not given",
            };
            let sort = sort.as_ref().map_or_else(String::new, |sort| format!(" ({sort})"));
            let time = time.map_or_else(String::new, |time| format!(", made at {time}"));
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
