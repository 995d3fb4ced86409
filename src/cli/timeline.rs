//! `timeline`: what happened, in the order of the world or of the record.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::filter::Filter;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::entry::EntryRow;
use crate::desk::ask::TimelineAsk;

/// Which entries, in which order.
#[derive(Debug, Args)]
pub(super) struct Timeline {
    /// In the order of the world (`occurred`, the default) or of the record (`recorded`)
    #[arg(long, value_name = "ORDER")]
    by: Option<String>,
    /// Newest first
    #[arg(long)]
    reverse: bool,
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
}

impl Timeline {
    /// Shows the entries, page by page.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = TimelineAsk {
            filter: self.filter.ask(),
            by: self.by.clone(),
            reverse: self.reverse,
            limit: None,
            after: None,
        };
        session.pages::<EntryRow>("/v1/timeline", self.limit, |limit, after| {
            json!(TimelineAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

impl Item for EntryRow {
    const COLUMNS: &'static [&'static str] = &[
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
        "says",
        "on_struck",
    ];
    const NOTHING: &'static str = "no entries";

    fn cells(&self) -> Vec<String> {
        let entry = &self.entry;
        vec![
            self.position.to_string(),
            self.recorded_at.to_string(),
            self.recorder.clone(),
            entry.handle.clone(),
            entry.id.to_string(),
            entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            words::value(entry.date.as_ref()),
            entry.date.as_ref().map(|date| date.words.clone()).unwrap_or_default(),
            words::listed(&self.from),
            words::listed(&self.to),
            words::listed(&self.about),
            words::listed(&self.via),
            entry.summary.clone().unwrap_or_default(),
            self.confidence.clone().unwrap_or_default(),
            self.marking.clone().unwrap_or_default(),
            self.struck.to_string(),
            self.amended.to_string(),
            self.redacted.to_string(),
            self.says.clone().unwrap_or_default(),
            self.on_struck.to_string(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["date", "entry", "kind", "who", "what"]);
        for row in items {
            table.row([
                date(row),
                row.entry.handle.clone(),
                row.entry.kind.map_or_else(|| "redacted".to_owned(), |kind| kind.to_string()),
                who(row),
                what(row),
            ]);
        }
        text.table(&table);
    }
}

/// Returns when it happened; what keeps the record happens when it is recorded, and needs no date.
pub(super) fn date(row: &EntryRow) -> String {
    match &row.entry.date {
        None if row.says.is_some() => String::new(),
        None if row.redacted => "removed".to_owned(),
        date => words::date(date.as_ref()),
    }
}

/// Returns what happened where no sentence says it: the kind, and who acted.
fn untold(row: &EntryRow) -> String {
    let kind = row.entry.kind.map_or_else(String::new, words::happened);
    match who(row) {
        who if who.is_empty() => kind,
        who => format!("{kind}: {who}"),
    }
}

/// Returns who acted towards whom, by what means: `KOR/mnd → PRK (media)`.
pub(super) fn who(row: &EntryRow) -> String {
    let who = match (words::names(&row.from), words::names(&row.to)) {
        (from, to) if to.is_empty() => from,
        (from, to) => format!("{from} → {to}").trim_start().to_owned(),
    };
    let means = if row.about.is_empty() { &row.via } else { &row.about };
    let lines: Vec<&str> =
        means.iter().map(|named| named.name.as_str()).filter(|name| *name != row.entry.handle).collect();
    match (who.is_empty(), lines.is_empty()) {
        (_, true) => who,
        (true, false) => lines.join(", "),
        (false, false) => format!("{who} ({})", lines.join(", ")),
    }
}

/// Returns what happened, and what became of the entry since.
pub(super) fn what(row: &EntryRow) -> String {
    let said = || row.says.clone().or_else(|| row.entry.summary.clone()).unwrap_or_else(|| untold(row));
    let summary = match (row.redacted, row.entry.kind) {
        (false, _) => said(),
        (true, None) => "(text removed)".to_owned(),
        (true, Some(_)) => format!("(text removed; instead:) {}", said()),
    };
    let amended = match row.amended {
        0 => String::new(),
        1 => " [amended]".to_owned(),
        times => format!(" [amended {times} times]"),
    };
    let on_struck = if row.on_struck { " [on an entry that was struck]" } else { "" };
    format!("{}{summary}{amended}{on_struck}", if row.struck { "[struck] " } else { "" })
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{entry_row, named, page, shown, shown_wide};

    #[test]
    fn an_entry_without_a_sentence_tells_its_kind_and_who_and_a_correction_what_it_does() {
        let mut call = entry_row("desk-2", "call.not_attempted", "2025-11-20");
        call.entry.summary = None;
        let mut strike = entry_row("desk-3", "record.retracted", "2025-11-20");
        (strike.entry.summary, strike.entry.date) = (None, None);
        strike.says = Some("strikes desk-2: reported twice".to_owned());
        let text = shown(&page(vec![call, strike]));
        assert!(text.contains("call not attempted: KOR/mnd → PRK (media)"), "{text}");
        assert!(text.contains("strikes desk-2: reported twice"), "{text}");
        assert!(!text.contains("no summary") && !text.contains("no record"), "{text}");
    }

    #[test]
    fn a_timeline_reads_from_left_to_right() {
        let mut struck = entry_row("desk-2", "call.unanswered", "2025-11-20");
        struck.from = Vec::new();
        struck.to = Vec::new();
        struck.about = vec![named("서해지구")];
        struck.struck = true;
        struck.amended = 2;
        let mut redacted = entry_row("3f2a", "incident", "2025-11");
        redacted.entry.kind = None;
        redacted.entry.summary = None;
        redacted.entry.date = None;
        redacted.redacted = true;
        let page = page(vec![entry_row("ik-147", "overture.proposed", "2025-11-17"), struck, redacted]);
        insta::assert_snapshot!(shown(&page));
        insta::assert_snapshot!(shown_wide(&page, 90));
    }
}
