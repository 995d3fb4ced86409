//! Rows of a workbook. The one place that names `calamine`.
//!
//! Nothing of a workbook is guessed: a formula counts with the value that was saved with it, and is told; merged
//! cells hold their value in the first cell; what is hidden is said; a number that is no date is none.

mod only;
mod preflight;

pub(super) use only::only;

use std::io::{Read, Seek, SeekFrom};

use calamine::{
    DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxFormulaMetadata,
};
use chrono::{NaiveDate, NaiveTime};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::mapping::{Cell, TableRow, Unread, of_parts};
use crate::desk::import::table::Table;
use crate::desk::import::taking::Taking;
use crate::desk::import::xlsx::preflight::Looks;
use crate::projections::quietly;

/// The largest workbook that is taken, as it is compressed.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// How many regions of merged cells are named.
const MERGED_SHOWN: usize = 20;
/// How many hidden rows are named.
const HIDDEN_SHOWN: usize = 20;

/// How much of a formula is shown.
const FORMULA_CHARS_SHOWN: usize = 200;
/// The last day that a workbook counts: 31 December 9999.
const DAYS_MAX: f64 = 2_958_465.0;

/// A workbook that was looked into.
pub(super) struct Workbook<R: Read + Seek> {
    xlsx: Xlsx<R>,
    looks: Looks,
}

impl<R: Read + Seek> Workbook<R> {
    /// Opens a workbook.
    pub(super) fn open(mut file: R) -> Result<Self, DeskError> {
        let length = file.seek(SeekFrom::End(0)).map_err(unread)?;
        if length > FILE_BYTES_MAX {
            let detail =
                format!("the workbook has more than {} MiB; save the sheet as CSV", FILE_BYTES_MAX >> 20);
            return Err(Fault::new(detail).into());
        }
        file.seek(SeekFrom::Start(0)).map_err(unread)?;
        let looks = guarded(|| preflight::look(&mut file))??;
        file.seek(SeekFrom::Start(0)).map_err(unread)?;
        let xlsx = guarded(|| Xlsx::new(file))?.map_err(|error| damaged(&error))?;
        Ok(Self { xlsx, looks })
    }

    /// Returns the sheet that is meant: the one that is named, or the only one that is shown.
    pub(super) fn sheet(&self, wanted: Option<&str>) -> Result<String, DeskError> {
        let sheets: Vec<_> =
            self.xlsx.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
        let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
        if let Some(wanted) = wanted {
            return if let Some(name) = names.iter().find(|name| **name == wanted) {
                Ok((*name).to_owned())
            } else {
                let detail = format!("the workbook has no sheet `{wanted}`; there are {}", names.join(", "));
                Err(Fault::in_field("sheet", detail).into())
            };
        }
        let shown: Vec<_> = sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible).collect();
        if let [only] = shown.as_slice() {
            Ok(only.name.clone())
        } else {
            let detail = format!(
                "the workbook has several sheets ({}); name the one that is meant with `sheet`",
                names.join(", ")
            );
            Err(Fault::in_field("sheet", detail).into())
        }
    }

    /// Says what of the workbook is not seen by whoever looks at the rows.
    pub(super) fn tell(&self, sheet: &str, fill_down: bool, taking: &mut Taking) {
        for other in self.xlsx.sheets_metadata().iter().filter(|other| other.visible != SheetVisible::Visible)
        {
            let what = if other.name == sheet {
                "which is imported, is hidden"
            } else {
                "is hidden, and is not imported"
            };
            taking.doubt(Fault::new(format!("the sheet `{}` {what}", other.name)));
        }
        let Some(look) = self.looks.of(sheet) else { return };
        if !look.hidden.is_empty() {
            let mut rows: Vec<u64> = look.hidden.iter().copied().collect();
            rows.sort_unstable();
            let first: Vec<String> = rows.iter().take(HIDDEN_SHOWN).map(ToString::to_string).collect();
            let detail = format!(
                "{} hidden rows are imported like the others: {}",
                rows.len(),
                shown(&first, rows.len())
            );
            taking.doubt(Fault::new(detail));
        }
        if !look.hidden_columns.is_empty() {
            let first: Vec<String> = look.hidden_columns.iter().take(HIDDEN_SHOWN).cloned().collect();
            let detail = format!(
                "hidden columns are read like the others: {}",
                shown(&first, look.hidden_columns.len())
            );
            taking.doubt(Fault::new(detail));
        }
        if !look.merged.is_empty() {
            let first: Vec<String> = look.merged.iter().take(MERGED_SHOWN).cloned().collect();
            let how = if fill_down {
                "`fill_down` says which columns repeat the cell above"
            } else {
                "the value stands in the first cell alone, and the others are empty; `fill_down` in the mapping repeats it"
            };
            let detail = format!("cells are merged: {}; {how}", shown(&first, look.merged.len()));
            taking.doubt(Fault::new(detail));
        }
    }

    /// Returns the rows of a sheet.
    pub(super) fn rows(&mut self, sheet: &str) -> Result<SheetTable<'_, R>, DeskError> {
        let xlsx = &mut self.xlsx;
        let cells = guarded(|| xlsx.worksheet_cells_reader(sheet))?.map_err(|error| damaged(&error))?;
        Ok(SheetTable { cells, ahead: None, ended: false, last: 0 })
    }
}

fn shown(first: &[String], of: usize) -> String {
    let more = if of > first.len() { format!(" and {} more", of - first.len()) } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// Reads what is read of a file that others made: a mistake of the library is an error here, and no crash.
fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, DeskError> {
    quietly(read).map_err(|_| Fault::new("the workbook is damaged; save it anew, or as CSV").into())
}

fn damaged(error: &calamine::XlsxError) -> DeskError {
    let detail = if matches!(error, calamine::XlsxError::Password) {
        "the workbook is locked with a password; save it without one".to_owned()
    } else {
        format!("the workbook cannot be read: {error}; save it anew as XLSX, or as CSV")
    };
    Fault::new(detail).into()
}

/// The rows of a sheet.
pub(super) struct SheetTable<'a, R: Read + Seek> {
    cells: XlsxCellReader<'a, R>,
    ahead: Option<Found>,
    ended: bool,
    last: u64,
}

/// A cell that was read.
struct Found {
    row: u64,
    column: usize,
    cell: Cell,
    wrong: Option<(String, Unread)>,
    doubt: Option<String>,
}

impl<R: Read + Seek> SheetTable<'_, R> {
    fn found(&mut self) -> Result<Option<Found>, DeskError> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        if self.ended {
            return Ok(None);
        }
        let cells = &mut self.cells;
        let read = guarded(|| cells.next_cell_with_formula_metadata())?.map_err(|error| damaged(&error))?;
        let Some(read) = read else {
            self.ended = true;
            return Ok(None);
        };
        let (row, column) = (u64::from(read.pos.0) + 1, read.pos.1 as usize);
        let mut found = match cell_of(&read.value) {
            Ok((cell, doubt)) => Found { row, column, cell, wrong: None, doubt },
            Err(wrong) => Found { row, column, cell: Cell::Empty, wrong: Some(wrong), doubt: None },
        };
        if let Some(formula) = read.formula {
            if matches!(read.value, DataRef::Empty) {
                let detail = format!(
                    "holds a formula{} that was saved without a value; open the workbook in a spreadsheet and save it",
                    written(&formula)
                );
                found.wrong = Some((detail, Unread::Error("#N/A".to_owned())));
            } else if found.wrong.is_none() {
                let also = found.doubt.map(|doubt| format!("; it {doubt}")).unwrap_or_default();
                found.doubt =
                    Some(format!("holds a formula; the value that was saved with it is used{also}"));
            }
        }
        Ok(Some(found))
    }
}

impl<R: Read + Seek> Table for SheetTable<'_, R> {
    fn writes_every_cell(&self) -> bool {
        false
    }

    fn next(&mut self) -> Result<Option<TableRow>, DeskError> {
        let Some(first) = self.found()? else { return Ok(None) };
        if first.row <= self.last {
            return Err(Fault::new(format!(
                "row {} of the sheet stands after row {}; save the workbook anew",
                first.row, self.last
            ))
            .into());
        }
        self.last = first.row;
        let mut row = TableRow { line: first.row, span: (first.row, first.row), ..TableRow::default() };
        let mut next = Some(first);
        while let Some(found) = next {
            if found.row != row.line {
                self.ahead = Some(found);
                break;
            }
            if row.cells.len() <= found.column {
                row.cells.resize(found.column + 1, Cell::Empty);
            }
            if let Some((detail, unread)) = found.wrong {
                row.wrong.push((Some(found.column), detail));
                row.unread.push((found.column, unread));
            }
            row.doubtful.extend(found.doubt.map(|detail| (Some(found.column), detail)));
            if let Some(cell) = row.cells.get_mut(found.column) {
                *cell = found.cell;
            }
            next = self.found()?;
        }
        // What is formatted and empty at the end of a row is no cell of it.
        while row.cells.last() == Some(&Cell::Empty) {
            row.cells.pop();
        }
        Ok(Some(row))
    }
}

/// Returns a formula, where the cell holds its words.
fn written(formula: &XlsxFormulaMetadata) -> String {
    let (XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. }) = formula
    else {
        return String::new();
    };
    let first: String = formula.chars().take(FORMULA_CHARS_SHOWN).collect();
    let more = if first.len() < formula.len() { "…" } else { "" };
    format!(" (`={first}{more}`)")
}

/// What a cell says and what is doubtful about it; or what is wrong with it, and what it holds.
type CellRead = Result<(Cell, Option<String>), (String, Unread)>;

fn cell_of(value: &DataRef<'_>) -> CellRead {
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    let cell = match value {
        DataRef::Empty => Cell::Empty,
        DataRef::String(said) => text(said),
        DataRef::SharedString(said) => text(said),
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => Cell::Text(number.to_string()),
        DataRef::Bool(flag) => Cell::Text(flag.to_string()),
        DataRef::Error(error) => {
            return Err((format!("holds the error {error}"), Unread::Error(error.to_string())));
        }
        DataRef::DateTimeIso(iso) => Cell::Date(iso.trim_end_matches("T00:00:00").to_owned()),
        DataRef::DurationIso(iso) => Cell::Text(iso.clone()),
        DataRef::DateTime(date) if date.is_duration() => return duration(date.as_f64()),
        DataRef::DateTime(date) => return moment(date),
    };
    Ok((cell, None))
}

/// Reads how long something lasted, in days, as a sheet shows it: `36:00` for 1.5.
fn duration(days: f64) -> CellRead {
    if !(0.0..=DAYS_MAX).contains(&days) {
        let detail =
            format!("holds the number {days} as a time, which is none; write how long it was in words");
        return Err((detail, Unread::Duration(days)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    let seconds = (days * 86_400.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let short = format!("{hours:02}:{minutes:02}");
    let written = if seconds > 0 { format!("{short}:{seconds:02}") } else { short };
    let doubt = (days >= 1.0)
        .then(|| format!("holds the number {days} as a time of a day or more, read as {written}"));
    Ok((Cell::Text(written), doubt))
}

/// Reads a date, or a time of day.
fn moment(date: &ExcelDateTime) -> CellRead {
    let number = date.as_f64();
    if !(0.0..DAYS_MAX + 1.0).contains(&number) {
        let detail =
            format!("holds the number {number} as a date, which is none: dates go from 1900 to 9999");
        return Err((detail, Unread::Date(number)));
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let time = NaiveTime::from_hms_opt(hour.into(), minute.into(), second.into());
    let time = time.unwrap_or(NaiveTime::MIN);
    if number < 1.0 {
        let pattern = if second == 0 { "%H:%M" } else { "%H:%M:%S" };
        return Ok((Cell::Text(time.format(pattern).to_string()), None));
    }
    match NaiveDate::from_ymd_opt(year.into(), month.into(), day.into()) {
        Some(day) if year <= 9_999 => Ok((Cell::Date(of_parts(day, time)), None)),
        Some(_) | None => {
            let detail = format!("holds the day {year}-{month:02}-{day:02}, which never was");
            Err((detail, Unread::Date(number)))
        }
    }
}
