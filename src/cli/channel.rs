//! `channel`: entered in the register, opened, cut, restored; what its sides say of it and when it is called.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;

/// What is said or done about a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Act {
    /// It is entered in the register, as a line unless `--sort` says otherwise
    Register,
    /// It gets further names
    Name,
    /// It is found to be another one of the register: `--into` says which
    Merge,
    /// It is found to be several: `--into` for each
    Split,
    /// The state in which the log first meets it
    Baseline,
    /// It begins to work
    Open,
    /// It was planned and will not be opened
    Abandon,
    /// A part of it fails
    Degrade,
    /// A fault is mended
    Repair,
    /// It works again
    Restore,
    /// It is declared to rest
    Suspend,
    /// It is cut, declared or seen
    Sever,
    /// It ends for good
    Close,
    /// Closed, it works again
    Reopen,
    /// An officer finds that nobody answers any more
    Unresponsive,
    /// A side says what holds for it
    Declare,
    /// It is called at other times
    Schedule,
    /// A capability comes or goes
    Capability,
}

impl Act {
    fn kind(self) -> &'static str {
        match self {
            Self::Register => "channel.registered",
            Self::Name => "channel.named",
            Self::Merge => "channel.merged",
            Self::Split => "channel.split",
            Self::Baseline => "channel.baseline",
            Self::Open => "channel.opened",
            Self::Abandon => "channel.abandoned",
            Self::Degrade => "channel.degraded",
            Self::Repair => "channel.repaired",
            Self::Restore => "channel.restored",
            Self::Suspend => "channel.suspended",
            Self::Sever => "channel.severed",
            Self::Close => "channel.closed",
            Self::Reopen => "channel.reopened",
            Self::Unresponsive => "channel.unresponsive",
            Self::Declare => "channel.declared",
            Self::Schedule => "channel.schedule_changed",
            Self::Capability => "channel.capability_changed",
        }
    }
}

/// The fields of a channel.
#[derive(Debug, Clone)]
struct Fact;

impl Fields for Fact {
    const NAMES: &'static [&'static str] = &[
        "sort",
        "names",
        "into",
        "ends",
        "marking_min",
        "state",
        "capabilities",
        "partly",
        "evidence",
        "lost",
        "cause",
        "successor",
        "status",
        "works",
        "slots",
        "days",
        "slot_zone",
    ];
}

/// What is said or done about one channel or several.
#[derive(Debug, Args)]
pub(super) struct Channel {
    /// What is said or done
    act: Act,
    /// The channel; several for one declaration about many
    #[arg(required = true, value_name = "CHANNEL")]
    channels: Vec<String>,
    #[command(flatten)]
    fields: Given<Fact>,
    #[command(flatten)]
    submission: Submission,
}

impl Channel {
    /// Records it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let schedule = [("slots", "slots"), ("days", "days"), ("slot_zone", "zone")];
        let draft = Draft::new(self.fields.entry(self.act.kind())).nest("schedule", &schedule);
        let draft = match (self.act, self.channels.as_slice()) {
            (Act::Register, [name]) => draft.or("sort", "line").with("name", Some(name.as_str())),
            (Act::Register, _) => {
                return Err(Failure::Usage {
                    what: "several channels are named".to_owned(),
                    hint: "register one at a time: each has its own names and ends".to_owned(),
                });
            }
            (Act::Name, channels) => draft.with("about", Some(json!(channels))),
            (Act::Merge, channels) => draft.alone("into").with("channel", Some(json!(channels))),
            (Act::Split, channels) => draft.with("channel", Some(json!(channels))),
            (Act::Capability, channels) => draft.capability()?.today().with("channel", Some(json!(channels))),
            (_, channels) => draft.today().with("channel", Some(json!(channels))),
        };
        draft.send(session, &self.submission)
    }
}

impl Draft {
    /// Turns the list of capabilities into the one that changed.
    fn capability(self) -> Result<Self, Failure> {
        let mut entry = self.entry();
        match entry.remove("capabilities").as_ref().and_then(|list| list.as_array()).map(Vec::as_slice) {
            Some([one]) => {
                entry.insert("capability".to_owned(), one.clone());
                Ok(Self::new(entry))
            }
            _ => Err(Failure::Usage {
                what: "one capability changes at a time".to_owned(),
                hint: "write `--capability fax --works false`".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{entries, usage};
    use serde_json::json;

    #[test]
    fn one_declaration_may_cut_many_lines() {
        assert_eq!(
            entries(&[
                "channel",
                "sever",
                "mil-west",
                "mil-east",
                "--from",
                "PRK",
                "--evidence",
                "announced"
            ]),
            [json!({
                "kind": "channel.severed", "date": "today", "channel": ["mil-west", "mil-east"],
                "from": ["PRK"], "evidence": "announced",
            })]
        );
    }

    #[test]
    fn a_channel_is_registered_with_its_names_ends_and_calls() {
        assert_eq!(
            entries(&[
                "channel",
                "register",
                "mil-west",
                "--sort",
                "line",
                "--alias",
                "서해지구 군통신선",
                "--end",
                "KOR",
                "--end",
                "PRK",
                "--slot",
                "09:00,17:00",
                "--day",
                "mon,tue",
                "--capability",
                "voice,fax",
            ]),
            [json!({
                "kind": "channel.registered", "name": "mil-west", "sort": "line",
                "names": ["서해지구 군통신선"], "ends": ["KOR", "PRK"], "capabilities": ["voice", "fax"],
                "schedule": {"slots": ["09:00", "17:00"], "days": ["mon", "tue"]},
            })]
        );
        assert_eq!(usage(&["channel", "register", "mil-west", "mil-east"]), 2);
    }

    #[test]
    fn a_capability_comes_or_goes() {
        assert_eq!(
            entries(&["channel", "capability", "mil-west", "--capability", "fax", "--works", "false"]),
            [json!({
                "kind": "channel.capability_changed", "date": "today", "channel": ["mil-west"],
                "capability": "fax", "works": false,
            })]
        );
        assert_eq!(usage(&["channel", "capability", "mil-west", "--works", "false"]), 2);
    }
}
