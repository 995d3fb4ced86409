//! CSV as spreadsheets open it: UTF-8 with a byte order mark, and no cell that is taken for a formula.

use std::io::Write;

use crate::desk::outgoing::table::{COLUMNS, cells};
use crate::desk::outgoing::taking::{Broke, Taking};

/// By which Excel takes the file for UTF-8, so that Hangul stays whole.
pub(super) const MARK: &str = "\u{feff}";

/// Writes a header and a line per entry.
pub(super) fn write(taking: &mut Taking<'_>, out: &mut dyn Write) -> Result<(), Broke> {
    out.write_all(MARK.as_bytes())?;
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    out.write_all(line(&names).as_bytes())?;
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            return Ok(());
        }
        for selected in &batch {
            out.write_all(line(&cells(taking.known(), selected)?).as_bytes())?;
        }
    }
}

/// Returns the cells as a line (RFC 4180).
pub(super) fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        put(&mut line, cell.as_ref());
    }
    line.push_str("\r\n");
    line
}

/// The apostrophe before what a spreadsheet would take for a formula.
const GUARD: char = '\'';

/// Returns what stands before a cell so that no spreadsheet takes it for a formula: nothing for most. What would be read
/// as a guarded cell is guarded too, so that no two cells are written alike.
pub(crate) fn guard(cell: &str) -> &'static str {
    if is_formula(cell.trim_start_matches(GUARD)) { "'" } else { "" }
}

/// Returns the cell that was written guarded, or as it stands.
pub(crate) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix(GUARD).filter(|rest| !guard(rest).is_empty()).unwrap_or(cell)
}

/// Tells whether the cells of a line are the header of such a table.
pub(crate) fn is_header<T: AsRef<str>>(cells: &[T]) -> bool {
    cells.len() == COLUMNS.len()
        && cells.iter().zip(&COLUMNS).all(|(cell, column)| cell.as_ref() == column.name)
}

fn put(line: &mut String, cell: &str) {
    let guard = guard(cell);
    let quoted = cell.contains([',', '"', '\r', '\n', ';', '\t'])
        || cell.starts_with(char::is_whitespace)
        || cell.ends_with(char::is_whitespace);
    if quoted {
        line.push('"');
        line.push_str(guard);
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(guard);
        line.push_str(cell);
    }
}

/// Tells whether a spreadsheet would take a cell for a formula, as it stands or once it trimmed it. A number below zero is
/// a number.
fn is_formula(cell: &str) -> bool {
    if cell.strip_prefix('-').is_some_and(is_number) {
        return false;
    }
    let begins = |text: &str| {
        text.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{2212}'])
    };
    let skipped = |letter: char| letter.is_whitespace() || letter.is_control() || is_unseen(letter);
    cell.starts_with(['\t', '\r', '\n']) || begins(cell.trim_start_matches(skipped))
}

/// Tells whether a cell is digits, perhaps with a point among them, and nothing else.
fn is_number(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match cell.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(cell),
    }
}

/// Tells whether a letter has no width: what stands behind it is taken for the first.
const fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for cell in [
            "=1+1",
            "+82 2",
            "-1+1",
            "- 1",
            "-.5",
            "-1.",
            "-1.2.3",
            "-1,5",
            "--1",
            "-",
            "-x",
            "\t-1",
            "-1\n",
            "−1",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "\u{200b}=1",
            "＝1",
            "\r=cmd|' /C calc'!A0",
        ] {
            let line = line(&[cell]);
            assert!(line.trim_start_matches('"').starts_with('\''), "{cell:?} became {line:?}");
        }
        assert_eq!(line(&["'=1", "''=1", "'tis"]), "''=1,'''=1,'tis\r\n");
        assert_eq!(line(&["-5.0", "-1", "-0.25"]), "-5.0,-1,-0.25\r\n");
        assert_eq!(
            line(&["KOR", "북한", "a,b", "say \"no\"", ""]),
            "KOR,북한,\"a,b\",\"say \"\"no\"\"\",\r\n"
        );
    }

    proptest! {
        #[test]
        fn a_line_reads_back_as_its_cells(cells in proptest::collection::vec("[^\\x00\u{feff}]{0,12}", 1..6)) {
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true)
                .from_reader(std::io::Cursor::new(line(&cells).into_bytes()));
            let record = reader.records().next();
            // A line of one empty cell is an empty line, which readers pass over.
            let Some(record) = record else {
                prop_assert_eq!(cells, vec![String::new()]);
                return Ok(());
            };
            let record = record.unwrap();
            let read: Vec<&str> = record.iter().collect();
            prop_assert_eq!(read.len(), cells.len());
            for (read, cell) in read.iter().zip(&cells) {
                prop_assert!(*read == cell || *read == format!("'{cell}"), "{read:?} {cell:?}");
                prop_assert_eq!(unguarded(read), cell);
            }
        }
    }
}
