//! What is published follows the quorum, and never goes back.

use std::path::Path;

use super::*;
use crate::desk::keys::place::KeyPlace;
use crate::desk::{Desk, ask::Caller};
use crate::tlog::key::{SeedSigner, Signer};

fn desk(dir: &Path) -> Desk {
    let place = KeyPlace::directory(dir.join("keys"));
    Desk::init_with(&dir.join("log"), "test", "UTC", Some(&place)).unwrap().0
}

fn witness(number: u8) -> SeedSigner {
    let name = format!("witness-{number}").parse().unwrap();
    SeedSigner::new(name, SignatureType::CosignatureV1, &[number; 32])
}

/// Two of three witnesses.
fn policy() -> String {
    let lines: Vec<String> =
        (1..=3).map(|number| format!("witness w{number} {}\n", witness(number).key())).collect();
    format!("{}group two 2 w1 w2 w3\nquorum two\n", lines.concat())
}

/// Returns the line with which a witness cosigns the newest checkpoint.
fn line(desk: &Desk, number: u8) -> String {
    let mut note = desk.checkpoint().unwrap().unwrap().note;
    note.sign(&witness(number), Some(2_000_000_000)).unwrap();
    note.signatures().last().unwrap().line()
}

fn take(desk: &Desk, lines: &[String]) -> Result<CosignedRow, DeskError> {
    desk.take_cosignatures(&CosignaturesAsk { lines: lines.concat() }).map(|answer| answer.data)
}

fn published(desk: &Desk) -> Option<u64> {
    desk.published().unwrap().map(|published| published.signed.checkpoint.size)
}

fn grow(desk: &Desk, name: &str) {
    desk.name_moment(
        &Caller { actor: "kim".to_owned(), tz: None },
        &crate::desk::ask::MomentAsk { name: name.to_owned(), ..Default::default() },
    )
    .unwrap();
    desk.sign_news().unwrap();
}

#[test]
fn without_its_quorum_a_checkpoint_is_not_published() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    assert_eq!(published(&desk), Some(1), "without a policy the newest is");
    let ask = |publish| PolicyAsk { policy: policy(), publish };
    desk.set_policy(&ask(Publish::Quorum)).unwrap();
    assert_eq!(published(&desk), None);
    assert!(!take(&desk, &[line(&desk, 1)]).unwrap().met);
    assert_eq!(published(&desk), None);
    assert!(take(&desk, &[line(&desk, 3)]).unwrap().met);
    assert_eq!(published(&desk), Some(1));
    // What is new waits for its own quorum; what was published stays so meanwhile.
    grow(&desk, "later");
    assert_eq!(published(&desk), Some(1));
    desk.set_policy(&ask(Publish::Marked)).unwrap();
    let marked = desk.published().unwrap().unwrap();
    assert_eq!((marked.signed.checkpoint.size, marked.witnessed), (3, Some(false)));
    desk.set_policy(&ask(Publish::Quorum)).unwrap();
    let both = [line(&desk, 1), line(&desk, 2)];
    assert_eq!(take(&desk, &both).unwrap(), CosignedRow { size: 3, taken: 2, met: true });
    assert_eq!(published(&desk), Some(3));
}

#[test]
fn a_receipt_under_a_checkpoint_without_its_quorum_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    assert_eq!(desk.why_unwitnessed().unwrap(), None, "nobody asks for witnesses");
    desk.set_policy(&PolicyAsk { policy: policy(), publish: Publish::Quorum }).unwrap();
    let mut notices = Vec::new();
    assert_eq!(desk.proofs_or_notice(std::iter::once(0..1).collect(), &mut notices).len(), 1);
    assert!(
        matches!(notices.as_slice(), [told] if told.contains("no quorum of witnesses yet")),
        "{notices:?}"
    );
    take(&desk, &[line(&desk, 1), line(&desk, 2)]).unwrap();
    notices.clear();
    assert_eq!(desk.proofs_or_notice(std::iter::once(0..1).collect(), &mut notices).len(), 1);
    assert_eq!(notices, Vec::<String>::new());
}

#[test]
fn a_log_is_no_witness_of_itself() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    let own = desk.own_keys().unwrap();
    let cosigner = own.iter().find(|key| key.kind() == SignatureType::CosignatureV1).unwrap();
    let name = desk.store.log_id().parse().unwrap();
    let namesake = SeedSigner::new(name, SignatureType::CosignatureV1, &[9; 32]);
    let other = "other".parse().unwrap();
    let renamed = VerifierKey::new(other, SignatureType::CosignatureV1, cosigner.public()).unwrap();
    for key in [cosigner, namesake.key(), &renamed] {
        let ask = PolicyAsk { policy: format!("witness w1 {key}\nquorum w1\n"), publish: Publish::Quorum };
        let refused = desk.set_policy(&ask).unwrap_err().to_string();
        assert!(refused.contains("this log itself"), "{refused}");
    }
    assert_eq!(desk.policy().unwrap().data.policy, None, "nothing changed");
}

#[test]
fn what_witnesses_cosigned_outlives_a_heartbeat() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    desk.set_policy(&PolicyAsk { policy: policy(), publish: Publish::Quorum }).unwrap();
    take(&desk, &[line(&desk, 1), line(&desk, 2)]).unwrap();
    let before = desk.checkpoint().unwrap().unwrap();
    // The clock may not have moved on by a second yet.
    let again = loop {
        if let Some(signed) = desk.sign_again().unwrap() {
            break signed;
        }
        std::thread::yield_now();
    };
    assert!(again.time > before.time);
    assert_eq!(published(&desk), Some(1));
    assert_eq!(desk.policy().unwrap().data.met, Some(true));
}

#[test]
fn only_lines_of_its_witnesses_on_its_checkpoints_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    let mine = line(&desk, 1);
    assert!(
        matches!(take(&desk, std::slice::from_ref(&mine)), Err(DeskError::Refused { .. })),
        "no policy yet"
    );
    desk.set_policy(&PolicyAsk { policy: policy(), publish: Publish::Quorum }).unwrap();
    for wrong in [String::new(), "no line\n".to_owned(), line(&desk, 4), "— x AAAA\n".to_owned()] {
        assert!(matches!(take(&desk, std::slice::from_ref(&wrong)), Err(DeskError::Wrong(_))), "{wrong}");
    }
    grow(&desk, "later");
    // Of a checkpoint that was never kept nothing is known any more.
    assert!(matches!(take(&desk, &[mine]), Err(DeskError::Wrong(_))));
    let before = desk.checkpoint().unwrap().unwrap();
    assert_eq!(before.note.signatures().len(), 2, "nothing was added");
    for wrong in ["quorum nobody\n", "witness w1\nquorum w1\n", ""] {
        let ask = PolicyAsk { policy: wrong.to_owned(), publish: Publish::Marked };
        assert!(matches!(desk.set_policy(&ask), Err(DeskError::Wrong(_))), "{wrong}");
    }
    assert_eq!(desk.policy().unwrap().data.publish, Publish::Quorum, "the policy stays");
}
