//! The entries of a selection as they leave: each batch is noted before anything of it is written.

use std::io;

use roaring::RoaringBitmap;

use crate::desk::Desk;
use crate::desk::ask::{ExportAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::{Selected, Selection};
use crate::desk::known::Known;
use crate::desk::outgoing::Format;
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::Entry;
use crate::projections::timeline::By;

/// Is told which entries are about to leave.
pub(crate) type Note<'a> = &'a mut dyn FnMut(&[EventId]) -> Result<(), DeskError>;

/// How many entries are taken, noted and written at a time.
pub(super) const BATCH: usize = 256;

/// Why an export was not written to its end.
#[derive(Debug)]
pub(crate) enum Broke {
    /// What the desk says.
    Desk(DeskError),
    /// Whoever asked went away.
    Gone,
}

impl From<DeskError> for Broke {
    fn from(error: DeskError) -> Self {
        Self::Desk(error)
    }
}

impl From<io::Error> for Broke {
    /// Nothing else is written to but whoever asked.
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// The entries of a selection, batch by batch.
pub(super) struct Taking<'a> {
    selection: Selection,
    note: Note<'a>,
    taken: u64,
    total: u64,
}

impl<'a> Taking<'a> {
    /// Selects what is asked for.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a filter that is none, and [`DeskError::Refused`] where the format
    /// does not hold so many entries.
    pub(super) fn begin(
        desk: &Desk,
        when: &When,
        ask: &ExportAsk,
        format: Format,
        note: Note<'a>,
    ) -> Result<Self, DeskError> {
        let (default, most) = format.entries();
        let limit = match ask.limit {
            Some(0) => return Err(Fault::in_field("limit", "is 0; leave it out for all entries").into()),
            Some(limit) => limit,
            None => default,
        };
        let by = match ask.by.as_deref().map(str::trim) {
            // A feed tells what is new to whoever reads it.
            None if format == Format::Atom => By::Recorded,
            None | Some("occurred") => By::Occurred,
            Some("recorded") => By::Recorded,
            Some(other) => {
                let detail = format!("`{other}` is no order of entries; write occurred or recorded");
                return Err(Fault::in_field("by", detail).into());
            }
        };
        let reverse = ask.reverse != (format == Format::Atom);
        let selection = desk.select(when, &ask.filter, by, reverse)?;
        let total = selection.total().min(limit);
        if total > most {
            return Err(DeskError::Refused {
                rule: format!(
                    "{total} entries are more than a file of the format {format} holds here: {most}"
                ),
                hints: vec!["narrow the filter, or give `limit`".to_owned()],
            });
        }
        Ok(Self { selection, note, taken: 0, total })
    }

    /// Returns the record from which the entries are taken.
    pub(super) fn known(&self) -> &Known {
        self.selection.known()
    }

    /// Returns how many entries are to be taken in all.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// Returns how many entries the filter meets.
    pub(super) fn met(&self) -> u64 {
        self.selection.total()
    }

    /// Returns the positions of the entries that are to be taken, before any was.
    ///
    /// # Errors
    ///
    /// As every question of the desk.
    pub(super) fn positions(&self) -> Result<RoaringBitmap, DeskError> {
        self.selection.positions(self.total)
    }

    /// Returns the next entries, noted; none at the end.
    ///
    /// # Errors
    ///
    /// Returns what the desk says where they cannot be read or noted, [`DeskError::Damaged`] also where the
    /// log leaves some of them out as damaged.
    pub(super) fn next(&mut self) -> Result<Vec<Selected>, DeskError> {
        let left = self.total.saturating_sub(self.taken);
        let most = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        if most == 0 {
            return Ok(Vec::new());
        }
        let batch = self.selection.next_rows(most)?;
        if batch.is_empty() {
            // An answer says what it leaves out; a file that travels would not.
            let detail = format!("{left} entries of the export cannot be read; `verify` names them");
            return Err(DeskError::Damaged(detail));
        }
        self.taken += batch.len() as u64;
        let ids: Vec<EventId> = batch.iter().map(|selected| selected.entry.id).collect();
        (self.note)(&ids)?;
        Ok(batch)
    }

    /// Notes entries that leave beside those that were taken.
    ///
    /// # Errors
    ///
    /// As [`Taking::next`].
    pub(super) fn note(&mut self, ids: &[EventId]) -> Result<(), DeskError> {
        if ids.is_empty() { Ok(()) } else { (self.note)(ids) }
    }
}

/// Returns the entities of a kind that an entry brought into being, is about, or is linked to in a way that
/// enters their history, each once.
///
/// # Errors
///
/// Returns what the desk says where the log cannot be read.
pub(super) fn concerned(known: &Known, entry: &Entry, kind: EntityKind) -> Result<Vec<EntityId>, DeskError> {
    let Some(event) = &entry.event else { return Ok(Vec::new()) };
    let links = event.envelope.links.iter().filter(|link| link.relation.enters_history());
    let named = event.created(entry.id).into_iter().chain(event.envelope.about.iter().copied());
    let mut found: Vec<EntityId> = Vec::new();
    for id in named.chain(links.map(|link| link.target.into())) {
        if !found.contains(&id) && known.view.kind_of(id)? == Some(kind) {
            found.push(id);
        }
    }
    Ok(found)
}
