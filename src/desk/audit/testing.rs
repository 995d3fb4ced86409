//! Logs in memory with keys, and bundles of them, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::desk::access::{Rules, Sights};
use crate::desk::audit::bundle::{Bundle, Kept, Source};
use crate::desk::audit::release::Release;
use crate::desk::audit::verify::report::Report;
use crate::desk::audit::verify::{Trust, verify};
use crate::desk::error::DeskError;
use crate::domain::event::{Envelope, Event, SCHEMA};
use crate::domain::fact::record::{Approval, Redacted};
use crate::domain::fact::register::RecorderRegistered;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::marking::Scheme;
use crate::domain::timestamp::Timestamp;
use crate::store::memory::MemoryStore;
use crate::store::{Class, Condition, EventStore, NewEvent};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SeedSigner, SignatureType, Signer, VerifierKey};
use crate::tlog::note::Note;

/// A bundle in memory.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The second at which the logs of these tests begin.
pub(crate) const BEGUN: i64 = 1_767_225_600;

/// A log with keys and a witness.
pub(crate) struct Log {
    pub(crate) store: MemoryStore,
    pub(crate) kept: Kept,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) seed: u8,
    pub(crate) proofs_max: u64,
    drawn: std::cell::Cell<u128>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let now = Arc::new(AtomicI64::new(BEGUN));
        let clock = {
            let now = Arc::clone(&now);
            Arc::new(move || Timestamp::from_micros(now.load(Ordering::Relaxed) * 1_000_000).unwrap())
        };
        let store = MemoryStore::new("test", clock);
        // None that is drawn is that of whoever records, who would be as restricted as it.
        let (kept, drawn) = (Kept::default(), std::cell::Cell::new(100));
        let mut log = Self { store, kept, now, seed: 1, proofs_max: 300, drawn };
        log.kept.keys = log.keys(1);
        log.keep(0, BEGUN);
        log
    }

    pub(crate) fn signers(&self, seed: u8) -> Vec<SeedSigner> {
        let name = || self.store.log_id().parse().unwrap();
        vec![
            SeedSigner::new(name(), SignatureType::Ed25519, &[seed; 32]),
            SeedSigner::new(name(), SignatureType::CosignatureV1, &[seed + 100; 32]),
        ]
    }

    pub(crate) fn keys(&self, seed: u8) -> Vec<VerifierKey> {
        self.signers(seed).iter().map(|signer| signer.key().clone()).collect()
    }

    pub(crate) fn draw(&self) -> uuid::Uuid {
        self.drawn.set(self.drawn.get() + 1);
        uuid::Uuid::from_u128(self.drawn.get())
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Returns the second that it is.
    pub(crate) fn time(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Records events whose texts are short.
    pub(crate) fn add(&self, count: u64) {
        let mut left = count;
        while left > 0 {
            let now = left.min(1_024);
            let events = (0..now).map(|number| self.new_event(Class::Fact, format!("{{\"n\":{number}}}")));
            let request = RequestId::from_uuid(self.draw());
            self.store.append(events.collect(), Condition::default(), request).unwrap();
            left -= now;
        }
    }

    pub(crate) fn new_event(&self, class: Class, body: String) -> NewEvent {
        NewEvent {
            id: Some(EventId::from_uuid(self.draw())),
            streams: vec![EntityId::from_uuid(uuid::Uuid::from_u128(1))],
            class,
            schema: SCHEMA,
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(3)),
            body,
            attachments: Vec::new(),
            signature: None,
        }
    }

    /// Records a fact with its class.
    pub(crate) fn fact(&self, class: Class, envelope: Envelope, fact: Fact) -> EventId {
        let event = Event { envelope, fact };
        let new = self.new_event(class, event.encode().unwrap());
        let id = new.id.unwrap();
        let request = RequestId::from_uuid(self.draw());
        self.store.append(vec![new], Condition::default(), request).unwrap();
        id
    }

    /// Enters someone in the register of recorders.
    pub(crate) fn recorder(&self, name: &str) -> EntityId {
        let entered = RecorderRegistered { name: name.to_owned() };
        EntityId::from(self.fact(Class::Fact, Envelope::default(), Fact::RecorderRegistered(entered)))
    }

    /// Records that a text is removed.
    pub(crate) fn redact(&self, target: EventId, basis: &str, approvals: Vec<Approval>) -> EventId {
        let basis = basis.to_owned();
        let redacted =
            Redacted { target, basis, approvals, entity: None, called: Vec::new(), replacement: None };
        self.fact(Class::RecordRedacted, Envelope::default(), Fact::RecordRedacted(redacted))
    }

    /// Records that a text is removed, as two approve by their accounts who are entered for it.
    pub(crate) fn redact_duly(&self, target: EventId) -> EventId {
        let by = |name| Approval { by: self.recorder(name), key: None, signature: None };
        let approvals = vec![by("kim"), by("lee")];
        self.redact(target, "a law", approvals)
    }

    /// Records an incident with a marking.
    pub(crate) fn incident(&self, marking: &str) -> EventId {
        let marking = Some(crate::domain::marking::Marking(marking.to_owned()));
        let envelope = Envelope { marking, ..crate::desk::testing::on("2025-01-01") };
        self.fact(Class::Fact, envelope, Kind::Incident.decode("{}").unwrap())
    }

    /// Signs the log at a size.
    pub(crate) fn sign(&self, size: u64, time: i64) -> Note {
        let root = self.store.root_at(size).unwrap().unwrap();
        self.sign_root(size, root, time)
    }

    pub(crate) fn sign_root(&self, size: u64, root: crate::tlog::Hash, time: i64) -> Note {
        let origin = self.store.log_id().parse().unwrap();
        let checkpoint = Checkpoint { origin, size, root, extensions: Vec::new() };
        let mut note = Note::new(checkpoint.text()).unwrap();
        for signer in self.signers(self.seed) {
            note.sign(&signer, Some(u64::try_from(time).unwrap())).unwrap();
        }
        note
    }

    /// Signs and keeps the log at a size.
    pub(crate) fn keep(&mut self, size: u64, time: i64) {
        let note = self.sign(size, time);
        self.kept.notes.insert(size, note);
    }

    /// Returns the witness of these tests.
    pub(crate) fn witness() -> SeedSigner {
        SeedSigner::new("w.example".parse().unwrap(), SignatureType::CosignatureV1, &[77; 32])
    }

    /// Returns a policy that asks for the witness.
    pub(crate) fn policy() -> Vec<u8> {
        format!("witness w {}\nquorum w\n", Self::witness().key()).into_bytes()
    }

    /// Returns the files of a bundle at a size, signed now.
    pub(crate) fn files(&self, size: u64, release: Option<&str>) -> Files {
        self.bundle(size, release).unwrap()
    }

    /// Returns the files of a bundle at a size, or why there is none.
    pub(crate) fn bundle(&self, size: u64, release: Option<&str>) -> Result<Files, DeskError> {
        let outside = |level| {
            let rules = Rules::plain(Scheme::tlp(), None);
            Sights::default().outside(&self.store, rules, level).unwrap()
        };
        let release = release.map(|level| Release::of(outside(level)));
        let note = self.kept.notes.get(&size).cloned().unwrap_or_else(|| self.sign(size, self.time()));
        let state = Some(b"{}\n".to_vec());
        let proofs_max = self.proofs_max;
        let source = Source { store: &self.store, kept: self.kept.clone(), note, state, release, proofs_max };
        Bundle::new(source)?.map(|file| file.map(|file| (file.path, file.bytes))).collect()
    }

    /// Returns what someone trusts who pinned the first keys.
    pub(crate) fn trust(&self) -> Trust {
        let keys = crate::desk::audit::bundle::vkeys(&self.keys(1));
        let now = Timestamp::from_micros((self.time() + 5) * 1_000_000).unwrap();
        Trust::new(&keys, now).unwrap()
    }

    pub(crate) fn check(&self, files: &Files) -> Report {
        verify(files, &self.trust()).unwrap()
    }
}
