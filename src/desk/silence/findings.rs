//! Findings of silence: what was found, on what basis, and whether anything came after.

use std::sync::Arc;

use crate::desk::answer::entry::EntryRef;
use crate::desk::answer::silence::FindingRow;
use crate::desk::error::DeskError;
use crate::desk::filter::selection::reading;
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::desk::silence::Cell;
use crate::desk::silence::act::Act;
use crate::desk::silence::acts::Acts;
use crate::desk::silence::sides::Side;
use crate::domain::event::Event;
use crate::domain::fact::overture::Silence;
use crate::domain::fact::{EntityKind, Fact, Kind};
use crate::domain::id::EntityId;
use crate::domain::overture::answer::AnswerState;
use crate::domain::overture::days_between;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Directness, SilenceScope};
use crate::projections::newest::{NewestQuery, Test};
use crate::projections::timeline::Spot;

/// So many of the latest findings are told.
const FINDINGS_MAX: usize = 64;

/// Returns the latest findings that a side is silent towards the other, newest first; `removed` is how many entries about
/// the two had their text removed.
pub(super) fn findings(
    known: &Known,
    silent: &Side,
    towards: Option<&Side>,
    acts: &Acts,
    removed: u64,
) -> Result<Vec<FindingRow>, DeskError> {
    if silent.ids.is_empty() {
        return Ok(Vec::new());
    }
    let base = Test::All(vec![Test::Kind(vec![Kind::SilenceRecorded]), Test::From(silent.ids.clone())]);
    let query = NewestQuery {
        base,
        sought: vec![Test::All(Vec::new()).into()],
        since: i64::MIN,
        until: known.at.micros(),
        most: FINDINGS_MAX,
    };
    let found = known.view.newest(&query)?;
    let mut rows = Vec::new();
    let spots: Vec<Spot> = found.into_iter().flatten().collect();
    for (row, raw) in known.view.entries(&spots, None)? {
        let Some(entry) = reading(known, &row, raw)? else { continue };
        let Some(Event { fact: Fact::SilenceRecorded(silence), .. }) = &entry.event else { continue };
        // Whoever reports it may be of that side too: only who is silent counts.
        let theirs = silent.has(&silence.subject);
        let meant = silence.towards.is_empty() || towards.is_none_or(|side| side.has(&silence.towards));
        if theirs && meant {
            let mut told = told(known, &entry, silence, silent, acts, row.latest)?;
            if told.about.is_empty() {
                told.removed = removed;
            }
            rows.push(told);
        }
    }
    Ok(rows)
}

fn told(
    known: &Known,
    entry: &Entry,
    silence: &Silence,
    silent: &Side,
    acts: &Acts,
    found_at: Timestamp,
) -> Result<FindingRow, DeskError> {
    let overtures = overtures(known, entry)?;
    let (after, removed) = if overtures.is_empty() {
        (after(known, silence, acts, found_at)?, 0)
    } else {
        answer_after(known, &overtures, silence, silent)?
    };
    Ok(FindingRow {
        entry: known.recognised(entry)?,
        subject: known.all_named(&silence.subject)?,
        towards: known.all_named(&silence.towards)?,
        about: known.all_named(&overtures)?,
        basis: silence.basis.to_string(),
        scope: silence.scope.map(|scope| scope.to_string()),
        channels: known.all_named(&silence.channels)?,
        searched: silence.searched.clone(),
        since: silence.since.as_ref().map(Known::date),
        recorded_by: known.recorder(entry),
        days_ago: days_between(&known.zone, found_at.min(known.at), known.at),
        holds: after.is_none(),
        broken_by: after,
        removed,
    })
}

/// Returns the overtures that a finding is about.
fn overtures(known: &Known, entry: &Entry) -> Result<Vec<EntityId>, DeskError> {
    let Some(entry) = known.entry(entry.id)? else { return Ok(Vec::new()) };
    let Some(event) = &entry.event else { return Ok(Vec::new()) };
    let linked = entry.links().iter().filter(|link| link.relation.enters_history());
    let named = event.envelope.about.iter().copied().chain(linked.map(|link| EntityId::from(link.target)));
    let mut overtures = Vec::new();
    for id in named {
        if !overtures.contains(&id) && known.view.kind_of(id)? == Some(EntityKind::Overture) {
            overtures.push(id);
        }
    }
    Ok(overtures)
}

/// Returns what came after a finding of silence at large, within its scope and on its channels.
fn after(
    known: &Known,
    silence: &Silence,
    acts: &Acts,
    found_at: Timestamp,
) -> Result<Option<EntryRef>, DeskError> {
    let direct = silence.scope == Some(SilenceScope::DirectOnly);
    let cells: Vec<Cell> = if !silence.channels.is_empty() {
        silence.channels.iter().map(|channel| Cell::Channel(*channel)).collect()
    } else if direct {
        vec![Cell::Way(Some(Directness::Direct))]
    } else {
        vec![Cell::Any]
    };
    let in_scope =
        |act: &&Act| act.key.0 > found_at && (!direct || act.directness(known) == Some(Directness::Direct));
    let newest = cells.iter().filter_map(|cell| acts.newest.get(cell).map(Arc::as_ref)).filter(in_scope);
    newest.max_by_key(|act| act.key).map(|act| known.recognised(&act.entry)).transpose()
}

/// Returns the answer that came to an overture of which silence was found, and how many entries of their threads had their
/// text removed, which may have been one.
fn answer_after(
    known: &Known,
    overtures: &[EntityId],
    silence: &Silence,
    silent: &Side,
) -> Result<(Option<EntryRef>, u64), DeskError> {
    let direct = silence.scope == Some(SilenceScope::DirectOnly);
    let mut standings = Standings::new(known);
    let mut removed = 0;
    for overture in overtures {
        removed += standings.gathered(*overture)?.removed;
    }
    for overture in overtures {
        let standing = standings.of(*overture)?;
        let theirs = standing.replies.iter().filter(|reply| silent.is_end(known, &[reply.addressee]));
        for reply in theirs {
            let answered = if direct { reply.answered_directly } else { reply.state != AnswerState::None };
            if let (true, Some(entry)) = (answered, reply.entry) {
                let answer = known.entry(entry)?.map(|entry| known.recognised(&entry)).transpose()?;
                return Ok((answer, removed));
            }
        }
    }
    Ok((None, removed))
}
