//! Per-event secrets, drawn ahead in durable blocks of 4,096 slots, each block sealed under a key of its
//! own: without its secret a body is noise, and that is how a body is removed.

mod blocks;
mod changing;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use zeroize::Zeroizing;

use crate::store::segment::Access;
use crate::store::segment::files::{self, Disk};
use crate::store::segment::master::{BARE_BYTES, KeyFault, MasterKey, Masters, SecretKey, WRAPPED_BYTES};
use crate::store::segment::secrets::blocks::{Block, Files};

pub use blocks::Wrapped;

/// Slots of a block.
pub(super) const SLOTS: u64 = 4_096;
/// Bytes of the file of a block.
pub(super) const BLOCK_BYTES: u64 = SLOTS * 32 + blocks::TAG_BYTES;
/// Blocks kept open: their secrets are 128 KiB each.
const OPEN_MAX: usize = 64;
/// Secrets that stand no further apart are read by whoever goes along the log.
const NEAR_SLOTS: u64 = 16;
/// So many in a row are read one by one before their block is opened.
const NEIGHBOURS_MAX: u32 = 6;
/// Slots taken before the next block is drawn ahead: a command that records one call need not.
const TAKEN_BEFORE_AHEAD: u64 = 64;

/// The secrets of a log.
pub(super) struct Secrets {
    files: Files,
    masters: Masters,
    /// Another process may write, so what does not open may have been replaced.
    follows: bool,
    slots: Mutex<Slots>,
    open: RwLock<Open>,
    /// How often secrets had been destroyed when this last looked.
    times_destroyed: AtomicU64,
}

/// The blocks that are kept open.
#[derive(Default)]
struct Open {
    blocks: HashMap<u64, Arc<Block>>,
    /// The keys of blocks of which single secrets were read.
    keys: HashMap<u64, Alone>,
    /// Counts how often what was read before may no longer be kept.
    age: u64,
}

/// A block of which single secrets were read.
struct Alone {
    key: SecretKey,
    /// The slot that was read last, and how many neighbours in a row were read with it.
    last: u64,
    neighbours: u32,
}

/// What a slot holds.
pub(super) enum Secret {
    /// What opens its body.
    Live(Zeroizing<[u8; 32]>),
    /// Nothing any more: the body was removed.
    Destroyed,
    /// Its block does not open.
    Unknown,
}

/// Finds the secrets of neighbouring slots.
pub(super) struct Near<'a> {
    secrets: &'a Secrets,
    number: Option<u64>,
    block: Option<Arc<Block>>,
}

impl Near<'_> {
    /// Returns what a slot holds.
    pub(super) fn of(&mut self, slot: u64) -> Secret {
        let number = slot / SLOTS;
        if self.number != Some(number) {
            (self.number, self.block) = (Some(number), self.secrets.block(number));
        }
        secret_in(self.block.as_deref(), slot)
    }
}

/// Returns what a slot of a block holds.
fn secret_in(block: Option<&Block>, slot: u64) -> Secret {
    let start = usize::try_from(slot % SLOTS).unwrap_or(usize::MAX).saturating_mul(32);
    match block.and_then(|block| block.get(start..)).and_then(<[u8]>::first_chunk::<32>) {
        None => Secret::Unknown,
        Some([0, rest @ ..]) if rest.iter().all(|byte| *byte == 0) => Secret::Destroyed,
        Some(secret) => Secret::Live(Zeroizing::new(*secret)),
    }
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

impl Alone {
    /// Returns the key, unless whoever reads goes along the block, which is then better opened.
    fn next(&mut self, slot: u64) -> Option<SecretKey> {
        let is_near = slot.abs_diff(self.last) <= NEAR_SLOTS;
        self.neighbours = if is_near { self.neighbours + 1 } else { 0 };
        self.last = slot;
        (self.neighbours < NEIGHBOURS_MAX).then(|| self.key.clone())
    }
}

/// Tells whether the key of a block has so many bytes, bare or wrapped.
pub(super) fn is_key_len(bytes: u64) -> bool {
    bytes == BARE_BYTES || bytes == WRAPPED_BYTES
}

impl Secrets {
    /// Returns what the keys of a log are under.
    pub(super) fn wrapped(dir: &Path) -> io::Result<Wrapped> {
        Files::new(dir.join("secrets"), Masters::default()).wrapped()
    }

    /// Makes the directory.
    pub(super) fn create(dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir.join("secrets/keys"))?;
        // Whoever reads them reads every text.
        for private in ["secrets", "secrets/keys"] {
            fs::set_permissions(dir.join(private), fs::Permissions::from_mode(0o700))?;
        }
        files::sync_dir(&dir.join("secrets"))?;
        files::sync_dir(dir)
    }

    /// Opens the secrets, of which none is given out until [`Secrets::begin`]; says which master key is
    /// missing, where one is.
    pub(super) fn open(dir: &Path, masters: Masters, access: Access) -> io::Result<Result<Self, KeyFault>> {
        let files = Files::new(dir.join("secrets"), masters.clone());
        let times_destroyed = AtomicU64::new(files.times_destroyed());
        let listing = files.look()?;
        if let Err(fault) = files.settle_masters(&listing)? {
            return Ok(Err(fault));
        }
        let slots = Slots { next: 0, drawn: listing.end().saturating_mul(SLOTS), taken: 0, ahead: None };
        Ok(Ok(Self {
            files,
            masters,
            follows: access == Access::Read,
            slots: Mutex::new(slots),
            open: RwLock::default(),
            times_destroyed,
        }))
    }

    /// Gives out slots from `used` on; those below may have been given out before.
    pub(super) fn begin(&self, used: u64) {
        let mut slots = self.slots();
        slots.next = used;
        slots.drawn = slots.drawn.max(used.next_multiple_of(SLOTS));
    }

    /// Finishes what was cut off when secrets were to be destroyed.
    pub(super) fn settle(&self, disk: &dyn Disk) -> io::Result<()> {
        self.files.settle(disk, &self.files.look()?)
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
            self.replace(number, block);
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
            self.replace(number, block);
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

    /// Keeps what was read of a block, unless secrets were destroyed since the `age` that is given.
    fn keep(&self, number: u64, block: &Arc<Block>, age: u64) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.age != age {
            return;
        }
        if open.blocks.len() >= OPEN_MAX {
            open.blocks.clear();
        }
        open.blocks.insert(number, Arc::clone(block));
    }

    /// Keeps a block in the place of what was known of it.
    fn replace(&self, number: u64, block: Block) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.age += 1;
        open.keys.remove(&number);
        if open.blocks.len() >= OPEN_MAX {
            open.blocks.clear();
        }
        open.blocks.insert(number, Arc::new(block));
    }

    /// Returns the secret of a slot without opening its block, where that is not open: whoever reads here and there
    /// in a long log needs one secret of each of many blocks, and opening one takes as long as reading ten records.
    ///
    /// Only what it opens tells that it is the right one; where it opens nothing, [`Secrets::of`] tells why.
    pub(super) fn alone(&self, slot: u64) -> Option<Zeroizing<[u8; 32]>> {
        let number = slot / SLOTS;
        let (age, known) = {
            let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
            if open.blocks.contains_key(&number) {
                return None;
            }
            let known = open.keys.get_mut(&number).map(|alone| alone.next(slot));
            (open.age, known)
        };
        let key = match known {
            Some(None) => return None,
            Some(Some(key)) => key,
            None => {
                let key = self.files.key(number)?;
                let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
                if open.age == age {
                    open.keys.insert(number, Alone { key: key.clone(), last: slot, neighbours: 0 });
                }
                key
            }
        };
        let secret = self.files.read_alone(number, &key, u32::try_from(slot % SLOTS).ok()?)?;
        // Whether zeros are a secret that was destroyed, the whole block tells.
        secret.iter().any(|byte| *byte != 0).then_some(secret)
    }

    /// Has what is on disk of a slot fetched, where its block is not open.
    pub(super) fn prefetch(&self, slot: u64) {
        let number = slot / SLOTS;
        if !self.open.read().unwrap_or_else(PoisonError::into_inner).blocks.contains_key(&number) {
            self.files.prefetch(number, slot % SLOTS);
        }
    }

    /// Returns what a slot holds.
    pub(super) fn of(&self, slot: u64) -> Secret {
        secret_in(self.block(slot / SLOTS).as_deref(), slot)
    }

    /// Returns what finds the secrets of neighbouring slots without asking for their block each time; for
    /// short use, since it does not notice when secrets are destroyed.
    pub(super) fn near(&self) -> Near<'_> {
        Near { secrets: self, number: None, block: None }
    }

    fn block(&self, number: u64) -> Option<Arc<Block>> {
        let age = {
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(block) = open.blocks.get(&number) {
                return Some(Arc::clone(block));
            }
            open.age
        };
        // A block that another process draws just now is looked for again.
        let block = Arc::new(self.settled(number, || self.files.read(number).ok_or(())).ok()?);
        self.keep(number, &block, age);
        Some(block)
    }

    /// Forgets what was read when another process has destroyed secrets since.
    pub(super) fn follow(&self) {
        let times = self.files.times_destroyed();
        if self.times_destroyed.load(Ordering::SeqCst) == times {
            return;
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.age += 1;
        open.blocks.clear();
        open.keys.clear();
        self.look_again();
        self.times_destroyed.store(times, Ordering::SeqCst);
    }

    /// Looks which generations count now, where another process may have written others.
    fn look_again(&self) -> bool {
        self.follows && self.files.look().is_ok()
    }

    /// Tries something on a block again for as long as another process writes new generations of it meanwhile.
    fn settled<T, E>(&self, number: u64, attempt: impl Fn() -> Result<T, E>) -> Result<T, E> {
        loop {
            let generation = self.files.generation(number);
            let outcome = attempt();
            if outcome.is_ok() || !self.look_again() || self.files.generation(number) == generation {
                return outcome;
            }
        }
    }

    /// Returns the master key that wraps what is written.
    pub(super) fn master(&self) -> Option<MasterKey> {
        self.masters.current()
    }

    /// Returns what is wrong with the blocks that hold the slots below `used`: each must be there and have
    /// its length, and the newest must open.
    pub(super) fn glance(&self, used: u64) -> Vec<Fault> {
        let blocks = used.div_ceil(SLOTS);
        let newest = blocks.checked_sub(1);
        (0..blocks)
            .filter_map(|block| {
                let incomplete = || self.files.incomplete(block).map_or(Ok(()), Err);
                let opened = || self.block(block).is_some();
                let garbled =
                    || (newest == Some(block) && !opened()).then(|| self.files.does_not_open(block));
                self.settled(block, incomplete).err().or_else(garbled)
            })
            .collect()
    }

    /// Returns what is wrong with the blocks that hold the slots below `used`: each must open.
    pub(super) fn faults(&self, used: u64) -> Vec<Fault> {
        (0..used.div_ceil(SLOTS)).filter_map(|block| self.fault(block)).collect()
    }

    /// Returns what is wrong with a block on disk.
    pub(super) fn fault(&self, block: u64) -> Option<Fault> {
        self.settled(block, || {
            let garbled = || self.files.read(block).is_none().then(|| self.files.does_not_open(block));
            self.files.incomplete(block).or_else(garbled).map_or(Ok(()), Err)
        })
        .err()
    }

    /// Waits for what is drawn ahead.
    pub(super) fn finish(&self) {
        if let Some(ahead) = self.slots().ahead.take() {
            // A block that was not drawn is drawn when it is needed.
            let _ = ahead.join();
        }
    }
}
