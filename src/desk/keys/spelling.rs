//! How a key file is written: lines of text, one spelling for each content, closed by a checksum.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::desk::keys::sealing::{Cost, Sealing};
use crate::desk::keys::{KeyFileError, Public, Role};

/// The version of the format that is written and read here.
const VERSION: u32 = 1;
/// A key file is never longer.
pub(super) const BYTES_MAX: usize = 16 << 10;

/// A key file, read but not opened.
pub(super) struct Spelt {
    pub(super) public: Public,
    pub(super) sealing: Sealing,
    /// Everything above the seeds.
    pub(super) head: String,
    /// The seeds, sealed or as they are.
    pub(super) seeds: Zeroizing<Vec<u8>>,
}

/// Returns what stands above the seeds.
pub(super) fn head(public: &Public, sealing: &Sealing) -> String {
    let mut head = format!("demarche key {VERSION}\nrole {}\nname {}\n", public.role, public.name);
    for key in &public.keys {
        head.extend(["key ", &key.to_string(), "\n"]);
    }
    head + &match sealing {
        Sealing::Open => "sealing none\n".to_owned(),
        Sealing::Argon2id { cost, salt } => format!(
            "sealing argon2id m={} t={} p={} salt={}\n",
            cost.memory_kib,
            cost.passes,
            cost.lanes,
            STANDARD.encode(salt)
        ),
    }
}

/// Returns the file.
pub(super) fn bytes(head: &str, seeds: &[u8]) -> Zeroizing<Vec<u8>> {
    let seeds = Zeroizing::new(STANDARD.encode(seeds));
    let mut bytes = Zeroizing::new(Vec::with_capacity(head.len() + seeds.len() + 32));
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(b"seeds ");
    bytes.extend_from_slice(seeds.as_bytes());
    bytes.push(b'\n');
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(format!("crc32c {checksum:08x}\n").as_bytes());
    bytes
}

/// Reads a file that came from `path`.
pub(super) fn parse(path: &Path, file: &[u8]) -> Result<Spelt, KeyFileError> {
    let garbled = |what: &str| KeyFileError::Garbled { path: path.to_owned(), what: what.to_owned() };
    if file.len() > BYTES_MAX {
        return Err(garbled("it is too long"));
    }
    let text = std::str::from_utf8(file).map_err(|_| garbled("it is not text"))?;
    let version = text.strip_prefix("demarche key ").and_then(|rest| rest.lines().next());
    match version.and_then(|version| version.parse::<u32>().ok()) {
        Some(VERSION) => {}
        Some(version) => return Err(KeyFileError::Newer { path: path.to_owned(), version }),
        None => return Err(garbled("it does not begin with `demarche key 1`")),
    }
    let spelt = parts(text).ok_or_else(|| garbled("a line is missing or not as it is written"))?;
    if spelt.public.keys.iter().map(crate::tlog::key::VerifierKey::kind).ne(spelt
        .public
        .role
        .kinds()
        .iter()
        .copied())
    {
        return Err(garbled("its keys are not those of its role"));
    }
    // One spelling for each content; with the checksum, no byte can be another.
    if *bytes(&spelt.head, &spelt.seeds) != *file || head(&spelt.public, &spelt.sealing) != spelt.head {
        return Err(garbled("its checksum does not match"));
    }
    Ok(spelt)
}

fn parts(text: &str) -> Option<Spelt> {
    let (above, below) = text.split_once("\nseeds ")?;
    let head = format!("{above}\n");
    let seeds = Zeroizing::new(STANDARD.decode(below.lines().next()?).ok()?);
    let mut lines = above.lines().skip(1);
    let role = Role::from_word(lines.next()?.strip_prefix("role ")?)?;
    let name = lines.next()?.strip_prefix("name ")?.parse().ok()?;
    let mut keys = Vec::new();
    let mut line = lines.next()?;
    while let Some(key) = line.strip_prefix("key ") {
        keys.push(key.parse().ok()?);
        line = lines.next()?;
    }
    let sealing = sealing(line.strip_prefix("sealing ")?)?;
    if lines.next().is_some() {
        return None;
    }
    let sealed = sealing != Sealing::Open;
    Some(Spelt { public: Public { role, name, keys, sealed }, sealing, head, seeds })
}

fn sealing(words: &str) -> Option<Sealing> {
    if words == "none" {
        return Some(Sealing::Open);
    }
    let mut words = words.strip_prefix("argon2id ")?.split(' ');
    let mut word = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
    let cost = Cost {
        memory_kib: word("m")?.parse().ok()?,
        passes: word("t")?.parse().ok()?,
        lanes: word("p")?.parse().ok()?,
    };
    let salt = STANDARD.decode(word("salt")?).ok()?.try_into().ok()?;
    cost.is_bearable().then_some(Sealing::Argon2id { cost, salt })
}
