//! One page about an offer, with footnotes: the offer, where it stands, everything since, what is not known.

mod grounds;
mod html;
mod markdown;
mod notes;
mod standing;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::board::{AnswerRow, OvertureRow};
use crate::desk::answer::brief::{Brief, Footnote, Sentence};
use crate::desk::answer::entry::{Named, Thread, ThreadEntry};
use crate::desk::ask::When;
use crate::desk::brief::grounds::Grounds;
use crate::desk::brief::notes::{Notes, number_derived};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::desk::overtures::words::{moment_words, plain};
use crate::desk::thread;
use crate::domain::fact::Kind;
use crate::domain::id::EntityId;
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
    let (known, overture) = desk.thread_meant(when, handle)?;
    let mut standings = Standings::new(&known);
    let thread = thread::thread(&mut standings, overture)?;
    let grounds = Grounds::of(&*standings.of(overture)?);
    let brief = page(&known, thread, &grounds)?;
    Ok(known.answer(brief))
}

/// Puts a thread on a page.
fn page(known: &Known, thread: Thread, grounds: &Grounds) -> Result<Brief, DeskError> {
    let Thread { overture, entries, .. } = thread;
    let (told, left_out) = worth_a_page(entries, &overture);
    let mut notes = Notes::new(known, &told);
    let mut standing = standing::standing(&overture, grounds, &mut notes)?;
    let is_offer = |entry: &ThreadEntry| EntityId::from(entry.row.entry.id) == overture.id;
    let made = told.iter().position(is_offer).unwrap_or_default();
    let others = told.iter().enumerate().filter(|(_, entry)| !is_offer(entry));
    let (before, since): (Vec<_>, Vec<_>) = others.partition(|(place, _)| *place < made);
    let mut sentences = |entries: Vec<(usize, &ThreadEntry)>| -> Result<Vec<Sentence>, DeskError> {
        let sentence = |(_, entry): (usize, &ThreadEntry)| {
            let notes = notes.of(entry.row.entry.id)?.into_iter().collect();
            Ok(Sentence { date: entry.row.entry.date.clone(), text: told_of(entry), notes })
        };
        entries.into_iter().map(sentence).collect()
    };
    let (before, since) = (sentences(before)?, sentences(since)?);
    let open = open(&overture);
    let (footnotes, derived) = notes.finish();
    for sentence in &mut standing {
        number_derived(&mut sentence.notes, derived.as_ref());
    }
    let shown = told.iter().filter_map(|entry| entry.row.marking.clone());
    let cited = footnotes.iter().filter_map(|note| note.marking.clone());
    let mut markings: Vec<String> = shown.chain(cited).collect();
    markings.sort();
    markings.dedup();
    Ok(Brief {
        title: overture.summary.clone(),
        subtitle: subtitle(&overture),
        standing,
        before,
        since,
        open,
        footnotes,
        derived,
        markings,
        left_out,
        overture,
    })
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
    let zone: Zone = as_of.zone.parse().unwrap_or_default();
    format!("Log {}, {known}; seen from {} ({}).", as_of.log, moment_words(as_of.at, zone), as_of.zone)
}

/// Returns a moment as a reader in a zone writes it.
fn local(moment: Timestamp, zone: &str) -> String {
    let zone: Zone = zone.parse().unwrap_or_default();
    Occurred::from_instant(zone.local(moment)).words()
}

/// Returns what a footnote says of its entry, in words.
fn cited(note: &Footnote, zone: &str) -> String {
    let mut words = format!("Entry {}", note.entry.handle);
    let keeps = note.entry.kind.is_some_and(Kind::is_bookkeeping);
    if let Some(says) = note.entry.summary.as_ref().filter(|_| keeps) {
        words = format!("{words}: {says}");
    }
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
