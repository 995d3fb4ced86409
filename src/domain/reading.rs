//! How the entries of a history read: after amendments, retractions and changed links, in the order in
//! which they took effect.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::domain::event::Event;
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::link::{Link, Relation};
use crate::domain::occurred::Occurred;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

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
    /// What it says; none where its text was removed, or where it is evidence for auditors.
    pub event: Option<Event>,
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
    /// What it says now, its links being those that hold; none where its text was removed.
    pub event: Option<Event>,
    /// It was struck: shown when asked for, moving nothing.
    pub struck: bool,
    /// How often it was amended, by amendments that were not struck themselves.
    pub amended: u32,
}

impl Entry {
    /// Returns when it took effect: `effective` where that is given, else `occurred`.
    pub fn effect(&self) -> Option<&Occurred> {
        let envelope = &self.event.as_ref()?.envelope;
        envelope.effective.as_ref().or(envelope.occurred.as_ref())
    }

    /// Returns the earliest and the latest moment at which it can have taken effect; one without a date,
    /// or whose text was removed, counts as of its recording.
    pub fn bounds(&self, zone: &Zone) -> (Timestamp, Timestamp) {
        self.effect().map_or((self.at, self.at), |effect| effect.bounds(zone))
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
/// the newest that was not struck holds. A link that was asserted or taken back apart from its entry holds
/// whatever the entry itself says of it.
pub fn read(history: &[RawEvent]) -> Vec<Entry> {
    let corrections = Corrections::of(history);
    let mut entries: Vec<Entry> = Vec::with_capacity(history.len());
    for raw in history {
        if raw.event.as_ref().is_some_and(|event| event.kind().subject() == Subject::Entry) {
            continue;
        }
        entries.push(corrections.entry(raw));
    }
    entries
}

/// What the corrections of a history come to.
#[derive(Default)]
struct Corrections<'a> {
    struck: HashSet<EventId>,
    // By entry: how many amendments hold, and the newest of them.
    amended: HashMap<EventId, (u32, Event)>,
    // By entry: link assertions and withdrawals, in the order of the log.
    links: HashMap<EventId, Vec<(&'a Link, bool)>>,
}

impl<'a> Corrections<'a> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts correct nothing")]
    fn of(history: &'a [RawEvent]) -> Self {
        let mut corrections = Self::default();
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
                    // An amendment was decoded when it was recorded; one that no longer can be is not lost:
                    // the projections stop at it.
                    if let Ok(reading) = Event::decode(crate::domain::event::SCHEMA, amended.reading.get()) {
                        corrections.amended.entry(amended.target).or_insert((0, reading)).0 += 1;
                    }
                }
                Fact::RecordLinked(linked) => {
                    corrections
                        .links
                        .entry(linked.source)
                        .or_default()
                        .push((&linked.link, linked.withdrawn));
                }
                _ => {}
            }
        }
        corrections.links.values_mut().for_each(|links| links.reverse());
        corrections
    }

    fn entry(&self, raw: &RawEvent) -> Entry {
        let mut entry = Entry {
            position: raw.position,
            at: raw.at,
            id: raw.id,
            actor: raw.actor,
            event: raw.event.clone(),
            struck: self.struck.contains(&raw.id),
            amended: 0,
        };
        let Some(event) = &mut entry.event else { return entry };
        if let Some((times, reading)) = self.amended.get(&raw.id) {
            *event = reading.clone();
            entry.amended = *times;
        }
        for (link, withdrawn) in self.links.get(&raw.id).into_iter().flatten() {
            let same = |known: &Link| known.relation == link.relation && known.target == link.target;
            event.envelope.links.retain(|known| !same(known));
            if !withdrawn {
                event.envelope.links.push((*link).clone());
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
    let mut entries = read(history);
    entries.retain(|entry| !entry.struck && belong(entry) && entry.bounds(zone).0 <= at);
    in_order_of_effect(entries, zone)
}

/// Puts entries in the order in which they took effect.
///
/// By day in `zone`, from the earliest bound; within a day those first that bring something into being,
/// then exact instants, then days, then coarser dates; then by external id, then by position. Links
/// `before` and `after` between two of them override that whatever their dates, and an answer comes after
/// what it answers on the same day (DOMAIN 3.8, rules 19 and 20).
pub fn in_order_of_effect(entries: Vec<Entry>, zone: &Zone) -> Vec<Entry> {
    let keys: Vec<Key> = entries.iter().map(|entry| Key::of(entry, zone)).collect();
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
            let (first, second) = match link.relation {
                Relation::Before => (own, other),
                Relation::After => (other, own),
                relation if same_day && relation.enters_history() => (other, own),
                _ => continue,
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
    fn of(entry: &Entry, zone: &Zone) -> Self {
        let (earliest, latest) = entry.bounds(zone);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Envelope, ExternalRef};
    use crate::domain::fact::Kind;
    use crate::domain::fact::record::{Amended, Linked, Retracted};

    fn id(number: u128) -> EventId {
        EventId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn raw(number: u64, kind: Kind, envelope: Envelope) -> RawEvent {
        with_fact(number, kind.decode("{}").unwrap(), envelope)
    }

    fn with_fact(number: u64, fact: Fact, envelope: Envelope) -> RawEvent {
        RawEvent {
            position: number,
            at: Timestamp::from_micros(i64::try_from(number).unwrap()).unwrap(),
            id: id(number.into()),
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
            event: Some(Event { envelope, fact }),
        }
    }

    fn on(date: &str) -> Envelope {
        Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() }
    }

    fn called(date: &str, name: &str) -> Envelope {
        let external_refs = vec![ExternalRef { namespace: "file".to_owned(), id: name.to_owned() }];
        Envelope { external_refs, ..on(date) }
    }

    #[track_caller]
    fn check_order(history: &[RawEvent], expected: &[u64]) {
        let zone: Zone = "Asia/Seoul".parse().unwrap();
        let story = story(history, &zone, Timestamp::MAX, |_| true);
        assert_eq!(story.iter().map(|entry| entry.position).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_retraction_that_is_retracted_restores_what_it_struck() {
        let strike =
            |number: u64, target| with_fact(number, Fact::RecordRetracted(Retracted { target }), on("2025"));
        let mut history = vec![raw(1, Kind::Incident, on("2025-01-01")), strike(2, id(1))];
        assert!(read(&history)[0].struck);
        history.push(strike(3, id(2)));
        assert!(!read(&history)[0].struck);
        history.push(strike(4, id(3)));
        assert!(read(&history)[0].struck);
        assert_eq!(read(&history).len(), 1);
    }

    #[test]
    fn the_newest_amendment_that_stands_is_what_an_entry_says() {
        let amend = |number: u64, date: &str| {
            let reading = Event { envelope: on(date), fact: Kind::Incident.decode("{}").unwrap() };
            let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
            with_fact(number, Fact::RecordAmended(Amended { target: id(1), reading }), Envelope::default())
        };
        let mut history =
            vec![raw(1, Kind::Incident, on("2025-01-01")), amend(2, "2025-01-02"), amend(3, "2025-01-03")];
        let shown = |history: &[RawEvent]| {
            let entry = read(history).remove(0);
            (entry.effect().unwrap().to_string(), entry.amended)
        };
        assert_eq!(shown(&history), ("2025-01-03".to_owned(), 2));
        history.push(with_fact(4, Fact::RecordRetracted(Retracted { target: id(3) }), Envelope::default()));
        assert_eq!(shown(&history), ("2025-01-02".to_owned(), 1));
    }

    #[test]
    fn a_link_that_is_taken_back_no_longer_makes_an_entry_belong() {
        let link = Link::new(Relation::Answers, id(1));
        let answer = Envelope { links: vec![link.clone()], ..on("2025-01-02") };
        let mut history = vec![raw(2, Kind::ResponseRejected, answer)];
        assert!(read(&history)[0].concerns(id(1).into()));
        let withdrawn = Linked { source: id(2), link: link.clone(), withdrawn: true };
        history.push(with_fact(3, Fact::RecordLinked(withdrawn), Envelope::default()));
        assert!(!read(&history)[0].concerns(id(1).into()));
        let again = Linked { source: id(2), link, withdrawn: false };
        history.push(with_fact(4, Fact::RecordLinked(again), Envelope::default()));
        assert!(read(&history)[0].concerns(id(1).into()));
    }

    #[test]
    fn within_a_day_come_what_creates_then_instants_then_days() {
        check_order(
            &[
                raw(1, Kind::CallAnswered, on("2025-01-02")),
                raw(2, Kind::CallAnswered, on("2025-01-02T17:00:00+09:00")),
                raw(3, Kind::CallAnswered, on("2025-01-02T09:00:00+09:00")),
                raw(4, Kind::OvertureProposed, on("2025-01-02")),
                raw(5, Kind::CallAnswered, on("2025-01-01")),
            ],
            &[5, 4, 3, 2, 1],
        );
    }

    #[test]
    fn external_ids_settle_ties_by_their_numbers_before_positions_do() {
        check_order(
            &[
                raw(1, Kind::Incident, called("2025-01-02", "ik-10")),
                raw(2, Kind::Incident, called("2025-01-02", "ik-9")),
            ],
            &[2, 1],
        );
    }

    #[test]
    fn links_override_the_order_of_dates() {
        let before = Envelope { links: vec![Link::new(Relation::Before, id(1))], ..on("2025-03-01") };
        let history = [raw(1, Kind::Incident, on("2025-01-01")), raw(2, Kind::Incident, before)];
        check_order(&history, &[2, 1]);
        let answer =
            Envelope { links: vec![Link::new(Relation::Answers, id(1))], ..called("2025-01-01", "a") };
        let history = [
            raw(1, Kind::Incident, called("2025-01-01", "b")),
            raw(2, Kind::ResponseRejected, answer.clone()),
        ];
        check_order(&history, &[1, 2]);
        // Each waits for the other: the dates and the external ids decide.
        let circle = Envelope { links: vec![Link::new(Relation::After, id(2))], ..called("2025-01-01", "b") };
        check_order(&[raw(1, Kind::Incident, circle), raw(2, Kind::ResponseRejected, answer)], &[2, 1]);
    }
}
