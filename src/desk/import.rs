//! Importing a file: every row of it becomes an entry in the making, all are checked before anything is recorded,
//! then recorded in parts that may be repeated.
//!
//! Whatever a file is written in, its rows go the same way: a format drafts entries (`drafted`), which are
//! spooled to disk and looked through (`survey`), read a window at a time against the record (`reading`), looked
//! at beside each other (`look`), and recorded (`rows`). So a file may be larger than memory, and every format
//! has the same checks, the same all or nothing, and the same appends.

mod again;
mod coded;
mod csv;
mod drafted;
mod eml;
mod encoding;
mod entering;
pub(super) mod exported;
mod fitting;
mod foreign;
mod format;
mod given;
mod icews;
mod ids;
mod keys;
mod lines;
mod look;
pub(crate) mod mapping;
mod mappings;
mod markup;
mod patterns;
mod raw;
mod reading;
mod rejects;
mod rows;
pub mod source;
mod survey;
mod table;
mod taking;
mod tei;
mod usage;
mod xlsx;

pub(super) use mappings::Mappings;

use std::collections::HashMap;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, ImportAsk, Wait, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::format::Format;
pub(crate) use crate::desk::import::format::{is_workbook, names_format};
use crate::desk::import::mappings::LOOKED_AT;
use crate::desk::import::reading::unspooled;
use crate::desk::import::rows::{How, Rows};
use crate::desk::import::source::{Progress, Source, Watched, beginning};
use crate::desk::import::survey::{LIMITS, Limits, Surveying};
use crate::desk::import::taking::Taking;
use crate::store::Health;
use crate::store::leaf::HexHash;

/// How many wrong lines an answer names.
const WRONG_MAX: usize = 100;
/// How many doubtful lines an answer names.
const DOUBTFUL_MAX: usize = 1_000;
const STEM_BYTES_MAX: usize = 100;
/// What the name of a file of rows that were left out has behind that of their file, before the ending.
pub(crate) const REJECTS: &str = ".rejects";

impl Desk {
    /// Imports a file: entries as JSON Lines, a table with a mapping, a volume of FRUS, coded events, e-mail; or an
    /// export of a log.
    ///
    /// With a wrong row nothing is recorded, and the answer says what is wrong, unless wrong rows are to be left
    /// out. Entries go in appends of about 900, so an import that was interrupted has recorded a part:
    /// repeating it completes it, and repeating one that was complete records nothing. A file is read once and in
    /// bounded memory, however large it is; an export is read whole.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError`] when the log cannot be read or written, or the file is not what it is said to be; parts
    /// that were recorded before stay.
    pub fn import(
        &self,
        caller: &Caller,
        ask: &ImportAsk,
        file: &mut dyn Source,
        progress: &Progress,
    ) -> Result<Answer<Imported>, DeskError> {
        self.import_within(LIMITS, caller, ask, file, progress)
    }

    fn import_within(
        &self,
        limits: Limits,
        caller: &Caller,
        ask: &ImportAsk,
        file: &mut dyn Source,
        progress: &Progress,
    ) -> Result<Answer<Imported>, DeskError> {
        let stem = stem(&ask.file)?;
        if ask.wait.is_some() && !ask.dry_run {
            self.check_signs()?;
        }
        let mut recorded = Vec::new();
        let mut imported = if exported::is_export(file)? {
            self.import_export(ask, &exported::whole(file)?)?
        } else {
            self.import_file(limits, caller, ask, (&stem, file), progress, &mut recorded)?
        };
        shorten(&mut imported.wrong, WRONG_MAX);
        shorten(&mut imported.doubtful, DOUBTFUL_MAX);
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        if self.store.health() == Health::Copy {
            known.notice(format!(
                "this is a read-only copy of {}; `adopt` makes it the writable one",
                self.store.log_id()
            ));
        }
        let head = self.store.head();
        imported.size = head.size;
        imported.root = HexHash(head.root).to_string();
        let mut answer = known.answer(imported);
        if ask.wait == Some(Wait::Checkpoint) {
            answer.data.proofs = self.proofs_or_notice(recorded, &mut answer.notices);
        }
        // What is asked of a copy is not recorded by it.
        let records = !ask.dry_run && self.store.health() != Health::Copy;
        Ok(if records { self.with_notice(answer) } else { answer })
    }

    fn import_file(
        &self,
        limits: Limits,
        caller: &Caller,
        ask: &ImportAsk,
        (stem, mut file): (&str, &mut dyn Source),
        progress: &Progress,
        places: &mut Vec<std::ops::Range<u64>>,
    ) -> Result<Imported, DeskError> {
        let checked = ask.mapping.as_deref().map(|digest| self.mappings.get(digest)).transpose()?;
        let start = beginning(&mut file, LOOKED_AT).map_err(csv::unread)?;
        let format = Format::of(ask, checked.as_deref(), &start)?;
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let mut taking = Taking::new(Surveying::new(limits).map_err(unspooled)?);
        for guess in checked.iter().flat_map(|checked| checked.mapping.guesses()) {
            taking.doubt(Fault::new(format!("the mapping still guesses: {guess}")));
        }
        let watched = Watched::whole(file, progress).map_err(csv::unread)?;
        format.draft(watched, &known, checked.as_deref(), &mut taking)?;
        let (within, format_name) = (taking.within.take(), taking.called.take());
        let stem = within.map_or_else(|| stem.to_owned(), |within| format!("{stem}#{within}"));
        let (survey, skipped, frame) = taking.finish()?;
        let mut imported = Imported {
            dry_run: ask.dry_run,
            format: format_name.unwrap_or_else(|| format.name().to_owned()),
            rows: survey.count,
            skipped,
            ..Imported::default()
        };
        if survey.count == 0 && survey.wrong.is_empty() {
            imported.wrong.push(Fault::new(format.nothing()));
            return Ok(imported);
        }
        let how = How { dry_run: ask.dry_run, leaves_out: ask.leaves_out };
        let rows = Rows { caller, stem: &stem, how, survey: &survey, progress };
        // Before anything is recorded: where the file of what is left out cannot be made, nothing is.
        let mut left = None;
        let mut leave = |left_out: &HashMap<u64, Vec<Fault>>| {
            left = if left_out.is_empty() {
                None
            } else {
                Some(rejects::rejects(&survey, left_out, &frame, format, file)?)
            };
            Ok(())
        };
        self.import_rows(&rows, &mut imported, places, &mut leave)?;
        imported.rejects = left;
        Ok(imported)
    }
}

/// Returns the name of a file without its folder and its ending: the namespace of the ids of its rows.
///
/// The rows of a file of rejects are rows of the file from which they were left out: mended in one or in the other,
/// or in both, they are the same.
///
/// # Errors
///
/// Returns why the rows cannot go by the name.
pub(crate) fn stem(file: &str) -> Result<String, DeskError> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    let mut stem = if stem == "-" { "stdin" } else { stem };
    while let Some(origin) = stem.strip_suffix(REJECTS).filter(|origin| !origin.is_empty()) {
        stem = origin;
    }
    if stem.is_empty()
        || stem.len() > STEM_BYTES_MAX
        || stem.chars().any(|letter| letter.is_control() || letter == ':')
    {
        let detail = format!(
            "`{file}` is no name of a file whose rows can be named by it; it has 1 to {STEM_BYTES_MAX} bytes and no colon"
        );
        return Err(Fault::in_field("file", detail).into());
    }
    Ok(stem.to_owned())
}

/// Puts faults in the order of their lines, and leaves out those beyond a number, saying how many.
fn shorten(faults: &mut Vec<Fault>, most: usize) {
    // What was shortened already says so in its last.
    faults.sort_by_key(|fault| (fault.detail.starts_with("and ") && fault.line.is_none(), fault.line));
    if faults.len() > most {
        let more = faults.len() - most;
        faults.truncate(most);
        faults.push(Fault::new(format!("and {more} more")));
    }
}

#[cfg(test)]
mod tests;
