//! What calls tell of a line: its schedule, the slots of an attempt, the days without an answer.

use super::*;

#[test]
fn a_scheduled_day_without_an_answer_makes_a_line_unresponsive_and_a_weekend_does_not() {
    let fixture = Fixture::new();
    let registered = |schedule: &str| ChannelRegistered {
        schedule: Some(serde_json::from_str(schedule).unwrap()),
        ..serde_json::from_str(r#"{"name":"liaison-line","sort":"line"}"#).unwrap()
    };
    let schedule = r#"{"slots":["09:00","17:00"],"days":["mon","tue","wed","thu","fri"]}"#;
    let line: EntityId =
        fixture.add(Envelope::default(), Fact::ChannelRegistered(registered(schedule))).into();
    fixture.event(Kind::ChannelOpened, about(line, "2023-01-01", "opened"));
    let call = |slots: &[&str]| {
        let slots = slots.iter().map(|slot| slot.parse().unwrap()).collect();
        Fact::CallUnanswered(Call { slots, ..Call::default() })
    };
    fixture.add(about(line, "2023-04-01", "saturday"), call(&["09:00", "17:00"]));
    fixture.add(about(line, "2023-04-06T09:00:00+09:00", "morning"), call(&[]));
    fixture.add(about(line, "2023-04-06T09:10:00+09:00", "again"), call(&[]));
    let row = rows(&fixture, &at("2023-04-06")).remove(0);
    assert_eq!((row.state.as_str(), row.missed_in_a_row), ("active", 4));
    assert_eq!(row.schedule.as_deref(), Some("09:00 and 17:00, Monday to Friday"));
    fixture.add(about(line, "2023-04-07", "friday"), call(&["09:00", "17:00"]));
    let row = rows(&fixture, &at("2023-04-07")).remove(0);
    assert_eq!(row.state, "unresponsive");
    assert_eq!(row.reason.unwrap().handle, "friday");
    let rule = "schedule: every attempt of one full day (2 attempts) missed on 7 April 2023";
    assert_eq!(row.derived_by.as_deref(), Some(rule));
    fixture.event(Kind::ChannelUnresponsive, about(line, "2023-04-10", "finding"));
    check(
        &fixture,
        &at("2023-04-12"),
        "unresponsive since 7 April 2023, 17:00 (+09:00) (finding), 6 calls missed in a row",
    );
}

#[test]
fn a_call_missed_at_no_known_time_may_be_one_that_is_named_and_fills_no_day() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    let schedule = Fact::ChannelScheduleChanged(
        serde_json::from_str(r#"{"schedule":{"slots":["09:00","17:00"]}}"#).unwrap(),
    );
    fixture.add(about(line, "2025-01-01", "schedule"), schedule);
    fixture.event(Kind::ChannelOpened, about(line, "2025-01-02", "opened"));
    fixture.event(Kind::CallUnanswered, about(line, "2025-06-05", "one"));
    fixture.add(about(line, "2025-06-05", "evening"), slotted(Kind::CallUnanswered, r#""17:00""#));
    let state = |when: &str| rows(&fixture, &at(when)).remove(0).state;
    assert_eq!(state("2025-06-05"), "active");
    // Two at no known time are as many as the day has, whichever they were.
    fixture.event(Kind::CallUnanswered, about(line, "2025-06-05", "two"));
    assert_eq!(state("2025-06-05"), "unresponsive");
}

fn slotted(kind: Kind, slots: &str) -> Fact {
    kind.decode(&format!(r#"{{"slots":[{slots}]}}"#)).unwrap()
}

#[test]
fn a_call_counts_from_the_time_of_its_slot_on() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    fixture.event(Kind::ChannelOpened, about(line, "2026-11-01", "opened"));
    // Recorded in this order, called in the other.
    fixture.add(about(line, "2026-11-23", "evening"), slotted(Kind::CallUnanswered, r#""17:00""#));
    fixture.add(about(line, "2026-11-23", "morning"), slotted(Kind::CallAnswered, r#""09:00""#));
    let row = |when: &str| rows(&fixture, &at(when)).remove(0);
    let evening = row("2026-11-23");
    assert_eq!(evening.missed_in_a_row, 1);
    assert_eq!(evening.last_evidence.as_ref().unwrap().handle, "evening");
    assert_eq!(evening.last_attempt.unwrap().value, "2026-11-23T17:00:00+09:00");
    assert_eq!(evening.last_answer.unwrap().value, "2026-11-23T09:00:00+09:00");
    let noon = row("2026-11-23T12:00:00+09:00");
    assert_eq!((noon.missed_in_a_row, noon.last_evidence.unwrap().handle.as_str()), (0, "morning"));
    assert_eq!(noon.remarks, [""; 0]);
    let before = row("2026-11-23T08:00:00+09:00");
    assert_eq!(before.last_attempt, None);
    assert_eq!(before.last_evidence.unwrap().handle, "opened");
}

#[test]
fn a_record_of_a_whole_day_is_one_attempt_for_each_slot() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    fixture.event(Kind::ChannelOpened, about(line, "2026-11-01", "opened"));
    let day = slotted(Kind::CallUnanswered, r#""17:00","09:00","17:00""#);
    fixture.add(about(line, "2026-11-20", "day"), day);
    fixture.add(about(line, "2026-11-20", "noon"), slotted(Kind::CallAnswered, r#""12:00""#));
    let missed = |when: &str| rows(&fixture, &at(when))[0].missed_in_a_row;
    assert_eq!(missed("2026-11-20T10:00:00+09:00"), 1);
    assert_eq!(missed("2026-11-20T13:00:00+09:00"), 0);
    assert_eq!(missed("2026-11-20"), 1);
}

#[test]
fn the_slots_of_a_line_are_times_of_its_zone() {
    let fixture = Fixture::new();
    let line = fixture.line("liaison-line");
    fixture.event(Kind::ChannelOpened, about(line, "2016-01-01", "opened"));
    let schedule = r#"{"schedule":{"slots":["09:00"],"zone":"Asia/Pyongyang"}}"#;
    let changed = Kind::ChannelScheduleChanged.decode(schedule).unwrap();
    fixture.add(about(line, "2016-02-01", "schedule"), changed);
    for (day, handle) in [("2016-01-31", "before"), ("2016-02-01", "after")] {
        fixture.add(about(line, day, handle), slotted(Kind::CallUnanswered, r#""09:00""#));
    }
    let missed = |when: &str| rows(&fixture, &at(when))[0].missed_in_a_row;
    assert_eq!((missed("2016-01-31T08:59:00+09:00"), missed("2016-01-31T09:00:00+09:00")), (0, 1));
    // Nine in Pyongyang was half past nine in Seoul.
    assert_eq!((missed("2016-02-01T09:29:00+09:00"), missed("2016-02-01T09:30:00+09:00")), (1, 2));
}
