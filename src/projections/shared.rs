//! What every view shares: the index under its lock, and what was lately worked out from it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use roaring::RoaringBitmap;

use crate::domain::zone::Zone;
use crate::projections::corrections::Standing;
use crate::projections::directory::Directory;
use crate::projections::error::ProjectionError;
use crate::projections::folds::{Folder, Folds};
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::offers::settle;
use crate::projections::register::Register;
use crate::projections::removals::Removals;
use crate::projections::replay::replay;
use crate::projections::taken::{Said, Taken};
use crate::projections::text::Texts;
use crate::projections::{Access, SAVE_EVENTS};
use crate::store::EventStore;

/// Answers that are kept, the newest last; a desk asks about few sizes at a time.
const KEPT_MAX: usize = 8;

/// By such a share a log grows before it is folded on.
const FOLD_SHARE: u64 = 16;

/// What was worked out, by what it rests on, the newest last.
type Kept<K, T> = Vec<(K, Arc<T>)>;

/// The projections of one log.
pub(super) struct Shared {
    /// The log.
    pub(super) store: Arc<dyn EventStore>,
    /// Its zone.
    pub(super) zone: Zone,
    /// Whether the directory may be written.
    pub(super) access: Access,
    /// Where the snapshot is.
    pub(super) dir: Option<PathBuf>,
    /// What searches the texts.
    pub(super) texts: Texts,
    // Whoever takes several locks takes them in this order.
    // Held by whoever folds what is saved: two would each hold as much.
    folding: Mutex<()>,
    // Held by whoever takes in events or rebuilds.
    writing: Mutex<()>,
    // Held by whoever saves; none when nothing is saved.
    directory: Mutex<Option<Directory>>,
    index: RwLock<Index>,
    // At how many events the projections save themselves next.
    save_at: AtomicU64,
    // How many events the snapshot holds.
    saved: AtomicU64,
    // At how many events what is saved is folded next.
    fold_at: AtomicU64,
    // Somebody waits for the end of what is folded.
    fold_stopped: AtomicBool,
    // Who folds; nobody before the desk is there.
    folder: Mutex<Option<Arc<dyn Folder>>>,
    // By how many corrections they rest on.
    standings: Mutex<Kept<usize, Standing>>,
    // By how many registrations and corrections they rest on.
    registers: Mutex<Kept<(usize, usize), Register>>,
    // When every so manieth event was recorded: the log only grows, so that it is read once.
    samples: Mutex<Vec<i64>>,
    notice: Mutex<Option<String>>,
    // Positions at which the log could not be read.
    unreadable: Mutex<BTreeSet<u64>>,
}

impl Shared {
    /// Returns projections into which nothing is taken in yet.
    pub(super) fn new(store: Arc<dyn EventStore>, zone: Zone, access: Access, dir: Option<PathBuf>) -> Self {
        Self {
            store,
            zone,
            access,
            texts: Texts::of(dir.as_deref()),
            dir,
            folding: Mutex::default(),
            writing: Mutex::default(),
            directory: Mutex::default(),
            index: RwLock::default(),
            save_at: AtomicU64::new(SAVE_EVENTS),
            saved: AtomicU64::new(0),
            fold_at: AtomicU64::new(0),
            fold_stopped: AtomicBool::new(false),
            folder: Mutex::default(),
            standings: Mutex::default(),
            registers: Mutex::default(),
            samples: Mutex::default(),
            notice: Mutex::default(),
            unreadable: Mutex::default(),
        }
    }

    /// Waits until nobody else takes in events or rebuilds.
    pub(super) fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody else saves.
    pub(super) fn directory(&self) -> MutexGuard<'_, Option<Directory>> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the index; a damaged snapshot is set aside, the index rebuilt, and asked again.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when the index cannot be rebuilt either.
    pub(super) fn with_index<T>(
        &self,
        ask: impl Fn(&Index) -> Result<T, Damage>,
    ) -> Result<T, ProjectionError> {
        let asked = || self.look(&ask);
        if let Ok(answer) = asked() {
            return Ok(answer);
        }
        let writing = self.write();
        // Another thread may have met the damage first and mended it.
        if let Err(damage) = asked() {
            self.recover(&damage)?;
        }
        drop(writing);
        Ok(asked()?)
    }

    /// Looks at the index.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the index.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another index in the place of the present one.
    pub(super) fn replace(&self, index: Index) {
        self.change(|present| *present = index);
        // What was worked out from the other index may differ.
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.registers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.fold_at.store(0, Ordering::Release);
    }

    /// Folds the first `size` events of the log from nothing.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the event that cannot be taken in.
    pub(super) fn folded(&self, size: u64, mut removals: Removals) -> Result<Index, ProjectionError> {
        loop {
            let mut index = Index::default();
            replay(&*self.store, self.zone, &removals, 0, size, |batch| {
                for taken in batch {
                    index.apply(taken)?;
                }
                settle(&mut index, &*self.store);
                Ok(())
            })?;
            if !index.outdated {
                return Ok(index);
            }
            // Each round knows of more removed texts, so this ends.
            removals.add(&index.removals);
        }
    }

    /// Takes in what was recorded since, up to a size of the log.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the event at which it stopped; those before it are taken in.
    pub(super) fn catch_up_to(&self, head: u64) -> Result<(), ProjectionError> {
        let (from, removals) = self.look(|index| (u64::from(index.size), index.removals.clone()));
        if from >= head {
            return Ok(());
        }
        let mut damaged = None;
        let replayed = replay(&*self.store, self.zone, &removals, from, head, |batch| {
            self.change(|index| {
                for taken in batch {
                    if damaged.is_none() {
                        damaged = index.apply(taken).err();
                    }
                }
                settle(index, &*self.store);
            });
            self.mark_unreadable(batch);
            damaged.clone().map_or(Ok(()), |damage| Err(damage.into()))
        });
        if let Some(damage) = damaged {
            self.recover(&damage)?;
            return self.catch_up_to(head);
        }
        let (outdated, size, removals) =
            self.look(|index| (index.outdated, u64::from(index.size), index.removals.clone()));
        if outdated {
            self.replace(self.folded(size, removals)?);
        }
        replayed
    }

    /// Remembers the events of a batch that cannot be read.
    fn mark_unreadable(&self, batch: &[Taken]) {
        let unreadable = batch.iter().filter(|taken| matches!(taken.said, Said::Unreadable));
        for taken in unreadable {
            self.unreadable_at(u64::from(taken.place.position));
        }
    }

    /// Returns when every so manieth event was recorded, as far as that was asked for.
    pub(super) fn samples(&self) -> MutexGuard<'_, Vec<i64>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that the log cannot be read at a position.
    pub(super) fn unreadable_at(&self, position: u64) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).insert(position);
    }

    /// Returns the positions at which the log could not be read.
    pub(super) fn unreadable(&self) -> Vec<u64> {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Tells how many events the snapshot holds.
    pub(super) fn saved(&self) -> u64 {
        self.saved.load(Ordering::Acquire)
    }

    /// Remembers that the snapshot holds so many events.
    pub(super) fn set_saved(&self, size: u64) {
        self.saved.store(size, Ordering::Release);
        self.save_at.store(size + SAVE_EVENTS, Ordering::Release);
    }

    /// Tells whether so many events are new that it is time to save; it then is not for a while, even
    /// when saving fails.
    pub(super) fn is_time_to_save(&self) -> bool {
        let size = self.look(|index| u64::from(index.size));
        let due = self.access == Access::Writable
            && size >= self.save_at.load(Ordering::Acquire)
            && self.directory.try_lock().is_ok_and(|directory| directory.is_some());
        if due {
            self.save_at.store(size + SAVE_EVENTS, Ordering::Release);
        }
        due
    }

    /// Waits until nobody else folds what is saved.
    pub(super) fn fold_alone(&self) -> MutexGuard<'_, ()> {
        self.folding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether somebody waits for the end of what is folded.
    pub(super) fn stop_folding(&self, stopped: bool) {
        self.fold_stopped.store(stopped, Ordering::Release);
    }

    /// Tells whether somebody waits for the end of what is folded.
    pub(super) fn is_fold_stopped(&self) -> bool {
        self.fold_stopped.load(Ordering::Acquire)
    }

    /// Names who folds.
    pub(super) fn set_folder(&self, folder: Arc<dyn Folder>) {
        *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder);
    }

    /// Returns who folds.
    pub(super) fn folder(&self) -> Option<Arc<dyn Folder>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells whether so many events are new that what is saved is to be folded: more of a longer log, of which an
    /// entry of an earlier day makes more be folded again, so that an event costs the same in every log.
    pub(super) fn is_time_to_fold(&self) -> bool {
        let saved = self.saved();
        let due = self.folder().is_some() && saved >= self.fold_at.load(Ordering::Acquire);
        if due {
            self.fold_at.store(saved + SAVE_EVENTS.max(saved / FOLD_SHARE), Ordering::Release);
        }
        due
    }

    /// Lets go of folds that are saved, which cannot be used, and tells of it; nothing where others took their place.
    pub(super) fn distrust_folds(&self, folds: &Arc<Folds>, damage: &Damage) {
        let held = self.change(|index| index.folds.take_if(|held| Arc::ptr_eq(held, folds)));
        if held.is_some() {
            // Whoever saves meanwhile finds it out the next time.
            if let Ok(mut directory) = self.directory.try_lock()
                && let Some(directory) = directory.as_mut()
            {
                directory.forget_folds();
            }
            self.tell(format!("{damage}; channels are folded from the log"));
        }
    }

    /// Says something that the owner should be told.
    pub(super) fn tell(&self, notice: String) {
        let mut told = self.notice.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some(match told.take() {
            Some(earlier) => format!("{earlier}; {notice}"),
            None => notice,
        });
    }

    /// Returns what the owner should be told.
    pub(super) fn notice(&self) -> Option<String> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what holds at `size` for a reader who sees `visible`.
    ///
    /// # Errors
    ///
    /// As [`Shared::with_index`].
    pub(super) fn standing(
        &self,
        size: u32,
        visible: Option<&RoaringBitmap>,
    ) -> Result<Arc<Standing>, ProjectionError> {
        self.with_index(|index| {
            let corrections = index.corrections_before(size);
            let sees_all = visible.is_none_or(|visible| {
                corrections.iter().all(|correction| visible.contains(correction.position))
            });
            if !sees_all {
                return Ok(Arc::new(Standing::of(corrections, visible)));
            }
            let mut kept = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(remembered(&mut kept, corrections.len(), || Standing::of(corrections, None)))
        })
    }

    /// Returns the registers that rest on so many registrations and corrections, worked out when they are
    /// not kept.
    ///
    /// # Errors
    ///
    /// Returns what `work_out` does.
    pub(super) fn register(
        &self,
        counts: (usize, usize),
        work_out: impl FnOnce() -> Result<Register, ProjectionError>,
    ) -> Result<Arc<Register>, ProjectionError> {
        let kept = || self.registers.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = self.look(|index| Arc::clone(&index.identity));
        let known = kept().iter().find(|(known, _)| *known == counts).map(|(_, known)| Arc::clone(known));
        if let Some(register) = known {
            return Ok(register);
        }
        // Worked out without the lock: it reads the log.
        let register = work_out()?;
        let mut kept = kept();
        // What was worked out from an index that was replaced meanwhile is not kept.
        if self.look(|index| Arc::ptr_eq(&index.identity, &identity)) {
            Ok(remembered(&mut kept, counts, || register))
        } else {
            Ok(Arc::new(register))
        }
    }
}

/// Returns what is kept under `key`, or works it out and keeps it.
fn remembered<K: PartialEq, T>(kept: &mut Kept<K, T>, key: K, work_out: impl FnOnce() -> T) -> Arc<T> {
    if let Some((_, known)) = kept.iter().find(|(known, _)| *known == key) {
        return Arc::clone(known);
    }
    if kept.len() >= KEPT_MAX {
        kept.remove(0);
    }
    let new = Arc::new(work_out());
    kept.push((key, Arc::clone(&new)));
    new
}
