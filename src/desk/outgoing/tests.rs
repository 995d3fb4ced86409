//! What every export promises: the entries of the filter and no others, the same bytes for the same question,
//! nothing that was struck or removed, and nothing before it was noted.

mod formats;
mod left_behind;

use std::io;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::desk::ask::{ApprovalAsk, FacetsAsk, FilterAsk, ImportAsk, RedactAsk};
use crate::desk::clock;
use crate::desk::testing::{Fixture, kim, record};
use crate::domain::id::EventId;

const ALL: [Format; 10] = [
    Format::Jsonl,
    Format::Csv,
    Format::Xlsx,
    Format::Ics,
    Format::Atom,
    Format::Cloudevents,
    Format::Prov,
    Format::Cameo,
    Format::Gexf,
    Format::Graphml,
];

/// Returns a log that was recorded in spring and is asked in autumn.
fn spring() -> Fixture {
    let began = clock::stopped("2026-03-20T00:00:00.000000Z".parse().unwrap());
    Fixture::with_clocks(began, clock::stopped("2026-11-24T03:00:00.000000Z".parse().unwrap()))
}

fn filter(change: impl FnOnce(&mut FilterAsk)) -> ExportAsk {
    let mut ask = ExportAsk::default();
    change(&mut ask.filter);
    ask
}

#[track_caller]
fn bytes(fixture: &Fixture, ask: &ExportAsk, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    let mut note = |_: &[EventId]| Ok(());
    match fixture.desk.export_as(&When::default(), ask, format, &mut note, &mut |_| (), &mut out) {
        Ok(()) => out,
        Err(broke) => panic!("{format}: {broke:?}"),
    }
}

#[track_caller]
fn text(fixture: &Fixture, ask: &ExportAsk, format: Format) -> String {
    String::from_utf8(bytes(fixture, ask, format)).unwrap()
}

/// An overture with an answer, a meeting that is put off, and a silence.
fn talks(fixture: &Fixture) {
    for entry in [
        json!({"kind": "overture.proposed", "id": "offer", "date": "2026-02-01", "from": "KOR", "to": "PRK",
            "summary": "군사회담 제의, \"now\"", "deadline": "2026-02-20", "marking": "TLP:AMBER"}),
        json!({"kind": "response.rejected", "id": "no", "in_reply_to": "offer", "date": "2026-02-05",
            "from": "PRK", "to": "KOR", "summary": "=HYPERLINK(\"x\")"}),
        json!({"kind": "meeting.scheduled", "id": "round", "date": "2026-03-01", "from": "KOR", "to": "PRK",
            "meeting_date": "2026-04-02", "place": "Panmunjom; south side"}),
        json!({"kind": "silence.recorded", "date": "2026-03", "subject": "PRK", "towards": "KOR",
            "basis": "officer_finding"}),
    ] {
        record(fixture, entry);
    }
}

#[test]
fn what_a_hidden_correction_says_leaves_under_its_marking() {
    let fixture = spring();
    talks(&fixture);
    let public = json!({"kind": "statement.public", "id": "said", "date": "2026-02-07", "from": "KOR",
        "summary": "yes", "marking": "TLP:CLEAR"});
    record(&fixture, public);
    let secret = json!({"kind": "record.amended", "target": "said", "reason": "a source", "marking": "TLP:RED",
        "changes": {"summary": "yes, but in secret"}});
    record(&fixture, secret);
    let lower = json!({"kind": "record.amended", "target": "offer", "reason": "a slip", "marking": "TLP:GREEN",
        "changes": {"summary": "talks"}});
    record(&fixture, lower);
    let marked = |level: &str| filter(|filter| filter.marking = Some(level.to_owned()));
    for format in [Format::Jsonl, Format::Csv, Format::Atom, Format::Cloudevents, Format::Prov] {
        for level in ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "!TLP:RED"] {
            let leaves = text(&fixture, &marked(level), format);
            assert!(!leaves.contains("in secret"), "{level} as {format:?}: {leaves}");
        }
        let leaves = text(&fixture, &marked("TLP:RED"), format);
        assert!(leaves.contains("in secret") && leaves.contains("TLP:RED"), "{format:?}: {leaves}");
        // The reading says of itself that it is clear; what tells it is not.
        assert!(!leaves.contains("TLP:CLEAR"), "{format:?}: {leaves}");
        // A correction that many may read makes no entry less restricted.
        assert!(text(&fixture, &marked("TLP:AMBER"), format).contains("talks"), "{format:?}");
    }
    let ask = FacetsAsk { by: Some("marking".to_owned()), ..FacetsAsk::default() };
    let facets = fixture.desk.facets(&When::default(), &ask).unwrap().data;
    let counted: Vec<_> =
        facets.fields[0].values.iter().map(|value| (value.value.as_str(), value.entries)).collect();
    assert_eq!(counted, [("TLP:AMBER", 1), ("TLP:RED", 1)]);
}

#[test]
fn the_same_question_at_the_same_position_gives_the_same_bytes_whatever_the_clock_says() {
    let mut fixture = spring();
    talks(&fixture);
    for format in ALL {
        let ask = filter(|filter| filter.party = Some("KOR".to_owned()));
        let first = bytes(&fixture, &ask, format);
        fixture.desk.clock = clock::stopped("2031-05-06T07:08:09.000000Z".parse().unwrap());
        let later = bytes(&fixture, &ask, format);
        assert!(first == later, "{format}");
        assert!(!first.is_empty(), "{format}");
    }
}

#[test]
fn an_export_says_of_itself_where_and_by_which_query_it_was_made() {
    let fixture = spring();
    talks(&fixture);
    let ask = filter(|filter| filter.kind = Some("overture,meeting,response".to_owned()));
    let last = fixture.desk.store.head().size - 1;
    for format in
        [Format::Ics, Format::Atom, Format::Prov, Format::Gexf, Format::Graphml, Format::Cloudevents]
    {
        let said = text(&fixture, &ask, format).replace("\r\n ", "").replace('\\', "");
        assert!(
            said.contains("kind=overture,meeting,response") || said.contains("overture,meeting,response"),
            "{format}"
        );
        assert!(said.contains(&last.to_string()), "{format}");
    }
}

#[test]
fn entries_that_are_read_from_an_export_are_the_entries_that_left() {
    let fixture = spring();
    talks(&fixture);
    record(&fixture, json!({"kind": "record.retracted", "target": "no", "reason": "reported twice"}));
    let everything = filter(|filter| filter.status = Some("all".to_owned()));
    let lines = text(&fixture, &everything, Format::Jsonl);
    // The struck one and what strikes it.
    assert_eq!(lines.lines().count(), 5);
    let other = spring();
    let ask = ImportAsk { file: "talks.jsonl".to_owned(), ..ImportAsk::default() };
    let (mut file, progress) =
        (std::io::Cursor::new(&lines), crate::desk::import::source::Progress::default());
    let imported = other.desk.import(&kim(), &ask, &mut file, &progress).unwrap().data;
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    assert_eq!(imported.recorded, 5);
    let plain = |fixture: &Fixture| -> Vec<Value> {
        let lines = text(fixture, &everything, Format::Jsonl);
        let mut rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for row in &mut rows {
            let fields = row.as_object_mut().unwrap();
            fields.remove("external_refs");
        }
        rows
    };
    assert_eq!(plain(&fixture), plain(&other));
    let again = other.desk.import(&kim(), &ask, &mut file, &progress).unwrap().data;
    assert_eq!((again.recorded, again.already), (0, 5));
}

/// Counts the lines that are written.
struct Counted(usize);
impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[expect(clippy::naive_bytecount, reason = "a test is not worth a dependency")]
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.0 += lines;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nothing_leaves_before_it_was_noted() {
    let fixture = spring();
    for number in 0..600 {
        record(
            &fixture,
            json!({"kind": "incident", "date": "2026-01-05", "id": format!("e{number}"), "summary": "Quiet."}),
        );
    }
    let mut out = Counted(0);
    let mut noted = 0;
    let mut note = |ids: &[EventId]| {
        if noted > 0 {
            return Err(DeskError::Unavailable("the disk is full".to_owned()));
        }
        noted = ids.len();
        Ok(())
    };
    let ask = ExportAsk::default();
    let broke =
        fixture.desk.export_as(&When::default(), &ask, Format::Jsonl, &mut note, &mut |_| (), &mut out);
    assert!(matches!(broke, Err(Broke::Desk(DeskError::Unavailable(_)))), "{broke:?}");
    assert_eq!(out.0, noted);
    for format in ALL {
        let mut all = 0;
        let mut note = |ids: &[EventId]| {
            all += ids.len();
            Ok(())
        };
        let ask = ExportAsk { limit: Some(10), ..ExportAsk::default() };
        fixture
            .desk
            .export_as(&When::default(), &ask, format, &mut note, &mut |_| (), &mut io::sink())
            .unwrap();
        assert_eq!(all, 10, "{format}");
    }
}

#[test]
fn what_is_wrong_with_a_question_is_said_before_anything_leaves() {
    let fixture = spring();
    talks(&fixture);
    let refuse = |ask: &ExportAsk, says: &str| {
        let mut out = Vec::new();
        let mut note = |_: &[EventId]| Ok(());
        match fixture.desk.export_as(&When::default(), ask, Format::Csv, &mut note, &mut |_| (), &mut out) {
            Err(Broke::Desk(error)) => assert!(error.to_string().contains(says), "{error}"),
            other => panic!("{other:?}"),
        }
        assert!(out.is_empty());
    };
    refuse(&filter(|filter| filter.party = Some("Atlantis".to_owned())), "Atlantis");
    refuse(&ExportAsk { by: Some("size".to_owned()), ..ExportAsk::default() }, "no order");
    refuse(&ExportAsk { limit: Some(0), ..ExportAsk::default() }, "is 0");
}

/// What becomes of an entry after it was recorded.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Stays,
    Struck,
    Removed,
    Amended,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![Just(Fate::Stays), Just(Fate::Struck), Just(Fate::Removed), Just(Fate::Amended)];
    proptest::collection::vec(fate, 1..7)
}

fn remove(fixture: &Fixture, handle: &str) {
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let ask = RedactAsk {
        basis: "Archives Act".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        ..RedactAsk::default()
    };
    fixture.desk.redact(&kim(), handle, &ask).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_that_was_struck_or_removed_is_in_an_export(fates in fates()) {
        let fixture = spring();
        record(&fixture, json!({"kind": "recorder.registered", "name": "lee"}));
        for (number, fate) in fates.iter().enumerate() {
            let (id, word) = (format!("e{number}"), format!("Quagga{number}x"));
            let kind = if number % 2 == 0 { "overture.proposed" } else { "meeting.scheduled" };
            record(&fixture, json!({
                "kind": kind, "id": id, "date": "2026-01-05", "from": "KOR", "to": "PRK", "summary": word,
                "note": word, "speaker": word, "source": word, "topics": [word],
            }));
            match fate {
                Fate::Stays => {}
                Fate::Struck => {
                    record(&fixture, json!({"kind": "record.retracted", "target": id, "reason": "twice"}));
                }
                Fate::Removed => remove(&fixture, &id),
                Fate::Amended => {
                    record(&fixture, json!({"kind": "record.amended", "target": id, "reason": "r", "changes": {
                        "summary": "Newer", "note": "Newer", "speaker": "Newer", "source": "Newer",
                        "topics": ["Newer"],
                    }}));
                }
            }
        }
        for bookkeeping in [false, true] {
            let ask = filter(|filter| filter.bookkeeping = bookkeeping);
            let all = filter(|filter| filter.status = Some("all".to_owned()));
            for format in ALL.into_iter().filter(|format| *format != Format::Xlsx) {
                let (told, told_of_all) = (text(&fixture, &ask, format), text(&fixture, &all, format));
                for (number, fate) in fates.iter().enumerate() {
                    let word = format!("Quagga{number}x");
                    let shows = !matches!(format, Format::Cameo | Format::Gexf | Format::Graphml | Format::Ics | Format::Prov);
                    match fate {
                        Fate::Stays => prop_assert!(!shows || told.contains(&word), "{format}"),
                        Fate::Struck => {
                            prop_assert!(!told.contains(&word), "{format} {told}");
                            prop_assert!(!shows || told_of_all.contains(&word), "{format}");
                        }
                        Fate::Removed | Fate::Amended => {
                            prop_assert!(!told.contains(&word), "{format} {told}");
                            prop_assert!(!told_of_all.contains(&word), "{format}");
                        }
                    }
                }
            }
        }
    }
}
