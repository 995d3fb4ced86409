//! Markings as they are typed. An entry that was amended is found by the more restricted of its own marking and that of
//! the amendment by which it reads as it does.

use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::items::nearest;
use crate::desk::filter::{NONE, Words};
use crate::desk::known::Known;
use crate::domain::marking::{Marked, Scheme};
use crate::domain::name::fold;

/// Returns what a marking means: a level of the scheme, or one that the log has.
pub(super) fn markings(known: &Known) -> Result<impl Fn(&str) -> Words, DeskError> {
    let said = said(known)?;
    let mut markings: Vec<String> = Vec::new();
    for level in said.iter().filter_map(|(_, binding)| binding.clone()).chain(levels()) {
        if !markings.contains(&level) {
            markings.push(level);
        }
    }
    Ok(move |typed: &str| {
        if typed.eq_ignore_ascii_case(NONE) {
            let unmarked = said.iter().filter(|(_, binding)| binding.is_none());
            return Ok(std::iter::once(None).chain(unmarked.map(|(word, _)| Some(word.clone()))).collect());
        }
        let is_meant = |marking: &String| fold(marking) == fold(typed);
        if !markings.iter().any(is_meant) {
            return Err(Fault::in_field("marking", unknown(typed, &markings)).into());
        }
        let found = said.iter().filter(|(_, binding)| binding.as_ref().is_some_and(is_meant));
        let found: Vec<Option<String>> = found.map(|(word, _)| Some(word.clone())).collect();
        // Nothing is marked so, which finds nothing.
        Ok(if found.is_empty() { vec![Some(typed.to_owned())] } else { found })
    })
}

fn levels() -> impl Iterator<Item = String> {
    Scheme::tlp().levels.into_iter().map(|level| level.0)
}

/// Returns every word under which the index has markings, with the marking that it comes to.
pub(in crate::desk) fn said(known: &Known) -> Result<Vec<(String, Option<String>)>, DeskError> {
    let (scheme, default) = known.marked_by();
    let binding = |word: String| {
        let marked = Marked::of(&word);
        let binding = scheme.binding(default.as_ref(), marked.own.as_ref(), marked.amendment.as_ref());
        let binding = binding.map(|marking| marking.0.clone());
        (word, binding)
    };
    Ok(known.view.markings()?.into_iter().map(binding).collect())
}

fn unknown(typed: &str, markings: &[String]) -> String {
    // A level is often said without the name of its scheme: amber.
    let level =
        |marking: &str| marking.rsplit(':').next().map(fold).is_some_and(|level| level == fold(typed));
    let near = markings.iter().map(String::as_str).find(|marking| level(marking));
    let near = near.or_else(|| nearest(typed, markings.iter().map(String::as_str)));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let (what, all) = (format!("`{typed}` is no marking{near}"), markings.join(", "));
    if near.is_empty() {
        format!("{what}; there are {all}, and `none` for entries without one")
    } else {
        format!("{what} There are {all}, and `none` for entries without one")
    }
}
