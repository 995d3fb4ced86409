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
