//! What reads otherwise between two knowings, and which events did it.
//!
//! Both are seen from the same moment of the world, so that only what was learned between them differs:
//! no offer grows old and no line falls silent merely because the clock went on.

mod entry;
mod touched;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Diff, DiffRow, Doer};
use crate::desk::ask::When;
use crate::desk::diff::touched::Touched;
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::replay::knowing;
use crate::desk::{channels, entries, meetings, overtures, series};
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
    let comparison = Comparison { touched: Touched::between(&earlier, &later)?, earlier, later };
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
struct Comparison {
    earlier: Known,
    later: Known,
    touched: Touched,
}

impl Comparison {
    /// Returns the channels, overtures, meetings and series that read otherwise.
    fn entities(&self) -> Result<Vec<DiffRow>, DeskError> {
        let mut rows = Vec::new();
        for (kind, id) in self.candidates()? {
            rows.extend(self.row(
                kind,
                id,
                words(&self.earlier, kind, id)?,
                words(&self.later, kind, id)?,
                self.touched.positions(id),
            )?);
        }
        for talks in series::all(&self.later) {
            let before = series::all(&self.earlier).into_iter().find(|known| known.id == talks.id);
            let before = before.map(|talks| talks.row(&self.earlier)).transpose()?.flatten();
            let after = talks.row(&self.later)?;
            let mut doers: BTreeSet<u64> = BTreeSet::new();
            for id in talks.ids.iter().copied().chain(talks.meetings(&self.later)?) {
                doers.extend(self.touched.positions(id));
            }
            let words = |row: Option<_>| row.as_ref().map(series::series_words);
            rows.extend(self.row(EntityKind::Series, talks.id, words(before), words(after), doers)?);
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

    /// Returns a row where the words differ; a policy did it where nothing else touches the entity.
    fn row(
        &self,
        kind: EntityKind,
        id: EntityId,
        before: Option<String>,
        after: Option<String>,
        doers: BTreeSet<u64>,
    ) -> Result<Option<DiffRow>, DeskError> {
        if before == after {
            return Ok(None);
        }
        let doers: BTreeSet<u64> = doers.into_iter().chain(self.touched.policies()).collect();
        Ok(Some(DiffRow {
            what: kind.to_string(),
            name: self.later.named(id)?.name,
            before,
            after,
            by: self.doers(&doers)?,
        }))
    }

    /// Returns events as a difference names them.
    fn doers(&self, positions: &BTreeSet<u64>) -> Result<Vec<Doer>, DeskError> {
        let mut doers = Vec::with_capacity(positions.len());
        for position in positions {
            if let Some(recorded) = self.later.view.recorded(*position)? {
                let entry = entries::one(&self.later, recorded.id)?;
                doers.push(Doer {
                    position: *position,
                    recorded_at: recorded.at,
                    entry: Known::entry_ref(&entry),
                });
            }
        }
        Ok(doers)
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
        | EntityKind::Recorder
        | EntityKind::Policy
        | EntityKind::Desk => Ok(None),
    }
}

#[cfg(test)]
mod tests;
