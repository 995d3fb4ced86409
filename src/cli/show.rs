//! `show`: one entry, whole.

use clap::Args;
use serde_json::Value;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Show, Text};
use crate::cli::session::Session;
use crate::cli::{timeline, words};
use crate::desk::answer::Answer;
use crate::desk::answer::entry::{EntryDetail, EntryRow, LinkRow};
use crate::http::client::path;

/// Which entry.
#[derive(Debug, Args)]
pub(super) struct Entry {
    /// The entry
    #[arg(value_parser = handle)]
    handle: String,
}

/// Reads what names an entry: what it names the log says, but nothing is no name.
pub(super) fn handle(typed: &str) -> Result<String, String> {
    match typed.trim() {
        "" => {
            Err("nothing is named; an entry is named by its id in its file (ik-147), its place in the log \
                   (#12), or the first digits of its own id"
                .to_owned())
        }
        typed => Ok(typed.to_owned()),
    }
}

impl Entry {
    /// Shows the entry.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let answer: Answer<EntryDetail> = session.get(&path(&["v1", "entries", &self.handle]), &())?;
        session.show(&answer)
    }
}

impl Show for EntryDetail {
    fn text(&self, text: &mut Text) {
        let row = &self.row;
        text.heading(&words::entry(&row.entry));
        text.hanging(2, &timeline::what(row));
        let who = timeline::who(row);
        if !who.is_empty() {
            text.hanging(2, &who);
        }
        let own = self.reading.get("marking").and_then(Value::as_str);
        if let Some(marking) = row.marking.as_deref().filter(|marking| Some(*marking) != own) {
            text.hanging(2, &format!("{marking}, as the correction is by which it reads so"));
        }
        if !self.standing.is_empty() {
            text.heading("Where it stands");
            self.standing.iter().for_each(|line| text.hanging(2, line));
        }
        if let Some(removal) = &self.removal {
            text.heading("Its text was removed");
            text.hanging(2, &format!("basis: {}", removal.basis));
            let by: Vec<&str> = removal.approvals.iter().map(|approval| approval.by.as_str()).collect();
            text.hanging(2, &format!("approved by {}", by.join(" and ")));
            let at = words::moment(removal.recorded_at, text.zone());
            text.hanging(2, &format!("by the record at position {}, recorded {at}", removal.position));
        }
        if self.removal.is_none() || row.entry.kind.is_some() {
            text.heading(if self.removal.is_some() { "What is said instead" } else { "Latest reading" });
            fields(&self.reading, 2, text);
        }
        links("It bears on", &self.linked_to, text);
        links("What bears on it", &self.linked_from, text);
        if !self.anomalies.is_empty() {
            text.heading("Anomalies");
            for anomaly in &self.anomalies {
                text.hanging(2, &format!("expected {}, found {}", anomaly.expected, anomaly.found));
            }
        }
        text.heading("In the log");
        let at = words::moment(row.recorded_at, text.zone());
        text.hanging(2, &format!("position {}, recorded {at} by {}", row.position, row.recorder));
        text.hanging(2, &format!("id {}", row.entry.id));
        text.hanging(2, &format!("leaf {}", self.leaf_hash));
        text.hanging(2, &format!("submission {}", self.request));
        if let Some(key) = &self.signed_with {
            text.hanging(2, &format!("signed by its author with the key {key}"));
        }
        if self.readings > 0 {
            let readings = words::count(self.readings.into(), "other reading", "other readings");
            text.hanging(2, &format!("{readings}: `demarche history {}` shows them", row.entry.handle));
        }
    }

    fn columns() -> &'static [&'static str] {
        &[
            "position",
            "recorded_at",
            "recorder",
            "handle",
            "id",
            "kind",
            "date",
            "date_words",
            "from",
            "to",
            "about",
            "via",
            "summary",
            "confidence",
            "marking",
            "struck",
            "amended",
            "redacted",
            "reading",
            "readings",
            "standing",
            "linked_to",
            "linked_from",
            "leaf_hash",
            "request",
            "signed_with",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let links = |links: &[LinkRow]| {
            words::joined(links.iter().map(|link| format!("{} {}", link.relation, link.entry.handle)))
        };
        let mut cells = EntryRow::cells(&self.row);
        cells.extend([
            self.reading.to_string(),
            self.readings.to_string(),
            words::joined(&self.standing),
            links(&self.linked_to),
            links(&self.linked_from),
            self.leaf_hash.clone(),
            self.request.to_string(),
            self.signed_with.clone().unwrap_or_default(),
        ]);
        vec![cells]
    }
}

fn links(heading: &str, links: &[LinkRow], text: &mut Text) {
    if links.is_empty() {
        return;
    }
    text.heading(heading);
    for link in links {
        let sure = link.confidence.as_deref().map(|sure| format!(", confidence {sure}")).unwrap_or_default();
        let relation = words::spoken(&link.relation);
        let by = format!("says {}{sure}", link.asserted_by);
        text.hanging(2, &format!("{relation} {} ({by})", words::told(&link.entry)));
    }
}

/// Writes the fields of a reading, those within others further in.
pub(super) fn fields(value: &Value, indent: usize, text: &mut Text) {
    let Value::Object(object) = value else {
        text.hanging(indent, &plain(value));
        return;
    };
    for (name, value) in object {
        let name = words::spoken(name);
        match value {
            Value::Object(_) => {
                text.hanging(indent, &format!("{name}:"));
                fields(value, indent + 2, text);
            }
            Value::Array(list) if list.iter().any(Value::is_object) => {
                text.hanging(indent, &format!("{name}:"));
                for item in list {
                    text.hanging(indent + 2, &format!("- {}", inline(item)));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                text.hanging(indent, &format!("{name}: {}", plain(value)));
            }
        }
    }
}

fn inline(value: &Value) -> String {
    let Value::Object(object) = value else { return plain(value) };
    let parts = object.iter().map(|(name, value)| format!("{}: {}", words::spoken(name), inline(value)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Returns a value as a person writes it: text without quotes, a list with commas.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(inline).collect::<Vec<_>>().join(", "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => words::NO_RECORD.to_owned(),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_ref, entry_row, shown, shown_wide, usage};
    use serde_json::json;

    #[test]
    fn a_question_about_nothing_is_usage() {
        for args in [["show", ""], ["thread", " "], ["history", ""]] {
            assert_eq!(usage(&args), 2, "{args:?}");
        }
    }

    #[test]
    fn an_entry_is_shown_whole() {
        let detail = EntryDetail {
            row: entry_row("ik-147", "overture.proposed", "2025-11-17"),
            reading: json!({
                "kind": "overture.proposed", "from": ["KOR/mnd"], "proposed_date": null, "partly": true,
                "texts": [{"language": "ko-KR", "text": "군사회담 제의"}], "offer": {"terms": "talks\non the line"},
            }),
            removal: None,
            readings: 1,
            standing: vec!["ik-147: standing, pending (no answer is recorded)".to_owned()],
            linked_from: vec![LinkRow {
                relation: "concerns".to_owned(),
                entry: entry_ref("ik-148", "overture.urged", "2025-11-20"),
                confidence: Some("high".to_owned()),
                asserted_by: "kim".to_owned(),
            }],
            linked_to: Vec::new(),
            anomalies: Vec::new(),
            leaf_hash: "ab".repeat(32),
            request: "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d".parse().unwrap(),
            signed_with: None,
        };
        insta::assert_snapshot!(shown(&detail));
        insta::assert_snapshot!(shown_wide(&detail, 60));
    }
}
