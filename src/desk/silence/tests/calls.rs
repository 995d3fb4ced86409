//! When a call was made that is dated to the day: at the slots that it names.

use super::*;
use crate::domain::fact::register::Merged;

struct Calls {
    fixture: Fixture,
    south: EntityId,
    north: EntityId,
}

impl Calls {
    fn new() -> Self {
        let fixture = Fixture::new();
        let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
        Self { fixture, south, north }
    }

    fn line(&self, name: &str, zone: &str) -> EntityId {
        let (south, north) = (self.south, self.north);
        let detail = json!({"name": name, "sort": "line", "ends": [south, north],
            "schedule": {"slots": ["09:00", "17:00"], "zone": zone}});
        self.fixture
            .add(Envelope::default(), Kind::ChannelRegistered.decode(&detail.to_string()).unwrap())
            .into()
    }

    fn answered(&self, line: EntityId, day: &str, slots: &[&str]) -> EventId {
        let envelope = Envelope { from: vec![self.south], about: vec![line], ..on(day) };
        let detail = json!({ "slots": slots }).to_string();
        self.fixture.add(envelope, Kind::CallAnswered.decode(&detail).unwrap())
    }

    fn said(&self, date: &str) -> EventId {
        let envelope = Envelope { from: vec![self.north], to: vec![self.south], ..on(date) };
        self.fixture.event(Kind::MessageSent, envelope)
    }

    /// Returns the last act of all and the last call that was taken.
    fn last(&self, when: &str) -> [Option<EventId>; 2] {
        let matrix = asked(&self.fixture, &at(when), "PRK", Some("KOR"));
        [&matrix.last, &matrix.acts[3].last].map(|last| last.act().map(|act| act.entry.id))
    }
}

#[test]
fn of_the_calls_of_a_day_the_one_of_the_last_slot_is_the_last() {
    let calls = Calls::new();
    let (west, east) = (calls.line("mil-west", "Asia/Seoul"), calls.line("mil-east", "Asia/Seoul"));
    let evening = calls.answered(west, "2025-11-10", &["17:00"]);
    let morning = calls.answered(east, "2025-11-10", &["09:00"]);
    assert_eq!(calls.last("2025-11-10"), [Some(evening); 2]);
    assert_eq!(calls.last("2025-11-10T17:00:00+09:00"), [Some(evening); 2]);
    assert_eq!(calls.last("2025-11-10T16:59:00+09:00"), [Some(morning); 2]);
    assert_eq!(calls.last("2025-11-10T08:59:00+09:00"), [None; 2], "the calls of that day lie ahead");
    // What was said between them comes before the later one, and after the earlier.
    let letter = calls.said("2025-11-10T10:00:00+09:00");
    assert_eq!(calls.last("2025-11-10"), [Some(evening); 2]);
    assert_eq!(calls.last("2025-11-10T12:00:00+09:00"), [Some(letter), Some(morning)]);
    // One entry of two calls counts as of the last that was made.
    let both = calls.answered(east, "2025-11-11", &["17:00", "09:00"]);
    let letter = calls.said("2025-11-11T10:00:00+09:00");
    assert_eq!(calls.last("2025-11-11T09:30:00+09:00"), [Some(both); 2]);
    assert_eq!(calls.last("2025-11-11T12:00:00+09:00"), [Some(letter), Some(both)]);
    assert_eq!(calls.last("2025-11-11"), [Some(both); 2]);
}

#[test]
fn the_slot_of_a_call_is_one_of_the_zone_of_its_line() {
    let calls = Calls::new();
    let (west, east) = (calls.line("mil-west", "Asia/Seoul"), calls.line("un", "America/New_York"));
    // Five in the afternoon of New York is seven in the morning after.
    let there = calls.answered(east, "2025-11-10", &["17:00"]);
    let here = calls.answered(west, "2025-11-10", &["17:00"]);
    assert_eq!(calls.last("2025-11-11T06:00:00+09:00"), [Some(here); 2]);
    assert_eq!(calls.last("2025-11-11T07:00:00+09:00"), [Some(there); 2]);
    let next = calls.answered(west, "2025-11-11", &["09:00"]);
    assert_eq!(calls.last("2025-11-11"), [Some(next); 2]);
    // Until the schedule changes.
    let changed = json!({"schedule": {"slots": ["17:00"]}}).to_string();
    let about = Envelope { about: vec![east], ..on("2025-11-12") };
    calls.fixture.add(about, Kind::ChannelScheduleChanged.decode(&changed).unwrap());
    let there = calls.answered(east, "2025-11-12", &["17:00"]);
    assert_eq!(calls.last("2025-11-12T16:00:00+09:00"), [Some(next); 2]);
    assert_eq!(calls.last("2025-11-12T17:00:00+09:00"), [Some(there); 2]);
}

#[test]
fn the_zone_of_a_line_that_goes_by_two_names_is_that_of_either() {
    let calls = Calls::new();
    let (old, new) = (calls.line("un-phone", "Asia/Seoul"), calls.line("un", "Asia/Seoul"));
    let changed = json!({"schedule": {"slots": ["17:00"], "zone": "America/New_York"}}).to_string();
    let about = Envelope { about: vec![old], ..on("2025-11-01") };
    calls.fixture.add(about, Kind::ChannelScheduleChanged.decode(&changed).unwrap());
    let call = calls.answered(new, "2025-11-10", &["17:00"]);
    assert_eq!(
        calls.last("2025-11-10T17:00:00+09:00"),
        [Some(call); 2],
        "two lines, of which one is called elsewhere"
    );
    let merged = Envelope { about: vec![old], ..on("2025-11-11") };
    calls.fixture.add(merged, Fact::ChannelMerged(Merged { into: new }));
    assert_eq!(calls.last("2025-11-10T17:00:00+09:00"), [None; 2]);
    assert_eq!(calls.last("2025-11-11T07:00:00+09:00"), [Some(call); 2]);
}

#[test]
fn among_many_calls_of_a_day_the_last_is_found() {
    let calls = Calls::new();
    let lines: Vec<EntityId> =
        (0..30).map(|number| calls.line(&format!("line-{number}"), "Asia/Seoul")).collect();
    let evening = calls.answered(lines[0], "2025-11-10", &["17:00"]);
    for line in &lines[1..] {
        calls.answered(*line, "2025-11-10", &["09:00"]);
    }
    assert_eq!(calls.last("2025-11-10"), [Some(evening); 2]);
}

#[test]
fn a_call_that_lies_ahead_ends_no_finding_of_silence() {
    let calls = Calls::new();
    let line = calls.line("mil-west", "Asia/Seoul");
    let detail = json!({"subject": [calls.north], "towards": [calls.south], "basis": "officer_finding"});
    let finding = Kind::SilenceRecorded.decode(&detail.to_string()).unwrap();
    calls.fixture.add(on("2025-11-10T08:00:00+09:00"), finding);
    calls.answered(line, "2025-11-10", &["17:00"]);
    let holds = |when: &str| asked(&calls.fixture, &at(when), "PRK", Some("KOR")).findings[0].holds;
    assert_eq!((holds("2025-11-10T12:00:00+09:00"), holds("2025-11-10T18:00:00+09:00")), (true, false));
}
