//! A first look at a file: which rows it has, and how it uses the names that it mentions.

use std::collections::HashMap;

use serde_json::Value;

use crate::desk::error::Fault;
use crate::desk::format::resolve::Use;
use crate::desk::import::lines;
use crate::domain::fact::Kind;
use crate::domain::fact::register::Sort;
use crate::domain::name::fold;
use sha2::{Digest, Sha256};

/// In which turn rows are read: those that others name first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It enters something in a register.
    Register,
    /// It says what happened.
    Entry,
    /// It corrects another.
    Correction,
}

/// A row of the file.
#[derive(Debug, Clone)]
pub(super) struct Row<'f> {
    pub(super) line: u64,
    pub(super) bytes: &'f [u8],
    pub(super) turn: Turn,
    /// Its own id; of a row without one, a digest of what it says.
    pub(super) key: String,
    pub(super) has_id: bool,
}

/// What a first look tells.
#[derive(Debug, Default)]
pub(super) struct Survey<'f> {
    pub(super) rows: Vec<Row<'f>>,
    pub(super) uses: HashMap<String, Use>,
    pub(super) wrong: Vec<Fault>,
    /// How many lines are not blank.
    pub(super) count: u64,
}

/// How a name of a channel is used.
#[expect(clippy::struct_excessive_bools, reason = "four uses, each made or not")]
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    /// Something is said of its state, or it is called.
    line: bool,
    /// Delegations met there.
    met: bool,
    /// A meeting was arranged or called off, or talks changed, in its name.
    talks: bool,
    /// It carried something else.
    carried: bool,
}

impl Usage {
    /// Returns what to enter a name as.
    ///
    /// What has a state or is called is a line, whatever else it is. A name that only talks and meetings
    /// have is a series of talks. Where delegations met and other things passed as well, it is a forum.
    /// Everything else carried words: media, letters, third parties.
    const fn entered_as(self) -> Use {
        match self {
            Self { line: true, .. } => Use::Channel(Sort::Line),
            Self { carried: false, met, talks, .. } if met || talks => Use::Series,
            Self { met: true, .. } => Use::Channel(Sort::Forum),
            Self { .. } => Use::Channel(Sort::Carrier),
        }
    }
}

/// Looks through a file.
pub(super) fn survey(file: &[u8]) -> Survey<'_> {
    let mut survey = Survey::default();
    let mut usage: HashMap<String, Usage> = HashMap::new();
    let mut first: HashMap<String, u64> = HashMap::new();
    let mut alike: HashMap<String, u32> = HashMap::new();
    for (line, bytes) in lines::lines(file) {
        survey.count += 1;
        let row = match lines::object(line, bytes) {
            Ok(row) => row,
            Err(fault) => {
                survey.wrong.push(fault);
                continue;
            }
        };
        let kind = row.get("kind").and_then(Value::as_str).and_then(|kind| kind.parse::<Kind>().ok());
        if let Some(kind) = kind {
            mentions(&row, kind, &mut usage);
        }
        let own = row.get("id").and_then(Value::as_str).map(str::trim).filter(|id| !id.is_empty());
        let key = if let Some(id) = own {
            id.to_owned()
        } else {
            let digest = digest(&row);
            let count = alike.entry(digest.clone()).or_default();
            *count += 1;
            // Two rows that say the same are two rows.
            if *count == 1 { digest } else { format!("{digest}-{count}") }
        };
        if let Some(earlier) = first.insert(key.clone(), line) {
            survey.wrong.push(Fault {
                line: Some(line),
                field: Some("id".to_owned()),
                detail: format!("`{key}` is the id of line {earlier} already"),
            });
        }
        let turn = match kind {
            Some(
                Kind::ChannelRegistered
                | Kind::PartyRegistered
                | Kind::SeriesRegistered
                | Kind::PersonRegistered,
            ) => Turn::Register,
            Some(kind) if kind.family() == "record" => Turn::Correction,
            Some(_) | None => Turn::Entry,
        };
        survey.rows.push(Row { line, bytes, turn, key, has_id: own.is_some() });
    }
    survey.uses = usage.into_iter().map(|(name, usage)| (name, usage.entered_as())).collect();
    survey
}

fn digest(row: &Value) -> String {
    let hash: [u8; 32] = Sha256::digest(row.to_string().as_bytes()).into();
    let (bytes, _) = hash.split_first_chunk::<8>().expect("32 bytes begin with 8");
    format!("row-{:016x}", u64::from_be_bytes(*bytes))
}

fn mentions(row: &Value, kind: Kind, usage: &mut HashMap<String, Usage>) {
    let mut mention = |field: &str, mark: fn(&mut Usage)| {
        let Some(value) = row.get(field) else { return };
        let names = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for name in names.iter().filter_map(Value::as_str) {
            mark(usage.entry(fold(name)).or_default());
        }
    };
    let marks_channel: fn(&mut Usage) = match kind.family() {
        "channel" | "call" | "calls" => |usage| usage.line = true,
        "talks" => |usage| usage.talks = true,
        "meeting" if is_session(kind) => |usage| usage.met = true,
        "meeting" => |usage| usage.talks = true,
        _ => |usage| usage.carried = true,
    };
    mention("channel", marks_channel);
    for field in ["via", "reply_via", "channels"] {
        mention(field, |usage| usage.carried = true);
    }
    for field in ["restores", "successor"] {
        mention(field, |usage| usage.line = true);
    }
}

/// Tells whether delegations are together: the name of the channel is where they met.
const fn is_session(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MeetingOpened
            | Kind::MeetingRecessed
            | Kind::MeetingResumed
            | Kind::MeetingAdjourned
            | Kind::MeetingBrokenOff
            | Kind::MeetingConcluded
            | Kind::MeetingHeld
            | Kind::MeetingAgreement
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_file_uses_a_name_tells_what_it_is() {
        let file = br#"{"kind":"call.answered","channel":"line-a"}
{"kind":"meeting.held","channel":"line-a"}
{"kind":"meeting.held","channel":["premiers","envoys"]}
{"kind":"overture.proposed","channel":"envoys"}
{"kind":"talks.suspended","channel":"media"}
{"kind":"statement.public","channel":"Media"}
{"kind":"meeting.cancelled","channel":"ministers"}
{"kind":"overture.proposed","restores":"line-b"}"#;
        let survey = survey(file);
        for (name, used) in [
            ("linea", Use::Channel(Sort::Line)),
            ("premiers", Use::Series),
            ("envoys", Use::Channel(Sort::Forum)),
            ("media", Use::Channel(Sort::Carrier)),
            ("ministers", Use::Series),
            ("lineb", Use::Channel(Sort::Line)),
        ] {
            assert_eq!(survey.uses.get(name), Some(&used), "{name}");
        }
        assert!(survey.wrong.is_empty());
    }

    #[test]
    fn an_id_stands_once_and_rows_without_one_are_told_apart() {
        let file = b"{\"id\":\"a\",\"kind\":\"incident\"}\n{\"id\":\"a\",\"kind\":\"incident\"}\n{\"kind\":\"incident\"}\n{\"kind\":\"incident\"}";
        let survey = survey(file);
        assert_eq!(survey.wrong.len(), 1);
        assert_eq!(survey.wrong[0].line, Some(2));
        assert_ne!(survey.rows[2].key, survey.rows[3].key);
    }
}
