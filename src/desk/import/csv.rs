//! Rows of comma-separated values, and of those separated by something else, in bounded memory: with the line on
//! which each begins, whatever ends lines, and with its place in the bytes of the file.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::encoding::{self, BROKEN_MAX, Letters, TextLine, TextLines};
use crate::desk::import::mapping::{Cell, TableRow};
use crate::desk::import::table::Table;
use crate::desk::outgoing::{guard, is_header, unguarded};

/// The longest row: a quote that is not closed would take the rest of the file.
const ROW_BYTES_MAX: usize = 16 << 20;

/// How a file of cells is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) encoding: Option<String>,
    pub(super) delimiter: Option<String>,
    pub(super) quote: Option<String>,
}

/// The rows of a file.
pub(super) struct CsvTable<R: Read> {
    reader: csv::Reader<Feed<R>>,
    record: csv::ByteRecord,
    quote: Option<u8>,
    delimiter: u8,
    /// What ends the rows.
    ends: &'static str,
    /// How many rows were read.
    rows: u64,
    /// Its header is that of a table that was exported here: what was guarded against spreadsheets is taken as it was.
    is_guarded: bool,
}

impl<R: Read> CsvTable<R> {
    /// Returns the rows of what `reader` reads.
    pub(super) fn new(reader: R, dialect: &Dialect) -> Result<Self, DeskError> {
        let in_field = |field: &str, detail: String| DeskError::from(Fault::in_field(field, detail));
        let named = dialect.encoding.as_deref().map(encoding::named).transpose();
        let named = named.map_err(|detail| in_field("encoding", detail))?;
        let lines = TextLines::new(reader, named).map_err(unread)?;
        let lines = lines.map_err(|detail| in_field("encoding", detail))?;
        let byte = |typed: &Option<String>, word: &str, default: u8| match typed.as_deref() {
            Some(typed) if typed == word => None,
            Some(typed) => Some(typed.bytes().next().unwrap_or(default)),
            None => Some(default),
        };
        let delimiter = byte(&dialect.delimiter, "tab", b',').unwrap_or(b'\t');
        let quote = byte(&dialect.quote, "none", b'"');
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter).quoting(quote.is_some());
        if let Some(quote) = quote {
            builder.quote(quote);
        }
        let feed = Feed { lines, text: Vec::new(), given: 0, fed: 0, since: 0, marks: VecDeque::new() };
        let reader = builder.from_reader(feed);
        Ok(Self {
            reader,
            record: csv::ByteRecord::new(),
            quote,
            delimiter,
            ends: "\n",
            rows: 0,
            is_guarded: false,
        })
    }

    /// Returns what is doubtful about how the file is said to be written, once it is read.
    pub(super) fn misnamed(&self) -> Option<Fault> {
        self.reader.get_ref().lines.misnamed().map(|detail| Fault::in_field("encoding", detail))
    }

    /// Returns how its letters are written.
    pub(super) fn letters(&self) -> Letters {
        self.reader.get_ref().lines.letters()
    }

    /// Returns cells as a row of the same file; none where the file has no letters or no quotes for them.
    pub(super) fn written(&self, cells: &[Cell]) -> Option<Vec<u8>> {
        let mut builder = csv::WriterBuilder::new();
        builder.delimiter(self.delimiter).terminator(csv::Terminator::Any(b'\n'));
        match self.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quote_style(csv::QuoteStyle::Never),
        };
        let unquotable = |cell: &Cell| cell.text().contains([char::from(self.delimiter), '\n', '\r']);
        if self.quote.is_none() && cells.iter().any(unquotable) {
            return None;
        }
        let mut writer = builder.from_writer(Vec::new());
        let guarded = |cell: &Cell| {
            let text = cell.text();
            format!("{}{text}", if self.is_guarded { guard(text) } else { "" })
        };
        writer.write_record(cells.iter().map(guarded)).ok()?;
        let text = String::from_utf8(writer.into_inner().ok()?).ok()?;
        // Whatever ends a line of the file ends one within a cell.
        self.reader.get_ref().lines.encoded(&text.replace('\n', self.ends))
    }
}

impl<R: Read> Table for CsvTable<R> {
    fn writes_every_cell(&self) -> bool {
        true
    }

    fn next(&mut self) -> Result<Option<TableRow>, DeskError> {
        self.reader.get_mut().since = 0;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(unparsed(error)),
        }
        let end = self.reader.position().byte();
        let lines = self.reader.get_mut().lines_before(end);
        let mut lines =
            lines.into_iter().skip_while(|mark| mark.text.is_empty() && mark.broken.is_empty()).peekable();
        let mut row = TableRow::default();
        if let Some(first) = lines.peek() {
            (row.line, row.span) = (first.number, (first.offset, first.end));
        }
        let mut quoted = self.quote.map(Quoted::of);
        for line in lines {
            row.span.1 = line.end;
            if !line.ends.is_empty() {
                self.ends = line.ends;
            }
            if let Some(quoted) = &mut quoted {
                quoted.take(&line.text);
            }
            // The first tells enough: a file in another encoding has them by the thousand.
            if let Some(broken) = line.broken.first() {
                let of_row =
                    if line.number == row.line { String::new() } else { format!("line {}, ", line.number) };
                let more = match line.broken.len() - 1 {
                    0 => String::new(),
                    1 => ", nor is another".to_owned(),
                    more if line.broken.len() < BROKEN_MAX => format!(", nor are {more} others"),
                    more => format!(", nor are {more} others or more"),
                };
                let hint = line.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
                row.wrong.push((None, format!("{of_row}{broken}{more}{hint}")));
            }
        }
        if let Some(quoted) = quoted {
            quoted.tell(self.delimiter, &mut row);
        }
        let cells: Vec<_> = self.record.iter().map(String::from_utf8_lossy).collect();
        self.is_guarded |= self.rows == 0 && is_header(&cells);
        self.rows += 1;
        let read = |cell: &str| cell_of(if self.is_guarded { unguarded(cell) } else { cell });
        row.cells = cells.iter().map(|cell| read(cell)).collect();
        if row.cells.iter().any(|cell| cell.text().contains('\0')) {
            let detail = "holds a NUL byte; the file is damaged, or is UTF-16 and the mapping does not say so (`encoding`)";
            row.wrong.push((None, detail.to_owned()));
        }
        Ok(Some(row))
    }
}

/// The lines of a row as they are written, as far as quotes say what of them is a cell.
struct Quoted {
    quote: u8,
    quotes: usize,
    lines: usize,
    // From the first line with a quote on.
    written: String,
}

impl Quoted {
    fn of(quote: u8) -> Self {
        Self { quote, quotes: 0, lines: 0, written: String::new() }
    }

    fn take(&mut self, line: &str) {
        self.lines += 1;
        let here = line.bytes().filter(|byte| *byte == self.quote).count();
        if here == 0 && self.written.is_empty() {
            return;
        }
        if !self.written.is_empty() {
            self.written.push('\n');
        }
        self.written.push_str(line);
        self.quotes += here;
    }

    /// Tells of quotes that may not mean what they say.
    fn tell(self, delimiter: u8, row: &mut TableRow) {
        if self.quotes % 2 == 1 {
            let detail = "has an odd number of quotes: one may not be closed, or stands in a cell by itself";
            if self.lines > 1 {
                row.wrong.push((None, format!("{detail}, and the row takes {} lines", self.lines)));
            } else {
                row.doubtful.push((None, detail.to_owned()));
            }
        } else if let Some(found) = loose_quote(&self.written, self.quote, delimiter) {
            let detail = format!(
                "a quote stands in the middle of a cell in quotes (`{found}`): where it is of the text, it is written twice"
            );
            row.doubtful.push((None, detail));
        }
    }
}

/// Returns what stands around a quote that ends a cell and after which the cell goes on, where there is one: `"no" twice"`.
fn loose_quote(row: &str, quote: u8, delimiter: u8) -> Option<String> {
    let bytes = row.as_bytes();
    let (mut place, mut begins) = (0, true);
    while let Some(byte) = bytes.get(place).copied() {
        if !(begins && byte == quote) {
            begins = byte == delimiter;
            place += 1;
            continue;
        }
        // Up to the quote that ends the cell; two of them are one of the text.
        place += 1;
        while let Some(byte) = bytes.get(place) {
            if *byte == quote && bytes.get(place + 1) == Some(&quote) {
                place += 1;
            } else if *byte == quote {
                break;
            }
            place += 1;
        }
        place += 1;
        if bytes.get(place).is_some_and(|after| *after != delimiter) {
            let around = row.get(..place)?.chars().rev().take(12).collect::<Vec<_>>().into_iter().rev();
            return Some(around.chain(row.get(place..)?.chars().take(12)).collect());
        }
        begins = false;
    }
    None
}

fn cell_of(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

/// Returns that the file itself could not be read.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub(super) fn unread(error: io::Error) -> DeskError {
    DeskError::Unavailable(format!("the file cannot be read: {error}"))
}

fn unparsed(error: csv::Error) -> DeskError {
    let kind = error.into_kind();
    let csv::ErrorKind::Io(error) = kind else { return Fault::new(format!("{kind:?}")).into() };
    if error.kind() == io::ErrorKind::InvalidData {
        return Fault::new(error.to_string()).into();
    }
    unread(error)
}

/// Feeds lines of text to the parser, each ending in a line feed, and remembers where those stand that it has not
/// made rows of yet.
struct Feed<R> {
    lines: TextLines<R>,
    // What is given to the parser, how much of it was, and how much of everything.
    text: Vec<u8>,
    given: usize,
    fed: u64,
    // How much since the last row.
    since: usize,
    marks: VecDeque<(u64, TextLine)>,
}

impl<R: Read> Feed<R> {
    /// Returns the lines that begin before a place of what was fed.
    fn lines_before(&mut self, end: u64) -> Vec<TextLine> {
        let count = self.marks.partition_point(|(start, _)| *start < end);
        self.marks.drain(..count).map(|(_, line)| line).collect()
    }
}

impl<R: Read> Read for Feed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            let Some(line) = self.lines.next()? else { return Ok(0) };
            if self.since > ROW_BYTES_MAX {
                let first = self.marks.front().map_or(0, |(_, line)| line.number);
                let detail = format!(
                    "line {first}: begins a row that is longer than {} MiB; a quote may not be closed",
                    ROW_BYTES_MAX >> 20
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, detail));
            }
            self.text.clear();
            self.text.extend_from_slice(line.text.as_bytes());
            self.text.push(b'\n');
            self.given = 0;
            self.marks.push_back((self.fed, line));
            self.fed += self.text.len() as u64;
            self.since += self.text.len();
        }
        let rest = self.text.get(self.given..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(bytes: &[u8], dialect: &Dialect) -> Vec<TableRow> {
        let mut table = CsvTable::new(bytes, dialect).unwrap();
        std::iter::from_fn(|| table.next().unwrap()).collect()
    }

    fn texts(row: &TableRow) -> Vec<&str> {
        row.cells.iter().map(Cell::text).collect()
    }

    #[test]
    fn rows_have_their_lines_and_their_bytes_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let file = ["a,b", "", "1,\"two", "lines\"", "2,\"say \"\"so\"\"\""].join(end);
            let rows = rows(file.as_bytes(), &Dialect::default());
            let found: Vec<(u64, Vec<&str>)> = rows.iter().map(|row| (row.line, texts(row))).collect();
            assert_eq!(
                found,
                [(1, vec!["a", "b"]), (3, vec!["1", "two\nlines"]), (5, vec!["2", "say \"so\""])]
            );
            let (from, to) = rows[1].span;
            let span = &file[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
            assert_eq!(span.trim_end(), format!("1,\"two{end}lines\""));
        }
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told_and_the_next_is_read() {
        let dialect = Dialect { delimiter: Some(";".to_owned()), ..Dialect::default() };
        let rows = rows(b"a;b\n\xb0\xa1;2\n3\n4;5;6\nx\0;1\n\"open;1\n2;3\n", &dialect);
        assert_eq!(texts(&rows[0]), ["a", "b"]);
        assert!(rows[1].wrong[0].1.starts_with("column 1: 0xB0"), "{:?}", rows[1].wrong);
        assert_eq!((rows[2].cells.len(), rows[3].cells.len()), (1, 3));
        assert!(rows[4].wrong[0].1.contains("NUL"));
        assert!(rows[5].wrong[0].1.contains("odd number of quotes"));
    }

    #[test]
    fn a_quote_in_the_middle_of_a_cell_in_quotes_is_told() {
        let rows = rows(b"1,\"He said \"no\" twice\"\n2,He said \"no\" twice\n3,\"a \"\"b\"\" c\",\"\",\"d\"\n4,\"x\ny \"\"z\"\"\"\n", &Dialect::default());
        assert!(rows[0].doubtful[0].1.contains("He said \"no\" twice\"`"), "{:?}", rows[0].doubtful);
        assert!(rows[1..].iter().all(|row| row.doubtful.is_empty() && row.wrong.is_empty()), "{rows:?}");
        assert_eq!(texts(&rows[1])[1], "He said \"no\" twice");
    }

    #[test]
    fn a_quote_that_is_not_closed_does_not_take_a_file_into_memory() {
        let line = b"x".repeat(1 << 20);
        let mut file = b"a,b\n\"open,".to_vec();
        for _ in 0..20 {
            file.extend_from_slice(&line);
            file.push(b'\n');
        }
        let mut table = CsvTable::new(&file[..], &Dialect::default()).unwrap();
        table.next().unwrap();
        let error = table.next().unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("quote"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_rows_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), tabs in any::<bool>(), wide in any::<bool>()) {
            let dialect = Dialect {
                delimiter: tabs.then(|| "tab".to_owned()),
                quote: tabs.then(|| "none".to_owned()),
                encoding: wide.then(|| "utf-16".to_owned()),
            };
            if let Ok(mut table) = CsvTable::new(&bytes[..], &dialect) {
                let mut line = 0;
                while let Ok(Some(row)) = table.next() {
                    prop_assert!(row.line > line, "{} after {}", row.line, line);
                    line = row.line;
                }
            }
        }
    }
}
