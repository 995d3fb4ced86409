//! What holds for one meeting: its state, as a fold of what was said and seen of it.
//!
//! Nothing is refused: what no transition allows is taken in all the same and told as a misfit.

mod act;
mod step;
mod tie;

use crate::domain::event::{Envelope, Event};
use crate::domain::fact::meeting::{Meeting, Outcome};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::meeting::step::{names, step};
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::words;
use crate::domain::zone::Zone;

pub use act::{Act, cause, reason_is_cause};
pub use tie::Tie;

words! {
    /// The state of a meeting.
    MeetingState {
        /// The sides want to meet and have no date.
        AgreedInPrinciple = "agreed_in_principle",
        /// It has a date.
        Scheduled = "scheduled",
        /// It was put off, to a date or sine die.
        Postponed = "postponed",
        /// The sides sit together.
        InSession = "in_session",
        /// The sides pause.
        Recessed = "recessed",
        /// The sides parted, to go on at a date or sine die.
        Adjourned = "adjourned",
        /// It is over. Final.
        Concluded = "concluded",
        /// A side walked out.
        BrokenOff = "broken_off",
        /// It was called off. Final: a revived meeting is a new one that replaces it.
        Cancelled = "cancelled",
        /// Its date passed and nobody opened it.
        NotHeld = "not_held",
    }
}

/// An entry that no transition allows; it is taken in all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The entry.
    pub entry: EventId,
    /// What would have fitted.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What it says holds from then on all the same: not after the end of a meeting.
    pub takes_effect: bool,
}

/// Where a meeting stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The state; none before the first entry that moves it.
    pub state: Option<MeetingState>,
    /// The state follows from the clock and is to be confirmed by whoever knows.
    pub derived: bool,
    /// The newest entry that says the state, or from which the clock derives it.
    pub reason: Option<EventId>,
    /// When it is to be or was; none while nobody knows.
    pub date: Option<Occurred>,
    /// Where.
    pub place: Option<String>,
    /// At what level.
    pub level: Option<String>,
    /// The number of the round, as the sides count.
    pub round: Option<u32>,
    /// What it left behind.
    pub outcome: Option<Outcome>,
    /// The sides sat together at least once.
    pub was_in_session: bool,
    /// Who brought it into its state and why, where that state is one that somebody answers for.
    pub act: Option<Act>,
    /// Who meets, in the order in which the entries name them.
    pub parties: Vec<EntityId>,
    /// What it is a part of or takes place in: whatever its entries are about beside itself.
    pub within: Vec<EntityId>,
    /// What no transition allows, in the order of effect.
    pub misfits: Vec<Misfit>,
    /// Entries that tell of a session when the meeting was over, and over since an earlier day: no session of it, also
    /// where they confirm that it took place.
    pub after_end: Vec<EventId>,
    /// A date that has doubt may still lie ahead, and the state before it still hold.
    pub possibly: bool,
    /// Where another order of entries of one day would give another state.
    pub ties: Vec<Tie>,
}

/// An entry that moves a meeting.
struct Move<'a> {
    entry: &'a Entry,
    envelope: &'a Envelope,
    detail: &'a Meeting,
    kind: Kind,
    /// It brought the meeting into being.
    creates: bool,
}

/// Returns where a meeting stands at a moment.
///
/// `story` is its entries in the order of effect up to that moment. Those that move it are the `meeting.*`
/// entries that brought it into being or are about it, and those that are linked to it and open no meeting
/// of their own; the others bear on it and move nothing.
pub fn standing(meeting: EntityId, story: &[Entry], at: Timestamp, zone: &Zone) -> Standing {
    let (mut standing, mut sits_until, mut ended) = (Standing::default(), None, None);
    let moves: Vec<Move<'_>> = story.iter().filter_map(|entry| move_of(meeting, entry)).collect();
    // What was held from one day to another is over when it ended, and what came between found the sides together.
    for next in &moves {
        let (earliest, latest) = next.entry.bounds(zone);
        let sat_until = sits_until;
        standing.sits_until(&mut sits_until, earliest);
        ended = ended.or(sat_until).filter(|_| standing.is_over());
        if is_session(next.kind) && ended.is_some_and(|ended| ended < earliest) {
            standing.after_end.push(next.entry.id);
        }
        let before = standing.state;
        let takes_effect = standing.take(next, *zone);
        if takes_effect {
            let lasts = next.entry.effect().filter(|date| next.kind == Kind::MeetingHeld && date.lasted());
            sits_until = match (lasts, next.kind) {
                (Some(date), _) => Some(date.latest(zone)),
                (None, Kind::MeetingAgreement | Kind::MeetingDetailsChanged) => sits_until,
                (None, _) => None,
            };
            if sits_until.is_some() {
                standing.state = Some(MeetingState::InSession);
            }
        }
        ended = ended.or(Some(latest)).filter(|_| standing.is_over());
        let doubtful = next.entry.effect().is_some_and(Occurred::is_doubtful);
        standing.possibly |= doubtful && standing.state != before && next.entry.bounds(zone).1 > at;
        let envelope = next.envelope;
        let mut within = envelope.about.clone();
        let part_of = envelope.links.iter().filter(|link| link.relation == Relation::PartOf);
        within.extend(part_of.map(|link| EntityId::from(link.target)));
        within.retain(|id| *id != meeting);
        if !takes_effect {
            continue;
        }
        add_each(&mut standing.within, &within);
        add_each(&mut standing.parties, &envelope.from);
        add_each(&mut standing.parties, &envelope.to);
    }
    standing.ties = tie::ties(&moves, *zone);
    standing.sits_until(&mut sits_until, at);
    // Nobody opened it by the end of its day: derived, and never more than that.
    let waits = match standing.state {
        Some(MeetingState::Scheduled) => true,
        Some(MeetingState::Postponed) => standing.date.is_some(),
        Some(_) | None => false,
    };
    if waits && standing.date.as_ref().is_some_and(|date| date.latest(zone) < at) {
        standing.state = Some(MeetingState::NotHeld);
        standing.derived = true;
    }
    standing
}

/// Tells whether an entry of this kind is evidence that the sides sat together.
pub fn is_session(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MeetingOpened
            | Kind::MeetingRecessed
            | Kind::MeetingResumed
            | Kind::MeetingAdjourned
            | Kind::MeetingBrokenOff
            | Kind::MeetingConcluded
            | Kind::MeetingHeld
            | Kind::MeetingAgreement
    )
}

/// Returns what a `meeting.*` entry says of the meeting; none for every other.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of a meeting")]
pub fn detail(fact: &Fact) -> Option<&Meeting> {
    match fact {
        Fact::MeetingAgreed(detail)
        | Fact::MeetingScheduled(detail)
        | Fact::MeetingDetailsChanged(detail)
        | Fact::MeetingPostponed(detail)
        | Fact::MeetingCancelled(detail)
        | Fact::MeetingOpened(detail)
        | Fact::MeetingRecessed(detail)
        | Fact::MeetingResumed(detail)
        | Fact::MeetingAdjourned(detail)
        | Fact::MeetingBrokenOff(detail)
        | Fact::MeetingConcluded(detail)
        | Fact::MeetingHeld(detail)
        | Fact::MeetingAgreement(detail)
        | Fact::MeetingNotHeld(detail) => Some(detail),
        _ => None,
    }
}

/// Returns the date that an event gives a meeting: that to which it is put off, else that which it names. That to which it is
/// adjourned is the date of a further sitting, and none of the meeting's own.
pub fn date_given(event: &Event) -> Option<&Occurred> {
    let detail = detail(&event.fact)?;
    let put_off_to = detail.until.as_ref().filter(|_| event.kind() == Kind::MeetingPostponed);
    put_off_to.or(detail.date.as_ref())
}

/// Returns the move that an entry makes; none when it moves another meeting or none.
fn move_of(meeting: EntityId, entry: &Entry) -> Option<Move<'_>> {
    let event = entry.event.as_ref()?;
    let detail = detail(&event.fact)?;
    let own = event.created(entry.id);
    let creates = own == Some(meeting);
    // An entry with a meeting of its own is never merged into another by a link.
    let linked = own.is_none() && entry.concerns(meeting);
    let belongs = creates || linked || event.envelope.about.contains(&meeting);
    let envelope = &event.envelope;
    belongs.then_some(Move { entry, envelope, detail, kind: event.kind(), creates })
}

fn add_each(known: &mut Vec<EntityId>, ids: &[EntityId]) {
    for id in ids {
        if !known.contains(id) {
            known.push(*id);
        }
    }
}

/// Tells whether both name the same, in whatever order.
fn same(some: &[EntityId], others: &[EntityId]) -> bool {
    some.iter().all(|id| others.contains(id)) && others.iter().all(|id| some.contains(id))
}

impl Standing {
    /// Tells whether nothing more can become of it.
    fn is_over(&self) -> bool {
        matches!(self.state, Some(MeetingState::Concluded | MeetingState::Cancelled))
    }

    /// Ends a session that was to last until then, where the moment has come.
    fn sits_until(&mut self, until: &mut Option<Timestamp>, moment: Timestamp) {
        if until.is_some_and(|until| until <= moment) {
            *until = None;
            self.state = Some(MeetingState::Concluded);
        }
    }

    /// Takes in an entry, and tells whether it takes effect: what comes after the end changes nothing.
    fn take(&mut self, next: &Move<'_>, zone: Zone) -> bool {
        let Move { entry, envelope, detail, kind, .. } = *next;
        let until = self.until(next, zone).cloned();
        let step = step(self.state, self.date.is_some(), kind);
        if let Some(expected) = step.expected {
            let found = match self.state {
                Some(state) => format!("{kind} while {state}"),
                None => kind.to_string(),
            };
            let (expected, takes_effect) = (expected.to_owned(), step.takes_effect);
            self.misfits.push(Misfit { entry: entry.id, expected, found, takes_effect });
        }
        if !step.takes_effect {
            return false;
        }
        let before = self.state;
        let had = self.date.clone().or_else(|| detail.date.clone());
        self.state = Some(step.to);
        if before != self.state || names(kind) == self.state {
            self.reason = Some(entry.id);
        }
        self.details(entry, kind, detail, until.as_ref());
        self.was_in_session |= is_session(kind);
        let answered_for = matches!(
            step.to,
            MeetingState::Postponed
                | MeetingState::Cancelled
                | MeetingState::BrokenOff
                | MeetingState::Adjourned
                | MeetingState::NotHeld
        );
        if !answered_for {
            self.act = None;
        } else if names(kind) == Some(step.to) {
            let by = if detail.by.is_empty() { &envelope.from } else { &detail.by };
            // Put off again it had no date any more: the one before stays told.
            let earlier = self.act.take().filter(|_| before == self.state);
            // A reason is that of whoever gave it, and holds until they give another.
            let (earlier_cause, earlier_date) =
                earlier.map_or((None, None), |act| (act.cause.filter(|_| same(&act.by, by)), act.instead_of));
            let instead_of = had.or(earlier_date);
            self.act = Some(Act {
                entry: entry.id,
                by: by.clone(),
                cause: entry.event.as_ref().and_then(cause).map(ToOwned::to_owned).or(earlier_cause),
                instead_of: instead_of.filter(|_| step.to == MeetingState::Postponed && until.is_none()),
                until,
            });
        }
        true
    }

    /// Returns the date to which an entry puts the meeting off or adjourns it; none where it is sine die. The date that a
    /// meeting has is none to which it could be put off.
    fn until<'m>(&self, next: &Move<'m>, zone: Zone) -> Option<&'m Occurred> {
        if next.kind != Kind::MeetingPostponed {
            return next.detail.until.as_ref();
        }
        let until = next.detail.put_off_to(next.entry.effect(), &zone)?;
        // The same day, with an hour or without.
        let is_of_day = |date: &Occurred| date.is_day() || date.is_exact();
        let day = |date: &Occurred| zone.local(date.earliest(&zone)).date_naive();
        let is_same = |date: &Occurred| {
            date == until || (is_of_day(date) && is_of_day(until) && day(date) == day(until))
        };
        let has = next.detail.until.is_none()
            && self.state != Some(MeetingState::Postponed)
            && self.date.as_ref().is_some_and(is_same);
        (!has).then_some(until)
    }

    /// Takes in when, where and who: the newest word on each holds.
    fn details(&mut self, entry: &Entry, kind: Kind, detail: &Meeting, until: Option<&Occurred>) {
        let given = |new: &Option<String>, known: &mut Option<String>| {
            if new.is_some() {
                known.clone_from(new);
            }
        };
        given(&detail.place, &mut self.place);
        given(&detail.level, &mut self.level);
        self.round = detail.round.or(self.round);
        self.outcome = detail.outcome.or(self.outcome);
        if kind == Kind::MeetingAgreement && self.outcome.is_none() {
            self.outcome = Some(Outcome::JointText);
        }
        if is_session(kind) {
            // The session itself tells when it was, once; a plan told only when it was to be.
            if detail.date.is_some() || !self.was_in_session {
                self.date = detail.date.as_ref().or(entry.effect()).or(self.date.as_ref()).cloned();
            }
        } else if kind == Kind::MeetingPostponed {
            // Put off sine die, the old date is void.
            self.date = until.cloned();
        } else if detail.date.is_some() {
            self.date.clone_from(&detail.date);
        }
    }
}

#[cfg(test)]
mod tests;
