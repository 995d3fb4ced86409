//! Dates as people write them in tables.

use super::*;

#[track_caller]
fn reads(formats: &[&str], text: &str, edtf: &str) {
    let formats: Vec<String> = formats.iter().map(|format| (*format).to_owned()).collect();
    for format in &formats {
        check(format).unwrap();
    }
    let read = Formats::of(&formats, "Asia/Seoul".parse().ok()).read(text).unwrap();
    assert_eq!(read.edtf, edtf, "{text}");
    edtf.parse::<Occurred>().unwrap();
}

#[track_caller]
fn refuses(formats: &[&str], text: &str, says: &str) {
    let formats: Vec<String> = formats.iter().map(|format| (*format).to_owned()).collect();
    let error = Formats::of(&formats, None).read(text).unwrap_err();
    assert!(error.contains(says), "{text}: {error}");
}

#[test]
fn dates_are_read_in_the_ways_that_are_named() {
    reads(&["%d/%m/%Y"], "05/06/1990", "1990-06-05");
    reads(&["%m/%d/%Y"], "05/06/1990", "1990-05-06");
    reads(&["%d.%m.%y"], "5.6.90", "1990-06-05");
    reads(&["%Y년 %m월 %d일"], "1990년 6월 5일", "1990-06-05");
    reads(&["%B %Y"], "June 1990", "1990-06");
    reads(&["words"], "5 June 1990", "1990-06-05");
    reads(&["words"], "June 5, 1990", "1990-06-05");
    reads(&["words"], "Jun 1990", "1990-06");
    reads(&["%d/%m/%Y %H:%M"], "05/06/1990 09:30", "1990-06-05T09:30:00+09:00");
    reads(&["%Y-%m-%d %H:%M %z"], "1990-06-05 09:30 +0830", "1990-06-05T09:30:00+08:30");
    reads(&["years"], "1950", "1950");
    reads(&["years"], "1950-1953", "1950/1953");
    reads(&["years"], "1950–53", "1950/1953");
    reads(&["years"], "1950-present", "1950/..");
    reads(&["about"], "about 1950", "1950~");
    reads(&["about"], "c. 1950", "1950~");
    reads(&["about", "words"], "circa June 1950", "1950-06~");
    reads(&["about"], "by 1950", "[..1950]");
    reads(&["about"], "1950s", "195X");
    reads(&["about"], "1950?", "1950?");
    reads(&["range", "words"], "5 June 1990 - 7 June 1990", "1990-06-05/1990-06-07");
    reads(&["range"], "1950-1953", "1950/1953");
    reads(&["about"], "early 1950", "1950");
    reads(&["about"], "Spring 1950", "1950-21");
    reads(&["words"], "1990년 6월 5일", "1990-06-05");
    reads(&["words"], "1990년 6월", "1990-06");
    reads(&["%Y. %m. %d."], "1990. 6. 5.", "1990-06-05");
    reads(&["%Y년 %m월 %d일 %p %I:%M"], "1990년 6월 5일 오후 5:30", "1990-06-05T17:30:00+09:00");
    reads(&["%m/%d/%Y %I:%M %p"], "06/05/1990 9:30 am", "1990-06-05T09:30:00+09:00");
    reads(&["excel"], "33029", "1990-06-05");
    reads(&["excel"], "59", "1900-02-28");
    reads(&["edtf"], "1990-06?", "1990-06?");
    reads(&[], "1990", "1990");
}

#[test]
fn what_was_before_a_date_or_after_it_was_not_then() {
    for (text, edtf) in [
        ("before 1963", "[..1962]"),
        ("before 5 May 1960", "[..1960-05-04]"),
        ("before 1 January 1960", "[..1959-12-31]"),
        ("before January 1960", "[..1959-12]"),
        ("after 1962", "[1963..]"),
        ("After May 1960", "[1960-06..]"),
        ("after December 1960", "[1961-01..]"),
        ("after 28 February 1960", "[1960-02-29..]"),
        ("by 5 May 1960", "[..1960-05-05]"),
        ("since 5 May 1960", "1960-05-05/.."),
        ("until 5 May 1960", "../1960-05-05"),
    ] {
        reads(&["about", "words"], text, edtf);
    }
    for text in ["before 1960-21", "after 9999", "before 0000", "before 31 February 1960"] {
        refuses(&["about", "words", "edtf"], text, "");
    }
}

#[test]
fn of_a_range_one_end_takes_from_the_other_what_both_have() {
    for (text, edtf) in [
        ("3-5 May 1960", "1960-05-03/1960-05-05"),
        ("3–5 May 1960", "1960-05-03/1960-05-05"),
        ("30 April - 2 May 1960", "1960-04-30/1960-05-02"),
        ("May–June 1960", "1960-05/1960-06"),
        ("May 3-5, 1960", "1960-05-03/1960-05-05"),
        ("30 December 1959 to 2 January 1960", "1959-12-30/1960-01-02"),
    ] {
        reads(&["range", "words"], text, edtf);
    }
    refuses(
        &["range", "words"],
        "5-3 May 1960",
        "its end, 1960-05-03, lies before its beginning, 1960-05-05",
    );
    refuses(&["range"], "1963 to 1960", "`1963 to 1960` does not exist: its end, 1960, lies before");
    refuses(&["range", "words"], "30-31 June 1960", "`31 June 1960` does not exist: June 1960 has 30 days");
    // In short only where it is no month.
    reads(&["range", "edtf"], "1941-45", "1941/1945");
    reads(&["range", "edtf"], "2010-11", "2010-11");
    for text in ["1941-40", "1901-12", "1941-5"] {
        refuses(&["range"], text, "is not written as range");
    }
    refuses(&["range", "words"], "3-May 1960", "is not written as");
    reads(&["about"], "between 1960 and 1963", "[1960..1963]");
    reads(&["about", "words"], "between 3 May 1960 and 5 June 1960", "[1960-05-03..1960-06-05]");
    reads(&["about", "words"], "1972년경", "1972~");
    refuses(&["about"], "between 1963 and 1960", "its end, 1960, lies before its beginning, 1963");
}

#[test]
fn months_in_short_ordinals_and_times_of_day_are_words_too() {
    for (text, edtf) in [
        ("Sept. 1960", "1960-09"),
        ("Sept 1960", "1960-09"),
        ("5 Sept. 1960", "1960-09-05"),
        ("Feb. 3, 1960", "1960-02-03"),
        ("5th May 1960", "1960-05-05"),
        ("May 22nd, 1960", "1960-05-22"),
        ("11th Dec. 1960", "1960-12-11"),
        ("5 May 1990 15:30", "1990-05-05T15:30:00+09:00"),
        ("May 5th, 1990, 9:05", "1990-05-05T09:05:00+09:00"),
        ("1990년 5월 5일 15:30", "1990-05-05T15:30:00+09:00"),
    ] {
        reads(&["words"], text, edtf);
    }
    reads(&["words", "range"], "3rd - 5th Sept. 1960", "1960-09-03/1960-09-05");
    reads(&["words", "about"], "c. Sept. 1960", "1960-09~");
    for text in ["5rd May 1960", "21th May 1960", "May 1960 15:30", "5 May 1960 25:30", "5 Ma. 1960"] {
        refuses(&["words"], text, "is not written as words");
    }
    refuses(&["words"], "5 May 1960 15:30", "has a time of day and no offset");
}

#[test]
fn parts_of_a_year_or_a_decade_that_mean_one_thing_are_read() {
    for (text, edtf) in [
        ("Q1 1960", "[1960-01..1960-03]"),
        ("q4/1960", "[1960-10..1960-12]"),
        ("1960 Q2", "[1960-04..1960-06]"),
        ("3Q1960", "[1960-07..1960-09]"),
        ("first quarter of 1960", "[1960-01..1960-03]"),
        ("1960년 2분기", "[1960-04..1960-06]"),
        ("1/1960", "1960-01"),
        ("12/1960", "1960-12"),
    ] {
        reads(&["words"], text, edtf);
    }
    reads(&["range", "words"], "1/1960 - 3/1960", "1960-01/1960-03");
    for text in ["Q5 1960", "Q1 60", "13/1960", "0/1960", "1/60", "001/1960", "+1/1960", "Q1"] {
        refuses(&["words"], text, "is not written as words");
    }
    for (text, edtf) in [("mid-1960s", "196X"), ("early 1960s", "196X"), ("Late 1960's", "196X")] {
        let read = Formats::of(&["about".to_owned()], None).read(text).unwrap();
        assert_eq!(read.edtf, edtf, "{text}");
        assert!(
            read.doubt.is_some_and(|doubt| doubt.contains("which part of it is meant is lost")),
            "{text}"
        );
    }
}

#[test]
fn dates_are_read_in_the_language_that_is_named() {
    let formats = ["words", "about", "range"].map(ToOwned::to_owned);
    let of = |language| Formats::of(&formats, None).in_language(language);
    for (language, text, edtf) in [
        (Language::German, "12. März 1974", "1974-03-12"),
        (Language::German, "Anfang 1977", "1977"),
        (Language::German, "um 1950", "1950~"),
        (Language::German, "zwischen 1960 und 1963", "[1960..1963]"),
        (Language::German, "5 June 1990", "1990-06-05"),
        (Language::German, "30. April bis 2. Mai 1960", "1960-04-30/1960-05-02"),
        (Language::French, "1er mars 1992", "1992-03-01"),
        (Language::French, "15 août 1993", "1993-08-15"),
        (Language::French, "vers 1994", "1994~"),
        (Language::French, "3-5 mai 1960", "1960-05-03/1960-05-05"),
    ] {
        assert_eq!(of(Some(language)).read(text).map(|read| read.edtf), Ok(edtf.to_owned()), "{text}");
    }
    let doubt = of(Some(Language::German)).read("Anfang 1977").unwrap().doubt.unwrap();
    assert!(doubt.contains("`Anfang 1977`"), "{doubt}");
    let error = of(Some(Language::German)).read("31. Juni 1974").unwrap_err();
    assert!(error.contains("`31. Juni 1974`"), "{error}");
    assert!(of(None).read("12. März 1974").is_err());
}

#[test]
fn nothing_is_guessed() {
    refuses(&[], "05/06/1990", "name how dates are written");
    for named in [&["years", "words", "range"][..], &["edtf"], &["%d.%m.%Y"]] {
        for reading in ["5 June 1990", "6 May 1990", "name how dates are written"] {
            refuses(named, "05/06/1990", reading);
        }
    }
    refuses(&[], "33029", "1990-06-05");
    refuses(&["%d/%m/%Y", "%m/%d/%Y"], "05/06/1990", "1990-06-05 by `%d/%m/%Y` and 1990-05-06");
    refuses(&["%d/%m/%Y"], "31/02/1990", "does not exist: February 1990 has 28 days");
    refuses(&["words"], "31st Feb. 1960", "`31st Feb. 1960` does not exist: February 1960 has 29 days");
    refuses(&["about", "words"], "before 31 February 1960", "February 1960 has 29 days");
    refuses(&["%d/%m/%Y"], "05/06/90", "%y");
    refuses(&["%d/%m/%Y"], "12/25/1990", "is not written as");
    refuses(&["%d/%m/%Y %H:%M"], "05/06/1990 09:30", "zone");
    refuses(&["%d/%m/%Y"], "33029", "serial number");
    refuses(&["years"], "1953-1950", "`1953-1950` does not exist: its end, 1950, lies before");
    refuses(&["years"], "1953-50", "is not written as");
    refuses(&["edtf"], "1953/1950", "its end, 1950, lies before its beginning, 1953");
    refuses(&[], "1953/1950", "its end, 1950, lies before its beginning, 1953");
    for wrong in ["date", "%q", "%d/%m"] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
    let two = Formats::of(&["%d.%m.%y".to_owned()], None).read("5.6.90").unwrap();
    assert!(two.doubt.unwrap().contains("read as 1990"));
}

#[test]
fn what_may_be_a_month_or_loses_a_word_is_told() {
    let read = |format: &str, text: &str| Formats::of(&[format.to_owned()], None).read(text).unwrap();
    for (format, text, edtf, says) in [
        ("years", "2010-11", "2010/2011", "may be the month 2010-11"),
        ("years", "1905–06", "1905/1906", "may be the month 1905-06"),
        ("years", "1910/12", "1910/1912", "may be the month 1910-12"),
        ("about", "early 1950", "1950", "which part of it is meant is lost"),
        ("about", "mid-1950", "1950", "which part of it is meant is lost"),
        ("about", "since 1945", "1945/..", "all the time"),
        ("years", "1980-", "1980/..", "all the time from then on"),
        ("years", "1980–present", "1980/..", "a moment of it is `[1980..]`"),
        ("about", "until 1945", "../1945", "all the time"),
    ] {
        let read = read(format, text);
        assert_eq!(read.edtf, edtf, "{text}");
        assert!(read.doubt.as_ref().is_some_and(|doubt| doubt.contains(says)), "{text}: {:?}", read.doubt);
    }
    for (format, text) in [
        ("years", "1950-53"),
        ("years", "2010-2011"),
        ("years", "1905 to 06"),
        ("about", "after 1945"),
        ("about", "c. 1950"),
    ] {
        assert_eq!(read(format, text).doubt, None, "{text}");
    }
    // A mapping that has a way for months too reads it twice.
    refuses(&["years", "%Y-%m"], "2010-11", "2010/2011 by `years` and 2010-11 by `%Y-%m`");
    assert_eq!(read("%Y-%m", "2010-11").doubt, None);
}

proptest::proptest! {
    #[test]
    fn what_is_read_of_any_text_is_a_date_of_the_record(text in "[0-9a-zA-Z /.:~?–약-]{0,24}") {
        let named = ["%d/%m/%Y", "%m/%d/%y", "years", "about", "words", "range", "excel", "edtf"];
        for format in named {
            let formats = [format.to_owned(), "words".to_owned()];
            if let Ok(read) = Formats::of(&formats, None).read(&text) {
                proptest::prop_assert!(read.edtf.parse::<Occurred>().is_ok(), "{} {}", text, read.edtf);
            }
        }
    }
}
