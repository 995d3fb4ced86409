//! Answers a question about a part of the log from the index.

mod best;
mod between;
pub(super) mod content;

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::projections::bits::{Bits, ROWS};
use crate::projections::corrections::{Standing, by_segment};
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::search::best::Best;
use crate::projections::table::{Segment, join, split};
use crate::projections::term::{self, Field, Term};
use crate::projections::timeline::{Became, Choice, Cursor, Struck, TimelineQuery};
use crate::projections::together;

/// A question with everything that must be known to answer it from the index alone.
pub(super) struct Search<'query> {
    /// What is asked.
    pub(super) query: &'query TimelineQuery,
    /// Positions below this are known.
    pub(super) size: u32,
    /// What holds there.
    pub(super) standing: &'query Standing,
    /// The positions that were recorded within the bounds asked for.
    pub(super) recorded: (u32, u32),
    /// Of the entries whose links were changed, whether they are about what is asked for, and about what is
    /// left out.
    pub(super) about: [Relinked; 2],
    /// The same for channels.
    pub(super) channels: [Relinked; 2],
    /// The same for the lines and the offers between two sides, for each two sides asked for.
    pub(super) between: [Vec<RelinkedBetween>; 2],
}

/// The entries whose links to lines between two sides were changed, and to offers between them.
#[derive(Debug, Default)]
pub(super) struct RelinkedBetween {
    pub(super) lines: Relinked,
    pub(super) offers: Relinked,
}

/// Of entries whose links to any of some entities were changed, whether they are about one of them.
pub(super) type Relinked = BTreeMap<u32, bool>;

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    // First, because it orders: the key, turned round for a descending order.
    rank: (i64, i64, u32),
    /// The place of the entry in time and in the log.
    pub(super) key: Cursor,
    /// Where its reading stands.
    pub(super) reading: u32,
}

/// The best of what was found.
pub(super) struct Finding {
    /// In the order asked for, one more than asked for if there are more.
    pub(super) found: Vec<Found>,
    /// How many there are on all pages.
    pub(super) total: u64,
}

/// Rows of a segment, which has a number.
pub(super) type RowsOf<'index> = (usize, Segment<'index>, Bits);

/// Everything that is asked for.
pub(super) struct Matches<'index> {
    /// The entries that read as when they were recorded.
    pub(super) plain: Vec<RowsOf<'index>>,
    /// The readings of those that read otherwise.
    pub(super) readings: Vec<RowsOf<'index>>,
    /// The entries that those are readings of.
    pub(super) amended: BTreeMap<usize, Bits>,
    /// How many entries there are.
    pub(super) total: u64,
}

impl Search<'_> {
    /// Looks up the first entries.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn run(&self, index: &Index) -> Result<Finding, Damage> {
        let matches = self.matches(index)?;
        let mut best = Best::of(self.query);
        for (number, segment, bits) in &matches.readings {
            let moments = segment.moments()?;
            for row in bits.iter() {
                let (position, reading) = entry_of(index, *number, row);
                let (earliest, latest) = moments.at(row);
                best.offer(Cursor { earliest, latest, position }, reading);
            }
        }
        best.offer_segments(&matches.plain)?;
        Ok(Finding { found: best.into_sorted(), total: matches.total })
    }

    /// Looks everything up.
    ///
    /// # Errors
    ///
    /// As [`Search::run`].
    pub(super) fn matches<'index>(&self, index: &'index Index) -> Result<Matches<'index>, Damage> {
        let mut matches =
            Matches { plain: Vec::new(), readings: Vec::new(), amended: BTreeMap::new(), total: 0 };
        // What reads as when it was recorded was amended by nobody.
        if self.query.became.any_of.as_deref() != Some(&[Became::Amended]) {
            let segments: Vec<(usize, Segment<'_>)> = index.events.segments().enumerate().collect();
            let look = |(number, segment): &_| {
                let rows = self.match_plain(*number, *segment)?;
                Ok(rows.map(|rows| (rows.2.count() as u64, rows)))
            };
            for found in together::each(&segments, look) {
                if let Some((count, rows)) = found? {
                    matches.total += count;
                    matches.plain.push(rows);
                }
            }
        }
        self.match_readings(index, &mut matches)?;
        Ok(matches)
    }

    /// Looks up those entries of a segment that read as when they were recorded; none where there are none.
    fn match_plain<'index>(
        &self,
        number: usize,
        segment: Segment<'index>,
    ) -> Result<Option<RowsOf<'index>>, Damage> {
        let mut bits = self.placed(number, segment.len())?;
        if bits.is_empty() {
            return Ok(None);
        }
        self.keep_content(&mut bits, segment, |relinked| {
            let rows = relinked.range(join(number, 0)..=join(number, u16::MAX));
            rows.map(|(entry, about)| (split(*entry).1, *about)).collect()
        })?;
        drop_rows(&mut bits, &self.standing.amended_rows, number);
        self.keep_eligible(&mut bits, number, segment)?;
        Ok((!bits.is_empty()).then_some((number, segment, bits)))
    }

    /// Looks up the readings in a segment that hold and are asked for, whatever is known of their entries; none where
    /// there are none.
    fn match_content<'index>(
        &self,
        index: &'index Index,
        current: &BTreeMap<usize, Bits>,
        (number, segment): (usize, Segment<'index>),
    ) -> Result<Option<RowsOf<'index>>, Damage> {
        let Some(current) = current.get(&number) else { return Ok(None) };
        let mut bits = current.clone();
        self.keep_content(&mut bits, segment, |relinked| {
            let about = |row: u16| relinked.get(&entry_of(index, number, row).0).map(|about| (row, *about));
            if relinked.is_empty() { Vec::new() } else { current.iter().filter_map(about).collect() }
        })?;
        Ok((!bits.is_empty()).then_some((number, segment, bits)))
    }

    /// Looks up the entries that read otherwise than when they were recorded.
    fn match_readings<'index>(
        &self,
        index: &'index Index,
        matches: &mut Matches<'index>,
    ) -> Result<(), Damage> {
        let segments: Vec<(usize, Segment<'_>)> = index.readings.segments().enumerate().collect();
        let of_texts = self.readings_of_texts(index);
        let current = of_texts.as_ref().unwrap_or(&self.standing.current_rows);
        let looked = together::each(&segments, |segment| self.match_content(index, current, *segment));
        let mut found: Vec<RowsOf<'index>> = Vec::new();
        for rows in looked {
            found.extend(rows?);
        }
        // The entries of which they are readings, as far as those may be shown.
        let mut homes: Vec<(usize, Vec<u16>)> =
            (0..index.events.segments().count()).map(|home| (home, Vec::new())).collect();
        for (number, _, bits) in &found {
            for (home, place) in bits.iter().map(|row| split(entry_of(index, *number, row).0)) {
                homes.get_mut(home).into_iter().for_each(|(_, places)| places.push(place));
            }
        }
        let all: Vec<Option<Bits>> =
            together::each(&homes, |(home, places)| self.shown(index, *home, places))
                .into_iter()
                .collect::<Result<_, _>>()?;
        for (number, segment, bits) in found {
            let is_shown = |row: &u16| {
                let (home, place) = split(entry_of(index, number, *row).0);
                all.get(home).and_then(Option::as_ref).is_some_and(|shown| shown.contains(place))
            };
            let shown = Bits::of(&bits.iter().filter(is_shown).collect::<Vec<_>>());
            if !shown.is_empty() {
                matches.total += shown.count() as u64;
                matches.readings.push((number, segment, shown));
            }
        }
        matches.amended.extend(all.into_iter().enumerate().filter_map(|(home, shown)| Some((home, shown?))));
        Ok(())
    }

    /// Returns the readings that hold of those entries whose texts have what is asked for; none where that is not asked.
    fn readings_of_texts(&self, index: &Index) -> Option<BTreeMap<usize, Bits>> {
        let amended = self.query.text.as_deref()? & &self.standing.amended;
        let reading_of = |entry: u32| {
            let amendment = self.standing.amendments.get(&entry)?;
            let row = index.reading_of.binary_search_by_key(amendment, |(_, position)| *position).ok()?;
            u32::try_from(row).ok()
        };
        Some(by_segment(amended.iter().filter_map(reading_of).collect::<RoaringBitmap>()))
    }

    /// Returns those of some rows of a segment, in any order, that may be shown; none where there are none.
    fn shown(&self, index: &Index, home: usize, places: &[u16]) -> Result<Option<Bits>, Damage> {
        let Some(segment) = index.events.segment(home).filter(|_| !places.is_empty()) else {
            return Ok(None);
        };
        let mut bits = self.placed(home, segment.len())?;
        let mut places = places.to_vec();
        places.sort_unstable();
        bits.keep(&Bits::of(&places));
        self.keep_eligible(&mut bits, home, segment)?;
        Ok((!bits.is_empty()).then_some(bits))
    }

    /// Returns the rows of a segment that are known, visible, at the positions and of the recorded times asked for,
    /// struck where that is asked for: what is told without a look at the segment.
    fn placed(&self, number: usize, len: usize) -> Result<Bits, Damage> {
        let base = number * ROWS;
        let place = |position: u32| (position as usize).saturating_sub(base).min(ROWS);
        let (from, to) = self.recorded;
        let mut bits = Bits::range(place(from), place(to.min(self.size)).min(len));
        choose(&mut bits, &self.query.positions, |ranges| Ok(positions(number, ranges)))?;
        for positions in [&self.query.visible, &self.query.text].into_iter().flatten() {
            if !bits.is_empty() {
                bits.keep(&range_of(positions, number));
            }
        }
        if let Some(any_of) = self.query.became.any_of.as_ref().filter(|any| !any.contains(&Became::Redacted))
        {
            bits.keep(&self.became(any_of, number));
        }
        Ok(bits)
    }

    /// Returns the rows of a segment of which any of some things became, but for removals.
    fn became(&self, any_of: &[Became], number: usize) -> Bits {
        let mut rows = Bits::none();
        let struck = self.standing.struck_rows.get(&number);
        for became in any_of {
            match became {
                Became::Struck => {
                    if let Some(struck) = struck {
                        rows.add(struck);
                    }
                }
                Became::Amended => {
                    let mut amended =
                        self.standing.amended_rows.get(&number).cloned().unwrap_or_else(Bits::none);
                    if let Some(struck) = struck {
                        amended.drop_all(struck);
                    }
                    rows.add(&amended);
                }
                Became::Redacted => {}
            }
        }
        rows
    }

    /// Keeps the rows that may be shown at all: those of the recorders asked for that can be read, and none that is
    /// struck where those are hidden.
    fn keep_eligible(&self, bits: &mut Bits, number: usize, segment: Segment<'_>) -> Result<(), Damage> {
        if bits.is_empty() {
            return Ok(());
        }
        choose_terms(bits, segment, &self.query.recorders, |actors| {
            actors.iter().map(|actor| term::recorder(*actor)).collect()
        })?;
        choose(bits, &self.query.became, |any_of| {
            let mut rows = self.became(any_of, number);
            if any_of.contains(&Became::Redacted) {
                rows.add(&segment.any(&[term::mark(Field::Redacted)])?);
            }
            Ok(rows)
        })?;
        bits.drop_all(&segment.any(&[term::mark(Field::Unreadable)])?);
        if self.query.struck == Struck::Hide {
            drop_rows(bits, &self.standing.struck_rows, number);
        }
        Ok(())
    }
}

/// Returns the entry that a reading is of, and the position at which the reading stands.
fn entry_of(index: &Index, number: usize, row: u16) -> (u32, u32) {
    index.reading_of.get(join(number, row) as usize).copied().unwrap_or_default()
}

/// Keeps the rows that meet a choice; `rows` returns those that have any of some things.
pub(super) fn choose<T>(
    bits: &mut Bits,
    choice: &Choice<T>,
    rows: impl Fn(&[T]) -> Result<Bits, Damage>,
) -> Result<(), Damage> {
    if let Some(any_of) = &choice.any_of {
        bits.keep(&rows(any_of)?);
    }
    if !choice.none_of.is_empty() {
        bits.drop_all(&rows(&choice.none_of)?);
    }
    Ok(())
}

/// Keeps the rows that meet a choice; `terms` returns those by which what is chosen is found.
pub(super) fn choose_terms<T>(
    bits: &mut Bits,
    segment: Segment<'_>,
    choice: &Choice<T>,
    terms: impl Fn(&[T]) -> Vec<Term>,
) -> Result<(), Damage> {
    if let Some(any_of) = &choice.any_of {
        segment.keep_any(&terms(any_of), bits)?;
    }
    if !choice.none_of.is_empty() {
        bits.drop_all(&segment.any(&terms(&choice.none_of))?);
    }
    Ok(())
}

/// Returns the rows of a segment at positions from one to another, both included.
fn positions(number: usize, ranges: &[(u64, u64)]) -> Bits {
    let base = (number * ROWS) as u64;
    let place = |position: u64| usize::try_from(position.saturating_sub(base)).unwrap_or(ROWS).min(ROWS);
    let mut bits = Bits::none();
    for (from, to) in ranges {
        bits.add(&Bits::range(place(*from), place(to.saturating_add(1))));
    }
    bits
}

/// Returns the rows of a segment that a set of positions has.
pub(super) fn range_of(positions: &RoaringBitmap, number: usize) -> Bits {
    let range = join(number, 0)..=join(number, u16::MAX);
    if positions.range_cardinality(range.clone()) == ROWS as u64 {
        return Bits::range(0, ROWS);
    }
    let mut bits = Bits::none();
    for position in positions.range(range) {
        bits.insert(split(position).1);
    }
    bits
}

/// Takes out the rows of a segment that a set has for it.
fn drop_rows(bits: &mut Bits, sets: &BTreeMap<usize, Bits>, number: usize) {
    if let Some(rows) = sets.get(&number) {
        bits.drop_all(rows);
    }
}
