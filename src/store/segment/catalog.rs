//! Where every record is and which ids are taken; rebuildable, and saved so that opening need not rebuild.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::store::segment::files;
use crate::store::staging::{Stage, StreamHead};
use crate::tlog::Hash;
use crate::tlog::tree::Edge;

/// Stands for the offset of a record that damage swallowed.
pub(super) const LOST: u32 = u32::MAX;
/// Leaves under one hash of `tree/1`.
pub(super) const TILE: u64 = 256;

/// Where every record is, by position; and by a fingerprint of its event and request id.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    /// Per position, the offset in its segment.
    pub(super) offsets: Vec<u32>,
    pub(super) events: Finder,
    pub(super) requests: Finder,
    /// One hash per full 256 leaves.
    pub(super) tiles: Vec<Hash>,
    tile: Edge,
    /// The first slot that was never used.
    pub(super) next_slot: u64,
}

/// A sorted run of fingerprints, and the ones that came since.
#[derive(Debug, Clone, Default)]
pub(super) struct Finder {
    // Invariant: sorted by fingerprint, then position; both as long as each other.
    prints: Vec<u64>,
    positions: Vec<u32>,
    tail: BTreeSet<(u64, u32)>,
}

impl Finder {
    /// Adds an id that stands at `position`.
    pub(super) fn add(&mut self, id: &uuid::Uuid, position: u32) {
        self.tail.insert((print(id), position));
    }

    /// Takes an id out that was added since the last merge.
    pub(super) fn remove(&mut self, id: &uuid::Uuid, position: u32) {
        self.tail.remove(&(print(id), position));
    }

    /// Returns the positions at which the id may stand, lowest first; the log confirms.
    pub(super) fn find(&self, id: &uuid::Uuid) -> Vec<u32> {
        let wanted = print(id);
        let from = self.prints.partition_point(|print| *print < wanted);
        let run = self.prints.iter().zip(&self.positions).skip(from);
        run.take_while(|(print, _)| **print == wanted)
            .map(|(_, position)| *position)
            .chain(self.tail.range((wanted, 0)..=(wanted, u32::MAX)).map(|(_, position)| *position))
            .collect()
    }

    /// Merges what came since into the run.
    pub(super) fn merge(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let mut all: Vec<(u64, u32)> =
            self.prints.drain(..).zip(self.positions.drain(..)).chain(std::mem::take(&mut self.tail)).collect();
        all.sort_unstable();
        (self.prints, self.positions) = all.into_iter().unzip();
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.prints.len() * 12);
        self.prints.iter().for_each(|print| bytes.extend_from_slice(&print.to_le_bytes()));
        self.positions.iter().for_each(|position| bytes.extend_from_slice(&position.to_le_bytes()));
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (prints, positions) = bytes.split_at_checked(bytes.len() / 12 * 8)?;
        Some(Self {
            prints: prints.as_chunks::<8>().0.iter().map(|eight| u64::from_le_bytes(*eight)).collect(),
            positions: positions.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)).collect(),
            tail: BTreeSet::new(),
        })
    }
}

/// Ids are drawn or hashed, so any eight of their bytes are as good as a hash.
fn print(id: &uuid::Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    high.rotate_left(32) ^ low
}

/// Up to where the files of the index tell, and what they hash to.
#[derive(Serialize, Deserialize)]
struct Manifest {
    log: String,
    size: u64,
    last: HexHash,
    last_at: Option<Timestamp>,
    subtrees: Vec<HexHash>,
    tile: Vec<HexHash>,
    next_slot: u64,
    offsets: u32,
    events: u32,
    requests: u32,
    streams: u32,
    tiles: u32,
}

impl Catalog {
    /// Takes in the next record.
    pub(super) fn push(&mut self, offset: u32, event: &uuid::Uuid, request: &uuid::Uuid, index: u16, hash: Hash) {
        let position = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        self.offsets.push(offset);
        self.events.add(event, position);
        if index == 0 {
            self.requests.add(request, position);
        }
        self.push_leaf(hash);
    }

    /// Takes in a record that damage swallowed.
    pub(super) fn push_lost(&mut self) {
        self.offsets.push(LOST);
        self.push_leaf([0; 32]);
    }

    fn push_leaf(&mut self, hash: Hash) {
        self.tile.push(hash);
        if self.tile.size() == TILE {
            self.tiles.push(self.tile.root());
            self.tile = Edge::default();
        }
    }

    /// Saves everything, so that opening begins at `stage`; what fails to be saved is rebuilt.
    pub(super) fn save(&mut self, dir: &Path, log_id: &str, stage: &Stage) -> io::Result<()> {
        self.events.merge();
        self.requests.merge();
        let offsets: Vec<u8> = self.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let tiles: Vec<u8> = self.tiles.concat();
        let streams = streams_bytes(stage);
        let hexed = |hashes: &[Hash]| hashes.iter().map(|hash| HexHash(*hash)).collect();
        let write = |name: &str, bytes: &[u8]| -> io::Result<u32> {
            std::fs::write(dir.join(name), bytes)?;
            Ok(crc32c::crc32c(bytes))
        };
        std::fs::create_dir_all(dir.join("index"))?;
        std::fs::create_dir_all(dir.join("tree"))?;
        // While its files change, no manifest speaks for them.
        match std::fs::remove_file(dir.join("index/manifest")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let manifest = Manifest {
            log: log_id.to_owned(),
            size: stage.edge.size(),
            last: HexHash(stage.last_hash),
            last_at: stage.last_at,
            subtrees: hexed(stage.edge.subtrees()),
            tile: hexed(self.tile.subtrees()),
            next_slot: self.next_slot,
            offsets: write("index/offsets", &offsets)?,
            events: write("index/events", &self.events.bytes())?,
            requests: write("index/requests", &self.requests.bytes())?,
            streams: write("index/streams", &streams)?,
            tiles: write("tree/1", &tiles)?,
        };
        std::fs::write(dir.join("index/manifest"), serde_json::to_vec(&manifest)?)
    }

    /// Reads what was saved; none where a file is missing, garbled or of another log.
    pub(super) fn load(dir: &Path, log_id: &str) -> Option<(Self, Stage)> {
        let manifest: Manifest =
            serde_json::from_slice(&files::read(&dir.join("index/manifest")).ok()??).ok()?;
        if manifest.log != log_id {
            return None;
        }
        let read = |name: &str, crc: u32| {
            let bytes = files::read(&dir.join(name)).ok()??;
            (crc32c::crc32c(&bytes) == crc).then_some(bytes)
        };
        let plain = |hashes: Vec<HexHash>| hashes.into_iter().map(|hash| hash.0).collect();
        let offsets = read("index/offsets", manifest.offsets)?;
        let tiles = read("tree/1", manifest.tiles)?;
        let catalog = Self {
            offsets: offsets.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)).collect(),
            events: Finder::parse(&read("index/events", manifest.events)?)?,
            requests: Finder::parse(&read("index/requests", manifest.requests)?)?,
            tiles: tiles.as_chunks::<32>().0.to_vec(),
            tile: Edge::from_subtrees(manifest.size % TILE, plain(manifest.tile))?,
            next_slot: manifest.next_slot,
        };
        let stage = Stage {
            edge: Edge::from_subtrees(manifest.size, plain(manifest.subtrees))?,
            last_at: manifest.last_at,
            last_hash: manifest.last.0,
            streams: parse_streams(&read("index/streams", manifest.streams)?)?.into_iter().collect(),
        };
        (catalog.offsets.len() as u64 == manifest.size).then_some((catalog, stage))
    }
}

/// Per stream: 16 bytes of id, revision, position, leaf hash.
fn streams_bytes(stage: &Stage) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(stage.streams.len() * 64);
    for (stream, head) in &stage.streams {
        bytes.extend_from_slice(stream.as_uuid().as_bytes());
        bytes.extend_from_slice(&head.revision.to_le_bytes());
        bytes.extend_from_slice(&head.position.to_le_bytes());
        bytes.extend_from_slice(&head.leaf_hash);
    }
    bytes
}

fn parse_streams(bytes: &[u8]) -> Option<Vec<(EntityId, StreamHead)>> {
    let (entries, []) = bytes.as_chunks::<64>() else { return None };
    entries
        .iter()
        .map(|entry| {
            let (id, rest) = entry.split_first_chunk::<16>()?;
            let (revision, rest) = rest.split_first_chunk::<8>()?;
            let (position, hash) = rest.split_first_chunk::<8>()?;
            Some((
                EntityId::from_uuid(uuid::Uuid::from_bytes(*id)),
                StreamHead {
                    revision: u64::from_le_bytes(*revision),
                    position: u64::from_le_bytes(*position),
                    leaf_hash: *hash.first_chunk::<32>()?,
                },
            ))
        })
        .collect()
}
