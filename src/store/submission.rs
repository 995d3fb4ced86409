//! A submission, checked for everything that does not depend on the log.

use crate::domain::id::RequestId;
use crate::store::leaf::{HexHash, Submission, derived_id};
use crate::store::{
    APPEND_BYTES_MAX, APPEND_EVENTS_MAX, BODY_BYTES_MAX, Condition, NewEvent, Refusal, STREAMS_MAX, seal,
};

/// A submission that waits for its turn.
pub(super) struct Prepared {
    pub(super) request: RequestId,
    pub(super) condition: Condition,
    pub(super) events: Vec<PreparedEvent>,
}

/// An event with everything its author decides.
pub(super) struct PreparedEvent {
    pub(super) submission: Submission,
    pub(super) salt: [u8; 32],
    pub(super) body: String,
}

/// Checks a submission and commits to its bodies.
///
/// # Errors
///
/// Returns why it can never be recorded as it is.
pub(super) fn prepare(
    log_id: &str,
    events: Vec<NewEvent>,
    condition: Condition,
    request: RequestId,
) -> Result<Prepared, Refusal> {
    if events.is_empty() {
        return Err(Refusal::Empty);
    }
    if events.len() > APPEND_EVENTS_MAX {
        return Err(Refusal::TooManyEvents(events.len()));
    }
    let bytes = events.iter().map(|event| event.body.len() + 512).sum();
    if bytes > APPEND_BYTES_MAX {
        return Err(Refusal::TooManyBytes(bytes));
    }
    let mut prepared = Vec::with_capacity(events.len());
    let salts = seal::salts(events.len()).expect("the system has randomness");
    for ((index, event), salt) in events.into_iter().enumerate().zip(salts) {
        check(index, &event)?;
        let place = u16::try_from(index).unwrap_or(u16::MAX);
        // What the author expects of a stream stands with the first event that changes it.
        let expect = condition
            .expect
            .iter()
            .filter(|(stream, _)| index == 0 || event.streams.contains(stream))
            .filter(|(stream, _)| {
                index == 0 || !prepared.iter().any(|earlier: &PreparedEvent| earlier.expects(stream))
            })
            .copied()
            .collect();
        prepared.push(PreparedEvent {
            submission: Submission {
                id: event.id.unwrap_or_else(|| derived_id(log_id, request, place)),
                request,
                index: place,
                streams: event.streams,
                class: event.class,
                schema: event.schema,
                actor: event.actor,
                commitment: HexHash(seal::commitment(&salt, event.body.as_bytes())),
                length: u32::try_from(event.body.len()).unwrap_or(u32::MAX),
                attachments: event.attachments.into_iter().map(HexHash).collect(),
                expect,
            },
            salt,
            body: event.body,
        });
    }
    Ok(Prepared { request, condition, events: prepared })
}

impl PreparedEvent {
    fn expects(&self, stream: &crate::domain::id::EntityId) -> bool {
        self.submission.expect.iter().any(|(expected, _)| expected == stream)
    }
}

fn check(index: usize, event: &NewEvent) -> Result<(), Refusal> {
    let count = event.streams.len();
    let distinct = event
        .streams
        .iter()
        .enumerate()
        .all(|(place, stream)| !event.streams.iter().take(place).any(|earlier| earlier == stream));
    if count == 0 || count > STREAMS_MAX || !distinct {
        return Err(Refusal::Streams { index, count });
    }
    if event.body.len() > BODY_BYTES_MAX {
        return Err(Refusal::BodyTooLong { index, bytes: event.body.len() });
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(&event.body).is_err() {
        return Err(Refusal::BodyNotJson { index });
    }
    Ok(())
}
