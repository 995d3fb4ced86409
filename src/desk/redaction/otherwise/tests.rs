//! A text that was removed moves nothing, and nothing is said as if it had never been there.

use serde_json::{Value, json};

use crate::desk::answer::redaction::Redacted;
use crate::desk::ask::{ApprovalAsk, DueAsk, IntervalsAsk, RedactAsk, When};
use crate::desk::channels::channel_words;
use crate::desk::testing::{Fixture, kim, record};

#[track_caller]
fn redact(fixture: &Fixture, handle: &str, dry_run: bool) -> Redacted {
    redact_for(fixture, handle, dry_run, None)
}

#[track_caller]
fn redact_for(fixture: &Fixture, handle: &str, dry_run: bool, replacement: Option<Value>) -> Redacted {
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let (basis, approvals) = ("Order 7".to_owned(), vec![by("kim"), by("lee")]);
    let ask = RedactAsk { basis, approvals, replacement, dry_run, ..RedactAsk::default() };
    fixture.desk.redact(&kim(), handle, &ask).unwrap().data
}

/// A log with an offer that is accepted, and a line that is cut.
fn settled() -> Fixture {
    let fixture = Fixture::new();
    for code in ["KOR", "PRK"] {
        record(&fixture, json!({"kind": "party.registered", "code": code}));
    }
    fixture.line("hotline");
    record(
        &fixture,
        json!({"kind": "overture.proposed", "id": "o", "date": "2025-03-01", "from": "KOR", "to": "PRK",
            "deadline": "2025-03-20", "summary": "Talks"}),
    );
    record(
        &fixture,
        json!({"kind": "response.accepted", "id": "r", "in_reply_to": "o", "date": "2025-03-09", "from": "PRK",
            "summary": "Accepted by Mr X"}),
    );
    record(
        &fixture,
        json!({"kind": "channel.severed", "id": "cut", "about": "hotline", "date": "2025-04-01", "from": "PRK",
            "summary": "Cut by Mr Y"}),
    );
    fixture
}

#[test]
fn an_offer_whose_answer_was_removed_is_not_told_as_if_none_had_come() {
    let fixture = settled();
    let now = When::default();
    let dry = redact(&fixture, "r", true);
    let warns = |told: &Redacted| {
        let told = told.doubtful.iter().find(|told| told.contains("without this text o will be told as"));
        told.is_some_and(|told| told.contains("unanswered") && told.contains("accepted"))
    };
    assert!(warns(&dry), "{:?}", dry.doubtful);
    // A dry run changes nothing.
    let thread = || fixture.desk.thread(&now, "o").unwrap().data;
    assert_eq!((thread().overture.status.as_str(), thread().overture.removed), ("accepted", 0));
    assert!(warns(&redact(&fixture, "r", false)));
    let remark = "1 entry of this thread had its text removed; what it said is not known";
    let row = thread().overture;
    assert_eq!((row.removed, row.remarks.as_slice()), (1, &[remark.to_owned()][..]));
    assert!(row.basis.contains("as far as can be read: 1 entry of this thread"), "{}", row.basis);
    assert!(row.unanswered.unwrap().searched[0].contains("without 1"));
    let due = fixture.desk.due(&now, &DueAsk::default()).unwrap().data.items;
    assert_eq!((due.len(), due[0].overdue, due[0].remarks.as_slice()), (1, true, &[remark.to_owned()][..]));
    let brief = fixture.desk.brief(&now, "o").unwrap().data;
    let said: Vec<&str> = brief.standing.iter().chain(&brief.open).map(|said| said.text.as_str()).collect();
    assert!(said.contains(&"PRK: no answer can be read; a text of the thread was removed."), "{said:?}");
    assert!(said.iter().all(|said| !said.contains("is recorded. That none came")), "{said:?}");
    // The date of what was removed is not known: it may have stood at any moment.
    let then = When { at: Some("2025-03-15".to_owned()), ..When::default() };
    assert_eq!(fixture.desk.thread(&then, "o").unwrap().data.overture.removed, 1);
}

#[test]
fn what_is_said_instead_keeps_what_the_text_moved() {
    let fixture = settled();
    let instead =
        json!({"kind": "response.accepted", "in_reply_to": "o", "date": "2025-03-09", "from": "PRK"});
    for dry_run in [true, false] {
        let told = redact_for(&fixture, "r", dry_run, Some(instead.clone())).doubtful;
        assert!(told.iter().all(|told| !told.contains("without this text")), "{told:?}");
    }
    let row = fixture.desk.thread(&When::default(), "o").unwrap().data.overture;
    assert_eq!((row.status.as_str(), row.removed), ("accepted", 0));
}

#[test]
fn a_line_of_which_a_text_was_removed_says_so() {
    let fixture = settled();
    let line = || {
        let rows = fixture.desk.channels(&When::default()).unwrap().data.items;
        rows.into_iter().find(|row| row.name == "hotline").unwrap()
    };
    assert_eq!((line().state.as_str(), line().removed), ("severed", 0));
    let told = redact(&fixture, "cut", true).doubtful.join("\n");
    assert!(told.contains("hotline will be told as unknown") && told.contains("now it is severed"), "{told}");
    redact(&fixture, "cut", false);
    let row = line();
    assert_eq!((row.state.as_str(), row.removed), ("unknown", 1));
    assert_eq!(row.remarks, ["1 entry about it had its text removed; what it said is not known"]);
    assert_eq!(channel_words(&row), "unknown, and texts about it were removed");
    let ask = IntervalsAsk { channel: Some("hotline".to_owned()), ..IntervalsAsk::default() };
    let notices = fixture.desk.intervals(&When::default(), &ask).unwrap().notices;
    assert!(notices[0].starts_with("1 entry about hotline had its text removed"), "{notices:?}");
}

#[test]
fn a_removal_brings_back_no_link_that_was_taken_back() {
    let statement = |fixture: &Fixture, id: &str, links: Value| {
        record(
            fixture,
            json!({"kind": "statement.public", "id": id, "date": "2025-03-05", "from": "PRK", "links": links,
                "summary": "Words of Mr Z"}),
        )
    };
    let link = |fixture: &Fixture, source: &str, withdrawn: bool| {
        record(
            fixture,
            json!({"kind": "record.linked", "entry": source, "withdrawn": withdrawn, "reason": "so",
                "link": {"relation": "answers", "target": "o"}}),
        );
    };
    let own = json!([{"relation": "answers", "target": "o"}]);
    for (links, words, stays) in [
        (json!([]), &[false][..], true),
        (json!([]), &[false, true], false),
        (own.clone(), &[], true),
        (own.clone(), &[true], false),
        (own, &[true, false], true),
    ] {
        let fixture = settled();
        let id = statement(&fixture, "s", links);
        for withdrawn in words {
            link(&fixture, "s", *withdrawn);
        }
        let shown = || {
            let thread = fixture.desk.thread(&When::default(), "o").unwrap().data;
            thread.entries.iter().any(|entry| entry.row.entry.id == id)
        };
        assert_eq!(shown(), stays, "{words:?}");
        redact(&fixture, "s", false);
        assert_eq!(shown(), stays, "removed, {words:?}");
        let removed = fixture.desk.thread(&When::default(), "o").unwrap().data.overture.removed;
        assert_eq!(removed, u64::from(stays), "{words:?}");
    }
}

#[test]
fn a_meeting_that_only_the_text_tells_of_is_told_of_no_longer() {
    let fixture = settled();
    record(
        &fixture,
        json!({"kind": "meeting.scheduled", "id": "m", "date": "2025-04-02", "meeting_date": "2025-05-01", "from": "KOR",
            "to": "PRK", "summary": "They meet"}),
    );
    for dry_run in [true, false] {
        let told = redact(&fixture, "m", dry_run).doubtful;
        assert!(told.iter().any(|told| told.contains("told of no longer")), "{told:?}");
    }
}
