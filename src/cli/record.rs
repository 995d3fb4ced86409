//! `record`: any kind of entry, from flags or as JSON; and how every command that records sends its entries.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use crate::cli::failure::{Failure, Given as From};
use crate::cli::fields::{Any, Given};
use crate::cli::output::{Show, Text};
use crate::cli::receipt;
use crate::cli::session::{Session, new_request};
use crate::cli::{signing, words};
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Recorded, RecordedEntry};
use crate::desk::ask::{RecordAsk, Strict};
use crate::desk::error::Fault;
use crate::domain::fact::Kind;
use crate::domain::id::RequestId;

/// How the entries of one command are recorded.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Recording")]
pub(super) struct Submission {
    /// Record only if what the entry is about is in this state
    #[arg(long, value_name = "STATE")]
    pub(super) expect: Option<String>,
    /// The id of the submission: sent again with the same entries it records nothing twice
    #[arg(long, value_name = "UUID")]
    pub(super) request: Option<RequestId>,
    /// Say what would be recorded, and record nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Wait until a checkpoint covers what was recorded, as `--wait checkpoint` does, and write the proof into
    /// this file, or the proofs into this directory
    #[arg(long, value_name = "PATH", conflicts_with = "dry_run")]
    pub(super) receipt: Option<PathBuf>,
}

/// Entries of any kind.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// The kind: `demarche record --help` lists them
    #[arg(required_unless_present = "json", conflicts_with = "json")]
    kind: Option<Kind>,
    /// Read entries as JSON from a file, or from standard input for `-`: one object, a list, or lines
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    fields: Given<Any>,
    #[command(flatten)]
    submission: Submission,
}

impl Record {
    /// Records the entries.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match (&self.kind, &self.json) {
            (Some(kind), _) => {
                send(session, vec![self.fields.entry(kind.as_str())], &self.submission, From::Flags)
            }
            (None, Some(path)) => {
                let extra = self.fields.entry("");
                if extra.len() > 1 {
                    return Err(Failure::Usage {
                        what: "fields are given both as flags and as JSON".to_owned(),
                        hint: "put them into the JSON, or leave `--json` out".to_owned(),
                    });
                }
                let entries = parse(&session.read(path)?).map_err(|fault| Failure::Data(vec![fault]))?;
                send(session, entries, &self.submission, From::Data)
            }
            (None, None) => Err(Failure::Usage {
                what: "nothing to record".to_owned(),
                hint: "name a kind, or give entries with `--json -`".to_owned(),
            }),
        }
    }
}

/// Records entries as one unit, and shows how they were understood.
pub(super) fn send(
    session: &mut Session,
    entries: Vec<Map<String, Value>>,
    submission: &Submission,
    given: From,
) -> Result<(), Failure> {
    let answer = submit(session, entries, submission, given)?;
    session.show(&answer)
}

/// Records entries as one unit.
pub(super) fn submit(
    session: &mut Session,
    entries: Vec<Map<String, Value>>,
    submission: &Submission,
    given: From,
) -> Result<Answer<Recorded>, Failure> {
    receipt::check(session, submission.receipt.as_deref())?;
    let request = submission.request.unwrap_or_else(new_request);
    let ask = RecordAsk {
        entries: entries.into_iter().map(Value::Object).collect(),
        request: Some(request),
        expect: submission.expect.clone(),
        dry_run: submission.dry_run,
        wait: session.globals.waits(submission.receipt.as_ref()),
        ..RecordAsk::default()
    };
    let answer: Result<Answer<Recorded>, Failure> = match session.globals.sign_with.clone() {
        Some(path) if !ask.dry_run => signing::record(session, &path, "/v1/submissions", &ask, given),
        Some(_) | None => {
            let body = serde_json::to_vec(&ask).map_err(|error| Failure::Garbled(error.to_string()))?;
            session.submit("/v1/entries", body, given)
        }
    };
    let answer = answer.map_err(|failure| failure.of_submission(request))?;
    if let (Some(path), Some(recorded)) = (&submission.receipt, &answer.data.receipt) {
        let entries = answer.data.entries.iter().filter_map(|entry| entry.position);
        if let Err(failure) = receipt::write(session, path, entries, &recorded.proofs) {
            // What is recorded must never look as if it were not.
            let why = failure.lines().join("; ");
            session.note(&format!(
                "it is recorded, and the proof was not written: {why}; `--request {request}` gives it again"
            ));
        }
    }
    Ok(answer)
}

/// Reads entries: one object, a list of objects, or one after the other.
fn parse(bytes: &[u8]) -> Result<Vec<Map<String, Value>>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
        at(line, "this is not UTF-8; save the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Strict>();
    loop {
        let rest = text.get(values.byte_offset()..).unwrap_or_default().trim_start();
        let line = 1 + text.bytes().take(text.len() - rest.len()).filter(|byte| *byte == b'\n').count();
        match values.next() {
            None => break,
            Some(Ok(Strict(Value::Object(entry)))) => entries.push(entry),
            Some(Ok(Strict(Value::Array(list)))) => {
                for value in list {
                    entries.push(
                        object(value)
                            .ok_or_else(|| at(line, "the list holds something that is no object"))?,
                    );
                }
            }
            Some(Ok(Strict(value))) => {
                return Err(at(
                    line,
                    format!("`{value}` is no entry; an entry is an object: {{\"kind\": …}}"),
                ));
            }
            Some(Err(error)) => {
                // Half an entry ends nowhere: where it begins can be found.
                let line = if error.is_eof() { line } else { error.line() };
                return Err(at(line, format!("this is not JSON: {error}")));
            }
        }
    }
    if entries.is_empty() {
        return Err(Fault::new("there is no entry; an entry is an object: {\"kind\": …}"));
    }
    Ok(entries)
}

fn object(value: Value) -> Option<Map<String, Value>> {
    if let Value::Object(object) = value { Some(object) } else { None }
}

fn at(line: usize, detail: impl Into<String>) -> Fault {
    Fault { line: u64::try_from(line).ok(), field: None, detail: detail.into() }
}

impl Show for Recorded {
    fn text(&self, text: &mut Text) {
        let repeated = self.receipt.as_ref().is_some_and(|receipt| receipt.repeated);
        for entry in &self.entries {
            told(
                entry,
                if self.receipt.is_none() {
                    "would record"
                } else if repeated {
                    "had recorded"
                } else {
                    "recorded"
                },
                text,
            );
        }
        for registered in &self.registered {
            let done = if self.receipt.is_none() { "would register" } else { "registered" };
            text.line(format!("{done}: {registered}"));
        }
        match &self.receipt {
            None => text.line("nothing was recorded: this was a dry run"),
            Some(receipt) if repeated => {
                text.line(format!(
                    "it had been recorded before, {}; nothing was recorded now",
                    words::moment(receipt.recorded_at, text.zone())
                ));
            }
            Some(receipt) => text.line(format!(
                "at position {}, {}; submission {}",
                receipt.first,
                words::moment(receipt.recorded_at, text.zone()),
                receipt.request
            )),
        }
        receipt::told(self.receipt.as_ref(), text);
    }

    fn columns() -> &'static [&'static str] {
        &["handle", "id", "position", "kind", "date", "summary", "echo", "doubtful", "anomalies", "now"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        self.entries.iter().map(cells).collect()
    }

    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        self.entries.iter().map(serde_json::to_string).collect()
    }
}

fn told(recorded: &RecordedEntry, done: &str, text: &mut Text) {
    text.line(format!("{done} {}", words::told(&recorded.entry)));
    for echo in &recorded.echo {
        text.hanging(2, &format!("understood: {echo}"));
    }
    for doubt in &recorded.doubtful {
        text.hanging(2, &format!("doubtful: {doubt}"));
    }
    for anomaly in &recorded.anomalies {
        text.hanging(2, &format!("anomaly: expected {}, found {}", anomaly.expected, anomaly.found));
    }
    for now in &recorded.now {
        text.hanging(2, &format!("now {now}"));
    }
}

fn cells(recorded: &RecordedEntry) -> Vec<String> {
    let entry = &recorded.entry;
    let anomalies = recorded
        .anomalies
        .iter()
        .map(|anomaly| format!("expected {}, found {}", anomaly.expected, anomaly.found));
    vec![
        entry.handle.clone(),
        entry.id.to_string(),
        recorded.position.map(|position| position.to_string()).unwrap_or_default(),
        entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
        words::value(entry.date.as_ref()),
        entry.summary.clone().unwrap_or_default(),
        words::joined(&recorded.echo),
        words::joined(&recorded.doubtful),
        words::joined(anomalies),
        words::joined(&recorded.now),
    ]
}

/// Returns the kinds for the help, a line for each family.
pub(super) fn kinds() -> String {
    let mut families: Vec<(&str, Vec<&str>)> = Vec::new();
    for kind in Kind::ALL {
        match families.last_mut().filter(|(family, _)| *family == kind.family()) {
            Some((_, kinds)) => kinds.push(kind.as_str()),
            None => families.push((kind.family(), vec![kind.as_str()])),
        }
    }
    let lines = families.iter().map(|(_, kinds)| format!("  {}", kinds.join(" ")));
    lines.collect::<Vec<_>>().join("\n")
}

/// Tells whether a path stands for standard input or output.
pub(super) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_ref, event, shown};
    use crate::desk::answer::entry::AnomalyRow;
    use crate::desk::answer::operation::ReceiptRow;

    #[test]
    fn entries_come_as_one_object_a_list_or_lines() {
        let entry = r#"{"kind":"incident"}"#;
        for (text, count) in [
            (entry.to_owned(), 1),
            (format!("\u{feff}{entry}\n"), 1),
            (format!("[{entry},\n{entry}]"), 2),
            (format!("{entry}\n{entry}\n\n{entry}"), 3),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap().len(), count, "{text}");
        }
    }

    #[test]
    fn what_is_no_entry_is_told_with_its_line() {
        let entry = "{\"kind\":\"incident\"}\n";
        for (text, line) in [
            (format!("{entry}{{\"kind\":").into_bytes(), Some(2)),
            (format!("{entry}{{\"kind\":\"incident\",\"kind\":1}}").into_bytes(), Some(2)),
            (format!("{entry}\n5").into_bytes(), Some(3)),
            (format!("{entry}[5]").into_bytes(), Some(2)),
            ([entry.as_bytes(), b"\n\xff"].concat(), Some(3)),
            (Vec::new(), None),
            (b"[]".to_vec(), None),
        ] {
            let fault = parse(&text).unwrap_err();
            assert_eq!(fault.line, line, "{fault:?}");
        }
    }

    fn recorded() -> Recorded {
        Recorded {
            entries: vec![RecordedEntry {
                entry: entry_ref("desk-1", "call.unanswered", "2025-11-24"),
                position: Some(151),
                corrects: None,
                echo: vec![
                    "date: 어제 is 24 November 2025".to_owned(),
                    "channel: Mil West is mil-west".to_owned(),
                ],
                doubtful: vec!["the same call is recorded as ik-150".to_owned()],
                anomalies: vec![AnomalyRow {
                    entry: entry_ref("desk-1", "call.unanswered", "2025-11-24"),
                    expected: "active, unresponsive".to_owned(),
                    found: "closed".to_owned(),
                }],
                now: vec!["mil-west: unresponsive".to_owned()],
            }],
            registered: vec!["party USA, United States".to_owned()],
            receipt: Some(ReceiptRow {
                request: "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d".parse().unwrap(),
                first: 151,
                ids: vec![event(2)],
                recorded_at: "2026-11-24T00:00:00.000000Z".parse().unwrap(),
                size: 152,
                root: "ab".repeat(32),
                repeated: false,
                proofs: Vec::new(),
            }),
        }
    }

    #[test]
    fn whoever_records_is_told_how_it_was_understood_and_what_is_doubtful() {
        insta::assert_snapshot!(shown(&recorded()));
        let mut repeated = recorded();
        repeated.receipt.iter_mut().for_each(|receipt| receipt.repeated = true);
        insta::assert_snapshot!(shown(&repeated));
        insta::assert_snapshot!(shown(&Recorded { receipt: None, ..recorded() }));
    }
}
