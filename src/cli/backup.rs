//! `backup`, `restore`: copies of the log that stand apart from it, made while others record.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::command::examples;
use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Show, Text};
use crate::cli::progress::Bar;
use crate::cli::session::Session;
use crate::cli::unwritable::read_instead;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::backup::{self, BackedUp, Held, Restored, Step, Verified};
use crate::http::client::{Method, Request};
use crate::http::problem::Problem;

/// Where to; or which backup is checked.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Backup {
    /// The directory of the backup, on the machine of the log: new, empty, or that of the backup before
    #[arg(required = true)]
    into: Option<PathBuf>,
    #[command(subcommand)]
    check: Option<Check>,
}

#[derive(Debug, Subcommand)]
enum Check {
    /// Read a backup whole: every hash, every record, the root; exit with 3 where it is not sound
    #[command(after_help = examples!(
        "demarche backup verify /srv/backup",
        "demarche backup verify /srv/backup --format json"
    ))]
    Verify {
        /// The directory of the backup
        backup: PathBuf,
    },
}

impl Backup {
    /// Makes a backup, or reads one.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match (&self.check, &self.into) {
            (Some(Check::Verify { backup }), _) => verify(session, backup),
            (None, Some(into)) => make(session, into),
            (None, None) => Err(Failure::Usage {
                what: "no directory is named for the backup".to_owned(),
                hint: "write `backup DIR`, or `backup verify DIR`".to_owned(),
            }),
        }
    }
}

fn make(session: &mut Session, into: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::File { path: into.to_owned(), doing: "named", error };
    // A server has a working directory of its own.
    let into = std::path::absolute(into).map_err(failed)?;
    if read_instead(session)? {
        session.note("the disk of the log lets nobody write: the backup is made of it as it is");
    }
    let body = json!({ "into": into }).to_string().into_bytes();
    let request = Request { path: "/v1/backup".to_owned(), body, ..session.request(Method::Post) };
    let (bar, mut lines, mut last) = (Bar::new(), Vec::new(), None);
    session.stream(&request, &mut |_, piece| {
        lines.extend_from_slice(piece);
        while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = lines.drain(..=end).collect();
            let line: Value = serde_json::from_slice(&line).map_err(io::Error::other)?;
            match (line.get("copying"), line.get("checking")) {
                (Some(part), _) => show(&bar, "copying", part),
                (None, Some(part)) => show(&bar, "checking", part),
                (None, None) => last = Some(line),
            }
        }
        Ok(())
    })?;
    drop(bar);
    let mut last = last.ok_or_else(|| Failure::Garbled("the answer ended before the backup".to_owned()))?;
    let garbled = |error: serde_json::Error| Failure::Garbled(error.to_string());
    if let Some(problem) = last.get_mut("failed") {
        let problem: Problem = serde_json::from_value(problem.take()).map_err(garbled)?;
        return Err(Failure::Answered { problem: Box::new(problem), given: Given::Flags, request: None });
    }
    let done = last.get_mut("done").map(Value::take).unwrap_or_default();
    let answer: Answer<BackedUp> = serde_json::from_value(done).map_err(garbled)?;
    session.show(&answer)
}

fn show(bar: &Bar, word: &'static str, part: &Value) {
    let number = |index: usize| part.get(index).and_then(Value::as_u64).unwrap_or(0);
    bar.set(word, number(0), number(1));
}

fn step(bar: &Bar) -> impl FnMut(Step) + '_ {
    |step| {
        let (word, done, of) = step.part();
        bar.set(word, done, of);
    }
}

fn verify(session: &mut Session, dir: &Path) -> Result<(), Failure> {
    let bar = Bar::new();
    let verified = backup::verify(dir, &mut step(&bar))?;
    drop(bar);
    session.show_bare(&verified)?;
    if verified.sound { Ok(()) } else { Err(Failure::Unsound) }
}

/// Which backup, and where to.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The directory of the backup
    backup: PathBuf,
    /// The data directory to make, new or empty [default: that of the log, `--dir`]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Restore {
    /// Makes a data directory of a backup.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let dir = match &self.data_dir {
            Some(dir) => dir.clone(),
            None => session.directory("restoring without `--data-dir`")?,
        };
        let bar = Bar::new();
        let restored = backup::restore(&self.backup, &dir, &session.globals.place, &mut step(&bar))?;
        drop(bar);
        session.show_bare(&restored)
    }
}

fn held(held: &Held, text: &mut Text) {
    let events = words::count(held.size, "event", "events");
    text.line(format!("{}: {events}, as of {}", held.log, words::moment(held.made_at, text.zone())));
    text.hanging(2, &format!("root {}", held.root));
    let files = words::count(held.files, "file", "files");
    let reads =
        held.reads.map(|reads| format!("; the access log with {}", words::count(reads, "line", "lines")));
    text.hanging(2, &format!("{files}, {} bytes{}", words::number_of(held.bytes), reads.unwrap_or_default()));
}

fn row(held: &Held) -> Vec<String> {
    let reads = held.reads.map(|reads| reads.to_string()).unwrap_or_default();
    let (files, bytes) = (held.files.to_string(), held.bytes.to_string());
    vec![
        held.log.clone(),
        held.size.to_string(),
        held.root.clone(),
        held.made_at.to_string(),
        reads,
        files,
        bytes,
    ]
}

impl Show for BackedUp {
    fn text(&self, text: &mut Text) {
        held(&self.held, text);
        let number = words::number_of;
        text.hanging(
            2,
            &format!("in {}: {} bytes copied, {} kept", self.into, number(self.copied), number(self.kept)),
        );
        if self.removed > 0 {
            let files = words::count(self.removed, "file", "files");
            text.hanging(2, &format!("{files} of the backup before overwritten and removed"));
        }
        text.hanging(2, "read again and found whole");
        text.hanging(
            2,
            "not in it: the keys, the mark beside them, the master key; what was removed from the log \
                         since an older copy of it is in that copy still",
        );
    }

    fn columns() -> &'static [&'static str] {
        &["log", "size", "root", "made_at", "reads", "files", "bytes", "into", "copied", "kept", "removed"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let more =
            [self.into.clone(), self.copied.to_string(), self.kept.to_string(), self.removed.to_string()];
        vec![row(&self.held).into_iter().chain(more).collect()]
    }
}

impl Show for Verified {
    fn text(&self, text: &mut Text) {
        held(&self.held, text);
        text.line(if self.sound { "whole: every file, every record, the root" } else { "NOT WHOLE" });
        for wrong in &self.wrong {
            text.hanging(2, &format!("{}: {}", wrong.file, wrong.what));
        }
        for file in &self.left_over {
            text.hanging(2, &format!("{file} belongs to no whole backup: run `backup` again"));
        }
        if self.surplus_files > 0 {
            let files = words::count(self.surplus_files, "file", "files");
            text.hanging(
                2,
                &format!(
                    "beside it: {} in {files} that the manifest does not name, and that are not restored; look whether \
                     older secrets are among them",
                    words::count(self.surplus_bytes, "byte", "bytes")
                ),
            );
        }
    }

    fn columns() -> &'static [&'static str] {
        &["log", "size", "root", "made_at", "reads", "files", "bytes", "sound", "file", "what"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let line = |file: &str, what: &str| {
            let more = [self.sound.to_string(), file.to_owned(), what.to_owned()];
            row(&self.held).into_iter().chain(more).collect()
        };
        if self.wrong.is_empty() {
            return vec![line("", "")];
        }
        self.wrong.iter().map(|wrong| line(&wrong.file, &wrong.what)).collect()
    }
}

impl Show for Restored {
    fn text(&self, text: &mut Text) {
        held(&self.held, text);
        text.line(format!("restored to {}, up to position {}", self.dir, self.held.size.saturating_sub(1)));
        if let Some(health) = &self.health {
            text.hanging(2, health);
        }
        for next in &self.next {
            text.hanging(2, next);
        }
    }

    fn columns() -> &'static [&'static str] {
        &["log", "size", "root", "made_at", "reads", "files", "bytes", "dir", "health", "signed"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let signed = self.signed.map(|signed| signed.to_string()).unwrap_or_default();
        let more = [self.dir.clone(), self.health.clone().unwrap_or_default(), signed];
        vec![row(&self.held).into_iter().chain(more).collect()]
    }
}
