//! The record as it was known: its size, its root, its digest, and where everything stood.

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::board::OvertureRow;
use crate::desk::answer::operation::Replayed;
use crate::desk::ask::{OverturesAsk, When};
use crate::desk::entries;
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::store::leaf::HexHash;
use crate::tlog::Hash;

/// The digest of the whole replayed state at a size of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDigest {
    /// How many events were known.
    pub size: u64,
    /// The digest, the same on any machine that has the same log, with all that was removed from it.
    pub digest: Hash,
    /// The positions, of those known, whose text was removed later: a digest that was made before that
    /// cannot be made again, and this one differs from it.
    pub not_reproducible: Vec<u64>,
}

impl Desk {
    /// Returns the digest of the whole state that was known at a size of the log.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] when the log is shorter, and what the projections say when the log
    /// cannot be read.
    pub fn state_digest(&self, size: u64) -> Result<StateDigest, DeskError> {
        let taken = self.projections.catch_up()?;
        if size > taken {
            let detail = format!("is {size}, and the log has {taken} events");
            return Err(Fault::in_field("size", detail).into());
        }
        let removals = self.projections.removals().into_iter();
        let later = removals.filter(|(position, by)| *position < size && size <= *by);
        Ok(StateDigest {
            size,
            digest: self.projections.digest(size)?,
            not_reproducible: later.map(|(position, _)| position).collect(),
        })
    }
}

/// Rows of the pages that are put together here.
const PAGE: u32 = 1_000;

/// Returns the record as known at a position, a recorded time or a named moment.
pub(super) fn replay(desk: &Desk, when: &When, to: &str) -> Result<Answer<Replayed>, DeskError> {
    let then = knowing(when, "to", to)?;
    let known = desk.known(&then)?;
    let log = log_then(desk, &known)?;
    let channels = desk.channels(&then)?.data.items;
    let overtures = open_overtures(desk, &then)?;
    Ok(known.answer(Replayed { channels, overtures, ..log }))
}

/// Returns the question with `to` as what was known.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] when the caller asked for another knowing beside it.
pub(super) fn knowing(when: &When, field: &str, to: &str) -> Result<When, DeskError> {
    if let Some(other) = &when.known_as_of {
        let detail = format!("`{field}` says what was known; leave out `known_as_of` ({other})");
        return Err(Fault::in_field("known_as_of", detail).into());
    }
    Ok(When { known_as_of: Some(to.to_owned()), ..when.clone() })
}

/// Returns what can be said of the log alone.
fn log_then(desk: &Desk, known: &Known) -> Result<Replayed, DeskError> {
    let size = known.view.size();
    let root = desk.store.root_at(size).map_err(|error| DeskError::Damaged(error.to_string()))?;
    let root = root.ok_or_else(|| DeskError::Damaged(format!("the log no longer has {size} events")))?;
    let last = match size.checked_sub(1) {
        Some(last) => known.view.recorded(last)?,
        None => None,
    };
    let entry = last.as_ref().map(|last| entries::one(known, last.id)).transpose()?;
    let state = desk.state_digest(size)?;
    Ok(Replayed {
        size,
        last_recorded_at: last.as_ref().map(|last| last.at),
        root: HexHash(root).to_string(),
        digest: HexHash(state.digest).to_string(),
        removed_since: state.not_reproducible,
        last: entry.as_ref().map(Known::entry_ref),
        channels: Vec::new(),
        overtures: Vec::new(),
    })
}

fn open_overtures(desk: &Desk, when: &When) -> Result<Vec<OvertureRow>, DeskError> {
    let mut ask = OverturesAsk { open: true, limit: Some(PAGE), ..OverturesAsk::default() };
    let mut overtures = Vec::new();
    loop {
        let page = desk.overtures(when, &ask)?.data;
        overtures.extend(page.items);
        if page.next.is_none() {
            return Ok(overtures);
        }
        ask.after = page.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::testing::{Fixture, on};
    use crate::domain::fact::Kind;
    use crate::tlog::tree::Edge;

    #[test]
    fn a_past_knowing_has_the_root_and_the_digest_that_the_log_had_then() {
        let fixture = Fixture::new();
        let then = fixture.desk.known(&When::default()).unwrap();
        let before = log_then(&fixture.desk, &then).unwrap();
        assert_eq!(before.root, HexHash(fixture.desk.store.head().root).to_string());
        let incident = fixture.event(Kind::Incident, on("2020-01-01"));
        let when = knowing(&When::default(), "to", "1").unwrap();
        let again = log_then(&fixture.desk, &fixture.desk.known(&when).unwrap()).unwrap();
        assert_eq!(again, before);
        let now = log_then(&fixture.desk, &fixture.desk.known(&When::default()).unwrap()).unwrap();
        assert_eq!((now.size, now.last.unwrap().id), (3, incident));
        assert!(now.root != before.root && now.digest != before.digest);
        let empty = knowing(&When::default(), "to", "2020-01-01").unwrap();
        let empty = log_then(&fixture.desk, &fixture.desk.known(&empty).unwrap()).unwrap();
        assert_eq!((empty.size, empty.root), (0, HexHash(Edge::default().root()).to_string()));
    }

    #[test]
    fn a_replay_says_itself_what_was_known() {
        let when = When { known_as_of: Some("1".to_owned()), ..When::default() };
        assert!(knowing(&when, "to", "2").is_err());
    }
}
