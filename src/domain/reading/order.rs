//! The order in which entries took effect: the world's order, not that of the log.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::domain::id::EventId;
use crate::domain::link::Relation;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// Puts entries in the order in which they took effect.
///
/// By day in `zone`, from the earliest bound; within a day those first that bring something into being,
/// then exact instants, then days, then coarser dates; then by external id, then by position. Links
/// `before` and `after` between two of them override that whatever their dates, and an answer comes after
/// what it answers on the same day (DOMAIN 3.8, rules 19 and 20).
pub fn in_order_of_effect(entries: Vec<Entry>, zone: &Zone) -> Vec<Entry> {
    let keys: Vec<Key> = entries.iter().map(|entry| Key::of(entry, *zone)).collect();
    // An entry whose text was removed holds up no other: it counts as of its recording, wherever it was.
    let read = entries.iter().enumerate().filter(|(_, entry)| entry.event.is_some());
    let place: HashMap<EventId, usize> = read.map(|(place, entry)| (entry.id, place)).collect();
    // Which entries must wait for which.
    let mut waiting_for = vec![0_usize; entries.len()];
    let mut followers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (own, entry) in entries.iter().enumerate() {
        for link in entry.links() {
            let Some(other) = place.get(&link.target).copied().filter(|other| *other != own) else {
                continue;
            };
            let same_day = keys.get(own).map(|key| key.day) == keys.get(other).map(|key| key.day);
            let (first, second) = if link.relation == Relation::Before {
                (own, other)
            } else if link.relation == Relation::After || same_day && link.relation.enters_history() {
                (other, own)
            } else {
                continue;
            };
            followers.entry(first).or_default().push(second);
            if let Some(count) = waiting_for.get_mut(second) {
                *count += 1;
            }
        }
    }
    let order = sorted(&keys, waiting_for, &followers);
    let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| entries.get_mut(place).and_then(Option::take)).collect()
}

/// Returns the places in the order of their keys, none before what it waits for; where links run in a
/// circle, the dates decide.
fn sorted(keys: &[Key], mut waiting_for: Vec<usize>, followers: &HashMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut ready: BinaryHeap<Reverse<(&Key, usize)>> = BinaryHeap::new();
    let mut by_key: Vec<(&Key, usize)> = keys.iter().enumerate().map(|(place, key)| (key, place)).collect();
    by_key.sort_unstable();
    let mut placed = vec![false; keys.len()];
    let mut order = Vec::with_capacity(keys.len());
    for (key, place) in &by_key {
        if waiting_for.get(*place) == Some(&0) {
            ready.push(Reverse((key, *place)));
        }
    }
    let mut rest = by_key.iter();
    while order.len() < keys.len() {
        let next = ready.pop().map(|Reverse((_, place))| place);
        // Nothing is ready although something is left: a circle, broken at its earliest entry.
        let next = next.or_else(|| {
            rest.by_ref().map(|(_, place)| *place).find(|place| placed.get(*place) == Some(&false))
        });
        let Some(place) = next else { break };
        match placed.get_mut(place) {
            Some(done) if !*done => *done = true,
            _ => continue,
        }
        order.push(place);
        for follower in followers.get(&place).into_iter().flatten() {
            let Some(count) = waiting_for.get_mut(*follower) else { continue };
            *count = count.saturating_sub(1);
            if let (0, Some(key)) = (*count, keys.get(*follower)) {
                ready.push(Reverse((key, *follower)));
            }
        }
    }
    order
}

/// By what entries are put in order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// Days since the beginning of the calendar, in the zone of the log.
    day: i64,
    /// 0 for what brings an entity into being.
    created: u8,
    /// 0 for an instant, 1 for a day, 2 for a coarser date.
    coarseness: u8,
    earliest: Timestamp,
    latest: Timestamp,
    external: Option<Vec<Part>>,
    position: u64,
}

/// A part of an external id: digits compare as a number, so that `ik-9` comes before `ik-10`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Text(String),
}

impl Key {
    fn of(entry: &Entry, zone: Zone) -> Self {
        let (earliest, latest) = entry.bounds(&zone);
        let coarseness = match entry.effect() {
            Some(effect) if effect.is_day() => 1,
            Some(effect) if !effect.is_exact() => 2,
            Some(_) | None => 0,
        };
        let creates = entry.event.as_ref().is_some_and(|event| event.created(entry.id).is_some());
        let external = entry.event.as_ref().and_then(|event| event.envelope.external_refs.first());
        Self {
            day: zone.local(earliest).date_naive().signed_duration_since(chrono::NaiveDate::MIN).num_days(),
            created: u8::from(!creates),
            coarseness,
            earliest,
            latest,
            external: external.map(|external| parts(&external.id)),
            position: entry.position,
        }
    }
}

fn parts(id: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = id;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|letter: char| letter.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (part, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        parts.push(match part.parse() {
            Ok(number) if digits => Part::Number(number),
            _ => Part::Text(part.to_owned()),
        });
        rest = tail;
    }
    parts
}
