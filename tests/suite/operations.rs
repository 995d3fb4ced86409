//! What whoever runs the log relies on: the doctor, and the configuration file.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Place, Ran};
use crate::together::Server;

/// Returns what the doctor finds, by what it looked at, with the gravity and the words.
fn found(place: &Place, code: i32) -> Vec<(String, String, String)> {
    let ran = place.run(&["doctor", "--format", "json"]);
    assert_eq!(ran.code, code, "{ran:?}");
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = answer["findings"].as_array().expect("findings");
    for finding in findings {
        assert!(finding["gravity"] == "fine" || !word(finding, "todo").is_empty(), "what to do: {finding}");
    }
    findings.iter().map(|one| (word(one, "of"), word(one, "gravity"), word(one, "says"))).collect()
}

#[track_caller]
fn has(found: &[(String, String, String)], of: &str, gravity: &str, says: &str) {
    let is = |one: &&(String, String, String)| one.0 == of && one.1 == gravity && one.2.contains(says);
    assert!(found.iter().any(|one| is(&one)), "{of} {gravity} `{says}` in {found:#?}");
}

#[test]
fn the_doctor_finds_nothing_where_all_is_well_and_says_who_writes() {
    let place = Place::new();
    let fine = found(&place, 0);
    for of in ["disk", "permissions", "lock", "log", "clock", "checkpoint", "keys", "mark", "projections"] {
        has(&fine, of, "fine", "");
    }
    let server = Server::start_with(&place, &[]);
    has(&found(&place, 0), "lock", "fine", "written by process");
    drop(server);
    has(&found(&place, 1), "lock", "warning", "socket");
}

#[test]
fn the_doctor_names_what_is_wrong_also_where_the_log_does_not_open() {
    let place = Place::new();
    let keys = place.keys();
    let key = fs::read_dir(&keys).unwrap().map(|key| key.unwrap().path());
    let key = key.into_iter().find(|path| path.extension().is_some_and(|end| end == "key")).unwrap();
    fs::set_permissions(place.file(""), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
    has(&found(&place, 3), "permissions", "grave", "the keys that sign");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(&key).unwrap();
    has(&found(&place, 1), "keys", "warning", "not signed");
    fs::write(place.dir().join("checkpoint"), "garbled").unwrap();
    let damaged = found(&place, 3);
    has(&damaged, "log", "grave", "checkpoint");
    let identity = place.dir().join("log/identity");
    fs::write(&identity, "nothing").unwrap();
    fs::remove_file(place.dir().join("log/000000000000.seg")).unwrap();
    let lost = found(&place, 3);
    has(&lost, "log", "grave", "");
    has(&lost, "disk", "fine", "MiB left");
    let nowhere = place.run(&["doctor", "--dir", "nowhere"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
}

#[test]
fn a_directory_in_which_nothing_can_be_written_is_told_with_what_to_do() {
    let place = Place::new();
    let program = place.file("demarche");
    fs::copy(env!("CARGO_BIN_EXE_demarche"), &program).unwrap();
    let mut doctor = Command::new(&program);
    doctor.args(place.command(&["doctor", "--format", "json"]).get_args()).current_dir(place.file(""));
    doctor.env_clear().env("DEMARCHE_KEYS", place.keys());
    if rustix::process::getuid().is_root() {
        // Whoever is root may write everywhere: the doctor is somebody else here.
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(place.file("")).status().unwrap();
        assert!(owned.success());
        doctor.uid(65_534).gid(65_534);
    }
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o500)).unwrap();
    let said = Ran::of(&doctor.output().unwrap());
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("nothing can be written in"), "{said:?}");
}

#[test]
fn what_keeps_out_those_who_have_accounts_is_told_by_the_doctor_and_when_a_server_begins() {
    let place = Place::new();
    place.run(&["account", "add", "kim", "--role", "administrator", "--clearance", "TLP:RED"]).ok();
    has(&found(&place, 0), "accounts", "fine", "");
    let accounts = place.dir().join("accounts");
    let whole = fs::read(&accounts).unwrap();
    fs::remove_file(&accounts).unwrap();
    has(&found(&place, 1), "accounts", "warning", "lets in kim");
    fs::write(&accounts, "{").unwrap();
    fs::set_permissions(&accounts, fs::Permissions::from_mode(0o600)).unwrap();
    has(&found(&place, 1), "accounts", "warning", "nobody comes in");
    fs::write(&accounts, whole).unwrap();
    for (file, says) in [("sessions", "must come in again"), ("cursors", "no program")] {
        let path = place.dir().join(file);
        fs::write(&path, "{").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        has(&found(&place, 1), "accounts", "warning", says);
        fs::remove_file(path).unwrap();
    }
    fs::remove_file(&accounts).unwrap();
    let mut command = place.command(&["serve", "--port", "0"]);
    let mut server = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut first).unwrap();
    server.kill().unwrap();
    let said = Ran::of(&server.wait_with_output().unwrap()).err;
    assert!(first.starts_with("serving"), "{first}");
    assert!(said.contains("lets in kim") && said.contains("account password NAME"), "{said}");
}

#[test]
fn the_doctor_tells_of_a_database_that_is_damaged_and_leaves_it_as_it_is() {
    let place = Place::new();
    has(&found(&place, 0), "projections", "fine", "");
    let entry = |day| format!(r#"{{"kind":"incident","date":"2026-01-01","from":"PRK","summary":"{day}"}}"#);
    let entries: Vec<String> = (0..100).map(entry).collect();
    place.feed(&["record", "--json", "-"], entries.join("\n").as_bytes()).ok();
    has(&found(&place, 0), "projections", "fine", "(sled) is whole");
    let server = Server::start_with(&place, &[]);
    has(&found(&place, 0), "projections", "fine", "which is not looked at");
    drop(server);
    let database = place.dir().join("projections/sled/db");
    let bytes = vec![0x5a; usize::try_from(fs::metadata(&database).unwrap().len()).unwrap()];
    fs::write(&database, &bytes).unwrap();
    has(&found(&place, 1), "projections", "warning", "(sled) is damaged");
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[test]
fn the_unit_is_one_that_systemd_takes_and_may_do_little_else() {
    let place = Place::empty();
    for flags in
        [&[][..], &["--user", "daemon", "--no-passphrase"], &["--listen", "::", "--tls", "--port", "443"]]
    {
        let unit = place.run(&[&["util", "systemd-unit"], flags].concat()).ok();
        let path = place.file("demarche.service");
        // What the package installs is not there; there is no page of the manual either.
        let unit = unit
            .replace("ExecStart=/usr/bin/demarche", concat!("ExecStart=", env!("CARGO_BIN_EXE_demarche")));
        fs::write(&path, unit.replace("Documentation=man:demarche(1)\n", "")).unwrap();
        let analyze = |arguments: &[&str]| {
            let mut command = std::process::Command::new("systemd-analyze");
            command.args(arguments).arg(&path).output()
        };
        let Ok(verified) = analyze(&["verify"]) else {
            eprintln!("skipped: there is no systemd-analyze");
            return;
        };
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        assert!(verified.status.success() && !said.contains("demarche.service:"), "{flags:?}: {said}");
        // In tenths: what systemd itself calls OK ends at 49.
        let exposed = analyze(&["security", "--offline=yes", "--threshold=20"]).unwrap();
        assert!(exposed.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&exposed.stdout));
    }
    place.run(&["util", "systemd-unit", "--listen", "::"]).fails(2);
}

#[test]
fn what_a_flag_says_goes_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    let file = place.file("config.toml");
    fs::write(&file, "actor = \"lee\"\nwait = 7\n[serve]\nport = 7001\n").unwrap();
    let shown = |arguments: &[&str], variable: bool| {
        let mut command = place.command(&[&["--config", file.to_str().unwrap()], arguments].concat());
        if !variable {
            command.env_remove("DEMARCHE_ACTOR");
        }
        String::from_utf8(command.args(["util", "config", "--show-origin"]).output().unwrap().stdout).unwrap()
    };
    let from_file = format!("# {}", file.display());
    let line = |shown: &str, key: &str| {
        shown.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap_or_default().to_owned()
    };
    assert_eq!(line(&shown(&[], false), "actor"), format!("actor = lee  {from_file}"));
    assert_eq!(line(&shown(&[], true), "actor"), "actor = kim  # DEMARCHE_ACTOR");
    assert_eq!(line(&shown(&["--actor", "choi"], true), "actor"), "actor = choi  # --actor");
    assert_eq!(line(&shown(&[], false), "serve.port"), format!("serve.port = 7001  {from_file}"));
    assert_eq!(line(&shown(&[], false), "serve.heartbeat"), "serve.heartbeat = 10  # built in");
    assert_eq!(line(&shown(&[], false), "serve.otlp-service"), "serve.otlp-service = demarche  # built in");
    fs::write(&file, "[serve]\notlp-service = \"desk\"\n").unwrap();
    let mut command = place.command(&["--config", file.to_str().unwrap(), "util", "config", "--show-origin"]);
    let output = command.env("OTEL_SERVICE_NAME", "desk-2").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(line(&shown, "serve.otlp-service"), "serve.otlp-service = desk-2  # OTEL_SERVICE_NAME");
    // What `serve` would refuse is refused.
    for wrong in ["port = \"abc\"", "log = \"xml\""] {
        fs::write(&file, format!("[serve]\n{wrong}\n")).unwrap();
        let ran = place.run(&["--config", file.to_str().unwrap(), "util", "config"]);
        assert!(ran.code == 2 && ran.err.contains("config.toml"), "{wrong}: {ran:?}");
        place.run(&["--config", file.to_str().unwrap(), "util", "config", "--schema"]).ok();
    }
    fs::write(&file, "acter = \"lee\"\n").unwrap();
    let ran = place.run(&["--config", file.to_str().unwrap(), "log"]);
    assert!(ran.code == 1 && ran.err.contains("perhaps `actor` is meant"), "{ran:?}");
    fs::write(&file, "wait = \"long\"\n").unwrap();
    let ran = place.run(&["--config", file.to_str().unwrap(), "log"]);
    assert!(ran.code == 2 && ran.err.contains("config.toml"), "{ran:?}");
    place.run(&["--config", "nowhere.toml", "log"]).fails(1);
}
