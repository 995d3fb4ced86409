//! `channels`: where every line stands, on what evidence, and since when; or in which state it was when.

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::ChannelRow;
use crate::desk::answer::entry::EntryRef;
use crate::desk::answer::interval::{BoundaryRow, IntervalRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::IntervalsAsk;

/// What is asked of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// In which state each line was when, for a chart
    Intervals,
}

/// Where every channel stands, or in which state each line was when.
#[derive(Debug, Args)]
pub(super) struct Channels {
    /// What is asked; without it where every channel stands
    of: Option<Of>,
    /// The lines whose intervals are asked for; all without one
    #[arg(value_name = "CHANNEL", requires = "of")]
    which: Vec<String>,
    /// Only intervals that lasted until this date or longer
    #[arg(long, value_name = "DATE", alias = "since", requires = "of")]
    from: Option<String>,
    /// Only intervals that began by this date
    #[arg(long, value_name = "DATE", alias = "until", requires = "of")]
    to: Option<String>,
    /// At most so many rows; all without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Channels {
    /// Shows them.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let Some(Of::Intervals) = self.of else {
            let answer: Answer<Page<ChannelRow>> = session.get("/v1/channels", &())?;
            return session.show_first(answer, self.limit);
        };
        let ask = IntervalsAsk {
            channel: (!self.which.is_empty()).then(|| self.which.join(",")),
            from: self.from.clone(),
            to: self.to.clone(),
        };
        let answer: Answer<Page<IntervalRow>> = session.get("/v1/intervals", &ask)?;
        session.show_first(answer, self.limit)
    }
}

impl Item for IntervalRow {
    const COLUMNS: &'static [&'static str] = &[
        "channel",
        "channel_id",
        "state",
        "from",
        "from_latest",
        "from_date",
        "began_by",
        "began_kind",
        "to",
        "to_latest",
        "to_date",
        "ended_by",
        "ended_kind",
        "days",
        "derived_by",
        "confirmed_by",
        "one_with",
    ];
    const NOTHING: &'static str = "no line has a state";

    fn cells(&self) -> Vec<String> {
        let boundary = |boundary: Option<&BoundaryRow>| {
            let entry = boundary.and_then(|boundary| boundary.entry.as_ref());
            let kind = entry.and_then(|entry| entry.kind).map(|kind| kind.to_string());
            [
                boundary.map(|boundary| boundary.earliest.to_string()).unwrap_or_default(),
                boundary
                    .and_then(|boundary| boundary.latest)
                    .map(|latest| latest.to_string())
                    .unwrap_or_default(),
                words::value(boundary.map(|boundary| &boundary.date)),
                words::handle(entry),
                kind.unwrap_or_default(),
            ]
        };
        let mut cells = vec![self.channel.name.clone(), self.channel.id.to_string(), self.state.clone()];
        cells.extend(boundary(self.from.as_ref()));
        cells.extend(boundary(self.to.as_ref()));
        cells.push(self.days.map(|days| days.to_string()).unwrap_or_default());
        cells.push(self.derived_by.clone().unwrap_or_default());
        cells.push(words::handle(self.confirmed_by.as_ref()));
        cells.push(words::listed(&self.one_with));
        cells
    }

    fn list(items: &[&Self], text: &mut Text) {
        for rows in items.chunk_by(|one, other| one.channel == other.channel) {
            let Some(first) = rows.first() else { continue };
            text.heading(&words::with_names(&first.channel.name, &first.one_with));
            let mut table = Table::new(["from", "to", "for", "state", "began with"]);
            for row in rows {
                table.row([
                    row.from.as_ref().map_or_else(|| "before any record".to_owned(), bound),
                    row.to.as_ref().map_or_else(|| "it lasts".to_owned(), bound),
                    row.days
                        .map_or_else(String::new, |days| words::count(days.unsigned_abs(), "day", "days")),
                    row.state.clone(),
                    began(row),
                ]);
            }
            text.table(&table);
        }
    }
}

/// Returns the date of a boundary, and until when it may have been where that is later.
fn bound(boundary: &BoundaryRow) -> String {
    let words = boundary.date.words.clone();
    if boundary.latest.is_some() { format!("{words} (the day is not known)") } else { words }
}

/// Returns with what an interval began.
fn began(row: &IntervalRow) -> String {
    let entry = row.from.as_ref().and_then(|from| from.entry.as_ref());
    let entry = entry.map(words::told);
    let derived = row.derived_by.as_ref().map(|rule| format!("derived: {rule}"));
    let confirmed = row.confirmed_by.as_ref().map(|entry| format!("found so by {}", words::entry(entry)));
    let parts: Vec<String> = [derived, entry, confirmed].into_iter().flatten().collect();
    match (parts.is_empty(), row.from.is_some()) {
        (true, true) => "other policies apply from then on".to_owned(),
        (true, false) => words::NO_RECORD.to_owned(),
        (false, _) => parts.join("; "),
    }
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
        "one_with",
        "used_while_cut",
        "used_while_cut_total",
        "anomalies",
        "anomalies_total",
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
            words::listed(&self.one_with),
            handles(&self.used_while_cut),
            self.used_while_cut_total.to_string(),
            words::joined(self.anomalies.iter().map(|anomaly| anomaly.entry.handle.as_str())),
            self.anomalies_total.to_string(),
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
                    words::date_or(row.since.as_ref(), words::NO_RECORD),
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
    match &row.last_evidence {
        None => words::NO_RECORD.to_owned(),
        Some(entry) => words::date(entry.date.as_ref()),
    }
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

/// Returns how many there are before those that are listed.
fn earlier<T>(total: u64, listed: &[T]) -> u64 {
    total.saturating_sub(listed.len() as u64)
}

/// Returns what must be said beside the state of a line.
fn remarks(row: &ChannelRow) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut remark = |what: String| remarks.push(format!("{}: {what}", row.name));
    if !row.one_with.is_empty() {
        remark(format!("one with {}", words::listed(&row.one_with)));
    }
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
        let times = if earlier(row.used_while_cut_total, &row.used_while_cut) > 0 {
            format!("{}, the latest: ", words::count(row.used_while_cut_total, "time", "times"))
        } else {
            String::new()
        };
        remark(format!("used while cut: {times}{}", entries.join("; ")));
    }
    let unlisted = earlier(row.anomalies_total, &row.anomalies);
    if unlisted > 0 {
        let unlisted = words::count(unlisted, "earlier anomaly is", "earlier anomalies are");
        remark(format!("{unlisted} not listed; `show` tells of an entry whether it is one"));
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
        west.used_while_cut_total = 1;
        west.anomalies = vec![AnomalyRow {
            entry: entry_ref("ik-111", "call.answered", "2016-05-22"),
            expected: "active".to_owned(),
            found: "closed".to_owned(),
        }];
        west.anomalies_total = 1;
        west.ties = vec!["ik-110 before ik-111 gives active".to_owned()];
        west.remarks = vec!["the fax is not mended".to_owned()];
        let mut east = channel_row("mil-east", "severed");
        east.possibly = true;
        east.used_while_cut = vec![entry_ref("ik-112", "message.received", "2016-05-23")];
        (east.used_while_cut_total, east.anomalies_total) = (1_204, 3);
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
