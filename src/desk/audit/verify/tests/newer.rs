//! A leaf that this version cannot read is never called sound.

use serde_json::{Value, json};

use crate::desk::audit::testing::{Files, Log};
use crate::desk::audit::verify::report::{Report, Verdict};
use crate::desk::audit::verify::tests::{log, says};
use crate::store::EventStore;
use crate::tlog::tile::{Tile, bundle_decode, bundle_encode};
use crate::tlog::tree::Edge;
use crate::tlog::{Hash, leaf_hash};

use Verdict::{Altered, Backdated, Missing, Reordered};

const PATH: &str = "tile/entries/000.p/5";

/// Signs the log of 5 events anew with other leaves, as whoever holds its key can.
fn forged(log: &mut Log, change: &dyn Fn(usize, &mut Value)) -> Files {
    let files = log.files(5, None);
    let mut leaves: Vec<String> = Vec::new();
    for (place, leaf) in bundle_decode(&files[PATH]).unwrap().into_iter().enumerate() {
        let mut value: Value = serde_json::from_slice(leaf).unwrap();
        if let Some(before) = leaves.last() {
            value["streams"][0][2] =
                json!(crate::store::leaf::HexHash(leaf_hash(before.as_bytes())).to_string());
        }
        let ordered: crate::store::leaf::Leaf = serde_json::from_value(value.clone()).unwrap();
        let mut text = serde_json::to_string(&ordered).unwrap();
        let untouched = value.clone();
        change(place, &mut value);
        if value != untouched {
            text = value.to_string();
        }
        leaves.push(text);
    }
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect();
    let edge: Edge = hashes.iter().copied().collect();
    let mut files = files;
    files.insert(PATH.to_owned(), bundle_encode(&leaves).unwrap());
    files.insert(Tile { level: 0, index: 0, width: 5 }.path(), hashes.concat());
    let note = log.sign_root(5, edge.root(), log.time()).to_bytes();
    files.retain(|path, _| !path.starts_with("proofs/") && !path.starts_with("consistency/"));
    files.insert("checkpoint".to_owned(), note.clone());
    files.insert("checkpoints/5".to_owned(), note);
    files
}

#[track_caller]
fn comes_to(verdict: Verdict, what: &str, change: &dyn Fn(usize, &mut Value)) -> Report {
    let mut log = log(5);
    let files = forged(&mut log, change);
    let report = log.check(&files);
    let found = report.findings.iter().any(|one| one.verdict == verdict && one.what.contains(what));
    assert!(found && !report.verdict.is_good(), "{what}: {:#?}", report.findings);
    report
}

#[test]
fn leaves_of_a_later_version_are_counted_and_the_bundle_is_no_ok() {
    let report =
        comes_to(Missing, "2 leaves are of a later version, the first at position 3", &|place, leaf| {
            if place > 2 {
                leaf["v"] = json!(2);
                leaf["new"] = json!({"of": ["any", "sort"]});
            }
        });
    assert_eq!(report.newer, 2);
}

#[test]
fn what_leaves_of_every_version_say_is_checked() {
    let of = |change: &'static dyn Fn(&mut Value)| {
        move |place: usize, leaf: &mut Value| {
            if place == 4 {
                leaf["v"] = json!(2);
                change(leaf);
            }
        }
    };
    comes_to(Reordered, "its position is 1", &of(&|leaf| leaf["pos"] = json!(1)));
    comes_to(Backdated, "no later than", &of(&|leaf| leaf["at"] = json!("1999-01-01T00:00:00.000000Z")));
    comes_to(Altered, "one of the log other", &of(&|leaf| leaf["log"] = json!("other")));
    comes_to(Altered, "where revision 4 follows", &of(&|leaf| leaf["streams"][0][1] = json!(9)));
    comes_to(
        Altered,
        "another record before it",
        &of(&|leaf| leaf["streams"][0][2] = json!("ab".repeat(32))),
    );
    for field in ["log", "pos", "at", "streams"] {
        let lacks = |place: usize, leaf: &mut Value| {
            if place == 4 {
                leaf["v"] = json!(2);
                leaf.as_object_mut().unwrap().remove(field);
            }
        };
        comes_to(Altered, "lacks what a leaf of every version has", &lacks);
    }
    let all = |_: usize, leaf: &mut Value| *leaf = json!({"v": 2});
    comes_to(Altered, "lacks what a leaf of every version has", &all);
}

#[test]
fn a_log_does_not_go_back_to_an_earlier_version() {
    comes_to(Altered, "the one at position 2 of a later version", &|place, leaf| {
        if place == 2 {
            leaf["v"] = json!(2);
        }
    });
}

#[test]
fn evidence_that_cannot_be_read_is_no_ok() {
    use crate::store::{Class, Condition, NewEvent};
    for (schema, body, verdict) in [
        (crate::domain::event::SCHEMA + 1, "{}", Missing),
        (crate::domain::event::SCHEMA, "{}", Missing),
        (crate::domain::event::SCHEMA, r#"{"kind":"incident"}"#, Altered),
    ] {
        for class in
            [Class::KeyRotated, Class::RecordRedacted, Class::AuthorKeyAdded, Class::AuthorKeyRevoked]
        {
            let log = Log::new();
            let event = NewEvent { schema, ..log.new_event(class, body.to_owned()) };
            let request = crate::domain::id::RequestId::from_uuid(log.draw());
            log.store.append(vec![event], Condition::default(), request).unwrap();
            says(&log, &log.files(1, None), verdict);
        }
    }
}
