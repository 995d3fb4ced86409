//! Every answer is the one that the naive definition gives.

use std::sync::Arc;

use demarche::domain::event::{Event, SCHEMA, streams};
use demarche::domain::fact::Kind;
use demarche::domain::id::{EntityId, RequestId};
use demarche::domain::timestamp::Timestamp;
use demarche::projections::Access;
use demarche::projections::facets::{Aspect, Facet, Series, Value};
use demarche::projections::timeline::{
    Became, Between, By, Certainty, Choice, Direction, Order, Struck, TimelineQuery,
};
use demarche::store::{Class, Condition, EventStore, NewEvent};
use proptest::prelude::*;
use serde_json::json;

use super::naive::Naive;
use super::random::{MARKED, TOPICS, actor, choices, empty_log, event_id, extend, grade, log_of};
use super::{in_memory, opened, zone};

/// What decides a question.
type Numbers = [u16; 20];

/// Returns a question decided by numbers: most filters are off, so that something is found.
fn query(numbers: &Numbers, events: usize) -> TimelineQuery {
    let [ids, kind, time, recorded, mark, order, limit, ..] = *numbers;
    let [what, that, left_out, _] = [16, 17, 18, 19].map(|place: usize| numbers[place]);
    let id = |place: usize| -> EntityId { event_id(usize::from(numbers[place]) % events.max(1)).into() };
    let when = |place: usize, filter: u16| -> Choice<EntityId> {
        let ids = if ids % 12 == filter {
            choice(left_out, vec![id(place), id(place + 1)])
        } else {
            Choice::default()
        };
        // Now and then something is left out beside whatever is asked for.
        if left_out % 12 == filter { Choice { none_of: vec![id(place + 2)], ..ids } } else { ids }
    };
    let day = |number: u16| {
        "2009-05-01T00:00:00.000000Z".parse::<Timestamp>().unwrap().micros()
            + i64::from(number % 1_400) * 86_400_000_000
    };
    let moment = |micros: i64| Timestamp::from_micros(micros).unwrap();
    let second = |number: u16| moment(1_300_000_000_000_000 + i64::from(number % 64) * 1_000_000);
    let word = |words: &[&str]| -> Vec<Option<String>> {
        let word = words.get(usize::from(that) % (words.len() + 1));
        vec![word.map(|word| (*word).to_owned())]
    };
    let (from, to) = (u64::from(that % 40), u64::from(that % 40 + what % 20));
    TimelineQuery {
        channels: when(7, 0),
        via: when(8, 1),
        about: when(9, 2),
        between: match ids % 12 {
            3 => choice(left_out, vec![Between::outright(vec![id(10), id(11)], vec![id(12), id(13)])]),
            7 | 8 => choice(left_out, vec![lying_between(numbers, events)]),
            _ => Choice::default(),
        },
        from_party: when(10, 4),
        to_party: when(11, 5),
        party: when(12, 6),
        kinds: match kind % 4 {
            0 => {
                let other = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
                choice(left_out, vec![other, Kind::CallUnanswered, Kind::OvertureProposed])
            }
            _ => Choice::default(),
        },
        topics: if what % 6 == 0 { choice(left_out, word(&TOPICS)) } else { Choice::default() },
        markings: if what % 6 == 1 { choice(left_out, word(&MARKED)) } else { Choice::default() },
        grades: match what % 6 {
            2 => choice(left_out, vec![(that % 3 > 0).then(|| grade(that)), Some(grade(that / 4))]),
            _ => Choice::default(),
        },
        positions: if what % 6 == 3 { choice(left_out, vec![(from, to), (3, 5)]) } else { Choice::default() },
        text: (what % 12 == 4).then(|| {
            Arc::new((0..events as u32).filter(|position| (position + u32::from(that)) % 3 > 0).collect())
        }),
        recorders: if kind % 5 == 1 { choice(left_out, vec![actor(kind)]) } else { Choice::default() },
        occurred: (time % 3 == 0)
            .then(|| (moment(day(time)), moment(day(time) + i64::from(numbers[14]) * 3_600_000_000))),
        certainty: if time % 2 == 0 { Certainty::Certainly } else { Certainty::Possibly },
        happened_by: (time % 5 == 0).then(|| moment(day(numbers[15]))),
        recorded: (recorded % 4 == 0).then(|| (second(recorded), second(numbers[15]))),
        struck: [Struck::Hide, Struck::Show][usize::from(mark / 2) % 2],
        became: match mark % 7 {
            0 => {
                let all = [Became::Struck, Became::Amended, Became::Redacted];
                choice(left_out, vec![all[usize::from(mark / 7) % 3]])
            }
            1 => choice(left_out, vec![Became::Amended, Became::Struck]),
            2 => choice(left_out, vec![Became::Redacted, Became::Amended]),
            _ => Choice::default(),
        },
        contested_only: mark % 17 == 3,
        bookkeeping: mark % 2 == 0,
        visible: (recorded % 5 == 1).then(|| {
            Arc::new(
                (0..events as u32)
                    .filter(|position| !numbers[*position as usize % 16].is_multiple_of(3))
                    .collect(),
            )
        }),
        order: Order {
            by: if order % 2 == 0 { By::Occurred } else { By::Recorded },
            direction: if order % 4 < 2 { Direction::Ascending } else { Direction::Descending },
        },
        after: None,
        limit: 1 + usize::from(limit % 7),
    }
}

/// Returns two sides with many lines and offers between them, so that some of what names nobody is about one.
fn lying_between(numbers: &Numbers, events: usize) -> Between {
    let part = |place: usize, of: usize| -> Vec<EntityId> {
        let is_in = |number: &usize| (number + usize::from(numbers[place])).is_multiple_of(of);
        (0..events).filter(is_in).map(|number| event_id(number).into()).collect()
    };
    let (callers, others) = (part(14, 4), part(15, 2));
    let spoken = [Kind::ResponseCounterProposed, Kind::OvertureProposed, Kind::StatementPublic];
    Between {
        sides: (part(10, 5), part(11, 4)),
        lines: part(12, 2),
        callers,
        others,
        offers: part(13, 2),
        about_offers: spoken[..=usize::from(numbers[18] % 3)].to_vec(),
    }
}

/// Returns a choice of these, or of everything but these.
fn choice<T>(left_out: u16, things: Vec<T>) -> Choice<T> {
    match left_out % 3 {
        0 => Choice { any_of: None, none_of: things },
        _ => things.into(),
    }
}

/// Returns everything that can be counted, in random groups.
fn facets(numbers: &Numbers, events: usize) -> Vec<Facet> {
    let group = |seed: u16, values: Vec<Value>| -> Vec<Vec<Value>> {
        let mut slots: Vec<Vec<Value>> = vec![Vec::new(); 3];
        for (place, value) in values.into_iter().enumerate() {
            let slot = (place + usize::from(seed)) % 4;
            // Some values are not asked for, and some count twice.
            slots.get_mut(slot).into_iter().for_each(|slot| slot.push(value.clone()));
            if place % 5 == 0 {
                slots[0].push(value);
            }
        }
        slots
    };
    let entities = || (0..events).map(|number| Value::Entity(event_id(number).into())).collect::<Vec<_>>();
    let words = |words: &[&str]| words.iter().map(|word| Value::Word((*word).to_owned())).collect();
    let kinds = || Kind::ALL.iter().map(|kind| Value::Kind(*kind)).collect();
    let all = [
        (Aspect::Channel, entities()),
        (Aspect::Via, entities()),
        (Aspect::From, entities()),
        (Aspect::To, entities()),
        (Aspect::Kind, kinds()),
        (Aspect::Topic, words(&TOPICS)),
        (Aspect::Marking, words(&MARKED)),
        (Aspect::Grade, (0..12).map(|number| Value::Grade(grade(number))).collect()),
        (Aspect::Recorder, (0..3).map(|number| Value::Recorder(actor(number))).collect()),
    ];
    // A few at a time, so that one which has no channel before it is counted as well.
    let chosen = numbers[19];
    let mut facets: Vec<Facet> = all
        .into_iter()
        .enumerate()
        .filter(|(place, _)| chosen >> place & 1 == 1)
        .map(|(place, (aspect, values))| Facet { aspect, slots: group(numbers[place], values) })
        .collect();
    if chosen.is_multiple_of(3) {
        // The channels alone, as a register gives them: what is no channel has to be looked up.
        let channels = (0..events).take(4).map(|number| vec![Value::Entity(event_id(number).into())]);
        facets.push(Facet { aspect: Aspect::Channel, slots: channels.collect() });
    }
    facets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_answer_is_that_of_the_naive_definition_at_every_size(
        choices in choices(1..45),
        size: prop::sample::Index,
        queries in proptest::collection::vec(any::<Numbers>(), 12),
    ) {
        let store = log_of(&choices);
        let projections = in_memory(&store);
        for size in [choices.len(), size.index(choices.len() + 1)] {
            let view = projections.view(size as u64);
            let mut naive = Naive::of(&*store, zone(), size);
            naive.check(&view);
            for numbers in &queries {
                let query = query(numbers, choices.len());
                naive = naive.check_timeline(&view, &query);
                if numbers[18] % 3 == 0 {
                    naive = naive.check_count(&view, &query, &facets(numbers, choices.len()));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_loaded_and_caught_up_answers_as_what_was_never_saved(
        first in choices(1..30),
        second in choices(0..30),
        queries in proptest::collection::vec(any::<Numbers>(), 12),
        access in prop_oneof![Just(Access::ReadOnly), Just(Access::Writable)],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("projections");
        let store = log_of(&first);
        let projections = opened(&dir, &store, Access::Writable);
        projections.save().unwrap();
        projections.close().unwrap();
        extend(&store, &second);
        let projections = opened(&dir, &store, access);
        prop_assert_eq!(projections.notice(), None);
        let size = first.len() + second.len();
        prop_assert_eq!(projections.digest(size as u64).unwrap(), in_memory(&store).digest(size as u64).unwrap());
        prop_assert!(projections.check().unwrap().agrees());
        for size in [size, first.len()] {
            let view = projections.view(size as u64);
            let mut naive = Naive::of(&*store, zone(), size);
            naive.check(&view);
            for numbers in &queries {
                let query = query(numbers, first.len() + second.len());
                naive = naive.check_timeline(&view, &query);
                naive = naive.check_count(&view, &query, &facets(numbers, first.len() + second.len()));
            }
        }
    }

    #[test]
    fn taking_in_piece_by_piece_is_taking_in_at_once(
        pieces in proptest::collection::vec(choices(0..12), 1..5),
    ) {
        let store = log_of(&[]);
        let projections = in_memory(&store);
        for piece in &pieces {
            extend(&store, piece);
            prop_assert_eq!(projections.catch_up().unwrap(), store.head().size);
        }
        let size = store.head().size;
        prop_assert_eq!(projections.digest(size).unwrap(), in_memory(&store).digest(size).unwrap());
    }
}

/// Records 70,000 events on two lines, of which one came into being late, and returns the lines.
fn long_log() -> (Arc<dyn EventStore>, [EntityId; 2]) {
    let store = empty_log("long");
    let lines: [EntityId; 2] = [event_id(3).into(), event_id(66_000).into()];
    let new = |number: usize| {
        let body = match number {
            3 => json!({"kind": "channel.registered", "detail": {"name": "west", "sort": "line"}}),
            66_000 => json!({"kind": "channel.registered", "detail": {"name": "east", "sort": "line"}}),
            _ => {
                // Now and then an entry names the second line before that came into being.
                let line = lines[usize::from(number.is_multiple_of(97))];
                let day = 1 + number % 28;
                json!({"kind": "call.answered", "about": if number.is_multiple_of(3) { vec![line] } else { vec![] },
                    "via": if number.is_multiple_of(5) { vec![line] } else { vec![] },
                    "topics": [format!("topic {}", number % 7)],
                    "occurred": format!("20{:02}-{:02}-{day:02}", number % 23, 1 + number % 12)})
            }
        };
        let event = Event::decode(SCHEMA, &body.to_string()).unwrap();
        NewEvent {
            id: Some(event_id(number)),
            streams: streams(&event, event_id(number)),
            class: Class::Fact,
            schema: SCHEMA,
            actor: actor(0),
            body: body.to_string(),
            attachments: Vec::new(),
            signature: None,
        }
    };
    for part in 0..70_usize {
        let events = (part * 1_000..(part + 1) * 1_000).map(new).collect();
        let request = RequestId::from_uuid(uuid::Uuid::from_u128(part as u128 + 1));
        store.append(events, Condition::default(), request).unwrap();
    }
    (store, lines)
}

#[test]
fn whole_segments_are_counted_as_the_timeline_counts_them() {
    let (store, lines) = long_log();
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let projections = opened(&dir, &store, Access::Writable);
    projections.save().unwrap();
    projections.close().unwrap();
    let slots = lines.map(|line| vec![Value::Entity(line)]).to_vec();
    let topics = (0..7).map(|topic| vec![Value::Word(format!("topic {topic}"))]).collect();
    let facets = [
        Facet { aspect: Aspect::Channel, slots: slots.clone() },
        Facet { aspect: Aspect::Channel, slots: slots[..1].to_vec() },
        Facet { aspect: Aspect::Via, slots },
        Facet { aspect: Aspect::Topic, slots: topics },
    ];
    for projections in [opened(&dir, &store, Access::ReadOnly), in_memory(&store)] {
        for (size, from) in [(70_000, 0), (69_000, 66_500), (66_000, 10)] {
            let view = projections.view(size);
            let query =
                TimelineQuery { limit: 0, positions: vec![(from, size)].into(), ..TimelineQuery::default() };
            let total = |query: TimelineQuery| view.timeline(&query).unwrap().total;
            let counted =
                view.count(&query, &facets, &[Series { by: By::Occurred, starts: &years }]).unwrap();
            assert_eq!(counted.total, total(query.clone()));
            let channels =
                lines.map(|line| total(TimelineQuery { channels: vec![line].into(), ..query.clone() }));
            assert_eq!(counted.tallies[0].counts, channels, "{size} {from}");
            let none = Choice { any_of: None, none_of: lines.to_vec() };
            assert_eq!(counted.tallies[0].without, total(TimelineQuery { channels: none, ..query.clone() }));
            assert_eq!(counted.tallies[1].counts, channels[..1]);
            let via = lines.map(|line| total(TimelineQuery { via: vec![line].into(), ..query.clone() }));
            assert_eq!(counted.tallies[2].counts, via);
            for (topic, count) in counted.tallies[3].counts.iter().enumerate() {
                let topics = vec![Some(format!("topic {topic}"))].into();
                assert_eq!(*count, total(TimelineQuery { topics, ..query.clone() }));
            }
            for (place, count) in counted.series[0].counts.iter().enumerate() {
                let starts = &counted.series[0].starts;
                let end = starts.get(place + 1).copied().unwrap_or(Timestamp::MAX);
                let within = Some((starts[place], Timestamp::from_micros(end.micros() - 1).unwrap()));
                let certainty = Certainty::Certainly;
                assert_eq!(*count, total(TimelineQuery { occurred: within, certainty, ..query.clone() }));
            }
        }
    }
}

/// Returns where years begin, near enough.
fn years(first: Timestamp, last: Timestamp) -> Vec<Timestamp> {
    let year = 365 * 86_400_000_000;
    let starts =
        (0..).map(|number| first.micros() + number * year).take_while(|start| *start <= last.micros());
    starts.map(|start| Timestamp::from_micros(start).unwrap()).collect()
}
