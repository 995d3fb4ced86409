//! A look into a workbook before it is read: how large it is when unpacked, and what of a sheet the library that
//! reads values does not tell. The one place that names `zip`.
//!
//! A workbook is a compressed archive: a few kilobytes may unpack to gigabytes, and a number in it may ask for as
//! much memory. What is not within the limits here is refused before anything else reads it.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use zip::ZipArchive;

use crate::desk::error::Fault;
use crate::desk::import::markup::{Element, Markup, Piece};

const PARTS_MAX: usize = 10_000;
/// The most that a sheet may be when unpacked.
const SHEET_BYTES_MAX: u64 = 4 << 30;
/// The most that the words of all sheets may be when unpacked: they are held in memory.
const STRINGS_BYTES_MAX: u64 = 256 << 20;
/// The most that any other part that is read may be.
const PART_BYTES_MAX: u64 = 32 << 20;
/// The most that all parts together may be: each is read once here, and what is meant once more.
const TOTAL_BYTES_MAX: u64 = 6 << 30;
/// How many times its size a part may unpack to, beyond what is small: what people write packs to a tenth or a
/// thirtieth.
const RATIO_MAX: u64 = 100;
/// The last row and the last column of a sheet.
const ROW_MAX: u64 = 1_048_576;
const COLUMN_MAX: u64 = 16_384;
/// What is small.
const SMALL_BYTES: u64 = 64 << 20;
/// How many cells a sheet may have.
pub(super) const CELLS_MAX: u64 = 20_000_000;
/// How many shared formulas a sheet may have.
const SHARED_MAX: u64 = 1_000_000;
/// How many regions of merged cells are remembered.
const MERGED_MAX: usize = 100_000;
const HIDDEN_MAX: usize = 100_000;

/// What a sheet has beside values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SheetLook {
    /// The rows that are hidden, counted from 1.
    pub(super) hidden: HashSet<u64>,
    /// The columns that are hidden, from one to another, as `E` or `E:G`.
    pub(super) hidden_columns: Vec<String>,
    /// Regions of merged cells, as `A1:B2`.
    pub(super) merged: Vec<String>,
}

/// What the sheets of a workbook have beside values.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// By the path of each part.
    parts: Vec<(String, SheetLook)>,
    /// The names of sheets, each with the id by which the workbook means its part.
    sheets: Vec<(String, String)>,
    /// The paths of parts by those ids.
    targets: HashMap<String, String>,
}

impl Looks {
    /// Returns what the sheet of a name has. In which part it stands the workbook says: the numbers in the names of
    /// parts are those in which sheets were made, not those in which they stand.
    pub(super) fn of(&self, sheet: &str) -> Option<&SheetLook> {
        let (_, id) = self.sheets.iter().find(|(name, _)| name == sheet)?;
        let target = self.targets.get(id)?.to_lowercase();
        let target = target.rsplit_once("worksheets/").map_or(target.as_str(), |(_, part)| part);
        let found = self.parts.iter().find(|(path, _)| {
            path.to_lowercase().rsplit_once("worksheets/").is_some_and(|(_, part)| part == target)
        });
        found.map(|(_, look)| look)
    }
}

/// Checks everything that is read of a workbook, and returns what its sheets have beside values.
pub(super) fn look(file: impl Read + Seek) -> Result<Looks, Fault> {
    let mut archive = ZipArchive::new(file)
        .map_err(|error| Fault::new(format!("is no workbook (XLSX): {error}; save it as XLSX, or as CSV")))?;
    if archive.len() > PARTS_MAX {
        return Err(Fault::new(format!("the workbook has {} parts, more than {PARTS_MAX}", archive.len())));
    }
    let mut looks = Looks::default();
    let mut total = 0;
    for number in 0..archive.len() {
        let part = archive
            .by_index(number)
            .map_err(|error| Fault::new(format!("the workbook is damaged: {error}")))?;
        let Ok(name) = part.name().map(std::borrow::Cow::into_owned) else {
            return Err(Fault::new("a part of the workbook has a name that is no text"));
        };
        let lower = name.to_lowercase();
        let ending = lower.rsplit_once('.').map(|(_, ending)| ending);
        if !matches!(ending, Some("xml" | "rels")) {
            continue;
        }
        let is_sheet = lower.contains("worksheets/") && ending == Some("xml");
        let most = if is_sheet {
            SHEET_BYTES_MAX
        } else if lower.ends_with("sharedstrings.xml") {
            STRINGS_BYTES_MAX
        } else {
            PART_BYTES_MAX
        };
        let packed = part.compressed_size();
        let most = most.min(SMALL_BYTES.max(packed.saturating_mul(RATIO_MAX)));
        let mut scan =
            Scan { name: &name, is_sheet, look: SheetLook::default(), cells: 0, looks: &mut looks };
        let mut unpacked = part.take(most + 1);
        let read = scan.part(&mut unpacked);
        // What is cut off there is not sound any more: that it is too large is what is wrong with it.
        if unpacked.limit() == 0 {
            let detail = format!(
                "`{name}` has {packed} bytes and unpacks to more than {} MiB; the workbook is refused",
                most >> 20
            );
            return Err(Fault::new(detail));
        }
        total += read?;
        if total > TOTAL_BYTES_MAX {
            let detail =
                format!("the workbook unpacks to more than {} MiB, and is refused", TOTAL_BYTES_MAX >> 20);
            return Err(Fault::new(detail));
        }
        if is_sheet {
            let look = scan.look;
            looks.parts.push((name.clone(), look));
        }
    }
    Ok(looks)
}

struct Scan<'a> {
    name: &'a str,
    is_sheet: bool,
    look: SheetLook,
    cells: u64,
    looks: &'a mut Looks,
}

impl Scan<'_> {
    fn nowhere(&self, place: &str) -> Fault {
        let place: String = place.chars().take(20).collect();
        Fault::new(format!("`{}` has a cell or a row `{place}`, which no sheet has", self.name))
    }

    /// Reads a part to its end, and returns how long it is.
    fn part(&mut self, part: impl Read) -> Result<u64, Fault> {
        let mut markup = Markup::new(part);
        loop {
            let piece = markup
                .next()
                .map_err(|fault| Fault::new(format!("`{}` in the workbook: {}", self.name, fault.detail)))?;
            match piece {
                Piece::Open(element) => self.element(&element)?,
                Piece::End => return Ok(markup.place()),
                Piece::Close | Piece::Text(_) => {}
            }
        }
    }

    fn element(&mut self, element: &Element) -> Result<(), Fault> {
        let number = |attribute: &str| element.get(attribute).and_then(|number| number.parse::<u64>().ok());
        match element.name.as_str() {
            "sst" => {
                // Memory is asked for by this number before a word is read.
                if let Some(count) = element.get("uniqueCount")
                    && count.parse::<u64>().map_or(true, |count| count > STRINGS_BYTES_MAX / 8)
                {
                    let detail = format!("the workbook says that it has {count} words, which it cannot");
                    return Err(Fault::new(detail));
                }
            }
            "sheet" if self.name.ends_with("workbook.xml") && self.looks.sheets.len() < PARTS_MAX => {
                let id = element.attributes.iter().find(|(name, _)| name.ends_with(":id"));
                if let (Some(name), Some((_, id))) = (element.get("name"), id) {
                    self.looks.sheets.push((name.to_owned(), id.clone()));
                }
            }
            "Relationship"
                if self.name.ends_with("workbook.xml.rels") && self.looks.targets.len() < PARTS_MAX =>
            {
                if let (Some(id), Some(target)) = (element.get("Id"), element.get("Target")) {
                    self.looks.targets.insert(id.to_owned(), target.to_owned());
                }
            }
            "row" if self.is_sheet && number("r").is_some_and(|row| row > ROW_MAX) => {
                return Err(self.nowhere(element.get("r").unwrap_or_default()));
            }
            "row" if self.is_sheet && matches!(element.get("hidden"), Some("1" | "true")) => {
                if let Some(row) = number("r").filter(|_| self.look.hidden.len() < HIDDEN_MAX) {
                    self.look.hidden.insert(row);
                }
            }
            "col"
                if self.is_sheet
                    && matches!(element.get("hidden"), Some("1" | "true"))
                    && self.look.hidden_columns.len() < HIDDEN_MAX =>
            {
                self.look.hidden_columns.extend(columns(number("min"), number("max")));
            }
            "mergeCell" if self.is_sheet && self.look.merged.len() < MERGED_MAX => {
                self.look.merged.extend(element.get("ref").map(ToOwned::to_owned));
            }
            "f" if number("si").is_some_and(|shared| shared > SHARED_MAX) => {
                return Err(Fault::new(format!(
                    "`{}` has more than {SHARED_MAX} shared formulas",
                    self.name
                )));
            }
            "c" => {
                if let Some(place) = element.get("r").filter(|place| !is_place(place)) {
                    return Err(self.nowhere(place));
                }
                self.cells += 1;
                if self.cells > CELLS_MAX {
                    return Err(Fault::new(format!(
                        "`{}` has more than {CELLS_MAX} cells; save it as CSV",
                        self.name
                    )));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns how columns from one to another are called: `E`, `E:G`.
fn columns(min: Option<u64>, max: Option<u64>) -> Option<String> {
    let (min, max) = (letters(min?), letters(max?));
    Some(if min == max { min } else { format!("{min}:{max}") })
}

/// Returns the letters by which a column goes, counted from 1: `AA`.
fn letters(mut column: u64) -> String {
    let mut letters = Vec::new();
    while column > 0 && letters.len() < 4 {
        letters.push(char::from(b'A' + u8::try_from((column - 1) % 26).unwrap_or_default()));
        column = (column - 1) / 26;
    }
    letters.into_iter().rev().collect()
}

/// Tells whether a sheet has a place of this name: `A1` to `XFD1048576`.
fn is_place(place: &str) -> bool {
    let end = place.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(place.len());
    let Some((letters, digits)) = place.split_at_checked(end) else { return false };
    let column = letters.bytes().try_fold(0u64, |column, letter| {
        let next = column * 26 + u64::from(letter.to_ascii_uppercase() - b'A') + 1;
        (next <= COLUMN_MAX).then_some(next)
    });
    column.is_some_and(|column| column > 0)
        && digits.parse::<u64>().is_ok_and(|row| (1..=ROW_MAX).contains(&row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_goes_by_its_letters() {
        for (column, name) in [(1, "A"), (26, "Z"), (27, "AA"), (16_384, "XFD")] {
            assert_eq!(letters(column), name);
        }
    }

    #[test]
    fn a_place_is_one_that_a_sheet_has() {
        for place in ["A1", "xfd1048576", "AA20"] {
            assert!(is_place(place), "{place}");
        }
        for place in ["", "A", "1", "A0", "XFE1", "A1048577", "ZZZZZZZ1", "A-1", "é1"] {
            assert!(!is_place(place), "{place}");
        }
    }

    #[test]
    fn a_part_that_unpacks_to_too_much_is_refused_as_that_and_not_as_broken() {
        let comment = format!("<!--{}-->", " ".repeat(1 << 20));
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file("xl/worksheets/sheet1.xml", zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, b"<worksheet>").unwrap();
        for _ in 0..=SMALL_BYTES >> 20 {
            std::io::Write::write_all(&mut archive, comment.as_bytes()).unwrap();
        }
        std::io::Write::write_all(&mut archive, b"</worksheet>").unwrap();
        let refused = look(archive.finish().unwrap()).unwrap_err().detail;
        assert!(refused.contains("unpacks to more than 64 MiB; the workbook is refused"), "{refused}");
    }
}
