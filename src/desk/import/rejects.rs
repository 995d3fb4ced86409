//! The rows that were left out, as a file of the same format that can be mended and imported again.

use std::collections::{HashMap, HashSet};
use std::io::{Read, SeekFrom};

use base64::Engine as _;

use crate::desk::answer::operation::Rejects;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::{CsvTable, unread};
use crate::desk::import::encoding::Letters;
use crate::desk::import::format::Format;
use crate::desk::import::mapping::Form;
use crate::desk::import::raw::RawLines;
use crate::desk::import::reading::unspooled;
use crate::desk::import::source::Source;
use crate::desk::import::survey::{Row, Survey};
use crate::desk::import::table::{Table, is_blank};
use crate::desk::import::taking::Frame;
use crate::desk::import::xlsx;

/// The most that a file of rejects may be: it goes into the answer.
const BYTES_MAX: u64 = 64 << 20;

/// Returns the file of the rows that were left out, with why each was.
pub(super) fn rejects(
    survey: &Survey,
    left_out: &HashMap<u64, Vec<Fault>>,
    frame: &Frame,
    format: Format,
    file: &mut dyn Source,
) -> Result<Rejects, DeskError> {
    let mut places: Vec<u64> = left_out.keys().copied().collect();
    places.sort_unstable();
    let rows = survey.rows_at(&places).map_err(unspooled)?;
    let bytes = if format.form == Form::Xlsx {
        let lines = rows.iter().map(|row| row.line).collect();
        xlsx::only(file, frame.sheet.as_deref(), frame.head.1, &lines, frame.fill.clone())?
    } else {
        let mut bytes = Vec::new();
        if frame.head.0 > 0 {
            piece(file, 0, frame.head.0, &mut bytes)?;
        }
        bytes.extend_from_slice(frame.before.as_bytes());
        let completed = completed(&rows, frame, file)?;
        let mut keeping = Keeping::of(frame, file, &bytes)?;
        for row in &rows {
            let (from, to) = row.drafted.span;
            if let Some(keeping) = &mut keeping {
                keeping.up_to(row.line, &mut bytes)?;
            }
            match completed.get(&row.line) {
                Some(row) => bytes.extend_from_slice(row),
                None => piece(file, from, to, &mut bytes)?,
            }
        }
        bytes.extend_from_slice(frame.after.as_bytes());
        bytes
    };
    let mut reasons: Vec<Fault> =
        places.iter().filter_map(|place| left_out.get(place)).flatten().cloned().collect();
    reasons.sort_by_key(|fault| fault.line);
    let file = base64::engine::general_purpose::STANDARD.encode(bytes);
    Ok(Rejects { rows: rows.len() as u64, reasons, file })
}

/// Returns the rows of a file of cells to which the rows above them add something, with that: in a file of their own
/// they would take it from others.
fn completed(rows: &[Row], frame: &Frame, file: &mut dyn Source) -> Result<HashMap<u64, Vec<u8>>, DeskError> {
    let mut completed = HashMap::new();
    if frame.fill.is_empty() {
        return Ok(completed);
    }
    let wanted: HashSet<u64> = rows.iter().map(|row| row.line).collect();
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    let mut table = CsvTable::new(&mut *file, &frame.dialect)?;
    let mut above = frame.fill.clone();
    while let Some(mut row) = table.next()? {
        if row.line <= frame.head.1 || is_blank(&row) {
            continue;
        }
        let broken = !row.wrong.is_empty();
        if above.fill(&mut row) && wanted.contains(&row.line) {
            // What is no text, or has no letters in the encoding, would be lost.
            let written = if broken { None } else { table.written(&row.cells) };
            let Some(written) = written else {
                let detail = format!(
                    "line {}: cannot be written into a file of rejects with what `fill_down` repeats from above; mend \
                     it in the file itself",
                    row.line
                );
                return Err(Fault::new(detail).into());
            };
            completed.insert(row.line, written);
        }
    }
    Ok(completed)
}

/// Keeps every row in its line, where its number is what it is known by: the lines between are empty.
struct Keeping {
    letters: Letters,
    /// What ends a line.
    ends: &'static str,
    /// How much of what is written was counted, and how many lines it has.
    counted: usize,
    lines: u64,
}

impl Keeping {
    /// Returns one that has seen what stands above the rows; none where their numbers do not matter.
    fn of(frame: &Frame, file: &mut dyn Source, above: &[u8]) -> Result<Option<Self>, DeskError> {
        if !frame.by_number {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(0)).map_err(unread)?;
        let letters = CsvTable::new(&mut *file, &frame.dialect)?.letters();
        let mut keeping = Self { letters, ends: "\n", counted: 0, lines: 0 };
        keeping.count(above)?;
        Ok(Some(keeping))
    }

    fn count(&mut self, written: &[u8]) -> Result<(), DeskError> {
        let rest = written.get(self.counted..).unwrap_or_default();
        let mut lines = RawLines::new(rest, self.letters.width(), 0);
        while let Some(line) = lines.next().map_err(unread)? {
            self.lines += 1;
            if !line.ends.is_empty() {
                self.ends = line.ends;
            }
        }
        self.counted = written.len();
        Ok(())
    }

    /// Writes empty lines up to one.
    fn up_to(&mut self, line: u64, into: &mut Vec<u8>) -> Result<(), DeskError> {
        self.count(into)?;
        let end = self.letters.encode(self.ends).unwrap_or_default();
        let between = line.saturating_sub(self.lines + 1);
        fits(into, between.saturating_mul(end.len() as u64))?;
        (0..between).for_each(|_| into.extend_from_slice(&end));
        Ok(())
    }
}

fn piece(file: &mut dyn Source, from: u64, to: u64, into: &mut Vec<u8>) -> Result<(), DeskError> {
    let length = to.saturating_sub(from);
    fits(into, length)?;
    file.seek(SeekFrom::Start(from)).map_err(unread)?;
    Read::take(&mut *file, length).read_to_end(into).map_err(unread)?;
    Ok(())
}

fn fits(into: &[u8], length: u64) -> Result<(), DeskError> {
    if into.len() as u64 + length > BYTES_MAX {
        return Err(DeskError::Refused {
            rule: format!("the rows that are wrong have more than {} MiB", BYTES_MAX >> 20),
            hints: vec!["look at the first of them without `--continue`".to_owned()],
        });
    }
    Ok(())
}
