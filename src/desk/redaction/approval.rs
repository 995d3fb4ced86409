//! Who approves a removal: two who are not the same, each by an account or by a key of their own.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::desk::answer::redaction::Redacted;
use crate::desk::ask::{ApprovalAsk, Caller};
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::keys::KeyFile;
use crate::desk::known::Known;
use crate::desk::redaction::texts::Text;
use crate::desk::writing;
use crate::domain::fact::{Fact, record};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::name::{alike, fold, says_something};
use crate::store::leaf::HexHash;
use crate::tlog::key::{SignerError, is_signed};

/// How many approve a removal at least.
pub(in crate::desk) const APPROVERS_MIN: usize = 2;
/// How many are named at most.
const APPROVERS_MAX: usize = 8;

/// Returns what an approver signs with their author key: that the text of the event `target` of the log
/// `origin` may be removed on this basis, and that `instead` may be said in its place.
///
/// `instead` is the body of an event as it is recorded, byte for byte.
pub fn approval_message(origin: &str, target: EventId, basis: &str, instead: Option<&str>) -> Vec<u8> {
    let hex = |text: &str| HexHash(Sha256::digest(text.as_bytes()).into()).to_string();
    let instead = instead.map_or_else(|| "-".to_owned(), hex);
    format!("demarche/redaction/v1\n{origin}\n{target}\n{}\n{instead}\n", hex(basis)).into_bytes()
}

/// Signs, with the key of an author, the removal of every text that a dry run named: the signatures by the
/// event whose text it is, base64.
///
/// # Errors
///
/// Returns [`SignerError`] when the key signed nothing.
pub fn signatures(
    key: &KeyFile,
    origin: &str,
    named: &Redacted,
) -> Result<BTreeMap<EventId, String>, SignerError> {
    let mut signatures = BTreeMap::new();
    for signer in key.signers().iter().take(1) {
        for removed in &named.removed {
            let message = approval_message(origin, removed.id, &named.basis, removed.instead.as_deref());
            signatures.insert(removed.id, STANDARD.encode(signer.sign(&message)?));
        }
    }
    Ok(signatures)
}

/// Someone who approves a removal.
pub(super) struct Approver {
    /// The pseudonym.
    pub(super) actor: ActorId,
    /// The name in the register.
    pub(super) name: String,
    /// The key that signs; none where the account alone speaks.
    pub(super) key: Option<String>,
    // By the event whose text is removed.
    signatures: BTreeMap<EventId, String>,
}

impl Approver {
    /// Returns the approval as the record of the removal of one text has it.
    pub(super) fn of(&self, target: EventId) -> record::Approval {
        record::Approval {
            by: EntityId::from_uuid(*self.actor.as_uuid()),
            key: self.key.clone(),
            signature: self.key.as_ref().and_then(|_| self.signatures.get(&target).cloned()),
        }
    }
}

/// The people who have a hand in a removal; those who are named for the first time enter the register.
pub(super) struct Hands<'k> {
    known: &'k Known,
    /// Who enters the register.
    pub(super) newcomers: Vec<Newcomer>,
    // What the newcomers are called, folded.
    entering: Vec<(String, ActorId)>,
}

impl<'k> Hands<'k> {
    /// Returns nobody yet.
    pub(super) fn new(known: &'k Known) -> Self {
        Self { known, newcomers: Vec::new(), entering: Vec::new() }
    }

    /// Returns the pseudonym of someone by name.
    ///
    /// # Errors
    ///
    /// As [`writing::recorder`], in the field that was given.
    pub(super) fn hand(&mut self, field: &str, name: &str) -> Result<ActorId, DeskError> {
        let folded = fold(name);
        if let Some((_, actor)) = self.entering.iter().find(|(known, _)| *known == folded) {
            return Ok(*actor);
        }
        let caller = Caller { actor: name.to_owned(), tz: None };
        // Whether someone who must sign does so is told where approvals are checked, and where it is recorded.
        let (actor, newcomer) = match writing::recorder_who_may_sign(self.known, &caller) {
            Err(DeskError::Wrong(faults)) => {
                let named = faults.into_iter().map(|fault| Fault { field: Some(field.to_owned()), ..fault });
                return Err(DeskError::Wrong(named.collect()));
            }
            found => found?,
        };
        if let Some(newcomer) = newcomer {
            self.entering.push((folded, actor));
            self.newcomers.push(newcomer);
        }
        Ok(actor)
    }

    /// Returns those who approve: two or more, each another.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when they are too few, or one of them is named twice.
    pub(super) fn approvers(&mut self, asked: &[ApprovalAsk]) -> Result<Vec<Approver>, DeskError> {
        let refused = |rule: String| DeskError::Refused {
            rule,
            hints: vec!["two people who are not the same approve a removal, each by name".to_owned()],
        };
        if asked.iter().any(|ask| !says_something(&ask.by)) {
            let detail = "an approver has no name: a name has letters or digits";
            return Err(Fault::in_field("approvals", detail).into());
        }
        if asked.len() < APPROVERS_MIN {
            let named = if asked.is_empty() { "nobody approves it" } else { "only one approves it" };
            return Err(refused(format!("a text is removed when two approve it, and {named}")));
        }
        if asked.len() > APPROVERS_MAX {
            let detail = format!("{} are named; at most {APPROVERS_MAX} are", asked.len());
            return Err(Fault::in_field("approvals", detail).into());
        }
        let mut approvers: Vec<Approver> = Vec::with_capacity(asked.len());
        for ask in asked {
            let (before, typed) = (self.newcomers.len(), ask.by.trim());
            let actor = self.hand("approvals", &ask.by)?;
            if let Some(newcomer) = self.newcomers.get(before)
                && !newcomer.near.is_empty()
            {
                // Nobody comes into being, and approves, through a typing error.
                let hints = newcomer.near.clone();
                return Err(DeskError::NotFound { what: format!("an approver called `{typed}`"), hints });
            }
            if let Some(other) = approvers.iter().find(|other| other.actor == actor) {
                let twice = if other.name == typed {
                    format!("`{typed}` is named twice")
                } else {
                    format!("`{}` and `{typed}` are the same", other.name)
                };
                return Err(refused(format!("a text is removed when two approve it, and {twice}")));
            }
            if let Some(other) = approvers.iter().find(|other| alike(&other.name, typed)) {
                return Err(refused(format!(
                    "a text is removed when two approve it, and `{}` and `{typed}` look alike",
                    other.name
                )));
            }
            let name = self.known.register.recorder_name(actor).map_or_else(|| typed.to_owned(), Into::into);
            let (key, signatures) = (ask.key.clone(), ask.signatures.clone());
            approvers.push(Approver { actor, name, key, signatures });
        }
        Ok(approvers)
    }
}

/// Checks that whoever approves by key may, and signed the removal of this text; a dry run, which is made to
/// learn what to sign, asks for no signature.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] for a key that is not theirs or a signature that does not verify.
pub(super) fn verify(
    known: &Known,
    origin: &str,
    basis: &str,
    text: &Text,
    approvers: &[Approver],
    dry_run: bool,
) -> Result<(), DeskError> {
    for approver in approvers {
        let Some(key) = &approver.key else {
            if approver.signatures.is_empty() {
                if known.must_sign(approver.actor)? && !known.keys_of(approver.actor)?.is_empty() {
                    let name = &approver.name;
                    return Err(DeskError::Refused {
                        rule: format!("what {name} approves must be signed"),
                        hints: vec![format!("give their key as well: `--approve {name}=FILE`")],
                    });
                }
                writing::unsigned(known, approver.actor)?;
                continue;
            }
            let detail = format!("`{}` has signatures and no key; give the key as well", approver.name);
            return Err(Fault::in_field("approvals", detail).into());
        };
        let public = public_key(known, approver, key)?;
        if dry_run && approver.signatures.is_empty() {
            continue;
        }
        let position = text.raw.position;
        let Some(signature) = approver.signatures.get(&text.raw.id) else {
            return Err(refused(format!(
                "`{}` did not sign the removal at position {position}",
                approver.name
            )));
        };
        let instead = text.encoded()?;
        let instead = instead.as_ref().map(|reading| reading.get());
        let message = approval_message(origin, text.raw.id, basis, instead);
        let bytes = STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        if !bytes.is_some_and(|bytes| is_signed(&public, &message, &bytes)) {
            let rule = format!(
                "the signature of `{}` is not one of the removal of the text at position {position} as it would \
                 be recorded",
                approver.name
            );
            return Err(refused(rule));
        }
    }
    Ok(())
}

fn refused(rule: String) -> DeskError {
    let hint = "a dry run says which texts are removed and what is said instead; sign that";
    DeskError::Refused { rule, hints: vec![hint.to_owned()] }
}

/// Returns a key that the approver may sign with: it was added for them, and not revoked since.
fn public_key(known: &Known, approver: &Approver, key: &str) -> Result<[u8; 32], DeskError> {
    let recorder = EntityId::from_uuid(*approver.actor.as_uuid());
    let mut may_sign = false;
    for raw in known.view.history(recorder)? {
        let Some(event) = raw.event.filter(|event| event.envelope.about.contains(&recorder)) else {
            continue;
        };
        #[expect(clippy::wildcard_enum_match_arm, reason = "other facts are about no key of an author")]
        match event.fact {
            Fact::AuthorKeyAdded(added) if added.key == key => may_sign = true,
            Fact::AuthorKeyRevoked(revoked) if revoked.key == key => may_sign = false,
            _ => {}
        }
    }
    match key.parse::<HexHash>() {
        Ok(public) if may_sign => Ok(public.0),
        Ok(_) | Err(_) => Err(DeskError::Refused {
            rule: format!("the key {key} is none with which `{}` may sign", approver.name),
            hints: vec!["`author key add` enters a key of someone who records".to_owned()],
        }),
    }
}
