//! Mail beside other mail: what replies to what, who else was named; and letters in encodings that few read.

use crate::desk::answer::operation::Imported;
use crate::desk::ask::{ImportAsk, When};
use crate::desk::import::tests::coded::{ask, event};
use crate::desk::import::tests::mail::{import, mail, told};
use crate::desk::import::tests::tables::try_import;
use crate::desk::testing::Fixture;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind};

const POST: &str = "From kim@mofa.go.kr Mon Nov 17 10:30:00 2025";

fn with(header: &str, id: &str, text: &str) -> String {
    mail(id, text).replace("Message-ID", &format!("{header}\nMessage-ID"))
}

fn entry(fixture: &Fixture, file: &str, id: &str) -> Event {
    event(&fixture.desk.known(&When::default()).unwrap(), file, id)
}

fn note(event: &Event) -> &str {
    event.envelope.note.as_deref().unwrap_or_default()
}

fn info(event: &Event) -> Vec<String> {
    if let Fact::MessageReceived(message) | Fact::MessageSent(message) = &event.fact {
        message.info.clone()
    } else {
        Vec::new()
    }
}

fn as_sent(fixture: &Fixture, file: &str, bytes: &[u8], encoding: Option<&str>) -> Imported {
    let mapping = encoding.map(|name| {
        let mapping = format!("{{\"encoding\": \"{name}\"}}");
        fixture.desk.take_mapping(mapping.as_bytes()).unwrap().data.digest
    });
    try_import(fixture, &ImportAsk { mapping, ..ask(file, None) }, bytes).unwrap()
}

#[test]
fn a_reply_is_linked_to_what_it_replies_to_wherever_that_stands() {
    let fixture = Fixture::new();
    import(&fixture, "one.eml", &mail("a@x.kr", "An offer."));
    // It replies to `a`, whatever else it refers to.
    let reply = with("In-Reply-To: <a@x.kr>\nReferences: <a@x.kr> <z@x.kr>", "b@x.kr", "Yes.");
    let imported = import(&fixture, "reply.eml", &reply);
    assert!(!told(&imported).contains("replies to"), "{imported:?}");
    let links = |file: &str, id: &str| entry(&fixture, file, id).envelope.links;
    let id_of = |file: &str, id: &str| {
        fixture.desk.known(&When::default()).unwrap().view.external(file, id).unwrap()[0]
    };
    let [link] = links("reply", "b@x.kr").try_into().unwrap();
    assert_eq!((link.relation.as_str(), link.target), ("concerns", id_of("one", "a@x.kr")));
    // Before and behind it in a mailbox; without `In-Reply-To` by the last that it refers to.
    let mailbox = [
        with("References: <b@x.kr> <d@x.kr>", "c@x.kr", "Before."),
        mail("d@x.kr", "Then."),
        with("In-Reply-To: <c@x.kr>", "e@x.kr", "Behind."),
    ];
    let imported = import(&fixture, "box.mbox", &format!("{POST}\n{}", mailbox.join(&format!("\n{POST}\n"))));
    assert_eq!(imported.recorded, 3, "{:?}", imported.wrong);
    for (id, target) in [("c@x.kr", "d@x.kr"), ("e@x.kr", "c@x.kr")] {
        let targets: Vec<_> = links("box", id).iter().map(|link| link.target).collect();
        assert_eq!(targets, [id_of("box", target)], "{id}");
    }
}

#[test]
fn a_reply_to_what_the_log_does_not_have_says_so_and_stays_the_same_when_that_comes() {
    let fixture = Fixture::new();
    let reply = with("In-Reply-To: <a@x.kr>", "b@x.kr", "Yes.");
    let imported = import(&fixture, "reply.eml", &reply);
    assert!(told(&imported).contains("one that neither the log nor the file has"), "{imported:?}");
    let event = entry(&fixture, "reply", "b@x.kr");
    assert!(note(&event).contains("In reply to <a@x.kr>, which the log does not have"), "{event:?}");
    assert!(event.envelope.links.is_empty());
    import(&fixture, "one.eml", &mail("a@x.kr", "An offer."));
    for file in ["reply.eml", "other.eml"] {
        let again = import(&fixture, file, &reply);
        assert_eq!((again.recorded, again.already), (0, 1), "{file}: {:?}", again.wrong);
    }
    let changed = import(&fixture, "reply.eml", &reply.replace("Yes.", "No."));
    assert_eq!(changed.wrong.len(), 1, "{changed:?}");
}

#[test]
fn whoever_else_a_message_names_is_told() {
    let fixture = Fixture::new();
    let headers =
        "Cc: Park <park@mnd.go.kr>, lee@unikorea.go.kr\nBcc: choi@mofa.go.kr\nSender: Ahn <ahn@mofa.go.kr>";
    let both =
        with(headers, "a@x.kr", "x").replace("From: kim@mofa.go.kr", "From: kim@mofa.go.kr, yoon@mofa.go.kr");
    let imported = import(&fixture, "a.eml", &both);
    assert!(told(&imported).contains("2 authors in `From`: the first is its speaker"), "{imported:?}");
    let event = entry(&fixture, "a", "a@x.kr");
    assert_eq!(info(&event), ["Park <park@mnd.go.kr>", "lee@unikorea.go.kr"]);
    for line in
        ["From: kim@mofa.go.kr, yoon@mofa.go.kr", "Bcc: choi@mofa.go.kr", "Sender: Ahn <ahn@mofa.go.kr>"]
    {
        assert!(note(&event).lines().any(|noted| noted == line), "{line}: {event:?}");
    }
    // What has no such field keeps it in the note; a sender who is the author says nothing.
    let said = ImportAsk { default_kind: Some("statement.public".to_owned()), ..ask("s.eml", None) };
    let copied = with("Cc: park@mnd.go.kr\nSender: KIM@mofa.go.kr", "s@x.kr", "x");
    try_import(&fixture, &said, copied.as_bytes()).unwrap();
    let event = entry(&fixture, "s", "s@x.kr");
    assert_eq!(event.kind(), Kind::StatementPublic);
    assert!(note(&event).contains("Cc: park@mnd.go.kr") && !note(&event).contains("Sender"), "{event:?}");
    for to in ["", "To: undisclosed-recipients:;\n"] {
        let mail = mail("n@x.kr", "x").replace("To: desk@state.gov\n", to);
        let imported = import(&Fixture::new(), "n.eml", &mail);
        assert!(told(&imported).contains("no address in `To`"), "{to}: {imported:?}");
    }
}

#[test]
fn a_message_in_iso_2022_kr_is_read_in_its_text_and_its_headers() {
    let head = with("Content-Type: text/plain; charset=ISO-2022-KR", "a@x.kr", "")
        .replace("Subject: Talks", "Subject: =?ISO-2022-KR?B?GyQpQw5IODRjDw==?= A")
        .replace("From: kim", "From: =?iso-2022-kr*ko?Q?=1B=24=29C=0E32:O=0F?= <kim")
        .replace(".kr\nTo", ".kr>\nTo");
    let mail = [head.trim_end().as_bytes(), b"\n\n\x1b$)C\x0eH84c\x0f A\n\x0e32:O\x0f\n"].concat();
    let fixture = Fixture::new();
    let imported = as_sent(&fixture, "a.eml", &mail, None);
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
    assert!(!told(&imported).contains("cannot be read"), "{imported:?}");
    let event = entry(&fixture, "a", "a@x.kr");
    let envelope = &event.envelope;
    assert_eq!(envelope.texts[0].text, "회담 A\n남북");
    assert_eq!((envelope.summary.as_deref(), envelope.speaker.as_deref()), (Some("회담 A"), Some("남북")));
    // A byte that is no letter is told, and takes nothing else with it.
    let broken = [head.trim_end().as_bytes(), b"\n\n\x0eH8\xff4c\x0f\n"].concat();
    let imported = as_sent(&Fixture::new(), "a.eml", &broken, None);
    assert!(told(&imported).contains("the text has 1 letter that cannot be read"), "{imported:?}");
}

#[test]
fn a_message_in_an_encoding_that_is_not_read_is_refused_with_its_name() {
    let text = with("Content-Type: text/plain; charset=\"ISO-2022-CN\"", "a@x.kr", "~{<:Ky2;~}");
    let subject = mail("a@x.kr", "x").replace("Subject: Talks", "Subject: =?hz-gb-2312?Q?~{<:Ky2;~}?=");
    let from = mail("a@x.kr", "x")
        .replace("From: kim@", "From: =?x-klingon?B?YWFh?= <kim@")
        .replace(".kr\nTo", ".kr>\nTo");
    for (mail, says) in [
        (text.as_str(), "the text is in the encoding `iso-2022-cn`, which is not read"),
        (subject.as_str(), "`Subject` is in the encoding `hz-gb-2312`, which is not read"),
        (from.as_str(), "`From` is in the encoding `x-klingon`, which is not read"),
    ] {
        let imported = import(&Fixture::new(), "a.eml", mail);
        assert_eq!(imported.recorded, 0, "{says}");
        let wrong = imported.wrong[0].to_string();
        assert!(wrong.contains(says) && wrong.contains("UTF-8") && wrong.contains("`encoding`"), "{wrong}");
    }
    // The others go in.
    let fixture = Fixture::new();
    let mailbox = format!("{POST}\n{text}\n{POST}\n{}", mail("b@x.kr", "Plain."));
    let leaving = ImportAsk { leaves_out: true, ..ask("box.mbox", None) };
    let imported = try_import(&fixture, &leaving, mailbox.as_bytes()).unwrap();
    assert_eq!((imported.recorded, imported.rejects.map_or(0, |left| left.reasons.len())), (1, 1));
    // A mapping may say what is meant by a name that nobody knows; one of another part is of no matter.
    let unknown = [
        with("Content-Type: text/plain; charset=unknown-8bit", "c@x.kr", "").trim_end().as_bytes(),
        b"\n\n\xc8\xb8\xb4\xe3\n",
    ]
    .concat();
    let imported = as_sent(&fixture, "c.eml", &unknown, Some("euc-kr"));
    assert!(
        told(&imported).contains("`unknown-8bit`, which is not read; it is taken as euc-kr"),
        "{imported:?}"
    );
    assert_eq!(entry(&fixture, "c", "c@x.kr").envelope.texts[0].text, "회담");
    let head = with("Content-Type: text/plain; charset=uhc", "d@x.kr", "");
    let uhc = [head.trim_end().as_bytes(), b"\n\n\x8c\x63\n"].concat();
    as_sent(&fixture, "d.eml", &uhc, None);
    assert_eq!(entry(&fixture, "d", "d@x.kr").envelope.texts[0].text, "똠");
}

#[test]
fn of_a_date_whose_zone_or_time_cannot_be_read_the_day_is_kept() {
    for (date, says) in [
        ("Mon, 17 Nov 2025 10:00 KST", "names no zone that is known; the day is taken, and no time"),
        ("17 November 2025 10:00:00 KST", "names no zone that is known; the day is taken, and no time"),
        ("Tue, 17 Nov 2025 10:00 KST", "is a Monday, and says `Tue`"),
        ("Mon, 17 Nov 2025 10:00:00 +0900", ""),
    ] {
        let fixture = Fixture::new();
        let mail = mail("a@x.kr", "x").replace("Mon, 17 Nov 2025 10:30:00 +0900", date);
        let imported = import(&fixture, "a.eml", &mail);
        assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
        assert!(told(&imported).contains(says), "{date}: {imported:?}");
        let occurred = entry(&fixture, "a", "a@x.kr").envelope.occurred.map(|date| date.to_string());
        let expected = if says.is_empty() { "2025-11-17T10:00:00+09:00" } else { "2025-11-17" };
        assert_eq!(occurred.as_deref(), Some(expected), "{date}");
    }
    let imported =
        import(&Fixture::new(), "a.eml", &mail("a@x.kr", "x").replace("17 Nov 2025", "31 Nov 2025"));
    assert!(told(&imported).contains("cannot be read, and the entry has none"), "{imported:?}");
}
