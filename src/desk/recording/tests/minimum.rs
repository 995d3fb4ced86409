//! What an entry must say, and what it may be called.

use serde_json::{Value, json};

use super::{ask, caller, lines, record, refused, size};
use crate::desk::ask::{ImportAsk, LateAsk, RecordAsk, When};
use crate::desk::error::DeskError;
use crate::desk::testing::Fixture;

/// Records several as one unit, and expects words about why not.
#[track_caller]
fn refused_as_one(fixture: &Fixture, entries: Vec<Value>, says: &[&str]) {
    let before = size(fixture);
    let error = fixture.desk.record(&caller(), &ask(entries)).unwrap_err();
    let words = format!("{error}; {error:?}");
    for word in says {
        assert!(words.contains(word), "`{word}` is not in: {words}");
    }
    assert_eq!(size(fixture), before);
}

#[test]
fn a_call_of_a_carrier_is_told_as_a_misfit_and_gives_it_no_state() {
    let fixture = lines();
    record(&fixture, json!({ "kind": "channel.registered", "name": "media", "sort": "carrier" })).unwrap();
    let call = |channel: &str| {
        let entry =
            json!({ "kind": "call.answered", "channel": channel, "from": "KOR", "date": "2026-11-20" });
        record(&fixture, entry).unwrap().entries.remove(0)
    };
    let told = call("media");
    assert!(told.doubtful[0].starts_with("`media` is registered as a carrier"), "{:?}", told.doubtful);
    assert_eq!(told.now, ["media: carrier, which has no state"]);
    assert_eq!((told.anomalies.len(), &*told.anomalies[0].expected), (1, "a line"));
    let line = call("mil-west");
    assert_eq!((line.doubtful.len(), line.anomalies.len()), (0, 0));
}

#[test]
fn an_answer_to_what_is_no_offer_is_told_as_a_misfit() {
    let fixture = lines();
    let say = |entry: Value| record(&fixture, entry).unwrap().entries.remove(0).doubtful;
    let meeting = json!({ "kind": "meeting.scheduled", "id": "m", "from": "KOR", "to": "PRK",
                          "meeting_date": "2026-12-01", "date": "2026-11-01" });
    let offer = json!({ "kind": "overture.proposed", "id": "o", "from": "KOR", "to": "PRK", "summary": "Talks?",
                        "date": "2026-11-02" });
    assert_eq!((say(meeting), say(offer)), (vec![], vec![]));
    let about = |kind: &str, by: &str, of: &str, day: &str| {
        say(json!({ "kind": kind, "id": format!("{kind}-{of}"), "from": by, "in_reply_to": of, "date": day }))
    };
    for (kind, by) in [("response.accepted", "PRK"), ("overture.reiterated", "KOR")] {
        let told = about(kind, by, "m", "2026-11-03");
        let says = format!("a misfit: `{kind}` is about an offer, and m (meeting.scheduled) is none");
        assert!(told.len() == 1 && told[0].starts_with(&says), "{told:?}");
        // In the thread of an offer, at once or through what is in it.
        assert_eq!(about(kind, by, "o", "2026-11-04"), [""; 0]);
    }
    assert_eq!(about("response.rescinded", "PRK", "response.accepted-o", "2026-11-05"), [""; 0]);
}

#[test]
fn an_entry_says_who_to_whom_and_what() {
    let fixture = lines();
    for (mut entry, field, says) in [
        (json!({ "kind": "statement.public", "from": "PRK" }), "summary", "missing"),
        (json!({ "kind": "message.sent", "from": "KOR", "to": "PRK" }), "summary", "missing"),
        (json!({ "kind": "incident" }), "summary", "missing"),
        (json!({ "kind": "overture.proposed", "to": "PRK", "summary": "Talks?" }), "from", "who speaks"),
        (json!({ "kind": "overture.proposed", "from": "KOR", "summary": "Talks?" }), "to", "addressed"),
        (
            json!({ "kind": "overture.proposed", "from": "KOR", "to": "KOR", "summary": "x" }),
            "to",
            "themselves",
        ),
        (
            json!({ "kind": "overture.proposed", "from": "KOR", "to": "PRK", "summary": "x", "deadline": "2026-11-01" }),
            "deadline",
            "before the date",
        ),
        (json!({ "kind": "response.rejected", "summary": "No." }), "from", "who speaks"),
        (json!({ "kind": "policy.set", "name": "x" }), "response_within", "at least one"),
        (json!({ "kind": "meeting.cancelled", "cause": "not stated" }), "by", "who did it"),
        (json!({ "kind": "meeting.postponed", "by": "PRK" }), "cause", "not stated"),
        (json!({ "kind": "meeting.broken_off", "from": "PRK" }), "cause", "not stated"),
    ] {
        entry["date"] = "2026-11-20".into();
        refused(&fixture, entry.clone(), &[field, says]);
        // A file may know no better: it is named there, and recorded.
        let file = entry.to_string();
        let ask = ImportAsk { file: "x.jsonl".to_owned(), dry_run: true, ..ImportAsk::default() };
        let imported = fixture
            .desk
            .import(
                &caller(),
                &ask,
                &mut std::io::Cursor::new(&file),
                &crate::desk::import::source::Progress::default(),
            )
            .unwrap()
            .data;
        assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
        assert!(
            imported.doubtful.iter().any(|fault| fault.detail.contains(field) && fault.detail.contains(says)),
            "{entry}: {:?}",
            imported.doubtful
        );
    }
    let whole =
        json!({ "kind": "meeting.cancelled", "date": "2026-11-20", "from": "PRK", "cause": "not stated" });
    record(&fixture, whole).unwrap();
}

#[test]
fn a_meeting_is_put_off_to_one_date_and_what_is_read_otherwise_is_told() {
    let fixture = lines();
    let plan = json!({ "kind": "meeting.scheduled", "id": "m", "from": "KOR", "to": "PRK", "date": "2026-11-01",
                       "meeting_date": "2026-12-20" });
    record(&fixture, plan).unwrap();
    let put_off = |more: Value| {
        let mut entry = json!({ "kind": "meeting.postponed", "meeting": "m", "from": "PRK", "cause": "rain",
                                "date": "2026-11-02" });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let both = put_off(json!({ "meeting_date": "2026-12-28", "until": "2026-12-29" }));
    refused(&fixture, both, &["until", "`meeting_date`", "2026-12-28", "2026-12-29", "once"]);
    let told = |more: Value| record(&fixture, put_off(more)).unwrap().entries.remove(0);
    let dated = told(json!({ "meeting_date": "2026-12-28" }));
    assert_eq!(
        (dated.now, dated.doubtful),
        (vec!["m: postponed, 28 December 2026; PRK, to 28 December 2026: rain".to_owned()], vec![])
    );
    let over = told(json!({ "meeting_date": "2026-11-02", "date": "2026-11-03" }));
    assert!(
        over.doubtful[0].contains("sine die") && over.doubtful[0].contains("`until`"),
        "{:?}",
        over.doubtful
    );
    assert!(over.now[0].starts_with("m: postponed; PRK, sine die instead of "), "{:?}", over.now);
    let adjourned = json!({ "kind": "meeting.adjourned", "from": "PRK", "date": "2026-11-03",
                            "meeting_date": "2026-12-01" });
    let told = record(&fixture, adjourned).unwrap().entries.remove(0);
    assert!(told.doubtful[0].contains("`until`"), "{:?}", told.doubtful);
}

#[test]
fn a_reason_that_counts_as_the_cause_is_told_and_is_none_for_coming_late() {
    let fixture = lines();
    let off = json!({ "kind": "meeting.cancelled", "id": "m", "from": "PRK", "to": "KOR", "date": "2020-11-01",
                      "reason": "envoy met others" });
    let told = record(&fixture, off).unwrap().entries.remove(0);
    assert_eq!(told.now, ["m: cancelled; PRK: envoy met others"]);
    assert!(told.doubtful[0].contains("`cause`"), "{:?}", told.doubtful);
    let late = fixture.desk.late(&When::default(), &LateAsk::default()).unwrap().data;
    let reasons: Vec<_> = late.items.iter().map(|row| row.row.reason.as_deref()).collect();
    assert_eq!(reasons, [None]);
}

#[test]
fn a_handle_stays_with_the_entry_that_has_it() {
    let fixture = lines();
    let incident =
        |id: &str| json!({ "kind": "incident", "id": id, "date": "2026-11-20", "summary": "Shots." });
    record(&fixture, incident("a")).unwrap();
    refused(&fixture, incident("a"), &["`a` names another entry already at position"]);
    refused(&fixture, incident(" a "), &["already"]);
    refused(&fixture, incident("#12"), &["position in the log"]);
    refused(&fixture, incident(""), &["empty"]);
    refused(&fixture, incident("0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d"), &["id of an event"]);
    refused_as_one(&fixture, vec![incident("b"), incident("b")], &["line 2", "id of entry 1"]);
    record(&fixture, incident("b")).unwrap();
    let stolen = json!({ "kind": "record.amended", "target": "b", "reason": "x",
                         "changes": { "external_refs": [{ "namespace": "desk", "id": "a" }] } });
    refused(&fixture, stolen, &["names another entry"]);
}

#[test]
fn a_state_that_one_slip_would_bring_into_being_is_asked_for() {
    let fixture = lines();
    let from = |party: &str| json!({ "kind": "statement.public", "from": party, "date": "2026-11-20", "summary": "x" });
    refused(&fixture, from("PRY"), &["Paraguay", "PRK", "party register PRY"]);
    record(&fixture, from("Paraguay")).unwrap();
    record(&fixture, from("PRY")).unwrap();
    let fixture = lines();
    record(&fixture, json!({ "kind": "party.registered", "code": "PRY" })).unwrap();
    record(&fixture, from("PRY")).unwrap();
}

#[test]
fn a_call_of_a_slot_that_has_not_come_is_a_fact_of_the_future() {
    // It is noon in Seoul on 24 November 2026.
    let fixture = lines();
    let register = json!({ "kind": "channel.registered", "name": "liaison", "sort": "line",
        "schedule": { "slots": ["09:00", "17:00"], "days": ["mon", "tue", "wed", "thu", "fri"] } });
    record(&fixture, register).unwrap();
    let call = |day: &str, slot: &str| json!({ "kind": "call.answered", "channel": "liaison", "date": day, "slots": slot });
    refused(&fixture, call("today", "17:00"), &["17:00 on 2026-11-24 lies ahead"]);
    refused(
        &fixture,
        json!({ "kind": "call.answered", "channel": "liaison", "slots": "23:00" }),
        &["lies ahead"],
    );
    assert!(record(&fixture, call("today", "09:00")).unwrap().entries[0].doubtful.is_empty());
    let doubt = |entry: Value| record(&fixture, entry).unwrap().entries[0].doubtful.clone();
    let other = doubt(call("2026-11-23", "10:00"));
    assert!(other[0].contains("liaison is not called at 10:00"), "{other:?}");
    let sunday = doubt(call("2026-11-22", "09:00"));
    assert!(sunday[0].contains("Sunday"), "{sunday:?}");
}

#[test]
fn one_call_has_one_outcome() {
    let fixture = lines();
    let call = |kind: &str, slots: Value| json!({ "kind": kind, "channel": "mil-west", "date": "2026-11-20", "slots": slots });
    let entries = vec![call("call.answered", Value::Null), call("call.unanswered", Value::Null)];
    refused_as_one(&fixture, entries, &["line 2", "contradicts entry 1"]);
    let entries =
        vec![call("call.answered", json!(["09:00"])), call("call.unanswered", json!(["16:00", "09:00"]))];
    refused_as_one(&fixture, entries, &["contradicts"]);
    let apart = vec![call("call.answered", json!(["09:00"])), call("call.unanswered", json!(["16:00"]))];
    fixture.desk.record(&caller(), &ask(apart)).unwrap();
}

#[test]
fn a_trouble_among_several_entries_names_its_line_whatever_it_is() {
    let fixture = lines();
    let incident = json!({ "kind": "incident", "date": "2026-11-20", "summary": "x" });
    let unknown =
        json!({ "kind": "statement.public", "from": "Atlantis", "date": "2026-11-20", "summary": "x" });
    refused_as_one(&fixture, vec![incident, unknown], &["line 2: ", "Atlantis"]);
}

#[test]
fn an_entry_of_a_unit_corrects_one_before_it() {
    let fixture = lines();
    let entries = vec![
        json!({ "kind": "incident", "id": "a", "date": "2026-11-20", "summary": "Shots.", "from": "USA" }),
        json!({ "kind": "record.annotated", "target": "a", "remark": "Heard, not seen." }),
        json!({ "kind": "record.amended", "target": "a", "reason": "x", "changes": { "summary": "A shot.", "to": "JPN" } }),
        json!({ "kind": "record.retracted", "target": "a", "reason": "reported twice" }),
        json!({ "kind": "statement.public", "from": "JPN", "date": "2026-11-20", "summary": "x" }),
    ];
    let recorded = fixture.desk.record(&caller(), &ask(entries.clone())).unwrap().data;
    assert_eq!(recorded.registered.len(), 2, "{:?}", recorded.registered);
    let known = fixture.desk.known(&When::default()).unwrap();
    let entry = known.entry(recorded.entries[0].entry.id).unwrap().unwrap();
    assert!(entry.struck && entry.amended == 1);
    let twice = vec![entries[0].clone(), entries[3].clone(), entries[3].clone()];
    let fixture = lines();
    refused_as_one(&fixture, twice, &["line 3: ", "struck already"]);
}

#[test]
fn a_handle_that_names_nothing_is_not_found_and_told_what_one_looks_like() {
    let fixture = lines();
    for changes in [json!({ "summary": "x" }), json!({ "channel": "nosuch" })] {
        let target = if changes.get("channel").is_some() { "c" } else { "nosuch" };
        if target == "c" {
            record(
                &fixture,
                json!({ "kind": "call.answered", "id": "c", "channel": "mil-west", "date": "2026-11-20" }),
            )
            .unwrap();
        }
        let entry = json!({ "kind": "record.amended", "target": target, "reason": "x", "changes": changes });
        let error = record(&fixture, entry).unwrap_err();
        let DeskError::NotFound { what, hints } = &error else { panic!("{error:?}") };
        assert!(what.contains("nosuch"), "{what}");
        assert!(!hints.is_empty());
    }
}

#[test]
fn what_is_missing_is_asked_for_by_its_name() {
    let fixture = lines();
    for (entry, says) in [
        (json!({ "kind": "channel.registered", "name": "x" }), "sort: is missing: line, carrier or forum"),
        (json!({ "kind": "channel.registered", "sort": "line" }), "name: is missing: the short name"),
        (json!({ "kind": "channel.declared", "channel": "mil-west" }), "status: is missing: "),
        (json!({ "kind": "channel.named", "channel": "mil-west" }), "names: is missing: one name"),
        (json!({ "kind": "channel.capability_changed", "channel": "mil-west" }), "capability: is missing: "),
        (json!({ "kind": "policy.set" }), "name: is missing: words"),
        (json!({ "kind": "party.registered" }), "code: is missing: a code such as KOR"),
        (json!({ "kind": "record.linked" }), "entry: is missing: the handle"),
        (json!({ "kind": "moment.named" }), "moment NAME"),
    ] {
        refused(&fixture, entry, &[says]);
    }
}

#[test]
fn a_guard_knows_every_word_for_a_state_and_no_other() {
    let fixture = lines();
    record(&fixture, json!({ "kind": "series.registered", "names": "general-level" })).unwrap();
    let offer = json!({ "kind": "overture.proposed", "id": "o", "from": "KOR", "to": "PRK", "date": "2026-11-20", "summary": "Talks?" });
    record(&fixture, offer).unwrap();
    let expecting = |entry: &Value, expect: &str| {
        let expect = Some(expect.to_owned());
        fixture
            .desk
            .record(&caller(), &RecordAsk { entries: vec![entry.clone()], expect, ..RecordAsk::default() })
    };
    let urged = json!({ "kind": "overture.urged", "in_reply_to": "o", "from": "USA", "date": "2026-11-21" });
    let slip = expecting(&urged, "pendng").unwrap_err().to_string();
    assert!(slip.contains("did you mean `pending`"), "{slip}");
    let known = fixture.desk.known(&When::default()).unwrap();
    let row = crate::desk::overtures::overture_row(&known, known.event_named("o").unwrap().into()).unwrap();
    for word in [row.status.as_str(), row.currency.as_str(), &row.status.to_uppercase()] {
        expecting(&urged, word).unwrap();
    }
    assert!(expecting(&urged, "rejected").unwrap_err().to_string().contains("not rejected"));
    let suspended =
        json!({ "kind": "talks.suspended", "channel": "general-level", "by": "PRK", "date": "2026-11-21" });
    assert!(expecting(&suspended, "suspended").unwrap_err().to_string().contains("general-level is"));
    record(&fixture, suspended).unwrap();
    let resumed =
        json!({ "kind": "talks.resumed", "channel": "general-level", "by": "PRK", "date": "2026-11-22" });
    expecting(&resumed, "Suspended").unwrap();
}

#[test]
fn names_are_bounded_and_texts_are_kept_without_what_cannot_be_seen() {
    let fixture = lines();
    let named = |name: String| json!({ "kind": "channel.named", "channel": "mil-west", "names": name });
    refused(&fixture, named("x".repeat(201)), &["201 characters", "200"]);
    record(&fixture, named("x".repeat(200))).unwrap();
    let incident = |summary: &str| json!({ "kind": "incident", "date": "2026-11-20", "summary": summary });
    for turn in ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'] {
        refused(&fixture, incident(&format!("a{turn}b")), &["direction", "U+20"]);
    }
    let recorded = record(&fixture, incident("  Shots. \n")).unwrap();
    assert_eq!(recorded.entries[0].entry.summary.as_deref(), Some("Shots."));
}

#[test]
fn a_channel_says_why_even_where_nobody_wrote_a_sentence() {
    let fixture = lines();
    record(
        &fixture,
        json!({ "kind": "channel.severed", "channel": "mil-west", "from": "PRK", "date": "2026-11-20" }),
    )
    .unwrap();
    let rows = fixture.desk.channels(&When::default()).unwrap().data.items;
    let row = rows.iter().find(|row| row.name == "mil-west").unwrap();
    assert_eq!(row.reason.as_ref().unwrap().summary.as_deref(), Some("channel severed by PRK"));
}
