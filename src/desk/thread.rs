//! An overture and everything since: its entries, what each did, and what may belong to it.

mod related;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::board::MeetingRow;
use crate::desk::answer::entry::{Thread, ThreadEntry};
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::meetings::told;
use crate::desk::overtures::effects::{effect_words, relation_to_it, relation_words};
use crate::desk::overtures::standings::{Gathered, Standings};
use crate::desk::overtures::words::Words;
use crate::domain::event::Event;
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::overture::currency::Currency;
use crate::domain::overture::effect::Effect;
use crate::domain::overture::{ChainOffer, OvertureStanding};
use crate::domain::reading::{self, Entry};
use crate::domain::source::Source;

pub(crate) use crate::desk::thread::related::sides;

impl Desk {
    /// As [`Desk::thread`].
    pub(super) fn thread_of(&self, when: &When, handle: &str) -> Result<Answer<Thread>, DeskError> {
        let (known, overture) = self.thread_meant(when, handle)?;
        let thread = thread(&mut Standings::new(&known), overture)?;
        Ok(known.answer(thread))
    }

    /// Returns the overture to whose thread an entry belongs, with what is known.
    pub(super) fn thread_meant(&self, when: &When, handle: &str) -> Result<(Known, EntityId), DeskError> {
        let known = self.known(when)?;
        let named = known.event_named(handle)?;
        let overture = overture_of(&known, named, handle)?;
        if overture != EntityId::from(named) {
            let of = known.named(overture)?.name;
            known.notice(format!("`{}` is an entry of the thread of {of}, which is shown", handle.trim()));
        }
        Ok((known, overture))
    }
}

/// Returns an overture and everything since.
///
/// # Errors
///
/// Returns [`DeskError::NotFound`] where it was made later than the moment that is asked about.
pub(super) fn thread(standings: &mut Standings<'_>, overture: EntityId) -> Result<Thread, DeskError> {
    let known = standings.known;
    let gathered = standings.gathered(overture)?;
    let not_yet = gathered.creation.as_ref().filter(|entry| entry.bounds(&known.zone).0 > known.at);
    if let Some(entry) = not_yet {
        let date = entry.effect().map_or_else(String::new, |date| format!(" {}", date.when()));
        return Err(DeskError::NotFound {
            what: format!("overture `{}` at that time", Known::handle(entry.id, entry.event.as_ref())),
            hints: vec![format!("it was made later{date}; ask `at` for a later time")],
        });
    }
    let standing = standings.of(overture)?;
    let beside = beside(known, &gathered, &standings.chain(overture)?)?;
    let entries = shown(known, &gathered, &standing, beside.keys().copied())?;
    let effects: HashMap<EventId, &Effect> =
        standing.effects.iter().map(|(entry, effect)| (*entry, effect)).collect();
    let struck: HashSet<EventId> =
        entries.iter().filter(|entry| entry.struck).map(|entry| entry.id).collect();
    let words = Words { known, gathered: &gathered };
    let rows = entries.iter().map(|entry| {
        Ok(ThreadEntry {
            row: known.entry_row(entry)?,
            effect: match beside.get(&entry.id).filter(|_| !effects.contains_key(&entry.id)) {
                Some(words) if !entry.struck => words.clone(),
                Some(_) | None => effect_of(&words, entry, effects.get(&entry.id).copied(), &struck)?,
            },
            sources: sources(entry),
        })
    });
    Ok(Thread {
        entries: rows.collect::<Result<Vec<_>, DeskError>>()?,
        meetings: meetings(known, &gathered.meetings)?,
        related: related::related(known, &gathered, &entries)?,
        overture: standings.row(overture)?,
    })
}

/// Returns the meetings that an overture led to; one that was struck, or is yet to come, is none.
fn meetings(known: &Known, meetings: &[EntityId]) -> Result<Vec<MeetingRow>, DeskError> {
    let mut rows = Vec::with_capacity(meetings.len());
    for meeting in meetings {
        if let Some(told) = told(known, *meeting)? {
            rows.push(told.row(known)?);
        }
    }
    Ok(rows)
}

/// Returns what an offer is linked to, which is in no thread of its own doing, with what it is to it: the
/// offer that it counters, what it concerns, the other offers of its chain.
fn beside(
    known: &Known,
    gathered: &Gathered,
    chain: &[ChainOffer],
) -> Result<BTreeMap<EventId, String>, DeskError> {
    let Some(offer) = gathered.creation.as_ref().filter(|entry| !entry.struck) else {
        return Ok(BTreeMap::new());
    };
    let name = Known::handle(offer.id, offer.event.as_ref());
    let event_of = |entity: &EntityId| EventId::from_uuid(*entity.as_uuid());
    let chained = chain.iter().map(|offer| (event_of(&offer.overture), "one of the same chain of offers"));
    let mut beside: BTreeMap<EventId, String> =
        chained.map(|(id, words)| (id, format!("{words}, no effect"))).collect();
    let countered = gathered.countered.iter().map(|countered| (event_of(countered), Relation::Counters));
    let linked = offer.links().iter().map(|link| (link.target, link.relation));
    beside.extend(
        countered
            .chain(linked)
            .map(|(id, relation)| (id, format!("{name} {}, no effect", relation_to_it(relation)))),
    );
    beside.retain(|id, _| gathered.thread.iter().all(|entry| entry.id != *id));
    for id in beside.keys().copied().collect::<Vec<_>>() {
        // What keeps a register is no entry of the world, and what had not happened is not shown yet.
        let happened = known.entry(id)?.filter(|entry| {
            entry.event.as_ref().is_none_or(|event| !event.kind().is_bookkeeping())
                && entry.bounds(&known.zone).0 <= known.at
        });
        if happened.is_none() {
            beside.remove(&id);
        }
    }
    Ok(beside)
}

/// Returns the entries to show, in the order of effect: those of the thread, what realised it or settled
/// it, and what stands `beside` it.
fn shown(
    known: &Known,
    gathered: &Gathered,
    standing: &OvertureStanding,
    beside: impl Iterator<Item = EventId>,
) -> Result<Vec<Entry>, DeskError> {
    let mut shown = gathered.thread.clone();
    let mut seen: HashSet<EventId> = shown.iter().map(|entry| entry.id).collect();
    let decides = |effect: &Effect| matches!(effect, Effect::Ends(Currency::Realised) | Effect::Settles(_));
    let decisive = standing.effects.iter().filter(|(_, effect)| decides(effect)).map(|(id, _)| *id);
    for id in decisive.chain(beside) {
        if seen.insert(id) {
            let own = gathered.entry(id).cloned();
            shown.extend(if own.is_some() { own } else { known.entry(id)? });
        }
    }
    Ok(reading::in_order_of_effect(shown, &known.zone))
}

fn effect_of(
    words: &Words<'_>,
    entry: &Entry,
    effect: Option<&Effect>,
    struck: &HashSet<EventId>,
) -> Result<String, DeskError> {
    if entry.struck {
        return Ok("struck, no effect".to_owned());
    }
    let kind = entry.event.as_ref().map(Event::kind);
    let beside = entry.links().first().map(|link| format!("{}, no effect", relation_words(link.relation)));
    let told = match (effect, beside) {
        (None, Some(beside)) => beside,
        (effect, _) => effect_words(words, effect.unwrap_or(&Effect::Beside(None)), kind)?,
    };
    if entry.links().iter().any(|link| struck.contains(&link.target)) {
        return Ok(format!("{told}; on an entry that was struck"));
    }
    Ok(told)
}

/// Returns on whose word an entry rests, with the grades that someone gave.
pub(super) fn sources(entry: &Entry) -> Vec<String> {
    let words = |source: &Source| {
        let graded = source.grade() != Source::at("").grade();
        let grade = if graded { format!(" ({})", source.grade()) } else { String::new() };
        let claim = source.claim.as_ref().map_or_else(String::new, |claim| format!(": {claim}"));
        format!("{}{grade}{claim}", source.locator)
    };
    entry.event.iter().flat_map(|event| &event.envelope.sources).map(words).collect()
}

/// Returns the overture to whose thread an entry belongs: its own, the one that it is about, or the one
/// that what it is linked to belongs to.
fn overture_of(known: &Known, named: EventId, handle: &str) -> Result<EntityId, DeskError> {
    if known.view.kind_of(named.into())? == Some(EntityKind::Overture) {
        return Ok(named.into());
    }
    let mut seen = HashSet::from([named]);
    let mut ring = vec![named];
    while !ring.is_empty() {
        let mut found: Vec<EntityId> = Vec::new();
        let mut next = Vec::new();
        for id in ring {
            let Some(Entry { event: Some(event), .. }) = known.entry(id)? else { continue };
            let targets = event.envelope.links.iter().map(|link| EntityId::from(link.target));
            for target in
                event.envelope.about.iter().copied().chain(targets).chain(event.entry().map(Into::into))
            {
                match known.view.kind_of(target)? {
                    Some(EntityKind::Overture) if !found.contains(&target) => found.push(target),
                    Some(EntityKind::Meeting) | None => {
                        let target = EventId::from_uuid(*target.as_uuid());
                        if seen.insert(target) {
                            next.push(target);
                        }
                    }
                    Some(_) => {}
                }
            }
        }
        match found.as_slice() {
            [] => ring = next,
            [overture] => return Ok(*overture),
            several => {
                let handles = known.all_named(several)?.into_iter().map(|overture| overture.name);
                return Err(DeskError::Ambiguous {
                    what: format!("the thread of entry `{}`", handle.trim()),
                    candidates: handles.collect(),
                });
            }
        }
    }
    let kind = known.entry(named)?.and_then(|entry| Some(entry.event?.kind()));
    let hint = kind
        .map(|kind| format!("it is a {kind} that belongs to no overture; link it to one, or show it alone"));
    Err(DeskError::NotFound {
        what: format!("a thread of entry `{}`", handle.trim()),
        hints: hint.into_iter().collect(),
    })
}
