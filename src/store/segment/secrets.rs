//! Per-event secrets, drawn ahead in durable blocks of 4,096 slots, each block sealed under a key of its
//! own: without its secret a body is noise, and that is how a body is removed.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use zeroize::Zeroizing;

use crate::store::seal;
use crate::store::segment::files;

/// Slots of a block.
const SLOTS: u64 = 4_096;
/// Blocks kept open: their secrets are 128 KiB each.
const OPEN_MAX: usize = 64;

type Block = Zeroizing<Vec<u8>>;

/// The secrets of a log.
pub(super) struct Secrets {
    dir: PathBuf,
    next: AtomicU64,
    /// How many slots are on disk.
    drawn: Mutex<u64>,
    open: Mutex<HashMap<u64, Option<Arc<Block>>>>,
}

impl Secrets {
    /// Makes the directory.
    pub(super) fn create(dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir.join("secrets/keys"))
    }

    /// Opens the secrets; slots below `used` may have been given out.
    pub(super) fn open(dir: &Path, used: u64) -> io::Result<Self> {
        let dir = dir.join("secrets");
        let mut drawn = 0;
        for entry in fs::read_dir(&dir)? {
            let name = entry?.file_name();
            let block = name.to_str().and_then(|name| name.strip_suffix(".block")).and_then(|name| name.parse::<u64>().ok());
            drawn = drawn.max(block.map_or(0, |block| (block + 1) * SLOTS));
        }
        Ok(Self { dir, next: AtomicU64::new(used), drawn: Mutex::new(drawn), open: Mutex::default() })
    }

    /// Gives out the slots for `count` bodies, durable before they are used, and returns the first.
    pub(super) fn take(&self, count: u64) -> io::Result<u64> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        while *drawn < first + count {
            self.draw(*drawn / SLOTS)?;
            *drawn += SLOTS;
        }
        Ok(first)
    }

    fn draw(&self, block: u64) -> io::Result<()> {
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
        self.keep(block, Some(Arc::new(secrets)));
        Ok(())
    }

    fn block_path(&self, block: u64) -> PathBuf {
        self.dir.join(format!("{block:08}.block"))
    }

    fn key_path(&self, block: u64) -> PathBuf {
        self.dir.join(format!("keys/{block:08}.key"))
    }

    fn keep(&self, number: u64, block: Option<Arc<Block>>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_MAX {
            open.clear();
        }
        open.insert(number, block);
    }

    /// Returns the secret of a slot; none when its block cannot be opened.
    pub(super) fn of(&self, slot: u64) -> Option<Zeroizing<[u8; 32]>> {
        let number = slot / SLOTS;
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned();
        let block = match known {
            Some(block) => block,
            None => {
                let block = self.read(number).map(Arc::new);
                self.keep(number, block.clone());
                block
            }
        }?;
        let start = usize::try_from(slot % SLOTS).ok()? * 32;
        block.get(start..start + 32)?.first_chunk().map(|secret| Zeroizing::new(*secret))
    }

    fn read(&self, block: u64) -> Option<Block> {
        let key = Zeroizing::new(files::read(&self.key_path(block)).ok()??);
        let key = Zeroizing::new(<[u8; 32]>::try_from(key.as_slice()).ok()?);
        let mut secrets = Zeroizing::new(files::read(&self.block_path(block)).ok()??);
        let mut bytes = std::mem::take(&mut *secrets);
        cipher(&key).decrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", &mut bytes).ok()?;
        Some(Zeroizing::new(bytes))
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
}
