//! Where somebody stopped reading, so that they find the place again though what they see of the log changes.
//!
//! Whoever sees the whole log is told the position that they read last. In the part that somebody sees, positions shift
//! when an earlier entry goes out of sight or comes into it; so whoever sees a part is told a number that stands for the
//! place in the whole log, and tells nothing of it: how much there is that they do not see is no matter of theirs. It
//! depends on nothing but what they read last, and is the same after a restart, and in a copy.
//!
//! The number is encrypted by FF1 (NIST SP 800-38G), under a key that is derived from the salt of the first event, which no
//! answer tells whoever sees a part. Whoever is given a release that discloses the first event has it: they could tell of
//! the numbers that they are told how much is recorded between.
//!
//! Whoever saw the whole log and sees a part since holds positions, which are read as those of the part.

use std::sync::OnceLock;

use aes::Aes256;
use fpe::ff1::{BinaryNumeralString, FF1};
use sha2::{Digest as _, Sha256};

use crate::desk::Desk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::follow::not_there_yet;
use crate::desk::known::Known;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{By, Cursor, Direction, Order};
use crate::store::EventStore;

/// From here on a number is a bookmark; a position is never so high, and neither is any higher than what JSON's readers
/// take for a number.
const FIRST: u64 = 1 << 48;
/// What tells a bookmark from most other numbers.
const TAG: u64 = 0xd5;
/// What the key is derived for.
const PURPOSE: &[u8] = b"demarche bookmarks v1";

/// A place in the whole log at which somebody stopped who sees a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::desk) struct Stop {
    /// Where the event stands, for them, that they read last.
    pub(in crate::desk) anchor: u32,
    /// How many of those that stand there for them they have not read yet: what an entry brought along stands before it,
    /// and may be more or less another time.
    pub(in crate::desk) left: u8,
}

/// What turns places into bookmarks and back.
pub(in crate::desk) struct Seal(FF1<Aes256>);

impl Seal {
    /// Returns that of a log; none where its first event cannot be read.
    fn of(store: &dyn EventStore) -> Option<Self> {
        // Where its text does not open there is no salt, and no secret.
        let first = store.sealed(0, 1).next()?.ok().filter(|first| first.salt != [0; 32])?;
        let key = Sha256::new().chain_update(PURPOSE).chain_update(first.salt).finalize();
        FF1::new(&key, 2).ok().map(Self)
    }

    fn close(&self, stop: Stop) -> Option<u64> {
        let plain = u64::from(stop.anchor) | u64::from(stop.left) << 32 | TAG << 40;
        let number = BinaryNumeralString::from_bytes_le(plain.to_le_bytes().get(..6)?);
        let sealed = self.0.encrypt(&[], &number).ok()?;
        Some(FIRST | of_six(&sealed.to_bytes_le()))
    }

    fn open(&self, bookmark: u64) -> Option<Stop> {
        let sealed = bookmark.checked_sub(FIRST).filter(|rest| *rest < FIRST)?;
        let number = BinaryNumeralString::from_bytes_le(sealed.to_le_bytes().get(..6)?);
        let plain = of_six(&self.0.decrypt(&[], &number).ok()?.to_bytes_le());
        let (anchor, left) = (u32::try_from(plain & u64::from(u32::MAX)), u8::try_from(plain >> 32 & 0xff));
        (plain >> 40 == TAG).then_some(Stop { anchor: anchor.ok()?, left: left.ok()? })
    }
}

fn of_six(bytes: &[u8]) -> u64 {
    bytes.iter().take(6).rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The seal of the whole log, made when it is first needed.
#[derive(Default)]
pub(in crate::desk) struct SealKept(OnceLock<Seal>);

impl SealKept {
    pub(in crate::desk) fn of(&self, store: &dyn EventStore) -> Option<&Seal> {
        if self.0.get().is_none()
            && let Some(seal) = Seal::of(store)
        {
            let _ = self.0.set(seal);
        }
        self.0.get()
    }
}

/// Tells whether a number is the position of an event, and no bookmark.
pub(crate) const fn is_position(number: u64) -> bool {
    number < FIRST
}

impl Desk {
    /// Returns the bookmark of whoever read everything before a position: the position that they read last, or what
    /// stands for it; none where they read nothing.
    pub(crate) fn bookmark(&self, next: u64) -> Option<u64> {
        let last = next.checked_sub(1)?;
        let Some(beyond) = &self.beyond else { return Some(last) };
        Some(beyond.stop(next).and_then(|stop| beyond.seal()?.close(stop)).unwrap_or(last))
    }

    /// Returns the position before which whoever has a bookmark has read everything.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for what is no bookmark of this log, and for a position that it does not have yet.
    pub(crate) fn read_up_to(&self, bookmark: u64) -> Result<u64, DeskError> {
        let size = self.size();
        if is_position(bookmark) {
            let next = bookmark + 1;
            return if next <= size { Ok(next) } else { Err(not_there_yet(size, bookmark).into()) };
        }
        let next = if let Some(beyond) = &self.beyond {
            beyond.seal().and_then(|seal| beyond.after(seal.open(bookmark)?))
        } else {
            // Somebody sees everything now who saw a part.
            let stop = SealKept::default().of(self.store.as_ref()).and_then(|seal| seal.open(bookmark));
            let next = |stop: Stop| u64::from(stop.anchor) + u64::from(stop.left == 0);
            stop.map(next).filter(|next| *next <= size)
        };
        next.ok_or_else(|| {
            let detail = format!("{bookmark} is no position, and no `id` that a feed of this log gave");
            Fault::in_field("after", detail).into()
        })
    }

    /// Returns what a page keeps of what was known when the first was asked for, and of the entry at which it ended.
    pub(in crate::desk) fn page_end(&self, known: &Known, end: Cursor, order: Order) -> PageEnd {
        let next = match order.direction {
            Direction::Ascending => end.position() + 1,
            Direction::Descending => end.position(),
        };
        let (earliest, latest) = end.moments();
        let mark = |next| self.bookmark(next).unwrap_or(NOTHING);
        let asked = known.asked.micros();
        PageEnd { size: mark(known.view.size()), asked, earliest, latest, read: mark(next) }
    }

    /// Returns what was known when the first page was asked for, and the place behind which the next begins, as they are
    /// now; no place where it begins with the first.
    ///
    /// # Errors
    ///
    /// As [`Desk::read_up_to`].
    pub(in crate::desk) fn page_begin(
        &self,
        kept: PageEnd,
        order: Order,
    ) -> Result<(Asked, Option<Cursor>), DeskError> {
        let next = |mark| if mark == NOTHING { Ok(0) } else { self.read_up_to(mark) };
        let (size, read) = (next(kept.size)?, next(kept.read)?);
        let PageEnd { earliest, latest, .. } = kept;
        let end = match (order.direction, order.by, read.checked_sub(1)) {
            (Direction::Descending, ..) => Some(Cursor::at(earliest, latest, read)),
            (Direction::Ascending, _, Some(last)) => Some(Cursor::at(earliest, latest, last)),
            // What stood first is not seen any more.
            (Direction::Ascending, By::Occurred, None) => {
                Some(Cursor::at(earliest, latest.saturating_sub(1), u64::MAX))
            }
            (Direction::Ascending, By::Recorded, None) => None,
        };
        let at = chrono::DateTime::from_timestamp_micros(kept.asked).map(Timestamp::from);
        Ok((Asked { size, at }, end))
    }
}

/// What of the record was there, and when, as a question was asked: for the next pages of a list as for its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Of how many events it asks at most.
    pub(crate) size: u64,
    /// When it was asked; now where none.
    pub(crate) at: Option<Timestamp>,
}

impl Asked {
    /// What is asked now, and of everything.
    pub(crate) const NOW: Self = Self { size: u64::MAX, at: None };

    /// What is asked now, and of the first `size` events at most.
    pub(crate) const fn of_first(size: u64) -> Self {
        Self { size, at: None }
    }
}

/// The order of a list of which the latest recorded comes first.
pub(in crate::desk) const LATEST_FIRST: Order = Order { by: By::Recorded, direction: Direction::Descending };

/// That nothing was read.
const NOTHING: u64 = u64::MAX;

/// Where a page ended, as its token carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::desk) struct PageEnd {
    // Of how long the log was.
    size: u64,
    // When the first page was asked for, in microseconds since 1970.
    asked: i64,
    earliest: i64,
    latest: i64,
    // Of what was passed.
    read: u64,
}

impl std::fmt::Display for PageEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { size, asked, earliest, latest, read } = self;
        write!(formatter, "{size:016x}{asked:016x}{earliest:016x}{latest:016x}{read:016x}")
    }
}

impl std::str::FromStr for PageEnd {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number =
            |at: usize| u64::from_str_radix(text.get(at * 16..(at + 1) * 16).unwrap_or_default(), 16);
        let end = Self {
            size: number(0)?,
            asked: number(1)?.cast_signed(),
            earliest: number(2)?.cast_signed(),
            latest: number(3)?.cast_signed(),
            read: number(4)?,
        };
        // Nothing behind it.
        if text.len() == 80 { Ok(end) } else { u64::from_str_radix("", 16).map(|_| end) }
    }
}

#[cfg(test)]
mod tests;
