//! What full text promises: it finds what the naive definition finds, wherever the index stands.

mod faults;
mod naive;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::id::EventId;
use crate::projections::testing;
use crate::projections::text::TextQuery;
use crate::projections::{Access, Projections};
use crate::store::EventStore;
use crate::store::memory::MemoryStore;

/// A log in memory whose projections may be on disk.
pub(super) struct Log {
    pub(super) store: Arc<dyn EventStore>,
}

impl Log {
    pub(super) fn new() -> Self {
        let clock = "2026-01-01T00:00:00.000000Z".parse().unwrap();
        Self { store: Arc::new(MemoryStore::new("texts", Arc::new(move || clock))) }
    }

    pub(super) fn id(position: u64) -> EventId {
        testing::id(position)
    }

    /// Records a body, and returns its position.
    pub(super) fn add(&self, body: &Value) -> u64 {
        testing::append(self.store.as_ref(), body)
    }

    pub(super) fn says(&self, summary: &str) -> u64 {
        self.add(&json!({"kind": "statement.public", "summary": summary}))
    }

    pub(super) fn amend(&self, entry: u64, summary: &str) -> u64 {
        let reading = json!({"kind": "statement.public", "summary": summary});
        self.add(
            &json!({"kind": "record.amended", "detail": {"target": Self::id(entry), "reading": reading}}),
        )
    }

    pub(super) fn retract(&self, entry: u64) -> u64 {
        self.add(&json!({"kind": "record.retracted", "detail": {"target": Self::id(entry)}}))
    }

    /// Removes a text; the record is there, the secret is not destroyed yet.
    pub(super) fn redact(&self, entry: u64, instead: Option<&str>) -> u64 {
        let mut detail = json!({"target": Self::id(entry), "basis": "x", "approvals": []});
        if let Some(summary) = instead {
            detail["replacement"] = json!({"kind": "statement.public", "summary": summary});
        }
        self.add(&json!({"kind": "record.redacted", "detail": detail}))
    }

    pub(super) fn open(&self, dir: Option<&Path>, access: Access) -> Projections {
        Projections::open(dir, Arc::clone(&self.store), "Asia/Seoul".parse().unwrap(), access).unwrap()
    }
}

/// Returns what is found at a size.
#[track_caller]
pub(super) fn found_at(projections: &Projections, size: u64, query: &str) -> Vec<u64> {
    projections.catch_up().unwrap();
    let query: TextQuery = query.parse().unwrap();
    let found = projections.view(size).find(&query, None).unwrap();
    found.positions().iter().map(u64::from).collect()
}

#[track_caller]
pub(super) fn found(projections: &Projections, query: &str) -> Vec<u64> {
    found_at(projections, u64::MAX, query)
}

/// Returns everything that is found, with its score.
fn scored(projections: &Projections, query: &str) -> Vec<(u32, u32)> {
    projections.catch_up().unwrap();
    projections.view(u64::MAX).find(&query.parse().unwrap(), None).unwrap().entries
}

#[test]
fn an_entry_is_found_by_what_it_says_and_at_an_earlier_knowing_by_what_it_said() {
    let (log, dir) = (Log::new(), tempfile::tempdir().unwrap());
    let first = log.says("군사 회담을 제의");
    let other = log.says("적십자 회담");
    let projections = log.open(Some(dir.path()), Access::Writable);
    for indexed in [false, true] {
        if indexed {
            assert_eq!(projections.index_texts(), log.store.head().size);
        }
        assert_eq!(found(&projections, "회담"), [first, other], "{indexed}");
    }
    let amended = log.amend(first, "장관급 대화를 제의");
    let again = log.amend(first, "실무 접촉을 제의");
    for indexed in [false, true] {
        if indexed {
            assert_eq!(projections.index_texts(), log.store.head().size);
        }
        assert_eq!(found(&projections, "회담"), [other], "{indexed}");
        assert_eq!(found(&projections, "접촉"), [first], "{indexed}");
        assert_eq!(found(&projections, "대화"), Vec::<u64>::new(), "{indexed}");
        assert_eq!(found_at(&projections, amended, "회담"), [first, other], "{indexed}");
        assert_eq!(found_at(&projections, again, "대화"), [first], "{indexed}");
    }
    // An amendment that is struck no longer holds.
    log.retract(again);
    assert_eq!(found(&projections, "대화"), [first]);
}

#[test]
fn a_text_that_was_removed_is_not_found_at_any_knowing_and_what_is_said_instead_is() {
    let (log, dir) = (Log::new(), tempfile::tempdir().unwrap());
    let secret = log.says("Zeppelin 비밀회담");
    log.says("another");
    let projections = log.open(Some(dir.path()), Access::Writable);
    assert_eq!(projections.index_texts(), 2);
    let size = log.redact(secret, Some("평범한 회담"));
    for purged in [false, true] {
        if purged {
            projections.purge().unwrap();
            projections.index_texts();
        }
        for at in [1, size, size + 1] {
            assert_eq!(found_at(&projections, at, "zeppelin OR 비밀"), Vec::<u64>::new(), "{purged} at {at}");
            assert_eq!(found_at(&projections, at, "평범한회담"), [secret], "{purged} at {at}");
        }
    }
}

#[test]
fn the_rank_is_the_same_from_the_index_and_from_the_text() {
    let (log, dir) = (Log::new(), tempfile::tempdir().unwrap());
    for (times, padding) in [(1, 0), (2, 0), (1, 9), (3, 40), (9, 300), (1, 90)] {
        log.says(&format!("{}{}", "군사 회담 talks. ".repeat(times), "다른 말 other ".repeat(padding)));
    }
    let projections = log.open(Some(dir.path()), Access::Writable);
    let queries =
        ["회담", "군사회담 talks", "\"회담 talks\"", "talk*", "회 OR other", "회담 -말", "\"회담 tal*\""];
    let read: Vec<_> = queries.iter().map(|query| scored(&projections, query)).collect();
    assert_eq!(projections.index_texts(), 6);
    let indexed: Vec<_> = queries.iter().map(|query| scored(&projections, query)).collect();
    assert_eq!(read, indexed);
    let score = |entry: usize| read[0][entry].1;
    assert!(score(1) > score(0) && score(0) > score(2) && score(2) > score(5), "{:?}", read[0]);
}

#[test]
fn an_answer_is_whole_however_far_behind_the_index_is_and_says_when_that_takes_long() {
    let (log, dir) = (Log::new(), tempfile::tempdir().unwrap());
    log.says("회담 하나");
    {
        let projections = log.open(Some(dir.path()), Access::Writable);
        assert_eq!(projections.index_texts(), 1);
    }
    for number in 0..9_000 {
        log.says(if number % 4_500 == 0 { "회담 둘" } else { "다른 말" });
    }
    let reader = log.open(Some(dir.path()), Access::ReadOnly);
    let found = reader.view(u64::MAX).find(&"회담".parse().unwrap(), None).unwrap();
    assert_eq!(found.positions().iter().collect::<Vec<_>>(), [0, 1, 4_501]);
    assert!(found.notice().unwrap().contains("9000 of 9001"), "{:?}", found.notice());
    let writer = log.open(Some(dir.path()), Access::Writable);
    assert_eq!(writer.index_texts(), 9_001);
    let found = reader.view(u64::MAX).find(&"회담".parse().unwrap(), None).unwrap();
    assert_eq!((found.positions().len(), found.notice()), (3, None));
}

#[test]
fn a_log_that_is_closed_far_behind_its_index_brings_it_further_and_a_short_one_has_none() {
    let (log, dir) = (Log::new(), tempfile::tempdir().unwrap());
    log.says("회담");
    log.open(Some(dir.path()), Access::Writable).close().unwrap();
    assert!(!dir.path().join("text").exists());
    for _ in 0..5_000 {
        log.says("다른 말");
    }
    log.open(Some(dir.path()), Access::Writable).close().unwrap();
    let reader = log.open(Some(dir.path()), Access::ReadOnly);
    let found = reader.view(u64::MAX).find(&"회담".parse().unwrap(), None).unwrap();
    assert_eq!((found.positions().len(), found.read), (1, 0));
}
