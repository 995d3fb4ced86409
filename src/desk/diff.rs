//! What reads otherwise between two knowings, and which events did it.
//!
//! Both are seen from the same moment of the world, so that only what was learned between them differs:
//! no offer grows old and no line falls silent merely because the clock went on.

mod doers;
mod entry;
mod touched;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Diff, DiffRow};
use crate::desk::ask::When;
use crate::desk::diff::touched::Touched;
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::replay::knowing;
use crate::desk::{channels, meetings, overtures, series};
use crate::domain::fact::EntityKind;
use crate::domain::id::EntityId;
use std::collections::BTreeSet;

/// Compares what is known `from` with what is known `to`.
pub(super) fn diff(desk: &Desk, when: &When, from: &str, to: &str) -> Result<Answer<Diff>, DeskError> {
    let at = when.at.clone().unwrap_or_else(|| (desk.clock)().to_string());
    let when = When { at: Some(at), ..when.clone() };
    let earlier = desk.known(&knowing(&when, "from", from)?)?;
    let later = desk.known(&knowing(&when, "to", to)?)?;
    if earlier.view.size() > later.view.size() {
        let detail = format!("`{to}` is an earlier knowing than `{from}`; exchange the two");
        return Err(Fault::in_field("to", detail).into());
    }
    let touched = Touched::between(&earlier, &later)?;
    let comparison = Comparison { desk, when, earlier, later, touched };
    let mut changes = comparison.entities()?;
    changes.extend(comparison.entries()?);
    // Stable: of what one event did, entities stand before entries.
    changes.sort_by_key(|row| row.by.first().map(|doer| doer.position));
    let data = Diff {
        from: comparison.earlier.view.size().checked_sub(1),
        to: comparison.later.view.size().checked_sub(1),
        changes,
    };
    Ok(comparison.later.answer(data))
}

/// Two knowings and what was recorded between them.
struct Comparison<'a> {
    desk: &'a Desk,
    when: When,
    earlier: Known,
    later: Known,
    touched: Touched,
}

impl Comparison<'_> {
    /// Returns the channels, overtures, meetings and series that read otherwise.
    fn entities(&self) -> Result<Vec<DiffRow>, DeskError> {
        let mut rows = Vec::new();
        for (kind, id) in self.candidates()? {
            let read = |known: &Known| words(known, kind, id);
            rows.extend(self.row(kind, id, self.touched.positions(id), &read)?);
        }
        for talks in series::all(&self.later) {
            let mut doers: BTreeSet<u64> = BTreeSet::new();
            for id in talks.ids.iter().copied().chain(talks.meetings(&self.later)?) {
                doers.extend(self.touched.positions(id));
            }
            let read = |known: &Known| {
                let talks = series::all(known).into_iter().find(|other| other.id == talks.id);
                let row = talks.map(|talks| talks.row(known)).transpose()?.flatten();
                Ok(row.as_ref().map(series::series_words))
            };
            rows.extend(self.row(EntityKind::Series, talks.id, doers, &read)?);
        }
        Ok(rows)
    }

    /// Returns what may read otherwise: what the events between touch, and whatever a policy bears on.
    fn candidates(&self) -> Result<Vec<(EntityKind, EntityId)>, DeskError> {
        let mut candidates: BTreeSet<(EntityKind, EntityId)> = BTreeSet::new();
        let compared = [EntityKind::Channel, EntityKind::Overture, EntityKind::Meeting];
        for id in self.touched.entities() {
            if let Some(kind) = self.later.view.kind_of(id)?.filter(|kind| compared.contains(kind)) {
                candidates.insert((kind, id));
            }
        }
        if self.touched.sets_policy() {
            for kind in [EntityKind::Channel, EntityKind::Overture] {
                candidates.extend(self.later.entities(kind)?.into_iter().map(|id| (kind, id)));
            }
        }
        Ok(candidates.into_iter().collect())
    }

    /// Returns a row where the words differ, with those of the events that bear on it, and of the policies,
    /// that made them differ.
    fn row(
        &self,
        kind: EntityKind,
        id: EntityId,
        bearing: BTreeSet<u64>,
        read: &dyn Fn(&Known) -> Result<Option<String>, DeskError>,
    ) -> Result<Option<DiffRow>, DeskError> {
        let (before, after) = (read(&self.earlier)?, read(&self.later)?);
        if before == after {
            return Ok(None);
        }
        let bearing: BTreeSet<u64> = bearing.into_iter().chain(self.touched.policies()).collect();
        let doers = self.those_that_did_it(&bearing, &before, &after, read)?;
        Ok(Some(DiffRow {
            what: kind.to_string(),
            name: self.later.named(id)?.name,
            before,
            after,
            by: doers,
        }))
    }
}

/// Returns where an entity stands, in one line; none while nothing of it is known or had happened.
fn words(known: &Known, kind: EntityKind, id: EntityId) -> Result<Option<String>, DeskError> {
    match kind {
        EntityKind::Meeting => {
            let told = meetings::told(known, id)?;
            told.map(|told| Ok(meetings::meeting_words(&told.row(known)?))).transpose()
        }
        EntityKind::Channel => {
            let registered = known.register.channel(id).is_some();
            let row = registered.then(|| channels::channel_row(known, id)).transpose()?;
            Ok(row.as_ref().map(channels::channel_words))
        }
        EntityKind::Overture => {
            let row = overtures::overture_made(known, id)?;
            Ok(row.as_ref().map(overtures::overture_state))
        }
        // A series is compared with its forum and its meetings.
        EntityKind::Series
        | EntityKind::Party
        | EntityKind::Person
        | EntityKind::Recorder
        | EntityKind::Policy
        | EntityKind::Desk => Ok(None),
    }
}

#[cfg(test)]
mod tests;
