//! What a calendar has of a meeting that is adjourned, and of one whose first entry was struck.

use super::*;

type Event = BTreeMap<String, String>;

/// Returns the meeting and its further sittings.
#[track_caller]
fn events(fixture: &Fixture) -> (Event, Vec<Event>) {
    let mut events = components(&text(fixture, &ExportAsk::default(), Format::Ics), "VEVENT");
    let meeting = events.remove(0);
    (meeting, events)
}

/// Returns the only further sitting: its day, its status.
#[track_caller]
fn sitting(fixture: &Fixture) -> (String, String) {
    let (_, sittings) = events(fixture);
    let [sitting] = sittings.as_slice() else { panic!("{sittings:?}") };
    let day = sitting.get("DTSTART;VALUE=DATE").or_else(|| sitting.get("DTSTART")).unwrap();
    (day.clone(), sitting["STATUS"].clone())
}

fn adjourned() -> Fixture {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.opened", "id": "ma", "date": "2026-03-02", "from": "KOR", "to": "PRK"}),
    );
    record(
        &fixture,
        json!({"kind": "meeting.adjourned", "id": "adj", "meeting": "ma", "date": "2026-03-02", "from": "KOR",
            "to": "PRK", "until": "2026-03-15"}),
    );
    fixture
}

fn of_meeting(fixture: &Fixture, kind: &str, date: &str) {
    record(fixture, json!({"kind": kind, "meeting": "ma", "date": date, "from": "KOR", "to": "PRK"}));
}

#[test]
fn a_meeting_that_is_adjourned_to_a_day_stands_on_that_day_as_well() {
    let fixture = adjourned();
    let (meeting, sittings) = events(&fixture);
    assert_eq!(
        (meeting["DTSTART;VALUE=DATE"].as_str(), meeting["STATUS"].as_str()),
        ("20260302", "CONFIRMED")
    );
    let next = &sittings[0];
    assert_eq!((next["DTSTART;VALUE=DATE"].as_str(), next["STATUS"].as_str()), ("20260315", "CONFIRMED"));
    assert!(next["SUMMARY"].ends_with("(next sitting)"), "{next:?}");
    assert_ne!(next["UID"], meeting["UID"]);
    assert_eq!(next["SEQUENCE"], meeting["SEQUENCE"]);
    // It goes on on that day; then it is over.
    for (kind, date) in [("meeting.resumed", "2026-03-15"), ("meeting.concluded", "2026-03-16")] {
        of_meeting(&fixture, kind, date);
        let (_, now) = events(&fixture);
        assert_eq!(now.len(), 1);
        assert_eq!((&now[0]["UID"], now[0]["STATUS"].as_str()), (&next["UID"], "CONFIRMED"));
        assert!(now[0]["SEQUENCE"].parse::<u32>().unwrap() > next["SEQUENCE"].parse::<u32>().unwrap());
        assert!(now[0]["SUMMARY"].ends_with("(resumed)"), "{now:?}");
    }
}

#[test]
fn a_sitting_that_will_not_be_is_cancelled_in_calendars_that_have_it() {
    for (kind, date) in [("meeting.concluded", "2026-03-10"), ("meeting.resumed", "2026-03-12")] {
        let fixture = adjourned();
        of_meeting(&fixture, kind, date);
        assert_eq!(sitting(&fixture), ("20260315".to_owned(), "CANCELLED".to_owned()), "{kind}");
    }
    let fixture = adjourned();
    let before = events(&fixture).1.remove(0);
    record(
        &fixture,
        json!({"kind": "record.amended", "target": "adj", "reason": "the day", "changes": {"until": "2026-03-20"}}),
    );
    assert_eq!(sitting(&fixture), ("20260320".to_owned(), "CONFIRMED".to_owned()));
    record(&fixture, json!({"kind": "record.retracted", "target": "adj", "reason": "a rumour"}));
    assert_eq!(sitting(&fixture), ("20260320".to_owned(), "CANCELLED".to_owned()));
    let after = events(&fixture).1.remove(0);
    assert_eq!(after["UID"], before["UID"]);
    assert!(after["SEQUENCE"].parse::<u32>().unwrap() > before["SEQUENCE"].parse::<u32>().unwrap());
}

#[test]
fn adjourned_again_to_another_day_it_is_awaited_on_that_one_alone() {
    let fixture = adjourned();
    record(
        &fixture,
        json!({"kind": "meeting.adjourned", "meeting": "ma", "date": "2026-03-10", "from": "KOR", "to": "PRK",
            "until": "2026-03-25"}),
    );
    let (_, sittings) = events(&fixture);
    let told: Vec<_> = sittings.iter().map(|one| (&*one["DTSTART;VALUE=DATE"], &*one["STATUS"])).collect();
    assert_eq!(told, [("20260315", "CANCELLED"), ("20260325", "CONFIRMED")]);
}

#[test]
fn a_meeting_whose_first_entry_was_struck_is_cancelled_unless_another_sets_or_opens_it() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "mm", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-03-10"}),
    );
    record(
        &fixture,
        json!({"kind": "meeting.details_changed", "meeting": "mm", "date": "2026-03-02", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-03-11"}),
    );
    let before = meeting(&fixture);
    record(&fixture, json!({"kind": "record.retracted", "target": "mm", "reason": "a rumour"}));
    let struck = meeting(&fixture);
    assert_eq!((struck["STATUS"].as_str(), struck["DTSTART;VALUE=DATE"].as_str()), ("CANCELLED", "20260311"));
    assert_eq!(struck["UID"], before["UID"]);
    assert!(struck["DESCRIPTION"].contains("struck from the record"), "{struck:?}");
    record(
        &fixture,
        json!({"kind": "meeting.opened", "meeting": "mm", "date": "2026-03-11", "from": "KOR", "to": "PRK"}),
    );
    let opened = meeting(&fixture);
    assert_eq!(opened["STATUS"], "CONFIRMED");
    let says = "the entry that brought it into being was struck from the record";
    assert!(opened["DESCRIPTION"].contains(says), "{opened:?}");
}

#[test]
fn a_filter_that_meets_the_struck_first_entry_alone_still_cancels_the_meeting() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "mm", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-03-10"}),
    );
    record(
        &fixture,
        json!({"kind": "meeting.details_changed", "meeting": "mm", "date": "2026-03-02", "from": "KOR", "to": "PRK",
            "place": "Panmunjom"}),
    );
    let scheduled = filter(|filter| filter.kind = Some("meeting.scheduled".to_owned()));
    let exported = || components(&text(&fixture, &scheduled, Format::Ics), "VEVENT");
    let before = exported();
    record(&fixture, json!({"kind": "record.retracted", "target": "mm", "reason": "a rumour"}));
    let struck = exported();
    assert_eq!((before.len(), struck.len()), (1, 1));
    assert_eq!((&struck[0]["UID"], struck[0]["STATUS"].as_str()), (&before[0]["UID"], "CANCELLED"));
    // Set anew by another entry it stands, and what is met of it is nothing but what was struck.
    record(
        &fixture,
        json!({"kind": "meeting.opened", "meeting": "mm", "date": "2026-03-10", "from": "KOR", "to": "PRK"}),
    );
    assert_eq!(exported(), Vec::new());
}

#[test]
fn the_sides_sat_only_where_they_went_on_after_they_had_adjourned() {
    let of = |until: &str, later: &[(&str, &str)]| {
        let fixture = spring();
        record(
            &fixture,
            json!({"kind": "meeting.opened", "id": "ma", "date": "2026-01-02", "from": "KOR", "to": "PRK"}),
        );
        record(
            &fixture,
            json!({"kind": "meeting.adjourned", "meeting": "ma", "date": "2026-01-02", "from": "KOR", "to": "PRK",
                "until": until}),
        );
        for (kind, date) in later {
            let mut entry = json!({"kind": kind, "meeting": "ma", "date": date, "from": "KOR", "to": "PRK"});
            if *kind == "meeting.broken_off" {
                entry["cause"] = json!("not stated");
            }
            record(&fixture, entry);
        }
        sitting(&fixture)
    };
    let (resumed, concluded) = ("meeting.resumed", "meeting.concluded");
    let (month, day) = ("2026-01", "2026-01-15");
    for (until, later, starts, status) in [
        (month, vec![], "20260101", "TENTATIVE"),
        (month, vec![(concluded, "2026-02-10")], "20260101", "CANCELLED"),
        (month, vec![(concluded, "2026-01-20")], "20260101", "CANCELLED"),
        (month, vec![("meeting.broken_off", "2026-01-20")], "20260101", "CANCELLED"),
        (month, vec![(resumed, "2026-02-03"), (concluded, "2026-02-04")], "20260101", "CANCELLED"),
        (month, vec![("meeting.adjourned", "2026-01-12")], "20260101", "CANCELLED"),
        // Of a day that was not known it is the day on which they sat.
        (month, vec![(resumed, "2026-01-12"), (concluded, "2026-01-20")], "20260112", "CONFIRMED"),
        (day, vec![(concluded, day)], "20260115", "CONFIRMED"),
        (day, vec![(concluded, "2026-01-16")], "20260115", "CANCELLED"),
        (day, vec![(resumed, "2026-01-14"), (concluded, day)], "20260115", "CONFIRMED"),
        (day, vec![("meeting.adjourned", day)], "20260115", "CONFIRMED"),
        (day, vec![("meeting.adjourned", "2026-01-10")], "20260115", "CANCELLED"),
    ] {
        assert_eq!(of(until, &later), (starts.to_owned(), status.to_owned()), "{until}: {later:?}");
    }
}
