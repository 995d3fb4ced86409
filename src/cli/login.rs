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
use crate::desk::accounts::AccountRow;
use crate::desk::answer::Answer;
use crate::http::client::{Method, Repeats, Request};
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
    /// A file whose first line is the password of your own, where the one that you were given is for one time; without
    /// it a terminal is asked, or the next line of standard input is it
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    /// Be signed on by the provider of the server: an address is shown for a browser, which then shows a code to be
    /// typed here
    #[arg(long, conflicts_with_all = ["account", "password_file", "new_password_file"])]
    sso: bool,
}

/// So often somebody at a terminal may choose.
const CHOICES_MAX: usize = 3;

impl Login {
    /// Comes in, and keeps the session.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = credential::path(session)?;
        fresh::apart(session, &path)?;
        let file = self.password_file.as_deref();
        let password = if self.sso { None } else { Some(credential::password(session, file, "password")?) };
        let mut answer = match &password {
            None => sso::come_in(session)?,
            Some(password) => self.with_password(session, password)?,
        };
        let secret = answer.data.session.take();
        // What tells from where someone came in before is for browsers: a program has its session.
        answer.data.device = None;
        let secret = secret.ok_or_else(|| Failure::Garbled("it gave no session".to_owned()))?;
        credential::keep(&path, &secret)?;
        session.note(&format!("the session is kept in {}", path.display()));
        if let (true, Some(password)) = (answer.data.must_change, &password) {
            session.globals.bearer = Some(secret);
            answer.data.must_change = !self.choose(session, password)?;
        }
        session.show(&answer)
    }

    /// Puts a password of their own in the place of one for one time, where they give one; tells whether they did.
    fn choose(&self, session: &mut Session, old: &str) -> Result<bool, Failure> {
        let file = self.new_password_file.as_deref();
        // Of standard input nothing is taken that may be meant for somebody else.
        if !session.screen.asks && file.is_none() && self.password_file.is_some() {
            return Ok(false);
        }
        let mut choices = 1;
        while let Some(new) = credential::chosen(session, file)? {
            let ask = json!({ "old": old, "new": new }).to_string().into_bytes();
            let changed: Result<Answer<AccountRow>, Failure> =
                session.post("/v1/password", &(), ask, Given::Flags);
            match changed {
                Ok(_) => return Ok(true),
                Err(Failure::Answered { problem, .. })
                    if problem.kind == ProblemKind::Wrong
                        && session.screen.asks
                        && file.is_none()
                        && choices < CHOICES_MAX =>
                {
                    session.note(&problem.detail);
                    choices += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(false)
    }

    fn with_password(&self, session: &mut Session, password: &str) -> Result<Answer<WhoRow>, Failure> {
        let ask = json!({ "account": self.account, "password": password, "bearer": true });
        let request = Request {
            path: "/v1/login".to_owned(),
            body: ask.to_string().into_bytes(),
            repeats: Repeats::RecordsNothing,
            ..session.request(Method::Post)
        };
        match session.send_for(&request, Given::Flags) {
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
    use serde_json::{Value, json};

    use crate::cli::credential;
    use crate::cli::testing::{Ran, answer_of, run, run_with};
    use crate::http::client::Reply;
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

    /// Logs in with a one-time password, and returns what was posted and what was shown.
    fn login(args: &[&str], input: &[u8]) -> (Vec<(String, Value)>, Ran) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kim.session");
        let who = json!({"account": "kim", "role": "reader", "by": "session", "must_change": true,
            "session": "des_0"});
        let row = json!({"account": "kim", "role": "reader", "clearance": "TLP:RED", "state": "active",
            "tokens": 0, "opened": "2026-11-24T00:00:00.000000Z"});
        let args = [&["login", "kim", "--credential", path.to_str().unwrap()], args].concat();
        let ran = run_with(&args, input, move |request| {
            let data = if request.path == "/v1/login" { &who } else { &row };
            let body = serde_json::to_vec(&answer_of(data)).unwrap();
            Ok(Reply { status: 200, body, notice: None })
        });
        let posted =
            ran.asked.iter().map(|asked| (asked.path.clone(), serde_json::from_slice(&asked.body).unwrap()));
        (posted.collect(), ran)
    }

    #[test]
    fn who_has_a_password_for_one_time_chooses_another_at_once_where_they_give_one() {
        let (posted, ran) = login(&[], b"once\na sentence of my own\n");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let chosen = json!({"old": "once", "new": "a sentence of my own"});
        assert_eq!(posted[1], ("/v1/password".to_owned(), chosen));
        assert_eq!(ran.asked[1].bearer.as_deref(), Some("des_0"));
        assert!(!ran.out.contains("one time"), "{}", ran.out);
        let (posted, ran) = login(&[], b"once\n");
        assert_eq!((posted.len(), ran.code), (1, 0));
        assert!(ran.out.contains("choose another with `account password`"), "{}", ran.out);
        let dir = tempfile::tempdir().unwrap();
        let once = dir.path().join("once");
        std::fs::write(&once, "once\n").unwrap();
        let (posted, _) = login(&["--password-file", once.to_str().unwrap()], b"a line for somebody else\n");
        assert_eq!(posted.len(), 1, "what may be meant for another is not taken");
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
