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
