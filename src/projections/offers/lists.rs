//! Lists of parties by number: from whom overtures went, and to whom.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::id::EntityId;
use crate::projections::offers::OffersQuery;

/// Lists of parties, each once: many overtures go from the same to the same.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lists: Vec<Arc<[EntityId]>>,
    numbers: HashMap<Arc<[EntityId]>, u32>,
}

impl Lists {
    /// Returns the number of a list, given if it has none.
    pub(super) fn number(&mut self, list: &Arc<[EntityId]>) -> u32 {
        if let Some(known) = self.numbers.get(list) {
            return *known;
        }
        let next = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.lists.push(Arc::clone(list));
        self.numbers.insert(Arc::clone(list), next);
        next
    }

    /// Returns the list of a number.
    pub(super) fn get(&self, number: u32) -> &[EntityId] {
        self.lists.get(number as usize).map_or(&[], |list| list)
    }

    /// Tells which lists have one of the parties that are asked for.
    pub(super) fn having(&self, query: &OffersQuery) -> Having {
        let having = |asked: Option<&Vec<EntityId>>| {
            let has = |list: &Arc<[EntityId]>| {
                asked.is_none_or(|asked| list.iter().any(|party| asked.contains(party)))
            };
            self.lists.iter().map(has).collect()
        };
        Having { from: having(query.from.as_ref()), to: having(query.to.as_ref()) }
    }
}

/// Which lists of parties have one of those that are asked for, by number.
#[derive(Debug)]
pub(super) struct Having {
    from: Vec<bool>,
    to: Vec<bool>,
}

impl Having {
    /// Tells whether an overture from one list to another is asked for.
    pub(super) fn is_of(&self, from: u32, to: u32) -> bool {
        let among = |lists: &[bool], number: u32| lists.get(number as usize).copied().unwrap_or_default();
        among(&self.from, from) && among(&self.to, to)
    }
}
