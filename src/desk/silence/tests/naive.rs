//! The matrix against its definition, on random logs: filter, sort, take the last.

use proptest::prelude::*;

use super::*;
use crate::desk::overtures::standings::Standings;
use crate::domain::overture::effect::Effect;
use crate::domain::schedule::Schedule;
use crate::domain::zone::Zone;

/// What a random log is made of.
struct RandomLog {
    fixture: Fixture,
    parties: Vec<EntityId>,
    lines: Vec<EntityId>,
}

const KINDS: [Kind; 17] = [
    Kind::OvertureAcknowledged,
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
    Kind::CallDeclined,
    Kind::ChannelSevered,
    Kind::CallsDiscontinued,
    Kind::ChannelScheduleChanged,
];
const ZONES: [&str; 4] = ["Asia/Seoul", "Asia/Pyongyang", "America/New_York", "Pacific/Kiritimati"];
const SLOTS: [&str; 5] = ["", r#""09:00""#, r#""17:00""#, r#""17:00","00:30","09:00""#, r#""23:30""#];
const FORMS: [Option<Form>; 6] =
    [None, None, None, Some(Form::PressStatement), Some(Form::Letter), Some(Form::ThirdParty)];

/// Returns what a random entry of a kind says, by two numbers.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other kind says more here")]
fn said(kind: Kind, one: u8, other: u8) -> Fact {
    let zone = ZONES[usize::from(one) % ZONES.len()];
    let slots = SLOTS[usize::from(other) % SLOTS.len()];
    let detail = match kind {
        Kind::ChannelScheduleChanged if one % 5 == 4 => r#"{"schedule":null}"#.to_owned(),
        Kind::ChannelScheduleChanged => format!(r#"{{"schedule":{{"slots":["09:00"],"zone":"{zone}"}}}}"#),
        kind if kind.family() == "call" => format!(r#"{{"slots":[{slots}]}}"#),
        _ => "{}".to_owned(),
    };
    kind.decode(&detail).unwrap()
}

/// Registers a line that is called in a zone.
fn line_in(fixture: &Fixture, name: &str, zone: &str) -> EntityId {
    let detail =
        format!(r#"{{"name":"{name}","sort":"line","schedule":{{"slots":["09:00"],"zone":"{zone}"}}}}"#);
    fixture.add(Envelope::default(), Kind::ChannelRegistered.decode(&detail).unwrap()).into()
}

/// Returns a random log; where `apart` says, of lines that are called in several zones.
fn random(steps: &[(u8, u8, u8, u8, u8)], apart: bool) -> RandomLog {
    let fixture = Fixture::new();
    let parties = ["KOR", "PRK", "KOR/mnd", "PRK/kpa", "JPN"].map(|code| fixture.party(code)).to_vec();
    let mut lines = vec![fixture.line("mil-west")];
    lines.push(if apart { line_in(&fixture, "mil-east", ZONES[1]) } else { fixture.line("mil-east") });
    lines.push(if apart { line_in(&fixture, "hotline", ZONES[2]) } else { fixture.line("hotline") });
    let mut entries: Vec<EventId> = Vec::new();
    for (number, (what, day, who, how, link)) in steps.iter().copied().enumerate() {
        let date = match day % 6 {
            0 => format!("2020-{:02}", day % 12 + 1),
            2 => format!(
                "2020-{0:02}-{1:02}/2020-{0:02}-{2:02}",
                day % 12 + 1,
                day % 14 + 1,
                day % 14 + 1 + who % 14
            ),
            1 => format!("2020-{:02}-{:02}T09:00:00+09:00", day % 12 + 1, day % 28 + 1),
            _ => format!("2020-{:02}-{:02}", day % 12 + 1, day % 28 + 1),
        };
        let pick = |list: &[EntityId], number: u8| list[usize::from(number) % list.len()];
        let kind = KINDS[usize::from(what) % if apart { KINDS.len() } else { KINDS.len() - 1 }];
        let call = matches!(kind.family(), "call" | "calls" | "channel");
        let target = entries.get(usize::from(link) % entries.len().max(1)).copied();
        let envelope = Envelope {
            from: if who % 11 == 10 { Vec::new() } else { vec![pick(&parties, who)] },
            to: if how % 4 == 3 { Vec::new() } else { vec![pick(&parties, (who / 5).wrapping_add(how))] },
            about: if call { vec![pick(&lines, how)] } else { Vec::new() },
            via: if kind.family() == "call" || how % 3 == 0 { Vec::new() } else { vec![pick(&lines, link)] },
            form: FORMS[usize::from(how) % FORMS.len()],
            links: target
                .filter(|_| link % 2 == 0)
                .map(|to| Link::new(Relation::Answers, to))
                .into_iter()
                .collect(),
            opens: kind == Kind::MeetingPostponed,
            ..on(&date)
        };
        let fact = said(kind, link, who.wrapping_add(day));
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
    RandomLog { fixture, parties, lines }
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
        let zone = &self.known.zone;
        let (earliest, latest) = date.map_or((Timestamp::MIN, entry.at), |date| date.bounds(zone));
        if earliest <= self.known.at && date.is_some_and(|date| date.as_str().contains('/')) {
            // What lasted is as new as its last day that has come.
            let last = latest.min(self.known.at);
            let day = zone.local(last).date_naive().and_hms_opt(0, 0, 0).unwrap();
            return (zone.first_from(day).max(earliest), last, entry.position);
        }
        (earliest, latest, entry.position)
    }

    /// When an act took place: of a call on a day, each slot that it names, in the zone in which the line was called.
    fn times(&self, entry: &Entry) -> Vec<(Timestamp, Timestamp, u64)> {
        let event = entry.event.as_ref().unwrap();
        let detail: serde_json::Value = serde_json::from_str(event.fact.encode().unwrap().get()).unwrap();
        let slots = detail["slots"].as_array().filter(|_| event.kind().family() == "call");
        let day = event.envelope.occurred.as_ref().map(ToString::to_string).filter(|date| date.len() == 10);
        let (Some(slots), Some(day)) = (slots.filter(|slots| !slots.is_empty()), day) else {
            return vec![self.key(entry)];
        };
        let zone: Zone = self.zone_of_calls(event.envelope.about[0], self.key(entry).0).parse().unwrap();
        let moment = |slot: &serde_json::Value| {
            let local = format!("{day}T{}:00", slot.as_str().unwrap()).parse().unwrap();
            let moment = zone.first_from(local);
            (moment, moment, entry.position)
        };
        slots.iter().map(moment).collect()
    }

    /// In which zone a line is called: as was said last, before that as it was registered, else that of the log.
    fn zone_of_calls(&self, line: EntityId, when: Timestamp) -> String {
        let zone = |schedule: Option<&Schedule>| {
            schedule.and_then(|schedule| schedule.zone).unwrap_or(self.known.zone).to_string()
        };
        let changes = self.entries.iter().filter(|entry| {
            let event = entry.event.as_ref().unwrap();
            event.kind() == Kind::ChannelScheduleChanged
                && event.envelope.about.contains(&line)
                && self.key(entry).0 <= when
        });
        match changes.max_by_key(|entry| (self.key(entry).0, entry.position)) {
            Some(Entry { event: Some(Event { fact: Fact::ChannelScheduleChanged(said), .. }), .. }) => {
                zone(said.schedule.as_ref())
            }
            _ => zone(self.known.register.channel(line).unwrap().entered.schedule.as_ref()),
        }
    }

    fn newest(&self, wanted: impl Fn(&Entry, &Event) -> bool) -> Option<EventId> {
        let meant = self.entries.iter().filter(|entry| wanted(entry, entry.event.as_ref().unwrap()));
        let times = meant.flat_map(|entry| self.times(entry).into_iter().map(|time| (time, entry.id)));
        times.filter(|(time, _)| time.0 <= self.known.at).max_by_key(|(time, _)| *time).map(|(_, id)| id)
    }

    /// The offers that an entry answers, struck ones too: itself, or through an entry of their threads.
    fn offers(&self, entry: &Entry) -> Vec<Entry> {
        let targets = |entry: &Entry| -> Vec<Entry> {
            let links = entry.links().iter().filter(|link| link.relation.enters_history());
            links.filter_map(|link| self.known.entry(link.target).unwrap()).collect()
        };
        let is_offer =
            |entry: &Entry| self.known.view.kind_of(entry.id.into()).unwrap() == Some(EntityKind::Overture);
        targets(entry)
            .into_iter()
            .flat_map(|target| {
                if is_offer(&target) {
                    return vec![target];
                }
                targets(&target).into_iter().filter(is_offer).collect()
            })
            .collect()
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
                let is_call = matches!(event.kind(), Kind::CallAnswered | Kind::CallDeclined);
                (held(event.kind()) || is_call).then_some(Directness::Direct)
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

    /// What is done about an offer and names no addressee: by one of those to whom it was made, or by its proposer.
    fn about_an_offer(&self, entry: &Entry, event: &Event) -> bool {
        let unaddressed = event.envelope.to.is_empty() && Self::has(&self.ours, &event.envelope.from);
        unaddressed
            && self.offers(entry).iter().filter_map(|offer| offer.event.as_ref()).any(|offer| {
                let (from, to) = (&offer.envelope.from, &offer.envelope.to);
                (event.kind() == Kind::ResponseConduct && Self::has(&self.theirs, from))
                    || (event.kind() == Kind::OvertureReiterated
                        && Self::has(&self.ours, from)
                        && Self::has(&self.theirs, to))
            })
    }

    /// An answer to an offer of the other side that was made by then, which has an effect on it; that something was
    /// received is none.
    fn is_answer(&self, entry: &Entry, event: &Event) -> bool {
        if event.kind() == Kind::OvertureAcknowledged {
            return false;
        }
        let offers = self.offers(entry);
        let mut standings = Standings::new(self.known);
        let holds =
            offers.iter().filter(|offer| !offer.struck && self.key(offer).0 <= self.known.at).any(|offer| {
                let standing = standings.of(offer.id.into()).unwrap();
                let of = |(id, effect): &(EventId, Effect)| (*id == entry.id).then_some(effect.clone());
                let effect = standing.effects.iter().find_map(of);
                let is_none = matches!(
                    effect,
                    None | Some(
                        Effect::Misfit | Effect::NotAddressee | Effect::NotProposer | Effect::Beside(_)
                    )
                );
                !is_none && Self::has(&self.theirs, &offer.event.as_ref().unwrap().envelope.from)
            });
        let addressed = self.addressed(event) && answers(event.kind());
        holds && (addressed || self.to_the_proposer(entry, event))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_cell_is_the_newest_entry_that_its_definition_means(
        steps in proptest::collection::vec(any::<(u8, u8, u8, u8, u8)>(), 0..60),
        at in (1_u8..13, 1_u8..29, 0_u8..24),
        apart: bool,
        known_as_of: Option<prop::sample::Index>,
    ) {
        let RandomLog { fixture, parties, lines } = random(&steps, apart);
        let size = usize::try_from(fixture.desk.store.head().size).unwrap();
        let when = When {
            at: Some(format!("2020-{:02}-{:02}T{:02}:00:00+09:00", at.0, at.1, at.2)),
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
        let spoken = |event: &Event| {
            matches!(event.kind(), Kind::CallAnswered | Kind::CallDeclined)
                && (naive.both(event)
                    || (event.envelope.to.is_empty()
                        && (event.envelope.from.is_empty()
                            || [&naive.ours, &naive.theirs].iter().any(|side| Naive::has(side, &event.envelope.from)))
                        && event.envelope.about.iter().any(|line| between.contains(line))))
        };
        let call = |event: &Event| event.kind() == Kind::CallAnswered && spoken(event);
        let declared = |event: &Event| {
            let to_the_other_end =
                event.envelope.to.is_empty() && event.envelope.about.iter().any(|line| between.contains(line));
            matches!(event.kind(), Kind::ChannelSevered | Kind::CallsDiscontinued | Kind::ChannelScheduleChanged)
                && Naive::has(&naive.ours, &event.envelope.from)
                && (to_the_other_end || Naive::has(&naive.theirs, &event.envelope.to))
        };
        let over_a_line = |event: &Event| {
            event.envelope.to.is_empty()
                && KindClass::Speech.has(event.kind())
                && Naive::has(&naive.ours, &event.envelope.from)
                && event.envelope.via.iter().any(|line| between.contains(line))
        };
        let together = |event: &Event| {
            naive.both(event)
                && (held(event.kind())
                    || (KindClass::Together.has(event.kind()) && Naive::has(&naive.ours, &event.envelope.from)))
        };
        let any = |entry: &Entry, event: &Event| {
            (naive.addressed(event) && KindClass::Speech.has(event.kind()))
                || together(event)
                || declared(event)
                || over_a_line(event)
                || spoken(event)
                || naive.to_the_proposer(entry, event)
                || naive.about_an_offer(entry, event)
        };
        prop_assert_eq!(cell(Cell::Any), naive.newest(any));
        prop_assert_eq!(cell(Cell::AnsweredCall), naive.newest(|_, event| call(event)));
        prop_assert_eq!(
            cell(Cell::Message),
            naive.newest(|_, event| {
                (naive.addressed(event) || over_a_line(event)) && event.kind() == Kind::MessageSent
            })
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
                    KindClass::Attempt.has(event.kind()) && about(event)
                })
            );
        }
        let remark = |entry: &Entry, event: &Event| {
            let open = KindClass::Remark.has(event.kind()) || naive.directness(event) == Some(Directness::Public);
            let linked = entry.links().iter().any(|link| link.relation.enters_history());
            let is_answer = answers(event.kind()) && event.kind() != Kind::OvertureAcknowledged;
            let loose = is_answer && event.envelope.about.is_empty() && !linked;
            let addressed = naive.addressed(event) && KindClass::Speech.has(event.kind()) && (open || loose);
            let over = over_a_line(event) && KindClass::Remark.has(event.kind());
            let meant = naive.directness(event) == Some(Directness::Public)
                && (declared(event)
                    || over_a_line(event)
                    || naive.to_the_proposer(entry, event) || naive.about_an_offer(entry, event));
            addressed || meant || over
        };
        prop_assert_eq!(cell(Cell::PublicRemark), naive.newest(remark));
        for way in Directness::ALL.iter().copied().map(Some).chain([None]) {
            let reaches = |entry: &Entry, event: &Event| any(entry, event) && naive.directness(event) == way;
            prop_assert_eq!(cell(Cell::Way(way)), naive.newest(reaches), "{:?}", way);
        }
        for line in &lines {
            let over = |entry: &Entry, event: &Event| {
                let carried = event.envelope.via.contains(line);
                any(entry, event) && (carried || (spoken(event) && event.envelope.about.contains(line)))
            };
            prop_assert_eq!(cell(Cell::Channel(*line)), naive.newest(over));
        }
    }
}
