//! A text that was removed and can be opened again is told, until it is gone.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::desk::Opening;
use crate::desk::ask::{ApprovalAsk, Caller, RecordAsk, RedactAsk, VerifyAsk};
use crate::desk::doctor::{Gravity, examine};
use crate::desk::keys::place::KeyPlace;
use crate::desk::testing::copy;

/// Returns where `verify` says that a removed text can be opened again, having seen that `log` and the doctor agree.
fn told(dir: &Path) -> Vec<u64> {
    let desk = Desk::open(dir, Opening::Read).unwrap();
    let verified = desk.verify(&VerifyAsk::default()).unwrap().data;
    assert_eq!(verified.sound, verified.damages.is_empty());
    let log = desk.log().unwrap().data;
    assert_eq!(log.health.starts_with(crate::desk::DAMAGED), !verified.sound, "{}", log.health);
    assert!(log.writable);
    let grave = examine(dir, &KeyPlace::default()).into_iter().filter(|one| one.gravity == Gravity::Grave);
    let grave: Vec<_> = grave.map(|one| one.of).collect();
    assert_eq!(grave, if verified.sound { vec![] } else { vec!["removals".to_owned()] });
    verified.damages.into_iter().map(|damage| damage.position.unwrap()).collect()
}

#[test]
fn a_removed_text_whose_secrets_were_put_back_is_told_until_somebody_writes() {
    let place = tempfile::tempdir().unwrap();
    let (dir, before) = (place.path().join("log"), place.path().join("before"));
    let desk = Desk::init(&dir, "desk", "UTC").unwrap();
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let entry = json!({"kind": "incident", "date": "2025-01-01", "from": "PRK", "summary": "Zeppelin"});
    let recorded = desk.record(&kim, &RecordAsk { entries: vec![entry], ..RecordAsk::default() }).unwrap();
    let id = recorded.data.entries[0].entry.id;
    let position = desk.store.position_of(id).unwrap().unwrap();
    copy(&dir.join(SECRETS), &before);
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let ask = RedactAsk {
        basis: "Archives Act, section 4".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        ..RedactAsk::default()
    };
    let dry = RedactAsk { dry_run: true, ..ask.clone() };
    assert_eq!(desk.redact(&kim, &id.to_string(), &dry).unwrap().data.doubtful, Vec::<String>::new());
    desk.redact(&kim, &id.to_string(), &ask).unwrap();
    desk.close().unwrap();
    assert_eq!(told(&dir), Vec::<u64>::new());
    fs::remove_dir_all(dir.join(SECRETS)).unwrap();
    copy(&before, &dir.join(SECRETS));
    assert_eq!(told(&dir), [position]);
    Desk::open(&dir, Opening::Write { wait: Duration::ZERO }).unwrap().close().unwrap();
    assert_eq!(told(&dir), Vec::<u64>::new());
}

#[test]
fn a_dry_run_says_that_what_was_searched_for_stays_where_reads_are_logged() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("log");
    let mut desk = Desk::init(&dir, "desk", "UTC").unwrap();
    desk.begin_to_log_reads(&dir).unwrap();
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let entry = json!({"kind": "incident", "date": "2025-01-01", "from": "PRK", "summary": "Zeppelin"});
    let recorded = desk.record(&kim, &RecordAsk { entries: vec![entry], ..RecordAsk::default() }).unwrap();
    let id = recorded.data.entries[0].entry.id.to_string();
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let ask = RedactAsk {
        basis: "Archives Act, section 4".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        dry_run: true,
        ..RedactAsk::default()
    };
    let doubtful = desk.redact(&kim, &id, &ask).unwrap().data.doubtful;
    assert!(matches!(doubtful.as_slice(), [one] if one.contains("`audit reads`")), "{doubtful:?}");
}
