//! `export`: the log as JSON Lines, from which an import makes a copy with the same root.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::failure::{Failure, Given};
use crate::cli::record::is_standard;
use crate::cli::session::{Session, query};
use crate::http::client::{Method, Request};

/// Which part of the log, and where to.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// From this position on
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// Up to this position, which is left out
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
    /// The file to write; standard output without it
    file: Option<PathBuf>,
    /// Replace the file where it exists
    #[arg(long, requires = "file")]
    force: bool,
}

impl Export {
    /// Writes the lines.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let file = self.file.as_deref().filter(|file| !is_standard(file));
        if let Some(file) = file.filter(|file| file.exists() && !self.force) {
            return Err(Failure::Refused {
                what: format!("{} exists already", file.display()),
                hint: "name another file, or give `--force` to replace it".to_owned(),
            });
        }
        let request = Request {
            path: "/v1/export".to_owned(),
            query: query(&json!({ "from": self.from, "to": self.to })),
            ..session.request(Method::Get)
        };
        let lines = session.send(&request, Given::Flags)?;
        match file {
            None => session.out.write_all(&lines).map_err(Failure::Output),
            Some(file) => {
                save(file, &lines).map_err(|error| Failure::File {
                    path: file.to_owned(),
                    doing: "written",
                    error,
                })?;
                session.say(&format!("{} bytes written to {}", lines.len(), file.display()))
            }
        }
    }
}

/// Writes a file that is whole or not there: beside its place, then put in it.
fn save(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or(file.as_os_str()).to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    let mut open = OpenOptions::new().write(true).create(true).truncate(true).open(&part)?;
    let written = open.write_all(bytes).and_then(|()| open.sync_all()).and_then(|()| fs::rename(&part, file));
    if written.is_err() {
        // What failed is told; a part that cannot be removed is only left over.
        let _ = fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::run_bytes;

    #[test]
    fn an_export_is_written_whole_and_replaces_nothing_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log.jsonl");
        let path = file.to_str().unwrap();
        assert_eq!(run_bytes(&["export", path], 200, b"{}\n{}\n").code, 0);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}\n{}\n");
        assert_eq!(run_bytes(&["export", path], 200, b"{}\n").code, 1);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}\n{}\n");
        assert_eq!(run_bytes(&["export", path, "--force"], 200, b"{}\n").code, 0);
        assert_eq!(std::fs::read(&file).unwrap(), b"{}\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(run_bytes(&["export"], 200, b"{}\n").out, "{}\n");
    }
}
