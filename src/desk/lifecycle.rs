//! How a desk gets its log: made, opened, copied, adopted, checked and closed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::desk::access::{Beyond, Sights};
use crate::desk::accounts::{People, Writes};
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Imported, LogRow};
use crate::desk::ask::When;
use crate::desk::checkpoint::{Hand, Signing, mark};
use crate::desk::clock::Watch;
use crate::desk::error::DeskError;
use crate::desk::folder::DeskFolder;
use crate::desk::import::source::Source;
use crate::desk::import::{Mappings, exported};
use crate::desk::keys::place::KeyPlace;
use crate::desk::names::NamesKept;
use crate::desk::reads::Reads;
use crate::desk::recording::Unsigned;
use crate::desk::writing::{draw_event, new_event};
use crate::desk::{Desk, Opening, clock, hand};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::ActorId;
use crate::domain::zone::Zone;
use crate::projections::{Access, Projections};
use crate::store::leaf::HexHash;
use crate::store::segment::{self, MasterKey, OpenError, SegmentStore};
use crate::store::{Body, EventStore, Health, NewEvent};

/// The projections of a log, within its data directory.
const PROJECTIONS: &str = "projections";
/// How the health of a damaged log begins.
pub(crate) const DAMAGED: &str = "damaged: ";
/// How the master key is given.
const GIVE_MASTER: &str = "give the master key of this log with `--master-key-file FILE`, `--master-key-fd N`, \
     DEMARCHE_MASTER_KEY_FILE or the credential `demarche-master-key`";
/// What is done about one that nothing is under.
const UNUSED_MASTER: &str =
    "`demarche key master set FILE` puts the log under a master key; until then give none";

impl Desk {
    /// Makes room for the export of another log: where the directory holds no log, or one in which nothing
    /// was recorded, it becomes an empty read-only copy of that log, which [`Desk::import`] then fills; where
    /// `place` has a master key, under that.
    ///
    /// A file that is no export, and a directory with a log that holds something, change nothing.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] when the export is not whole; then nothing was made.
    pub fn make_room(dir: &Path, file: &mut dyn Source, place: &KeyPlace) -> Result<(), DeskError> {
        if !exported::is_export(file)? {
            return Ok(());
        }
        let header = exported::read(&exported::whole(file)?).map_err(DeskError::Wrong)?.header;
        let master = place.master(dir)?;
        match what_is_in(dir, master.as_ref())? {
            Holding::Log => return Ok(()),
            Holding::UntouchedLog => {
                clear(dir).map_err(|error| DeskError::Unavailable(format!("{}: {error}", dir.display())))?;
            }
            Holding::NoLog => {}
        }
        let engine = SegmentStore::create_copy_with_master(dir, &header.log, clock::system(), master)?;
        let keys =
            (unsigned(dir, "this is a copy, and the log is signed where it is written"), KeyPlace::default());
        Self::over(dir, engine, Access::Writable, header.zone, keys)?.close()
    }

    /// Returns what an import of `file` into a directory would do, where it would make room for it; none
    /// where the log that is there must be asked.
    ///
    /// # Errors
    ///
    /// As [`Desk::make_room`].
    pub fn preview(
        dir: &Path,
        file: &mut dyn Source,
        place: &KeyPlace,
    ) -> Result<Option<Imported>, DeskError> {
        if !exported::is_export(file)?
            || matches!(what_is_in(dir, place.master(dir)?.as_ref())?, Holding::Log)
        {
            return Ok(None);
        }
        exported::preview(&exported::whole(file)?).map(Some).map_err(DeskError::Wrong)
    }

    /// Opens the log of a directory.
    ///
    /// A damaged log opens, is read where it is sound, and takes no appends.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when there is no log, and [`DeskError::Unavailable`] when another
    /// process holds it for longer than the wait; the log is as it was.
    pub fn open(dir: &Path, opening: Opening) -> Result<Self, DeskError> {
        Self::open_with(dir, opening, &KeyPlace::default())
    }

    /// Opens the log of a directory as [`Desk::open`] does; where it is opened for recording, with the keys
    /// in `place`. A change of keys that was cut off is ended first.
    ///
    /// Where no key is at hand, the log is recorded in and not signed.
    ///
    /// # Errors
    ///
    /// As [`Desk::open`], and [`DeskError::Refused`] for keys that are there and must not be used; the log is
    /// as it was.
    pub fn open_with(dir: &Path, opening: Opening, place: &KeyPlace) -> Result<Self, DeskError> {
        let (how, access) = match opening {
            Opening::Read => (segment::Opening::Read, Access::ReadOnly),
            Opening::Write { wait } => (segment::Opening::Write { wait }, Access::Writable),
        };
        let engine = SegmentStore::open_with_master(dir, how, clock::system(), place.master(dir)?)?;
        let signing = match opening {
            Opening::Read => {
                mark::heed(&engine, place)?;
                unsigned(dir, "the log is open for reading")
            }
            Opening::Write { .. } => hand::at_opening(dir, &engine, place, &clock::system())?,
        };
        let (zone, access) = match zone_of(&engine) {
            Some(zone) => (zone, access),
            // What says the zone is damaged, or not there yet in a copy: nothing that is folded in another zone
            // may be saved.
            None => (Zone::default(), Access::ReadOnly),
        };
        let desk = Self::over(dir, engine, access, zone, (signing, place.clone()))?;
        if matches!(opening, Opening::Write { .. }) && desk.store.health() == Health::Sound {
            desk.end_accepting()?;
        }
        if access == Access::Writable {
            desk.finish_or_tell();
        }
        Ok(desk)
    }

    pub(super) fn over(
        dir: &Path,
        engine: SegmentStore,
        access: Access,
        zone: Zone,
        (signing, place): (Signing, KeyPlace),
    ) -> Result<Self, DeskError> {
        let reads = Reads::of(dir, engine.master(), place.master(dir)?);
        let engine = Arc::new(engine);
        let store: Arc<dyn EventStore> = Arc::clone(&engine) as Arc<dyn EventStore>;
        let writes = if access == Access::Writable { Writes::Yes } else { Writes::No };
        let within = dir.join(PROJECTIONS);
        let projections = Projections::open(Some(&within), Arc::clone(&store), zone, access)?;
        let channels_kept = Arc::default();
        projections.fold_with(DeskFolder::of(&channels_kept, zone));
        Ok(Self {
            store,
            engine: Some(engine),
            projections,
            clock: clock::system(),
            zone,
            names: NamesKept::default(),
            channels_kept,
            openings_kept: Arc::default(),
            author_keys: Arc::default(),
            reads,
            reads_checked: std::sync::OnceLock::new(),
            unsigned: Unsigned::default(),
            people: People::of(dir, writes),
            signing,
            place,
            watch: Watch::default(),
            mappings: Mappings::default(),
            sights: Sights::default(),
            beyond: None,
        })
    }

    /// Returns a desk over the part of a log that somebody sees: it signs nothing, and nobody comes in by it.
    pub(super) fn over_part(
        house: &Self,
        store: Arc<dyn EventStore>,
        projections: Projections,
        beyond: Arc<Beyond>,
    ) -> Self {
        Self {
            store,
            engine: None,
            projections,
            clock: Arc::clone(&house.clock),
            zone: house.zone,
            names: NamesKept::default(),
            channels_kept: Arc::default(),
            openings_kept: Arc::default(),
            author_keys: Arc::default(),
            reads: None,
            reads_checked: std::sync::OnceLock::new(),
            unsigned: Unsigned::default(),
            people: People::default(),
            signing: Signing::new(None, Hand::Away("no proofs are given of a part of the log".to_owned())),
            place: KeyPlace::default(),
            watch: Watch::default(),
            mappings: Mappings::default(),
            sights: Sights::default(),
            beyond: Some(beyond),
        }
    }

    /// Signs what was recorded, saves what makes the next opening quick, and gives the log back.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] when something could not be saved or signed; what was recorded is on
    /// disk in any case.
    pub fn close(self) -> Result<(), DeskError> {
        let anchored = self.anchor_reads();
        let signed = self.sign_news();
        self.people.close();
        let Self { store, engine, projections, reads, sights, .. } = self;
        // They read the log as well.
        drop(sights);
        let unread = reads.map_or(Ok(()), Reads::close);
        match projections.close() {
            // A reader has nothing to save.
            Ok(()) | Err(crate::projections::error::ProjectionError::ReadOnly) => {}
            Err(error) => return Err(error.into()),
        }
        drop(store);
        // Whoever still holds a view keeps the log open a little longer.
        if let Some(Ok(engine)) = engine.map(Arc::try_unwrap) {
            engine.close().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        }
        signed?;
        anchored.and(unread)
    }

    /// Folds what takes long to fold and was never saved, beside whatever else is done: whoever asks then need not
    /// wait for it.
    pub fn fold_beside(&self) {
        self.projections.fold_beside();
    }

    /// Returns how many events the log has.
    pub fn size(&self) -> u64 {
        self.store.head().size
    }

    /// Returns the log as a whole.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when they cannot take in the log.
    pub fn log(&self) -> Result<Answer<LogRow>, DeskError> {
        let known = self.known(&When::default())?;
        let mut row = self.log_row();
        match self.checkpoint() {
            Ok(signed) => row.checkpoint = signed.map(|signed| signed.row()),
            // Whatever else is to be said of the log is said; `health` names the file as well.
            Err(error) => row.unsigned = Some(error.to_string()),
        }
        if let Some(table) = self.key_table(&known)? {
            row.keys = table.current().map(ToString::to_string).collect();
        }
        let covered = row.checkpoint.as_ref().map(|checkpoint| checkpoint.size);
        row.unsigned = row.unsigned.or_else(|| match (self.store.health(), covered) {
            // Whoever only reads signs nothing, which is no news of the log.
            (Health::Reader, Some(covered)) => unsigned_news(covered, row.size),
            (_, _) => self.signing.notice(),
        });
        let standing = self.standing()?;
        let mut fallen = self.fallen(&standing)?;
        fallen.extend(self.openable_again());
        if !fallen.is_empty() && !matches!(self.store.health(), Health::Damaged(_)) {
            row.health = format!("{DAMAGED}{}", damage_words(&fallen));
            // What only vouches for the record keeps nobody from recording, but for the newest checkpoint.
            row.writable &= self.store.health() != Health::Reader || self.may_be_signed(&standing);
        }
        // Of a damaged access log what is recorded is not in doubt, and yet nobody may read.
        if let Err(DeskError::Damaged(what)) = self.check_read_log()
            && !row.health.starts_with(DAMAGED)
        {
            row.health = format!("{DAMAGED}{what}");
        }
        let mut answer = known.answer(row);
        answer.notices.extend(self.why_unmarked());
        Ok(answer)
    }

    fn log_row(&self) -> LogRow {
        let head = self.store.head();
        let health = self.store.health();
        LogRow {
            log: self.store.log_id().to_owned(),
            size: head.size,
            root: HexHash(head.root).to_string(),
            zone: self.zone.to_string(),
            health: match &health {
                Health::Sound | Health::Reader => "sound".to_owned(),
                Health::Copy => "a read-only copy of a log that is written elsewhere".to_owned(),
                Health::Damaged(damages) => format!("{DAMAGED}{}", damage_words(damages)),
                Health::Full => "the disk is full".to_owned(),
                Health::Unwritable(why) => format!("the system does not let it be written: {why}"),
                Health::InDoubt => {
                    "in doubt: the disk did not confirm a write; open the log again".to_owned()
                }
            },
            writable: matches!(health, Health::Sound | Health::Full | Health::Unwritable(_))
                || self.could_be_written(&health),
            checkpoint: None,
            keys: Vec::new(),
            unsigned: None,
        }
    }

    /// Tells whether a log that is open for reading would take appends from another process.
    fn could_be_written(&self, health: &Health) -> bool {
        let is_copy = self.engine.as_ref().is_some_and(|engine| engine.is_copy());
        *health == Health::Reader && !is_copy && !self.signing.dir().is_some_and(segment::is_read_only)
    }
}

/// Returns what does not sign a log on disk, and says why.
/// Says how many events no checkpoint covers yet.
fn unsigned_news(covered: u64, size: u64) -> Option<String> {
    let news = size.checked_sub(covered).filter(|news| *news > 0)?;
    let events = if news == 1 { "event is" } else { "events are" };
    Some(format!("{news} {events} not signed yet: whoever records next, with the keys at hand, signs them"))
}

pub(super) fn unsigned(dir: &Path, why: &str) -> Signing {
    Signing::new(Some(dir.to_owned()), Hand::Away(why.to_owned()))
}

/// Returns an event with a drawn id, as the store takes it.
pub(super) fn new_fact(actor: ActorId, event: &Event) -> Result<NewEvent, DeskError> {
    let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    Ok(new_event(draw_event(), event, body, actor))
}

/// Returns the zone that a log was begun with; none when that cannot be read.
fn zone_of(store: &dyn EventStore) -> Option<Zone> {
    let first = store.at(0).ok()??;
    let Body::Plain(body) = &first.body else { return None };
    let Fact::LogOpened(opened) = Event::decode(first.schema, body).ok()?.fact else { return None };
    Some(opened.zone)
}

/// What a directory holds.
enum Holding {
    NoLog,
    /// A log of which only its beginning is recorded.
    UntouchedLog,
    Log,
}

fn what_is_in(dir: &Path, master: Option<&MasterKey>) -> Result<Holding, DeskError> {
    let open = |opening| SegmentStore::open_with_master(dir, opening, clock::system(), master.cloned());
    match open(segment::Opening::Read) {
        Ok(store) if store.is_copy() || store.head().size > 1 || store.health() != Health::Reader => {
            Ok(Holding::Log)
        }
        // Only while nobody else writes there.
        Ok(_) => match open(segment::Opening::Write { wait: Duration::ZERO }) {
            Ok(_) => Ok(Holding::UntouchedLog),
            Err(error) => Err(error.into()),
        },
        Err(OpenError::NoDirectory(_) | OpenError::EmptyDirectory(_)) => Ok(Holding::NoLog),
        Err(error) => Err(error.into()),
    }
}

/// Removes a log in which nothing was recorded.
pub(super) fn clear(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Returns what is wrong with a log, in words.
pub(crate) fn damage_words(damages: &[crate::store::Damage]) -> String {
    match damages {
        [] => "nothing".to_owned(),
        [damage] => damage.to_string(),
        [damage, rest @ ..] => format!("{damage} (and {} more; run `verify`)", rest.len()),
    }
}

impl From<OpenError> for DeskError {
    fn from(error: OpenError) -> Self {
        let words = error.to_string();
        match error {
            OpenError::NoDirectory(_) | OpenError::EmptyDirectory(_) | OpenError::NotALog(_) => {
                Self::Refused { rule: words, hints: vec!["name another directory with --dir".to_owned()] }
            }
            OpenError::NotEmpty(_) | OpenError::Name(_) => Self::Refused { rule: words, hints: Vec::new() },
            OpenError::MasterKeyNeeded | OpenError::MasterKeyWrong => {
                Self::Refused { rule: words, hints: vec![GIVE_MASTER.to_owned()] }
            }
            OpenError::MasterKeyUnused => {
                Self::Refused { rule: words, hints: vec![UNUSED_MASTER.to_owned()] }
            }
            OpenError::Held { .. } | OpenError::Newer { .. } => Self::Unavailable(words),
            OpenError::Damaged(damage) => Self::Damaged(format!("{words}: {damage}")),
            OpenError::Io { source, .. } => Self::Unavailable(format!("{words}: {source}")),
        }
    }
}
