//! A file of entries, recorded in parts that may be repeated.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::desk::Desk;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::reading::{Reading, read};
use crate::desk::import::survey::survey;
use crate::desk::writing::{self, TRIES_MAX, new_event, newcomer_event, touch_desk};
use crate::domain::id::{EntityId, RequestId};
use crate::store::{AppendError, Condition, Expect, NewEvent, Refusal};

/// How many events go in one append.
const PART_EVENTS_MAX: usize = 1_000;
/// How many bytes of bodies go in one append: leaves need room beside them.
const PART_BYTES_MAX: usize = 8 << 20;

impl Desk {
    pub(super) fn import_chronology(
        &self,
        caller: &Caller,
        stem: &str,
        dry_run: bool,
        file: &[u8],
        places: &mut Vec<Range<u64>>,
    ) -> Result<Imported, DeskError> {
        let survey = survey(file);
        let mut imported = Imported {
            dry_run,
            format: "chronology".to_owned(),
            rows: survey.count,
            recorded: 0,
            already: 0,
            registered: Vec::new(),
            doubtful: Vec::new(),
            wrong: survey.wrong.clone(),
            size: 0,
            root: String::new(),
            proofs: Vec::new(),
        };
        if survey.count == 0 {
            imported.wrong.push(Fault::new("the file holds no entry; it has one JSON object per line"));
        }
        let mut recorded = 0;
        for attempt in 0..TRIES_MAX {
            // Before the record is read, so that whatever comes between is noticed.
            let registers = writing::registers_at(self.store.as_ref());
            let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
            let reading = read(&known, caller, stem, &survey)?;
            if attempt == 0 {
                imported.already = reading.rows.iter().filter(|row| row.known).count() as u64;
                imported.doubtful.clone_from(&reading.doubtful);
                imported.wrong.extend(reading.wrong.iter().cloned());
            }
            imported.registered.extend(reading.newcomers.iter().map(writing::entered_words));
            let new = reading.rows.iter().filter(|row| !row.known).count() as u64;
            if !imported.wrong.is_empty() || !reading.wrong.is_empty() || dry_run {
                imported.recorded = if dry_run && imported.wrong.is_empty() { new } else { recorded };
                return Ok(imported);
            }
            match self.in_parts(stem, &reading, registers, places)? {
                Outcome::Whole(count) => {
                    imported.recorded = recorded + count;
                    return Ok(imported);
                }
                Outcome::Moved(count) => recorded += count,
            }
        }
        Err(DeskError::Unavailable(format!(
            "others record faster than the file can be read; {recorded} rows are recorded, and repeating the import completes it"
        )))
    }

    /// Records what is new, part by part, each on the condition that nobody entered anything meanwhile.
    fn in_parts(
        &self,
        stem: &str,
        reading: &Reading,
        registers: (EntityId, Expect),
        places: &mut Vec<Range<u64>>,
    ) -> Result<Outcome, DeskError> {
        let mut condition = registers;
        let mut done = 0;
        let newcomers = reading.newcomers.iter().map(|newcomer| newcomer_event(newcomer, reading.actor));
        let newcomers = newcomers.collect::<Result<Vec<_>, _>>()?;
        for part in newcomers.chunks(PART_EVENTS_MAX) {
            let request = RequestId::from_uuid(uuid::Uuid::new_v4());
            match self.part(part.to_vec(), condition, request, places)? {
                Some(next) => condition = next,
                None => return Ok(Outcome::Moved(done)),
            }
        }
        let mut part: Vec<NewEvent> = Vec::new();
        let mut keys: Vec<&str> = Vec::new();
        let mut bytes = 0;
        let mut rows = reading.rows.iter().filter(|row| !row.known).peekable();
        while let Some(row) = rows.next() {
            let Some(event) = &row.raw.event else { continue };
            let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
            bytes += body.len();
            part.push(new_event(row.raw.id, event, body, reading.actor));
            keys.push(&row.key);
            if part.len() < PART_EVENTS_MAX && bytes < PART_BYTES_MAX && rows.peek().is_some() {
                continue;
            }
            let count = part.len() as u64;
            let request = request_of(self.store.log_id(), stem, &keys);
            match self.part(std::mem::take(&mut part), condition, request, places)? {
                Some(next) => condition = next,
                None => return Ok(Outcome::Moved(done)),
            }
            done += count;
            keys.clear();
            bytes = 0;
        }
        Ok(Outcome::Whole(done))
    }

    /// Records one part; none when something moved and the file must be read again.
    fn part(
        &self,
        mut events: Vec<NewEvent>,
        condition: (EntityId, Expect),
        request: RequestId,
        places: &mut Vec<Range<u64>>,
    ) -> Result<Option<(EntityId, Expect)>, DeskError> {
        // Two imports at once must not record one row twice: each part moves the stream of the desk.
        if let Some(first) = events.first_mut() {
            touch_desk(&mut first.streams);
        }
        match self.append(events, Condition { expect: vec![condition] }, request) {
            Ok(receipt) => {
                places.push(receipt.first..receipt.first + receipt.ids.len() as u64);
                Ok(Some(writing::registers_at(self.store.as_ref())))
            }
            Err(AppendError::Moved { .. } | AppendError::Refused(Refusal::RequestKnown(_))) => Ok(None),
            Err(error) => Err(self.not_appended(error)),
        }
    }
}

enum Outcome {
    /// Everything is recorded; so many rows were now.
    Whole(u64),
    /// Someone recorded meanwhile; so many rows were recorded before.
    Moved(u64),
}

/// Returns the id of the append of these rows: repeating an import gives the same.
fn request_of(log_id: &str, stem: &str, keys: &[&str]) -> RequestId {
    let mut hash = Sha256::new().chain_update(b"demarche/import/v1\n").chain_update(log_id).chain_update([0]);
    hash.update(stem);
    for key in keys {
        hash.update([0]);
        hash.update(key);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (bytes, _) = digest.split_first_chunk::<16>().expect("32 bytes begin with 16");
    RequestId::from_uuid(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
}
