//! JSON Schemas (draft 2020-12) of what people and programs write and read: the entry format, the bodies
//! that are recorded, and the lines of an export.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::desk::error::DeskError;
use crate::desk::format::field::{self, Field, Shape};
use crate::desk::import::exported::{Header, Line};
use crate::desk::import::mapping::Mapping;
use crate::domain::event::Wire;
use crate::domain::fact::{Kind, Subject};
use crate::domain::link::Relation;
use crate::domain::source::Source;
use crate::domain::text::Text;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Returns every schema with the name of its file in `schemas/`, each ending in a line feed.
///
/// # Errors
///
/// Returns [`DeskError::Unavailable`] when a schema cannot be written as JSON; none gives cause.
pub fn all() -> Result<Vec<(&'static str, String)>, DeskError> {
    let schemas = [
        ("entry.schema.json", entry()),
        ("event.schema.json", event()),
        ("export.schema.json", export()),
        ("mapping.schema.json", mapping()),
    ];
    schemas
        .into_iter()
        .map(|(name, schema)| match serde_json::to_string_pretty(&schema) {
            Ok(text) => Ok((name, text + "\n")),
            Err(error) => Err(DeskError::Unavailable(error.to_string())),
        })
        .collect()
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

/// The entry format, where another schema speaks of it.
pub(crate) struct Entry;

impl JsonSchema for Entry {
    fn schema_name() -> Cow<'static, str> {
        "Entry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = entry();
        let place = format!("#{}/Entry", generator.settings().definitions_path.trim_end_matches('/'));
        moved(&mut schema, &place);
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
        }
        schema.try_into().unwrap_or_default()
    }
}

/// Lets every reference within a schema lead to the same place of a document in which it stands deeper.
fn moved(schema: &mut Value, place: &str) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(within) = reference.strip_prefix('#')
            {
                *reference = format!("{place}{within}");
            }
            object.values_mut().for_each(|value| moved(value, place));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| moved(value, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The body of an event as it is recorded: the envelope, and per kind the shape of its detail.
fn event() -> Value {
    let mut generator = generator();
    let envelope = generator.subschema_for::<Wire>();
    let mut parts = vec![envelope.to_value()];
    for kind in Kind::ALL {
        let detail = kind.detail_schema(&mut generator);
        parts.push(json!({
            "if": { "properties": { "kind": { "const": kind } } },
            "then": { "properties": { "detail": detail } },
        }));
    }
    json!({
        "$schema": DRAFT,
        "title": "The body of an event as it is recorded, schema version 1",
        "allOf": parts,
        "$defs": generator.take_definitions(true),
    })
}

/// The lines of an export: a header, then records.
fn export() -> Value {
    let mut generator = generator();
    let header = generator.subschema_for::<Header>();
    let line = generator.subschema_for::<Line>();
    json!({
        "$schema": DRAFT,
        "title": "A line of an export: the header first, then a record per line",
        "oneOf": [header, line],
        "$defs": generator.take_definitions(true),
    })
}

/// A mapping file: how the columns of a table become the fields of entries.
fn mapping() -> Value {
    let mut schema = generator().into_root_schema_for::<Mapping>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), "A mapping file, for `demarche import --mapping`".into());
    }
    schema
}

/// An entry as people, programs and files write it: what every kind may say, and what only some may.
fn entry() -> Value {
    let mut generator = generator();
    let mut common = Map::new();
    let envelope = field::ENVELOPE.iter().filter(|field| field.name != "opens");
    for field in envelope.chain(field::CONVENIENCES) {
        common.insert(field.name.to_owned(), or_null(shape(field, &mut generator)));
    }
    for (alias, name) in field::ALIASES {
        if let Some(same) = common.get(*name).cloned() {
            common.insert((*alias).to_owned(), same);
        }
    }
    common.insert("kind".to_owned(), json!({ "enum": Kind::ALL }));
    // Kinds that may say the same stand together.
    let mut groups: Vec<(Map<String, Value>, Vec<Kind>)> = Vec::new();
    for kind in Kind::ALL {
        let own = of_kind(*kind, &mut generator);
        match groups.iter_mut().find(|(known, _)| *known == own) {
            Some((_, kinds)) => kinds.push(*kind),
            None => groups.push((own, vec![*kind])),
        }
    }
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|(properties, kinds)| {
            json!({
                "if": { "properties": { "kind": { "enum": kinds } } },
                "then": { "properties": properties },
            })
        })
        .collect();
    let mut defs = generator.take_definitions(true);
    defs.insert("text".to_owned(), json!({ "type": "string", "minLength": 1 }));
    defs.insert("texts".to_owned(), some(text()));
    json!({
        "$schema": DRAFT,
        "title": "An entry: one flat object, with names in place of ids",
        "description": "Dates are EDTF or RFC 3339 with an offset; at the prompt also what people type. \
                        Null and an empty list say nothing.",
        "type": "object",
        "required": ["kind"],
        "properties": common,
        "allOf": groups,
        "unevaluatedProperties": false,
        "$defs": defs,
    })
}

/// Returns the fields that not every kind has.
fn of_kind(kind: Kind, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut properties = Map::new();
    let creates = matches!(kind.subject(), Subject::MayCreate(_));
    let opens = field::ENVELOPE.iter().filter(|field| creates && field.name == "opens");
    for field in opens.chain(field::offered(kind)).chain(field::detail(kind)) {
        properties.insert(field.name.to_owned(), or_null(shape(field, generator)));
    }
    for extra in field::extra(kind) {
        let schema = match *extra {
            "state" => json!({ "enum": ["active", "degraded"] }),
            "changes" => json!({ "type": "object" }),
            _ => text(),
        };
        properties.insert((*extra).to_owned(), or_null(schema));
    }
    properties
}

fn or_null(schema: Value) -> Value {
    Value::from_iter([("anyOf".to_owned(), Value::from_iter([schema, json!({ "type": "null" })]))])
}

fn text() -> Value {
    json!({ "$ref": "#/$defs/text" })
}

/// Returns the schema of one thing, or of a list of them.
fn some(one: Value) -> Value {
    let list = json!({ "type": "array", "items": &one });
    Value::from_iter([("anyOf".to_owned(), Value::from_iter([one, list]))])
}

fn shape(field: &Field, generator: &mut SchemaGenerator) -> Value {
    let texts = || json!({ "$ref": "#/$defs/texts" });
    match field.shape {
        Shape::Text
        | Shape::Date
        | Shape::DateAhead
        | Shape::Written
        | Shape::Party
        | Shape::Channel
        | Shape::Entity
        | Shape::Span
        | Shape::Marking
        | Shape::ChannelName
        | Shape::Code
        | Shape::Zone => text(),
        Shape::Entry if field.name != "in_reply_to" => text(),
        Shape::Compartments => {
            some(generator.subschema_for::<crate::domain::marking::Compartment>().to_value())
        }
        Shape::Entry
        | Shape::Texts
        | Shape::Parties
        | Shape::Actors
        | Shape::Channels
        | Shape::Entities
        | Shape::Slots => texts(),
        Shape::Word(words) => json!({ "enum": (words.0)() }),
        Shape::Words(words) => some(json!({ "enum": (words.0)() })),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Number => json!({ "type": "integer", "minimum": 0 }),
        Shape::Schedule => generator.subschema_for::<crate::domain::schedule::Schedule>().to_value(),
        Shape::Names => {
            let name = generator.subschema_for::<crate::domain::fact::register::Name>();
            some(json!({ "anyOf": [text(), name] }))
        }
        Shape::Versions => some(generator.subschema_for::<Text>().to_value()),
        Shape::Sources => {
            let source = generator.subschema_for::<Source>();
            some(json!({ "anyOf": [text(), source, graded()] }))
        }
        Shape::Links => some(link(generator)),
        Shape::Link => link(generator),
        Shape::Refs => some(generator.subschema_for::<crate::domain::event::ExternalRef>().to_value()),
        Shape::Approvals => {
            some(generator.subschema_for::<crate::domain::fact::record::Approval>().to_value())
        }
        Shape::Scheme => generator.subschema_for::<crate::domain::marking::Scheme>().to_value(),
        Shape::Offer => {
            let parts = field::offer().iter().map(|field| (field.name.to_owned(), shape(field, generator)));
            let properties: Map<String, Value> = parts.collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        Shape::Reading => json!({ "$ref": "#" }),
    }
}

/// A source with both grades as staff write them.
fn graded() -> Value {
    let text = || json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "locator": text(),
            "grade": { "type": "string", "pattern": "^[A-Fa-f][1-6]$" },
            "retrieved": text(),
            "sha256": text(),
            "claim": text(),
        },
        "required": ["locator", "grade"],
        "additionalProperties": false,
    })
}

/// A link, whose other end is a handle and not an id.
fn link(generator: &mut SchemaGenerator) -> Value {
    let relation = generator.subschema_for::<Relation>();
    let confidence = generator.subschema_for::<crate::domain::link::Confidence>();
    json!({
        "type": "object",
        "properties": {
            "relation": relation,
            "target": text(),
            "confidence": confidence,
            "asserted_by": text(),
        },
        "required": ["relation", "target"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_within_a_schema_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    found.extend(object.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                    object.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        for (name, text) in all().unwrap() {
            let schema: Value = serde_json::from_str(&text).unwrap();
            let mut found = Vec::new();
            references(&schema, &mut found);
            for reference in found {
                let place = reference.strip_prefix('#').unwrap();
                assert!(schema.pointer(place).is_some(), "{name}: {reference}");
            }
        }
    }
}
