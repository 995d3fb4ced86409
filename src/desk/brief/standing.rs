//! Where an offer stands, in sentences, each with the notes on which it rests.

use crate::desk::answer::board::{AnswerRow, DueRow, OvertureRow};
use crate::desk::answer::brief::Sentence;
use crate::desk::brief::grounds::{Grounds, Rests};
use crate::desk::brief::notes::Notes;
use crate::desk::error::DeskError;
use crate::desk::overtures::words::{age, plain};
use crate::domain::words::Basis;

/// Returns where an offer stands, in sentences.
pub(super) fn standing(
    overture: &OvertureRow,
    grounds: &Grounds,
    notes: &mut Notes<'_>,
) -> Result<Vec<Sentence>, DeskError> {
    let mut sentences = Vec::new();
    let mut say = |text: String, rests: &Rests| {
        sentences.push(Sentence { date: None, text, notes: notes.on(rests)? });
        Ok::<_, DeskError>(())
    };
    say(state(overture), &grounds.state)?;
    let nothing = Rests::default();
    for (place, answer) in overture.answers.iter().enumerate() {
        say(answered(answer, overture.removed), grounds.answers.get(place).unwrap_or(&nothing))?;
    }
    if let Some(due) = &overture.due {
        let rests = Rests { derived: due.overdue, ..grounds.due.clone() };
        say(asked_for(overture, due), &rests)?;
    }
    let inferred = if overture.delivery_inferred { " (inferred from an answer)" } else { "" };
    say(format!("Delivery: {}{inferred}.", plain(&overture.delivery)), &grounds.delivery)?;
    let again = match overture.reiterations {
        0 => None,
        1 => Some("once".to_owned()),
        times => Some(format!("{times} times")),
    };
    if let Some(times) = again {
        let which = if overture.reiterations > 1 { "last " } else { "" };
        let last = overture.last_reiterated.as_ref();
        let last = last.map_or_else(String::new, |last| format!(", {which}{}", last.when()));
        say(format!("It was said again {times}{last}."), &grounds.reiterated)?;
    }
    for (place, remark) in overture.remarks.iter().enumerate() {
        say(format!("{}.", capital(remark)), grounds.remarks.get(place).unwrap_or(&nothing))?;
    }
    Ok(sentences)
}

/// Returns by when an answer is or was asked for; what a rule of the house sets is derived.
fn asked_for(overture: &OvertureRow, due: &DueRow) -> String {
    let was = if overture.open { "is" } else { "was" };
    let by_rule =
        [Basis::AgreedChannelRule, Basis::PolicyDefault].iter().any(|basis| due.kind == basis.as_str());
    let derived = if by_rule { "derived: " } else { "" };
    let over = if due.overdue { "; that is over" } else { "" };
    format!("An answer {was} asked for by {} ({derived}{}){over}.", due.words, plain(&due.basis))
}

fn state(overture: &OvertureRow) -> String {
    let mut words = plain(&overture.status);
    if overture.currency != overture.status {
        words = format!("{}, and {words}", plain(&overture.currency));
    }
    let possibly = if overture.possibly { "possibly " } else { "" };
    words = format!("The offer is {possibly}{words}");
    if !overture.basis.is_empty() {
        words = format!("{words}: {}", overture.basis);
    }
    match age(overture) {
        None => words + ".",
        Some(age) => format!("{words}; it is {age} old."),
    }
}

fn answered(answer: &AnswerRow, removed: u64) -> String {
    let party = &answer.party.name;
    if answer.answer == "none" {
        let can = if removed > 0 { "can be read; a text of the thread was removed" } else { "is recorded" };
        // Where nobody found that none came, it follows from there being no entry that says so.
        let derived = if answer.unanswered.is_some() { "" } else { " (derived)" };
        return format!("{party}: no answer {can}{derived}.");
    }
    let mut words = format!("{party}: {}", plain(&answer.answer));
    if let Some(date) = answer.entry.as_ref().and_then(|entry| entry.date.as_ref()) {
        words = format!("{words} {}", date.when());
    }
    let how = [answer.directness.as_deref(), answer.authority.as_deref()];
    let how: Vec<String> = how.into_iter().flatten().map(plain).collect();
    if !how.is_empty() {
        words = format!("{words} ({})", how.join(", "));
    }
    if answer.doubtful {
        words.push_str(", linked to the offer with low confidence");
    }
    match answer.latency_days {
        None => {}
        Some(1) => words.push_str(", 1 day after the offer"),
        Some(days) => words = format!("{words}, {days} days after the offer"),
    }
    if let Some(against) = &answer.late_against {
        words = format!("{words}, late ({against})");
    }
    match &answer.settled {
        None => words + ".",
        Some(settled) => {
            let on = settled.entry.date.as_ref().map_or_else(String::new, |date| format!(" {}", date.when()));
            format!("{words}. The offer was settled through that of {}{on}.", settled.counter.name)
        }
    }
}

/// Returns a text with its first letter as a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
