//! Text in the encodings that files have.

use super::*;

fn lines(bytes: &[u8], encoding: Option<&str>) -> Vec<TextLine> {
    let mut lines = TextLines::new(bytes, encoding.map(|name| named(name).unwrap())).unwrap().unwrap();
    std::iter::from_fn(|| lines.next().unwrap()).collect()
}

#[test]
fn text_is_read_in_the_encoding_that_is_named_or_marked() {
    for name in ["utf-8", "euc-kr", "cp949", "utf-16le", "utf-16be", "iso-2022-kr"] {
        let bytes = named(name).unwrap().encode("날짜,내용\r\n1990,회담 제의\r\n").unwrap();
        let found: Vec<String> = lines(&bytes, Some(name)).into_iter().map(|line| line.text).collect();
        assert_eq!(found, ["날짜,내용", "1990,회담 제의"], "{name}");
    }
    let mut marked = vec![0xff, 0xfe];
    marked.extend(named("utf-16le").unwrap().encode("회담\n남북").unwrap());
    let found = lines(&marked, None);
    assert_eq!((found[1].text.as_str(), found[1].offset), ("남북", 8));
    assert!(named("klingon").is_err());
}

#[test]
fn what_is_shifted_is_read_as_letters_of_korea_and_every_line_begins_without_a_shift() {
    // As Python writes it: "회담 A\n남북" of which the second line has no designator of its own.
    let bytes = b"\x1b$)C\x0eH84c\x0f A\n\x0e32:O\x0f";
    let found: Vec<String> = lines(bytes, Some("ISO-2022-KR")).into_iter().map(|line| line.text).collect();
    assert_eq!(found, ["회담 A", "남북"]);
    assert_eq!(read_as("csiso2022kr", b"\x0eH84c\nH84c"), Some("회담\nH84c".to_owned()));
    for (broken, says) in [
        (&b"A\x0eH8\x7e\x0f"[..], "column 3: 0x7E is no letter of ISO-2022-KR"),
        (b"\x1b$BH8", "column 1: 0x1B is no letter of ISO-2022-KR"),
        (b"\xc8\xb8", "column 1: 0xC8 is no letter of ISO-2022-KR"),
        (b"\x0e!\x7e\x7e\x7e", "column 2: 0x7E 0x7E is no letter of ISO-2022-KR"),
    ] {
        let found = lines(broken, Some("iso-2022-kr"));
        assert_eq!(found[0].broken.first().map(String::as_str), Some(says), "{:?}", found[0]);
        assert!(found[0].text.contains('\u{fffd}'));
    }
    assert_eq!(named("iso-2022-kr").unwrap().encode("é"), None);
    assert_eq!(named("iso-2022-kr").unwrap().encode("똠"), None, "cp949 alone has it");
    assert!(unnamed(bytes).is_some_and(|detail| detail.contains("`iso-2022-kr`")));
}

#[test]
fn bytes_that_are_no_letters_are_named_by_line_and_column() {
    let bytes = named("euc-kr").unwrap().encode("a\n회담 제의\n").unwrap();
    let found = lines(&bytes, None);
    assert!(found[0].broken.is_empty());
    assert!(found[1].broken[0].starts_with("column 2: 0xB4"), "{:?}", found[1].broken);
    assert!(TextLines::new(&b"\xef\xbb\xbfa"[..], named("euc-kr").ok()).unwrap().is_err());
}

#[test]
fn a_file_of_which_nobody_says_how_it_is_written_is_told_with_how_it_may_read() {
    let korean = named("cp949").unwrap().encode("id,날짜\n1,회담 제의\n").unwrap();
    let detail = unnamed(&korean).unwrap();
    assert!(detail.contains("as euc-kr `날짜`") && detail.contains("as windows-1252"), "{detail}");
    let detail = unnamed(b"Ort\nK\xf6ln\n").unwrap();
    assert!(detail.contains("as windows-1252 `öln`"), "{detail}");
    let wide = named("utf-16le").unwrap().encode("Date,From,To,Summary\n").unwrap();
    assert!(unnamed(&wide).unwrap().contains("`utf-16le`"));
    for told in ["날짜,내용\n1990,회담".as_bytes(), b"", b"\xff\xfea\0", b"a,b\nc,d\ncut of\xea"] {
        assert_eq!(unnamed(told), None);
    }
    let found = lines(&korean, None);
    assert!(found.iter().all(|line| line.hint.is_some()));
    let many = lines(&b"\xb0\xa1\n".repeat(9), None);
    assert_eq!(many.iter().filter(|line| line.hint.is_some()).count(), 3);
    assert!(lines(&korean, Some("utf-8")).iter().all(|line| line.hint.is_none()));
}

#[test]
fn a_file_that_is_utf_8_although_another_encoding_is_named_is_told() {
    let told = |bytes: &[u8], name: &str| {
        let mut lines = TextLines::new(bytes, named(name).ok()).unwrap().unwrap();
        while lines.next().unwrap().is_some() {}
        lines.misnamed()
    };
    let utf_8 = "ID,Summary\n1,plain\n2,Café naïve\n3,à côté\n".as_bytes();
    let detail = told(utf_8, "windows-1252").unwrap();
    for words in ["windows-1252", "2 lines", "line 3", "`Café`", "`CafÃ©`"] {
        assert!(detail.contains(words), "{detail}");
    }
    assert!(told("회담 제의\n".as_bytes(), "euc-kr").is_some());
    assert_eq!(told(utf_8, "utf-8"), None);
    assert_eq!(told(b"plain\n", "windows-1252"), None);
    for name in ["euc-kr", "windows-1252"] {
        let text = if name == "euc-kr" { "회담 제의\n남북\n" } else { "Café\nnaïve\n" };
        assert_eq!(told(&named(name).unwrap().encode(text).unwrap(), name), None, "{name}");
    }
}

#[test]
fn of_a_file_that_is_mostly_utf_8_the_lines_that_are_not_are_told_as_such() {
    let mixed = ["날짜\n회담\n제의\n".as_bytes(), b"caf\xe9\n\xb0\xa1\n", "끝\n".as_bytes()].concat();
    let detail = unnamed(&mixed).unwrap();
    assert!(detail.contains("4 are UTF-8 and 2 are not") && detail.contains("windows-1252 `é`"), "{detail}");
    let hints: Vec<String> = lines(&mixed, None).into_iter().filter_map(|line| line.hint).collect();
    assert!(hints.iter().all(|hint| hint.contains("mend this one")) && hints.len() == 2, "{hints:?}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_lines_of_text_with_what_is_broken(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        for name in ["utf-8", "utf-16le", "utf-16be", "euc-kr", "iso-2022-kr", "windows-1252", "shift_jis", "gb18030"] {
            if let Ok(mut lines) = TextLines::new(&bytes[..], named(name).ok()).unwrap() {
                while let Some(line) = lines.next().unwrap() {
                    proptest::prop_assert!(line.offset <= line.end);
                }
            }
        }
    }
}
