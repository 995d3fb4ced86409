//! `overtures`: which offers stand, how old they are, and on what their status rests.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::{AnswerRow, OvertureRow, UnansweredRow};
use crate::desk::ask::OverturesAsk;

/// Which overtures.
#[derive(Debug, Args)]
pub(super) struct Overtures {
    /// Only those that stand and that an addressee has not said yes or no to
    #[arg(long)]
    open: bool,
    /// Only of these statuses, comma separated: pending,unanswered,deflected
    #[arg(long, value_name = "STATUSES")]
    status: Option<String>,
    /// Only answered so, comma separated: late, other-channel, conduct, direct, via-intermediary, public
    #[arg(long, value_name = "MANNERS")]
    answered: Option<String>,
    /// Only from this party or a body of it
    #[arg(long, value_name = "PARTY")]
    from_party: Option<String>,
    /// Only to this party or a body of it
    #[arg(long, value_name = "PARTY")]
    to_party: Option<String>,
    /// By `age` (oldest first, the default) or by `issued` (newest first)
    #[arg(long, value_name = "ORDER")]
    sort: Option<String>,
    /// At most so many; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Overtures {
    /// Shows them, page by page.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = OverturesAsk {
            open: self.open,
            status: self.status.clone(),
            answered: self.answered.clone(),
            from_party: self.from_party.clone(),
            to_party: self.to_party.clone(),
            sort: self.sort.clone(),
            limit: None,
            after: None,
        };
        session.pages::<OvertureRow>("/v1/overtures", self.limit, |limit, after| {
            json!(OverturesAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

impl Item for OvertureRow {
    const COLUMNS: &'static [&'static str] = &[
        "handle",
        "id",
        "summary",
        "proposer",
        "addressees",
        "via",
        "issued",
        "age_days",
        "age_days_min",
        "status",
        "possibly",
        "open",
        "basis",
        "unanswered_basis",
        "unanswered_scope",
        "unanswered_searched",
        "unanswered_recorded_by",
        "delivery",
        "delivery_inferred",
        "currency",
        "answers",
        "reiterations",
        "last_reiterated",
        "due",
        "anomalies",
        "remarks",
    ];
    const NOTHING: &'static str = "no overtures";

    fn cells(&self) -> Vec<String> {
        vec![
            self.handle.clone(),
            self.id.to_string(),
            self.summary.clone(),
            words::listed(&self.proposer),
            words::listed(&self.addressees),
            words::listed(&self.via),
            words::value(self.issued.as_ref()),
            self.age_days.map(|days| days.to_string()).unwrap_or_default(),
            self.age_days_min.map(|days| days.to_string()).unwrap_or_default(),
            self.status.clone(),
            self.possibly.to_string(),
            self.open.to_string(),
            self.basis.clone(),
            unanswered(self, |why| why.basis.clone()),
            unanswered(self, |why| why.scope.clone().unwrap_or_default()),
            unanswered(self, |why| words::joined(&why.searched)),
            unanswered(self, |why| why.recorded_by.clone().unwrap_or_default()),
            self.delivery.clone(),
            self.delivery_inferred.to_string(),
            self.currency.clone(),
            words::joined(self.answers.iter().map(|row| format!("{}: {}", row.party.name, row.answer))),
            self.reiterations.to_string(),
            words::value(self.last_reiterated.as_ref()),
            self.due.as_ref().and_then(|due| due.due).map(|due| due.to_string()).unwrap_or_default(),
            words::joined(self.anomalies.iter().map(|anomaly| anomaly.entry.handle.as_str())),
            words::joined(&self.remarks),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table =
            Table::new(["overture", "age", "status", "from → to", "issued", "what, and on what basis"]);
        for row in items {
            table.row([
                row.handle.clone(),
                age(row),
                status(row),
                format!("{} → {}", words::names(&row.proposer), words::names(&row.addressees)),
                issued(row),
                format!("{} [{}{}{}]", row.summary, row.basis, urged(row), manners(row)),
            ]);
        }
        text.table(&table);
    }
}

/// Returns when an overture was first issued.
fn issued(row: &OvertureRow) -> String {
    match (row.issued.as_ref(), row.status.as_str()) {
        (None, "drafted") => "not issued".to_owned(),
        (None, "unknown") => "not known".to_owned(),
        (date, _) => words::date(date),
    }
}

/// Returns how old an overture is, as far as its date tells.
fn age(row: &OvertureRow) -> String {
    match (row.age_days_min, row.age_days) {
        (None, most) => words::age(most),
        (Some(least), Some(most)) => {
            format!("{} to {}", words::number_of(least.unsigned_abs()), words::age(Some(most)))
        }
        (Some(least), None) => format!("at least {}", words::age(Some(least))),
    }
}

/// Returns a part of what "unanswered" rests on; empty where that is not the status.
fn unanswered(row: &OvertureRow, part: impl Fn(&UnansweredRow) -> String) -> String {
    row.unanswered.as_ref().map(part).unwrap_or_default()
}

fn urged(row: &OvertureRow) -> String {
    let last = row.last_reiterated.as_ref().map(|date| format!(", last {}", date.words)).unwrap_or_default();
    match row.reiterations {
        0 => String::new(),
        1 => format!("; said again once{last}"),
        times => format!("; said again {times} times{last}"),
    }
}

/// Returns the status, marked where a date leaves open whether it had come to that.
fn status(row: &OvertureRow) -> String {
    format!("{}{}", if row.possibly { "possibly " } else { "" }, words::spoken(&row.status))
}

/// Returns how it was answered otherwise than in time and where it was asked for.
fn manners(row: &OvertureRow) -> String {
    let mut manners = String::new();
    for answer in &row.answers {
        if answer.other_channel {
            let via = words::names(&answer.via);
            manners = format!("{manners}; {} answered over another channel: {via}", answer.party.name);
        }
        for act in &answer.conduct {
            manners = format!("{manners}; {} by conduct: {}", answer.party.name, words::entry(act));
        }
    }
    manners
}

/// Writes one overture with everything that is known of where it stands.
pub(super) fn detail(row: &OvertureRow, text: &mut Text) {
    text.heading(&format!("{}: {}", row.handle, row.summary));
    let mut fact = |name: &str, what: String| text.hanging(2, &format!("{name}: {what}"));
    fact("from", words::names(&row.proposer));
    fact("to", words::names(&row.addressees));
    let via = words::names(&row.via);
    fact("via", if via.is_empty() { "no channel is named".to_owned() } else { via });
    fact("issued", format!("{}, age {}", issued(row), age(row)));
    fact("status", format!("{}{}", status(row), if row.open { " (open)" } else { "" }));
    fact("basis", row.basis.clone());
    let inferred = if row.delivery_inferred { " (inferred from an answer)" } else { "" };
    fact("delivery", format!("{}{inferred}", words::spoken(&row.delivery)));
    fact("currency", words::spoken(&row.currency));
    for answer in &row.answers {
        fact(&format!("answer of {}", answer.party.name), answered(answer, row.removed));
    }
    let last = row.last_reiterated.as_ref().map(|date| format!(", last {}", date.words)).unwrap_or_default();
    let again = match row.reiterations {
        0 => "no reiteration is recorded".to_owned(),
        times => format!("{}{last}", words::count(times.into(), "time", "times")),
    };
    fact("said again by the proposer", again);
    fact(if row.open { "answer due" } else { "answer was due" }, due(row));
    for anomaly in &row.anomalies {
        let entry = words::entry(&anomaly.entry);
        fact("anomaly", format!("{entry}: expected {}, found {}", anomaly.expected, anomaly.found));
    }
    row.remarks.iter().for_each(|remark| fact("remark", remark.clone()));
}

fn due(row: &OvertureRow) -> String {
    let Some(due) = &row.due else { return "no deadline is recorded".to_owned() };
    let overdue = if due.overdue { ", overdue" } else { "" };
    format!("{} ({}){overdue}", due.words, words::spoken(&due.basis))
}

fn answered(row: &AnswerRow, removed: u64) -> String {
    if row.answer == "none" {
        let can = if removed > 0 { "can be read; a text of the thread was removed" } else { "is recorded" };
        return format!("no answer {can}");
    }
    let mut answer = words::spoken(&row.answer);
    if let Some(directness) = &row.directness {
        answer = format!("{answer}, {}", words::spoken(directness));
    }
    if let Some(days) = row.latency_days {
        let after = if days == 0 {
            "on the same day".to_owned()
        } else {
            format!("after {}", words::age(Some(days)))
        };
        answer = format!("{answer}, {after}");
    }
    if let Some(against) = &row.late_against {
        answer = format!("{answer}, late ({against})");
    }
    if row.other_channel {
        answer = format!("{answer}, over another channel ({})", words::names(&row.via));
    }
    if row.doubtful {
        answer.push_str(", linked with low confidence");
    }
    if let Some(entry) = &row.entry {
        answer = format!("{answer} ({})", words::entry(entry));
    }
    if let Some(settled) = &row.settled {
        let (counter, entry) = (&settled.counter.name, words::entry(&settled.entry));
        answer = format!("{answer}; settled through {counter} ({entry})");
    }
    match &row.contrary {
        Some(entry) => format!("{answer}; since then, without effect: {}", words::entry(entry)),
        None => answer,
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{overture_row, page, shown, shown_wide};

    #[test]
    fn what_may_not_have_happened_yet_is_marked_in_the_list() {
        let mut row = overture_row("ik-147", "pending", 9);
        row.possibly = true;
        let text = shown(&page(vec![row]));
        assert!(text.contains("possibly pending"), "{text}");
    }

    #[test]
    fn an_overture_shows_its_age_and_on_what_its_status_rests() {
        let mut again = overture_row("ik-090", "deflected", 2345);
        again.reiterations = 3;
        let mut undated = overture_row("desk-1", "pending", 0);
        (undated.issued, undated.age_days) = (None, None);
        let page = page(vec![overture_row("ik-147", "pending", 44), again, undated]);
        insta::assert_snapshot!(shown(&page));
        insta::assert_snapshot!(shown_wide(&page, 110));
    }
}
