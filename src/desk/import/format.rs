//! Which format a file has: what is said of it, else what its name ends in; and how each is read.

use std::io::Read;

use crate::desk::ask::ImportAsk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::{CsvTable, Dialect, unread};
use crate::desk::import::given::Given;
use crate::desk::import::icews::Coded;
use crate::desk::import::mapping::{Checked, Form};
use crate::desk::import::source::Watched;
use crate::desk::import::taking::Taking;
use crate::desk::import::xlsx::Workbook;
use crate::desk::import::{eml, foreign, icews, lines, table, tei};
use crate::desk::known::Known;
use crate::domain::fact::Kind;

/// What a file is, and the kind of rows that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) form: Form,
    default_kind: Option<Kind>,
}

/// Why a row is left out that says how a log was begun.
const OPENING: &str = "the opening of the log that it was exported from";

/// Returns what is said by a name: `csv`.
pub(super) fn form(name: &str) -> Result<Form, String> {
    serde_json::from_value(name.trim().to_lowercase().into()).map_err(|_| {
        format!(
            "`{name}` is no format that is read; there are chronology, csv, xlsx, tei, icews, plover and eml"
        )
    })
}

/// Returns what the name of a file tells.
pub(super) fn of_name(name: &str) -> Option<Form> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_lowercase().as_str() {
        "csv" | "tsv" | "tab" => Some(Form::Csv),
        "xlsx" | "xlsm" => Some(Form::Xlsx),
        "xml" | "tei" => Some(Form::Tei),
        "eml" | "mbox" => Some(Form::Eml),
        "jsonl" | "ndjson" | "json" => Some(Form::Chronology),
        _ => None,
    }
}

/// Tells whether the name of a file says what it is.
pub(crate) fn names_format(file: &str) -> bool {
    of_name(file).is_some()
}

/// Tells whether a file is a workbook, by the format that somebody named, else by its name: any of its parts may be
/// needed to read the first row.
pub(crate) fn is_workbook(named: Option<&str>, file: &str) -> bool {
    let form = match named {
        Some(named) => form(named).ok(),
        None => of_name(file),
    };
    form == Some(Form::Xlsx)
}

/// Returns what a format is, in words.
const fn called(form: Form) -> &'static str {
    match form {
        Form::Chronology => "entries as JSON Lines",
        Form::Csv => "a table of text (CSV)",
        Form::Xlsx => "a workbook (XLSX)",
        Form::Tei => "a volume of FRUS (TEI)",
        Form::Icews => "ICEWS events",
        Form::Plover => "PLOVER events",
        Form::Eml => "e-mail",
    }
}

/// Tells whether a file may be of a format that is named so.
fn may_be(named: Form, form: Form) -> bool {
    named == form
        || matches!((named, form), (Form::Csv, Form::Icews | Form::Plover) | (Form::Chronology, Form::Plover))
}

/// Says of a table without a mapping what it needs, or that it says nothing.
fn unmapped(start: &[u8]) -> DeskError {
    if start.trim_ascii().is_empty() {
        return Fault::new("the file is empty").into();
    }
    let coded = icews::of_header(start).map(|name| {
        format!("; its header is that of coded events, which `--as {name}` reads without a mapping")
    });
    let detail = "a table needs a mapping file that says what its columns are; `demarche import draft FILE` drafts one";
    Fault::in_field("mapping", format!("{detail}{}", coded.unwrap_or_default())).into()
}

impl Format {
    /// Returns the format of what is to be imported, of a file that begins with `start`.
    pub(super) fn of(ask: &ImportAsk, checked: Option<&Checked>, start: &[u8]) -> Result<Self, DeskError> {
        let wrong = |field: &str, detail: String| DeskError::from(Fault::in_field(field, detail));
        let asked = ask.format.as_deref().map(form).transpose().map_err(|detail| wrong("format", detail))?;
        let mapped = checked.and_then(|checked| checked.mapping.format);
        if let (Some(asked), Some(mapped)) = (asked, mapped)
            && asked != mapped
        {
            let name = |form: Form| Self { form, default_kind: None }.name();
            return Err(wrong(
                "format",
                format!("is `{}`, and the mapping says `{}`", name(asked), name(mapped)),
            ));
        }
        let by_name = of_name(&ask.file);
        if let (None, Some(mapped), Some(named)) = (asked, mapped, by_name)
            && !may_be(named, mapped)
        {
            let detail = format!(
                "the mapping is for {} (`format`), and `{}` is {}; give the mapping that is for such a file, or say with `--as` \
                 what the file is",
                called(mapped),
                ask.file,
                called(named)
            );
            return Err(wrong("mapping", detail));
        }
        let tabular = checked.map(|_| Form::Csv);
        let form = asked.or(mapped).or(by_name).or(tabular).unwrap_or(Form::Chronology);
        let default_kind = ask.default_kind.as_deref().map(str::parse::<Kind>).transpose();
        let default_kind = default_kind.map_err(|error| wrong("default_kind", error.to_string()))?;
        if matches!(form, Form::Csv | Form::Xlsx) && checked.is_none() {
            return Err(unmapped(start));
        }
        if form == Form::Chronology && (checked.is_some() || default_kind.is_some()) {
            let detail =
                "entries say by themselves what they are; a mapping and a default kind are for other formats";
            return Err(wrong("format", detail.to_owned()));
        }
        if checked.is_some_and(Checked::names_columns) && !matches!(form, Form::Csv | Form::Xlsx) {
            let detail = format!(
                "the mapping is for a table: it says what its columns are; the file is {}, which has none",
                called(form)
            );
            return Err(wrong("mapping", detail));
        }
        let unfit = checked.map(|checked| checked.fitting(form)).unwrap_or_default();
        if unfit.is_empty() { Ok(Self { form, default_kind }) } else { Err(DeskError::Wrong(unfit)) }
    }

    /// Returns the format by name.
    pub(super) const fn name(self) -> &'static str {
        match self.form {
            Form::Chronology => "chronology",
            Form::Csv => "csv",
            Form::Xlsx => "xlsx",
            Form::Tei => "tei",
            Form::Icews => "icews",
            Form::Plover => "plover",
            Form::Eml => "eml",
        }
    }

    /// Returns what to say of a file without a row.
    pub(super) const fn nothing(self) -> &'static str {
        match self.form {
            Form::Chronology => "the file holds no entry; it has one JSON object per line",
            Form::Csv | Form::Xlsx | Form::Tei | Form::Icews | Form::Plover | Form::Eml => {
                "the file holds nothing that becomes an entry"
            }
        }
    }

    /// Drafts an entry of everything that the file holds.
    pub(super) fn draft(
        self,
        mut file: Watched<'_>,
        known: &Known,
        checked: Option<&Checked>,
        taking: &mut Taking,
    ) -> Result<(), DeskError> {
        foreign::refuse(&mut file, self.form)?;
        let given = || Given::new(known, checked, self.default_kind);
        match self.form {
            Form::Chronology => entries(&mut file, taking),
            Form::Csv => {
                let Some(checked) = checked else { return Ok(()) };
                let mapping = &checked.mapping;
                let dialect = Dialect {
                    encoding: mapping.encoding.clone(),
                    delimiter: mapping.delimiter.clone(),
                    quote: mapping.quote.clone(),
                };
                taking.frame.dialect = dialect.clone();
                let mut table = CsvTable::new(file, &dialect)?;
                table::draft(&mut table, checked, self.default_kind, taking)?;
                table.misnamed().into_iter().for_each(|fault| taking.doubt(fault));
                Ok(())
            }
            Form::Xlsx => {
                let Some(checked) = checked else { return Ok(()) };
                let mut workbook = Workbook::open(file)?;
                let sheet = workbook.sheet(checked.mapping.sheet.as_deref())?;
                workbook.tell(&sheet, !checked.mapping.fill_down.is_empty(), taking);
                taking.called = Some(format!("xlsx, sheet {sheet}"));
                taking.frame.sheet = Some(sheet.clone());
                taking.within = Some(sheet.replace(':', "-"));
                table::draft(&mut workbook.rows(&sheet)?, checked, self.default_kind, taking)
            }
            Form::Tei => tei::draft(file, given(), taking),
            Form::Icews => icews::draft(Coded::Icews, file, given(), taking),
            Form::Plover => icews::draft(Coded::Plover, file, given(), taking),
            Form::Eml => eml::draft(file, given(), taking),
        }
    }
}

fn entries(file: &mut dyn Read, taking: &mut Taking) -> Result<(), DeskError> {
    let mut failed = Ok(());
    lines::each(file, |drafted| {
        let kind = drafted.entry.as_ref().and_then(|entry| entry.get("kind")?.as_str());
        if kind.map(str::trim) == Some(Kind::LogOpened.as_str()) {
            taking.skip(drafted.line, OPENING);
        } else if failed.is_ok() {
            failed = taking.take(drafted);
        }
        Ok(())
    })
    .map_err(unread)?;
    failed
}
