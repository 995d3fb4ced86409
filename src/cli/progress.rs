//! The bar on a terminal that tells how far an import is. The one place that names `indicatif`.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::desk::import::source::{Progress, Stage};

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(100);

/// Does the work, and shows meanwhile on the error stream how far it is, where that is a terminal.
pub(super) fn shown<T>(progress: &Arc<Progress>, work: impl FnOnce() -> T) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if bar.is_hidden() {
        return work();
    }
    let (ended, waits) = mpsc::channel::<()>();
    let watched = Arc::clone(progress);
    let drawing = std::thread::spawn(move || {
        while waits.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            draw(&bar, watched.look());
        }
        bar.finish_and_clear();
    });
    let done = work();
    drop(ended);
    // A bar that could not be drawn is no reason to fail.
    let _ = drawing.join();
    done
}

fn draw(bar: &ProgressBar, (stage, done, of): (Stage, u64, u64)) {
    let (template, word) = match stage {
        Stage::Reading => ("{msg} {bar:32} {bytes}/{total_bytes} {eta}", "reading"),
        Stage::Checking => ("{msg} {bar:32} {human_pos}/{human_len} rows {eta}", "checking"),
        Stage::Recording => ("{msg} {bar:32} {human_pos}/{human_len} rows {eta}", "recording"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(word);
    bar.set_length(of);
    bar.set_position(done);
}

/// A bar for what takes long and tells itself how far it is.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Returns a bar on the error stream, which shows nothing where that is no terminal.
    pub(super) fn new() -> Self {
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()))
    }

    /// Shows how many bytes of how many are done.
    pub(super) fn set(&self, word: &'static str, done: u64, of: u64) {
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {bytes}/{total_bytes} {eta}") {
            self.0.set_style(style);
        }
        self.0.set_message(word);
        self.0.set_length(of);
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
