//! Counts rows by the stretch of time in which they begin.

use std::collections::BTreeMap;

use crate::domain::timestamp::Timestamp;
use crate::projections::bits::{Bits, LIST_MAX, ROWS};
use crate::projections::facets::Density;
use crate::projections::lazy::Damage;
use crate::projections::search::{Matches, RowsOf};
use crate::projections::table::{Segment, join};
use crate::projections::together;

/// From so many rows of a segment on it is quicker to walk it in the order of time than to look at each.
const DENSE: usize = LIST_MAX;

/// Returns the first and the last earliest moment of entries, but for those of which nobody knows when they begin; none
/// where nobody knows it of any.
///
/// # Errors
///
/// Returns [`Damage`] when the snapshot that holds them is damaged.
pub(super) fn begun(matches: &Matches<'_>) -> Result<Option<(i64, i64)>, Damage> {
    let mut ends: Option<(i64, i64)> = None;
    // What ends the log comes first, then what begins it: most of what is between need not be looked at then.
    let newest = matches.plain.last();
    let others = matches.plain.iter().chain(&matches.readings);
    for rows in newest.into_iter().chain(others) {
        if let Some(ends) = ends
            && lies_within(rows.1, ends)?
        {
            continue;
        }
        if let Some((first, last)) = ends_of(rows)? {
            let (least, most) = ends.unwrap_or((first, last));
            ends = Some((least.min(first), most.max(last)));
        }
    }
    Ok(ends)
}

/// Counts entries by their earliest moment, of which the first and the last are given.
///
/// # Errors
///
/// As [`begun`].
pub(super) fn occurred(
    matches: &Matches<'_>,
    begun: Option<(i64, i64)>,
    starts: &dyn Fn(Timestamp, Timestamp) -> Vec<Timestamp>,
) -> Result<Density, Damage> {
    let moment = |micros| Timestamp::from_micros(micros).ok();
    let ends = begun.and_then(|(first, last)| Some((moment(first)?, moment(last)?)));
    let starts = ends.map(|(first, last)| starts(first, last)).unwrap_or_default();
    let bounds: Vec<i64> = starts.iter().map(|start| start.micros()).collect();
    // The first place is for what begins before all.
    let nothing = || vec![0_u64; bounds.len() + 1];
    let more = |counts: &mut Vec<u64>, rows: &RowsOf<'_>| count(rows, &bounds, counts);
    let all = |counts: &mut Vec<u64>, other: Vec<u64>| {
        counts.iter_mut().zip(other).for_each(|(count, more)| *count += more);
    };
    let mut counts = together::sum(&matches.plain, nothing, more, all)?;
    all(&mut counts, together::sum(&matches.readings, nothing, more, all)?);
    let before = counts.remove(0);
    Ok(Density { starts, counts, before })
}

/// Tells whether no earliest moment of a segment is outside of two, but for those of which nobody knows when they
/// begin.
fn lies_within(segment: Segment<'_>, (least, most): (i64, i64)) -> Result<bool, Damage> {
    let extent = segment.extent();
    let first = match segment {
        Segment::Sealed(sealed) if extent.earliest_min <= Timestamp::MIN.micros() => {
            sealed.times()?.first_known()
        }
        Segment::Sealed(_) | Segment::Growing(_) => Some(extent.earliest_min),
    };
    Ok(first.is_none_or(|first| least <= first) && extent.earliest_max <= most)
}

/// Returns the first and the last earliest moment of rows, but for those of which nobody knows when they
/// begin.
fn ends_of((_, segment, bits): &RowsOf<'_>) -> Result<Option<(i64, i64)>, Damage> {
    let open = Timestamp::MIN.micros();
    if let (Segment::Sealed(sealed), true) = (segment, bits.count() > DENSE) {
        let times = sealed.times()?;
        let found = |row: &&u16| bits.contains(**row) && times.at(**row).0 > open;
        let first = times.order.iter().find(found).map(|row| times.at(*row).0);
        let last = times.order.iter().rev().find(found).map(|row| times.at(*row).0);
        return Ok(first.zip(last));
    }
    let mut ends: Option<(i64, i64)> = None;
    let moments = segment.moments()?;
    for row in bits.iter() {
        let earliest = moments.earliest(row);
        if earliest > open {
            let (least, most) = ends.unwrap_or((earliest, earliest));
            ends = Some((least.min(earliest), most.max(earliest)));
        }
    }
    Ok(ends)
}

fn count((_, segment, bits): &RowsOf<'_>, bounds: &[i64], counts: &mut [u64]) -> Result<(), Damage> {
    let place = |earliest: i64| bounds.partition_point(|bound| *bound <= earliest);
    let extent = segment.extent();
    if place(extent.earliest_min) == place(extent.earliest_max) {
        add(counts, place(extent.earliest_min), bits.count() as u64);
        return Ok(());
    }
    let count = bits.count();
    if let (Segment::Sealed(sealed), true) = (segment, count > DENSE) {
        let times = sealed.times()?;
        let missing = times.order.len().saturating_sub(count);
        // Where each stretch ends in the order of time; only those are looked for that the segment touches.
        let (low, high) = (place(extent.earliest_min), place(extent.earliest_max));
        let mut start = 0;
        for here in low..=high {
            let end = match bounds.get(here).filter(|_| here < high) {
                Some(bound) => times.order.partition_point(|row| times.at(*row).0 < *bound),
                None => times.order.len(),
            };
            let rows = times.order.get(start..end).unwrap_or_default();
            if missing < count {
                add(counts, here, rows.len() as u64);
            } else {
                add(counts, here, rows.iter().filter(|row| bits.contains(**row)).count() as u64);
            }
            start = end;
        }
        if missing < count {
            // Fewer rows are taken off again than would have to be looked at.
            let mut others = Bits::range(0, times.order.len());
            others.drop_all(bits);
            for row in others.iter() {
                if let Some(count) = counts.get_mut(place(times.at(row).0)) {
                    *count = count.saturating_sub(1);
                }
            }
        }
        return Ok(());
    }
    let moments = segment.moments()?;
    // What was recorded one after another often happened so.
    let (mut last, mut from, mut to) = (0, i64::MAX, i64::MIN);
    for row in bits.iter() {
        let earliest = moments.earliest(row);
        if !(from..to).contains(&earliest) {
            last = place(earliest);
            from = last.checked_sub(1).and_then(|before| bounds.get(before)).copied().unwrap_or(i64::MIN);
            to = bounds.get(last).copied().unwrap_or(i64::MAX);
        }
        add(counts, last, 1);
    }
    Ok(())
}

fn add(counts: &mut [u64], place: usize, more: u64) {
    if let Some(count) = counts.get_mut(place) {
        *count += more;
    }
}

/// Returns the first and the last position of rows; none where there is none.
pub(super) fn ends(places: &BTreeMap<usize, Bits>) -> Option<(u32, u32)> {
    let mut filled = places.iter().filter(|(_, bits)| !bits.is_empty());
    let (first, bits) = filled.next()?;
    let low = join(*first, bits.iter().next()?);
    let (last, bits) = filled.next_back().unwrap_or((first, bits));
    Some((low, join(*last, bits.iter().last()?)))
}

/// Counts rows by the stretch of the log in which they stand; each stretch begins with a position.
pub(super) fn by_position(
    places: &BTreeMap<usize, Bits>,
    starts: Vec<Timestamp>,
    positions: &[u32],
) -> Density {
    // How many there are in each segment and all later ones.
    let mut total = 0;
    let mut later: Vec<(usize, u64)> = Vec::with_capacity(places.len());
    for (number, bits) in places.iter().rev() {
        later.push((*number, total));
        total += bits.count() as u64;
    }
    later.reverse();
    let from = |position: u32| -> u64 {
        let (home, row) = (position as usize / ROWS, position as usize % ROWS);
        match later.get(later.partition_point(|(number, _)| *number < home)) {
            Some((number, later)) if *number == home => {
                later + places.get(&home).map_or(0, |bits| bits.count_from(row) as u64)
            }
            Some((number, later)) => later + places.get(number).map_or(0, |bits| bits.count() as u64),
            None => 0,
        }
    };
    let left: Vec<u64> = positions.iter().map(|position| from(*position)).collect();
    let next = left.iter().skip(1).copied().chain([0]);
    let counts = left.iter().zip(next).map(|(here, next)| here - next.min(*here)).collect();
    let before = total - left.first().copied().unwrap_or(total).min(total);
    Density { starts, counts, before: if positions.is_empty() { total } else { before } }
}
