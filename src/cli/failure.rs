//! What went wrong, in words on the error stream, and as the exit code that a script reads.

use std::io;
use std::path::PathBuf;

use crate::desk::audit::verify::report::Verdict;
use crate::desk::error::{DeskError, Fault};
use crate::domain::id::RequestId;
use crate::http::client::ClientError;
use crate::http::outside::OutsideError;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::serve::ServeError;

/// How many faults are listed before the rest is counted.
const FAULTS_MAX: usize = 100;

/// What to do for whoever is not known.
const COME_IN: &str =
    "come in with `demarche login ACCOUNT`, or name the file of a token with `--credential`";

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
        /// The submission that was on its way.
        request: Option<RequestId>,
    },
    /// The API was not reached, or its answer did not arrive.
    Unreachable {
        /// Why.
        error: ClientError,
        /// The submission that was on its way.
        request: Option<RequestId>,
    },
    /// The server could not begin.
    Unserved(ServeError),
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
    /// Something was recorded, and not all that was asked for was done: rows were left out, a file was not written.
    InPart(Box<Failure>),
    /// A rule of this program does not allow it.
    Refused {
        /// What is the matter.
        what: String,
        /// What would be right.
        hint: String,
    },
    /// A check found the record damaged or altered; what it found was shown.
    Unsound,
    /// A bundle or a checkpoint does not stand; what was found was shown.
    Verdict(Verdict),
    /// Another program on the network did not answer.
    Outside(Box<OutsideError>),
    /// A check found that the projections do not say what the log says; what it found was shown.
    Disagrees,
    /// Something is the matter with the files, the keys or the machine; what it is was shown.
    Unwell {
        /// The record is damaged or in danger.
        grave: bool,
    },
    /// Not enough witnesses cosigned; which and why was told.
    Unwitnessed,
    /// Some reminders were not told; how many wait, and why.
    Untold {
        /// How many.
        waiting: usize,
        /// Why the first was not.
        why: String,
    },
    /// The output could not be written.
    Output(io::Error),
    /// The API answered something that this program does not understand.
    Garbled(String),
}

/// What is done where nobody knows whether something was recorded that carries no id.
pub(super) const LOOK_FIRST: &str =
    "look first whether it was done (`changes`), and give the same command again where it was not";

impl From<DeskError> for Failure {
    /// For what is done before there is an API to ask: beginning a log, and serving one.
    fn from(error: DeskError) -> Self {
        Self::Answered { problem: Box::new(Problem::from(error)), given: Given::Flags, request: None }
    }
}

impl From<ClientError> for Failure {
    fn from(mut error: ClientError) -> Self {
        match error.output.take() {
            Some(output) => Self::Output(output),
            None => Self::Unreachable { error, request: None },
        }
    }
}

impl Failure {
    /// Returns the failure with what is done where it is in doubt, for what carries no id by which it could be sent again.
    pub(super) fn or_else(mut self, way_out: &str) -> Self {
        if let Self::Answered { problem, request: None, .. } = &mut self
            && problem.kind == ProblemKind::InDoubt
        {
            problem.hints = instead(&problem.hints, way_out);
        }
        if let Self::Unreachable { error, request: None } = &mut self
            && error.kind == ProblemKind::InDoubt
        {
            error.hints = instead(&error.hints, way_out);
        }
        self
    }

    /// Returns the failure with the submission that may have arrived, so that it can be sent again.
    pub(super) fn of_submission(self, submission: RequestId) -> Self {
        match self {
            Self::Answered { problem, given, request } => {
                Self::Answered { problem, given, request: request.or(Some(submission)) }
            }
            Self::Unreachable { error, request } => {
                Self::Unreachable { error, request: request.or(Some(submission)) }
            }
            Self::Usage { .. }
            | Self::Unserved(_)
            | Self::File { .. }
            | Self::Data(_)
            | Self::InPart(_)
            | Self::Refused { .. }
            | Self::Unsound
            | Self::Verdict(_)
            | Self::Outside(_)
            | Self::Disagrees
            | Self::Unwell { .. }
            | Self::Unwitnessed
            | Self::Untold { .. }
            | Self::Output(_)
            | Self::Garbled(_) => self,
        }
    }

    /// Tells whether the API knows nobody by what was shown to it.
    pub(super) fn is_unauthenticated(&self) -> bool {
        matches!(self, Self::Answered { problem, .. } if problem.kind == ProblemKind::Unauthenticated)
    }

    /// Returns the exit code: 1 refused, not found or wrong data, 2 usage, 3 damaged, 4 in doubt or unavailable, 5
    /// recorded in part. A reader who closed the pipe has seen enough: that is no failure.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::InPart(_) => 5,
            Self::File { .. } | Self::Data(_) | Self::Refused { .. } | Self::Unwell { grave: false } => 1,
            Self::Usage { .. } => 2,
            Self::Unsound | Self::Verdict(_) | Self::Disagrees | Self::Unwell { grave: true } => 3,
            Self::Unwitnessed
            | Self::Untold { .. }
            | Self::Unserved(_)
            | Self::Outside(_)
            | Self::Output(_)
            | Self::Garbled(_) => 4,
            Self::Answered { problem, given, .. } => exit_code_of(problem.kind, *given),
            Self::Unreachable { error, .. } => exit_code_of(error.kind, Given::Flags),
        }
    }

    /// Returns the lines for the error stream: what is wrong, where, and what would be right.
    ///
    /// Empty for a closed pipe, and where what was found was already shown.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Usage { what, hint } | Self::Refused { what, hint } => told(what, [hint.as_str()]),
            Self::Answered { problem, request, .. } => answered(problem, *request),
            Self::Unreachable { error, request } => unreachable(error, *request),
            Self::Unserved(error) => {
                let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
                told(&format!("{error}{}", cause.unwrap_or_default()), [])
            }
            Self::File { path, doing, error } => {
                told(&format!("{} could not be {doing}: {error}", path.display()), [])
            }
            Self::Data(faults) => listed(faults, ProblemKind::Wrong),
            Self::InPart(rest) => rest.lines(),
            Self::Unsound => told(
                "the record, or what vouches for it, is damaged or altered; what is sound stays readable",
                ["keep the directory as it is, and compare it with a copy or an export"],
            ),
            Self::Verdict(verdict) => told(
                &format!("it does not stand: {verdict}"),
                ["keep it as it is; what each verdict means, the manual says"],
            ),
            Self::Outside(error) => {
                let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
                told(&format!("{error}{}", cause.unwrap_or_default()), [])
            }
            Self::Unwell { grave: true } => {
                told("the record is damaged or in danger; what was found says what to do", [])
            }
            Self::Unwell { grave: false } => {
                told("something should be seen to; what was found says what", [])
            }
            Self::Unwitnessed => told(
                "not enough witnesses cosigned the checkpoint; what those that did gave is kept",
                ["ask again later; the log goes on meanwhile"],
            ),
            Self::Untold { waiting, why } => told(
                &format!("not everything was taken, and {waiting} waiting: {why}"),
                ["tell it again: what was taken is not told twice, and the keys stay the same"],
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

// No wildcard arm: a new kind of problem must be given a code here before it compiles.
fn exit_code_of(kind: ProblemKind, given: Given) -> u8 {
    match (kind, given) {
        (ProblemKind::Malformed | ProblemKind::Wrong | ProblemKind::TooLarge, Given::Flags) => 2,
        (ProblemKind::Malformed | ProblemKind::Wrong | ProblemKind::TooLarge, Given::Data)
        | (
            ProblemKind::NotFound
            | ProblemKind::Ambiguous
            | ProblemKind::Refused
            | ProblemKind::Changed
            | ProblemKind::Unauthenticated
            | ProblemKind::Forbidden,
            _,
        ) => 1,
        (ProblemKind::Damaged, _) => 3,
        (
            ProblemKind::InDoubt
            | ProblemKind::Unavailable
            | ProblemKind::NoProvider
            | ProblemKind::NotReached
            | ProblemKind::Broken
            | ProblemKind::NoRoute
            | ProblemKind::NoMethod
            | ProblemKind::MediaType
            | ProblemKind::TooOften
            | ProblemKind::TooSlow
            | ProblemKind::Foreign,
            _,
        ) => 4,
    }
}

fn answered(problem: &Problem, request: Option<RequestId>) -> Vec<String> {
    let mut lines = if problem.faults.is_empty() {
        let what = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
        vec![format!("error: {what}")]
    } else {
        listed(&problem.faults, problem.kind)
    };
    if !problem.candidates.is_empty() {
        lines.push("it could be:".to_owned());
        lines.extend(problem.candidates.iter().map(|candidate| format!("  {candidate}")));
    }
    if problem.kind == ProblemKind::Unauthenticated {
        // The API names its own ways, which are not those of a command line.
        lines.push(format!("hint: {COME_IN}"));
    } else {
        lines.extend(problem.hints.iter().map(|hint| format!("hint: {hint}")));
    }
    if problem.kind == ProblemKind::InDoubt {
        lines.extend(request.map(again));
    }
    lines
}

fn unreachable(error: &ClientError, request: Option<RequestId>) -> Vec<String> {
    match request.filter(|_| error.may_have_arrived) {
        // The id says it better than the hint that there should be one.
        Some(request) => {
            let others = error.hints.iter().skip(1).map(|hint| format!("hint: {hint}"));
            [format!("error: {}", error.what), again(request)].into_iter().chain(others).collect()
        }
        None => told(&error.what, error.hints.iter().map(String::as_str)),
    }
}

fn told<'a>(what: &str, hints: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let hints = hints.into_iter().filter(|hint| !hint.is_empty()).map(|hint| format!("hint: {hint}"));
    std::iter::once(format!("error: {what}")).chain(hints).collect()
}

fn listed(faults: &[Fault], kind: ProblemKind) -> Vec<String> {
    if let [fault] = faults {
        return vec![format!("error: {fault}")];
    }
    let what = if kind == ProblemKind::Refused { "stand in the way" } else { "are wrong with the input" };
    let mut lines = vec![format!("error: {} things {what}", faults.len())];
    lines.extend(faults.iter().take(FAULTS_MAX).map(|fault| format!("  {fault}")));
    if let Some(rest) = faults.len().checked_sub(FAULTS_MAX).filter(|rest| *rest > 0) {
        lines.push(format!("  and {rest} more"));
    }
    lines
}

/// Returns hints with another in the place of the first, which speaks of sending the same again.
fn instead(hints: &[String], way_out: &str) -> Vec<String> {
    std::iter::once(way_out.to_owned()).chain(hints.iter().skip(1).cloned()).collect()
}

fn again(request: RequestId) -> String {
    format!("hint: send the same again with `--request {request}`: it records nothing twice")
}

#[cfg(test)]
mod tests;
