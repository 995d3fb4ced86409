//! How a row is known again that the log has already: by the name of its file and its key; a message by its `Message-ID`
//! alone, in whichever file it stands.

use crate::desk::error::DeskError;
use crate::desk::format::{Parsed, called};
use crate::desk::import::eml::replies::without_unmet;
use crate::desk::import::survey::Row;
use crate::desk::known::Known;
use crate::desk::writing::registers_recorder;
use crate::domain::event::ExternalRef;
use crate::domain::fact::{Kind, Subject};
use crate::domain::id::{ActorId, EventId};
use crate::domain::reading::RawEvent;

/// Returns the events that a row is in the log: those of its own file, else of a message that has one name in any file the
/// first that bears it, which may stand there from several.
pub(super) fn events(
    known: &Known,
    stem: &str,
    key: &str,
    everywhere: bool,
) -> Result<Vec<EventId>, DeskError> {
    let own = known.view.external(stem, key)?;
    if !own.is_empty() || !everywhere {
        return Ok(own);
    }
    Ok(known.view.called(key)?.into_iter().take(1).collect())
}

/// Returns which of several events a row is: of those that go by its name, the one that whoever imports it recorded.
///
/// Two who do not see each other's entries may import the same rows; whoever sees both has their own.
pub(super) fn own(known: &Known, ids: &[EventId], actor: ActorId) -> Result<Option<EventId>, DeskError> {
    let mut own = None;
    for id in ids {
        if known.view.event(*id)?.is_some_and(|raw| raw.actor == actor) && own.replace(*id).is_some() {
            return Ok(None);
        }
    }
    Ok(own)
}

/// Tells whether the log has what a row says; how it was marked by a policy, or by what it corrects, does not count.
pub(super) fn says(row: &Row, raw: &RawEvent, parsed: &Parsed) -> bool {
    let Some(recorded) = &raw.event else { return true };
    let mut event = parsed.event.clone();
    if !parsed.marked {
        event.envelope.marking.clone_from(&recorded.envelope.marking);
    }
    if matches!(event.kind().subject(), Subject::Entry) && event.envelope.compartments.is_empty() {
        event.envelope.compartments.clone_from(&recorded.envelope.compartments);
    }
    if row.drafted.everywhere {
        // Of another file it has the name of that; and it is linked to what stood beside it there, or in the log then.
        event.envelope.external_refs.clone_from(&recorded.envelope.external_refs);
        event.envelope.links.clone_from(&recorded.envelope.links);
        let (now, then) = (&event.envelope.note, &recorded.envelope.note);
        if without_unmet(now.as_deref()) == without_unmet(then.as_deref()) {
            event.envelope.note.clone_from(&recorded.envelope.note);
        }
    }
    if event.kind() == Kind::RecorderRegistered {
        // They came in by themselves, or with another file: it has its own name for the row.
        let refs = &recorded.envelope.external_refs;
        let is_told = |other: &ExternalRef| other.id == row.key || refs.contains(other);
        if event.envelope.external_refs.iter().all(is_told) {
            event.envelope.external_refs.clone_from(refs);
        }
    }
    if matches!(event.kind().subject(), Subject::Entry) || event.kind() == Kind::PolicyEnded {
        // What must learn of it was found when it was recorded.
        event.envelope.about.clone_from(&recorded.envelope.about);
    }
    event == *recorded
}

/// Returns what is said of a row that the log has, and not as the file has it.
pub(super) fn differs(known: &Known, stem: &str, row: &Row, id: EventId) -> Result<String, DeskError> {
    let key = &row.key;
    if known.view.external(stem, key)?.contains(&id) {
        return Ok(format!(
            "`{key}` is in the log with other content; a row that was imported is corrected with `amend`"
        ));
    }
    if row.drafted.entry.as_ref().and_then(registers_recorder).is_some() {
        return Ok("enters a recorder who is in the register already, and says more of them than the register does; leave the row out, or what it says beside the `name`".to_owned());
    }
    let name = called(known, id)?;
    let namespace = known.view.event(id)?.and_then(|raw| raw.event).and_then(|event| {
        let external = event.envelope.external_refs.into_iter().find(|external| external.id == *key);
        external.map(|external| format!(" from `{}`", external.namespace))
    });
    Ok(format!(
        "the message `{key}` is in the log{} with other content, as `{name}`; a `Message-ID` names one message: what was \
         recorded is corrected with `amend`, and `--continue` leaves the row out",
        namespace.unwrap_or_default()
    ))
}
