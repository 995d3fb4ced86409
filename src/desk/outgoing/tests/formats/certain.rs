//! What a calendar takes for certain, and what it does not.

use super::*;

#[test]
fn a_meeting_of_which_no_day_is_known_or_that_only_the_clock_calls_off_is_tentative() {
    for (date, status) in [
        ("2026-12-02", "CONFIRMED"),
        ("2026-12", "TENTATIVE"),
        ("[2026-11-30..2026-12-30]", "TENTATIVE"),
        // Nobody says whether it was held.
        ("2026-03-10", "TENTATIVE"),
    ] {
        let fixture = spring();
        record(
            &fixture,
            json!({"kind": "meeting.scheduled", "id": "round", "date": "2026-03-01", "from": "KOR", "to": "PRK",
                "meeting_date": date}),
        );
        record(&fixture, json!({"kind": "incident", "date": "2026-11-24", "summary": "Shots."}));
        assert_eq!(meeting(&fixture)["STATUS"], status, "{date}");
    }
    // What took place did so, on whatever day.
    let fixture = spring();
    record(&fixture, json!({"kind": "meeting.held", "date": "2026-02", "from": "KOR", "to": "PRK"}));
    assert_eq!(meeting(&fixture)["STATUS"], "CONFIRMED");
}

#[test]
fn a_deadline_without_an_end_is_no_day_on_which_an_answer_is_due() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR", "to": "PRK",
            "summary": "Talks", "deadline": "2026-05-05/.."}),
    );
    let calendar = || text(&fixture, &ExportAsk::default(), Format::Ics);
    assert!(!calendar().contains("9999") && components(&calendar(), "VTODO").is_empty(), "{}", calendar());
    assert!(calendar().contains("X-DEMARCHE-LEFT-OUT:1\r\n"), "{}", calendar());
    // One that was a day before is cancelled on that day.
    for deadline in ["2026-02-20", "2026-05-05/.."] {
        let changes = json!({"kind": "record.amended", "target": "offer", "reason": "r",
            "changes": {"deadline": deadline}});
        record(&fixture, changes);
    }
    let gone = components(&calendar(), "VTODO").remove(0);
    assert_eq!((gone["STATUS"].as_str(), gone["DUE;VALUE=DATE"].as_str()), ("CANCELLED", "20260220"));
}

#[test]
fn a_deadline_in_a_month_stands_on_its_last_day_as_what_is_due_has_it() {
    let offered = |deadline: &str| {
        let fixture = spring();
        record(
            &fixture,
            json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR",
                "to": "PRK", "summary": "Talks", "deadline": deadline}),
        );
        fixture
    };
    let amended = offered("2026-12-20");
    let changes = json!({"deadline": "2026-12"});
    record(
        &amended,
        json!({"kind": "record.amended", "target": "offer", "reason": "month only", "changes": changes}),
    );
    for fixture in [amended, offered("2026-12")] {
        let calendar = text(&fixture, &ExportAsk::default(), Format::Ics);
        let task = components(&calendar, "VTODO").remove(0);
        let says = ["DUE;VALUE=DATE", "STATUS", "X-DEMARCHE-DATE"].map(|name| task[name].as_str());
        assert_eq!(says, ["20261231", "NEEDS-ACTION", "2026-12"]);
        assert!(task["SUMMARY"].starts_with("Answer due from PRK"), "{task:?}");
        assert!(task["DESCRIPTION"].contains("not certain (December 2026)"), "{task:?}");
        assert!(calendar.contains("X-DEMARCHE-LEFT-OUT:0\r\n"), "{calendar}");
    }
}

#[test]
fn an_answer_is_asked_for_of_those_alone_who_have_not_given_one() {
    let fixture = spring();
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR",
            "to": ["PRK", "USA"], "summary": "Talks", "deadline": "2026-12-20"}),
    );
    let summary = || {
        let calendar = text(&fixture, &ExportAsk::default(), Format::Ics);
        components(&calendar, "VTODO").remove(0)["SUMMARY"].clone()
    };
    let answer = |from: &str| {
        record(
            &fixture,
            json!({"kind": "response.accepted", "in_reply_to": "offer", "date": "2026-02-05", "from": from,
                "to": "KOR", "summary": "Yes"}),
        );
    };
    answer("PRK");
    assert_eq!(summary(), "Answer due from USA: Talks");
    answer("USA");
    assert_eq!(summary(), "Answer due from PRK\\; USA: Talks");
}
