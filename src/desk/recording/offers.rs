//! What is doubtful of an act about an offer, beside where that offer stands: whoever answers was not asked, a day lies
//! before what it must follow.

use crate::desk::error::DeskError;
use crate::desk::format::Parsed;
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::{EntityKind, Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::occurred::Occurred;
use crate::domain::overture::answer::Said;
use crate::domain::overture::effect::Remark;
use crate::domain::overture::{OvertureStanding, offer_of};
use crate::domain::zone::Zone;

/// Returns what a person should look at in an act about an offer, although it may be recorded.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(super) fn of_offers(known: &Known, event: &Event) -> Result<Vec<String>, DeskError> {
    let mut doubtful: Vec<String> = too_early(event, known.zone).into_iter().collect();
    let is_answer = event.kind().family() == "response";
    let extended = if let Fact::OvertureExtended(step) = &event.fact { step.deadline.as_ref() } else { None };
    if !is_answer && extended.is_none() {
        return Ok(doubtful);
    }
    let mut standings = Standings::new(known);
    for overture in offers_of(known, event)? {
        let standing = standings.of(overture)?;
        if is_answer {
            doubtful.extend(by_no_addressee(known, event, overture, &standing)?);
        }
        if let (Some(until), Some(window)) = (extended, &standing.window)
            && until.latest(&known.zone) < window.due
        {
            let due = known.zone.local(window.due);
            doubtful.push(format!(
                "deadline: {} is earlier than an answer to {} was due, {}: an extension gives more time; a revision \
                 (`overture revised`) may give less",
                until.words(),
                known.named(overture)?.name,
                Occurred::from_day(due.date_naive()).words()
            ));
        }
    }
    Ok(doubtful)
}

/// Addresses a counter-proposal that names nobody to whoever made what it counters; `read` stands before it in what is
/// recorded together.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(super) fn to_the_proposer(
    known: &Known,
    read: &[(EventId, Parsed)],
    parsed: &mut Parsed,
) -> Result<(), DeskError> {
    let Event { envelope, fact: Fact::ResponseCounterProposed(_) } = &parsed.event else { return Ok(()) };
    if !envelope.opens || !envelope.to.is_empty() {
        return Ok(());
    }
    let mut to: Vec<EntityId> = Vec::new();
    for link in envelope.links.iter().filter(|link| link.relation == Relation::Counters) {
        let own =
            read.iter().find(|(id, _)| *id == link.target).map(|(_, parsed)| parsed.event.envelope.clone());
        let offer = if own.is_some() {
            own
        } else {
            known.entry(link.target)?.and_then(|entry| entry.event).map(|event| event.envelope)
        };
        for party in offer.into_iter().flat_map(|offer| [offer.from, offer.on_behalf_of].concat()) {
            if !envelope.from.contains(&party) && !to.contains(&party) {
                to.push(party);
            }
        }
    }
    if to.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = known.all_named(&to)?.into_iter().map(|named| named.name).collect();
    parsed.echo.push(format!("to: {}, who made what it counters", names.join(" and ")));
    parsed.event.envelope.to = to;
    parsed.body = parsed.event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    Ok(())
}

/// Returns that the date which an offer proposes lies before the offer.
fn too_early(event: &Event, zone: Zone) -> Option<String> {
    let proposed = offer_of(&event.fact)?.proposed_date.as_ref()?;
    let made = event.envelope.occurred.as_ref()?;
    // The offer of an afternoon may propose that very day.
    (proposed.latest(&zone) < made.earliest(&zone)).then(|| {
        format!(
            "proposed_date: {} is before the date of the offer, {}: it would be overdue as soon as it was made",
            proposed.words(),
            made.words()
        )
    })
}

/// Returns the offers that an event is about, or is linked to so that it enters their history.
fn offers_of(known: &Known, event: &Event) -> Result<Vec<EntityId>, DeskError> {
    let links = event.envelope.links.iter().filter(|link| link.relation.enters_history());
    let mut offers: Vec<EntityId> = Vec::new();
    for id in event.envelope.about.iter().copied().chain(links.map(|link| link.target.into())) {
        if known.view.kind_of(id)? == Some(EntityKind::Overture) && !offers.contains(&id) {
            offers.push(id);
        }
    }
    Ok(offers)
}

/// Returns that whoever answers is none of those who were asked, with who was.
fn by_no_addressee(
    known: &Known,
    event: &Event,
    overture: EntityId,
    standing: &OvertureStanding,
) -> Result<Option<String>, DeskError> {
    let by = speakers(&event.envelope);
    let asked = standing.addressees();
    let speaks_for = |party: &EntityId| {
        by.iter().any(|speaker| known.is_within(*speaker, *party) || known.is_within(*party, *speaker))
    };
    // Whoever answers an offer that names nobody is one of those to whom it was made.
    let names_nobody = asked.is_empty() || standing.remarks.contains(&Remark::NoAddressee);
    if by.is_empty() || names_nobody || standing.issue.is_none() || asked.iter().any(speaks_for) {
        return Ok(None);
    }
    let proposes = standing.proposer.iter().any(speaks_for);
    let with_changes = standing.replies.iter().any(|reply| reply.said == Some(Said::AcceptedWithChanges));
    if proposes && with_changes && event.kind() == Kind::ResponseAccepted {
        return Ok(None);
    }
    let names = |ids: &[EntityId]| -> Result<String, DeskError> {
        Ok(known.all_named(ids)?.into_iter().map(|named| named.name).collect::<Vec<_>>().join(", "))
    };
    let (name, who, asked) = (known.named(overture)?.name, names(&by)?, names(&asked)?);
    let sides = if proposes { ", which made the offer," } else { "" };
    Ok(Some(format!(
        "from: {who}{sides} was not asked by {name}: its addressee is {asked}; an answer of another is shown and moves \
         nothing"
    )))
}

/// Returns who speaks, in whose name included.
fn speakers(envelope: &Envelope) -> Vec<EntityId> {
    envelope.from.iter().chain(&envelope.on_behalf_of).copied().collect()
}
