//! The entries of one submission, read in their order: each able to name what those before it entered, and
//! any of them by its id.

use std::collections::HashMap;

use serde_json::Value;

use crate::desk::calls::{self, Misfit};
use crate::desk::channels::keep_schedule;
use crate::desk::error::DeskError;
use crate::desk::format::resolve::Newcomer;
use crate::desk::format::{Parsed, Parser, Resolver, Trouble, error_of};
use crate::desk::known::Known;
use crate::desk::recording::doubt::{
    Likeness, about_no_offer, doubtful, duplicate_of, named_above, of_no_line,
};
use crate::desk::recording::handles::{called_alike, handles};
use crate::desk::recording::merging::of_states;
use crate::desk::recording::minimum::lacking;
use crate::desk::recording::named::of_another;
use crate::desk::recording::offers::{of_offers, to_the_proposer};
use crate::desk::recording::rules::{by_program_only, check};
use crate::desk::recording::ruling::Rolling;
use crate::desk::recording::second;
use crate::desk::recording::slots::contradict;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EventId};
use crate::domain::reading::RawEvent;
use crate::domain::typed::Mode;

/// What is said of a recorder who comes in twice.
pub(in crate::desk) const ENTERED_ALREADY: &str =
    "is that of a recorder who comes in with the same entries already; enter each once, and spell them alike";

/// Entries that were read, and what is entered with them.
pub(super) type ReadEntries = (Vec<(EventId, Parsed)>, Vec<Newcomer>);

/// Reads entries of a recorder, who may come in with them.
///
/// # Errors
///
/// Returns everything that is wrong with them, by line where there are several.
pub(super) fn read(
    known: &Known,
    (actor, newcomer): (ActorId, Option<&Newcomer>),
    entries: &[Value],
    ids: &[EventId],
) -> Result<ReadEntries, DeskError> {
    let mut troubles: Vec<Trouble> = Vec::new();
    let rows = rows(entries, ids, &mut troubles);
    let mut resolver = Resolver::at_the_prompt(known);
    for (own, id) in &rows {
        resolver.row(own, *id);
    }
    if let Some(newcomer) = newcomer {
        resolver.entered(newcomer.id, &newcomer.event.fact);
    }
    let mut read: Vec<(EventId, Parsed)> = Vec::with_capacity(entries.len());
    let mut rolling = Rolling::default();
    for (line, (entry, id)) in (1_u64..).zip(entries.iter().zip(ids)) {
        let outcome = if is_correction(entry) && !read.is_empty() {
            // Half of what it may be about could not be read: what it says cannot be judged.
            if !troubles.is_empty() {
                continue;
            }
            correction(known, &mut resolver, actor, &rows, &read, entry, *id)?
        } else {
            one(known, &mut resolver, entry, *id)
        };
        let outcome = outcome.and_then(|parsed| beside(parsed, &read));
        match outcome {
            Ok(mut parsed) => {
                keep_schedule(known, entry, &mut parsed)?;
                to_the_proposer(known, &read, &mut parsed)?;
                parsed.doubtful.extend(doubtful(&parsed.event, known.zone));
                parsed.doubtful.extend(of_no_line(known, &parsed.event));
                parsed.doubtful.extend(of_states(known, &parsed.event)?);
                parsed.doubtful.extend(misfits(known, &resolver, actor, *id, &parsed.event)?);
                parsed.doubtful.extend(about_no_offer(known, &parsed.event)?);
                parsed.doubtful.extend(of_offers(known, &parsed.event)?);
                parsed.doubtful.extend(called_alike(known, *id, &parsed.event)?);
                parsed.doubtful.extend(named_above(known, &parsed.event)?);
                parsed.doubtful.extend(of_another(known, &parsed.event));
                let alike = Likeness::of(&parsed.event).in_log(known, &parsed.event)?;
                parsed.doubtful.extend(alike.map(|name| duplicate_of(&name)));
                match second::or_held(known, &mut rolling, *id, parsed, entries.len()) {
                    Ok(parsed) => {
                        resolver.entered(*id, &parsed.event.fact);
                        read.push((*id, parsed));
                    }
                    Err(trouble) if entries.len() > 1 => troubles.push(trouble.on_line(line)),
                    Err(trouble) => troubles.push(trouble),
                }
            }
            // Entries are counted as lines of a file are.
            Err(wrong) if entries.len() > 1 => {
                troubles.extend(wrong.into_iter().map(|trouble| trouble.on_line(line)));
            }
            Err(wrong) => troubles.extend(wrong),
        }
    }
    if entries.len() > 1 {
        // Whoever reads the doubts of many entries together is told which each is about.
        for (line, (_, parsed)) in (1_u64..).zip(read.iter_mut()) {
            parsed.doubtful.iter_mut().for_each(|doubt| *doubt = format!("entry {line}: {doubt}"));
        }
    }
    if troubles.is_empty() { Ok((read, resolver.newcomers)) } else { Err(error_of(troubles)) }
}

/// Returns the ids that entries give themselves; one that two give is a trouble.
fn rows(entries: &[Value], ids: &[EventId], troubles: &mut Vec<Trouble>) -> Vec<(String, EventId)> {
    let mut lines: HashMap<&str, u64> = HashMap::new();
    let mut rows = Vec::new();
    for (line, (entry, id)) in (1..).zip(entries.iter().zip(ids)) {
        let Some(own) = entry.get("id").and_then(Value::as_str).map(str::trim) else { continue };
        if let Some(earlier) = lines.insert(own, line) {
            let detail = format!("`{own}` is the id of entry {earlier} already");
            troubles.push(Trouble::in_field("id", detail).on_line(line));
        }
        rows.push((own.to_owned(), *id));
    }
    rows
}

fn is_correction(entry: &Value) -> bool {
    kind_of(entry).is_some_and(|kind| kind.family() == "record")
}

fn kind_of(entry: &Value) -> Option<Kind> {
    entry.get("kind").and_then(Value::as_str).and_then(|kind| kind.trim().parse().ok())
}

/// Reads an entry by itself.
fn one(
    known: &Known,
    resolver: &mut Resolver<'_>,
    entry: &Value,
    id: EventId,
) -> Result<Parsed, Vec<Trouble>> {
    kind_of(entry).map_or(Ok(()), by_program_only).map_err(|trouble| vec![trouble])?;
    let mut parsed = Parser::new(resolver, Mode::Prompt).parse(entry)?;
    let lacks = lacking(&parsed.event, known.zone);
    if !lacks.is_empty() {
        return Err(lacks.into_iter().map(|lack| Trouble::in_field(lack.field, lack.detail)).collect());
    }
    if parsed.event.envelope.links.iter().any(|link| link.target == id) {
        return Err(vec![Trouble::in_field("in_reply_to", "is the entry itself")]);
    }
    handles(known, id, &parsed.event).map_err(|trouble| vec![trouble])?;
    check(known, id, &mut parsed).map_err(|trouble| vec![trouble])?;
    if resolver.enters_again(id, &parsed.event.fact) {
        return Err(vec![Trouble::in_field("name", ENTERED_ALREADY)]);
    }
    Ok(parsed)
}

/// Returns the record as it would be with what a submission enters in the registers, and with what stands in it `before`.
fn with_newcomers(
    known: &Known,
    resolver: &Resolver<'_>,
    actor: ActorId,
    before: impl Iterator<Item = (EventId, Event)>,
) -> Result<Known, DeskError> {
    let newcomers = resolver.newcomers.iter().map(|newcomer| (newcomer.id, newcomer.event.clone()));
    let events = (known.view.size()..).zip(newcomers.chain(before)).map(|(position, (id, event))| RawEvent {
        position,
        at: known.at,
        id,
        actor,
        event: Some(event),
        removed: None,
    });
    known.ahead(events.collect())
}

/// Returns what does not fit about a call, also of a party that comes in with it.
fn misfits(
    known: &Known,
    resolver: &Resolver<'_>,
    actor: ActorId,
    id: EventId,
    event: &Event,
) -> Result<Vec<String>, DeskError> {
    let misfits = if resolver.newcomers.is_empty() || event.kind().family() != "call" {
        calls::misfits(known, id, event)?
    } else {
        calls::misfits(&with_newcomers(known, resolver, actor, std::iter::empty())?, id, event)?
    };
    Ok(misfits.iter().map(Misfit::words).collect())
}

/// Reads a correction, which may be of an entry of the same submission: as if the record had those before.
fn correction(
    known: &Known,
    resolver: &mut Resolver<'_>,
    actor: ActorId,
    rows: &[(String, EventId)],
    read: &[(EventId, Parsed)],
    entry: &Value,
    id: EventId,
) -> Result<Result<Parsed, Vec<Trouble>>, DeskError> {
    let before = read.iter().map(|(id, parsed)| (*id, parsed.event.clone()));
    let ahead = with_newcomers(known, resolver, actor, before)?;
    let mut within = Resolver::at_the_prompt(&ahead);
    for (own, id) in rows {
        within.row(own, *id);
    }
    let outcome = one(&ahead, &mut within, entry, id);
    for newcomer in within.newcomers {
        resolver.entered(newcomer.id, &newcomer.event.fact);
        resolver.newcomers.push(newcomer);
    }
    Ok(outcome)
}

/// Looks at an entry beside those of the same submission that come before it.
fn beside(mut parsed: Parsed, read: &[(EventId, Parsed)]) -> Result<Parsed, Vec<Trouble>> {
    let likeness = Likeness::of(&parsed.event);
    for (line, (_, earlier)) in (1..).zip(read) {
        if contradict(&parsed.event, &earlier.event) {
            let detail = format!(
                "`{}` contradicts entry {line}, `{}`: the same line, day and slot; give each call its `slots`",
                parsed.event.kind(),
                earlier.event.kind()
            );
            return Err(vec![Trouble::in_field("kind", detail)]);
        }
        if likeness.is_telling() && likeness == Likeness::of(&earlier.event) {
            parsed.doubtful.push(duplicate_of(&format!("entry {line} of this submission")));
        }
    }
    Ok(parsed)
}
