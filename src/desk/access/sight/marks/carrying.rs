//! How restricted the corrections of an entry are, which of them hold, and how restricted an amendment is because it
//! carries one: whoever does not see that one does not read its contents in what was built on it.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::desk::access::sight::carrying::{carried, is_same, taken_back};
use crate::desk::access::sight::ids::reading_of;
use crate::desk::access::sight::marks::{Marks, event_of};
use crate::desk::access::sight::restriction::{Clearance, Restriction};
use crate::desk::error::DeskError;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::Fact;
use crate::domain::fact::record::Linked;
use crate::domain::id::EventId;
use crate::domain::reading::{concerned, given};
use crate::store::{EventStore, Recorded};

/// What is known of corrections.
#[derive(Debug, Default)]
pub(super) struct Corrections {
    // By the position of an entry: its amendments, and the changes of its links, in the order of the log.
    of: HashMap<usize, Vec<Correction>>,
    // By the position of anything: what strikes it, and how restricted that is by what it says.
    strikes: HashMap<usize, Vec<(usize, Restriction)>>,
    // By the position of an amendment that carries others: the highest level at which one of them leaves the house.
    outside: HashMap<usize, u8>,
}

/// A correction of an entry.
#[derive(Debug, Clone, Copy)]
struct Correction {
    position: usize,
    // By what it says beside its reading, and by what it carries.
    alone: Restriction,
    outside: u8,
    amends: bool,
}

impl Corrections {
    fn is_struck(&self, position: usize) -> bool {
        self.is_struck_where(position, |_| true)
    }

    /// Tells whether something is struck by what `counts`, as restricted as that is.
    fn is_struck_where(&self, position: usize, counts: impl Fn(Restriction) -> bool) -> bool {
        let strikes = self.strikes.get(&position).into_iter().flatten();
        strikes.into_iter().any(|(by, own)| counts(*own) && !self.is_struck(*by))
    }
}

/// Earlier events of the log, and those of the append that is taken in.
pub(super) struct Earlier<'e> {
    begins: usize,
    append: &'e [Option<Event>],
    read: HashMap<usize, Option<Event>>,
}

impl Earlier<'_> {
    pub(super) fn of_none() -> Self {
        Self { begins: usize::MAX, append: &[], read: HashMap::new() }
    }

    fn at(&self, position: usize) -> Option<&Event> {
        match position.checked_sub(self.begins) {
            Some(place) => self.append.get(place)?.as_ref(),
            None => self.read.get(&position)?.as_ref(),
        }
    }
}

/// Returns what an event is, or would be once somebody else confirmed it, where that tells of earlier corrections: an
/// amendment, or what takes a link back.
pub(super) fn telling(event: &Event) -> Option<Cow<'_, Event>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is one, or holds one")]
    match &event.fact {
        Fact::RecordAmended(_) => Some(Cow::Borrowed(event)),
        Fact::RecordLinked(linked) if linked.withdrawn => Some(Cow::Borrowed(event)),
        Fact::EntryHeld(held) => {
            let inner = Event::decode(SCHEMA, held.entry.get()).ok()?;
            telling(&inner).map(|telling| Cow::Owned(telling.into_owned()))
        }
        _ => None,
    }
}

impl Marks {
    /// Returns the earlier events that tell what the amendments of an append carry, which would be taken in next.
    ///
    /// # Errors
    ///
    /// Returns what the store says when it cannot be read.
    pub(super) fn earlier<'e>(
        &mut self,
        store: &dyn EventStore,
        append: &[Recorded],
        events: &'e [Option<Event>],
    ) -> Result<Earlier<'e>, DeskError> {
        let begins = self.own.len();
        let mut earlier = Earlier { begins, append: events, read: HashMap::new() };
        let mut corrected: HashSet<EventId> = HashSet::new();
        for event in events.iter().flatten() {
            let Some(target) = concerned(event) else { continue };
            let again = !corrected.insert(target);
            if telling(event).is_none() {
                continue;
            }
            // What stands in the same append is at hand.
            if append.iter().any(|recorded| recorded.id == target) {
                continue;
            }
            let Some(place) = self.place(store, target)? else { continue };
            let Ok(entry) = usize::try_from(place) else { continue };
            if again || self.may_carry(entry, event) {
                self.read_history(store, entry, &mut earlier)?;
            }
        }
        Ok(earlier)
    }

    /// Reads an entry and its corrections.
    ///
    /// # Errors
    ///
    /// Returns what the store says when it cannot be read.
    pub(super) fn read_history(
        &self,
        store: &dyn EventStore,
        entry: usize,
        earlier: &mut Earlier<'_>,
    ) -> Result<(), DeskError> {
        let corrections = self.corrections.of.get(&entry).into_iter().flatten();
        for position in corrections.map(|correction| correction.position).chain([entry]) {
            if let Entry::Vacant(vacant) = earlier.read.entry(position) {
                vacant.insert(store.at(position as u64)?.as_ref().and_then(event_of));
            }
        }
        Ok(())
    }

    /// Tells whether some correction of the entry at a position is more restricted than an event.
    fn may_carry(&mut self, entry: usize, event: &Event) -> bool {
        let own = self.rules.of_event(&mut self.sets, event);
        let outside = self.rules.whole_alone(event);
        let corrections = self.corrections.of.get(&entry).into_iter().flatten();
        corrections.into_iter().any(|one| self.sets.join(one.alone, own) != own || one.outside > outside)
    }

    /// Returns how restricted what corrects the entry at a position is by the earlier corrections of which it tells, and
    /// at which level those leave the house.
    pub(super) fn carried(
        &mut self,
        entry: usize,
        event: &Event,
        earlier: &Earlier<'_>,
    ) -> (Restriction, u8) {
        let nothing = (Restriction::NONE, 0);
        let Some(said) = telling(event).filter(|_| self.may_carry(entry, event)) else { return nothing };
        // Who sees everything alone sees what becomes of a removed text.
        let unknown = (Restriction::NOBODY, u8::MAX);
        let Some(raw) = earlier.at(entry) else { return unknown };
        let (holding, events) = self.holding(entry, earlier);
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else tells of earlier ones")]
        let told: Vec<Correction> = match &said.fact {
            Fact::RecordLinked(linked) => {
                let of = |one: Option<usize>| match one {
                    Some(place) => holding.get(place).map(|one: &Correction| one.alone),
                    None => self.own.get(entry).copied(),
                };
                let covers = |one: Option<usize>, other: usize| match (of(one), of(Some(other))) {
                    (Some(one), Some(other)) => self.sets.is_as_restricted(one, other),
                    _ => false,
                };
                let found = taken_back(raw, events.iter().copied(), covers, &linked.link);
                let found = found.unwrap_or_default();
                self.least(found.into_iter().filter_map(|place| holding.get(place).copied()).collect())
            }
            Fact::RecordAmended(amended) => {
                let Some(reading) = reading_of(amended.reading.get()) else { return unknown };
                let is_below = |one: usize, other: usize| match (holding.get(one), holding.get(other)) {
                    (Some(one), Some(other)) => !self.sets.is_as_restricted(one.alone, other.alone),
                    _ => true,
                };
                let found = carried(raw, events.iter().copied(), is_below, &reading);
                found.iter().filter_map(|carried| holding.get(carried.index).copied()).collect()
            }
            _ => Vec::new(),
        };
        told.iter()
            .fold(nothing, |(by, outside), one| (self.sets.join(by, one.alone), outside.max(one.outside)))
    }

    /// Returns the corrections of the entry at a position that hold, with what they say.
    fn holding<'e>(&self, entry: usize, earlier: &'e Earlier<'_>) -> (Vec<Correction>, Vec<&'e Event>) {
        let all = self.corrections.of.get(&entry).map(Vec::as_slice).unwrap_or_default();
        let holds = all.iter().filter(|one| {
            // For whoever does not see that it was struck, it holds.
            let counts = |own: Restriction| self.sets.is_as_restricted(one.alone, own);
            !self.corrections.is_struck_where(one.position, counts)
        });
        holds.filter_map(|one| Some((*one, earlier.at(one.position)?))).unzip()
    }

    /// Returns the one of these that everybody sees who sees another, or all where there is none.
    fn least(&self, all: Vec<Correction>) -> Vec<Correction> {
        let is_least =
            |one: &&Correction| all.iter().all(|other| self.sets.is_as_restricted(other.alone, one.alone));
        match all.iter().find(is_least) {
            Some(least) => vec![*least],
            None => all,
        }
    }

    /// Takes in a correction of the entry at a position.
    pub(super) fn take_correction(&mut self, position: usize, entry: usize, event: &Event, carried: u8) {
        let alone = self.own.get(position).copied().unwrap_or(Restriction::NOBODY);
        let amends = matches!(event.fact, Fact::RecordAmended(_));
        if carried > 0 {
            self.corrections.outside.insert(position, carried);
        }
        if matches!(event.fact, Fact::RecordRetracted(_)) {
            self.corrections.strikes.entry(entry).or_default().push((position, alone));
        } else if amends || matches!(event.fact, Fact::RecordLinked(_)) {
            let outside = self.rules.whole_alone(event).max(carried);
            let correction = Correction { position, alone, outside, amends };
            self.corrections.of.entry(entry).or_default().push(correction);
        }
    }

    /// Returns how restricted the most restricted correction is, outside the house, that what stands at a position
    /// carries.
    pub(in crate::desk::access::sight) fn carried_outside(&self, position: u32) -> u8 {
        usize::try_from(position)
            .ok()
            .and_then(|position| self.corrections.outside.get(&position))
            .copied()
            .unwrap_or(0)
    }

    /// Tells whether someone sees every amendment of the entry at a position that holds, and whatever strikes one: who
    /// does not would undo it for those who do.
    pub(in crate::desk::access::sight) fn lets_see_corrections(
        &self,
        clearance: &Clearance,
        entry: u32,
    ) -> bool {
        let Ok(entry) = usize::try_from(entry) else { return false };
        let amendments = self.corrections.of.get(&entry).into_iter().flatten().filter(|one| one.amends);
        let mut open: Vec<usize> = amendments.map(|one| one.position).collect();
        while let Some(next) = open.pop() {
            if u32::try_from(next).is_ok_and(|place| self.lets_see(clearance, place)) {
                open.extend(self.corrections.strikes.get(&next).into_iter().flatten().map(|(by, _)| *by));
            } else if !self.corrections.is_struck(next) {
                return false;
            }
        }
        true
    }

    /// Tells whether someone sees every assertion that holds of a link that is taken back, also those that an amendment
    /// makes: who does not would take back what they do not see.
    ///
    /// # Errors
    ///
    /// Returns what the store says when it cannot be read.
    pub(in crate::desk::access::sight) fn lets_see_assertions(
        &mut self,
        store: &dyn EventStore,
        clearance: &Clearance,
        linked: &Linked,
    ) -> Result<bool, DeskError> {
        let Some(place) = self.place(store, linked.source)? else { return Ok(true) };
        let all = usize::try_from(place).ok().and_then(|entry| self.corrections.of.get(&entry));
        // Hidden assertions that hold: apart from the entry, and by the newest reading of it.
        let (mut apart, mut by_reading) = (false, false);
        for one in all.into_iter().flatten().filter(|one| !self.corrections.is_struck(one.position)) {
            let is_hidden = !u32::try_from(one.position).is_ok_and(|place| self.lets_see(clearance, place));
            let event = store.at(one.position as u64)?.as_ref().and_then(event_of);
            let Some(event) = event else { continue };
            if let Fact::RecordLinked(other) = &event.fact {
                if is_same(&other.link, &linked.link) {
                    (apart, by_reading) =
                        (!other.withdrawn && (apart || is_hidden), by_reading && !other.withdrawn);
                }
            } else if let Some(reading) = given(&event) {
                by_reading =
                    is_hidden && reading.envelope.links.iter().any(|other| is_same(other, &linked.link));
            }
        }
        Ok(!apart && !by_reading)
    }
}
