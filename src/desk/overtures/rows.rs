//! An overture as a row of a list.

use crate::desk::answer::board::{AnswerRow, DueRow, OvertureRow};
use crate::desk::answer::entry::{AnomalyRow, EntryRef};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::standings::{Gathered, Standings};
use crate::desk::overtures::words::Words;
use crate::domain::id::{EntityId, EventId};
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::answer::Reply;
use crate::domain::overture::effect::Remark;
use crate::domain::wording;

impl Standings<'_> {
    /// Returns where an overture stands, as lists show it.
    pub(crate) fn row(&mut self, overture: EntityId) -> Result<OvertureRow, DeskError> {
        let standing = self.of(overture)?;
        let gathered = self.gathered(overture)?;
        let known = self.known;
        let words = Words { known, gathered: &gathered };
        let replies = standing.replies.iter();
        let answers = replies.map(|reply| answer_row(&words, reply)).collect::<Result<Vec<_>, _>>()?;
        let anomalies = standing.anomalies.iter().map(|anomaly| {
            Ok(AnomalyRow {
                entry: entry_ref(known, &gathered, anomaly.entry)?,
                expected: anomaly.expected.clone(),
                found: anomaly.found.clone(),
            })
        });
        let anomalies = anomalies.collect::<Result<Vec<_>, DeskError>>()?;
        let remarks = standing.remarks.iter().map(|remark: &Remark| words.remark(remark));
        let remarks = remarks.collect::<Result<Vec<_>, _>>()?;
        let event = gathered.creation.as_ref().and_then(|entry| entry.event.as_ref());
        Ok(OvertureRow {
            id: overture,
            handle: Known::handle(EventId::from_uuid(*overture.as_uuid()), event),
            summary: summary(&gathered, &standing),
            proposer: known.all_named(&standing.proposer)?,
            addressees: known.all_named(&standing.addressees())?,
            via: known.all_named(&standing.via)?,
            issued: standing.issued.as_ref().map(Known::date),
            age_days: standing.age_days(&known.zone, known.at),
            status: standing.status.to_string(),
            open: standing.open,
            basis: words.basis(&standing)?,
            delivery: standing.delivery.to_string(),
            delivery_inferred: standing.delivery_inferred,
            currency: standing.currency.to_string(),
            answers,
            reiterations: standing.reiterations.count,
            last_reiterated: standing.reiterations.last_date.as_ref().map(Known::date),
            due: due_row(&words, overture, &standing)?,
            anomalies,
            remarks,
        })
    }

    /// Returns by when an answer is due; none where the overture is not open, or nothing says.
    pub(crate) fn due(&mut self, overture: EntityId) -> Result<Option<DueRow>, DeskError> {
        let standing = self.of(overture)?;
        let gathered = self.gathered(overture)?;
        due_row(&Words { known: self.known, gathered: &gathered }, overture, &standing)
    }
}

fn answer_row(words: &Words<'_>, reply: &Reply) -> Result<AnswerRow, DeskError> {
    let said_by = reply.settled.as_ref().map(|through| through.entry).or(reply.entry);
    let entry = said_by.map(|id| entry_ref(words.known, words.gathered, id)).transpose()?;
    Ok(AnswerRow {
        party: words.known.named(reply.addressee)?,
        answer: reply.effective().to_string(),
        status: reply.status.to_string(),
        basis: reply.unanswered.as_ref().map(|unanswered| words.unanswered(unanswered)).transpose()?,
        authority: reply.authority.map(|authority| authority.to_string()),
        directness: reply.directness.map(|directness| directness.to_string()),
        entry,
        latency_days: reply.latency_days,
        late: reply.late,
    })
}

/// Only an open overture awaits an answer, and only of those who have said neither yes nor no.
fn due_row(
    words: &Words<'_>,
    overture: EntityId,
    standing: &OvertureStanding,
) -> Result<Option<DueRow>, DeskError> {
    let Some(window) = standing.window.as_ref().filter(|_| standing.open) else { return Ok(None) };
    let awaited: Vec<EntityId> = standing
        .replies
        .iter()
        .filter(|reply| reply.effective().leaves_open())
        .map(|reply| reply.addressee)
        .collect();
    Ok(Some(DueRow {
        overture: entry_ref(words.known, words.gathered, EventId::from_uuid(*overture.as_uuid()))?,
        addressees: words.known.all_named(&awaited)?,
        due: window.due,
        words: words.moment(window.due),
        basis: words.due_basis(window)?,
        overdue: window.is_over(words.known.at),
    }))
}

fn summary(gathered: &Gathered, standing: &OvertureStanding) -> String {
    match gathered.creation.as_ref().and_then(|entry| entry.event.as_ref()) {
        None => "(the text was removed)".to_owned(),
        Some(event) => event
            .envelope
            .summary
            .clone()
            .or_else(|| standing.terms.offer.terms.clone())
            .unwrap_or_else(|| wording::words_of(event, &[])),
    }
}

/// Returns enough of an entry to recognise it.
pub(crate) fn entry_ref(known: &Known, gathered: &Gathered, id: EventId) -> Result<EntryRef, DeskError> {
    if let Some(entry) = gathered.entry(id) {
        return Ok(Known::entry_ref(entry));
    }
    Ok(match known.entry(id)? {
        Some(entry) => Known::entry_ref(&entry),
        None => EntryRef { id, handle: Known::handle(id, None), kind: None, date: None, summary: None },
    })
}
