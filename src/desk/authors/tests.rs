//! Keys of authors: added once, revoked once, counted by position.

use super::*;
use crate::desk::testing::Fixture;
use crate::tlog::key::{SeedSigner, SignatureType, Signer};

fn key(seed: u8) -> String {
    SeedSigner::new("kim".parse().unwrap(), SignatureType::Ed25519, &[seed; 32]).key().to_string()
}

fn caller(name: &str) -> Caller {
    Caller { actor: name.to_owned(), tz: None }
}

fn add(fixture: &Fixture, author: &str, seed: u8) -> Result<AuthorKeyRow, DeskError> {
    let ask = AddKeyAsk { author: author.to_owned(), key: key(seed), ..AddKeyAsk::default() };
    fixture.desk.add_author_key(&caller("kim"), &ask).map(|answer| answer.data)
}

#[test]
fn a_key_counts_from_its_adding_to_its_revoking() {
    let fixture = Fixture::new();
    let added = add(&fixture, "Kim", 1).unwrap();
    assert_eq!((added.author.as_str(), added.added, added.revoked), ("kim", 2, None));
    let counts = || fixture.desk.known(&When::default()).unwrap();
    let actor = ActorId::from_uuid(*counts().names.recorder("kim").unwrap().as_uuid());
    assert_eq!(counts().keys_of(actor).unwrap().len(), 1);
    let ask = RevokeKeyAsk { key: added.key[..12].to_owned(), ..RevokeKeyAsk::default() };
    let revoked = fixture.desk.revoke_author_key(&caller("kim"), &ask).unwrap().data;
    assert_eq!(revoked.revoked, Some(3));
    assert!(counts().keys_of(actor).unwrap().is_empty());
    // What was known before stays so.
    let then = When { known_as_of: Some("2".to_owned()), ..When::default() };
    assert_eq!(fixture.desk.author_keys(&then).unwrap().data.items[0].revoked, None);
    assert!(matches!(fixture.desk.revoke_author_key(&caller("kim"), &ask), Err(DeskError::Refused { .. })));
    let again = add(&fixture, "kim", 1).unwrap_err().to_string();
    assert!(again.contains("does not come back"), "{again}");
}

#[test]
fn a_key_is_one_authors_alone() {
    let fixture = Fixture::new();
    add(&fixture, "kim", 1).unwrap();
    let lee = AddKeyAsk { author: "lee".to_owned(), key: key(1), ..AddKeyAsk::default() };
    let error = fixture.desk.add_author_key(&caller("lee"), &lee).unwrap_err().to_string();
    assert!(error.contains("one of kim already"), "{error}");
    assert!(matches!(add(&fixture, " ", 2), Err(DeskError::Wrong(_))));
    let size = fixture.desk.store.head().size;
    assert!(matches!(
        fixture.desk.revoke_author_key(
            &caller("kim"),
            &RevokeKeyAsk { key: "ab".to_owned(), ..RevokeKeyAsk::default() }
        ),
        Err(DeskError::NotFound { .. })
    ));
    assert_eq!(fixture.desk.store.head().size, size, "nothing was recorded");
    // Whoever is new enters the register with their key, whoever adds it.
    let lee = AddKeyAsk { key: key(2), ..lee };
    assert_eq!(fixture.desk.add_author_key(&caller("lee"), &lee).unwrap().data.author, "lee");
    assert_eq!(add(&fixture, "park", 3).unwrap().author, "park");
    assert_eq!(add(&fixture, "PARK", 4).unwrap().author, "park");
}

#[test]
fn that_someone_must_sign_ends_only_where_it_is_said() {
    let fixture = Fixture::new();
    let required =
        |seed| AddKeyAsk { author: "kim".to_owned(), key: key(seed), required: true, comment: None };
    let must = || {
        let known = fixture.desk.known(&When::default()).unwrap();
        let kim = ActorId::from_uuid(*known.names.recorder("kim").unwrap().as_uuid());
        known.must_sign(kim).unwrap()
    };
    let revoke = |seed, end_requirement| {
        fixture.desk.revoke_author_key(&caller("lee"), &RevokeKeyAsk { key: key(seed), end_requirement })
    };
    fixture.desk.add_author_key(&caller("lee"), &required(1)).unwrap();
    assert!(must());
    let told = revoke(1, false).unwrap();
    assert!(
        must() && told.notices.iter().any(|notice| notice.contains("no key of theirs counts")),
        "{told:?}"
    );
    // A key with which they may sign changes nothing about that they must.
    let more = AddKeyAsk { required: false, ..required(2) };
    fixture.desk.add_author_key(&caller("lee"), &more).unwrap();
    assert!(must());
    // One that is gone already may say that it ends.
    revoke(1, true).unwrap();
    assert!(!must());
    let none = revoke(2, true).unwrap_err().to_string();
    assert!(none.contains("need not be signed"), "{none}");
    // It may begin again.
    fixture.desk.add_author_key(&caller("lee"), &required(3)).unwrap();
    assert!(must());
    // What was known before stays so.
    let kim = fixture.desk.author_keys(&When::default()).unwrap().data.items;
    assert_eq!(kim.iter().map(|row| row.requirement_ended).collect::<Vec<_>>(), [true, false, false]);
}
