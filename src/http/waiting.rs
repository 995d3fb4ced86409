//! What a question demands of the log before it is answered: that it has a position, for which is waited a while.
//!
//! Whoever sees a part of the log demands it of that part. How far the whole of it goes, and when something came
//! that they do not see, is not told, not even by how long is waited.

use std::time::Duration;

use axum::http::request::Parts;
use tokio::time::{Instant, sleep_until};

use crate::desk::access::{Handle, Principal};
use crate::desk::error::Fault;
use crate::http::api::{Api, Runs, apart};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{filled, header};

/// The header with the position that the log must have.
pub(super) const AT_LEAST: &str = "demarche-at-least";
/// The header that says for how many seconds is waited: `wait=5` (RFC 7240).
pub(super) const PREFER: &str = "prefer";
/// So long is waited at most, whatever is preferred.
pub(super) const WAIT_SECONDS_MAX: u64 = 30;
/// How often is looked for what was recorded without a bell.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until what `who` sees of the log has the position that a request demands, as long as it prefers, and
/// returns the handle for it, none where none is demanded: before how far the log goes is told, and after each wait, it
/// is decided once more who they are and what they may.
///
/// # Errors
///
/// Returns a problem that says how far the log goes, where it does not have it by then; nothing was answered from
/// a shorter log.
pub(super) async fn reached<H: Handle>(
    parts: &Parts,
    api: &Api,
    who: &Principal,
) -> Result<Option<H>, Problem> {
    let Some(position) = filled(parts, AT_LEAST)? else { return Ok(None) };
    let digits = position.bytes().all(|byte| byte.is_ascii_digit());
    let Some(position) = position.parse::<u64>().ok().filter(|_| digits) else {
        let detail =
            format!("`{position}` is no position; send the number that `as_of.position` of an answer was");
        return Err(Problem::malformed(vec![Fault::in_field(AT_LEAST, detail)]));
    };
    let wait = preferred(header(parts, PREFER)?.as_deref())?;
    let (mut handle, mut size) = decided::<H>(api, who).await?;
    if size > position {
        return Ok(Some(handle));
    }
    // A caller in this process waits on the thread that would have to record.
    if api.runs == Runs::Apart && !wait.is_zero() {
        let until = Instant::now() + wait;
        let (mut bell, mut closing) = (api.hub.bell(), api.hub.closing());
        while Instant::now() < until && !api.hub.is_closing() {
            tokio::select! {
                _ = bell.changed() => {}
                _ = closing.changed() => {}
                () = sleep_until(until.min(Instant::now() + LOOK_EVERY)) => {}
            }
            (handle, size) = decided(api, who).await?;
            if size > position {
                return Ok(Some(handle));
            }
        }
    }
    let ends = size.checked_sub(1).map_or("is empty".to_owned(), |last| format!("ends at position {last}"));
    let waited = match wait.as_secs() {
        0 => "at once".to_owned(),
        1 => "within 1 second".to_owned(),
        seconds => format!("within {seconds} seconds"),
    };
    let detail = format!("position {position} was not reached {waited}: the log {ends}");
    let hint = format!("send `{PREFER}: wait=SECONDS`, {WAIT_SECONDS_MAX} at most, to wait longer");
    Err(Problem { retry_after: Some(1), ..Problem::new(ProblemKind::NotReached, detail) }.hinting([hint]))
}

/// Returns the handle for whoever may have it now, and how many events they see.
///
/// Who they are is decided after it was seen how far the log goes: whatever is among those events and takes
/// something from them has done so.
async fn decided<H: Handle>(api: &Api, who: &Principal) -> Result<(H, u64), Problem> {
    let (door, entrance, who) = (api.door.clone(), api.entrance, who.clone());
    apart(api.runs, move || {
        let before = door.size_for(&door.once_more(entrance, &who)?)?;
        let who = door.once_more(entrance, &who)?;
        // Not more than the handle has, nor than was there when it was decided.
        let size = door.size_for(&who)?.min(before);
        Ok((door.handle(&who)?, size))
    })
    .await
}

/// Returns how long is waited; what else is preferred is nobody's here, and passed over.
fn preferred(prefer: Option<&str>) -> Result<Duration, Problem> {
    let words = prefer
        .into_iter()
        .flat_map(|prefer| prefer.split([',', ';']))
        .filter_map(|word| word.split_once('='));
    let Some((_, seconds)) = words.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
    else {
        return Ok(Duration::ZERO);
    };
    let seconds = seconds.trim().trim_matches('"');
    let digits = if seconds.bytes().all(|byte| byte.is_ascii_digit()) { seconds } else { "" };
    match digits.parse::<u64>() {
        Ok(asked) if asked <= WAIT_SECONDS_MAX => Ok(Duration::from_secs(asked)),
        Ok(_) | Err(_) => {
            let detail =
                format!("`wait={seconds}` cannot be waited; write wait=0 to wait={WAIT_SECONDS_MAX}");
            Err(Problem::malformed(vec![Fault::in_field(PREFER, detail)]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_an_end_and_other_preferences_are_passed_over() {
        let seconds = |prefer: Option<&str>| {
            preferred(prefer).map(|wait| wait.as_secs()).map_err(|problem| problem.status)
        };
        for (prefer, wait) in [
            (None, Ok(0)),
            (Some("respond-async"), Ok(0)),
            (Some("respond-async, wait=7"), Ok(7)),
            (Some("Wait = \"30\""), Ok(30)),
            (Some("wait=31"), Err(400)),
            (Some("wait=-1"), Err(400)),
            (Some("wait=+1"), Err(400)),
            (Some("wait=soon"), Err(400)),
        ] {
            assert_eq!(seconds(prefer), wait, "{prefer:?}");
        }
    }
}
