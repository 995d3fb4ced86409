//! `import draft`: a first mapping for a table.

use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::failure::{Failure, Given};
use crate::cli::import::name::name_of;
use crate::cli::import::opened;
use crate::cli::session::{Session, query};
use crate::desk::answer::Answer;
use crate::desk::answer::operation::DraftedMapping;
use crate::desk::ask::DraftAsk;
use crate::desk::import::is_workbook;
use crate::desk::import::source::{Progress, Source};
use crate::http::client::{Method, Request, Upload};

/// How much of a table of text is sent: its header and its first rows.
const SENT_BYTES_MAX: u64 = 4 << 20;

/// For which table.
#[derive(Debug, Args)]
pub(super) struct Draft {
    /// The table: CSV or XLSX; `-` for standard input
    file: PathBuf,
    /// Write the mapping into this file, which must not exist yet, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What the file is, where its name does not tell: `csv` or `xlsx`
    #[arg(long = "as", value_name = "FORMAT")]
    form: Option<String>,
    /// The sheet, of a workbook with several
    #[arg(long)]
    sheet: Option<String>,
    /// The encoding, where it is not UTF-8: `euc-kr`, `windows-1252`, `utf-16`
    #[arg(long)]
    encoding: Option<String>,
    /// What stands between cells, where that is no comma: one character or `tab`
    #[arg(long)]
    delimiter: Option<String>,
    /// In which row the names of the columns stand, counted from 1; the first with several cells without it
    #[arg(long, value_name = "ROW")]
    header: Option<u64>,
}

impl Draft {
    /// Drafts the mapping.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let failed = |error| Failure::File { path: self.file.clone(), doing: "read", error };
        let mut file = opened(session, &self.file)?;
        let name = name_of(&self.file);
        if !is_workbook(self.form.as_deref(), &name) {
            let mut start = Vec::new();
            Read::take(file.as_mut(), SENT_BYTES_MAX).read_to_end(&mut start).map_err(failed)?;
            file = Box::new(Cursor::new(start)) as Box<dyn Source>;
        }
        let ask = DraftAsk {
            file: name,
            format: self.form.clone(),
            sheet: self.sheet.clone(),
            encoding: self.encoding.clone(),
            delimiter: self.delimiter.clone(),
            header: self.header,
        };
        let upload = Upload::new(file, Arc::new(Progress::default())).map_err(failed)?;
        let request = Request {
            path: "/v1/import/draft".to_owned(),
            query: query(&ask),
            upload: Some(upload),
            ..session.request(Method::Post)
        };
        let answer: Answer<DraftedMapping> = session.send_for(&request, Given::Data)?;
        session.notices(&answer.notices);
        answer.data.notes.iter().for_each(|note| session.note(note));
        let text = serde_json::to_string_pretty(&answer.data.mapping)
            .map_err(|error| Failure::Garbled(error.to_string()))?;
        let Some(out) = &self.out else { return session.say(&text) };
        let unwritten = |error| Failure::File { path: out.clone(), doing: "written", error };
        let mut file = std::fs::File::create_new(out).map_err(unwritten)?;
        writeln!(file, "{text}").map_err(unwritten)
    }
}
