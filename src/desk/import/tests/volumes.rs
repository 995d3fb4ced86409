//! Volumes as they are found: with dates that are none, of another namespace, and what one paper says of another.

use crate::desk::answer::operation::Imported;
use crate::desk::answer::silence::Last;
use crate::desk::ask::{ImportAsk, SilenceAsk, When};
use crate::desk::format::render;
use crate::desk::import::tests::coded::{ask, event};
use crate::desk::import::tests::tables::try_import;
use crate::desk::testing::Fixture;
use crate::domain::fact::{Fact, Kind};

fn volume(root: &str, documents: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<{root}><text><body>{documents}</body></text></{}>",
        root.split(' ').next().unwrap()
    )
}

const TEI: &str = "TEI xmlns=\"http://www.tei-c.org/ns/1.0\" xml:id=\"frus1\"";

fn paper(id: &str, date: &str, text: &str) -> String {
    format!(
        "<div type=\"document\" xml:id=\"{id}\"><head><persName type=\"from\">A</persName> to <persName \
         type=\"to\">B</persName></head><dateline><date {date}>then</date></dateline><p>{text}</p></div>"
    )
}

fn import(fixture: &Fixture, text: &str) -> Imported {
    let imported = try_import(fixture, &ask("v.xml", None), text.as_bytes()).unwrap();
    assert!(imported.wrong.is_empty() && imported.recorded > 0, "{:?}", imported.wrong);
    imported
}

fn told(imported: &Imported) -> String {
    imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_paper_that_a_footnote_names_is_no_paper_that_is_replied_to() {
    let fixture = Fixture::new();
    let note = "They wrote.<note n=\"1\">See <ref target=\"#d1\">Document 1</ref>.</note>";
    let papers = paper("d1", "when=\"1968-02-01\"", "x") + &paper("d2", "when=\"1968-02-02\"", note);
    import(&fixture, &volume(TEI, &papers));
    let known = fixture.desk.known(&When::default()).unwrap();
    let entry = render(&known, &event(&known, "v", "d2")).unwrap();
    assert_eq!(entry.get("in_reply_to"), None, "{entry}");
    assert_eq!(entry["links"][0]["relation"], "concerns");
    assert_eq!(entry["links"][0]["target"], "d1");
}

#[test]
fn an_attribute_of_a_date_that_no_calendar_knows_is_told_by_its_name() {
    for (attributes, says, occurred) in [
        ("when=\"1968-02-30\"", "the date has `when=\"1968-02-30\"`, which no calendar knows", None),
        (
            "notBefore=\"1968-05-01\" notAfter=\"1968-03-01\"",
            "`notBefore=\"1968-05-01\"` and `notAfter=\"1968-03-01\"`, which is earlier",
            None,
        ),
        (
            "from=\"1968-05\" to=\"1968-04-30\"",
            "`from=\"1968-05\"` and `to=\"1968-04-30\"`, which is earlier",
            None,
        ),
        (
            "when=\"1968-02-12\" notAfter=\"1968-13\"",
            "`notAfter=\"1968-13\"`, which no calendar knows",
            Some("1968-02-12"),
        ),
    ] {
        let fixture = Fixture::new();
        let told = told(&import(&fixture, &volume(TEI, &paper("d1", attributes, "x"))));
        assert!(told.contains(says), "{attributes}: {told}");
        let known = fixture.desk.known(&When::default()).unwrap();
        let date = event(&known, "v", "d1").envelope.occurred;
        assert_eq!(date.as_ref().map(crate::domain::occurred::Occurred::as_str), occurred, "{attributes}");
    }
    let sound = "notBefore=\"1968-03\" notAfter=\"1968-03-31\"";
    let told = told(&import(&Fixture::new(), &volume(TEI, &paper("d1", sound, "x"))));
    assert!(!told.contains("passed over"), "{told}");
}

#[test]
fn a_root_of_another_namespace_is_told() {
    let papers = paper("d1", "when=\"1968-02-01\"", "x");
    for (root, says) in [
        ("TEI xmlns=\"urn:other\"", "the root `<TEI>` is of the namespace `urn:other`"),
        ("TEI", "the root `<TEI>` is of no namespace"),
        (
            "t:TEI xmlns=\"http://www.tei-c.org/ns/1.0\" xmlns:t=\"urn:other\"",
            "is of the namespace `urn:other`",
        ),
    ] {
        let told = told(&import(&Fixture::new(), &volume(root, &papers)));
        assert!(told.contains(says), "{root}: {told}");
    }
    for root in [TEI, "t:TEI xmlns:t=\"http://www.tei-c.org/ns/1.0\" xml:id=\"frus1\""] {
        let told = told(&import(&Fixture::new(), &volume(root, &papers)));
        assert!(!told.contains("the root"), "{root}: {told}");
    }
}

/// A document with a heading, in which `A` and `B` are whom it is from and to.
fn headed(id: &str, heading: &str, rest: &str) -> String {
    let sides = [("A", "from"), ("B", "to")];
    let heading = sides.iter().fold(heading.to_owned(), |heading, (name, side)| {
        heading.replace(&format!("{{{name}}}"), &format!("<gloss type=\"{side}\">Office {name}</gloss>"))
    });
    format!(
        "<div type=\"document\" xml:id=\"{id}\"><head>1. {heading}</head><dateline><date when=\"1961-12-07\">December 7, \
         1961</date></dateline>{rest}<p>Text.</p></div>"
    )
}

#[test]
fn who_talks_by_telephone_does_not_sit_together() {
    let fixture = Fixture::new();
    let took_part = "<list type=\"participants\"><item>Mr. Lane</item><item>Mr. Park</item></list>";
    let papers =
        headed("d1", "Transcript of a Telephone Conversation Between the {A} and the {B}", took_part)
            + &headed("d2", "Memorandum of Conversation Between the {A} and the {B}", took_part);
    let imported = import(&fixture, &volume(TEI, &papers));
    assert!(told(&imported).contains("nobody sat together"), "{}", told(&imported));
    let known = fixture.desk.known(&When::default()).unwrap();
    let call = event(&known, "v", "d1");
    assert_eq!((call.kind(), call.envelope.speaker), (Kind::MessageSent, None));
    assert!(call.envelope.note.unwrap().contains("Took part: Mr. Lane; Mr. Park"));
    assert_eq!(event(&known, "v", "d2").kind(), Kind::MeetingHeld);
    let mapping = r#"{"tables": {"kinds": {"telephone_conversation": "incident"}}}"#;
    let fixture = Fixture::new();
    let mapping = Some(fixture.desk.take_mapping(mapping.as_bytes()).unwrap().data.digest);
    let telephone = headed("d1", "Memorandum of Telephone Conversation", "");
    let asked = ImportAsk { mapping, ..ask("v.xml", None) };
    let imported = try_import(&fixture, &asked, volume(TEI, &telephone).as_bytes()).unwrap();
    assert_eq!(imported.recorded, 1, "a mapping without a format fits the file it comes with");
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(event(&known, "v", "d1").kind(), Kind::Incident);
}

#[test]
fn a_conversation_by_telephone_is_no_talks_of_a_silence() {
    let fixture = Fixture::new();
    let telephone = headed("d1", "Memorandum of Telephone Conversation Between {A} and {B}", "");
    import(&fixture, &volume(TEI, &telephone));
    let ask = SilenceAsk { party: "x-office-a".to_owned(), towards: Some("x-office-b".to_owned()) };
    let silence = fixture.desk.silence(&When::default(), &ask).unwrap().data;
    for row in silence.acts {
        assert_eq!(matches!(row.last, Last::Recorded(_)), row.what == "message", "{}", row.what);
    }
}

#[test]
fn a_time_that_no_clock_shows_and_a_day_that_the_words_deny_are_told() {
    let of = |attributes: &str, words: &str, place: &str| {
        let paper = paper("d1", attributes, "x").replace(">then<", &format!(">{words}<"));
        let paper = paper.replace("<dateline>", &format!("<dateline><placeName>{place}</placeName>"));
        let fixture = Fixture::new();
        let told = told(&import(&fixture, &volume(TEI, &paper)));
        let known = fixture.desk.known(&When::default()).unwrap();
        (told, event(&known, "v", "d1").envelope.occurred.map(|date| date.as_str().to_owned()))
    };
    let (told, date) = of("when=\"1961-12-07T25:10:00Z\"", "then", "Seoul");
    assert!(
        told.contains("a time that no clock shows; the day alone is taken") && !told.contains("no offset"),
        "{told}"
    );
    assert_eq!(date.as_deref(), Some("1961-12-07"));
    let (told, date) = of("when=\"1953-07-27\"", "July 26, 1953", "Seoul");
    assert!(told.contains("the date is `1953-07-27`, and its words say `July 26, 1953`"), "{told}");
    assert_eq!(date.as_deref(), Some("1953-07-27"));
}

#[test]
fn a_moment_with_the_offset_of_the_editors_is_one_only_where_the_clocks_have_it() {
    let of = |attributes: &str, dateline: &str| {
        let paper = paper("d1", attributes, "x").replace("<dateline>", &format!("<dateline>{dateline}"));
        let fixture = Fixture::new();
        let told = told(&import(&fixture, &volume(TEI, &paper)));
        let known = fixture.desk.known(&When::default()).unwrap();
        let date = event(&known, "v", "d1").envelope.occurred.map(|date| date.as_str().to_owned());
        (date.unwrap_or_default(), told.contains("the day alone is taken, as it stands"), told)
    };
    let hour = "when=\"1963-08-02T18:00:00-05:00\"";
    let (day, moment) = ("1963-08-02", "1963-08-02T18:00:00-05:00");
    for (place, date) in [
        ("<placeName>Saigon</placeName>, ", day),
        ("<placeName>Seoul</placeName>, [Received in Washington] ", day),
        ("", day),
        // An hour off: it was summer there.
        ("<placeName>Washington</placeName>, ", day),
        ("Washington, ", day),
        ("<placeName>Lima</placeName>, ", moment),
        ("<placeName>La Paz</placeName>, ", day),
    ] {
        let (found, is_told, told) = of(hour, place);
        assert_eq!((found.as_str(), is_told), (date, date == day), "{place}: {told}");
    }
    let summer = hour.replace("-05:00", "-04:00");
    assert_eq!(of(&summer, "<placeName>Moscow</placeName>").0, day);
    for place in ["Washington, ", "<placeName>Asuncion</placeName>, ", "<placeName>Asunción</placeName>, "] {
        assert_eq!(of(&summer, place).0, "1963-08-02T18:00:00-04:00", "{place}");
    }
    let winter = |offset: &str| hour.replace("08-02", "02-08").replace("-05:00", offset);
    assert_eq!(of(&winter("-05:00"), "Washington, ").0, "1963-02-08T18:00:00-05:00");
    assert_eq!(of(&winter("-04:00"), "Washington, ").0, "1963-02-08");
    assert_eq!(
        of(&hour.replace("-05:00", "+03:00"), "<placeName>Moscow</placeName>").0,
        "1963-08-02T18:00:00+03:00"
    );
    // What lasted began at a moment, and when it ended is left out.
    let lasted = "from=\"1972-02-21T14:50:00+08:00\" to=\"1972-02-21T15:55:00+08:00\"";
    let (date, _, told) = of(lasted, "<placeName>Beijing</placeName>");
    assert!(
        date == "1972-02-21T14:50:00+08:00" && told.contains("and the end is left out"),
        "{date}: {told}"
    );
    let (date, is_told, told) = of(&lasted.replace("+08:00", "-05:00"), "<placeName>Beijing</placeName>");
    assert!(date == "1972-02-21" && is_told && told.contains("and the end is left out"), "{date}: {told}");
    let (date, _, told) = of(&lasted.replace("21T15", "23T15"), "<placeName>Beijing</placeName>");
    assert!(date == "1972-02-21/1972-02-23" && told.contains("the days alone are taken"), "{date}: {told}");
}

#[test]
fn bounds_of_the_editors_that_end_before_they_begin_are_passed_over() {
    let bounds =
        "frus:doc-dateTime-min=\"1961-12-07T00:00:00Z\" frus:doc-dateTime-max=\"1961-12-05T00:00:00Z\"";
    let undated = paper("d1", "", "x").replace("xml:id", &format!("{bounds} xml:id"));
    let dated = paper("d2", "when=\"1961-12-06\"", "x").replace("xml:id", &format!("{bounds} xml:id"));
    let fixture = Fixture::new();
    let told = told(&import(&fixture, &volume(TEI, &(undated + &dated))));
    assert_eq!(told.matches("which is earlier; both are passed over").count(), 2, "{told}");
    assert!(!told.contains("its editors place it"), "{told}");
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(event(&known, "v", "d1").envelope.occurred, None);
}

#[test]
fn offices_whose_long_names_begin_alike_are_two_and_spellings_that_are_one_are_told() {
    let of = |id: &str, from: &str| {
        paper(id, "when=\"1955-04-01\"", "x")
            .replace("<persName type=\"from\">A</persName>", &format!("<gloss type=\"from\">{from}</gloss>"))
    };
    let fixture = Fixture::new();
    let papers = of("d1", "Deputy Assistant Secretary of State for Far Eastern Affairs")
        + &of("d2", "Deputy Assistant Secretary of State for European Affairs")
        + &of("d3", "Under-Secretary")
        + &of("d4", "under secretary");
    let told = told(&import(&fixture, &volume(TEI, &papers)));
    let known = fixture.desk.known(&When::default()).unwrap();
    let from = |id: &str| event(&known, "v", id).envelope.from;
    assert_ne!(from("d1"), from("d2"));
    assert_eq!(from("d3"), from("d4"));
    assert!(
        told.contains("`under secretary` and `Under-Secretary` differ in case, accents and signs alone"),
        "{told}"
    );
}

#[test]
fn a_conversation_without_parties_names_the_fields_that_a_mapping_has() {
    let told = told(&import(&Fixture::new(), &volume(TEI, &headed("d1", "Memorandum of Conversation", ""))));
    assert!(told.contains("`fields.from` and `fields.to` of a mapping"), "{told}");
    let fixture = Fixture::new();
    let mapping = r#"{"fields": {"from": {"value": "USA"}, "to": {"value": "KOR"}}}"#;
    let mapping = Some(fixture.desk.take_mapping(mapping.as_bytes()).unwrap().data.digest);
    let papers = volume(TEI, &headed("d1", "Memorandum of Conversation", ""));
    let asked = ImportAsk { mapping, ..ask("v.xml", None) };
    let imported = try_import(&fixture, &asked, papers.as_bytes()).unwrap();
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
}

#[test]
fn a_name_that_two_states_bore_in_the_year_of_a_paper_is_doubtful() {
    let of = |when: &str| {
        let papers = paper("d1", when, "x")
            .replace("<persName type=\"from\">A</persName>", "<gloss type=\"from\">Germany</gloss>");
        told(&import(&Fixture::new(), &volume(TEI, &papers)))
    };
    let doubt = "from: two states were called `Germany` from 1949 to 1990: DEU is taken, and not DDR";
    assert!(of("when=\"1969-02-01\"").contains(doubt), "{}", of("when=\"1969-02-01\""));
    assert!(!of("when=\"1948-02-01\"").contains("two states"), "{}", of("when=\"1948-02-01\""));
}

#[test]
fn a_note_in_the_third_person_is_one_and_a_form_that_the_heading_alone_names_is_told() {
    let fixture = Fixture::new();
    let document = |id: &str, head: &str, note: &str, text: &str| {
        format!(
            "<div type=\"document\" xml:id=\"{id}\"><head>{head} From the <gloss type=\"from\">Soviet Embassy</gloss> to the \
             <gloss type=\"to\">Department of State</gloss><note type=\"source\">Source: A. Secret. {note}</note></head>\
             <dateline><date when=\"1964-02-01\">then</date></dateline><p>{text}</p></div>"
        )
    };
    let third = "The Embassy presents its compliments to the Department.";
    let papers = document("d1", "Note", "Repeated to Belgrade and other posts.", third)
        + &document("d2", "Note", "", "I have the honor to inform you.")
        + &document(
            "d3",
            "Message",
            "Also sent to Paris for Bohlen, and Bern for information only.",
            "Dear Mr. President",
        );
    let told = told(&import(&fixture, &volume(TEI, &papers)));
    for says in
        ["`Note From`) alone", "`Message From`) alone", "others got the document and does not name them"]
    {
        assert!(told.contains(says), "{says}: {told}");
    }
    let known = fixture.desk.known(&When::default()).unwrap();
    let entry = |id: &str| render(&known, &event(&known, "v", id)).unwrap();
    for (id, form, info, noted) in [
        ("d1", "note_verbale", "Belgrade", "Repeated to Belgrade and other posts."),
        ("d2", "formal_note", "", ""),
        ("d3", "cable", "Bern", "Also sent to Paris for Bohlen."),
    ] {
        let entry = entry(id);
        assert_eq!(entry["form"], form, "{entry}");
        assert_eq!(entry["info"][0].as_str().unwrap_or_default(), info, "{entry}");
        assert!(entry["note"].as_str().unwrap_or_default().contains(noted), "{entry}");
    }
}

#[test]
fn a_table_of_those_who_took_part_is_read_where_its_shape_is_plain_and_told_where_not() {
    let table = |rows: &str| {
        let fixture = Fixture::new();
        let imported = import(
            &fixture,
            &volume(
                TEI,
                &format!(
                    "<div type=\"document\" xml:id=\"d1\"><head>Memorandum of Conversation</head><p>Subject: The Far East.</p>\
                 <table>{rows}</table><p>They met.</p><table><row><cell>17</cell></row></table><frus:attachment \
                 xmlns:frus=\"x\"><table><row><cell>Mr. Other</cell></row></table></frus:attachment></div>"
                ),
            ),
        );
        let known = fixture.desk.known(&When::default()).unwrap();
        let Fact::MeetingHeld(held) = event(&known, "v", "d1").fact else { panic!("no meeting") };
        let is_told = imported
            .doubtful
            .iter()
            .any(|fault| fault.detail.contains("in a shape that is not read: nobody"));
        (held.heads.join("; "), is_told)
    };
    let row = |cells: &[&str]| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("<cell>{cell}</cell>")).collect();
        format!("<row>{}</row>", cells.concat())
    };
    for (rows, heads) in [
        // As volume VII of 1951 has it.
        (vec![row(&["Participants:", "Mr. Baig"]), row(&["", "Mr. Rusk"])], "Mr. Baig; Mr. Rusk"),
        (
            vec![
                row(&["Participants"]),
                row(&["United States", "Japan"]),
                row(&["Mr. Dulles", "Mr. Iguchi"]),
                row(&["", "Mr. Takeuchi"]),
            ],
            "Mr. Dulles (United States); Mr. Iguchi (Japan); Mr. Takeuchi (Japan)",
        ),
        (
            vec![
                row(&["Participants:", "Japan:", "Mr. Iguchi"]),
                row(&["", "", "Mr. Takeuchi"]),
                row(&["", "France:", "Mr. Bonnet"]),
            ],
            "Mr. Iguchi (Japan); Mr. Takeuchi (Japan); Mr. Bonnet (France)",
        ),
        (
            vec![
                row(&["Participants:"]),
                row(&["<hi rend=\"italic\">Visitors</hi>"]).replace("<cell", "<cell role=\"label\""),
                row(&["Mr. A"]),
            ],
            "Mr. A (Visitors)",
        ),
    ] {
        assert_eq!(table(&rows.concat()), (heads.to_owned(), false));
    }
    let odd = row(&["Participants:", "Mr. Baig", "the Minister"]) + &row(&["Subject:", "Korea", ""]);
    assert_eq!(table(&odd), (String::new(), true));
    assert_eq!(table(&row(&["Men", "17"])), (String::new(), false), "a table of something else");
}
