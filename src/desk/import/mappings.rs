//! The mapping files that were sent: an import names one by its digest.
//!
//! A mapping goes to the API by itself, before the file: so it is checked whole before a gigabyte follows, the file
//! stays the body and nothing but the body, and an import that is repeated names exactly the mapping that it was
//! made with. Nothing of it is on disk: whoever sends a file has the mapping, and sends it again to another server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{DraftedMapping, MappingRow};
use crate::desk::ask::{DraftAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::{CsvTable, Dialect, unread};
use crate::desk::import::mapping::draft::draft;
use crate::desk::import::mapping::{Checked, Columns, Form, Mapping, TableRow, sign};
use crate::desk::import::source::{Progress, Source, Watched, beginning};
use crate::desk::import::table::{Table, words};
use crate::desk::import::xlsx::Workbook;
use crate::desk::import::{encoding, foreign, format};
use crate::store::leaf::HexHash;

/// How many are kept; the oldest goes.
const KEPT_MAX: usize = 64;

/// The mapping files that were sent, the newest last.
#[derive(Debug, Default)]
pub(in crate::desk) struct Mappings {
    kept: Mutex<VecDeque<(String, Arc<Checked>)>>,
}

impl Mappings {
    fn keep(&self, digest: &str, checked: Checked) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| known != digest);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((digest.to_owned(), Arc::new(checked)));
    }

    /// Returns the mapping of a digest.
    pub(super) fn get(&self, digest: &str) -> Result<Arc<Checked>, DeskError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(known, _)| known == digest).map(|(_, checked)| Arc::clone(checked));
        found.ok_or_else(|| {
            let detail = format!(
                "there is no mapping `{digest}` here; send the mapping file to /v1/import/mappings first, which answers with its digest"
            );
            Fault::in_field("mapping", detail).into()
        })
    }
}

/// How much of a file is looked at to tell what stands between cells.
pub(super) const LOOKED_AT: u64 = 64 << 10;

/// Returns what stands between the cells of a first line, where that is no comma.
pub(super) fn delimiter(start: &[u8]) -> Option<String> {
    let first = start.split(|byte| matches!(byte, b'\n' | b'\r')).find(|line| !line.is_empty())?;
    #[expect(clippy::naive_bytecount, reason = "one line, looked at once: not worth a dependency")]
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    let (count, found) = [(count(b','), ","), (count(b';'), ";"), (count(b'\t'), "tab"), (count(b'|'), "|")]
        .into_iter()
        .max_by_key(|(count, _)| *count)?;
    (count > 0 && found != ",").then(|| found.to_owned())
}

/// How many rows may stand above the header.
const TITLES_MAX: usize = 20;

/// Reads up to the row that is most likely the header: the first, or where rows of one cell stand above it, as titles
/// do, the first with several; returns its number where that is not the first. Where somebody says in which row it
/// stands, that one is.
fn likely_header(
    table: &mut dyn Table,
    asked: Option<u64>,
) -> Result<Option<(Columns, Option<u64>)>, DeskError> {
    let names = |row: &TableRow| Columns::of(row.cells.iter().map(|cell| words(cell.text())).collect());
    if let Some(asked) = asked {
        while let Some(row) = table.next()?.filter(|row| row.line <= asked) {
            if row.line == asked {
                return Ok(Some((names(&row), Some(asked))));
            }
        }
        return Err(
            Fault::in_field("header", format!("row {asked} is empty, or the file ends before it")).into()
        );
    }
    let mut first: Option<TableRow> = None;
    for _ in 0..TITLES_MAX {
        let Some(row) = table.next()? else { break };
        let is_hint = row.cells.first().is_some_and(|cell| cell.text().to_lowercase().starts_with("sep="));
        match row.cells.iter().filter(|cell| !cell.text().trim().is_empty()).count() {
            0 => {}
            _ if is_hint && first.is_none() => {}
            1 => {
                first.get_or_insert(row);
            }
            _ => return Ok(Some((names(&row), first.is_some().then_some(row.line)))),
        }
    }
    Ok(first.map(|row| (names(&row), None)))
}

/// Says in a mapping in which row the header stands.
fn below(drafted: &mut DraftedMapping, at: Option<u64>, ask: &DraftAsk) {
    let Some(at) = at else { return };
    if let Some(fields) = drafted.mapping.as_object_mut() {
        fields.insert("header".to_owned(), at.into());
    }
    if ask.header.is_some() {
        return;
    }
    drafted.notes.push(format!(
        "header: row {at} is taken for it, because every row above it has one cell alone; `--header` says otherwise"
    ));
}

impl Desk {
    /// Takes in a mapping file, for the imports that name it by its digest.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] with everything that is wrong with it: by line and column where it is not JSON of
    /// this shape, else by the path of what is meant.
    pub fn take_mapping(&self, bytes: &[u8]) -> Result<Answer<MappingRow>, DeskError> {
        let checked = Mapping::read(bytes).and_then(Checked::of).map_err(DeskError::Wrong)?;
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let digest = HexHash(digest).to_string();
        let guesses = checked.mapping.guesses();
        self.mappings.keep(&digest, checked);
        Ok(self.known(&When::default())?.answer(MappingRow { digest, guesses }))
    }

    /// Drafts a mapping for a table, from its header and its first rows; `name` is the name of the file.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a file that is no table, and for what no file of its format has.
    pub fn draft_mapping(
        &self,
        ask: &DraftAsk,
        file: &mut dyn Source,
    ) -> Result<Answer<DraftedMapping>, DeskError> {
        let known = self.known(&When::default())?;
        let asked = ask.format.as_deref().map(format::form).transpose();
        let asked = asked.map_err(|detail| Fault::in_field("format", detail))?;
        let form = asked.or_else(|| format::of_name(&ask.file)).unwrap_or(Form::Csv);
        check_asked(ask, form)?;
        let empty = || DeskError::from(Fault::new("the file has no rows"));
        let progress = Progress::default();
        let mut watched = Watched::whole(file, &progress).map_err(unread)?;
        foreign::refuse(&mut watched, form)?;
        let mut drafted = match form {
            Form::Xlsx => {
                let mut workbook = Workbook::open(watched)?;
                let sheet = workbook.sheet(ask.sheet.as_deref())?;
                let mut table = workbook.rows(&sheet)?;
                let nothing = || DeskError::from(Fault::new(format!("the sheet `{sheet}` has no rows")));
                let (columns, at) = likely_header(&mut table, ask.header)?.ok_or_else(nothing)?;
                let mut drafted = draft(form, None, None, &mut table, &columns, &known)?;
                if let Some(fields) = drafted.mapping.as_object_mut() {
                    fields.insert("sheet".to_owned(), sheet.into());
                }
                below(&mut drafted, at, ask);
                drafted
            }
            Form::Csv => {
                let start = beginning(&mut watched, LOOKED_AT).map_err(unread)?;
                if ask.encoding.is_none()
                    && let Some(detail) = encoding::unnamed(&start)
                {
                    return Err(Fault::in_field("encoding", detail).into());
                }
                let delimiter = ask.delimiter.clone().or_else(|| delimiter(&start));
                let dialect = Dialect {
                    encoding: ask.encoding.clone(),
                    delimiter: delimiter.clone(),
                    ..Dialect::default()
                };
                let mut table = CsvTable::new(watched, &dialect)?;
                let (columns, at) = likely_header(&mut table, ask.header)?.ok_or_else(empty)?;
                let mut drafted = draft(form, delimiter, ask.encoding.clone(), &mut table, &columns, &known)?;
                below(&mut drafted, at, ask);
                drafted
            }
            Form::Chronology | Form::Tei | Form::Icews | Form::Plover | Form::Eml => {
                let detail = "this format is read without a mapping; one is drafted for tables (csv, xlsx)";
                return Err(Fault::in_field("format", detail).into());
            }
        };
        drafted.notes.insert(
            0,
            "look through the mapping before it is used: `import --dry-run` says what is doubtful".to_owned(),
        );
        Ok(known.answer(drafted))
    }
}

/// Checks what is said of a file before any of it is read.
fn check_asked(ask: &DraftAsk, form: Form) -> Result<(), DeskError> {
    if ask.file.trim().is_empty() {
        let detail = "is empty; it is the name of the file, whose ending tells what it is";
        return Err(Fault::in_field("file", detail).into());
    }
    if ask.header == Some(0) {
        let detail = "rows are counted from 1; of a table without a header a mapping is written by hand, with \"header\": 0 and \
                      columns by their places (`#1`)";
        return Err(Fault::in_field("header", detail).into());
    }
    if let Some(Err(detail)) = ask.delimiter.as_deref().map(|typed| sign(typed, "tab")) {
        return Err(Fault::in_field("delimiter", detail).into());
    }
    let is_workbook = form == Form::Xlsx;
    let strange = [
        ("sheet", &ask.sheet, !is_workbook, "only a workbook has sheets; leave it out"),
        ("delimiter", &ask.delimiter, is_workbook, "a workbook has none; leave it out"),
        ("encoding", &ask.encoding, is_workbook, "a workbook says it itself; leave it out"),
    ];
    for (field, said, is_strange, detail) in strange {
        if said.is_some() && is_strange {
            return Err(Fault::in_field(field, detail).into());
        }
    }
    Ok(())
}
