//! How a file uses the names of channels that it mentions: what to enter one as that the registers do not have.

use std::collections::HashMap;

use serde_json::Value;

use crate::desk::format::resolve::Use;
use crate::domain::fact::Kind;
use crate::domain::fact::register::Sort;
use crate::domain::name::fold;

/// How a name of a channel is used.
#[expect(clippy::struct_excessive_bools, reason = "four uses, each made or not")]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
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
    pub(super) const fn entered_as(self) -> Use {
        match self {
            Self { line: true, .. } => Use::Channel(Sort::Line),
            Self { carried: false, met, talks, .. } if met || talks => Use::Series,
            Self { met: true, .. } => Use::Channel(Sort::Forum),
            Self { .. } => Use::Channel(Sort::Carrier),
        }
    }
}

/// Notes how a row uses the names that it mentions.
pub(super) fn mentions(row: &Value, kind: Kind, usage: &mut HashMap<String, Usage>) {
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
        let mut usage = HashMap::new();
        for line in file.split(|byte| *byte == b'\n') {
            let row: Value = serde_json::from_slice(line).unwrap();
            let kind = row["kind"].as_str().unwrap().parse().unwrap();
            mentions(&row, kind, &mut usage);
        }
        for (name, used) in [
            ("linea", Use::Channel(Sort::Line)),
            ("premiers", Use::Series),
            ("envoys", Use::Channel(Sort::Forum)),
            ("media", Use::Channel(Sort::Carrier)),
            ("ministers", Use::Series),
            ("lineb", Use::Channel(Sort::Line)),
        ] {
            assert_eq!(usage[name].entered_as(), used, "{name}");
        }
    }
}
