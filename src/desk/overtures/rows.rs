//! An overture as a row of a list.

use crate::desk::answer::board::{AnswerRow, DueRow, OvertureRow, SettledRow, UnansweredRow};
use crate::desk::answer::entry::{AnomalyRow, EntryRef};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::standings::{Gathered, Standings};
use crate::desk::overtures::words::Words;
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::answer::Reply;
use crate::domain::overture::effect::Remark;
use crate::domain::overture::status::Unanswered;
use crate::domain::wording;
use crate::domain::words::{Basis, SilenceScope};

/// What is said where no deadline of any kind is recorded.
const NOTHING_SAYS: &str = "nothing says by when";

/// The delivery and the currency of an offer whose entry was struck, as its status.
const UNKNOWN: &str = "unknown";

impl Standings<'_> {
    /// Returns where an overture stands, as lists show it.
    pub(crate) fn row(&mut self, overture: EntityId) -> Result<OvertureRow, DeskError> {
        let standing = self.of(overture)?;
        let gathered = self.gathered(overture)?;
        let known = self.known;
        let words = Words { known, gathered: &gathered };
        let replies = standing.replies.iter();
        let answers =
            replies.map(|reply| answer_row(&words, &standing, reply)).collect::<Result<Vec<_>, _>>()?;
        let anomalies = standing.anomalies.iter().map(|anomaly| {
            Ok(AnomalyRow {
                entry: entry_ref(known, &gathered, anomaly.entry)?,
                expected: anomaly.expected.clone(),
                found: anomaly.found.clone(),
            })
        });
        let anomalies = anomalies.collect::<Result<Vec<_>, DeskError>>()?;
        let remarks = standing.remarks.iter().map(|remark: &Remark| words.remark(remark));
        let mut remarks = remarks.collect::<Result<Vec<_>, _>>()?;
        remarks.extend(words.removed());
        let event = gathered.creation.as_ref().and_then(|entry| entry.event.as_ref());
        // A struck offer was neither issued nor does it stand: what it says stays readable, and no more.
        let struck = gathered.creation.as_ref().filter(|entry| entry.struck).and(event);
        let (proposer, addressees, via) = match struck.map(|event| &event.envelope) {
            Some(said) => (said.from.clone(), said.to.clone(), said.via.clone()),
            None => (standing.proposer.clone(), standing.addressees(), standing.via.clone()),
        };
        let unless_struck = |word: String| if struck.is_some() { UNKNOWN.to_owned() } else { word };
        let (least, age_days) = standing.age_days(&known.zone, known.at).unzip();
        let age_days = age_days.flatten();
        let age_days_min = least.filter(|_| least != age_days);
        Ok(OvertureRow {
            id: overture,
            handle: Known::handle(EventId::from_uuid(*overture.as_uuid()), event),
            summary: summary(known, &gathered, &standing),
            proposer: known.all_named(&proposer)?,
            addressees: known.all_named(&addressees)?,
            via: known.all_named(&via)?,
            issued: standing.issued.as_ref().map(Known::date),
            age_days,
            age_days_min,
            status: standing.status.to_string(),
            possibly: standing.remarks.iter().any(|remark| matches!(remark, Remark::Possibly(_))),
            open: standing.open,
            basis: words.basis(&standing)?,
            unanswered: standing.unanswered.as_ref().map(|why| unanswered_row(&words, why)).transpose()?,
            delivery: unless_struck(standing.delivery.to_string()),
            delivery_inferred: standing.delivery_inferred,
            currency: unless_struck(standing.currency.to_string()),
            answers,
            reiterations: standing.reiterations.count,
            last_reiterated: standing.reiterations.last_date.as_ref().map(Known::date),
            due: Some(due_row(&words, overture, &standing)?).filter(|due| due.due.is_some()),
            anomalies,
            removed: gathered.removed,
            remarks,
        })
    }

    /// Returns by when an answer is due, or that nothing says; none where the overture is not open.
    pub(crate) fn due(&mut self, overture: EntityId) -> Result<Option<DueRow>, DeskError> {
        let standing = self.of(overture)?;
        let gathered = self.gathered(overture)?;
        let words = Words { known: self.known, gathered: &gathered };
        standing.open.then(|| due_row(&words, overture, &standing)).transpose()
    }
}

/// Tells whether an answer came over another channel than the one on which it was asked for, or, where none
/// was named, than those that carried the offer.
pub(crate) fn by_other_channel(standing: &OvertureStanding, reply: &Reply) -> bool {
    let asked = standing.terms.offer.reply_via;
    let expected: Vec<EntityId> = asked.map_or_else(|| standing.via.clone(), |via| vec![via]);
    let apart = !reply.via.iter().any(|via| expected.contains(via));
    !reply.via.is_empty() && !expected.is_empty() && apart
}

fn answer_row(words: &Words<'_>, standing: &OvertureStanding, reply: &Reply) -> Result<AnswerRow, DeskError> {
    let entry = reply.entry.map(|id| entry_ref(words.known, words.gathered, id)).transpose()?;
    let settled = reply.settled.as_ref().map(|through| {
        Ok::<_, DeskError>(SettledRow {
            counter: words.known.named(through.counter)?,
            entry: entry_ref(words.known, words.gathered, through.entry)?,
            latency_days: through.days,
        })
    });
    Ok(AnswerRow {
        party: words.known.named(reply.addressee)?,
        answer: reply.state.to_string(),
        settled: settled.transpose()?,
        status: reply.status.to_string(),
        basis: reply.unanswered.as_ref().map(|unanswered| words.unanswered(unanswered)).transpose()?,
        authority: reply.authority.map(|authority| authority.to_string()),
        directness: reply.directness.map(|directness| directness.to_string()),
        entry,
        latency_days: reply.latency_days,
        late: reply.late.is_some(),
        late_against: reply.late.as_ref().map(|late| words.against(late)).transpose()?,
        via: words.known.all_named(&reply.via)?,
        other_channel: by_other_channel(standing, reply),
        doubtful: reply.is_doubtful(),
        contrary: reply.contrary.map(|(_, id)| entry_ref(words.known, words.gathered, id)).transpose()?,
        conduct: reply
            .conduct
            .iter()
            .map(|id| entry_ref(words.known, words.gathered, *id))
            .collect::<Result<_, _>>()?,
        unanswered: reply.unanswered.as_ref().map(|why| unanswered_row(words, why)).transpose()?,
    })
}

/// Returns on what "unanswered" rests: basis, scope, what was searched, as of when, and who recorded it.
fn unanswered_row(words: &Words<'_>, why: &Unanswered) -> Result<UnansweredRow, DeskError> {
    let known = words.known;
    let entry = |id: EventId| entry_ref(known, words.gathered, id);
    Ok(match why {
        Unanswered::Found(finding) => UnansweredRow {
            basis: finding.basis.to_string(),
            addressees: known.all_named(&finding.addressees)?,
            scope: finding.scope.map(|scope| scope.to_string()),
            channels: known.all_named(&finding.channels)?,
            searched: finding.searched.clone(),
            as_of: finding.as_of.as_ref().map(Known::date),
            entry: entry(finding.entry)?,
            recorded_by: words.gathered.entry(finding.entry).map(|entry| known.recorder(entry)),
        },
        Unanswered::WindowOver { addressees, basis, rule, as_of, .. } => UnansweredRow {
            basis: basis.to_string(),
            addressees: known.all_named(addressees)?,
            scope: Some(SilenceScope::Any.to_string()),
            channels: Vec::new(),
            searched: vec![words.searched()],
            as_of: Some(Known::date(&Occurred::from_instant(known.zone.local(*as_of)))),
            entry: entry(*rule)?,
            recorded_by: None,
        },
    })
}

/// Returns by when an answer was asked for. Only an open overture awaits one, and only of those who have said neither yes
/// nor no.
fn due_row(words: &Words<'_>, overture: EntityId, standing: &OvertureStanding) -> Result<DueRow, DeskError> {
    let window = standing.window.as_ref();
    let awaits = |reply: &&Reply| standing.open && reply.effective().leaves_open();
    let awaited: Vec<EntityId> =
        standing.replies.iter().filter(awaits).map(|reply| reply.addressee).collect();
    Ok(DueRow {
        overture: entry_ref(words.known, words.gathered, EventId::from_uuid(*overture.as_uuid()))?,
        addressees: words.known.all_named(&awaited)?,
        due: window.map(|window| window.due),
        words: window.map_or_else(|| NOTHING_SAYS.to_owned(), |window| words.moment(window.due)),
        basis: window.map_or_else(|| Ok("none".to_owned()), |window| words.due_basis(window))?,
        kind: window.map_or(Basis::None, |window| window.basis).to_string(),
        overdue: standing.open && window.is_some_and(|window| window.is_over(words.known.at)),
        remarks: words.removed().into_iter().collect(),
    })
}

fn summary(known: &Known, gathered: &Gathered, standing: &OvertureStanding) -> String {
    match gathered.creation.as_ref().and_then(|entry| entry.event.as_ref()) {
        None => "(the text was removed)".to_owned(),
        Some(event) => event
            .envelope
            .summary
            .clone()
            .or_else(|| standing.terms.offer.terms.clone())
            .unwrap_or_else(|| wording::words_of(event, &[], &known.zone)),
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
