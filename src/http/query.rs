//! The query of an address, read strictly: what is unknown, said twice or malformed is an error that
//! names the parameter and what would be right.

use std::fmt::Display;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::misread;
use crate::domain::name::{Directory, Match};
use crate::domain::zone::Zone;
use crate::http::escape::unescape;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::Problem;

/// The header that names the zone in which the caller types dates.
pub(super) const TZ: &str = "demarche-tz";

/// So many parameters a query has at most: more than any question takes.
const PARAMETERS_MAX: usize = 64;

/// The longest query: a filter with more names than fit here asks for a list that should be read whole.
const QUERY_BYTES_MAX: usize = 16 << 10;

/// The query of a question about any time: as of when, and what.
pub(super) struct Asked<A> {
    pub(super) when: When,
    pub(super) ask: A,
}

/// The query of a question about a part of the log: as of when, of what, and what.
///
/// Where the answer's own parameters have a place for the filter, whoever is asked puts it there.
pub(super) struct Filtered<A> {
    pub(super) when: When,
    pub(super) filter: FilterAsk,
    pub(super) ask: A,
}

/// The query of a question that is always about the log as it is now, or of a command.
pub(super) struct AskedNow<A> {
    pub(super) ask: A,
}

/// No parameters.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Nothing {}

/// The zone alone; a time would be ignored, so it is not taken.
#[derive(Deserialize, JsonSchema)]
struct InZone {
    /// The zone in which dates without one are read and shown; the log's own when none.
    tz: Option<String>,
}

impl<A: JsonSchema> Taken for Asked<A> {
    fn describe(route: &mut Told<'_>) {
        route.query::<When>();
        route.query::<A>();
    }
}

impl<A: JsonSchema> Taken for Filtered<A> {
    fn describe(route: &mut Told<'_>) {
        route.query::<When>();
        route.query::<FilterAsk>();
        route.query::<A>();
    }
}

impl<A: JsonSchema> Taken for AskedNow<A> {
    fn describe(route: &mut Told<'_>) {
        route.query::<InZone>();
        route.query::<A>();
    }
}

impl<A: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let (mut when, ask): (When, A) = Query::parse(parts.uri.query().unwrap_or_default())?.read()?;
        if when.tz.is_none() {
            when.tz = header(parts, TZ)?;
        }
        Ok(Self { when, ask })
    }
}

impl<A: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Filtered<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let (mut when, Both(filter, ask)): (When, Both<FilterAsk, A>) = query.read()?;
        if when.tz.is_none() {
            when.tz = header(parts, TZ)?;
        }
        Ok(Self { when, filter, ask })
    }
}

impl<A: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for AskedNow<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let (InZone { tz }, ask): (InZone, A) =
            Query::parse(parts.uri.query().unwrap_or_default())?.read()?;
        // The desk has it of whoever asks (`zone`); where it needs none, a wrong one is wrong all the same.
        if let Some(Err(error)) = tz.map(|tz| tz.parse::<Zone>()) {
            return Err(DeskError::from(Fault::in_field("tz", error.to_string())).into());
        }
        Ok(Self { ask })
    }
}

/// Returns the zone in which whoever asks types dates: that of the query, else that of the header.
///
/// What is wrong with a query, whoever reads it whole says.
pub(super) fn zone(parts: &Parts) -> Result<Option<String>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let typed = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| unescape(name).as_deref() == Some("tz"));
    match typed.and_then(|(_, zone)| unescape(zone)) {
        Some(zone) => Ok(Some(zone)),
        None => header(parts, TZ),
    }
}

/// Returns the text of a header; none where it is not there or empty.
pub(super) fn header(parts: &Parts, name: &str) -> Result<Option<String>, Problem> {
    once(&parts.headers, name)
}

/// Returns the text of a header on which it rests what is recorded, or from how long a log is answered: an empty one
/// says that somebody lost what they meant to send.
pub(super) fn filled(parts: &Parts, name: &str) -> Result<Option<String>, Problem> {
    let text = once(&parts.headers, name)?;
    if text.is_none() && parts.headers.contains_key(name) {
        let detail = "the header is empty; say what is meant, or leave it out";
        return Err(Problem::malformed(vec![Fault::in_field(name, detail)]));
    }
    Ok(text)
}

/// As [`header`], of headers.
pub(super) fn once(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = |detail: &str| Problem::malformed(vec![Fault::in_field(name, detail)]);
    if values.next().is_some() {
        return Err(wrong("the header stands twice; give it once"));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong("the header is not UTF-8"))?;
    Ok((!text.trim().is_empty()).then(|| text.trim().to_owned()))
}

/// The parameters of a query.
struct Query {
    pairs: Vec<(String, String)>,
    /// What was asked for so far.
    known: Vec<&'static str>,
}

impl Query {
    fn parse(query: &str) -> Result<Self, Problem> {
        if query.len() > QUERY_BYTES_MAX {
            let detail = format!(
                "the query has {} bytes, and {} KiB are the most that is taken; name fewer things in its filter",
                query.len(),
                QUERY_BYTES_MAX >> 10
            );
            return Err(Problem::malformed(vec![Fault::new(detail)]));
        }
        let parameters = query.split('&').count();
        if parameters > PARAMETERS_MAX {
            let detail = format!(
                "the query has {parameters} parameters, and no question takes more than {PARAMETERS_MAX}"
            );
            return Err(Problem::malformed(vec![Fault::new(detail)]));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut faults = Vec::new();
        for pair in query.split('&').filter(|_| !query.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (unescape(name), unescape(value)) else {
                let detail = "an escape is broken; write each byte of UTF-8 as % and two hexadecimal digits";
                faults.push(Fault::in_field(name, detail));
                continue;
            };
            if !pair.contains('=') {
                faults.push(Fault::in_field(&name, "the value is missing; write name=value"));
            } else if pairs.iter().any(|(known, _)| *known == name) {
                faults.push(Fault::in_field(&name, "stands twice; give it once"));
            } else {
                pairs.push((name, value));
            }
        }
        if faults.is_empty() {
            Ok(Self { pairs, known: Vec::new() })
        } else {
            Err(Problem::malformed(faults))
        }
    }

    /// Reads the parameters that either has, and no others.
    fn read<T: Parameters, U: Parameters>(mut self) -> Result<(T, U), Problem> {
        let (one, other) = (T::read(&mut self), U::read(&mut self));
        let unknown = self.pairs.iter().filter(|(name, _)| !self.known.contains(&name.as_str()));
        // First what is unknown: it is often a slip for what is missing.
        let mut faults: Vec<_> = unknown.map(|(name, _)| unknown_parameter(name, &self.known)).collect();
        match (one, other) {
            (Ok(one), Ok(other)) if faults.is_empty() => Ok((one, other)),
            (one, other) => {
                faults.extend([one.err(), other.err()].into_iter().flatten().flatten());
                Err(Problem::malformed(faults))
            }
        }
    }
}

/// Something that is read from some of the parameters of a query.
trait Parameters: Sized {
    /// Reads what is meant, and remembers which parameters it has.
    fn read(query: &mut Query) -> Result<Self, Vec<Fault>>;
}

impl<T: DeserializeOwned> Parameters for T {
    fn read(query: &mut Query) -> Result<Self, Vec<Fault>> {
        T::deserialize(Fields(query)).map_err(|mistake| vec![mistake.0])
    }
}

/// What is read from the parameters of both.
#[derive(Debug, PartialEq)]
struct Both<T, U>(T, U);

impl<T: DeserializeOwned, U: DeserializeOwned> Parameters for Both<T, U> {
    fn read(query: &mut Query) -> Result<Self, Vec<Fault>> {
        match (T::read(query), U::read(query)) {
            (Ok(one), Ok(other)) => Ok(Self(one, other)),
            (one, other) => Err([one.err(), other.err()].into_iter().flatten().flatten().collect()),
        }
    }
}

fn unknown_parameter(name: &str, known: &[&'static str]) -> Fault {
    if matches!(name, "known_as_of" | "at") {
        return Fault::in_field(name, "this is always about the log as it is now; leave the parameter out");
    }
    let mut directory = Directory::default();
    for known in known {
        directory.insert(*known, known);
    }
    let nearest = match directory.find(name) {
        Match::One(near) => Some(near),
        Match::Near(near) | Match::Several(near) => near.first().map(|(near, _)| *near),
        Match::None => None,
    };
    let detail = match (nearest, known) {
        (Some(near), _) => format!("there is no such parameter; is `{near}` meant?"),
        (None, []) => "there is no such parameter; none is taken here".to_owned(),
        (None, known) => format!("there is no such parameter; there are {}", known.join(", ")),
    };
    Fault::in_field(name, detail)
}

/// What is wrong with a parameter, as serde passes it on.
#[derive(Debug)]
struct Mistake(Fault);

impl Display for Mistake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Mistake {}

impl serde::de::Error for Mistake {
    fn custom<T: Display>(detail: T) -> Self {
        Self(Fault::new(misread::said(&detail.to_string())))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Fault::in_field(field, "the parameter is missing, and nothing can be answered without it"))
    }
}

/// The whole query, as a struct asks for its fields.
struct Fields<'a>(&'a mut Query);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Mistake> {
        Err(Mistake(Fault::new("the parameters of this question are not a struct")))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.0.known.extend(fields);
        let pairs = self.0.pairs.iter().filter(|(name, _)| fields.contains(&name.as_str()));
        let pairs = pairs.map(|(name, value)| (name.as_str(), Value { name, text: value }));
        visitor.visit_map(MapDeserializer::new(pairs))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// One parameter.
struct Value<'a> {
    name: &'a str,
    text: &'a str,
}

impl Value<'_> {
    fn number(&self, max: u64) -> Result<u64, Mistake> {
        let digits = !self.text.is_empty() && self.text.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.text.parse().ok().filter(|number| digits && *number <= max);
        number.ok_or_else(|| self.wrong(&format!("is not a whole number from 0 to {max}")))
    }

    fn wrong(&self, what: &str) -> Mistake {
        Mistake(Fault::in_field(self.name, format!("`{}` {what}", self.text)))
    }
}

impl IntoDeserializer<'_, Mistake> for Value<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_str(self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.text {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.wrong("is neither true nor false")),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u64(self.number(u32::MAX.into())?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_u64(self.number(u64::MAX)?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if words.contains(&self.text) {
            visitor.visit_enum(StrDeserializer::new(self.text))
        } else {
            Err(self.wrong(&format!("is none of: {}", words.join(", "))))
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
