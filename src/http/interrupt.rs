//! An interruption at the keyboard, heard while something is done.

use std::sync::mpsc;

use tokio::signal::unix::{SignalKind, signal};

/// Does the work; where the process is told by the terminal (SIGINT) to end meanwhile, `heard` is called by another
/// thread, and the work goes on unless `heard` ends the process.
///
/// From then on the signal alone no longer ends the process. Where it cannot be listened for, it ends the process as
/// ever, and `heard` is not called.
pub fn heard_while<T>(heard: impl FnOnce() + Send + 'static, work: impl FnOnce() -> T) -> T {
    let (ended, waits) = tokio::sync::oneshot::channel::<()>();
    let (listening, listens) = mpsc::channel::<()>();
    let listener = std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(mut interrupted) = signal(SignalKind::interrupt()) else { return };
            drop(listening);
            tokio::select! {
                _ = waits => {}
                _ = interrupted.recv() => heard(),
            }
        });
    });
    // Nothing is sent: it ends when the listener listens, or cannot.
    let _ = listens.recv();
    let done = work();
    drop(ended);
    let _ = listener.join();
    done
}
