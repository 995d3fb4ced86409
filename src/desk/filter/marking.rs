//! Markings as they are typed.

use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::items::nearest;
use crate::desk::filter::{NONE, Words};
use crate::desk::known::Known;
use crate::domain::marking::Scheme;
use crate::domain::name::fold;

/// Returns what a marking means: a level of the scheme, or one that the log has.
pub(super) fn markings(known: &Known) -> Result<impl Fn(&str) -> Words, DeskError> {
    let mut markings = known.view.markings()?;
    for level in Scheme::tlp().levels {
        if !markings.contains(&level.0) {
            markings.push(level.0);
        }
    }
    Ok(move |typed: &str| {
        if typed.eq_ignore_ascii_case(NONE) {
            return Ok(vec![None]);
        }
        let meant: Vec<Option<String>> =
            markings.iter().filter(|marking| fold(marking) == fold(typed)).cloned().map(Some).collect();
        if meant.is_empty() {
            Err(Fault::in_field("marking", unknown(typed, &markings)).into())
        } else {
            Ok(meant)
        }
    })
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
