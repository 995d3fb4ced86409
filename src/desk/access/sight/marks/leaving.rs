//! What may leave the house up to a level, and what of the registers nothing names that does.

use roaring::RoaringBitmap;

use crate::desk::access::sight::marks::Marks;
use crate::desk::access::sight::restriction::Clearance;

impl Marks {
    /// Tells whether an event leaves the house for whoever is cleared for a level: as a whole, with every text of it and
    /// every reading that it gives, and as whatever it carries.
    pub(in crate::desk::access::sight) fn lets_leave(&self, clearance: &Clearance, position: u32) -> bool {
        let whole = usize::try_from(position).ok().and_then(|position| self.whole.get(position));
        let texts = self.texts_level(position).max(self.carried_outside(position));
        self.lets_see(clearance, position)
            && texts <= clearance.level
            && whole.is_some_and(|whole| *whole <= clearance.level)
    }

    /// Returns what came into a register because something else named it, and that nothing names that leaves the house for
    /// whoever is cleared for a level.
    pub(in crate::desk::access::sight) fn left_unnamed(&self, clearance: &Clearance) -> RoaringBitmap {
        let mut unnamed = self.brought.clone();
        if unnamed.is_empty() {
            return unnamed;
        }
        let mut open: Vec<u32> = Vec::new();
        for position in (0..self.size()).filter(|position| !self.was_brought(*position)) {
            if self.lets_leave(clearance, position) {
                open.push(position);
            }
            while let Some(next) = open.pop() {
                open.extend(self.names(next).iter().copied().filter(|name| unnamed.remove(*name)));
            }
        }
        unnamed
    }
}
