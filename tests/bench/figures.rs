//! The figures of the README, each as a ratio to a named baseline measured in the same interleaved run.
//!
//! ```sh
//! cargo bench --bench figures                  # everything, on a log of 1,000,000 events
//! cargo bench --bench figures -- append        # one part: append, read, desk, evidence
//! cargo bench --bench figures -- --events 100000 --dir /some/disk
//! cargo bench --bench figures -- large --events 10000000 --dir /some/disk   # a desk of forty years; kept there
//! cargo bench --bench figures -- server --dir /some/disk         # the server, over HTTP, on 1,000,000 events
//! cargo bench --bench figures -- server-soak --soak 20           # everything at once, for 20 minutes
//! ```
//!
//! Machines are shared and noisy: a ratio counts, a time does not. Nothing here fails a build.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark may stop")]
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are rounded anyway"
)]

mod append;
mod baseline;
mod desk;
mod events;
mod evidence;
mod large;
mod read;
mod report;
mod server;

use std::path::PathBuf;

use crate::report::Report;

/// What was asked for on the command line.
struct Options {
    parts: Vec<String>,
    events: u64,
    dir: PathBuf,
    soak: u64,
}

fn options() -> Options {
    let mut options = Options { parts: Vec::new(), events: 1_000_000, dir: std::env::temp_dir(), soak: 20 };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
        match argument.as_str() {
            // cargo passes this to every benchmark.
            "--bench" => {}
            "--events" => options.events = value().parse().expect("--events takes a number"),
            "--dir" => options.dir = value().into(),
            "--soak" => options.soak = value().parse().expect("--soak takes minutes"),
            part @ ("append" | "read" | "desk" | "evidence" | "large") => options.parts.push(part.to_owned()),
            part if server::PARTS.contains(&part) => options.parts.push(part.to_owned()),
            other => panic!(
                "`{other}` is none of append, read, desk, evidence, large, {}, --events N, --dir DIR, --soak MINUTES",
                server::PARTS.join(", ")
            ),
        }
    }
    options
}

fn main() {
    // A measurement of a fresh process: the benchmark calls itself.
    if let Some(child) = std::env::var_os("DEMARCHE_BENCH_CHILD") {
        let child = child.into_string().expect("the name of a measurement");
        return match child.strip_prefix(large::CHILD) {
            Some(child) => large::in_child(child),
            None => desk::child(&child),
        };
    }
    let options = options();
    let wanted = |part: &str| options.parts.is_empty() || options.parts.iter().any(|other| other == part);
    let mut report = Report::default();
    // Only when it is asked for: it is large.
    if options.parts.iter().any(|part| part == "large") {
        large::measure(&options.dir, options.events, &mut report);
    }
    let of_server: Vec<&str> =
        options.parts.iter().map(String::as_str).filter(|part| server::PARTS.contains(part)).collect();
    if !of_server.is_empty() {
        let (dir, events, soak_minutes) = (options.dir.as_path(), options.events, options.soak);
        server::measure(&server::Options { dir, events, soak_minutes, parts: of_server }, &mut report);
    }
    let is_apart = |part: &String| part == "large" || server::PARTS.contains(&part.as_str());
    if !options.parts.is_empty() && options.parts.iter().all(is_apart) {
        return report.print();
    }
    let scratch = tempfile::Builder::new().prefix("demarche-bench-").tempdir_in(&options.dir).unwrap();
    if wanted("append") {
        append::measure(scratch.path(), &mut report);
    }
    if wanted("read") || wanted("desk") || wanted("evidence") {
        let log = read::build(scratch.path(), options.events, &mut report);
        if wanted("read") {
            read::measure(&log, &mut report);
        }
        if wanted("desk") {
            desk::measure(&log, &mut report);
        }
        if wanted("evidence") {
            evidence::measure(scratch.path(), &log, &mut report);
        }
    }
    report.print();
}
