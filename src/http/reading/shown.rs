//! What an answer in JSON shows, found while it is read once: no answer is put together in memory a second time.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::domain::id::EventId;

/// What an answer shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Every event whose id it has as `id`, for with the id its date and what it says are shown, or as
    /// `corrects`; without those that came into being by what is answered.
    pub(super) events: Vec<EventId>,
    /// The events of receipts for what was recorded just now.
    own: Vec<EventId>,
    /// Whether anything was recorded just now.
    pub(super) was_recorded: bool,
}

impl Shown {
    pub(super) fn of(answer: &[u8]) -> Self {
        let mut shown = Self::default();
        let mut read = serde_json::Deserializer::from_slice(answer);
        let read = (&mut read).deserialize_any(Whole(&mut shown)).and_then(|()| read.end());
        if read.is_err() {
            return Self::default();
        }
        shown.settled()
    }

    /// Returns what a message shows, whenever it was recorded.
    pub(super) fn in_message(message: &Value) -> Self {
        let mut shown = Self::default();
        // A value is read as it stands: nothing of it can be wrong.
        let _ = Part { shown: &mut shown, names: Names::Nothing }.deserialize(message);
        shown.sorted()
    }

    fn settled(mut self) -> Self {
        let own = std::mem::take(&mut self.own);
        self.events.retain(|event| !own.contains(event));
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        self.events.sort_unstable();
        self.events.dedup();
        self
    }
}

/// The answer: what it shows is its data.
struct Whole<'s>(&'s mut Shown);

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(field) = fields.next_key_seed(Key)? {
            if field == Field::Data {
                fields.next_value_seed(Part { shown: self.0, names: Names::Nothing })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Whether a text names an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Nothing,
    /// It does, and so do those of a list.
    OneOrMore,
    One,
}

/// Some value within the answer.
struct Part<'s> {
    shown: &'s mut Shown,
    names: Names,
}

/// What a value is, to whoever holds it.
#[derive(Default)]
struct Found {
    ids: Vec<EventId>,
    is_false: bool,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(Found { is_false: !value, ..Found::default() })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        let id = if self.names == Names::Nothing { None } else { text.parse().ok() };
        Ok(Found { ids: id.into_iter().collect(), is_false: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Found, A::Error> {
        let names = if self.names == Names::OneOrMore { Names::One } else { Names::Nothing };
        let mut ids = Vec::new();
        while let Some(found) = values.next_element_seed(Part { shown: &mut *self.shown, names })? {
            ids.extend(found.ids);
        }
        Ok(Found { ids, is_false: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Found, A::Error> {
        let (mut receipt, mut is_receipt, mut is_new) = (Vec::new(), false, false);
        while let Some(field) = fields.next_key_seed(Key)? {
            let names = match field {
                Field::Id | Field::Corrects | Field::Ids => Names::OneOrMore,
                Field::Request | Field::Repeated | Field::Data | Field::Other => Names::Nothing,
            };
            let found = fields.next_value_seed(Part { shown: &mut *self.shown, names })?;
            match field {
                Field::Id | Field::Corrects => self.shown.events.extend(found.ids),
                Field::Ids => receipt = found.ids,
                Field::Request => is_receipt = true,
                Field::Repeated => is_new = found.is_false,
                Field::Data | Field::Other => {}
            }
        }
        if is_receipt && is_new {
            self.shown.own.append(&mut receipt);
            self.shown.was_recorded = true;
        }
        Ok(Found::default())
    }
}

/// The fields that say something here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Corrects,
    Ids,
    Request,
    Repeated,
    Data,
    Other,
}

/// Reads the name of a field.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Field;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Field, E> {
        Ok(match name {
            "id" => Field::Id,
            "corrects" => Field::Corrects,
            "ids" => Field::Ids,
            "request" => Field::Request,
            "repeated" => Field::Repeated,
            "data" => Field::Data,
            _ => Field::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The same, of an answer that is put together in memory: by what the words of [`Shown`] say.
    fn naive(answer: &Value) -> Shown {
        fn ids(value: &Value) -> Vec<EventId> {
            let one = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
            value
                .as_array()
                .map_or_else(|| one(value).into_iter().collect(), |all| all.iter().filter_map(one).collect())
        }
        fn gather(shown: &mut Shown, value: &Value) {
            if let Some(fields) = value.as_object() {
                shown.events.extend(fields.get("id").into_iter().flat_map(ids));
                shown.events.extend(fields.get("corrects").into_iter().flat_map(ids));
                if fields.contains_key("request") && fields.get("repeated") == Some(&json!(false)) {
                    shown.own.extend(fields.get("ids").into_iter().flat_map(ids));
                    shown.was_recorded = true;
                }
                fields.values().for_each(|value| gather(shown, value));
            }
            value.as_array().into_iter().flatten().for_each(|value| gather(shown, value));
        }
        let mut shown = Shown::default();
        gather(&mut shown, &answer["data"]);
        shown
    }

    fn value() -> impl Strategy<Value = Value> {
        let id = (0_u32..6).prop_map(|number| json!(format!("00000000-0000-0000-0000-00000000000{number}")));
        let leaf = prop_oneof![
            id.clone(),
            id,
            Just(json!(false)),
            Just(json!(true)),
            Just(json!(null)),
            Just(json!(-1)),
            Just(json!(1.5)),
            Just(json!("a \"text\" of some\nlines")),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            let name = prop::sample::select(vec![
                "id", "corrects", "ids", "request", "repeated", "data", "entry", "\"\n",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..6).prop_map(|fields| fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_an_answer_shows_is_found_in_it_wherever_it_stands(data in value()) {
            let answer = json!({ "as_of": { "id": "00000000-0000-0000-0000-000000000009" }, "data": data });
            prop_assert_eq!(Shown::of(answer.to_string().as_bytes()), naive(&answer).settled());
            prop_assert_eq!(Shown::in_message(&data), naive(&answer).sorted());
        }
    }

    #[test]
    fn what_is_no_answer_shows_nothing() {
        for text in ["", "[]", "no JSON", r#"{"data": {"id": "00000000-0000-0000-0000-000000000001"}"#] {
            assert_eq!(Shown::of(text.as_bytes()), Shown::default(), "{text}");
        }
    }
}
