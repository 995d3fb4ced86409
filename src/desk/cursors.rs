//! How far somebody's programs have read: cursors with a name, kept beside the log, and moved by nobody who did
//! not see where they stood.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::accounts::write_private;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::error::{DeskError, Fault};
use crate::domain::timestamp::Timestamp;

/// The name of the file in the data directory.
const NAME: &str = "cursors";
const VERSION: u32 = 1;
/// So many cursors somebody has at most.
const CURSORS_MAX: usize = 100;
/// So long is a name at most.
const NAME_BYTES_MAX: usize = 64;

/// To where a cursor is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CursorAsk {
    /// The position that was read last, or the `id` of the event of a feed.
    pub(crate) after: u64,
    /// The revision that the caller saw; none where there must be no such cursor yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<u64>,
}

/// How far a program has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct CursorRow {
    /// The name.
    pub(crate) name: String,
    /// The position that was read last: give it as `after` of a feed.
    pub(crate) after: u64,
    /// How often it was moved, from 1: give it as `expect` of the next move.
    pub(crate) revision: u64,
    /// When it was moved last.
    pub(crate) moved_at: Timestamp,
}

/// What is kept of a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    after: u64,
    revision: u64,
    moved_at: Timestamp,
}

/// Everything that the file holds: of each account its cursors, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct All {
    version: u32,
    cursors: BTreeMap<String, BTreeMap<String, Cursor>>,
}

/// The file, and what it holds once it was read.
#[derive(Debug, Default)]
pub(in crate::desk) struct Cursors {
    // None for a log in memory: then nothing is kept longer than the desk.
    path: Option<PathBuf>,
    all: Mutex<Option<All>>,
}

impl Cursors {
    /// Returns those of a data directory; nothing is read yet.
    pub(in crate::desk) fn of(dir: &Path) -> Self {
        Self { path: Some(dir.join(NAME)), all: Mutex::default() }
    }

    fn all(&self) -> Result<MutexGuard<'_, Option<All>>, DeskError> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_none() {
            *all = Some(self.path.as_deref().map_or_else(|| Ok(All::default()), read)?);
        }
        Ok(all)
    }

    /// Tells whether the file can be read, where there is one.
    pub(in crate::desk) fn whole(&self) -> Result<(), DeskError> {
        self.all().map(|_| ())
    }

    fn of_account(&self, whose: &str) -> Result<BTreeMap<String, Cursor>, DeskError> {
        Ok(self.all()?.get_or_insert_default().cursors.get(whose).cloned().unwrap_or_default())
    }

    /// Moves a cursor, and returns it once that is on disk.
    fn set(&self, whose: &str, name: &str, ask: &CursorAsk, now: Timestamp) -> Result<Cursor, DeskError> {
        let mut all = self.all()?;
        let mut next = all.clone().unwrap_or_default();
        next.version = VERSION;
        let own = next.cursors.entry(whose.to_owned()).or_default();
        let stood = own.get(name);
        if stood.map(|stood| stood.revision) != ask.expect {
            let since = stood
                .map(|stood| format!("it is at revision {}, after position {}", stood.revision, stood.after));
            let what = format!("cursor `{name}`");
            return Err(DeskError::Changed { what, since: since.into_iter().collect() });
        }
        if stood.is_none() && own.len() >= CURSORS_MAX {
            return Err(DeskError::Refused {
                rule: format!("nobody has more than {CURSORS_MAX} cursors"),
                hints: vec!["move one that is there".to_owned()],
            });
        }
        let revision = stood.map_or(0, |stood| stood.revision).saturating_add(1);
        let moved = Cursor { after: ask.after, revision, moved_at: now };
        own.insert(name.to_owned(), moved.clone());
        if let Some(path) = &self.path {
            write_private(path, &next).map_err(|error| {
                DeskError::Unavailable(format!("{} cannot be written: {error}", path.display()))
            })?;
        }
        *all = Some(next);
        Ok(moved)
    }
}

fn read(path: &Path) -> Result<All, DeskError> {
    let wrong = |error: io::Error| DeskError::Unavailable(format!("{}: {error}", path.display()));
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(All::default()),
        Err(error) => return Err(wrong(error)),
    };
    let all: All = serde_json::from_slice(&text).map_err(|error| wrong(error.into()))?;
    if all.version > VERSION {
        let words = format!("{} was written by a later version of this program", path.display());
        return Err(DeskError::Unavailable(words));
    }
    Ok(all)
}

impl Desk {
    /// Returns the cursors of an account, by name; `kept` is where the whole log has them.
    pub(in crate::desk) fn cursors(
        &self,
        kept: &Cursors,
        whose: &str,
    ) -> Result<Answer<Page<CursorRow>>, DeskError> {
        let own = kept.of_account(whose)?;
        let items: Vec<CursorRow> = own.into_iter().map(|(name, cursor)| row(name, cursor)).collect();
        let page = Page { total: items.len() as u64, items, next: None };
        Ok(self.known(&When::default())?.answer(page))
    }

    /// Returns a cursor of an account.
    pub(in crate::desk) fn cursor(
        &self,
        kept: &Cursors,
        whose: &str,
        name: &str,
    ) -> Result<Answer<CursorRow>, DeskError> {
        let mut own = kept.of_account(named(name).map(|_| whose)?)?;
        match own.remove(name) {
            Some(cursor) => Ok(self.known(&When::default())?.answer(row(name.to_owned(), cursor))),
            None => Err(DeskError::NotFound {
                what: format!("cursor `{name}`"),
                hints: own.into_keys().take(10).collect(),
            }),
        }
    }

    /// Moves a cursor of an account from where the caller saw it; it is on disk before this returns.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Changed`] where it stands elsewhere, and says where, and [`DeskError::Wrong`] for a position
    /// that the log does not have yet, which nobody can have read; after any error it was not moved.
    pub(in crate::desk) fn move_cursor(
        &self,
        kept: &Cursors,
        whose: &str,
        name: &str,
        ask: &CursorAsk,
    ) -> Result<Answer<CursorRow>, DeskError> {
        let name = named(name)?;
        let known = self.known(&When::default())?;
        self.read_up_to(ask.after)?;
        let moved = kept.set(whose, name, ask, (self.clock)())?;
        Ok(known.answer(row(name.to_owned(), moved)))
    }
}

fn row(name: String, Cursor { after, revision, moved_at }: Cursor) -> CursorRow {
    CursorRow { name, after, revision, moved_at }
}

/// Returns a name that a cursor may have.
fn named(name: &str) -> Result<&str, DeskError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
        let detail =
            format!("a cursor is called by 1 to {NAME_BYTES_MAX} letters and digits of ASCII, and -_.");
        return Err(Fault::in_field("name", detail).into());
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(after: u64, expect: Option<u64>) -> CursorAsk {
        CursorAsk { after, expect }
    }

    #[test]
    fn a_cursor_is_moved_by_whoever_saw_where_it_stood_and_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let cursors = Cursors::of(dir.path());
        let set = |ask: &CursorAsk| cursors.set("lee", "feed", ask, Timestamp::MIN);
        assert!(matches!(set(&to(3, Some(1))), Err(DeskError::Changed { .. })), "there is none yet");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert_eq!(set(&to(3, None)).unwrap().revision, 1);
        let Err(DeskError::Changed { what, since }) = set(&to(5, None)) else { panic!("there is one") };
        assert_eq!(
            (what.as_str(), since.join("").as_str()),
            ("cursor `feed`", "it is at revision 1, after position 3")
        );
        assert_eq!(set(&to(5, Some(1))).unwrap().after, 5);
        assert!(set(&to(7, Some(1))).is_err(), "somebody else moved it");
        // Back as well: whoever reads again says so.
        assert_eq!(set(&to(0, Some(2))).unwrap().revision, 3);
        // Whoever opens the directory next finds it, and others have their own.
        let again = Cursors::of(dir.path());
        assert_eq!(again.of_account("lee").unwrap()["feed"].revision, 3);
        assert!(again.of_account("park").unwrap().is_empty());
    }

    #[test]
    fn of_many_who_move_a_cursor_at_once_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let cursors = Cursors::of(dir.path());
        for round in 0..20 {
            let expect = (round > 0).then_some(round);
            let moved = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..4)
                    .map(|after| {
                        let cursors = &cursors;
                        scope.spawn(move || {
                            cursors.set("lee", "feed", &to(after, expect), Timestamp::MIN).is_ok()
                        })
                    })
                    .collect();
                tries
                    .into_iter()
                    .filter(|_| true)
                    .map(|moved| moved.join().unwrap())
                    .filter(|moved| *moved)
                    .count()
            });
            assert_eq!(moved, 1);
        }
    }
}
