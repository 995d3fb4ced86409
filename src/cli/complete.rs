//! `complete`: what may be typed next, asked of the log by the scripts that `util completions` writes.
//!
//! The scripts complete commands and flags by themselves and ask here for what only the log knows: names of
//! channels, parties, series and persons, and the handles of entries; and for the words of closed lists that are typed
//! with commas, of which a script of a shell knows nothing (`words`). An engine of `clap_complete` does the same
//! behind a feature that it calls unstable, and would ask this program for every word; here a shell asks it for
//! names alone, and a script that was written by an older version still completes.

mod words;

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::desk::answer::alias::NameRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::completion::NamesAsk;

/// The words of the command line up to the cursor.
#[derive(Debug, Args)]
pub(super) struct Complete {
    /// The words, the one at the cursor last
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Flags whose values are names of channels or series.
const CHANNELS: &[&str] = &["--channel", "--via", "--on-channel", "--reply-via", "--restores", "--successor"];
/// Flags whose values are parties.
const PARTIES: &[&str] = &[
    "--from-party",
    "--to-party",
    "--party",
    "--between",
    "--by",
    "--end",
    "--addressee",
    "--subject",
    "--towards",
    "--intermediary",
    "--on-behalf-of",
    "--assessed-by",
];
/// Flags whose values are entries.
const HANDLES: &[&str] = &["--in-reply-to", "--meeting", "--superseded-by"];
/// Commands that ask: their `--from` and `--to` are dates.
const QUESTIONS: &[&str] = &["timeline", "export", "facets", "search", "stats", "late", "conflicts"];

impl Complete {
    /// Writes a name a line, with what it is after a tab. Whatever is wrong, nothing is said: a shell that
    /// completes is no place for errors.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let joined = Joined::of(&self.words);
        let Some((what, prefix, before)) = wanted(&joined.words) else { return Ok(()) };
        if let Some(list) = what.strip_prefix(words::CLOSED) {
            let words = words::of(list).into_iter().filter(|word| words::begins(word, &prefix));
            return words
                .into_iter()
                .try_for_each(|word| session.say(&joined.rest(&format!("{before}{word}\t"))));
        }
        if let Some(dir) = value_of(&self.words, "--dir") {
            session.globals.dir = Some(PathBuf::from(dir));
        }
        let ask = NamesAsk { what: what.to_owned(), prefix };
        let Ok(answer) = session.get_now::<Page<NameRow>>("/v1/names", &ask) else { return Ok(()) };
        let Answer { data: Page { items, .. }, .. } = answer;
        let line = |row: &NameRow| joined.rest(&format!("{before}{}\t{}", row.name, row.words));
        items.iter().try_for_each(|row| session.say(&line(row)))
    }
}

/// The words of a line, with those joined that a shell parted at colons: `TLP:AMBER` comes as three.
struct Joined {
    words: Vec<String>,
    /// What of the last word the shell has already, and does not take again.
    kept: String,
}

impl Joined {
    fn of(words: &[String]) -> Self {
        let mut joined: Vec<String> = Vec::new();
        let mut kept = String::new();
        let mut parted = false;
        for (number, word) in words.iter().enumerate() {
            let is_last = number + 1 == words.len();
            if word == ":" || parted {
                let begun = joined.pop().unwrap_or_default();
                if is_last {
                    kept = if word == ":" { format!("{begun}:") } else { begun.clone() };
                }
                joined.push(format!("{begun}{word}"));
                parted = word == ":";
            } else {
                joined.push(word.clone());
            }
        }
        Self { words: joined, kept }
    }

    /// Returns of a line what the shell takes.
    fn rest(&self, line: &str) -> String {
        // What was typed in small letters stands for the same.
        let kept = self.kept.len();
        match line.split_at_checked(kept) {
            Some((begun, rest)) if begun.eq_ignore_ascii_case(&self.kept) => rest.to_owned(),
            Some(_) | None => line.to_owned(),
        }
    }
}

/// Returns the value that a flag has on the line.
fn value_of<'w>(words: &'w [String], flag: &str) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(place, word)| {
        let rest = word.strip_prefix(flag)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(place + 1).map(String::as_str),
            None => None,
        }
    })
}

/// Returns of what a name is wanted at the cursor, what was typed of it, and what stands before it in the word.
fn wanted(words: &[String]) -> Option<(&'static str, String, String)> {
    let (last, earlier) = words.split_last()?;
    let (flag, typed, before) = match (last.split_once('='), earlier) {
        (Some((flag, typed)), _) if flag.starts_with("--") => (Some(flag), typed, format!("{flag}=")),
        // A shell that parts words at `=` gives it as a word of its own.
        (_, [.., flag, equals]) if equals == "=" => (Some(flag.as_str()), last.as_str(), String::new()),
        (_, [.., flag]) if flag.starts_with("--") && last != "=" && !last.starts_with('-') => {
            (Some(flag.as_str()), last.as_str(), String::new())
        }
        _ => (None, last.as_str(), String::new()),
    };
    if typed.starts_with('-') {
        return None;
    }
    let command = earlier.iter().find(|word| !word.starts_with('-')).map(String::as_str);
    let what = match flag {
        Some(flag) => words::of_flag(flag, command).or_else(|| of_flag(flag, command))?,
        None => of_place(earlier)?,
    };
    // What stands behind the last comma of a list is being typed; `!` leaves it out.
    let begins = typed.rfind([',', '+', '!']).map_or(0, |place| place + 1);
    let (kept, typed) = typed.split_at(begins);
    Some((what, typed.to_owned(), before + kept))
}

fn of_flag(flag: &str, command: Option<&str>) -> Option<&'static str> {
    let asks = command.is_some_and(|command| QUESTIONS.contains(&command));
    match flag {
        flag if CHANNELS.contains(&flag) => Some("channel,series"),
        flag if PARTIES.contains(&flag) => Some("party"),
        flag if HANDLES.contains(&flag) => Some("handle"),
        "--from" | "--to" if !asks => Some("party,person"),
        "--person" => Some("person"),
        "--about" => Some("channel,series,party,handle"),
        "--into" if command == Some("channel") => Some("channel"),
        "--into" => Some("party"),
        "--recorder" | "--actor" | "--approve" => Some("recorder"),
        _ => None,
    }
}

/// Returns what stands at a place of a command without a flag.
fn of_place(earlier: &[String]) -> Option<&'static str> {
    // A flag may have a value before the cursor; what it is not certain of is left to the shell.
    let plain: Vec<&str> = earlier.iter().map(String::as_str).collect();
    match plain.as_slice() {
        [
            "show" | "history" | "thread" | "amend" | "retract" | "link" | "annotate" | "redact" | "respond"
            | "reiterate" | "similar" | "brief" | "links",
        ]
        | ["link", _, _]
        | ["meeting" | "overture", _, ..]
        | ["silence", "record"]
        | ["audit", "readers" | "export-proof"] => Some("handle"),
        ["call", ..] => Some("channel"),
        ["channel", act, ..] if *act != "register" => Some("channel"),
        ["party", "register" | "name" | "change" | "merge" | "split"] | ["silence"] => Some("party"),
        ["series"] => Some("series"),
        ["series", act, ..] if *act != "register" => Some("series"),
        ["person", "name" | "role"] => Some("person"),
        _ => None,
    }
}

/// Returns what is put behind the script of a shell, so that it asks for names of the log; empty for shells that
/// complete without it.
pub(super) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        Shell::Elvish | Shell::PowerShell | _ => "",
    }
}

const BASH: &str = r#"
_demarche_names() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        [[ -n $line ]] && COMPREPLY+=("$(printf '%q' "${line%%$'\t'*}")")
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -gt 0 ]] || _demarche "$@"
}
complete -F _demarche_names -o bashdefault -o default demarche
"#;

const ZSH: &str = r#"
_demarche_names() {
    local -a lines
    lines=("${(@f)$($words[1] complete -- "${(@)words[2,$CURRENT]}" 2>/dev/null)}")
    if [[ -n ${lines[1]} ]]; then
        compadd -- "${(@)lines%%$'\t'*}"
    else
        _demarche "$@"
    fi
}
compdef _demarche_names demarche
"#;

const FISH: &str = r#"
complete -c demarche -f -a "(demarche complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, run, run_bytes};
    use serde_json::json;

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, &str, &str)>) {
        let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
        let found = wanted(&words);
        let found = found.as_ref().map(|(what, typed, before)| (*what, typed.as_str(), before.as_str()));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn what_stands_at_the_cursor_tells_what_is_wanted() {
        check("timeline --channel mil", Some(("channel,series", "mil", "")));
        check("timeline --channel=mil", Some(("channel,series", "mil", "--channel=")));
        check("timeline --channel = mil", Some(("channel,series", "mil", "")));
        check("timeline --between KOR,P", Some(("party", "P", "KOR,")));
        check("timeline --party !PRK/", Some(("party", "PRK/", "!")));
        check("show ik-1", Some(("handle", "ik-1", "")));
        check("thread ", Some(("handle", "", "")));
        check("propose x --from Kim", Some(("party,person", "Kim", "")));
        check("party merge x", Some(("party", "x", "")));
        check("timeline --from 20", None);
        check("timeline --kind over", Some(("closed:kind", "over", "")));
        check("timeline --kind call,!med", Some(("closed:kind", "med", "call,!")));
        check("overtures --status pend", Some(("closed:overture", "pend", "")));
        check("export --as c", Some(("closed:format", "c", "")));
        check("channels --status x", None);
        check("timeline --chan", None);
        check("tim", None);
    }

    #[test]
    fn words_of_closed_lists_are_offered_without_a_look_at_the_log() {
        let offers = |line: &str| {
            let words: Vec<&str> = ["complete", "--"].into_iter().chain(line.split(' ')).collect();
            let ran = run(&words, 200, &json!({}));
            assert!(ran.code == 0 && ran.asked.is_empty(), "{line}: {ran:?}");
            ran.out.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
        };
        assert!(offers("timeline --kind overture.p").contains(&"overture.proposed".to_owned()));
        assert!(offers("facets --kind call").contains(&"call".to_owned()), "a family is one as well");
        assert_eq!(offers("timeline --status s"), ["struck"]);
        assert_eq!(offers("timeline --status struck,a"), ["struck,amended", "struck,all"]);
        assert_eq!(offers("meetings --status sch"), ["scheduled"]);
        assert_eq!(offers("overtures --status lapsed"), ["lapsed_unanswered"]);
        assert_eq!(offers("export --as c"), ["csv", "cloudevents", "cameo"]);
        assert_eq!(offers("timeline --marking TLP:R"), ["TLP:RED"]);
        // The name of the scheme may be left out; bash parts words at a colon, and takes what stands behind it.
        assert_eq!(offers("record --marking gre"), ["TLP:GREEN"]);
        assert_eq!(offers("timeline --marking TLP : GR"), ["GREEN"]);
        assert_eq!(offers("timeline --marking tlp : gr"), ["GREEN"]);
        assert_eq!(offers("timeline --by rec"), ["recorded"]);
        assert_eq!(offers("search --by rel"), ["relevance"]);
    }

    #[test]
    fn names_are_given_a_line_each_and_errors_say_nothing() {
        let row = json!({"id": "00000000-0000-0000-0000-000000000001", "name": "mil-west", "words": "line"});
        let answer = answer_of(json!({ "items": [row], "total": 1 }));
        let ran = run(&["complete", "--", "timeline", "--channel", "a,mil"], 200, &answer);
        assert_eq!((ran.code, ran.out.as_str()), (0, "a,mil-west\tline\n"));
        let failed = run_bytes(&["complete", "--", "show", "x"], 500, b"no JSON");
        assert_eq!((failed.code, failed.out.as_str(), failed.err.as_str()), (0, "", ""));
    }
}
