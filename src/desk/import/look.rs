//! The rows of a file beside each other: what is new, what is there twice, what does not fit.

use std::collections::{HashMap, HashSet};

use crate::desk::answer::operation::AlikeRow;
use crate::desk::consequences;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::DOUBTFUL_MAX;
use crate::desk::import::patterns::Neighbours;
use crate::desk::import::reading::{Read, Reading, at, raw_events};
use crate::desk::known::Known;
use crate::desk::recording::{Likeness, SAME, duplicate_of, named_above, of_another};
use crate::desk::writing;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;

/// Up to so many rows are compared with the log one by one; more are not, beyond their ids.
const COMPARED_MAX: usize = 5_000;

/// Says, once for a whole file, that so many rows were not compared with the log one by one.
pub(super) fn uncompared(rows: u64) -> Fault {
    Fault::new(format!(
        "{rows} rows are new: where more than {COMPARED_MAX} are read together, they are compared with each other, and \
         with the log by their ids only"
    ))
}

/// Rows that seem to be the same as an earlier one, or as an entry of the log: the first of them, and their number.
#[derive(Debug, Default)]
pub(super) struct AlikeRows {
    pub(super) first: Vec<AlikeRow>,
    count: u64,
}

/// So many are told one by one, and of more so many are shown.
const SHOWN_MAX: usize = 5;

impl AlikeRows {
    /// Adds the rows of a window.
    pub(super) fn extend(&mut self, rows: Vec<AlikeRow>) {
        self.count += rows.len() as u64;
        let room = DOUBTFUL_MAX.saturating_sub(self.first.len());
        self.first.extend(rows.into_iter().take(room));
    }

    /// Returns what is said of them: of a few one by one, of more once.
    pub(super) fn told(&self) -> Vec<Fault> {
        if self.count <= SHOWN_MAX as u64 {
            return self.first.iter().map(|row| at(row.line, duplicate_of(&row.of))).collect();
        }
        let shown = self.first.iter().take(SHOWN_MAX).map(|row| format!("line {} of {}", row.line, row.of));
        vec![Fault::new(format!(
            "possibly duplicates, {SAME}: {} rows, the first {}; `--format json` lists them under `alike`",
            self.count,
            shown.collect::<Vec<_>>().join(", ")
        ))]
    }
}

/// Looks at the rows together: what is new, what is there twice, what does not fit.
pub(super) fn look(known: &Known, reading: &mut Reading) -> Result<(), DeskError> {
    let mut doubtful = Vec::new();
    for newcomer in reading
        .newcomers
        .iter()
        .filter(|newcomer| !matches!(newcomer.event.fact, Fact::RecorderRegistered(_)))
    {
        doubtful.push(Fault::new(format!("new: {}", writing::entered_words(newcomer))));
    }
    let new: Vec<&Read> = reading.rows.iter().filter(|row| !row.known).collect();
    if new.len() > COMPARED_MAX {
        reading.uncompared = new.len() as u64;
    }
    let mut seen: HashMap<Likeness, &Read> = HashMap::new();
    let mut alike = Vec::new();
    for row in &new {
        let Some(event) = &row.raw.event else { continue };
        if new.len() <= COMPARED_MAX {
            doubtful.extend(named_above(known, event)?.into_iter().map(|said| at(row.line, said)));
            doubtful.extend(of_another(known, event).into_iter().map(|said| at(row.line, said)));
        }
        let likeness = Likeness::of(event);
        if !likeness.is_telling() {
            continue;
        }
        if new.len() <= COMPARED_MAX
            && let Some(of) = likeness.in_log(known, event)?
        {
            alike.push(AlikeRow { line: row.line, of });
        }
        match seen.get(&likeness) {
            Some(first) => alike.push(AlikeRow { line: row.line, of: format!("line {}", first.line) }),
            None => {
                seen.insert(likeness, row);
            }
        }
    }
    let neighbours = Neighbours::of(known, reading.rows.iter().map(|row| &row.raw));
    for row in &new {
        doubtful.extend(neighbours.look(&row.raw)?.into_iter().map(|detail| at(row.line, detail)));
    }
    doubtful.extend(anomalies(known, reading, &new)?);
    reading.doubtful.append(&mut doubtful);
    reading.alike = alike;
    Ok(())
}

/// Returns the transitions that no rule allows, as they would be with the file recorded.
fn anomalies(known: &Known, reading: &Reading, new: &[&Read]) -> Result<Vec<Fault>, DeskError> {
    let ahead = known.ahead(raw_events(known, &reading.newcomers, reading))?;
    let by_id: HashMap<EventId, u64> = new.iter().map(|row| (row.raw.id, row.line)).collect();
    let mut done = HashSet::new();
    let mut found = Vec::new();
    for row in new {
        let Some(event) = &row.raw.event else { continue };
        for entity in consequences::touched(&ahead, row.raw.id, event)? {
            if !done.insert(entity) {
                continue;
            }
            let of_file = |entry: EventId| by_id.contains_key(&entry);
            let Some(standing) = consequences::standing_and_anomalies(&ahead, entity, &of_file)? else {
                continue;
            };
            for anomaly in standing.anomalies {
                if let Some(line) = by_id.get(&anomaly.entry.id) {
                    found.push(at(
                        *line,
                        format!(
                            "{}: no rule allows it: expected {}, found {}",
                            standing.name, anomaly.expected, anomaly.found
                        ),
                    ));
                }
            }
        }
    }
    Ok(found)
}
