//! The fold of a story: what each entry does to the three regions, in the order of effect.

mod act;
mod answers;
mod closing;
mod says;

use std::collections::HashSet;

use crate::domain::event::{Envelope, Event};
use crate::domain::fact::overture::Offer;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Link;
use crate::domain::occurred::Precision;
use crate::domain::overture::ChainOffer;
use crate::domain::overture::answer::{AnswerState, Reply, Through};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::delivery::Delivery;
use crate::domain::overture::effect::{Effect, Remark};
use crate::domain::overture::{Anomaly, Elsewhere, OvertureStanding, Setting, Settled, Settlement, waited};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Directness;

/// Returns where the overture stands after the story, in the given order; what is not its `own` only
/// settles counter-proposals to it.
pub(super) fn fold(
    overture: EntityId,
    story: &[&Entry],
    own: &HashSet<EventId>,
    elsewhere: &Elsewhere,
    setting: &Setting<'_>,
) -> OvertureStanding {
    let mut fold = Fold {
        standing: OvertureStanding::new(overture),
        delivered: Delivery::Issued,
        passed: HashSet::new(),
        cancelled: HashSet::new(),
        concluded: HashSet::new(),
        came_about: HashSet::new(),
        closed: None,
        own,
        elsewhere,
        setting,
        thread: thread_of(overture, story),
    };
    let issue = story.iter().position(|entry| creates(entry, overture));
    let (before, rest) = story.split_at_checked(issue.unwrap_or(0)).unwrap_or((&[], story));
    let issued = rest.first().filter(|_| issue.is_some());
    // An entry whose date may lie before the offer and may lie after it came after it.
    let (after, too_early): (Vec<&&Entry>, Vec<&&Entry>) = before.iter().partition(|entry| {
        issued.is_some_and(|issued| entry.bounds(setting.zone).1 >= issued.bounds(setting.zone).0)
    });
    for entry in too_early {
        fold.too_early(entry);
    }
    let rest = rest.iter().skip(usize::from(issued.is_some()));
    for entry in issued.into_iter().chain(after).chain(rest) {
        fold.take(entry);
    }
    fold.finish()
}

/// Tells whether the entry brought `entity` into being.
fn creates(entry: &Entry, entity: EntityId) -> bool {
    entry.event.as_ref().and_then(|event| event.created(entry.id)) == Some(entity)
}

/// Returns the entries of the thread: what bears on the overture, or on an entry of the thread that is no
/// overture or meeting of its own.
fn thread_of(overture: EntityId, story: &[&Entry]) -> HashSet<EventId> {
    let mut thread: HashSet<EventId> = HashSet::new();
    loop {
        let known = thread.len();
        for entry in story {
            let Some(event) = &entry.event else { continue };
            let on = |link: &Link| {
                link.relation.enters_history()
                    && (EntityId::from(link.target) == overture || thread.contains(&link.target))
            };
            let own = event.created(entry.id).is_some();
            if !own && (event.envelope.about.contains(&overture) || event.envelope.links.iter().any(on)) {
                thread.insert(entry.id);
            }
        }
        if thread.len() == known {
            return thread;
        }
    }
}

/// The state of the fold.
struct Fold<'a> {
    standing: OvertureStanding,
    // How far it got by what was recorded; what an answer implies is shown and does not move this.
    delivered: Delivery,
    // Entries that were taken in: a counter-proposal may be settled before it reads as made.
    passed: HashSet<EventId>,
    // Meetings that were cancelled, and that were concluded: whichever comes first is the end of one.
    cancelled: HashSet<EntityId>,
    concluded: HashSet<EntityId>,
    // Counter-proposals that came about.
    came_about: HashSet<EntityId>,
    // Since when nobody is waited for.
    closed: Option<Timestamp>,
    own: &'a HashSet<EventId>,
    elsewhere: &'a Elsewhere,
    setting: &'a Setting<'a>,
    thread: HashSet<EventId>,
}

impl Fold<'_> {
    fn effect(&mut self, entry: &Entry, effect: Effect) {
        self.standing.effects.push((entry.id, effect));
    }

    fn misfit(&mut self, entry: &Entry, expected: &str, found: &str) {
        let (expected, found) = (expected.to_owned(), found.to_owned());
        self.standing.anomalies.push(Anomaly { entry: entry.id, expected, found });
        self.effect(entry, Effect::Misfit);
    }

    fn too_early(&mut self, entry: &Entry) {
        self.passed.insert(entry.id);
        if !self.own.contains(&entry.id) {
            return;
        }
        match &entry.event {
            None => self.effect(entry, Effect::Redacted),
            Some(event) if self.bears(event) => {
                self.misfit(entry, "a date after the offer", "a date before it");
            }
            Some(_) => self.effect(entry, Effect::Beside(None)),
        }
    }

    /// Tells whether the event belongs to the overture itself, and is not only in its story.
    fn bears(&self, event: &Event) -> bool {
        event.envelope.about.contains(&self.standing.overture) || self.link(&event.envelope).is_some()
    }

    /// Returns the link by which an entry enters the history of the overture.
    fn link<'e>(&self, envelope: &'e Envelope) -> Option<&'e Link> {
        let target = |id: EventId| EntityId::from(id) == self.standing.overture || self.thread.contains(&id);
        envelope.links.iter().find(|link| link.relation.enters_history() && target(link.target))
    }

    /// Tells whether one of `speakers` is one of `parties`, their root, or a body of them (rule 9).
    fn speaks_for(&self, speakers: &[EntityId], party: EntityId) -> bool {
        let world = self.setting.world;
        speakers.iter().any(|speaker| world.is_within(*speaker, party) || world.is_within(party, *speaker))
    }

    fn is_proposer(&self, speakers: &[EntityId]) -> bool {
        self.standing.proposer.iter().any(|proposer| self.speaks_for(speakers, *proposer))
    }

    fn take(&mut self, entry: &Entry) {
        self.passed.insert(entry.id);
        if self.own.contains(&entry.id) {
            self.take_own(entry);
        }
        self.settle(entry);
        self.note_closing(entry);
        let standing = &mut self.standing;
        let yes = |reply: &Reply| reply.effective() == AnswerState::Accepted;
        let accepted = !standing.replies.is_empty() && standing.replies.iter().all(yes);
        standing.accepted_by = accepted.then(|| standing.accepted_by.unwrap_or(entry.id));
        let realised = standing.currency == Currency::Realised;
        standing.realised_by = realised.then(|| standing.realised_by.unwrap_or(entry.id));
    }

    fn take_own(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return self.effect(entry, Effect::Redacted) };
        if creates(entry, self.standing.overture) {
            return self.issue(entry, event);
        }
        if self.standing.issue.is_none() {
            // The offer itself cannot be read: who could answer, and what, is not known.
            return self.effect(entry, Effect::Beside(None));
        }
        let before = self.standing.effects.len();
        self.act(entry, event);
        let moved = self.standing.effects.get(before).is_some_and(|(_, effect)| effect.moves());
        self.note_doubt(entry, moved);
    }

    /// Notes that an entry counts from the earliest moment that its date can mean, and may be yet to come;
    /// what was recorded as having happened had happened by then.
    fn note_doubt(&mut self, entry: &Entry, moved: bool) {
        let announced = entry.event.as_ref().is_some_and(|event| event.envelope.effective.is_some());
        let latest = entry.bounds(self.setting.zone).1;
        let latest = if announced { latest } else { latest.min(entry.at) };
        let lasts = entry
            .effect()
            .is_some_and(|effect| effect.precision() == Precision::Interval && !effect.is_doubtful());
        if moved && latest > self.setting.at && !lasts {
            self.standing.remarks.push(Remark::Possibly(entry.id));
        }
    }

    fn issue(&mut self, entry: &Entry, event: &Event) {
        let draft = event.kind() == Kind::OvertureDrafted;
        let envelope = &event.envelope;
        self.delivered = if draft { Delivery::Drafted } else { Delivery::Issued };
        let standing = &mut self.standing;
        standing.issue = Some(entry.id);
        standing.proposer.clone_from(&envelope.from);
        for principal in &envelope.on_behalf_of {
            if !standing.proposer.contains(principal) {
                standing.proposer.push(*principal);
            }
        }
        standing.via.clone_from(&envelope.via);
        let to = self.made_to(event);
        let standing = &mut self.standing;
        let mut named = HashSet::new();
        let addressees = to.iter().filter(|addressee| named.insert(**addressee));
        standing.replies = addressees.map(|addressee| Reply::none(*addressee)).collect();
        let terms = &mut standing.terms;
        terms.offer = offer_of(&event.fact).cloned().unwrap_or_default();
        terms.set_by = Some(entry.id);
        terms.proposer.clone_from(&standing.proposer);
        terms.addressees.clone_from(&to);
        terms.via.clone_from(&envelope.via);
        terms.kind = Some(event.kind());
        if draft {
            self.effect(entry, Effect::Drafted);
        } else {
            self.sent(entry);
            self.effect(entry, Effect::Issued);
        }
        if to.is_empty() {
            self.standing.remarks.push(Remark::NoAddressee);
        }
        self.note_doubt(entry, true);
    }

    /// Returns to whom the offer is made: a counter-proposal that names nobody, to whoever made what it counters.
    fn made_to(&self, event: &Event) -> Vec<EntityId> {
        let envelope = &event.envelope;
        if !envelope.to.is_empty() || event.kind() != Kind::ResponseCounterProposed {
            return envelope.to.clone();
        }
        let is_countered = |offer: &&ChainOffer| {
            let names = |id: EntityId| id == offer.overture;
            envelope.links.iter().any(|link| names(link.target.into()))
                || envelope.about.iter().copied().any(names)
        };
        let earlier = self.elsewhere.chain.iter().filter(|offer| offer.overture != self.standing.overture);
        let countered = earlier.filter(is_countered).flat_map(|offer| &offer.proposer);
        let mut made_to: Vec<EntityId> = Vec::new();
        for proposer in countered.filter(|party| !envelope.from.contains(party)) {
            if !made_to.contains(proposer) {
                made_to.push(*proposer);
            }
        }
        made_to
    }

    /// Notes that the offer went out with this entry.
    fn sent(&mut self, entry: &Entry) {
        self.standing.issued = entry.effect().cloned();
        self.await_from(entry);
    }

    /// An answer is awaited from this entry on.
    fn await_from(&mut self, entry: &Entry) {
        let (earliest, latest) = entry.bounds(self.setting.zone);
        let open_end = latest == Timestamp::MAX;
        self.standing.terms.since = Some(if open_end { earliest } else { latest });
    }

    fn finish(mut self) -> OvertureStanding {
        self.standing.delivery = self.delivered;
        if self.standing.delivery_inferred {
            // Said to be received, or seen to be: then nothing is inferred.
            self.standing.delivery_inferred = self.delivered != Delivery::ReceiptConfirmed;
            self.standing.delivery = Delivery::ReceiptConfirmed;
        }
        let at = self.setting.at;
        self.standing.window = self.standing.terms.window(self.setting, &self.in_force());
        self.standing.open = self.standing.is_open();
        self.standing.derive_status(at);
        self.remark();
        self.standing
    }

    /// Settles through counter-proposals (rule 11): those that this entry settles, and the one that it
    /// makes where that reads as settled before.
    fn settle(&mut self, entry: &Entry) {
        let elsewhere = self.elsewhere;
        for settlement in &elsewhere.settlements {
            let made = settlement.counter == EntityId::from(entry.id);
            let settled = settlement.entry.id == entry.id;
            if settled || (made && self.passed.contains(&settlement.entry.id)) {
                self.settle_through(settlement);
            }
        }
    }

    fn settle_through(&mut self, settlement: &Settlement) {
        let (counter, entry, zone) = (settlement.counter, &settlement.entry, self.setting.zone);
        let days = waited(*zone, self.standing.issued.as_ref(), entry.bounds(zone).0);
        let mut settles = false;
        for reply in self.standing.replies.iter_mut().filter(|reply| reply.counters.contains(&counter)) {
            settles = true;
            let already = reply.settled.as_ref().is_some_and(|through| through.counter == counter);
            if reply.state != AnswerState::Accepted && !already {
                let date = entry.effect().cloned();
                reply.settled = Some(Through { counter, entry: entry.id, date, days });
            }
        }
        if !settles {
            return;
        }
        if settlement.how == Settled::Realised {
            self.came_about.insert(counter);
        }
        let realised = |reply: &Reply| reply.counters.iter().any(|counter| self.came_about.contains(counter));
        if matches!(self.standing.currency, Currency::Standing | Currency::Lapsed)
            && self.standing.replies.iter().all(realised)
        {
            self.standing.currency = Currency::Realised;
            // What it lapsed by did not bring it about.
            self.standing.currency_by = None;
        }
        if !self.own.contains(&entry.id) {
            self.effect(entry, Effect::Settles(settlement.how));
        }
    }

    fn remark(&mut self) {
        let place = |id: Option<EventId>| {
            id.and_then(|id| self.standing.effects.iter().position(|(other, _)| *other == id))
        };
        let mut remarks = Vec::new();
        let last_said_again = place(self.standing.reiterations.last);
        let revision = place(self.standing.terms.set_by).filter(|_| self.standing.version > 1);
        for reply in &self.standing.replies {
            let (addressee, answer) = (reply.addressee, reply.effective());
            let Some(entry) = reply.entry else { continue };
            let answered = reply.settled.as_ref().map(|through| through.entry);
            let answered = place(Some(entry)).max(place(answered));
            if last_said_again > answered {
                remarks.push(Remark::ReiteratedSince { addressee, answer });
            }
            if revision > answered {
                remarks.push(Remark::RevisedSince { addressee, answer });
            }
            remarks.extend(reply.late.map(|against| Remark::Late { addressee, entry, against }));
            if let Some(directness) = reply.directness.filter(|directness| *directness != Directness::Direct)
                && !reply.answered_directly
                && reply.settled.is_none()
            {
                let by = reply.speakers.clone();
                remarks.push(Remark::NoDirectAnswer { answer, directness, by, entry });
            }
            remarks.extend(reply.settled.as_ref().map(|through| Remark::SettledThrough(through.counter)));
        }
        let own = self.elsewhere.chain.iter().position(|offer| offer.overture == self.standing.overture);
        let mut later = self.elsewhere.chain.iter().skip(own.map_or(usize::MAX, |own| own.saturating_add(1)));
        let world = self.setting.world;
        let ours = |party: &EntityId| {
            self.standing.proposer.iter().any(|proposer| world.is_one_side(*party, *proposer))
        };
        let overtakes = later.rfind(|offer| offer.proposer.iter().any(ours));
        remarks.extend(overtakes.map(|offer| Remark::Overtaken(offer.overture)));
        self.standing.remarks.extend(remarks);
    }
}

/// Returns the offer that an event makes, where it makes one.
#[expect(clippy::wildcard_enum_match_arm, reason = "a new kind of fact makes no offer")]
pub(crate) fn offer_of(fact: &Fact) -> Option<&Offer> {
    match fact {
        Fact::OvertureProposed(offer)
        | Fact::OvertureDrafted(offer)
        | Fact::OvertureDemanded(offer)
        | Fact::OvertureUltimatum(offer)
        | Fact::OvertureDeescalation(offer)
        | Fact::OvertureMediationOffered(offer)
        | Fact::OvertureRevised(offer) => Some(offer),
        Fact::ResponseCounterProposed(answer) => answer.offer.as_ref(),
        _ => None,
    }
}
