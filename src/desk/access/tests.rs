//! Decisions: whoever may less, may nothing that they may not.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::desk::accounts::OpenAsk;
use crate::desk::testing::Fixture;
use crate::domain::fact::account::Role;
use crate::domain::marking::Marking;

const NEEDS: [Needs; 8] = [
    Needs::Nobody,
    Needs::Account,
    Needs::Read,
    Needs::Oversee,
    Needs::Record,
    Needs::Keep,
    Needs::Audit,
    Needs::Administer,
];

/// Opens an account and lets its owner in, without a password being worked on twice; returns what they show.
pub(crate) fn let_in(desk: &Desk, ask: &OpenAsk) -> String {
    use crate::domain::event::{Envelope, Event};
    use crate::domain::fact::Fact;
    use crate::domain::fact::account::PasswordSet;

    let owner = Caller { actor: "kim".to_owned(), tz: None };
    desk.open_account(&owner, ask).unwrap();
    let id = desk.accounts().unwrap().named(&ask.name).unwrap().id;
    let set = PasswordSet { password: "of their own".to_owned(), one_time: false };
    let envelope = Envelope { about: vec![id], ..Envelope::default() };
    let event = Event { envelope, fact: Fact::AccountPasswordSet(set) };
    let actor = crate::domain::id::ActorId::from_uuid(*id.as_uuid());
    let new = crate::desk::lifecycle::new_fact(actor, &event).unwrap();
    desk.append(vec![new], crate::store::Condition::default(), crate::desk::writing::draw_request()).unwrap();
    let secret = format!("des_{}", ask.name);
    let hash = crate::desk::keys::password::fingerprint(&secret);
    let told = desk.accounts().unwrap().told();
    desk.sessions().begin(&hash, (id, "of their own"), told, (desk.clock)());
    secret
}

/// Who may what, written down once more and in another way.
fn may(role: Role, needs: Needs) -> bool {
    match needs {
        Needs::Nobody | Needs::Account | Needs::Read | Needs::Oversee => true,
        Needs::Record | Needs::Keep => role == Role::Recorder || role == Role::Administrator,
        Needs::Audit => role == Role::Auditor,
        Needs::Administer => role == Role::Administrator,
    }
}

fn door() -> Door {
    Door::of(Arc::new(Fixture::new().desk))
}

/// Returns somebody with an account that no log knows.
pub(crate) fn principal(role: Role, clearance: &str, must_change: bool, limit: Grants) -> Principal {
    let permitted = Permitted { role, clearance: Marking(clearance.to_owned()), compartments: Vec::new() };
    let id = EntityId::from_uuid(uuid::Uuid::from_u128(9));
    Principal {
        grants: Grants::of(role).and(limit),
        who: Who::Account { id, permitted, must_change, means: Means::Token("t".to_owned()) },
        caller: Caller { actor: "lee".to_owned(), tz: None },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_gets_a_handle_that_they_may_not_have(
        role in prop::sample::select(Role::ALL),
        limit in prop::sample::select(Role::ALL),
        level in 0_usize..5,
        must_change in any::<bool>(),
        needs in prop::sample::select(&NEEDS[..]),
    ) {
        let scheme = crate::domain::marking::Scheme::tlp();
        let level = &scheme.levels[level].0;
        let who = principal(role, level, must_change, Grants::of(limit));
        let shows = matches!(needs, Needs::Oversee | Needs::Keep | Needs::Audit | Needs::Administer);
        let own = matches!(needs, Needs::Nobody | Needs::Account);
        let expected = own
            || (!must_change && may(role, needs) && may(limit, needs) && (!shows || level == "TLP:RED"));
        let decided = door().decide(&who, needs);
        prop_assert_eq!(decided.is_ok(), expected, "{:?}", decided);
        let refused = matches!(decided, Ok(()) | Err(AccessError::Forbidden { .. }));
        prop_assert!(refused);
        // By what they hold alone nobody is refused who may, and nobody let pass who may not by that.
        let held = Door::is_granted(&who, needs);
        prop_assert_eq!(held.is_ok(), own || (!must_change && may(role, needs) && may(limit, needs)));
    }

    #[test]
    fn who_may_less_never_may_more(one in 0_u8..16, other in 0_u8..16, wanted in 0_u8..16) {
        let (one, other, wanted) = (Grants(one), Grants(other), Grants(wanted));
        prop_assert_eq!(one.and(other).have(wanted), one.have(wanted) && other.have(wanted));
    }
}

#[test]
fn a_stranger_may_come_in_and_nothing_else() {
    for needs in NEEDS {
        let decided = door().decide(&Door::stranger(), needs);
        assert_eq!(decided.is_ok(), needs == Needs::Nobody, "{needs:?}");
        assert!(matches!(decided, Ok(()) | Err(AccessError::Unknown(_))));
    }
}

#[test]
fn without_accounts_whoever_reaches_the_desk_may_everything_under_the_name_that_they_give() {
    let door = door();
    let named = Caller { actor: "kim".to_owned(), tz: None };
    for entrance in [Entrance::Port, Entrance::Directory] {
        let who = door.admits(entrance, Shown::Nothing, named.clone()).unwrap();
        assert_eq!(who.caller(), &named);
        for needs in NEEDS {
            door.decide(&who, needs).unwrap();
        }
    }
    assert!(door.admits(Entrance::Directory, Shown::Secret("des_0"), named).is_err(), "never ignored");
}

#[test]
fn with_accounts_a_port_asks_who_comes_and_the_owner_of_the_directory_is_nobody_else() {
    let fixture = Fixture::new();
    let ask = OpenAsk {
        name: "lee".to_owned(),
        role: Role::Administrator,
        clearance: "TLP:RED".to_owned(),
        compartments: Vec::new(),
        reason: None,
    };
    let owner = Caller { actor: "kim".to_owned(), tz: None };
    fixture.desk.open_account(&owner, &ask).unwrap();
    let door = Door::of(Arc::new(fixture.desk));
    let unknown = door.admits(Entrance::Port, Shown::Nothing, owner.clone());
    assert!(matches!(unknown, Err(AccessError::Unknown(_))));
    let kim = door.admits(Entrance::Directory, Shown::Nothing, owner.clone()).unwrap();
    let lee = Caller { actor: " LEE".to_owned(), tz: None };
    let lee = door.admits(Entrance::Directory, Shown::Nothing, lee).unwrap();
    for needs in NEEDS {
        assert!(door.decide(&kim, needs).is_ok(), "{needs:?}");
        let records = matches!(needs, Needs::Record | Needs::Keep | Needs::Administer);
        assert_eq!(door.decide(&lee, needs).is_ok(), !records, "{needs:?}");
    }
}

#[test]
fn who_kept_the_accounts_does_so_under_a_scheme_that_came_later_and_nobody_else() {
    use crate::desk::ask::RecordAsk;

    let fixture = Fixture::new();
    let owner = Caller { actor: "kim".to_owned(), tz: None };
    let open = |name: &str, clearance: &str| {
        let (name, clearance) = (name.to_owned(), clearance.to_owned());
        let role = Role::Administrator;
        let ask = OpenAsk { name, role, clearance, compartments: Vec::new(), reason: None };
        let_in(&fixture.desk, &ask)
    };
    let (ann, cle) = (open("ann", "TLP:RED"), open("cle", "TLP:CLEAR"));
    let levels = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED", "COSMIC"];
    let scheme = serde_json::json!({ "kind": "policy.set", "name": "house", "date": "2020-01-01",
                                     "marking_scheme": { "name": "house", "levels": levels } });
    fixture.desk.record(&owner, &RecordAsk { entries: vec![scheme], ..RecordAsk::default() }).unwrap();
    let door = Door::of(Arc::new(fixture.desk));
    let come = |secret: &str| door.admits(Entrance::Port, Shown::Secret(secret), Caller::default()).unwrap();
    let may = |secret: &str, needs: Needs| door.decide(&come(secret), needs).is_ok();
    assert!(
        may(&ann, Needs::Administer) && !may(&ann, Needs::Keep),
        "she keeps the accounts, and sees a part"
    );
    assert!(!may(&cle, Needs::Administer));
    let administrator: Administrator = door.handle(&come(&ann)).unwrap();
    let ask = crate::desk::accounts::PermitAsk { clearance: Some("COSMIC".to_owned()), ..Default::default() };
    administrator.permit_account("ann", &ask).unwrap();
    assert!(may(&ann, Needs::Administer) && may(&ann, Needs::Keep));
    // Cleared for what is not the highest when they were cleared, nobody keeps the accounts.
    let ask =
        crate::desk::accounts::PermitAsk { clearance: Some("TLP:RED".to_owned()), ..Default::default() };
    administrator.permit_account("cle", &ask).unwrap();
    assert!(!may(&cle, Needs::Administer));
}

#[test]
fn a_token_of_an_account_is_no_way_to_a_longer_one() {
    let fixture = Fixture::new();
    let door = Door::of(Arc::new(fixture.desk));
    let oneself: Oneself =
        door.handle(&principal(Role::Administrator, "TLP:RED", false, Grants::EVERYTHING)).unwrap();
    let ask = crate::desk::accounts::TokenAsk { purpose: "x".to_owned(), role: None, days: 366 };
    assert!(matches!(oneself.issue_token(&ask), Err(AccessError::Forbidden { .. })));
    let ask = crate::desk::accounts::PasswordAsk { old: String::new(), new: String::new() };
    assert!(matches!(oneself.choose_password(&ask, "x"), Err(AccessError::Forbidden { .. })));
    assert!(matches!(oneself.leave(), Err(AccessError::Forbidden { .. })));
}

#[test]
fn whoever_lets_somebody_into_a_compartment_and_sees_the_whole_no_more_is_told_so_once() {
    use crate::desk::accounts::PermitAsk;

    let fixture = Fixture::new();
    let open = |name: &str, role: Role| {
        let (name, clearance) = (name.to_owned(), "TLP:RED".to_owned());
        let ask = OpenAsk { name, role, clearance, compartments: Vec::new(), reason: None };
        let_in(&fixture.desk, &ask)
    };
    let (ann, _) = (open("ann", Role::Administrator), open("lee", Role::Recorder));
    let door = Door::of(Arc::new(fixture.desk));
    let permit = |who: &str, compartments: &[&str]| {
        let ann = door.admits(Entrance::Port, Shown::Secret(&ann), Caller::default()).unwrap();
        let keeps: Administrator = door.handle(&ann).unwrap();
        let compartments = compartments.iter().map(|name| (*name).to_owned()).collect();
        let ask = PermitAsk { compartments: Some(compartments), ..PermitAsk::default() };
        let answer = keeps.permit_account(who, &ask).unwrap();
        (answer.as_of.position.is_some(), answer.notices.join("\n"))
    };
    let (knows_how_far, notices) = permit("lee", &["KITE"]);
    assert!(!knows_how_far && notices.contains("you see a part of the log alone"), "{notices}");
    assert_eq!(permit("lee", &["KITE", "OWL"]), (false, String::new()), "she saw a part before");
    permit("ann", &["KITE", "OWL"]);
    assert_eq!(permit("lee", &["OWL"]), (true, String::new()), "she was let in herself");
}
