//! What a comparison of two knowings promises.

use super::*;
use crate::desk::ask::{FilterAsk, TimelineAsk};
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Annotated, Retracted};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;
use proptest::prelude::*;

fn size(fixture: &Fixture) -> String {
    (fixture.desk.store.head().size - 1).to_string()
}

#[track_caller]
fn since(fixture: &Fixture, from: &str) -> Vec<DiffRow> {
    fixture.desk.diff(&When::default(), from, &size(fixture)).unwrap().data.changes
}

fn by(row: &DiffRow) -> Vec<EventId> {
    row.by.iter().map(|doer| doer.entry.id).collect()
}

fn meeting(fixture: &Fixture, kind: Kind, date: &str, detail: &str, about: Option<EntityId>) -> EventId {
    let envelope = Envelope { opens: about.is_none(), about: about.into_iter().collect(), ..on(date) };
    fixture.add(envelope, kind.decode(detail).unwrap())
}

#[test]
fn a_meeting_that_was_called_off_reads_otherwise_by_the_event_that_says_so() {
    let fixture = Fixture::new();
    let plan = meeting(&fixture, Kind::MeetingScheduled, "2026-11-01", r#"{"date":"2026-12-01"}"#, None);
    let before = size(&fixture);
    let off =
        meeting(&fixture, Kind::MeetingCancelled, "2026-11-10", r#"{"cause":"rank"}"#, Some(plan.into()));
    let rows = since(&fixture, &before);
    assert_eq!(rows.iter().map(|row| row.what.as_str()).collect::<Vec<_>>(), ["meeting", "entry"]);
    assert_eq!(rows[0].before.as_deref(), Some("scheduled, 1 December 2026"));
    assert_eq!(rows[0].after.as_deref(), Some("cancelled, 1 December 2026; nobody is named: rank"));
    assert_eq!((by(&rows[0]), by(&rows[1])), (vec![off], vec![off]));
    assert_eq!(rows[1].before, None);
    // Both knowings are seen from one moment: the clock alone makes no difference.
    let same = fixture.desk.diff(&When::default(), &before, &before).unwrap().data;
    assert_eq!(same.changes, []);
}

#[test]
fn a_correction_changes_the_entry_and_whatever_it_moved() {
    let fixture = Fixture::new();
    let held = meeting(&fixture, Kind::MeetingHeld, "2026-02-01", "{}", None);
    let before = size(&fixture);
    let fact = Kind::MeetingHeld.decode("{}").unwrap();
    let reading = Event { envelope: Envelope { opens: true, ..on("2026-02-03") }, fact };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    let about = Envelope { about: vec![held.into()], ..Envelope::default() };
    let amendment = fixture.add(about, Fact::RecordAmended(Amended { target: held, reading }));
    let rows = since(&fixture, &before);
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].what.as_str(), by(&rows[0])), ("meeting", vec![amendment]));
    assert_eq!(rows[1].before.as_deref(), Some("meeting.held, 1 February 2026"));
    assert_eq!(rows[1].after.as_deref(), Some("meeting.held, 3 February 2026"));
    let amended = size(&fixture);
    let strike = fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: held }));
    let rows = since(&fixture, &amended);
    assert_eq!(rows[0].after, None);
    assert!(rows[1].after.as_deref().unwrap().ends_with("[struck]"));
    assert_eq!((by(&rows[0]), by(&rows[1])), (vec![strike], vec![strike]));
    // Striking the strike: the meeting is back, by that event.
    let struck = size(&fixture);
    let back = fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: strike }));
    let rows = since(&fixture, &struck);
    assert_eq!((rows[0].before.clone(), by(&rows[0])), (None, vec![back]));
}

#[test]
fn only_what_made_something_read_otherwise_is_named() {
    use crate::desk::overtures::tests::{Talks, called};
    use crate::domain::link::{Link, Relation};
    let talks = Talks::new();
    let offer = talks.offer("o", "2025-03-01", &serde_json::json!({}));
    let before = size(&talks.fixture);
    talks.on(offer, "urged", "2025-03-02", Kind::OvertureUrged, talks.floor_leader);
    let answer = talks.on(offer, "no", "2025-03-03", Kind::ResponseRejected, talks.prk);
    talks.on(offer, "urged again", "2025-03-04", Kind::OvertureUrged, talks.floor_leader);
    let remark = "seen twice".to_owned();
    talks.fixture.add(Envelope::default(), Fact::RecordAnnotated(Annotated { target: answer, remark }));
    let rows = since(&talks.fixture, &before);
    let row = rows.iter().find(|row| row.what == "overture").unwrap();
    assert_eq!(by(row), [answer]);
    let entry = rows.iter().find(|row| row.name == "no").unwrap();
    assert_eq!(by(entry), [answer]);
    // An answer to an entry of the thread, and a meeting that took place, bear on the offer that led to it.
    let again = talks.on(offer, "again", "2025-03-05", Kind::OvertureReiterated, talks.mnd);
    let links = vec![Link::new(Relation::Realises, offer)];
    let plan = Envelope { opens: true, links, ..called("plan", "2025-03-07") };
    let plan = talks.fixture.event(Kind::MeetingScheduled, plan);
    let before = size(&talks.fixture);
    let yes = talks.on(again, "yes", "2025-03-06", Kind::ResponseAccepted, talks.prk);
    let overture = |rows: &[DiffRow]| rows.iter().find(|row| row.what == "overture").map(by);
    assert_eq!(overture(&since(&talks.fixture, &before)), Some(vec![yes]));
    let before = size(&talks.fixture);
    let held = Envelope { about: vec![plan.into()], ..called("held", "2025-03-08") };
    let held = talks.fixture.event(Kind::MeetingHeld, held);
    assert_eq!(overture(&since(&talks.fixture, &before)), Some(vec![held]));
}

#[test]
fn a_remark_makes_nothing_read_otherwise_and_a_field_out_of_the_line_does() {
    let fixture = Fixture::new();
    let id = fixture.event(Kind::Incident, on("2020-01-01"));
    let before = size(&fixture);
    let remark = "seen twice".to_owned();
    fixture.add(Envelope::default(), Fact::RecordAnnotated(Annotated { target: id, remark }));
    assert_eq!(since(&fixture, &before), []);
    let envelope = Envelope { note: Some("at noon".to_owned()), ..on("2020-01-01") };
    let reading = Event { envelope, fact: Kind::Incident.decode("{}").unwrap() };
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target: id, reading }));
    let rows = since(&fixture, &before);
    assert_eq!(rows[0].before.as_deref(), Some("note: nothing"));
    assert_eq!(rows[0].after.as_deref(), Some("note: \"at noon\""));
}

#[test]
fn the_later_knowing_comes_second() {
    let fixture = Fixture::new();
    let error = fixture.desk.diff(&When::default(), "1", "0").unwrap_err().to_string();
    assert!(error.contains("exchange"), "{error}");
    let when = When { known_as_of: Some("0".to_owned()), ..When::default() };
    assert!(fixture.desk.diff(&when, "0", "1").is_err());
}

/// Records meetings with their later entries, amendments, strikes and strikes of strikes.
fn random(steps: &[(u8, u8, u8)]) -> (Fixture, Vec<EntityId>) {
    let fixture = Fixture::new();
    let mut meetings: Vec<EntityId> = Vec::new();
    // What can be corrected, with the meeting that it is about.
    let mut entries: Vec<(EventId, EntityId, bool)> = Vec::new();
    let mut strikes: Vec<EventId> = Vec::new();
    let kinds = [
        (Kind::MeetingScheduled, r#"{"date":"2026-12-01"}"#),
        (Kind::MeetingPostponed, "{}"),
        (Kind::MeetingCancelled, r#"{"cause":"rank"}"#),
        (Kind::MeetingHeld, "{}"),
        (Kind::MeetingOpened, r#"{"place":"Panmunjom"}"#),
    ];
    for (what, which, day) in steps.iter().copied() {
        let (kind, detail) = kinds[usize::from(which) % kinds.len()];
        let date = format!("2026-{:02}-{:02}", day % 12 + 1, day % 28 + 1);
        let target = entries.get(usize::from(which) % entries.len().max(1)).copied();
        match (what % 6, target) {
            (1 | 2, Some((_, about, _))) => {
                let id = meeting(&fixture, kind, &date, detail, Some(about));
                entries.push((id, about, false));
            }
            (3, Some((target, about, opens))) => {
                let own = if opens { Vec::new() } else { vec![about] };
                let envelope = Envelope { opens, about: own, ..on(&date) };
                let reading = Event { envelope, fact: kind.decode(detail).unwrap() };
                let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
                let about = Envelope { about: vec![about], ..Envelope::default() };
                fixture.add(about, Fact::RecordAmended(Amended { target, reading }));
            }
            (4, Some((target, about, _))) => {
                let about = Envelope { about: vec![about], ..Envelope::default() };
                strikes.push(fixture.add(about, Fact::RecordRetracted(Retracted { target })));
            }
            (5, _) if !strikes.is_empty() => {
                let target = strikes[usize::from(which) % strikes.len()];
                strikes.push(fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target })));
            }
            _ => {
                let id = meeting(&fixture, kind, &date, detail, None);
                entries.push((id, id.into(), true));
                meetings.push(id.into());
            }
        }
    }
    (fixture, meetings)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_differs_is_told_with_the_events_that_did_it_and_nothing_else_is(
        steps in proptest::collection::vec((0u8..=255, 0u8..=255, 0u8..=255), 1..30),
        cuts in (0_u64..=1_000, 0_u64..=1_000),
    ) {
        let (fixture, meetings) = random(&steps);
        let last = fixture.desk.store.head().size - 1;
        let (one, other) = (last * cuts.0 / 1_000, last * cuts.1 / 1_000);
        let (from, to) = (one.min(other), one.max(other));
        let changes =
            fixture.desk.diff(&When::default(), &from.to_string(), &to.to_string()).unwrap().data.changes;
        let known = |position: u64| {
            let at = Some("2026-11-24T03:00:00.000000Z".to_owned());
            let when = When { known_as_of: Some(position.to_string()), at, ..When::default() };
            fixture.desk.known(&when).unwrap()
        };
        let (earlier, later) = (known(from), known(to));
        let mut expected = Vec::new();
        for id in meetings {
            let before = words(&earlier, EntityKind::Meeting, id).unwrap();
            let after = words(&later, EntityKind::Meeting, id).unwrap();
            if before != after {
                expected.push((later.named(id).unwrap().name, before, after));
            }
        }
        let mut told: Vec<_> = changes
            .iter()
            .filter(|row| row.what == "meeting")
            .map(|row| (row.name.clone(), row.before.clone(), row.after.clone()))
            .collect();
        expected.sort();
        told.sort();
        prop_assert_eq!(told, expected);
        for row in &changes {
            let positions: Vec<u64> = row.by.iter().map(|doer| doer.position).collect();
            prop_assert!(!positions.is_empty() && positions.is_sorted());
            prop_assert!(positions.iter().all(|position| (from + 1..=to).contains(position)));
        }
        // Every entry that is new is told as new.
        let new = changes.iter().filter(|row| row.what == "entry" && row.before.is_none()).count();
        let filter = FilterAsk { status: Some("all".to_owned()), ..FilterAsk::default() };
        let ask = TimelineAsk { filter, limit: Some(1_000), ..TimelineAsk::default() };
        let total = |position: u64| {
            let at = Some("2999".to_owned());
            let when = When { known_as_of: Some(position.to_string()), at, ..When::default() };
            fixture.desk.timeline(&when, &ask).unwrap().data.total
        };
        prop_assert_eq!(new as u64, total(to) - total(from));
    }
}
