//! `PostgreSQL` 15 beside it: a throwaway cluster on the same disk, one insert per commit, as durable as the log.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::events::BODY_BYTES;

/// Where Debian has it.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// Whoever runs it where this is run by root, which it refuses to serve.
const NOBODY: u32 = 65_534;
/// How long it may take to answer.
const START_WAIT: Duration = Duration::from_secs(30);
/// As the log has: a unique id, and one revision of one stream.
const TABLE: &str = "CREATE SEQUENCE revisions CACHE 1;
    CREATE TABLE events (position bigint GENERATED ALWAYS AS IDENTITY, id uuid PRIMARY KEY, stream uuid NOT NULL,
      revision bigint NOT NULL, kind text NOT NULL, occurred date NOT NULL, body text NOT NULL,
      UNIQUE (stream, revision));";

/// A server of a cluster that goes away with it.
pub(crate) struct Postgres {
    server: Child,
    dir: TempDir,
}

impl Postgres {
    /// Makes a cluster in a directory and serves it; says why not where that cannot be.
    pub(crate) fn start(dir: &Path) -> Result<Self, String> {
        for name in ["initdb", "postgres", "psql", "pg_isready"] {
            if !Path::new(PROGRAMS).join(name).exists() {
                return Err(format!("there is no {PROGRAMS}/{name}"));
            }
        }
        pgbench()?;
        let dir =
            tempfile::Builder::new().prefix("pg-").tempdir_in(dir).map_err(|error| error.to_string())?;
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))
            .map_err(|error| error.to_string())?;
        if is_root() {
            chown(dir.path(), Some(NOBODY), Some(NOBODY)).map_err(|error| error.to_string())?;
        }
        let data = dir.path().join("data");
        let mut initdb = program("initdb", dir.path());
        initdb.arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        told(&mut initdb)?;
        let mut server = program("postgres", dir.path());
        server.arg("-D").arg(&data).arg("-k").arg(dir.path());
        for setting in [
            "listen_addresses=",
            "max_connections=300",
            "shared_buffers=256MB",
            "max_wal_size=8GB",
            "fsync=on",
            "synchronous_commit=on",
        ] {
            server.args(["-c", setting]);
        }
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let postgres = Self { server: server.map_err(|error| error.to_string())?, dir };
        postgres.prepare()?;
        Ok(postgres)
    }

    fn prepare(&self) -> Result<(), String> {
        let begun = Instant::now();
        while told(program("pg_isready", self.dir.path()).arg("-q").arg("-h").arg(self.dir.path())).is_err() {
            if begun.elapsed() > START_WAIT {
                return Err("it does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut psql = program("psql", self.dir.path());
        psql.arg("-h").arg(self.dir.path()).args(["-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", TABLE]);
        told(&mut psql)?;
        let body = "Seoul offers talks and hears nothing on the line. ".repeat(20);
        let insert = format!(
            "INSERT INTO events (id, stream, revision, kind, occurred, body) VALUES (gen_random_uuid(), \
             '018f3c2a-7a1e-8d4b-9c55-2f6f0a3b1c7d', nextval('revisions'), 'statement.public', '2025-11-17', '{}');\n",
            &body[..BODY_BYTES]
        );
        fs::write(self.script(), insert).map_err(|error| error.to_string())
    }

    fn script(&self) -> PathBuf {
        self.dir.path().join("insert.sql")
    }

    /// Returns how many rows a second so many clients insert together, so many each.
    pub(crate) fn inserts(&self, clients: usize, each: usize) -> f64 {
        let mut command = Command::new(pgbench().expect("it was there"));
        command.arg("-h").arg(self.dir.path()).arg("-f").arg(self.script());
        command.args(["-n", "-U", "postgres", "-M", "prepared", "-j", if clients == 1 { "1" } else { "2" }]);
        command.args(["-c", &clients.to_string(), "-t", &each.to_string(), "postgres"]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, and with everything that it started.
        let _ = kill_process(Pid::from_child(&self.server), Signal::QUIT);
        let _ = self.server.wait();
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn pgbench() -> Result<PathBuf, String> {
    let places = [Path::new(PROGRAMS).join("pgbench"), PathBuf::from("/usr/bin/pgbench")];
    places.into_iter().find(|place| place.exists()).ok_or_else(|| "there is no pgbench".to_owned())
}

/// Returns one of its programs, about to run as somebody who may.
fn program(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(Path::new(PROGRAMS).join(name));
    command.current_dir(dir).stdin(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn told(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
