use super::*;
use crate::tlog::testing::signer;
use proptest::prelude::*;

/// The key that C2SP's signed-note gives as its example.
const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

#[test]
fn a_key_is_read_and_written_as_the_standard_writes_it() {
    let key: VerifierKey = EXAMPLE.parse().unwrap();
    assert_eq!((key.name().as_str(), key.kind()), ("example.com/foo", SignatureType::Ed25519));
    assert_eq!(key.id(), [0x53, 0x0d, 0x90, 0x3a]);
    assert_eq!(key.to_string(), EXAMPLE);
}

#[test]
fn a_key_that_was_altered_anywhere_is_refused() {
    for (place, letter) in EXAMPLE.char_indices() {
        for other in ['a', 'B', '0', '+', '=', ' ', '\n', 'é'].into_iter().filter(|other| *other != letter) {
            let mut altered = EXAMPLE.to_owned();
            altered.replace_range(place..=place, &other.to_string());
            assert!(altered.parse::<VerifierKey>().is_err(), "{altered}");
        }
    }
}

#[test]
fn an_error_about_a_key_says_what_is_wrong() {
    let form = |text: &str| VerifierKeyError::Form(text.to_owned());
    for text in ["", "name", "name+00000000", "name+0000000+AQ==", "name+0000000G+AQ==", "name+530D903A+AQ=="]
    {
        assert_eq!(text.parse::<VerifierKey>(), Err(form(text)));
    }
    assert!(matches!("+00000000+AQ==".parse::<VerifierKey>(), Err(VerifierKeyError::Name(_))));
    for byte in [0u8, 2, 3, 5, 6, 0xff] {
        let text = format!("name+00000000+{}", base64(&[byte; 33]));
        let name = "name".parse().unwrap();
        assert_eq!(text.parse::<VerifierKey>(), Err(VerifierKeyError::Type { name, byte }));
    }
    let altered = EXAMPLE.replace("foo", "bar");
    assert!(matches!(altered.parse::<VerifierKey>(), Err(VerifierKeyError::Id { .. })));
}

#[test]
fn a_key_for_which_anyone_can_sign_is_refused() {
    // The points of small order, and one of them with 2^255 - 19 added: a second encoding.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut second = [0xff; 32];
    (second[0], second[31]) = (0xee, 0x7f);
    let mut other = [0xff; 32];
    (other[0], other[31]) = (0xf0, 0x7f);
    for public in [[0; 32], neutral, second, other, [0xff; 32]] {
        let name: KeyName = "name".parse().unwrap();
        let key = VerifierKey::new(name.clone(), SignatureType::Ed25519, &public);
        assert_eq!(key, Err(VerifierKeyError::Unsound { name }));
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!is_signed(&public, b"whatever", &signature));
    }
}

#[test]
fn a_signature_in_a_second_encoding_is_refused() {
    let signer = signer("name", SignatureType::Ed25519, 1);
    let signature = signer.sign(b"message").unwrap();
    assert!(is_signed(signer.key().public(), b"message", &signature));
    // The order of the group, added to the second half.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut second = signature;
    let mut carry = 0;
    for (byte, more) in second[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert!(!is_signed(signer.key().public(), b"message", &second));
}

#[test]
fn a_seed_signs_as_the_standard_says() {
    // RFC 8032, section 7.1, test 2.
    let hex = |text: &str| -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    };
    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let signature = hex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb\
         4302aeeb00d291612bb0c00",
    );
    let name = "name".parse().unwrap();
    let signer = SeedSigner::new(name, SignatureType::Ed25519, &seed.try_into().unwrap());
    assert_eq!(signer.key().public()[..], public);
    assert_eq!(signer.sign(&[0x72]).unwrap()[..], signature);
    assert!(!format!("{signer:?}").contains("4c, cd"), "the seed is shown nowhere");
}

#[test]
fn a_name_has_no_spaces_no_plus_and_no_control_characters() {
    for name in ["a", "desk-1a2b3c4d", "example.com/log", "서울", "oid/1.2.3"] {
        assert_eq!(name.parse::<KeyName>().unwrap(), name);
    }
    let spaces =
        "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2009}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
    for wrong in spaces.chars().chain(['+', '\0', '\u{1b}', '\u{7f}', '\u{9b}']) {
        for name in [format!("{wrong}"), format!("a{wrong}"), format!("{wrong}a"), format!("a{wrong}b")] {
            assert_eq!(name.parse::<KeyName>(), Err(KeyNameError(name.clone())));
        }
    }
    assert!("".parse::<KeyName>().is_err());
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_back(
        text in prop_oneof![any::<String>(), "[a-z]{0,3}\\+[0-9a-f]{8}\\+A[QRST][A-Za-z0-9+/]{42}"],
    ) {
        if let Ok(key) = text.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn a_key_is_read_by_an_independent_implementation(name in "[a-z./]{1,20}", number in any::<u8>()) {
        use signed_note::Verifier as _;
        let key = signer(&name, SignatureType::Ed25519, number).key().clone();
        let theirs = signed_note::StandardVerifier::new(&key.to_string()).unwrap();
        prop_assert_eq!(theirs.key_id(), u32::from_be_bytes(key.id()));
        let cosigner = signer(&name, SignatureType::CosignatureV1, number).key().clone();
        prop_assert_eq!(cosigner.to_string().parse(), Ok(cosigner));
    }
}
