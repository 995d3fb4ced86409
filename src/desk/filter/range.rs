//! From where to where: in the time of the world, in the time of the record, in the log.

use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{Certainty, TimelineQuery};

/// Two moments, both included.
type Bounds = (Timestamp, Timestamp);

/// A parameter and what was typed for it.
type Typed<'a> = (&'a str, Option<&'a str>);

/// Returns the positions that `100..200`, `100..`, `..200` or `100` names, both ends included.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no range, and for one that ends before it begins.
pub(super) fn positions(typed: &str) -> Result<(u64, u64), DeskError> {
    let wrong = |detail: String| DeskError::from(Fault::in_field("position", detail));
    let number = |typed: &str, open: u64| match typed.trim() {
        "" => Ok(open),
        typed if typed.bytes().all(|byte| byte.is_ascii_digit()) => typed
            .parse()
            .map_err(|_| wrong(format!("`{typed}` is beyond every position that a log can have"))),
        other => Err(wrong(format!("`{other}` is no position; write 100..200, 100.., ..200 or 100"))),
    };
    let (from, to) = match typed.split_once("..") {
        None => (number(typed, 0)?, number(typed, 0)?),
        Some((from, to)) => (number(from, 0)?, number(to, u64::MAX)?),
    };
    if typed.trim().trim_matches('.').is_empty() {
        return Err(wrong(format!("`{typed}` has no end; write 100..200, 100.. or ..200")));
    }
    if from > to {
        return Err(wrong(format!("{to} stands before {from}; exchange the two")));
    }
    Ok((from, to))
}

/// Sets the bounds of time.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no date, and for bounds that leave nothing.
pub(super) fn times(
    known: &Known,
    when: &When,
    ask: &FilterAsk,
    query: &mut TimelineQuery,
) -> Result<(), DeskError> {
    query.occurred = within(
        known,
        ("occurred", ask.occurred.as_deref()),
        ("from", ask.from.as_deref()),
        ("to", ask.to.as_deref()),
    )?;
    // Whoever looks from a moment of the world sees what had happened by then, as far as its date tells; how long that
    // may have gone on is another matter, so that what lies certainly within dates does so seen from any moment.
    query.happened_by = (when.at.is_some() || when.known_as_of.is_some()).then_some(known.at);
    if ask.certainly && query.occurred.is_none() {
        let detail = "says of dates that nothing may have been outside them, and none are given; write occurred, from or \
                      to with it";
        return Err(Fault::in_field("certainly", detail).into());
    }
    query.certainty = if ask.certainly { Certainty::Certainly } else { Certainty::Possibly };
    query.recorded = within(
        known,
        ("recorded", ask.recorded.as_deref()),
        ("recorded_from", ask.recorded_from.as_deref()),
        ("recorded_to", ask.recorded_to.as_deref()),
    )?;
    Ok(())
}

/// Returns the bounds that one word gives, or two.
fn within(
    known: &Known,
    both: Typed<'_>,
    from: Typed<'_>,
    to: Typed<'_>,
) -> Result<Option<Bounds>, DeskError> {
    [both, from, to].into_iter().try_for_each(|typed| refuse_party(known, typed))?;
    let (field, Some(typed)) = both else { return bounds(known, from, to) };
    let wrong = |detail: String| DeskError::from(Fault::in_field(field, detail));
    if from.1.is_some() || to.1.is_some() {
        let detail = format!("says the same as `{}` and `{}`; give one or the other", from.0, to.0);
        return Err(wrong(detail));
    }
    if typed.trim_start().starts_with('!') {
        return Err(wrong(
            "a time cannot be left out; ask twice, for what is before and what is after".to_owned(),
        ));
    }
    // Dates with doubt have points of their own: 2018/.., [2018..2019].
    let split = if typed.contains(['/', '[', '{']) { None } else { typed.split_once("..") };
    let given = |typed: &'_ str| (!typed.trim().is_empty()).then(|| typed.trim().to_owned());
    let (from, to) = match split {
        None => (given(typed), given(typed)),
        Some((from, to)) => (given(from), given(to)),
    };
    if from.is_none() && to.is_none() {
        return Err(wrong(format!("`{typed}` names no date; write 2018..2019-06, 2018.., ..2018 or 2018")));
    }
    bounds(known, (field, from.as_deref()), (field, to.as_deref()))
}

/// Returns from the first moment of one date to the last of another.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no date, and for an end before its beginning.
pub(crate) fn bounds(
    known: &Known,
    (from_field, from): Typed<'_>,
    (to_field, to): Typed<'_>,
) -> Result<Option<Bounds>, DeskError> {
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let read = |field: &str, typed: Option<&str>| -> Result<Option<Bounds>, DeskError> {
        let Some(typed) = typed else { return Ok(None) };
        let reading = known.typing().date(typed);
        let reading = reading.map_err(|error| Fault::in_field(field, error.to_string()))?;
        Ok(Some(reading.occurred.bounds(&known.typing_zone)))
    };
    let earliest = read(from_field, from)?.map_or(Timestamp::MIN, |(earliest, _)| earliest);
    let latest = read(to_field, to)?.map_or(Timestamp::MAX, |(_, latest)| latest);
    if earliest > latest {
        let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
        let detail = format!("`{to}` ends before `{from}` begins; exchange the two");
        return Err(Fault::in_field(to_field, detail).into());
    }
    Ok(Some((earliest, latest)))
}

/// Refuses the name of a party where a date is asked for, with what asks for parties.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no date and is the name of a party.
fn refuse_party(known: &Known, (field, typed): Typed<'_>) -> Result<(), DeskError> {
    let is_party = |typed: &&str| known.typing().date(typed).is_err() && known.names.party(typed).is_ok();
    let Some(typed) = typed.filter(is_party) else { return Ok(()) };
    let parties = if matches!(field, "from" | "to") { format!("{field}_party") } else { "party".to_owned() };
    let flag = parties.replace('_', "-");
    let detail =
        format!("`{typed}` is a party, and `{field}` takes dates: write `{parties}` (`--{flag} {typed}`)");
    Err(Fault::in_field(field, detail).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_strictly() {
        for (typed, range) in
            [("100..200", (100, 200)), ("100..", (100, u64::MAX)), ("..200", (0, 200)), (" 7 ", (7, 7))]
        {
            assert_eq!(positions(typed).unwrap(), range, "{typed}");
        }
        for (typed, says) in [
            ("..", "no end"),
            ("", "no end"),
            ("200..100", "exchange"),
            ("-1", "no position"),
            ("1...2", "no position"),
            ("+1..2", "no position"),
            ("99999999999999999999", "beyond"),
        ] {
            let error = positions(typed).unwrap_err().to_string();
            assert!(error.contains(says), "{typed}: {error}");
        }
    }
}
