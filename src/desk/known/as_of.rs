//! How much was known when: at a position, a moment, or a moment that has a name.

use crate::desk::error::{DeskError, Fault};
use crate::domain::timestamp::Timestamp;
use crate::domain::typed::Typing;
use crate::projections::view::View;

/// Returns how many events were known when `typed` says, and when that was.
pub(super) fn known_as_of(
    head: &View,
    typing: Typing,
    typed: &str,
    notices: &mut Vec<String>,
) -> Result<(u64, Timestamp), DeskError> {
    let wrong = |detail: String| DeskError::from(Fault::in_field("known_as_of", detail));
    let typed = typed.trim();
    if typed.bytes().all(|byte| byte.is_ascii_digit()) && !typed.is_empty() {
        let position = typed.parse::<u64>().ok().filter(|position| *position < head.size());
        let recorded = position.map(|position| head.recorded(position)).transpose()?.flatten();
        return match (position, recorded) {
            (Some(position), Some(recorded)) => Ok((position + 1, recorded.at)),
            _ => Err(wrong(format!(
                "the log has {} events, so there is no position {typed}; a date is written 2025-11-17",
                head.size()
            ))),
        };
    }
    let register = head.register()?;
    if let Some(moment) = register.moments().iter().rev().find(|moment| moment.name == typed) {
        let named = head.recorded(moment.position)?.map_or(Timestamp::MIN, |recorded| recorded.at);
        return Ok((moment.size, named));
    }
    let moment = typing.moment(typed).map_err(|error| {
        let names: Vec<_> = register.moments().iter().map(|moment| moment.name.as_str()).collect();
        let known = if names.is_empty() { "none are named yet".to_owned() } else { names.join(", ") };
        wrong(format!("{error}; nor is it a position or the name of a moment ({known})"))
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
