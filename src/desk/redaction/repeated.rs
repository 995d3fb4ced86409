//! A removal that was recorded before, asked for again.

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::redaction::{Redacted, RemovedRow};
use crate::desk::ask::{Caller, RedactAsk, When};
use crate::desk::entries;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::recording::row;
use crate::desk::redaction::{texts, unfinished};
use crate::desk::writing::other_content;
use crate::domain::fact::{Fact, record};
use crate::domain::id::EventId;
use crate::store::Receipt;

impl Desk {
    /// Answers a removal that was recorded before, if it is of the same entry on the same basis, and
    /// finishes it where it is not.
    pub(super) fn redacted_before(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &RedactAsk,
        receipt: &Receipt,
    ) -> Result<Answer<Redacted>, DeskError> {
        self.finish_removals().map_err(|error| unfinished(receipt.request, &error))?;
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let id = known.event_named(handle)?;
        let records = records(&known, receipt)?;
        let own = records.iter().find(|(_, _, record)| record.target == id);
        let Some((_, _, own)) = own.filter(|(_, _, record)| record.basis == ask.basis.trim()) else {
            return Err(other_content(receipt.request));
        };
        let entry = entries::one(&known, id)?;
        let mut removed = Vec::with_capacity(records.len());
        for (by, by_position, record) in &records {
            let Some(raw) = known.view.event(record.target)? else { continue };
            removed.push(RemovedRow {
                id: raw.id,
                position: raw.position,
                what: if raw.id == id { "the entry" } else { "what repeated it" }.to_owned(),
                instead: record.replacement.as_ref().map(|reading| reading.get().to_owned()),
                by: Some(*by),
                by_position: Some(*by_position),
            });
        }
        let raw = known.view.event(id)?;
        let (stays, stays_total) =
            raw.map_or_else(|| Ok((Vec::new(), 0)), |raw| texts::staying(&known, &raw))?;
        let receipt = Receipt { repeated: true, ..receipt.clone() };
        Ok(known.answer(Redacted {
            entry: known.recognised(&entry)?,
            position: entry.position,
            basis: own.basis.clone(),
            approvals: entries::approvals(&known, own),
            removed,
            stays,
            stays_total,
            doubtful: Vec::new(),
            registered: Vec::new(),
            receipt: Some(row(&receipt)),
        }))
    }
}

/// Returns the removals of a submission, each with its event and place.
fn records(known: &Known, receipt: &Receipt) -> Result<Vec<(EventId, u64, record::Redacted)>, DeskError> {
    let mut records = Vec::new();
    for (position, id) in (receipt.first..).zip(&receipt.ids) {
        if let Some(Fact::RecordRedacted(record)) =
            known.view.event(*id)?.and_then(|raw| raw.event).map(|event| event.fact)
        {
            records.push((*id, position, record));
        }
    }
    Ok(records)
}
