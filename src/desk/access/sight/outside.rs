//! What may leave the house for readers up to a level: what somebody of the house who is cleared for it and admitted
//! to no compartment would see, and of that nothing that nobody marked where no policy says how that counts.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::desk::access::sight::restriction::Clearance;
use crate::desk::access::sight::rules::Rules;
use crate::desk::access::sight::sights::Marked;

/// What readers outside the house may be told.
#[derive(Clone)]
pub(in crate::desk) struct Outside {
    marked: Arc<Marked>,
    rules: Rules,
    clearance: Clearance,
}

impl Outside {
    /// Returns what may be told up to the level at a place of the scheme.
    pub(super) fn up_to(marked: Arc<Marked>, rules: Rules, level: usize) -> Self {
        Self { marked, rules, clearance: Clearance::of(level, &[]) }
    }

    /// Returns the name of the level.
    pub(in crate::desk) fn level(&self) -> String {
        let level = self.rules.scheme().levels.get(usize::from(self.clearance.level));
        level.map(|level| level.0.clone()).unwrap_or_default()
    }

    /// Tells whether whoever of the house is cleared for the level sees what stands at a position.
    ///
    /// What keeps the registers, which nobody marks, is out of their sight only where it was marked on purpose.
    pub(in crate::desk) fn lets_name(&self, position: u64) -> bool {
        let Ok(position) = u32::try_from(position) else { return false };
        self.marked.with(|marks| marks.lets_see(&self.clearance, position))
    }

    /// Tells whether an event may be told, which leaves as a whole: with every text of it, and every reading that it
    /// gives.
    pub(in crate::desk) fn lets_see(&self, position: u64) -> bool {
        let Ok(position) = u32::try_from(position) else { return false };
        self.marked.with(|marks| marks.lets_leave(&self.clearance, position))
    }

    /// Returns what came into a register because something else named it, and that nothing names that may be told.
    pub(in crate::desk) fn unnamed(&self) -> RoaringBitmap {
        self.marked.with(|marks| marks.left_unnamed(&self.clearance))
    }
}
