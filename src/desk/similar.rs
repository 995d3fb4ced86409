//! What was said and done before in a like situation: entries that share kind, parties, topics and means with
//! one, and what came of them.

use std::collections::HashSet;

use crate::desk::Desk;
use crate::desk::answer::entry::SimilarRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{SimilarAsk, When};
use crate::desk::consequences;
use crate::desk::entries::one;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::thread::sides;
use crate::desk::token;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{Between, By, Direction, Order, TimelineQuery};

/// So many rows without a limit of the caller's.
const ROWS: u32 = 10;
/// So many entries of the same kinds between the same sides are compared, the newest first.
const COMPARED_MAX: usize = 2_000;

/// Returns the earlier entries most like one, the most alike first, and of those the newest.
///
/// Alike are entries of the same kind between the same sides; how much is counted: 4 for the same direction,
/// 3 for each topic that both have (9 at most), 2 for the same kind and not only the same family, 1 for each
/// of means, form, weight of the speaker, the very party that speaks and the very one that is spoken to. What is of the same thread is left out: it
/// is no other situation.
pub(super) fn similar(
    desk: &Desk,
    when: &When,
    handle: &str,
    ask: &SimilarAsk,
) -> Result<Answer<Page<SimilarRow>>, DeskError> {
    let known = desk.known(when)?;
    let limit = token::limit(ask.limit.or(Some(ROWS)))?;
    let id = known.event_named(handle)?;
    let entry = one(&known, id)?;
    let Some(event) = &entry.event else {
        return Err(DeskError::NotFound {
            what: format!("what `{}` says", handle.trim()),
            hints: vec!["its text was removed, so nothing can be told to be like it".to_owned()],
        });
    };
    let candidates = candidates(&known, &entry, event)?;
    if candidates.len() == COMPARED_MAX {
        known.notice(format!("only the newest {COMPARED_MAX} entries of its kind were compared"));
    }
    let own = threads(&known, &entry);
    let mut found: Vec<(Likeness, Entry)> = Vec::new();
    for candidate in candidates.into_iter().filter(|candidate| *candidate != id) {
        let Some(other) = known.entry(candidate)? else { continue };
        let Some(said) = &other.event else { continue };
        if threads(&known, &other).iter().any(|thread| own.contains(thread)) || own.contains(&other.id.into())
        {
            continue;
        }
        found.push((Likeness::of(&known, event, said), other));
    }
    // Stable: the newest of the same likeness stays first.
    found.sort_by_key(|(likeness, _)| std::cmp::Reverse(likeness.score));
    let total = found.len() as u64;
    found.truncate(limit);
    let rows = found.into_iter().map(|(likeness, other)| {
        Ok(SimilarRow {
            outcome: outcome(&known, &other)?,
            row: known.entry_row(&other)?,
            score: likeness.score,
            shares: likeness.shares,
        })
    });
    let items = rows.collect::<Result<Vec<_>, DeskError>>()?;
    Ok(known.answer(Page { items, next: None, total }))
}

/// Returns the newest entries of the same family of kinds between the same sides that came before an entry, or may have.
fn candidates(known: &Known, entry: &Entry, event: &Event) -> Result<Vec<EventId>, DeskError> {
    let family = event.kind().family();
    // What came after it was said is not what was said before.
    let until = entry.bounds(&known.zone).1.min(known.at);
    let (from, to) = (sides(known, &event.envelope.from), sides(known, &event.envelope.to));
    let kinds = crate::domain::fact::Kind::ALL.iter().copied().filter(|kind| kind.family() == family);
    let mut query = TimelineQuery {
        occurred: Some((Timestamp::MIN, until)),
        order: Order { by: By::Occurred, direction: Direction::Descending },
        limit: COMPARED_MAX,
        ..TimelineQuery::default()
    };
    query.kinds = kinds.collect::<Vec<_>>().into();
    match (from.is_empty(), to.is_empty()) {
        (true, true) => {}
        (false, true) => query.party = from.into(),
        (true, false) => query.party = to.into(),
        (false, false) => query.between = vec![Between::outright(from, to)].into(),
    }
    Ok(known.view.timeline(&query)?.rows.into_iter().map(|row| row.id).collect())
}

/// Returns the overtures, meetings and series to whose story an entry belongs.
fn threads(known: &Known, entry: &Entry) -> HashSet<EntityId> {
    let Some(event) = &entry.event else { return HashSet::new() };
    let linked = entry.links().iter().map(|link| EntityId::from(link.target));
    let of_story = |entity: &EntityId| {
        matches!(
            known.view.kind_of(*entity),
            Ok(Some(EntityKind::Overture | EntityKind::Meeting | EntityKind::Series))
        )
    };
    let named = event.envelope.about.iter().copied().chain(linked).filter(of_story);
    event.created(entry.id).into_iter().chain(named).collect()
}

/// What two entries share.
struct Likeness {
    score: u32,
    shares: Vec<String>,
}

impl Likeness {
    fn of(known: &Known, one: &Event, other: &Event) -> Self {
        let mut likeness = Self { score: 0, shares: Vec::new() };
        let (ours, theirs) = (&one.envelope, &other.envelope);
        if one.kind() == other.kind() {
            likeness.add(2, format!("kind {}", one.kind()));
        } else {
            likeness.add(0, format!("family {}", one.kind().family()));
        }
        let same_way = shared(&sides(known, &ours.from), &sides(known, &theirs.from));
        if !ours.from.is_empty() && same_way {
            likeness.add(4, "direction".to_owned());
        }
        let topics: Vec<&String> = ours.topics.iter().filter(|topic| theirs.topics.contains(topic)).collect();
        for topic in topics.iter().take(3) {
            likeness.add(3, format!("topic {topic}"));
        }
        likeness.compare_means(known, ours, theirs);
        likeness
    }

    fn compare_means(&mut self, known: &Known, ours: &Envelope, theirs: &Envelope) {
        if let Some(via) = ours.via.iter().find(|via| theirs.via.contains(via)) {
            let name = known.named(*via).map(|named| named.name).unwrap_or_default();
            self.add(1, format!("via {name}"));
        }
        if ours.form.is_some() && ours.form == theirs.form {
            self.add(1, "form".to_owned());
        }
        if ours.issuer_level.is_some() && ours.issuer_level == theirs.issuer_level {
            self.add(1, "weight of the speaker".to_owned());
        }
        for (word, ours, theirs) in [("from", &ours.from, &theirs.from), ("to", &ours.to, &theirs.to)] {
            if let Some(party) = ours.iter().find(|party| theirs.contains(party)) {
                let name = known.named(*party).map(|named| named.name).unwrap_or_default();
                self.add(1, format!("{word} {name}"));
            }
        }
    }

    fn add(&mut self, score: u32, what: String) {
        self.score += score;
        self.shares.push(what);
    }
}

fn shared(one: &[EntityId], other: &[EntityId]) -> bool {
    one.iter().any(|id| other.contains(id))
}

/// Returns what came of an entry: where stands what it brought into being or was about.
fn outcome(known: &Known, entry: &Entry) -> Result<Vec<String>, DeskError> {
    let Some(event) = &entry.event else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for entity in consequences::touched(known, entry.id, event)? {
        let is_story = matches!(
            known.view.kind_of(entity)?,
            Some(EntityKind::Overture | EntityKind::Meeting | EntityKind::Series)
        );
        if !is_story {
            continue;
        }
        match consequences::standing(known, entity) {
            Ok(Some(standing)) => lines.push(format!("{}: {}", standing.name, standing.words)),
            Ok(None) | Err(DeskError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::overtures::tests::{Talks, called, when};
    use crate::domain::fact::Kind;
    use serde_json::json;

    #[test]
    fn the_most_alike_come_first_with_what_came_of_them_and_the_own_thread_is_left_out() {
        let (talks, offer) = Talks::seed();
        let told = |name: &str, from, to, kind: Kind, topics: &[&str]| {
            let topics = topics.iter().map(ToString::to_string).collect();
            let envelope = Envelope { from: vec![from], to: vec![to], topics, ..called(name, "2018-01-02") };
            talks.fixture.add(envelope, kind.decode(&json!({}).to_string()).unwrap())
        };
        let same = told("same", talks.mnd, talks.prk, Kind::OvertureProposed, &[]);
        talks.on(same, "yes", "2018-01-05", Kind::ResponseAccepted, talks.prk);
        told("other way", talks.prk, talks.mnd, Kind::OvertureProposed, &[]);
        told("a remark", talks.mnd, talks.prk, Kind::StatementPublic, &[]);
        talks.on(offer, "again", "2025-12-05", Kind::OvertureReiterated, talks.mnd);
        let ask = SimilarAsk::default();
        let rows = talks.fixture.desk.similar(&when("2026-12-31"), "ik-147", &ask).unwrap().data;
        let names: Vec<&str> = rows.items.iter().map(|row| row.row.entry.handle.as_str()).collect();
        // What came later, ik-149, is left out.
        assert_eq!(names, ["same", "other way"]);
        assert!(rows.items[0].outcome[0].contains("accepted"), "{:?}", rows.items[0]);
        assert!(rows.items[0].shares.contains(&"direction".to_owned()), "{:?}", rows.items[0]);
        assert!(rows.items.iter().is_sorted_by_key(|row| std::cmp::Reverse(row.score)));
        let one = SimilarAsk { limit: Some(1) };
        let page = talks.fixture.desk.similar(&when("2026-12-31"), "ik-147", &one).unwrap().data;
        assert_eq!((page.items.len(), page.total), (1, 2));
        let later = talks.fixture.desk.similar(&when("2026-12-31"), "ik-149", &ask).unwrap().data;
        assert!(later.items.iter().any(|row| row.row.entry.handle == "ik-147"), "{later:?}");
        let before = talks.fixture.desk.similar(&when("2017-12-31"), "ik-147", &ask).unwrap().data;
        assert!(before.items.is_empty(), "what had not happened is not like anything");
    }
}
