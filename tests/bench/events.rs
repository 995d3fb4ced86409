//! Events of 600 bytes that look like those of a desk.

use demarche::domain::event::{self, Envelope, Event, SCHEMA};
use demarche::domain::fact::register::{
    ChannelRegistered, Opened, PartyRegistered, RecorderRegistered, Sort,
};
use demarche::domain::fact::{Fact, Kind};
use demarche::domain::id::{ActorId, EntityId, EventId};
use demarche::store::{Class, NewEvent};

/// Bytes of a body.
pub(crate) const BODY_BYTES: usize = 600;
/// Lines that are registered.
pub(crate) const CHANNELS: u128 = 40;
/// Parties that are registered.
pub(crate) const PARTIES: u128 = 24;

const RECORDER: u128 = 1 << 64;

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Builder::from_custom_bytes(number.to_be_bytes()).into_uuid()
}

fn channel(number: u128) -> EntityId {
    EntityId::from_uuid(uuid((2 << 64) + number % CHANNELS))
}

fn party(number: u128) -> EntityId {
    EntityId::from_uuid(uuid((3 << 64) + number % PARTIES))
}

fn new(id: Option<u128>, event: &Event) -> NewEvent {
    let id = id.map(|id| EventId::from_uuid(uuid(id)));
    let placeholder = id.unwrap_or(EventId::from_uuid(uuid(0)));
    NewEvent {
        id,
        streams: event::streams(event, placeholder),
        class: Class::Fact,
        schema: SCHEMA,
        actor: ActorId::from_uuid(uuid(RECORDER)),
        body: event.encode().unwrap(),
        attachments: Vec::new(),
        signature: None,
    }
}

/// Returns what opens a log: its zone, a recorder, lines and parties.
pub(crate) fn registers() -> Vec<NewEvent> {
    let plain = |fact| Event { envelope: Envelope::default(), fact };
    let mut events = vec![
        new(Some(4 << 64), &plain(Fact::LogOpened(Opened { zone: "Asia/Seoul".parse().unwrap() }))),
        new(
            Some(RECORDER),
            &plain(Fact::RecorderRegistered(RecorderRegistered { name: "bench".to_owned() })),
        ),
    ];
    for number in 0..CHANNELS {
        let registered = ChannelRegistered {
            name: format!("line-{number}").parse().unwrap(),
            sort: Sort::Line,
            names: Vec::new(),
            ends: Vec::new(),
            capabilities: Vec::new(),
            schedule: None,
            marking_min: None,
        };
        events.push(new(Some((2 << 64) + number), &plain(Fact::ChannelRegistered(registered))));
    }
    for number in 0..PARTIES {
        let code = format!("KOR/body-{number}").parse().unwrap();
        let registered = PartyRegistered { code, names: Vec::new() };
        events.push(new(Some((3 << 64) + number), &plain(Fact::PartyRegistered(registered))));
    }
    events
}

/// Returns the `number`th event: a call or a statement, spread over lines, parties and forty years.
pub(crate) fn event(number: u64) -> NewEvent {
    // A multiplier spreads neighbours apart, so that filters find what is scattered over the log.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let wide = u128::from(mixed >> 8);
    let day = chrono::NaiveDate::from_ymd_opt(1985, 1, 1).unwrap() + chrono::Days::new(number / 70 % 14_600);
    let mut envelope = Envelope {
        occurred: Some(demarche::domain::occurred::Occurred::from_day(day)),
        from: vec![party(wide)],
        to: vec![party(wide / PARTIES + 1)],
        ..Envelope::default()
    };
    let kind = match mixed % 8 {
        0..=4 => {
            envelope.about = vec![channel(wide)];
            if mixed.is_multiple_of(3) { Kind::CallUnanswered } else { Kind::CallAnswered }
        }
        5 => {
            envelope.via = vec![channel(wide)];
            Kind::MessageSent
        }
        _ => {
            envelope.via = vec![channel(wide)];
            Kind::StatementPublic
        }
    };
    let fact = kind.decode("{}").unwrap();
    let mut event = Event { envelope, fact };
    let short = event.encode().unwrap().len() + r#","summary":"""#.len();
    let summary = "Seoul offers talks and hears nothing on the line; 회담 제의. ".repeat(20);
    let mut end = BODY_BYTES.saturating_sub(short).min(summary.len());
    while !summary.is_char_boundary(end) {
        end -= 1;
    }
    event.envelope.summary = Some(summary[..end].to_owned());
    new(None, &event)
}
