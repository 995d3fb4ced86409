//! Laws of the fold, on random stories.

use proptest::prelude::*;

use crate::domain::channel::{Channel, ChannelStanding, ChannelState};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Kind;
use crate::domain::fact::register::ChannelRegistered;
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::policy::Policies;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

pub(super) fn line() -> EntityId {
    EntityId::from_uuid(uuid::Uuid::from_u128(0xc))
}

pub(super) fn kinds() -> impl Strategy<Value = (Kind, &'static str)> {
    prop::sample::select(vec![
        (Kind::ChannelBaseline, r#"{"state":"dormant"}"#),
        (Kind::ChannelBaseline, "{}"),
        (Kind::ChannelOpened, "{}"),
        (Kind::ChannelAbandoned, "{}"),
        (Kind::ChannelDegraded, "{}"),
        (Kind::ChannelRepaired, "{}"),
        (Kind::ChannelRestored, "{}"),
        (Kind::ChannelRestored, r#"{"partly":true}"#),
        (Kind::ChannelRestored, r#"{"evidence":"announced"}"#),
        (Kind::ChannelSuspended, "{}"),
        (Kind::ChannelSevered, "{}"),
        (Kind::ChannelClosed, "{}"),
        (Kind::ChannelReopened, "{}"),
        (Kind::ChannelUnresponsive, "{}"),
        (Kind::ChannelScheduleChanged, r#"{"schedule":{"slots":["12:00"]}}"#),
        (Kind::ChannelScheduleChanged, r#"{"schedule":null}"#),
        (Kind::CallAnswered, "{}"),
        (Kind::CallUnanswered, "{}"),
        (Kind::CallUnanswered, r#"{"slots":["09:00","17:00"]}"#),
        (Kind::CallAnswered, r#"{"slots":["12:00"]}"#),
        (Kind::CallDeclined, "{}"),
        (Kind::CallNotAttempted, "{}"),
        (Kind::CallsDiscontinued, "{}"),
        (Kind::CallsResumed, "{}"),
        (Kind::MessageReceived, "{}"),
    ])
}

/// What gives an unknown line a state at once.
fn gives_a_state(kind: Kind, detail: &str) -> bool {
    let told = !matches!(
        kind,
        Kind::ChannelScheduleChanged
            | Kind::CallUnanswered
            | Kind::CallDeclined
            | Kind::CallNotAttempted
            | Kind::CallsResumed
            | Kind::MessageReceived
    );
    told && detail != r#"{"evidence":"announced"}"# && (kind != Kind::ChannelBaseline || detail != "{}")
}

pub(super) fn raw(position: usize, number: u128, date: &str, (kind, detail): (Kind, &str)) -> RawEvent {
    let over = kind == Kind::MessageReceived;
    let (about, via) = if over { (Vec::new(), vec![line()]) } else { (vec![line()], Vec::new()) };
    let envelope = Envelope { occurred: Some(date.parse().unwrap()), about, via, ..Envelope::default() };
    RawEvent {
        position: position as u64,
        at: Timestamp::MAX,
        id: EventId::from_uuid(uuid::Uuid::from_u128(number)),
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
        event: Some(Event { envelope, fact: kind.decode(detail).unwrap() }),
        removed: None,
    }
}

pub(super) fn policies() -> Policies {
    policies_since("2020-01-20")
}

fn policies_since(date: &str) -> Policies {
    let mut policies = Policies::default();
    let fact =
        Kind::PolicySet.decode(r#"{"name":"p","missed_attempts_max":3,"dormant_after":"P9D"}"#).unwrap();
    let envelope = Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() };
    let id = EventId::from_uuid(uuid::Uuid::from_u128(99_999));
    policies.take(0, id, Timestamp::MAX, &Event { envelope, fact }, &Zone::default());
    policies
}

pub(super) fn stand(history: &[RawEvent], policies: &Policies, at: Timestamp) -> ChannelStanding {
    let zone = Zone::default();
    let detail = r#"{"name":"x","sort":"line","schedule":{"slots":["09:00","17:00"],"days":["mon"]}}"#;
    let registered: ChannelRegistered = serde_json::from_str(detail).unwrap();
    let channel = Channel { id: line(), registered: Some(&registered), policies, zone: &zone };
    channel.stand(&channel.story(history.to_vec()), at)
}

/// Noon of one day after the other: between two of them no rule has the time to change a state and change it back.
pub(super) fn noon(day: usize) -> Timestamp {
    let first: Timestamp = "2020-01-01T12:00:00.000000Z".parse().unwrap();
    Timestamp::from_micros(first.micros() + i64::try_from(day).unwrap() * 86_400_000_000).unwrap()
}

fn dates() -> impl Strategy<Value = Vec<(usize, (Kind, &'static str))>> {
    prop::collection::btree_map(0..300_usize, kinds(), 1..40).prop_map(|days| days.into_iter().collect())
}

proptest! {
    #[test]
    fn the_order_of_recording_does_not_matter(
        days in dates(), order in any::<u64>(), at in 0..300_usize,
    ) {
        let mut history: Vec<RawEvent> = Vec::new();
        for (number, (day, kind)) in days.iter().enumerate() {
            let date = noon(*day).to_string()[..10].to_owned();
            history.push(raw(number, number as u128 + 1, &date, *kind));
        }
        let known = stand(&history, &policies(), noon(at));
        // A shuffle by a hash of number and seed, with new positions.
        history.sort_by_key(|event| (order ^ (event.position + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(order | 1));
        for (position, event) in history.iter_mut().enumerate() {
            event.position = position as u64;
        }
        prop_assert_eq!(stand(&history, &policies(), noon(at)), known);
    }

    #[test]
    fn folding_at_a_moment_is_folding_what_had_taken_effect(days in dates(), at in 0..300_usize) {
        let all: Vec<RawEvent> = days
            .iter()
            .enumerate()
            .map(|(number, (day, kind))| raw(number, number as u128 + 1, &noon(*day).to_utc().to_rfc3339(), *kind))
            .collect();
        let until: Vec<RawEvent> =
            all.iter().zip(&days).filter(|(_, (day, _))| *day <= at).map(|(event, _)| event.clone()).collect();
        let standing = stand(&all, &policies(), noon(at));
        prop_assert_eq!(&standing, &stand(&until, &policies(), noon(at)));
        let evidence = days.iter().any(|(day, (kind, detail))| *day <= at && gives_a_state(*kind, detail));
        if evidence {
            prop_assert!(standing.state.is_some());
        }
        prop_assert!(standing.ties.is_empty() && !standing.possibly);
    }

    #[test]
    fn any_story_folds_however_vague_its_dates(
        entries in prop::collection::vec((kinds(), prop::sample::select(vec![
            "2020", "2020-02", "2020-02-03", "2020-02-03?", "[2020-01-05..2020-03-01]", "2020-02-03/2020-02-05",
            "2020-02-03T09:00:00+09:00", "2020-02-03T17:00:00Z", "../2020", "2020-02-03/..", "202X",
        ])), 0..14),
        at in 0..300_usize,
    ) {
        let history: Vec<RawEvent> = entries
            .iter()
            .enumerate()
            .map(|(number, (kind, date))| raw(number, number as u128 + 1, date, *kind))
            .collect();
        let standing = stand(&history, &policies(), noon(at));
        for tie in &standing.ties {
            prop_assert_ne!(tie.otherwise, standing.state);
            prop_assert!(tie.entries.len() > 1);
        }
        prop_assert!(standing.anomalies.len() <= entries.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_line_is_in_its_state_since_it_was_last_seen_in_another(days in dates(), at in 0..300_usize) {
        let exact = |day: usize| noon(day).to_utc().to_rfc3339();
        let all: Vec<RawEvent> = days
            .iter()
            .enumerate()
            .map(|(number, (day, kind))| raw(number, number as u128 + 1, &exact(*day), *kind))
            .collect();
        let policies = policies_since("2019-01-01");
        let standing = stand(&all, &policies, noon(at));
        // What was only derived began by a clock or a count, and may be found to be so later.
        let told = standing.derived_by.is_none() && standing.state != Some(ChannelState::Dormant);
        if let (true, Some(_)) = (told, standing.state) {
            let same = (0..=at).rev().take_while(|day| stand(&all, &policies, noon(*day)).state == standing.state);
            let first = same.last().unwrap();
            let since = standing.since.as_ref().and_then(Occurred::instant);
            prop_assert_eq!(since.map(|since| since.to_utc()), Some(noon(first).to_utc()));
            let by = days.iter().position(|(day, _)| *day == first).unwrap();
            // What was derived before may have been found to be so since.
            let works = matches!(standing.state, Some(ChannelState::Active | ChannelState::Degraded));
            prop_assert!(!works || standing.reason == Some(all[by].id), "{:?}", standing.reason);
        }
    }
}

#[test]
fn a_day_of_many_calls_and_a_vague_one_is_folded_at_once() {
    let history: Vec<RawEvent> = (0..20_000)
        .map(|number| match number % 3 {
            0 => raw(number, number as u128 + 1, "2020-02-03", (Kind::CallUnanswered, "{}")),
            1 => raw(number, number as u128 + 1, "2020-02-03T09:00:00Z", (Kind::CallAnswered, "{}")),
            _ => raw(number, number as u128 + 1, "2020-02-03", (Kind::ChannelSevered, "{}")),
        })
        .collect();
    // In quadratic steps this would take minutes.
    let standing = stand(&history, &Policies::default(), Timestamp::MAX);
    assert_eq!(standing.ties.len(), 1);
}
