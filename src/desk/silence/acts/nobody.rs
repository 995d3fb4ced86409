//! Acts that name nobody towards whom they are: what they are about tells.

use crate::desk::error::DeskError;
use crate::desk::meetings::{self, Told};
use crate::desk::silence::Cell;
use crate::desk::silence::act::Act;
use crate::desk::silence::acts::answers::answer;
use crate::desk::silence::acts::{Acts, Search};
use crate::desk::silence::sides::Side;
use crate::domain::event::Event;
use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::{EntityId, EventId};
use crate::domain::words::Directness;
use crate::projections::newest::Test;

/// What an addressee does about an offer towards whoever made it, beside answering it in words: its silence ends with it.
pub(in crate::desk) const ACTS_OF_ADDRESSEES: [Kind; 3] =
    [Kind::ResponseConduct, Kind::OvertureReceiptConfirmed, Kind::OvertureReceiptRefused];
/// What whoever made an offer does about it towards its addressees: its silence ends with it. That an offer lapsed, was
/// superseded or is moot need not be said to anybody.
pub(in crate::desk) const ACTS_OF_PROPOSERS: [Kind; 6] = [
    Kind::OvertureIssued,
    Kind::OvertureReiterated,
    Kind::OvertureRevised,
    Kind::OvertureExtended,
    Kind::OvertureUrged,
    Kind::OvertureWithdrawn,
];

/// What one side says of a meeting that is to be.
const OF_PLANS: [Kind; 5] = [
    Kind::MeetingAgreed,
    Kind::MeetingScheduled,
    Kind::MeetingDetailsChanged,
    Kind::MeetingPostponed,
    Kind::MeetingCancelled,
];

impl Search<'_> {
    /// Returns the test of calls on lines between the two that name nobody who was called: the line tells who, unless
    /// somebody else calls, another body of either side say.
    pub(super) fn to_nobody_on(&self, lines: Vec<EntityId>) -> Test {
        let mut tests = vec![Test::About(lines), Test::Unaddressed(KindClass::Attempt)];
        if self.towards.is_some() {
            let (callers, others) = self.known.register.parties().map(|(id, _)| id).partition(|id| {
                let sides = [Some(self.silent), self.towards];
                sides.iter().flatten().any(|side| side.is_end(self.known, &[*id]))
            });
            let nobody_else = Test::Not(Box::new(Test::From(others)));
            tests.push(Test::Any(vec![Test::From(callers), nobody_else]));
        }
        Test::All(tests)
    }

    /// What is said or done about an offer and names nobody to whom: its proposer is meant by whoever answers it, and
    /// its addressees by the proposer. Remarks to nobody are told apart.
    pub(super) fn unaddressed(&self, acts: &mut Acts) -> Result<(), DeskError> {
        if let Some(towards) = self.towards {
            let answers = vec![Test::Unaddressed(KindClass::Answer), Test::PerhapsLinked];
            let others = Test::Kind([&ACTS_OF_ADDRESSEES[..], &ACTS_OF_PROPOSERS].concat());
            let others = vec![Test::Unaddressed(KindClass::Speech), others];
            let base = Test::All(vec![self.by_us(), Test::Any(vec![Test::All(answers), Test::All(others)])]);
            let meant = |cell: &Cell, act: &Act| {
                Ok(self.means_a_side(act, towards)? && (!cell.is_answer() || self.is_answer(act)?))
            };
            let mut sorts = self.everywhere();
            sorts.push((Cell::Answer, answer()));
            let direct = Test::All(vec![answer(), self.channels.reaching(Directness::Direct)]);
            sorts.push((Cell::DirectAnswer, direct));
            sorts.push((Cell::PublicRemark, self.channels.reaching(Directness::Public)));
            self.fill_wanted(acts, &base, sorts, meant)?;
        }
        let nobody = Test::All(vec![Test::Unaddressed(KindClass::Speech), self.by_us()]);
        let open =
            Test::Any(vec![Test::Class(KindClass::Remark), self.channels.reaching(Directness::Public)]);
        // What is said over a line is said to its other end.
        let lines = acts.lines.clone();
        let is_over_a_line = |act: &Act| self.towards.is_some() && act.is_over(&lines);
        let loose = |_: &Cell, act: &Act| Ok(!is_over_a_line(act) && self.answers_what(act)?.is_empty());
        self.fill_wanted(acts, &nobody, vec![(Cell::RemarkToNobody, open)], loose)
    }

    /// Tells whether an act about an offer that names nobody is one towards a side.
    fn means_a_side(&self, act: &Act, side: &Side) -> Result<bool, DeskError> {
        let kind = act.entry.event.as_ref().map(Event::kind);
        let is_proposers = kind.is_some_and(|kind| ACTS_OF_PROPOSERS.contains(&kind));
        for overture in self.answers_what(act)?.iter() {
            let offer = self.known.entry(EventId::from_uuid(*overture.as_uuid()))?;
            let Some(offer) = offer.and_then(|offer| offer.event).map(|event| event.envelope) else {
                continue;
            };
            let is_meant = if is_proposers {
                self.silent.has(&offer.from) && side.has(&offer.to)
            } else {
                side.has(&offer.from)
            };
            if is_meant {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether what is said of a meeting is what became of it: that one opened which was over is no session.
    pub(super) fn took_place(&self, act: &Act) -> Result<bool, DeskError> {
        Ok(self.meeting_of(act)?.is_none_or(|told| fits(&told, act)))
    }

    fn meeting_of(&self, act: &Act) -> Result<Option<Told>, DeskError> {
        let is_session = act.entry.event.as_ref().is_some_and(|event| KindClass::Held.has(event.kind()));
        if is_session { self.meeting(act) } else { Ok(None) }
    }

    /// Returns the meeting that an act is about.
    fn meeting(&self, act: &Act) -> Result<Option<Told>, DeskError> {
        let Some(event) = &act.entry.event else { return Ok(None) };
        let meeting = event.created(act.entry.id).or_else(|| event.envelope.about.first().copied());
        Ok(meeting.map(|id| meetings::told(self.known, id)).transpose()?.flatten())
    }

    /// Meetings of which the entry does not say who sat there: those of the meeting are meant. It says so where it names
    /// several, who then were there without the rest.
    pub(super) fn meetings_of_nobody(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let met = |_: &Cell, act: &Act| {
            let from = act.entry.event.as_ref().map_or(&[][..], |event| event.envelope.from.as_slice());
            let is_of_a_side = from.len() <= 1 || from.iter().all(|party| self.silent.ids.contains(party));
            let Some(told) = (if is_of_a_side { self.meeting_of(act)? } else { None }) else {
                return Ok(false);
            };
            let parties = &told.standing.parties;
            let is_meant = self.silent.has(parties) && self.towards.is_none_or(|side| side.has(parties));
            Ok(is_meant && fits(&told, act))
        };
        let mut sorts = self.everywhere();
        sorts.retain(|(cell, _)| *cell != Cell::Way(None));
        sorts.push((Cell::Talks, Test::All(Vec::new())));
        sorts.push((Cell::Way(Some(Directness::Direct)), self.channels.untold()));
        self.fill_wanted(acts, &Test::Unaddressed(KindClass::Held), sorts, met)?;
        let Some(towards) = self.towards else { return Ok(()) };
        // Who calls a meeting off, and names nobody, says so to those who were to come.
        let planned = Test::Kind(OF_PLANS.to_vec());
        let base = Test::All(vec![self.by_us(), Test::Unaddressed(KindClass::Speech), planned]);
        let said = |_: &Cell, act: &Act| {
            let Some(told) = self.meeting(act)? else { return Ok(false) };
            Ok(towards.has(&told.standing.parties))
        };
        let mut sorts = self.everywhere();
        sorts.push((Cell::PublicRemark, self.channels.reaching(Directness::Public)));
        self.fill_wanted(acts, &base, sorts, said)
    }
}

/// Tells whether no rule sets an act of a meeting aside: what did not fit, and holds all the same, took place, and what
/// came when the meeting was over did not.
fn fits(told: &Told, act: &Act) -> bool {
    let standing = &told.standing;
    !standing.after_end.contains(&act.entry.id)
        && standing.misfits.iter().all(|misfit| misfit.entry != act.entry.id || misfit.takes_effect)
}
