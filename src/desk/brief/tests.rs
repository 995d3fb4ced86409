//! Briefs over a log in memory.

use crate::desk::answer::Answer;
use crate::desk::answer::brief::Brief;
use crate::desk::brief::{PageFormat, SINCE_MAX};
use crate::desk::overtures::tests::{Talks, called, when};
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::link::{Link, Relation};
use crate::domain::marking::Marking;
use crate::domain::source::Source;

fn brief(talks: &Talks) -> Answer<Brief> {
    talks.fixture.desk.brief(&when("2025-12-31"), "ik:ik-147").unwrap()
}

#[test]
fn everything_that_happened_rests_on_a_footnote_and_every_footnote_on_an_entry() {
    let (talks, _) = Talks::seed();
    let brief = brief(&talks).data;
    assert_eq!(brief.title, "What ik-147 says.");
    let numbers: Vec<u32> = brief.footnotes.iter().map(|note| note.number).collect();
    assert_eq!(numbers, (1..=3).collect::<Vec<_>>());
    let handles: Vec<&str> = brief.footnotes.iter().map(|note| note.entry.handle.as_str()).collect();
    // In the order in which a reader meets them: the offer, the report that nobody answered, who urged.
    assert_eq!(handles, ["ik-147", "ik-150", "ik-148"]);
    assert_eq!(brief.standing[0].notes, [1, 2, 4]);
    assert_eq!(brief.derived.as_ref().map(|derived| derived.number), Some(4), "its age is by the clock");
    let since: Vec<&[u32]> = brief.since.iter().map(|sentence| sentence.notes.as_slice()).collect();
    assert_eq!(since, [&[3][..], &[2]]);
}

#[test]
fn that_no_answer_is_recorded_is_not_told_as_that_none_came() {
    let (talks, _) = Talks::seed();
    let told = brief(&talks).data;
    assert!(told.standing.iter().any(|sentence| sentence.text == "PRK: no answer is recorded."), "{told:?}");
    // Somebody reported that none came; the page says on what that rests.
    assert!(
        told.open.iter().any(|sentence| sentence.text.contains("That none came rests on this")),
        "{told:?}"
    );
    let talks = Talks::new();
    talks.offer("ik-147", "2025-11-17", &serde_json::json!({}));
    let told = brief(&talks).data;
    assert!(
        told.open.iter().any(|sentence| sentence.text.contains("nobody recorded the finding that none came")),
        "{told:?}"
    );
    let derived =
        told.standing.iter().find(|sentence| sentence.text == "PRK: no answer is recorded (derived).");
    assert_eq!(derived.unwrap().notes, [told.derived.unwrap().number]);
}

/// Returns the handles of the entries on which a sentence rests, `derived` for what rests on the clock.
fn rests_on(brief: &Brief, begins: &str) -> Vec<String> {
    let mut sentences = brief.standing.iter().filter(|sentence| sentence.text.starts_with(begins));
    let (Some(sentence), None) = (sentences.next(), sentences.next()) else {
        panic!("{begins}: {:#?}", brief.standing)
    };
    let of = |number: &u32| match brief.footnotes.get(*number as usize - 1) {
        Some(note) => note.entry.handle.clone(),
        None => "derived".to_owned(),
    };
    sentence.notes.iter().map(of).collect()
}

#[test]
fn every_sentence_about_where_an_offer_stands_has_the_notes_of_what_it_rests_on() {
    let talks = Talks::new();
    let set = r#"{"name":"fortnight","response_within":"P14D"}"#;
    let policy = Envelope { marking: Some(Marking("TLP:GREEN".to_owned())), ..called("rule", "2025-01-01") };
    talks.fixture.add(policy, Kind::PolicySet.decode(set).unwrap());
    let offer = talks.offer("o", "2025-02-01", &serde_json::json!({}));
    talks.on(offer, "given", "2025-02-02", Kind::OvertureDelivered, talks.mnd);
    talks.on(offer, "again", "2025-02-20", Kind::OvertureReiterated, talks.mnd);
    let page = |at: &str| talks.fixture.desk.brief(&when(at), "o").unwrap();
    let open = page("2025-02-25").data;
    assert_eq!(rests_on(&open, "The offer is"), ["o", "rule", "derived"]);
    assert_eq!(rests_on(&open, "PRK: no answer"), ["rule", "derived"]);
    let due = "An answer is asked for by the end of 15 February 2025 (derived: policy default, fortnight); that is over.";
    assert_eq!(rests_on(&open, due), ["rule", "derived"]);
    assert_eq!(rests_on(&open, "Delivery: delivered."), ["given"]);
    assert_eq!(rests_on(&open, "It was said again once, on 20 February 2025."), ["again"]);
    assert_eq!(open.markings, ["TLP:GREEN"], "that of the policy, which is quoted");
    talks.on(offer, "yes", "2025-03-01", Kind::ResponseAccepted, talks.prk);
    talks.on(offer, "yes too", "2025-03-02", Kind::ResponseAccepted, talks.president);
    let answered = page("2025-12-31");
    let told = &answered.data;
    assert_eq!(rests_on(told, "The offer is"), ["o", "yes", "rule", "derived"]);
    assert_eq!(rests_on(told, "PRK: accepted on 1 March 2025"), ["yes", "rule"]);
    assert_eq!(rests_on(told, "An answer was asked for by the end of 15 February 2025"), ["rule"]);
    assert_eq!(rests_on(told, "Delivery: receipt confirmed (inferred from an answer)."), ["yes"]);
    assert_eq!(rests_on(told, "PRK answered late"), ["yes", "rule"]);
    assert_eq!(rests_on(told, "Answer by"), ["yes too"]);
    assert!(told.standing.iter().all(|sentence| !sentence.notes.is_empty()), "{:#?}", told.standing);
    for format in [PageFormat::Markdown, PageFormat::Html] {
        let page = format.write(&answered);
        assert!(page.contains("seen from the end of 31 December 2025 (Asia/Seoul)"), "{page}");
        let now = format.write(&talks.fixture.desk.brief(&when("2026-01-02T05:01:27.211017Z"), "o").unwrap());
        assert!(now.contains("seen from 2 January 2026, 14:01 (+09:00) (Asia/Seoul)"), "{now}");
        assert!(page.contains("Entry rule: ") && page.contains("fortnight"), "{page}");
        assert!(page.contains("as of the end of 31 December 2025; recorded by nobody."), "{page}");
    }
}

#[test]
fn a_page_holds_so_much_and_says_what_it_leaves_out() {
    let (talks, offer) = Talks::seed();
    for number in 0..20 {
        talks.on(offer, &format!("urged-{number}"), "2025-12-10", Kind::OvertureUrged, talks.floor_leader);
    }
    talks.on(offer, "no", "2025-12-20", Kind::ResponseRejected, talks.prk);
    let brief = brief(&talks).data;
    assert_eq!(brief.since.len(), SINCE_MAX);
    assert_eq!(brief.left_out, 23 - SINCE_MAX as u64);
    assert_eq!(brief.footnotes[0].entry.handle, "ik-147");
    assert!(brief.footnotes.iter().any(|note| note.entry.handle == "no"), "an answer is not left out");
}

#[test]
fn whatever_an_entry_says_stays_text_and_its_marking_stands_on_top() {
    let (talks, offer) = Talks::seed();
    let links = vec![Link::new(Relation::Answers, offer)];
    let said = Envelope {
        from: vec![talks.prk],
        links,
        summary: Some("<script>alert('1')</script> *no* [x](http://x) & \n# heading".to_owned()),
        marking: Some(Marking("TLP:AMBER".to_owned())),
        sources: vec![Source::at("http://x/?a=1&b=\"2\"")],
        ..called("no", "2025-12-20")
    };
    talks.fixture.event(Kind::ResponseRejected, said);
    let brief = brief(&talks);
    let html = PageFormat::Html.write(&brief);
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
    assert!(html.contains("a=1&amp;b=&quot;2&quot;"), "{html}");
    assert_eq!(html.matches("TLP:AMBER</p>").count(), 2, "above and below");
    let markdown = PageFormat::Markdown.write(&brief);
    assert!(markdown.starts_with("**TLP:AMBER**\n"), "{markdown}");
    assert!(
        markdown
            .contains("\\<script\\>alert('1')\\</script\\> \\*no\\* \\[x\\](http://x) &amp;  \\# heading"),
        "{markdown}"
    );
    assert_eq!(html, PageFormat::Html.write(&brief));
    for note in &brief.data.footnotes {
        assert!(markdown.contains(&format!("[^{}]: ", note.number)), "{markdown}");
        assert!(html.contains(&format!("id=\"note-{}\"", note.number)), "{html}");
    }
    assert!(PageFormat::Html.write(&brief).ends_with("</html>\n"));
    assert!("pdf".parse::<PageFormat>().is_err());
}

#[test]
fn what_came_before_is_told_apart_and_notes_are_numbered_as_a_reader_meets_them() {
    let talks = Talks::new();
    let first = talks.offer("c-1", "2025-03-01", &serde_json::json!({}));
    let second = talks.fixture.event(
        Kind::OvertureProposed,
        Envelope {
            from: vec![talks.prk],
            to: vec![talks.mnd],
            links: vec![Link::new(Relation::Counters, first)],
            ..called("c-2", "2025-03-02")
        },
    );
    talks.on(second, "c-3", "2025-03-03", Kind::OvertureReiterated, talks.prk);
    talks.on(second, "c-4", "2025-03-04", Kind::ResponseAccepted, talks.mnd);
    let answer = talks.fixture.desk.brief(&when("2025-12-31"), "c-2").unwrap();
    let told = |sentences: &[crate::desk::answer::brief::Sentence]| {
        let of = |note: &u32| answer.data.footnotes[*note as usize - 1].entry.handle.clone();
        sentences.iter().flat_map(|sentence| sentence.notes.iter().map(of)).collect::<Vec<_>>()
    };
    assert_eq!(told(&answer.data.before), ["c-1"]);
    assert_eq!(told(&answer.data.since), ["c-3", "c-4"]);
    let handles: Vec<&str> = answer.data.footnotes.iter().map(|note| note.entry.handle.as_str()).collect();
    assert_eq!(handles, ["c-2", "c-4", "c-3", "c-1"]);
    for format in [PageFormat::Markdown, PageFormat::Html] {
        let page = format.write(&answer);
        let (before, since) = (page.find("What came before").unwrap(), page.find("Since then").unwrap());
        assert!(before < since, "{page}");
        // Moments are those of the zone of the log, to the minute.
        assert!(!page.contains(".000000Z"), "{page}");
    }
}
