//! A witness as a process: killed at any moment, and asked by several at once, it never contradicts itself.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use demarche::tlog::add_checkpoint::AddCheckpoint;
use demarche::tlog::checkpoint::Checkpoint;
use demarche::tlog::key::{SeedSigner, SignatureType, Signer, VerifierKey};
use demarche::tlog::note::{Note, Signature};
use demarche::tlog::proof::{consistency, root};
use demarche::tlog::{Hash, leaf_hash};
use serde_json::Value;

use crate::support::Place;
use crate::tlog::Leaves;

const ORIGIN: &str = "desk-1a2b3c4d";
const WRITERS: u64 = 3;

/// Returns a place with a witness that trusts the log of the tests, and the witness's key.
fn place() -> (Place, VerifierKey) {
    let place = Place::empty();
    let key = place.run(&["witness", "init", "--name", "witness.example/w1"]).ok();
    place.run(&["witness", "trust", &log().key().to_string()]).ok();
    (place, key.trim().parse().unwrap())
}

fn log() -> SeedSigner {
    SeedSigner::new(ORIGIN.parse().unwrap(), SignatureType::Ed25519, &[1; 32])
}

/// Returns a request for a tree of these leaves, and its root.
fn request(old: u64, leaves: Vec<Hash>) -> (AddCheckpoint, Hash) {
    let size = leaves.len() as u64;
    let leaves = Leaves::of(leaves);
    let root = root(&leaves, size).unwrap();
    let proof = consistency(&leaves, old, size).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.parse().unwrap(), size, root, extensions: Vec::new() };
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.sign(&log(), None).unwrap();
    (AddCheckpoint { old, proof, checkpoint: note }, root)
}

/// A witness that serves.
struct Serving {
    child: Child,
    address: String,
}

fn serve(place: &Place) -> Serving {
    let mut command = place.command(&["witness", "serve", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (_, address) = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{line:?}"));
    Serving { address: address.trim_end_matches("/add-checkpoint").to_owned(), child }
}

/// Sends a request; none when no whole answer came.
fn send(address: &str, request: &AddCheckpoint) -> Option<(u16, String)> {
    let body = request.to_bytes();
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok())?;
    (body.len() == length)
        .then(|| head.split(' ').nth(1)?.parse().ok())
        .flatten()
        .map(|code| (code, body.to_owned()))
}

/// What the writers of one log know together. Each of them would continue it in another way.
#[derive(Default)]
struct Known {
    /// The leaves of the last tree that was cosigned.
    leaves: Vec<Hash>,
    /// What was ever asked for, by root: a request without an answer may have been cosigned.
    asked: HashMap<Hash, Vec<Hash>>,
    /// What was answered with a cosignature: every root of every size.
    cosigned: BTreeMap<u64, Vec<Hash>>,
    /// With which cosignatures.
    notes: Vec<Note>,
    written: u64,
}

/// Asks for trees that continue the last in a way of its own, until the witness is gone.
fn write(address: &str, known: &Mutex<Known>, answered: &Sender<()>) {
    loop {
        let (request, root, leaves) = {
            let mut known = known.lock().unwrap();
            known.written += 1;
            let mut leaves = known.leaves.clone();
            let old = leaves.len() as u64;
            // Sometimes the same tree again, sometimes a longer way.
            for _ in 0..known.written % 4 {
                leaves.push(leaf_hash(format!("{} {}", known.written, leaves.len()).as_bytes()));
            }
            let (request, root) = request(old, leaves.clone());
            known.asked.insert(root, leaves.clone());
            (request, root, leaves)
        };
        let Some((status, body)) = send(address, &request) else { return };
        if status == 200 {
            let mut known = known.lock().unwrap();
            let roots = known.cosigned.entry(leaves.len() as u64).or_default();
            if !roots.contains(&root) {
                roots.push(root);
            }
            let mut note = request.checkpoint;
            note.add(Signature::parse(&body).unwrap()).unwrap();
            known.notes.push(note);
            if leaves.len() > known.leaves.len() {
                known.leaves = leaves;
            }
            let _ = answered.send(());
        } else {
            assert!(status == 409 || status == 422, "{status} {body}");
        }
    }
}

/// Returns size and root of what was last cosigned.
fn held(place: &Place) -> Option<(u64, Hash)> {
    let out = place.run(&["witness", "list", "--format", "json"]).ok();
    let logs: Value = serde_json::from_str(&out).unwrap();
    let log = &logs["items"][0];
    let size = log["size"].as_u64()?;
    Some((size, STANDARD.decode(log["root"].as_str().unwrap()).unwrap().try_into().unwrap()))
}

/// How often to kill; the environment may ask for more.
fn kills() -> u64 {
    std::env::var("DEMARCHE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12)
}

#[test]
fn a_witness_that_is_killed_at_any_moment_never_cosigns_two_roots_at_one_size() {
    let (place, key) = place();
    let known = Mutex::new(Known::default());
    for round in 0..kills() {
        let Serving { mut child, address } = serve(&place);
        std::thread::scope(|scope| {
            let (answered, answers) = channel();
            for _ in 0..WRITERS {
                let (answered, address, known) = (answered.clone(), &address, &known);
                scope.spawn(move || write(address, known, &answered));
            }
            drop(answered);
            // Some kills come before the first answer, the others amid them.
            answers.iter().take((round * 5 % 17) as usize).for_each(drop);
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let mut known = known.lock().unwrap();
        let answered = known.cosigned.last_key_value().map(|(size, roots)| (*size, roots.clone()));
        let held = held(&place);
        if let Some((size, roots)) = answered {
            let (held_size, held_root) = held.expect("what was answered is on disk");
            assert!(held_size >= size, "{held_size} is held, {size} was answered");
            assert!(held_size > size || roots == [held_root]);
        }
        if let Some((_, root)) = held {
            // What was cosigned and not heard of: the log goes on from there.
            known.leaves = known.asked[&root].clone();
        }
    }
    let known = known.into_inner().unwrap();
    assert!(known.cosigned.len() > 3, "there was hardly anything to cosign");
    for (size, roots) in &known.cosigned {
        assert_eq!(roots.len(), 1, "two roots at size {size}");
    }
    for note in &known.notes {
        assert!(note.verify(&key).unwrap().is_some());
    }
}

#[test]
fn files_are_cosigned_beside_a_witness_that_serves_and_neither_contradicts_the_other() {
    let (place, key) = place();
    let mut serving = serve(&place);
    let leaves = |count: u64, fork: u64| -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&[u8::try_from(index + fork).unwrap()])).collect()
    };
    assert_eq!(send(&serving.address, &request(0, leaves(3, 0)).0).unwrap().0, 200);
    let file = |name: &str, request: &AddCheckpoint| {
        std::fs::write(place.file(name), request.to_bytes()).unwrap();
    };
    file("next", &request(3, leaves(5, 0)).0);
    let line = place.run(&["witness", "cosign", "next"]).ok();
    let mut note = request(3, leaves(5, 0)).0.checkpoint;
    note.add(Signature::parse(&line).unwrap()).unwrap();
    assert!(note.verify(&key).unwrap().unwrap().time.is_some());
    assert_eq!(send(&serving.address, &request(3, leaves(4, 0)).0), Some((409, "5\n".to_owned())));
    assert_eq!(send(&serving.address, &request(5, leaves(6, 0)).0).unwrap().0, 200);

    file("rollback", &request(0, leaves(4, 0)).0);
    let error = place.run(&["witness", "cosign", "rollback"]).fails(1);
    assert!(error.contains("has the size 6, not 0"), "{error}");
    file("fork", &request(6, leaves(6, 7)).0);
    let error = place.run(&["witness", "cosign", "fork"]).fails(1);
    assert!(error.contains("FORK"), "{error}");
    assert!(place.run(&["witness", "list"]).ok().contains("FORK"));
    file("garbage", &request(0, leaves(1, 0)).0);
    std::fs::write(place.file("garbage"), "old 01\n").unwrap();
    place.run(&["witness", "cosign", "garbage"]).fails(1);

    // What is told to stop by its supervisor ends well.
    let pid = rustix::process::Pid::from_child(&serving.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(serving.child.wait().unwrap().success());
}

/// Runs the program under strace, which kills it at the `number`-th call of this name; returns what it wrote
/// and how it ended.
fn killed_at(place: &Place, call: &str, number: u32, arguments: &[&str]) -> (String, Option<i32>) {
    let plain = place.command(arguments);
    let mut strace = std::process::Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    strace.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={number}"));
    strace.arg(plain.get_program()).args(plain.get_args()).current_dir(place.file(""));
    strace.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = strace.stdin(Stdio::null()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// A kill at every write, sync and rename of a cosignature, and a fork right after it.
#[test]
fn a_kill_between_the_store_and_the_answer_leaves_no_way_to_a_second_root() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: there is no strace to kill with");
        return;
    }
    let leaves = |last: u8| vec![[1; 32], [2; 32], [last; 32]];
    let mut places_seen = 0;
    for call in ["write", "fsync", "rename", "flock", "openat"] {
        for number in 1.. {
            let (place, _) = place();
            std::fs::write(place.file("one"), request(0, leaves(3)).0.to_bytes()).unwrap();
            std::fs::write(place.file("other"), request(0, leaves(4)).0.to_bytes()).unwrap();
            std::fs::write(place.file("next"), request(3, leaves(3)).0.to_bytes()).unwrap();
            let (answer, code) = killed_at(&place, call, number, &["witness", "cosign", "one"]);
            if code == Some(0) {
                break;
            }
            places_seen += 1;
            let held = held(&place);
            assert!(answer.is_empty() || held.is_some(), "{call} {number}: answered, not stored");
            let other = place.run(&["witness", "cosign", "other"]);
            if held.is_some() {
                assert!(other.fails(1).contains("has the size 3"), "{call} {number}");
                // Whoever did not hear the answer asks again.
                place.run(&["witness", "cosign", "next"]).ok();
            } else {
                other.ok();
                place.run(&["witness", "cosign", "one"]).fails(1);
            }
        }
    }
    assert!(places_seen > 10, "it was killed at {places_seen} places");
}

#[test]
fn a_witness_that_is_none_or_has_no_key_says_so() {
    let place = Place::empty();
    let error = place.run(&["witness", "list"]).fails(1);
    assert!(error.contains("there is no witness in demarche-witness"), "{error}");
    place.run(&["witness", "init", "--name", "two words"]).fails(2);
    place.run(&["witness", "init", "--name", "w"]).ok();
    place.run(&["witness", "init", "--name", "w"]).fails(1);
    place.run(&["witness", "trust", "no-such-file"]).fails(2);
    std::fs::write(place.file("wrong"), format!("{}\nno key\n", log().key())).unwrap();
    let error = place.run(&["witness", "trust", "wrong"]).fails(1);
    assert!(error.contains("line 2"), "{error}");
    let error = place.run(&["witness", "serve", "--keys", "elsewhere"]).fails(1);
    assert!(error.contains("elsewhere/w.key"), "{error}");
}
