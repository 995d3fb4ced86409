//! What a format gives while it is read: rows, rows that are left out by a rule, and what is to be said of the
//! file as a whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::desk::answer::operation::SkippedRow;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::Dialect;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::reading::unspooled;
use crate::desk::import::survey::{Survey, Surveying};
use crate::desk::import::table::Fill;

/// How many rows that were left out by one rule are named.
const LINES_MAX: usize = 20;

/// How a file of some of the rows alone is made: what stands before them and after them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Up to where the header goes, in bytes, and in which row it ends.
    pub(super) head: (u64, u64),
    /// What is put before the rows where the file itself has no header to be copied.
    pub(super) before: String,
    /// What is put after them.
    pub(super) after: String,
    /// The sheet, where it is one of a workbook.
    pub(super) sheet: Option<String>,
    /// The columns in which an empty cell says the same as the one above: alone, a row would say that of another.
    pub(super) fill: Fill,
    /// Rows are known by their numbers, and keep them.
    pub(super) by_number: bool,
    /// How the cells of a file of text are written.
    pub(super) dialect: Dialect,
}

/// Takes in what a file says.
pub(super) struct Taking {
    surveying: Surveying,
    skipped: BTreeMap<String, (u64, Vec<u64>)>,
    counted: BTreeMap<String, (u64, Vec<u64>)>,
    /// What a file of rejects is made with.
    pub(super) frame: Frame,
    /// What the namespace of the keys has beside the name of the file.
    pub(super) within: Option<String>,
    /// What the file turned out to be, where there is more to say than its format.
    pub(super) called: Option<String>,
}

impl Taking {
    /// Returns one that has taken nothing in.
    pub(super) fn new(surveying: Surveying) -> Self {
        let (skipped, counted) = (BTreeMap::new(), BTreeMap::new());
        Self { surveying, skipped, counted, frame: Frame::default(), within: None, called: None }
    }

    /// Takes in a row.
    pub(super) fn take(&mut self, drafted: Drafted) -> Result<(), DeskError> {
        self.surveying.take(drafted).map_err(unspooled)
    }

    /// Notes that a row is left out by a rule.
    pub(super) fn skip(&mut self, line: u64, because: &str) {
        note(&mut self.skipped, line, because);
    }

    /// Notes something that is doubtful about many rows alike: it is said once, with their number.
    pub(super) fn count(&mut self, line: u64, what: &str) {
        note(&mut self.counted, line, what);
    }

    /// Notes that something is wrong with the file: nothing of it is recorded.
    pub(super) fn wrong(&mut self, fault: Fault) {
        self.surveying.wrong.push(fault);
    }

    /// Notes that something is doubtful about the file.
    pub(super) fn doubt(&mut self, fault: Fault) {
        self.surveying.doubtful.push(fault);
    }

    /// Notes where the header ends.
    pub(super) const fn head(&mut self, end: u64, line: u64) {
        self.frame.head = (end, line);
    }

    /// Returns everything that was taken in, and the rows that rules left out.
    pub(super) fn finish(mut self) -> Result<(Survey, Vec<SkippedRow>, Frame), DeskError> {
        for (what, (rows, lines)) in self.counted {
            let mut detail =
                format!("{what}: {rows} {}, the first in line", if rows == 1 { "row" } else { "rows" });
            for (place, line) in lines.iter().take(5).enumerate() {
                let _ = write!(detail, "{}{line}", if place == 0 { " " } else { ", " });
            }
            self.surveying.doubtful.push(Fault::new(detail));
        }
        let skipped = self.skipped.into_iter();
        let skipped = skipped.map(|(because, (rows, lines))| SkippedRow { because, rows, lines }).collect();
        Ok((self.surveying.finish().map_err(unspooled)?, skipped, self.frame))
    }
}

fn note(notes: &mut BTreeMap<String, (u64, Vec<u64>)>, line: u64, what: &str) {
    // Looked up before it is owned: a rule may leave out millions of rows.
    if let Some((rows, lines)) = notes.get_mut(what) {
        *rows += 1;
        if lines.len() < LINES_MAX {
            lines.push(line);
        }
    } else {
        notes.insert(what.to_owned(), (1, vec![line]));
    }
}
