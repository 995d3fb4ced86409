//! What the addressees say and do, and that they do not: each has an answer of its own.

use crate::domain::event::Event;
use crate::domain::fact::overture::Silence;
use crate::domain::id::EntityId;
use crate::domain::link::{Confidence, Relation};
use crate::domain::overture::answer::{AnswerState, FirstAnswer, Late, Reply, Said};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::effect::{Effect, Remark};
use crate::domain::overture::fold::Fold;
use crate::domain::overture::fold::says::{answer_of, scope_of, speakers, step_of};
use crate::domain::overture::status::Finding;
use crate::domain::overture::waited;
use crate::domain::reading::Entry;
use crate::domain::words::{Basis, Directness, Form, SilenceScope};

impl Fold<'_> {
    pub(super) fn conduct(&mut self, entry: &Entry, event: &Event) {
        let by = speakers(&event.envelope);
        let acting: Vec<usize> = self.addressed(&by, &[]);
        if acting.is_empty() && self.is_proposer(&by) {
            self.standing.remarks.push(Remark::Fulfilment(entry.id));
            if self.link(&event.envelope).is_some_and(|link| link.relation == Relation::Realises) {
                return self.ends(entry, event, Currency::Realised);
            }
            return self.effect(entry, Effect::Fulfilment);
        }
        if acting.is_empty() {
            self.standing.remarks.push(Remark::NotAddressee { entry: entry.id, by });
            return self.effect(entry, Effect::NotAddressee);
        }
        for place in acting {
            if let Some(reply) = self.standing.replies.get_mut(place) {
                reply.conduct.push(entry.id);
            }
        }
        // Whoever opens a dam need not have read the letter: conduct tells of no receipt.
        self.standing.remarks.push(Remark::Conduct(entry.id));
        self.effect(entry, Effect::Conduct);
    }

    /// Returns the places of the addressees for whom `speakers` speak, of those in `only` where it names
    /// any.
    fn addressed(&self, speakers: &[EntityId], only: &[EntityId]) -> Vec<usize> {
        let replies = self.standing.replies.iter().enumerate();
        replies
            .filter(|(_, reply)| only.is_empty() || only.contains(&reply.addressee))
            .filter(|(_, reply)| self.speaks_for(speakers, reply.addressee))
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn answers(&mut self, entry: &Entry, event: &Event, said: Said) {
        let by = speakers(&event.envelope);
        let only = step_of(&event.fact).map_or(&[][..], |step| &step.addressees);
        let mut places = self.addressed(&by, only);
        let proposer = self.is_proposer(&by);
        if places.is_empty() && proposer && said == Said::Accepted {
            // The proposer takes the change.
            let replies = self.standing.replies.iter().enumerate();
            let changed = replies.filter(|(_, reply)| reply.said == Some(Said::AcceptedWithChanges));
            places = changed.map(|(place, _)| place).collect();
        }
        if places.is_empty() && !proposer && self.standing.terms.addressees.is_empty() {
            // The offer names nobody: whoever answers is one of those to whom it was made.
            let first = self.standing.replies.len();
            self.standing.replies.extend(by.iter().map(|speaker| Reply::none(*speaker)));
            places = (first..self.standing.replies.len()).collect();
        }
        if places.is_empty() {
            self.standing.remarks.push(Remark::NotAddressee { entry: entry.id, by });
            return self.effect(entry, Effect::NotAddressee);
        }
        self.move_answers(entry, event, said, &places);
    }

    /// A condition is met or refused by the proposer, or said to be by the addressee that set it.
    pub(super) fn condition(&mut self, entry: &Entry, event: &Event, said: Said) {
        let by = speakers(&event.envelope);
        let mut places = self.addressed(&by, &[]);
        if by.is_empty() || (places.is_empty() && self.is_proposer(&by)) {
            let to = &event.envelope.to;
            let set = |reply: &Reply| {
                reply.state == AnswerState::Conditional
                    && (to.is_empty() || self.speaks_for(to, reply.addressee))
            };
            let replies = self.standing.replies.iter().enumerate();
            places = replies.filter(|(_, reply)| set(reply)).map(|(place, _)| place).collect();
            if places.is_empty() {
                return self.misfit(entry, "conditional", "no condition");
            }
        }
        if places.is_empty() {
            self.standing.remarks.push(Remark::NotAddressee { entry: entry.id, by });
            return self.effect(entry, Effect::NotAddressee);
        }
        self.move_answers(entry, event, said, &places);
    }

    fn move_answers(&mut self, entry: &Entry, event: &Event, said: Said, places: &[usize]) {
        let envelope = &event.envelope;
        let directness = self.directness(event);
        let earliest = entry.bounds(self.setting.zone).0;
        let lapsed = self.standing.currency_by.filter(|_| self.standing.currency == Currency::Lapsed);
        let latency_days = waited(*self.setting.zone, self.standing.issued.as_ref(), earliest);
        let confidence = self.link(envelope).map(|link| link.confidence).unwrap_or_default();
        let counter = event.created(entry.id);
        let mut moved = None;
        let mut refused: Option<(&str, AnswerState)> = None;
        for place in places {
            let over = self.due_from(*place, earliest).filter(|window| window.is_over(earliest));
            let Some(reply) = self.standing.replies.get_mut(*place) else { continue };
            // What is settled through a counter-proposal is a yes that can be taken back; what the
            // addressee could say without it prevails over it too, being later.
            let answered = reply.effective();
            let after = reply.state.after(reply.said, said);
            match after.or_else(|_| answered.after(reply.said, said)) {
                Err(expected) => {
                    // That something was received, or a condition met, gainsays nothing.
                    if !matches!(said, Said::Acknowledged | Said::ConditionMet | Said::ConditionRefused) {
                        reply.contrary = Some((said, entry.id));
                    }
                    refused = Some((expected, answered));
                }
                Ok(state) => {
                    let found = |finding: &&Finding| {
                        reply.state == AnswerState::None && finding.addressees.contains(&reply.addressee)
                    };
                    let silent = self.standing.findings.iter().rfind(found).map(|finding| finding.entry);
                    let late = over.map(Late::Due).or(lapsed.map(Late::Lapsed)).or(silent.map(Late::Found));
                    reply.state = state;
                    reply.said = Some(said);
                    reply.contrary = None;
                    reply.settled = None;
                    reply.entry = Some(entry.id);
                    reply.speakers = speakers(envelope);
                    reply.via.clone_from(&envelope.via);
                    reply.directness = directness;
                    reply.authority = envelope.issuer_level;
                    reply.scope = scope_of(&event.fact);
                    reply.confidence = confidence;
                    reply.latency_days = latency_days;
                    reply.late = late;
                    if reply.first.is_none() && said != Said::Acknowledged {
                        let days = reply.latency_days;
                        reply.first = Some(FirstAnswer { entry: entry.id, said, days, late });
                    }
                    reply.counters.extend(counter);
                    // That something was received is no answer.
                    reply.answered_directly |=
                        directness == Some(Directness::Direct) && said != Said::Acknowledged;
                    moved = Some((state, late));
                }
            }
        }
        match (moved, refused) {
            (Some((state, late)), _) => {
                self.standing.delivery_inferred = true;
                self.note_answer(entry, confidence);
                let authority = envelope.issuer_level;
                self.effect(entry, Effect::Answers { said, state, directness, authority, late, counter });
            }
            (None, Some((expected, found))) => self.misfit(entry, expected, found.as_str()),
            (None, None) => self.effect(entry, Effect::NotAddressee),
        }
    }

    fn note_answer(&mut self, entry: &Entry, confidence: Confidence) {
        let currency = self.standing.currency;
        if matches!(currency, Currency::Withdrawn | Currency::Superseded | Currency::Moot) {
            self.standing.remarks.push(Remark::AnsweredAfter { entry: entry.id, currency });
        }
        if confidence == Confidence::Low {
            self.standing.remarks.push(Remark::DoubtfulLink(entry.id));
        }
    }

    /// Returns how directly an answer came: as recorded, else by its form, else by what carried it.
    fn directness(&self, event: &Event) -> Option<Directness> {
        answer_of(&event.fact)
            .and_then(|answer| answer.directness)
            .or_else(|| event.envelope.form.and_then(Form::directness))
            .or_else(|| self.setting.world.directness(&event.envelope.via))
    }

    pub(super) fn silence(&mut self, entry: &Entry, event: &Event, silence: &Silence) {
        let silent = &silence.subject;
        let replies = self.standing.replies.iter();
        let concerned = replies.filter(|reply| silent.is_empty() || self.speaks_for(silent, reply.addressee));
        let addressees: Vec<EntityId> = concerned.map(|reply| reply.addressee).collect();
        let nobody = addressees.is_empty() && !self.standing.replies.is_empty();
        if nobody || silence.basis == Basis::None {
            self.standing.remarks.push(Remark::FindingWithoutEffect(entry.id));
            return self.effect(entry, Effect::Beside(None));
        }
        let contradicted = |reply: &&Reply| {
            addressees.contains(&reply.addressee)
                && match silence.scope {
                    Some(SilenceScope::Any) => reply.state != AnswerState::None,
                    Some(SilenceScope::DirectOnly) => reply.answered_directly,
                    None => false,
                }
        };
        if let Some(reply) = self.standing.replies.iter().find(contradicted) {
            let found = reply.state;
            return self.misfit(entry, "no answer", found.as_str());
        }
        self.standing.findings.push(Finding {
            entry: entry.id,
            addressees,
            basis: silence.basis,
            scope: silence.scope,
            channels: silence.channels.clone(),
            searched: silence.searched.clone(),
            as_of: entry.effect().cloned(),
            by: event.envelope.from.clone(),
        });
        self.effect(entry, Effect::Finding(silence.basis));
    }
}
