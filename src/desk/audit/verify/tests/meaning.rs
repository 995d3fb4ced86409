//! What the texts, the times and the keys of a bundle come to.

use crate::desk::audit::testing::Log;
use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::tests::gaps::rotated;
use crate::desk::audit::verify::tests::{log, says};
use crate::desk::audit::verify::{Trust, TrustError, verify};
use crate::domain::event::Envelope;
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{LogIncident, Trouble};
use crate::store::leaf::HexHash;
use crate::store::{Class, EventStore};
use crate::tlog::key::{SignatureType, Signer};
use crate::tlog::policy::Policy;

use Verdict::{Altered, Backdated, Extra, Missing, MissingBody, Ok as Good, Shredded, Stale};

#[test]
fn texts_are_removed_withheld_or_missing() {
    let log = Log::new();
    log.incident("TLP:CLEAR");
    let target = log.incident("TLP:RED");
    let files = log.files(2, Some("TLP:GREEN"));
    let report = says(&log, &files, Good);
    assert_eq!((report.texts.disclosed, report.texts.withheld), (1, 1));
    assert_eq!(report.release.as_deref(), Some("TLP:GREEN"));
    let before = log.files(2, None);
    log.redact_duly(target);
    let files = log.files(5, None);
    let report = says(&log, &files, Shredded);
    assert_eq!((report.texts.removed, report.findings.len()), (1, 1));
    assert_eq!(report.findings[0].position, Some(1));
    // The text put back.
    let mut whole = files.clone();
    whole.extend(before.into_iter().filter(|(path, _)| path.starts_with("bodies/")));
    assert_eq!(whole.len(), files.len() + 1);
    says(&log, &whole, Extra);
    // Without the text of the record that says so.
    let report = says(&log, &log.files(5, Some("TLP:GREEN")), Shredded);
    // Those of the two who approved it, which nobody marked.
    assert_eq!((report.texts.removed, report.texts.withheld), (1, 2));
    assert!(report.notices.iter().any(|notice| notice.starts_with("2 approvals of removals could not")));
    for (path, _) in files.iter().filter(|(path, _)| path.starts_with("bodies/")) {
        let mut changed = files.clone();
        changed.remove(path);
        says(&log, &changed, MissingBody);
    }
}

#[test]
fn a_rollback_that_the_log_records_is_told_though_the_bundle_stands() {
    let log = Log::new();
    log.incident("TLP:CLEAR");
    let accepted = |trouble, particulars: &str| {
        let incident = LogIncident { trouble, particulars: particulars.to_owned() };
        log.fact(Class::Incident, Envelope::default(), Fact::LogIncident(incident));
    };
    accepted(Trouble::ClockJumped, "the clock went back");
    assert!(says(&log, &log.files(2, None), Good).notices.iter().all(|notice| !notice.contains("went on")));
    accepted(Trouble::RollbackAccepted, "3 events at the positions 5 to 7 were signed and are lost");
    let report = says(&log, &log.files(3, None), Good);
    let told = report.notices.iter().filter(|notice| notice.contains("at position 2 that it went on"));
    assert!(told.clone().all(|notice| notice.ends_with("are lost")) && told.count() == 1, "{report:?}");
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
    let mut log = rotated();
    says(&log, &log.files(7, None), Good);
    // Keys of every time are pinned, one of them later than the bundle.
    let keys = crate::desk::audit::bundle::vkeys(&[log.keys(1), log.keys(2), log.keys(3)].concat());
    let trust = Trust::new(&keys, log.trust().now).unwrap();
    assert_eq!(verify(&log.files(7, None), &trust).unwrap().verdict, Good);
    let later = crate::desk::audit::bundle::vkeys(&log.keys(3));
    let trust = Trust::new(&later, log.trust().now).unwrap();
    assert_eq!(verify(&log.files(7, None), &trust).unwrap().verdict, Altered);
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
    assert!(report.checks.iter().any(|check| check.starts_with("1 signature of an author")));
    signed(&log, true);
    assert_eq!(says(&log, &log.files(4, None), Verdict::UnsignedAuthor).findings[0].position, Some(3));
    // Before it was added, and after it was revoked, it is nobody's.
    let log = Log::new();
    signed(&log, false);
    says(&log, &log.files(1, None), Verdict::UnsignedAuthor);
    let log = Log::new();
    log.fact(Class::AuthorKeyAdded, about(), added(true));
    let revoked = AuthorKeyRevoked { key: HexHash(public).to_string(), ends_requirement: false };
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
