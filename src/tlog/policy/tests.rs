use std::fmt::Write as _;

use super::*;
use crate::tlog::key::{SeedSigner, SignatureType, Signer as _};
use crate::tlog::note::Signature;
use crate::tlog::testing::signer;
use proptest::prelude::*;

const TIME: u64 = 1_700_000_000;

fn log() -> SeedSigner {
    signer("log.example/one", SignatureType::Ed25519, 1)
}

fn witness(number: u8) -> SeedSigner {
    signer(&format!("witness.example/{number}"), SignatureType::CosignatureV1, 100 + number)
}

fn vkey(number: u8) -> String {
    witness(number).key().to_string()
}

/// The policy of the standard's example, with two organisations of three witnesses.
fn two_levels() -> String {
    let mut policy = format!("# of the example\nlog {}\n\n", log().key());
    for number in 1..=6 {
        let name = if number <= 3 { "X" } else { "Y" };
        writeln!(policy, "witness {name}{number} {}", vkey(number)).unwrap();
    }
    policy
        + "group X-witnesses 2 X1 X2 X3\n\tgroup  Y-witnesses any Y4 Y5 Y6 \n\
              group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn note(witnesses: &[u8]) -> Note {
    let checkpoint =
        Checkpoint { origin: "log.example/one".parse().unwrap(), size: 1, root: [0; 32], extensions: vec![] };
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.sign(&log(), None).unwrap();
    for number in witnesses {
        note.sign(&witness(*number), Some(TIME)).unwrap();
    }
    note
}

#[test]
fn a_quorum_of_two_levels_is_met_by_enough_of_each() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len(), policy.groups().len()), (1, 6, 3));
    for (witnesses, is_met) in [
        (&[][..], false),
        (&[1, 2], false),
        (&[4, 5, 6], false),
        (&[1, 4, 5, 6], false),
        (&[1, 2, 3], false),
        (&[1, 3, 6], true),
        (&[1, 2, 3, 4, 5, 6], true),
    ] {
        assert_eq!(policy.is_met(&note(witnesses)), is_met, "{witnesses:?}");
    }
    assert!(policy.is_signed_by_log(&note(&[])));
}

#[test]
fn whoever_forges_one_cosignature_meets_no_quorum() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    let mut forged = note(&[1, 2, 4]);
    assert!(policy.is_met(&forged));
    let key = witness(6).key().clone();
    forged.add(Signature { name: key.name().clone(), id: key.id(), bytes: vec![0; 72] }).unwrap();
    assert!(!policy.is_met(&forged));
    // A witness that is not in the policy changes nothing.
    let mut other = note(&[1, 2, 4]);
    other.sign(&witness(9), Some(TIME)).unwrap();
    assert!(policy.is_met(&other));
}

#[test]
fn a_checkpoint_of_another_origin_is_not_one_of_the_log() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    let text = note(&[]).text().replace("one", "two");
    let mut other = Note::new(text).unwrap();
    other.sign(&log(), None).unwrap();
    assert!(!policy.is_signed_by_log(&other));
}

#[test]
fn a_policy_may_ask_for_nobody_or_for_one() {
    let none = Policy::parse(b"quorum none").unwrap();
    assert!(none.is_met(&note(&[])));
    assert!(!none.is_signed_by_log(&note(&[])));
    let one = format!("witness W {} https://witness.example/\nquorum W\n", vkey(1));
    let one = Policy::parse(one.as_bytes()).unwrap();
    assert_eq!(one.witnesses()[0].url.as_deref(), Some("https://witness.example/"));
    assert!(one.is_met(&note(&[1])) && !one.is_met(&note(&[2])));
}

#[test]
fn names_are_bytes_and_addresses_are_kept() {
    let mut policy = b"witness \xe2\x84\xaa ".to_vec();
    policy.extend_from_slice(vkey(1).as_bytes());
    policy.extend_from_slice(b" https://w.example/\xe9\nwitness K ");
    policy.extend_from_slice(vkey(2).as_bytes());
    policy.extend_from_slice(b"\n# \xff\xfe\nquorum \xe2\x84\xaa\n");
    let policy = Policy::parse(&policy).unwrap();
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w.example/%E9"));
    assert_eq!(policy.quorum(), Quorum::Of(Member::Witness(0)));
}

#[track_caller]
fn refused(policy: &str, line: usize, fault: PolicyFault) {
    assert_eq!(Policy::parse(policy.as_bytes()), Err(PolicyError { line, fault }), "{policy}");
}

#[test]
fn a_line_that_could_be_misread_is_refused() {
    let text = |text: &str| text.to_owned();
    let (one, two) = (format!("witness a {}\n", vkey(1)), format!("witness b {}\n", vkey(2)));
    refused("", 1, PolicyFault::NoQuorum);
    refused("\n#\n", 3, PolicyFault::NoQuorum);
    refused("quorum none\nquorum none\n", 2, PolicyFault::Quorums);
    refused("quorum a\n", 1, PolicyFault::Unknown(text("a")));
    refused(&format!("quorum a\n{one}"), 1, PolicyFault::Unknown(text("a")));
    refused("Quorum none\n", 1, PolicyFault::Word(text("Quorum")));
    refused("quorum none \u{7f}\n", 1, PolicyFault::Control);
    refused("quorum none\r\n", 1, PolicyFault::Control);
    refused("quorum\n", 1, PolicyFault::Items("quorum <name of a witness or group, or none>"));
    refused("log\n", 1, PolicyFault::Items("log <vkey> [<url>]"));
    refused("witness a\n", 1, PolicyFault::Items("witness <name> <vkey> [<url>]"));
    refused(&format!("{one}witness c {}\n", vkey(1)), 2, PolicyFault::Duplicate);
    refused(&format!("{one}witness a {}\n", vkey(2)), 2, PolicyFault::Taken(text("a")));
    refused(&format!("witness none {}\n", vkey(2)), 1, PolicyFault::Taken(text("none")));
    refused(&format!("{one}group a any a\n"), 2, PolicyFault::Taken(text("a")));
    refused(&format!("log {0}\nlog {0}\n", log().key()), 2, PolicyFault::Duplicate);
    refused(&format!("witness a {}\n", log().key()), 1, PolicyFault::NotACosigner);
    refused(&format!("{one}group g any a a\n"), 2, PolicyFault::Member(text("a")));
    refused(&format!("{one}{two}group g any a b\ngroup h any b\n"), 4, PolicyFault::Member(text("b")));
    refused(&format!("{one}group g any g\n"), 2, PolicyFault::Unknown(text("g")));
    refused(&format!("{one}group g any none\n"), 2, PolicyFault::Unknown(text("none")));
    for threshold in ["0", "2", "01", "-1", "ALL", "1.0", "18446744073709551616"] {
        refused(&format!("{one}group g {threshold} a\n"), 2, PolicyFault::Threshold(text(threshold)));
    }
    assert!(matches!(
        Policy::parse(b"witness a vkey\n"),
        Err(PolicyError { line: 1, fault: PolicyFault::Key(_) })
    ));
}

#[test]
fn a_policy_of_many_is_read() {
    let mut policy = String::new();
    for number in 1..=100 {
        write!(policy, "witness w{number} {}\ngroup g{number} any w{number}", vkey(number)).unwrap();
        if number > 1 {
            write!(policy, " g{}", number - 1).unwrap();
        }
        policy.push('\n');
    }
    let policy = Policy::parse(format!("{policy}quorum g100\n").as_bytes()).unwrap();
    assert!(policy.is_met(&note(&[1])) && !policy.is_met(&note(&[])));
}

proptest! {
    #[test]
    fn no_bytes_make_a_policy_fail_otherwise_than_by_an_error(
        bytes in prop_oneof![
            any::<Vec<u8>>(),
            "((log|witness|group|quorum|#)( |\t)(a|b|any|all|1|none|x\\+00000000\\+AA==){0,4}\n){0,5}"
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Ok(policy) = Policy::parse(&bytes) {
            policy.is_met(&note(&[1]));
        }
    }
}
