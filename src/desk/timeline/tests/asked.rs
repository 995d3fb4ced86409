//! What the words of the filter mean: certain dates, nothing at all, lines under other names.

use super::*;
use crate::desk::ask::{ApprovalAsk, FacetsAsk, RedactAsk};
use crate::desk::testing::kim;

#[test]
fn what_lies_certainly_within_dates_does_so_seen_from_any_moment() {
    let fixture = Fixture::new();
    let year = fixture.event(Kind::Incident, on("2026"));
    let decade = fixture.event(Kind::Incident, on("202X"));
    let open = fixture.event(Kind::Incident, on("2012-11-08/.."));
    let day = fixture.event(Kind::Incident, on("2015-03-03"));
    let head =
        When { known_as_of: Some((fixture.desk.store.head().size - 1).to_string()), ..When::default() };
    let at = |at: &str| When { at: text(at), ..When::default() };
    let certainly = |occurred: &str| {
        ask(|ask| {
            (ask.filter.occurred, ask.filter.certainly) = (text(occurred), true);
        })
    };
    for (occurred, found) in [
        ("2026", &[year][..]),
        ("2020..2029", &[decade, year]),
        ("2010..", &[open, day, decade, year]),
        ("2026-01..2026-11", &[]),
    ] {
        for when in [When::default(), head.clone(), at("now"), at("2026-11-24")] {
            let asked = certainly(occurred);
            assert_eq!(ids(&fixture, &when, &asked), found, "{occurred} {when:?}");
            let filter = asked.filter;
            let facets = FacetsAsk { filter: filter.clone(), ..FacetsAsk::default() };
            assert_eq!(fixture.desk.facets(&when, &facets).unwrap().data.total, found.len() as u64);
            let selected = fixture.desk.select(&when, &filter, By::Occurred, false).unwrap();
            assert_eq!(selected.total(), found.len() as u64);
        }
    }
    // What cannot have happened by a moment is not seen from it; what can have is seen as dated.
    assert_eq!(ids(&fixture, &at("2016"), &certainly("2010..")), [open, day]);
    assert_eq!(ids(&fixture, &at("2026-02"), &certainly("2026")), [year]);
    let without = ask(|ask| ask.filter.certainly = true);
    assert!(fixture.desk.timeline(&at("2016"), &without).is_err());
}

#[test]
fn what_was_removed_happened_at_an_unknown_time_and_in_no_year() {
    let fixture = Fixture::new();
    let dated = fixture.event(Kind::Incident, on("1994-05-05"));
    let gone = fixture.event(Kind::StatementPublic, on("1994-05-06"));
    let recorded = fixture.desk.timeline(&When::default(), &ask(|_| {})).unwrap().data.items[1].recorded_at;
    let by = |by: &str| ApprovalAsk { by: by.to_owned(), ..ApprovalAsk::default() };
    let removal = RedactAsk {
        basis: "Archives Act".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        ..RedactAsk::default()
    };
    fixture.desk.redact(&kim(), &gone.to_string(), &removal).unwrap();
    let now = When::default();
    let found = |occurred: &str, certainly: bool| {
        let filter = FilterAsk { occurred: text(occurred), certainly, ..FilterAsk::default() };
        ids(&fixture, &now, &TimelineAsk { filter, ..TimelineAsk::default() })
    };
    let day = recorded.to_string()[..10].to_owned();
    assert_eq!(found(&day, true), []);
    assert_eq!(found(&day, false), [gone]);
    assert_eq!(found("1994", true), [dated]);
    assert_eq!(found("1994", false), [gone, dated]);
    assert_eq!(found("2050..", false), [], "it was recorded by then");
    let asked = FacetsAsk { by: text("year"), density: text("occurred"), ..FacetsAsk::default() };
    let facets = fixture.desk.facets(&now, &asked).unwrap().data;
    let years: Vec<_> =
        facets.fields[0].values.iter().map(|year| (year.value.as_str(), year.entries)).collect();
    assert_eq!((years, facets.fields[0].not_recorded), (vec![("1994", 1)], Some(1)));
    let density = facets.density.unwrap();
    assert_eq!(
        (density.before, density.stretches.iter().map(|stretch| stretch.entries).sum::<u64>()),
        (1, 1)
    );
}
