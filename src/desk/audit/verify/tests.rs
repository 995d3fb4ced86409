//! Whatever is done to a bundle is found, and called what it is.

mod gaps;
mod meaning;
mod newer;
mod notes;
mod removals;

use proptest::prelude::*;

use super::*;
use crate::desk::audit::testing::{BEGUN, Files, Log};
use crate::store::EventStore;

use Verdict::{Altered, Extra, Fork, Missing, MissingBody, Ok as Good, Reordered, Rollback};

/// A log of `size` events with a witnessed checkpoint in the middle.
fn log(size: u64) -> Log {
    let mut log = Log::new();
    log.add(size / 2);
    log.wait(100);
    log.keep(size / 2, log.time());
    let note = log.kept.notes.get_mut(&(size / 2)).unwrap();
    note.sign(&Log::witness(), Some(u64::try_from(BEGUN + 100).unwrap())).unwrap();
    log.kept.policy = Some(Log::policy());
    log.wait(100);
    log.add(size - size / 2);
    log.wait(100);
    log
}

#[track_caller]
fn says(log: &Log, files: &Files, verdict: Verdict) -> Report {
    let report = log.check(files);
    assert_eq!(report.verdict, verdict, "{:#?}", report.findings);
    report
}

#[test]
fn a_bundle_of_any_size_stands() {
    for size in [0, 1, 2, 3, 255, 256, 257, 600] {
        let log = log(size);
        let report = says(&log, &log.files(size, None), Good);
        assert_eq!((report.size, report.texts.disclosed), (Some(size), size));
        assert!(report.findings.is_empty() && report.forks.is_empty());
        assert!(report.signed_at.unwrap().micros() / 1_000_000 > BEGUN);
    }
}

#[test]
fn a_bundle_of_more_than_65_536_events_stands() {
    if std::env::var_os("DEMARCHE_LARGE_TESTS").is_none() {
        eprintln!("skipped: DEMARCHE_LARGE_TESTS is not set");
        return;
    }
    let mut log = log(65_537);
    log.proofs_max = u64::MAX;
    let files = log.files(65_537, None);
    assert!(files.contains_key("tile/2/000.p/1") && files.contains_key("proofs/65536.tlog-proof"));
    says(&log, &files, Good);
}

/// Returns some places of a file: all of a short one.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by((length / 50).max(1))
}

#[test]
fn every_change_of_a_byte_of_any_file_is_found() {
    let log = log(5);
    let files = log.files(5, None);
    for (path, bytes) in &files {
        for place in places(bytes.len()) {
            let mut changed = files.clone();
            changed.get_mut(path).unwrap()[place] ^= 1;
            let report = log.check(&changed);
            assert_eq!(report.verdict, Altered, "{path} byte {place}: {:#?}", report.findings);
        }
    }
}

#[test]
fn every_truncation_of_any_file_is_found() {
    let log = log(5);
    let files = log.files(5, None);
    for (path, bytes) in &files {
        for length in places(bytes.len()) {
            let mut changed = files.clone();
            changed.get_mut(path).unwrap().truncate(length);
            let report = log.check(&changed);
            // A bundle of leaves that ends between two leaves lacks some.
            let lacks = path.starts_with("tile/entries/") && report.verdict == Missing;
            assert!(report.verdict == Altered || lacks, "{path} to {length}: {:?}", report.verdict);
        }
    }
}

#[test]
fn every_file_that_is_removed_or_added_is_found() {
    for size in [0, 1, 5, 257] {
        let log = log(size);
        let files = log.files(size, None);
        for path in files.keys() {
            let mut changed = files.clone();
            changed.remove(path);
            says(&log, &changed, if path.starts_with("bodies/") { MissingBody } else { Missing });
        }
        for path in [
            "note.txt",
            "checkpoints/9999",
            "tile/0/000.p/250",
            "tile/0/999",
            "tile/entries/000.p/251",
            "tile/entries/999",
            "tile/8/000",
            "proofs/9999.tlog-proof",
            "consistency/9999",
            "timestamps/0.tsr",
            "bodies/abcd",
            "states/0.json.bak",
            "withheld",
            "fork-evidence/one",
            "proofs/00.tlog-proof",
            "bodies/00000000000000000000000000000000000000000000000000000000000000aa",
        ] {
            let mut changed = files.clone();
            assert!(changed.insert(path.to_owned(), b"x".to_vec()).is_none(), "{path}");
            says(&log, &changed, Extra);
        }
    }
}

#[test]
fn every_two_files_that_change_places_are_found() {
    for size in [3, 600] {
        let log = log(size);
        let files = log.files(size, None);
        let paths: Vec<&String> =
            files.keys().filter(|path| size < 10 || path.starts_with("tile/")).collect();
        for (place, one) in paths.iter().enumerate() {
            for other in paths.iter().skip(place + 1).filter(|other| files[**other] != files[*one]) {
                let mut changed = files.clone();
                changed.insert((*one).clone(), files[*other].clone());
                changed.insert((*other).clone(), files[*one].clone());
                let verdict = log.check(&changed).verdict;
                let both = |dir: &str| one.starts_with(dir) && other.starts_with(dir);
                let right = verdict == Altered
                    || (verdict == Reordered && both("tile/"))
                    || (verdict == Rollback && both("checkpoint"));
                assert!(right, "{one} and {other}: {verdict}");
            }
        }
    }
}

#[test]
fn leaves_that_change_places_are_reordered_and_those_that_are_gone_missing() {
    let log = log(600);
    let files = log.files(600, None);
    let swap = |one: &str, other: &str| {
        let mut changed = files.clone();
        changed.insert(one.to_owned(), files[other].clone());
        changed.insert(other.to_owned(), files[one].clone());
        changed
    };
    says(&log, &swap("tile/entries/000", "tile/entries/001"), Reordered);
    says(&log, &swap("tile/0/000", "tile/0/001"), Reordered);
    let path = "tile/entries/000";
    let mut leaves: Vec<Vec<u8>> =
        crate::tlog::tile::bundle_decode(&files[path]).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    let with = |leaves: &[Vec<u8>]| {
        let mut changed = files.clone();
        changed.insert(path.to_owned(), crate::tlog::tile::bundle_encode(leaves).unwrap());
        changed
    };
    let mut without = leaves.clone();
    without.remove(7);
    let report = says(&log, &with(&without), Missing);
    assert_eq!(report.findings[0].position, Some(7));
    leaves.swap(3, 9);
    let report = says(&log, &with(&leaves), Reordered);
    let positions: BTreeSet<Option<u64>> = report.findings.iter().map(|finding| finding.position).collect();
    assert_eq!(positions, [Some(3), Some(9)].into());
}

#[test]
fn an_older_checkpoint_in_the_place_of_the_newest_is_a_rollback() {
    let log = log(40);
    let files = log.files(40, None);
    for old in [0, 20] {
        let mut changed = files.clone();
        changed.insert("checkpoint".to_owned(), log.kept.notes[&old].to_bytes());
        says(&log, &changed, Rollback);
    }
    // A whole bundle that is older than the checkpoint that its reader holds.
    let mut trust = log.trust();
    trust.hold("held", &log.sign(40, log.time()).to_bytes()).unwrap();
    let old = log.files(20, None);
    assert_eq!(verify(&old, &trust).unwrap().verdict, Rollback);
    assert_eq!(verify(&files, &trust).unwrap().verdict, Good);
}

#[test]
fn a_history_that_the_real_key_signed_anew_is_a_fork_with_both_notes() {
    let honest = log(40);
    let held = honest.sign(30, honest.time());
    let forged = log(41);
    // The names of logs are drawn: the forger has the name and the key.
    let files = forged.files(41, None);
    let note = |size: u64| {
        let root = honest.store.root_at(size).unwrap().unwrap();
        forged.sign_root(size, root, honest.time())
    };
    let mut trust = forged.trust();
    trust.hold("held", &note(30).to_bytes()).unwrap();
    let report = verify(&files, &trust).unwrap();
    assert_eq!(report.verdict, Fork);
    assert_eq!(report.forks.len(), 1);
    let Contradiction { one, other } = &report.forks[0];
    assert_eq!((one.1.clone(), other.1.clone()), (note(30).to_bytes(), files["checkpoint"].clone()));
    // The forged checkpoint alone, in an honest bundle.
    let files = honest.files(40, None);
    let mut changed = files.clone();
    changed.insert("checkpoint".to_owned(), honest.sign_root(40, [7; 32], honest.time()).to_bytes());
    says(&honest, &changed, Fork);
    // One that is held and not signed proves nothing.
    let mut trust = honest.trust();
    let mut unsigned = Note::new(held.text()).unwrap();
    unsigned.sign(&Log::witness(), Some(1)).unwrap();
    trust.hold("held", &unsigned.to_bytes()).unwrap();
    assert_eq!(verify(&files, &trust), Err(TrustError::OldUnsigned("held".to_owned())));
}

#[test]
fn a_history_that_was_edited_without_the_key_is_altered() {
    let honest = log(40);
    let mut other = log(40);
    other.proofs_max = 0;
    let mut files = other.files(40, None);
    files.retain(|path, _| !path.starts_with("consistency/"));
    for size in [20, 40] {
        let root = honest.store.root_at(size).unwrap().unwrap();
        let note = other.sign_root(size, root, other.time()).to_bytes();
        files.insert(format!("checkpoints/{size}"), note.clone());
        files.insert("checkpoint".to_owned(), note);
    }
    says(&other, &files, Altered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_in_any_file_are_found(
        place in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        thread_local! {
            static MADE: (Log, Files) = { let log = log(5); let files = log.files(5, None); (log, files) };
        }
        MADE.with(|(log, files)| {
            let path = (*place.get(&files.keys().collect::<Vec<_>>())).clone();
            let mut changed = files.clone();
            changed.insert(path.clone(), bytes.clone());
            let report = log.check(&changed);
            assert!(report.verdict == Altered || (path.contains("entries") && report.verdict == Missing), "{path}");
        });
    }
}

#[test]
fn an_empty_bundle_and_one_of_a_boundless_size_are_answered() {
    let log = log(2);
    assert_eq!(log.check(&Files::new()).verdict, Missing);
    let mut files = log.files(2, None);
    files.insert("checkpoint".to_owned(), log.sign_root(u64::MAX, [1; 32], 1).to_bytes());
    files.remove(MANIFEST);
    assert!(!log.check(&files).verdict.is_good());
    let mut files = Files::new();
    files.insert("checkpoint".to_owned(), log.sign_root(u64::MAX, [1; 32], 1).to_bytes());
    says(&log, &files, Missing);
}
