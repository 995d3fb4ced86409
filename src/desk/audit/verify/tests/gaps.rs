//! What cannot be checked is said, and nobody is accused of what is merely not there.

use std::sync::Arc;

use crate::desk::audit::manifest::Manifest;
use crate::desk::audit::state::State;
use crate::desk::audit::testing::{Files, Log};
use crate::desk::audit::verify::report::{Report, Verdict};
use crate::desk::audit::verify::tests::{log, says};
use crate::desk::audit::verify::{Trust, verify};
use crate::desk::error::DeskError;
use crate::domain::event::Envelope;
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{AuthorKeyAdded, KeyRotated};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, Leaf};
use crate::store::{Class, EventStore};
use crate::tlog::policy::Policy;
use crate::tlog::tile::{bundle_decode, bundle_encode};

use Verdict::{Altered, Missing, MissingBody, Ok as Good};

/// Puts a file in the place of one that the manifest names, as whoever makes a bundle can.
fn put(files: &Files, path: &str, bytes: &[u8]) -> Files {
    let mut changed = files.clone();
    let mut manifest = Manifest::parse(&files["manifest.json"]).unwrap();
    manifest.add(path, bytes);
    changed.insert("manifest.json".to_owned(), manifest.to_bytes().unwrap());
    changed.insert(path.to_owned(), bytes.to_vec());
    changed
}

fn replayed(log: &Log, files: &Files) -> Report {
    verify(files, &Trust { replay: true, ..log.trust() }).unwrap()
}

#[test]
fn a_replay_that_was_asked_for_and_cannot_be_done_is_no_ok() {
    let log = Log::new();
    let files = log.files(0, None);
    let other = |version: u32| {
        let zeros = HexHash([0; 32]);
        format!(
            "{{\"format\":\"demarche-state\",\"version\":{version},\"log\":\"x\",\"size\":0,\"zone\":\"UTC\",\
             \"digest\":\"{zeros}\",\"parties\":0,\"channels\":0,\"overtures\":0,\"meetings\":0,\"series\":0}}"
        )
    };
    for (bytes, verdict) in [
        ("", Altered),
        ("garbled", Altered),
        ("{}", Altered),
        ("{\"format\":\"demarche-state\",\"version\":2}", Altered),
        (&other(2), Altered),
        (&other(1), Missing),
        (&other(3), Missing),
    ] {
        let changed = put(&files, "states/0.json", bytes.as_bytes());
        assert_eq!(log.check(&changed).verdict, Good);
        let report = replayed(&log, &changed);
        assert_eq!(report.verdict, verdict, "{bytes}");
    }
    let mut without = files;
    without.remove("states/0.json");
    let report = replayed(&log, &without);
    assert_eq!((report.verdict, report.replayed), (Missing, Some(false)));
    assert!(report.findings.iter().any(|finding| finding.what.contains("replay that you asked for")));
    // A bundle that withholds texts stands, and a replay of it that was asked for is no OK.
    log.incident("TLP:RED");
    let files = log.files(1, Some("TLP:GREEN"));
    says(&log, &files, Good);
    let report = replayed(&log, &files);
    assert_eq!((report.verdict, report.replayed), (Missing, Some(false)));
    assert!(report.findings.iter().any(|finding| finding.what.contains("withholds 1 text;")));
}

#[test]
fn a_bundle_that_withholds_nothing_cannot_call_itself_spared_the_replay() {
    let log = Log::new();
    log.incident("TLP:CLEAR");
    let level = log.files(1, Some("TLP:GREEN"));
    assert!(level.contains_key("states/1.json") && level["withheld"].is_empty());
    says(&log, &level, Good);
    // From a bundle of all texts, without any key.
    let mut files = log.files(1, None);
    assert!(files.remove("states/1.json").is_some());
    let manifest = String::from_utf8(files["manifest.json"].clone()).unwrap();
    let manifest = manifest.replace("\"release\": null", "\"release\": \"TLP:RED\"");
    let mut manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    manifest.files.remove("states/1.json");
    manifest.add("withheld", b"");
    files.insert("withheld".to_owned(), Vec::new());
    files.insert("manifest.json".to_owned(), manifest.to_bytes().unwrap());
    says(&log, &files, Missing);
    assert_eq!(replayed(&log, &files).verdict, Missing);
    // Nor can it list a text that was removed.
    let target = log.incident("TLP:CLEAR");
    log.redact_duly(target);
    let files = put(&log.files(5, Some("TLP:GREEN")), "withheld", b"1-3\n");
    says(&log, &files, Altered);
}

#[test]
fn the_state_of_no_events_depends_on_no_zone() {
    let log = Log::new();
    let Log { store, .. } = log;
    let store: Arc<dyn EventStore> = Arc::new(store);
    let state = |zone: &str| State::replay(Arc::clone(&store), zone.parse().unwrap()).unwrap();
    assert_eq!(state("Asia/Seoul"), state("UTC"));
}

#[test]
fn a_leaf_that_breaks_the_chain_of_its_stream_or_repeats_an_event_is_altered() {
    let honest = log(5);
    let files = honest.files(5, None);
    let leaves: Vec<Leaf> = bundle_decode(&files["tile/entries/000.p/5"])
        .unwrap()
        .into_iter()
        .map(|leaf| Leaf::decode(std::str::from_utf8(leaf).unwrap()).unwrap())
        .collect();
    let said = |change: &dyn Fn(&mut Vec<Leaf>)| -> Vec<String> {
        let mut leaves = leaves.clone();
        change(&mut leaves);
        let leaves: Vec<String> = leaves.iter().map(|leaf| leaf.encode().unwrap()).collect();
        let mut changed = files.clone();
        changed.insert("tile/entries/000.p/5".to_owned(), bundle_encode(&leaves).unwrap());
        let report = honest.check(&changed);
        assert_eq!(report.verdict, Altered);
        report.findings.into_iter().map(|finding| finding.what).collect()
    };
    let has = |said: Vec<String>, what: &str| assert!(said.iter().any(|one| one.contains(what)), "{said:#?}");
    has(said(&|leaves| leaves[4].streams[0].1 = 9), "where revision 4 follows");
    has(said(&|leaves| leaves[4].streams[0].2 = Some(HexHash([1; 32]))), "another record before it");
    has(said(&|leaves| leaves[4].streams[0].2 = None), "another record before it");
    has(said(&|leaves| leaves[0].streams[0].1 = 1), "where revision 0 follows");
    has(said(&|leaves| leaves[4].sub.id = leaves[1].sub.id), "stands at position 1 already");
    has(
        said(&|leaves| {
            let Leaf { sub, .. } = leaves[1].clone();
            leaves[4].sub.request = sub.request;
            leaves[4].sub.index = sub.index;
        }),
        "of the submission",
    );
}

/// A log of 7 events whose keys change at position 3.
pub(super) fn rotated() -> Log {
    let mut log = Log::new();
    log.add(3);
    let texts = |seed: u8| log.keys(seed).iter().map(ToString::to_string).collect::<Vec<String>>();
    let rotated = KeyRotated { old: texts(1), new: texts(2) };
    log.fact(Class::KeyRotated, Envelope::default(), Fact::KeyRotated(rotated));
    let mut both = log.sign(4, log.time());
    for signer in log.signers(2) {
        both.sign(&signer, Some(u64::try_from(log.time()).unwrap())).unwrap();
    }
    log.kept.notes.insert(4, both);
    log.kept.keys.extend(log.keys(2));
    log.add(3);
    log.seed = 2;
    log
}

#[test]
fn keys_that_cannot_be_known_without_a_file_are_not_called_wrong() {
    let log = rotated();
    let files = log.files(7, None);
    says(&log, &files, Good);
    let leaves = bundle_decode(&files["tile/entries/000.p/7"]).unwrap();
    let leaf = Leaf::decode(std::str::from_utf8(leaves[3]).unwrap()).unwrap();
    for (path, verdict) in [
        ("checkpoints/4", Missing),
        ("tile/entries/000.p/7", Missing),
        (&format!("bodies/{}", leaf.sub.commitment), MissingBody),
    ] {
        let mut changed = files.clone();
        assert!(changed.remove(path).is_some());
        says(&log, &changed, verdict);
    }
}

#[test]
fn nobody_is_called_unsigned_for_a_key_whose_record_is_not_there() {
    let log = Log::new();
    let about = || Envelope {
        about: vec![crate::domain::id::EntityId::from_uuid(uuid::Uuid::from_u128(3))],
        ..Envelope::default()
    };
    let key = HexHash([5; 32]).to_string();
    let added = |required| Fact::AuthorKeyAdded(AuthorKeyAdded { key: key.clone(), comment: None, required });
    log.fact(Class::AuthorKeyAdded, about(), added(true));
    let revoked =
        crate::domain::fact::evidence::AuthorKeyRevoked { key: key.clone(), ends_requirement: false };
    log.fact(Class::AuthorKeyRevoked, about(), Fact::AuthorKeyRevoked(revoked));
    log.add(1);
    let files = log.files(3, None);
    // The author had to sign the revocation, and did not.
    says(&log, &files, Verdict::UnsignedAuthor);
    let leaves = bundle_decode(&files["tile/entries/000.p/3"]).unwrap();
    let leaf = Leaf::decode(std::str::from_utf8(leaves[0]).unwrap()).unwrap();
    let mut changed = files.clone();
    assert!(changed.remove(&format!("bodies/{}", leaf.sub.commitment)).is_some());
    says(&log, &changed, MissingBody);
    // The record of the key that ended the duty.
    let leaf = Leaf::decode(std::str::from_utf8(leaves[1]).unwrap()).unwrap();
    let mut changed = files.clone();
    assert!(changed.remove(&format!("bodies/{}", leaf.sub.commitment)).is_some());
    let report = says(&log, &changed, Verdict::UnsignedAuthor);
    assert_eq!(report.findings.iter().filter(|one| one.verdict == Verdict::UnsignedAuthor).count(), 1);
}

#[test]
fn a_bundle_without_the_record_that_removed_a_text_of_it_is_refused() {
    let log = Log::new();
    log.incident("TLP:CLEAR");
    let target = log.incident("TLP:CLEAR");
    log.redact_duly(target);
    for (size, release) in [(2, None), (4, None), (4, Some("TLP:CLEAR"))] {
        let Err(DeskError::Refused { rule, hints }) = log.bundle(size, release) else {
            panic!("a bundle of {size} events")
        };
        assert!(rule.contains("at 1, were removed by records at 4"), "{rule}");
        assert!(hints[0].contains("of 5 events or more"), "{hints:?}");
    }
    says(&log, &log.files(1, None), Good);
    says(&log, &log.files(5, None), Verdict::Shredded);
}

#[test]
fn a_checkpoint_of_a_time_to_come_has_no_age_and_one_before_its_events_is_backdated() {
    let log = log(4);
    let files = log.files(4, None);
    let now = |seconds: i64| Timestamp::from_micros((log.time() + seconds) * 1_000_000).unwrap();
    for (offset, age, verdict) in [
        (-299, Some(10), Good),
        (-301, Some(10), Verdict::Stale),
        (-301, None, Good),
        (-86_401, None, Verdict::Stale),
    ] {
        let trust = Trust { now: now(offset), max_age_secs: age, ..log.trust() };
        let report = verify(&files, &trust).unwrap();
        assert_eq!(report.verdict, verdict, "{offset}");
        let said = report.notices.iter().any(|notice| notice.contains("ahead of your clock"));
        assert_eq!(said, offset == -301 && age.is_none());
    }
    // The last event was recorded 100 seconds before now.
    for (before, verdict) in [(150, Good), (170, Verdict::Backdated)] {
        let mut log = self::log(4);
        log.keep(4, log.time() - before);
        says(&log, &log.files(4, None), verdict);
    }
}

#[test]
fn whom_the_bundle_names_as_a_witness_dates_nothing() {
    let mut log = log(4);
    let mut note = log.sign(4, log.time());
    // Long after its events, or before: whoever made the bundle can have any witness say so.
    note.sign(&Log::witness(), Some(7)).unwrap();
    log.kept.notes.insert(4, note);
    let files = log.files(4, None);
    let report = says(&log, &files, Good);
    assert!(report.notices.iter().any(|notice| notice.contains("nobody outside dated")));
    let trust = Trust { policy: Some(Policy::parse(&Log::policy()).unwrap()), ..log.trust() };
    assert_eq!(verify(&files, &trust).unwrap().verdict, Verdict::Backdated);
}

#[test]
fn who_relies_on_a_time_stamp_is_told_that_its_signature_is_not_checked_here() {
    use crate::desk::audit::stamp::{request, tests::answer};
    let mut log = log(4);
    log.keep(4, log.time());
    let told = |report: &Report| report.notices.iter().any(|notice| notice.contains("`openssl ts -verify`"));
    assert!(!told(&says(&log, &log.files(4, None), Good)));
    let note = log.kept.notes[&4].to_bytes();
    let Some(answer) = answer(&request(&note, 7).unwrap()) else { return };
    log.kept.timestamps.insert(4, answer);
    let files = log.files(4, None);
    let report = says(&log, &files, Good);
    assert!(told(&report) && !report.notices.iter().any(|notice| notice.contains("nobody outside dated")));
    // A stamp whose signature does not hold is none, whatever it says.
    let mut forged = files["timestamps/4.tsr"].clone();
    let end = forged.len();
    forged[end - 8..].fill(0);
    let report = says(&log, &put(&files, "timestamps/4.tsr", &forged), Altered);
    assert!(report.notices.iter().any(|notice| notice.contains("nobody outside dated")));
}
