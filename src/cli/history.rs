//! `history`: what the record says of one entry, step by step, struck text included.

use clap::Args;
use serde_json::Value;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::{show, words};
use crate::desk::answer::entry::{FieldChange, HistoryRow};
use crate::desk::answer::{Answer, Page};
use crate::http::client::path;

/// Which entry.
#[derive(Debug, Args)]
pub(super) struct History {
    /// The entry
    #[arg(value_parser = crate::cli::show::handle)]
    handle: String,
}

impl History {
    /// Shows the steps.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = path(&["v1", "entries", &self.handle, "history"]);
        let answer: Answer<Page<HistoryRow>> = session.get(&path, &())?;
        session.show(&answer)
    }
}

impl Item for HistoryRow {
    const COLUMNS: &'static [&'static str] =
        &["position", "recorded_at", "recorder", "id", "step", "reason", "marking", "changes"];
    const NOTHING: &'static str = "no steps";

    fn cells(&self) -> Vec<String> {
        vec![
            self.position.to_string(),
            self.recorded_at.to_string(),
            self.recorder.clone(),
            self.id.to_string(),
            self.step.clone(),
            self.reason.clone().unwrap_or_default(),
            self.marking.clone().unwrap_or_default(),
            words::joined(self.changes.iter().map(changed)),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        for row in items {
            let at = words::moment(row.recorded_at, text.zone());
            let marked = row.marking.as_ref().map_or_else(String::new, |marking| format!(", {marking}"));
            text.heading(&format!(
                "{} {at} by {}, position {}{marked}",
                row.step, row.recorder, row.position
            ));
            if let Some(reason) = &row.reason {
                text.hanging(2, &format!("because {reason}"));
            }
            row.changes.iter().for_each(|change| text.hanging(2, &changed(change)));
        }
    }
}

fn changed(change: &FieldChange) -> String {
    let nothing = || Value::String("nothing".to_owned());
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("{}: {}", change.field, show::plain(after)),
        (before, after) => {
            let before = show::plain(before.as_ref().unwrap_or(&nothing()));
            format!("{}: {before} → {}", change.field, show::plain(after.as_ref().unwrap_or(&nothing())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{event, page, shown};
    use serde_json::json;

    #[test]
    fn every_step_tells_who_when_why_and_what() {
        let row = |position, step: &str, reason: Option<&str>, changes| HistoryRow {
            position,
            recorded_at: "2026-11-24T00:00:00.000000Z".parse().unwrap(),
            recorder: "김 서기관".to_owned(),
            id: event(position),
            step: step.to_owned(),
            reason: reason.map(str::to_owned),
            marking: (step == "amended").then(|| "TLP:RED".to_owned()),
            changes,
        };
        let change = |field: &str, before, after| FieldChange { field: field.to_owned(), before, after };
        let page = page(vec![
            row(7, "recorded", None, vec![change("occurred", None, Some(json!("2013-03-08")))]),
            row(
                9,
                "amended",
                Some("two dates in one"),
                vec![
                    change("effective", Some(json!("2013-03-08")), Some(json!("2013-03-11"))),
                    change("note", Some(json!("one date")), None),
                ],
            ),
        ]);
        insta::assert_snapshot!(shown(&page));
    }
}
