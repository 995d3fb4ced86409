//! The counts are those that a list of the offers gives.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::desk::answer::statistics::{AnswerGroup, Median};
use crate::desk::ask::OverturesAsk;
use crate::desk::overtures::tests::{Talks, called, when};
use crate::desk::testing::Fixture;
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::id::EventId;
use crate::domain::link::{Link, Relation};
use crate::domain::waiting::Waits;

fn count(fixture: &Fixture, at: &str, by: Option<&str>, filter: FilterAsk) -> AnswerStatistics {
    let ask = AnswersAsk { filter, by: by.map(ToOwned::to_owned) };
    fixture.desk.answer_statistics(&when(at), &ask).unwrap().data
}

/// Of the offers to the North of July 2017 to January 2018 the military talks were deflected after three days
/// (ik-099 to ik-101), the reunions never answered (ik-100), and the talks of 9 January accepted by fax after
/// three (ik-104 to ik-106).
#[test]
fn the_offers_of_2017_and_2018_are_counted_as_the_chronology_tells() {
    let Some(fixture) = Fixture::chronology() else { return };
    let text = |text: &str| Some(text.to_owned());
    let filter = FilterAsk {
        to_party: text("PRK"),
        from: text("2017-07"),
        to: text("2018-01"),
        ..FilterAsk::default()
    };
    let told = count(&fixture, "2018-01-31", Some("year"), filter);
    let AnswerGroup { overtures, cases, answered, open, ended, .. } = told.together;
    assert_eq!((overtures, cases, answered, open, ended), (3, 3, 2, 1, 0));
    assert_eq!(
        told.together.answers,
        BTreeMap::from([("accepted".to_owned(), 1), ("deflected".to_owned(), 1)])
    );
    assert_eq!(told.together.median, Median::Yes { days: 3 });
    assert_eq!(told.together.median_answered_days, Some(3.0));
    let years: Vec<_> = told.groups.iter().map(|group| (group.values[0].as_str(), group.cases)).collect();
    assert_eq!(years, [("2017", 2), ("2018", 1)]);
    assert_eq!(told.groups[0].median, Median::Yes { days: 3 });
}

#[test]
fn an_open_case_counts_as_open_and_a_median_that_is_not_reached_says_so() {
    let talks = Talks::new();
    let offers: Vec<EventId> =
        (1..=4).map(|day| talks.offer(&format!("o-{day}"), &format!("2025-03-0{day}"), &json!({}))).collect();
    talks.on(offers[0], "yes", "2025-03-06", Kind::ResponseAccepted, talks.prk);
    talks.on(offers[0], "no", "2025-03-20", Kind::ResponseRescinded, talks.prk);
    talks.on(offers[1], "noted", "2025-03-03", Kind::OvertureAcknowledged, talks.prk);
    talks.on(offers[2], "back", "2025-03-08", Kind::OvertureWithdrawn, talks.mnd);
    let told = count(&talks.fixture, "2025-03-31", None, FilterAsk::default()).together;
    assert_eq!((told.cases, told.answered, told.open, told.ended, told.acknowledged), (4, 1, 2, 1, 1));
    // The first answer counts, and not what became of it.
    assert_eq!(told.answers, BTreeMap::from([("accepted".to_owned(), 1)]));
    assert_eq!(told.longest.as_ref().unwrap().days, 5);
    // Of four one was answered on the fifth day, when one had left already on that day.
    assert_eq!(told.median, Median::NotReached { unanswered: 0.75 });
    assert_eq!(told.median_answered_days, Some(5.0));
    let before = count(&talks.fixture, "2025-03-05", None, FilterAsk::default()).together;
    assert_eq!((before.cases, before.answered, before.open), (4, 0, 4));
    assert_eq!(
        count(&talks.fixture, "2025-02-28", None, FilterAsk::default()).together.median,
        Median::NoCases
    );
}

#[test]
fn an_answer_to_an_offer_that_had_ended_leaves_it_ended_without_one() {
    let talks = Talks::new();
    let offer = talks.offer("o", "2024-04-10", &json!({}));
    talks.on(offer, "back", "2024-04-20", Kind::OvertureWithdrawn, talks.mnd);
    talks.on(offer, "yes", "2024-04-22", Kind::ResponseAccepted, talks.prk);
    let on = |date: &str| count(&talks.fixture, date, None, FilterAsk::default()).together;
    let told = on("2024-04-30");
    assert_eq!((told.answered, told.ended, told.open, told.longest), (0, 1, 0, None));
    assert_eq!(told.median, Median::NotReached { unanswered: 1.0 });
    let of_one_day = talks.offer("o2", "2024-04-10", &json!({}));
    talks.on(of_one_day, "back2", "2024-04-20", Kind::OvertureWithdrawn, talks.mnd);
    talks.on(of_one_day, "yes2", "2024-04-20", Kind::ResponseAccepted, talks.prk);
    let told = on("2024-04-30");
    assert_eq!((told.answered, told.ended), (1, 1), "nobody knows which of the two came first");
    // Made again it stands again, and has its answer.
    talks.on(offer, "again", "2024-04-25", Kind::OvertureReiterated, talks.mnd);
    let told = on("2024-04-30");
    assert_eq!((told.answered, told.ended, told.longest.map(|longest| longest.days)), (2, 0, Some(12)));
}

#[test]
fn what_cannot_be_counted_by_is_an_error_that_names_what_can() {
    let talks = Talks::new();
    for (by, says) in [("weather", "party"), ("year,year", "twice")] {
        let ask = AnswersAsk { by: Some(by.to_owned()), ..AnswersAsk::default() };
        let error = talks.fixture.desk.answer_statistics(&When::default(), &ask).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn an_offer_that_lapsed_and_came_about_by_the_answer_was_answered() {
    let talks = Talks::new();
    let offer = talks.offer("o", "2025-01-01", &json!({}));
    talks.on(offer, "over", "2025-01-10", Kind::OvertureLapsed, talks.mnd);
    let links = vec![Link::new(Relation::Counters, offer)];
    let (from, to) = (vec![talks.prk], vec![talks.mnd]);
    let counter = Envelope { links, from, to, opens: true, ..called("c", "2025-01-20") };
    let counter = talks.fixture.event(Kind::ResponseCounterProposed, counter);
    let links = vec![Link::new(Relation::Realises, counter)];
    let (from, to) = (vec![talks.mnd], vec![talks.prk]);
    let held = Envelope { links, from, to, opens: true, ..called("m", "2025-02-01") };
    talks.fixture.event(Kind::MeetingHeld, held);
    let told = count(&talks.fixture, "2025-03-01", Some("party"), FilterAsk::default());
    let north = told.groups.iter().find(|group| group.values == ["PRK"]).unwrap();
    assert_eq!((north.cases, north.answered, north.ended), (1, 1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn counts_and_medians_are_those_of_the_list_of_offers(
        steps in proptest::collection::vec((0_u8..6, 1_u32..28, 1_u32..28, 0_usize..3), 1..24),
        at in 1_u32..28,
    ) {
        let talks = Talks::new();
        let proposers = [talks.mnd, talks.president, talks.floor_leader];
        for (number, (answer, issued, after, who)) in steps.iter().enumerate() {
            let offer = talks.from(proposers[*who], &format!("o-{number}"), &format!("2025-0{}-{issued:02}", 1 + who), &json!({}));
            let on = format!("2025-04-{after:02}");
            let kind = match answer {
                0 => Kind::ResponseAccepted,
                1 => Kind::ResponseRejected,
                2 => Kind::ResponseDeflected,
                3 => Kind::OvertureAcknowledged,
                4 => Kind::OvertureWithdrawn,
                _ => continue,
            };
            let by = if *answer == 4 { proposers[*who] } else { talks.prk };
            talks.on(offer, &format!("a-{number}"), &on, kind, by);
        }
        let at = format!("2025-04-{at:02}");
        // What the list of offers tells of each, group by group.
        let ask = OverturesAsk { limit: Some(1_000), ..OverturesAsk::default() };
        let rows = talks.fixture.desk.overtures(&when(&at), &ask).unwrap().data.items;
        let mut expected: BTreeMap<String, (u64, u64, Waits)> = BTreeMap::new();
        for row in &rows {
            let day: chrono::NaiveDate = row.issued.as_ref().unwrap().value.parse().unwrap();
            let month = row.proposer[0].name.split('/').next().unwrap().to_owned();
            let group = expected.entry(month).or_default();
            for answer in &row.answers {
                group.0 += 1;
                let waited = |until: chrono::NaiveDate| (until - day).num_days().max(0);
                if matches!(answer.answer.as_str(), "none" | "acknowledged") {
                    let until = if row.currency == "withdrawn" {
                        let number: usize = row.handle[2..].parse().unwrap();
                        format!("2025-04-{:02}", steps[number].2)
                    } else {
                        at.clone()
                    };
                    group.2.unanswered(waited(until.parse().unwrap()));
                } else {
                    group.1 += 1;
                    group.2.answered(answer.latency_days.unwrap());
                }
            }
        }
        let told = count(&talks.fixture, &at, Some("proposer"), FilterAsk::default());
        prop_assert_eq!(told.groups.len(), expected.len());
        for group in &told.groups {
            let (cases, answered, waits) = &expected[&group.values[0]];
            prop_assert_eq!((group.cases, group.answered), (*cases, *answered));
            prop_assert_eq!(group.median_answered_days, waits.median_of_answered());
            let median = if let Median::Yes { days } = group.median { Some(days) } else { None };
            prop_assert_eq!(median, waits.median());
        }
        prop_assert_eq!(told.together.overtures, rows.len() as u64);
        // In three parts it is the same as in one.
        let known = talks.fixture.desk.known(&when(&at)).unwrap();
        let all = known.entities(EntityKind::Overture).unwrap();
        let mut parts = Tally::default();
        for part in all.chunks(all.len().div_ceil(3)) {
            parts.add(Tally::of(&known, part, &[By::Proposer]).unwrap());
        }
        prop_assert_eq!(parts.told(&known, &[By::Proposer], METHOD).unwrap(), told);
    }
}
