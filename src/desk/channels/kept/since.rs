//! What was recorded since a history was folded, taken in: part by part where that is much.

use std::collections::{BTreeSet, HashSet};

use chrono::NaiveDate;

use crate::desk::channels::kept::block::Block;
use crate::desk::channels::kept::members::{members, with_corrections};
use crate::desk::channels::kept::{EVERY, Kept};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::channel::Channel;
use crate::projections::view::Since;

impl Kept {
    /// Takes in what was recorded since, and keeps about so many places of it; tells whether that could be done. Of more
    /// than `long` entries nobody holds all at once.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn catch_up(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        (long, places): (usize, usize),
    ) -> Result<bool, DeskError> {
        if known.view.size() <= self.size || self.tangled {
            return Ok(true);
        }
        let is_member =
            |position: u64| u32::try_from(position).is_ok_and(|row| self.members.binary_search(&row).is_ok());
        let Some(since) = known.view.since(channel.id, self.size, is_member)? else { return Ok(false) };
        let Since { named, corrections, corrected } = since;
        if named.is_empty() && corrected.is_empty() {
            self.size = known.view.size();
            return Ok(true);
        }
        let touched: Vec<u64> = named.iter().chain(&corrected).copied().collect();
        let low = earliest(known, channel, &touched, long)?;
        let corrected: HashSet<u32> =
            corrected.iter().filter_map(|position| u32::try_from(*position).ok()).collect();
        let has_corrected = |block: &Block| block.entries.iter().any(|row| corrected.contains(row));
        let first = self.blocks.iter().position(has_corrected).unwrap_or(usize::MAX);
        let left = self.usable(first.min(self.keyframes.len()), low);
        let mut again: BTreeSet<u64> = touched.into_iter().chain(corrections).collect();
        for block in self.blocks.drain(left.min(self.blocks.len())..) {
            again.extend(block.entries.into_iter().map(u64::from));
        }
        self.keyframes.truncate(left);
        self.take_again(known, channel, &again, (long, places))?;
        self.size = known.view.size();
        Ok(true)
    }

    /// Takes in entries that are not kept, or are not any longer, with whatever corrects them.
    fn take_again(
        &mut self,
        known: &Known,
        channel: &Channel<'_>,
        again: &BTreeSet<u64>,
        (long, places): (usize, usize),
    ) -> Result<(), DeskError> {
        if again.len() > long
            && let Some(entries) = known.view.entries_in_time(channel.id, long)?
        {
            let again: Vec<u64> = entries.into_iter().filter(|position| again.contains(position)).collect();
            self.take_in_parts(known, channel, &again, (long, places), || false)?;
            return Ok(());
        }
        let again: Vec<u64> = again.iter().copied().collect();
        let history = with_corrections(&known.view, &again)?;
        let every = EVERY.max(history.len() / places);
        self.take(channel, history, every);
        Ok(())
    }
}

/// Returns the earliest day that any of these entries ever had, of which `long` are read at a time.
fn earliest(
    known: &Known,
    channel: &Channel<'_>,
    entries: &[u64],
    long: usize,
) -> Result<Option<NaiveDate>, DeskError> {
    let mut low = None;
    for part in entries.chunks(long.max(1)) {
        let read = with_corrections(&known.view, part)?;
        let days = members(channel, &read).into_values().map(|member| member.low);
        low = days.chain(low).min();
    }
    Ok(low)
}
