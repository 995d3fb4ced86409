//! Notes that contradict each other, kept: whoever has both can prove it to anyone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::session::Session;
use crate::desk::audit::MANIFEST;
use crate::store::leaf::HexHash;

/// Returns where they are kept unless another place is named: beside what was checked, and beside the bundle
/// where that is a file in one, to which nothing may be added.
pub(super) fn beside(checked: &Path) -> PathBuf {
    let checked = checked.canonicalize().unwrap_or_else(|_| checked.to_owned());
    let bundle = checked.ancestors().take(3).find(|dir| dir.join(MANIFEST).is_file());
    bundle.unwrap_or(&checked).with_file_name("fork-evidence")
}

/// Keeps the notes, and says where; where they cannot be kept, that alone is said: what was found stands.
pub(super) fn keep<'n>(session: &mut Session, dir: &Path, notes: impl IntoIterator<Item = &'n [u8]>) {
    session.note(&match write(dir, notes) {
        Ok(()) => format!(
            "the notes that contradict each other are in {}; keep them, and show them to others",
            dir.display()
        ),
        Err(error) => format!(
            "the notes that contradict each other were NOT saved, for {} cannot be written: {error}; name \
             another directory with `--evidence`, and keep what you checked",
            dir.display()
        ),
    });
}

fn write<'n>(dir: &Path, notes: impl IntoIterator<Item = &'n [u8]>) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for note in notes {
        // Named by what they hold, so that nothing is written over.
        let hash = HexHash(Sha256::digest(note).into()).to_string();
        let name: String = hash.chars().take(16).collect();
        fs::write(dir.join(format!("{name}.checkpoint")), note)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_put_into_a_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("bundle/checkpoints")).unwrap();
        for file in [MANIFEST, "checkpoint", "checkpoints/0"] {
            fs::write(root.join("bundle").join(file), "").unwrap();
        }
        fs::write(root.join("alone"), "").unwrap();
        for checked in ["bundle", "bundle/checkpoint", "bundle/checkpoints/0", "alone"] {
            assert_eq!(beside(&root.join(checked)), root.join("fork-evidence"), "{checked}");
        }
    }
}
