//! The intervals of a channel agree with where it stands at every moment.

use proptest::prelude::*;

use crate::domain::channel::laws::{kinds, line, noon, raw, stand};
use crate::domain::channel::{Channel, ChannelState, Interval};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Kind;
use crate::domain::fact::register::ChannelRegistered;
use crate::domain::id::EventId;
use crate::domain::occurred::Occurred;
use crate::domain::policy::Policies;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

fn policies(changes: &[(&str, Kind, &str)]) -> Policies {
    let mut policies = Policies::default();
    for (number, (date, kind, detail)) in changes.iter().enumerate() {
        let envelope = Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() };
        let id = EventId::from_uuid(uuid::Uuid::from_u128(99_000 + number as u128));
        let event = Event { envelope, fact: kind.decode(detail).unwrap() };
        policies.take(number as u64, id, Timestamp::MAX, &event, &Zone::default());
    }
    policies
}

fn changing() -> Policies {
    policies(&[
        ("2020-01-20", Kind::PolicySet, r#"{"name":"p","missed_attempts_max":3,"dormant_after":"P9D"}"#),
        ("2020-03-10", Kind::PolicySet, r#"{"name":"p","missed_attempts_max":1}"#),
        ("2020-05-01", Kind::PolicySet, r#"{"name":"p","dormant_after":"P30D"}"#),
        ("2020-07-01", Kind::PolicyEnded, r#"{"name":"p"}"#),
    ])
}

fn intervals(history: &[RawEvent], policies: &Policies, at: Timestamp) -> Vec<Interval> {
    let zone = Zone::default();
    let detail = r#"{"name":"x","sort":"line","schedule":{"slots":["09:00","17:00"],"days":["mon"]}}"#;
    let registered: ChannelRegistered = serde_json::from_str(detail).unwrap();
    let channel = Channel { id: line(), registered: Some(&registered), policies, zone: &zone };
    channel.intervals(&channel.story(history.to_vec()), at)
}

fn state_at(intervals: &[Interval], moment: Timestamp) -> Option<ChannelState> {
    let begun = |interval: &&Interval| interval.from.as_ref().is_none_or(|from| from.earliest <= moment);
    intervals.iter().rfind(begun).and_then(|interval| interval.state)
}

fn check(history: &[RawEvent], policies: &Policies, in_order: bool) {
    let at = noon(335);
    let found = intervals(history, policies, at);
    assert!(found.first().is_none_or(|first| first.from.is_none()));
    assert!(found.last().is_none_or(|last| last.to.is_none()));
    for pair in found.windows(2) {
        assert_eq!(pair[0].to, pair[1].from, "there is no gap");
        assert_ne!(pair[0].state, pair[1].state);
        let (one, other) = (pair[1].from.as_ref().unwrap(), pair[1].to.as_ref());
        assert!(one.earliest <= one.latest && other.is_none_or(|other| one.earliest < other.earliest));
        // What no entry and no clock began, other policies did: but for links against the dates.
        let is_policy = one.by.is_none() && one.date.is_none();
        let applies_since = || policies.changes().any(|change| change == one.earliest);
        assert!(!in_order || !is_policy || applies_since(), "{found:#?}");
    }
    let boundaries = found.iter().filter_map(|interval| interval.from.as_ref()).flat_map(|from| {
        let before = Timestamp::from_micros(from.earliest.micros().saturating_sub(1));
        [Some(from.earliest), before.ok()]
    });
    for moment in (0..335).map(noon).chain(boundaries.flatten()) {
        let standing = stand(history, policies, moment);
        assert_eq!(state_at(&found, moment), standing.state, "at {moment}\n{found:#?}");
        let there =
            found.iter().rfind(|interval| interval.from.as_ref().is_none_or(|from| from.earliest <= moment));
        let by = there.and_then(|interval| interval.from.as_ref()?.by);
        let rests_on = [by, there.and_then(|interval| interval.confirmed_by)];
        // Where another policy began the interval, no entry did; and where an instant of a day, or a link,
        // puts an entry before one that took effect earlier, the state may rest on another entry than it did.
        // Nor does it where other policies came into force since it began.
        let began = there.and_then(|interval| Some(interval.from.as_ref()?.earliest));
        let as_then = !policies.changes().any(|change| Some(change) > began && change <= moment);
        let exact = in_order && as_then && by.is_some() && standing.derived_by.is_none();
        if exact && !rests_on.contains(&standing.reason) {
            // What left the state and came back to it in one day ends no interval: but before the entry
            // that brought it back, the state was another, or only derived.
            let date = |raw: &RawEvent| raw.event.as_ref().and_then(|event| event.envelope.occurred.clone());
            let reason = history.iter().find(|raw| Some(raw.id) == standing.reason).unwrap();
            let earlier = |raw: &&RawEvent| date(raw) != date(reason) || raw.position < reason.position;
            let before: Vec<RawEvent> = history.iter().filter(earlier).cloned().collect();
            let before = stand(&before, policies, moment);
            let differs = before.state != standing.state || before.derived_by.is_some();
            assert!(differs, "at {moment}: {rests_on:?}, not {:?}", standing.reason);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_state_of_every_moment_is_that_in_which_the_channel_stands(
        entries in prop::collection::vec((kinds(), 0..300_usize, 0..9_u8), 0..24),
        turned: bool,
        whole_days: bool,
    ) {
        let date = |day: usize, form: u8| {
            let whole = noon(day).to_string();
            match form {
                0 => whole[..7].to_owned(),
                1 => format!("{}?", &whole[..10]),
                2 => format!("{}T09:00:00Z", &whole[..10]),
                3 => format!("{}T17:00:00Z", &whole[..10]),
                4 => format!("{}/{}", &whole[..10], &noon(day + 4).to_string()[..10]),
                5 => "2020".to_owned(),
                _ => whole[..10].to_owned(),
            }
        };
        let mut history: Vec<RawEvent> = entries
            .iter()
            .enumerate()
            .map(|(number, (kind, day, form))| raw(number, number as u128 + 1, &date(*day, if whole_days { 8 } else { *form }), *kind))
            .collect();
        // In some, the last is linked to come before the first, whatever their dates.
        if turned && let [first, .., last] = history.as_mut_slice() {
            let link = crate::domain::link::Link::new(crate::domain::link::Relation::Before, first.id);
            last.event.iter_mut().for_each(|event| event.envelope.links.push(link.clone()));
        }
        // Calls at the slots of a day take effect at instants.
        let at_slots = entries.iter().any(|((_, detail), ..)| detail.contains("slots"));
        check(&history, &changing(), whole_days && !turned && !at_slots);
    }
}

#[test]
fn what_is_left_and_come_back_to_in_one_moment_goes_on() {
    let history = [
        raw(0, 1, "2020-03-29", (Kind::ChannelAbandoned, "{}")),
        raw(1, 2, "2020-03-29", (Kind::ChannelRepaired, "{}")),
        raw(2, 3, "2020-02-26", (Kind::ChannelRepaired, "{}")),
    ];
    check(&history, &changing(), true);
    let found = intervals(&history, &changing(), noon(335));
    let active = found.iter().rfind(|interval| interval.state == Some(ChannelState::Active)).unwrap();
    let ended = history[1].event.as_ref().unwrap().envelope.occurred.clone();
    assert_ne!(active.to.as_ref().and_then(|to| to.date.clone()), ended, "{found:#?}");
}

#[test]
fn a_line_falls_silent_by_rule_and_is_then_found_so() {
    let history = [
        raw(0, 1, "2020-01-02", (Kind::ChannelOpened, "{}")),
        raw(1, 2, "2020-01-25", (Kind::CallAnswered, "{}")),
        raw(2, 3, "2020-03-12", (Kind::CallUnanswered, "{}")),
        raw(3, 4, "2020-03-20", (Kind::ChannelUnresponsive, "{}")),
        raw(4, 5, "2020-04", (Kind::ChannelSevered, "{}")),
    ];
    let found = intervals(&history, &changing(), noon(335));
    let states: Vec<&str> =
        found.iter().map(|interval| interval.state.map_or("unknown", ChannelState::as_str)).collect();
    // Dormant from nine days after each use, as long as that policy holds.
    assert_eq!(
        states,
        ["unknown", "active", "dormant", "active", "dormant", "active", "unresponsive", "severed"]
    );
    let severed = found.last().unwrap().from.as_ref().unwrap();
    assert_eq!(severed.date.as_ref().unwrap().as_str(), "2020-04");
    assert_eq!(severed.latest.to_string(), "2020-04-30T23:59:59.999999Z");
    let unresponsive = &found[6];
    assert!(unresponsive.derived_by.is_some());
    assert_eq!(unresponsive.confirmed_by, Some(history[3].id));
}

#[test]
fn a_line_that_rested_works_again_since_the_call_that_woke_it_and_by_it() {
    let after_rest = |kind: Kind, detail| {
        let history =
            [raw(0, 1, "2020-01-20", (Kind::CallAnswered, "{}")), raw(1, 2, "2020-02-10", (kind, detail))];
        let at = noon(45);
        let found = intervals(&history, &changing(), at);
        let standing = stand(&history, &changing(), at);
        let last = found.last().unwrap();
        let began = last.from.as_ref().unwrap();
        let since = |date: &Option<Occurred>| date.as_ref().map(ToString::to_string);
        assert_eq!(last.state, standing.state);
        assert_eq!((since(&began.date), began.by), (since(&standing.since), standing.reason), "{found:#?}");
        assert_eq!(standing.reason, Some(history[1].id), "{}", kind.as_str());
        let states = found.iter().map(|interval| interval.state.map_or("unknown", ChannelState::as_str));
        (states.collect::<Vec<_>>().join(" "), since(&standing.since).unwrap())
    };
    let of = |kind| after_rest(kind, "{}");
    let day = || "2020-02-10".to_owned();
    assert_eq!(of(Kind::CallAnswered), ("unknown active dormant active".to_owned(), day()));
    // Nobody speaks, but somebody called; something comes over it; it is found to work.
    assert_eq!(of(Kind::CallDeclined), ("unknown active dormant active".to_owned(), day()));
    assert_eq!(of(Kind::MessageReceived), ("unknown active dormant active".to_owned(), day()));
    assert_eq!(of(Kind::ChannelRestored), ("unknown active dormant active".to_owned(), day()));
    assert_eq!(of(Kind::CallUnanswered), ("unknown active dormant unresponsive".to_owned(), day()));
}

#[test]
fn twenty_years_of_calls_take_one_pass() {
    let history: Vec<RawEvent> = (0..14_000)
        .map(|number| {
            let day: Timestamp =
                Timestamp::from_micros(946_684_800_000_000 + i64::try_from(number).unwrap() * 43_200_000_000)
                    .unwrap();
            let kind = if number % 50 < 3 { Kind::CallUnanswered } else { Kind::CallAnswered };
            raw(number, number as u128 + 1, &format!("{}Z", &day.to_string()[..19]), (kind, "{}"))
        })
        .collect();
    let policies = policies(&[("2000-01-01", Kind::PolicySet, r#"{"name":"p","missed_attempts_max":3}"#)]);
    let found = intervals(&history, &policies, Timestamp::MAX);
    assert_eq!(found.len(), 1 + 2 * 280);
}
