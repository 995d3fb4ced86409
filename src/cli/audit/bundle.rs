//! `audit export`: everything that an auditor needs, as a directory or an archive.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::output::{Show, Text};
use crate::cli::session::{Session, query};
use crate::cli::unwritable::read_instead;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::CheckpointRow;
use crate::desk::audit::archive::{self, Tape};
use crate::desk::audit::summary::{Summary, summary};
use crate::desk::audit::verify::view::{Folder, View};
use crate::http::client::{Method, Request};

/// What is exported, and where to.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// A directory that is new or empty, or a file that ends with `.tar`
    target: PathBuf,
    /// Disclose texts marked at or below this level alone; one without a marking takes the default of the
    /// policy, and without a default it is disclosed at the highest level only. Corrections count as what
    /// they are about, entries as the highest marking that a later reading gives them; records of keys,
    /// removals and incidents are always disclosed
    #[arg(long, value_name = "LEVEL")]
    release: Option<String>,
    /// At the kept checkpoint of this size, 0 among them; a fresh one without it
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    /// Of how many events, the newest, there is a proof file each
    #[arg(long, value_name = "N", default_value_t = 131_072)]
    proofs: u64,
}

impl Export {
    /// Writes the bundle.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        fresh::apart(session, &self.target)?;
        self.check_target()?;
        if read_instead(session)? {
            session.note("the disk of the log lets nobody write: the bundle is of what was signed before");
        } else if self.size.is_none() {
            let answer: Answer<CheckpointRow> =
                session.post("/v1/audit/checkpoint", &(), Vec::new(), Given::Flags)?;
            session.notices(&answer.notices);
        }
        let ask = json!({ "release": self.release, "size": self.size, "proofs": self.proofs });
        let path = "/v1/audit/bundle".to_owned();
        let request = Request { path, query: query(&ask), ..session.request(Method::Get) };
        if self.is_archive() {
            self.to_archive(session, &request)?;
        } else {
            self.to_directory(session, &request)?;
        }
        let told = summary(self.view()?.as_ref()).map_err(Failure::Garbled)?;
        session.show_bare(&Written { target: self.target.display().to_string(), summary: told.clone() })?;
        if let (Some(level), true) = (&told.release, told.withheld > 0) {
            session.note(&format!(
                "{} withheld: marked above {level}, or neither marked nor covered by a default",
                words::count(told.withheld, "text is", "texts are")
            ));
        }
        Ok(())
    }

    fn is_archive(&self) -> bool {
        self.target.extension() == Some(OsStr::new("tar"))
    }

    fn view(&self) -> Result<Box<dyn View>, Failure> {
        let failed = |error| self.failed(error);
        Ok(if self.is_archive() {
            Box::new(Tape::open(&self.target).map_err(failed)?)
        } else {
            Box::new(Folder::open(&self.target).map_err(failed)?)
        })
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::File { path: self.target.clone(), doing: "written", error }
    }

    fn check_target(&self) -> Result<(), Failure> {
        let refused = |what: &str, hint: &str| {
            Err(Failure::Refused { what: format!("{} {what}", self.target.display()), hint: hint.to_owned() })
        };
        if self.is_archive() {
            if self.target.exists() {
                return refused("exists already", "name another file");
            }
        } else if self.target.exists() {
            let is_empty = fs::read_dir(&self.target).is_ok_and(|mut entries| entries.next().is_none());
            if !is_empty {
                return refused("holds something already", "name a new or an empty directory");
            }
        }
        Ok(())
    }

    fn to_archive(&self, session: &mut Session, request: &Request) -> Result<(), Failure> {
        let part = beside(&self.target);
        let mut out = BufWriter::new(File::create(&part).map_err(|error| self.failed(error))?);
        let copied = session.copy(request, Some(&mut out)).map_err(|failure| self.of_output(failure));
        let kept = copied.and_then(|_| {
            let keep = |out: &mut BufWriter<File>| {
                out.flush()?;
                out.get_ref().sync_all()?;
                fs::rename(&part, &self.target)
            };
            keep(&mut out).map_err(|error| self.failed(error))
        });
        if kept.is_err() {
            // What failed is told; a part that cannot be removed is only left over.
            let _ = fs::remove_file(&part);
        }
        kept
    }

    /// Unpacks the answer while it comes.
    fn to_directory(&self, session: &mut Session, request: &Request) -> Result<(), Failure> {
        let (reader, mut writer) = io::pipe().map_err(|error| self.failed(error))?;
        std::thread::scope(|scope| {
            let unpacked = scope.spawn(|| archive::unpack(io::BufReader::new(reader), &self.target));
            let copied = session.copy(request, Some(&mut writer)).map(drop);
            drop(writer);
            let unpacked = unpacked.join().unwrap_or_else(|_| Err(io::Error::other("the unpacking failed")));
            match (copied, unpacked) {
                // Where unpacking failed, the answer was cut off for it.
                (Err(Failure::Output(_)) | Ok(()), Err(error)) => Err(self.failed(error)),
                (Err(failure), unpacked) => {
                    if unpacked.is_ok() {
                        // An answer that broke off between two files looks whole to whoever unpacks it.
                        let _ = fs::remove_dir_all(&self.target);
                    }
                    Err(failure)
                }
                (Ok(()), Ok(_)) => Ok(()),
            }
        })
    }

    /// Here the output is the file, not the terminal.
    fn of_output(&self, failure: Failure) -> Failure {
        if let Failure::Output(error) = failure { self.failed(error) } else { failure }
    }
}

/// Returns the name under which a file is written until it is whole.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// What was written.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Written {
    target: String,
    #[serde(flatten)]
    summary: Summary,
}

impl Show for Written {
    fn text(&self, text: &mut Text) {
        let Summary { log, size, release, disclosed, withheld, .. } = &self.summary;
        let events = words::count(*size, "event", "events");
        text.line(format!("{log}: a bundle of {events} written to {}", self.target));
        let release = release.as_ref().map_or_else(String::new, |level| format!(" up to {level}"));
        let texts = words::count(*disclosed, "text", "texts");
        text.hanging(2, &format!("{texts} disclosed{release}, {} withheld", words::number_of(*withheld)));
        text.hanging(2, "check it with `demarche audit verify`, or as its VERIFY.md says");
    }

    fn columns() -> &'static [&'static str] {
        &["target", "log", "size", "release", "disclosed", "withheld"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let Summary { log, size, release, disclosed, withheld } = self.summary.clone();
        vec![vec![
            self.target.clone(),
            log,
            size.to_string(),
            release.unwrap_or_default(),
            disclosed.to_string(),
            withheld.to_string(),
        ]]
    }
}
