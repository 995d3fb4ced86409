//! The index on disk: runs of some 65,536 events that are written once, each with all that opening needs to
//! go on from its end; `tree/1` beside it.
//!
//! Nothing here is synced: what is missing, cut off or garbled is read from the log again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::store::levels::Levels;
use crate::store::segment::catalog::{Catalog, TILE};
use crate::store::segment::files;
use crate::store::segment::finder::{Finder, RUNS_MAX};
use crate::store::segment::streams::{Entry, Streams};
use crate::store::staging::Tip;
use crate::tlog::Hash;
use crate::tlog::tree::Edge;

/// A run is closed when it has so many events.
pub(super) const RUN_EVENTS: u64 = 65_536;

const MAGIC: &[u8; 8] = b"DmIndex1";

/// What a run holds, and how the log ended with it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    from: u64,
    to: u64,
    /// The leaf hash of the record before.
    before: HexHash,
    last: HexHash,
    last_at: Option<Timestamp>,
    subtrees: Vec<HexHash>,
    tile: Vec<HexHash>,
    next_slot: u64,
    requests: u64,
    streams: u64,
}

/// A run that is ready to be written.
pub(super) struct Saving {
    name: String,
    bytes: Vec<u8>,
    tiles_from: u64,
    tiles: Vec<u8>,
}

/// Lays out the last run of a catalog, so that it can be written without holding the catalog.
pub(super) fn prepare(catalog: &Catalog, log_id: &str) -> io::Result<Saving> {
    let hexed = |edge: &Edge| edge.subtrees().iter().map(|hash| HexHash(*hash)).collect();
    let streams = catalog.streams.recent();
    let header = serde_json::to_vec(&Header {
        from: catalog.run_from,
        to: catalog.size(),
        before: HexHash(catalog.run_before),
        last: HexHash(catalog.tip.last_hash),
        last_at: catalog.tip.last_at,
        subtrees: hexed(&catalog.tip.edge),
        tile: hexed(&catalog.tile),
        next_slot: catalog.next_slot,
        requests: catalog.requests.recent().len() as u64,
        streams: streams.len() as u64,
    })?;
    let from = usize::try_from(catalog.run_from).unwrap_or(usize::MAX);
    let mut body = Vec::with_capacity(header.len() + (catalog.offsets.len() - from) * 40);
    body.extend_from_slice(&(header.len() as u64).to_le_bytes());
    body.extend_from_slice(&header);
    let offsets = catalog.offsets.get(from..).unwrap_or_default();
    body.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
    for finder in [&catalog.events, &catalog.requests] {
        finder.recent().for_each(|(print, _)| body.extend_from_slice(&print.to_le_bytes()));
        finder.recent().for_each(|(_, position)| body.extend_from_slice(&position.to_le_bytes()));
    }
    for entry in streams {
        body.extend_from_slice(&entry.id);
        body.extend_from_slice(&entry.revision.to_le_bytes());
        body.extend_from_slice(&entry.position.to_le_bytes());
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&checksum(log_id, &body).to_le_bytes());
    bytes.append(&mut body);
    let tiles_from = catalog.run_from / TILE;
    let tiles =
        catalog.tiles.bottom().get(usize::try_from(tiles_from).unwrap_or(usize::MAX)..).unwrap_or_default();
    Ok(Saving { name: run_name(catalog.run_from), bytes, tiles_from, tiles: tiles.concat() })
}

impl Saving {
    /// Writes the run and its part of `tree/1`.
    pub(super) fn write(self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir.join("index"))?;
        fs::create_dir_all(dir.join("tree"))?;
        let tree = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join("tree/1"))?;
        tree.write_all_at(&self.tiles, self.tiles_from * 32)?;
        let path = dir.join("index").join(self.name);
        let beside = path.with_extension("new");
        fs::write(&beside, self.bytes)?;
        fs::rename(&beside, &path)
    }
}

fn run_name(from: u64) -> String {
    format!("{from:012}.run")
}

fn checksum(log_id: &str, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(log_id.as_bytes()), bytes)
}

/// Reads as many runs as follow one another from the beginning; none where there are none, or where
/// `tree/1` does not fit them.
pub(super) fn load(dir: &Path, log_id: &str) -> Option<Catalog> {
    let runs = fs::read_dir(dir.join("index")).ok()?.count();
    // As many runs of ids are merged into one as leave few enough to stand side by side.
    let most = runs.div_ceil(RUNS_MAX).next_power_of_two() * usize::try_from(RUN_EVENTS).ok()?;
    let mut catalog = Catalog::default();
    std::thread::scope(|scope| {
        let ids = |lists: Receiver<_>| Finder::of_saved(lists.into_iter(), most);
        let (events, all_events) = gathering(scope, ids);
        let (requests, all_requests) = gathering(scope, ids);
        let (streams, all_streams) = gathering(scope, |lists| Streams::of_saved(lists.into_iter()));
        while let Some((header, parts)) = read_run(dir, log_id, catalog.size()) {
            if header.before.0 != catalog.tip.last_hash {
                break;
            }
            let is_closed = header.to - header.from >= RUN_EVENTS;
            take_in(&mut catalog, &header, &parts.offsets)?;
            events.send((parts.events, is_closed)).ok()?;
            requests.send((parts.requests, is_closed)).ok()?;
            streams.send((parts.streams, is_closed)).ok()?;
            if !is_closed {
                break;
            }
        }
        drop((events, requests, streams));
        catalog.events = all_events.join().ok()?;
        catalog.requests = all_requests.join().ok()?;
        catalog.streams = all_streams.join().ok()?;
        Some(())
    })?;
    let full = catalog.size() / TILE;
    catalog.tiles = Levels::on(read_tiles(dir, full)?);
    let mut edge = catalog.edge_of_tiles(catalog.size());
    // The leaves after the last full tile are known as subtrees only, which fit together as they stand.
    let mut level = TILE.ilog2();
    for subtree in catalog.tile.subtrees() {
        level = level.checked_sub(1)?;
        while catalog.tile.size() & (1 << level) == 0 {
            level = level.checked_sub(1)?;
        }
        edge.push_full(*subtree, level);
    }
    (catalog.size() > 0 && edge == catalog.tip.edge).then_some(catalog)
}

/// So many runs wait at most for whoever takes them in: they are read no further ahead than that.
const AHEAD: usize = 2;

/// Begins to take in parts of runs beside whoever reads them; returns where they are sent, each with whether it is
/// closed, and who has all of them in the end.
fn gathering<'scope, T: Send + 'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    gather: impl FnOnce(Receiver<(R, bool)>) -> T + Send + 'scope,
) -> (SyncSender<(R, bool)>, ScopedJoinHandle<'scope, T>) {
    let (parts, coming) = sync_channel::<(R, bool)>(AHEAD);
    (parts, scope.spawn(move || gather(coming)))
}

/// Takes in where records stand, and how the log ended with a run.
fn take_in(catalog: &mut Catalog, header: &Header, offsets: &[u32]) -> Option<()> {
    catalog.offsets.extend_from_slice(offsets);
    if header.to - header.from >= RUN_EVENTS {
        catalog.run_from = header.to;
        catalog.run_before = header.last.0;
    }
    let plain = |hashes: &[HexHash]| hashes.iter().map(|hash| hash.0).collect();
    catalog.tile = Edge::from_subtrees(header.to % TILE, plain(&header.tile))?;
    catalog.tip = Tip {
        edge: Edge::from_subtrees(header.to, plain(&header.subtrees))?,
        last_at: header.last_at,
        last_hash: header.last.0,
    };
    catalog.next_slot = header.next_slot;
    Some(())
}

/// The columns of a run.
struct Parts {
    offsets: Vec<u32>,
    // By fingerprint, each with its position.
    events: Vec<(u64, u32)>,
    requests: Vec<(u64, u32)>,
    streams: Vec<Entry>,
}

fn read_run(dir: &Path, log_id: &str, from: u64) -> Option<(Header, Parts)> {
    let bytes = files::read(&dir.join("index").join(run_name(from))).ok()??;
    let (crc, body) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    if checksum(log_id, body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (len, rest) = body.split_first_chunk::<8>()?;
    let (header, mut rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    let header: Header = serde_json::from_slice(header).ok()?;
    if header.from != from || header.to <= from {
        return None;
    }
    let count = usize::try_from(header.to - from).ok()?;
    let requests = usize::try_from(header.requests).ok()?;
    let streams = usize::try_from(header.streams).ok()?;
    let mut take = |len: Option<usize>| {
        let (part, after) = rest.split_at_checked(len?)?;
        rest = after;
        Some(part)
    };
    let parts = Parts {
        offsets: numbers(take(count.checked_mul(4))?),
        events: ids(take(count.checked_mul(8))?, take(count.checked_mul(4))?)?,
        requests: ids(take(requests.checked_mul(8))?, take(requests.checked_mul(4))?)?,
        streams: entries(take(streams.checked_mul(24))?)?,
    };
    rest.is_empty().then_some((header, parts))
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)).collect()
}

/// Returns fingerprints with their positions; none where they are not sorted.
fn ids(prints: &[u8], positions: &[u8]) -> Option<Vec<(u64, u32)>> {
    let prints = prints.as_chunks::<8>().0.iter().map(|eight| u64::from_le_bytes(*eight));
    let ids: Vec<(u64, u32)> = prints.zip(numbers(positions)).collect();
    ids.is_sorted().then_some(ids)
}

/// Returns streams; none where they are not sorted.
fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let entry = |bytes: &[u8; 24]| {
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (revision, position) = rest.split_first_chunk::<4>()?;
        Some(Entry {
            id: *id,
            revision: u32::from_le_bytes(*revision),
            position: u32::from_le_bytes(*position.first_chunk::<4>()?),
        })
    };
    let entries: Vec<Entry> = bytes.as_chunks::<24>().0.iter().map(entry).collect::<Option<_>>()?;
    entries.is_sorted_by(|one, other| one.id < other.id).then_some(entries)
}

fn read_tiles(dir: &Path, count: u64) -> Option<Vec<Hash>> {
    let mut bytes = vec![0; usize::try_from(count * 32).ok()?];
    File::open(dir.join("tree/1")).ok()?.read_exact_at(&mut bytes, 0).ok()?;
    Some(bytes.as_chunks::<32>().0.to_vec())
}
