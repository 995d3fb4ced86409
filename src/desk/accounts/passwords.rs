//! Passwords: drawn for once, chosen by their owners, and tried.

use crate::desk::Desk;
use crate::desk::accounts::changing::Whose;
use crate::desk::accounts::{Account, AccountRow, AccountState, Kept, KeptPassword, OpenedRow};
use crate::desk::answer::Answer;
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::keys::password::{Hashed, drawn, drawn_password};
use crate::domain::fact::Fact;
use crate::domain::fact::account::PasswordSet;
use crate::domain::id::EntityId;
use crate::domain::name::fold;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;

/// A one-time password opens nothing after three days.
const ONE_TIME_SECONDS: i64 = 3 * 24 * 60 * 60;
const SECOND: i64 = 1_000_000;
/// The fewest characters of a password that somebody chose: what counts is its length.
const CHARS_MIN: usize = 12;
const BYTES_MAX: usize = 1_024;

/// A password that was drawn, before it counts.
pub(super) struct Drawn {
    /// What names it in the log.
    pub(super) name: String,
    password: String,
    hashed: Hashed,
    until: Timestamp,
}

impl Desk {
    /// Draws a one-time password.
    pub(super) fn draw_password(&self) -> Result<Drawn, DeskError> {
        let password = drawn_password().map_err(|error| no_random(&error))?;
        let hashed = Hashed::of(&password).map_err(|error| no_random(&error))?;
        let until = (self.clock)().micros() + ONE_TIME_SECONDS * SECOND;
        let until = Timestamp::from_micros(until).unwrap_or(Timestamp::MAX);
        Ok(Drawn { name: drawn_name()?, password, hashed, until })
    }

    /// Keeps a password beside the one that counts, before the log names it.
    pub(super) fn keep_password(&self, account: EntityId, drawn: &Drawn) -> Result<(), DeskError> {
        let next =
            KeptPassword { name: drawn.name.clone(), until: Some(drawn.until), hashed: drawn.hashed.clone() };
        self.keep(account, next)
    }

    fn keep(&self, id: EntityId, next: KeptPassword) -> Result<(), DeskError> {
        let accounts = self.accounts()?;
        let counts = accounts.get(id).and_then(|account| account.password.as_ref());
        self.people.kept.change(|secrets| {
            let kept = secrets.passwords.entry(id).or_default();
            kept.retain(|kept| counts.is_some_and(|counts| counts.name == kept.name));
            kept.push(next);
        })
    }

    pub(super) fn answer_opened(
        &self,
        account: &Account,
        drawn: Drawn,
    ) -> Result<Answer<OpenedRow>, DeskError> {
        let known = self.known(&When::default())?;
        let account = AccountRow::of(account, (self.clock)());
        let opened = OpenedRow { account, one_time_password: drawn.password, until: drawn.until };
        Ok(self.with_notice(known.answer(opened)))
    }

    /// Puts a password that its owner chose in the place of the one that counts. `old` was tried and is right;
    /// every session but `secret` ends.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a password that is too short, too long or no other; then the old one
    /// counts. Returns [`DeskError::Refused`] where the one that was tried counts no longer, or the account opens
    /// nothing; then nothing changed.
    pub(in crate::desk) fn choose_password(
        &self,
        account: &Account,
        (old, new): (&str, &str),
        secret: Option<&HexHash>,
    ) -> Result<Answer<AccountRow>, DeskError> {
        choosable(account, old, new)?;
        let hashed = Hashed::of(new).map_err(|error| no_random(&error))?;
        let name = drawn_name()?;
        let next = KeptPassword { name: name.clone(), until: None, hashed };
        let _one = self.people.ways_in();
        let caller = Caller { actor: account.name.clone(), tz: None };
        let set = PasswordSet { password: name.clone(), one_time: false };
        let changed = self.change_account(&caller, Whose::Own(account.id), None, |of| {
            still_counts(account, of.found()?)?;
            self.keep(account.id, next.clone())?;
            Ok(vec![Fact::AccountPasswordSet(set.clone())])
        })?;
        self.sessions().go_on(secret, account.id, &name);
        let known = self.known(&When::default())?;
        Ok(self.with_notice(known.answer(AccountRow::of(&changed, (self.clock)()))))
    }
}

/// Tells whether a password is the one that counts for an account; it takes as long where there is none.
pub(in crate::desk) fn check_password(
    kept: &Kept,
    account: Option<&Account>,
    password: &str,
    now: Timestamp,
) -> Result<bool, DeskError> {
    let counts = account.and_then(|account| Some((account.id, account.password.as_ref()?)));
    let found = kept.look(|secrets| {
        let (id, counts) = counts?;
        secrets.passwords.get(&id)?.iter().find(|kept| kept.name == counts.name).cloned()
    })?;
    let in_time = found.as_ref().is_some_and(|kept| kept.until.is_none_or(|until| now < until));
    let hashed = found.map_or_else(Hashed::of_nobody, |kept| kept.hashed);
    // Tried in any case, whoever asks for whom.
    let is_right = hashed.is(password.get(..BYTES_MAX).unwrap_or(password));
    Ok(is_right && in_time && password.len() <= BYTES_MAX)
}

/// Refuses to go on from a password that was tried, and was replaced or shut out meanwhile.
fn still_counts(tried: &Account, now: &Account) -> Result<(), DeskError> {
    if now.password == tried.password && now.state == AccountState::Active {
        return Ok(());
    }
    Err(DeskError::Refused {
        rule: format!("the old password of {} opens nothing any more", now.name),
        hints: vec!["come in with the one that was given since, or ask an administrator".to_owned()],
    })
}

fn choosable(account: &Account, old: &str, new: &str) -> Result<(), DeskError> {
    let wrong = |detail: &str| Err(Fault::in_field("new", detail).into());
    if new.chars().count() < CHARS_MIN {
        return wrong("is too short: a password has 12 characters or more; a sentence is a good one");
    }
    if new.len() > BYTES_MAX || new.chars().any(char::is_control) {
        return wrong("is too long, or has control characters: a password has at most 1,024 bytes");
    }
    if new == old {
        return wrong("is the old one; choose another");
    }
    if fold(new).replace(&fold(&account.name), "").chars().count() < CHARS_MIN / 2 {
        return wrong("is little more than the name of the account; choose another");
    }
    let mut letters: Vec<char> = new.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < CHARS_MIN / 2 {
        return wrong("repeats a few characters; choose another");
    }
    Ok(())
}

/// Draws what names a password or a token in the log.
pub(super) fn drawn_name() -> Result<String, DeskError> {
    let bytes = drawn::<6>().map_err(|error| no_random(&error))?;
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Ok(format!("{number:012x}"))
}

pub(super) fn no_random(error: &std::io::Error) -> DeskError {
    DeskError::Unavailable(format!("the system gives nothing to draw a secret from: {error}"))
}
