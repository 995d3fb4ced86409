//! Under which master key the keys of a log are, and how they come under another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::segment::files::{self, BESIDE, Disk};
use crate::store::segment::master::{self, KeyFault, KeyId, MasterKey, WRAPPED_BYTES};
use crate::store::segment::secrets::blocks::{Files, Listing, key_name};

/// A file that says, while the master key is changed, under which the keys are to be.
const CHANGING: &str = "rewrapping";
/// What stands in it where they are to be under none.
const BARE: &str = "bare";

/// What the keys of a log are under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrapped {
    /// How many are under no master key.
    pub bare: u64,
    /// How many are under each, by what names it.
    pub under: BTreeMap<[u8; 8], u64>,
    /// Whether a change of the master key was cut off.
    pub changing: bool,
}

/// Where a change of the master key leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::segment::secrets) enum Target {
    /// Every key is to be bare.
    Bare,
    /// Every key is to be under the master key of this id.
    Under(KeyId),
    /// The file that says so is garbled: whoever asks again says it anew.
    Garbled,
}

impl Files {
    /// Tells whether every key can be opened under the master keys that were given, and lets new ones be
    /// wrapped as they are.
    pub(in crate::store::segment::secrets) fn settle_masters(
        &self,
        listing: &Listing,
    ) -> io::Result<Result<(), KeyFault>> {
        let changing = self.changing_to()?;
        let mut paths = self.block_keys(listing);
        // A change begins with the keys of the attachments; else those of the blocks speak for them.
        if paths.is_empty() || changing.is_some() {
            paths.extend(attachment_keys(&self.dir)?);
        }
        let mut used = BTreeSet::new();
        for (path, _) in paths {
            match key_file(&path)?.map(|bytes| self.masters.check(&bytes)) {
                Some(Ok(id)) => used.insert(id),
                Some(Err(fault)) => return Ok(Err(fault)),
                None => used.insert(None),
            };
        }
        let to = match changing {
            Some(Target::Under(id)) => Some(id),
            Some(Target::Bare | Target::Garbled) | None => None,
        };
        Ok(self.masters.settle(&used, to))
    }

    /// Counts what the keys are under.
    pub(in crate::store::segment::secrets) fn wrapped(&self) -> io::Result<Wrapped> {
        let mut found = Wrapped { changing: self.changing_to()?.is_some(), ..Wrapped::default() };
        let blocks = self.block_keys(&self.look()?);
        for (path, _) in blocks.into_iter().chain(attachment_keys(&self.dir)?) {
            let bytes = key_file(&path)?;
            match bytes.as_deref().and_then(master::wrapped) {
                Some((id, _)) => *found.under.entry(*id).or_default() += 1,
                None => found.bare += 1,
            }
        }
        Ok(found)
    }

    /// Says durably under which master key, or none, the keys are about to come.
    pub(in crate::store::segment::secrets) fn begin_to_rewrap(
        &self,
        disk: &dyn Disk,
        to: Option<&MasterKey>,
    ) -> io::Result<()> {
        let to = to.map_or_else(|| BARE.to_owned(), |master| digits_of(master.id()));
        files::replace_on(disk, &self.dir.join(CHANGING), format!("{to}\n").as_bytes())
    }

    /// Says that they all are.
    pub(in crate::store::segment::secrets) fn end_rewrapping(&self, disk: &dyn Disk) -> io::Result<()> {
        disk.remove(&self.dir.join(CHANGING))?;
        disk.sync_dir(&self.dir)
    }

    /// Returns where a change of the master key that was cut off was to lead.
    pub(in crate::store::segment::secrets) fn changing_to(&self) -> io::Result<Option<Target>> {
        let Some(bytes) = files::read(&self.dir.join(CHANGING))? else { return Ok(None) };
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
        Ok(Some(match text {
            Some(BARE) => Target::Bare,
            Some(digits) => id_of(digits).map_or(Target::Garbled, Target::Under),
            None => Target::Garbled,
        }))
    }

    /// Wraps every key anew that is not under the current master key.
    pub(in crate::store::segment::secrets) fn rewrap(&self, disk: &dyn Disk) -> io::Result<()> {
        let blocks = self.block_keys(&self.look()?);
        // The keys of the blocks last: opening looks at them, so an unfinished change is always met.
        for (path, name) in attachment_keys(&self.dir)?.into_iter().chain(blocks) {
            master::rewrap(&self.masters, disk, &path, &name)?;
        }
        Ok(())
    }

    /// Returns the key files of the blocks, with their names within the directory.
    fn block_keys(&self, listing: &Listing) -> Vec<(PathBuf, String)> {
        let names = listing.keys.iter().flat_map(|(block, generations)| {
            generations.iter().map(|generation| key_name(*block, *generation))
        });
        names.map(|name| (self.dir.join(&name), name)).collect()
    }
}

/// Returns a key file that may be wrapped; none where it is bare, or gone meanwhile.
fn key_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let wrapped = fs::metadata(path).is_ok_and(|data| data.len() == WRAPPED_BYTES);
    if wrapped { files::read(path) } else { Ok(None) }
}

/// Returns the key files of the attachments, with their names within the directory.
fn attachment_keys(dir: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut keys = Vec::new();
    let entries = match fs::read_dir(dir.join("files")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(keys),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| !name.ends_with(BESIDE)) {
            keys.push((entry.path(), format!("files/{name}")));
        }
    }
    Ok(keys)
}

fn digits_of(id: KeyId) -> String {
    format!("{:016x}", u64::from_be_bytes(id))
}

fn id_of(digits: &str) -> Option<KeyId> {
    let id = u64::from_str_radix(digits, 16).ok()?.to_be_bytes();
    (digits_of(id) == digits).then_some(id)
}
