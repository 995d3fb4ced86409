//! Fields for the convenience of whoever writes, and what they become in the record.

use serde_json::{Map, Value, json};

use crate::desk::format::field;
use crate::desk::format::parse::draft::Draft;
use crate::desk::format::parse::{Parser, kind_of, placed};
use crate::desk::format::resolve::Forum;
use crate::desk::format::value::{each, is_absent, text, trouble};
use crate::desk::format::{Trouble, relation, render};
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Kind, Subject};
use crate::domain::id::EventId;

impl Parser<'_, '_> {
    /// Reads the fields that become others.
    pub(super) fn conveniences(
        &mut self,
        draft: &mut Draft,
        object: &Map<String, Value>,
    ) -> Result<(), Trouble> {
        let given = |name: &str| object.get(name).filter(|value| !is_absent(value));
        if let Some(value) = given("channel") {
            self.channel(draft, value)?;
        }
        if let Some(value) = given("meeting") {
            let typed = text("meeting", value)?;
            let is_new = draft.kind.subject() == Subject::MayCreate(EntityKind::Meeting);
            let way = "a new meeting is entered without it, and `id` (`--id`) gives it a name";
            let meeting = self.reader.entry("meeting", typed);
            let meeting = meeting.map_err(|trouble| if is_new { trouble.or(way) } else { trouble })?;
            self.opens_a_meeting(typed, &meeting)?;
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
            let own = json!({ "namespace": namespace, "id": id });
            // What was exported names it already.
            draft.list("external_refs").retain(|other| *other != own);
            draft.list("external_refs").insert(0, own);
        }
        if let Some(value) = given("reported_by") {
            for one in each(value) {
                draft.list("sources").push(json!({ "locator": text("reported_by", one)? }));
            }
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
            // A target that was given and is none was told already.
            Some(_) if given("target").is_some() && !draft.detail.contains_key("target") => Ok(()),
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
                    "a channel is entered first, with `channel register`, a series with `series register`";
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

    /// Refuses as a meeting what is in the log and opens none. A row of the same file is looked at when all are read.
    fn opens_a_meeting(&self, typed: &str, meeting: &Value) -> Result<(), Trouble> {
        let known = self.reader.resolver.known;
        let Some(id) = meeting.as_str().and_then(|id| id.parse::<EventId>().ok()) else { return Ok(()) };
        let raw = known.view.event(id).map_err(|error| trouble("meeting", error.into()))?;
        let Some(event) = raw.and_then(|raw| raw.event) else { return Ok(()) };
        if event.created(id).is_some() && event.kind().family() == "meeting" {
            return Ok(());
        }
        let mut detail = format!("`{typed}` is `{}` and opens no meeting", event.kind());
        for about in &event.envelope.about {
            if known.view.kind_of(*about).map_err(|error| trouble("meeting", error.into()))?
                == Some(EntityKind::Meeting)
            {
                let named = known.named(*about).map_err(|error| trouble("meeting", error))?;
                detail = format!("{detail}; it is about {}", named.name);
            }
        }
        Err(Trouble::in_field("meeting", detail))
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
        let entry = known.entry_by_itself(id).map_err(|error| trouble("target", error))?;
        let Some(event) = entry.and_then(|entry| entry.event) else {
            return Err(Trouble::in_field(
                "target",
                "is a correction, or its text was removed; neither is amended",
            ));
        };
        let rendered = |event: &Event| render::render(known, event).map_err(|error| trouble("target", error));
        // What carried it is shown as its channel in most kinds, and is replaced under either name.
        let mut kept = event.clone();
        if changes.contains_key("via") {
            kept.envelope.via.clear();
        }
        let merged = merged(rendered(&kept)?, changes)?;
        if merged == rendered(&event)? {
            draft.doubtful.push("the changes change nothing".to_owned());
        }
        draft.reading = Some(self.nested("changes", &merged)?);
        Ok(())
    }

    /// A finding of silence has a subject and a towards, not a speaker: `from` without `subject` names who
    /// is silent, `to` towards whom.
    #[expect(clippy::unnecessary_wraps, reason = "a step of the parser like the others")]
    pub(super) fn silence(&mut self, draft: &mut Draft, object: &Map<String, Value>) -> Result<(), Trouble> {
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
    pub(super) fn opening(&mut self, draft: &mut Draft, object: &Map<String, Value>) -> Result<(), Trouble> {
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
