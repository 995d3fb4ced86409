//! When a meeting ends, as a calendar has it.

use super::*;

#[test]
fn a_meeting_ends_when_the_entry_that_gives_its_date_says_so() {
    let fixture = spring();
    let scheduled = json!({"kind": "meeting.scheduled", "id": "m8", "date": "2026-03-01", "from": "KOR", "to": "PRK",
        "meeting_date": "2026-04-02T10:00:00+09:00", "until": "2026-04-02T12:00:00+09:00"});
    record(&fixture, scheduled);
    let shown = meeting(&fixture);
    assert_eq!(
        (shown["DTSTART"].as_str(), shown["DTEND"].as_str()),
        ("20260402T010000Z", "20260402T030000Z")
    );
    // Put off to a day of which nobody says when it ends.
    record(
        &fixture,
        json!({"kind": "meeting.postponed", "meeting": "m8", "date": "2026-03-05", "by": "PRK",
            "cause": "not stated", "until": "2026-05-01T10:00:00+09:00"}),
    );
    let shown = meeting(&fixture);
    assert_eq!((shown["DTSTART"].as_str(), shown.get("DTEND")), ("20260501T010000Z", None));
}
