//! A first mapping for a file: what its header and its first rows tell, every guess marked as one, and the values of
//! columns with few of them in tables to be filled in.

mod headers;
mod own;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::desk::answer::operation::DraftedMapping;
use crate::desk::error::DeskError;
use crate::desk::import::mapping::dated::perhaps;
use crate::desk::import::mapping::dates::{Formats, UNLIKELY};
use crate::desk::import::mapping::draft::headers::{HEADERS, KEYS, KINDS};
use crate::desk::import::mapping::{Cell, Columns, Form, KindRule, Mapping, ROW, Rule, TableRow};
use crate::desk::import::table::{Table, is_blank};
use crate::desk::known::Known;
use crate::desk::names::Party;
use crate::domain::name::fold;

/// How many rows are looked at.
const ROWS_MAX: usize = 2_000;
/// A column with so many different values or fewer may be one of a list.
const DISTINCT_MAX: usize = 30;
/// The longest value that stands in a table.
const VALUE_CHARS_MAX: usize = 60;

/// The longest value that may be a key of which the name of the column does not tell it.
const KEY_CHARS_MAX: usize = 30;
/// Ways of writing dates that stand beside each other in one column, and that no two of read differently.
const TOGETHER: &[&str] = &["years", "words", "about", "range"];
/// Ways of writing dates that are tried on a column.
const DATES: &[&str] = &[
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%m-%Y",
    "%Y. %m. %d.",
    "%Y.%m.%d.",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "words",
    "years",
    "about",
    "range",
    "excel",
];

/// Drafts a mapping for a table.
pub(in crate::desk::import) fn draft(
    form: Form,
    delimiter: Option<String>,
    encoding: Option<String>,
    table: &mut dyn Table,
    columns: &Columns,
    known: &Known,
) -> Result<DraftedMapping, DeskError> {
    let mut rows = Vec::new();
    while rows.len() < ROWS_MAX
        && let Some(row) = table.next()?
    {
        // What is formatted and says nothing is no row.
        if !is_blank(&row) {
            rows.push(row);
        }
    }
    // Of a sheet, a column may have no name and still hold something.
    let widest = rows.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    let columns = &columns.up_to(if table.writes_every_cell() { 0 } else { widest });
    let mapping = Mapping { format: Some(form), delimiter, encoding, ..Mapping::default() };
    let mut drafting =
        Drafting { mapping, notes: Vec::new(), empty: Vec::new(), columns, rows: &rows, known };
    if !drafting.own() {
        drafting.key();
        (0..columns.names.len()).for_each(|place| drafting.column(place));
        drafting.kind();
        drafting.last_words();
    }
    let Drafting { mapping, notes, .. } = drafting;
    let mapping = serde_json::to_value(mapping).map_err(|error| DeskError::Unavailable(error.to_string()))?;
    Ok(DraftedMapping { mapping, notes })
}

struct Drafting<'a> {
    mapping: Mapping,
    notes: Vec<String>,
    /// The columns that are empty in the rows that were looked at, and of which no field was found.
    empty: Vec<String>,
    columns: &'a Columns,
    rows: &'a [TableRow],
    known: &'a Known,
}

impl Drafting<'_> {
    fn values(&self, place: usize) -> impl Iterator<Item = &Cell> {
        self.rows
            .iter()
            .filter_map(move |row| row.cells.get(place))
            .filter(|cell| !cell.text().trim().is_empty())
    }

    fn named(&self, words: &[&str]) -> Option<usize> {
        words.iter().find_map(|word| self.columns.names.iter().position(|name| fold(name) == fold(word)))
    }

    /// Returns how a mapping names a column: by its place where another has its name.
    fn handle(&self, place: usize) -> String {
        let name = self.columns.name(place);
        let is_alone = self.columns.names.iter().filter(|other| **other == name).count() < 2;
        if is_alone { name } else { format!("#{}", place + 1) }
    }

    /// Returns how a column is told: by its name, and by its place where another has that name.
    fn told(&self, place: usize) -> String {
        let (name, handle) = (self.columns.name(place), self.handle(place));
        if name == handle { format!("`{name}`") } else { format!("`{name}` (`{handle}`)") }
    }

    /// Tells of cells of a column that are dates, where no date is read.
    fn dated(&mut self, place: usize) {
        let dates: Vec<&str> =
            self.values(place).filter(|cell| matches!(cell, Cell::Date(_))).map(Cell::text).collect();
        let (count, all) = (dates.len(), self.values(place).count());
        let Some(first) = dates.first().copied() else { return };
        let note = format!(
            "column {}: {count} of its {all} cells are dates (`{first}`), and no date is read of it: {}; write them as text in the \
             workbook where it did",
            self.told(place),
            perhaps(first)
        );
        self.notes.push(note);
    }

    /// Tells whether a column names every row once.
    fn names_rows(&self, place: usize) -> bool {
        let mut values: Vec<&str> = self.values(place).map(Cell::text).collect();
        let count = values.len();
        values.sort_unstable();
        values.dedup();
        count == self.rows.len() && values.len() == count
    }

    fn key(&mut self) {
        let names: Vec<String> = self.columns.names.iter().map(|name| fold(name)).collect();
        let called = |word: &str| {
            let word = fold(word);
            let places = names.iter().enumerate().filter(|(_, name)| **name == word);
            places.map(|(place, _)| place).find(|place| self.names_rows(*place))
        };
        let found = KEYS.iter().find_map(|word| called(word));
        if let Some(place) = found {
            self.mapping.key = vec![self.handle(place)];
            return self.dated(place);
        }
        self.mapping.key = vec![ROW.to_owned()];
        let is_short =
            |place: &usize| self.values(*place).all(|cell| cell.text().chars().count() <= KEY_CHARS_MAX);
        let others = (0..self.columns.names.len()).filter(|place| self.names_rows(*place)).filter(is_short);
        let others: Vec<String> = others.map(|place| self.told(place)).collect();
        let why = if others.is_empty() {
            "no column names every row once".to_owned()
        } else {
            format!(
                "no column is called as a key is; {} names every row once, and may be one",
                others.join(" or ")
            )
        };
        let note = format!(
            "key: {why}, so rows are known again by their number (`{ROW}`): rows may be added at the end alone"
        );
        self.notes.push(note);
    }

    fn column(&mut self, place: usize) {
        let name = self.columns.name(place);
        let folded = fold(&name);
        let field = HEADERS
            .iter()
            .find(|(_, words)| words.iter().any(|word| fold(word) == folded))
            .map(|(field, _)| *field);
        let Some(field) = field.filter(|field| !self.mapping.fields.contains_key(*field)) else {
            let is_other = KEYS.iter().chain(KINDS).any(|word| fold(word) == folded);
            if self.values(place).next().is_none() {
                self.empty.push(self.told(place));
            } else if !is_other {
                let (holds, told) = (self.holds(place), self.told(place));
                self.notes.push(format!(
                    "column {told}: no field was found for it{holds}; add it to `fields`, or leave it out"
                ));
                // A column of dates is told as such.
                if holds.is_empty() {
                    self.dated(place);
                }
            }
            return;
        };
        let guess = Some(format!("the column is called `{name}`"));
        let mut rule = Rule { column: Some(self.handle(place)), guess, ..Rule::default() };
        if field != "date" {
            self.dated(place);
        }
        match field {
            "date" => self.dates(place, &mut rule),
            "from" | "to" if self.list("parties", place, Drafting::party) => {
                rule.table = Some("parties".to_owned());
            }
            "channel" if self.list("channels", place, |_, _| Value::Null) => {
                rule.table = Some("channels".to_owned());
            }
            _ => {}
        }
        self.mapping.fields.insert(field.to_owned(), rule);
    }

    /// Says what the values of a column seem to be.
    fn holds(&self, place: usize) -> &'static str {
        let (mut all, mut parties, mut dates) = (0usize, 0usize, 0usize);
        for cell in self.values(place) {
            all += 1;
            parties += usize::from(self.party(cell.text().trim()) != Value::Null);
            dates += usize::from(matches!(cell, Cell::Date(_)) || is_dated(cell.text()));
        }
        if dates * 2 > all {
            "; it holds dates, perhaps the `date`, `effective` or `until` of an entry"
        } else if parties * 2 > all {
            "; it holds parties, perhaps those of `from` or `to`"
        } else {
            ""
        }
    }

    /// Lists the values of a column in a table to be filled in, where they are few.
    fn list(&mut self, table: &str, place: usize, stands_for: impl Fn(&Self, &str) -> Value) -> bool {
        let mut values: Vec<String> = Vec::new();
        for cell in self.values(place) {
            let text = cell.text().trim();
            if text.chars().count() > VALUE_CHARS_MAX {
                return false;
            }
            if !values.iter().any(|known| known == text) {
                values.push(text.to_owned());
            }
            if values.len() > DISTINCT_MAX {
                return false;
            }
        }
        let rows: Vec<(String, Value)> =
            values.into_iter().map(|value| (value.clone(), stands_for(self, &value))).collect();
        self.mapping.tables.entry(table.to_owned()).or_default().extend(rows);
        true
    }

    fn party(&self, value: &str) -> Value {
        match self.known.names.party(value) {
            Ok(Party::Registered(id)) => {
                self.known.register.party_code(id).map_or(Value::Null, |code| code.as_str().into())
            }
            Ok(Party::Known(country)) => country.code.into(),
            Err(_) => Value::Null,
        }
    }

    /// Finds how the dates of a column are written, where only one way reads all of them, or most.
    fn dates(&mut self, place: usize, rule: &mut Rule) {
        let texts: Vec<&str> =
            self.values(place).filter(|cell| matches!(cell, Cell::Text(_))).map(Cell::text).collect();
        // A number that is hardly the serial of a day is none.
        let reads = |formats: &[String]| -> usize {
            let read = texts.iter().filter_map(|text| Formats::of(formats, None).read(text).ok());
            read.filter(|read| read.doubt.as_ref().is_none_or(|doubt| !doubt.contains(UNLIKELY))).count()
        };
        if reads(&[]) == texts.len() {
            return;
        }
        let together: Vec<String> = TOGETHER.iter().map(|format| (*format).to_owned()).collect();
        let together: Vec<String> =
            together.into_iter().filter(|format| reads(std::slice::from_ref(format)) > 0).collect();
        let alone = DATES.iter().map(|format| vec![(*format).to_owned()]);
        let mut ways: Vec<(usize, Vec<String>)> =
            alone.chain([together]).map(|formats| (reads(&formats), formats)).collect();
        // Of those that read as many, one that stands for itself goes before several.
        ways.sort_by_key(|(count, formats)| (std::cmp::Reverse(*count), formats.len()));
        let most = ways.first().map_or(0, |(count, _)| *count);
        let mut best = ways.into_iter().filter(|(count, _)| *count == most).map(|(_, formats)| formats);
        let name = self.told(place);
        let Some(first) = best.next().filter(|_| most * 2 > texts.len()) else {
            return self.notes.push(format!(
                "column {name}: no way of writing dates reads most of its rows ({}); name the ways in `dates`",
                examples(texts.iter().copied())
            ));
        };
        // Ways that read every date alike leave no choice.
        let differs = |formats: &Vec<String>| {
            let read = |formats: &[String], text: &str| Formats::of(formats, None).read(text).ok();
            texts.iter().any(|text| read(formats, text) != read(&first, text))
        };
        let others: Vec<String> =
            best.filter(|formats| formats.len() == 1 && differs(formats)).flatten().collect();
        if !others.is_empty() {
            return self.notes.push(format!(
                "column {name}: the dates can be read as {} or {}; say which in `dates` (`{}`)",
                first.concat(),
                others.join(" or "),
                texts.first().copied().unwrap_or_default()
            ));
        }
        if most < texts.len() {
            let unread = texts.iter().copied().filter(|text| Formats::of(&first, None).read(text).is_err());
            self.notes.push(format!(
                "column {name}: {} of its {} dates are not read by `dates` as drafted ({}); add a way, mend them, or leave the \
                 rows out with `skip`",
                texts.len() - most,
                texts.len(),
                examples(unread)
            ));
        }
        rule.dates = first;
    }

    fn kind(&mut self) {
        let Some(place) = self.named(KINDS) else {
            self.notes.push(
                "kinds: nothing tells what kind of entry a row is; add rules to `kinds`, or a `default_kind` (`demarche record --help` lists the kinds)"
                    .to_owned(),
            );
            return;
        };
        let name = self.columns.name(place);
        if self.list("kinds", place, |_, value| {
            value.parse::<crate::domain::fact::Kind>().map_or(Value::Null, |kind| kind.as_str().into())
        }) {
            let guess = Some(format!("the column is called `{name}`"));
            let column = Some(self.handle(place));
            let rule = Rule { column, table: Some("kinds".to_owned()), guess, ..Rule::default() };
            self.mapping.fields.insert("kind".to_owned(), rule);
        } else {
            let (name, told) = (self.handle(place), self.told(place));
            self.notes.push(format!("column {told}: it has many values; say with `contains` or `matches` in `kinds` which kind they are"));
            let when = crate::desk::import::mapping::Condition {
                column: Some(name),
                contains: Some("talks".to_owned()),
                ..Default::default()
            };
            let guess = Some("an example of a rule: replace it".to_owned());
            self.mapping.kinds.push(KindRule {
                when,
                kind: "overture.proposed".to_owned(),
                fields: BTreeMap::new(),
                guess,
            });
        }
    }

    fn last_words(&mut self) {
        if let [first, rest @ ..] = self.empty.as_slice() {
            let note = if rest.is_empty() {
                format!(
                    "column {first} is empty in the rows that were looked at, and no field was found for it"
                )
            } else {
                format!(
                    "{} columns are empty in the rows that were looked at, and no field was found for them: {}",
                    self.empty.len(),
                    self.empty.join(", ")
                )
            };
            self.notes.push(note);
        }
        let empty = self
            .mapping
            .tables
            .iter()
            .flat_map(|(table, rows)| rows.values().map(move |value| (table, value)));
        let empty = empty.filter(|(_, value)| value.is_null()).count();
        if empty > 0 {
            self.notes.push(format!("tables: {empty} values are null and are to be filled in; a row that has one is wrong until then"));
        }
        if self.mapping.fields.values().any(|rule| rule.guess.is_some()) {
            self.notes.push(
                "every `guess` is one: take it out where it is right, so that an import no longer tells it"
                    .to_owned(),
            );
        }
    }
}

/// How many values are shown of those that are alike in something.
const SHOWN_MAX: usize = 3;

/// Shows the first few of some values.
fn examples<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut shown: Vec<&str> = Vec::new();
    for text in texts {
        if shown.len() < SHOWN_MAX && !shown.contains(&text) {
            shown.push(text);
        }
    }
    format!("`{}`", shown.join("`, `"))
}

/// Tells whether a text is written as dates are, in words or in digits, and is no plain number.
fn is_dated(text: &str) -> bool {
    let formats: Vec<String> =
        DATES.iter().filter(|format| **format != "excel").map(|format| (*format).to_owned()).collect();
    let text = text.trim();
    text.len() >= 4
        && (Formats::of(&[], None).read(text).is_ok()
            || formats
                .iter()
                .any(|format| Formats::of(std::slice::from_ref(format), None).read(text).is_ok()))
}
