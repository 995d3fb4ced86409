//! The rows that were left out, as a file of the same format that can be mended and imported again.

use std::collections::HashMap;
use std::io::{Read, SeekFrom};

use base64::Engine as _;

use crate::desk::answer::operation::Rejects;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::format::Format;
use crate::desk::import::mapping::Form;
use crate::desk::import::reading::unspooled;
use crate::desk::import::source::Source;
use crate::desk::import::survey::Survey;
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
        xlsx::only(file, frame.sheet.as_deref(), frame.head.1, &lines)?
    } else {
        let mut bytes = Vec::new();
        if frame.head.0 > 0 {
            piece(file, 0, frame.head.0, &mut bytes)?;
        }
        bytes.extend_from_slice(frame.before.as_bytes());
        for row in &rows {
            let (from, to) = row.drafted.span;
            piece(file, from, to, &mut bytes)?;
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

fn piece(file: &mut dyn Source, from: u64, to: u64, into: &mut Vec<u8>) -> Result<(), DeskError> {
    let length = to.saturating_sub(from);
    if into.len() as u64 + length > BYTES_MAX {
        return Err(DeskError::Refused {
            rule: format!("the rows that are wrong have more than {} MiB", BYTES_MAX >> 20),
            hints: vec!["look at the first of them without `--continue`".to_owned()],
        });
    }
    file.seek(SeekFrom::Start(from)).map_err(unread)?;
    Read::take(&mut *file, length).read_to_end(into).map_err(unread)?;
    Ok(())
}
