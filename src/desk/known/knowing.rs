//! What was known then: at a position, at a time, at a moment that has a name.

use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::items::nearest;
use crate::domain::occurred::OccurredError;
use crate::domain::timestamp::Timestamp;
use crate::domain::typed::{DateError, Typing};
use crate::projections::register::Register;
use crate::projections::view::View;

/// Returns how many events were known when `typed` says, and when that was.
///
/// # Errors
///
/// Returns [`DeskError::NotFound`] for a position beyond the log and for a name that no moment has, and
/// [`DeskError::Wrong`] for a date that is none.
pub(super) fn known_as_of(
    head: &View,
    typing: Typing,
    typed: &str,
    notices: &mut Vec<String>,
) -> Result<(u64, Timestamp), DeskError> {
    let typed = typed.trim();
    if typed.bytes().all(|byte| byte.is_ascii_digit()) && !typed.is_empty() {
        let position = typed.parse::<u64>().ok().filter(|position| *position < head.size());
        let recorded = position.map(|position| head.recorded(position)).transpose()?.flatten();
        return match (position, recorded) {
            (Some(position), Some(recorded)) => Ok((position + 1, recorded.at)),
            _ => Err(no_position(head.size(), typed)),
        };
    }
    let register = head.register()?;
    if let Some(moment) = register.moments().iter().rev().find(|moment| moment.name == typed) {
        let named = head.recorded(moment.position)?.map_or(Timestamp::MIN, |recorded| recorded.at);
        return Ok((moment.size, named));
    }
    let moment = typing.moment(typed).map_err(|error| {
        // What is no date in any way can only be the name of a moment.
        let is_no_date = matches!(error, DateError::NotADate(OccurredError::NotADate { .. }));
        if is_no_date && !begins_as_a_date(typed) {
            return no_moment(&register, typed);
        }
        let detail = format!("{error}; nor is it a position, or the name of a moment");
        Fault::in_field("known_as_of", detail).into()
    })?;
    let size = head.size_at(moment)?;
    if size == 0 {
        notices.push(
            "the log was begun later than that and knew nothing then; ask `at` for the world of that day as \
             it is known now"
                .to_owned(),
        );
    }
    Ok((size, moment))
}

/// Returns that the log has no such position.
pub(in crate::desk) fn no_position(size: u64, typed: &str) -> DeskError {
    let last = size.checked_sub(1).map_or_else(
        || "the log is empty".to_owned(),
        |last| {
            format!("the log has {size} events, so its last position is {last}; a date is written 2025-11-17")
        },
    );
    DeskError::NotFound { what: format!("position {typed}"), hints: vec![last] }
}

/// Returns that no moment has such a name, with those that have one.
fn no_moment(register: &Register, typed: &str) -> DeskError {
    let names: Vec<&str> = register.moments().iter().map(|moment| moment.name.as_str()).collect();
    let meant = match nearest(typed, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "no moment is named yet".to_owned(),
        None => format!("the moments that are named: {}", names.join(", ")),
    };
    let other = "a position is written 150, a date 2025-11-17".to_owned();
    DeskError::NotFound { what: format!("moment `{typed}`"), hints: vec![meant, other] }
}

/// Tells whether something was meant as a date, though none can be read from it.
fn begins_as_a_date(typed: &str) -> bool {
    typed.starts_with(|letter: char| letter.is_numeric() || matches!(letter, '[' | '-' | '+'))
}
