//! JSON in which no name stands twice in one object: of two, a parser would silently take the last.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value as it was written, every name in each of its objects standing once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strict(pub(crate) Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

/// Reads values, each whole.
///
/// # Errors
///
/// Returns what is wrong with the JSON, and which name stands twice.
pub(crate) fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(Vec::<Strict>::deserialize(deserializer)?.into_iter().map(|Strict(value)| value).collect())
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("`{key}` stands twice")));
            }
            let Strict(value) = access.next_value()?;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        for twice in
            [r#"{"a":1,"a":2}"#, r#"{"links":[{"target":"x","target":"y"}]}"#, r#"[{"a":{"b":1,"b":1}}]"#]
        {
            let error = serde_json::from_str::<Strict>(twice).unwrap_err().to_string();
            assert!(error.contains("stands twice"), "{error}");
        }
        let entries = r#"{"entries":[{"kind":"incident","kind":"incident"}]}"#;
        let error = serde_json::from_str::<crate::desk::ask::RecordAsk>(entries).unwrap_err().to_string();
        assert!(error.contains("`kind` stands twice"), "{error}");
    }

    #[test]
    fn whatever_else_is_json_reads_as_it_is() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,1.5,"é",{"b":{}}],"c":""}"#;
        let Strict(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
    }
}
