//! How the projections and their directory go together: loading, saving, and what to do about damage.

use std::path::Path;
use std::sync::{Arc, MutexGuard};

use crate::projections::Access;
use crate::projections::beside;
use crate::projections::directory::{self, Closed, Directory};
use crate::projections::error::ProjectionError;
use crate::projections::folds;
use crate::projections::index::{Index, Keep};
use crate::projections::lazy::Damage;
use crate::projections::shared::Shared;
use crate::projections::view::View;
use crate::store::Health;

/// Under this name a rebuilt directory stands beside the one that it is to replace.
const REBUILT: &str = "rebuilt";

/// The directory, as long as nobody else saves.
type Held<'shared> = MutexGuard<'shared, Option<Directory>>;

impl Shared {
    /// Begins with what was saved; what cannot be trusted is set aside, and the owner is told.
    pub(super) fn load(&self) {
        let Some(path) = self.dir.as_deref() else { return };
        if self.access == Access::ReadOnly {
            return self.load_as_reader(path);
        }
        let mut held = self.directory();
        let loaded = match Directory::open(path) {
            Ok(directory) => held.insert(directory).load(&*self.store, self.zone),
            Err(Closed::Damaged(what)) => Err(Damage(what).into()),
            Err(closed @ Closed::Held(_)) => {
                self.tell(format!("{closed}; here they are kept in memory"));
                return self.load_as_reader(path);
            }
            Err(closed @ Closed::Io { .. }) => {
                return self.tell(format!("the projections are kept in memory, because of {closed}"));
            }
        };
        // A rebuild may have been interrupted.
        for rest in [REBUILT, "replaced"] {
            // Whatever cannot be removed is in nobody's way until the next rebuild.
            let _ = beside::wipe(&beside::beside(path, rest));
        }
        match loaded {
            Ok(None) => {}
            Ok(Some(index)) => {
                self.set_saved(u64::from(index.size));
                self.replace(index);
            }
            Err(refused) => self.start_anew(&mut held, path, &refused.to_string()),
        }
    }

    fn load_as_reader(&self, path: &Path) {
        match directory::read(path, &*self.store, self.zone) {
            Ok(None) => {}
            Ok(Some(index)) => {
                self.set_saved(u64::from(index.size));
                self.replace(index);
            }
            Err(refused) => {
                self.tell(format!("{refused}; the projections are folded from the log in memory"));
            }
        }
    }

    /// Sets the directory aside and begins an empty one.
    fn start_anew(&self, held: &mut Held<'_>, path: &Path, why: &str) {
        **held = None;
        self.set_saved(0);
        let anew = beside::set_aside(path)
            .map_err(|source| Closed::Io { path: path.to_owned(), source })
            .and_then(|aside| Ok((aside, Directory::open(path)?)));
        match anew {
            Ok((aside, directory)) => {
                **held = Some(directory);
                let aside = aside.display();
                self.tell(format!("{why}; it was set aside as {aside} and rebuilt from the log"));
            }
            Err(closed) => {
                self.tell(format!("{why}; the projections are kept in memory, because of {closed}"));
            }
        }
    }

    /// Begins again after damage that was met while reading; the caller is the one who takes in events.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when the log cannot be folded again.
    pub(super) fn recover(&self, damage: &Damage) -> Result<(), ProjectionError> {
        let size = self.look(|index| u64::from(index.size));
        let mut held = self.directory();
        match self.dir.as_deref() {
            Some(path) if held.is_some() => self.start_anew(&mut held, path, &damage.to_string()),
            // Whoever writes there may have saved since and removed the file: then there is a newer one.
            Some(path) => {
                if let Ok(Some(newer)) = directory::read(path, &*self.store, self.zone)
                    && u64::from(newer.size) > self.saved()
                {
                    self.set_saved(u64::from(newer.size));
                    self.replace(newer);
                    drop(held);
                    return self.catch_up_to(size);
                }
                self.tell(format!("{damage}; the projections are folded from the log in memory"));
            }
            None => {}
        }
        drop(held);
        let removals = self.look(|index| index.removals.clone());
        let rebuilt = self.folded(size, removals)?;
        self.replace(rebuilt);
        Ok(())
    }

    /// Saves what is new; does nothing without a directory that may be written.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError::Save`]; the answers are right all the same.
    pub(super) fn save(&self, keep: Keep) -> Result<(), ProjectionError> {
        let mut held = self.directory();
        let Some(directory) = held.as_mut() else { return Ok(()) };
        // What folds found where something could not be read is nothing to go on from once it can be.
        let keep = if self.is_sound() { keep } else { Keep::Index };
        // Taken with the lock of the directory, so that an older one is never saved over a newer.
        let Some(capture) = self.look(|index| index.capture(keep)) else { return Ok(()) };
        if directory.has(&capture) {
            return Ok(());
        }
        match directory.save(&capture, &*self.store, self.zone) {
            Ok(saved) => {
                self.change(|index| index.saved(&capture, saved));
                self.set_saved(u64::from(capture.size));
                Ok(())
            }
            Err(closed) => Err(self.unsaved(&mut held, closed)),
        }
    }

    /// Returns the error of a save that failed; a damaged directory is set aside.
    fn unsaved(&self, held: &mut Held<'_>, closed: Closed) -> ProjectionError {
        match closed {
            Closed::Io { path, source } => ProjectionError::Save { path: path.display().to_string(), source },
            closed @ (Closed::Damaged(_) | Closed::Held(_)) => {
                if let Some(path) = self.dir.as_deref() {
                    self.start_anew(held, path, &closed.to_string());
                }
                ProjectionError::Damaged(closed.to_string())
            }
        }
    }

    /// Puts a rebuilt index in the place of the present one, and its directory in the place of the
    /// present directory.
    pub(super) fn replace_all(&self, rebuilt: Index) {
        let mut held = self.directory();
        let (Some(path), true) = (self.dir.as_deref(), held.is_some()) else {
            return self.replace(rebuilt);
        };
        match self.swapped(&mut held, path, &rebuilt) {
            Ok(Some(index)) => {
                self.set_saved(u64::from(index.size));
                self.replace(index);
            }
            Ok(None) => self.replace(rebuilt),
            Err(why) => {
                self.tell(format!("the rebuilt projections are kept in memory: {why}"));
                self.replace(rebuilt);
            }
        }
    }

    /// Tells whether the directory was made before a text was removed of which it may still hold something.
    pub(super) fn is_stale(&self) -> bool {
        let removals = self.look(|index| u32::try_from(index.removals.len()).unwrap_or(u32::MAX));
        self.directory().as_ref().and_then(Directory::fresh).is_some_and(|fresh| fresh < removals)
    }

    /// As [`Shared::replace_all`], but the former directory and whatever was set aside beside it must be
    /// gone afterwards.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError::Save`] when some of it may be left; the answers are right all the same.
    pub(super) fn replace_purged(&self, rebuilt: Index) -> Result<(), ProjectionError> {
        let mut held = self.directory();
        let Some(path) = self.dir.as_deref() else {
            self.replace(rebuilt);
            return Ok(());
        };
        let left = |what: String| ProjectionError::Save {
            path: path.display().to_string(),
            source: std::io::Error::other(what),
        };
        if held.is_none() {
            self.replace(rebuilt);
            return Err(left("the directory is not this process's to write".to_owned()));
        }
        let outcome = match self.swapped(&mut held, path, &rebuilt) {
            Ok(Some(index)) => {
                self.set_saved(u64::from(index.size));
                self.replace(index);
                Ok(())
            }
            // Of a damaged log nothing is saved; an empty directory takes the place of the former one.
            Ok(None) => {
                self.replace(rebuilt);
                self.set_saved(0);
                *held = None;
                let anew = beside::wipe(path).map_err(|error| left(error.to_string()));
                let opened = |()| Directory::open(path).map_err(|closed| left(closed.to_string()));
                anew.and_then(opened).map(|directory| *held = Some(directory))
            }
            Err(why) => {
                self.replace(rebuilt);
                Err(left(why))
            }
        };
        outcome.and_then(|()| beside::wipe_set_aside(path).map_err(|error| left(error.to_string())))
    }

    fn swapped(&self, held: &mut Held<'_>, path: &Path, rebuilt: &Index) -> Result<Option<Index>, String> {
        let aside = beside::beside(path, REBUILT);
        let words = |error: &dyn std::error::Error| error.to_string();
        beside::wipe(&aside).map_err(|error| words(&error))?;
        let Some(capture) = rebuilt.capture(Keep::Index) else { return Ok(None) };
        let mut fresh = Directory::open(&aside).map_err(|closed| words(&closed))?;
        fresh.save(&capture, &*self.store, self.zone).map_err(|closed| words(&closed))?;
        // Both databases are closed before their directories move.
        drop(fresh);
        **held = None;
        beside::swap(path, REBUILT).map_err(|error| words(&error))?;
        let directory = held.insert(Directory::open(path).map_err(|closed| words(&closed))?);
        directory.load(&*self.store, self.zone).map_err(|refused| words(&refused))
    }

    /// Tells whether everything could be read so far.
    fn is_sound(&self) -> bool {
        self.unreadable().is_empty() && !matches!(self.store.health(), Health::Damaged(_))
    }

    /// Tells whether this process keeps the directory.
    pub(super) fn is_kept(&self) -> bool {
        self.directory().is_some()
    }

    /// Lets go of the directory.
    pub(super) fn release(&self) {
        *self.directory() = None;
    }
}

/// Folds what is saved with the index, saves a snapshot of all that is taken in by then, and the folds beside it; does
/// nothing without a directory that may be written.
///
/// # Errors
///
/// As [`Shared::save`].
pub(super) fn save_folded(shared: &Arc<Shared>) -> Result<(), ProjectionError> {
    let _alone = shared.fold_alone();
    let (size, ground) = shared.look(|index| (index.size, Arc::clone(&index.identity)));
    let is_folded = |directory: &Directory| directory.is_of(&ground) && directory.is_folded(size);
    let is_held = shared.directory().as_ref().is_some_and(|directory| !is_folded(directory));
    let whoever = shared.folder().filter(|_| size > 0 && shared.is_sound() && is_held);
    // Folded without a lock of the index: others ask and record meanwhile.
    let folded = whoever.map(|whoever| whoever.fold(&View::new(Arc::clone(shared), size)));
    shared.save(Keep::Verdicts)?;
    // To fold is to read everything: what could not be read may have been met there for the first time.
    let Some(folded) = folded.filter(|_| shared.is_sound()) else { return Ok(()) };
    let failed = |source| {
        let path = shared.dir.as_deref().unwrap_or(Path::new("")).display().to_string();
        ProjectionError::Save { path, source }
    };
    let Some(folded) = folded.map_err(|why| failed(std::io::Error::other(why)))? else { return Ok(()) };
    let sections = folds::to_sections(folded, &*shared.store, size).map_err(failed)?;
    let mut held = shared.directory();
    // With another index what was folded may hold a text that was removed meanwhile.
    let is_present = || shared.look(|index| Arc::ptr_eq(&index.identity, &ground));
    let is_wanted = |directory: &&mut Directory| {
        directory.is_of(&ground) && is_present() && !directory.is_folded(size) && shared.is_sound()
    };
    let Some(directory) = held.as_mut().filter(is_wanted) else { return Ok(()) };
    match directory.save_folds(&sections, size) {
        Ok(folds) => {
            shared.change(|index| {
                if Arc::ptr_eq(&index.identity, &ground) {
                    index.folds = Some(folds);
                }
            });
            Ok(())
        }
        Err(closed) => Err(shared.unsaved(&mut held, closed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{DESK, SCHEMA};
    use crate::domain::id::{ActorId, RequestId};
    use crate::domain::zone::Zone;
    use crate::projections::Projections;
    use crate::projections::folds::{Fold, Folded, Folder, Piece};
    use crate::projections::manifest::{FORMAT, pages, text_of};
    use crate::projections::snapshot::Database;
    use crate::projections::timeline::TimelineQuery;
    use crate::store::memory::MemoryStore;
    use crate::store::{Class, Clock, Condition, EventStore, NewEvent};
    use uuid::Uuid;

    fn incident() -> NewEvent {
        NewEvent {
            id: None,
            streams: vec![DESK],
            class: Class::Fact,
            schema: SCHEMA,
            actor: ActorId::from_uuid(Uuid::from_u128(1)),
            body: r#"{"kind":"incident","topics":["the line"]}"#.to_owned(),
            attachments: Vec::new(),
            signature: None,
        }
    }

    fn request() -> RequestId {
        RequestId::from_uuid(Uuid::from_u128(2))
    }

    const PIECE: &[u8] = b"a piece";

    fn piece() -> Piece {
        Piece { offset: 3, length: 7, sum: crc32c::crc32c(PIECE) }
    }

    /// Folds nothing, and meanwhile something happens.
    struct Meanwhile(fn(&View));

    impl Folder for Meanwhile {
        fn fold(&self, view: &View) -> Result<Option<Folded>, String> {
            (self.0)(view);
            let mut fold = Fold { head: b"a fold".to_vec(), ..Fold::default() };
            assert_eq!(fold.add(b"of ").offset, 0);
            assert_eq!(fold.add(PIECE), piece());
            Ok((!view.is_fold_stopped()).then(|| vec![(DESK, fold)]))
        }
    }

    #[test]
    fn a_fold_is_saved_where_everything_could_be_read_and_nobody_stopped_it() {
        let saved = |meanwhile: fn(&View)| {
            let clock: Clock = Arc::new(|| "2026-01-01T00:00:00.000000Z".parse().unwrap());
            let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new("folds", clock));
            store.append(vec![incident()], Condition::default(), request()).unwrap();
            let dir = tempfile::tempdir().unwrap();
            let open = || {
                let store = Arc::clone(&store);
                Projections::open(Some(dir.path()), store, Zone::default(), Access::Writable).unwrap()
            };
            let projections = open();
            projections.fold_with(Arc::new(Meanwhile(meanwhile)));
            projections.save().unwrap();
            projections.close().unwrap();
            let view = open().view(1);
            let fold = view.saved_fold(DESK, &view.ground())?;
            assert_eq!(fold.piece(Piece { length: piece().length + 1, ..piece() }), None);
            fold.head().zip(fold.piece(piece()))
        };
        assert_eq!(saved(|_| ()), Some((b"a fold".to_vec(), PIECE.to_vec())));
        // What is met here for the first time was left out of the fold.
        assert_eq!(saved(|view| view.shared.unreadable_at(0)), None);
        assert_eq!(saved(|view| view.shared.stop_folding(true)), None);
        // With another index the text of what was folded may be gone.
        let replaced = |view: &View| {
            let rebuilt = view.shared.folded(1, crate::projections::removals::Removals::default());
            view.shared.replace(rebuilt.unwrap());
        };
        assert_eq!(saved(replaced), None);
    }

    #[test]
    fn a_snapshot_of_an_earlier_program_is_set_aside_and_rebuilt() {
        let clock: Clock = Arc::new(|| "2026-01-01T00:00:00.000000Z".parse().unwrap());
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new("old", clock));
        store.append(vec![incident()], Condition::default(), request()).unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("projections");
        let open =
            |access| Projections::open(Some(&dir), Arc::clone(&store), Zone::default(), access).unwrap();
        let projections = open(Access::Writable);
        projections.save().unwrap();
        projections.close().unwrap();
        let mut database = Database::open(&dir.join("sled")).unwrap();
        let text = String::from_utf8(text_of(&database.pages().unwrap()).unwrap()).unwrap();
        let older = text.replace(&format!("\"format\":{FORMAT}"), "\"format\":2");
        assert_ne!(older, text);
        database.put(&pages(older.as_bytes())).unwrap();
        drop(database);
        let topics = vec![Some("the line".to_owned())];
        let query = TimelineQuery { topics: topics.into(), ..TimelineQuery::default() };
        let projections = open(Access::Writable);
        let notice = projections.notice().unwrap();
        assert!(notice.contains("format 2") && notice.contains("rebuilt"), "{notice}");
        assert_eq!(projections.view(1).timeline(&query).unwrap().total, 1);
        projections.save().unwrap();
        projections.close().unwrap();
        let projections = open(Access::ReadOnly);
        assert_eq!(projections.notice(), None);
        assert_eq!(projections.view(1).timeline(&query).unwrap().total, 1);
    }
}
