//! How accounts come, change and go: each step an event in the log, on the condition that nothing happened to
//! any account meanwhile.

use crate::desk::Desk;
use crate::desk::accounts::naming::meant;
use crate::desk::accounts::{
    Account, AccountRow, AccountState, Accounts, ChangeAsk, OpenAsk, OpenedRow, PermitAsk,
};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::parse::markings;
use crate::desk::format::resolve::Newcomer;
use crate::desk::known::Known;
use crate::desk::writing::{self, TRIES_MAX, draw_event, draw_request, new_event, newcomer_event};
use crate::domain::event::{ACCOUNTS, DESK, Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::account::{PasswordSet, Permitted, Role, Standing};
use crate::domain::id::{ActorId, EntityId};
use crate::domain::marking::Marking;
use crate::store::{AppendError, Condition, Expect, NewEvent};

/// Compartments of an account at most.
const COMPARTMENTS_MAX: usize = 64;
const COMPARTMENT_CHARS_MAX: usize = 40;
const REASON_CHARS_MAX: usize = 500;

/// Whose account is changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose<'n> {
    /// Of someone who may be new to the register.
    New(&'n str),
    /// Of someone who has one.
    Named(&'n str),
    /// One's own: whoever changes it is the account itself.
    Own(EntityId),
    /// Of someone whom a provider names, and whom nobody has recorded under that name: the log itself notes it.
    Newcomer(&'n str),
    /// Of someone whom a provider signs on: the log itself notes it.
    Bound(EntityId),
}

impl Desk {
    /// Returns every account that there is or was.
    ///
    /// # Errors
    ///
    /// As every question.
    pub(crate) fn list_accounts(&self) -> Result<Answer<Page<AccountRow>>, DeskError> {
        let known = self.known(&When::default())?;
        let (accounts, now) = (self.accounts()?, (self.clock)());
        let items: Vec<AccountRow> =
            accounts.all().into_iter().map(|account| AccountRow::of(account, now)).collect();
        let total = items.len() as u64;
        Ok(known.answer(Page { items, next: None, total }))
    }

    /// Opens an account, with a one-time password that is shown this once.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a name, a marking or a compartment that is none, and
    /// [`DeskError::Refused`] where there is such an account; then there is none that opens anything.
    pub(crate) fn open_account(
        &self,
        caller: &Caller,
        ask: &OpenAsk,
    ) -> Result<Answer<OpenedRow>, DeskError> {
        let known = self.known(&When::default())?;
        let permitted = Permitted {
            role: ask.role,
            clearance: level(&known, &ask.clearance)?,
            compartments: compartments(&ask.compartments)?,
        };
        let drawn = self.draw_password()?;
        let _one = self.people.ways_in();
        let account = self.change_account(caller, Whose::New(&ask.name), ask.reason.as_deref(), |of| {
            if let Some(account) = of.account {
                return Err(DeskError::Refused {
                    rule: format!("{} has an account", account.name),
                    hints: vec![
                        "`account role` and `account clearance` change it, `account password` gives it another \
                         password"
                            .to_owned(),
                    ],
                });
            }
            self.keep_password(of.id, &drawn)?;
            Ok(vec![Fact::AccountOpened(permitted.clone()), drawn.fact()])
        })?;
        self.answer_opened(&account, drawn)
    }

    /// Gives an account another one-time password; its sessions end.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] where nobody has such an account; then nothing changed.
    pub(crate) fn reset_password(
        &self,
        caller: &Caller,
        name: &str,
        ask: &ChangeAsk,
    ) -> Result<Answer<OpenedRow>, DeskError> {
        let drawn = self.draw_password()?;
        let _one = self.people.ways_in();
        let account = self.change_account(caller, Whose::Named(name), ask.reason.as_deref(), |of| {
            self.keep_password(of.id, &drawn)?;
            Ok(vec![drawn.fact()])
        })?;
        self.sessions().go_on(None, account.id, "");
        self.answer_opened(&account, drawn)
    }

    /// Lets an account do or see something else from now on.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] where nobody has such an account, and [`DeskError::Refused`] where nobody
    /// could keep the accounts any more; then nothing changed.
    pub(crate) fn permit_account(
        &self,
        caller: &Caller,
        name: &str,
        ask: &PermitAsk,
    ) -> Result<Answer<AccountRow>, DeskError> {
        let known = self.known(&When::default())?;
        let clearance = ask.clearance.as_deref().map(|typed| level(&known, typed)).transpose()?;
        let within = ask.compartments.as_deref().map(compartments).transpose()?;
        let account = self.change_account(caller, Whose::Named(name), ask.reason.as_deref(), |of| {
            let account = of.found()?;
            if account.bound.is_some() {
                return Err(DeskError::Refused {
                    rule: format!(
                        "{} comes in by single sign-on, and what they may the groups of the provider say",
                        account.name
                    ),
                    hints: vec![
                        "change their groups there; `account disable` keeps them out at once".to_owned(),
                    ],
                });
            }
            let before = &account.permitted;
            let permitted = Permitted {
                role: ask.role.unwrap_or(before.role),
                clearance: clearance.clone().unwrap_or_else(|| before.clearance.clone()),
                compartments: within.clone().unwrap_or_else(|| before.compartments.clone()),
            };
            if permitted == *before {
                return Err(unchanged(account, "may do and see that already"));
            }
            of.goes_on_keeping(&permitted)?;
            Ok(vec![Fact::AccountPermitted(permitted)])
        })?;
        self.answer_account(&account)
    }

    /// Disables, enables or closes an account; its sessions end where it does not open anything any more.
    ///
    /// # Errors
    ///
    /// As [`Desk::permit_account`].
    pub(crate) fn set_account(
        &self,
        caller: &Caller,
        name: &str,
        state: AccountState,
        ask: &ChangeAsk,
    ) -> Result<Answer<AccountRow>, DeskError> {
        let _one = self.people.ways_in();
        let account = self.change_account(caller, Whose::Named(name), ask.reason.as_deref(), |of| {
            let account = of.found()?;
            if account.state == state {
                return Err(unchanged(account, &format!("is {state} already")));
            }
            Ok(vec![match state {
                AccountState::Active => Fact::AccountEnabled(Standing {}),
                AccountState::Disabled => {
                    of.is_not_the_last()?;
                    Fact::AccountDisabled(Standing {})
                }
                AccountState::Closed => {
                    of.is_not_the_last()?;
                    Fact::AccountClosed(Standing {})
                }
            }])
        })?;
        if state != AccountState::Active {
            self.sessions().go_on(None, account.id, "");
        }
        if state == AccountState::Closed {
            // What is kept of it opens nothing any more, and need not be kept.
            self.people.kept.change(|secrets| {
                secrets.passwords.remove(&account.id);
                secrets.devices.remove(&account.id);
                secrets.tokens.retain(|_, token| token.account != account.id);
            })?;
        }
        self.answer_account(&account)
    }

    /// Opens the first administrator's account, where the log has no accounts yet; none where it has.
    ///
    /// # Errors
    ///
    /// As `open_account`.
    pub fn begin_accounts(&self, name: &str) -> Result<Option<OpenedRow>, DeskError> {
        if self.has_accounts() {
            return Ok(None);
        }
        let known = self.known(&When::default())?;
        let (scheme, _) = markings(&known);
        let highest = scheme.levels.last().map(|level| level.0.clone()).unwrap_or_default();
        let ask = OpenAsk {
            name: name.to_owned(),
            role: Role::Administrator,
            clearance: highest,
            compartments: Vec::new(),
            reason: Some("the first account".to_owned()),
        };
        let caller = Caller { actor: name.to_owned(), tz: None };
        self.open_account(&caller, &ask).map(|answer| Some(answer.data))
    }

    /// Records what `decide` decides of an account, and returns the account with it.
    pub(super) fn change_account(
        &self,
        caller: &Caller,
        whose: Whose<'_>,
        reason: Option<&str>,
        decide: impl Fn(&Of<'_>) -> Result<Vec<Fact>, DeskError>,
    ) -> Result<Account, DeskError> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
            return Err(Fault::in_field("reason", "is longer than 500 characters").into());
        }
        for _ in 0..TRIES_MAX {
            // Before anything is read, so that whatever comes between is noticed.
            let registers = writing::registers_at(self.store.as_ref());
            let unmoved = match self.store.stream(ACCOUNTS) {
                Some((revision, _)) => (ACCOUNTS, Expect::At(revision)),
                None => (ACCOUNTS, Expect::NoStream),
            };
            let (known, accounts) = (self.known(&When::default())?, self.accounts()?);
            let mut newcomers = Vec::new();
            let actor = Self::actor(&known, caller, whose, &mut newcomers)?;
            let id = meant(&known, &accounts, caller, whose, &mut newcomers)?;
            let account = accounts.get(id);
            let facts = decide(&Of { id, account, accounts: &accounts, desk: self, known: &known })?;
            let mut expect = vec![unmoved];
            let mut events: Vec<NewEvent> =
                newcomers.iter().map(|entered| newcomer_event(entered, actor)).collect::<Result<_, _>>()?;
            if !newcomers.is_empty() {
                expect.push(registers);
            }
            for fact in facts {
                let envelope = Envelope {
                    about: vec![id],
                    reason: reason.map(ToOwned::to_owned),
                    ..Envelope::default()
                };
                let event = Event { envelope, fact };
                let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
                events.push(new_event(draw_event(), &event, body, actor));
            }
            match self.append(events, Condition { expect }, draw_request()) {
                Ok(_) => {
                    let accounts = self.accounts()?;
                    let changed = accounts.all().into_iter().find(|account| account.id == id).cloned();
                    return changed.ok_or_else(|| {
                        DeskError::Damaged("the account that was changed is not in the log".to_owned())
                    });
                }
                Err(AppendError::Moved { .. }) => {}
                Err(error) => return Err(self.not_appended(error)),
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }

    /// Returns who records the change.
    fn actor(
        known: &Known,
        caller: &Caller,
        whose: Whose<'_>,
        newcomers: &mut Vec<Newcomer>,
    ) -> Result<ActorId, DeskError> {
        if let Whose::Newcomer(_) | Whose::Bound(_) = whose {
            return Ok(ActorId::from_uuid(*DESK.as_uuid()));
        }
        if let Whose::Own(id) = whose {
            let own = ActorId::from_uuid(*id.as_uuid());
            // Whoever must sign what they record came in, which is no signature: the desk notes it for them.
            let signs = known.must_sign(own)?;
            return Ok(if signs { ActorId::from_uuid(*DESK.as_uuid()) } else { own });
        }
        let (actor, newcomer) = writing::recorder(known, caller)?;
        newcomers.extend(newcomer);
        Ok(actor)
    }

    pub(super) fn answer_account(&self, account: &Account) -> Result<Answer<AccountRow>, DeskError> {
        let known = self.known(&When::default())?;
        Ok(self.with_notice(known.answer(AccountRow::of(account, (self.clock)()))))
    }
}

/// The account that is changed, as it stands.
pub(super) struct Of<'a> {
    /// Whose it is, or will be.
    pub(super) id: EntityId,
    /// The account; none where it is to be opened.
    pub(super) account: Option<&'a Account>,
    /// Every account.
    pub(super) accounts: &'a Accounts,
    pub(super) desk: &'a Desk,
    /// What is known now.
    pub(super) known: &'a Known,
}

impl<'a> Of<'a> {
    /// Returns the account.
    pub(super) fn found(&self) -> Result<&'a Account, DeskError> {
        self.account.ok_or_else(|| no_account("of that name"))
    }
}

pub(super) fn no_account(name: &str) -> DeskError {
    DeskError::NotFound {
        what: format!("an account {name}"),
        hints: vec!["`account list` shows every account".to_owned()],
    }
}

fn unchanged(account: &Account, what: &str) -> DeskError {
    DeskError::Refused { rule: format!("{} {what}", account.name), hints: Vec::new() }
}

/// Returns the level of the scheme in force that was typed.
fn level(known: &Known, typed: &str) -> Result<Marking, DeskError> {
    let (scheme, _) = markings(known);
    Ok(scheme.level(typed).map_err(|error| Fault::in_field("clearance", error.to_string()))?)
}

/// Returns compartments as they are kept: each once, in order.
fn compartments(typed: &[String]) -> Result<Vec<String>, DeskError> {
    let wrong = |detail: String| DeskError::from(Fault::in_field("compartments", detail));
    let mut compartments: Vec<String> = typed.iter().map(|name| name.trim().to_owned()).collect();
    compartments.sort();
    compartments.dedup();
    if compartments.len() > COMPARTMENTS_MAX {
        return Err(wrong(format!("are more than {COMPARTMENTS_MAX}")));
    }
    let bad = |name: &&String| {
        name.is_empty() || name.chars().count() > COMPARTMENT_CHARS_MAX || name.chars().any(char::is_control)
    };
    match compartments.iter().find(bad) {
        Some(name) => Err(wrong(format!(
            "`{}` is no compartment; one has 1 to {COMPARTMENT_CHARS_MAX} characters, and no control characters",
            name.escape_debug()
        ))),
        None => Ok(compartments),
    }
}

impl crate::desk::accounts::passwords::Drawn {
    /// Returns the event that names the password.
    pub(super) fn fact(&self) -> Fact {
        Fact::AccountPasswordSet(PasswordSet { password: self.name.clone(), one_time: true })
    }
}
