//! The names of kinds: read from text, and grouped into families.

use crate::domain::fact::{Kind, Subject};
use crate::domain::name::slips;

/// A kind is not on the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{kind}` is no kind of event{}", .near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownKind {
    /// What was given.
    pub kind: String,
    /// The nearest kind, when one is near.
    pub near: Option<Kind>,
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind {
            kind: text.to_owned(),
            near: Self::ALL
                .iter()
                .filter_map(|kind| Some((slips(text, kind.as_str(), 4)?, *kind)))
                .min()
                .map(|(_, kind)| kind),
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Kind {
    /// Returns the word before the point: `overture`, `response`, `call`.
    pub fn family(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }

    /// Tells whether it says or does something in answer to an overture.
    pub fn is_answer(self) -> bool {
        matches!(self.family(), "response" | "condition")
    }

    /// Tells whether the event keeps the record or the registers, and says nothing of the world.
    ///
    /// Timelines leave these out unless they are asked for.
    pub fn is_bookkeeping(self) -> bool {
        matches!(self.subject(), Subject::Entry)
            || matches!(
                self.family(),
                "recorder" | "policy" | "moment" | "log" | "key" | "author" | "account" | "entry"
            )
            || matches!(
                self,
                Self::ChannelRegistered
                    | Self::ChannelNamed
                    | Self::ChannelMerged
                    | Self::ChannelSplit
                    | Self::PartyRegistered
                    | Self::PartyNamed
                    | Self::PartyMerged
                    | Self::PartySplit
                    | Self::SeriesRegistered
                    | Self::PersonRegistered
                    | Self::PersonNamed
                    | Self::PersonRole
            )
    }

    /// Tells whether an event without a date took effect when it was recorded: it keeps the record, says by which rules a
    /// line is seen from then on, or what was found. Everything else may have happened at any time until then.
    pub fn counts_from_recording(self) -> bool {
        let is_of_rules =
            matches!(self, Self::ChannelBaseline | Self::ChannelScheduleChanged | Self::SilenceRecorded);
        is_of_rules || self.is_bookkeeping()
    }

    /// Tells whether a policy may say that two people are needed for what is recorded of this kind: it says something of
    /// the world, or is a policy itself.
    pub fn may_need_two_people(self) -> bool {
        self.family() == "policy" || !self.is_bookkeeping()
    }

    /// Tells whether the event says who may come in, as what, and how far they may see.
    pub fn is_of_account(self) -> bool {
        self.family() == "account"
    }

    /// Tells whether the event says of a channel what it is or is called, and nothing of how it works.
    pub const fn is_of_channel_register(self) -> bool {
        matches!(
            self,
            Self::ChannelRegistered | Self::ChannelNamed | Self::ChannelMerged | Self::ChannelSplit
        )
    }
}

/// What kinds have in common, for whoever asks when one side last turned to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KindClass {
    /// Something said or done towards another. What is said of a line is told by the states of the line; an
    /// incident is no word.
    Speech,
    /// An answer to an overture in words.
    Answer,
    /// An act of all its parties, whoever is named first.
    Together,
    /// Its parties sat together.
    Held,
    /// Somebody called, whatever came of it.
    Attempt,
    /// Said in public by its nature.
    Remark,
    /// What somebody declares about a line, or does to it. What is only found of a line has nobody who speaks.
    OfLine,
}

impl KindClass {
    /// Every class.
    pub const ALL: [Self; 7] =
        [Self::Speech, Self::Answer, Self::Together, Self::Held, Self::Attempt, Self::Remark, Self::OfLine];

    /// Tells whether a kind is of the class.
    pub fn has(self, kind: Kind) -> bool {
        match self {
            Self::Speech => speaks(kind),
            Self::Answer => {
                (kind.is_answer() && kind != Kind::ResponseConduct) || kind == Kind::OvertureAcknowledged
            }
            Self::Together => {
                Self::Held.has(kind)
                    || matches!(kind, Kind::MeetingAgreed | Kind::MeetingScheduled | Kind::AgreementAnnounced)
            }
            Self::Held => matches!(
                kind,
                Kind::MeetingOpened
                    | Kind::MeetingRecessed
                    | Kind::MeetingResumed
                    | Kind::MeetingAdjourned
                    | Kind::MeetingBrokenOff
                    | Kind::MeetingConcluded
                    | Kind::MeetingHeld
                    | Kind::MeetingAgreement
            ),
            Self::Attempt => matches!(
                kind,
                Kind::CallAnswered
                    | Kind::CallUnanswered
                    | Kind::CallDeclined
                    | Kind::CallFault
                    | Kind::CallAbandoned
                    | Kind::CallUnknown
            ),
            Self::Remark => matches!(kind, Kind::StatementPublic | Kind::ProtestLodged),
            Self::OfLine => matches!(
                kind,
                Kind::ChannelOpened
                    | Kind::ChannelAbandoned
                    | Kind::ChannelDegraded
                    | Kind::ChannelRepaired
                    | Kind::ChannelRestored
                    | Kind::ChannelSuspended
                    | Kind::ChannelSevered
                    | Kind::ChannelClosed
                    | Kind::ChannelReopened
                    | Kind::ChannelDeclared
                    | Kind::ChannelScheduleChanged
                    | Kind::ChannelCapabilityChanged
                    | Kind::CallsDiscontinued
                    | Kind::CallsResumed
            ),
        }
    }
}

fn speaks(kind: Kind) -> bool {
    let excluded = matches!(
        kind,
        Kind::OvertureDrafted | Kind::MeetingNotHeld | Kind::SilenceRecorded | Kind::AssessmentRecorded
    );
    let speaking = matches!(
        kind.family(),
        "overture"
            | "response"
            | "condition"
            | "message"
            | "statement"
            | "protest"
            | "agreement"
            | "backchannel"
            | "meeting"
            | "talks"
    );
    speaking && !excluded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().as_ref(), Ok(kind));
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
    }

    #[test]
    fn a_kind_that_is_misspelt_is_refused_with_the_nearest() {
        let error = "overture.propsed".parse::<Kind>().unwrap_err();
        assert_eq!(error.near, Some(Kind::OvertureProposed));
        assert_eq!("weather.report".parse::<Kind>().unwrap_err().near, None);
    }
}
