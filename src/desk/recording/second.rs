//! What needs a second person: entries of the kinds that a policy names, and corrections and policies by which more
//! people would see an entry. It is held, and counts when somebody else confirms it.

use serde_json::value::RawValue;

use crate::desk::access::{Height, Rules};
use crate::desk::error::DeskError;
use crate::desk::format::{Parsed, Trouble};
use crate::desk::known::Known;
use crate::desk::recording::carrying::{also_seen, uncovers_no_carried};
use crate::desk::recording::correction::refused;
use crate::desk::recording::ruling::Rolling;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::Held;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;
use crate::domain::reading::{Entry, RawEvent, given};
use crate::store::BODY_BYTES_MAX;

/// Returns why an entry needs a second person; none where it needs none.
///
/// # Errors
///
/// Returns why it is not recorded, confirmed or not.
pub(super) fn needed(
    known: &Known,
    rolling: &mut Rolling,
    id: EventId,
    event: &Event,
) -> Result<Option<String>, Trouble> {
    let widens = rolling.take(known, id, event)?;
    if let Some(words) = widens {
        return Ok(Some(format!("it would let more people see what is recorded: {words}")));
    }
    let target = match event.entry() {
        Some(target) => known.view.event(target).map_err(|error| of_log(error.into()))?,
        None => None,
    };
    if let Some(target) = &target
        && let Some(lowers) = lowers(known, id, event, target)?
    {
        uncovers_no_carried(known, event, target)?;
        return Ok(Some(lowers));
    }
    let mut kinds = vec![event.kind()];
    kinds.extend(given(event).map(|reading| reading.kind()));
    if let Some(target) = &target {
        kinds.extend(corrected(known, id, event, target)?);
    }
    Ok(kinds.into_iter().find_map(|kind| asked_for(known, kind)))
}

/// Returns the kinds of the entry that a correction changes, though it be by way of another correction: as which it was
/// recorded, and as which it reads before and after. A remark changes nothing, nor does striking one.
fn corrected(known: &Known, id: EventId, event: &Event, target: &RawEvent) -> Result<Vec<Kind>, Trouble> {
    let is_remark = |event: &Event| matches!(event.fact, Fact::RecordAnnotated(_));
    let (entry, by_way_of) = root(known, target)?;
    if is_remark(event) || by_way_of.iter().filter_map(|raw| raw.event.as_ref()).any(is_remark) {
        return Ok(Vec::new());
    }
    let before = known.entry(entry.id).map_err(of_log)?.and_then(|entry| entry.event);
    let after = read_with(known, &entry, id, event, target)?.and_then(|entry| entry.event);
    Ok([entry.event, before, after].into_iter().flatten().map(|event| event.kind()).collect())
}

/// Returns the entry that is corrected where a correction of it is, and the corrections on the way to it.
pub(in crate::desk) fn root(known: &Known, target: &RawEvent) -> Result<(RawEvent, Vec<RawEvent>), Trouble> {
    let (mut entry, mut by_way_of) = (target.clone(), Vec::new());
    while let Some(earlier) = entry.event.as_ref().and_then(Event::entry) {
        let Some(raw) = known.view.event(earlier).map_err(|error| of_log(error.into()))? else { break };
        by_way_of.push(std::mem::replace(&mut entry, raw));
    }
    Ok((entry, by_way_of))
}

/// Returns how an entry would read with one more correction, recorded by whoever recorded `target`.
pub(super) fn read_with(
    known: &Known,
    entry: &RawEvent,
    id: EventId,
    event: &Event,
    target: &RawEvent,
) -> Result<Option<Entry>, Trouble> {
    let mut history = vec![entry.clone()];
    history.extend(known.corrections(entry.id).map_err(of_log)?);
    let position = known.view.size();
    let (at, actor) = (known.at, target.actor);
    history.push(RawEvent { position, at, id, actor, event: Some(event.clone()), removed: None });
    Ok(crate::desk::entries::read(entry.id, &history))
}

/// Returns an error of the log as trouble with the target.
fn of_log(error: DeskError) -> Trouble {
    Trouble::in_name("target", error, "")
}

/// Returns the policy in force that asks for two people where something of this kind is recorded.
fn asked_for(known: &Known, kind: Kind) -> Option<String> {
    if !kind.may_need_two_people() {
        return None;
    }
    let names = |word: &String| word == kind.as_str() || word == kind.family();
    let in_force = known.policies.at(known.at);
    let policy = in_force.into_iter().find(|policy| policy.set.two_people.iter().any(names))?;
    Some(format!(
        "the policy `{}` asks for two people where `{kind}` is recorded or corrected",
        policy.set.name
    ))
}

/// Returns how a correction would let more people see an entry.
fn lowers(known: &Known, id: EventId, event: &Event, target: &RawEvent) -> Result<Option<String>, Trouble> {
    let rules = Rules::of(known);
    let below = |entry: &RawEvent, reading: &Event| -> Result<Option<String>, Trouble> {
        let corrections = known.corrections(entry.id).map_err(of_log)?;
        let Some(before) = Height::of(&rules, entry, &corrections) else { return Ok(None) };
        let after = Height::of_event(&rules, reading);
        let words = || format!("it would be {}, and is {}", after.words(&rules), before.words(&rules));
        Ok(after.is_below(&before, reading).then(words))
    };
    if let Some(reading) = given(event) {
        return below(target, &reading);
    }
    if !matches!(event.fact, Fact::RecordRetracted(_)) {
        return Ok(None);
    }
    // What is struck may have marked up what it corrects.
    let (entry, by_way_of) = root(known, target)?;
    if by_way_of.is_empty() {
        return Ok(None);
    }
    let read = read_with(known, &entry, id, event, target)?.and_then(|entry| entry.event);
    match read.map(|reading| below(&entry, &reading)).transpose()?.flatten() {
        None => Ok(None),
        Some(words) => {
            let handle = Known::handle(entry.id, entry.event.as_ref());
            let rule = format!("to strike that would let more people see {handle}: {words}");
            let hint = "amend the entry to what it should say: where more people would see it, that waits for a \
                        second person";
            Err(refused("target", rule, hint))
        }
    }
}

/// Returns an entry as it is recorded: as it is, or held where it needs a second person.
///
/// # Errors
///
/// Returns why it is not recorded so: what is held has no place among the `count` entries of a submission that may
/// name it.
pub(super) fn or_held(
    known: &Known,
    rolling: &mut Rolling,
    id: EventId,
    parsed: Parsed,
    count: usize,
) -> Result<Parsed, Trouble> {
    match needed(known, rolling, id, &parsed.event)? {
        None => Ok(parsed),
        Some(why) if count == 1 => {
            let target = parsed.event.entry().map(|target| known.view.event(target));
            let target = target.transpose().map_err(|error| of_log(error.into()))?.flatten();
            let seen = target.map(|target| also_seen(known, &target, &parsed.event)).transpose();
            let mut held = held(parsed, &why)?;
            held.echo.extend(seen.map_err(of_log)?.unwrap_or_default());
            Ok(held)
        }
        Some(why) => {
            let rule = format!("{why}, and what waits for somebody else is recorded by itself");
            Err(refused("kind", rule, "send it apart from the other entries"))
        }
    }
}

/// Refuses what needs a second person where nobody else can be waited for.
///
/// # Errors
///
/// Returns why it is not recorded so.
pub(in crate::desk) fn unheld(
    known: &Known,
    rolling: &mut Rolling,
    id: EventId,
    event: &Event,
) -> Result<(), Trouble> {
    match needed(known, rolling, id, event)? {
        None => Ok(()),
        Some(why) => {
            let rule = format!("{why}, which no import waits for");
            Err(refused(
                "kind",
                rule,
                "record the entry by itself, with `record --json`, and have it confirmed",
            ))
        }
    }
}

/// Returns an entry as it waits for a second person, who is told why.
///
/// # Errors
///
/// Returns that it is too long to wait.
pub(super) fn held(parsed: Parsed, why: &str) -> Result<Parsed, Trouble> {
    let wrong = |error: serde_json::Error| Trouble::new(error.to_string());
    let Parsed { event, body, mut echo, doubtful, marked } = parsed;
    let entry = RawValue::from_string(body).map_err(wrong)?;
    let envelope = Envelope {
        marking: event.envelope.marking,
        compartments: event.envelope.compartments,
        ..Envelope::default()
    };
    let event = Event { envelope, fact: Fact::EntryHeld(Held { entry }) };
    let body = event.encode().map_err(wrong)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(Trouble::too_long(None, body.len()));
    }
    echo.push(format!("held: {why}; it counts when somebody else confirms it"));
    Ok(Parsed { event, body, echo, doubtful, marked })
}
