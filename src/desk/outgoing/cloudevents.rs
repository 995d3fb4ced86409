//! CloudEvents 1.0 (CNCF), a line each in the JSON format: an entry as it reads now, in its envelope.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::desk::outgoing::about::About;
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::desk::outgoing::{jsonl, readings, table, unwritable};

/// Which schema the data has: that of the entry format, as `util schemas` writes it.
const SCHEMA: &str = "urn:demarche:schema:entry:v1";
/// Which version of a kind the data is.
const VERSION: &str = "v1";

/// Writes a line per entry.
pub(super) fn write(taking: &mut Taking<'_>, about: &About, out: &mut dyn Write) -> Result<(), Broke> {
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            return Ok(());
        }
        for selected in &batch {
            let event = event(taking.known(), about, selected)?;
            let mut line = serde_json::to_vec(&event).map_err(|error| unwritable(&error))?;
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
}

/// Returns an entry in its envelope. `time` is when it was recorded; when it happened is in the data.
///
/// The id is that of the entry, and of a later reading also when that was recorded: whoever drops events of
/// one source and id as sent twice still gets the correction.
fn event(known: &Known, about: &About, selected: &Selected) -> Result<Value, DeskError> {
    let (row, entry) = (&selected.row, &selected.entry);
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| {
        event.insert(name.to_owned(), value);
    };
    let id = if entry.amended == 0 {
        entry.id.to_string()
    } else {
        format!("{}/{}", entry.id, readings::updated(known, entry)?)
    };
    put("specversion", json!("1.0"));
    put("id", json!(id));
    put("source", json!(format!("urn:demarche:log:{}", about.log)));
    let kind = row.entry.kind.map_or_else(|| "record.removed".to_owned(), |kind| kind.to_string());
    put("type", json!(format!("demarche.{kind}.{VERSION}")));
    put("subject", json!(row.entry.handle));
    put("time", json!(row.recorded_at));
    // Names of extensions have small letters and digits alone, and numbers that may be large are text.
    put("position", json!(row.position.to_string()));
    put("recorder", json!(row.recorder));
    if let Some(position) = about.position {
        put("knownat", json!(position.to_string()));
    }
    if !about.query.is_empty() {
        put("query", json!(about.query));
    }
    if let Some(marking) = &row.marking {
        put("marking", json!(marking));
    }
    let status = table::status(selected);
    if !status.is_empty() {
        put("status", json!(status));
    }
    let data = match jsonl::entry(known, selected)? {
        Some(data) => data,
        // A correction says what it does; the reading that it gives is that of the entry itself.
        None => match &row.says {
            Some(says) => json!({ "kind": row.entry.kind, "says": says }),
            None => return Ok(event.into()),
        },
    };
    put("datacontenttype", json!("application/json"));
    if data.get("says").is_none() {
        put("dataschema", json!(SCHEMA));
    }
    put("data", data);
    Ok(event.into())
}
