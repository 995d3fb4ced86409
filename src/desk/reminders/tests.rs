use super::ledger::{Kept, Ledger, LedgerError, Stage};
use super::*;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::register::Merged;
use crate::domain::fact::{Fact, Kind};
use crate::domain::marking::Marking;

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

fn reminders(fixture: &Fixture, release: Option<&str>) -> Vec<Reminder> {
    let ask = RemindersAsk { release: release.map(ToOwned::to_owned) };
    fixture.desk.reminders(&ask).unwrap().data.items
}

/// A log in which the North has not answered an offer that it was to answer by 20 November 2026.
struct Offered {
    fixture: Fixture,
    north: EntityId,
    offer: EntityId,
}

fn offered(marking: Option<&str>) -> Offered {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    let envelope = Envelope {
        from: vec![south],
        to: vec![north],
        marking: marking.map(|level| Marking(level.to_owned())),
        summary: Some("Talks".to_owned()),
        ..on("2026-11-01")
    };
    let fact = Kind::OvertureProposed.decode(r#"{"deadline":"2026-11-20"}"#).unwrap();
    let offer = fixture.add(envelope, fact).into();
    Offered { fixture, north, offer }
}

impl Offered {
    fn answered(&self, marking: Option<&str>) -> EventId {
        let envelope = Envelope {
            from: vec![self.north],
            about: vec![self.offer],
            marking: marking.map(|level| Marking(level.to_owned())),
            ..on("2026-11-10")
        };
        self.fixture.event(Kind::ResponseRejected, envelope)
    }
}

#[test]
fn an_answer_that_is_overdue_is_reminded_of_with_a_key_that_stays() {
    let offered = offered(None);
    let first = reminders(&offered.fixture, None);
    let [reminder] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!((reminder.cause, reminder.subject), (Cause::OvertureOverdue, offered.offer));
    assert_eq!((reminder.kind.as_str(), reminder.key.len()), ("explicit_deadline", KEY_DIGITS));
    // What is recorded of something else, and when it is asked, change nothing.
    offered.fixture.event(Kind::Incident, on("2026-11-21"));
    assert_eq!(reminders(&offered.fixture, None), first);
    let rejected = offered.answered(None);
    assert_eq!(reminders(&offered.fixture, None), []);
    let retracted = Kind::RecordRetracted.decode(&format!(r#"{{"target":"{rejected}"}}"#)).unwrap();
    let about = vec![offered.offer];
    offered
        .fixture
        .add(Envelope { reason: Some("wrong".to_owned()), about, ..Envelope::default() }, retracted);
    assert_eq!(reminders(&offered.fixture, None), first);
}

#[test]
fn keys_differ_by_log_cause_subject_kind_and_moment() {
    let (one, other) =
        (EntityId::from_uuid(uuid::Uuid::from_u128(1)), EntityId::from_uuid(uuid::Uuid::from_u128(2)));
    let (now, then) = (at("2026-01-01T00:00:00.000000Z"), at("2026-01-01T00:00:00.000001Z"));
    let keys = [
        key("a", Cause::OvertureOverdue, one, "x", now),
        key("b", Cause::OvertureOverdue, one, "x", now),
        key("a", Cause::ChannelUnresponsive, one, "x", now),
        key("a", Cause::OvertureOverdue, other, "x", now),
        key("a", Cause::OvertureOverdue, one, "y", now),
        key("a", Cause::OvertureOverdue, one, "x", then),
    ];
    let different: std::collections::HashSet<&String> = keys.iter().collect();
    assert_eq!(different.len(), keys.len());
}

#[test]
fn a_line_on_which_nobody_answers_is_reminded_of_from_the_first_moment() {
    let fixture = Fixture::new();
    let line = fixture.line("mil-west");
    let about = |date: &str| Envelope { about: vec![line], ..on(date) };
    fixture.event(Kind::ChannelOpened, about("2026-11-01"));
    let set = r#"{"name":"missed","missed_attempts_max":2}"#;
    fixture.add(on("2026-01-01"), Kind::PolicySet.decode(set).unwrap());
    fixture.event(Kind::CallUnanswered, about("2026-11-02"));
    assert_eq!(reminders(&fixture, None), []);
    fixture.event(Kind::CallUnanswered, about("2026-11-03"));
    let found = reminders(&fixture, None);
    let [reminder] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((reminder.cause, reminder.subject), (Cause::ChannelUnresponsive, line));
    // The day begins in the zone of the log.
    assert_eq!(reminder.due, at("2026-11-02T15:00:00.000000Z"));
    fixture.event(Kind::CallUnanswered, about("2026-11-04"));
    assert_eq!(reminders(&fixture, None).first().map(|one| one.key.clone()), Some(reminder.key.clone()));
    fixture.event(Kind::CallAnswered, about("2026-11-05"));
    assert_eq!(reminders(&fixture, None), []);
}

#[test]
fn that_two_lines_are_one_is_told_to_nobody_who_may_not_know_it() {
    let fixture = Fixture::new();
    let (old, new) = (fixture.line("red-phone"), fixture.line("hotline"));
    let green = |about: EntityId, date: &str| Envelope {
        about: vec![about],
        marking: Some(Marking("TLP:GREEN".to_owned())),
        ..on(date)
    };
    let set = r#"{"name":"missed","missed_attempts_max":2}"#;
    fixture.add(green(old, "2026-01-01"), Kind::PolicySet.decode(set).unwrap());
    fixture.event(Kind::CallAnswered, green(old, "2026-11-01"));
    fixture.event(Kind::CallUnanswered, green(old, "2026-11-02"));
    fixture.event(Kind::CallUnanswered, green(old, "2026-11-03"));
    fixture.event(Kind::CallAnswered, green(new, "2026-11-04"));
    let told = |release| -> Vec<EntityId> {
        reminders(&fixture, release).iter().map(|reminder| reminder.subject).collect()
    };
    assert_eq!((told(None), told(Some("TLP:AMBER"))), (vec![old], vec![old]));
    let red = Some(Marking("TLP:RED".to_owned()));
    let merge = Envelope { about: vec![old], marking: red, ..Envelope::default() };
    fixture.add(merge, Fact::ChannelMerged(Merged { into: new }));
    // Somebody answered on the other name; that it is the same line is not for everybody.
    assert_eq!((told(None), told(Some("TLP:AMBER"))), (vec![], vec![old]));
    assert_eq!(told(Some("TLP:RED")), []);
}

#[test]
fn nobody_is_reminded_of_what_is_marked_above_the_level_nor_learns_of_what_answered_it() {
    let secret = offered(Some("TLP:RED"));
    assert_eq!(reminders(&secret.fixture, Some("TLP:AMBER")), []);
    assert_eq!(reminders(&secret.fixture, Some("TLP:RED")).len(), 1);
    let open = offered(Some("TLP:GREEN"));
    let seen = reminders(&open.fixture, Some("TLP:AMBER"));
    assert_eq!(seen.len(), 1);
    open.answered(Some("TLP:RED"));
    // In the record that the receiver may see nothing came.
    assert_eq!(reminders(&open.fixture, Some("TLP:AMBER")), seen);
    assert_eq!(reminders(&open.fixture, None), []);
    open.answered(Some("TLP:AMBER"));
    assert_eq!(reminders(&open.fixture, Some("TLP:AMBER")), []);
    // What nobody marked counts as marked as high as can be, unless a policy says otherwise.
    let unmarked = offered(None);
    assert_eq!(reminders(&unmarked.fixture, Some("TLP:AMBER")), []);
    let default = r#"{"name":"default","marking_default":"TLP:GREEN"}"#;
    unmarked.fixture.add(on("2026-01-01"), Kind::PolicySet.decode(default).unwrap());
    assert_eq!(reminders(&unmarked.fixture, Some("TLP:AMBER")).len(), 1);
    let wrong = RemindersAsk { release: Some("SECRET".to_owned()) };
    assert!(unmarked.fixture.desk.reminders(&wrong).unwrap_err().to_string().contains("TLP:AMBER"));
}

/// What the ledger says is to be told: the keys of the messages.
fn open(ledger: &Ledger, standing: &[Reminder]) -> Vec<String> {
    ledger.open_matters(standing).iter().map(|matter| matter.kept.message_key()).collect()
}

fn begin(ledger: &mut Ledger, standing: &[Reminder]) -> super::ledger::Matter {
    let matter = ledger.open_matters(standing).into_iter().next().unwrap();
    ledger.begin(&matter).unwrap();
    matter
}

#[test]
fn what_was_told_is_told_once_and_taken_back_once_and_stands_again_under_another_key() {
    let dir = tempfile::tempdir().unwrap();
    let standing = reminders(&offered(None).fixture, None);
    let key = standing[0].key.clone();
    let mut ledger = Ledger::open(dir.path(), "r", None).unwrap();
    for turn in 0..3 {
        assert_eq!(open(&ledger, &standing), [format!("{key}.{turn}")]);
        let matter = begin(&mut ledger, &standing);
        ledger.done(&matter).unwrap();
        assert!(open(&ledger, &standing).is_empty());
        assert_eq!(open(&ledger, &[]), [format!("{key}.{turn}.back")]);
        let matter = begin(&mut ledger, &[]);
        // It stands again before the receiver took it back: that comes first all the same.
        assert_eq!(open(&ledger, &standing), [format!("{key}.{turn}.back")]);
        ledger.done(&matter).unwrap();
        assert!(open(&ledger, &[]).is_empty());
        // The next process knows as much.
        drop(ledger);
        ledger = Ledger::open(dir.path(), "r", None).unwrap();
    }
}

#[test]
fn what_may_have_been_heard_is_told_again_with_its_key_and_taken_back_and_what_was_refused_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let standing = reminders(&offered(None).fixture, None);
    let mut ledger = Ledger::open(dir.path(), "r", None).unwrap();
    let first = open(&ledger, &standing);
    let matter = begin(&mut ledger, &standing);
    ledger.refused(&matter).unwrap();
    assert_eq!((open(&ledger, &standing), open(&ledger, &[])), (first.clone(), vec![]));
    begin(&mut ledger, &standing);
    // Killed here: nobody knows whether it was heard.
    drop(ledger);
    let mut ledger = Ledger::open(dir.path(), "r", None).unwrap();
    assert_eq!(open(&ledger, &standing), first);
    assert_eq!(open(&ledger, &[]).len(), 1);
    // Refused now, it may still have been heard then.
    let matter = begin(&mut ledger, &standing);
    ledger.refused(&matter).unwrap();
    assert_eq!(open(&ledger, &[]).len(), 1);
}

#[test]
fn a_line_that_was_cut_off_or_altered_counts_as_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let standing = reminders(&offered(None).fixture, None);
    let mut ledger = Ledger::open(dir.path(), "r", None).unwrap();
    let matter = begin(&mut ledger, &standing);
    ledger.done(&matter).unwrap();
    drop(ledger);
    let path = std::fs::read_dir(dir.path().join("reminders")).unwrap().map(|entry| entry.unwrap().path());
    let path = path.into_iter().find(|path| path.extension().is_some_and(|kind| kind == "jsonl")).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    assert!(!text.contains("Talks"), "no word of an entry: {text}");
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let ledger = Ledger::open(dir.path(), "r", None).unwrap();
        assert_eq!(ledger.lost(), 0, "{cut}");
        // Told again as long as the second line is not whole.
        assert_eq!(open(&ledger, &standing).len(), 1, "{cut}");
        // What may have been told is taken back, and nothing before anything was begun.
        assert_eq!(open(&ledger, &[]).len(), usize::from(cut >= second), "{cut}");
    }
    let mut altered = whole.clone();
    altered[second + 12] ^= 1;
    std::fs::write(&path, &altered).unwrap();
    let ledger = Ledger::open(dir.path(), "r", None).unwrap();
    assert_eq!((ledger.lost(), open(&ledger, &standing).len()), (1, 1));
    drop(ledger);
    // Written anew without it.
    assert_eq!(Ledger::open(dir.path(), "r", None).unwrap().lost(), 0);
}

#[test]
fn two_processes_never_tell_one_receiver_and_each_receiver_and_level_has_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), "r", None).unwrap();
    assert!(matches!(Ledger::open(dir.path(), "r", None), Err(LedgerError::Held)));
    let other = Ledger::open(dir.path(), "r", Some("TLP:AMBER")).unwrap();
    Ledger::open(dir.path(), "s", None).unwrap();
    drop((ledger, other));
    Ledger::open(dir.path(), "r", None).unwrap();
}

#[test]
fn a_ledger_does_not_grow_with_every_try() {
    let dir = tempfile::tempdir().unwrap();
    let standing = reminders(&offered(None).fixture, None);
    let mut ledger = Ledger::open(dir.path(), "r", None).unwrap();
    for _ in 0..600 {
        let matter = begin(&mut ledger, &standing);
        ledger.refused(&matter).unwrap();
    }
    drop(ledger);
    let size = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().metadata().unwrap().len();
    let all: u64 = std::fs::read_dir(dir.path().join("reminders")).unwrap().map(size).sum();
    assert!(all < 300 * 400, "{all}");
    let kept = Kept {
        stage: Stage::Refused,
        ..Ledger::open(dir.path(), "r", None).unwrap().open_matters(&standing)[0].kept.clone()
    };
    assert_eq!(kept.turn, 0);
}
