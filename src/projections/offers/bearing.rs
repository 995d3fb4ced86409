//! What of a reading may decide where an overture stands, and how.

use crate::domain::fact::{EntityKind, Kind, Subject};
use crate::domain::id::EntityId;
use crate::domain::link::Relation;

/// The bounds of a date, in microseconds, and its first day, counted from the beginning of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::projections) struct When {
    pub(in crate::projections) earliest: i64,
    pub(in crate::projections) latest: i64,
    pub(in crate::projections) day: i32,
}

/// What one reading of an entry says, as far as it may decide where an overture stands: readings that agree
/// in it make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::projections) struct Bearing {
    pub(in crate::projections) kind: Kind,
    /// When it takes effect.
    pub(in crate::projections) effect: When,
    /// What it brings into being.
    pub(in crate::projections) creates: Option<EntityKind>,
    pub(in crate::projections) about: Vec<EntityId>,
    pub(in crate::projections) links: Vec<(Relation, EntityId)>,
    pub(in crate::projections) from: Vec<EntityId>,
    pub(in crate::projections) to: Vec<EntityId>,
    /// Someone speaks in the name of others.
    pub(in crate::projections) for_others: bool,
    /// It may propose that channels be restored.
    pub(in crate::projections) restores: bool,
}

/// What an entry does to an overture on which it bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It neither opens nor ends it.
    Harmless,
    /// An answer of an addressee that is neither yes nor no.
    Deflects,
    /// No, by an addressee.
    Rejects,
    /// Another answer of an addressee that ends it.
    Answers,
    /// A yes is taken back.
    Rescinds,
    /// The proposer says it again.
    Revives,
    /// It ends, whoever says so.
    Ends,
    /// The proposer ends it.
    EndedByProposer,
    /// It may end it.
    Perhaps,
    /// What it does depends on more than is kept here.
    Tangles,
}

impl Bearing {
    /// Tells whether it is an entry of the world and not one about an entry.
    pub(super) fn is_entry(&self) -> bool {
        self.kind.subject() != Subject::Entry
    }

    /// Tells whether it makes an overture of a kind that does nothing else.
    fn only_offers(&self) -> bool {
        self.kind.subject() == Subject::Creates(EntityKind::Overture)
    }

    /// Returns what it does to an overture that it is about, or to which it stands in a relation that enters
    /// the history of that.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds act by their link alone")]
    pub(super) fn role(&self, relation: Option<Relation>) -> Role {
        match self.kind {
            Kind::OvertureIssued
            | Kind::OvertureConveyed
            | Kind::OvertureDelivered
            | Kind::OvertureReceiptConfirmed
            | Kind::OvertureReceiptRefused
            | Kind::OvertureReceiptUnclear
            | Kind::OvertureAcknowledged
            | Kind::OvertureUrged
            | Kind::SilenceRecorded
            | Kind::ConditionMet
            | Kind::ConditionRefused => Role::Harmless,
            Kind::ResponseConduct if relation != Some(Relation::Realises) => Role::Harmless,
            Kind::OvertureRevised if self.restores => Role::Tangles,
            Kind::OvertureReiterated | Kind::OvertureExtended | Kind::OvertureRevised => Role::Revives,
            Kind::OvertureLapsed | Kind::OvertureMoot => Role::Ends,
            Kind::OvertureWithdrawn | Kind::OvertureSuperseded => Role::EndedByProposer,
            Kind::ResponseAccepted
            | Kind::ResponseAcceptedWithChanges
            | Kind::ResponseAcceptedConditionally
            | Kind::ResponseCounterProposed => Role::Answers,
            Kind::ResponseRejected | Kind::ResponseRejectedPlan => Role::Rejects,
            Kind::ResponseDeflected | Kind::ResponseDeclinedComment => Role::Deflects,
            Kind::ResponseRescinded => Role::Rescinds,
            Kind::ResponseConduct | Kind::ChannelOpened | Kind::ChannelRestored | Kind::ChannelReopened => {
                Role::Perhaps
            }
            kind if kind.family() == "meeting" => Role::Perhaps,
            kind if kind.family() == "channel" || kind == Kind::CallAnswered => Role::Harmless,
            _ => self.by_link(relation),
        }
    }

    fn by_link(&self, relation: Option<Relation>) -> Role {
        match relation {
            Some(Relation::Reiterates) => Role::Revives,
            Some(Relation::Realises) => Role::Perhaps,
            Some(Relation::Counters | Relation::Answers) if self.only_offers() => Role::Answers,
            Some(Relation::Supersedes) if self.only_offers() => Role::Perhaps,
            Some(Relation::Revises) if self.only_offers() => Role::Tangles,
            _ => Role::Harmless,
        }
    }
}
