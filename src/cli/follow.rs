//! `follow`: entries as they are recorded, over broken connections and servers that come and go.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::cli::failure::{Failure, Given};
use crate::cli::filter::Filter;
use crate::cli::output::{self, Format, Screen};
use crate::cli::session::{Session, query};
use crate::cli::table::clean;
use crate::cli::timeline;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, AsOf, Page};
use crate::desk::bookmarks::is_position;
use crate::desk::follow::FollowAsk;
use crate::http::client::{Method, Request};
use crate::http::problem::{Problem, ProblemKind};

/// How long is waited before a feed that ended is asked for again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long at most, after it ended again and again.
const AGAIN_MAX: Duration = Duration::from_secs(30);

/// What is followed.
#[derive(Debug, Args)]
pub(super) struct Follow {
    /// The position that you saw last, or the `id` of an event of a feed; from the beginning without it
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// End when everything that was recorded so far is shown
    #[arg(long)]
    catch_up: bool,
    #[command(flatten)]
    filter: Filter,
}

impl Follow {
    /// Shows what is recorded until it is told to stop.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let mut shown = Shown {
            last: self.after,
            next: Shown::next_after(self.after),
            format: session.globals.format,
            screen: session.screen,
            ..Shown::default()
        };
        let mut wait = AGAIN;
        loop {
            let before = shown.last;
            let ask = FollowAsk { filter: self.filter.ask(), after: shown.last, catch_up: self.catch_up };
            let path = "/v1/events".to_owned();
            let request = Request { path, query: query(&ask), ..session.request(Method::Get) };
            let ended = session.stream(&request, &mut |out, bytes| shown.take(out, bytes));
            if let Some(wrong) = shown.wrong.take() {
                return Err(Failure::Garbled(wrong));
            }
            let failed = shown.end.as_mut().and_then(|end| end.problem.take());
            let ended = ended.and_then(|()| failed.map_or(Ok(()), |problem| Err(has_ended(problem))));
            let why = match ended {
                Ok(()) if shown.is_over(self.catch_up) => return Ok(()),
                Ok(()) => None,
                Err(failure) if may_pass(&failure) && !self.catch_up => Some(failure),
                Err(failure) => return Err(failure),
            };
            // Only an hour that brings nothing is waited for more patiently.
            wait = if shown.last == before { (wait * 2).min(AGAIN_MAX) } else { AGAIN };
            if let Some(failure) = why {
                let why = failure.lines().first().cloned().unwrap_or_default();
                session.note(&format!("the feed broke off and is asked for again: {why}"));
            } else if shown.is_caught_up() {
                // No server tells what comes: the log itself is looked at.
                wait = AGAIN;
            }
            shown.begin_again();
            session.close()?;
            std::thread::sleep(wait);
        }
    }
}

/// Returns why a feed came to an end that no server meant it to come to.
fn has_ended(mut problem: Box<Problem>) -> Failure {
    if matches!(problem.kind, ProblemKind::Unauthenticated | ProblemKind::Forbidden) {
        problem.detail = format!("the access ended while it was followed: {}", problem.detail);
    }
    Failure::Answered { problem, given: Given::Flags, request: None }
}

/// Tells whether a feed that failed so may be there again later.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Unreachable { .. } => true,
        Failure::Answered { problem, .. } => problem.kind == ProblemKind::Unavailable,
        Failure::Usage { .. }
        | Failure::Unserved(_)
        | Failure::File { .. }
        | Failure::Data(_)
        | Failure::InPart(_)
        | Failure::Refused { .. }
        | Failure::Unsound
        | Failure::Verdict(_)
        | Failure::Outside(_)
        | Failure::Unwell { .. }
        | Failure::Disagrees
        | Failure::Unwitnessed
        | Failure::Untold { .. }
        | Failure::Output(_)
        | Failure::Garbled(_) => false,
    }
}

/// What was shown so far, and the piece of an event that came last.
#[derive(Default)]
struct Shown {
    // The bookmark of the event that came last.
    last: Option<u64>,
    // Everything before this position was looked at; none where that is not known before the first part.
    next: Option<u64>,
    format: Format,
    screen: Screen,
    as_of: Option<AsOf>,
    is_headed: bool,
    rest: Vec<u8>,
    end: Option<End>,
    // What is wrong with what came.
    wrong: Option<String>,
}

/// How far was looked.
#[derive(Deserialize)]
struct Covered {
    from: u64,
    next: u64,
    as_of: AsOf,
}

/// Why a feed ended.
#[derive(Deserialize)]
struct End {
    reason: String,
    detail: String,
    /// What failed, where something did.
    #[serde(default)]
    problem: Option<Box<Problem>>,
}

impl Shown {
    fn is_caught_up(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.reason == "caught_up")
    }

    fn is_over(&self, catch_up: bool) -> bool {
        catch_up && self.is_caught_up()
    }

    /// Returns where a feed begins after a bookmark that is a position; of another it is not known.
    fn next_after(last: Option<u64>) -> Option<u64> {
        match last {
            None => Some(0),
            Some(last) => is_position(last).then(|| last.saturating_add(1)),
        }
    }

    fn begin_again(&mut self) {
        self.rest.clear();
        self.end = None;
        self.next = Self::next_after(self.last);
    }

    /// Says that what came is not what should have come.
    fn refuse(&mut self, wrong: &str) -> io::Error {
        self.wrong = Some(wrong.to_owned());
        io::Error::other(wrong.to_owned())
    }

    /// Takes bytes of a feed, and shows the events that are whole.
    fn take(&mut self, out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.rest.drain(..end + 2).collect();
            self.event(out, &String::from_utf8_lossy(&event))?;
        }
        out.flush()
    }

    fn event(&mut self, out: &mut dyn Write, event: &str) -> io::Result<()> {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let data = field("data").unwrap_or_default();
        let id = field("id").map(str::parse).transpose();
        self.last = id.map_err(|_| self.refuse("an event has an `id` that is no number"))?.or(self.last);
        match field("event") {
            Some("entry") => {
                let row: EntryRow =
                    serde_json::from_str(data).map_err(|error| self.refuse(&error.to_string()))?;
                // A part that was begun again is not shown twice; whoever is told bookmarks goes on behind the last.
                let is_whole = self.last.is_some_and(is_position);
                if !(is_whole && self.next.is_some_and(|next| row.position < next)) {
                    self.next = Some(row.position + 1);
                    self.show(out, row)?;
                }
            }
            Some("covered") => {
                let covered: Covered =
                    serde_json::from_str(data).map_err(|error| self.refuse(&error.to_string()))?;
                // In a part of the log positions shift; what was read last is told by the bookmark.
                let is_whole = self.last.is_none_or(is_position);
                if let Some(next) = self.next.filter(|next| is_whole && covered.from > *next) {
                    let what = format!("positions {next} to {} were passed over", covered.from - 1);
                    return Err(self.refuse(&what));
                }
                self.next = Some(covered.next);
                self.as_of = Some(covered.as_of);
            }
            Some("end") => {
                let end: End = serde_json::from_str(data).map_err(|error| self.refuse(&error.to_string()))?;
                if end.reason == "failed" && end.problem.is_none() {
                    return Err(self.refuse(&end.detail));
                }
                self.end = Some(end);
            }
            // What a later server tells besides.
            Some(_) | None => {}
        }
        Ok(())
    }

    fn show(&mut self, out: &mut dyn Write, row: EntryRow) -> io::Result<()> {
        match self.format {
            Format::Text => {
                let kind = row.entry.kind.map_or_else(|| "redacted".to_owned(), |kind| kind.to_string());
                let (date, who, what) = (timeline::date(&row), timeline::who(&row), timeline::what(&row));
                let words = [row.position.to_string(), date, row.entry.handle.clone(), kind, who, what];
                let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
                writeln!(out, "{}", clean(&words.join("  ")))
            }
            // A list that has no end is a line of JSON for each entry.
            Format::Json | Format::Jsonl => writeln!(out, "{}", serde_json::to_string(&row)?),
            Format::Csv | Format::Tsv => {
                let page = Page { items: vec![row], next: None, total: 1 };
                let as_of = self.as_of.clone().unwrap_or_else(nothing_known);
                let answer = Answer { as_of, notices: Vec::new(), data: page };
                let first = !std::mem::replace(&mut self.is_headed, true);
                output::write(out, self.format, self.screen, &answer, first)
            }
        }
    }
}

/// Stands where a table needs a moment that it does not show.
fn nothing_known() -> AsOf {
    AsOf {
        log: String::new(),
        position: None,
        last_recorded_at: None,
        at: crate::domain::timestamp::Timestamp::MIN,
        past_knowledge: false,
        zone: "UTC".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_row, run_bytes};

    fn entry(position: u64) -> String {
        let mut row = entry_row("ik-147", "overture.proposed", "2025-11-17");
        row.position = position;
        format!("id: {position}\nevent: entry\ndata: {}\n\n", serde_json::to_string(&row).unwrap())
    }

    fn covered(from: u64, next: u64) -> String {
        let as_of = serde_json::to_string(&nothing_known()).unwrap();
        format!("id: 1\nevent: covered\ndata: {{\"from\":{from},\"next\":{next},\"as_of\":{as_of}}}\n\n")
    }

    #[test]
    fn events_are_shown_whole_once_and_in_whatever_pieces_they_come() {
        let feed =
            [entry(3), covered(0, 5), "event: later\ndata: {}\n\n".to_owned(), entry(3), entry(6)].concat();
        for size in [1, 7, feed.len()] {
            let (mut shown, mut out) = (Shown { format: Format::Tsv, ..Shown::default() }, Vec::new());
            for piece in feed.as_bytes().chunks(size) {
                shown.take(&mut out, piece).unwrap();
            }
            let text = String::from_utf8(out).unwrap();
            // A header, and two entries.
            assert_eq!((text.lines().count(), shown.next), (3, Some(7)), "{text}");
        }
        let mut out = Vec::new();
        Shown::default().take(&mut out, entry(3).as_bytes()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("3  17 November 2025  ik-147  overture.proposed"), "{text}");
    }

    #[test]
    fn whose_access_ended_is_told_so() {
        let problem = Problem::new(ProblemKind::Unauthenticated, "what was shown opens nothing");
        let end = serde_json::json!({ "reason": "failed", "detail": problem.detail, "next": 0, "problem": problem });
        let ran = run_bytes(&["follow"], 200, format!("event: end\ndata: {end}\n\n").as_bytes());
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.starts_with("error: the access ended while it was followed: "), "{}", ran.err);
        assert!(ran.err.contains("demarche login"), "{}", ran.err);
    }

    #[test]
    fn in_a_part_of_the_log_positions_shift_and_that_is_no_gap() {
        let begun = || Shown { next: Some(12), last: Some(1 << 50), ..Shown::default() };
        let shifted = covered(13, 13).replace("id: 1", &format!("id: {}", (1_u64 << 50) + 1));
        begun().take(&mut Vec::new(), shifted.as_bytes()).unwrap();
        assert!(
            begun().take(&mut Vec::new(), covered(13, 13).as_bytes()).is_err(),
            "of the whole log it is one"
        );
    }

    #[test]
    fn a_gap_is_an_error() {
        let begun = || Shown { next: Shown::next_after(None), ..Shown::default() };
        let error = begun().take(&mut Vec::new(), covered(2, 5).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("positions 0 to 1 were passed over"), "{error}");
    }
}
