//! Everything that a filter means, from its first entry to its last, in bounded memory.

use std::collections::VecDeque;

use roaring::RoaringBitmap;

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::DeskError;
use crate::desk::filter;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::marking::Marking;
use crate::domain::reading::{Entry, RawEvent};
use crate::projections::timeline::{By, Direction, Order, Row, Spot, TimelineQuery};

/// So many places are looked up at a time: each costs 40 bytes, and each look-up all segments of the index.
const SPOTS: usize = 1 << 16;

/// One entry of a selection.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    /// As lists show it.
    pub(crate) row: EntryRow,
    /// As it reads at the size asked about, with the links that hold there.
    pub(crate) entry: Entry,
}

/// What a filter means, known at one size of the log, whatever is recorded while it is read.
pub(crate) struct Selection {
    known: Known,
    // None when there is nothing more to look up.
    query: Option<TimelineQuery>,
    spots: VecDeque<Spot>,
    total: u64,
}

impl Desk {
    /// Begins to read everything that a filter means.
    ///
    /// # Errors
    ///
    /// As every question of the desk.
    pub(crate) fn select(
        &self,
        when: &When,
        ask: &FilterAsk,
        by: By,
        reverse: bool,
    ) -> Result<Selection, DeskError> {
        let known = self.known(when)?;
        let direction = if reverse { Direction::Descending } else { Direction::Ascending };
        let order = Order { by, direction };
        let query = filter::query(&known, when, ask)?;
        let query = Some(TimelineQuery { limit: SPOTS, after: None, order, ..query });
        let mut selection = Selection { known, query, spots: VecDeque::new(), total: 0 };
        selection.total = selection.look_up()?;
        Ok(selection)
    }
}

impl Selection {
    /// Returns the record as known and seen when it was asked.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Returns how many entries it has; those whose records are damaged among them.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Returns the positions of its first entries, at most so many, of one from which nothing was taken yet.
    ///
    /// # Errors
    ///
    /// As every question of the desk.
    pub(crate) fn positions(&self, most: u64) -> Result<RoaringBitmap, DeskError> {
        let mut positions = RoaringBitmap::new();
        let mut add = |spots: &mut dyn Iterator<Item = Spot>| {
            let left = usize::try_from(most.saturating_sub(positions.len())).unwrap_or(usize::MAX);
            positions.extend(spots.take(left).filter_map(|spot| u32::try_from(spot.position()).ok()));
            positions.len() < most
        };
        let mut lacks = add(&mut self.spots.iter().copied());
        let mut query = self.query.clone();
        while let Some(asked) = query.as_mut().filter(|_| lacks) {
            let found = self.known.view.spots(asked)?;
            lacks = add(&mut found.spots.into_iter());
            match found.next {
                Some(next) => asked.after = Some(next),
                None => query = None,
            }
        }
        Ok(positions)
    }

    /// Returns the next entries in their order: at most so many, fewer only where some of them cannot be
    /// read, and none once there are no more.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError`] when neither the snapshot nor the log can be read.
    pub(crate) fn next_rows(&mut self, most: usize) -> Result<Vec<Selected>, DeskError> {
        loop {
            if self.spots.is_empty() && self.query.is_some() {
                self.look_up()?;
            }
            if self.spots.is_empty() || most == 0 {
                return Ok(Vec::new());
            }
            let spots: Vec<Spot> = self.spots.drain(..most.min(self.spots.len())).collect();
            let rows = selected_at(&self.known, &spots)?;
            // None at all would be the end.
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
    }

    /// Looks up the next places, and returns how many there are in all.
    fn look_up(&mut self) -> Result<u64, DeskError> {
        let Some(query) = &mut self.query else { return Ok(0) };
        let found = self.known.view.spots(query)?;
        self.spots.extend(found.spots);
        match found.next {
            Some(next) => query.after = Some(next),
            None => self.query = None,
        }
        Ok(found.total)
    }
}

/// Returns what stands at places of the index, each with one look at its record and one at its present reading.
pub(crate) fn selected_at(known: &Known, spots: &[Spot]) -> Result<Vec<Selected>, DeskError> {
    let found = known.view.entries(spots, None)?;
    let rows: Vec<Row> = found.iter().map(|(row, _)| *row).collect();
    with_events(known, &rows, found.into_iter().map(|(_, raw)| Ok(Some(raw))))
}

/// Returns rows of the index as entries.
pub(crate) fn selected(known: &Known, found: &[Row]) -> Result<Vec<Selected>, DeskError> {
    with_events(known, found, found.iter().map(|row| Ok(known.view.event(row.id)?)))
}

/// Returns rows as entries, each with what was recorded there.
fn with_events(
    known: &Known,
    found: &[Row],
    events: impl Iterator<Item = Result<Option<RawEvent>, DeskError>>,
) -> Result<Vec<Selected>, DeskError> {
    let corrected: Vec<u64> = found.iter().filter(|row| row.amended).map(|row| row.position).collect();
    let times = known.view.amendments(&corrected)?;
    let mut rows = Vec::with_capacity(found.len());
    for (row, raw) in found.iter().zip(events) {
        let entry = if row.relinked {
            // What its links are now, its whole history tells.
            known.entry(row.id)?
        } else {
            entry(known, row, raw?, times.get(&row.position).copied().unwrap_or_default())?
        };
        let Some(entry) = entry else { continue };
        rows.push(Selected { row: known.entry_row(&entry)?, entry });
    }
    Ok(rows)
}

/// Returns the entry of a row as it reads now, with the links that hold; `raw` is what was recorded there. How often
/// it was amended is not told.
pub(crate) fn reading(known: &Known, row: &Row, raw: RawEvent) -> Result<Option<Entry>, DeskError> {
    if row.relinked { known.entry(row.id) } else { entry(known, row, Some(raw), 0) }
}

/// Returns an entry whose links nobody changed as it reads now.
fn entry(known: &Known, row: &Row, raw: Option<RawEvent>, amended: u32) -> Result<Option<Entry>, DeskError> {
    let Some(raw) = raw else { return Ok(None) };
    let mut entry = Entry {
        position: raw.position,
        at: raw.at,
        id: raw.id,
        actor: raw.actor,
        event: raw.event,
        removed: raw.removed,
        struck: row.struck,
        amended,
        amendment: None,
    };
    if row.reading_position != row.position && (entry.event.is_some() || entry.removed.is_some()) {
        let (reading, marking) = reading_at(known, row.reading_position)?.unzip();
        (entry.event, entry.amendment) = (reading, marking.flatten());
    }
    Ok(Some(entry))
}

/// Returns the reading that the amendment at a position gives, and how that one is marked.
fn reading_at(known: &Known, position: u64) -> Result<Option<(Event, Option<Marking>)>, DeskError> {
    let Some(recorded) = known.view.recorded(position)? else { return Ok(None) };
    let amendment = known.view.event(recorded.id)?.and_then(|raw| raw.event);
    let Some(Event { fact: Fact::RecordAmended(amended), envelope }) = amendment else { return Ok(None) };
    let undecodable = |error| DeskError::Unavailable(format!("position {position}: {error}"));
    let reading = Event::decode(recorded.schema, amended.reading.get()).map_err(undecodable)?;
    Ok(Some((reading, envelope.marking)))
}
