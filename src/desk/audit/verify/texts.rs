//! One leaf after another: its spelling, its place, its time and its text, and what texts tell an auditor.

use std::collections::{BTreeSet, HashSet};

use sha2::{Digest, Sha256};

use crate::desk::audit::verify::authors::Authors;
use crate::desk::audit::verify::leaves::{ENTRIES_BYTES_MAX, MISSING_MAX, Scan};
use crate::desk::audit::verify::removals::{Removal, Removals, shown};
use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::{Check, Seen};
use crate::desk::audit::{WITHHELD, body_path, proof_path};
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{KeyRotated, Trouble};
use crate::domain::id::EventId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{Leaf, Submission};
use crate::store::{BODY_BYTES_MAX, Class};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::NOTE_BYTES_MAX;
use crate::tlog::proof::verify_inclusion;
use crate::tlog::proof_file::InclusionProof;
use crate::tlog::tile::{bundle_decode, tiles};
use crate::tlog::{Hash, leaf_hash};

/// The longest body file: the salt and the text.
const BODY_FILE_BYTES_MAX: u64 = BODY_BYTES_MAX as u64 + 32;
/// How many records of rollbacks are told before the rest is counted.
const ROLLBACKS_MAX: usize = 10;
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
    /// The events whose texts cannot be read here.
    opaque: HashSet<EventId>,
    /// The removals of texts.
    pub(super) removals: Removals,
    /// The changes of keys.
    pub(super) rotations: Vec<(u64, KeyRotated)>,
    /// The first change of keys whose text is not there.
    pub(super) lost_rotation: Option<u64>,
    /// The records that a rollback was accepted, with what was lost.
    rollbacks: Vec<(u64, String)>,
    /// The keys of authors.
    pub(super) authors: Authors,
    last: Option<Timestamp>,
}

impl Texts {
    /// Tells whether the text of an event cannot be read here.
    pub(super) fn lacks(&self, event: EventId) -> bool {
        self.opaque.contains(&event)
    }

    /// Says that the text of an event cannot be read, which may have told something of keys.
    fn lose(&mut self, position: u64, sub: &Submission) {
        self.opaque.insert(sub.id);
        match sub.class {
            Class::KeyRotated => {
                self.lost_rotation.get_or_insert(position);
            }
            Class::AuthorKeyAdded | Class::AuthorKeyRevoked => self.authors.lose(),
            Class::Fact | Class::RecordRedacted | Class::Incident | Class::Anchor => {}
        }
    }
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
                self.unread(scan, path, position, text, &error);
                return;
            }
        };
        self.goes_back(scan, path, position);
        self.of_this_log(path, position, &leaf.log);
        if leaf.pos == position {
            self.time(scan, path, position, leaf.at);
            self.chain(&mut scan.chains, path, &leaf, leaf_hash(bytes));
        } else {
            self.misplaced(path, position, leaf.pos);
        }
        // What this very leaf says of keys counts for those after it.
        self.author(&mut scan.texts.authors, path, position, &leaf);
        self.text(scan, position, &leaf);
    }

    pub(super) fn of_this_log(&mut self, path: &str, position: u64, log: &str) {
        if self.origin.as_ref().is_some_and(|origin| origin != log) {
            let what = format!("the leaf is one of the log {}", log.escape_debug());
            self.found.of_event(Verdict::Altered, path, position, what);
        }
    }

    pub(super) fn misplaced(&mut self, path: &str, position: u64, stated: u64) {
        let what = format!("the leaf says that its position is {stated}");
        self.found.of_event(Verdict::Reordered, path, position, what);
    }

    pub(super) fn time(&mut self, scan: &mut Scan, path: &str, position: u64, at: Timestamp) {
        if scan.texts.last.is_some_and(|last| last >= at) {
            let what = format!("it says it was recorded at {at}, no later than the event before it");
            self.found.of_event(Verdict::Backdated, path, position, what);
        }
        let latest = scan.texts.last.map_or(at, |last| last.max(at));
        scan.texts.last = Some(at);
        if let Some(end) = self.ends.get_mut(&position.saturating_add(1)) {
            *end = Some(latest);
        }
        if let Some(what) = self.bracket.contradicts(position, at) {
            self.found.of_event(Verdict::Backdated, path, position, what);
        }
    }

    fn text(&mut self, scan: &mut Scan, position: u64, leaf: &Leaf) {
        let texts = &mut scan.texts;
        let commitment = leaf.sub.commitment.0;
        let path = body_path(&commitment);
        let bytes = match self.view.read(&path, BODY_FILE_BYTES_MAX) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                texts.missing.push((position, leaf.sub.id, leaf.sub.class, commitment));
                texts.lose(position, &leaf.sub);
                return;
            }
            Err(error) => {
                texts.present.push(commitment);
                texts.lose(position, &leaf.sub);
                self.found.of_event(Verdict::Altered, &path, position, error.to_string());
                return;
            }
        };
        texts.present.push(commitment);
        let body = bytes.split_first_chunk::<32>().filter(|(salt, body)| {
            body.len() as u64 == u64::from(leaf.sub.length) && is_committed(&commitment, salt, body)
        });
        let Some((_, body)) = body else {
            texts.lose(position, &leaf.sub);
            let what = "the text is not the one that its leaf commits to";
            self.found.of_event(Verdict::Altered, &path, position, what);
            return;
        };
        texts.disclosed += 1;
        if self.withheld.contains(position) {
            let what = "the text is here, though the bundle says that it is withheld";
            self.found.of_event(Verdict::Extra, &path, position, what);
        }
        let body = std::str::from_utf8(body).ok().filter(|_| leaf.sub.schema == SCHEMA);
        match body {
            Some(body) if leaf.sub.class == Class::Fact => texts.removals.learn(leaf, body),
            Some(body) => self.evidence(scan, &path, position, leaf, body),
            None => {
                texts.lose(position, &leaf.sub);
                self.unread_evidence(&path, position, leaf);
            }
        }
    }

    /// Takes in what evidence says of keys and removals.
    fn evidence(&mut self, scan: &mut Scan, path: &str, position: u64, leaf: &Leaf, body: &str) {
        let Ok(event) = Event::decode(leaf.sub.schema, body) else {
            scan.texts.lose(position, &leaf.sub);
            self.unread_evidence(path, position, leaf);
            return;
        };
        match (leaf.sub.class, &event.fact) {
            (Class::KeyRotated, Fact::KeyRotated(rotated)) => {
                scan.texts.rotations.push((position, rotated.clone()));
            }
            (Class::RecordRedacted, Fact::RecordRedacted(redacted)) => {
                self.removal(scan, path, position, redacted);
            }
            (Class::AuthorKeyAdded, Fact::AuthorKeyAdded(_))
            | (Class::AuthorKeyRevoked, Fact::AuthorKeyRevoked(_)) => scan.texts.authors.learn(&event),
            (Class::Incident, Fact::LogIncident(incident))
                if incident.trouble == Trouble::RollbackAccepted =>
            {
                scan.texts.rollbacks.push((position, shown(&incident.particulars)));
            }
            (Class::Fact | Class::Incident | Class::Anchor, _) => {}
            (
                Class::KeyRotated | Class::RecordRedacted | Class::AuthorKeyAdded | Class::AuthorKeyRevoked,
                _,
            ) => {
                scan.texts.lose(position, &leaf.sub);
                let what = format!("its text, `{}`, is not what its class says", event.kind());
                self.found.of_event(Verdict::Altered, path, position, what);
            }
        }
    }

    /// Says that evidence is here and cannot be read, where something may rest on it.
    fn unread_evidence(&mut self, path: &str, position: u64, leaf: &Leaf) {
        if matches!(leaf.sub.class, Class::Fact | Class::Incident | Class::Anchor) {
            return;
        }
        let what = format!(
            "it is evidence that this version cannot read, of keys or removals (schema {}): what rests on it \
             was not checked",
            leaf.sub.schema
        );
        self.found.of_event(Verdict::Missing, path, position, what);
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
            let of_it = |removal: Option<&'_ Removal>| {
                removal
                    .filter(|by| by.position > position && class == Class::Fact)
                    .map(|by| (by.position, by.what.clone()))
            };
            if let Some((by, basis)) = of_it(texts.removals.of(id)) {
                counts.removed += 1;
                if self.withheld.contains(position) {
                    let what = "it lists a text as withheld that was removed";
                    self.found.of_event(Verdict::Altered, WITHHELD, position, what);
                }
                let what = format!("the text was removed by the record at position {by}; {basis}");
                self.found.of_event(Verdict::Shredded, &path, position, what);
            } else if class == Class::RecordRedacted {
                counts.missing += 1;
                let what = "the record of a removal, which is always disclosed, is not here: what it removes, on \
                            which basis and who approved it could not be checked";
                self.found.of_event(Verdict::MissingBody, &path, position, what);
            } else if class != Class::Fact {
                counts.missing += 1;
                let what = "the text is evidence, which is always disclosed, and is not here";
                self.found.of_event(Verdict::MissingBody, &path, position, what);
            } else if let Some((by, why)) = of_it(texts.removals.void_of(id)) {
                counts.missing += 1;
                let what = format!(
                    "the text is not here, and the record at position {by} does not remove it: that takes a \
                     basis and two approvers who are not the same, and {why}"
                );
                self.found.of_event(Verdict::MissingBody, &path, position, what);
            } else if self.withheld.contains(position) {
                counts.withheld += 1;
            } else {
                counts.missing += 1;
                let what = "the text is neither here nor withheld, and no record says that it was removed";
                self.found.of_event(Verdict::MissingBody, &path, position, what);
            }
        }
        if !texts.removals.is_empty() {
            self.texts_left(texts);
        }
        self.notices.extend(texts.removals.notices());
        let mut rollbacks = texts.rollbacks.iter().map(|(position, particulars)| {
            format!("the log records at position {position} that it went on without what was signed: {particulars}")
        });
        self.notices.extend(rollbacks.by_ref().take(ROLLBACKS_MAX));
        let more = rollbacks.count();
        if more > 0 {
            self.notices.push(format!("{more} more such records are in the log"));
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
                let by = texts.removals.of(leaf.sub.id).map(|by| by.position).filter(|by| *by > leaf.pos);
                if let Some(by) = by.filter(|_| present.contains(&commitment)) {
                    let what =
                        format!("the text is still here, though the record at position {by} removed it");
                    self.found.of_event(Verdict::Extra, &body_path(&commitment), leaf.pos, what);
                }
            }
        }
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
