//! What may be typed next: names of the registers and handles of entries that begin so.

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::alias::NameRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{FilterAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::domain::id::EntityId;
use crate::domain::name::fold;
use crate::projections::register::Register;
use crate::projections::timeline::By;

/// How many names are given at most: nobody chooses among more.
const NAMES_MAX: usize = 200;
/// Among how many of the newest entries a handle is looked for.
const NEWEST: usize = 2_000;

/// What is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["what"]))]
pub struct NamesAsk {
    /// Of what the name is: `channel`, `party`, `series`, `person`, `recorder` or `handle`; several with
    /// commas.
    pub what: String,
    /// What was typed of it.
    #[schemars(length(min = 0))]
    pub prefix: String,
}

/// Returns the names that begin with what was typed, in one order.
pub(super) fn names(desk: &Desk, ask: &NamesAsk) -> Result<Answer<Page<NameRow>>, DeskError> {
    let known = desk.known(&When::default())?;
    let mut items: Vec<NameRow> = Vec::new();
    for what in ask.what.split(',').map(str::trim) {
        let register = &known.register;
        match what {
            "channel" => items.extend(channels(register)),
            "party" => items.extend(parties(register)),
            "series" => items.extend(series(register)),
            "person" => items.extend(persons(register)),
            "recorder" => items.extend(recorders(register)),
            "handle" => items.extend(handles(desk, &ask.prefix)?),
            other => {
                let detail = format!(
                    "`{other}` has no names; write channel, party, series, person, recorder or handle"
                );
                return Err(Fault::in_field("what", detail).into());
            }
        }
    }
    let typed = fold(&ask.prefix);
    items.retain(|row| {
        row.name.starts_with(&ask.prefix) || (!typed.is_empty() && fold(&row.name).starts_with(&typed))
    });
    items.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    items.dedup_by(|one, other| one.name == other.name);
    let total = items.len() as u64;
    items.truncate(NAMES_MAX);
    Ok(known.answer(Page { items, next: None, total }))
}

fn named(id: EntityId, name: &str, words: impl Into<String>) -> NameRow {
    NameRow { id, name: name.to_owned(), words: words.into() }
}

fn first(register: &Register, id: EntityId) -> String {
    register.names(id).first().map(|name| name.text.clone()).unwrap_or_default()
}

fn channels(register: &Register) -> impl Iterator<Item = NameRow> {
    let row = |id, name: &str, words: String| named(id, name, words);
    register.channels().map(move |(id, channel)| {
        row(id, channel.entered.name.as_str(), format!("{} {}", channel.entered.sort, first(register, id)))
    })
}

fn parties(register: &Register) -> impl Iterator<Item = NameRow> {
    register.parties().map(|(id, party)| named(id, party.entered.code.as_str(), first(register, id)))
}

fn series(register: &Register) -> impl Iterator<Item = NameRow> {
    register.all_series().map(|(id, _)| named(id, &first(register, id), "series"))
}

fn persons(register: &Register) -> impl Iterator<Item = NameRow> {
    let all = register.persons();
    all.flat_map(|(id, person)| person.entered.names.iter().map(move |name| named(id, &name.text, "person")))
}

fn recorders(register: &Register) -> impl Iterator<Item = NameRow> {
    register
        .recorders()
        .map(|(id, recorder)| named(EntityId::from_uuid(*id.as_uuid()), &recorder.entered, "recorder"))
}

/// Returns the handles among the newest entries: an index by the letters of a handle would cost every log more
/// than it gives whoever types.
fn handles(desk: &Desk, prefix: &str) -> Result<Vec<NameRow>, DeskError> {
    let mut selection = desk.select(&When::default(), &FilterAsk::default(), By::Recorded, true)?;
    let mut rows = Vec::new();
    let mut seen = 0;
    while seen < NEWEST && rows.len() < NAMES_MAX {
        let batch = selection.next_rows(256)?;
        if batch.is_empty() {
            break;
        }
        seen += batch.len();
        for selected in batch {
            let entry = Known::entry_ref(&selected.entry);
            if entry.handle.starts_with(prefix) {
                let kind = entry.kind.map_or("text removed", |kind| kind.as_str());
                let date = entry.date.map(|date| format!(", {}", date.words)).unwrap_or_default();
                rows.push(named(entry.id.into(), &entry.handle, format!("{kind}{date}")));
            }
        }
    }
    Ok(rows)
}
