//! What desks record: calls, offers and what becomes of them, statements, corrections.

use demarche::domain::event::{self, Envelope, Event, ExternalRef};
use demarche::domain::fact::channel::{Call, Impaired, Works};
use demarche::domain::fact::communication::{Incident, Message, Statement};
use demarche::domain::fact::overture::{Answer, Offer as Terms, Silence, Step};
use demarche::domain::fact::record::{Amended, Annotated, Linked, Retracted};
use demarche::domain::fact::{Fact, Kind};
use demarche::domain::id::{EntityId, EventId};
use demarche::domain::link::{Link, Relation};
use demarche::domain::marking::Marking;
use demarche::domain::occurred::Occurred;
use demarche::domain::source::{Credibility, Reliability, Source};
use demarche::domain::text::{Language, Text};
use demarche::domain::words::{Basis, Directness, Evidence, Form, IssuerLevel, SilenceScope};

use super::generator::{Generator, Next, Offer, between, local};

/// The line on which nobody answers for years.
pub(crate) const SILENT_LINE: usize = 1;
/// From when on, and until when, in years.
const SILENT_YEARS: std::ops::Range<i32> = 2_008..2_019;
const MARKINGS: [&str; 4] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:RED"];

impl Generator {
    /// A call on a line, at one of the times of its schedule.
    pub(super) fn call(&mut self) -> Event {
        use chrono::Datelike as _;
        let number = self.random.rather_early(self.world.lines.len());
        let line = self.world.lines[number];
        let (one, other) = self.world.pairs[line.pair];
        let day = self.day(1);
        let hour = if self.random.in_thousand(500) { 9 } else { 17 };
        let time = day.and_hms_opt(hour, self.random.below(4) as u32, 0).expect("a time of the day");
        let offset = *local(self.now).offset();
        let instant = time.and_local_timezone(offset).single().expect("a moment");
        let envelope = Envelope {
            occurred: Some(Occurred::from_instant(instant)),
            about: vec![line.id],
            form: Some(Form::LiaisonCall),
            ..between(self.world.parties[one].ids[0], self.world.parties[other].ids[0])
        };
        // Each line has weeks without an answer, at times of its own.
        let weeks = (i64::from(day.num_days_from_ce()) + number as i64 * 37) % 400 < number as i64 * 13 % 50;
        let silent = (number == SILENT_LINE && SILENT_YEARS.contains(&day.year())) || weeks;
        let call = Call::default();
        let fact = match self.random.below(1_000) {
            0..12 => Fact::CallFault(Call { cause: Some("technical".to_owned()), ..call }),
            12..18 => Fact::CallDeclined(Call { reason: Some("not stated".to_owned()), ..call }),
            _ if silent => Fact::CallUnanswered(call),
            18..50 => Fact::CallUnanswered(call),
            _ => Fact::CallAnswered(call),
        };
        let mut event = Event { envelope, fact };
        if self.random.in_thousand(200) {
            let words = 4 + self.random.below(6);
            event.envelope.note = Some(self.prose.english(&mut self.random, words));
        }
        event
    }

    /// A line is suspended, or works again.
    pub(super) fn state(&mut self) -> Event {
        let number = self.random.below(self.world.lines.len());
        let line = self.world.lines[number];
        let (_, other) = self.world.pairs[line.pair];
        let envelope = Envelope {
            occurred: Some(self.date()),
            about: vec![line.id],
            from: vec![self.world.parties[other].ids[0]],
            summary: Some(self.summary(6)),
            ..Envelope::default()
        };
        let suspended = self.suspended[number];
        self.suspended[number] = !suspended;
        let evidence = Some(Evidence::Announced);
        let fact = if suspended {
            Fact::ChannelRestored(Works { evidence, ..Works::default() })
        } else {
            Fact::ChannelSuspended(Impaired { evidence, ..Impaired::default() })
        };
        Event { envelope, fact }
    }

    /// One sentence, in one of both languages.
    pub(super) fn summary(&mut self, words: usize) -> String {
        let words = words + self.random.below(8);
        if self.random.in_thousand(450) {
            self.prose.korean(&mut self.random, words)
        } else {
            self.prose.english(&mut self.random, words)
        }
    }

    /// The words themselves, in the language of the speaker and perhaps in translation.
    fn texts(&mut self, envelope: &mut Envelope) {
        let text = |language: &str, text: String, translation: bool| Text {
            language: Language::try_from(language.to_owned()).expect("a language"),
            text,
            translation,
            marking: None,
        };
        let words = 14 + self.random.below(30);
        if self.random.in_thousand(650) {
            let korean = self.prose.korean(&mut self.random, words);
            let language = if self.random.in_thousand(500) { "ko-KP" } else { "ko-KR" };
            envelope.texts.push(text(language, korean, false));
        }
        if envelope.texts.is_empty() || self.random.in_thousand(300) {
            let english = self.prose.english(&mut self.random, words);
            let is_translation = !envelope.texts.is_empty();
            envelope.texts.push(text("en", english, is_translation));
        }
    }

    /// What an entry says beside what happened: topics, sources, a marking, a name elsewhere.
    fn around(&mut self, envelope: &mut Envelope) {
        if self.random.in_thousand(700) {
            let topic = self.random.rather_early(self.world.topics.len());
            envelope.topics.push(self.world.topics[topic].clone());
        }
        for _ in 0..self.random.below(3) {
            let mut source = Source::at(format!("file {}", self.random.below(5_000)));
            source.reliability = Reliability::ALL[self.random.below(Reliability::ALL.len())];
            source.credibility = Credibility::ALL[self.random.below(Credibility::ALL.len())];
            if self.random.in_thousand(8) {
                source.claim = Some(self.prose.english(&mut self.random, 7));
            }
            envelope.sources.push(source);
        }
        if self.random.in_thousand(200) {
            let marking = MARKINGS[self.random.rather_early(MARKINGS.len())];
            envelope.marking = Some(Marking(marking.to_owned()));
        }
        if self.random.in_thousand(60) {
            let id = format!("{:011x}", self.random.next() >> 20);
            envelope.external_refs.push(ExternalRef { namespace: "mrn".to_owned(), id: format!("M{id}") });
        }
    }

    /// What carries words between a pair: one of its lines, or a carrier.
    fn via(&mut self, pair: usize) -> EntityId {
        if self.random.in_thousand(550) {
            self.world.lines[pair * 3 + self.random.below(3)].id
        } else {
            self.world.carriers[self.random.rather_early(self.world.carriers.len())]
        }
    }

    /// An offer, and what is to become of it.
    pub(super) fn offer(&mut self, id: EventId) -> Event {
        let (pair, one, other) = self.pair();
        let (from, to) = (self.world.body(&mut self.random, one), self.world.body(&mut self.random, other));
        let via = self.via(pair);
        let mut envelope = Envelope {
            occurred: Some(self.date()),
            via: vec![via],
            summary: Some(self.summary(8)),
            form: Some(Form::TelephoneNotice),
            ..between(from, to)
        };
        self.texts(&mut envelope);
        self.around(&mut envelope);
        let later =
            |days: usize, day: chrono::NaiveDate| Occurred::from_day(day + chrono::Days::new(days as u64));
        let today = self.day(0);
        let mut terms = Terms::default();
        if self.random.in_thousand(400) {
            terms.proposed_date = Some(later(5 + self.random.below(30), today));
        }
        if self.random.in_thousand(300) {
            terms.deadline = Some(later(3 + self.random.below(25), today));
        }
        if self.random.in_thousand(15) {
            terms.restores = vec![self.world.lines[pair * 3].id];
        }
        self.plan(Offer { id, from, to, via, pair });
        let fact = if self.random.in_thousand(900) {
            Fact::OvertureProposed(terms)
        } else {
            Fact::OvertureDemanded(terms)
        };
        Event { envelope, fact }
    }

    /// Decides what becomes of an offer: most are answered or lapse within days, some are said again and
    /// answered late, and a few stand.
    fn plan(&mut self, offer: Offer) {
        if self.offers.len() >= 64 {
            self.offers.pop_front();
        }
        self.offers.push_back(offer);
        let share = self.random.below(1_000);
        let days = 0.3 + self.random.days(6.0);
        match share {
            0..640 => self.follow(days, Next::Answer(offer)),
            640..830 => self.follow(10.0 + days, Next::Lapse(offer)),
            830..900 => {
                self.follow(days, Next::Reiterate(offer));
                self.follow(days + 12.0, Next::Answer(offer));
            }
            900..960 => {
                self.follow(35.0 + days, Next::Silence(offer));
                self.follow(60.0 + days * 20.0, Next::Answer(offer));
            }
            960..985 => self.follow(90.0 + days * 40.0, Next::Lapse(offer)),
            // Nothing ever becomes of the rest.
            _ => {}
        }
    }

    /// What was to follow.
    pub(super) fn following(&mut self, id: EventId, next: Next) -> Event {
        match next {
            Next::Answer(offer) => self.answer(id, offer),
            Next::Reiterate(offer) => self.step(offer, Kind::OvertureReiterated),
            Next::Lapse(offer) => self.step(offer, Kind::OvertureLapsed),
            Next::Silence(offer) => self.silence(offer),
            Next::Meet { meeting, pair } => self.meet(meeting, pair),
        }
    }

    fn step(&mut self, offer: Offer, kind: Kind) -> Event {
        let envelope = Envelope {
            occurred: Some(Occurred::from_day(self.day(0))),
            about: vec![EntityId::from(offer.id)],
            via: vec![offer.via],
            summary: Some(self.summary(5)),
            ..between(offer.from, offer.to)
        };
        let step = Step::default();
        let fact = if kind == Kind::OvertureLapsed {
            Fact::OvertureLapsed(step)
        } else {
            Fact::OvertureReiterated(step)
        };
        Event { envelope, fact }
    }

    fn silence(&mut self, offer: Offer) -> Event {
        let envelope = Envelope {
            occurred: Some(Occurred::from_day(self.day(0))),
            about: vec![EntityId::from(offer.id)],
            ..Envelope::default()
        };
        let fact = Fact::SilenceRecorded(Silence {
            subject: vec![offer.to],
            towards: vec![offer.from],
            basis: Basis::OfficerFinding,
            scope: Some(SilenceScope::Any),
            channels: Vec::new(),
            searched: vec!["press digest".to_owned()],
            since: None,
        });
        Event { envelope, fact }
    }

    fn answer(&mut self, id: EventId, offer: Offer) -> Event {
        let public = self.random.in_thousand(200);
        let via = if public { self.world.carriers[0] } else { offer.via };
        let mut envelope = Envelope {
            occurred: Some(self.date()),
            about: vec![EntityId::from(offer.id)],
            via: vec![via],
            summary: Some(self.summary(6)),
            ..between(offer.to, offer.from)
        };
        if self.random.in_thousand(400) {
            self.texts(&mut envelope);
        }
        self.around(&mut envelope);
        let directness = Some(if public { Directness::Public } else { Directness::Direct });
        let answer = Answer { directness, ..Answer::default() };
        let fact = match self.random.below(1_000) {
            0..430 => {
                if offer.pair < self.world.series.len() && self.random.in_thousand(300) {
                    let days = 4.0 + self.random.days(10.0);
                    self.follow(days, Next::Meet { meeting: offer.id, pair: offer.pair });
                }
                Fact::ResponseAccepted(answer)
            }
            430..610 => Fact::ResponseRejected(answer),
            610..720 => Fact::ResponseDeflected(answer),
            720..780 => {
                let conditions = vec![self.prose.english(&mut self.random, 6)];
                Fact::ResponseAcceptedConditionally(Answer { conditions, ..answer })
            }
            780..860 => {
                envelope.opens = true;
                self.plan(Offer { id, from: offer.to, to: offer.from, via, pair: offer.pair });
                Fact::ResponseCounterProposed(Answer { offer: Some(Terms::default()), ..answer })
            }
            860..960 => {
                let days = 1.0 + self.random.days(8.0);
                self.follow(days, Next::Answer(offer));
                Fact::OvertureAcknowledged(Step::default())
            }
            _ => Fact::ResponseDeclinedComment(answer),
        };
        Event { envelope, fact }
    }

    /// Something is said in public.
    pub(super) fn statement(&mut self) -> Event {
        let (_, one, other) = self.pair();
        let from = self.world.body(&mut self.random, one);
        let mut envelope = Envelope {
            occurred: Some(self.date()),
            via: vec![self.world.carriers[0]],
            from: vec![from],
            form: Some(Form::PressStatement),
            issuer_level: Some(*self.random.pick(IssuerLevel::ALL)),
            summary: Some(self.summary(8)),
            ..Envelope::default()
        };
        if self.random.in_thousand(700) {
            envelope.to = vec![self.world.body(&mut self.random, other)];
        }
        self.texts(&mut envelope);
        self.around(&mut envelope);
        let statement = Statement::default();
        let fact = if self.random.in_thousand(850) {
            Fact::StatementPublic(statement)
        } else {
            Fact::ProtestLodged(statement)
        };
        Event { envelope, fact }
    }

    /// A message passes on a line.
    pub(super) fn message(&mut self) -> Event {
        let (pair, one, other) = self.pair();
        let mut envelope = Envelope {
            occurred: Some(self.date()),
            via: vec![self.via(pair)],
            form: Some(Form::TelephoneNotice),
            summary: Some(self.summary(7)),
            ..between(self.world.body(&mut self.random, one), self.world.body(&mut self.random, other))
        };
        self.around(&mut envelope);
        let message = Message::default();
        let fact = if self.random.in_thousand(500) {
            Fact::MessageSent(message)
        } else {
            Fact::MessageReceived(message)
        };
        Event { envelope, fact }
    }

    /// Something happens.
    pub(super) fn incident(&mut self) -> Event {
        let (_, one, other) = self.pair();
        let mut envelope = Envelope {
            occurred: Some(self.date()),
            summary: Some(self.summary(8)),
            ..between(self.world.parties[one].ids[0], self.world.parties[other].ids[0])
        };
        self.around(&mut envelope);
        Event { envelope, fact: Fact::Incident(Incident { place: Some("the line".to_owned()) }) }
    }

    /// A recent entry is amended, struck, linked or annotated, each at most once.
    pub(super) fn correction(&mut self) -> Option<Event> {
        let place = self.random.below(self.recent.len().max(1));
        let (target, corrected) = self.recent.remove(place)?;
        let about = event::streams(&corrected, target);
        let about = about.into_iter().filter(|stream| *stream != EntityId::from(target)).collect();
        let mut envelope = Envelope { about, ..Envelope::default() };
        let fact = match self.random.below(1_000) {
            0..450 => {
                let mut reading = corrected;
                reading.envelope.summary = Some(self.summary(8));
                envelope.reason = Some("read again in the file".to_owned());
                let reading = reading.encode().expect("an event has a body");
                let reading = serde_json::value::RawValue::from_string(reading).expect("a body is JSON");
                Fact::RecordAmended(Amended { target, reading })
            }
            450..560 => {
                envelope.reason = Some("recorded twice".to_owned());
                Fact::RecordRetracted(Retracted { target })
            }
            560..850 => {
                let offer = *self.offers.get(self.random.below(self.offers.len().max(1)))?;
                if offer.id == target {
                    return None;
                }
                let link = Link::new(Relation::Concerns, offer.id);
                let known = corrected.envelope.links.iter().any(|known| known.target == offer.id);
                if known {
                    return None;
                }
                Fact::RecordLinked(Linked { source: target, link, withdrawn: false })
            }
            _ => {
                let remark = self.prose.english(&mut self.random, 8);
                Fact::RecordAnnotated(Annotated { target, remark })
            }
        };
        Some(Event { envelope, fact })
    }
}
