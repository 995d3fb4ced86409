//! The same questions, asked of `tlog_tiles`, `signed_note` and `ct-merkle`. Where they are known to be
//! wrong, what is right is said here.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use demarche::tlog::checkpoint::Checkpoint;
use demarche::tlog::key::{SeedSigner, SignatureType, Signer};
use demarche::tlog::note::Note;
use demarche::tlog::proof::{consistency, inclusion, root, verify_consistency, verify_inclusion};
use demarche::tlog::tile::{Tile, tiles};
use demarche::tlog::{Hash, leaf_hash};
use proptest::prelude::*;
use sha2_of_ct_merkle::Sha256;
use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::HashReader;

use super::{Leaves, entry};

const SIZE_MAX: u64 = 70;

/// A tree as `tlog_tiles` stores it.
struct Stored(Vec<tlog_tiles::Hash>);

impl Stored {
    fn new(size: u64) -> Self {
        let mut stored = Self(Vec::new());
        for index in 0..size {
            let hashes = tlog_tiles::stored_hashes(index, &entry(index), &stored).unwrap();
            stored.0.extend(hashes);
        }
        stored
    }
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash)
}

fn all_theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().copied().map(tlog_tiles::Hash).collect()
}

#[test]
fn proofs_are_those_of_another_implementation_and_each_believes_the_other() {
    let (leaves, stored) = (Leaves::new(SIZE_MAX), Stored::new(SIZE_MAX));
    for size in 1..=SIZE_MAX {
        let tree = root(&leaves, size).unwrap();
        assert_eq!(theirs(tree), tlog_tiles::tree_hash(size, &stored).unwrap());
        for index in 0..size {
            let leaf = leaf_hash(&entry(index));
            let proof = inclusion(&leaves, index, size).unwrap();
            assert_eq!(all_theirs(&proof), tlog_tiles::prove_record(size, index, &stored).unwrap());
            tlog_tiles::check_record(&all_theirs(&proof), size, theirs(tree), index, theirs(leaf)).unwrap();
            let old = index + 1;
            let proof = consistency(&leaves, old, size).unwrap();
            assert_eq!(all_theirs(&proof), tlog_tiles::prove_tree(size, old, &stored).unwrap());
            let old_tree = theirs(root(&leaves, old).unwrap());
            tlog_tiles::check_tree(&all_theirs(&proof), size, theirs(tree), old, old_tree).unwrap();
        }
    }
}

#[test]
fn the_proofs_of_a_third_implementation_are_believed() {
    let leaves = Leaves::new(SIZE_MAX);
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let hashes = |bytes: &[u8]| -> Vec<Hash> {
        let (hashes, rest) = bytes.as_chunks();
        assert_eq!(rest, [0; 0]);
        hashes.to_vec()
    };
    for size in 1..=SIZE_MAX {
        tree.push(entry(size - 1));
        let root = root(&leaves, size).unwrap();
        assert_eq!(tree.root().as_bytes()[..], root);
        for index in 0..size {
            let proof = hashes(tree.prove_inclusion(index as usize).as_bytes());
            verify_inclusion(&leaf_hash(&entry(index)), index, size, &proof, &root).unwrap();
            let old = index + 1;
            let proof = hashes(tree.prove_consistency((size - old) as usize).as_bytes());
            verify_consistency(old, size, &proof, &leaves.root(old), &root).unwrap();
        }
    }
}

/// Returns the path that `tlog_tiles` knows a tile by: it writes the height of the tile, as Go does.
fn with_height(path: &str) -> String {
    path.replacen("tile/", "tile/8/", 1)
}

#[test]
fn a_tree_has_the_tiles_that_another_implementation_publishes() {
    for size in [0, 1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 70_000, 16_777_217] {
        let ours: Vec<String> = tiles(size).map(|tile| with_height(&tile.path())).collect();
        let published: Vec<String> =
            tlog_tiles::Tile::new_tiles(8, 0, size).iter().map(tlog_tiles::Tile::path).collect();
        assert_eq!(ours, published, "{size}");
    }
}

fn signer(kind: SignatureType, number: u8) -> SeedSigner {
    SeedSigner::new("log.example/one".parse().unwrap(), kind, &[number; 32])
}

#[test]
fn a_note_that_is_signed_here_is_verified_there_and_its_cosignatures_ignored() {
    let checkpoint = Checkpoint {
        origin: "log.example/one".parse().unwrap(),
        size: 5,
        root: Leaves::new(5).root(5),
        extensions: Vec::new(),
    };
    let mut note = Note::new(checkpoint.text()).unwrap();
    let log = signer(SignatureType::Ed25519, 1);
    note.sign(&log, None).unwrap();
    note.sign(&signer(SignatureType::CosignatureV1, 2), Some(1_700_000_000)).unwrap();
    let read = signed_note::Note::from_bytes(&note.to_bytes()).unwrap();
    let known = StandardVerifier::new(&log.key().to_string()).unwrap();
    let (good, ignored) = read.verify(&VerifierList::new(vec![Box::new(known)])).unwrap();
    assert_eq!((good.len(), ignored.len()), (1, 1));
    assert_eq!(read.to_bytes(), note.to_bytes());
    let theirs = tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), ("log.example/one", 5, checkpoint.root));
}

#[test]
fn a_note_that_is_signed_there_is_verified_here() {
    // The signing key of `signed_note`'s own example.
    let skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let mut note = signed_note::Note::new(b"a text\n\nin parts\n", &[]).unwrap();
    note.add_sigs(&[&signed_note::StandardSigner::new(skey).unwrap()]).unwrap();
    let read = Note::parse(&note.to_bytes()).unwrap();
    assert!(read.verify(&vkey.parse().unwrap()).unwrap().is_some());
    assert_eq!(read.to_bytes(), note.to_bytes());
}

proptest! {
    /// `tlog_tiles` 0.2.0 panics on the width 0 and on levels from 64 on; here they name no tile. So both are
    /// asked only about what does not make it fail.
    #[test]
    fn the_same_paths_name_a_tile_here_and_there(
        path in "tile/([0-9]|[0-5][0-9]|6[0-3])(/x?[0-9]{3}){1,3}(\\.p/[1-9][0-9]{0,2})?",
    ) {
        let ours = Tile::from_path(&path).ok().map(|tile| (tile.level, tile.index, u32::from(tile.width)));
        let other = tlog_tiles::Tile::from_path(&with_height(&path)).ok();
        let other = other.map(|tile| (tile.level(), tile.level_index(), tile.width()));
        prop_assert_eq!(ours, other, "{}", path);
    }

    /// `tlog_tiles` 0.2.0 takes any origin; here spaces, plus and control characters are refused. Apart from
    /// that both read the same texts.
    #[test]
    fn the_same_texts_are_checkpoints_here_and_there(
        text in "[a-z]{0,2}\n(0|[0-9]{1,3}|18446744073709551616)\n[A-Za-z0-9+/]{42}[AEIMB]=\n([a-z]{0,2}\n){0,2}",
    ) {
        // What it calls an empty line at the end is one line too many here.
        let ours = Checkpoint::parse(&text).is_ok();
        let other = tlog_tiles::Checkpoint::from_bytes(text.as_bytes());
        prop_assert_eq!(ours, other.is_ok(), "{:?}", text);
    }

    #[test]
    fn the_same_bytes_are_notes_here_and_there(
        bytes in "[a-z\n]{0,4}\n\n(— [a-z+]{0,2} [A-Za-z0-9+/]{6}[A-P]=\n){0,3}[a-z]{0,1}",
    ) {
        let other = signed_note::Note::from_bytes(bytes.as_bytes());
        prop_assert_eq!(Note::parse(bytes.as_bytes()).is_ok(), other.is_ok(), "{:?}", bytes);
    }
}

#[test]
fn what_another_implementation_is_known_to_get_wrong_is_refused_here() {
    for path in ["tile/0/001.p/0", "tile/64/001", "tile/8/0/001"] {
        assert!(Tile::from_path(path).is_err(), "{path}");
    }
    let hash = tlog_tiles::Hash([7; 32]);
    let text = tlog_tiles::Checkpoint::new("log\nother", 3, hash, "").unwrap().to_bytes();
    assert!(Checkpoint::parse(std::str::from_utf8(&text).unwrap()).is_err());
}
