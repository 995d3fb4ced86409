//! A part of the projections that is read from its file when it is first asked for.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::projections::error::ProjectionError;
use crate::projections::file::SectionFile;

/// A file of the snapshot does not hold what was written to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damage(pub(super) String);

impl From<Damage> for ProjectionError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage.0)
    }
}

/// A part that has a form on disk.
pub(super) trait Section: Sized {
    /// The number of the section in its file.
    const NUMBER: u8;

    /// Writes the part.
    fn encode(&self) -> Vec<u8>;

    /// Reads the part; none when the bytes are not those of one.
    fn decode(bytes: &[u8]) -> Option<Self>;

    /// Returns the part as a section of a file.
    fn to_section(&self) -> (u8, Vec<u8>) {
        (Self::NUMBER, self.encode())
    }

    /// Reads the part from its file.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the file does not hold it.
    fn read(file: &SectionFile) -> Result<Self, Damage> {
        Self::decode(&file.read(Self::NUMBER)?)
            .ok_or_else(|| file.damage("a section does not have its shape"))
    }
}

/// A part in memory, or still in its file.
#[derive(Debug)]
pub(super) struct Lazy<T> {
    cell: OnceLock<T>,
    file: Option<Arc<SectionFile>>,
}

impl<T: Section> Lazy<T> {
    /// Returns a part that is in memory.
    pub(super) fn ready(value: T) -> Self {
        Self { cell: OnceLock::from(value), file: None }
    }

    /// Returns a part that is in a file.
    pub(super) fn in_file(file: &Arc<SectionFile>) -> Self {
        Self { cell: OnceLock::new(), file: Some(Arc::clone(file)) }
    }

    /// Returns the part, read now if it was not yet.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the file does not hold it.
    pub(super) fn get(&self) -> Result<&T, Damage> {
        if let Some(value) = self.cell.get() {
            return Ok(value);
        }
        let file = self.file.as_ref();
        let file = file.ok_or_else(|| Damage("a part is neither in memory nor in a file".to_owned()))?;
        let value = T::read(file)?;
        Ok(self.cell.get_or_init(|| value))
    }

    /// Returns the part, and does not keep it where it was not kept before: for whoever looks at it once.
    ///
    /// # Errors
    ///
    /// As [`Lazy::get`].
    pub(super) fn in_passing(&self) -> Result<Cow<'_, T>, Damage>
    where
        T: Clone,
    {
        match &self.file {
            Some(file) if self.cell.get().is_none() => T::read(file).map(Cow::Owned),
            Some(_) | None => self.get().map(Cow::Borrowed),
        }
    }
}
