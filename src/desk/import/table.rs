//! Tables, whatever they are written in: a header, rows, and the mapping that makes entries of them.

use std::collections::{BTreeMap, HashSet};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::mapping::{
    Applied, Cell, Checked, Columns, LocaleMarks, ROW, TableRow, locale_doubt,
};
use crate::desk::import::taking::Taking;
use crate::desk::outgoing::CUT;
use crate::domain::fact::Kind;

/// Rows, one after another.
pub(super) trait Table {
    /// Returns the next row that is not blank.
    fn next(&mut self) -> Result<Option<TableRow>, DeskError>;

    /// Tells whether a row with fewer cells than the header may have lost some. A sheet keeps no empty ones at the end
    /// of a row, so that there it tells nothing.
    fn writes_every_cell(&self) -> bool;
}

/// How many columns a table may have.
const COLUMNS_MAX: usize = 16_384;

/// Drafts an entry of every row.
pub(super) fn draft(
    table: &mut dyn Table,
    checked: &Checked,
    default_kind: Option<Kind>,
    taking: &mut Taking,
) -> Result<(), DeskError> {
    let Some((columns, mut row)) = header(table, checked.mapping.header, taking)? else {
        let what = taking.frame.sheet.as_ref().map_or_else(
            || "the file has no rows".to_owned(),
            |sheet| format!("the sheet `{sheet}` has no rows"),
        );
        taking.wrong(Fault::new(what));
        return Ok(());
    };
    if columns.names.iter().any(|name| name.contains('\0')) {
        let detail = "the header holds NUL bytes; is the file UTF-16? `encoding` says so: `utf-16le`";
        taking.wrong(Fault::in_field("encoding", detail));
        return Ok(());
    }
    let count = if table.writes_every_cell() { columns.names.len() } else { COLUMNS_MAX };
    let mut faults = checked.against(&columns, count);
    if !faults.is_empty()
        && checked.mapping.header.is_none()
        && columns.names.iter().filter(|name| !name.is_empty()).count() == 1
    {
        let detail = "the first row that is not empty has one cell alone; if it is a title, say with `header` in which \
                      row the names of the columns stand";
        faults.push(Fault::in_field("header", detail));
    }
    if let [only] = columns.names.as_slice()
        && !faults.is_empty()
        && let Some(other) = [";", "\t", ",", "|"].into_iter().find(|other| only.contains(*other))
    {
        let other = if other == "\t" { "tab" } else { other };
        faults.push(Fault::in_field(
            "delimiter",
            format!("the header is one cell; is `{other}` what stands between cells?"),
        ));
    }
    if !faults.is_empty() {
        for fault in faults {
            taking.wrong(fault);
        }
        return Ok(());
    }
    taking.frame.fill = Fill::of(checked, &columns);
    taking.frame.by_number = checked.mapping.key.iter().any(|column| column == ROW);
    let mut drafting = Drafting::of(checked, &columns, table.writes_every_cell());
    loop {
        let next = match row.take() {
            Some(row) => Some(row),
            None => table.next()?,
        };
        let Some(mut row) = next else { break };
        if !drafting.prepare(&mut row) {
            taking.skip(row.line, "the row is empty");
            continue;
        }
        match checked.apply(&columns, &row, default_kind) {
            Applied::Skipped(because) => taking.skip(row.line, &because),
            Applied::Drafted(mut drafted) => {
                if let Some(place) = row.cells.iter().position(|cell| cell.text().ends_with(CUT)) {
                    drafted.doubt(format!(
                        "`{}` ends with `{}`: a workbook that was exported from a log had no room for the rest",
                        columns.name(place),
                        CUT.trim()
                    ));
                }
                taking.take(drafted)?;
            }
        }
    }
    drafting.tell_of_unnamed(checked, &columns, taking);
    for (place, marks) in &drafting.dates {
        if let Some(doubt) = locale_doubt(&columns.name(*place), marks) {
            taking.doubt(Fault::new(doubt));
        }
    }
    Ok(())
}

/// Reads up to the header; of a table without one, the first row is handed back.
pub(super) fn header(
    table: &mut dyn Table,
    at: Option<u64>,
    taking: &mut Taking,
) -> Result<Option<(Columns, Option<TableRow>)>, DeskError> {
    let mut first = true;
    while let Some(row) = table.next()? {
        if row.cells.len() > COLUMNS_MAX {
            return Err(Fault::new(format!("row {} has more than {COLUMNS_MAX} cells", row.line)).into());
        }
        // A line by which a spreadsheet is told what stands between cells.
        let is_hint =
            first && row.cells.first().is_some_and(|cell| cell.text().to_lowercase().starts_with("sep="));
        first = false;
        match at {
            Some(0) if !is_hint => {
                return Ok(Some((Columns::of(vec![String::new(); row.cells.len()]), Some(row))));
            }
            Some(at) if row.line < at => taking.skip(row.line, "the row stands above the header"),
            Some(at) if at > 0 && row.line > at => {
                return Err(Fault::in_field(
                    "header",
                    format!("row {at} is empty, and the mapping says that the header is there"),
                )
                .into());
            }
            None | Some(_) if is_hint => {}
            None if row.cells.iter().all(|cell| cell.text().trim().is_empty()) => {}
            None | Some(_) => {
                taking.head(row.span.1, row.line);
                let names = row.cells.iter().map(|cell| words(cell.text())).collect();
                return Ok(Some((Columns::of(names), None)));
            }
        }
    }
    Ok(None)
}

/// Returns the name of a column with its white space as one space.
pub(super) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is remembered from row to row.
struct Drafting {
    width: usize,
    used: HashSet<usize>,
    fill: Fill,
    dates: BTreeMap<usize, LocaleMarks>,
    writes_every_cell: bool,
    /// The columns behind the last name of the header: in how many rows each says something, and the first of them.
    unnamed: BTreeMap<usize, (u64, u64)>,
}

/// The columns in which an empty cell says the same as the one above, each with the cell above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fill {
    above: Vec<(usize, Cell)>,
    /// The columns of which the cell above could not be read.
    unread: HashSet<usize>,
}

impl Fill {
    fn of(checked: &Checked, columns: &Columns) -> Self {
        let places = checked.mapping.fill_down.iter().filter_map(|column| columns.place(column));
        Self { above: places.map(|place| (place, Cell::Empty)).collect(), unread: HashSet::new() }
    }

    /// Tells whether there is such a column.
    pub(super) const fn is_empty(&self) -> bool {
        self.above.is_empty()
    }

    /// Fills in what the row above says; tells whether that changed the row. Below a cell that could not be read nothing
    /// is known, and the row is wrong.
    pub(super) fn fill(&mut self, row: &mut TableRow) -> bool {
        let mut changed = false;
        for (place, above) in &mut self.above {
            if row.cells.len() <= *place {
                row.cells.resize(*place + 1, Cell::Empty);
            }
            let Some(cell) = row.cells.get_mut(*place) else { continue };
            if row.wrong.iter().any(|(wrong, _)| *wrong == Some(*place)) {
                self.unread.insert(*place);
                continue;
            }
            if !cell.text().trim().is_empty() {
                self.unread.remove(place);
            } else if self.unread.contains(place) {
                let detail = "is empty, and the cell above, which it would repeat, cannot be read";
                row.wrong.push((Some(*place), detail.to_owned()));
                continue;
            }
            if !cell.text().trim().is_empty() {
                above.clone_from(cell);
            } else if *above != Cell::Empty {
                cell.clone_from(above);
                changed = true;
            }
        }
        changed
    }
}

/// Tells whether a row says nothing.
pub(super) fn is_blank(row: &TableRow) -> bool {
    row.cells.iter().all(|cell| cell.text().trim().is_empty()) && row.wrong.is_empty()
}

impl Drafting {
    /// Tells of columns behind the last name of the header that the mapping does not name, and of those that it names
    /// and no row has.
    fn tell_of_unnamed(&self, checked: &Checked, columns: &Columns, taking: &mut Taking) {
        for (place, (rows, first)) in self.unnamed.iter().filter(|(place, _)| !self.used.contains(place)) {
            let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            taking.doubt(Fault::new(format!(
                "the column `{}` has no name in the header, and is left out: {rows} say something in it, the first in line \
                 {first}",
                columns.name(*place)
            )));
        }
        for (field, column) in checked.columns() {
            let place = columns.place(&column).filter(|place| *place >= self.width);
            if place.is_some_and(|place| !self.unnamed.contains_key(&place)) {
                let detail = format!(
                    "the file has no column `{column}`; there are {}",
                    columns
                        .up_to(self.unnamed.keys().last().map_or(0, |last| last + 1))
                        .all_names()
                        .join(", ")
                );
                taking.wrong(Fault::in_field(&field, detail));
            }
        }
    }

    fn of(checked: &Checked, columns: &Columns, writes_every_cell: bool) -> Self {
        let used = checked.columns().iter().filter_map(|(_, column)| columns.place(column)).collect();
        let dates = checked.date_places(columns).into_iter().map(|place| (place, LocaleMarks::default()));
        let dates = dates.collect();
        let (width, fill, unnamed) = (columns.names.len(), Fill::of(checked, columns), BTreeMap::new());
        Self { width, used, fill, dates, writes_every_cell, unnamed }
    }

    /// Fills in what the row above says, and notes what is wrong with the shape of the row; tells whether it says
    /// anything.
    fn prepare(&mut self, row: &mut TableRow) -> bool {
        if is_blank(row) {
            return false;
        }
        let is_used =
            |(place, _): &(Option<usize>, String)| place.is_none_or(|place| self.used.contains(&place));
        row.wrong.retain(is_used);
        row.doubtful.retain(is_used);
        let cells = row.cells.iter().enumerate().skip(self.width);
        let beyond: Vec<usize> =
            cells.filter(|(_, cell)| !cell.text().trim().is_empty()).map(|(place, _)| place).collect();
        if !self.writes_every_cell {
            let unread =
                row.wrong.iter().filter_map(|(place, _)| *place).filter(|place| *place >= self.width);
            for place in beyond.into_iter().chain(unread) {
                self.unnamed.entry(place).or_insert((0, row.line)).0 += 1;
            }
        } else if !beyond.is_empty() {
            let detail = format!(
                "has {} cells, and the header has {}; a cell that holds a delimiter stands in quotes",
                row.cells.len(),
                self.width
            );
            row.wrong.push((None, detail));
        } else if row.cells.len() < self.width {
            let missing = (row.cells.len()..self.width).filter(|place| self.used.contains(place)).count();
            if missing > 0 {
                let detail = format!(
                    "has {} cells where the header has {}; the others are read as empty",
                    row.cells.len(),
                    self.width
                );
                row.doubtful.push((None, detail));
            }
        }
        self.fill.fill(row);
        for (place, marks) in &mut self.dates {
            match row.cells.get(*place) {
                Some(Cell::Date(date)) => marks.note(row.line, true, date),
                Some(Cell::Text(text)) => marks.note(row.line, false, text),
                Some(Cell::Empty) | None => {}
            }
        }
        true
    }
}
