//! What an amendment carries: it gives the whole of an entry, and so what earlier corrections made of it, also one that
//! is more restricted than it.

use serde_json::Value;

use crate::desk::access::{Height, Rules, ToldOf, told_of};
use crate::desk::error::DeskError;
use crate::desk::format::field::{ENVELOPE, detail};
use crate::desk::format::{Parsed, Trouble};
use crate::desk::history::fields_of;
use crate::desk::known::Known;
use crate::desk::recording::correction::refused;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::reading::{Entry, RawEvent, given};

/// Marks a correction as what it tells of is marked, where nobody said how it is, and says so: an amendment as what it
/// carries, what takes a link back as what asserts it.
///
/// # Errors
///
/// Returns that it is marked below that, with what would be right.
pub(super) fn mark_as_told(known: &Known, raw: &RawEvent, parsed: &mut Parsed) -> Result<(), Trouble> {
    let rules = Rules::of(known);
    let own = Height::of_event(&rules, &parsed.event);
    let carried = above(known, &rules, raw, &parsed.event, &own)?;
    if carried.is_empty() {
        return Ok(());
    }
    let kind = given(&parsed.event).map(|reading| reading.kind());
    let words = told(&rules, &carried, kind);
    let all = Height::joined(carried.iter().map(|carried| &carried.height).chain([&own]));
    let (marking, within) = all.marking(&rules);
    let envelope = &mut parsed.event.envelope;
    if parsed.marked && carried.iter().any(|carried| carried.height.is_above_level_of(&own)) {
        let own = envelope.marking.as_ref().map_or("no marking", |marking| marking.0.as_str());
        let rule = format!("it {words}, and {own} is below that");
        let way_out = way_out(&carried, kind).map_or_else(String::new, |way_out| format!(", or {way_out}"));
        return Err(refused("marking", rule, &format!("leave `marking` out{way_out}")));
    }
    if carried.iter().any(|carried| carried.height.is_above_level_of(&own)) {
        parsed.echo.retain(|line| !line.starts_with("marking: none given"));
        parsed.echo.push(format!("marking: none given, so {}, as that of which it tells", marking.0));
        envelope.marking = Some(marking);
    }
    envelope.compartments = within.iter().cloned().collect();
    let height = all.words(&rules);
    let way_out = way_out(&carried, kind)
        .map_or_else(String::new, |way_out| format!("; where others are to see it, {way_out}"));
    parsed.doubtful.push(format!(
        "it {words}: it is {height} as well, and corrects nothing for whoever does not see that{way_out}"
    ));
    Ok(())
}

/// Refuses to let more people see an entry by an amendment that carries what they must not see.
///
/// # Errors
///
/// Returns which correction it carries, and what is done first.
pub(super) fn uncovers_no_carried(known: &Known, event: &Event, raw: &RawEvent) -> Result<(), Trouble> {
    let Some(reading) = given(event) else { return Ok(()) };
    let rules = Rules::of(known);
    let after = Height::of_event(&rules, &reading);
    let carried = above(known, &rules, raw, event, &after)?;
    if carried.is_empty() {
        return Ok(());
    }
    let words = told(&rules, &carried, Some(reading.kind()));
    let rule = format!("the entry would be {}, and the amendment {words}", after.words(&rules));
    Err(refused("changes", rule, &way_out(&carried, Some(reading.kind())).unwrap_or_default()))
}

/// Returns what a correction tells of that is more restricted than something.
fn above(
    known: &Known,
    rules: &Rules,
    raw: &RawEvent,
    event: &Event,
    than: &Height,
) -> Result<Vec<ToldOf>, Trouble> {
    let corrections = known.corrections(raw.id).map_err(of_log)?;
    let mut carried = told_of(rules, raw, &corrections, event);
    carried.retain(|carried| !than.is_as_restricted_as(&carried.height));
    Ok(carried)
}

/// Returns it in words; `kind` is that of the reading of an amendment.
fn told(rules: &Rules, carried: &[ToldOf], kind: Option<Kind>) -> String {
    let one = |carried: &ToldOf| {
        let handle = Known::handle(carried.raw.id, carried.raw.event.as_ref());
        let fields = kind.map_or_else(String::new, |kind| format!(" ({})", fields(carried, kind)));
        format!(
            "{handle} at position {}{fields}, which is {}",
            carried.raw.position,
            carried.height.words(rules)
        )
    };
    let each: Vec<String> = carried.iter().map(one).collect();
    let does = if kind.is_some() { "carries the correction" } else { "takes back the link of" };
    format!("{does} {}", each.join(", and "))
}

/// Returns what would be done so that others see an amendment.
fn way_out(carried: &[ToldOf], kind: Option<Kind>) -> Option<String> {
    let kind = kind?;
    let handles = carried.iter().map(|carried| Known::handle(carried.raw.id, carried.raw.event.as_ref()));
    let handles: Vec<String> = handles.collect();
    let mut all: Vec<String> = carried.iter().map(|carried| fields(carried, kind)).collect();
    all.sort();
    all.dedup();
    let (handles, all) = (handles.join(" and "), all.join(", "));
    Some(format!("take {handles} back first (`retract`), or give {all} another value"))
}

/// Returns the fields in which a correction is carried, as they are typed.
fn fields(carried: &ToldOf, kind: Kind) -> String {
    let typed = |recorded: &String| {
        let mut all = ENVELOPE.iter().chain(detail(kind));
        let field = all.find(|field| field.recorded == recorded);
        format!("`{}`", field.map_or(recorded.as_str(), |field| field.name))
    };
    carried.fields.iter().map(typed).collect::<Vec<_>>().join(", ")
}

fn of_log(error: DeskError) -> Trouble {
    Trouble::in_name("target", error, "")
}

/// Returns what earlier readings of an entry say otherwise that whoever is let see it by an amendment would see as well,
/// reading by reading; nothing of an amendment that lets nobody see it.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(super) fn also_seen(known: &Known, raw: &RawEvent, event: &Event) -> Result<Vec<String>, DeskError> {
    let Some(reading) = given(event) else { return Ok(Vec::new()) };
    let rules = Rules::of(known);
    let corrections = known.corrections(raw.id)?;
    let after = Height::of_event(&rules, &reading);
    let lowers =
        Height::of(&rules, raw, &corrections).is_some_and(|before| after.is_below(&before, &reading));
    let Some(entry) = known.entry(raw.id)?.filter(|_| lowers) else { return Ok(Vec::new()) };
    let fields = |event: &Event| fields_of(known, &Entry { event: Some(event.clone()), ..entry.clone() });
    let becomes = fields(&reading)?;
    let mut said: Vec<(String, Value)> = Vec::new();
    let mut lines = Vec::new();
    let amendments = corrections.iter().filter(|correction| {
        let own = correction.event.as_ref().map(|event| Height::of_event(&rules, event));
        own.is_some_and(|own| after.is_as_restricted_as(&own))
    });
    let given = amendments.filter_map(|one| Some((one.position, given(one.event.as_ref()?)?)));
    let first = raw.event.clone().map(|event| (raw.position, event));
    for (position, reading) in first.into_iter().chain(given) {
        let now = fields(&reading)?;
        let other = now.into_iter().filter(|(field, value)| {
            !matches!(field.as_str(), "marking" | "compartment") && becomes.get(field) != Some(value)
        });
        for one in other {
            if !said.contains(&one) {
                lines.push(format!("seen with it: {} was {}, at position {position}", one.0, one.1));
                said.push(one);
            }
        }
    }
    Ok(lines)
}
