//! Mail as it is found: in two files, in mailboxes without empty lines, written by machines.

use crate::desk::answer::operation::Imported;
use crate::desk::answer::silence::Last;
use crate::desk::ask::{ImportAsk, SilenceAsk, When};
use crate::desk::import::tests::coded::{ask, event};
use crate::desk::import::tests::tables::try_import;
use crate::desk::testing::Fixture;
use crate::domain::fact::Kind;

const HEAD: &str =
    "From: kim@mofa.go.kr\nTo: desk@state.gov\nSubject: Talks\nDate: Mon, 17 Nov 2025 10:30:00 +0900\n";

const POST: &str = "From kim@mofa.go.kr Mon Nov 17 10:30:00 2025";

pub(super) fn mail(id: &str, text: &str) -> String {
    format!("{HEAD}Message-ID: <{id}>\n\n{text}\n")
}

pub(super) fn import(fixture: &Fixture, file: &str, mail: &str) -> Imported {
    try_import(fixture, &ask(file, None), mail.as_bytes()).unwrap()
}

pub(super) fn told(imported: &Imported) -> String {
    imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_message_that_stands_in_two_files_is_one() {
    let fixture = Fixture::new();
    assert_eq!(import(&fixture, "one.eml", &mail("a@x.kr", "Noted.")).recorded, 1);
    let reply = mail("b@x.kr", "Yes.").replace("Message-ID", "In-Reply-To: <a@x.kr>\nMessage-ID");
    assert_eq!(import(&fixture, "reply.eml", &reply).recorded, 1);
    // In a mailbox it is linked to what stands beside it, and is the same.
    let mailbox =
        format!("{POST}\n{}\n{POST}\n{reply}\n{POST}\n{}", mail("a@x.kr", "Noted."), mail("c@x.kr", "New."));
    let imported = import(&fixture, "box.mbox", &mailbox);
    assert_eq!((imported.recorded, imported.already), (1, 2), "{:?}", imported.wrong);
    // What has no `@` names a message in its file alone.
    assert_eq!(import(&fixture, "p.eml", &mail("1", "x")).recorded, 1);
    assert_eq!(import(&fixture, "q.eml", &mail("1", "y")).recorded, 1);
}

#[test]
fn a_message_that_the_log_has_with_other_content_is_refused_and_may_be_left_out() {
    let fixture = Fixture::new();
    import(&fixture, "one.eml", &mail("a@x.kr", "Noted."));
    let imported = import(&fixture, "two.eml", &mail("a@x.kr", "Not noted."));
    assert_eq!(imported.recorded, 0);
    let wrong = imported.wrong[0].to_string();
    for word in ["`a@x.kr` is in the log from `one` with other content", "`--continue`"] {
        assert!(wrong.contains(word), "{wrong}");
    }
    let mailbox = format!("{POST}\n{}\n{POST}\n{}", mail("a@x.kr", "Not noted."), mail("b@x.kr", "New."));
    let leaving = ImportAsk { leaves_out: true, ..ask("box.mbox", None) };
    let imported = try_import(&fixture, &leaving, mailbox.as_bytes()).unwrap();
    assert_eq!((imported.recorded, imported.rejects.map_or(0, |left| left.reasons.len())), (1, 1));
}

#[test]
fn a_message_begins_and_is_told_where_no_empty_line_stands_before_it() {
    let postmark = POST;
    let mailbox = format!("{postmark}\n{}{postmark}\n{}", mail("a@x.kr", "One."), mail("b@x.kr", "Two."));
    let fixture = Fixture::new();
    let imported = import(&fixture, "box.mbox", &mailbox);
    assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
    assert!(
        told(&imported).contains("line 9: the message begins with a `From ` line that no empty line"),
        "{imported:?}"
    );
    // A line of a text is one, whatever it begins with.
    for text in [format!("One.\n{postmark}\nhe wrote to us."), "One.\nFrom here on\nNote: x".to_owned()] {
        let mailbox = format!("{postmark}\n{}", mail("a@x.kr", &text));
        let imported = import(&Fixture::new(), "box.mbox", &mailbox);
        assert_eq!(imported.rows, 1, "{text}");
        assert!(!told(&imported).contains("no empty line"), "{text}");
    }
}

#[test]
fn what_a_machine_wrote_is_told_with_whom_it_did_not_reach() {
    let report = HEAD.to_owned()
        + "Message-ID: <r@x.kr>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; \
           boundary=b\n\n--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n\
           Reporting-MTA: dns; x.kr\n\nFinal-Recipient: rfc822; multi@y.kr\nAction: failed\nStatus: 5.1.1\n\n--b--\n";
    let imported = import(&Fixture::new(), "r.eml", &report);
    assert!(told(&imported).contains("nobody wrote it: `failed` for multi@y.kr"), "{imported:?}");
    for (value, is_told) in [("auto-replied", true), ("auto-generated; x=y", true), ("no", false)] {
        let mail =
            mail("a@x.kr", "Away.").replace("Message-ID", &format!("Auto-Submitted: {value}\nMessage-ID"));
        let imported = import(&Fixture::new(), "a.eml", &mail);
        assert_eq!(told(&imported).contains("was sent by itself"), is_told, "{value}: {imported:?}");
    }
    let away = "Return-Path: <>\n".to_owned() + &mail("b@x.kr", "Away.");
    assert!(told(&import(&Fixture::new(), "b.eml", &away)).contains("`Return-Path: <>`"));
}

#[test]
fn a_message_that_is_passed_on_is_named_by_its_subject_and_a_weekday_that_is_another_is_told() {
    let passed_on = HEAD.replace("Mon,", "Tue,")
        + "Message-ID: <f@x.kr>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: \
           text/plain\n\nSee below.\n--b\nContent-Type: message/rfc822\n\nFrom: lee@z.kr\nSubject: The \
           offer\n\nText.\n--b--\n";
    let fixture = Fixture::new();
    let imported = import(&fixture, "f.eml", &passed_on);
    let told = told(&imported);
    for word in ["1 attachment is left out: the message “The offer”", "is a Monday, and says `Tue`"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(event(&known, "f", "f@x.kr").envelope.texts[0].text, "See below.");
    let imported = import(&Fixture::new(), "g.eml", &mail("g@x.kr", "x"));
    assert!(!imported.doubtful.iter().any(|fault| fault.detail.contains("and says")), "{imported:?}");
}

#[test]
fn what_nobody_wrote_ends_no_silence_unless_a_mapping_says_that_it_does() {
    for (mapping, kind, last) in [
        (None, Kind::Incident, "The real one"),
        (Some(r#"{"tables": {"kinds": {"automatic": "message.received"}}}"#), Kind::MessageReceived, "Away"),
    ] {
        let fixture = Fixture::new();
        let mapping =
            mapping.map(|mapping| fixture.desk.take_mapping(mapping.as_bytes()).unwrap().data.digest);
        let real = mail("a@x.kr", "Yes.").replace("Subject: Talks", "Subject: The real one");
        import(&fixture, "a.eml", &real);
        let away = mail("b@x.kr", "I am away.")
            .replace("Subject: Talks", "Subject: Away\nAuto-Submitted: auto-replied");
        let away = away.replace("17 Nov", "24 Nov");
        let imported =
            try_import(&fixture, &ImportAsk { mapping, ..ask("b.eml", None) }, away.as_bytes()).unwrap();
        assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
        assert!(told(&imported).contains(&format!("recorded as `{kind}`")), "{imported:?}");
        let known = fixture.desk.known(&When::default()).unwrap();
        let entry = event(&known, "b", "b@x.kr");
        assert_eq!((entry.kind(), entry.envelope.speaker), (kind, None));
        let ask = SilenceAsk { party: "x-mofa-go-kr".to_owned(), ..SilenceAsk::default() };
        let silence = fixture.desk.silence(&When::default(), &ask).unwrap().data;
        let Last::Recorded(act) = silence.last else { panic!("{silence:?}") };
        assert_eq!(act.entry.summary.as_deref(), Some(last));
    }
}

#[test]
fn letters_of_which_a_message_says_that_it_has_none_are_told_and_never_guessed() {
    let korean = [0xc8, 0xb8, 0xb4, 0xe3];
    let of = |charset: &str, subject: &str, text: &[u8]| {
        let head = mail("a@x.kr", "").replace("Subject: Talks", &format!("Subject: {subject}"));
        let head = head.replace("Message-ID", &format!("{charset}Message-ID"));
        [head.trim_end().as_bytes(), b"\n\n", text, b"\n"].concat()
    };
    let ascii = "Content-Type: text/plain; charset=us-ascii\n";
    for (mail, mapping, text, says) in [
        (of(ascii, "Talks", "회담".as_bytes()), None, "회담", "all of them are UTF-8, and taken as such"),
        (
            of("", "Talks", "회담".as_bytes()),
            None,
            "회담",
            "of which the message says nothing; all of them are UTF-8",
        ),
        (
            of(ascii, "=?euc-kr?B?yLi04w==?=", &korean),
            None,
            "회담",
            "are euc-kr, which the message names elsewhere",
        ),
        (of(ascii, "Talks", &korean), Some("cp949"), "회담", "they are taken as cp949, as the mapping says"),
        (
            of(ascii, "Talks", &korean),
            None,
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            "(it reads as euc-kr `회담`, as windows-1252",
        ),
    ] {
        let fixture = Fixture::new();
        let mapping = mapping.map(|name| {
            let mapping = format!("{{\"encoding\": \"{name}\"}}");
            fixture.desk.take_mapping(mapping.as_bytes()).unwrap().data.digest
        });
        let imported = try_import(&fixture, &ImportAsk { mapping, ..ask("a.eml", None) }, &mail).unwrap();
        assert!(told(&imported).contains(says), "{says}: {imported:?}");
        let known = fixture.desk.known(&When::default()).unwrap();
        assert_eq!(event(&known, "a", "a@x.kr").envelope.texts[0].text, text, "{says}");
    }
    let imported = import(&Fixture::new(), "b.eml", &mail("b@x.kr", "Plain."));
    assert!(!told(&imported).contains("beyond ASCII"), "{imported:?}");
}

#[test]
fn a_line_of_a_text_that_begins_with_from_ends_no_message() {
    let fixture = Fixture::new();
    let text = "It is done.\n\nFrom here it looks fine.\n\nFrom Mon to Wed we talk.";
    let mailbox = format!("{POST}\n{}\n{POST}\n{}", mail("a@x.kr", text), mail("b@x.kr", "Two."));
    let imported = import(&fixture, "box.mbox", &mailbox);
    assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(event(&known, "box", "a@x.kr").envelope.texts[0].text, text);
    // What may be either is a question back, and a message without words is told.
    for first in ["", "DKIM-Signature: v=1\n", "List-Id: <desk.x.kr>\n"] {
        let next = format!("{first}{}", mail("b@x.kr", "Two."));
        let mailbox = format!("{POST}\n{}\nFrom the ministry\n{next}", mail("a@x.kr", ""));
        let imported = import(&Fixture::new(), "box.mbox", &mailbox);
        assert_eq!(imported.recorded, 0, "{first}");
        assert!(imported.wrong[0].detail.contains("line 10 begins with `From `"), "{:?}", imported.wrong);
    }
    assert!(told(&import(&Fixture::new(), "a.eml", &mail("a@x.kr", ""))).contains("the message has no text"));
}

#[test]
fn a_name_with_a_comma_is_one_name_in_the_note() {
    let fixture = Fixture::new();
    let text = mail("q@x.kr", "Noted.").replace(
        "To: desk@state.gov",
        "To: \"Lee, A\" <lee@state.gov>, Desk <desk@state.gov>\nCc: \"The \\\"Desk\\\"\" <cc@state.gov>",
    );
    assert_eq!(import(&fixture, "one.eml", &text).recorded, 1);
    let known = fixture.desk.known(&When::default()).unwrap();
    let id = known.view.called("q@x.kr").unwrap()[0];
    let envelope = known.entry(id).unwrap().unwrap().event.unwrap().envelope;
    let said = format!("{:?}", envelope.note) + &format!("{envelope:?}");
    assert!(said.contains("To: \\\"Lee, A\\\" <lee@state.gov>, Desk <desk@state.gov>"), "{said}");
}
