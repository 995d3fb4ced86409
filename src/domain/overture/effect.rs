//! What each entry of a thread did to the overture, and what else must be said of it.

use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::overture::Settled;
use crate::domain::overture::answer::{AnswerState, Late, Said};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::delivery::Delivery;
use crate::domain::words::{Basis, Directness, IssuerLevel};

/// What an entry did to an overture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It made the offer.
    Issued,
    /// It drafted the offer.
    Drafted,
    /// It brought it so far on its way.
    Step(Delivery),
    /// It answered for an addressee.
    Answers {
        /// What it says.
        said: Said,
        /// The answer afterwards.
        state: AnswerState,
        /// How directly.
        directness: Option<Directness>,
        /// How weighty the speaker is.
        authority: Option<IssuerLevel>,
        /// Against what it is late, where it is.
        late: Option<Late>,
        /// It is an offer of its own.
        counter: Option<EntityId>,
    },
    /// What an addressee did: shown beside its words.
    Conduct,
    /// What the proposer did about its own offer: no answer.
    Fulfilment,
    /// The proposer said it again, for this time.
    Reiterated(u32),
    /// The proposer changed the terms: the version from then on.
    Revised(u32),
    /// The proposer gave more time.
    Extended,
    /// Someone else pressed for an answer.
    Urged,
    /// The offer came to this.
    Ends(Currency),
    /// It settled a counter-proposal, and through that the offer.
    Settles(Settled),
    /// Silence was found, on this basis.
    Finding(Basis),
    /// It is about a meeting that the overture led to.
    Meeting,
    /// It answers, and its speaker is no addressee.
    NotAddressee,
    /// Only the proposer can do so, and its speaker is another.
    NotProposer,
    /// No rule allows it where it stands.
    Misfit,
    /// Its text was removed.
    Redacted,
    /// It bears on the thread, and moves nothing.
    Beside(Option<Relation>),
}

impl Effect {
    /// Tells whether it changes anything of the offer.
    pub const fn moves(&self) -> bool {
        !matches!(self, Self::Beside(_) | Self::Misfit | Self::NotAddressee | Self::NotProposer)
    }
}

/// What else must be said of where an overture stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The proposer said it again after the addressee had answered.
    ReiteratedSince {
        /// The addressee.
        addressee: EntityId,
        /// What it had answered.
        answer: AnswerState,
    },
    /// The proposer changed the terms after the addressee had answered.
    RevisedSince {
        /// The addressee.
        addressee: EntityId,
        /// What it had answered.
        answer: AnswerState,
    },
    /// An answer came late.
    Late {
        /// The addressee.
        addressee: EntityId,
        /// The answer.
        entry: EventId,
        /// Against what.
        against: Late,
    },
    /// The same side made a later offer in the same chain of offers.
    Overtaken(EntityId),
    /// It is settled through the counter-proposal to it.
    SettledThrough(EntityId),
    /// A body that is no addressee answered.
    NotAddressee {
        /// The entry.
        entry: EventId,
        /// Who speaks.
        by: Vec<EntityId>,
    },
    /// Someone else did what only the proposer can do.
    NotProposer {
        /// The entry.
        entry: EventId,
        /// Who speaks.
        by: Vec<EntityId>,
    },
    /// Someone who is not the proposer pressed for an answer.
    Urged {
        /// The entry.
        entry: EventId,
        /// Who speaks.
        by: Vec<EntityId>,
    },
    /// The addressee did not answer to the proposer itself; this is how it did.
    NoDirectAnswer {
        /// What it said.
        answer: AnswerState,
        /// How.
        directness: Directness,
        /// Who said so.
        by: Vec<EntityId>,
        /// The entry.
        entry: EventId,
    },
    /// An answer came when the offer was no longer open.
    AnsweredAfter {
        /// The answer.
        entry: EventId,
        /// What the offer had come to.
        currency: Currency,
    },
    /// The addressee did something, beside its words.
    Conduct(EventId),
    /// The proposer carried something out.
    Fulfilment(EventId),
    /// A finding of silence names nobody of the addressees, or rests on nothing.
    FindingWithoutEffect(EventId),
    /// Whether the entry answers is itself doubtful.
    DoubtfulLink(EventId),
    /// No addressee is named.
    NoAddressee,
    /// The date of an entry leaves open whether it had happened.
    Possibly(EventId),
    /// In the other order these two would give another state, and nothing tells their order.
    Tie(EventId, EventId),
}
