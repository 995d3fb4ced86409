//! How accounts and tokens are shown.

use crate::cli::output::{Item, Show, Text, shown_as_a_list_of_one};
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::accounts::{AccountRow, AccountState, OpenedRow, TokenRow, TokenShown};

shown_as_a_list_of_one!(AccountRow);

impl Item for AccountRow {
    const COLUMNS: &'static [&'static str] = &[
        "account",
        "role",
        "clearance",
        "compartments",
        "state",
        "must_change",
        "tokens",
        "opened",
        "issuer",
        "subject",
    ];
    const NOTHING: &'static str = "nobody has an account: whoever can reach the desk may do everything";

    fn cells(&self) -> Vec<String> {
        vec![
            self.account.clone(),
            self.role.to_string(),
            self.clearance.clone(),
            self.compartments.join("; "),
            self.state.to_string(),
            self.must_change.to_string(),
            self.tokens.to_string(),
            self.opened.to_string(),
            self.issuer.clone().unwrap_or_default(),
            self.subject.clone().unwrap_or_default(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["account", "role", "cleared for", "state", "tokens", "since"]);
        for row in items {
            let within = match row.compartments.as_slice() {
                [] => String::new(),
                compartments => format!(", {}", compartments.join(", ")),
            };
            let state = match (row.state, row.must_change, &row.issuer) {
                (AccountState::Active, true, _) => "one-time password".to_owned(),
                (AccountState::Active, _, Some(_)) => "single sign-on".to_owned(),
                (state, ..) => state.to_string(),
            };
            table.row([
                row.account.clone(),
                row.role.to_string(),
                format!("{}{within}", row.clearance),
                state,
                row.tokens.to_string(),
                words::moment(row.opened, text.zone()),
            ]);
        }
        text.table(&table);
    }
}

impl Show for OpenedRow {
    fn text(&self, text: &mut Text) {
        self.account.text(text);
        text.line(format!("one-time password, shown this once: {}", self.one_time_password));
        let until = words::moment(self.until, text.zone());
        text.line(format!("until {until} it opens the way to another one, and nothing else"));
    }

    fn columns() -> &'static [&'static str] {
        &["account", "role", "clearance", "state", "one_time_password", "until"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![
            self.account.account.clone(),
            self.account.role.to_string(),
            self.account.clearance.clone(),
            self.account.state.to_string(),
            self.one_time_password.clone(),
            self.until.to_string(),
        ]]
    }
}

/// Returns what whoever starts a server for the first time is told of the administrator.
pub(in crate::cli) fn opened(row: &OpenedRow) -> Vec<String> {
    vec![
        format!(
            "{} may keep the accounts, with the one-time password {}",
            row.account.account, row.one_time_password
        ),
        format!(
            "it is shown this once, opens nothing but the way to another one, and that until {}",
            words::moment(row.until, words::NO_ZONE)
        ),
    ]
}

shown_as_a_list_of_one!(TokenRow);

impl Item for TokenRow {
    const COLUMNS: &'static [&'static str] =
        &["token", "account", "purpose", "role", "issued", "expires", "revoked"];
    const NOTHING: &'static str = "no token was issued";

    fn cells(&self) -> Vec<String> {
        vec![
            self.token.clone(),
            self.account.clone(),
            self.purpose.clone(),
            self.role.to_string(),
            self.issued.to_string(),
            self.expires.to_string(),
            self.revoked.to_string(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["token", "account", "role", "counts until", "for"]);
        for row in items {
            let until = words::moment(row.expires, text.zone());
            table.row([
                format!("dem_{}_…", row.token),
                row.account.clone(),
                row.role.to_string(),
                if row.revoked { "revoked".to_owned() } else { until },
                row.purpose.clone(),
            ]);
        }
        text.table(&table);
    }
}

impl Show for TokenShown {
    fn text(&self, text: &mut Text) {
        self.row.text(text);
        text.line(format!("the token, shown this once: {}", self.secret));
        text.line("a program comes in with `--credential FILE`, of which it is the first line");
    }

    fn columns() -> &'static [&'static str] {
        &["token", "account", "purpose", "role", "expires", "secret"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = &self.row;
        vec![vec![
            row.token.clone(),
            row.account.clone(),
            row.purpose.clone(),
            row.role.to_string(),
            row.expires.to_string(),
            self.secret.clone(),
        ]]
    }
}
