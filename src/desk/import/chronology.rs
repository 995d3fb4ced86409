//! A file of entries: read against the record, compared with what it has already, and recorded in parts.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use crate::desk::Desk;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, When};
use crate::desk::consequences;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::format::{Parsed, Parser, Resolver, Trouble};
use crate::desk::import::lines;
use crate::desk::import::patterns::{Neighbours, in_words};
use crate::desk::import::survey::{Row, Survey, Turn, survey};
use crate::desk::known::Known;
use crate::desk::recording::{Likeness, check, doubtful};
use crate::desk::writing::{self, TRIES_MAX, draw_event, new_event, newcomer_event, touch_desk};
use crate::domain::event::{Event, ExternalRef};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EventId, RequestId};
use crate::domain::reading::RawEvent;
use crate::domain::typed::Mode;
use crate::store::{AppendError, Condition, Expect, NewEvent, Refusal};

/// How many events go in one append.
const PART_EVENTS_MAX: usize = 1_000;
/// How many bytes of bodies go in one append: leaves need room beside them.
const PART_BYTES_MAX: usize = 8 << 20;
/// Up to so many rows are compared with the log one by one; more are not, beyond their ids.
const COMPARED_MAX: usize = 5_000;

/// A row that was read.
struct Read {
    line: u64,
    key: String,
    raw: RawEvent,
    /// The log has it already.
    known: bool,
}

/// Everything that a file says, read against one knowledge of the record.
struct Reading {
    rows: Vec<Read>,
    newcomers: Vec<Newcomer>,
    actor: ActorId,
    doubtful: Vec<Fault>,
    wrong: Vec<Fault>,
}

impl Desk {
    pub(super) fn import_chronology(
        &self,
        caller: &Caller,
        stem: &str,
        dry_run: bool,
        file: &[u8],
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
            match self.in_parts(stem, &reading, registers)? {
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
        registers: (crate::domain::id::EntityId, Expect),
    ) -> Result<Outcome, DeskError> {
        let mut condition = registers;
        let mut done = 0;
        let newcomers = reading.newcomers.iter().map(|newcomer| newcomer_event(newcomer, reading.actor));
        let newcomers = newcomers.collect::<Result<Vec<_>, _>>()?;
        for part in newcomers.chunks(PART_EVENTS_MAX) {
            let request = RequestId::from_uuid(uuid::Uuid::new_v4());
            match self.part(part.to_vec(), condition, request)? {
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
            match self.part(std::mem::take(&mut part), condition, request)? {
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
        condition: (crate::domain::id::EntityId, Expect),
        request: RequestId,
    ) -> Result<Option<(crate::domain::id::EntityId, Expect)>, DeskError> {
        // Two imports at once must not record one row twice: each part moves the stream of the desk.
        if let Some(first) = events.first_mut() {
            touch_desk(&mut first.streams);
        }
        match self.store.append(events, Condition { expect: vec![condition] }, request) {
            Ok(_) => Ok(Some(writing::registers_at(self.store.as_ref()))),
            Err(AppendError::Moved { .. } | AppendError::Refused(Refusal::RequestKnown(_))) => Ok(None),
            Err(error) => Err(error.into()),
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

/// Reads the rows of a file: what enters something first, corrections last.
fn read(known: &Known, caller: &Caller, stem: &str, survey: &Survey<'_>) -> Result<Reading, DeskError> {
    let (actor, newcomer) = writing::recorder(known, caller)?;
    let mut reading =
        Reading { rows: Vec::new(), newcomers: Vec::new(), actor, doubtful: Vec::new(), wrong: Vec::new() };
    let mut resolver = Resolver::of_file(known, stem, survey.uses.clone());
    let ids = ids(known, stem, survey, &mut reading)?;
    for (row, (id, _)) in survey.rows.iter().zip(&ids) {
        resolver.row(&row.key, *id);
    }
    let mut place = known.view.size() + 1_000_000;
    let mut known_of_turn: Option<Known> = None;
    for turn in [Turn::Register, Turn::Entry] {
        let mut parser = Parser::new(&mut resolver, Mode::Import);
        turn_of(turn, survey, &ids, &mut parser, &mut reading, &mut place)?;
    }
    let mut entered: Vec<Newcomer> = newcomer.into_iter().collect();
    entered.append(&mut resolver.newcomers);
    if survey.rows.iter().any(|row| row.turn == Turn::Correction) {
        // A correction may be of a row of the same file: the record is read as if it had it.
        known_of_turn = Some(known.ahead(raw_events(known, &entered, &reading))?);
    }
    if let Some(ahead) = &known_of_turn {
        let mut resolver = Resolver::of_file(ahead, stem, HashMap::new());
        for (row, (id, _)) in survey.rows.iter().zip(&ids) {
            resolver.row(&row.key, *id);
        }
        let mut parser = Parser::new(&mut resolver, Mode::Import);
        turn_of(Turn::Correction, survey, &ids, &mut parser, &mut reading, &mut place)?;
        entered.append(&mut resolver.newcomers);
        once_each(&mut reading);
    }
    reading.newcomers = entered;
    if reading.wrong.is_empty() {
        look(known, &mut reading)?;
    }
    Ok(reading)
}

/// Returns the event of every row: that which the log has, or a new one.
fn ids(
    known: &Known,
    stem: &str,
    survey: &Survey<'_>,
    reading: &mut Reading,
) -> Result<Vec<(EventId, bool)>, DeskError> {
    let mut ids = Vec::with_capacity(survey.rows.len());
    for row in &survey.rows {
        ids.push(match known.view.external(stem, &row.key)?.as_slice() {
            [] => (draw_event(), false),
            [id] => (*id, true),
            [id, ..] => {
                reading.wrong.push(Fault {
                    line: Some(row.line),
                    field: Some("id".to_owned()),
                    detail: format!("several entries of the log go by `{stem}:{}`", row.key),
                });
                (*id, true)
            }
        });
    }
    Ok(ids)
}

fn turn_of(
    turn: Turn,
    survey: &Survey<'_>,
    ids: &[(EventId, bool)],
    parser: &mut Parser<'_, '_>,
    reading: &mut Reading,
    place: &mut u64,
) -> Result<(), DeskError> {
    let known = parser.resolver().known;
    for (row, (id, recorded)) in survey.rows.iter().zip(ids).filter(|(row, _)| row.turn == turn) {
        let Ok(object) = lines::object(row.line, row.bytes) else { continue };
        let outcome = parser.parse(&object).and_then(|mut parsed| {
            name(parser.resolver().namespace, row, &mut parsed);
            if !*recorded {
                check(known, *id, &mut parsed).map_err(|trouble| vec![trouble])?;
            }
            to_itself(*id, &parsed.event).map_err(|trouble| vec![trouble])?;
            Ok(parsed)
        });
        match outcome {
            Ok(parsed) if *recorded => {
                parser.resolver().entered(*id, &parsed.event.fact);
                match known.view.event(*id)? {
                    Some(raw) if says(&raw, &parsed) => {
                        reading.rows.push(Read { line: row.line, key: row.key.clone(), raw, known: true });
                    }
                    Some(_) | None => reading.wrong.push(Fault {
                        line: Some(row.line),
                        field: row.has_id.then(|| "id".to_owned()),
                        detail: format!(
                            "`{}` is in the log with other content; a row that was imported is corrected with `amend`",
                            row.key
                        ),
                    }),
                }
            }
            Ok(parsed) => {
                parser.resolver().entered(*id, &parsed.event.fact);
                let said =
                    parsed.doubtful.into_iter().chain(doubtful(&parsed.event)).chain(in_words(&parsed.event));
                reading.doubtful.extend(said.map(|detail| at(row.line, detail)));
                *place += 1;
                let raw = RawEvent {
                    position: *place,
                    at: known.at,
                    id: *id,
                    actor: reading.actor,
                    event: Some(parsed.event),
                };
                reading.rows.push(Read { line: row.line, key: row.key.clone(), raw, known: false });
            }
            Err(troubles) => reading.wrong.extend(troubles.into_iter().map(|trouble| {
                let mut fault = trouble.fault;
                fault.line = Some(row.line);
                fault
            })),
        }
    }
    Ok(())
}

/// Gives a row without an id the name by which it is known again.
fn name(namespace: &str, row: &Row<'_>, parsed: &mut Parsed) {
    if !row.has_id {
        let own = ExternalRef { namespace: namespace.to_owned(), id: row.key.clone() };
        parsed.event.envelope.external_refs.insert(0, own);
    }
}

fn to_itself(id: EventId, event: &Event) -> Result<(), Trouble> {
    if event.envelope.links.iter().any(|link| link.target == id) {
        return Err(Trouble::in_field("in_reply_to", "is the row itself"));
    }
    Ok(())
}

/// Tells whether the log has what a row says; a marking that a policy gave does not count.
fn says(raw: &RawEvent, parsed: &Parsed) -> bool {
    let Some(recorded) = &raw.event else { return true };
    let mut event = parsed.event.clone();
    if !parsed.marked {
        event.envelope.marking.clone_from(&recorded.envelope.marking);
    }
    if matches!(event.kind().subject(), crate::domain::fact::Subject::Entry)
        || event.kind() == Kind::PolicyEnded
    {
        // What must learn of it was found when it was recorded.
        event.envelope.about.clone_from(&recorded.envelope.about);
    }
    event == *recorded
}

/// Refuses two amendments of one entry in one file: the second would be read without the first.
fn once_each(reading: &mut Reading) {
    let mut amended: HashSet<EventId> = HashSet::new();
    let mut wrong = Vec::new();
    for row in &reading.rows {
        if let Some(Fact::RecordAmended(amendment)) = row.raw.event.as_ref().map(|event| &event.fact)
            && !row.known
            && !amended.insert(amendment.target)
        {
            wrong.push(at(
                row.line,
                "amends an entry that an earlier line amends; say both in one".to_owned(),
            ));
        }
    }
    reading.wrong.extend(wrong);
}

fn raw_events(known: &Known, newcomers: &[Newcomer], reading: &Reading) -> Vec<RawEvent> {
    let size = known.view.size();
    let newcomers = newcomers.iter().zip(size..).map(|(newcomer, position)| RawEvent {
        position,
        at: known.at,
        id: newcomer.id,
        actor: reading.actor,
        event: Some(newcomer.event.clone()),
    });
    newcomers.chain(reading.rows.iter().filter(|row| !row.known).map(|row| row.raw.clone())).collect()
}

fn at(line: u64, detail: String) -> Fault {
    Fault { line: Some(line), field: None, detail }
}

/// Looks at the rows together: what is new, what is there twice, what does not fit.
fn look(known: &Known, reading: &mut Reading) -> Result<(), DeskError> {
    let mut doubtful = Vec::new();
    for newcomer in reading
        .newcomers
        .iter()
        .filter(|newcomer| !matches!(newcomer.event.fact, Fact::RecorderRegistered(_)))
    {
        doubtful.push(Fault::new(format!("new: {}", writing::entered_words(newcomer))));
    }
    let new: Vec<&Read> = reading.rows.iter().filter(|row| !row.known).collect();
    let mut seen: HashMap<Likeness, &Read> = HashMap::new();
    for row in &new {
        let Some(event) = &row.raw.event else { continue };
        let likeness = Likeness::of(event);
        if !likeness.is_telling() {
            continue;
        }
        if new.len() <= COMPARED_MAX
            && let Some(said) = likeness.in_log(known)?
        {
            doubtful.push(at(row.line, said));
        }
        match seen.get(&likeness) {
            Some(first) => doubtful.push(at(
                row.line,
                format!("possibly a duplicate of line {}: same kind, date, parties and channels", first.line),
            )),
            None => {
                seen.insert(likeness, row);
            }
        }
    }
    let neighbours = Neighbours::of(known, reading.rows.iter().map(|row| &row.raw));
    for row in &new {
        doubtful.extend(neighbours.look(&row.raw)?.into_iter().map(|detail| at(row.line, detail)));
    }
    doubtful.extend(anomalies(known, reading, &new)?);
    reading.doubtful.append(&mut doubtful);
    Ok(())
}

/// Returns the transitions that no rule allows, as they would be with the file recorded.
fn anomalies(known: &Known, reading: &Reading, new: &[&Read]) -> Result<Vec<Fault>, DeskError> {
    let ahead = known.ahead(raw_events(known, &reading.newcomers, reading))?;
    let by_id: HashMap<EventId, u64> = new.iter().map(|row| (row.raw.id, row.line)).collect();
    let mut done = HashSet::new();
    let mut found = Vec::new();
    for row in new {
        let Some(event) = &row.raw.event else { continue };
        for entity in consequences::touched(&ahead, row.raw.id, event)? {
            if !done.insert(entity) {
                continue;
            }
            let Some(standing) = consequences::standing(&ahead, entity)? else { continue };
            for anomaly in standing.anomalies {
                if let Some(line) = by_id.get(&anomaly.entry.id) {
                    found.push(at(
                        *line,
                        format!(
                            "{}: no rule allows it: expected {}, found {}",
                            standing.name, anomaly.expected, anomaly.found
                        ),
                    ));
                }
            }
        }
    }
    Ok(found)
}
