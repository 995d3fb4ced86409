//! The program as a server of a log, as its own process, and what it takes of the machine.

use std::io::{BufRead, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use demarche::desk::Opening;
use demarche::http::client::{Client, Method, Request};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::calling::Caller;

const PASSWORD: &str = "a long walk along the river";

/// A server of a log with accounts.
pub(crate) struct Served {
    child: Child,
    address: SocketAddr,
    dir: PathBuf,
    // What it says, which it could not say where nobody holds the other end.
    _said: ChildStdout,
}

/// What a server takes of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Taken {
    /// Resident memory that no file stands behind, in kB.
    pub(crate) anonymous: f64,
    /// All resident memory, in kB.
    pub(crate) resident: f64,
    /// Open files.
    pub(crate) handles: usize,
}

impl Served {
    /// Begins a log in a directory and serves it.
    pub(crate) fn of_new(dir: &Path, options: &[&str]) -> Self {
        let output = program(dir).args(["init", "--name", "bench", "--zone", "Asia/Seoul"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::of(dir, options)
    }

    /// Serves the log of a directory.
    pub(crate) fn of(dir: &Path, options: &[&str]) -> Self {
        let mut command = program(dir);
        command.args(["serve", "--port", "0", "--accounts"]).args(options);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let line = said.by_ref().lines().map_while(Result::ok).find(|line| line.starts_with("serving "));
        let line = line.expect("a server says that it serves");
        let address =
            line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
        Self { child, address: address.parse().unwrap(), dir: dir.to_owned(), _said: said.into_inner() }
    }

    /// Opens an account of a role, which sees everything, and returns how it asks: with a token.
    pub(crate) fn caller(&self, name: &str, role: &str) -> Caller {
        let owner = Client::open(&self.dir, Opening::Read).unwrap();
        let own = |path: &str, body: &Value| {
            let request = Request {
                method: Method::Post,
                path: path.to_owned(),
                actor: Some("owner".to_owned()),
                body: body.to_string().into_bytes(),
                ..Request::default()
            };
            data(&owner, &request)
        };
        let opened = own("/v1/accounts", &json!({ "name": name, "role": role, "clearance": "TLP:RED" }));
        let first = text(&opened, "one_time_password");
        let by = |bearer: &str, path: &str, body: &Value| {
            let request = Request {
                method: Method::Post,
                path: path.to_owned(),
                bearer: Some(bearer.to_owned()).filter(|bearer| !bearer.is_empty()),
                body: body.to_string().into_bytes(),
                ..Request::default()
            };
            data(&owner, &request)
        };
        let came = by("", "/v1/login", &json!({ "account": name, "password": first, "bearer": true }));
        let session = text(&came, "session");
        by(&session, "/v1/password", &json!({ "old": first, "new": PASSWORD }));
        let token = by(&session, "/v1/tokens", &json!({ "purpose": "to measure", "days": 1 }));
        Caller::new(self.address, &text(&token, "secret"))
    }

    /// Returns how somebody asks who shows nothing.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::new(self.address, "")
    }

    /// Returns what it takes of the machine now.
    pub(crate) fn taken(&self) -> Taken {
        let proc = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = std::fs::read_to_string(proc.join("status")).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let digits = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
            digits.and_then(|digits| digits.trim().parse::<f64>().ok()).unwrap_or_default()
        };
        let handles = std::fs::read_dir(proc.join("fd")).map_or(0, Iterator::count);
        Taken { anonymous: of("RssAnon:"), resident: of("VmRSS:"), handles }
    }

    /// Tells it to stop, as a supervisor does, and waits until it has.
    pub(crate) fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demarche"));
    command.env_clear().env("DEMARCHE_ACTOR", "owner").env("DEMARCHE_KEYS", dir.with_extension("keys"));
    // As the unit that the program writes has it.
    command.env("MALLOC_ARENA_MAX", "2");
    command.arg("--dir").arg(dir).stdin(Stdio::null());
    command
}

fn data(client: &Client, request: &Request) -> Value {
    let reply = client.send(request).unwrap();
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(reply.is_success(), "{request:?}: {answer}");
    answer["data"].clone()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

/// Waits as long as a server needs to have let go of what it does not need.
pub(crate) fn settle() {
    std::thread::sleep(Duration::from_secs(2));
}
