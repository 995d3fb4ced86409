//! What an entry is called: a handle stays with the entry that has it.

use crate::desk::error::DeskError;
use crate::desk::format::Trouble;
use crate::desk::known::Known;
use crate::desk::recording::correction::refused;
use crate::domain::event::Event;
use crate::domain::id::EventId;

/// Checks that what an entry calls itself names it, and nothing that is there already.
///
/// # Errors
///
/// Returns which name is taken, or is none.
pub(crate) fn handles(known: &Known, id: EventId, event: &Event) -> Result<(), Trouble> {
    for external in &event.envelope.external_refs {
        let name = external.id.as_str();
        if let Some(why) = misleading(name) {
            return Err(Trouble::in_field("id", format!("`{name}` {why}; choose another, such as call-1")));
        }
        let found = known.view.external(&external.namespace, name);
        let found = found.map_err(|error| Trouble::in_name("id", DeskError::from(error), ""))?;
        if let Some(other) = found.into_iter().find(|other| *other != id) {
            let place =
                known.view.event(other).ok().flatten().map(|raw| format!(" at position {}", raw.position));
            let rule = format!("`{name}` names another entry already{}", place.unwrap_or_default());
            return Err(refused("id", rule, "choose another, or leave it out"));
        }
    }
    Ok(())
}

/// Returns why a name would be read as something else than a name.
pub(crate) fn misleading(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is empty")
    } else if name.starts_with('#') {
        Some("would read as a position in the log")
    } else if uuid::Uuid::try_parse(name.trim()).is_ok() {
        Some("would read as the id of an event")
    } else {
        None
    }
}

/// Returns what is doubtful about the name of an entry: that another goes by it elsewhere.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(super) fn called_alike(known: &Known, id: EventId, event: &Event) -> Result<Option<String>, DeskError> {
    let Some(external) = event.envelope.external_refs.first() else { return Ok(None) };
    let others = known.view.called(&external.id)?.into_iter().filter(|other| *other != id).count();
    let (namespace, name) = (&external.namespace, &external.id);
    Ok((others > 0).then(|| {
        format!("`{name}` names another entry too: from now on this one is typed `{namespace}:{name}`")
    }))
}
