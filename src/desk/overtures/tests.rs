//! The list of overtures over a log in memory.

mod answers;
mod kept;
mod late;
mod restored;
mod stopped;
mod undated;

use serde_json::json;

use crate::desk::answer::Page;
use crate::desk::answer::board::OvertureRow;
use crate::desk::ask::{DueAsk, OverturesAsk, When};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::overture_words;
use crate::desk::overtures::standings::Standings;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event, ExternalRef};
use crate::domain::fact::record::{Amended, Linked, Retracted};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::{Link, Relation};

/// A log with the parties of the chronology.
pub(crate) struct Talks {
    pub(crate) fixture: Fixture,
    pub(crate) mnd: EntityId,
    pub(crate) president: EntityId,
    pub(crate) prk: EntityId,
    pub(crate) floor_leader: EntityId,
}

impl Talks {
    pub(crate) fn new() -> Self {
        Self::of(Fixture::new())
    }

    fn of(fixture: Fixture) -> Self {
        fixture.party("KOR");
        let (mnd, president) = (fixture.party("KOR/mnd"), fixture.party("KOR/president"));
        let (prk, floor_leader) = (fixture.party("PRK"), fixture.party("KOR/democratic-party"));
        Self { fixture, mnd, president, prk, floor_leader }
    }

    pub(crate) fn offer(&self, name: &str, date: &str, detail: &serde_json::Value) -> EventId {
        self.from(self.mnd, name, date, detail)
    }

    pub(crate) fn from(&self, from: EntityId, name: &str, date: &str, detail: &serde_json::Value) -> EventId {
        let envelope = Envelope { from: vec![from], to: vec![self.prk], ..called(name, date) };
        self.fixture.add(envelope, Kind::OvertureProposed.decode(&detail.to_string()).unwrap())
    }

    pub(crate) fn on(&self, target: EventId, name: &str, date: &str, kind: Kind, from: EntityId) -> EventId {
        let relation = match kind.family() {
            "response" => Relation::Answers,
            _ => Relation::Concerns,
        };
        let links = vec![Link::new(relation, target)];
        self.fixture.event(kind, Envelope { from: vec![from], links, ..called(name, date) })
    }

    pub(crate) fn silence(&self, target: EventId, name: &str, date: &str) -> EventId {
        let links = vec![Link::new(Relation::Concerns, target)];
        let detail = json!({"subject": [self.prk], "towards": [self.mnd], "basis": "reported"});
        let fact = Kind::SilenceRecorded.decode(&detail.to_string()).unwrap();
        self.fixture.add(Envelope { links, ..called(name, date) }, fact)
    }

    /// The offer of November 2025 and what followed.
    pub(crate) fn seed() -> (Self, EventId) {
        let talks = Self::new();
        let offer = talks.offer("ik-147", "2025-11-17", &json!({}));
        talks.on(offer, "ik-148", "2025-11-20", Kind::OvertureUrged, talks.floor_leader);
        talks.from(talks.president, "ik-149", "2025-12-02", &json!({}));
        talks.silence(offer, "ik-150", "2025-12-02");
        (talks, offer)
    }

    fn list(&self, at: &str, ask: &OverturesAsk) -> Result<Page<OvertureRow>, DeskError> {
        Ok(self.fixture.desk.overtures(&when(at), ask)?.data)
    }

    #[track_caller]
    fn check(&self, at: &str, ask: &OverturesAsk, expected: &[&str]) {
        let page = self.list(at, ask).unwrap();
        let handles: Vec<&str> = page.items.iter().map(|row| row.handle.as_str()).collect();
        assert_eq!(handles, expected);
    }
}

pub(crate) fn called(name: &str, date: &str) -> Envelope {
    let external = ExternalRef { namespace: "ik".to_owned(), id: name.to_owned() };
    let summary = Some(format!("What {name} says."));
    Envelope { external_refs: vec![external], summary, ..on(date) }
}

pub(crate) fn when(at: &str) -> When {
    When { at: Some(at.to_owned()), ..When::default() }
}

fn open() -> OverturesAsk {
    OverturesAsk { open: true, ..OverturesAsk::default() }
}

#[test]
fn the_open_offers_are_listed_with_their_age_and_basis() {
    let (talks, _) = Talks::seed();
    let page = talks.list("2025-12-31", &open()).unwrap();
    assert_eq!((page.items.len(), page.total, page.next.clone()), (2, 2, None));
    let [offer, later] = page.items.as_slice() else { panic!("two offers") };
    assert_eq!((offer.handle.as_str(), offer.age_days, later.age_days), ("ik-147", Some(44), Some(29)));
    assert_eq!((offer.status.as_str(), offer.delivery.as_str()), ("unanswered", "issued"));
    assert_eq!(offer.answers[0].answer, "none");
    assert_eq!(offer.remarks, ["urged by KOR/democratic-party (ik-148): no effect"]);
    assert_eq!(offer.due, None);
    assert_eq!(
        offer.basis,
        "reported by ik-150; as of 2 December 2025, no answer from PRK on any channel, direct or not is not \
         said; what was searched is not said; recorded by kim"
    );
    assert_eq!(overture_words(offer), "standing, unanswered (reported by ik-150), 44 days old");
    assert_eq!(overture_words(later), "standing, pending (no answer is recorded), 29 days old");
    talks.check("2025-12-01", &open(), &["ik-147"]);
    talks.check("2025-11-16", &open(), &[]);
}

#[test]
fn an_offer_of_an_imprecise_date_is_marked_until_its_latest_bound() {
    let talks = Talks::new();
    talks.offer("imprecise", "2025-08", &json!({}));
    let row = |at: &str| talks.list(at, &open()).unwrap().items.remove(0);
    let doubtful = row("2025-08-10");
    assert!(doubtful.possibly);
    let words = overture_words(&doubtful);
    assert_eq!(words, "possibly standing, pending (no answer is recorded), 0 to 9 days old");
    assert!(!row("2025-08-31").possibly);
    assert_eq!(
        overture_words(&row("2025-09-01")),
        "standing, pending (no answer is recorded), 1 to 31 days old"
    );
}

#[test]
fn a_list_is_narrowed_by_status_and_party_and_put_in_order() {
    let (talks, offer) = Talks::seed();
    let asked = |change: fn(&mut OverturesAsk)| {
        let mut ask = OverturesAsk::default();
        change(&mut ask);
        ask
    };
    let at = "2025-12-31";
    talks.check(at, &asked(|ask| ask.status = Some("unanswered".to_owned())), &["ik-147"]);
    talks.check(at, &asked(|ask| ask.status = Some("Partly answered, pending".to_owned())), &["ik-149"]);
    talks.check(at, &asked(|ask| ask.from_party = Some("KOR".to_owned())), &["ik-147", "ik-149"]);
    talks.check(at, &asked(|ask| ask.from_party = Some("KOR/mnd".to_owned())), &["ik-147"]);
    talks.check(at, &asked(|ask| ask.to_party = Some("KOR".to_owned())), &[]);
    talks.check(at, &asked(|ask| ask.sort = Some("issued".to_owned())), &["ik-149", "ik-147"]);
    let rejected = talks.on(offer, "ik-151", "2025-12-10", Kind::ResponseRejected, talks.prk);
    talks.check(at, &open(), &["ik-149"]);
    let strike = Fact::RecordRetracted(Retracted { target: rejected });
    let about = vec![offer.into()];
    talks.fixture.add(Envelope { about: about.clone(), ..on("2026-01-05") }, strike);
    talks.check(at, &open(), &["ik-147", "ik-149"]);
    let strike = Fact::RecordRetracted(Retracted { target: offer });
    talks.fixture.add(Envelope { about, ..on("2026-01-05") }, strike);
    talks.check(at, &open(), &["ik-149"]);
}

#[test]
fn what_cannot_be_asked_is_refused_with_what_can() {
    let (talks, _) = Talks::seed();
    let error = |change: fn(&mut OverturesAsk)| {
        let mut ask = OverturesAsk::default();
        change(&mut ask);
        talks.list("2025-12-31", &ask).unwrap_err().to_string()
    };
    let status = error(|ask| ask.status = Some("open".to_owned()));
    assert!(status.contains("`open`") && status.contains("pending, unanswered"), "{status}");
    let sort = error(|ask| ask.sort = Some("size".to_owned()));
    assert!(sort.contains("age or issued"), "{sort}");
    assert!(error(|ask| ask.limit = Some(0)).contains("1 to 1000"));
    assert!(error(|ask| ask.limit = Some(1001)).contains("1 to 1000"));
    for token in ["", "x", "a12", "i00000000000000000000000000000000", "é"] {
        let ask = OverturesAsk { after: Some(token.to_owned()), ..OverturesAsk::default() };
        let error = talks.list("2025-12-31", &ask).unwrap_err().to_string();
        assert!(error.contains("`next`"), "{token}: {error}");
    }
    assert!(matches!(
        talks.list(
            "2025-12-31",
            &OverturesAsk { from_party: Some("Atlantis".to_owned()), ..OverturesAsk::default() }
        ),
        Err(DeskError::NotFound { .. })
    ));
}

#[test]
fn pages_walk_the_whole_list_while_more_is_recorded() {
    let talks = Talks::new();
    for day in 10..17 {
        talks.offer(&format!("o-{day}"), &format!("2025-03-{day}"), &json!({}));
    }
    for sort in ["age", "issued"] {
        let whole = OverturesAsk { sort: Some(sort.to_owned()), ..OverturesAsk::default() };
        let handles = |page: &Page<OvertureRow>| -> Vec<String> {
            page.items.iter().map(|row| row.handle.clone()).collect()
        };
        let all = handles(&talks.list("2025-12-31", &whole).unwrap());
        let mut walked = Vec::new();
        let mut ask = OverturesAsk { limit: Some(3), ..whole };
        loop {
            let page = talks.list("2025-12-31", &ask).unwrap();
            walked.extend(handles(&page));
            // Recorded between two pages, and issued before the one that is shown.
            let (early, late) = ("2025-01-01", "2025-11-01");
            let (early, late) = if sort == "age" { (early, late) } else { (late, early) };
            talks.offer("between", early, &json!({}));
            // What was shown moves behind what was not, and what was not before it.
            for (handle, date) in [(&walked[0], late), (&all[all.len() - 1], early)] {
                let amended = json!({"kind": "record.amended", "target": handle, "reason": "misread", "changes": {"date": date}});
                let _ = crate::desk::testing::record(&talks.fixture, amended);
            }
            match page.next {
                Some(next) => ask.after = Some(next),
                None => break,
            }
        }
        assert_eq!(walked, all);
    }
}

#[test]
fn an_answer_whose_link_was_made_later_counts() {
    let talks = Talks::new();
    let offer = talks.offer("o-1", "2025-03-01", &json!({}));
    let from = vec![talks.prk];
    let loose = talks.fixture.event(Kind::ResponseRejected, Envelope { from, ..called("r-1", "2025-03-05") });
    talks.check("2025-12-31", &open(), &["o-1"]);
    let link = Link::new(Relation::Answers, offer);
    let linked = Linked { source: loose, link, withdrawn: false };
    talks.fixture.add(on("2026-02-01"), Fact::RecordLinked(linked));
    talks.check("2025-12-31", &open(), &[]);
    let row = &talks.list("2025-12-31", &OverturesAsk::default()).unwrap().items[0];
    assert_eq!(row.basis, "PRK rejected on 5 March 2025: r-1");
    assert_eq!(row.answers[0].latency_days, Some(4));
}

#[test]
fn what_a_later_link_or_reading_moves_to_a_channel_or_a_meeting_belongs_to_it() {
    let talks = Talks::new();
    let line = talks.fixture.line("mil-west");
    let plan = Envelope { opens: true, ..called("m", "2025-03-01") };
    let meeting: EntityId = talks.fixture.event(Kind::MeetingScheduled, plan).into();
    let told = |entity: EntityId| {
        let known = talks.fixture.desk.known(&when("2025-12-31")).unwrap();
        let story = known.story(entity).unwrap();
        story.iter().map(|entry| Known::handle(entry.id, entry.event.as_ref())).collect::<Vec<_>>()
    };
    for (number, entity) in [line, meeting].into_iter().enumerate() {
        let before = told(entity);
        let incident = talks.fixture.event(Kind::Incident, called(&format!("i-{number}"), "2025-03-05"));
        let relation = Link::new(Relation::Concerns, EventId::from_uuid(*entity.as_uuid()));
        let made = Linked { source: incident, link: relation.clone(), withdrawn: false };
        talks.fixture.add(on("2026-02-01"), Fact::RecordLinked(made));
        let read = talks.fixture.event(Kind::Incident, called(&format!("r-{number}"), "2025-03-06"));
        let about = Envelope { about: vec![entity], ..called(&format!("r-{number}"), "2025-03-06") };
        let reading = Event { envelope: about, fact: Kind::Incident.decode("{}").unwrap() };
        let reading = serde_json::value::RawValue::from_string(reading.encode().unwrap()).unwrap();
        let about = Envelope { about: vec![entity], ..Envelope::default() };
        talks.fixture.add(about, Fact::RecordAmended(Amended { target: read, reading }));
        let expected = [before.clone(), vec![format!("i-{number}"), format!("r-{number}")]].concat();
        assert_eq!(told(entity), expected);
        // Taken back, or struck, it no longer does.
        let back = Linked { source: incident, link: relation, withdrawn: true };
        talks.fixture.add(on("2026-02-02"), Fact::RecordLinked(back));
        talks.fixture.add(Envelope::default(), Fact::RecordRetracted(Retracted { target: read }));
        assert_eq!(told(entity), before);
    }
}

#[test]
fn a_chain_of_counters_is_settled_from_its_end() {
    let talks = Talks::new();
    let first = talks.offer("c-1", "2025-03-01", &json!({}));
    let counter = |target: EventId, name: &str, date: &str, from: EntityId, to: EntityId| {
        let links = vec![Link::new(Relation::Counters, target)];
        let (from, to) = (vec![from], vec![to]);
        talks.fixture.event(
            Kind::ResponseCounterProposed,
            Envelope { links, from, to, opens: true, ..called(name, date) },
        )
    };
    let second = counter(first, "c-2", "2025-03-02", talks.prk, talks.mnd);
    let third = counter(second, "c-3", "2025-03-03", talks.mnd, talks.prk);
    let rows = || talks.list("2025-12-31", &OverturesAsk::default()).unwrap().items;
    let statuses = || rows().iter().map(|row| (row.handle.clone(), row.status.clone())).collect::<Vec<_>>();
    let expected = |words: [&str; 3]| {
        ["c-1", "c-2", "c-3"]
            .iter()
            .zip(words)
            .map(|(a, b)| ((*a).to_owned(), b.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(), expected(["negotiating", "negotiating", "pending"]));
    assert_eq!(rows()[0].remarks, ["overtaken by a later offer of the same side: c-3"]);
    talks.on(third, "c-4", "2025-03-04", Kind::ResponseAccepted, talks.prk);
    assert_eq!(statuses(), expected(["accepted", "accepted", "accepted"]));
    assert_eq!(
        rows()[0].basis,
        "PRK countered on 2 March 2025, and it was settled through c-2 on 4 March 2025: c-4"
    );
    // What PRK said to this offer is the counter-proposal; that it was settled is told beside it, whoever spoke.
    let answer = rows()[0].answers[0].clone();
    assert_eq!((answer.answer.as_str(), answer.latency_days), ("countered", Some(1)));
    assert_eq!(answer.entry.map(|entry| entry.handle).as_deref(), Some("c-2"));
    let settled = answer.settled.unwrap();
    assert_eq!((settled.counter.name.as_str(), settled.entry.handle.as_str()), ("c-2", "c-4"));
    assert_eq!(settled.latency_days, Some(3));
    let back = talks.on(first, "c-4b", "2025-03-05", Kind::ResponseRescinded, talks.prk);
    assert_eq!(statuses(), expected(["rejected", "accepted", "accepted"]));
    assert_eq!(rows()[0].anomalies, []);
    let about = Envelope { about: vec![first.into()], ..on("2026-02-01") };
    talks.fixture.add(about, Fact::RecordRetracted(Retracted { target: back }));
    let meeting = Envelope {
        links: vec![Link::new(Relation::Realises, third)],
        opens: true,
        ..called("c-5", "2025-03-10")
    };
    let meeting = talks.fixture.event(Kind::MeetingScheduled, meeting);
    assert_eq!(statuses(), expected(["accepted", "accepted", "accepted"]));
    let held = Envelope { about: vec![meeting.into()], ..called("c-6", "2025-03-12") };
    talks.fixture.event(Kind::MeetingHeld, held);
    assert_eq!(statuses(), expected(["realised", "realised", "realised"]));
    assert_eq!(rows()[2].basis, "realised by c-6 on 12 March 2025");
    assert_eq!(rows()[0].basis, "realised through c-2");
}

#[test]
fn to_whom_an_offer_is_made_does_not_depend_on_which_of_a_chain_is_asked_about_first() {
    let talks = Talks::new();
    let first = talks.offer("first", "2025-03-01", &json!({}));
    // It names nobody, and is linked to what it answers by a relation that is not that of a counter-proposal.
    let links = vec![Link::new(Relation::Reiterates, first)];
    let counter = Envelope { links, from: vec![talks.prk], opens: true, ..called("second", "2025-03-02") };
    let second = talks.fixture.event(Kind::ResponseCounterProposed, counter);
    let known = talks.fixture.desk.known(&When::default()).unwrap();
    let asked = |order: [EventId; 2]| {
        let mut standings = Standings::new(&known);
        let mut addressees = order.map(|offer| (offer, standings.of(offer.into()).unwrap().addressees()));
        addressees.sort_by_key(|(offer, _)| *offer);
        addressees
    };
    assert_eq!(asked([first, second]), asked([second, first]));
    assert!(asked([second, first]).contains(&(second, vec![talks.mnd])));
}

#[test]
fn offers_that_counter_each_other_in_a_circle_have_a_standing() {
    let talks = Talks::new();
    let first = talks.offer("c-1", "2025-03-01", &json!({}));
    let second = talks.from(talks.president, "c-2", "2025-03-01", &json!({}));
    for (source, target) in [(first, second), (second, first)] {
        let link = Link::new(Relation::Counters, target);
        let linked = Linked { source, link, withdrawn: false };
        talks.fixture.add(on("2026-02-01"), Fact::RecordLinked(linked));
    }
    assert_eq!(talks.list("2025-12-31", &OverturesAsk::default()).unwrap().total, 2);
}
