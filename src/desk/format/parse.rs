//! From an entry to an event: every field checked, every name resolved, every fault collected.

mod beyond;
mod convenience;
mod draft;
mod person;

use serde_json::{Map, Value, json};

use crate::desk::error::{DeskError, Fault};
use crate::desk::format::field::{self, Field, Shape};
use crate::desk::format::parse::draft::Draft;
use crate::desk::format::resolve::Resolver;
use crate::desk::format::value::{Reader, is_absent, text};
use crate::desk::format::{Trouble, error_of};
use crate::desk::known::Known;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::{Kind, Subject};
use crate::domain::marking::{Marking, Scheme};
use crate::domain::policy::Policies;
use crate::domain::timestamp::Timestamp;
use crate::domain::typed::{Mode, Typing};

/// Of so many fields that no entry has, each is answered with the name that may be meant.
const STRANGERS_MAX: usize = 20;

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

/// Returns the marking scheme in force, and how an entry is marked that says nothing of it.
pub(crate) fn markings(known: &Known) -> (Scheme, Option<Marking>) {
    markings_at(&known.policies, known.at)
}

/// Returns the marking scheme that is in force at a moment, and how an entry is marked then that names no marking.
pub(crate) fn markings_at(policies: &Policies, moment: Timestamp) -> (Scheme, Option<Marking>) {
    let in_force = policies.at(moment);
    let latest = |pick: fn(&crate::domain::policy::Policy) -> bool| {
        in_force.iter().rev().find(|policy| pick(policy)).map(|policy| &policy.set)
    };
    let scheme = latest(|policy| policy.set.marking_scheme.is_some())
        .and_then(|set| set.marking_scheme.clone())
        .unwrap_or_else(Scheme::tlp);
    let default =
        latest(|policy| policy.set.marking_default.is_some()).and_then(|set| set.marking_default.clone());
    (scheme, default)
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
        let (scheme, marking_default) = markings(known);
        let typing = Typing { now: known.at, zone: known.typing_zone, mode };
        let (echo, doubtful) = (Vec::new(), Vec::new());
        let reader = Reader { resolver, typing, scheme, echo, written: None, dated: None, doubtful };
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
        self.reader.doubtful.clear();
        let Value::Object(object) = entry else {
            return Err(vec![Trouble::new("an entry is a JSON object with a `kind`")]);
        };
        let dated = object.get("date").or_else(|| object.get("occurred")).and_then(Value::as_str);
        self.reader.dated = dated.map(ToOwned::to_owned);
        let kind = kind_of(object).map_err(|trouble| vec![trouble])?;
        let with_bodies = self.persons(kind, object).map_err(|trouble| vec![trouble])?;
        let object = with_bodies.as_ref().unwrap_or(object);
        let beyond = self.beyond(kind, object).map_err(|trouble| vec![trouble])?;
        let (object, doubtful) =
            beyond.as_ref().map_or((object, Vec::new()), |beyond| (&beyond.object, beyond.told.clone()));
        let mut draft = Draft { kind, envelope: Map::new(), detail: Map::new(), doubtful, reading: None };
        let mut troubles = Vec::new();
        let fields = Self::fields(kind, object, &mut troubles);
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
        draft.doubtful.append(&mut self.reader.doubtful);
        let (event, body, doubtful) = draft.event().map_err(|trouble| vec![trouble])?;
        Ok(Parsed { event, body, echo: std::mem::take(&mut self.reader.echo), doubtful, marked })
    }

    /// Returns the fields that are kept as they are named, each with its place; says what is unknown.
    fn fields<'v>(
        kind: Kind,
        object: &'v Map<String, Value>,
        troubles: &mut Vec<Trouble>,
    ) -> Vec<(Field, Place, &'v Value)> {
        let mut fields: Vec<(Field, Place, &Value)> = Vec::with_capacity(object.len());
        let mut strangers: usize = 0;
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
                None if strangers == STRANGERS_MAX => {
                    troubles.push(Trouble::in_field(key, "is no field of an entry either, nor are others"));
                    break;
                }
                None => {
                    strangers += 1;
                    troubles.push(unknown(kind, key));
                }
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
        let dated = self.reader.dated.take();
        let outcome = self.entry(value, false);
        self.reader.dated = dated;
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
                let fault = Fault::in_field(name, words.join("; "));
                // Well written, and naming what is not there: what stands in the way is told as it is.
                let only_obstacles = troubles.iter().all(|trouble| trouble.obstacle.is_some());
                Err(Trouble { fault, obstacle: only_obstacles.then(|| error_of(troubles)) })
            }
        }
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
            // That the register has a state is not hidden by a default either.
            (None, None) if draft.enters_what_everybody_knows() => Ok(()),
            (None, floor) if fresh => {
                let floor = floor.map(|(floor, _)| floor);
                let default = self.lowered_to(draft).or_else(|| self.marking_default.clone());
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

impl Parser<'_, '_> {
    /// Returns the marking that an amendment gives its entry, where more people would see the entry: they see the
    /// amendment as well, of which nothing is older than the reading that it gives.
    fn lowered_to(&self, draft: &Draft) -> Option<Marking> {
        let known = self.reader.resolver.known;
        let reading = draft.reading.as_ref().filter(|_| draft.kind == Kind::RecordAmended)?;
        let to = Event::decode(SCHEMA, reading).ok()?.envelope.marking?;
        let target = draft.detail.get("target").and_then(Value::as_str)?.parse().ok()?;
        let before = known.entry(target).ok()??.event?.envelope.marking;
        let before = before.or_else(|| self.marking_default.clone())?;
        self.reader.scheme.is_below(&to, &before).then_some(to)
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

/// Returns why an entry that was recorded cannot be written in this format; no recorded entry gives cause.
pub(super) fn unwritable(error: &serde_json::Error) -> DeskError {
    DeskError::Unavailable(format!("the entry cannot be shown: {error}"))
}
