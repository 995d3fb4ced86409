//! What hangs together with entries by what records name: each record is read once.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::id::EntityId;
use crate::projections::index::Index;
use crate::projections::offers::settling::position_of;
use crate::projections::term::{self, Field};
use crate::store::EventStore;

/// What a record leads to.
#[derive(Debug)]
struct Node {
    /// The overtures that it names, by their places among the rows.
    overtures: Vec<usize>,
    /// Where the records stand that it names, or that name it.
    next: Vec<u32>,
    /// What hangs together with it, by its number.
    group: usize,
}

/// The records of a log up to a position, as far as they hang together with those from which the way begins.
#[derive(Debug)]
pub(super) struct Paths {
    last: u32,
    nodes: HashMap<u32, Node>,
    /// Of each group the one into which it went, or itself.
    into: Vec<usize>,
    /// The overtures of each group that went into no other.
    overtures: Vec<BTreeSet<usize>>,
    /// How often a record was looked at.
    pub(super) looks: usize,
}

impl Paths {
    /// Returns those of a log up to and with a position, of which nothing was read yet.
    pub(super) fn up_to(last: u32) -> Self {
        Self { last, nodes: HashMap::new(), into: Vec::new(), overtures: Vec::new(), looks: 0 }
    }

    /// Reads all records that hang together with one; none where one cannot be read.
    pub(super) fn survey(&mut self, index: &Index, store: &dyn EventStore, from: u32) -> Option<()> {
        if self.nodes.contains_key(&from) {
            return Some(());
        }
        let group = self.into.len();
        self.into.push(group);
        self.overtures.push(BTreeSet::new());
        let mut next = vec![from];
        while let Some(position) = next.pop() {
            if let Some(met) = self.nodes.get(&position) {
                let other = met.group;
                self.join(group, other);
                continue;
            }
            self.looks += 1;
            let node = self.read(index, store, position, group)?;
            let own = self.root(group);
            self.overtures.get_mut(own)?.extend(&node.overtures);
            next.extend(&node.next);
            self.nodes.insert(position, node);
        }
        Some(())
    }

    /// Returns all overtures to which the way from a record may ever lead.
    pub(super) fn overtures(&self, from: u32) -> Option<&BTreeSet<usize>> {
        self.overtures.get(self.root(self.nodes.get(&from)?.group))
    }

    /// Returns the overtures to whose threads an entry may belong: those that its record names, or that of any entry
    /// that it names or that names it, as far as they were recorded up to and with `at`.
    pub(super) fn walk(&mut self, from: u32, at: u32) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut seen = HashSet::from([from]);
        let mut next = vec![from];
        while let Some(node) = next.pop().map(|position| self.nodes.get(&position)) {
            let Some(node) = node else { continue };
            self.looks += 1;
            found.extend(&node.overtures);
            next.extend(node.next.iter().filter(|position| **position <= at && seen.insert(**position)));
        }
        found
    }

    fn read(&self, index: &Index, store: &dyn EventStore, position: u32, group: usize) -> Option<Node> {
        let recorded = store.at(u64::from(position)).ok()??;
        let own = EntityId::from(recorded.id);
        let (mut overtures, mut next) = (Vec::new(), Vec::new());
        let mut is_entity = false;
        for (stream, _) in &recorded.streams {
            is_entity |= *stream == own;
            if let Some(place) = index.offers.place_of(*stream) {
                overtures.push(place);
            } else if *stream != own {
                next.extend(position_of(store, *stream)?.filter(|named| *named <= self.last));
            }
        }
        // What is an entity has a history of its own, and is an entry of nothing beside what it names.
        if !is_entity {
            let named_by = term::entity(Field::Stream, own);
            let positions = index.positions(named_by, position, self.last.saturating_add(1)).ok()?;
            next.extend(positions.into_iter().filter(|named| *named >= position));
        }
        Some(Node { overtures, next, group })
    }

    fn root(&self, mut group: usize) -> usize {
        while let Some(into) = self.into.get(group).filter(|into| **into != group) {
            group = *into;
        }
        group
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        // The later goes into the earlier: so often as groups meet is the way to the first of them long.
        let (early, late) = (one.min(other), one.max(other));
        let overtures = self.overtures.get_mut(late).map(std::mem::take).unwrap_or_default();
        self.overtures.get_mut(early).into_iter().for_each(|known| known.extend(&overtures));
        self.into.get_mut(late).into_iter().for_each(|into| *into = early);
    }
}
