//! Whether a column of dates was filled in under another locale.

use chrono::{Datelike, NaiveDate};

/// Looks at a column of a workbook in which some dates are dates and some are words.
///
/// Where a sheet was filled in under another locale, `05/06/1990` became a date, with day and month exchanged,
/// and `25/12/1990` stayed words: the two beside each other are the mark of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LocaleMarks {
    low_days: u64,
    first_low: u64,
    words: u64,
    first_word: u64,
}

impl LocaleMarks {
    /// Notes a cell of the column.
    pub(crate) fn note(&mut self, line: u64, is_date: bool, text: &str) {
        if is_date {
            let day = text.get(..10).and_then(|day| day.parse::<NaiveDate>().ok());
            if day.is_some_and(|day| day.day() <= 12) {
                self.low_days += 1;
                self.first_low = if self.low_days == 1 { line } else { self.first_low };
            }
            return;
        }
        let parts: Vec<u32> =
            text.trim().split(['/', '.', '-']).filter_map(|part| part.parse().ok()).collect();
        if let [first, second, _] = parts.as_slice()
            && (*first > 12 || *second > 12)
            && *first <= 31
        {
            self.words += 1;
            self.first_word = if self.words == 1 { line } else { self.first_word };
        }
    }
}

/// Returns what to say of such a column.
pub(crate) fn locale_doubt(column: &str, marks: &LocaleMarks) -> Option<String> {
    (marks.low_days > 0 && marks.words > 0).then(|| {
        format!(
            "{column}: {} cells are dates with a day up to 12 (the first in row {}) and {} are words such as 25/12/1990 (the \
             first in row {}): the sheet may have been filled in under another locale, and day and month of the former be exchanged",
            marks.low_days, marks.first_low, marks.words, marks.first_word
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_filled_in_under_another_locale_is_told() {
        let mut marks = LocaleMarks::default();
        marks.note(2, true, "1990-06-05");
        assert_eq!(locale_doubt("Date", &marks), None);
        marks.note(3, false, "25/12/1990");
        assert!(locale_doubt("Date", &marks).unwrap().contains("row 3"));
    }
}
