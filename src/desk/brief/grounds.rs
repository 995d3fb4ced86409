//! On which entries it rests what is said of where an offer stands.

use crate::domain::id::EventId;
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::answer::{AnswerState, Late, Reply};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::effect::{Effect, Remark};
use crate::domain::overture::status::{OvertureStatus, Unanswered};

/// Of so many reiterations each is named; of more the last alone.
const REITERATIONS_MAX: usize = 5;

/// On what a sentence rests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rests {
    /// Entries, and the policies that set a time.
    pub(super) on: Vec<EventId>,
    /// It follows from the clock, or from there being no entry.
    pub(super) derived: bool,
}

/// On what the sentences about where an offer stands rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grounds {
    /// Its state and its age.
    pub(super) state: Rests,
    /// What each addressee answered, in their order.
    pub(super) answers: Vec<Rests>,
    /// By when an answer was asked for.
    pub(super) due: Rests,
    /// How far it got.
    pub(super) delivery: Rests,
    /// How often it was said again.
    pub(super) reiterated: Rests,
    /// What else must be said, each in its order.
    pub(super) remarks: Vec<Rests>,
}

impl Rests {
    fn on(entries: impl IntoIterator<Item = EventId>) -> Self {
        Self { on: entries.into_iter().collect(), derived: false }
    }

    fn derived() -> Self {
        Self { on: Vec::new(), derived: true }
    }

    fn and(mut self, other: Self) -> Self {
        self.on.extend(other.on);
        self.derived |= other.derived;
        self
    }
}

impl Grounds {
    /// Returns on what it rests where an offer stands.
    pub(super) fn of(standing: &OvertureStanding) -> Self {
        let offer = EventId::from_uuid(*standing.overture.as_uuid());
        let answers: Vec<Rests> = standing.replies.iter().map(answer).collect();
        let due = standing.window.map_or_else(Rests::default, |window| Rests::on([window.by]));
        let mut steps = standing.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Step(_)));
        let delivery = if standing.delivery_inferred {
            Rests::on(standing.replies.iter().filter_map(|reply| reply.entry))
        } else {
            Rests::on([steps.next_back().map_or(offer, |(entry, _)| *entry)])
        };
        let again = standing.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Reiterated(_)));
        let again: Vec<EventId> = again.map(|(entry, _)| *entry).collect();
        let most = again.len().checked_sub(1).filter(|_| again.len() > REITERATIONS_MAX);
        Self {
            // How old it is follows from the clock.
            state: Rests { on: vec![offer], derived: standing.issued.is_some() }
                .and(state(standing, &answers, &due)),
            answers,
            due,
            delivery,
            reiterated: Rests::on(again.into_iter().skip(most.unwrap_or_default())),
            remarks: standing.remarks.iter().map(|remark| of_remark(standing, offer, remark)).collect(),
        }
    }
}

fn state(standing: &OvertureStanding, answers: &[Rests], due: &Rests) -> Rests {
    let ended = Rests::on(standing.currency_by.filter(|_| standing.currency != Currency::Standing));
    let of_answers = || answers.iter().cloned().fold(Rests::default(), Rests::and);
    match standing.status {
        OvertureStatus::Pending => due.clone().and(Rests::derived()),
        OvertureStatus::Unanswered => {
            standing.unanswered.as_ref().map_or_else(Rests::default, unanswered).and(of_answers()).and(ended)
        }
        OvertureStatus::Acknowledged
        | OvertureStatus::Deflected
        | OvertureStatus::Negotiating
        | OvertureStatus::Accepted
        | OvertureStatus::Rejected
        | OvertureStatus::PartlyAnswered => of_answers().and(ended),
        OvertureStatus::LapsedUnanswered => ended.and(Rests::derived()),
        OvertureStatus::Withdrawn
        | OvertureStatus::Superseded
        | OvertureStatus::Realised
        | OvertureStatus::Moot => {
            let through =
                standing.replies.iter().filter_map(|reply| Some(reply.settled.as_ref()?.entry)).take(1);
            let through = Rests::on(through.filter(|_| standing.currency_by.is_none()));
            let successor = standing.superseded_by.map(|by| EventId::from_uuid(*by.as_uuid()));
            let is_superseded = standing.currency == Currency::Superseded;
            ended.and(through).and(Rests::on(successor.filter(|_| is_superseded)))
        }
        OvertureStatus::Drafted | OvertureStatus::Unknown => Rests::default(),
    }
}

/// Returns on what it rests what an addressee answered, that it came late, and that none came.
fn answer(reply: &Reply) -> Rests {
    if reply.effective() == AnswerState::None {
        return reply.unanswered.as_ref().map_or_else(Rests::derived, unanswered);
    }
    let settled = reply.settled.as_ref().map(|through| through.entry);
    let contrary = reply.contrary.map(|(_, entry)| entry);
    Rests::on(reply.entry.into_iter().chain(reply.late.as_ref().map(late)).chain(settled).chain(contrary))
}

fn unanswered(why: &Unanswered) -> Rests {
    match why {
        Unanswered::Found(finding) => Rests::on([finding.entry]),
        Unanswered::WindowOver { rule, .. } => Rests { on: vec![*rule], derived: true },
    }
}

fn late(against: &Late) -> EventId {
    match against {
        Late::Due(window) => window.by,
        Late::Lapsed(entry) | Late::Found(entry) => *entry,
    }
}

fn of_remark(standing: &OvertureStanding, offer: EventId, remark: &Remark) -> Rests {
    let answer_of = |addressee| {
        let reply = standing.replies.iter().find(|reply| reply.addressee == addressee);
        reply.and_then(|reply| reply.settled.as_ref().map(|through| through.entry).or(reply.entry))
    };
    match remark {
        Remark::ReiteratedSince { addressee, .. } => {
            Rests::on(standing.reiterations.last.into_iter().chain(answer_of(*addressee)))
        }
        Remark::RevisedSince { addressee, .. } => {
            Rests::on(standing.terms.set_by().into_iter().chain(answer_of(*addressee)))
        }
        Remark::Late { entry, against, .. } => Rests::on([*entry, late(against)]),
        Remark::Overtaken(other) => Rests::on([EventId::from_uuid(*other.as_uuid())]),
        Remark::SettledThrough(counter) => {
            let through = standing.replies.iter().filter_map(|reply| reply.settled.as_ref());
            let through = through.filter(|through| through.counter == *counter).map(|through| through.entry);
            Rests::on([EventId::from_uuid(*counter.as_uuid())].into_iter().chain(through.take(1)))
        }
        Remark::AnsweredAfter { entry, .. } => Rests::on([*entry].into_iter().chain(standing.currency_by)),
        Remark::NotAddressee { entry, .. }
        | Remark::NotProposer { entry, .. }
        | Remark::Urged { entry, .. }
        | Remark::NoDirectAnswer { entry, .. }
        | Remark::Conduct(entry)
        | Remark::Fulfilment(entry)
        | Remark::FindingWithoutEffect(entry)
        | Remark::DoubtfulLink(entry)
        | Remark::Possibly(entry) => Rests::on([*entry]),
        Remark::NoAddressee => Rests::on([offer]),
        Remark::Tie(first, second) => Rests::on([*first, *second]),
    }
}
