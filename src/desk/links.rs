//! On what an entry bears and what bears on it: assertions, each with who made it, how sure, and what became
//! of it.

use serde_json::Value;

use crate::desk::Desk;
use crate::desk::answer::entry::{BearingRow, Direction, LinkRow, WithdrawalRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{LinksAsk, When};
use crate::desk::entries::{is_struck, one};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::record::Linked;
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::link::{Confidence, Link, Relation};
use crate::domain::reading::{Entry, RawEvent};

/// Returns every assertion that an entry bears on another or another on it, those that were taken back last; none of what
/// had not happened at the moment asked about.
pub(super) fn links(
    desk: &Desk,
    when: &When,
    handle: &str,
    ask: &LinksAsk,
) -> Result<Answer<Page<BearingRow>>, DeskError> {
    let known = desk.known(when)?;
    let relation = ask.relation.as_deref().map(relation_named).transpose()?;
    let id = known.event_named(handle)?;
    let entry = one(&known, id)?;
    let mut items = Vec::new();
    for (direction, source, link) in bearings(&known, &entry)? {
        if relation.is_none_or(|relation| link.relation == relation) {
            items.extend(bearing(&known, direction, &source, &link)?);
        }
    }
    // Stable: what holds stays in the order in which it was found.
    items.sort_by_key(|row| row.withdrawn.is_some());
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}

/// Returns the relation of a word.
fn relation_named(typed: &str) -> Result<Relation, DeskError> {
    let word = typed.trim().replace('-', "_");
    serde_json::from_value(Value::String(word)).map_err(|_| {
        let words: Vec<&str> = Relation::ALL.iter().map(|relation| relation.as_str()).collect();
        let detail = format!("`{typed}` is no relation between entries; write one of {}", words.join(", "));
        Fault::in_field("as", detail).into()
    })
}

/// Returns every link that an entry has or had, then every one that others have or had to it, each with the
/// entry whose it is.
fn bearings(known: &Known, entry: &Entry) -> Result<Vec<(Direction, Entry, Link)>, DeskError> {
    let mut found: Vec<(Direction, Entry, Link)> = Vec::new();
    for link in ever_asserted(entry, &known.view.corrections(entry.id)?) {
        found.push((Direction::To, entry.clone(), link));
    }
    for source in sources_of(known, entry.id)? {
        let Some(source) = known.entry(source)? else { continue };
        for link in ever_asserted(&source, &known.view.corrections(source.id)?) {
            if link.target == entry.id {
                found.push((Direction::From, source.clone(), link));
            }
        }
    }
    Ok(found)
}

/// Returns the links that an entry has as it reads, then those that were asserted apart from it and no longer
/// hold.
fn ever_asserted(entry: &Entry, corrections: &[RawEvent]) -> Vec<Link> {
    let mut links: Vec<Link> = entry.links().to_vec();
    for raw in corrections {
        if let Some(Event { fact: Fact::RecordLinked(linked), .. }) = &raw.event
            && linked.source == entry.id
            && !links.iter().any(|link| is_same(link, &linked.link))
        {
            links.push(linked.link.clone());
        }
    }
    links
}

/// Tells whether two links say the same of the same entry, however sure.
fn is_same(one: &Link, other: &Link) -> bool {
    (one.relation, one.target) == (other.relation, other.target)
}

fn bearing(
    known: &Known,
    direction: Direction,
    source: &Entry,
    link: &Link,
) -> Result<Option<BearingRow>, DeskError> {
    let other = match direction {
        Direction::To => target(known, link.target)?,
        Direction::From => Some(source.clone()),
    };
    // What was yet to come bears on nothing.
    let Some(other) = other.filter(|other| other.bounds(&known.zone).0 <= known.at) else { return Ok(None) };
    let corrections = known.view.corrections(source.id)?;
    let holds = entry_has(source, link);
    let assertion = last_said(known, &corrections, link, false)?;
    let withdrawal = if holds { None } else { last_said(known, &corrections, link, true)? };
    let actor = assertion.as_ref().map_or(source.actor, |raw| raw.actor);
    Ok(Some(BearingRow {
        direction,
        row: row(known, link, &other, actor)?,
        recorded_at: assertion.as_ref().map_or(source.at, |raw| raw.at),
        reason: assertion.as_ref().and_then(reason),
        struck: source.struck,
        withdrawn: withdrawal.map(|raw| WithdrawalRow {
            by: known.recorder_named(raw.actor),
            recorded_at: raw.at,
            reason: reason(&raw),
        }),
    }))
}

fn entry_has(entry: &Entry, link: &Link) -> bool {
    entry.links().iter().any(|own| is_same(own, link))
}

/// Returns the last record, of those that were not struck, that asserts a link or takes it back.
fn last_said(
    known: &Known,
    corrections: &[RawEvent],
    link: &Link,
    withdrawn: bool,
) -> Result<Option<RawEvent>, DeskError> {
    for raw in corrections.iter().rev() {
        let Some(Event { fact: Fact::RecordLinked(linked), .. }) = &raw.event else { continue };
        let Linked { link: said, withdrawn: taken_back, .. } = linked;
        if is_same(said, link)
            && *taken_back == withdrawn
            && !is_struck(raw.id, &known.view.corrections(raw.id)?)
        {
            return Ok(Some(raw.clone()));
        }
    }
    Ok(None)
}

fn reason(raw: &RawEvent) -> Option<String> {
    raw.event.as_ref().and_then(|event| event.envelope.reason.clone())
}

/// Returns the entries on which this one bears.
pub(super) fn linked_to(known: &Known, entry: &Entry) -> Result<Vec<LinkRow>, DeskError> {
    let corrections = known.view.corrections(entry.id)?;
    let mut rows = Vec::new();
    for link in entry.links() {
        if let Some(other) = target(known, link.target)? {
            rows.push(row(known, link, &other, asserted(entry, link, &corrections))?);
        }
    }
    Ok(rows)
}

/// Returns the entries that bear on this one, in the order of the log; struck ones no longer do.
pub(super) fn linked_from(known: &Known, id: EventId) -> Result<Vec<LinkRow>, DeskError> {
    let sources = sources_of(known, id)?;
    let mut found = Vec::new();
    for source in sources {
        if let Some(entry) = known.entry(source)?.filter(|entry| !entry.struck) {
            found.push((entry, known.view.corrections(source)?));
        }
    }
    found.sort_by_key(|(entry, _)| entry.position);
    let mut rows = Vec::new();
    for (entry, corrections) in &found {
        for link in entry.links().iter().filter(|link| link.target == id) {
            rows.push(row(known, link, entry, asserted(entry, link, corrections))?);
        }
    }
    Ok(rows)
}

/// Returns the entries that bear on one, or did, in the order in which the record first says so.
fn sources_of(known: &Known, id: EventId) -> Result<Vec<EventId>, DeskError> {
    let mut sources: Vec<EventId> = Vec::new();
    for raw in known.history(EntityId::from(id))? {
        let Some(event) = &raw.event else { continue };
        let bears = |links: &[Link]| links.iter().any(|link| link.target == id);
        #[expect(clippy::wildcard_enum_match_arm, reason = "other facts are linked by their envelope alone")]
        let source = match &event.fact {
            Fact::RecordLinked(linked) => (linked.link.target == id).then_some(linked.source),
            Fact::RecordAmended(amended) => {
                let reading = Event::decode(crate::domain::event::SCHEMA, amended.reading.get());
                reading.is_ok_and(|reading| bears(&reading.envelope.links)).then_some(amended.target)
            }
            _ => bears(&event.envelope.links).then_some(raw.id),
        };
        if let Some(source) = source.filter(|source| !sources.contains(source)) {
            sources.push(source);
        }
    }
    Ok(sources)
}

/// Returns an entry that a link points at, a correction or a registration too.
fn target(known: &Known, id: EventId) -> Result<Option<Entry>, DeskError> {
    match one(known, id) {
        Ok(entry) => Ok(Some(entry)),
        Err(DeskError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns who recorded a link: whoever asserted it last apart from its entry, else whoever recorded that.
fn asserted(entry: &Entry, link: &Link, corrections: &[RawEvent]) -> ActorId {
    let assertion = corrections.iter().rev().find(|raw| {
        matches!(&raw.event, Some(Event { fact: Fact::RecordLinked(linked), .. })
            if !linked.withdrawn && linked.link == *link)
    });
    assertion.map_or(entry.actor, |raw| raw.actor)
}

fn row(known: &Known, link: &Link, other: &Entry, actor: ActorId) -> Result<LinkRow, DeskError> {
    let confidence = match link.confidence {
        Confidence::Unstated => None,
        Confidence::Low => Some("low".to_owned()),
        Confidence::Medium => Some("medium".to_owned()),
        Confidence::High => Some("high".to_owned()),
    };
    Ok(LinkRow {
        relation: link.relation.as_str().to_owned(),
        entry: Known::entry_ref(other),
        confidence,
        asserted_by: match link.asserted_by {
            Some(party) => known.named(party)?.name,
            None => known.recorder_named(actor),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::overtures::tests::{Talks, called, when};
    use crate::domain::event::Envelope;
    use crate::domain::fact::Kind;

    fn links(talks: &Talks, handle: &str, relation: Option<&str>) -> Result<Vec<BearingRow>, DeskError> {
        links_at(talks, "2026-12-31", handle, relation)
    }

    fn links_at(
        talks: &Talks,
        at: &str,
        handle: &str,
        relation: Option<&str>,
    ) -> Result<Vec<BearingRow>, DeskError> {
        let ask = LinksAsk { relation: relation.map(str::to_owned) };
        Ok(talks.fixture.desk.links(&when(at), handle, &ask)?.data.items)
    }

    fn words(row: &BearingRow) -> (Direction, &str, &str, bool) {
        (row.direction, &row.row.relation, &row.row.entry.handle, row.withdrawn.is_some())
    }

    fn told(rows: &[BearingRow]) -> Vec<(Direction, &str, &str, bool)> {
        rows.iter().map(words).collect()
    }

    #[test]
    fn an_assertion_that_was_taken_back_stays_with_its_reason() {
        let (talks, offer) = Talks::seed();
        let remark = talks.fixture.event(
            Kind::StatementPublic,
            Envelope { from: vec![talks.prk], ..called("remark", "2025-12-05") },
        );
        let link = Link { confidence: Confidence::Low, ..Link::new(Relation::Answers, offer) };
        let assert = |withdrawn, reason: &str| {
            let fact = Fact::RecordLinked(Linked { source: remark, link: link.clone(), withdrawn });
            let envelope = Envelope {
                about: vec![offer.into()],
                reason: Some(reason.to_owned()),
                ..Envelope::default()
            };
            talks.fixture.add(envelope, fact);
        };
        assert(false, "the same words");
        let rows = links(&talks, "remark", None).unwrap();
        assert_eq!(told(&rows), [(Direction::To, "answers", "ik-147", false)]);
        assert_eq!(rows[0].row.confidence.as_deref(), Some("low"));
        assert_eq!(rows[0].reason.as_deref(), Some("the same words"));
        assert(true, "it was about the drill");
        let rows = links(&talks, "ik-147", Some("answers")).unwrap();
        assert_eq!(told(&rows), [(Direction::From, "answers", "remark", true)]);
        let withdrawn = rows[0].withdrawn.as_ref().unwrap();
        assert_eq!(withdrawn.reason.as_deref(), Some("it was about the drill"));
        // On the day before the remark nothing answered.
        assert!(links_at(&talks, "2025-12-04", "ik-147", Some("answers")).unwrap().is_empty());
        assert_eq!(links_at(&talks, "2025-12-05", "ik-147", Some("answers")).unwrap().len(), 1);
        assert!(links(&talks, "ik-147", Some("replies")).is_err());
        assert!(links(&talks, "ik-147", Some("contradicts")).unwrap().is_empty());
    }
}
