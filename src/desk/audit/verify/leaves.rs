//! The leaves and the tiles of a bundle, in one pass: which are there, in their place, and what the tree
//! over them comes to.

use std::collections::{BTreeSet, HashMap};

use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::chains::Chains;
use crate::desk::audit::verify::newer::Newer;
use crate::desk::audit::verify::report::Verdict;
use crate::desk::audit::verify::texts::Texts;
use crate::desk::audit::verify::tree::Growing;
use crate::store::leaf::Leaf;
use crate::tlog::tile::{ENTRY_BYTES_MAX, Tile, WIDTH_MAX, bundle_decode, tiles};
use crate::tlog::{Hash, leaf_hash};

/// The longest bundle of leaves, in bytes.
pub(super) const ENTRIES_BYTES_MAX: u64 = WIDTH_MAX as u64 * (ENTRY_BYTES_MAX as u64 + 2);
/// The longest tile of hashes, in bytes.
const TILE_BYTES_MAX: u64 = WIDTH_MAX as u64 * 32;
/// How many tiles in a row may be missing before the rest is not looked for: whoever says how large a log is
/// decides not how long this takes.
pub(super) const MISSING_MAX: u64 = 64;
/// How many differences are kept until it is known which side is right.
const DIFFERENCES_MAX: usize = 10_000;

/// What the leaves and the tiles came to.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The tree over the leaves.
    pub(super) of_leaves: Growing,
    /// The tree over the hashes of the lowest tiles.
    pub(super) of_tiles: Growing,
    /// What the texts came to.
    pub(super) texts: Texts,
    /// Leaves of a later version.
    pub(super) newer: Newer,
    /// Leaves are missing or cannot be read: which texts belong to them is not known.
    pub(super) lacks_leaves: bool,
    /// The first of them, or one before it.
    pub(super) lost_leaf: Option<u64>,
    /// What leaves say of each other.
    pub(super) chains: Chains,
    differences: Vec<Difference>,
}

impl Scan {
    /// Says that leaves from here on are missing or cannot be read.
    pub(super) fn lose(&mut self, position: u64) {
        self.lacks_leaves = true;
        self.lost_leaf.get_or_insert(position);
        self.texts.authors.lose();
    }
}

/// A tile whose leaves and hashes do not agree; which of the two is wrong is known at the end.
#[derive(Debug)]
struct Difference {
    tile: Tile,
    /// What is wrong if the leaves are.
    of_leaves: Vec<(Verdict, u64, String)>,
    /// The hashes of the leaves, and those of the tile.
    hashes: (Vec<Hash>, Vec<Hash>),
}

impl Check<'_> {
    /// Reads all leaves and tiles of a log of `size` events; the roots at the `wanted` sizes are kept.
    pub(super) fn scan(&mut self, size: u64, wanted: &BTreeSet<u64>) -> Scan {
        let mut scan = Scan::default();
        self.ends = wanted.iter().map(|size| (*size, None)).collect();
        let mut missing = 0;
        for tile in tiles(size).take_while(|tile| tile.level == 0) {
            let from = tile.index * u64::from(WIDTH_MAX);
            let entries = self.read_entries(&tile);
            let hashes = self.read_tile(&tile);
            missing = if entries.is_none() && hashes.is_none() { missing + 1 } else { 0 };
            if missing > MISSING_MAX {
                let what = format!("every tile from leaf {from} on is missing; the rest was not looked for");
                self.found.add(Verdict::Missing, None, Some(from), what);
                scan.lose(from);
                scan.of_leaves.lose();
                scan.of_tiles.lose();
                break;
            }
            self.scan_tile(&mut scan, tile, entries.as_deref(), hashes, wanted);
        }
        self.upper(scan.of_leaves.rest(), scan.of_tiles.rest());
        scan
    }

    fn scan_tile(
        &mut self,
        scan: &mut Scan,
        tile: Tile,
        entries: Option<&[u8]>,
        of_tile: Option<Vec<Hash>>,
        wanted: &BTreeSet<u64>,
    ) {
        let from = tile.index * u64::from(WIDTH_MAX);
        let leaves = entries.and_then(|entries| self.decode(&tile, entries));
        let of_leaves: Option<Vec<Hash>> =
            leaves.as_ref().map(|leaves| leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
        if let (Some(of_leaves), Some(of_tile)) = (&of_leaves, &of_tile)
            && of_leaves != of_tile
            && scan.differences.len() < DIFFERENCES_MAX
        {
            let leaves = leaves.as_deref().unwrap_or_default();
            let found = self.compare(&tile, leaves, of_leaves, of_tile);
            let hashes = (of_leaves.clone(), of_tile.clone());
            scan.differences.push(Difference { tile, of_leaves: found, hashes });
        }
        let lacks = leaves.as_ref().is_none_or(|leaves| leaves.len() < usize::from(tile.width));
        if lacks {
            scan.lose(from);
        }
        let places: HashMap<&Hash, u64> = match &of_tile {
            Some(hashes) if lacks => hashes.iter().zip(from..).collect(),
            Some(_) | None => HashMap::new(),
        };
        for ((place, leaf), hash) in (from..).zip(leaves.iter().flatten()).zip(of_leaves.iter().flatten()) {
            // Where leaves are missing, the others are not where they would be.
            let position = if lacks { places.get(hash).copied() } else { Some(place) };
            if let Some(position) = position {
                self.leaf(scan, &tile.entries_path(), position, leaf);
            }
        }
        for (position, place) in (from..).zip(0..usize::from(tile.width)) {
            let hash = |hashes: &Option<Vec<Hash>>| hashes.as_ref()?.get(place).copied();
            self.proof(position, [hash(&of_leaves), hash(&of_tile)]);
        }
        let whole = |hashes: &&Vec<Hash>| hashes.len() == usize::from(tile.width);
        let (of_leaves, of_tile) = (of_leaves.filter(|hashes| whole(&hashes)), of_tile);
        // Where one side is lost, the other stands for it: what follows can still be checked.
        let one = of_leaves.as_ref().or(of_tile.as_ref());
        let other = of_tile.as_ref().or(of_leaves.as_ref());
        let (Some(one), Some(other)) = (one, other) else {
            scan.of_leaves.lose();
            scan.of_tiles.lose();
            return;
        };
        let sizes = || wanted.range(from + 1..).copied();
        let upper = scan.of_leaves.push(one, &mut sizes());
        let upper_of_tiles = scan.of_tiles.push(other, &mut sizes());
        self.upper(upper, upper_of_tiles);
    }

    fn read_entries(&mut self, tile: &Tile) -> Option<Vec<u8>> {
        self.must_read(&tile.entries_path(), ENTRIES_BYTES_MAX)
    }

    fn read_tile(&mut self, tile: &Tile) -> Option<Vec<Hash>> {
        let path = tile.path();
        let bytes = self.must_read(&path, TILE_BYTES_MAX)?;
        match tile.parse(&bytes) {
            Ok(hashes) => Some(hashes),
            Err(error) => {
                self.found.of_file(Verdict::Altered, &path, error.to_string());
                None
            }
        }
    }

    fn decode<'b>(&mut self, tile: &Tile, entries: &'b [u8]) -> Option<Vec<&'b [u8]>> {
        let path = tile.entries_path();
        match bundle_decode(entries) {
            Ok(leaves) if leaves.len() <= usize::from(tile.width) => Some(leaves),
            Ok(leaves) => {
                let what = format!("it has {} leaves where {} belong", leaves.len(), tile.width);
                self.found.of_file(Verdict::Altered, &path, what);
                None
            }
            Err(error) => {
                self.found.of_file(Verdict::Altered, &path, error.to_string());
                None
            }
        }
    }

    /// Says what is wrong with the leaves of a tile, if its hashes are right.
    fn compare(
        &self,
        tile: &Tile,
        leaves: &[&[u8]],
        of_leaves: &[Hash],
        of_tile: &[Hash],
    ) -> Vec<(Verdict, u64, String)> {
        let from = tile.index * u64::from(WIDTH_MAX);
        let places: HashMap<&Hash, u64> = of_tile.iter().zip(from..).collect();
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let shorter = of_leaves.len() < of_tile.len();
        let mut last = None;
        for ((position, leaf), hash) in (from..).zip(leaves).zip(of_leaves) {
            let place = places.get(hash).copied().or_else(|| self.place_elsewhere(leaf, hash));
            if let Some(place) = place {
                seen.insert(place);
                // Where leaves are missing, the others follow in their order: they are not misplaced.
                let in_order = shorter && last.is_none_or(|last| last < place);
                if place != position && !in_order {
                    let what = format!("the leaf of position {place} stands here");
                    found.push((Verdict::Reordered, position, what));
                }
                last = Some(place);
            } else {
                let what = "the leaf is not the one that the tree has here".to_owned();
                found.push((Verdict::Altered, position, what));
                last = Some(position);
            }
        }
        if shorter {
            let gone = (from..from + of_tile.len() as u64).filter(|position| !seen.contains(position));
            let gone = gone.take(of_tile.len() - of_leaves.len());
            let what = || "the leaf is missing".to_owned();
            found.extend(gone.map(|position| (Verdict::Missing, position, what())));
        }
        found
    }

    /// Returns the position that a leaf says it has, when the tree has it there, in another tile.
    fn place_elsewhere(&self, leaf: &[u8], hash: &Hash) -> Option<u64> {
        let position = Leaf::decode(std::str::from_utf8(leaf).ok()?).ok()?.pos;
        let size = self.size?;
        let index = position / u64::from(WIDTH_MAX);
        let width = size.checked_sub(index * u64::from(WIDTH_MAX))?.min(u64::from(WIDTH_MAX));
        let tile = Tile { level: 0, index, width: u16::try_from(width).ok().filter(|width| *width > 0)? };
        let hashes = tile.parse(&self.view.read(&tile.path(), TILE_BYTES_MAX).ok()??).ok()?;
        let there = hashes.get(self::index(position % u64::from(WIDTH_MAX)))?;
        (there == hash).then_some(position)
    }

    /// Compares upper tiles with what the lower ones come to.
    fn upper(&mut self, of_leaves: Vec<(Tile, Vec<Hash>)>, of_tiles: Vec<(Tile, Vec<Hash>)>) {
        let mut others = of_tiles.into_iter();
        for (tile, nodes) in of_leaves {
            let other = others.next().map(|(_, nodes)| nodes).unwrap_or_default();
            let Some(hashes) = self.read_tile(&tile) else { continue };
            if hashes != nodes && hashes != other {
                self.upper.push((tile, nodes, hashes));
            }
        }
    }

    /// Says which tiles and leaves are wrong, now that the root is known that they must come to.
    pub(super) fn settle(&mut self, scan: &mut Scan, root: Option<Hash>) -> Option<Growing> {
        let leaves_are_right = root.is_some() && scan.of_leaves.root() == root;
        let tiles_are_right = root.is_some() && scan.of_tiles.root() == root;
        let differences = std::mem::take(&mut scan.differences);
        let mut wrong: Vec<(Tile, Vec<Hash>, Vec<Hash>)> = std::mem::take(&mut self.upper);
        for Difference { tile, of_leaves, hashes: (right, found) } in differences {
            // Of a tile that lacks leaves, its hashes stood for them.
            if leaves_are_right && right.len() == found.len() {
                wrong.push((tile, right, found));
                continue;
            }
            let path = tile.entries_path();
            for (verdict, position, what) in of_leaves {
                self.found.of_event(verdict, &path, position, what);
            }
            if !leaves_are_right && !tiles_are_right {
                let what =
                    "its hashes are not those of the leaves, and neither side comes to the signed root";
                self.found.of_file(Verdict::Altered, &tile.path(), what);
            }
        }
        let rights: HashMap<Vec<Hash>, Tile> =
            wrong.iter().map(|(tile, right, _)| (right.clone(), *tile)).collect();
        for (tile, _, found) in &wrong {
            if let Some(other) = rights.get(found) {
                let what = format!("it holds the hashes of {}", other.path());
                self.found.of_file(Verdict::Reordered, &tile.path(), what);
            } else {
                let what = "it does not hold the hashes of the tree";
                self.found.of_file(Verdict::Altered, &tile.path(), what);
            }
        }
        match (leaves_are_right, tiles_are_right) {
            (true, _) => Some(scan.of_leaves.clone()),
            (false, true) => Some(scan.of_tiles.clone()),
            (false, false) => {
                let trees = [&scan.of_leaves, &scan.of_tiles];
                if root.is_some() && trees.iter().all(|tree| tree.root().is_some()) {
                    let what = "the tree over the leaves has another root than the log signed";
                    self.found.add(Verdict::Altered, None, None, what);
                }
                None
            }
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
