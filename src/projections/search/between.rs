//! Which rows passed between two sides.

use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::EntityId;
use crate::projections::bits::Bits;
use crate::projections::lazy::Damage;
use crate::projections::search::content::{about, terms};
use crate::projections::search::{Relinked, RelinkedBetween, Search};
use crate::projections::table::Segment;
use crate::projections::term::{self, Field};
use crate::projections::timeline::Between;

impl Search<'_> {
    /// Keeps the rows that passed between two sides that are asked for, and none that passed between two that are not.
    ///
    /// `rows_of` gives the rows of the segment that are those of relinked entries.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn keep_between(
        &self,
        bits: &mut Bits,
        segment: Segment<'_>,
        rows_of: &impl Fn(&Relinked) -> Vec<(u16, bool)>,
    ) -> Result<(), Damage> {
        let asked = &self.query.between;
        if bits.is_empty() {
            return Ok(());
        }
        let [any, none] = &self.between;
        let rows = |pairs: &[Between], relinked: &[RelinkedBetween]| {
            let mut rows = Bits::none();
            for (pair, relinked) in pairs.iter().zip(relinked) {
                rows.add(&between(segment, pair, relinked, rows_of)?);
            }
            Ok(rows)
        };
        if let Some(pairs) = &asked.any_of {
            bits.keep(&rows(pairs, any)?);
        }
        if !asked.none_of.is_empty() {
            bits.drop_all(&rows(&asked.none_of, none)?);
        }
        Ok(())
    }
}

/// Returns the rows that passed between two sides.
fn between(
    segment: Segment<'_>,
    pair: &Between,
    relinked: &RelinkedBetween,
    rows_of: &impl Fn(&Relinked) -> Vec<(u16, bool)>,
) -> Result<Bits, Damage> {
    let (one, other) = &pair.sides;
    let mut rows = way(segment, one, other)?;
    rows.add(&way(segment, other, one)?);
    rows.add(&jointly(segment, pair)?);
    let called = calls(segment, pair)?;
    if !called.is_empty() {
        rows.add(&both(called, &about(segment, &pair.lines, &rows_of(&relinked.lines), &[])?));
    }
    rows.add(&over(segment, pair)?);
    // The offers of two sides may be thousands: they are looked for where one of the two said something of any.
    let said = words(segment, pair)?;
    if !said.is_empty() {
        rows.add(&both(said, &about(segment, &pair.offers, &rows_of(&relinked.offers), &[])?));
    }
    Ok(rows)
}

/// Returns the rows from one of some parties to one of others.
fn way(segment: Segment<'_>, from: &[EntityId], to: &[EntityId]) -> Result<Bits, Damage> {
    let mut way = segment.any(&terms(&[Field::From], from))?;
    segment.keep_any(&terms(&[Field::To], to), &mut way)?;
    Ok(way)
}

/// Returns the rows of what the two sides do together: an act of both that names nobody to whom it is, and a meeting of
/// both, whoever else is named.
fn jointly(segment: Segment<'_>, pair: &Between) -> Result<Bits, Damage> {
    let met = [term::class(KindClass::Held), term::kind(Kind::MeetingNotHeld)];
    let to_nobody = [KindClass::Speech, KindClass::Attempt, KindClass::OfLine].map(term::unaddressed);
    let mut rows = both(segment.any(&to_nobody)?, &each(segment, &[Field::From], pair)?);
    rows.add(&both(segment.any(&met)?, &each(segment, &[Field::From, Field::To], pair)?));
    Ok(rows)
}

/// Returns the rows that name each of the two sides in one of some roles. Where one is a body of the other, it does not
/// stand for both.
fn each(segment: Segment<'_>, fields: &[Field], pair: &Between) -> Result<Bits, Damage> {
    let (one, other) = &pair.sides;
    let named = |apart: &[EntityId], whole: &[EntityId]| {
        let apart: Vec<EntityId> = apart.iter().copied().filter(|id| !whole.contains(id)).collect();
        let mut rows = segment.any(&terms(fields, &apart))?;
        segment.keep_any(&terms(fields, whole), &mut rows)?;
        Ok(rows)
    };
    let mut rows = named(one, other)?;
    if one.iter().any(|id| other.contains(id)) {
        rows.add(&named(other, one)?);
    }
    Ok(rows)
}

/// Returns the rows of calls, and of what is declared about lines, that name nobody to whom, by whoever may mean the
/// other side.
fn calls(segment: Segment<'_>, pair: &Between) -> Result<Bits, Damage> {
    if pair.lines.is_empty() {
        return Ok(Bits::none());
    }
    let to_nobody = [KindClass::Attempt, KindClass::OfLine].map(term::unaddressed);
    let rows = segment.any(&to_nobody)?;
    if rows.is_empty() {
        return Ok(rows);
    }
    let mut by_others = segment.any(&terms(&[Field::From], &pair.others))?;
    by_others.drop_all(&segment.any(&terms(&[Field::From], &pair.callers))?);
    let mut rows = rows;
    rows.drop_all(&by_others);
    Ok(rows)
}

/// Returns the rows of what one of the two sides says over a line between them and names nobody to whom.
fn over(segment: Segment<'_>, pair: &Between) -> Result<Bits, Damage> {
    if pair.lines.is_empty() {
        return Ok(Bits::none());
    }
    let (one, other) = &pair.sides;
    let mut rows = segment.any(&[term::unaddressed(KindClass::Speech)])?;
    segment.keep_any(&terms(&[Field::Via], &pair.lines), &mut rows)?;
    // Who sat together is named by the meeting, whatever carried word of it.
    rows.drop_all(&segment.any(&[term::class(KindClass::Held)])?);
    segment.keep_any(&terms(&[Field::From], &[&one[..], other].concat()), &mut rows)?;
    Ok(rows)
}

/// Returns the rows of what one of the two sides says or does about any offer and that names nobody to whom.
fn words(segment: Segment<'_>, pair: &Between) -> Result<Bits, Damage> {
    if pair.offers.is_empty() {
        return Ok(Bits::none());
    }
    let (one, other) = &pair.sides;
    let kinds: Vec<_> = pair.about_offers.iter().map(|kind| term::kind(*kind)).collect();
    let mut rows = segment.any(&[term::unaddressed(KindClass::Speech)])?;
    segment.keep_any(&kinds, &mut rows)?;
    segment.keep_any(&terms(&[Field::From], &[&one[..], other].concat()), &mut rows)?;
    Ok(rows)
}

fn both(mut rows: Bits, others: &Bits) -> Bits {
    rows.keep(others);
    rows
}
