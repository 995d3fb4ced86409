//! What an answer is called, and how it came.

use crate::desk::overtures::words::plain;
use crate::domain::overture::answer::{AnswerState, Said};
use crate::domain::words::{Directness, IssuerLevel};

/// Returns ` (public, ministry)`, or nothing where neither is known.
pub(super) fn manner(directness: Option<Directness>, authority: Option<IssuerLevel>) -> String {
    let words = [directness.map(Directness::as_str), authority.map(IssuerLevel::as_str)];
    let words: Vec<String> = words.into_iter().flatten().map(plain).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// Returns what was said as a verb.
pub(super) fn said(said: Option<Said>, state: AnswerState) -> &'static str {
    match (said, state) {
        (Some(Said::AcceptedWithChanges), _) => "accepted with changes",
        (Some(Said::Rescinded), _) => "took its yes back",
        (Some(Said::ConditionMet), _) => "accepted, its condition met",
        (Some(Said::ConditionRefused), _) => "was refused its condition",
        (_, AnswerState::None) => "did not answer",
        (_, AnswerState::Acknowledged) => "acknowledged",
        (_, AnswerState::Deflected) => "deflected",
        (_, AnswerState::Conditional) => "accepted conditionally",
        (_, AnswerState::Countered) => "countered",
        (_, AnswerState::Accepted) => "accepted",
        (_, AnswerState::Rejected) => "rejected",
    }
}

/// Returns `public rejection`.
pub(super) fn noun(directness: Directness, answer: AnswerState) -> String {
    let how = match directness {
        Directness::Direct => "direct",
        Directness::ViaIntermediary => "conveyed",
        Directness::Public => "public",
        Directness::Conduct => "practical",
    };
    let what = match answer {
        AnswerState::None => "silence",
        AnswerState::Acknowledged => "acknowledgement",
        AnswerState::Deflected => "deflection",
        AnswerState::Conditional => "conditional acceptance",
        AnswerState::Countered => "counter-proposal",
        AnswerState::Accepted => "acceptance",
        AnswerState::Rejected => "rejection",
    };
    format!("{how} {what}")
}
