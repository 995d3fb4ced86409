//! The folds of the desk in a directory, beside the snapshot with which they go.

use std::sync::Arc;

use crate::projections::directory::{Closed, Directory};
use crate::projections::file;
use crate::projections::folds::Folds;
use crate::projections::manifest::{FileOf, Manifest};

impl Directory {
    /// Tells whether what was saved last is a snapshot of an index.
    pub(in crate::projections) fn is_of(&self, ground: &Arc<()>) -> bool {
        self.ground.as_ref().is_some_and(|known| Arc::ptr_eq(known, ground))
    }

    /// Tells whether the folds that are saved here are of so many events.
    pub(in crate::projections) fn is_folded(&self, size: u32) -> bool {
        let folds = self.manifest.as_ref().and_then(|manifest| manifest.folds.as_ref());
        folds.is_some_and(|folds| folds.name == folds_name(size))
    }

    /// Forgets the folds that are saved here: they cannot be used, and others are saved in their place.
    pub(in crate::projections) fn forget_folds(&mut self) {
        if let Some(manifest) = &mut self.manifest {
            manifest.folds = None;
        }
    }

    /// Saves folds of so many events beside what was saved last.
    ///
    /// # Errors
    ///
    /// As [`Directory::save`].
    pub(in crate::projections) fn save_folds(
        &mut self,
        sections: &[(u8, Vec<u8>)],
        size: u32,
    ) -> Result<Arc<Folds>, Closed> {
        let io = |source| Closed::Io { path: self.path.clone(), source };
        let manifest =
            self.manifest.clone().ok_or_else(|| io(std::io::Error::other("nothing is saved yet")))?;
        let name = folds_name(size);
        let sum = file::write(&self.path.join(&name), sections).map_err(io)?;
        let file = FileOf { name, sum };
        let folds = Folds::in_file(&self.path, &file);
        self.put(Manifest { folds: Some(file), ..manifest })?;
        Ok(folds)
    }
}

/// Returns the name of the file of the folds of so many events.
fn folds_name(size: u32) -> String {
    format!("folds-{size:010}.sec")
}
