//! Documents that the sample does not have.

use crate::desk::ask::{Caller, ImportAsk, When};
use crate::desk::import::source::Progress;
use crate::desk::testing::Fixture;
use crate::domain::event::Event;
use crate::domain::fact::Kind;

fn volume(documents: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<TEI xmlns=\"http://www.tei-c.org/ns/1.0\" xmlns:frus=\"x\" xml:id=\"frus1\"><text><body>{documents}</body></text></TEI>"
    )
}

#[track_caller]
fn imported(documents: &str) -> (Fixture, crate::desk::answer::operation::Imported) {
    let fixture = Fixture::new();
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    let ask = ImportAsk { file: "v.xml".to_owned(), ..ImportAsk::default() };
    let text = volume(documents);
    let imported = fixture
        .desk
        .import(&caller, &ask, &mut std::io::Cursor::new(text), &Progress::default())
        .unwrap()
        .data;
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    (fixture, imported)
}

fn event(fixture: &Fixture, key: &str) -> Event {
    let known = fixture.desk.known(&When::default()).unwrap();
    let id = known.view.external("v", key).unwrap()[0];
    known.view.event(id).unwrap().unwrap().event.unwrap()
}

#[test]
fn a_conversation_is_a_meeting_and_an_editorial_note_is_none() {
    let (fixture, imported) = imported(
        "<div type=\"document\" xml:id=\"d1\" n=\"1\"><head>1. Memorandum of Conversation</head>\
         <dateline><placeName>Seoul</placeName>, <date when=\"1968-02-12\">February 12, 1968</date>.</dateline>\
         <list type=\"participants\"><head>PARTICIPANTS</head><item>President Park</item><item>Mr. Vance</item></list>\
         <list type=\"subject\"><item>Security</item></list><p>They met.</p></div>\
         <div type=\"document\" subtype=\"editorial-note\" xml:id=\"d2\"><head>2. Editorial Note</head><p>x</p></div>",
    );
    assert_eq!((imported.recorded, imported.skipped[0].rows), (1, 1));
    let met = event(&fixture, "d1");
    assert_eq!(met.kind(), Kind::MeetingHeld);
    assert_eq!(met.envelope.summary.as_deref(), Some("Memorandum of Conversation: Security"));
    let json = serde_json::to_string(&format!("{:?}", met.fact)).unwrap();
    assert!(json.contains("President Park") && json.contains("Seoul"), "{json}");
    assert_eq!(met.envelope.texts[0].text, "They met.");
}

#[test]
fn documents_of_a_volume_that_refer_to_each_other_are_linked_and_others_are_remarked() {
    let (fixture, _) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Letter From <persName type=\"from\">A B</persName> to <persName type=\"to\">C D</persName></head>\
         <p>See<note n=\"2\"><ref target=\"#d2fn3\">footnote 3, Document 2</ref> and <ref target=\"frus9#d4\">Document 4</ref>.</note></p></div>\
         <div type=\"document\" xml:id=\"d2\" frus:doc-dateTime-min=\"1968-01-01T00:00:00-05:00\" frus:doc-dateTime-max=\"1968-01-31T23:59:59-05:00\">\
         <head>2. Telegram From the <gloss type=\"from\">X</gloss> to <gloss type=\"to\">Y</gloss></head>\
         <dateline><date>undated</date></dateline><p>Z</p></div>",
    );
    let letter = event(&fixture, "d1");
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(letter.envelope.links[0].target, known.view.external("v", "d2").unwrap()[0]);
    assert!(letter.envelope.note.unwrap().contains("Refers to frus9#d4"));
    assert_eq!(event(&fixture, "d2").envelope.occurred.unwrap().as_str(), "[1968-01-01..1968-01-31]");
}

#[test]
fn a_text_that_is_too_long_is_cut_at_a_paragraph_and_what_is_left_out_is_told() {
    let paragraph = format!("<p>{}</p>", "word ".repeat(2_000));
    let documents = format!(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Letter From <persName type=\"from\">A</persName> to <persName type=\"to\">B</persName></head>{}</div>",
        paragraph.repeat(12)
    );
    let (fixture, imported) = imported(&documents);
    let kept = event(&fixture, "d1").envelope.texts[0].text.len();
    assert!(kept <= 40_000 && kept > 20_000, "{kept}");
    let told = imported.doubtful.iter().find(|fault| fault.detail.contains("left out")).unwrap();
    assert!(told.detail.contains("frus1#d1"), "{}", told.detail);
}
