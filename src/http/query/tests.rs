//! How queries are read.

use super::*;
use crate::desk::ask::{ChangesAsk, FacetsAsk, TimelineAsk};

fn read<T: Parameters>(query: &str) -> Result<(When, T), Vec<String>> {
    Query::parse(query).and_then(Query::read).map_err(|problem| {
        assert_eq!(problem.status, 400);
        problem.faults.iter().map(ToString::to_string).collect()
    })
}

type Timeline = Both<FilterAsk, TimelineAsk>;

#[track_caller]
fn refuses(query: &str, faults: &[&str]) {
    assert_eq!(read::<Timeline>(query).unwrap_err(), faults, "{query}");
}

#[test]
fn a_query_that_is_too_long_is_refused_and_the_limit_named() {
    let query = format!("channel={}", "x".repeat(QUERY_BYTES_MAX));
    let faults = read::<Timeline>(&query).unwrap_err();
    assert!(faults.join("").contains("16 KiB are the most"), "{faults:?}");
}

#[test]
fn a_query_of_many_parameters_is_refused_before_each_is_answered() {
    let query = |count: usize| (0..count).map(|number| format!("x{number}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(read::<Timeline>(&query(PARAMETERS_MAX)).unwrap_err().len(), PARAMETERS_MAX);
    let faults = read::<Timeline>(&query(PARAMETERS_MAX + 1)).unwrap_err();
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert!(fault.contains("65 parameters, and no question takes more than 64"), "{fault}");
}

#[test]
fn a_query_fills_both_questions() {
    let (when, Both(filter, ask)) = read::<Timeline>(
        "at=2026-01-01&channel=%ED%95%AB%EB%9D%BC%EC%9D%B8+1&certainly=true&limit=5&reverse=true",
    )
    .unwrap();
    assert_eq!(when.at.as_deref(), Some("2026-01-01"));
    assert_eq!((filter.channel.as_deref(), filter.certainly), (Some("핫라인 1"), true));
    assert_eq!((ask.limit, ask.reverse, ask.filter), (Some(5), true, FilterAsk::default()));
    let nothing = Both(FilterAsk::default(), TimelineAsk::default());
    assert_eq!(read::<Timeline>("").unwrap(), (When::default(), nothing));
    let since = format!("since={}", u64::MAX);
    assert_eq!(read::<ChangesAsk>(&since).unwrap().1.since, Some(u64::MAX.to_string()));
}

#[test]
fn an_unknown_parameter_is_answered_with_the_nearest() {
    refuses("chanel=x", &["chanel: there is no such parameter; is `channel` meant?"]);
    refuses("From-Party=KOR", &["From-Party: there is no such parameter; is `from_party` meant?"]);
    let faults = read::<Nothing>("colour=red").map(|_| ()).unwrap_err();
    assert_eq!(faults, ["colour: there is no such parameter; there are known_as_of, at, tz"]);
}

#[test]
fn the_parameters_of_a_filter_stand_beside_those_of_the_answer() {
    let (_, Both(filter, ask)) =
        read::<Both<FilterAsk, FacetsAsk>>("kind=!media&by=kind&density=recorded").unwrap();
    assert_eq!((filter.kind.as_deref(), ask.by.as_deref()), (Some("!media"), Some("kind")));
    assert_eq!((ask.filter, ask.density.as_deref()), (FilterAsk::default(), Some("recorded")));
    let faults = read::<Both<FilterAsk, FacetsAsk>>("topics=x&limit=5").map(|_| ()).unwrap_err();
    let [topics, limit] = faults.as_slice() else { panic!("{faults:?}") };
    assert_eq!(topics, "topics: there is no such parameter; is `topic` meant?");
    assert!(limit.starts_with("limit: there is no such parameter"), "{limit}");
}

#[test]
fn nothing_malformed_is_passed_over() {
    refuses("limit=1&limit=2", &["limit: stands twice; give it once"]);
    refuses(
        "limit=%zz&at=1&at=1",
        &[
            "limit: an escape is broken; write each byte of UTF-8 as % and two hexadecimal digits",
            "at: stands twice; give it once",
        ],
    );
    refuses("reverse", &["reverse: the value is missing; write name=value"]);
    refuses(
        "tzz=x&reverse=yes",
        &["tzz: there is no such parameter; is `tz` meant?", "reverse: `yes` is neither true nor false"],
    );
    refuses("reverse=yes", &["reverse: `yes` is neither true nor false"]);
    for number in ["-1", "+1", "1.0", "", "4294967296", " 1"] {
        let query = format!("limit={}", crate::http::escape::escape(number));
        refuses(&query, &[&format!("limit: `{number}` is not a whole number from 0 to 4294967295")]);
    }
}
