//! `silence`: since when someone has been silent towards someone; or the finding that no answer has come.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::output::{Show, Text};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::silence::{ChannelSilence, FindingRow, Last, LastAct, SilenceMatrix, SilenceRow};
use crate::desk::answer::{Answer, Date};
use crate::desk::ask::SilenceAsk;

/// What is said instead of a party to record a finding.
const RECORD: &str = "record";

/// The fields of a finding.
#[derive(Debug, Clone)]
struct OfSilence;

impl Fields for OfSilence {
    const NAMES: &'static [&'static str] =
        &["subject", "towards", "basis", "scope", "channels", "searched", "since"];
    const WITHOUT: &'static [&'static str] = &["in_reply_to"];
}

/// Whose silence; or a finding that is recorded.
#[derive(Debug, Args)]
pub(super) struct Silence {
    /// Whose silence is asked about; or `record`, to record the finding that no answer has come
    #[arg(value_name = "PARTY|record")]
    what: String,
    /// With `record`: the overture that is not answered; none for a silence at large
    handles: Vec<String>,
    #[command(flatten)]
    fields: Given<OfSilence>,
    #[command(flatten)]
    submission: Submission,
}

impl Silence {
    /// Tells whether it records something.
    pub(super) fn records(&self) -> bool {
        self.what == RECORD
    }

    /// Shows the matrix, or records the finding.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        if self.records() {
            let draft = Draft::new(self.fields.entry("silence.recorded")).today();
            let about = (!self.handles.is_empty()).then(|| json!(self.handles));
            return draft.with("in_reply_to", about).send(session, &self.submission);
        }
        let answer: Answer<SilenceMatrix> = session.get("/v1/silence", &self.ask()?)?;
        session.show(&answer)
    }

    /// Returns the question; fields of a finding have no place in it.
    fn ask(&self) -> Result<SilenceAsk, Failure> {
        let mut fields = self.fields.entry("");
        fields.remove("kind");
        let towards = fields.remove("towards");
        if !fields.is_empty() || !self.handles.is_empty() || self.submission.dry_run {
            return Err(Failure::Usage {
                what: "a finding is described and `record` is not said".to_owned(),
                hint: "write `demarche silence record …` to record it, or only PARTY and `--towards PARTY` to ask"
                    .to_owned(),
            });
        }
        let towards: Vec<String> = match towards {
            Some(serde_json::Value::Array(names)) => {
                names.into_iter().filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect()
            }
            Some(serde_json::Value::String(name)) => vec![name],
            Some(_) | None => Vec::new(),
        };
        if towards.len() > 1 {
            return Err(Failure::Usage {
                what: "the silence towards several is several questions".to_owned(),
                hint: "ask for each with its own `--towards`".to_owned(),
            });
        }
        Ok(SilenceAsk { party: self.what.clone(), towards: towards.into_iter().next() })
    }
}

impl Show for SilenceMatrix {
    fn text(&self, text: &mut Text) {
        let towards = self.towards.as_deref().map_or_else(|| "anyone".to_owned(), ToOwned::to_owned);
        let party = &self.party;
        text.line(match self.last.act() {
            Some(act) => format!(
                "{party} was last heard by {towards} {}: {} ({}).",
                when(act),
                act.entry.summary.clone().unwrap_or_default().trim_end_matches('.'),
                means(act)
            ),
            None => {
                format!("The log has no act of {party} towards {towards}; that is no finding of silence.")
            }
        });
        for row in &self.acts {
            if let Some(line) = sentence(row, party, self.towards.as_deref()) {
                text.line(line);
            }
        }
        match self.removed {
            0 => {}
            1 => text.line("1 entry about their offers and lines had its text removed: what it said is not known."),
            several => text.line(format!(
                "{several} entries about their offers and lines had their texts removed: what they said is not known."
            )),
        }
        text.heading("By sort");
        text.table(&table("what", &self.acts));
        text.heading("By directness");
        text.table(&table("how", &self.directness));
        text.heading("By channel");
        channels(&self.channels, self.towards.is_some(), text);
        text.heading("By topic");
        if self.topics.is_empty() {
            text.line("No act names a topic.");
        } else {
            text.table(&table("topic", &self.topics));
        }
        if let Some(acts) = self.topics_of_latest {
            text.line(format!("(topics of the latest {} acts)", words::number_of(acts)));
        }
        text.heading("Findings of silence");
        findings(&self.findings, text);
    }

    fn columns() -> &'static [&'static str] {
        &[
            "by",
            "what",
            "record",
            "date",
            "days_ago",
            "days_ago_max",
            "days_ago_open",
            "directness",
            "handle",
            "id",
            "kind",
            "from",
            "to",
            "via",
            "summary",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![cells("any", "any", &self.last)];
        let mut add = |by: &str, list: &[SilenceRow]| {
            rows.extend(list.iter().map(|row| cells(by, &row.what, &row.last)));
        };
        add("sort", &self.acts);
        add("directness", &self.directness);
        add("topic", &self.topics);
        for row in &self.channels {
            rows.push(cells("channel", &row.channel.name, &row.last));
            rows.extend(row.answered_call.iter().map(|last| cells("answered_call", &row.channel.name, last)));
            rows.extend(row.attempt.iter().map(|last| cells("attempt", &row.channel.name, last)));
        }
        for row in &self.findings {
            let entry = &row.entry;
            let holds = match (row.holds, row.removed) {
                (true, 0) => "finding_holds",
                (true, _) => "finding_possibly_holds",
                (false, _) => "finding_overtaken",
            };
            rows.push(vec![
                holds.to_owned(),
                row.basis.clone(),
                "recorded".to_owned(),
                words::value(entry.date.as_ref()),
                row.days_ago.to_string(),
                String::new(),
                String::new(),
                row.scope.clone().unwrap_or_default(),
                entry.handle.clone(),
                entry.id.to_string(),
                entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
                words::listed(&row.subject),
                words::listed(&row.towards),
                words::listed(&row.channels),
                entry.summary.clone().unwrap_or_default(),
            ]);
        }
        rows
    }
}

/// Returns a sort of act in a sentence that is read aloud.
fn sentence(row: &SilenceRow, party: &str, towards: Option<&str>) -> Option<String> {
    let (between, sat, of) = match towards {
        Some(_) => {
            ("between the two ".to_owned(), "They last sat together".to_owned(), "of the two".to_owned())
        }
        None => (
            format!("with {party} "),
            format!("{party} last sat with anyone"),
            format!("of {party} with anyone"),
        ),
    };
    let towards = towards.unwrap_or("anyone");
    let (known, unknown) = match row.what.as_str() {
        "direct_answer" => (
            format!("Its last direct answer to an offer of {towards} came"),
            format!("No direct answer of {party} to an offer of {towards} is recorded."),
        ),
        "message" => (
            format!("The last message of {party} to {towards} came"),
            format!("No message of {party} to {towards} is recorded."),
        ),
        "answered_call" => (
            format!("The last call {between}that was answered was"),
            format!("No answered call {between}is recorded."),
        ),
        "talks" => (sat, format!("No meeting {of} that took place is recorded.")),
        // What answers no offer is a remark, whatever way it came.
        "public_remark" if row.last.act().is_some_and(is_response_of_another_way) => {
            (format!("{party} last spoke to {towards}, though in answer to no offer,"), String::new())
        }
        "public_remark" => (
            format!("{party} last spoke to {towards} in public"),
            format!("No public remark of {party} to {towards} is recorded."),
        ),
        _ => return None,
    };
    Some(match row.last.act() {
        Some(act) => format!("{known} {} ({}).", when(act), act.entry.handle),
        None => unknown,
    })
}

fn is_response_of_another_way(act: &LastAct) -> bool {
    let is_response = act.entry.kind.is_some_and(|kind| kind.family() == "response");
    is_response && act.directness.as_deref() != Some("public")
}

/// Returns when an act was, for a sentence: `on 28 July 2025, 484 days ago`.
fn when(act: &LastAct) -> String {
    let date = act.entry.date.as_ref().map_or_else(|| "at an unknown time".to_owned(), Date::when);
    if act.entry.date.is_none() && act.days_ago_open { date } else { format!("{date}, {}", ago(act)) }
}

/// Returns how long ago an act was.
fn ago(act: &LastAct) -> String {
    let age = |days: i64| match days {
        0 => "today".to_owned(),
        days => format!("{} ago", words::age(Some(days))),
    };
    match act.days_ago_max {
        None if act.days_ago_open && act.days_ago == 0 => "unknown".to_owned(),
        None if act.days_ago_open => format!("at least {}", age(act.days_ago)),
        None => age(act.days_ago),
        Some(most) => format!("{} to {}", words::number_of(act.days_ago.unsigned_abs()), age(most)),
    }
}

/// Returns what an act was and what carried it: `ik-144 response.rejected, public, over media`.
fn means(act: &LastAct) -> String {
    let kind = act.entry.kind.map_or("redacted", crate::domain::fact::Kind::as_str);
    let way = act.directness.as_deref().map(|way| format!(", {}", words::spoken(way))).unwrap_or_default();
    let via = words::names(&act.via);
    let via = if via.is_empty() { via } else { format!(", over {via}") };
    format!("{} {kind}{way}{via}", act.entry.handle)
}

fn table(head: &'static str, rows: &[SilenceRow]) -> Table {
    let mut table = Table::new([head, "last", "ago", "entry", "what happened"]);
    for row in rows {
        let what = if head == "topic" { row.what.clone() } else { words::spoken(&row.what) };
        table.row(line(what, &row.last));
    }
    table
}

fn line(what: String, last: &Last) -> [String; 5] {
    match last.act() {
        None => [what, "not recorded".to_owned(), String::new(), String::new(), String::new()],
        Some(act) => [
            what,
            words::date(act.entry.date.as_ref()),
            ago(act),
            act.entry.handle.clone(),
            act.entry.summary.clone().unwrap_or_default(),
        ],
    }
}

fn channels(rows: &[ChannelSilence], is_of_two: bool, text: &mut Text) {
    if rows.is_empty() {
        let between = if is_of_two { " between the two" } else { "" };
        text.line(format!("No line{between} is registered, and no act names what carried it."));
        return;
    }
    let mut table = Table::new([
        "channel",
        "last heard over it",
        "ago",
        "last answered call",
        "last call tried",
        "entry",
    ]);
    for row in rows {
        let [name, last, ago, entry, _] =
            line(words::with_names(&row.channel.name, &row.one_with), &row.last);
        let call = |last: &Option<Last>, none: &str| match last {
            None => "cannot be called".to_owned(),
            Some(last) => {
                last.act().map_or_else(|| none.to_owned(), |act| words::date(act.entry.date.as_ref()))
            }
        };
        table.row([
            name,
            last,
            ago,
            call(&row.answered_call, "not recorded"),
            call(&row.attempt, "no attempt recorded"),
            entry,
        ]);
    }
    text.table(&table);
}

fn findings(rows: &[FindingRow], text: &mut Text) {
    let holding: Vec<&FindingRow> = rows.iter().filter(|row| row.holds).collect();
    if holding.is_empty() {
        text.line("No finding of silence that still holds is recorded.");
    }
    for row in holding {
        text.hanging(2, &finding(row));
    }
    for row in rows.iter().filter(|row| !row.holds) {
        let after = row.broken_by.as_ref().map(words::entry).unwrap_or_default();
        text.hanging(2, &format!("{} (no longer: {after} came after it)", words::entry(&row.entry)));
    }
}

fn finding(row: &FindingRow) -> String {
    let about = if row.about.is_empty() {
        let towards = words::names(&row.towards);
        let towards = if towards.is_empty() { "anyone".to_owned() } else { towards };
        format!("{} silent towards {towards}", words::names(&row.subject))
    } else {
        format!("no answer of {} to {}", words::names(&row.subject), words::names(&row.about))
    };
    let channels = words::names(&row.channels);
    let channels = if channels.is_empty() { "any channel".to_owned() } else { channels };
    let scope = match row.scope.as_deref() {
        Some("direct_only") => "direct answers only",
        Some(_) => "answers by any way",
        None => "direct or not is not said",
    };
    let searched = if row.searched.is_empty() {
        "what was searched is not said".to_owned()
    } else {
        format!("searched: {}", row.searched.join(", "))
    };
    let since = row.since.as_ref().map(|since| format!(", since {}", since.words)).unwrap_or_default();
    let of = if row.about.is_empty() { "about the two" } else { "of the thread" };
    let read = match row.removed {
        0 => String::new(),
        1 => format!("; as far as can be read: 1 entry {of} had its text removed"),
        several => format!("; as far as can be read: {several} entries {of} had their texts removed"),
    };
    format!(
        "{}: {about}{since}; basis: {}; on {channels}, {scope}; {searched}; recorded by {}{}",
        words::entry(&row.entry),
        words::spoken(&row.basis),
        row.recorded_by,
        read
    )
}

fn cells(by: &str, what: &str, last: &Last) -> Vec<String> {
    let mut cells = vec![by.to_owned(), what.to_owned()];
    let Some(act) = last.act() else {
        cells.push("not_recorded".to_owned());
        cells.resize(SilenceMatrix::columns().len(), String::new());
        return cells;
    };
    cells.extend([
        "recorded".to_owned(),
        words::value(act.entry.date.as_ref()),
        act.days_ago.to_string(),
        act.days_ago_max.map(|days| days.to_string()).unwrap_or_default(),
        act.days_ago_open.to_string(),
        act.directness.clone().unwrap_or_default(),
        act.entry.handle.clone(),
        act.entry.id.to_string(),
        act.entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
        words::listed(&act.from),
        words::listed(&act.to),
        words::listed(&act.via),
        act.entry.summary.clone().unwrap_or_default(),
    ]);
    cells
}

#[cfg(test)]
mod tests;
