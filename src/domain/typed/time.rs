//! The time of day at the end of what was typed.

use chrono::NaiveTime;

use crate::domain::zone::Zone;

/// A time of day, perhaps with a zone of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    pub(super) time: NaiveTime,
    pub(super) zone: Option<Zone>,
}

/// Splits what was typed into a date and a time of day; the date is empty where there is only a time.
pub(super) fn split(text: &str) -> (String, Option<TimeOfDay>) {
    let spaced = separate(text);
    let mut words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    let zone = words.last().and_then(|word| zone(word));
    if zone.is_some() {
        words.pop();
    }
    let taken = korean(&words).or_else(|| clock(&words));
    match taken {
        Some((time, count)) => {
            words.truncate(words.len() - count);
            (words.join(" "), Some(TimeOfDay { time, zone }))
        }
        None => (text.to_owned(), None),
    }
}

/// Says why a time of the day does not exist.
pub(super) fn impossible(text: &str) -> Option<String> {
    separate(text).split(' ').find_map(|word| {
        let (hour, minute) = match word.split_once('시') {
            Some((hour, rest)) => (hour, rest.trim_end_matches('분')),
            None => word.split_once(':')?,
        };
        let minute = minute.split(':').next().filter(|minute| !minute.is_empty()).unwrap_or("0");
        let number = |digits: &str| {
            let short = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            short.then(|| digits.parse::<u32>().ok()).flatten()
        };
        match (number(hour)?, number(minute)?) {
            (24, 0) => Some("a day ends at 23:59; write 00:00 of the day after".to_owned()),
            (0..=23, 0..=59) => None,
            _ => Some("a time of day is one from 00:00 to 23:59".to_owned()),
        }
    })
}

/// Puts a blank before a time that follows `T` and before an offset that follows a time.
fn separate(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + 2);
    let mut colons = 0;
    let letters: Vec<char> = text.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| letters.get(place));
        let after_digit = before.is_some_and(char::is_ascii_digit);
        let digit_next = letters.get(place + 1).is_some_and(char::is_ascii_digit);
        match letter {
            'T' | 't' if after_digit && digit_next => spaced.push(' '),
            '+' | '-' if colons > 0 && after_digit => {
                spaced.push(' ');
                spaced.push(*letter);
            }
            'Z' | 'z' if colons > 0 && after_digit => spaced.push_str(" Z"),
            _ => spaced.push(*letter),
        }
        colons += usize::from(*letter == ':');
    }
    spaced
}

fn zone(word: &str) -> Option<Zone> {
    let looks_like_one =
        word.starts_with(['+', '-']) || word.contains('/') || matches!(word, "Z" | "UTC" | "GMT");
    let offset = word.strip_prefix(['+', '-']).is_none_or(|digits| digits.contains(':'));
    // A path such as 2025/11/17 is no zone.
    let starts_with_digit = word.starts_with(|letter: char| letter.is_ascii_digit());
    (looks_like_one && offset && !starts_with_digit).then(|| word.parse().ok()).flatten()
}

/// Reads `15:00`, `15:00:30`, `3pm`, `3:30 pm`.
fn clock(words: &[&str]) -> Option<(NaiveTime, usize)> {
    let last = words.last()?.to_ascii_lowercase();
    let (half, clock, count) = match last.as_str() {
        "am" | "pm" => (Some(last.clone()), words.get(words.len().checked_sub(2)?)?.to_ascii_lowercase(), 2),
        _ => match last.strip_suffix("am").or_else(|| last.strip_suffix("pm")) {
            Some(clock) => (Some(last.split_at(clock.len()).1.to_owned()), clock.to_owned(), 1),
            None => (None, last.clone(), 1),
        },
    };
    let mut parts = clock.split(':');
    let number = |part: &str| {
        (part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let hour = number(parts.next()?)?;
    let minute = parts.next().map(number);
    let second = parts.next().map(number);
    if parts.next().is_some() || (minute.is_none() && half.is_none()) {
        return None;
    }
    let hour = match half.as_deref() {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("pm") => hour % 12 + 12,
        Some(_) => hour % 12,
    };
    let time = NaiveTime::from_hms_opt(hour, minute.unwrap_or(Some(0))?, second.unwrap_or(Some(0))?)?;
    Some((time, count))
}

/// Reads `15시`, `오후 3시`, `오전 9시 30분`, `오후 3시 반`.
fn korean(words: &[&str]) -> Option<(NaiveTime, usize)> {
    let mut left = words;
    let mut minute = 0;
    let mut last = left.split_last()?;
    if *last.0 == "반" {
        minute = 30;
        left = last.1;
        last = left.split_last()?;
    } else if let Some(minutes) = last.0.strip_suffix('분').filter(|minutes| !minutes.contains('시')) {
        minute = minutes.parse().ok()?;
        left = last.1;
        last = left.split_last()?;
    }
    let (hours, rest) = last.0.split_once('시')?;
    if let Some(minutes) = rest.strip_suffix('분') {
        minute = minutes.parse().ok()?;
    }
    let mut hour: u32 = hours.parse().ok()?;
    left = last.1;
    match left.last() {
        Some(&"오후") if (1..=12).contains(&hour) => {
            hour = hour % 12 + 12;
            left = left.get(..left.len() - 1)?;
        }
        Some(&"오전") if (1..=12).contains(&hour) => {
            hour %= 12;
            left = left.get(..left.len() - 1)?;
        }
        _ => {}
    }
    Some((NaiveTime::from_hms_opt(hour, minute, 0)?, words.len() - left.len()))
}
