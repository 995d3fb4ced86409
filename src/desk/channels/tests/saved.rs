//! Folds of channels that outlive the process.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::desk::channels::kept::ChannelsKept;
use crate::desk::folder::DeskFolder;
use crate::domain::fact::record::{Approval, Redacted};
use crate::projections::Access;
use crate::projections::folds::Folded;

const DAYS: usize = 300;

/// Returns a log with a line that is called every day, by a policy of an own name.
fn called() -> (Fixture, EventId) {
    let fixture = Fixture::new();
    let line = fixture.line("hotline");
    let silence =
        PolicySet { name: "kitefold".to_owned(), missed_attempts_max: Some(2), ..PolicySet::default() };
    let policy = fixture.add(on("2020-01-01"), Fact::PolicySet(silence));
    for day in 0..DAYS {
        let kind = if day % 7 == 6 { Kind::CallUnanswered } else { Kind::CallAnswered };
        let date =
            format!("{}-{:02}-{:02}T09:00:00+09:00", 2020 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        fixture.event(kind, about(line, &date, "call"));
    }
    (fixture, policy)
}

/// As [`called`], with its projections saved.
fn saved(dir: &Path) -> (Fixture, EventId) {
    let (mut fixture, policy) = called();
    fixture.reopen(dir, Access::Writable);
    fixture.desk.projections.save().unwrap();
    (fixture, policy)
}

/// Returns how many entries are looked at for the first answer about the line.
fn looked_at(fixture: &Fixture, when: &When) -> usize {
    let known = fixture.desk.known(when).unwrap();
    let line = known.register.channels().next().unwrap().0;
    known.channels.stand(&known, &channel(&known, line)).unwrap().story.len()
}

fn folds(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_fold = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("folds-");
    entries.filter(is_fold).collect()
}

/// Returns how many bytes at the end of a file of folds are those of pieces: its third section.
fn length_of_pieces(file: &[u8]) -> usize {
    let length = file[9 + 2 * 13 + 1..].first_chunk().unwrap();
    usize::try_from(u64::from_le_bytes(*length)).unwrap()
}

/// Returns every file below a directory with what it holds.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn what_was_saved_is_gone_on_from_by_whoever_opens_it() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let (mut fixture, _) = saved(&dir);
    let board = rows(&fixture, &When::default());
    let past = rows(&fixture, &at("2020-06-01"));
    for access in [Access::ReadOnly, Access::Writable] {
        fixture.reopen(&dir, access);
        let before = contents(&dir);
        assert!(looked_at(&fixture, &When::default()) < DAYS / 3);
        fixture.reopen(&dir, access);
        // By the rules of an earlier day as well.
        assert!(looked_at(&fixture, &at("2019-12-31")) < DAYS / 3);
        assert!(looked_at(&fixture, &at("2020-06-01")) < DAYS / 3);
        assert_eq!(rows(&fixture, &When::default()), board);
        assert_eq!(rows(&fixture, &at("2020-06-01")), past);
        assert_eq!(fixture.desk.projections.notice(), None);
        if access == Access::ReadOnly {
            assert_eq!(contents(&dir), before);
        }
    }
}

#[test]
fn a_damaged_fold_is_told_and_folded_again() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let (mut fixture, _) = saved(&dir);
    let board = rows(&fixture, &When::default());
    let [file] = folds(&dir).try_into().unwrap();
    let sound = std::fs::read(&file).unwrap();
    let heads = sound.len() - length_of_pieces(&sound);
    for place in [0, 12, 100, heads / 2, heads - 1] {
        let mut damaged = sound.clone();
        damaged[place] ^= 1;
        std::fs::write(&file, damaged).unwrap();
        fixture.reopen(&dir, Access::ReadOnly);
        assert_eq!(looked_at(&fixture, &When::default()), DAYS + 1, "{place}");
        assert_eq!(rows(&fixture, &When::default()), board);
        let notice = fixture.desk.projections.notice().unwrap();
        assert!(notice.contains("folds-") && notice.contains("folded from the log"), "{notice}");
    }
    std::fs::remove_file(&file).unwrap();
    fixture.reopen(&dir, Access::Writable);
    assert_eq!(rows(&fixture, &When::default()), board);
    assert!(fixture.desk.projections.notice().is_some());
    // It is saved anew with the next that is.
    fixture.event(Kind::MessageReceived, on("2021-01-01"));
    fixture.desk.projections.catch_up().unwrap();
    fixture.desk.projections.save().unwrap();
    fixture.reopen(&dir, Access::ReadOnly);
    assert!(looked_at(&fixture, &When::default()) < DAYS / 3);
    assert_eq!(fixture.desk.projections.notice(), None);
}

#[test]
fn a_piece_of_a_fold_is_read_where_somebody_asks_and_folded_again_where_it_is_damaged() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let (mut fixture, _) = saved(&dir);
    let days: Vec<When> = (1..=12).map(|month| at(&format!("2020-{month:02}-20"))).collect();
    let boards: Vec<_> = days.iter().map(|day| rows(&fixture, day)).collect();
    let [file] = folds(&dir).try_into().unwrap();
    let mut damaged = std::fs::read(&file).unwrap();
    fixture.reopen(&dir, Access::ReadOnly);
    for (day, board) in days.iter().zip(&boards) {
        assert!(looked_at(&fixture, day) <= DAYS / 10, "{day:?}");
        assert_eq!(&rows(&fixture, day), board);
    }
    assert_eq!(fixture.desk.projections.notice(), None);
    // Without any piece as it was saved. The heads are sound.
    let pieces = damaged.len() - length_of_pieces(&damaged);
    damaged[pieces..].iter_mut().for_each(|byte| *byte ^= 1);
    std::fs::write(&file, damaged).unwrap();
    fixture.reopen(&dir, Access::ReadOnly);
    assert!(looked_at(&fixture, &When::default()) < DAYS / 3);
    assert_eq!(fixture.desk.projections.notice(), None);
    for (day, board) in days.iter().zip(&boards) {
        assert!(looked_at(&fixture, day) <= DAYS / 10, "{day:?}");
        assert_eq!(&rows(&fixture, day), board);
    }
    let notice = fixture.desk.projections.notice().unwrap();
    assert!(notice.contains("folds-") && notice.contains("folded from the log"), "{notice}");
}

#[test]
fn what_was_saved_is_saved_again_with_what_came_since() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let (mut fixture, _) = saved(&dir);
    let [file] = folds(&dir).try_into().unwrap();
    let before = length_of_pieces(&std::fs::read(&file).unwrap());
    fixture.reopen(&dir, Access::Writable);
    let line = fixture.desk.known(&When::default()).unwrap().register.channels().next().unwrap().0;
    for day in 1..=28 {
        fixture.event(Kind::CallAnswered, about(line, &format!("2021-02-{day:02}"), "call"));
    }
    fixture.desk.projections.catch_up().unwrap();
    fixture.desk.projections.save().unwrap();
    let newest = folds(&dir).into_iter().max().unwrap();
    assert!(length_of_pieces(&std::fs::read(&newest).unwrap()) > before);
    let asked: Vec<When> = ["2020-06-20", "2020-11-20", "2021-02-14", "2021-03-01"].map(at).into();
    let boards: Vec<_> = asked.iter().map(|day| rows(&fixture, day)).collect();
    // Whoever keeps nothing, whoever saved it and whoever opens it anew finds the same.
    let naive = ChannelsKept::in_parts_of(usize::MAX);
    for day in &asked {
        let known = fixture.desk.known(day).unwrap();
        let channel = channel(&known, line);
        let whole = naive.stand(&known, &channel).unwrap().standing;
        assert_eq!(known.channels.stand(&known, &channel).unwrap().standing, whole);
        assert!(looked_at(&fixture, day) <= DAYS / 10, "{day:?}");
    }
    fixture.reopen(&dir, Access::ReadOnly);
    for (day, board) in asked.iter().zip(&boards) {
        assert!(looked_at(&fixture, day) <= DAYS / 10, "{day:?}");
        assert_eq!(&rows(&fixture, day), board);
    }
}

#[test]
fn nothing_that_was_removed_is_in_a_saved_fold() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("projections");
    let (mut fixture, policy) = saved(&dir);
    let is_in =
        |dir: &Path| contents(dir).iter().any(|(_, bytes)| bytes.windows(8).any(|part| part == b"kitefold"));
    assert!(is_in(&dir));
    let by = |number| Approval {
        by: EntityId::from_uuid(uuid::Uuid::from_u128(number)),
        key: None,
        signature: None,
    };
    let redacted = Redacted {
        target: policy,
        basis: "§ 17".to_owned(),
        approvals: vec![by(1), by(2)],
        entity: None,
        called: Vec::new(),
        replacement: None,
    };
    fixture.add(Envelope::default(), Fact::RecordRedacted(redacted));
    // What was saved before is of no use to anybody, whoever opens it.
    fixture.reopen(&dir, Access::ReadOnly);
    assert_eq!(looked_at(&fixture, &When::default()), DAYS + 1);
    let row = rows(&fixture, &When::default()).remove(0);
    assert_eq!(row.derived_by, None);
    fixture.reopen(&dir, Access::Writable);
    assert!(fixture.desk.projections.is_stale());
    fixture.desk.projections.purge().unwrap();
    assert!(!is_in(&dir));
    fixture.desk.projections.save().unwrap();
    assert!(!is_in(&dir));
    fixture.reopen(&dir, Access::ReadOnly);
    assert!(looked_at(&fixture, &When::default()) < DAYS / 3);
    assert_eq!(rows(&fixture, &When::default()).remove(0), row);
}

#[test]
fn of_a_fold_that_is_stopped_nothing_is_saved_and_the_next_one_is_as_if_it_had_not_begun() {
    let (fixture, _) = called();
    let other = fixture.line("mil-west");
    for day in 1..=28 {
        fixture.event(Kind::CallAnswered, about(other, &format!("2021-02-{day:02}"), "call"));
    }
    let view = fixture.desk.known(&When::default()).unwrap().view;
    // Stopped when it looks whether it is for the time after so many.
    let folded = |channels: &Arc<ChannelsKept>, looks: usize| {
        let left = Cell::new(looks);
        let is_stopped = || left.replace(left.get().saturating_sub(1)) == 0;
        DeskFolder::of(channels, fixture.desk.zone).folded(&view, &is_stopped).unwrap()
    };
    // Both lines by the rules before the policy and since, whole or in parts.
    for (long, looks_min) in [(usize::MAX, 4), (100, 12)] {
        let new = || Arc::new(ChannelsKept::in_parts_of(long));
        let whole = folded(&new(), usize::MAX).unwrap();
        assert_eq!(whole.len(), 2);
        let stopped_before = new();
        let mut looks = 0;
        while folded(&new(), looks).is_none() {
            assert_eq!(folded(&stopped_before, looks.min(2)), None);
            looks += 1;
        }
        assert!(looks >= looks_min, "{looks}");
        assert_eq!(folded(&new(), looks).as_ref(), Some(&whole));
        // What was kept before it was stopped is gone on from, and may be divided at other days.
        let of = |folded: &Folded| folded.iter().map(|(of, _)| *of).collect::<Vec<_>>();
        assert_eq!(folded(&stopped_before, usize::MAX).as_ref().map(of), Some(of(&whole)));
        for when in ["2020-06-20", "2020-12-05", "2021-02-14"].map(at) {
            let known = fixture.desk.known(&when).unwrap();
            for id in [known.register.channels().next().unwrap().0, other] {
                let channel = channel(&known, id);
                let naive = channel.stand(&channel.story(known.history(id).unwrap()), known.at);
                assert_eq!(stopped_before.stand(&known, &channel).unwrap().standing, naive);
            }
        }
    }
}
