//! What each kind of entry does: its way, its currency, and what realises it.

use crate::domain::event::Event;
use crate::domain::fact::overture::Step;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::EntityId;
use crate::domain::link::Relation;
use crate::domain::overture::answer::Said;
use crate::domain::overture::currency::{Currency, Turn};
use crate::domain::overture::delivery::Delivery;
use crate::domain::overture::effect::{Effect, Remark};
use crate::domain::overture::fold::says::{beside, said, speakers};
use crate::domain::overture::fold::{Fold, offer_of};
use crate::domain::reading::Entry;
use crate::domain::words::Evidence;

impl Fold<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds act by their link alone")]
    pub(super) fn act(&mut self, entry: &Entry, event: &Event) {
        let kind = event.kind();
        if kind.family() == "meeting" {
            return self.meeting(entry, event);
        }
        if kind.family() == "channel" || kind == Kind::CallAnswered {
            return self.channel(entry, event);
        }
        if !self.bears(event) {
            return self.effect(entry, Effect::Beside(beside(event)));
        }
        match &event.fact {
            Fact::OvertureIssued(_) => self.step(entry, Delivery::Issued),
            Fact::OvertureConveyed(_) => self.step(entry, Delivery::Conveyed),
            Fact::OvertureDelivered(_) => self.step(entry, Delivery::Delivered),
            Fact::OvertureReceiptConfirmed(_) => self.step(entry, Delivery::ReceiptConfirmed),
            Fact::OvertureReceiptRefused(_) => self.step(entry, Delivery::ReceiptRefused),
            Fact::OvertureReceiptUnclear(_) => self.step(entry, Delivery::ReceiptUnclear),
            Fact::OvertureReiterated(step) => self.reiterated(entry, event, Some(step)),
            Fact::OvertureRevised(_) => self.revised(entry, event),
            Fact::OvertureExtended(step) => self.extended(entry, event, step),
            Fact::OvertureUrged(_) => self.urged(entry, event),
            Fact::OvertureLapsed(_) => self.ends(entry, event, Currency::Lapsed),
            Fact::OvertureWithdrawn(_) => self.ends(entry, event, Currency::Withdrawn),
            Fact::OvertureSuperseded(step) => {
                self.superseded(entry, event, step.superseded_by);
            }
            Fact::OvertureMoot(_) => self.ends(entry, event, Currency::Moot),
            Fact::ConditionMet(_) => self.condition(entry, event, Said::ConditionMet),
            Fact::ConditionRefused(_) => self.condition(entry, event, Said::ConditionRefused),
            Fact::ResponseConduct(_) => self.conduct(entry, event),
            Fact::SilenceRecorded(silence) => self.silence(entry, event, silence),
            fact => match said(fact) {
                Some(said) => self.answers(entry, event, said),
                None => self.by_link(entry, event),
            },
        }
    }

    /// Acts by what an entry of another kind, or an overture of its own, is to this one.
    fn by_link(&mut self, entry: &Entry, event: &Event) {
        let relation = self.link(&event.envelope).map(|link| link.relation);
        let overture = matches!(event.kind().subject(), Subject::Creates(EntityKind::Overture));
        match relation {
            Some(Relation::Counters | Relation::Answers) if overture => {
                self.answers(entry, event, Said::Countered);
            }
            Some(Relation::Revises) if overture => self.revised(entry, event),
            Some(Relation::Supersedes) if overture => {
                self.superseded(entry, event, event.created(entry.id));
            }
            Some(Relation::Reiterates) => self.reiterated(entry, event, None),
            Some(Relation::Realises) if !overture => self.ends(entry, event, Currency::Realised),
            relation => self.effect(entry, Effect::Beside(relation)),
        }
    }

    fn step(&mut self, entry: &Entry, step: Delivery) {
        match self.delivered.after(step) {
            Ok(after) => {
                if step == Delivery::Issued && self.delivered == Delivery::Drafted {
                    self.sent(entry);
                }
                self.delivered = after;
                self.effect(entry, Effect::Step(after));
            }
            Err(expected) => self.misfit(entry, expected, self.delivered.as_str()),
        }
    }

    /// Tells whether the entry may do what only the proposer can: it speaks, or nobody is named.
    fn by_proposer(&mut self, entry: &Entry, event: &Event) -> bool {
        let by = speakers(&event.envelope);
        if by.is_empty() || self.is_proposer(&by) {
            return true;
        }
        self.standing.remarks.push(Remark::NotProposer { entry: entry.id, by });
        self.effect(entry, Effect::NotProposer);
        false
    }

    /// Turns the currency; tells whether a rule allows it.
    fn turn(&mut self, entry: &Entry, turn: Turn) -> bool {
        match self.standing.currency.after(turn) {
            Ok(after) => {
                if after != self.standing.currency {
                    self.standing.currency_by = (after != Currency::Standing).then_some(entry.id);
                }
                self.standing.currency = after;
                true
            }
            Err(expected) => {
                self.misfit(entry, expected, self.standing.currency.as_str());
                false
            }
        }
    }

    fn reiterated(&mut self, entry: &Entry, event: &Event, step: Option<&Step>) {
        let by = speakers(&event.envelope);
        if !by.is_empty() && !self.is_proposer(&by) {
            return self.urged(entry, event);
        }
        if !self.turn(entry, Turn::Reiterated) {
            return;
        }
        let reiterations = &mut self.standing.reiterations;
        reiterations.count = reiterations.count.saturating_add(1);
        reiterations.last = Some(entry.id);
        reiterations.last_date = entry.effect().cloned();
        for party in by {
            if !reiterations.by.contains(&party) {
                reiterations.by.push(party);
            }
        }
        let count = reiterations.count;
        if let Some(deadline) = step.and_then(|step| step.deadline.clone()) {
            self.standing.terms.extended = Some((entry.id, Some(deadline)));
        }
        self.effect(entry, Effect::Reiterated(count));
    }

    fn revised(&mut self, entry: &Entry, event: &Event) {
        if !self.by_proposer(entry, event) || !self.turn(entry, Turn::Revised) {
            return;
        }
        self.standing.version = self.standing.version.saturating_add(1);
        let version = self.standing.version;
        self.standing.terms.revise(&offer_of(&event.fact).cloned().unwrap_or_default(), entry.id);
        self.await_from(entry);
        self.effect(entry, Effect::Revised(version));
    }

    fn extended(&mut self, entry: &Entry, event: &Event, step: &Step) {
        if self.by_proposer(entry, event) && self.turn(entry, Turn::Extended) {
            self.standing.terms.extended = Some((entry.id, step.deadline.clone()));
            self.await_from(entry);
            self.effect(entry, Effect::Extended);
        }
    }

    fn urged(&mut self, entry: &Entry, event: &Event) {
        let by = speakers(&event.envelope);
        self.standing.remarks.push(Remark::Urged { entry: entry.id, by });
        self.effect(entry, Effect::Urged);
    }

    pub(super) fn ends(&mut self, entry: &Entry, event: &Event, end: Currency) {
        if end == Currency::Withdrawn && !self.by_proposer(entry, event) {
            return;
        }
        if self.turn(entry, Turn::Ends(end)) {
            self.effect(entry, Effect::Ends(end));
        }
    }

    fn superseded(&mut self, entry: &Entry, event: &Event, by: Option<EntityId>) {
        if self.by_proposer(entry, event) && self.turn(entry, Turn::Ends(Currency::Superseded)) {
            self.standing.superseded_by = by.or(self.standing.superseded_by);
            self.effect(entry, Effect::Ends(Currency::Superseded));
        }
    }

    /// A meeting that takes place realises the overture that it is linked to, or that led to it (rule 14). One that
    /// was cancelled stays so: a revived meeting is a new one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind ends a meeting")]
    fn meeting(&mut self, entry: &Entry, event: &Event) {
        let ours = |meeting: &EntityId| self.elsewhere.meetings.contains(meeting);
        let moved: Vec<EntityId> = meetings_of(entry, event).into_iter().filter(ours).collect();
        if !moved.is_empty() && moved.iter().all(|meeting| self.cancelled.contains(meeting)) {
            return self.effect(entry, Effect::Meeting);
        }
        match event.kind() {
            Kind::MeetingCancelled => {
                let open = moved.iter().filter(|meeting| !self.concluded.contains(meeting));
                self.cancelled.extend(open);
            }
            Kind::MeetingConcluded | Kind::MeetingHeld | Kind::MeetingAgreement => {
                self.concluded.extend(&moved);
            }
            _ => {}
        }
        let linked = self.bears(event)
            || event.envelope.about.iter().any(ours)
            || event.created(entry.id).as_ref().is_some_and(ours);
        let takes_place = matches!(
            event.kind(),
            Kind::MeetingOpened
                | Kind::MeetingRecessed
                | Kind::MeetingResumed
                | Kind::MeetingAdjourned
                | Kind::MeetingBrokenOff
                | Kind::MeetingConcluded
                | Kind::MeetingHeld
                | Kind::MeetingAgreement
        );
        match (linked, takes_place) {
            (true, true) => self.ends(entry, event, Currency::Realised),
            (true, false) => self.effect(entry, Effect::Meeting),
            (false, _) => self.effect(entry, Effect::Beside(None)),
        }
    }

    /// A channel that works again realises the overture that proposes it, or that it is linked to; that its
    /// restoration is announced changes nothing.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other fact makes a channel work again")]
    fn channel(&mut self, entry: &Entry, event: &Event) {
        let restores = &self.standing.terms.offer.restores;
        let proposed = event.envelope.about.iter().any(|channel| restores.contains(channel));
        let works = match &event.fact {
            Fact::ChannelOpened(works) | Fact::ChannelRestored(works) | Fact::ChannelReopened(works) => {
                (proposed || self.bears(event)) && works.evidence != Some(Evidence::Announced)
            }
            Fact::CallAnswered(_) => proposed,
            _ => false,
        };
        // Once it has come about, further calls on the line are no news of the offer.
        let news = self.standing.currency != Currency::Realised || self.bears(event);
        if works && news && !matches!(event.kind(), Kind::CallAnswered if !self.is_open_to_calls()) {
            self.ends(entry, event, Currency::Realised);
        } else {
            self.effect(entry, Effect::Beside(self.link(&event.envelope).map(|link| link.relation)));
        }
    }

    /// Tells whether a call that was answered can still realise the offer, rather than misfit it.
    fn is_open_to_calls(&self) -> bool {
        matches!(self.standing.currency, Currency::Standing | Currency::Lapsed)
    }
}

/// Returns the meetings that an entry moves: its own, else those that it is about or linked to.
fn meetings_of(entry: &Entry, event: &Event) -> Vec<EntityId> {
    let links = event.envelope.links.iter().filter(|link| link.relation.enters_history());
    let linked = links.filter(|_| event.created(entry.id).is_none()).map(|link| link.target.into());
    event.created(entry.id).into_iter().chain(event.envelope.about.iter().copied()).chain(linked).collect()
}
