//! `series`: where series of talks stand, with their rounds; and what becomes of them.

use clap::{Args, ValueEnum as _};

use crate::cli::failure::Failure;
use crate::cli::fields::Given;
use crate::cli::output::{Item, Text};
use crate::cli::record::Submission;
use crate::cli::register::{self, OfSeries, SeriesAct};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::{meetings, words};
use crate::desk::answer::board::{MeetingRow, SeriesRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::SeriesAsk;

/// Shows series, or records what becomes of one.
#[derive(Debug, Args)]
pub(super) struct Series {
    /// The series to show, all without one; or what becomes of it: register, suspend, resume, collapse, conclude,
    /// threaten
    #[arg(value_name = "SERIES|ACT")]
    first: Option<String>,
    /// The series of an act; several for one declaration about many
    #[arg(value_name = "SERIES")]
    which: Vec<String>,
    #[command(flatten)]
    fields: Given<OfSeries>,
    #[command(flatten)]
    submission: Submission,
}

impl Series {
    /// Tells whether it records something.
    pub(super) fn records(&self) -> bool {
        self.act().is_some()
    }

    fn act(&self) -> Option<SeriesAct> {
        SeriesAct::from_str(self.first.as_deref()?, true).ok()
    }

    /// Lists, or records.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let wrong = |what: String| {
            let hint = "name what becomes of the series, and the series: `demarche series suspend NAME`";
            Err(Failure::Usage { what, hint: hint.to_owned() })
        };
        let Some(act) = self.act() else {
            if let (Some(first), [_, ..]) = (&self.first, self.which.as_slice()) {
                return wrong(format!("`{first}` is nothing that becomes of a series"));
            }
            if self.fields.entry("").len() > 1 || self.submission.dry_run {
                return wrong("fields are given and nothing to record".to_owned());
            }
            let ask = SeriesAsk { series: self.first.clone() };
            let answer: Answer<Page<SeriesRow>> = session.get("/v1/series", &ask)?;
            return session.show(&answer);
        };
        if self.which.is_empty() {
            return wrong("no series is named".to_owned());
        }
        register::series(act, &self.which, &self.fields).send(session, &self.submission)
    }
}

impl Item for SeriesRow {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "id",
        "state",
        "reason",
        "derived_by",
        "rounds",
        "first",
        "last",
        "anomalies",
        "gaps",
        "without_session",
    ];
    const NOTHING: &'static str = "no series of talks";

    fn cells(&self) -> Vec<String> {
        let date = |row: Option<&MeetingRow>| words::value(row.and_then(|row| row.date.as_ref()));
        vec![
            self.name.clone(),
            self.id.to_string(),
            self.state.clone(),
            words::handle(self.reason.as_ref()),
            self.derived_by.clone().unwrap_or_default(),
            self.rounds.len().to_string(),
            date(self.rounds.first()),
            date(self.rounds.last()),
            words::joined(self.anomalies.iter().map(|anomaly| anomaly.entry.handle.as_str())),
            self.gaps.join("; "),
            words::joined(self.without_session.iter().map(|row| row.handle.as_str())),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        for row in items {
            let rounds = words::count(row.rounds.len() as u64, "round", "rounds");
            text.heading(&format!("{}: {}, {rounds} on record", row.name, words::spoken(&row.state)));
            if let Some(rule) = &row.derived_by {
                text.line(format!("derived: {rule}"));
            }
            if let Some(reason) = &row.reason {
                let how = if row.derived_by.is_some() { "counted from" } else { "rests on" };
                text.line(format!("{how} {}", words::told(reason)));
            }
            meetings_of(&row.rounds, text);
            if !row.without_session.is_empty() {
                text.line("without a session:");
                meetings_of(&row.without_session, text);
            }
            for gap in &row.gaps {
                text.line(format!("numbers: {gap}"));
            }
            for anomaly in &row.anomalies {
                let entry = words::entry(&anomaly.entry);
                text.line(format!(
                    "anomaly in {entry}: expected {}, found {}",
                    anomaly.expected, anomaly.found
                ));
            }
        }
    }
}

fn meetings_of(rows: &[MeetingRow], text: &mut Text) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new(["date", "meeting", "state", "what"]);
    for row in rows {
        table.row([
            words::date_or(row.date.as_ref(), meetings::NO_DATE),
            row.handle.clone(),
            meetings::state(row),
            meetings::what(row),
        ]);
    }
    text.table(&table);
    meetings::remarks(&rows.iter().collect::<Vec<_>>(), text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_ref, meeting_row, page, shown, usage};

    #[test]
    fn a_series_lists_its_rounds() {
        let row = |name: &str, rounds| SeriesRow {
            id: crate::cli::testing::entity(9),
            name: name.to_owned(),
            state: "stalled".to_owned(),
            reason: Some(entry_ref("ik-060", "meeting.concluded", "2018-10-26")),
            derived_by: Some("no session for two years".to_owned()),
            rounds,
            gaps: Vec::new(),
            without_session: Vec::new(),
            anomalies: Vec::new(),
        };
        let rounds = vec![meeting_row("ik-060", "concluded")];
        let mut cut_short = row("장성급회담", rounds);
        let mut cancelled = meeting_row("ik-061", "cancelled");
        cancelled.cause = Some("PRK: exercise".to_owned());
        cut_short.without_session.push(cancelled);
        insta::assert_snapshot!(shown(&page(vec![cut_short, row("premiers", Vec::new())])));
    }

    #[test]
    fn an_act_needs_a_series() {
        assert_eq!(usage(&["series", "suspend"]), 2);
        assert_eq!(usage(&["series", "--by", "PRK"]), 2);
        assert_eq!(usage(&["series", "suspent", "general-level"]), 2);
    }
}
