//! Where each kind of entry leads a meeting from each state.

use crate::domain::fact::Kind;
use crate::domain::meeting::MeetingState;

/// Where an entry leads.
pub(super) struct Step {
    pub(super) to: MeetingState,
    /// What would have fitted, where this does not.
    pub(super) expected: Option<&'static str>,
    /// What the entry says holds from then on, whether it fits or not.
    pub(super) takes_effect: bool,
}

/// Returns the state that an entry of this kind names; none for a change of details.
pub(super) fn names(kind: Kind) -> Option<MeetingState> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds say nothing of a meeting")]
    match kind {
        Kind::MeetingAgreed => Some(MeetingState::AgreedInPrinciple),
        Kind::MeetingScheduled => Some(MeetingState::Scheduled),
        Kind::MeetingPostponed => Some(MeetingState::Postponed),
        Kind::MeetingCancelled => Some(MeetingState::Cancelled),
        Kind::MeetingOpened | Kind::MeetingResumed => Some(MeetingState::InSession),
        Kind::MeetingRecessed => Some(MeetingState::Recessed),
        Kind::MeetingAdjourned => Some(MeetingState::Adjourned),
        Kind::MeetingBrokenOff => Some(MeetingState::BrokenOff),
        Kind::MeetingConcluded | Kind::MeetingHeld | Kind::MeetingAgreement => Some(MeetingState::Concluded),
        Kind::MeetingNotHeld => Some(MeetingState::NotHeld),
        _ => None,
    }
}

/// Returns where an entry of this kind leads from a state.
///
/// The first entry needs nothing before it: a log may meet a meeting at any point. The same said again
/// confirms. What does not fit leads where it says all the same, except out of a final state.
pub(super) fn step(from: Option<MeetingState>, has_date: bool, kind: Kind) -> Step {
    use MeetingState as S;
    let fits = |to| Step { to, expected: None, takes_effect: true };
    let Some(from) = from else { return fits(names(kind).unwrap_or(S::Scheduled)) };
    let Some(to) = names(kind) else {
        let expected = "a meeting that is agreed, scheduled or postponed to a date";
        let open = matches!(from, S::AgreedInPrinciple | S::Scheduled) || from == S::Postponed && has_date;
        let over = matches!(from, S::Cancelled | S::Concluded);
        return Step { to: from, expected: (!open).then_some(expected), takes_effect: !over };
    };
    // Opening is no confirmation of a session that is on: it begins only once.
    if from == to && kind != Kind::MeetingOpened {
        return fits(to);
    }
    match from {
        S::Cancelled => {
            return without_effect(from, "a new meeting that replaces the cancelled one");
        }
        S::Concluded => {
            return without_effect(from, "a new meeting: this one is concluded");
        }
        S::AgreedInPrinciple
        | S::Scheduled
        | S::Postponed
        | S::InSession
        | S::Recessed
        | S::Adjourned
        | S::BrokenOff
        | S::NotHeld => {}
    }
    let dated = from == S::Scheduled || from == S::Postponed && has_date;
    #[expect(clippy::wildcard_enum_match_arm, reason = "`held` and `agreement` conclude it from any state")]
    let (fit, expected) = match kind {
        Kind::MeetingAgreed => (false, "a meeting that is not agreed yet"),
        Kind::MeetingScheduled => {
            (matches!(from, S::AgreedInPrinciple | S::Postponed), "a meeting that is agreed or postponed")
        }
        Kind::MeetingPostponed => (from == S::Scheduled, "a meeting that is scheduled"),
        Kind::MeetingCancelled => (
            matches!(from, S::AgreedInPrinciple | S::Scheduled | S::Postponed),
            "a meeting that is agreed, scheduled or postponed",
        ),
        Kind::MeetingOpened => (dated || from == S::NotHeld, "a meeting that has a date"),
        Kind::MeetingRecessed => (from == S::InSession, "a meeting in session"),
        Kind::MeetingResumed => (
            matches!(from, S::Recessed | S::Adjourned | S::BrokenOff),
            "a meeting that is recessed, adjourned or broken off",
        ),
        Kind::MeetingAdjourned | Kind::MeetingBrokenOff => {
            (matches!(from, S::InSession | S::Recessed), "a meeting in session or recessed")
        }
        Kind::MeetingConcluded => (
            matches!(from, S::InSession | S::Recessed | S::Adjourned | S::BrokenOff),
            "a meeting that was opened",
        ),
        Kind::MeetingNotHeld => (dated, "a meeting that has a date"),
        _ => (true, ""),
    };
    Step { to, expected: (!fit).then_some(expected), takes_effect: true }
}

/// Returns the step of an entry that comes after the end.
fn without_effect(state: MeetingState, expected: &'static str) -> Step {
    Step { to: state, expected: Some(expected), takes_effect: false }
}
