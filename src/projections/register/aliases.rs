//! What in a register was found to be one thing, and what to be several.

use std::collections::BTreeMap;

use crate::domain::id::EntityId;

/// What somebody found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// That one is another.
    One(EntityId, EntityId),
    /// That one is several.
    Several(EntityId, Vec<EntityId>),
}

/// What was found to be one, and what to be several, by findings that were not taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Aliases {
    // Each with the position at which it stands in the log.
    findings: Vec<(u64, Finding)>,
    // Invariant: without circles, since only what stands for itself is led to another.
    into: BTreeMap<EntityId, EntityId>,
    parts: BTreeMap<EntityId, Vec<EntityId>>,
}

impl Aliases {
    /// Takes in what was found at a position.
    pub(super) fn take(&mut self, position: u64, finding: Finding) {
        match &finding {
            Finding::One(one, into) => self.merge(*one, *into),
            Finding::Several(whole, parts) => self.split(*whole, parts),
        }
        self.findings.push((position, finding));
    }

    /// Returns what is known to whoever sees some of the findings alone.
    pub(super) fn of_those(&self, is_seen: impl Fn(u64) -> bool) -> Self {
        let mut seen = Self::default();
        for (position, finding) in self.findings.iter().filter(|(position, _)| is_seen(*position)) {
            seen.take(*position, finding.clone());
        }
        seen
    }

    /// Takes in that one is another; what is one already stays so.
    fn merge(&mut self, one: EntityId, into: EntityId) {
        let (one, into) = (self.standing_for(one), self.standing_for(into));
        if one != into {
            self.into.insert(one, into);
        }
    }

    /// Takes in that one is several.
    fn split(&mut self, whole: EntityId, parts: &[EntityId]) {
        let known = self.parts.entry(whole).or_default();
        for part in parts.iter().filter(|part| **part != whole) {
            if !known.contains(part) {
                known.push(*part);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.into.is_empty() && self.parts.is_empty()
    }

    pub(super) fn standing_for(&self, id: EntityId) -> EntityId {
        let mut standing = id;
        while let Some(next) = self.into.get(&standing) {
            standing = *next;
        }
        standing
    }

    pub(super) fn one_with(&self, id: EntityId) -> Vec<EntityId> {
        let standing = self.standing_for(id);
        let mut one = vec![id];
        let others = self.into.keys().copied().chain([standing]);
        one.extend(others.filter(|other| *other != id && self.standing_for(*other) == standing));
        one
    }

    pub(super) fn found_with(&self, id: EntityId) -> Vec<EntityId> {
        let mut found = self.one_with(id);
        let own = found.clone();
        let mut more: Vec<EntityId> = Vec::new();
        for (whole, parts) in &self.parts {
            if own.contains(whole) {
                more.extend(parts);
            }
            if parts.iter().any(|part| own.contains(part)) {
                more.push(*whole);
            }
        }
        for other in more.into_iter().flat_map(|other| self.one_with(other)) {
            if !found.contains(&other) {
                found.push(other);
            }
        }
        found
    }

    pub(super) fn parts_of(&self, id: EntityId) -> &[EntityId] {
        self.parts.get(&id).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(number: u8) -> EntityId {
        EntityId::from_uuid(uuid::Uuid::from_u128(u128::from(number)))
    }

    #[test]
    fn a_part_is_found_with_its_whole_and_not_with_the_other_part() {
        let mut aliases = Aliases::default();
        aliases.split(id(1), &[id(2), id(3)]);
        aliases.merge(id(4), id(2));
        assert_eq!(aliases.found_with(id(1)), [id(1), id(2), id(4), id(3)]);
        assert_eq!(aliases.found_with(id(2)), [id(2), id(4), id(1)]);
        assert_eq!(aliases.found_with(id(3)), [id(3), id(1)]);
        assert_eq!(aliases.found_with(id(9)), [id(9)]);
    }

    proptest! {
        #[test]
        fn what_is_one_is_one_from_every_side(merges in proptest::collection::vec((0u8..6, 0u8..6), 0..12)) {
            let mut aliases = Aliases::default();
            for (one, into) in &merges {
                aliases.merge(id(*one), id(*into));
            }
            for (one, into) in &merges {
                prop_assert_eq!(aliases.standing_for(id(*one)), aliases.standing_for(id(*into)));
            }
            for number in 0..6 {
                let mut one = aliases.one_with(id(number));
                prop_assert_eq!(one[0], id(number));
                one.sort_unstable();
                for other in one.clone() {
                    let mut same = aliases.one_with(other);
                    same.sort_unstable();
                    prop_assert_eq!(&same, &one);
                }
            }
        }
    }
}
