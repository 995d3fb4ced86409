//! What is wrong with JSON that somebody sent: in words of JSON, for nobody who sends it need know in which language it
//! is read, and where in it that stands.

use std::fmt::Write;

use crate::desk::error::Fault;

/// So much is shown of a text that stands where another value should.
const SHOWN_CHARS_MAX: usize = 60;

/// Returns what is wrong with `json`, as `error` says of it: the line, the field, and in which column.
pub(crate) fn fault(json: &[u8], error: &serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    let whole = error.to_string();
    // serde_json ends its sentence with the place, which a fault has fields for.
    let place = format!(" at line {line} column {column}");
    let what = said(whole.strip_suffix(&place).unwrap_or(&whole));
    // What is no JSON has no fields.
    let field = if error.is_data() { field(json, line, column) } else { None };
    Fault { line: Some(line as u64), field, detail: format!("column {column}: {what}") }
}

/// Returns the same as a reader of JSON says, in words of JSON.
pub(crate) fn said(what: &str) -> String {
    let differs = what.strip_prefix("invalid type: ").or_else(|| what.strip_prefix("invalid value: "));
    if let Some((found, wanted)) = differs.and_then(|differs| differs.rsplit_once(", expected ")) {
        return format!("here stands {}; {} would be right", thing(found), wanted_thing(wanted));
    }
    let variant = what.strip_prefix("unknown variant `").and_then(|rest| rest.rsplit_once("`, expected "));
    if let Some((found, known)) = variant {
        // Of two it says `a` or `b`, of more a list.
        let known = known.strip_prefix("one of ").unwrap_or(known).replace('`', "");
        return format!("{} is none of: {known}", shown(found));
    }
    match what {
        "expected value" => "no value of JSON begins so".to_owned(),
        "expected ident" => "only true, false and null are words of JSON".to_owned(),
        "key must be a string" => "the name of a field stands in quotation marks".to_owned(),
        "trailing characters" => "something follows after the end of the JSON".to_owned(),
        "trailing comma" => "nothing follows after this comma; leave it out".to_owned(),
        "recursion limit exceeded" => "objects and lists stand within each other too deep".to_owned(),
        "number out of range" => "no number of JSON is so large".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns what stands somewhere.
fn thing(found: &str) -> String {
    let within = |kind: &str| found.strip_prefix(kind).and_then(|rest| rest.strip_suffix('`'));
    if let Some(text) = found.strip_prefix("string \"").and_then(|rest| rest.strip_suffix('"')) {
        return format!("the text {}", shown(text));
    }
    let number = ["integer `", "floating point `", "boolean `", "character `"].into_iter().find_map(within);
    match (number, found) {
        (Some(number), _) => format!("`{number}`"),
        (None, "unit value" | "Option value") => "null".to_owned(),
        (None, "sequence") => "a list".to_owned(),
        (None, "map") => "an object".to_owned(),
        (None, other) => other.to_owned(),
    }
}

/// Returns what should stand there.
fn wanted_thing(wanted: &str) -> String {
    let whole = |least: i128, most: i128| format!("a whole number from {least} to {most}");
    match wanted {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" | "usize" => whole(0, u64::MAX.into()),
        "i8" => whole(i8::MIN.into(), i8::MAX.into()),
        "i16" => whole(i16::MIN.into(), i16::MAX.into()),
        "i32" => whole(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => whole(i64::MIN.into(), i64::MAX.into()),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string" | "str" | "a borrowed string" | "identifier" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "unit" | "null" => "null".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other if other.starts_with("enum ") || other.starts_with("variant ") => "a word".to_owned(),
        other if other.starts_with("tuple") || other.starts_with("an array") => "a list".to_owned(),
        other => other.to_owned(),
    }
}

fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let begins: String = characters.by_ref().take(SHOWN_CHARS_MAX).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("`{begins}{more}`")
}

/// An object or a list that is not over yet.
enum Within {
    /// With the name of the field that came last.
    Object(Option<String>),
    /// With how many values are over.
    List(usize),
}

/// Returns which field stands at a place, as `entries[2].date`; none for the whole.
fn field(json: &[u8], line: usize, column: usize) -> Option<String> {
    let begins = match line.checked_sub(2) {
        None => 0,
        Some(before) => json.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(before)?.0 + 1,
    };
    let mut rest = json.get(..(begins + column).min(json.len()))?;
    let mut within: Vec<Within> = Vec::new();
    let mut text: Option<&[u8]> = None;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'"' => {
                let length = text_length(rest);
                text = rest.get(..length);
                rest = rest.get(length + 1..).unwrap_or_default();
            }
            b'{' => within.push(Within::Object(None)),
            b'[' => within.push(Within::List(0)),
            b'}' | b']' => drop(within.pop()),
            b':' => {
                if let (Some(Within::Object(name)), Some(text)) = (within.last_mut(), text.take()) {
                    *name = Some(String::from_utf8_lossy(text).into_owned());
                }
            }
            b',' => match within.last_mut() {
                Some(Within::List(over)) => *over += 1,
                Some(Within::Object(name)) => *name = None,
                None => {}
            },
            _ => {}
        }
    }
    let mut path = String::new();
    for level in within {
        match level {
            Within::Object(Some(name)) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&name);
            }
            // A text takes everything.
            Within::List(over) => drop(write!(path, "[{over}]")),
            Within::Object(None) => {}
        }
    }
    (!path.is_empty()).then_some(path)
}

/// Returns how long a text is, up to its quotation mark.
fn text_length(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    let ends = |byte: &u8| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    };
    rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Blue,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what cannot be read of it counts")]
    struct Asked {
        name: String,
        limit: Option<u32>,
        after: Option<u64>,
        is_last: Option<bool>,
        colour: Option<Colour>,
        rows: Option<Vec<BTreeMap<String, Asked>>>,
    }

    #[track_caller]
    fn check(json: &str, says: &str) {
        let error = serde_json::from_str::<Asked>(json).unwrap_err();
        assert_eq!(fault(json.as_bytes(), &error).to_string(), says, "{error}");
    }

    #[test]
    fn a_value_of_another_kind_is_named_with_its_field_and_what_would_be_right() {
        check(r#"{"name":1}"#, "line 1: name: column 9: here stands `1`; a text would be right");
        check(
            r#"{"name":"x","limit":"ten"}"#,
            "line 1: limit: column 25: here stands the text `ten`; a whole number from 0 to 4294967295 would be right",
        );
        check(
            r#"{"limit":-1}"#,
            "line 1: limit: column 11: here stands `-1`; a whole number from 0 to 4294967295 would be right",
        );
        check(
            r#"{"after":1.5}"#,
            "line 1: after: column 12: here stands `1.5`; a whole number from 0 to 18446744073709551615 would be right",
        );
        check(
            "{\"a\\\"\":1,\n \"name\":[]}",
            "line 1: column 6: unknown field `a\"`, expected one of `name`, `limit`, `after`, `is_last`, `colour`, `rows`",
        );
        check(
            "{\"after\":1,\n \"name\":[]}",
            "line 2: name: column 8: here stands a list; a text would be right",
        );
        check(
            r#"{"is_last":"yes"}"#,
            "line 1: is_last: column 16: here stands the text `yes`; true or false would be right",
        );
        check(r#"{"colour":"green"}"#, "line 1: colour: column 17: `green` is none of: red or blue");
        check("[1]", "line 1: [0]: column 2: here stands `1`; a text would be right");
        check("7", "line 1: column 1: here stands `7`; an object would be right");
    }

    #[test]
    fn what_stands_within_is_named_by_where() {
        let within = r#"{"name":"x","rows":[{},{"a":{"name":"y"},"b":{"name":null}}]}"#;
        check(within, "line 1: rows[1].b.name: column 57: here stands null; a text would be right");
        check(r#"{"rows":[{"a":{}}]}"#, "line 1: rows[0].a: column 16: missing field `name`");
    }

    #[test]
    fn what_is_no_json_is_told_by_where_it_stops_to_be() {
        check(r#"{"name":"x"} y"#, "line 1: column 14: something follows after the end of the JSON");
        check(r#"{"name":x}"#, "line 1: column 9: no value of JSON begins so");
        check("{name:1}", "line 1: column 2: the name of a field stands in quotation marks");
        check(r#"{"name":"#, "line 1: column 8: EOF while parsing a value");
    }

    #[test]
    fn of_a_long_text_the_beginning_is_shown() {
        let json = format!(r#"{{"name":"x","limit":"{}"}}"#, "긴".repeat(1_000));
        let error = serde_json::from_str::<Asked>(&json).unwrap_err();
        let detail = fault(json.as_bytes(), &error).detail;
        assert!(detail.contains(&format!("`{}…`", "긴".repeat(SHOWN_CHARS_MAX))), "{detail}");
    }
}
