//! `account token`: with what programs come in.

use clap::{Args, Subcommand};

use crate::cli::account::post;
use crate::cli::command::examples;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::desk::accounts::{TokenAsk, TokenRow, TokenShown};
use crate::desk::answer::{Answer, Page};
use crate::domain::fact::account::Role;
use crate::http::client::path;

/// What is done about tokens.
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Issue a token of your own; its secret is shown this once
    #[command(after_help = examples!(
        "demarche account token new 'the morning feed' --days 90 --role reader",
        "demarche account token new 'imports from the registry' --days 30"
    ))]
    New {
        /// What for; it stays in the log
        purpose: String,
        /// For how many days, a year at most
        #[arg(long, value_name = "N")]
        days: u32,
        /// As what it comes in, at most [default: as you do]
        #[arg(long, value_parser = super::role)]
        role: Option<Role>,
    },
    /// Show your tokens, or those of an account
    #[command(after_help = examples!(
        "demarche account token list",
        "demarche account token list --account park"
    ))]
    List {
        /// The account
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
    /// Let a token open nothing any more, at once
    #[command(after_help = examples!(
        "demarche account token revoke 0123456789ab",
        "demarche account token revoke 0123456789ab --account park"
    ))]
    Revoke {
        /// What names the token, which stands after `dem_`, or the whole of it
        token: String,
        /// The account whose it is, where it is not yours
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
    },
}

impl Token {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match &self.act {
            Act::New { purpose, days, role } => {
                let ask = TokenAsk { purpose: purpose.clone(), role: *role, days: *days };
                post::<TokenShown>(session, "/v1/tokens", &ask)
            }
            Act::List { account } => {
                let path = account.as_ref().map_or_else(
                    || "/v1/tokens".to_owned(),
                    |account| path(&["v1", "accounts", account, "tokens"]),
                );
                let answer: Answer<Page<TokenRow>> = session.get_plain(&path)?;
                session.show(&answer)
            }
            Act::Revoke { token, account } => {
                let path = account.as_ref().map_or_else(
                    || "/v1/tokens/revoke".to_owned(),
                    |account| path(&["v1", "accounts", account, "tokens", "revoke"]),
                );
                post::<TokenRow>(session, &path, &serde_json::json!({ "token": token }))
            }
        }
    }
}
