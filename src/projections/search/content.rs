//! Which rows say what is asked for.

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::projections::bits::Bits;
use crate::projections::lazy::Damage;
use crate::projections::search::{Relinked, Search, choose, choose_terms};
use crate::projections::table::{Moments, Segment};
use crate::projections::term::{self, Field, Term};
use crate::projections::timeline::Certainty;

impl Search<'_> {
    /// Keeps the rows whose content is asked for.
    ///
    /// `rows_of` gives the rows of the segment that are those of relinked entries.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn keep_content(
        &self,
        bits: &mut Bits,
        segment: Segment<'_>,
        rows_of: impl Fn(&Relinked) -> Vec<(u16, bool)>,
    ) -> Result<(), Damage> {
        let query = self.query;
        let extent = segment.extent();
        let (from, to) = query.occurred.unwrap_or((Timestamp::MIN, Timestamp::MAX));
        let until = query.happened_by.map_or(to, |by| by.min(to));
        if extent.earliest_min > until.micros() || extent.latest_max < from.micros() {
            *bits = Bits::none();
            return Ok(());
        }
        if query.contested_only {
            bits.keep(&segment.any(&[term::mark(Field::Contested)])?);
        }
        for (asked, [any, none], with) in
            [(&query.channels, &self.channels, &[Field::Via][..]), (&query.about, &self.about, &[])]
        {
            if let Some(ids) = &asked.any_of {
                bits.keep(&about(segment, ids, &rows_of(any), with)?);
            }
            if !asked.none_of.is_empty() {
                bits.drop_all(&about(segment, &asked.none_of, &rows_of(none), with)?);
            }
        }
        for (fields, asked) in [
            (&[Field::Via][..], &query.via),
            (&[Field::From], &query.from_party),
            (&[Field::To], &query.to_party),
            (&[Field::From, Field::To], &query.party),
        ] {
            choose_terms(bits, segment, asked, |ids| terms(fields, ids))?;
        }
        self.keep_between(bits, segment, &rows_of)?;
        for (field, asked) in [(Field::Topic, &query.topics), (Field::Marking, &query.markings)] {
            choose(bits, asked, |words| {
                told(segment, field, words, |word: &String| term::word(field, word))
            })?;
        }
        choose(bits, &query.grades, |grades| {
            told(segment, Field::Grade, grades, |grade| term::grade(*grade))
        })?;
        choose_terms(bits, segment, &query.kinds, |kinds| {
            kinds.iter().map(|kind| term::kind(*kind)).collect()
        })?;
        if !query.bookkeeping && !bits.is_empty() {
            bits.drop_all(&segment.any(&[term::mark(Field::Bookkeeping)])?);
        }
        self.keep_occurred(bits, segment)
    }

    fn keep_occurred(&self, bits: &mut Bits, segment: Segment<'_>) -> Result<(), Damage> {
        let query = self.query;
        if bits.is_empty() || (query.occurred.is_none() && query.happened_by.is_none()) {
            return Ok(());
        }
        let (from, to) = query.occurred.unwrap_or((Timestamp::MIN, Timestamp::MAX));
        let (from, to) = (from.micros(), to.micros());
        let until = query.happened_by.unwrap_or(Timestamp::MAX).micros();
        // Rows are compared by the word, without a branch for each: most questions leave many of them.
        let certainly = self.query.certainty == Certainty::Certainly;
        let within = |earliest: i64, latest: i64| {
            let (last, first) = if certainly { (latest, earliest) } else { (earliest, latest) };
            u8::from(last <= to) & u8::from(from <= first) & u8::from(earliest <= until) == 1
        };
        let places = |number: usize, len: usize| number * 64..(number * 64 + 64).min(len);
        let moments = segment.moments()?;
        let is_within = |row: u16| {
            let (earliest, latest) = moments.at(row);
            within(earliest, latest)
        };
        match moments {
            Moments::Sealed(times) => bits.retain(is_within, |number| {
                let places = places(number, times.earliest.len());
                let earliest = times.earliest.get(places.clone()).unwrap_or_default();
                let latest = times.latest.get(places).unwrap_or_default();
                word_of(earliest.iter().zip(latest).map(|(earliest, latest)| within(*earliest, *latest)))
            }),
            Moments::Growing(times) => bits.retain(is_within, |number| {
                let rows = times.get(places(number, times.len())).unwrap_or_default();
                word_of(rows.iter().map(|(earliest, latest)| within(*earliest, *latest)))
            }),
        }
        Ok(())
    }
}

/// Returns the rows about any of some entities, or that name one in a role `with` which links do not change.
///
/// # Errors
///
/// Returns [`Damage`] when the snapshot that holds them is damaged.
pub(in crate::projections) fn about(
    segment: Segment<'_>,
    ids: &[EntityId],
    relinked: &[(u16, bool)],
    with: &[Field],
) -> Result<Bits, Damage> {
    let mut about = segment.any(&terms(&[Field::About, Field::Linked], ids))?;
    for (row, is_about) in relinked {
        if *is_about { about.insert(*row) } else { about.remove(*row) }
    }
    about.add(&segment.any(&terms(with, ids))?);
    Ok(about)
}

/// Returns the rows that say any of some things in a role; none stands for those that say nothing in it.
fn told<T>(
    segment: Segment<'_>,
    field: Field,
    things: &[Option<T>],
    fingerprint: impl Fn(&T) -> Term,
) -> Result<Bits, Damage> {
    let mut rows = segment.any(&things.iter().flatten().map(fingerprint).collect::<Vec<_>>())?;
    if things.iter().any(Option::is_none) {
        let mut others = Bits::range(0, segment.len());
        others.drop_all(&segment.any(&[term::has(field)])?);
        rows.add(&others);
    }
    Ok(rows)
}

/// Returns the word whose bits say which of up to 64 rows hold.
fn word_of(rows: impl Iterator<Item = bool>) -> u64 {
    rows.enumerate().fold(0, |word, (row, holds)| word | u64::from(holds) << row)
}

/// Returns the terms of entities in any of these roles.
pub(super) fn terms(fields: &[Field], ids: &[EntityId]) -> Vec<Term> {
    fields.iter().flat_map(|field| ids.iter().map(|id| term::entity(*field, *id))).collect()
}
