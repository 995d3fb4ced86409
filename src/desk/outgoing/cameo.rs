//! Event data: who did what to whom, in the codes of CAMEO and PLOVER.

mod codes;
mod target;

use std::io::Write;

use crate::desk::answer::entry::Named;
use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::desk::outgoing::cameo::codes::{Code, NO_CODE, code};
use crate::desk::outgoing::csv::{MARK, line};
use crate::desk::outgoing::table;
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::domain::fact::{Fact, Kind};
use crate::domain::occurred::Precision;

const COLUMNS: [&str; 18] = [
    "date",
    "date_as_recorded",
    "date_precision",
    "earliest",
    "latest",
    "source",
    "target",
    "cameo",
    "cameo_label",
    "plover_event",
    "plover_mode",
    "goldstein",
    "kind",
    "handle",
    "id",
    "marking",
    "status",
    "note",
];

/// Writes a row for each pair of a source and a target. What has no code keeps its row, without one.
pub(super) fn write(taking: &mut Taking<'_>, out: &mut dyn Write) -> Result<(), Broke> {
    out.write_all(MARK.as_bytes())?;
    out.write_all(line(&COLUMNS).as_bytes())?;
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            return Ok(());
        }
        for selected in &batch {
            for row in rows(taking.known(), selected)? {
                out.write_all(line(&row).as_bytes())?;
            }
        }
    }
}

fn rows(known: &Known, selected: &Selected) -> Result<Vec<Vec<String>>, DeskError> {
    let row = &selected.row;
    let known_code = row.entry.kind.and_then(code);
    let Code { cameo, label, event, mode, goldstein, note } = known_code.unwrap_or(NO_CODE);
    let date = Dated::of(known, selected);
    let (from, mut to) = sides(known, selected)?;
    let mut notes = vec![note];
    if to.is_empty() {
        let by;
        (to, by) = target::target(known, selected)?;
        notes.push(by);
    }
    target::add_each_other(known, selected, &mut to)?;
    notes.retain(|note| !note.is_empty());
    let note = notes.join("; ");
    let of = |(source, target): (String, String)| {
        vec![
            date.exact.clone(),
            date.recorded.clone(),
            date.precision.to_owned(),
            date.earliest.clone(),
            date.latest.clone(),
            source,
            target,
            cameo.to_owned(),
            label.to_owned(),
            event.to_owned(),
            mode.to_owned(),
            goldstein.to_owned(),
            row.entry.kind.map_or_else(String::new, |kind| Kind::to_string(&kind)),
            row.entry.handle.clone(),
            row.entry.id.to_string(),
            row.marking.clone().unwrap_or_default(),
            table::status(selected),
            note.clone(),
        ]
    };
    Ok(pairs(&from, &to).into_iter().map(of).collect())
}

/// Returns who acts towards whom, by name: of a joint act each of its sides towards the others. Nobody acts towards
/// itself; whoever has nobody else to act towards has no target, and keeps a row.
fn pairs(from: &[Named], to: &[Named]) -> Vec<(String, String)> {
    let names = |named: &[Named]| match named {
        [] => vec![String::new()],
        named => named.iter().map(|named| named.name.clone()).collect::<Vec<_>>(),
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for source in names(from) {
        let mut others = names(to);
        others.retain(|target| *target != source || source.is_empty());
        if others.is_empty() {
            others.push(String::new());
        }
        for target in others {
            let pair = (source.clone(), target);
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
    }
    // A side without a target adds nothing where others have one.
    if pairs.iter().any(|(_, target)| !target.is_empty()) {
        pairs.retain(|(_, target)| !target.is_empty());
    }
    pairs
}

/// Returns who acts and towards whom: of a finding of silence who is silent, of a meeting that was put off or
/// left whoever did that.
fn sides(known: &Known, selected: &Selected) -> Result<(Vec<Named>, Vec<Named>), DeskError> {
    let event = selected.entry.event.as_ref();
    if let Some(Fact::SilenceRecorded(silence)) = event.map(|event| &event.fact) {
        return Ok((known.all_named(&silence.subject)?, known.all_named(&silence.towards)?));
    }
    let from = match event {
        Some(event) => known.all_named(crate::domain::wording::actors(event))?,
        None => Vec::new(),
    };
    Ok((from, selected.row.to.clone()))
}

/// A date for event data, which knows days alone: one that is no single day is never made one.
struct Dated {
    exact: String,
    recorded: String,
    precision: &'static str,
    earliest: String,
    latest: String,
}

impl Dated {
    fn of(known: &Known, selected: &Selected) -> Self {
        let occurred = selected.entry.event.as_ref().and_then(|event| event.envelope.occurred.as_ref());
        let Some(occurred) = occurred else {
            return Self {
                exact: String::new(),
                recorded: String::new(),
                precision: "none",
                earliest: String::new(),
                latest: String::new(),
            };
        };
        let (earliest, latest) = occurred.bounds(&known.zone);
        let day = |moment: crate::domain::timestamp::Timestamp| {
            if moment.is_bounded() {
                known.zone.local(moment).format("%Y-%m-%d").to_string()
            } else {
                String::new()
            }
        };
        let precision = match occurred.precision() {
            _ if occurred.is_doubtful() => "imprecise",
            Precision::Instant => "instant",
            Precision::Day => "day",
            Precision::Interval => "interval",
            Precision::Coarse | Precision::Set => "imprecise",
        };
        let exact = if matches!(precision, "instant" | "day") { day(earliest) } else { String::new() };
        Self {
            exact,
            recorded: occurred.to_string(),
            precision,
            earliest: day(earliest),
            latest: day(latest),
        }
    }
}

#[cfg(test)]
mod tests;
