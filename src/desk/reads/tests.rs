//! A damaged access log is named by its file, and hides neither the state of the record nor anything else.

use std::fs;
use std::time::Duration;

use super::*;
use crate::desk::Opening;
use crate::desk::ask::VerifyAsk;

#[test]
fn a_flipped_byte_of_the_access_log_is_named_and_nothing_is_answered() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("log");
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let mut desk = Desk::init(&dir, "desk", "UTC").unwrap();
    desk.begin_to_log_reads(&dir).unwrap();
    for number in 0..4 {
        let read = Read { asked: format!("/v1/entries/{number}"), ..Read::default() };
        desk.note_read(&kim, None, &read).unwrap();
    }
    desk.close().unwrap();
    let segment = fs::read_dir(dir.join("reads/log")).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.into_iter().find(|path| path.extension().is_some_and(|end| end == "seg")).unwrap();
    let whole = fs::read(&segment).unwrap();
    for at in [whole.len() / 3, whole.len() / 2] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&segment, bytes).unwrap();
        for opening in [Opening::Read, Opening::Write { wait: Duration::ZERO }] {
            let desk = Desk::open(&dir, opening).unwrap();
            let verified = desk.verify(&VerifyAsk::default()).unwrap().data;
            assert!(!verified.sound);
            let [damage] = verified.damages.as_slice() else { panic!("{:?}", verified.damages) };
            assert!(damage.file.starts_with("reads/log/") && damage.file.contains("0.seg"), "{damage:?}");
            assert!(damage.offset > 0 && damage.position.is_some(), "{damage:?}");
            if opening != Opening::Read {
                let read = Read { asked: "/v1/timeline".to_owned(), ..Read::default() };
                let refused = desk.note_read(&kim, None, &read).unwrap_err().to_string();
                assert!(refused.contains("the access log is damaged: reads/log/"), "{refused}");
                let health = desk.log().unwrap().data.health;
                assert!(health.contains("reads/log/"), "{health}");
            }
        }
    }
    fs::write(&segment, whole).unwrap();
    let desk = Desk::open(&dir, Opening::Read).unwrap();
    assert!(desk.verify(&VerifyAsk::default()).unwrap().data.sound);
}

#[test]
fn a_log_whose_access_log_was_taken_away_is_not_ready_and_is_again_when_it_is_back() {
    let place = tempfile::tempdir().unwrap();
    let (dir, aside) = (place.path().join("log"), place.path().join("aside"));
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let mut desk = Desk::init(&dir, "desk", "UTC").unwrap();
    desk.begin_to_log_reads(&dir).unwrap();
    for is_open in [false, true] {
        if is_open {
            desk.note_read(&kim, None, &Read { asked: "/v1/timeline".to_owned(), ..Read::default() })
                .unwrap();
        }
        assert_eq!(desk.why_not_ready(), None);
        fs::rename(dir.join(DIR), &aside).unwrap();
        let why = desk.why_not_ready().expect("nobody could be answered");
        assert!(why.contains("the access log was taken away or replaced"), "{why}");
        fs::rename(&aside, dir.join(DIR)).unwrap();
        assert_eq!(desk.why_not_ready(), None);
    }
}

#[test]
fn reads_that_are_noted_at_once_are_told_as_those_that_are_noted_one_by_one() {
    let place = tempfile::tempdir().unwrap();
    let readers: Vec<Caller> =
        (0..300).map(|number| Caller { actor: format!("reader {}", number % 7), tz: None }).collect();
    let read = |number: usize| Read {
        asked: format!("/v1/entries/{number}"),
        range: Some((0, 1)),
        ..Read::default()
    };
    let lines = |at_once: bool| {
        let dir = place.path().join(if at_once { "many" } else { "one" });
        let mut desk = Desk::init(&dir, "desk", "UTC").unwrap();
        desk.begin_to_log_reads(&dir).unwrap();
        let reads: Vec<Read> = (0..readers.len()).map(read).collect();
        let noted: Vec<Noted<'_>> = readers
            .iter()
            .zip(&reads)
            .map(|(reader, read)| Noted { reader, purpose: Some("to see"), read })
            .collect();
        if at_once {
            // Whoever asks the same twice at once is told of once.
            let twice: Vec<Noted<'_>> = noted.iter().flat_map(|one| [*one; 2]).collect();
            desk.note_reads(&twice).unwrap();
        } else {
            for one in noted {
                desk.note_read(one.reader, one.purpose, one.read).unwrap();
            }
        }
        let ask = ReadsAsk { limit: Some(1_000), ..ReadsAsk::default() };
        let rows = desk.reads(&ask).unwrap().data.items;
        desk.close().unwrap();
        rows.into_iter()
            .map(|row| (row.line, row.by, row.purpose, row.asked, row.entries))
            .collect::<Vec<_>>()
    };
    let (many, one) = (lines(true), lines(false));
    assert_eq!(many.len(), readers.len());
    assert_eq!(many, one);
}
