//! What is kept cannot speak against the log for ever, and whoever is refused is told what to type.

use std::path::Path;

use super::*;
use crate::desk::ask::{ApprovalAsk, Caller, RedactAsk};
use crate::desk::keys::place::KeyPlace;
use crate::desk::publication::{CosignaturesAsk, PolicyAsk, Publish};
use crate::tlog::key::{SeedSigner, SignatureType, Signer};

fn desk(dir: &Path) -> Desk {
    let place = KeyPlace::directory(dir.join("keys"));
    Desk::init_with(&dir.join("log"), "test", "UTC", Some(&place)).unwrap().0
}

fn kim() -> Caller {
    Caller { actor: "kim".to_owned(), tz: None }
}

#[test]
fn a_time_stamp_that_cannot_be_true_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    let signed = desk.sign_and_keep().unwrap();
    let said = |seconds: i64, verifies: Option<bool>| {
        let made = i64::try_from(signed.time).unwrap();
        let stamp = crate::desk::audit::stamp::tests::at((made + seconds) * 1_000_000, verifies);
        desk.is_possible(&stamp, &signed)
    };
    for (seconds, verifies) in [(0, Some(true)), (-299, Some(true)), (200, None)] {
        assert_eq!(said(seconds, verifies), Ok(()), "{seconds}");
    }
    assert!(matches!(said(-301, Some(true)), Err(StampError::Before { .. })));
    assert!(matches!(said(-200_000_000, None), Err(StampError::Before { .. })));
    assert!(matches!(said(3_600, Some(true)), Err(StampError::Ahead { .. })));
    assert_eq!(said(0, Some(false)), Err(StampError::Forged));
}

#[test]
fn a_bundle_that_later_removals_forbid_says_which_one_can_be_made() {
    let dir = tempfile::tempdir().unwrap();
    let desk = desk(dir.path());
    let entry = r#"{"kind":"incident","date":"2025-08-19","id":"i-1","summary":"One"}"#;
    let ask = crate::desk::ask::RecordAsk {
        entries: vec![serde_json::from_str(entry).unwrap()],
        ..crate::desk::ask::RecordAsk::default()
    };
    desk.record(&kim(), &ask).unwrap();
    desk.sign_and_keep().unwrap();
    let witness = SeedSigner::new("w".parse().unwrap(), SignatureType::CosignatureV1, &[1; 32]);
    let policy = format!("witness w {}\nquorum w\n", witness.key());
    desk.set_policy(&PolicyAsk { policy, publish: Publish::Quorum }).unwrap();
    let mut note = desk.checkpoint().unwrap().unwrap().note;
    note.sign(&witness, Some(2_000_000_000)).unwrap();
    let lines = note.signatures().last().unwrap().line();
    desk.take_cosignatures(&CosignaturesAsk { lines }).unwrap();
    assert!(desk.audit_bundle(&BundleAsk::default()).is_ok());
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let ask = RedactAsk {
        basis: "a law".to_owned(),
        approvals: vec![by("lee"), by("pat")],
        ..RedactAsk::default()
    };
    desk.redact(&kim(), "i-1", &ask).unwrap();
    let hints = |size: Option<u64>| match desk.audit_bundle(&BundleAsk { size, ..BundleAsk::default() }) {
        Err(DeskError::Refused { hints, .. }) => hints.join("; "),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a bundle"),
    };
    let unsigned = hints(None);
    assert!(unsigned.contains("the log must be signed first"), "{unsigned}");
    desk.sign_and_keep().unwrap();
    let newest = desk.store.head().size;
    let typed = hints(None);
    assert!(
        typed.contains("`demarche audit witness`") && typed.contains(&format!("`--size {newest}`")),
        "{typed}"
    );
    assert!(hints(Some(3)).contains(&format!("`--size {newest}`")));
    assert!(desk.audit_bundle(&BundleAsk { size: Some(newest), ..BundleAsk::default() }).is_ok());
}
