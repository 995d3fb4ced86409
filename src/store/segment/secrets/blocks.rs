//! Blocks of secrets on disk. A block that loses slots is written anew under a new key, as its next
//! generation; the newest generation that is complete counts, and older ones are overwritten and removed.

mod wrapping;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt as _;
use aes_gcm::{Aes256Gcm, Key};
use rustix::fs::{AtFlags, statat};
use zeroize::Zeroizing;

use crate::store::seal;
use crate::store::segment::files::{self, BESIDE, Disk, SystemDisk};
use crate::store::segment::master::{Masters, SecretKey};
use crate::store::segment::prefetch::fetch;
use crate::store::segment::secrets::{BLOCK_BYTES, Fault, SLOTS, is_key_len};

pub use wrapping::Wrapped;

pub(super) use wrapping::Target;

/// Bytes of the tag that seals a block.
pub(super) const TAG_BYTES: u64 = 16;
/// How many files of blocks stay open.
const HELD_MAX: usize = 64;
/// A file that grows by one byte whenever secrets were destroyed, so that readers notice.
const DESTROYED: &str = "destroyed";

/// The secrets of a block, one after the other; zeros where one was destroyed.
pub(super) type Block = Zeroizing<Vec<u8>>;

/// Files that stay open, by block and generation.
type Held = HashMap<(u64, u32), Arc<fs::File>>;

/// Where the blocks are.
#[derive(Clone)]
pub(super) struct Files {
    dir: PathBuf,
    masters: Masters,
    /// The generation that counts, for blocks whose first does not.
    newest: Arc<RwLock<HashMap<u64, u32>>>,
    /// Blocks that stay open for whoever reads single secrets, each in its generation.
    held: Arc<Mutex<Held>>,
    /// The directory, open once it was asked how often secrets were destroyed.
    open_dir: Arc<OnceLock<fs::File>>,
}

/// What stands in the directory.
#[derive(Default)]
pub(super) struct Listing {
    blocks: BTreeMap<u64, BTreeSet<u32>>,
    keys: BTreeMap<u64, BTreeSet<u32>>,
    /// Files that were to take another's place.
    beside: Vec<PathBuf>,
}

impl Listing {
    /// Returns the number after that of the last block.
    pub(super) fn end(&self) -> u64 {
        self.blocks.last_key_value().map_or(0, |(block, _)| block.saturating_add(1))
    }

    fn numbers(&self) -> BTreeSet<u64> {
        self.blocks.keys().chain(self.keys.keys()).copied().collect()
    }

    fn generations(&self, block: u64) -> BTreeSet<u32> {
        let of = |files: &BTreeMap<u64, BTreeSet<u32>>| files.get(&block).cloned().unwrap_or_default();
        &of(&self.blocks) | &of(&self.keys)
    }
}

impl Files {
    pub(super) fn new(dir: PathBuf, masters: Masters) -> Self {
        Self { dir, masters, newest: Arc::default(), held: Arc::default(), open_dir: Arc::default() }
    }

    /// Looks at what is there, and learns which generation of each block counts.
    pub(super) fn look(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        list(&self.dir, ".block", &mut listing.blocks, &mut listing.beside)?;
        list(&self.dir.join("keys"), ".key", &mut listing.keys, &mut listing.beside)?;
        let newest: HashMap<u64, u32> = listing
            .numbers()
            .into_iter()
            .map(|block| (block, self.newest_of(&listing, block)))
            .filter(|(_, generation)| *generation > 0)
            .collect();
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = newest;
        Ok(listing)
    }

    fn newest_of(&self, listing: &Listing, block: u64) -> u32 {
        let none = BTreeSet::new();
        let (blocks, keys) =
            (listing.blocks.get(&block).unwrap_or(&none), listing.keys.get(&block).unwrap_or(&none));
        let complete: Vec<u32> =
            blocks.iter().rev().filter(|generation| keys.contains(generation)).copied().collect();
        match complete.as_slice() {
            [one] => *one,
            // Where nothing is complete, what is missing is missing of the last that was written.
            [] => blocks.last().or(keys.last()).copied().unwrap_or(0),
            [newest, ..] => {
                let opens = |generation: &&u32| self.read_generation(block, **generation).is_some();
                *complete.iter().find(opens).unwrap_or(newest)
            }
        }
    }

    /// Returns which generation of a block counts.
    pub(super) fn generation(&self, block: u64) -> u32 {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).get(&block).copied().unwrap_or(0)
    }

    pub(super) fn draw(&self, block: u64) -> io::Result<Block> {
        let mut secrets = Zeroizing::new(vec![0; usize::try_from(SLOTS).unwrap_or(0) * 32]);
        getrandom::fill(&mut secrets).map_err(io::Error::other)?;
        self.write(&SystemDisk, block, self.generation(block), &secrets)?;
        Ok(secrets)
    }

    fn write(&self, disk: &dyn Disk, block: u64, generation: u32, secrets: &Block) -> io::Result<()> {
        let key = Zeroizing::new(seal::random()?);
        let mut sealed = secrets.clone();
        cipher(&key)
            .encrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", &mut *sealed)
            .map_err(|_| io::Error::other("a block could not be sealed"))?;
        // The key first: a block that nothing opens would be found at every read.
        let name = key_name(block, generation);
        let wrapping = self.masters.wrapping();
        files::replace_private_on(disk, &self.dir.join(&name), &wrapping.wrap(&name, &key)?)?;
        files::replace_private_on(disk, &self.dir.join(block_name(block, generation)), &sealed)
    }

    /// Writes what is left of a block as its next generation, which counts from then on.
    pub(super) fn write_next(
        &self,
        disk: &dyn Disk,
        listing: &Listing,
        block: u64,
        secrets: &Block,
    ) -> io::Result<()> {
        let last = listing.generations(block).last().copied().unwrap_or(0);
        let next = last.checked_add(1).ok_or_else(|| io::Error::other("the generations are used up"))?;
        self.write(disk, block, next, secrets)?;
        self.newest.write().unwrap_or_else(PoisonError::into_inner).insert(block, next);
        Ok(())
    }

    /// Overwrites and removes the generations of a block that do not count, and tells whether there were any.
    pub(super) fn destroy_others(&self, disk: &dyn Disk, listing: &Listing, block: u64) -> io::Result<bool> {
        let newest = self.generation(block);
        let others: Vec<u32> =
            listing.generations(block).into_iter().filter(|generation| *generation != newest).collect();
        if others.is_empty() || self.read(block).is_none() {
            // What does not open cannot stand in for another: that is damage, and nothing is removed.
            return Ok(false);
        }
        self.held.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _), _| *other != block);
        for generation in others {
            // The key first: without it the block says nothing.
            files::destroy(disk, &self.dir.join(key_name(block, generation)))?;
            files::destroy(disk, &self.dir.join(block_name(block, generation)))?;
        }
        disk.sync_dir(&self.dir.join("keys"))?;
        disk.sync_dir(&self.dir)?;
        Ok(true)
    }

    /// Finishes what was cut off: whatever does not count is overwritten and removed.
    pub(super) fn settle(&self, disk: &dyn Disk, listing: &Listing) -> io::Result<()> {
        let mut destroyed = !listing.beside.is_empty();
        for path in &listing.beside {
            files::destroy(disk, path)?;
        }
        for block in listing.numbers() {
            destroyed |= self.destroy_others(disk, listing, block)?;
        }
        if destroyed { self.tell(disk) } else { Ok(()) }
    }

    /// Lets readers of other processes know that secrets were destroyed.
    pub(super) fn tell(&self, disk: &dyn Disk) -> io::Result<()> {
        let file =
            fs::OpenOptions::new().write(true).create(true).truncate(false).open(self.dir.join(DESTROYED))?;
        let len = file.metadata()?.len();
        disk.write_at(&file, b".", len)
    }

    /// Returns how often secrets were destroyed.
    pub(super) fn times_destroyed(&self) -> u64 {
        // Asked before each record: a name in a directory that is open is found without the way to it.
        let dir = self.open_dir.get().map_or_else(
            || {
                let dir = fs::File::open(&self.dir).ok()?;
                Some(self.open_dir.get_or_init(|| dir))
            },
            Some,
        );
        let data = dir.and_then(|dir| statat(dir, DESTROYED, AtFlags::empty()).ok());
        data.and_then(|data| u64::try_from(data.st_size).ok()).unwrap_or(0)
    }

    /// Tells whether the block or its key is missing or has another length.
    pub(super) fn incomplete(&self, block: u64) -> Option<Fault> {
        let len = |path: &Path| fs::metadata(path).ok().map(|data| data.len());
        let generation = self.generation(block);
        let (key, secrets) = (key_name(block, generation), block_name(block, generation));
        let lengths = (len(&self.dir.join(&key)), len(&self.dir.join(&secrets)));
        let fault = |name: String, what| Some(Fault { block, file: format!("secrets/{name}"), what });
        match lengths {
            (None, _) => fault(key, "the key of these secrets is missing"),
            (Some(bytes), _) if !is_key_len(bytes) => {
                fault(key, "the key of these secrets is cut off or too long")
            }
            (Some(_), None) => fault(secrets, "the secrets are missing"),
            (Some(_), Some(bytes)) if bytes != BLOCK_BYTES => {
                fault(secrets, "the secrets are cut off or too long")
            }
            (Some(_), Some(_)) => None,
        }
    }

    pub(super) fn does_not_open(&self, block: u64) -> Fault {
        let what = "the secrets do not open: they, or their key, are garbled";
        Fault { block, file: format!("secrets/{}", block_name(block, self.generation(block))), what }
    }

    /// Returns the secrets of a block; none when it does not open.
    pub(super) fn read(&self, block: u64) -> Option<Block> {
        self.read_generation(block, self.generation(block))
    }

    /// Returns the key of a block; none where it is not there or does not open.
    pub(super) fn key(&self, block: u64) -> Option<SecretKey> {
        self.key_of(block, self.generation(block))
    }

    fn key_of(&self, block: u64, generation: u32) -> Option<SecretKey> {
        let name = key_name(block, generation);
        let key = Zeroizing::new(files::read(&self.dir.join(&name)).ok()??);
        self.masters.open(&name, &key).ok()
    }

    /// Returns one secret of a block, read alone: whether it is what was drawn, only what it opens can tell.
    pub(super) fn read_alone(&self, block: u64, key: &SecretKey, slot: u32) -> Option<Zeroizing<[u8; 32]>> {
        let file = self.held(block, self.generation(block))?;
        let mut secret = Zeroizing::new([0; 32]);
        file.read_exact_at(&mut *secret, u64::from(slot) * 32).ok()?;
        let cipher = Aes256::new(&Key::<Aes256Gcm>::from(**key));
        // GCM enciphers by the counter, whose first two values it needs for itself.
        for (half, counter) in secret.as_chunks_mut::<16>().0.iter_mut().zip(slot * 2 + 2..) {
            let mut stream = [0; 16];
            if let Some(place) = stream.last_chunk_mut() {
                *place = counter.to_be_bytes();
            }
            let mut stream = stream.into();
            cipher.encrypt_block(&mut stream);
            half.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
        }
        Some(secret)
    }

    /// Has one secret of a block fetched from the disk, where the file of the block is open.
    pub(super) fn prefetch(&self, block: u64, slot: u64) {
        let of_block = (block, self.generation(block));
        let file = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(&of_block).map(Arc::clone);
        if let Some(file) = file {
            fetch(&file, slot * 32, 32);
        }
    }

    /// Returns the file of a block, which stays open for a while.
    fn held(&self, block: u64, generation: u32) -> Option<Arc<fs::File>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = held.get(&(block, generation)) {
            return Some(Arc::clone(file));
        }
        let file = Arc::new(fs::File::open(self.dir.join(block_name(block, generation))).ok()?);
        if held.len() >= HELD_MAX {
            held.clear();
        }
        held.insert((block, generation), Arc::clone(&file));
        Some(file)
    }

    fn read_generation(&self, block: u64, generation: u32) -> Option<Block> {
        let key = self.key_of(block, generation)?;
        let path = self.dir.join(block_name(block, generation));
        let mut secrets = Zeroizing::new(files::read(&path).ok()??);
        cipher(&key).decrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", &mut *secrets).ok()?;
        (secrets.len() as u64 == SLOTS * 32).then_some(secrets)
    }
}

/// Lists the files of a directory by block and generation; nothing where there is no directory.
fn list(
    dir: &Path,
    ending: &str,
    found: &mut BTreeMap<u64, BTreeSet<u32>>,
    beside: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        // The bodies are gone with it; each of them will say so.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.ends_with(BESIDE) {
            beside.push(entry.path());
        } else if let Some((block, generation)) = name.strip_suffix(ending).and_then(number) {
            found.entry(block).or_default().insert(generation);
        }
    }
    Ok(())
}

fn number(name: &str) -> Option<(u64, u32)> {
    match name.split_once('.') {
        None => Some((name.parse().ok()?, 0)),
        Some((block, generation)) => Some((block.parse().ok()?, generation.parse().ok()?)),
    }
}

/// Returns the file of a block, within the directory of the secrets.
fn block_name(block: u64, generation: u32) -> String {
    match generation {
        0 => format!("{block:08}.block"),
        later => format!("{block:08}.{later}.block"),
    }
}

/// Returns the file of its key, within the directory of the secrets.
fn key_name(block: u64, generation: u32) -> String {
    match generation {
        0 => format!("keys/{block:08}.key"),
        later => format!("keys/{block:08}.{later}.key"),
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_read_alone_is_the_one_of_its_block() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("keys")).unwrap();
        let files = Files::new(dir.path().to_owned(), Masters::default());
        let drawn = files.draw(3).unwrap();
        let key = files.key(3).unwrap();
        for slot in [0, 1, 2, 255, 256, 4_095] {
            let alone = files.read_alone(3, &key, slot).unwrap();
            assert_eq!(alone[..], drawn[slot as usize * 32..][..32], "slot {slot}");
        }
        assert!(files.read_alone(4, &key, 0).is_none());
    }
}
