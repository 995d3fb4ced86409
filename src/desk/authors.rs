//! Authors who sign: their keys come and go by events, and hold by position, never by a clock.
//!
//! A key counts for what is recorded after the event that adds it and before the one that revokes it. That
//! someone must sign outlives the key with which it began, until an event says that it ends: to revoke a key
//! frees nobody. What is signed is the submission, made before the log gives it a position and a time; it names the log, so it
//! cannot be put into another.

mod key;
mod rows;
pub mod signature;

pub use key::KeyError;
pub use rows::AuthorKeyRow;
pub(crate) use rows::{AddKeyAsk, RevokeKeyAsk};

use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::Desk;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::known::Known;
use crate::desk::writing::{self, TRIES_MAX, draw_request, newcomer_event, touch_desk};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::evidence::{AuthorKeyAdded, AuthorKeyRevoked};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId};
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{By, Direction, Order, Struck, TimelineQuery};
use crate::projections::view::KindsMark;
use crate::store::{AppendError, Class, Condition, NewEvent};

/// What says which keys there are.
const KINDS: [Kind; 2] = [Kind::AuthorKeyAdded, Kind::AuthorKeyRevoked];
/// Keys of one author that count at a time, at most.
const KEYS_MAX: usize = 16;

/// A key of someone who records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthorKey {
    /// Whose it is.
    pub(crate) author: EntityId,
    /// The Ed25519 public key, 64 hexadecimal digits.
    pub(crate) key: String,
    /// What its owner calls it.
    pub(crate) comment: Option<String>,
    /// Whether what its owner records must be signed since it was added.
    pub(crate) required: bool,
    /// Whether that was not ended since.
    pub(crate) binds: bool,
    /// It counts for positions after this one.
    pub(crate) added: u64,
    /// When it was added.
    pub(crate) added_at: Timestamp,
    /// It counts for positions before this one; to the end where none.
    pub(crate) revoked: Option<u64>,
}

/// The keys of everyone who signs as they were asked for last: whoever records asks for them.
#[derive(Debug, Default)]
pub(crate) struct AuthorKeysKept(Mutex<Option<(KindsMark, Arc<Vec<AuthorKey>>)>>);

impl AuthorKeysKept {
    fn at(&self, mark: &KindsMark) -> Option<Arc<Vec<AuthorKey>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(then, _)| then == mark).map(|(_, keys)| Arc::clone(keys))
    }

    fn keep(&self, mark: KindsMark, keys: &Arc<Vec<AuthorKey>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((mark, Arc::clone(keys)));
    }
}

impl Known {
    /// Returns the keys of everyone who signs, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn author_keys(&self) -> Result<Arc<Vec<AuthorKey>>, DeskError> {
        let mark = self.view.mark_of(&KINDS)?;
        if mark.as_ref().is_some_and(KindsMark::is_of_none) {
            return Ok(Arc::default());
        }
        if let Some(keys) = mark.as_ref().and_then(|mark| self.author_keys.at(mark)) {
            return Ok(keys);
        }
        let keys = Arc::new(self.read_author_keys()?);
        if let Some(mark) = mark {
            self.author_keys.keep(mark, &keys);
        }
        Ok(keys)
    }

    fn read_author_keys(&self) -> Result<Vec<AuthorKey>, DeskError> {
        let mut keys: Vec<AuthorKey> = Vec::new();
        let mut after = None;
        loop {
            let page = self.view.timeline(&TimelineQuery {
                kinds: KINDS.to_vec().into(),
                struck: Struck::Show,
                bookkeeping: true,
                order: Order { by: By::Recorded, direction: Direction::Ascending },
                after,
                limit: 1_000,
                ..TimelineQuery::default()
            })?;
            for row in &page.rows {
                let Some(raw) = self.view.event(row.id)? else { continue };
                let Some(event) = raw.event else { continue };
                take(&mut keys, raw.position, raw.at, &event);
            }
            after = page.next;
            if after.is_none() {
                return Ok(keys);
            }
        }
    }

    /// Tells whether what an author records next must be signed.
    ///
    /// # Errors
    ///
    /// As [`Known::author_keys`].
    pub(crate) fn must_sign(&self, actor: ActorId) -> Result<bool, DeskError> {
        let author = EntityId::from_uuid(*actor.as_uuid());
        Ok(self.author_keys()?.iter().any(|key| key.author == author && key.binds))
    }

    /// Returns the keys of an author that count for what is recorded next.
    ///
    /// # Errors
    ///
    /// As [`Known::author_keys`].
    pub(crate) fn keys_of(&self, actor: ActorId) -> Result<Vec<AuthorKey>, DeskError> {
        let author = EntityId::from_uuid(*actor.as_uuid());
        let counts = |key: &AuthorKey| key.author == author && key.revoked.is_none();
        Ok(self.author_keys()?.iter().filter(|key| counts(key)).cloned().collect())
    }
}

/// Takes in what an event says of keys.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of keys")]
fn take(keys: &mut Vec<AuthorKey>, position: u64, at: Timestamp, event: &Event) {
    let Some(author) = event.envelope.about.first().copied() else { return };
    match &event.fact {
        Fact::AuthorKeyAdded(added) => keys.push(AuthorKey {
            author,
            key: added.key.clone(),
            comment: added.comment.clone(),
            required: added.required,
            binds: added.required,
            added: position,
            added_at: at,
            revoked: None,
        }),
        Fact::AuthorKeyRevoked(gone) => {
            for key in keys.iter_mut().filter(|key| key.key == gone.key && key.revoked.is_none()) {
                key.revoked = Some(position);
            }
            for key in keys.iter_mut().filter(|key| key.author == author && gone.ends_requirement) {
                key.binds = false;
            }
        }
        _ => {}
    }
}

impl Desk {
    /// Lets someone who records sign with a key from now on; whoever is not in the register of recorders yet
    /// enters it with the key.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for what is no Ed25519 public key or no name, and [`DeskError::Refused`]
    /// for a key that is someone's already; then nothing was recorded.
    pub(crate) fn add_author_key(
        &self,
        caller: &Caller,
        ask: &AddKeyAsk,
    ) -> Result<Answer<AuthorKeyRow>, DeskError> {
        let (public, comment) =
            key::read(&ask.key).map_err(|error| Fault::in_field("key", error.to_string()))?;
        let comment = ask.comment.clone().or(comment);
        let decide = |known: &Known, author: EntityId| {
            addable(known, author, &public)?;
            let added =
                AuthorKeyAdded { key: public.clone(), comment: comment.clone(), required: ask.required };
            Ok((Fact::AuthorKeyAdded(added), Class::AuthorKeyAdded))
        };
        let (answer, _) = self.change_keys(caller, &Whose::Named(&ask.author), decide, &public)?;
        Ok(answer)
    }

    /// Lets a key count no more for what is recorded from now on. Whoever must sign must still, unless it is
    /// asked for that this ends: the record names who ended it, for ever.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] for a key that is nobody's, [`DeskError::Ambiguous`] for digits with
    /// which several begin, and [`DeskError::Refused`] for one that counts no more, or where there is nothing
    /// to end; then nothing was recorded.
    pub(crate) fn revoke_author_key(
        &self,
        caller: &Caller,
        ask: &RevokeKeyAsk,
    ) -> Result<Answer<AuthorKeyRow>, DeskError> {
        let known = self.known(&When::default())?;
        let key = rows::named(&known.author_keys()?, &ask.key)?;
        let owner = ActorId::from_uuid(*key.author.as_uuid());
        let name = known.recorder_named(owner);
        let ends = ask.end_requirement;
        let decide = |known: &Known, author: EntityId| {
            let binds = known.must_sign(owner)?;
            if ends && !binds {
                return Err(DeskError::Refused {
                    rule: format!("what {name} records need not be signed, so nothing of that can end"),
                    hints: Vec::new(),
                });
            }
            let all = known.author_keys()?;
            let now = all.iter().find(|known| known.author == author && known.key == key.key);
            if let Some(position) = now.and_then(|now| now.revoked).filter(|_| !ends) {
                return Err(DeskError::Refused {
                    rule: format!(
                        "the key {} was revoked at position {position} already",
                        key::short(&key.key)
                    ),
                    hints: Vec::new(),
                });
            }
            let revoked = AuthorKeyRevoked { key: key.key.clone(), ends_requirement: ends };
            Ok((Fact::AuthorKeyRevoked(revoked), Class::AuthorKeyRevoked))
        };
        let (mut answer, known) = self.change_keys(caller, &Whose::Known(key.author), decide, &key.key)?;
        if ends {
            answer.notices.push(format!("what {name} records no longer needs a signature"));
        } else if known.must_sign(owner)? {
            let without = if known.keys_of(owner)?.is_empty() {
                format!(", and no key of theirs counts: `author key add {name} KEY` lets them go on")
            } else {
                String::new()
            };
            answer.notices.push(format!("what {name} records must be signed still{without}"));
        }
        Ok(answer)
    }

    /// Returns every key with which someone signs or signed.
    ///
    /// # Errors
    ///
    /// As every question.
    pub(crate) fn author_keys(&self, when: &When) -> Result<Answer<Page<AuthorKeyRow>>, DeskError> {
        let known = self.known(when)?;
        let items: Vec<AuthorKeyRow> =
            known.author_keys()?.iter().map(|key| AuthorKeyRow::of(&known, key)).collect();
        let total = items.len() as u64;
        Ok(known.answer(Page { items, next: None, total }))
    }

    /// Records what `decide` decides about the keys of an author, on the condition that the registers are as
    /// they were read; returns the row of the key, and what is known with it.
    fn change_keys(
        &self,
        caller: &Caller,
        whose: &Whose<'_>,
        decide: impl Fn(&Known, EntityId) -> Result<(Fact, Class), DeskError>,
        public: &str,
    ) -> Result<(Answer<AuthorKeyRow>, Known), DeskError> {
        for _ in 0..TRIES_MAX {
            let registers = writing::registers_at(self.store.as_ref());
            let known = self.known(&When::default())?;
            let (actor, newcomer) = writing::recorder(&known, caller)?;
            let mut newcomers: Vec<Newcomer> = newcomer.into_iter().collect();
            let author = whose.found(&known, caller, &mut newcomers)?;
            let (fact, class) = decide(&known, author)?;
            let envelope = Envelope { about: vec![author], ..Envelope::default() };
            let mut events: Vec<NewEvent> =
                newcomers.iter().map(|entered| newcomer_event(entered, actor)).collect::<Result<_, _>>()?;
            let mut event = writing::evidence(&Event { envelope, fact }, class, actor)?;
            // Whoever signs at the same moment must notice.
            touch_desk(&mut event.streams);
            events.push(event);
            match self.append(events, Condition { expect: vec![registers] }, draw_request()) {
                Ok(_) => {
                    let known = self.known(&When::default())?;
                    let key = rows::named(&known.author_keys()?, public)?;
                    let row = AuthorKeyRow::of(&known, &key);
                    let mut answer = known.answer(row);
                    let entered = newcomers.iter().map(writing::entered_words);
                    answer.notices.extend(entered.map(|words| format!("registered: {words}")));
                    return Ok((answer, known));
                }
                Err(AppendError::Moved { .. }) => {}
                Err(error) => return Err(self.not_appended(error)),
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }
}

/// Whose keys are changed.
enum Whose<'n> {
    /// Whoever has this name, or gets it.
    Named(&'n str),
    /// Someone in the register.
    Known(EntityId),
}

impl Whose<'_> {
    /// Returns the author; whoever is named for the first time is a newcomer.
    fn found(
        &self,
        known: &Known,
        caller: &Caller,
        newcomers: &mut Vec<Newcomer>,
    ) -> Result<EntityId, DeskError> {
        let name = match self {
            Self::Known(author) => return Ok(*author),
            Self::Named(name) => *name,
        };
        if let Some(own) = newcomers.first().filter(|_| same_name(&caller.actor, name)) {
            return Ok(own.id.into());
        }
        let (author, entered) = writing::recorder_in_field(known, "author", name)?;
        newcomers.extend(entered);
        Ok(EntityId::from_uuid(*author.as_uuid()))
    }
}

/// Refuses a key that is someone's, or was, and one too many.
fn addable(known: &Known, author: EntityId, public: &str) -> Result<(), DeskError> {
    let all = known.author_keys()?;
    if let Some(taken) = all.iter().find(|known| known.key == public) {
        let owner = known.recorder_named(ActorId::from_uuid(*taken.author.as_uuid()));
        return Err(DeskError::Refused {
            rule: match taken.revoked {
                None => format!("the key {} is one of {owner} already", key::short(public)),
                Some(position) => format!(
                    "the key {} of {owner} was revoked at position {position}, and does not come back",
                    key::short(public)
                ),
            },
            hints: vec!["make another key".to_owned()],
        });
    }
    if all.iter().filter(|key| key.author == author && key.revoked.is_none()).count() >= KEYS_MAX {
        return Err(DeskError::Refused {
            rule: format!("an author has at most {KEYS_MAX} keys that count"),
            hints: vec!["revoke one that is used no more".to_owned()],
        });
    }
    Ok(())
}

fn same_name(one: &str, other: &str) -> bool {
    crate::domain::name::fold(one) == crate::domain::name::fold(other)
}

#[cfg(test)]
mod tests;
