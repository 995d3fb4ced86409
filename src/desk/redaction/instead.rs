//! What may still be said in the place of a text: what an officer gives, and what a register needs.

use serde_json::Value;

use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::format::{Parser, Resolver, Trouble, error_of};
use crate::desk::known::Known;
use crate::desk::recording::{by_program_only, handles, lacking};
use crate::desk::redaction::texts::created;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::meeting::SeriesRegistered;
use crate::domain::fact::register::{ChannelRegistered, Name, PartyRegistered, RecorderRegistered};
use crate::domain::fact::{EntityKind, Fact, Subject};
use crate::domain::id::EventId;
use crate::domain::reading::RawEvent;
use crate::domain::typed::Mode;

/// What an officer gave.
pub(super) struct Given {
    /// What is said instead.
    pub(super) event: Event,
    /// What it enters in the registers.
    pub(super) newcomers: Vec<Newcomer>,
    /// What a person should look at.
    pub(super) doubtful: Vec<String>,
}

/// Reads what is said instead, in the format of entries; unless names are dropped it keeps those of the
/// entry.
///
/// # Errors
///
/// Returns what is wrong with it, in the field `replacement`; the text of the entry is in no error.
pub(super) fn given(
    known: &Known,
    entry: &RawEvent,
    value: &Value,
    drop_names: bool,
) -> Result<Given, DeskError> {
    let wrong = |detail: String| DeskError::from(Fault::in_field("replacement", detail));
    let within = |troubles: Vec<Trouble>| {
        let error = error_of(troubles);
        let DeskError::Wrong(faults) = error else { return error };
        let faults = faults.into_iter().map(|fault| Fault::in_field("replacement", fault.to_string()));
        DeskError::Wrong(faults.collect())
    };
    let mut resolver = Resolver::at_the_prompt(known);
    let parsed = Parser::new(&mut resolver, Mode::Prompt).parse(value).map_err(within)?;
    let newcomers = std::mem::take(&mut resolver.newcomers);
    let (mut event, mut doubtful) = (parsed.event, parsed.doubtful);
    if event.kind().subject() == Subject::Entry {
        return Err(wrong(format!("`{}` is a correction; say what may be said of the world", event.kind())));
    }
    by_program_only(event.kind()).map_err(|trouble| within(vec![trouble]))?;
    let Some(recorded) = &entry.event else {
        return Err(wrong("the entry cannot be read, so nothing can be said in its place".to_owned()));
    };
    let (before, after) = (created(entry, recorded), created(entry, &event));
    if before != after {
        let brings = |kind: Option<EntityKind>| match kind {
            None => "nothing".to_owned(),
            Some(kind @ EntityKind::Overture) => format!("an {kind}"),
            Some(kind) => format!("a {kind}"),
        };
        return Err(wrong(format!(
            "the entry brought {} into being, which stays, and `{}` brings {}; choose a kind that agrees",
            brings(before),
            event.kind(),
            brings(after)
        )));
    }
    let mut anew = event.clone();
    anew.envelope.external_refs.retain(|name| !recorded.envelope.external_refs.contains(name));
    handles(known, entry.id, &anew).map_err(|trouble| within(vec![trouble]))?;
    if !drop_names {
        let names = recorded.envelope.external_refs.iter();
        let missing = names.filter(|name| !event.envelope.external_refs.contains(name)).cloned();
        let missing: Vec<_> = missing.collect();
        event.envelope.external_refs.extend(missing);
    }
    let now = known.entry(entry.id)?.and_then(|now| now.event);
    if event == *recorded || Some(&event) == now.as_ref() {
        return Err(wrong("says what the entry says: nothing would be removed".to_owned()));
    }
    let lacks = lacking(&event, known.zone).into_iter();
    doubtful.extend(lacks.map(|lack| format!("replacement: {}: {}", lack.field, lack.detail)));
    Ok(Given { event, newcomers, doubtful })
}

/// Returns what a register holds of something whose entry is removed, so that whatever names it still does:
/// the same sort of thing, under a name that says nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are in no register that entries name")]
pub(super) fn neutral(id: EventId, event: &Event, drop_names: bool) -> Option<Event> {
    let short: String = id.to_string().chars().take(8).collect();
    let fact = match &event.fact {
        Fact::ChannelRegistered(channel) => Fact::ChannelRegistered(ChannelRegistered {
            name: format!("removed-{short}").parse().ok()?,
            sort: channel.sort,
            names: Vec::new(),
            ends: Vec::new(),
            capabilities: Vec::new(),
            schedule: None,
            marking_min: None,
        }),
        Fact::PartyRegistered(_) => Fact::PartyRegistered(PartyRegistered {
            code: format!("x-removed-{short}").parse().ok()?,
            names: Vec::new(),
        }),
        Fact::SeriesRegistered(_) => Fact::SeriesRegistered(SeriesRegistered {
            names: vec![Name::from(format!("removed {short}").as_str())],
            ends: Vec::new(),
        }),
        Fact::RecorderRegistered(_) => {
            Fact::RecorderRegistered(RecorderRegistered { name: format!("removed {short}") })
        }
        _ => return None,
    };
    let external_refs = if drop_names { Vec::new() } else { event.envelope.external_refs.clone() };
    Some(Event { envelope: Envelope { external_refs, ..Envelope::default() }, fact })
}
