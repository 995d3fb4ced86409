//! What the client promises, whichever way it goes.

use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::desk::testing::Fixture;
use crate::http::testing::{Gate, Running, ask, routes};

fn here() -> Client {
    let desk = Arc::new(Fixture::new().desk);
    Client { place: Place::Handed, way: Mutex::new(Way::here_by(routes(), desk).unwrap()) }
}

fn never() -> Box<OpenDesk> {
    Box::new(|_, _| panic!("the log was opened although a server holds it"))
}

fn opens() -> Box<OpenDesk> {
    Box::new(|_, _| Ok(Fixture::new().desk))
}

fn post(path: &str) -> Request {
    Request { method: Method::Post, path: path.to_owned(), ..Request::default() }
}

const WRITE: Opening = Opening::Write { wait: Duration::from_mins(1) };

proptest! {
    #[test]
    fn any_handle_and_any_value_arrive_as_they_are(handle in ".+", value in ".*") {
        let request = Request {
            path: path(&["v1", "echo", &handle]),
            query: vec![("q".to_owned(), value.clone()), ("&=".to_owned(), String::new())],
            ..Request::default()
        };
        let reply = here().send(&request).unwrap();
        let said = String::from_utf8(reply.body).unwrap();
        let (json, query) = said.rsplit_once("q=").unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(json).unwrap(), handle);
        prop_assert_eq!(query, format!("{}&%26%3D=", escape(&value)));
    }
}

#[test]
fn a_handle_that_was_put_into_the_path_by_hand_arrives() {
    assert_eq!(ask(&here(), "/v1/echo/북남 1#2?").body, "\"북남 1#2?\"".as_bytes());
}

#[test]
fn a_mistake_of_the_program_is_an_answer_over_either_way() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(routes(), dir.path());
    let server = Client::open_with(dir.path(), WRITE, never()).unwrap();
    for client in [&here(), &server] {
        let problem = ask(client, "/v1/panics").problem().unwrap().unwrap();
        assert_eq!((problem.status, problem.kind), (500, ProblemKind::Broken));
        // Of a command nobody knows how far it came.
        let problem = client.send(&post("/v1/panics")).unwrap().problem().unwrap().unwrap();
        assert_eq!((problem.status, problem.kind), (500, ProblemKind::InDoubt));
        assert_eq!(ask(client, "/v1/echo/after").status, 200);
    }
    running.stop().unwrap();
}

#[test]
fn a_problem_is_kept_apart_from_the_lines_of_an_answer() {
    let mut out = Vec::new();
    let request = Request { path: "/v1/none".to_owned(), ..Request::default() };
    let reply = here().send_to(&request, &mut out).unwrap();
    assert_eq!((reply.status, out.len()), (404, 0));
    let request = Request { path: "/v1/echo/a".to_owned(), ..Request::default() };
    let reply = here().send_to(&request, &mut out).unwrap();
    assert_eq!((reply.status, reply.body.len(), out.as_slice()), (200, 0, b"\"a\"".as_slice()));
}

#[test]
fn a_reader_who_went_away_is_told_from_a_failure_of_the_log() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let request = Request { path: "/v1/echo/a".to_owned(), ..Request::default() };
    let error = here().send_to(&request, &mut Closed).unwrap_err();
    assert_eq!(error.output.unwrap().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn what_no_header_takes_is_refused_before_it_is_sent() {
    let request = |actor: &str| Request { actor: Some(actor.to_owned()), ..post("/v1/echo/a") };
    let error = here().send(&request("kim\ndemarche-tz: UTC")).unwrap_err();
    assert_eq!((error.kind, error.may_have_arrived), (ProblemKind::Malformed, false));
    assert_eq!(here().send(&request("김")).unwrap().status, 405);
}

#[test]
fn the_socket_of_a_killed_server_is_no_way() {
    let dir = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(dir.path().join("socket")).unwrap());
    let client = Client::open_with(dir.path(), WRITE, opens()).unwrap();
    assert!(!client.asks_a_server());
    client.close().unwrap();
}

#[test]
fn why_the_log_cannot_be_opened_stays_known() {
    let dir = tempfile::tempdir().unwrap();
    let check = |opening, error: fn() -> DeskError| {
        let open = move |_: &Path, _| Err(error());
        Client::open_with(dir.path(), opening, Box::new(open)).map(|_| ()).unwrap_err()
    };
    for opening in [Opening::Read, WRITE] {
        assert_eq!(check(opening, || DeskError::Damaged("position 3".to_owned())).kind, ProblemKind::Damaged);
        // Fails at once: it did not wait, so no other process holds the log.
        let error = check(opening, || DeskError::Unavailable("no such directory".to_owned()));
        assert_eq!((error.kind, error.what.as_str()), (ProblemKind::Unavailable, "no such directory"));
        let lost =
            || DeskError::NotFound { what: "a log".to_owned(), hints: vec!["demarche init".to_owned()] };
        assert_eq!(check(opening, lost).hints, ["demarche init"]);
    }
}

#[test]
fn a_log_that_stays_held_is_waited_for_as_long_as_was_said() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, told) = mpsc::channel();
    let open = move |_: &Path, opening| {
        let Opening::Write { wait } = opening else { panic!("it is opened to write") };
        tell.send(wait).unwrap();
        wait_for_nothing(wait);
        Err(DeskError::Unavailable("process 7 holds the log".to_owned()))
    };
    let wait = Duration::from_millis(250);
    let error =
        Client::open_with(dir.path(), Opening::Write { wait }, Box::new(open)).map(|_| ()).unwrap_err();
    assert_eq!((error.kind, error.what.as_str()), (ProblemKind::Unavailable, "process 7 holds the log"));
    assert!(told.iter().all(|slice| slice <= Duration::from_millis(100)));
}

/// What a lock that is held does to its caller.
fn wait_for_nothing(wait: Duration) {
    let (_tell, told) = mpsc::channel::<()>();
    told.recv_timeout(wait).unwrap_err();
}

#[test]
fn a_server_that_begins_between_the_look_and_the_opening_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (begun, running) = mpsc::channel();
    let open = move |dir: &Path, opening| {
        begun.send(Running::start(routes(), dir)).unwrap();
        let Opening::Write { wait } = opening else { panic!("it is opened to write") };
        wait_for_nothing(wait);
        Err(DeskError::Unavailable("process 7 holds the log".to_owned()))
    };
    let client = Client::open_with(dir.path(), WRITE, Box::new(open)).unwrap();
    assert!(client.asks_a_server());
    assert_eq!(ask(&client, "/v1/echo/a").status, 200);
    running.recv().unwrap().stop().unwrap();
}

#[test]
fn when_the_server_ends_a_question_is_asked_again_in_process() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(routes(), dir.path());
    let client = Client::open_with(dir.path(), WRITE, opens()).unwrap();
    assert_eq!(ask(&client, "/v1/echo/a").status, 200);
    running.stop().unwrap();
    assert!(client.asks_a_server());
    assert_eq!(ask(&client, "/v1/echo/a").status, 404, "the desk in process has no such route");
    assert!(!client.asks_a_server());
}

#[test]
fn a_command_whose_server_dies_is_in_doubt_and_never_sent_twice() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(dir.path().join("socket")).unwrap();
    let client = Client::open_with(dir.path(), WRITE, never()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4];
        io::Read::read_exact(&mut stream, &mut head).unwrap();
        head
    });
    let error = client.send(&Request { body: b"{}".to_vec(), ..post("/v1/entries") }).unwrap_err();
    assert_eq!((error.kind, error.may_have_arrived), (ProblemKind::InDoubt, true));
    assert_eq!(&server.join().unwrap(), b"POST");
}

#[test]
fn a_body_that_is_too_large_is_refused_over_the_socket_too() {
    let dir = tempfile::tempdir().unwrap();
    let desk = Arc::new(Fixture::new().desk);
    let running =
        Running::start(crate::http::router::router(desk, crate::http::api::Runs::Apart), dir.path());
    let client = Client::open_with(dir.path(), WRITE, never()).unwrap();
    let body = vec![b' '; (16 << 20) + 1];
    let problem = client.send(&Request { body, ..post("/v1/entries") }).unwrap().problem().unwrap().unwrap();
    assert_eq!(problem.kind, ProblemKind::TooLarge);
    running.stop().unwrap();
}

#[test]
fn a_client_that_gives_up_does_not_stop_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let running = Running::start(gate.routes(), dir.path());
    let mut stream = std::os::unix::net::UnixStream::connect(&running.ready.socket).unwrap();
    stream.write_all(b"GET /v1/waits HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    gate.wait_until_somebody_asks();
    drop(stream);
    running.stop().unwrap();
}

#[test]
fn a_file_with_a_mapping_is_imported_over_either_way() {
    use crate::desk::import::source::Progress;
    use crate::http::router::router;
    let dir = tempfile::tempdir().unwrap();
    let routes = router(Arc::new(Fixture::new().desk), crate::http::api::Runs::Apart);
    let running = Running::start(routes, dir.path());
    let server = Client::open_with(dir.path(), WRITE, never()).unwrap();
    let here = Client::in_process(Fixture::new().desk).unwrap();
    let rows = 3_000;
    let mut file = b"No.,What\n".to_vec();
    for number in 0..rows {
        file.extend_from_slice(format!("{number},\"{}\"\n", "said ".repeat(20)).as_bytes());
    }
    for client in [&here, &server] {
        let mapping =
            br#"{"key": ["No."], "default_kind": "incident", "fields": {"summary": {"column": "What"}}}"#;
        let asked = Request { actor: Some("kim".to_owned()), ..post("/v1/import/mappings") };
        let reply = client.send(&Request { body: mapping.to_vec(), ..asked.clone() }).unwrap();
        let taken: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let digest = taken["data"]["digest"].as_str().unwrap().to_owned();
        let progress = Arc::new(Progress::default());
        let upload =
            Upload::new(Box::new(std::io::Cursor::new(file.clone())), Arc::clone(&progress)).unwrap();
        let query = vec![("file".to_owned(), "list.csv".to_owned()), ("mapping".to_owned(), digest)];
        let request = Request { path: "/v1/import".to_owned(), query, upload: Some(upload), ..asked };
        let reply = client.send(&request).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(told["data"]["recorded"], rows, "{told}");
        // The same request again finds the file at its beginning, and everything recorded.
        let told: serde_json::Value = serde_json::from_slice(&client.send(&request).unwrap().body).unwrap();
        assert_eq!((&told["data"]["recorded"], &told["data"]["already"]), (&0.into(), &rows.into()));
    }
    drop(server);
    running.stop().unwrap();
}

#[test]
fn what_records_nothing_is_never_in_doubt() {
    let lost = Lost { what: "the connection ended".to_owned(), may_have_arrived: true, is_no_http: false };
    let submission = no_answer(&post("/v1/entries"), &lost);
    assert!(submission.may_have_arrived && submission.to_string().contains("not known"), "{submission}");
    let login = Request { repeats: Repeats::RecordsNothing, ..post("/v1/login") };
    let login = no_answer(&login, &lost);
    assert!(!login.may_have_arrived && login.to_string().contains("nothing was recorded"), "{login}");
    assert_eq!(login.hints, [] as [&str; 0]);
}
