//! Which files a bundle may have: everything else is none of its own.

use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::leaves::Scan;
use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::view::Kind;
use crate::desk::audit::{CHECKPOINT, GUIDE, MANIFEST, POLICY, VKEY, WITHHELD, WITNESS_VKEY};
use crate::store::leaf::HexHash;
use crate::tlog::tile::{Tile, WIDTH_MAX};

/// Tells whether `path` is one of those whose hash a manifest of a log of `size` events names.
pub(super) fn is_noted(path: &str, size: u64) -> bool {
    let within = |number: Option<u64>| number.is_some_and(|number| number <= size);
    matches!(path, GUIDE | VKEY | WITNESS_VKEY | POLICY | CHECKPOINT | WITHHELD)
        || within(number(path, "checkpoints/", ""))
        || within(number(path, "timestamps/", ".tsr"))
        || number(path, "states/", ".json") == Some(size)
}

fn number(path: &str, dir: &str, ending: &str) -> Option<u64> {
    let text = path.strip_prefix(dir)?.strip_suffix(ending)?;
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Tells whether a tile is one of a tree of `size` leaves, as it is when the tree has that size.
fn is_tile(tile: Tile, size: u64) -> bool {
    let nodes = size.checked_shr(8 * u32::from(tile.level)).unwrap_or(0);
    let (full, rest) = (nodes / u64::from(WIDTH_MAX), nodes % u64::from(WIDTH_MAX));
    if tile.width == WIDTH_MAX {
        tile.index < full
    } else {
        tile.index == full && u64::from(tile.width) == rest
    }
}

impl Check<'_> {
    /// Finds what is in the bundle and must not be.
    pub(super) fn unexpected(&mut self, scan: &Scan) {
        let size = self.size.unwrap_or(0);
        let olds = self.olds(size);
        let mut extra: Vec<(String, String)> = Vec::new();
        let mut more = 0_u64;
        let listed = self.view.walk(&mut |path, kind| {
            let what = match kind {
                Kind::Odd(what) => format!("it is {what}, which no bundle has"),
                Kind::File if self.is_expected(path, size, &olds, scan) => return,
                Kind::File => "it is no file of this bundle".to_owned(),
            };
            if extra.len() < 1_000 { extra.push((path.to_owned(), what)) } else { more += 1 }
        });
        extra.sort();
        for (path, what) in extra {
            self.found.of_file(Verdict::Extra, &path, what);
        }
        if more > 0 {
            self.found.add(
                Verdict::Extra,
                None,
                None,
                format!("{more} further files are none of this bundle"),
            );
        }
        if let Err(what) = listed {
            self.found.add(Verdict::Missing, None, None, format!("the bundle cannot be listed: {what}"));
        }
    }

    fn is_expected(
        &self,
        path: &str,
        size: u64,
        olds: &std::collections::BTreeSet<u64>,
        scan: &Scan,
    ) -> bool {
        if path == MANIFEST {
            return true;
        }
        if let Some(commitment) = path.strip_prefix("bodies/") {
            // Which texts belong to leaves that are not read is not known.
            let unknown = scan.newer.count > 0 || scan.lacks_leaves;
            let is_text = |hash: HexHash| unknown || scan.texts.present.binary_search(&hash.0).is_ok();
            return commitment.parse().is_ok_and(is_text);
        }
        if path.starts_with("tile/") {
            let tile = Tile::from_entries_path(path).or_else(|_| Tile::from_path(path));
            return tile.is_ok_and(|tile| is_tile(tile, size));
        }
        match &self.manifest {
            Some(manifest) => {
                let (from, to) = manifest.proofs;
                manifest.files.contains_key(path)
                    || number(path, "proofs/", ".tlog-proof").is_some_and(|index| (from..to).contains(&index))
                    || number(path, "consistency/", "").is_some_and(|old| olds.contains(&old))
            }
            // It is not known what else belongs to it; that the manifest is gone is told already.
            None => {
                is_noted(path, size)
                    || number(path, "proofs/", ".tlog-proof").is_some_and(|index| index < size)
                    || number(path, "consistency/", "").is_some_and(|old| old < size)
            }
        }
    }
}
