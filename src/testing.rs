//! What unit tests read from beside the project and from the environment.

use std::path::Path;

/// Returns a file of the shared data; none, after saying so, where it is not there.
///
/// # Panics
///
/// Panics in CI, where it must be there.
pub(crate) fn shared(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        assert!(std::env::var_os("CI").is_none(), "in CI there must be {}", path.display());
        eprintln!("skipped: there is no {}", path.display());
    }
    text
}

/// Tells whether the environment asks for every byte to be altered that could be, however long it takes.
pub(crate) fn every_byte() -> bool {
    std::env::var_os("DEMARCHE_EVERY_BYTE").is_some()
}
