//! The registers of the desk as known at a size of the log: what goes by which name.

mod aliases;

use std::collections::BTreeMap;

use crate::domain::channel_name::ChannelName;
use crate::domain::event::Event;
use crate::domain::fact::register::{
    ChannelRegistered, Name, PartyRegistered, PersonRegistered, PolicySet, RoleHeld,
};
use crate::domain::fact::{EntityKind, Fact, Kind, meeting::SeriesRegistered};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::party_code::PartyCode;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::register::aliases::{Aliases, Finding};

/// Something in a register, as it reads now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T> {
    /// The position of the event that entered it.
    pub position: u64,
    /// What was entered; names given later stand after those given then.
    pub entered: T,
}

/// A policy was set or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyEvent {
    /// Where it stands.
    pub position: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The event.
    pub id: EventId,
    /// What it says: the envelope tells from when on it holds.
    pub event: Event,
}

/// An entry on which the registers rest, as it reads now.
#[derive(Debug, Clone)]
pub(super) struct Registration {
    /// Where the entry stands.
    pub(super) position: u64,
    /// When it was recorded.
    pub(super) at: Timestamp,
    /// The entry.
    pub(super) id: EventId,
    /// What it says now.
    pub(super) event: Event,
}

/// An office that a person holds or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The event that says so.
    pub position: u64,
    /// Who.
    pub person: EntityId,
    /// Which office, of which body, from when to when.
    pub held: RoleHeld,
}

/// A size of the log with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Where it was named.
    pub position: u64,
    /// The name.
    pub name: String,
    /// Positions `0..size` were known.
    pub size: u64,
}

/// What goes by which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    zone: Zone,
    channels: BTreeMap<EntityId, Entry<ChannelRegistered>>,
    parties: BTreeMap<EntityId, Entry<PartyRegistered>>,
    series: BTreeMap<EntityId, Entry<SeriesRegistered>>,
    recorders: BTreeMap<EntityId, Entry<String>>,
    persons: BTreeMap<EntityId, Entry<PersonRegistered>>,
    roles: Vec<Role>,
    aliases: Aliases,
    policies: Vec<PolicyEvent>,
    moments: Vec<Moment>,
}

impl Register {
    /// Returns the registers of a log in `zone`, of entries as they read now, in the order of the log.
    pub(super) fn of(zone: Zone, entries: Vec<Registration>) -> Self {
        let register = Self {
            zone,
            channels: BTreeMap::new(),
            parties: BTreeMap::new(),
            series: BTreeMap::new(),
            recorders: BTreeMap::new(),
            persons: BTreeMap::new(),
            roles: Vec::new(),
            aliases: Aliases::default(),
            policies: Vec::new(),
            moments: Vec::new(),
        };
        register.and(entries)
    }

    /// Returns the registers with further entries, in the order of the log.
    pub(super) fn and(mut self, entries: Vec<Registration>) -> Self {
        // A name may have been recorded before what it names, in an import that refers forward.
        let (names, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| {
            matches!(entry.event.fact, Fact::ChannelNamed(_) | Fact::PartyNamed(_) | Fact::PersonNamed(_))
        });
        for entry in others {
            self.take(entry);
        }
        for entry in &names {
            self.name(&entry.event);
        }
        self
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts enter nothing in a register")]
    fn take(&mut self, Registration { position, at, id, event }: Registration) {
        let created = EntityId::from(id);
        match event.fact {
            Fact::ChannelRegistered(entered) => {
                self.channels.insert(created, Entry { position, entered });
            }
            Fact::PartyRegistered(entered) => {
                self.parties.insert(created, Entry { position, entered });
            }
            Fact::SeriesRegistered(entered) => {
                self.series.insert(created, Entry { position, entered });
            }
            Fact::PersonRegistered(entered) => {
                self.persons.insert(created, Entry { position, entered });
            }
            Fact::PersonRole(held) => {
                let persons = event.envelope.about.iter();
                self.roles.extend(persons.map(|person| Role {
                    position,
                    person: *person,
                    held: held.clone(),
                }));
            }
            Fact::PartyMerged(merged) | Fact::ChannelMerged(merged) => {
                let found = event.envelope.about.iter().map(|one| Finding::One(*one, merged.into));
                found.for_each(|found| self.aliases.take(position, found));
            }
            Fact::PartySplit(split) | Fact::ChannelSplit(split) => {
                let found =
                    event.envelope.about.iter().map(|whole| Finding::Several(*whole, split.into.clone()));
                found.for_each(|found| self.aliases.take(position, found));
            }
            Fact::RecorderRegistered(recorder) => {
                self.recorders.insert(created, Entry { position, entered: recorder.name });
            }
            Fact::MomentNamed(moment) => {
                self.moments.push(Moment { position, name: moment.name, size: moment.size });
            }
            Fact::PolicySet(_) | Fact::PolicyEnded(_) => {
                self.policies.push(PolicyEvent { position, at, id, event });
            }
            _ => {}
        }
    }

    /// Adds names to what an event is about.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind gives names")]
    fn name(&mut self, event: &Event) {
        let (Fact::ChannelNamed(further) | Fact::PartyNamed(further) | Fact::PersonNamed(further)) =
            &event.fact
        else {
            return;
        };
        for entity in &event.envelope.about {
            let names = match event.kind() {
                Kind::ChannelNamed => self.channels.get_mut(entity).map(|known| &mut known.entered.names),
                Kind::PersonNamed => self.persons.get_mut(entity).map(|known| &mut known.entered.names),
                _ => self.parties.get_mut(entity).map(|known| &mut known.entered.names),
            };
            if let Some(names) = names {
                names.extend_from_slice(&further.names);
            }
        }
    }

    /// Returns the zone of the log.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns a channel.
    pub fn channel(&self, id: EntityId) -> Option<&Entry<ChannelRegistered>> {
        self.channels.get(&id)
    }

    /// Returns every channel, by id.
    pub fn channels(&self) -> impl Iterator<Item = (EntityId, &Entry<ChannelRegistered>)> {
        self.channels.iter().map(|(id, entry)| (*id, entry))
    }

    /// Returns the short name of a channel.
    pub fn channel_name(&self, id: EntityId) -> Option<&ChannelName> {
        self.channels.get(&id).map(|channel| &channel.entered.name)
    }

    /// Returns the channel with this short name, the first if several have it.
    pub fn channel_named(&self, name: &ChannelName) -> Option<EntityId> {
        first(self.channels.iter().filter(|(_, channel)| channel.entered.name == *name))
    }

    /// Returns a party.
    pub fn party(&self, id: EntityId) -> Option<&Entry<PartyRegistered>> {
        self.parties.get(&id)
    }

    /// Returns every party, by id.
    pub fn parties(&self) -> impl Iterator<Item = (EntityId, &Entry<PartyRegistered>)> {
        self.parties.iter().map(|(id, entry)| (*id, entry))
    }

    /// Returns the code of a party.
    pub fn party_code(&self, id: EntityId) -> Option<&PartyCode> {
        self.parties.get(&id).map(|party| &party.entered.code)
    }

    /// Returns the party with this code, the first if several have it.
    pub fn party_coded(&self, code: &PartyCode) -> Option<EntityId> {
        first(self.parties.iter().filter(|(_, party)| party.entered.code == *code))
    }

    /// Returns a series of talks.
    pub fn series(&self, id: EntityId) -> Option<&Entry<SeriesRegistered>> {
        self.series.get(&id)
    }

    /// Returns every series of talks, by id.
    pub fn all_series(&self) -> impl Iterator<Item = (EntityId, &Entry<SeriesRegistered>)> {
        self.series.iter().map(|(id, entry)| (*id, entry))
    }

    /// Returns the name of whoever recorded, whose pseudonym is the id of a recorder.
    pub fn recorder_name(&self, actor: ActorId) -> Option<&str> {
        self.recorders.get(&EntityId::from_uuid(*actor.as_uuid())).map(|recorder| recorder.entered.as_str())
    }

    /// Returns the recorder of this name, the first if several have it.
    pub fn recorder_named(&self, name: &str) -> Option<ActorId> {
        let found = first(self.recorders.iter().filter(|(_, recorder)| recorder.entered == name));
        found.map(|id| ActorId::from_uuid(*id.as_uuid()))
    }

    /// Returns everyone who records, by id.
    pub fn recorders(&self) -> impl Iterator<Item = (ActorId, &Entry<String>)> {
        self.recorders.iter().map(|(id, entry)| (ActorId::from_uuid(*id.as_uuid()), entry))
    }

    /// Returns a person.
    pub fn person(&self, id: EntityId) -> Option<&Entry<PersonRegistered>> {
        self.persons.get(&id)
    }

    /// Returns every person, by id.
    pub fn persons(&self) -> impl Iterator<Item = (EntityId, &Entry<PersonRegistered>)> {
        self.persons.iter().map(|(id, entry)| (*id, entry))
    }

    /// Returns the offices of a person, in the order of the log.
    pub fn roles_of(&self, person: EntityId) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(move |role| role.person == person)
    }

    /// Returns the same registers for whoever sees some events alone, given by position: what others found to be one, or
    /// several, is not.
    #[must_use]
    pub fn as_found_by(&self, is_seen: impl Fn(u64) -> bool) -> Self {
        Self { aliases: self.aliases.of_those(is_seen), ..self.clone() }
    }

    /// Returns what something stands for now: itself, or what it was found to be.
    pub fn standing_for(&self, id: EntityId) -> EntityId {
        self.aliases.standing_for(id)
    }

    /// Returns the ends of a line, under whichever of its names they were registered.
    pub fn ends_of(&self, line: EntityId) -> Vec<EntityId> {
        let names = self.one_with(line);
        let ends = names.iter().filter_map(|name| self.channel(*name)).flat_map(|line| &line.entered.ends);
        let mut found: Vec<EntityId> = Vec::new();
        for end in ends {
            if !found.contains(end) {
                found.push(*end);
            }
        }
        found
    }

    /// Returns everything that was found to be one with something, itself first.
    pub fn one_with(&self, id: EntityId) -> Vec<EntityId> {
        self.aliases.one_with(id)
    }

    /// Returns everything that an entry may mean that names something: what is one with it, its parts where it
    /// was found to be several, and what it was taken to be a part of; itself first.
    pub fn found_with(&self, id: EntityId) -> Vec<EntityId> {
        self.aliases.found_with(id)
    }

    /// Returns what something was found to be, where that is several.
    pub fn parts_of(&self, id: EntityId) -> &[EntityId] {
        self.aliases.parts_of(id)
    }

    /// Tells whether nothing was ever found to be something else.
    pub fn is_without_aliases(&self) -> bool {
        self.aliases.is_empty()
    }

    /// Returns the kind of something in a register; none for what is in none.
    pub fn kind_of(&self, id: EntityId) -> Option<EntityKind> {
        [
            (self.channels.contains_key(&id), EntityKind::Channel),
            (self.parties.contains_key(&id), EntityKind::Party),
            (self.series.contains_key(&id), EntityKind::Series),
            (self.recorders.contains_key(&id), EntityKind::Recorder),
            (self.persons.contains_key(&id), EntityKind::Person),
        ]
        .into_iter()
        .find_map(|(known, kind)| known.then_some(kind))
    }

    /// Returns every setting and ending of a policy, in the order of the log.
    pub fn policies(&self) -> &[PolicyEvent] {
        &self.policies
    }

    /// Returns what the policies that were set say, in the order of the log.
    pub fn policies_set(&self) -> impl Iterator<Item = (u64, &PolicySet)> {
        self.policies.iter().filter_map(|policy| {
            let Fact::PolicySet(set) = &policy.event.fact else { return None };
            Some((policy.position, set))
        })
    }

    /// Returns the moments, in the order in which they were named.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// Returns the size of the log that a moment names; the newest of that name.
    pub fn moment(&self, name: &str) -> Option<u64> {
        self.moments.iter().rev().find(|moment| moment.name == name).map(|moment| moment.size)
    }

    /// Returns the names by which something in a register goes, the one to show first.
    pub fn names(&self, id: EntityId) -> &[Name] {
        let of = [
            self.channels.get(&id).map(|channel| &channel.entered.names),
            self.parties.get(&id).map(|party| &party.entered.names),
            self.series.get(&id).map(|series| &series.entered.names),
            self.persons.get(&id).map(|person| &person.entered.names),
        ];
        of.into_iter().flatten().next().map_or(&[], Vec::as_slice)
    }
}

/// Returns the id of the entry that was entered first.
fn first<'a, T: 'a>(entries: impl Iterator<Item = (&'a EntityId, &'a Entry<T>)>) -> Option<EntityId> {
    entries.min_by_key(|(_, entry)| entry.position).map(|(id, _)| *id)
}
