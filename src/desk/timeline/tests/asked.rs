//! What the words of the filter mean: certain dates, nothing at all, lines under other names.

use super::*;
use crate::desk::ask::{ApprovalAsk, FacetsAsk, RedactAsk};
use crate::desk::testing::kim;
use crate::domain::fact::register::Merged;

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
fn what_names_no_channel_and_no_party_is_listed_as_it_is_counted() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let (west, media) = (fixture.line("mil-west"), fixture.line("media"));
    let sides = || Envelope { from: vec![south], to: vec![north], ..on("2018-03-01") };
    let over = fixture.event(Kind::MessageSent, Envelope { via: vec![west], ..sides() });
    let about = fixture.event(Kind::Incident, Envelope { about: vec![media], ..on("2018-03-02") });
    let alone = fixture.event(Kind::StatementPublic, Envelope { from: vec![north], ..on("2018-03-03") });
    let now = When::default();
    for (field, none) in [
        ("channel", &[alone][..]),
        ("via", &[about, alone]),
        ("from_party", &[about]),
        ("to_party", &[about, alone]),
    ] {
        let asked = |item: &str| {
            ask(|ask| {
                let filter = &mut ask.filter;
                let parameter = match field {
                    "channel" => &mut filter.channel,
                    "via" => &mut filter.via,
                    "from_party" => &mut filter.from_party,
                    _ => &mut filter.to_party,
                };
                *parameter = text(item);
            })
        };
        let any: Vec<EventId> = [over, about, alone].into_iter().filter(|id| !none.contains(id)).collect();
        for (item, found) in [("none", none), ("!any", none), ("any", &any), ("!none", &any)] {
            assert_eq!(ids(&fixture, &now, &asked(item)), found, "{field} {item}");
        }
        let by = FacetsAsk { by: text(field), ..FacetsAsk::default() };
        let facets = fixture.desk.facets(&now, &by).unwrap().data;
        assert_eq!(facets.fields[0].not_recorded, Some(none.len() as u64), "{field}");
        let error = fixture.desk.timeline(&now, &asked("none,x")).unwrap_err().to_string();
        assert!(error.contains("`none` stands alone"), "{error}");
    }
    assert_eq!(ids(&fixture, &now, &ask(|ask| ask.filter.via = text("any,!mil-west"))), []);
}

#[test]
fn a_name_where_another_thing_is_asked_for_is_told_where_it_belongs() {
    let fixture = Fixture::new();
    fixture.party("KOR");
    fixture.line("mil-west");
    let says = |asked: TimelineAsk, right: &str| {
        let error = fixture.desk.timeline(&When::default(), &asked).unwrap_err();
        assert!(format!("{error:?}").contains(right), "{error:?}");
    };
    says(ask(|ask| ask.filter.from = text("KOR")), "from_party");
    says(ask(|ask| ask.filter.to = text("North Korea")), "to_party");
    says(ask(|ask| ask.filter.channel = text("KOR")), "`party`");
    says(ask(|ask| ask.filter.via = text("KOR")), "`party`");
    says(ask(|ask| ask.filter.party = text("mil-west")), "`channel`");
    says(ask(|ask| ask.filter.grade = text("C-A")), "exchange");
}

#[test]
fn what_is_about_a_line_is_found_under_every_name_of_it() {
    let fixture = Fixture::new();
    let (hot, red) = (fixture.line("hotline"), fixture.line("red-phone"));
    let call = |line: EntityId, date: &str| {
        fixture.event(Kind::CallAnswered, Envelope { about: vec![line], ..on(date) })
    };
    let (one, other) = (call(hot, "2020-01-01"), call(red, "2020-01-02"));
    let away = fixture.event(Kind::Incident, on("2020-01-03"));
    let merge = Envelope { about: vec![red], ..Envelope::default() };
    fixture.add(merge, Fact::ChannelMerged(Merged { into: hot }));
    for name in ["hotline", "red-phone"] {
        let about = |typed: String| ask(|ask| ask.filter.about = Some(typed));
        assert_eq!(ids(&fixture, &When::default(), &about(name.to_owned())), [one, other]);
        assert_eq!(ids(&fixture, &When::default(), &about(format!("!{name}"))), [away]);
    }
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
