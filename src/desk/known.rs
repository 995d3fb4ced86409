//! The record as known at a size, seen from a moment of the world: what every query is answered from.

pub(in crate::desk) mod calls;
pub(in crate::desk) mod cleared;
mod histories;
pub(in crate::desk) mod knowing;
mod parties;
mod persons;
pub(in crate::desk) mod removed;
mod replies;
pub(in crate::desk) mod sight;
mod trace;
mod whole;

use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::Desk;
use crate::desk::access::{Beyond, Outside};
use crate::desk::answer::entry::{EntryRef, EntryRow, Named};
use crate::desk::answer::{Answer, AsOf, Date};
use crate::desk::ask::When;
use crate::desk::authors::AuthorKeysKept;
use crate::desk::bookkeeping;
use crate::desk::bookmarks::Asked;
use crate::desk::channels::kept::ChannelsKept;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::parse::markings_at;
use crate::desk::known::calls::OpeningsKept;
use crate::desk::known::knowing::known_as_of;
use crate::desk::known::removed::Without;
use crate::desk::known::sight::policies_in_sight;
use crate::desk::known::trace::Trace;
use crate::desk::lifecycle::damage_words;
use crate::desk::names::Names;
use crate::domain::event::{DESK, DESK_NAME, Event};
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::link::Confidence;
use crate::domain::marking::{Marking, Scheme};
use crate::domain::occurred::Occurred;
use crate::domain::policy::Policies;
use crate::domain::reading::{Entry, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::domain::typed::{Mode, Typing};
use crate::domain::wording;
use crate::domain::zone::Zone;
use crate::projections::offers::{OffersFound, OffersQuery};
use crate::projections::register::Register;
use crate::projections::view::View;
use crate::store::Health;

/// The record as known at a size, seen from a moment of the world.
pub(crate) struct Known {
    /// What was known.
    pub(crate) view: View,
    /// The registers as known.
    pub(crate) register: Arc<Register>,
    /// What goes by which name.
    pub(crate) names: Arc<Names>,
    /// How far channels were folded before.
    pub(crate) channels: Arc<ChannelsKept>,
    /// The keys with which authors sign, as they were asked for last.
    pub(crate) author_keys: Arc<AuthorKeysKept>,
    /// The policies, by the day.
    pub(crate) policies: Arc<Policies>,
    /// When it is asked.
    pub(crate) asked: Timestamp,
    /// The moment of the world.
    pub(crate) at: Timestamp,
    /// The zone of the log: the one in which entries fold, whoever asks.
    pub(crate) zone: Zone,
    /// The zone of whoever asks: the one in which typed dates are read.
    pub(crate) typing_zone: Zone,
    // What is known now, where less was known then.
    later: Option<View>,
    /// The first position that cannot be read, where there is one.
    pub(crate) lost: Option<u64>,
    // Up to which level entries are seen; all where none.
    sight: Option<Outside>,
    // What the whole log has, where this is a part of it.
    beyond: Option<Arc<Beyond>>,
    as_of: AsOf,
    // What was said while the answer was worked out is told with it.
    notices: Mutex<Vec<String>>,
    // On what the answer rests that is being worked out, where that is to be remembered.
    trace: Mutex<Option<Trace>>,
    // When lines opened, as far as it was looked up.
    openings: Arc<OpeningsKept>,
    // What is told as if its text were removed.
    without: Without,
}

impl Desk {
    /// Returns the record as known and seen when `when` says.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for a date or a position that is none, and what the projections say
    /// when the log cannot be read.
    pub(crate) fn known(&self, when: &When) -> Result<Known, DeskError> {
        self.known_when_asked(when, Asked::NOW)
    }

    /// As [`Desk::known`], to whoever asked then: what whoever asked for the first page of a list knew.
    ///
    /// # Errors
    ///
    /// As [`Desk::known`].
    pub(crate) fn known_when_asked(&self, when: &When, asked: Asked) -> Result<Known, DeskError> {
        self.projections.catch_up()?;
        let now = asked.at.unwrap_or_else(|| (self.clock)());
        let typing_zone = match &when.tz {
            Some(tz) => tz.parse().map_err(|error| Fault::in_field("tz", format!("{error}")))?,
            None => self.zone,
        };
        let typing = Typing { now, zone: typing_zone, mode: Mode::Prompt };
        let head = self.projections.view(u64::MAX);
        let mut notices = self.what_the_owner_must_know();
        let (size, then) = match &when.known_as_of {
            Some(typed) => known_as_of(&head, typing, typed, &mut notices)?,
            None => (head.size(), now),
        };
        let size = size.min(asked.size);
        let at = match &when.at {
            Some(typed) => typing.moment(typed).map_err(|error| Fault::in_field("at", error.to_string()))?,
            None => then,
        };
        let view = self.projections.view(size);
        let register = view.register()?;
        let (names, policies) = self.names.of(&register, self.zone);
        let as_of = AsOf {
            log: self.store.log_id().to_owned(),
            position: size.checked_sub(1),
            // The last record may be a damaged one: the rest is answered all the same.
            last_recorded_at: view.last_recorded_at(),
            at,
            past_knowledge: when.known_as_of.is_some(),
            zone: typing_zone.to_string(),
        };
        let later = (size < head.size()).then_some(head);
        let (zone, lost, sight) = (self.zone, self.first_lost(), None);
        let (notices, trace, beyond) = (Mutex::new(notices), Mutex::default(), self.beyond.clone());
        let (channels, author_keys) = (Arc::clone(&self.channels_kept), Arc::clone(&self.author_keys));
        let openings = Arc::clone(&self.openings_kept);
        Ok(Known {
            view,
            register,
            names,
            channels,
            author_keys,
            policies,
            asked: now,
            at,
            zone,
            typing_zone,
            later,
            lost,
            sight,
            beyond,
            as_of,
            notices,
            trace,
            openings,
            without: Without::new(),
        })
    }

    /// Returns the first position that cannot be read, where there is one.
    fn first_lost(&self) -> Option<u64> {
        let unreadable = self.projections.unreadable().first().copied();
        let Health::Damaged(damages) = self.store.health() else { return unreadable };
        damages.iter().filter_map(|damage| damage.position).chain(unreadable).min()
    }
}

impl Desk {
    /// Returns what whoever reads an answer must know of the log and its projections.
    fn what_the_owner_must_know(&self) -> Vec<String> {
        let mut notices: Vec<String> = self.projections.notice().into_iter().collect();
        if let Health::Damaged(damages) = self.store.health() {
            notices.push(format!(
                "the record is damaged: {}; answers leave out what cannot be read, and nothing is recorded \
                 until it is mended",
                damage_words(&damages)
            ));
        } else if let [first, rest @ ..] = self.projections.unreadable().as_slice() {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            notices.push(format!(
                "position {first}{more} cannot be read, and answers leave it out; run `verify`"
            ));
        }
        notices
    }
}

impl Known {
    /// Returns an answer that is true of what is known here.
    pub(crate) fn answer<T>(&self, data: T) -> Answer<T> {
        Answer { as_of: self.as_of.clone(), notices: self.said(), data }
    }

    /// Returns the record as it would be known with `events`, which are not recorded.
    pub(crate) fn ahead(&self, events: Vec<RawEvent>) -> Result<Self, DeskError> {
        let view = self.view.ahead(events);
        let register = view.register()?;
        let policies = Arc::new(policies_in_sight(&register, self.zone, self.sight.as_ref()));
        let names = Arc::new(Names::of(&register));
        let (as_of, notices) = (self.as_of.clone(), Mutex::new(self.said()));
        let (at, zone, typing_zone, lost) = (self.at, self.zone, self.typing_zone, self.lost);
        let (later, sight, trace) = (None, self.sight.clone(), Mutex::default());
        let (channels, author_keys) = (Arc::clone(&self.channels), Arc::clone(&self.author_keys));
        let openings = Arc::clone(&self.openings);
        let (beyond, without) = (self.beyond.clone(), self.without.clone());
        Ok(Self {
            view,
            register,
            names,
            channels,
            author_keys,
            policies,
            asked: self.asked,
            at,
            zone,
            typing_zone,
            later,
            lost,
            sight,
            beyond,
            as_of,
            notices,
            trace,
            openings,
            without,
        })
    }

    /// Returns the name of the log.
    pub(crate) fn log(&self) -> &str {
        &self.as_of.log
    }

    /// Returns the id under which the log has what `fact` would enter in a register, where that is out of sight.
    pub(crate) fn id_beyond(&self, fact: &Fact) -> Option<EventId> {
        self.beyond.as_ref().and_then(|beyond| beyond.id_of(fact))
    }

    /// Returns what is known now, where this is what was known earlier.
    pub(super) fn later(&self) -> Option<&View> {
        self.later.as_ref()
    }

    /// Says something that the reader must know to read the answer rightly.
    pub(crate) fn notice(&self, notice: impl Into<String>) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice.into());
    }

    fn said(&self) -> Vec<String> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how a date that was typed into a question is read.
    pub(crate) fn typing(&self) -> Typing {
        Typing { now: self.at, zone: self.typing_zone, mode: Mode::Prompt }
    }

    /// Returns what of the overtures that are sought is kept, as [`View::offers`]; none where only a part of the
    /// record is seen, since what is kept rests on all of it.
    pub(crate) fn offers(&self, query: &OffersQuery) -> Option<OffersFound> {
        if self.sight.is_some() { None } else { self.view.offers(query) }
    }

    /// Returns the entities of a kind, in the order in which they came into being.
    pub(crate) fn entities(&self, kind: EntityKind) -> Result<Vec<EntityId>, DeskError> {
        Ok(self.view.entities(kind)?)
    }

    /// Returns what users type for an event: the id of the file that it came from, or the first eight
    /// digits of its own.
    pub(crate) fn handle(id: EventId, event: Option<&Event>) -> String {
        event
            .and_then(|event| event.envelope.external_refs.first())
            .map_or_else(|| id.to_string().chars().take(8).collect(), |external| external.id.clone())
    }

    /// Returns the name of an entity: a party's code, a channel's or a series' name, a recorder's name,
    /// or the handle of the event that brought it into being.
    pub(crate) fn named(&self, id: EntityId) -> Result<Named, DeskError> {
        let register = &self.register;
        let name = register
            .channel_name(id)
            .map(ToString::to_string)
            .or_else(|| register.party_code(id).map(ToString::to_string))
            .or_else(|| {
                let goes_by_names = register.series(id).is_some() || register.person(id).is_some();
                goes_by_names.then(|| register.names(id).first().map(|name| name.text.clone())).flatten()
            });
        if let Some(name) = name {
            return Ok(Named { id, name });
        }
        let event = EventId::from_uuid(*id.as_uuid());
        let name = match self.view.event(event)? {
            Some(raw) => Self::handle(event, raw.event.as_ref()),
            None => Self::handle(event, None),
        };
        Ok(Named { id, name })
    }

    /// Returns the names of entities, in their order.
    pub(crate) fn all_named(&self, ids: &[EntityId]) -> Result<Vec<Named>, DeskError> {
        ids.iter().map(|id| self.named(*id)).collect()
    }

    /// Returns a date as it was recorded, and in words.
    pub(crate) fn date(date: &Occurred) -> Date {
        Date { value: date.to_string(), words: date.words() }
    }

    /// Returns enough of an entry to recognise it; one without a summary is told by its kind and by who
    /// acts in it.
    pub(crate) fn recognised(&self, entry: &Entry) -> Result<EntryRef, DeskError> {
        let mut told = Self::entry_ref(entry);
        if let (None, Some(event)) = (&told.summary, &entry.event) {
            let by = self.all_named(wording::actors(event))?;
            let by: Vec<String> = by.into_iter().map(|named| named.name).collect();
            told.summary = Some(wording::words_of(event, &by, &self.zone));
        }
        Ok(told)
    }

    /// Returns enough of an entry to recognise it, with its summary as it was recorded.
    pub(crate) fn entry_ref(entry: &Entry) -> EntryRef {
        let envelope = entry.event.as_ref().map(|event| &event.envelope);
        EntryRef {
            id: entry.id,
            handle: Self::handle(entry.id, entry.event.as_ref()),
            kind: entry.event.as_ref().map(Event::kind),
            date: envelope.and_then(|envelope| envelope.occurred.as_ref()).map(Self::date),
            summary: envelope.and_then(|envelope| envelope.summary.clone()),
        }
    }

    /// Returns an entry as lists show it.
    pub(crate) fn entry_row(&self, entry: &Entry) -> Result<EntryRow, DeskError> {
        let empty = crate::domain::event::Envelope::default();
        let envelope = entry.event.as_ref().map_or(&empty, |event| &event.envelope);
        let created = entry.event.as_ref().and_then(|event| event.created(entry.id));
        let named = |about: &EntityId| Some(*about) != created && *about != DESK;
        let about: Vec<EntityId> = envelope.about.iter().copied().filter(named).collect();
        Ok(EntryRow {
            position: entry.position,
            recorded_at: entry.at,
            recorder: self.recorder(entry),
            entry: self.recognised(entry)?,
            from: self.all_named(&envelope.from)?,
            to: self.all_named(&envelope.to)?,
            about: self.all_named(&about)?,
            via: self.all_named(&envelope.via)?,
            confidence: match envelope.confidence {
                Confidence::Unstated => None,
                Confidence::Low => Some("low".to_owned()),
                Confidence::Medium => Some("medium".to_owned()),
                Confidence::High => Some("high".to_owned()),
            },
            marking: self.marking_of(entry).map(|marking| marking.0),
            struck: entry.struck,
            on_struck: self.is_on_struck(entry)?,
            amended: entry.amended,
            redacted: entry.removed.is_some() || entry.event.is_none(),
            says: entry.event.as_ref().map_or(Ok(None), |event| bookkeeping::says(self, event))?,
            reason: envelope.reason.clone(),
        })
    }

    /// Returns how far an entry may travel as it reads: by its own marking and that of the amendment that gave the reading.
    pub(crate) fn marking_of(&self, entry: &Entry) -> Option<Marking> {
        let own = entry.event.as_ref().and_then(|event| event.envelope.marking.as_ref());
        let Some(amendment) = &entry.amendment else { return own.cloned() };
        let (scheme, default) = self.marked_by();
        scheme.binding(default.as_ref(), own, Some(amendment)).cloned()
    }

    /// Returns the marking scheme in force as it is asked, whenever the record is seen, and the default.
    pub(crate) fn marked_by(&self) -> (Scheme, Option<Marking>) {
        markings_at(&self.policies, self.asked)
    }

    /// Returns the name of whoever recorded an entry.
    pub(crate) fn recorder(&self, entry: &Entry) -> String {
        self.recorder_named(entry.actor)
    }

    /// Returns the name behind a pseudonym; the pseudonym itself where the register has none.
    pub(crate) fn recorder_named(&self, actor: ActorId) -> String {
        let name = self.register.recorder_name(actor);
        // What the log says of itself, an incident or an anchor, nobody recorded.
        let itself = || (actor.as_uuid() == DESK.as_uuid()).then_some(DESK_NAME);
        name.or_else(itself).map_or_else(|| actor.to_string(), ToOwned::to_owned)
    }
}
