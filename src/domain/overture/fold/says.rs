//! What an entry says in answer, who says it, and how directly it reaches the other side.

use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::overture::{Answer, Step};
use crate::domain::id::EntityId;
use crate::domain::link::Relation;
use crate::domain::overture::answer::Said;
use crate::domain::words::AnswerScope;

/// Returns who speaks, in whose name included.
pub(super) fn speakers(envelope: &Envelope) -> Vec<EntityId> {
    let mut speakers = envelope.from.clone();
    for principal in &envelope.on_behalf_of {
        if !speakers.contains(principal) {
            speakers.push(*principal);
        }
    }
    speakers
}

/// Returns what a response says; none for other facts.
#[expect(clippy::wildcard_enum_match_arm, reason = "a new kind of fact answers nothing")]
pub(super) fn said(fact: &Fact) -> Option<Said> {
    match fact {
        Fact::OvertureAcknowledged(_) => Some(Said::Acknowledged),
        Fact::ResponseDeflected(_) | Fact::ResponseDeclinedComment(_) => Some(Said::Deflected),
        Fact::ResponseAcceptedConditionally(_) => Some(Said::Conditional),
        Fact::ResponseCounterProposed(_) => Some(Said::Countered),
        Fact::ResponseAcceptedWithChanges(_) => Some(Said::AcceptedWithChanges),
        Fact::ResponseAccepted(_) => Some(Said::Accepted),
        Fact::ResponseRejected(_) | Fact::ResponseRejectedPlan(_) => Some(Said::Rejected),
        Fact::ResponseRescinded(_) => Some(Said::Rescinded),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are no responses")]
pub(super) fn answer_of(fact: &Fact) -> Option<&Answer> {
    match fact {
        Fact::ResponseAccepted(answer)
        | Fact::ResponseAcceptedWithChanges(answer)
        | Fact::ResponseAcceptedConditionally(answer)
        | Fact::ResponseCounterProposed(answer)
        | Fact::ResponseRejected(answer)
        | Fact::ResponseRejectedPlan(answer)
        | Fact::ResponseDeflected(answer)
        | Fact::ResponseDeclinedComment(answer)
        | Fact::ResponseConduct(answer)
        | Fact::ResponseRescinded(answer)
        | Fact::ConditionMet(answer)
        | Fact::ConditionRefused(answer) => Some(answer),
        _ => None,
    }
}

pub(super) fn scope_of(fact: &Fact) -> Option<AnswerScope> {
    answer_of(fact).and_then(|answer| answer.scope)
}

/// Returns the step of an acknowledgement, which may be for some addressees only.
pub(super) fn step_of(fact: &Fact) -> Option<&Step> {
    if let Fact::OvertureAcknowledged(step) = fact { Some(step) } else { None }
}

pub(super) fn beside(event: &Event) -> Option<Relation> {
    event.envelope.links.first().map(|link| link.relation)
}
