//! A workbook of some rows of another, each in its own row, so that it can be mended and imported with the same
//! mapping.

use std::collections::HashSet;

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook as Writer, Worksheet, XlsxError};

use crate::desk::error::DeskError;
use crate::desk::import::mapping::{Cell, Unread};
use crate::desk::import::source::Source;
use crate::desk::import::table::{Fill, Table, is_blank};
use crate::desk::import::xlsx::Workbook;

/// The longest text that a cell of a workbook holds.
const CELL_CHARS_MAX: usize = 32_767;

/// The errors that a cell can hold.
const ERRORS: &[&str] = &["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"];

/// Returns a workbook with the rows down to the header, and of the others those of `rows`, each with what
/// `above` repeats from the rows above it.
pub(in crate::desk::import) fn only(
    file: &mut dyn Source,
    sheet: Option<&str>,
    header: u64,
    rows: &HashSet<u64>,
    mut above: Fill,
) -> Result<Vec<u8>, DeskError> {
    let mut workbook = Workbook::open(file)?;
    let sheet = workbook.sheet(sheet)?;
    let mut table = workbook.rows(&sheet)?;
    let mut writer = Writer::new();
    let into = writer.add_worksheet();
    into.set_name(&sheet).map_err(|error| unwritten(&error))?;
    while let Some(mut row) = table.next()? {
        // What the cells above say goes with a row whose cells above do not.
        if row.line > header && !is_blank(&row) {
            above.fill(&mut row);
        }
        if row.line > header && !rows.contains(&row.line) {
            continue;
        }
        for (column, cell) in row.cells.iter().enumerate() {
            let (Ok(row), Ok(column)) = (u32::try_from(row.line.saturating_sub(1)), u16::try_from(column))
            else {
                continue;
            };
            write(into, row, column, cell).map_err(|error| unwritten(&error))?;
        }
        // What was wrong stays wrong until it is mended.
        for (column, unread) in &row.unread {
            let (Ok(row), Ok(column)) = (u32::try_from(row.line.saturating_sub(1)), u16::try_from(*column))
            else {
                continue;
            };
            write_unread(into, row, column, unread).map_err(|error| unwritten(&error))?;
        }
    }
    writer.save_to_buffer().map_err(|error| unwritten(&error))
}

fn write(into: &mut Worksheet, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let number =
                text.parse::<f64>().ok().filter(|number| number.is_finite() && number.to_string() == *text);
            match number {
                Some(number) => into.write_number(row, column, number)?,
                None => {
                    into.write_string(row, column, text.chars().take(CELL_CHARS_MAX).collect::<String>())?
                }
            };
        }
        Cell::Date(date) => {
            let pattern = if date.contains('T') { "yyyy-mm-dd hh:mm:ss" } else { "yyyy-mm-dd" };
            let format = Format::new().set_num_format(pattern);
            match ExcelDateTime::parse_from_str(date) {
                Ok(value) => into.write_datetime_with_format(row, column, &value, &format)?,
                // Before 1900 a workbook has no dates.
                Err(_) => into.write_string(row, column, date)?,
            };
        }
    }
    Ok(())
}

/// Writes what could not be read so that it cannot be read again.
///
/// A formula is no formula any more: the cells that it counts with may not be among these rows, and a spreadsheet would
/// give it the value of empty ones.
fn write_unread(into: &mut Worksheet, row: u32, column: u16, unread: &Unread) -> Result<(), XlsxError> {
    match unread {
        Unread::Error(error) => {
            let error = ERRORS.iter().find(|known| *known == error).unwrap_or(&"#N/A");
            into.write_formula(row, column, Formula::new("=NA()").set_result(*error))?;
        }
        Unread::Date(number) => {
            let format = Format::new().set_num_format("yyyy-mm-dd");
            into.write_number_with_format(row, column, *number, &format)?;
        }
        Unread::Duration(number) => {
            let format = Format::new().set_num_format("[h]:mm:ss");
            into.write_number_with_format(row, column, *number, &format)?;
        }
    }
    Ok(())
}

fn unwritten(error: &XlsxError) -> DeskError {
    DeskError::Unavailable(format!("the workbook of the rows that are wrong cannot be made: {error}"))
}
