//! Which answers are due, which came and in which manner, and on what it rests that none did.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::desk::clock;
use crate::domain::link::Confidence;
use crate::domain::timestamp::Timestamp;

#[test]
fn what_is_overdue_comes_first_then_what_is_due_next() {
    let talks = Talks::new();
    talks.offer("none", "2025-03-01", &json!({}));
    talks.offer("far", "2025-03-01", &json!({"deadline": "2025-06-01"}));
    talks.offer("near", "2025-03-01", &json!({"proposed_date": "2025-03-20", "lead_time": "P5D"}));
    talks.offer("over", "2025-03-01", &json!({"deadline": "2025-03-05T12:00:00+09:00"}));
    let answered = talks.offer("answered", "2025-03-01", &json!({"deadline": "2025-03-04"}));
    talks.on(answered, "yes", "2025-03-02", Kind::ResponseAccepted, talks.prk);
    let due = |within: Option<&str>| {
        let ask = DueAsk { within: within.map(ToOwned::to_owned), ..DueAsk::default() };
        talks.fixture.desk.due(&when("2025-03-10"), &ask).map(|answer| answer.data.items)
    };
    let told = |within| {
        let rows = due(within).unwrap();
        rows.iter().map(|row| (row.overture.handle.clone(), row.overdue)).collect::<Vec<_>>()
    };
    let expected = [("over".to_owned(), true), ("near".to_owned(), false), ("far".to_owned(), false)];
    assert_eq!(told(None), expected);
    assert_eq!(told(Some("7d")), expected[..2]);
    assert_eq!(told(Some("1d")), expected[..1]);
    let rows = due(None).unwrap();
    assert_eq!(rows[0].words, "5 March 2025, 12:00 (+09:00)");
    assert_eq!(rows[1].words, "the end of 15 March 2025");
    assert_eq!(rows[1].basis, "implied by proposed date, near");
    let notices = |at: &str, within: Option<&str>| {
        let ask = DueAsk { within: within.map(ToOwned::to_owned), ..DueAsk::default() };
        talks.fixture.desk.due(&when(at), &ask).unwrap().notices
    };
    let without = "1 open offer has no deadline of any kind; `due --basis none` lists them";
    assert_eq!(notices("2025-03-10", Some("3d")), [without]);
    assert_eq!(
        notices("2025-03-02", Some(" 2d")),
        [
            "no answer is due within 2d; the next is due by 5 March 2025, 12:00 (+09:00): over (explicit \
             deadline, over)",
            without
        ]
    );
    for within in [None, Some("2d")] {
        assert!(notices("2025-02-28", within)[0].starts_with("no deadline, proposed date"));
    }
    assert!(due(Some("soon")).unwrap_err().to_string().contains("48h, 7d, 2w"));
}

#[test]
fn the_pages_of_what_is_due_are_the_list_also_where_something_is_recorded_between_them() {
    let talks = Talks::new();
    for (name, issued, detail) in [
        ("later", "2025-03-01", json!({"deadline": "2025-06-01"})),
        ("same-day", "2025-03-01", json!({"deadline": "2025-03-20"})),
        ("that-day", "2025-03-01", json!({"deadline": "2025-03-20"})),
        ("nothing", "2025-03-01", json!({})),
        ("nothing-older", "2025-02-28", json!({})),
    ] {
        talks.offer(name, issued, &detail);
    }
    let page = |limit, after| {
        let ask = DueAsk { basis: Some("explicit,none".to_owned()), limit, after, ..DueAsk::default() };
        talks.fixture.desk.due(&when("2025-03-10"), &ask).map(|answer| answer.data)
    };
    let all: Vec<_> = page(None, None).unwrap().items.into_iter().map(|row| row.overture.handle).collect();
    assert_eq!(all, ["same-day", "that-day", "later", "nothing-older", "nothing"]);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let here = page(Some(2), after).unwrap();
        // Nor does their number: they are those of the log as it was when the first was asked for.
        assert_eq!(here.total, 5);
        paged.extend(here.items.into_iter().map(|row| row.overture.handle));
        // Due before what was shown: the pages that follow do not move.
        if paged.len() == 2 {
            talks.offer("before", "2025-03-02", &json!({"deadline": "2025-03-12"}));
        }
        after = here.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    let token = page(Some(1), None).unwrap().next;
    let other = DueAsk { after: token.clone(), ..DueAsk::default() };
    let error = talks.fixture.desk.due(&when("2025-03-10"), &other).unwrap_err().to_string();
    assert!(error.contains("another question"), "{error}");
    let short = token.map(|token| token.chars().take(20).collect());
    assert!(page(None, short).unwrap_err().to_string().contains("no token"));
    assert!(page(Some(0), None).unwrap_err().to_string().contains("1 to 1000"));
}

#[test]
fn the_pages_of_a_list_are_those_of_the_moment_at_which_the_first_was_asked_for() {
    let (start, hours) =
        ("2025-03-18T00:00:00.000000Z".parse::<Timestamp>().unwrap(), Arc::new(AtomicI64::new(0)));
    let passed = Arc::clone(&hours);
    let now = move || {
        Timestamp::from_micros(start.micros() + passed.load(Ordering::Relaxed) * 3_600_000_000).unwrap()
    };
    let talks = Talks::of(Fixture::with_clocks(clock::stopped(start), Arc::new(now)));
    for day in 10..16 {
        talks.offer(&format!("o-{day}"), &format!("2025-03-{day}"), &json!({"deadline": "2025-03-20"}));
    }
    // A month passes between two pages.
    let (mut ask, mut walked, mut moments) = (DueAsk::default(), Vec::new(), BTreeSet::new());
    (ask.limit, ask.within) = (Some(4), Some("3d".to_owned()));
    let open = OverturesAsk { open: true, limit: Some(4), ..OverturesAsk::default() };
    let first = talks.fixture.desk.overtures(&When::default(), &open).unwrap();
    loop {
        let page = talks.fixture.desk.due(&When::default(), &ask).unwrap();
        moments.insert(page.as_of.at);
        walked.extend(
            page.data.items.iter().map(|row| (row.overture.handle.clone(), row.words.contains("over"))),
        );
        hours.fetch_add(24 * 30, Ordering::Relaxed);
        ask.after = page.data.next;
        if ask.after.is_none() {
            break;
        }
    }
    assert_eq!((walked.len(), moments.len()), (6, 1), "{walked:?}");
    assert!(walked.iter().all(|(_, over)| *over == walked[0].1), "{walked:?}");
    let rest = OverturesAsk { after: first.data.next, ..open };
    let rest = talks.fixture.desk.overtures(&When::default(), &rest).unwrap();
    assert_eq!((rest.as_of.at, rest.data.items.len()), (first.as_of.at, 2));
}

#[test]
fn of_several_addressees_each_has_a_status_that_is_found_and_says_on_what_it_rests() {
    let talks = Talks::new();
    let china = talks.fixture.party("CHN");
    let fact = Kind::OvertureProposed.decode(&json!({"deadline": "2025-03-10"}).to_string()).unwrap();
    let (from, to) = (vec![talks.mnd], vec![talks.prk, china]);
    let offer = talks.fixture.add(Envelope { from, to, ..called("o", "2025-03-01") }, fact);
    let links = vec![Link::new(Relation::Answers, offer)];
    let issuer_level = Some(crate::domain::words::IssuerLevel::ALL[0]);
    let yes = Envelope { from: vec![china], links, issuer_level, ..called("yes", "2025-03-02") };
    talks.fixture.event(Kind::ResponseAccepted, yes);
    let found = |status: &str, at: &str| {
        let ask = OverturesAsk { status: Some(status.to_owned()), ..OverturesAsk::default() };
        talks.list(at, &ask).unwrap().total
    };
    assert_eq!((found("unanswered", "2025-03-10"), found("unanswered", "2025-03-11")), (0, 1));
    assert_eq!((found("accepted", "2025-03-11"), found("rejected", "2025-03-11")), (1, 0));
    let row = &talks.list("2025-03-11", &OverturesAsk::default()).unwrap().items[0];
    let [silent, accepted] = row.answers.as_slice() else { panic!("two addressees") };
    assert_eq!((silent.status.as_str(), accepted.status.as_str()), ("unanswered", "accepted"));
    let basis = silent.basis.clone().unwrap();
    assert!(
        basis.starts_with("no answer from PRK by the end of 10 March 2025 (explicit deadline, o); as of ")
    );
    assert!(basis.contains("searched: ") && basis.ends_with("recorded by nobody"), "{basis}");
    assert_eq!(accepted.basis, None);
    assert_eq!(accepted.authority.as_deref(), issuer_level.map(crate::domain::words::IssuerLevel::as_str));
    assert_eq!(row.status, "partly_answered");
    assert_eq!(
        overture_words(row),
        "standing, partly answered (PRK unanswered: no answer from PRK by the end of 10 March 2025 \
         (explicit deadline, o), CHN accepted (head_of_state) on 2 March 2025: yes), 10 days old"
            .replace(
                "head_of_state",
                &crate::desk::overtures::words::plain(accepted.authority.as_deref().unwrap())
            )
    );
    assert!(row.basis.contains(&basis[basis.find("as of").unwrap()..]), "{}", row.basis);
}

#[test]
fn every_kind_of_deadline_is_listed_with_its_basis_and_a_policy_holds_for_its_pair_kind_and_channel() {
    let talks = Talks::new();
    let line = talks.fixture.line("mil-west");
    let set = |date: &str, detail: serde_json::Value| {
        talks.fixture.add(on(date), Kind::PolicySet.decode(&detail.to_string()).unwrap());
    };
    set(
        "2025-01-01",
        json!({"name": "48 hours", "agreed": true, "channels": [line], "response_within": "PT48H"}),
    );
    let kinds = ["overture.demanded"];
    set(
        "2025-01-01",
        json!({"name": "demands", "to": [talks.prk], "kinds": kinds, "response_within": "P30D"}),
    );
    talks.offer("explicit", "2025-03-01", &json!({"deadline": "2025-03-20"}));
    talks.offer("implied", "2025-03-01", &json!({"proposed_date": "2025-03-25"}));
    let (from, to) = (vec![talks.mnd], vec![talks.prk]);
    let over =
        Envelope { via: vec![line], from: from.clone(), to: to.clone(), ..called("rule", "2025-03-01") };
    talks.fixture.event(Kind::OvertureProposed, over);
    let demand = Envelope { from, to, ..called("policy", "2025-03-01") };
    talks.fixture.event(Kind::OvertureDemanded, demand);
    talks.offer("nothing", "2025-03-01", &json!({}));
    let told = |at: &str, basis: Option<&str>| {
        let ask = DueAsk { basis: basis.map(ToOwned::to_owned), ..DueAsk::default() };
        let rows = talks.fixture.desk.due(&when(at), &ask).unwrap().data.items;
        rows.into_iter().map(|row| (row.overture.handle, row.kind, row.words)).collect::<Vec<_>>()
    };
    let row = |name: &str, kind: &str, words: &str| (name.to_owned(), kind.to_owned(), words.to_owned());
    let rule = row("rule", "agreed_channel_rule", "the end of 3 March 2025");
    let explicit = row("explicit", "explicit_deadline", "the end of 20 March 2025");
    let implied = row("implied", "implied_by_proposed_date", "the end of 25 March 2025");
    let policy = row("policy", "policy_default", "the end of 31 March 2025");
    let nothing = row("nothing", "none", "nothing says by when");
    let all = "explicit, implied, agreed-channel-rule, policy, none";
    assert_eq!(
        told("2025-03-10", Some(all)),
        [rule.clone(), explicit.clone(), implied.clone(), policy.clone(), nothing.clone()]
    );
    assert_eq!(told("2025-03-10", None), [rule, explicit, implied, policy.clone()]);
    assert_eq!(told("2025-03-10", Some("none")), [nothing]);
    assert_eq!(told("2025-03-10", Some("policy")), [policy]);
    // A policy that has ended asks for nothing any more.
    talks.fixture.add(on("2025-03-15"), Kind::PolicyEnded.decode(r#"{"name":"demands"}"#).unwrap());
    assert_eq!(told("2025-03-16", Some("policy")), []);
    let ask = DueAsk { basis: Some("soon".to_owned()), ..DueAsk::default() };
    let error = talks.fixture.desk.due(&when("2025-03-10"), &ask).unwrap_err().to_string();
    assert!(error.contains("explicit_deadline") && error.contains("none"), "{error}");
}

#[test]
fn what_is_unanswered_says_on_what_basis_within_what_scope_what_was_searched_and_by_whom() {
    let talks = Talks::new();
    let offer = talks.offer("found", "2025-03-01", &json!({}));
    let links = vec![Link::new(Relation::Concerns, offer)];
    let detail = json!({"subject": [talks.prk], "towards": [talks.mnd], "basis": "officer_finding",
        "scope": "direct_only", "searched": ["KCNA", "mil-west"]});
    let fact = Kind::SilenceRecorded.decode(&detail.to_string()).unwrap();
    talks.fixture.add(Envelope { links, ..called("finding", "2025-03-20") }, fact);
    talks.offer("over", "2025-03-02", &json!({"deadline": "2025-03-10"}));
    let ask = OverturesAsk { status: Some("unanswered".to_owned()), ..OverturesAsk::default() };
    let rows = talks.list("2025-03-21", &ask).unwrap().items;
    let [found, over] = rows.as_slice() else { panic!("two are unanswered") };
    let why = found.unanswered.clone().unwrap();
    assert_eq!((why.basis.as_str(), why.scope.as_deref()), ("officer_finding", Some("direct_only")));
    assert_eq!(
        (why.searched, why.recorded_by),
        (vec!["KCNA".to_owned(), "mil-west".to_owned()], Some("kim".to_owned()))
    );
    assert_eq!(why.as_of.unwrap().value, "2025-03-20");
    let why = over.unanswered.clone().unwrap();
    assert_eq!((why.basis.as_str(), why.recorded_by), ("explicit_deadline", None));
    assert_eq!(why.entry.handle, "over");
    assert_eq!(found.answers[0].unanswered.as_ref().unwrap().entry.handle, "finding");
}

#[test]
fn an_answer_by_a_link_of_low_confidence_is_marked_wherever_it_counts() {
    let talks = Talks::new();
    let offer = talks.offer("offer", "2025-03-01", &json!({}));
    let link = Link { confidence: Confidence::Low, ..Link::new(Relation::Answers, offer) };
    let yes = Envelope { from: vec![talks.prk], links: vec![link], ..called("perhaps", "2025-03-05") };
    talks.fixture.event(Kind::ResponseAccepted, yes);
    let row = talks.list("2025-12-31", &OverturesAsk::default()).unwrap().items.remove(0);
    assert_eq!((row.status.as_str(), row.answers[0].doubtful), ("accepted", true));
    assert_eq!(row.basis, "PRK accepted on 5 March 2025: perhaps, linked with low confidence");
    assert!(overture_words(&row).contains("linked with low confidence"));
}

#[test]
fn an_answer_to_the_contrary_is_shown_beside_the_one_that_counts() {
    let talks = Talks::new();
    let offer = talks.offer("offer", "2025-06-01", &json!({}));
    talks.on(offer, "yes", "2025-06-10", Kind::ResponseAccepted, talks.prk);
    talks.on(offer, "no", "2025-06-25", Kind::ResponseRejected, talks.prk);
    let row = |at: &str| talks.list(at, &OverturesAsk::default()).unwrap().items.remove(0);
    let accepted = "PRK accepted on 10 June 2025: yes";
    assert_eq!(
        (row("2025-06-20").basis, row("2025-06-20").answers[0].contrary.clone()),
        (accepted.to_owned(), None)
    );
    let now = row("2025-12-31");
    assert_eq!(now.basis, format!("{accepted}, though it rejected since on 25 June 2025: no, no effect"));
    assert_eq!(now.answers[0].contrary.as_ref().map(|entry| entry.handle.as_str()), Some("no"));
    assert!(
        overture_words(&now).starts_with("standing, accepted (PRK accepted on 10 June 2025: yes, though")
    );
    // Taken back as the rules say, it is the answer.
    talks.on(offer, "back", "2025-07-01", Kind::ResponseRescinded, talks.prk);
    let back = row("2025-12-31");
    assert_eq!((back.status.as_str(), back.answers[0].contrary.clone()), ("rejected", None));
}

#[test]
fn overtures_are_found_by_the_manner_in_which_they_were_answered() {
    let talks = Talks::new();
    let (line, other) = (talks.fixture.line("mil-west"), talks.fixture.line("mil-east"));
    let late = talks.offer("late", "2025-03-01", &json!({"deadline": "2025-03-10"}));
    talks.on(late, "l", "2025-03-12", Kind::ResponseAccepted, talks.prk);
    let elsewhere = talks.offer("elsewhere", "2025-03-02", &json!({"reply_via": line}));
    let links = vec![Link::new(Relation::Answers, elsewhere)];
    let yes = Envelope { from: vec![talks.prk], links, via: vec![other], ..called("e", "2025-03-05") };
    talks.fixture.event(Kind::ResponseAccepted, yes);
    let there = talks.offer("there", "2025-03-03", &json!({"reply_via": line}));
    let links = vec![Link::new(Relation::Answers, there)];
    let yes = Envelope { from: vec![talks.prk], links, via: vec![line], ..called("t", "2025-03-05") };
    talks.fixture.event(Kind::ResponseAccepted, yes);
    let done = talks.offer("done", "2025-03-04", &json!({}));
    talks.on(done, "d", "2025-03-06", Kind::ResponseConduct, talks.prk);
    talks.offer("nothing", "2025-03-05", &json!({}));
    let asked =
        |manners: &str| OverturesAsk { answered: Some(manners.to_owned()), ..OverturesAsk::default() };
    let at = "2025-12-31";
    talks.check(at, &asked("late"), &["late"]);
    talks.check(at, &asked("other-channel"), &["elsewhere"]);
    talks.check(at, &asked("conduct"), &["done"]);
    talks.check(at, &asked("late, other channel,conduct"), &["late", "elsewhere", "done"]);
    talks.check(at, &asked("direct"), &["elsewhere", "there"]);
    let error = talks.list(at, &asked("soon")).unwrap_err().to_string();
    assert!(error.contains("other-channel"), "{error}");
}
