//! What a file of coded events has no column for, and which of its columns are not read: both are told.

use serde_json::{Map, Value};

use crate::desk::error::Fault;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::icews::{
    AT, CAMEO, CONTEXTS, DATE, EVENT, ID, INTENSITY, MODE, PLACE, PUBLISHER, PUBLISHER_BESIDE, SENTENCE,
    SOURCE_COUNTRY, SOURCE_NAME, SOURCE_SECTORS, STORY, TARGET_COUNTRY, TARGET_NAME, TARGET_SECTORS, TEXT,
};
use crate::desk::import::mapping::Columns;
use crate::desk::import::taking::Taking;
use crate::domain::fact::Kind;

/// A side of an event: what it is called, how its name and its country are called where the two are published, and by
/// which names they go.
struct Side {
    what: &'static str,
    name: (&'static str, &'static [&'static str]),
    country: (&'static str, &'static [&'static str]),
}

const SIDES: [Side; 2] = [
    Side {
        what: "who acted",
        name: ("Source Name` or `Actor Name", SOURCE_NAME),
        country: ("Source Country` or `Actor Country", SOURCE_COUNTRY),
    },
    Side {
        what: "towards whom",
        name: ("Target Name` or `Recipient Name", TARGET_NAME),
        country: ("Target Country` or `Recipient Country", TARGET_COUNTRY),
    },
];

/// Tells of a table what its header lacks: nothing of it is recorded where no column says who acted or towards whom.
pub(super) fn of_table(columns: &Columns, taking: &mut Taking) {
    if let Some(nobody) = nobody(columns, "column") {
        taking.wrong(Fault::new(nobody));
        return;
    }
    for lack in lacks(columns, "column") {
        taking.doubt(Fault::new(format!("the file has {lack}")));
    }
    let unread = unread(columns);
    if !unread.is_empty() {
        let detail = format!("columns that are not read: {}", unread.join(", "));
        taking.doubt(Fault::new(detail));
    }
}

/// Tells of an object on a line what it lacks, and returns what is wrong with it: that no key says who acted or towards
/// whom.
pub(super) fn of_line(columns: &Columns, line: u64, taking: &mut Taking) -> Option<String> {
    for key in unread(columns) {
        taking.count(line, &format!("the key {key} is not read"));
    }
    let nobody = nobody(columns, "key");
    if nobody.is_none() {
        lacks(columns, "key").for_each(|lack| taking.count(line, &format!("the event has {lack}")));
    }
    nobody
}

/// Tells of a row in which nobody acts although the file has a column for that, and of one in which a party acts towards
/// itself.
pub(super) fn of_sides(columns: &Columns, kind: Kind, entry: &Map<String, Value>, drafted: &mut Drafted) {
    let (from, to) = (entry.get("from"), entry.get("to"));
    if from.is_none()
        && drafted.wrong.is_empty()
        && (has(columns, SOURCE_NAME) || has(columns, SOURCE_COUNTRY))
    {
        drafted.doubt("the row does not say who acted, and the entry is from nobody");
    }
    // Of what is said to somebody every entry is told that.
    let is_told = matches!(kind.family(), "message" | "protest" | "meeting");
    if let Some(Value::Array(codes)) = from.filter(|_| from == to && !is_told) {
        let codes: Vec<&str> = codes.iter().filter_map(Value::as_str).collect();
        drafted.doubt(format!(
            "the source is the target, {}: whoever acts does so towards themselves, or two bodies of one party are meant, whose \
             names stand in the summary alone",
            codes.join(", ")
        ));
    }
}

fn has(columns: &Columns, names: &[&str]) -> bool {
    names.iter().any(|name| columns.place(name).is_some())
}

fn nobody(columns: &Columns, of: &str) -> Option<String> {
    if SIDES.iter().any(|side| has(columns, side.name.1) || has(columns, side.country.1)) {
        return None;
    }
    Some(format!(
        "there is no {of} that says who acted or towards whom, as `Source Name` and `Target Name`, or `Actor Name` and \
         `Recipient Name` do; there are {}",
        columns.names.join(", ")
    ))
}

fn lacks<'c>(columns: &'c Columns, of: &'c str) -> impl Iterator<Item = String> + 'c {
    SIDES.iter().filter_map(move |side| match (has(columns, side.name.1), has(columns, side.country.1)) {
        (false, false) => {
            Some(format!("no {of} `{}` or `{}`: it does not say {}", side.name.0, side.country.0, side.what))
        }
        (false, true) => {
            Some(format!("no {of} `{}`: of {}, the country alone is taken", side.name.0, side.what))
        }
        (true, _) => None,
    })
}

fn unread(columns: &Columns) -> Vec<String> {
    let known = [
        ID,
        DATE,
        CAMEO,
        TEXT,
        INTENSITY,
        EVENT,
        MODE,
        CONTEXTS,
        STORY,
        SENTENCE,
        PUBLISHER,
        PUBLISHER_BESIDE,
        SOURCE_NAME,
        SOURCE_COUNTRY,
        SOURCE_SECTORS,
        TARGET_NAME,
        TARGET_COUNTRY,
        TARGET_SECTORS,
    ];
    let known: Vec<&[&str]> = known.into_iter().chain(PLACE.iter().copied()).chain(AT).collect();
    let is_read = |name: &str| name.is_empty() || known.iter().any(|names| names.contains(&name));
    columns.names.iter().filter(|name| !is_read(name)).map(|name| format!("`{name}`")).collect()
}
