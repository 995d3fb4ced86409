//! A date for people, in English.

use chrono::{Datelike, NaiveDate};
use edtf_core::{Date, Edtf, IntervalEndpoint, SetElement, SetKind};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Returns the words for a date; the date itself where it says more than there are words for.
pub(super) fn words(text: &str) -> String {
    if let Some(day) = super::plain_day(text) {
        return day_words(day);
    }
    if let Some(instant) = super::instant(text) {
        return format!("{}, {}", day_words(instant.date_naive()), instant.format("%H:%M (%:z)"));
    }
    match Edtf::parse(text) {
        Ok(Edtf::Date(date)) => date_words(&date, text),
        Ok(Edtf::Interval(interval)) => {
            interval_words(&interval.start, &interval.end, text).unwrap_or_else(|| text.to_owned())
        }
        Ok(Edtf::Set(set)) => set_words(set.kind == SetKind::OneMember, &set.elements, text),
        _ => text.to_owned(),
    }
}

/// Returns the words for a date behind those for what happened then.
pub(super) fn when(text: &str) -> String {
    const SAY_SO: [&str; 7] = ["about ", "between ", "on or ", "since ", "until ", "from ", "every "];
    let words = words(text);
    if SAY_SO.iter().any(|word| words.starts_with(word)) {
        return words;
    }
    let first = text.trim_start_matches(['[', '{', '/']).split(['/', ',', '.']).next().unwrap_or(text);
    // A year may be before our era.
    let names_a_day = first.trim_start_matches('-').matches('-').count() > 1;
    if names_a_day { format!("on {words}") } else { format!("in {words}") }
}

fn day_words(day: NaiveDate) -> String {
    format!("{} {} {:04}", day.day(), month(day.month()), day.year())
}

fn month(number: u32) -> &'static str {
    MONTHS.get(number.wrapping_sub(1) as usize).copied().unwrap_or("month")
}

fn date_words(date: &Date, text: &str) -> String {
    let Some(year) = date.year.value() else { return unspecified(date, text) };
    // The year 0000 is written as such: `0` is no year to anyone.
    let year = if year < 0 { year.to_string() } else { format!("{year:04}") };
    let field = |field: Option<edtf_core::DateField>| field.map(edtf_core::DateField::value);
    let plain = match (field(date.month), field(date.day)) {
        (None, _) => year,
        (Some(Some(number @ 1..=12)), None) => format!("{} {year}", month(number.into())),
        (Some(Some(number @ 1..=12)), Some(None)) => format!("a day in {} {year}", month(number.into())),
        (Some(Some(number @ 1..=12)), Some(Some(day))) => format!("{day} {} {year}", month(number.into())),
        (Some(Some(season @ 21..=24)), None) => {
            let name = ["spring", "summer", "autumn", "winter"].get(usize::from(season) - 21).copied();
            format!("{} {year}", name.unwrap_or("season"))
        }
        (Some(None), None) => format!("a month in {year}"),
        (Some(None), Some(_)) => format!("a day in {year}"),
        _ => return text.to_owned(),
    };
    match (date.is_approximate(), date.is_uncertain()) {
        (true, true) => format!("about {plain} (uncertain)"),
        (true, false) => format!("about {plain}"),
        (false, true) => format!("{plain} (uncertain)"),
        (false, false) => plain,
    }
}

fn unspecified(date: &Date, text: &str) -> String {
    match (text.strip_suffix('X'), date.month) {
        (Some(decade), None) if !decade.ends_with('X') => format!("the {decade}0s"),
        _ => text.to_owned(),
    }
}

fn interval_words(start: &IntervalEndpoint, end: &IntervalEndpoint, text: &str) -> Option<String> {
    let (first, last) = text.split_once('/')?;
    if let (Some(from), Some(to)) = (super::plain_day(first), super::plain_day(last)) {
        return Some(if (from.year(), from.month()) == (to.year(), to.month()) {
            format!("{}–{} {} {}", from.day(), to.day(), month(to.month()), to.year())
        } else if from.year() == to.year() {
            format!("{} {} – {}", from.day(), month(from.month()), day_words(to))
        } else {
            format!("{} – {}", day_words(from), day_words(to))
        });
    }
    Some(match (start, end) {
        (IntervalEndpoint::Open, _) => format!("until {}", words(last)),
        (IntervalEndpoint::Unknown, _) => format!("from an unknown date until {}", words(last)),
        (_, IntervalEndpoint::Open) => format!("since {}", words(first)),
        (_, IntervalEndpoint::Unknown) => format!("from {} until an unknown date", words(first)),
        _ => format!("{} – {}", words(first), words(last)),
    })
}

fn set_words(one: bool, elements: &[SetElement], text: &str) -> String {
    let inner = text.trim_start_matches(['[', '{']).trim_end_matches([']', '}']);
    if let ([_], Some((from, to))) = (elements, inner.split_once("..")) {
        return match (from.is_empty(), to.is_empty()) {
            (true, _) => format!("on or before {}", words(to)),
            (_, true) => format!("on or after {}", words(from)),
            _ if one => format!("between {} and {}", words(from), words(to)),
            _ => format!("every day from {} to {}", words(from), words(to)),
        };
    }
    let dates: Vec<String> = inner.split(',').map(|date| words(date.trim())).collect();
    dates.join(if one { " or " } else { " and " })
}

#[cfg(test)]
mod tests {
    use super::{when, words};

    #[test]
    fn a_date_reads_as_people_say_it() {
        for (date, says) in [
            ("2025-11-17", "17 November 2025"),
            ("2025-11", "November 2025"),
            ("1972", "1972"),
            ("1972~", "about 1972"),
            ("197X", "the 1970s"),
            ("1976-08-30?", "30 August 1976 (uncertain)"),
            ("1972-03-28/1972-03-31", "28–31 March 1972"),
            ("1984-09-29/1984-10-04", "29 September – 4 October 1984"),
            ("2004-07/2004-10-06", "July 2004 – 6 October 2004"),
            ("2023-04-07/..", "since 7 April 2023"),
            ("[1976-08-30..1976-08-31]", "between 30 August 1976 and 31 August 1976"),
            ("[1667,1668]", "1667 or 1668"),
            ("2025-11-XX", "a day in November 2025"),
            ("2018-01-03T15:30:00+09:00", "3 January 2018, 15:30 (+09:00)"),
        ] {
            assert_eq!(words(date), says);
        }
    }

    #[test]
    fn what_happened_then_reads_as_people_say_it() {
        for (date, says) in [
            ("2025-11-17", "on 17 November 2025"),
            ("2018-01-03T15:30:00+09:00", "on 3 January 2018, 15:30 (+09:00)"),
            ("2025-11", "in November 2025"),
            ("1972", "in 1972"),
            ("-0044-03", "in March -44"),
            ("197X", "in the 1970s"),
            ("2025-21", "in spring 2025"),
            ("2025-11-XX", "on a day in November 2025"),
            ("1972~", "about 1972"),
            ("1972-03-28/1972-03-31", "on 28–31 March 1972"),
            ("2004-07/2004-10-06", "in July 2004 – 6 October 2004"),
            ("2023-04-07/..", "since 7 April 2023"),
            ("[2025-05-01..2025-05-03]", "between 1 May 2025 and 3 May 2025"),
            ("[..1964]", "on or before 1964"),
            ("[1667,1668]", "in 1667 or 1668"),
            ("[2025-05-01,2025-05-03]", "on 1 May 2025 or 3 May 2025"),
        ] {
            assert_eq!(when(date), says);
        }
    }
}
