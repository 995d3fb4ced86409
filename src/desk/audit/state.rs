//! What a replay of the log comes to: a digest of everything that is kept about it, and how much that is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::fact::EntityKind;
use crate::domain::zone::Zone;
use crate::projections::error::ProjectionError;
use crate::projections::{Access, Projections};
use crate::store::EventStore;
use crate::store::leaf::HexHash;

const FORMAT: &str = "demarche-state";
/// Of the digest: it changes when what is kept about a log changes, so that only a program of the same
/// version can repeat it.
const VERSION: u32 = 2;

/// Bytes are no state that this program computes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StateError {
    /// They are no state at all.
    #[error("it is no state of a log: {0}")]
    Shape(String),
    /// They are one of another version.
    #[error("it is of version {0}, and this program computes version {VERSION} alone")]
    Version(u32),
}

/// The state of a log at a size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    format: String,
    version: u32,
    /// The origin of the log.
    log: String,
    /// How many events were replayed.
    pub(crate) size: u64,
    /// The zone in which a date without a time ends.
    zone: String,
    /// The digest.
    digest: HexHash,
    parties: u64,
    channels: u64,
    overtures: u64,
    meetings: u64,
    series: u64,
}

impl State {
    /// Returns the state that projections keep of the first `size` events.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when they cannot be read.
    pub(crate) fn of(
        projections: &Projections,
        log: &str,
        zone: Zone,
        size: u64,
    ) -> Result<Self, ProjectionError> {
        let view = projections.view(size);
        // Of no events: nobody has said the zone yet, and whoever replays them cannot know it.
        let zone = if size == 0 { Zone::default() } else { zone };
        let count = |kind| view.entities(kind).map(|entities| entities.len() as u64);
        Ok(Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            log: log.to_owned(),
            size,
            zone: zone.to_string(),
            digest: HexHash(projections.digest(size)?),
            parties: count(EntityKind::Party)?,
            channels: count(EntityKind::Channel)?,
            overtures: count(EntityKind::Overture)?,
            meetings: count(EntityKind::Meeting)?,
            series: count(EntityKind::Series)?,
        })
    }

    /// Returns the state that a replay of a whole log from nothing comes to.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when they cannot take the log in.
    pub(crate) fn replay(store: Arc<dyn EventStore>, zone: Zone) -> Result<Self, ProjectionError> {
        let (log, size) = (store.log_id().to_owned(), store.head().size);
        let projections = Projections::open(None, store, zone, Access::Writable)?;
        projections.catch_up()?;
        Self::of(&projections, &log, zone, size)
    }

    /// Returns its bytes.
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` could not write; nothing here gives it cause to.
    pub(crate) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Checks that these bytes are a state which this program can compute: of another version it cannot.
    ///
    /// # Errors
    ///
    /// Returns what they are instead.
    pub(crate) fn is_readable(bytes: &[u8]) -> Result<(), StateError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let shape = |error: serde_json::Error| StateError::Shape(error.to_string());
        let Head { format, version } = serde_json::from_slice(bytes).map_err(shape)?;
        if format != FORMAT {
            return Err(StateError::Shape(format!("its format is {}", format.escape_debug())));
        }
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        serde_json::from_slice::<Self>(bytes).map(|_| ()).map_err(shape)
    }
}
