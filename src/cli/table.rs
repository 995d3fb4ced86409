//! Tables for people: columns that align whatever the script, as wide as the terminal and no wider.

use unicode_width::UnicodeWidthChar;

/// The space between two columns.
const GAP: usize = 2;
/// Narrower than this, a column is not worth wrapping.
const WRAP_MIN: usize = 20;
/// How far in the last column stands where it stands below its row.
const BELOW: usize = 4;

/// A table whose last column takes the room that the others leave.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns a table with these headings and no rows.
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_uppercase).to_vec(), rows: Vec::new() }
    }

    /// Returns a table whose headings are known only when it is made.
    pub(super) fn titled<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        Self { head: head.into_iter().map(str::to_uppercase).collect(), rows: Vec::new() }
    }

    /// Adds a row to such a table.
    pub(super) fn cells(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// Adds a row; what would break the lines or command the terminal is made visible.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.head.len(), "a row has a cell for every heading");
        self.rows.push(cells.map(|cell| clean(&cell)).to_vec());
    }

    /// Returns the lines. With a `width` (a terminal) the last column is wrapped to fit; without one
    /// every row is one line and whole.
    pub(super) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let columns = self.head.len();
        let widest = |column: usize| {
            let cells = std::iter::once(&self.head).chain(&self.rows).filter_map(|row| row.get(column));
            cells.map(|cell| width_of(cell)).max().unwrap_or_default()
        };
        let fixed: Vec<usize> = (0..columns.saturating_sub(1)).map(widest).collect();
        let before: usize = fixed.iter().map(|column| column + GAP).sum();
        let last = match width.map(|width| width.saturating_sub(before)) {
            None => Last::Whole,
            Some(room) if room >= widest(columns.saturating_sub(1)).min(WRAP_MIN) => Last::Wrapped(room),
            Some(_) => Last::Below(width.unwrap_or_default().saturating_sub(BELOW).max(WRAP_MIN)),
        };
        std::iter::once(&self.head).chain(&self.rows).flat_map(|row| lines_of(row, &fixed, last)).collect()
    }
}

/// Where the last column stands.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// On the line of its row, whatever its length.
    Whole,
    /// In the room that the others leave.
    Wrapped(usize),
    /// Under its row: the others leave no room worth the name.
    Below(usize),
}

fn lines_of(row: &[String], fixed: &[usize], last: Last) -> Vec<String> {
    let mut first = String::new();
    for (cell, width) in row.iter().zip(fixed) {
        first.push_str(cell);
        first.extend(std::iter::repeat_n(' ', width + GAP - width_of(cell).min(*width)));
    }
    let cell = row.last().map(String::as_str).unwrap_or_default();
    let indent: usize = fixed.iter().map(|column| column + GAP).sum();
    let (indent, parts) = match last {
        Last::Whole => (indent, vec![cell.to_owned()]),
        Last::Wrapped(room) => (indent, wrap(cell, room)),
        Last::Below(room) => (BELOW, [vec![String::new()], wrap(cell, room)].concat()),
    };
    let mut lines = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let start = if number == 0 { first.clone() } else { " ".repeat(indent) };
        lines.push((start + part).trim_end().to_owned());
    }
    lines
}

/// Returns how many columns of a terminal a text takes: two for a Hangul syllable.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// Returns the lines of a text, none wider than `room` unless a single character is.
///
/// Breaks at spaces, and inside a word that is wider than a line, but never inside an address: whoever
/// copies it wants it whole.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let joined = width_of(&line) + usize::from(!line.is_empty()) + width_of(word);
        if joined <= room || line.is_empty() && width_of(word) <= room {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if word.contains("://") {
            lines.push(word.to_owned());
            continue;
        }
        for letter in word.chars() {
            if width_of(&line) + letter.width().unwrap_or(0) > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Returns a text that stays on its line and commands no terminal: line breaks and tabs become spaces,
/// other controls and the marks that turn the direction of writing become visible.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => clean.extend(letter.escape_unicode()),
            letter if letter.is_control() => clean.extend(letter.escape_unicode()),
            letter => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> Table {
        let mut table = Table::new(["channel", "state", "why"]);
        table.row([
            "서해지구 군통신선".to_owned(),
            "severed".to_owned(),
            "개성공단 폐쇄와 함께 북측이 군통신선을 차단하였다고 통보함".to_owned(),
        ]);
        table.row(["mil-east".to_owned(), "active".to_owned(), "restored\u{1b}[31m\nby fax".to_owned()]);
        table
    }

    #[test]
    fn hangul_takes_two_columns_and_the_columns_align() {
        insta::assert_snapshot!(table().lines(None).join("\n"), @r"
        CHANNEL            STATE    WHY
        서해지구 군통신선  severed  개성공단 폐쇄와 함께 북측이 군통신선을 차단하였다고 통보함
        mil-east           active   restored\u{1b}[31m by fax
        ");
    }

    #[test]
    fn a_terminal_wraps_the_last_column() {
        insta::assert_snapshot!(table().lines(Some(56)).join("\n"), @r"
        CHANNEL            STATE    WHY
        서해지구 군통신선  severed  개성공단 폐쇄와 함께 북측이
                                    군통신선을 차단하였다고
                                    통보함
        mil-east           active   restored\u{1b}[31m by fax
        ");
    }

    #[test]
    fn a_narrow_terminal_shows_the_last_column_below() {
        insta::assert_snapshot!(table().lines(Some(44)).join("\n"));
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_stays_within_the_room(text in "[ -~가-힣]{0,80}", room in 2_usize..40) {
            let lines = wrap(&text, room);
            prop_assert!(lines.iter().all(|line| width_of(line) <= room || line.contains("://")), "{lines:?}");
            let letters = |text: &str| text.replace(' ', "");
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }

        #[test]
        fn no_text_commands_the_terminal(text in any::<String>()) {
            prop_assert!(!clean(&text).chars().any(char::is_control));
        }
    }
}
