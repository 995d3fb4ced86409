//! One event: an envelope that every kind shares, and what its kind says.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::{Confidence, Link};
use crate::domain::marking::{Compartment, Marking};
use crate::domain::occurred::Occurred;
use crate::domain::source::Source;
use crate::domain::text::Text;
use crate::domain::words::{Form, IssuerLevel};

/// The schema version of bodies written today.
pub const SCHEMA: u16 = 1;

/// The stream of whatever names no other: moments, adoptions, remarks of nobody to nobody.
pub const DESK: EntityId =
    EntityId::from_uuid(uuid::Uuid::from_u128(0xde4a_0000_0000_8000_8000_0000_0000_0001));

/// As whom the log records what nobody recorded; nobody else is called so.
pub const DESK_NAME: &str = "the log itself";

/// The stream of the keys that the log signs with: every change of them, and nothing else.
pub const KEYS: EntityId =
    EntityId::from_uuid(uuid::Uuid::from_u128(0xde4a_0000_0000_8000_8000_0000_0000_0002));

/// The stream of what happened to the record itself.
pub const INCIDENTS: EntityId =
    EntityId::from_uuid(uuid::Uuid::from_u128(0xde4a_0000_0000_8000_8000_0000_0000_0003));

/// The stream of every account and every permission, whoever has it.
pub const ACCOUNTS: EntityId =
    EntityId::from_uuid(uuid::Uuid::from_u128(0xde4a_0000_0000_8000_8000_0000_0000_0004));

/// An event as the world and the desk know it; the store adds position and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What every kind shares.
    pub envelope: Envelope,
    /// What this kind says.
    pub fact: Fact,
}

macro_rules! envelope {
    ($($(#[$doc:meta])* $(@$attribute:literal)? $field:ident: $type:ty,)+) => {
        /// What every kind of event shares.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Envelope {
            $($(#[$doc])* pub $field: $type,)+
        }

        /// The body as it is recorded: the kind first, the detail last.
        #[derive(Serialize, Deserialize, schemars::JsonSchema)]
        #[schemars(rename = "Event")]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Wire {
            /// What sort of event it is.
            kind: Kind,
            $($(#[$doc])* #[serde(default, skip_serializing_if = $($attribute)?)] $field: $type,)+
            /// What this kind says; its shape depends on `kind`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
            detail: Option<Box<RawValue>>,
        }

        impl Envelope {
            fn into_wire(self, kind: Kind, detail: Option<Box<RawValue>>) -> Wire {
                Wire { kind, $($field: self.$field,)+ detail }
            }
        }

        impl Wire {
            fn into_parts(self) -> (Kind, Envelope, Option<Box<RawValue>>) {
                (self.kind, Envelope { $($field: self.$field,)+ }, self.detail)
            }
        }
    };
}

envelope! {
    /// When it happened in the world, with the doubt it was known with.
    @"Option::is_none" occurred: Option<Occurred>,
    /// What was typed for `occurred`, where that was something else.
    @"Option::is_none" occurred_as_written: Option<String>,
    /// When the desk learned of it.
    @"Option::is_none" learned_at: Option<Occurred>,
    /// When it takes effect, where that is another time.
    @"Option::is_none" effective: Option<Occurred>,
    /// When it was made public.
    @"Option::is_none" published_at: Option<Occurred>,
    /// It brings an entity of its own into being where its kind need not: a meeting that was never
    /// announced, a counter-proposal. The entity carries the id of this event.
    @"std::ops::Not::not" opens: bool,
    /// What it is about: channels, overtures, meetings, series, parties.
    @"Vec::is_empty" about: Vec<EntityId>,
    /// What carried it: channels.
    @"Vec::is_empty" via: Vec<EntityId>,
    /// Who speaks or acts; several act jointly.
    @"Vec::is_empty" from: Vec<EntityId>,
    /// To whom.
    @"Vec::is_empty" to: Vec<EntityId>,
    /// In whose name.
    @"Vec::is_empty" on_behalf_of: Vec<EntityId>,
    /// The person who speaks, and in what capacity.
    @"Option::is_none" speaker: Option<String>,
    /// How weighty the speaker is.
    @"Option::is_none" issuer_level: Option<IssuerLevel>,
    /// In what form.
    @"Option::is_none" form: Option<Form>,
    /// One sentence that says what happened.
    @"Option::is_none" summary: Option<String>,
    /// What it is about, in the desk's key words.
    @"Vec::is_empty" topics: Vec<String>,
    /// The words themselves, per language.
    @"Vec::is_empty" texts: Vec<Text>,
    /// What the recorder adds.
    @"Option::is_none" note: Option<String>,
    /// How sure the recorder is that it happened so.
    @"Confidence::is_unstated" confidence: Confidence,
    /// How far it may travel.
    @"Option::is_none" marking: Option<Marking>,
    /// Whoever reads it must be admitted to each of these as well.
    @"Vec::is_empty" compartments: Vec<Compartment>,
    /// Who says so.
    @"Vec::is_empty" sources: Vec<Source>,
    /// On what other entries it bears.
    @"Vec::is_empty" links: Vec<Link>,
    /// Why the record is corrected, or why it came so late; of a meeting that was put off or called off, where no cause
    /// is given, why that was done.
    @"Option::is_none" reason: Option<String>,
    /// The held entry that it is, which somebody else than its author confirmed.
    @"Option::is_none" confirms: Option<EventId>,
    /// What it is called elsewhere.
    @"Vec::is_empty" external_refs: Vec<ExternalRef>,
}

/// What an entry is called elsewhere: a row of a file, a cable number, a UN symbol.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// Whose name it is: the stem of a file, `MRN`, `KCNA`.
    pub namespace: String,
    /// The name.
    pub id: String,
}

/// The body of a record is not an event that this version knows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A body of a schema version from the future.
    #[error("schema version {0} is newer than this program, which knows {SCHEMA}")]
    Version(u16),
    /// Not the JSON of an event.
    #[error("not the body of an event")]
    Json(#[source] serde_json::Error),
    /// The kind is known and its detail is not of its shape.
    #[error("the detail of `{kind}` does not have its shape")]
    Detail {
        /// The kind.
        kind: Kind,
        /// What was found.
        #[source]
        source: serde_json::Error,
    },
}

impl Event {
    /// Returns the kind.
    pub const fn kind(&self) -> Kind {
        self.fact.kind()
    }

    /// Reads a recorded body of the given schema version.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError`] when this version of the program cannot know what the body says; a
    /// projection then stops, it never skips.
    pub fn decode(schema: u16, body: &str) -> Result<Self, DecodeError> {
        if schema != SCHEMA {
            return Err(DecodeError::Version(schema));
        }
        let (kind, envelope, detail) =
            serde_json::from_str::<Wire>(body).map_err(DecodeError::Json)?.into_parts();
        let fact = kind
            .decode(detail.as_deref().map_or("{}", RawValue::get))
            .map_err(|source| DecodeError::Detail { kind, source })?;
        Ok(Self { envelope, fact })
    }

    /// Writes the body as it is recorded, in schema version [`SCHEMA`].
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` could not write; no shape here gives it cause to.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        let detail = self.fact.encode()?;
        let detail = (detail.get() != "{}").then_some(detail);
        serde_json::to_string(&self.envelope.clone().into_wire(self.kind(), detail))
    }

    /// Returns the entity that this event brings into being when it carries `id`.
    ///
    /// A meeting entry about no meeting brings one into being, a counter-proposal is an overture of its
    /// own; every other `about` names what exists.
    pub fn created(&self, id: EventId) -> Option<EntityId> {
        match self.kind().subject() {
            Subject::Creates(_) => Some(EntityId::from(id)),
            Subject::MayCreate(_) if self.envelope.opens => Some(EntityId::from(id)),
            Subject::MayCreate(_) | Subject::About(_) | Subject::Entry | Subject::Free => None,
        }
    }

    /// Returns the event of the record that a `record.*` entry is about.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a new kind of fact is about no entry")]
    pub fn entry(&self) -> Option<EventId> {
        match &self.fact {
            Fact::RecordAmended(record) => Some(record.target),
            Fact::RecordRetracted(record) => Some(record.target),
            Fact::RecordLinked(record) => Some(record.source),
            Fact::RecordAnnotated(record) => Some(record.target),
            Fact::RecordRedacted(record) => Some(record.target),
            _ => None,
        }
    }
}

/// Returns the streams that the event changes when it carries `id`, each once, in a fixed order.
///
/// These are what it brings into being, what it is about, what carried it, what its links point at, what it
/// confirms, and for an entry about an entry that entry; where that is nothing, its parties; where those are none,
/// [`DESK`]. What happens to an account changes [`ACCOUNTS`] as well. A `record.*` event names in `about` the entities of the entry that it corrects, so that
/// each of them learns of the correction. What happens to the keys and to the record itself has a stream of
/// its own.
pub fn streams(event: &Event, id: EventId) -> Vec<EntityId> {
    let envelope = &event.envelope;
    if let Some(own) = own_stream(&event.fact) {
        return vec![own];
    }
    let mut streams: Vec<EntityId> = Vec::new();
    let mut add = |stream: EntityId| {
        if !streams.contains(&stream) {
            streams.push(stream);
        }
    };
    event.created(id).into_iter().for_each(&mut add);
    envelope.about.iter().copied().for_each(&mut add);
    event.entry().map(EntityId::from).into_iter().for_each(&mut add);
    if let Fact::RecordLinked(linked) = &event.fact {
        add(EntityId::from(linked.link.target));
    }
    envelope.links.iter().map(|link| EntityId::from(link.target)).for_each(&mut add);
    envelope.confirms.map(EntityId::from).into_iter().for_each(&mut add);
    envelope.via.iter().copied().for_each(&mut add);
    if event.kind().is_of_account() {
        add(ACCOUNTS);
    }
    if streams.is_empty() {
        for party in envelope.from.iter().chain(&envelope.to) {
            if !streams.contains(party) {
                streams.push(*party);
            }
        }
    }
    if streams.is_empty() {
        streams.push(DESK);
    }
    streams
}

/// Returns the stream of what is said of the log alone.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are about something")]
const fn own_stream(fact: &Fact) -> Option<EntityId> {
    match fact {
        Fact::KeyRotated(_) => Some(KEYS),
        Fact::LogIncident(_) => Some(INCIDENTS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fact::overture::Answer;
    use crate::domain::link::Relation;

    fn entity(number: u128) -> EntityId {
        EntityId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn event_id(number: u128) -> EventId {
        EventId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_body_reads_back_as_it_was_written() {
        let event = Event {
            envelope: Envelope {
                occurred: Some("2011-01-26".parse().unwrap()),
                opens: true,
                about: vec![entity(1)],
                via: vec![entity(2)],
                from: vec![entity(3)],
                summary: Some("Seoul proposes 11 February.".to_owned()),
                links: vec![Link::new(Relation::Counters, event_id(1))],
                ..Envelope::default()
            },
            fact: Fact::ResponseCounterProposed(Answer::default()),
        };
        let body = event.encode().unwrap();
        assert!(body.starts_with(r#"{"kind":"response.counter_proposed","occurred":"2011-01-26""#));
        assert_eq!(Event::decode(SCHEMA, &body).unwrap(), event);
        assert_eq!(streams(&event, event_id(9)), [entity(9), entity(1), entity(2)]);
    }

    #[test]
    fn a_body_that_says_more_than_its_kind_knows_is_refused() {
        let unknown = r#"{"kind":"incident","weather":"fine"}"#;
        assert!(matches!(Event::decode(SCHEMA, unknown), Err(DecodeError::Json(_))));
        let detail = r#"{"kind":"incident","detail":{"weather":"fine"}}"#;
        assert!(matches!(Event::decode(SCHEMA, detail), Err(DecodeError::Detail { .. })));
        assert!(matches!(Event::decode(SCHEMA + 1, "{}"), Err(DecodeError::Version(2))));
    }

    #[test]
    fn an_event_that_names_no_entity_belongs_to_its_parties_or_the_desk() {
        let mut event = Event {
            envelope: Envelope {
                from: vec![entity(3)],
                to: vec![entity(4), entity(3)],
                ..Envelope::default()
            },
            fact: Kind::StatementPublic.decode("{}").unwrap(),
        };
        assert_eq!(streams(&event, event_id(9)), [entity(3), entity(4)]);
        event.envelope = Envelope::default();
        assert_eq!(streams(&event, event_id(9)), [DESK]);
    }
}
