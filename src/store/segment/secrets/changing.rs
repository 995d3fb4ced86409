//! How secrets are destroyed, and how every key is wrapped under another master key: both in all generations of
//! the blocks, and finished by the next who opens the log where they were cut off.

use std::collections::BTreeMap;
use std::io;

use crate::store::segment::files::Disk;
use crate::store::segment::master::MasterKey;
use crate::store::segment::secrets::blocks::Target;
use crate::store::segment::secrets::{SLOTS, Secrets};

impl Secrets {
    /// Destroys the secrets of these slots: durably, in every generation of their blocks.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] says that a block does not open: damage. After any error secrets may be
    /// there still, and no other secret is lost.
    pub(in crate::store::segment) fn destroy(&self, disk: &dyn Disk, slots: &[u64]) -> io::Result<()> {
        let mut of_block: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for slot in slots {
            of_block.entry(slot / SLOTS).or_default().push(slot % SLOTS);
        }
        let listing = self.files.look()?;
        for (number, slots) in &of_block {
            let mut block = self.files.read(*number).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "the secrets do not open, so none is taken out")
            })?;
            let mut live = false;
            for slot in slots {
                let start = usize::try_from(*slot).unwrap_or(usize::MAX).saturating_mul(32);
                let Some(secret) = block.get_mut(start..start.saturating_add(32)) else { continue };
                live |= secret.iter().any(|byte| *byte != 0);
                secret.fill(0);
            }
            if live {
                self.files.write_next(disk, &listing, *number, &block)?;
            }
            self.replace(*number, block);
        }
        for number in of_block.keys() {
            self.files.destroy_others(disk, &listing, *number)?;
        }
        self.files.tell(disk)
    }

    /// Wraps every key under another master key, or under none.
    ///
    /// # Errors
    ///
    /// After any error every key is wrapped under the one or the other, and both are still known here.
    pub(in crate::store::segment) fn rewrap(&self, disk: &dyn Disk, to: Option<MasterKey>) -> io::Result<()> {
        // No block is drawn meanwhile.
        let mut slots = self.slots();
        if let Some(ahead) = slots.ahead.take() {
            let number = slots.drawn / SLOTS;
            if let Ok(Ok(block)) = ahead.join() {
                self.replace(number, block);
                slots.drawn += SLOTS;
            }
        }
        self.files.begin_to_rewrap(disk, to.as_ref())?;
        self.masters.change(to);
        self.files.rewrap(disk)?;
        self.files.end_rewrapping(disk)?;
        self.masters.changed();
        Ok(())
    }

    /// Ends a change of the master key that was cut off, where the key that was to come is at hand.
    pub(in crate::store::segment) fn finish_rewrapping(&self, disk: &dyn Disk) -> io::Result<()> {
        match self.files.changing_to()? {
            Some(Target::Bare) => self.rewrap(disk, None),
            Some(Target::Under(id)) => match self.masters.find(id) {
                Some(master) => self.rewrap(disk, Some(master)),
                None => Ok(()),
            },
            Some(Target::Garbled) | None => Ok(()),
        }
    }
}
