//! An event in the making: what is recorded, field by field, before it is an event.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::desk::format::Trouble;
use crate::desk::format::field::{self, Shape};
use crate::desk::format::value::is_absent;
use crate::domain::event::{Envelope, Event, SCHEMA};
use crate::domain::fact::record::{Amended, Held};
use crate::domain::fact::{Fact, Kind};
use crate::store::BODY_BYTES_MAX;

/// An event in the making.
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) envelope: Map<String, Value>,
    pub(super) detail: Map<String, Value>,
    pub(super) doubtful: Vec<String>,
    /// The body of the new reading, of an amendment or of a redaction.
    pub(super) reading: Option<String>,
}

impl Draft {
    /// Tells whether it enters a state in the register, or an organisation, that everybody knows.
    pub(super) fn enters_what_everybody_knows(&self) -> bool {
        let code = self.detail.get("code").and_then(Value::as_str);
        self.kind == Kind::PartyRegistered
            && code.is_some_and(|code| crate::domain::country::by_code(code).is_some())
    }

    /// Returns a field of the envelope that is a list, to add to it.
    pub(super) fn list(&mut self, name: &str) -> &mut Vec<Value> {
        let value = self.envelope.entry(name).or_insert_with(|| json!([]));
        if !value.is_array() {
            *value = json!([value.take()]);
        }
        value.as_array_mut().expect("it was made a list")
    }

    /// Returns the offer within an answer, to add to it.
    pub(super) fn offer(&mut self) -> &mut Map<String, Value> {
        let value = self.detail.entry("offer").or_insert_with(|| json!({}));
        if !value.is_object() {
            *value = json!({});
        }
        value.as_object_mut().expect("it was made an object")
    }

    /// Says what is missing without which the entry would be about nothing.
    pub(super) fn required(&self) -> Result<(), Trouble> {
        let has = |map: &Map<String, Value>, name: &str| map.get(name).is_some_and(|value| !is_absent(value));
        if field::is_of_channel(self.kind) && !has(&self.envelope, "about") {
            return Err(Trouble::in_field(
                "channel",
                format!("is missing: `{}` is about a channel", self.kind),
            ));
        }
        if self.kind == Kind::RecordAmended && self.reading.is_none() && has(&self.detail, "target") {
            return Err(Trouble::in_field(
                "changes",
                "are missing: field by field, null where one is removed",
            ));
        }
        for name in field::required(self.kind) {
            let Some(field) = field::detail(self.kind).iter().find(|field| field.name == *name) else {
                continue;
            };
            let apart = matches!(field.shape, Shape::Reading) || field.name == "subject";
            if !apart && !has(&self.detail, field.recorded) {
                let wanted = field::wanted(field.shape);
                return Err(Trouble::in_field(name, format!("is missing: {wanted}")));
            }
        }
        if field::needs_about(self.kind) && !has(&self.envelope, "about") {
            let what = if self.kind.family() == "person" { "person" } else { "party" };
            return Err(Trouble::in_field("about", format!("is missing: the {what} that it is about")));
        }
        if self.kind == Kind::SilenceRecorded && !has(&self.detail, "subject") {
            return Err(Trouble::in_field("subject", "is missing: who is silent"));
        }
        Ok(())
    }

    /// Returns the event, its body, and what is doubtful about it.
    pub(super) fn event(mut self) -> Result<(Event, String, Vec<String>), Trouble> {
        let wrong = |error: &dyn std::error::Error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            Trouble::new(format!("{error}{cause}"))
        };
        let event = if self.kind == Kind::RecordAmended {
            self.amendment()?
        } else if self.kind == Kind::EntryHeld {
            self.held()?
        } else {
            let mut body = Map::new();
            body.insert("kind".to_owned(), json!(self.kind));
            body.append(&mut self.envelope);
            body.insert("detail".to_owned(), self.detail.into());
            let body = Value::from(body).to_string();
            let mut event = Event::decode(SCHEMA, &body).map_err(|error| wrong(&error))?;
            if let Fact::RecordRedacted(redacted) = &mut event.fact {
                // Kept as it is stored, as the reading of an amendment is.
                let reading = self.reading.take().map(RawValue::from_string).transpose();
                redacted.replacement = reading.map_err(|error| wrong(&error))?;
            }
            event
        };
        let body = event.encode().map_err(|error| wrong(&error))?;
        if body.len() > BODY_BYTES_MAX {
            return Err(Trouble::too_long(None, body.len()));
        }
        Ok((event, body, self.doubtful))
    }

    /// The new reading is kept as it is stored, so it does not pass through a value.
    fn amendment(&mut self) -> Result<Event, Trouble> {
        let wrong = |error: String| Trouble::in_field("reading", error);
        let Some(target) = self.detail.get("target").and_then(Value::as_str) else {
            return Err(Trouble::in_field("target", "is missing: the handle of the entry that is amended"));
        };
        let target = target.parse().map_err(|_| Trouble::in_field("target", "is no entry"))?;
        let reading = self.reading.take().unwrap_or_default();
        let reading = RawValue::from_string(reading).map_err(|error| wrong(error.to_string()))?;
        Ok(Event { envelope: self.bare()?, fact: Fact::RecordAmended(Amended { target, reading }) })
    }

    /// What waits for a second person is kept as it is to be recorded.
    fn held(&mut self) -> Result<Event, Trouble> {
        let Some(entry) = self.reading.take() else {
            return Err(Trouble::in_field("entry", "is missing: what waits for a second person"));
        };
        let entry =
            RawValue::from_string(entry).map_err(|error| Trouble::in_field("entry", error.to_string()))?;
        Ok(Event { envelope: self.bare()?, fact: Fact::EntryHeld(Held { entry }) })
    }

    /// Returns the envelope of what keeps its detail as it is stored.
    fn bare(&mut self) -> Result<Envelope, Trouble> {
        let mut body = std::mem::take(&mut self.envelope);
        body.insert("kind".to_owned(), json!(Kind::Incident));
        let event = Event::decode(SCHEMA, &Value::from(body).to_string());
        event.map(|event| event.envelope).map_err(|error| Trouble::in_field("reading", error.to_string()))
    }
}
