//! Looks at many segments of the log, or at many channels, at once, on every processor.
//!
//! Who asks alone has the answer sooner. One question at a time is answered so: whoever asks meanwhile looks at one segment
//! after the other on their own thread, and waits for no turn behind the long question of somebody else. Nothing that
//! is given to another thread here waits for a lock that the caller may hold; it may wait for one that another question
//! holds, which for its part waits for no turn.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// So many are looked at by one thread at least: waking another costs some microseconds, as much as a few segments.
const AT_LEAST: usize = 8;

/// Returns what a look at each of these tells, in their order; a look takes some microseconds.
pub(super) fn each<T: Sync, R: Send>(all: &[T], look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    in_parts(all, AT_LEAST, look)
}

/// As [`each`], where a look takes some milliseconds.
pub(crate) fn each_long<T: Sync, R: Send>(all: &[T], look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    in_parts(all, 1, look)
}

fn in_parts<T: Sync, R: Send>(all: &[T], part: usize, look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match Turn::of(all.len(), part) {
        Some(turn) => turn.pool.install(|| all.par_iter().with_min_len(part).map(look).collect()),
        None => all.iter().map(look).collect(),
    }
}

/// Returns what a look at all of these adds up to: `look` adds what one of them tells to a sum that begins with
/// `nothing`, and `add` one sum to another, in whatever order.
///
/// # Errors
///
/// Returns what a look returns.
pub(super) fn sum<T: Sync, S: Send, E: Send>(
    all: &[T],
    nothing: impl Fn() -> S + Send + Sync,
    look: impl Fn(&mut S, &T) -> Result<(), E> + Send + Sync,
    add: impl Fn(&mut S, S) + Send + Sync,
) -> Result<S, E> {
    let taken = |mut sum: S, one: &T| look(&mut sum, one).map(|()| sum);
    let Some(turn) = Turn::of(all.len(), AT_LEAST) else { return all.iter().try_fold(nothing(), taken) };
    let merged = |mut one: S, other: S| {
        add(&mut one, other);
        Ok(one)
    };
    turn.pool.install(|| {
        all.par_iter().with_min_len(AT_LEAST).try_fold(&nothing, taken).try_reduce(&nothing, merged)
    })
}

/// Does both, each of which takes some milliseconds, and returns what they tell.
pub(crate) fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    match Turn::of(2, 1) {
        Some(turn) => turn.pool.join(one, other),
        None => (one(), other()),
    }
}

/// The turn of a question whose looks are shared among threads; it ends where this is dropped.
struct Turn {
    pool: &'static ThreadPool,
}

static IS_TAKEN: AtomicBool = AtomicBool::new(false);

impl Turn {
    /// Takes the turn; none where the looks are too few to be shared, somebody else has it, or there is one processor,
    /// or no thread to be had.
    fn of(looks: usize, part: usize) -> Option<Self> {
        let pool = if looks < 2 * part { None } else { pool() }?;
        let taken = IS_TAKEN.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        taken.is_ok().then_some(Self { pool })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TAKEN.store(false, Ordering::Release);
    }
}

/// Returns the threads that look, which are begun once.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let begun = || {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let named = |number| format!("look {number}");
        let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(named);
        if threads > 1 { builder.build().ok() } else { None }
    };
    POOL.get_or_init(begun).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_while_another_is_answered_looks_on_their_own_thread_and_finds_the_same() {
        let all: Vec<u64> = (0..100).collect();
        let doubled: Vec<u64> = all.iter().map(|one| one * 2).collect();
        let own = std::thread::current().id();
        // While a turn is held, by this test or by another that runs beside it, nothing waits for it.
        let turn = Turn::of(all.len(), 1);
        let looked = each_long(&all, |one| (one * 2, std::thread::current().id()));
        assert!(looked.iter().all(|(_, thread)| *thread == own) || pool().is_none() || turn.is_none());
        assert!(looked.iter().map(|(one, _)| one).eq(&doubled));
        drop(turn);
        assert_eq!(each(&all, |one| one * 2), doubled);
        let sum = sum(
            &all,
            || 0,
            |sum, one| {
                *sum += one;
                if *one < 200 { Ok(()) } else { Err(*one) }
            },
            |one, other| *one += other,
        );
        assert_eq!(sum, Ok(4_950));
    }

    #[test]
    fn a_look_that_panics_ends_its_turn() {
        let all = [0_u8; 64];
        let panics = || each(&all, |_| -> u8 { panic!("a look") });
        assert!(crate::projections::snapshot::quietly(panics).is_err());
        assert_eq!(each(&all, |one| *one).len(), 64);
        let mut turns = (0..1_000).map(|_| Turn::of(64, 8).is_some());
        assert!(pool().is_none() || turns.any(|taken| taken), "the turn was never given back");
    }
}
