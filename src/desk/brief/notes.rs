//! The footnotes of a page, numbered as a reader meets them.

use crate::desk::answer::brief::{Derivation, Footnote};
use crate::desk::answer::entry::ThreadEntry;
use crate::desk::brief::grounds::Rests;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::words::moment_words;
use crate::desk::thread::sources;
use crate::domain::id::EventId;

/// Stands for the number of the note about what is derived, which comes last, until all are given out.
const DERIVED: u32 = 0;

/// The footnotes, as they are given out.
pub(super) struct Notes<'a> {
    known: &'a Known,
    thread: &'a [ThreadEntry],
    all: Vec<Footnote>,
    derived: bool,
}

impl<'a> Notes<'a> {
    pub(super) fn new(known: &'a Known, thread: &'a [ThreadEntry]) -> Self {
        Self { known, thread, all: Vec::new(), derived: false }
    }

    /// Returns the numbers of the notes on which something rests. What rests on no entry is derived.
    pub(super) fn on(&mut self, rests: &Rests) -> Result<Vec<u32>, DeskError> {
        let mut numbers = Vec::with_capacity(rests.on.len() + 1);
        for id in &rests.on {
            let number = self.of(*id)?.filter(|number| !numbers.contains(number));
            numbers.extend(number);
        }
        if rests.derived || numbers.is_empty() {
            self.derived = true;
            numbers.push(DERIVED);
        }
        Ok(numbers)
    }

    /// Returns the number of the footnote for an entry, which is given one if it has none; none for what is not in the
    /// record.
    pub(super) fn of(&mut self, id: EventId) -> Result<Option<u32>, DeskError> {
        if let Some(note) = self.all.iter().find(|note| note.entry.id == id) {
            return Ok(Some(note.number));
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX).saturating_add(1);
        let told = self.thread.iter().find(|entry| entry.row.entry.id == id);
        let (row, sources) = match told {
            Some(told) => (told.row.clone(), told.sources.clone()),
            None => match self.known.entry(id)? {
                Some(entry) => (self.known.entry_row(&entry)?, sources(&entry)),
                None => return Ok(None),
            },
        };
        let mut entry = row.entry;
        // What keeps the record, a policy say, is told by what it does.
        entry.summary = row.says.or(entry.summary);
        self.all.push(Footnote {
            number,
            entry,
            position: row.position,
            recorded_at: row.recorded_at,
            recorder: row.recorder,
            sources,
            marking: row.marking,
            amended: u64::from(row.amended),
        });
        Ok(Some(number))
    }

    /// Returns the footnotes, and the note about what is derived where there is anything.
    pub(super) fn finish(self) -> (Vec<Footnote>, Option<Derivation>) {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX).saturating_add(1);
        let words = format!(
            "Derived from the entries of the thread and from the clock, as of {}; recorded by nobody.",
            moment_words(self.known.at, self.known.zone)
        );
        let derived = self.derived.then_some(Derivation { number, words });
        (self.all, derived)
    }
}

/// Puts the number of the note about what is derived where it is meant.
pub(super) fn number_derived(numbers: &mut [u32], derived: Option<&Derivation>) {
    for number in numbers.iter_mut().filter(|number| **number == DERIVED) {
        *number = derived.map_or(DERIVED, |derived| derived.number);
    }
}
