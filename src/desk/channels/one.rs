//! A channel that was found to go by several names: one channel with one history, from the moment at which the register
//! knows it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::desk::answer::entry::Named;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{self, RawEvent};

/// Returns the channel that an id means: itself, or what it was found to be.
pub(in crate::desk) fn standing_for(known: &Known, id: EntityId) -> EntityId {
    let standing = known.register.standing_for(id);
    if known.register.channel(standing).is_some() { standing } else { id }
}

/// Tells whether a channel stands for itself: what was found to be another has no place of its own.
pub(in crate::desk) fn stands_for_itself(known: &Known, id: EntityId) -> bool {
    standing_for(known, id) == id
}

/// Tells whether a channel goes by several names.
pub(super) fn has_names(known: &Known, id: EntityId) -> bool {
    !known.register.is_without_aliases() && known.register.one_with(id).len() > 1
}

/// Returns what a channel was found to be one with.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(in crate::desk) fn one_with(known: &Known, id: EntityId) -> Result<Vec<Named>, DeskError> {
    if known.register.is_without_aliases() {
        return Ok(Vec::new());
    }
    known.all_named(known.register.one_with(id).get(1..).unwrap_or_default())
}

/// Returns the history of a channel, of all its names together, in the order of the log: what an entry says of any of
/// them it says of the channel.
///
/// # Errors
///
/// As [`one_with`].
pub(super) fn history(known: &Known, id: EntityId) -> Result<Vec<RawEvent>, DeskError> {
    if !has_names(known, id) {
        return known.history(id);
    }
    let names = known.register.one_with(id);
    let mut whole: BTreeMap<u64, RawEvent> = BTreeMap::new();
    for name in &names {
        for mut raw in known.history(*name)? {
            if let Some(event) = &mut raw.event {
                rename(event, &names, id)?;
            }
            whole.insert(raw.position, raw);
        }
    }
    Ok(whole.into_values().collect())
}

/// Puts a channel in the place of each of its names.
fn rename(event: &mut Event, names: &[EntityId], id: EntityId) -> Result<(), DeskError> {
    let envelope = &mut event.envelope;
    for named in [&mut envelope.about, &mut envelope.via] {
        let mut one: Vec<EntityId> = Vec::with_capacity(named.len());
        for name in named.iter().map(|name| if names.contains(name) { id } else { *name }) {
            if !one.contains(&name) {
                one.push(name);
            }
        }
        *named = one;
    }
    let target = |target: EventId| {
        if names.contains(&EntityId::from(target)) { EventId::from_uuid(*id.as_uuid()) } else { target }
    };
    for link in &mut envelope.links {
        link.target = target(link.target);
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other fact says what an entry is about")]
    match &mut event.fact {
        Fact::RecordLinked(linked) => linked.link.target = target(linked.link.target),
        Fact::RecordAmended(_) => {
            let Some(mut given) = reading::given(event) else { return Ok(()) };
            rename(&mut given, names, id)?;
            let reading = given.encode().and_then(RawValue::from_string);
            let reading = reading.map_err(|error| DeskError::Unavailable(error.to_string()))?;
            if let Fact::RecordAmended(amended) = &mut event.fact {
                amended.reading = reading;
            }
        }
        _ => {}
    }
    Ok(())
}
