//! What the matrix tells, by hand from the chronology, and against the definition on random logs.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Linked, Retracted};
use crate::domain::fact::{Fact, Kind, KindClass};
use crate::domain::id::EventId;
use crate::domain::link::{Link, Relation};
use crate::domain::overture::World;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Form;

fn asked(fixture: &Fixture, when: &When, party: &str, towards: Option<&str>) -> SilenceMatrix {
    let ask = SilenceAsk { party: party.to_owned(), towards: towards.map(ToOwned::to_owned) };
    fixture.desk.silence(when, &ask).unwrap().data
}

fn at(at: &str) -> When {
    When { at: Some(at.to_owned()), ..When::default() }
}

fn handle(last: &Last) -> &str {
    last.act().map_or("not recorded", |act| act.entry.handle.as_str())
}

fn rows(rows: &[SilenceRow]) -> Vec<(&str, &str)> {
    rows.iter().map(|row| (row.what.as_str(), handle(&row.last))).collect()
}

/// The last answer on a line between the two was the refusal of working-level talks through the liaison
/// office (ik-118); the offer of envoys was refused in public (ik-125); the last letter is the apology of
/// September 2020 (ik-126); a call was last taken on 17 May 2022 (ik-131); the last talks were those of
/// generals (ik-115); the last word is that of Kim Yo-jong (ik-144), a response to no offer. The crossings of
/// the line (ik-145, ik-146) are no words, and the notices of the People's Army (ik-141, ik-142) went to the
/// UN Command.
#[test]
fn the_silence_of_the_north_has_the_answers_that_the_chronology_gives() {
    let Some(fixture) = Fixture::chronology() else { return };
    let matrix = asked(&fixture, &at("2025-12-31"), "PRK", Some("KOR"));
    assert_eq!(handle(&matrix.last), "ik-144");
    assert_eq!(matrix.last.act().unwrap().days_ago, 156);
    assert_eq!(
        rows(&matrix.acts),
        [
            ("direct_answer", "ik-118"),
            ("answer", "ik-125"),
            ("message", "ik-126"),
            ("answered_call", "ik-131"),
            ("talks", "ik-115"),
            ("public_remark", "ik-144"),
            ("remark_to_nobody", "not recorded"),
        ]
    );
    assert_eq!(
        rows(&matrix.directness),
        [("direct", "ik-131"), ("via_intermediary", "ik-038"), ("public", "ik-144"), ("conduct", "ik-143"),]
    );
    let channel = |name: &str| {
        let row = matrix.channels.iter().find(|row| row.channel.name == name).unwrap();
        let call = |last: &Option<Last>| last.as_ref().map(|last| handle(last).to_owned());
        (handle(&row.last), call(&row.answered_call), call(&row.attempt))
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(channel("liaison-line"), ("ik-131", text("ik-131"), text("ik-136")));
    assert_eq!(channel("mil-west").1, text("not recorded"));
    assert_eq!(channel("mil-west").2, text("ik-137"));
    // Nobody is recorded to have called the leaders' line.
    assert_eq!(channel("leaders-hotline"), ("not recorded", text("not recorded"), text("not recorded")));
    assert_eq!(channel("media").1, None);
    let [finding] = matrix.findings.as_slice() else { panic!("one finding: {:?}", matrix.findings) };
    assert_eq!(
        (finding.entry.handle.as_str(), finding.basis.as_str(), finding.holds),
        ("ik-150", "reported", true)
    );
    assert_eq!(finding.about[0].name, "ik-147");
    assert_eq!(finding.recorded_by, "kim");
    // As seen in May 2018 no call had been answered, so far as the record goes.
    let matrix = asked(&fixture, &at("2018-05-20"), "PRK", Some("KOR"));
    assert_eq!(handle(&matrix.acts[3].last), "not recorded");
    assert_eq!(handle(&matrix.acts[0].last), "ik-106");
    // A body counts for itself alone where it is asked for.
    let matrix = asked(&fixture, &at("2025-12-31"), "PRK/cprk", Some("KOR"));
    assert_eq!(handle(&matrix.acts[0].last), "ik-106");
    assert_eq!(handle(&matrix.acts[4].last), "not recorded");
    // Of whom the log has nothing, nothing is recorded; that is no silence.
    let matrix = asked(&fixture, &at("2025-12-31"), "JPN", Some("KOR"));
    assert_eq!((matrix.last, matrix.channels.len(), matrix.party.as_str()), (Last::NotRecorded, 0, "JPN"));
    let error = fixture.desk.silence(&When::default(), &SilenceAsk::default()).unwrap_err();
    assert!(error.to_string().contains("PRK"), "{error}");
}

#[test]
fn an_answer_that_names_no_addressee_is_one_to_whoever_made_the_offer() {
    let fixture = Fixture::new();
    let (south, north, japan) = (fixture.party("KOR"), fixture.party("PRK"), fixture.party("JPN"));
    let line = fixture.line("mil-west");
    let offer = |from, date: &str| {
        fixture.event(Kind::OvertureProposed, Envelope { from: vec![from], to: vec![north], ..on(date) })
    };
    let (ours, theirs) = (offer(south, "2020-01-01"), offer(japan, "2020-01-02"));
    let answer = |target: EventId, date: &str| {
        let links = vec![Link::new(Relation::Answers, target)];
        let envelope = Envelope { from: vec![north], via: vec![line], links, ..on(date) };
        fixture.event(Kind::ResponseRejected, envelope)
    };
    let meant = answer(ours, "2020-02-01");
    let other = answer(theirs, "2020-03-01");
    let cells = |party: &str| {
        let matrix = asked(&fixture, &When::default(), "PRK", Some(party));
        matrix.acts.iter().take(2).map(|row| row.last.act().map(|act| act.entry.id)).collect::<Vec<_>>()
    };
    assert_eq!(cells("KOR"), [Some(meant), Some(meant)]);
    assert_eq!(cells("JPN"), [Some(other), Some(other)]);
    // Linked to nothing it is a remark and answers nobody.
    let loose = Envelope { from: vec![north], to: vec![south], via: vec![line], ..on("2020-04-01") };
    let loose = fixture.event(Kind::ResponseRejected, loose);
    let matrix = asked(&fixture, &When::default(), "PRK", Some("KOR"));
    assert_eq!(cells("KOR"), [Some(meant), Some(meant)]);
    assert_eq!(matrix.acts[5].last.act().unwrap().entry.id, loose);
    // Until someone says what it answers.
    let link = Link::new(Relation::Answers, ours);
    fixture.add(Envelope::default(), Fact::RecordLinked(Linked { source: loose, link, withdrawn: false }));
    assert_eq!(cells("KOR"), [Some(loose), Some(loose)]);
}

#[test]
fn a_finding_holds_until_something_within_its_scope_comes_after_it() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let (west, media) = (fixture.line("mil-west"), fixture.line("mil-east"));
    let finding = |scope: &str, channels: Vec<EntityId>| {
        let detail = json!({"subject": [north], "towards": [south], "basis": "officer_finding", "scope": scope,
            "channels": channels, "searched": ["KCNA"]});
        fixture.add(on("2023-05-01"), Kind::SilenceRecorded.decode(&detail.to_string()).unwrap())
    };
    let any = finding("any", vec![]);
    let direct = finding("direct_only", vec![]);
    let on_west = finding("any", vec![west]);
    let holds = || {
        let matrix = asked(&fixture, &When::default(), "PRK", Some("KOR"));
        let of = |id: EventId| matrix.findings.iter().find(|row| row.entry.id == id).unwrap().holds;
        (of(any), of(direct), of(on_west))
    };
    assert_eq!(holds(), (true, true, true));
    let said = |form: Option<Form>, via: EntityId, date: &str| {
        let envelope = Envelope { from: vec![north], to: vec![south], via: vec![via], form, ..on(date) };
        fixture.event(Kind::MessageSent, envelope)
    };
    said(Some(Form::PressStatement), media, "2023-06-01");
    assert_eq!(holds(), (false, true, true));
    said(None, media, "2023-06-02");
    assert_eq!(holds(), (false, false, true));
    said(None, west, "2023-04-30");
    assert_eq!(holds(), (false, false, true));
    said(None, west, "2023-06-03");
    assert_eq!(holds(), (false, false, false));
    // As known before anything of that was recorded, and seen from the day of the finding, all hold.
    let then = When { at: Some("2023-05-02".to_owned()), ..When::default() };
    assert!(asked(&fixture, &then, "PRK", Some("KOR")).findings.iter().all(|row| row.holds));
}

#[test]
fn a_meeting_without_parties_is_one_of_those_who_were_to_meet() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let agreed = Envelope { opens: true, from: vec![south], to: vec![north], ..on("2020-01-01") };
    let meeting = fixture.add(agreed, Kind::MeetingScheduled.decode(r#"{"date":"2020-02-01"}"#).unwrap());
    let held = fixture.event(Kind::MeetingHeld, Envelope { about: vec![meeting.into()], ..on("2020-02-01") });
    let matrix = asked(&fixture, &When::default(), "PRK", Some("KOR"));
    assert_eq!(matrix.acts[4].last.act().unwrap().entry.id, held);
    let matrix = asked(&fixture, &When::default(), "PRK", None);
    assert_eq!(matrix.acts[4].last.act().unwrap().entry.id, held);
}

/// What a random log is made of.
struct World4 {
    fixture: Fixture,
    parties: Vec<EntityId>,
    lines: Vec<EntityId>,
}

const KINDS: [Kind; 12] = [
    Kind::OvertureProposed,
    Kind::ResponseRejected,
    Kind::ResponseDeflected,
    Kind::ResponseConduct,
    Kind::OvertureReiterated,
    Kind::MessageSent,
    Kind::StatementPublic,
    Kind::CallAnswered,
    Kind::CallUnanswered,
    Kind::MeetingPostponed,
    Kind::Incident,
    Kind::AgreementAnnounced,
];
const FORMS: [Option<Form>; 6] =
    [None, None, None, Some(Form::PressStatement), Some(Form::Letter), Some(Form::ThirdParty)];

fn random(steps: &[(u8, u8, u8, u8, u8)]) -> World4 {
    let fixture = Fixture::new();
    let parties = ["KOR", "PRK", "KOR/mnd", "PRK/kpa", "JPN"].map(|code| fixture.party(code)).to_vec();
    let lines = ["mil-west", "mil-east", "hotline"].map(|name| fixture.line(name)).to_vec();
    let mut entries: Vec<EventId> = Vec::new();
    for (number, (what, day, who, how, link)) in steps.iter().copied().enumerate() {
        let date = match day % 6 {
            0 => format!("2020-{:02}", day % 12 + 1),
            1 => format!("2020-{:02}-{:02}T09:00:00+09:00", day % 12 + 1, day % 28 + 1),
            _ => format!("2020-{:02}-{:02}", day % 12 + 1, day % 28 + 1),
        };
        let pick = |list: &[EntityId], number: u8| list[usize::from(number) % list.len()];
        let kind = KINDS[usize::from(what) % KINDS.len()];
        let call = matches!(kind, Kind::CallAnswered | Kind::CallUnanswered);
        let target = entries.get(usize::from(link) % entries.len().max(1)).copied();
        let envelope = Envelope {
            from: if who % 11 == 10 { Vec::new() } else { vec![pick(&parties, who)] },
            to: if how % 4 == 3 { Vec::new() } else { vec![pick(&parties, who / 5 + how)] },
            about: if call { vec![pick(&lines, how)] } else { Vec::new() },
            via: if call || how % 3 == 0 { Vec::new() } else { vec![pick(&lines, link)] },
            form: FORMS[usize::from(how) % FORMS.len()],
            links: target
                .filter(|_| link % 2 == 0)
                .map(|to| Link::new(Relation::Answers, to))
                .into_iter()
                .collect(),
            opens: kind == Kind::MeetingPostponed,
            ..on(&date)
        };
        let fact = kind.decode("{}").unwrap();
        match (number % 13, target) {
            (5, Some(target)) => {
                fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target }));
            }
            (7, Some(target)) => {
                let event = Event { envelope, fact };
                let reading = serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap();
                fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target, reading }));
            }
            (9, Some(target)) if entries.len() > 1 => {
                let link = Link::new(Relation::Answers, entries[0]);
                let linked = Linked { source: target, link, withdrawn: how % 2 == 0 };
                fixture.add(Envelope::default(), Fact::RecordLinked(linked));
            }
            _ => entries.push(fixture.add(envelope, fact)),
        }
    }
    World4 { fixture, parties, lines }
}

fn answers(kind: Kind) -> bool {
    KindClass::Answer.has(kind)
}

fn held(kind: Kind) -> bool {
    KindClass::Held.has(kind)
}

/// The definition, entry by entry.
struct Naive<'a> {
    known: &'a Known,
    entries: Vec<Entry>,
    ours: Vec<EntityId>,
    theirs: Vec<EntityId>,
}

impl Naive<'_> {
    fn key(&self, entry: &Entry) -> (Timestamp, Timestamp, u64) {
        let date = entry.event.as_ref().unwrap().envelope.occurred.as_ref();
        let (earliest, latest) = date.map_or((entry.at, entry.at), |date| date.bounds(&self.known.zone));
        (earliest, latest, entry.position)
    }

    fn newest(&self, wanted: impl Fn(&Entry, &Event) -> bool) -> Option<EventId> {
        let meant = self.entries.iter().filter(|entry| {
            let event = entry.event.as_ref().unwrap();
            self.key(entry).0 <= self.known.at && wanted(entry, event)
        });
        meant.max_by_key(|entry| self.key(entry)).map(|entry| entry.id)
    }

    fn offers(&self, entry: &Entry) -> Vec<&Entry> {
        let links = entry.links().iter().filter(|link| link.relation.enters_history());
        let direct = links.filter_map(|link| self.entries_all(link.target));
        direct
            .flat_map(|target| {
                let made = target.event.as_ref().is_some_and(|event| {
                    event.created(target.id).is_some() && event.kind() == Kind::OvertureProposed
                });
                if made {
                    return vec![target];
                }
                let further = target.links().iter().filter_map(|link| self.entries_all(link.target));
                further
                    .filter(|other| {
                        other.event.as_ref().is_some_and(|event| event.kind() == Kind::OvertureProposed)
                    })
                    .collect()
            })
            .collect()
    }

    fn entries_all(&self, id: EventId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    fn has(list: &[EntityId], ids: &[EntityId]) -> bool {
        ids.iter().any(|id| list.contains(id))
    }

    fn addressed(&self, event: &Event) -> bool {
        Self::has(&self.ours, &event.envelope.from) && Self::has(&self.theirs, &event.envelope.to)
    }

    fn both(&self, event: &Event) -> bool {
        let parties = [&event.envelope.from[..], &event.envelope.to].concat();
        Self::has(&self.ours, &parties) && Self::has(&self.theirs, &parties)
    }

    fn directness(&self, event: &Event) -> Option<Directness> {
        let done = (event.kind() == Kind::ResponseConduct).then_some(Directness::Conduct);
        done.or_else(|| event.envelope.form.and_then(Form::directness))
            .or_else(|| World::directness(self.known, &event.envelope.via))
            .or_else(|| {
                (held(event.kind()) || event.kind() == Kind::CallAnswered).then_some(Directness::Direct)
            })
    }

    /// An answer to an offer of the other side that names no addressee.
    fn to_the_proposer(&self, entry: &Entry, event: &Event) -> bool {
        answers(event.kind())
            && event.envelope.to.is_empty()
            && Self::has(&self.ours, &event.envelope.from)
            && self.offers(entry).iter().any(|offer| {
                offer.event.as_ref().is_some_and(|event| Self::has(&self.theirs, &event.envelope.from))
            })
    }

    fn is_answer(&self, entry: &Entry, event: &Event) -> bool {
        let addressed = self.addressed(event) && answers(event.kind()) && !self.offers(entry).is_empty();
        addressed || self.to_the_proposer(entry, event)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_cell_is_the_newest_entry_that_its_definition_means(
        steps in proptest::collection::vec(any::<(u8, u8, u8, u8, u8)>(), 0..60),
        month in 1_u8..13,
        known_as_of: Option<prop::sample::Index>,
    ) {
        let World4 { fixture, parties, lines } = random(&steps);
        let size = usize::try_from(fixture.desk.store.head().size).unwrap();
        let when = When {
            at: Some(format!("2020-{month:02}-20")),
            known_as_of: known_as_of.map(|index| index.index(size).max(10).min(size - 1).to_string()),
            ..When::default()
        };
        let known = fixture.desk.known(&when).unwrap();
        let entries: Vec<Entry> = (0..known.view.size())
            .filter_map(|position| known.view.recorded(position).unwrap())
            .filter_map(|recorded| known.entry(recorded.id).unwrap())
            .filter(|entry| !entry.struck)
            .filter(|entry| entry.event.as_ref().is_some_and(|event| !event.kind().is_bookkeeping()))
            .collect();
        let naive = Naive {
            known: &known,
            entries,
            ours: vec![parties[1], parties[3]],
            theirs: vec![parties[0], parties[2]],
        };
        let silent = Side::named(&known, "PRK").unwrap();
        let towards = Side::named(&known, "KOR").unwrap();
        let channels = Channels::of(&known);
        let acts = Acts::found(&known, &silent, Some(&towards), &channels).unwrap();
        let cell = |cell: Cell| acts.newest.get(&cell).map(|act| act.entry.id);

        let used = |line: EntityId| {
            naive.newest(|_, event| {
                naive.both(event) && (event.envelope.about.contains(&line) || event.envelope.via.contains(&line))
            })
        };
        let between: Vec<EntityId> = lines.iter().copied().filter(|line| used(*line).is_some()).collect();
        prop_assert_eq!(&acts.lines.iter().copied().collect::<std::collections::BTreeSet<_>>(),
            &between.iter().copied().collect::<std::collections::BTreeSet<_>>());
        let call = |event: &Event| {
            event.kind() == Kind::CallAnswered
                && (naive.both(event)
                    || (event.envelope.to.is_empty() && event.envelope.about.iter().any(|line| between.contains(line))))
        };
        let any = |entry: &Entry, event: &Event| {
            (naive.addressed(event) && KindClass::Speech.has(event.kind()))
                || (KindClass::Together.has(event.kind()) && naive.both(event))
                || call(event)
                || naive.to_the_proposer(entry, event)
        };
        prop_assert_eq!(cell(Cell::Any), naive.newest(any));
        prop_assert_eq!(cell(Cell::AnsweredCall), naive.newest(|_, event| call(event)));
        prop_assert_eq!(
            cell(Cell::Message),
            naive.newest(|_, event| naive.addressed(event) && event.kind() == Kind::MessageSent)
        );
        prop_assert_eq!(cell(Cell::Answer), naive.newest(|entry, event| naive.is_answer(entry, event)));
        let direct = |event: &Event| naive.directness(event) == Some(Directness::Direct);
        prop_assert_eq!(
            cell(Cell::DirectAnswer),
            naive.newest(|entry, event| naive.is_answer(entry, event) && direct(event))
        );
        for line in &between {
            let about = |event: &Event| event.envelope.about.contains(line);
            prop_assert_eq!(
                cell(Cell::CallTaken(*line)),
                naive.newest(|_, event| event.kind() == Kind::CallAnswered && about(event))
            );
            prop_assert_eq!(
                cell(Cell::Attempt(*line)),
                naive.newest(|_, event| {
                    matches!(event.kind(), Kind::CallAnswered | Kind::CallUnanswered) && about(event)
                })
            );
        }
        let remark = |entry: &Entry, event: &Event| {
            let open = KindClass::Remark.has(event.kind()) || naive.directness(event) == Some(Directness::Public);
            let loose = answers(event.kind()) && naive.offers(entry).is_empty();
            let addressed = naive.addressed(event) && KindClass::Speech.has(event.kind()) && (open || loose);
            let meant = naive.directness(event) == Some(Directness::Public) && naive.to_the_proposer(entry, event);
            addressed || meant
        };
        prop_assert_eq!(cell(Cell::PublicRemark), naive.newest(remark));
        for way in Directness::ALL.iter().copied().map(Some).chain([None]) {
            let reaches = |entry: &Entry, event: &Event| any(entry, event) && naive.directness(event) == way;
            prop_assert_eq!(cell(Cell::Way(way)), naive.newest(reaches), "{:?}", way);
        }
        for line in &lines {
            let over = |entry: &Entry, event: &Event| {
                let carried = event.envelope.via.contains(line);
                any(entry, event) && (carried || (call(event) && event.envelope.about.contains(line)))
            };
            prop_assert_eq!(cell(Cell::Channel(*line)), naive.newest(over));
        }
    }
}
