//! The words of an entry: every text of it in which somebody may look for something.
//!
//! Ids, dates, numbers and the words of closed lists are left out: filters ask for those.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::marking::Marking;
use crate::domain::text::{Language, Text};

/// The fields of a detail that hold prose, at whatever depth.
const DETAIL: [&str; 24] = [
    "agenda",
    "captions",
    "cause",
    "comment",
    "conditions",
    "heads",
    "info",
    "judgement",
    "level",
    "name",
    "office",
    "outlet",
    "particulars",
    "passed_by",
    "place",
    "proposed_place",
    "reason",
    "reference",
    "remark",
    "searched",
    "terms",
    "text",
    "title",
    "basis",
];

/// A text of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it stands: `summary`, `text`, `note`, `speaker`, `topic`, `reason`, `source`, or the name of a
    /// field of the detail.
    pub place: &'static str,
    /// The language of a version of a text, where that is said.
    pub language: Option<Language>,
    /// Whether that version is a translation made by the desk.
    pub translation: bool,
    /// How far that version may travel, where it differs from the entry.
    pub marking: Option<Marking>,
    /// The words.
    pub text: String,
}

/// The words of a recorded body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose {
    /// What the event itself says.
    pub own: Vec<Passage>,
    /// Of an amendment what its entry says from then on.
    pub reading: Option<Vec<Passage>>,
}

/// A body, with what is no prose left unread.
#[derive(Deserialize)]
struct Body<'body> {
    kind: Kind,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    texts: Vec<Text>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    speaker: Option<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    sources: Vec<Source>,
    #[serde(borrow, default)]
    detail: Option<&'body RawValue>,
}

#[derive(Deserialize)]
struct Source {
    locator: String,
    #[serde(default)]
    claim: Option<String>,
}

#[derive(Deserialize)]
struct Amendment<'body> {
    #[serde(borrow)]
    reading: &'body RawValue,
}

#[derive(Deserialize)]
struct Held<'body> {
    #[serde(borrow)]
    entry: &'body RawValue,
}

impl Passage {
    fn of(place: &'static str, text: String) -> Self {
        Self { place, language: None, translation: false, marking: None, text }
    }
}

impl Prose {
    /// Reads the words of a recorded body.
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` found wrong where it is no body of an event.
    pub fn of(body: &str) -> Result<Self, serde_json::Error> {
        let body: Body<'_> = serde_json::from_str(body)?;
        let (kind, detail) = (body.kind, body.detail);
        let mut prose = Self { own: body.into_passages(), reading: None };
        match detail {
            Some(detail) if kind == Kind::RecordAmended => {
                let amendment: Amendment<'_> = serde_json::from_str(detail.get())?;
                prose.reading = Some(Self::of(amendment.reading.get())?.own);
            }
            Some(detail) if kind == Kind::EntryHeld => {
                let held: Held<'_> = serde_json::from_str(detail.get())?;
                prose.own.extend(Self::of(held.entry.get())?.own);
            }
            Some(detail) if detail.get().contains('"') => {
                gather(&serde_json::from_str(detail.get())?, kind, None, &mut prose.own);
            }
            Some(_) | None => {}
        }
        Ok(prose)
    }

    /// Returns the words of an event.
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` could not write; no shape of an event gives it cause to.
    pub fn of_event(event: &Event) -> Result<Self, serde_json::Error> {
        Self::of(&event.encode()?)
    }
}

impl Body<'_> {
    fn into_passages(self) -> Vec<Passage> {
        let one = |place: &'static str, text: Option<String>| text.map(|text| Passage::of(place, text));
        let mut passages: Vec<Passage> = one("summary", self.summary).into_iter().collect();
        passages.extend(self.texts.into_iter().map(|version| Passage {
            place: "text",
            language: Some(version.language),
            translation: version.translation,
            marking: version.marking,
            text: version.text,
        }));
        passages.extend(one("note", self.note));
        passages.extend(one("speaker", self.speaker));
        passages.extend(self.topics.into_iter().map(|topic| Passage::of("topic", topic)));
        passages.extend(one("reason", self.reason));
        let sources = self.sources.into_iter();
        // The words of an address on the web are those of whoever runs the site.
        let named = |locator: String| (!is_address(&locator)).then_some(locator);
        let sources = sources.flat_map(|source| [named(source.locator), source.claim]).flatten();
        passages.extend(sources.map(|text| Passage::of("source", text)));
        passages
    }
}

/// Tells whether a text is an address on the web and nothing else.
fn is_address(text: &str) -> bool {
    let text = text.trim();
    text.contains("://") && !text.contains(char::is_whitespace)
}

/// Gathers the prose of a value that stands in a detail under the name of a field.
fn gather(value: &Value, kind: Kind, field: Option<&'static str>, passages: &mut Vec<Passage>) {
    match (value, field) {
        (Value::String(text), Some(field)) => passages.push(Passage::of(field, text.clone())),
        (Value::Array(values), field) => {
            for value in values {
                gather(value, kind, field, passages);
            }
        }
        (Value::Object(fields), _) => {
            let before = passages.len();
            for (name, value) in fields.iter().filter(|(name, _)| is_its_own(kind, name)) {
                let prose = DETAIL.iter().copied().find(|prose| prose == name);
                // Of a name in a register.
                let prose = prose.map(|prose| if prose == "text" { "name" } else { prose });
                gather(value, kind, prose, passages);
            }
            // A name in a register says its language beside it.
            let language = fields.get("language").and_then(Value::as_str);
            if let (Some(language), Some(name)) = (language, passages.get_mut(before)) {
                name.language = Language::try_from(language.to_owned()).ok();
            }
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {}
    }
}

/// Tells whether a field of a detail is what the event itself says, in words of its own.
fn is_its_own(kind: Kind, field: &str) -> bool {
    match field {
        // The reading of another entry.
        "reading" | "replacement" => false,
        // Elsewhere a word of a closed list.
        "basis" => kind == Kind::RecordRedacted,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(passages: &[Passage]) -> Vec<(&str, &str)> {
        passages.iter().map(|passage| (passage.place, passage.text.as_str())).collect()
    }

    #[test]
    fn every_text_of_an_entry_is_among_its_words() {
        let body = r#"{"kind":"response.counter_proposed","occurred":"2011-01-26","summary":"Seoul proposes talks.",
            "topics":["military talks"],"texts":[{"language":"ko-KR","text":"군사회담"},{"language":"en","text":"Talks",
            "translation":true,"marking":"TLP:AMBER"}],"note":"by fax","speaker":"a spokesman","reason":"a slip",
            "sources":[{"locator":"KCNA","claim":"no talks"},{"locator":"https://example.org/military-talks"}],
            "detail":{"conditions":["drills stop"],"offer":{"terms":"at Panmunjom","proposed_place":"Freedom House"},"scope":"whole"}}"#;
        let prose = Prose::of(body).unwrap();
        assert_eq!(
            texts(&prose.own),
            [
                ("summary", "Seoul proposes talks."),
                ("text", "군사회담"),
                ("text", "Talks"),
                ("note", "by fax"),
                ("speaker", "a spokesman"),
                ("topic", "military talks"),
                ("reason", "a slip"),
                ("source", "KCNA"),
                ("source", "no talks"),
                ("conditions", "drills stop"),
                ("proposed_place", "Freedom House"),
                ("terms", "at Panmunjom"),
            ]
        );
        let english = prose.own.get(2).unwrap();
        assert_eq!(english.language.as_ref().unwrap().to_string(), "en");
        assert!(english.translation && english.marking.is_some() && prose.reading.is_none());
    }

    #[test]
    fn an_amendment_has_its_own_words_and_those_of_the_new_reading() {
        let body = r#"{"kind":"record.amended","reason":"a second source","detail":{"target":
            "00000000-0000-0000-0000-000000000001","reading":{"kind":"incident","summary":"Two shots"}}}"#;
        let prose = Prose::of(body).unwrap();
        assert_eq!(texts(&prose.own), [("reason", "a second source")]);
        assert_eq!(texts(&prose.reading.unwrap()), [("summary", "Two shots")]);
    }

    #[test]
    fn a_name_in_a_register_keeps_its_language() {
        let body = r#"{"kind":"party.registered","detail":{"code":"KOR/mnd","names":[{"text":"국방부","language":"ko-KR"}]}}"#;
        let prose = Prose::of(body).unwrap();
        assert_eq!(texts(&prose.own), [("name", "국방부")]);
        assert_eq!(prose.own[0].language.as_ref().unwrap().to_string(), "ko-KR");
    }

    /// Fields of details that hold a text which is no prose.
    const NO_PROSE: [&str; 24] = [
        "clearance",
        "code",
        "compartments",
        "from",
        "id",
        "issuer",
        "key",
        "language",
        "levels",
        "log",
        "marking_default",
        "marking_min",
        "namespace",
        "new",
        "old",
        "password",
        "purpose",
        "root",
        "scheme",
        "signature",
        "subject",
        "token",
        "two_people",
        "zone",
    ];

    /// Gathers the names of the fields of a schema that take any text.
    fn free_texts(schema: &Value, name: &str, found: &mut Vec<String>) {
        let Value::Object(fields) = schema else { return };
        let kinds = fields.get("type").map(ToString::to_string).unwrap_or_default();
        let closed = ["enum", "const", "format", "pattern"].iter().any(|word| fields.contains_key(*word));
        if kinds.contains("\"string\"") && !closed {
            found.push(name.to_owned());
        }
        for (word, value) in fields {
            match (word.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    properties.iter().for_each(|(name, value)| free_texts(value, name, found));
                }
                ("$defs", _) => {}
                (_, Value::Array(values)) => values.iter().for_each(|value| free_texts(value, name, found)),
                (_, value) => free_texts(value, name, found),
            }
        }
    }

    #[test]
    fn of_every_free_text_of_a_detail_it_is_decided_whether_it_is_prose() {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let mut generator = schemars::SchemaGenerator::default();
            let schema = kind.detail_schema(&mut generator);
            free_texts(&serde_json::to_value(&schema).unwrap(), "", &mut found);
            for (_, definition) in generator.definitions() {
                free_texts(definition, "", &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|name| {
            !name.is_empty() && !DETAIL.contains(&name.as_str()) && !NO_PROSE.contains(&name.as_str())
        });
        assert!(found.is_empty(), "{found:?}");
    }
}
