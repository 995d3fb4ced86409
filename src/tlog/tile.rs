//! Tiles: how a tree and its leaves are published (C2SP tlog-tiles).

use crate::tlog::Hash;
use crate::tlog::proof::Nodes;
use crate::tlog::text::{decimal, quoted};

/// How many hashes a full tile has, and how many leaves a full bundle.
pub const WIDTH_MAX: u16 = 256;
/// The highest level that a path can name.
pub const LEVEL_MAX: u8 = 63;
/// The largest leaf that a bundle can hold, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// A row of nodes 8 levels above the last, or at level 0 of leaves: where it is and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// How many times 8 levels above the leaves, at most 63; in a tree of fewer than 2^64 leaves at most 7.
    pub level: u8,
    /// Which tile of its level.
    pub index: u64,
    /// How many nodes, from 1 to 256; fewer than 256 only at the right edge of the tree.
    pub width: u16,
}

/// A path names no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no path of a tile; it is written tile/<level 0 to 63>/<index in groups of three digits, all but \
     the last after an x>[.p/<width 1 to 255>], such as tile/0/x001/234.p/17",
    quoted(.0)
)]
pub struct TilePathError(pub String);

/// A tile or a bundle holds something else than it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A tile is not as long as its hashes.
    #[error("the tile has {found} bytes where {expected} belong: 32 for each of its hashes")]
    Length {
        /// How long it is.
        found: usize,
        /// How long it must be.
        expected: usize,
    },
    /// A bundle ends within an entry.
    #[error("the bundle ends within its entry {entry}, counted from 0")]
    Cut {
        /// Which one.
        entry: usize,
    },
    /// A bundle has more entries than any may have.
    #[error("the bundle has more than {WIDTH_MAX} entries")]
    Wide,
    /// An entry is too long to be bundled.
    #[error("the entry {entry} has {bytes} bytes; a bundle takes at most {ENTRY_BYTES_MAX}")]
    Entry {
        /// Which one, counted from 0.
        entry: usize,
        /// How long it is.
        bytes: usize,
    },
}

impl Tile {
    /// Returns the path of its hashes: `tile/0/x001/234`, `tile/0/x001/234.p/17`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.place())
    }

    /// Returns the path of the entries under a tile of level 0: `tile/entries/x001/234.p/17`.
    pub fn entries_path(&self) -> String {
        format!("tile/entries/{}", self.place())
    }

    /// Reads the path of a tile of hashes, in the one way that [`Tile::path`] writes it.
    ///
    /// # Errors
    ///
    /// Returns the path when it names none.
    pub fn from_path(path: &str) -> Result<Self, TilePathError> {
        let read = || {
            let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
            let level = u8::try_from(decimal(level)?).ok().filter(|level| *level <= LEVEL_MAX)?;
            Self::from_place(level, place)
        };
        read().ok_or_else(|| TilePathError(path.to_owned()))
    }

    /// Reads the path of a bundle of entries, in the one way that [`Tile::entries_path`] writes it, as the
    /// tile of level 0 over them.
    ///
    /// # Errors
    ///
    /// Returns the path when it names none.
    pub fn from_entries_path(path: &str) -> Result<Self, TilePathError> {
        path.strip_prefix("tile/entries/")
            .and_then(|place| Self::from_place(0, place))
            .ok_or_else(|| TilePathError(path.to_owned()))
    }

    /// Tells whether a tree of `size` leaves has every node of it.
    pub fn is_within(&self, size: u64) -> bool {
        let nodes = size.checked_shr(8 * u32::from(self.level)).unwrap_or(0);
        let end = self.first_node().and_then(|first| first.checked_add(u64::from(self.width)));
        (1..=WIDTH_MAX).contains(&self.width) && end.is_some_and(|end| end <= nodes)
    }

    /// Returns its nodes; none of a tile that no tree of fewer than 2^64 leaves has.
    ///
    /// # Errors
    ///
    /// Returns what the nodes say when one cannot be had.
    pub fn hashes<N: Nodes>(&self, nodes: &N) -> Result<Vec<Hash>, N::Error> {
        let Some(first) = self.first_node().filter(|_| self.is_within(u64::MAX)) else {
            return Ok(Vec::new());
        };
        (first..first + u64::from(self.width))
            .map(|index| nodes.node(8 * u32::from(self.level), index))
            .collect()
    }

    /// Reads the bytes that are published under its path.
    ///
    /// # Errors
    ///
    /// Returns [`TileError::Length`] unless they are as many hashes as it is wide.
    pub fn parse(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let expected = usize::from(self.width) * size_of::<Hash>();
        let (hashes, _) = bytes.as_chunks();
        if bytes.len() != expected {
            return Err(TileError::Length { found: bytes.len(), expected });
        }
        Ok(hashes.to_vec())
    }

    fn first_node(&self) -> Option<u64> {
        self.index.checked_mul(u64::from(WIDTH_MAX))
    }

    fn place(&self) -> String {
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        let index = groups.join("/");
        if self.width == WIDTH_MAX { index } else { format!("{index}.p/{}", self.width) }
    }

    fn from_place(level: u8, place: &str) -> Option<Self> {
        let (index, width) = match place.split_once(".p/") {
            None => (place, WIDTH_MAX),
            Some((index, width)) => {
                let width = u16::try_from(decimal(width)?).ok()?;
                (index, Some(width).filter(|width| (1..WIDTH_MAX).contains(width))?)
            }
        };
        let mut groups = index.split('/').rev();
        let mut number = three_digits(groups.next()?)?;
        let mut unit = 1u64;
        for group in groups {
            let group = three_digits(group.strip_prefix('x')?)?;
            unit = unit.checked_mul(1000)?;
            number = group.checked_mul(unit)?.checked_add(number)?;
        }
        let tile = Self { level, index: number, width };
        // A group of zeroes in front would be a second path to the same tile.
        (tile.place() == place).then_some(tile)
    }
}

fn three_digits(group: &str) -> Option<u64> {
    (group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit())).then(|| group.parse().ok())?
}

/// Returns every tile of a tree of `size` leaves, the lowest level first, from left to right.
pub fn tiles(size: u64) -> impl Iterator<Item = Tile> {
    (0..8u8)
        .map(move |level| (level, size >> (8 * u32::from(level))))
        .flat_map(|(level, nodes)| row(level, nodes))
}

fn row(level: u8, nodes: u64) -> impl Iterator<Item = Tile> {
    let full = nodes / u64::from(WIDTH_MAX);
    let rest = u16::try_from(nodes % u64::from(WIDTH_MAX)).unwrap_or(0);
    let partial = (rest > 0).then_some(Tile { level, index: full, width: rest });
    (0..full).map(move |index| Tile { level, index, width: WIDTH_MAX }).chain(partial)
}

/// Returns the bundle of some entries: each after its length, as two bytes, the higher first.
///
/// # Errors
///
/// Returns [`TileError::Entry`] when one is too long and [`TileError::Wide`] when there are too many.
pub fn bundle_encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    if entries.len() > usize::from(WIDTH_MAX) {
        return Err(TileError::Wide);
    }
    let mut bundle = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for (place, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length =
            u16::try_from(entry.len()).map_err(|_| TileError::Entry { entry: place, bytes: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Reads a bundle as [`bundle_encode`] makes it.
///
/// # Errors
///
/// Returns [`TileError::Cut`] when it ends within an entry and [`TileError::Wide`] when it has too many.
pub fn bundle_decode(bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        if entries.len() == usize::from(WIDTH_MAX) {
            return Err(TileError::Wide);
        }
        let (entry, after) = rest
            .split_first_chunk()
            .and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))))
            .ok_or(TileError::Cut { entry: entries.len() })?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::proof::root;
    use crate::tlog::testing::{Grown, leaf, mth};
    use proptest::prelude::*;

    fn any_tile() -> impl Strategy<Value = Tile> {
        let index = prop_oneof![any::<u64>(), 0u64..2_000_000, Just(u64::MAX)];
        (0..=LEVEL_MAX, index, 1..=WIDTH_MAX).prop_map(|(level, index, width)| Tile { level, index, width })
    }

    #[test]
    fn a_tile_is_written_as_the_standard_writes_it() {
        let tile = |level, index, width| Tile { level, index, width };
        let paths = [
            (tile(0, 0, 256), "tile/0/000"),
            (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(2, 1_000, 1), "tile/2/x001/000.p/1"),
            (tile(63, 999, 255), "tile/63/999.p/255"),
            (tile(7, u64::MAX, 256), "tile/7/x018/x446/x744/x073/x709/x551/615"),
        ];
        for (tile, path) in paths {
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::from_path(path), Ok(tile));
        }
        assert_eq!(tile(0, 5, 17).entries_path(), "tile/entries/005.p/17");
        assert_eq!(Tile::from_entries_path("tile/entries/005.p/17"), Ok(tile(0, 5, 17)));
    }

    #[test]
    fn a_path_that_is_written_in_another_way_names_no_tile() {
        let wrong = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/x001/x002",
            "tile/0/001/002",
            "tile/0/x001/2",
            "tile/00/001",
            "tile/64/001",
            "tile/256/001",
            "tile/-1/001",
            "tile/+1/001",
            "tile/0/001.p",
            "tile/0/001.p/",
            "tile/0/001.p/0",
            "tile/0/001.p/00",
            "tile/0/001.p/01",
            "tile/0/001.p/256",
            "tile/0/001.p/1/",
            "tile/0/001.p/1.p/1",
            "tile/0/001/",
            "/tile/0/001",
            "tile//001",
            "tile/0//001",
            "tile/0/x01/001",
            "tile/0/X001/001",
            "tile/0/xx01/001",
            "tile/8/0/001",
            "tile/data/001",
            "tile/entries/001",
            "tile/0/+01",
            "tile/0/001 ",
            "tile/0/..",
            "tile/0/../0/001",
            "tile/0/٠٠١",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ];
        for path in wrong {
            assert_eq!(Tile::from_path(path), Err(TilePathError(path.to_owned())));
        }
        for path in ["tile/0/001", "tile/entries/", "tile/entries/1", "tile/entries/001.p/256"] {
            assert_eq!(Tile::from_entries_path(path), Err(TilePathError(path.to_owned())));
        }
    }

    #[test]
    fn a_tree_has_the_tiles_of_the_standards_example() {
        let tiles: Vec<Tile> = tiles(70_000).collect();
        let count = |level, is_full: bool| {
            tiles.iter().filter(|tile| tile.level == level && (tile.width == WIDTH_MAX) == is_full).count()
        };
        assert_eq!([count(0, true), count(1, true), count(2, true)], [273, 1, 0]);
        let partial: Vec<String> =
            tiles.iter().filter(|tile| tile.width < WIDTH_MAX).map(Tile::path).collect();
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(super::tiles(0).next(), None);
        let full: Vec<String> = super::tiles(256).map(|tile| tile.path()).collect();
        assert_eq!(full, ["tile/0/000", "tile/1/000.p/1"]);
        assert!(super::tiles(u64::MAX).take(1_000).all(|tile| tile.is_within(u64::MAX)));
    }

    #[test]
    fn tiles_hold_the_nodes_of_the_tree() {
        let size = 600;
        let nodes = Grown::new(size);
        let leaves: Vec<Hash> = (0..size).map(leaf).collect();
        let mut bottom = Vec::new();
        for tile in tiles(size) {
            let hashes = tile.hashes(&nodes).unwrap();
            assert_eq!(hashes.len(), usize::from(tile.width));
            assert_eq!(tile.parse(&hashes.concat()), Ok(hashes.clone()));
            assert!(tile.parse(&hashes.concat()[1..]).is_err());
            if tile.level == 0 {
                bottom.extend(hashes);
            } else {
                let (full, _) = leaves.as_chunks::<256>();
                assert_eq!(hashes, full.iter().map(|leaves| mth(leaves)).collect::<Vec<_>>());
            }
        }
        assert_eq!(bottom, leaves);
        assert_eq!(root(&nodes, size), Ok(mth(&leaves)));
    }

    #[test]
    fn a_bundle_takes_leaves_of_every_size_that_its_lengths_can_say() {
        let entries = [vec![], vec![1; ENTRY_BYTES_MAX], vec![2]];
        let bundle = bundle_encode(&entries).unwrap();
        assert_eq!(bundle_decode(&bundle).unwrap(), entries);
        let long = [vec![0; ENTRY_BYTES_MAX + 1]];
        assert_eq!(bundle_encode(&long), Err(TileError::Entry { entry: 0, bytes: ENTRY_BYTES_MAX + 1 }));
        assert!(bundle_encode(&[b""; 256]).is_ok());
        assert_eq!(bundle_encode(&[b""; 257]), Err(TileError::Wide));
        assert_eq!(bundle_decode(&[0; 514]), Err(TileError::Wide));
        assert_eq!(bundle_decode(&[0, 0, 0]), Err(TileError::Cut { entry: 1 }));
        assert_eq!(bundle_decode(&[0, 2, 7]), Err(TileError::Cut { entry: 0 }));
    }

    proptest! {
        #[test]
        fn every_tile_is_read_back_from_its_path(tile in any_tile()) {
            prop_assert_eq!(Tile::from_path(&tile.path()), Ok(tile));
            let entries = Tile { level: 0, ..tile };
            prop_assert_eq!(Tile::from_entries_path(&tile.entries_path()), Ok(entries));
        }

        #[test]
        fn whatever_path_is_read_is_written_back(
            path in prop_oneof![any::<String>(), "tile/[0-9]{1,3}(/x?[0-9]{1,4}){1,4}(\\.p/[0-9]{1,4})?"],
        ) {
            if let Ok(tile) = Tile::from_path(&path) {
                prop_assert_eq!(tile.path(), path);
            }
        }

        #[test]
        fn a_tree_has_exactly_the_tiles_that_are_within_it(size in 0u64..200_000, tile in any_tile()) {
            let last = tiles(size).filter(|of| of.level == tile.level).last();
            let is_within = last.is_some_and(|last| {
                (tile.index, tile.width) <= (last.index, last.width)
            });
            prop_assert_eq!(tile.is_within(size), is_within);
        }

        #[test]
        fn whatever_bundle_is_read_is_written_back(bundle in any::<Vec<u8>>()) {
            if let Ok(entries) = bundle_decode(&bundle) {
                prop_assert_eq!(bundle_encode(&entries), Ok(bundle));
            }
        }
    }
}
