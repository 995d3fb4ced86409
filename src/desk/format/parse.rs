//! From an entry to an event: every field checked, every name resolved, every fault collected.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::desk::error::DeskError;
use crate::desk::format::field::{self, Field, Shape};
use crate::desk::format::resolve::{Forum, Resolver};
use crate::desk::format::value::{Reader, each, is_absent, text, trouble};
use crate::desk::format::{Trouble, relation, render};
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::record::Amended;
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::EventId;
use crate::domain::marking::{Marking, Scheme};
use crate::domain::typed::{Mode, Typing};
use crate::store::BODY_BYTES_MAX;

/// An entry that was read.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    /// What is recorded.
    pub(crate) event: Event,
    /// The same as it is stored.
    pub(crate) body: String,
    /// How what was written was understood.
    pub(crate) echo: Vec<String>,
    /// What a person should look at.
    pub(crate) doubtful: Vec<String>,
    /// The marking was written, not taken from a policy.
    pub(crate) marked: bool,
}

/// Reads entries, one after another, against one knowledge of the record.
pub(crate) struct Parser<'r, 'k> {
    pub(super) reader: Reader<'r, 'k>,
    marking_default: Option<Marking>,
}

impl<'r, 'k> Parser<'r, 'k> {
    /// Returns a parser of entries whose names `resolver` knows; dates without a zone are in that of the
    /// caller, and nothing is guessed in [`Mode::Import`].
    pub(crate) fn new(resolver: &'r mut Resolver<'k>, mode: Mode) -> Self {
        let known = resolver.known;
        let in_force = known.policies.at(known.at);
        let latest = |pick: fn(&crate::domain::policy::Policy) -> bool| {
            in_force.iter().rev().find(|policy| pick(policy)).map(|policy| &policy.set)
        };
        let scheme = latest(|policy| policy.set.marking_scheme.is_some())
            .and_then(|set| set.marking_scheme.clone())
            .unwrap_or_else(Scheme::tlp);
        let marking_default =
            latest(|policy| policy.set.marking_default.is_some()).and_then(|set| set.marking_default.clone());
        let typing = Typing { now: known.at, zone: known.typing_zone, mode };
        let reader = Reader { resolver, typing, scheme, echo: Vec::new(), written: None };
        Self { reader, marking_default }
    }

    /// Returns the names, to make further rows known.
    pub(crate) fn resolver(&mut self) -> &mut Resolver<'k> {
        self.reader.resolver
    }

    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with it.
    pub(crate) fn parse(&mut self, entry: &Value) -> Result<Parsed, Vec<Trouble>> {
        self.entry(entry, true)
    }

    fn entry(&mut self, entry: &Value, fresh: bool) -> Result<Parsed, Vec<Trouble>> {
        self.reader.echo.clear();
        self.reader.written = None;
        let Value::Object(object) = entry else {
            return Err(vec![Trouble::new("an entry is a JSON object with a `kind`")]);
        };
        let kind = kind_of(object).map_err(|trouble| vec![trouble])?;
        let mut draft =
            Draft { kind, envelope: Map::new(), detail: Map::new(), doubtful: Vec::new(), reading: None };
        let mut troubles = Vec::new();
        let fields = self.fields(kind, object, &mut troubles);
        for (field, place, value) in fields {
            if let Err(trouble) = self.take(&mut draft, &field, place, value) {
                troubles.push(trouble);
            }
        }
        for step in [Self::conveniences, Self::silence, Self::opening] {
            if let Err(trouble) = step(self, &mut draft, object) {
                troubles.push(trouble);
            }
        }
        let marked = draft.envelope.contains_key("marking");
        if let Err(trouble) = self.marking(&mut draft, fresh) {
            troubles.push(trouble);
        }
        if let Some(written) = self.reader.written.take().filter(|_| fresh) {
            draft.envelope.entry("occurred_as_written").or_insert(written.into());
        }
        // What is missing may only have been misspelt.
        if troubles.is_empty()
            && let Err(trouble) = draft.required()
        {
            troubles.push(trouble);
        }
        if !troubles.is_empty() {
            return Err(troubles);
        }
        let (event, body, doubtful) = draft.event().map_err(|trouble| vec![trouble])?;
        Ok(Parsed { event, body, echo: std::mem::take(&mut self.reader.echo), doubtful, marked })
    }

    /// Returns the fields that are kept as they are named, each with its place; says what is unknown.
    fn fields<'v>(
        &self,
        kind: Kind,
        object: &'v Map<String, Value>,
        troubles: &mut Vec<Trouble>,
    ) -> Vec<(Field, Place, &'v Value)> {
        let mut fields: Vec<(Field, Place, &Value)> = Vec::with_capacity(object.len());
        for (key, value) in object {
            let alias = field::ALIASES.iter().find(|(alias, _)| alias == key).map(|(_, name)| *name);
            let name = alias.unwrap_or(key);
            if alias.is_some() && object.contains_key(name) {
                troubles.push(Trouble::in_field(key, format!("says the same as `{name}`; give one of them")));
                continue;
            }
            match placed(kind, name) {
                Some(_) if is_absent(value) => {}
                Some((field, place)) => fields.push((field, place, value)),
                None if field::CONVENIENCES.iter().any(|field| field.name == name) => {}
                None if field::extra(kind).contains(&name) => {}
                None => troubles.push(unknown(kind, key)),
            }
        }
        fields
    }

    fn take(&mut self, draft: &mut Draft, field: &Field, place: Place, value: &Value) -> Result<(), Trouble> {
        if matches!(field.shape, Shape::Reading) {
            draft.reading = Some(self.nested(field.name, value)?);
            return Ok(());
        }
        let read = self.reader.read(field, value)?;
        // What the record holds when nobody says so is not written.
        if read == Value::Bool(false) && !matches!(field.name, "works" | "opens") {
            return Ok(());
        }
        let into = match place {
            Place::Envelope => &mut draft.envelope,
            Place::Detail => &mut draft.detail,
            Place::Offer => draft.offer(),
        };
        into.insert(field.recorded.to_owned(), read);
        Ok(())
    }

    /// Reads the whole reading of another entry.
    fn nested(&mut self, name: &str, value: &Value) -> Result<String, Trouble> {
        let (echo, written) = (std::mem::take(&mut self.reader.echo), self.reader.written.take());
        let outcome = self.entry(value, false);
        let within = std::mem::replace(&mut self.reader.echo, echo);
        self.reader.written = written;
        match outcome {
            Ok(parsed) if parsed.event.kind().subject() == Subject::Entry => {
                Err(Trouble::in_field(name, "a correction is not corrected; strike it and record it anew"))
            }
            Ok(parsed) => {
                self.reader.echo.extend(parsed.echo);
                self.reader.echo.extend(within);
                Ok(parsed.body)
            }
            Err(troubles) => {
                let words: Vec<String> = troubles.iter().map(|trouble| trouble.fault.to_string()).collect();
                Err(Trouble::in_field(name, words.join("; ")))
            }
        }
    }

    fn conveniences(&mut self, draft: &mut Draft, object: &Map<String, Value>) -> Result<(), Trouble> {
        let given = |name: &str| object.get(name).filter(|value| !is_absent(value));
        if let Some(value) = given("channel") {
            self.channel(draft, value)?;
        }
        if let Some(value) = given("meeting") {
            let meeting = self.reader.entry("meeting", text("meeting", value)?)?;
            let about = draft.list("about");
            if !about.contains(&meeting) {
                about.insert(0, meeting);
            }
        }
        if let Some(value) = given("in_reply_to") {
            let relation = relation::of_reply(draft.kind);
            let mut links = Vec::new();
            for one in each(value) {
                let target = self.reader.entry("in_reply_to", text("in_reply_to", one)?)?;
                links.push(json!({ "relation": relation, "target": target }));
            }
            links.append(draft.list("links"));
            *draft.list("links") = links;
        }
        if let Some(value) = given("id") {
            let id = text("id", value)?;
            let namespace = self.reader.resolver.namespace;
            draft.list("external_refs").insert(0, json!({ "namespace": namespace, "id": id }));
        }
        if let Some(value) = given("reported_by") {
            draft.list("sources").push(json!({ "locator": text("reported_by", value)? }));
        }
        if let Some(value) = given("state").filter(|_| field::extra(draft.kind).contains(&"state")) {
            match text("state", value)? {
                "active" => {}
                "degraded" => {
                    draft.detail.insert("partly".to_owned(), true.into());
                }
                other => {
                    let detail =
                        format!("after `{}` a channel is active or degraded, not `{other}`", draft.kind);
                    return Err(Trouble::in_field("state", detail));
                }
            }
        }
        if let Some(value) = given("proposed_date").filter(|_| draft.kind.family() == "meeting") {
            if draft.detail.contains_key("date") {
                return Err(Trouble::in_field(
                    "proposed_date",
                    "says the same as `meeting_date`; give one of them",
                ));
            }
            let Some((field, _)) = placed(draft.kind, "meeting_date") else { return Ok(()) };
            draft.detail.insert("date".to_owned(), self.reader.read(&field, value)?);
        }
        match given("changes").filter(|_| draft.kind == Kind::RecordAmended) {
            Some(changes) => self.changes(draft, changes),
            None => Ok(()),
        }
    }

    fn channel(&mut self, draft: &mut Draft, value: &Value) -> Result<(), Trouble> {
        for one in each(value) {
            let typed = text("channel", one)?;
            let (place, id) = if field::is_of_channel(draft.kind) {
                ("about", self.reader.channel("channel", typed)?)
            } else if field::is_of_talks(draft.kind) {
                let advice =
                    "a channel is entered with `channel.registered`, a series with `series.registered`";
                let forum = self.reader.resolver.forum(typed);
                match forum.map_err(|error| Trouble::in_name("channel", error, advice))? {
                    Forum::About(id) => ("about", json!(id)),
                    Forum::Via(id) => ("via", json!(id)),
                }
            } else {
                ("via", self.reader.channel("channel", typed)?)
            };
            let list = draft.list(place);
            if !list.contains(&id) {
                list.push(id);
            }
        }
        Ok(())
    }

    /// Merges the changes of an amendment over the reading that holds.
    fn changes(&mut self, draft: &mut Draft, changes: &Value) -> Result<(), Trouble> {
        if draft.reading.is_some() {
            return Err(Trouble::in_field("changes", "`reading` says all that is to be; give one of them"));
        }
        let Value::Object(changes) = changes else {
            return Err(Trouble::in_field(
                "changes",
                "are an object: field by field, null where one is removed",
            ));
        };
        let Some(target) = draft.detail.get("target").and_then(Value::as_str) else {
            return Err(Trouble::in_field("target", "is missing: the handle of the entry that is amended"));
        };
        let id: EventId = target.parse().map_err(|_| Trouble::in_field("target", "is no entry"))?;
        let known = self.reader.resolver.known;
        let entry = known.entry(id).map_err(|error| trouble("target", error))?;
        let Some(event) = entry.and_then(|entry| entry.event) else {
            return Err(Trouble::in_field(
                "target",
                "is a correction, or its text was removed; neither is amended",
            ));
        };
        let reading = render::render(known, &event).map_err(|error| trouble("target", error))?;
        let merged = merged(reading, changes)?;
        if merged == render::render(known, &event).map_err(|error| trouble("target", error))? {
            draft.doubtful.push("the changes change nothing".to_owned());
        }
        draft.reading = Some(self.nested("changes", &merged)?);
        Ok(())
    }

    /// A finding of silence has a subject and a towards, not a speaker: `from` without `subject` names who
    /// is silent, `to` towards whom.
    fn silence(&mut self, draft: &mut Draft, object: &Map<String, Value>) -> Result<(), Trouble> {
        if draft.kind != Kind::SilenceRecorded {
            return Ok(());
        }
        if !draft.detail.contains_key("subject") {
            if let Some(subject) = draft.envelope.remove("from") {
                draft.detail.insert("subject".to_owned(), subject);
                draft
                    .doubtful
                    .push("`from` of a silence is read as who is silent, not as who speaks".to_owned());
            }
            if !draft.detail.contains_key("towards")
                && let Some(towards) = draft.envelope.remove("to")
            {
                draft.detail.insert("towards".to_owned(), towards);
            }
        }
        if !draft.detail.contains_key("basis") {
            // Whoever names a publication, or a reporter, passes on what they say.
            let published = draft.envelope.get("sources").is_some_and(|sources| {
                each(sources).any(|source| {
                    let locator = source.get("locator").and_then(Value::as_str).unwrap_or_default();
                    locator.starts_with("http://") || locator.starts_with("https://")
                })
            });
            let reported = published || object.get("reported_by").is_some_and(|value| !is_absent(value));
            let basis = if reported { "reported" } else { "officer_finding" };
            draft.detail.insert("basis".to_owned(), basis.into());
            self.reader.echo.push(format!("basis: {basis}"));
        }
        Ok(())
    }

    /// Tells whether the entry brings an entity of its own into being.
    #[expect(clippy::unused_self, reason = "a step of the parser like the others")]
    fn opening(&mut self, draft: &mut Draft, object: &Map<String, Value>) -> Result<(), Trouble> {
        let Subject::MayCreate(_) = draft.kind.subject() else {
            return match draft.envelope.get("opens") {
                Some(_) => {
                    Err(Trouble::in_field("opens", format!("`{}` opens nothing by choice", draft.kind)))
                }
                None => Ok(()),
            };
        };
        let given = draft.envelope.remove("opens").and_then(|opens| opens.as_bool());
        let opens = given.unwrap_or_else(|| {
            draft.kind == Kind::ResponseCounterProposed || object.get("meeting").is_none_or(is_absent)
        });
        if opens {
            draft.envelope.insert("opens".to_owned(), true.into());
        }
        Ok(())
    }

    /// Gives an entry the marking that policy and channels ask for, and refuses one that is below.
    fn marking(&mut self, draft: &mut Draft, fresh: bool) -> Result<(), Trouble> {
        let register = &self.reader.resolver.known.register;
        let mut least: Option<(Marking, String)> = None;
        for list in ["about", "via"] {
            for id in draft.envelope.get(list).and_then(Value::as_array).into_iter().flatten() {
                let Some(channel) =
                    id.as_str().and_then(|id| id.parse().ok()).and_then(|id| register.channel(id))
                else {
                    continue;
                };
                let Some(floor) = &channel.entered.marking_min else { continue };
                if least.as_ref().is_none_or(|(known, _)| self.reader.scheme.is_below(known, floor)) {
                    least = Some((floor.clone(), channel.entered.name.to_string()));
                }
            }
        }
        let given =
            draft.envelope.get("marking").and_then(Value::as_str).map(|level| Marking(level.to_owned()));
        match (given, least) {
            (Some(given), Some((floor, channel))) if self.reader.scheme.is_below(&given, &floor) => {
                let detail = format!("{} is below {}, the least that {channel} allows", given.0, floor.0);
                Err(Trouble::in_field("marking", detail))
            }
            (None, floor) if fresh => {
                let floor = floor.map(|(floor, _)| floor);
                let default = self.marking_default.clone();
                let marking = match (default, floor) {
                    (Some(default), Some(floor)) if self.reader.scheme.is_below(&default, &floor) => {
                        Some(floor)
                    }
                    (Some(default), _) => Some(default),
                    (None, floor) => floor,
                };
                if let Some(marking) = marking {
                    self.reader.echo.push(format!("marking: none given, so {}", marking.0));
                    draft.envelope.insert("marking".to_owned(), json!(marking));
                }
                Ok(())
            }
            (Some(_) | None, _) => Ok(()),
        }
    }
}

/// Where the record keeps a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Envelope,
    Detail,
    Offer,
}

fn placed(kind: Kind, name: &str) -> Option<(Field, Place)> {
    let find = |fields: &[Field]| fields.iter().find(|field| field.name == name).copied();
    find(field::detail(kind))
        .map(|field| (field, Place::Detail))
        .or_else(|| find(field::offered(kind)).map(|field| (field, Place::Offer)))
        .or_else(|| find(field::ENVELOPE).map(|field| (field, Place::Envelope)))
}

fn kind_of(object: &Map<String, Value>) -> Result<Kind, Trouble> {
    match object.get("kind") {
        Some(value) => {
            text("kind", value)?.parse().map_err(|error| Trouble::in_field("kind", format!("{error}")))
        }
        None => {
            Err(Trouble::in_field("kind", "is missing: what sort of event it is, such as call.unanswered"))
        }
    }
}

fn unknown(kind: Kind, key: &str) -> Trouble {
    let names = field::names(kind);
    let elsewhere = Kind::ALL.iter().find(|other| field::names(**other).contains(&key));
    let mut detail = match elsewhere {
        Some(other) => format!("`{kind}` has no such field (`{other}` has)"),
        None => "is no field of an entry".to_owned(),
    };
    if let Some(near) = field::nearest(key, &names) {
        detail = format!("{detail}; did you mean `{near}`?");
    }
    Trouble::in_field(key, detail)
}

/// Returns a reading with changes over it; null removes a field.
fn merged(reading: Value, changes: &Map<String, Value>) -> Result<Value, Trouble> {
    let Value::Object(mut object) = reading else { return Ok(reading) };
    for (key, value) in changes {
        let key =
            field::ALIASES.iter().find(|(alias, _)| alias == key).map_or(key.as_str(), |(_, name)| *name);
        match key {
            "id" => {
                return Err(Trouble::in_field("changes", "an id is kept; `external_refs` lists all of them"));
            }
            "date" => {
                object.remove("occurred_as_written");
            }
            // What stands under one of these names replaces what stands under the other.
            "channel" => {
                object.remove("via");
                if field::is_of_channel(kind_of(&object)?) {
                    object.remove("about");
                }
            }
            "in_reply_to" => {
                object.remove("links");
            }
            "meeting" => {
                object.remove("opens");
            }
            _ => {}
        }
        if value.is_null() {
            object.remove(key)
        } else {
            object.insert(key.to_owned(), value.clone())
        };
    }
    Ok(object.into())
}

/// An event in the making.
struct Draft {
    kind: Kind,
    envelope: Map<String, Value>,
    detail: Map<String, Value>,
    doubtful: Vec<String>,
    /// The body of the new reading, of an amendment.
    reading: Option<String>,
}

impl Draft {
    fn list(&mut self, name: &str) -> &mut Vec<Value> {
        let value = self.envelope.entry(name).or_insert_with(|| json!([]));
        if !value.is_array() {
            *value = json!([value.take()]);
        }
        value.as_array_mut().expect("it was made a list")
    }

    fn offer(&mut self) -> &mut Map<String, Value> {
        let value = self.detail.entry("offer").or_insert_with(|| json!({}));
        if !value.is_object() {
            *value = json!({});
        }
        value.as_object_mut().expect("it was made an object")
    }

    /// Says what is missing without which the entry would be about nothing.
    fn required(&self) -> Result<(), Trouble> {
        let has = |map: &Map<String, Value>, name: &str| map.get(name).is_some_and(|value| !is_absent(value));
        if field::is_of_channel(self.kind) && !has(&self.envelope, "about") {
            return Err(Trouble::in_field(
                "channel",
                format!("is missing: `{}` is about a channel", self.kind),
            ));
        }
        if self.kind == Kind::PartyNamed && !has(&self.envelope, "about") {
            return Err(Trouble::in_field("about", "is missing: the party that gets names"));
        }
        if self.kind == Kind::SilenceRecorded && !has(&self.detail, "subject") {
            return Err(Trouble::in_field("subject", "is missing: who is silent"));
        }
        if self.kind == Kind::RecordAmended && self.reading.is_none() {
            return Err(Trouble::in_field(
                "changes",
                "are missing: field by field, null where one is removed",
            ));
        }
        Ok(())
    }

    fn event(mut self) -> Result<(Event, String, Vec<String>), Trouble> {
        let wrong = |error: &dyn std::error::Error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            Trouble::new(format!("{error}{cause}"))
        };
        let event = if self.kind == Kind::RecordAmended {
            self.amendment()?
        } else {
            let mut body = Map::new();
            body.insert("kind".to_owned(), json!(self.kind));
            body.append(&mut self.envelope);
            body.insert("detail".to_owned(), self.detail.into());
            let body = Value::from(body).to_string();
            Event::decode(SCHEMA, &body).map_err(|error| wrong(&error))?
        };
        let body = event.encode().map_err(|error| wrong(&error))?;
        if body.len() > BODY_BYTES_MAX {
            return Err(Trouble::new(format!(
                "the entry has {} bytes, and one holds at most {BODY_BYTES_MAX}; attach the text or shorten it",
                body.len()
            )));
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
        let mut body = std::mem::take(&mut self.envelope);
        body.insert("kind".to_owned(), json!(Kind::Incident));
        let envelope = Event::decode(SCHEMA, &Value::from(body).to_string())
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Event { envelope: envelope.envelope, fact: Fact::RecordAmended(Amended { target, reading }) })
    }
}

/// Returns why an entry that was recorded cannot be written in this format; no recorded entry gives cause.
pub(super) fn unwritable(error: &serde_json::Error) -> DeskError {
    DeskError::Unavailable(format!("the entry cannot be shown: {error}"))
}
