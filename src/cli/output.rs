//! One answer in five formats: words for people, and four that programs read.

mod marked;

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::table::{Table, clean, wrap};
use crate::cli::words;
use crate::desk::answer::{Answer, AsOf, Page};
use crate::desk::outgoing::guard;

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Words and tables for people
    #[default]
    Text,
    /// The whole answer, with the position at which it is true
    Json,
    /// One item of a list per line
    Jsonl,
    /// A header and a row per item; text that a spreadsheet would run is quoted with an apostrophe
    Csv,
    /// The same with tabs; never truncated, and `\t`, `\n` and `\\` stand for what they spell
    Tsv,
}

/// Where text for people goes: a terminal has a width and can show a line as quiet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Screen {
    /// How many columns; none where the output is no terminal, and then nothing is wrapped.
    pub(super) width: Option<usize>,
    /// Whether lines may be dimmed and headings set in bold.
    pub(super) styled: bool,
    /// Whether somebody at a terminal can be asked.
    pub(super) asks: bool,
}

/// An answer that can be shown.
pub(super) trait Show: Serialize + DeserializeOwned {
    /// Writes it for people.
    fn text(&self, text: &mut Text);

    /// Returns the names of its columns.
    fn columns() -> &'static [&'static str];

    /// Returns its rows, each with a cell for every column.
    fn rows(&self) -> Vec<Vec<String>>;

    /// Returns its lines of JSON: one for each item of a list, else one with everything.
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` could not write.
    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        Ok(vec![serde_json::to_string(self)?])
    }
}

/// An item of a list that can be shown.
pub(super) trait Item: Serialize + DeserializeOwned {
    /// The names of its columns.
    const COLUMNS: &'static [&'static str];
    /// What is said where there is none: `no overtures`.
    const NOTHING: &'static str;

    /// Returns a cell for every column.
    fn cells(&self) -> Vec<String>;

    /// Writes some of them for people.
    fn list(items: &[&Self], text: &mut Text);
}

/// Shows an item that is the whole answer as a list of one.
macro_rules! shown_as_a_list_of_one {
    ($item:ty) => {
        impl $crate::cli::output::Show for $item {
            fn text(&self, text: &mut $crate::cli::output::Text) {
                <Self as $crate::cli::output::Item>::list(&[self], text);
            }

            fn columns() -> &'static [&'static str] {
                <Self as $crate::cli::output::Item>::COLUMNS
            }

            fn rows(&self) -> Vec<Vec<String>> {
                vec![$crate::cli::output::Item::cells(self)]
            }
        }
    };
}
pub(super) use shown_as_a_list_of_one;

impl<T: Item> Show for Page<T> {
    fn text(&self, text: &mut Text) {
        if self.items.is_empty() {
            text.line(T::NOTHING);
        } else {
            T::list(&self.items.iter().collect::<Vec<_>>(), text);
        }
    }

    fn columns() -> &'static [&'static str] {
        T::COLUMNS
    }

    fn rows(&self) -> Vec<Vec<String>> {
        self.items.iter().map(Item::cells).collect()
    }

    fn json_lines(&self) -> serde_json::Result<Vec<String>> {
        self.items.iter().map(serde_json::to_string).collect()
    }
}

/// Text for people, as it grows.
#[derive(Debug)]
pub(super) struct Text {
    lines: Vec<String>,
    screen: Screen,
    zone: String,
}

impl Text {
    /// Returns an empty text for a screen, with moments told in a zone.
    pub(super) fn new(screen: Screen, zone: &str) -> Self {
        Self { lines: Vec::new(), screen, zone: zone.to_owned() }
    }

    /// Returns the zone in which moments are told.
    pub(super) fn zone(&self) -> &str {
        &self.zone
    }

    /// Adds a line; a terminal wraps it at its words.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.hanging(0, line.as_ref());
    }

    /// Adds a line that stands `indent` columns in; where a terminal wraps it, the rest stands two further.
    pub(super) fn hanging(&mut self, indent: usize, line: &str) {
        let rest = if indent == 0 { 0 } else { indent + 2 };
        let room = self.screen.width.and_then(|width| width.checked_sub(rest)).filter(|room| *room >= 20);
        let line = clean(line);
        let parts = room.map_or_else(|| vec![line.clone()], |room| wrap(&line, room));
        for (number, part) in parts.iter().enumerate() {
            self.lines.push(" ".repeat(if number == 0 { indent } else { rest }) + part);
        }
    }

    /// Adds an empty line, unless nothing stands above.
    pub(super) fn gap(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
    }

    /// Adds a heading, apart from what stands above.
    pub(super) fn heading(&mut self, heading: &str) {
        self.gap();
        let heading = clean(heading);
        self.lines.push(if self.screen.styled { format!("\x1b[1m{heading}\x1b[0m") } else { heading });
    }

    /// Adds a table.
    pub(super) fn table(&mut self, table: &Table) {
        for (number, line) in table.lines(self.screen.width).into_iter().enumerate() {
            let head = number == 0 && self.screen.styled;
            self.lines.push(if head { format!("\x1b[1m{line}\x1b[0m") } else { line });
        }
    }

    /// Adds the quiet last line that tells what was known.
    pub(super) fn as_of(&mut self, as_of: &AsOf) {
        self.gap();
        let line = clean(&words::as_of(as_of));
        self.lines.push(if self.screen.styled { format!("\x1b[2m{line}\x1b[0m") } else { line });
    }

    /// Returns the whole, each line with its line feed.
    pub(super) fn finish(self) -> String {
        self.lines.into_iter().map(|line| line + "\n").collect()
    }
}

/// Writes an answer; `first` says that nothing of the list was written before, so that a header is due.
///
/// # Errors
///
/// Returns what the writer said; what was written before stays written.
pub(super) fn write<T: Show>(
    out: &mut dyn Write,
    format: Format,
    screen: Screen,
    answer: &Answer<T>,
    first: bool,
) -> io::Result<()> {
    match format {
        Format::Text => {
            let mut text = Text::new(screen, &answer.as_of.zone);
            answer.data.text(&mut text);
            text.as_of(&answer.as_of);
            out.write_all(text.finish().as_bytes())
        }
        Format::Json => pretty(out, answer),
        Format::Jsonl => jsonl(out, &answer.data),
        Format::Csv => csv(out, &answer.data, first),
        Format::Tsv => tsv(out, &answer.data, first),
    }
}

/// Writes what came without the position at which it is true.
///
/// # Errors
///
/// Returns what the writer said; what was written before stays written.
pub(super) fn write_bare<T: Show>(
    out: &mut dyn Write,
    format: Format,
    screen: Screen,
    data: &T,
) -> io::Result<()> {
    match format {
        Format::Text => {
            // No log says in which zone it is read.
            let mut text = Text::new(screen, words::NO_ZONE);
            data.text(&mut text);
            out.write_all(text.finish().as_bytes())
        }
        Format::Json => pretty(out, data),
        Format::Jsonl => jsonl(out, data),
        Format::Csv => csv(out, data, true),
        Format::Tsv => tsv(out, data, true),
    }
}

fn pretty(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

fn jsonl(out: &mut dyn Write, data: &impl Show) -> io::Result<()> {
    data.json_lines()?.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn csv<T: Show>(out: &mut dyn Write, data: &T, header: bool) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    if header {
        csv.write_record(T::columns())?;
    }
    for row in data.rows() {
        csv.write_record(row.iter().map(|cell| format!("{}{cell}", guard(cell))))?;
    }
    csv.flush()
}

fn tsv<T: Show>(out: &mut dyn Write, data: &T, header: bool) -> io::Result<()> {
    if header {
        writeln!(out, "{}", T::columns().join("\t"))?;
    }
    data.rows().iter().try_for_each(|row| {
        writeln!(out, "{}", row.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join("\t"))
    })
}

/// Returns a cell that holds neither a tab nor a line break.
fn escaped(cell: &str) -> String {
    cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::outgoing::unguarded;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Pair {
        one: String,
        other: String,
    }

    impl Item for Pair {
        const COLUMNS: &'static [&'static str] = &["one", "other"];
        const NOTHING: &'static str = "no pairs";

        fn cells(&self) -> Vec<String> {
            vec![self.one.clone(), self.other.clone()]
        }

        fn list(items: &[&Self], text: &mut Text) {
            let mut table = Table::new(["one", "other"]);
            for pair in items {
                table.row([pair.one.clone(), pair.other.clone()]);
            }
            text.table(&table);
        }
    }

    fn answer(items: Vec<Pair>) -> Answer<Page<Pair>> {
        let total = items.len() as u64;
        let as_of = crate::cli::testing::as_of();
        Answer { as_of, notices: Vec::new(), data: Page { items, next: None, total } }
    }

    fn written(format: Format, items: &[Pair]) -> String {
        let mut out = Vec::new();
        write(&mut out, format, Screen::default(), &answer(items.to_vec()), true).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn unescaped(cell: &str) -> String {
        let mut plain = String::new();
        let mut letters = cell.chars();
        while let Some(letter) = letters.next() {
            plain.push(match letter {
                '\\' => match letters.next().unwrap() {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    same => same,
                },
                same => same,
            });
        }
        plain
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            items in prop::collection::vec(
                ("[=+@'-]?[\\PC\t\n\r\"\\\\,;]{0,12}", "[\\PC\t\n\r\"\\\\,;]{0,12}")
                    .prop_map(|(one, other)| Pair { one, other }),
                0..8,
            )
        ) {
            let jsonl = written(Format::Jsonl, &items);
            let read: Vec<Pair> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            prop_assert_eq!(&read, &items);

            let json: Answer<Page<Pair>> = serde_json::from_str(&written(Format::Json, &items)).unwrap();
            prop_assert_eq!(&json.data.items, &items);

            let csv = written(Format::Csv, &items);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            prop_assert_eq!(reader.headers().unwrap(), vec!["one", "other"]);
            let read: Vec<Pair> = reader.records().map(|row| {
                let row = row.unwrap();
                Pair { one: unguarded(&row[0]).to_owned(), other: unguarded(&row[1]).to_owned() }
            }).collect();
            prop_assert_eq!(&read, &items);

            let tsv = written(Format::Tsv, &items);
            let read: Vec<Pair> = tsv.strip_suffix('\n').unwrap().split('\n').skip(1).map(|line| {
                let (one, other) = line.split_once('\t').unwrap();
                Pair { one: unescaped(one), other: unescaped(other) }
            }).collect();
            prop_assert_eq!(&read, &items);
        }

        #[test]
        fn no_cell_of_a_csv_runs(cell in "[=+@\t\r＝-].{0,10}") {
            let csv = written(Format::Csv, &[Pair { one: cell.clone(), other: String::new() }]);
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let first = reader.records().next().unwrap().unwrap()[0].to_owned();
            prop_assert!(first.starts_with('\'') || first.parse::<f64>().is_ok(), "{first}");
        }
    }

    #[test]
    fn an_empty_list_is_said_and_not_shown_as_an_empty_table() {
        assert!(written(Format::Text, &[]).starts_with("no pairs\n"));
        assert_eq!(written(Format::Csv, &[]), "one,other\n");
        assert_eq!(written(Format::Tsv, &[]), "one\tother\n");
        assert_eq!(written(Format::Jsonl, &[]), "");
    }
}
