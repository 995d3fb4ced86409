//! What counts promise whoever asks.

use super::*;
use crate::desk::ask::{Caller, FilterAsk, RecordAsk, TimelineAsk};
use crate::desk::testing::{Fixture, on};
use crate::desk::timeline::tests::{filters, random};
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::marking::Marking;
use crate::domain::source::{Credibility, Reliability, Source};
use proptest::prelude::*;
use serde_json::json;

fn counted(fixture: &Fixture, ask: &FacetsAsk) -> Facets {
    fixture.desk.facets(&When::default(), ask).unwrap().data
}

fn by(fields: &str) -> FacetsAsk {
    FacetsAsk { by: Some(fields.to_owned()), ..FacetsAsk::default() }
}

/// Returns the values of a field with their counts, as they are told.
fn values(row: &FacetRow) -> Vec<(&str, u64)> {
    row.values.iter().map(|value| (value.value.as_str(), value.entries)).collect()
}

#[test]
fn a_whole_counts_for_its_bodies_and_a_family_for_its_kinds() {
    let fixture = Fixture::new();
    let (north, army, south) = (fixture.party("PRK"), fixture.party("PRK/kpa"), fixture.party("KOR"));
    let line = fixture.line("mil-west");
    let from = |party, date: &str| Envelope { from: vec![party], ..on(date) };
    let graded =
        |reliability| vec![Source { reliability, credibility: Credibility::ProbablyTrue, ..Source::at("x") }];
    fixture.event(
        Kind::CallAnswered,
        Envelope {
            about: vec![line],
            topics: vec!["Reunions".to_owned()],
            sources: graded(Reliability::B),
            marking: Some(Marking("TLP:AMBER".to_owned())),
            ..from(north, "2018-03-01")
        },
    );
    fixture.event(
        Kind::CallUnanswered,
        Envelope {
            about: vec![line],
            via: vec![line],
            topics: vec!["reunions".to_owned()],
            ..from(army, "2018")
        },
    );
    fixture
        .event(Kind::StatementPublic, Envelope { sources: graded(Reliability::A), ..from(south, "2020-05") });
    let all = counted(&fixture, &FacetsAsk::default());
    assert_eq!((all.total, all.density), (3, None));
    let row = |field: &str| all.fields.iter().find(|row| row.field == field).unwrap();
    assert_eq!(values(row("channel")), [("mil-west", 2)]);
    assert_eq!(row("channel").not_recorded, Some(1));
    assert_eq!(values(row("via")), [("mil-west", 1)]);
    assert_eq!(values(row("from_party")), [("PRK", 2), ("PRK/kpa", 1), ("KOR", 1)]);
    assert_eq!(row("to_party").not_recorded, Some(3));
    let kinds = [
        ("call", 2),
        ("call.answered", 1),
        ("call.unanswered", 1),
        ("statement", 1),
        ("statement.public", 1),
    ];
    assert_eq!(values(row("kind")), kinds);
    assert_eq!(row("kind").values[1].within.as_deref(), Some("call"));
    // Two spellings of a topic are one, as the filter has it.
    assert_eq!(values(row("topic")), [("Reunions", 2)]);
    assert_eq!(values(row("year")), [("2018", 2), ("2020", 1)]);
    assert_eq!(values(row("marking")), [("TLP:AMBER", 1)]);
    assert_eq!((values(row("grade")), row("grade").not_recorded), (vec![("A2", 1), ("B2", 1)], Some(1)));
    assert_eq!(values(row("recorder")), [("kim", 3)]);
    assert_eq!(values(row("status")), []);
    let fields = |ask: &FacetsAsk| -> Vec<String> {
        counted(&fixture, ask).fields.into_iter().map(|row| row.field).collect()
    };
    assert_eq!(fields(&by("kind, From-Party,kind")), ["kind", "from_party"]);
    assert_eq!(fields(&by("!kind,!channel,!via,!status")).len(), 7);
    let over = |density: &str| FacetsAsk { density: Some(density.to_owned()), ..FacetsAsk::default() };
    assert_eq!(fields(&over("occurred")), [] as [&str; 0]);
    let density = counted(&fixture, &over("occurred")).density.unwrap();
    assert_eq!((density.width.as_str(), density.before), ("week", 0));
    // What is known by its year alone counts where the year begins.
    let full: Vec<(&str, u64)> = density
        .stretches
        .iter()
        .filter(|stretch| stretch.entries > 0)
        .map(|stretch| (stretch.name.as_str(), stretch.entries))
        .collect();
    assert_eq!(full, [("2018-W01", 1), ("2018-W09", 1), ("2020-W18", 1)]);
    for (ask, says) in [
        (by("colour"), "colour"),
        (by("kind,,via"), "empty"),
        (over("learned"), "occurred or recorded"),
        (
            FacetsAsk {
                filter: FilterAsk { kind: Some("weather".to_owned()), ..FilterAsk::default() },
                ..by("kind")
            },
            "weather",
        ),
    ] {
        let error = fixture.desk.facets(&When::default(), &ask).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_was_found_to_be_one_or_several_counts_as_the_timeline_finds_it() {
    let fixture = Fixture::new();
    let record = |entry: serde_json::Value| {
        let caller = Caller { actor: "kim".to_owned(), tz: None };
        let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
        fixture.desk.record(&caller, &ask).unwrap();
    };
    for code in ["x-unc", "x-un-command", "x-staff", "x-north", "x-south"] {
        record(json!({"kind": "party.registered", "code": code}));
    }
    for name in ["hotline", "red-phone"] {
        record(json!({"kind": "channel.registered", "name": name, "sort": "line"}));
    }
    for (number, from) in
        ["x-unc", "x-un-command", "x-un-command", "x-staff", "x-north"].into_iter().enumerate()
    {
        let line = if number % 2 == 0 { "hotline" } else { "red-phone" };
        let date = format!("2026-01-{:02}", number + 1);
        record(json!({"kind": "call.answered", "date": date, "from": from, "channel": line}));
    }
    record(json!({"kind": "party.merged", "about": "x-un-command", "into": "x-unc"}));
    record(json!({"kind": "party.split", "about": "x-staff", "into": ["x-north", "x-south"]}));
    record(json!({"kind": "channel.merged", "about": "red-phone", "into": "hotline"}));
    let facets = counted(&fixture, &by("from_party,channel"));
    for row in &facets.fields {
        for value in &row.values {
            let mut filter = FilterAsk::default();
            *parameter(&mut filter, &row.field).unwrap() = Some(value.value.clone());
            let ask = TimelineAsk { filter, ..TimelineAsk::default() };
            let total = fixture.desk.timeline(&When::default(), &ask).unwrap().data.total;
            assert_eq!(value.entries, total, "{} {}", row.field, value.value);
        }
    }
    let row = |field: &str| facets.fields.iter().find(|row| row.field == field).unwrap();
    assert_eq!(values(row("channel")), [("hotline", 5)]);
    let parties = values(row("from_party"));
    assert!(parties.contains(&("x-unc", 3)) && parties.contains(&("x-north", 2)), "{parties:?}");
    assert!(!parties.iter().any(|(name, _)| *name == "x-un-command"), "{parties:?}");
}

/// Returns the parameter of a filter that a field is.
fn parameter<'a>(filter: &'a mut FilterAsk, field: &str) -> Option<&'a mut Option<String>> {
    Some(match field {
        "channel" => &mut filter.channel,
        "via" => &mut filter.via,
        "from_party" => &mut filter.from_party,
        "to_party" => &mut filter.to_party,
        "kind" => &mut filter.kind,
        "topic" => &mut filter.topic,
        "marking" => &mut filter.marking,
        "grade" => &mut filter.grade,
        "recorder" => &mut filter.recorder,
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_value_counts_for_as_many_entries_as_the_timeline_finds_by_it(
        steps in proptest::collection::vec((0u8..=255, 0u8..=255, 0u8..=255), 0..40),
        asked in filters(),
        known_as_of in proptest::option::of(0_u64..20),
    ) {
        let fixture = random(&steps);
        let size = fixture.desk.store.head().size;
        let known_as_of = known_as_of.filter(|position| *position < size).map(|position| position.to_string());
        // Seen from a later day, whatever was known.
        let at = known_as_of.as_ref().map(|_| "2021-01-01".to_owned());
        let when = When { known_as_of, at, tz: None };
        let total = |filter: &FilterAsk| {
            let ask = TimelineAsk { filter: filter.clone(), limit: Some(1), ..TimelineAsk::default() };
            fixture.desk.timeline(&when, &ask).map(|page| page.data.total)
        };
        let ask = FacetsAsk { filter: asked.filter.clone(), by: Some("!status".to_owned()), density: Some("occurred".to_owned()) };
        let facets = match fixture.desk.facets(&when, &ask) {
            Ok(answer) => answer.data,
            // What was not in a register yet is refused by both.
            Err(error) => {
                prop_assert_eq!(error.to_string(), total(&asked.filter).unwrap_err().to_string());
                return Ok(());
            }
        };
        prop_assert_eq!(facets.total, total(&asked.filter).unwrap());
        for row in &facets.fields {
            let mut filter = asked.filter.clone();
            let Some(parameter) = parameter(&mut filter, &row.field) else {
                let sum: u64 = row.values.iter().map(|value| value.entries).sum();
                prop_assert_eq!(sum + row.not_recorded.unwrap_or(0), facets.total, "{}", row.field);
                continue;
            };
            if parameter.is_some() {
                continue;
            }
            for value in &row.values {
                let mut filter = asked.filter.clone();
                *self::parameter(&mut filter, &row.field).unwrap() = Some(value.value.clone());
                prop_assert_eq!(total(&filter).unwrap(), value.entries, "{} {}", row.field, value.value);
            }
            if let ("topic" | "marking" | "grade", Some(none)) = (row.field.as_str(), row.not_recorded) {
                let mut filter = asked.filter.clone();
                *self::parameter(&mut filter, &row.field).unwrap() = Some("none".to_owned());
                prop_assert_eq!(total(&filter).unwrap(), none, "{}", row.field);
            }
        }
        let density = facets.density.unwrap();
        let sum: u64 = density.stretches.iter().map(|stretch| stretch.entries).sum();
        prop_assert_eq!(sum + density.before, facets.total);
    }
}
