//! How a component of a calendar begins and ends: by what it is known again, how often it changed, how far it may travel.

use crate::desk::known::Known;
use crate::desk::outgoing::calendar::line::{property, text, utc};
use crate::domain::marking::Marking;
use crate::domain::reading::{Entry, RawEvent};
use crate::domain::timestamp::Timestamp;

/// Begins a component.
///
/// Its sequence is how many events stand in its history beside the first: every change, correction and link
/// adds one, and nothing takes one away.
pub(super) fn head(name: &str, uid: &str, history: &[RawEvent]) -> String {
    let first = history.first().map_or(Timestamp::MIN, |raw| raw.at);
    let last = history.iter().map(|raw| raw.at).max().unwrap_or(first);
    [
        property("BEGIN", name),
        property("UID", uid),
        property("DTSTAMP", &utc(last)),
        property("CREATED", &utc(first)),
        property("LAST-MODIFIED", &utc(last)),
        property("SEQUENCE", &history.len().saturating_sub(1).to_string()),
    ]
    .concat()
}

/// Ends a component.
pub(super) fn tail(name: &str, handle: &str, marking: Option<String>) -> String {
    let mut lines = property("X-DEMARCHE-HANDLE", &text(handle));
    if let Some(marking) = marking {
        let class = if marking == "TLP:CLEAR" { "PUBLIC" } else { "CONFIDENTIAL" };
        lines.push_str(&property("CLASS", class));
        lines.push_str(&property("X-DEMARCHE-MARKING", &text(&marking)));
    }
    lines + &property("END", name)
}

/// Returns the most restricted marking of entries, and any that the scheme in force does not know.
pub(super) fn marked<'e>(known: &Known, entries: impl IntoIterator<Item = &'e Entry>) -> Option<String> {
    let (scheme, _) = known.marked_by();
    let mut most: Option<Marking> = None;
    let given = entries.into_iter().filter_map(|entry| known.marking_of(entry));
    for marking in given {
        if most.as_ref().is_none_or(|most| scheme.is_below(most, &marking)) {
            most = Some(marking);
        }
    }
    most.map(|marking| marking.0)
}
