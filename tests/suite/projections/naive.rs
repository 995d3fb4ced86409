//! The naive definition: every answer worked out from the whole log by filtering, sorting and folding.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use demarche::domain::event::{DESK, Event, ExternalRef};
use demarche::domain::fact::record::Redacted;
use demarche::domain::fact::{EntityKind, Fact, Kind, KindClass, Subject};
use demarche::domain::id::{EntityId, EventId};
use demarche::domain::link::Relation;
use demarche::domain::reading::RawEvent;
use demarche::domain::source::Source;
use demarche::domain::timestamp::Timestamp;
use demarche::domain::zone::Zone;
use demarche::projections::facets::{Aspect, Density, Facet, Series, Value};
use demarche::projections::register::Register;
use demarche::projections::timeline::{
    Became, Between, By, Certainty, Choice, Direction, Row, Struck, TimelineQuery,
};
use demarche::projections::view::View;
use demarche::store::{Body, Class, EventStore, Recorded};

/// Tells whether a choice is met, given what meets one of its things.
fn meets<T>(choice: &Choice<T>, has: impl Fn(&T) -> bool) -> bool {
    choice.any_of.as_ref().is_none_or(|any_of| any_of.iter().any(&has)) && !choice.none_of.iter().any(&has)
}

/// Tells whether two different parties are one of each side.
fn are_both(pair: &Between, parties: &[EntityId]) -> bool {
    let (one, other) = &pair.sides;
    let are = |first: &EntityId, second: &EntityId| {
        let sides = one.contains(first) && other.contains(second);
        sides && !(other.contains(first) && one.contains(second))
    };
    parties.iter().any(|first| parties.iter().any(|second| are(first, second)))
}

/// Returns what an entry says of something; that it says nothing where it does.
fn told<T>(said: impl Iterator<Item = T>) -> Vec<Option<T>> {
    let said: Vec<Option<T>> = said.map(Some).collect();
    if said.is_empty() { vec![None] } else { said }
}

/// The log as known at a size, for whoever sees `visible`.
pub(crate) struct Naive {
    records: Vec<Recorded>,
    /// What each record says, or what is said instead where its text was removed anywhere in the log.
    events: Vec<Option<Event>>,
    /// The texts that were removed: where the record stands that says so, and what it says.
    removed: BTreeMap<usize, (usize, Redacted)>,
    size: usize,
    visible: Option<BTreeSet<usize>>,
    zone: Zone,
}

impl Naive {
    pub(crate) fn of(store: &dyn EventStore, zone: Zone, size: usize) -> Self {
        let records: Vec<Recorded> = store.read(0, store.head().size).map(Result::unwrap).collect();
        let decoded = |record: &Recorded| match &record.body {
            Body::Plain(body) if matches!(record.class, Class::Fact | Class::RecordRedacted) => {
                Some(Event::decode(record.schema, body).unwrap())
            }
            Body::Plain(body) => Event::decode(record.schema, body).ok(),
            _ => None,
        };
        let mut events: Vec<Option<Event>> = records.iter().map(decoded).collect();
        let place = |id: EventId| records.iter().position(|record| record.id == id);
        let mut removed = BTreeMap::new();
        let mut instead = BTreeMap::new();
        for (position, event) in events.iter().enumerate() {
            let Some(Event { fact: Fact::RecordRedacted(redacted), .. }) = event else { continue };
            let target = place(redacted.target).filter(|target| *target < position);
            let Some(target) = target.filter(|target| records[*target].class == Class::Fact) else {
                continue;
            };
            // The first removal of a text is the one that counts.
            if records[position].class == Class::RecordRedacted && !removed.contains_key(&target) {
                removed.insert(target, (position, redacted.clone()));
                let reading = redacted.replacement.as_ref();
                let reading =
                    reading.map(|reading| Event::decode(records[position].schema, reading.get()).unwrap());
                instead.insert(target, reading);
            }
        }
        for (position, reading) in instead {
            events[position] = reading;
        }
        Self { records, events, removed, size, visible: None, zone }
    }

    fn seen_by(mut self, visible: Option<BTreeSet<usize>>) -> Self {
        self.visible = visible;
        self
    }

    fn is_seen(&self, position: usize) -> bool {
        self.visible.as_ref().is_none_or(|visible| visible.contains(&position))
    }

    fn place(&self, id: EventId) -> Option<usize> {
        self.records.iter().position(|record| record.id == id)
    }

    /// Returns what a correction is about: an earlier entry; of an amendment one that corrects nothing.
    fn target(&self, position: usize) -> Option<usize> {
        let event = self.events[position].as_ref()?;
        let target = self.place(event.entry()?).filter(|target| *target < position)?;
        match event.kind() {
            Kind::RecordAmended => self.target(target).is_none().then_some(target),
            Kind::RecordRetracted | Kind::RecordLinked => Some(target),
            _ => None,
        }
    }

    /// Returns the corrections of an entry that hold, in the order of the log.
    fn corrections(&self, entry: usize, kind: Kind) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (entry + 1..self.size).filter(move |position| {
            self.is_seen(*position)
                && self.target(*position) == Some(entry)
                && self.events[*position].as_ref().is_some_and(|event| event.kind() == kind)
                && !self.is_struck(*position)
        })
    }

    fn is_struck(&self, position: usize) -> bool {
        self.corrections(position, Kind::RecordRetracted).next().is_some()
    }

    /// Returns the newest amendment that holds; one that stands before the text of its entry was removed
    /// repeats that text.
    fn amendment(&self, entry: usize) -> Option<usize> {
        let removed = self.removed.get(&entry).map_or(0, |(by, _)| *by);
        self.corrections(entry, Kind::RecordAmended).next_back().filter(|position| *position >= removed)
    }

    /// Returns what an entry says now.
    fn reading(&self, entry: usize) -> Option<Event> {
        match self.amendment(entry) {
            None => self.events[entry].clone(),
            Some(amendment) => {
                let Some(Event { fact: Fact::RecordAmended(amended), .. }) = &self.events[amendment] else {
                    panic!("an amendment amends")
                };
                Some(Event::decode(self.records[amendment].schema, amended.reading.get()).unwrap())
            }
        }
    }

    /// Returns the markings of an entry and of the amendment that holds, as one word.
    fn marked(&self, entry: usize) -> Option<String> {
        let marking = |event: Option<&Event>| Some(event?.envelope.marking.as_ref()?.0.clone());
        let own = marking(self.reading(entry).as_ref());
        let amendment = self.amendment(entry).and_then(|amendment| marking(self.events[amendment].as_ref()));
        match (own, amendment) {
            (own, Some(amendment)) if own.as_ref() != Some(&amendment) => {
                Some(format!("{}\u{1f}{amendment}", own.unwrap_or_default()))
            }
            (own, _) => own,
        }
    }

    /// Returns what an entry is about, linked entries included.
    fn about(&self, entry: usize) -> BTreeSet<EntityId> {
        let record = &self.records[entry];
        let reading = self.reading(entry);
        let mut about: BTreeSet<EntityId> = match &reading {
            Some(event) => event.envelope.about.iter().copied().chain(event.created(record.id)).collect(),
            None if self.removed.contains_key(&entry) => {
                record.streams.iter().map(|(stream, _)| *stream).collect()
            }
            None => BTreeSet::new(),
        };
        let mut links: Vec<_> = reading
            .iter()
            .flat_map(|event| &event.envelope.links)
            .map(|link| (link.relation, link.target))
            .collect();
        for position in self.corrections(entry, Kind::RecordLinked) {
            let Some(Event { fact: Fact::RecordLinked(linked), .. }) = &self.events[position] else {
                panic!("a change of links changes links")
            };
            let link = (linked.link.relation, linked.link.target);
            links.retain(|known| *known != link);
            if !linked.withdrawn {
                links.push(link);
            }
        }
        about.extend(
            links.iter().filter(|(relation, _)| relation.enters_history()).map(|(_, to)| EntityId::from(*to)),
        );
        about
    }

    fn bounds(&self, entry: usize) -> (Timestamp, Timestamp) {
        let at = self.records[entry].at;
        let reading = self.reading(entry);
        let Some(event) = reading else {
            let is_gone = self.removed.contains_key(&entry) || self.records[entry].body == Body::Redacted;
            return (if is_gone { Timestamp::MIN } else { at }, at);
        };
        let begins = if event.kind().counts_from_recording() { at } else { Timestamp::MIN };
        event.envelope.occurred.as_ref().map_or((begins, at), |date| date.bounds(&self.zone))
    }

    fn matches(&self, entry: usize, query: &TimelineQuery) -> bool {
        let record = &self.records[entry];
        let reading = self.reading(entry);
        let kind = reading.as_ref().map(Event::kind);
        let envelope = reading.as_ref().map(|event| event.envelope.clone()).unwrap_or_default();
        let (mut from, mut to) = (envelope.from.clone(), envelope.to.clone());
        if let Some(Event { fact: Fact::SilenceRecorded(silence), .. }) = &reading {
            from.extend(&silence.subject);
            to.extend(&silence.towards);
        }
        let one_of = |asked: &[EntityId], have: &[EntityId]| have.iter().any(|have| asked.contains(have));
        let about: Vec<EntityId> = self.about(entry).into_iter().collect();
        let to_nobody = |class: KindClass| envelope.to.is_empty() && kind.is_some_and(|kind| class.has(kind));
        let is_between = |pair: &Between| {
            let (one, other) = &pair.sides;
            let outright =
                one_of(one, &from) && one_of(other, &to) || one_of(other, &from) && one_of(one, &to);
            let acts = [KindClass::Speech, KindClass::Attempt, KindClass::OfLine];
            let together = acts.into_iter().any(to_nobody) && are_both(pair, &from)
                || kind.is_some_and(|kind| KindClass::Held.has(kind) || kind == Kind::MeetingNotHeld)
                    && are_both(pair, &[&from[..], &to].concat());
            let over = to_nobody(KindClass::Speech)
                && !kind.is_some_and(|kind| KindClass::Held.has(kind))
                && one_of(&pair.lines, &envelope.via)
                && (one_of(one, &from) || one_of(other, &from));
            let calls = (to_nobody(KindClass::Attempt) || to_nobody(KindClass::OfLine))
                && one_of(&pair.lines, &about)
                && (one_of(&pair.callers, &from) || !one_of(&pair.others, &from));
            let answers = to_nobody(KindClass::Speech)
                && kind.is_some_and(|kind| pair.about_offers.contains(&kind))
                && (one_of(one, &from) || one_of(other, &from))
                && one_of(&pair.offers, &about);
            outright || together || over || calls || answers
        };
        let (earliest, latest) = self.bounds(entry);
        let is_evidence = reading.is_none() && !self.removed.contains_key(&entry);
        let struck = self.is_struck(entry);
        let grades = told(envelope.sources.iter().map(Source::grade));
        entry < self.size
            && self.is_seen(entry)
            && (query.bookkeeping || !(is_evidence || kind.is_some_and(Kind::is_bookkeeping)))
            && meets(&query.kinds, |asked| kind == Some(*asked))
            && meets(&query.channels, |asked| about.contains(asked) || envelope.via.contains(asked))
            && meets(&query.via, |asked| envelope.via.contains(asked))
            && meets(&query.about, |asked| about.contains(asked))
            && meets(&query.from_party, |asked| from.contains(asked))
            && meets(&query.to_party, |asked| to.contains(asked))
            && meets(&query.party, |asked| from.contains(asked) || to.contains(asked))
            && meets(&query.between, is_between)
            && meets(&query.recorders, |asked| *asked == record.actor)
            && meets(&query.topics, |asked| told(envelope.topics.iter().cloned()).contains(asked))
            && meets(&query.markings, |asked| told(self.marked(entry).into_iter()).contains(asked))
            && meets(&query.grades, |asked| grades.contains(asked))
            && meets(&query.positions, |(from, to)| (*from..=*to).contains(&(entry as u64)))
            && query.text.as_ref().is_none_or(|text| text.contains(entry as u32))
            && query.recorded.is_none_or(|(from, to)| from <= record.at && record.at <= to)
            && query.occurred.is_none_or(|(from, to)| match query.certainty {
                Certainty::Certainly => from <= earliest && latest <= to,
                Certainty::Possibly => earliest <= to && from <= latest,
            })
            && query.happened_by.is_none_or(|by| earliest <= by)
            && match query.struck {
                Struck::Hide => !struck,
                Struck::Show => true,
            }
            && meets(&query.became, |asked| match asked {
                Became::Struck => struck,
                Became::Amended => !struck && self.amendment(entry).is_some(),
                Became::Redacted => self.removed.contains_key(&entry),
            })
            && (!query.contested_only || reading.as_ref().is_some_and(is_contested))
    }

    /// Returns the whole timeline.
    fn timeline(&self, query: &TimelineQuery) -> Vec<Row> {
        let mut rows: Vec<Row> = (0..self.size)
            .filter(|entry| self.matches(*entry, query))
            .map(|entry| Row {
                position: entry as u64,
                reading_position: self.amendment(entry).unwrap_or(entry) as u64,
                id: self.records[entry].id,
                earliest: self.bounds(entry).0,
                latest: self.bounds(entry).1,
                struck: self.is_struck(entry),
                amended: self.amendment(entry).is_some(),
                relinked: self.corrections(entry, Kind::RecordLinked).next().is_some(),
            })
            .collect();
        rows.sort_by_key(|row| match query.order.by {
            By::Occurred => (row.earliest, row.latest, row.position),
            By::Recorded => (Timestamp::MIN, Timestamp::MIN, row.position),
        });
        if query.order.direction == Direction::Descending {
            rows.reverse();
        }
        rows
    }

    fn raw(&self, position: usize) -> RawEvent {
        let record = &self.records[position];
        RawEvent {
            position: record.position,
            at: record.at,
            id: record.id,
            actor: record.actor,
            event: self.events[position].clone(),
            removed: self.removed.get(&position).map(|(by, _)| *by as u64),
        }
    }

    fn history(&self, id: EntityId) -> Vec<RawEvent> {
        let named =
            |position: &usize| self.records[*position].streams.iter().any(|(stream, _)| *stream == id);
        (0..self.size).filter(named).map(|position| self.raw(position)).collect()
    }

    fn creation(&self, id: EntityId) -> Option<(u64, EntityKind)> {
        (0..self.size).find_map(|position| {
            let Some(event) = self.events[position].as_ref() else {
                let kind = self.removed.get(&position)?.1.entity?;
                return (EntityId::from(self.records[position].id) == id).then_some((position as u64, kind));
            };
            let created = event.created(self.records[position].id).filter(|created| *created == id);
            match event.kind().subject() {
                Subject::Creates(kind) | Subject::MayCreate(kind) => created.map(|_| (position as u64, kind)),
                Subject::About(_) | Subject::Entry | Subject::Free => None,
            }
        })
    }

    fn named(&self, meant: impl Fn(&ExternalRef) -> bool) -> Vec<EventId> {
        let goes_by = |position: &usize| {
            let readings = [self.events[*position].clone(), self.reading(*position)];
            let names = readings.iter().flatten().flat_map(|event| &event.envelope.external_refs);
            let kept = self.removed.get(position).into_iter().flat_map(|(_, redacted)| &redacted.called);
            names.chain(kept).any(&meant)
        };
        (0..self.size).filter(goes_by).map(|position| self.records[position].id).collect()
    }

    /// Returns the readings of what is not struck, in the order of the log.
    fn standing(&self) -> Vec<(usize, Event)> {
        let standing = (0..self.size).filter(|position| !self.is_struck(*position));
        standing.filter_map(|position| Some((position, self.reading(position)?))).collect()
    }

    fn check_register(&self, register: &Register) {
        let mut names: BTreeMap<EntityId, Vec<String>> = BTreeMap::new();
        let (mut channels, mut parties, mut recorders) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut policies, mut moments) = (Vec::new(), Vec::new());
        let texts = |names: &[demarche::domain::fact::register::Name]| {
            names.iter().map(|name| name.text.clone()).collect::<Vec<_>>()
        };
        for (position, event) in self.standing() {
            let id = EntityId::from(self.records[position].id);
            match &event.fact {
                Fact::ChannelRegistered(entered) => {
                    channels.insert(id, (position as u64, entered.name.clone()));
                    names.insert(id, texts(&entered.names));
                }
                Fact::PartyRegistered(entered) => {
                    parties.insert(id, (position as u64, entered.code.clone()));
                    names.insert(id, texts(&entered.names));
                }
                Fact::SeriesRegistered(entered) => {
                    names.insert(id, texts(&entered.names));
                }
                Fact::RecorderRegistered(entered) => {
                    recorders.insert(id, (position as u64, entered.name.clone()));
                }
                Fact::PolicySet(_) | Fact::PolicyEnded(_) => {
                    let record = &self.records[position];
                    policies.push((position as u64, record.at, record.id, event));
                }
                Fact::MomentNamed(moment) => {
                    moments.push((position as u64, moment.name.clone(), moment.size));
                }
                _ => {}
            }
        }
        for (_, event) in self.standing() {
            for about in &event.envelope.about {
                let known = match &event.fact {
                    Fact::ChannelNamed(given) if channels.contains_key(about) => Some(given),
                    Fact::PartyNamed(given) if parties.contains_key(about) => Some(given),
                    _ => None,
                };
                if let Some(named) = known {
                    names.get_mut(about).unwrap().extend(texts(&named.names));
                }
            }
        }
        let entered =
            register.channels().map(|(id, entry)| (id, (entry.position, entry.entered.name.clone())));
        assert_eq!(entered.collect::<BTreeMap<_, _>>(), channels);
        let entered =
            register.parties().map(|(id, entry)| (id, (entry.position, entry.entered.code.clone())));
        assert_eq!(entered.collect::<BTreeMap<_, _>>(), parties);
        let entered = register
            .recorders()
            .map(|(id, entry)| (EntityId::from_uuid(*id.as_uuid()), (entry.position, entry.entered.clone())));
        assert_eq!(entered.collect::<BTreeMap<_, _>>(), recorders);
        for (id, names) in names {
            assert_eq!(texts(register.names(id)), names, "{id}");
        }
        let entered = register.policies().iter().map(|set| (set.position, set.at, set.id, set.event.clone()));
        assert_eq!(entered.collect::<Vec<_>>(), policies);
        let entered = register.moments().iter().map(|named| (named.position, named.name.clone(), named.size));
        assert_eq!(entered.collect::<Vec<_>>(), moments);
    }

    /// Compares every answer that is no timeline.
    pub(crate) fn check(&self, view: &View) {
        assert_eq!(view.size(), self.size as u64);
        self.check_register(&view.register().unwrap());
        self.check_kinds(view);
        for record in &self.records {
            let id = EntityId::from(record.id);
            assert_eq!(view.history(id).unwrap(), self.history(id), "history of {id}");
            assert_eq!(view.creation(id).unwrap(), self.creation(id), "creation of {id}");
            assert_eq!(view.kind_of(id).unwrap(), self.creation(id).map(|(_, kind)| kind));
            let known = self.place(record.id).filter(|position| *position < self.size);
            assert_eq!(view.event(record.id).unwrap(), known.map(|position| self.raw(position)));
            let mut corrections = self.history(id);
            corrections.retain(|raw| raw.event.as_ref().and_then(Event::entry) == Some(record.id));
            assert_eq!(view.corrections(record.id).unwrap(), corrections);
            let recorded = view.recorded(record.position).unwrap();
            let expected = known.map(|position| Recorded {
                body: if self.removed.contains_key(&position) { Body::Redacted } else { record.body.clone() },
                ..record.clone()
            });
            assert_eq!(recorded, expected);
            let before = self.records[..self.size].iter().filter(|other| other.at <= record.at).count();
            assert_eq!(view.size_at(record.at).unwrap(), before as u64);
        }
        assert_eq!(view.creation(DESK).unwrap(), Some((0, EntityKind::Desk)));
        assert_eq!(view.history(DESK).unwrap(), self.history(DESK));
        for kind in EntityKind::ALL {
            let created = |position: &usize| {
                let id = EntityId::from(self.records[*position].id);
                self.creation(id).is_some_and(|(_, created)| created == *kind)
            };
            let entities: Vec<EntityId> =
                (0..self.size).filter(created).map(|position| self.records[position].id.into()).collect();
            assert_eq!(view.entities(*kind).unwrap(), entities, "{kind}");
        }
        for number in 0..6 {
            let called = format!("r{number}");
            assert_eq!(view.called(&called).unwrap(), self.named(|other| other.id == called));
            for space in ["f", "g"] {
                let expected = self.named(|other| other.namespace == space && other.id == called);
                assert_eq!(view.external(space, &called).unwrap(), expected);
            }
        }
    }

    /// Compares a timeline, walked page by page.
    pub(crate) fn check_timeline(self, view: &View, query: &TimelineQuery) -> Self {
        let visible =
            query.visible.as_ref().map(|seen| seen.iter().map(|position| position as usize).collect());
        let naive = self.seen_by(visible);
        let expected = naive.timeline(query);
        let mut walked = Vec::new();
        let mut query = query.clone();
        loop {
            let page = view.timeline(&query).unwrap();
            assert_eq!(page.total, expected.len() as u64);
            assert!(page.rows.len() <= query.limit);
            walked.extend(page.rows);
            // A cursor is given back as text.
            query.after = page.next.map(|next| next.to_string().parse().unwrap());
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(walked, expected, "{query:?}");
        naive.seen_by(None)
    }

    /// Compares what is counted of a part of the log.
    pub(crate) fn check_count(self, view: &View, query: &TimelineQuery, facets: &[Facet]) -> Self {
        let visible =
            query.visible.as_ref().map(|seen| seen.iter().map(|position| position as usize).collect());
        let naive = self.seen_by(visible);
        let entries: Vec<usize> = (0..naive.size).filter(|entry| naive.matches(*entry, query)).collect();
        let series = [By::Occurred, By::Recorded].map(|by| Series { by, starts: &stretches });
        let counted = view.count(query, facets, &series).unwrap();
        let number = |is: &dyn Fn(usize) -> bool| entries.iter().filter(|entry| is(**entry)).count() as u64;
        let redacted =
            |entry: usize| naive.removed.contains_key(&entry) || naive.records[entry].body == Body::Redacted;
        assert_eq!(
            [counted.total, counted.struck, counted.amended, counted.redacted],
            [
                entries.len() as u64,
                number(&|entry| naive.is_struck(entry)),
                number(&|entry| naive.amendment(entry).is_some()),
                number(&redacted)
            ],
            "{query:?}"
        );
        for (facet, tally) in facets.iter().zip(&counted.tallies) {
            let has =
                |entry: usize, slot: &[Value]| slot.iter().any(|value| naive.has(entry, facet.aspect, value));
            let counts: Vec<u64> = facet.slots.iter().map(|slot| number(&|entry| has(entry, slot))).collect();
            let without = number(&|entry| !facet.slots.iter().any(|slot| has(entry, slot)));
            assert_eq!((&tally.counts, tally.without), (&counts, without), "{facet:?} of {query:?}");
        }
        let occurred: Vec<Timestamp> = entries.iter().map(|entry| naive.bounds(*entry).0).collect();
        let recorded: Vec<Timestamp> = entries.iter().map(|entry| naive.records[*entry].at).collect();
        assert_eq!(counted.series, [density(&occurred), density(&recorded)], "{query:?}");
        naive.seen_by(None)
    }

    /// Tells whether an entry has a value.
    fn has(&self, entry: usize, aspect: Aspect, value: &Value) -> bool {
        let event = self.reading(entry);
        let envelope = event.as_ref().map(|event| event.envelope.clone()).unwrap_or_default();
        let (mut from, mut to) = (envelope.from.clone(), envelope.to.clone());
        if let Some(Event { fact: Fact::SilenceRecorded(silence), .. }) = &event {
            from.extend(&silence.subject);
            to.extend(&silence.towards);
        }
        match (aspect, value) {
            (Aspect::Channel, Value::Entity(id)) => {
                self.about(entry).contains(id) || envelope.via.contains(id)
            }
            (Aspect::Via, Value::Entity(id)) => envelope.via.contains(id),
            (Aspect::From, Value::Entity(id)) => from.contains(id),
            (Aspect::To, Value::Entity(id)) => to.contains(id),
            (Aspect::Kind, Value::Kind(kind)) => event.is_some_and(|event| event.kind() == *kind),
            (Aspect::Topic, Value::Word(topic)) => envelope.topics.contains(topic),
            (Aspect::Marking, Value::Word(marking)) => self.marked(entry).as_ref() == Some(marking),
            (Aspect::Grade, Value::Grade(grade)) => {
                envelope.sources.iter().any(|source| source.grade() == *grade)
            }
            (Aspect::Recorder, Value::Recorder(actor)) => self.records[entry].actor == *actor,
            _ => false,
        }
    }
}

/// Returns seven stretches from one moment to another.
fn stretches(first: Timestamp, last: Timestamp) -> Vec<Timestamp> {
    let step = (last.micros() - first.micros()) / 7 + 1;
    (0..7).map(|number| Timestamp::from_micros(first.micros() + number * step).unwrap_or(last)).collect()
}

/// Returns how many of these moments fall into each stretch.
fn density(moments: &[Timestamp]) -> Density {
    let known = moments.iter().copied().filter(|moment| *moment > Timestamp::MIN);
    let ends = known.clone().min().zip(known.max());
    let starts = ends.map(|(first, last)| stretches(first, last)).unwrap_or_default();
    let mut counts = vec![0; starts.len()];
    let mut before = 0;
    for moment in moments {
        match starts.iter().rposition(|start| start <= moment) {
            Some(place) => counts[place] += 1,
            None => before += 1,
        }
    }
    Density { starts, counts, before }
}

/// Tells whether a source says otherwise than a reading, or it says that an entry contradicts another.
fn is_contested(event: &Event) -> bool {
    let envelope = &event.envelope;
    envelope.sources.iter().any(|source| source.claim.is_some())
        || envelope.links.iter().any(|link| link.relation == Relation::Contradicts)
        || matches!(&event.fact, Fact::RecordLinked(linked) if linked.link.relation == Relation::Contradicts)
}
