//! A long history, folded from nothing part by part in the order of time.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::channels::kept::members::{members, with_corrections};
use crate::desk::channels::kept::{EVERY, Kept, PLACES_MAX};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::Channel;
use crate::domain::reading::RawEvent;
use crate::projections::view::Ground;

/// As often as this, and oftener, it is kept in a part how far the fold came: what comes after is read once more with
/// the next part.
const PLACES_MIN: usize = 4;

impl Kept {
    /// Folds the entries at some positions, which are in the order of time and all that a history has, in parts of so
    /// many, or of as many as must be read again, and keeps about so many places; none where `is_stopped` says between two parts that nobody needs
    /// them any longer. Where links order them otherwise than their dates, nothing of it can be used, and that is kept.
    ///
    /// That order spares work and is not relied on: an entry of an earlier day than what is kept already has what
    /// comes after that day folded again.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn of_long(
        known: &Known,
        channel: &Channel<'_>,
        entries: &[u64],
        (long, places, ground): (usize, usize, Ground),
        is_stopped: impl Fn() -> bool,
    ) -> Result<Option<Self>, DeskError> {
        let mut kept = Self::empty(known, channel, ground);
        let is_whole = kept.take_in_parts(known, channel, entries, (long, places), is_stopped)?;
        kept.thin(PLACES_MAX.max(2 * places));
        Ok(is_whole.then_some(kept))
    }

    /// Takes in entries that are not kept, in the order of time and in parts of so many, or of as many as must be read
    /// again, and keeps about so many places of them; tells whether all of them, which they are not where `is_stopped` says between two parts that nobody needs
    /// them any longer.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn take_in_parts(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        entries: &[u64],
        (long, places): (usize, usize),
        is_stopped: impl Fn() -> bool,
    ) -> Result<bool, DeskError> {
        let every = (entries.len() / places).min(long / PLACES_MIN).max(EVERY);
        let mut rest = entries;
        while !rest.is_empty() && !self.tangled {
            if is_stopped() {
                return Ok(false);
            }
            // Where no day ends nothing can be left: parts that double read each entry a few times and not often.
            let again = self.blocks.get(self.keyframes.len()).map_or(0, |block| block.entries.len());
            let (part, later) = rest.split_at(long.max(again).clamp(1, rest.len()));
            self.take_part(known, channel, part, every)?;
            rest = later;
        }
        Ok(true)
    }

    /// Takes in further entries of the history, with everything that corrects them.
    fn take_part(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        part: &[u64],
        every: usize,
    ) -> Result<(), DeskError> {
        let new = with_corrections(&known.view, part)?;
        let low = members(channel, &new).values().map(|member| member.low).min();
        let left = self.usable(self.keyframes.len(), low);
        let since = self.blocks.drain(left.min(self.blocks.len())..).flat_map(|block| block.entries);
        let again: BTreeSet<u64> = since.map(u64::from).collect();
        self.keyframes.truncate(left);
        let again: Vec<u64> = again.into_iter().collect();
        let mut history: BTreeMap<u64, RawEvent> =
            with_corrections(&known.view, &again)?.into_iter().map(|raw| (raw.position, raw)).collect();
        history.extend(new.into_iter().map(|raw| (raw.position, raw)));
        self.take(channel, history.into_values().collect(), every);
        Ok(())
    }
}
