//! Per-event secrets, drawn ahead in durable blocks of 4,096 slots, each block sealed under a key of its
//! own: without its secret a body is noise, and that is how a body is removed.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use zeroize::Zeroizing;

use crate::store::seal;
use crate::store::segment::files;

/// Slots of a block.
pub(super) const SLOTS: u64 = 4_096;
/// Blocks kept open: their secrets are 128 KiB each.
const OPEN_MAX: usize = 64;
/// Slots taken before the next block is drawn ahead: a command that records one call need not.
const TAKEN_BEFORE_AHEAD: u64 = 64;

/// Bytes of the key of a block.
const KEY_BYTES: u64 = 32;
/// Bytes of the tag that seals a block.
const TAG_BYTES: u64 = 16;

type Block = Zeroizing<Vec<u8>>;

/// The secrets of a log.
pub(super) struct Secrets {
    files: Files,
    slots: Mutex<Slots>,
    open: RwLock<HashMap<u64, Option<Arc<Block>>>>,
}

/// Where the blocks are.
#[derive(Clone)]
struct Files {
    dir: PathBuf,
}

/// Why a block does not give its secrets.
pub(super) struct Fault {
    pub(super) block: u64,
    /// The file, within the data directory.
    pub(super) file: String,
    pub(super) what: &'static str,
}

/// Which slots may be given out.
struct Slots {
    next: u64,
    /// How many are on disk.
    drawn: u64,
    taken: u64,
    /// Draws the block after those.
    ahead: Option<JoinHandle<io::Result<Block>>>,
}

impl Secrets {
    /// Makes the directory.
    pub(super) fn create(dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir.join("secrets/keys"))?;
        files::sync_dir(&dir.join("secrets"))?;
        files::sync_dir(dir)
    }

    /// Opens the secrets; slots below `used` may have been given out.
    pub(super) fn open(dir: &Path, used: u64) -> io::Result<Self> {
        let dir = dir.join("secrets");
        let mut drawn = 0;
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => Some(entries),
            // The bodies are gone with it; each of them will say so.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        for entry in entries.into_iter().flatten() {
            let name = entry?.file_name();
            let block = name.to_str().and_then(|name| name.strip_suffix(".block")?.parse::<u64>().ok());
            drawn = drawn.max(block.map_or(0, |block| block.saturating_add(1).saturating_mul(SLOTS)));
        }
        let slots =
            Slots { next: used, drawn: drawn.max(used.next_multiple_of(SLOTS)), taken: 0, ahead: None };
        Ok(Self { files: Files { dir }, slots: Mutex::new(slots), open: RwLock::default() })
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out the slots for `count` bodies, durable before they are used, and returns the first.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] says that a block that bodies are sealed with does not open: damage.
    pub(super) fn take(&self, count: u64) -> io::Result<u64> {
        let mut slots = self.slots();
        let end = slots.next + count;
        while slots.drawn < end {
            let number = slots.drawn / SLOTS;
            let block = match slots.ahead.take() {
                Some(ahead) => ahead.join().unwrap_or_else(|_| self.files.draw(number))?,
                None => self.files.draw(number)?,
            };
            self.keep(number, Some(Arc::new(block)));
            slots.drawn += SLOTS;
        }
        for number in slots.next / SLOTS..end.div_ceil(SLOTS) {
            if self.block(number).is_some() {
                continue;
            }
            if number * SLOTS < slots.next {
                let what = "the secrets that were drawn last do not open";
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            // Nothing is sealed with it yet, so another may stand in its place.
            let block = self.files.draw(number)?;
            self.keep(number, Some(Arc::new(block)));
        }
        let first = slots.next;
        slots.next = end;
        slots.taken += count;
        if slots.ahead.is_none() && slots.taken > TAKEN_BEFORE_AHEAD && slots.drawn - end < SLOTS / 2 {
            let (files, number) = (self.files.clone(), slots.drawn / SLOTS);
            slots.ahead =
                std::thread::Builder::new().name("secrets".to_owned()).spawn(move || files.draw(number)).ok();
        }
        Ok(first)
    }

    fn keep(&self, number: u64, block: Option<Arc<Block>>) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_MAX {
            open.clear();
        }
        open.insert(number, block);
    }

    /// Returns the secret of a slot; none when its block cannot be opened.
    pub(super) fn of(&self, slot: u64) -> Option<Zeroizing<[u8; 32]>> {
        let block = self.block(slot / SLOTS)?;
        let start = usize::try_from(slot % SLOTS).ok()? * 32;
        block.get(start..start + 32)?.first_chunk().map(|secret| Zeroizing::new(*secret))
    }

    fn block(&self, number: u64) -> Option<Arc<Block>> {
        let known = self.open.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        if let Some(block) = known {
            return block;
        }
        let block = self.files.read(number).map(Arc::new);
        // A block that another process draws just now is looked for again.
        if block.is_some() {
            self.keep(number, block.clone());
        }
        block
    }

    /// Returns what is wrong with the blocks that hold the slots below `used`: each must be there and have
    /// its length, and the newest must open.
    pub(super) fn glance(&self, used: u64) -> Vec<Fault> {
        let blocks = used.div_ceil(SLOTS);
        let newest = blocks.checked_sub(1);
        (0..blocks)
            .filter_map(|block| {
                let opened = || self.block(block).is_some();
                self.files
                    .incomplete(block)
                    .or_else(|| (newest == Some(block) && !opened()).then(|| Files::does_not_open(block)))
            })
            .collect()
    }

    /// Returns what is wrong with the blocks that hold the slots below `used`: each must open.
    pub(super) fn faults(&self, used: u64) -> Vec<Fault> {
        (0..used.div_ceil(SLOTS)).filter_map(|block| self.fault(block)).collect()
    }

    /// Returns what is wrong with a block on disk.
    pub(super) fn fault(&self, block: u64) -> Option<Fault> {
        self.files
            .incomplete(block)
            .or_else(|| self.files.read(block).is_none().then(|| Files::does_not_open(block)))
    }

    /// Waits for what is drawn ahead.
    pub(super) fn finish(&self) {
        if let Some(ahead) = self.slots().ahead.take() {
            // A block that was not drawn is drawn when it is needed.
            let _ = ahead.join();
        }
    }
}

impl Files {
    fn draw(&self, block: u64) -> io::Result<Block> {
        let mut secrets = Zeroizing::new(vec![0; usize::try_from(SLOTS).unwrap_or(0) * 32]);
        getrandom::fill(&mut secrets).map_err(io::Error::other)?;
        let key = Zeroizing::new(seal::random()?);
        let mut sealed = secrets.to_vec();
        cipher(&key)
            .encrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", &mut sealed)
            .map_err(|_| io::Error::other("a block could not be sealed"))?;
        // The key first: a block that nothing opens would be found at every read.
        files::replace(&self.key_path(block), &*key)?;
        files::replace(&self.block_path(block), &sealed)?;
        Ok(secrets)
    }

    fn block_path(&self, block: u64) -> PathBuf {
        self.dir.join(format!("{block:08}.block"))
    }

    fn key_path(&self, block: u64) -> PathBuf {
        self.dir.join(format!("keys/{block:08}.key"))
    }

    /// Tells whether the block or its key is missing or has another length.
    fn incomplete(&self, block: u64) -> Option<Fault> {
        let len = |path: &Path| fs::metadata(path).ok().map(|data| data.len());
        let fault = |file: String, what: &'static str| Some(Fault { block, file, what });
        match (len(&self.key_path(block)), len(&self.block_path(block))) {
            (None, _) => fault(key_name(block), "the key of these secrets is missing"),
            (Some(key), _) if key != KEY_BYTES => {
                fault(key_name(block), "the key of these secrets is cut off or too long")
            }
            (Some(_), None) => fault(block_name(block), "the secrets are missing"),
            (Some(_), Some(bytes)) if bytes != SLOTS * 32 + TAG_BYTES => {
                fault(block_name(block), "the secrets are cut off or too long")
            }
            (Some(_), Some(_)) => None,
        }
    }

    fn does_not_open(block: u64) -> Fault {
        let what = "the secrets do not open: they, or their key, are garbled";
        Fault { block, file: block_name(block), what }
    }

    fn read(&self, block: u64) -> Option<Block> {
        let key = Zeroizing::new(files::read(&self.key_path(block)).ok()??);
        let key = Zeroizing::new(<[u8; 32]>::try_from(key.as_slice()).ok()?);
        let mut secrets = Zeroizing::new(files::read(&self.block_path(block)).ok()??);
        cipher(&key).decrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", &mut *secrets).ok()?;
        Some(secrets)
    }
}

/// Returns the file of a block, within the data directory.
fn block_name(block: u64) -> String {
    format!("secrets/{block:08}.block")
}

/// Returns the file of its key, within the data directory.
fn key_name(block: u64) -> String {
    format!("secrets/keys/{block:08}.key")
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}
