//! What every view shares: the index under its lock, and what was lately worked out from it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use roaring::RoaringBitmap;

use crate::domain::zone::Zone;
use crate::projections::Access;
use crate::projections::corrections::Standing;
use crate::projections::error::ProjectionError;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::register::Register;
use crate::projections::replay::replay;
use crate::projections::snapshot::Snapshot;
use crate::store::EventStore;

/// Answers that are kept, the newest last; a desk asks about few sizes at a time.
const KEPT_MAX: usize = 8;

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
    // Held by whoever takes in events, saves or rebuilds; whoever holds it may then lock the index.
    writing: Mutex<Snapshot>,
    index: RwLock<Index>,
    standings: Mutex<Vec<(usize, Arc<Standing>)>>,
    registers: Mutex<Vec<(usize, Arc<Register>)>>,
    notice: Mutex<Option<String>>,
}

impl Shared {
    /// Returns projections that begin with `index`.
    pub(super) fn new(
        store: Arc<dyn EventStore>,
        zone: Zone,
        access: Access,
        dir: Option<PathBuf>,
        snapshot: Snapshot,
        index: Index,
    ) -> Self {
        Self {
            store,
            zone,
            access,
            dir,
            writing: Mutex::new(snapshot),
            index: RwLock::new(index),
            standings: Mutex::default(),
            registers: Mutex::default(),
            notice: Mutex::default(),
        }
    }

    /// Waits until nobody else takes in events, saves or rebuilds.
    pub(super) fn write(&self) -> MutexGuard<'_, Snapshot> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
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
        let asked = || ask(&self.index.read().unwrap_or_else(PoisonError::into_inner));
        match asked() {
            Ok(answer) => Ok(answer),
            Err(damage) => {
                let mut snapshot = self.write();
                // Another thread may have met the damage first and mended it.
                if asked().is_err() {
                    self.recover(&mut snapshot, &damage)?;
                }
                drop(snapshot);
                Ok(asked()?)
            }
        }
    }

    /// Changes the index.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Index) -> T) -> T {
        change(&mut self.index.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets a damaged snapshot aside and folds the log from nothing.
    pub(super) fn recover(&self, snapshot: &mut Snapshot, damage: &Damage) -> Result<(), ProjectionError> {
        let aside = snapshot.set_aside();
        self.tell(match aside {
            Some(aside) => {
                format!("{damage}; it was set aside as {} and rebuilt from the log", aside.display())
            }
            None => format!("{damage}; the projections were rebuilt from the log in memory"),
        });
        let (size, redacted) = self.change(|index| (index.size, index.redacted.clone()));
        let rebuilt = self.folded(u64::from(size), redacted)?;
        self.replace(rebuilt);
        Ok(())
    }

    /// Puts another index in the place of the present one.
    pub(super) fn replace(&self, index: Index) {
        self.change(|present| *present = index);
        // What was worked out from the other index may differ.
        self.standings.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.registers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Folds the first `size` events of the log from nothing.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the event that cannot be taken in.
    pub(super) fn folded(&self, size: u64, mut redacted: RoaringBitmap) -> Result<Index, ProjectionError> {
        loop {
            let mut index = Index::default();
            replay(&*self.store, &self.zone, &redacted, 0, size, |batch| {
                for taken in &batch {
                    index.apply(taken)?;
                }
                Ok(())
            })?;
            if !index.outdated {
                return Ok(index);
            }
            // Each round knows of more removed texts, so this ends.
            redacted |= &index.redacted;
        }
    }

    /// Takes in what was recorded since, and returns how many events are taken in.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the event at which it stopped; those before it are taken in.
    pub(super) fn catch_up(&self, snapshot: &mut Snapshot) -> Result<u64, ProjectionError> {
        let head = self.store.head().size;
        let (from, redacted) = self.change(|index| (u64::from(index.size), index.redacted.clone()));
        if from >= head {
            return Ok(from);
        }
        let mut damaged = None;
        replay(&*self.store, &self.zone, &redacted, from, head, |batch| {
            self.change(|index| {
                for taken in &batch {
                    if damaged.is_none() {
                        damaged = index.apply(taken).err();
                    }
                }
            });
            damaged.clone().map_or(Ok(()), |damage| Err(damage.into()))
        })
        .or_else(|error| if damaged.is_some() { Ok(()) } else { Err(error) })?;
        if let Some(damage) = damaged {
            self.recover(snapshot, &damage)?;
            return self.catch_up(snapshot);
        }
        let (outdated, redacted) = self.change(|index| (index.outdated, index.redacted.clone()));
        if outdated {
            self.replace(self.folded(head, redacted)?);
        }
        Ok(head)
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

    /// Returns the registers that rest on the first `count` registrations, worked out when they are not kept.
    ///
    /// # Errors
    ///
    /// Returns what `work_out` does.
    pub(super) fn register(
        &self,
        count: usize,
        work_out: impl FnOnce() -> Result<Register, ProjectionError>,
    ) -> Result<Arc<Register>, ProjectionError> {
        let find = |kept: &[(usize, Arc<Register>)]| {
            kept.iter().find(|(known, _)| *known == count).map(|(_, register)| Arc::clone(register))
        };
        if let Some(register) = find(&self.registers.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(register);
        }
        // Worked out without the lock: it reads the log.
        let register = work_out()?;
        let mut kept = self.registers.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(remembered(&mut kept, count, || register))
    }
}

/// Returns what is kept under `count`, or works it out and keeps it.
fn remembered<T>(kept: &mut Vec<(usize, Arc<T>)>, count: usize, work_out: impl FnOnce() -> T) -> Arc<T> {
    if let Some((_, known)) = kept.iter().find(|(known, _)| *known == count) {
        return Arc::clone(known);
    }
    if kept.len() >= KEPT_MAX {
        kept.remove(0);
    }
    let new = Arc::new(work_out());
    kept.push((count, Arc::clone(&new)));
    new
}
