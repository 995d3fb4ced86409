//! `brief`: one page about an offer, with footnotes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::output::{Show, Text};
use crate::cli::session::{Session, query};
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::brief::{Brief as Shown, Sentence};
use crate::http::client::{Method, Request, path};

/// About which offer, and how it is written.
#[derive(Debug, Args)]
pub(super) struct Brief {
    /// The overture, or any entry of its thread
    #[arg(value_parser = crate::cli::show::handle)]
    handle: String,
    /// Write a page of this kind; without it the words come to the terminal, and `--format json` gives the data
    #[arg(long = "as", value_name = "KIND", value_enum)]
    into: Option<Kind>,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE", requires = "into")]
    out: Option<PathBuf>,
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Markdown with footnotes
    Markdown,
    /// One HTML file for paper
    Html,
}

impl Brief {
    /// Writes the page, or shows its words.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = path(&["v1", "entries", &self.handle, "brief"]);
        let Some(kind) = self.into else {
            let answer: Answer<Shown> = session.get(&path, &())?;
            return session.show(&answer);
        };
        if let Some(file) = &self.out {
            fresh::check(session, file)?;
        }
        let mut parameters = query(&session.when());
        let format = match kind {
            Kind::Markdown => "markdown",
            Kind::Html => "html",
        };
        parameters.push(("as".to_owned(), format.to_owned()));
        let request = Request { path, query: parameters, ..session.request(Method::Get) };
        let page = session.send(&request, Given::Flags)?;
        match &self.out {
            None => session.out.write_all(&page).map_err(Failure::Output),
            Some(file) => {
                fresh::write(session, file, &page)?;
                session.say(&format!("written to {}", file.display()))
            }
        }
    }
}

impl Show for Shown {
    fn text(&self, text: &mut Text) {
        if !self.markings.is_empty() {
            text.line(self.markings.join(" · "));
        }
        text.heading(&self.title);
        text.hanging(2, &self.subtitle);
        for (heading, sentences) in [
            ("Where it stands", &self.standing),
            ("What came before", &self.before),
            ("Since then", &self.since),
            ("What is not recorded", &self.open),
        ] {
            if !sentences.is_empty() {
                text.heading(heading);
            }
            for sentence in sentences {
                text.hanging(2, &told(sentence));
            }
        }
        if self.since.is_empty() {
            text.heading("Nothing since is recorded");
        }
        if self.left_out > 0 {
            let more = words::count(self.left_out, "entry is", "entries are");
            text.hanging(2, &format!("{more} left out; `thread` shows all"));
        }
        text.heading("Notes");
        for note in &self.footnotes {
            let sources = match note.sources.as_slice() {
                [] => "no source is recorded".to_owned(),
                sources => sources.join("; "),
            };
            text.hanging(2, &format!("[{}] {}: {sources}", note.number, words::entry(&note.entry)));
        }
        if let Some(derived) = &self.derived {
            text.hanging(2, &format!("[{}] {}", derived.number, derived.words));
        }
    }

    fn columns() -> &'static [&'static str] {
        &["part", "date", "text", "notes"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let of = |part: &'static str, sentences: &[Sentence]| {
            sentences.iter().map(move |sentence| cells(part, sentence)).collect::<Vec<_>>()
        };
        let (standing, before) = (of("standing", &self.standing), of("before", &self.before));
        [standing, before, of("since", &self.since), of("open", &self.open)].concat()
    }
}

fn cells(part: &str, sentence: &Sentence) -> Vec<String> {
    vec![
        part.to_owned(),
        words::value(sentence.date.as_ref()),
        sentence.text.clone(),
        words::joined(sentence.notes.iter().map(ToString::to_string)),
    ]
}

/// Returns a sentence with its date and the numbers of its notes.
fn told(sentence: &Sentence) -> String {
    let date = sentence.date.as_ref().map_or_else(String::new, |date| format!("{}: ", date.words));
    let notes: Vec<String> = sentence.notes.iter().map(|note| format!(" [{note}]")).collect();
    format!("{date}{}{}", sentence.text, notes.concat())
}
