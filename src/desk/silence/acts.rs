//! The last acts of one side towards another, looked up in the index.

mod answers;
mod calls;
mod lasting;
mod nobody;
mod of_lines;
mod slots;

pub(in crate::desk) use nobody::{ACTS_OF_ADDRESSEES, ACTS_OF_PROPOSERS};

use std::cell::RefCell;
use std::collections::hash_map;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::desk::error::DeskError;
use crate::desk::filter::selection::reading;
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::desk::silence::act::Act;
use crate::desk::silence::acts::slots::Slots;
use crate::desk::silence::sides::{Channels, Side};
use crate::desk::silence::{Cell, TOPIC_ACTS_MAX, TOPICS_MAX};
use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::{EntityId, EventId};
use crate::domain::words::Directness;
use crate::projections::newest::{NewestQuery, Sought, Test};
use crate::projections::timeline::Spot;
use crate::projections::together;

/// So many candidates are read at first where the index alone does not decide.
const LOOKS: usize = 8;
/// So many at most.
const LOOKS_MAX: usize = 4_096;

/// The last acts of one side towards another.
pub(super) struct Acts {
    /// The newest of each cell.
    pub(super) newest: BTreeMap<Cell, Arc<Act>>,
    /// The latest of all, newest first, at most [`TOPIC_ACTS_MAX`].
    pub(super) latest: Vec<Arc<Act>>,
    /// The lines between the two sides.
    pub(super) lines: Vec<EntityId>,
    /// Every topic of the log was looked up.
    pub(super) every_topic: bool,
}

/// What is looked for.
struct Asked<'a> {
    known: &'a Known,
    silent: &'a Side,
    towards: Option<&'a Side>,
    channels: &'a Channels,
    slots: Slots<'a>,
    // The topics to look up.
    topics: Vec<String>,
    // Something lasted that the silent side may have done.
    lasted: bool,
}

/// Who looks for it.
struct Search<'a> {
    known: &'a Known,
    silent: &'a Side,
    towards: Option<&'a Side>,
    channels: &'a Channels,
    slots: &'a Slots<'a>,
    topics: &'a [String],
    lasted: bool,
    // What was read, by its position: an entry is often the newest of several sorts, and looked at for each. None is
    // one that the log no longer gives, and a call that lies ahead.
    read: RefCell<HashMap<u64, Option<Arc<Act>>>>,
    // The overtures that an entry answers.
    answered: RefCell<HashMap<EventId, Arc<Vec<EntityId>>>>,
    standings: RefCell<Standings<'a>>,
}

impl Acts {
    /// Looks the last acts up.
    pub(super) fn found(
        known: &Known,
        silent: &Side,
        towards: Option<&Side>,
        channels: &Channels,
    ) -> Result<Self, DeskError> {
        let mut acts =
            Self { newest: BTreeMap::new(), latest: Vec::new(), lines: Vec::new(), every_topic: true };
        if silent.ids.is_empty() || towards.is_some_and(|side| side.ids.is_empty()) {
            return Ok(acts);
        }
        let mut topics = known.view.topics()?;
        acts.every_topic = topics.len() <= TOPICS_MAX;
        topics.truncate(if acts.every_topic { TOPICS_MAX } else { 0 });
        let lasted = lasting::lasted(known, silent)?;
        let asked = Asked { known, silent, towards, channels, slots: Slots::of(known)?, topics, lasted };
        let search = Search::of(&asked);
        acts.lines = search.lines()?;
        search.addressed(&mut acts)?;
        // What is newer than what was said outright, found at once.
        let in_words = || {
            acts.and(&asked, |search, acts| {
                search.answered(acts)?;
                search.unaddressed(acts)
            })
        };
        let in_deed = || {
            acts.and(&asked, |search, acts| {
                search.together(acts)?;
                search.of_lines(acts)?;
                search.calls(acts)?;
                search.meetings_of_nobody(acts)
            })
        };
        let (said, done) = together::both(in_words, in_deed);
        acts.add(said?);
        acts.add(done?);
        acts.latest.sort_by_key(|act| std::cmp::Reverse(act.key));
        acts.latest.dedup_by_key(|act| act.entry.id);
        acts.latest.truncate(TOPIC_ACTS_MAX);
        Ok(acts)
    }

    /// Returns what another search finds beside these.
    fn and(
        &self,
        asked: &Asked<'_>,
        find: impl Fn(&Search<'_>, &mut Self) -> Result<(), DeskError>,
    ) -> Result<Self, DeskError> {
        let mut acts = Self {
            newest: self.newest.clone(),
            latest: Vec::new(),
            lines: self.lines.clone(),
            every_topic: self.every_topic,
        };
        find(&Search::of(asked), &mut acts)?;
        Ok(acts)
    }

    /// Adds what was found beside these.
    fn add(&mut self, other: Self) {
        for (cell, act) in other.newest {
            self.offer(cell, &act);
        }
        self.latest.extend(other.latest);
    }

    /// Returns a sort of which only what is newer is sought than what was found for its cell.
    fn newer(&self, (cell, test): (Cell, Test)) -> (Cell, Sought) {
        let newer_than = self.newest.get(&cell).map(|act| slots::place(act.key));
        (cell, Sought { newer_than, ..Sought::from(test) })
    }

    fn offer(&mut self, cell: Cell, act: &Arc<Act>) {
        let newer = self.newest.get(&cell).is_none_or(|known| known.key < act.key);
        if newer {
            self.newest.insert(cell, Arc::clone(act));
        }
    }
}

impl<'a> Search<'a> {
    fn of(asked: &'a Asked<'_>) -> Self {
        let Asked { known, silent, towards, channels, slots, topics, lasted } = asked;
        let (read, answered) = (RefCell::default(), RefCell::default());
        let standings = RefCell::new(Standings::new(known));
        let (towards, lasted) = (*towards, *lasted);
        Self { known, silent, towards, channels, slots, topics, lasted, read, answered, standings }
    }

    fn newest(&self, base: Test, sought: Vec<Sought>, most: usize) -> Result<Vec<Vec<Spot>>, DeskError> {
        let until = self.known.at.micros();
        Ok(self.known.view.newest(&NewestQuery { base, sought, since: i64::MIN, until, most })?)
    }

    /// Returns the act that stands somewhere, read once; none where it lies ahead.
    fn act(&self, spot: Spot) -> Result<Option<Arc<Act>>, DeskError> {
        if let Some(known) = self.read.borrow().get(&spot.position()) {
            return Ok(known.clone());
        }
        let mut act = None;
        for (row, raw) in self.known.view.entries(&[spot], None)? {
            let Some(entry) = reading(self.known, &row, raw)? else { continue };
            let key = self.slots.key(&entry, (row.earliest, row.latest, row.position));
            act = key.map(|key| Arc::new(Act { key, entry }));
        }
        self.read.borrow_mut().insert(spot.position(), act.clone());
        Ok(act)
    }

    /// Returns the test of what the silent side says or does to the other.
    fn ours(&self) -> Test {
        let mut tests = vec![self.by_us()];
        tests.extend(self.towards.map(|side| Test::To(side.ids.clone())));
        Test::All(tests)
    }

    fn by_us(&self) -> Test {
        Test::From(self.silent.ids.clone())
    }

    /// Returns the test of what has both sides among its parties.
    fn both(&self) -> Test {
        let mut tests = vec![Test::Party(self.silent.ids.clone())];
        tests.extend(self.towards.map(|side| Test::Party(side.ids.clone())));
        Test::All(tests)
    }

    /// Takes the newest of each of these sorts.
    fn fill(&self, acts: &mut Acts, base: Test, sorts: Vec<(Cell, Test)>) -> Result<(), DeskError> {
        let lasting = sorts.clone();
        let (cells, sought): (Vec<Cell>, Vec<Sought>) =
            sorts.into_iter().map(|sort| acts.newer(sort)).unzip();
        let found = self.newest(base.clone(), sought, 1)?;
        for (cell, spots) in cells.into_iter().zip(found) {
            if let Some(act) = spots.first().map(|spot| self.act(*spot)).transpose()?.flatten() {
                acts.offer(cell, &act);
            }
        }
        self.lasting(acts, base, (lasting, &[]), |_, _| Ok(true))
    }

    /// Takes the newest of each of these sorts that is what is wanted, which only its reading tells.
    fn fill_wanted(
        &self,
        acts: &mut Acts,
        base: &Test,
        sorts: Vec<(Cell, Test)>,
        wanted: impl Fn(&Cell, &Act) -> Result<bool, DeskError>,
    ) -> Result<(), DeskError> {
        let lasting = sorts.clone();
        // Where the topics are those of the latest acts, an act counts that is the newest of no cell.
        let newer = |(cell, test)| {
            if acts.every_topic { acts.newer((cell, test)) } else { (cell, Sought::from(test)) }
        };
        let (mut cells, mut sought): (Vec<Cell>, Vec<Sought>) = sorts.into_iter().map(newer).unzip();
        // Whether an entry is wanted depends on no more of the sort than whether it is an answer.
        let mut told: HashMap<(u64, bool), bool> = HashMap::new();
        let (mut most, mut given_up) = (LOOKS, Vec::new());
        while !cells.is_empty() {
            let found = self.newest(base.clone(), sought.clone(), most)?;
            let mut open: Vec<(Cell, Sought)> = Vec::new();
            for ((cell, sort), spots) in cells.into_iter().zip(sought).zip(found) {
                let mut newest = None;
                for spot in &spots {
                    let Some(act) = self.act(*spot)? else { continue };
                    let is_wanted = match told.entry((spot.position(), cell.is_answer())) {
                        hash_map::Entry::Occupied(known) => *known.get(),
                        hash_map::Entry::Vacant(unknown) => *unknown.insert(wanted(&cell, &act)?),
                    };
                    if is_wanted {
                        newest = Some(act);
                        break;
                    }
                }
                match newest {
                    Some(act) => {
                        acts.offer(cell.clone(), &act);
                        // A remark to nobody is none towards the other side.
                        acts.latest.extend((cell != Cell::RemarkToNobody).then_some(act));
                    }
                    // There are more, and they were not looked at yet.
                    None if spots.len() >= most && most < LOOKS_MAX => open.push((cell, sort)),
                    None if spots.len() >= most => given_up.push(cell),
                    None => {}
                }
            }
            (cells, sought) = open.into_iter().unzip();
            most *= 8;
        }
        self.lasting(acts, base.clone(), (lasting, &given_up), wanted)
    }

    /// Returns the sorts in which every act is counted: any, its way, its channel.
    fn everywhere(&self) -> Vec<(Cell, Test)> {
        let any = (Cell::Any, Test::All(Vec::new()));
        let ways = Directness::ALL.iter().map(|way| (Cell::Way(Some(*way)), self.channels.reaching(*way)));
        let untold = (Cell::Way(None), self.channels.untold());
        let over = self.channels.all.iter().map(|(id, _)| (Cell::Channel(*id), Test::Via(vec![*id])));
        let on = self.topics.iter().map(|topic| (Cell::Topic(topic.clone()), Test::Topic(topic.clone())));
        [any, untold].into_iter().chain(ways).chain(over).chain(on).collect()
    }

    /// What the one says or does to the other.
    fn addressed(&self, acts: &mut Acts) -> Result<(), DeskError> {
        // Who sat together is looked for apart.
        let held = Test::Not(Box::new(Test::Class(KindClass::Held)));
        let base = Test::All(vec![self.ours(), Test::Class(KindClass::Speech), held]);
        self.said(acts, base)
    }

    /// Takes what is said to the other side, of every sort, and the latest of it.
    fn said(&self, acts: &mut Acts, base: Test) -> Result<(), DeskError> {
        let mut sorts = self.everywhere();
        sorts.push((Cell::Message, Test::Kind(vec![Kind::MessageSent, Kind::MessageReceived])));
        // What is said in public and answers an offer is an answer, and a remark all the same.
        let open =
            Test::Any(vec![Test::Class(KindClass::Remark), self.channels.reaching(Directness::Public)]);
        sorts.push((Cell::PublicRemark, open));
        self.fill(acts, base.clone(), sorts)?;
        self.latest(acts, base)
    }

    /// Takes the latest acts, whatever they are, where not every topic is looked up.
    fn latest(&self, acts: &mut Acts, base: Test) -> Result<(), DeskError> {
        if acts.every_topic {
            return Ok(());
        }
        let found = self.newest(base, vec![Test::All(Vec::new()).into()], TOPIC_ACTS_MAX)?;
        for spot in found.iter().flatten() {
            if let Some(act) = self.act(*spot)?
                && self.took_place(&act)?
            {
                acts.latest.push(act);
            }
        }
        Ok(())
    }

    /// What both sides do together: meetings, agreements. Who sat there acted, whoever is named first; that something was
    /// agreed or is to be, one may say alone, and says it of the other.
    fn together(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let held = || Test::Class(KindClass::Held);
        let base = Test::All(vec![
            self.both(),
            Test::Any(vec![held(), Test::All(vec![self.by_us(), Test::Class(KindClass::Together)])]),
        ]);
        let mut sorts = self.everywhere();
        // Who sits together is as direct as can be, where nothing else is said.
        sorts.retain(|(cell, _)| *cell != Cell::Way(None));
        sorts.push((Cell::Talks, held()));
        let direct = Test::All(vec![held(), self.channels.untold()]);
        sorts.push((Cell::Way(Some(Directness::Direct)), direct));
        let otherwise = Test::All(vec![Test::Not(Box::new(held())), self.channels.untold()]);
        sorts.push((Cell::Way(None), otherwise));
        self.fill_wanted(acts, &base, sorts, |_, act| self.took_place(act))?;
        self.latest(acts, base)
    }
}
