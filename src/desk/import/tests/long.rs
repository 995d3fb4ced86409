//! Files that do not fit in one window: the same result, in memory that does not grow with them.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, ImportAsk, When};
use crate::desk::import::source::{Progress, Stage};
use crate::desk::import::survey::{LIMITS, Limits};
use crate::desk::import::tests::{ROWS, says, size};
use crate::desk::testing::Fixture;
use crate::projections::timeline::TimelineQuery;

fn in_windows(fixture: &Fixture, rows: u64, ask: &ImportAsk, file: &str) -> Imported {
    let caller = Caller { actor: "park".to_owned(), tz: None };
    let limits = Limits { rows, ..LIMITS };
    let mut source = Cursor::new(file.as_bytes());
    fixture.desk.import_within(limits, &caller, ask, &mut source, &Progress::default()).unwrap().data
}

fn calls() -> ImportAsk {
    ImportAsk { file: "calls.jsonl".to_owned(), ..ImportAsk::default() }
}

/// Rows each of which answers one that comes later, or came earlier.
fn answers(count: u64) -> String {
    (0..count)
        .map(|number| {
            let other = (number * 7 + 3) % count;
            if number % 2 == 0 {
                format!("{{\"id\":\"r{number}\",\"date\":\"2025-01-09\",\"kind\":\"overture.proposed\",\"from\":\"KOR\",\"to\":\"PRK\",\"channel\":\"line-{}\"}}\n", number % 5)
            } else {
                format!("{{\"id\":\"r{number}\",\"date\":\"2025-01-10\",\"kind\":\"response.rejected\",\"from\":\"PRK/kpa\",\"to\":\"KOR\",\"in_reply_to\":\"r{}\"}}\n", other - other % 2)
            }
        })
        .collect()
}

#[test]
fn a_file_in_windows_is_recorded_like_one_that_is_read_whole() {
    let file = answers(60);
    let (whole, parts) = (Fixture::new(), Fixture::new());
    let one = in_windows(&whole, 20_000, &calls(), &file);
    let other = in_windows(&parts, 7, &calls(), &file);
    assert_eq!((one.recorded, other.recorded), (60, 60), "{:?} {:?}", one.wrong, other.wrong);
    assert_eq!(one.registered, other.registered);
    assert_eq!(size(&whole), size(&parts));
    let links = |fixture: &Fixture| {
        let known = fixture.desk.known(&When::default()).unwrap();
        let id = |key: &str| known.view.external("calls", key).unwrap()[0];
        (0..60u64).filter(|number| number % 2 == 1).all(|number| {
            let event = known.view.event(id(&format!("r{number}"))).unwrap().unwrap().event.unwrap();
            let other = (number * 7 + 3) % 60;
            event.envelope.links[0].target == id(&format!("r{}", other - other % 2))
        })
    };
    assert!(links(&whole) && links(&parts));
    let again = in_windows(&parts, 7, &calls(), &file);
    assert_eq!((again.recorded, again.already), (0, 60), "{:?}", again.wrong);
    // What was imported in windows is known to an import of the whole, and the other way about.
    assert_eq!(in_windows(&whole, 7, &calls(), &file).already, 60);
}

#[test]
fn a_row_that_points_at_one_that_an_interrupted_import_did_not_reach_is_completed() {
    let fixture = Fixture::new();
    let file = ROWS.lines().collect::<Vec<_>>();
    // The first row is in reply to the second, which is not recorded: as after an interruption between them.
    let known_id = {
        let both = in_windows(&fixture, 20_000, &calls(), &format!("{}\n{}", file[0], file[1]));
        assert_eq!(both.recorded, 2, "{:?}", both.wrong);
        let known = fixture.desk.known(&When::default()).unwrap();
        known.view.external("calls", "b").unwrap()[0]
    };
    let cut = Fixture::new();
    let event = {
        let known = fixture.desk.known(&When::default()).unwrap();
        known.view.event(known.view.external("calls", "a").unwrap()[0]).unwrap().unwrap().event.unwrap()
    };
    // The registers, as the first part brings them.
    let registered = r#"{"id":"a0","date":"2025-11-20","from":"PRK/kpa","to":"UNC","channel":"unc-kpa","kind":"message.sent","summary":"x"}"#;
    in_windows(
        &cut,
        20_000,
        &ImportAsk { file: "before.jsonl".to_owned(), ..ImportAsk::default() },
        registered,
    );
    let mut envelope = event.envelope.clone();
    let known = cut.desk.known(&When::default()).unwrap();
    let first =
        known.view.event(known.view.external("before", "a0").unwrap()[0]).unwrap().unwrap().event.unwrap();
    (envelope.from, envelope.to, envelope.via) = (first.envelope.from, first.envelope.to, first.envelope.via);
    cut.add(envelope, event.fact);
    let rest = in_windows(&cut, 20_000, &calls(), ROWS);
    assert_eq!((rest.already, rest.recorded), (1, 3), "{:?}", rest.wrong);
    let known = cut.desk.known(&When::default()).unwrap();
    assert_eq!(known.view.external("calls", "b").unwrap(), [known_id]);
}

#[test]
fn what_is_wrong_anywhere_in_a_long_file_keeps_all_of_it_out() {
    let fixture = Fixture::new();
    let before = size(&fixture);
    let file =
        format!("{}{}\n", answers(40), r#"{"id":"z","date":"yesterday","kind":"incident","summary":"x"}"#);
    let imported = in_windows(&fixture, 7, &calls(), &file);
    assert!(says(&imported.wrong, 41, "prompt only"), "{:?}", imported.wrong);
    assert_eq!(size(&fixture), before);
    let ask = ImportAsk { leaves_out: true, ..calls() };
    let twice = format!("{file}{}\n", file.lines().next().unwrap());
    let imported = in_windows(&fixture, 7, &ask, &twice);
    assert_eq!((imported.recorded, imported.rejects.unwrap().rows), (40, 2), "{:?}", imported.wrong);
    let corrected =
        format!("{file}{}", r#"{"kind":"record.retracted","id":"y","target":"r1","reason":"slip"}"#);
    let imported = in_windows(&fixture, 7, &calls(), &corrected);
    assert!(
        imported.wrong.iter().any(|fault| fault.detail.contains("takes no corrections")),
        "{:?}",
        imported.wrong
    );
}

/// A file that is made while it is read, and counts how much of it is held at once: nothing.
struct Generated {
    place: u64,
    length: u64,
}

const LINE: &[u8] = b"1,17/11/2025,\"a row like any other\"\n";

impl Read for Generated {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        for byte in into.iter_mut() {
            if self.place >= self.length {
                break;
            }
            let place = usize::try_from(self.place % LINE.len() as u64).unwrap();
            *byte = LINE[place];
            self.place += 1;
            written += 1;
        }
        Ok(written)
    }
}

impl Seek for Generated {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.place = match to {
            SeekFrom::Start(place) => place,
            SeekFrom::End(_) => self.length,
            SeekFrom::Current(_) => self.place,
        };
        Ok(self.place)
    }
}

#[test]
fn a_long_file_is_read_a_piece_at_a_time() {
    // Every row is skipped by a rule, so that reading is all that is measured.
    let fixture = Fixture::new();
    let mapping = br##"{"key": ["#row"], "header": 0, "default_kind": "incident",
        "skip": [{"when": {"column": "#1", "is": "1"}, "because": "all"}], "fields": {"summary": {"column": "#3"}}}"##;
    let mapping = fixture.desk.take_mapping(mapping).unwrap().data.digest;
    let ask = ImportAsk { file: "long.csv".to_owned(), mapping: Some(mapping), ..ImportAsk::default() };
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    let rows = 40_000;
    let mut file = Generated { place: 0, length: rows * LINE.len() as u64 };
    let progress = Progress::default();
    let before = resident();
    let imported = fixture.desk.import(&caller, &ask, &mut file, &progress).unwrap().data;
    assert_eq!((imported.rows, imported.skipped[0].rows, imported.skipped[0].lines.len()), (0, rows, 20));
    let (stage, done, of) = progress.look();
    assert_eq!((stage, done >= of, of), (Stage::Reading, true, file.length));
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(known.view.timeline(&TimelineQuery::default()).unwrap().total, 0);
    if let (Some(before), Some(after)) = (before, resident()) {
        // Other tests run beside this one; what is measured is that no multiple of the file is held.
        assert!(after.saturating_sub(before) < 512 << 20, "{before} {after}");
    }
}

/// Returns how much memory this process has, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/statm").ok()?;
    status.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

#[test]
fn a_reply_in_another_window_is_linked_to_the_message_that_another_file_brought() {
    let fixture = Fixture::new();
    let mail = |id: &str, more: &str| {
        format!(
            "From k Mon Jan  6 10:00:00 2025\nFrom: kim@x.kr\nTo: lee@y.kr\nDate: Mon, 6 Jan 2025 10:00:00 +0900\n{more}Message-ID: <{id}>\n\nNoted.\n\n"
        )
    };
    let ask = |file: &str| ImportAsk { file: file.to_owned(), ..ImportAsk::default() };
    assert_eq!(in_windows(&fixture, 20_000, &ask("one.mbox"), &mail("y@x.kr", "")).recorded, 1);
    let reply = mail("x@x.kr", "In-Reply-To: <y@x.kr>\n");
    let file = [mail("y@x.kr", ""), mail("z@x.kr", ""), reply].concat();
    let imported = in_windows(&fixture, 1, &ask("two.mbox"), &file);
    assert_eq!((imported.recorded, imported.already), (2, 1), "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    let the = |id: &str| known.view.called(id).unwrap()[0];
    let event = known.view.event(the("x@x.kr")).unwrap().unwrap().event.unwrap();
    assert_eq!(event.envelope.links[0].target, the("y@x.kr"));
}
