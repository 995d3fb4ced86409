//! Where overtures stand by what is known: what each of them must be told of the record is gathered here.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::restored;
use crate::domain::event::Event;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::overture::{ChainOffer, Elsewhere, OvertureStanding, Setting, Settlement, World, stand};
use crate::domain::party_code::PartyCode;
use crate::domain::reading::{self, Entry};
use crate::domain::words::Directness;

impl World for Known {
    fn is_within(&self, party: EntityId, other: EntityId) -> bool {
        Self::is_within(self, party, other)
    }

    fn is_one_side(&self, party: EntityId, other: EntityId) -> bool {
        let root = |party| self.register.party_code(party).map(PartyCode::root);
        party == other || root(party).is_some_and(|one| root(other) == Some(one))
    }

    fn directness(&self, channels: &[EntityId]) -> Option<Directness> {
        let of = |channel: &EntityId| {
            let entered = &self.register.channel(*channel)?.entered;
            match (entered.name.as_str(), entered.sort) {
                ("media", _) => Some(Directness::Public),
                ("third-party", _) => Some(Directness::ViaIntermediary),
                (_, Sort::Line | Sort::Forum) | ("letter" | "envoy" | "in-person" | "back-channel", _) => {
                    Some(Directness::Direct)
                }
                (_, Sort::Carrier) => None,
            }
        };
        let ways: Vec<Directness> = channels.iter().filter_map(of).collect();
        ways.iter().copied().min()
    }
}

/// Returns every entry that may belong to an entity, struck ones included, as each reads now.
pub(super) fn entries_of(known: &Known, entity: EntityId) -> Result<Vec<Entry>, DeskError> {
    Ok(reading::read(&known.history(entity)?))
}

/// What the record says of one overture.
pub(crate) struct Gathered {
    /// The entry that brought it into being, struck or not; none where its text was removed.
    pub(crate) creation: Option<Entry>,
    /// The entries of the thread, struck, removed and merely linked ones included, in the order of effect.
    pub(crate) thread: Vec<Entry>,
    /// What the state follows from, in the order of effect.
    story: Vec<Entry>,
    /// The meetings that it led to.
    pub(crate) meetings: Vec<EntityId>,
    /// The overtures that counter it, or that supersede it.
    counters: Vec<EntityId>,
    /// The overtures that it counters.
    pub(crate) countered: Vec<EntityId>,
    /// The overtures whose history it enters, as those of `counters` enter its own.
    entered: Vec<EntityId>,
    /// How many entries of the thread, the offer aside, had their text removed: when they were, and what they said, is
    /// not known at any moment.
    pub(crate) removed: u64,
}

impl Gathered {
    /// Returns an entry of the thread or of what belongs to it.
    pub(crate) fn entry(&self, id: EventId) -> Option<&Entry> {
        self.thread.iter().chain(&self.story).find(|entry| entry.id == id)
    }

    /// Tells whether the offer was made by the moment that is asked about, and was not struck.
    pub(crate) fn is_made(&self, known: &Known) -> bool {
        self.creation.as_ref().is_none_or(|entry| !entry.struck && entry.bounds(&known.zone).0 <= known.at)
    }
}

/// Where overtures stand; each is worked out once.
pub(crate) struct Standings<'a> {
    pub(crate) known: &'a Known,
    gathered: HashMap<EntityId, Rc<Gathered>>,
    worked_out: HashMap<EntityId, Rc<OvertureStanding>>,
    /// How many overtures were gathered from the log.
    pub(crate) gatherings: usize,
    // Reads every call on a line whose restoration is proposed, and not those alone that can matter.
    every_call: bool,
}

impl<'a> Standings<'a> {
    pub(crate) fn new(known: &'a Known) -> Self {
        Self { known, gathered: HashMap::new(), worked_out: HashMap::new(), gatherings: 0, every_call: false }
    }

    /// As [`Standings::new`], by the definition: every call is read.
    #[cfg(test)]
    pub(crate) fn with_every_call(known: &'a Known) -> Self {
        Self { every_call: true, ..Self::new(known) }
    }

    /// Returns where an overture stands.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn of(&mut self, overture: EntityId) -> Result<Rc<OvertureStanding>, DeskError> {
        if let Some(standing) = self.worked_out.get(&overture) {
            return Ok(Rc::clone(standing));
        }
        let chain = self.chain(overture)?;
        // From the latest offer back: what counters an offer settles it, and was made after it.
        for offer in chain.iter().rev() {
            self.stand(offer.overture, &chain)?;
        }
        if !self.worked_out.contains_key(&overture) {
            self.stand(overture, &chain)?;
        }
        match self.worked_out.get(&overture) {
            Some(standing) => Ok(Rc::clone(standing)),
            None => Err(DeskError::NotFound { what: format!("overture {overture}"), hints: Vec::new() }),
        }
    }

    /// Lets go of what was worked out for an overture that is alone in its chain: nothing else needs it,
    /// and a list of very many would fill the memory.
    pub(crate) fn let_go(&mut self, overture: EntityId) {
        let alone = |gathered: &Rc<Gathered>| gathered.counters.is_empty() && gathered.entered.is_empty();
        if self.gathered.get(&overture).is_some_and(alone) {
            self.gathered.remove(&overture);
            self.worked_out.remove(&overture);
        }
    }

    fn stand(&mut self, overture: EntityId, chain: &Arc<[ChainOffer]>) -> Result<(), DeskError> {
        let gathered = self.gathered(overture)?;
        let known = self.known;
        let mut settlements = Vec::new();
        for counter in &gathered.counters {
            let Some(standing) = self.worked_out.get(counter).cloned() else { continue };
            for (how, id) in standing.settlements() {
                let of_counter = self.gathered(*counter)?.entry(id).cloned();
                let entry = if of_counter.is_some() { of_counter } else { known.entry(id)? };
                settlements.extend(entry.map(|entry| Settlement { counter: *counter, how, entry }));
            }
        }
        let setting = Setting { world: known, policies: &known.policies, zone: &known.zone, at: known.at };
        let elsewhere =
            Elsewhere { meetings: gathered.meetings.clone(), settlements, chain: Arc::clone(chain) };
        let standing = stand(overture, &gathered.story, &elsewhere, &setting);
        self.worked_out.insert(overture, Rc::new(standing));
        Ok(())
    }

    /// Returns the chain of offers and counter-offers that an overture is one of, in the order in which
    /// they were made; itself alone where it is one of none.
    pub(crate) fn chain(&mut self, overture: EntityId) -> Result<Arc<[ChainOffer]>, DeskError> {
        let mut found = HashSet::from([overture]);
        let mut next = vec![overture];
        let mut creations: Vec<Entry> = Vec::new();
        while let Some(one) = next.pop() {
            let gathered = self.gathered(one)?;
            if gathered.is_made(self.known) {
                creations.extend(gathered.creation.clone());
            }
            for other in gathered.counters.iter().chain(&gathered.entered) {
                if found.insert(*other) {
                    next.push(*other);
                }
            }
        }
        let made = reading::in_order_of_effect(creations, &self.known.zone);
        let offer = |entry: &Entry| {
            let envelope = entry.event.as_ref().map(|event| &event.envelope);
            let proposer = envelope.map(|envelope| [&envelope.from[..], &envelope.on_behalf_of].concat());
            ChainOffer { overture: entry.id.into(), proposer: proposer.unwrap_or_default() }
        };
        Ok(made.iter().map(offer).collect())
    }

    /// Returns what the record says of an overture.
    pub(crate) fn gathered(&mut self, overture: EntityId) -> Result<Rc<Gathered>, DeskError> {
        if let Some(gathered) = self.gathered.get(&overture) {
            return Ok(Rc::clone(gathered));
        }
        self.gatherings += 1;
        let gathered = Rc::new(gather(self.known, overture, self.every_call)?);
        self.gathered.insert(overture, Rc::clone(&gathered));
        Ok(gathered)
    }
}

fn gather(known: &Known, overture: EntityId, every_call: bool) -> Result<Gathered, DeskError> {
    let mut thread = thread_of(known, overture)?;
    let creation =
        thread.iter().find(|entry| EntityId::from(entry.id) == overture && entry.event.is_some()).cloned();
    let bare = |entry: &&Entry| entry.is_bare() && !entry.struck && EntityId::from(entry.id) != overture;
    let removed = thread.iter().filter(bare).count() as u64;
    thread.retain(|entry| known.took_effect(entry));
    // In the order of the world, so that the order of recording never shows.
    let thread = reading::in_order_of_effect(thread, &known.zone);
    let holding = || thread.iter().filter(|entry| !entry.struck);
    let mut meetings = Vec::new();
    let mut counters = Vec::new();
    for entry in holding() {
        let Some(event) = &entry.event else { continue };
        let created = event.created(entry.id).filter(|created| *created != overture);
        if event.kind().family() == "meeting" {
            meetings.extend(created);
            meetings.extend(&event.envelope.about);
        } else if enters(event, overture) {
            counters.extend(created);
        }
    }
    keep_kind(known, &mut meetings, EntityKind::Meeting)?;
    keep_kind(known, &mut counters, EntityKind::Overture)?;
    let of_creation = |others: fn(&Entry) -> Vec<EntityId>| {
        let mut others = creation.as_ref().map_or_else(Vec::new, others);
        others.retain(|other| *other != overture);
        keep_kind(known, &mut others, EntityKind::Overture)?;
        Ok::<_, DeskError>(others)
    };
    let (countered, entered) = (of_creation(countered_by)?, of_creation(entered_by)?);

    let mut story: Vec<Entry> = holding().filter(|entry| moves(entry, overture)).cloned().collect();
    let mut seen: HashSet<EventId> = thread.iter().map(|entry| entry.id).collect();
    let mut add = |story: &mut Vec<Entry>, entry: Entry| {
        if !entry.struck && known.took_effect(&entry) && seen.insert(entry.id) {
            story.push(entry);
        }
    };
    for meeting in &meetings {
        entries_of(known, *meeting)?
            .into_iter()
            .filter(|entry| entry.concerns(*meeting))
            .for_each(|entry| add(&mut story, entry));
    }
    for entry in restored::works_again(known, &thread, creation.as_ref(), &story, every_call)? {
        add(&mut story, entry);
    }
    Ok(Gathered {
        creation,
        thread,
        story: reading::in_order_of_effect(story, &known.zone),
        meetings,
        counters,
        countered,
        entered,
        removed,
    })
}

/// Returns the entries of a thread, struck ones included: what is about the overture or linked to it, and
/// what is linked to such an entry that is no overture or meeting of its own.
fn thread_of(known: &Known, overture: EntityId) -> Result<Vec<Entry>, DeskError> {
    let target = |entry: &Entry, id: EventId| entry.links().iter().any(|link| link.target == id);
    let own = EventId::from_uuid(*overture.as_uuid());
    let history = known.history(overture)?;
    let apart = reading::linked_apart(&history, overture);
    let mut thread = Vec::new();
    for entry in reading::read_owned(history) {
        // Of an entry without a text only its record and what was said apart from it tell that it belongs here.
        let belongs = match apart.get(&entry.id) {
            _ if entry.event.is_some() => entry.concerns(overture) || target(&entry, own),
            Some(linked) if linked.holds || linked.took_own => linked.holds,
            Some(_) | None => known.names_itself(&entry, overture)?,
        };
        if belongs {
            thread.push(entry);
        }
    }
    let mut seen: HashSet<EventId> = thread.iter().map(|entry| entry.id).collect();
    let mut place = 0;
    while let Some(entry) = thread.get(place) {
        place += 1;
        let creates = entry.event.as_ref().and_then(|event| event.created(entry.id)).is_some();
        if creates || entry.event.is_none() {
            continue;
        }
        let id = entry.id;
        for other in entries_of(known, id.into())? {
            if other.event.is_some() && target(&other, id) && seen.insert(other.id) {
                thread.extend(known.entry(other.id)?);
            }
        }
    }
    Ok(thread)
}

/// Tells whether an entry of the thread can move the overture, and is not merely shown beside it.
fn moves(entry: &Entry, overture: EntityId) -> bool {
    entry.concerns(overture)
        || entry.event.is_none()
        || entry.links().iter().any(|link| link.relation.enters_history())
}

/// Tells whether an event that makes an offer of its own enters the history of the overture.
fn enters(event: &Event, overture: EntityId) -> bool {
    histories_of(event).any(|entered| entered == overture)
}

/// Returns the histories that an offer enters, beside its own.
fn entered_by(creation: &Entry) -> Vec<EntityId> {
    creation.event.iter().flat_map(histories_of).collect()
}

fn histories_of(event: &Event) -> impl Iterator<Item = EntityId> + '_ {
    let linked = event.envelope.links.iter().filter(|link| link.relation.enters_history());
    event.envelope.about.iter().copied().chain(linked.map(|link| link.target.into()))
}

/// Returns what an offer counters.
fn countered_by(creation: &Entry) -> Vec<EntityId> {
    let Some(event) = &creation.event else { return Vec::new() };
    let mut countered: Vec<EntityId> = event
        .envelope
        .links
        .iter()
        .filter(|link| matches!(link.relation, Relation::Counters | Relation::Answers))
        .map(|link| link.target.into())
        .collect();
    if event.kind() == Kind::ResponseCounterProposed {
        countered.extend(&event.envelope.about);
    }
    countered
}

/// Keeps the entities of a kind, each once.
fn keep_kind(known: &Known, ids: &mut Vec<EntityId>, kind: EntityKind) -> Result<(), DeskError> {
    let mut kept: Vec<EntityId> = Vec::new();
    for id in ids.iter() {
        known.rests_on(*id);
        if !kept.contains(id) && known.view.kind_of(*id)? == Some(kind) {
            kept.push(*id);
        }
    }
    *ids = kept;
    Ok(())
}
