//! Counting answers, in memory that does not grow with the number of offers.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::answer::statistics::{AnswerGroup, AnswerStatistics, LongestWait, Median};
use crate::desk::ask::AnswersBy as By;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::standings::{Gathered, Standings};
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::overture::answer::{AnswerState, FirstAnswer, Reply, Said};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::status::OvertureStatus;
use crate::domain::overture::{OvertureStanding, days_between};
use crate::domain::timestamp::Timestamp;
use crate::domain::waiting::{Waits, share};

/// What stands in the place of a channel, a year or a party that nobody recorded.
const NOT_RECORDED: &str = "not recorded";
/// After so many offers what was worked out for chains of them is let go.
const STRETCH: usize = 256;

/// The counts of each group, and of everything together.
#[derive(Debug, Default)]
pub(super) struct Tally {
    together: Group,
    groups: BTreeMap<Vec<String>, Group>,
}

/// The counts of a group: its size depends on the lengths of waits that occur, not on how many there are.
#[derive(Debug, Clone, Default)]
struct Group {
    overtures: u64,
    without_addressee: u64,
    cases: u64,
    answered: u64,
    answers: BTreeMap<&'static str, u64>,
    open: u64,
    ended: u64,
    not_known: u64,
    acknowledged: u64,
    late: u64,
    undated: u64,
    waits: Waits,
    longest: Option<(i64, EntityId, EntityId)>,
}

/// An offer with one of its addressees.
struct Case<'a> {
    overture: EntityId,
    reply: &'a Reply,
    // Its first answer, unless the offer had ended by then.
    first: Option<&'a FirstAnswer>,
    // When it ended without an answer; none while it still waits.
    ended: Option<Timestamp>,
    issued: Option<Timestamp>,
    // An entry of the thread had its text removed, which may have been the answer.
    was_removed: bool,
}

impl Tally {
    /// Counts these offers.
    pub(super) fn of(known: &Known, overtures: &[EntityId], by: &[By]) -> Result<Self, DeskError> {
        let mut tally = Self::default();
        for stretch in overtures.chunks(STRETCH) {
            let mut standings = Standings::new(known);
            for overture in stretch {
                let gathered = standings.gathered(*overture)?;
                if gathered.is_made(known) {
                    let standing = standings.of(*overture)?;
                    tally.take(known, &gathered, &standing, by)?;
                }
                standings.let_go(*overture);
            }
        }
        Ok(tally)
    }

    /// Takes in what another tally counted.
    pub(super) fn add(&mut self, other: Self) {
        self.together.add(&other.together);
        for (values, group) in other.groups {
            self.groups.entry(values).or_default().add(&group);
        }
    }

    fn take(
        &mut self,
        known: &Known,
        gathered: &Gathered,
        standing: &OvertureStanding,
        by: &[By],
    ) -> Result<(), DeskError> {
        if matches!(standing.status, OvertureStatus::Drafted | OvertureStatus::Unknown) {
            return Ok(());
        }
        let issued = standing.issued.as_ref().map(|issued| issued.earliest(&known.zone));
        let issued = issued.filter(|issued| issued.is_bounded());
        let over = matches!(
            standing.currency,
            Currency::Withdrawn | Currency::Superseded | Currency::Moot | Currency::Realised
        );
        let ended_by = standing.currency_by.and_then(|id| gathered.entry(id));
        let ended = over.then(|| ended_by.map_or(known.at, |entry| entry.bounds(&known.zone).0));
        let end = ended_by.filter(|_| over).map(|entry| entry.bounds(&known.zone).1);
        let said_at = |id: EventId| gathered.entry(id).map(|entry| entry.bounds(&known.zone).0);
        let kind = gathered
            .creation
            .as_ref()
            .and_then(|entry| entry.event.as_ref())
            .map(crate::domain::event::Event::kind);
        let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
        self.together.overtures += 1;
        self.together.without_addressee += u64::from(standing.replies.is_empty());
        if standing.replies.is_empty() && !by.is_empty() {
            for values in values(known, standing, None, kind, issued, by)? {
                let group = self.groups.entry(values).or_default();
                group.overtures += 1;
                group.without_addressee += 1;
            }
        }
        for reply in &standing.replies {
            let was_removed = gathered.removed > 0;
            // What is said to an offer that has ended answers nothing that was still waited for; of one day nobody knows
            // which came first.
            let in_time =
                |first: &&FirstAnswer| end.zip(said_at(first.entry)).is_none_or(|(end, said)| said <= end);
            let first = reply.first.as_ref().filter(in_time);
            let case = Case { overture: standing.overture, reply, first, ended, issued, was_removed };
            self.together.count(known, &case);
            if by.is_empty() {
                continue;
            }
            for values in values(known, standing, Some(reply.addressee), kind, issued, by)? {
                let group = self.groups.entry(values.clone()).or_default();
                group.count(known, &case);
                group.overtures += u64::from(seen.insert(values));
            }
        }
        Ok(())
    }

    /// Returns the counts as they are told.
    pub(super) fn told(self, known: &Known, by: &[By], method: &str) -> Result<AnswerStatistics, DeskError> {
        let groups = self.groups.into_iter().map(|(values, group)| group.told(known, values));
        Ok(AnswerStatistics {
            by: by.iter().map(ToString::to_string).collect(),
            method: method.to_owned(),
            groups: groups.collect::<Result<_, _>>()?,
            together: self.together.told(known, Vec::new())?,
        })
    }
}

impl Group {
    fn count(&mut self, known: &Known, case: &Case<'_>) {
        let reply = case.reply;
        self.cases += 1;
        if case.first.is_none() && case.was_removed {
            self.not_known += 1;
            return;
        }
        let Some(first) = case.first else {
            self.acknowledged += u64::from(reply.state == AnswerState::Acknowledged);
            if case.ended.is_some() {
                self.ended += 1;
            } else {
                self.open += 1;
            }
            let until = case.ended.unwrap_or(known.at);
            match case.issued.filter(|_| until.is_bounded()) {
                Some(issued) => self.waits.unanswered(days_between(&known.zone, issued, until)),
                None => self.undated += 1,
            }
            return;
        };
        self.answered += 1;
        *self.answers.entry(word(first.said)).or_default() += 1;
        self.late += u64::from(first.late.is_some());
        let Some(days) = first.days else {
            self.undated += 1;
            return;
        };
        self.waits.answered(days);
        if self.longest.is_none_or(|(longest, _, _)| days > longest) {
            self.longest = Some((days, case.overture, reply.addressee));
        }
    }

    fn add(&mut self, other: &Self) {
        self.overtures += other.overtures;
        self.without_addressee += other.without_addressee;
        self.cases += other.cases;
        self.answered += other.answered;
        for (answer, number) in &other.answers {
            *self.answers.entry(answer).or_default() += number;
        }
        self.open += other.open;
        self.ended += other.ended;
        self.not_known += other.not_known;
        self.acknowledged += other.acknowledged;
        self.late += other.late;
        self.undated += other.undated;
        self.waits.add(&other.waits);
        // The first of several that waited as long: what was counted before stays.
        if other.longest.is_some_and(|(days, _, _)| self.longest.is_none_or(|(longest, _, _)| days > longest))
        {
            self.longest = other.longest;
        }
    }

    fn told(self, known: &Known, values: Vec<String>) -> Result<AnswerGroup, DeskError> {
        let median = match (self.waits.median(), self.waits.unanswered_at_last()) {
            (Some(days), _) => Median::Yes { days },
            (None, Some(unanswered)) => Median::NotReached { unanswered },
            (None, None) => Median::NoCases,
        };
        let longest = self.longest.map(|(days, overture, party)| {
            let entry = known.entry(EventId::from_uuid(*overture.as_uuid()))?;
            let overture = entry.map(|entry| known.recognised(&entry)).transpose()?;
            let party = known.named(party)?;
            Ok::<_, DeskError>(overture.map(|overture| LongestWait { days, overture, party }))
        });
        let share_of = |part: u64| (self.cases > 0).then(|| share(part, self.cases));
        Ok(AnswerGroup {
            values,
            overtures: self.overtures,
            without_addressee: self.without_addressee,
            cases: self.cases,
            answered: self.answered,
            share_answered: share_of(self.answered),
            open: self.open,
            share_open: share_of(self.open),
            ended: self.ended,
            not_known: self.not_known,
            acknowledged: self.acknowledged,
            late: self.late,
            undated: self.undated,
            median_answered_days: self.waits.median_of_answered(),
            median,
            longest: longest.transpose()?.flatten(),
            answers: self.answers.into_iter().map(|(answer, number)| (answer.to_owned(), number)).collect(),
        })
    }
}

/// Returns every combination of values by which a case is counted: a case over two channels counts for both.
fn values(
    known: &Known,
    standing: &OvertureStanding,
    addressee: Option<EntityId>,
    kind: Option<Kind>,
    issued: Option<Timestamp>,
    by: &[By],
) -> Result<Vec<Vec<String>>, DeskError> {
    let root = |party: EntityId| -> Result<String, DeskError> {
        match known.register.party_code(party) {
            Some(code) => Ok(code.root().to_string()),
            None => Ok(known.named(party)?.name),
        }
    };
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    for one in by {
        let mut values: Vec<String> = match one {
            By::Party => addressee.into_iter().map(root).collect::<Result<_, _>>()?,
            By::Body => addressee
                .into_iter()
                .map(|party| Ok(known.named(party)?.name))
                .collect::<Result<_, DeskError>>()?,
            By::Proposer => standing.proposer.iter().map(|party| root(*party)).collect::<Result<_, _>>()?,
            By::Channel => known.all_named(&standing.via)?.into_iter().map(|named| named.name).collect(),
            By::Kind => kind.map(|kind| kind.to_string()).into_iter().collect(),
            By::Year => {
                issued.map(|issued| known.zone.local(issued).format("%Y").to_string()).into_iter().collect()
            }
        };
        values.sort();
        values.dedup();
        if values.is_empty() {
            values.push(NOT_RECORDED.to_owned());
        }
        let longer = combinations.iter().flat_map(|before| {
            values.iter().map(|value| before.iter().chain([value]).cloned().collect::<Vec<String>>())
        });
        combinations = longer.collect();
    }
    Ok(combinations)
}

/// Returns the word for what an answer says.
const fn word(said: Said) -> &'static str {
    match said {
        Said::Acknowledged => "acknowledged",
        Said::Deflected => "deflected",
        Said::Conditional => "conditional",
        Said::Countered => "countered",
        Said::AcceptedWithChanges => "accepted_with_changes",
        Said::Accepted => "accepted",
        Said::Rejected => "rejected",
        Said::Rescinded => "rescinded",
        Said::ConditionMet => "condition_met",
        Said::ConditionRefused => "condition_refused",
    }
}
