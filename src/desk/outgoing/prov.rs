//! W3C PROV-JSON: every reading of an entry is an entity, what recorded or corrected it an activity, and who
//! did that or speaks in it an agent.
//!
//! Of the readings that do not hold only that they were is told, never what they say.

use std::io::Write;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::desk::outgoing::about::About;
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::desk::outgoing::{readings, table, unwritable};
use crate::domain::id::{ActorId, EntityId};
use crate::domain::source::Source;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;

/// Writes the document. Its sections stand apart, so that it is put together before it leaves.
pub(super) fn write(taking: &mut Taking<'_>, about: &About, out: &mut dyn Write) -> Result<(), Broke> {
    let mut document = Document::begin(about);
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            break;
        }
        for selected in &batch {
            document.entry(taking.known(), selected)?;
        }
    }
    serde_json::to_writer_pretty(&mut *out, &document.finish())
        .map_err(|error| if error.is_io() { Broke::Gone } else { Broke::Desk(unwritable(&error)) })?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The sections of a document.
#[derive(Default)]
struct Document {
    prefix: Map<String, Value>,
    entity: Map<String, Value>,
    activity: Map<String, Value>,
    agent: Map<String, Value>,
    generated: Map<String, Value>,
    attributed: Map<String, Value>,
    associated: Map<String, Value>,
    derived: Map<String, Value>,
}

impl Document {
    fn begin(about: &About) -> Self {
        let mut document = Self::default();
        for (prefix, what) in [
            ("demarche", "urn:demarche:prov:".to_owned()),
            ("reading", format!("urn:demarche:log:{}:reading:", about.log)),
            ("record", format!("urn:demarche:log:{}:record:", about.log)),
            ("party", format!("urn:demarche:log:{}:party:", about.log)),
            ("recorder", format!("urn:demarche:log:{}:recorder:", about.log)),
            ("source", format!("urn:demarche:log:{}:source:", about.log)),
        ] {
            document.prefix.insert(prefix.to_owned(), what.into());
        }
        let export = json!({
            "prov:type": qualified("demarche:Export"),
            "prov:label": about.words(),
            "demarche:query": about.query,
            "demarche:knownAt": about.position.map_or(Value::Null, |at| at.to_string().into()),
            "demarche:checkpoint": about.head,
        });
        document.entity.insert("demarche:export".to_owned(), without_nulls(export));
        document
    }

    fn entry(&mut self, known: &Known, selected: &Selected) -> Result<(), DeskError> {
        let entry = &selected.entry;
        let readings = all_readings(known, selected)?;
        let mut before: Option<String> = None;
        for (place, reading) in readings.iter().enumerate() {
            let own = format!("reading:{}.{}", entry.id, reading.position);
            let holds = place + 1 == readings.len();
            let attributes = if holds { attributes(selected) } else { json!({}) };
            self.entity.insert(own.clone(), attributes);
            self.recorded(known, &own, reading, place == 0);
            if let Some(before) = before.replace(own.clone()) {
                self.derived.insert(
                    format!("_:revision-{}.{}", entry.id, reading.position),
                    json!({
                        "prov:generatedEntity": own, "prov:usedEntity": before,
                        "prov:activity": format!("record:{}", reading.position),
                        "prov:type": qualified("prov:Revision"),
                    }),
                );
            }
        }
        let Some(own) = before else { return Ok(()) };
        let Some(event) = &entry.event else { return Ok(()) };
        for party in &event.envelope.from {
            self.speaks(known, &own, *party)?;
        }
        for source in &event.envelope.sources {
            self.source(&own, source);
        }
        Ok(())
    }

    /// Tells what recorded a reading, and who.
    fn recorded(&mut self, known: &Known, own: &str, reading: &Reading, first: bool) {
        let (activity, agent) =
            (format!("record:{}", reading.position), format!("recorder:{}", reading.actor));
        let sort = if first { "demarche:Recording" } else { "demarche:Correcting" };
        self.activity.insert(
            activity.clone(),
            json!({
                "prov:startTime": reading.at, "prov:endTime": reading.at, "prov:type": qualified(sort),
            }),
        );
        let name = known.recorder_named(reading.actor);
        self.agent
            .entry(agent.clone())
            .or_insert_with(|| json!({ "prov:type": qualified("prov:Person"), "prov:label": name }));
        self.generated.insert(
            format!("_:generation-{}", own.trim_start_matches("reading:")),
            json!({ "prov:entity": own, "prov:activity": activity, "prov:time": reading.at }),
        );
        self.associated.insert(
            format!("_:association-{}", reading.position),
            json!({ "prov:activity": activity, "prov:agent": agent }),
        );
        self.attributed.insert(
            format!("_:recorder-{}", own.trim_start_matches("reading:")),
            json!({ "prov:entity": own, "prov:agent": agent, "demarche:role": "recorder" }),
        );
    }

    fn speaks(&mut self, known: &Known, own: &str, party: EntityId) -> Result<(), DeskError> {
        let agent = format!("party:{party}");
        let name = known.named(party)?.name;
        self.agent
            .entry(agent.clone())
            .or_insert_with(|| json!({ "prov:type": qualified("prov:Organization"), "prov:label": name }));
        self.attributed.insert(
            format!("_:party-{}-{party}", own.trim_start_matches("reading:")),
            json!({ "prov:entity": own, "prov:agent": agent, "demarche:role": "party" }),
        );
        Ok(())
    }

    fn source(&mut self, own: &str, source: &Source) {
        let digest = HexHash(Sha256::digest(source.locator.as_bytes()).into()).to_string();
        let digest = digest.get(..32).unwrap_or_default().to_owned();
        let entity = format!("source:{digest}");
        self.entity.entry(entity.clone()).or_insert_with(
            || json!({ "prov:type": qualified("demarche:Source"), "prov:location": source.locator }),
        );
        let mut relation = json!({
            "prov:generatedEntity": own, "prov:usedEntity": entity,
            "prov:type": qualified("prov:PrimarySource"),
        });
        if let (Some(grade), Value::Object(fields)) = (table::grade(source), &mut relation) {
            fields.insert("demarche:grade".to_owned(), grade.into());
        }
        self.derived.insert(format!("_:source-{}-{digest}", own.trim_start_matches("reading:")), relation);
    }

    fn finish(self) -> Value {
        let sections = [
            ("prefix", self.prefix),
            ("entity", self.entity),
            ("activity", self.activity),
            ("agent", self.agent),
            ("wasGeneratedBy", self.generated),
            ("wasAttributedTo", self.attributed),
            ("wasAssociatedWith", self.associated),
            ("wasDerivedFrom", self.derived),
        ];
        let full = sections.into_iter().filter(|(_, section)| !section.is_empty());
        full.map(|(name, section)| (name.to_owned(), Value::Object(section))).collect::<Map<_, _>>().into()
    }
}

/// A reading of an entry: where it stands, since when, by whom.
struct Reading {
    position: u64,
    at: Timestamp,
    actor: ActorId,
}

/// Returns the readings of an entry that were not struck, the one that holds last.
fn all_readings(known: &Known, selected: &Selected) -> Result<Vec<Reading>, DeskError> {
    let entry = &selected.entry;
    let first = Reading { position: entry.position, at: entry.at, actor: entry.actor };
    let later = readings::amendments(known, entry)?;
    let later = later.iter().map(|raw| Reading { position: raw.position, at: raw.at, actor: raw.actor });
    Ok([first].into_iter().chain(later).collect())
}

/// Returns what is told of the reading that holds.
fn attributes(selected: &Selected) -> Value {
    let row = &selected.row;
    let status = table::status(selected);
    without_nulls(json!({
        "prov:label": row.entry.summary,
        "prov:type": row.entry.kind.map(|kind| qualified(&format!("demarche:{kind}"))),
        "demarche:handle": row.entry.handle,
        "demarche:occurred": row.entry.date.as_ref().map(|date| date.value.clone()),
        "demarche:marking": row.marking,
        "demarche:status": if status.is_empty() { Value::Null } else { status.into() },
    }))
}

fn qualified(name: &str) -> Value {
    json!({ "$": name, "type": "prov:QUALIFIED_NAME" })
}

fn without_nulls(value: Value) -> Value {
    let Value::Object(mut fields) = value else { return value };
    fields.retain(|_, value| !value.is_null());
    fields.into()
}
