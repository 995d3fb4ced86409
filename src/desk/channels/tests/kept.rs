//! Boards that are folded on from earlier ones, against boards that are folded from nothing.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::desk::channels::kept::ChannelsKept;
use crate::domain::fact::record::{Amended, Approval, Linked, Redacted};
use crate::domain::link::{Link, Relation};
use crate::domain::reading::RawEvent;
use crate::projections::{Access, Projections};

const KINDS: [Kind; 16] = [
    Kind::CallAnswered,
    Kind::CallAnswered,
    Kind::CallAnswered,
    Kind::CallUnanswered,
    Kind::CallUnanswered,
    Kind::CallDeclined,
    Kind::ChannelOpened,
    Kind::ChannelSuspended,
    Kind::ChannelRestored,
    Kind::ChannelSevered,
    Kind::ChannelDegraded,
    Kind::ChannelRepaired,
    Kind::ChannelScheduleChanged,
    Kind::ChannelDeclared,
    Kind::CallsDiscontinued,
    Kind::MessageReceived,
];

type Step = (u8, u8, u8, u8, u8);

struct Grown {
    fixture: Fixture,
    lines: [EntityId; 2],
    party: EntityId,
    entries: Vec<(EventId, Event)>,
    corrections: Vec<EventId>,
    day: u8,
    dir: tempfile::TempDir,
    // Folds in short parts whatever is recorded since it was asked last.
    piecemeal: ChannelsKept,
}

fn date(day: u8, how: u8) -> String {
    let date = format!("2025-{:02}-{:02}", day / 28 % 12 + 1, day % 28 + 1);
    match how % 9 {
        0 => format!("{date}T09:00:00+09:00"),
        1 => format!("{date}T17:00:00+09:00"),
        2 if how > 60 => format!("2025-{:02}", day / 28 % 12 + 1),
        _ => date,
    }
}

impl Grown {
    fn new() -> Self {
        let fixture = Fixture::new();
        let lines = ["hotline", "mil-west"].map(|name| fixture.line(name));
        let party = fixture.party("PRK");
        let dir = tempfile::tempdir().unwrap();
        let piecemeal = ChannelsKept::in_parts_of(5);
        Self { fixture, lines, party, entries: Vec::new(), corrections: Vec::new(), day: 0, dir, piecemeal }
    }

    fn entry(&mut self, (what, when, who, how, _): Step) -> Event {
        self.day = self.day.wrapping_add(u8::from(when % 3 == 0));
        // Most are of the day on which they are recorded, some of an earlier or a later one.
        let day = match when % 16 {
            14 => self.day.saturating_sub(who % 40),
            15 => self.day.saturating_add(who % 5),
            _ => self.day,
        };
        let kind = KINDS[usize::from(what) % KINDS.len()];
        let line = self.lines[usize::from(who % 8 == 7)];
        let mut envelope = on(&date(day, how));
        if kind == Kind::MessageReceived {
            envelope.via = vec![line];
        } else {
            envelope.about = vec![line];
        }
        if kind.family() == "channel" {
            envelope.from = vec![self.party];
            if how % 10 == 9 {
                envelope.effective = Some(date(day.saturating_add(how % 4), 3).parse().unwrap());
            }
        }
        if how % 50 == 13 {
            // Nobody knows when.
            (envelope.occurred, envelope.effective) = (None, None);
        }
        if let Some((target, _)) = self.entries.last().filter(|_| how % 40 == 39) {
            envelope.links =
                vec![Link::new([Relation::Before, Relation::After][usize::from(who % 2)], *target)];
        }
        let zone = ["Asia/Seoul", "America/New_York"][usize::from(who % 2)];
        let detail = match kind.family() {
            "call" if how % 4 == 3 => json!({"slots": ["09:00", "17:00"]}),
            _ if kind == Kind::ChannelScheduleChanged && how % 2 == 0 => {
                json!({"schedule": {"slots": ["09:00", "17:00"], "zone": zone}})
            }
            _ if kind == Kind::ChannelScheduleChanged => json!({"schedule": null}),
            _ if kind == Kind::ChannelDeclared => json!({"status": "open"}),
            _ => json!({}),
        };
        Event { envelope, fact: kind.decode(&detail.to_string()).unwrap() }
    }

    fn grow(&mut self, step: Step) {
        let (_, _, who, how, correct) = step;
        let place = self.entries.len().saturating_sub(1 + usize::from(how) % (1 + usize::from(who) % 30));
        let entry = self.entries.get(place).cloned();
        // As the desk records a correction: it names what its entry names; others name nothing but the entry.
        let of = |event: &Event| match who % 3 {
            0 => Envelope::default(),
            _ => Envelope {
                about: [&event.envelope.about[..], &event.envelope.via].concat(),
                ..Envelope::default()
            },
        };
        let raw = |event: &Event| serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap();
        match (correct % 20, entry) {
            (0, Some((target, event))) => {
                let mut new = self.entry(step);
                if who % 3 == 0 {
                    // What belongs to another history must be named to be found there.
                    (new.envelope.about, new.envelope.via) =
                        (event.envelope.about.clone(), event.envelope.via.clone());
                }
                let mut envelope = of(&event);
                if who % 3 != 0 {
                    envelope.about.extend(new.envelope.about.iter().chain(&new.envelope.via));
                    envelope.about.sort_unstable();
                    envelope.about.dedup();
                }
                let reading = raw(&new);
                let fact = Fact::RecordAmended(Amended { target, reading });
                self.corrections.push(self.fixture.add(envelope, fact));
            }
            (1, Some((target, event))) => {
                let fact = Fact::RecordRetracted(Retracted { target });
                self.corrections.push(self.fixture.add(of(&event), fact));
            }
            (2, Some(_)) if !self.corrections.is_empty() => {
                let target = self.corrections[usize::from(how) % self.corrections.len()];
                let fact = Fact::RecordRetracted(Retracted { target });
                let about = if who % 2 == 0 { self.lines.to_vec() } else { Vec::new() };
                self.corrections.push(self.fixture.add(Envelope { about, ..Envelope::default() }, fact));
            }
            (3, Some((source, event))) => {
                let target = EventId::from_uuid(*self.lines[0].as_uuid());
                let link = Link::new(Relation::Concerns, target);
                let fact = Fact::RecordLinked(Linked { source, link, withdrawn: how % 4 == 3 });
                let mut envelope = of(&event);
                if !envelope.about.contains(&self.lines[0]) {
                    envelope.about.push(self.lines[0]);
                }
                self.corrections.push(self.fixture.add(envelope, fact));
            }
            (4, _) => {
                let set = PolicySet {
                    name: "missed".to_owned(),
                    missed_attempts_max: Some(u32::from(how % 3) + 1),
                    dormant_after: (how % 2 == 0).then(|| "5d".parse().unwrap()),
                    ..PolicySet::default()
                };
                self.fixture.add(on(&date(self.day, 3)), Fact::PolicySet(set));
            }
            (5, Some((target, event))) if how % 3 == 0 => {
                let by = |number| Approval {
                    by: EntityId::from_uuid(uuid::Uuid::from_u128(number)),
                    key: None,
                    signature: None,
                };
                let redacted = Redacted {
                    target,
                    basis: "§ 17".to_owned(),
                    approvals: vec![by(1), by(2)],
                    entity: None,
                    called: Vec::new(),
                    replacement: None,
                };
                self.fixture.add(of(&event), Fact::RecordRedacted(redacted));
            }
            _ => {
                let event = self.entry(step);
                let id = self.fixture.add(event.envelope.clone(), event.fact.clone());
                self.entries.push((id, event));
            }
        }
    }

    fn check(&self, size: u64, day: Option<u8>) {
        let head = self.fixture.desk.store.head().size;
        let known_as_of = (size < head).then(|| (size - 1).to_string());
        let when = When { known_as_of, at: day.map(|day| date(day, 3)), ..When::default() };
        let known = self.fixture.desk.known(&when).unwrap();
        let all: Vec<u64> = (0..size).collect();
        let all: Vec<RawEvent> = known.view.events_at(&all).unwrap();
        for line in self.lines {
            let channel = channel(&known, line);
            let naive = channel.stand(&channel.story(all.clone()), known.at);
            let stood = known.channels.stand(&known, &channel).unwrap();
            assert_eq!(stood.standing, naive, "{size}: {when:?}");
            let stood = self.piecemeal.stand(&known, &channel).unwrap();
            assert_eq!(stood.standing, naive, "{size}: {when:?}");
            // Of a long history nobody holds everything at once, and what is asked next goes on from there.
            let parts = ChannelsKept::in_parts_of(7);
            for _ in 0..2 {
                let stood = parts.stand(&known, &channel).unwrap();
                assert_eq!(stood.standing, naive, "{size}: {when:?}");
            }
            let mut anew = self.fixture.desk.known(&when).unwrap();
            // What is lost of a record makes everything be folded that is there.
            anew.lost = Some(u64::MAX);
            let (row, from_nothing) = (channel_row(&known, line), channel_row(&anew, line));
            assert_eq!(row.unwrap(), from_nothing.unwrap(), "{size}: {when:?}");
        }
    }

    /// Saves what is folded.
    fn save(&self) {
        self.fixture.desk.projections.save().unwrap();
    }

    /// Opens what was saved last, as another process would.
    fn reopen(&mut self) {
        self.fixture.reopen(self.dir.path(), Access::Writable);
    }

    /// Opens the projections anew, as if they had been thrown away.
    fn rebuild(&mut self) {
        let desk = &mut self.fixture.desk;
        let store = std::sync::Arc::clone(&desk.store);
        desk.projections = Projections::open(None, store, desk.zone, Access::Writable).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_board_that_goes_on_from_an_earlier_one_is_as_one_from_nothing(
        steps in proptest::collection::vec(any::<Step>(), 10..70),
        asked in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 5),
    ) {
        let mut grown = Grown::new();
        for (number, step) in steps.iter().enumerate() {
            grown.grow(*step);
            let head = grown.fixture.desk.store.head().size;
            grown.check(head, None);
            let (size, day) = asked[number % asked.len()];
            grown.check(head, Some(day % grown.day.saturating_add(1)));
            let size = 5 + u64::try_from(size.index(usize::try_from(head - 4).unwrap())).unwrap();
            grown.check(size, (day % 2 == 0).then_some(day % grown.day.saturating_add(1)));
            match number % 29 {
                3 | 15 | 22 => grown.reopen(),
                9 | 20 => grown.save(),
                28 => grown.rebuild(),
                _ => {}
            }
        }
    }
}

#[test]
fn a_second_board_reads_the_last_entries_and_not_all() {
    let fixture = Fixture::new();
    let line = fixture.line("hotline");
    for day in 0..200 {
        fixture.event(Kind::CallAnswered, about(line, &date(day, 0), "call"));
    }
    let read = |when: &When| {
        let known = fixture.desk.known(when).unwrap();
        known.channels.stand(&known, &channel(&known, line)).unwrap().story.len()
    };
    let past = at(&date(90, 3));
    assert_eq!(read(&past), 201);
    let few = |when: &When| assert!(read(when) < 9, "{when:?}: {}", read(when));
    // Wherever the first answer was asked about, what it folded is of use to every other moment.
    few(&When::default());
    few(&past);
    few(&at(&date(20, 3)));
    fixture.event(Kind::CallUnanswered, about(line, &date(200, 0), "missed"));
    few(&When::default());
    few(&past);
    // What comes late makes useless what was folded of its day and of later ones, and that once.
    fixture.event(Kind::CallUnanswered, about(line, &date(150, 3), "late"));
    few(&past);
    few(&When::default());
    // Of fewer events, what was not known then is left out, with the days around it.
    let then = When { known_as_of: Some("120".to_owned()), ..When::default() };
    assert!(read(&then) < 30, "{}", read(&then));
    few(&When::default());
}
