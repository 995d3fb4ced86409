//! What is recorded late is what the definition says, entry by entry.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::desk::ask::ChangesAsk;
use crate::desk::clock;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Event;
use crate::domain::fact::record::{Amended, Retracted};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;
use crate::domain::timestamp::Timestamp;

/// A log whose clock goes on by a quarter of a day with each event, from 1 January 2026.
fn ticking() -> Fixture {
    let start: Timestamp = "2026-01-01T00:00:00.000000Z".parse().unwrap();
    let micros = AtomicI64::new(start.micros());
    let tick = move || Timestamp::from_micros(micros.fetch_add(21_600_000_000, Ordering::Relaxed)).unwrap();
    Fixture::with_clocks(Arc::new(tick), clock::stopped("2027-06-01T00:00:00.000000Z".parse().unwrap()))
}

fn late(fixture: &Fixture, ask: &LateAsk) -> Page<LateRow> {
    fixture.desk.late(&When::default(), ask).unwrap().data
}

fn ids(rows: &[LateRow]) -> Vec<EventId> {
    rows.iter().map(|row| row.row.entry.id).collect()
}

#[test]
fn a_late_entry_tells_how_late_when_it_was_learned_and_why() {
    let fixture = ticking();
    let envelope = Envelope {
        learned_at: Some("2025-12-20".parse().unwrap()),
        reason: Some("found in the cables".to_owned()),
        ..on("2025-11-01")
    };
    let old = fixture.event(Kind::Incident, envelope);
    fixture.event(Kind::Incident, on("2025-12-31"));
    fixture.event(Kind::Incident, Envelope::default());
    let rows = late(&fixture, &LateAsk::default()).items;
    assert_eq!(ids(&rows), [old]);
    let row = &rows[0];
    assert_eq!((row.days, row.days_since_learned), (61, Some(12)));
    assert_eq!(row.row.reason.as_deref(), Some("found in the cables"));
    for (lag, found) in [("12h", 2), ("60d", 1), ("1 month", 1), ("2 months", 0), ("90d", 0)] {
        let ask = LateAsk { lag: Some(lag.to_owned()), ..LateAsk::default() };
        assert_eq!(late(&fixture, &ask).items.len(), found, "{lag}");
    }
    let ask = LateAsk { lag: Some("soon".to_owned()), ..LateAsk::default() };
    assert!(fixture.desk.late(&When::default(), &ask).unwrap_err().to_string().contains("48h, 7d, 2w"));
    let ask = LateAsk { by: Some("kimm".to_owned()), ..LateAsk::default() };
    assert!(fixture.desk.late(&When::default(), &ask).is_err());
}

#[test]
fn what_was_recorded_by_whom_between_two_times_is_told_with_the_reasons() {
    let fixture = ticking();
    let entry = fixture.event(Kind::Incident, on("2025-12-30"));
    let why = Envelope { reason: Some("reported twice".to_owned()), ..Envelope::default() };
    let strike = fixture.add(why, Fact::RecordRetracted(Retracted { target: entry }));
    let changes = |by: Option<&str>, recorded: Option<&str>| {
        let text = |text: Option<&str>| text.map(ToOwned::to_owned);
        let ask = ChangesAsk { by: text(by), recorded: text(recorded), ..ChangesAsk::default() };
        fixture.desk.changes(&When::default(), &ask).map(|answer| answer.data)
    };
    let all = changes(None, None).unwrap();
    assert_eq!((all.items.len(), all.total), (4, 4));
    // The third event was recorded at noon of 1 January in UTC, which is the evening in Seoul.
    let later = changes(Some("kim"), Some("2026-01-01T21:00+09:00..")).unwrap();
    assert_eq!(later.items.iter().map(|row| row.entry.id).collect::<Vec<_>>(), [entry, strike]);
    assert_eq!(later.total, 2);
    assert_eq!(later.items[1].reason.as_deref(), Some("reported twice"));
    assert_eq!(changes(None, Some("..2025")).unwrap().total, 0);
    let error = changes(None, Some("2027..2026")).unwrap_err().to_string();
    assert!(error.starts_with("recorded: "), "{error}");
    // What names no date is no wish for all of them.
    for nothing in ["", " ", ".."] {
        let error = changes(None, Some(nothing)).unwrap_err().to_string();
        assert!(error.starts_with("recorded: ") && error.contains("names no date"), "{error}");
        let ask = LateAsk { recorded: Some(nothing.to_owned()), ..LateAsk::default() };
        assert!(fixture.desk.late(&When::default(), &ask).is_err(), "{nothing}");
    }
    assert_eq!(changes(None, Some("[2026..2027]")).unwrap().total, 4);
    let error = changes(Some("kimm"), None).unwrap_err();
    assert!(matches!(error, DeskError::NotFound { .. }), "{error}");
    let since =
        ChangesAsk { since: Some("2".to_owned()), by: Some("kim".to_owned()), ..ChangesAsk::default() };
    let page = fixture.desk.changes(&When::default(), &since).unwrap().data;
    assert_eq!((page.items.len(), page.total), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_late_is_what_was_recorded_longer_than_the_lag_after_it_had_happened(
        steps in proptest::collection::vec((0_u8..8, 0_i64..120, 0_usize..40), 0..60),
        lag in 0_u32..40,
        limit in 1_u32..6,
    ) {
        let fixture = ticking();
        let mut entries: Vec<EventId> = Vec::new();
        let day = |number: i64| {
            let day: chrono::NaiveDate = "2026-01-20".parse().unwrap();
            (day - chrono::Days::new(u64::try_from(number).unwrap())).to_string()
        };
        for (what, back, which) in steps {
            let target = entries.get(which % entries.len().max(1)).copied();
            match (what, target) {
                (0, Some(target)) => {
                    fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target }));
                }
                (1, Some(target)) => {
                    let event = Event { envelope: on(&day(back)), fact: Kind::CallFault.decode("{}").unwrap() };
                    let reading = serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap();
                    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target, reading }));
                }
                (2, _) => {
                    entries.push(fixture.event(Kind::Incident, Envelope::default()));
                }
                (3, _) => {
                    let month = day(back).get(..7).unwrap().to_owned();
                    entries.push(fixture.event(Kind::Incident, on(&month)));
                }
                _ => entries.push(fixture.event(Kind::Incident, on(&day(back)))),
            }
        }
        let known = fixture.desk.known(&When::default()).unwrap();
        let span: Span = format!("{lag}d").parse().unwrap();
        let mut expected: Vec<EventId> = entries
            .iter()
            .filter_map(|id| known.entry(*id).unwrap())
            .filter(|entry| !entry.struck)
            .filter(|entry| {
                let date = entry.event.as_ref().unwrap().envelope.occurred.as_ref();
                let latest = date.map_or(entry.at, |date| date.latest(&known.zone));
                latest.micros().saturating_add(span.micros()) < entry.at.micros()
            })
            .map(|entry| entry.id)
            .collect();
        expected.reverse();
        let mut ask = LateAsk { lag: Some(format!("{lag}d")), limit: Some(limit), ..LateAsk::default() };
        let mut walked = Vec::new();
        loop {
            let page = late(&fixture, &ask);
            prop_assert_eq!(page.total, expected.len() as u64);
            walked.extend(ids(&page.items));
            ask.after = page.next;
            if ask.after.is_none() {
                break;
            }
            // What is recorded between two pages, long after it happened, is in none of them.
            fixture.event(Kind::Incident, on("1999-01-01"));
        }
        prop_assert_eq!(walked, expected);
    }
}
