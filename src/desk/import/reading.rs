//! The rows of a file, read against one knowledge of the record and compared with what it has already.

use std::collections::{HashMap, HashSet};

use crate::desk::answer::operation::AlikeRow;
use crate::desk::ask::Caller;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::format::{Parsed, Parser, Resolver, Trouble};
use crate::desk::import::again;
use crate::desk::import::ids::Ids;
use crate::desk::import::look::look;
use crate::desk::import::patterns::in_words;
use crate::desk::import::survey::{Row, Survey, Turn};
use crate::desk::known::Known;
use crate::desk::recording::{ENTERED_ALREADY, Rolling, check, doubtful, lacking, misleading, unheld};
use crate::desk::writing;
use crate::domain::event::{Event, ExternalRef};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::reading::RawEvent;
use crate::domain::typed::Mode;

/// A row that was read.
pub(super) struct Read {
    pub(super) line: u64,
    pub(super) key: String,
    pub(super) raw: RawEvent,
    /// The log has it already.
    pub(super) known: bool,
}

/// Everything that rows say, read against one knowledge of the record.
pub(super) struct Reading {
    pub(super) rows: Vec<Read>,
    pub(super) newcomers: Vec<Newcomer>,
    pub(super) actor: ActorId,
    pub(super) doubtful: Vec<Fault>,
    /// New rows that seem to be the same as an earlier one, or as an entry of the log.
    pub(super) alike: Vec<AlikeRow>,
    /// How many rows are new and too many to be compared with the log one by one.
    pub(super) uncompared: u64,
    pub(super) wrong: Vec<Fault>,
    /// The rows that are wrong, by their places.
    pub(super) wrong_at: Vec<u64>,
}

/// Reads the rows of a file, a window at a time: what enters something first, corrections last.
pub(super) struct Reader<'s> {
    pub(super) survey: &'s Survey,
    pub(super) stem: &'s str,
    pub(super) ids: Ids,
    /// Rows that are left out, by their places.
    pub(super) rejected: HashSet<u64>,
    /// What rows of earlier windows enter, and what comes in because they name it.
    pub(super) entered: Vec<(EventId, Fact)>,
    // What decides who sees what, as the rows that were read change it.
    rolling: Rolling,
    /// Who records.
    actor: Option<ActorId>,
    /// What enters them in the register, where they are new.
    pub(super) recorder: Option<Newcomer>,
}

impl<'s> Reader<'s> {
    /// Returns a reader of all rows.
    pub(super) fn new(survey: &'s Survey, stem: &'s str) -> Self {
        let (ids, rejected) = (Ids::default(), HashSet::new());
        let (entered, rolling) = (Vec::new(), Rolling::default());
        Self { survey, stem, ids, rejected, entered, rolling, actor: None, recorder: None }
    }

    /// Begins anew, against a record that may be known otherwise; returns what enters the recorder in the
    /// register, where they are new.
    pub(super) fn begin(&mut self, known: &Known, caller: &Caller) -> Result<Reading, DeskError> {
        let (actor, newcomer) = self.recorded_by(known, caller)?;
        self.entered.clear();
        self.rolling = Rolling::default();
        Ok(Reading { newcomers: newcomer.into_iter().collect(), ..Reading::by(actor) })
    }

    /// Finds anew who records; returns what enters them in the register, where they are new.
    pub(super) fn recorded_by(
        &mut self,
        known: &Known,
        caller: &Caller,
    ) -> Result<(ActorId, Option<Newcomer>), DeskError> {
        let (actor, newcomer) = writing::recorder(known, caller)?;
        self.actor = Some(actor);
        self.recorder.clone_from(&newcomer);
        Ok((actor, newcomer))
    }

    /// Reads a window.
    pub(super) fn read(
        &mut self,
        known: &Known,
        caller: &Caller,
        rows: &[Row],
    ) -> Result<Reading, DeskError> {
        let mut reading = match self.actor {
            Some(actor) => Reading::by(actor),
            None => self.begin(known, caller)?,
        };
        let rows: Vec<&Row> = rows.iter().filter(|row| !self.rejected.contains(&row.place)).collect();
        let rows = self.with_ids(known, rows, &mut reading)?;
        let mut entered = std::mem::take(&mut reading.newcomers);
        let mut place = known.view.size() + 1_000_000;
        entered.extend(self.turns(known, &[Turn::Register, Turn::Entry], &rows, &mut reading, &mut place)?);
        if rows.iter().any(|(row, _, _)| row.turn == Turn::Correction) {
            // A correction may be of a row of the same file: the record is read as if it had it.
            let ahead = known.ahead(raw_events(known, &entered, &reading))?;
            let turn = [Turn::Correction];
            entered.extend(self.turns(&ahead, &turn, &rows, &mut reading, &mut place)?);
            once_each(&mut reading);
        }
        self.entered.extend(entered.iter().map(|newcomer| (newcomer.id, newcomer.event.fact.clone())));
        for (row, id, _) in rows.iter().filter(|(row, _, _)| row.turn == Turn::Register) {
            let read = reading.rows.iter().find(|read| read.raw.id == *id && read.line == row.line);
            self.entered.extend(read.and_then(|read| Some((*id, read.raw.event.as_ref()?.fact.clone()))));
        }
        reading.newcomers = entered;
        opens_what_others_name(&mut reading, &rows);
        if reading.wrong.is_empty() {
            look(known, &mut reading)?;
        }
        Ok(reading)
    }

    /// Returns the rows, each with its event: that which the log has, or a new one.
    fn with_ids<'r>(
        &mut self,
        known: &Known,
        rows: Vec<&'r Row>,
        reading: &mut Reading,
    ) -> Result<Vec<(&'r Row, EventId, bool)>, DeskError> {
        let mut found: Vec<(&Row, Option<EventId>)> = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(earlier) = self.survey.first_of(row) {
                reading.fault(row, Some("id"), format!("`{}` is the id of line {earlier} already", row.key));
                continue;
            }
            let everywhere = row.drafted.everywhere;
            let found_already = again::events(known, self.stem, &row.key, everywhere)?;
            let known_already = match found_already.as_slice() {
                [] => self.recorder_of(known, row),
                [id] => Some(*id),
                [first, ..] => {
                    let own = again::own(known, &found_already, reading.actor)?;
                    if own.is_none() {
                        let detail = format!("several entries of the log go by `{}:{}`", self.stem, row.key);
                        reading.fault(row, Some("id"), detail);
                    }
                    own.or(Some(*first))
                }
            };
            // A message of another file has the links of that one.
            if let Some(id) = known_already
                && (!everywhere || known.view.external(self.stem, &row.key)?.contains(&id))
            {
                self.ids.promised(known, self.stem, row, id)?;
            }
            found.push((row, known_already));
        }
        // Only now: a row may have been promised an id by one that comes later.
        let with_ids = found.into_iter().map(|(row, id)| {
            let known_already = id.is_some();
            (row, id.unwrap_or_else(|| self.ids.of(&row.key)), known_already)
        });
        Ok(with_ids.collect())
    }

    fn turns(
        &mut self,
        known: &Known,
        turns: &[Turn],
        rows: &[(&Row, EventId, bool)],
        reading: &mut Reading,
        place: &mut u64,
    ) -> Result<Vec<Newcomer>, DeskError> {
        let actor = reading.actor;
        let elsewhere = |key: &str| -> Result<Option<EventId>, DeskError> {
            if self.survey.windows.len() < 2 {
                return Ok(None);
            }
            let found = self.survey.find(key).map_err(unspooled)?;
            let Some((_, everywhere)) = found.filter(|(place, _)| !self.rejected.contains(place)) else {
                return Ok(None);
            };
            let found = again::events(known, self.stem, key, everywhere)?;
            let own = again::own(known, &found, actor)?;
            Ok(Some(own.or(found.first().copied()).unwrap_or_else(|| self.ids.of(key))))
        };
        let mut resolver = Resolver::of_file(known, self.stem, self.survey.uses.clone());
        resolver.elsewhere(&elsewhere);
        let recorder = self.recorder.iter().map(|recorder| (&recorder.id, &recorder.event.fact));
        for (id, fact) in recorder.chain(self.entered.iter().map(|(id, fact)| (id, fact))) {
            resolver.entered(*id, fact);
        }
        for (row, id, _) in rows {
            resolver.row(&row.key, *id);
        }
        let mut parser = Parser::new(&mut resolver, Mode::Import);
        for turn in turns {
            turn_of(*turn, rows, &mut parser, &mut self.rolling, reading, place)?;
        }
        Ok(std::mem::take(&mut resolver.newcomers))
    }
}

impl Reading {
    /// Returns a reading of nothing.
    fn by(actor: ActorId) -> Self {
        let (rows, newcomers) = (Vec::new(), Vec::new());
        Self {
            rows,
            newcomers,
            actor,
            doubtful: Vec::new(),
            alike: Vec::new(),
            uncompared: 0,
            wrong: Vec::new(),
            wrong_at: Vec::new(),
        }
    }

    fn fault(&mut self, row: &Row, field: Option<&str>, detail: String) {
        self.wrong.push(Fault { line: Some(row.line), field: field.map(ToOwned::to_owned), detail });
        self.wrong_at.push(row.place);
    }
}

/// Returns that a scratch file could not be read or written.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub(super) fn unspooled(error: std::io::Error) -> DeskError {
    // What is wrong with the file itself, and not with the disk.
    if error.kind() == std::io::ErrorKind::InvalidData {
        return Fault::new(error.to_string()).into();
    }
    DeskError::Unavailable(format!("the import needs room on disk for what it reads: {error}"))
}

fn turn_of(
    turn: Turn,
    rows: &[(&Row, EventId, bool)],
    parser: &mut Parser<'_, '_>,
    rolling: &mut Rolling,
    reading: &mut Reading,
    place: &mut u64,
) -> Result<(), DeskError> {
    let known = parser.resolver().known;
    for (row, id, recorded) in rows.iter().filter(|(row, _, _)| row.turn == turn) {
        let (id, recorded) = (*id, *recorded);
        let Some(object) = row.drafted.entry.as_ref().filter(|_| row.drafted.wrong.is_empty()) else {
            reading.wrong.extend(row.drafted.wrong.iter().cloned());
            reading.wrong_at.push(row.place);
            continue;
        };
        let outcome = parser.parse(object).and_then(|mut parsed| {
            name(parser.resolver().namespace, row, &mut parsed);
            if !recorded {
                row.has_id.then(|| misleading(&row.key)).flatten().map_or(Ok(()), Err).map_err(|why| {
                    vec![Trouble::in_field("id", format!("`{}` {why}; choose another", row.key))]
                })?;
                check(known, id, &mut parsed)
                    .and_then(|()| unheld(known, rolling, id, &parsed.event))
                    .map_err(|trouble| vec![trouble])?;
                if parser.resolver().enters_again(id, &parsed.event.fact) {
                    return Err(vec![Trouble::in_field("name", ENTERED_ALREADY)]);
                }
            }
            to_itself(id, &parsed.event).map_err(|trouble| vec![trouble])?;
            Ok(parsed)
        });
        match outcome {
            Ok(parsed) if recorded => {
                parser.resolver().entered(id, &parsed.event.fact);
                match known.view.event(id)? {
                    Some(raw) if again::says(row, &raw, &parsed) => {
                        reading.rows.push(Read { line: row.line, key: row.key.clone(), raw, known: true });
                    }
                    Some(_) | None => {
                        let detail = again::differs(known, parser.resolver().namespace, row, id)?;
                        reading.fault(row, row.has_id.then_some("id"), detail);
                    }
                }
            }
            Ok(parsed) => take(row, id, parsed, known, parser, reading, place),
            Err(troubles) => {
                reading.wrong.extend(troubles.into_iter().map(|trouble| {
                    let mut fault = trouble.fault;
                    fault.line = Some(row.line);
                    fault
                }));
                reading.wrong_at.push(row.place);
            }
        }
    }
    Ok(())
}

/// Takes in a row that is new.
fn take(
    row: &Row,
    id: EventId,
    parsed: Parsed,
    known: &Known,
    parser: &mut Parser<'_, '_>,
    reading: &mut Reading,
    place: &mut u64,
) {
    parser.resolver().entered(id, &parsed.event.fact);
    let lacks = lacking(&parsed.event, known.zone).into_iter();
    let lacks = lacks.map(|lack| format!("{}: {}", lack.field, lack.detail));
    let said = row.drafted.doubtful.iter().cloned().chain(parsed.doubtful).chain(lacks);
    let said = said.chain(doubtful(&parsed.event, known.zone)).chain(in_words(&parsed.event));
    reading.doubtful.extend(said.map(|detail| at(row.line, detail)));
    *place += 1;
    let raw = RawEvent {
        position: *place,
        at: known.at,
        id,
        actor: reading.actor,
        event: Some(parsed.event),
        removed: None,
    };
    reading.rows.push(Read { line: row.line, key: row.key.clone(), raw, known: false });
}

/// Gives a row without an id the name by which it is known again.
fn name(namespace: &str, row: &Row, parsed: &mut Parsed) {
    if !row.has_id {
        let own = ExternalRef { namespace: namespace.to_owned(), id: row.key.clone() };
        let others = &mut parsed.event.envelope.external_refs;
        others.retain(|other| *other != own);
        others.insert(0, own);
    }
}

fn to_itself(id: EventId, event: &Event) -> Result<(), Trouble> {
    if event.envelope.links.iter().any(|link| link.target == id) {
        return Err(Trouble::in_field("in_reply_to", "is the row itself"));
    }
    Ok(())
}

/// Refuses a row that is about another of the file which brings nothing into being.
fn opens_what_others_name(reading: &mut Reading, rows: &[(&Row, EventId, bool)]) {
    let opened: HashMap<EntityId, Option<Kind>> = reading
        .rows
        .iter()
        .filter_map(|row| {
            let event = row.raw.event.as_ref()?;
            Some((row.raw.id.into(), event.created(row.raw.id).is_none().then(|| event.kind())))
        })
        .collect();
    let about = |read: &Read| -> Option<Kind> {
        let about = &read.raw.event.as_ref()?.envelope.about;
        about.iter().find_map(|id| opened.get(id).copied().flatten())
    };
    let wrong: Vec<(EventId, Kind)> = reading
        .rows
        .iter()
        .filter(|read| !read.known)
        .filter_map(|read| Some((read.raw.id, about(read)?)))
        .collect();
    for (id, kind) in wrong {
        if let Some((row, _, _)) = rows.iter().find(|(_, event, _)| *event == id) {
            let detail = format!(
                "is about a row of the file that is `{kind}` and opens nothing; name the one that does"
            );
            reading.fault(row, Some("about"), detail);
        }
    }
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

pub(super) fn raw_events(known: &Known, newcomers: &[Newcomer], reading: &Reading) -> Vec<RawEvent> {
    let size = known.view.size();
    let newcomers = newcomers.iter().zip(size..).map(|(newcomer, position)| RawEvent {
        position,
        at: known.at,
        id: newcomer.id,
        actor: reading.actor,
        event: Some(newcomer.event.clone()),
        removed: None,
    });
    newcomers.chain(reading.rows.iter().filter(|row| !row.known).map(|row| row.raw.clone())).collect()
}

pub(super) fn at(line: u64, detail: String) -> Fault {
    Fault { line: Some(line), field: None, detail }
}
