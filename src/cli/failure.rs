//! What went wrong, in words on the error stream, and as the exit code that a script reads.

use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use crate::desk::answer::operation::Imported;
use crate::desk::error::Fault;
use crate::domain::id::RequestId;
use crate::http::client::ClientError;

/// How many faults are listed before the rest is counted.
const FAULTS_MAX: usize = 100;

/// Where the input came from: a wrong flag is a matter of usage, a wrong line of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// Typed as arguments.
    Flags,
    /// Read from a file or from standard input.
    Data,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The arguments do not fit together.
    Usage {
        /// What is wrong.
        what: String,
        /// What would be right.
        hint: String,
    },
    /// The API answered with a problem.
    Answered {
        /// What it said.
        problem: Box<Problem>,
        /// Where the input came from.
        given: Given,
    },
    /// The API was not reached, or its answer did not arrive.
    Unreachable {
        /// Why.
        error: ClientError,
        /// The submission that was on its way.
        request: Option<RequestId>,
    },
    /// There is no such directory.
    NoDirectory(PathBuf),
    /// A file could not be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What was to be done with it.
        doing: &'static str,
        /// Why not.
        error: io::Error,
    },
    /// What was read from a file or from standard input is not what it should be.
    Data(Vec<Fault>),
    /// What was asked for by name is not there, or a rule of this program does not allow it.
    Refused {
        /// What is the matter.
        what: String,
        /// What would be right.
        hint: String,
    },
    /// A check found the record damaged or altered; what it found was shown.
    Unsound,
    /// A check found that the projections do not say what the log says; what it found was shown.
    Disagrees,
    /// The output could not be written.
    Output(io::Error),
    /// The API answered something that this program does not understand.
    Garbled(String),
}

/// What the API says when it does not do what was asked (`application/problem+json`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Problem {
    /// `urn:demarche:not-found` and the like.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// What sort of problem it is.
    pub(super) title: String,
    /// The status, as HTTP has it.
    pub(super) status: u16,
    /// What is wrong here.
    pub(super) detail: Option<String>,
    /// What would be right.
    pub(super) hints: Vec<String>,
    /// What was perhaps meant.
    pub(super) candidates: Vec<String>,
    /// What is wrong, one by one.
    pub(super) faults: Vec<Fault>,
    /// The submission that was on its way; the server does not say it, whoever sent it knows.
    #[serde(skip)]
    pub(super) submission: Option<RequestId>,
    /// What an import would have done, had nothing been wrong.
    pub(super) imported: Option<Imported>,
}

/// The sorts of problem that a script can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The input is wrong.
    Wrong,
    /// What was named is not there.
    NotFound,
    /// What was named could be several things.
    Ambiguous,
    /// A rule does not allow it.
    Refused,
    /// The record is damaged or altered.
    Damaged,
    /// It is not known whether it was recorded.
    InDoubt,
    /// The log cannot be reached or written now.
    Unavailable,
}

impl Problem {
    /// Returns which sort it is: by its type, and by its status where the type is not known.
    pub(super) fn sort(&self) -> Sort {
        match self.kind.rsplit(':').next().unwrap_or_default() {
            "wrong" | "malformed" | "too-large" => Sort::Wrong,
            "not-found" => Sort::NotFound,
            "ambiguous" => Sort::Ambiguous,
            "refused" => Sort::Refused,
            "damaged" => Sort::Damaged,
            "in-doubt" => Sort::InDoubt,
            // The last four: the server is another than this program takes it for, or failed itself.
            "unavailable" | "broken" | "no-route" | "no-method" | "media-type" | "foreign" => {
                Sort::Unavailable
            }
            _ => match self.status {
                404 | 410 => Sort::NotFound,
                409 => Sort::Refused,
                400..=499 => Sort::Wrong,
                500 => Sort::InDoubt,
                _ => Sort::Unavailable,
            },
        }
    }
}

impl Failure {
    /// Returns the exit code: 1 refused, not found or wrong data, 2 usage, 3 damaged, 4 in doubt or
    /// unavailable. A reader who closed the pipe has seen enough: that is no failure.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::NoDirectory(_) | Self::File { .. } | Self::Data(_) | Self::Refused { .. } => 1,
            Self::Usage { .. } => 2,
            Self::Unsound | Self::Disagrees => 3,
            Self::Unreachable { .. } | Self::Output(_) | Self::Garbled(_) => 4,
            Self::Answered { problem, given } => match (problem.sort(), given) {
                (Sort::Wrong, Given::Flags) => 2,
                (Sort::Wrong, Given::Data) | (Sort::NotFound | Sort::Ambiguous | Sort::Refused, _) => 1,
                (Sort::Damaged, _) => 3,
                (Sort::InDoubt | Sort::Unavailable, _) => 4,
            },
        }
    }

    /// Returns the lines for the error stream: what is wrong, where, and what would be right.
    ///
    /// Empty for a closed pipe, and where what was found was already shown.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Usage { what, hint } | Self::Refused { what, hint } => told(what, [hint.as_str()]),
            Self::Answered { problem, .. } => problem.lines(),
            Self::Unreachable { error, request } => unreachable(error, *request),
            Self::NoDirectory(dir) => told(
                &format!("there is no log in {}: no such directory", dir.display()),
                ["`demarche init` begins one; `--dir` or DEMARCHE_DIR names another"],
            ),
            Self::File { path, doing, error } => {
                told(&format!("{} could not be {doing}: {error}", path.display()), [])
            }
            Self::Data(faults) => faulty(faults),
            Self::Unsound => told(
                "the record is damaged or altered; what is sound stays readable, nothing is recorded",
                ["keep the directory as it is, and compare it with a copy or an export"],
            ),
            Self::Disagrees => told(
                "the projections do not say what the log says",
                ["`demarche rebuild` puts the rebuilt ones in their place"],
            ),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Vec::new(),
            Self::Output(error) => told(&format!("the output could not be written: {error}"), []),
            Self::Garbled(what) => told(
                &format!("the answer of the server is not understood: {what}"),
                ["the server and this program may be of different versions"],
            ),
        }
    }
}

impl Problem {
    fn lines(&self) -> Vec<String> {
        let detail = self.detail.as_deref().filter(|detail| !detail.is_empty());
        let mut lines = if self.faults.is_empty() {
            vec![format!("error: {}", detail.unwrap_or(&self.title))]
        } else {
            faulty(&self.faults)
        };
        if !self.candidates.is_empty() {
            lines.push("it could be:".to_owned());
            lines.extend(self.candidates.iter().map(|candidate| format!("  {candidate}")));
        }
        lines.extend(self.hints.iter().map(|hint| format!("hint: {hint}")));
        if self.sort() == Sort::InDoubt {
            lines.extend(self.submission.map(again));
        }
        lines
    }
}

fn told<'a>(what: &str, hints: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let hints = hints.into_iter().filter(|hint| !hint.is_empty()).map(|hint| format!("hint: {hint}"));
    std::iter::once(format!("error: {what}")).chain(hints).collect()
}

fn faulty(faults: &[Fault]) -> Vec<String> {
    if let [fault] = faults {
        return vec![format!("error: {fault}")];
    }
    let mut lines = vec![format!("error: {} things are wrong with the input", faults.len())];
    lines.extend(faults.iter().take(FAULTS_MAX).map(|fault| format!("  {fault}")));
    if let Some(rest) = faults.len().checked_sub(FAULTS_MAX).filter(|rest| *rest > 0) {
        lines.push(format!("  and {rest} more"));
    }
    lines
}

fn unreachable(error: &ClientError, request: Option<RequestId>) -> Vec<String> {
    let mut lines = vec![format!("error: {}", error.what)];
    if error.may_have_arrived {
        lines.push("it is not known whether this was recorded".to_owned());
        lines.extend(request.map(again));
    }
    lines
}

fn again(request: RequestId) -> String {
    format!("hint: send the same again with `--request {request}`: it records nothing twice")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(kind: &str, status: u16, given: Given) -> Failure {
        let kind = format!("urn:demarche:{kind}");
        Failure::Answered { problem: Box::new(Problem { kind, status, ..Problem::default() }), given }
    }

    fn unreachable(may_have_arrived: bool) -> Failure {
        let error = ClientError { what: "the server went away".to_owned(), may_have_arrived };
        Failure::Unreachable { error, request: Some(REQUEST.parse().unwrap()) }
    }

    const REQUEST: &str = "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d";

    #[test]
    fn every_failure_has_its_exit_code() {
        let text = String::new;
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let file = Failure::File { path: PathBuf::from("x"), doing: "read", error: full() };
        for (failure, code) in [
            (Failure::Usage { what: text(), hint: text() }, 2),
            (answered("wrong", 422, Given::Flags), 2),
            (answered("wrong", 400, Given::Flags), 2),
            (answered("wrong", 422, Given::Data), 1),
            (answered("not-found", 404, Given::Flags), 1),
            (answered("ambiguous", 409, Given::Flags), 1),
            (answered("refused", 409, Given::Data), 1),
            (answered("damaged", 503, Given::Flags), 3),
            (answered("in-doubt", 500, Given::Flags), 4),
            (answered("unavailable", 503, Given::Data), 4),
            (answered("broken", 500, Given::Data), 4),
            (answered("no-route", 404, Given::Flags), 4),
            (answered("too-large", 413, Given::Data), 1),
            (answered("of-the-future", 404, Given::Flags), 1),
            (answered("of-the-future", 409, Given::Flags), 1),
            (answered("of-the-future", 418, Given::Flags), 2),
            (answered("of-the-future", 500, Given::Flags), 4),
            (answered("of-the-future", 502, Given::Flags), 4),
            (unreachable(true), 4),
            (unreachable(false), 4),
            (Failure::NoDirectory(PathBuf::from("nowhere")), 1),
            (file, 1),
            (Failure::Data(vec![Fault::new("half a line")]), 1),
            (Failure::Refused { what: text(), hint: text() }, 1),
            (Failure::Unsound, 3),
            (Failure::Disagrees, 3),
            (Failure::Output(closed()), 0),
            (Failure::Output(full()), 4),
            (Failure::Garbled(text()), 4),
        ] {
            assert_eq!(failure.exit_code(), code, "{failure:?}");
        }
    }

    #[test]
    fn what_is_in_doubt_can_be_sent_again() {
        let again = format!("hint: send the same again with `--request {REQUEST}`: it records nothing twice");
        assert_eq!(unreachable(true).lines().last(), Some(&again));
        assert_eq!(unreachable(false).lines(), ["error: the server went away"]);
        let problem = Problem {
            kind: "urn:demarche:in-doubt".to_owned(),
            title: "In doubt".to_owned(),
            submission: Some(REQUEST.parse().unwrap()),
            ..Problem::default()
        };
        assert_eq!(problem.lines(), ["error: In doubt".to_owned(), again]);
    }

    #[test]
    fn faults_are_told_with_their_lines_and_none_is_dropped_unsaid() {
        let fault =
            |line| Fault { line: Some(line), field: Some("date".to_owned()), detail: "no".to_owned() };
        assert_eq!(faulty(&[fault(3)]), ["error: line 3: date: no"]);
        let many: Vec<Fault> = (1..=130).map(fault).collect();
        let lines = faulty(&many);
        assert_eq!(lines.first().unwrap(), "error: 130 things are wrong with the input");
        assert_eq!(lines.get(1).unwrap(), "  line 1: date: no");
        assert_eq!(lines.last().unwrap(), "  and 30 more");
    }

    #[test]
    fn a_closed_pipe_says_nothing() {
        assert!(Failure::Output(io::Error::from(io::ErrorKind::BrokenPipe)).lines().is_empty());
    }
}
