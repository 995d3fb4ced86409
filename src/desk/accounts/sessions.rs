//! Who came in with a password, until they leave, stay away or the day is over.
//!
//! A server that was started again knows them from the file beside the log. That file only ever lets somebody go on
//! who came in with a password that counts still: what ends a session before its time is in the log, or among what
//! is kept of passwords, so that an older copy of the file opens nothing that was ended since.

mod file;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::desk::Desk;
use crate::desk::accounts::sessions::file::SessionsFile;
use crate::desk::error::DeskError;

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::tlog::Hash;

/// A session in which nothing is asked for so long ends: half an hour.
pub(in crate::desk) const IDLE_SECONDS: i64 = 30 * 60;
/// A session ends so long after it began, whatever is asked: twelve hours.
pub(in crate::desk) const WHOLE_SECONDS: i64 = 12 * 60 * 60;
/// Sessions of one account at a time; the one that was not used longest ends first.
const OF_ONE_MAX: usize = 16;
/// Sessions altogether, of a desk of fifty and more.
const ALL_MAX: usize = 4_096;
/// How far behind the file may be of when a session was used last: five minutes, so that few requests write.
const NOTED_SECONDS: i64 = 5 * 60;
const SECOND: i64 = 1_000_000;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Session {
    /// Whose it is.
    pub(in crate::desk) account: EntityId,
    /// With which password it began: another ends it.
    pub(in crate::desk) password: String,
    /// How far the log had told of accounts when it began: what ended the sessions of its account later ends it.
    pub(in crate::desk) told: u64,
    /// When it began.
    pub(in crate::desk) began: Timestamp,
    /// When it was used last.
    used: Timestamp,
    /// When it was used last, as the file has it.
    noted: Timestamp,
    /// When it began and when it was used last by the time that passes, whatever the clock says meanwhile.
    passed: (Instant, Instant),
}

/// The sessions of a desk, each known by the hash of its secret.
#[derive(Debug, Default)]
pub(in crate::desk) struct Sessions {
    all: Mutex<HashMap<Hash, Session>>,
    // None for a log in memory: then none outlives the desk.
    file: Option<SessionsFile>,
    // Those of before are let in at the first question about any.
    taken_up: OnceLock<()>,
}

impl Sessions {
    /// Returns those of a data directory; nothing is read yet. Only whoever holds the log for writing writes.
    pub(in crate::desk) fn of(dir: &Path, writes: Writes) -> Self {
        Self { file: Some(SessionsFile::of(dir, writes)), ..Self::default() }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether the file can be read, where there is one.
    pub(super) fn whole(&self) -> Result<(), DeskError> {
        self.file.as_ref().map_or(Ok(()), |file| file.read().map(|_| ()))
    }

    /// Has the file say what is in memory.
    fn note(&self, how: Keeping) {
        if let Some(file) = &self.file {
            file.write(how, || {
                let mut all = self.all();
                all.values_mut().for_each(|session| session.noted = session.used);
                all.clone()
            });
        }
    }

    /// Begins a session, when the log had told so far of accounts.
    pub(in crate::desk) fn begin(
        &self,
        secret: &HexHash,
        (account, password): (EntityId, &str),
        told: u64,
        now: Timestamp,
    ) {
        self.insert(secret, (account, password), told, now);
        // Whoever comes in waits for no disk: a session that a power cut takes begins anew.
        self.note(Keeping::Quick);
    }

    fn insert(&self, secret: &HexHash, (account, password): (EntityId, &str), told: u64, now: Timestamp) {
        let mut all = self.all();
        all.retain(|_, session| session.lives(now));
        let of_one = |all: &HashMap<Hash, Session>| {
            let own = all.iter().filter(|(_, session)| session.account == account);
            (own.clone().count(), own.min_by_key(|(_, session)| session.used).map(|(secret, _)| *secret))
        };
        if let (OF_ONE_MAX.., Some(oldest)) = of_one(&all) {
            all.remove(&oldest);
        }
        if all.len() >= ALL_MAX {
            let oldest = all.iter().min_by_key(|(_, session)| session.used).map(|(secret, _)| *secret);
            oldest.map(|oldest| all.remove(&oldest));
        }
        let password = password.to_owned();
        let passed = (Instant::now(), Instant::now());
        let session = Session { account, password, told, began: now, used: now, noted: now, passed };
        all.insert(secret.0, session);
    }

    /// Returns a session that lives, which is used now; none that ended.
    pub(in crate::desk) fn used(&self, secret: &HexHash, now: Timestamp) -> Option<Session> {
        let mut all = self.all();
        let session = all.get_mut(&secret.0)?;
        if !session.lives(now) {
            all.remove(&secret.0);
            return None;
        }
        session.used = session.used.max(now);
        session.passed.1 = Instant::now();
        let used = session.clone();
        drop(all);
        if used.used.micros() - used.noted.micros() >= NOTED_SECONDS * SECOND {
            self.note(Keeping::Quick);
        }
        Some(used)
    }

    /// Returns a session that lives; that is no use of it.
    pub(in crate::desk) fn living(&self, secret: &HexHash, now: Timestamp) -> Option<Session> {
        self.all().get(&secret.0).filter(|session| session.lives(now)).cloned()
    }

    /// Ends a session, and returns until when it would have lasted; none where there was none.
    fn end(&self, secret: &HexHash) -> Option<Timestamp> {
        let ended = self.all().remove(&secret.0);
        self.note(Keeping::Quick);
        ended.map(|session| session.ends())
    }

    /// Lets a session go on with another password of its account, and ends every other of the account.
    pub(in crate::desk) fn go_on(&self, secret: Option<&HexHash>, account: EntityId, password: &str) {
        self.retain_of(secret, account, password);
    }

    /// As [`Sessions::go_on`], and returns what ended, each with until when it would have lasted.
    fn retain_of(
        &self,
        secret: Option<&HexHash>,
        account: EntityId,
        password: &str,
    ) -> Vec<(HexHash, Timestamp)> {
        let mut ended = Vec::new();
        self.all().retain(|known, session| {
            if session.account != account {
                return true;
            }
            let goes_on = secret.is_some_and(|secret| secret.0 == *known);
            if goes_on {
                password.clone_into(&mut session.password);
            } else {
                ended.push((HexHash(*known), session.ends()));
            }
            goes_on
        });
        self.note(Keeping::Quick);
        ended
    }

    /// Has every session outlive the process, and the power.
    pub(in crate::desk) fn close(&self) {
        // Nobody asked about any: the file stays as it is.
        if self.taken_up.get().is_some() {
            self.note(Keeping::Durable);
        }
    }
}

/// Whether a desk writes its sessions down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::desk) enum Writes {
    /// Whoever holds the log for writing.
    Yes,
    /// Whoever only reads.
    No,
}

/// How surely something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Whatever happens to the process; a power cut may take it.
    Quick,
    /// Whatever happens to the machine.
    Durable,
}

impl Desk {
    /// Returns the sessions, those of an earlier process among them.
    ///
    /// Nobody goes on in a log that is known to be another than it was, or shorter: who ended which session may be
    /// what it lost.
    pub(in crate::desk) fn sessions(&self) -> &Sessions {
        let sessions = &self.people.sessions;
        sessions.taken_up.get_or_init(|| {
            let Some(file) = &sessions.file else { return };
            match self.earlier_sessions(file) {
                Ok(earlier) => *sessions.all() = earlier,
                Err(error) => tracing::warn!(%error, "who was in before must come in again"),
            }
        });
        sessions
    }

    fn earlier_sessions(&self, file: &SessionsFile) -> Result<HashMap<Hash, Session>, DeskError> {
        let (now, mut earlier) = ((self.clock)(), file.read()?);
        earlier.retain(|_, session| session.lives(now) && session.began <= now);
        if earlier.is_empty() {
            return Ok(earlier);
        }
        if let Some(damage) = self.fallen(&self.standing()?)?.first() {
            return Err(DeskError::Damaged(damage.to_string()));
        }
        self.people.kept.look(|secrets| {
            for ended in &secrets.ended {
                earlier.remove(&ended.session.0);
            }
        })?;
        Ok(earlier)
    }

    /// Ends a session for good: no later process takes it up, from whichever copy of the file.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] where that cannot be written down; then it ended here, and a server that
    /// is started again on an older copy of the file might take it up.
    pub(in crate::desk) fn end_session(&self, secret: &HexHash) -> Result<(), DeskError> {
        let Some(until) = self.sessions().end(secret) else { return Ok(()) };
        let now = (self.clock)();
        self.people.kept.change(|secrets| secrets.end(*secret, until, now))
    }

    /// Ends every session of an account for good, as [`Desk::end_session`] does one: nothing in the log ends them.
    ///
    /// # Errors
    ///
    /// As [`Desk::end_session`].
    pub(in crate::desk) fn end_sessions_of(&self, account: EntityId) -> Result<(), DeskError> {
        let ended = self.sessions().retain_of(None, account, "");
        if ended.is_empty() {
            return Ok(());
        }
        let now = (self.clock)();
        self.people.kept.change(|secrets| {
            for (secret, until) in ended {
                secrets.end(secret, until, now);
            }
        })
    }
}

impl Session {
    fn lives(&self, now: Timestamp) -> bool {
        self.lives_by(now, Instant::now())
    }

    /// Tells whether it lives by the clock, and by the time that passes: a clock that is set back makes none longer.
    fn lives_by(&self, now: Timestamp, passing: Instant) -> bool {
        let within = |since: Timestamp, seconds: i64| now.micros() < since.micros() + seconds * SECOND;
        let lasts = |since: Instant, seconds: i64| {
            passing.saturating_duration_since(since) < Duration::from_secs(seconds.unsigned_abs())
        };
        let (began, used) = self.passed;
        within(self.used, IDLE_SECONDS)
            && within(self.began, WHOLE_SECONDS)
            && lasts(used, IDLE_SECONDS)
            && lasts(began, WHOLE_SECONDS)
    }

    /// Returns when it ends at the latest.
    pub(in crate::desk) fn ends(&self) -> Timestamp {
        Timestamp::from_micros(self.began.micros() + WHOLE_SECONDS * SECOND).unwrap_or(Timestamp::MAX)
    }
}
