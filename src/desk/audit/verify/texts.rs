//! One leaf after another: its spelling, its place, its time and its text, and what texts tell an auditor.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::desk::audit::verify::authors::Authors;
use crate::desk::audit::verify::leaves::{ENTRIES_BYTES_MAX, MISSING_MAX, Scan};
use crate::desk::audit::verify::report::{Verdict, counted};
use crate::desk::audit::verify::{Check, Seen};
use crate::desk::audit::{body_path, proof_path};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::KeyRotated;
use crate::domain::id::EventId;
use crate::store::leaf::Leaf;
use crate::store::{BODY_BYTES_MAX, Class};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::NOTE_BYTES_MAX;
use crate::tlog::proof::verify_inclusion;
use crate::tlog::proof_file::InclusionProof;
use crate::tlog::tile::{bundle_decode, tiles};
use crate::tlog::{Hash, leaf_hash};

/// The longest body file: the salt and the text.
const BODY_FILE_BYTES_MAX: u64 = BODY_BYTES_MAX as u64 + 32;
/// The longest proof file.
const PROOF_BYTES_MAX: u64 = NOTE_BYTES_MAX as u64 + 64 * 1024;

/// What the texts came to.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) disclosed: u64,
    /// The commitments of the texts that are there.
    pub(super) present: Vec<Hash>,
    /// The texts that are not there.
    missing: Vec<(u64, EventId, Class, Hash)>,
    /// The events whose texts a record removes, and where it stands.
    pub(super) removed: HashMap<EventId, u64>,
    /// The changes of keys.
    pub(super) rotations: Vec<(u64, KeyRotated)>,
    /// The first change of keys whose text is not there.
    pub(super) lost_rotation: Option<u64>,
    /// The keys of authors.
    pub(super) authors: Authors,
    /// Evidence that only a later version can read.
    unread: u64,
    last: Option<crate::domain::timestamp::Timestamp>,
}

impl Texts {
    /// Says that the text of an event cannot be read, which may have told something of keys.
    fn lose(&mut self, position: u64, class: Class) {
        match class {
            Class::KeyRotated => {
                self.lost_rotation.get_or_insert(position);
            }
            Class::AuthorKeyAdded | Class::AuthorKeyRevoked => self.authors.lose(),
            Class::Fact | Class::RecordRedacted | Class::Incident | Class::Anchor => {}
        }
    }
}

/// The version alone, of whatever a leaf may be.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

impl Check<'_> {
    /// Checks one leaf.
    pub(super) fn leaf(&mut self, scan: &mut Scan, path: &str, position: u64, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.found.of_event(Verdict::Altered, path, position, "the leaf is not UTF-8");
            scan.lose(position);
            return;
        };
        let leaf = match Leaf::decode_strictly(text) {
            Ok(leaf) => leaf,
            Err(error) => {
                match serde_json::from_str::<Version>(text) {
                    // Its bytes are in the tree; what they say, a later version knows.
                    Ok(Version { v }) if v > 1 => scan.newer += 1,
                    Ok(_) | Err(_) => {
                        scan.lose(position);
                        self.found.of_event(Verdict::Altered, path, position, error.to_string());
                    }
                }
                return;
            }
        };
        if self.origin.as_ref().is_some_and(|origin| *origin != leaf.log) {
            let what = format!("the leaf is one of the log {}", leaf.log.escape_debug());
            self.found.of_event(Verdict::Altered, path, position, what);
        }
        if leaf.pos == position {
            self.time(scan, path, &leaf);
            self.chain(&mut scan.chains, path, &leaf, leaf_hash(bytes));
        } else {
            let what = format!("the leaf says that its position is {}", leaf.pos);
            self.found.of_event(Verdict::Reordered, path, position, what);
        }
        // What this very leaf says of keys counts for those after it.
        self.author(&mut scan.texts.authors, path, position, &leaf);
        self.text(&mut scan.texts, position, &leaf);
    }

    fn time(&mut self, scan: &mut Scan, path: &str, leaf: &Leaf) {
        if scan.texts.last.is_some_and(|last| last >= leaf.at) {
            let what = format!("it says it was recorded at {}, no later than the event before it", leaf.at);
            self.found.of_event(Verdict::Backdated, path, leaf.pos, what);
        }
        let latest = scan.texts.last.map_or(leaf.at, |last| last.max(leaf.at));
        scan.texts.last = Some(leaf.at);
        if let Some(end) = self.ends.get_mut(&leaf.pos.saturating_add(1)) {
            *end = Some(latest);
        }
        if let Some(what) = self.bracket.contradicts(leaf.pos, leaf.at) {
            self.found.of_event(Verdict::Backdated, path, leaf.pos, what);
        }
    }

    fn text(&mut self, texts: &mut Texts, position: u64, leaf: &Leaf) {
        let commitment = leaf.sub.commitment.0;
        let path = body_path(&commitment);
        let bytes = match self.view.read(&path, BODY_FILE_BYTES_MAX) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                texts.missing.push((position, leaf.sub.id, leaf.sub.class, commitment));
                texts.lose(position, leaf.sub.class);
                return;
            }
            Err(error) => {
                texts.present.push(commitment);
                texts.lose(position, leaf.sub.class);
                self.found.of_event(Verdict::Altered, &path, position, error.to_string());
                return;
            }
        };
        texts.present.push(commitment);
        let body = bytes.split_first_chunk::<32>().filter(|(salt, body)| {
            body.len() as u64 == u64::from(leaf.sub.length) && is_committed(&commitment, salt, body)
        });
        let Some((_, body)) = body else {
            texts.lose(position, leaf.sub.class);
            let what = "the text is not the one that its leaf commits to";
            self.found.of_event(Verdict::Altered, &path, position, what);
            return;
        };
        texts.disclosed += 1;
        if self.withheld.contains(position) {
            let what = "the text is here, though the bundle says that it is withheld";
            self.found.of_event(Verdict::Extra, &path, position, what);
        }
        if leaf.sub.class != Class::Fact {
            evidence(texts, position, leaf, body);
        }
    }

    /// Checks the proof file of an event, where there must be one.
    pub(super) fn proof(&mut self, position: u64, hashes: [Option<Hash>; 2]) {
        let (from, to) = self.proofs();
        if !(from..to).contains(&position) {
            return;
        }
        let path = proof_path(position);
        let Some(bytes) = self.must_read(&path, PROOF_BYTES_MAX) else { return };
        let proof = match InclusionProof::parse(&bytes) {
            Ok(proof) => proof,
            Err(error) => {
                self.found.of_event(Verdict::Altered, &path, position, error.to_string());
                return;
            }
        };
        let note = proof.checkpoint.to_bytes();
        if self.reference.as_ref() != Some(&note) {
            let what = "its checkpoint is not that of the bundle";
            self.found.of_event(Verdict::Altered, &path, position, what);
            if let Ok(checkpoint) = Checkpoint::parse(proof.checkpoint.text()) {
                self.seen(Seen { at: path, note: proof.checkpoint, checkpoint });
            }
            return;
        }
        let (Some(size), Some(root)) = (self.size, self.root) else { return };
        let holds = |hash: &Hash| verify_inclusion(hash, position, size, &proof.hashes, &root).is_ok();
        let known = hashes.iter().flatten().count() > 0;
        if proof.index != position || proof.extra.is_some() || (known && !hashes.iter().flatten().any(holds))
        {
            let what = "it does not prove that the event is in the log";
            self.found.of_event(Verdict::Altered, &path, position, what);
        }
    }

    /// Says of every text that is not there why, now that all records were read.
    pub(super) fn settle_texts(&mut self, texts: &mut Texts) -> crate::desk::audit::verify::report::Texts {
        let mut counts =
            crate::desk::audit::verify::report::Texts { disclosed: texts.disclosed, ..Default::default() };
        for (position, id, class, commitment) in std::mem::take(&mut texts.missing) {
            let path = body_path(&commitment);
            let removed = texts.removed.get(&id).filter(|by| **by > position && class == Class::Fact);
            if let Some(by) = removed {
                counts.removed += 1;
                let what = format!("the text was removed, as the record at position {by} says");
                self.found.of_event(Verdict::Shredded, &path, position, what);
            } else if class != Class::Fact {
                counts.missing += 1;
                let what = "the text is evidence, which is always disclosed, and is not here";
                self.found.of_event(Verdict::MissingBody, &path, position, what);
            } else if self.withheld.contains(position) {
                counts.withheld += 1;
            } else {
                counts.missing += 1;
                let what = "the text is neither here nor withheld, and no record says that it was removed";
                self.found.of_event(Verdict::MissingBody, &path, position, what);
            }
        }
        if !texts.removed.is_empty() {
            self.texts_left(texts);
        }
        if texts.unread > 0 {
            let what = counted(texts.unread, "record of evidence", "records of evidence")
                + " of a later version, not read";
            self.notices.push(what);
        }
        texts.present.sort_unstable();
        counts
    }

    /// Finds texts that are still here though a record removes them.
    fn texts_left(&mut self, texts: &Texts) {
        let present: BTreeSet<Hash> = texts.present.iter().copied().collect();
        let mut missing = 0;
        for tile in tiles(self.size.unwrap_or(0)).take_while(|tile| tile.level == 0) {
            let Ok(Some(entries)) = self.view.read(&tile.entries_path(), ENTRIES_BYTES_MAX) else {
                missing += 1;
                // Where the leaves end, and whoever says how large the log is does not decide how long this takes.
                if missing > MISSING_MAX {
                    break;
                }
                continue;
            };
            missing = 0;
            for leaf in bundle_decode(&entries).unwrap_or_default() {
                let leaf = std::str::from_utf8(leaf).ok().and_then(|text| Leaf::decode(text).ok());
                let Some(leaf) = leaf else { continue };
                let commitment = leaf.sub.commitment.0;
                let by = texts.removed.get(&leaf.sub.id).filter(|by| **by > leaf.pos);
                if let Some(by) = by.filter(|_| present.contains(&commitment)) {
                    let what =
                        format!("the text is still here, though the record at position {by} removed it");
                    self.found.of_event(Verdict::Extra, &body_path(&commitment), leaf.pos, what);
                }
            }
        }
    }
}

fn evidence(texts: &mut Texts, position: u64, leaf: &Leaf, body: &[u8]) {
    let event = std::str::from_utf8(body).ok().and_then(|body| Event::decode(leaf.sub.schema, body).ok());
    let Some(event) = event else {
        texts.unread += 1;
        return;
    };
    match leaf.sub.class {
        Class::KeyRotated => {
            if let Fact::KeyRotated(rotated) = event.fact {
                texts.rotations.push((position, rotated));
            }
        }
        Class::RecordRedacted => {
            if let Fact::RecordRedacted(redacted) = event.fact {
                texts.removed.entry(redacted.target).or_insert(position);
            }
        }
        Class::AuthorKeyAdded | Class::AuthorKeyRevoked => texts.authors.learn(&event),
        Class::Fact | Class::Incident | Class::Anchor => {}
    }
}

fn is_committed(commitment: &Hash, salt: &[u8; 32], body: &[u8]) -> bool {
    let hash: Hash = Sha256::new()
        .chain_update(b"demarche/body/v1\n")
        .chain_update(salt)
        .chain_update(body)
        .finalize()
        .into();
    hash == *commitment
}
