//! The entries of any filter, written as others read them: spreadsheets, calendars, feeds, event data, graphs.
//!
//! Every export says at which position of the log and by which query it was made, where its format has a place
//! for that, and the same query at the same position gives the same bytes: no clock is in it, only recorded
//! times. What was struck is left out unless the filter asks for it; a text that was removed is never in it.
//!
//! Invariant: whoever reads is noted before anything of an entry leaves, batch by batch.

mod about;
mod atom;
mod calendar;
mod cameo;
mod cloudevents;
mod csv;
mod format;
mod graph;
mod jsonl;
mod prov;
mod readings;
mod table;
mod taking;
mod xlsx;
mod xml;

use std::io::Write;

use crate::desk::Desk;
use crate::desk::ask::{ExportAsk, When};
use crate::desk::error::DeskError;

pub(crate) use csv::{guard, is_header, unguarded};
pub(crate) use format::Format;
pub(crate) use jsonl::is_line;
pub(crate) use taking::{Broke, Note};
pub(crate) use xlsx::CUT;
pub(crate) use xml::escaped;

use crate::desk::outgoing::about::About;
use crate::desk::outgoing::taking::Taking;

impl Desk {
    /// Writes the entries of a filter in a format to `out`.
    ///
    /// `note` is told of the entries of every batch before anything of them is written; where it fails,
    /// nothing of that batch leaves. `told` is told what a format has no room for, before anything of it is written.
    ///
    /// # Errors
    ///
    /// Returns [`Broke::Desk`] with what the desk says of the question, of the log, or of a selection that is
    /// larger than the format holds; [`Broke::Gone`] where `out` takes no more. The log is as it was.
    pub(crate) fn export_as(
        &self,
        when: &When,
        ask: &ExportAsk,
        format: Format,
        note: Note<'_>,
        told: &mut dyn FnMut(String),
        out: &mut dyn Write,
    ) -> Result<(), Broke> {
        let mut taking = Taking::begin(self, when, ask, format, note)?;
        let about = About::of(self, when, ask, &taking)?;
        match format {
            Format::Jsonl => jsonl::write(&mut taking, out),
            Format::Csv => csv::write(&mut taking, out),
            Format::Xlsx => xlsx::write(&mut taking, &about, told, out),
            Format::Ics => calendar::write(self, when, ask, &mut taking, &about, out),
            Format::Atom => atom::write(&mut taking, &about, out),
            Format::Cloudevents => cloudevents::write(&mut taking, &about, out),
            Format::Prov => prov::write(&mut taking, &about, out),
            Format::Cameo => cameo::write(&mut taking, out),
            Format::Gexf => graph::gexf(&mut taking, &about, out),
            Format::Graphml => graph::graphml(&mut taking, &about, out),
        }
    }

    /// Returns the name under which an export is best kept: that of the log, and the ending of the format.
    pub(crate) fn export_name(&self, format: Format) -> String {
        format!("{}{}", self.store.log_id(), format.ending())
    }
}

/// Returns an error of writing JSON; none of the shapes here gives cause to.
fn unwritable(error: &serde_json::Error) -> DeskError {
    DeskError::Unavailable(format!("the export cannot be written: {error}"))
}

#[cfg(test)]
mod tests;
