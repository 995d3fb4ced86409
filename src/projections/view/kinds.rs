//! What can be told of the entries of a kind by a few look-ups, however long the log is.

use std::collections::BTreeSet;

use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::projections::error::ProjectionError;
use crate::projections::table::join;
use crate::projections::term::{self, Field, Term};
use crate::projections::view::{Ground, View};

/// By what it is told whether anything came since that bears on entries of some kinds: what was worked out from
/// these entries alone holds as long as the mark is the same.
#[derive(Debug, Clone, PartialEq)]
pub struct KindsMark {
    entries: usize,
    corrections: usize,
    ground: Ground,
}

impl KindsMark {
    /// Tells whether there is no entry of these kinds.
    pub fn is_of_none(&self) -> bool {
        self.entries == 0
    }
}

/// Which entries could report the same: those of a kind whose dates are as imprecise and begin at the same moment,
/// and that name these.
#[derive(Debug, Clone, Copy)]
pub struct SameMoment<'a> {
    /// Their kind.
    pub kind: Kind,
    /// The earliest and the latest moment of their dates.
    pub times: (Timestamp, Timestamp),
    /// Who is named as a speaker.
    pub from: &'a [EntityId],
    /// Who is spoken to.
    pub to: &'a [EntityId],
    /// What they are about.
    pub about: &'a [EntityId],
    /// By what they went.
    pub via: &'a [EntityId],
}

impl SameMoment<'_> {
    fn terms(&self) -> Vec<Term> {
        let roles = [
            (Field::From, self.from),
            (Field::To, self.to),
            (Field::About, self.about),
            (Field::Via, self.via),
        ];
        let named =
            roles.into_iter().flat_map(|(field, ids)| ids.iter().map(move |id| term::entity(field, *id)));
        named.chain([term::kind(self.kind)]).collect()
    }
}

impl View {
    /// Returns the mark of entries of some kinds; none where it cannot be told without a look at them, since an entry
    /// of these kinds came after what is known here, or was made one by a correction.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn mark_of(&self, kinds: &[Kind]) -> Result<Option<KindsMark>, ProjectionError> {
        // Told before what rests on it, so that no index that took its place meanwhile is told of.
        let ground = self.ground();
        let size = self.size;
        let terms: Vec<Term> = kinds.iter().map(|kind| term::kind(*kind)).collect();
        let (entries, corrections) = self.shared.with_index(|index| {
            let (mut entries, mut end) = (0, 0);
            for (number, segment) in index.events.segments().enumerate() {
                for term in &terms {
                    let (count, last) = segment.tally(*term)?;
                    entries += count;
                    end = end.max(last.map_or(0, |row| join(number, row) + 1));
                }
            }
            for segment in index.readings.segments() {
                for term in &terms {
                    if segment.tally(*term)?.0 > 0 {
                        end = u32::MAX;
                    }
                }
            }
            Ok(((end <= size).then_some(entries), index.corrections_before(size).len()))
        })?;
        Ok(entries.map(|entries| KindsMark { entries, corrections, ground }))
    }

    /// Returns the first `max` of the entries that could report the same, as they read now, in the order of the log;
    /// struck ones are left out.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn same_moment(&self, sought: &SameMoment<'_>, max: usize) -> Result<Vec<EventId>, ProjectionError> {
        let standing = self.standing(None)?;
        let terms = sought.terms();
        let times = (sought.times.0.micros(), sought.times.1.micros());
        let mut entries = self.shared.with_index(|index| {
            let mut entries: BTreeSet<u32> = BTreeSet::new();
            for (number, segment) in index.events.segments().enumerate() {
                let rows = segment.of_moments(times, &terms)?.into_iter().map(|row| join(number, row));
                entries.extend(rows.filter(|entry| !standing.amended.contains(*entry)));
            }
            for (number, segment) in index.readings.segments().enumerate() {
                let rows = segment.of_moments(times, &terms)?.into_iter().map(|row| join(number, row));
                let holding = rows.filter(|reading| standing.current.contains(*reading));
                entries.extend(holding.filter_map(|reading| Some(index.reading_of.get(reading as usize)?.0)));
            }
            Ok(entries)
        })?;
        entries.retain(|entry| *entry < self.size && !standing.struck.contains(*entry));
        let mut found = Vec::new();
        for entry in entries {
            if found.len() == max {
                break;
            }
            found.extend(self.read_if_sound(entry)?.map(|recorded| recorded.id));
        }
        Ok(found)
    }
}
