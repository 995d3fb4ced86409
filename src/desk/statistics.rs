//! How offers were answered: counts, shares and waiting times, by party, channel, kind and year.

mod tally;
#[cfg(test)]
mod tests;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::statistics::AnswerStatistics;
use crate::desk::ask::{AnswersAsk, AnswersBy as By, FilterAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::known::Known;
use crate::desk::statistics::tally::Tally;
use crate::domain::fact::{EntityKind, Kind, Subject};
use crate::domain::id::EntityId;
use crate::projections::timeline::{By as Time, Direction, Order, TimelineQuery};

/// What is counted and how, for whoever reads the numbers.
const METHOD: &str = "A case is an offer with one of its addressees. It is answered by the first entry of the \
                      addressee that says more than that it was received, unless the offer had ended by then: it \
                      ended without an answer. The wait is counted in days from the \
                      first issue of the offer. The median is that of Kaplan and Meier: a case that still waits \
                      counts as waiting until the moment asked about, one that was withdrawn, superseded, came \
                      about or lost its object until then. The median of those answered leaves both out. Of a \
                      date that is known only within bounds the earliest moment counts. Where no answer can be \
                      read and texts of the thread were removed, it is not known whether it was answered.";

/// So many places of the index are looked up at a time.
const SPOTS: usize = 1 << 16;
/// From so many offers on the work is shared out.
const MANY: usize = 2_048;

impl Desk {
    /// As [`Desk::answer_statistics`].
    pub(super) fn count_answers(
        &self,
        when: &When,
        ask: &AnswersAsk,
    ) -> Result<Answer<AnswerStatistics>, DeskError> {
        let known = self.known(when)?;
        let by = by(ask.by.as_deref())?;
        let overtures = offers(&known, when, &ask.filter)?;
        let tally = counted(&known, &overtures, &by)?;
        let statistics = tally.told(&known, &by, METHOD)?;
        Ok(known.answer(statistics))
    }
}

fn by(typed: Option<&str>) -> Result<Vec<By>, DeskError> {
    let Some(typed) = typed else { return Ok(Vec::new()) };
    let mut by: Vec<By> = Vec::new();
    for word in typed.split(',').map(str::trim) {
        match word.parse::<By>() {
            Ok(one) if by.contains(&one) => {
                return Err(Fault::in_field("by", format!("`{word}` stands twice; give it once")).into());
            }
            Ok(one) => by.push(one),
            Err(error) => return Err(Fault::in_field("by", error.to_string()).into()),
        }
    }
    Ok(by)
}

/// Returns the offers that are meant, in the order in which they came into being.
fn offers(known: &Known, when: &When, filter: &FilterAsk) -> Result<Vec<EntityId>, DeskError> {
    if *filter == FilterAsk::default() {
        return known.entities(EntityKind::Overture);
    }
    let query = filter::query(known, when, filter)?;
    let makes = |kind: &Kind| {
        matches!(
            kind.subject(),
            Subject::Creates(EntityKind::Overture) | Subject::MayCreate(EntityKind::Overture)
        )
    };
    let order = Order { by: Time::Recorded, direction: Direction::Ascending };
    let mut query = TimelineQuery { limit: SPOTS, order, ..query };
    if query.kinds.any_of.is_none() {
        query.kinds.any_of = Some(Kind::ALL.iter().copied().filter(makes).collect());
    }
    let mut offers = Vec::new();
    loop {
        let found = known.view.spots(&query)?;
        for row in known.view.rows(&found.spots, None)? {
            let made = EntityId::from(row.id);
            if known.view.kind_of(made)? == Some(EntityKind::Overture) {
                offers.push(made);
            }
        }
        match found.next {
            Some(next) => query.after = Some(next),
            None => return Ok(offers),
        }
    }
}

/// Counts, on as many threads as the machine has processors where there are many offers.
fn counted(known: &Known, overtures: &[EntityId], by: &[By]) -> Result<Tally, DeskError> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if overtures.len() < MANY || threads == 1 {
        return Tally::of(known, overtures, by);
    }
    let parts = overtures.chunks(overtures.len().div_ceil(threads));
    let tallies: Vec<Result<Tally, DeskError>> = std::thread::scope(|scope| {
        let running: Vec<_> = parts.map(|part| scope.spawn(move || Tally::of(known, part, by))).collect();
        let stopped = || Err(DeskError::Unavailable("a thread that counts answers stopped".to_owned()));
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| stopped())).collect()
    });
    let mut together = Tally::default();
    for tally in tallies {
        together.add(tally?);
    }
    Ok(together)
}
