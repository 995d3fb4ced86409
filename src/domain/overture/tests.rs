//! The worked sequences of the domain, and what holds of any story.

mod any;
mod chronology;
mod rules;

use super::*;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::Kind;
use crate::domain::id::ActorId;
use crate::domain::link::{Link, Relation};

/// The id of a party or a channel: its code spelt as the number, so that it can be read back.
pub(super) fn entity(code: &str) -> EntityId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(code.bytes()).for_each(|(own, byte)| *own = byte);
    EntityId::from_uuid(uuid::Uuid::from_bytes(bytes))
}

pub(super) fn code(entity: EntityId) -> String {
    entity.as_uuid().as_bytes().iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

pub(super) fn id(number: u64) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number.into()))
}

/// Parties within each other as their codes say; `media` is public.
pub(super) struct Codes;

impl World for Codes {
    fn is_within(&self, party: EntityId, other: EntityId) -> bool {
        let (party, other) = (code(party), code(other));
        party.strip_prefix(&other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn is_one_side(&self, party: EntityId, other: EntityId) -> bool {
        let root = |party| code(party).split('/').next().map(ToOwned::to_owned);
        root(party) == root(other)
    }

    fn directness(&self, channels: &[EntityId]) -> Option<Directness> {
        let channel = channels.first()?;
        Some(if code(*channel) == "media" { Directness::Public } else { Directness::Direct })
    }
}

/// An entry in the making.
#[derive(Debug, Clone)]
pub(super) struct Row(Entry);

/// Returns an entry: `from` and `to` are codes parted by `+`, empty for nobody.
pub(super) fn row(number: u64, date: &str, kind: Kind, from: &str, to: &str) -> Row {
    let parties = |codes: &str| codes.split('+').filter(|code| !code.is_empty()).map(entity).collect();
    let envelope = Envelope {
        occurred: Some(date.parse().unwrap()),
        from: parties(from),
        to: parties(to),
        ..Envelope::default()
    };
    let detail = if kind == Kind::SilenceRecorded { r#"{"subject":[],"basis":"none"}"# } else { "{}" };
    Row(Entry {
        position: number,
        at: Timestamp::from_micros(1_800_000_000_000_000 + i64::try_from(number).unwrap()).unwrap(),
        id: id(number),
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
        event: Some(Event { envelope, fact: kind.decode(detail).unwrap() }),
        removed: None,
        struck: false,
        amended: 0,
        amendment: None,
    })
}

impl Row {
    fn event(mut self, change: impl FnOnce(&mut Event)) -> Self {
        change(self.0.event.as_mut().unwrap());
        self
    }

    pub(super) fn link(self, relation: Relation, target: u64) -> Self {
        self.event(|event| event.envelope.links.push(Link::new(relation, id(target))))
    }

    pub(super) fn via(self, channel: &str) -> Self {
        self.event(|event| event.envelope.via = vec![entity(channel)])
    }

    pub(super) fn about(self, about: EntityId) -> Self {
        self.event(|event| event.envelope.about.push(about))
    }

    pub(super) fn opens(self) -> Self {
        self.event(|event| event.envelope.opens = true)
    }

    pub(super) fn detail(self, detail: &serde_json::Value) -> Self {
        self.event(|event| event.fact = event.kind().decode(&detail.to_string()).unwrap())
    }

    pub(super) fn removed(mut self) -> Self {
        self.0.event = None;
        self
    }
}

pub(super) fn seoul() -> Zone {
    "Asia/Seoul".parse().unwrap()
}

/// The end of a day in Seoul, or an instant.
pub(super) fn moment(date: &str) -> Timestamp {
    date.parse::<Occurred>().unwrap().latest(&seoul())
}

pub(super) fn standing_of(
    overture: u64,
    rows: &[Row],
    at: Timestamp,
    elsewhere: &Elsewhere,
    policies: &Policies,
) -> OvertureStanding {
    let zone = seoul();
    let story = story_of(rows, at);
    stand(id(overture).into(), &story, elsewhere, &Setting { world: &Codes, policies, zone: &zone, at })
}

/// Returns what has taken effect by a moment, in the order of effect.
pub(super) fn story_of(rows: &[Row], at: Timestamp) -> Vec<Entry> {
    let zone = seoul();
    let story = rows.iter().map(|row| row.0.clone()).filter(|entry| entry.bounds(&zone).0 <= at).collect();
    crate::domain::reading::in_order_of_effect(story, &zone)
}

/// Returns that the overture of a number was settled with an entry.
pub(super) fn settlement(counter: u64, how: Settled, row: &Row) -> Settlement {
    Settlement { counter: id(counter).into(), how, entry: row.0.clone() }
}

/// Returns where the overture 1 stands when counter-proposals to it are settled so.
pub(super) fn settled_by(rows: &[Row], settlements: &[Settlement], date: &str) -> OvertureStanding {
    let elsewhere = Elsewhere { settlements: settlements.to_vec(), ..Elsewhere::default() };
    standing_of(1, rows, moment(date), &elsewhere, &Policies::default())
}

pub(super) fn at(rows: &[Row], date: &str) -> OvertureStanding {
    standing_of(1, rows, moment(date), &Elsewhere::default(), &Policies::default())
}

/// Returns a standing in one line: status, currency, delivery (`~` where inferred), answers.
pub(super) fn line(standing: &OvertureStanding) -> String {
    let inferred = if standing.delivery_inferred { "~" } else { "" };
    let answers: Vec<String> = standing
        .replies
        .iter()
        .map(|reply| {
            let days = reply.latency_days.map_or_else(String::new, |days| format!(" {days}d"));
            let late = if reply.late.is_some() { " late" } else { "" };
            let through = reply.settled.as_ref().map(|through| through.days.unwrap_or_default());
            let settled = through.map_or_else(String::new, |days| format!(", settled {days}d"));
            format!("{} {}{days}{late}{settled}", code(reply.addressee), reply.state)
        })
        .collect();
    let open = if standing.open { ", open" } else { "" };
    format!(
        "{}, {}, {}{inferred}{open}: {}",
        standing.status,
        standing.currency,
        standing.delivery,
        answers.join("; ")
    )
}

#[track_caller]
pub(super) fn check(rows: &[Row], date: &str, expected: &str) {
    assert_eq!(line(&at(rows, date)), expected, "at {date}");
}

#[track_caller]
pub(super) fn fits(rows: &[Row]) {
    assert_eq!(at(rows, "2030-01-01").anomalies, []);
}

use serde_json::json;

#[test]
fn in_2017_an_offer_is_deflected_lapses_and_is_said_again() {
    let rows = [
        row(1, "2017-07-17", Kind::OvertureProposed, "KOR/mnd", "PRK/mpaf")
            .via("media")
            .detail(&json!({"proposed_date": "2017-07-21"})),
        row(2, "2017-07-20", Kind::ResponseDeflected, "PRK", "KOR").via("media").link(Relation::Answers, 1),
        row(3, "2017-07-21", Kind::OvertureLapsed, "KOR/mnd", "PRK/mpaf").link(Relation::Concerns, 1),
        row(4, "2017-07-21", Kind::OvertureReiterated, "KOR/mnd", "PRK/mpaf")
            .link(Relation::Reiterates, 1)
            .link(Relation::After, 3),
    ];
    check(&rows, "2017-07-17", "pending, standing, issued, open: PRK/mpaf none");
    check(&rows, "2017-07-20", "deflected, standing, receipt_confirmed~, open: PRK/mpaf deflected 3d");
    check(&rows, "2017-07-21", "deflected, standing, receipt_confirmed~, open: PRK/mpaf deflected 3d");
    let standing = at(&rows, "2017-07-22");
    assert_eq!((standing.reiterations.count, standing.reiterations.by), (1, vec![entity("KOR/mnd")]));
    assert!(standing.remarks.iter().any(|remark| matches!(
        remark,
        Remark::NoDirectAnswer { directness: Directness::Public, entry, .. } if *entry == id(2)
    )));
    assert!(standing.window.is_some_and(|window| window.due == moment("2017-07-21")));
    fits(&rows);
}

#[test]
fn in_january_2018_an_offer_is_settled_through_the_counter_that_is_accepted_and_held() {
    let first = row(1, "2018-01-01", Kind::OvertureProposed, "PRK", "KOR").via("media");
    let counter = row(2, "2018-01-02", Kind::ResponseCounterProposed, "KOR/mou", "PRK")
        .opens()
        .link(Relation::Counters, 1)
        .detail(&json!({"offer": {"proposed_date": "2018-01-09"}}));
    let accepted = row(3, "2018-01-05T10:16:00+09:00", Kind::ResponseAccepted, "PRK/cprk", "KOR/mou")
        .via("line")
        .link(Relation::Answers, 2);
    let held = row(4, "2018-01-09", Kind::MeetingAgreement, "KOR", "PRK").opens().link(Relation::Realises, 2);
    let rows = [counter.clone(), accepted.clone(), held.clone()];
    let none = Elsewhere::default();
    let on = |date| line(&standing_of(2, &rows, moment(date), &none, &Policies::default()));
    assert_eq!(on("2018-01-04"), "pending, standing, issued, open: PRK none");
    assert_eq!(on("2018-01-05"), "accepted, standing, receipt_confirmed~: PRK accepted 3d");
    assert_eq!(on("2018-01-09"), "realised, realised, receipt_confirmed~: PRK accepted 3d");

    let first = [first, counter];
    check(&first, "2018-01-02", "negotiating, standing, receipt_confirmed~: KOR countered 1d");
    let settled = [settlement(2, Settled::Accepted, &accepted), settlement(2, Settled::Realised, &held)];
    let through = |settled: &[Settlement]| settled_by(&first, settled, "2018-01-09");
    let accepted = "accepted, standing, receipt_confirmed~: KOR countered 1d, settled 4d";
    assert_eq!(line(&through(&settled[..1])), accepted);
    let realised = "realised, realised, receipt_confirmed~: KOR countered 1d, settled 4d";
    assert_eq!(line(&through(&settled)), realised);
    assert!(through(&settled).remarks.contains(&Remark::SettledThrough(id(2).into())));
}

#[test]
fn in_2011_a_later_offer_of_a_side_overtakes_its_earlier_one() {
    let offer =
        |number, proposer: &str| ChainOffer { overture: id(number).into(), proposer: vec![entity(proposer)] };
    let chain = vec![offer(1, "PRK/mpaf"), offer(2, "KOR/mnd"), offer(3, "PRK"), offer(4, "PRK/mpaf")];
    let elsewhere = Elsewhere { chain: chain.into(), ..Elsewhere::default() };
    let made = |number, from| {
        let rows = [row(number, "2011-01-20", Kind::OvertureProposed, from, "KOR")];
        standing_of(number, &rows, moment("2011-03-01"), &elsewhere, &Policies::default()).remarks
    };
    assert_eq!(made(1, "PRK/mpaf"), [Remark::Overtaken(id(4).into())]);
    assert_eq!(made(3, "PRK"), [Remark::Overtaken(id(4).into())]);
    assert_eq!(made(4, "PRK/mpaf"), []);
}

#[test]
fn in_april_2013_an_answer_is_overdue_from_noon_and_its_refusal_late() {
    let rows = [
        row(1, "2013-04-25", Kind::OvertureProposed, "KOR/mou", "PRK")
            .detail(&json!({"deadline": "2013-04-26T12:00:00+09:00"})),
        row(2, "2013-04-26T18:00:00+09:00", Kind::ResponseRejected, "PRK/ndc", "KOR")
            .via("media")
            .link(Relation::Answers, 1),
    ];
    check(&rows, "2013-04-26T12:00:00+09:00", "pending, standing, issued, open: PRK none");
    check(&rows, "2013-04-26T12:00:01+09:00", "unanswered, standing, issued, open: PRK none");
    check(&rows, "2013-04-26", "rejected, standing, receipt_confirmed~: PRK rejected 1d late");
    let unanswered = at(&rows, "2013-04-26T13:00:00+09:00").unanswered.unwrap();
    assert_eq!(unanswered.basis(), crate::domain::words::Basis::ExplicitDeadline);
    fits(&rows);
}

#[test]
fn in_june_2013_a_meeting_that_falls_through_realises_nothing() {
    let meeting: EntityId = id(3).into();
    let rows = [
        row(1, "2013-06-06", Kind::OvertureProposed, "PRK/cprk", "KOR"),
        row(2, "2013-06-06", Kind::ResponseAccepted, "KOR/mou", "PRK").link(Relation::Answers, 1),
        row(3, "2013-06-10", Kind::MeetingScheduled, "KOR", "PRK").opens().link(Relation::Realises, 1),
        row(4, "2013-06-11", Kind::MeetingCancelled, "PRK", "KOR").about(meeting),
        row(5, "2013-07-10", Kind::MeetingHeld, "KOR", "PRK").about(meeting),
    ];
    check(&rows, "2013-06-11", "accepted, standing, receipt_confirmed~: KOR accepted 0d");
    let elsewhere = Elsewhere { meetings: vec![meeting, id(6).into()], ..Elsewhere::default() };
    let on =
        |rows: &[Row]| line(&standing_of(1, rows, moment("2013-07-12"), &elsewhere, &Policies::default()));
    // A meeting that was cancelled stays so, whatever is recorded of it later; a revived one is a new one.
    assert_eq!(on(&rows), "accepted, standing, receipt_confirmed~: KOR accepted 0d");
    let mut revived = rows.to_vec();
    revived.push(row(6, "2013-07-11", Kind::MeetingHeld, "KOR", "PRK").opens());
    assert_eq!(on(&revived), "realised, realised, receipt_confirmed~: KOR accepted 0d");
    let mut after: Vec<Row> = rows[..3].to_vec();
    after.push(row(4, "2013-06-11", Kind::MeetingHeld, "PRK", "KOR").about(meeting));
    after.push(row(5, "2013-06-12", Kind::MeetingCancelled, "PRK", "KOR").about(meeting));
    assert_eq!(on(&after), "realised, realised, receipt_confirmed~: KOR accepted 0d");
}

#[test]
fn the_offer_of_2025_stands_unanswered_as_reported_and_urging_moves_nothing() {
    let rows = [
        row(1, "2025-11-17", Kind::OvertureProposed, "KOR/mnd", "PRK").via("media"),
        row(2, "2025-11-20", Kind::OvertureUrged, "KOR/dp", "PRK").link(Relation::Concerns, 1),
        row(3, "2025-12-02", Kind::SilenceRecorded, "", "").link(Relation::Concerns, 1).detail(
            &json!({"subject": [entity("PRK")], "towards": [entity("KOR/mnd")], "basis": "reported"}),
        ),
    ];
    check(&rows, "2025-12-01", "pending, standing, issued, open: PRK none");
    check(&rows, "2025-12-31", "unanswered, standing, issued, open: PRK none");
    let standing = at(&rows, "2025-12-31");
    assert_eq!(standing.age_days(&seoul(), moment("2025-12-31")), Some((44, Some(44))));
    assert_eq!(standing.effects[1], (id(2), Effect::Urged));
    assert_eq!(standing.remarks, [Remark::Urged { entry: id(2), by: vec![entity("KOR/dp")] }]);
    assert!(matches!(standing.unanswered, Some(Unanswered::Found(finding)) if finding.entry == id(3)));
    assert_eq!(standing.window, None);
    fits(&rows);
}
