//! The figures of the server: asked over the loopback by as many as a desk has people and scripts, of whom each has a
//! connection that is kept. The load generator shares the machine with the server.

mod appends;
mod calling;
mod drawn;
mod feeds;
mod pages;
mod postgres;
mod served;
mod soak;

use std::path::Path;

use tokio::runtime::Runtime;

use crate::report::Report;

/// What is measured of the server, by the words with which it is asked for.
pub(crate) const PARTS: [&str; 6] =
    ["server", "server-recording", "server-appends", "server-pages", "server-feeds", "server-soak"];

/// What is asked for.
pub(crate) struct Options<'a> {
    /// Where logs are built.
    pub(crate) dir: &'a Path,
    /// How many events the log has of which pages are asked.
    pub(crate) events: u64,
    /// For how many minutes everything goes on at once.
    pub(crate) soak_minutes: u64,
    /// The words of [`PARTS`] that were said.
    pub(crate) parts: Vec<&'a str>,
}

/// Measures what was asked for; with `server` alone everything but the soak, which takes its time.
pub(crate) fn measure(options: &Options<'_>, report: &mut Report) {
    let wanted = |part: &str| options.parts.iter().any(|said| *said == part || *said == "server");
    let runtime = runtime();
    if wanted("server-recording") {
        appends::measure_in_process(options.dir, report);
    }
    if wanted("server-appends") {
        appends::measure(&runtime, options.dir, report);
    }
    if wanted("server-pages") {
        pages::measure(&runtime, options.dir, options.events, report);
    }
    if wanted("server-feeds") {
        feeds::measure(&runtime, options.dir, report);
    }
    if options.parts.contains(&"server-soak") {
        soak::measure(&runtime, options.dir, options.soak_minutes, report);
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Returns the time within which so large a share of some times lies.
fn at(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
