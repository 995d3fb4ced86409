//! Which keys sign the log: found when it is opened, checked against what the log itself says, and changed.

use std::path::Path;

use crate::desk::Desk;
use crate::desk::answer::operation::KeyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, When};
use crate::desk::checkpoint::mark::Mark;
use crate::desk::checkpoint::{
    Hand, SignError, Signed, Signing, State, file, keys_at_hand, keys_of_directory, seconds,
};
use crate::desk::error::DeskError;
use crate::desk::keys::place::{Found, KeyPlace};
use crate::desk::keys::table::{KeyError, KeyTable};
use crate::desk::keys::{KeyFile, Role};
use crate::desk::known::Known;
use crate::domain::event::{Event, KEYS};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::KeyRotated;
use crate::store::segment::checkpoint::FIRST_KEYS;
use crate::store::segment::{self, SegmentStore};
use crate::store::{AppendError, Body, Class, Clock, EventStore, Head, Health, ReadError};
use crate::tlog::key::{SignatureType, Signer, VerifierKey};

/// How far a change of keys is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The new keys wait beside the old ones.
    Drawn,
    /// The log says that they are its keys.
    Recorded,
    /// Old and new signed the checkpoint that first covers that.
    Signed,
}

/// Returns what signs the log that was opened for recording, after ending a change of keys that was cut off.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] for keys that are there and must not be used.
pub(super) fn at_opening(
    dir: &Path,
    engine: &SegmentStore,
    place: &KeyPlace,
    clock: &Clock,
) -> Result<Signing, DeskError> {
    let marked = |hand| Signing::new(Some(dir.to_owned()), hand).marked(place.mark_of(engine.log_id()));
    let away = |why: &str| Ok(marked(Hand::Away(why.to_owned())));
    match engine.health() {
        Health::Sound | Health::Full | Health::Unwritable(_) => {}
        Health::Copy => return away("this is a copy, and the log is signed where it is written"),
        // Whoever reads signs nothing, and misses nothing.
        Health::Reader => return away(""),
        Health::Damaged(_) => return away("the log is damaged"),
        Health::InDoubt => return away("the log is in doubt"),
    }
    if !place.is_somewhere() {
        return away("no keys were named");
    }
    let mark = Mark::at(place.mark_of(engine.log_id()));
    if let Some(damage) = mark.contradiction(engine)? {
        engine.refuse(&damage).map_err(SignError::Io)?;
        return away("the log is damaged");
    }
    take_waiting(engine, place)?;
    let found = match place.load(Role::Log, engine.log_id(), dir) {
        Ok(found) => found,
        Err(error) if error.is_absence() => return away(&format!("{error}; {}", error.hint())),
        Err(error) => return Err(error.into()),
    };
    let found = settle(dir, engine, place, clock, found)?;
    if file::load(dir, engine.log_id())?.is_some() {
        note_first_keys(dir, engine, found.file.keys())?;
    }
    Ok(marked(Hand::Here { signers: found.file.signers(), path: found.path }))
}

/// Lets keys that wait for a place in which there are none take it, where the log says that they are its own:
/// the copy was adopted with new keys, and that was cut off.
fn take_waiting(engine: &SegmentStore, place: &KeyPlace) -> Result<(), DeskError> {
    let Ok(path) = place.path_of(engine.log_id()) else { return Ok(()) };
    if path.exists() {
        return Ok(());
    }
    let Some((_, rotated)) = last_rotation(engine)? else { return Ok(()) };
    match KeyFile::load_next(&path, place.passphrase()?.as_ref()) {
        Ok(Some(next)) if texts(next.keys()) == rotated.new => Ok(KeyFile::take_next(&path)?),
        Ok(_) => Ok(()),
        Err(error) if error.is_absence() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Ends a change of keys that was cut off, and refuses keys that the log does not know.
fn settle(
    dir: &Path,
    engine: &SegmentStore,
    place: &KeyPlace,
    clock: &Clock,
    found: Found,
) -> Result<Found, DeskError> {
    let Found { file, path } = found;
    if let Some(path) = &path {
        KeyFile::tidy(path)?;
    }
    let newest = file::load(dir, engine.log_id())?;
    let Some((position, rotated)) = last_rotation(engine)? else {
        // Keys that wait were never recorded, and never will be.
        path.as_deref().map(KeyFile::drop_next).transpose()?;
        check_signed(newest.as_ref(), &file, 0)?;
        return Ok(Found { file, path });
    };
    if rotated.new == texts(file.keys()) {
        path.as_deref().map(KeyFile::drop_next).transpose()?;
        check_signed(newest.as_ref(), &file, position.saturating_add(1))?;
        return Ok(Found { file, path });
    }
    let replaced = || DeskError::Refused {
        rule: format!(
            "the keys of {} at hand were replaced by others at position {position}",
            engine.log_id()
        ),
        hints: vec!["put the newest backup of the key file in its place".to_owned()],
    };
    let Some(path) = path.filter(|_| rotated.old == texts(file.keys())) else { return Err(replaced()) };
    let next = KeyFile::load_next(&path, place.passphrase()?.as_ref())?;
    let Some(next) = next.filter(|next| rotated.new == texts(next.keys())) else { return Err(replaced()) };
    let signing = Signing::new(None, Hand::Here { signers: next.signers(), path: None });
    let signing = signing.marked(place.mark_of(engine.log_id()));
    hand_over(&mut signing.lock(), dir, engine, position, clock, &file.signers())?;
    KeyFile::take_next(&path)?;
    Ok(Found { file: next, path: Some(path) })
}

/// Refuses keys that did not sign the newest checkpoint, and a checkpoint in which what they signed was altered, where that has a size at which they should have.
fn check_signed(newest: Option<&Signed>, file: &KeyFile, from: u64) -> Result<(), DeskError> {
    let Some(newest) = newest.filter(|newest| newest.checkpoint.size >= from) else { return Ok(()) };
    let signed = |key: &VerifierKey| matches!(newest.note.verify(key), Ok(Some(_)));
    if file.keys().iter().all(signed) {
        return Ok(());
    }
    // The keys are the right ones where one of their lines stands, or says that it is theirs and is not.
    let is_theirs = |key: &VerifierKey| !matches!(newest.note.verify(key), Ok(None));
    if file.keys().iter().any(is_theirs) {
        return Err(DeskError::Damaged(format!(
            "the signatures of `{}`, of {} events, are not those of the keys at hand: it was altered; put a copy of \
             it in its place",
            file::NEWEST,
            newest.checkpoint.size
        )));
    }
    Err(DeskError::Refused {
        rule: format!(
            "the keys of {} at hand are not those that signed its newest checkpoint, of {} events",
            file.name(),
            newest.checkpoint.size
        ),
        hints: vec![
            "name the directory of the right key file with `--keys`, or put its backup in its place"
                .to_owned(),
        ],
    })
}

/// Signs the checkpoint that first covers a change of keys, by the old ones and by those of `state`, where
/// that was not done.
fn hand_over(
    state: &mut State,
    dir: &Path,
    store: &dyn EventStore,
    position: u64,
    clock: &Clock,
    old: &[Box<dyn Signer>],
) -> Result<(), SignError> {
    let size = position.saturating_add(1);
    if file::load(dir, store.log_id())?.is_some_and(|newest| newest.checkpoint.size >= size) {
        return Ok(());
    }
    let Some(root) = store.root_at(size)? else {
        return Err(SignError::Smaller { size: store.head().size, signed: size });
    };
    let now = seconds(clock());
    state.sign(dir, store, Head { size, root }, now, true, old).map(|_| ())
}

/// Returns keys as they are handed out.
pub(super) fn texts(keys: &[VerifierKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

/// Returns the last change of keys with its position.
pub(super) fn last_rotation(store: &dyn EventStore) -> Result<Option<(u64, KeyRotated)>, DeskError> {
    let Some((_, position)) = store.stream(KEYS) else { return Ok(None) };
    let unreadable =
        || DeskError::Damaged(format!("the change of keys at position {position} cannot be read"));
    let recorded = store.at(position).map_err(|error: ReadError| DeskError::from(error))?;
    let Some(recorded) = recorded else { return Err(unreadable()) };
    let Body::Plain(body) = &recorded.body else { return Err(unreadable()) };
    match Event::decode(recorded.schema, body).map(|event| event.fact) {
        Ok(Fact::KeyRotated(rotated)) => Ok(Some((position, rotated))),
        Ok(_) | Err(_) => Err(unreadable()),
    }
}

/// Says for information with which keys the log began, and thereby that it was signed with them: what holds no
/// event yet, or was signed, has them.
pub(super) fn note_first_keys(
    dir: &Path,
    store: &dyn EventStore,
    keys: &[VerifierKey],
) -> Result<(), DeskError> {
    let path = dir.join(FIRST_KEYS);
    if path.exists() || store.stream(KEYS).is_some() {
        return Ok(());
    }
    let lines = texts(keys).join("\n") + "\n";
    segment::replace(&path, lines.as_bytes())
        .map_err(|error| DeskError::Unavailable(format!("{}: {error}", path.display())))
}

/// Returns the keys that the directory itself names.
pub(super) fn first_keys(dir: &Path) -> Option<Vec<VerifierKey>> {
    let text = std::fs::read_to_string(dir.join(FIRST_KEYS)).ok()?;
    text.lines().map(|line| line.parse().ok()).collect()
}

/// Makes the keys of a new log, and says with which it begins.
///
/// # Errors
///
/// Returns why there are none.
pub(super) fn begin(
    dir: &Path,
    engine: &SegmentStore,
    place: &KeyPlace,
) -> Result<(Signing, std::path::PathBuf), DeskError> {
    let name = engine.log_id().parse().map_err(SignError::Name)?;
    let (file, path) = place.create(Role::Log, &name)?;
    let noted = note_first_keys(dir, engine, file.keys());
    if let Err(error) = noted {
        KeyFile::discard(&path)?;
        return Err(error);
    }
    let hand = Hand::Here { signers: file.signers(), path: Some(path.clone()) };
    Ok((Signing::new(Some(dir.to_owned()), hand).marked(place.mark_of(engine.log_id())), path))
}

impl Desk {
    /// Lets others sign the log than the key file: a device, an agent. In the order of their lines: the key
    /// of type 0x01, then that of type 0x04.
    pub fn sign_with(&self, signers: Vec<Box<dyn Signer>>) {
        self.signing.lock().hand = Hand::Here { signers, path: None };
    }

    /// Returns every key that the log ever signed with, and the sizes at which it may.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where what the log says of its keys makes no sense, or is not what signed
    /// it: keys that someone put there are shown to nobody, who would pin them.
    pub fn keys(&self) -> Result<Answer<Page<KeyRow>>, DeskError> {
        self.check_keys()?;
        let known = self.known(&When::default())?;
        let table = self.key_table(&known)?;
        let rows = table.iter().flat_map(KeyTable::ranges).map(|range| KeyRow {
            key: range.key.to_string(),
            sort: match range.key.kind() {
                SignatureType::Ed25519 => "ed25519",
                SignatureType::CosignatureV1 => "cosignature",
            }
            .to_owned(),
            from: range.from,
            to: range.to,
            current: range.to.is_none(),
        });
        let rows: Vec<KeyRow> = rows.collect();
        let total = rows.len() as u64;
        Ok(known.answer(Page { items: rows, next: None, total }))
    }

    /// Returns which key may speak at which size, as the log itself says; none where it has no keys.
    pub(super) fn key_table(&self, known: &Known) -> Result<Option<KeyTable>, DeskError> {
        let mut rotations = Vec::new();
        for raw in known.view.history(KEYS)? {
            if let Some(Event { fact: Fact::KeyRotated(rotated), .. }) = raw.event {
                rotations.push((raw.position, rotated));
            }
        }
        let at_hand = || self.signing.lock().keys();
        let pinned = match rotations.first() {
            Some((position, first)) if first.old.is_empty() => {
                let keys: Result<Vec<VerifierKey>, _> = first.new.iter().map(|key| key.parse()).collect();
                keys.map_err(|source| nonsense(&KeyError::NotAKey { position: *position, source }))?
            }
            Some((position, first)) => {
                let keys: Result<Vec<VerifierKey>, _> = first.old.iter().map(|key| key.parse()).collect();
                keys.map_err(|source| nonsense(&KeyError::NotAKey { position: *position, source }))?
            }
            // What anyone who can write the directory could have put there comes after the key file.
            None => keys_at_hand(self).or_else(|| keys_of_directory(self)).unwrap_or_else(at_hand),
        };
        if pinned.is_empty() {
            return Ok(None);
        }
        KeyTable::from_rotations(&pinned, rotations.into_iter()).map(Some).map_err(|error| nonsense(&error))
    }

    /// Gives the log new keys. The old ones are overwritten once the checkpoint that first covers the change
    /// was signed by both.
    ///
    /// A process that dies in between leaves a log that signs with the old keys, or one whose next opening
    /// ends what was begun.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] where there is no key file whose place others can take; then the log
    /// signs as before. After [`DeskError::InDoubt`] only opening the log again tells.
    pub fn rotate_keys(&self, caller: &Caller) -> Result<Answer<Page<KeyRow>>, DeskError> {
        self.rotate_in_steps(caller, |_| Ok(()))
    }

    /// Gives the log new keys, and says after each step that it is done: a test ends there.
    fn rotate_in_steps(
        &self,
        caller: &Caller,
        done: impl Fn(Step) -> Result<(), DeskError>,
    ) -> Result<Answer<Page<KeyRow>>, DeskError> {
        if let Health::Damaged(_) = self.store.health() {
            return Err(self.not_appended(AppendError::Damaged));
        }
        let mut state = self.signing.lock();
        let (path, dir) = match (&state.hand, self.signing.dir()) {
            (Hand::Here { path: Some(path), .. }, Some(dir)) => (path.clone(), dir.to_owned()),
            (Hand::Here { path: None, .. }, _) | (Hand::Here { .. }, None) => {
                return Err(DeskError::Refused {
                    rule: "the key was handed over, so that no other can take its place".to_owned(),
                    hints: vec!["rotate where the key file is, with `--keys DIR`".to_owned()],
                });
            }
            (Hand::Away(why), _) => {
                return Err(DeskError::Refused {
                    rule: format!("there are no keys to replace: {why}"),
                    hints: Vec::new(),
                });
            }
        };
        let passphrase = self.place.passphrase()?;
        let old = KeyFile::load(&path, passphrase.as_ref())?;
        if old.keys() != state.keys() {
            return Err(DeskError::Refused {
                rule: format!("{} no longer holds the keys that sign the log", path.display()),
                hints: vec!["put the newest backup of the key file in its place".to_owned()],
            });
        }
        let name = old.name().clone();
        let new = KeyFile::draw(Role::Log, &name)
            .map_err(|error| DeskError::Unavailable(format!("no keys were drawn: {error}")))?;
        new.write_next(&path, passphrase.as_ref())?;
        done(Step::Drawn)?;
        let recorded = self.record_rotation(caller, old.keys(), new.keys());
        let position = match recorded {
            Ok(position) => position,
            // The next opening tells whether the keys that wait are the log's.
            Err(DeskError::InDoubt) => return Err(DeskError::InDoubt),
            Err(error) => {
                KeyFile::drop_next(&path)?;
                return Err(error);
            }
        };
        done(Step::Recorded)?;
        // From here on the old keys alone may sign nothing.
        state.hand = Hand::Here { signers: new.signers(), path: Some(path.clone()) };
        let store = self.store.as_ref();
        if let Err(error) = hand_over(&mut state, &dir, store, position, &self.clock, &old.signers()) {
            state.hand = Hand::Away("a change of keys was begun; open the log again to end it".to_owned());
            return Err(error.into());
        }
        done(Step::Signed)?;
        KeyFile::take_next(&path)?;
        drop(state);
        self.keys()
    }

    /// Records a change of keys, and returns its position.
    pub(super) fn record_rotation(
        &self,
        caller: &Caller,
        old: &[VerifierKey],
        new: &[VerifierKey],
    ) -> Result<u64, DeskError> {
        let fact = Fact::KeyRotated(KeyRotated { old: texts(old), new: texts(new) });
        self.record_evidence(caller, Class::KeyRotated, fact, None)
    }
}

fn nonsense(error: &KeyError) -> DeskError {
    DeskError::Damaged(format!("what the log says of its keys makes no sense: {error}"))
}

#[cfg(test)]
mod tests;
