//! `export`: the log as JSON Lines, from which an import makes a copy with the same root.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::record::is_standard;
use crate::cli::session::{Session, query};
use crate::cli::words;
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
        let Some(file) = file else { return session.copy(&request, None) };
        let part = beside(file);
        let failed = |error| Failure::File { path: file.to_owned(), doing: "written", error };
        let mut lines = Lines { out: BufWriter::new(File::create(&part).map_err(failed)?), count: 0 };
        let copied = session.copy(&request, Some(&mut lines));
        // Here the output is the file, not the terminal.
        let copied = copied
            .map_err(|failure| if let Failure::Output(error) = failure { failed(error) } else { failure });
        let written = copied.and_then(|()| lines.finish(&part, file).map_err(failed));
        match written {
            Ok(count) => {
                let lines = words::count(count, "line", "lines");
                session.say(&format!("{lines} written to {}", file.display()))
            }
            Err(failure) => {
                // What failed is told; a part that cannot be removed is only left over.
                let _ = fs::remove_file(&part);
                Err(failure)
            }
        }
    }
}

/// Returns the name under which a file is written until it is whole.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or(file.as_os_str()).to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// A file that counts its lines.
struct Lines {
    out: BufWriter<File>,
    count: u64,
}

impl Lines {
    /// Puts the file in its place once all of it is on disk, and returns how many lines it has.
    fn finish(mut self, part: &Path, file: &Path) -> io::Result<u64> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(part, file)?;
        Ok(self.count)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let taken = bytes.get(..written).unwrap_or(bytes);
        self.count += taken.split(|byte| *byte == b'\n').skip(1).fold(0, |count, _| count + 1);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
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
