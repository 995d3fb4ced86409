//! Where sources contradict each other on an entry, and which reading the desk chose.

use crate::desk::Desk;
use crate::desk::answer::brief::{ClaimRow, ClaimsRow};
use crate::desk::answer::entry::LinkRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{ConflictsAsk, When};
use crate::desk::entries::one;
use crate::desk::error::DeskError;
use crate::desk::filter::selection::selected;
use crate::desk::filter::{self, Selected};
use crate::desk::known::Known;
use crate::desk::links::{linked_from, linked_to};
use crate::desk::timeline::begins;
use crate::desk::token::{self, Question};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::link::Relation;
use crate::domain::reading::Entry;
use crate::domain::source::{Grade, Source};
use crate::projections::timeline::{By, Direction, Order, TimelineQuery};

/// Returns the claims on which one entry rests.
pub(super) fn claims(desk: &Desk, when: &When, handle: &str) -> Result<Answer<Page<ClaimsRow>>, DeskError> {
    let known = desk.known(when)?;
    let entry = one(&known, known.event_named(handle)?)?;
    let row = of(&known, &entry)?;
    Ok(known.answer(Page { items: vec![row], next: None, total: 1 }))
}

const AS_IT_HAPPENED: Order = Order { by: By::Occurred, direction: Direction::Ascending };

/// Returns the entries of a filter on which sources or entries contradict each other, in the order of the world,
/// a page at a time.
///
/// The total counts what the index holds of them: an assertion that was taken back counts there, and is not shown.
pub(super) fn conflicts(
    desk: &Desk,
    when: &When,
    ask: &ConflictsAsk,
) -> Result<Answer<Page<ClaimsRow>>, DeskError> {
    let question = Question::of("conflicts", when, &ConflictsAsk { limit: None, after: None, ..ask.clone() });
    let limit = token::limit(ask.limit)?;
    let (asked, after) = begins(desk, &question, ask.after.as_deref(), AS_IT_HAPPENED)?;
    let known = desk.known_when_asked(when, asked)?;
    let query = TimelineQuery {
        contested_only: true,
        // That one entry contradicts another may be asserted apart from both.
        bookkeeping: true,
        order: AS_IT_HAPPENED,
        after,
        limit,
        ..filter::query(&known, when, &ask.filter)?
    };
    let page = known.view.timeline(&query)?;
    let mut items: Vec<ClaimsRow> = Vec::new();
    for Selected { entry, .. } in selected(&known, &page.rows)? {
        let entry = match entry.event.as_ref().map(|event| &event.fact) {
            Some(Fact::RecordLinked(linked)) => known.entry(linked.source)?.filter(|entry| !entry.struck),
            Some(_) | None => Some(entry),
        };
        let Some(entry) = entry.filter(|entry| !items.iter().any(|row| row.row.entry.id == entry.id)) else {
            continue;
        };
        let row = of(&known, &entry)?;
        if !row.rival.is_empty() || !row.contradicting.is_empty() {
            items.push(row);
        }
    }
    let next = page.next.map(|end| question.token(desk.page_end(&known, end, AS_IT_HAPPENED)));
    Ok(known.answer(Page { items, next, total: page.total }))
}

/// Returns what an entry says, who says otherwise, and who chose.
fn of(known: &Known, entry: &Entry) -> Result<ClaimsRow, DeskError> {
    let sources = entry.event.as_ref().map(|event| event.envelope.sources.as_slice()).unwrap_or_default();
    let (rival, agreeing): (Vec<&Source>, Vec<&Source>) =
        sources.iter().partition(|source| source.claim.is_some());
    let links = [linked_to(known, entry)?, linked_from(known, entry.id)?].concat();
    let (contradicting, others): (Vec<LinkRow>, Vec<LinkRow>) =
        links.into_iter().partition(|link| link.relation == Relation::Contradicts.as_str());
    let mut row = ClaimsRow {
        row: known.entry_row(entry)?,
        chosen_by: known.recorder(entry),
        chosen_at: entry.at,
        chosen_because: None,
        agreeing: agreeing.into_iter().map(claim).collect(),
        rival: rival.into_iter().map(claim).collect(),
        contradicting,
        corroborating: others
            .into_iter()
            .filter(|link| link.relation == Relation::Corroborates.as_str())
            .collect(),
    };
    // The last amendment that holds chose the reading; else whoever recorded the entry.
    if entry.amended > 0 {
        let corrections = known.view.corrections(entry.id)?;
        for raw in corrections.iter().rev() {
            let Some(event @ Event { fact: Fact::RecordAmended(_), .. }) = &raw.event else { continue };
            if crate::desk::entries::is_struck(raw.id, &known.view.corrections(raw.id)?) {
                continue;
            }
            row.chosen_by = known.recorder_named(raw.actor);
            row.chosen_at = raw.at;
            row.chosen_because.clone_from(&event.envelope.reason);
            break;
        }
    }
    Ok(row)
}

fn claim(source: &Source) -> ClaimRow {
    let ungraded = Source::at("").grade();
    let grade: Grade = source.grade();
    ClaimRow {
        source: source.locator.clone(),
        grade: (grade != ungraded).then(|| grade.to_string()),
        claim: source.claim.clone(),
        retrieved: source.retrieved.as_ref().map(Known::date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::FilterAsk;
    use crate::desk::overtures::tests::{Talks, called, when};
    use crate::domain::event::Envelope;
    use crate::domain::fact::Kind;
    use crate::domain::fact::record::Amended;
    use crate::domain::link::Link;
    use crate::domain::source::{Credibility, Reliability};

    #[test]
    fn rival_claims_stand_beside_the_reading_and_whoever_chose_it() {
        let talks = Talks::new();
        let mut rival = Source::at("KCNA");
        (rival.reliability, rival.credibility) = (Reliability::B, Credibility::ProbablyTrue);
        rival.claim = Some("both calls of the day".to_owned());
        let said = Envelope { sources: vec![Source::at("Yonhap"), rival], ..called("calls", "2023-04-07") };
        let calls = talks.fixture.event(Kind::Incident, said.clone());
        let links = vec![Link::new(Relation::Contradicts, calls)];
        talks.fixture.event(Kind::StatementPublic, Envelope { links, ..called("other", "2023-04-08") });
        let ask = || talks.fixture.desk.claims(&when("2026-12-31"), "calls").unwrap().data.items.remove(0);
        let row = ask();
        assert_eq!((row.chosen_by.as_str(), row.chosen_because), ("kim", None));
        assert_eq!(row.agreeing[0].source, "Yonhap");
        assert_eq!(row.rival[0].grade.as_deref(), Some("B2"));
        assert_eq!(row.rival[0].claim.as_deref(), Some("both calls of the day"));
        assert_eq!(row.contradicting[0].entry.handle, "other");
        talks.fixture.event(Kind::Incident, called("nobody objects", "2023-04-09"));
        let contested = |filter| {
            let ask = ConflictsAsk { filter, ..ConflictsAsk::default() };
            let rows = talks.fixture.desk.conflicts(&when("2026-12-31"), &ask).unwrap().data.items;
            rows.into_iter().map(|row| row.row.entry.handle).collect::<Vec<_>>()
        };
        assert_eq!(contested(FilterAsk::default()), ["calls", "other"]);
        let remarks = FilterAsk { kind: Some("statement".to_owned()), ..FilterAsk::default() };
        assert_eq!(contested(remarks), ["other"]);
        // The choice is revised by an amendment, whose reason is kept.
        let event = Event { envelope: said, fact: Kind::Incident.decode("{}").unwrap() };
        let reading = serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap();
        let reason = Some("the ministry said so".to_owned());
        let amended = Fact::RecordAmended(Amended { target: calls, reading });
        talks.fixture.add(Envelope { reason, ..Envelope::default() }, amended);
        assert_eq!(ask().chosen_because.as_deref(), Some("the ministry said so"));
    }
}
