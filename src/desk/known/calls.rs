//! When lines were answered, from the index alone: a line of years has far too many calls to read them all.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::fact::Kind;
use crate::domain::id::EntityId;
use crate::projections::timeline::{Spot, TimelineQuery};

/// The answered calls on each line that was asked about.
pub(super) type Calls = HashMap<EntityId, Arc<[Spot]>>;

impl Known {
    /// Returns where the answered calls stand that concern a line and are not struck, earliest first by the
    /// earliest moment at which each can have taken place. Only of a record that is whole
    /// ([`Known::is_whole`]).
    pub(crate) fn answered_calls(&self, line: EntityId) -> Result<Arc<[Spot]>, DeskError> {
        self.rests_on(line);
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = calls.get(&line) {
            return Ok(Arc::clone(known));
        }
        let found = self.view.spots(&TimelineQuery {
            about: vec![line].into(),
            kinds: vec![Kind::CallAnswered].into(),
            limit: usize::MAX,
            ..TimelineQuery::default()
        })?;
        let found: Arc<[Spot]> = found.spots.into();
        calls.insert(line, Arc::clone(&found));
        Ok(found)
    }
}
