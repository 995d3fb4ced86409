//! Mail as it is found: in two files, in mailboxes without empty lines, written by machines.

use crate::desk::answer::operation::Imported;
use crate::desk::ask::ImportAsk;
use crate::desk::import::tests::coded::ask;
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
