//! A text is removed when two who are not the same approved it, and by nothing less.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::desk::audit::testing::Log;
use crate::desk::audit::verify::report::{Report, Verdict};
use crate::desk::audit::verify::tests::says;
use crate::desk::redaction::approval_message;
use crate::domain::event::Envelope;
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::AuthorKeyAdded;
use crate::domain::fact::record::Approval;
use crate::domain::id::{EntityId, EventId};
use crate::store::leaf::HexHash;
use crate::store::{Class, EventStore};
use crate::tlog::key::{SeedSigner, SignatureType, Signer};

use Verdict::{MissingBody, Shredded, UnsignedAuthor};

/// Two who may approve, one of them by a key, and a text to remove.
struct Scene {
    log: Log,
    kim: EntityId,
    lee: EntityId,
    key: SeedSigner,
    target: EventId,
}

fn scene(required: bool) -> Scene {
    let log = Log::new();
    let (kim, lee) = (log.recorder("kim"), log.recorder("lee"));
    let key = SeedSigner::new("kim".parse().unwrap(), SignatureType::Ed25519, &[9; 32]);
    let public = HexHash(*key.key().public()).to_string();
    let added = Fact::AuthorKeyAdded(AuthorKeyAdded { key: public, comment: None, required });
    log.fact(Class::AuthorKeyAdded, Envelope { about: vec![kim], ..Envelope::default() }, added);
    let target = log.incident("TLP:CLEAR");
    Scene { log, kim, lee, key, target }
}

impl Scene {
    fn account(by: EntityId) -> Approval {
        Approval { by, key: None, signature: None }
    }

    /// Has kim sign a removal on a basis.
    fn signed(&self, basis: &str) -> Approval {
        let message = approval_message(self.log.store.log_id(), self.target, basis, None);
        let signature = Some(STANDARD.encode(self.key.sign(&message).unwrap()));
        let key = Some(HexHash(*self.key.key().public()).to_string());
        Approval { by: self.kim, key, signature }
    }

    #[track_caller]
    fn comes_to(&self, basis: &str, approvals: Vec<Approval>, verdict: Verdict) -> Report {
        self.log.redact(self.target, basis, approvals);
        says(&self.log, &self.log.files(self.log.store.head().size, None), verdict)
    }
}

fn has(report: &Report, what: &str) {
    assert!(report.findings.iter().any(|one| one.what.contains(what)), "{what}: {:#?}", report.findings);
}

#[test]
fn a_removal_says_on_what_it_rests_and_who_approved_it() {
    let scene = scene(false);
    let approvals = vec![scene.signed("an act"), Scene::account(scene.lee)];
    let report = scene.comes_to("an act", approvals, Shredded);
    let digits = HexHash(*scene.key.key().public()).to_string()[..16].to_owned();
    has(
        &report,
        &format!("basis: an act; approved by kim (signed with the key {digits}) and lee (by account"),
    );
    let scene = self::scene(false);
    let approvals = vec![Scene::account(scene.kim), Scene::account(scene.lee)];
    let report = scene.comes_to("an act", approvals, Shredded);
    has(&report, "kim (by account alone, though they had a key) and lee (by account alone)");
}

#[test]
fn a_removal_that_two_did_not_approve_removes_nothing() {
    let nobody = Scene::account(EntityId::from_uuid(uuid::Uuid::from_u128(999)));
    for (approvals, why) in [
        (&(|_: &Scene| Vec::new()) as &dyn Fn(&Scene) -> Vec<Approval>, "nobody approves it"),
        (&|scene| vec![Scene::account(scene.lee)], "only one approves it"),
        (&|scene| vec![Scene::account(scene.lee), Scene::account(scene.lee)], "named twice"),
        (&|scene| vec![Scene::account(scene.lee), nobody.clone()], "nobody in the register"),
        // An event, but not one that registers anyone.
        (
            &|scene| vec![Scene::account(scene.lee), Scene::account(scene.target.into())],
            "nobody in the register",
        ),
    ] {
        let scene = scene(false);
        let report = scene.comes_to("an act", approvals(&scene), MissingBody);
        assert_eq!((report.texts.removed, report.texts.missing), (0, 1));
        has(&report, why);
    }
    let scene = scene(false);
    let approvals = vec![scene.signed(""), Scene::account(scene.lee)];
    has(&scene.comes_to(" ", approvals, UnsignedAuthor), "it names no basis");
}

#[test]
fn an_approval_whose_signature_does_not_hold_is_none() {
    type Change<'a> = &'a dyn Fn(&Scene, &mut Approval);
    let changes: [Change<'_>; 6] = [
        &|_, approval| approval.signature = Some(STANDARD.encode([7; 64])),
        &|_, approval| approval.signature = Some("no base64".to_owned()),
        &|_, approval| approval.signature = None,
        &|_, approval| approval.key = None,
        &|_, approval| approval.key = Some("ab".repeat(32)),
        // Signed on another basis.
        &|scene, approval| *approval = scene.signed("another act"),
    ];
    for change in changes {
        let scene = scene(false);
        let mut signed = scene.signed("an act");
        change(&scene, &mut signed);
        let report = scene.comes_to("an act", vec![signed, Scene::account(scene.lee)], UnsignedAuthor);
        has(&report, "only one approves it");
    }
    // The one's signature under the other's name.
    let scene = scene(false);
    let signed = Approval { by: scene.lee, ..scene.signed("an act") };
    scene.comes_to("an act", vec![signed, Scene::account(scene.kim)], UnsignedAuthor);
    // Whoever must sign is not believed by account.
    let scene = self::scene(true);
    let approvals = vec![Scene::account(scene.kim), Scene::account(scene.lee)];
    has(&scene.comes_to("an act", approvals, UnsignedAuthor), "kim must sign, and did not");
}

#[test]
fn a_removal_that_removes_nothing_does_not_stand_in_the_way_of_one_that_does() {
    let scene = scene(false);
    scene.log.redact(scene.target, "an act", Vec::new());
    let approvals = vec![scene.signed("an act"), Scene::account(scene.lee)];
    scene.comes_to("an act", approvals, Shredded);
}
