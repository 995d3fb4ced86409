//! Coded events, volumes and mail, as callers meet them.

use crate::desk::ask::{ImportAsk, When};
use crate::desk::import::tests::tables::try_import;
use crate::desk::import::tests::{says, size};
use crate::desk::known::Known;
use crate::desk::testing::Fixture;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind};

pub(super) fn ask(file: &str, format: Option<&str>) -> ImportAsk {
    ImportAsk { file: file.to_owned(), format: format.map(ToOwned::to_owned), ..ImportAsk::default() }
}

pub(super) fn event(known: &Known, namespace: &str, key: &str) -> Event {
    let id = known.view.external(namespace, key).unwrap()[0];
    known.view.event(id).unwrap().unwrap().event.unwrap()
}

const ICEWS: &str = "Event ID\tEvent Date\tSource Name\tSource Sectors\tSource Country\tEvent Text\tCAMEO Code\tIntensity\tTarget Name\tTarget Sectors\tTarget Country\tStory ID\tSentence Number\tPublisher\tCity\tDistrict\tProvince\tCountry\tLatitude\tLongitude
11\t2012-01-03\tLee Myung Bak\tExecutive\tSouth Korea\tExpress intent to meet or negotiate\t036\t4\tNorth Korea\tNULL\tNorth Korea\t900\t2\tYonhap\tSeoul\t\t\tSouth Korea\t37.56\t126.99
12\t2012-01-03\tSouth Korea\t\tSouth Korea\tEngage in negotiation\t046\t7\tNorth Korea\t\tNorth Korea\t901\t1\tKCNA\t\t\t\t\t\t
12\t2012-01-03\tNorth Korea\t\tNorth Korea\tEngage in negotiation\t046\t7\tSouth Korea\t\tSouth Korea\t901\t1\tKCNA\t\t\t\t\t\t
11\t2012-01-04\tNordland\t\tNordland\tComplain officially\t114\t-2\tNorth Korea\t\tNorth Korea\t902\t1\tKCNA\t\t\t\t\t\t
14\t2012-01-04\tNorth Korea\t\tNorth Korea\tUse conventional military force\t190\t-10\tSouth Korea\t\tSouth Korea\t903\t1\tKCNA\t\t\t\t\t\t
";

#[test]
fn plover_events_are_read_with_tabs_and_who_published_one_is_not_who_acted() {
    let rows = "Event ID\tEvent Date\tEvent Type\tEvent Mode\tContexts\tActor Name\tActor Country\tRecipient Name\tRecipient \
                Country\tSource\n7\t2023-01-01\tACCUSE\tallege\tdiplomatic\t\t\tMinistry \"B\"\tUSA;KOR\tA Paper\n";
    let fixture = Fixture::new();
    let imported = try_import(&fixture, &ask("events.txt", Some("plover")), rows.as_bytes()).unwrap();
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    let event = event(&known, "events", "2023-01-01/7");
    assert!(event.envelope.from.is_empty(), "{:?}", event.envelope.from);
    assert_eq!(event.envelope.to.len(), 2);
    assert!(event.envelope.sources[0].locator.contains("publisher A Paper"));
    let commas = rows.replace('\t', ",").replace("Ministry \"B\"", "B");
    let again = try_import(&fixture, &ask("events2.txt", Some("plover")), commas.as_bytes()).unwrap();
    assert_eq!(again.recorded, 1, "{:?}", again.wrong);
}

#[test]
fn icews_events_become_entries_and_pairs_one_event() {
    let fixture = Fixture::new();
    let before = size(&fixture);
    let asked = ask("events.tab", Some("icews"));
    let refused = try_import(&fixture, &asked, ICEWS.as_bytes()).unwrap();
    assert!(says(&refused.wrong, 6, "190 has no kind; give `--default-kind KIND`"), "{:?}", refused.wrong);
    assert_eq!(size(&fixture), before);
    let asked = ImportAsk { default_kind: Some("incident".to_owned()), ..asked };
    let imported = try_import(&fixture, &asked, ICEWS.as_bytes()).unwrap();
    assert_eq!((imported.rows, imported.recorded), (4, 4), "{:?}", imported.wrong);
    assert_eq!(imported.skipped[0].lines, [4]);
    let told = imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for word in [
        "036 is offering, agreeing",
        "190 has no kind; recorded as `incident`",
        "x-nordland is proposed",
        "new: party x-nordland",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let known = fixture.desk.known(&When::default()).unwrap();
    let offer = event(&known, "events", "2012-01-03/11");
    assert_eq!(offer.kind(), Kind::OvertureProposed);
    assert!(offer.envelope.note.unwrap().contains("CAMEO 036"));
    assert!(offer.envelope.sources[0].locator.contains("story 900, sentence 2, publisher Yonhap"));
    // The same id on another day is another event.
    assert_eq!(event(&known, "events", "2012-01-04/11").kind(), Kind::ProtestLodged);
    let again = try_import(&fixture, &asked, ICEWS.as_bytes()).unwrap();
    assert_eq!((again.recorded, again.already), (0, 4), "{:?}", again.wrong);
}

#[test]
fn plover_events_are_read_as_lines_and_as_a_table() {
    let lines = r#"{"id":"1","date":"2021-03-01","event":"REQUEST","mode":"meet","contexts":["diplomatic"],"source":"South Korea","target":"North Korea","text":"asks for talks"}
{"id":"2","date":"2021-03-02","event":"ACCUSE","mode":"allege","contexts":[],"source":"North Korea","target":"South Korea"}
"#;
    let table = "id,date,event,mode,contexts,source,target,text\n1,2021-03-01,REQUEST,meet,diplomatic,South Korea,North Korea,asks for talks\n2,2021-03-02,ACCUSE,allege,,North Korea,South Korea,\n";
    for file in [lines, table] {
        let fixture = Fixture::new();
        let imported = try_import(&fixture, &ask("plover.any", Some("plover")), file.as_bytes()).unwrap();
        assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
        let known = fixture.desk.known(&When::default()).unwrap();
        assert_eq!(event(&known, "plover", "2021-03-01/1").kind(), Kind::OvertureDemanded);
        assert_eq!(event(&known, "plover", "2021-03-02/2").kind(), Kind::ProtestLodged);
    }
}

#[test]
fn those_who_act_together_are_several_parties_and_a_sector_is_none() {
    let fixture = Fixture::new();
    let event_of = |id: &str, source: &str, target: &str| {
        format!(
            "{{\"id\":\"{id}\",\"date\":\"2021-03-01\",\"event\":\"ACCUSE\",\"mode\":\"allege\",\"source\":{source},\
             \"target\":{target}}}\n"
        )
    };
    let sides = [
        // As the gold standard records of PLOVER have it.
        (
            r#"[{"actorText":"Senior officials","code":"PRK","sector":"GOV"}]"#,
            r#"[{"code":"KOR"},{"code":"USA","sector":"MIL"}]"#,
        ),
        (r#"{"actor":"PRK","sector":"GOV"}"#, r#"["KOR","USA"]"#),
        (r#""PRKGOV""#, r#""KOR, USA GOV""#),
        (r#""PRK GOV MIL""#, r#""KOR;USA""#),
        (r#"[{"actor_text":"The Northland League","code":"IGO"}]"#, r#""KOR""#),
    ];
    let number = |place: usize| (place + 1).to_string();
    let file: Vec<String> = sides
        .iter()
        .enumerate()
        .map(|(place, (source, target))| event_of(&number(place), source, target))
        .collect();
    let imported = try_import(&fixture, &ask("pl.jsonl", Some("plover")), file.concat().as_bytes()).unwrap();
    assert_eq!(imported.recorded, 5, "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    for place in 0..5 {
        let envelope = event(&known, "pl", &format!("2021-03-01/{}", number(place))).envelope;
        let codes = |parties: &[crate::domain::id::EntityId]| {
            let codes = parties.iter().map(|id| known.register.party_code(*id).unwrap().to_string());
            codes.collect::<Vec<_>>().join(" ")
        };
        let (from, to) = if place == 4 { ("x-the-northland-league", "KOR") } else { ("PRK", "KOR USA") };
        assert_eq!((codes(&envelope.from).as_str(), codes(&envelope.to).as_str()), (from, to), "{place}");
        let note = envelope.note.unwrap();
        assert!(place == 4 || note.contains("source sectors") && note.contains("GOV"), "{place}: {note}");
    }
}

#[test]
fn an_actor_who_is_nobody_is_refused_with_what_would_be_one() {
    for (target, words) in [
        ("[7]", "`7` is no actor; an actor is a word"),
        (r#"[{"sector":"GOV"}]"#, "an actor with `sector` does not say who it is"),
        (r#""PRKXYZ""#, "goes on with `XYZ`, which is no sector"),
        (r#"[{"code":"IGO"}]"#, "is a sort of actors, and does not say who"),
        (r#"["KOR;USA"]"#, "write each as one of a list"),
    ] {
        let line = format!(
            "{{\"id\":\"1\",\"date\":\"2021-03-01\",\"event\":\"ACCUSE\",\"mode\":\"allege\",\"source\":\"PRK\",\"target\":{target}}}"
        );
        let refused = try_import(&Fixture::new(), &ask("pl.jsonl", Some("plover")), line.as_bytes()).unwrap();
        assert_eq!(refused.recorded, 0, "{target}");
        assert!(says(&refused.wrong, 1, words), "{target}: {:?}", refused.wrong);
        assert!(refused.registered.iter().all(|new| !new.contains("x-")), "{:?}", refused.registered);
    }
}

#[test]
fn a_file_of_coded_events_without_a_side_is_told_and_pairs_go_by_countries() {
    let cut = |line: &str| {
        let mut cells: Vec<&str> = line.split('\t').collect();
        cells.remove(8);
        cells.join("\t")
    };
    let file: Vec<String> = ICEWS.lines().take(4).map(cut).collect();
    assert!(!file[0].contains("Target Name") && file[0].contains("Target Country"));
    let fixture = Fixture::new();
    let imported =
        try_import(&fixture, &ask("events.tab", Some("icews")), file.join("\n").as_bytes()).unwrap();
    assert_eq!((imported.recorded, imported.skipped.len()), (2, 1), "{:?}", imported.wrong);
    let told = imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(told.contains("no column `Target Name` or `Recipient Name`"), "{told}");
    let nobody = file.join("\n").replace("Source Name", "Who").replace("Source Country", "Whence");
    let nobody = nobody.replace("Target Country", "Whither");
    let refused = try_import(&fixture, &ask("nobody.tab", Some("icews")), nobody.as_bytes()).unwrap();
    assert_eq!(refused.recorded, 0);
    assert!(refused.wrong[0].detail.contains("says who acted or towards whom"), "{:?}", refused.wrong);
}

#[test]
fn a_key_of_a_coded_event_that_is_not_read_is_told_and_one_of_nobody_is_wrong() {
    let lines = r#"{"event_id":"p1","event_date":"2020-06-01","event_type":"CONSULT","event_mode":"visit","actor_iso":"KOR","recip_iso":"CHN"}
{"event_id":"p2","event_date":"2020-06-02","event_type":"CONSULT","event_mode":"visit","actor_name":"KOR","weight":"3"}
"#;
    let fixture = Fixture::new();
    let asked = ask("pl.jsonl", Some("plover"));
    let refused = try_import(&fixture, &asked, lines.as_bytes()).unwrap();
    assert!(says(&refused.wrong, 1, "no key that says who acted"), "{:?}", refused.wrong);
    assert!(!refused.wrong.iter().any(|fault| fault.line == Some(2)), "{:?}", refused.wrong);
    let told = refused.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for word in
        ["the key `actor iso` is not read: 1 row", "`weight` is not read", "does not say towards whom"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[test]
fn what_is_wrong_with_the_code_and_with_the_day_of_an_event_is_told_at_once() {
    let fixture = Fixture::new();
    let file = ICEWS.replace("2012-01-04\tNorth Korea", "02/25/2014\tNorth Korea");
    let refused = try_import(&fixture, &ask("events.tab", Some("icews")), file.as_bytes()).unwrap();
    assert!(says(&refused.wrong, 6, "190 has no kind"), "{:?}", refused.wrong);
    assert!(says(&refused.wrong, 6, "`02/25/2014` is no day"), "{:?}", refused.wrong);
}

#[test]
fn a_spreadsheet_that_took_the_zero_of_a_code_is_told() {
    let fixture = Fixture::new();
    let file = ICEWS.replace("\t036\t", "\t36\t").lines().take(2).collect::<Vec<_>>().join("\n");
    let imported = try_import(&fixture, &ask("events.tab", Some("icews")), file.as_bytes()).unwrap();
    assert!(says(&imported.doubtful, 2, "read as 036"), "{:?}", imported.doubtful);
}

#[test]
fn the_documents_of_a_volume_become_entries() {
    let Some(text) = crate::testing::shared("frus-sample.xml") else { return };
    let fixture = Fixture::new();
    let asked = ask("frus-sample.xml", None);
    let imported = try_import(&fixture, &asked, text.as_bytes()).unwrap();
    assert_eq!(
        (imported.rows, imported.recorded, imported.format.as_str()),
        (5, 5, "tei"),
        "{:?}",
        imported.wrong
    );
    let known = fixture.desk.known(&When::default()).unwrap();
    let telegram = event(&known, "frus-sample", "d284");
    assert_eq!(telegram.envelope.occurred.as_ref().unwrap().as_str(), "1968-02-24T18:53:00Z");
    assert_eq!(telegram.envelope.occurred_as_written.as_deref(), Some("February 24, 1968, 1853Z"));
    assert_eq!(
        telegram.envelope.summary.as_deref(),
        Some("Telegram From the Department of State to the Embassy in Korea")
    );
    let Fact::MessageSent(message) = &telegram.fact else { panic!("{:?}", telegram.kind()) };
    assert_eq!(message.reference.as_deref(), Some("120290"));
    assert_eq!(
        message.precedence.map(crate::domain::fact::communication::Precedence::as_str),
        Some("immediate")
    );
    assert_eq!(message.captions, ["Nodis", "Cactus"]);
    assert_eq!(message.info, ["Tokyo", "London", "Moscow", "Stockholm", "Bern"]);
    let note = telegram.envelope.note.as_deref().unwrap();
    for word in [
        "Dated Washington, February 24, 1968, 1853Z",
        "Marked Secret",
        "[3] The ninth senior MAC members meeting",
    ] {
        assert!(note.contains(word), "{word}: {note}");
    }
    let words = &telegram.envelope.texts[0].text;
    assert!(
        words.starts_with("120290. Subject: Instructions for Ninth Closed Meeting.\n1. You should request"),
        "{words}"
    );
    assert!(words.contains("these documents[2] are pertinent"), "{words}");
    assert!(telegram.envelope.sources[0].locator.contains("Document 284 (demarche-frus-sample#d284)"));
    assert!(telegram.envelope.sources[1].locator.starts_with("National Archives and Records Administration"));
    let undated = event(&known, "frus-sample", "d258");
    assert_eq!(undated.envelope.occurred, None);
    let memorandum = event(&known, "frus-sample", "d111");
    assert_eq!(memorandum.envelope.occurred.unwrap().as_str(), "1971-10-05");
    let told = imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for word in
        ["dated `undated`", "received on February 3", "`Embassy in Korea` is no party", "x-embassy-in-korea"]
    {
        assert!(told.contains(word), "{word}: {told}");
    }
    let again = try_import(&fixture, &asked, text.as_bytes()).unwrap();
    assert_eq!((again.recorded, again.already), (0, 5), "{:?}", again.wrong);
}

#[test]
fn whatever_is_wrong_with_a_coded_event_is_told_at_once() {
    let row = "21\t02/25/2014\tCongo\t\tCongo\tUse force\t190\t-10\tNorth Korea\t\tNorth Korea\t903\t1\tKCNA\t\t\t\t\t\t\n";
    let header = ICEWS.lines().next().unwrap();
    let asked = ask("events.tab", Some("icews"));
    let refused = try_import(&Fixture::new(), &asked, format!("{header}\n{row}").as_bytes()).unwrap();
    for word in ["190 has no kind", "`02/25/2014` is no day", "`Congo` could be"] {
        assert!(says(&refused.wrong, 2, word), "{word}: {:?}", refused.wrong);
    }
}

#[test]
fn the_parties_of_a_volume_are_those_that_the_mapping_says() {
    let Some(text) = crate::testing::shared("frus-sample.xml") else { return };
    let fixture = Fixture::new();
    let mapping = br#"{"format": "tei", "fields": {"topics": {"value": ["Pueblo"]}}, "tables": {"parties":
        {"Embassy in Korea": "USA/embassy-kor", "Department of State": "USA/dos"}, "markings": {"Secret": "TLP:AMBER"}}}"#;
    let mapping = fixture.desk.take_mapping(mapping).unwrap().data.digest;
    let asked = ImportAsk { mapping: Some(mapping), ..ask("frus-sample.xml", None) };
    let imported = try_import(&fixture, &asked, text.as_bytes()).unwrap();
    assert_eq!(imported.recorded, 5, "{:?}", imported.wrong);
    assert!(
        imported.registered.iter().any(|words| words.contains("USA/embassy-kor")),
        "{:?}",
        imported.registered
    );
    let known = fixture.desk.known(&When::default()).unwrap();
    let telegram = event(&known, "frus-sample", "d267");
    assert_eq!(telegram.envelope.marking.unwrap().0, "TLP:AMBER");
    assert_eq!(telegram.envelope.topics, ["Pueblo"]);
}

const MAIL: &str = "From: Kim <kim@mofa.go.kr>\r\nTo: Desk <desk@state.gov>\r\nSubject: =?utf-8?b?7ZqM64u0?= proposal\r\nDate: Tue, 18 Nov 2025 09:30:00 +0900\r\nMessage-ID: <one@mofa.go.kr>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: base64\r\n\r\nyLi04w==\r\n--b\r\nContent-Type: application/pdf; name=\"note.pdf\"\r\nContent-Disposition: attachment; filename=\"note.pdf\"\r\n\r\nx\r\n--b--\r\n";

#[test]
fn a_message_becomes_an_entry_with_what_it_says() {
    let fixture = Fixture::new();
    let asked = ask("letter.eml", None);
    let imported = try_import(&fixture, &asked, MAIL.as_bytes()).unwrap();
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    let mail = event(&known, "letter", "one@mofa.go.kr");
    assert_eq!(mail.kind(), Kind::MessageReceived);
    assert_eq!(mail.envelope.occurred.unwrap().as_str(), "2025-11-18T09:30:00+09:00");
    assert_eq!(mail.envelope.summary.as_deref(), Some("회담 proposal"));
    assert_eq!(mail.envelope.texts[0].text, "회담");
    assert_eq!(mail.envelope.speaker.as_deref(), Some("Kim"));
    let told = imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for word in ["1 attachment is left out: note.pdf", "x-mofa-go-kr is proposed", "message.received"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert_eq!(try_import(&fixture, &asked, MAIL.as_bytes()).unwrap().already, 1);
}

#[test]
fn a_mailbox_is_read_message_by_message_and_a_reply_points_at_what_it_answers() {
    let fixture = Fixture::new();
    let reply = "From desk Tue Nov 18 10:00:00 2025\nFrom: desk@state.gov\nTo: kim@mofa.go.kr\nSubject: Re\nDate: Tue, 18 Nov 2025 10:00:00 +0000\nMessage-ID: <two@state.gov>\nIn-Reply-To: <one@mofa.go.kr>\n\nNoted.\n>From here on\n\n";
    let file = format!("{reply}From kim Tue Nov 18 09:30:00 2025\n{}", MAIL.replace("\r\n", "\n"));
    let asked = ImportAsk { default_kind: Some("message.sent".to_owned()), ..ask("box.mbox", None) };
    let imported = try_import(&fixture, &asked, file.as_bytes()).unwrap();
    assert_eq!((imported.rows, imported.recorded), (2, 2), "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    let answer = event(&known, "box", "two@state.gov");
    assert_eq!(answer.kind(), Kind::MessageSent);
    assert_eq!(answer.envelope.links[0].target, known.view.external("box", "one@mofa.go.kr").unwrap()[0]);
    assert!(answer.envelope.texts[0].text.ends_with("From here on"), "{:?}", answer.envelope.texts);
}

#[track_caller]
fn mailed(head: &[u8], body: &[u8]) -> (Event, String) {
    let fixture = Fixture::new();
    let head = [b"Message-ID: <m@x>\r\n".as_slice(), head, b"\r\n", body].concat();
    let imported = try_import(&fixture, &ask("m.eml", None), &head).unwrap();
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
    let told = imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    (event(&fixture.desk.known(&When::default()).unwrap(), "m", "m@x"), told)
}

const DATED: &str = "Date: Tue, 18 Nov 2025 09:30:00 +0900\r\n";

#[test]
fn letters_of_a_mail_that_cannot_be_read_are_told() {
    let head =
        [b"From: caf\xe9 <a@b.kr>\r\nTo: x@y.kr\r\nSubject: D\xe9claration\r\n", DATED.as_bytes()].concat();
    let (_, told) = mailed(&head, b"Note\r\n");
    for word in ["`From` has 1 letter that cannot be read", "`Subject` has 1 letter that cannot be read"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let head = format!("From: a@b.kr\r\nSubject: s\r\n{DATED}");
    let (_, told) = mailed(head.as_bytes(), b"D\xe9claration \xff\r\n");
    assert!(told.contains("cannot be read: U+FFFD stands for each of their 2 bytes"), "{told}");
    let (_, told) = mailed(head.as_bytes(), b"plain\r\n");
    assert!(!told.contains("cannot be read") && !told.contains("the last of them"), "{told}");
}

#[test]
fn all_whom_a_mail_addresses_count_and_what_stands_twice_is_told() {
    let head = format!(
        "From: first@b.kr\r\nFrom: a@b.kr\r\nTo: x@y.kr\r\nTo: z@z.kr\r\nCc: one@c.kr\r\nCc: two@c.kr\r\nSubject: \
         one\r\nSubject: two\r\n{DATED}{}",
        DATED.replace("18", "19")
    );
    let (mail, told) = mailed(head.as_bytes(), b"x\r\n");
    assert_eq!((mail.envelope.from.len(), mail.envelope.to.len()), (1, 2));
    assert_eq!(mail.envelope.note.as_deref(), Some("From: a@b.kr\nTo: x@y.kr, z@z.kr"));
    let Fact::MessageReceived(message) = &mail.fact else { panic!("{mail:?}") };
    assert_eq!(message.info, ["one@c.kr", "two@c.kr"]);
    assert_eq!(mail.envelope.summary.as_deref(), Some("two"));
    assert_eq!(mail.envelope.occurred.unwrap().as_str(), "2025-11-19T09:30:00+09:00");
    for name in ["From", "Date", "Subject"] {
        assert!(told.contains(&format!("2 `{name}`, and the last of them is taken")), "{name}: {told}");
    }
}

#[test]
fn a_date_of_a_mail_that_cannot_be_read_is_told_in_its_words() {
    for date in ["32 Foo 2025 99:99", "31 Feb 2025 10:00:00 +0900", "soon"] {
        let head = format!("From: a@b.kr\r\nSubject: s\r\nDate: {date}\r\n");
        let (mail, told) = mailed(head.as_bytes(), b"x\r\n");
        assert_eq!(mail.envelope.occurred, None, "{date}");
        assert!(told.contains(&format!("`{date}`, cannot be read")) && !told.contains("no `Date`"), "{told}");
    }
    // What no zone is known for is no time in London.
    let (mail, told) = mailed(b"From: a@b.kr\r\nSubject: s\r\nDate: 17 Nov 2025 15:30:00 KST\r\n", b"x\r\n");
    assert_eq!(mail.envelope.occurred.unwrap().as_str(), "2025-11-17");
    assert!(told.contains("names no zone that is known"), "{told}");
}
