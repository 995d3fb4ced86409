//! Kinds of entries and families of them, as they are typed.

use crate::desk::ask::FilterAsk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::items::{named, nearest};
use crate::domain::fact::Kind;
use crate::projections::timeline::Choice;

/// Returns the kinds that are meant.
///
/// Registrations and corrections are among them where they are named: by themselves, or as a family that has nothing
/// else. Of a family that has both, only what says something of the world is meant, unless `bookkeeping` asks for more.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no kind and no family.
pub(super) fn kinds(ask: &FilterAsk) -> Result<Choice<Kind>, DeskError> {
    let meant = |word: &str| {
        let kinds = of(word)?;
        let is_one = kinds.len() == 1;
        let of_the_world: Vec<Kind> = kinds.iter().copied().filter(|kind| !kind.is_bookkeeping()).collect();
        let all = ask.bookkeeping || is_one || of_the_world.is_empty();
        Ok(if all { kinds } else { of_the_world })
    };
    let Choice { any_of, .. } = named("kind", ask.kind.as_deref(), meant)?;
    // What is left out is left out with all of its family.
    let Choice { none_of, .. } = named("kind", ask.kind.as_deref(), of)?;
    Ok(Choice { any_of, none_of })
}

/// Tells whether kinds are named that keep the record: then they are asked for.
pub(super) fn names_bookkeeping(kinds: &Choice<Kind>) -> bool {
    kinds.any_of.iter().flatten().any(|kind| kind.is_bookkeeping())
}

/// Returns the kinds that a kind or a family names.
fn of(word: &str) -> Result<Vec<Kind>, DeskError> {
    if let Ok(kind) = word.parse::<Kind>() {
        return Ok(vec![kind]);
    }
    let family = word.strip_suffix(".*").unwrap_or(word);
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.family() == family).collect();
    if kinds.is_empty() { Err(Fault::in_field("kind", unknown(word)).into()) } else { Ok(kinds) }
}

fn unknown(word: &str) -> String {
    let mut families: Vec<&str> = Kind::ALL.iter().map(|kind| kind.family()).collect();
    families.dedup();
    if let Some(near) =
        nearest(word, Kind::ALL.iter().map(|kind| kind.as_str()).chain(families.iter().copied()))
    {
        return format!("`{word}` is no kind of event and no family of kinds; did you mean `{near}`?");
    }
    families.sort_unstable();
    families.dedup();
    format!("`{word}` is no kind of event; the families of kinds are {}", families.join(", "))
}
