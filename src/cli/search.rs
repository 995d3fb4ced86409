//! `search`: what summaries, texts and notes say.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::filter::Filter;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::timeline;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::search::{FoundRow, Snippet};
use crate::desk::ask::SearchAsk;

/// What is looked for, and among which entries.
#[derive(Debug, Args)]
pub(super) struct Search {
    /// Words that must all be there (spaces between Hangul count for nothing), "a phrase", a OR b, -without,
    /// (parentheses), the beginning of a word: negotiat*
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    words: String,
    /// What stands behind the words, only to tell that they belong into quotes
    #[arg(hide = true, value_name = "MORE")]
    more: Vec<String>,
    /// What says it best first (`relevance`, the default), or in the order of the world (`occurred`) or of the
    /// record (`recorded`)
    #[arg(long, value_name = "ORDER")]
    by: Option<String>,
    /// Newest first, by either time
    #[arg(long)]
    reverse: bool,
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
}

impl Search {
    /// Shows what was found, page by page.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        if !self.more.is_empty() {
            let words = [std::slice::from_ref(&self.words), &self.more].concat().join(" ");
            return Err(Failure::Usage {
                what: format!(
                    "what is looked for is one argument, and `{}` stands behind it",
                    self.more.join(" ")
                ),
                hint: format!("put the words into quotes: `demarche search '{words}'`"),
            });
        }
        let mut filter = self.filter.ask();
        filter.text = Some(match filter.text {
            Some(also) => format!("({}) ({also})", self.words),
            None => self.words.clone(),
        });
        let ask = SearchAsk { filter, by: self.by.clone(), reverse: self.reverse, limit: None, after: None };
        session.pages::<FoundRow>("/v1/search", self.limit, |limit, after| {
            json!(SearchAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

impl Item for FoundRow {
    const COLUMNS: &'static [&'static str] = &[
        "position",
        "recorded_at",
        "recorder",
        "handle",
        "id",
        "kind",
        "date",
        "date_words",
        "from",
        "to",
        "about",
        "via",
        "summary",
        "confidence",
        "marking",
        "struck",
        "amended",
        "redacted",
        "says",
        "score",
        "found_in",
        "found",
    ];
    const NOTHING: &'static str = "nothing was found";

    fn cells(&self) -> Vec<String> {
        let mut cells = self.row.cells();
        let pieces: Vec<&str> = self.snippets.iter().map(|snippet| snippet.text.as_str()).collect();
        let places: Vec<String> = self.snippets.iter().map(place).collect();
        cells.extend([self.score.to_string(), places.join("; "), pieces.join(" … ")]);
        cells
    }

    fn list(items: &[&Self], text: &mut Text) {
        for (number, found) in items.iter().enumerate() {
            if number > 0 {
                text.gap();
            }
            text.line(headline(&found.row));
            for snippet in &found.snippets {
                let (line, marks) = line(snippet);
                text.marked(2, &line, &marks);
            }
        }
    }
}

/// Returns an entry in a line: when, which, what sort, who.
fn headline(row: &EntryRow) -> String {
    let kind = row.entry.kind.map_or_else(|| "redacted".to_owned(), |kind| kind.to_string());
    let date = timeline::date(row);
    let parts = [date, row.entry.handle.clone(), kind, timeline::who(row)];
    let mut line = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    for (holds, word) in
        [(row.struck, "[struck]"), (row.amended > 0, "[amended]"), (row.redacted, "[text removed]")]
    {
        if holds {
            line = format!("{line}  {word}");
        }
    }
    line
}

/// Returns which text a piece is of: `text, ko-KR`, `text, en, translation`.
fn place(snippet: &Snippet) -> String {
    let mut place = snippet.place.clone();
    for more in snippet.language.iter().chain(&snippet.marking) {
        place = format!("{place}, {more}");
    }
    if snippet.translation { format!("{place}, translation") } else { place }
}

/// Returns a piece with its place before it, and where what was found stands in that line.
fn line(snippet: &Snippet) -> (String, Vec<(usize, usize)>) {
    let before = if snippet.begins > 0 { "…" } else { "" };
    let after = if snippet.follows > 0 { "…" } else { "" };
    let begin = format!("{}: {before}", place(snippet));
    let shift = begin.chars().count();
    let marks = snippet.marks.iter().map(|(from, to)| (*from as usize + shift, *to as usize + shift));
    (format!("{begin}{}{after}", snippet.text), marks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Screen;
    use crate::cli::testing::{entry_row, page, run, shown};

    fn found() -> FoundRow {
        FoundRow {
            row: entry_row("ik-147", "overture.proposed", "2025-11-17"),
            score: 1_234,
            snippets: vec![Snippet {
                place: "text".to_owned(),
                language: Some("ko-KR".to_owned()),
                translation: false,
                marking: None,
                text: "남측은 군사 회담을 제의".to_owned(),
                begins: 12,
                follows: 0,
                marks: vec![(4, 9), (11, 13)],
            }],
        }
    }

    #[test]
    fn what_was_found_is_shown_under_its_entry_with_the_language_of_the_version() {
        let text = shown(&page(vec![found()]));
        assert!(
            text.starts_with("17 November 2025  ik-147  overture.proposed  KOR/mnd → PRK (media)\n"),
            "{text}"
        );
        assert!(text.contains("\n  text, ko-KR: …남측은 군사 회담을 제의\n"), "{text}");
        assert!(shown(&page(Vec::<FoundRow>::new())).starts_with("nothing was found\n"));
    }

    #[test]
    fn a_terminal_shows_in_bold_what_was_found_also_where_the_line_is_wrapped() {
        let mut text = Text::new(Screen { width: Some(32), styled: true, ..Screen::default() }, "UTC");
        FoundRow::list(&[&found()], &mut text);
        let lines = text.finish();
        assert!(lines.contains("\x1b[1;4m군사"), "{lines:?}");
        assert_eq!(lines.matches("\x1b[1;4m").count(), lines.matches("\x1b[0m").count(), "{lines:?}");
        assert!(!lines.contains('\u{2061}') && !lines.contains('\u{2062}'));
    }

    #[test]
    fn words_without_quotes_are_told_to_want_them() {
        let ran = run(&["search", "talks", "Panmunjom"], 200, &());
        assert_eq!((ran.code, ran.asked.len()), (2, 0));
        assert!(ran.err.contains("demarche search 'talks Panmunjom'"), "{}", ran.err);
    }

    #[test]
    fn the_words_are_asked_for_with_the_flags_of_the_filter() {
        let nothing = crate::cli::testing::answer_of(page(Vec::<FoundRow>::new()));
        let ran = run(
            &["search", "-x 회담", "--text", "제의", "--party", "PRK", "--by", "occurred"],
            200,
            &nothing,
        );
        let query = &ran.asked[0].query;
        for pair in [("text", "(-x 회담) (제의)"), ("party", "PRK"), ("by", "occurred")] {
            assert!(query.iter().any(|(name, value)| (name.as_str(), value.as_str()) == pair), "{query:?}");
        }
    }
}
