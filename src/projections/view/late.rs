//! Pages of what was recorded late.

use std::collections::BTreeMap;

use crate::projections::error::ProjectionError;
use crate::projections::late::{Late, LatePage, LateQuery, SAMPLE};
use crate::projections::timeline::{Cursor, Spot};
use crate::projections::view::View;

impl View {
    /// Returns a page of the entries that were recorded late, the last recorded first: more than the lag
    /// after the last moment at which they can have happened, as they read now.
    ///
    /// What keeps the record is never late, nor is what has no date; struck entries are left out.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn late(&self, query: &LateQuery) -> Result<LatePage, ProjectionError> {
        let standing = self.standing(None)?;
        let (from, to) = match query.recorded {
            Some((from, to)) => (self.before(|at| at < from)?, self.before(|at| at <= to)?),
            None => (0, self.size),
        };
        let samples = self.samples()?;
        let late = Late { query, from, to: to.min(self.size), standing: &standing, samples: &samples };
        let found = self.shared.with_index(|index| late.candidates(index))?;
        let is_late = |position: u32, latest: i64| -> Result<bool, ProjectionError> {
            let recorded = self.read_if_sound(position)?;
            Ok(recorded.is_some_and(|recorded| query.due(latest) < recorded.at.micros()))
        };
        let mut entries: BTreeMap<u32, Spot> = BTreeMap::new();
        let mut certain = found.certain;
        for position in &found.perhaps {
            if is_late(position, self.times_of(position)?.1)? {
                certain.insert(position);
            }
        }
        for spot in found.readings {
            if is_late(spot.key.position, spot.key.latest)? {
                entries.insert(spot.key.position, spot);
            }
        }
        let total = certain.len() + entries.len() as u64;
        let below = query.before.map_or(u32::MAX, |before| u32::try_from(before).unwrap_or(u32::MAX));
        let amended = entries.range(..below).map(|(position, _)| *position);
        let mut positions: Vec<u32> =
            certain.iter().rev().filter(|position| *position < below).take(query.limit + 1).collect();
        positions.extend(amended.rev().take(query.limit + 1));
        positions.sort_unstable_by_key(|position| std::cmp::Reverse(*position));
        let more = positions.len() > query.limit;
        positions.truncate(query.limit);
        let spots = positions.iter().map(|position| {
            if let Some(spot) = entries.get(position) {
                Ok(*spot)
            } else {
                let (earliest, latest) = self.times_of(*position)?;
                Ok(Spot { key: Cursor { earliest, latest, position: *position }, reading: *position })
            }
        });
        let spots = spots.collect::<Result<Vec<Spot>, ProjectionError>>()?;
        let next = positions.last().filter(|_| more).map(|last| u64::from(*last));
        Ok(LatePage { rows: self.rows(&spots, None)?, next, total })
    }

    /// Returns the bounds of the date of an event as it was recorded.
    fn times_of(&self, position: u32) -> Result<(i64, i64), ProjectionError> {
        let (number, row) = crate::projections::table::split(position);
        self.shared
            .with_index(|index| index.events.segment(number).map_or(Ok((0, 0)), |segment| segment.times(row)))
    }

    /// Returns when every so manieth event was recorded, and at last when the last one was.
    fn samples(&self) -> Result<Vec<i64>, ProjectionError> {
        let mut kept = self.shared.samples();
        let wanted = self.size.div_ceil(SAMPLE) as usize;
        while kept.len() < wanted {
            let position = u32::try_from(kept.len()).unwrap_or(u32::MAX).saturating_mul(SAMPLE);
            let recorded = self.read_if_sound(position)?;
            // A damaged record was recorded no earlier than the sample before it.
            let at = recorded.map(|recorded| recorded.at.micros()).or_else(|| kept.last().copied());
            kept.push(at.unwrap_or(i64::MIN));
        }
        let mut samples: Vec<i64> = kept.iter().take(wanted).copied().collect();
        drop(kept);
        if let Some(last) = self.size.checked_sub(1) {
            let recorded = self.read_if_sound(last)?;
            samples.push(recorded.map_or(i64::MAX, |recorded| recorded.at.micros()));
        }
        Ok(samples)
    }
}
