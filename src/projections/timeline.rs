//! What can be asked of a timeline, and a page of the answer.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::source::Grade;
use crate::domain::timestamp::Timestamp;

/// Of some things any, and none of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// One of these must be met; where there is nothing among them nothing meets it. Anything when none.
    pub any_of: Option<Vec<T>>,
    /// None of these may be met.
    pub none_of: Vec<T>,
}

impl<T> Default for Choice<T> {
    /// Returns the choice that everything meets.
    fn default() -> Self {
        Self { any_of: None, none_of: Vec::new() }
    }
}

impl<T> From<Vec<T>> for Choice<T> {
    fn from(any_of: Vec<T>) -> Self {
        Self { any_of: Some(any_of), none_of: Vec::new() }
    }
}

/// What lies between two sides, so that what names nobody to whom it is said or done can be told to be between them.
///
/// Between the two is what goes from one to the other; what both do together and name nobody to whom; a meeting of
/// both; a call, and what is declared about a line, that names nobody to
/// whom, is about one of `lines`, and is by one of `callers` or by none of `others`; and what is said or done by one of
/// the two about one of `offers` and names nobody to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Between {
    /// The two sides, each with its bodies.
    pub sides: (Vec<EntityId>, Vec<EntityId>),
    /// The lines between the two.
    pub lines: Vec<EntityId>,
    /// Those who call the other side over these lines, though they name nobody.
    pub callers: Vec<EntityId>,
    /// Those who call somebody else, unless one of `callers` calls with them.
    pub others: Vec<EntityId>,
    /// The offers from one of the two to the other.
    pub offers: Vec<EntityId>,
    /// The kinds of what is said or done about an offer by one of its sides.
    pub about_offers: Vec<Kind>,
}

impl Between {
    /// Returns what is said or done by one side to the other outright, and nothing else.
    pub fn outright(one: Vec<EntityId>, other: Vec<EntityId>) -> Self {
        Self { sides: (one, other), ..Self::default() }
    }
}

/// Which entries, in which order, and how many of them.
///
/// Every choice must be met. The filters see the reading that holds at the size asked about: an amended
/// entry is found by what it says now.
#[derive(Debug, Clone)]
pub struct TimelineQuery {
    /// About one of these channels, or carried by it.
    pub channels: Choice<EntityId>,
    /// Carried by one of these channels.
    pub via: Choice<EntityId>,
    /// About one of these entities, or linked to it in a way that enters its history.
    pub about: Choice<EntityId>,
    /// What passed between two sides.
    pub between: Choice<Between>,
    /// From one of these parties; of a finding of silence, who is silent.
    pub from_party: Choice<EntityId>,
    /// To one of these parties; of a finding of silence, towards whom.
    pub to_party: Choice<EntityId>,
    /// From or to one of these parties.
    pub party: Choice<EntityId>,
    /// Of one of these kinds.
    pub kinds: Choice<Kind>,
    /// On one of these topics, as they are spelt there; none stands for what has no topic.
    pub topics: Choice<Option<String>>,
    /// With one of these markings, as [`Marked::word`](crate::domain::marking::Marked::word) writes them; none stands for
    /// what has no marking.
    pub markings: Choice<Option<String>>,
    /// With a source of one of these grades; none stands for what has no source.
    pub grades: Choice<Option<Grade>>,
    /// Recorded by one of these.
    pub recorders: Choice<ActorId>,
    /// At positions from one to another, both included.
    pub positions: Choice<(u64, u64)>,
    /// At one of these positions: the entries whose readings have the words that are asked for.
    pub text: Option<Arc<RoaringBitmap>>,
    /// Happened within these bounds, both included. What has no date may have happened at any time until it was recorded.
    pub occurred: Option<(Timestamp, Timestamp)>,
    /// What an imprecise date must do to lie within `occurred`.
    pub certainty: Certainty,
    /// Had, as far as its date tells, perhaps happened by this moment, however certain `occurred` must be.
    pub happened_by: Option<Timestamp>,
    /// First recorded within these bounds, both included.
    pub recorded: Option<(Timestamp, Timestamp)>,
    /// What to do with struck entries.
    pub struck: Struck,
    /// Of which one of these became since they were recorded.
    pub became: Choice<Became>,
    /// Only entries of which a source says otherwise, that contradict another, or that assert or take back
    /// that one does.
    pub contested_only: bool,
    /// Also what keeps the record: registrations and corrections.
    pub bookkeeping: bool,
    /// The positions that the reader may see; all when none. A correction out of sight corrects nothing.
    pub visible: Option<Arc<RoaringBitmap>>,
    /// By which time, and in which direction.
    pub order: Order,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// How many rows at most.
    pub limit: usize,
}

impl Default for TimelineQuery {
    /// Returns the question for the first fifty entries that are not struck, earliest first.
    fn default() -> Self {
        Self {
            channels: Choice::default(),
            via: Choice::default(),
            about: Choice::default(),
            between: Choice::default(),
            from_party: Choice::default(),
            to_party: Choice::default(),
            party: Choice::default(),
            kinds: Choice::default(),
            topics: Choice::default(),
            markings: Choice::default(),
            grades: Choice::default(),
            recorders: Choice::default(),
            positions: Choice::default(),
            text: None,
            occurred: None,
            certainty: Certainty::Possibly,
            happened_by: None,
            recorded: None,
            struck: Struck::Hide,
            became: Choice::default(),
            contested_only: false,
            bookkeeping: false,
            visible: None,
            order: Order { by: By::Occurred, direction: Direction::Ascending },
            after: None,
            limit: 50,
        }
    }
}

/// What an imprecise date must do to lie within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// All of it lies within.
    Certainly,
    /// A part of it lies within.
    Possibly,
}

/// What to do with struck entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// Leave them out.
    Hide,
    /// Show them among the others.
    Show,
}

/// What became of an entry since it was recorded; of one entry it may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It was struck.
    Struck,
    /// It reads otherwise than when it was recorded, and was not struck.
    Amended,
    /// Its text was removed.
    Redacted,
}

/// By which time entries are put in order, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By which time.
    pub by: By,
    /// In which direction.
    pub direction: Direction,
}

/// A time by which entries are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By the earliest bound of when it happened, then the latest, then the position.
    Occurred,
    /// By position.
    Recorded,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The earliest first.
    Ascending,
    /// The latest first.
    Descending,
}

/// Where an entry stands in any order; opaque to whoever is given it as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    pub(super) earliest: i64,
    pub(super) latest: i64,
    pub(super) position: u32,
}

impl Cursor {
    /// Returns the place of a position in the order of recording.
    pub fn at_position(position: u64) -> Self {
        Self { earliest: 0, latest: 0, position: u32::try_from(position).unwrap_or(u32::MAX) }
    }

    /// Returns the place of a position among what happened between two moments, in microseconds.
    pub fn at(earliest: i64, latest: i64, position: u64) -> Self {
        Self { earliest, latest, ..Self::at_position(position) }
    }

    /// Returns the moments between which it happened, in microseconds.
    pub fn moments(self) -> (i64, i64) {
        (self.earliest, self.latest)
    }

    /// Returns the position where it stands.
    pub fn position(self) -> u64 {
        self.position.into()
    }
}

/// A text is not a cursor that a page gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place in a timeline; give back what the page before gave")]
pub struct CursorError(pub String);

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}{:016x}{:08x}", self.earliest, self.latest, self.position)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let wrong = || CursorError(text.to_owned());
        let sound = text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let part = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|_| sound).ok_or_else(wrong)?;
            u64::from_str_radix(digits, 16).map_err(|_| wrong())
        };
        Ok(Self {
            earliest: part(0, 16)?.cast_signed(),
            latest: part(16, 32)?.cast_signed(),
            position: u32::try_from(part(32, 40)?).map_err(|_| wrong())?,
        })
    }
}

/// One entry on a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where the entry stands in the log.
    pub position: u64,
    /// Where its present reading stands: the entry itself, or the newest amendment of it.
    pub reading_position: u64,
    /// The entry.
    pub id: EventId,
    /// The earliest moment at which it can have happened; the first of all where nobody knows.
    pub earliest: Timestamp,
    /// The latest moment at which it can have happened.
    pub latest: Timestamp,
    /// Whether it is struck.
    pub struck: bool,
    /// Whether it reads otherwise than when it was recorded.
    pub amended: bool,
    /// Whether a link of it was added or taken back since.
    pub relinked: bool,
}

/// Where an entry that was found stands in time and in the log; its record is not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    pub(super) key: Cursor,
    // Where its present reading stands.
    pub(super) reading: u32,
}

impl Spot {
    /// Returns where the entry stands in the log.
    pub fn position(self) -> u64 {
        self.key.position()
    }

    /// Returns the earliest and the latest moment at which it can have happened.
    pub fn bounds(self) -> (Timestamp, Timestamp) {
        (moment(self.key.earliest), moment(self.key.latest))
    }
}

/// Returns a moment of a column; one beyond what a record can hold becomes the nearest that it can.
pub(super) fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
        .unwrap_or_else(|_| chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default().into())
}

/// Where the entries of a page stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spots {
    /// In the order asked for.
    pub spots: Vec<Spot>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<Cursor>,
    /// How many entries all pages have together.
    pub total: u64,
}

/// A page of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelinePage {
    /// The entries, in the order asked for.
    pub rows: Vec<Row>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<Cursor>,
    /// How many entries all pages have together.
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_given() {
        for cursor in [
            Cursor { earliest: -1, latest: i64::MAX, position: u32::MAX },
            Cursor { earliest: i64::MIN, latest: 0, position: 0 },
        ] {
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
        for wrong in ["", "ffff", &"+".repeat(40), &"é".repeat(20), &"g".repeat(40)] {
            assert_eq!(wrong.parse::<Cursor>(), Err(CursorError((*wrong).to_owned())));
        }
    }
}
