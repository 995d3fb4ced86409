//! Reads and parses a stretch of the log, on threads of their own when it is long.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::domain::zone::Zone;
use crate::projections::error::ProjectionError;
use crate::projections::removals::Removals;
use crate::projections::taken::{Taken, Taker};
use crate::store::{EventStore, ReadError, Recorded, Seen};

/// How many events go from hand to hand at a time.
const BATCH: usize = 512;
/// How many batches one hand parses before it leaves the next to another, and how many may wait.
const BATCHES: usize = 8;
/// How many events those are.
const PART: u64 = (BATCH * BATCHES) as u64;
/// Hands at most: they wait for the one that takes in what they parsed.
const HANDS_MAX: usize = 4;

/// Gives the events at `from..to` to `sink`, in order and in batches.
///
/// # Errors
///
/// Returns the first error; the events before it were given to `sink`.
pub(super) fn replay(
    store: &dyn EventStore,
    zone: Zone,
    removals: &Removals,
    from: u64,
    to: u64,
    mut sink: impl FnMut(&[Taken]) -> Result<(), ProjectionError>,
) -> Result<(), ProjectionError> {
    let parser = || Parser { taker: Taker::new(store, zone, removals.clone()), expected: from };
    if to - from <= BATCH as u64 {
        let mut outcome = Ok(());
        let whole = parser().part(store, from, to, |(batch, failed)| {
            outcome = sink(&batch).and(failed.map_or(Ok(()), Err));
            ControlFlow::Continue(())
        });
        return outcome.and(whole.map_or(Ok(()), Err));
    }
    let hands = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(HANDS_MAX) as u64;
    std::thread::scope(|scope| {
        let ends: Vec<End> = (0..hands)
            .map(|hand| {
                let ((parsed, batches), (give_back, used)) = (sync_channel(BATCHES), channel());
                let parser = parser();
                scope.spawn(move || {
                    let parts =
                        (from + hand * PART..to).step_by(usize::try_from(hands * PART).unwrap_or(usize::MAX));
                    work(parser, store, parts, to, &parsed, &used);
                });
                End { batches, give_back }
            })
            .collect();
        for (end, part) in ends.iter().cycle().zip((from..to).step_by(BATCH * BATCHES)) {
            end.take(part, to, &mut sink)?;
        }
        Ok(())
    })
}

/// Events that were parsed, and why no more.
type Batch = (Vec<Taken>, Option<ProjectionError>);

/// Parses every so manieth part of the log, as long as somebody takes it.
fn work(
    mut parser: Parser<'_>,
    store: &dyn EventStore,
    parts: impl Iterator<Item = u64>,
    to: u64,
    parsed: &SyncSender<Batch>,
    used: &Receiver<Vec<Taken>>,
) {
    for part in parts {
        let failed = parser.part(store, part, to.min(part + PART), |batch| {
            // Whoever asked for memory gives it back: that is quicker, and there is time for it here.
            used.try_iter().for_each(drop);
            // Who waits for a hand that hung up, because it met an error, hangs up as well.
            if parsed.send(batch).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(failed) = failed {
            let _ = parsed.send((Vec::new(), Some(failed)));
            return;
        }
    }
}

/// What is held of a hand that parses.
struct End {
    batches: Receiver<Batch>,
    give_back: Sender<Vec<Taken>>,
}

impl End {
    /// Takes what was parsed of a part.
    fn take(
        &self,
        part: u64,
        to: u64,
        sink: &mut impl FnMut(&[Taken]) -> Result<(), ProjectionError>,
    ) -> Result<(), ProjectionError> {
        let mut next = part;
        while next < to.min(part + PART) {
            // A hand that stopped without a word panicked, which is told when all have ended.
            let Ok((batch, failed)) = self.batches.recv() else {
                return Err(ProjectionError::Absent { position: next });
            };
            sink(&batch)?;
            next += batch.len() as u64;
            // Nobody is left to take it back when all is parsed.
            let _ = self.give_back.send(batch);
            failed.map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}

/// Parses records, each of which must stand behind the one before.
struct Parser<'log> {
    taker: Taker<'log>,
    expected: u64,
}

impl Parser<'_> {
    /// Parses the events at `from..to`, and gives them away in batches, the last with what stopped it; returns what
    /// is missing where the log ends before.
    fn part(
        &mut self,
        store: &dyn EventStore,
        from: u64,
        to: u64,
        mut give: impl FnMut(Batch) -> ControlFlow<()>,
    ) -> Option<ProjectionError> {
        self.expected = from;
        let mut batch = Vec::with_capacity(usize::try_from(to - from).unwrap_or(BATCH).min(BATCH));
        let mut stopped = false;
        store.show(from, to, &mut |record| {
            match self.next(record) {
                Ok(taken) => batch.push(taken),
                Err(error) => {
                    stopped = true;
                    let _ = give((std::mem::take(&mut batch), Some(error)));
                    return ControlFlow::Break(());
                }
            }
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            let flow = give((std::mem::replace(&mut batch, Vec::with_capacity(BATCH)), None));
            stopped = flow.is_break();
            flow
        });
        if stopped {
            return None;
        }
        let position = self.expected;
        let _ = if batch.is_empty() { ControlFlow::Continue(()) } else { give((batch, None)) };
        // The end may be missing.
        (position < to).then_some(ProjectionError::Absent { position })
    }

    #[expect(clippy::needless_pass_by_value, reason = "what was shown is gone once it is taken")]
    fn next(&mut self, record: Result<Seen<'_>, ReadError>) -> Result<Taken, ProjectionError> {
        let position = self.expected;
        let taken = match record {
            Ok(record) if record.position == position => self.taker.take(record)?,
            Ok(_) => return Err(ProjectionError::Absent { position }),
            // Everything else stays readable when a record is damaged.
            Err(_) => Taken::unreadable(position)?,
        };
        self.expected += 1;
        Ok(taken)
    }
}

/// The events of a stretch of the log, one for each position: reading goes on behind one that cannot be
/// read.
pub(super) struct Reading<'log> {
    store: &'log dyn EventStore,
    records: crate::store::Records<'log>,
    next: u64,
    // Where `records` ends; asked for piece by piece, since an engine may gather what it is asked for.
    end: u64,
    to: u64,
}

/// How many events are asked for at a time.
const PIECE: u64 = 8_192;

impl<'log> Reading<'log> {
    /// Begins to read the events at `from..to`.
    pub(super) fn new(store: &'log dyn EventStore, from: u64, to: u64) -> Self {
        Self { store, records: Box::new(std::iter::empty()), next: from, end: from, to }
    }

    fn ask(&mut self) {
        self.end = self.next.saturating_add(PIECE).min(self.to);
        self.records = self.store.read(self.next, self.end);
    }
}

impl Iterator for Reading<'_> {
    type Item = Result<Recorded, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.to {
            return None;
        }
        if self.next >= self.end {
            self.ask();
        }
        let record = self.records.next()?;
        self.next += 1;
        if record.is_err() {
            self.ask();
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::domain::id::{ActorId, EntityId, RequestId};
    use crate::domain::timestamp::Timestamp;
    use crate::store::memory::MemoryStore;
    use crate::store::{Class, Condition, NewEvent};

    /// Returns a log of so many events, of which one is none that this program knows.
    fn log(count: u64, unknown: Option<u64>) -> MemoryStore {
        let store = MemoryStore::new("seoul", Arc::new(|| Timestamp::from_micros(0).unwrap()));
        let id = |number: u64| uuid::Uuid::from_u128(u128::from(number) + 1);
        let event = |position| NewEvent {
            id: None,
            streams: vec![EntityId::from_uuid(id(position))],
            class: if unknown == Some(position) { Class::Fact } else { Class::Incident },
            schema: 1,
            actor: ActorId::from_uuid(id(0)),
            body: "{}".to_owned(),
            attachments: Vec::new(),
            signature: None,
        };
        for first in (0..count).step_by(1_000) {
            let events = (first..count.min(first + 1_000)).map(event).collect();
            store.append(events, Condition::default(), RequestId::from_uuid(id(first))).unwrap();
        }
        store
    }

    #[track_caller]
    fn check(from: u64, count: u64, unknown: Option<u64>) {
        let store = log(count, unknown);
        let mut given = Vec::new();
        let outcome = replay(&store, Zone::default(), &Removals::default(), from, count, |batch| {
            given.extend(batch.iter().map(|taken| u64::from(taken.place.position)));
            Ok(())
        });
        let stops = unknown.filter(|unknown| (from..count).contains(unknown));
        assert_eq!(given, (from..stops.unwrap_or(count)).collect::<Vec<_>>());
        match (outcome, stops) {
            (Ok(()), None) => {}
            (Err(ProjectionError::Unknown { position, .. }), Some(stops)) => assert_eq!(position, stops),
            (outcome, _) => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn a_stretch_is_given_in_order_however_many_hands_parse_it() {
        for count in [0, 1, 511, 512, 513, PART - 1, PART, PART + 1, 3 * PART + 700] {
            check(0, count, None);
        }
        check(700, 2 * PART + 3, None);
    }

    #[test]
    fn what_stands_before_an_unknown_event_is_given_and_nothing_behind_it() {
        for unknown in [0, 511, 512, PART - 1, PART, 2 * PART + 513, 3 * PART - 1] {
            check(0, 3 * PART, Some(unknown));
        }
        check(PART, 3 * PART, Some(PART - 1));
    }

    #[test]
    fn a_log_that_ends_too_early_is_told_and_a_sink_that_fails_is_heeded() {
        let store = log(PART + 10, None);
        let mut given = 0;
        let to = PART * 2;
        let outcome = replay(&store, Zone::default(), &Removals::default(), 0, to, |batch| {
            given += batch.len() as u64;
            Ok(())
        });
        assert!(matches!(outcome, Err(ProjectionError::Absent { position }) if position == PART + 10));
        assert_eq!(given, PART + 10);
        let outcome =
            replay(&store, Zone::default(), &Removals::default(), 0, PART, |_| Err(ProjectionError::TooLong));
        assert!(matches!(outcome, Err(ProjectionError::TooLong)));
    }
}
