//! How restricted something is, and who may see it all the same.

use std::collections::{BTreeSet, HashMap};

use crate::domain::marking::Compartment;

/// How restricted something is, by the scheme in force: a level, and compartments by the place of their set in
/// [`Sets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Restriction {
    pub(super) level: u8,
    pub(super) within: u16,
}

impl Restriction {
    /// What everybody sees.
    pub(super) const NONE: Self = Self { level: 0, within: 0 };
    /// What nobody sees who does not see everything.
    pub(super) const NOBODY: Self = Self { level: u8::MAX, within: 0 };
}

/// The sets of compartments that occur.
#[derive(Debug)]
pub(super) struct Sets {
    // Invariant: the first is empty; each occurs once.
    #[expect(clippy::struct_field_names, reason = "the others are found by them")]
    sets: Vec<BTreeSet<Compartment>>,
    places: HashMap<BTreeSet<Compartment>, u16>,
    unions: HashMap<(u16, u16), Option<u16>>,
}

impl Default for Sets {
    fn default() -> Self {
        let empty = BTreeSet::new();
        Self { sets: vec![empty.clone()], places: HashMap::from([(empty, 0)]), unions: HashMap::new() }
    }
}

impl Sets {
    /// Returns the place of a set; none where there are more than can be told apart.
    pub(super) fn place(&mut self, set: BTreeSet<Compartment>) -> Option<u16> {
        if let Some(place) = self.places.get(&set) {
            return Some(*place);
        }
        let place = u16::try_from(self.sets.len()).ok()?;
        self.sets.push(set.clone());
        self.places.insert(set, place);
        Some(place)
    }

    /// Returns what is restricted as both are.
    pub(super) fn join(&mut self, one: Restriction, other: Restriction) -> Restriction {
        let level = one.level.max(other.level);
        let (low, high) = (one.within.min(other.within), one.within.max(other.within));
        if low == 0 || low == high {
            return Restriction { level, within: high };
        }
        let known = self.unions.get(&(low, high)).copied();
        let union = known.unwrap_or_else(|| {
            let of = |place: u16| self.sets.get(usize::from(place)).cloned().unwrap_or_default();
            let union = self.place(of(low).union(&of(high)).cloned().collect());
            self.unions.insert((low, high), union);
            union
        });
        // More sets than can be told apart: nobody sees what is in one of them.
        union.map_or(Restriction::NOBODY, |within| Restriction { level, within })
    }

    /// Tells whether nobody sees what is restricted as `one` who does not see what is restricted as `other`.
    pub(super) fn is_as_restricted(&self, one: Restriction, other: Restriction) -> bool {
        let of = |restriction: Restriction| self.sets.get(usize::from(restriction.within));
        let (Some(within), Some(others)) = (of(one), of(other)) else { return false };
        one.level >= other.level && others.is_subset(within)
    }

    /// Tells whether someone sees what is restricted so.
    pub(super) fn lets_see(&self, clearance: &Clearance, restriction: Restriction) -> bool {
        let within = self.sets.get(usize::from(restriction.within));
        restriction.level <= clearance.level
            && within.is_some_and(|within| within.is_subset(&clearance.compartments))
    }
}

/// How far somebody sees: up to a level of the scheme in force, within compartments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Clearance {
    pub(super) level: u8,
    pub(super) compartments: BTreeSet<Compartment>,
}

impl Clearance {
    /// Returns that of the level at this place of the scheme.
    pub(in crate::desk) fn of(level: usize, compartments: &[String]) -> Self {
        let named = compartments.iter().filter_map(|name| name.parse().ok());
        // Above this is what nobody sees.
        let level = u8::try_from(level).unwrap_or(u8::MAX).min(u8::MAX - 1);
        Self { level, compartments: named.collect() }
    }

    /// Tells whether they were admitted to every one of these.
    pub(in crate::desk) fn has(&self, compartments: &BTreeSet<Compartment>) -> bool {
        compartments.is_subset(&self.compartments)
    }
}
