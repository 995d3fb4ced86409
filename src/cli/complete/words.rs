//! The words of closed lists that are typed as values of flags.

use crate::desk::outgoing::Format;
use crate::domain::fact::Kind;
use crate::domain::marking::Scheme;
use crate::domain::meeting::MeetingState;
use crate::domain::overture::status::OvertureStatus;

/// What stands before the name of a closed list.
pub(super) const CLOSED: &str = "closed:";

/// Commands about a part of the log, all with the flags of the filter.
const FILTERED: &[&str] =
    &["timeline", "export", "facets", "search", "stats", "follow", "claims", "conflicts", "late", "changes"];

/// Returns the closed list whose words are values of a flag, after [`CLOSED`]; none where it has no such list.
pub(super) fn of_flag(flag: &str, command: Option<&str>) -> Option<&'static str> {
    let command = command.unwrap_or_default();
    match (flag, command) {
        ("--kind", _) => Some("closed:kind"),
        ("--status", "overtures") => Some("closed:overture"),
        ("--status", "meetings") => Some("closed:meeting"),
        ("--status", command) if FILTERED.contains(&command) => Some("closed:status"),
        ("--as", "export") => Some("closed:format"),
        ("--marking" | "--clearance", _) => Some("closed:marking"),
        ("--by", "timeline" | "export") => Some("closed:order"),
        ("--by", "search") => Some("closed:rank"),
        _ => None,
    }
}

/// Returns the words of a closed list, in the order in which they are told elsewhere.
pub(super) fn of(list: &str) -> Vec<String> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match list {
        "kind" => {
            let mut words: Vec<String> = Vec::new();
            for kind in Kind::ALL {
                for word in [kind.family(), kind.as_str()] {
                    if !words.iter().any(|known| known == word) {
                        words.push(word.to_owned());
                    }
                }
            }
            words
        }
        "overture" => OvertureStatus::ALL.iter().map(ToString::to_string).collect(),
        "meeting" => MeetingState::ALL.iter().map(ToString::to_string).collect(),
        "status" => owned(&["struck", "amended", "redacted", "all"]),
        "format" => Format::all().map(|format| format.to_string()).collect(),
        "marking" => Scheme::tlp().levels.into_iter().map(|level| level.0).collect(),
        "order" => owned(&["occurred", "recorded"]),
        "rank" => owned(&["relevance", "occurred", "recorded"]),
        _ => Vec::new(),
    }
}

/// Tells whether a word begins as it was typed, capital or small, with the name of its scheme or without.
pub(super) fn begins(word: &str, typed: &str) -> bool {
    let (word, typed) = (word.to_lowercase(), typed.to_lowercase());
    word.starts_with(&typed) || word.split_once(':').is_some_and(|(_, level)| level.starts_with(&typed))
}
