//! The files of an audit bundle, one after another, with a tile of the log in memory at a time.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use roaring::RoaringTreemap;

use crate::desk::audit::manifest::{Manifest, positions_to_bytes};
use crate::desk::audit::nodes::StoreNodes;
use crate::desk::audit::release::Release;
use crate::desk::audit::{
    CHECKPOINT, GUIDE, MANIFEST, POLICY, VKEY, WITHHELD, WITNESS_VKEY, body_path, checkpoint_path,
    consistency_path, proof_path, state_path, timestamp_path,
};
use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::store::leaf::Leaf;
use crate::store::{Body, Class, EventStore, Sealed};
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::VerifierKey;
use crate::tlog::note::Note;
use crate::tlog::policy::Policy;
use crate::tlog::proof;
use crate::tlog::proof_file::InclusionProof;
use crate::tlog::tile::{Tile, WIDTH_MAX, bundle_encode, tiles};
use crate::tlog::tree::Edge;
use crate::tlog::{Hash, leaf_hash};

/// How many proof files a bundle has, of its newest events, unless another number is asked for.
pub(crate) const PROOFS_MAX: u64 = 131_072;

/// How many positions are listed where a bundle is refused.
const POSITIONS_SHOWN_MAX: usize = 20;

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path within the bundle: `tile/0/000`.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// What a log keeps beside its records, as far as an auditor needs it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// The keys of the log, oldest first.
    pub(crate) keys: Vec<VerifierKey>,
    /// The checkpoints that were handed out, by size.
    pub(crate) notes: BTreeMap<u64, Note>,
    /// The time stamps of some of them, by size.
    pub(crate) timestamps: BTreeMap<u64, Vec<u8>>,
    /// The policy of witnesses.
    pub(crate) policy: Option<Vec<u8>>,
}

/// What goes into a bundle.
pub(crate) struct Source<'a> {
    pub(crate) store: &'a dyn EventStore,
    pub(crate) kept: Kept,
    /// The checkpoint of the bundle.
    pub(crate) note: Note,
    /// What a replay of the log comes to at that size; a bundle that withholds texts does not hold it.
    pub(crate) state: Option<Vec<u8>>,
    /// Up to which level texts are disclosed; all without it.
    pub(crate) release: Option<Release>,
    /// Of how many events, the newest, there is a proof file.
    pub(crate) proofs_max: u64,
}

/// The files of a bundle, in an order in which each can be written at once.
///
/// After an error there are no more.
pub struct Bundle<'a> {
    source: Source<'a>,
    checkpoint: Checkpoint,
    manifest: Manifest,
    stage: Stage,
    ready: VecDeque<File>,
    /// The right edge of the tree as far as its leaves were read.
    edge: Edge,
    /// The events whose texts were removed by then.
    removed: HashSet<EventId>,
    withheld: RoaringTreemap,
    failed: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Everything that is small.
    Small,
    /// The tile of this index, of hashes and of leaves.
    Leaves(u64),
    /// The upper tiles, after so many of them.
    Upper(u64),
    /// The texts from this position on.
    Texts(u64),
    /// The proof files from this event on.
    Proofs(u64),
    /// What the bundle says of itself.
    Manifest,
    End,
}

impl<'a> Bundle<'a> {
    /// Returns the files of a bundle.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] when the log is not, or no longer, what its checkpoint says, and
    /// [`DeskError::Refused`] when a text of it was removed by a record that came after that checkpoint.
    pub(crate) fn new(source: Source<'a>) -> Result<Self, DeskError> {
        let checkpoint = Checkpoint::parse(source.note.text())
            .map_err(|error| DeskError::Damaged(format!("the checkpoint of the bundle: {error}")))?;
        let size = checkpoint.size;
        if source.store.root_at(size)? != Some(checkpoint.root) {
            return Err(DeskError::Damaged(format!(
                "the log is not what its checkpoint of size {size} says: it has another root there, or ends \
                 before"
            )));
        }
        refuse_later_removals(source.store, size)?;
        let proofs = (size.saturating_sub(source.proofs_max), size);
        let level = source.release.as_ref().map(Release::level);
        let manifest = Manifest::new(checkpoint.origin.to_string(), size, level, proofs);
        Ok(Self {
            source,
            checkpoint,
            manifest,
            stage: Stage::Small,
            ready: VecDeque::new(),
            edge: Edge::default(),
            removed: HashSet::new(),
            withheld: RoaringTreemap::new(),
            failed: false,
        })
    }

    fn put(&mut self, path: String, bytes: Vec<u8>) {
        self.ready.push_back(File { path, bytes });
    }

    /// Puts a file that follows from no other, so that the manifest must name its hash.
    fn put_noted(&mut self, path: String, bytes: Vec<u8>) {
        self.manifest.add(&path, &bytes);
        self.put(path, bytes);
    }

    fn advance(&mut self) -> Result<(), DeskError> {
        let size = self.checkpoint.size;
        self.stage = match self.stage {
            Stage::Small => {
                self.small()?;
                Stage::Leaves(0)
            }
            Stage::Leaves(index) if index * u64::from(WIDTH_MAX) < size => {
                self.leaves(index)?;
                Stage::Leaves(index + 1)
            }
            Stage::Leaves(_) => Stage::Upper(0),
            Stage::Upper(after) => match tiles(size).filter(|tile| tile.level > 0).nth(index_of(after)) {
                Some(tile) => {
                    let hashes = tile.hashes(&StoreNodes(self.source.store))?;
                    self.put(tile.path(), hashes.concat());
                    Stage::Upper(after + 1)
                }
                None => Stage::Texts(0),
            },
            Stage::Texts(position) if position < size => {
                let end = size.min(position + u64::from(WIDTH_MAX));
                self.texts(position, end)?;
                Stage::Texts(end)
            }
            Stage::Texts(_) => Stage::Proofs(self.manifest.proofs.0),
            Stage::Proofs(index) if index < size => {
                let hashes = proof::inclusion(&StoreNodes(self.source.store), index, size)?;
                let checkpoint = self.source.note.clone();
                let proof = InclusionProof { index, extra: None, hashes, checkpoint };
                self.put(proof_path(index), proof.to_bytes());
                Stage::Proofs(index + 1)
            }
            Stage::Proofs(_) => Stage::Manifest,
            Stage::Manifest => {
                if self.manifest.release.is_some() {
                    let withheld = positions_to_bytes(&self.withheld);
                    self.put_noted(WITHHELD.to_owned(), withheld);
                    if self.withheld.is_empty()
                        && let Some(state) = self.source.state.take()
                    {
                        self.put_noted(state_path(size), state);
                    }
                }
                let bytes = self.manifest.to_bytes();
                let bytes = bytes.map_err(|error| DeskError::Unavailable(error.to_string()))?;
                self.put(MANIFEST.to_owned(), bytes);
                Stage::End
            }
            Stage::End => Stage::End,
        };
        Ok(())
    }

    fn small(&mut self) -> Result<(), DeskError> {
        let size = self.checkpoint.size;
        let note = self.source.note.to_bytes();
        self.put_noted(GUIDE.to_owned(), include_bytes!("VERIFY.md").to_vec());
        self.put_noted(VKEY.to_owned(), vkeys(&self.source.kept.keys));
        if let Some(policy) = self.source.kept.policy.take() {
            let parsed = Policy::parse(&policy)
                .map_err(|error| DeskError::Damaged(format!("the policy of witnesses: {error}")))?;
            let keys: Vec<VerifierKey> =
                parsed.witnesses().iter().map(|witness| witness.key.clone()).collect();
            if !keys.is_empty() {
                self.put_noted(WITNESS_VKEY.to_owned(), vkeys(&keys));
            }
            self.put_noted(POLICY.to_owned(), policy);
        }
        self.put_noted(CHECKPOINT.to_owned(), note.clone());
        let mut notes = std::mem::take(&mut self.source.kept.notes);
        // The checkpoint itself is kept as well: it is handed out with this bundle.
        notes.insert(size, self.source.note.clone());
        let mut olds: Vec<u64> = notes.keys().copied().filter(|old| *old < size).collect();
        if size > 0 && olds.first() != Some(&0) {
            olds.insert(0, 0);
        }
        for (kept, note) in notes.range(..=size) {
            self.put_noted(checkpoint_path(*kept), note.to_bytes());
        }
        for (stamped, token) in std::mem::take(&mut self.source.kept.timestamps) {
            // A token stamps a kept checkpoint, and says nothing without it.
            if stamped <= size && notes.contains_key(&stamped) {
                self.put_noted(timestamp_path(stamped), token);
            }
        }
        if self.source.release.is_none()
            && let Some(state) = self.source.state.take()
        {
            self.put_noted(state_path(size), state);
        }
        for old in olds {
            let proof = proof::consistency(&StoreNodes(self.source.store), old, size)?;
            let request = AddCheckpoint { old, proof, checkpoint: self.source.note.clone() };
            self.put(consistency_path(old), request.to_bytes());
        }
        Ok(())
    }

    /// Puts a tile of leaves and one of their hashes, and learns which texts were removed.
    fn leaves(&mut self, index: u64) -> Result<(), DeskError> {
        let from = index * u64::from(WIDTH_MAX);
        let to = self.checkpoint.size.min(from + u64::from(WIDTH_MAX));
        let records = self.records(from, to)?;
        let mut hashes: Vec<Hash> = Vec::with_capacity(records.len());
        for sealed in &records {
            let hash = leaf_hash(sealed.leaf.as_bytes());
            self.edge.push(hash);
            hashes.push(hash);
            self.learn(sealed)?;
        }
        if to == self.checkpoint.size && self.edge.root() != self.checkpoint.root {
            return Err(DeskError::Damaged(format!(
                "the records are not those of the checkpoint of size {to}"
            )));
        }
        let width = u16::try_from(to - from).unwrap_or(WIDTH_MAX);
        let tile = Tile { level: 0, index, width };
        let leaves: Vec<&[u8]> = records.iter().map(|sealed| sealed.leaf.as_bytes()).collect();
        let entries = bundle_encode(&leaves).map_err(|error| DeskError::Damaged(error.to_string()))?;
        self.put(tile.path(), hashes.concat());
        self.put(tile.entries_path(), entries);
        Ok(())
    }

    fn learn(&mut self, sealed: &Sealed) -> Result<(), DeskError> {
        let Some(body) = &sealed.body else { return Ok(()) };
        if !body.contains("\"record.redacted\"") {
            return Ok(());
        }
        let leaf = leaf_of(sealed)?;
        if leaf.sub.class == Class::RecordRedacted
            && let Ok(Event { fact: Fact::RecordRedacted(redacted), .. }) =
                Event::decode(leaf.sub.schema, body)
        {
            self.removed.insert(redacted.target);
        }
        Ok(())
    }

    fn texts(&mut self, from: u64, to: u64) -> Result<(), DeskError> {
        for sealed in self.records(from, to)? {
            let Some(body) = &sealed.body else { continue };
            let Leaf { sub, .. } = leaf_of(&sealed)?;
            // Whatever the disk still holds, a text that was removed leaves no more.
            if self.removed.contains(&sub.id) {
                continue;
            }
            let release = self.source.release.as_ref();
            let disclosed = release.is_none_or(|release| release.discloses(sub.class, sealed.position));
            if disclosed {
                let bytes = [sealed.salt.as_slice(), body.as_bytes()].concat();
                self.put(body_path(&sub.commitment.0), bytes);
            } else {
                self.withheld.insert(sealed.position);
            }
        }
        Ok(())
    }

    fn records(&self, from: u64, to: u64) -> Result<Vec<Sealed>, DeskError> {
        let records: Result<Vec<Sealed>, _> = self.source.store.sealed(from, to).collect();
        let records = records?;
        if records.len() as u64 == to - from {
            return Ok(records);
        }
        Err(DeskError::Damaged(format!("a record from position {from} on is missing")))
    }
}

impl Iterator for Bundle<'_> {
    type Item = Result<File, DeskError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.failed && !matches!(self.stage, Stage::End) {
            if let Err(error) = self.advance() {
                self.failed = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// Refuses a bundle of events of which a later record removed texts: without that record it could not say why
/// they are not there.
fn refuse_later_removals(store: &dyn EventStore, size: u64) -> Result<(), DeskError> {
    let (mut removed, mut records) = (BTreeSet::new(), BTreeSet::new());
    for record in store.read(size, store.head().size) {
        let record = record?;
        let (Class::RecordRedacted, Body::Plain(body)) = (record.class, &record.body) else { continue };
        let Ok(Event { fact: Fact::RecordRedacted(redacted), .. }) = Event::decode(record.schema, body)
        else {
            continue;
        };
        if let Some(position) = store.position_of(redacted.target)?.filter(|position| *position < size) {
            removed.insert(position);
            records.insert(record.position);
        }
    }
    let Some(last) = records.last() else { return Ok(()) };
    let listed = |positions: &BTreeSet<u64>| {
        let shown: Vec<String> =
            positions.iter().take(POSITIONS_SHOWN_MAX).map(ToString::to_string).collect();
        let more = positions.len().saturating_sub(shown.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    };
    Err(DeskError::Refused {
        rule: format!(
            "texts of the first {size} events, at {}, were removed by records at {}, which a bundle of {size} \
             events does not hold: whoever checks it could not tell a removed text from a missing one",
            listed(&removed),
            listed(&records)
        ),
        hints: vec![format!(
            "make a bundle of {} events or more, which holds these records",
            last.saturating_add(1)
        )],
    })
}

/// Returns the text that hands out some keys: a line for each.
pub(crate) fn vkeys(keys: &[VerifierKey]) -> Vec<u8> {
    let lines: Vec<String> = keys.iter().map(ToString::to_string).collect();
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>().into_bytes()
}

fn leaf_of(sealed: &Sealed) -> Result<Leaf, DeskError> {
    let wrong = |error| DeskError::Damaged(format!("position {}: {error}", sealed.position));
    Leaf::decode(&sealed.leaf).map_err(wrong)
}

fn index_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
