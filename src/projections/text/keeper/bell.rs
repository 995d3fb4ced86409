//! What wakes the keeper of the index, and ends it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::projections::text::keeper::COMMIT_EVENTS;

/// After so long it is committed with fewer.
const COMMIT_AFTER: Duration = Duration::from_secs(5);
/// Wakes the keeper.
#[derive(Default)]
pub(in crate::projections::text) struct Bell {
    told: Mutex<Told>,
    rung: Condvar,
}

/// What the keeper was told.
#[derive(Default)]
pub(super) struct Told {
    taken: u64,
    /// At how many events the keeper wakes, while it waits.
    wanted: Option<u64>,
    /// How it is to end, where it is.
    pub(super) stop: Option<Ending>,
}

/// How the keeper ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::projections) enum Ending {
    /// At once: what is being merged is left, and merged another time.
    Quick,
    /// When nothing writes to the directory any more.
    Clean,
}

/// Why the keeper wakes.
pub(super) enum Ring {
    /// Something is to be put into the index.
    New,
    /// Nothing was recorded for a while.
    Quiet,
    /// The keeper is to end.
    Stop,
}

impl Bell {
    /// Returns what the keeper was told.
    pub(super) fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the keeper how many events were taken in, and whether to end.
    pub(super) fn tell(&self, taken: u64, stop: Option<Ending>) {
        let mut told = self.told();
        told.taken = told.taken.max(taken);
        told.stop = stop;
        // Of every question it is told; to wake it for nothing costs more than the telling.
        let wakes = stop.is_some() || told.wanted.is_some_and(|wanted| told.taken >= wanted);
        drop(told);
        if wakes {
            self.rung.notify_all();
        }
    }

    /// Returns how many events were taken in.
    pub(super) fn taken(&self) -> u64 {
        self.told().taken
    }

    /// Tells whether the keeper is to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.told().stop.is_some()
    }

    /// Waits until there is something to do, where `done` events are in the index.
    pub(super) fn wait(&self, done: u64) -> Ring {
        let wanted = done.saturating_add(COMMIT_EVENTS);
        let waiting = |told: &mut Told| {
            told.wanted = Some(wanted);
            told.stop.is_none() && told.taken < wanted
        };
        let (mut told, _) = self
            .rung
            .wait_timeout_while(self.told(), COMMIT_AFTER, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        told.wanted = None;
        match (told.stop.is_some(), told.taken > done) {
            (true, _) => Ring::Stop,
            (false, true) => Ring::New,
            (false, false) => Ring::Quiet,
        }
    }
}
