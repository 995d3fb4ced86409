//! The fields by which entries are counted, and which values each has.

use std::collections::HashMap;

use crate::desk::answer::facets::{FacetRow, FacetValue};
use crate::desk::error::{DeskError, Fault};
use crate::desk::facets::VALUES_MAX;
use crate::desk::filter;
use crate::desk::filter::items::{Items, items};
use crate::desk::known::Known;
use crate::domain::country;
use crate::domain::fact::Kind;
use crate::domain::fact::register::{ChannelRegistered, PartyRegistered};
use crate::domain::id::EntityId;
use crate::domain::name::fold;
use crate::domain::source::{Credibility, Grade, Reliability};
use crate::projections::facets::{Aspect, Facet, Tally, Value};
use crate::projections::register::Entry;

/// A field by which entries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Channel,
    Via,
    FromParty,
    ToParty,
    Kind,
    Topic,
    Year,
    Marking,
    Grade,
    Recorder,
    Status,
}

/// The values of a field, as they are counted.
pub(super) struct Counting {
    pub(super) facet: Facet,
    // One for each number that is counted.
    values: Vec<FacetValue>,
}

impl Field {
    /// Every field, in the order in which they are told.
    pub(super) const ALL: [Self; 11] = [
        Self::Channel,
        Self::Via,
        Self::FromParty,
        Self::ToParty,
        Self::Kind,
        Self::Topic,
        Self::Year,
        Self::Marking,
        Self::Grade,
        Self::Recorder,
        Self::Status,
    ];

    /// Returns what the filter calls it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Via => "via",
            Self::FromParty => "from_party",
            Self::ToParty => "to_party",
            Self::Kind => "kind",
            Self::Topic => "topic",
            Self::Year => "year",
            Self::Marking => "marking",
            Self::Grade => "grade",
            Self::Recorder => "recorder",
            Self::Status => "status",
        }
    }

    /// Reads a list of fields; a flag may be written as one, with a hyphen.
    pub(super) fn read(typed: &str) -> Result<Vec<Self>, DeskError> {
        let Items { any_of, none_of } = items("by", typed)?;
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let of = |typed: &str| {
            Self::ALL.into_iter().find(|field| fold(field.as_str()) == fold(typed)).ok_or_else(|| {
                let detail =
                    format!("`{typed}` is no field that entries are counted by; there are {}", names());
                DeskError::from(Fault::in_field("by", detail))
            })
        };
        let left_out = none_of.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let mut fields = any_of.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
        if fields.is_empty() {
            fields = Self::ALL.to_vec();
        }
        fields.retain(|field| !left_out.contains(field));
        let mut once: Vec<Self> = Vec::new();
        for field in fields {
            if !once.contains(&field) {
                once.push(field);
            }
        }
        Ok(once)
    }

    /// Returns what is counted by it; none for what is no value of an entry.
    pub(super) fn counting(self, known: &Known) -> Result<Option<Counting>, DeskError> {
        let aspect = match self {
            Self::Channel => Aspect::Channel,
            Self::Via => Aspect::Via,
            Self::FromParty => Aspect::From,
            Self::ToParty => Aspect::To,
            Self::Kind => Aspect::Kind,
            Self::Topic => Aspect::Topic,
            Self::Marking => Aspect::Marking,
            Self::Grade => Aspect::Grade,
            Self::Recorder => Aspect::Recorder,
            Self::Year | Self::Status => return Ok(None),
        };
        let slots = match self {
            Self::Channel | Self::Via => channels(known),
            Self::FromParty | Self::ToParty => parties(known),
            Self::Kind => kinds(),
            Self::Topic => topics(&known.view.topics()?),
            Self::Marking => markings(filter::marking::said(known)?),
            Self::Grade => grades(),
            Self::Recorder => recorders(known),
            Self::Year | Self::Status => Vec::new(),
        };
        let (values, slots) = slots.into_iter().unzip();
        Ok(Some(Counting { facet: Facet { aspect, slots }, values }))
    }

    /// Tells whether every entry whose text can be read has a value.
    const fn is_of_every_entry(self) -> bool {
        matches!(self, Self::Recorder | Self::Status)
    }
}

impl Counting {
    /// Returns what was counted, the most frequent value first, each followed by its parts.
    pub(super) fn row(&self, field: Field, tally: &Tally) -> FacetRow {
        let mut values: Vec<FacetValue> = self
            .values
            .iter()
            .zip(&tally.counts)
            .filter(|(_, entries)| **entries > 0)
            .map(|(value, entries)| FacetValue { entries: *entries, ..value.clone() })
            .collect();
        values.sort_by(|one, other| (other.entries, &one.value).cmp(&(one.entries, &other.value)));
        let mut parts: HashMap<String, Vec<FacetValue>> = HashMap::new();
        let known: Vec<String> = values.iter().map(|value| value.value.clone()).collect();
        let mut wholes = Vec::new();
        for value in values {
            match value.within.clone().filter(|whole| known.contains(whole)) {
                Some(whole) => parts.entry(whole).or_default().push(value),
                None => wholes.push(value),
            }
        }
        // What is a part of a part follows that.
        let mut open: Vec<FacetValue> = wholes.into_iter().rev().collect();
        let mut told = Vec::with_capacity(known.len());
        while let Some(value) = open.pop() {
            open.extend(parts.remove(&value.value).unwrap_or_default().into_iter().rev());
            told.push(value);
        }
        let left_out = told.len().saturating_sub(VALUES_MAX) as u64;
        told.truncate(VALUES_MAX);
        FacetRow {
            field: field.as_str().to_owned(),
            values: told,
            left_out,
            not_recorded: (!field.is_of_every_entry()).then_some(tally.without),
        }
    }
}

/// A value with what counts for it.
type Slot = (FacetValue, Vec<Value>);

fn slot(value: impl Into<String>, counts: Vec<Value>) -> Slot {
    (super::value(value, 0), counts)
}

/// Returns the channels; what was found to be one is counted as one.
fn channels(known: &Known) -> Vec<Slot> {
    let register = &known.register;
    let standing = register.channels().filter(|(id, _)| register.standing_for(*id) == *id);
    let slot = |(id, channel): (EntityId, &Entry<ChannelRegistered>)| {
        let counts = register.found_with(id).into_iter().map(Value::Entity).collect();
        slot(channel.entered.name.as_str(), counts)
    };
    standing.map(slot).collect()
}

/// Returns the parties; a whole counts for each of its bodies, as the filter means it.
fn parties(known: &Known) -> Vec<Slot> {
    let register = &known.register;
    let mut bodies: HashMap<String, Vec<EntityId>> = HashMap::new();
    for (id, party) in register.parties() {
        let mut code = Some(party.entered.code.clone());
        while let Some(whole) = code {
            bodies.entry(whole.to_string()).or_default().push(id);
            code = whole.parent();
        }
    }
    let slot = |(id, party): (EntityId, &Entry<PartyRegistered>)| {
        let code = party.entered.code.to_string();
        // Each body of each party is looked for only where some were found to be others.
        let counted = if register.is_without_aliases() {
            bodies.get(&code).cloned().unwrap_or_default()
        } else {
            known.bodies_of(id)
        };
        let first = register.names(id).first().map(|name| name.text.clone());
        let everyones = || Some((*country::by_code(&code)?.names.first()?).to_owned());
        let name = first.or_else(everyones);
        let within = party.entered.code.parent().map(|whole| whole.to_string());
        let counts = counted.into_iter().map(Value::Entity).collect();
        (FacetValue { name, within, ..super::value(code, 0) }, counts)
    };
    register.parties().filter(|(id, _)| register.standing_for(*id) == *id).map(slot).collect()
}

/// Returns the families and the kinds of each; a family of one kind that has its name is that kind.
fn kinds() -> Vec<Slot> {
    let mut families: Vec<(&str, Vec<Kind>)> = Vec::new();
    for kind in Kind::ALL {
        match families.iter_mut().find(|(family, _)| *family == kind.family()) {
            Some((_, kinds)) => kinds.push(*kind),
            None => families.push((kind.family(), vec![*kind])),
        }
    }
    let mut slots = Vec::new();
    for (family, kinds) in families {
        let is_kind = kinds.iter().any(|kind| kind.as_str() == family);
        if !is_kind {
            slots.push(slot(family, kinds.iter().map(|kind| Value::Kind(*kind)).collect()));
        }
        slots.extend(kinds.iter().map(|kind| {
            let within = (!is_kind).then(|| family.to_owned());
            (FacetValue { within, ..super::value(kind.as_str(), 0) }, vec![Value::Kind(*kind)])
        }));
    }
    slots
}

/// Returns the topics, of which two spellings are one.
fn topics(spelt: &[String]) -> Vec<Slot> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut slots: Vec<Slot> = Vec::new();
    for topic in spelt {
        let place = *places.entry(fold(topic)).or_insert_with(|| {
            slots.push(slot(topic.clone(), Vec::new()));
            slots.len() - 1
        });
        if let Some((_, counts)) = slots.get_mut(place) {
            counts.push(Value::Word(topic.clone()));
        }
    }
    slots
}

/// Returns the markings, each with the words that come to it; what comes to none has none.
fn markings(said: Vec<(String, Option<String>)>) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for (word, binding) in said {
        let Some(binding) = binding else { continue };
        let place = slots.iter().position(|(value, _)| value.value == binding).unwrap_or_else(|| {
            slots.push(slot(binding, Vec::new()));
            slots.len() - 1
        });
        slots.get_mut(place).into_iter().for_each(|(_, words)| words.push(Value::Word(word.clone())));
    }
    slots
}

fn grades() -> Vec<Slot> {
    let pairs = Reliability::ALL.into_iter().flat_map(|reliability| {
        Credibility::ALL.into_iter().map(move |credibility| Grade { reliability, credibility })
    });
    pairs.map(|grade| slot(grade.to_string(), vec![Value::Grade(grade)])).collect()
}

/// Returns the recorders by name.
fn recorders(known: &Known) -> Vec<Slot> {
    let recorders = known.register.recorders();
    recorders.map(|(actor, name)| slot(name.entered.clone(), vec![Value::Recorder(actor)])).collect()
}
