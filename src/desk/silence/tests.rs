//! What the matrix tells, by hand from the chronology, and against the definition on random logs.

mod acts;
mod calls;
mod naive;

use serde_json::json;

use super::*;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Linked, Retracted};
use crate::domain::fact::{EntityKind, Fact, Kind, KindClass};
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

#[test]
fn nobody_is_silent_towards_themselves() {
    let fixture = Fixture::new();
    let ask = SilenceAsk { party: "PRK".to_owned(), towards: Some("북한".to_owned()) };
    let error = fixture.desk.silence(&When::default(), &ask).unwrap_err().to_string();
    assert!(error.contains("name another party"), "{error}");
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
        [
            ("direct", "ik-131"),
            ("via_intermediary", "ik-038"),
            ("public", "ik-144"),
            ("conduct", "ik-143"),
            // Nothing tells how word came that the lines were open again.
            ("untold", "ik-129"),
        ]
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
    // On the day after the North announced that it cuts every line, that is the last word.
    let matrix = asked(&fixture, &at("2020-06-10"), "PRK", Some("KOR"));
    assert_eq!(handle(&matrix.last), "ik-121");
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
fn what_one_side_alone_announces_is_no_act_of_the_other() {
    let fixture = Fixture::new();
    let (south, north, japan) = (fixture.party("KOR"), fixture.party("PRK"), fixture.party("JPN"));
    let line = fixture.line("mil-west");
    let said = |kind: Kind, from, date: &str| {
        fixture.event(kind, Envelope { from: vec![from], to: vec![north], opens: true, ..on(date) })
    };
    said(Kind::MeetingScheduled, south, "2025-04-20");
    said(Kind::MeetingAgreed, south, "2025-04-21");
    assert_eq!(asked(&fixture, &When::default(), "PRK", Some("KOR")).last, Last::NotRecorded);
    let last = |from: &str, to: &str| {
        let matrix = asked(&fixture, &When::default(), from, Some(to));
        matrix.last.act().map(|act| act.entry.id)
    };
    // What is said of a line between the two means its other end, and nobody whom the line does not reach.
    let cut = Envelope { from: vec![north], about: vec![line], ..on("2025-05-01") };
    fixture.event(Kind::CallAnswered, Envelope { from: vec![south], to: vec![north], ..cut.clone() });
    let cut = fixture.event(Kind::ChannelSevered, Envelope { from: vec![north], ..cut });
    assert_eq!((last("PRK", "KOR"), last("PRK", "JPN")), (Some(cut), None));
    let to_japan = Envelope { from: vec![north], to: vec![japan], about: vec![line], ..on("2025-05-02") };
    let to_japan = fixture.event(Kind::ChannelSevered, to_japan);
    assert_eq!((last("PRK", "KOR"), last("PRK", "JPN")), (Some(cut), Some(to_japan)));
    // Whoever picks up and declines to talk was heard; no call was taken.
    let declined = Envelope { from: vec![south], to: vec![north], about: vec![line], ..on("2025-06-01") };
    let declined = fixture.event(Kind::CallDeclined, declined);
    assert_eq!(last("PRK", "KOR"), Some(declined));
    let matrix = asked(&fixture, &at("2025-12-31"), "PRK", Some("KOR"));
    assert_eq!(matrix.acts[3].last.act().map(|act| act.days_ago), Some(244), "the call of May");
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
    let answers = Link::new(Relation::Answers, ours);
    let linked = Linked { source: loose, link: answers, withdrawn: false };
    fixture.add(Envelope::default(), Fact::RecordLinked(linked));
    assert_eq!(cells("KOR"), [Some(loose), Some(loose)]);
}

#[test]
fn what_is_done_about_an_offer_is_done_towards_its_other_side() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let offer = Envelope { from: vec![south], to: vec![north], ..on("2025-03-10") };
    let offer = fixture.event(Kind::OvertureProposed, offer);
    let last = |silent: &str, towards: &str| {
        asked(&fixture, &When::default(), silent, Some(towards)).last.act().map(|act| act.entry.id)
    };
    let about = |kind: Kind, from, date: &str| {
        fixture.event(kind, Envelope { from: vec![from], about: vec![offer.into()], ..on(date) })
    };
    assert_eq!((last("PRK", "KOR"), last("KOR", "PRK")), (None, Some(offer)));
    let conduct = about(Kind::ResponseConduct, north, "2025-03-15");
    assert_eq!(last("PRK", "KOR"), Some(conduct));
    let refused = about(Kind::OvertureReceiptRefused, north, "2025-03-21");
    assert_eq!((last("PRK", "KOR"), last("KOR", "PRK")), (Some(refused), Some(offer)));
    let urged = about(Kind::OvertureUrged, south, "2025-03-25");
    assert_eq!((last("PRK", "KOR"), last("KOR", "PRK")), (Some(refused), Some(urged)));
}

#[test]
fn a_call_that_names_nobody_is_none_of_another_body() {
    let fixture = Fixture::new();
    let [south, north, ministry, other] =
        ["KOR", "PRK", "KOR/mou", "KOR/mnd"].map(|code| fixture.party(code));
    let line = fixture.line("mil-west");
    for from in [ministry, other] {
        let message = Envelope { from: vec![from], to: vec![north], via: vec![line], ..on("2025-03-01") };
        fixture.event(Kind::MessageSent, message);
    }
    let call = Envelope { from: vec![ministry], about: vec![line], ..on("2025-03-06") };
    let call = fixture.event(Kind::CallAnswered, call);
    let heard = |towards: &str| {
        asked(&fixture, &When::default(), "PRK", Some(towards)).last.act().map(|act| act.entry.id)
    };
    assert_eq!((heard("KOR/mou"), heard("KOR")), (Some(call), Some(call)));
    assert_eq!(heard("KOR/mnd"), None, "another ministry called");
    // Whoever calls for the whole state calls for its bodies too.
    let call = fixture
        .event(Kind::CallAnswered, Envelope { from: vec![south], about: vec![line], ..on("2025-03-07") });
    assert_eq!((heard("KOR/mnd"), heard("KOR")), (Some(call), Some(call)));
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

#[test]
fn a_session_of_a_meeting_that_was_over_is_none() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let both = |date: &str| Envelope { from: vec![south], to: vec![north], ..on(date) };
    let held = fixture.event(Kind::MeetingHeld, Envelope { opens: true, ..both("2020-02-01") });
    // Nor is one that confirms that it took place: it says so, on a later day.
    for (kind, month) in [(Kind::MeetingOpened, 3), (Kind::MeetingHeld, 4), (Kind::MeetingConcluded, 5)] {
        let again = |envelope| fixture.event(kind, Envelope { about: vec![held.into()], ..envelope });
        again(both(&format!("2020-0{month}-01")));
        again(on(&format!("2020-0{month}-02")));
    }
    for (party, towards) in [("PRK", "KOR"), ("KOR", "PRK")] {
        let matrix = asked(&fixture, &When::default(), party, Some(towards));
        assert_eq!(matrix.last.act().unwrap().entry.id, held, "{party}");
        assert_eq!(matrix.acts[4].last.act().unwrap().entry.id, held, "{party}");
    }
}

#[test]
fn each_topic_has_its_last_act() {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let said = |topics: &[&str], date: &str| {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        fixture.event(Kind::MessageSent, Envelope { from: vec![north], to: vec![south], topics, ..on(date) })
    };
    let families = said(&["이산가족", "floods"], "2020-01-01");
    let floods = said(&["floods"], "2020-02-01");
    said(&[], "2020-03-01");
    let matrix = asked(&fixture, &When::default(), "PRK", Some("KOR"));
    let told: Vec<_> =
        matrix.topics.iter().map(|row| (row.what.as_str(), row.last.act().map(|act| act.entry.id))).collect();
    assert_eq!(told, [("floods", Some(floods)), ("이산가족", Some(families))]);
    assert_eq!(matrix.topics_of_latest, None);
    assert!(asked(&fixture, &When::default(), "KOR", Some("PRK")).topics.is_empty());
}
