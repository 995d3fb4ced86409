//! Removals of texts: whether two who are not the same approved each, and on what it rests.
//!
//! Whoever holds the key of the log writes these records and can name whom they like; what speaks against
//! them is the register of recorders, and the signatures of approvers, over what exactly is removed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::leaves::Scan;
use crate::desk::audit::verify::report::{Verdict, counted};
use crate::desk::redaction::{APPROVERS_MIN, approval_message};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::record::{Approval, Redacted};
use crate::domain::id::{EntityId, EventId};
use crate::domain::name::says_something;
use crate::store::leaf::{HexHash, Leaf};
use crate::tlog::key::is_signed;

/// How much of a basis or a name is shown.
const SHOWN_CHARS_MAX: usize = 200;
/// How many approvers of one removal are shown.
const SHOWN_MAX: usize = 8;

/// The removals of a log, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// Who records, by the names of their registrations.
    recorders: HashMap<EntityId, String>,
    /// By the event whose text is removed.
    approved: HashMap<EventId, Removal>,
    void: BTreeMap<EventId, Removal>,
    /// How many approvals rest on something that is not here.
    unchecked: u64,
}

/// A record that removes a text.
#[derive(Debug)]
pub(super) struct Removal {
    /// Where it stands.
    pub(super) position: u64,
    /// On what it rests; of one that is void, why it is.
    pub(super) what: String,
}

/// What an approval is worth.
enum Approved {
    /// It counts, and how it was given.
    By(String),
    /// It counts, for what speaks against it may be among what is not here.
    Unchecked(String),
    /// Its signature is not one of this approver over this removal.
    Unsigned(String),
    /// Whoever it names approves nothing.
    Not(String),
}

impl Removals {
    /// Takes note of someone who enters the register of recorders.
    pub(super) fn learn(&mut self, leaf: &Leaf, body: &str) {
        // Most records are no registration, and need not be read for it.
        if !body.contains("recorder.registered") {
            return;
        }
        if let Ok(Event { fact: Fact::RecorderRegistered(recorder), .. }) =
            Event::decode(leaf.sub.schema, body)
        {
            self.recorders.entry(EntityId::from(leaf.sub.id)).or_insert_with(|| shown(&recorder.name));
        }
    }

    /// Returns the removal of a text that two approved.
    pub(super) fn of(&self, target: EventId) -> Option<&Removal> {
        self.approved.get(&target)
    }

    /// Returns the first removal of a text that is none, where no other removes it.
    pub(super) fn void_of(&self, target: EventId) -> Option<&Removal> {
        self.void.get(&target).filter(|_| !self.approved.contains_key(&target))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.approved.is_empty()
    }

    /// Says what is to be known of removals: how many are none, and how many approvals could not be checked.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        let first = self.void.iter().find(|(target, _)| !self.approved.contains_key(*target));
        if let Some((_, Removal { position, what })) = first {
            let records = counted(self.void.len() as u64, "record", "records");
            notices.push(format!(
                "{records} of removals remove nothing, the one at position {position} among them: {what}"
            ));
        }
        if self.unchecked > 0 {
            let approvals = counted(self.unchecked, "approval", "approvals");
            notices.push(format!(
                "{approvals} of removals could not be checked whole: the registration of the approver, or a \
                 record of keys, is withheld, removed or missing here"
            ));
        }
        notices
    }
}

pub(super) fn shown(text: &str) -> String {
    let end = text.char_indices().nth(SHOWN_CHARS_MAX).map_or(text.len(), |(end, _)| end);
    let cut = if end < text.len() { "…" } else { "" };
    format!("{}{cut}", text.get(..end).unwrap_or_default().escape_debug())
}

impl Scan {
    /// Tells what an approval is worth, by the registers and keys as they stand before this record.
    fn approval(&self, approval: &Approval, target: EventId, message: &[u8]) -> Approved {
        let id = EventId::from_uuid(*approval.by.as_uuid());
        let name = self.texts.removals.recorders.get(&approval.by);
        let who = name.cloned().unwrap_or_else(|| approval.by.to_string());
        let mut is_known = name.is_some();
        if !is_known {
            let is_recorded = self.chains.position_of(id).is_some();
            let may_be = if is_recorded {
                id != target && self.texts.lacks(id)
            } else {
                self.lacks_leaves || self.newer.count > 0
            };
            if !may_be {
                return Approved::Not(format!("{who} is nobody in the register of recorders"));
            }
        }
        let authors = &self.texts.authors;
        let (key, signature) = match (&approval.key, &approval.signature) {
            (Some(key), Some(signature)) => (key, signature),
            (None, None) => {
                let requires = authors.must_sign(approval.by);
                if requires && !authors.lacks() {
                    return Approved::Unsigned(format!("{who} must sign, and did not"));
                }
                let could = if authors.has_key(approval.by) { ", though they had a key" } else { "" };
                let how = format!("{who} (by account alone{could})");
                return if is_known && !requires { Approved::By(how) } else { Approved::Unchecked(how) };
            }
            (_, _) => return Approved::Unsigned(format!("{who} gave only a part of key and signature")),
        };
        let Ok(public) = key.parse::<HexHash>() else {
            return Approved::Unsigned(format!("the key of {who} is none"));
        };
        if !authors.is_key_of(approval.by, &public) {
            if !authors.lacks() {
                return Approved::Unsigned(format!("the key of {who} was not one of theirs then"));
            }
            is_known = false;
        }
        let bytes = STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
        if !bytes.is_some_and(|bytes| is_signed(&public.0, message, &bytes)) {
            return Approved::Unsigned(format!("the signature of {who} is not one of this removal"));
        }
        let how = format!("{who} (signed with the key {})", key.get(..16).unwrap_or(key));
        if is_known { Approved::By(how) } else { Approved::Unchecked(how) }
    }
}

impl Check<'_> {
    /// Takes in the record that a text is removed, and says what is wrong with its approvals.
    pub(super) fn removal(&mut self, scan: &mut Scan, path: &str, position: u64, redacted: &Redacted) {
        let origin = self.origin.clone().unwrap_or_default();
        let instead = redacted.replacement.as_ref().map(|reading| reading.get());
        let message = approval_message(&origin, redacted.target, &redacted.basis, instead);
        let mut counted_in: BTreeSet<EntityId> = BTreeSet::new();
        let (mut approved, mut wrong) = (Vec::new(), Vec::new());
        for approval in &redacted.approvals {
            if counted_in.contains(&approval.by) {
                wrong.push("one approver is named twice".to_owned());
                continue;
            }
            match scan.approval(approval, redacted.target, &message) {
                Approved::By(how) => approved.push(how),
                Approved::Unchecked(how) => {
                    scan.texts.removals.unchecked += 1;
                    approved.push(how);
                }
                Approved::Unsigned(what) => {
                    let told = format!("of those who approve the removal, {what}");
                    self.found.of_event(Verdict::UnsignedAuthor, path, position, told);
                    wrong.push(what);
                    continue;
                }
                Approved::Not(what) => {
                    wrong.push(what);
                    continue;
                }
            }
            counted_in.insert(approval.by);
        }
        let is_based = says_something(&redacted.basis);
        if !is_based {
            wrong.push("it names no basis".to_owned());
        }
        let removals = &mut scan.texts.removals;
        if is_based && counted_in.len() >= APPROVERS_MIN {
            approved.truncate(SHOWN_MAX);
            let what = format!("basis: {}; approved by {}", shown(&redacted.basis), approved.join(" and "));
            removals.approved.entry(redacted.target).or_insert(Removal { position, what });
            return;
        }
        if counted_in.len() < APPROVERS_MIN {
            let count = if counted_in.is_empty() { "nobody approves it" } else { "only one approves it" };
            wrong.insert(0, count.to_owned());
        }
        wrong.truncate(SHOWN_MAX);
        removals.void.entry(redacted.target).or_insert(Removal { position, what: wrong.join("; ") });
    }
}
