use super::*;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::testing::{Grown, signer};
use proptest::prelude::*;

const ORIGIN: &str = "desk-1a2b3c4d";
const TIME: u64 = 1_679_315_147;

fn text() -> String {
    let root = crate::tlog::proof::root(&Grown::new(5), 5).unwrap();
    Checkpoint { origin: ORIGIN.parse().unwrap(), size: 5, root, extensions: Vec::new() }.text()
}

/// Returns a note with both signatures of its log.
fn signed() -> Note {
    let mut note = Note::new(text()).unwrap();
    note.sign(&signer(ORIGIN, SignatureType::Ed25519, 1), None).unwrap();
    note.sign(&signer(ORIGIN, SignatureType::CosignatureV1, 2), Some(TIME)).unwrap();
    note
}

fn key(kind: SignatureType, number: u8) -> VerifierKey {
    signer(ORIGIN, kind, number).key().clone()
}

fn is_believed(note: &Note) -> bool {
    note.verify(&key(SignatureType::Ed25519, 1)) == Ok(Some(Verified { time: None }))
        && note.verify(&key(SignatureType::CosignatureV1, 2)) == Ok(Some(Verified { time: Some(TIME) }))
}

#[test]
fn a_signed_note_is_written_as_it_always_was() {
    // The signatures were verified with OpenSSL.
    let golden = "\
desk-1a2b3c4d
5
NBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwE=

— desk-1a2b3c4d yB2Cn66f+FnFxc/lNFCBQDCnyZfKK7dcv0U9Tlghk+tXUpLztc1bntfG+kqYgBbWAzl2YF9XkWmipj6fiUzLtDg2PQI=
— desk-1a2b3c4d 3u83UwAAAABkGFDL439S4KMEAcO9bWcE6AaM5EuMxBNzhk77BpzGBQ54zZ8I6NBacfNIs38gTWc5kgH/jVx7wdHpY0d4JvabewewDg==
";
    let bytes = signed().to_bytes();
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), golden);
    assert_eq!(Note::parse(&bytes), Ok(signed()));
    assert!(is_believed(&signed()));
}

#[test]
fn no_altered_byte_of_a_note_is_believed() {
    let bytes = signed().to_bytes();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[place] ^= 1 << bit;
            assert!(!Note::parse(&altered).is_ok_and(|note| is_believed(&note)), "bit {bit} of byte {place}");
        }
        assert!(!Note::parse(&bytes[..place]).is_ok_and(|note| is_believed(&note)), "cut at {place}");
    }
}

#[test]
fn a_signature_of_a_type_that_is_not_known_is_kept_byte_for_byte_and_ignored() {
    let mut note = signed();
    for byte in [0x00u8, 0x02, 0x03, 0x05, 0x06, 0xfa, 0xff] {
        let name = format!("other.example/{byte:02x}").parse().unwrap();
        let bytes = vec![byte; if byte == 6 { 2_428 } else { 1 }];
        note.add(Signature { name, id: [byte; 4], bytes }).unwrap();
    }
    // The name is known, the id is not.
    note.add(Signature { name: ORIGIN.parse().unwrap(), id: [9; 4], bytes: vec![0; 64] }).unwrap();
    let bytes = note.to_bytes();
    let read = Note::parse(&bytes).unwrap();
    assert_eq!(read.signatures().len(), 10);
    assert_eq!(read.to_bytes(), bytes);
    assert!(is_believed(&read));
    let unknown = signer("nobody", SignatureType::Ed25519, 7);
    assert_eq!(read.verify(unknown.key()), Ok(None));
}

#[test]
fn two_lines_by_one_key_are_refused_even_if_both_verify() {
    let note = String::from_utf8(signed().to_bytes()).unwrap();
    let lines: Vec<&str> = note.lines().collect();
    let (first, second) = (lines[4], lines[5]);
    let doubled = format!("{}\n{first}\n{second}\n{first}\n", text());
    let read = Note::parse(doubled.as_bytes()).unwrap();
    let twice = Err(NoteError::Twice { name: ORIGIN.parse().unwrap() });
    assert_eq!(read.verify(&key(SignatureType::Ed25519, 1)), twice);
    assert!(read.verify(&key(SignatureType::CosignatureV1, 2)).unwrap().is_some());
}

#[test]
fn a_key_of_one_type_believes_no_signature_of_the_other() {
    // The same seed for both types: the types alone part them.
    let signer = signer(ORIGIN, SignatureType::Ed25519, 1);
    let cosigner = key(SignatureType::CosignatureV1, 1);
    let mut note = Note::new(text()).unwrap();
    note.sign(&signer, None).unwrap();
    let [line] = note.signatures() else { panic!("one line") };
    let mut bytes = TIME.to_be_bytes().to_vec();
    bytes.extend_from_slice(&line.bytes);
    note.add(Signature { name: ORIGIN.parse().unwrap(), id: cosigner.id(), bytes }).unwrap();
    assert_eq!(note.verify(&cosigner), Err(NoteError::Forged { name: ORIGIN.parse().unwrap() }));
}

#[test]
fn a_cosignature_says_a_time_that_it_can_say() {
    let signer = signer(ORIGIN, SignatureType::CosignatureV1, 2);
    let mut note = Note::new(text()).unwrap();
    for time in [None, Some(TIME_MAX + 1), Some(u64::MAX)] {
        assert!(matches!(note.sign(&signer, time), Err(SignerError::Time { .. })));
    }
    assert_eq!(note.signatures(), []);
    for time in [0, TIME_MAX] {
        note.sign(&signer, Some(time)).unwrap();
        assert_eq!(note.verify(signer.key()), Ok(Some(Verified { time: Some(time) })));
    }
    assert_eq!(note.signatures().len(), 1, "the newer took the place of the older");
}

#[test]
fn a_note_that_is_not_written_as_notes_are_is_refused() {
    let line = signed().signatures()[0].line();
    let name = ORIGIN;
    let refused = [
        (String::new(), NoteError::Parts),
        ("text\n".to_owned(), NoteError::Parts),
        (format!("text\n{line}"), NoteError::Parts),
        ("text\n\n".to_owned(), NoteError::Unfinished),
        (format!("text\n\n{}", line.trim_end()), NoteError::Unfinished),
        (format!("text\t\n\n{line}"), NoteError::Control { line: 1 }),
        (format!("text\n\n{}\r\n", line.trim_end()), NoteError::Control { line: 3 }),
        ("text\n\n— name  AAAAAAE=\n".to_owned(), NoteError::Line { line: "— name  AAAAAAE=".to_owned() }),
        (format!("text\n\n- {name} AAAAAAE=\n"), NoteError::Line { line: format!("- {name} AAAAAAE=") }),
        (format!("text\n\n— {name} AAAAAA==\n"), NoteError::Line { line: format!("— {name} AAAAAA==") }),
        (format!("text\n\n— {name} AAAAAAF=\n"), NoteError::Line { line: format!("— {name} AAAAAAF=") }),
        (format!("text\n\n— {name} AAAAAAE\n"), NoteError::Line { line: format!("— {name} AAAAAAE") }),
        ("text\n\n— a+b AAAAAAE=\n".to_owned(), NoteError::Line { line: "— a+b AAAAAAE=".to_owned() }),
        ("text\n\n—  AAAAAAE=\n".to_owned(), NoteError::Line { line: "—  AAAAAAE=".to_owned() }),
    ];
    for (note, error) in refused {
        assert_eq!(Note::parse(note.as_bytes()), Err(error), "{note:?}");
    }
    assert_eq!(Note::parse(b"text\xff\n\n"), Err(NoteError::Encoding { after: 4 }));
    assert_eq!(Note::new("no newline"), Err(NoteError::Unfinished));
    assert_eq!(Note::new("bell\u{7}\n"), Err(NoteError::Control { line: 1 }));
}

#[test]
fn a_note_and_its_signatures_are_bounded() {
    let line = "— name AAAAAAE=\n";
    assert!(Note::parse(format!("text\n\n{}", line.repeat(SIGNATURES_MAX)).as_bytes()).is_ok());
    let crowded = format!("text\n\n{}", line.repeat(SIGNATURES_MAX + 1));
    assert_eq!(Note::parse(crowded.as_bytes()), Err(NoteError::Crowded));
    let long = format!("{}\n\n{line}", "x".repeat(NOTE_BYTES_MAX));
    assert_eq!(Note::parse(long.as_bytes()), Err(NoteError::Long { bytes: long.len() }));
    let mut note = Note::new("text\n").unwrap();
    for number in 0..=SIGNATURES_MAX {
        let signature = Signature { name: format!("k{number}").parse().unwrap(), id: [0; 4], bytes: vec![1] };
        assert_eq!(note.add(signature).is_ok(), number < SIGNATURES_MAX);
    }
    let huge = Signature { name: "k0".parse().unwrap(), id: [0; 4], bytes: vec![1; NOTE_BYTES_MAX] };
    assert!(matches!(note.add(huge), Err(NoteError::Long { .. })));
    assert!(Note::parse(&note.to_bytes()).is_ok());
}

/// Bytes that are nearly a note.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("— ".to_owned()),
        Just("name AAAAAAE=".to_owned()),
        Just("— name AAAAAAE=\n".to_owned()),
        "[a-z+ \u{a0}\u{2003}\u{85}\t]{0,3}",
        "[A-Za-z0-9+/]{4,8}=?",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_back(bytes in prop_oneof![nearly(), any::<Vec<u8>>()]) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_bytes(), bytes);
            prop_assert_eq!(note.verify(&key(SignatureType::Ed25519, 1)), Ok(None));
        }
    }

    #[test]
    fn whatever_is_written_is_read_back(
        text in "([a-z éß\u{2014}]{0,12}\n){1,5}",
        lines in proptest::collection::vec(("[a-zé/.]{1,8}", any::<[u8; 4]>(), "[a-z]{1,80}"), 1..8),
    ) {
        let mut note = Note::new(text).unwrap();
        for (name, id, bytes) in lines {
            note.add(Signature { name: name.parse().unwrap(), id, bytes: bytes.into_bytes() }).unwrap();
        }
        prop_assert_eq!(Note::parse(&note.to_bytes()), Ok(note));
    }

    #[test]
    fn a_note_that_is_read_here_is_read_by_an_independent_implementation(bytes in nearly()) {
        if Note::parse(&bytes).is_ok() {
            prop_assert!(signed_note::Note::from_bytes(&bytes).is_ok());
        }
    }
}
