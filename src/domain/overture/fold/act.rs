//! What each kind of entry does.

use super::{
    Currency, Delivery, Directness, Effect, EntityId, EntityKind, Entry, Envelope, Event, Evidence, Fact,
    Fold, Kind, Relation, Remark, Reply, Said, Subject, Turn, offer_of,
};
use crate::domain::fact::overture::{Silence, Step};
use crate::domain::overture::answer::AnswerState;
use crate::domain::overture::days_between;
use crate::domain::overture::status::Finding;
use crate::domain::words::{AnswerScope, Basis, Form, SilenceScope};

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
            Err(expected) => self.misfit(entry, expected, self.delivered),
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
                self.misfit(entry, expected, self.standing.currency);
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

    fn ends(&mut self, entry: &Entry, event: &Event, end: Currency) {
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

    /// A meeting that takes place realises the overture that it is linked to, or that led to it (rule 14).
    fn meeting(&mut self, entry: &Entry, event: &Event) {
        let ours = |meeting: &EntityId| self.elsewhere.meetings.contains(meeting);
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

    fn conduct(&mut self, entry: &Entry, event: &Event) {
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
        self.standing.delivery_inferred = true;
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

    fn answers(&mut self, entry: &Entry, event: &Event, said: Said) {
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
    fn condition(&mut self, entry: &Entry, event: &Event, said: Said) {
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
        let window = self.standing.terms.window(self.setting, earliest);
        let over = window.is_some_and(|window| window.is_over(earliest));
        let lapsed = self.standing.currency == Currency::Lapsed;
        let issued = self.standing.issued.as_ref().map(|issued| issued.earliest(self.setting.zone));
        let confidence = self.link(envelope).map(|link| link.confidence).unwrap_or_default();
        let counter = event.created(entry.id);
        let mut moved = None;
        let mut refused: Option<(&str, AnswerState)> = None;
        for place in places {
            let Some(reply) = self.standing.replies.get_mut(*place) else { continue };
            match reply.state.after(reply.said, said) {
                Err(expected) => refused = Some((expected, reply.state)),
                Ok(state) => {
                    let found = |finding: &Finding| finding.addressees.contains(&reply.addressee);
                    let silent = self.standing.findings.iter().any(found);
                    let late = over || lapsed || (reply.state == AnswerState::None && silent);
                    reply.state = state;
                    reply.said = Some(said);
                    reply.entry = Some(entry.id);
                    reply.speakers = speakers(envelope);
                    reply.directness = directness;
                    reply.authority = envelope.issuer_level;
                    reply.scope = scope_of(&event.fact);
                    reply.confidence = confidence;
                    reply.latency_days =
                        issued.map(|issued| days_between(self.setting.zone, issued, earliest).max(0));
                    reply.late = late;
                    reply.counters.extend(counter);
                    reply.answered_directly |= directness == Some(Directness::Direct);
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
            (None, Some((expected, found))) => self.misfit(entry, expected, found),
            (None, None) => self.effect(entry, Effect::NotAddressee),
        }
    }

    fn note_answer(&mut self, entry: &Entry, confidence: crate::domain::link::Confidence) {
        let currency = self.standing.currency;
        if matches!(currency, Currency::Withdrawn | Currency::Superseded | Currency::Moot) {
            self.standing.remarks.push(Remark::AnsweredAfter { entry: entry.id, currency });
        }
        if confidence == crate::domain::link::Confidence::Low {
            self.standing.remarks.push(Remark::DoubtfulLink(entry.id));
        }
    }

    /// Returns how directly an answer came: as recorded, else by its form, else by what carried it.
    fn directness(&self, event: &Event) -> Option<Directness> {
        answer_of(&event.fact)
            .and_then(|answer| answer.directness)
            .or_else(|| event.envelope.form.and_then(by_form))
            .or_else(|| self.setting.world.directness(&event.envelope.via))
    }

    fn silence(&mut self, entry: &Entry, event: &Event, silence: &Silence) {
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
            return self.misfit(entry, "no answer", found);
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

/// Returns who speaks, in whose name included.
fn speakers(envelope: &Envelope) -> Vec<EntityId> {
    let mut speakers = envelope.from.clone();
    for principal in &envelope.on_behalf_of {
        if !speakers.contains(principal) {
            speakers.push(*principal);
        }
    }
    speakers
}

/// Returns what a response says; none for other facts.
#[expect(clippy::wildcard_enum_match_arm, reason = "a new kind of fact answers nothing")]
fn said(fact: &Fact) -> Option<Said> {
    match fact {
        Fact::OvertureAcknowledged(_) => Some(Said::Acknowledged),
        Fact::ResponseDeflected(_) | Fact::ResponseDeclinedComment(_) => Some(Said::Deflected),
        Fact::ResponseAcceptedConditionally(_) => Some(Said::Conditional),
        Fact::ResponseCounterProposed(_) => Some(Said::Countered),
        Fact::ResponseAcceptedWithChanges(_) => Some(Said::AcceptedWithChanges),
        Fact::ResponseAccepted(_) => Some(Said::Accepted),
        Fact::ResponseRejected(_) | Fact::ResponseRejectedPlan(_) => Some(Said::Rejected),
        Fact::ResponseRescinded(_) => Some(Said::Rescinded),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are no responses")]
fn answer_of(fact: &Fact) -> Option<&crate::domain::fact::overture::Answer> {
    match fact {
        Fact::ResponseAccepted(answer)
        | Fact::ResponseAcceptedWithChanges(answer)
        | Fact::ResponseAcceptedConditionally(answer)
        | Fact::ResponseCounterProposed(answer)
        | Fact::ResponseRejected(answer)
        | Fact::ResponseRejectedPlan(answer)
        | Fact::ResponseDeflected(answer)
        | Fact::ResponseDeclinedComment(answer)
        | Fact::ResponseConduct(answer)
        | Fact::ResponseRescinded(answer)
        | Fact::ConditionMet(answer)
        | Fact::ConditionRefused(answer) => Some(answer),
        _ => None,
    }
}

fn scope_of(fact: &Fact) -> Option<AnswerScope> {
    answer_of(fact).and_then(|answer| answer.scope)
}

/// Returns the step of an acknowledgement, which may be for some addressees only.
fn step_of(fact: &Fact) -> Option<&Step> {
    if let Fact::OvertureAcknowledged(step) = fact { Some(step) } else { None }
}

fn beside(event: &Event) -> Option<Relation> {
    event.envelope.links.first().map(|link| link.relation)
}

/// Returns how directly a form reaches the other side; none where it can be either.
fn by_form(form: Form) -> Option<Directness> {
    match form {
        Form::PublicStatement
        | Form::PressBriefing
        | Form::PressStatement
        | Form::Speech
        | Form::Commentary
        | Form::MediaReport => Some(Directness::Public),
        Form::ThirdParty => Some(Directness::ViaIntermediary),
        Form::Conduct => Some(Directness::Conduct),
        Form::NoteVerbale
        | Form::FormalNote
        | Form::Letter
        | Form::PersonalLetter
        | Form::CollectiveNote
        | Form::IdenticalNotes
        | Form::CircularNote
        | Form::Memorandum
        | Form::AideMemoire
        | Form::NonPaper
        | Form::Demarche
        | Form::Fax
        | Form::Email
        | Form::TelephoneNotice
        | Form::FaxNotice
        | Form::LiaisonCall
        | Form::LineCheck
        | Form::Loudhailer => Some(Directness::Direct),
        Form::MemorandumOfConversation
        | Form::NoteToFile
        | Form::Cable
        | Form::CodeCable
        | Form::Oral
        | Form::Envoy
        | Form::Visit
        | Form::JointStatement
        | Form::Communique
        | Form::Agreement
        | Form::Other => None,
    }
}
