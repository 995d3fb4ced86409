use serde_json::{Value, json};

use super::*;
use crate::desk::ask::{ApprovalAsk, ChangesAsk, FilterAsk, OverturesAsk, RecordAsk, TimelineAsk};
use crate::desk::keys::{KeyFile, Role};
use crate::desk::testing::Fixture;
use crate::domain::id::EventId;
use crate::store::leaf::HexHash;
use crate::tlog::key::KeyName;

/// Words that stand in the texts that are removed, and nowhere else.
const SECRETS: [&str; 6] = ["Zeppelin", "Marzipan", "Quagga", "Obsidian", "Pomelo", "Tamarind"];

fn kim() -> Caller {
    Caller { actor: "kim".to_owned(), tz: None }
}

fn record(fixture: &Fixture, entry: Value) -> EventId {
    let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    fixture.desk.record(&kim(), &ask).unwrap().data.entries[0].entry.id
}

fn ask() -> RedactAsk {
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    RedactAsk {
        basis: "Archives Act, section 4".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        ..RedactAsk::default()
    }
}

fn redact(fixture: &Fixture, handle: &str, ask: &RedactAsk) -> Result<Redacted, DeskError> {
    fixture.desk.redact(&kim(), handle, ask).map(|answer| answer.data)
}

/// Returns the rule that stands against it.
#[track_caller]
fn refused(fixture: &Fixture, handle: &str, ask: &RedactAsk) -> String {
    let size = fixture.desk.store.head().size;
    let error = redact(fixture, handle, ask).unwrap_err();
    assert_eq!(fixture.desk.store.head().size, size);
    error.to_string()
}

/// A log with an overture and everything that can be said of one.
fn spoken(fixture: &Fixture) -> EventId {
    let entry = record(
        fixture,
        json!({"kind": "overture.proposed", "id": "talks-1", "date": "2026-02-01", "from": "KOR", "to": "PRK",
            "summary": "Zeppelin talks", "note": "Marzipan"}),
    );
    record(
        fixture,
        json!({"kind": "record.amended", "target": "talks-1", "changes": {"note": "Quagga"}, "reason": "Obsidian"}),
    );
    record(fixture, json!({"kind": "record.annotated", "target": "talks-1", "remark": "Pomelo"}));
    let strike =
        record(fixture, json!({"kind": "record.retracted", "target": "talks-1", "reason": "Tamarind"}));
    record(fixture, json!({"kind": "record.retracted", "target": strike, "reason": "Tamarind again"}));
    record(
        fixture,
        json!({"kind": "response.rejected", "id": "no-1", "in_reply_to": "talks-1", "date": "2026-02-03",
            "from": "PRK", "summary": "A plain no"}),
    );
    entry
}

fn told<T: serde::Serialize>(answer: Result<Answer<T>, DeskError>) -> Result<Value, DeskError> {
    answer.map(|answer| serde_json::to_value(answer).unwrap())
}

/// Returns everything that the desk answers at every knowing, and its export.
fn everything(fixture: &Fixture) -> String {
    let desk = &fixture.desk;
    let size = desk.store.head().size;
    let mut all = String::new();
    let mut say = |value: Result<Value, DeskError>| {
        all.push_str(&value.map_or_else(|error| error.to_string(), |value| value.to_string()));
    };
    for position in 0..size {
        let when = When { known_as_of: Some(position.to_string()), ..When::default() };
        let filter = FilterAsk { status: Some("all".to_owned()), bookkeeping: true, ..FilterAsk::default() };
        let timeline = TimelineAsk { filter, limit: Some(1000), ..TimelineAsk::default() };
        say(told(desk.timeline(&when, &timeline)));
        say(told(desk.changes(&when, &ChangesAsk::default())));
        say(told(desk.overtures(&when, &OverturesAsk::default())));
        say(told(desk.channels(&when)));
        say(told(desk.parties(&when)));
        say(told(desk.meetings(&when, &crate::desk::ask::MeetingsAsk::default())));
        say(told(desk.replay(&When::default(), &position.to_string())));
        say(told(desk.diff(&When::default(), &position.to_string(), &(size - 1).to_string())));
        for handle in (0..size).map(|position| format!("#{position}")).chain(["talks-1".to_owned()]) {
            say(told(desk.entry(&when, &handle)));
            say(told(desk.history(&when, &handle)));
            say(told(desk.thread(&when, &handle)));
        }
    }
    for line in desk.export(0, u64::MAX).unwrap() {
        all.push_str(&line.unwrap());
    }
    all
}

#[test]
fn a_text_is_gone_with_everything_that_repeats_it_at_every_knowing() {
    let fixture = Fixture::new();
    let entry = spoken(&fixture);
    let before = everything(&fixture);
    for secret in SECRETS {
        assert!(before.contains(secret), "{secret}");
    }
    let head = fixture.desk.store.head();
    let dry = redact(&fixture, "talks-1", &RedactAsk { dry_run: true, ..ask() }).unwrap();
    assert_eq!(fixture.desk.store.head(), head);
    assert_eq!(dry.removed.len(), 5);
    assert_eq!(dry.removed.last().map(|removed| removed.id), Some(entry));
    assert_eq!((dry.stays_total, dry.stays[0].handle.as_str()), (1, "no-1"));
    let done = redact(&fixture, "talks-1", &ask()).unwrap();
    assert_eq!(done.registered, ["recorder lee"]);
    assert!(done.removed.iter().all(|removed| removed.by_position.is_some()));
    let after = everything(&fixture);
    for secret in SECRETS {
        assert!(!after.contains(secret), "{secret}");
    }
    assert_eq!(fixture.desk.store.root_at(head.size).unwrap(), Some(head.root));
    // The overture stays, under its name, in its list and its thread, and the strike of the strike holds.
    let shown = fixture.desk.entry(&When::default(), "talks-1").unwrap().data;
    assert!(shown.row.redacted && !shown.row.struck && shown.row.entry.kind.is_none());
    let removal = shown.removal.unwrap();
    assert_eq!(removal.basis, "Archives Act, section 4");
    assert_eq!(removal.approvals.iter().map(|row| row.by.as_str()).collect::<Vec<_>>(), ["kim", "lee"]);
    let thread = fixture.desk.thread(&When::default(), "talks-1").unwrap().data;
    assert_eq!(thread.overture.id, entry.into());
    assert!(thread.entries.iter().any(|row| row.row.entry.id == entry && row.row.redacted));
    assert!(thread.entries.iter().any(|row| row.row.entry.handle == "no-1"));
    let overtures = fixture.desk.overtures(&When::default(), &OverturesAsk::default()).unwrap().data;
    assert_eq!(overtures.total, 1);
    let steps = fixture.desk.history(&When::default(), "talks-1").unwrap().data.items;
    let of = |step: &str| steps.iter().filter(|row| row.step == step).count();
    assert_eq!((of("recorded"), of("redacted"), of("struck"), of("restored")), (1, 5, 1, 1), "{steps:?}");
    assert!(
        steps
            .iter()
            .any(|row| row.reason.as_deref() == Some("Archives Act, section 4; approved by kim and lee"))
    );
}

#[test]
fn what_may_still_be_said_is_what_lists_and_states_use() {
    let fixture = Fixture::new();
    spoken(&fixture);
    let replacement = json!({"kind": "overture.proposed", "date": "2026-02", "from": "KOR", "to": "PRK",
        "summary": "An offer of talks"});
    let ask = RedactAsk { replacement: Some(replacement), ..ask() };
    redact(&fixture, "talks-1", &ask).unwrap();
    let after = everything(&fixture);
    assert!(SECRETS.iter().all(|secret| !after.contains(secret)));
    for known_as_of in [None, Some("4".to_owned())] {
        let when = When { known_as_of, ..When::default() };
        let row = fixture.desk.entry(&when, "talks-1").unwrap().data.row;
        assert!(row.redacted);
        assert_eq!(row.entry.summary.as_deref(), Some("An offer of talks"));
        assert_eq!(
            (row.entry.handle.as_str(), row.entry.date.unwrap().value.as_str()),
            ("talks-1", "2026-02")
        );
    }
    let overtures = fixture.desk.overtures(&When::default(), &OverturesAsk::default()).unwrap().data.items;
    assert_eq!(
        (overtures[0].summary.as_str(), overtures[0].status.as_str()),
        ("An offer of talks", "rejected")
    );
    // What is said instead may be corrected as any entry may.
    record(
        &fixture,
        json!({"kind": "record.amended", "target": "talks-1", "changes": {"note": "later"}, "reason": "more"}),
    );
    let shown = fixture.desk.entry(&When::default(), "talks-1").unwrap().data;
    assert_eq!(shown.reading["note"], "later");
    assert!(shown.row.redacted);
}

#[test]
fn a_removal_that_a_rule_forbids_records_nothing() {
    let fixture = Fixture::new();
    spoken(&fixture);
    let by = |names: &[&str]| RedactAsk {
        approvals: names
            .iter()
            .map(|name| ApprovalAsk { by: (*name).to_owned(), ..ApprovalAsk::default() })
            .collect(),
        ..ask()
    };
    for (names, says) in [
        (&[][..], "nobody approves it"),
        (&["kim"], "only one approves it"),
        (&["kim", "kim"], "`kim` is named twice"),
        (&["kim", "Kim "], "are the same"),
        (&["kim", "ＫＩＭ"], "are the same"),
        (&["choi", "Choi"], "are the same"),
        (&["lee", "kim", "LEE"], "are the same"),
        (&["kim", " "], "has no name"),
    ] {
        let error = refused(&fixture, "talks-1", &by(names));
        assert!(error.contains(says), "{names:?}: {error}");
    }
    for empty in ["", "  ", "\t"] {
        let error = refused(&fixture, "talks-1", &RedactAsk { basis: empty.to_owned(), ..ask() });
        assert!(error.starts_with("basis: is empty"), "{error}");
    }
    assert!(refused(&fixture, "talks-9", &ask()).contains("`talks-9`"));
    assert!(refused(&fixture, "#0", &ask()).contains("auditors must be able to read"));
    for (replacement, says) in [
        (json!({"kind": "incident", "summary": "x"}), "brought an overture into being"),
        (json!({"kind": "record.annotated", "target": "talks-1", "remark": "x"}), "is a correction"),
        (json!({"kind": "overture.proposed", "weather": "fine"}), "weather"),
        (json!("no entry"), "JSON object"),
    ] {
        let error = refused(&fixture, "talks-1", &RedactAsk { replacement: Some(replacement), ..ask() });
        assert!(error.starts_with("replacement: ") && error.contains(says), "{error}");
    }
    let done = redact(&fixture, "talks-1", &ask()).unwrap();
    let by = done.removed.last().unwrap().by_position.unwrap();
    let again = refused(&fixture, "talks-1", &ask());
    assert!(again.contains(&format!("is removed already, by the record at position {by}")), "{again}");
    let evidence = refused(&fixture, &format!("#{by}"), &ask());
    assert!(evidence.contains("`record.redacted`, which auditors must be able to read"), "{evidence}");
}

#[test]
fn the_same_request_removes_once() {
    let fixture = Fixture::new();
    spoken(&fixture);
    let request = Some("0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d".parse().unwrap());
    let ask = RedactAsk { request, ..ask() };
    let first = redact(&fixture, "talks-1", &ask).unwrap();
    let size = fixture.desk.store.head().size;
    let again = redact(&fixture, "talks-1", &ask).unwrap();
    assert_eq!(fixture.desk.store.head().size, size);
    assert!(again.receipt.unwrap().repeated && !first.receipt.unwrap().repeated);
    assert_eq!(again.removed.len(), first.removed.len());
    let other = RedactAsk { basis: "another".to_owned(), ..ask };
    assert!(refused(&fixture, "talks-1", &other).contains("other content"));
}

#[test]
fn an_entry_is_recorded_once_though_its_text_was_removed_since() {
    let fixture = Fixture::new();
    let request = Some("0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d".parse().unwrap());
    let entry = json!({"kind": "incident", "id": "i-1", "date": "2026-02-01", "summary": "Zeppelin"});
    let submission = RecordAsk { entries: vec![entry], request, ..RecordAsk::default() };
    let first = fixture.desk.record(&kim(), &submission).unwrap().data.receipt.unwrap();
    redact(&fixture, "i-1", &ask()).unwrap();
    let size = fixture.desk.store.head().size;
    let again = fixture.desk.record(&kim(), &submission).unwrap().data.receipt.unwrap();
    assert_eq!((again.ids, again.root, again.repeated), (first.ids, first.root, true));
    assert_eq!(fixture.desk.store.head().size, size);
}

#[test]
fn what_is_in_a_register_stays_under_its_id_when_its_text_goes() {
    let fixture = Fixture::new();
    let line = fixture.line("zeppelin-line");
    let body = fixture.party("x-zeppelin");
    record(
        &fixture,
        json!({"kind": "call.unanswered", "id": "c-1", "channel": "zeppelin-line", "date": "2026-02-01"}),
    );
    redact(&fixture, &line.to_string(), &ask()).unwrap();
    redact(&fixture, &body.to_string(), &ask()).unwrap();
    // Whoever recorded stays who they were, without a name.
    redact(&fixture, "#1", &ask()).unwrap();
    let after = everything(&fixture);
    assert!(!after.contains("zeppelin"));
    let channels = fixture.desk.channels(&When::default()).unwrap().data.items;
    assert_eq!((channels.len(), channels[0].id), (1, line));
    assert!(channels[0].name.starts_with("removed-"), "{}", channels[0].name);
    let call = fixture.desk.entry(&When::default(), "c-1").unwrap().data.row;
    assert_eq!(call.about[0].id, line);
    assert!(call.recorder.starts_with("removed "), "{}", call.recorder);
    let parties = fixture.desk.parties(&When::default()).unwrap().data.items;
    assert!(parties.iter().any(|row| row.code.starts_with("x-removed-")));
}

#[test]
fn a_correction_can_go_alone_and_keeps_its_effect() {
    let fixture = Fixture::new();
    record(&fixture, json!({"kind": "incident", "id": "i-1", "date": "2026-02-01", "summary": "kept"}));
    let strike = record(&fixture, json!({"kind": "record.retracted", "target": "i-1", "reason": "Zeppelin"}));
    let amendment = record(
        &fixture,
        json!({"kind": "record.amended", "target": "i-1", "changes": {"note": "Marzipan"}, "reason": "Quagga"}),
    );
    redact(&fixture, &strike.to_string(), &ask()).unwrap();
    redact(&fixture, &amendment.to_string(), &ask()).unwrap();
    let after = everything(&fixture);
    assert!(SECRETS.iter().all(|secret| !after.contains(secret)));
    let row = fixture.desk.entry(&When::default(), "i-1").unwrap().data.row;
    assert!(row.struck && !row.redacted && row.amended == 0);
    assert_eq!(row.entry.summary.as_deref(), Some("kept"));
}

#[test]
fn an_approval_by_key_is_over_what_is_recorded() {
    let fixture = Fixture::new();
    spoken(&fixture);
    let dir = tempfile::tempdir().unwrap();
    let name = "lee".parse::<KeyName>().unwrap();
    let file = KeyFile::create(&dir.path().join("lee.key"), Role::Author, &name, None).unwrap();
    let key = HexHash(*file.keys()[0].public()).to_string();
    let mut ask = ask();
    ask.approvals[1].key = Some(key.clone());
    assert!(refused(&fixture, "talks-1", &ask).contains("is none with which `lee` may sign"));
    record(&fixture, json!({"kind": "recorder.registered", "name": "lee"}));
    let lee = fixture.desk.known(&When::default()).unwrap().names.recorder("lee").unwrap();
    let about = Envelope { about: vec![lee], ..Envelope::default() };
    let added =
        crate::domain::fact::evidence::AuthorKeyAdded { key: key.clone(), comment: None, required: false };
    fixture.add(about.clone(), Fact::AuthorKeyAdded(added));
    assert!(refused(&fixture, "talks-1", &ask).contains("`lee` did not sign the removal at position"));
    let dry = fixture.desk.redact(&kim(), "talks-1", &RedactAsk { dry_run: true, ..ask.clone() }).unwrap();
    let sign = |origin: &str, basis: &str| {
        signatures(&file, origin, &Redacted { basis: basis.to_owned(), ..dry.data.clone() }).unwrap()
    };
    for (origin, basis) in [("other-00000000", ask.basis.as_str()), (&dry.as_of.log, "another")] {
        let mut ask = ask.clone();
        ask.approvals[1].signatures = sign(origin, basis);
        assert!(refused(&fixture, "talks-1", &ask).contains("is not one of the removal"));
    }
    ask.approvals[1].signatures = sign(&dry.as_of.log, &ask.basis);
    let done = redact(&fixture, "talks-1", &ask).unwrap();
    assert_eq!(done.approvals[1].key, Some(key.clone()));
    let known = fixture.desk.known(&When::default()).unwrap();
    let by = known.view.event(done.removed.last().unwrap().by.unwrap()).unwrap().unwrap();
    let Some(Fact::RecordRedacted(recorded)) = by.event.map(|event| event.fact) else { panic!("a removal") };
    assert!(recorded.approvals[1].signature.is_some() && recorded.approvals[0].key.is_none());
    // A key that was revoked signs no more.
    let gone = crate::domain::fact::evidence::AuthorKeyRevoked { key, ends_requirement: false };
    fixture.add(about, Fact::AuthorKeyRevoked(gone));
    assert!(refused(&fixture, "no-1", &ask).contains("is none with which `lee` may sign"));
}

#[test]
fn the_message_that_approvers_sign_stays_what_it_is() {
    let target = EventId::from_uuid(uuid::Uuid::from_u128(7));
    let message = approval_message("desk-0a1b2c3d", target, "Act", None);
    assert_eq!(
        String::from_utf8(message).unwrap(),
        "demarche/redaction/v1\ndesk-0a1b2c3d\n00000000-0000-0000-0000-000000000007\n\
         0368e65a11318373d75faee7c7e3729b606579bbce9fadab37e637af1340438e\n-\n"
    );
}

#[test]
fn a_digest_tells_what_was_removed_since() {
    let fixture = Fixture::new();
    let entry = spoken(&fixture);
    let size = fixture.desk.store.head().size;
    let before = fixture.desk.state_digest(size).unwrap();
    assert!(before.not_reproducible.is_empty());
    redact(&fixture, &entry.to_string(), &ask()).unwrap();
    let after = fixture.desk.state_digest(size).unwrap();
    assert_ne!(after.digest, before.digest);
    assert_eq!(after.not_reproducible.len(), 5);
    let now = fixture.desk.state_digest(fixture.desk.store.head().size).unwrap();
    assert!(now.not_reproducible.is_empty());
    assert_eq!(fixture.desk.state_digest(3).unwrap().not_reproducible, [] as [u64; 0]);
    assert!(fixture.desk.state_digest(now.size + 1).is_err());
}

#[test]
fn two_whose_names_look_alike_are_not_two() {
    let fixture = Fixture::new();
    spoken(&fixture);
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let with = |one: &str, other: &str| RedactAsk { approvals: vec![by(one), by(other)], ..ask() };
    let rule = refused(&fixture, "talks-1", &with("lee", "l\u{435}e"));
    assert!(rule.contains("mixes letters of several alphabets"), "{rule}");
    let rule = refused(&fixture, "talks-1", &with("apo", "\u{430}\u{440}\u{43e}"));
    assert!(rule.contains("look alike"), "{rule}");
}

#[test]
fn a_basis_does_not_say_what_is_removed() {
    let fixture = Fixture::new();
    spoken(&fixture);
    for told in ["Zeppelin talks", "because of ZEPPELIN-TALKS, secret", "Tamarind again"] {
        let rule = refused(&fixture, "talks-1", &RedactAsk { basis: told.to_owned(), ..ask() });
        assert!(rule.contains("repeats the text"), "{rule}");
        assert!(SECRETS.iter().all(|word| !rule.contains(word)), "{rule}");
    }
    redact(&fixture, "talks-1", &ask()).unwrap();
}

#[test]
fn a_basis_that_nobody_can_see_is_none() {
    let fixture = Fixture::new();
    spoken(&fixture);
    for unseen in ["\u{200b}", "\u{3164}", "\u{2800}\u{3164} \u{200d}", "\u{115f}\u{1160}", "\u{ffa0}"] {
        let said = refused(&fixture, "talks-1", &RedactAsk { basis: unseen.to_owned(), ..ask() });
        assert!(said.contains("is empty"), "{unseen:?}: {said}");
    }
}

#[test]
fn a_typing_error_approves_nothing() {
    let fixture = Fixture::new();
    spoken(&fixture);
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let mistyped = RedactAsk { approvals: vec![by("kim"), by("kimm")], ..ask() };
    let error = redact(&fixture, "talks-1", &mistyped).unwrap_err();
    assert!(
        matches!(&error, DeskError::NotFound { hints, .. } if hints.iter().any(|hint| hint.contains("kim"))),
        "{error}"
    );
}
