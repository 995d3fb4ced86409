//! Volumes as they are found: with dates that are none, of another namespace, and what one paper says of another.

use crate::desk::answer::operation::Imported;
use crate::desk::ask::When;
use crate::desk::format::render;
use crate::desk::import::tests::coded::{ask, event};
use crate::desk::import::tests::tables::try_import;
use crate::desk::testing::Fixture;

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
