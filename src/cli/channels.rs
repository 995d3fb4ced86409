//! `channels`: where every line stands, on what evidence, and since when.

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::ChannelRow;
use crate::desk::answer::entry::{EntryRef, act};
use crate::desk::answer::{Answer, Page};

/// Shows where every channel stands.
pub(super) fn run(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<Page<ChannelRow>> = session.get("/v1/channels", &())?;
    session.show(&answer)
}

impl Item for ChannelRow {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "id",
        "sort",
        "state",
        "possibly",
        "since",
        "reason",
        "last_evidence",
        "last_evidence_date",
        "last_attempt",
        "last_answer",
        "missed_in_a_row",
        "declared",
        "derived_by",
        "capabilities",
        "schedule",
        "ends",
        "used_while_cut",
        "anomalies",
        "ties",
        "remarks",
    ];
    const NOTHING: &'static str = "no channels";

    fn cells(&self) -> Vec<String> {
        let handles = |entries: &[EntryRef]| words::joined(entries.iter().map(|entry| entry.handle.as_str()));
        let evidence = self.last_evidence.as_ref();
        vec![
            self.name.clone(),
            self.id.to_string(),
            self.sort.clone(),
            self.state.clone(),
            self.possibly.to_string(),
            words::value(self.since.as_ref()),
            words::handle(self.reason.as_ref()),
            words::handle(evidence),
            words::value(evidence.and_then(|entry| entry.date.as_ref())),
            words::value(self.last_attempt.as_ref()),
            words::value(self.last_answer.as_ref()),
            self.missed_in_a_row.to_string(),
            words::joined(&self.declared),
            self.derived_by.clone().unwrap_or_default(),
            words::joined(&self.capabilities),
            self.schedule.clone().unwrap_or_default(),
            words::listed(&self.ends),
            handles(&self.used_while_cut),
            words::joined(self.anomalies.iter().map(|anomaly| anomaly.entry.handle.as_str())),
            words::joined(&self.ties),
            words::joined(&self.remarks),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let (lines, stateless): (Vec<&Self>, Vec<&Self>) =
            items.iter().copied().partition(|row| row.state != "none");
        if !lines.is_empty() {
            let mut table = Table::new(["line", "state", "since", "last evidence", "why"]);
            for row in &lines {
                table.row([
                    row.name.clone(),
                    state(row),
                    words::date(row.since.as_ref()),
                    evidence(row),
                    why(row),
                ]);
            }
            text.table(&table);
        }
        let remarks: Vec<String> = items.iter().flat_map(|row| remarks(row)).collect();
        if !remarks.is_empty() {
            text.heading("Remarks");
            for remark in &remarks {
                text.hanging(2, remark);
            }
        }
        if !stateless.is_empty() {
            text.gap();
            let names: Vec<&str> = stateless.iter().map(|row| row.name.as_str()).collect();
            text.line(format!("Carriers and forums, which have no state: {}", names.join(", ")));
        }
    }
}

/// Returns the state in words: `possibly severed`, `unknown`.
fn state(row: &ChannelRow) -> String {
    format!("{}{}", if row.possibly { "possibly " } else { "" }, row.state)
}

fn evidence(row: &ChannelRow) -> String {
    words::date(row.last_evidence.as_ref().and_then(|entry| entry.date.as_ref()))
}

fn why(row: &ChannelRow) -> String {
    let reason = row.reason.as_ref().map(|entry| {
        let kind = || entry.kind.map_or_else(|| "text removed".to_owned(), words::happened);
        let summary = entry.summary.clone().unwrap_or_else(kind);
        format!("{summary} ({})", entry.handle)
    });
    match (&row.derived_by, reason) {
        (Some(rule), Some(reason)) => format!("derived: {rule}; {reason}"),
        (Some(rule), None) => format!("derived: {rule}"),
        (None, Some(reason)) => reason,
        (None, None) => words::NO_RECORD.to_owned(),
    }
}

/// Returns what must be said beside the state of a line.
fn remarks(row: &ChannelRow) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut remark = |what: String| remarks.push(format!("{}: {what}", row.name));
    if row.missed_in_a_row > 0 {
        let answered = row.last_answer.as_ref().map_or_else(
            || "no answered call is recorded".to_owned(),
            |answer| format!("last answered {}", answer.words),
        );
        let missed = words::count(row.missed_in_a_row.into(), "call", "calls");
        remark(format!("{missed} missed in a row, {answered}"));
    }
    row.declared.iter().for_each(|declared| remark(declared.clone()));
    if !row.used_while_cut.is_empty() {
        let entries: Vec<String> = row.used_while_cut.iter().map(words::entry).collect();
        remark(format!("used while cut: {}", entries.join("; ")));
    }
    for anomaly in &row.anomalies {
        let entry = words::entry(&anomaly.entry);
        remark(format!("anomaly in {entry}: expected {}, found {}", anomaly.expected, anomaly.found));
    }
    row.ties.iter().for_each(|tie| remark(format!("the order within a day decides: {tie}")));
    row.remarks.iter().for_each(|said| remark(said.clone()));
    remarks
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{channel_row, date, entry_ref, page, shown, shown_wide};
    use crate::desk::answer::entry::AnomalyRow;

    #[test]
    fn a_board_says_where_a_line_stands_and_why() {
        let mut west = channel_row("서해지구", "unresponsive");
        west.missed_in_a_row = 4;
        west.derived_by = Some("2 calls of one scheduled day missed".to_owned());
        west.declared = vec!["PRK: cut (9 June 2020)".to_owned()];
        west.used_while_cut = vec![entry_ref("ik-110", "message.received", "2016-05-21")];
        west.anomalies = vec![AnomalyRow {
            entry: entry_ref("ik-111", "call.answered", "2016-05-22"),
            expected: "active".to_owned(),
            found: "closed".to_owned(),
        }];
        west.ties = vec!["ik-110 before ik-111 gives active".to_owned()];
        west.remarks = vec!["the fax is not mended".to_owned()];
        let mut east = channel_row("mil-east", "severed");
        east.possibly = true;
        east.last_answer = Some(date("2018-07-16"));
        let mut new = channel_row("hotline", "unknown");
        (new.reason, new.since, new.last_evidence) = (None, None, None);
        let page = page(vec![west, east, new, channel_row("media", "none"), channel_row("letter", "none")]);
        insta::assert_snapshot!(shown(&page));
        insta::assert_snapshot!(shown_wide(&page, 100));
    }

    #[test]
    fn a_reason_without_a_sentence_is_told_by_its_kind() {
        let mut row = channel_row("mil-west", "severed");
        row.reason.iter_mut().for_each(|reason| reason.summary = None);
        let text = shown(&page(vec![row]));
        assert!(text.contains("channel severed (ik-098)") && !text.contains("no summary"), "{text}");
    }

    #[test]
    fn a_channel_without_a_record_is_never_shown_as_none() {
        let mut row = channel_row("hotline", "unknown");
        (row.reason, row.since, row.last_evidence) = (None, None, None);
        assert!(!shown(&page(vec![row])).contains("none"));
    }
}
