//! From an event to an entry: the recorded body with names in place of ids.

use serde_json::{Map, Value, json};

use crate::desk::error::DeskError;
use crate::desk::format::field::{self, Field, Shape};
use crate::desk::format::parse::unwritable;
use crate::desk::format::{BY_HAND, relation};
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;

/// Returns the entry that reads back as `event`.
///
/// A name stands where it means the one thing and nothing else; where it would be read otherwise, the id
/// stands.
///
/// # Errors
///
/// Returns [`DeskError`] when the log cannot be read.
pub(crate) fn render(known: &Known, event: &Event) -> Result<Value, DeskError> {
    let body: Value = serde_json::from_str(&event.encode().map_err(|error| unwritable(&error))?)
        .map_err(|error| unwritable(&error))?;
    let Value::Object(mut recorded) = body else { return Ok(body) };
    let detail = match recorded.remove("detail") {
        Some(Value::Object(detail)) => detail,
        _ => Map::new(),
    };
    let kind = event.kind();
    let writer = Writer { known };
    let mut entry = Map::new();
    entry.insert("kind".to_owned(), json!(kind));
    writer.about(event, &mut entry)?;
    writer.links(event, &mut entry)?;
    for field in field::ENVELOPE {
        let own = matches!(field.name, "about" | "via" | "links" | "opens");
        if let Some(value) = recorded.get(field.recorded).filter(|_| !own) {
            entry.insert(field.name.to_owned(), writer.value(field, value)?);
        }
    }
    for field in field::detail(kind) {
        let Some(value) = detail.get(field.recorded) else { continue };
        match (field.shape, value) {
            (Shape::Offer, Value::Object(offer)) if !field::offered(kind).is_empty() && !offer.is_empty() => {
                for part in field::offered(kind) {
                    if let Some(value) = offer.get(part.recorded) {
                        entry.insert(part.name.to_owned(), writer.value(part, value)?);
                    }
                }
            }
            (Shape::Reading, _) => {
                let Some(reading) = reading_of(&event.fact) else { continue };
                let reading =
                    Event::decode(SCHEMA, reading).map_err(|error| DeskError::Damaged(error.to_string()))?;
                entry.insert(field.name.to_owned(), render(known, &reading)?);
            }
            (_, value) => {
                entry.insert(field.name.to_owned(), writer.value(field, value)?);
            }
        }
    }
    Ok(entry.into())
}

/// Returns the name by which the entries of the format name an event: that of a file where it means this one alone,
/// else its id.
///
/// # Errors
///
/// Returns [`DeskError`] when the log cannot be read.
pub(crate) fn called(known: &Known, id: EventId) -> Result<String, DeskError> {
    Writer { known }.event(id)
}

/// Returns the body of the event that a correction has another read as.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts hold no event within them")]
fn reading_of(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::RecordAmended(amended) => Some(amended.reading.get()),
        Fact::EntryHeld(held) => Some(held.entry.get()),
        Fact::RecordRedacted(redacted) => redacted.replacement.as_ref().map(|reading| reading.get()),
        _ => None,
    }
}

/// The meeting that an entry is about, and the names under `channel`.
type MeetingAndForums = (Option<String>, Vec<String>);

struct Writer<'k> {
    known: &'k Known,
}

impl Writer<'_> {
    fn value(&self, field: &Field, value: &Value) -> Result<Value, DeskError> {
        match field.shape {
            Shape::Party | Shape::Parties | Shape::Actors => self.each(value, |id| self.party(id)),
            Shape::Channel | Shape::Channels => self.each(value, |id| self.channel(id)),
            Shape::Entity | Shape::Entities => self.each(value, |id| self.entity(id)),
            Shape::Entry => self.each(value, |id| self.event(EventId::from_uuid(*id.as_uuid()))),
            Shape::Link | Shape::Links => self.linked(value),
            Shape::Sources => Ok(sources(value)),
            Shape::Names => Ok(bare(value, "text")),
            Shape::Offer => {
                let Value::Object(offer) = value else { return Ok(value.clone()) };
                let mut entry = Map::new();
                for part in field::offer() {
                    if let Some(value) = offer.get(part.recorded) {
                        entry.insert(part.name.to_owned(), self.value(part, value)?);
                    }
                }
                Ok(entry.into())
            }
            Shape::Text
            | Shape::Texts
            | Shape::Date
            | Shape::DateAhead
            | Shape::Written
            | Shape::Word(_)
            | Shape::Words(_)
            | Shape::Flag
            | Shape::Number
            | Shape::Span
            | Shape::Slots
            | Shape::Schedule
            | Shape::Versions
            | Shape::Refs
            | Shape::Marking
            | Shape::Compartments
            | Shape::Scheme
            | Shape::Approvals
            | Shape::Reading
            | Shape::ChannelName
            | Shape::Code
            | Shape::Zone => Ok(value.clone()),
        }
    }

    /// Writes what the entry is about and what carried it: as `channel` and `meeting` where they read back
    /// so, else as `about` and `via`.
    fn about(&self, event: &Event, entry: &mut Map<String, Value>) -> Result<(), DeskError> {
        let kind = event.kind();
        let (about, via) = (&event.envelope.about, &event.envelope.via);
        let register = &self.known.register;
        let mut insert = |name: &str, names: Vec<String>| {
            if !names.is_empty() {
                let value = match <[String; 1]>::try_from(names) {
                    Ok([one]) => one.into(),
                    Err(names) => names.into(),
                };
                entry.insert(name.to_owned(), value);
            }
        };
        let channels =
            |ids: &[EntityId]| ids.iter().map(|id| self.channel(*id)).collect::<Result<Vec<_>, _>>();
        let entities =
            |ids: &[EntityId]| ids.iter().map(|id| self.entity(*id)).collect::<Result<Vec<_>, _>>();
        let mut meeting = false;
        if field::is_of_channel(kind) && about.iter().all(|id| register.channel(*id).is_some()) {
            insert("channel", channels(about)?);
            insert("via", channels(via)?);
        } else if let (true, Some((own, forums))) = (field::is_of_talks(kind), self.forums(about, via)?) {
            meeting = own.is_some();
            insert("meeting", own.into_iter().collect());
            insert("channel", forums);
        } else if field::is_of_channel(kind) || field::is_of_talks(kind) {
            insert("about", entities(about)?);
            insert("via", channels(via)?);
        } else {
            insert("about", entities(about)?);
            insert("channel", channels(via)?);
        }
        if let Subject::MayCreate(_) = kind.subject() {
            let expected = kind == Kind::ResponseCounterProposed || !meeting;
            if expected != event.envelope.opens {
                entry.insert("opens".to_owned(), event.envelope.opens.into());
            }
        }
        Ok(())
    }

    /// Returns the meeting and the names under `channel` of an entry of talks, where they read back to
    /// what it is about and what carried it.
    fn forums(&self, about: &[EntityId], via: &[EntityId]) -> Result<Option<MeetingAndForums>, DeskError> {
        let (own, forums) = match about.split_first() {
            Some((first, rest)) if self.known.view.kind_of(*first)? == Some(EntityKind::Meeting) => {
                (Some(*first), rest)
            }
            Some(_) | None => (None, about),
        };
        let register = &self.known.register;
        let sort = |id: EntityId| register.channel(id).map(|channel| channel.entered.sort);
        let reads_back =
            forums.iter().all(|id| register.series(*id).is_some() || sort(*id) == Some(Sort::Forum))
                && via.iter().all(|id| sort(*id).is_some_and(|sort| sort != Sort::Forum));
        if !reads_back {
            return Ok(None);
        }
        let mut names = Vec::with_capacity(forums.len() + via.len());
        for id in forums.iter().chain(via) {
            let series = register.series(*id).and_then(|series| series.entered.names.first());
            let name = if let Some(name) = series {
                unless(*id, name.text.clone(), |name| self.known.names.series(name).ok())
            } else {
                let name = self.channel(*id)?;
                // A series of the same name would be taken first.
                if self.known.names.series(&name).is_ok() { id.to_string() } else { name }
            };
            names.push(name);
        }
        let own = own.map(|id| self.event(EventId::from_uuid(*id.as_uuid()))).transpose()?;
        Ok(Some((own, names)))
    }

    /// Writes the links: those at the beginning whose relation follows from the kind, and of which nothing
    /// else is said, as `in_reply_to`. A message that concerns another may mention it alone: it says so in `links`.
    fn links(&self, event: &Event, entry: &mut Map<String, Value>) -> Result<(), DeskError> {
        let links = &event.envelope.links;
        let relation = relation::of_reply(event.kind());
        let may_mention = event.kind().family() == "message" && relation == Relation::Concerns;
        let plain = links
            .iter()
            .take_while(|link| {
                !may_mention
                    && link.relation == relation
                    && link.confidence.is_unstated()
                    && link.asserted_by.is_none()
            })
            .count();
        let (replies, rest) = links.split_at_checked(plain).unwrap_or((links, &[]));
        let replies =
            replies.iter().map(|link| self.event(link.target)).collect::<Result<Vec<_>, DeskError>>()?;
        match <[String; 1]>::try_from(replies) {
            Ok([one]) => {
                entry.insert("in_reply_to".to_owned(), one.into());
            }
            Err(replies) if !replies.is_empty() => {
                entry.insert("in_reply_to".to_owned(), replies.into());
            }
            Err(_) => {}
        }
        if !rest.is_empty() {
            let rest = serde_json::to_value(rest).map_err(|error| unwritable(&error))?;
            entry.insert("links".to_owned(), self.linked(&rest)?);
        }
        Ok(())
    }

    fn linked(&self, value: &Value) -> Result<Value, DeskError> {
        match value {
            Value::Array(links) => links.iter().map(|link| self.linked(link)).collect(),
            Value::Object(link) => {
                let mut link = link.clone();
                if let Some(target) =
                    link.get("target").and_then(Value::as_str).and_then(|id| id.parse().ok())
                {
                    link.insert("target".to_owned(), self.event(target)?.into());
                }
                if let Some(party) =
                    link.get("asserted_by").and_then(Value::as_str).and_then(|id| id.parse().ok())
                {
                    link.insert("asserted_by".to_owned(), self.party(party)?.into());
                }
                Ok(link.into())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as the others do")]
    fn each(
        &self,
        value: &Value,
        name: impl Fn(EntityId) -> Result<String, DeskError>,
    ) -> Result<Value, DeskError> {
        let named = |value: &Value| match value.as_str().and_then(|id| id.parse().ok()) {
            Some(id) => name(id).map(Value::from),
            None => Ok(value.clone()),
        };
        match value.as_array().map(Vec::as_slice) {
            Some([one]) => named(one),
            Some(several) => several.iter().map(named).collect(),
            None => named(value),
        }
    }

    fn party(&self, id: EntityId) -> Result<String, DeskError> {
        let name = self.known.named(id)?.name;
        Ok(unless(id, name, |name| match self.known.names.party(name) {
            Ok(Party::Registered(found)) => Some(found),
            Ok(Party::Known(_)) | Err(_) => None,
        }))
    }

    fn channel(&self, id: EntityId) -> Result<String, DeskError> {
        let name = self.known.named(id)?.name;
        Ok(unless(id, name, |name| self.known.names.channel(name).ok()))
    }

    fn event(&self, id: EventId) -> Result<String, DeskError> {
        let event = self.known.view.event(id)?.and_then(|raw| raw.event);
        let external = event.as_ref().and_then(|event| event.envelope.external_refs.first());
        if let Some(external) = external {
            for name in [external.id.clone(), format!("{}:{}", external.namespace, external.id)] {
                match self.known.entry_called(&name, BY_HAND) {
                    Ok(found) if found == id => return Ok(name),
                    Ok(_) | Err(DeskError::NotFound { .. } | DeskError::Ambiguous { .. }) => {}
                    Err(other) => return Err(other),
                }
            }
        }
        Ok(id.to_string())
    }

    /// Returns a name that means this entity whatever kinds of names there are: where another kind of
    /// thing has the same name, `channel:`, `series:`, `party:` or `entry:` stands before it.
    fn entity(&self, id: EntityId) -> Result<String, DeskError> {
        let names = &self.known.names;
        let (what, name) = match self.known.view.kind_of(id)? {
            Some(EntityKind::Channel) => ("channel", self.channel(id)?),
            Some(EntityKind::Party) => ("party", self.party(id)?),
            Some(EntityKind::Series) => {
                let name = self.known.named(id)?.name;
                ("series", unless(id, name, |name| names.series(name).ok()))
            }
            Some(EntityKind::Overture | EntityKind::Meeting) => {
                ("entry", self.event(EventId::from_uuid(*id.as_uuid()))?)
            }
            Some(EntityKind::Person) => {
                let name = self.known.named(id)?.name;
                ("person", unless(id, name, |name| names.person(name).ok()))
            }
            Some(EntityKind::Recorder | EntityKind::Policy | EntityKind::Desk) | None => {
                return Ok(id.to_string());
            }
        };
        let others = [
            ("channel", names.channel(&name).is_ok()),
            ("series", names.series(&name).is_ok()),
            ("party", names.party(&name).is_ok()),
            ("person", names.person(&name).is_ok()),
            ("entry", self.known.entry_called(&name, BY_HAND).is_ok()),
        ];
        let alone = others.into_iter().all(|(other, has)| other == what || !has);
        Ok(if alone { name } else { format!("{what}:{name}") })
    }
}

/// Returns `name` where it means `id`, else the id.
fn unless(id: EntityId, name: String, find: impl Fn(&str) -> Option<EntityId>) -> String {
    if find(&name) == Some(id) { name } else { id.to_string() }
}

/// Writes a source of which only the place is known as that place.
fn sources(value: &Value) -> Value {
    bare(value, "locator")
}

/// Writes each object that has nothing but `field` as that field.
fn bare(value: &Value, field: &str) -> Value {
    let one = |value: &Value| match value.as_object() {
        Some(object) if object.len() == 1 => object.get(field).unwrap_or(value).clone(),
        Some(_) | None => value.clone(),
    };
    match value.as_array() {
        Some(values) => values.iter().map(one).collect(),
        None => one(value),
    }
}
