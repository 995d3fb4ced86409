//! Why no calendar has what is written as a date.

use chrono::{Datelike, NaiveDate};

use crate::domain::occurred::Occurred;
use crate::domain::occurred::words::MONTHS;
use crate::domain::zone::Zone;

/// Says why a date, an interval or a set does not exist, where the form of it is one: a day that its month does not
/// have, an end before the beginning.
pub(super) fn why(text: &str) -> Option<String> {
    let set = text.strip_prefix(['[', '{']).and_then(|rest| rest.strip_suffix([']', '}']));
    let (parts, between): (Vec<&str>, _) =
        set.map_or_else(|| (vec![text], "/"), |listed| (listed.split(',').collect(), ".."));
    parts.into_iter().find_map(|part| of_part(part.trim(), between))
}

fn of_part(part: &str, between: &str) -> Option<String> {
    let Some((from, to)) = part.split_once(between) else { return of_date(part) };
    of_date(from).or_else(|| of_date(to)).or_else(|| {
        let bounds = |end: &str| end.parse::<Occurred>().ok().map(|end| end.bounds(&Zone::default()));
        let is_reversed = bounds(from)?.0 > bounds(to)?.1;
        is_reversed.then(|| format!("its end, {to}, lies before its beginning, {from}"))
    })
}

/// Says why a date in ISO form does not exist.
pub(in crate::domain) fn of_date(text: &str) -> Option<String> {
    let mut parts = text.trim_end_matches(['?', '~', '%']).split(['-', 'T', ' ']);
    let number = |part: Option<&str>, digits: usize| {
        part.filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?
            .parse()
            .ok()
    };
    let (year, month) = (number(parts.next(), 4)?, number(parts.next(), 2)?);
    match parts.next() {
        // From 21 on a number is that of a season, or of a half or a quarter.
        None => (!(1..=12).contains(&month) && month < 21).then(|| format!("there is no month {month}")),
        day => of_day(year, month, number(day, 2)?),
    }
}

/// Says why a day of a month does not exist; nothing where it does.
pub(crate) fn of_day(year: u32, month: u32, day: u32) -> Option<String> {
    let month_starts = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, 1);
    let Some(days) = month_starts.map(|first| u32::from(first.num_days_in_month())) else {
        return Some(format!("there is no month {month}"));
    };
    let name =
        month_starts.and_then(|first| MONTHS.get(first.month0() as usize)).copied().unwrap_or_default();
    (day == 0 || day > days).then(|| format!("{name} {year} has {days} days"))
}
