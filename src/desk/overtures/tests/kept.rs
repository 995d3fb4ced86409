//! What is kept of overtures against the definition, on random logs: fold every one, filter, sort.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::desk::overtures::found::{Found, Place};
use crate::desk::overtures::standings::Standings;
use crate::desk::overtures::{Asked, perhaps_open};
use crate::domain::event::{self, SCHEMA};
use crate::domain::fact::EntityKind;
use crate::domain::fact::record::Redacted;
use crate::domain::id::{ActorId, RequestId};
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::effect::Effect;
use crate::projections::offers::{OffersQuery, Which};
use crate::projections::{Access, Projections};
use crate::store::{Class, Condition, NewEvent};

const KINDS: [Kind; 36] = [
    Kind::OvertureProposed,
    Kind::OvertureProposed,
    Kind::OvertureProposed,
    Kind::OvertureDrafted,
    Kind::OvertureIssued,
    Kind::OvertureDelivered,
    Kind::OvertureAcknowledged,
    Kind::OvertureReiterated,
    Kind::OvertureExtended,
    Kind::OvertureRevised,
    Kind::OvertureUrged,
    Kind::OvertureLapsed,
    Kind::OvertureWithdrawn,
    Kind::OvertureSuperseded,
    Kind::OvertureMoot,
    Kind::ResponseAccepted,
    Kind::ResponseAccepted,
    Kind::ResponseAcceptedConditionally,
    Kind::ResponseCounterProposed,
    Kind::ResponseRejected,
    Kind::ResponseRejected,
    Kind::ResponseDeflected,
    Kind::ResponseDeflected,
    Kind::ResponseDeclinedComment,
    Kind::ResponseRescinded,
    Kind::ResponseConduct,
    Kind::ConditionMet,
    Kind::MeetingHeld,
    Kind::StatementPublic,
    Kind::ChannelRestored,
    Kind::ChannelRestored,
    Kind::ChannelOpened,
    Kind::CallAnswered,
    Kind::CallAnswered,
    Kind::CallAnswered,
    Kind::CallAnswered,
];
const DATES: [&str; 16] = [
    "2025-01-03",
    "2025-01-04",
    "2025-01-05",
    "2025-01-05T09:00:00+09:00",
    "2025-01-05T17:00:00+09:00",
    "2025-01-06",
    "2025-01",
    "[2025-01-02..2025-01-08]",
    "2025-01-04/2025-01-07",
    "2025-01-09",
    "2024-12-30",
    "2025-02",
    "2025-01-12",
    "2025-01-16",
    "2025-01-20",
    "2025-01-24",
];
const RELATIONS: [Relation; 10] = [
    Relation::Answers,
    Relation::Answers,
    Relation::Concerns,
    Relation::Concerns,
    Relation::Realises,
    Relation::Counters,
    Relation::Reiterates,
    Relation::Supersedes,
    Relation::Before,
    Relation::Anticipates,
];
const MOMENTS: [&str; 6] =
    ["2024-12-31", "2025-01-04", "2025-01-05T12:00:00+09:00", "2025-01-06", "2025-01-31", "2026"];

/// How many events enter the parties and the line.
const BEGUN: u64 = 8;

/// A step of a random log.
type Step = (u8, u8, u8, u8, u8, u8);

/// A random log as it grows.
struct Grown {
    talks: Talks,
    line: EntityId,
    entries: Vec<(EventId, Event)>,
    offers: Vec<EventId>,
    corrections: Vec<EventId>,
}

fn pick<T: Clone>(list: &[T], number: u8) -> Option<T> {
    list.get(usize::from(number) % list.len().max(1)).cloned()
}

impl Grown {
    fn new() -> Self {
        let talks = Talks::new();
        let line = talks.fixture.line("hotline");
        Self { talks, line, entries: Vec::new(), offers: Vec::new(), corrections: Vec::new() }
    }

    fn entry(&self, (what, when, who, on, how, _): Step) -> Event {
        let talks = &self.talks;
        let kind = KINDS[usize::from(what) % KINDS.len()];
        let ours = kind.family() == "overture" && kind != Kind::OvertureAcknowledged && who % 7 != 6;
        let (one, other) = if ours { (talks.mnd, talks.prk) } else { (talks.prk, talks.mnd) };
        let from = match who % 9 {
            8 => Vec::new(),
            7 => vec![talks.president],
            _ => vec![one],
        };
        let to = match who % 5 {
            4 => vec![other, talks.floor_leader],
            3 => Vec::new(),
            _ => vec![other],
        };
        let offer = pick(&self.offers, on);
        let mut envelope = Envelope { from, to, ..on_date(when) };
        if when % 13 == 12 {
            envelope.occurred = None;
        }
        if when % 11 == 10 {
            envelope.effective = Some(DATES[usize::from(how) % DATES.len()].parse().unwrap());
        }
        let makes = kind.subject() == crate::domain::fact::Subject::Creates(EntityKind::Overture);
        match how % 6 {
            _ if makes && how % 5 != 4 => {}
            0..=2 => envelope.about = offer.map(EntityId::from).into_iter().collect(),
            3 | 4 => {
                let relation = RELATIONS[usize::from(how / 6) % RELATIONS.len()];
                envelope.links = offer.map(|offer| Link::new(relation, offer)).into_iter().collect();
            }
            _ => {
                let relation = RELATIONS[usize::from(how / 6) % RELATIONS.len()];
                let entry = pick(&self.entries, on);
                envelope.links = entry.map(|(id, _)| Link::new(relation, id)).into_iter().collect();
            }
        }
        if matches!(kind, Kind::ChannelRestored | Kind::ChannelOpened | Kind::CallAnswered) {
            envelope.about.push(self.line);
        }
        // A call takes place when it takes place: nobody records one that takes effect at another time.
        if kind == Kind::CallAnswered {
            envelope.effective = None;
        }
        envelope.opens = matches!(kind, Kind::ResponseCounterProposed | Kind::MeetingHeld) && how % 3 != 2;
        let detail = match kind.family() {
            "overture" if how % 4 == 3 && makes => json!({"restores": [self.line]}),
            "channel" if how % 4 != 3 => json!({"evidence": "announced"}),
            _ => json!({}),
        };
        Event { envelope, fact: kind.decode(&detail.to_string()).unwrap() }
    }

    fn grow(&mut self, step: Step) {
        let (_, _, who, on, how, correct) = step;
        let entry = pick(&self.entries, on);
        let about = |event: &Event| if who % 2 == 0 { Vec::new() } else { event.envelope.about.clone() };
        let fixture = &self.talks.fixture;
        let raw = |event: &Event| serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap();
        match (correct % 16, entry) {
            (0, Some((target, mut event))) => {
                event.envelope.summary = Some("otherwise".to_owned());
                let fact = Fact::RecordAmended(Amended { target, reading: raw(&event) });
                self.corrections
                    .push(fixture.add(Envelope { about: about(&event), ..Envelope::default() }, fact));
            }
            (1, Some((target, event))) => {
                let reading = self.entry(step);
                let fact = Fact::RecordAmended(Amended { target, reading: raw(&reading) });
                // A correction names what the entry bears on from then on, as every one that is recorded does.
                let mut each = about(&event);
                let named = event::streams(&reading, target).into_iter();
                each.extend(named.filter(|id| *id != target.into() && !event.envelope.about.contains(id)));
                self.corrections.push(fixture.add(Envelope { about: each, ..Envelope::default() }, fact));
            }
            (2, Some((target, event))) => {
                let fact = Fact::RecordRetracted(Retracted { target });
                self.corrections
                    .push(fixture.add(Envelope { about: about(&event), ..Envelope::default() }, fact));
            }
            (3, Some(_)) if !self.corrections.is_empty() => {
                let target = pick(&self.corrections, on).unwrap();
                let fact = Fact::RecordRetracted(Retracted { target });
                self.corrections.push(fixture.add(Envelope::default(), fact));
            }
            (4 | 5, Some((source, event))) if !self.offers.is_empty() => {
                let target = pick(&self.offers, how).unwrap();
                let link = Link::new(RELATIONS[usize::from(who) % RELATIONS.len()], target);
                let fact = Fact::RecordLinked(Linked { source, link, withdrawn: how % 7 == 6 });
                self.corrections
                    .push(fixture.add(Envelope { about: about(&event), ..Envelope::default() }, fact));
            }
            (6, Some((target, event))) if how % 3 == 0 => self.redact(target, &event, who),
            _ => {
                let event = self.entry(step);
                let id = self.talks.fixture.add(event.envelope.clone(), event.fact.clone());
                if event.created(id).is_some() && event.kind().family() != "meeting" {
                    self.offers.push(id);
                }
                self.entries.push((id, event));
            }
        }
    }

    fn redact(&self, target: EventId, event: &Event, who: u8) {
        let replacement = Event {
            envelope: Envelope { summary: None, ..event.envelope.clone() },
            fact: event.fact.clone(),
        };
        let replacement = serde_json::value::RawValue::from_string(replacement.encode().unwrap()).unwrap();
        let fact = Fact::RecordRedacted(Redacted {
            target,
            basis: "a law".to_owned(),
            approvals: Vec::new(),
            entity: event.created(target).map(|_| match event.kind().family() {
                "meeting" => EntityKind::Meeting,
                _ => EntityKind::Overture,
            }),
            called: Vec::new(),
            replacement: who.is_multiple_of(2).then_some(replacement),
        });
        let body = Event { envelope: Envelope::default(), fact };
        let number = self.talks.fixture.desk.store.head().size;
        let id = EventId::from_uuid(uuid::Uuid::from_u128(1 << 100 | u128::from(number)));
        let new = NewEvent {
            id: Some(id),
            streams: event::streams(&body, id),
            class: Class::RecordRedacted,
            schema: SCHEMA,
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(3)),
            body: body.encode().unwrap(),
            attachments: Vec::new(),
            signature: None,
        };
        let request = RequestId::from_uuid(uuid::Uuid::from_u128(1 << 101 | u128::from(number)));
        self.talks.fixture.desk.store.append(vec![new], Condition::default(), request).unwrap();
    }

    fn known(&self, size: u64, moment: u8) -> Known {
        let at = Some(MOMENTS[usize::from(moment) % MOMENTS.len()].to_owned());
        let head = self.talks.fixture.desk.store.head().size;
        let known_as_of = (size < head).then(|| (size - 1).to_string());
        self.talks.fixture.desk.known(&When { known_as_of, at, ..When::default() }).unwrap()
    }

    fn check(&self, size: u64, moment: u8, how: u8) {
        let known = self.known(size, moment);
        for open in [true, false] {
            let ask = OverturesAsk {
                open,
                sort: (how % 2 == 1).then(|| "issued".to_owned()),
                from_party: [None, None, Some("KOR/mnd"), Some("KOR")][usize::from(how / 2) % 4]
                    .map(str::to_owned),
                to_party: [None, Some("PRK")][usize::from(how / 8) % 2].map(str::to_owned),
                limit: Some(3),
                ..OverturesAsk::default()
            };
            let mut asked = Asked::read(&known, &ask).unwrap();
            let expected = defined(&asked, &known);
            let mut walked = Vec::new();
            loop {
                let found = asked.found(&mut Standings::new(&known)).unwrap();
                assert_eq!(found.total, expected.len() as u64, "{ask:?} at {size}");
                walked.extend(found.places.clone());
                asked.after = found.places.last().map(|(place, _)| *place);
                if !found.more {
                    break;
                }
            }
            assert_eq!(walked, expected, "{ask:?} of {size} events at {}", known.at);
        }
        let all = known.entities(EntityKind::Overture).unwrap();
        let (mut standings, mut defined) = (Standings::new(&known), Standings::with_every_call(&known));
        for overture in &all {
            let [found, expected] = [&mut standings, &mut defined].map(|standings| standings.of(*overture));
            assert_eq!(found.is_ok(), expected.is_ok());
            let (Ok(found), Ok(expected)) = (found, expected) else { continue };
            let effects = |standing: &OvertureStanding| {
                let effects =
                    standing.effects.iter().filter(|(_, effect)| !matches!(effect, Effect::Beside(_)));
                effects.cloned().collect::<Vec<_>>()
            };
            assert_eq!(effects(&found), effects(&expected));
            let without =
                |standing: &OvertureStanding| OvertureStanding { effects: Vec::new(), ..standing.clone() };
            assert_eq!(without(&found), without(&expected), "at {size} and {}", known.at);
        }
        let due = |overtures: Vec<EntityId>| {
            let mut standings = Standings::new(&known);
            let mut due = Vec::new();
            for overture in overtures {
                if standings.gathered(overture).unwrap().is_made(&known) {
                    due.extend(standings.due(overture).unwrap());
                }
            }
            due
        };
        assert_eq!(due(perhaps_open(&known).unwrap()), due(all));
    }
}

fn on_date(when: u8) -> Envelope {
    on(DATES[usize::from(when) % DATES.len()])
}

/// The definition: every overture is folded.
fn defined(asked: &Asked, known: &Known) -> Vec<(Place, EntityId)> {
    let mut standings = Standings::new(known);
    let mut places = Vec::new();
    for overture in known.entities(EntityKind::Overture).unwrap() {
        places.extend(asked.place(&mut standings, overture).unwrap().map(|place| (place, overture)));
    }
    places.sort_unstable();
    if asked.sort == crate::desk::overtures::found::Sort::Issued {
        places.reverse();
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_list_is_that_of_the_definition_whatever_is_recorded(
        steps in proptest::collection::vec(any::<Step>(), 1..26),
        asked in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 4),
    ) {
        let mut grown = Grown::new();
        let kept = tempfile::tempdir().unwrap();
        for (number, step) in steps.iter().enumerate() {
            grown.grow(*step);
            // What was found is saved, and holds for whoever opens it, as far as nothing bears on it since.
            match number % 6 {
                1 | 5 => grown.talks.fixture.reopen(kept.path(), Access::Writable),
                3 => grown.talks.fixture.desk.projections.save().unwrap(),
                _ => {}
            }
            let (_, moment, how) = asked[number % asked.len()];
            // What is remembered from the question before must not outlive what was recorded since.
            grown.check(grown.talks.fixture.desk.store.head().size, moment, how);
        }
        let head = grown.talks.fixture.desk.store.head().size;
        for (size, moment, how) in &asked {
            let size = BEGUN + u64::try_from(size.index(usize::try_from(head - BEGUN + 1).unwrap())).unwrap();
            grown.check(size, *moment, *how);
            grown.check(head, *moment, *how);
        }
        let desk = &grown.talks.fixture.desk;
        let ask = |projections: &Projections, size: u64| {
            let at = "2025-01-31T00:00:00.000000Z".parse::<crate::domain::timestamp::Timestamp>().unwrap().micros();
            [Which::Open, Which::Made].map(|which| {
                let (from, to, after) = (None, None, None);
                projections.view(size).offers(&OffersQuery { which, at, from, to, after, newest_first: false, limit: 9 })
            })
        };
        // What was found by folds is another thing: it was found of one of them only.
        desk.projections.view(head).forget_verdicts();
        let live: Vec<_> = (0..=head).map(|size| ask(&desk.projections, size)).collect();
        // Saved and opened again it is the same, and folded from nothing.
        let dir = tempfile::tempdir().unwrap();
        let open = |access| {
            Projections::open(Some(&dir.path().join("p")), Arc::clone(&desk.store), desk.zone, access).unwrap()
        };
        let rebuilt = open(Access::Writable);
        rebuilt.save().unwrap();
        let folded: Vec<_> = (0..=head).map(|size| ask(&rebuilt, size)).collect();
        rebuilt.close().unwrap();
        let opened = open(Access::ReadOnly);
        prop_assert_eq!(opened.notice(), None);
        let saved: Vec<_> = (0..=head).map(|size| ask(&opened, size)).collect();
        prop_assert_eq!(&saved, &folded);
        prop_assert_eq!(&live, &folded);
    }
}

#[test]
fn the_first_page_of_open_overtures_folds_a_page_and_not_all() {
    let talks = Talks::new();
    for number in 0..600 {
        let date = format!("2025-{:02}-{:02}", number / 28 % 12 + 1, number % 28 + 1);
        let offer = talks.offer(&format!("o-{number}"), &date, &json!({}));
        if number % 6 != 0 {
            talks.on(offer, &format!("a-{number}"), "2025-12-30", Kind::ResponseAccepted, talks.prk);
        }
    }
    let gathered = |ask: &OverturesAsk| {
        let known = talks.fixture.desk.known(&When::default()).unwrap();
        let asked = Asked::read(&known, ask).unwrap();
        let mut standings = Standings::new(&known);
        let Found { places, total, .. } = asked.found(&mut standings).unwrap();
        for (_, overture) in &places {
            standings.row(*overture).unwrap();
        }
        (places.len(), total, standings.gatherings)
    };
    assert_eq!(gathered(&open()), (50, 100, 50));
    assert_eq!(gathered(&OverturesAsk::default()), (50, 600, 50));
    let from_party = Some("KOR/mnd".to_owned());
    assert_eq!(gathered(&OverturesAsk { from_party, ..open() }), (50, 100, 50));
}
