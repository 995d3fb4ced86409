//! Every position that is asked for, in no order.

use roaring::RoaringBitmap;

use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::search::{Search, drop_range, range_of};
use crate::projections::table::{join, split};

impl Search<'_> {
    /// Returns the entries that are asked for.
    ///
    /// # Errors
    ///
    /// As [`Search::run`].
    pub(in crate::projections) fn all(&self, index: &Index) -> Result<RoaringBitmap, Damage> {
        let mut all = RoaringBitmap::new();
        for (number, segment) in index.events.segments().enumerate() {
            let mut bits = self.eligible(number, segment)?;
            if bits.is_empty() || self.query.amended_only {
                continue;
            }
            drop_range(&mut bits, &self.standing.amended, number);
            self.keep_content(&mut bits, segment, |channels| {
                let relinked = if channels { &self.relinked_channels } else { &self.relinked };
                let rows = relinked.range(join(number, 0)..=join(number, u16::MAX));
                rows.map(|(entry, about)| (split(*entry).1, *about)).collect()
            })?;
            all.extend(bits.iter().map(|row| join(number, row)));
        }
        for (number, segment) in index.readings.segments().enumerate() {
            let mut bits = range_of(&self.standing.current, number);
            let entry_of =
                |row: u16| index.reading_of.get(join(number, row) as usize).map(|(entry, _)| *entry);
            let current: Vec<u16> = bits.iter().collect();
            self.keep_content(&mut bits, segment, |channels| {
                let relinked = if channels { &self.relinked_channels } else { &self.relinked };
                let about = |row: &u16| relinked.get(&entry_of(*row)?).map(|about| (*row, *about));
                if relinked.is_empty() { Vec::new() } else { current.iter().filter_map(about).collect() }
            })?;
            for entry in bits.iter().filter_map(entry_of) {
                let (home, place) = split(entry);
                if let Some(segment) = index.events.segment(home)
                    && self.eligible(home, segment)?.contains(place)
                {
                    all.insert(entry);
                }
            }
        }
        Ok(all)
    }
}
