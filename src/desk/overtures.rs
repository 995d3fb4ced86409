//! Which overtures there are and where each stands.

pub(crate) mod effects;
mod found;
mod removed;
mod restored;
mod rows;
mod said;
pub(crate) mod standings;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod words;

use crate::desk::Desk;
use crate::desk::answer::board::OvertureRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Manner, OverturesAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::overtures::found::{Found, Sort};
pub(crate) use crate::desk::overtures::found::{Place, fold_doubtful, perhaps_open, place_of};
use crate::desk::overtures::standings::Standings;
pub(crate) use crate::desk::overtures::words::{overture_state, overture_words};
use crate::desk::timeline::begins;
use crate::desk::token::Question;
use crate::domain::fact::EntityKind;
use crate::domain::id::EntityId;
use crate::domain::overture::OvertureStanding;
use crate::domain::overture::answer::{AnswerState, Reply};
use crate::domain::overture::status::OvertureStatus;
use crate::domain::words::Directness;
use crate::projections::together;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 1000;
/// So many rows are folded by one thread: those of a chain are often neighbours, and what one of them needs the other
/// need not work out again.
const ROWS_AT_ONCE: usize = 8;

/// Tells whether one of the addressees answered in a manner.
fn answered_so(standing: &OvertureStanding, manner: Manner) -> bool {
    // That something was received is no answer.
    let answered = |reply: &&Reply| reply.state != AnswerState::Acknowledged || manner == Manner::Conduct;
    standing.replies.iter().filter(answered).any(|reply| match manner {
        Manner::Late => reply.late.is_some(),
        Manner::OtherChannel => rows::by_other_channel(standing, reply),
        Manner::Conduct => !reply.conduct.is_empty() || reply.directness == Some(Directness::Conduct),
        Manner::Direct => reply.directness == Some(Directness::Direct),
        Manner::ViaIntermediary => reply.directness == Some(Directness::ViaIntermediary),
        Manner::Public => reply.directness == Some(Directness::Public),
    })
}

/// Reads manners as people write them: `late`, `other-channel`.
fn manners(typed: Option<&str>) -> Result<Vec<Manner>, DeskError> {
    let Some(typed) = typed else { return Ok(Vec::new()) };
    let read = |word: &str| {
        let spelt = word.to_lowercase().replace([' ', '-'], "_");
        Manner::ALL.iter().copied().find(|manner| manner.as_str() == spelt).ok_or_else(|| {
            let known: Vec<String> =
                Manner::ALL.iter().map(|manner| manner.as_str().replace('_', "-")).collect();
            let wrong = format!("`{word}` is no manner of an answer; write one of {}", known.join(", "));
            DeskError::from(Fault::in_field("answered", wrong))
        })
    };
    typed.split(',').map(str::trim).map(read).collect()
}

/// What was asked, read.
struct Asked {
    open: bool,
    statuses: Vec<OvertureStatus>,
    manners: Vec<Manner>,
    from: Option<Vec<EntityId>>,
    to: Option<Vec<EntityId>>,
    sort: Sort,
    limit: usize,
    after: Option<Place>,
}

impl Desk {
    /// As [`Desk::overtures`].
    pub(super) fn list_overtures(
        &self,
        when: &When,
        ask: &OverturesAsk,
    ) -> Result<Answer<Page<OvertureRow>>, DeskError> {
        let question =
            Question::of("overtures", when, &OverturesAsk { limit: None, after: None, ..ask.clone() });
        let sort = sort(ask.sort.as_deref())?;
        let (when_asked, after) = begins(self, &question, ask.after.as_deref(), sort.order())?;
        let known = self.known_when_asked(when, when_asked)?;
        let asked = Asked { after: after.map(Place::at_end), ..Asked::read(&known, ask)? };
        let mut standings = Standings::new(&known);
        let Found { places, more, total } = asked.found(&mut standings)?;
        let last = places.last().filter(|_| more);
        let next = last.map(|(place, _)| question.token(self.page_end(&known, place.end(), sort.order())));
        let parts: Vec<_> = places.chunks(ROWS_AT_ONCE).collect();
        let rows = together::each_long(&parts, |part| {
            let mut standings = Standings::new(&known);
            part.iter().map(|(_, overture)| standings.row(*overture)).collect::<Result<Vec<_>, _>>()
        });
        let items = rows.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok(known.answer(Page { items, next, total }))
    }
}

/// Returns where an overture stands, as lists show it.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn overture_row(known: &Known, overture: EntityId) -> Result<OvertureRow, DeskError> {
    Standings::new(known).row(overture)
}

/// Returns where an overture stands; none where it had not been made by the moment that is asked about,
/// or was struck.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(crate) fn overture_made(known: &Known, overture: EntityId) -> Result<Option<OvertureRow>, DeskError> {
    let mut standings = Standings::new(known);
    if known.view.kind_of(overture)? != Some(EntityKind::Overture)
        || !standings.gathered(overture)?.is_made(known)
    {
        return Ok(None);
    }
    standings.row(overture).map(Some)
}

impl Asked {
    /// Reads what was asked, from the first page on.
    fn read(known: &Known, ask: &OverturesAsk) -> Result<Self, DeskError> {
        let party =
            |typed: &Option<String>| typed.as_deref().map(|typed| known.party_and_bodies(typed)).transpose();
        Ok(Self {
            open: ask.open,
            statuses: statuses(ask.status.as_deref())?,
            manners: manners(ask.answered.as_deref())?,
            from: party(&ask.from_party)?,
            to: party(&ask.to_party)?,
            sort: sort(ask.sort.as_deref())?,
            limit: limit(ask.limit)?,
            after: None,
        })
    }

    /// Returns the place of an overture in the list; none where it is not asked for.
    fn place(&self, standings: &mut Standings<'_>, overture: EntityId) -> Result<Option<Place>, DeskError> {
        if !standings.gathered(overture)?.is_made(standings.known) {
            return Ok(None);
        }
        let standing = standings.of(overture)?;
        let addressees = standing.addressees();
        let among = |asked: &Option<Vec<EntityId>>, parties: &[EntityId]| {
            asked.as_ref().is_none_or(|asked| parties.iter().any(|party| asked.contains(party)))
        };
        // The status of one addressee is asked for as well as that of them together.
        let has = |status: &OvertureStatus| self.statuses.contains(status);
        let asked_for = (!self.open || standing.open)
            && (self.statuses.is_empty()
                || has(&standing.status)
                || standing.replies.iter().any(|reply| has(&reply.status)))
            && (self.manners.is_empty() || self.manners.iter().any(|manner| answered_so(&standing, *manner)))
            && among(&self.from, &standing.proposer)
            && among(&self.to, &addressees);
        if asked_for { place_of(standings, overture) } else { Ok(None) }
    }
}

fn sort(typed: Option<&str>) -> Result<Sort, DeskError> {
    match typed.map(str::trim) {
        None | Some("age") => Ok(Sort::Age),
        Some("issued") => Ok(Sort::Issued),
        Some(other) => {
            let wrong = format!("`{other}` is no order of overtures; write age or issued");
            Err(Fault::in_field("sort", wrong).into())
        }
    }
}

fn limit(limit: Option<u32>) -> Result<usize, DeskError> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let wrong = format!("{limit} rows cannot be asked for; write 1 to {LIMIT_MAX}");
        return Err(Fault::in_field("limit", wrong).into());
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Reads statuses as people write them: `partly answered`, `partly-answered`, `partly_answered`.
fn statuses(typed: Option<&str>) -> Result<Vec<OvertureStatus>, DeskError> {
    let Some(typed) = typed else { return Ok(Vec::new()) };
    let mut statuses = Vec::new();
    let mut faults = Vec::new();
    for word in typed.split(',').map(str::trim) {
        let spelt = word.to_lowercase().replace([' ', '-'], "_");
        if let Some(status) = OvertureStatus::ALL.iter().find(|status| status.as_str() == spelt) {
            statuses.push(*status);
        } else {
            let known: Vec<_> = OvertureStatus::ALL.iter().map(|status| status.as_str()).collect();
            let wrong = format!("`{word}` is no status of an overture; write one of {}", known.join(", "));
            faults.push(Fault::in_field("status", wrong));
        }
    }
    if faults.is_empty() { Ok(statuses) } else { Err(DeskError::Wrong(faults)) }
}
