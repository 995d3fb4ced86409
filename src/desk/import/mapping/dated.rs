//! Cells that a workbook holds as dates, where no date is read: a program may have made them of what somebody typed, of
//! `1-2` the second of January or the first of February.

use chrono::{Datelike, NaiveDate};

use crate::desk::format::field::{Shape, shape};
use crate::desk::import::mapping::Rule;
use crate::desk::import::mapping::check::{Checked, Piece};
use crate::desk::import::mapping::row::{Cell, Columns, RowOf};
use crate::domain::fact::Kind;

impl Checked {
    /// Returns the places of the columns that a field reads as dates.
    pub(crate) fn date_places(&self, columns: &Columns) -> Vec<usize> {
        let rules = self.mapping.kinds.iter().flat_map(|rule| &rule.fields).chain(&self.mapping.fields);
        let dates = rules.filter(|(name, _)| is_date(name)).filter_map(|(_, rule)| rule.column.as_deref());
        dates.filter_map(|column| columns.place(column)).collect()
    }

    /// Returns the cells that a rule takes words from and that are dates, by column, unless a field reads that column as
    /// dates.
    pub(super) fn dated<'r>(&self, rule: &Rule, row: &'r RowOf<'_>) -> Vec<(String, &'r str)> {
        if !row.row.cells.iter().any(|cell| matches!(cell, Cell::Date(_))) {
            return Vec::new();
        }
        let mut columns: Vec<String> = rule.column.iter().cloned().collect();
        let pieces = self.template(rule.template.as_deref().unwrap_or_default()).into_iter();
        columns.extend(pieces.filter_map(|piece| match piece {
            Piece::Column(column) => Some(column),
            Piece::Words(_) => None,
        }));
        self.dated_of(columns, row)
    }

    /// Returns those of some columns.
    pub(super) fn dated_of<'r>(&self, columns: Vec<String>, row: &'r RowOf<'_>) -> Vec<(String, &'r str)> {
        let dated = columns.into_iter().filter_map(|column| match row.cell(&column) {
            Cell::Date(date) => Some((column, date.as_str())),
            Cell::Text(_) | Cell::Empty => None,
        });
        let dated: Vec<_> = dated.collect();
        if dated.is_empty() {
            return dated;
        }
        let places = self.date_places(row.columns);
        let is_other = |(column, _): &(String, &str)| {
            row.columns.place(column).is_none_or(|place| !places.contains(&place))
        };
        dated.into_iter().filter(is_other).collect()
    }
}

/// Tells whether a field is a date in an entry of any kind.
fn is_date(name: &str) -> bool {
    Kind::ALL.iter().any(|kind| matches!(shape(*kind, name), Some(Shape::Date | Shape::DateAhead)))
}

/// Says what a cell that is a date may have been: `1-2` or `2-1`.
pub(super) fn perhaps(date: &str) -> String {
    let Ok(day) = date.parse::<NaiveDate>() else {
        return "a program may have made a date of what was typed".to_owned();
    };
    let (month, day) = (day.month(), day.day());
    if month == day {
        return format!("a program may have made a date of `{day}-{month}`");
    }
    format!("a program may have made a date of `{day}-{month}` or `{month}-{day}`")
}
