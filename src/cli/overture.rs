//! `propose`, `respond`, `reiterate`, `overture`: what goes out, what comes back, and what becomes of it.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;

/// What sort of overture it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// A proposal, an offer, an invitation, a request
    #[default]
    Proposed,
    /// Drafted and not yet sent
    Drafted,
    /// A meeting or talks are demanded
    Demanded,
    /// A demand tied to a threat
    Ultimatum,
    /// An appeal to calm a situation down
    Deescalation,
    /// An offer to mediate
    #[value(alias = "mediation_offered")]
    MediationOffered,
}

impl Sort {
    fn kind(self) -> &'static str {
        match self {
            Self::Proposed => "overture.proposed",
            Self::Drafted => "overture.drafted",
            Self::Demanded => "overture.demanded",
            Self::Ultimatum => "overture.ultimatum",
            Self::Deescalation => "overture.deescalation",
            Self::MediationOffered => "overture.mediation_offered",
        }
    }
}

/// The fields of an offer.
#[derive(Debug, Clone)]
struct Offer;

impl Fields for Offer {
    const NAMES: &'static [&'static str] =
        &["terms", "proposed_date", "proposed_place", "lead_time", "deadline", "reply_via", "restores"];
}

/// A new overture.
#[derive(Debug, Args)]
pub(super) struct Propose {
    /// What is offered or asked, in a sentence
    #[arg(value_name = "SUMMARY")]
    sentence: Option<String>,
    /// What sort of overture it is
    #[arg(long = "as", value_name = "SORT", default_value = "proposed")]
    sort: Sort,
    #[command(flatten)]
    fields: Given<Offer>,
    #[command(flatten)]
    submission: Submission,
}

impl Propose {
    /// Records the overture.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let draft = Draft::new(self.fields.entry(self.sort.kind())).today();
        draft.sentence(self.sentence.as_deref())?.send(session, &self.submission)
    }
}

/// What an addressee said or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// Yes
    Accepted,
    /// Yes, with another date or place
    #[value(alias = "accepted_with_changes")]
    AcceptedWithChanges,
    /// Yes, if
    #[value(alias = "accepted_conditionally")]
    AcceptedConditionally,
    /// Something else instead: an overture of its own
    #[value(alias = "counter_proposed")]
    CounterProposed,
    /// No
    Rejected,
    /// No to a plan for a settlement
    #[value(alias = "rejected_plan")]
    RejectedPlan,
    /// Neither yes nor no
    Deflected,
    /// "No comment"
    #[value(alias = "declined_comment")]
    DeclinedComment,
    /// By what was done
    Conduct,
    /// A yes is taken back
    Rescinded,
    /// "Received", "under study", "noted"
    Acknowledged,
    /// What was asked in return was given
    #[value(alias = "condition_met")]
    ConditionMet,
    /// What was asked in return was refused
    #[value(alias = "condition_refused")]
    ConditionRefused,
}

impl Answer {
    fn kind(self) -> &'static str {
        match self {
            Self::Accepted => "response.accepted",
            Self::AcceptedWithChanges => "response.accepted_with_changes",
            Self::AcceptedConditionally => "response.accepted_conditionally",
            Self::CounterProposed => "response.counter_proposed",
            Self::Rejected => "response.rejected",
            Self::RejectedPlan => "response.rejected_plan",
            Self::Deflected => "response.deflected",
            Self::DeclinedComment => "response.declined_comment",
            Self::Conduct => "response.conduct",
            Self::Rescinded => "response.rescinded",
            Self::Acknowledged => "overture.acknowledged",
            Self::ConditionMet => "condition.met",
            Self::ConditionRefused => "condition.refused",
        }
    }
}

/// The fields of an answer.
#[derive(Debug, Clone)]
struct Answering;

impl Fields for Answering {
    const NAMES: &'static [&'static str] = &[
        "directness",
        "scope",
        "conditions",
        "assessed_by",
        "terms",
        "proposed_date",
        "proposed_place",
        "lead_time",
        "deadline",
        "reply_via",
        "restores",
    ];
    const WITHOUT: &'static [&'static str] = &["in_reply_to"];
}

/// An answer to an overture.
#[derive(Debug, Args)]
pub(super) struct Respond {
    /// The overture
    handle: String,
    /// What was answered
    answer: Answer,
    /// What was said, in a sentence
    #[arg(value_name = "SUMMARY")]
    sentence: Option<String>,
    #[command(flatten)]
    fields: Given<Answering>,
    #[command(flatten)]
    submission: Submission,
}

impl Respond {
    /// Records the answer.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let draft = Draft::new(self.fields.entry(self.answer.kind())).today();
        draft
            .with("in_reply_to", Some(self.handle.as_str()))
            .sentence(self.sentence.as_deref())?
            .send(session, &self.submission)
    }
}

/// The fields of a step.
#[derive(Debug, Clone)]
struct Stepping;

impl Fields for Stepping {
    const NAMES: &'static [&'static str] = &["intermediary", "superseded_by", "deadline", "addressees"];
    const WITHOUT: &'static [&'static str] = &["in_reply_to"];
}

/// The proposer says it again on the same terms.
#[derive(Debug, Args)]
pub(super) struct Reiterate {
    /// The overture
    handle: String,
    /// What was said, in a sentence
    #[arg(value_name = "SUMMARY")]
    sentence: Option<String>,
    #[command(flatten)]
    fields: Given<Stepping>,
    #[command(flatten)]
    submission: Submission,
}

impl Reiterate {
    /// Records the reiteration.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let draft = Draft::new(self.fields.entry("overture.reiterated")).today();
        draft
            .with("in_reply_to", Some(self.handle.as_str()))
            .sentence(self.sentence.as_deref())?
            .send(session, &self.submission)
    }
}

/// What becomes of an overture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// A draft goes out
    Issued,
    /// An intermediary passes it on
    Conveyed,
    /// It is tendered to the addressee
    Delivered,
    /// The addressee has it
    ReceiptConfirmed,
    /// The addressee will not take it
    ReceiptRefused,
    /// Nobody knows whether the addressee took it
    ReceiptUnclear,
    /// The proposer gives more time
    Extended,
    /// Someone who is not the proposer presses for an answer
    Urged,
    /// Its time has passed
    Lapsed,
    /// The proposer takes it back
    Withdrawn,
    /// Another offer takes its place
    Superseded,
    /// Its subject, or a party to it, is no more
    Moot,
}

impl Step {
    fn kind(self) -> &'static str {
        match self {
            Self::Issued => "overture.issued",
            Self::Conveyed => "overture.conveyed",
            Self::Delivered => "overture.delivered",
            Self::ReceiptConfirmed => "overture.receipt_confirmed",
            Self::ReceiptRefused => "overture.receipt_refused",
            Self::ReceiptUnclear => "overture.receipt_unclear",
            Self::Extended => "overture.extended",
            Self::Urged => "overture.urged",
            Self::Lapsed => "overture.lapsed",
            Self::Withdrawn => "overture.withdrawn",
            Self::Superseded => "overture.superseded",
            Self::Moot => "overture.moot",
        }
    }
}

/// A step of one overture or several.
#[derive(Debug, Args)]
pub(super) struct Overture {
    /// What became of it
    step: Step,
    /// The overture; several for one statement about many
    #[arg(required = true)]
    handles: Vec<String>,
    #[command(flatten)]
    fields: Given<Stepping>,
    #[command(flatten)]
    submission: Submission,
}

impl Overture {
    /// Records the step.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let draft = Draft::new(self.fields.entry(self.step.kind())).today();
        draft.with("in_reply_to", Some(json!(self.handles))).send(session, &self.submission)
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{entries, usage};
    use serde_json::json;

    #[test]
    fn an_overture_names_what_is_offered_by_whom_to_whom() {
        assert_eq!(
            entries(&[
                "propose",
                "military talks on the line",
                "--from",
                "KOR/mnd",
                "--to",
                "PRK",
                "--via",
                "media",
                "--date",
                "2025-11-17",
                "--source",
                "briefing",
            ]),
            [json!({
                "kind": "overture.proposed", "summary": "military talks on the line", "from": ["KOR/mnd"],
                "to": ["PRK"], "via": ["media"], "date": "2025-11-17", "source": ["briefing"],
            })]
        );
    }

    #[test]
    fn an_answer_may_offer_something_else() {
        assert_eq!(
            entries(&[
                "respond",
                "ik-072",
                "counter-proposed",
                "--proposed-date",
                "2011-02-11",
                "--from",
                "PRK"
            ]),
            [json!({
                "kind": "response.counter_proposed", "date": "today", "in_reply_to": "ik-072",
                "from": ["PRK"], "proposed_date": "2011-02-11",
            })]
        );
        assert_eq!(usage(&["respond", "ik-072", "perhaps"]), 2);
    }

    #[test]
    fn one_step_may_concern_many_overtures() {
        assert_eq!(
            entries(&["overture", "moot", "ik-071", "ik-072", "--summary", "The committee was dissolved"]),
            [json!({
                "kind": "overture.moot", "date": "today", "in_reply_to": ["ik-071", "ik-072"],
                "summary": "The committee was dissolved",
            })]
        );
        assert_eq!(
            entries(&["reiterate", "ik-147", "--from", "KOR"]),
            [
                json!({"kind": "overture.reiterated", "date": "today", "in_reply_to": "ik-147", "from": ["KOR"]})
            ]
        );
    }
}
