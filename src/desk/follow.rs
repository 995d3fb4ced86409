//! What was recorded after a position, of what a filter means: a part at a time, each saying how far it looked, so
//! that whoever follows the log knows that nothing was passed over.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::AsOf;
use crate::desk::answer::entry::EntryRow;
use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::timeline;
use crate::projections::timeline::{By, Choice, Cursor, Direction, Order, TimelineQuery};

/// Which part of the log is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct FollowAsk {
    /// Which entries are meant; read apart from the rest, as those of a timeline are.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// The position that the caller saw last, or the `id` of the event of a feed; from the beginning without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// End when everything that was recorded so far is told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub catch_up: bool,
}

/// A part of what is followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The entries, in the order of the log, each as it read when this part was made.
    pub items: Vec<EntryRow>,
    /// Every position below this was looked at, from where the part begins.
    pub next: u64,
    /// Whether there is more that is recorded already.
    pub more: bool,
    /// What the part was made with.
    pub as_of: AsOf,
}

/// Returns what is wrong with a position after which something was to be read, of a log with so many events.
pub(in crate::desk) fn not_there_yet(size: u64, position: u64) -> Fault {
    let detail = match size.checked_sub(1) {
        Some(last) => format!(
            "there is no position {position} yet; the last is {last}: is it another log, or one that was set back?"
        ),
        None => format!("there is no position {position} yet; the log is empty"),
    };
    Fault::in_field("after", detail)
}

impl Desk {
    /// Returns what a filter means among the positions from `from` on: at most `max` entries.
    ///
    /// An entry is told once, as it reads now, and as [`Desk::timeline`] would tell it at the same size; what
    /// corrects it later is an entry of its own, for whoever asks for `bookkeeping`.
    ///
    /// # Errors
    ///
    /// As every question, and [`DeskError::Wrong`] for a position that the log does not have yet: then it is
    /// not the log that was followed.
    pub fn follow(
        &self,
        tz: Option<&str>,
        ask: &FilterAsk,
        from: u64,
        max: usize,
    ) -> Result<Part, DeskError> {
        let when = When { tz: tz.map(ToOwned::to_owned), ..When::default() };
        let known = self.known(&when)?;
        let size = known.view.size();
        if from > size {
            return Err(not_there_yet(size, from - 1).into());
        }
        let query = filter::query(&known, &when, ask)?;
        let as_of = known.answer(()).as_of;
        if from == size {
            return Ok(Part { items: Vec::new(), next: size, more: false, as_of });
        }
        let mut query = TimelineQuery {
            order: Order { by: By::Recorded, direction: Direction::Ascending },
            after: from.checked_sub(1).map(Cursor::at_position),
            limit: max.max(1),
            ..query
        };
        // Of a long log only the end is looked at, unless positions were asked for.
        if query.positions == Choice::default() {
            query.positions = vec![(from, size - 1)].into();
        }
        let page = known.view.timeline(&query)?;
        let items = timeline::rows(&known, &page.rows)?;
        // Where the look ended, though what stands there could not be read: damage is told elsewhere.
        let next = page.next.map_or(size, |last| last.position().saturating_add(1).max(from));
        Ok(Part { items, next, more: page.next.is_some(), as_of })
    }
}
