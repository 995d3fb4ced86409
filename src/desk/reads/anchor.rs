//! The head of the access log, held fast in the main log from time to time: whoever shortens the access log
//! contradicts the main one.

use crate::desk::Desk;
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::writing::{draw_event, draw_request};
use crate::domain::event::{DESK, Envelope, Event, INCIDENTS, SCHEMA, streams};
use crate::domain::fact::evidence::{LogAnchored, Trouble};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::ActorId;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{By, Direction, Order, Struck, TimelineQuery};
use crate::store::leaf::HexHash;
use crate::store::{Class, Condition, Health, NewEvent, Recorded};

/// How long reads may stand in the access log alone, while there is a writer: an hour, in microseconds.
const UNANCHORED_MICROS_MAX: i64 = 3_600_000_000;

/// How far what is said of the log itself goes: of each of its streams, the last revision and where it stands.
pub(super) type Said = [Option<(u64, u64)>; 2];

fn is_recent(anchored: Timestamp, now: Timestamp) -> bool {
    now.micros() - anchored.micros() < UNANCHORED_MICROS_MAX
}

impl Desk {
    /// Holds the head of the access log fast in this log, where that is due: at its beginning, at the first
    /// read, and when an hour has passed since and something was read.
    ///
    /// # Errors
    ///
    /// Returns what the logs say; then nothing was recorded, or it is in doubt as any append may be.
    pub(in crate::desk) fn anchor_reads(&self) -> Result<(), DeskError> {
        let Some(reads) = &self.reads else { return Ok(()) };
        // What does not fit what is held fast already is not held fast as well.
        if self.store.health() != Health::Sound || self.check_reads().is_err() {
            return Ok(());
        }
        let (said, now) = (self.said_of_the_log(), (self.clock)());
        if reads.anchored(&said).is_some_and(|at| is_recent(at, now)) {
            return Ok(());
        }
        let last = self.last_anchor()?;
        if let Some((anchored, anchor)) = &last
            && anchor.size > 0
            && is_recent(anchored.at, now)
        {
            reads.remember_anchored(said, anchored.at);
            return Ok(());
        }
        let (log, head) = reads.head()?;
        if last.is_some_and(|(_, anchor)| anchor.log == log && anchor.size >= head.size) {
            return Ok(());
        }
        let fact = LogAnchored { log, size: head.size, root: HexHash(head.root).to_string() };
        let event = Event { envelope: Envelope::default(), fact: Fact::LogAnchored(fact) };
        let id = draw_event();
        let new = NewEvent {
            id: Some(id),
            streams: streams(&event, id),
            class: Class::Anchor,
            schema: SCHEMA,
            actor: ActorId::from_uuid(*DESK.as_uuid()),
            body: event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?,
            attachments: Vec::new(),
            signature: None,
        };
        self.append(vec![new], Condition::default(), draw_request())?;
        Ok(())
    }

    /// Returns what tells whether anything was said since of the log itself, anchors among it.
    fn said_of_the_log(&self) -> Said {
        [DESK, INCIDENTS].map(|stream| self.store.stream(stream))
    }

    /// Returns the last anchor in this log; none where the log was adopted since, or the access log given up.
    fn last_anchor(&self) -> Result<Option<(Recorded, LogAnchored)>, DeskError> {
        let known = self.known(&When::default())?;
        let mut query = TimelineQuery {
            kinds: vec![Kind::LogAnchored, Kind::LogAdopted, Kind::LogIncident].into(),
            struck: Struck::Show,
            bookkeeping: true,
            order: Order { by: By::Recorded, direction: Direction::Descending },
            ..TimelineQuery::default()
        };
        loop {
            let page = known.view.timeline(&query)?;
            for row in &page.rows {
                let Some(raw) = known.view.event(row.id)? else { continue };
                match raw.event.map(|event| event.fact) {
                    Some(Fact::LogAnchored(anchor)) => {
                        return Ok(self.store.at(raw.position)?.map(|recorded| (recorded, anchor)));
                    }
                    Some(Fact::LogAdopted(_)) => return Ok(None),
                    Some(Fact::LogIncident(incident)) if incident.trouble == Trouble::AccessLogLost => {
                        return Ok(None);
                    }
                    _ => {}
                }
            }
            query.after = page.next;
            if query.after.is_none() {
                return Ok(None);
            }
        }
    }

    /// Checks that the access log is the one that this log holds fast, and not shorter.
    ///
    /// A copy holds fast what is kept elsewhere.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where it is missing, shorter or another.
    pub(in crate::desk) fn check_reads(&self) -> Result<(), DeskError> {
        let checked = self.reads_checked.get_or_init(|| match self.reads_fault() {
            Ok(fault) => fault,
            Err(DeskError::Damaged(words)) => Some(words),
            Err(error) => Some(error.to_string()),
        });
        match checked {
            None => Ok(()),
            Some(fault) => Err(DeskError::Damaged(fault.clone())),
        }
    }

    /// Returns what is wrong with the access log, as far as this log can tell.
    pub(in crate::desk) fn reads_fault(&self) -> Result<Option<String>, DeskError> {
        if self.engine.as_ref().is_none_or(|engine| engine.is_copy()) {
            return Ok(None);
        }
        let Some((recorded, anchor)) = self.last_anchor()? else { return Ok(None) };
        let fast = format!(
            "the record at position {} holds fast {} lines of the access log {}",
            recorded.position, anchor.size, anchor.log
        );
        let Some(reads) = &self.reads else {
            return Ok(Some(format!("the access log is missing: {fast}")));
        };
        let (log, head, root) = reads.head_at(anchor.size)?;
        Ok(if log != anchor.log {
            Some(format!("the access log is another, {log}: {fast}"))
        } else if head.size < anchor.size {
            let missing = anchor.size - head.size;
            Some(format!("the access log was set back, and {missing} of its lines are missing: {fast}"))
        } else if root.map(|root| HexHash(root).to_string()).as_deref() == Some(anchor.root.as_str()) {
            None
        } else {
            Some(format!("the access log was altered: {fast}, with another root"))
        })
    }
}
