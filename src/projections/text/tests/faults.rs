//! What may become of the index: damage, another log, another writer, a text that must be gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Log, found};
use crate::projections::Access;
use crate::projections::text::engine::Engine;

/// Returns every file of a directory and of those in it, with what is in it.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

/// A log with an index that holds all of it but the last entry.
fn indexed(dir: &Path) -> Log {
    let log = Log::new();
    for number in 0..40 {
        log.says(&format!("군사 회담 {number} talks"));
    }
    let projections = log.open(Some(dir), Access::Writable);
    assert_eq!(projections.index_texts(), 40);
    projections.save().unwrap();
    drop(projections);
    log.says("마지막 회담");
    log
}

#[test]
fn whoever_only_reads_writes_nothing_and_needs_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let log = indexed(dir.path());
    let before = files(dir.path());
    let reader = log.open(Some(dir.path()), Access::ReadOnly);
    assert_eq!(found(&reader, "회담").len(), 41);
    drop(reader);
    assert_eq!(files(dir.path()), before);
    // While another process writes, a reader uses what is there.
    let writer = log.open(Some(dir.path()), Access::Writable);
    let reader = log.open(Some(dir.path()), Access::Writable);
    assert_eq!(writer.index_texts(), 41);
    assert_eq!(found(&reader, "회담").len(), 41);
    assert_eq!(reader.index_texts(), 41, "what another keeps is read");
}

#[test]
fn a_damaged_index_is_never_believed_and_whoever_may_write_builds_it_anew_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let log = indexed(dir.path());
    let text = dir.path().join("text");
    let sound = files(&text);
    for (path, bytes) in &sound {
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with('.') || bytes.is_empty() {
            continue;
        }
        let flipped = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            bytes
        };
        for damaged in [
            flipped(0),
            flipped(bytes.len() / 2),
            flipped(bytes.len() - 1),
            bytes[..bytes.len() / 2].to_vec(),
        ] {
            std::fs::write(path, &damaged).unwrap();
            let reader = log.open(Some(dir.path()), Access::ReadOnly);
            assert_eq!(found(&reader, "회담").len(), 41, "{name}");
            assert_eq!(found(&reader, "talk*").len(), 40, "{name}");
            std::fs::write(path, bytes).unwrap();
        }
    }
    let (path, bytes) =
        sound.iter().find(|(path, _)| path.extension().is_some_and(|kind| kind == "idx")).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    let reader = log.open(Some(dir.path()), Access::ReadOnly);
    found(&reader, "회담");
    assert!(reader.notice().unwrap().contains("read one by one"), "{:?}", reader.notice());
    let writer = log.open(Some(dir.path()), Access::Writable);
    assert_eq!(found(&writer, "회담").len(), 41);
    assert_eq!(writer.index_texts(), 41);
    assert_eq!(found(&writer, "회담").len(), 41);
    assert!(writer.notice().unwrap().contains("set aside"), "{:?}", writer.notice());
    assert!(dir.path().join("text.damaged-1").is_dir());
}

#[test]
fn the_index_of_another_log_is_not_used() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    indexed(other.path());
    let log = Log::new();
    log.says("다른 회담");
    std::fs::rename(other.path().join("text"), dir.path().join("text")).unwrap();
    let writer = log.open(Some(dir.path()), Access::Writable);
    assert_eq!(found(&writer, "군사"), Vec::<u64>::new());
    assert_eq!(writer.index_texts(), 1);
    assert_eq!(found(&writer, "회담"), [0]);
    assert!(writer.notice().unwrap().contains("of the log texts-"), "{:?}", writer.notice());
}

#[test]
fn after_a_purge_no_file_that_held_a_text_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("projections");
    let log = Log::new();
    for number in 0..20 {
        log.says(&format!("회담 {number}"));
    }
    let secret = log.says("zeppelin 평화고양이");
    let projections = log.open(Some(&path), Access::Writable);
    assert_eq!(projections.index_texts(), 21);
    projections.save().unwrap();
    let traces = ["zeppelin", "평화", "화고", "고양", "양이"];
    // A dictionary does not spell its tokens out, so that they are asked for as the index reads them.
    let tokens =
        || Engine::read(&path.join("text")).unwrap().map(|engine| engine.tokens()).unwrap_or_default();
    let before = files(&path.join("text"));
    assert!(traces.iter().all(|trace| tokens().contains(*trace)), "{:?}", tokens());
    log.redact(secret, None);
    projections.purge().unwrap();
    let check = || {
        assert!(traces.iter().all(|trace| !tokens().contains(*trace)), "{:?}", tokens());
        for (path, bytes) in files(dir.path()) {
            let holds = |trace: &str| bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!traces.iter().any(|trace| holds(trace)), "{}", path.display());
            // The name of a segment is drawn, and 32 digits long.
            let is_segment = path.file_stem().is_some_and(|stem| stem.len() == 32);
            assert!(!is_segment || !before.contains_key(&path), "{}", path.display());
        }
    };
    check();
    assert_eq!(projections.index_texts(), 22);
    assert!(tokens().contains("회담"));
    check();
    assert_eq!(found(&projections, "zeppelin OR 고양"), Vec::<u64>::new());
    assert_eq!(found(&projections, "회담").len(), 20);
}

#[test]
fn a_rebuild_takes_the_index_along() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("projections");
    let log = indexed(&path);
    let writer = log.open(Some(&path), Access::Writable);
    assert_eq!(found(&writer, "회담").len(), 41);
    writer.rebuild().unwrap();
    assert_eq!(found(&writer, "회담").len(), 41);
    assert_eq!(writer.index_texts(), 41);
    assert_eq!(found(&writer, "회담").len(), 41);
    assert_eq!(writer.notice(), None);
}
