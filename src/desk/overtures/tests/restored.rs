//! Which calls on a line are read for an offer to restore it: as many as make no difference.

use serde_json::json;

use super::*;
use crate::desk::overtures::standings::Standings;
use crate::domain::overture::currency::Currency;
use crate::domain::overture::effect::Effect;

/// A line, and an offer to restore it.
struct Offered {
    talks: Talks,
    line: EntityId,
    offer: EventId,
}

impl Offered {
    fn on(date: &str) -> Self {
        let talks = Talks::new();
        let line = talks.fixture.line("hotline");
        let offer = talks.offer("offer", date, &json!({"restores": [line]}));
        Self { talks, line, offer }
    }

    fn call(&self, name: &str, date: &str, link: Option<Link>) -> EventId {
        let links = link.into_iter().collect();
        let envelope = Envelope { about: vec![self.line], links, ..called(name, date) };
        self.talks.fixture.event(Kind::CallAnswered, envelope)
    }

    fn restored(&self, name: &str, date: &str, evidence: &str) -> EventId {
        let detail = json!({"evidence": evidence});
        let fact = Kind::ChannelRestored.decode(&detail.to_string()).unwrap();
        self.talks.fixture.add(Envelope { about: vec![self.line], ..called(name, date) }, fact)
    }

    /// Returns how many entries were read for where the offer stands.
    fn read(&self) -> usize {
        let known = self.talks.fixture.desk.known(&When::default()).unwrap();
        Standings::new(&known).of(self.offer.into()).unwrap().effects.len()
    }

    /// Returns what became of the offer, which is the same when every call is read.
    #[track_caller]
    fn check(&self) -> (Currency, Option<EventId>) {
        let known = self.talks.fixture.desk.known(&When::default()).unwrap();
        let standing = Standings::new(&known).of(self.offer.into()).unwrap();
        let defined = Standings::with_every_call(&known).of(self.offer.into()).unwrap();
        let told = |effects: &[(EventId, Effect)]| {
            let told = effects.iter().filter(|(_, effect)| !matches!(effect, Effect::Beside(_)));
            told.cloned().collect::<Vec<_>>()
        };
        assert_eq!(told(&standing.effects), told(&defined.effects));
        assert_eq!(standing.remarks, defined.remarks);
        assert_eq!(standing.status, defined.status);
        assert_eq!((standing.currency, standing.realised_by), (defined.currency, defined.realised_by));
        (standing.currency, standing.realised_by)
    }
}

#[test]
fn an_offer_to_restore_a_line_reads_of_its_calls_those_that_can_matter() {
    let talks = Talks::new();
    let line = talks.fixture.line("hotline");
    let call = |number: u32, month: u32| {
        let date = format!("2025-{month:02}-{:02}", number % 28 + 1);
        let name = format!("c-{month}-{number}");
        talks.fixture.event(Kind::CallAnswered, Envelope { about: vec![line], ..called(&name, &date) })
    };
    for number in 0..56 {
        call(number, 2);
    }
    let offer = talks.offer("o-1", "2025-03-05", &json!({"restores": [line]}));
    let later: Vec<EventId> = (10..28).map(|number| call(number, 4)).collect();
    let known = talks.fixture.desk.known(&When::default()).unwrap();
    let mut standings = Standings::new(&known);
    let standing = standings.of(offer.into()).unwrap();
    assert_eq!((standing.currency, standing.realised_by), (Currency::Realised, later.first().copied()));
    assert_eq!(standing.effects.len(), 2, "the offer and the call that restores the line");
}

#[test]
fn a_call_that_stands_beside_the_offer_hides_no_later_one() {
    let offered = Offered::on("2025-03-05");
    offered.call("beside", "2025-03-10", Some(Link::new(Relation::Corroborates, offered.offer)));
    let later = offered.call("later", "2025-03-12", None);
    assert_eq!(offered.check(), (Currency::Realised, Some(later)));
}

#[test]
fn a_call_while_the_offer_is_withdrawn_is_not_the_last_that_is_read() {
    for withdrawn in ["2025-03-05", "2025-03"] {
        let offered = Offered::on("2025-03-05");
        offered.talks.on(offered.offer, "withdrawn", withdrawn, Kind::OvertureWithdrawn, offered.talks.mnd);
        offered.call("in vain", "2025-03-10", None);
        offered.talks.on(offered.offer, "again", "2025-04-01", Kind::OvertureReiterated, offered.talks.mnd);
        let later = offered.call("later", "2025-04-05", None);
        assert_eq!(offered.check(), (Currency::Realised, Some(later)));
    }
}

#[test]
fn calls_between_answers_of_a_day_are_read_whenever_the_offer_came_about() {
    let offered = Offered::on("2025-03-05");
    let first = offered.call("first", "2025-03-10", None);
    offered.talks.on(offered.offer, "deflected", "2025-04-01", Kind::ResponseDeflected, offered.talks.prk);
    offered.call("between", "2025-04-01", None);
    offered.talks.on(offered.offer, "rejected", "2025-04-01", Kind::ResponseRejected, offered.talks.prk);
    assert_eq!(offered.check(), (Currency::Realised, Some(first)));
}

#[test]
fn a_call_that_is_said_to_be_before_a_counter_proposal_is_found() {
    let offered = Offered::on("2025-03-05");
    let (prk, mnd) = (offered.talks.prk, offered.talks.mnd);
    offered.call("first", "2025-03-10", None);
    let links = vec![Link::new(Relation::Answers, offered.offer)];
    let envelope = Envelope { from: vec![prk], to: vec![mnd], links, ..called("counter", "2025-03-20") };
    let counter = offered.talks.fixture.event(Kind::OvertureProposed, envelope);
    offered.talks.on(offered.offer, "rejected", "2025-04-01", Kind::ResponseRejected, prk);
    offered.call("said to be before", "2025-05-01", Some(Link::new(Relation::Before, counter)));
    offered.check();
}

#[test]
fn of_a_day_of_calls_the_first_is_read() {
    let offered = Offered::on("2025-03-05");
    let first = offered.call("morning", "2025-03-10T09:00:00+09:00", None);
    for hour in 10..18 {
        offered.call(&format!("at {hour}"), &format!("2025-03-10T{hour}:00:00+09:00"), None);
    }
    offered.call("that day", "2025-03-10", None);
    assert_eq!(offered.check(), (Currency::Realised, Some(first)));
    assert_eq!(offered.read(), 2, "the offer and the call that restores the line");
    // A call of the same moment may come first, by its name; one that is linked to another call after that.
    let same = offered.call("a", "2025-03-10T09:00:00+09:00", None);
    assert_eq!(offered.check(), (Currency::Realised, Some(same)));
    let early = offered.call("early", "2025-03-10T08:00:00+09:00", Some(Link::new(Relation::Concerns, same)));
    assert_ne!(offered.check().1, Some(early));
}

#[test]
fn restorations_that_were_merely_announced_are_read_where_they_stand_in_the_story() {
    let offered = Offered::on("2025-03-05");
    for number in 0..40 {
        let date = format!("2025-{:02}-{:02}", number % 12 + 1, number % 28 + 1);
        offered.restored(&format!("announced-{number}"), &date, "announced");
    }
    let mnd = offered.talks.mnd;
    offered.talks.on(offered.offer, "again", "2025-03-20", Kind::OvertureReiterated, mnd);
    assert_eq!(offered.check(), (Currency::Standing, None));
    assert!(offered.read() < 6, "{}", offered.read());
    // What is kept of the line is not used when something was recorded since.
    let observed = offered.restored("observed", "2025-06-01", "observed");
    assert_eq!(offered.check(), (Currency::Realised, Some(observed)));
    let strike = Fact::RecordRetracted(Retracted { target: observed });
    offered.talks.fixture.add(Envelope::default(), strike);
    assert_eq!(offered.check(), (Currency::Standing, None));
    let call = offered.call("years later", "2026-01-15", None);
    assert_eq!(offered.check().1, Some(call));
}

#[test]
fn a_call_that_is_one_again_ends_the_offer_for_whoever_asked_while_it_was_none() {
    let offered = Offered::on("2025-03-05");
    let call = offered.call("call", "2025-03-10", None);
    let (fixture, line) = (&offered.talks.fixture, offered.line);
    let open = || {
        let ask = OverturesAsk { open: true, ..OverturesAsk::default() };
        fixture.desk.overtures(&When::default(), &ask).unwrap().data.total
    };
    assert_eq!(open(), 0);
    let other = Event { envelope: on("2025-03-10"), fact: Kind::Incident.decode("{}").unwrap() };
    let reading = serde_json::value::RawValue::from_string(other.encode().unwrap()).unwrap();
    let about = Envelope { about: vec![line], ..Envelope::default() };
    let amendment = fixture.add(about, Fact::RecordAmended(Amended { target: call, reading }));
    assert_eq!(open(), 1);
    fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: amendment }));
    assert_eq!(open(), 0);
    assert_eq!(offered.check(), (Currency::Realised, Some(call)));
}
