use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::tlog::key::{SeedSigner, SignatureType};
use crate::tlog::note::{NoteError, Verified};
use crate::tlog::proof::{ProofError, consistency, root};
use crate::tlog::testing::{Endless, Grown, signer};

const ORIGIN: &str = "desk-1a2b3c4d";
const NOW: i64 = 1_700_000_000;

/// A witness in a directory of its own, which trusts the log of the tests, and its clock in seconds.
struct Fixture {
    place: tempfile::TempDir,
    clock: Arc<AtomicI64>,
}

impl Fixture {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let fixture = Self { place, clock: Arc::new(AtomicI64::new(NOW)) };
        let name = "witness.example/w1".parse().unwrap();
        Witness::init(&fixture.dir(), &fixture.keys(), &name).unwrap();
        Witness::trust(&fixture.dir(), &[log(1).key().clone()]).unwrap();
        fixture
    }

    fn dir(&self) -> PathBuf {
        self.place.path().join("state")
    }

    fn keys(&self) -> KeyPlace {
        KeyPlace::directory(self.place.path().join("keys"))
    }

    fn witness(&self) -> Witness {
        let clock = Arc::clone(&self.clock);
        let clock =
            Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed) * 1_000_000).unwrap());
        Witness::open(&self.dir(), &self.keys(), clock).unwrap()
    }

    fn held(&self) -> Option<u64> {
        Witness::list(&self.dir()).unwrap().1[0].size
    }
}

fn log(number: u8) -> SeedSigner {
    signer(ORIGIN, SignatureType::Ed25519, number)
}

/// Returns a request of the log of the tests, with the right proof.
fn request(old: u64, size: u64) -> AddCheckpoint {
    let tree = Grown::new(64);
    of(old, size, root(&tree, size).unwrap(), consistency(&tree, old, size).unwrap())
}

fn of(old: u64, size: u64, root: Hash, proof: Vec<Hash>) -> AddCheckpoint {
    let checkpoint = Checkpoint { origin: ORIGIN.parse().unwrap(), size, root, extensions: Vec::new() };
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.sign(&log(1), None).unwrap();
    AddCheckpoint { old, proof, checkpoint: note }
}

#[track_caller]
fn refusal(witness: &Witness, request: &AddCheckpoint) -> Refusal {
    match witness.cosign(request) {
        Err(CosignError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_log_is_cosigned_as_it_grows() {
    let fixture = Fixture::new();
    for (old, size) in [(0, 3), (3, 3), (3, 8), (8, 64)] {
        let witness = fixture.witness();
        let cosigned = witness.cosign(&request(old, size)).unwrap();
        let mut note = request(old, size).checkpoint;
        note.add(cosigned.line).unwrap();
        assert_eq!(note, cosigned.note);
        let time = Some(u64::try_from(NOW).unwrap());
        assert_eq!(note.verify(witness.key()), Ok(Some(Verified { time })));
        assert_eq!(fixture.held(), Some(size));
    }
}

#[test]
fn a_fork_and_a_rollback_are_refused() {
    let fixture = Fixture::new();
    let witness = fixture.witness();
    witness.cosign(&request(0, 8)).unwrap();
    let forked = of(8, 8, [7; 32], Vec::new());
    assert_eq!(refusal(&witness, &forked), Refusal::Forked { held: 8 });
    let (_, logs) = Witness::list(&fixture.dir()).unwrap();
    let evidence = fs::read(logs[0].fork.as_ref().unwrap()).unwrap();
    assert_eq!(Note::parse(&evidence), Ok(forked.checkpoint), "the contradiction is kept");
    let inconsistent = of(8, 9, [7; 32], request(8, 9).proof);
    let error = ProofError::Root;
    assert_eq!(refusal(&witness, &inconsistent), Refusal::Inconsistent { held: 8, error });
    assert_eq!(refusal(&witness, &request(0, 5)), Refusal::Moved { old: 0, held: 8 });
    assert_eq!(refusal(&witness, &request(5, 5)), Refusal::Moved { old: 5, held: 8 });
    assert_eq!(refusal(&witness, &request(9, 5)), Refusal::Backwards { old: 9, size: 5 });
    // From the empty tree everything follows: so nothing does once something was cosigned.
    assert_eq!(refusal(&witness, &of(0, 9, [7; 32], Vec::new())), Refusal::Moved { old: 0, held: 8 });
    assert_eq!(fixture.held(), Some(8));
}

#[test]
fn an_empty_log_has_the_root_of_the_empty_tree() {
    let fixture = Fixture::new();
    let witness = fixture.witness();
    assert_eq!(refusal(&witness, &of(0, 0, [7; 32], Vec::new())), Refusal::Forked { held: 0 });
    witness.cosign(&request(0, 0)).unwrap();
    let superfluous = of(0, 3, request(0, 3).proof.first().copied().unwrap_or([7; 32]), vec![[7; 32]]);
    let error = ProofError::Length { found: 1, expected: 0 };
    assert_eq!(refusal(&witness, &superfluous), Refusal::Inconsistent { held: 0, error });
    witness.cosign(&request(0, 3)).unwrap();
}

#[test]
fn only_a_checkpoint_that_a_trusted_key_signed_is_cosigned_and_only_verified_lines_are_kept() {
    let fixture = Fixture::new();
    let witness = fixture.witness();
    let origin: KeyName = ORIGIN.parse().unwrap();
    let mut stranger = request(0, 3);
    stranger.checkpoint = Note::new(stranger.checkpoint.text()).unwrap();
    stranger.checkpoint.sign(&log(2), None).unwrap();
    assert_eq!(refusal(&witness, &stranger), Refusal::Unsigned { origin: origin.clone() });
    let mut forged = request(0, 3);
    let key = log(1).key().clone();
    let line = Signature { name: origin.clone(), id: key.id(), bytes: vec![1; 64] };
    forged.checkpoint.add(line).unwrap();
    assert!(matches!(refusal(&witness, &forged), Refusal::Forged(NoteError::Forged { .. })));
    let mut unknown = request(0, 3);
    let text = unknown.checkpoint.text().replace(ORIGIN, "other.example/log");
    unknown.checkpoint = Note::new(text).unwrap();
    unknown.checkpoint.sign(&log(1), None).unwrap();
    let other = "other.example/log".parse().unwrap();
    assert_eq!(refusal(&witness, &unknown), Refusal::UnknownLog { origin: other });
    let mut no_checkpoint = request(0, 3);
    no_checkpoint.checkpoint = Note::new("a text\n").unwrap();
    assert!(matches!(refusal(&witness, &no_checkpoint), Refusal::NoCheckpoint(_)));
    let mut more = request(0, 3);
    more.checkpoint.sign(&log(2), None).unwrap();
    let names: Vec<_> = witness.cosign(&more).unwrap().note.signatures().to_vec();
    assert_eq!(names.len(), 2, "the log's verified line and the cosignature");
    Witness::trust(&fixture.dir(), &[log(2).key().clone()]).unwrap();
    more.old = 3;
    more.proof = Vec::new();
    assert_eq!(witness.cosign(&more).unwrap().note.signatures().len(), 3);
}

#[test]
fn the_time_of_a_cosignature_never_goes_back() {
    let fixture = Fixture::new();
    let witness = fixture.witness();
    let now = u64::try_from(NOW).unwrap();
    let time = |note: &Note| note.verify(witness.key()).unwrap().unwrap().time.unwrap();
    assert_eq!(time(&witness.cosign(&request(0, 3)).unwrap().note), now);
    fixture.clock.store(NOW - 60, Ordering::Relaxed);
    assert_eq!(time(&witness.cosign(&request(3, 5)).unwrap().note), now);
    fixture.clock.store(NOW - 3_600, Ordering::Relaxed);
    let error = witness.cosign(&request(5, 6)).unwrap_err();
    assert_eq!(error.to_string(), "the clock is 3600 seconds behind the last cosignature; set it right");
    fixture.clock.store(-1, Ordering::Relaxed);
    assert!(matches!(witness.cosign(&request(5, 6)), Err(CosignError::Unavailable(_))));
    assert_eq!(fixture.held(), Some(5));
}

#[test]
fn a_state_that_was_altered_is_never_taken_for_an_empty_one() {
    let fixture = Fixture::new();
    fixture.witness().cosign(&request(0, 8)).unwrap();
    let path = fs::read_dir(fixture.dir().join("logs")).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&path).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let cosigned = fixture.witness().cosign(&request(0, 5));
        assert!(matches!(cosigned, Err(CosignError::Unavailable(_))), "cut at {length}");
    }
    fs::write(&path, text.replace("\n8\n", "\n5\n")).unwrap();
    assert!(matches!(fixture.witness().cosign(&request(5, 8)), Err(CosignError::Unavailable(_))));
    // What a process that died was about to write is nothing.
    fs::write(&path, &bytes).unwrap();
    fs::write(path.with_extension("new"), "half").unwrap();
    assert_eq!(fixture.held(), Some(8));
    fixture.witness().cosign(&request(8, 9)).unwrap();
}

#[test]
fn a_key_and_its_state_are_made_once_and_belong_together() {
    let fixture = Fixture::new();
    let name = "witness.example/w1".parse().unwrap();
    let elsewhere = fixture.place.path().join("elsewhere");
    let others = KeyPlace::directory(fixture.place.path().join("others"));
    let is_refused = |dir: &Path, place: &KeyPlace| {
        matches!(Witness::init(dir, place, &name), Err(DeskError::Refused { .. }))
    };
    assert!(is_refused(&fixture.dir(), &others), "there is a state");
    assert!(is_refused(&elsewhere, &fixture.keys()), "there is a key");
    let within = KeyPlace::directory(elsewhere.join("keys"));
    assert!(is_refused(&elsewhere, &within), "the key would lie in the state");
    Witness::init(&elsewhere, &others, &name).unwrap();
    let clock = Arc::new(|| Timestamp::MIN);
    assert!(matches!(Witness::open(&fixture.dir(), &others, clock), Err(DeskError::Refused { .. })));
}

#[test]
fn the_keys_of_one_log_are_trusted_at_once() {
    let fixture = Fixture::new();
    let wrong = Witness::trust(&fixture.dir(), &[]).unwrap_err();
    assert!(matches!(wrong, DeskError::Wrong(_)));
    let other = signer("other.example/log", SignatureType::Ed25519, 9).key().clone();
    let wrong = Witness::trust(&fixture.dir(), &[log(2).key().clone(), other.clone()]).unwrap_err();
    assert!(matches!(wrong, DeskError::Wrong(_)));
    assert_eq!(Witness::trust(&fixture.dir(), std::slice::from_ref(&other)).unwrap(), *other.name());
    Witness::trust(&fixture.dir(), &[log(1).key().clone(), log(3).key().clone()]).unwrap();
    let (_, logs) = Witness::list(&fixture.dir()).unwrap();
    let known: Vec<_> = logs.iter().map(|log| (log.origin.as_str(), log.keys.len())).collect();
    assert_eq!(known, [(ORIGIN, 2), ("other.example/log", 1)]);
}

#[test]
fn a_cosignature_is_added_to_the_checkpoint_that_was_cosigned_and_to_no_other() {
    let fixture = Fixture::new();
    let path = fixture.place.path().join("checkpoint");
    fs::write(&path, request(0, 3).checkpoint.to_bytes()).unwrap();
    let cosigned = fixture.witness().cosign(&request(0, 3)).unwrap();
    add_to(&path, &cosigned).unwrap();
    add_to(&path, &cosigned).unwrap();
    assert_eq!(fs::read(&path).unwrap(), cosigned.note.to_bytes());
    let other = request(0, 4).checkpoint.to_bytes();
    fs::write(&path, &other).unwrap();
    assert!(matches!(add_to(&path, &cosigned), Err(DeskError::Refused { .. })));
    assert_eq!(fs::read(&path).unwrap(), other);
}

#[test]
fn many_at_once_never_get_two_roots_at_one_size() {
    let fixture = Fixture::new();
    let witness = fixture.witness();
    let given = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0u8..4 {
            let (witness, given) = (&witness, &given);
            scope.spawn(move || {
                for size in 1..12 {
                    let request = of(size - 1, size, [thread; 32], Vec::new());
                    // From the empty tree any root follows; afterwards none of these does.
                    if let Ok(cosigned) = witness.cosign(&request) {
                        given.lock().unwrap().push((cosigned.checkpoint.size, cosigned.checkpoint.root));
                    }
                }
            });
        }
    });
    assert_eq!(given.into_inner().unwrap().len(), 1);
}

/// Two histories that agree up to a size: the leaves of the one, then those of the other.
fn root_of(history: u8, size: u64) -> Hash {
    match history {
        0 => root(&Grown::new(64), size).unwrap(),
        _ => root(&Endless::new(), size).unwrap(),
    }
}

fn proof_of(history: u8, old: u64, size: u64) -> Vec<Hash> {
    match history {
        0 => consistency(&Grown::new(64), old, size).unwrap(),
        _ => consistency(&Endless::new(), old, size).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is asked in whatever order, by a log that lies: the model is the list of what was cosigned.
    #[test]
    fn no_requests_lead_to_two_roots_at_one_size_nor_to_a_smaller_size(
        asked in proptest::collection::vec((0u8..2, 0u8..2, 0u64..9, 0u64..9, any::<bool>()), 1..25),
    ) {
        let fixture = Fixture::new();
        let mut cosigned: BTreeMap<u64, Hash> = BTreeMap::new();
        let mut held = None;
        for (history, proved, old, size, follows) in asked {
            // Half of the requests name the size that is held, as a client that was told it does.
            let old = if follows { held.unwrap_or(0) } else { old };
            let proof = if old <= size { proof_of(proved, old, size) } else { Vec::new() };
            let root = root_of(history, size);
            let is_right = old == held.unwrap_or(0)
                && old <= size
                && (held.is_none_or(|held| cosigned[&held] == root_of(history, held)))
                && proof == proof_of(history, old, size);
            match fixture.witness().cosign(&of(old, size, root, proof)) {
                Ok(answer) => {
                    prop_assert!(is_right);
                    prop_assert!(held.is_none_or(|held| held <= size));
                    prop_assert_eq!(*cosigned.entry(size).or_insert(root), root);
                    prop_assert_eq!(answer.checkpoint.root, root);
                    held = Some(size);
                }
                Err(CosignError::Refused(_)) => prop_assert!(!is_right),
                Err(error @ CosignError::Unavailable(_)) => panic!("{error}"),
            }
            prop_assert_eq!(fixture.held(), held);
        }
    }
}

#[test]
fn a_line_that_only_says_when_is_no_signature_of_the_log() {
    let fixture = Fixture::new();
    let clock = signer(ORIGIN, SignatureType::CosignatureV1, 2);
    Witness::trust(&fixture.dir(), &[clock.key().clone()]).unwrap();
    let whole = request(0, 3);
    let mut note = Note::new(whole.checkpoint.text()).unwrap();
    note.sign(&clock, Some(1_000)).unwrap();
    let dated = AddCheckpoint { checkpoint: note.clone(), ..whole };
    let origin = ORIGIN.parse().unwrap();
    assert_eq!(refusal(&fixture.witness(), &dated), Refusal::Unsigned { origin });
    assert_eq!(fixture.held(), None);
    note.sign(&log(1), None).unwrap();
    fixture.witness().cosign(&AddCheckpoint { checkpoint: note, ..dated }).unwrap();
}
