//! The private file beside the log: what is kept of passwords and tokens. It is read by nobody but its owner,
//! and no export of the log takes it along.
//!
//! The log says which password and which tokens count, by the names that they were given; this file alone opens
//! nothing. What it keeps and the log does not name any more is dropped when it is written next.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::desk::accounts::sessions::Keeping;
use crate::desk::error::DeskError;
use crate::desk::keys::password::Hashed;
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;

/// The name of the file in the data directory.
const NAME: &str = "accounts";
const VERSION: u32 = 1;
/// From so many places an account is known to come in; the oldest is forgotten first.
const DEVICES_MAX: usize = 8;
/// So many sessions that were ended before their time are remembered, until it: as many as there can be at once.
const ENDED_MAX: usize = 4_096;

/// What is kept of a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct KeptPassword {
    /// What names it in the log.
    pub(in crate::desk) name: String,
    /// A one-time password opens nothing after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::desk) until: Option<Timestamp>,
    /// What is kept of it.
    pub(in crate::desk) hashed: Hashed,
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct KeptToken {
    /// Whose it is.
    pub(in crate::desk) account: EntityId,
    /// The hash of it.
    pub(in crate::desk) hash: HexHash,
}

/// A session that its owner ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct Ended {
    /// The hash of its secret.
    pub(in crate::desk) session: HexHash,
    /// When it would have ended in any case.
    pub(in crate::desk) until: Timestamp,
}

/// Everything that the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct Secrets {
    version: u32,
    /// Of each account the passwords that may count: the one that does, and the next while it is recorded.
    pub(in crate::desk) passwords: BTreeMap<EntityId, Vec<KeptPassword>>,
    /// By the names of the tokens.
    pub(in crate::desk) tokens: BTreeMap<String, KeptToken>,
    /// From where each account came in before: hashes of what it was given then, the newest last.
    pub(in crate::desk) devices: BTreeMap<EntityId, Vec<HexHash>>,
    /// Sessions that no later process takes up, the one that was ended last at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::desk) ended: Vec<Ended>,
}

impl Secrets {
    /// Remembers that a session was ended, as long as it would have lasted.
    pub(in crate::desk) fn end(&mut self, session: HexHash, until: Timestamp, now: Timestamp) {
        self.ended.retain(|ended| now < ended.until);
        self.ended.push(Ended { session, until });
        let over = self.ended.len().saturating_sub(ENDED_MAX);
        self.ended.drain(..over);
    }

    /// Remembers from where an account came in.
    pub(in crate::desk) fn remember(&mut self, account: EntityId, device: HexHash) {
        let devices = self.devices.entry(account).or_default();
        devices.push(device);
        let over = devices.len().saturating_sub(DEVICES_MAX);
        devices.drain(..over);
    }
}

/// The file, and what it holds once it was read.
#[derive(Debug, Default)]
pub(in crate::desk) struct Kept {
    // None for a log in memory: then nothing is kept longer than the desk.
    path: Option<PathBuf>,
    // Read at the first use: most commands ask for none of it.
    secrets: Mutex<Option<Secrets>>,
}

impl Kept {
    /// Returns the file of a data directory; nothing is read yet.
    pub(in crate::desk) fn of(dir: &Path) -> Self {
        Self { path: Some(dir.join(NAME)), secrets: Mutex::default() }
    }

    fn secrets(&self) -> Result<MutexGuard<'_, Option<Secrets>>, DeskError> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if secrets.is_none() {
            *secrets = Some(match &self.path {
                Some(path) => read(path)?,
                None => Secrets::default(),
            });
        }
        Ok(secrets)
    }

    /// Tells whether the file was read, and nobody writes it now.
    pub(in crate::desk) fn is_at_hand(&self) -> bool {
        self.secrets.try_lock().is_ok_and(|secrets| secrets.is_some())
    }

    /// Looks at what is kept.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] or [`DeskError::Refused`] where the file cannot be read, or others than
    /// its owner can read it: then nobody comes in with a password or a token.
    pub(in crate::desk) fn look<T>(&self, look: impl FnOnce(&Secrets) -> T) -> Result<T, DeskError> {
        Ok(look(self.secrets()?.get_or_insert_default()))
    }

    /// Changes what is kept: the file is whole, the one or the other, whenever the power goes.
    ///
    /// # Errors
    ///
    /// As [`Kept::look`], and [`DeskError::Unavailable`] where it cannot be written; then it is as it was.
    pub(in crate::desk) fn change<T>(&self, change: impl FnOnce(&mut Secrets) -> T) -> Result<T, DeskError> {
        let mut secrets = self.secrets()?;
        let mut next = secrets.clone().unwrap_or_default();
        let made = change(&mut next);
        next.version = VERSION;
        if let Some(path) = &self.path
            && secrets.as_ref() != Some(&next)
        {
            write_private(path, &next).map_err(|error| {
                DeskError::Unavailable(format!("{} cannot be written: {error}", path.display()))
            })?;
        }
        *secrets = Some(next);
        Ok(made)
    }
}

fn read(path: &Path) -> Result<Secrets, DeskError> {
    let failed = |error: io::Error| DeskError::Unavailable(format!("{}: {error}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Secrets::default()),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(DeskError::Refused {
            rule: format!(
                "{} can be read by others than its owner (mode {mode:04o}), so nobody comes in with what it keeps",
                path.display()
            ),
            hints: vec![format!(
                "`chmod 600 {}`; if others may have read it, give everybody another password",
                path.display()
            )],
        });
    }
    let secrets: Secrets = serde_json::from_reader(io::BufReader::new(file)).map_err(|error| {
        DeskError::Unavailable(format!("{} is not what this program wrote: {error}", path.display()))
    })?;
    if secrets.version > VERSION {
        let words = format!("{} was written by a later version of this program", path.display());
        return Err(DeskError::Unavailable(words));
    }
    Ok(secrets)
}

/// Writes a private file of the data directory: it is whole, the one or the other, whenever the power goes.
pub(in crate::desk) fn write_private<T: Serialize>(path: &Path, kept: &T) -> io::Result<()> {
    put_private(path, kept, Keeping::Durable)
}

/// Writes a private file of the data directory, as surely as is asked: it is whole, the one or the other, whenever the
/// process is killed.
pub(super) fn put_private<T: Serialize>(path: &Path, kept: &T, how: Keeping) -> io::Result<()> {
    let mut text = serde_json::to_vec(kept).map_err(io::Error::other)?;
    text.push(b'\n');
    let next = path.with_extension("next");
    // What a cut-off write left is nobody's; the caller holds the lock of the directory.
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
    file.write_all(&text)?;
    if how == Keeping::Quick {
        return fs::rename(&next, path);
    }
    file.sync_all()?;
    fs::rename(&next, path)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn account() -> EntityId {
        EntityId::from_uuid(uuid::Uuid::from_u128(7))
    }

    #[test]
    fn the_file_is_for_its_owner_alone_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::of(dir.path());
        assert!(kept.look(|secrets| secrets.passwords.is_empty()).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "to look writes nothing");
        let password =
            KeptPassword { name: "one".to_owned(), until: None, hashed: Hashed::of("the password").unwrap() };
        kept.change(|secrets| secrets.passwords.insert(account(), vec![password.clone()])).unwrap();
        let path = dir.path().join(NAME);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(&path).unwrap().contains("the password"));
        let again = Kept::of(dir.path());
        assert_eq!(again.look(|secrets| secrets.passwords.clone()).unwrap()[&account()], [password]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_none_opens_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        Kept::of(dir.path()).change(|secrets| secrets.remember(account(), HexHash([1; 32]))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let exposed = Kept::of(dir.path()).look(|_| ()).unwrap_err();
        assert!(matches!(exposed, DeskError::Refused { .. }), "{exposed}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "{}", "{\"version\":9,\"passwords\":{},\"tokens\":{},\"devices\":{}}"] {
            fs::write(&path, text).unwrap();
            assert!(Kept::of(dir.path()).look(|_| ()).is_err(), "{text}");
            assert!(Kept::of(dir.path()).change(|_| ()).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "what is not understood is not replaced");
        }
    }

    #[test]
    fn what_a_cut_off_write_left_is_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("accounts.next"), "half").unwrap();
        let kept = Kept::of(dir.path());
        kept.change(|secrets| secrets.remember(account(), HexHash([1; 32]))).unwrap();
        assert!(!dir.path().join("accounts.next").exists());
    }

    #[test]
    fn the_places_from_which_an_account_came_in_are_few() {
        let mut secrets = Secrets::default();
        (0..20).for_each(|number| secrets.remember(account(), HexHash([number; 32])));
        let devices = &secrets.devices[&account()];
        assert_eq!((devices.len(), devices.last()), (DEVICES_MAX, Some(&HexHash([19; 32]))));
    }
}
