//! What is wrong with a mapping before a row is read: everything at once, each with where it stands.

use std::collections::BTreeMap;

use crate::desk::error::Fault;
use crate::desk::format::field::{self, nearest};
use crate::desk::import::mapping::condition::Patterns;
use crate::desk::import::mapping::dates;
use crate::desk::import::mapping::row::Columns;
use crate::desk::import::mapping::{Form, Mapping, ROW, Rule};
use crate::domain::fact::Kind;
use crate::domain::link::Relation;
use crate::domain::name::{Directory, Match};
use crate::domain::zone::Zone;

/// A mapping in which nothing is wrong by itself.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) mapping: Mapping,
    pub(super) patterns: Patterns,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words that stand there.
    Words(String),
    /// What a column says.
    Column(String),
}

impl Checked {
    /// Checks a mapping.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with it.
    pub(crate) fn of(mapping: Mapping) -> Result<Self, Vec<Fault>> {
        let mut patterns = Patterns::default();
        let mut faults = Vec::new();
        form(&mapping, &mut faults);
        faults.extend(match mapping.format {
            Some(form) => fitting(&mapping, form),
            // Where nothing in it is of tables alone, the file that it comes with tells.
            None if of_others(&mapping).is_empty() => Vec::new(),
            None => of_tables(&mapping),
        });
        kinds(&mapping, &mut faults);
        for (number, skip) in mapping.skip.iter().enumerate() {
            skip.when.check(&format!("skip[{number}].when"), &mut patterns, &mut faults);
            if skip.because.trim().is_empty() {
                faults.push(Fault::in_field(
                    &format!("skip[{number}].because"),
                    "says nothing; say why, in words",
                ));
            }
        }
        for (number, rule) in mapping.kinds.iter().enumerate() {
            rule.when.check(&format!("kinds[{number}].when"), &mut patterns, &mut faults);
            let kind = rule.kind.parse::<Kind>().ok();
            fields(
                &mapping,
                &format!("kinds[{number}].fields"),
                &rule.fields,
                kind,
                &mut patterns,
                &mut faults,
            );
        }
        fields(&mapping, "fields", &mapping.fields, None, &mut patterns, &mut faults);
        if faults.is_empty() { Ok(Self { mapping, patterns }) } else { Err(faults) }
    }

    /// Returns what is wrong with it for a file of a format, where it does not say itself which that is.
    pub(crate) fn fitting(&self, form: Form) -> Vec<Fault> {
        fitting(&self.mapping, form)
    }

    /// Tells whether it says which columns name a row, and what others are: it is for tables.
    pub(crate) fn names_columns(&self) -> bool {
        let mut rules = self
            .mapping
            .kinds
            .iter()
            .flat_map(|rule| rule.fields.values())
            .chain(self.mapping.fields.values());
        !self.mapping.key.is_empty() && rules.any(|rule| rule.column.is_some() || rule.template.is_some())
    }

    /// Checks the columns that the mapping names against those that a file has; `count` is how many there may be, those
    /// behind the last name of the header included.
    pub(crate) fn against(&self, columns: &Columns, count: usize) -> Vec<Fault> {
        let mut directory = Directory::default();
        for (place, name) in columns.names.iter().enumerate() {
            directory.insert(place, name);
        }
        let mut faults = Vec::new();
        for (place, column) in self.columns() {
            let twice = columns.names.iter().filter(|name| **name == column).count() > 1;
            let found = columns.place(&column);
            let known = column == ROW || found.is_some_and(|found| found < count);
            if twice {
                let detail = format!(
                    "two columns are called `{column}`; name the one that is meant by its place, such as `#3`"
                );
                faults.push(Fault::in_field(&place, detail));
            } else if !known {
                let near = match directory.find(&column) {
                    Match::One(near) => vec![near],
                    Match::Near(near) | Match::Several(near) => {
                        near.into_iter().map(|(near, _)| near).collect()
                    }
                    Match::None => Vec::new(),
                };
                let near: Vec<String> =
                    near.into_iter().map(|near| format!("`{}`", columns.name(near))).collect();
                let hint = if near.is_empty() {
                    format!("there are {}", columns.all_names().join(", "))
                } else {
                    format!("is {} meant?", near.join(" or "))
                };
                faults.push(Fault::in_field(&place, format!("the file has no column `{column}`; {hint}")));
            }
        }
        faults
    }

    /// Returns every column that the mapping names, with where it does.
    pub(crate) fn columns(&self) -> Vec<(String, String)> {
        let mapping = &self.mapping;
        let mut columns: Vec<(String, String)> = Vec::new();
        let listed = |place: &str, names: &[String]| -> Vec<(String, String)> {
            names.iter().map(|name| (place.to_owned(), name.clone())).collect()
        };
        columns.extend(listed("key", &mapping.key));
        columns.extend(listed("fill_down", &mapping.fill_down));
        for (number, skip) in mapping.skip.iter().enumerate() {
            columns.extend(
                skip.when.columns().into_iter().map(|name| (format!("skip[{number}].when"), name.to_owned())),
            );
        }
        let mut of_rules = |place: &str, rules: &BTreeMap<String, Rule>| {
            for (name, rule) in rules {
                let place = format!("{place}.{name}");
                let template =
                    rule.template.as_deref().map(|template| self.template(template)).unwrap_or_default();
                let template = template.into_iter().filter_map(|piece| match piece {
                    Piece::Column(column) => Some(column),
                    Piece::Words(_) => None,
                });
                let tested = rule.when.iter().flat_map(|when| when.columns()).map(ToOwned::to_owned);
                let all = rule.column.clone().into_iter().chain(template).chain(tested);
                columns.extend(all.map(|column| (place.clone(), column)));
            }
        };
        of_rules("fields", &mapping.fields);
        for (number, rule) in mapping.kinds.iter().enumerate() {
            of_rules(&format!("kinds[{number}].fields"), &rule.fields);
        }
        for (number, rule) in mapping.kinds.iter().enumerate() {
            columns.extend(
                rule.when
                    .columns()
                    .into_iter()
                    .map(|name| (format!("kinds[{number}].when"), name.to_owned())),
            );
        }
        columns
    }

    /// Returns the pieces of a template that was checked.
    #[expect(clippy::unused_self, reason = "only what was checked has pieces")]
    pub(super) fn template(&self, template: &str) -> Vec<Piece> {
        pieces(template).unwrap_or_default()
    }
}

/// Returns the pieces of a template: columns stand in braces, a brace itself is written twice.
fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut words = String::new();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if letters.peek() == Some(&letter) => {
                letters.next();
                words.push(letter);
            }
            '{' => {
                let mut column = String::new();
                loop {
                    match letters.next() {
                        Some('}') => break,
                        Some(letter) => column.push(letter),
                        None => return Err(format!("`{template}` opens a brace that is not closed")),
                    }
                }
                if !words.is_empty() {
                    pieces.push(Piece::Words(std::mem::take(&mut words)));
                }
                pieces.push(Piece::Column(column.trim().to_owned()));
            }
            '}' => return Err(format!("`{template}` closes a brace that is not open; `}}}}` is one")),
            letter => words.push(letter),
        }
    }
    if !words.is_empty() {
        pieces.push(Piece::Words(words));
    }
    Ok(pieces)
}

/// The tables that formats use which are no tables.
const TABLES: [&str; 3] = ["parties", "kinds", "markings"];

/// Checks what stands between cells or around them: one character, or a word for it.
///
/// # Errors
///
/// Returns why it is none.
pub(in crate::desk::import) fn sign(typed: &str, word: &str) -> Result<(), String> {
    let is_one = typed.len() == 1 && typed.is_ascii() && !typed.starts_with(['\n', '\r', '\0']);
    if is_one || typed == word {
        return Ok(());
    }
    Err(format!("`{typed}` is neither one character of ASCII nor `{word}`"))
}

fn form(mapping: &Mapping, faults: &mut Vec<Fault>) {
    let mut fault = |place: &str, detail: String| faults.push(Fault::in_field(place, detail));
    if let Some(encoding) = &mapping.encoding
        && let Err(detail) = crate::desk::import::encoding::named(encoding)
    {
        fault("encoding", detail);
    }
    for (name, typed, word) in [("delimiter", &mapping.delimiter, "tab"), ("quote", &mapping.quote, "none")] {
        if let Some(Err(detail)) = typed.as_deref().map(|typed| sign(typed, word)) {
            fault(name, detail);
        }
    }
    if let Some(zone) = &mapping.zone
        && let Err(error) = zone.parse::<Zone>()
    {
        fault("zone", error.to_string());
    }
    for (number, date) in mapping.dates.iter().enumerate() {
        if let Err(detail) = dates::check(date) {
            fault(&format!("dates[{number}]"), detail);
        }
    }
}

/// Returns what is wrong with a mapping for a format.
fn fitting(mapping: &Mapping, form: Form) -> Vec<Fault> {
    if matches!(form, Form::Csv | Form::Xlsx) { of_tables(mapping) } else { of_others(mapping) }
}

/// Returns what is wrong with a mapping for a table.
fn of_tables(mapping: &Mapping) -> Vec<Fault> {
    if !mapping.key.is_empty() {
        return Vec::new();
    }
    let detail = format!(
        "is missing: the columns that name a row, by which it is known again (`[\"No.\"]`), or its number (`[\"{ROW}\"]`)"
    );
    vec![Fault::in_field("key", detail)]
}

/// Returns what is wrong with a mapping for a file that is no table.
fn of_others(mapping: &Mapping) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |place: &str, detail: String| faults.push(Fault::in_field(place, detail));
    let of_tables = [
        ("key", !mapping.key.is_empty()),
        ("skip", !mapping.skip.is_empty()),
        ("kinds", !mapping.kinds.is_empty()),
        ("header", mapping.header.is_some()),
        ("sheet", mapping.sheet.is_some()),
        ("fill_down", !mapping.fill_down.is_empty()),
        ("language", mapping.language.is_some()),
    ];
    for (name, _) in of_tables.iter().filter(|(_, given)| *given) {
        fault(
            name,
            "is for tables (`csv`, `xlsx`); this format knows by itself where things stand".to_owned(),
        );
    }
    for (name, rule) in &mapping.fields {
        if rule.value.is_none() {
            fault(
                &format!("fields.{name}"),
                "this format has no columns; give a `value` that all entries have".to_owned(),
            );
        }
    }
    for name in mapping.tables.keys().filter(|name| !TABLES.contains(&name.as_str())) {
        fault(&format!("tables.{name}"), format!("is not used; this format uses {}", TABLES.join(", ")));
    }
    faults
}

fn kinds(mapping: &Mapping, faults: &mut Vec<Fault>) {
    let given =
        mapping.kinds.iter().enumerate().map(|(number, rule)| (format!("kinds[{number}].kind"), &rule.kind));
    for (place, kind) in
        given.chain(mapping.default_kind.iter().map(|kind| ("default_kind".to_owned(), kind)))
    {
        if let Err(error) = kind.parse::<Kind>() {
            let detail = format!("{error}; `demarche record --help` lists the kinds");
            faults.push(Fault::in_field(&place, detail));
        }
    }
}

fn fields(
    mapping: &Mapping,
    place: &str,
    rules: &BTreeMap<String, Rule>,
    kind: Option<Kind>,
    patterns: &mut Patterns,
    faults: &mut Vec<Fault>,
) {
    for (name, rule) in rules {
        let place = format!("{place}.{name}");
        if let Err(detail) = known_field(name, kind) {
            faults.push(Fault::in_field(&place, detail));
        }
        let given = [rule.column.is_some(), rule.template.is_some(), rule.value.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            faults.push(Fault::in_field(&place, "comes from one of `column`, `template` and `value`"));
        }
        if let Some(table) = rule.table.as_ref().filter(|table| !mapping.tables.contains_key(*table)) {
            let tables: Vec<&str> = mapping.tables.keys().map(String::as_str).collect();
            let there = if tables.is_empty() { "there is none".to_owned() } else { tables.join(", ") };
            faults.push(Fault::in_field(
                &format!("{place}.table"),
                format!("`{table}` is not in `tables` ({there})"),
            ));
        }
        if rule.unlisted.is_some() && rule.table.is_none() {
            faults
                .push(Fault::in_field(&format!("{place}.unlisted"), "is about a `table`, and none is named"));
        }
        if rule.split.as_ref().is_some_and(String::is_empty) {
            faults.push(Fault::in_field(
                &format!("{place}.split"),
                "is empty; give what stands between the values",
            ));
        }
        if let Some(Err(detail)) = rule.template.as_deref().map(pieces) {
            faults.push(Fault::in_field(&format!("{place}.template"), detail));
        }
        if let Some(Err(detail)) = rule.pattern.as_ref().map(|pattern| patterns.add(pattern)) {
            faults.push(Fault::in_field(&format!("{place}.pattern"), detail));
        }
        for (number, date) in rule.dates.iter().enumerate() {
            if let Err(detail) = dates::check(date) {
                faults.push(Fault::in_field(&format!("{place}.dates[{number}]"), detail));
            }
        }
        if let Some(Err(error)) = rule.zone.as_ref().map(|zone| zone.parse::<Zone>()) {
            faults.push(Fault::in_field(&format!("{place}.zone"), error.to_string()));
        }
        if let Some(when) = &rule.when {
            when.check(&format!("{place}.when"), patterns, faults);
        }
    }
}

/// Tells whether some kind, or this one, has a field.
fn known_field(name: &str, kind: Option<Kind>) -> Result<(), String> {
    if name == "id" {
        return Err("what a row goes by is said with `key`".to_owned());
    }
    let (head, part) = name.split_once('.').map_or((name, None), |(head, part)| (head, Some(part)));
    match (head, part) {
        ("texts", Some(language)) => {
            crate::domain::text::Language::try_from(language.to_owned())
                .map_err(|error| error.to_string())?;
        }
        ("texts", None) => {
            return Err("say of which language the text is: `texts.en`, `texts.ko-KR`".to_owned());
        }
        ("links", Some(relation)) => {
            serde_json::from_value::<Relation>(relation.into()).map_err(|_| {
                format!("`{relation}` is no relation; there is answers, concerns, contradicts, …")
            })?;
        }
        ("source" | "external_refs", Some(_)) | (_, None) => {}
        (head, Some(_)) => {
            return Err(format!(
                "`{head}` has no parts; those that have are texts, source, external_refs and links"
            ));
        }
    }
    let names = kind.map_or_else(
        || {
            let mut names: Vec<&'static str> =
                Kind::ALL.iter().flat_map(|kind| field::names(*kind)).collect();
            names.sort_unstable();
            names.dedup();
            names
        },
        field::names,
    );
    if names.contains(&head) {
        return Ok(());
    }
    let near = nearest(head, &names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(match kind {
        Some(kind) => format!("`{kind}` has no field `{head}`{near}"),
        None => format!("`{head}` is no field of an entry{near}"),
    })
}
