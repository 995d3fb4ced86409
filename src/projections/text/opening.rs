//! The index as it is opened, believed, doubted and set aside.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use crate::projections::beside;
use crate::projections::shared::Shared;
use crate::projections::text::engine::{Engine, Trouble};
use crate::projections::text::{CHECK_BYTES, Open, Texts, unfit};

impl Texts {
    /// Returns the index, opened where it was not; none where there is none that can be trusted.
    pub(super) fn engine(&self, shared: &Shared) -> Option<Arc<Engine>> {
        {
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            if open.shut || open.distrusted.is_some() {
                return None;
            }
            if let Some(engine) = &open.engine {
                return Some(Arc::clone(engine));
            }
        }
        let path = self.path.as_deref()?;
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.shut || open.distrusted.is_some() || open.engine.is_some() {
            return open.engine.clone();
        }
        match self.opened(shared, path) {
            Ok(engine) => {
                open.engine = engine.map(Arc::new);
                open.engine.clone()
            }
            Err(Trouble::Damaged(why)) => {
                if !self.is_ours() {
                    shared.tell(format!("the index of texts is not used: {why}; texts are read one by one"));
                }
                open.distrusted = Some(why);
                None
            }
            Err(Trouble::Unavailable(why)) => {
                shared.tell(format!("the index of texts is not used: {why}; texts are read one by one"));
                open.shut = true;
                None
            }
        }
    }

    fn opened(&self, shared: &Shared, path: &Path) -> Result<Option<Engine>, Trouble> {
        let engine = if self.is_ours() { Some(Engine::open(path)?) } else { Engine::read(path)? };
        let Some(engine) = engine else { return Ok(None) };
        if let Some(cursor) = engine.cursor()
            && let Some(why) = unfit(&*shared.store, &cursor, self.is_ours())
        {
            return Err(Trouble::Damaged(format!("{}: {why}", path.display())));
        }
        if engine.bytes() <= CHECK_BYTES {
            engine.check()?;
        }
        Ok(Some(engine))
    }

    /// Compares a large index with its checksums: too long a look for whoever waits for an answer.
    pub(super) fn check_large(&self, shared: &Shared) {
        let large = self.engine(shared).filter(|engine| engine.bytes() > CHECK_BYTES);
        if let Some(Err(trouble)) = large.map(|engine| engine.check()) {
            self.distrust(shared, &trouble);
        }
    }

    /// Closes an index whose directory was replaced.
    pub(super) fn forget(&self, engine: &Arc<Engine>) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.engine.as_ref().is_some_and(|present| Arc::ptr_eq(present, engine)) {
            open.engine = None;
        }
    }

    /// Uses the index no more: whoever keeps it builds it anew.
    pub(super) fn distrust(&self, shared: &Shared, trouble: &Trouble) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.distrusted.is_none() && !self.is_ours() {
            shared.tell(format!("the index of texts is not used: {trouble}; texts are read one by one"));
        }
        *open = Open { distrusted: Some(trouble.to_string()), ..Open::default() };
    }

    /// As [`Texts::distrust`], because the index found an entry that does not say what was looked for.
    pub(in crate::projections) fn doubt(&self, shared: &Shared, position: u64) {
        let what = format!("it finds the entry at position {position} by what that does not say");
        self.distrust(shared, &Trouble::Damaged(what));
    }

    /// Sets aside what is not to be trusted. Only the keeper does so, while it writes nothing.
    pub(super) fn start_anew(&self, shared: &Shared) {
        let Some(path) = self.path.as_deref() else { return };
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.engine.take_if(|engine| !engine.is_still_there()).is_some() {
            return;
        }
        let Some(why) = open.distrusted.take() else { return };
        open.engine = None;
        match beside::set_aside(path) {
            Ok(aside) => shared.tell(format!(
                "the index of texts is not to be trusted ({why}); it was set aside as {} and is built anew",
                aside.display()
            )),
            Err(error) => {
                shared
                    .tell(format!("the index of texts is not used: {why}; it cannot be set aside: {error}"));
                open.shut = true;
            }
        }
    }
}
