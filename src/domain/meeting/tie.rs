//! Where another order of two entries of one day would leave a meeting in another state (DOMAIN 3.8, rule 20).

use crate::domain::fact::Kind;
use crate::domain::id::EventId;
use crate::domain::link::Relation;
use crate::domain::meeting::step::step;
use crate::domain::meeting::{MeetingState, Move, is_session};
use crate::domain::occurred::Occurred;
use crate::domain::zone::Zone;

/// Two entries of one day whose order nobody recorded, and the state that the other order would give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The entry that was taken first.
    pub first: EventId,
    /// The entry that was taken after it.
    pub second: EventId,
    /// The state that the meeting would be in.
    pub otherwise: MeetingState,
}

/// As much of a meeting as decides what the next entry does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Course {
    state: Option<MeetingState>,
    dated: bool,
}

impl Course {
    fn after(self, next: &Move<'_>, zone: Zone) -> Self {
        let step = step(self.state, self.dated, next.kind);
        if !step.takes_effect {
            return self;
        }
        let state = Some(step.to);
        let dated = if next.kind == Kind::MeetingPostponed {
            next.detail.put_off_to(next.entry.effect(), &zone).is_some()
        } else {
            self.dated || is_session(next.kind) || next.detail.date.is_some()
        };
        Self { state, dated }
    }
}

/// Returns the pairs of neighbours whose exchange would change the state at the end.
pub(super) fn ties(moves: &[Move<'_>], zone: Zone) -> Vec<Tie> {
    let mut courses = vec![Course::default()];
    courses.extend(moves.iter().scan(Course::default(), |course, next| {
        *course = course.after(next, zone);
        Some(*course)
    }));
    let last = courses.last().copied().unwrap_or_default();
    let mut ties = Vec::new();
    for (place, pair) in moves.windows(2).enumerate() {
        let ([first, second], Some(before)) = (pair, courses.get(place)) else { continue };
        if !is_open(first, second, zone) {
            continue;
        }
        let mut course = before.after(second, zone).after(first, zone);
        for (later, next) in moves.iter().enumerate().skip(place + 2) {
            if courses.get(later) == Some(&course) {
                course = last;
                break;
            }
            course = course.after(next, zone);
        }
        if let Some(otherwise) = course.state.filter(|state| Some(*state) != last.state) {
            ties.push(Tie { first: first.entry.id, second: second.entry.id, otherwise });
        }
    }
    ties
}

/// Tells whether nobody recorded which of two neighbours came first.
fn is_open(first: &Move<'_>, second: &Move<'_>, zone: Zone) -> bool {
    let day = |of: &Move<'_>| zone.local(of.entry.bounds(&zone).0).date_naive();
    let exact = |of: &Move<'_>| of.entry.effect().is_some_and(Occurred::is_exact);
    let links = |of: &Move<'_>, to: &Move<'_>| {
        let decides = |relation: Relation| {
            matches!(relation, Relation::Before | Relation::After) || relation.enters_history()
        };
        of.entry.links().iter().any(|link| link.target == to.entry.id && decides(link.relation))
    };
    let told = exact(first) && exact(second) || links(first, second) || links(second, first);
    !told && first.kind != second.kind && !first.creates && day(first) == day(second)
}
