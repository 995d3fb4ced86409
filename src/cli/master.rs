//! `key master`: the key over the keys to the texts, without which a stolen directory tells no text.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::command::examples;
use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::desk::answer::Page;
use crate::desk::error::DeskError;
use crate::desk::keys::master::{self, MasterKey};
use crate::desk::keys::place::{Handed, KeyPlace};
use crate::desk::master::{MasterRow, change, id_of, shown};

/// What is done with the master key.
#[derive(Debug, Args)]
pub(super) struct Master {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Draw a master key into a new file: 64 hexadecimal digits and a line feed
    #[command(after_help = examples!(
        "demarche key master new desk.master",
        "demarche key master new /run/keys/next.master"
    ))]
    New(NewFile),
    /// Put the log under the master key of a file, from none or from the one of `--master-key-file`
    #[command(after_help = examples!(
        "demarche key master set desk.master",
        "demarche key master set next.master --master-key-file desk.master"
    ))]
    Set(SetFile),
    /// Show under which master key the log is, by its id; the key is not needed for that
    #[command(after_help = examples!(
        "demarche key master show",
        "demarche key master show --format json"
    ))]
    Show,
    /// Put the log under no master key any more; the one that it is under is needed
    #[command(after_help = examples!(
        "demarche key master remove --master-key-file next.master",
        "demarche key master remove"
    ))]
    Remove,
}

/// Where the new one is made.
#[derive(Debug, Args)]
struct NewFile {
    /// The file, which must not be there yet, outside the data directory
    file: PathBuf,
}

/// Which one.
#[derive(Debug, Args)]
struct SetFile {
    /// The file that holds the master key
    file: PathBuf,
}

impl Master {
    /// Does it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let dir = session.directory("a master key")?;
        match &self.act {
            Act::New(new) => {
                let master = master::create(&new.file, &dir).map_err(DeskError::from)?;
                let file = new.file.display().to_string();
                session.say(&format!("master key {} in {file}", id_of(&master)))?;
                session.say(&format!("`demarche key master set {file}` puts the log under it"))?;
                session.say(&format!(
                    "back up {file} apart from {}: without it nobody reads a log that is under it",
                    dir.display()
                ))
            }
            Act::Set(set) => {
                let given = KeyPlace { master: Some(Handed::guarded(&set.file)), ..KeyPlace::default() };
                let Some(to) = given.master(&dir).map_err(DeskError::from)? else { return Ok(()) };
                put(session, Some(&to))?;
                session.say(&format!("the log is under the master key {}", id_of(&to)))?;
                session
                    .say(&format!("from now on every command needs --master-key-file {}", set.file.display()))
            }
            Act::Show => {
                let items = shown(&dir)?;
                let page = Page { total: items.len() as u64, items, next: None };
                session.show_bare(&page)
            }
            Act::Remove => {
                put(session, None)?;
                session.say("the log is under no master key: whoever has the directory has every text")
            }
        }
    }
}

fn put(session: &Session, to: Option<&MasterKey>) -> Result<(), Failure> {
    let globals = &session.globals;
    Ok(change(&globals.dir(), Duration::from_secs(globals.wait), &globals.place, to)?)
}

impl Item for MasterRow {
    const COLUMNS: &'static [&'static str] = &["of", "master", "keys", "changing"];
    const NOTHING: &'static str = "the log has no keys to texts yet";

    fn cells(&self) -> Vec<String> {
        vec![
            self.of.clone(),
            self.master.clone().unwrap_or_default(),
            self.keys.to_string(),
            self.changing.to_string(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["of", "under the master key", "keys", ""]);
        for row in items {
            table.row([
                row.of.clone(),
                row.master.clone().unwrap_or_else(|| "none".to_owned()),
                row.keys.to_string(),
                if row.changing { "a change was cut off: repeat it" } else { "" }.to_owned(),
            ]);
        }
        text.table(&table);
    }
}
