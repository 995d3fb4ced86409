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

/// Which meetings.
#[derive(Debug, Args)]
pub(super) struct Meetings {
    /// Only in these states, comma separated: scheduled,postponed
    #[arg(long, value_name = "STATES")]
    status: Option<String>,
}

impl Meetings {
    /// Shows them.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = MeetingsAsk { status: self.status.clone() };
        let answer: Answer<Page<MeetingRow>> = session.get("/v1/meetings", &ask)?;
        session.show(&answer)
    }
}

impl Item for MeetingRow {
    const COLUMNS: &'static [&'static str] = &[
        "handle",
        "id",
        "state",
        "derived",
        "date",
        "date_words",
        "place",
        "parties",
        "forum",
        "summary",
        "cause",
        "anomalies",
    ];
    const NOTHING: &'static str = "no meetings";

    fn cells(&self) -> Vec<String> {
        vec![
            self.handle.clone(),
            self.id.to_string(),
            self.state.clone(),
            self.derived.to_string(),
            words::value(self.date.as_ref()),
            self.date.as_ref().map(|date| date.words.clone()).unwrap_or_default(),
            self.place.clone().unwrap_or_default(),
            words::listed(&self.parties),
            words::listed(&self.forum),
            self.summary.clone(),
            self.cause.clone().unwrap_or_default(),
            words::joined(self.anomalies.iter().map(|anomaly| anomaly.entry.handle.as_str())),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["date", "meeting", "state", "who", "forum", "what"]);
        for row in items {
            table.row([
                words::date(row.date.as_ref()),
                row.handle.clone(),
                format!(
                    "{}{}",
                    words::spoken(&row.state),
                    if row.derived { " (to be confirmed)" } else { "" }
                ),
                words::names(&row.parties),
                words::names(&row.forum),
                what(row),
            ]);
        }
        text.table(&table);
        for anomaly in items.iter().flat_map(|row| &row.anomalies) {
            let entry = words::entry(&anomaly.entry);
            text.line(format!("anomaly in {entry}: expected {}, found {}", anomaly.expected, anomaly.found));
        }
    }
}

fn what(row: &MeetingRow) -> String {
    let place = row.place.as_deref().map(|place| format!(", {place}")).unwrap_or_default();
    let cause = row.cause.as_deref().map(|cause| format!(" [{cause}]")).unwrap_or_default();
    format!("{}{place}{cause}", row.summary)
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
        insta::assert_snapshot!(shown(&page(vec![put_off, late])));
    }
}
