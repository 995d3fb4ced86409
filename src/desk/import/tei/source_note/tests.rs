//! What source notes say, as volumes have them.

use super::*;

#[test]
fn a_source_note_is_read_sentence_by_sentence() {
    let note = read(
        "Source: National Archives, RG 59, Central Files 1967–69, POL 33–6. Secret; Immediate; Nodis; Cactus. Repeated to \
         Tokyo, London, and Bern. Drafted by Yager. That copy indicates that the President saw it.",
    );
    assert_eq!(note.archive, "National Archives, RG 59, Central Files 1967–69, POL 33–6");
    assert_eq!(note.marking.as_deref(), Some("Secret"));
    assert_eq!(note.precedence, Some(Precedence::Immediate));
    assert_eq!(note.captions, ["Nodis", "Cactus"]);
    assert_eq!(note.repeated_to, ["Tokyo", "London", "Bern"]);
    assert_eq!(note.rest.len(), 2);
}

#[test]
fn who_was_to_act_and_who_got_it_for_information_are_told_apart() {
    let note =
        read("Source: A. Secret. Also sent to Tokyo and repeated to CINCPAC for POLAD, USUN, and Moscow.");
    assert_eq!(note.also_sent_to, ["Tokyo"]);
    assert_eq!(note.repeated_to, ["CINCPAC for POLAD", "USUN", "Moscow"]);
    let note = read("Source: A. Secret. Repeated for information to Seoul and pouched to Bern.");
    assert_eq!((note.repeated_to.join(","), note.rest.len()), ("Seoul,Bern".to_owned(), 0));
}

#[test]
fn whoever_is_named_for_information_got_it_so_and_others_who_are_not_named_are_nobody() {
    for (said, sent, info) in [
        ("Repeated to Bangkok, Vientiane, and to CINCPAC", "", "Bangkok,Vientiane,CINCPAC"),
        ("Repeated to London and Paris, and to USUN for information", "", "London,Paris,USUN"),
        (
            "Also sent to Paris for Bohlen, and Phnom Penh for information only",
            "Paris for Bohlen",
            "Phnom Penh",
        ),
        ("Sent to Seoul, and to USUN for info", "Seoul", "USUN"),
        ("Sent to Tonga and to Tokyo", "Tonga,Tokyo", ""),
    ] {
        let note = read(&format!("Source: A. Secret. {said}."));
        assert_eq!(
            (note.also_sent_to.join(","), note.repeated_to.join(",")),
            (sent.to_owned(), info.to_owned()),
            "{said}"
        );
        assert!(
            note.told.is_empty() && note.rest.is_empty() && note.unread_info.is_none(),
            "{said}: {note:?}"
        );
    }
    for (said, sent, info, told) in [
        ("Repeated to Belgrade and other posts", "", "Belgrade", "does not name them"),
        ("Sent to Seoul, Tokyo, and all NATO posts", "Seoul,Tokyo", "", "does not name them"),
        ("Also sent to Tokyo, London for information", "Tokyo", "London", "taken of that one alone"),
    ] {
        let note = read(&format!("Source: A. Secret. {said}."));
        assert_eq!(
            (note.also_sent_to.join(","), note.repeated_to.join(",")),
            (sent.to_owned(), info.to_owned()),
            "{said}"
        );
        assert!(note.told.len() == 1 && note.told[0].contains(told), "{said}: {note:?}");
        assert_eq!(note.rest, [said]);
    }
    let note = read("Source: A. Secret. Sent via air pouch; repeated to Tokyo and others.");
    assert_eq!((note.repeated_to.join(","), note.told.len()), ("Tokyo".to_owned(), 1));
}

#[test]
fn a_marking_ends_the_archive_whatever_stands_before_it() {
    for archive in ["Carter Library, Box 1", "National Archives, Country Files, Vol. I", "X, Box 7, Folder A"]
    {
        let note = read(&format!("Source: {archive}. Top Secret; Niact Immediate; Cherokee. Unsigned."));
        assert_eq!((note.archive.as_str(), note.marking.as_deref()), (archive, Some("Top Secret")));
        assert_eq!((note.precedence, note.captions.len()), (Some(Precedence::Immediate), 1));
    }
}

#[test]
fn whoever_got_it_is_named_after_how_urgent_it_was() {
    let note = read(
        "Source: A. Secret. Sent Immediate to Seoul and Tokyo. Sent for information Priority to \
                     Paris, and USUN. Sent for action.",
    );
    assert_eq!(
        (note.also_sent_to.join(","), note.repeated_to.join(",")),
        ("Seoul,Tokyo".to_owned(), "Paris,USUN".to_owned())
    );
    assert_eq!(
        (note.precedence, note.rest.join(",")),
        (Some(Precedence::Immediate), "Sent for action".to_owned())
    );
    let mut note = SourceNote::default();
    note.footnote("Repeated for information to Bern.");
    assert_eq!(note.repeated_to, ["Bern"]);
}

#[test]
fn the_highest_precedence_counts_and_niact_is_none() {
    for (marked, precedence, written) in [
        ("Secret; Priority; Niact", Some(Precedence::Priority), Some("Priority; Niact")),
        ("Secret; Niact", None, Some("Niact")),
        ("Secret; Niact Immediate", Some(Precedence::Immediate), Some("Niact Immediate")),
        ("Secret; Routine; Flash; Priority", Some(Precedence::Flash), Some("Routine; Flash; Priority")),
        ("Secret, Priority, Nodis", Some(Precedence::Priority), None),
        (
            "Secret; Immediate. Sent Priority to Seoul",
            Some(Precedence::Immediate),
            Some("Immediate; Priority"),
        ),
    ] {
        let note = read(&format!("Source: A. {marked}."));
        assert_eq!(note.precedence, precedence, "{marked}");
        assert_eq!(note.urgency_as_written().as_deref(), written, "{marked}");
        assert_eq!(note.captions.len(), usize::from(marked.contains("Nodis")), "{marked}");
    }
}

#[test]
fn who_got_it_for_information_is_read_wherever_the_note_says_it() {
    for (said, info) in [
        ("Received at 4:05 p.m. Repeated to Moscow, Stockholm, and Bern", "Moscow,Stockholm,Bern"),
        ("Repeated to Moscow and Bern; passed to the White House", "Moscow,Bern"),
        ("Sent via air pouch; repeated to Tokyo, USUN, and London", "Tokyo,USUN,London"),
        ("Received in the U.S. Sent to Seoul and repeated to CINCPAC for POLAD", "CINCPAC for POLAD"),
        ("Drafted by Yager (repeated to Paris for information); cleared by Rusk", "Paris"),
    ] {
        let note = read(&format!("Source: A. Secret. {said}."));
        assert_eq!((note.repeated_to.join(",").as_str(), note.unread_info), (info, None), "{said}");
    }
    for said in ["Repeated by pouch to Tokyo", "It was drafted, and repeated to him at lunch"] {
        let note = read(&format!("Source: A. Secret. {said}."));
        assert_eq!((note.repeated_to.len(), note.unread_info.as_deref()), (0, Some(said)), "{said}");
    }
    let note = read("Source: A. Secret. He repeated to Gromyko that the offer stands.");
    assert_eq!((note.repeated_to.len(), note.unread_info), (0, None));
}

#[test]
fn what_stands_above_a_heading_is_the_number_of_a_file_or_a_remark() {
    let (note, form) = above("740.1 Control/4–2249: Circular telegram");
    assert_eq!((note.archive.as_str(), form), ("740.1 Control/4–2249: Circular telegram", Some("cable")));
    assert_eq!(above("Peace Conf. 184.1/36").0.archive, "Peace Conf. 184.1/36");
    assert_eq!(above("[Extract.]").0.rest, ["[Extract.]"]);
}

#[test]
fn a_volume_number_ends_no_sentence() {
    let note =
        read("Source: Johnson Library, Korea, Vol. Ib. Part A (beginning February). Top Secret. Unsigned.");
    assert_eq!(note.archive, "Johnson Library, Korea, Vol. Ib. Part A (beginning February)");
    assert_eq!((note.marking.as_deref(), note.captions.len()), (Some("Top Secret"), 0));
}
