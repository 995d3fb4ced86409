//! What became of entries since they were recorded, as it is asked for.

use crate::desk::ask::FilterAsk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::items::{Items, items, nearest};
use crate::projections::timeline::{Became, Struck, TimelineQuery};

/// What is asked for by name, and what each name means.
const STATUSES: [(&str, Became); 3] =
    [("struck", Became::Struck), ("amended", Became::Amended), ("redacted", Became::Redacted)];

/// The name for entries of any status.
const ALL: &str = "all";

/// Sets which entries are shown by what became of them since.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no status, and for a list that leaves out everything.
pub(super) fn status(ask: &FilterAsk, query: &mut TimelineQuery) -> Result<(), DeskError> {
    let Some(typed) = ask.status.as_deref() else { return Ok(()) };
    let wrong = |detail: String| DeskError::from(Fault::in_field("status", detail));
    let Items { any_of, none_of } = items("status", typed)?;
    if none_of.iter().any(|item| item.eq_ignore_ascii_case(ALL)) {
        return Err(wrong(
            "`!all` leaves out every entry; without a status only struck ones are left out".to_owned(),
        ));
    }
    let became = |item: &&str| {
        let status = STATUSES.iter().find(|(name, _)| item.eq_ignore_ascii_case(name));
        status.map(|(_, became)| *became).ok_or_else(|| wrong(unknown(item)))
    };
    let all = any_of.iter().any(|item| item.eq_ignore_ascii_case(ALL));
    let named = any_of.iter().filter(|item| !item.eq_ignore_ascii_case(ALL)).map(became);
    let named: Vec<Became> = named.collect::<Result<_, _>>()?;
    query.became.none_of = none_of.iter().map(became).collect::<Result<_, _>>()?;
    if all || named.iter().any(|became| matches!(became, Became::Struck | Became::Redacted)) {
        query.struck = Struck::Show;
    }
    // A text that was removed no longer says whether it kept the record.
    query.bookkeeping |= named.contains(&Became::Redacted);
    query.became.any_of = (!all && !named.is_empty()).then_some(named);
    Ok(())
}

fn unknown(item: &str) -> String {
    let names = STATUSES.iter().map(|(name, _)| *name).chain([ALL]);
    match nearest(item, names) {
        Some(near) => format!("`{item}` is no status of an entry; did you mean `{near}`?"),
        None => format!("`{item}` is no status of an entry; write struck, amended, redacted or all"),
    }
}
