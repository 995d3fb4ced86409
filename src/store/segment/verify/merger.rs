//! The pieces in their order, and what needs neighbours.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::id::{EntityId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::store::segment::files::{Segment, segment_name};
use crate::store::segment::head;
use crate::store::segment::identity::{self, Identity, Role};
use crate::store::segment::secrets::{self, Secret};
use crate::store::segment::verify::blocks::{Block, BodyCheck, Checked, Outcome};
use crate::store::segment::verify::{Verification, positions};
use crate::store::segment::{Shared, attachments};
use crate::store::{Damage, Head};
use crate::tlog::Hash;
use crate::tlog::tree::Edge;

/// Puts the pieces together in their order, and checks what needs neighbours.
pub(super) struct Merger<'a> {
    shared: &'a Shared,
    /// Pieces that came before their turn.
    early: BTreeMap<u64, Outcome>,
    /// The piece whose turn it is.
    next: u64,
    durable: std::io::Result<head::Stated>,
    root_at_durable: Option<Hash>,
    edge: Edge,
    last_hash: Hash,
    last_at: Option<Timestamp>,
    streams: HashMap<EntityId, (u64, Hash)>,
    /// The first position of an append whose end was not met yet.
    open_append: Option<u64>,
    /// Some records were lost before; what they did to streams is not known.
    lossy: bool,
    /// What stands where records should, since the last that is sound.
    loss: Option<Loss>,
    /// The segment, by its first position, and the byte at which the last sound record ends.
    ended: (u64, u64),
    role: Role,
    /// Where a block of secrets is damaged, its number with the first position that it hits.
    blocks: BTreeMap<u64, u64>,
    damages: Vec<Damage>,
    /// What was met when the log was opened or read.
    met_before: Vec<Damage>,
    /// Where the index, which can be rebuilt, does not fit the log.
    index_faults: Vec<Damage>,
    records: u64,
    bodies: u64,
    /// Bodies that are gone: where, and of which event.
    gone: Vec<(Damage, EventId)>,
    /// Attachments that are gone with the body of an event that names them.
    gone_attachments: Vec<(Damage, EventId)>,
    /// Events whose text a record says was removed.
    removed: HashSet<EventId>,
    attachments: u64,
    attachments_elsewhere: u64,
}

/// Records that cannot be read, one after the other.
#[derive(Clone, Copy)]
struct Loss {
    /// The damage that explains it, by its place among the damages.
    explained_by: usize,
    /// How many positions it hits, as far as that was seen.
    seen: u64,
}

impl<'a> Merger<'a> {
    pub(super) fn new(shared: &'a Shared, durable: std::io::Result<head::Stated>) -> Self {
        Self {
            shared,
            early: BTreeMap::new(),
            next: 0,
            durable,
            root_at_durable: None,
            edge: Edge::default(),
            last_hash: [0; 32],
            last_at: None,
            streams: HashMap::new(),
            open_append: None,
            lossy: false,
            loss: None,
            ended: (0, 0),
            role: shared.state(|state| state.role),
            blocks: BTreeMap::new(),
            damages: Vec::new(),
            met_before: Vec::new(),
            index_faults: Vec::new(),
            records: 0,
            bodies: 0,
            gone: Vec::new(),
            gone_attachments: Vec::new(),
            removed: HashSet::new(),
            attachments: 0,
            attachments_elsewhere: 0,
        }
    }

    /// Takes what was found in a piece; it is looked at when all pieces before it have been.
    pub(super) fn take(&mut self, outcome: Outcome) {
        self.early.insert(outcome.number, outcome);
        while let Some(outcome) = self.early.remove(&self.next) {
            self.next += 1;
            self.block(&outcome.segment, &outcome.block);
        }
    }

    fn block(&mut self, segment: &Segment, block: &Block) {
        let indexed = self.indexed(block);
        for (found, indexed) in block.found.iter().zip(indexed) {
            match found {
                Ok(record) => self.record(segment, block, record, indexed),
                Err((offset, what)) => self.bad(segment.name(), *offset, what.clone()),
            }
        }
    }

    /// Returns where the index has each record of a block.
    fn indexed(&self, block: &Block) -> Vec<Option<u32>> {
        let places = self.shared.places();
        let place =
            |record: &Checked| places.catalog.offsets.get(usize::try_from(record.position).ok()?).copied();
        block.found.iter().map(|found| found.as_ref().ok().and_then(place)).collect()
    }

    fn damage(&mut self, segment: &Segment, offset: u64, position: u64, what: String) {
        self.damages.push(Damage { file: segment.name(), offset, position: Some(position), what });
    }

    pub(super) fn met_before(&mut self, damage: Damage) {
        self.met_before.push(damage);
    }

    /// No sound record stands there; the position after the last is taken to be the one that is hit.
    fn bad(&mut self, file: String, offset: u64, what: String) {
        let seen = self.loss.map_or(0, |loss| loss.seen);
        let position = Some(self.edge.size() + seen);
        let explained_by = self.loss.map_or(self.damages.len(), |loss| loss.explained_by);
        self.damages.push(Damage { file, offset, position, what });
        self.loss = Some(Loss { explained_by, seen: seen + 1 });
        self.lossy = true;
    }

    /// Notes that the positions from the next up to `to` are gone; what was met there explains it.
    fn gone(&mut self, file: String, offset: u64, to: u64) {
        let from = self.edge.size();
        let Some(loss) = self.loss else {
            let what = format!("{} gone", positions(from, to));
            return self.bad(file, offset, what);
        };
        if to - from > loss.seen
            && let Some(damage) = self.damages.get_mut(loss.explained_by)
        {
            damage.what = format!("{}; {} gone", damage.what, positions(from, to));
        }
    }

    fn record(&mut self, segment: &Segment, block: &Block, record: &Checked, indexed: Option<u32>) {
        let expected = self.edge.size();
        let Checked { offset, position, .. } = *record;
        self.records += 1;
        if position < expected {
            return self.damage(segment, offset, position, format!("it stands where {expected} comes next"));
        }
        if position > expected {
            self.gone(segment.name(), offset, position);
            self.open_append = None;
            // Where the root cannot be had anyway, what is missing need not be counted out.
            while self.edge.size() < position && position - expected <= 1 << 24 {
                self.edge.push([0; 32]);
            }
        }
        for what in self.faults(record) {
            self.damage(segment, offset, position, what.to_owned());
        }
        for what in self.faults_of_streams(record, block.streams(record)) {
            self.damage(segment, offset, position, what);
        }
        self.check_index(segment, record, indexed);
        self.body(segment, record);
        self.attachments(segment, record, block.attachments(record));
        self.open_append = (!record.commits).then_some(record.append_first);
        self.loss = None;
        self.ended = (segment.first, record.after);
        self.last_hash = record.hash;
        self.last_at = Some(record.at);
        self.edge.push(record.hash);
        if let Ok(head::Stated::Known(head)) = &self.durable
            && head.size == self.edge.size()
        {
            self.root_at_durable = Some(self.edge.root());
        }
    }

    /// Returns what is wrong between a record and the one before it.
    fn faults(&self, record: &Checked) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if self.loss.is_none() && !self.last_hash.starts_with(&record.previous) {
            faults.push("it does not follow the record before it");
        }
        if self.last_at.is_some_and(|last| record.at <= last) {
            faults.push("it was not recorded later than the record before it");
        }
        if record.position.checked_sub(u64::from(record.index)) != Some(record.append_first) {
            faults.push("it names another append than its leaf");
        }
        if self.loss.is_none() && self.open_append.is_some_and(|first| first != record.append_first) {
            faults.push("the append before has no end");
        }
        faults
    }

    /// Returns where a record does not follow the last of a stream, which it is from then on.
    fn faults_of_streams(
        &mut self,
        record: &Checked,
        streams: &[(EntityId, u64, Option<HexHash>)],
    ) -> Vec<String> {
        let mut faults = Vec::new();
        for (stream, revision, before) in streams {
            let fits = match self.streams.insert(*stream, (*revision, record.hash)) {
                Some((last, hash)) => *revision == last + 1 && before.map(|hash| hash.0) == Some(hash),
                None => *revision == 0 && before.is_none(),
            };
            // A record that is lost may have stood between.
            if !fits && !self.lossy {
                faults.push(format!("it does not follow the last record of stream {stream}"));
            }
        }
        faults
    }

    fn check_index(&mut self, segment: &Segment, record: &Checked, indexed: Option<u32>) {
        if indexed.map(u64::from) != Some(record.offset) && !self.lossy {
            let what = "the index has it elsewhere; delete `index`".to_owned();
            let (file, offset, position) = (segment.name(), record.offset, Some(record.position));
            self.index_faults.push(Damage { file, offset, position, what });
        }
    }

    fn body(&mut self, segment: &Segment, record: &Checked) {
        self.removed.extend(record.removes);
        match record.body {
            BodyCheck::Unopened => {}
            BodyCheck::Sound => self.bodies += 1,
            BodyCheck::Gone => {
                let what = "the body is missing, and no record says that it was removed".to_owned();
                let (file, offset, position) = (segment.name(), record.offset, Some(record.position));
                self.gone.push((Damage { file, offset, position, what }, record.id));
            }
            BodyCheck::DoesNotOpen { slot } if matches!(self.shared.secrets.of(slot), Secret::Unknown) => {
                self.blocks.entry(slot / secrets::SLOTS).or_insert(record.position);
            }
            BodyCheck::DoesNotOpen { .. } => {
                self.damage(segment, record.offset, record.position, "the body does not open".to_owned());
            }
        }
    }

    fn attachments(&mut self, segment: &Segment, record: &Checked, attachments: &[HexHash]) {
        for hash in attachments {
            let file = attachments::file_name(&hash.0);
            match self.shared.attachments.get(&hash.0) {
                Ok(Some(_)) => self.attachments += 1,
                Ok(None) if self.role == Role::Copy && !self.shared.attachments.has(&hash.0) => {
                    self.attachments_elsewhere += 1;
                }
                Ok(None) => {
                    let (position, what) =
                        (Some(record.position), "the attachment is missing or does not open".to_owned());
                    let damage = Damage { file, offset: 0, position, what };
                    if record.body == BodyCheck::Gone {
                        self.gone_attachments.push((damage, record.id));
                    } else {
                        self.damages.push(damage);
                    }
                }
                Err(error) => self.damage(segment, record.offset, record.position, error.to_string()),
            }
        }
    }

    /// Notes what is missing at the end of the log.
    fn end(&mut self, last: Option<&Arc<Segment>>) {
        let (first, offset) = match last {
            Some(last) if last.first == self.ended.0 => self.ended,
            Some(last) => (last.first, 0),
            None => self.ended,
        };
        if self.open_append.is_some() && self.loss.is_none() {
            self.bad(segment_name(first), offset, "the append has no end".to_owned());
        }
        if let Ok(head::Stated::Known(head)) = &self.durable
            && head.size > self.edge.size()
        {
            let (size, segment) = (head.size, head.segment);
            if segment > first {
                self.gone(segment_name(segment), 0, size);
            } else {
                self.gone(segment_name(first), offset, size);
            }
        }
    }

    /// Checks the files beside the segments.
    fn beside(&mut self, known: Head) {
        let last = known.size.checked_sub(1);
        let mut beside = |file: &str, position: Option<u64>, what: &str| {
            self.damages.push(Damage { file: file.to_owned(), offset: 0, position, what: what.to_owned() });
        };
        match &self.durable {
            Ok(head::Stated::Known(head)) if head.size == 0 || self.lossy => {}
            Ok(head::Stated::Known(head)) if self.root_at_durable != Some(head.root) => {
                beside(
                    head::FILE,
                    head.size.checked_sub(1),
                    "the root of the log is not the one that was durable",
                );
            }
            Ok(head::Stated::Known(_)) => {}
            Ok(head::Stated::Absent) => beside(head::FILE, last, "the file is missing"),
            Ok(head::Stated::Garbled) => beside(head::FILE, last, "the file is garbled"),
            Err(error) => beside(head::FILE, last, &error.to_string()),
        }
        match Identity::load(&self.shared.dir) {
            Ok(identity::Stated::Known(identity)) if identity.log == self.shared.log_id => {}
            Ok(_) => beside(
                identity::FILE,
                last.map(|_| 0),
                "the file that names the log is not as it was written",
            ),
            Err(error) => beside(identity::FILE, last.map(|_| 0), &error.to_string()),
        }
        let used = self.shared.places().catalog.next_slot;
        for secrets::Fault { block, file, what } in self.shared.secrets.faults(used) {
            let position = self.blocks.get(&block).copied().or(last);
            beside(&file, position, what);
        }
    }

    /// Says what was found.
    pub(super) fn finish(mut self, known: Head, last: Option<&Arc<Segment>>) -> Verification {
        let (removed, missing): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.gone).into_iter().partition(|(_, event)| self.removed.contains(event));
        self.damages.extend(missing.into_iter().map(|(damage, _)| damage));
        let gone_attachments = std::mem::take(&mut self.gone_attachments);
        let unexplained = gone_attachments.into_iter().filter(|(_, event)| !self.removed.contains(event));
        let unexplained: Vec<Damage> = unexplained.map(|(damage, _)| damage).collect();
        self.damages.extend(unexplained);
        self.end(last);
        self.beside(known);
        for damage in std::mem::take(&mut self.met_before) {
            let same = |other: &Damage| {
                let place = other.offset == damage.offset
                    || (damage.position.is_some() && other.position == damage.position);
                other.file == damage.file && place
            };
            if !self.damages.iter().any(same) {
                self.damages.push(damage);
            }
        }
        let found = Head { size: self.edge.size(), root: self.edge.root() };
        let head = if self.lossy { known } else { found };
        if found != known {
            let what = "the log has another root than the index says; delete `index` and `tree`".to_owned();
            let position = known.size.checked_sub(1);
            self.index_faults.push(Damage { file: "index".to_owned(), offset: 0, position, what });
        }
        // To delete what can be rebuilt mends nothing where the log itself is damaged.
        if self.damages.is_empty() {
            self.damages = self.index_faults;
        }
        Verification {
            head,
            records: self.records,
            damages: self.damages,
            bodies: self.bodies,
            bodies_gone: removed.len() as u64,
            attachments: self.attachments,
            attachments_elsewhere: self.attachments_elsewhere,
        }
    }
}
