//! Whatever is done to a bundle is found, and called what it is.

use proptest::prelude::*;

use super::*;
use crate::desk::audit::testing::{BEGUN, Files, Log};
use crate::domain::event::Envelope;
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::KeyRotated;
use crate::domain::fact::record::Redacted;
use crate::store::{Class, EventStore};
use crate::tlog::key::Signer;

use Verdict::{
    Altered, Backdated, Extra, Fork, Missing, MissingBody, Ok as Good, Reordered, Rollback, Shredded, Stale,
};

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
                let right = match verdict {
                    Altered => true,
                    Reordered => both("tile/"),
                    Rollback => both("checkpoint"),
                    _ => false,
                };
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

#[test]
fn texts_are_removed_withheld_or_missing() {
    let log = Log::new();
    log.incident("TLP:CLEAR");
    let target = log.incident("TLP:RED");
    let files = log.files(2, Some("TLP:GREEN"));
    let report = says(&log, &files, Good);
    assert_eq!((report.texts.disclosed, report.texts.withheld), (1, 1));
    assert_eq!(report.release.as_deref(), Some("TLP:GREEN"));
    let redacted = Redacted {
        target,
        basis: "a law".to_owned(),
        approvals: Vec::new(),
        entity: None,
        called: Vec::new(),
        replacement: None,
    };
    log.fact(Class::RecordRedacted, Envelope::default(), Fact::RecordRedacted(redacted));
    let files = log.files(3, None);
    let report = says(&log, &files, Shredded);
    assert_eq!((report.texts.removed, report.findings.len()), (1, 1));
    assert_eq!(report.findings[0].position, Some(1));
    // The text put back.
    let mut whole = files.clone();
    whole.extend(log.files(2, None).into_iter().filter(|(path, _)| path.starts_with("bodies/")));
    assert_eq!(whole.len(), files.len() + 1);
    says(&log, &whole, Extra);
    // Without the text of the record that says so.
    let report = says(&log, &log.files(3, Some("TLP:GREEN")), Shredded);
    assert_eq!((report.texts.removed, report.texts.withheld), (1, 0));
    for (path, _) in files.iter().filter(|(path, _)| path.starts_with("bodies/")) {
        let mut changed = files.clone();
        changed.remove(path);
        says(&log, &changed, MissingBody);
    }
}

#[test]
fn an_event_outside_the_dates_of_witnesses_is_backdated() {
    for (offset, verdict) in [(0, Good), (30, Good), (-30, Good), (-200, Backdated), (3_600, Backdated)] {
        let mut log = Log::new();
        log.add(10);
        log.wait(300);
        let mut note = log.sign(10, log.time());
        note.sign(&Log::witness(), Some(u64::try_from(log.time() + offset).unwrap())).unwrap();
        log.kept.notes.insert(10, note);
        // Recorded later, it says.
        log.add(10);
        log.wait(5_000);
        let mut trust = log.trust();
        trust.policy = Some(
            Policy::parse(format!("witness w {}\nquorum none\n", Log::witness().key()).as_bytes()).unwrap(),
        );
        let report = verify(&log.files(20, None), &trust).unwrap();
        let expected = if offset == -200 { Good } else { verdict };
        assert_eq!(report.verdict, expected, "{offset} {:#?}", report.findings);
    }
}

#[test]
fn a_checkpoint_that_is_too_old_is_stale_and_one_without_witnesses_lacks_them() {
    let mut log = log(4);
    let files = log.files(4, None);
    for (max, verdict) in [(4, Stale), (5, Good)] {
        let trust = Trust { max_age_secs: Some(max), ..log.trust() };
        assert_eq!(verify(&files, &trust).unwrap().verdict, verdict);
    }
    let keys: String = log.keys(1).iter().take(1).map(ToString::to_string).collect();
    let trust = Trust { max_age_secs: Some(1_000), ..Trust::new(keys.as_bytes(), log.trust().now).unwrap() };
    assert_eq!(verify(&files, &trust).unwrap().verdict, Stale);
    let trust = Trust { policy: Some(Policy::parse(&Log::policy()).unwrap()), ..log.trust() };
    assert_eq!(verify(&files, &trust).unwrap().verdict, Missing);
    let mut note = log.sign(4, log.time());
    note.sign(&Log::witness(), Some(u64::try_from(log.time()).unwrap())).unwrap();
    log.kept.notes.insert(4, note);
    assert_eq!(verify(&log.files(4, None), &trust).unwrap().verdict, Good);
}

#[test]
fn a_change_of_keys_is_followed_and_must_be_signed_by_both() {
    let mut log = Log::new();
    log.add(3);
    let texts = |log: &Log, seed: u8| log.keys(seed).iter().map(ToString::to_string).collect::<Vec<String>>();
    let rotated = KeyRotated { old: texts(&log, 1), new: texts(&log, 2) };
    log.fact(Class::KeyRotated, Envelope::default(), Fact::KeyRotated(rotated));
    let mut both = log.sign(4, log.time());
    for signer in log.signers(2) {
        both.sign(&signer, Some(u64::try_from(log.time()).unwrap())).unwrap();
    }
    log.kept.notes.insert(4, both);
    log.kept.keys.extend(log.keys(2));
    log.add(3);
    log.seed = 2;
    says(&log, &log.files(7, None), Good);
    // The old key speaks after its time.
    log.seed = 1;
    says(&log, &log.files(7, None), Altered);
    // Nobody with the old key signed the change.
    log.seed = 2;
    log.kept.notes.remove(&4);
    says(&log, &log.files(7, None), Altered);
    log.keep(4, log.time());
    says(&log, &log.files(7, None), Altered);
}

#[test]
fn a_signature_of_an_author_counts_while_the_key_is_theirs() {
    use crate::desk::authors::signature::message;
    use crate::domain::fact::evidence::{AuthorKeyAdded, AuthorKeyRevoked};
    use crate::store::{AuthorSignature, Condition, NewEvent, prepare_submission};
    use base64::Engine;
    let author = crate::tlog::key::SeedSigner::new("kim".parse().unwrap(), SignatureType::Ed25519, &[9; 32]);
    let public = *author.key().public();
    let about = || Envelope {
        about: vec![crate::domain::id::EntityId::from_uuid(uuid::Uuid::from_u128(3))],
        ..Envelope::default()
    };
    let added = |required| {
        let key = HexHash(public).to_string();
        Fact::AuthorKeyAdded(AuthorKeyAdded { key, comment: None, required })
    };
    let signed = |log: &Log, forge: bool| {
        let request = crate::domain::id::RequestId::from_uuid(log.draw());
        let event = log.new_event(Class::Fact, "{}".to_owned());
        let laid_out = prepare_submission(
            log.store.log_id(),
            std::slice::from_ref(&event),
            &Condition::default(),
            request,
        )
        .unwrap();
        // Whoever has the log, but not the author's key, signs with one of their own.
        let other = crate::tlog::key::SeedSigner::new("x".parse().unwrap(), SignatureType::Ed25519, &[8; 32]);
        let author = if forge { &other } else { &author };
        let text = &laid_out[0].submission;
        let sig = base64::engine::general_purpose::STANDARD.encode(author.sign(&message(text)).unwrap());
        let signature = Some(AuthorSignature { key: *author.key().public(), salt: laid_out[0].salt, sig });
        log.store.append(vec![NewEvent { signature, ..event }], Condition::default(), request).unwrap();
    };
    let log = Log::new();
    log.fact(Class::AuthorKeyAdded, about(), added(false));
    signed(&log, false);
    log.add(1);
    let report = says(&log, &log.files(3, None), Good);
    assert!(report.checks.iter().any(|check| check.starts_with("1 signatures of authors")));
    signed(&log, true);
    assert_eq!(says(&log, &log.files(4, None), Verdict::UnsignedAuthor).findings[0].position, Some(3));
    // Before it was added, and after it was revoked, it is nobody's.
    let log = Log::new();
    signed(&log, false);
    says(&log, &log.files(1, None), Verdict::UnsignedAuthor);
    let log = Log::new();
    log.fact(Class::AuthorKeyAdded, about(), added(true));
    let revoked = AuthorKeyRevoked { key: HexHash(public).to_string() };
    // Whoever must sign and does not.
    log.fact(Class::AuthorKeyRevoked, about(), Fact::AuthorKeyRevoked(revoked));
    assert_eq!(says(&log, &log.files(2, None), Verdict::UnsignedAuthor).findings.len(), 1);
    signed(&log, false);
    assert_eq!(says(&log, &log.files(3, None), Verdict::UnsignedAuthor).findings.len(), 2);
}

#[test]
fn keys_and_checkpoints_that_cannot_be_used_are_told_before_anything() {
    let log = log(2);
    let now = log.trust().now;
    assert_eq!(Trust::new(b"", now).unwrap_err(), TrustError::NoKey);
    assert!(matches!(Trust::new(b"x\n", now), Err(TrustError::Key { line: 1, .. })));
    let two = format!("{}\n{}\n", log.keys(1)[0], Log::witness().key());
    assert!(matches!(Trust::new(two.as_bytes(), now), Err(TrustError::Names { .. })));
    let mut trust = log.trust();
    assert!(matches!(trust.hold("x", b"x"), Err(TrustError::Old { .. })));
    let other = Log::new();
    let foreign = trust.hold("x", &other.sign(0, 1).to_bytes());
    assert!(matches!(foreign, Err(TrustError::OldOrigin { .. })));
    // A bundle of another log.
    assert_eq!(verify(&other.files(0, None), &log.trust()).unwrap().verdict, Altered);
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
            let path = place.get(&files.keys().collect::<Vec<_>>()).to_string();
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
