//! What it costs that a log can be proved: commitments and tree, proofs, signatures.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use demarche::desk::Desk;
use demarche::desk::ask::{Caller, RecordAsk};
use demarche::desk::checkpoint::rounds::{Pace, Rounds};
use demarche::desk::keys::place::KeyPlace;
use demarche::domain::id::RequestId;
use demarche::store::segment::{Opening, SegmentStore};
use demarche::store::{Condition, EventStore, ReadError};
use demarche::tlog::proof::{self, Nodes};
use demarche::tlog::tree::Edge;
use demarche::tlog::{Hash, leaf_hash};
use sha2::{Digest, Sha256};

use crate::events;
use crate::read::Log;
use crate::report::{Report, median};

const ROUNDS: usize = 7;
const GROUP: usize = 100;
const COMMITS: usize = 60;
const PROOFS: u64 = 2_000;
const LOAD: Duration = Duration::from_secs(4);

/// Measures what a log costs beyond one that proves nothing.
pub(crate) fn measure(dir: &Path, log: &Log, report: &mut Report) {
    append(dir, report);
    proofs(log, report);
    interval(dir, report);
}

/// An append with commitments and tree, against the same append less the time that these take alone.
fn append(dir: &Path, report: &mut Report) {
    let clock = demarche::desk::clock::system();
    let store = SegmentStore::create(&dir.join("evidence"), "bench", clock).unwrap();
    let request = || RequestId::from_uuid(uuid::Uuid::new_v4());
    let mut shares = Vec::new();
    let mut number = 0;
    for _ in 0..ROUNDS {
        let first = store.head().size;
        let mut whole = Duration::ZERO;
        for _ in 0..COMMITS {
            let group: Vec<_> = (number..number + GROUP as u64).map(events::event).collect();
            number += GROUP as u64;
            let begun = Instant::now();
            store.append(group, Condition::default(), request()).unwrap();
            whole += begun.elapsed();
        }
        let records: Vec<_> = store.sealed(first, u64::MAX).map(Result::unwrap).collect();
        let begun = Instant::now();
        let mut edge = Edge::default();
        for record in &records {
            let body = record.body.as_deref().unwrap_or_default();
            let commitment = Sha256::new()
                .chain_update(b"demarche/body/v1\n")
                .chain_update(record.salt)
                .chain_update(body)
                .finalize();
            black_box(commitment);
            edge.push(leaf_hash(record.leaf.as_bytes()));
        }
        black_box(edge.root());
        let evidence = begun.elapsed();
        shares.push(1.0 - evidence.as_secs_f64() / whole.as_secs_f64());
    }
    report.add(
        "append at 100 per commit with tree and commitments, to without (their own time taken off)",
        format!("{:.2}", median(shares)),
        format!("{ROUNDS} rounds of {COMMITS} commits"),
        "≥ 0.8",
    );
}

struct Tree<'log>(&'log SegmentStore);

impl Nodes for Tree<'_> {
    type Error = ReadError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, ReadError> {
        Ok(self.0.node(level, index)?.expect("the log has it"))
    }
}

/// Proofs of inclusion: the first of a place that was not read yet, and the same once more.
fn proofs(log: &Log, report: &mut Report) {
    let store = SegmentStore::open(&log.dir, Opening::Read, demarche::desk::clock::system()).unwrap();
    let size = store.head().size;
    let (mut cold, mut warm, mut bytes) = (Vec::new(), Vec::new(), 0);
    for number in 0..PROOFS {
        // Spread over the log, so that no two share a tile of leaves.
        let index = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
        let mut times = [0.0; 2];
        for time in &mut times {
            let begun = Instant::now();
            let hashes = proof::inclusion(&Tree(&store), index, size).unwrap();
            *time = begun.elapsed().as_secs_f64() * 1e6;
            bytes = bytes.max(hashes.len() * 32);
        }
        cold.push(times[0]);
        warm.push(times[1]);
    }
    let [cold, warm] = [cold, warm].map(median);
    let how = || format!("median of {PROOFS}, {size} events");
    report.add("inclusion proof, cold", format!("{cold:.0} µs"), how(), "≤ 1,000 µs");
    report.add("inclusion proof, warm", format!("{warm:.1} µs"), how(), "≤ 50 µs");
    report.add("hashes of an inclusion proof", format!("{bytes} bytes"), how(), "–");
}

/// Records one entry after another, with and without a thread that signs every second.
fn interval(dir: &Path, report: &mut Report) {
    let keys = KeyPlace::directory(dir.join("evidence-keys"));
    let (desk, _) = Desk::init_with(&dir.join("evidence-desk"), "bench", "UTC", Some(&keys)).unwrap();
    let desk = Arc::new(desk);
    let mut rates: [Vec<f64>; 2] = Default::default();
    let pace = Pace { news: Duration::from_secs(1), heartbeat: Duration::from_secs(10) };
    // The log grows meanwhile, so each of them comes first as often as the other.
    for signs in [false, true, true, false, false, true, true, false] {
        let signing = signs.then(|| Rounds::begin(Arc::clone(&desk), pace).unwrap());
        rates[usize::from(signs)].push(steady(&desk));
        if let Some(signing) = signing {
            signing.stop();
        }
    }
    let [without, with] = rates.map(median);
    report.ratio(
        "recording one after another while the log is signed every second",
        with,
        without,
        "the same unsigned",
        "≥ 0.95",
    );
}

/// Returns how many entries a second were recorded.
fn steady(desk: &Desk) -> f64 {
    let caller = Caller { actor: "bench".to_owned(), tz: None };
    let entry =
        serde_json::json!({"kind": "incident", "date": "2025-11-17", "summary": "Soldiers cross the line."});
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < LOAD {
        let ask = RecordAsk { entries: vec![entry.clone()], ..RecordAsk::default() };
        desk.record(&caller, &ask).unwrap();
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}
