//! How someone comes in whom a provider signed on, and whom a proxy names.

use crate::desk::Desk;
use crate::desk::access::groups::Groups;
use crate::desk::access::{AccessError, Door, Grants, LoggedIn, Means, Principal};
use crate::desk::accounts::{Account, AccountState, Binding, Proven};
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::format::parse::markings;
use crate::desk::keys::password::{drawn_password, drawn_secret};
use crate::domain::fact::account::Bound;
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;

/// What a provider says of someone, which was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attested {
    /// The provider.
    pub(crate) issuer: String,
    /// What names them there.
    pub(crate) subject: String,
    /// How they are called there.
    pub(crate) name: String,
    /// The groups in which they are; none where nothing is said of any, as some providers do of somebody who is in none.
    pub(crate) groups: Option<Vec<String>>,
}

/// Someone who was signed on, and has no session yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    account: EntityId,
    /// The name of the account.
    pub(crate) name: String,
    /// With what their session begins.
    binding: String,
}

impl Arrived {
    /// Tells whether they are whom a provider says something of.
    pub(crate) fn is(&self, attested: &Attested) -> bool {
        let bound = Bound { issuer: attested.issuer.clone(), subject: attested.subject.clone() };
        self.binding == Binding::of(&bound).name()
    }
}

#[cfg(test)]
impl Arrived {
    /// Returns somebody of that name, whose account is nobody's.
    pub(crate) fn for_tests(name: &str) -> Self {
        let account = EntityId::from_uuid(uuid::Uuid::nil());
        Self { account, name: name.to_owned(), binding: String::new() }
    }
}

impl Desk {
    /// Checks that every level that the rules for groups name is one of the log.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] with the one that is none.
    pub fn check_groups(&self, groups: &Groups) -> Result<(), DeskError> {
        groups.check(&markings(&self.known(&When::default())?).0)
    }
}

impl Door {
    /// Returns what time it is for whoever comes in.
    pub(in crate::desk) fn now(&self) -> Timestamp {
        (self.desk.clock)()
    }

    /// Draws a secret that nobody can guess, of 64 hexadecimal digits.
    pub(in crate::desk) fn draw() -> Result<String, DeskError> {
        drawn_secret("").map_err(|error| super::coming::unavailable(&error))
    }

    /// Draws a code of fifty bits to be read off and typed.
    pub(in crate::desk) fn draw_code() -> Result<String, DeskError> {
        let drawn = drawn_password().map_err(|error| super::coming::unavailable(&error))?;
        Ok(drawn.chars().take(11).collect())
    }

    /// Takes somebody in whom a provider signed on; they have no session yet.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Forbidden`] for whom no group lets in: then the sessions that they have end for good.
    /// Returns what [`Desk::sign_on`] does where their account opens nothing.
    pub(in crate::desk) fn take_in(
        &self,
        attested: &Attested,
        groups: &Groups,
    ) -> Result<Arrived, AccessError> {
        let Attested { issuer, subject, name, groups: theirs } = attested;
        let (scheme, _) = markings(&self.desk.known(&When::default())?);
        let (permitted, groups) = match groups.permit(name, theirs.as_deref().unwrap_or_default(), &scheme) {
            Ok(permitted) => permitted,
            Err(error @ AccessError::Forbidden { .. }) => {
                let accounts = self.desk.accounts()?;
                if let Some(account) = accounts.bound_to(issuer, subject) {
                    self.desk.end_sessions_of(account.id)?;
                }
                return Err(error);
            }
            // What is wrong here says nothing of them: who is in stays in.
            Err(error @ (AccessError::Unknown(_) | AccessError::Wait(_) | AccessError::Desk(_))) => {
                return Err(error);
            }
        };
        let bound = Bound { issuer: issuer.clone(), subject: subject.clone() };
        let account = self.desk.sign_on(&Proven { bound, name: name.clone(), permitted, groups })?;
        let binding = account.bound.as_ref().map(|bound| bound.name().to_owned()).unwrap_or_default();
        Ok(Arrived { account: account.id, name: account.name, binding })
    }

    /// Begins the session of somebody who was taken in.
    ///
    /// # Errors
    ///
    /// Returns [`AccessError::Unknown`] where their account opens nothing any more.
    pub(in crate::desk) fn let_in(&self, arrived: &Arrived) -> Result<LoggedIn, AccessError> {
        let accounts = self.desk.accounts()?;
        let account = accounts
            .get(arrived.account)
            .filter(|account| account.state == AccountState::Active && account.counts(&arrived.binding));
        let nobody = || AccessError::Unknown("the account opens nothing any more".to_owned());
        self.begin_session(account.ok_or_else(nobody)?, &arrived.binding, accounts.told())
    }

    /// Returns whom a proxy names that is trusted to know them.
    pub(super) fn named_by_proxy(&self, name: &str, tz: Option<String>) -> Result<Principal, AccessError> {
        let accounts = self.desk.accounts()?;
        // Exactly as it is called here: to the proxy, another spelling may be somebody else.
        let account = accounts.open().find(|account| account.name == name).map(|account| account.id);
        let nobody =
            || AccessError::Unknown("whom the proxy names has no account that opens anything".to_owned());
        match self.known_with(Means::Proxy(account.ok_or_else(nobody)?), tz) {
            Err(AccessError::Unknown(_)) => Err(nobody()),
            known => known,
        }
    }

    /// Begins a session of an account, which goes on as long as what it began with counts; `told` is how far the log
    /// told of accounts when this one was looked at.
    pub(super) fn begin_session(
        &self,
        account: &Account,
        began_with: &str,
        told: u64,
    ) -> Result<LoggedIn, AccessError> {
        let desk = &self.desk;
        let (session, hash) = super::coming::new_session()?;
        desk.sessions().begin(&hash, (account.id, began_with), told, (desk.clock)());
        let who = super::coming::principal(account, Means::Session(hash), Grants::EVERYTHING, None);
        Ok(LoggedIn { answer: self.told(&who, self.who(&who)?), session, device: None })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::desk::accounts::{AccountRow, BindAsk, ChangeAsk, OpenAsk, PermitAsk};
    use crate::desk::ask::{Caller, ChangesAsk};
    use crate::desk::keys::password::fingerprint;
    use crate::desk::testing::Fixture;
    use crate::domain::fact::account::Role;

    const ISSUER: &str = "https://login.example";

    struct House {
        door: Door,
        groups: Groups,
    }

    impl House {
        fn new() -> Self {
            let rules = ["desk=recorder,TLP:RED", "guests=reader,TLP:GREEN", "keep=administrator,TLP:RED"];
            let groups = Groups(rules.iter().map(|rule| rule.parse().unwrap()).collect());
            let door = Door::of(Arc::new(Fixture::new().desk));
            let house = Self { door, groups };
            house.open("boss", Role::Administrator);
            house
        }

        fn owner() -> Caller {
            Caller { actor: "owner".to_owned(), tz: None }
        }

        fn open(&self, name: &str, role: Role) {
            let clearance = "TLP:RED".to_owned();
            let ask =
                OpenAsk { name: name.to_owned(), role, clearance, compartments: Vec::new(), reason: None };
            self.door.desk.open_account(&Self::owner(), &ask).unwrap();
        }

        fn attested(subject: &str, name: &str, groups: &[&str]) -> Attested {
            Attested {
                issuer: ISSUER.to_owned(),
                subject: subject.to_owned(),
                name: name.to_owned(),
                groups: Some(groups.iter().map(|group| (*group).to_owned()).collect()),
            }
        }

        fn comes(&self, subject: &str, name: &str, groups: &[&str]) -> Result<Arrived, String> {
            let attested = Self::attested(subject, name, groups);
            self.door.take_in(&attested, &self.groups).map_err(|error| error.to_string())
        }

        fn row(&self, name: &str) -> AccountRow {
            let rows = self.door.desk.list_accounts().unwrap().data.items;
            rows.into_iter().find(|row| row.account == name).unwrap()
        }

        fn says(&self) -> String {
            let page = self.door.desk.changes(&When::default(), &ChangesAsk::default()).unwrap().data;
            let said = page
                .items
                .into_iter()
                .map(|row| format!("{}: {}\n", row.recorder, row.says.unwrap_or_default()));
            said.collect::<Vec<_>>().concat()
        }
    }

    #[test]
    fn the_first_sign_on_opens_an_account_and_another_group_changes_it() {
        let house = House::new();
        let arrived = house.comes("s-1", "lee", &["guests", "others"]).unwrap();
        let session = house.door.let_in(&arrived).unwrap().session;
        let who = || {
            let shown = crate::desk::access::Shown::Secret(&session);
            let who = house.door.admits(crate::desk::access::Entrance::Port, shown, Caller::default());
            who.map(|who| house.door.who(&who).unwrap().data)
        };
        assert_eq!((who().unwrap().role, who().unwrap().by.as_str()), (Some(Role::Reader), "session"));
        // Called otherwise there, they are who they are here; and what they may holds for the session at once.
        house.comes("s-1", "lee yun", &["desk"]).unwrap();
        assert_eq!(who().unwrap().role, Some(Role::Recorder));
        let size = house.door.size();
        house.comes("s-1", "lee", &["desk"]).unwrap();
        assert_eq!(house.door.size(), size, "nothing changed, and nothing is recorded");
        let said = house.says();
        for line in [
            "the log itself: enters the recorder lee",
            "the log itself: opens an account for lee: reader, cleared for TLP:GREEN: by single sign-on, for the groups guests",
            "the log itself: lets lee come in by single sign-on, as s-1 of https://login.example",
            "the log itself: makes the account of lee recorder, cleared for TLP:RED: by single sign-on, for the groups desk",
        ] {
            assert!(said.contains(line), "{line}\n{said}");
        }
        assert!(house.comes("s-1", "lee", &["others"]).unwrap_err().contains("no group of lee"));
        assert!(who().is_err(), "whom no group lets in stays in no longer");
    }

    #[test]
    fn nobody_becomes_somebody_else_by_being_called_so() {
        let house = House::new();
        house.open("lee", Role::Reader);
        // kim recorded before, and has no account.
        for name in ["lee", "LEE", "kim", "boss"] {
            let said = house.comes("s-1", name, &["keep"]).unwrap_err();
            assert!(said.contains("a name alone does not make you them"), "{name}: {said}");
        }
        for wrong in ["", " ", "a\nb", "lеe"] {
            assert!(house.comes("s-1", wrong, &["desk"]).is_err(), "{wrong:?}");
        }
        assert!(house.comes("", "park", &["desk"]).is_err());
        house.comes("s-1", "park", &["desk"]).unwrap();
        assert!(house.comes("s-2", "park", &["desk"]).unwrap_err().contains("park"));
        assert_eq!(house.row("lee").role, Role::Reader);
    }

    #[test]
    fn an_administrator_binds_an_account_and_it_has_one_way_in() {
        let house = House::new();
        let (desk, owner) = (&house.door.desk, House::owner());
        house.open("lee", Role::Reader);
        let ask = BindAsk { issuer: ISSUER.to_owned(), subject: "s-1".to_owned(), reason: None };
        desk.bind_account(&owner, "lee", &ask).unwrap();
        let row = house.row("lee");
        assert_eq!((row.subject.as_deref(), row.must_change), (Some("s-1"), false));
        assert!(desk.bind_account(&owner, "boss", &ask).unwrap_err().to_string().contains("lee"));
        let arrived = house.comes("s-1", "anybody", &["desk"]).unwrap();
        assert_eq!((arrived.name.as_str(), house.row("lee").role), ("lee", Role::Recorder));
        // What their groups say is not changed here.
        let permit = PermitAsk { role: Some(Role::Administrator), ..PermitAsk::default() };
        assert!(desk.permit_account(&owner, "lee", &permit).unwrap_err().to_string().contains("groups"));
        // With a password, they come in with it, and not as before.
        desk.reset_password(&owner, "lee", &ChangeAsk::default()).unwrap();
        assert_eq!(house.row("lee").subject, None);
        assert!(house.door.let_in(&arrived).is_err());
        assert!(house.comes("s-1", "lee", &["desk"]).unwrap_err().contains("a name alone"));
        for (issuer, subject) in [("login.example", "s"), ("https://x", ""), ("https://x", "a\nb"), ("", "s")]
        {
            let ask = BindAsk { issuer: issuer.to_owned(), subject: subject.to_owned(), reason: None };
            assert!(matches!(desk.bind_account(&owner, "lee", &ask), Err(DeskError::Wrong(_))), "{issuer}");
        }
    }

    #[test]
    fn an_account_that_opens_nothing_is_opened_by_no_provider() {
        let house = House::new();
        let (desk, owner, none) = (&house.door.desk, House::owner(), ChangeAsk::default());
        let arrived = house.comes("s-1", "lee", &["desk"]).unwrap();
        desk.set_account(&owner, "lee", AccountState::Disabled, &none).unwrap();
        assert!(house.comes("s-1", "lee", &["keep"]).unwrap_err().contains("disabled"));
        assert!(house.door.let_in(&arrived).is_err());
        desk.set_account(&owner, "lee", AccountState::Active, &none).unwrap();
        house.comes("s-1", "lee", &["desk"]).unwrap();
        desk.set_account(&owner, "lee", AccountState::Closed, &none).unwrap();
        assert!(house.comes("s-1", "lee", &["desk"]).unwrap_err().contains("closed"));
        assert!(house.comes("s-1", "other", &["desk"]).unwrap_err().contains("closed"));
    }

    #[test]
    fn a_proxy_names_an_account_exactly_as_it_is_called() {
        let house = House::new();
        house.open("lee", Role::Reader);
        let named = |name: &str| {
            let shown = crate::desk::access::Shown::Named(name);
            house.door.admits(crate::desk::access::Entrance::Port, shown, Caller::default())
        };
        assert_eq!(named("lee").unwrap().caller.actor, "lee");
        for other in ["l-e-e", "LEE", "ｌｅｅ", "lee ", "l.ee", "nobody", ""] {
            assert!(matches!(named(other), Err(AccessError::Unknown(_))), "{other:?}");
        }
    }

    #[test]
    fn what_was_ended_because_no_group_lets_in_is_taken_up_from_no_copy_of_the_file() {
        let house = House::new();
        let arrived = house.comes("s-1", "lee", &["desk"]).unwrap();
        let session = fingerprint(&house.door.let_in(&arrived).unwrap().session);
        assert!(arrived.is(&House::attested("s-1", "another name", &[])));
        assert!(!arrived.is(&House::attested("s-2", "lee", &[])));
        // A level that the log does not have is no word of the provider, and ends nothing.
        let groups = Groups(vec!["desk=reader,SECRET".parse().unwrap()]);
        let unavailable = house.door.take_in(&House::attested("s-1", "lee", &["desk"]), &groups);
        assert!(matches!(unavailable, Err(AccessError::Desk(DeskError::Unavailable(_)))), "{unavailable:?}");
        let desk = &house.door.desk;
        assert!(desk.sessions().living(&session, house.door.now()).is_some());
        assert!(house.comes("s-1", "lee", &["others"]).is_err());
        assert!(desk.sessions().living(&session, house.door.now()).is_none());
        let ended = desk.people.kept.look(|secrets| secrets.ended.clone()).unwrap();
        assert_eq!(ended.into_iter().map(|ended| ended.session).collect::<Vec<_>>(), [session]);
    }

    #[test]
    fn groups_never_take_the_last_administrator_away() {
        let house = House::new();
        house.comes("s-1", "lee", &["keep"]).unwrap();
        let none = ChangeAsk::default();
        house.door.desk.set_account(&House::owner(), "boss", AccountState::Disabled, &none).unwrap();
        assert!(house.comes("s-1", "lee", &["desk"]).unwrap_err().contains("last administrator"));
        assert_eq!(house.row("lee").role, Role::Administrator);
    }
}
