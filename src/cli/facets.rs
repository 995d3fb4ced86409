//! `facets`: how many entries have what in common, and how they lie in time.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::filter::Filter;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::facets::{DensityRow, FacetRow, Facets as Counted};
use crate::desk::ask::FacetsAsk;

/// How long the longest bar is.
const BAR: u64 = 30;

/// What to count of which entries.
#[derive(Debug, Args)]
pub(super) struct Facets {
    /// By these fields, comma separated: channel,kind,year; by all where `--density` is not asked for
    #[arg(long, value_name = "FIELDS")]
    by: Option<String>,
    /// Show how the entries lie in time: as they `occurred`, or as they were `recorded`
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "occurred")]
    density: Option<String>,
    #[command(flatten)]
    filter: Filter,
}

impl Facets {
    /// Shows the counts.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = FacetsAsk { filter: self.filter.ask(), by: self.by.clone(), density: self.density.clone() };
        let answer: Answer<Counted> = session.get("/v1/facets", &ask)?;
        session.show(&answer)
    }
}

impl Show for Counted {
    fn text(&self, text: &mut Text) {
        text.line(words::count(self.total, "entry", "entries"));
        if self.total == 0 {
            return;
        }
        for row in &self.fields {
            field(row, self.total, text);
        }
        if let Some(row) = &self.density {
            density(row, text);
        }
    }

    fn columns() -> &'static [&'static str] {
        &["field", "value", "name", "within", "entries"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for row in &self.fields {
            for value in &row.values {
                rows.push(vec![
                    row.field.clone(),
                    value.value.clone(),
                    value.name.clone().unwrap_or_default(),
                    value.within.clone().unwrap_or_default(),
                    value.entries.to_string(),
                ]);
            }
        }
        if let Some(row) = &self.density {
            for stretch in &row.stretches {
                rows.push(vec![
                    format!("{}_{}", row.by, row.width),
                    stretch.name.clone(),
                    stretch.start.to_string(),
                    String::new(),
                    stretch.entries.to_string(),
                ]);
            }
        }
        rows
    }
}

/// Writes the entries by one field.
fn field(row: &FacetRow, total: u64, text: &mut Text) {
    text.gap();
    let title = title(&row.field);
    if row.values.is_empty() {
        text.line(format!(
            "{title}: {}",
            if row.field == "status" { "nothing was corrected" } else { "none" }
        ));
        return;
    }
    let most = row.values.iter().map(|value| value.entries).max().unwrap_or(total);
    let mut table = Table::new([title, "entries", ""]);
    for value in &row.values {
        let depth = if value.within.is_some() { 2 } else { 0 };
        let name = value.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let label = format!("{}{}{name}", " ".repeat(depth), value.value);
        table.row([label, words::number_of(value.entries), bar(value.entries, most)]);
    }
    text.table(&table);
    if row.left_out > 0 {
        text.line(format!(
            "and {} that are not shown",
            words::count(row.left_out, "further value", "further values")
        ));
    }
    if let Some(none) = row.not_recorded.filter(|none| *none > 0) {
        let of = words::count(none, "entry", "entries");
        text.line(match row.field.as_str() {
            "year" => format!("{of} began nobody knows when"),
            _ => format!("{of}: none"),
        });
    }
}

/// Returns how people call a field.
fn title(field: &str) -> &str {
    match field {
        "from_party" => "from",
        "to_party" => "to",
        "year" => "year in which it began",
        "grade" => "grade of a source",
        other => other,
    }
}

/// Writes the entries over time.
fn density(row: &DensityRow, text: &mut Text) {
    text.gap();
    if row.stretches.is_empty() {
        text.line("no entry says when it began");
        return;
    }
    let most = row.stretches.iter().map(|stretch| stretch.entries).max().unwrap_or_default();
    let mut table = Table::new([row.width.as_str(), "entries", ""]);
    let mut empty: Option<(&str, &str, u64)> = None;
    for stretch in &row.stretches {
        // Of a long silence its length is told, not each of its stretches.
        if stretch.entries == 0 {
            let (first, _, count) = empty.unwrap_or((&stretch.name, &stretch.name, 0));
            empty = Some((first, &stretch.name, count + 1));
            continue;
        }
        silence(empty.take(), &mut table);
        table.row([stretch.name.clone(), words::number_of(stretch.entries), bar(stretch.entries, most)]);
    }
    silence(empty, &mut table);
    text.table(&table);
    if row.before > 0 {
        let before = words::count(row.before, "entry", "entries");
        text.line(format!("{before} earlier than that, or begun nobody knows when"));
    }
    if row.by == "occurred" {
        text.line(
            "Each entry counts once: one whose date is imprecise at the earliest moment that it can mean, one \
             without a date when it was recorded.",
        );
    }
}

/// Adds a row for stretches in which nothing lies.
fn silence(empty: Option<(&str, &str, u64)>, table: &mut Table) {
    match empty {
        None => {}
        Some((first, _, 1)) => table.row([first.to_owned(), "0".to_owned(), String::new()]),
        Some((first, last, _)) => table.row([format!("{first} … {last}"), "0".to_owned(), String::new()]),
    }
}

/// Returns a bar as long as a number is great, never quite nothing.
fn bar(number: u64, most: u64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (u128::from(number) * u128::from(BAR * 8)).div_ceil(u128::from(most.max(1)));
    let eighths = usize::try_from(eighths).unwrap_or_default();
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    "█".repeat(eighths / 8) + part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, run, shown};
    use crate::desk::answer::facets::{FacetValue, Stretch};

    fn value(value: &str, name: Option<&str>, within: Option<&str>, entries: u64) -> FacetValue {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        FacetValue { value: value.to_owned(), name: owned(name), within: owned(within), entries }
    }

    fn some() -> Counted {
        let stretch = |name: &str, entries| Stretch {
            name: name.to_owned(),
            start: "2018-01-01T00:00:00.000000Z".parse().unwrap(),
            entries,
        };
        let row = |field: &str, values, left_out, not_recorded| FacetRow {
            field: field.to_owned(),
            values,
            left_out,
            not_recorded,
        };
        Counted {
            total: 1_204,
            fields: vec![
                row(
                    "from_party",
                    vec![
                        value("PRK", Some("North Korea"), None, 800),
                        value("PRK/kpa", Some("조선인민군"), Some("PRK"), 3),
                        value("KOR", None, None, 250),
                    ],
                    0,
                    Some(154),
                ),
                row("topic", vec![value("reunions", None, None, 9)], 12, Some(1_195)),
                row("marking", Vec::new(), 0, Some(1_204)),
                row("status", Vec::new(), 0, None),
            ],
            density: Some(DensityRow {
                by: "occurred".to_owned(),
                width: "month".to_owned(),
                stretches: vec![
                    stretch("2018-01", 4),
                    stretch("2018-02", 0),
                    stretch("2018-03", 0),
                    stretch("2018-04", 1_200),
                ],
                before: 1,
            }),
        }
    }

    #[test]
    fn counts_are_told_with_bars() {
        insta::assert_snapshot!(shown(&some()));
    }

    #[test]
    fn nothing_is_counted_of_nothing() {
        let none = Counted { total: 0, fields: Vec::new(), density: None };
        assert!(
            shown(&none).starts_with("no entries\n") || shown(&none).starts_with("0 entries\n"),
            "{}",
            shown(&none)
        );
    }

    #[test]
    fn a_density_is_asked_for_with_or_without_its_time() {
        for (flag, density) in [("--density", "occurred"), ("--density=recorded", "recorded")] {
            let ran =
                run(&["facets", flag, "--kind", "!media,call", "--by", "kind"], 200, &answer_of(some()));
            assert_eq!(ran.code, 0, "{}", ran.err);
            let request = ran.asked.first().unwrap();
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let query = [pair("by", "kind"), pair("density", density), pair("kind", "!media,call")];
            assert_eq!((request.path.as_str(), request.query.as_slice()), ("/v1/facets", &query[..]));
        }
    }
}
