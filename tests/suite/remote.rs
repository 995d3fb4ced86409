//! A server far away: every command over TLS as on the log itself, people who come in from elsewhere, and a server
//! that is told to stop.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Place, Ran};

/// A server that shows a certificate of a house's own authority.
struct Far {
    server: Option<Child>,
    url: String,
    authority: PathBuf,
    log: PathBuf,
    home: PathBuf,
}

/// Makes an authority and a certificate for this machine, and returns the files.
pub(crate) fn certificates(place: &Place) -> [PathBuf; 3] {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let files = ["authority.crt", "desk.crt", "desk.key"].map(|name| place.file(name));
    for (file, text) in files.iter().zip([authority.pem(), certificate.pem(), key.serialize_pem()]) {
        fs::write(file, text).unwrap();
        fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
    }
    files
}

impl Far {
    fn start(place: &Place, options: &[&str]) -> Self {
        let [authority, certificate, key] = certificates(place);
        let (log, home) = (place.file("serve.log"), place.file("home"));
        let tls = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
        let arguments = [&["serve", "--port", "0", "--log", "json"], &tls[..], options].concat();
        let mut command = place.command(&arguments);
        command.stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap());
        let mut server = command.spawn().unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap()).lines();
        let line = said.find_map(|line| line.unwrap().strip_prefix("serving ").map(ToOwned::to_owned));
        let address = line.unwrap();
        let port = address.split("/v1").next().unwrap().rsplit(':').next().unwrap().to_owned();
        assert!(address.starts_with("https://127.0.0.1:"), "{address}");
        Self { server: Some(server), url: format!("https://localhost:{port}"), authority, log, home }
    }

    /// Returns the program on another machine: it has no directory, and a home of its own.
    fn command(&self, arguments: &[&str]) -> Command {
        fs::create_dir_all(&self.home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_demarche"));
        command.env_clear().env("DEMARCHE_ACTOR", "kim").env("HOME", &self.home).current_dir(&self.home);
        command.env("DEMARCHE_SERVER", &self.url).env("DEMARCHE_CA", &self.authority);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Tells it to stop as a supervisor does, and returns what it logged.
    fn stop(mut self) -> String {
        let mut server = self.server.take().unwrap();
        kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
        assert!(server.wait().unwrap().success());
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

const ENTRIES: &str = r#"
{"kind":"overture.proposed","id":"offer","date":"2026-02-01","from":"KOR","to":"PRK","summary":"군사회담 제의","deadline":"2026-02-20"}
{"kind":"response.rejected","id":"no","in_reply_to":"offer","date":"2026-02-05","from":"PRK","to":"KOR","summary":"Nothing to discuss"}
{"kind":"meeting.scheduled","id":"round","date":"2026-03-01","from":"KOR","to":"PRK","meeting_date":"2026-04-02","place":"Panmunjom"}
{"kind":"incident","id":"old","date":"1898-05?","summary":"남북 접촉","from":"KOR"}
"#;

#[test]
fn every_question_gives_the_same_bytes_far_away_and_on_the_log_itself() {
    let place = Place::new();
    place.feed(&["record", "--json", "-"], ENTRIES.as_bytes()).ok();
    let far = Far::start(&place, &["--no-read-log"]);
    let at = ["--at", "2026-05-01", "--known-as-of", "7"];
    let mut asked_there = Vec::new();
    for question in [
        &["channels"][..],
        &["overtures"],
        &["overtures", "--open", "--format", "csv"],
        &["meetings", "--format", "tsv"],
        &["timeline"],
        &["timeline", "--format", "jsonl"],
        &["thread", "offer"],
        &["show", "offer"],
        &["history", "old"],
        &["links", "offer"],
        &["brief", "offer", "--as", "markdown"],
        &["search", "군사회담"],
        &["facets"],
        &["parties"],
        &["policies", "--format", "csv"],
        &["stats", "answers", "--by", "party"],
        &["changes", "--since", "1"],
        &["diff", "1", "3"],
        &["moments"],
        &["key", "list", "--format", "csv"],
        &["key", "export-vkey"],
        &["export"],
        &["export", "--as", "csv"],
        &["follow", "--catch-up", "--format", "jsonl"],
        // What goes wrong goes wrong the same way.
        &["show", "nothing"],
        &["thread", "nothing"],
        &["timeline", "--from", "when"],
        &["overtures", "--known-as-of", "999999"],
        &["record", "incident"],
    ] {
        // The others are about what is now, and say of no moment when that was.
        let is_about_now = ["moments", "key", "follow", "record"].contains(&question[0])
            || question == ["export"]
            || question.contains(&"--known-as-of");
        let asked = if is_about_now { question.to_vec() } else { [question, &at[..]].concat() };
        let there = far.run(&asked);
        asked_there.push((asked, there));
    }
    // Then nobody holds the log, and it is opened in the process that asks.
    far.stop();
    for (asked, there) in asked_there {
        let near = place.run(&asked);
        // A minute may have ended meanwhile, where an answer says when it was given.
        let of_any_minute = |out: &str| {
            let lines = out.lines().map(|line| line.split_once(", seen ").map_or(line, |(said, _)| said));
            lines.collect::<Vec<_>>().join("\n")
        };
        let said = |out: &str| if asked.contains(&"--at") { out.to_owned() } else { of_any_minute(out) };
        let (here, there_said) = (said(&near.out), said(&there.out));
        assert_eq!((near.code, here, &near.err), (there.code, there_said, &there.err), "{asked:?}");
    }
}

#[test]
fn what_is_recorded_and_imported_far_away_is_in_the_log_once() {
    let place = Place::new();
    let far = Far::start(&place, &[]);
    let request = "0190f5fe-7c00-7a00-8000-000000000001";
    let arguments = [
        "record",
        "incident",
        "--id",
        "far",
        "--date",
        "2026-02-01",
        "--from",
        "PRK",
        "--summary",
        "From afar",
        "--request",
        request,
    ];
    far.run(&arguments).ok();
    far.run(&arguments).ok();
    let file = place.file("entries.jsonl");
    fs::write(&file, ENTRIES).unwrap();
    far.run(&["import", file.to_str().unwrap()]).ok();
    far.run(&["import", file.to_str().unwrap()]).ok();
    let found = place.items(&["timeline", "--limit", "100"]);
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(far.run(&["export"]).ok(), place.run(&["export"]).ok());
    let wrong = far.run(&["import", "/dev/null", "--mapping", "/nowhere"]).fails(1);
    assert!(wrong.contains("/nowhere"), "{wrong}");
    far.stop();
}

#[test]
fn what_needs_the_directory_says_so_and_the_directory_that_is_typed_comes_first() {
    let place = Place::new();
    let far = Far::start(&place, &[]);
    for command in [
        &["init"][..],
        &["serve", "--port", "0"],
        &["audit", "log-reads"],
        &["key", "master", "show"],
        &["due", "--notify", "true"],
    ] {
        let said = far.run(command).fails(2);
        assert!(said.contains("needs the directory of the log") && said.contains("--dir DIR"), "{said}");
    }
    let dir = place.dir();
    let dir = dir.to_str().unwrap();
    far.run(&["log", "--dir", dir]).ok();
    let said = far.run(&["log", "--dir", dir, "--server", &far.url]).fails(2);
    assert!(said.contains("name one"), "{said}");
    let said = far.run(&["log", "--server", "http://desk.example"]).fails(2);
    assert!(said.contains("write https"), "{said}");
    let said = far.run(&["log", "--server", "https://localhost:1"]).fails(4);
    assert!(said.contains("https://localhost:1 is not reached"), "{said}");
    let other = Place::empty();
    let [stranger, ..] = certificates(&other);
    let said = far.run(&["log", "--ca", stranger.to_str().unwrap()]).fails(4);
    assert!(said.contains("nobody who is trusted here") && said.contains("--ca FILE"), "{said}");
    far.stop();
}

#[test]
fn a_session_is_kept_for_its_server_and_what_is_secret_is_in_no_log() {
    let place = Place::new();
    let far = Far::start(&place, &["--accounts"]);
    let opened = place.data(&["account", "add", "lee", "--role", "recorder", "--clearance", "TLP:RED"]);
    let first = opened["one_time_password"].as_str().unwrap().to_owned();
    let (old, new) = (far.home.join("old"), far.home.join("new"));
    fs::create_dir_all(&far.home).unwrap();
    fs::write(&old, &first).unwrap();
    fs::write(&new, "a long and private phrase").unwrap();
    let [old, new] = [&old, &new].map(|path| path.to_str().unwrap().to_owned());
    far.run(&["timeline"]).fails(1);
    far.run(&["login", "lee", "--password-file", &old]).ok();
    far.run(&["account", "password", "--old-password-file", &old, "--new-password-file", &new]).ok();
    far.run(&["login", "lee", "--password-file", &new]).ok();
    let port = far.url.rsplit(':').next().unwrap();
    let kept = far.home.join(".config/demarche/sessions").join(format!("https_localhost_{port}.session"));
    let metadata = fs::metadata(&kept).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(kept.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    let secret = fs::read_to_string(&kept).unwrap().trim().to_owned();
    assert!(far.run(&["whoami"]).ok().starts_with("lee, recorder"));
    let entry =
        ["record", "incident", "--date", "2026-02-01", "--from", "PRK", "--summary", "Soldiers crossed"];
    far.run(&entry).ok();
    far.run(&["search", "Soldiers"]).ok();
    far.run(&["logout"]).ok();
    assert!(!kept.exists());
    far.run(&["whoami"]).fails(1);
    let log = far.stop();
    for line in log.lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        assert!(told["message"].is_string() && told["level"].is_string(), "{line}");
    }
    let answered: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|told: &Value| told["message"] == "answered")
        .collect();
    assert!(answered.len() >= 8 && answered.iter().all(|told| told["request_id"].is_string()), "{log}");
    for hidden in ["Soldiers", "private phrase", first.as_str(), secret.as_str(), "lee"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
}

#[test]
fn a_server_that_others_reach_has_accounts_and_hides_what_is_said() {
    let place = Place::new();
    let said = place.run(&["serve", "--port", "0", "--listen", "0.0.0.0"]).fails(2);
    assert!(said.contains("--tls-cert") && said.contains("--behind-proxy"), "{said}");
    let [_, certificate, key] = certificates(&place);
    let tls = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let said = place.run(&[&["serve", "--port", "0", "--listen", "0.0.0.0"], &tls[..]].concat()).fails(4);
    assert!(said.contains("the log has no accounts"), "{said}");
    fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let said = place.run(&[&["serve", "--port", "0"], &tls[..]].concat()).fails(1);
    assert!(said.contains("is open to others (mode 0644)"), "{said}");
    assert!(!Path::new(&place.dir().join("socket")).exists());
}

#[test]
fn told_by_its_supervisor_a_server_shows_its_new_certificate() {
    let place = Place::new();
    let far = Far::start(&place, &[]);
    far.run(&["log"]).ok();
    let hang_up = || kill_process(Pid::from_child(far.server.as_ref().unwrap()), Signal::HUP).unwrap();
    let told = |what: &str| {
        while !fs::read_to_string(&far.log).unwrap().contains(what) {
            std::thread::yield_now();
        }
    };
    fs::write(place.file("desk.key"), "no key").unwrap();
    hang_up();
    told("the new certificate is not taken; the old one is shown");
    far.run(&["log"]).ok();
    certificates(&place);
    hang_up();
    told("another certificate is shown from now on");
    far.run(&["log"]).ok();
    far.stop();
}
