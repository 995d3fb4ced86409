//! What of a record is searched.

use crate::domain::prose::{Passage, Prose};
use crate::projections::corrections::Change;
use crate::projections::shared::Shared;
use crate::store::{Body, Recorded};

/// The texts of a record.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// What the event itself says.
    pub(super) own: Vec<Passage>,
    /// Of an amendment that can hold what its entry says from then on.
    pub(super) reading: Vec<Passage>,
}

/// Returns the texts of a record that was taken in; none where it cannot be read.
///
/// A text that was removed is left out, and so is what was said of it before: what is said instead is searched
/// apart, since it is said at whatever was known.
pub(super) fn gather(shared: &Shared, recorded: &Recorded) -> Option<Gathered> {
    let nothing = Some(Gathered::default());
    let Ok(position) = u32::try_from(recorded.position) else { return nothing };
    let (removed, amends) = shared.look(|index| {
        let holds =
            |known: &crate::projections::corrections::Correction| matches!(known.change, Change::Amended(_));
        (index.removals.get(position).is_some(), index.correction_at(position).is_some_and(holds))
    });
    match &recorded.body {
        Body::Missing if !removed => None,
        Body::Plain(body) if !removed => {
            // What only auditors read may be in a form that the domain does not know; whatever else was taken
            // in has one that it does.
            let prose = Prose::of(body).unwrap_or_default();
            let reading = prose.reading.filter(|_| amends).unwrap_or_default();
            Some(Gathered { own: written(prose.own), reading: written(reading) })
        }
        Body::Plain(_) | Body::Redacted | Body::Missing => nothing,
    }
}

/// Leaves out texts in which nothing is written.
fn written(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.retain(|passage| !passage.text.trim().is_empty());
    passages
}
