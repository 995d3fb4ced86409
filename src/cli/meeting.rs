//! `meeting`: agreed, scheduled, put off, held; and what it left behind.

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;

/// What became of a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Act {
    /// It is agreed in principle
    Agree,
    /// It has a date
    Schedule,
    /// Date, place, level or agenda change
    Change,
    /// It is put off, to a date or sine die
    Postpone,
    /// It is called off
    Cancel,
    /// It begins
    Open,
    /// It pauses
    Recess,
    /// It goes on
    Resume,
    /// It ends for the day, to go on at a date or sine die
    Adjourn,
    /// A side walks out
    #[value(alias = "broken_off")]
    BreakOff,
    /// It ends
    Conclude,
    /// It took place and is over
    Hold,
    /// It took place and left an agreement
    Agreement,
    /// Its date passed and it did not take place
    #[value(alias = "not_held")]
    NotHeld,
}

impl Act {
    fn kind(self) -> &'static str {
        match self {
            Self::Agree => "meeting.agreed",
            Self::Schedule => "meeting.scheduled",
            Self::Change => "meeting.details_changed",
            Self::Postpone => "meeting.postponed",
            Self::Cancel => "meeting.cancelled",
            Self::Open => "meeting.opened",
            Self::Recess => "meeting.recessed",
            Self::Resume => "meeting.resumed",
            Self::Adjourn => "meeting.adjourned",
            Self::BreakOff => "meeting.broken_off",
            Self::Conclude => "meeting.concluded",
            Self::Hold => "meeting.held",
            Self::Agreement => "meeting.agreement",
            Self::NotHeld => "meeting.not_held",
        }
    }
}

/// The fields of a meeting.
#[derive(Debug, Clone)]
struct Fact;

impl Fields for Fact {
    const NAMES: &'static [&'static str] = &[
        "channel",
        "meeting_date",
        "place",
        "level",
        "heads",
        "agenda",
        "round",
        "preliminary",
        "by",
        "cause",
        "reason",
        "until",
        "outcome",
    ];
}

/// One step of a meeting.
#[derive(Debug, Args)]
pub(super) struct Meeting {
    /// What became of it
    act: Act,
    /// The meeting; without one a new meeting is entered
    handle: Option<String>,
    #[command(flatten)]
    fields: Given<Fact>,
    #[command(flatten)]
    submission: Submission,
}

impl Meeting {
    /// Records the step.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let mut entry = self.fields.entry(self.act.kind());
        // Whoever says why a meeting fell says why it fell, in either word.
        if !entry.contains_key("cause")
            && let Some(reason) = entry.remove("reason")
        {
            entry.insert("cause".to_owned(), reason);
        }
        let draft = Draft::new(entry).today();
        draft.with("meeting", self.handle.as_deref()).send(session, &self.submission)
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::entries;
    use serde_json::json;

    #[test]
    fn a_meeting_is_new_unless_one_is_named() {
        assert_eq!(
            entries(&[
                "meeting",
                "schedule",
                "--on",
                "2018-01-09",
                "--place",
                "Peace House",
                "--from",
                "KOR"
            ]),
            [json!({
                "kind": "meeting.scheduled", "date": "today", "meeting_date": "2018-01-09",
                "place": "Peace House", "from": ["KOR"],
            })]
        );
        assert_eq!(
            entries(&["meeting", "postpone", "ik-090", "--by", "PRK", "--cause", "not stated"]),
            [json!({
                "kind": "meeting.postponed", "date": "today", "meeting": "ik-090", "by": ["PRK"],
                "cause": "not stated",
            })]
        );
        assert_eq!(
            entries(&["meeting", "cancel", "ik-090", "--reason", "rank of delegates"]),
            [json!({
                "kind": "meeting.cancelled", "date": "today", "meeting": "ik-090", "cause": "rank of delegates",
            })]
        );
    }
}
