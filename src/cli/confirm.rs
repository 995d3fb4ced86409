//! `mark`, `confirm` and `held`: what counts when a second person confirmed it.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Item, Text};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::{Session, new_request};
use crate::cli::table::Table;
use crate::cli::{show, signing, words};
use crate::desk::answer::Answer;
use crate::desk::answer::held::HeldRow;
use crate::desk::answer::operation::Recorded;
use crate::desk::ask::{ConfirmAsk, HeldAsk};
use crate::domain::id::RequestId;
use crate::http::client::path;

/// An entry is marked otherwise.
#[derive(Debug, Args)]
pub(super) struct Mark {
    /// The entry
    #[arg(value_parser = show::handle)]
    handle: String,
    /// The level, of the marking scheme of the log
    marking: String,
    /// The compartments in which it is from now on; again for each, `none` for none; as it was without it
    #[arg(long, value_name = "NAME")]
    compartment: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    submission: Submission,
}

impl Mark {
    /// Records it, or proposes it where more people would see the entry.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let mut changes = Map::new();
        changes.insert("marking".to_owned(), json!(self.marking));
        match self.compartment.as_slice() {
            [] => {}
            [none] if none == "none" => {
                changes.insert("compartment".to_owned(), Value::Null);
            }
            named => {
                changes.insert("compartment".to_owned(), json!(named));
            }
        }
        let mut entry = Map::new();
        entry.insert("kind".to_owned(), json!("record.amended"));
        entry.insert("target".to_owned(), json!(self.handle));
        entry.insert("changes".to_owned(), Value::Object(changes));
        entry.insert("reason".to_owned(), json!(self.reason));
        Draft::new(entry).send(session, &self.submission)
    }
}

/// What somebody else recorded counts.
#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// What waits: `held` lists it
    #[arg(value_parser = show::handle)]
    handle: String,
    /// The id of the submission: sent again it confirms nothing twice
    #[arg(long, value_name = "UUID")]
    request: Option<RequestId>,
    /// Say what would be recorded, and record nothing
    #[arg(long)]
    dry_run: bool,
}

impl Confirm {
    /// Confirms it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let request = self.request.unwrap_or_else(new_request);
        let wait = session.globals.waits(None);
        let ask = ConfirmAsk { request: Some(request), dry_run: self.dry_run, wait };
        let answer: Result<Answer<Recorded>, Failure> = match session.globals.sign_with.clone() {
            Some(key) if !ask.dry_run => {
                let to = path(&["v1", "entries", &self.handle, "confirmation", "submission"]);
                signing::record(session, &key, &to, &ask, Given::Flags)
            }
            Some(_) | None => {
                let body = serde_json::to_vec(&ask).map_err(|error| Failure::Garbled(error.to_string()))?;
                session.submit(&path(&["v1", "entries", &self.handle, "confirmation"]), body, Given::Flags)
            }
        };
        let answer =
            if self.dry_run { answer } else { answer.map_err(|failure| failure.of_submission(request)) }?;
        session.show(&answer)
    }
}

/// Which page of what waits for a second person.
#[derive(Debug, Args)]
pub(super) struct Held {
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Held {
    /// Shows it, the oldest first.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        session.pages::<HeldRow>("/v1/held", self.limit, |limit, after| {
            json!(HeldAsk { limit: Some(limit), after })
        })
    }
}

impl Item for HeldRow {
    const COLUMNS: &'static [&'static str] = &[
        "handle",
        "id",
        "position",
        "recorded_at",
        "recorder",
        "kind",
        "date",
        "summary",
        "corrects",
        "marked_before",
        "marked",
        "reason",
        "also_seen",
    ];
    const NOTHING: &'static str = "nothing waits for a second person";

    fn cells(&self) -> Vec<String> {
        let entry = &self.entry;
        vec![
            entry.handle.clone(),
            entry.id.to_string(),
            self.position.to_string(),
            self.recorded_at.to_string(),
            self.recorder.clone(),
            entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            words::value(entry.date.as_ref()),
            entry.summary.clone().unwrap_or_default(),
            words::handle(self.corrects.as_ref()),
            self.marked_before.clone().unwrap_or_default(),
            self.marked.clone().unwrap_or_default(),
            self.reason.clone().unwrap_or_default(),
            self.also_seen.join("; "),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["waits", "since", "recorded by", "what", "why"]);
        for row in items {
            table.row([
                row.entry.handle.clone(),
                words::moment(row.recorded_at, text.zone()),
                row.recorder.clone(),
                what(row),
                row.reason.clone().unwrap_or_default(),
            ]);
        }
        text.table(&table);
    }
}

/// Returns what would be recorded.
fn what(row: &HeldRow) -> String {
    let kind = row.entry.kind.map(|kind| kind.to_string()).unwrap_or_default();
    let Some(corrects) = &row.corrects else {
        let summary = row.entry.summary.as_ref().map(|summary| format!(": {summary}"));
        return format!("{kind}{}", summary.unwrap_or_default());
    };
    let of = words::told(corrects);
    match (&row.marked_before, &row.marked) {
        (before, Some(marked)) if before.as_ref() != Some(marked) => {
            let before = before.as_deref().unwrap_or("not marked");
            let becomes = format!("{kind} of {of}; {before} becomes {marked}");
            std::iter::once(&becomes).chain(&row.also_seen).cloned().collect::<Vec<_>>().join("; ")
        }
        _ => format!("{kind} of {of}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{entries, usage};
    use serde_json::json;

    #[test]
    fn a_marking_is_an_amendment_with_a_reason() {
        assert_eq!(
            entries(&["mark", "ik-147", "TLP:GREEN", "--compartment", "none", "--reason", "published"]),
            [json!({
                "kind": "record.amended", "target": "ik-147", "reason": "published",
                "changes": {"marking": "TLP:GREEN", "compartment": null},
            })]
        );
        for wrong in [&["mark", "ik-147", "TLP:GREEN"][..], &["mark", "ik-147"], &["confirm"]] {
            assert_eq!(usage(wrong), 2, "{wrong:?}");
        }
    }
}
