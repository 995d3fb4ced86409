//! An entry as a row of a table: what CSV and spreadsheets show.

use crate::desk::answer::entry::Named;
use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Kind;
use crate::domain::id::EventId;
use crate::domain::source::{Credibility, Reliability, Source};
use crate::domain::timestamp::Timestamp;

/// A column: its name, and how wide a spreadsheet shows it, in letters.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) width: f64,
}

const fn column(name: &'static str, width: f64) -> Column {
    Column { name, width }
}

/// The columns, in order.
pub(super) const COLUMNS: [Column; 26] = [
    column("position", 9.0),
    column("handle", 14.0),
    column("kind", 26.0),
    column("date", 24.0),
    column("earliest", 20.0),
    column("latest", 20.0),
    column("from", 18.0),
    column("to", 18.0),
    column("about", 22.0),
    column("via", 18.0),
    column("summary", 70.0),
    column("speaker", 24.0),
    column("form", 16.0),
    column("topics", 20.0),
    column("note", 40.0),
    column("sources", 40.0),
    column("grades", 8.0),
    column("replies_to", 16.0),
    column("marking", 18.0),
    column("confidence", 11.0),
    column("status", 18.0),
    column("amended", 9.0),
    column("says", 40.0),
    column("recorder", 14.0),
    column("recorded_at", 28.0),
    column("id", 38.0),
];

/// What is not in the table, for whoever relies on it.
pub(super) const LEFT_OUT: &str =
    "the details of each kind, the language versions of texts, and links beyond replies: `jsonl` has them";

/// Returns the cells of an entry, in the order of the columns.
///
/// # Errors
///
/// Returns what the desk says where the log cannot be read.
pub(super) fn cells(known: &Known, selected: &Selected) -> Result<Vec<String>, DeskError> {
    let (row, entry) = (&selected.row, &selected.entry);
    let empty = Envelope::default();
    let envelope = entry.event.as_ref().map_or(&empty, |event| &event.envelope);
    let (earliest, latest) = envelope.occurred.as_ref().map_or((None, None), |date| {
        let (earliest, latest) = date.bounds(&known.zone);
        (local(known, earliest), local(known, latest))
    });
    let summary = match (&row.entry.summary, entry.event.is_none()) {
        (Some(summary), _) => summary.clone(),
        (None, true) => "(the text was removed)".to_owned(),
        (None, false) => String::new(),
    };
    Ok(vec![
        row.position.to_string(),
        row.entry.handle.clone(),
        row.entry.kind.map_or_else(String::new, |kind| Kind::to_string(&kind)),
        envelope.occurred.as_ref().map(ToString::to_string).unwrap_or_default(),
        earliest.unwrap_or_default(),
        latest.unwrap_or_default(),
        names(&row.from),
        names(&row.to),
        names(&row.about),
        names(&row.via),
        summary,
        envelope.speaker.clone().unwrap_or_default(),
        envelope.form.map(|form| form.to_string()).unwrap_or_default(),
        envelope.topics.join("; "),
        envelope.note.clone().unwrap_or_default(),
        envelope.sources.iter().map(|source| source.locator.as_str()).collect::<Vec<_>>().join("; "),
        envelope.sources.iter().filter_map(grade).collect::<Vec<_>>().join("; "),
        replies(known, entry.event.as_ref())?,
        row.marking.clone().unwrap_or_default(),
        row.confidence.clone().unwrap_or_default(),
        status(selected),
        if row.amended == 0 { String::new() } else { row.amended.to_string() },
        row.says.clone().unwrap_or_default(),
        row.recorder.clone(),
        row.recorded_at.to_string(),
        row.entry.id.to_string(),
    ])
}

/// Says what became of an entry: `struck`, `text removed`, both, or nothing.
pub(super) fn status(selected: &Selected) -> String {
    let mut status = Vec::new();
    if selected.row.struck {
        status.push("struck");
    }
    if selected.row.redacted {
        status.push("text removed");
    }
    status.join(", ")
}

/// Returns a moment in the zone of the log, so written that the order of texts is that of time; none for a
/// bound that is open or that nobody knows.
fn local(known: &Known, moment: Timestamp) -> Option<String> {
    moment.is_bounded().then(|| known.zone.local(moment).format("%Y-%m-%d %H:%M:%S").to_string())
}

/// Returns names for one cell.
pub(super) fn names(names: &[Named]) -> String {
    names.iter().map(|named| named.name.as_str()).collect::<Vec<_>>().join("; ")
}

/// Returns the two grades of a source, where anybody gave one.
pub(super) fn grade(source: &Source) -> Option<String> {
    let ungraded =
        source.reliability == Reliability::default() && source.credibility == Credibility::default();
    let letter = serde_json::to_value(source.reliability).ok()?;
    let digit = serde_json::to_value(source.credibility).ok()?;
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    (!ungraded).then(|| format!("{}{}", text(&letter), text(&digit)))
}

/// Returns the handles of what an entry answers or bears on in its history.
fn replies(known: &Known, event: Option<&Event>) -> Result<String, DeskError> {
    let mut handles = Vec::new();
    for link in event.iter().flat_map(|event| &event.envelope.links) {
        if link.relation.enters_history() {
            handles.push(handle(known, link.target)?);
        }
    }
    Ok(handles.join("; "))
}

/// Returns what users type for an event.
pub(super) fn handle(known: &Known, id: EventId) -> Result<String, DeskError> {
    let event = known.view.event(id)?.and_then(|raw| raw.event);
    Ok(Known::handle(id, event.as_ref()))
}
