//! What the log says of accounts, and what is kept beside it.

use crate::desk::accounts::{
    Account, AccountState, BindAsk, ChangeAsk, OpenAsk, PermitAsk, TokenAsk, check_password,
};
use crate::desk::ask::{Caller, ChangesAsk, RecordAsk, When};
use crate::desk::error::DeskError;
use crate::desk::testing::Fixture;
use crate::domain::fact::account::Role;
use crate::domain::id::EntityId;

fn owner() -> Caller {
    Caller { actor: "kim".to_owned(), tz: None }
}

fn ask(name: &str, role: Role) -> OpenAsk {
    OpenAsk {
        name: name.to_owned(),
        role,
        clearance: "tlp:red".to_owned(),
        compartments: vec!["north".to_owned(), " north ".to_owned()],
        reason: None,
    }
}

/// Returns what the log says in the order of its events, beyond those of the fixture.
fn says(fixture: &Fixture) -> Vec<String> {
    let page = fixture.desk.changes(&When::default(), &ChangesAsk::default()).unwrap().data;
    page.items.into_iter().skip(2).filter_map(|row| row.says).collect()
}

#[test]
fn every_account_and_every_permission_is_an_event_and_no_secret_is_in_the_log() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    assert!(!desk.has_accounts());
    let opened = desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap().data;
    desk.open_account(&owner(), &ask("park", Role::Reader)).unwrap();
    let permit = PermitAsk {
        role: Some(Role::Recorder),
        reason: Some("on the night desk".to_owned()),
        ..PermitAsk::default()
    };
    desk.permit_account(&owner(), "Park", &permit).unwrap();
    let none = ChangeAsk::default();
    desk.set_account(&owner(), "park", AccountState::Disabled, &none).unwrap();
    desk.set_account(&owner(), "park", AccountState::Active, &none).unwrap();
    let lee = desk.accounts().unwrap().named("lee").cloned().unwrap();
    let token = TokenAsk { purpose: "the feed".to_owned(), role: Some(Role::Reader), days: 30 };
    let token = desk.issue_token(&lee, &token).unwrap().data;
    desk.revoke_token(&owner(), "lee", &token.secret).unwrap();
    desk.set_account(&owner(), "park", AccountState::Closed, &none).unwrap();
    let said = says(&fixture).join("\n");
    for line in [
        "opens an account for lee: administrator, cleared for TLP:RED, in north",
        "gives lee a one-time password",
        "makes the account of park recorder, cleared for TLP:RED, in north: on the night desk",
        "disables the account of park",
        "enables the account of park",
        "to lee, as reader until 24 December 2026",
        &format!("revokes the token {} of lee", token.row.token),
        "closes the account of park",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let bodies: Vec<_> = desk.store.read(0, u64::MAX).map(|recorded| recorded.unwrap().body).collect();
    let bodies = format!("{bodies:?}");
    for secret in [&opened.one_time_password, &token.secret] {
        assert!(!bodies.contains(secret.as_str()));
    }
    assert!(!bodies.contains(&crate::desk::keys::password::fingerprint(&token.secret).to_string()));
    // They are shown like what happens to the keys: `changes` has them, a timeline of the world has not.
    let world = desk.timeline(&When::default(), &crate::desk::ask::TimelineAsk::default()).unwrap();
    assert_eq!(world.data.total, 0);
}

#[test]
fn what_is_kept_opens_only_what_the_log_names() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    let opened = desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap().data;
    let is = |password: &str| {
        let accounts = desk.accounts().unwrap();
        check_password(&desk.people.kept, accounts.named("lee"), password, (desk.clock)()).unwrap()
    };
    assert!(is(&opened.one_time_password) && !is("another"));
    let old = desk.people.kept.look(|secrets| secrets.passwords.clone()).unwrap();
    let again = desk.reset_password(&owner(), "lee", &ChangeAsk::default()).unwrap().data;
    assert!(is(&again.one_time_password) && !is(&opened.one_time_password));
    // An older copy of the private file revives no older password.
    desk.people.kept.change(|secrets| secrets.passwords.extend(old)).unwrap();
    assert!(!is(&opened.one_time_password) && !is(&again.one_time_password));
    // Nobody has a password where there is no account.
    let nobody = check_password(&desk.people.kept, None, &again.one_time_password, (desk.clock)());
    assert!(!nobody.unwrap());
}

#[test]
fn a_password_that_is_chosen_is_long_and_no_other_opens_then() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    let opened = desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap().data;
    let lee = || desk.accounts().unwrap().named("lee").cloned().unwrap();
    let old = opened.one_time_password.as_str();
    for wrong in ["short", old, "lee lee lee lee", "aaaaaaaaaaaaaa", "a bell\u{7} in the night", ""] {
        let refused = desk.choose_password(&lee(), (old, wrong), None);
        assert!(matches!(refused, Err(DeskError::Wrong(_))), "{wrong}");
    }
    let new = "소나무 아래 앉은 두 사람";
    assert!(!desk.choose_password(&lee(), (old, new), None).unwrap().data.must_change);
    let is =
        |password: &str| check_password(&desk.people.kept, Some(&lee()), password, (desk.clock)()).unwrap();
    assert!(is(new) && !is(old));
}

#[test]
fn a_password_that_counts_no_longer_chooses_no_other() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    let opened = desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap().data;
    desk.open_account(&owner(), &ask("park", Role::Administrator)).unwrap();
    let lee = || desk.accounts().unwrap().named("lee").cloned().unwrap();
    let (old, new, tried) = (opened.one_time_password.as_str(), "소나무 아래 앉은 두 사람", lee());
    let chooses = |tried: &crate::desk::accounts::Account| {
        let size = desk.size();
        let refused = desk.choose_password(tried, (old, new), None);
        assert!(matches!(refused, Err(DeskError::Refused { .. })), "{refused:?}");
        assert_eq!(desk.size(), size, "nothing is recorded");
    };
    // It was right when it was tried, and an administrator was quicker.
    let none = ChangeAsk::default();
    let again = desk.reset_password(&owner(), "lee", &none).unwrap().data.one_time_password;
    chooses(&tried);
    let is = check_password(&desk.people.kept, Some(&lee()), &again, (desk.clock)());
    assert!(is.unwrap(), "the one that was given counts");
    let tried = lee();
    desk.set_account(&owner(), "lee", AccountState::Disabled, &none).unwrap();
    chooses(&tried);
    desk.set_account(&owner(), "lee", AccountState::Active, &none).unwrap();
    let (issuer, subject) = ("https://login.example".to_owned(), "s-1".to_owned());
    let bind = crate::desk::accounts::BindAsk { issuer, subject, reason: None };
    desk.bind_account(&owner(), "lee", &bind).unwrap();
    chooses(&tried);
    assert!(lee().bound.is_some(), "they come in by single sign-on");
}

#[test]
fn somebody_always_keeps_the_accounts() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    let first = desk.begin_accounts("lee").unwrap().unwrap();
    assert_eq!((first.account.role, first.account.clearance.as_str()), (Role::Administrator, "TLP:RED"));
    assert!(first.account.must_change);
    assert!(desk.begin_accounts("mallory").unwrap().is_none(), "only the first is made so");
    let none = ChangeAsk::default();
    let reader = PermitAsk { role: Some(Role::Reader), ..PermitAsk::default() };
    let cleared = |level: &str| PermitAsk { clearance: Some(level.to_owned()), ..PermitAsk::default() };
    let bind =
        BindAsk { issuer: "https://login.example".to_owned(), subject: "s-1".to_owned(), reason: None };
    for refused in [
        desk.permit_account(&owner(), "lee", &reader).map(|_| ()),
        desk.permit_account(&owner(), "lee", &cleared("TLP:AMBER")).map(|_| ()),
        desk.bind_account(&owner(), "lee", &bind).map(|_| ()),
        desk.set_account(&owner(), "lee", AccountState::Disabled, &none).map(|_| ()),
        desk.set_account(&owner(), "lee", AccountState::Closed, &none).map(|_| ()),
    ] {
        assert!(matches!(refused, Err(DeskError::Refused { .. })), "{refused:?}");
    }
    desk.open_account(&owner(), &ask("park", Role::Administrator)).unwrap();
    // Whoever is not cleared for the highest level keeps no accounts.
    desk.permit_account(&owner(), "park", &cleared("TLP:AMBER")).unwrap();
    assert!(desk.set_account(&owner(), "lee", AccountState::Disabled, &none).is_err());
    assert!(desk.permit_account(&owner(), "lee", &cleared("TLP:GREEN")).is_err());
    desk.permit_account(&owner(), "park", &cleared("TLP:RED")).unwrap();
    desk.bind_account(&owner(), "lee", &bind).unwrap();
    // Whether a provider lets anybody in, the desk does not know.
    let other = BindAsk { subject: "s-2".to_owned(), ..bind };
    assert!(desk.bind_account(&owner(), "park", &other).is_err());
    desk.set_account(&owner(), "lee", AccountState::Disabled, &none).unwrap();
    assert!(desk.set_account(&owner(), "park", AccountState::Closed, &none).is_err());
}

#[test]
fn an_account_that_is_none_is_refused_with_what_would_be_right() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    let none = ChangeAsk::default();
    let wrong = |ask: OpenAsk| desk.open_account(&owner(), &ask).unwrap_err().to_string();
    let secret = OpenAsk { clearance: "SECRET".to_owned(), ..ask("lee", Role::Reader) };
    assert!(wrong(secret).contains("clearance: `SECRET` is no level of TLP 2.0"));
    let empty = OpenAsk { compartments: vec![" ".to_owned()], ..ask("lee", Role::Reader) };
    assert!(wrong(empty).contains("compartments"));
    assert!(wrong(ask(" ", Role::Reader)).contains("name"));
    assert!(!desk.has_accounts());
    let unknown = desk.set_account(&owner(), "lee", AccountState::Closed, &none);
    assert!(matches!(unknown, Err(DeskError::NotFound { .. })));
    desk.open_account(&owner(), &ask("lee", Role::Reader)).unwrap();
    assert!(wrong(ask("LEE", Role::Reader)).contains("lee has an account"));
    assert!(desk.permit_account(&owner(), "lee", &PermitAsk::default()).is_err(), "nothing changes");
    // One that was closed may be opened again, and begins anew.
    desk.set_account(&owner(), "lee", AccountState::Closed, &none).unwrap();
    let again = desk.open_account(&owner(), &ask("lee", Role::Recorder)).unwrap().data;
    assert_eq!((again.account.role, again.account.tokens), (Role::Recorder, 0));
}

#[test]
fn an_account_is_neither_recorded_nor_corrected_nor_removed_by_hand() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap();
    let record = |entry: serde_json::Value| {
        let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
        desk.record(&owner(), &ask).unwrap_err().to_string()
    };
    let forged = serde_json::json!({"kind": "account.opened", "about": "lee", "role": "administrator",
        "clearance": "TLP:RED"});
    assert!(record(forged).contains("recorded by the program itself"));
    let account = desk.size() - 2;
    let handle = format!("#{account}");
    let struck = serde_json::json!({"kind": "record.retracted", "target": handle, "reason": "x"});
    assert!(record(struck).contains("neither amended nor struck"));
    let redact = crate::desk::ask::RedactAsk {
        basis: "Order 12".to_owned(),
        ..crate::desk::ask::RedactAsk::default()
    };
    let kept = desk.redact(&owner(), &handle, &redact).unwrap_err().to_string();
    assert!(kept.contains("never removed"), "{kept}");
}

#[test]
fn two_who_change_accounts_at_once_never_both_take_the_last_administrator_away() {
    let fixture = Fixture::new();
    for name in ["lee", "park"] {
        fixture.desk.open_account(&owner(), &ask(name, Role::Administrator)).unwrap();
    }
    let desk = &fixture.desk;
    let none = ChangeAsk::default();
    let gone = std::thread::scope(|scope| {
        ["lee", "park"]
            .map(|name| {
                scope.spawn(|| desk.set_account(&owner(), name, AccountState::Disabled, &none).is_ok())
            })
            .map(|done| done.join().unwrap())
    });
    assert_eq!(gone.into_iter().filter(|gone| *gone).count(), 1);
}

#[test]
fn what_ends_the_sessions_of_an_account_ends_those_that_began_while_it_was_recorded() {
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap();
    desk.open_account(&owner(), &ask("park", Role::Reader)).unwrap();
    let told = desk.accounts().unwrap().told();
    let none = ChangeAsk::default();
    desk.set_account(&owner(), "park", AccountState::Disabled, &none).unwrap();
    desk.set_account(&owner(), "park", AccountState::Active, &none).unwrap();
    let accounts = desk.accounts().unwrap();
    assert!(told < accounts.named("park").unwrap().sessions_from, "one that began before opens nothing");
    assert!(told >= accounts.named("lee").unwrap().sessions_from, "those of others go on");
    assert!(accounts.told() >= accounts.named("park").unwrap().sessions_from, "a new one does");
}

#[test]
fn few_sessions_that_were_ended_are_remembered_and_none_longer_than_it_would_have_lasted() {
    use crate::desk::accounts::kept::Secrets;
    use crate::domain::timestamp::Timestamp;
    use crate::store::leaf::HexHash;

    let at = |seconds: i64| Timestamp::from_micros(1_800_000_000_000_000 + seconds * 1_000_000).unwrap();
    let mut secrets = Secrets::default();
    secrets.end(HexHash([0; 32]), at(10), at(0));
    secrets.end(HexHash([1; 32]), at(20), at(5));
    assert_eq!(secrets.ended.len(), 2);
    secrets.end(HexHash([2; 32]), at(30), at(10));
    let left: Vec<u8> = secrets.ended.iter().map(|ended| ended.session.0[0]).collect();
    assert_eq!(left, [1, 2]);
    (0..5_000).for_each(|_| secrets.end(HexHash([3; 32]), at(30), at(10)));
    assert_eq!(secrets.ended.len(), 4_096);
}

/// Returns what is wrong with a name of a new account.
fn no_name(fixture: &Fixture, name: &str) -> String {
    match fixture.desk.open_account(&owner(), &ask(name, Role::Recorder)) {
        Err(DeskError::Wrong(faults)) => {
            assert_eq!(faults[0].field.as_deref(), Some("name"), "{name:?}");
            faults[0].detail.clone()
        }
        other => panic!("{name:?}: {other:?}"),
    }
}

#[test]
fn nobody_new_is_called_so_that_they_are_taken_for_somebody_else() {
    let fixture = Fixture::new();
    fixture.desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap();
    let size = fixture.desk.store.head().size;
    for name in ["Iee", "1ee", "IEe", "lее".replace('l', "ӏ").as_str()] {
        assert!(no_name(&fixture, name).contains("looks like `lee`"), "{name}");
    }
    for name in ["\u{202e}eel", "park\u{200b}", "\u{3164}"] {
        assert!(no_name(&fixture, name).contains("which nobody sees"), "{name:?}");
    }
    for name in ["😀", "##", "..", "-"] {
        assert!(no_name(&fixture, name).contains("letters or digits"), "{name}");
    }
    for name in ["the log itself", "The Log Itse1f", "THE-LOG-ITSELF"] {
        assert!(no_name(&fixture, name).contains("records by itself"), "{name}");
    }
    assert_eq!(fixture.desk.store.head().size, size, "nothing was recorded");
    for name in ["lea", "Park Lee", "이순신", "Лев"] {
        fixture.desk.open_account(&owner(), &ask(name, Role::Reader)).unwrap();
    }
}

#[test]
fn nobody_records_under_a_name_that_is_not_told_from_another() {
    let fixture = Fixture::new();
    let record = |actor: &str| {
        let name = format!("moment {}", fixture.desk.store.head().size);
        let moment = crate::desk::ask::MomentAsk { name, ..Default::default() };
        fixture.desk.name_moment(&Caller { actor: actor.to_owned(), tz: None }, &moment)
    };
    record("kim").unwrap();
    record("KIM").unwrap();
    for actor in ["k1m", "##", "the log itself", "ki\u{2060}mm"] {
        let error = record(actor).unwrap_err();
        assert!(matches!(error, DeskError::Wrong(_)), "{actor}: {error}");
    }
}

#[test]
fn a_name_without_a_letter_is_that_of_no_other() {
    let fixture = Fixture::new();
    fixture.desk.open_account(&owner(), &ask("lee", Role::Administrator)).unwrap();
    let mut accounts = (*fixture.desk.accounts().unwrap()).clone();
    let lee = accounts.named("lee").cloned().unwrap();
    // As a log of an earlier version may have them.
    for (number, name) in [(1, "."), (2, ".."), (3, "😀")] {
        let id = EntityId::from_uuid(uuid::Uuid::from_u128(number));
        accounts.by_id.insert(id, Account { id, name: name.to_owned(), ..lee.clone() });
    }
    for name in [".", "..", "😀"] {
        assert_eq!(accounts.named(name).unwrap().name, name);
    }
    for name in ["", "!", "##", "😎"] {
        assert_eq!(accounts.named(name), None, "{name}");
    }
}
