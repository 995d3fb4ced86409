//! The machine on a real chronology: a test reads it where it is.

use super::*;
use crate::domain::event::ExternalRef;

/// Returns the chronology as entries, numbered by line, with links as its `in_reply_to` says; none where
/// the file is not there.
fn chronology() -> Option<Vec<Row>> {
    let text = crate::testing::shared("inter-korean-chronology.jsonl")?;
    Some(text.lines().map(|line| chronicled(&serde_json::from_str(line).unwrap())).collect())
}

fn number(name: &serde_json::Value) -> Option<u64> {
    name.as_str()?.strip_prefix("ik-")?.parse().ok()
}

fn chronicled(line: &serde_json::Value) -> Row {
    let text = |field: &str| line[field].as_str().unwrap_or_default();
    let kind: Kind = text("kind").parse().unwrap();
    let own = number(&line["id"]).unwrap();
    let channel = line["channel"].as_str().or_else(|| line["channel"][0].as_str()).unwrap_or("none");
    let mut made = if kind == Kind::SilenceRecorded {
        let subject = json!([entity(&short(text("from")))]);
        row(own, text("date"), kind, "", "").detail(&json!({"subject": subject, "basis": "reported"}))
    } else {
        row(own, text("date"), kind, &short(text("from")), &short(text("to")))
    };
    made = made.via(&short(channel)).event(|event| {
        let external = ExternalRef { namespace: "ik".to_owned(), id: text("id").to_owned() };
        event.envelope.external_refs = vec![external];
    });
    if kind == Kind::ResponseCounterProposed || kind.family() == "meeting" {
        made = made.opens();
    }
    let relation = match kind.family() {
        _ if kind == Kind::ResponseCounterProposed => Relation::Counters,
        _ if kind == Kind::OvertureReiterated => Relation::Reiterates,
        "response" => Relation::Answers,
        "meeting" | "channel" => Relation::Realises,
        _ => Relation::Concerns,
    };
    match number(&line["in_reply_to"]) {
        Some(target) => made.link(relation, target),
        None => made,
    }
}

/// An id holds sixteen letters: `KOR/democratic-party` is cut, and stays what it is.
fn short(codes: &str) -> String {
    codes.split('+').map(|code| code.get(..16).unwrap_or(code)).collect::<Vec<_>>().join("+")
}

fn told(rows: &[Row], overture: u64, date: &str) -> OvertureStanding {
    let own: EntityId = id(overture).into();
    let story: Vec<Row> = rows.iter().filter(|row| row.0.concerns(own)).cloned().collect();
    standing_of(overture, &story, moment(date), &Elsewhere::default(), &Policies::default())
}

#[test]
fn the_chronology_stands_as_its_readers_know_it() {
    let Some(rows) = chronology() else { return };
    for (overture, date, expected) in [
        (1, "2025", "accepted, standing, receipt_confirmed~: PRK/red-cross accepted 2d"),
        (17, "2025", "pending, standing, issued, open: PRK none"),
        (19, "2025", "accepted, standing, receipt_confirmed~: KOR/red-cross accepted 6d"),
        (24, "2025", "negotiating, standing, receipt_confirmed~: PRK conditional 19d"),
        (42, "1997-12-08", "pending, standing, issued, open: PRK none; CHN none"),
        (42, "2025", "realised, realised, issued: PRK none; CHN none"),
        (50, "2000-07-22", "negotiating, standing, receipt_confirmed~: PRK countered 2d"),
        (50, "2025", "realised, realised, receipt_confirmed~: PRK countered 2d"),
        (68, "2025", "realised, realised, issued: KOR none"),
        (70, "2025", "negotiating, standing, receipt_confirmed~: KOR/mnd countered 6d"),
        (71, "2025", "negotiating, standing, receipt_confirmed~: PRK/mpaf countered 6d"),
        (80, "2025", "rejected, standing, receipt_confirmed~: PRK rejected 1d"),
        (88, "2014-10-03", "pending, standing, issued, open: PRK none"),
        (88, "2025", "accepted, standing, receipt_confirmed~: PRK accepted 54d"),
        (90, "2025", "rejected, standing, receipt_confirmed~: PRK rejected 19d"),
        (99, "2017-07-20", "deflected, standing, receipt_confirmed~, open: PRK/mpaf deflected 3d"),
        (99, "2025", "deflected, lapsed, receipt_confirmed~: PRK/mpaf deflected 3d"),
        (104, "2018-01-05", "accepted, standing, receipt_confirmed~: PRK accepted 3d"),
        (104, "2025", "realised, realised, receipt_confirmed~: PRK accepted 3d"),
        (123, "2025", "rejected, standing, receipt_confirmed~: PRK rejected 2d"),
        (132, "2025", "pending, standing, receipt_unclear, open: PRK/ufd none"),
        (147, "2025-12-01", "pending, standing, issued, open: PRK none"),
        (147, "2025", "unanswered, standing, issued, open: PRK none"),
        (149, "2025", "pending, standing, issued, open: PRK none"),
    ] {
        assert_eq!(line(&told(&rows, overture, date)), expected, "ik-{overture:03} at {date}");
    }
    let seed = told(&rows, 147, "2025-12-31");
    assert_eq!(seed.age_days(&seoul(), moment("2025-12-31")), Some((44, Some(44))));
    assert_eq!(seed.effects.iter().map(|(entry, _)| *entry).collect::<Vec<_>>(), [id(147), id(148), id(150)]);
}

#[test]
fn no_entry_of_the_chronology_is_one_that_no_rule_allows() {
    let Some(rows) = chronology() else { return };
    for row in rows.iter().filter(|row| {
        let kind = row.0.event.as_ref().unwrap().kind();
        kind == Kind::OvertureProposed || kind == Kind::ResponseCounterProposed
    }) {
        let number = row.0.position;
        assert_eq!(told(&rows, number, "2030").anomalies, [], "ik-{number:03}");
    }
}
