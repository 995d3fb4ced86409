//! A look at the log that fails changes nothing of who sees what.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::in_use::InUse;
use super::marks::Marks;
use super::restriction::Clearance;
use super::rules::Rules;
use crate::desk::ask::When;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Annotated};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId, RequestId};
use crate::domain::marking::Marking;
use crate::store::{
    AppendError, AttachError, Condition, EventStore, ForgetError, Head, Health, NewEvent, ReadError, Receipt,
    Recorded, Records, SealedRecords,
};
use crate::tlog::Hash;

/// A log of which one look, counted from the first, fails, and the next does not.
struct FailsOnce<'a> {
    log: &'a dyn EventStore,
    looks: AtomicUsize,
    fails: usize,
}

impl<'a> FailsOnce<'a> {
    fn at(log: &'a dyn EventStore, fails: usize) -> Self {
        Self { log, looks: AtomicUsize::new(0), fails }
    }

    fn look<T>(&self, value: Result<T, ReadError>) -> Result<T, ReadError> {
        if self.looks.fetch_add(1, Ordering::Relaxed) == self.fails {
            return Err(ReadError::Io { file: "segment".to_owned(), what: "the disk is away".to_owned() });
        }
        value
    }
}

impl EventStore for FailsOnce<'_> {
    fn append(&self, _: Vec<NewEvent>, _: Condition, _: RequestId) -> Result<Receipt, AppendError> {
        Err(AppendError::ReadOnly)
    }

    fn head(&self) -> Head {
        self.log.head()
    }

    fn log_id(&self) -> &str {
        self.log.log_id()
    }

    fn read(&self, from: u64, to: u64) -> Records<'_> {
        Box::new(self.log.read(from, to).map(|recorded| self.look(recorded)))
    }

    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        self.look(self.log.at(position))
    }

    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        self.look(self.log.leaf_hash(position))
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError> {
        self.log.node(level, index)
    }

    fn forget(&self, _: &[u64]) -> Result<(), ForgetError> {
        Err(ForgetError::ReadOnly)
    }

    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        self.log.is_forgotten(position)
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        self.look(self.log.position_of(id))
    }

    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError> {
        self.log.between(low, high, max)
    }

    fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError> {
        self.log.receipt_of(request)
    }

    fn stream(&self, id: EntityId) -> Option<(u64, u64)> {
        self.log.stream(id)
    }

    fn sealed(&self, from: u64, to: u64) -> SealedRecords<'_> {
        self.log.sealed(from, to)
    }

    fn attach(&self, _: &[u8]) -> Result<Hash, AttachError> {
        Err(AttachError::ReadOnly)
    }

    fn attachment(&self, commitment: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        self.log.attachment(commitment)
    }

    fn health(&self) -> Health {
        self.log.health()
    }
}

fn marked(level: &str, compartment: Option<&str>) -> Envelope {
    let compartments = compartment.iter().map(|name| name.parse().unwrap()).collect();
    Envelope { marking: Some(Marking(level.to_owned())), compartments, ..on("2025-01-01") }
}

/// A log in which what is restricted is so by itself, by what it names, and by a later reading.
fn restricted() -> Fixture {
    let fixture = Fixture::new();
    let incident = |level: &str| fixture.event(Kind::Incident, marked(level, None));
    let (red, clear, raised) = (incident("TLP:RED"), incident("TLP:CLEAR"), incident("TLP:CLEAR"));
    for target in [red, clear, raised] {
        let remark = Annotated { target, remark: "so".to_owned() };
        fixture.add(Envelope::default(), Fact::RecordAnnotated(remark));
    }
    let reading = Event { envelope: marked("TLP:RED", None), fact: Kind::Incident.decode("{}").unwrap() };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target: raised, reading }));
    // A submission of several, of which one names what comes behind it.
    let fact = || Kind::Incident.decode("{}").unwrap();
    let [one, two, three] = [101, 102, 103].map(|id| EventId::from_uuid(uuid::Uuid::from_u128(id)));
    let remark = Fact::RecordAnnotated(Annotated { target: two, remark: "ahead".to_owned() });
    let unit = [
        (one, Event { envelope: Envelope::default(), fact: remark }),
        (two, Event { envelope: marked("TLP:AMBER", None), fact: fact() }),
        (three, Event { envelope: marked("TLP:GREEN", Some("KITE")), fact: fact() }),
    ];
    fixture.append(1_000, 3, &unit);
    // One correction built on another that is hidden.
    fixture.add(bare(Some("TLP:RED")), amended(clear, "hidden", ""));
    fixture.add(bare(None), amended(clear, "hidden", "a note"));
    fixture
}

/// Everything that is told of every event.
fn told(marks: &Marks) -> Vec<(Vec<bool>, Vec<u32>, u32)> {
    let clearances =
        (0..5).flat_map(|level| [Clearance::of(level, &[]), Clearance::of(level, &["KITE".to_owned()])]);
    let clearances: Vec<Clearance> = clearances.collect();
    (0..marks.size())
        .map(|position| {
            let seen = clearances.iter().map(|clearance| marks.lets_see(clearance, position)).collect();
            (seen, marks.names(position).to_vec(), marks.append_end(position))
        })
        .collect()
}

/// Returns a correction of an incident so that it has this summary and this note.
fn amended(target: EventId, summary: &str, note: &str) -> Fact {
    let said = |words: &str| (!words.is_empty()).then(|| words.to_owned());
    let envelope = Envelope { summary: said(summary), note: said(note), ..marked("TLP:CLEAR", None) };
    let reading = Event { envelope, fact: Kind::Incident.decode("{}").unwrap() };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    Fact::RecordAmended(Amended { target, reading })
}

fn bare(level: Option<&str>) -> Envelope {
    Envelope { marking: level.map(|level| Marking(level.to_owned())), ..Envelope::default() }
}

/// Returns which events from a position on somebody sees who is cleared for a level.
fn seen(fixture: &Fixture, from: u32, level: usize) -> Vec<bool> {
    let rules = Rules::of(&fixture.desk.known(&When::default()).unwrap());
    let mut marks = Marks::new(rules);
    marks.catch_up(fixture.desk.store.as_ref()).unwrap();
    (from..marks.size()).map(|position| marks.lets_see(&Clearance::of(level, &[]), position)).collect()
}

#[test]
fn what_was_built_on_a_hidden_correction_is_as_hidden_also_in_a_log_that_says_nothing_of_it() {
    let fixture = Fixture::new();
    let target = fixture.event(Kind::Incident, marked("TLP:CLEAR", None));
    let add = |level, fact| fixture.add(bare(level), fact);
    let hidden = add(Some("TLP:RED"), amended(target, "hidden", ""));
    let on_top = add(None, amended(target, "hidden", "a note"));
    add(Some("TLP:GREEN"), amended(target, "open", ""));
    add(None, amended(target, "open", "a note"));
    // Waits for a second person.
    let waits = Event { envelope: Envelope::default(), fact: amended(target, "hidden", "other") };
    let entry = serde_json::value::RawValue::from_string(waits.encode().unwrap()).unwrap();
    add(None, Fact::EntryHeld(crate::domain::fact::record::Held { entry }));
    // Each is as restricted as what it carries: the note came with what was hidden.
    assert_eq!(seen(&fixture, 2, 1), [true, false, false, true, false, false]);
    assert!(seen(&fixture, 2, 4).iter().all(|seen| *seen));
    for struck in [hidden, on_top] {
        let strike = Fact::RecordRetracted(crate::domain::fact::record::Retracted { target: struck });
        add(None, strike);
    }
    // What it was built on holds no more; what was not built on it is for everybody.
    add(None, amended(target, "hidden", "third"));
    assert_eq!(seen(&fixture, 3, 1), [false, false, true, false, false, false, false, true]);
}

#[test]
fn of_a_correction_that_was_struck_in_hiding_what_carries_it_is_as_restricted_as_it_was() {
    let fixture = Fixture::new();
    let target = fixture.event(Kind::Incident, marked("TLP:CLEAR", None));
    let add = |level, fact| fixture.add(bare(level), fact);
    let amber = add(Some("TLP:AMBER"), amended(target, "hidden", ""));
    add(Some("TLP:RED"), Fact::RecordRetracted(crate::domain::fact::record::Retracted { target: amber }));
    add(None, amended(target, "hidden", "built by somebody who does not see that it was struck"));
    assert_eq!(seen(&fixture, 3, 1), [false, false, false]);
    assert_eq!(seen(&fixture, 3, 2), [true, false, true]);
}

#[test]
fn wherever_a_look_at_the_log_fails_the_next_tells_what_one_that_never_failed_does() {
    let fixture = restricted();
    let store = fixture.desk.store.as_ref();
    let rules = Rules::of(&fixture.desk.known(&When::default()).unwrap());
    let mut sound = Marks::new(rules.clone());
    sound.catch_up(store).unwrap();
    let expected = told(&sound);
    assert_eq!(expected.len() as u64, store.head().size);
    assert!(expected.iter().any(|(seen, ..)| !seen[0]) && expected.iter().any(|(seen, ..)| seen[0]));
    let mut failed = 0;
    loop {
        let faulty = FailsOnce::at(store, failed);
        let mut marks = Marks::new(rules.clone());
        if marks.catch_up(&faulty).is_ok() {
            break;
        }
        assert_eq!(marks.size(), 0, "of what is not settled nothing is told");
        marks.catch_up(&faulty).unwrap();
        assert_eq!(told(&marks), expected, "look {failed}");
        failed += 1;
    }
    assert!(failed > usize::try_from(store.head().size).unwrap(), "{failed}");
}

#[test]
fn a_compartment_is_not_missed_because_a_look_at_the_log_failed() {
    let fixture = restricted();
    let store = fixture.desk.store.as_ref();
    for fails in 0..usize::try_from(store.head().size).unwrap() {
        let (faulty, mut in_use) = (FailsOnce::at(store, fails), InUse::default());
        assert!(in_use.catch_up(&faulty).is_err(), "which there are is not known");
        let named = in_use.catch_up(&faulty).unwrap();
        assert_eq!(named.iter().map(ToString::to_string).collect::<Vec<_>>(), ["KITE"], "look {fails}");
    }
}
