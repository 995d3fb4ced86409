//! What will be read next is fetched from the disk while the first of it is read: a disk gives many blocks at once almost as
//! fast as one.

use std::fs::File;
use std::num::NonZeroU64;

use rustix::fs::Advice;

use crate::store::segment::Shared;

/// So many are fetched at once at most: more would push out what others read.
const AT_ONCE: usize = 64;

impl Shared {
    /// Has the records at some positions fetched, and the secrets that open them.
    pub(super) fn prefetch(&self, positions: &[u64]) {
        if positions.len() < 2 {
            return;
        }
        let positions = positions.get(..AT_ONCE).unwrap_or(positions);
        // Whoever records waits for nobody who asks the system for something.
        let found: Vec<_> = {
            let places = self.places();
            positions.iter().filter_map(|position| places.find(*position)?.ok()).collect()
        };
        for place in found {
            fetch(&place.segment.file, u64::from(place.offset), place.usual as u64);
            // Slots are taken in the order of the log, and few are left empty: most secrets stand near where their events do.
            self.secrets.prefetch(place.position);
        }
    }
}

/// Asks the system for bytes of a file that are read soon. Where it does not do so, they are read when they are needed.
pub(super) fn fetch(file: &File, offset: u64, bytes: u64) {
    let _ = rustix::fs::fadvise(file, offset, NonZeroU64::new(bytes), Advice::WillNeed);
}
