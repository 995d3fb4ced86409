//! `meetings`: which are scheduled, put off, held; by whom and why.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::MeetingRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::MeetingsAsk;

/// What is said of a meeting that has no date: none was agreed, it was put off sine die, or nobody says.
pub(super) const NO_DATE: &str = "no date";

/// Which meetings.
#[derive(Debug, Args)]
pub(super) struct Meetings {
    /// Only in these states, comma separated: scheduled,postponed
    #[arg(long, value_name = "STATES")]
    status: Option<String>,
    /// At most so many meetings; all without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Meetings {
    /// Shows them.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = MeetingsAsk { status: self.status.clone() };
        let answer: Answer<Page<MeetingRow>> = session.get("/v1/meetings", &ask)?;
        session.show_first(answer, self.limit)
    }
}

impl Item for MeetingRow {
    const COLUMNS: &'static [&'static str] = &[
        "handle",
        "id",
        "state",
        "derived",
        "possibly",
        "date",
        "date_words",
        "place",
        "parties",
        "forum",
        "level",
        "round",
        "nth",
        "outcome",
        "summary",
        "cause",
        "anomalies",
        "ties",
    ];
    const NOTHING: &'static str = "no meetings";

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        vec![
            self.handle.clone(),
            self.id.to_string(),
            self.state.clone(),
            self.derived.to_string(),
            self.possibly.to_string(),
            words::value(self.date.as_ref()),
            self.date.as_ref().map(|date| date.words.clone()).unwrap_or_default(),
            self.place.clone().unwrap_or_default(),
            words::listed(&self.parties),
            words::listed(&self.forum),
            self.level.clone().unwrap_or_default(),
            number(self.round),
            number(self.nth),
            self.outcome.clone().unwrap_or_default(),
            self.summary.clone(),
            self.cause.clone().unwrap_or_default(),
            words::joined(self.anomalies.iter().map(|anomaly| anomaly.entry.handle.as_str())),
            words::joined(&self.ties),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["date", "meeting", "state", "who", "forum", "what"]);
        for row in items {
            table.row([
                words::date_or(row.date.as_ref(), NO_DATE),
                row.handle.clone(),
                state(row),
                words::names(&row.parties),
                words::names(&row.forum),
                what(row),
            ]);
        }
        text.table(&table);
        remarks(items, text);
    }
}

/// Returns the state in words: `possibly postponed`, `not held (to be confirmed)`.
pub(super) fn state(row: &MeetingRow) -> String {
    let possibly = if row.possibly { "possibly " } else { "" };
    let derived = if row.derived { " (to be confirmed)" } else { "" };
    format!("{possibly}{}{derived}", words::spoken(&row.state))
}

/// Returns what the meeting is, where it is, what it left, and who put it off and why.
pub(super) fn what(row: &MeetingRow) -> String {
    let mut what = row.summary.clone();
    let round = row.round.map(|round| format!("round {round}"));
    let level = row.level.as_ref().map(|level| format!("level: {level}"));
    for part in [round, row.place.clone(), level].into_iter().flatten() {
        what = format!("{what}, {part}");
    }
    match row.outcome.as_deref() {
        Some("none") => what.push_str(" [left no text]"),
        Some(outcome) => what = format!("{what} [left {}]", words::spoken(outcome)),
        None => {}
    }
    match &row.cause {
        Some(cause) => format!("{what} [{cause}]"),
        None => what,
    }
}

/// Writes what must be said beside the states of meetings.
pub(super) fn remarks(rows: &[&MeetingRow], text: &mut Text) {
    for row in rows {
        for anomaly in &row.anomalies {
            let entry = words::entry(&anomaly.entry);
            text.line(format!("anomaly in {entry}: expected {}, found {}", anomaly.expected, anomaly.found));
        }
        for tie in &row.ties {
            text.line(format!("{}: the order within a day decides: {tie}", row.handle));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{meeting_row, page, shown};

    #[test]
    fn a_meeting_says_who_put_it_off_and_why() {
        let mut late = meeting_row("ik-090", "not_held");
        late.derived = true;
        late.date = None;
        let mut put_off = meeting_row("desk-7", "postponed");
        put_off.cause = Some("KOR: rank of delegates".to_owned());
        put_off.place = Some("평화의 집".to_owned());
        (put_off.possibly, put_off.round) = (true, Some(10));
        put_off.outcome = Some("none".to_owned());
        put_off.ties = vec!["desk-7 before desk-8 gives scheduled".to_owned()];
        insta::assert_snapshot!(shown(&page(vec![put_off, late])));
    }
}
