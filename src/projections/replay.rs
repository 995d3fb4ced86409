//! Reads a stretch of the log and parses it, on two threads when it is long.

use std::sync::mpsc::{Receiver, sync_channel};

use roaring::RoaringBitmap;

use crate::domain::zone::Zone;
use crate::projections::error::ProjectionError;
use crate::projections::taken::{Taken, Taker};
use crate::store::{EventStore, Recorded};

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
        hand_on(store.read(from, to).collect())?;
    } else {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING_MAX);
            scope.spawn(move || {
                let mut records = store.read(from, to);
                loop {
                    let batch: Records = records.by_ref().take(BATCH).collect();
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

type Records = Vec<Result<Recorded, crate::store::ReadError>>;

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
    record: Result<Recorded, crate::store::ReadError>,
    expected: &mut u64,
) -> Result<Taken, ProjectionError> {
    let record = record.map_err(|source| ProjectionError::Read { position: *expected, source })?;
    if record.position != *expected {
        return Err(ProjectionError::Absent { position: *expected });
    }
    *expected += 1;
    taker.take(&record)
}
