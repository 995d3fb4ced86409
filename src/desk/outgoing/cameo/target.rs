//! Towards whom an act is that names nobody: the line it is about tells, or the offer.

use crate::desk::answer::entry::Named;
use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::desk::outgoing::taking::concerned;
use crate::desk::silence::{ACTS_OF_ADDRESSEES, ACTS_OF_PROPOSERS};
use crate::domain::fact::{EntityKind, Kind, KindClass};
use crate::domain::id::{EntityId, EventId};

/// What told a target that an entry does not name.
pub(super) const BY_LINE: &str = "the line tells the target";
/// The same of an offer.
pub(super) const BY_OFFER: &str = "the offer tells the target";

/// Returns towards whom an entry is that names nobody, and what told it; nobody where nothing tells.
pub(super) fn target(known: &Known, selected: &Selected) -> Result<(Vec<Named>, &'static str), DeskError> {
    let Some(event) = &selected.entry.event else { return Ok((Vec::new(), "")) };
    let (kind, from) = (event.kind(), &event.envelope.from);
    if from.is_empty() || !event.envelope.to.is_empty() {
        return Ok((Vec::new(), ""));
    }
    let is_related = |party: &EntityId| {
        from.iter().any(|one| known.is_within(*one, *party) || known.is_within(*party, *one))
    };
    let other_ends = |lines: &[EntityId]| {
        let mut found: Vec<EntityId> = Vec::new();
        for line in lines {
            let ends = known.register.ends_of(*line);
            // Whoever is no end of the line need not mean one.
            if ends.iter().any(is_related) {
                found.extend(ends.iter().filter(|end| !is_related(end)));
            }
        }
        found
    };
    if KindClass::Attempt.has(kind) || KindClass::OfLine.has(kind) {
        let lines = concerned(known, &selected.entry, EntityKind::Channel)?;
        return told(known, other_ends(&lines), BY_LINE);
    }
    let mut found: Vec<EntityId> = Vec::new();
    let by_proposer = ACTS_OF_PROPOSERS.contains(&kind);
    if by_proposer || KindClass::Answer.has(kind) || ACTS_OF_ADDRESSEES.contains(&kind) {
        for overture in concerned(known, &selected.entry, EntityKind::Overture)? {
            if event.created(selected.entry.id) == Some(overture) {
                continue;
            }
            let offer = known.entry(EventId::from_uuid(*overture.as_uuid()))?;
            let Some(offer) = offer.and_then(|offer| offer.event).map(|event| event.envelope) else {
                continue;
            };
            let meant = if by_proposer && offer.from.iter().any(is_related) { offer.to } else { offer.from };
            found.extend(meant.iter().filter(|party| !is_related(party)));
        }
    }
    // What is said over a line is said to its other end.
    if found.is_empty() && KindClass::Speech.has(kind) && !KindClass::Held.has(kind) {
        return told(known, other_ends(&event.envelope.via), BY_LINE);
    }
    told(known, found, BY_OFFER)
}

/// Adds the sides of a joint act to those towards whom it is, where nobody else is: each acts towards the others. Who
/// sat together met each other, whoever else is named.
pub(super) fn add_each_other(
    known: &Known,
    selected: &Selected,
    to: &mut Vec<Named>,
) -> Result<(), DeskError> {
    let Some(event) = &selected.entry.event else { return Ok(()) };
    let kind = event.kind();
    let met = KindClass::Held.has(kind) || kind == Kind::MeetingNotHeld;
    let acts = [KindClass::Speech, KindClass::Attempt, KindClass::OfLine];
    if met || (to.is_empty() && acts.into_iter().any(|class| class.has(kind))) {
        for party in known.all_named(&event.envelope.from)? {
            if !to.iter().any(|named| named.name == party.name) {
                to.push(party);
            }
        }
    }
    Ok(())
}

fn told(
    known: &Known,
    found: Vec<EntityId>,
    by: &'static str,
) -> Result<(Vec<Named>, &'static str), DeskError> {
    let mut parties: Vec<EntityId> = Vec::new();
    for party in found {
        if !parties.contains(&party) {
            parties.push(party);
        }
    }
    let by = if parties.is_empty() { "" } else { by };
    Ok((known.all_named(&parties)?, by))
}
