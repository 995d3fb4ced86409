//! What an index must know of a body, read without building the whole event.

use std::borrow::Cow;

use chrono::Datelike;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::domain::event::{DecodeError, SCHEMA};
use crate::domain::fact::overture::Silence;
use crate::domain::fact::{EntityKind, Kind, KindClass, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::marking::{Marked, Marking};
use crate::domain::occurred::Occurred;
use crate::domain::reading;
use crate::domain::source::{Credibility, Grade, Reliability};
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Directness, Form};
use crate::domain::zone::Zone;
use crate::projections::offers::{Bearing, When};
use crate::projections::term::{self, Field, Term};

/// A recorded body, kind first, with what the index does not use left unread.
///
/// Fields that no envelope has are refused, as [`crate::domain::event::Event::decode`] refuses them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outline<'body> {
    kind: Kind,
    #[serde(borrow, default)]
    occurred: Option<&'body RawValue>,
    #[serde(borrow, default)]
    effective: Option<&'body RawValue>,
    #[serde(default)]
    opens: bool,
    #[serde(default)]
    about: Vec<EntityId>,
    #[serde(default)]
    via: Vec<EntityId>,
    #[serde(default)]
    from: Vec<EntityId>,
    #[serde(default)]
    to: Vec<EntityId>,
    #[serde(default)]
    on_behalf_of: Vec<EntityId>,
    #[serde(default)]
    links: Vec<LinkOutline>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(borrow, default)]
    marking: Option<Cow<'body, str>>,
    #[serde(default)]
    sources: Vec<SourceOutline>,
    #[serde(borrow, default)]
    detail: Option<&'body RawValue>,
    #[serde(default, rename = "occurred_as_written")]
    _occurred_as_written: IgnoredAny,
    #[serde(default, rename = "learned_at")]
    _learned_at: IgnoredAny,
    #[serde(default, rename = "confirms")]
    _confirms: IgnoredAny,
    #[serde(default, rename = "compartments")]
    _compartments: IgnoredAny,
    #[serde(default, rename = "published_at")]
    _published_at: IgnoredAny,
    #[serde(default, rename = "speaker")]
    _speaker: IgnoredAny,
    #[serde(default, rename = "issuer_level")]
    _issuer_level: IgnoredAny,
    #[serde(default)]
    form: Option<Form>,
    #[serde(default, rename = "summary")]
    _summary: IgnoredAny,
    #[serde(default, rename = "texts")]
    _texts: IgnoredAny,
    #[serde(default, rename = "note")]
    _note: IgnoredAny,
    #[serde(default, rename = "confidence")]
    _confidence: IgnoredAny,
    #[serde(default, rename = "reason")]
    _reason: IgnoredAny,
    #[serde(borrow, default)]
    external_refs: Vec<ExternalOutline<'body>>,
}

impl Outline<'_> {
    /// Returns what a finding of silence says.
    fn silence(&self) -> Result<Silence, DecodeError> {
        let detail = self.detail.map_or("{}", RawValue::get);
        serde_json::from_str(detail).map_err(|source| DecodeError::Detail { kind: self.kind, source })
    }

    /// Returns what the entry does to overtures.
    fn bearing(self, effect: When, creates: Option<EntityKind>) -> Bearing {
        Bearing {
            kind: self.kind,
            effect,
            creates,
            about: self.about,
            links: self.links.iter().map(|link| (link.relation, link.target.into())).collect(),
            from: self.from,
            to: self.to,
            for_others: !self.on_behalf_of.is_empty(),
            restores: self.detail.is_some_and(|detail| detail.get().contains("\"restores\"")),
        }
    }
}

/// A link without its author and confidence.
#[derive(Deserialize)]
struct LinkOutline {
    relation: Relation,
    target: EventId,
}

/// The grades of a source.
#[derive(Deserialize)]
struct SourceOutline {
    #[serde(default)]
    claim: Option<IgnoredAny>,
    #[serde(default)]
    reliability: Reliability,
    #[serde(default)]
    credibility: Credibility,
}

/// What an entry is called elsewhere.
#[derive(Deserialize)]
struct ExternalOutline<'body> {
    #[serde(rename = "namespace")]
    _namespace: IgnoredAny,
    #[serde(borrow)]
    id: Cow<'body, str>,
}

/// What one reading of an entry says, as far as it can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    /// The kind.
    pub(super) kind: Kind,
    /// The earliest and the latest moment, in microseconds.
    pub(super) times: (i64, i64),
    /// By what it can be found.
    pub(super) terms: Vec<Term>,
    /// Those of the terms that are counted by, if what they name is one that is.
    pub(super) counted: Vec<(Field, Term)>,
    /// The texts among them: topics and markings.
    pub(super) words: Vec<(Field, String)>,
    /// What it brings into being.
    pub(super) creates: Option<EntityKind>,
    /// What may decide where an overture stands.
    pub(super) bearing: Bearing,
}

/// What a date says.
#[derive(Debug, Clone, Copy)]
struct Date {
    when: When,
    // From the one moment to the other.
    lasted: bool,
}

/// The text of a date, and what it says.
type KnownDate = (Box<str>, Date);

/// Room for so many dates at first, and at most.
const DATES: [usize; 2] = [1 << 4, 1 << 12];

/// Reads bodies in the zone of a log.
#[derive(Debug)]
pub(super) struct Reader {
    zone: Zone,
    // The bounds of dates read lately, by a hash of their text: entries of one day come together. Few at first: most
    // stretches of the log that are read have few events, and room for many dates costs more than to read those.
    dates: Vec<Option<KnownDate>>,
    // How many dates were put there since there was room for more.
    put: usize,
    // The day of the moment that was asked for last: what has no date is recorded moment after moment.
    day: (i64, i32),
}

impl Reader {
    /// Returns a reader of the bodies of a log in `zone`.
    pub(super) fn new(zone: Zone) -> Self {
        Self { zone, dates: vec![None; DATES[0]], put: 0, day: (i64::MAX, 0) }
    }

    /// Reads what the body of the entry `id` says, which was recorded at `recorded_at`.
    ///
    /// # Errors
    ///
    /// Returns [`DecodeError`] where the body is none that this program knows.
    pub(super) fn face(
        &mut self,
        schema: u16,
        body: &str,
        id: EventId,
        recorded_at: Timestamp,
    ) -> Result<Face, DecodeError> {
        self.reading(schema, body, id, recorded_at, None)
    }

    /// As [`Reader::face`], of the reading that an amendment gives which is marked so.
    ///
    /// # Errors
    ///
    /// As [`Reader::face`].
    pub(super) fn reading(
        &mut self,
        schema: u16,
        body: &str,
        id: EventId,
        recorded_at: Timestamp,
        amendment: Option<&Marking>,
    ) -> Result<Face, DecodeError> {
        if schema != SCHEMA {
            return Err(DecodeError::Version(schema));
        }
        let mut outline: Outline<'_> = serde_json::from_str(body).map_err(DecodeError::Json)?;
        let kind = outline.kind;
        let date = self.date(outline.occurred)?;
        let occurred = date.map_or_else(|| self.undated(kind, recorded_at), |date| date.when);
        let effect = self.date(outline.effective)?.map_or(occurred, |date| date.when);
        let times = (occurred.earliest, occurred.latest);
        let creates = match kind.subject() {
            Subject::Creates(created) => Some(created),
            Subject::MayCreate(created) => outline.opens.then_some(created),
            Subject::About(_) | Subject::Entry | Subject::Free => None,
        };
        let mut terms = Vec::with_capacity(24);
        let mut counted = Vec::with_capacity(12);
        if kind.is_bookkeeping() {
            terms.push(term::mark(Field::Bookkeeping));
        }
        counted.push((Field::Kind, term::kind(kind)));
        if creates.is_some() {
            counted.push((Field::About, term::entity(Field::About, EntityId::from(id))));
        }
        terms.extend(marks(&outline)?);
        terms.extend(date.filter(|date| date.lasted).map(|_| term::mark(Field::Lasted)));
        let mut add =
            |field, ids: &[EntityId]| counted.extend(ids.iter().map(|id| (field, term::entity(field, *id))));
        add(Field::About, &outline.about);
        for link in outline.links.iter().filter(|link| link.relation.enters_history()) {
            add(Field::Linked, &[EntityId::from(link.target)]);
        }
        add(Field::Via, &outline.via);
        add(Field::From, &outline.from);
        add(Field::To, &outline.to);
        if kind == Kind::SilenceRecorded {
            let silence = outline.silence()?;
            add(Field::From, &silence.subject);
            add(Field::To, &silence.towards);
        }
        counted.extend(outline.sources.iter().map(|source| {
            let SourceOutline { reliability, credibility, .. } = *source;
            (Field::Grade, term::grade(Grade { reliability, credibility }))
        }));
        let mut words: Vec<(Field, String)> =
            std::mem::take(&mut outline.topics).into_iter().map(|topic| (Field::Topic, topic)).collect();
        let marked = Marked::word(outline.marking.as_deref(), amendment.map(|marking| marking.0.as_str()));
        words.extend(marked.map(|marked| (Field::Marking, marked)));
        counted.extend(words.iter().map(|(field, word)| (*field, term::word(*field, word))));
        terms.extend(counted.iter().map(|(_, term)| *term));
        terms.extend(
            [Field::Topic, Field::Marking, Field::Grade]
                .into_iter()
                .filter(|field| counted.iter().any(|(known, _)| known == field))
                .map(term::has),
        );
        terms.extend(outline.external_refs.iter().map(|other| term::called(&other.id)));
        let bearing = outline.bearing(effect, creates);
        Ok(Face { kind, times, terms, counted, words, creates, bearing })
    }

    /// Returns what a date says, given as the JSON that was recorded; none where there is none.
    fn date(&mut self, raw: Option<&RawValue>) -> Result<Option<Date>, DecodeError> {
        let raw = raw.filter(|raw| raw.get() != "null");
        raw.map(|raw| self.said(raw.get()).map_err(DecodeError::Json)).transpose()
    }

    /// Returns when something took effect that has no date.
    fn undated(&mut self, kind: Kind, recorded_at: Timestamp) -> When {
        let (earliest, latest) = reading::undated(Some(kind), recorded_at);
        if self.day.0 != earliest.micros() {
            self.day = (earliest.micros(), day(self.zone, earliest));
        }
        When { earliest: earliest.micros(), latest: latest.micros(), day: self.day.1 }
    }

    fn said(&mut self, raw: &str) -> Result<Date, serde_json::Error> {
        let hash =
            raw.bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let slot = hash % self.dates.len().max(1);
        if let Some(Some((text, said))) = self.dates.get(slot)
            && **text == *raw
        {
            return Ok(*said);
        }
        let date: Occurred = serde_json::from_str(raw)?;
        let (earliest, latest) = (date.earliest(&self.zone), date.latest(&self.zone));
        let day = day(self.zone, earliest);
        let when = When { earliest: earliest.micros(), latest: latest.micros(), day };
        let said = Date { when, lasted: date.lasted() };
        if let Some(kept) = self.dates.get_mut(slot) {
            *kept = Some((raw.into(), said));
            self.put += 1;
        }
        if self.put > 2 * DATES[0] && self.dates.len() < DATES[1] {
            // What was kept stands elsewhere then: it is read once more.
            self.dates = vec![None; DATES[1]];
        }
        Ok(said)
    }
}

/// Returns the day of a moment, counted from the beginning of the calendar.
fn day(zone: Zone, moment: Timestamp) -> i32 {
    zone.local(moment).date_naive().num_days_from_ce()
}

/// What an answer says of how directly it came; the rest of it is left unread.
#[derive(Deserialize)]
struct AnswerOutline {
    #[serde(default)]
    directness: Option<Directness>,
}

/// Returns the marks that an entry bears: how directly it reaches the other side where it says so itself,
/// that it names no addressee, that it answers nothing that it names.
fn marks(outline: &Outline<'_>) -> Result<impl Iterator<Item = Term> + use<>, DecodeError> {
    let kind = outline.kind;
    let stated = match outline.detail.filter(|_| kind.is_answer()) {
        Some(detail) => {
            let answer: AnswerOutline =
                serde_json::from_str(detail.get()).map_err(|source| DecodeError::Detail { kind, source })?;
            answer.directness
        }
        None => None,
    };
    let done = (kind == Kind::ResponseConduct).then_some(Directness::Conduct);
    let directness = stated.or(done).or_else(|| outline.form.and_then(Form::directness));
    let bears = !outline.about.is_empty() || outline.links.iter().any(|link| link.relation.enters_history());
    let unlinked = kind.is_answer() && !bears;
    let contested = outline.sources.iter().any(|source| source.claim.is_some())
        || outline.links.iter().any(|link| link.relation == Relation::Contradicts);
    let marks = [
        directness.map(term::directness),
        unlinked.then(|| term::mark(Field::Unlinked)),
        contested.then(|| term::mark(Field::Contested)),
    ];
    let nobody = outline.to.is_empty();
    let classes = KindClass::ALL.into_iter().filter(move |class| class.has(kind));
    let classes =
        classes.flat_map(move |class| [Some(term::class(class)), nobody.then(|| term::unaddressed(class))]);
    Ok(marks.into_iter().chain(classes).flatten())
}
