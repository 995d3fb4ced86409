//! Full text: which entries say what is looked for, at any size of the log.
//!
//! What is older is found in an index on disk (`engine`), what is newer by reading it (`matching`), and both
//! by the same rules, so that an answer is true at its position however far the index has come. The index
//! holds every reading of every entry; which of them holds is decided when it is asked, as for timelines.
//!
//! Whoever may write keeps the index (`keeper`); whoever only reads uses what is there, takes no lock and
//! writes nothing.

mod engine;
mod gather;
mod keeper;
mod matching;
mod opening;
mod query;
mod rank;
mod tail;
mod units;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use roaring::RoaringBitmap;

use crate::domain::prose::Prose;
use crate::projections::error::ProjectionError;
use crate::projections::removals;
use crate::projections::replay::Reading;
use crate::projections::shared::Shared;
use crate::projections::text::engine::{Cursor, Engine, Found};
use crate::projections::text::gather::gather;
use crate::projections::text::keeper::Bell;
pub(super) use crate::projections::text::keeper::Ending;
use crate::projections::text::matching::Prepared;
use crate::projections::text::tail::{Ready, TAIL_EVENTS, Tail};
use crate::store::EventStore;

pub use self::query::{TextQuery, TextQueryError, name_key};

/// Where the index is, within the directory of the projections.
const TEXT: &str = "text";
/// An index that is no larger is compared with its checksums whenever it is opened.
const CHECK_BYTES: u64 = 64 << 20;
/// So far behind, a reader looks whether the index has come further meanwhile.
const RELOAD_EVENTS: u64 = 64;

/// The index of texts, and what is newer.
pub(super) struct Texts {
    path: Option<PathBuf>,
    // This process may write the index.
    is_ours: AtomicBool,
    // Locked for writing while the directory is replaced, so that nobody reads what is being wiped.
    open: RwLock<Open>,
    tail: RwLock<Tail>,
    bell: Arc<Bell>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// What is open.
#[derive(Default)]
struct Open {
    engine: Option<Arc<Engine>>,
    // Nothing is opened: the directory is being replaced, or it cannot be read.
    shut: bool,
    // What is there is not to be trusted, and why; whoever keeps it builds it anew.
    distrusted: Option<String>,
}

/// The entries that say what is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextFound {
    // By position, lowest first, with how well they are what is looked for.
    entries: Vec<(u32, u32)>,
    read: u64,
    size: u64,
}

impl TextFound {
    /// Returns the positions of the entries.
    pub fn positions(&self) -> RoaringBitmap {
        self.entries.iter().map(|(entry, _)| *entry).collect()
    }

    /// Returns how well an entry is what is looked for: the same number on every machine, whatever else the
    /// log holds.
    pub fn score(&self, position: u64) -> Option<u32> {
        let position = u32::try_from(position).ok()?;
        let place = self.entries.binary_search_by_key(&position, |(entry, _)| *entry).ok()?;
        self.entries.get(place).map(|(_, score)| *score)
    }

    /// Returns what the reader should know of how it was found: that the index is far behind.
    pub fn notice(&self) -> Option<String> {
        (self.read > TAIL_EVENTS).then(|| {
            format!(
                "the index of texts does not hold {} of {} events yet; they were read one by one, which takes \
                 longer and finds the same",
                self.read, self.size
            )
        })
    }
}

/// What was found so far, by where the reading stands.
#[derive(Default)]
struct Hits {
    own: Vec<(u32, u32)>,
    readings: Vec<(u32, u32)>,
}

impl Hits {
    fn take(&mut self, query: &TextQuery, position: u64, ready: &Ready) {
        let Ok(at) = u32::try_from(position) else { return };
        let score = |prepared: &Option<Prepared>| prepared.as_ref().and_then(|texts| texts.score(query));
        self.own.extend(score(&ready.own).map(|score| (at, score)));
        self.readings.extend(score(&ready.reading).map(|score| (at, score)));
    }
}

impl Texts {
    /// Returns what searches the texts of a log whose projections are in a directory.
    pub(super) fn of(projections: Option<&Path>) -> Self {
        Self {
            path: projections.map(|path| path.join(TEXT)),
            is_ours: AtomicBool::new(false),
            open: RwLock::default(),
            tail: RwLock::default(),
            bell: Arc::default(),
            keeper: Mutex::default(),
        }
    }

    /// Says whether this process may write the directory.
    pub(super) fn set_ours(&self, is_ours: bool) {
        self.is_ours.store(is_ours, Ordering::Release);
    }

    fn is_ours(&self) -> bool {
        self.is_ours.load(Ordering::Acquire)
    }

    /// Returns the entries that say what is looked for, among the first `size` events, as they read there for
    /// a reader who sees `visible`.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when neither the snapshot nor the log can be read.
    pub(super) fn find(
        &self,
        shared: &Shared,
        size: u32,
        query: &TextQuery,
        visible: Option<&RoaringBitmap>,
    ) -> Result<TextFound, ProjectionError> {
        let mut hits = Hits::default();
        let mut from = 0;
        if let Some((cursor, found)) = self.find_indexed(shared, query) {
            from = cursor.size;
            for Found { at, is_reading, score } in found {
                let hits = if is_reading { &mut hits.readings } else { &mut hits.own };
                hits.push((at, score));
            }
        }
        let read = self.find_newer(shared, from.min(u64::from(size)), u64::from(size), query, &mut hits);
        let entries = holding(shared, size, query, visible, hits)?;
        Ok(TextFound { entries, read, size: u64::from(size) })
    }

    /// Returns what the index finds, and up to where it holds everything; nothing where there is no index that
    /// can be trusted.
    fn find_indexed(&self, shared: &Shared, query: &TextQuery) -> Option<(Cursor, Vec<Found>)> {
        let head = shared.look(|index| u64::from(index.size));
        // Once more where the directory was replaced meanwhile.
        for _ in 0..2 {
            let engine = self.engine(shared)?;
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            if open.engine.as_ref().is_none_or(|present| !Arc::ptr_eq(present, &engine)) {
                continue;
            }
            let known = engine.cursor().map_or(0, |cursor| cursor.size);
            if !self.is_ours() && known + RELOAD_EVENTS <= head {
                // What was open before still answers when this fails.
                let _ = engine.reload();
            }
            let found = engine.find(query);
            let is_there = engine.is_still_there();
            drop(open);
            if !is_there {
                self.forget(&engine);
                continue;
            }
            match found {
                Ok(found) => return found,
                Err(trouble) => {
                    self.distrust(shared, &trouble);
                    return None;
                }
            }
        }
        None
    }

    /// Finds what stands from one position up to another by reading it, and returns how many events were read
    /// that are not kept ready.
    fn find_newer(&self, shared: &Shared, from: u64, to: u64, query: &TextQuery, hits: &mut Hits) -> u64 {
        let mut next = from;
        if from < to && to - from <= TAIL_EVENTS {
            self.extend_tail(shared, from, to);
            let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
            // Another search may have let it begin elsewhere meanwhile; then it is read once more.
            for (position, ready) in tail.records().skip_while(|(position, _)| *position < from) {
                if position != next || position >= to {
                    break;
                }
                hits.take(query, position, ready);
                next = position + 1;
            }
        }
        for (position, record) in (next..to).zip(Reading::new(&*shared.store, next, to)) {
            let gathered = record.ok().and_then(|recorded| gather(shared, &recorded));
            match gathered {
                Some(gathered) => hits.take(query, position, &Ready::of(&gathered)),
                // What is damaged is left out, and the owner is told.
                None => shared.unreadable_at(position),
            }
        }
        to - next
    }

    /// Reads what stands from one position up to another and keeps it ready, as far as there is room.
    fn extend_tail(&self, shared: &Shared, from: u64, to: u64) {
        let holds = |tail: &Tail| tail.from() <= from && tail.end() >= to;
        if holds(&self.tail.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
        if holds(&tail) {
            return;
        }
        tail.begin(from);
        let next = tail.end();
        for record in Reading::new(&*shared.store, next.min(to), to) {
            let Some(gathered) = record.ok().and_then(|recorded| gather(shared, &recorded)) else { break };
            if !tail.has_room() {
                break;
            }
            tail.push(Ready::of(&gathered));
        }
    }
}

/// Returns the entries of which what was found is what they say at `size`, by position.
///
/// Whatever stands instead of a text that was removed is said at every size, and is read here.
fn holding(
    shared: &Shared,
    size: u32,
    query: &TextQuery,
    visible: Option<&RoaringBitmap>,
    hits: Hits,
) -> Result<Vec<(u32, u32)>, ProjectionError> {
    let standing = shared.standing(size, visible)?;
    let removals = shared.look(|index| index.removals.clone());
    let mut entries: Vec<(u32, u32)> = hits.own;
    entries.retain(|(at, _)| *at < size && !standing.amended.contains(*at) && removals.get(*at).is_none());
    shared.look(|index| {
        entries.extend(hits.readings.iter().filter_map(|(at, score)| {
            let entry = index.correction_at(*at)?.target;
            (standing.amendments.get(&entry) == Some(at)).then_some((entry, *score))
        }));
    });
    for (position, removal) in removals.iter().take_while(|(position, _)| *position < size) {
        if standing.amended.contains(position) {
            continue;
        }
        let instead = removals::instead(&*shared.store, removal)?;
        let prose = instead.body.as_deref().and_then(|body| Prose::of(body).ok());
        let score = prose.and_then(|prose| Prepared::of(&prose.own).score(query));
        entries.extend(score.map(|score| (position, score)));
    }
    entries.sort_unstable();
    entries.dedup_by_key(|(entry, _)| *entry);
    Ok(entries)
}

/// Returns why an index is none of the log that it stands beside; none where it is.
fn unfit(store: &dyn EventStore, cursor: &Cursor, is_ours: bool) -> Option<String> {
    let head = store.head().size;
    if cursor.log != store.log_id() {
        return Some(format!("it is of the log {}", cursor.log));
    }
    if cursor.size > head {
        // Whoever writes may have recorded since this process looked.
        return is_ours.then(|| format!("it holds {} events, and the log has {head}", cursor.size));
    }
    let last = cursor.size.checked_sub(1)?;
    let leaf = store.leaf_hash(last).ok().flatten();
    (leaf != cursor.leaf.as_ref().map(|leaf| leaf.0))
        .then(|| format!("it holds another event at position {last}"))
}

#[cfg(test)]
mod tests;
