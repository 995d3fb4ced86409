//! `import`: a file of entries, all of it or nothing.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::output::{Show, Text};
use crate::cli::receipt;
use crate::cli::record::is_standard;
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::Imported;
use crate::desk::ask::ImportAsk;
use crate::desk::error::{DeskError, Fault};

/// Which file.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// JSON Lines in the format of the chronology or of an export; `-` for standard input
    file: PathBuf,
    /// The name of what comes from standard input: rows are known again by it and by their ids
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    name: String,
    /// Say what would be recorded, what is doubtful and what is wrong, and record nothing
    #[arg(long)]
    dry_run: bool,
    /// Wait until a checkpoint covers what was recorded, and write the proofs into this directory
    #[arg(long, value_name = "DIR")]
    receipt: Option<PathBuf>,
}

impl Import {
    /// Imports the file.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let bytes = session.read(&self.file)?;
        let file = if is_standard(&self.file) {
            self.name.clone()
        } else {
            self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy().into_owned()
        };
        if let Some(into) = &self.receipt {
            fresh::apart(session, into)?;
        }
        let wait = session.globals.waits(self.receipt.as_ref());
        let ask = ImportAsk { file, dry_run: self.dry_run, wait };
        let dir = session.globals.dir();
        if !self.dry_run {
            Desk::make_room(&dir, &bytes, &session.globals.place).map_err(of_data)?;
        } else if let Some(would) = Desk::preview(&dir, &bytes, &session.globals.place).map_err(of_data)? {
            return session.show_bare(&would);
        }
        let answer = import(session, &ask, bytes)?;
        session.show(&answer)?;
        if let Some(into) = &self.receipt {
            receipt::write_all(session, into, &answer.data.proofs)?;
        }
        if answer.data.wrong.is_empty() { Ok(()) } else { Err(Failure::Data(answer.data.wrong)) }
    }
}

/// What is wrong here is wrong in the file.
fn of_data(error: DeskError) -> Failure {
    if let DeskError::Wrong(faults) = error { Failure::Data(faults) } else { error.into() }
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
        faults("Doubtful", &doubtful, text);
        faults("Wrong", &self.wrong, text);
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
        rows.extend(self.registered.iter().map(|registered| text("registered", registered)));
        let fault = |what: &'static str| {
            move |fault: &Fault| {
                let line = fault.line.map(|line| line.to_string()).unwrap_or_default();
                vec![what.to_owned(), line, fault.field.clone().unwrap_or_default(), fault.detail.clone()]
            }
        };
        rows.extend(self.doubtful.iter().map(fault("doubtful")));
        rows.extend(self.wrong.iter().map(fault("wrong")));
        rows
    }
}

fn faults(heading: &str, faults: &[Fault], text: &mut Text) {
    if !faults.is_empty() {
        text.heading(&format!("{heading} ({})", faults.len()));
        for fault in faults {
            text.hanging(2, &fault.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{answer_of, exit, run, shown};
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
            proofs: Vec::new(),
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
        assert_eq!(exit(&["import", "-"], 200, &answer_of(imported(Vec::new()))), 0);
    }
}
