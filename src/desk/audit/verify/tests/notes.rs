//! What the notes of a log say of when they were signed, and on which conditions its events were recorded.

use crate::desk::audit::testing::Log;
use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::tests::{log, says};
use crate::desk::audit::verify::{Trust, verify};
use crate::store::leaf::Leaf;
use crate::store::{Class, Condition, EventStore, Expect};
use crate::tlog::key::{SignatureType, Signer};
use crate::tlog::note::Note;
use crate::tlog::tile::bundle_decode;

use Verdict::{Altered, Ok as Good, Rollback};

#[test]
fn a_checkpoint_without_the_line_that_says_when_is_altered_where_the_log_has_a_key_for_it() {
    let mut log = log(4);
    let root = log.store.root_at(4).unwrap().unwrap();
    let whole = log.sign_root(4, root, log.time());
    let mut stripped = Note::new(whole.text()).unwrap();
    for signer in log.signers(1).iter().filter(|signer| signer.key().kind() == SignatureType::Ed25519) {
        stripped.sign(signer, None).unwrap();
    }
    log.kept.notes.insert(4, stripped);
    let files = log.files(4, None);
    let report = says(&log, &files, Altered);
    assert!(report.findings[0].what.contains("when it signed"), "{:#?}", report.findings);
    // Whoever pinned a log that says no time is told so, and no more.
    let first: String = log.keys(1).iter().take(1).map(ToString::to_string).collect();
    let trust = Trust::new(first.as_bytes(), log.trust().now).unwrap();
    let report = verify(&files, &trust).unwrap();
    assert_eq!(report.verdict, Good);
    assert!(report.notices.iter().any(|notice| notice.contains("say no time")));
}

#[test]
fn a_smaller_checkpoint_that_was_signed_later_is_a_rollback_with_both_notes() {
    let mut log = log(6);
    log.keep(6, log.time());
    for (smaller, late) in [(log.time(), false), (log.time() + 1, true)] {
        log.keep(4, smaller);
        let files = log.files(6, None);
        let report = says(&log, &files, if late { Rollback } else { Good });
        assert_eq!(report.forks.len(), usize::from(late));
    }
    log.kept.notes.remove(&4);
    let files = log.files(6, None);
    says(&log, &files, Good);
    let mut trust = log.trust();
    trust.hold("held", &log.sign(5, log.time() + 86_400).to_bytes()).unwrap();
    assert_eq!(verify(&files, &trust).unwrap().verdict, Rollback);
}

#[test]
fn an_event_that_was_recorded_against_its_condition_is_altered() {
    let log = Log::new();
    let stream = crate::domain::id::EntityId::from_uuid(uuid::Uuid::from_u128(1));
    for expect in [Expect::NoStream, Expect::At(0), Expect::Exists, Expect::Any] {
        let request = crate::domain::id::RequestId::from_uuid(log.draw());
        let event = log.new_event(Class::Fact, "{}".to_owned());
        log.store.append(vec![event], Condition { expect: vec![(stream, expect)] }, request).unwrap();
    }
    let files = log.files(4, None);
    says(&log, &files, Good);
    let leaves = bundle_decode(&files["tile/entries/000.p/4"]).unwrap();
    let decode = |leaf: &[u8]| Leaf::decode(std::str::from_utf8(leaf).unwrap()).unwrap();
    for (place, expect) in [(0, Expect::Exists), (1, Expect::At(7)), (2, Expect::NoStream)] {
        let mut chains = crate::desk::audit::verify::chains::Chains::default();
        let mut wrong = Vec::new();
        for (at, leaf) in leaves.iter().enumerate() {
            let mut read = decode(leaf);
            if at == place {
                read.sub.expect = vec![(stream, expect)];
            }
            wrong.extend(chains.take(&read, crate::tlog::leaf_hash(leaf)));
        }
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains("did not hold"), "{wrong:?}");
    }
}
