//! The help of the program: its commands by what they are for.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::cli::Cli;

/// The commands by what they are for, those first that are typed most.
const PURPOSES: &[(&str, &[&str])] = &[
    ("Begin", &["demo", "init", "import"]),
    (
        "Record what happened",
        &["call", "propose", "respond", "reiterate", "overture", "statement", "message", "meeting", "record"],
    ),
    (
        "Correct what was recorded",
        &["amend", "retract", "link", "annotate", "mark", "held", "confirm", "redact"],
    ),
    ("Keep the registers and house rules", &["channel", "party", "person", "series", "policy"]),
    (
        "Ask where things stand",
        &[
            "channels",
            "overtures",
            "due",
            "silence",
            "thread",
            "meetings",
            "timeline",
            "search",
            "facets",
            "show",
            "parties",
            "policies",
            "follow",
        ],
    ),
    ("Ask what it means", &["brief", "links", "claims", "conflicts", "similar", "stats"]),
    ("Ask what was known when", &["changes", "late", "history", "diff", "replay", "moment", "moments"]),
    (
        "Keep the log",
        &["log", "verify", "doctor", "rebuild", "backup", "restore", "export", "adopt", "serve", "util"],
    ),
    ("Say who may come in", &["account", "login", "logout", "whoami"]),
    ("Prove the record", &["key", "author", "audit", "witness"]),
];

/// Returns the command line, whose help lists the commands by what they are for.
pub(super) fn command() -> Command {
    let command = Cli::command();
    let mut commands = String::new();
    for (purpose, names) in PURPOSES {
        // Writing to a text never fails.
        let _ = writeln!(commands, "\n{purpose}:");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(commands, "  {name:<11}{about}");
        }
    }
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n{commands}\nOptions:\n{{options}}{{after-help}}\n"
    );
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_listed_once_under_what_it_is_for() {
        let mut listed: Vec<&str> = PURPOSES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        listed.sort_unstable();
        let all = Cli::command();
        let mut all: Vec<&str> =
            all.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name).collect();
        all.sort_unstable();
        assert_eq!(listed, all);
        let help = command().render_help().to_string();
        for part in
            ["Ask what was known when:", "Exit codes: 0 done", "demarche overtures --open", "--dir <DIR>"]
        {
            assert!(help.contains(part), "`{part}` is not in {help}");
        }
    }
}
