//! Documents that the sample does not have.

use crate::desk::ask::{Caller, ImportAsk, When};
use crate::desk::import::source::Progress;
use crate::desk::testing::Fixture;
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::register::PartyRegistered;
use crate::domain::fact::{Fact, Kind};
use crate::domain::words::Form;

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
fn what_is_left_out_supplied_or_deleted_is_not_read_as_what_was_written() {
    let (fixture, imported) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Memorandum of Conversation</head>\
         <list type=\"participants\"><item>United States<list><item>The Secretary</item></list></item>\
         <item>USSR:<list><item>Ambassador Dobrynin</item><item>Mr. X</item></list></item></list>\
         <p>They <del>quarrelled</del> met <supplied>in Moscow</supplied>, <unclear>twice</unclear>. \
         <gap reason=\"declassify\" extent=\"3 lines\"/> <gap quantity=\"2\" unit=\"pages\"/> <gap/></p></div>",
    );
    let met = event(&fixture, "d1");
    assert_eq!(
        met.envelope.texts[0].text,
        "They [deleted: quarrelled] met [in Moscow], twice[?]. [gap: 3 lines, declassify] [gap: 2 pages] [gap]"
    );
    let Fact::MeetingHeld(meeting) = &met.fact else { panic!("{:?}", met.fact) };
    assert_eq!(
        meeting.heads,
        ["The Secretary (United States)", "Ambassador Dobrynin (USSR)", "Mr. X (USSR)"]
    );
    let told = format!("{imported:?}");
    assert!(told.contains("the text has gaps") && told.contains("without its parties"), "{told}");
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

#[test]
fn a_reference_to_a_note_of_the_editors_is_remarked_and_links_nothing() {
    let editorial = |id: &str, attributes: &str, head: &str| {
        format!(
            "<div type=\"document\"{attributes} xml:id=\"{id}\"><pb n=\"1\"/><head>{head}</head><p>x</p></div>"
        )
    };
    let letter = "<div type=\"document\" xml:id=\"d1\"><head>1. Letter From <persName type=\"from\">A</persName> to \
                  <persName type=\"to\">B</persName></head><p>See <ref target=\"#d2\">2</ref>, <ref target=\"#d3\">3</ref> \
                  and <ref target=\"frus1#d4\">4</ref>.</p></div>";
    let other = letter.replace("\"d1\"", "\"d4\"").replace("#d4", "#d1");
    let (fixture, imported) = imported(
        &[
            letter.to_owned(),
            editorial("d2", "", "2. Editorial Note"),
            editorial("d3", " subtype=\"editorial-note\"", "Note"),
            other,
        ]
        .concat(),
    );
    assert_eq!((imported.recorded, imported.skipped[0].rows), (2, 2));
    let letter = event(&fixture, "d1").envelope;
    assert!(letter.note.unwrap().contains("Refers to #d2, #d3"));
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(letter.links[0].target, known.view.external("v", "d4").unwrap()[0]);
}

#[test]
fn what_goes_with_a_document_has_its_own_date_and_hand() {
    let (fixture, _) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Memorandum From Secretary <persName type=\"from\">Rusk</persName> to \
         <persName type=\"to\">Johnson</persName></head><dateline><placeName>Washington</placeName>, <date when=\"1968-02-03\">February \
         3, 1968</date> [Received <date when=\"1968-02-05\">February 5</date> in <placeName>Texas</placeName>].</dateline><p>Attached.</p>\
         <closer><signed>Dean Rusk</signed><signed>R. McN.</signed></closer><frus:attachment xmlns:frus=\"x\"><head>Attachment<note n=\"9\" \
         type=\"source\">Top Secret.</note></head><dateline><placeName>Moscow</placeName>, <date when=\"1960-01-01\">January 1, \
         1960</date></dateline><list type=\"subject\"><item>Another</item></list><p>Its text.</p><signed>Gromyko</signed>\
         </frus:attachment></div>",
    );
    let envelope = event(&fixture, "d1").envelope;
    assert_eq!(envelope.occurred.unwrap().as_str(), "1968-02-03");
    assert_eq!(envelope.occurred_as_written.as_deref(), Some("February 3, 1968"));
    assert_eq!(envelope.speaker.as_deref(), Some("Dean Rusk; R. McN."));
    assert_eq!(envelope.summary.as_deref(), Some("Memorandum From Secretary Rusk to Johnson"));
    assert!(!envelope.note.unwrap().contains("Marked"));
    let text = &envelope.texts[0].text;
    assert!(text.contains("Moscow, January 1, 1960\n") && text.ends_with("Its text.\nGromyko"), "{text}");
}

#[test]
fn cells_items_and_corrected_words_stand_apart() {
    let (fixture, _) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Letter From <persName type=\"from\">A</persName> to <persName \
         type=\"to\">B</persName></head><p>Two points: <list><label>1.</label><item>One.</item><label>2.</label><item>Two.</item>\
         </list></p><table><row><cell>Unit</cell><cell>Men</cell></row><row><cell>2nd <choice><sic>Divsion</sic><corr>Division\
         </corr></choice></cell><cell>17%</cell></row></table><p>A <sic>teh</sic> <note rend=\"inline\">[omitted]</note></p></div>",
    );
    assert_eq!(
        event(&fixture, "d1").envelope.texts[0].text,
        "Two points:\n1. One.\n2. Two.\nUnit | Men\n2nd Division | 17%\nA teh [omitted]"
    );
}

#[test]
fn a_time_without_an_offset_is_told_once_and_that_of_the_editors_is_taken() {
    let document = |id: &str, attributes: &str| {
        format!(
            "<div type=\"document\" xml:id=\"{id}\"{attributes}><head>1. Memorandum of Conversation</head><dateline>Washington, <date \
             when=\"1965-05-18T10:00:00\">May 18, 10 a.m.</date></dateline><list type=\"participants\"><label>Korea</label><item>Park\
             <note n=\"2\">x</note></item></list><p>Z</p></div>"
        )
    };
    let exact = " frus:doc-dateTime-min=\"1965-05-18T10:00:00-04:00\" frus:doc-dateTime-max=\"1965-05-18T10:00:00-04:00\"";
    // What the editors put wherever they know no offset says nothing of another place.
    let filled_in = document("d3", exact).replace("Washington", "Seoul");
    let (fixture, imported) = imported(&[document("d1", exact), document("d2", ""), filled_in].concat());
    assert_eq!(event(&fixture, "d3").envelope.occurred.unwrap().as_str(), "1965-05-18");
    assert_eq!(event(&fixture, "d1").envelope.occurred.unwrap().as_str(), "1965-05-18T10:00:00-04:00");
    assert_eq!(event(&fixture, "d2").envelope.occurred.unwrap().as_str(), "1965-05-18");
    let told: Vec<_> = imported.doubtful.iter().filter(|fault| fault.detail.contains("no offset")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].detail.contains("2 rows"), "{}", told[0].detail);
    let fact = format!("{:?}", event(&fixture, "d2").fact);
    assert!(fact.contains("[\"Park (Korea)\"]"), "{fact}");
}

#[test]
fn who_got_a_telegram_for_information_is_a_field_of_its_own_and_one_bound_of_a_date_leaves_the_other_open() {
    let (fixture, imported) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Telegram From the <gloss type=\"from\">A</gloss> to <gloss type=\"to\">B</gloss>\
         <note type=\"source\">Source: C. Secret; Flash. Repeated to Tokyo and Bern.</note></head><dateline><date notBefore=\"1968-04-01\">\
         undated</date></dateline><p>x</p></div><div type=\"document\" xml:id=\"d2\"><head>2. Paper Prepared in X</head><dateline><date \
         notAfter=\"1968-04-01\">undated</date></dateline><p>y</p></div>",
    );
    let cable = event(&fixture, "d1");
    assert_eq!(cable.envelope.occurred.as_ref().unwrap().as_str(), "[1968-04-01..]");
    let Fact::MessageSent(message) = &cable.fact else { panic!("{:?}", cable.fact) };
    assert_eq!(message.info, ["Tokyo", "Bern"]);
    assert_eq!(event(&fixture, "d2").envelope.occurred.unwrap().as_str(), "[..1968-04-01]");
    let told = |words: &str| imported.doubtful.iter().any(|fault| fault.detail.contains(words));
    assert!(told("names no form that is known") && told("marks nobody as `to`"), "{:?}", imported.doubtful);
}

#[test]
fn a_paper_may_point_at_one_that_came_later_and_another_encoding_is_told() {
    let (_, imported) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Telegram From the <gloss type=\"from\">A</gloss> to <gloss type=\"to\">B</gloss>\
         </head><dateline><date when=\"1968-02-01\">x</date></dateline><p>See <ref target=\"#d2\">2</ref></p></div><div type=\"document\" \
         xml:id=\"d2\"><head>2. Telegram From the <gloss type=\"from\">A</gloss> to <gloss type=\"to\">B</gloss></head><dateline>\
         <date when=\"1968-03-01\">x</date></dateline><p>y</p></div>",
    );
    assert!(!format!("{:?}", imported.doubtful).contains("came later"), "{:?}", imported.doubtful);
    let fixture = Fixture::new();
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    let ask = ImportAsk { file: "v.xml".to_owned(), ..ImportAsk::default() };
    let text = "<?xml version=\"1.0\" encoding=\"EUC-KR\"?><TEI/>";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, says) in [(text.as_bytes().to_vec(), "EUC-KR"), (wide, "UTF-16")] {
        let mut file = std::io::Cursor::new(bytes);
        let error = fixture.desk.import(&caller, &ask, &mut file, &Progress::default()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_document_of_an_older_volume_says_above_and_below_its_heading_what_it_is() {
    let (fixture, imported) = imported(
        "<div type=\"document\" xml:id=\"d1\"><note rend=\"inline\" type=\"source\">693.9/4–1452: Telegram</note><head>No. 1<lb/>The \
         Chargé in China (<persName type=\"from\">Rank</persName>) to the <gloss type=\"to\">Department</gloss><note n=\"1\" \
         xml:id=\"d1fn1\">Repeated for information to Tokyo.</note></head><dateline><placeName>Taipei</placeName>, <date \
         when=\"1952-04-14\">April 14</date>. [Received April 15.]</dateline><p>Secret NIACT</p><p>1315. In the meeting.</p></div>\
         <div type=\"document\" xml:id=\"d2\" frus:doc-dateTime-min=\"1861-07-04T00:00:00-05:00\" \
         frus:doc-dateTime-max=\"1861-07-04T23:59:59-05:00\"><head>Mr. <persName type=\"from\">Bell</persName> to Mr. <persName type=\"to\">Crane</persName>.\
         </head><note rend=\"inline\" type=\"source\">[Extract.]</note><opener><dateline><date when=\"1861-06-22\" calendar=\"julian\">June\
         </date></dateline><seg>No. 11.]</seg></opener><p>Sir.</p></div>",
    );
    let telegram = event(&fixture, "d1");
    let Fact::MessageSent(message) = &telegram.fact else { panic!("{:?}", telegram.fact) };
    assert_eq!((message.reference.as_deref(), message.info.join(",")), (Some("1315"), "Tokyo".to_owned()));
    assert_eq!(message.precedence, None, "by night as well is no precedence");
    assert!(telegram.envelope.note.as_ref().unwrap().contains("Urgency as written: NIACT"));
    assert_eq!(telegram.envelope.form, Some(Form::Cable));
    assert_eq!(telegram.envelope.summary.as_deref(), Some("The Chargé in China (Rank) to the Department"));
    assert!(telegram.envelope.note.unwrap().contains("Marked Secret"));
    let despatch = event(&fixture, "d2");
    assert_eq!(despatch.envelope.occurred.as_ref().unwrap().as_str(), "1861-07-04");
    let Fact::MessageSent(message) = &despatch.fact else { panic!("{:?}", despatch.fact) };
    assert_eq!(message.reference.as_deref(), Some("No. 11"));
    assert_eq!(despatch.envelope.sources.len(), 1, "a remark of the editors is no archive");
    let told = |words: &str| imported.doubtful.iter().any(|fault| fault.detail.contains(words));
    assert!(told("when the document was received") && told("no level of the log's scheme"));
    assert!(told("another calendar (`julian`)"));
    assert!(!told("names no form"), "what goes from one to another is a message");
}

#[test]
fn lists_below_a_heading_say_to_whom_it_goes_and_a_document_without_one_is_told() {
    let (fixture, imported) = imported(
        "<div type=\"document\" xml:id=\"d1\"><head>1. Memorandum</head><dateline><date when=\"1977-05-05\">May 5</date> <date \
         type=\"received-date\" when=\"1977-05-06\">6</date></dateline><list type=\"to\"><head>FOR</head><item>The Vice President</item>\
         <item>The Secretary</item></list><p>Do it.</p></div><div type=\"document\" xml:id=\"d2\"><p>A text alone.</p></div>\
         <div type=\"document\" subtype=\"errata_document-numbering-error\" xml:id=\"d3\"><head>[3]</head></div>\
         <div type=\"document\" xml:id=\"d4\"><head>4. Memorandum of Discussion at the 9th Meeting of the Council</head><list \
         type=\"participants\"><item>Present: <list><item>Mr. Lane</item></list></item></list><p>They met.</p></div>",
    );
    assert_eq!((imported.recorded, imported.skipped[0].rows), (3, 1));
    let memorandum = event(&fixture, "d1");
    assert_eq!(memorandum.envelope.to.len(), 2);
    assert_eq!(memorandum.envelope.texts[0].text, "FOR\nThe Vice President\nThe Secretary\nDo it.");
    assert_eq!(memorandum.envelope.occurred.unwrap().as_str(), "1977-05-05");
    assert_eq!(event(&fixture, "d2").envelope.summary.as_deref(), Some("Document d2"));
    assert!(imported.doubtful.iter().any(|fault| fault.detail.contains("has no heading")));
    let met = event(&fixture, "d4");
    assert_eq!(met.kind(), Kind::MeetingHeld);
    assert!(format!("{:?}", met.fact).contains("[\"Mr. Lane\"]"), "{:?}", met.fact);
}

#[test]
fn telegrams_of_one_day_between_two_offices_are_told_apart_by_their_numbers() {
    let telegram = |id: &str, number: &str| {
        format!(
            "<div type=\"document\" xml:id=\"{id}\"><head>1. Telegram From the <gloss type=\"from\">A</gloss> to the <gloss type=\"to\">B\
             </gloss></head><dateline><date when=\"1968-02-01\">x</date></dateline><p>{number}. Text.</p></div>"
        )
    };
    let (_, imported) =
        imported(&[telegram("d1", "3946"), telegram("d2", "3947"), telegram("d3", "3946")].concat());
    let told: Vec<_> = imported.doubtful.iter().filter(|fault| fault.detail.contains("duplicate")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn those_who_took_part_are_told_with_their_side_and_a_side_is_nobody() {
    let list = |items: &str| {
        let (fixture, _) = imported(&format!(
            "<div type=\"document\" xml:id=\"d1\"><head>1. Memorandum of Conversation</head><dateline><date \
             when=\"1960-05-18\">May 18, 1960</date></dateline><list type=\"participants\"><head>PARTICIPANTS</head>{items}\
             </list><p>They met.</p></div>"
        ));
        let met = event(&fixture, "d1");
        let Fact::MeetingHeld(held) = met.fact else { panic!("{met:?}") };
        (held.heads, met.envelope.note.unwrap_or_default())
    };
    let (heads, note) = list(
        "<item>\n<hi rend=\"italic\">US</hi>\n</item><item>The President</item><item>Mr. <persName>Kale</persName></item>\
         <item><hi rend=\"italic\">USSR</hi>:</item><item>Mr. <persName>Gray</persName><note n=\"1\">x</note></item>\
         <item>(List of others attached)<note n=\"2\">Not printed.</note></item>",
    );
    assert_eq!(heads, ["The President (US)", "Mr. Kale (US)", "Mr. Gray (USSR)"]);
    assert!(note.contains("(List of others attached)"), "{note}");
    assert_eq!(list("<label>Korea</label><item>Park</item>").0, ["Park (Korea)"]);
    let headed = |side: &str, name: &str| {
        format!("<item><list>\n<head>{side}</head>\n<item>{name}</item>\n</list></item>\n")
    };
    let headed =
        headed("United States", "Mr. Dulles") + &headed("Korea", "Mr. Yang") + "<item>Mr. Lee</item>";
    assert_eq!(list(&headed).0, ["Mr. Dulles (United States)", "Mr. Yang (Korea)", "Mr. Lee"]);
    assert_eq!(list("<label>1.</label><item>Park</item>").0, ["Park"]);
    let emphasised = "<item><hi rend=\"italic\">Park</hi></item><item><hi rend=\"italic\">Vance</hi></item>";
    assert_eq!(list(emphasised).0, ["Park", "Vance"]);
}

#[test]
fn a_person_of_the_name_of_a_state_is_no_state_and_is_told() {
    let fixture = Fixture::new();
    let (code, names) = ("x-peru".parse().unwrap(), vec!["Peru".into()]);
    fixture.add(Envelope::default(), Fact::PartyRegistered(PartyRegistered { code, names }));
    let document = |id: &str, from: &str, to: &str| {
        format!(
            "<div type=\"document\" xml:id=\"{id}\"><head>1. Letter From {from} to {to}</head><p>x</p></div>"
        )
    };
    let person = |kind: &str, name: &str| format!("<persName type=\"{kind}\">{name}</persName>");
    let text = volume(
        &[
            document("d1", &person("from", "Jordan"), &person("to", "Lao")),
            document("d2", "<gloss type=\"from\">Jordan</gloss>", &person("to", "Peru")),
            document("d3", &person("from", "Jordan"), "the <orgName type=\"to\">Chad</orgName>"),
        ]
        .concat(),
    );
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    let ask = ImportAsk { file: "v.xml".to_owned(), ..ImportAsk::default() };
    let file = &mut std::io::Cursor::new(text);
    let imported = fixture.desk.import(&caller, &ask, file, &Progress::default()).unwrap().data;
    assert_eq!((imported.recorded, imported.wrong.len()), (3, 0), "{:?}", imported.wrong);
    let codes = |key: &str| {
        let envelope = event(&fixture, key).envelope;
        let known = fixture.desk.known(&When::default()).unwrap();
        let parties = known.all_named(&[envelope.from, envelope.to].concat()).unwrap();
        parties.into_iter().map(|named| named.name).collect::<Vec<_>>()
    };
    assert_eq!(codes("d1"), ["x-jordan", "x-lao"]);
    // What somebody entered under the name is meant; and an office is what it was.
    assert_eq!(codes("d2"), ["JOR", "x-peru"]);
    assert_eq!(codes("d3"), ["x-jordan", "TCD"]);
    let told: Vec<&str> = imported.doubtful.iter().map(|fault| fault.detail.as_str()).collect();
    let of = |word: &str| told.iter().filter(|told| told.contains(word)).count();
    assert_eq!(
        of("`Jordan` is a person by the file, and is the name or code of JOR too; x-jordan"),
        1,
        "{told:?}"
    );
    assert_eq!((of("name or code of LAO too"), of("`Peru`")), (1, 0), "{told:?}");
}
