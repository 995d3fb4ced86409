//! What an entry did to an overture, in words.

use crate::desk::error::DeskError;
use crate::desk::overtures::said::manner;
use crate::desk::overtures::words::{Words, plain};
use crate::domain::fact::Kind;
use crate::domain::link::Relation;
use crate::domain::overture::Settled;
use crate::domain::overture::answer::Said;
use crate::domain::overture::currency::Currency;
use crate::domain::overture::effect::Effect;

/// Returns what an entry did to the overture, in words.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn effect_words(
    words: &Words<'_>,
    effect: &Effect,
    kind: Option<Kind>,
) -> Result<String, DeskError> {
    Ok(match effect {
        Effect::Issued => "issued".to_owned(),
        Effect::Drafted => "drafted".to_owned(),
        Effect::Step(delivery) => plain(delivery.as_str()),
        Effect::Answers { said, state, directness, authority, late, counter } => {
            let what = match (said, kind) {
                (_, Some(Kind::ResponseDeclinedComment)) => "no comment, deflected".to_owned(),
                (Said::AcceptedWithChanges, _) => "accepted with changes, countered".to_owned(),
                (Said::Rescinded, _) => "yes taken back, rejected".to_owned(),
                (Said::ConditionMet, _) => "condition met, accepted".to_owned(),
                (Said::ConditionRefused, _) => "condition refused, countered".to_owned(),
                _ => state.to_string(),
            };
            let offer = counter.map_or("", |_| ", an offer of its own");
            let late = words.late(late.as_ref())?;
            format!("answers: {what}{}{offer}{late}", manner(*directness, *authority))
        }
        Effect::Conduct => "conduct, beside the words".to_owned(),
        Effect::Fulfilment => "fulfils its own offer, no answer".to_owned(),
        Effect::Reiterated(time) => format!("reiterates ({})", ordinal(*time)),
        Effect::Revised(version) => format!("revises (version {version})"),
        Effect::Extended => "gives more time".to_owned(),
        Effect::Urged => "urges, no effect".to_owned(),
        Effect::Ends(Currency::Realised) => "realises".to_owned(),
        Effect::Ends(Currency::Lapsed) => "lapses".to_owned(),
        Effect::Ends(Currency::Withdrawn) => "withdraws".to_owned(),
        Effect::Ends(Currency::Superseded) => "superseded".to_owned(),
        Effect::Ends(Currency::Moot) => "moot".to_owned(),
        Effect::Ends(Currency::Standing) => "stands".to_owned(),
        Effect::Settles(Settled::Accepted) => "settles it: the counter-proposal was accepted".to_owned(),
        Effect::Settles(Settled::Realised) => "settles it: the counter-proposal came about".to_owned(),
        Effect::Finding(basis) => format!("finding of silence ({})", plain(basis.as_str())),
        Effect::Meeting => "about the meeting".to_owned(),
        Effect::NotAddressee => "answer by another than the addressee, no effect".to_owned(),
        Effect::NotProposer => "by another than the proposer, no effect".to_owned(),
        Effect::Misfit => "no rule allows it here, no effect".to_owned(),
        Effect::Redacted => "text removed, no effect".to_owned(),
        Effect::Beside(Some(relation)) => format!("{}, no effect", relation_words(*relation)),
        Effect::Beside(None) => "beside the thread, no effect".to_owned(),
    })
}

/// Returns a relation as the verb of the entry that has it.
pub(crate) fn relation_words(relation: Relation) -> &'static str {
    match relation {
        Relation::Answers => "linked as an answer, and says neither yes nor no",
        Relation::Counters => "counters",
        Relation::Reiterates => "reiterates",
        Relation::Revises => "revises",
        Relation::Supersedes => "supersedes",
        Relation::Anticipates => "anticipates",
        Relation::Realises => "realises",
        Relation::Concerns => "concerns it",
        Relation::PartOf => "part of it",
        Relation::Replaces => "replaces",
        Relation::Contradicts => "contradicts",
        Relation::Corroborates => "corroborates",
        Relation::Corrects => "corrects",
        Relation::Duplicates => "duplicates",
        Relation::Before => "before it",
        Relation::After => "after it",
    }
}

/// Returns what an entry is to another by its link, after the name of the entry: `counters it`.
pub(crate) fn relation_to_it(relation: Relation) -> &'static str {
    match relation {
        Relation::Answers => "answers it",
        Relation::Counters => "counters it",
        Relation::Reiterates => "reiterates it",
        Relation::Revises => "revises it",
        Relation::Supersedes => "supersedes it",
        Relation::Anticipates => "anticipates it",
        Relation::Realises => "realises it",
        Relation::Concerns => "concerns it",
        Relation::PartOf => "is part of it",
        Relation::Replaces => "replaces it",
        Relation::Contradicts => "contradicts it",
        Relation::Corroborates => "corroborates it",
        Relation::Corrects => "corrects it",
        Relation::Duplicates => "duplicates it",
        Relation::Before => "comes before it",
        Relation::After => "comes after it",
    }
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
