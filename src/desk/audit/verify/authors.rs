//! The signatures of authors: by a key that was theirs at that position, over what the leaf carries.

use std::collections::{HashMap, HashSet};

use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::report::{Verdict, counted};
use crate::desk::authors::signature;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EntityId;
use crate::store::leaf::{HexHash, Leaf};

/// The keys of authors, as far as the log was read.
#[derive(Debug, Default)]
pub(super) struct Authors {
    keys: HashMap<EntityId, Vec<HexHash>>,
    /// Who must sign: that outlives their keys, until a revocation says that it ends.
    bound: HashSet<EntityId>,
    /// How often one did.
    freed: u64,
    signed: u64,
    /// Evidence that may speak of keys is not there, so that no author can be accused of what it may allow.
    lacks: bool,
    unknown: u64,
}

impl Authors {
    /// Takes in what evidence says of keys: they count for the positions after it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of the keys of authors")]
    pub(super) fn learn(&mut self, event: &Event) {
        let Some(author) = event.envelope.about.first() else { return };
        match &event.fact {
            Fact::AuthorKeyAdded(added) => {
                if let Ok(key) = added.key.parse() {
                    self.keys.entry(*author).or_default().push(key);
                }
                if added.required {
                    self.bound.insert(*author);
                }
            }
            Fact::AuthorKeyRevoked(revoked) => {
                if let Ok(gone) = revoked.key.parse::<HexHash>() {
                    self.keys.values_mut().for_each(|keys| keys.retain(|key| *key != gone));
                }
                if revoked.ends_requirement && self.bound.remove(author) {
                    self.freed += 1;
                }
            }
            _ => {}
        }
    }

    /// Says in words which signatures were checked, which could not be, and who need not sign any more.
    pub(super) fn told(&self, checks: &mut Vec<String>, notices: &mut Vec<String>) {
        if self.signed > 0 {
            checks.push(format!(
                "{}, by keys that were theirs then",
                counted(self.signed, "signature of an author", "signatures of authors")
            ));
        }
        if self.unknown > 0 {
            notices.push(format!(
                "{} events may lack the signature of their author: keys of authors are not here",
                self.unknown
            ));
        }
        if self.freed > 0 {
            notices.push(format!(
                "{}: the log says so itself (`author.key.revoked`, `ends_requirement`), with who recorded it",
                counted(
                    self.freed,
                    "author who had to sign need not any more",
                    "authors who had to sign need not any more"
                )
            ));
        }
    }

    /// Says that evidence which may speak of keys is not there.
    pub(super) const fn lose(&mut self) {
        self.lacks = true;
    }

    /// Tells whether evidence which may speak of keys is not there.
    pub(super) const fn lacks(&self) -> bool {
        self.lacks
    }

    /// Tells whether someone must sign what they record or approve.
    pub(super) fn must_sign(&self, author: EntityId) -> bool {
        self.bound.contains(&author)
    }

    /// Tells whether someone has a key.
    pub(super) fn has_key(&self, author: EntityId) -> bool {
        !self.keys_of(author).is_empty()
    }

    /// Tells whether a key is one of someone's.
    pub(super) fn is_key_of(&self, author: EntityId, key: &HexHash) -> bool {
        self.keys_of(author).iter().any(|known| known == key)
    }

    fn keys_of(&self, author: EntityId) -> &[HexHash] {
        self.keys.get(&author).map(Vec::as_slice).unwrap_or_default()
    }

    fn wrong(&mut self, leaf: &Leaf) -> Option<String> {
        let author = EntityId::from_uuid(*leaf.sub.actor.as_uuid());
        let (Some(key), Some(sig)) = (&leaf.key, &leaf.sig) else {
            let must = self.must_sign(author);
            if must && self.lacks {
                self.unknown += 1;
                return None;
            }
            return must.then(|| "its author must sign, and did not".to_owned());
        };
        let is_theirs = self.is_key_of(author, key);
        if !is_theirs && !self.lacks {
            return Some(format!("the key {key}, with which it is signed, was not one of its author's then"));
        }
        // The leaf was read in its one spelling, so this is the submission as it stands in it.
        let submission = serde_json::to_string(&leaf.sub).unwrap_or_default();
        match signature::verify(&submission, &key.0, sig) {
            Ok(()) => {
                let count = if is_theirs { &mut self.signed } else { &mut self.unknown };
                *count += 1;
                None
            }
            Err(error) => Some(error.to_string()),
        }
    }
}

impl Check<'_> {
    /// Checks the signature of an author, or that there need be none.
    pub(super) fn author(&mut self, authors: &mut Authors, path: &str, position: u64, leaf: &Leaf) {
        if let Some(what) = authors.wrong(leaf) {
            self.found.of_event(Verdict::UnsignedAuthor, path, position, what);
        }
    }
}
