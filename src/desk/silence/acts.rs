//! The last acts of one side towards another, looked up in the index.

use std::collections::BTreeMap;

use crate::desk::answer::silence::LastAct;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::silence::sides::{
    Channels, Side, answers, attempts, held, kinds, mutual, public, speaks,
};
use crate::desk::silence::{Cell, TOPIC_ACTS_MAX};
use crate::desk::{meetings, timeline};
use crate::domain::event::Event;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Fact, Kind};
use crate::domain::id::EntityId;
use crate::domain::occurred::Precision;
use crate::domain::overture::{World, days_between};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Directness, Form};
use crate::projections::newest::{NewestQuery, Test};
use crate::projections::timeline::Row;

/// So many candidates are read at first where the index alone does not decide.
const LOOKS: usize = 8;
/// So many at most.
const LOOKS_MAX: usize = 4_096;

/// The place of an act in time and in the log.
pub(super) type Key = (Timestamp, Timestamp, u64);

/// An act.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) key: Key,
    pub(super) entry: Entry,
}

/// The last acts of one side towards another.
pub(super) struct Acts {
    /// The newest of each cell.
    pub(super) newest: BTreeMap<Cell, Act>,
    /// The latest of all, newest first, at most [`TOPIC_ACTS_MAX`].
    pub(super) latest: Vec<Act>,
    /// The lines between the two sides.
    pub(super) lines: Vec<EntityId>,
}

/// What is looked for.
struct Search<'a> {
    known: &'a Known,
    silent: &'a Side,
    towards: Option<&'a Side>,
    channels: &'a Channels,
}

impl Acts {
    /// Looks the last acts up.
    pub(super) fn found(
        known: &Known,
        silent: &Side,
        towards: Option<&Side>,
        channels: &Channels,
    ) -> Result<Self, DeskError> {
        let mut acts = Self { newest: BTreeMap::new(), latest: Vec::new(), lines: Vec::new() };
        if silent.ids.is_empty() || towards.is_some_and(|side| side.ids.is_empty()) {
            return Ok(acts);
        }
        let search = Search { known, silent, towards, channels };
        acts.lines = search.lines()?;
        search.addressed(&mut acts)?;
        search.answered(&mut acts)?;
        search.together(&mut acts)?;
        search.calls(&mut acts)?;
        search.unaddressed(&mut acts)?;
        search.meetings_of_nobody(&mut acts)?;
        acts.latest.sort_by(|one, other| other.key.cmp(&one.key));
        acts.latest.dedup_by_key(|act| act.entry.id);
        acts.latest.truncate(TOPIC_ACTS_MAX);
        Ok(acts)
    }

    fn offer(&mut self, cell: Cell, act: &Act) {
        let newer = self.newest.get(&cell).is_none_or(|known| known.key < act.key);
        if newer {
            self.newest.insert(cell, act.clone());
        }
    }

    /// Offers an act to every cell that it belongs to whatever it is: any, its way, its channels.
    fn offer_anywhere(&mut self, known: &Known, act: &Act) {
        self.offer(Cell::Any, act);
        self.offer(Cell::Way(act.directness(known)), act);
        for channel in act.channels() {
            self.offer(Cell::Channel(channel), act);
        }
        self.latest.push(act.clone());
    }
}

impl Search<'_> {
    fn newest(&self, base: Test, tests: Vec<Test>, most: usize) -> Result<Vec<Vec<Row>>, DeskError> {
        let until = self.known.at.micros();
        Ok(self.known.view.newest(&NewestQuery { base, tests, until, most })?)
    }

    fn act(&self, row: &Row) -> Result<Option<Act>, DeskError> {
        let entry = timeline::entry(self.known, row, 0)?;
        Ok(entry.map(|entry| Act { key: (row.earliest, row.latest, row.position), entry }))
    }

    /// Returns the test of what the silent side says or does to the other.
    fn ours(&self) -> Test {
        let mut tests = vec![Test::From(self.silent.ids.clone())];
        tests.extend(self.towards.map(|side| Test::To(side.ids.clone())));
        Test::All(tests)
    }

    /// Returns the test of what has both sides among its parties.
    fn both(&self) -> Test {
        let mut tests = vec![Test::Party(self.silent.ids.clone())];
        tests.extend(self.towards.map(|side| Test::Party(side.ids.clone())));
        Test::All(tests)
    }

    /// Takes the newest of each of these sorts.
    fn fill(&self, acts: &mut Acts, base: Test, sorts: Vec<(Cell, Test)>) -> Result<(), DeskError> {
        let (cells, tests): (Vec<Cell>, Vec<Test>) = sorts.into_iter().unzip();
        let found = self.newest(base, tests, 1)?;
        for (cell, rows) in cells.into_iter().zip(found) {
            if let Some(act) = rows.first().map(|row| self.act(row)).transpose()?.flatten() {
                acts.offer(cell, &act);
            }
        }
        Ok(())
    }

    /// Returns the sorts in which every act is counted: its way, its channel.
    fn everywhere(&self) -> Vec<(Cell, Test)> {
        let ways = Directness::ALL.iter().map(|way| (Cell::Way(Some(*way)), self.channels.reaching(*way)));
        let over = self.channels.all.iter().map(|(id, _)| (Cell::Channel(*id), Test::Via(vec![*id])));
        ways.chain([(Cell::Way(None), self.channels.untold())]).chain(over).collect()
    }

    /// What the one says or does to the other.
    fn addressed(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let base = Test::All(vec![self.ours(), kinds(speaks)]);
        let mut sorts = self.everywhere();
        let message = |kind| matches!(kind, Kind::MessageSent | Kind::MessageReceived);
        sorts.push((Cell::Message, kinds(message)));
        let remark = vec![
            kinds(public),
            self.channels.reaching(Directness::Public),
            Test::All(vec![Test::PerhapsUnlinked, kinds(answers)]),
        ];
        // What is said in public and answers an offer is an answer, and a remark all the same.
        sorts.push((Cell::PublicRemark, Test::Any(remark)));
        self.fill(acts, base.clone(), sorts)?;
        self.latest(acts, base)
    }

    /// Takes the latest acts, whatever they are.
    fn latest(&self, acts: &mut Acts, base: Test) -> Result<(), DeskError> {
        let found = self.newest(base, vec![Test::All(Vec::new())], TOPIC_ACTS_MAX)?;
        for row in found.iter().flatten() {
            if let Some(act) = self.act(row)? {
                acts.offer(Cell::Any, &act);
                acts.latest.push(act);
            }
        }
        Ok(())
    }

    /// The answers that name what they answer.
    fn answered(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let linked = Test::All(vec![self.ours(), kinds(answers), Test::PerhapsLinked]);
        let is_linked = |act: &Act| Ok(!self.answers_what(act)?.is_empty());
        if let Some(act) = self.first(&linked, is_linked)? {
            acts.offer(Cell::Answer, &act);
        }
        let direct = Test::All(vec![linked, self.channels.reaching(Directness::Direct)]);
        if let Some(act) = self.first(&direct, is_linked)? {
            acts.offer(Cell::DirectAnswer, &act);
        }
        Ok(())
    }

    /// Returns the newest that meets a test and is what is wanted; it is read to know.
    fn first(
        &self,
        test: &Test,
        wanted: impl Fn(&Act) -> Result<bool, DeskError>,
    ) -> Result<Option<Act>, DeskError> {
        let (mut most, mut seen) = (LOOKS, 0);
        loop {
            let found = self.newest(test.clone(), vec![Test::All(Vec::new())], most)?;
            let rows = found.into_iter().next().unwrap_or_default();
            for row in rows.iter().skip(seen) {
                if let Some(act) = self.act(row)?
                    && wanted(&act)?
                {
                    return Ok(Some(act));
                }
            }
            if rows.len() < most || most >= LOOKS_MAX {
                return Ok(None);
            }
            (seen, most) = (rows.len(), most * 8);
        }
    }

    /// Returns the overtures that an entry answers, by its links as they are now.
    fn answers_what(&self, act: &Act) -> Result<Vec<EntityId>, DeskError> {
        let Some(entry) = self.known.entry(act.entry.id)? else { return Ok(Vec::new()) };
        let Some(event) = &entry.event else { return Ok(Vec::new()) };
        let linked = entry.links().iter().filter(|link| link.relation.enters_history());
        let mut named: Vec<EntityId> = event.envelope.about.clone();
        named.extend(linked.map(|link| EntityId::from(link.target)));
        let own = event.created(entry.id);
        named.retain(|id| Some(*id) != own);
        let mut overtures = Vec::new();
        for id in named {
            if self.known.view.kind_of(id)? == Some(EntityKind::Overture) {
                overtures.push(id);
                continue;
            }
            // An answer to an entry of a thread answers the overture of the thread.
            let other = self.known.entry(crate::domain::id::EventId::from_uuid(*id.as_uuid()))?;
            let about = other.and_then(|other| other.event).map(|event| event.envelope);
            for about in about.iter().flat_map(|envelope| {
                let links = envelope.links.iter().map(|link| EntityId::from(link.target));
                envelope.about.iter().copied().chain(links)
            }) {
                if self.known.view.kind_of(about)? == Some(EntityKind::Overture) {
                    overtures.push(about);
                }
            }
        }
        Ok(overtures)
    }

    /// What both sides do together: meetings, agreements.
    fn together(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let base = Test::All(vec![kinds(mutual), self.both()]);
        let mut sorts = self.everywhere();
        // Who sits together is as direct as can be, where nothing else is said.
        sorts.retain(|(cell, _)| *cell != Cell::Way(None));
        sorts.push((Cell::Talks, kinds(held)));
        sorts.push((Cell::Way(Some(Directness::Direct)), Test::All(vec![kinds(held), self.channels.untold()])));
        self.fill(acts, base.clone(), sorts)?;
        self.latest(acts, base)
    }

    /// Returns the lines between the two sides: by their ends, else by what was said over them.
    fn lines(&self) -> Result<Vec<EntityId>, DeskError> {
        let mut lines = Vec::new();
        let mut without_ends = Vec::new();
        for (id, sort) in &self.channels.all {
            let entered = self.known.register.channel(*id).map(|channel| &channel.entered);
            let ends = entered.map_or(&[][..], |entered| entered.ends.as_slice());
            let is_end = |side: &Side| side.is_end(self.known, ends);
            if *sort != Sort::Line {
                continue;
            }
            if ends.is_empty() {
                without_ends.push(*id);
            } else if is_end(self.silent) && self.towards.is_none_or(is_end) {
                lines.push(*id);
            }
        }
        let over = |id: &EntityId| Test::Any(vec![Test::About(vec![*id]), Test::Via(vec![*id])]);
        let found = self.newest(self.both(), without_ends.iter().map(over).collect(), 1)?;
        let used = without_ends.iter().zip(found).filter(|(_, rows)| !rows.is_empty());
        lines.extend(used.map(|(id, _)| *id));
        Ok(lines)
    }

    /// Calls that were taken, and calls that were tried: whoever calls need not be named on a line between
    /// the two.
    fn calls(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let lines = acts.lines.clone();
        let theirs = Test::Any(vec![
            self.both(),
            Test::All(vec![Test::About(lines.clone()), Test::Unaddressed]),
        ]);
        let taken = |test: Test| Test::All(vec![Test::Kind(vec![Kind::CallAnswered]), test]);
        if let Some(act) = self.first(&taken(theirs), |_| Ok(true))? {
            acts.offer(Cell::AnsweredCall, &act);
            acts.offer_anywhere(self.known, &act);
        }
        let mut sorts = Vec::with_capacity(lines.len() * 2);
        for line in lines {
            let about = || Test::About(vec![line]);
            sorts.push((Cell::CallTaken(line), taken(about())));
            sorts.push((Cell::Attempt(line), about()));
        }
        self.fill(acts, kinds(attempts), sorts)?;
        let over: Vec<(EntityId, Act)> = acts
            .newest
            .iter()
            .filter_map(|(cell, act)| match cell {
                Cell::CallTaken(line) => Some((*line, act.clone())),
                _ => None,
            })
            .collect();
        for (line, act) in over.into_iter().filter(|(_, act)| self.is_between(act)) {
            acts.offer(Cell::Channel(line), &act);
            acts.latest.push(act);
        }
        Ok(())
    }

    /// Tells whether a call on a line of the two was one between them.
    fn is_between(&self, call: &Act) -> bool {
        let Some(event) = &call.entry.event else { return false };
        let parties = [&event.envelope.from[..], &event.envelope.to].concat();
        event.envelope.to.is_empty()
            || (self.silent.has(&parties) && self.towards.is_none_or(|side| side.has(&parties)))
    }

    /// Answers that name nobody to whom they are given: the proposer of what they answer is meant. Remarks
    /// to nobody are told apart.
    fn unaddressed(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let nobody = Test::All(vec![Test::Unaddressed, Test::From(self.silent.ids.clone())]);
        if let Some(towards) = self.towards {
            let meant = |act: &Act| {
                for overture in self.answers_what(act)? {
                    let offer = self.known.entry(crate::domain::id::EventId::from_uuid(*overture.as_uuid()))?;
                    let offer = offer.and_then(|offer| offer.event);
                    if offer.is_some_and(|offer| towards.has(&offer.envelope.from)) {
                        return Ok(true);
                    }
                }
                Ok(false)
            };
            let answer = Test::All(vec![nobody.clone(), kinds(answers), Test::PerhapsLinked]);
            if let Some(act) = self.first(&answer, meant)? {
                acts.offer(Cell::Answer, &act);
                acts.offer_anywhere(self.known, &act);
                if act.directness(self.known) == Some(Directness::Public) {
                    acts.offer(Cell::PublicRemark, &act);
                }
            }
            let direct = Test::All(vec![answer, self.channels.reaching(Directness::Direct)]);
            if let Some(act) = self.first(&direct, meant)? {
                acts.offer(Cell::DirectAnswer, &act);
                acts.offer_anywhere(self.known, &act);
            }
        }
        let remark = Test::Any(vec![
            kinds(public),
            Test::All(vec![kinds(speaks), self.channels.reaching(Directness::Public)]),
        ]);
        let unlinked = |act: &Act| Ok(self.answers_what(act)?.is_empty());
        if let Some(act) = self.first(&Test::All(vec![nobody, remark]), unlinked)? {
            acts.offer(Cell::RemarkToNobody, &act);
        }
        Ok(())
    }

    /// Meetings of which the entry names no party: those of the meeting are meant.
    fn meetings_of_nobody(&self, acts: &mut Acts) -> Result<(), DeskError> {
        let parties = |act: &Act| {
            let event = act.entry.event.as_ref();
            let Some(event) = event.filter(|event| event.envelope.from.is_empty()) else { return Ok(false) };
            let meeting = event.created(act.entry.id).or_else(|| event.envelope.about.first().copied());
            let Some(told) = meeting.map(|id| meetings::told(self.known, id)).transpose()?.flatten() else {
                return Ok(false);
            };
            let parties = &told.standing.parties;
            Ok(self.silent.has(parties) && self.towards.is_none_or(|side| side.has(parties)))
        };
        let of_nobody = Test::All(vec![kinds(held), Test::Unaddressed]);
        if let Some(act) = self.first(&of_nobody, parties)? {
            acts.offer(Cell::Talks, &act);
            acts.offer_anywhere(self.known, &act);
        }
        Ok(())
    }
}

impl Act {
    /// Returns how directly it reached the other side: as it says, else by its form, else by what carried
    /// it; a call and a meeting are direct.
    pub(super) fn directness(&self, known: &Known) -> Option<Directness> {
        let event = self.entry.event.as_ref()?;
        let stated = stated(event).or_else(|| event.envelope.form.and_then(Form::directness));
        let carried = || World::directness(known, &event.envelope.via);
        let kind = event.kind();
        let by_kind = || (held(kind) || attempts(kind)).then_some(Directness::Direct);
        stated.or_else(carried).or_else(by_kind)
    }

    /// Returns what carried it, and of a call the line.
    fn channels(&self) -> Vec<EntityId> {
        let Some(event) = &self.entry.event else { return Vec::new() };
        let mut channels = event.envelope.via.clone();
        if attempts(event.kind()) {
            channels.extend(&event.envelope.about);
        }
        channels
    }

    /// Returns it as the matrix tells it.
    pub(super) fn told(&self, known: &Known) -> Result<LastAct, DeskError> {
        let envelope = self.entry.event.as_ref().map(|event| &event.envelope);
        let (from, to) = envelope.map_or((&[][..], &[][..]), |envelope| (&envelope.from, &envelope.to));
        let (days_ago, days_ago_max) = self.days_ago(known);
        Ok(LastAct {
            entry: known.recognised(&self.entry)?,
            position: self.entry.position,
            from: known.all_named(from)?,
            to: known.all_named(to)?,
            via: known.all_named(&self.channels())?,
            directness: self.directness(known).map(|way| way.to_string()),
            days_ago,
            days_ago_max,
        })
    }

    /// Returns how many days ago it was: what lasted, from its end; at most so many where the date is a
    /// month, a year or a guess.
    fn days_ago(&self, known: &Known) -> (i64, Option<i64>) {
        let (earliest, latest, _) = self.key;
        let envelope = self.entry.event.as_ref().map(|event| &event.envelope);
        let date = envelope.and_then(|envelope| envelope.occurred.as_ref());
        let lasted = date.is_some_and(|date| date.precision() == Precision::Interval && !date.is_doubtful());
        let days = |moment: Timestamp| days_between(&known.zone, moment.min(known.at), known.at);
        let (least, most) = (days(latest), days(earliest));
        (least, (most > least && !lasted).then_some(most))
    }
}

/// Returns how directly an entry says that it came.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts do not say how directly they came")]
fn stated(event: &Event) -> Option<Directness> {
    match &event.fact {
        Fact::ResponseConduct(answer) => answer.directness.or(Some(Directness::Conduct)),
        Fact::ResponseAccepted(answer)
        | Fact::ResponseAcceptedWithChanges(answer)
        | Fact::ResponseAcceptedConditionally(answer)
        | Fact::ResponseCounterProposed(answer)
        | Fact::ResponseRejected(answer)
        | Fact::ResponseRejectedPlan(answer)
        | Fact::ResponseDeflected(answer)
        | Fact::ResponseDeclinedComment(answer)
        | Fact::ResponseRescinded(answer)
        | Fact::ConditionMet(answer)
        | Fact::ConditionRefused(answer) => answer.directness,
        _ => None,
    }
}
