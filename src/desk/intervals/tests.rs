//! The intervals of the lines of the chronology, as they can be read in it.

use super::*;
use crate::desk::testing::Fixture;

fn told(fixture: &Fixture, ask: &IntervalsAsk) -> Vec<(String, String, String)> {
    let when = When { at: Some("2025-12-31".to_owned()), ..When::default() };
    let rows = fixture.desk.intervals(&when, ask).unwrap().data.items;
    let handle = |boundary: Option<&BoundaryRow>| {
        boundary.map_or_else(String::new, |boundary| {
            boundary.entry.as_ref().map_or_else(|| "no entry".to_owned(), |entry| entry.handle.clone())
        })
    };
    rows.iter().map(|row| (row.state.clone(), handle(row.from.as_ref()), handle(row.to.as_ref()))).collect()
}

fn of(channel: &str) -> IntervalsAsk {
    IntervalsAsk { channel: Some(channel.to_owned()), ..IntervalsAsk::default() }
}

/// Opened in 2018 with the liaison office (ik-113), cut with all lines on 9 June 2020 (ik-121), restored on
/// 27 July 2021 (ik-127), restored again on 4 October 2021 after calls were missed (ik-129), found without
/// an answer on 10 April 2023 (ik-139).
#[test]
fn the_liaison_line_was_in_the_states_that_the_chronology_tells() {
    let Some(fixture) = Fixture::chronology() else { return };
    let row = |state: &str, from: &str, to: &str| (state.to_owned(), from.to_owned(), to.to_owned());
    assert_eq!(
        told(&fixture, &of("liaison-line")),
        [
            row("unknown", "", "ik-113"),
            row("active", "ik-113", "ik-121"),
            row("severed", "ik-121", "ik-127"),
            row("active", "ik-127", "ik-139"),
            row("unresponsive", "ik-139", ""),
        ]
    );
    // Cut on 30 or 31 August 1976 (ik-012), suspended in March 2013 (ik-077), and so on.
    let panmunjom = told(&fixture, &of("rc-panmunjom"));
    assert_eq!(
        panmunjom[1..4],
        [
            row("active", "ik-004", "ik-012"),
            row("severed", "ik-012", "ik-016"),
            row("active", "ik-016", "ik-063"),
        ]
    );
    let within =
        IntervalsAsk { from: Some("2021-08".to_owned()), to: Some("2022".to_owned()), ..of("liaison-line") };
    assert_eq!(told(&fixture, &within), [row("active", "ik-127", "ik-139")]);
}

#[test]
fn a_doubtful_date_gives_a_boundary_with_two_bounds() {
    let Some(fixture) = Fixture::chronology() else { return };
    let rows = fixture.desk.intervals(&When::default(), &of("mil-west")).unwrap().data.items;
    let degraded = rows.iter().find(|row| row.state == "degraded").unwrap();
    // `2008-05`: some day in May.
    let from = degraded.from.as_ref().unwrap();
    assert_eq!(from.date.value, "2008-05");
    assert_eq!(from.earliest.to_string(), "2008-04-30T15:00:00.000000Z");
    assert_eq!(from.latest.unwrap().to_string(), "2008-05-31T14:59:59.999999Z");
    let severed = rows.iter().find(|row| row.state == "severed").unwrap();
    assert_eq!(severed.from.as_ref().unwrap().latest, None);
}

#[test]
fn what_has_no_state_says_so_and_an_unknown_name_is_an_error() {
    let Some(fixture) = Fixture::chronology() else { return };
    let answer = fixture.desk.intervals(&When::default(), &of("media")).unwrap();
    assert_eq!(
        (answer.data.items, answer.notices),
        (Vec::new(), vec!["media is a carrier and has no state".to_owned()])
    );
    assert!(fixture.desk.intervals(&When::default(), &of("mil-wst")).is_err());
    assert!(fixture.desk.intervals(&When::default(), &of(" , ")).is_err());
    let reversed =
        IntervalsAsk { from: Some("2020".to_owned()), to: Some("2019".to_owned()), ..of("mil-west") };
    assert!(fixture.desk.intervals(&When::default(), &reversed).is_err());
}

/// Every line of the board stands where its last interval says.
#[test]
fn the_last_interval_of_every_line_is_where_it_stands() {
    let Some(fixture) = Fixture::chronology() else { return };
    for at in ["1996-12-31", "2010-06-01", "2016-03-01", "2020-06-10", "2023-04-12", "2025-12-31"] {
        let when = When { at: Some(at.to_owned()), ..When::default() };
        let rows = fixture.desk.intervals(&when, &IntervalsAsk::default()).unwrap().data.items;
        for line in fixture.desk.channels(&when).unwrap().data.items {
            let last = rows.iter().rfind(|row| row.channel.id == line.id);
            let state = last.map_or("none", |row| row.state.as_str());
            assert!(
                state == line.state || (line.state == "unknown" && last.is_none()),
                "{} at {at}: {state}",
                line.name
            );
        }
    }
}
