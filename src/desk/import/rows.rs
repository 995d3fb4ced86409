//! The rows of a file, all checked, then recorded in parts that may be repeated.

use std::collections::HashMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::desk::Desk;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::drafted::Faults;
use crate::desk::import::entering::{Entering, enter_by_itself};
use crate::desk::import::look;
use crate::desk::import::reading::{Reader, Reading, unspooled};
use crate::desk::import::source::{Progress, Stage};
use crate::desk::import::survey::{Row, Survey, Window};
use crate::desk::import::{DOUBTFUL_MAX, WRONG_MAX};
use crate::desk::known::Known;
use crate::desk::writing::{self, TRIES_MAX, new_event, newcomer_event, touch_desk};
use crate::domain::id::{ActorId, EntityId, RequestId};
use crate::store::{AppendError, Condition, Expect, NewEvent, Refusal};

/// How many events go in one append, or somewhat more: what the last of its rows names comes in with it.
const PART_EVENTS_MAX: usize = 900;
/// How many bytes of bodies go in one append: leaves need room beside them.
const PART_BYTES_MAX: usize = 8 << 20;
/// How many rows may be left out: where more are wrong, it is the mapping that is.
pub(super) const REJECTED_MAX: usize = 10_000;
/// How often the rows are checked again because some were left out that others point at.
const ROUNDS_MAX: usize = 32;
/// How many faults are kept to show the first of them.
const KEPT_MAX: usize = 20_000;

/// What is to be done with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct How {
    /// Record nothing.
    pub(super) dry_run: bool,
    /// Leave out what is wrong.
    pub(super) leaves_out: bool,
}

/// The rows of one file on their way into the log.
pub(super) struct Rows<'a> {
    pub(super) caller: &'a Caller,
    pub(super) stem: &'a str,
    pub(super) how: How,
    pub(super) survey: &'a Survey,
    pub(super) progress: &'a Progress,
}

/// Is told what was wrong with the rows that are left out.
pub(super) type Leave<'a> = dyn FnMut(&HashMap<u64, Vec<Fault>>) -> Result<(), DeskError> + 'a;

/// What a check of all rows found.
struct Checked {
    /// The rows, where all of them fit in one window.
    whole: Option<Reading>,
    newcomers: Reading,
    known: u64,
    new: u64,
    doubtful: Faults,
    alike: look::AlikeRows,
    wrong: Faults,
    /// The faults of the rows that are wrong.
    wrong_at: HashMap<u64, Vec<Fault>>,
}

impl Desk {
    /// Checks the rows, and records them where nothing is wrong.
    ///
    /// `leave` is told what was wrong with the rows that are left out, by their places, before any other is recorded.
    pub(super) fn import_rows(
        &self,
        rows: &Rows<'_>,
        imported: &mut Imported,
        places: &mut Vec<Range<u64>>,
        leave: &mut Leave<'_>,
    ) -> Result<(), DeskError> {
        let mut reader = Reader::new(rows.survey, rows.stem);
        let mut left_out = HashMap::new();
        for attempt in 0..TRIES_MAX {
            // Before the record is read, so that whatever comes between is noticed.
            let registers = writing::registers_at(self.store.as_ref());
            let known = self.known(&When { tz: rows.caller.tz.clone(), ..When::default() })?;
            let checked = rows.check_leaving_out(&known, &mut reader, &mut left_out)?;
            imported.registered.extend(checked.newcomers.newcomers.iter().map(writing::entered_words));
            let is_wrong = !checked.wrong.is_empty() || !rows.survey.wrong.is_empty();
            if attempt == 0 || is_wrong {
                imported.already = checked.known;
                imported.doubtful.extend(checked.doubtful.shortened(DOUBTFUL_MAX));
                imported.alike = checked.alike.first;
                imported.wrong.extend(checked.wrong.shortened(WRONG_MAX));
                imported.wrong.extend(rows.survey.wrong.iter().cloned());
            }
            if is_wrong || rows.how.dry_run {
                let would = rows.how.dry_run && !is_wrong;
                imported.recorded += if would { checked.new } else { 0 };
                return if is_wrong { Ok(()) } else { leave(&left_out) };
            }
            leave(&left_out)?;
            rows.progress.begin(Stage::Recording, checked.new);
            let outcome = match checked.whole {
                Some(whole) => self.in_parts(rows, &whole, registers, places)?,
                None => self.window_by_window(rows, &mut reader, places)?,
            };
            match outcome {
                Outcome::Whole(count) => {
                    imported.recorded += count;
                    return Ok(());
                }
                Outcome::Moved(count) => imported.recorded += count,
            }
        }
        let recorded = imported.recorded;
        Err(DeskError::Unavailable(format!(
            "others record faster than the file can be read; {recorded} rows are recorded, and repeating the import completes it"
        )))
    }

    /// Records every window, each read against the record as it is then.
    fn window_by_window(
        &self,
        rows: &Rows<'_>,
        reader: &mut Reader<'_>,
        places: &mut Vec<Range<u64>>,
    ) -> Result<Outcome, DeskError> {
        let mut done = 0;
        reader.begin(&self.known(&When::default())?, rows.caller)?;
        for window in rows.windows() {
            let window = rows.rows_of(window)?;
            let mut tries = 0;
            loop {
                let registers = writing::registers_at(self.store.as_ref());
                let known = self.known(&When { tz: rows.caller.tz.clone(), ..When::default() })?;
                let before = reader.entered.len();
                let (_, recorder) = reader.recorded_by(&known, rows.caller)?;
                let mut reading = reader.read(&known, rows.caller, &window)?;
                reading.newcomers.extend(recorder);
                enter_by_itself(&mut reading.newcomers, &mut reading.rows);
                if !reading.wrong.is_empty() {
                    // What others recorded meanwhile made it so; the next attempt tells.
                    return Ok(Outcome::Moved(done));
                }
                match self.in_parts(rows, &reading, registers, places)? {
                    Outcome::Whole(count) => {
                        done += count;
                        break;
                    }
                    Outcome::Moved(count) => done += count,
                }
                // What came in with the rows that are recorded is known by itself, the rest is read anew.
                reader.entered.truncate(before);
                tries += 1;
                if tries >= TRIES_MAX {
                    return Ok(Outcome::Moved(done));
                }
            }
        }
        Ok(Outcome::Whole(done))
    }

    /// Records what is new, part by part, each on the condition that nobody entered anything meanwhile.
    ///
    /// What comes into the registers because a row names it is recorded with the first that does: then it is as
    /// restricted as that row.
    fn in_parts(
        &self,
        rows: &Rows<'_>,
        reading: &Reading,
        registers: (EntityId, Expect),
        places: &mut Vec<Range<u64>>,
    ) -> Result<Outcome, DeskError> {
        let new = reading.rows.iter().filter(|row| !row.known);
        self.admitted(
            rows.caller,
            new.enumerate().filter_map(|(at, row)| Some((at, row.raw.event.as_ref()?))),
        )?;
        let mut condition = registers;
        let mut done = 0;
        let mut entering = Entering::with(reading);
        let mut part = Part::default();
        let mut new = reading.rows.iter().filter(|row| !row.known).peekable();
        while let Some(row) = new.next() {
            let Some(event) = &row.raw.event else { continue };
            let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
            for newcomer in entering.named_by(reading.actor, &body) {
                part.events.push(newcomer_event(newcomer, reading.actor)?);
            }
            part.bytes += body.len();
            let mut event = new_event(row.raw.id, event, body, reading.actor);
            // Two imports at once must not record one row twice: each part moves the stream of the desk.
            if part.keys.is_empty() {
                touch_desk(&mut event.streams);
            }
            part.events.push(event);
            part.keys.push(&row.key);
            if !part.is_full() && new.peek().is_some() {
                continue;
            }
            let Part { events, keys, .. } = std::mem::take(&mut part);
            let count = keys.len() as u64;
            let request = request_of(self.store.log_id(), reading.actor, rows.stem, &keys);
            match self.part(events, condition, request, places)? {
                Some(next) => condition = next,
                None => return Ok(Outcome::Moved(done)),
            }
            done += count;
            rows.progress.advance(count);
        }
        Ok(Outcome::Whole(done))
    }

    /// Records one part; none when something moved and the file must be read again.
    fn part(
        &self,
        events: Vec<NewEvent>,
        condition: (EntityId, Expect),
        request: RequestId,
        places: &mut Vec<Range<u64>>,
    ) -> Result<Option<(EntityId, Expect)>, DeskError> {
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

impl Rows<'_> {
    /// Returns the windows in the order in which they are read: first what enters something in a register.
    fn windows(&self) -> Vec<Stretch> {
        let registers = (self.survey.windows.len() > 1 && !self.survey.registers.is_empty())
            .then_some(Stretch::Registers);
        registers
            .into_iter()
            .chain(self.survey.windows.iter().map(|window| Stretch::Window(*window)))
            .collect()
    }

    fn rows_of(&self, part: Stretch) -> Result<Vec<Row>, DeskError> {
        match part {
            Stretch::Registers => self.survey.rows_at(&self.survey.registers).map_err(unspooled),
            Stretch::Window(window) => {
                let mut rows = self.survey.rows(window).map_err(unspooled)?;
                if self.survey.windows.len() > 1 {
                    rows.retain(|row| self.survey.registers.binary_search(&row.place).is_err());
                }
                Ok(rows)
            }
        }
    }

    /// Checks all rows; where what is wrong is to be left out, again and again without it, until nothing that
    /// is left points at what was left out.
    fn check_leaving_out(
        &self,
        known: &Known,
        reader: &mut Reader<'_>,
        left_out: &mut HashMap<u64, Vec<Fault>>,
    ) -> Result<Checked, DeskError> {
        for _ in 0..ROUNDS_MAX {
            let checked = self.check(known, reader)?;
            if !self.how.leaves_out || checked.wrong_at.is_empty() {
                return Ok(checked);
            }
            reader.rejected.extend(checked.wrong_at.keys());
            left_out.extend(checked.wrong_at);
            if left_out.len() > REJECTED_MAX {
                break;
            }
        }
        Err(DeskError::Refused {
            rule: format!("more than {REJECTED_MAX} rows are wrong, or hang on rows that are"),
            hints: vec![
                "look at the first of them without `--continue`: the mapping may be wrong".to_owned(),
            ],
        })
    }

    fn check(&self, known: &Known, reader: &mut Reader<'_>) -> Result<Checked, DeskError> {
        self.progress.begin(Stage::Checking, self.survey.count);
        let mut checked = Checked {
            whole: None,
            newcomers: reader.begin(known, self.caller)?,
            known: 0,
            new: 0,
            doubtful: Faults::keeping(KEPT_MAX),
            alike: look::AlikeRows::default(),
            wrong: Faults::keeping(KEPT_MAX),
            wrong_at: HashMap::new(),
        };
        checked.doubtful.extend(self.survey.doubtful.iter().cloned());
        let mut uncompared = 0;
        for part in self.windows() {
            let rows = self.rows_of(part)?;
            let mut reading = reader.read(known, self.caller, &rows)?;
            enter_by_itself(&mut checked.newcomers.newcomers, &mut reading.rows);
            self.progress.advance(rows.len() as u64);
            checked.known += reading.rows.iter().filter(|row| row.known).count() as u64;
            checked.new += reading.rows.iter().filter(|row| !row.known).count() as u64;
            checked.doubtful.extend(std::mem::take(&mut reading.doubtful));
            checked.alike.extend(std::mem::take(&mut reading.alike));
            uncompared += reading.uncompared;
            if self.how.leaves_out {
                for row in rows.iter().filter(|row| reading.wrong_at.contains(&row.place)) {
                    let of_row = reading.wrong.iter().filter(|fault| fault.line == Some(row.line));
                    if checked.wrong_at.len() <= REJECTED_MAX {
                        checked.wrong_at.insert(row.place, of_row.cloned().collect());
                    }
                }
            }
            checked.wrong.extend(std::mem::take(&mut reading.wrong));
            checked.newcomers.newcomers.append(&mut reading.newcomers);
            if self.survey.windows.len() == 1 {
                reading.newcomers.clone_from(&checked.newcomers.newcomers);
                checked.whole = Some(reading);
            }
        }
        checked.doubtful.extend(checked.alike.told());
        checked.doubtful.extend((uncompared > 0).then(|| look::uncompared(uncompared)));
        Ok(checked)
    }
}

/// What is recorded in one append.
#[derive(Default)]
struct Part<'r> {
    events: Vec<NewEvent>,
    /// The keys of its rows.
    keys: Vec<&'r str>,
    bytes: usize,
}

impl Part<'_> {
    fn is_full(&self) -> bool {
        self.events.len() >= PART_EVENTS_MAX || self.bytes >= PART_BYTES_MAX
    }
}

/// What is read together.
#[derive(Debug, Clone, Copy)]
enum Stretch {
    /// The rows that enter something.
    Registers,
    /// Rows that follow each other, but for those.
    Window(Window),
}

enum Outcome {
    /// Everything is recorded; so many rows were now.
    Whole(u64),
    /// Someone recorded meanwhile; so many rows were recorded before.
    Moved(u64),
}

/// Returns the id of the append of these rows by a recorder: repeating an import gives the same, and another who imports the
/// same rows, which they may not see, has one of their own.
fn request_of(log_id: &str, actor: ActorId, stem: &str, keys: &[&str]) -> RequestId {
    let mut hash = Sha256::new().chain_update(b"demarche/import/v2\n").chain_update(log_id).chain_update([0]);
    hash.update(actor.as_uuid().as_bytes());
    hash.update(stem);
    for key in keys {
        hash.update([0]);
        hash.update(key);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let (bytes, _) = digest.split_first_chunk::<16>().expect("32 bytes begin with 16");
    RequestId::from_uuid(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
}
