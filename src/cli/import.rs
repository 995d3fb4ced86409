//! `import`: a file of whatever staff have, all of it or nothing.

mod draft;
mod interrupted;
mod name;
mod rejects;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::cli::command::examples;
use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::import::name::named;
use crate::cli::output::{Show, Text};
use crate::cli::progress;
use crate::cli::receipt;
use crate::cli::record::is_standard;
use crate::cli::session::{Session, query};
use crate::cli::words;
use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Imported, MappingRow, SkippedRow};
use crate::desk::ask::ImportAsk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::source::{Progress, Source, scratch};
use crate::http::client::{Method, Request, Upload};

/// How many faults of a sort are listed: those of rows that were left out stand in a file of their own.
const FAULTS_SHOWN: usize = 1_001;

/// Which file.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Import {
    #[command(subcommand)]
    what: Option<What>,
    /// The file: entries as JSON Lines, an export, a table (CSV, XLSX), FRUS TEI, ICEWS or PLOVER events, e-mail;
    /// `-` for standard input
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// The mapping file that says what the columns of a table are
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// What the file is, where its name does not tell: chronology, csv, xlsx, tei, icews, plover or eml
    #[arg(long = "as", value_name = "FORMAT")]
    form: Option<String>,
    /// The kind of rows to which nothing else gives one
    #[arg(long, value_name = "KIND")]
    default_kind: Option<String>,
    /// Leave out rows that are wrong, record the others, write those left out into a file, and exit with 5
    #[arg(long = "continue")]
    leaves_out: bool,
    /// Where rows that are left out are written, in the format of the file; `NAME.rejects.EXT` without it
    #[arg(long, value_name = "FILE", requires = "leaves_out")]
    rejects: Option<PathBuf>,
    /// The name by which the rows are known again, with their ids: that of the file without it, and that of the file
    /// they were left out of where its name is `NAME.rejects.EXT`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Say what would be recorded, what is doubtful and what is wrong, and record nothing
    #[arg(long)]
    dry_run: bool,
    /// Wait until a checkpoint covers what was recorded, and write the proofs into this directory
    #[arg(long, value_name = "DIR")]
    receipt: Option<PathBuf>,
}

/// What is done instead of importing.
#[derive(Debug, Subcommand)]
enum What {
    /// Draft a mapping file for a table, from its header and its first rows
    #[command(after_help = examples!(
        "demarche import draft calls.csv",
        "demarche import draft calls.csv --out drafted.json"
    ))]
    Draft(draft::Draft),
}

impl Import {
    /// Imports the file.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        if let Some(What::Draft(draft)) = &self.what {
            return draft.run(session);
        }
        let path = self.file.as_deref().unwrap_or(Path::new("-"));
        let mut file = opened(session, path)?;
        let name = named(self.name.as_deref(), path);
        if let Some(into) = &self.receipt {
            fresh::apart(session, into)?;
        }
        let rejects = (self.leaves_out && !self.dry_run)
            .then(|| rejects::Place::of(self.rejects.as_deref(), &name))
            .transpose()?;
        let dir = session.globals.dir();
        if session.globals.server.is_some() {
            // The log that takes it in is there already.
        } else if !self.dry_run {
            Desk::make_room(&dir, file.as_mut(), &session.globals.place).map_err(of_data)?;
        } else if let Some(would) =
            Desk::preview(&dir, file.as_mut(), &session.globals.place).map_err(of_data)?
        {
            return session.show_bare(&would);
        }
        let ask = ImportAsk {
            file: name,
            format: self.form.clone(),
            mapping: self.mapping.as_deref().map(|mapping| take_mapping(session, mapping)).transpose()?,
            default_kind: self.default_kind.clone(),
            leaves_out: self.leaves_out,
            dry_run: self.dry_run,
            wait: session.globals.waits(self.receipt.as_ref()),
        };
        let answer = import_file(session, &ask, file)?;
        session.show(&answer)?;
        // The same again is the same to a script: what was recorded before counts, unless the file was refused whole.
        let in_log = answer.data.recorded + answer.data.already;
        let is_recorded = !self.dry_run && answer.data.wrong.is_empty() && in_log > 0;
        let done = self.after(session, answer.data, rejects);
        done.map_err(|failure| if is_recorded { Failure::InPart(Box::new(failure)) } else { failure })
    }

    /// Does what is to be done once the file was imported: writes the receipt, and what was left out.
    fn after(
        &self,
        session: &mut Session,
        imported: Imported,
        rejects: Option<rejects::Place>,
    ) -> Result<(), Failure> {
        if let Some(into) = &self.receipt {
            receipt::write_all(session, into, &imported.proofs)?;
        }
        if let (Some(left_out), Some(place)) = (&imported.rejects, rejects) {
            place.write(session, left_out)?;
        }
        let left_out = imported.rejects.map(|rejects| rejects.reasons).unwrap_or_default();
        let wrong = [imported.wrong, left_out].concat();
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Data(wrong)) }
    }
}

/// Opens a file; what comes over standard input is spooled to disk, since it is looked at more than once.
pub(super) fn opened(session: &mut Session, path: &Path) -> Result<Box<dyn Source>, Failure> {
    let failed = |error| Failure::File { path: path.to_owned(), doing: "read", error };
    if is_standard(path) {
        let mut spooled = scratch().map_err(failed)?;
        std::io::copy(session.input, &mut spooled).map_err(failed)?;
        return Ok(Box::new(spooled));
    }
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    Ok(Box::new(file))
}

/// Sends the mapping file, and returns its digest.
fn take_mapping(session: &mut Session, path: &Path) -> Result<String, Failure> {
    let body = session.read(path)?;
    let answer: Answer<MappingRow> = session.post("/v1/import/mappings", &(), body, Given::Data)?;
    Ok(answer.data.digest)
}

/// What is wrong here is wrong in the file.
fn of_data(error: DeskError) -> Failure {
    if let DeskError::Wrong(faults) = error { Failure::Data(faults) } else { error.into() }
}

/// Imports a file, and shows on a terminal how far it is.
fn import_file(
    session: &mut Session,
    ask: &ImportAsk,
    file: Box<dyn Source>,
) -> Result<Answer<Imported>, Failure> {
    let progress = Arc::new(Progress::default());
    let failed = |error| Failure::File { path: PathBuf::from(&ask.file), doing: "read", error };
    let upload = Upload::new(file, Arc::clone(&progress)).map_err(failed)?;
    let request = Request {
        path: "/v1/import".to_owned(),
        query: query(ask),
        upload: Some(upload),
        ..session.request(Method::Post)
    };
    let elsewhere = session.records_elsewhere()?;
    let imported = interrupted::told(&progress, elsewhere, || {
        progress::shown(&progress, || session.send_for(&request, Given::Data))
    });
    told(session, imported.map_err(|failure: Failure| failure.or_else(IN_DOUBT)))
}

/// Imports a file that is already read.
///
/// Where lines are wrong nothing is recorded; what the rest would have been is shown all the same.
pub(super) fn import(
    session: &mut Session,
    ask: &ImportAsk,
    bytes: Vec<u8>,
) -> Result<Answer<Imported>, Failure> {
    let imported = session.post("/v1/import", ask, bytes, Given::Data);
    told(session, imported.map_err(|failure: Failure| failure.or_else(IN_DOUBT)))
}

/// What is done where nobody knows how much was recorded: rows are known again.
const IN_DOUBT: &str = "give the same command again: it records the rest, and nothing twice";

fn told(
    session: &mut Session,
    imported: Result<Answer<Imported>, Failure>,
) -> Result<Answer<Imported>, Failure> {
    if let Err(Failure::Answered { problem, .. }) = &imported
        && let Some(data) = problem.imported.as_deref()
    {
        session.show_bare(data)?;
    }
    imported
}

impl Show for Imported {
    fn text(&self, text: &mut Text) {
        let would = if self.dry_run { "would be recorded" } else { "recorded" };
        text.line(format!(
            "{} of the format {}: {} {would}, {} already in the log",
            words::count(self.rows, "row", "rows"),
            self.format,
            words::number_of(self.recorded),
            words::number_of(self.already),
        ));
        if !self.registered.is_empty() {
            text.heading(&format!("Named for the first time ({})", self.registered.len()));
            self.registered.iter().for_each(|registered| text.hanging(2, registered));
            text.hanging(2, "check the spelling: a name that is misspelt is entered as one of its own");
        }
        // What is new is listed once, above.
        let known = |fault: &&Fault| self.registered.is_empty() || !fault.detail.starts_with("new: ");
        let doubtful: Vec<Fault> = self.doubtful.iter().filter(known).cloned().collect();
        if !self.skipped.is_empty() {
            let rows = self.skipped.iter().map(|skipped| skipped.rows).sum();
            text.heading(&format!("Left out by a rule ({})", words::number_of(rows)));
            for skipped in &self.skipped {
                text.hanging(
                    2,
                    &format!("{}: {}", words::count(skipped.rows, "row", "rows"), skipped.because),
                );
                text.hanging(4, &format!("line {}", skipped_lines(skipped)));
            }
        }
        faults("Doubtful", &doubtful, text);
        // What is wrong is named where errors are, once.
        let left_out = self.rejects.as_ref().map_or(0, |rejects| rejects.reasons.len());
        for (wrong, what) in [(self.wrong.len(), "Wrong"), (left_out, "Wrong, and left out")] {
            if wrong > 0 {
                text.heading(&format!(
                    "{what} ({}): named on the error stream",
                    words::number_of(wrong as u64)
                ));
            }
        }
        text.gap();
        text.line(format!("the log has {}, root {}", words::count(self.size, "event", "events"), self.root));
    }

    fn columns() -> &'static [&'static str] {
        &["what", "line", "field", "detail"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let count =
            |what: &str, number: u64| vec![what.to_owned(), String::new(), String::new(), number.to_string()];
        let mut rows = vec![
            count("rows", self.rows),
            count("recorded", self.recorded),
            count("already", self.already),
            count("size", self.size),
        ];
        let text =
            |what: &str, text: &str| vec![what.to_owned(), String::new(), String::new(), text.to_owned()];
        rows.push(text("root", &self.root));
        rows.extend(self.skipped.iter().map(|skipped| {
            let lines = skipped_lines(skipped);
            vec![
                "skipped".to_owned(),
                lines,
                String::new(),
                format!("{} ({})", skipped.because, skipped.rows),
            ]
        }));
        rows.extend(self.registered.iter().map(|registered| text("registered", registered)));
        let fault = |what: &'static str| {
            move |fault: &Fault| {
                let line = fault.line.map(|line| line.to_string()).unwrap_or_default();
                vec![what.to_owned(), line, fault.field.clone().unwrap_or_default(), fault.detail.clone()]
            }
        };
        rows.extend(self.doubtful.iter().map(fault("doubtful")));
        rows.extend(
            self.alike.iter().map(|alike| {
                vec!["alike".to_owned(), alike.line.to_string(), String::new(), alike.of.clone()]
            }),
        );
        rows.extend(self.wrong.iter().map(fault("wrong")));
        rows.extend(self.rejects.iter().flat_map(|rejects| &rejects.reasons).map(fault("left out")));
        rows
    }
}

fn skipped_lines(skipped: &SkippedRow) -> String {
    let lines: Vec<String> = skipped.lines.iter().map(ToString::to_string).collect();
    let more = if skipped.rows > skipped.lines.len() as u64 { ", …" } else { "" };
    lines.join(", ") + more
}

fn faults(heading: &str, faults: &[Fault], text: &mut Text) {
    if !faults.is_empty() {
        text.heading(&format!("{heading} ({})", faults.len()));
        for fault in faults.iter().take(FAULTS_SHOWN) {
            text.hanging(2, &fault.to_string());
        }
        if let Some(more) = faults.len().checked_sub(FAULTS_SHOWN).filter(|more| *more > 0) {
            text.hanging(2, &format!("and {} more", words::number_of(more as u64)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, exit, run, shown};
    use crate::desk::answer::operation::Rejects;
    use serde_json::json;

    fn imported(wrong: Vec<Fault>) -> Imported {
        Imported {
            dry_run: false,
            format: "chronology".to_owned(),
            rows: 150,
            recorded: 148,
            already: 2,
            registered: vec!["channel mil-west".to_owned(), "party KOR/mnd".to_owned()],
            doubtful: vec![Fault {
                line: Some(75),
                field: Some("in_reply_to".to_owned()),
                detail: "answers nothing".to_owned(),
            }],
            wrong,
            size: 162,
            root: "ab".repeat(32),
            ..Imported::default()
        }
    }

    #[test]
    fn an_import_lists_what_is_new_and_what_is_doubtful() {
        insta::assert_snapshot!(shown(&imported(Vec::new())));
    }

    #[test]
    fn what_is_new_is_listed_once_with_the_request_to_check_it() {
        let mut imported = imported(Vec::new());
        imported.doubtful.push(Fault::new("new: channel mil-west (line)"));
        let text = shown(&imported);
        assert_eq!(text.matches("mil-west").count(), 1, "{text}");
        assert!(text.contains("check the spelling"), "{text}");
    }

    #[test]
    fn a_wrong_line_is_the_datas_fault_and_is_named() {
        let wrong = Fault {
            line: Some(3),
            field: Some("date".to_owned()),
            detail: "`2025-02-30` does not exist".to_owned(),
        };
        let problem = json!({
            "type": "urn:demarche:wrong", "title": "Wrong", "status": 422, "detail": "line 3",
            "faults": [wrong], "imported": imported(vec![wrong.clone()]),
        });
        let ran = run(&["import", "-"], 422, &problem);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("error: line 3: date: `2025-02-30` does not exist"), "{}", ran.err);
        assert!(ran.out.contains("Wrong (1)") && !ran.out.contains("line 3"), "{}", ran.out);
        assert_eq!(exit(&["import", "-"], 200, &answer_of(imported(Vec::new()))), 0);
    }

    #[test]
    fn a_script_tells_what_was_recorded_in_part_from_what_was_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (name, recorded, code) in [("some.jsonl", 148, 5), ("none.jsonl", 0, 1)] {
            let rejects = Rejects {
                rows: 1,
                file: "e30K".to_owned(),
                reasons: vec![Fault { line: Some(3), field: None, detail: "is no entry".to_owned() }],
            };
            let left_out = Imported { recorded, already: 0, rejects: Some(rejects), ..imported(Vec::new()) };
            let path = dir.path().join(name);
            let args = ["import", "-", "--continue", "--rejects", path.to_str().unwrap()];
            let ran = run(&args, 200, &answer_of(left_out));
            assert_eq!(ran.code, code, "{name}: {}", ran.err);
            assert!(ran.err.contains("error: line 3: is no entry") && path.exists(), "{}", ran.err);
        }
        // A file that is refused whole is refused, whatever of it is in the log.
        let wrong = Fault { line: Some(149), field: None, detail: "is no entry".to_owned() };
        let refused = Imported { recorded: 0, already: 148, ..imported(vec![wrong]) };
        assert_eq!(exit(&["import", "-"], 200, &answer_of(refused)), 1);
    }
}
