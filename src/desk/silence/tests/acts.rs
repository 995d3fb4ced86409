//! Which acts count, towards whom, and which of them is the last.

use super::*;

struct Two {
    fixture: Fixture,
    south: EntityId,
    north: EntityId,
    hotline: EntityId,
}

impl Two {
    fn new() -> Self {
        let fixture = Fixture::new();
        let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
        let detail = json!({"name": "hotline", "sort": "line", "ends": [south, north]}).to_string();
        let hotline =
            fixture.add(Envelope::default(), Kind::ChannelRegistered.decode(&detail).unwrap()).into();
        Self { fixture, south, north, hotline }
    }

    fn by_the_north(&self, date: &str) -> Envelope {
        Envelope { from: vec![self.north], ..on(date) }
    }

    fn add(&self, kind: Kind, envelope: Envelope) -> EventId {
        self.fixture.event(kind, envelope)
    }

    fn meeting(&self, kind: Kind, date: &str) -> EventId {
        let both = Envelope { to: vec![self.south], opens: true, ..self.by_the_north(date) };
        self.add(kind, both)
    }

    fn offer(&self, date: &str) -> EventId {
        let envelope = Envelope { from: vec![self.south], to: vec![self.north], ..on(date) };
        self.add(Kind::OvertureProposed, envelope)
    }

    fn answer(&self, kind: Kind, to: EventId, date: &str) -> EventId {
        let links = vec![Link::new(Relation::Answers, to)];
        let to = vec![self.south];
        self.add(kind, Envelope { to, links, via: vec![self.hotline], ..self.by_the_north(date) })
    }

    fn matrix(&self, when: &str) -> SilenceMatrix {
        asked(&self.fixture, &at(when), "PRK", Some("KOR"))
    }
}

fn id(last: &Last) -> Option<EventId> {
    last.act().map(|act| act.entry.id)
}

#[test]
fn what_is_said_over_a_line_to_nobody_is_said_to_the_other_end() {
    let two = Two::new();
    let notice = Envelope { via: vec![two.hotline], ..two.by_the_north("2024-01-05") };
    let notice = two.add(Kind::MessageReceived, notice);
    let matrix = two.matrix("2024-02-01");
    assert_eq!([id(&matrix.last), id(&matrix.acts[2].last)], [Some(notice); 2]);
    assert_eq!(id(&matrix.channels[0].last), Some(notice));
}

#[test]
fn what_lasted_is_as_new_as_its_end() {
    let two = Two::new();
    let long = two.meeting(Kind::MeetingHeld, "2024-01-06/2024-01-11");
    let letter = Envelope { to: vec![two.south], ..two.by_the_north("2024-01-08") };
    let letter = two.add(Kind::MessageSent, letter);
    let last = |when: &str| id(&two.matrix(when).last);
    assert_eq!(last("2024-01-20"), Some(long));
    assert_eq!(two.matrix("2024-01-20").last.act().unwrap().days_ago, 9);
    // On the eighth they still sat together, and the letter came that day as well.
    assert_eq!(last("2024-01-08"), Some(letter));
    assert_eq!(last("2024-01-09"), Some(long));
    let later = two.meeting(Kind::MeetingHeld, "2024-02-01/2024-02-20");
    two.meeting(Kind::MeetingHeld, "2024-02-05");
    assert_eq!(id(&two.matrix("2024-03-01").acts[4].last), Some(later));
}

#[test]
fn that_something_was_received_is_an_act_and_no_answer() {
    let two = Two::new();
    let offer = two.offer("2024-01-06");
    let received = two.answer(Kind::OvertureAcknowledged, offer, "2024-01-08");
    let matrix = two.matrix("2024-02-01");
    assert_eq!(id(&matrix.last), Some(received));
    assert_eq!([id(&matrix.acts[0].last), id(&matrix.acts[1].last)], [None; 2]);
}

#[test]
fn what_has_no_effect_on_the_offer_is_no_answer_to_it() {
    let two = Two::new();
    let offer = two.offer("2024-04-10");
    let before = two.answer(Kind::ResponseRejected, offer, "2024-04-08");
    let answers = |when: &str| {
        let matrix = two.matrix(when);
        (id(&matrix.last), id(&matrix.acts[0].last), id(&matrix.acts[1].last))
    };
    // Also while the offer was not made yet.
    assert_eq!(answers("2024-04-09"), (Some(before), None, None));
    assert_eq!(answers("2024-05-01"), (Some(before), None, None));
    let after = two.answer(Kind::ResponseRejected, offer, "2024-04-12");
    assert_eq!(answers("2024-05-01"), (Some(after), Some(after), Some(after)));
}

#[test]
fn who_calls_a_meeting_off_says_so_to_those_who_were_to_come() {
    let two = Two::new();
    let meeting = two.meeting(Kind::MeetingScheduled, "2024-01-20");
    let cancelled = Envelope { about: vec![meeting.into()], ..two.by_the_north("2024-02-05") };
    let cancelled = two.add(Kind::MeetingCancelled, cancelled);
    assert_eq!(id(&two.matrix("2024-02-06").last), Some(cancelled));
    // It is said, though the meeting was called off already.
    let again = Envelope { about: vec![meeting.into()], ..two.by_the_north("2024-02-08") };
    let again = two.add(Kind::MeetingPostponed, again);
    assert_eq!(id(&two.matrix("2024-02-09").last), Some(again));
}

#[test]
fn a_session_that_did_not_fit_took_place_all_the_same() {
    let two = Two::new();
    let meeting = two.meeting(Kind::MeetingAgreed, "2024-01-10");
    let opened = Envelope { about: vec![meeting.into()], ..on("2024-01-20") };
    let opened = two.add(Kind::MeetingOpened, opened);
    assert_eq!(id(&two.matrix("2024-02-01").acts[4].last), Some(opened));
}

#[test]
fn a_call_that_is_taken_is_an_act_on_its_topic() {
    let two = Two::new();
    let topics = vec!["aid".to_owned()];
    let call = Envelope { about: vec![two.hotline], from: vec![two.south], topics, ..on("2024-01-05") };
    let call = two.add(Kind::CallAnswered, call);
    let matrix = two.matrix("2024-02-01");
    let [topic] = matrix.topics.as_slice() else { panic!("{:?}", matrix.topics) };
    assert_eq!((topic.what.as_str(), id(&topic.last)), ("aid", Some(call)));
}

#[test]
fn that_a_text_was_removed_which_may_have_been_an_answer_is_told() {
    let fixture = Fixture::new();
    let kim = crate::desk::testing::kim();
    for entry in [
        json!({"kind": "overture.proposed", "id": "offer", "date": "2024-01-06", "from": "KOR", "to": "PRK", "summary": "talks"}),
        json!({"kind": "silence.recorded", "id": "found", "in_reply_to": "offer", "date": "2024-01-07", "subject": "PRK",
            "towards": "KOR", "basis": "officer_finding", "scope": "any", "summary": "no word"}),
        json!({"kind": "silence.recorded", "id": "at-large", "date": "2024-01-07", "subject": "PRK", "towards": "KOR",
            "basis": "officer_finding", "scope": "any", "summary": "nothing at all"}),
        json!({"kind": "response.rejected", "id": "no", "in_reply_to": "offer", "date": "2024-01-08", "from": "PRK", "summary": "no"}),
    ] {
        crate::desk::testing::record(&fixture, entry);
    }
    // Whether a finding holds, and how many removed texts may have ended it.
    let findings = || {
        let matrix = asked(&fixture, &at("2024-02-01"), "PRK", Some("KOR"));
        let told = matrix.findings.iter().map(|finding| (finding.holds, finding.removed));
        told.collect::<Vec<_>>()
    };
    assert_eq!(findings(), [(false, 0), (false, 0)]);
    let told = || {
        let matrix = asked(&fixture, &at("2024-02-01"), "PRK", Some("KOR"));
        let ask = crate::desk::ask::AnswersAsk::default();
        let together = fixture.desk.answer_statistics(&at("2024-02-01"), &ask).unwrap().data.together;
        (id(&matrix.last).is_some(), matrix.removed, together.answered, together.open, together.not_known)
    };
    assert_eq!(told(), (true, 0, 1, 0, 0));
    let by = |name: &str| crate::desk::ask::ApprovalAsk { by: name.to_owned(), ..Default::default() };
    let ask = crate::desk::ask::RedactAsk {
        basis: "Archives Act".to_owned(),
        approvals: vec![by("kim"), by("lee")],
        ..Default::default()
    };
    fixture.desk.redact(&kim, "no", &ask).unwrap();
    assert_eq!(told(), (false, 1, 0, 0, 1));
    assert_eq!(findings(), [(true, 1), (true, 1)]);
    let offer = fixture.desk.thread(&at("2024-02-01"), "offer").unwrap().data.overture;
    let basis =
        "found by an officer in found, as far as can be read: 1 entry of this thread had its text removed;";
    assert!(offer.basis.starts_with(basis), "{}", offer.basis);
}

#[test]
fn who_sat_there_is_told_by_the_entry_and_else_by_the_meeting() {
    let two = Two::new();
    let meeting = two.meeting(Kind::MeetingScheduled, "2024-01-10");
    let by = |from: Vec<EntityId>, date: &str| {
        let opened = Envelope { from, about: vec![meeting.into()], ..on(date) };
        two.add(Kind::MeetingOpened, opened)
    };
    // Two who came without the third sat there without it.
    let us = two.fixture.party("USA");
    by(vec![two.south, us], "2024-01-20");
    assert_eq!(id(&two.matrix("2024-02-01").acts[4].last), None);
    let opened = by(vec![two.south], "2024-01-21");
    assert_eq!(id(&two.matrix("2024-02-01").acts[4].last), Some(opened));
    let towards_anyone = asked(&two.fixture, &at("2024-02-01"), "PRK", None);
    assert_eq!(id(&towards_anyone.acts[4].last), Some(opened));
}

#[test]
fn what_has_no_known_end_did_not_last_until_today() {
    let two = Two::new();
    let open = Envelope { to: vec![two.south], ..two.by_the_north("2024-01-06/..") };
    two.add(Kind::MessageSent, open);
    let letter =
        two.add(Kind::MessageSent, Envelope { to: vec![two.south], ..two.by_the_north("2024-01-08") });
    assert_eq!(id(&two.matrix("2024-02-01").last), Some(letter));
}

#[test]
fn a_call_of_the_other_side_that_lasted_is_as_new_as_its_end() {
    let two = Two::new();
    let call = Envelope { from: vec![two.south], about: vec![two.hotline], ..on("2024-01-06/2024-01-11") };
    let call = two.add(Kind::CallAnswered, call);
    two.add(Kind::MessageSent, Envelope { to: vec![two.south], ..two.by_the_north("2024-01-08") });
    assert_eq!(id(&two.matrix("2024-02-01").last), Some(call));
}

#[test]
fn who_was_not_asked_does_not_answer() {
    let two = Two::new();
    let us = two.fixture.party("USA");
    let offer = Envelope { from: vec![two.south], to: vec![us], ..on("2024-01-06") };
    let offer = two.add(Kind::OvertureProposed, offer);
    let said = two.answer(Kind::ResponseRejected, offer, "2024-01-08");
    let matrix = two.matrix("2024-02-01");
    assert_eq!((id(&matrix.last), id(&matrix.acts[1].last)), (Some(said), None));
}

#[test]
fn a_remark_over_a_line_is_to_the_other_end_and_not_to_nobody() {
    let two = Two::new();
    let said = Envelope { via: vec![two.hotline], ..two.by_the_north("2024-01-05") };
    let said = two.add(Kind::StatementPublic, said);
    let matrix = two.matrix("2024-02-01");
    assert_eq!([id(&matrix.acts[5].last), id(&matrix.acts[6].last)], [Some(said), None]);
}
