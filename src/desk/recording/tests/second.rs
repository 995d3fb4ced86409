//! What needs a second person: it waits, counts nowhere, and counts when somebody else confirmed it.

use serde_json::{Value, json};

use super::{ask, caller, lines, record, refused, size};
use crate::desk::answer::Page;
use crate::desk::answer::held::HeldRow;
use crate::desk::ask::{
    Caller, ConfirmAsk, FilterAsk, HeldAsk, OverturesAsk, RecordAsk, SearchAsk, TimelineAsk, When,
};
use crate::desk::error::DeskError;
use crate::desk::testing::Fixture;
use crate::domain::fact::Kind;
use crate::domain::id::RequestId;

fn lee() -> Caller {
    Caller { actor: "lee".to_owned(), tz: None }
}

fn offer() -> Value {
    json!({ "kind": "overture.proposed", "id": "talks", "from": "KOR", "to": "PRK", "date": "2025-11-20",
            "summary": "Military talks." })
}

/// A log in which offers need two people.
fn of_two() -> Fixture {
    let fixture = lines();
    let policy = json!({ "kind": "policy.set", "name": "four eyes", "date": "2025-01-01",
                         "two_people": ["overture.proposed"] });
    record(&fixture, policy).unwrap();
    fixture
}

fn offers(fixture: &Fixture, when: &When) -> usize {
    fixture.desk.overtures(when, &OverturesAsk::default()).unwrap().data.items.len()
}

/// Returns the handle of the only thing that waits.
fn waits(fixture: &Fixture) -> String {
    let held = fixture.desk.held(&When::default(), &HeldAsk::default()).unwrap().data.items;
    let [one] = held.as_slice() else { panic!("one waits: {held:?}") };
    one.entry.handle.clone()
}

#[track_caller]
fn not_confirmed(fixture: &Fixture, who: &Caller, handle: &str, says: &str) {
    let before = size(fixture);
    let error = fixture.desk.confirm(who, handle, &ConfirmAsk::default()).unwrap_err();
    let words = format!("{error}; {error:?}");
    assert!(words.contains(says), "`{says}` is not in: {words}");
    assert_eq!(size(fixture), before);
}

#[test]
fn what_a_policy_names_waits_counts_nowhere_and_counts_once_another_confirmed_it() {
    let fixture = of_two();
    let recorded = record(&fixture, offer()).unwrap();
    assert_eq!(recorded.entries[0].entry.kind, Some(Kind::EntryHeld));
    let echo = recorded.entries[0].echo.join("\n");
    assert!(echo.contains("`four eyes`") && echo.contains("somebody else confirms it"), "{echo}");
    let position = recorded.entries[0].position.unwrap();
    let now = When::default();
    let timeline =
        |fixture: &Fixture| fixture.desk.timeline(&now, &TimelineAsk::default()).unwrap().data.items.len();
    let search = |fixture: &Fixture| {
        let filter = FilterAsk { text: Some("military".to_owned()), ..FilterAsk::default() };
        fixture.desk.search(&now, &SearchAsk { filter, ..SearchAsk::default() }).unwrap().data.items.len()
    };
    assert_eq!((offers(&fixture, &now), timeline(&fixture), search(&fixture)), (0, 0, 0));
    let held = fixture.desk.held(&now, &HeldAsk::default()).unwrap().data.items;
    assert_eq!(held[0].entry.summary.as_deref(), Some("Military talks."));
    assert_eq!((held[0].recorder.as_str(), held[0].position), ("kim", position));
    let handle = waits(&fixture);
    not_confirmed(&fixture, &caller(), &handle, "somebody else confirms it");
    let before = size(&fixture);
    let dry = ConfirmAsk { dry_run: true, ..ConfirmAsk::default() };
    let told = fixture.desk.confirm(&lee(), &handle, &dry).unwrap().data;
    assert_eq!((told.receipt, told.entries[0].entry.kind), (None, Some(Kind::OvertureProposed)));
    assert_eq!(size(&fixture), before);
    let request = RequestId::from_uuid(uuid::Uuid::from_u128(77));
    let ask = ConfirmAsk { request: Some(request), ..ConfirmAsk::default() };
    let confirmed = fixture.desk.confirm(&lee(), &handle, &ask).unwrap().data;
    let receipt = confirmed.receipt.unwrap();
    let after = size(&fixture);
    let again = fixture.desk.confirm(&lee(), &handle, &ask).unwrap().data;
    assert!(again.receipt.as_ref().is_some_and(|again| again.repeated && again.ids == receipt.ids));
    assert_eq!(size(&fixture), after);
    assert_eq!((offers(&fixture, &now), timeline(&fixture), search(&fixture)), (1, 1, 1));
    let then = When { known_as_of: Some(position.to_string()), ..When::default() };
    assert_eq!(offers(&fixture, &then), 0, "until it was confirmed it was not known");
    assert!(fixture.desk.held(&now, &HeldAsk::default()).unwrap().data.items.is_empty());
    assert_eq!(fixture.desk.held(&then, &HeldAsk::default()).unwrap().data.items.len(), 1);
    not_confirmed(&fixture, &lee(), &handle, "confirmed by lee already");
    not_confirmed(&fixture, &lee(), "talks", "waits for nobody");
    let strike = json!({ "kind": "record.retracted", "target": handle, "reason": "late" });
    refused(&fixture, strike, &["confirmed already", "talks"]);
}

#[test]
fn the_pages_of_what_waits_are_the_list_also_where_some_of_it_is_confirmed_between_them() {
    let fixture = of_two();
    for id in ["one", "two", "three", "four", "five"] {
        let mut offer = offer();
        offer["id"] = json!(id);
        record(&fixture, offer).unwrap();
    }
    let page = |limit, after| fixture.desk.held(&When::default(), &HeldAsk { limit, after }).unwrap().data;
    let handles = |page: &Page<HeldRow>| -> Vec<String> {
        page.items.iter().map(|row| row.entry.handle.clone()).collect()
    };
    let all = handles(&page(None, None));
    assert_eq!(all.len(), 5);
    let first = page(Some(2), None);
    assert_eq!((handles(&first).as_slice(), first.total), (&all[..2], 5));
    for handle in [&all[0], &all[2]] {
        fixture.desk.confirm(&lee(), handle, &ConfirmAsk::default()).unwrap();
    }
    let second = page(Some(2), first.next.clone());
    assert_eq!((handles(&second).as_slice(), second.total, second.next), (&all[3..], 3, None));
    let then = When { known_as_of: Some("2025-11-20".to_owned()), ..When::default() };
    let other = HeldAsk { limit: None, after: first.next };
    let error = fixture.desk.held(&then, &other).unwrap_err().to_string();
    assert!(error.contains("another question"), "{error}");
}

#[test]
fn what_waits_is_recorded_by_itself_and_struck_where_it_is_rejected() {
    let fixture = of_two();
    let incident = json!({ "kind": "incident", "date": "2026-11-20", "summary": "Shots." });
    let both = RecordAsk { entries: vec![offer(), incident], ..RecordAsk::default() };
    let before = size(&fixture);
    let error = fixture.desk.record(&caller(), &both).unwrap_err().to_string();
    assert!(error.contains("recorded by itself"), "{error}");
    assert_eq!(size(&fixture), before);
    let request = RequestId::from_uuid(uuid::Uuid::from_u128(78));
    let ask = RecordAsk { entries: vec![offer()], request: Some(request), ..RecordAsk::default() };
    fixture.desk.record(&caller(), &ask).unwrap();
    let once = size(&fixture);
    let again = fixture.desk.record(&caller(), &ask).unwrap().data;
    assert!(again.receipt.unwrap().repeated);
    assert_eq!(size(&fixture), once);
    let handle = waits(&fixture);
    let amend =
        json!({ "kind": "record.amended", "target": handle, "reason": "x", "changes": {"note": "x"} });
    refused(&fixture, amend, &["waits for a second person is not amended"]);
    record(&fixture, json!({ "kind": "record.retracted", "target": handle, "reason": "no" })).unwrap();
    assert!(fixture.desk.held(&When::default(), &HeldAsk::default()).unwrap().data.items.is_empty());
    not_confirmed(&fixture, &lee(), &handle, "was struck by kim");
    // The name that it would have had is free.
    record(&fixture, offer()).unwrap();
    let handle = waits(&fixture);
    fixture.desk.confirm(&lee(), &handle, &ConfirmAsk::default()).unwrap();
    // Nor does one person correct alone what two recorded.
    let amend =
        json!({ "kind": "record.amended", "target": "talks", "reason": "x", "changes": {"note": "x"} });
    record(&fixture, amend).unwrap();
    record(&fixture, json!({ "kind": "record.retracted", "target": "talks", "reason": "x" })).unwrap();
    let held = fixture.desk.held(&When::default(), &HeldAsk::default()).unwrap().data.items;
    assert_eq!(held.len(), 2, "{held:?}");
    fixture.desk.confirm(&lee(), &held[0].entry.handle, &ConfirmAsk::default()).unwrap();
    not_confirmed(&fixture, &lee(), &held[1].entry.handle, "was corrected since");
}

#[test]
fn a_marking_is_raised_by_one_and_lowered_by_two() {
    let fixture = lines();
    let entry = json!({ "kind": "incident", "id": "shots", "date": "2026-11-20", "summary": "Shots.",
                        "marking": "TLP:AMBER", "compartment": ["KITE"] });
    record(&fixture, entry).unwrap();
    let mark = |changes: Value| json!({ "kind": "record.amended", "target": "shots", "reason": "so", "changes": changes });
    let marking = |fixture: &Fixture| {
        let entry = fixture.desk.entry(&When::default(), "shots").unwrap().data;
        entry.row.marking.clone().unwrap_or_default()
    };
    let kind = |changes: Value| record(&fixture, mark(changes)).unwrap().entries[0].entry.kind.unwrap();
    assert_eq!(kind(json!({ "marking": "TLP:RED" })), Kind::RecordAmended);
    assert_eq!(marking(&fixture), "TLP:RED");
    assert_eq!(kind(json!({ "compartment": null })), Kind::EntryHeld);
    let first = waits(&fixture);
    record(&fixture, json!({ "kind": "record.retracted", "target": first, "reason": "no" })).unwrap();
    assert_eq!(kind(json!({ "marking": "TLP:GREEN" })), Kind::EntryHeld);
    assert_eq!(marking(&fixture), "TLP:RED");
    let handle = waits(&fixture);
    not_confirmed(&fixture, &caller(), &handle, "somebody else");
    not_confirmed(&fixture, &Caller { actor: "Kim".to_owned(), tz: None }, &handle, "somebody else");
    let confirmed = fixture.desk.confirm(&lee(), &handle, &ConfirmAsk::default()).unwrap().data;
    assert_eq!(marking(&fixture), "TLP:GREEN");
    // Lowered once, it is lowered further by two again; and raised by one.
    assert_eq!(kind(json!({ "marking": "TLP:CLEAR" })), Kind::EntryHeld);
    assert_eq!(kind(json!({ "marking": "TLP:AMBER" })), Kind::RecordAmended);
    // What marked it up is not struck by one, which would mark it down.
    let raised = size(&fixture) - 1;
    let strike = |target: String| json!({ "kind": "record.retracted", "target": target, "reason": "a slip" });
    refused(&fixture, strike(format!("#{raised}")), &["let more people see shots"]);
    // What marked it down is: it is again what it was, and stays so whatever becomes of the strike.
    let lowered = confirmed.entries[0].entry.id.to_string();
    record(&fixture, strike(lowered)).unwrap();
    let struck = size(&fixture) - 1;
    assert_eq!(kind(json!({ "marking": "TLP:GREEN" })), Kind::EntryHeld);
    assert_eq!(size(&fixture), struck + 2);
}

#[test]
fn an_entry_that_nobody_marked_is_marked_by_two_and_a_text_too() {
    let fixture = lines();
    let entry = json!({ "kind": "incident", "id": "shots", "date": "2026-11-20", "summary": "Shots." });
    record(&fixture, entry).unwrap();
    let mark = |target: &str, changes: Value| {
        let entry = json!({ "kind": "record.amended", "target": target, "reason": "so", "changes": changes });
        record(&fixture, entry).unwrap().entries[0].entry.kind.unwrap()
    };
    assert_eq!(mark("shots", json!({ "note": "near the line" })), Kind::RecordAmended);
    assert_eq!(mark("shots", json!({ "marking": "TLP:RED" })), Kind::RecordAmended);
    assert_eq!(mark("shots", json!({ "marking": null })), Kind::RecordAmended, "it counts as the highest");
    let text = |marking: &str| json!([{"language": "en", "text": "words", "marking": marking}]);
    let entry = json!({ "kind": "incident", "id": "said", "date": "2026-11-20", "summary": "Said.",
                        "marking": "TLP:CLEAR", "texts": text("TLP:AMBER") });
    record(&fixture, entry).unwrap();
    assert_eq!(mark("said", json!({ "texts": text("TLP:RED") })), Kind::RecordAmended);
    assert_eq!(mark("said", json!({ "texts": text("TLP:GREEN") })), Kind::EntryHeld);
    assert_eq!(mark("said", json!({ "texts": null })), Kind::RecordAmended, "what is not there is not seen");
}

#[test]
fn what_needs_two_is_imported_by_nobody_and_removed_with_the_text_that_it_repeats() {
    use crate::desk::ask::{ApprovalAsk, ImportAsk, RedactAsk};
    use crate::desk::import::source::Progress;

    let fixture = of_two();
    let before = size(&fixture);
    let mut file = std::io::Cursor::new(format!("{}\n", offer()));
    let ask = ImportAsk { file: "more.jsonl".to_owned(), ..ImportAsk::default() };
    let imported = fixture.desk.import(&caller(), &ask, &mut file, &Progress::default()).unwrap().data;
    let wrong = format!("{:?}", imported.wrong);
    assert!(wrong.contains("two people") && wrong.contains("no import waits"), "{wrong}");
    assert_eq!(size(&fixture), before);
    record(&fixture, offer()).unwrap();
    let handle = waits(&fixture);
    fixture.desk.confirm(&lee(), &handle, &ConfirmAsk::default()).unwrap();
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let ask = RedactAsk {
        basis: "Order 12".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        ..RedactAsk::default()
    };
    let removed = fixture.desk.redact(&caller(), "talks", &ask).unwrap().data;
    let what: Vec<&str> = removed.removed.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(what, ["what waited to be it", "the entry"]);
    let text = fixture.desk.entry(&When::default(), &handle);
    assert!(!format!("{text:?}").contains("Military"), "{text:?}");
    assert!(matches!(
        fixture.desk.confirm(&lee(), &handle, &ConfirmAsk::default()),
        Err(DeskError::Refused { .. })
    ));
}

#[test]
fn what_was_proposed_or_confirmed_says_which_entry_it_shows() {
    let fixture = lines();
    let entry = json!({ "kind": "incident", "id": "shots", "date": "2026-11-20", "summary": "Shots.",
                        "marking": "TLP:AMBER" });
    let shots = record(&fixture, entry).unwrap().entries[0].entry.id;
    let lower = json!({ "kind": "record.amended", "target": "shots", "reason": "so",
                        "changes": { "marking": "TLP:GREEN" } });
    // What waits rests on what it corrects: where that is removed meanwhile, it is read again.
    let prepared = fixture.desk.prepare_signed(&caller(), &ask(vec![lower.clone()])).unwrap();
    assert!(prepared.expect.iter().any(|(stream, _)| *stream == shots.into()), "{:?}", prepared.expect);
    let held = record(&fixture, lower).unwrap();
    assert_eq!(held.entries[0].entry.kind, Some(Kind::EntryHeld));
    assert_eq!(held.entries[0].corrects, Some(shots));
    let confirmed = fixture.desk.confirm(&lee(), &waits(&fixture), &ConfirmAsk::default()).unwrap().data;
    assert_eq!(confirmed.entries[0].corrects, Some(shots));
    let fixture = of_two();
    let held = record(&fixture, offer()).unwrap();
    assert_eq!(held.entries[0].corrects, None);
    let confirmed = fixture.desk.confirm(&lee(), &waits(&fixture), &ConfirmAsk::default()).unwrap().data;
    assert_eq!(confirmed.entries[0].corrects, Some(held.entries[0].entry.id));
}

#[test]
fn what_corrects_what_needs_two_is_neither_struck_nor_linked_by_one() {
    let fixture = of_two();
    record(&fixture, offer()).unwrap();
    fixture.desk.confirm(&lee(), &waits(&fixture), &ConfirmAsk::default()).unwrap();
    let amend =
        json!({ "kind": "record.amended", "target": "talks", "reason": "x", "changes": {"note": "x"} });
    record(&fixture, amend).unwrap();
    let confirmed = fixture.desk.confirm(&lee(), &waits(&fixture), &ConfirmAsk::default()).unwrap().data;
    let amendment = confirmed.entries[0].entry.id.to_string();
    let incident = json!({ "kind": "incident", "id": "shots", "date": "2026-11-20", "summary": "Shots." });
    record(&fixture, incident).unwrap();
    let remark = json!({ "kind": "record.annotated", "target": "talks", "remark": "so" });
    let remark = record(&fixture, remark).unwrap().entries[0].entry.clone();
    assert_eq!(remark.kind, Some(Kind::RecordAnnotated));
    let kind = |entry: Value| record(&fixture, entry).unwrap().entries[0].entry.kind.unwrap();
    let strike = |target: String| json!({ "kind": "record.retracted", "target": target, "reason": "no" });
    assert_eq!(kind(strike(remark.id.to_string())), Kind::RecordRetracted, "a remark changes nothing");
    let link = json!({ "kind": "record.linked", "entry": "talks",
                       "link": { "relation": "contradicts", "target": "shots" } });
    assert_eq!(kind(link), Kind::EntryHeld);
    let linked = waits(&fixture);
    fixture.desk.confirm(&lee(), &linked, &ConfirmAsk::default()).unwrap();
    assert_eq!(kind(strike(amendment)), Kind::EntryHeld);
    fixture.desk.confirm(&lee(), &waits(&fixture), &ConfirmAsk::default()).unwrap();
    assert!(fixture.desk.held(&When::default(), &HeldAsk::default()).unwrap().data.items.is_empty());
}

#[test]
fn a_confirmation_is_answered_again_though_the_entry_was_removed_since() {
    use crate::desk::ask::{ApprovalAsk, RedactAsk};

    let fixture = of_two();
    record(&fixture, offer()).unwrap();
    let handle = waits(&fixture);
    let request = RequestId::from_uuid(uuid::Uuid::from_u128(79));
    let ask = ConfirmAsk { request: Some(request), ..ConfirmAsk::default() };
    let first = fixture.desk.confirm(&lee(), &handle, &ask).unwrap().data.receipt.unwrap();
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let approvals = vec![by("kim"), by("lee")];
    let removal = RedactAsk { basis: "Order 12".to_owned(), approvals, ..RedactAsk::default() };
    fixture.desk.redact(&caller(), "talks", &removal).unwrap();
    let after = size(&fixture);
    let again = fixture.desk.confirm(&lee(), &handle, &ask).unwrap().data.receipt.unwrap();
    assert!(again.repeated && again.ids == first.ids);
    assert_eq!(size(&fixture), after);
}

#[test]
fn what_was_laid_out_before_it_needed_two_is_laid_out_again() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use crate::desk::authors::AddKeyAsk;
    use crate::desk::authors::signature::message;
    use crate::desk::recording::SignAsk;
    use crate::tlog::key::{SeedSigner, SignatureType, Signer};

    let fixture = lines();
    let signer = SeedSigner::new("kim".parse().unwrap(), SignatureType::Ed25519, &[9; 32]);
    let key = AddKeyAsk { author: "kim".to_owned(), key: signer.key().to_string(), ..AddKeyAsk::default() };
    let key = fixture.desk.add_author_key(&caller(), &key).unwrap().data.key;
    let laid_out = fixture.desk.lay_out(&caller(), &ask(vec![offer()])).unwrap().data;
    let policy = json!({ "kind": "policy.set", "name": "four eyes", "date": "2025-01-01",
                         "two_people": ["overture.proposed"] });
    fixture.desk.record(&lee(), &ask(vec![policy])).unwrap();
    let sign = |one: &String| STANDARD.encode(signer.sign(&message(one)).unwrap());
    let signatures = laid_out.submissions.iter().map(sign).collect();
    let before = size(&fixture);
    let given = SignAsk { request: laid_out.request, key, signatures };
    let error = format!("{:?}", fixture.desk.record_signed(&caller(), &given).unwrap_err());
    assert!(error.contains("`four eyes`") && error.contains("lay it out again"), "{error}");
    assert_eq!(size(&fixture), before);
}
