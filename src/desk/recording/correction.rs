//! What may be said of the record itself: which entries are corrected, with which reason, and that a
//! correction changes something.

use serde_json::Value;

use crate::desk::entries::is_struck;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::{Parsed, Trouble};
use crate::desk::history::{compare, fields_of};
use crate::desk::known::Known;
use crate::desk::recording::carrying::mark_as_told;
use crate::desk::recording::confirming::confirmation;
use crate::desk::recording::handles::handles;
use crate::desk::recording::naming::entries_naming;
use crate::desk::recording::rules::{by_program_only, encode};
use crate::desk::recording::second::read_with;
use crate::desk::recording::slots::slots;
use crate::domain::event::{self, Event, SCHEMA};
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Link;
use crate::domain::reading::{Entry, RawEvent};
use crate::store::STREAMS_MAX;

/// Checks a correction, says what it does, and gives it the streams of what it corrects, so that each of
/// them learns of it.
pub(super) fn correction(known: &Known, id: EventId, parsed: &mut Parsed) -> Result<(), Trouble> {
    let kind = parsed.event.kind();
    if parsed.event.envelope.reason.is_none() && matches!(kind, Kind::RecordAmended | Kind::RecordRetracted) {
        return Err(Trouble::in_field("reason", "is missing: why the record is corrected"));
    }
    let Some(target) = parsed.event.entry() else { return Ok(()) };
    let raw = known.view.event(target).map_err(|error| of_log(error.into()))?;
    let Some(raw) = raw else {
        return Err(of_log(DeskError::NotFound { what: format!("entry `{target}`"), hints: Vec::new() }));
    };
    let mut about = streams_of(known, &raw)?;
    parsed.echo.insert(0, format!("entry: {}", told(known, &raw)?));
    #[expect(clippy::wildcard_enum_match_arm, reason = "a remark moves nothing, and no other fact corrects")]
    match parsed.event.fact.clone() {
        Fact::RecordAmended(amended) => {
            let reading = Event::decode(SCHEMA, amended.reading.get())
                .map_err(|error| Trouble::in_field("changes", error.to_string()))?;
            amendment(known, &raw, &reading)?;
            let before = known.entry(target).map_err(of_log)?.and_then(|entry| entry.event);
            let mut named_anew = reading.clone();
            let names = before.map(|event| event.envelope.external_refs).unwrap_or_default();
            named_anew.envelope.external_refs.retain(|name| !names.contains(name));
            handles(known, target, &named_anew)?;
            slots(known, &reading)?;
            parsed.echo.extend(changes(known, &raw, (id, &parsed.event))?);
            mark_as_told(known, &raw, parsed)?;
            about.extend(event::streams(&reading, target));
        }
        Fact::RecordRetracted(_) => retraction(known, &raw)?,
        Fact::RecordLinked(linked) => {
            parsed.echo.push(link(known, target, &linked.link, linked.withdrawn)?);
            mark_as_told(known, &raw, parsed)?;
        }
        _ => {}
    }
    if let Some(reason) = &parsed.event.envelope.reason {
        parsed.echo.push(format!("reason: {reason}"));
    }
    let entry = EntityId::from(target);
    let mut each: Vec<EntityId> = Vec::with_capacity(about.len());
    for stream in about {
        if stream != entry && !each.contains(&stream) {
            each.push(stream);
        }
    }
    parsed.event.envelope.about = each;
    encode(parsed)?;
    let streams = event::streams(&parsed.event, id).len();
    if streams > STREAMS_MAX {
        return Err(Trouble::new(format!(
            "the correction concerns {streams} things, and one concerns at most {STREAMS_MAX}; strike the entry and record it anew in parts"
        )));
    }
    Ok(())
}

/// Returns an error of the log, or that the entry is not in it, as trouble with the target.
fn of_log(error: DeskError) -> Trouble {
    Trouble::in_name("target", error, "")
}

/// Returns that a rule does not allow it.
pub(super) fn refused(field: &str, rule: String, hint: &str) -> Trouble {
    let fault = Fault::in_field(field, format!("{rule}; {hint}"));
    Trouble { fault, obstacle: Some(DeskError::Refused { rule, hints: vec![hint.to_owned()] }) }
}

/// Returns the streams that the record of an entry names.
fn streams_of(known: &Known, raw: &RawEvent) -> Result<Vec<EntityId>, Trouble> {
    let recorded = known.view.recorded(raw.position).map_err(|error| of_log(error.into()))?;
    Ok(match recorded {
        Some(recorded) => recorded.streams.into_iter().map(|(stream, _)| stream).collect(),
        None => raw.event.as_ref().map(|event| event::streams(event, raw.id)).unwrap_or_default(),
    })
}

/// Returns enough of an entry, as it reads now, to see that it is the one that was meant.
fn told(known: &Known, raw: &RawEvent) -> Result<String, Trouble> {
    let entry = known.entry(raw.id).map_err(of_log)?;
    let event = entry.as_ref().map_or(raw.event.as_ref(), |entry| entry.event.as_ref());
    let Some(event) = event else { return Ok(format!("#{}, whose text was removed", raw.position)) };
    let mut words = format!("{}, {}", Known::handle(raw.id, Some(event)), event.kind());
    if let Some(date) = &event.envelope.occurred {
        words = format!("{words}, {}", date.words());
    }
    if let Some(summary) = &event.envelope.summary {
        words = format!("{words}: {summary}");
    }
    Ok(words)
}

/// Refuses to change what the program itself wrote: who recorded what, and what a moment knew, rest on it.
fn of_the_program(raw: &RawEvent) -> Result<(), Trouble> {
    let Some(kind) = raw.event.as_ref().map(Event::kind) else { return Ok(()) };
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other kind is corrected by people")]
    let rests = match kind {
        Kind::RecorderRegistered => "the name under which someone records stands by all that they recorded",
        Kind::LogOpened | Kind::LogAdopted => "the log began, or was taken over, as it did",
        Kind::KeyRotated | Kind::AuthorKeyAdded | Kind::AuthorKeyRevoked => "signatures rest on it",
        Kind::LogIncident | Kind::LogAnchored => "auditors rest on it",
        kind if kind.is_of_account() => "who may come in, and as what, rests on it",
        Kind::MomentNamed => "a moment keeps its name and what was known at it",
        _ => return Ok(()),
    };
    let rule = format!("`{kind}` is neither amended nor struck: {rests}");
    Err(refused("target", rule, "say what should be known of it with `annotate`"))
}

fn amendment(known: &Known, raw: &RawEvent, reading: &Event) -> Result<(), Trouble> {
    if raw.event.as_ref().is_some_and(|event| event.kind().subject() == Subject::Entry) {
        return Err(Trouble::in_field("target", "is a correction itself; strike it and record it anew"));
    }
    of_the_program(raw)?;
    if raw.event.as_ref().is_some_and(|event| event.kind() == Kind::EntryHeld) {
        let rule = "what waits for a second person is not amended: they must see what was recorded";
        return Err(refused("target", rule.to_owned(), "strike it, and record it anew"));
    }
    by_program_only(reading.kind())?;
    if reading.kind() == Kind::RecorderRegistered {
        return Err(Trouble::in_field("changes", "no entry becomes the registration of a recorder"));
    }
    let entry = known.entry(raw.id).map_err(of_log)?;
    let before = entry.and_then(|entry| entry.event).as_ref().and_then(registered);
    if before.is_some() && before != registered(reading) {
        unnamed(known, raw, "becomes another kind of entry")?;
    }
    Ok(())
}

/// Returns what an event enters in a register that entries name.
fn registered(event: &Event) -> Option<EntityKind> {
    match event.kind().subject() {
        Subject::Creates(
            kind @ (EntityKind::Channel | EntityKind::Party | EntityKind::Series | EntityKind::Person),
        ) => Some(kind),
        Subject::Creates(_) | Subject::MayCreate(_) | Subject::About(_) | Subject::Entry | Subject::Free => {
            None
        }
    }
}

fn retraction(known: &Known, raw: &RawEvent) -> Result<(), Trouble> {
    of_the_program(raw)?;
    if let Some(by) = confirmation(known, raw.id).map_err(of_log)? {
        let (handle, confirmed) = (Known::handle(raw.id, None), Known::handle(by.id, by.event.as_ref()));
        let rule = format!("{handle} was confirmed already, at position {}", by.position);
        return Err(refused("target", rule, &format!("strike {confirmed}, which counts since then")));
    }
    let corrections = known.corrections(raw.id).map_err(of_log)?;
    if is_struck(raw.id, &corrections) {
        let by = striking(raw.id, &corrections).map_or_else(String::new, |by| {
            format!(" by {} at position {}", Known::handle(by.id, by.event.as_ref()), by.position)
        });
        let handle = Known::handle(raw.id, raw.event.as_ref());
        let rule = format!("{handle} is struck already{by}");
        return Err(refused("target", rule, "striking that retraction restores it"));
    }
    let entry = known.entry(raw.id).map_err(of_log)?;
    if entry.and_then(|entry| entry.event).as_ref().and_then(registered).is_some() {
        unnamed(known, raw, "is struck")?;
    }
    Ok(())
}

/// Returns the retraction by which an entry is struck: the oldest of those that hold.
pub(crate) fn striking(id: EventId, corrections: &[RawEvent]) -> Option<&RawEvent> {
    corrections.iter().find(|raw| {
        let strikes = raw.event.as_ref().is_some_and(
            |event| matches!(&event.fact, Fact::RecordRetracted(retracted) if retracted.target == id),
        );
        strikes && !is_struck(raw.id, corrections)
    })
}

/// Refuses to take away from a register what other entries name: they would vanish from every list.
fn unnamed(known: &Known, raw: &RawEvent, what: &str) -> Result<(), Trouble> {
    let entity = EntityId::from(raw.id);
    let name = known.named(entity).map_err(of_log)?.name;
    let count = entries_naming(known, entity, raw.position).map_err(of_log)?;
    let entries = match count {
        0 => return Ok(()),
        1 => "1 other entry names it".to_owned(),
        several => format!("{several} other entries name it"),
    };
    let rule = format!("a registration {what} only while nothing names it, and of {name} {entries}");
    let hint = "a name is mended by `amend`, or added with `party name`, `channel name`; entries that name \
                the wrong thing are amended first";
    Err(refused("target", rule, hint))
}

/// Returns what becomes of each field by an amendment of an entry.
fn changes(known: &Known, raw: &RawEvent, (id, event): (EventId, &Event)) -> Result<Vec<String>, Trouble> {
    let Some(before) = known.entry(raw.id).map_err(of_log)? else { return Ok(Vec::new()) };
    let Some(after) = read_with(known, raw, id, event, raw)? else { return Ok(Vec::new()) };
    let before = fields_of(known, &before).map_err(of_log)?;
    let after = fields_of(known, &after).map_err(of_log)?;
    let words = |value: Option<&Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => format!("\"{text}\""),
        Some(other) => other.to_string(),
    };
    let changed = compare(&before, &after);
    Ok(changed
        .iter()
        .map(|change| {
            format!(
                "{}: {} becomes {}",
                change.field,
                words(change.before.as_ref()),
                words(change.after.as_ref())
            )
        })
        .collect())
}

/// Checks that asserting a link, or taking it back, changes something, and says what it does.
fn link(known: &Known, source: EventId, link: &Link, withdrawn: bool) -> Result<String, Trouble> {
    let handle = |id: EventId| -> Result<String, Trouble> {
        let raw = known.view.event(id).map_err(|error| of_log(error.into()))?;
        Ok(Known::handle(id, raw.and_then(|raw| raw.event).as_ref()))
    };
    let (from, to) = (handle(source)?, handle(link.target)?);
    if source == link.target {
        return Err(refused(
            "link",
            format!("{from} cannot bear on itself"),
            "name another entry as its target",
        ));
    }
    let entry = known.entry(source).map_err(of_log)?;
    let links = entry.as_ref().map_or(&[][..], Entry::links);
    let does = link.relation.as_str();
    let standing = links.iter().find(|other| other.relation == link.relation && other.target == link.target);
    match (standing, withdrawn) {
        (None, true) => {
            let mut held = Vec::with_capacity(links.len());
            for other in links {
                held.push(format!("{} {}", other.relation.as_str(), handle(other.target)?));
            }
            let held = if held.is_empty() { "it bears on nothing".to_owned() } else { held.join(", ") };
            let rule = format!("{from} has no link `{does}` to {to} that could be taken back");
            Err(refused("link", rule, &format!("of {from} the record says: {held}")))
        }
        (Some(other), false) if other == link => {
            let rule = format!("the record says already that {from} {does} {to}");
            Err(refused("link", rule, "say it otherwise, or take it back with `--withdraw`"))
        }
        (Some(_), true) => Ok(format!("link: {from} no longer {does} {to}")),
        (Some(_), false) => Ok(format!("link: {from} {does} {to}, said anew")),
        (None, false) => Ok(format!("link: {from} {does} {to}")),
    }
}
