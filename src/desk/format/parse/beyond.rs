//! What an entry names that was not exported with it: left out where this log has no such entry, and told.

use serde_json::{Map, Value, json};

use crate::desk::format::Trouble;
use crate::desk::format::parse::Parser;
use crate::desk::format::value::{each, is_absent, text, trouble};
use crate::domain::fact::{EntityKind, Kind, Subject};

/// The field that lists the names.
const FIELD: &str = "not_exported";

/// An entry without what stayed behind where it was exported.
pub(super) struct Beyond {
    /// The entry.
    pub(super) object: Map<String, Value>,
    /// What was left out of it, in words.
    pub(super) told: Vec<String>,
}

impl Parser<'_, '_> {
    /// Returns the entry without what it names that was not exported with it and that this log has not, or has several
    /// of, and what is to be said of that; none where everything that it names came with it.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the list, and what the projections say when the log cannot be read.
    pub(super) fn beyond(
        &mut self,
        kind: Kind,
        object: &Map<String, Value>,
    ) -> Result<Option<Beyond>, Trouble> {
        let Some(listed) = object.get(FIELD).filter(|listed| !is_absent(listed)) else { return Ok(None) };
        let (mut missing, mut told): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
        for one in each(listed) {
            let name = text(FIELD, one)?;
            let how = match self.reader.resolver.entries_named(name).map_err(|error| trouble(FIELD, error))? {
                0 => "is not in this log",
                1 => continue,
                _ => "could be several entries of this log",
            };
            missing.push(name);
            told.push(format!(
                "names `{name}`, which was not exported with it and {how}: it is recorded without that; import what \
                 has `{name}` first, or link the two later (`link`)"
            ));
        }
        let mut object = object.clone();
        object.remove(FIELD);
        if !missing.is_empty() {
            without(kind, &mut object, &missing);
        }
        Ok(Some(Beyond { object, told }))
    }
}

/// Takes every mention of some entries out of another.
fn without(kind: Kind, object: &mut Map<String, Value>, missing: &[&str]) {
    let is_missing = |name: &Value| {
        let name = name.as_str().map(|name| name.strip_prefix("entry:").unwrap_or(name));
        name.is_some_and(|name| missing.contains(&name))
    };
    let may_open = kind.subject() == Subject::MayCreate(EntityKind::Meeting);
    if may_open && object.get("meeting").is_some_and(is_missing) {
        // It was about a meeting, and opened none.
        object.entry("opens").or_insert(false.into());
    }
    for field in ["in_reply_to", "about", "links", "meeting", "superseded_by"] {
        let Some(value) = object.get(field) else { continue };
        let named = |one: &&Value| is_missing(one.get("target").unwrap_or(one));
        let left: Vec<&Value> = each(value).filter(|one| !named(one)).collect();
        if left.is_empty() {
            object.remove(field);
        } else {
            let left = json!(left);
            object.insert(field.to_owned(), left);
        }
    }
}
