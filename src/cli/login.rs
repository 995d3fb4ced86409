//! `login`, `logout` and `whoami`: a session with a server, and as whom one comes in.

mod sso;

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::credential;
use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::access::{WhoRow, is_session};
use crate::desk::answer::Answer;
use crate::http::problem::ProblemKind;

/// Who comes in.
#[derive(Debug, Args)]
pub(super) struct Login {
    /// The name of the account
    #[arg(required_unless_present = "sso")]
    account: Option<String>,
    /// A file whose first line is the password; `-` or none reads it from standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Be signed on by the provider of the server: an address is shown for a browser, which then shows a code to be
    /// typed here
    #[arg(long, conflicts_with_all = ["account", "password_file"])]
    sso: bool,
}

impl Login {
    /// Comes in, and keeps the session.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = credential::path(session)?;
        fresh::apart(session, &path)?;
        let mut answer = if self.sso { sso::come_in(session)? } else { self.with_password(session)? };
        let secret = answer.data.session.take();
        // What tells from where someone came in before is for browsers: a program has its session.
        answer.data.device = None;
        let secret = secret.ok_or_else(|| Failure::Garbled("it gave no session".to_owned()))?;
        credential::keep(&path, &secret)?;
        session.note(&format!("the session is kept in {}", path.display()));
        session.show(&answer)
    }

    fn with_password(&self, session: &mut Session) -> Result<Answer<WhoRow>, Failure> {
        let password = credential::password(session, self.password_file.as_deref(), "password")?;
        let ask = json!({ "account": self.account, "password": password, "bearer": true });
        match session.post("/v1/login", &(), ask.to_string().into_bytes(), Given::Flags) {
            // Whoever comes in already is not told to.
            Err(Failure::Answered { problem, .. }) if problem.kind == ProblemKind::Unauthenticated => {
                Err(Failure::Refused { what: problem.detail, hint: String::new() })
            }
            answered => answered,
        }
    }
}

/// Ends the session.
pub(super) fn leave(session: &mut Session) -> Result<(), Failure> {
    let path = credential::path(session)?;
    let left: Result<Answer<WhoRow>, Failure> = session.post("/v1/logout", &(), Vec::new(), Given::Flags);
    let said = match left {
        Ok(_) => "the session ended",
        // A token may be one for another server: that is kept.
        Err(failure)
            if failure.is_unauthenticated() && session.globals.bearer.as_deref().is_some_and(is_session) =>
        {
            "the session had ended already"
        }
        Err(failure) => return Err(failure),
    };
    credential::forget(&path)?;
    session.say(said)
}

/// Shows as whom one comes in.
pub(super) fn whoami(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<WhoRow> = session.get_plain("/v1/whoami")?;
    session.show(&answer)
}

impl Show for WhoRow {
    fn text(&self, text: &mut Text) {
        let Some(account) = &self.account else {
            text.line("the owner of the directory, who may do everything in it");
            return;
        };
        let role = self.role.map(|role| format!(", {role}")).unwrap_or_default();
        let clearance =
            self.clearance.as_ref().map(|level| format!(", cleared for {level}")).unwrap_or_default();
        text.line(format!("{account}{role}{clearance}"));
        if !self.compartments.is_empty() {
            text.line(format!("compartments: {}", self.compartments.join(", ")));
        }
        if let Some(until) = self.until {
            text.line(format!("by {} until {}", self.by, words::moment(until, text.zone())));
        }
        if self.must_change {
            text.line("the password is for one time: choose another with `account password`");
        }
    }

    fn columns() -> &'static [&'static str] {
        &["account", "role", "clearance", "compartments", "by", "until", "must_change"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![
            self.account.clone().unwrap_or_default(),
            self.role.map(|role| role.to_string()).unwrap_or_default(),
            self.clearance.clone().unwrap_or_default(),
            self.compartments.join("; "),
            self.by.clone(),
            self.until.map(|until| until.to_string()).unwrap_or_default(),
            self.must_change.to_string(),
        ]]
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::credential;
    use crate::cli::testing::run;
    use crate::http::problem::{Problem, ProblemKind};

    #[test]
    fn a_session_that_ended_already_is_forgotten_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kim.session");
        credential::keep(&path, "des_0").unwrap();
        let unknown = Problem::new(ProblemKind::Unauthenticated, "what was shown opens nothing");
        let ran = run(&["logout", "--credential", path.to_str().unwrap()], 401, &unknown);
        assert_eq!((ran.code, ran.out.as_str()), (0, "the session had ended already\n"), "{}", ran.err);
        assert!(!path.exists());
        credential::keep(&path, "det_a_0").unwrap();
        assert_eq!(run(&["logout", "--credential", path.to_str().unwrap()], 401, &unknown).code, 1);
        assert!(path.exists(), "a token is not forgotten");
        credential::keep(&path, "des_0").unwrap();
        let down = Problem::new(ProblemKind::Unavailable, "the server stops");
        assert_eq!(run(&["logout", "--credential", path.to_str().unwrap()], 503, &down).code, 4);
        assert!(path.exists(), "it may be good still");
    }

    #[test]
    fn who_must_come_in_first_is_told_how() {
        let api = "POST /v1/login".to_owned();
        let unknown = Problem::new(ProblemKind::Unauthenticated, "come in first").hinting([api]);
        let ran = run(&["channels"], 401, &unknown);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("`demarche login ACCOUNT`") && !ran.err.contains("/v1"), "{}", ran.err);
    }
}
