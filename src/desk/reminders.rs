//! Of what someone must be reminded now: answers that are overdue, and lines on which nobody answers.
//!
//! It is always about the log and the clock of now: whoever asks about a past moment reminds nobody.

pub mod ledger;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::desk::Desk;
use crate::desk::access::Rules;
use crate::desk::answer::board::{ChannelRow, DueRow};
use crate::desk::answer::reminder::{Cause, Reminder};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, DueAsk, When};
use crate::desk::channels;
use crate::desk::due;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::desk::reads::Read;
use crate::domain::channel::ChannelState;
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;

/// How many digits of a digest tell what someone is reminded of.
const KEY_DIGITS: usize = 32;

/// For whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RemindersAsk {
    /// What is marked above this level is not there, nor what it would have changed; everything without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

impl Desk {
    /// Returns of what someone must be reminded now: the longest overdue first, then the lines.
    ///
    /// # Errors
    ///
    /// As every question, and [`DeskError::Wrong`] for a level that is none.
    pub fn reminders(&self, ask: &RemindersAsk) -> Result<Answer<Page<Reminder>>, DeskError> {
        let (known, rows) = if let Some(level) = &ask.release {
            let known = self.known(&When::default())?;
            let outside = self.sights.outside(self.store.as_ref(), Rules::of(&known), level)?;
            let known = known.up_to(outside);
            let rows = due_outside(&known)?;
            (known, rows)
        } else {
            let known = self.known(&When::default())?;
            let rows = due::rows(&known, &DueAsk::default())?;
            (known, rows)
        };
        let mut items: Vec<Reminder> = rows.into_iter().filter_map(|row| overdue(&known, row)).collect();
        items.extend(unresponsive(&known)?);
        let total = items.len() as u64;
        Ok(known.answer(Page { items, next: None, total }))
    }

    /// Notes in the access log what is about to leave for `receiver`, where one is kept.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be noted: then it must not leave.
    pub fn note_reminded(&self, receiver: &str, events: Vec<EventId>) -> Result<(), DeskError> {
        if !self.logs_reads() {
            return Ok(());
        }
        let reader = Caller { actor: receiver.to_owned(), tz: None };
        let read = Read { asked: "notify".to_owned(), events, range: None };
        self.note_read(&reader, Some("reminder"), &read)
    }
}

/// Returns the answers that are due in the record as it is seen, each offer folded.
fn due_outside(known: &Known) -> Result<Vec<DueRow>, DeskError> {
    let mut standings = Standings::new(known);
    let mut rows = Vec::new();
    for overture in known.entities(EntityKind::Overture)? {
        let gathered = standings.gathered(overture)?;
        // An offer whose beginning is out of sight is none.
        if gathered.creation.is_some() && gathered.is_made(known) {
            rows.extend(standings.due(overture)?);
        }
        standings.let_go(overture);
    }
    rows.sort_by_key(|row| (row.due, row.overture.id));
    Ok(rows)
}

fn overdue(known: &Known, row: DueRow) -> Option<Reminder> {
    let due = row.due.filter(|_| row.overdue)?;
    let subject = EntityId::from(row.overture.id);
    Some(Reminder {
        key: key(known.log(), Cause::OvertureOverdue, subject, &row.kind, due),
        cause: Cause::OvertureOverdue,
        subject,
        kind: row.kind.clone(),
        due,
        overture: Some(row),
        channel: None,
    })
}

/// Returns the lines on which nobody answers, by name.
fn unresponsive(known: &Known) -> Result<Vec<Reminder>, DeskError> {
    let kind = ChannelState::Unresponsive.as_str();
    let mut lines: Vec<ChannelRow> = Vec::new();
    let ids = known.register.channels().map(|(id, _)| id);
    let ids: Vec<EntityId> = ids.filter(|id| channels::one::stands_for_itself(known, *id)).collect();
    for id in ids {
        if known.sees_channel(id)? {
            lines.extend(Some(channels::channel_row(known, id)?).filter(|row| row.state == kind));
        }
    }
    lines.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    let mut reminders = Vec::with_capacity(lines.len());
    for row in lines {
        let (_, intervals) = channels::intervals(known, row.id)?;
        let began = intervals.last().and_then(|interval| interval.from.as_ref());
        let due = began.map_or(Timestamp::MIN, |began| began.earliest);
        reminders.push(Reminder {
            key: key(known.log(), Cause::ChannelUnresponsive, row.id, kind, due),
            cause: Cause::ChannelUnresponsive,
            subject: row.id,
            kind: kind.to_owned(),
            due,
            overture: None,
            channel: Some(row),
        });
    }
    Ok(reminders)
}

/// Returns what tells a reminder from every other, in this log and all others.
fn key(log: &str, cause: Cause, subject: EntityId, kind: &str, due: Timestamp) -> String {
    let said = ("demarche/reminder/v1", log, cause, subject, kind, due.micros());
    let digest = Sha256::digest(serde_json::to_vec(&said).unwrap_or_default());
    HexHash(digest.into()).to_string().chars().take(KEY_DIGITS).collect()
}
