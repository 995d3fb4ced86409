//! Whether somebody would see what is not recorded yet.

use crate::desk::access::sight::ids::named;
use crate::desk::access::sight::marks::Marks;
use crate::desk::access::sight::marks::carrying::{Earlier, telling};
use crate::desk::access::sight::restriction::{Clearance, Restriction};
use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::marking::Marking;
use crate::domain::reading::{concerned, within};
use crate::store::{EventStore, Unmarked};

impl Marks {
    /// Tells whether someone would see an event by what it says of itself, and of what stands within
    /// it: the reading that it gives an entry, what would be recorded once somebody else confirmed it.
    pub(in crate::desk::access::sight) fn would_let_see_alone(
        &mut self,
        clearance: &Clearance,
        event: &Event,
    ) -> bool {
        let Some(within) = within(event) else { return false };
        let mut restriction = Restriction::NONE;
        for event in std::iter::once(event).chain(&within) {
            let of = self.rules.of_event(&mut self.sets, event);
            restriction = self.sets.join(restriction, of);
        }
        self.sets.lets_see(clearance, restriction)
    }

    /// Returns as what an event counts that nobody marked and that someone would not see for that alone: where it were
    /// marked as high as they see, they would.
    pub(in crate::desk::access::sight) fn counts_above(
        &mut self,
        clearance: &Clearance,
        event: &Event,
    ) -> Option<Unmarked> {
        let cleared = self.rules.name(clearance.level);
        let unmarked = event.envelope.marking.is_none() && !self.rules.asks_above(event, clearance.level);
        let counts = self.rules.name(self.rules.level(event));
        let mut marked = event.clone();
        marked.envelope.marking = Some(Marking(cleared.clone()));
        let would_do = unmarked && self.would_let_see_alone(clearance, &marked);
        would_do.then_some(Unmarked { counts, cleared })
    }

    /// Tells whether someone would see an event with this body if it were recorded by `actor`.
    ///
    /// # Errors
    ///
    /// Returns what the store says when it cannot be read.
    pub(in crate::desk::access::sight) fn would_let_see(
        &mut self,
        store: &dyn EventStore,
        clearance: &Clearance,
        event: &Event,
        body: &str,
    ) -> Result<bool, DeskError> {
        let mut restriction = self.rules.of_event(&mut self.sets, event);
        let Some(within) = within(event) else { return Ok(false) };
        for event in within {
            let of = self.rules.of_event(&mut self.sets, &event);
            restriction = self.sets.join(restriction, of);
        }
        for id in named(event, body) {
            let Some(place) = self.place(store, id)?.and_then(|place| usize::try_from(place).ok()) else {
                continue;
            };
            let of = self.joined.get(place).copied().unwrap_or(Restriction::NOBODY);
            restriction = self.sets.join(restriction, of);
        }
        let carried = self.would_carry(store, event)?;
        restriction = self.sets.join(restriction, carried);
        Ok(self.sets.lets_see(clearance, restriction))
    }

    /// Returns how restricted an event would be by what it carries.
    fn would_carry(&mut self, store: &dyn EventStore, event: &Event) -> Result<Restriction, DeskError> {
        let Some(target) = concerned(event).filter(|_| telling(event).is_some()) else {
            return Ok(Restriction::NONE);
        };
        let place = self.place(store, target)?.and_then(|place| usize::try_from(place).ok());
        let Some(entry) = place else { return Ok(Restriction::NONE) };
        let mut earlier = Earlier::of_none();
        self.read_history(store, entry, &mut earlier)?;
        Ok(self.carried(entry, event, &earlier).0)
    }
}
