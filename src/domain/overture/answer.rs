//! What an addressee answered: each addressee has an answer of its own.

use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Confidence;
use crate::domain::occurred::Occurred;
use crate::domain::overture::status::{OvertureStatus, Unanswered};
use crate::domain::overture::window::Window;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{AnswerScope, Directness, IssuerLevel, words};

words! {
    /// What an addressee has answered so far.
    AnswerState {
        /// Nothing.
        None = "none",
        /// "Received", "under study", "noted".
        Acknowledged = "acknowledged",
        /// Neither yes nor no.
        Deflected = "deflected",
        /// Yes, if.
        Conditional = "conditional",
        /// Something else instead, or yes with changes.
        Countered = "countered",
        /// Yes.
        Accepted = "accepted",
        /// No.
        Rejected = "rejected",
    }
}

/// What an entry says in answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// "Received", "noted".
    Acknowledged,
    /// Neither yes nor no; "no comment" too, for that is an act and no silence.
    Deflected,
    /// Yes, if.
    Conditional,
    /// Something else instead.
    Countered,
    /// Yes, with changes that the proposer may take.
    AcceptedWithChanges,
    /// Yes.
    Accepted,
    /// No.
    Rejected,
    /// A yes is taken back.
    Rescinded,
    /// What was asked in return was given.
    ConditionMet,
    /// What was asked in return was refused.
    ConditionRefused,
}

impl AnswerState {
    /// Tells whether it leaves the question open: neither yes nor no, nor anything to negotiate.
    pub fn leaves_open(self) -> bool {
        matches!(self, Self::None | Self::Acknowledged | Self::Deflected)
    }

    /// Returns the answer after something was said; `last` is what was said before, and the same again
    /// confirms.
    ///
    /// # Errors
    ///
    /// Returns what would have had to be answered before.
    pub fn after(self, last: Option<Said>, said: Said) -> Result<Self, &'static str> {
        use AnswerState::{Accepted, Acknowledged, Conditional, Countered, Deflected, None, Rejected};
        if last == Some(said) {
            return Ok(self);
        }
        match (said, self) {
            (Said::Acknowledged, None | Acknowledged) => Ok(Acknowledged),
            (Said::Acknowledged, _) => Err("no answer yet"),
            (Said::Deflected, None | Acknowledged | Deflected | Rejected) => Ok(Deflected),
            (Said::Deflected, _) => Err("none, acknowledged, deflected or rejected"),
            (Said::Rejected, Accepted) => Err("response.rescinded, since it was accepted"),
            (Said::Rejected, _) | (Said::Rescinded, Accepted) => Ok(Rejected),
            (Said::Rescinded, _) => Err("accepted"),
            (Said::Accepted, _) | (Said::ConditionMet, Conditional) => Ok(Accepted),
            (Said::Conditional | Said::Countered | Said::AcceptedWithChanges, Accepted) => {
                Err("response.rescinded, since it was accepted")
            }
            (Said::Conditional, _) => Ok(Conditional),
            (Said::Countered | Said::AcceptedWithChanges, _) | (Said::ConditionRefused, Conditional) => {
                Ok(Countered)
            }
            (Said::ConditionMet | Said::ConditionRefused, _) => Err("conditional"),
        }
    }
}

/// Through what an offer is settled without a yes to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    /// The counter-proposal of the addressee that was accepted or came about.
    pub counter: EntityId,
    /// The entry with which it was.
    pub entry: EventId,
    /// When that was.
    pub date: Option<Occurred>,
    /// Whole days from the first issue to then.
    pub days: Option<i64>,
}

/// Against what an answer is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// The time for it was over.
    Due(Window),
    /// The offer had lapsed, with this entry.
    Lapsed(EventId),
    /// Silence had been found, with this entry.
    Found(EventId),
}

/// The first answer of an addressee that is more than "received".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstAnswer {
    /// The entry.
    pub entry: EventId,
    /// What it says.
    pub said: Said,
    /// Whole days from the first issue to it; none where nobody says when the offer went out.
    pub days: Option<i64>,
    /// Against what it is late: it came after the time for it was over, after the offer had lapsed, or after silence was
    /// found.
    pub late: Option<Late>,
}

/// What one addressee answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The addressee.
    pub addressee: EntityId,
    /// What it has answered so far.
    pub state: AnswerState,
    /// Where the offer stands with it, in one word.
    pub status: OvertureStatus,
    /// On what "unanswered" rests, where the status is that.
    pub unanswered: Option<Unanswered>,
    /// What it said last.
    pub said: Option<Said>,
    /// The entry that says so; none while there is no answer.
    pub entry: Option<EventId>,
    /// Its first answer, whatever it said later; an acknowledgement is none.
    pub first: Option<FirstAnswer>,
    /// Who spoke.
    pub speakers: Vec<EntityId>,
    /// What carried it.
    pub via: Vec<EntityId>,
    /// How directly it came; none where nobody said and nothing tells.
    pub directness: Option<Directness>,
    /// How weighty the speaker is.
    pub authority: Option<IssuerLevel>,
    /// How far it reaches.
    pub scope: Option<AnswerScope>,
    /// How sure the recorder is that it answers this offer.
    pub confidence: Confidence,
    /// Whole days from the first issue to the answer.
    pub latency_days: Option<i64>,
    /// Against what it is late: it came after the time for it was over, after the offer had lapsed, or after silence was
    /// found.
    pub late: Option<Late>,
    /// The offers that it made instead, in their order.
    pub counters: Vec<EntityId>,
    /// What it said since that no rule allows after its answer, and with which entry: it has no effect.
    pub contrary: Option<(Said, EventId)>,
    /// Through what this offer is settled, while nothing that it said later prevails.
    pub settled: Option<Through>,
    /// What it did, beside what it said.
    pub conduct: Vec<EventId>,
    /// One of its answers came from itself to the proposer.
    pub answered_directly: bool,
    /// Since when it is not waited for: it answered, or the offer ended. None while it is.
    pub(super) closed: Option<Timestamp>,
}

impl Said {
    /// Returns the answer that it comes to.
    pub const fn state(self) -> AnswerState {
        match self {
            Self::Acknowledged => AnswerState::Acknowledged,
            Self::Deflected => AnswerState::Deflected,
            Self::Conditional => AnswerState::Conditional,
            Self::Countered | Self::AcceptedWithChanges | Self::ConditionRefused => AnswerState::Countered,
            Self::Accepted | Self::ConditionMet => AnswerState::Accepted,
            Self::Rejected | Self::Rescinded => AnswerState::Rejected,
        }
    }
}

impl Reply {
    pub(super) fn none(addressee: EntityId) -> Self {
        Self {
            addressee,
            state: AnswerState::None,
            status: OvertureStatus::Pending,
            unanswered: None,
            said: None,
            entry: None,
            first: None,
            speakers: Vec::new(),
            via: Vec::new(),
            directness: None,
            authority: None,
            scope: None,
            confidence: Confidence::Unstated,
            latency_days: None,
            late: None,
            counters: Vec::new(),
            contrary: None,
            settled: None,
            conduct: Vec::new(),
            answered_directly: false,
            closed: None,
        }
    }

    /// Tells whether it answers this offer only by a link of low confidence.
    pub fn is_doubtful(&self) -> bool {
        self.settled.is_none() && self.entry.is_some() && self.confidence == Confidence::Low
    }

    /// Returns the answer that counts: one that was settled through a counter-proposal is a yes.
    pub fn effective(&self) -> AnswerState {
        if self.settled.is_some() { AnswerState::Accepted } else { self.state }
    }
}
