//! Reads a stretch of the log and parses it, each on a thread of its own when it is long.

use std::sync::mpsc::sync_channel;

use crate::domain::zone::Zone;
use crate::projections::error::ProjectionError;
use crate::projections::removals::Removals;
use crate::projections::taken::{Taken, Taker};
use crate::store::{EventStore, ReadError, Recorded};

/// How many events go from hand to hand at a time.
const BATCH: usize = 512;
/// How many batches may wait.
const WAITING_MAX: usize = 8;

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
    mut sink: impl FnMut(Vec<Taken>) -> Result<(), ProjectionError>,
) -> Result<(), ProjectionError> {
    let mut parser = Parser { taker: Taker::new(store, zone, removals.clone()), expected: from };
    if to - from <= BATCH as u64 {
        let (batch, failed) = parser.parse(Reading::new(store, from, to).collect());
        sink(batch)?;
        return failed.map_or_else(|| parser.end(to), Err);
    }
    std::thread::scope(|scope| {
        let (read, records) = sync_channel(WAITING_MAX);
        let (parsed, batches) = sync_channel(WAITING_MAX);
        // Who waits for a hand that hung up, because it met an error, hangs up as well.
        scope.spawn(move || {
            let mut reader = Reading::new(store, from, to);
            loop {
                let batch: Records = reader.by_ref().take(BATCH).collect();
                if batch.is_empty() || read.send(batch).is_err() {
                    return;
                }
            }
        });
        scope.spawn(move || {
            for batch in records {
                let (batch, failed) = parser.parse(batch);
                let is_last = failed.is_some();
                if parsed.send((batch, failed)).is_err() || is_last {
                    return;
                }
            }
            // The end may be missing.
            let _ = parsed.send((Vec::new(), parser.end(to).err()));
        });
        for (batch, failed) in batches {
            sink(batch)?;
            failed.map_or(Ok(()), Err)?;
        }
        Ok(())
    })
}

/// Parses records, each of which must stand behind the one before.
struct Parser<'log> {
    taker: Taker<'log>,
    expected: u64,
}

impl Parser<'_> {
    /// Returns what could be parsed, and why no more.
    fn parse(&mut self, records: Records) -> (Vec<Taken>, Option<ProjectionError>) {
        let mut batch = Vec::with_capacity(records.len());
        for record in records {
            match self.next(record) {
                Ok(taken) => batch.push(taken),
                Err(error) => return (batch, Some(error)),
            }
        }
        (batch, None)
    }

    fn next(&mut self, record: Result<Recorded, ReadError>) -> Result<Taken, ProjectionError> {
        let position = self.expected;
        let taken = match record {
            Ok(record) if record.position == position => self.taker.take(&record)?,
            Ok(_) => return Err(ProjectionError::Absent { position }),
            // Everything else stays readable when a record is damaged.
            Err(_) => Taken::unreadable(position)?,
        };
        self.expected += 1;
        Ok(taken)
    }

    /// Checks that everything below `to` was parsed.
    fn end(&self, to: u64) -> Result<(), ProjectionError> {
        let position = self.expected;
        if position < to { Err(ProjectionError::Absent { position }) } else { Ok(()) }
    }
}

type Records = Vec<Result<Recorded, ReadError>>;

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
