//! `author`: the keys with which people sign what they record.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::command::examples;
use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Item, Text, shown_as_a_list_of_one};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::{Answer, Page};
use crate::desk::authors::{AddKeyAsk, AuthorKeyRow, RevokeKeyAsk};
use crate::desk::keys::{KeyFile, Role};

/// What is done about authors.
#[derive(Debug, Args)]
pub(super) struct Author {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make, add, revoke or list the keys with which people sign
    #[command(after_help = examples!(
        "demarche author key add kim kim.key",
        "demarche author key list"
    ))]
    Key {
        /// What is done about the keys
        #[command(subcommand)]
        act: Act,
    },
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a key file of your own; nobody but you needs to read it
    #[command(after_help = examples!(
        "demarche author key new kim.key",
        "demarche author key new lee.key --name lee"
    ))]
    New {
        /// The file to make
        file: PathBuf,
        /// What the key is called [default: the name under which you record]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Let an author sign with a key from now on
    #[command(after_help = examples!(
        "demarche author key add kim kim.key",
        "demarche author key add kim ~/.ssh/id_ed25519.pub --required"
    ))]
    Add {
        /// The name under which the author records; a new one enters the register
        author: String,
        /// The key: a key file, the public half of an OpenSSH key, a verifier key or 64 hexadecimal digits
        #[arg(value_name = "KEY|FILE")]
        key: String,
        /// What the key is called
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
        /// Refuse from now on what this author records without a signature, also when this key is gone
        #[arg(long)]
        required: bool,
    },
    /// Let a key count no more for what is recorded from now on
    #[command(after_help = examples!(
        "demarche author key revoke kim.key",
        "demarche author key revoke 3b6a27bcceb6a42d"
    ))]
    Revoke {
        /// The key: its first eight digits or more, or a file or form as for `add`
        #[arg(value_name = "KEY|FILE")]
        key: String,
        /// Let its owner record without a signature again; without it, whoever must sign must still, with
        /// another key
        #[arg(long)]
        end_requirement: bool,
    },
    /// Show every key with which someone signs or signed
    #[command(after_help = examples!(
        "demarche author key list",
        "demarche author key list --format json"
    ))]
    List,
}

impl Author {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let What::Key { act } = &self.what;
        match act {
            Act::New { file, name } => make(session, file, name.as_deref()),
            Act::Add { author, key, comment, required } => {
                let ask = AddKeyAsk {
                    author: author.clone(),
                    key: public(key)?,
                    comment: comment.clone(),
                    required: *required,
                };
                post(session, "/v1/authors/keys", &ask)
            }
            Act::Revoke { key, end_requirement } => {
                let ask = RevokeKeyAsk { key: public(key)?, end_requirement: *end_requirement };
                post(session, "/v1/authors/keys/revoke", &ask)
            }
            Act::List => {
                let answer: Answer<Page<AuthorKeyRow>> = session.get("/v1/authors/keys", &())?;
                session.show(&answer)
            }
        }
    }
}

fn post(session: &mut Session, path: &str, ask: &impl serde::Serialize) -> Result<(), Failure> {
    let body = serde_json::to_vec(ask).map_err(|error| Failure::Garbled(error.to_string()))?;
    let answer: Answer<AuthorKeyRow> = session.post(path, &(), body, Given::Flags)?;
    session.show(&answer)
}

/// Makes a key file, and says what to do with it.
fn make(session: &mut Session, file: &Path, name: Option<&str>) -> Result<(), Failure> {
    let given = name.map(ToOwned::to_owned).or_else(|| session.globals.actor.clone());
    let name = given.clone().or_else(|| session.globals.actor()).unwrap_or_default();
    let key_name = name.replace(char::is_whitespace, "-").parse().map_err(|error| Failure::Usage {
        what: format!("`{name}` cannot name a key: {error}"),
        hint: "give a name without spaces or plus signs with `--name`".to_owned(),
    })?;
    let passphrase = session.globals.place.passphrase().map_err(crate::desk::error::DeskError::from)?;
    let made = KeyFile::create(file, Role::Author, &key_name, passphrase.as_ref())
        .map_err(crate::desk::error::DeskError::from)?;
    let verifier = made.keys().first().map(ToString::to_string).unwrap_or_default();
    session.say(&format!("the key is in {}; keep it to yourself, and a copy of it safe", file.display()))?;
    session.say(&format!("its public half: {verifier}"))?;
    // The account of this machine need not be the name under which someone records.
    let author = given.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "NAME".to_owned());
    let author = if author.contains(char::is_whitespace) { format!("'{author}'") } else { author };
    session.say(&format!("add it to a log with `demarche author key add {author} {}`", file.display()))
}

/// Returns the public key that was typed, or that is in the file that was named.
fn public(typed: &str) -> Result<String, Failure> {
    let path = Path::new(typed);
    if !path.is_file() {
        return Ok(typed.to_owned());
    }
    if let Ok(public) = KeyFile::public_of(path) {
        return Ok(public.keys.first().map(ToString::to_string).unwrap_or_default());
    }
    let failed = |error| Failure::File { path: path.to_owned(), doing: "read", error };
    Ok(String::from_utf8_lossy(&std::fs::read(path).map_err(failed)?).into_owned())
}

shown_as_a_list_of_one!(AuthorKeyRow);

impl Item for AuthorKeyRow {
    const COLUMNS: &'static [&'static str] =
        &["author", "key", "comment", "required", "added", "added_at", "revoked"];
    const NOTHING: &'static str = "nobody signs what they record";

    fn cells(&self) -> Vec<String> {
        vec![
            self.author.clone(),
            self.key.clone(),
            self.comment.clone().unwrap_or_default(),
            self.required.to_string(),
            self.added.to_string(),
            self.added_at.to_string(),
            self.revoked.map(|position| position.to_string()).unwrap_or_default(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["author", "key", "counts", "added", "called"]);
        for row in items {
            let from = row.added + 1;
            let counts = match row.revoked {
                Some(position) => format!("from position {from} up to {position}"),
                None => format!("from position {from}"),
            };
            let required = match (row.required, row.requirement_ended) {
                (true, false) => ", required",
                (true, true) => ", required once",
                (false, _) => "",
            };
            table.row([
                row.author.clone(),
                row.key.clone(),
                format!("{counts}{required}"),
                words::moment(row.added_at, text.zone()),
                row.comment.clone().unwrap_or_default(),
            ]);
        }
        text.table(&table);
    }
}
