//! Promises of how dates are read.

use super::*;
use proptest::prelude::*;

fn typing(mode: Mode) -> Typing {
    // Monday, 23 November 2026, 18:00 in Seoul.
    Typing { now: "2026-11-23T09:00:00.000000Z".parse().unwrap(), zone: "Asia/Seoul".parse().unwrap(), mode }
}

#[track_caller]
fn reads(typed: &str, recorded: &str) {
    let read = typing(Mode::Prompt).date(typed).map(|reading| reading.occurred.to_string());
    assert_eq!(read.as_deref(), Ok(recorded), "{typed}");
}

#[track_caller]
fn refused(typed: &str, says: &[&str]) {
    let error = typing(Mode::Prompt).date(typed).unwrap_err().to_string();
    assert!(says.iter().all(|word| error.contains(word)), "{typed}: {error}");
}

#[test]
fn a_day_is_read_however_people_write_it() {
    for typed in [
        "2025-11-17",
        "2025.11.17",
        "2025. 11. 17.",
        "2025/11/17",
        "2025년 11월 17일",
        "17 Nov 2025",
        "Nov 17, 2025",
        "17 November 2025",
        "２０２５-１１-１７",
        " 2025-11-17 ",
        "20251117",
        "November 17 2025",
    ] {
        reads(typed, "2025-11-17");
    }
    for typed in ["2025-11", "2025.11", "2025년 11월", "Nov 2025", "November 2025"] {
        reads(typed, "2025-11");
    }
    reads("11.23", "2026-11-23");
    reads("11.24", "2025-11-24");
    reads("11월 23일", "2026-11-23");
    reads("25/12/2025", "2025-12-25");
    reads("2025-11-17?", "2025-11-17?");
}

#[test]
fn words_for_days_count_from_now_in_the_zone() {
    for (typed, recorded) in [
        ("today", "2026-11-23"),
        ("오늘", "2026-11-23"),
        ("yesterday", "2026-11-22"),
        ("어제", "2026-11-22"),
        ("그저께", "2026-11-21"),
        ("3 days ago", "2026-11-20"),
        ("3일 전", "2026-11-20"),
        ("in 3 days", "2026-11-26"),
        ("In 2 weeks", "2026-12-07"),
        ("in 1 month", "2026-12-23"),
        ("in 90 minutes", "2026-11-23T19:30:00+09:00"),
        ("3일 후", "2026-11-26"),
        ("2주 뒤", "2026-12-07"),
        ("2 weeks ago", "2026-11-09"),
        ("last Friday", "2026-11-20"),
        ("지난주 월요일", "2026-11-16"),
        ("어제 15:00", "2026-11-22T15:00:00+09:00"),
        ("yesterday 15:00", "2026-11-22T15:00:00+09:00"),
        ("어제 오후 3시", "2026-11-22T15:00:00+09:00"),
        ("오늘 오전 9시 30분", "2026-11-23T09:30:00+09:00"),
        ("09:00", "2026-11-23T09:00:00+09:00"),
        ("now", "2026-11-23T18:00:00+09:00"),
        ("2 hours ago", "2026-11-23T16:00:00+09:00"),
        ("today 3pm", "2026-11-23T15:00:00+09:00"),
        ("just now", "2026-11-23T18:00:00+09:00"),
        ("방금", "2026-11-23T18:00:00+09:00"),
        ("작년", "2025"),
        ("last year", "2025"),
        ("지난달", "2026-10"),
        ("this month", "2026-11"),
    ] {
        reads(typed, recorded);
    }
}

#[test]
fn a_day_may_be_written_with_its_day_of_the_week_and_only_with_its_own() {
    for typed in ["2026. 11. 23.(월)", "2026-11-23 (Mon)", "Mon 23 November 2026", "Monday, 23 Nov 2026"] {
        reads(typed, "2026-11-23");
    }
    reads("2026. 11. 23.(월요일) 15:00", "2026-11-23T15:00:00+09:00");
    refused("2026. 11. 23.(화)", &["23 November 2026 is a Monday"]);
    refused("2026-11 (Mon)", &["no day of the week"]);
    refused("(월)(월)(월)", &["not a date"]);
}

#[test]
fn a_slot_is_read_as_people_type_it() {
    for typed in ["9:00", "09:00", "9시", "오전 9시", "9am", "０９:００"] {
        assert_eq!(slot(typed).unwrap().to_string(), "09:00", "{typed}");
    }
    assert_eq!(slot("오후 5시 30분").unwrap().to_string(), "17:30");
    for wrong in ["", "9", "24:00", "9:00:30", "오늘 9시", "9:00 UTC", "nine"] {
        assert_eq!(slot(wrong), Err(SlotError(wrong.to_owned())));
    }
}

#[test]
fn a_time_without_offset_is_that_of_the_zone() {
    reads("2025-11-17T10:00", "2025-11-17T10:00:00+09:00");
    reads("2025-11-17 10:00", "2025-11-17T10:00:00+09:00");
    reads("2025-11-17 10:00:30", "2025-11-17T10:00:30+09:00");
    reads("2025-11-17 10:00+08:30", "2025-11-17T10:00:00+08:30");
    reads("2025-11-17T10:00Z", "2025-11-17T10:00:00Z");
    reads("2025-11-17 10:00 Europe/Vienna", "2025-11-17T10:00:00+01:00");
    reads("17 Nov 2025 10:00", "2025-11-17T10:00:00+09:00");
}

#[test]
fn what_two_calendars_allow_is_refused_with_both_readings() {
    refused("11/12/2025", &["11 December 2025", "12 November 2025", "2025-12-11", "2025-11-12"]);
    refused("3.4", &["3 April", "4 March"]);
    refused("25.11.17", &["17 November 2025", "25 November 2017"]);
    refused("11/12/25", &["11 December", "12 November"]);
}

#[test]
fn what_does_not_exist_is_refused_with_the_reason() {
    refused("2025-02-30", &["28 days"]);
    refused("2025-13-01", &["month 13"]);
    refused("2023-02-29", &["28 days"]);
    refused("30 Feb 2025", &["28 days"]);
    refused("2024-05-10/2024-05-01", &["does not exist", "lies before its beginning"]);
    refused("1963/1960", &["its end, 1960, lies before its beginning, 1963"]);
    refused("2024-02-31/2024-03-05", &["29 days"]);
    refused("soon", &["not a date", "no date is written so", "2026-11-23"]);
    refused("24:00", &["00:00", "day after"]);
    refused("2026-11-22 24:00", &["00:00", "day after"]);
    refused("오늘 25시", &["23:59"]);
    refused("09:75", &["23:59"]);
    refused("November 2025 10:00", &["not a date"]);
}

#[test]
fn a_time_that_the_clocks_skip_or_show_twice_needs_an_offset() {
    let vienna = Typing { zone: "Europe/Vienna".parse().unwrap(), ..typing(Mode::Prompt) };
    let error = |text: &str| vienna.date(text).unwrap_err().to_string();
    assert!(error("2025-10-26 02:30").contains("+02:00") && error("2025-10-26 02:30").contains("+01:00"));
    assert!(error("2025-03-30 02:30").contains("does not exist"));
}

#[test]
fn in_a_file_nothing_is_guessed() {
    let read = |text: &str| typing(Mode::Import).date(text);
    assert_eq!(read("2025-11-17T10:00:00+09:00").unwrap().occurred.to_string(), "2025-11-17T10:00:00+09:00");
    assert!(read("2025-11").is_ok());
    for (typed, says) in [
        ("yesterday", "at the prompt only"),
        ("in 3 days", "2026-11-26"),
        ("11.23", "at the prompt only"),
        ("2025-11-17T10:00:00", "no offset"),
        ("2025-11-17 10:00", "at the prompt only"),
        ("11/12/2025", "11 December 2025"),
        ("2025-02-30", "28 days"),
        ("1963/1960", "its end, 1960, lies before its beginning, 1963"),
        ("２０２５-11-17", "at the prompt only"),
    ] {
        let error = read(typed).unwrap_err().to_string();
        assert!(error.contains(says), "{typed}: {error}");
    }
}

#[test]
fn a_bare_date_is_a_moment_at_its_end_in_the_zone() {
    let moment = |text: &str| typing(Mode::Prompt).moment(text).unwrap().to_string();
    assert_eq!(moment("2025-11-17"), "2025-11-17T14:59:59.999999Z");
    assert_eq!(moment("2025-11-17T10:00:00+09:00"), "2025-11-17T01:00:00.000000Z");
    assert_eq!(moment("2025"), "2025-12-31T14:59:59.999999Z");
    assert!(typing(Mode::Prompt).moment("2025-01-01/..").is_err());
}

#[test]
fn the_echo_says_the_day_and_both_times() {
    let echo = |text: &str| typing(Mode::Prompt).date(text).unwrap().echo;
    assert_eq!(echo("11.23"), "Mon 23 November 2026");
    assert_eq!(
        echo("2018-01-03 15:00 Asia/Pyongyang"),
        "Wed 3 January 2018, 15:00 (+08:30), 15:30 on 3 January in Asia/Seoul"
    );
}

proptest! {
    #[test]
    fn nothing_that_is_typed_makes_it_panic(text in "[0-9./:월일년전 TZ+a-z-]{0,20}|\\PC{0,20}") {
        let _ = typing(Mode::Prompt).date(&text);
        let _ = typing(Mode::Import).date(&text);
    }
}
