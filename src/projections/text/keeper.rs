//! Keeps the index of texts: beside whatever else is done, for as long as the process may write.
//!
//! It commits every 5,000 events, or after 5 seconds while there is anything new; far behind, it commits less
//! often, because a commit costs as much as thousands of events. What holds memory for writing is given back
//! when there is nothing to write.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::projections::beside;
use crate::projections::replay::Reading;
use crate::projections::shared::Shared;
use crate::projections::text::engine::{Cursor, Engine, NewDocument, Trouble, Writer};
use crate::projections::text::gather::gather;
use crate::projections::text::{CHECK_BYTES, Open, Texts, unfit};
use crate::store::leaf::HexHash;

/// After so many new events the index is committed.
pub(super) const COMMIT_EVENTS: u64 = 5_000;
/// After so long it is committed with fewer.
const COMMIT_AFTER: Duration = Duration::from_secs(5);
/// Far behind, it is committed after so many.
const STRIDE_EVENTS: u64 = 65_536;
/// So many events are put into the index when the log is closed; the rest next time.
const FINISH_EVENTS: u64 = 131_072;

/// Wakes the keeper.
#[derive(Default)]
pub(super) struct Bell {
    told: Mutex<Told>,
    rung: Condvar,
}

#[derive(Default)]
struct Told {
    taken: u64,
    stop: Option<Ending>,
}

/// How the keeper ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::projections) enum Ending {
    /// At once: what is being merged is left, and merged another time.
    Quick,
    /// When nothing writes to the directory any more.
    Clean,
}

/// Why the keeper wakes.
enum Ring {
    /// Something is to be put into the index.
    New,
    /// Nothing was recorded for a while.
    Quiet,
    /// The keeper is to end.
    Stop,
}

impl Bell {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, taken: u64, stop: Option<Ending>) {
        let mut told = self.told();
        told.taken = told.taken.max(taken);
        told.stop = stop;
        drop(told);
        self.rung.notify_all();
    }

    fn taken(&self) -> u64 {
        self.told().taken
    }

    fn is_stopping(&self) -> bool {
        self.told().stop.is_some()
    }

    /// Waits until there is something to do, where `done` events are in the index.
    fn wait(&self, done: u64) -> Ring {
        let waiting =
            |told: &mut Told| told.stop.is_none() && told.taken < done.saturating_add(COMMIT_EVENTS);
        let (told, _) = self
            .rung
            .wait_timeout_while(self.told(), COMMIT_AFTER, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        match (told.stop.is_some(), told.taken > done) {
            (true, _) => Ring::Stop,
            (false, true) => Ring::New,
            (false, false) => Ring::Quiet,
        }
    }
}

/// How far a round came.
enum Reached {
    /// Everything up to there is in the index.
    End(u64),
    /// The log cannot be read there; nothing after it is put into the index.
    Damage(u64),
}

impl Texts {
    /// Says that events were taken in; the index follows.
    pub(in crate::projections) fn follow(&self, shared: &Arc<Shared>, taken: u64) {
        if !self.is_ours() {
            return;
        }
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at again: whoever suspends it says so before ending the keeper.
        if !self.is_ours() {
            return;
        }
        self.bell.tell(taken, None);
        if keeper.is_some() {
            return;
        }
        let shared = Arc::clone(shared);
        let keep = move || keep(&shared);
        match std::thread::Builder::new().name("index texts".to_owned()).spawn(keep) {
            Ok(handle) => *keeper = Some(handle),
            // Texts are then read one by one, which an answer says.
            Err(_) => self.set_ours(false),
        }
    }

    /// Ends the keeper, and closes the index.
    ///
    /// Nobody reads it, and nothing is written to its directory, until [`Texts::resume`].
    pub(in crate::projections) fn suspend(&self) {
        self.set_ours(false);
        self.end_keeper(Ending::Clean);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *open = Open { shut: true, ..Open::default() };
        drop(open);
        self.tail.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Lets the index be opened again, and says whether this process may write it.
    pub(in crate::projections) fn resume(&self, is_ours: bool) {
        self.set_ours(is_ours);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Open::default();
    }

    /// Ends the keeper; where the index is far behind, it comes some way further first.
    pub(in crate::projections) fn finish(&self, shared: &Shared) {
        self.end_keeper(Ending::Quick);
        let taken = shared.look(|index| u64::from(index.size));
        if !self.is_ours() || taken < COMMIT_EVENTS {
            return;
        }
        if let Some(engine) = self.engine(shared)
            && size_of(&engine).saturating_add(COMMIT_EVENTS) <= taken
        {
            self.come_to(shared, &engine, size_of(&engine).saturating_add(FINISH_EVENTS).min(taken));
        }
    }

    /// Ends the keeper, puts everything that is taken in into the index, and returns how many events it holds.
    pub(in crate::projections) fn index_all(&self, shared: &Shared) -> u64 {
        self.end_keeper(Ending::Clean);
        if !self.is_ours() {
            return self.engine(shared).map_or(0, |engine| size_of(&engine));
        }
        if self.engine(shared).is_none_or(|engine| !engine.is_still_there()) {
            self.start_anew(shared);
        }
        let Some(engine) = self.engine(shared) else { return 0 };
        self.come_to(shared, &engine, shared.look(|index| u64::from(index.size)));
        size_of(&engine)
    }

    /// Puts the events below `to` into the index; what cannot be is read, whatever the trouble was.
    fn come_to(&self, shared: &Shared, engine: &Arc<Engine>, to: u64) {
        let mut writer = None;
        let advanced = self.advance(shared, engine, &mut writer, to, &|| false);
        let closed = writer.map_or(Ok(()), Writer::close).and_then(|()| engine.reload());
        if let Err(trouble) = advanced.map(|_| ()).and(closed) {
            shared.tell(format!("the index of texts does not follow: {trouble}; texts are read one by one"));
        }
    }

    /// Ends the keeper.
    pub(in crate::projections) fn end_keeper(&self, ending: Ending) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            self.bell.tell(0, Some(ending));
            // It panics for a broken invariant only, which its own report tells of.
            let _ = keeper.join();
        }
    }

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
    fn check_large(&self, shared: &Shared) {
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
    fn start_anew(&self, shared: &Shared) {
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

    /// Puts what is new into the index, up to `to`, unless it is to stop.
    fn advance(
        &self,
        shared: &Shared,
        engine: &Arc<Engine>,
        writer: &mut Option<Writer>,
        to: u64,
        stops: &dyn Fn() -> bool,
    ) -> Result<Reached, Trouble> {
        let mut done = size_of(engine);
        while done < to && !stops() {
            if writer.is_none() {
                *writer = Some(engine.writer()?);
            }
            let Some(writer) = writer else { break };
            let goal = to.min(done.saturating_add(STRIDE_EVENTS));
            let reached = fill(shared, writer, done, goal, stops)?;
            let (Reached::End(size) | Reached::Damage(size)) = reached;
            if size > done {
                let last = shared.store.leaf_hash(size - 1);
                let leaf = last.map_err(|error| Trouble::Unavailable(error.to_string()))?;
                writer.commit(&Cursor::at(shared.store.log_id(), size, leaf.map(HexHash)))?;
                engine.reload()?;
                done = size;
            }
            if let Reached::Damage(at) = reached {
                return Ok(Reached::Damage(at));
            }
        }
        Ok(Reached::End(done))
    }
}

/// Returns how many events an index holds.
fn size_of(engine: &Engine) -> u64 {
    engine.cursor().map_or(0, |cursor| cursor.size)
}

/// Puts the events at `from..to` into the index; they are found after the next commit.
fn fill(
    shared: &Shared,
    writer: &mut Writer,
    from: u64,
    to: u64,
    stops: &dyn Fn() -> bool,
) -> Result<Reached, Trouble> {
    for (position, record) in (from..to).zip(Reading::new(&*shared.store, from, to)) {
        if position % 512 == 0 && stops() {
            return Ok(Reached::End(position));
        }
        let Some(gathered) = record.ok().and_then(|recorded| gather(shared, &recorded)) else {
            return Ok(Reached::Damage(position));
        };
        let Ok(at) = u32::try_from(position) else { return Ok(Reached::Damage(position)) };
        for (is_reading, passages) in [(false, gathered.own), (true, gathered.reading)] {
            if !passages.is_empty() {
                let texts = passages.into_iter().map(|passage| passage.text).collect();
                writer.add(NewDocument { at, is_reading, texts })?;
            }
        }
    }
    Ok(Reached::End(to))
}

/// Keeps the index until it is told to stop.
fn keep(shared: &Arc<Shared>) {
    let texts = &shared.texts;
    let bell = Arc::clone(&texts.bell);
    let mut writing: Option<(Arc<Engine>, Writer)> = None;
    // A process that ends soon does not even open the index: it is opened after the first wait.
    let mut done = bell.taken();
    let mut is_open = false;
    // Troubles in a row: after the second nothing is tried any more, and texts are read one by one.
    let mut troubles = 0;
    loop {
        match bell.wait(done) {
            Ring::Stop => break,
            Ring::Quiet if is_open => {
                if let Some((engine, writer)) = writing.take() {
                    // What was merged is found as it was before.
                    let _ = writer.close().and_then(|()| engine.reload());
                }
                continue;
            }
            Ring::New | Ring::Quiet => {}
        }
        if !std::mem::replace(&mut is_open, true) {
            texts.check_large(shared);
        }
        let taken = shared.look(|index| u64::from(index.size));
        match round(shared, &mut writing, taken) {
            Ok(Reached::End(size)) => (done, troubles) = (size, 0),
            // What comes after the damage is read; the owner is told of it elsewhere.
            Ok(Reached::Damage(_)) => break,
            Err(trouble) => {
                writing = None;
                troubles += 1;
                if troubles > 1 {
                    shared.tell(format!(
                        "the index of texts does not follow: {trouble}; texts are read one by one"
                    ));
                    break;
                }
            }
        }
    }
    if let Some((_, writer)) = writing.take()
        && bell.told().stop != Some(Ending::Quick)
    {
        // Whatever is not in the index is read.
        let _ = writer.close();
    }
}

fn round(
    shared: &Arc<Shared>,
    writing: &mut Option<(Arc<Engine>, Writer)>,
    taken: u64,
) -> Result<Reached, Trouble> {
    let texts = &shared.texts;
    let mut engine = texts.engine(shared);
    // What writes into another directory, or into one that is not to be trusted, ends first.
    if writing
        .as_ref()
        .is_some_and(|(known, _)| !engine.as_ref().is_some_and(|engine| Arc::ptr_eq(engine, known)))
    {
        *writing = None;
    }
    if let Some(gone) = engine.take_if(|engine| !engine.is_still_there()) {
        *writing = None;
        texts.forget(&gone);
        engine = texts.engine(shared);
    }
    if engine.is_none() {
        texts.start_anew(shared);
        engine = texts.engine(shared);
    }
    let Some(engine) = engine else { return Ok(Reached::Damage(taken)) };
    let mut writer = writing.take().map(|(_, writer)| writer);
    let advanced = texts.advance(shared, &engine, &mut writer, taken, &|| texts.bell.is_stopping());
    if let Some(writer) = writer.filter(|_| advanced.is_ok()) {
        *writing = Some((engine, writer));
    }
    advanced
}
