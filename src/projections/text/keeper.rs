//! Keeps the index of texts: beside whatever else is done, for as long as the process may write.
//!
//! It commits every 5,000 events, or after 5 seconds while there is anything new; far behind, it commits less
//! often, because a commit costs as much as thousands of events. What holds memory for writing is given back
//! when there is nothing to write.

mod bell;

use std::sync::{Arc, PoisonError};

use crate::projections::replay::Reading;
use crate::projections::shared::Shared;
use crate::projections::text::engine::{Cursor, Engine, NewDocument, Trouble, Writer};
use crate::projections::text::gather::gather;
use crate::projections::text::keeper::bell::Ring;
use crate::projections::text::{Open, Texts};
use crate::store::leaf::HexHash;

pub(in crate::projections::text) use crate::projections::text::keeper::bell::Bell;
pub(in crate::projections) use crate::projections::text::keeper::bell::Ending;

/// After so many new events the index is committed.
pub(super) const COMMIT_EVENTS: u64 = 5_000;
/// Far behind, it is committed after so many.
const STRIDE_EVENTS: u64 = 65_536;
/// So many events are put into the index when the log is closed; the rest next time.
const FINISH_EVENTS: u64 = 131_072;

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
            Self::come_to(shared, &engine, size_of(&engine).saturating_add(FINISH_EVENTS).min(taken));
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
        Self::come_to(shared, &engine, shared.look(|index| u64::from(index.size)));
        size_of(&engine)
    }

    /// Puts the events below `to` into the index; what cannot be is read, whatever the trouble was.
    fn come_to(shared: &Shared, engine: &Arc<Engine>, to: u64) {
        let mut writer = None;
        let advanced = advance(shared, engine, &mut writer, to, &|| false);
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
}

/// Puts what is new into the index, up to `to`, unless it is to stop.
fn advance(
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
                writer.add(&NewDocument { at, is_reading, texts })?;
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
    let advanced = advance(shared, &engine, &mut writer, taken, &|| texts.bell.is_stopping());
    if let Some(writer) = writer.filter(|_| advanced.is_ok()) {
        *writing = Some((engine, writer));
    }
    advanced
}
