//! What the names of an entry stand for: entities of the registers, entries of the log, rows of the same
//! submission, and what comes into the registers with it.

mod alike;
mod enter;
mod event;

use std::collections::HashMap;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::country;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::register::Sort;
use crate::domain::id::{EntityId, EventId};
use crate::domain::name::fold;
use crate::domain::party_code::PartyCode;

/// The namespace of names that staff give to what they record by hand.
pub(crate) const BY_HAND: &str = "desk";

/// What a name that the registers do not have is entered as, by how a file uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A channel of a sort.
    Channel(Sort),
    /// A series of talks.
    Series,
}

/// Something that is entered in a register because an entry names it.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    /// The event that enters it.
    pub(crate) id: EventId,
    /// What it says.
    pub(crate) event: Event,
    /// In words: `party USA, United States`.
    pub(crate) words: String,
    /// Names in the log that are near: it may be a slip.
    pub(crate) near: Vec<String>,
}

/// Where the forum of a meeting stands in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forum {
    /// The meeting belongs to it.
    About(EntityId),
    /// It only carried the word of it.
    Via(EntityId),
}

/// Finds the event of a row of the same file by its id.
pub(crate) type Elsewhere<'a> = dyn Fn(&str) -> Result<Option<EventId>, DeskError> + 'a;

/// What names stand for while entries are read.
pub(crate) struct Resolver<'a> {
    /// The record against which they are read.
    pub(crate) known: &'a Known,
    /// Whose rows have ids of their own: the stem of the file, or `desk`.
    pub(crate) namespace: &'a str,
    /// How a file uses the names that the registers do not have; none at the prompt, where nothing comes
    /// into being by mention.
    uses: Option<HashMap<String, Use>>,
    /// What is entered with the entries, in order.
    pub(crate) newcomers: Vec<Newcomer>,
    channels: HashMap<String, (EntityId, Sort, String)>,
    series: HashMap<String, EntityId>,
    persons: HashMap<String, EntityId>,
    parties: HashMap<String, EntityId>,
    recorders: HashMap<String, EventId>,
    codes: HashMap<EntityId, String>,
    rows: HashMap<String, EventId>,
    // Finds the rows of a file that is too long to be known whole.
    elsewhere: Option<&'a Elsewhere<'a>>,
    cache: HashMap<(u8, String), EntityId>,
}

impl<'a> Resolver<'a> {
    /// Returns the names as someone at the prompt may use them.
    pub(crate) fn at_the_prompt(known: &'a Known) -> Self {
        Self::new(known, BY_HAND, None)
    }

    /// Returns the names as a file may use them: those that are new are entered as `uses` says.
    pub(crate) fn of_file(known: &'a Known, stem: &'a str, uses: HashMap<String, Use>) -> Self {
        Self::new(known, stem, Some(uses))
    }

    fn new(known: &'a Known, namespace: &'a str, uses: Option<HashMap<String, Use>>) -> Self {
        Self {
            known,
            namespace,
            uses,
            newcomers: Vec::new(),
            channels: HashMap::new(),
            series: HashMap::new(),
            persons: HashMap::new(),
            parties: HashMap::new(),
            recorders: HashMap::new(),
            codes: HashMap::new(),
            rows: HashMap::new(),
            elsewhere: None,
            cache: HashMap::new(),
        }
    }

    /// Makes a row of the same submission known by its id.
    pub(crate) fn row(&mut self, id: &str, event: EventId) {
        self.rows.insert(id.to_owned(), event);
    }

    /// Makes the rows known that are not at hand.
    pub(crate) fn elsewhere(&mut self, find: &'a Elsewhere<'a>) {
        self.elsewhere = Some(find);
    }

    /// Makes what a row of the same submission enters in a register known by its names.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts enter nothing that is named")]
    pub(crate) fn entered(&mut self, id: EventId, fact: &Fact) {
        let entity = EntityId::from(id);
        match fact {
            Fact::ChannelRegistered(channel) => {
                self.codes.insert(entity, channel.name.to_string());
                let names = channel.names.iter().map(|name| name.text.as_str());
                for name in names.chain([channel.name.as_str()]) {
                    self.channels.insert(fold(name), (entity, channel.sort, channel.name.to_string()));
                }
            }
            Fact::SeriesRegistered(series) => {
                for name in &series.names {
                    self.codes.entry(entity).or_insert_with(|| name.text.clone());
                    self.series.insert(fold(&name.text), entity);
                }
            }
            Fact::PersonRegistered(person) => {
                for name in &person.names {
                    self.codes.entry(entity).or_insert_with(|| name.text.clone());
                    self.persons.insert(fold(&name.text), entity);
                }
            }
            Fact::PartyRegistered(party) => {
                self.codes.insert(entity, party.code.to_string());
                let names = party.names.iter().map(|name| name.text.as_str());
                let known = country::by_code(party.code.as_str()).map_or(&[][..], |country| &country.names);
                for name in names.chain([party.code.as_str()]).chain(known.iter().copied()) {
                    self.parties.insert(fold(name), entity);
                }
            }
            Fact::RecorderRegistered(recorder) => {
                self.recorders.entry(fold(&recorder.name)).or_insert(id);
            }
            _ => {}
        }
    }

    /// Tells whether a fact enters a recorder of a name under which the same submission enters another.
    pub(crate) fn enters_again(&self, id: EventId, fact: &Fact) -> bool {
        let Fact::RecorderRegistered(recorder) = fact else { return false };
        self.recorders.get(&fold(&recorder.name)).is_some_and(|known| *known != id)
    }

    /// Returns what something is called: a code, a name, a handle.
    pub(crate) fn called(&self, id: EntityId) -> Result<String, DeskError> {
        match self.codes.get(&id) {
            Some(code) => Ok(code.clone()),
            None => Ok(self.known.named(id)?.name),
        }
    }

    /// Returns the channel that is meant.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] with what is near, or [`DeskError::Ambiguous`].
    pub(crate) fn channel(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        self.cached(0, typed, Self::find_channel)
    }

    /// Returns the party that is meant; a state or an organisation that everyone knows is entered in the
    /// register at its first mention, a body only by a file.
    ///
    /// # Errors
    ///
    /// As [`Resolver::channel`].
    pub(crate) fn party(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        self.cached(1, typed, Self::find_party)
    }

    /// Returns whatever is meant: a channel, a series, a party, an overture, a meeting, an entry.
    ///
    /// `channel:`, `series:`, `party:` and `entry:` before the name say which.
    ///
    /// # Errors
    ///
    /// As [`Resolver::channel`].
    pub(crate) fn entity(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        self.cached(2, typed, Self::find_entity)
    }

    /// Returns the entry that is meant, of the log or of the same submission.
    ///
    /// # Errors
    ///
    /// As [`Resolver::channel`].
    pub(crate) fn event(&mut self, typed: &str) -> Result<EventId, DeskError> {
        let found =
            self.cached(3, typed, |resolver, typed| resolver.find_event(typed).map(EntityId::from))?;
        Ok(EventId::from_uuid(*found.as_uuid()))
    }

    /// Returns where the forum of a meeting, or the series of talks, stands in the record: a series and a
    /// forum are what it belongs to, a line or a carrier only brought the word.
    ///
    /// # Errors
    ///
    /// As [`Resolver::channel`].
    pub(crate) fn forum(&mut self, typed: &str) -> Result<Forum, DeskError> {
        if let Some(series) = self.series.get(&fold(typed)) {
            return Ok(Forum::About(*series));
        }
        match self.known.names.series(typed) {
            Ok(series) => return Ok(Forum::About(series)),
            Err(several @ DeskError::Ambiguous { .. }) => return Err(several),
            Err(_) => {}
        }
        if let Some(series) = Self::id(typed).filter(|id| self.known.register.series(*id).is_some()) {
            return Ok(Forum::About(series));
        }
        if self.used(typed) == Some(Use::Series) && self.known.names.channel(typed).is_err() {
            return self.enter_series(typed).map(Forum::About);
        }
        let channel = self.channel(typed)?;
        let forum = self.sort_of(channel) == Some(Sort::Forum);
        Ok(if forum { Forum::About(channel) } else { Forum::Via(channel) })
    }

    /// Returns the sort of a channel.
    pub(crate) fn sort_of(&self, channel: EntityId) -> Option<Sort> {
        let known = self.known.register.channel(channel).map(|known| known.entered.sort);
        known.or_else(|| self.channels.values().find(|(id, _, _)| *id == channel).map(|(_, sort, _)| *sort))
    }

    fn cached(
        &mut self,
        role: u8,
        typed: &str,
        find: impl Fn(&mut Self, &str) -> Result<EntityId, DeskError>,
    ) -> Result<EntityId, DeskError> {
        let key = (role, typed.trim().to_owned());
        if let Some(found) = self.cache.get(&key) {
            return Ok(*found);
        }
        let found = find(self, &key.1)?;
        self.cache.insert(key, found);
        Ok(found)
    }

    fn id(typed: &str) -> Option<EntityId> {
        typed.parse::<EntityId>().ok()
    }

    fn used(&self, typed: &str) -> Option<Use> {
        self.uses.as_ref()?.get(&fold(typed)).copied()
    }

    fn find_channel(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        if let Some((channel, _, _)) = self.channels.get(&fold(typed)) {
            return Ok(*channel);
        }
        if let Some(id) = Self::id(typed).filter(|id| self.known.register.channel(*id).is_some()) {
            return Ok(id);
        }
        match self.known.names.channel(typed) {
            Err(DeskError::NotFound { what, hints }) => match self.used(typed) {
                Some(Use::Channel(sort)) => self.enter_channel(typed, sort, hints),
                // A series of talks carried something: it is a forum as well.
                Some(Use::Series) => self.enter_channel(typed, Sort::Forum, hints),
                None => Err(DeskError::NotFound { what, hints }),
            },
            other => other,
        }
    }

    fn find_party(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        if let Some(party) = self.parties.get(&fold(typed)).copied() {
            return self.not_merely_alike(typed, party);
        }
        if let Some(id) = Self::id(typed).filter(|id| self.known.register.party(*id).is_some()) {
            return Ok(id);
        }
        match self.known.names.party(typed) {
            Ok(Party::Registered(party)) => self.not_merely_alike(typed, party),
            Ok(Party::Known(country)) => {
                // The code is one of the table's: it is a code.
                let code = country.code.parse().map_err(|_| not_found("party", typed, Vec::new()))?;
                let near = self.codes_near(typed, country.code);
                match near.first() {
                    // A file says what it means throughout, and whoever imports it is told; at the prompt
                    // one slip would bring a state into being.
                    Some(meant) if self.uses.is_none() => Err(DeskError::Refused {
                        rule: format!(
                            "`{typed}` is {}, which is not in the register, and {meant}, which is, is one letter away",
                            country.names.first().copied().unwrap_or(country.code)
                        ),
                        hints: vec![
                            format!("type {meant} where that is meant"),
                            format!("`party register {}` enters the other", country.code),
                        ],
                    }),
                    Some(_) | None => Ok(self.enter_party(code, near)),
                }
            }
            Err(DeskError::NotFound { what, hints }) => match typed.parse::<PartyCode>() {
                Ok(code) if self.uses.is_some() => self.enter_body(&code, hints),
                Ok(_) | Err(_) => Err(self.known.or_person(typed, DeskError::NotFound { what, hints })),
            },
            Err(other) => Err(other),
        }
    }

    fn find_entity(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        match typed.split_once(':') {
            Some(("channel", name)) => return self.channel(name),
            Some(("series", name)) => return self.find_series(name),
            Some(("party", name)) => return self.party(name),
            Some(("person", name)) => return self.person(name),
            Some(("entry", name)) => return self.event(name).map(EntityId::from),
            Some(_) | None => {}
        }
        if let Some(id) = Self::id(typed)
            && (self.codes.contains_key(&id) || self.known.view.kind_of(id)?.is_some())
        {
            return Ok(id);
        }
        let mut found: Vec<(String, EntityId)> = Vec::new();
        let mut near = Vec::new();
        let tries = [
            ("channel", self.known_channel(typed)),
            ("series", self.find_series(typed)),
            ("party", self.known_party(typed)),
            ("person", self.person(typed)),
            ("entry", self.event(typed).map(EntityId::from)),
        ];
        for (what, outcome) in tries {
            match outcome {
                Ok(id) if !found.iter().any(|(_, known)| *known == id) => {
                    found.push((format!("{what}:{typed}"), id));
                }
                Ok(_) => {}
                // What a handle looks like is no name that is near.
                Err(DeskError::NotFound { .. }) if what == "entry" => {}
                Err(DeskError::NotFound { hints, .. }) => {
                    near.extend(hints.into_iter().filter(|hint| !near.contains(hint)).collect::<Vec<_>>());
                }
                Err(other) => return Err(other),
            }
        }
        match found.as_slice() {
            [(_, id)] => Ok(*id),
            [] => {
                near.truncate(5);
                Err(not_found("channel, series, party or entry", typed, near))
            }
            _ => Err(DeskError::Ambiguous {
                what: format!("`{typed}`"),
                candidates: found.into_iter().map(|(what, _)| what).collect(),
            }),
        }
    }

    fn known_channel(&self, typed: &str) -> Result<EntityId, DeskError> {
        match self.channels.get(&fold(typed)) {
            Some((channel, _, _)) => Ok(*channel),
            None => self.known.names.channel(typed),
        }
    }

    fn known_party(&self, typed: &str) -> Result<EntityId, DeskError> {
        if let Some(party) = self.parties.get(&fold(typed)).copied() {
            return self.not_merely_alike(typed, party);
        }
        match self.known.names.party(typed)? {
            Party::Registered(party) => Ok(party),
            Party::Known(_) => Err(not_found("party", typed, Vec::new())),
        }
    }

    /// Returns the person that is meant.
    fn person(&self, typed: &str) -> Result<EntityId, DeskError> {
        match self.persons.get(&fold(typed)) {
            Some(person) => Ok(*person),
            None => self.known.names.person(typed),
        }
    }

    fn find_series(&mut self, typed: &str) -> Result<EntityId, DeskError> {
        match self.series.get(&fold(typed)) {
            Some(series) => Ok(*series),
            None => self.known.names.series(typed),
        }
    }
}

fn not_found(what: &str, typed: &str, hints: Vec<String>) -> DeskError {
    DeskError::NotFound { what: format!("{what} `{typed}`"), hints }
}
