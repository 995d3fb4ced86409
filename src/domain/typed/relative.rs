//! Dates told from today: `어제`, `3 days ago`, `last Monday`.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::domain::occurred::Occurred;

/// What words about today mean.
pub(super) enum Relative {
    /// A day.
    Day(NaiveDate),
    /// A month or a year.
    Whole(Occurred),
    /// So many minutes ago, ahead where there are fewer than none.
    Minutes(i64),
    /// This moment.
    Now,
}

/// Reads words that are told from today.
pub(super) fn read(text: &str, today: NaiveDate) -> Option<Relative> {
    let text = text.to_lowercase();
    let day = |ago: u64| today.checked_sub_days(Days::new(ago)).map(Relative::Day);
    match text.as_str() {
        "now" | "just now" | "right now" | "지금" | "방금" => return Some(Relative::Now),
        "today" | "오늘" => return day(0),
        "yesterday" | "어제" => return day(1),
        "day before yesterday" | "the day before yesterday" | "그저께" | "그제" | "엊그제" => {
            return day(2);
        }
        "this year" | "올해" | "금년" => return year(today, 0),
        "last year" | "작년" | "지난해" => return year(today, 1),
        "재작년" => return year(today, 2),
        "this month" | "이번 달" | "이번달" => return month(today, 0),
        "last month" | "지난달" | "지난 달" => return month(today, 1),
        "tomorrow" | "내일" => return today.succ_opt().map(Relative::Day),
        _ => {}
    }
    ago(&text, today).or_else(|| ahead(&text, today)).or_else(|| weekday(&text, today).map(Relative::Day))
}

fn year(today: NaiveDate, ago: i32) -> Option<Relative> {
    format!("{:04}", today.year() - ago).parse().ok().map(Relative::Whole)
}

fn month(today: NaiveDate, ago: u32) -> Option<Relative> {
    let day = today.checked_sub_months(Months::new(ago))?;
    day.format("%Y-%m").to_string().parse().ok().map(Relative::Whole)
}

fn ago(text: &str, today: NaiveDate) -> Option<Relative> {
    let words = text.strip_suffix("ago").or_else(|| text.strip_suffix('전'))?.trim();
    let (amount, unit) = counted(words)?;
    match unit {
        Unit::Minutes(each) => Some(Relative::Minutes(i64::from(amount) * each)),
        Unit::Days(each) => {
            today.checked_sub_days(Days::new(amount.checked_mul(each)?.into())).map(Relative::Day)
        }
        Unit::Months(each) => {
            today.checked_sub_months(Months::new(amount.checked_mul(each)?)).map(Relative::Day)
        }
    }
}

/// Reads what lies ahead: `in 3 days`, `3일 후`.
fn ahead(text: &str, today: NaiveDate) -> Option<Relative> {
    let words =
        text.strip_prefix("in ").or_else(|| text.strip_suffix('후')).or_else(|| text.strip_suffix('뒤'))?;
    let (amount, unit) = counted(words.trim())?;
    let day = |days: u32| today.checked_add_days(Days::new(days.into())).map(Relative::Day);
    let month = |months: u32| today.checked_add_months(Months::new(months)).map(Relative::Day);
    match unit {
        Unit::Minutes(each) => Some(Relative::Minutes(-i64::from(amount) * each)),
        Unit::Days(each) => day(amount.checked_mul(each)?),
        Unit::Months(each) => month(amount.checked_mul(each)?),
    }
}

/// A unit of time: so many minutes, days or months.
enum Unit {
    Minutes(i64),
    Days(u32),
    Months(u32),
}

/// Reads a number and a unit: `3 days`.
fn counted(words: &str) -> Option<(u32, Unit)> {
    let end = words.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, unit) = words.split_at_checked(end)?;
    let unit = match unit.trim() {
        "minute" | "minutes" | "min" | "분" => Unit::Minutes(1),
        "hour" | "hours" | "h" | "시간" => Unit::Minutes(60),
        "day" | "days" | "d" | "일" => Unit::Days(1),
        "week" | "weeks" | "w" | "주" | "주일" => Unit::Days(7),
        "month" | "months" | "달" | "개월" => Unit::Months(1),
        "year" | "years" | "년" => Unit::Months(12),
        _ => return None,
    };
    Some((digits.parse().ok()?, unit))
}

fn weekday(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let monday = today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into()))?;
    if let Some(name) = text.strip_prefix("지난주 ").or_else(|| text.strip_prefix("지난 주 ")) {
        let day = korean_weekday(name)?;
        return monday
            .checked_sub_days(Days::new(7))?
            .checked_add_days(Days::new(day.num_days_from_monday().into()));
    }
    if let Some(name) = text.strip_prefix("이번주 ").or_else(|| text.strip_prefix("이번 주 ")) {
        return monday.checked_add_days(Days::new(korean_weekday(name)?.num_days_from_monday().into()));
    }
    let day: Weekday = text.strip_prefix("last ")?.parse().ok()?;
    let back = (today.weekday().num_days_from_monday() + 7 - day.num_days_from_monday()) % 7;
    today.checked_sub_days(Days::new(if back == 0 { 7 } else { back.into() }))
}

pub(super) fn korean_weekday(name: &str) -> Option<Weekday> {
    let days = ["월", "화", "수", "목", "금", "토", "일"];
    let name = name.strip_suffix("요일").unwrap_or(name);
    let place = days.iter().position(|day| *day == name)?;
    Weekday::try_from(u8::try_from(place).ok()?).ok()
}
