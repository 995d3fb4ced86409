//! A submission, checked for everything that does not depend on the log.

use crate::domain::id::RequestId;
use crate::store::leaf::{HexHash, Submission, derived_id};
use crate::store::{
    APPEND_BYTES_MAX, APPEND_EVENTS_MAX, AuthorSignature, BODY_BYTES_MAX, Condition, NewEvent, Refusal,
    STREAMS_MAX, ToSign, seal,
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
    pub(super) signature: Option<AuthorSignature>,
}

/// Checks a submission and its signatures, and commits to its bodies.
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
    let prepared = lay_out(log_id, events, condition, request)?;
    for (index, event) in prepared.events.iter().enumerate() {
        if let Some(signature) = &event.signature {
            let submission = event.submission.encode().map_err(|_| Refusal::LeafTooLong { index })?;
            if !signature.holds(&submission) {
                return Err(Refusal::Signature { index });
            }
        }
    }
    Ok(prepared)
}

/// Returns what an author signs, one for each event: the submission as the log `log_id` will carry it when
/// the signature and the salt that is returned here come with the event.
///
/// An event that has a signature already keeps its salt, so that whoever checks it sees what was signed.
///
/// # Errors
///
/// Returns why the events can never be recorded as they are.
///
/// # Panics
///
/// Where the system has no randomness.
pub fn prepare_submission(
    log_id: &str,
    events: &[NewEvent],
    condition: &Condition,
    request: RequestId,
) -> Result<Vec<ToSign>, Refusal> {
    let unsigned = |event: &NewEvent| {
        let signature = AuthorSignature { key: [0; 32], salt: [0; 32], sig: String::new() };
        NewEvent { signature: Some(event.signature.clone().unwrap_or(signature)), ..event.clone() }
    };
    let drawn = seal::salts(events.len()).expect("the system has randomness");
    let mut to_sign: Vec<NewEvent> = events.iter().map(unsigned).collect();
    for ((to_sign, event), salt) in to_sign.iter_mut().zip(events).zip(drawn) {
        if let (Some(signature), None) = (&mut to_sign.signature, &event.signature) {
            signature.salt = salt;
        }
    }
    let prepared = lay_out(log_id, to_sign, condition.clone(), request)?;
    let laid_out = prepared.events.into_iter().enumerate().map(|(index, event)| {
        let submission = event.submission.encode().map_err(|_| Refusal::LeafTooLong { index })?;
        Ok(ToSign { submission, salt: event.salt })
    });
    laid_out.collect()
}

fn lay_out(
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
        let salt = event.signature.as_ref().map_or(salt, |signature| signature.salt);
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
        let event = PreparedEvent {
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
                origin: event.signature.is_some().then(|| log_id.to_owned()),
            },
            salt,
            body: event.body,
            signature: event.signature,
        };
        prepared.push(event);
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
