//! `amend`, `retract`, `link`, `annotate`: nothing is edited, so a correction is an entry about an entry.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;
use crate::cli::fields::{put, set};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;

/// How far a correction itself may travel: its reason, its remark.
#[derive(Debug, Clone, Default, Args)]
struct Marked {
    /// How far the correction itself may travel, and its reason: a level of the marking scheme
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// A compartment in which the correction itself is; again for each
    #[arg(long, value_name = "NAME")]
    compartment: Vec<String>,
}

impl Marked {
    /// Puts it into a correction.
    fn put(&self, draft: Draft) -> Draft {
        let compartments = (!self.compartment.is_empty()).then(|| json!(self.compartment));
        draft.with("marking", self.marking.as_deref()).with("compartment", compartments)
    }
}

/// An entry reads otherwise from now on.
#[derive(Debug, Args)]
pub(super) struct Amend {
    /// The entry
    handle: String,
    /// A field and its new value, as when it is recorded (`text='ko=…'`); `null` removes it; again for more fields, or
    /// for a list
    #[arg(long, value_name = "FIELD=VALUE", required = true, value_parser = change)]
    set: Vec<(String, Value)>,
    /// Why it is corrected
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    marked: Marked,
    #[command(flatten)]
    submission: Submission,
}

/// Reads a field and its new value. `kind` is that of the entry; the kinds that a policy is for are `kinds`.
fn change(typed: &str) -> Result<(String, Value), String> {
    match typed.split_once('=') {
        Some((name, kind)) if name.trim() == "kind" => Ok(("kind".to_owned(), json!(kind.trim()))),
        _ => set(typed),
    }
}

impl Amend {
    /// Records the correction.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let mut changes = Map::new();
        for (name, value) in &self.set {
            put(&mut changes, name, value.clone());
        }
        let entry = json!({
            "kind": "record.amended", "target": self.handle, "changes": changes, "reason": self.reason,
        });
        submit(session, entry, &self.marked, &self.submission)
    }
}

/// An entry is struck.
#[derive(Debug, Args)]
pub(super) struct Retract {
    /// The entry; striking a retraction restores what it struck
    handle: String,
    /// Why it is struck
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    marked: Marked,
    #[command(flatten)]
    submission: Submission,
}

impl Retract {
    /// Records the retraction.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let entry = json!({ "kind": "record.retracted", "target": self.handle, "reason": self.reason });
        submit(session, entry, &self.marked, &self.submission)
    }
}

/// What one entry does to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Relation {
    /// It replies to the other
    Answers,
    /// It makes a proposal of its own in reply to the other
    Counters,
    /// It says the other again on the same terms
    Reiterates,
    /// It changes the terms of the other
    Revises,
    /// It takes the place of the other
    Supersedes,
    /// It speaks to the other before the other was made
    Anticipates,
    /// It carries out what the other offered
    Realises,
    /// It bears on the other in a way that its kind tells
    Concerns,
    /// It is a part of the other
    PartOf,
    /// It stands where the other was
    Replaces,
    /// It reports otherwise
    Contradicts,
    /// It reports the same from elsewhere
    Corroborates,
    /// It mends the other
    Corrects,
    /// It reports what the other already reports
    Duplicates,
    /// It happened before the other, whatever the dates say
    Before,
    /// It happened after the other, whatever the dates say
    After,
}

/// How sure someone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Confidence {
    /// Weak grounds
    Low,
    /// Fair grounds
    Medium,
    /// Strong grounds
    High,
}

fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// An entry bears on another, or no longer does.
#[derive(Debug, Args)]
pub(super) struct Link {
    /// The entry that bears on the other
    entry: String,
    /// What it does to the other
    relation: Relation,
    /// The other entry
    target: String,
    /// How sure you are
    #[arg(long)]
    confidence: Option<Confidence>,
    /// The party that says so, where it is not the desk itself
    #[arg(long, value_name = "PARTY")]
    asserted_by: Option<String>,
    /// Take the assertion back
    #[arg(long)]
    withdraw: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    marked: Marked,
    #[command(flatten)]
    submission: Submission,
}

impl Link {
    /// Records the assertion.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let mut link = Map::new();
        link.insert("relation".to_owned(), json!(word(&self.relation)));
        link.insert("target".to_owned(), json!(self.target));
        if let Some(confidence) = &self.confidence {
            link.insert("confidence".to_owned(), json!(word(confidence)));
        }
        if let Some(party) = &self.asserted_by {
            link.insert("asserted_by".to_owned(), json!(party));
        }
        let entry = json!({ "kind": "record.linked", "entry": self.entry, "link": link });
        let draft = Draft::new(object(entry))
            .with("withdrawn", self.withdraw.then_some(true))
            .with("reason", self.reason.as_deref());
        self.marked.put(draft).send(session, &self.submission)
    }
}

/// A remark on an entry, that moves nothing.
#[derive(Debug, Args)]
pub(super) struct Annotate {
    /// The entry
    handle: String,
    /// The remark
    remark: String,
    #[command(flatten)]
    marked: Marked,
    #[command(flatten)]
    submission: Submission,
}

impl Annotate {
    /// Records the remark.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let entry = json!({ "kind": "record.annotated", "target": self.handle, "remark": self.remark });
        submit(session, entry, &self.marked, &self.submission)
    }
}

fn submit(
    session: &mut Session,
    entry: Value,
    marked: &Marked,
    submission: &Submission,
) -> Result<(), Failure> {
    marked.put(Draft::new(object(entry))).send(session, submission)
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{entries, usage};
    use serde_json::json;

    #[test]
    fn a_correction_names_its_reason() {
        assert_eq!(
            entries(&[
                "amend",
                "ik-077",
                "--set",
                "effective=2013-03-11",
                "--set",
                "note=null",
                "--reason",
                "two dates"
            ]),
            [json!({
                "kind": "record.amended", "target": "ik-077", "reason": "two dates",
                "changes": {"effective": "2013-03-11", "note": null},
            })]
        );
        assert_eq!(
            entries(&["retract", "ik-077", "--reason", "reported twice"]),
            [json!({"kind": "record.retracted", "target": "ik-077", "reason": "reported twice"})]
        );
        for wrong in [
            &["amend", "ik-077", "--set", "note=x"][..],
            &["retract", "ik-077"],
            &["amend", "ik-077", "--reason", "x"],
        ] {
            assert_eq!(usage(wrong), 2, "{wrong:?}");
        }
    }

    #[test]
    fn the_kind_of_an_entry_is_not_taken_for_the_kinds_of_a_policy() {
        let changes =
            |set: &str| entries(&["amend", "x", "--set", set, "--reason", "y"]).remove(0)["changes"].clone();
        assert_eq!(changes("kind=incident"), json!({"kind": "incident"}));
        assert_eq!(changes("kinds=overture.demanded"), json!({"kinds": "overture.demanded"}));
    }

    #[test]
    fn an_assertion_is_made_and_taken_back() {
        assert_eq!(
            entries(&["link", "ik-073", "answers", "ik-072", "--confidence", "high"]),
            [json!({
                "kind": "record.linked", "entry": "ik-073",
                "link": {"relation": "answers", "target": "ik-072", "confidence": "high"},
            })]
        );
        assert_eq!(
            entries(&["link", "ik-073", "part_of", "ik-071", "--withdraw", "--reason", "wrong offer"]),
            [json!({
                "kind": "record.linked", "entry": "ik-073", "withdrawn": true, "reason": "wrong offer",
                "link": {"relation": "part_of", "target": "ik-071"},
            })]
        );
        assert_eq!(
            entries(&["annotate", "ik-143", "answers no named overture", "--marking", "TLP:RED"]),
            [json!({
                "kind": "record.annotated", "target": "ik-143", "remark": "answers no named overture",
                "marking": "TLP:RED",
            })]
        );
    }
}
