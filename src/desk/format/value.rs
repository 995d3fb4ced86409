//! One field of an entry: from what was written to what is recorded.

mod party;
mod source;

use serde_json::{Map, Value, json};

use crate::desk::error::DeskError;
use crate::desk::format::Trouble;
use crate::desk::format::field::{self, Field, Shape};
use crate::desk::format::resolve::Resolver;
use crate::domain::channel_name::ChannelName;
use crate::domain::event::ExternalRef;
use crate::domain::fact::record::Approval;
use crate::domain::id::EntityId;
use crate::domain::link::Link;
use crate::domain::marking::{Compartment, Scheme};
use crate::domain::name::says_something;
use crate::domain::party_code::PartyCode;
use crate::domain::schedule::{Schedule, Slot};
use crate::domain::span::Span;
use crate::domain::text::Text;
use crate::domain::typed::{Mode, Typing, lies_ahead};
use crate::domain::zone::Zone;
use crate::store::BODY_BYTES_MAX;

/// What is read into what is recorded, field by field.
pub(crate) struct Reader<'r, 'k> {
    /// What the names stand for.
    pub(crate) resolver: &'r mut Resolver<'k>,
    /// How dates are read.
    pub(crate) typing: Typing,
    /// The marking scheme in force.
    pub(crate) scheme: Scheme,
    /// How what was written was understood.
    pub(crate) echo: Vec<String>,
    /// What was written for `date`, where something else is recorded.
    pub(crate) written: Option<String>,
    /// The date of the entry that is read, as it was written.
    pub(crate) dated: Option<String>,
    /// What is doubtful about whom it names.
    pub(crate) doubtful: Vec<String>,
}

type Read = Result<Value, Trouble>;

/// How many characters a name has at most: it stands in lists, and is typed.
const NAME_CHARS_MAX: usize = 200;
/// How many levels a marking scheme has at most.
const LEVELS_MAX: usize = 100;

impl Reader<'_, '_> {
    /// Reads a field.
    pub(crate) fn read(&mut self, field: &Field, value: &Value) -> Read {
        let name = field.name;
        match field.shape {
            Shape::Text | Shape::Written => text(name, value).map(Value::from),
            Shape::Texts => {
                Ok(each(value).map(|one| text(name, one).map(Value::from)).collect::<Result<_, _>>()?)
            }
            Shape::Date => self.date(name, text(name, value)?, false),
            Shape::DateAhead => self.date(name, text(name, value)?, true),
            Shape::Word(words) => word(name, value, &(words.0)()),
            Shape::Words(words) => {
                let words = (words.0)();
                Ok(each(value).map(|one| word(name, one, &words)).collect::<Result<_, _>>()?)
            }
            Shape::Party => self.party(name, text(name, value)?),
            Shape::Parties => self.all(name, value, Self::party),
            Shape::Actors => self.actors(name, value),
            Shape::Channel => self.channel(name, text(name, value)?),
            Shape::Channels => self.all(name, value, Self::channel),
            Shape::Entity => self.entity(name, text(name, value)?),
            Shape::Entities => self.all(name, value, Self::entity),
            Shape::Entry => self.entry(name, text(name, value)?),
            Shape::Flag => match value.as_bool() {
                Some(flag) => Ok(flag.into()),
                None => Err(Trouble::in_field(name, format!("{value} is neither true nor false"))),
            },
            Shape::Number => match value.as_u64() {
                Some(number) => Ok(number.into()),
                None => Err(Trouble::in_field(name, format!("{value} is no whole number"))),
            },
            Shape::Span => parsed::<Span>(name, text(name, value)?),
            Shape::Slots => {
                Ok(each(value).map(|one| parsed::<Slot>(name, text(name, one)?)).collect::<Result<_, _>>()?)
            }
            Shape::Schedule => shaped::<Schedule>(name, value.clone()),
            Shape::Names => Ok(each(value).map(|one| self.name(name, one)).collect::<Result<_, _>>()?),
            Shape::Versions => {
                Ok(each(value).map(|one| self.version(name, one)).collect::<Result<_, _>>()?)
            }
            Shape::Sources => Ok(each(value).map(|one| self.source(name, one)).collect::<Result<_, _>>()?),
            Shape::Links => Ok(each(value).map(|one| self.link(name, one)).collect::<Result<_, _>>()?),
            Shape::Link => self.link(name, value),
            Shape::Refs => {
                sound_strings(name, value)?;
                Ok(each(value)
                    .map(|one| shaped::<ExternalRef>(name, one.clone()))
                    .collect::<Result<_, _>>()?)
            }
            Shape::Compartments => self.all(name, value, |_, name, typed| parsed::<Compartment>(name, typed)),
            Shape::Marking => self.marking(name, text(name, value)?),
            Shape::Scheme => scheme(name, value),
            Shape::Offer => self.offer(name, value),
            // Read by the parser, which reads whole entries.
            Shape::Approvals => shaped::<Vec<Approval>>(name, value.clone()),
            Shape::Reading => Ok(value.clone()),
            Shape::ChannelName => parsed::<ChannelName>(name, text(name, value)?),
            Shape::Code => parsed::<PartyCode>(name, text(name, value)?),
            Shape::Zone => parsed::<Zone>(name, text(name, value)?),
        }
    }

    fn date(&mut self, name: &str, typed: &str, ahead: bool) -> Read {
        let reading = self.typing.date(typed).map_err(|error| Trouble::in_field(name, error.to_string()))?;
        if !ahead && lies_ahead(&reading.occurred, self.typing.now, &self.typing.zone) {
            let advice = if name == "date" {
                "; what is to be stands in `effective`, `deadline`, `proposed_date` or `meeting_date`, and \
                 `date` says when it was announced"
            } else {
                ""
            };
            return Err(Trouble::in_field(
                name,
                format!("`{typed}` is {}, which lies ahead, and a fact has happened{advice}", reading.echo),
            ));
        }
        if self.typing.mode == Mode::Prompt {
            self.echo.push(format!("{name}: {typed} is {}", reading.echo));
        }
        if name == "date" && reading.occurred.as_str() != typed {
            self.written = Some(typed.to_owned());
        }
        Ok(reading.occurred.as_str().into())
    }

    fn understood(&mut self, name: &str, typed: &str, id: EntityId) -> Result<(), Trouble> {
        let called = self.resolver.called(id).map_err(|error| Trouble::in_name(name, error, ""))?;
        if called != typed && typed.parse::<EntityId>().is_err() {
            let line = format!("{name}: {typed} is {called}");
            if !self.echo.contains(&line) {
                self.echo.push(line);
            }
        }
        Ok(())
    }

    pub(super) fn channel(&mut self, name: &str, typed: &str) -> Read {
        let advice = "a channel is entered first, with `channel register` (`channel.registered`)";
        let channel = self.resolver.channel(typed).map_err(|error| Trouble::in_name(name, error, advice))?;
        self.understood(name, typed, channel)?;
        Ok(json!(channel))
    }

    fn entity(&mut self, name: &str, typed: &str) -> Read {
        let advice = match typed.split_once(':').map_or("", |(sort, _)| sort) {
            sort @ ("channel" | "series" | "party" | "person") => format!("enter it first, with `{sort} register`"),
            _ => "what is new is entered first, with `channel register`, `series register`, `party register` or \
                 `person register`"
                .to_owned(),
        };
        let entity = self.resolver.entity(typed).map_err(|error| Trouble::in_name(name, error, &advice))?;
        Ok(json!(entity))
    }

    pub(super) fn entry(&mut self, name: &str, typed: &str) -> Read {
        let event = self.resolver.event(typed).map_err(|error| Trouble::in_handle(name, error))?;
        Ok(json!(event))
    }

    fn all(&mut self, name: &str, value: &Value, one: impl Fn(&mut Self, &str, &str) -> Read) -> Read {
        let mut read: Vec<Value> = Vec::new();
        for item in each(value) {
            let item = one(self, name, text(name, item)?)?;
            if !read.contains(&item) {
                read.push(item);
            }
        }
        Ok(read.into())
    }

    /// Reads parties, of which several may act jointly: `KOR+PRK`.
    fn actors(&mut self, name: &str, value: &Value) -> Read {
        let mut read: Vec<Value> = Vec::new();
        for item in each(value) {
            for typed in text(name, item)?.split('+') {
                if typed.trim().is_empty() {
                    return Err(Trouble::in_field(
                        name,
                        format!("{item} names no party on one side of a `+`"),
                    ));
                }
                let party = self.party(name, typed.trim())?;
                if !read.contains(&party) {
                    read.push(party);
                }
            }
        }
        Ok(read.into())
    }

    /// Reads the dates within an object, which may lie ahead.
    fn dates_within(
        &mut self,
        name: &str,
        value: &Value,
        fields: &[&str],
    ) -> Result<Map<String, Value>, Trouble> {
        let Value::Object(object) = value else {
            return Err(Trouble::in_field(name, format!("{value} is no object")));
        };
        sound_strings(name, value)?;
        let mut object = object.clone();
        for field in fields {
            if let Some(Value::String(typed)) = object.get(*field) {
                let reading = self.typing.date(typed);
                let reading =
                    reading.map_err(|error| Trouble::in_field(name, format!("{field}: {error}")))?;
                object.insert((*field).to_owned(), reading.occurred.as_str().into());
            }
        }
        object.retain(|_, value| !value.is_null());
        Ok(object)
    }

    fn name(&mut self, name: &str, value: &Value) -> Read {
        let brief = |name: &str, typed: &str| match typed.chars().count() {
            0..=NAME_CHARS_MAX => Ok(()),
            count => {
                let detail = format!("a name has {count} characters, and one has at most {NAME_CHARS_MAX}");
                Err(Trouble::in_field(name, detail))
            }
        };
        if value.is_string() {
            let typed = text(name, value)?;
            brief(name, typed)?;
            return Ok(json!({ "text": typed }));
        }
        let mut object = self.dates_within(name, value, &["from", "until"])?;
        if let Some(Value::String(typed)) = object.get_mut("text") {
            *typed = typed.trim().to_owned();
            brief(name, typed)?;
        }
        shaped::<crate::domain::fact::register::Name>(name, object.into())
    }

    fn version(&mut self, name: &str, value: &Value) -> Read {
        let mut object = self.dates_within(name, value, &[])?;
        if let Some(Value::String(marking)) = object.get("marking") {
            let marking = self.marking(name, &marking.clone())?;
            object.insert("marking".to_owned(), marking);
        }
        shaped::<Text>(name, object.into())
    }

    fn link(&mut self, name: &str, value: &Value) -> Read {
        let mut object = self.dates_within(name, value, &[])?;
        let Some(target) = object.get("target").and_then(Value::as_str).map(ToOwned::to_owned) else {
            return Err(Trouble::in_field(name, "a link needs a `target`: the handle of an entry"));
        };
        let target = self.entry(name, &target)?;
        object.insert("target".to_owned(), target);
        if let Some(Value::String(party)) = object.get("asserted_by").cloned() {
            let party = self.party(name, &party)?;
            object.insert("asserted_by".to_owned(), party);
        }
        shaped::<Link>(name, object.into())
    }

    fn marking(&mut self, name: &str, typed: &str) -> Read {
        let level = self.scheme.level(typed).map_err(|error| Trouble::in_field(name, error.to_string()))?;
        Ok(json!(level))
    }

    fn offer(&mut self, name: &str, value: &Value) -> Read {
        let Value::Object(object) = value else {
            return Err(Trouble::in_field(name, format!("{value} is no object")));
        };
        let mut read = Map::new();
        for (key, value) in object {
            let Some(field) = field::offer().iter().find(|field| field.name == key) else {
                return Err(Trouble::in_field(name, format!("an offer has no `{key}`")));
            };
            if !is_absent(value) {
                read.insert(field.recorded.to_owned(), self.read(field, value)?);
            }
        }
        Ok(read.into())
    }
}

/// Tells whether a value says nothing: null, or a list of nothing.
pub(crate) fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Returns the items of a list, or the one that stands alone.
pub(super) fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map_or_else(|| std::slice::from_ref(value).iter(), |items| items.iter())
}

/// Returns the words of a value, which must say something that can be shown.
pub(super) fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, Trouble> {
    let Value::String(text) = value else {
        return Err(Trouble::in_field(name, format!("{value} is no text")));
    };
    sound(name, text)?;
    Ok(text.trim())
}

fn sound(name: &str, text: &str) -> Result<(), Trouble> {
    if text.trim().is_empty() {
        return Err(Trouble::in_field(name, "is empty; leave the field out where there is nothing to say"));
    }
    if let Some(control) = text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
        return Err(Trouble::in_field(
            name,
            format!("holds the control character U+{:04X}; only text is recorded", u32::from(control)),
        ));
    }
    // What turns the direction of the letters around it makes a text look like another.
    if let Some(turn) =
        text.chars().find(|letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    {
        let detail = format!(
            "holds U+{:04X}, which turns the direction of what follows; leave such marks out",
            u32::from(turn)
        );
        return Err(Trouble::in_field(name, detail));
    }
    if text.len() > BODY_BYTES_MAX {
        return Err(Trouble::too_long(Some(name), text.len()));
    }
    Ok(())
}

/// Checks every text within a value.
fn sound_strings(name: &str, value: &Value) -> Result<(), Trouble> {
    match value {
        Value::String(text) => sound(name, text),
        Value::Array(items) => items.iter().try_for_each(|item| sound_strings(name, item)),
        Value::Object(object) => object.values().try_for_each(|item| sound_strings(name, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn word(name: &str, value: &Value, words: &[&'static str]) -> Read {
    let typed = text(name, value)?;
    match words.iter().find(|word| **word == typed) {
        Some(word) => Ok((*word).into()),
        None => Err(Trouble::in_field(name, format!("`{typed}` is none of {}", words.join(", ")))),
    }
}

fn parsed<T>(name: &str, typed: &str) -> Read
where
    T: std::str::FromStr<Err: std::fmt::Display> + serde::Serialize,
{
    let value: T = typed.trim().parse().map_err(|error| Trouble::in_field(name, format!("{error}")))?;
    serde_json::to_value(value).map_err(|error| Trouble::in_field(name, error.to_string()))
}

/// Reads an object of a recorded shape.
fn shaped<T: serde::de::DeserializeOwned + serde::Serialize>(name: &str, value: Value) -> Read {
    let value: T =
        serde_json::from_value(value).map_err(|error| Trouble::in_field(name, error.to_string()))?;
    serde_json::to_value(value).map_err(|error| Trouble::in_field(name, error.to_string()))
}

fn scheme(name: &str, value: &Value) -> Read {
    sound_strings(name, value)?;
    let read = shaped::<Scheme>(name, value.clone())?;
    let levels = read.get("levels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let levels: Vec<&str> = levels.collect();
    let wrong = |detail: String| Err(Trouble::in_field(name, detail));
    if levels.is_empty() {
        return wrong("a scheme needs at least one level, the least restricted first".to_owned());
    }
    if levels.len() > LEVELS_MAX {
        return wrong(format!("a scheme has at most {LEVELS_MAX} levels, and this one {}", levels.len()));
    }
    for (place, level) in levels.iter().enumerate() {
        if level.trim() != *level || !says_something(level) {
            return wrong(format!(
                "`{level}` is no level: one has letters or digits, and no space at an end"
            ));
        }
        // A level is found in any case.
        if levels.iter().take(place).any(|other| other.eq_ignore_ascii_case(level)) {
            return wrong(format!(
                "`{level}` is twice among the levels: each has one place, the least restricted first"
            ));
        }
    }
    Ok(read)
}

/// Returns an error of the log as trouble with a field.
pub(super) fn trouble(name: &str, error: DeskError) -> Trouble {
    Trouble::in_name(name, error, "")
}
