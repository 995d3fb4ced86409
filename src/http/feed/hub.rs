//! What all feeds of a log share: the bell that something was recorded, the word that the server stops, the seats,
//! and the newest part of each question, which is made once for all who ask for it at the same position.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::desk::access::Reader;
use crate::desk::error::DeskError;
use crate::http::feed::part::{Question, Rendered};
use crate::http::feed::teller::Tellers;
use crate::http::traffic::Traffic;

/// So many follow a log at once.
const SEATS: usize = 2_000;
/// So many answers leave at once while they are read; the other threads are for questions.
const LONG_ANSWERS_MAX: usize = 24;
/// Of so many questions the newest part is kept.
const QUESTIONS_MAX: usize = 256;
/// How long a reader may take to take a part.
const SLOW_WAIT: Duration = Duration::from_secs(20);

/// The newest part that was made of a question, and where it begins.
type Newest = Arc<Mutex<Option<(u64, Rendered)>>>;

/// What all feeds of a log share.
pub(in crate::http) struct Hub {
    bell: watch::Sender<u64>,
    closing: watch::Sender<bool>,
    leaving: AtomicBool,
    seats: Arc<Semaphore>,
    /// Places for answers that leave while they are read, each of which holds a thread.
    long_answers: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    newest: Mutex<HashMap<String, Newest>>,
    pub(super) tellers: Tellers,
    /// How long a reader may take to take a part.
    pub(super) slow_wait: Duration,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            bell: watch::Sender::new(0),
            closing: watch::Sender::new(false),
            leaving: AtomicBool::new(false),
            long_answers: Arc::new(Semaphore::new(LONG_ANSWERS_MAX)),
            traffic: Arc::default(),
            seats: Arc::new(Semaphore::new(SEATS)),
            newest: Mutex::default(),
            tellers: Tellers::default(),
            slow_wait: SLOW_WAIT,
        }
    }
}

impl Hub {
    /// Tells those who wait how long the log is, where that is news.
    pub(in crate::http) fn ring(&self, size: u64) {
        self.bell.send_if_modified(|known| {
            let is_news = size > *known;
            *known = size.max(*known);
            is_news
        });
    }

    /// Ends every feed.
    pub(in crate::http) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Says that the server will stop, so that nobody new is sent to it.
    pub(in crate::http) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Tells whether the server will stop, or stops.
    pub(in crate::http) fn is_closing(&self) -> bool {
        self.leaving.load(Ordering::Relaxed) || *self.closing.borrow()
    }

    /// Returns what the connections of the server come to.
    pub(in crate::http) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Takes a place for an answer that leaves while it is read; none where all are taken.
    pub(in crate::http) fn long_answer(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.long_answers).try_acquire_owned().ok()
    }

    /// Returns how many feeds there are.
    pub(in crate::http) fn taken(&self) -> usize {
        SEATS.saturating_sub(self.seats.available_permits())
    }

    /// Returns what rings when something was recorded.
    pub(in crate::http) fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// Returns what tells when every feed ends.
    pub(in crate::http) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Takes a seat; none where all are taken.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// Returns the part of a question that begins at a position: the one that was made last, where it begins there
    /// and nothing was recorded since; no text that was removed meanwhile can be in it.
    pub(super) fn part(
        &self,
        desk: &Reader,
        question: &Question,
        from: u64,
        max: usize,
    ) -> Result<Rendered, DeskError> {
        // Who sees another part of the log is told another part.
        let newest = self.newest_of(format!("{} {}", desk.part(), question.spelling()));
        // Whoever asks for the same waits for it instead of making it as well.
        let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((begins, part)) = newest.as_ref()
            && (*begins, part.size) == (from, desk.size())
            // How far was looked is told with the clock of now where that is all there is to tell.
            && part.next > from
        {
            return Ok(part.clone());
        }
        let part = desk.follow(question.tz.as_deref(), &question.filter, from, max)?;
        let part = Rendered::of(from, &part, |next| desk.bookmark(next))?;
        *newest = Some((from, part.clone()));
        Ok(part)
    }

    fn newest_of(&self, question: String) -> Newest {
        let mut all = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= QUESTIONS_MAX && !all.contains_key(&question) {
            // Whoever is in the middle of one holds it; the others are made again.
            all.clear();
        }
        Arc::clone(all.entry(question).or_default())
    }
}
