//! What the tests of the commands share: a stand-in for the API, and answers made up for rendering.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::output::{Format, Screen, Show, write};
use crate::cli::session::Api;
use crate::cli::{Streams, run as run_cli};
use crate::desk::Opening;
use crate::desk::answer::board::{AnswerRow, ChannelRow, MeetingRow, OvertureRow};
use crate::desk::answer::entry::{EntryRef, EntryRow, Named};
use crate::desk::answer::{Answer, AsOf, Date, Page};
use crate::desk::keys::place::KeyPlace;
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::http::client::{ClientError, Reply, Request};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: u8,
    /// Standard output.
    pub(crate) out: String,
    /// The error stream.
    pub(crate) err: String,
    /// What was asked of the API.
    pub(crate) asked: Vec<Request>,
    /// How the way to the API was opened.
    pub(crate) opened: Vec<Opening>,
}

struct Fake<F> {
    reply: Rc<F>,
    asked: Rc<RefCell<Vec<Request>>>,
}

impl<F: Fn(&Request) -> Result<Reply, ClientError>> Api for Fake<F> {
    fn send_to(&self, request: &Request, out: &mut dyn Write) -> Result<Reply, ClientError> {
        self.asked.borrow_mut().push(request.clone());
        let mut reply = (self.reply)(request)?;
        if reply.is_success() {
            out.write_all(&std::mem::take(&mut reply.body)).unwrap();
        }
        Ok(reply)
    }

    fn close(self: Box<Self>) -> Result<(), ClientError> {
        Ok(())
    }
}

/// Runs a command line against an API that answers with `reply`, with `input` on standard input.
pub(crate) fn run_with(
    args: &[&str],
    input: &[u8],
    reply: impl Fn(&Request) -> Result<Reply, ClientError> + 'static,
) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let opened = RefCell::new(Vec::new());
    let reply = Rc::new(reply);
    let open = |_: &Path, opening: Opening, _: &KeyPlace| -> Result<Box<dyn Api>, ClientError> {
        opened.borrow_mut().push(opening);
        Ok(Box::new(Fake { reply: Rc::clone(&reply), asked: Rc::clone(&asked) }))
    };
    let mut line: Vec<OsString> = vec!["demarche".into(), "--dir".into(), dir.path().into()];
    line.extend(args.iter().map(OsString::from));
    let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), input);
    let streams = Streams {
        input: &mut input,
        out: &mut out,
        err: &mut err,
        screen: Screen::default(),
        account: Some("kim".to_owned()),
        settings: Vec::new(),
    };
    let code = run_cli(line, streams, &open);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let asked = asked.borrow().clone();
    Ran { code, out: text(out), err: text(err), asked, opened: opened.into_inner() }
}

/// Runs a command line against an API that always gives the same answer.
pub(crate) fn run(args: &[&str], status: u16, body: &impl Serialize) -> Ran {
    run_bytes(args, status, &serde_json::to_vec(body).unwrap())
}

/// Runs a command line against an API that always gives the same bytes.
pub(crate) fn run_bytes(args: &[&str], status: u16, body: &[u8]) -> Ran {
    let body = body.to_vec();
    run_with(args, b"", move |_| Ok(Reply { status, body: body.clone(), notice: None }))
}

/// Returns the exit code of a run.
pub(crate) fn exit(args: &[&str], status: u16, body: &impl Serialize) -> u8 {
    run(args, status, body).code
}

/// Returns the exit code of a command line that asks the API for nothing.
#[track_caller]
pub(crate) fn usage(args: &[&str]) -> u8 {
    let ran = run(args, 200, &json!({}));
    assert!(ran.asked.is_empty(), "{:?}", ran.asked);
    assert!(!ran.err.is_empty());
    ran.code
}

/// Returns the entries that a command line records.
#[track_caller]
pub(crate) fn entries(args: &[&str]) -> Vec<Value> {
    let recorded = answer_of(json!({ "entries": [], "registered": [] }));
    let ran = run(args, 200, &recorded);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let [request] = ran.asked.as_slice() else { panic!("one request: {:?}", ran.asked) };
    assert_eq!(request.path, "/v1/entries");
    let ask: Value = serde_json::from_slice(&request.body).unwrap();
    ask["entries"].as_array().unwrap().clone()
}

/// Returns an answer with this data.
pub(crate) fn answer_of<T>(data: T) -> Answer<T> {
    Answer { as_of: as_of(), notices: Vec::new(), data }
}

/// Returns what was known.
pub(crate) fn as_of() -> AsOf {
    AsOf {
        log: "desk-0a1b2c3d".to_owned(),
        position: Some(151),
        last_recorded_at: Some("2026-11-24T00:00:00.000000Z".parse().unwrap()),
        at: "2026-11-24T00:05:00.000000Z".parse().unwrap(),
        past_knowledge: false,
        zone: "Asia/Seoul".to_owned(),
    }
}

/// Returns an answer as text that goes to a file or a pipe.
pub(crate) fn shown<T: Show + Clone>(data: &T) -> String {
    shown_on(data, None)
}

/// Returns an answer as text on a terminal of so many columns.
pub(crate) fn shown_wide<T: Show + Clone>(data: &T, width: usize) -> String {
    shown_on(data, Some(width))
}

fn shown_on<T: Show + Clone>(data: &T, width: Option<usize>) -> String {
    let mut out = Vec::new();
    let screen = Screen { width, ..Screen::default() };
    write(&mut out, Format::Text, screen, &answer_of(data.clone()), true).unwrap();
    String::from_utf8(out).unwrap()
}

/// Returns a page with these rows and no more.
pub(crate) fn page<T>(items: Vec<T>) -> Page<T> {
    let total = items.len() as u64;
    Page { items, next: None, total }
}

/// Returns an id.
pub(crate) fn entity(number: u64) -> EntityId {
    EntityId::from_uuid(uuid::Uuid::from_u128(number.into()))
}

/// Returns an id.
pub(crate) fn event(number: u64) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number.into()))
}

/// Returns something with a name.
pub(crate) fn named(name: &str) -> Named {
    Named { id: entity(1), name: name.to_owned() }
}

/// Returns a date.
pub(crate) fn date(value: &str) -> Date {
    let words = value.parse::<Occurred>().unwrap().words();
    Date { value: value.to_owned(), words }
}

/// Returns an entry with a sentence long enough to be wrapped.
pub(crate) fn entry_ref(handle: &str, kind: &str, value: &str) -> EntryRef {
    EntryRef {
        id: event(2),
        handle: handle.to_owned(),
        kind: Some(kind.parse().unwrap()),
        date: Some(date(value)),
        summary: Some(
            "국방부 proposes military talks on a reference line for the MDL (군사분계선 기준선 설정 회담)."
                .to_owned(),
        ),
    }
}

/// Returns a row of a timeline.
pub(crate) fn entry_row(handle: &str, kind: &str, value: &str) -> EntryRow {
    EntryRow {
        position: 147,
        recorded_at: "2026-11-24T00:00:00.000000Z".parse().unwrap(),
        recorder: "kim".to_owned(),
        entry: entry_ref(handle, kind, value),
        from: vec![named("KOR/mnd")],
        to: vec![named("PRK")],
        about: Vec::new(),
        via: vec![named("media")],
        confidence: Some("high".to_owned()),
        marking: None,
        struck: false,
        on_struck: false,
        amended: 0,
        redacted: false,
        says: None,
        reason: None,
    }
}

/// Returns a row of the board.
pub(crate) fn channel_row(name: &str, state: &str) -> ChannelRow {
    ChannelRow {
        id: entity(3),
        name: name.to_owned(),
        sort: if state == "none" { "carrier" } else { "line" }.to_owned(),
        state: state.to_owned(),
        possibly: false,
        reason: Some(entry_ref("ik-098", "channel.severed", "2016-02-11")),
        since: Some(date("2016-02-11")),
        last_evidence: Some(entry_ref("ik-110", "call.unanswered", "2017-07-20")),
        last_attempt: None,
        last_answer: None,
        missed_in_a_row: 0,
        declared: Vec::new(),
        derived_by: None,
        capabilities: vec!["voice".to_owned(), "fax".to_owned()],
        schedule: None,
        ends: vec![named("KOR"), named("PRK")],
        one_with: Vec::new(),
        used_while_cut: Vec::new(),
        used_while_cut_total: 0,
        anomalies: Vec::new(),
        anomalies_total: 0,
        ties: Vec::new(),
        removed: 0,
        remarks: Vec::new(),
    }
}

/// Returns an overture without an answer.
pub(crate) fn overture_row(handle: &str, status: &str, age_days: i64) -> OvertureRow {
    OvertureRow {
        id: entity(4),
        handle: handle.to_owned(),
        summary: "Military talks on a reference line for the MDL (군사분계선 기준선 설정 회담)".to_owned(),
        proposer: vec![named("KOR/mnd")],
        addressees: vec![named("PRK")],
        via: vec![named("media")],
        issued: Some(date("2025-11-17")),
        age_days: Some(age_days),
        age_days_min: None,
        status: status.to_owned(),
        possibly: false,
        open: true,
        basis: "no deadline, no policy: nothing says when an answer is due".to_owned(),
        unanswered: None,
        delivery: "issued".to_owned(),
        delivery_inferred: false,
        currency: "standing".to_owned(),
        answers: vec![AnswerRow {
            settled: None,
            party: named("PRK"),
            answer: "none".to_owned(),
            status: status.to_owned(),
            basis: None,
            directness: None,
            authority: None,
            entry: None,
            latency_days: None,
            late: false,
            late_against: None,
            via: Vec::new(),
            other_channel: false,
            doubtful: false,
            contrary: None,
            conduct: Vec::new(),
            unanswered: None,
        }],
        reiterations: 0,
        last_reiterated: None,
        due: None,
        anomalies: Vec::new(),
        removed: 0,
        remarks: vec!["urged on 20 November 2025 by KOR/democratic-party: no effect".to_owned()],
    }
}

/// Returns a meeting.
pub(crate) fn meeting_row(handle: &str, state: &str) -> MeetingRow {
    MeetingRow {
        id: entity(5),
        handle: handle.to_owned(),
        summary: "General-level military talks (장성급 군사회담)".to_owned(),
        state: state.to_owned(),
        derived: false,
        possibly: false,
        date: Some(date("2018-10-26")),
        place: None,
        parties: vec![named("KOR"), named("PRK")],
        forum: vec![named("general-level")],
        cause: None,
        level: None,
        outcome: None,
        round: None,
        nth: None,
        anomalies: Vec::new(),
        ties: Vec::new(),
    }
}
