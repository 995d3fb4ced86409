//! `util`: completions for shells, pages of the manual, and the schemas of what is recorded.

mod units;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;
use serde::{Deserialize, Serialize};

use crate::cli::Cli;
use crate::cli::complete;
use crate::cli::config::{self, Origin};
use crate::cli::failure::Failure;
use crate::cli::guide;
use crate::cli::output::{Show, Text};
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
  demarche util systemd-unit --listen 0.0.0.0 --port 443 --tls";

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
    let settings = std::mem::take(&mut session.globals.origins);
    session.show_bare(&Settings { settings, show_origin })
}

/// What every setting is.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    settings: Vec<Origin>,
    /// Whether people are told who says so; programs are in any case.
    #[serde(skip)]
    show_origin: bool,
}

impl Show for Settings {
    fn text(&self, text: &mut Text) {
        for Origin { key, value, from } in &self.settings {
            let value = value.as_deref().unwrap_or("(none)");
            let from = if self.show_origin { format!("  # {from}") } else { String::new() };
            text.line(format!("{key} = {value}{from}"));
        }
    }

    fn columns() -> &'static [&'static str] {
        &["key", "value", "from"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |origin: &Origin| {
            vec![origin.key.clone(), origin.value.clone().unwrap_or_default(), origin.from.clone()]
        };
        self.settings.iter().map(row).collect()
    }

    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        self.settings.iter().map(serde_json::to_string).collect()
    }
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
    fn the_settings_are_written_in_every_format() {
        let shown = |format: &str| run_bytes(&["util", "config", "--format", format], 200, b"").out;
        assert!(
            shown("csv").starts_with("key,value,from\n")
                && shown("csv").contains("serve.port,7733,built in\n")
        );
        assert!(shown("tsv").contains("serve.port\t7733\tbuilt in\n"));
        assert!(
            shown("jsonl").contains("{\"key\":\"serve.port\",\"value\":\"7733\",\"from\":\"built in\"}\n")
        );
        let whole: serde_json::Value = serde_json::from_str(&shown("json")).unwrap();
        assert!(whole["settings"].is_array(), "{whole}");
        assert!(shown("text").contains("serve.port = 7733\n"));
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
