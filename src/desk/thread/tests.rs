//! Threads over a log in memory.

use serde_json::json;

use crate::desk::answer::Answer;
use crate::desk::answer::entry::Thread;
use crate::desk::ask::{TimelineAsk, When};
use crate::desk::error::DeskError;
use crate::desk::overtures::tests::{Talks, called, when};
use crate::desk::testing::on;
use crate::domain::event::Envelope;
use crate::domain::fact::record::Retracted;
use crate::domain::fact::{Fact, Kind};
use crate::domain::link::{Link, Relation};
use crate::domain::source::{Credibility, Reliability, Source};

fn thread(talks: &Talks, at: &str, handle: &str) -> Result<Answer<Thread>, DeskError> {
    talks.fixture.desk.thread(&when(at), &format!("ik:{handle}"))
}

fn told(thread: &Thread) -> Vec<(&str, &str)> {
    thread.entries.iter().map(|entry| (entry.row.entry.handle.as_str(), entry.effect.as_str())).collect()
}

#[test]
fn the_thread_of_an_offer_tells_what_each_entry_did() {
    let (talks, _) = Talks::seed();
    let answer = thread(&talks, "2025-12-31", "ik-147").unwrap();
    assert_eq!(answer.notices, [""; 0]);
    let thread = answer.data;
    assert_eq!((thread.overture.currency.as_str(), thread.overture.open), ("standing", true));
    assert_eq!(
        told(&thread),
        [("ik-147", "issued"), ("ik-148", "urges, no effect"), ("ik-150", "finding of silence (reported)"),]
    );
    let related: Vec<&str> = thread.related.iter().map(|row| row.entry.handle.as_str()).collect();
    assert_eq!(related, ["ik-149"]);
}

#[test]
fn an_entry_of_a_thread_leads_to_it_and_says_so() {
    let (talks, _) = Talks::seed();
    let answer = thread(&talks, "2025-12-31", "ik-150").unwrap();
    assert_eq!(answer.data.overture.handle, "ik-147");
    assert_eq!(answer.notices, ["`ik:ik-150` is an entry of the thread of ik-147, which is shown"]);
    let loose = talks.fixture.event(Kind::StatementPublic, called("loose", "2025-12-03"));
    let error = thread(&talks, "2025-12-31", "loose").unwrap_err();
    assert!(matches!(&error, DeskError::NotFound { hints, .. } if hints[0].contains("statement.public")));
    talks.on(loose, "on-loose", "2025-12-04", Kind::AssessmentRecorded, talks.mnd);
    assert!(matches!(thread(&talks, "2025-12-31", "on-loose"), Err(DeskError::NotFound { .. })));
    assert!(matches!(thread(&talks, "2025-12-31", "nothing"), Err(DeskError::NotFound { .. })));
}

#[test]
fn an_entry_of_two_threads_is_asked_which_is_meant() {
    let (talks, offer) = Talks::seed();
    let other = talks.offer("other", "2025-11-18", &json!({}));
    let links = vec![Link::new(Relation::Answers, offer), Link::new(Relation::Answers, other)];
    let from = vec![talks.prk];
    talks.fixture.event(Kind::ResponseRejected, Envelope { from, links, ..called("both", "2025-12-05") });
    let error = thread(&talks, "2025-12-31", "both").unwrap_err();
    assert!(matches!(&error, DeskError::Ambiguous { candidates, .. } if candidates.len() == 2), "{error:?}");
    let answered = thread(&talks, "2025-12-31", "ik-147").unwrap().data;
    assert_eq!(
        told(&answered).last(),
        Some(&("both", "answers: rejected, late (silence had been found on 2 December 2025: ik-150)"))
    );
}

#[test]
fn an_offer_that_is_yet_to_come_is_not_there() {
    let (talks, _) = Talks::seed();
    let error = thread(&talks, "2025-11-16", "ik-147").unwrap_err();
    let DeskError::NotFound { what, hints } = error else { panic!("not found") };
    assert!(what.contains("at that time") && hints[0].contains("17 November 2025"), "{what} {hints:?}");
    let unknown = When { known_as_of: Some("3".to_owned()), ..When::default() };
    assert!(talks.fixture.desk.thread(&unknown, "ik:ik-147").is_err());
}

#[test]
fn struck_entries_stay_and_answers_to_them_are_marked() {
    let (talks, offer) = Talks::seed();
    let again = talks.on(offer, "again", "2025-12-05", Kind::OvertureReiterated, talks.mnd);
    talks.on(again, "answer", "2025-12-06", Kind::ResponseDeflected, talks.prk);
    let effects = |talks: &Talks| {
        let thread = thread(talks, "2025-12-31", "ik-147").unwrap().data;
        told(&thread).iter().skip(3).map(|(name, effect)| format!("{name}: {effect}")).collect::<Vec<_>>()
    };
    assert_eq!(
        effects(&talks),
        [
            "again: reiterates (1st)",
            "answer: answers: deflected, late (silence had been found on 2 December 2025: ik-150)"
        ]
    );
    let strike = Fact::RecordRetracted(Retracted { target: again });
    let about = vec![offer.into()];
    talks.fixture.add(Envelope { about: about.clone(), ..on("2026-01-05") }, strike);
    let struck = effects(&talks);
    assert_eq!(struck[0], "again: struck, no effect");
    assert!(struck[1].ends_with("; on an entry that was struck"), "{struck:?}");
    let strike = Fact::RecordRetracted(Retracted { target: offer });
    talks.fixture.add(Envelope { about, ..on("2026-01-05") }, strike);
    let thread = thread(&talks, "2025-12-31", "ik-147").unwrap().data;
    assert_eq!(thread.overture.status, "unknown");
    assert_eq!(thread.overture.basis, "the entry that makes the offer was struck");
    assert!(thread.entries[0].row.struck);
    // Neither issued nor standing; from whom it came stays readable.
    let row = &thread.overture;
    assert_eq!((row.delivery.as_str(), row.currency.as_str(), row.open), ("unknown", "unknown", false));
    assert_eq!(row.proposer.iter().map(|named| named.name.as_str()).collect::<Vec<_>>(), ["KOR/mnd"]);
    assert_eq!(row.addressees.len(), 1);
    // What answers it stays, and is marked wherever it is listed.
    let all = talks.fixture.desk.timeline(&When::default(), &TimelineAsk::default()).unwrap().data;
    let marked = |handle: &str| {
        all.items.iter().filter(|row| row.entry.handle == handle).map(|row| row.on_struck).collect::<Vec<_>>()
    };
    assert_eq!(marked("answer"), [true]);
    assert!(all.items.iter().any(|row| !row.on_struck));
}

#[test]
fn what_came_before_and_what_realised_it_are_shown_with_their_sources() {
    let talks = Talks::new();
    let line = talks.fixture.line("mil-west");
    let offer = talks.offer("o", "2025-03-01", &json!({"restores": [line]}));
    let links = vec![Link::new(Relation::Anticipates, offer)];
    let mut source = Source::at("KCNA");
    (source.reliability, source.credibility) = (Reliability::B, Credibility::ProbablyTrue);
    let (from, sources) = (vec![talks.prk], vec![source, Source::at("Yonhap")]);
    let before = Envelope { from, sources, links, ..called("before", "2025-02-01") };
    talks.fixture.event(Kind::StatementPublic, before);
    let restored = |date| Envelope { about: vec![line], ..called("restored", date) };
    talks.fixture.event(Kind::ChannelRestored, restored("2025-03-09"));
    let thread = thread(&talks, "2025-12-31", "o").unwrap().data;
    assert_eq!(
        told(&thread),
        [("before", "anticipates, no effect"), ("o", "issued"), ("restored", "realises")]
    );
    assert_eq!(thread.entries[0].sources, ["KCNA (B2)", "Yonhap"]);
    assert_eq!(thread.overture.basis, "realised by restored on 9 March 2025");
}

#[test]
fn suggestions_are_few_near_in_time_and_of_talks_first() {
    let (talks, _) = Talks::seed();
    let line = talks.fixture.line("mil-west");
    let say = |name: &str, date: &str, kind: Kind, about: Vec<_>| {
        let (from, to) = (vec![talks.prk], vec![talks.mnd]);
        talks.fixture.event(kind, Envelope { about, from, to, ..called(name, date) })
    };
    say("long ago", "2025-07-28", Kind::StatementPublic, Vec::new());
    say("long after", "2026-06-01", Kind::StatementPublic, Vec::new());
    say("cut", "2025-12-20", Kind::ChannelSevered, vec![line]);
    say("said", "2025-10-01", Kind::StatementPublic, Vec::new());
    for day in 10..25 {
        say("call", &format!("2025-12-{day}"), Kind::CallUnanswered, vec![line]);
    }
    let names = |at: &str| {
        let thread = thread(&talks, at, "ik-147").unwrap().data;
        thread.related.iter().map(|row| row.entry.handle.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("2026-12-31"), ["ik-149", "said", "cut"]);
    assert_eq!(names("2025-11-30"), ["said"]);
}

#[test]
fn the_meetings_that_an_offer_led_to_are_shown_with_it() {
    let talks = Talks::new();
    let offer = talks.offer("o", "2025-03-01", &json!({}));
    let links = vec![Link::new(Relation::Realises, offer)];
    let scheduled = Envelope { links, opens: true, ..called("m", "2025-03-05") };
    let meeting = talks.fixture.event(Kind::MeetingScheduled, scheduled);
    let about = vec![meeting.into()];
    talks.fixture.event(Kind::MeetingHeld, Envelope { about, ..called("held", "2025-03-09") });
    let before = thread(&talks, "2025-03-06", "o").unwrap().data;
    assert_eq!(told(&before), [("o", "issued"), ("m", "about the meeting")]);
    assert_eq!(before.meetings[0].state, "scheduled");
    let after = thread(&talks, "2025-12-31", "m").unwrap().data;
    assert_eq!(told(&after), [("o", "issued"), ("m", "about the meeting"), ("held", "realises")]);
    assert_eq!((after.overture.status.as_str(), after.meetings[0].state.as_str()), ("realised", "concluded"));
}

#[test]
fn what_a_counter_proposal_counters_is_shown_with_it_and_is_no_suggestion() {
    let (talks, offer) = Talks::seed();
    let line = talks.fixture.line("mil-west");
    let links = vec![Link::new(Relation::Counters, offer)];
    let (from, to) = (vec![talks.prk], vec![talks.mnd]);
    let counter = Envelope { from, to, links, opens: true, ..called("c", "2025-12-05") };
    let counter = talks.fixture.event(Kind::ResponseCounterProposed, counter);
    let links = vec![Link::new(Relation::Counters, counter), Link::new(Relation::Concerns, line_event(line))];
    let (from, to) = (vec![talks.mnd], vec![talks.prk]);
    let again = Envelope { from, to, links, opens: true, ..called("d", "2025-12-06") };
    let again = talks.fixture.event(Kind::ResponseCounterProposed, again);
    let yes = talks.on(again, "yes", "2025-12-08", Kind::ResponseAccepted, talks.prk);
    let of = |handle: &str, at: &str| {
        let thread = thread(&talks, at, handle).unwrap().data;
        let related = thread.related.iter().map(|row| row.entry.handle.clone()).collect::<Vec<_>>();
        let told = told(&thread);
        (told.iter().map(|(name, effect)| format!("{name}: {effect}")).collect::<Vec<_>>(), related)
    };
    let (told, related) = of("c", "2025-12-07");
    assert_eq!(told[0], "ik-147: c counters it, no effect");
    assert_eq!(told[1], "c: issued");
    assert!(told[2].starts_with("d: answers: countered"), "{told:?}");
    assert_eq!(related, ["ik-149"]);
    let (told, _) = of("d", "2025-12-07");
    let expected =
        ["ik-147: one of the same chain of offers, no effect", "c: d counters it, no effect", "d: issued"];
    assert_eq!(told, expected);
    // What settled a counter-proposal settled the offer, and is shown with it.
    let (told, _) = of("ik-147", "2025-12-31");
    assert_eq!(told.last().unwrap(), "yes: settles it: the counter-proposal was accepted");
    assert!(told.iter().any(|told| told == "d: one of the same chain of offers, no effect"), "{told:?}");
    let strike = Fact::RecordRetracted(Retracted { target: yes });
    let about = Envelope { about: vec![again.into()], ..on("2026-01-05") };
    talks.fixture.add(about, strike);
    assert!(of("ik-147", "2025-12-31").0.iter().all(|told| !told.starts_with("yes")));
}

fn line_event(line: crate::domain::id::EntityId) -> crate::domain::id::EventId {
    crate::domain::id::EventId::from_uuid(*line.as_uuid())
}
