//! A removal that was cut off anywhere: the text is hidden at once, and gone when the log is next written.

use std::path::Path;
use std::time::Duration;

use demarche::domain::event::{Envelope, Event, SCHEMA};
use demarche::domain::fact::Fact;
use demarche::domain::fact::record::Redacted;
use demarche::domain::id::{ActorId, EntityId, EventId, RequestId};
use demarche::domain::timestamp::Timestamp;
use demarche::store::segment::{Opening, SegmentStore};
use demarche::store::{Class, Condition, EventStore, NewEvent};

use super::traces::{Traces, everything_said, files_below};
use super::{REDACT, open_for_writing, spoken};
use crate::support::Place;

fn store(dir: &Path) -> SegmentStore {
    let later = || "2030-01-01T00:00:00.000000Z".parse::<Timestamp>().unwrap();
    let clock: demarche::store::Clock = std::sync::Arc::new(later);
    SegmentStore::open(dir, Opening::Write { wait: Duration::from_secs(30) }, clock).unwrap()
}

/// Records that the text of the entry at a position is removed, and does nothing more.
fn record_alone(dir: &Path, position: u64) {
    let store = store(dir);
    let target = store.at(position).unwrap().unwrap().id;
    let fact = Fact::RecordRedacted(Redacted {
        target,
        basis: "Archives Act".to_owned(),
        approvals: Vec::new(),
        entity: None,
        called: Vec::new(),
        replacement: None,
    });
    let event = Event { envelope: Envelope::default(), fact };
    let new = NewEvent {
        id: Some(EventId::from_uuid(uuid::Uuid::new_v4())),
        streams: vec![EntityId::from(target)],
        class: Class::RecordRedacted,
        schema: SCHEMA,
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(9)),
        body: event.encode().unwrap(),
        attachments: Vec::new(),
        signature: None,
    };
    let request = RequestId::from_uuid(uuid::Uuid::new_v4());
    store.append(vec![new], Condition::default(), request).unwrap();
    store.close().unwrap();
}

/// A log with one entry whose text is to go, and where it stands.
fn place() -> (Place, u64, Traces) {
    let place = Place::new();
    place.run(&["propose", "Zeppelin Quagga treaty", "--from", "KOR", "--to", "PRK", "--id", "talks-1"]).ok();
    let position = place.data(&["show", "talks-1"])["position"].as_u64().unwrap();
    (place, position, Traces::of(&["Zeppelin Quagga treaty"]))
}

#[track_caller]
fn is_gone(place: &Place, traces: &Traces) {
    for (name, bytes) in files_below(&place.dir()) {
        assert_eq!(traces.found_in(&bytes), Vec::<String>::new(), "{name}");
    }
    let said = everything_said(place);
    assert_eq!(traces.found_in(said.as_bytes()), Vec::<String>::new());
    assert_eq!(place.data(&["verify"])["sound"], true);
}

#[test]
fn from_the_record_on_every_answer_hides_the_text_and_the_next_writer_finishes() {
    let (place, position, traces) = place();
    record_alone(&place.dir(), position);
    for command in ["verify", "log", "doctor"] {
        let ran = place.run(&[command]);
        let told = format!("position {position}");
        assert!(ran.code == 3 && ran.out.contains(&told) && ran.out.contains("opened again"), "{ran:?}");
    }
    // Whoever only reads writes nothing, and shows nothing of it either.
    let said = everything_said(&place);
    assert_eq!(traces.found_in(said.as_bytes()), Vec::<String>::new());
    open_for_writing(&place.dir());
    let store = store(&place.dir());
    assert!(store.is_forgotten(position).unwrap());
    store.close().unwrap();
    is_gone(&place, &traces);
}

#[test]
fn projections_that_are_older_than_the_removal_are_wiped_by_the_next_writer() {
    let (place, position, traces) = place();
    let manifest = place.dir().join("projections/manifest");
    open_for_writing(&place.dir());
    record_alone(&place.dir(), position);
    let store = store(&place.dir());
    store.forget(&[position]).unwrap();
    store.close().unwrap();
    let before = std::fs::read(&manifest).unwrap();
    // What an interrupted wipe leaves beside them goes as well.
    for rest in ["rebuilt", "replaced", "damaged-1"] {
        let aside = place.dir().join(format!("projections.{rest}"));
        std::fs::create_dir(&aside).unwrap();
        std::fs::write(aside.join("left"), "Zeppelin Quagga treaty").unwrap();
    }
    open_for_writing(&place.dir());
    assert_ne!(std::fs::read(&manifest).unwrap(), before);
    let beside = std::fs::read_dir(place.dir()).unwrap().map(|entry| entry.unwrap().file_name());
    let beside: Vec<_> = beside.filter(|name| name.to_string_lossy().starts_with("projections.")).collect();
    assert!(beside.is_empty(), "{beside:?}");
    is_gone(&place, &traces);
}

#[test]
fn a_process_that_is_killed_while_it_removes_leaves_the_text_whole_or_hidden() {
    let mut kept = 0;
    let mut hidden = 0;
    for trial in 0..10_u64 {
        let place = Place::new();
        spoken(&place);
        let traces = super::traces();
        let mut child = place.command(REDACT).stdout(std::process::Stdio::null()).spawn().unwrap();
        let ends = std::time::Instant::now() + Duration::from_millis(trial * 12);
        while std::time::Instant::now() < ends && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let is_recorded = place.data(&["show", "talks-1"])["redacted"] == true;
        let timeline = place.run(&["timeline", "--status", "all", "--bookkeeping"]).ok();
        assert_eq!(traces.found_in(timeline.as_bytes()).is_empty(), is_recorded, "{timeline}");
        open_for_writing(&place.dir());
        assert_eq!(place.data(&["verify"])["sound"], true);
        if is_recorded {
            hidden += 1;
            for (name, bytes) in files_below(&place.dir()) {
                assert_eq!(traces.found_in(&bytes), Vec::<String>::new(), "{name}");
            }
            let export = place.run(&["export", "-"]).ok();
            assert_eq!(traces.found_in(export.as_bytes()), Vec::<String>::new());
        } else {
            kept += 1;
            assert_eq!(place.data(&["show", "talks-1"])["redacted"], serde_json::Value::Null);
            place.run(REDACT).ok();
        }
    }
    println!("{kept} kept, {hidden} hidden");
}
