//! Authors who sign: their keys come and go by events, and hold by position, never by a clock.
//!
//! A key counts for what is recorded after the event that adds it and before the one that revokes it. What
//! is signed is the submission, made before the log gives it a position and a time; it names the log, so it
//! cannot be put into another.

mod key;
mod rows;
pub mod signature;

pub use key::KeyError;
pub use rows::AuthorKeyRow;
pub(crate) use rows::{AddKeyAsk, RevokeKeyAsk};

use crate::desk::Desk;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::writing::{self, TRIES_MAX, draw_event, draw_request, newcomer_event, touch_desk};
use crate::domain::event::{Envelope, Event, SCHEMA, streams};
use crate::domain::fact::evidence::{AuthorKeyAdded, AuthorKeyRevoked};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId};
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{By, Direction, Order, Struck, TimelineQuery};
use crate::store::{AppendError, Class, Condition, NewEvent};

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
    /// Whether what its owner records must be signed while it counts.
    pub(crate) required: bool,
    /// It counts for positions after this one.
    pub(crate) added: u64,
    /// When it was added.
    pub(crate) added_at: Timestamp,
    /// It counts for positions before this one; to the end where none.
    pub(crate) revoked: Option<u64>,
}

impl Known {
    /// Returns the keys of everyone who signs, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn author_keys(&self) -> Result<Vec<AuthorKey>, DeskError> {
        let mut keys: Vec<AuthorKey> = Vec::new();
        let mut after = None;
        loop {
            let page = self.view.timeline(&TimelineQuery {
                kinds: vec![Kind::AuthorKeyAdded, Kind::AuthorKeyRevoked].into(),
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

    /// Returns the keys of an author that count for what is recorded next.
    ///
    /// # Errors
    ///
    /// As [`Known::author_keys`].
    pub(crate) fn keys_of(&self, actor: ActorId) -> Result<Vec<AuthorKey>, DeskError> {
        let author = EntityId::from_uuid(*actor.as_uuid());
        let counts = |key: &AuthorKey| key.author == author && key.revoked.is_none();
        Ok(self.author_keys()?.into_iter().filter(counts).collect())
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
            added: position,
            added_at: at,
            revoked: None,
        }),
        Fact::AuthorKeyRevoked(gone) => {
            for key in keys.iter_mut().filter(|key| key.key == gone.key && key.revoked.is_none()) {
                key.revoked = Some(position);
            }
        }
        _ => {}
    }
}

impl Desk {
    /// Lets someone who records sign with a key from now on.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for what is no Ed25519 public key, [`DeskError::NotFound`] for an author
    /// whom nobody knows, and [`DeskError::Refused`] for a key that is someone's already; then nothing was
    /// recorded.
    pub(crate) fn add_author_key(
        &self,
        caller: &Caller,
        ask: &AddKeyAsk,
    ) -> Result<Answer<AuthorKeyRow>, DeskError> {
        let (public, comment) =
            key::read(&ask.key).map_err(|error| Fault::in_field("key", error.to_string()))?;
        let comment = ask.comment.clone().or(comment);
        self.change_keys(caller, |known, author| {
            let author = author.ok_or_else(|| missing(known, &ask.author))?;
            let all = known.author_keys()?;
            if let Some(taken) = all.iter().find(|known| known.key == public) {
                let (owner, gone) = (known.recorder_named(ActorId::from_uuid(*taken.author.as_uuid())), taken.revoked);
                return Err(DeskError::Refused {
                    rule: match gone {
                        None => format!("the key {} is one of {owner} already", key::short(&public)),
                        Some(position) => format!(
                            "the key {} of {owner} was revoked at position {position}, and does not come back",
                            key::short(&public)
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
            let added = AuthorKeyAdded { key: public.clone(), comment: comment.clone(), required: ask.required };
            Ok((author, Fact::AuthorKeyAdded(added), Class::AuthorKeyAdded))
        }, &ask.author, &public)
    }

    /// Lets a key count no more for what is recorded from now on.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] for a key that is nobody's, [`DeskError::Ambiguous`] for digits with
    /// which several begin, and [`DeskError::Refused`] for one that counts no more; then nothing was recorded.
    pub(crate) fn revoke_author_key(
        &self,
        caller: &Caller,
        ask: &RevokeKeyAsk,
    ) -> Result<Answer<AuthorKeyRow>, DeskError> {
        let known = self.known(&When::default())?;
        let key = rows::named(&known.author_keys()?, &ask.key)?;
        if let Some(position) = key.revoked {
            return Err(DeskError::Refused {
                rule: format!("the key {} was revoked at position {position} already", key::short(&key.key)),
                hints: Vec::new(),
            });
        }
        let owner = known.recorder_named(ActorId::from_uuid(*key.author.as_uuid()));
        let revoked = Fact::AuthorKeyRevoked(AuthorKeyRevoked { key: key.key.clone() });
        self.change_keys(
            caller,
            |_, _| Ok((key.author, revoked.clone(), Class::AuthorKeyRevoked)),
            &owner,
            &key.key,
        )
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
    /// they were read.
    fn change_keys(
        &self,
        caller: &Caller,
        decide: impl Fn(&Known, Option<EntityId>) -> Result<(EntityId, Fact, Class), DeskError>,
        author: &str,
        public: &str,
    ) -> Result<Answer<AuthorKeyRow>, DeskError> {
        for _ in 0..TRIES_MAX {
            let registers = writing::registers_at(self.store.as_ref());
            let known = self.known(&When::default())?;
            let (actor, newcomer) = writing::recorder(&known, caller)?;
            let own = newcomer.as_ref().filter(|_| same_name(&caller.actor, author)).map(|own| own.id.into());
            let found = match known.names.recorder(author) {
                Ok(id) => Some(id),
                Err(DeskError::NotFound { .. }) => own,
                Err(other) => return Err(other),
            };
            let (about, fact, class) = decide(&known, found)?;
            let envelope = Envelope { about: vec![about], ..Envelope::default() };
            let event = Event { envelope, fact };
            let id = draw_event();
            let mut streams = streams(&event, id);
            // Whoever signs at the same moment must notice.
            touch_desk(&mut streams);
            let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
            let mut events: Vec<NewEvent> =
                newcomer.iter().map(|entered| newcomer_event(entered, actor)).collect::<Result<_, _>>()?;
            events.push(NewEvent {
                id: Some(id),
                streams,
                class,
                schema: SCHEMA,
                actor,
                body,
                attachments: Vec::new(),
                signature: None,
            });
            match self.append(events, Condition { expect: vec![registers] }, draw_request()) {
                Ok(_) => {
                    let known = self.known(&When::default())?;
                    let key = rows::named(&known.author_keys()?, public)?;
                    let row = AuthorKeyRow::of(&known, &key);
                    return Ok(known.answer(row));
                }
                Err(AppendError::Moved { .. }) => {}
                Err(error) => return Err(self.not_appended(error)),
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }
}

fn same_name(one: &str, other: &str) -> bool {
    crate::domain::name::fold(one) == crate::domain::name::fold(other)
}

fn missing(known: &Known, author: &str) -> DeskError {
    match known.names.recorder(author) {
        Err(DeskError::NotFound { what, mut hints }) => {
            hints.push(format!(
                "{author} enters the register with the first thing recorded under that name; adding the key \
                 yourself is one: `--actor {author}`"
            ));
            DeskError::NotFound { what, hints }
        }
        Err(error) => error,
        Ok(_) => DeskError::NotFound { what: author.to_owned(), hints: Vec::new() },
    }
}

#[cfg(test)]
mod tests;
