//! One page about an offer, with footnotes: the offer, where it stands, everything since, what is not known.

mod html;
mod markdown;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::board::{AnswerRow, OvertureRow};
use crate::desk::answer::brief::{Brief, Footnote, Sentence};
use crate::desk::answer::entry::{EntryRef, Named, Thread, ThreadEntry};
use crate::desk::ask::When;
use crate::desk::error::{DeskError, Fault};
use crate::desk::overtures::words::{age, plain};
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// So many entries since the offer: more is no page.
const SINCE_MAX: usize = 14;

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageFormat {
    /// `CommonMark`, with the footnotes of its common extension.
    Markdown,
    /// One HTML file that needs no other, set for A4 paper.
    Html,
}

impl FromStr for PageFormat {
    type Err = DeskError;

    fn from_str(typed: &str) -> Result<Self, DeskError> {
        match typed.trim() {
            "markdown" | "md" => Ok(Self::Markdown),
            "html" => Ok(Self::Html),
            other => {
                let detail =
                    format!("`{other}` is no way in which a brief is written; write markdown or html");
                Err(Fault::in_field("as", detail).into())
            }
        }
    }
}

impl PageFormat {
    /// Returns the media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// Writes a brief. The same brief gives the same bytes.
    pub(crate) fn write(self, brief: &Answer<Brief>) -> String {
        match self {
            Self::Markdown => markdown::write(brief),
            Self::Html => html::write(brief),
        }
    }
}

/// Returns the page about an offer; the handle may be that of any entry of its thread.
pub(super) fn brief(desk: &Desk, when: &When, handle: &str) -> Result<Answer<Brief>, DeskError> {
    let Answer { as_of, notices, data } = desk.thread_of(when, handle)?;
    Ok(Answer { as_of, notices, data: page(data) })
}

/// Puts a thread on a page.
fn page(thread: Thread) -> Brief {
    let Thread { overture, entries, .. } = thread;
    let mut notes = Notes::default();
    let (told, left_out) = worth_a_page(entries, &overture);
    let is_offer = |entry: &ThreadEntry| EntityId::from(entry.row.entry.id) == overture.id;
    // In the order in which a reader meets them: the offer, what was answered, then everything else.
    let answers = overture.answers.iter().flat_map(said).map(|entry| entry.id);
    let answers: Vec<EventId> = answers.collect();
    let of_answers = answers.iter().filter_map(|id| told.iter().find(|entry| entry.row.entry.id == *id));
    for entry in told.iter().filter(|entry| is_offer(entry)).chain(of_answers).chain(&told) {
        notes.give(entry);
    }
    let offer: Vec<u32> =
        told.iter().filter(|entry| is_offer(entry)).filter_map(|entry| notes.of(entry)).collect();
    let sentence = |entry: &ThreadEntry| Sentence {
        date: entry.row.entry.date.clone(),
        text: told_of(entry),
        notes: notes.of(entry).into_iter().collect(),
    };
    let made = told.iter().position(is_offer).unwrap_or_default();
    let others = told.iter().enumerate().filter(|(_, entry)| !is_offer(entry));
    let (before, since): (Vec<_>, Vec<_>) = others.partition(|(place, _)| *place < made);
    let sentences = |entries: Vec<(usize, &ThreadEntry)>| -> Vec<Sentence> {
        entries.into_iter().map(|(_, entry)| sentence(entry)).collect()
    };
    let (before, since) = (sentences(before), sentences(since));
    let standing = standing(&overture, &offer, &notes);
    let open = open(&overture);
    let mut markings: Vec<String> = told.iter().filter_map(|entry| entry.row.marking.clone()).collect();
    markings.sort();
    markings.dedup();
    Brief {
        title: overture.summary.clone(),
        subtitle: subtitle(&overture),
        standing,
        before,
        since,
        open,
        footnotes: notes.all,
        markings,
        left_out,
        overture,
    }
}

/// Leaves out what struck entries say and, where a page cannot hold the rest, first what had no effect, the
/// oldest first.
fn worth_a_page(entries: Vec<ThreadEntry>, overture: &OvertureRow) -> (Vec<ThreadEntry>, u64) {
    let mut told: Vec<ThreadEntry> = entries.into_iter().filter(|entry| !entry.row.struck).collect();
    let mut left_out = 0;
    let is_offer = |entry: &ThreadEntry| EntityId::from(entry.row.entry.id) == overture.id;
    while told.len() > SINCE_MAX + 1 {
        let idle = told.iter().position(|entry| !is_offer(entry) && entry.effect.contains("no effect"));
        let Some(place) = idle.or_else(|| told.iter().position(|entry| !is_offer(entry))) else { break };
        told.remove(place);
        left_out += 1;
    }
    (told, left_out)
}

/// The footnotes, as they are given out.
#[derive(Default)]
struct Notes {
    all: Vec<Footnote>,
}

impl Notes {
    /// Returns the number of the footnote for an entry that has one.
    fn of(&self, entry: &ThreadEntry) -> Option<u32> {
        self.all.iter().find(|note| note.entry.id == entry.row.entry.id).map(|note| note.number)
    }

    /// Gives an entry a footnote, if it has none.
    fn give(&mut self, entry: &ThreadEntry) {
        if self.of(entry).is_some() {
            return;
        }
        let row = &entry.row;
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.all.push(Footnote {
            number,
            entry: row.entry.clone(),
            position: row.position,
            recorded_at: row.recorded_at,
            recorder: row.recorder.clone(),
            sources: entry.sources.clone(),
            marking: row.marking.clone(),
            amended: u64::from(row.amended),
        });
    }

    /// Returns the numbers of the footnotes for an entry that has one.
    fn known(&self, answer: &AnswerRow) -> Vec<u32> {
        let is_it = |note: &&Footnote| said(answer).any(|entry| entry.id == note.entry.id);
        self.all.iter().filter(is_it).map(|note| note.number).collect()
    }
}

/// Returns the entries on which it rests what somebody answered, and that it was settled.
fn said(answer: &AnswerRow) -> impl Iterator<Item = &EntryRef> {
    answer.entry.iter().chain(answer.settled.iter().map(|settled| &settled.entry))
}

fn names(named: &[Named]) -> String {
    named.iter().map(|named| named.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn subtitle(overture: &OvertureRow) -> String {
    let mut words = format!("Offer {} of {}", overture.handle, names(&overture.proposer));
    if !overture.addressees.is_empty() {
        words = format!("{words} to {}", names(&overture.addressees));
    }
    if let Some(issued) = &overture.issued {
        words = format!("{words}, {}", issued.words);
    }
    if !overture.via.is_empty() {
        words = format!("{words}, through {}", names(&overture.via));
    }
    words
}

/// Returns what happened in an entry and what it did.
fn told_of(entry: &ThreadEntry) -> String {
    let row = &entry.row;
    let what = match (&row.entry.summary, row.redacted) {
        (Some(summary), false) => summary.clone(),
        (Some(summary), true) => format!("(text removed; instead:) {summary}"),
        (None, true) => "(text removed)".to_owned(),
        (None, false) => row.entry.kind.map_or_else(String::new, |kind| kind.to_string()),
    };
    let who = match (names(&row.from), names(&row.to)) {
        (from, _) if from.is_empty() => String::new(),
        (from, to) if to.is_empty() => format!("{from}: "),
        (from, to) => format!("{from} to {to}: "),
    };
    format!("{who}{what} ({})", entry.effect)
}

/// Returns where an offer stands, in sentences.
fn standing(overture: &OvertureRow, offer: &[u32], notes: &Notes) -> Vec<Sentence> {
    let mut sentences = vec![Sentence { date: None, text: state(overture), notes: offer.to_vec() }];
    let mut say = |text: String, notes: Vec<u32>| sentences.push(Sentence { date: None, text, notes });
    for answer in &overture.answers {
        say(answered(answer, overture.removed), notes.known(answer));
    }
    if let Some(due) = &overture.due {
        let (was, over) =
            (if overture.open { "is" } else { "was" }, if due.overdue { "; that is over" } else { "" });
        say(format!("An answer {was} asked for by {} ({}){over}.", due.words, plain(&due.basis)), Vec::new());
    }
    let inferred = if overture.delivery_inferred { " (inferred from an answer)" } else { "" };
    say(format!("Delivery: {}{inferred}.", plain(&overture.delivery)), Vec::new());
    match (overture.reiterations, &overture.last_reiterated) {
        (0, _) => {}
        (1, Some(last)) => say(format!("It was said again once, {}.", last.when()), Vec::new()),
        (1, None) => say("It was said again once.".to_owned(), Vec::new()),
        (times, Some(last)) => {
            say(format!("It was said again {times} times, last {}.", last.when()), Vec::new());
        }
        (times, None) => say(format!("It was said again {times} times."), Vec::new()),
    }
    for remark in &overture.remarks {
        say(format!("{}.", capital(remark)), Vec::new());
    }
    sentences
}

fn state(overture: &OvertureRow) -> String {
    let mut words = plain(&overture.status);
    if overture.currency != overture.status {
        words = format!("{}, and {words}", plain(&overture.currency));
    }
    let possibly = if overture.possibly { "possibly " } else { "" };
    words = format!("The offer is {possibly}{words}");
    if !overture.basis.is_empty() {
        words = format!("{words}: {}", overture.basis);
    }
    match age(overture) {
        None => words + ".",
        Some(age) => format!("{words}; it is {age} old."),
    }
}

fn answered(answer: &AnswerRow, removed: u64) -> String {
    let party = &answer.party.name;
    if answer.answer == "none" {
        let can = if removed > 0 { "can be read; a text of the thread was removed" } else { "is recorded" };
        return format!("{party}: no answer {can}.");
    }
    let mut words = format!("{party}: {}", plain(&answer.answer));
    if let Some(date) = answer.entry.as_ref().and_then(|entry| entry.date.as_ref()) {
        words = format!("{words} {}", date.when());
    }
    let how = [answer.directness.as_deref(), answer.authority.as_deref()];
    let how: Vec<String> = how.into_iter().flatten().map(plain).collect();
    if !how.is_empty() {
        words = format!("{words} ({})", how.join(", "));
    }
    if answer.doubtful {
        words.push_str(", linked to the offer with low confidence");
    }
    match answer.latency_days {
        None => {}
        Some(1) => words.push_str(", 1 day after the offer"),
        Some(days) => words = format!("{words}, {days} days after the offer"),
    }
    if let Some(against) = &answer.late_against {
        words = format!("{words}, late ({against})");
    }
    match &answer.settled {
        None => words + ".",
        Some(settled) => {
            let on = settled.entry.date.as_ref().map_or_else(String::new, |date| format!(" {}", date.when()));
            format!("{words}. The offer was settled through that of {}{on}.", settled.counter.name)
        }
    }
}

/// Returns what the record does not say.
fn open(overture: &OvertureRow) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut say = |text: String| sentences.push(Sentence { date: None, text, notes: Vec::new() });
    for answer in overture.answers.iter().filter(|answer| answer.answer == "none") {
        say(no_answer(answer, overture.removed));
    }
    if !matches!(overture.delivery.as_str(), "receipt_confirmed" | "receipt_refused")
        && !overture.delivery_inferred
    {
        say(format!(
            "Whether it was received is not recorded; what is recorded is: {}.",
            plain(&overture.delivery)
        ));
    }
    if overture.due.is_none() && overture.open {
        say("No deadline is recorded and no rule of the house sets one.".to_owned());
    }
    for anomaly in &overture.anomalies {
        say(format!(
            "{} fits no rule: expected {}, found {}.",
            anomaly.entry.handle, anomaly.expected, anomaly.found
        ));
    }
    sentences
}

/// Returns that a party did not answer, on what that rests, and whether it can be known at all.
fn no_answer(answer: &AnswerRow, removed: u64) -> String {
    let party = &answer.party.name;
    let none = match removed {
        0 => format!("No answer of {party} is recorded"),
        _ => {
            format!("No answer of {party} can be read; whether a text that was removed was one is not known")
        }
    };
    match &answer.basis {
        Some(basis) => format!("{none}. That none came rests on this: {basis}."),
        None => format!("{none}, and nobody recorded the finding that none came."),
    }
}

/// Returns a text with its first letter as a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Returns where in the record a page was taken from, in a line.
fn taken_from(brief: &Answer<Brief>) -> String {
    let as_of = &brief.as_of;
    let known = match (as_of.position, as_of.last_recorded_at) {
        (Some(position), Some(at)) => {
            format!("as known at position {position}, recorded {}", local(at, &as_of.zone))
        }
        (Some(position), None) => format!("as known at position {position}"),
        (None, _) => "while nothing was recorded".to_owned(),
    };
    format!("Log {}, {known}; seen from {} ({}).", as_of.log, as_of.at, as_of.zone)
}

/// Returns a moment as a reader in a zone writes it.
fn local(moment: Timestamp, zone: &str) -> String {
    let zone: Zone = zone.parse().unwrap_or_default();
    Occurred::from_instant(zone.local(moment)).words()
}

/// Returns what a footnote says of its entry, in words.
fn cited(note: &Footnote, zone: &str) -> String {
    let mut words = format!("Entry {}", note.entry.handle);
    if let Some(date) = &note.entry.date {
        words = format!("{words}, {}", date.words);
    }
    words = format!(
        "{words}; recorded by {} on {} (position {})",
        note.recorder,
        local(note.recorded_at, zone),
        note.position
    );
    if note.amended > 0 {
        words += ", amended since";
    }
    if let Some(marking) = &note.marking {
        words = format!("{words}; {marking}");
    }
    match note.sources.as_slice() {
        [] => words + ". No source is recorded.",
        sources => format!("{words}. Sources: {}.", sources.join("; ")),
    }
}
