//! Who brought a meeting into a state that somebody answers for, and why.

use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting::detail;
use crate::domain::occurred::Occurred;

/// Who put a meeting off, called it off or left it, and why: the parties' word, not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The entry that says so.
    pub entry: EventId,
    /// Who did it: as the entry names them, else whoever speaks in it.
    pub by: Vec<EntityId>,
    /// Why, as given; none where nobody gave a reason.
    pub cause: Option<String>,
    /// To which date; none where it is sine die, or where no date belongs to such an act.
    pub until: Option<Occurred>,
    /// The date that the meeting had until then; none where it had none, or keeps it.
    pub instead_of: Option<Occurred>,
}

/// Returns why an act was done, as given: the `cause` of the meeting, else the `reason` of the entry; none where nobody
/// said.
pub fn cause(event: &Event) -> Option<&str> {
    let given = detail(&event.fact)?.cause.as_deref();
    given.or_else(|| event.envelope.reason.as_deref().filter(|_| reason_is_cause(event)))
}

/// Tells whether the `reason` of an entry is why the act was done, and not why it was recorded as it was: somebody
/// answers for the act, and nothing else says why.
pub fn reason_is_cause(event: &Event) -> bool {
    let is_answered_for = matches!(
        event.kind(),
        Kind::MeetingPostponed
            | Kind::MeetingCancelled
            | Kind::MeetingBrokenOff
            | Kind::MeetingAdjourned
            | Kind::MeetingNotHeld
    );
    let has_cause = detail(&event.fact).is_some_and(|detail| detail.cause.is_some());
    is_answered_for && !has_cause && event.envelope.reason.is_some()
}
