//! What the quick forms share: a fact of today unless a date is given, and one sentence.

use serde_json::{Map, Value, json};

use crate::cli::failure::{Failure, Given};
use crate::cli::fields::put;
use crate::cli::record::{Submission, send};
use crate::cli::session::Session;

/// An entry as it is put together.
#[derive(Debug, Clone)]
pub(super) struct Draft(Map<String, Value>);

impl Draft {
    /// Begins with what was given as flags.
    pub(super) fn new(entry: Map<String, Value>) -> Self {
        Self(entry)
    }

    /// Dates it today where no date was given: the quick forms report what is happening, and the answer
    /// echoes the day that it was read as.
    pub(super) fn today(mut self) -> Self {
        self.0.entry("date").or_insert_with(|| json!("today"));
        self
    }

    /// Puts in a word where the field is not given; the help says which.
    pub(super) fn or(mut self, name: &str, word: &str) -> Self {
        self.0.entry(name).or_insert_with(|| json!(word));
        self
    }

    /// Puts in a field where there is something to put.
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            put(&mut self.0, name, value.into());
        }
        self
    }

    /// Puts in the sentence that was typed by itself rather than as `--summary`.
    pub(super) fn sentence(self, sentence: Option<&str>) -> Result<Self, Failure> {
        if sentence.is_some() && self.0.contains_key("summary") {
            return Err(Failure::Usage {
                what: "the summary is given twice".to_owned(),
                hint: "give it by itself or as `--summary`".to_owned(),
            });
        }
        Ok(self.with("summary", sentence))
    }

    /// Takes a field of which several can be typed for the one that it is; of several the API says that one is
    /// meant.
    pub(super) fn alone(mut self, name: &str) -> Self {
        if let Some(Value::Array(values)) = self.0.get_mut(name)
            && let ([_], Some(only)) = (values.as_slice(), values.first().cloned())
        {
            self.0.insert(name.to_owned(), only);
        }
        self
    }

    /// Puts texts before those that the field already has.
    pub(super) fn front(mut self, name: &str, texts: &[String]) -> Self {
        let later = self.0.remove(name).unwrap_or(Value::Array(Vec::new()));
        let later = if let Value::Array(list) = later { list } else { vec![later] };
        let all: Vec<Value> = texts.iter().map(|text| json!(text)).chain(later).collect();
        self.0.insert(name.to_owned(), Value::Array(all));
        self
    }

    /// Moves fields into an object of their own, where any is given.
    pub(super) fn nest(mut self, name: &str, fields: &[(&str, &str)]) -> Self {
        let inner: Map<String, Value> =
            fields.iter().filter_map(|(from, to)| Some(((*to).to_owned(), self.0.remove(*from)?))).collect();
        if !inner.is_empty() {
            self.0.insert(name.to_owned(), Value::Object(inner));
        }
        self
    }

    /// Returns the entry.
    pub(super) fn entry(self) -> Map<String, Value> {
        self.0
    }

    /// Records it.
    pub(super) fn send(self, session: &mut Session, submission: &Submission) -> Result<(), Failure> {
        send(session, vec![self.0], submission, Given::Flags)
    }
}
