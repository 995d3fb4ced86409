//! `key`: the keys that sign the log: which, from when to when; others; another passphrase; and the master
//! key over the texts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::master::Master;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::desk::answer::operation::{KeyRow, LogRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::error::DeskError;
use crate::desk::keys::place::{Handed, KeyPlace};

/// What is done with the keys.
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    act: Act,
}

/// What is done with the keys.
#[derive(Debug, Subcommand)]
enum Act {
    /// Show every key that signed the log, and at which sizes it may
    #[command(after_help = LIST)]
    List,
    /// Sign the log with new keys from now on; the old ones are overwritten
    #[command(after_help = ROTATE)]
    Rotate,
    /// Write the verifier keys to hand out: the one that signs first, then the one that says when
    #[command(after_help = EXPORT)]
    ExportVkey(ExportVkey),
    /// Seal the key file under another passphrase, or under none
    #[command(after_help = PASSPHRASE)]
    Passphrase(NewPassphrase),
    /// Make, set, show or remove the master key, without which a stolen directory tells no text
    #[command(after_help = MASTER)]
    Master(Master),
}

const LIST: &str = "\
Examples:
  demarche key list
  demarche key list --format json";

const ROTATE: &str = "\
Examples:
  demarche key rotate
  demarche key rotate --actor kim";

const EXPORT: &str = "\
Examples:
  demarche key export-vkey
  demarche key export-vkey --all --to all.vkey";

const PASSPHRASE: &str = "\
Examples:
  demarche key passphrase --new-passphrase-file /run/keys/passphrase
  demarche key passphrase --passphrase-file /run/keys/passphrase --none";

const MASTER: &str = "\
Examples:
  demarche key master new office.master
  demarche key master show";

/// Which verifier keys are written, and where.
#[derive(Debug, Args)]
struct ExportVkey {
    /// Those of earlier times as well, oldest first
    #[arg(long)]
    all: bool,
    /// The file to write; without it they go to standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Under what the key file is sealed from now on.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct NewPassphrase {
    /// The file whose first line is the new passphrase
    #[arg(long = "new-passphrase-file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// The descriptor from which the new passphrase is read
    #[arg(long = "new-passphrase-fd", value_name = "N")]
    descriptor: Option<u32>,
    /// Under no passphrase: whoever can read the file can sign
    #[arg(long)]
    none: bool,
}

impl Key {
    /// Does it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match &self.act {
            Act::List => {
                let answer: Answer<Page<KeyRow>> = session.get_plain("/v1/keys")?;
                session.show(&answer)
            }
            Act::Rotate => {
                let answer: Answer<Page<KeyRow>> =
                    session.post("/v1/keys/rotate", &(), Vec::new(), Given::Flags)?;
                session.show(&answer)?;
                session.note("back up the key file again, and hand out the new verifier keys");
                Ok(())
            }
            Act::ExportVkey(export) => export.run(session),
            Act::Passphrase(new) => new.run(session),
            Act::Master(master) => master.run(session),
        }
    }
}

impl ExportVkey {
    fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let answer: Answer<Page<KeyRow>> = session.get_plain("/v1/keys")?;
        let rows = answer.data.items.iter().filter(|row| self.all || row.current);
        let keys: Vec<&str> = rows.map(|row| row.key.as_str()).collect();
        if keys.is_empty() {
            return Err(Failure::Refused {
                what: format!("{} has no keys", answer.as_of.log),
                hint: "a log gets its keys when it is made, with `init`".to_owned(),
            });
        }
        let lines = keys.join("\n") + "\n";
        match &self.to {
            Some(path) => fresh::write(session, path, lines.as_bytes()),
            None => session.out.write_all(lines.as_bytes()).map_err(Failure::Output),
        }
    }
}

impl NewPassphrase {
    fn run(&self, session: &mut Session) -> Result<(), Failure> {
        session.directory("another passphrase")?;
        let log: Answer<LogRow> = session.get_plain("/v1/log")?;
        let file = self.file.clone().map(Handed::file);
        let handed = self.descriptor.map(Handed::descriptor).or(file);
        let sealed = handed.is_some();
        let new = KeyPlace { passphrase: handed, ..KeyPlace::default() };
        let place = &session.globals.place;
        let path = place.change_passphrase(&log.data.log, &new).map_err(DeskError::from)?;
        session.say(&format!(
            "{} is sealed under {}",
            path.display(),
            if sealed { "the new passphrase" } else { "no passphrase: whoever can read it can sign" }
        ))
    }
}

impl Item for KeyRow {
    const COLUMNS: &'static [&'static str] = &["key", "sort", "from", "to", "current"];
    const NOTHING: &'static str = "the log has no keys: it is not signed";

    fn cells(&self) -> Vec<String> {
        vec![
            self.key.clone(),
            self.sort.clone(),
            self.from.to_string(),
            self.to.map(|to| to.to_string()).unwrap_or_default(),
            self.current.to_string(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["signs", "from size", "to size", "", "verifier key"]);
        for row in items {
            table.row([
                if row.sort == "cosignature" { "the time" } else { "checkpoints" }.to_owned(),
                row.from.to_string(),
                row.to.map(|to| to.to_string()).unwrap_or_default(),
                if row.current { "in use" } else { "" }.to_owned(),
                row.key.clone(),
            ]);
        }
        text.table(&table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, page, run, usage};

    fn row(from: u64, to: Option<u64>) -> KeyRow {
        let key = format!("desk-0a1b2c3d+0000000{from}+AQ");
        KeyRow { key, sort: "ed25519".to_owned(), from, to, current: to.is_none() }
    }

    #[test]
    fn the_keys_that_are_handed_out_are_those_in_use_unless_all_are_asked_for() {
        let rows = answer_of(page(vec![row(0, Some(7)), row(7, None)]));
        let ran = run(&["key", "export-vkey"], 200, &rows);
        assert_eq!((ran.code, ran.out.as_str()), (0, "desk-0a1b2c3d+00000007+AQ\n"));
        let ran = run(&["key", "export-vkey", "--all"], 200, &rows);
        assert_eq!(ran.out.lines().count(), 2);
        let none = answer_of(page(Vec::<KeyRow>::new()));
        let ran = run(&["key", "export-vkey"], 200, &none);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("has no keys"), "{}", ran.err);
    }

    #[test]
    fn a_new_passphrase_is_one_and_comes_from_somewhere() {
        assert_eq!(usage(&["key", "passphrase"]), 2);
        assert_eq!(usage(&["key", "passphrase", "--none", "--new-passphrase-fd", "3"]), 2);
        assert_eq!(usage(&["key"]), 2);
    }
}
