//! From a row of a table to an entry, as the mapping says.

use serde_json::{Map, Value, json};

use crate::desk::format::field::{Shape, shape};
use crate::desk::import::drafted::Drafted;
use crate::desk::import::mapping::check::{Checked, Piece};
use crate::desk::import::mapping::dated::perhaps;
use crate::desk::import::mapping::dates::Formats;
use crate::desk::import::mapping::row::{Cell, Columns, RowOf, TableRow};
use crate::desk::import::mapping::{Rule, Unlisted};
use crate::domain::fact::Kind;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Applied {
    /// It is left out, and why.
    Skipped(String),
    /// It is an entry, or what is wrong with it.
    Drafted(Drafted),
}

impl Checked {
    /// Returns what becomes of a row.
    pub(crate) fn apply(&self, columns: &Columns, row: &TableRow, default_kind: Option<Kind>) -> Applied {
        let of = RowOf { row, columns };
        if let Some(skip) = self.mapping.skip.iter().find(|skip| skip.when.holds(&of, &self.patterns)) {
            return Applied::Skipped(skip.because.clone());
        }
        let mut drafted = Drafted::at(row.line, row.span);
        for (column, detail) in &row.wrong {
            let column = column.map(|place| columns.name(place));
            drafted.wrong(column.as_deref(), detail);
        }
        for (column, detail) in &row.doubtful {
            drafted.doubt(
                column.map_or_else(|| detail.clone(), |place| format!("{}: {detail}", columns.name(place))),
            );
        }
        drafted.key = self.key(&of, &mut drafted);
        let mut applying = Applying { checked: self, row: &of, drafted, entry: Map::new() };
        let rule = self.mapping.kinds.iter().find(|rule| rule.when.holds(&of, &self.patterns));
        let Some(kind) = applying.kind(rule.map(|rule| rule.kind.as_str()), default_kind) else {
            return Applied::Drafted(applying.drafted);
        };
        applying.entry.insert("kind".to_owned(), json!(kind));
        let of_rule = rule.map(|rule| &rule.fields);
        let of_all = self.mapping.fields.iter().filter(|(name, _)| {
            name.as_str() != "kind" && of_rule.is_none_or(|fields| !fields.contains_key(name.as_str()))
        });
        for (name, rule) in of_all.chain(of_rule.into_iter().flatten()) {
            applying.field(kind, name, rule);
        }
        let Applying { mut drafted, entry, .. } = applying;
        drafted.entry = Some(entry.into());
        Applied::Drafted(drafted)
    }

    fn key(&self, row: &RowOf<'_>, drafted: &mut Drafted) -> Option<String> {
        let parts: Vec<String> =
            self.mapping.key.iter().map(|column| row.text(column).trim().to_owned()).collect();
        if parts.iter().any(String::is_empty) {
            let empty = self.mapping.key.iter().zip(&parts).filter(|(_, part)| part.is_empty());
            let empty: Vec<&str> = empty.map(|(column, _)| column.as_str()).collect();
            drafted.wrong(Some("key"), format!("{} is empty, and names the row", empty.join(", ")));
            return None;
        }
        for (column, date) in self.dated_of(self.mapping.key.clone(), row) {
            let detail = format!(
                "the cell `{column}`, which names the row, is a date, {date}: {}; write it as text in the workbook, or name rows \
                 by a column that is none",
                perhaps(date)
            );
            drafted.wrong(Some("key"), detail);
        }
        Some(parts.join("/"))
    }
}

struct Applying<'a> {
    checked: &'a Checked,
    row: &'a RowOf<'a>,
    drafted: Drafted,
    entry: Map<String, Value>,
}

impl Applying<'_> {
    /// Returns the kind: what a rule says, then the field, then what was stated as the default.
    fn kind(&mut self, of_rule: Option<&str>, default_kind: Option<Kind>) -> Option<Kind> {
        let own = self.checked.mapping.fields.get("kind");
        let said = match (of_rule, own) {
            (Some(kind), _) => Some(kind.to_owned()),
            (None, Some(rule)) => {
                self.values("kind", rule).and_then(|values| Some(values.first()?.as_str()?.to_owned()))
            }
            (None, None) => None,
        };
        if !self.drafted.wrong.is_empty() && said.is_none() && own.is_some() {
            return None;
        }
        let default = self.checked.mapping.default_kind.clone().or(default_kind.map(|kind| kind.to_string()));
        if let Some(kind) = said.or(default) {
            match kind.parse::<Kind>() {
                Ok(kind) => Some(kind),
                Err(error) => {
                    self.drafted.wrong(Some("kind"), error.to_string());
                    None
                }
            }
        } else {
            let detail = "no rule of the mapping gives this row a kind; add one to `kinds`, a `default_kind`, or \
                          skip the row";
            self.drafted.wrong(Some("kind"), detail);
            None
        }
    }

    fn field(&mut self, kind: Kind, name: &str, rule: &Rule) {
        if rule.when.as_ref().is_some_and(|when| !when.holds(self.row, &self.checked.patterns)) {
            return;
        }
        let wrong = self.drafted.wrong.len();
        self.fill(kind, name, rule);
        for (column, date) in self.checked.dated(rule, self.row) {
            let told = format!("the cell `{column}` is a date, {date}: {}", perhaps(date));
            match self.drafted.wrong.get_mut(wrong) {
                Some(fault) => fault.detail = format!("{}; {told}", fault.detail),
                None => self.drafted.doubt(format!("{name}: {told}; it is taken as it reads")),
            }
        }
    }

    /// Fills in a field.
    fn fill(&mut self, kind: Kind, name: &str, rule: &Rule) {
        let Some(values) = self.values(name, rule) else { return };
        let (head, part) = name.split_once('.').map_or((name, None), |(head, part)| (head, Some(part)));
        let shape = shape(kind, head).filter(|_| part.is_none());
        let mut read = Vec::with_capacity(values.len());
        for value in values {
            match (value, shape) {
                (Value::String(text), Some(Shape::Date | Shape::DateAhead)) => {
                    let Some(date) = self.date(name, rule, &text) else { return };
                    read.push(date.into());
                }
                (Value::String(text), Some(Shape::Flag)) => match text.to_lowercase().as_str() {
                    "true" => read.push(true.into()),
                    "false" => read.push(false.into()),
                    _ => {
                        let detail =
                            format!("`{text}` is neither true nor false; say in a table what it stands for");
                        return self.drafted.wrong(Some(name), detail);
                    }
                },
                (Value::String(text), Some(Shape::Number)) => match text.parse::<u64>() {
                    Ok(number) => read.push(number.into()),
                    Err(_) => return self.drafted.wrong(Some(name), format!("`{text}` is no whole number")),
                },
                (value, _) => read.push(value),
            }
        }
        let value = if read.len() == 1 { read.remove(0) } else { Value::Array(read) };
        match part {
            Some(part) => self.part(head, part, &value),
            None => {
                self.entry.insert(head.to_owned(), value);
            }
        }
    }

    /// Adds a part of a field that is an object, or a list of objects.
    fn part(&mut self, head: &str, part: &str, value: &Value) {
        let (object, own) = match head {
            "texts" => (json!({ "language": part, "text": value }), true),
            "external_refs" => (json!({ "namespace": part, "id": value }), true),
            "links" => (json!({ "relation": part, "target": value }), true),
            _ => (json!({ part: value }), false),
        };
        let field = self.entry.entry(head).or_insert_with(|| json!([]));
        if let Value::String(locator) = field {
            *field = json!([{ "locator": locator }]);
        }
        let Value::Array(list) = field else { return };
        if own {
            return list.push(object);
        }
        if list.is_empty() {
            list.push(json!({}));
        }
        if let (Some(Value::Object(into)), Value::Object(object)) = (list.first_mut(), object) {
            into.extend(object);
        }
    }

    /// Returns the values of a field; none where the row says nothing of it, or something is wrong.
    fn values(&mut self, name: &str, rule: &Rule) -> Option<Vec<Value>> {
        if let Some(value) = &rule.value {
            return Some(vec![value.clone()]);
        }
        let text = self.written(rule);
        let mut text = text.trim();
        if text.is_empty() {
            return None;
        }
        if let Some(pattern) = &rule.pattern {
            let Some(part) = self.checked.patterns.part(pattern, text) else {
                let detail =
                    format!("{name}: `{}` does not match `{pattern}`, and says nothing", short(text));
                self.drafted.doubt(detail);
                return None;
            };
            text = part.trim();
        }
        let parts: Vec<&str> = match &rule.split {
            Some(split) => {
                text.split(split.as_str()).map(str::trim).filter(|part| !part.is_empty()).collect()
            }
            None => vec![text],
        };
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            match self.looked_up(name, rule, part)? {
                Value::Array(several) => values.extend(several),
                Value::Null => {}
                value @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    values.push(value);
                }
            }
        }
        (!values.is_empty()).then_some(values)
    }

    /// Returns what the columns of a rule say.
    fn written(&self, rule: &Rule) -> String {
        if let Some(column) = &rule.column {
            return self.row.text(column);
        }
        let pieces = self.checked.template(rule.template.as_deref().unwrap_or_default());
        let columns = pieces
            .iter()
            .filter_map(|piece| if let Piece::Column(column) = piece { Some(column) } else { None });
        let said = columns.clone().any(|column| !self.row.text(column).trim().is_empty());
        if !said && columns.count() > 0 {
            return String::new();
        }
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Words(words) => words.clone(),
                Piece::Column(column) => self.row.text(column).trim().to_owned(),
            })
            .collect()
    }

    /// Returns what a value stands for; null where it says nothing, none where it is wrong.
    fn looked_up(&mut self, name: &str, rule: &Rule, text: &str) -> Option<Value> {
        let Some(table) = &rule.table else { return Some(text.into()) };
        let rows = self.checked.mapping.tables.get(table);
        let exact = rows.and_then(|rows| rows.get(text));
        let folded = || {
            let text = text.to_lowercase();
            rows.and_then(|rows| {
                rows.iter().find(|(key, _)| key.trim().to_lowercase() == text).map(|(_, value)| value)
            })
        };
        match exact.or_else(folded) {
            Some(Value::Null) => {
                let detail = format!("tables.{table} does not say yet what `{text}` stands for; fill it in");
                self.drafted.wrong(Some(name), detail);
                None
            }
            Some(value) => Some(value.clone()),
            None => match rule.unlisted.unwrap_or(Unlisted::Wrong) {
                Unlisted::Keep => Some(text.into()),
                Unlisted::LeaveOut => {
                    self.drafted.doubt(format!(
                        "{name}: `{}` is not in tables.{table}, and is left out",
                        short(text)
                    ));
                    Some(Value::Null)
                }
                Unlisted::Wrong => {
                    let detail = format!(
                        "`{}` is not in tables.{table}; add it, or say what becomes of others with `unlisted`",
                        short(text)
                    );
                    self.drafted.wrong(Some(name), detail);
                    None
                }
            },
        }
    }

    /// Returns a date as the entry format writes it.
    fn date(&mut self, name: &str, rule: &Rule, text: &str) -> Option<String> {
        let zone = rule.zone.as_ref().or(self.checked.mapping.zone.as_ref());
        let zone = zone.and_then(|zone| zone.parse().ok());
        let own = rule.column.as_ref().map(|column| self.row.cell(column));
        let formats = if let Some(Cell::Date(_)) = own {
            Formats::of_cells(zone)
        } else {
            let named = if rule.dates.is_empty() { &self.checked.mapping.dates } else { &rule.dates };
            Formats::of(named, zone).in_language(self.checked.mapping.language)
        };
        match formats.read(text) {
            Ok(read) => {
                if let Some(doubt) = read.doubt {
                    self.drafted.doubt(format!("{name}: {doubt}"));
                }
                if name == "date" && read.edtf != text && !matches!(own, Some(Cell::Date(_))) {
                    self.entry.entry("occurred_as_written").or_insert_with(|| text.into());
                }
                Some(read.edtf)
            }
            Err(detail) => {
                self.drafted.wrong(Some(name), detail);
                None
            }
        }
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
