//! Reads a stretch of the log and parses it, on two threads when it is long.

use std::sync::mpsc::{Receiver, sync_channel};

use roaring::RoaringBitmap;

use crate::domain::zone::Zone;
use crate::projections::error::ProjectionError;
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
    zone: &Zone,
    redacted: &RoaringBitmap,
    from: u64,
    to: u64,
    mut sink: impl FnMut(Vec<Taken>) -> Result<(), ProjectionError>,
) -> Result<(), ProjectionError> {
    let mut taker = Taker::new(store, zone, redacted.clone());
    let mut expected = from;
    let mut hand_on = |records: Records| -> Result<(), ProjectionError> {
        let mut batch = Vec::with_capacity(records.len());
        let mut failed = None;
        for record in records {
            match take_next(&mut taker, record, &mut expected) {
                Ok(taken) => batch.push(taken),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        sink(batch)?;
        failed.map_or(Ok(()), Err)
    };
    if to - from <= BATCH as u64 {
        hand_on(Reading::new(store, from, to).collect())?;
    } else {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING_MAX);
            scope.spawn(move || {
                let mut reader = Reading::new(store, from, to);
                loop {
                    let batch: Records = reader.by_ref().take(BATCH).collect();
                    // The other side hangs up when it met an error.
                    if batch.is_empty() || sender.send(batch).is_err() {
                        return;
                    }
                }
            });
            drain(&receiver, &mut hand_on)
        })?;
    }
    if expected < to { Err(ProjectionError::Absent { position: expected }) } else { Ok(()) }
}

type Records = Vec<Result<Recorded, ReadError>>;

/// The events of a stretch of the log, one for each position: reading goes on behind one that cannot be
/// read.
struct Reading<'log> {
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
    fn new(store: &'log dyn EventStore, from: u64, to: u64) -> Self {
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

fn drain(
    receiver: &Receiver<Records>,
    hand_on: &mut impl FnMut(Records) -> Result<(), ProjectionError>,
) -> Result<(), ProjectionError> {
    for batch in receiver {
        hand_on(batch)?;
    }
    Ok(())
}

fn take_next(
    taker: &mut Taker<'_>,
    record: Result<Recorded, ReadError>,
    expected: &mut u64,
) -> Result<Taken, ProjectionError> {
    let position = *expected;
    let taken = match record {
        Ok(record) if record.position == position => taker.take(&record)?,
        Ok(_) => return Err(ProjectionError::Absent { position }),
        // Everything else stays readable when a record is damaged.
        Err(_) => Taken::unreadable(position)?,
    };
    *expected += 1;
    Ok(taken)
}
