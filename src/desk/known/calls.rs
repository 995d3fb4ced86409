//! When lines were answered, from the index alone, and when they opened: a line of years has far too many calls to read
//! them all, and what it opened with is read once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EntityId;
use crate::domain::link::Relation;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Evidence;
use crate::projections::timeline::{Spot, TimelineQuery};
use crate::projections::view::Ground;

/// The kinds of entries by which a channel works again, apart from calls.
const WORKS: [Kind; 3] = [Kind::ChannelOpened, Kind::ChannelRestored, Kind::ChannelReopened];
/// Of so many lines it is kept when they opened.
const LINES_MAX: usize = 256;
/// At so many sizes of the log.
const SIZES_MAX: usize = 2;

/// An entry that says of a line that it works again, and is not struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineOpening {
    /// Where it stands in the log.
    pub(crate) position: u64,
    /// The earliest and the latest moment at which it can have taken effect.
    pub(crate) bounds: (Timestamp, Timestamp),
    /// It can bring about what an offer to restore the line proposes: it is about the line, and says more than that
    /// the restoration was announced.
    pub(crate) restores: bool,
    /// It says itself that it came before or after another entry.
    pub(crate) is_put_in_order: bool,
}

/// When lines opened, of those that were asked about last.
#[derive(Debug, Default)]
pub(crate) struct OpeningsKept(Mutex<HashMap<EntityId, Vec<OfLine>>>);

/// When a line opened, as known at a size.
#[derive(Debug)]
struct OfLine {
    ground: Ground,
    size: u64,
    openings: Arc<[LineOpening]>,
}

impl OpeningsKept {
    fn get(&self, line: EntityId, ground: &Ground, size: u64) -> Option<Arc<[LineOpening]>> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lines.get(&line)?.iter().find(|kept| kept.size == size && kept.ground == *ground)?;
        Some(Arc::clone(&kept.openings))
    }

    fn keep(&self, line: EntityId, kept: OfLine) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES_MAX && !lines.contains_key(&line) {
            lines.clear();
        }
        let sizes = lines.entry(line).or_default();
        if sizes.len() >= SIZES_MAX {
            sizes.remove(0);
        }
        sizes.push(kept);
    }
}

impl Known {
    /// Returns where the answered calls stand that concern a line, can have taken place between two moments, both
    /// included, and are not struck, earliest first by the earliest moment at which each can have. Only of a record
    /// that is whole ([`Known::is_whole`]).
    pub(crate) fn answered_calls(
        &self,
        line: EntityId,
        between: (Timestamp, Timestamp),
    ) -> Result<Vec<Spot>, DeskError> {
        self.rests_on(line);
        let found = self.view.spots(&TimelineQuery {
            about: vec![line].into(),
            kinds: vec![Kind::CallAnswered].into(),
            occurred: Some(between),
            limit: usize::MAX,
            ..TimelineQuery::default()
        })?;
        Ok(found.spots)
    }

    /// Returns when a line opened, in no order. Only of a record that is whole ([`Known::is_whole`]).
    pub(crate) fn openings(&self, line: EntityId) -> Result<Arc<[LineOpening]>, DeskError> {
        self.rests_on(line);
        // Told before what rests on it, so that what took its place meanwhile is not told of.
        let (ground, size) = (self.view.ground(), self.view.size());
        if let Some(kept) = self.openings.get(line, &ground, size) {
            return Ok(kept);
        }
        let found = self.view.spots(&TimelineQuery {
            about: vec![line].into(),
            kinds: WORKS.to_vec().into(),
            limit: usize::MAX,
            ..TimelineQuery::default()
        })?;
        let positions: Vec<u64> = found.spots.into_iter().map(Spot::position).collect();
        let entries = self.entries_at(&positions)?;
        let openings: Arc<[LineOpening]> =
            entries.iter().filter_map(|entry| self.opening(entry, line)).collect();
        self.openings.keep(line, OfLine { ground, size, openings: Arc::clone(&openings) });
        Ok(openings)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "no other fact but a call makes a channel work again")]
    fn opening(&self, entry: &Entry, line: EntityId) -> Option<LineOpening> {
        let event = entry.event.as_ref().filter(|_| entry.concerns(line))?;
        let evidence = match &event.fact {
            Fact::ChannelOpened(works) | Fact::ChannelRestored(works) | Fact::ChannelReopened(works) => {
                works.evidence
            }
            _ => return None,
        };
        let orders = |relation| matches!(relation, Relation::Before | Relation::After);
        Some(LineOpening {
            position: entry.position,
            bounds: entry.bounds(&self.zone),
            restores: event.envelope.about.contains(&line) && evidence != Some(Evidence::Announced),
            is_put_in_order: entry.links().iter().any(|link| orders(link.relation)),
        })
    }
}
