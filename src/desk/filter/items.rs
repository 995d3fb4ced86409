//! Lists as they are typed: items with commas, `!` before those that are left out.

use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::NONE;
use crate::domain::name::slips;
use crate::projections::timeline::Choice;

/// What an item says that stands for entries which name anything at all.
const ANY: &str = "any";

/// The items of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Items<'typed> {
    /// Those of which one suffices.
    pub(crate) any_of: Vec<&'typed str>,
    /// Those that are left out.
    pub(crate) none_of: Vec<&'typed str>,
}

/// Reads a list.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for a list that names nothing, and for an item that is empty.
pub(crate) fn items<'typed>(field: &str, typed: &'typed str) -> Result<Items<'typed>, DeskError> {
    let wrong = |detail: &str| DeskError::from(Fault::in_field(field, detail));
    if typed.split(',').all(|item| item.trim().is_empty()) {
        return Err(wrong("nothing is named; leave it out to ask for all"));
    }
    let mut items = Items { any_of: Vec::new(), none_of: Vec::new() };
    for item in typed.split(',').map(str::trim) {
        match item.strip_prefix('!').map(str::trim) {
            Some("") => return Err(wrong("nothing is named after `!`, which leaves an item out: !media")),
            Some(left_out) => items.none_of.push(left_out),
            None if item.is_empty() => {
                return Err(wrong("an item is empty; write one comma between two items"));
            }
            None => items.any_of.push(item),
        }
    }
    Ok(items)
}

/// Returns what the items of a list mean, all of them in the end.
///
/// # Errors
///
/// As [`items`], and what `meaning` says of an item.
pub(crate) fn named<T>(
    field: &str,
    typed: Option<&str>,
    meaning: impl Fn(&str) -> Result<Vec<T>, DeskError>,
) -> Result<Choice<T>, DeskError> {
    let Some(typed) = typed else { return Ok(Choice::default()) };
    let Items { any_of, none_of } = items(field, typed)?;
    let all = |items: &[&str]| -> Result<Vec<T>, DeskError> {
        let mut things = Vec::new();
        for item in items {
            things.extend(meaning(item)?);
        }
        Ok(things)
    };
    let some = (!any_of.is_empty()).then(|| all(&any_of)).transpose()?;
    Ok(Choice { any_of: some, none_of: all(&none_of)? })
}

/// Reads a list as [`named`] does in which `any` stands for whatever there is, and `none`, alone, for entries that name
/// nothing; `!any` and `!none` are the other of the two.
///
/// # Errors
///
/// As [`named`], and for `none` beside something else.
pub(crate) fn any_or_none<T>(
    field: &str,
    typed: Option<&str>,
    every: impl Fn() -> Vec<T>,
    meaning: impl Fn(&str) -> Result<Vec<T>, DeskError>,
) -> Result<Choice<T>, DeskError> {
    let Some(typed) = typed else { return Ok(Choice::default()) };
    let Items { any_of, none_of } = items(field, typed)?;
    let is_none = |item: &&str| item.eq_ignore_ascii_case(NONE);
    let has_none = any_of.iter().any(is_none);
    if has_none && any_of.len() > 1 {
        let detail = "`none` stands alone among what may be named: it is for entries that name nothing there; ask twice";
        return Err(Fault::in_field(field, detail).into());
    }
    let all = |items: &mut dyn Iterator<Item = &&str>| -> Result<Vec<T>, DeskError> {
        let mut things = Vec::new();
        for item in items {
            things.extend(if item.eq_ignore_ascii_case(ANY) { every() } else { meaning(item)? });
        }
        Ok(things)
    };
    let mut left_out = all(&mut none_of.iter().filter(|item| !is_none(item)))?;
    let some = if has_none {
        left_out.extend(every());
        None
    } else if any_of.is_empty() {
        none_of.iter().any(is_none).then(&every)
    } else {
        Some(all(&mut any_of.iter())?)
    };
    Ok(Choice { any_of: some, none_of: left_out })
}

/// Returns the name that was meant by a word with a slip in it or in other letters; none where none is near.
pub(crate) fn nearest<'name>(word: &str, names: impl Iterator<Item = &'name str>) -> Option<&'name str> {
    let word = word.to_lowercase();
    let nearest = names.filter_map(|name| Some((slips(&word, &name.to_lowercase(), 4)?, name))).min();
    nearest.filter(|(slips, name)| *slips <= name.chars().count() / 2).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_with_a_mark_of_exclamation_is_left_out() {
        let read = items("kind", "call, !call.fault,media ,! incident").unwrap();
        assert_eq!((read.any_of, read.none_of), (vec!["call", "media"], vec!["call.fault", "incident"]));
        for (typed, says) in [
            ("", "nothing is named"),
            (" ,", "nothing is named"),
            ("a,,b", "empty"),
            ("a,", "empty"),
            ("!", "after `!`"),
            ("a,! ", "after `!`"),
        ] {
            let error = items("kind", typed).unwrap_err().to_string();
            assert!(error.starts_with("kind: ") && error.contains(says), "{typed}: {error}");
        }
    }

    #[test]
    fn a_list_of_what_is_left_out_asks_for_all_the_rest() {
        let letters = |item: &str| Ok(item.chars().collect());
        assert_eq!(named("x", None, letters).unwrap(), Choice::default());
        let left_out = Choice { any_of: None, none_of: vec!['a', 'b'] };
        assert_eq!(named("x", Some("!ab"), letters).unwrap(), left_out);
        // What is named and means nothing is not everything.
        assert_eq!(named("x", Some("ab"), |_| Ok(Vec::<u8>::new())).unwrap().any_of, Some(Vec::new()));
    }
}
