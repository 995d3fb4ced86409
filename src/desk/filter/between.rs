//! What passed between two parties: outright from one to the other, over a line between them, or about an offer that
//! one made to the other.

use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::items::{Items, items};
use crate::desk::known::Known;
use crate::desk::silence::{Side, lines_by_ends};
use crate::domain::fact::{EntityKind, Kind, KindClass, Subject};
use crate::domain::id::EntityId;
use crate::projections::newest::{NewestQuery, Test};
use crate::projections::timeline::{Between, Choice, Struck, TimelineQuery};

/// Returns the two parties that an item names, which has the comma of a list within itself, with what lies between
/// them.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what are not two parties, and what the names of parties say.
pub(super) fn between(known: &Known, typed: Option<&str>) -> Result<Choice<Between>, DeskError> {
    let Some(typed) = typed else { return Ok(Choice::default()) };
    let (left_out, pair) = match typed.trim().strip_prefix('!') {
        Some(pair) => (true, pair),
        None => (false, typed),
    };
    let Items { any_of, none_of } = items("between", pair)?;
    let ([one, other], []) = (any_of.as_slice(), none_of.as_slice()) else {
        let detail =
            format!("`{typed}` are not two parties; write KOR,PRK, or !KOR,PRK for what is not between them");
        return Err(Fault::in_field("between", detail).into());
    };
    let (one, other) = (Side::named(known, one)?, Side::named(known, other)?);
    if one.name == other.name {
        let detail =
            format!("`{typed}` names {} twice; write two parties, or `party` for what names one", one.name);
        return Err(Fault::in_field("between", detail).into());
    }
    let pair = of_sides(known, &one, &other)?;
    Ok(if left_out { Choice { any_of: None, none_of: vec![pair] } } else { vec![pair].into() })
}

fn of_sides(known: &Known, one: &Side, other: &Side) -> Result<Between, DeskError> {
    let mut between = Between::outright(one.ids.clone(), other.ids.clone());
    if one.ids.is_empty() || other.ids.is_empty() {
        return Ok(between);
    }
    between.lines = lines(known, one, other)?;
    if !between.lines.is_empty() {
        (between.callers, between.others) = known
            .register
            .parties()
            .map(|(id, _)| id)
            .partition(|id| one.is_end(known, &[*id]) || other.is_end(known, &[*id]));
    }
    between.about_offers = Kind::ALL.iter().copied().filter(|kind| is_of_offers(*kind)).collect();
    // A counter-proposal that names nobody is made to whoever made the offer that it answers, and is an offer between
    // the two as well.
    loop {
        let offers = known.view.overtures_of(&offers(&between))?;
        if offers.len() == between.offers.len() {
            return Ok(between);
        }
        between.offers = offers;
    }
}

/// Tells whether a kind is part of what passes between two about an offer of one to the other: whatever becomes of the
/// offer, whether or not it is said to anybody, as an act that ends silence must be.
fn is_of_offers(kind: Kind) -> bool {
    kind.family() == "overture" || KindClass::Answer.has(kind) || kind == Kind::ResponseConduct
}

/// Returns the question for the offers between two sides, as far as that is known.
fn offers(between: &Between) -> TimelineQuery {
    let makes = |kind: &Kind| {
        matches!(
            kind.subject(),
            Subject::Creates(EntityKind::Overture) | Subject::MayCreate(EntityKind::Overture)
        )
    };
    TimelineQuery {
        between: vec![between.clone()].into(),
        kinds: Kind::ALL.iter().copied().filter(makes).collect::<Vec<_>>().into(),
        // What was answered was an offer between the two, though it was struck since.
        struck: Struck::Show,
        ..TimelineQuery::default()
    }
}

/// Returns the lines between two sides: by their ends, else by what was said over them, as
/// [silence](crate::desk::silence) has it.
fn lines(known: &Known, one: &Side, other: &Side) -> Result<Vec<EntityId>, DeskError> {
    let (mut lines, without_ends) = lines_by_ends(known, one, Some(other));
    if without_ends.is_empty() {
        return Ok(lines);
    }
    let party = |side: &Side| Test::Party(side.ids.clone());
    let over = |id: &EntityId| Test::Any(vec![Test::About(vec![*id]), Test::Via(vec![*id])]).into();
    let query = NewestQuery {
        base: Test::All(vec![party(one), party(other)]),
        sought: without_ends.iter().map(over).collect(),
        since: i64::MIN,
        until: known.at.micros(),
        most: 1,
    };
    for (id, spots) in without_ends.iter().zip(known.view.newest(&query)?) {
        // One that the log no longer gives tells of no use.
        if !known.view.entries(&spots, None)?.is_empty() {
            lines.push(*id);
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
