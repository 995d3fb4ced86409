//! Which key of a log may speak at which size: from a pinned key and the rotations that the log records.

use crate::domain::fact::evidence::KeyRotated;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SignatureType, VerifierKey, VerifierKeyError};
use crate::tlog::note::{Note, NoteError};

/// A key, and the sizes of the log at which it may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The key.
    pub key: VerifierKey,
    /// The first size.
    pub from: u64,
    /// The last size; none while it is in use.
    pub to: Option<u64>,
}

impl KeyRange {
    /// Tells whether the key may sign a checkpoint of this size.
    pub fn covers(&self, size: u64) -> bool {
        self.from <= size && self.to.is_none_or(|to| size <= to)
    }
}

/// By whom a checkpoint is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The keys of the log whose lines were verified, oldest first; at least one of type 0x01.
    pub keys: Vec<VerifierKey>,
    /// When, as the newest timestamped cosignature of the log's own says, in POSIX seconds.
    pub time: Option<u64>,
}

/// A change of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The position of the event; the checkpoint of the next size is signed by old and new keys.
    pub position: u64,
    /// The keys until then.
    pub old: Vec<VerifierKey>,
    /// The keys from then on.
    pub new: Vec<VerifierKey>,
}

/// Why a checkpoint is not believed, or no table can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key was pinned.
    #[error("no key was given to check against; ask for the verifier key, and not from whoever gave the log")]
    NoKey,
    /// A rotation names something that is no key.
    #[error("the change of keys at position {position} names a key that is none")]
    NotAKey {
        /// The position of the event.
        position: u64,
        /// What is wrong with it.
        #[source]
        source: VerifierKeyError,
    },
    /// A rotation names keys of another log, or none that could sign.
    #[error("the change of keys at position {position} does not name an Ed25519 key of this log")]
    NotOfTheLog {
        /// The position of the event.
        position: u64,
    },
    /// A rotation replaces keys that were not in use.
    #[error("the change of keys at position {position} replaces other keys than those in use then")]
    Broken {
        /// The position of the event.
        position: u64,
    },
    /// The pinned key was never one of the log.
    #[error("the key that was given, {key}, was never one of this log")]
    NotPinned {
        /// The key.
        key: VerifierKey,
    },
    /// The checkpoint is one of another log.
    #[error("the checkpoint is one of the log {found}, not of {expected}")]
    Origin {
        /// The log of the keys.
        expected: String,
        /// The log of the checkpoint.
        found: String,
    },
    /// A line by a known key does not verify.
    #[error("the checkpoint of size {size} is not to be believed")]
    Note {
        /// Its size.
        size: u64,
        /// Why.
        #[source]
        source: NoteError,
    },
    /// A key speaks where it may not.
    #[error("the key {key} signed a checkpoint of size {size}, and may sign {}", sizes(*.from, *.to))]
    OutsideItsRange {
        /// The key.
        key: VerifierKey,
        /// The size of the checkpoint.
        size: u64,
        /// The first size at which it may.
        from: u64,
        /// The last.
        to: Option<u64>,
    },
    /// No key that may speak at this size does.
    #[error("the checkpoint of size {size} is not signed by the key that the log had then")]
    Unsigned {
        /// Its size.
        size: u64,
    },
}

fn sizes(from: u64, to: Option<u64>) -> String {
    match to {
        Some(to) => format!("sizes {from} to {to} alone"),
        None => format!("from size {from} on"),
    }
}

/// Which key of a log may speak at which size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTable {
    // Invariant: not empty, oldest first; all keys have the name of the log.
    ranges: Vec<KeyRange>,
    handovers: Vec<Handover>,
    /// How many of the handovers rest on a pinned key that came after them.
    settled: usize,
}

impl KeyTable {
    /// Returns the table of a log of which `pinned` keys are known, and that records these rotations, each
    /// with its position, in order.
    ///
    /// The pinned keys may be those of any time: the first, or the ones in use now. What a rotation says is
    /// only worth something once its checkpoint was seen: see [`KeyTable::unproved`].
    ///
    /// # Errors
    ///
    /// Returns why the rotations give no table, or that a pinned key is not among the log's.
    pub fn from_rotations(
        pinned: &[VerifierKey],
        rotations: impl Iterator<Item = (u64, KeyRotated)>,
    ) -> Result<Self, KeyError> {
        let Some(name) = pinned.first().map(VerifierKey::name) else { return Err(KeyError::NoKey) };
        let mut handovers: Vec<Handover> = Vec::new();
        for (position, rotated) in rotations {
            let keys = |texts: &[String]| -> Result<Vec<VerifierKey>, KeyError> {
                let keys: Result<Vec<VerifierKey>, VerifierKeyError> =
                    texts.iter().map(|text| text.parse()).collect();
                let keys = keys.map_err(|source| KeyError::NotAKey { position, source })?;
                let signs = keys.iter().any(|key| key.kind() == SignatureType::Ed25519);
                if signs && keys.iter().all(|key| key.name() == name) {
                    return Ok(keys);
                }
                Err(KeyError::NotOfTheLog { position })
            };
            // Whoever adopted a copy without its keys may not have known which they were.
            let old = if rotated.old.is_empty() { Vec::new() } else { keys(&rotated.old)? };
            let new = keys(&rotated.new)?;
            let follows = |last: &Handover| (last.new == old || old.is_empty()) && last.position < position;
            if handovers.last().is_some_and(|last| !follows(last)) {
                return Err(KeyError::Broken { position });
            }
            handovers.push(Handover { position, old, new });
        }
        let is_later = |key: &VerifierKey| handovers.iter().any(|one| one.new.contains(key));
        let first = match handovers.first() {
            Some(first) if !first.old.is_empty() => first.old.clone(),
            // Then what was pinned is taken for them.
            Some(_) => pinned.iter().filter(|key| !is_later(key)).cloned().collect(),
            None => pinned.to_vec(),
        };
        let eras: Vec<Vec<VerifierKey>> =
            std::iter::once(first).chain(handovers.iter().map(|one| one.new.clone())).collect();
        let mut settled = 0;
        for key in pinned {
            let era = eras.iter().rposition(|era| era.contains(key));
            settled = settled.max(era.ok_or_else(|| KeyError::NotPinned { key: key.clone() })?);
        }
        let mut ranges = Vec::new();
        for (place, era) in eras.into_iter().enumerate() {
            let from = place.checked_sub(1).and_then(|before| handovers.get(before));
            let from = from.map_or(0, |one| one.position.saturating_add(1));
            let to = handovers.get(place).map(|one| one.position.saturating_add(1));
            ranges.extend(era.into_iter().map(|key| KeyRange { key, from, to }));
        }
        Ok(Self { ranges, handovers, settled })
    }

    /// Returns the keys with their sizes, oldest first.
    pub fn ranges(&self) -> &[KeyRange] {
        &self.ranges
    }

    /// Returns the keys in use at the end.
    pub fn current(&self) -> impl Iterator<Item = &VerifierKey> {
        self.ranges.iter().filter(|range| range.to.is_none()).map(|range| &range.key)
    }

    /// Tells whether the log had a key with which it says when it signs a checkpoint of this size.
    pub fn dates(&self, size: u64) -> bool {
        let cosigns = |range: &&KeyRange| range.key.kind() == SignatureType::CosignatureV1;
        self.ranges.iter().filter(cosigns).any(|range| range.covers(size))
    }

    /// Returns the changes of keys, oldest first.
    pub fn handovers(&self) -> &[Handover] {
        &self.handovers
    }

    /// Checks a checkpoint: every line by a key of the log verifies and is by a key that may speak at this
    /// size, and there is one of type 0x01.
    ///
    /// Lines by keys that are not in the table (witnesses, types that are not known) are not looked at.
    ///
    /// # Errors
    ///
    /// Returns why the checkpoint is not believed.
    pub fn check(&self, note: &Note, checkpoint: &Checkpoint) -> Result<KeyUse, KeyError> {
        let size = checkpoint.size;
        if let Some(range) = self.ranges.first()
            && range.key.name().as_str() != checkpoint.origin.as_str()
        {
            let (expected, found) = (range.key.name().to_string(), checkpoint.origin.to_string());
            return Err(KeyError::Origin { expected, found });
        }
        let mut used = KeyUse { keys: Vec::new(), time: None };
        for range in &self.ranges {
            let key = &range.key;
            let verified = note.verify(key).map_err(|source| KeyError::Note { size, source })?;
            let Some(verified) = verified else { continue };
            // A key may have come back into use.
            if !self.ranges.iter().any(|other| other.key == *key && other.covers(size)) {
                let (key, from, to) = (key.clone(), range.from, range.to);
                return Err(KeyError::OutsideItsRange { key, size, from, to });
            }
            used.time = verified.time.or(used.time);
            if !used.keys.contains(key) {
                used.keys.push(key.clone());
            }
        }
        if used.keys.iter().any(|key| key.kind() == SignatureType::Ed25519) {
            return Ok(used);
        }
        Err(KeyError::Unsigned { size })
    }

    /// Returns the changes of keys that nothing but the log's own word speaks for: neither was a key pinned
    /// that came after it, nor is one of these notes the checkpoint that first covers it, signed by the keys
    /// until then as well as by those from then on.
    ///
    /// Whoever gives the log could have made these up.
    pub fn unproved<'a>(&self, notes: impl Iterator<Item = (&'a Note, &'a Checkpoint)>) -> Vec<&Handover> {
        let mut open: Vec<&Handover> = self.handovers.iter().skip(self.settled).collect();
        for (note, checkpoint) in notes {
            let signed = |keys: &[VerifierKey]| {
                let mut signing = keys.iter().filter(|key| key.kind() == SignatureType::Ed25519);
                signing.any(|key| matches!(note.verify(key), Ok(Some(_))))
            };
            open.retain(|one| {
                one.position.checked_add(1) != Some(checkpoint.size) || !signed(&one.old) || !signed(&one.new)
            });
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tlog::key::{SeedSigner, Signer};

    fn signers(era: u8) -> Vec<SeedSigner> {
        let of = |kind| SeedSigner::new("desk-0a1b2c3d".parse().unwrap(), kind, &[era * 2 + 1; 32]);
        vec![of(SignatureType::Ed25519), of(SignatureType::CosignatureV1)]
    }

    fn keys(era: u8) -> Vec<VerifierKey> {
        signers(era).iter().map(|signer| signer.key().clone()).collect()
    }

    fn rotated(old: u8, new: u8) -> KeyRotated {
        let texts = |era| keys(era).iter().map(ToString::to_string).collect();
        KeyRotated { old: texts(old), new: texts(new) }
    }

    fn table(pinned: u8, positions: &[u64]) -> KeyTable {
        let rotations = positions.iter().zip(0..).map(|(position, era)| (*position, rotated(era, era + 1)));
        KeyTable::from_rotations(&keys(pinned), rotations).unwrap()
    }

    fn signed(size: u64, eras: &[u8]) -> (Note, Checkpoint) {
        let origin = "desk-0a1b2c3d".parse().unwrap();
        let checkpoint = Checkpoint { origin, size, root: [7; 32], extensions: Vec::new() };
        let mut note = Note::new(checkpoint.text()).unwrap();
        for signer in eras.iter().flat_map(|era| signers(*era)) {
            note.sign(&signer, Some(1_000 + size)).unwrap();
        }
        (note, checkpoint)
    }

    proptest! {
        #[test]
        fn a_key_speaks_within_its_sizes_and_nowhere_else(
            first in 0_u64..40, second in 1_u64..40, size in 0_u64..90, era in 0_u8..3, pinned in 0_u8..3,
        ) {
            let (first, second) = (first, first + second);
            let ranges = [(0, first + 1), (first + 1, second + 1), (second + 1, u64::MAX)];
            let (from, to) = ranges[usize::from(era)];
            let (note, checkpoint) = signed(size, &[era]);
            let said = table(pinned, &[first, second]).check(&note, &checkpoint);
            if (from..=to).contains(&size) {
                prop_assert_eq!(said, Ok(KeyUse { keys: keys(era), time: Some(1_000 + size) }));
            } else {
                let outside = matches!(said, Err(KeyError::OutsideItsRange { .. }));
                prop_assert!(outside, "{:?}", said);
            }
        }
    }

    #[test]
    fn a_handover_is_signed_by_both_and_proves_the_change() {
        let table = table(0, &[6]);
        let (note, checkpoint) = signed(7, &[0, 1]);
        assert_eq!(table.check(&note, &checkpoint).unwrap().keys, [keys(0), keys(1)].concat());
        assert_eq!(table.unproved(std::iter::once((&note, &checkpoint))), Vec::<&Handover>::new());
        for (size, eras) in [(7, &[0][..]), (7, &[1]), (8, &[0, 1])] {
            let (note, checkpoint) = signed(size, eras);
            assert_eq!(table.unproved(std::iter::once((&note, &checkpoint))).len(), 1, "{size} {eras:?}");
        }
    }

    #[test]
    fn a_change_before_the_pinned_key_needs_no_other_proof() {
        assert_eq!(table(2, &[6, 9]).unproved(std::iter::empty()), Vec::<&Handover>::new());
        let positions = |pinned| -> Vec<u64> {
            table(pinned, &[6, 9]).unproved(std::iter::empty()).iter().map(|one| one.position).collect()
        };
        assert_eq!(positions(1), [9]);
        assert_eq!(positions(0), [6, 9]);
    }

    #[test]
    fn a_table_is_refused_where_the_chain_of_keys_breaks() {
        let table = |pinned: &[VerifierKey], rotations: Vec<(u64, KeyRotated)>| {
            KeyTable::from_rotations(pinned, rotations.into_iter()).map(|_| ())
        };
        assert_eq!(table(&[], Vec::new()), Err(KeyError::NoKey));
        let broken = vec![(3, rotated(0, 1)), (5, rotated(0, 2))];
        assert_eq!(table(&keys(0), broken), Err(KeyError::Broken { position: 5 }));
        let backwards = vec![(3, rotated(0, 1)), (3, rotated(1, 2))];
        assert_eq!(table(&keys(0), backwards), Err(KeyError::Broken { position: 3 }));
        let stranger = table(&keys(5), vec![(3, rotated(0, 1))]);
        assert!(matches!(stranger, Err(KeyError::NotPinned { .. })), "{stranger:?}");
        let garbled = KeyRotated { old: vec!["x".to_owned()], new: Vec::new() };
        let garbled = table(&keys(0), vec![(3, garbled)]);
        assert!(matches!(garbled, Err(KeyError::NotAKey { position: 3, .. })), "{garbled:?}");
        let none = KeyRotated { old: rotated(0, 1).old, new: Vec::new() };
        assert_eq!(table(&keys(0), vec![(3, none)]), Err(KeyError::NotOfTheLog { position: 3 }));
    }

    #[test]
    fn what_no_key_of_the_log_signed_is_not_believed() {
        let (note, checkpoint) = signed(3, &[4]);
        assert_eq!(table(0, &[]).check(&note, &checkpoint), Err(KeyError::Unsigned { size: 3 }));
        // Another text under the same signatures.
        let (note, _) = signed(3, &[0]);
        let mut forged = Note::new(signed(4, &[0]).1.text()).unwrap();
        note.signatures().iter().for_each(|line| forged.add(line.clone()).unwrap());
        let said = table(0, &[]).check(&forged, &signed(4, &[0]).1);
        assert!(matches!(said, Err(KeyError::Note { size: 4, .. })), "{said:?}");
    }
}
