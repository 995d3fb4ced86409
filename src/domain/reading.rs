//! How the entries of a history read: after amendments, retractions and changed links, in the order in
//! which they took effect.

mod order;

use std::collections::{HashMap, HashSet};

use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::link::{Link, Relation};
use crate::domain::marking::Marking;
use crate::domain::occurred::Occurred;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

pub use order::in_order_of_effect;

/// An event of a history, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// Its place in the log.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its id.
    pub id: EventId,
    /// Who recorded it.
    pub actor: ActorId,
    /// What it says; none where its text was removed and nothing is said instead, or where it is evidence
    /// for auditors.
    pub event: Option<Event>,
    /// Where the record stands by which its text was removed: what `event` says is said instead.
    pub removed: Option<u64>,
}

impl RawEvent {
    /// Tells whether its text was removed and nothing is said instead.
    pub fn is_bare(&self) -> bool {
        self.event.is_none() && self.removed.is_some()
    }
}

/// An entry as it reads with every correction that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Its id.
    pub id: EventId,
    /// Who recorded it.
    pub actor: ActorId,
    /// What it says now, its links being those that hold; none where its text was removed and nothing is
    /// said instead.
    pub event: Option<Event>,
    /// Where the record stands by which its text was removed: what `event` says is said instead.
    pub removed: Option<u64>,
    /// It was struck: shown when asked for, moving nothing.
    pub struck: bool,
    /// How often it was amended, by amendments that were not struck themselves.
    pub amended: u32,
    /// How the amendment is marked by which it reads as it does: what it says then may travel no further than that.
    pub amendment: Option<Marking>,
}

/// Returns the earliest and the latest moment at which something without a date took effect that was recorded at
/// `at`: any time until then ([`Kind::counts_from_recording`] says of what not). What cannot be read, of which no kind is
/// known, counts as of its recording.
pub fn undated(kind: Option<Kind>, at: Timestamp) -> (Timestamp, Timestamp) {
    let is_open = kind.is_some_and(|kind| !kind.counts_from_recording());
    (if is_open { Timestamp::MIN } else { at }, at)
}

impl Entry {
    /// Tells whether its text was removed and nothing is said instead.
    pub fn is_bare(&self) -> bool {
        self.event.is_none() && self.removed.is_some()
    }

    /// Returns when it took effect: `effective` where that is given, else `occurred`.
    pub fn effect(&self) -> Option<&Occurred> {
        let envelope = &self.event.as_ref()?.envelope;
        envelope.effective.as_ref().or(envelope.occurred.as_ref())
    }

    /// Returns the earliest and the latest moment at which it can have taken effect; without a date as [`undated`] says.
    pub fn bounds(&self, zone: &Zone) -> (Timestamp, Timestamp) {
        let kind = self.event.as_ref().map(Event::kind);
        self.effect().map_or_else(|| undated(kind, self.at), |effect| effect.bounds(zone))
    }

    /// Tells whether it belongs to the history of `entity`: it brought it into being, is about it, or is
    /// linked to it in a way that enters its history.
    pub fn concerns(&self, entity: EntityId) -> bool {
        let Some(event) = &self.event else { return false };
        let linked = event
            .envelope
            .links
            .iter()
            .any(|link| link.relation.enters_history() && EntityId::from(link.target) == entity);
        linked || event.envelope.about.contains(&entity) || event.created(self.id) == Some(entity)
    }

    /// Tells whether `entity` carried it.
    pub fn came_over(&self, entity: EntityId) -> bool {
        self.event.as_ref().is_some_and(|event| event.envelope.via.contains(&entity))
    }

    /// Returns the links that hold.
    pub fn links(&self) -> &[Link] {
        self.event.as_ref().map_or(&[], |event| &event.envelope.links)
    }
}

/// Returns the entries of a history, in the order of the log, each as it reads now.
///
/// `history` is every event whose record names the entity, corrections included, in the order of the log.
/// A correction is no entry. A retraction of a retraction restores what was struck; of several amendments
/// the newest that was not struck holds, but none that stands before the text of its entry was removed: it
/// repeats that text. A link that was asserted or taken back apart from its entry holds
/// whatever the entry itself says of it.
pub fn read(history: &[RawEvent]) -> Vec<Entry> {
    read_owned(history.to_vec())
}

/// Returns what [`read`] returns, of a history that is not needed after it.
pub fn read_owned(history: Vec<RawEvent>) -> Vec<Entry> {
    let corrections = Corrections::of(&history);
    let mut entries: Vec<Entry> = Vec::with_capacity(history.len());
    for raw in history {
        if raw.event.as_ref().is_some_and(|event| event.kind().subject() == Subject::Entry) {
            continue;
        }
        entries.push(corrections.entry(raw));
    }
    entries
}

/// What was said, apart from an entry, of its links to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkedApart {
    /// One that was asserted apart from the entry holds.
    pub holds: bool,
    /// One that the entry itself had was taken back.
    pub took_own: bool,
}

/// Returns, by entry, what a history says apart from the entries of their links to `entity`: of an entry whose text was
/// removed nothing else tells it.
pub fn linked_apart(history: &[RawEvent], entity: EntityId) -> HashMap<EventId, LinkedApart> {
    let mut found = HashMap::new();
    for (source, links) in Corrections::of(history).links {
        // By relation: whether the first word of it took it back, and the last.
        let mut words: HashMap<Relation, (bool, bool)> = HashMap::new();
        for (link, withdrawn) in links.iter().filter(|(link, _)| EntityId::from(link.target) == entity) {
            words.entry(link.relation).or_insert((*withdrawn, *withdrawn)).1 = *withdrawn;
        }
        if !words.is_empty() {
            let holds = words.values().any(|(_, last)| !last);
            let took_own = words.values().any(|(first, _)| *first);
            found.insert(source, LinkedApart { holds, took_own });
        }
    }
    found
}

/// Returns the reading that an amendment gives; none of any other event.
pub fn given(event: &Event) -> Option<Event> {
    let Fact::RecordAmended(amended) = &event.fact else { return None };
    Event::decode(crate::domain::event::SCHEMA, amended.reading.get()).ok()
}

/// Returns the events that stand within another: the reading that an amendment gives, what waits for a second person,
/// and the reading that that gives; none where one of them is none that this program knows.
pub fn within(event: &Event) -> Option<Vec<Event>> {
    let schema = crate::domain::event::SCHEMA;
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other fact holds an event that counts")]
    let inner = match &event.fact {
        Fact::RecordAmended(amended) => Event::decode(schema, amended.reading.get()).ok()?,
        Fact::EntryHeld(held) => Event::decode(schema, held.entry.get()).ok()?,
        _ => return Some(Vec::new()),
    };
    let mut found = within(&inner)?;
    found.insert(0, inner);
    Some(found)
}

/// Returns the entry that an event corrects or says something of, or would once somebody else confirmed it; of what is
/// confirmed and corrects nothing, what waited.
pub fn concerned(event: &Event) -> Option<EventId> {
    let held = matches!(event.fact, Fact::EntryHeld(_)).then(|| within(event)).flatten();
    let inner = held.as_ref().and_then(|held| held.first()).and_then(Event::entry);
    event.entry().or(inner).or(event.envelope.confirms)
}

/// What the corrections of a history come to.
#[derive(Default)]
struct Corrections {
    struck: HashSet<EventId>,
    // By entry: the amendments that hold.
    amended: HashMap<EventId, Amendments>,
    // By entry: link assertions and withdrawals, in the order of the log.
    links: HashMap<EventId, Vec<(Link, bool)>>,
}

/// The amendments of an entry that hold.
struct Amendments {
    times: u32,
    // What the newest says, and how that one is marked.
    reading: Event,
    marking: Option<Marking>,
}

impl Corrections {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts correct nothing")]
    fn of(history: &[RawEvent]) -> Self {
        let mut corrections = Self::default();
        let removed: HashMap<EventId, u64> =
            history.iter().filter_map(|raw| Some((raw.id, raw.removed?))).collect();
        // From the newest back: whatever strikes a correction is newer than it.
        for raw in history.iter().rev() {
            let Some(event) = raw.event.as_ref().filter(|_| !corrections.struck.contains(&raw.id)) else {
                continue;
            };
            match &event.fact {
                Fact::RecordRetracted(retracted) => {
                    corrections.struck.insert(retracted.target);
                }
                Fact::RecordAmended(amended) => {
                    if removed.get(&amended.target).is_some_and(|by| raw.position < *by) {
                        continue;
                    }
                    // An amendment was decoded when it was recorded; one that no longer can be is not lost:
                    // the projections stop at it.
                    if let Some(reading) = given(event) {
                        let marking = || event.envelope.marking.clone();
                        let newest = || Amendments { times: 0, reading, marking: marking() };
                        corrections.amended.entry(amended.target).or_insert_with(newest).times += 1;
                    }
                }
                Fact::RecordLinked(linked) => {
                    corrections
                        .links
                        .entry(linked.source)
                        .or_default()
                        .push((linked.link.clone(), linked.withdrawn));
                }
                _ => {}
            }
        }
        corrections.links.values_mut().for_each(|links| links.reverse());
        corrections
    }

    fn entry(&self, raw: RawEvent) -> Entry {
        let mut entry = Entry {
            position: raw.position,
            at: raw.at,
            id: raw.id,
            actor: raw.actor,
            event: raw.event,
            removed: raw.removed,
            struck: self.struck.contains(&raw.id),
            amended: 0,
            amendment: None,
        };
        if let Some(amendments) = self.amended.get(&raw.id)
            && (entry.event.is_some() || entry.removed.is_some())
        {
            entry.event = Some(amendments.reading.clone());
            entry.amended = amendments.times;
            entry.amendment.clone_from(&amendments.marking);
        }
        let Some(event) = &mut entry.event else { return entry };
        for (link, withdrawn) in self.links.get(&raw.id).into_iter().flatten() {
            let same = |known: &Link| known.relation == link.relation && known.target == link.target;
            event.envelope.links.retain(|known| !same(known));
            if !withdrawn {
                event.envelope.links.push(link.clone());
            }
        }
        entry
    }
}

/// Returns the entries of a history that are not struck, that `belong`, and that took effect at or before
/// `at`, in the order of effect.
pub fn story(
    history: &[RawEvent],
    zone: &Zone,
    at: Timestamp,
    belong: impl Fn(&Entry) -> bool,
) -> Vec<Entry> {
    story_owned(history.to_vec(), zone, at, belong)
}

/// Returns what [`story`] returns, of a history that is not needed after it.
pub fn story_owned(
    history: Vec<RawEvent>,
    zone: &Zone,
    at: Timestamp,
    belong: impl Fn(&Entry) -> bool,
) -> Vec<Entry> {
    let mut entries = read_owned(history);
    let waits = |entry: &Entry| matches!(entry.event, Some(Event { fact: Fact::EntryHeld(_), .. }));
    entries.retain(|entry| !entry.struck && !waits(entry) && belong(entry) && entry.bounds(zone).0 <= at);
    in_order_of_effect(entries, zone)
}

#[cfg(test)]
mod tests;
