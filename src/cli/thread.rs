//! `thread`: an overture and everything since, with sources.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::{Show, Text};
use crate::cli::overtures;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::{timeline, words};
use crate::desk::answer::Answer;
use crate::desk::answer::board::MeetingRow;
use crate::desk::answer::entry::{Thread as Shown, ThreadEntry};
use crate::http::client::path;

/// Which overture.
#[derive(Debug, Args)]
pub(super) struct Thread {
    /// The overture
    #[arg(value_parser = crate::cli::show::handle)]
    handle: String,
}

impl Thread {
    /// Shows the thread.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let answer: Answer<Shown> = session.get(&path(&["v1", "threads", &self.handle]), &())?;
        session.show(&answer)
    }
}

impl Show for Shown {
    fn text(&self, text: &mut Text) {
        overtures::detail(&self.overture, text);
        text.heading("In the order of the world");
        for entry in &self.entries {
            told(entry, text);
        }
        if !self.meetings.is_empty() {
            text.heading("Meetings that it led to");
            let meetings: Vec<&MeetingRow> = self.meetings.iter().collect();
            <MeetingRow as crate::cli::output::Item>::list(&meetings, text);
        }
        if !self.related.is_empty() {
            text.heading("Perhaps related: same parties and topic, near in time, not linked by anyone");
            let mut table = Table::new(["date", "entry", "kind", "what"]);
            for row in &self.related {
                table.row([
                    timeline::date(row),
                    row.entry.handle.clone(),
                    row.entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
                    timeline::what(row),
                ]);
            }
            text.table(&table);
        }
    }

    fn columns() -> &'static [&'static str] {
        &[
            "handle",
            "id",
            "kind",
            "date",
            "date_words",
            "from",
            "to",
            "via",
            "summary",
            "effect",
            "sources",
            "struck",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        self.entries.iter().map(cells).collect()
    }

    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        self.entries.iter().map(serde_json::to_string).collect()
    }
}

fn told(entry: &ThreadEntry, text: &mut Text) {
    let row = &entry.row;
    let who = timeline::who(row);
    let who = if who.is_empty() { String::new() } else { format!(" {who}") };
    text.hanging(2, &format!("{}{who}: {}", words::entry(&row.entry), entry.effect));
    text.hanging(4, &timeline::what(row));
    if !entry.sources.is_empty() {
        text.hanging(4, &format!("sources: {}", entry.sources.join("; ")));
    }
}

fn cells(entry: &ThreadEntry) -> Vec<String> {
    let row = &entry.row;
    vec![
        row.entry.handle.clone(),
        row.entry.id.to_string(),
        row.entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
        words::value(row.entry.date.as_ref()),
        row.entry.date.as_ref().map(|date| date.words.clone()).unwrap_or_default(),
        words::listed(&row.from),
        words::listed(&row.to),
        words::listed(&row.via),
        row.entry.summary.clone().unwrap_or_default(),
        entry.effect.clone(),
        words::joined(&entry.sources),
        row.struck.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_ref, entry_row, named, overture_row, shown, shown_wide};
    use crate::desk::answer::board::AnswerRow;

    #[test]
    fn a_thread_tells_what_every_entry_did() {
        let mut overture = overture_row("ik-147", "pending", 44);
        overture.answers.push(AnswerRow {
            settled: None,
            party: named("CHN"),
            answer: "rejected".to_owned(),
            status: "rejected".to_owned(),
            basis: None,
            directness: Some("via_intermediary".to_owned()),
            authority: None,
            entry: Some(entry_ref("ik-160", "response.rejected", "2025-12-20")),
            latency_days: Some(33),
            late: true,
            late_against: Some("due by the end of 17 December 2025: policy default, 30 days".to_owned()),
            via: Vec::new(),
            other_channel: false,
            doubtful: false,
            contrary: None,
            conduct: Vec::new(),
            unanswered: None,
        });
        let thread = Shown {
            overture,
            entries: vec![
                ThreadEntry {
                    row: entry_row("ik-147", "overture.proposed", "2025-11-17"),
                    effect: "issued".to_owned(),
                    sources: vec!["https://example.org/briefing".to_owned(), "author knowledge".to_owned()],
                },
                ThreadEntry {
                    row: entry_row("ik-148", "overture.urged", "2025-11-20"),
                    effect: "urges, no effect".to_owned(),
                    sources: Vec::new(),
                },
            ],
            meetings: Vec::new(),
            related: vec![entry_row("ik-149", "overture.proposed", "2025-12-02")],
        };
        insta::assert_snapshot!(shown(&thread));
        insta::assert_snapshot!(shown_wide(&thread, 80));
    }
}
