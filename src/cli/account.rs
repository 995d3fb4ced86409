//! `account`: who may come in, as what, and how far they may see.

mod shown;
mod token;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::account::token::Token;
use crate::cli::command::examples;
use crate::cli::credential;
use crate::cli::failure::{Failure, Given};
use crate::cli::output::Show;
use crate::cli::session::Session;
use crate::desk::accounts::{AccountRow, BindAsk, ChangeAsk, OpenAsk, OpenedRow, PasswordAsk, PermitAsk};
use crate::desk::answer::{Answer, Page};
use crate::domain::fact::account::Role;
use crate::http::client::path;

pub(super) use shown::opened;

/// What is done about accounts.
#[derive(Debug, Args)]
pub(super) struct Account {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Open an account; its one-time password is shown this once
    #[command(after_help = examples!(
        "demarche account add park --role recorder --clearance TLP:RED",
        "demarche account add yoon --role auditor --clearance TLP:RED --reason 'new on the desk'"
    ))]
    Add(Add),
    /// Show every account that there is or was
    #[command(after_help = examples!(
        "demarche account list",
        "demarche account list --format json"
    ))]
    List,
    /// Let an account do something else from now on
    #[command(after_help = examples!(
        "demarche account role park reader",
        "demarche account role park recorder --reason 'back on the night desk'"
    ))]
    Role {
        /// The name of the account
        account: String,
        /// As what they come in
        #[arg(value_parser = role)]
        role: Role,
        #[command(flatten)]
        why: Why,
    },
    /// Let an account see something else from now on
    #[command(after_help = examples!(
        "demarche account clearance park TLP:AMBER",
        "demarche account clearance park TLP:RED --compartment north --compartment south"
    ))]
    Clearance {
        /// The name of the account
        account: String,
        /// The most restricted marking that they may read
        level: String,
        /// A compartment of which they may read; these are all from now on, and without one they stay
        #[arg(long = "compartment", value_name = "NAME", conflicts_with = "no_compartments")]
        compartments: Vec<String>,
        /// Of no compartment any more
        #[arg(long)]
        no_compartments: bool,
        #[command(flatten)]
        why: Why,
    },
    /// Let an account come in by single sign-on, and no longer with its password
    #[command(after_help = examples!(
        "demarche account bind park --issuer https://login.example --subject 5f2c0e1a",
        "demarche account bind yoon --issuer https://login.example --subject 81d4 --reason 'known to us'"
    ))]
    Bind {
        /// The name of the account
        account: String,
        /// Who signs them on: the issuer, exactly as the provider names itself
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// What names them there: the claim `sub`, no name and no address
        #[arg(long, value_name = "SUBJECT")]
        subject: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let an account open nothing until it is enabled; its sessions end at once
    #[command(after_help = examples!(
        "demarche account disable park",
        "demarche account disable yoon --reason 'on leave'"
    ))]
    Disable {
        /// The name of the account
        account: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let an account that was disabled open again what it did
    #[command(after_help = examples!(
        "demarche account enable park",
        "demarche account enable yoon --reason 'back from leave'"
    ))]
    Enable {
        /// The name of the account
        account: String,
        #[command(flatten)]
        why: Why,
    },
    /// Choose another password of your own, or give an account another one-time password
    #[command(after_help = examples!(
        "demarche account password park",
        "demarche account password yoon --reason 'forgotten'"
    ))]
    Password {
        /// The account that gets a one-time password; your own is changed without it
        account: Option<String>,
        /// A file whose first line is the old password, where your own is changed
        #[arg(long, value_name = "FILE", conflicts_with = "account")]
        old_password_file: Option<PathBuf>,
        /// A file whose first line is the new one
        #[arg(long, value_name = "FILE", conflicts_with = "account")]
        new_password_file: Option<PathBuf>,
        #[command(flatten)]
        why: Why,
    },
    /// Issue, list or revoke tokens, with which programs come in
    #[command(after_help = examples!(
        "demarche account token list --account park",
        "demarche account token list --account park --format json"
    ))]
    Token(Token),
    /// Close an account for good; what they recorded stays theirs
    #[command(after_help = examples!(
        "demarche account remove park",
        "demarche account remove yoon --reason 'left the ministry'"
    ))]
    Remove {
        /// The name of the account
        account: String,
        #[command(flatten)]
        why: Why,
    },
}

/// Whose account, as what.
#[derive(Debug, Args)]
struct Add {
    /// The name under which they record; a new one enters the register
    account: String,
    /// As what they come in: reader, recorder, auditor or administrator
    #[arg(long, value_parser = role)]
    role: Role,
    /// The most restricted marking that they may read
    #[arg(long, value_name = "LEVEL")]
    clearance: String,
    /// A compartment of which they may read
    #[arg(long = "compartment", value_name = "NAME")]
    compartments: Vec<String>,
    #[command(flatten)]
    why: Why,
}

/// Why it is done.
#[derive(Debug, Args)]
struct Why {
    /// Why; it stays in the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Reads a role, or says which there are.
fn role(typed: &str) -> Result<Role, String> {
    typed.to_lowercase().parse().map_err(|error: crate::domain::words::UnknownWord| error.to_string())
}

impl Account {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let of = |account: &str, does: &str| path(&["v1", "accounts", account, does]);
        let change = |why: &Why| ChangeAsk { reason: why.reason.clone() };
        match &self.act {
            Act::Add(add) => {
                let ask = OpenAsk {
                    name: add.account.clone(),
                    role: add.role,
                    clearance: add.clearance.clone(),
                    compartments: add.compartments.clone(),
                    reason: add.why.reason.clone(),
                };
                post::<OpenedRow>(session, "/v1/accounts", &ask)
            }
            Act::List => {
                let answer: Answer<Page<AccountRow>> = session.get_plain("/v1/accounts")?;
                session.show(&answer)
            }
            Act::Role { account, role, why } => {
                let reason = why.reason.clone();
                let ask = PermitAsk { role: Some(*role), reason, ..PermitAsk::default() };
                post::<AccountRow>(session, &of(account, "permissions"), &ask)
            }
            Act::Clearance { account, level, compartments, no_compartments, why } => {
                let named = !compartments.is_empty() || *no_compartments;
                let ask = PermitAsk {
                    role: None,
                    clearance: Some(level.clone()),
                    compartments: named.then(|| compartments.clone()),
                    reason: why.reason.clone(),
                };
                post::<AccountRow>(session, &of(account, "permissions"), &ask)
            }
            Act::Bind { account, issuer, subject, why } => {
                let (issuer, subject) = (issuer.clone(), subject.clone());
                let ask = BindAsk { issuer, subject, reason: why.reason.clone() };
                post::<AccountRow>(session, &of(account, "binding"), &ask)
            }
            Act::Disable { account, why } => {
                post::<AccountRow>(session, &of(account, "disable"), &change(why))
            }
            Act::Enable { account, why } => post::<AccountRow>(session, &of(account, "enable"), &change(why)),
            Act::Remove { account, why } => post::<AccountRow>(session, &of(account, "close"), &change(why)),
            Act::Password { account: Some(account), why, .. } => {
                post::<OpenedRow>(session, &of(account, "password"), &change(why))
            }
            Act::Password { account: None, old_password_file, new_password_file, .. } => {
                let old = credential::password(session, old_password_file.as_deref(), "old password")?;
                let new = credential::chosen(session, new_password_file.as_deref())?;
                let new = new.ok_or_else(credential::none_given)?;
                post::<AccountRow>(session, "/v1/password", &PasswordAsk { old, new })
            }
            Act::Token(token) => token.run(session),
        }
    }
}

/// What is done where nobody knows whether an account or a token changed.
const IN_DOUBT: &str = "`account list` and `account token list` tell whether it was done: where it was not, give the same command again; \
                        an account or a password of which nobody saw the one-time password gets another with `account password \
                        NAME`, and a token that nobody saw is revoked";

/// Has something done, and shows what came of it.
fn post<T: Show + DeserializeOwned>(
    session: &mut Session,
    path: &str,
    ask: &impl Serialize,
) -> Result<(), Failure> {
    let body = serde_json::to_vec(ask).map_err(|error| Failure::Garbled(error.to_string()))?;
    let answer: Result<Answer<T>, Failure> = session.post(path, &(), body, Given::Flags);
    let answer = answer.map_err(|failure| failure.or_else(IN_DOUBT))?;
    session.show(&answer)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::cli::testing::{answer_of, run, usage};

    fn asked(args: &[&str]) -> (String, Value) {
        let row = json!({"account": "park", "role": "reader", "clearance": "TLP:RED", "state": "active",
            "tokens": 0, "opened": "2026-11-24T00:00:00.000000Z", "one_time_password": "aaaaa-bbbbb",
            "until": "2026-11-27T00:00:00.000000Z"});
        let ran = run(args, 200, &answer_of(row));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let [request] = ran.asked.as_slice() else { panic!("one request: {:?}", ran.asked) };
        (request.path.clone(), serde_json::from_slice(&request.body).unwrap())
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        let args = ["account", "add", "park", "--role", "Reader", "--clearance", "tlp:red"];
        let ask = json!({"name": "park", "role": "reader", "clearance": "tlp:red"});
        assert_eq!(asked(&args), ("/v1/accounts".to_owned(), ask));
        let args = ["account", "clearance", "한 사람", "TLP:RED", "--no-compartments"];
        let (path, ask) = asked(&args);
        assert!(path.ends_with("/permissions") && path.contains("%ED%95%9C"), "{path}");
        assert_eq!(ask, json!({"clearance": "TLP:RED", "compartments": []}));
        let of = ["--issuer", "https://login.example", "--subject", "s-1"];
        let (path, ask) = asked(&[&["account", "bind", "park"], &of[..]].concat());
        let expected = json!({"issuer": "https://login.example", "subject": "s-1"});
        assert_eq!((path.as_str(), ask), ("/v1/accounts/park/binding", expected));
        let (path, ask) = asked(&["account", "password", "park", "--reason", "forgotten"]);
        assert_eq!((path.as_str(), ask), ("/v1/accounts/park/password", json!({"reason": "forgotten"})));
    }

    #[test]
    fn an_account_is_never_opened_as_something_that_was_not_said() {
        assert_eq!(usage(&["account", "add", "park"]), 2);
        assert_eq!(usage(&["account", "add", "park", "--role", "king", "--clearance", "TLP:RED"]), 2);
        assert_eq!(usage(&["account", "add", "park", "--role", "reader"]), 2);
    }

    #[test]
    fn a_one_time_password_is_shown_with_what_to_do_with_it() {
        let row = json!({"account": "park", "role": "reader", "clearance": "TLP:RED", "state": "active",
            "must_change": true, "tokens": 0, "opened": "2026-11-24T00:00:00.000000Z",
            "one_time_password": "aaaaa-bbbbb", "until": "2026-11-27T00:00:00.000000Z"});
        let ran = run(&["account", "password", "park"], 200, &answer_of(row));
        assert!(ran.out.contains("aaaaa-bbbbb") && ran.out.contains("27 November 2026"), "{}", ran.out);
        assert!(ran.out.contains("shown this once"), "{}", ran.out);
    }
}
