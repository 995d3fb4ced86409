//! The fields of an entry as flags: one table, of which each command takes what its kinds have.

mod table;

use std::marker::PhantomData;

use clap::builder::{PossibleValuesParser, StringValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value, json};

use self::table::{FIELDS, Field, Takes};

/// The fields that every command takes.
const COMMON: &[&str] = &[
    "id",
    "date",
    "learned",
    "effective",
    "published",
    "from",
    "to",
    "on_behalf_of",
    "via",
    "speaker",
    "issuer_level",
    "form",
    "summary",
    "topics",
    "texts",
    "note",
    "confidence",
    "marking",
    "compartment",
    "source",
    "in_reply_to",
    "links",
    "reported_by",
    "id",
];

/// Which fields a command takes besides those that every command takes.
pub(super) trait Fields {
    /// Their names, as recorded.
    const NAMES: &'static [&'static str];
    /// Common fields that it has in another form, or not at all.
    const WITHOUT: &'static [&'static str] = &[];
}

/// The fields of an entry that were given as flags.
#[derive(Debug, Clone)]
pub(super) struct Given<F> {
    values: Map<String, Value>,
    which: PhantomData<F>,
}

impl<F: Fields> Given<F> {
    /// Returns an entry of a kind with these fields.
    pub(super) fn entry(&self, kind: &str) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("kind".to_owned(), json!(kind));
        entry.extend(self.values.clone());
        entry
    }
}

fn taken<F: Fields>() -> impl Iterator<Item = &'static Field> {
    let has = |name: &str| COMMON.contains(&name) || F::NAMES.contains(&name);
    FIELDS.iter().filter(move |field| has(field.name) && !F::WITHOUT.contains(&field.name))
}

impl<F: Fields> FromArgMatches for Given<F> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut values = Map::new();
        for field in taken::<F>() {
            if let Some(value) = read(field, matches) {
                values.insert(field.name.to_owned(), value);
            }
        }
        for set in matches.get_many::<(String, Value)>("set").into_iter().flatten() {
            put(&mut values, &set.0, set.1.clone());
        }
        Ok(Self { values, which: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<F: Fields> Args for Given<F> {
    fn augment_args(command: Command) -> Command {
        let command = taken::<F>().fold(command, |command, field| command.arg(flag(field)));
        command.arg(set_flag("Set any field of the kind; again for a list"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Returns the flag `--set FIELD=VALUE`.
pub(super) fn set_flag(help: &'static str) -> Arg {
    Arg::new("set")
        .long("set")
        .value_name("FIELD=VALUE")
        .action(ArgAction::Append)
        .value_parser(set)
        .help(help)
        .help_heading("Fields")
}

/// Reads `FIELD=VALUE`.
///
/// The value is JSON where it is `null`, `true`, `false`, or begins as a list, an object or a quoted text
/// does; a number only in a field of numbers. Everything else is text as it stands.
///
/// # Errors
///
/// Returns what is wrong in words.
pub(super) fn set(typed: &str) -> Result<(String, Value), String> {
    let Some((name, text)) = typed.split_once('=') else {
        return Err("write FIELD=VALUE, as in date=2025-11-17".to_owned());
    };
    let name = name.trim().replace('-', "_");
    if name.is_empty() {
        return Err("the field before `=` has no name".to_owned());
    }
    let field = FIELDS.iter().find(|field| field.name == name || field.flag.replace('-', "_") == name);
    let number = field.is_some_and(|field| matches!(field.takes, Takes::Number));
    let json = number || matches!(text, "null" | "true" | "false") || text.starts_with(['[', '{', '"']);
    let value = if json {
        serde_json::from_str(text).map_err(|error| not_json(&name, text, number, &error))?
    } else {
        match field.map(|field| &field.takes) {
            // As they are written when they are recorded.
            Some(Takes::Tongues) => tongue(text)?,
            Some(Takes::Links) => link(text)?,
            Some(_) | None => json!(text),
        }
    };
    Ok((field.map_or(name, |field| field.name.to_owned()), value))
}

/// Says why a value that must be JSON is none, and what would be right.
fn not_json(name: &str, text: &str, number: bool, error: &serde_json::Error) -> String {
    if number {
        return format!(
            "`{text}` is no number, and `{name}` takes one in figures: {name}=2; `null` removes it"
        );
    }
    format!(
        "`{text}` begins as JSON does (a list, an object, a text in quotes) and is none: {error}; a text that \
         begins so goes into quotes of its own, as in '{name}=\"[sic] …\"'"
    )
}

/// Puts a value into a field; a second value of the same field makes a list.
pub(super) fn put(values: &mut Map<String, Value>, name: &str, value: Value) {
    match values.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
        None => {
            values.insert(name.to_owned(), value);
        }
    }
}

fn flag(field: &Field) -> Arg {
    let arg = Arg::new(field.name).long(field.flag).help(field.help).help_heading("Fields");
    // The name as it is recorded is understood too.
    let arg = if field.name == field.flag { arg } else { arg.alias(field.name) };
    let words = |words: fn() -> Vec<&'static str>| PossibleValuesParser::new(words());
    let (parser, name): (ValueParser, &'static str) = match field.takes {
        Takes::Switch => return arg.action(ArgAction::SetTrue),
        Takes::Text(name) | Takes::Texts(name) => (StringValueParser::new().into(), name),
        Takes::Word(list) | Takes::Words(list) => (words(list).into(), "WORD"),
        Takes::Slots => (ValueParser::new(slot), "HH:MM"),
        Takes::Number => (clap::value_parser!(u32).into(), "NUMBER"),
        Takes::Truth => (clap::value_parser!(bool), "true|false"),
        Takes::Tongues => (ValueParser::new(tongue), "LANGUAGE=TEXT"),
        Takes::Links => (ValueParser::new(link), "RELATION=HANDLE"),
    };
    let arg = arg.value_name(name).value_parser(parser);
    match field.takes {
        Takes::Words(_) | Takes::Slots => arg.action(ArgAction::Append).value_delimiter(','),
        Takes::Texts(_) | Takes::Tongues | Takes::Links => arg.action(ArgAction::Append),
        Takes::Text(_) | Takes::Word(_) | Takes::Number | Takes::Truth | Takes::Switch => {
            arg.action(ArgAction::Set)
        }
    }
}

fn slot(typed: &str) -> Result<String, crate::domain::schedule::SlotError> {
    crate::domain::typed::slot(typed).map(|slot| slot.to_string())
}

fn tongue(typed: &str) -> Result<Value, String> {
    let (language, text) = typed.split_once('=').ok_or("write LANGUAGE=TEXT, as in ko-KP=통지문")?;
    Ok(json!({ "language": language, "text": text }))
}

fn link(typed: &str) -> Result<Value, String> {
    let (relation, target) =
        typed.split_once('=').ok_or("write RELATION=HANDLE, as in contradicts=ik-071")?;
    Ok(json!({ "relation": relation, "target": target }))
}

fn read(field: &Field, matches: &ArgMatches) -> Option<Value> {
    match field.takes {
        Takes::Switch => matches.get_flag(field.name).then_some(Value::Bool(true)),
        Takes::Number => matches.get_one::<u32>(field.name).map(|number| json!(number)),
        Takes::Truth => matches.get_one::<bool>(field.name).map(|truth| json!(truth)),
        Takes::Text(_) | Takes::Word(_) => matches.get_one::<String>(field.name).map(|text| json!(text)),
        Takes::Texts(_) | Takes::Words(_) | Takes::Slots => {
            matches.get_many::<String>(field.name).map(|texts| json!(texts.collect::<Vec<_>>()))
        }
        Takes::Tongues | Takes::Links => {
            matches.get_many::<Value>(field.name).map(|values| json!(values.collect::<Vec<_>>()))
        }
    }
}

/// Any field of any kind.
#[derive(Debug, Clone)]
pub(super) struct Any;

impl Fields for Any {
    const NAMES: &'static [&'static str] = table::NAMES;
    // Parts of a schedule, which is one field.
    const WITHOUT: &'static [&'static str] = &["days", "slot_zone"];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given<F: Fields>(args: &[&str]) -> Result<Value, clap::Error> {
        let command = Given::<F>::augment_args(Command::new("test").no_binary_name(true));
        let matches = command.try_get_matches_from(args)?;
        Ok(Value::Object(Given::<F>::from_arg_matches(&matches)?.entry("incident")))
    }

    /// Returns what a schema says of a property, wherever it does.
    fn told<'s>(schema: &'s Value, name: &str, found: &mut Vec<&'s Value>) {
        if let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) {
            found.push(property);
        }
        match schema {
            Value::Object(parts) => parts.values().for_each(|part| told(part, name, found)),
            Value::Array(parts) => parts.iter().for_each(|part| told(part, name, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn what_a_flag_takes_again_and_again_is_a_list_of_the_entry_format() {
        let schema: Value = serde_json::from_str(include_str!("../../schemas/entry.schema.json")).unwrap();
        let takes_list = |property: &Value| {
            let references = property.to_string();
            let defs = schema.get("$defs").and_then(Value::as_object).unwrap();
            let named = defs.iter().filter(|(name, _)| references.contains(&format!("\"#/$defs/{name}\"")));
            references.contains("\"array\"")
                || named.into_iter().any(|(_, def)| def.to_string().contains("\"array\""))
        };
        for flag in
            table::FIELDS.iter().filter(|flag| matches!(flag.takes, Takes::Texts(_) | Takes::Words(_)))
        {
            let mut found = Vec::new();
            told(&schema, flag.name, &mut found);
            let is_part = Any::WITHOUT.contains(&flag.name);
            assert!(is_part || found.iter().any(|property| takes_list(property)), "{}: {found:?}", flag.name);
        }
    }

    #[test]
    fn every_field_has_the_shape_that_the_api_takes() {
        let entry = given::<Any>(&[
            "--date",
            "어제 15:00",
            "--to",
            "PRK",
            "--to",
            "x-unc",
            "--capability",
            "voice,fax",
            "--slot",
            "09:00",
            "--round",
            "3",
            "--partly",
            "--text",
            "ko-KP=통지문",
            "--link",
            "contradicts=ik-071",
            "--in-reply-to",
            "ik-147",
            "--set",
            "place=null",
            "--set",
            "summary=null and void",
        ]);
        let expected = json!({
            "kind": "incident", "date": "어제 15:00", "to": ["PRK", "x-unc"], "capabilities": ["voice", "fax"],
            "slots": ["09:00"], "round": 3, "partly": true, "in_reply_to": ["ik-147"], "place": null,
            "texts": [{"language": "ko-KP", "text": "통지문"}],
            "links": [{"relation": "contradicts", "target": "ik-071"}], "summary": "null and void",
        });
        assert_eq!(entry.unwrap(), expected);
    }

    #[test]
    fn a_value_is_text_unless_it_is_plainly_json() {
        for (typed, name, value) in [
            ("summary=5", "summary", json!("5")),
            ("round=5", "round", json!(5)),
            ("deadline=null", "deadline", Value::Null),
            ("deadline=\"null\"", "deadline", json!("null")),
            ("to=[\"KOR\",\"PRK\"]", "to", json!(["KOR", "PRK"])),
            ("proposed-date=2026-01-01", "proposed_date", json!("2026-01-01")),
            ("note=a=b", "note", json!("a=b")),
            ("note=", "note", json!("")),
            ("of_the_future=1", "of_the_future", json!("1")),
            ("text=ko=새 제의", "texts", json!({"language": "ko", "text": "새 제의"})),
            (
                "texts=[{\"language\":\"ko\",\"text\":\"x\"}]",
                "texts",
                json!([{"language": "ko", "text": "x"}]),
            ),
            ("link=contradicts=ik-071", "links", json!({"relation": "contradicts", "target": "ik-071"})),
        ] {
            assert_eq!(set(typed), Ok((name.to_owned(), value)), "{typed}");
        }
        for wrong in ["summary", "=x", "to=[", "round=three"] {
            assert!(set(wrong).is_err(), "{wrong}");
        }
        for (wrong, says) in [
            ("round=two", "`round` takes one in figures: round=2"),
            ("note=[sic] as it was", "goes into quotes of its own"),
            ("text=새 제의", "write LANGUAGE=TEXT"),
        ] {
            let error = set(wrong).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_word_that_is_not_on_its_list_is_a_matter_of_usage() {
        for wrong in [["--form", "telegraph"], ["--slot", "25:00"], ["--round", "three"]] {
            assert_eq!(given::<Any>(&wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn every_name_of_a_command_is_in_the_table_and_every_flag_is_its_own() {
        let mut flags: Vec<&str> = FIELDS.iter().map(|field| field.flag).collect();
        let all = flags.len();
        flags.sort_unstable();
        flags.dedup();
        assert_eq!(flags.len(), all);
        for name in COMMON.iter().chain(table::NAMES) {
            assert!(FIELDS.iter().any(|field| field.name == *name), "{name}");
        }
    }
}
