//! A row of a table, and its columns by name.

use std::collections::HashMap;

use crate::desk::import::mapping::ROW;

/// What a cell of a table holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Words or a number, as they are written.
    Text(String),
    /// A date that the file itself holds as one: `1990-06-05`, or with a time `1990-06-05T09:00:00`.
    Date(String),
}

impl Cell {
    /// Returns what it says, in words.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Text(text) | Self::Date(text) => text,
        }
    }
}

/// What stands in a cell of which nothing can be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unread {
    /// An error: `#REF!`; or, as `#N/A`, a formula that was saved without a value.
    Error(String),
    /// A number in the form of a date, or of a time, that is none.
    Date(f64),
    Duration(f64),
}

/// A row of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TableRow {
    /// Its line, or its row of a sheet.
    pub(crate) line: u64,
    /// Where it stands in the file, in bytes.
    pub(crate) span: (u64, u64),
    pub(crate) cells: Vec<Cell>,
    /// What is wrong with how it is written, by column where it is about one.
    pub(crate) wrong: Vec<(Option<usize>, String)>,
    /// What stands in cells of which nothing is read, by column.
    pub(crate) unread: Vec<(usize, Unread)>,
    /// What is doubtful about how it is written, by column where it is about one.
    pub(crate) doubtful: Vec<(Option<usize>, String)>,
}

/// The columns of a table, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    pub(crate) names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Columns {
    /// Returns the columns of a header; one of a table without a header, and any other, is named by its place
    /// too: `#1`.
    pub(crate) fn of(names: Vec<String>) -> Self {
        let mut places = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            if !name.is_empty() {
                places.entry(name.clone()).or_insert(place);
            }
        }
        Self { names, places }
    }

    /// Returns where a column stands.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let numbered = name.strip_prefix('#').and_then(|number| number.parse::<usize>().ok());
        let numbered = numbered.and_then(|number| number.checked_sub(1));
        self.places.get(name.trim()).copied().or(numbered)
    }

    /// Returns the columns, and those behind them up to so many, which go by their place.
    pub(crate) fn up_to(&self, count: usize) -> Self {
        let mut columns = self.clone();
        columns.names.resize(count.max(self.names.len()), String::new());
        columns
    }

    /// Returns how every column goes by name.
    pub(crate) fn all_names(&self) -> Vec<String> {
        (0..self.names.len()).map(|place| self.name(place)).collect()
    }

    /// Returns how a column goes by name.
    pub(crate) fn name(&self, place: usize) -> String {
        match self.names.get(place) {
            Some(name) if !name.is_empty() => name.clone(),
            Some(_) | None => format!("#{}", place + 1),
        }
    }
}

/// A row with its columns.
pub(crate) struct RowOf<'a> {
    pub(super) row: &'a TableRow,
    pub(super) columns: &'a Columns,
}

impl RowOf<'_> {
    /// Returns the cell of a column.
    pub(super) fn cell(&self, column: &str) -> &Cell {
        const NOTHING: &Cell = &Cell::Empty;
        self.columns.place(column).and_then(|place| self.row.cells.get(place)).unwrap_or(NOTHING)
    }

    /// Returns what a column says.
    pub(super) fn text(&self, column: &str) -> String {
        if column == ROW { self.row.line.to_string() } else { self.cell(column).text().to_owned() }
    }
}
