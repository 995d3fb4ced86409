//! What a file is, by its first bytes, where it is not what it is taken for: compressed, an old workbook, a page.

use std::io::{Read, Seek};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::mapping::Form;
use crate::desk::import::source::beginning;

/// How many bytes are looked at.
const LOOKED_AT: u64 = 512;

/// How files begin that are something else in their whole, and what to do with them.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "the file is compressed (gzip); unpack it first"),
    (b"BZh", "the file is compressed (bzip2); unpack it first"),
    (b"\xfd7zXZ\0", "the file is compressed (xz); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "the file is compressed (zstd); unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "the file is an archive (7z); unpack it first"),
    (b"Rar!\x1a", "the file is an archive (RAR); unpack it first"),
    (b"%PDF-", "the file is a PDF, of which no table is read; ask for the table itself"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "the file is a workbook that is locked with a password, or of the kind before 2007 (XLS); open it in a \
         spreadsheet and save it as XLSX or CSV, without a password",
    ),
];
/// How a ZIP begins, which a workbook is.
const ZIP: &[u8] = b"PK\x03\x04";
/// What a ZIP that is a workbook names in its first part.
const WORKBOOK: &[&[u8]] = &[b"[Content_Types].xml", b"xl/"];

/// Refuses a file that is something else in its whole, and goes back to its beginning.
pub(super) fn refuse(file: &mut (impl Read + Seek), form: Form) -> Result<(), DeskError> {
    match told(&beginning(file, LOOKED_AT).map_err(unread)?, form) {
        Some(detail) => Err(Fault::new(detail).into()),
        None => Ok(()),
    }
}

fn told(start: &[u8], form: Form) -> Option<&'static str> {
    if let Some((_, detail)) = BEGINNINGS.iter().find(|(beginning, _)| start.starts_with(beginning)) {
        return Some(detail);
    }
    let is_table = matches!(form, Form::Csv | Form::Xlsx);
    let words = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start().to_ascii_lowercase();
    if is_table && (words.starts_with(b"<!doctype html") || words.starts_with(b"<html")) {
        return Some(
            "the file is a web page, which spreadsheets open as a table; open it in one and save it as XLSX or CSV",
        );
    }
    match (form, start.starts_with(ZIP)) {
        (Form::Xlsx, false) if !start.is_empty() => {
            Some("the file is no workbook (XLSX); where it is a table of text, `--as csv` reads it")
        }
        (Form::Csv, true) => Some(
            "the file is a workbook or an archive (ZIP); `--as xlsx` reads a workbook, an archive is unpacked first",
        ),
        (Form::Chronology | Form::Tei | Form::Icews | Form::Plover | Form::Eml, true) => {
            let is_workbook =
                WORKBOOK.iter().any(|part| start.windows(part.len()).any(|window| window == *part));
            Some(if is_workbook {
                "the file is a workbook (XLSX), and is to be read as something else; `--as xlsx` reads it with a mapping for it, \
                 or its sheet is saved as text"
            } else {
                "the file is an archive (ZIP); unpack it first"
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_something_else_is_told_and_one_that_is_not_is_left_alone() {
        for (start, form, says) in [
            (&b"\x1f\x8b\x08\0"[..], Form::Csv, "gzip"),
            (b"PK\x03\x04..", Form::Icews, "unpack"),
            (b"PK\x03\x04\x14\0..[Content_Types].xml", Form::Icews, "workbook"),
            (b"PK\x03\x04..", Form::Csv, "--as xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Form::Xlsx, "password"),
            (b"%PDF-1.4", Form::Csv, "PDF"),
            (b"\xef\xbb\xbf <HTML>", Form::Csv, "web page"),
            (b"Date,From\n", Form::Xlsx, "--as csv"),
        ] {
            let detail = told(start, form).unwrap();
            assert!(detail.contains(says), "{detail}");
        }
        for (start, form) in [
            (&b"Date,From\n"[..], Form::Csv),
            (b"", Form::Xlsx),
            (b"PK\x03\x04", Form::Xlsx),
            (b"<html>", Form::Eml),
            (b"Bzh,x", Form::Csv),
        ] {
            assert_eq!(told(start, form), None);
        }
    }
}
