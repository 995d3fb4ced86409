//! The signed head of the log: what may be signed, in which order, and where it stands.
//!
//! Events are durable before they are signed; what is signed is durable before anyone sees it; and nothing is
//! ever signed that contradicts what was.

mod error;
pub(in crate::desk) mod file;
pub(in crate::desk) mod mark;
pub mod rounds;
mod signed;
mod standing;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use error::SignError;
pub use signed::Signed;
pub(in crate::desk) use signed::seconds;
pub(in crate::desk) use standing::{keys_at_hand, keys_of_directory};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::checkpoint::mark::Mark;
use crate::store::{EventStore, Head};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{Signer, VerifierKey};
use crate::tlog::note::Note;

/// What signs for the log.
pub(super) enum Hand {
    /// It is at hand: in the order of their lines, the log's own key and its cosigner's. The path is that of
    /// the key file, where there is one whose place others can take.
    Here { signers: Vec<Box<dyn Signer>>, path: Option<PathBuf> },
    /// It is not, and why; without a word where none is wanted.
    Away(String),
}

/// What signs the log, and what is signed.
pub(super) struct Signing {
    /// The data directory; none for a log in memory.
    dir: Option<PathBuf>,
    state: Mutex<State>,
}

/// What whoever signs holds while they do.
pub(super) struct State {
    pub(super) hand: Hand,
    pub(super) mark: Mark,
    seen: Seen,
}

/// What `checkpoint` held when whoever signs looked at it last.
enum Seen {
    /// It was not looked at, or a write failed since.
    Unknown,
    Known(Option<Signed>),
}

/// Returns the time to sign at.
///
/// # Errors
///
/// Refuses a smaller size, another root at the same size, and the same size before the clock has moved on.
/// Whether a larger log extends the smaller one is for the caller to see.
fn next_time(signed: Option<&Signed>, head: Head, now: u64) -> Result<u64, SignError> {
    let Some(signed) = signed else { return Ok(now) };
    let last = signed.checkpoint.size;
    if head.size < last {
        return Err(SignError::Smaller { size: head.size, signed: last });
    }
    if head.size > last {
        // Where the clock stands or went back, the time moves on by itself.
        return Ok(now.max(signed.time.saturating_add(1)));
    }
    if head.root != signed.checkpoint.root {
        return Err(SignError::OtherRoot { size: last });
    }
    if now > signed.time { Ok(now) } else { Err(SignError::TimeStands { size: last }) }
}

/// Returns the newest checkpoint that was signed, as far as the data directory and the mark beside the keys
/// say.
///
/// # Errors
///
/// Refuses a log that does not extend each of them; whether it is shorter is for the caller to see.
fn last_signed(
    dir: &Path,
    store: &dyn EventStore,
    newest: Option<&Signed>,
    marked: Option<&Signed>,
) -> Result<Option<Signed>, SignError> {
    let known = match newest {
        Some(signed) => Some(signed.clone()),
        // Without the newest, what was kept says how far the log was signed at least.
        None => file::newest_kept(dir, store.log_id())?,
    };
    let size = store.head().size;
    for signed in known.iter().chain(marked) {
        let Checkpoint { size: covered, root, .. } = signed.checkpoint;
        if covered <= size && store.root_at(covered)? != Some(root) {
            return Err(SignError::OtherRoot { size: covered });
        }
    }
    // Of two that are alike the one in the data directory, which has the lines of witnesses.
    Ok(marked.cloned().into_iter().chain(known).max_by_key(|signed| (signed.checkpoint.size, signed.time)))
}

impl Signing {
    /// Returns what signs nothing.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self::new(None, Hand::Away("a log in memory has no keys".to_owned()))
    }

    pub(super) fn new(dir: Option<PathBuf>, hand: Hand) -> Self {
        Self { dir, state: Mutex::new(State { hand, mark: Mark::default(), seen: Seen::Unknown }) }
    }

    /// Returns it with a mark beside its keys.
    pub(super) fn marked(self, path: Option<PathBuf>) -> Self {
        self.lock().mark = Mark::at(path);
        self
    }

    /// Takes the right to sign; nobody else signs until it is given back.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Returns the newest checkpoint, as it is on disk.
    pub(super) fn newest(&self, origin: &str) -> Result<Option<Signed>, SignError> {
        let Some(dir) = &self.dir else { return Ok(None) };
        file::load(dir, origin)
    }

    /// Returns why what is recorded now will not be signed, where the log is one that is signed.
    pub(super) fn notice(&self) -> Option<String> {
        let Hand::Away(why) = &self.lock().hand else { return None };
        if why.is_empty() {
            return None;
        }
        let is_signed = self.dir.as_ref().is_some_and(|dir| file::is_there(dir));
        is_signed.then(|| format!("the checkpoint was not signed: {why}"))
    }
}

impl State {
    /// Signs a head of the log and puts it in the place of the last checkpoint; `kept` is also kept in
    /// `checkpoints/`, for ever. `also` signs before the keys at hand do.
    pub(super) fn sign(
        &mut self,
        dir: &Path,
        store: &dyn EventStore,
        head: Head,
        now: u64,
        kept: bool,
        also: &[Box<dyn Signer>],
    ) -> Result<Signed, SignError> {
        let origin = store.log_id();
        let on_disk = file::load(dir, origin)?;
        // Compared with what was there last: only whoever has the right to write the log replaces it.
        if let Seen::Known(seen) = &self.seen
            && *seen != on_disk
        {
            self.seen = Seen::Known(on_disk);
            return Err(SignError::Changed);
        }
        // Until what is signed stands in its place, nobody else signs with these keys.
        let marked = self.mark.hold(origin)?;
        let last = last_signed(dir, store, on_disk.as_ref(), marked.signed.as_ref())?;
        // What was set aside was seen by others: the time moves on from there.
        let now = now.max(file::lost_time(dir)?.saturating_add(1));
        let signed = match next_time(last.as_ref(), head, now) {
            Ok(time) => self.signature(on_disk.as_ref(), origin, head, time, also)?,
            Err(SignError::TimeStands { size }) => match last {
                // It was signed, and that was cut off before it stood in its place.
                Some(last) if on_disk.as_ref() != Some(&last) => last,
                Some(_) | None => return Err(SignError::TimeStands { size }),
            },
            Err(error) => return Err(error),
        };
        self.seen = Seen::Unknown;
        self.mark.keep(&signed)?;
        if kept {
            file::keep(dir, &signed)?;
        }
        file::replace(dir, on_disk.as_ref(), &signed)?;
        self.seen = Seen::Known(Some(signed.clone()));
        Ok(signed)
    }

    /// Signs a head of the log at a time; lines by others that the newest checkpoint has stay, where it is of
    /// the same head.
    fn signature(
        &self,
        newest: Option<&Signed>,
        origin: &str,
        head: Head,
        time: u64,
        also: &[Box<dyn Signer>],
    ) -> Result<Signed, SignError> {
        let signers = match &self.hand {
            Hand::Here { signers, .. } => signers,
            Hand::Away(why) => return Err(SignError::NoKey(why.clone())),
        };
        let checkpoint =
            Checkpoint { origin: origin.parse()?, size: head.size, root: head.root, extensions: Vec::new() };
        let mut note = match newest {
            // What others signed stays: witnesses, and old keys where the keys were changed.
            Some(known) if known.checkpoint == checkpoint => known.note.clone(),
            Some(_) | None => Note::new(checkpoint.text())?,
        };
        for signer in also.iter().chain(signers) {
            note.sign(signer.as_ref(), Some(time))?;
        }
        Ok(Signed { note, checkpoint, time })
    }

    /// Forgets what was seen: whoever changed the file had the right to.
    pub(super) fn look_again(&mut self) {
        self.seen = Seen::Unknown;
    }

    /// Returns the keys that sign.
    pub(super) fn keys(&self) -> Vec<VerifierKey> {
        match &self.hand {
            Hand::Here { signers, .. } => signers.iter().map(|signer| signer.key().clone()).collect(),
            Hand::Away(_) => Vec::new(),
        }
    }
}

impl Desk {
    /// Returns the newest checkpoint, as it is on disk; none when the log was never signed.
    ///
    /// # Errors
    ///
    /// Returns [`SignError::Garbled`] when it is none.
    pub fn checkpoint(&self) -> Result<Option<Signed>, SignError> {
        self.signing.newest(self.store.log_id())
    }

    /// Returns a checkpoint that covers at least `size` events: the newest, or one that is signed now.
    ///
    /// # Errors
    ///
    /// Returns why the log was not signed.
    pub fn checkpoint_over(&self, size: u64) -> Result<Signed, SignError> {
        let mut state = self.signing.lock();
        match self.checkpoint()? {
            Some(signed) if signed.checkpoint.size >= size => Ok(signed),
            Some(_) | None => self.sign_head(&mut state, false),
        }
    }

    /// Signs the log where something was recorded since it was signed last; none where nothing was, or no
    /// key is at hand.
    ///
    /// # Errors
    ///
    /// Returns why the log was not signed.
    pub fn sign_news(&self) -> Result<Option<Signed>, SignError> {
        let mut state = self.signing.lock();
        if matches!(state.hand, Hand::Away(_)) {
            return Ok(None);
        }
        let signed = self.checkpoint()?;
        let is_covered = signed.is_some_and(|signed| signed.checkpoint.size >= self.store.head().size);
        if is_covered { Ok(None) } else { self.sign_head(&mut state, false).map(Some) }
    }

    /// Signs the log again, as it is, so that its time shows that it is alive; none where the clock has not
    /// moved on, or no key is at hand.
    ///
    /// # Errors
    ///
    /// Returns why the log was not signed.
    pub fn sign_again(&self) -> Result<Option<Signed>, SignError> {
        let mut state = self.signing.lock();
        if matches!(state.hand, Hand::Away(_)) {
            return Ok(None);
        }
        match self.sign_head(&mut state, false) {
            Ok(signed) => Ok(Some(signed)),
            Err(SignError::TimeStands { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Signs the log as it is and keeps the checkpoint in `checkpoints/` for ever: one that is handed out.
    ///
    /// Where the clock stands, the newest checkpoint is kept.
    ///
    /// # Errors
    ///
    /// Returns why there is none.
    pub fn sign_and_keep(&self) -> Result<Signed, SignError> {
        let mut state = self.signing.lock();
        match self.sign_head(&mut state, true) {
            Err(SignError::TimeStands { .. }) => {}
            other => return other,
        }
        let newest = self.checkpoint()?.ok_or(SignError::Changed)?;
        self.keep_checkpoint(&newest)?;
        Ok(newest)
    }

    /// Keeps a checkpoint in `checkpoints/`; lines that the one there has not are added to it.
    ///
    /// # Errors
    ///
    /// Returns [`SignError::OtherRoot`] where another of that size is kept.
    pub fn keep_checkpoint(&self, signed: &Signed) -> Result<(), SignError> {
        file::keep(self.signing.dir().ok_or(SignError::InMemory)?, signed)
    }

    /// Returns the checkpoints that are kept, smallest first.
    ///
    /// # Errors
    ///
    /// Returns [`SignError::Garbled`] for a file that is none.
    pub fn kept_checkpoints(&self) -> Result<Vec<Signed>, SignError> {
        let Some(dir) = self.signing.dir() else { return Ok(Vec::new()) };
        file::kept(dir, self.store.log_id())
    }

    /// Adds the lines of witnesses to the newest checkpoint, as long as it is still the one that they signed;
    /// returns it, or none when another took its place.
    ///
    /// Whether the lines verify is for the caller to see.
    ///
    /// # Errors
    ///
    /// Returns why they were not added.
    pub fn add_cosignatures(&self, cosigned: &Note) -> Result<Option<Signed>, SignError> {
        let dir = self.signing.dir().ok_or(SignError::InMemory)?;
        let mut state = self.signing.lock();
        let Some(before) = self.checkpoint()?.filter(|newest| newest.note.text() == cosigned.text()) else {
            return Ok(None);
        };
        let mut newest = before.clone();
        let origin = newest.checkpoint.origin.clone();
        for line in cosigned.signatures().iter().filter(|line| line.name != origin) {
            newest.note.add(line.clone())?;
        }
        state.look_again();
        file::replace(dir, Some(&before), &newest)?;
        Ok(Some(newest))
    }

    /// Tells whether a key is at hand.
    pub fn signs(&self) -> bool {
        matches!(self.signing.lock().hand, Hand::Here { .. })
    }

    /// Returns why what is recorded now will not be signed; none where it will be, or the log never was.
    pub fn why_unsigned(&self) -> Option<String> {
        self.signing.notice()
    }

    /// Tells with an answer to something that was recorded, where it will not be signed.
    pub(super) fn with_notice<T>(&self, mut answer: Answer<T>) -> Answer<T> {
        answer.notices.extend(self.signing.notice());
        answer
    }

    fn sign_head(&self, state: &mut State, kept: bool) -> Result<Signed, SignError> {
        let dir = self.signing.dir().ok_or(SignError::InMemory)?;
        let now = seconds((self.clock)());
        state.sign(dir, self.store.as_ref(), self.store.head(), now, kept, &[])
    }
}
