//! `diff`: what changed between two knowings, and the events that did it.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Diff as Shown, DiffRow, LogRow};

/// Between which knowings.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The earlier knowing: a position, a recorded time or date, or the name of a moment
    from: String,
    /// The later; everything that is known without it
    to: Option<String>,
}

impl Diff {
    /// Shows what changed.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let answer = between(session, &self.from, self.to.as_deref())?;
        session.show(&answer)
    }
}

/// Returns what changed between two knowings; without a later one, up to the last position of the log.
pub(super) fn between(session: &mut Session, from: &str, to: Option<&str>) -> Result<Answer<Shown>, Failure> {
    let to = if let Some(to) = to {
        to.to_owned()
    } else {
        let log: Answer<LogRow> = session.get_plain("/v1/log")?;
        log.data.size.saturating_sub(1).to_string()
    };
    session.get("/v1/diff", &json!({ "from": from, "to": to }))
}

impl Show for Shown {
    fn text(&self, text: &mut Text) {
        let position = |position: Option<u64>| {
            position
                .map_or_else(|| "before anything was recorded".to_owned(), |at| format!("at position {at}"))
        };
        text.line(format!("what was known {}, and {}:", position(self.from), position(self.to)));
        if self.changes.is_empty() {
            text.line("nothing reads otherwise");
        }
        for change in &self.changes {
            text.gap();
            told(change, text);
        }
    }

    fn columns() -> &'static [&'static str] {
        &["what", "name", "before", "after", "by", "by_positions"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        self.changes.iter().map(cells).collect()
    }

    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        self.changes.iter().map(serde_json::to_string).collect()
    }
}

fn told(change: &DiffRow, text: &mut Text) {
    let unknown = || "not known".to_owned();
    text.line(format!("{} {}", change.what, change.name));
    text.hanging(2, &format!("then:  {}", change.before.clone().unwrap_or_else(unknown)));
    text.hanging(2, &format!("later: {}", change.after.clone().unwrap_or_else(unknown)));
    for doer in &change.by {
        let at = words::moment(doer.recorded_at, text.zone());
        // What came in itself is told already.
        let own = change.what == "entry" && change.name == doer.entry.handle;
        let by = if own { "itself".to_owned() } else { words::told(&doer.entry) };
        text.hanging(2, &format!("by {by} (position {}, recorded {at})", doer.position));
    }
}

fn cells(change: &DiffRow) -> Vec<String> {
    vec![
        change.what.clone(),
        change.name.clone(),
        change.before.clone().unwrap_or_default(),
        change.after.clone().unwrap_or_default(),
        words::joined(change.by.iter().map(|doer| doer.entry.handle.as_str())),
        words::joined(change.by.iter().map(|doer| doer.position.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_ref, shown};
    use crate::desk::answer::operation::Doer;

    #[test]
    fn a_change_names_the_event_that_did_it() {
        let diff = Shown {
            from: None,
            to: Some(151),
            changes: vec![DiffRow {
                what: "channel".to_owned(),
                name: "mil-west".to_owned(),
                before: None,
                after: Some("unresponsive since 7 April 2023".to_owned()),
                by: vec![Doer {
                    position: 151,
                    recorded_at: "2026-11-24T00:00:00.000000Z".parse().unwrap(),
                    entry: entry_ref("desk-1", "call.unanswered", "2023-04-07"),
                }],
            }],
        };
        insta::assert_snapshot!(shown(&diff));
        let same = Shown { from: Some(7), to: Some(7), changes: Vec::new() };
        insta::assert_snapshot!(shown(&same));
    }
}
