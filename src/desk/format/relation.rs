//! What an entry does to the one that it is in reply to: its kind tells.

use crate::domain::fact::Kind;
use crate::domain::link::Relation;

/// Returns the relation of an entry of this kind to what stands in its `in_reply_to`.
///
/// A response answers, whatever it says; a counter-proposal counters, being an overture of its own. A
/// meeting that takes place, and a channel that works again, carry out what was proposed; one that is only
/// agreed or set may still be called off, and concerns it. So does what befalls an offer on its way, a
/// silence, a call, a remark.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not named here only concerns the other")]
pub(crate) fn of_reply(kind: Kind) -> Relation {
    match kind {
        Kind::ResponseCounterProposed => Relation::Counters,
        Kind::OvertureReiterated => Relation::Reiterates,
        Kind::OvertureRevised => Relation::Revises,
        Kind::MeetingOpened
        | Kind::MeetingConcluded
        | Kind::MeetingHeld
        | Kind::MeetingAgreement
        | Kind::ChannelOpened
        | Kind::ChannelRestored
        | Kind::ChannelReopened => Relation::Realises,
        _ if matches!(kind.family(), "response" | "condition") => Relation::Answers,
        _ => Relation::Concerns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_a_reply_tells_what_it_does() {
        for (kind, relation) in [
            (Kind::ResponseRejected, Relation::Answers),
            (Kind::ResponseConduct, Relation::Answers),
            (Kind::ConditionMet, Relation::Answers),
            (Kind::ResponseCounterProposed, Relation::Counters),
            (Kind::OvertureReiterated, Relation::Reiterates),
            (Kind::OvertureRevised, Relation::Revises),
            (Kind::OvertureLapsed, Relation::Concerns),
            (Kind::SilenceRecorded, Relation::Concerns),
            (Kind::CallAnswered, Relation::Concerns),
            (Kind::MeetingHeld, Relation::Realises),
            (Kind::MeetingScheduled, Relation::Concerns),
            (Kind::MeetingPostponed, Relation::Concerns),
            (Kind::ChannelRestored, Relation::Realises),
            (Kind::OvertureProposed, Relation::Concerns),
        ] {
            assert_eq!(of_reply(kind), relation, "{kind}");
        }
    }
}
