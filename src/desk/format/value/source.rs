//! A source as it is written: words alone, or with its grade.

use serde_json::{Map, Value, json};

use crate::desk::format::Trouble;
use crate::desk::format::value::{Read, Reader, shaped, text};
use crate::domain::source::{Grade, Source};

impl Reader<'_, '_> {
    pub(super) fn source(&mut self, name: &str, value: &Value) -> Read {
        if value.is_string() {
            return Ok(json!({ "locator": text(name, value)? }));
        }
        let object = self.dates_within(name, value, &["retrieved"])?;
        if let Some(digest) = object.get("sha256").and_then(Value::as_str)
            && (digest.len() != 64 || !digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
        {
            return Err(Trouble::in_field(
                name,
                format!("sha256: `{digest}` is not 64 lower-case hexadecimal digits"),
            ));
        }
        shaped::<Source>(name, graded(name, object)?.into())
    }
}

/// Reads the grade of a source as staff write it, `B2`: how reliable the source has been, and how credible its claim is.
fn graded(name: &str, mut source: Map<String, Value>) -> Result<Map<String, Value>, Trouble> {
    let Some(grade) = source.remove("grade") else { return Ok(source) };
    let wrong = |detail: String| Trouble::in_field(name, format!("grade: {detail}"));
    let Some(read) = grade.as_str().and_then(|typed| typed.trim().parse::<Grade>().ok()) else {
        return Err(wrong(format!(
            "{grade} is no grade; write `reliability`, a letter from A to F, and `credibility`, a digit from 1 to 6, \
             or both as one: \"grade\": \"B2\""
        )));
    };
    for (part, value) in [("reliability", json!(read.reliability)), ("credibility", json!(read.credibility))]
    {
        if source.get(part).is_some_and(|said| *said != value) {
            return Err(wrong(format!("`{read}` says otherwise than `{part}`; give one of the two")));
        }
        source.insert(part.to_owned(), value);
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Value) -> Result<Value, String> {
        let Value::Object(source) = source else { panic!("no object") };
        graded("source", source).map(Value::from).map_err(|trouble| trouble.fault.detail)
    }

    #[test]
    fn a_grade_is_understood_as_staff_write_it_and_what_is_none_is_taught() {
        let whole = json!({"locator": "JCS", "reliability": "B", "credibility": "2"});
        assert_eq!(read(json!({"locator": "JCS", "grade": " b2"})).unwrap(), whole);
        assert_eq!(read(json!({"locator": "JCS", "grade": "B2", "reliability": "B"})).unwrap(), whole);
        assert_eq!(read(whole.clone()).unwrap(), whole);
        for wrong in [json!("B7"), json!("G1"), json!("2B"), json!("B"), json!(2), json!("A-C1-3")] {
            let error = read(json!({"locator": "JCS", "grade": wrong})).unwrap_err();
            assert!(error.contains("`reliability`, a letter from A to F"), "{error}");
            assert!(error.contains("`credibility`, a digit from 1 to 6"), "{error}");
        }
        let error = read(json!({"locator": "JCS", "grade": "B2", "credibility": "3"})).unwrap_err();
        assert!(error.contains("otherwise than `credibility`"), "{error}");
    }
}
