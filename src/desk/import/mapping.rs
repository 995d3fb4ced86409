//! The mapping file: how the columns of somebody's table become fields of entries.
//!
//! It is JSON with a schema of its own (`schemas/mapping.schema.json`). Every mistake in it is an error that
//! names where it stands and what would be right; nothing in it is guessed when a file is imported.

mod apply;
mod check;
mod condition;
mod dated;
mod dates;
pub(super) mod draft;
mod locale;
mod row;

pub(super) use apply::Applied;
pub(super) use check::{Checked, sign};
pub(super) use dates::of_parts;
pub(super) use locale::{LocaleMarks, locale_doubt};
pub(super) use row::{Cell, Columns, TableRow, Unread};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::error::Fault;
use crate::desk::format::strict::Strict;
use crate::desk::misread;

/// The largest mapping file that is taken.
pub(super) const MAPPING_BYTES_MAX: usize = 1 << 20;
/// The name that stands for the number of a row among the columns of a key.
pub(super) const ROW: &str = "#row";

/// How a file is read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mapping {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    /// What the file is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Form>,
    /// The encoding of a file of text: `utf-8`, `utf-16le`, `euc-kr`, `cp949`, `iso-2022-kr`, `windows-1252`. Without it
    /// UTF-8, or what a byte order mark says. Of e-mail, that of letters beyond ASCII of which a message says nothing, and
    /// of what names an encoding that is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<String>,
    /// What stands between two cells: one character, or `tab`. A comma without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delimiter: Option<String>,
    /// What stands around a cell that holds a delimiter: one character, or `none`. `"` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quote: Option<String>,
    /// In which row the names of the columns stand, counted from 1; 0 where there is none, and columns are
    /// named by their place: `#1`. The first row that is not empty without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<u64>,
    /// The sheet of a workbook; needed where it has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sheet: Option<String>,
    /// Columns in which an empty cell says the same as the one above: merged cells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fill_down: Vec<String>,
    /// The columns that name a row, by which it is known again when the file is imported a second time;
    /// `#row` is the number of the row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) key: Vec<String>,
    /// How dates are written, tried in turn: `%d/%m/%Y`, `%Y년 %m월 %d일 %p %I:%M` (오전, 오후), or one of `edtf`,
    /// `years`, `about`, `words`, `range`, `excel`. A date that two of them read differently is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dates: Vec<String>,
    /// The language of the months and other words in dates, beside English: `%B`, `words` and `about` read
    /// `12. März 1974`, `vers 1994`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<dates::Language>,
    /// The zone of times of the day that are written without an offset: `Asia/Seoul`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<String>,
    /// Rows that are no entries; they are counted and listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) skip: Vec<Skip>,
    /// What kind of entry a row is: the first rule that holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) kinds: Vec<KindRule>,
    /// The kind of a row for which no rule holds. Without it such a row is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_kind: Option<String>,
    /// The fields of an entry, each with where it comes from. `texts.ko-KR`, `source.reliability`,
    /// `external_refs.MRN` and `links.contradicts` name a part of a field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, Rule>,
    /// What values stand for: `{"parties": {"S. Korea": "KOR"}}`. Files that are no tables use `parties`, `markings` and
    /// `kinds`: by code in coded events, by form in volumes, where `telephone_conversation` is the record of one, and
    /// `automatic` for the mail that nobody wrote.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tables: BTreeMap<String, BTreeMap<String, Value>>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Entries, one JSON object per line.
    Chronology,
    /// Comma-separated values, or separated by something else.
    Csv,
    /// A workbook.
    Xlsx,
    /// A volume of *Foreign Relations of the United States*.
    Tei,
    /// Events as ICEWS codes them, separated by tabs.
    Icews,
    /// Events as PLOVER codes them, as JSON lines or comma-separated.
    Plover,
    /// E-mail: one message, or a mailbox.
    Eml,
}

/// A row that is no entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skip {
    /// Which rows.
    pub(crate) when: Condition,
    /// Why, for whoever reads the list.
    pub(crate) because: String,
}

/// What must be true of a row: one column and one test of it, or several conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Condition {
    /// The column that is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    /// It says exactly this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is: Option<String>,
    /// It says one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) one_of: Vec<String>,
    /// It says this somewhere, in capitals or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contains: Option<String>,
    /// It matches this regular expression (of the Rust crate `regex`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matches: Option<String>,
    /// It is empty, or is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) empty: Option<bool>,
    /// All of these are true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) all: Vec<Condition>,
    /// One of these is true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) any: Vec<Condition>,
    /// This is not true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not: Option<Box<Condition>>,
}

/// What kind of entry some rows are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindRule {
    /// Which rows.
    pub(crate) when: Condition,
    /// The kind.
    pub(crate) kind: String,
    /// Fields that these rows have beside those of all rows, or that come from elsewhere in them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, Rule>,
    /// Why this is a guess; taken out by whoever has looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) guess: Option<String>,
}

/// Where a field comes from: a column, a template of several, or a constant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rule {
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    /// Several columns and words between them: `{Title}: {Remarks}`. Empty where all of the columns are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    /// The same in every row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Value>,
    /// Only the part that matches: a regular expression, of which the first group counts where it has one. What
    /// does not match says nothing, and is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    /// What stands between several values in one cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) split: Option<String>,
    /// The table of `tables` that says what the values stand for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<String>,
    /// What becomes of a value that the table does not list. It is wrong without this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unlisted: Option<Unlisted>,
    /// How the dates of this field are written, instead of the `dates` of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dates: Vec<String>,
    /// The zone of the times of this field, instead of that of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zone: Option<String>,
    /// Only in these rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<Condition>,
    /// Why this is a guess; taken out by whoever has looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guess: Option<String>,
}

/// What becomes of a value that a table does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unlisted {
    /// The row is wrong.
    Wrong,
    /// It stands for itself.
    Keep,
    /// It says nothing, and is told.
    LeaveOut,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, by line and column.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.len() > MAPPING_BYTES_MAX {
            let detail = format!("a mapping has at most {} MiB", MAPPING_BYTES_MAX >> 20);
            return Err(vec![Fault::new(detail)]);
        }
        let wrong = |error: serde_json::Error| vec![misread::fault(bytes, &error)];
        // First, for a name that stands twice: of two, the second would be taken silently.
        let Strict(whole) = serde_json::from_slice(bytes).map_err(wrong)?;
        if !whole.is_object() {
            let detail = "a mapping is a JSON object: `{ \"key\": …, \"fields\": … }`".to_owned();
            return Err(vec![Fault { line: Some(1), field: None, detail }]);
        }
        serde_json::from_slice::<Self>(bytes).map_err(wrong)
    }

    /// Returns every guess that is still in it, with where it stands.
    pub(crate) fn guesses(&self) -> Vec<String> {
        let fields = self
            .fields
            .iter()
            .filter_map(|(name, rule)| Some((format!("fields.{name}"), rule.guess.as_ref()?)));
        let kinds = self.kinds.iter().enumerate();
        let kinds = kinds.filter_map(|(place, rule)| Some((format!("kinds[{place}]"), rule.guess.as_ref()?)));
        fields.chain(kinds).map(|(place, guess)| format!("{place}: {guess}")).collect()
    }
}
