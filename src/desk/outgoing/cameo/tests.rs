//! Whom event data has as the target of what names nobody.

use std::collections::BTreeMap;

use crate::desk::ask::{ExportAsk, When};
use crate::desk::outgoing::Format;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::register::{ChannelRegistered, Sort};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{EntityId, EventId};

/// Returns the rows of an entry, by the names of their columns.
fn rows(fixture: &Fixture, id: EventId) -> Vec<BTreeMap<String, String>> {
    let mut out = Vec::new();
    let mut note = |_: &[_]| Ok(());
    let (desk, ask) = (&fixture.desk, ExportAsk::default());
    assert!(desk.export_as(&When::default(), &ask, Format::Cameo, &mut note, &mut |_| (), &mut out).is_ok());
    let text = String::from_utf8(out).unwrap();
    let mut rows = ::csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let rows = rows.deserialize().map(Result::<BTreeMap<String, String>, _>::unwrap);
    rows.filter(|row| row["id"] == id.to_string()).collect()
}

#[test]
fn event_data_has_as_a_target_whom_the_line_or_the_offer_tells() {
    let fixture = Fixture::new();
    let [south, north, japan, ministry] = ["KOR", "PRK", "JPN", "KOR/mnd"].map(|code| fixture.party(code));
    let line = ChannelRegistered {
        name: "mil-west".parse().unwrap(),
        sort: Sort::Line,
        names: Vec::new(),
        ends: vec![south, north],
        capabilities: Vec::new(),
        schedule: None,
        marking_min: None,
    };
    let line: EntityId = fixture.add(Envelope::default(), Fact::ChannelRegistered(line)).into();
    let offer = Envelope { from: vec![ministry], to: vec![north], ..on("2025-01-01") };
    let offer: EntityId = fixture.event(Kind::OvertureProposed, offer).into();
    for (kind, from, about, expected) in [
        (Kind::CallUnanswered, vec![ministry], line, ("PRK", "the line tells the target")),
        (Kind::ChannelSevered, vec![north], line, ("KOR", "the line tells the target")),
        (Kind::CallAnswered, vec![japan], line, ("", "")),
        (Kind::CallAnswered, vec![], line, ("", "")),
        (Kind::ResponseRejected, vec![north], offer, ("KOR/mnd", "the offer tells the target")),
        (Kind::OvertureUrged, vec![south], offer, ("PRK", "the offer tells the target")),
        (Kind::StatementPublic, vec![north], offer, ("", "")),
        (Kind::MessageReceived, vec![north], line, ("KOR", "the line tells the target")),
    ] {
        let is_over = kind == Kind::MessageReceived;
        let (about, via) = if is_over { (vec![], vec![about]) } else { (vec![about], vec![]) };
        let id = fixture.event(kind, Envelope { about, via, from, ..on("2025-02-01") });
        let row = rows(&fixture, id).remove(0);
        assert_eq!(row["target"], expected.0, "{kind}");
        let score = &row["goldstein"];
        assert!(score.is_empty() || score.parse::<f64>().is_ok(), "{kind}: {score}");
        assert_eq!(
            score.starts_with('-'),
            matches!(kind, Kind::ResponseRejected | Kind::ChannelSevered),
            "{kind}: {score}"
        );
        assert!(row["note"].ends_with(expected.1), "{kind}: {}", row["note"]);
        assert_eq!(row["note"].contains("tells the target"), !expected.1.is_empty(), "{kind}");
    }
}

#[test]
fn nobody_acts_towards_itself_and_of_a_joint_act_each_side_acts_towards_the_others() {
    let fixture = Fixture::new();
    let [south, north, japan] = ["KOR", "PRK", "JPN"].map(|code| fixture.party(code));
    for (from, to, expected) in [
        (vec![south, north], vec![south, north], &[("KOR", "PRK"), ("PRK", "KOR")][..]),
        (vec![japan, north], vec![japan], &[("PRK", "JPN")]),
        (vec![south, north], vec![], &[("KOR", "PRK"), ("PRK", "KOR")]),
        (vec![south, north], vec![japan], &[("KOR", "JPN"), ("PRK", "JPN")]),
        (vec![south], vec![south], &[("KOR", "")]),
        (vec![], vec![south, north], &[("", "KOR"), ("", "PRK")]),
    ] {
        let id = fixture.event(Kind::AgreementAnnounced, Envelope { from, to, ..on("1972-07-04") });
        let rows = rows(&fixture, id);
        let pairs: Vec<_> = rows.iter().map(|row| (row["source"].as_str(), row["target"].as_str())).collect();
        assert_eq!(pairs, expected);
    }
}

#[test]
fn who_sat_together_met_each_other_whoever_else_is_named() {
    let fixture = Fixture::new();
    let [south, north, japan] = ["KOR", "PRK", "JPN"].map(|code| fixture.party(code));
    let pairs = |kind: Kind, from: Vec<EntityId>, to: Vec<EntityId>| -> Vec<(String, String)> {
        let id = fixture.event(kind, Envelope { from, to, opens: true, ..on("1997-12-09") });
        rows(&fixture, id).into_iter().map(|row| (row["source"].clone(), row["target"].clone())).collect()
    };
    let named = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(source, target)| ((*source).to_owned(), (*target).to_owned())).collect()
    };
    let four = [("KOR", "JPN"), ("KOR", "PRK"), ("PRK", "JPN"), ("PRK", "KOR")];
    let mut joint = pairs(Kind::MeetingHeld, vec![south, north], vec![japan]);
    joint.sort();
    assert_eq!(joint, named(&four));
    let six =
        [("KOR", "JPN"), ("KOR", "PRK"), ("PRK", "JPN"), ("PRK", "KOR"), ("JPN", "KOR"), ("JPN", "PRK")];
    let mut all = pairs(Kind::MeetingHeld, vec![south, north, japan], vec![]);
    all.sort();
    let mut expected = named(&six);
    expected.sort();
    assert_eq!(all, expected);
    assert_eq!(pairs(Kind::MeetingHeld, vec![south], vec![north]), named(&[("KOR", "PRK")]));
    assert_eq!(pairs(Kind::MeetingHeld, vec![south], vec![]), named(&[("KOR", "")]));
}
