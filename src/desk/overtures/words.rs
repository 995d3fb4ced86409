//! Where an overture stands, in words that name parties, entries and dates.

use chrono::{DurationRound as _, TimeDelta};

use crate::desk::answer::board::OvertureRow;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::said::{manner, noun, said};
use crate::desk::overtures::standings::Gathered;
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::answer::{Late, Reply};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::effect::Remark;
use crate::domain::overture::status::{Finding, OvertureStatus, Unanswered};
use crate::domain::overture::window::Window;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Basis, SilenceScope};
use crate::domain::zone::Zone;

/// Returns where an overture stands in one line: `standing, unanswered (reported by ik-150), 44 days old`.
pub(crate) fn overture_words(row: &OvertureRow) -> String {
    let words = overture_state(row);
    age(row).map_or_else(|| words.clone(), |age| format!("{words}, {age} old"))
}

/// Returns how old an offer is: `44 days`, `12 to 41 days`, `at least 22600 days`; none where nobody knows.
pub(crate) fn age(row: &OvertureRow) -> Option<String> {
    let days = |days: i64| if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    Some(match (row.age_days_min, row.age_days) {
        (None, most) => days(most?),
        (Some(least), Some(most)) => format!("{least} to {}", days(most)),
        (Some(least), None) => format!("at least {}", days(least)),
    })
}

/// Returns the same without the age.
pub(crate) fn overture_state(row: &OvertureRow) -> String {
    let mut words = plain(&row.status);
    if row.currency != row.status && !matches!(row.status.as_str(), "drafted" | "unknown") {
        words = format!("{}, {words}", row.currency);
    }
    if row.possibly {
        words = format!("possibly {words}");
    }
    if !row.basis.is_empty() {
        // The basis in short: what stands before the first point that parts it.
        let short = row.basis.split(';').next().unwrap_or(&row.basis);
        words = format!("{words} ({short})");
    }
    match row.reiterations {
        0 => {}
        1 => words.push_str(", reiterated once"),
        times => words = format!("{words}, reiterated {times} times"),
    }
    words
}

/// Returns a word of the record as people read it.
pub(crate) fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// Puts one overture into words.
pub(crate) struct Words<'a> {
    pub(crate) known: &'a Known,
    pub(crate) gathered: &'a Gathered,
}

impl Words<'_> {
    /// Returns the handle of an entry.
    pub(crate) fn handle(&self, id: EventId) -> Result<String, DeskError> {
        match self.gathered.entry(id) {
            Some(entry) => Ok(Known::handle(id, entry.event.as_ref())),
            None => Ok(self.known.named(id.into())?.name),
        }
    }

    /// Returns the names of parties, or that none is named.
    pub(crate) fn parties(&self, parties: &[EntityId]) -> Result<String, DeskError> {
        if parties.is_empty() {
            return Ok("someone who is not named".to_owned());
        }
        let names: Vec<String> = self.known.all_named(parties)?.into_iter().map(|named| named.name).collect();
        Ok(names.join(" and "))
    }

    /// Returns ` on 20 July 2017`, or nothing where an entry has no date.
    fn on(&self, id: EventId) -> String {
        let date = self.gathered.entry(id).and_then(|entry| entry.effect());
        date.map_or_else(String::new, on)
    }

    /// Returns on what the status rests.
    pub(crate) fn basis(&self, standing: &OvertureStanding) -> Result<String, DeskError> {
        match standing.status {
            OvertureStatus::Pending => self.pending(standing),
            OvertureStatus::Unanswered => self.all_unanswered(standing),
            OvertureStatus::Acknowledged
            | OvertureStatus::Deflected
            | OvertureStatus::Negotiating
            | OvertureStatus::Accepted
            | OvertureStatus::Rejected
            | OvertureStatus::PartlyAnswered => self.answers(standing),
            OvertureStatus::LapsedUnanswered
            | OvertureStatus::Withdrawn
            | OvertureStatus::Superseded
            | OvertureStatus::Realised
            | OvertureStatus::Moot => self.ended(standing),
            OvertureStatus::Drafted => Ok("not yet sent".to_owned()),
            OvertureStatus::Unknown => Ok(match &self.gathered.creation {
                None => "the text of the offer was removed".to_owned(),
                Some(entry) if entry.struck => "the entry that makes the offer was struck".to_owned(),
                Some(_) => "the offer had not been made".to_owned(),
            }),
        }
    }

    fn pending(&self, standing: &OvertureStanding) -> Result<String, DeskError> {
        Ok(match &standing.window {
            Some(window) => format!("an answer is due by {}", self.due(window)?),
            None => format!("{}; nothing says by when one is due", self.none_recorded()),
        })
    }

    /// Returns on what "unanswered" rests: what was found or is over, then the details of it.
    pub(crate) fn unanswered(&self, unanswered: &Unanswered) -> Result<String, DeskError> {
        match unanswered {
            Unanswered::Found(finding) => self.found(finding),
            Unanswered::WindowOver { .. } => self.window_over(unanswered),
        }
    }

    /// Returns on what it rests that nobody answered; an addressee of whose silence something else tells is
    /// named apart.
    fn all_unanswered(&self, standing: &OvertureStanding) -> Result<String, DeskError> {
        let Some(together) = &standing.unanswered else { return Ok(String::new()) };
        let covered = |reply: &&Reply| match together {
            Unanswered::Found(_) => reply.unanswered.as_ref() == Some(together),
            Unanswered::WindowOver { addressees, .. } => addressees.contains(&reply.addressee),
        };
        let mut words = vec![self.unanswered(together)?];
        for reply in standing.replies.iter().filter(|reply| !covered(reply)) {
            words.push(match &reply.unanswered {
                Some(unanswered) => self.silent(reply, unanswered)?,
                None => self.answer(reply)?,
            });
        }
        Ok(words.join("; "))
    }

    /// Returns what each addressee answered; of one that is found silent, on what that rests, in short with
    /// the others and in full after them.
    fn answers(&self, standing: &OvertureStanding) -> Result<String, DeskError> {
        let mut short = Vec::with_capacity(standing.replies.len());
        let mut details = String::new();
        for reply in &standing.replies {
            let Some(unanswered) = &reply.unanswered else {
                short.push(self.answer(reply)?);
                continue;
            };
            let whole = self.silent(reply, unanswered)?;
            let (first, rest) = whole.split_once(';').unwrap_or((&whole, ""));
            short.push(first.to_owned());
            if !rest.is_empty() {
                details = format!("{details};{rest}");
            }
        }
        Ok(format!("{}{details}", short.join(", ")))
    }

    fn silent(&self, reply: &Reply, unanswered: &Unanswered) -> Result<String, DeskError> {
        let party = self.known.named(reply.addressee)?.name;
        Ok(format!("{party} unanswered: {}", self.unanswered(unanswered)?))
    }

    fn found(&self, finding: &Finding) -> Result<String, DeskError> {
        let how = match finding.basis {
            Basis::Reported => "reported by".to_owned(),
            Basis::OfficerFinding => "found by an officer in".to_owned(),
            basis @ (Basis::ExplicitDeadline
            | Basis::ImpliedByProposedDate
            | Basis::AgreedChannelRule
            | Basis::PolicyDefault
            | Basis::None) => format!("found by {} in", plain(basis.as_str())),
        };
        let entry = self.handle(finding.entry)?;
        let by = self.gathered.entry(finding.entry).map(|entry| self.known.recorder(entry));
        let as_of =
            finding.as_of.as_ref().map_or_else(String::new, |date| format!("as of {}, ", date.words()));
        let silent = if finding.addressees.is_empty() {
            "nobody answered".to_owned()
        } else {
            format!("no answer from {}", self.parties(&finding.addressees)?)
        };
        let channels = if finding.channels.is_empty() {
            "on any channel".to_owned()
        } else {
            format!("on {}", self.parties(&finding.channels)?)
        };
        let scope = match finding.scope {
            Some(SilenceScope::DirectOnly) => "direct answers only",
            Some(SilenceScope::Any) => "answers by any way",
            None => "direct or not is not said",
        };
        let searched = if finding.searched.is_empty() {
            "what was searched is not said".to_owned()
        } else {
            format!("searched: {}", finding.searched.join(", "))
        };
        let by = by.map_or_else(String::new, |name| format!("; recorded by {name}"));
        let read = self.as_far_as_read();
        Ok(format!("{how} {entry}{read}; {as_of}{silent} {channels}, {scope}; {searched}{by}"))
    }

    fn window_over(&self, unanswered: &Unanswered) -> Result<String, DeskError> {
        let Unanswered::WindowOver { addressees, basis, due, rule, as_of } = unanswered else {
            return Ok(String::new());
        };
        let silent = if addressees.is_empty() {
            "nobody answered".to_owned()
        } else {
            format!("no answer from {}", self.parties(addressees)?)
        };
        let window = Window { due: *due, basis: *basis, by: *rule };
        Ok(format!(
            "{silent} by {}{}; as of {}, on any channel, answers by any way; searched: {}; derived by the clock, \
             recorded by nobody",
            self.due(&window)?,
            self.as_far_as_read(),
            self.moment(*as_of),
            self.searched(),
        ))
    }

    /// Returns `26 April 2013, 12:00 (explicit deadline, ik-080)`.
    pub(crate) fn due(&self, window: &Window) -> Result<String, DeskError> {
        Ok(format!("{} ({})", self.moment(window.due), self.due_basis(window)?))
    }

    /// Returns `explicit deadline, ik-080`, or the name of the policy.
    pub(crate) fn due_basis(&self, window: &Window) -> Result<String, DeskError> {
        let by = match self.known.policies.set_by(window.by) {
            Some(policy) => policy.set.name.clone(),
            None => self.handle(window.by)?,
        };
        Ok(format!("{}, {by}", plain(window.basis.as_str())))
    }

    /// Returns `, late (due by the end of 15 February 2024: policy default, fortnight)`, or nothing.
    pub(super) fn late(&self, late: Option<&Late>) -> Result<String, DeskError> {
        late.map_or(Ok(String::new()), |late| Ok(format!(", late ({})", self.against(late)?)))
    }

    /// Returns against what an answer is late.
    pub(super) fn against(&self, late: &Late) -> Result<String, DeskError> {
        Ok(match late {
            Late::Due(window) => {
                format!("due by {}: {}", self.moment(window.due), self.due_basis(window)?)
            }
            Late::Lapsed(entry) => format!("it had lapsed{}: {}", self.on(*entry), self.handle(*entry)?),
            Late::Found(entry) => {
                format!("silence had been found{}: {}", self.on(*entry), self.handle(*entry)?)
            }
        })
    }

    /// Returns a moment in the zone of the log: the day alone where it is the end of one.
    pub(crate) fn moment(&self, moment: Timestamp) -> String {
        moment_words(moment, self.known.zone)
    }

    /// Returns what an addressee answered, and what it said since to the contrary.
    fn answer(&self, reply: &Reply) -> Result<String, DeskError> {
        let answer = self.answer_that_counts(reply)?;
        let Some((what, entry)) = reply.contrary else { return Ok(answer) };
        let (on, handle) = (self.on(entry), self.handle(entry)?);
        Ok(format!("{answer}, though it {} since{on}: {handle}, no effect", said(Some(what), what.state())))
    }

    fn answer_that_counts(&self, reply: &Reply) -> Result<String, DeskError> {
        let party = self.known.named(reply.addressee)?.name;
        if let Some(through) = &reply.settled {
            let counter = self.known.named(through.counter)?.name;
            let date = through.date.as_ref().map_or_else(String::new, on);
            let what = said(reply.said, reply.state);
            let when = reply.entry.map_or_else(String::new, |entry| self.on(entry));
            let by = self.handle(through.entry)?;
            return Ok(format!("{party} {what}{when}, and it was settled through {counter}{date}: {by}"));
        }
        let Some(entry) = reply.entry else { return Ok(format!("{party} has not answered")) };
        let what = said(reply.said, reply.state);
        let how = manner(reply.directness, reply.authority);
        let late = self.late(reply.late.as_ref())?;
        let doubtful = if reply.is_doubtful() { ", linked with low confidence" } else { "" };
        Ok(format!("{party} {what}{how}{}{late}: {}{doubtful}", self.on(entry), self.handle(entry)?))
    }

    fn ended(&self, standing: &OvertureStanding) -> Result<String, DeskError> {
        let through = standing.replies.iter().find_map(|reply| Some(reply.settled.as_ref()?.counter));
        let mut words = match (standing.currency_by, through) {
            (Some(by), _) => format!("{} by {}{}", standing.currency, self.handle(by)?, self.on(by)),
            (None, Some(counter)) => {
                format!("{} through {}", standing.currency, self.known.named(counter)?.name)
            }
            (None, None) => standing.currency.to_string(),
        };
        if let Some(successor) = standing.superseded_by.filter(|_| standing.currency == Currency::Superseded)
        {
            words = format!("{words}, in favour of {}", self.known.named(successor)?.name);
        }
        if standing.status == OvertureStatus::LapsedUnanswered {
            words.push_str("; no answer is recorded");
        }
        Ok(words)
    }

    /// Returns a remark as a sentence.
    pub(crate) fn remark(&self, remark: &Remark) -> Result<String, DeskError> {
        let named = |id: &EntityId| Ok::<_, DeskError>(self.known.named(*id)?.name);
        let handle = |id: &EventId| self.handle(*id);
        let parties = |ids: &[EntityId]| self.parties(ids);
        Ok(match remark {
            Remark::ReiteratedSince { addressee, answer } => {
                format!("reiterated since {} {}", named(addressee)?, said(None, *answer))
            }
            Remark::RevisedSince { addressee, answer } => {
                format!("revised since {} {}", named(addressee)?, said(None, *answer))
            }
            Remark::Late { addressee, entry, against } => {
                let (addressee, against) = (named(addressee)?, self.against(against)?);
                format!("{addressee} answered late ({against}): {}", handle(entry)?)
            }
            Remark::Overtaken(by) => format!("overtaken by a later offer of the same side: {}", named(by)?),
            Remark::SettledThrough(by) => format!("settled through the counter-proposal {}", named(by)?),
            Remark::NotAddressee { entry, by } => {
                let (by, entry) = (parties(by)?, handle(entry)?);
                format!("answer by {by}, not the addressee ({entry}): shown, no effect")
            }
            Remark::NotProposer { entry, by } => {
                format!("{} is by {}, not the proposer: shown, no effect", handle(entry)?, parties(by)?)
            }
            Remark::Urged { entry, by } => {
                format!("urged by {} ({}): no effect", parties(by)?, handle(entry)?)
            }
            Remark::NoDirectAnswer { answer, directness, by, entry } => {
                let (what, by, on) = (noun(*directness, *answer), parties(by)?, self.on(*entry));
                format!("no direct answer; {what} by {by}{on} ({})", handle(entry)?)
            }
            Remark::AnsweredAfter { entry, currency } => {
                format!("{} answers an offer that was {currency}: no revival", handle(entry)?)
            }
            Remark::Conduct(entry) => {
                format!("conduct of the addressee beside its words: {}", handle(entry)?)
            }
            Remark::Fulfilment(entry) => {
                format!("conduct of the proposer, fulfilment and no answer: {}", handle(entry)?)
            }
            Remark::FindingWithoutEffect(entry) => {
                let nobody = "finds silence of nobody to whom the offer was made, or on no basis";
                format!("{} {nobody}: no effect", handle(entry)?)
            }
            Remark::DoubtfulLink(entry) => {
                format!("that {} answers this offer is asserted with low confidence", handle(entry)?)
            }
            Remark::NoAddressee => "no addressee is named".to_owned(),
            Remark::Possibly(entry) => {
                format!("possibly: the date of {} leaves open whether it had happened", handle(entry)?)
            }
            Remark::Tie(first, second) => {
                let (first, second) = (handle(first)?, handle(second)?);
                format!("nothing tells the order of {first} and {second}: in the other the state differs")
            }
        })
    }
}

/// Returns a moment in a zone: the day alone where it is the end of one, else to the minute.
pub(crate) fn moment_words(moment: Timestamp, zone: Zone) -> String {
    let local = zone.local(moment);
    let day = Occurred::from_day(local.date_naive());
    if day.latest(&zone) == moment {
        return format!("the end of {}", day.words());
    }
    Occurred::from_instant(local.duration_trunc(TimeDelta::minutes(1)).unwrap_or(local)).words()
}

fn on(date: &Occurred) -> String {
    format!(" {}", date.when())
}
