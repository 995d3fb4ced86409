//! The one word for where an overture stands, and what "unanswered" rests on.

use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::answer::{AnswerState, Reply};
use crate::domain::overture::currency::Currency;
use crate::domain::overture::delivery::Delivery;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Basis, SilenceScope, words};

words! {
    /// Where an overture stands, in one word.
    OvertureStatus {
        /// Issued, and nothing since that would count.
        Pending = "pending",
        /// No answer, and a basis for saying so.
        Unanswered = "unanswered",
        /// No answer, and no longer standing.
        LapsedUnanswered = "lapsed_unanswered",
        /// Received or noted.
        Acknowledged = "acknowledged",
        /// Neither yes nor no.
        Deflected = "deflected",
        /// Something is asked in return, or proposed instead.
        Negotiating = "negotiating",
        /// The addressees answered differently.
        PartlyAnswered = "partly_answered",
        /// Yes.
        Accepted = "accepted",
        /// No.
        Rejected = "rejected",
        /// Came about.
        Realised = "realised",
        /// Taken back.
        Withdrawn = "withdrawn",
        /// Another offer took its place.
        Superseded = "superseded",
        /// Its subject, or a party to it, is no more.
        Moot = "moot",
        /// Not yet sent.
        Drafted = "drafted",
        /// The entry that makes the offer cannot be read, was struck, or had not taken effect.
        Unknown = "unknown",
    }
}

/// A finding of silence: true as of its date, whatever is learned later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry.
    pub entry: EventId,
    /// The addressees that it concerns.
    pub addressees: Vec<EntityId>,
    /// On what it rests.
    pub basis: Basis,
    /// Which answers were looked for.
    pub scope: Option<SilenceScope>,
    /// The channels on which nothing came; all when empty.
    pub channels: Vec<EntityId>,
    /// Which sources and lines were searched.
    pub searched: Vec<String>,
    /// As of when it is true.
    pub as_of: Option<Occurred>,
    /// Who recorded or reports it.
    pub by: Vec<EntityId>,
}

/// Why an overture counts as unanswered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// Silence was found.
    Found(Finding),
    /// The time for an answer is over: derived from the clock and a rule, recorded by nobody.
    WindowOver {
        /// The addressees that did not answer.
        addressees: Vec<EntityId>,
        /// On what the time rests.
        basis: Basis,
        /// When it was over.
        due: Timestamp,
        /// The entry or the policy that sets it.
        rule: EventId,
        /// The clock by which it is over.
        as_of: Timestamp,
    },
}

impl Unanswered {
    /// Returns the basis.
    pub fn basis(&self) -> Basis {
        match self {
            Self::Found(finding) => finding.basis,
            Self::WindowOver { basis, .. } => *basis,
        }
    }
}

impl OvertureStanding {
    /// Tells whether the offer stands and an addressee has said neither yes nor no (DOMAIN 3.8, rule 8).
    ///
    /// An offer that names no addressee is open while it stands and nobody has answered.
    pub(super) fn is_open(&self) -> bool {
        let leaves_open = |reply: &Reply| reply.effective().leaves_open();
        self.issue.is_some()
            && self.delivery != Delivery::Drafted
            && self.currency == Currency::Standing
            && (self.replies.is_empty() || self.replies.iter().any(leaves_open))
    }

    /// Derives the status, that of each addressee included, and on what "unanswered" rests: the first that
    /// matches, in the order of DOMAIN 3.2.
    pub(super) fn derive_status(&mut self, at: Timestamp) {
        let settled = self.settled_for_all();
        for place in 0..self.replies.len() {
            let Some(reply) = self.replies.get(place) else { continue };
            let status = settled.unwrap_or_else(|| self.status_of(reply, at));
            let why = self.why_unanswered(&[reply.addressee], at);
            if let Some(reply) = self.replies.get_mut(place) {
                reply.status = status;
                reply.unanswered = why.filter(|_| status == OvertureStatus::Unanswered);
            }
        }
        self.status = settled.unwrap_or_else(|| self.status_together(at));
        if self.status == OvertureStatus::Unanswered {
            let silent = self.replies.iter().filter(|reply| reply.effective() == AnswerState::None);
            let silent: Vec<EntityId> = silent.map(|reply| reply.addressee).collect();
            self.unanswered = self.why_unanswered(&silent, at);
        }
    }

    /// Returns the status that holds whatever the addressees answered.
    fn settled_for_all(&self) -> Option<OvertureStatus> {
        match self.currency {
            _ if self.issue.is_none() => Some(OvertureStatus::Unknown),
            Currency::Withdrawn => Some(OvertureStatus::Withdrawn),
            Currency::Superseded => Some(OvertureStatus::Superseded),
            Currency::Moot => Some(OvertureStatus::Moot),
            Currency::Realised => Some(OvertureStatus::Realised),
            Currency::Standing | Currency::Lapsed if self.delivery == Delivery::Drafted => {
                Some(OvertureStatus::Drafted)
            }
            Currency::Standing | Currency::Lapsed => None,
        }
    }

    /// Returns what the statuses of the addressees come to together.
    fn status_together(&self, at: Timestamp) -> OvertureStatus {
        let statuses: Vec<OvertureStatus> = self.replies.iter().map(|reply| reply.status).collect();
        match statuses.split_first() {
            None if self.why_unanswered(&[], at).is_some() => OvertureStatus::Unanswered,
            None if self.currency == Currency::Lapsed => OvertureStatus::LapsedUnanswered,
            None => OvertureStatus::Pending,
            Some((first, rest)) if rest.iter().all(|status| status == first) => *first,
            Some(_) if self.replies.iter().all(|reply| reply.effective() == AnswerState::None) => {
                OvertureStatus::Unanswered
            }
            Some(_) => OvertureStatus::PartlyAnswered,
        }
    }

    fn status_of(&self, reply: &Reply, at: Timestamp) -> OvertureStatus {
        match reply.effective() {
            AnswerState::Accepted => OvertureStatus::Accepted,
            AnswerState::Rejected => OvertureStatus::Rejected,
            AnswerState::Conditional | AnswerState::Countered => OvertureStatus::Negotiating,
            AnswerState::Deflected => OvertureStatus::Deflected,
            AnswerState::Acknowledged => OvertureStatus::Acknowledged,
            AnswerState::None if self.is_unanswered_by(reply.addressee, at) => OvertureStatus::Unanswered,
            AnswerState::None if self.currency == Currency::Lapsed => OvertureStatus::LapsedUnanswered,
            AnswerState::None => OvertureStatus::Pending,
        }
    }

    fn is_unanswered_by(&self, addressee: EntityId, at: Timestamp) -> bool {
        self.window.as_ref().is_some_and(|window| window.is_over(at))
            || self.findings.iter().any(|finding| finding.addressees.contains(&addressee))
    }

    /// Returns on what "unanswered" rests for `silent`, addressees without an answer: the latest finding,
    /// else a time for an answer that is over; none where nothing says more than that no answer is
    /// recorded. Where nobody is named, the offer itself is meant.
    fn why_unanswered(&self, silent: &[EntityId], at: Timestamp) -> Option<Unanswered> {
        let concerns = |finding: &&Finding| {
            silent.is_empty() || finding.addressees.iter().any(|addressee| silent.contains(addressee))
        };
        if let Some(finding) = self.findings.iter().rev().find(concerns) {
            return Some(Unanswered::Found(finding.clone()));
        }
        let window = self.window.as_ref().filter(|window| window.is_over(at))?;
        Some(Unanswered::WindowOver {
            addressees: silent.to_vec(),
            basis: window.basis,
            due: window.due,
            rule: window.by,
            as_of: at,
        })
    }
}
