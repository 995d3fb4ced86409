//! A workbook: a sheet of entries with a frozen header and filters, and a sheet that says what it is.
//!
//! `rust_xlsxwriter` is named here alone. Its rows go to a file without a name while they are written, so that
//! memory does not grow with them; only the finished workbook, compressed, is held.

use std::io::Write;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::desk::error::DeskError;
use crate::desk::outgoing::about::About;
use crate::desk::outgoing::table::{COLUMNS, LEFT_OUT, cells};
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::domain::timestamp::Timestamp;

/// How many letters a cell holds.
const CELL_CHARS_MAX: usize = 32_767;
/// What stands at the end of a text that is longer.
pub(crate) const CUT: &str = " … (cut here)";
/// The columns that hold numbers.
const NUMBERS: [&str; 2] = ["position", "amended"];

/// Writes the workbook.
///
/// `told` is told of texts that were cut, before anything of the workbook leaves.
pub(super) fn write(
    taking: &mut Taking<'_>,
    about: &About,
    told: &mut dyn FnMut(String),
    out: &mut dyn Write,
) -> Result<(), Broke> {
    let mut workbook = Workbook::new();
    // What Excel shows as the day of making is that of the last record: no clock is in an export.
    let properties = DocProperties::new().set_title(format!("Entries of {}", about.log));
    let made = excel_time(about.recorded_at).map_err(|error| unmade(&error))?;
    workbook.set_properties(&properties.set_creation_datetime(&made));
    let written = entries(&mut workbook, taking)?;
    say(&mut workbook, about, &written).map_err(|error| unmade(&error))?;
    if written.cut > 0 {
        told(cut_words(written.cut));
    }
    let bytes = workbook.save_to_buffer().map_err(|error| unmade(&error))?;
    out.write_all(&bytes)?;
    Ok(())
}

/// What was written.
struct Written {
    rows: u32,
    /// How many texts were longer than a cell.
    cut: u64,
}

fn entries(workbook: &mut Workbook, taking: &mut Taking<'_>) -> Result<Written, Broke> {
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(|error| unmade(&error))?;
    header(sheet).map_err(|error| unmade(&error))?;
    let mut written = Written { rows: 0, cut: 0 };
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            break;
        }
        for selected in &batch {
            written.rows += 1;
            let cells = cells(taking.known(), selected)?;
            written.cut += row(sheet, written.rows, &cells).map_err(|error| unmade(&error))?;
        }
    }
    let last = u16::try_from(COLUMNS.len() - 1).unwrap_or(u16::MAX);
    sheet.autofilter(0, 0, written.rows, last).map_err(|error| unmade(&error))?;
    Ok(written)
}

fn header(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("Entries")?;
    sheet.set_freeze_panes(1, 2)?;
    let bold = Format::new().set_bold().set_align(FormatAlign::Top);
    for (place, column) in (0_u16..).zip(&COLUMNS) {
        sheet.set_column_width(place, column.width)?;
        sheet.write_string_with_format(0, place, column.name, &bold)?;
    }
    Ok(())
}

/// Writes a row, and returns how many of its texts were cut.
fn row(sheet: &mut Worksheet, row: u32, cells: &[String]) -> Result<u64, XlsxError> {
    let mut cut = 0;
    for ((place, column), cell) in (0_u16..).zip(&COLUMNS).zip(cells) {
        // Numbers of a log are smaller than those that a sheet holds exactly.
        let number = NUMBERS.contains(&column.name).then(|| cell.parse::<u32>().ok()).flatten();
        match number {
            Some(number) => sheet.write_number(row, place, number)?,
            None if cell.is_empty() => continue,
            None => {
                let (text, was_cut) = fitting(cell);
                cut += u64::from(was_cut);
                sheet.write_string(row, place, text)?
            }
        };
    }
    Ok(cut)
}

/// Says how many texts were cut, in ASCII: it stands in the head of an answer.
fn cut_words(cut: u64) -> String {
    let (texts, are) = if cut == 1 { ("text", "is") } else { ("texts", "are") };
    format!(
        "{cut} {texts} of more than {CELL_CHARS_MAX} characters, which is what a cell holds, {are} cut and end with `(cut here)`; \
         the other formats have them whole"
    )
}

/// Returns as much of a text as a cell holds, and whether that is not all. Excel counts in UTF-16.
fn fitting(text: &str) -> (std::borrow::Cow<'_, str>, bool) {
    if text.len() <= CELL_CHARS_MAX || text.encode_utf16().count() <= CELL_CHARS_MAX {
        return (text.into(), false);
    }
    let room = CELL_CHARS_MAX - CUT.encode_utf16().count();
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units <= room
    };
    let kept: String = text.chars().take_while(fits).collect();
    ((kept + CUT).into(), true)
}

/// Writes the sheet that says what the workbook is.
fn say(workbook: &mut Workbook, about: &About, written: &Written) -> Result<(), XlsxError> {
    let sheet = workbook.add_worksheet();
    sheet.set_name("About this export")?;
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 110)?;
    let bold = Format::new().set_bold().set_align(FormatAlign::Top);
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let query = if about.query.is_empty() { "(all entries)" } else { &about.query };
    let entries = if about.total < about.met {
        format!("{} of the {} that the query meets", written.rows, about.met)
    } else {
        written.rows.to_string()
    };
    let position = about.position.map_or_else(|| "nothing was recorded".to_owned(), |last| last.to_string());
    let cut = match written.cut {
        0 => String::new(),
        cut => format!("; {cut} texts are longer than a cell and end with `{}`", CUT.trim()),
    };
    let lines = [
        ("Log", about.log.clone()),
        ("Known at position", position),
        ("Recorded", about.recorded_at.to_string()),
        ("Query", query.to_owned()),
        ("Entries", entries),
        ("Zone", format!("{}: `earliest` and `latest` are in it, `recorded_at` is UTC", about.zone)),
        (
            "Dates",
            "`date` is as it was recorded, with its doubt; `earliest` and `latest` are between which moments \
             it lies, and sort as text; empty where nobody knows"
                .to_owned(),
        ),
        ("Checkpoint", about.head.trim_end().to_owned()),
        (
            "How to check",
            "the three lines above are origin, size and root, as the signed checkpoint of this size has them"
                .to_owned(),
        ),
        ("Left out", format!("{LEFT_OUT}; struck entries, unless the query asks for them{cut}")),
        ("Removed texts", "are gone from the log; their entries say so and nothing else".to_owned()),
    ];
    for (row, (name, text)) in (0_u32..).zip(&lines) {
        sheet.write_string_with_format(row, 0, *name, &bold)?;
        sheet.write_string_with_format(row, 1, fitting(text).0, &wrapped)?;
    }
    Ok(())
}

/// Returns a moment as Excel counts it; its years begin in 1900.
fn excel_time(moment: Timestamp) -> Result<ExcelDateTime, XlsxError> {
    let seconds = moment.micros().max(0) / 1_000_000;
    ExcelDateTime::from_timestamp(seconds)
}

fn unmade(error: &XlsxError) -> DeskError {
    DeskError::Unavailable(format!("the workbook cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_texts_are_cut_is_said_in_ascii() {
        for (cut, begins) in [(1, "1 text of more than 32767"), (3, "3 texts of more than 32767")] {
            let words = cut_words(cut);
            assert!(
                words.starts_with(begins) && words.is_ascii() && !words.contains(char::is_control),
                "{words}"
            );
        }
    }

    #[test]
    fn a_text_that_no_cell_holds_is_cut_and_says_so() {
        assert_eq!(fitting("회담"), ("회담".into(), false));
        for letter in ["a", "회", "\u{1f54a}"] {
            let long = letter.repeat(40_000);
            let (text, cut) = fitting(&long);
            assert!(cut && text.ends_with(CUT) && text.encode_utf16().count() <= CELL_CHARS_MAX);
        }
    }
}
