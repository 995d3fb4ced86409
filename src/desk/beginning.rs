//! How a log begins: with its keys, a signature over nothing, and its first event.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::desk::checkpoint::Signing;
use crate::desk::error::{DeskError, Fault};
use crate::desk::keys::KeyFile;
use crate::desk::keys::place::KeyPlace;
use crate::desk::lifecycle::{clear, new_fact, unsigned};
use crate::desk::writing::draw_request;
use crate::desk::{Desk, clock, hand};
use crate::domain::event::{DESK, Envelope, Event};
use crate::domain::fact::Fact;
use crate::domain::fact::register::Opened;
use crate::domain::id::ActorId;
use crate::domain::zone::Zone;
use crate::projections::Access;
use crate::store::Condition;
use crate::store::segment::{MasterKey, SegmentStore};

impl Desk {
    /// Makes a log in a directory that holds nothing, and opens it for recording.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a name or a zone that is none, and [`DeskError::Refused`] when the
    /// directory holds something; then there is no log.
    pub fn init(dir: &Path, name: &str, zone: &str) -> Result<Self, DeskError> {
        Self::init_with(dir, name, zone, None).map(|(desk, _)| desk)
    }

    /// Makes a log as [`Desk::init`] does, with keys of its own in `place`, and returns where they are; under
    /// the master key of `place`, where there is one.
    ///
    /// The log is signed before its first event and after it.
    ///
    /// # Errors
    ///
    /// As [`Desk::init`], and why there are no keys; then there is neither a log nor a key.
    pub fn init_with(
        dir: &Path,
        name: &str,
        zone: &str,
        place: Option<&KeyPlace>,
    ) -> Result<(Self, Option<PathBuf>), DeskError> {
        let master = place.map(|place| place.master(dir)).transpose()?.flatten();
        Self::init_under(dir, name, zone, place, master)
    }

    /// Makes a log as [`Desk::init_with`] does, under `master` rather than the master key of `place`.
    ///
    /// # Errors
    ///
    /// As [`Desk::init_with`].
    pub fn init_under(
        dir: &Path,
        name: &str,
        zone: &str,
        place: Option<&KeyPlace>,
        master: Option<MasterKey>,
    ) -> Result<(Self, Option<PathBuf>), DeskError> {
        let zone: Zone = zone.parse().map_err(|error| Fault::in_field("zone", format!("{error}")))?;
        if dir.exists() && !dir.is_dir() {
            return Err(DeskError::Refused {
                rule: format!("{} is a file, and a log lives in a directory", dir.display()),
                hints: vec!["name a directory that is empty or does not exist yet".to_owned()],
            });
        }
        if let Some(place) = place {
            // What would fail later leaves nothing behind.
            place.check_outside(dir)?;
            place.passphrase()?;
            place.make()?;
        }
        let is_new = !dir.exists();
        let engine = SegmentStore::create_with_master(dir, name, clock::system(), master)?;
        if is_new {
            // Whatever others are let into by default, this is not for them.
            fs::set_permissions(dir, Permissions::from_mode(0o700))
                .map_err(|error| DeskError::Unavailable(format!("{}: {error}", dir.display())))?;
        }
        let (signing, path) = match place.map(|place| hand::begin(dir, &engine, place)).transpose() {
            Ok(Some((signing, path))) => (signing, Some(path)),
            Ok(None) => (unsigned(dir, "no keys were named"), None),
            Err(error) => {
                drop(engine);
                clear(dir).map_err(|error| DeskError::Unavailable(format!("{}: {error}", dir.display())))?;
                return Err(error);
            }
        };
        let place = place.cloned().unwrap_or_default();
        let begun = Self::first_events(dir, engine, zone, signing, place);
        if begun.is_err()
            && let Some(path) = &path
        {
            // Keys of a log that never began would only be in the way.
            KeyFile::discard(path)?;
            let _ = std::fs::remove_file(path.with_extension("mark"));
            clear(dir).map_err(|error| DeskError::Unavailable(format!("{}: {error}", dir.display())))?;
        }
        begun.map(|desk| (desk, path))
    }

    fn first_events(
        dir: &Path,
        engine: SegmentStore,
        zone: Zone,
        signing: Signing,
        place: KeyPlace,
    ) -> Result<Self, DeskError> {
        let desk = Self::over(dir, engine, Access::Writable, zone, (signing, place))?;
        if desk.signs() {
            desk.sign_and_keep()?;
        }
        // Nobody is in the register yet: the desk itself begins its log.
        let itself = ActorId::from_uuid(*DESK.as_uuid());
        let opened = Event { envelope: Envelope::default(), fact: Fact::LogOpened(Opened { zone }) };
        desk.store.append(vec![new_fact(itself, &opened)?], Condition::default(), draw_request())?;
        desk.sign_news()?;
        Ok(desk)
    }
}
