//! What is said when an import is interrupted at the keyboard: what of it stays, and how the rest gets in.

use std::sync::Arc;

use crate::cli::words;
use crate::desk::import::source::{Progress, Stage};
use crate::http::interrupt::heard_while;

/// What a shell takes for an end by SIGINT.
const INTERRUPTED: i32 = 130;

/// Does the work; where it is interrupted meanwhile, says what of it stays, and ends the process as a shell expects.
///
/// What was acknowledged is on disk, so that an end in the middle loses nothing. `elsewhere` says that another process
/// records.
pub(super) fn told<T>(progress: &Arc<Progress>, elsewhere: bool, work: impl FnOnce() -> T) -> T {
    // Tests share one process, which whoever runs them interrupts as they are used to.
    if cfg!(test) {
        return work();
    }
    let watched = Arc::clone(progress);
    let heard = move || {
        anstream::eprintln!("\n{}", said(watched.look(), elsewhere));
        std::process::exit(INTERRUPTED);
    };
    heard_while(heard, work)
}

fn said((stage, done, of): (Stage, u64, u64), elsewhere: bool) -> String {
    let again = "the same command records the rest, and nothing twice";
    if elsewhere {
        return format!("interrupted: what the server has recorded of the file stays; {again}");
    }
    match stage {
        Stage::Reading | Stage::Checking => "interrupted: nothing was recorded".to_owned(),
        Stage::Recording => {
            let (done, rows) = (words::number_of(done), words::count(of, "row", "rows"));
            format!("interrupted: at least {done} of {rows} are recorded and stay; {again}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_interrupts_an_import_is_told_what_stays() {
        let recording = said((Stage::Recording, 12_000, 20_000), false);
        assert!(recording.contains("12,000 of 20,000 rows are recorded and stay"), "{recording}");
        assert!(recording.contains("the same command records the rest"), "{recording}");
        assert_eq!(said((Stage::Checking, 5, 10), false), "interrupted: nothing was recorded");
        assert!(said((Stage::Reading, 0, 0), true).contains("what the server has recorded"));
    }
}
