//! What is wrong with a command line, in the words of clap, and what it leaves out: how lists are typed, and
//! that what the environment says need not be typed.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command};

use crate::cli::filter::Filter;

/// What to say of a list that was given twice.
const LIST: &str = "one list with commas names several, of which one suffices";
/// The same of parties, of which somebody may mean both.
const PARTIES: &str = "one list with commas names several, of which one suffices: KOR,PRK; `--between KOR,PRK` is what passed between two";

/// Returns the error with what would be right.
pub(super) fn taught(mut error: clap::Error, command: &Command, args: &[OsString]) -> clap::Error {
    if let Some(tip) = tip(&error) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.to_owned().into()]));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = without_environment(&usage.to_string(), command, args);
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage.into()));
    }
    error
}

/// What people type for an act, which act that is, and how it is recorded.
const ACTS: &[(&[&str], &str, &str)] = &[
    (
        &["cut", "cut-off", "disconnect", "break"],
        "sever",
        "`channel sever` records that a line is cut; `channel declare --status cut`, that a side says so",
    ),
    (&["reconnect", "reactivate", "resume"], "restore", "`channel restore` records that a line works again"),
    (&["fix", "mend"], "repair", "`channel repair` records that a fault is mended"),
    (&["delay", "defer", "put-off"], "postpone", "`meeting postpone` records that a meeting is put off"),
    (&["call-off", "abort"], "cancel", "`meeting cancel` records that a meeting is called off"),
];

/// Returns the act that is meant by a word that is none, where that word is plain.
fn act(error: &clap::Error) -> Option<&'static str> {
    let (Some(ContextValue::String(typed)), Some(ContextValue::Strings(valid))) =
        (error.get(ContextKind::InvalidValue), error.get(ContextKind::ValidValue))
    else {
        return None;
    };
    let typed = typed.replace('_', "-");
    let meant = |(words, act, _): &&(&[&str], &str, &str)| {
        words.contains(&typed.as_str()) && valid.iter().any(|valid| valid == act)
    };
    ACTS.iter().find(meant).map(|(_, _, tip)| *tip)
}

/// Returns what would be right: the act that is meant, or how a list of the filter is typed that was given twice.
fn tip(error: &clap::Error) -> Option<&'static str> {
    if error.kind() == ErrorKind::InvalidValue {
        return act(error);
    }
    let text = |kind: ContextKind| {
        let value = error.get(kind)?;
        if let ContextValue::Strings(texts) = value {
            return texts.first().cloned();
        }
        if let ContextValue::String(text) = value { Some(text.clone()) } else { None }
    };
    let given = text(ContextKind::InvalidArg)?;
    if error.kind() != ErrorKind::ArgumentConflict || text(ContextKind::PriorArg)? != given {
        return None;
    }
    let mut filter = Filter::augment_args(Command::new("filter"));
    // An argument tells how it is written once its command is built.
    filter.build();
    let list = filter.get_arguments().find(|arg| arg.to_string() == given)?;
    let is_list = list.get_help().is_some_and(|help| help.to_string().contains("comma separated"));
    let of_parties = given.contains("PARTIES");
    is_list.then_some(if of_parties { PARTIES } else { LIST })
}

/// Returns a line of usage without the flags that only the environment gave.
fn without_environment(usage: &str, command: &Command, args: &[OsString]) -> String {
    let is_typed = |flag: &str| {
        let typed = |arg: &OsString| arg.to_str().is_some_and(|arg| arg.split('=').next() == Some(flag));
        args.iter().any(typed)
    };
    let mut command = command.clone();
    command.build();
    let of_environment = command.get_arguments().filter(|arg| arg.get_env().is_some());
    let untyped =
        of_environment.filter(|arg| !arg.get_long().is_some_and(|long| is_typed(&format!("--{long}"))));
    untyped.fold(usage.to_owned(), |usage, arg| usage.replace(&format!(" {arg}"), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::guide;

    #[test]
    fn a_word_that_people_use_for_an_act_is_answered_with_how_it_is_recorded() {
        for (typed, tip) in [
            (["channel", "cut", "mil-west"], Some("`channel sever` records")),
            (["channel", "reconnect", "mil-west"], Some("`channel restore` records")),
            (["meeting", "put_off", "ik-1"], Some("`meeting postpone` records")),
            (["meeting", "cut", "ik-1"], None),
            (["channel", "quack", "mil-west"], None),
        ] {
            let args: Vec<OsString> = std::iter::once("demarche").chain(typed).map(OsString::from).collect();
            let error = guide::command().try_get_matches_from(&args).unwrap_err();
            let said = taught(error, &guide::command(), &args).to_string();
            assert_eq!(said.contains(" records "), tip.is_some(), "{said}");
            assert!(tip.is_none_or(|tip| said.contains(tip)), "{said}");
        }
    }

    #[test]
    fn what_only_the_environment_says_is_no_part_of_the_usage() {
        let usage = "Usage: demarche call --keys <DIR> <CHANNEL [OUTCOME]>...";
        let shown = |args: &[&str]| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            without_environment(usage, &guide::command(), &args)
        };
        assert_eq!(shown(&["demarche", "call"]), "Usage: demarche call <CHANNEL [OUTCOME]>...");
        assert_eq!(shown(&["demarche", "--keys=x", "call"]), usage);
        assert_eq!(shown(&["demarche", "call", "--keys", "x"]), usage);
    }
}
