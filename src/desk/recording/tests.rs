//! Recording, as callers meet it.

mod correction;
mod itself;
mod merging;
mod minimum;
mod offers;
mod ruling;
mod second;
mod states;
mod together;

use serde_json::{Value, json};

use crate::desk::answer::operation::Recorded;
use crate::desk::ask::{Caller, RecordAsk, When};
use crate::desk::error::DeskError;
use crate::desk::testing::Fixture;
use crate::domain::fact::Fact;
use crate::domain::id::RequestId;

fn caller() -> Caller {
    Caller { actor: "kim".to_owned(), tz: None }
}

fn ask(entries: Vec<Value>) -> RecordAsk {
    RecordAsk { entries, ..RecordAsk::default() }
}

fn record(fixture: &Fixture, entry: Value) -> Result<Recorded, DeskError> {
    Ok(fixture.desk.record(&caller(), &ask(vec![entry]))?.data)
}

fn size(fixture: &Fixture) -> u64 {
    fixture.desk.store.head().size
}

/// Refused, in words that say these things, and nothing was recorded.
#[track_caller]
fn refused(fixture: &Fixture, entry: Value, says: &[&str]) {
    let before = size(fixture);
    let error = record(fixture, entry).unwrap_err();
    let words = format!("{error}; {error:?}");
    for word in says {
        assert!(words.contains(word), "`{word}` is not in: {words}");
    }
    assert_eq!(size(fixture), before);
}

fn lines() -> Fixture {
    let fixture = Fixture::new();
    for code in ["KOR", "PRK", "KOR/mnd"] {
        fixture.party(code);
    }
    fixture.line("mil-west");
    fixture.line("mil-east");
    fixture
}

#[test]
fn a_call_is_recorded_and_echoed_in_full() {
    let fixture = lines();
    let recorded = record(
        &fixture,
        json!({ "kind": "call.unanswered", "channel": "Mil West", "from": "South Korea", "to": "북한",
                "date": "어제 15:00" }),
    )
    .unwrap();
    let entry = &recorded.entries[0];
    assert!(entry.echo.contains(&"channel: Mil West is mil-west".to_owned()), "{:?}", entry.echo);
    assert!(entry.echo.contains(&"from: South Korea is KOR".to_owned()), "{:?}", entry.echo);
    assert!(entry.echo.contains(&"to: 북한 is PRK".to_owned()), "{:?}", entry.echo);
    assert!(
        entry.echo.iter().any(|line| line.starts_with("date: 어제 15:00 is Mon 23 November 2026, 15:00")),
        "{:?}",
        entry.echo
    );
    let known = fixture.desk.known(&When::default()).unwrap();
    let raw = known.view.event(entry.entry.id).unwrap().unwrap();
    let envelope = raw.event.unwrap().envelope;
    assert_eq!(envelope.occurred_as_written.as_deref(), Some("어제 15:00"));
    assert_eq!(Some(raw.position), entry.position);
    assert!(recorded.registered.is_empty());
}

#[test]
fn what_is_wrong_is_refused_with_what_would_be_right() {
    let fixture = lines();
    let call = |field: &str, value: Value| {
        let mut entry = json!({ "kind": "call.unanswered", "channel": "mil-west", "date": "2026-11-20" });
        entry[field] = value;
        entry
    };
    refused(&fixture, call("date", "11/12/2025".into()), &["11 December 2025", "12 November 2025"]);
    refused(&fixture, call("date", "2025-02-30".into()), &["28 days"]);
    refused(&fixture, call("date", "2027-01-01".into()), &["lies ahead"]);
    refused(&fixture, call("channel", "mil-wset".into()), &["mil-west"]);
    refused(&fixture, call("channel", "embassy".into()), &["embassy", "channel.registered"]);
    refused(&fixture, call("to", "Atlantis".into()), &["Atlantis"]);
    refused(&fixture, call("to", "KOR/mdn".into()), &["KOR/mnd", "party.registered"]);
    refused(&fixture, call("kind", "call.unanswerd".into()), &["call.unanswered"]);
    refused(&fixture, call("summry", "x".into()), &["summary"]);
    refused(&fixture, call("deadline", "2026-12-01".into()), &["no such field", "overture"]);
    refused(&fixture, call("summary", " ".into()), &["empty"]);
    refused(&fixture, call("summary", "a\u{0}b".into()), &["U+0000"]);
    refused(&fixture, call("summary", "a".repeat(70_000).into()), &["70000 bytes", "65535", "source"]);
    refused(&fixture, call("slots", "25:00".into()), &["25:00"]);
    refused(&fixture, call("effective", "2025-11-20".into()), &["takes effect when it takes place"]);
    refused(&fixture, call("marking", "SECRET".into()), &["TLP:RED"]);
    refused(&fixture, call("in_reply_to", "ik-1".into()), &["ik-1"]);
    refused(&fixture, json!({ "kind": "call.answered" }), &["channel", "missing"]);
    refused(&fixture, json!({ "channel": "mil-west" }), &["kind", "missing"]);
    refused(&fixture, json!("call"), &["JSON object"]);
    refused(&fixture, json!({ "kind": "moment.named", "name": "x", "size": 1 }), &["moment NAME"]);
    refused(
        &fixture,
        json!({ "kind": "channel.registered", "name": "Mil-West", "sort": "line" }),
        &["Mil-West"],
    );
    refused(
        &fixture,
        json!({ "kind": "channel.registered", "name": "mil-west", "sort": "line" }),
        &["already"],
    );
    refused(&fixture, json!({ "kind": "party.registered", "code": "KOR/mnd" }), &["already"]);
    refused(
        &fixture,
        json!({ "kind": "party.registered", "code": "KOR/m-nd" }),
        &["differs from KOR/mnd", "by a letter"],
    );
    refused(&fixture, json!({ "kind": "party.registered", "code": "KRO/mnd" }), &["KRO", "ISO 3166-1"]);
    refused(&fixture, json!({ "kind": "policy.ended", "name": "x" }), &["none is set"]);
}

#[test]
fn a_state_is_entered_at_its_first_mention_and_a_body_is_not() {
    let fixture = lines();
    let recorded = record(
        &fixture,
        json!({ "kind": "statement.public", "summary": "x", "from": "Japan", "date": "2026-11-20" }),
    )
    .unwrap();
    assert_eq!(recorded.registered, ["party JPN, Japan"]);
    let again = record(
        &fixture,
        json!({ "kind": "statement.public", "summary": "x", "from": "JPN", "date": "2026-11-21" }),
    )
    .unwrap();
    assert!(again.registered.is_empty());
    refused(
        &fixture,
        json!({ "kind": "statement.public", "from": "JPN/mofa" }),
        &["JPN/mofa", "party.registered"],
    );
}

#[test]
fn whoever_records_for_the_first_time_is_entered_with_what_they_record() {
    let fixture = lines();
    let park = Caller { actor: "park".to_owned(), tz: None };
    let entry = json!({ "kind": "incident", "summary": "x", "date": "2026-11-20" });
    let recorded = fixture.desk.record(&park, &ask(vec![entry.clone()])).unwrap().data;
    assert_eq!(recorded.registered, ["recorder park"]);
    assert!(fixture.desk.record(&park, &ask(vec![entry.clone()])).unwrap().data.registered.is_empty());
    let nobody = Caller { actor: " ".to_owned(), tz: None };
    assert!(fixture.desk.record(&nobody, &ask(vec![entry])).unwrap_err().to_string().contains("--actor"));
}

#[test]
fn a_request_that_is_sent_again_records_nothing_twice_whatever_came_between() {
    let fixture = lines();
    let request = Some(RequestId::from_uuid(uuid::Uuid::from_u128(77)));
    let entry =
        json!({ "kind": "call.unanswered", "channel": "mil-west", "to": "Japan", "date": "yesterday" });
    let first = RecordAsk { entries: vec![entry.clone()], request, ..RecordAsk::default() };
    let once = fixture.desk.record(&caller(), &first).unwrap().data.receipt.unwrap();
    assert!(!once.repeated);
    // What the names mean now, or that they mean nothing any more, does not matter.
    fixture.line("milwest");
    let before = size(&fixture);
    let twice = fixture.desk.record(&caller(), &first).unwrap().data.receipt.unwrap();
    assert!(twice.repeated);
    assert_eq!((twice.ids, twice.first, size(&fixture)), (once.ids, once.first, before));
    let other = json!({ "kind": "call.answered", "channel": "mil-east" });
    let other = RecordAsk { entries: vec![other], ..first.clone() };
    assert!(fixture.desk.record(&caller(), &other).unwrap_err().to_string().contains("other content"));
    let lee = Caller { actor: "lee".to_owned(), tz: None };
    assert!(fixture.desk.record(&lee, &first).is_err());
    assert_eq!(size(&fixture), before);
}

#[test]
fn a_dry_run_says_everything_and_records_nothing() {
    let fixture = lines();
    let before = size(&fixture);
    let entries = vec![json!({ "kind": "response.rejected", "from": "USA", "date": "2026-11-20" })];
    let ask = RecordAsk { entries, dry_run: true, ..RecordAsk::default() };
    let recorded = fixture.desk.record(&caller(), &ask).unwrap().data;
    assert_eq!(recorded.registered.len(), 1);
    assert!(recorded.receipt.is_none() && recorded.entries[0].position.is_none());
    assert!(recorded.entries[0].doubtful.iter().any(|line| line.contains("answer to nothing")));
    assert_eq!(size(&fixture), before);
}

#[test]
fn entries_of_one_unit_name_each_other() {
    let fixture = lines();
    let entries = vec![
        json!({ "kind": "channel.registered", "name": "hotline", "sort": "line", "ends": ["KOR", "PRK"] }),
        json!({ "kind": "overture.proposed", "id": "a", "channel": "hotline", "from": "KOR", "to": "PRK",
                "date": "2026-11-20", "deadline": "2027-01-01", "summary": "x" }),
        json!({ "kind": "response.counter_proposed", "in_reply_to": "a", "from": "PRK", "to": "KOR",
                "date": "2026-11-21", "proposed_date": "2026-12-24" }),
    ];
    let recorded = fixture.desk.record(&caller(), &ask(entries)).unwrap().data;
    let known = fixture.desk.known(&When::default()).unwrap();
    let counter = known.view.event(recorded.entries[2].entry.id).unwrap().unwrap().event.unwrap();
    assert!(counter.envelope.opens);
    assert_eq!(counter.envelope.links[0].target, recorded.entries[1].entry.id);
    let Fact::ResponseCounterProposed(answer) = counter.fact else { panic!() };
    assert_eq!(answer.offer.unwrap().proposed_date.unwrap().as_str(), "2026-12-24");
}

#[test]
fn a_wrong_entry_among_several_is_named_and_nothing_is_recorded() {
    let fixture = lines();
    let before = size(&fixture);
    let entries = vec![
        json!({ "kind": "incident", "summary": "x", "date": "2026-11-20" }),
        json!({ "kind": "incident", "date": "soon" }),
        json!({ "kind": "call.answered", "channel": "mil-wset" }),
    ];
    let DeskError::Wrong(faults) = fixture.desk.record(&caller(), &ask(entries)).unwrap_err() else {
        panic!()
    };
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [Some(2), Some(3)]);
    assert_eq!(size(&fixture), before);
}

#[test]
fn an_amendment_changes_the_fields_it_names_and_no_other() {
    let fixture = lines();
    let first = record(
        &fixture,
        json!({ "kind": "call.unanswered", "channel": "mil-west", "id": "c1", "date": "2026-11-20",
                "summary": "No answer.", "slots": ["09:00"], "source": "https://example.org" }),
    )
    .unwrap();
    let id = first.entries[0].entry.id;
    refused(
        &fixture,
        json!({ "kind": "record.amended", "target": "c1", "changes": { "summary": "x" } }),
        &["reason", "missing"],
    );
    record(
        &fixture,
        json!({ "kind": "record.amended", "target": "c1", "reason": "wrong line",
                "changes": { "channel": "mil-east", "slots": null, "date": "2026-11-19" } }),
    )
    .unwrap();
    let known = fixture.desk.known(&When::default()).unwrap();
    let now = known.entry(id).unwrap().unwrap();
    let event = now.event.unwrap();
    assert_eq!(now.amended, 1);
    assert_eq!(event.envelope.about, [known.names.channel("mil-east").unwrap()]);
    assert_eq!(event.envelope.summary.as_deref(), Some("No answer."));
    assert_eq!(event.envelope.occurred.unwrap().as_str(), "2026-11-19");
    let Fact::CallUnanswered(call) = event.fact else { panic!() };
    assert!(call.slots.is_empty());
    // The line that it moved from and the line that it moved to both know.
    for line in ["mil-west", "mil-east"] {
        let history = known.view.history(known.names.channel(line).unwrap()).unwrap();
        assert!(history.iter().any(|raw| raw.event.as_ref().unwrap().entry() == Some(id)), "{line}");
    }
    let amendment = known.view.corrections(id).unwrap()[0].id;
    refused(
        &fixture,
        json!({ "kind": "record.amended", "target": amendment, "reason": "x", "changes": { "summary": "x" } }),
        &["correction"],
    );
    record(&fixture, json!({ "kind": "record.retracted", "target": amendment, "reason": "it was mil-west" }))
        .unwrap();
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(known.entry(id).unwrap().unwrap().amended, 0);
}

#[test]
fn a_marking_below_that_of_the_channel_is_refused_and_none_becomes_the_least() {
    let fixture = lines();
    record(
        &fixture,
        json!({ "kind": "channel.registered", "name": "envoys", "sort": "carrier", "marking_min": "tlp:amber" }),
    )
    .unwrap();
    let message = |marking: Value| json!({ "kind": "message.sent", "channel": "envoys", "summary": "x", "date": "2026-11-20", "marking": marking });
    refused(&fixture, message("TLP:GREEN".into()), &["TLP:GREEN is below TLP:AMBER"]);
    let recorded = record(&fixture, message(Value::Null)).unwrap();
    assert!(recorded.entries[0].echo.iter().any(|line| line.contains("TLP:AMBER")));
}

#[test]
fn what_the_record_seems_to_have_already_is_doubtful() {
    let fixture = lines();
    let call =
        json!({ "kind": "call.unanswered", "channel": "mil-west", "date": "2026-11-20", "slots": "09:00" });
    assert!(record(&fixture, call.clone()).unwrap().entries[0].doubtful.is_empty());
    let again = record(&fixture, call).unwrap();
    assert!(again.entries[0].doubtful[0].contains("possibly a duplicate"), "{:?}", again.entries[0].doubtful);
    let later =
        json!({ "kind": "call.unanswered", "channel": "mil-west", "date": "2026-11-20", "slots": "17:00" });
    assert!(record(&fixture, later).unwrap().entries[0].doubtful.is_empty());
}

#[test]
fn of_several_who_enter_one_name_at_once_one_succeeds() {
    let fixture = lines();
    let desk = &fixture.desk;
    let entry = json!({ "kind": "channel.registered", "name": "hotline", "sort": "line" });
    let succeeded = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let ask = ask(vec![entry.clone()]);
                scope.spawn(move || desk.record(&caller(), &ask).is_ok())
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).filter(|done| *done).count()
    });
    assert_eq!(succeeded, 1);
}

#[test]
fn a_guard_holds_only_while_what_it_guards_stands_as_expected() {
    let fixture = lines();
    let cut = json!({ "kind": "channel.severed", "channel": "mil-west", "date": "2026-11-20" });
    let expecting = |entry: &Value, expect: &str| {
        let expect = Some(expect.to_owned());
        fixture
            .desk
            .record(&caller(), &RecordAsk { entries: vec![entry.clone()], expect, ..RecordAsk::default() })
    };
    let error = expecting(&cut, "active").unwrap_err();
    assert!(error.to_string().contains("mil-west is unknown, not active"), "{error}");
    assert!(expecting(&cut, "unknown").is_ok());
    let restored = json!({ "kind": "channel.restored", "channel": "mil-west", "date": "2026-11-21" });
    let recorded = expecting(&restored, "severed").unwrap().data;
    assert!(recorded.entries[0].now[0].starts_with("mil-west: active"), "{:?}", recorded.entries[0].now);
}

#[test]
fn whoever_names_a_meeting_that_is_new_is_told_how_it_gets_its_name() {
    let scheduled = json!({ "kind": "meeting.scheduled", "meeting": "m1", "from": "KOR", "to": "PRK",
        "date": "2025-11-17", "meeting_date": "2025-12-01" });
    refused(
        &lines(),
        scheduled,
        &["`m1`", "a new meeting is entered without it, and `id` (`--id`) gives it a name"],
    );
    let other = json!({ "kind": "statement.public", "meeting": "m1", "from": "KOR", "date": "2025-11-17", "summary": "x" });
    let error = record(&lines(), other).unwrap_err();
    assert!(!format!("{error:?}").contains("a new meeting"), "{error:?}");
}

#[test]
fn a_counter_proposal_that_names_nobody_is_made_to_whoever_made_the_offer() {
    let fixture = Fixture::new();
    let record = |entry: serde_json::Value| {
        let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
        fixture.desk.record(&crate::desk::testing::kim(), &ask).unwrap().data
    };
    record(
        json!({"kind": "overture.proposed", "id": "offer", "from": "KOR", "to": "PRK", "date": "2024-01-06", "summary": "talks"}),
    );
    let counter = record(
        json!({"kind": "response.counter_proposed", "id": "other", "in_reply_to": "offer", "from": "PRK",
        "date": "2024-01-08", "deadline": "2024-01-20", "summary": "other talks"}),
    );
    let echo = counter.entries[0].echo.join("\n");
    assert!(echo.contains("to: KOR, who made what it counters"), "{echo}");
    let when = When { at: Some("2024-02-01".to_owned()), ..When::default() };
    let ask = crate::desk::ask::OverturesAsk { open: true, ..Default::default() };
    let open = fixture.desk.overtures(&when, &ask).unwrap().data.items;
    let other = open.iter().find(|row| row.handle == "other").unwrap();
    assert_eq!(other.addressees.iter().map(|to| to.name.as_str()).collect::<Vec<_>>(), ["KOR"]);
}
