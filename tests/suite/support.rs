//! What every test of the program uses: a directory of its own, the program in it, and the chronology.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A data directory of its own, and the program working in it.
pub(crate) struct Place {
    root: TempDir,
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Returns the answer, which must have been given with exit code 0.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Returns what was said on the way out with `code`.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.err.is_empty(), "an error says why: {self:?}");
        self.err
    }
}

impl Place {
    /// Returns a place without a log.
    pub(crate) fn empty() -> Self {
        Self { root: tempfile::Builder::new().prefix("demarche-").tempdir().unwrap() }
    }

    /// Returns a place with a fresh log in the zone of Seoul.
    pub(crate) fn new() -> Self {
        let place = Self::empty();
        place.run(&["init", "--name", "test", "--zone", "Asia/Seoul"]).ok();
        place
    }

    /// Returns the data directory.
    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().join("log")
    }

    /// Returns the directory of the keys: where a demonstration has its own as well.
    pub(crate) fn keys(&self) -> PathBuf {
        self.root.path().join("log-keys")
    }

    /// Lets another place have the keys of this one.
    pub(crate) fn share_keys(&self, other: &Self) {
        std::fs::create_dir_all(other.keys()).unwrap();
        for key in std::fs::read_dir(self.keys()).unwrap() {
            let key = key.unwrap();
            std::fs::copy(key.path(), other.keys().join(key.file_name())).unwrap();
        }
    }

    /// Returns a file beside the data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Returns the program, about to work in this place.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_demarche"));
        command.env_clear().env("DEMARCHE_ACTOR", "kim").current_dir(self.root.path());
        command.env("DEMARCHE_KEYS", self.keys());
        command.arg("--dir").arg(self.dir()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let path = self.file("standard-input");
        std::fs::write(&path, input).unwrap();
        let mut command = self.command(arguments);
        Ran::of(&command.stdin(std::fs::File::open(path).unwrap()).output().unwrap())
    }

    /// Runs the program and reads its answer as JSON: what is in `data`.
    #[track_caller]
    pub(crate) fn data(&self, arguments: &[&str]) -> Value {
        let out = self.run(&[arguments, &["--format", "json"]].concat()).ok();
        serde_json::from_str::<Value>(&out).unwrap()["data"].take()
    }

    /// Returns the rows of a page.
    #[track_caller]
    pub(crate) fn items(&self, arguments: &[&str]) -> Vec<Value> {
        self.data(arguments)["items"].as_array().expect("a page").clone()
    }
}

/// Returns the real chronology; none, after saying so, where it is not beside the project.
///
/// # Panics
///
/// Panics in CI, where it must be there.
pub(crate) fn chronology() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/inter-korean-chronology.jsonl");
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "in CI the chronology must be at {}", path.display());
    eprintln!("skipped: there is no chronology at {}", path.display());
    None
}
