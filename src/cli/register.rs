//! `party`, `policy` and the acts of `series`: registers and house rules.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;

/// What is done to the register of parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartyAct {
    /// A party is entered
    Register,
    /// It gets further names
    Name,
    /// Something changed in it: a leader, a name, a structure
    Change,
    /// It is found to be another one of the register: `--into` says which
    Merge,
    /// It is found to be several: `--into` for each
    Split,
}

/// The fields of a party.
#[derive(Debug, Clone)]
struct OfParty;

impl Fields for OfParty {
    const NAMES: &'static [&'static str] = &["names", "place", "into"];
}

/// A party in the register.
#[derive(Debug, Args)]
pub(super) struct Party {
    /// What is done
    act: PartyAct,
    /// Its code: KOR, KOR/mnd, x-unc
    code: String,
    #[command(flatten)]
    fields: Given<OfParty>,
    #[command(flatten)]
    submission: Submission,
}

impl Party {
    /// Records it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let code = Some(self.code.as_str());
        let entry = |kind| Draft::new(self.fields.entry(kind));
        let draft = match self.act {
            PartyAct::Register => entry("party.registered").with("code", code),
            PartyAct::Name => entry("party.named").with("about", code),
            PartyAct::Change => entry("party.change").today().with("about", code),
            PartyAct::Merge => entry("party.merged").with("about", code).alone("into"),
            PartyAct::Split => entry("party.split").with("about", code),
        };
        draft.send(session, &self.submission)
    }
}

/// What is done to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PolicyAct {
    /// It comes into force; one of the same name is replaced
    Set,
    /// It ends
    End,
}

/// The fields of a policy.
#[derive(Debug, Clone)]
struct OfPolicy;

impl Fields for OfPolicy {
    const NAMES: &'static [&'static str] = &[
        "channels",
        "kinds",
        "response_within",
        "agreed",
        "two_people",
        "missed_attempts_max",
        "dormant_after",
        "stalled_after",
        "marking_default",
    ];
}

/// From when on a response is overdue, a line unresponsive or dormant.
#[derive(Debug, Args)]
pub(super) struct Policy {
    /// What is done
    act: PolicyAct,
    /// What the policy is called
    name: String,
    #[command(flatten)]
    fields: Given<OfPolicy>,
    #[command(flatten)]
    submission: Submission,
}

impl Policy {
    /// Records it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let kind = match self.act {
            PolicyAct::Set => "policy.set",
            PolicyAct::End => "policy.ended",
        };
        let draft = Draft::new(self.fields.entry(kind)).today();
        draft.with("name", Some(self.name.as_str())).send(session, &self.submission)
    }
}

/// What becomes of a series of talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SeriesAct {
    /// It is entered in the register
    Register,
    /// It is broken off for a time
    Suspend,
    /// It goes on
    Resume,
    /// It fails
    Collapse,
    /// It ends
    Conclude,
    /// A side threatens to break it off
    Threaten,
}

/// The fields of a series.
#[derive(Debug, Clone)]
pub(super) struct OfSeries;

impl Fields for OfSeries {
    const NAMES: &'static [&'static str] = &["names", "ends", "by", "cause"];
}

/// Returns the entry of an act on these series.
pub(super) fn series(act: SeriesAct, names: &[String], fields: &Given<OfSeries>) -> Draft {
    let kind = match act {
        SeriesAct::Register => "series.registered",
        SeriesAct::Suspend => "talks.suspended",
        SeriesAct::Resume => "talks.resumed",
        SeriesAct::Collapse => "talks.collapsed",
        SeriesAct::Conclude => "talks.concluded",
        SeriesAct::Threaten => "talks.threatened",
    };
    let draft = Draft::new(fields.entry(kind));
    match act {
        SeriesAct::Register => draft.front("names", names),
        SeriesAct::Suspend
        | SeriesAct::Resume
        | SeriesAct::Collapse
        | SeriesAct::Conclude
        | SeriesAct::Threaten => draft.today().with("channel", Some(json!(names))),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::entries;
    use serde_json::json;

    #[test]
    fn registers_and_policies_are_one_line_each() {
        assert_eq!(
            entries(&["party", "register", "KOR/mnd", "--alias", "국방부"]),
            [json!({"kind": "party.registered", "code": "KOR/mnd", "names": ["국방부"]})]
        );
        assert_eq!(
            entries(&["policy", "set", "house rule", "--to", "PRK", "--response-within", "14d"]),
            [json!({
                "kind": "policy.set", "date": "today", "name": "house rule", "to": ["PRK"],
                "response_within": "14d",
            })]
        );
        assert_eq!(
            entries(&["policy", "set", "x", "--kind", "overture.demanded", "--dormant-after", "30d"]),
            [json!({
                "kind": "policy.set", "date": "today", "name": "x", "kinds": ["overture.demanded"],
                "dormant_after": "30d",
            })]
        );
    }

    #[test]
    fn a_series_is_registered_under_its_name_first() {
        assert_eq!(
            entries(&["series", "register", "general-level", "--alias", "장성급회담", "--end", "KOR"]),
            [json!({
                "kind": "series.registered", "names": ["general-level", "장성급회담"], "ends": ["KOR"],
            })]
        );
        assert_eq!(
            entries(&["series", "suspend", "general-level", "premiers", "--by", "PRK"]),
            [json!({
                "kind": "talks.suspended", "date": "today", "channel": ["general-level", "premiers"],
                "by": ["PRK"],
            })]
        );
    }
}
