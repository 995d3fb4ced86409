//! `util`: completions for shells, pages of the manual, and the schemas of what is recorded.

mod units;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use crate::cli::Cli;
use crate::cli::complete;
use crate::cli::config;
use crate::cli::failure::Failure;
use crate::cli::guide;
use crate::cli::output::Format;
use crate::cli::session::Session;

/// What to write.
#[derive(Debug, Args)]
pub(super) struct Util {
    #[command(subcommand)]
    what: What,
}

/// What to write.
#[derive(Debug, Subcommand)]
enum What {
    /// Write the completions of a shell to standard output
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the pages of the manual
    #[command(after_help = MAN)]
    Man {
        /// The directory for a page of every command; without it the first page goes to standard output
        into: Option<PathBuf>,
    },
    /// Show what every setting is, and who says so; or the schema of the configuration file
    #[command(after_help = CONFIG)]
    Config {
        /// Say of each who says so: a flag, a variable of the environment, a file, or the program itself
        #[arg(long)]
        show_origin: bool,
        /// Write the JSON Schema of the configuration file
        #[arg(long, conflicts_with = "show_origin")]
        schema: bool,
    },
    /// Write a unit for systemd that serves the log, and may do nothing else
    #[command(after_help = UNIT)]
    SystemdUnit(units::Unit),
    /// Write the directories and modes that the unit needs, for systemd-tmpfiles
    #[command(after_help = TMPFILES)]
    Tmpfiles(units::Tmpfiles),
    /// Write the JSON Schemas of what is recorded and answered
    #[command(after_help = SCHEMAS)]
    Schemas {
        /// The directory for a file of every schema; without it all go to standard output
        into: Option<PathBuf>,
    },
}

const COMPLETIONS: &str = "\
Examples:
  demarche util completions bash
  demarche util completions zsh";

const MAN: &str = "\
Examples:
  demarche util man
  demarche util man /tmp/man1";

const SCHEMAS: &str = "\
Examples:
  demarche util schemas
  demarche util schemas schemas";

const CONFIG: &str = "\
Examples:
  demarche util config --show-origin
  demarche util config --schema";

const UNIT: &str = "\
Examples:
  demarche util systemd-unit
  demarche util systemd-unit --user desk --no-passphrase";

const TMPFILES: &str = "\
Examples:
  demarche util tmpfiles
  demarche util tmpfiles --user desk";

impl Util {
    /// Writes it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match &self.what {
            What::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(*shell, &mut Cli::command(), "demarche", &mut script);
                // Names of channels, parties and entries are in the log alone.
                script.extend_from_slice(complete::script(*shell).as_bytes());
                session.out.write_all(&script).map_err(Failure::Output)
            }
            What::Man { into: None } => {
                let mut page = Vec::new();
                clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Failure::Output)?;
                session.out.write_all(&page).map_err(Failure::Output)
            }
            What::Man { into: Some(dir) } => {
                make(dir)?;
                clap_mangen::generate_to(Cli::command(), dir).map_err(|error| unwritten(dir, error))?;
                session.say(&format!("pages of the manual written to {}", dir.display()))
            }
            What::Config { schema: true, .. } => {
                let schema = config::schema(&guide::command());
                session.say(&format!("{schema:#}"))
            }
            What::Config { show_origin, schema: false } => settings(session, *show_origin),
            What::SystemdUnit(unit) => session.say(unit.text().trim_end()),
            What::Tmpfiles(tmpfiles) => session.say(tmpfiles.text().trim_end()),
            What::Schemas { into } => schemas(session, into.as_deref()),
        }
    }
}

fn settings(session: &mut Session, show_origin: bool) -> Result<(), Failure> {
    let origins = std::mem::take(&mut session.globals.origins);
    if session.globals.format != Format::Text {
        let rows = origins
            .iter()
            .map(|origin| json!({ "key": origin.key, "value": origin.value, "from": origin.from }));
        return session.say(&json!({ "data": { "settings": rows.collect::<Vec<_>>() } }).to_string());
    }
    for origin in origins {
        let value = origin.value.as_deref().unwrap_or("(none)");
        let from = if show_origin { format!("  # {}", origin.from) } else { String::new() };
        session.say(&format!("{} = {value}{from}", origin.key))?;
    }
    Ok(())
}

fn schemas(session: &mut Session, dir: Option<&Path>) -> Result<(), Failure> {
    let schemas = crate::desk::schemas::all()?;
    let Some(dir) = dir else {
        return schemas.iter().try_for_each(|(_, schema)| session.say(schema.trim_end()));
    };
    make(dir)?;
    for (name, schema) in schemas {
        let path = dir.join(name);
        std::fs::write(&path, schema).map_err(|error| unwritten(&path, error))?;
        session.say(&path.display().to_string())?;
    }
    Ok(())
}

fn make(dir: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(dir).map_err(|error| unwritten(dir, error))
}

fn unwritten(path: &Path, error: std::io::Error) -> Failure {
    Failure::File { path: path.to_owned(), doing: "written", error }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::run_bytes;

    #[test]
    fn the_schemas_are_written_to_files_of_their_names() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(run_bytes(&["util", "schemas", dir.path().to_str().unwrap()], 200, b"").code, 0);
        let entry = std::fs::read(dir.path().join("entry.schema.json")).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&entry).unwrap().is_object());
    }

    #[test]
    fn completions_and_the_manual_are_written() {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            assert!(
                run_bytes(&["util", "completions", shell], 200, b"").out.contains("overtures"),
                "{shell}"
            );
        }
        assert!(run_bytes(&["util", "man"], 200, b"").out.contains(".TH demarche"));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(run_bytes(&["util", "man", dir.path().to_str().unwrap()], 200, b"").code, 0);
        assert!(dir.path().join("demarche-timeline.1").exists());
    }
}
