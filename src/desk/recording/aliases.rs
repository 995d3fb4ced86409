//! What is bad bookkeeping in saying that one is another, or who holds which office.

use crate::desk::error::{DeskError, Fault};
use crate::desk::format::Trouble;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::EntityId;

/// Refuses a finding about what is in no register, or that says nothing.
///
/// # Errors
///
/// Returns why it is no entry of this record.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts find nothing to be something else")]
pub(super) fn aliases(known: &Known, event: &Event) -> Result<(), Trouble> {
    let about = &event.envelope.about;
    match &event.fact {
        Fact::PartyMerged(merged) => {
            all_are(known, "about", about, EntityKind::Party)?;
            differ(about, &[merged.into])
        }
        Fact::ChannelMerged(merged) => differ(about, &[merged.into]),
        Fact::PartySplit(split) => {
            all_are(known, "about", about, EntityKind::Party)?;
            several(about, &split.into)
        }
        Fact::ChannelSplit(split) => several(about, &split.into),
        Fact::PersonNamed(_) => all_are(known, "about", about, EntityKind::Person),
        Fact::PersonRole(held) => {
            if held.office.trim().is_empty() {
                return Err(Trouble::in_field("office", "is empty: which office the person holds"));
            }
            if let (Some(since), Some(until)) = (&held.since, &held.until)
                && until.latest(&known.zone) < since.earliest(&known.zone)
            {
                let words = format!("is {}, before {} begins", until.words(), since.words());
                return Err(Trouble::in_field("until", format!("{words}; exchange the two")));
            }
            all_are(known, "about", about, EntityKind::Person)
        }
        _ => Ok(()),
    }
}

fn all_are(known: &Known, field: &str, ids: &[EntityId], kind: EntityKind) -> Result<(), Trouble> {
    let other = ids.iter().find(|id| known.register.kind_of(**id).is_some_and(|found| found != kind));
    let unknown = ids.iter().find(|id| known.register.kind_of(**id).is_none());
    match other.or(unknown) {
        Some(id) => {
            let name = known.named(*id).map_or_else(|_| id.to_string(), |named| named.name);
            Err(Trouble::in_field(field, format!("`{name}` is no {kind} of the register")))
        }
        None => Ok(()),
    }
}

fn several(about: &[EntityId], into: &[EntityId]) -> Result<(), Trouble> {
    if into.len() < 2 {
        return Err(Trouble::in_field("into", "names fewer than two: what is split is found to be several"));
    }
    differ(about, into)
}

fn differ(about: &[EntityId], into: &[EntityId]) -> Result<(), Trouble> {
    if about.iter().all(|one| !into.contains(one)) {
        return Ok(());
    }
    let rule = "what is found to be another, or several, is not itself one of them";
    Err(Trouble {
        fault: Fault::in_field("into", rule),
        obstacle: Some(DeskError::Refused { rule: rule.to_owned(), hints: Vec::new() }),
    })
}
