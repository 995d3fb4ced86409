//! Looks at many segments of the log at once, on every processor that is idle.
//!
//! Who asks alone has the answer sooner; where many ask, each processor has its own to look at, and this changes
//! little. Nothing that is given to another thread here waits for a lock that the caller may hold.

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

/// So many are looked at by one thread at least: waking another costs some microseconds, as much as a few segments.
const AT_LEAST: usize = 8;

/// Returns what a look at each of these tells, in their order; a look takes some microseconds.
pub(super) fn each<T: Sync, R: Send>(all: &[T], look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    in_parts(all, AT_LEAST, look)
}

/// As [`each`], where a look takes some milliseconds.
pub(super) fn each_long<T: Sync, R: Send>(all: &[T], look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    in_parts(all, 1, look)
}

fn in_parts<T: Sync, R: Send>(all: &[T], part: usize, look: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    if all.len() < 2 * part {
        return all.iter().map(look).collect();
    }
    all.par_iter().with_min_len(part).map(look).collect()
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
    if all.len() < 2 * AT_LEAST {
        return all.iter().try_fold(nothing(), taken);
    }
    all.par_iter().with_min_len(AT_LEAST).try_fold(&nothing, taken).try_reduce(&nothing, |mut one, other| {
        add(&mut one, other);
        Ok(one)
    })
}
