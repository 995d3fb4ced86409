//! `export`: the log as JSON Lines, from which an import makes a copy with the same root; or the entries of a
//! filter in the formats of others.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::command::examples;
use crate::cli::failure::Failure;
use crate::cli::filter::Filter;
use crate::cli::record::is_standard;
use crate::cli::session::{Session, query};
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::facets::Facets;
use crate::desk::ask::{ExportAsk, FacetsAsk, FilterAsk};
use crate::desk::outgoing::is_line;
use crate::domain::fact::Kind;
use crate::http::client::{Method, Request, path};

/// What of the log, in which format, and where to.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write; standard output without it
    file: Option<PathBuf>,
    /// In this format: jsonl, csv, xlsx, ics, atom, cloudevents, prov, cameo, gexf or graphml; without it the log
    /// itself, record by record, with `--from` and `--to` as positions
    #[arg(long = "as", value_name = "FORMAT")]
    into: Option<String>,
    /// Replace the file where it exists
    #[arg(long, requires = "file")]
    force: bool,
    /// In the order of the world (`occurred`, the default) or of the record (`recorded`, that of a feed)
    #[arg(long, value_name = "ORDER", requires = "into")]
    by: Option<String>,
    /// The other way round
    #[arg(long, requires = "into")]
    reverse: bool,
    /// At most so many entries; all without it, and a hundred in a feed
    #[arg(long, value_name = "N", requires = "into", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
}

/// Returns what the long help says, with examples.
pub(super) fn help() -> String {
    format!(
        "{FORMATS}\n\n{}",
        examples!(
            "demarche export desk.jsonl",
            "demarche export --as xlsx --between KOR,PRK --from 2018 talks.xlsx"
        )
    )
}

const FORMATS: &str = "\
Formats:
  jsonl        entries in the entry format, as they read now: `import` records them in another log. An entry
               that answers or corrects one that the filter leaves out is taken where that one is known. With
               `--bookkeeping`, amendments have no lines of their own: they are in what they amend
  csv, xlsx    a table; CSV is UTF-8 with a byte order mark, and no cell is a formula
  ics          the meetings that the entries concern, and the dates by which answers are due; a date that is
               not known to the day is never made one
  atom         a feed, the newest entries first
  cloudevents  a line per entry, each a CloudEvent 1.0; `time` is when it was recorded
  prov         W3C PROV-JSON: who recorded, corrected and said what
  cameo        event data as CSV: who did what to whom, in the codes of CAMEO and PLOVER
  gexf,        who answered whom: how often, how soon, in which way
  graphml

Struck entries are left out unless `--status` asks for them; a text that was removed is never exported. The same
query at the same position gives the same bytes.";

impl Export {
    /// Tells whether the answer depends on `--known-as-of` and `--at`.
    pub(super) fn asks_of_a_moment(&self) -> bool {
        self.into.is_some()
    }

    /// Writes what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let file = self.file.as_deref().filter(|file| !is_standard(file));
        if let Some(file) = file.filter(|file| file.exists() && !self.force) {
            return Err(Failure::Refused {
                what: format!("{} exists already", file.display()),
                hint: "name another file, or give `--force` to replace it".to_owned(),
            });
        }
        if let (Some(file), None) = (file, &self.into) {
            refuse_name_of_a_format(file)?;
        }
        let request = match &self.into {
            Some(format) => self.entries(session, format),
            None => self.records(session)?,
        };
        let unwritten = self.in_no_line(session)?;
        let Some(file) = file else {
            let told = session.copy(&request, None)?;
            unwritten.into_iter().chain(told).for_each(|note| session.note(&note));
            return Ok(());
        };
        let part = beside(file);
        let failed = |error| Failure::File { path: file.to_owned(), doing: "written", error };
        let mut lines = Lines { out: BufWriter::new(File::create(&part).map_err(failed)?), count: 0 };
        let copied = session.copy(&request, Some(&mut lines));
        // Here the output is the file, not the terminal.
        let copied = copied
            .map_err(|failure| if let Failure::Output(error) = failure { failed(error) } else { failure });
        let written = copied.and_then(|told| Ok((lines.finish(&part, file).map_err(failed)?, told)));
        match written {
            Ok((count, _)) if self.into.is_none() => {
                let lines = words::count(count, "line", "lines");
                session.say(&format!("{lines} written to {}", file.display()))
            }
            Ok((_, told)) => {
                session.say(&format!("written to {}", file.display()))?;
                unwritten.into_iter().chain(told).for_each(|note| session.note(&note));
                Ok(())
            }
            Err(failure) => {
                // What failed is told; a part that cannot be removed is only left over.
                let _ = fs::remove_file(&part);
                Err(failure)
            }
        }
    }

    /// Returns the question for the entries of a filter.
    fn entries(&self, session: &Session, format: &str) -> Request {
        let ask = ExportAsk {
            filter: self.filter.ask(),
            by: self.by.clone(),
            reverse: self.reverse,
            limit: self.limit,
            address: None,
        };
        let mut parameters = query(&session.when());
        parameters.extend(query(&ask));
        Request { path: path(&["v1", "exports", format]), query: parameters, ..session.request(Method::Get) }
    }

    /// Returns what to say of the corrections that the filter meets and JSON Lines have no lines for.
    fn in_no_line(&self, session: &mut Session) -> Result<Option<String>, Failure> {
        let filter = self.filter.ask();
        if self.into.as_deref() != Some("jsonl") || !filter.bookkeeping {
            return Ok(None);
        }
        let ask = FacetsAsk { filter, by: Some("kind".to_owned()), density: None };
        let counted: Answer<Facets> = session.get("/v1/facets", &ask)?;
        let values = counted.data.fields.iter().flat_map(|field| &field.values);
        // A retraction is a line behind what it strikes.
        let unwritten = values.filter(|value| {
            value.value.parse::<Kind>().is_ok_and(|kind| !is_line(kind) && kind != Kind::RecordRetracted)
        });
        let unwritten: Vec<String> =
            unwritten.map(|value| format!("{} {}", words::number_of(value.entries), value.value)).collect();
        Ok((!unwritten.is_empty()).then(|| {
            format!(
                "{} have no lines of their own: an entry is written as it reads now, with what corrects it; `--as \
                 cloudevents` has a line for each",
                unwritten.join(", ")
            )
        }))
    }

    /// Returns the question for the log itself.
    fn records(&self, session: &Session) -> Result<Request, Failure> {
        let FilterAsk { from, to, .. } = self.filter.ask();
        if (FilterAsk { from: None, to: None, ..self.filter.ask() }) != FilterAsk::default() {
            return Err(Failure::Usage {
                what: "the log is exported record by record, and a filter is given".to_owned(),
                hint: "name a format for the entries of a filter: `--as csv`".to_owned(),
            });
        }
        let position = |flag: &str, typed: Option<String>| {
            match typed {
            Some(typed) => typed.trim().parse::<u64>().map(Some).map_err(|_| Failure::Usage {
                what: format!("`{flag} {typed}` is no position of the log"),
                hint: "without `--as`, `--from` and `--to` are positions: write a number, or name a format for the \
                       entries of these dates: `--as csv`"
                    .to_owned(),
            }),
            None => Ok(None),
        }
        };
        let (from, to) = (position("--from", from)?, position("--to", to)?);
        Ok(Request {
            path: "/v1/export".to_owned(),
            query: query(&json!({ "from": from, "to": to })),
            ..session.request(Method::Get)
        })
    }
}

/// The formats that `--as` has, beside the log itself.
const INTO: [&str; 10] =
    ["jsonl", "csv", "xlsx", "ics", "atom", "cloudevents", "prov", "cameo", "gexf", "graphml"];

/// Refuses to write the log itself, with all that was struck and every earlier reading, into a file whose name is that of a
/// format: whoever hands out a table means the table.
fn refuse_name_of_a_format(file: &Path) -> Result<(), Failure> {
    let is_format = |name: &str| INTO.iter().copied().find(|format| name.eq_ignore_ascii_case(format));
    let whole = file.to_str().and_then(is_format);
    let ending = file.extension().and_then(|ending| ending.to_str()).and_then(is_format);
    let Some(format) = whole.or(ending.filter(|format| *format != "jsonl")) else { return Ok(()) };
    let name = file.display();
    let asked = format!("demarche export --as {format}");
    let (asked, log) = if whole.is_some() {
        (asked, "demarche export log.jsonl".to_owned())
    } else {
        let log = file.with_extension("jsonl");
        (format!("{asked} {name}"), format!("demarche export {}", log.display()))
    };
    Err(Failure::Usage {
        what: format!(
            "`{name}` names a format, and without `--as` the log itself is written: every record, with what \
             was struck and every earlier reading"
        ),
        hint: format!("for {format} write `{asked}`; for the log itself `{log}`, as JSON Lines"),
    })
}

/// Returns the name under which a file is written until it is whole.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or(file.as_os_str()).to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// A file that counts its lines.
struct Lines {
    out: BufWriter<File>,
    count: u64,
}

impl Lines {
    /// Puts the file in its place once all of it is on disk, and returns how many lines it has.
    fn finish(mut self, part: &Path, file: &Path) -> io::Result<u64> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(part, file)?;
        Ok(self.count)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let taken = bytes.get(..written).unwrap_or(bytes);
        self.count += taken.split(|byte| *byte == b'\n').skip(1).fold(0, |count, _| count + 1);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{run_bytes, usage};

    #[test]
    fn an_export_is_written_whole_and_replaces_nothing_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log.jsonl");
        let path = file.to_str().unwrap();
        assert_eq!(run_bytes(&["export", path], 200, b"{}\n{}\n").code, 0);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}\n{}\n");
        assert_eq!(run_bytes(&["export", path], 200, b"{}\n").code, 1);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}\n{}\n");
        assert_eq!(run_bytes(&["export", path, "--force"], 200, b"{}\n").code, 0);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(run_bytes(&["export"], 200, b"{}\n").out, "{}\n");
    }

    #[test]
    fn the_log_itself_is_not_written_under_the_name_of_a_table_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let named = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        for (name, right) in [
            (named("desk.csv"), ["--as csv", "desk.jsonl"]),
            (named("desk.XLSX"), ["--as xlsx", "desk.jsonl"]),
            (named("desk.ics"), ["--as ics", "desk.jsonl"]),
            ("csv".to_owned(), ["`demarche export --as csv`", "export log.jsonl"]),
            ("jsonl".to_owned(), ["`demarche export --as jsonl`", "export log.jsonl"]),
        ] {
            let refused = run_bytes(&["export", &name], 200, b"{}\n");
            assert_eq!((refused.code, refused.asked.len()), (2, 0), "{name}");
            assert!(right.iter().all(|right| refused.err.contains(right)), "{}", refused.err);
        }
        assert!(
            !std::path::Path::new("csv").exists() && std::fs::read_dir(dir.path()).unwrap().next().is_none()
        );
        assert_eq!(run_bytes(&["export", "--as", "csv", &named("desk.csv")], 200, b"x").code, 0);
        assert_eq!(run_bytes(&["export", &named("desk.json")], 200, b"{}\n").code, 0);
        assert_eq!(run_bytes(&["export", "-"], 200, b"{}\n").code, 0);
    }

    #[test]
    fn what_json_lines_have_no_lines_for_is_told_with_its_number() {
        use crate::cli::testing::{answer_of, run_with};
        use crate::desk::answer::facets::{FacetRow, FacetValue, Facets};
        use crate::http::client::Reply;
        let value =
            |kind: &str, entries| FacetValue { value: kind.to_owned(), name: None, within: None, entries };
        let values = vec![value("record", 4), value("record.amended", 3), value("record.retracted", 1)];
        let fields = vec![FacetRow { field: "kind".to_owned(), values, left_out: 0, not_recorded: None }];
        let counted = serde_json::to_vec(&answer_of(Facets { total: 4, fields, density: None })).unwrap();
        let exported = |args: &[&str]| {
            let counted = counted.clone();
            run_with(args, b"", move |request| {
                let body = if request.path == "/v1/facets" { counted.clone() } else { b"{}\n".to_vec() };
                Ok(Reply { status: 200, body, notice: None })
            })
        };
        let told = exported(&["export", "--as", "jsonl", "--bookkeeping"]);
        assert_eq!((told.code, told.out.as_str()), (0, "{}\n"), "{}", told.err);
        assert!(told.err.contains("3 record.amended have no lines of their own"), "{}", told.err);
        assert!(!told.err.contains("retracted"), "{}", told.err);
        for args in [["export", "--as", "jsonl"].as_slice(), &["export", "--as", "csv", "--bookkeeping"]] {
            let told = exported(args);
            assert!(told.err.is_empty() && told.asked.len() == 1, "{}", told.err);
        }
    }

    #[test]
    fn what_a_format_has_no_room_for_is_told_on_the_error_stream() {
        use crate::cli::testing::run_with;
        use crate::http::client::Reply;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log.xlsx");
        for args in
            [["export", "--as", "xlsx"].as_slice(), &["export", "--as", "xlsx", file.to_str().unwrap()]]
        {
            let told = run_with(args, b"", |_| {
                Ok(Reply { status: 200, body: b"PK".to_vec(), notice: Some("1 text is cut".to_owned()) })
            });
            assert_eq!((told.code, told.err.trim()), (0, "note: 1 text is cut"));
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"PK");
    }

    #[test]
    fn without_a_format_from_and_to_are_positions_and_with_one_they_are_dates() {
        let asked = |args: &[&str]| {
            let ran = run_bytes(args, 200, b"");
            assert_eq!(ran.code, 0, "{}", ran.err);
            let [request] = ran.asked.as_slice() else { panic!("one request: {:?}", ran.asked) };
            let query: Vec<String> =
                request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (request.path.clone(), query.join("&"))
        };
        assert_eq!(
            asked(&["export", "--from", "3", "--to", "5"]),
            ("/v1/export".to_owned(), "from=3&to=5".to_owned())
        );
        assert_eq!(
            asked(&["export", "--as", "csv", "--from", "2018", "--kind", "call", "--at", "2020"]),
            ("/v1/exports/csv".to_owned(), "at=2020&from=2018&kind=call".to_owned())
        );
        assert_eq!(usage(&["export", "--from", "2018-01"]), 2);
        assert_eq!(usage(&["export", "--kind", "call"]), 2);
        assert_eq!(usage(&["export", "--limit", "3"]), 2);
        assert_eq!(usage(&["export", "--at", "2018"]), 2);
    }
}
