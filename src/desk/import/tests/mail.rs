//! Mail as it is found: in two files, in mailboxes without empty lines, written by machines.

use crate::desk::answer::operation::Imported;
use crate::desk::ask::{ImportAsk, When};
use crate::desk::import::tests::coded::{ask, event};
use crate::desk::import::tests::tables::try_import;
use crate::desk::testing::Fixture;

const HEAD: &str =
    "From: kim@mofa.go.kr\nTo: desk@state.gov\nSubject: Talks\nDate: Mon, 17 Nov 2025 10:30:00 +0900\n";

fn mail(id: &str, text: &str) -> String {
    format!("{HEAD}Message-ID: <{id}>\n\n{text}\n")
}

fn import(fixture: &Fixture, file: &str, mail: &str) -> Imported {
    try_import(fixture, &ask(file, None), mail.as_bytes()).unwrap()
}

fn told(imported: &Imported) -> String {
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
        format!("From k\n{}\nFrom k\n{reply}\nFrom k\n{}", mail("a@x.kr", "Noted."), mail("c@x.kr", "New."));
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
    let mailbox = format!("From k\n{}\nFrom k\n{}", mail("a@x.kr", "Not noted."), mail("b@x.kr", "New."));
    let leaving = ImportAsk { leaves_out: true, ..ask("box.mbox", None) };
    let imported = try_import(&fixture, &leaving, mailbox.as_bytes()).unwrap();
    assert_eq!((imported.recorded, imported.rejects.map_or(0, |left| left.reasons.len())), (1, 1));
}

#[test]
fn a_message_begins_and_is_told_where_no_empty_line_stands_before_it() {
    let postmark = "From kim@mofa.go.kr Mon Nov 17 10:30:00 2025";
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
