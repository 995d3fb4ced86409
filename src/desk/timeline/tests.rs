//! What a timeline promises whoever asks.

mod asked;

use super::*;
use crate::desk::ask::FilterAsk;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event, ExternalRef};
use crate::domain::fact::record::{Amended, Retracted};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::marking::Marking;
use crate::domain::source::{Reliability, Source};
use proptest::prelude::*;

fn ask(change: impl FnOnce(&mut TimelineAsk)) -> TimelineAsk {
    let mut ask = TimelineAsk::default();
    change(&mut ask);
    ask
}

#[expect(clippy::unnecessary_wraps, reason = "a parameter that is given")]
fn text(words: &str) -> Option<String> {
    Some(words.to_owned())
}

/// Returns the ids of every row, in the order shown, on one page.
#[track_caller]
fn ids(fixture: &Fixture, when: &When, ask: &TimelineAsk) -> Vec<EventId> {
    let page = fixture.desk.timeline(when, ask).unwrap().data;
    assert_eq!((page.next, page.total), (None, page.items.len() as u64));
    page.items.into_iter().map(|row| row.entry.id).collect()
}

fn amend(fixture: &Fixture, target: EventId, reading: &Event) -> EventId {
    let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
    fixture.add(Envelope::default(), Fact::RecordAmended(Amended { target, reading }))
}

fn strike(fixture: &Fixture, target: EventId) -> EventId {
    fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target }))
}

#[test]
fn every_filter_keeps_what_it_names_and_nothing_else() {
    let fixture = Fixture::new();
    let (south, north, ministry) = (fixture.party("KOR"), fixture.party("PRK"), fixture.party("KOR/mnd"));
    let line = fixture.line("mil-west");
    let spoken = |date: &str, from, to| Envelope { from: vec![from], to: vec![to], ..on(date) };
    let out = fixture
        .event(Kind::MessageSent, Envelope { via: vec![line], ..spoken("2018-03-01", ministry, north) });
    let back = fixture.event(Kind::StatementPublic, spoken("2018-05", north, south));
    let call =
        fixture.event(Kind::CallAnswered, Envelope { about: vec![line], ..on("2019-01-02T09:00:00+09:00") });
    let now = When::default();
    let all = [out, back, call];
    for (asked, found) in [
        (ask(|_| {}), &all[..]),
        (ask(|ask| ask.filter.channel = text("Mil West")), &[out, call]),
        (ask(|ask| ask.filter.via = text("mil-west")), &[out]),
        (ask(|ask| ask.filter.via = text("any")), &[out]),
        (ask(|ask| ask.filter.via = text("none")), &[back, call]),
        (ask(|ask| ask.filter.about = text("mil-west")), &[call]),
        (ask(|ask| ask.filter.between = text("North Korea, KOR")), &all),
        (ask(|ask| ask.filter.from_party = text("KOR")), &[out]),
        (ask(|ask| ask.filter.to_party = text("KOR")), &[back]),
        (ask(|ask| ask.filter.party = text("KOR/mnd")), &[out]),
        // A state that everyone knows and of which the log has nothing: no row, not every row.
        (ask(|ask| ask.filter.party = text("JPN")), &[]),
        (ask(|ask| ask.filter.about = text("JPN")), &[]),
        (ask(|ask| ask.filter.between = text("KOR,JPN")), &[]),
        (ask(|ask| ask.filter.kind = text("call,message.sent")), &[out, call]),
        (ask(|ask| ask.filter.recorder = text("kim")), &all),
        (ask(|ask| ask.filter.from = text("2018-05-10")), &[back, call]),
        (ask(|ask| (ask.filter.from, ask.filter.certainly) = (text("2018-05-10"), true)), &[call]),
        (ask(|ask| ask.filter.to = text("2018")), &[out, back]),
        (ask(|ask| (ask.filter.from, ask.filter.to) = (text("2018-05"), text("2018-05"))), &[back]),
        (ask(|ask| ask.filter.from = text("2018-03-02/2018-06-01")), &[back, call]),
        (ask(|ask| ask.filter.to = text("2019-01-02")), &all),
        (ask(|ask| ask.filter.recorded_to = text("2025-12-31")), &[]),
        (ask(|ask| ask.filter.recorded_from = text("2026-01-01")), &all),
    ] {
        assert_eq!(ids(&fixture, &now, &asked), found, "{asked:?}");
    }
    for (asked, found) in [
        (ask(|ask| ask.filter.channel = text("!mil-west")), &[back][..]),
        (ask(|ask| ask.filter.kind = text("!call")), &[out, back]),
        (ask(|ask| ask.filter.kind = text("call,message.sent,!message")), &[call]),
        (ask(|ask| ask.filter.party = text("KOR,!KOR/mnd")), &[back]),
        (ask(|ask| ask.filter.between = text("!KOR,PRK")), &[]),
        (ask(|ask| ask.filter.about = text("!mil-west")), &[out, back]),
        (ask(|ask| ask.filter.recorder = text("!kim")), &[]),
        (ask(|ask| ask.filter.occurred = text("2018-05..2018-06")), &[back]),
        (ask(|ask| ask.filter.occurred = text("..2018")), &[out, back]),
        (ask(|ask| ask.filter.occurred = text("2019")), &[call]),
        (ask(|ask| ask.filter.occurred = text("2018-05/2019-06")), &[back, call]),
        (ask(|ask| ask.filter.recorded = text("2026..")), &all),
        (ask(|ask| ask.filter.recorded = text("..2025-12-31")), &[]),
        (ask(|ask| ask.filter.position = text("6..7")), &[out, back]),
        (ask(|ask| ask.filter.position = text("6..,!7")), &[out, call]),
        (ask(|ask| ask.filter.topic = text("none")), &all),
        (ask(|ask| ask.filter.marking = text("TLP:RED")), &[]),
        (ask(|ask| ask.filter.marking = text("!tlp:red,none")), &all),
        (ask(|ask| ask.filter.grade = text("A-C1-3")), &[]),
    ] {
        assert_eq!(ids(&fixture, &now, &asked), found, "{asked:?}");
    }
    let reversed = ask(|ask| (ask.reverse, ask.by) = (true, text("recorded")));
    assert_eq!(ids(&fixture, &now, &reversed), [call, back, out]);
    let kept = ask(|ask| ask.filter.bookkeeping = true);
    assert_eq!(ids(&fixture, &now, &kept).len(), 9);
    // Seen from a moment of the world: only what had happened.
    let then = When { at: text("2018-04-30"), ..When::default() };
    assert_eq!(ids(&fixture, &then, &ask(|_| {})), [out]);
}

#[test]
fn what_is_asked_wrongly_is_refused_with_what_would_be_right() {
    let fixture = Fixture::new();
    fixture.line("mil-west");
    let fails = |asked: TimelineAsk, says: &str| {
        let error = fixture.desk.timeline(&When::default(), &asked).unwrap_err();
        let hints =
            if let DeskError::NotFound { hints, .. } = &error { hints.join(", ") } else { String::new() };
        let words = format!("{error} {hints}");
        assert!(words.contains(says), "{words}");
    };
    fails(ask(|ask| ask.filter.kind = text("overture.propsed")), "overture.proposed");
    fails(ask(|ask| ask.filter.kind = text("overtur")), "`overture`");
    fails(ask(|ask| ask.filter.kind = text("OVERTURE")), "did you mean `overture`?");
    fails(ask(|ask| ask.filter.kind = text("weather")), "assessment");
    fails(ask(|ask| ask.filter.kind = text(" , ")), "nothing is named");
    fails(ask(|ask| ask.filter.channel = text("mil-wst")), "mil-west");
    fails(ask(|ask| ask.filter.about = text("mil-wst")), "mil-west");
    fails(ask(|ask| ask.filter.between = text("KOR")), "KOR,PRK");
    fails(ask(|ask| ask.filter.from = text("2018-13")), "2018-13");
    fails(ask(|ask| (ask.filter.from, ask.filter.to) = (text("2019"), text("2018"))), "exchange");
    fails(ask(|ask| ask.filter.status = text("gone")), "struck");
    fails(ask(|ask| ask.filter.status = text("amened")), "did you mean `amended`?");
    fails(ask(|ask| ask.filter.status = text("!all")), "every entry");
    fails(ask(|ask| ask.filter.certainly = true), "occurred, from or to");
    fails(ask(|ask| ask.filter.marking = text("amber")), "did you mean `TLP:AMBER`?");
    fails(ask(|ask| ask.by = text("size")), "occurred");
    fails(ask(|ask| ask.filter.kind = text("call,!")), "after `!`");
    fails(ask(|ask| ask.filter.topic = text("reunions")), "reunions");
    fails(ask(|ask| ask.filter.marking = text("SECRET")), "TLP:RED");
    fails(ask(|ask| ask.filter.grade = text("B7")), "A-C1-3");
    fails(ask(|ask| ask.filter.position = text("9..7")), "exchange");
    fails(ask(|ask| ask.filter.occurred = text("2019..2018")), "exchange");
    fails(ask(|ask| ask.filter.occurred = text("..")), "names no date");
    fails(ask(|ask| ask.filter.occurred = text("!2019")), "cannot be left out");
    fails(
        ask(|ask| (ask.filter.occurred, ask.filter.from) = (text("2018.."), text("2019"))),
        "one or the other",
    );
    fails(ask(|ask| ask.filter.recorded = text("soon..")), "soon");
    for limit in [0, 1_001] {
        fails(ask(|ask| ask.limit = Some(limit)), "1000");
    }
    fails(ask(|ask| ask.after = text("17")), "no token");
}

#[test]
fn struck_and_amended_entries_are_shown_where_they_are_asked_for() {
    let fixture = Fixture::new();
    let (one, two) =
        (fixture.event(Kind::Incident, on("2020-01-01")), fixture.event(Kind::Incident, on("2020-01-02")));
    let three = fixture.event(Kind::Incident, on("2020-01-03"));
    strike(&fixture, one);
    for day in ["2020-02-01", "2020-02-02"] {
        amend(&fixture, two, &Event { envelope: on(day), fact: Kind::CallFault.decode("{}").unwrap() });
    }
    let shown = |status: Option<&str>| {
        let asked = ask(|ask| ask.filter.status = status.map(ToOwned::to_owned));
        ids(&fixture, &When::default(), &asked)
    };
    assert_eq!(shown(None), [three, two]);
    assert_eq!(shown(Some("all")), [one, three, two]);
    assert_eq!(shown(Some("struck")), [one]);
    assert_eq!(shown(Some("amended")), [two]);
    let page =
        fixture.desk.timeline(&When::default(), &ask(|ask| ask.filter.kind = text("call"))).unwrap().data;
    let row = &page.items[0];
    assert_eq!((row.entry.kind, row.amended), (Some(Kind::CallFault), 2));
    assert_eq!(row.entry.date.as_ref().unwrap().value, "2020-02-02");
    // What was not known yet corrects nothing.
    let before = When { known_as_of: text("4"), at: text("2026"), ..When::default() };
    assert_eq!(ids(&fixture, &before, &ask(|_| {})), [one, two, three]);
}

#[test]
fn a_token_is_refused_for_other_filters() {
    let fixture = Fixture::new();
    for day in 1..5 {
        fixture.event(Kind::Incident, on(&format!("2020-01-0{day}")));
    }
    let first = ask(|ask| ask.limit = Some(2));
    let token = fixture.desk.timeline(&When::default(), &first).unwrap().data.next.unwrap();
    let other = ask(|ask| (ask.after, ask.reverse) = (Some(token.clone()), true));
    assert!(
        fixture.desk.timeline(&When::default(), &other).unwrap_err().to_string().contains("another question")
    );
    let elsewhen = When { known_as_of: text("3"), ..When::default() };
    let same = ask(|ask| ask.after = Some(token));
    assert!(fixture.desk.timeline(&elsewhen, &same).is_err());
    assert_eq!(fixture.desk.timeline(&When::default(), &same).unwrap().data.items.len(), 2);
}

/// Returns a log of three parties and two lines with late, amended and struck entries.
pub(in crate::desk) fn random(steps: &[(u8, u8, u8)]) -> Fixture {
    let fixture = Fixture::new();
    let parties = [fixture.party("KOR"), fixture.party("PRK"), fixture.party("KOR/mnd")];
    let lines = [fixture.line("mil-west"), fixture.line("mil-east")];
    let kinds = [Kind::CallAnswered, Kind::StatementPublic, Kind::MessageSent, Kind::Incident];
    let mut entries: Vec<EventId> = Vec::new();
    for (number, (what, day, who)) in steps.iter().copied().enumerate() {
        let pick = |list: &[EntityId]| list[usize::from(who) % list.len()];
        let date = match day % 5 {
            0 => format!("2020-{:02}", day % 12 + 1),
            _ => format!("2020-{:02}-{:02}", day % 12 + 1, day % 28 + 1),
        };
        let envelope = Envelope {
            from: vec![pick(&parties)],
            to: vec![parties[usize::from(who / 3) % 3]],
            about: if what % 2 == 0 { vec![pick(&lines)] } else { Vec::new() },
            via: if what % 3 == 0 { vec![lines[usize::from(who / 2) % 2]] } else { Vec::new() },
            external_refs: vec![ExternalRef { namespace: "file".to_owned(), id: format!("r{number}") }],
            topics: [(what % 4 == 1, "reunions"), (day % 3 == 1, "the line")]
                .into_iter()
                .filter(|(on, _)| *on)
                .map(|(_, topic)| topic.to_owned())
                .collect(),
            marking: (who % 4 == 2).then(|| Marking("TLP:AMBER".to_owned())),
            sources: if day % 2 == 0 {
                let reliability = if who % 3 == 0 { Reliability::A } else { Reliability::C };
                vec![Source { reliability, ..Source::at("x") }]
            } else {
                Vec::new()
            },
            ..on(&date)
        };
        let target = entries.get(usize::from(day) % entries.len().max(1)).copied();
        match (what % 7, target) {
            (5, Some(target)) => {
                strike(&fixture, target);
            }
            (6, Some(target)) => {
                let fact = kinds[usize::from(who) % kinds.len()].decode("{}").unwrap();
                amend(&fixture, target, &Event { envelope, fact });
            }
            _ => entries.push(fixture.event(kinds[usize::from(what) % kinds.len()], envelope)),
        }
    }
    fixture
}

/// Returns any filter.
pub(in crate::desk) fn filters() -> impl Strategy<Value = TimelineAsk> {
    let maybe = |words: &'static [&'static str]| {
        proptest::option::weighted(0.3, proptest::sample::select(words).prop_map(ToOwned::to_owned))
    };
    (
        (
            maybe(&["mil-west", "mil-east,mil-west", "!mil-east"]),
            maybe(&["mil-east", "any", "!mil-west"]),
            maybe(&["KOR", "PRK,!KOR/mnd", "JPN", "!KOR"]),
        ),
        (
            maybe(&["KOR,PRK", "PRK,KOR/mnd", "!KOR,PRK"]),
            maybe(&["call", "message,incident", "statement.public", "!call,!incident"]),
        ),
        (
            maybe(&["struck", "amended", "all", "!amended", "struck,amended", "all,!struck"]),
            maybe(&["2020-03", "2020-06-15"]),
            maybe(&["2020-09"]),
        ),
        (
            maybe(&["reunions", "!The Line", "none"]),
            maybe(&["tlp:amber", "none"]),
            maybe(&["A-B", "!c6", "none"]),
            maybe(&["5..20", "!8", "..12,20.."]),
        ),
        (any::<bool>(), any::<bool>(), any::<bool>(), maybe(&["recorded", "occurred"])),
    )
        .prop_map(
            |(
                (channel, via, party),
                (between, kind),
                (status, from, to),
                (topic, marking, grade, position),
                (certainly, reverse, bookkeeping, by),
            )| {
                let filter = FilterAsk {
                    channel,
                    via,
                    between,
                    party,
                    kind,
                    // A topic must be one that the log has.
                    topic: topic.filter(|topic| topic == "none"),
                    marking,
                    grade,
                    position,
                    status,
                    // Certain is only what lies within dates.
                    certainly: certainly && (from.is_some() || to.is_some()),
                    from,
                    to,
                    bookkeeping,
                    ..FilterAsk::default()
                };
                TimelineAsk { filter, by, reverse, ..TimelineAsk::default() }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_pages_together_are_the_whole_list(
        steps in proptest::collection::vec((0u8..=255, 0u8..=255, 0u8..=255), 0..40),
        asked in filters(),
        limit in 1_u32..9,
    ) {
        let fixture = random(&steps);
        let when = When::default();
        let whole = fixture.desk.timeline(&when, &TimelineAsk { limit: Some(1_000), ..asked.clone() }).unwrap();
        let by = if asked.by.as_deref() == Some("recorded") { By::Recorded } else { By::Occurred };
        let mut selection = fixture.desk.select(&when, &asked.filter, by, asked.reverse).unwrap();
        let known = fixture.desk.known(&when).unwrap();
        let mut walked = Vec::new();
        let mut after = None;
        loop {
            let part = TimelineAsk { limit: Some(limit), after, ..asked.clone() };
            let page = fixture.desk.timeline(&when, &part).unwrap().data;
            prop_assert_eq!(page.total, whole.data.total);
            prop_assert!(!page.items.is_empty() || whole.data.items.is_empty());
            walked.extend(page.items);
            // Whatever is recorded between two pages, they are those of one list.
            fixture.event(Kind::Incident, on("2020-04-04"));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        prop_assert_eq!(&walked, &whole.data.items);
        prop_assert_eq!(walked.len() as u64, whole.data.total);
        // Read as a selection, whatever is recorded meanwhile, it is the same.
        prop_assert_eq!(selection.total(), whole.data.total);
        let mut selected = Vec::new();
        loop {
            fixture.event(Kind::Incident, on("2020-05-05"));
            let rows = selection.next_rows(limit as usize).unwrap();
            if rows.is_empty() {
                break;
            }
            selected.extend(rows.into_iter().map(|selected| selected.row));
        }
        prop_assert_eq!(&selected, &walked);
        // A row says what the whole history of its entry says.
        for row in walked {
            if let Some(entry) = known.entry(row.entry.id).unwrap() {
                prop_assert_eq!(row, known.entry_row(&entry).unwrap());
            }
        }
    }
}

#[test]
fn a_series_and_a_forum_have_the_entries_of_their_meetings() {
    let fixture = Fixture::new();
    let registered = |kind: Kind, detail: &str| -> EntityId {
        fixture.add(Envelope::default(), kind.decode(detail).unwrap()).into()
    };
    let talks = registered(Kind::SeriesRegistered, r#"{"names":[{"text":"general-level"}]}"#);
    let forum = registered(Kind::ChannelRegistered, r#"{"name":"summit","sort":"forum"}"#);
    let plan = fixture
        .event(Kind::MeetingScheduled, Envelope { opens: true, about: vec![talks], ..on("2018-06-01") });
    // It does not say again to which series the meeting belongs.
    let held = fixture.event(Kind::MeetingHeld, Envelope { about: vec![plan.into()], ..on("2018-06-14") });
    let carried =
        fixture.event(Kind::MeetingAgreed, Envelope { opens: true, via: vec![forum], ..on("2018-07-01") });
    let off =
        fixture.event(Kind::MeetingCancelled, Envelope { about: vec![carried.into()], ..on("2018-07-02") });
    let other = fixture.event(Kind::MeetingHeld, Envelope { opens: true, ..on("2018-08-01") });
    let now = When::default();
    let found = |named: &str| ids(&fixture, &now, &ask(|ask| ask.filter.channel = text(named)));
    assert_eq!(found("general-level"), [plan, held]);
    assert_eq!(found("summit"), [carried, off]);
    assert_eq!(ids(&fixture, &now, &ask(|ask| ask.filter.about = text("general-level"))), [plan, held]);
    assert_eq!(ids(&fixture, &now, &ask(|_| {})), [plan, held, carried, off, other]);
    // As known before the meeting was entered nothing belongs to the series.
    let before = When { known_as_of: Some("3".to_owned()), at: Some("2020".to_owned()), tz: None };
    assert_eq!(ids(&fixture, &before, &ask(|ask| ask.filter.channel = text("general-level"))), []);
}
