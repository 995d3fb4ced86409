//! A desk over a log in memory, for tests of what the desk answers.

use std::sync::Arc;

use crate::desk::ask::{Caller, ImportAsk, RecordAsk};
use crate::desk::checkpoint::Signing;
use crate::desk::clock::Watch;
use crate::desk::folder::DeskFolder;
use crate::desk::keys::place::KeyPlace;
use crate::desk::names::NamesKept;
use crate::desk::{Desk, clock};
use crate::domain::event::{self, Envelope, Event, SCHEMA};
use crate::domain::fact::register::{ChannelRegistered, Opened, PartyRegistered, RecorderRegistered, Sort};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::projections::{Access, Projections};
use crate::store::memory::MemoryStore;
use crate::store::{Class, Clock, Condition, EventStore, NewEvent};

/// A log in memory in the zone of Seoul, with a recorder `kim`, whose clock stands still.
pub(crate) struct Fixture {
    pub(crate) desk: Desk,
    drawn: std::cell::Cell<u128>,
}

impl Fixture {
    /// Returns a log that was begun on 1 January 2026, asked on 24 November 2026 at noon in Seoul.
    pub(crate) fn new() -> Self {
        let began: Timestamp = "2026-01-01T00:00:00.000000Z".parse().unwrap();
        let now = clock::stopped("2026-11-24T03:00:00.000000Z".parse().unwrap());
        Self::with_clocks(clock::stopped(began), now)
    }

    /// Returns a log whose store and whose desk go by these clocks.
    pub(crate) fn with_clocks(began: Clock, now: Clock) -> Self {
        Self::over(MemoryStore::new("test", began), now)
    }

    /// Returns a log in a store of which nothing was recorded.
    pub(crate) fn over(store: MemoryStore, now: Clock) -> Self {
        let store: Arc<dyn EventStore> = Arc::new(store);
        let zone = "Asia/Seoul".parse().unwrap();
        let projections = Projections::open(None, Arc::clone(&store), zone, Access::Writable).unwrap();
        let fixture = Self {
            desk: Desk {
                store,
                engine: None,
                projections,
                clock: now,
                zone,
                names: NamesKept::default(),
                channels_kept: Arc::default(),
                openings_kept: Arc::default(),
                author_keys: Arc::default(),
                reads: None,
                reads_checked: std::sync::OnceLock::new(),
                unsigned: crate::desk::recording::Unsigned::default(),
                people: crate::desk::accounts::People::default(),
                signing: Signing::none(),
                place: KeyPlace::default(),
                watch: Watch::default(),
                mappings: crate::desk::import::Mappings::default(),
                sights: crate::desk::access::Sights::default(),
                beyond: None,
            },
            drawn: std::cell::Cell::new(0),
        };
        fixture.add(Envelope::default(), Fact::LogOpened(Opened { zone }));
        fixture.add(
            Envelope::default(),
            Fact::RecorderRegistered(RecorderRegistered { name: "kim".to_owned() }),
        );
        fixture
    }

    /// Returns a log of the chronology of contacts between the Koreas; none where the file is not there.
    pub(crate) fn chronology() -> Option<Self> {
        let name = "inter-korean-chronology.jsonl";
        let text = crate::testing::shared(name)?;
        let fixture = Self::new();
        let caller = Caller { actor: "kim".to_owned(), tz: None };
        let ask = ImportAsk { file: name.to_owned(), ..ImportAsk::default() };
        let (mut file, progress) =
            (std::io::Cursor::new(text), crate::desk::import::source::Progress::default());
        fixture.desk.import(&caller, &ask, &mut file, &progress).unwrap();
        Some(fixture)
    }

    fn draw(&self) -> uuid::Uuid {
        self.drawn.set(self.drawn.get() + 1);
        uuid::Uuid::from_u128(self.drawn.get())
    }

    /// Opens the projections in a directory, as another process would that knows nothing else.
    pub(crate) fn reopen(&mut self, dir: &std::path::Path, access: Access) {
        let desk = &mut self.desk;
        let open = |dir, access| Projections::open(dir, Arc::clone(&desk.store), desk.zone, access).unwrap();
        // Whoever holds the directory lets go of it first.
        desk.projections = open(None, Access::ReadOnly);
        desk.projections = open(Some(dir), access);
        desk.channels_kept = Arc::default();
        desk.projections.fold_with(DeskFolder::of(&desk.channels_kept, desk.zone));
    }

    /// Records a fact, and returns its event.
    pub(crate) fn add(&self, envelope: Envelope, fact: Fact) -> EventId {
        let id = EventId::from_uuid(self.draw());
        let event = Event { envelope, fact };
        let class = if event.kind() == Kind::RecordRedacted { Class::RecordRedacted } else { Class::Fact };
        let new = NewEvent {
            id: Some(id),
            streams: event::streams(&event, id),
            class,
            schema: SCHEMA,
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(3)),
            body: event.encode().unwrap(),
            attachments: Vec::new(),
            signature: None,
        };
        let request = RequestId::from_uuid(self.draw());
        self.desk.store.append(vec![new], Condition::default(), request).unwrap();
        id
    }

    /// Records events as one submission of an actor.
    pub(crate) fn append(&self, request: u128, actor: u128, events: &[(EventId, Event)]) {
        let new = |(id, event): &(EventId, Event)| NewEvent {
            id: Some(*id),
            streams: event::streams(event, *id),
            class: Class::Fact,
            schema: SCHEMA,
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(actor)),
            body: event.encode().unwrap(),
            attachments: Vec::new(),
            signature: None,
        };
        let request = RequestId::from_uuid(uuid::Uuid::from_u128(request));
        self.desk.store.append(events.iter().map(new).collect(), Condition::default(), request).unwrap();
    }

    /// Records an event of a kind whose detail is empty.
    pub(crate) fn event(&self, kind: Kind, envelope: Envelope) -> EventId {
        self.add(envelope, kind.decode("{}").unwrap())
    }

    /// Registers a party.
    pub(crate) fn party(&self, code: &str) -> EntityId {
        let party = PartyRegistered { code: code.parse().unwrap(), names: Vec::new() };
        self.add(Envelope::default(), Fact::PartyRegistered(party)).into()
    }

    /// Registers a line.
    pub(crate) fn line(&self, name: &str) -> EntityId {
        let channel = ChannelRegistered {
            name: name.parse().unwrap(),
            sort: Sort::Line,
            names: Vec::new(),
            ends: Vec::new(),
            capabilities: Vec::new(),
            schedule: None,
            marking_min: None,
        };
        self.add(Envelope::default(), Fact::ChannelRegistered(channel)).into()
    }
}

/// Returns an envelope of something that happened on a date.
pub(crate) fn on(date: &str) -> Envelope {
    Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() }
}

#[test]
fn a_question_about_an_unknown_time_is_answered_from_what_was_known_then() {
    use crate::desk::ask::When;
    let fixture = Fixture::new();
    let known =
        |as_of: &str| fixture.desk.known(&When { known_as_of: Some(as_of.to_owned()), ..When::default() });
    assert_eq!(known("0").unwrap().view.size(), 1);
    assert_eq!(known("2026-03-01").unwrap().view.size(), 2);
    assert_eq!(known("2020-03-01").unwrap().view.size(), 0);
    for wrong in ["2", "soon", ""] {
        assert!(known(wrong).is_err(), "{wrong}");
    }
    assert_eq!(fixture.desk.known(&When::default()).unwrap().at.to_string(), "2026-11-24T03:00:00.000000Z");
}

/// Whoever records in tests of the entry format.
pub(crate) fn kim() -> Caller {
    Caller { actor: "kim".to_owned(), tz: None }
}

/// Records an entry of the entry format.
#[track_caller]
pub(crate) fn record(fixture: &Fixture, entry: serde_json::Value) -> EventId {
    let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    fixture.desk.record(&kim(), &ask).unwrap().data.entries[0].entry.id
}

/// Copies a directory with all that is in it.
pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
