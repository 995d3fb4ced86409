//! The head of the access log, held fast in the main log from time to time: whoever shortens the access log
//! contradicts the main one.

use crate::desk::Desk;
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::writing::{draw_event, draw_request};
use crate::domain::event::{DESK, Envelope, Event, SCHEMA, streams};
use crate::domain::fact::evidence::LogAnchored;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::ActorId;
use crate::projections::timeline::{By, Direction, Order, Struck, TimelineQuery};
use crate::store::leaf::HexHash;
use crate::store::{Class, Condition, Health, NewEvent, Recorded};

/// How long reads may stand in the access log alone, while there is a writer: an hour, in microseconds.
const UNANCHORED_MICROS_MAX: i64 = 3_600_000_000;

impl Desk {
    /// Holds the head of the access log fast in this log, where that is due: when it was never done, or when
    /// an hour has passed since and something was read.
    ///
    /// # Errors
    ///
    /// Returns what the logs say; then nothing was recorded, or it is in doubt as any append may be.
    pub(in crate::desk) fn anchor_reads(&self) -> Result<(), DeskError> {
        let Some(reads) = &self.reads else { return Ok(()) };
        if self.store.health() != Health::Sound {
            return Ok(());
        }
        let last = self.last_anchor()?;
        let now = (self.clock)();
        if let Some((anchored, _)) = &last
            && now.micros() - anchored.at.micros() < UNANCHORED_MICROS_MAX
        {
            return Ok(());
        }
        let (log, head) = reads.head()?;
        if head.size == 0 || last.is_some_and(|(_, anchor)| anchor.log == log && anchor.size >= head.size) {
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

    /// Returns the last anchor in this log.
    fn last_anchor(&self) -> Result<Option<(Recorded, LogAnchored)>, DeskError> {
        let known = self.known(&When::default())?;
        let page = known.view.timeline(&TimelineQuery {
            kinds: Some(vec![Kind::LogAnchored]),
            struck: Struck::Show,
            bookkeeping: true,
            order: Order { by: By::Recorded, direction: Direction::Descending },
            limit: 1,
            ..TimelineQuery::default()
        })?;
        let Some(row) = page.rows.first() else { return Ok(None) };
        let Some(raw) = known.view.event(row.id)? else { return Ok(None) };
        let Some(Fact::LogAnchored(anchor)) = raw.event.map(|event| event.fact) else { return Ok(None) };
        Ok(self.store.at(raw.position)?.map(|recorded| (recorded, anchor)))
    }
}
