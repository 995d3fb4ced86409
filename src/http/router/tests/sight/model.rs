//! A log as steps, and the same log as it would be if somebody had never recorded what another may not see: told
//! once more, from the steps and not from the log.

mod amended;
mod corrected;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::desk::clock;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::register::{
    ChannelRegistered, MomentNamed, PartyRegistered, PolicySet, RecorderRegistered, Sort,
};
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::{Link, Relation};
use crate::domain::marking::Scheme;
use crate::domain::timestamp::Timestamp;
use crate::http::router::tests::sight::model::corrected::Correction;
use crate::http::router::tests::sight::steps::{Mark, Step, marked, marking, within};
use crate::store::memory::MemoryStore;

/// The first recorder; the fixture enters them.
const KIM: u128 = 3;

/// An event of the log.
#[derive(Debug, Clone)]
struct New {
    id: EventId,
    event: Event,
    actor: u128,
    /// How restricted it is by what it says, and what it says later.
    level: usize,
    within: BTreeSet<usize>,
    /// What must be seen for it to be seen.
    needs: Vec<EventId>,
    /// What an entry brings along.
    brought: bool,
}

/// A log, append by append.
#[derive(Debug, Default)]
pub(super) struct Model {
    appends: Vec<Vec<New>>,
    // By id, the append and the place in it.
    places: BTreeMap<EventId, (usize, usize)>,
    parties: Vec<EventId>,
    lines: Vec<(EventId, Option<usize>)>,
    entries: Vec<EventId>,
    offers: Vec<EventId>,
    brought: BTreeMap<String, EventId>,
    second: Option<EventId>,
    drawn: u128,
    moments: usize,
    // Whoever confirms.
    park: Option<EventId>,
    // What was held.
    held: Vec<EventId>,
    // What was confirmed by another, of which entry, and how restricted that was before.
    confirmed: Vec<(EventId, EventId, usize, BTreeSet<usize>, usize)>,
    // By entry, its amendments.
    amendments: BTreeMap<EventId, Vec<EventId>>,
    // Those that are marked by themselves, and how restricted they are beside their reading.
    corrections: Vec<Correction>,
    alone: BTreeMap<EventId, (usize, BTreeSet<usize>)>,
    // Amendments that were struck.
    struck: BTreeSet<EventId>,
    // By entry, how restricted its texts are.
    texts: BTreeMap<EventId, usize>,
}

fn pick<T: Copy>(from: &[T], nth: usize) -> Option<T> {
    from.get(nth % from.len().max(1)).copied()
}

fn raw(event: &Event) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap()
}

fn entity(id: EventId) -> EntityId {
    id.into()
}

impl Model {
    pub(super) fn of(steps: &[Step]) -> Self {
        let mut model = Self::default();
        model.take(&Step::Party(Mark { level: None, within: 0 }));
        model.take(&Step::Line(Mark { level: None, within: 0 }, None));
        let fact = Fact::RecorderRegistered(RecorderRegistered { name: "park".to_owned() });
        let event = Event { envelope: Envelope::default(), fact };
        let park = model.new_one(event, (0, Mark { level: None, within: 0 }), Vec::new());
        model.park = Some(park.id);
        model.push(vec![park]);
        for step in steps {
            model.take(step);
        }
        model
    }

    fn draw(&mut self) -> EventId {
        self.drawn += 1;
        let spread = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        EventId::from_uuid(uuid::Uuid::from_u128(spread))
    }

    fn new_one(&mut self, event: Event, (level, mark): (usize, Mark), needs: Vec<EventId>) -> New {
        let (id, actor) = (self.draw(), KIM);
        New { id, event, actor, level, within: within(mark), needs, brought: false }
    }

    fn push(&mut self, append: Vec<New>) {
        for (place, new) in append.iter().enumerate() {
            self.places.insert(new.id, (self.appends.len(), place));
        }
        self.appends.push(append);
    }

    fn get(&self, id: EventId) -> &New {
        let (append, place) = self.places[&id];
        &self.appends[append][place]
    }

    fn raise(&mut self, id: EventId, level: usize, compartments: &BTreeSet<usize>) {
        let (append, place) = self.places[&id];
        let new = &mut self.appends[append][place];
        new.level = new.level.max(level);
        new.within.extend(compartments);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each step that the model knows")]
    fn take(&mut self, step: &Step) {
        let day = format!("2025-{:02}-{:02}", self.drawn % 12 + 1, self.drawn % 28 + 1);
        let said = |words: &str| Envelope { summary: Some(words.to_owned()), ..on(&day) };
        let number = self.drawn;
        match step {
            Step::Party(mark) => {
                let party =
                    PartyRegistered { code: format!("x-p{number}").parse().unwrap(), names: Vec::new() };
                let event = Event {
                    envelope: marked(*mark, Envelope::default()),
                    fact: Fact::PartyRegistered(party),
                };
                let new = self.new_one(event, (mark.level.unwrap_or(0), *mark), Vec::new());
                self.parties.push(new.id);
                self.push(vec![new]);
            }
            Step::Line(mark, floor) => {
                let channel = ChannelRegistered {
                    name: format!("line-{number}").parse().unwrap(),
                    sort: Sort::Line,
                    names: Vec::new(),
                    ends: self.parties.last().map(|end| entity(*end)).into_iter().collect(),
                    capabilities: Vec::new(),
                    schedule: None,
                    marking_min: floor.map(marking),
                };
                let needs = self.parties.last().copied().into_iter().collect();
                let event = Event {
                    envelope: marked(*mark, Envelope::default()),
                    fact: Fact::ChannelRegistered(channel),
                };
                let new = self.new_one(event, (mark.level.unwrap_or(0), *mark), needs);
                self.lines.push((new.id, *floor));
                self.push(vec![new]);
            }
            Step::Statement { second, mark, link, text, brings } => {
                self.statement(&said(&format!("words {number}")), *second, *mark, (*link, *text, *brings));
            }
            Step::Offer(mark, from, to) => {
                let (Some(from), Some(to)) = (pick(&self.parties, *from), pick(&self.parties, *to)) else {
                    return;
                };
                let envelope = Envelope {
                    from: vec![entity(from)],
                    to: vec![entity(to)],
                    ..marked(*mark, said(&format!("offer {number}")))
                };
                let event = Event { envelope, fact: Kind::OvertureProposed.decode("{}").unwrap() };
                let new = self.new_one(event, (mark.level.unwrap_or(4), *mark), vec![from, to]);
                self.offers.push(new.id);
                self.entries.push(new.id);
                self.push(vec![new]);
            }
            Step::Answer(mark, of) => {
                let Some(of) = pick(&self.offers, *of) else { return };
                let to = self.get(of).event.envelope.to.clone();
                let envelope = Envelope {
                    about: vec![entity(of)],
                    from: to.clone(),
                    links: vec![Link::new(Relation::Answers, of)],
                    ..marked(*mark, said(&format!("answer {number}")))
                };
                let event = Event { envelope, fact: Kind::ResponseRejected.decode("{}").unwrap() };
                let new = self.new_one(event, (mark.level.unwrap_or(4), *mark), vec![of]);
                self.entries.push(new.id);
                self.push(vec![new]);
            }
            Step::Call(mark, of) => {
                let Some((line, floor)) = pick(&self.lines, *of) else { return };
                let envelope = Envelope { about: vec![entity(line)], ..marked(*mark, on(&day)) };
                let event = Event { envelope, fact: Kind::CallUnanswered.decode("{}").unwrap() };
                let level = mark.level.or(floor).unwrap_or(4);
                let new = self.new_one(event, (level, *mark), vec![line]);
                self.entries.push(new.id);
                self.push(vec![new]);
            }
            Step::Amend(mark, of) => self.amend(*mark, *of),
            Step::Confirmed { mark, of, by_another, bare, drops } => {
                self.confirm(*mark, *of, *by_another, (*bare, *drops));
            }
            Step::Unconfirmed(of) => self.unconfirm(*of),
            Step::Correct(mark, of, field) => self.correct(*mark, *of, *field),
            Step::Uncorrect(of) => self.uncorrect(*of),
            Step::Strike(mark, of) | Step::Remark(mark, of) => {
                let Some(of) = pick(&self.entries, *of) else { return };
                let fact = if matches!(step, Step::Strike(..)) {
                    Kind::RecordRetracted.decode(&format!(r#"{{"target":"{of}"}}"#)).unwrap()
                } else {
                    let detail = format!(r#"{{"target":"{of}","remark":"remark {number}"}}"#);
                    Kind::RecordAnnotated.decode(&detail).unwrap()
                };
                let about = self.get(of).event.envelope.about.clone();
                let reason = Some("because".to_owned());
                let event = Event {
                    envelope: marked(*mark, Envelope { about, reason, ..Envelope::default() }),
                    fact,
                };
                let new = self.new_one(event, (mark.level.unwrap_or(0), *mark), vec![of]);
                self.push(vec![new]);
            }
            Step::Link(mark, of, to) => {
                let (Some(of), Some(to)) = (pick(&self.entries, *of), pick(&self.entries, *to)) else {
                    return;
                };
                if of == to {
                    return;
                }
                let detail =
                    format!(r#"{{"source":"{of}","link":{{"relation":"contradicts","target":"{to}"}}}}"#);
                let fact = Kind::RecordLinked.decode(&detail).unwrap();
                let event = Event { envelope: marked(*mark, Envelope::default()), fact };
                let new = self.new_one(event, (mark.level.unwrap_or(0), *mark), vec![of, to]);
                self.push(vec![new]);
            }
            Step::Moment(mark) => {
                self.moments += 1;
                // The size is counted when it is recorded.
                let fact = Fact::MomentNamed(MomentNamed { name: format!("moment {number}"), size: 0 });
                let event = Event { envelope: marked(*mark, Envelope::default()), fact };
                let new = self.new_one(event, (mark.level.unwrap_or(0), *mark), Vec::new());
                self.push(vec![new]);
            }
            Step::Policy(mark) => {
                let set = PolicySet {
                    name: format!("policy {number}"),
                    missed_attempts_max: Some(u32::try_from(number % 3).unwrap() + 1),
                    ..PolicySet::default()
                };
                let event = Event { envelope: marked(*mark, on("2024-01-01")), fact: Fact::PolicySet(set) };
                let new = self.new_one(event, (mark.level.unwrap_or(0), *mark), Vec::new());
                self.push(vec![new]);
            }
        }
    }

    fn sees(&self, level: usize, admitted: &BTreeSet<usize>, id: EventId) -> bool {
        let new = self.get(id);
        new.level <= level
            && new.within.is_subset(admitted)
            && new.needs.iter().all(|need| self.sees(level, admitted, *need))
    }

    /// Records the whole log.
    pub(super) fn whole(&self) -> Fixture {
        let (fixture, now) = fixture();
        let mut size = 2;
        for (number, append) in self.appends.iter().enumerate() {
            let mut events: Vec<(EventId, Event)> =
                append.iter().map(|new| (new.id, new.event.clone())).collect();
            if let [(_, Event { fact: Fact::MomentNamed(moment), .. })] = events.as_mut_slice() {
                moment.size = size;
            }
            size += events.len() as u64;
            now.store(time(number), Ordering::SeqCst);
            fixture.append(request(number), append.last().unwrap().actor, &events);
        }
        fixture
    }

    /// Records what somebody sees of it, as if the rest had never been.
    pub(super) fn part(&self, level: usize, admitted: &BTreeSet<usize>) -> Fixture {
        let (fixture, now) = fixture();
        let mut size = 2;
        let mut there: BTreeSet<EventId> = BTreeSet::new();
        for (number, append) in self.appends.iter().enumerate() {
            let shown: Vec<&New> =
                append.iter().filter(|new| !new.brought && self.sees(level, admitted, new.id)).collect();
            let [main] = shown.as_slice() else { continue };
            let brought = main.needs.iter().filter(|need| self.get(**need).brought && !there.contains(need));
            let brought: Vec<&New> = brought.map(|need| self.get(*need)).collect();
            let place = |new: &New| self.places[&new.id];
            let (mut own, mut earlier): (Vec<&New>, Vec<&New>) =
                brought.into_iter().partition(|new| place(new).0 == number);
            earlier.sort_by_key(|new| place(new));
            own.sort_by_key(|new| place(new));
            let before = i64::try_from(earlier.len()).unwrap();
            // What hidden entries did not bring in this append stands where the first of it that is seen does.
            let first = own.first().copied().unwrap_or(main);
            let at = time(number) + i64::try_from(place(first).1).unwrap() - before;
            let all: Vec<&New> = earlier.into_iter().chain(own).chain([*main]).collect();
            let mut events: Vec<(EventId, Event)> =
                all.iter().map(|new| (new.id, self.stripped(new, level))).collect();
            if let [(_, Event { fact: Fact::MomentNamed(moment), .. })] = events.as_mut_slice() {
                moment.size = size;
            }
            size += events.len() as u64;
            there.extend(events.iter().map(|(id, _)| *id));
            now.store(at, Ordering::SeqCst);
            fixture.append(request(number), main.actor, &events);
        }
        fixture
    }

    fn stripped(&self, new: &New, level: usize) -> Event {
        debug_assert!(new.event.kind().subject() != Subject::Entry || !new.needs.is_empty());
        self.bare(new.event.clone(), new.id, level)
    }

    /// Returns a reading of an entry without what is not seen.
    fn bare(&self, mut event: Event, of: EventId, level: usize) -> Event {
        let marked = self.texts.get(&of).copied().unwrap_or(0);
        event.envelope.texts.retain(|text| {
            let own = text.marking.as_ref().map_or(0, |marking| Scheme::tlp().rank(marking).unwrap());
            own.max(marked) <= level
        });
        let decode = |text: &str| Event::decode(crate::domain::event::SCHEMA, text).unwrap();
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing stands within other facts")]
        match &mut event.fact {
            Fact::RecordAmended(amended) => {
                let reading = self.bare(decode(amended.reading.get()), amended.target, level);
                amended.reading = raw(&reading);
            }
            Fact::EntryHeld(held) => {
                held.entry = raw(&self.bare(decode(held.entry.get()), of, level));
            }
            _ => {}
        }
        event
    }

    /// Returns what can be named in a question: entries of every sort, seen or not.
    pub(super) fn handles(&self) -> Vec<String> {
        let ids = self
            .entries
            .iter()
            .chain(&self.held)
            .chain(self.lines.iter().map(|(line, _)| line))
            .chain(&self.parties);
        let mut handles: Vec<String> = ids.map(ToString::to_string).collect();
        let brief: Vec<String> = handles.iter().map(|handle| handle[..8].to_owned()).collect();
        handles.extend(brief);
        handles.extend(["line-1", "x-b0", "second", "x-p0"].map(ToOwned::to_owned));
        handles
    }
}

fn time(number: usize) -> i64 {
    1_767_312_000_000_000 + i64::try_from(number).unwrap() * 1_000_000_000
}

fn request(number: usize) -> u128 {
    (u128::try_from(number).unwrap() + 1) << 64
}

fn fixture() -> (Fixture, Arc<AtomicI64>) {
    let micros = Arc::new(AtomicI64::new(1_767_225_600_000_000));
    let read = Arc::clone(&micros);
    let began: crate::store::Clock =
        Arc::new(move || Timestamp::from_micros(read.load(Ordering::SeqCst)).unwrap());
    let now = clock::stopped("2026-11-24T03:00:00.000000Z".parse().unwrap());
    (Fixture::over(MemoryStore::named("test-01234567", began), now), micros)
}
