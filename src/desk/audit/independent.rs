//! Whole bundles, read by programs of others: `signed_note` and `tlog_tiles`.

use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::HashReader;

use crate::desk::audit::testing::{BEGUN, Files, Log};
use crate::store::EventStore;
use crate::tlog::key::{SignatureType, Signer, VerifierKey};

/// A tree as `tlog_tiles` stores it.
struct Stored(Vec<tlog_tiles::Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn hash(text: &str) -> tlog_tiles::Hash {
    tlog_tiles::Hash::parse_hash(text).unwrap()
}

/// Verifies a note with a key of type 0x01, and returns its text.
fn opened(note: &[u8], vkey: &str) -> Vec<u8> {
    let read = signed_note::Note::from_bytes(note).unwrap();
    let keys = VerifierList::new(vec![Box::new(StandardVerifier::new(vkey).unwrap())]);
    let (verified, _) = read.verify(&keys).unwrap();
    assert_eq!(verified.len(), 1);
    read.text().to_vec()
}

/// Verifies a timestamped cosignature: it is an Ed25519 signature over another text, which a note of that text
/// under a key of type 0x01 has too.
fn cosigned(note: &[u8], key: &VerifierKey) -> u64 {
    let text = signed_note::Note::from_bytes(note).unwrap().text().to_vec();
    let digits = format!("{}+{:08x}", key.name(), u32::from_be_bytes(key.id()));
    let lines = String::from_utf8(note.to_vec()).unwrap();
    let line = lines.lines().filter_map(|line| line.strip_prefix("\u{2014} ")).find_map(|line| {
        let (name, bytes) = line.split_once(' ')?;
        let bytes = base64(bytes);
        let id = u32::from_be_bytes(bytes[..4].try_into().unwrap());
        (format!("{name}+{id:08x}") == digits).then_some(bytes)
    });
    let line = line.expect("a line of the cosigner");
    let time = u64::from_be_bytes(line[4..12].try_into().unwrap());
    let twin = VerifierKey::new(key.name().clone(), SignatureType::Ed25519, key.public()).unwrap();
    let message = [format!("cosignature/v1\ntime {time}\n").as_bytes(), &text].concat();
    let id = u32::from_be_bytes(twin.id());
    let signature = signed_note::Signature::new(key.name().to_string(), id, line[12..].to_vec()).unwrap();
    let note = signed_note::Note::new(&message, &[signature]).unwrap();
    assert_eq!(opened(&note.to_bytes(), &twin.to_string()), message);
    time
}

fn leaves(files: &Files, size: u64) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    for (path, bundle) in files.iter().filter(|(path, _)| path.starts_with("tile/entries/")) {
        assert!(!path.ends_with(".p/0"));
        let mut rest = bundle.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (leaf, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            leaves.push(leaf.to_vec());
            rest = after;
        }
    }
    // The paths of so few bundles are in the order of their numbers.
    assert_eq!(leaves.len() as u64, size);
    leaves
}

#[track_caller]
fn is_accepted(log: &Log, files: &Files, size: u64) {
    let keys = log.keys(1);
    let checkpoint = &files["checkpoint"];
    let read = tlog_tiles::Checkpoint::from_bytes(&opened(checkpoint, &keys[0].to_string())).unwrap();
    assert_eq!((read.origin(), read.size(), read.extension()), (log.store.log_id(), size, ""));
    assert!(cosigned(checkpoint, &keys[1]) >= u64::try_from(BEGUN).unwrap());
    assert_eq!(cosigned(checkpoint, Log::witness().key()), 7);
    let leaves = leaves(files, size);
    let mut stored = Stored(Vec::new());
    for (leaf, index) in leaves.iter().zip(0..) {
        let hashes = tlog_tiles::stored_hashes(index, leaf, &stored).unwrap();
        stored.0.extend(hashes);
    }
    if size > 0 {
        assert_eq!(tlog_tiles::tree_hash(size, &stored).unwrap(), *read.hash());
    }
    let tiles = tlog_tiles::Tile::new_tiles(8, 0, size);
    for tile in &tiles {
        // Their paths begin with the height of a tile, as Go's do.
        let path = tile.path().replacen("tile/8/", "tile/", 1);
        assert_eq!(files[&path], tile.read_data(&stored).unwrap(), "{path}");
    }
    let of_hashes = |path: &&String| path.starts_with("tile/") && !path.starts_with("tile/entries/");
    assert_eq!(files.keys().filter(of_hashes).count(), tiles.len());
    let mut proved = 0;
    for (path, proof) in files.iter().filter(|(path, _)| path.starts_with("proofs/")) {
        let text = std::str::from_utf8(proof).unwrap();
        let (head, note) = text.split_once("\n\n").unwrap();
        assert_eq!(note.as_bytes(), checkpoint);
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
        let index: u64 = lines.next().unwrap().strip_prefix("index ").unwrap().parse().unwrap();
        assert_eq!(*path, format!("proofs/{index}.tlog-proof"));
        let hashes = lines.map(hash).collect();
        let leaf = tlog_tiles::record_hash(&leaves[usize::try_from(index).unwrap()]);
        tlog_tiles::check_record(&hashes, size, *read.hash(), index, leaf).unwrap();
        proved += 1;
    }
    assert_eq!(proved, size);
    for (path, request) in files.iter().filter(|(path, _)| path.starts_with("consistency/")) {
        let text = std::str::from_utf8(request).unwrap();
        let (head, note) = text.split_once("\n\n").unwrap();
        assert_eq!(note.as_bytes(), checkpoint);
        let mut lines = head.lines();
        let old: u64 = lines.next().unwrap().strip_prefix("old ").unwrap().parse().unwrap();
        assert_eq!(*path, format!("consistency/{old}"));
        let hashes: Vec<tlog_tiles::Hash> = lines.map(hash).collect();
        if old == 0 {
            assert!(hashes.is_empty());
            continue;
        }
        let kept = opened(&files[&format!("checkpoints/{old}")], &keys[0].to_string());
        let kept = tlog_tiles::Checkpoint::from_bytes(&kept).unwrap();
        tlog_tiles::check_tree(&hashes, size, *read.hash(), old, *kept.hash()).unwrap();
    }
}

#[test]
fn programs_of_others_accept_whole_bundles_of_any_size() {
    let large = std::env::var_os("DEMARCHE_LARGE_TESTS").map(|_| 65_537);
    for size in [0, 1, 2, 255, 256, 257].into_iter().chain(large) {
        let mut log = Log::new();
        log.proofs_max = u64::MAX;
        for old in [1, 2, 128, 256].into_iter().filter(|old| *old < size) {
            log.add(old - log.store.head().size);
            log.keep(old, BEGUN);
        }
        log.add(size - log.store.head().size);
        let mut note = log.sign(size, BEGUN + 9);
        note.sign(&Log::witness(), Some(7)).unwrap();
        log.kept.notes.insert(size, note);
        is_accepted(&log, &log.files(size, None), size);
    }
}
