//! The rows of a file, read against one knowledge of the record and compared with what it has already.

use std::collections::{HashMap, HashSet};

use crate::desk::ask::Caller;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::format::{Parsed, Parser, Resolver, Trouble};
use crate::desk::import::lines;
use crate::desk::import::look::look;
use crate::desk::import::patterns::in_words;
use crate::desk::import::survey::{Row, Survey, Turn};
use crate::desk::known::Known;
use crate::desk::recording::{check, doubtful, lacking, misleading};
use crate::desk::writing::{self, draw_event};
use crate::domain::event::{Event, ExternalRef};
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::{ActorId, EventId};
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

/// Everything that a file says, read against one knowledge of the record.
pub(super) struct Reading {
    pub(super) rows: Vec<Read>,
    pub(super) newcomers: Vec<Newcomer>,
    pub(super) actor: ActorId,
    pub(super) doubtful: Vec<Fault>,
    pub(super) wrong: Vec<Fault>,
}

/// Reads the rows of a file: what enters something first, corrections last.
pub(super) fn read(
    known: &Known,
    caller: &Caller,
    stem: &str,
    survey: &Survey<'_>,
) -> Result<Reading, DeskError> {
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
                row.has_id.then(|| misleading(&row.key)).flatten().map_or(Ok(()), Err).map_err(|why| {
                    vec![Trouble::in_field("id", format!("`{}` {why}; choose another", row.key))]
                })?;
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
                let lacks = lacking(&parsed.event, known.zone).into_iter();
                let lacks = lacks.map(|lack| format!("{}: {}", lack.field, lack.detail));
                let said = parsed.doubtful.into_iter().chain(lacks);
                let said = said.chain(doubtful(&parsed.event)).chain(in_words(&parsed.event));
                reading.doubtful.extend(said.map(|detail| at(row.line, detail)));
                *place += 1;
                let raw = RawEvent {
                    position: *place,
                    at: known.at,
                    id: *id,
                    actor: reading.actor,
                    event: Some(parsed.event),
                    removed: None,
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
    if matches!(event.kind().subject(), Subject::Entry) || event.kind() == Kind::PolicyEnded {
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
