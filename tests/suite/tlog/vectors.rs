//! Test vectors: our own, which lie in `tests/data`, and whatever directories the environment names.
//!
//! * `DEMARCHE_MERKLE_VECTORS`: a directory like `testdata` of `transparency-dev/merkle`. Every `.json` under
//!   `inclusion` holds `leafIdx`, `treeSize`, `root`, `leafHash`, `proof`, `desc`, `wantErr`; every one under
//!   `consistency` holds `size1`, `size2`, `root1`, `root2`, `proof`, `desc`, `wantErr`. Hashes are base64.
//! * `DEMARCHE_NOTE_VECTORS`: a directory of `.json` files, each a case or a list of cases:
//!   `{"desc": …, "note": TEXT, "keys": [VKEY…], "times": [SECONDS or null…], "checkpoint": {"origin": …,
//!   "size": …, "root": BASE64}, "wantErr": BOOL}`. Instead of `note` there may be `noteBase64`, for bytes
//!   that are no text. A note without `wantErr` is read, is written back byte for byte, and verifies by every
//!   key (at that time, where `times` is given), and its text is that checkpoint (where one is given). With
//!   `wantErr`, one of these fails.
//! * `DEMARCHE_TILE_VECTORS`: a directory of `.json` files, each a case or a list of cases:
//!   `{"desc": …, "path": TEXT, "level": …, "index": …, "width": …, "wantErr": BOOL}`; for a bundle of
//!   entries, `level` is left out. With `wantErr` the path names neither a tile nor a bundle.
//!
//! A directory that is not named is said to be skipped; one that holds no case fails.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use demarche::tlog::checkpoint::Checkpoint;
use demarche::tlog::key::VerifierKey;
use demarche::tlog::note::{Note, Verified};
use demarche::tlog::proof::{verify_consistency, verify_inclusion};
use demarche::tlog::tile::Tile;
use demarche::tlog::{Hash, empty_root};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Leaves;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Returns the directory that the environment names; none after saying so.
fn named(variable: &str) -> Option<PathBuf> {
    let dir = std::env::var_os(variable).map(PathBuf::from);
    if dir.is_none() {
        eprintln!("skipped: {variable} names no directory of test vectors");
    }
    dir
}

/// Returns the `.json` files of a directory and those within it, with what they hold.
fn files(dir: &Path) -> Vec<(PathBuf, Value)> {
    let mut files = Vec::new();
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).unwrap();
            let value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.push((path, value));
        }
    }
    files
}

/// Returns the cases of a directory, with a name for each.
fn cases(dir: &Path) -> Vec<(String, Value)> {
    let mut cases = Vec::new();
    for (path, value) in files(dir) {
        let list = match value {
            Value::Array(list) => list,
            one => vec![one],
        };
        for (place, case) in list.into_iter().enumerate() {
            let desc = case["desc"].as_str().unwrap_or_default();
            cases.push((format!("{} {place}: {desc}", path.display()), case));
        }
    }
    assert!(!cases.is_empty(), "there is no case in {}", dir.display());
    cases
}

fn number(case: &Value, field: &str) -> u64 {
    case[field].as_u64().unwrap_or_else(|| panic!("{field} is no number in {case}"))
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap_or_else(|| panic!("no text: {value}"))).unwrap()
}

/// Returns a root or a leaf hash. The vectors hold some of other lengths, such as "WrongRoot": they stand for
/// any hash that is not the right one, and here for a hash of their own.
fn stand_in(value: &Value) -> Hash {
    let bytes = bytes(value);
    bytes.as_slice().try_into().unwrap_or_else(|_| Sha256::digest(&bytes).into())
}

/// Returns a proof; none when a part of it is no hash, as none that can be sent here is.
fn proof(case: &Value) -> Option<Vec<Hash>> {
    match &case["proof"] {
        Value::Null => Some(Vec::new()),
        proof => proof.as_array().expect("a list").iter().map(|hash| bytes(hash).try_into().ok()).collect(),
    }
}

fn is_included(case: &Value) -> bool {
    let (leaf, root) = (stand_in(&case["leafHash"]), stand_in(&case["root"]));
    proof(case).is_some_and(|proof| {
        verify_inclusion(&leaf, number(case, "leafIdx"), number(case, "treeSize"), &proof, &root).is_ok()
    })
}

fn is_consistent(case: &Value) -> bool {
    let (old_root, root) = (stand_in(&case["root1"]), stand_in(&case["root2"]));
    proof(case).is_some_and(|proof| {
        verify_consistency(number(case, "size1"), number(case, "size2"), &proof, &old_root, &root).is_ok()
    })
}

/// The vectors call every proof from the empty tree an error, because it proves nothing. Here, where a log
/// signs its empty tree, such a proof holds, without a hash and for the root of the empty tree alone.
fn is_from_the_empty_tree(case: &Value) -> bool {
    case["size1"] == 0
        && number(case, "size2") > 0
        && proof(case).is_some_and(|proof| proof.is_empty())
        && stand_in(&case["root1"]) == empty_root()
}

/// Checks every vector of a directory.
fn check_merkle(dir: &Path) {
    let mut wrong = Vec::new();
    for (name, case) in cases(&dir.join("inclusion")) {
        if is_included(&case) == case["wantErr"].as_bool().expect("wantErr") {
            wrong.push(name);
        }
    }
    for (name, case) in cases(&dir.join("consistency")) {
        let want = !case["wantErr"].as_bool().expect("wantErr") || is_from_the_empty_tree(&case);
        if is_consistent(&case) != want {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_good_note(case: &Value) -> bool {
    let raw = match &case["note"] {
        Value::String(text) => text.clone().into_bytes(),
        _ => bytes(&case["noteBase64"]),
    };
    let Ok(note) = Note::parse(&raw) else { return false };
    let keys = case["keys"].as_array().cloned().unwrap_or_default();
    let is_verified = keys.iter().enumerate().all(|(place, key)| {
        let Ok(key) = key.as_str().expect("a vkey").parse::<VerifierKey>() else { return false };
        let time = case["times"].get(place).map(Value::as_u64);
        matches!(note.verify(&key), Ok(Some(Verified { time: said })) if time.is_none_or(|time| time == said))
    });
    let is_checkpoint = case["checkpoint"].is_null() || {
        let want = &case["checkpoint"];
        Checkpoint::parse(note.text()).is_ok_and(|read| {
            read.origin == want["origin"].as_str().expect("an origin")
                && read.size == number(want, "size")
                && read.root[..] == bytes(&want["root"])
                && read.text() == note.text()
        })
    };
    is_verified && is_checkpoint && note.to_bytes() == raw
}

fn is_good_path(case: &Value) -> bool {
    let path = case["path"].as_str().expect("a path");
    let (tile, written) = if path.starts_with("tile/entries/") {
        (Tile::from_entries_path(path), Tile::entries_path as fn(&Tile) -> String)
    } else {
        (Tile::from_path(path), Tile::path as fn(&Tile) -> String)
    };
    tile.is_ok_and(|tile| {
        let is = |field: &str, value: u64| case[field].is_null() || number(case, field) == value;
        let fields =
            [("level", u64::from(tile.level)), ("index", tile.index), ("width", u64::from(tile.width))];
        written(&tile) == path && fields.into_iter().all(|(field, value)| is(field, value))
    })
}

fn check(dir: &Path, is_good: fn(&Value) -> bool) {
    let is_wrong = |case: &Value| {
        is_good(case) == case["wantErr"].as_bool().expect("wantErr says whether it is refused")
    };
    let wrong: Vec<String> =
        cases(dir).into_iter().filter(|(_, case)| is_wrong(case)).map(|(name, _)| name).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_public_vectors_of_trees_hold() {
    if let Some(dir) = named("DEMARCHE_MERKLE_VECTORS") {
        check_merkle(&dir);
    }
}

#[test]
fn the_named_vectors_of_notes_hold() {
    if let Some(dir) = named("DEMARCHE_NOTE_VECTORS") {
        check(&dir, is_good_note);
    }
}

#[test]
fn the_named_vectors_of_tile_paths_hold() {
    if let Some(dir) = named("DEMARCHE_TILE_VECTORS") {
        check(&dir, is_good_path);
    }
}

#[test]
fn our_own_vectors_hold() {
    check_merkle(&data("merkle"));
    check(&data("note"), is_good_note);
    check(&data("tile"), is_good_path);
}

#[test]
fn a_vector_that_says_the_opposite_is_found_wrong() {
    for (name, case) in cases(&data("merkle/inclusion")) {
        assert_ne!(is_included(&case), case["wantErr"].as_bool().unwrap(), "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    for (place, (_, mut case)) in cases(&data("tile")).into_iter().enumerate() {
        case["wantErr"] = json!(!case["wantErr"].as_bool().unwrap());
        let file = dir.path().join("case.json");
        fs::write(&file, case.to_string()).unwrap();
        assert!(std::panic::catch_unwind(|| check(dir.path(), is_good_path)).is_err(), "{place}");
    }
}

/// What a naive verifier, who holds the leaves, says of our own vectors.
fn naively(case: &Value, leaves: &Leaves) -> bool {
    let Some(proof) = proof(case) else { return false };
    let is_within = |size: u64| size <= 16;
    if case["leafIdx"].is_null() {
        let (old, size) = (number(case, "size1"), number(case, "size2"));
        old <= size
            && is_within(size)
            && leaves.consistency(old, size) == proof
            && stand_in(&case["root1"]) == leaves.root(old)
            && stand_in(&case["root2"]) == leaves.root(size)
    } else {
        let (index, size) = (number(case, "leafIdx"), number(case, "treeSize"));
        index < size
            && is_within(size)
            && leaves.path(index, size) == proof
            && stand_in(&case["leafHash"]) == leaves.0[index as usize]
            && stand_in(&case["root"]) == leaves.root(size)
    }
}

/// Our own vectors, as they are made. With `UPDATE_VECTORS` in the environment they are written anew.
#[test]
fn our_own_vectors_are_what_a_naive_verifier_says() {
    let made = made();
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        for (name, case) in &made {
            let path = data("merkle").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{}\n", serde_json::to_string_pretty(case).unwrap())).unwrap();
        }
    }
    let leaves = Leaves::new(16);
    assert_eq!(files(&data("merkle")).len(), made.len());
    for (name, case) in &made {
        let text = fs::read_to_string(data("merkle").join(name)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), *case, "{name}");
        let wants = !case["wantErr"].as_bool().unwrap() || is_from_the_empty_tree(case);
        assert_eq!(naively(case, &leaves), wants, "{name}");
    }
}

fn encoded(hash: &Hash) -> Value {
    json!(STANDARD.encode(hash))
}

fn made() -> Vec<(String, Value)> {
    let leaves = Leaves::new(16);
    let mut made = Vec::new();
    let proof = |hashes: Vec<Hash>| Value::Array(hashes.iter().map(encoded).collect());
    for (index, size) in [(0, 1), (0, 8), (5, 8), (2, 3), (6, 7)] {
        let case = json!({
            "leafIdx": index, "treeSize": size, "root": encoded(&leaves.root(size)),
            "leafHash": encoded(&leaves.0[index as usize]),
            "proof": proof(demarche::tlog::proof::inclusion(&leaves, index, size).unwrap()),
            "desc": "happy path", "wantErr": false,
        });
        let dir = format!("inclusion/{index}-of-{size}");
        if (index, size) == (5, 8) {
            let changes = [("leafIdx", json!(4)), ("treeSize", json!(4)), ("treeSize", json!(16))];
            for (place, (field, value)) in changes.into_iter().enumerate() {
                made.push(altered(&dir, &case, &format!("other {field} {place}"), field, value));
            }
            made.push(altered(&dir, &case, "wrong leaf", "leafHash", json!("V3JvbmdMZWFm")));
            made.push(altered(&dir, &case, "empty root", "root", encoded(&empty_root())));
            made.extend(altered_proofs(&dir, &case));
        }
        made.push((format!("{dir}/happy-path.json"), case));
    }
    for (old, size) in [(1, 1), (1, 8), (6, 8), (2, 5), (3, 7), (0, 8)] {
        let case = json!({
            "size1": old, "size2": size, "root1": encoded(&leaves.root(old)), "root2": encoded(&leaves.root(size)),
            "proof": proof(demarche::tlog::proof::consistency(&leaves, old, size).unwrap()),
            "desc": "happy path", "wantErr": old == 0,
        });
        let dir = format!("consistency/{old}-to-{size}");
        if (old, size) == (6, 8) {
            made.push(altered(&dir, &case, "size1 + 1", "size1", json!(7)));
            made.push(altered(&dir, &case, "size2 div 2", "size2", json!(4)));
            made.push(altered(&dir, &case, "swapped root", "root1", case["root2"].clone()));
            made.push(altered(&dir, &case, "empty proof", "proof", Value::Null));
            made.extend(altered_proofs(&dir, &case));
        }
        made.push((format!("{dir}/happy-path.json"), case));
    }
    made
}

fn altered(dir: &str, case: &Value, desc: &str, field: &str, value: Value) -> (String, Value) {
    let mut altered = case.clone();
    altered[field] = value;
    altered["desc"] = json!(desc);
    altered["wantErr"] = json!(true);
    (format!("{dir}/{}.json", desc.replace(' ', "-")), altered)
}

fn altered_proofs(dir: &str, case: &Value) -> Vec<(String, Value)> {
    let proof = case["proof"].as_array().unwrap();
    let (_, shorter) = proof.split_last().unwrap();
    let mut flipped = proof.clone();
    let mut hash = bytes(&flipped[0]);
    hash[0] ^= 8;
    flipped[0] = json!(STANDARD.encode(hash));
    let mut longer = proof.clone();
    longer.push(json!(""));
    [("removed component", shorter.to_vec()), ("modified bit", flipped), ("trailing garbage", longer)]
        .into_iter()
        .map(|(desc, proof)| altered(dir, case, desc, "proof", Value::Array(proof)))
        .collect()
}
