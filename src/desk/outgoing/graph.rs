//! Who answered whom: parties, and between them how often, how soon and in which way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::known::Known;
use crate::desk::outgoing::about::About;
use crate::desk::outgoing::taking::{Broke, Taking, concerned};
use crate::desk::outgoing::xml::{Tag, element};
use crate::desk::overtures::standings::Standings;
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Kind};
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::overture::days_between;
use crate::domain::overture::effect::Effect;
use crate::domain::party_code::PartyCode;

/// The answers of one party to the offers of another.
#[derive(Debug, Default)]
struct Edge {
    count: u64,
    kinds: BTreeMap<&'static str, u64>,
    // How many answers came after so many days; those of which both dates are known to the day.
    days: BTreeMap<i64, u64>,
    markings: BTreeSet<String>,
}

impl Edge {
    /// Returns the median of the days, where any are known; of an even number the mean of the middle two.
    fn median(&self) -> Option<String> {
        let timed = self.timed();
        let nth = |nth: u64| {
            let mut passed = 0;
            self.days.iter().find_map(|(days, count)| {
                passed += count;
                (passed > nth).then_some(*days)
            })
        };
        let (low, high) = (nth(timed.checked_sub(1)? / 2)?, nth(timed / 2)?);
        let half = if (low + high) % 2 == 0 { "0" } else { "5" };
        Some(format!("{}.{half}", i64::midpoint(low, high)))
    }

    fn timed(&self) -> u64 {
        self.days.values().sum()
    }

    fn kinds(&self) -> String {
        self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join("; ")
    }

    fn markings(&self) -> String {
        self.markings.iter().cloned().collect::<Vec<_>>().join("; ")
    }
}

/// Who answered whom.
#[derive(Default)]
struct Graph {
    // By party: its code, and that of the state or the organisation it belongs to.
    nodes: BTreeMap<String, String>,
    // From whoever answered to whoever had proposed.
    edges: BTreeMap<(String, String), Edge>,
}

impl Graph {
    fn of(taking: &mut Taking<'_>) -> Result<Self, DeskError> {
        let mut graph = Self::default();
        loop {
            let batch = taking.next()?;
            if batch.is_empty() {
                return Ok(graph);
            }
            let mut beside: Vec<EventId> = Vec::new();
            let mut standings = Standings::new(taking.known());
            for selected in &batch {
                graph.take(&mut standings, selected, &mut beside)?;
            }
            // Who had proposed and when is told by entries that the filter may leave out.
            taking.note(&beside)?;
        }
    }

    /// Takes in an entry that answers; one that its offer shows and that moves nothing there is no answer.
    fn take(
        &mut self,
        standings: &mut Standings<'_>,
        selected: &Selected,
        beside: &mut Vec<EventId>,
    ) -> Result<(), DeskError> {
        let Some(event) = selected.entry.event.as_ref().filter(|event| answers(event.kind())) else {
            return Ok(());
        };
        let known = standings.known;
        for overture in concerned(known, &selected.entry, EntityKind::Overture)? {
            if event.created(selected.entry.id) == Some(overture) {
                continue;
            }
            let standing = standings.of(overture)?;
            let mut effects = standing.effects.iter().filter(|(id, _)| *id == selected.entry.id);
            if !effects.any(|(_, effect)| matches!(effect, Effect::Answers { .. } | Effect::Conduct)) {
                continue;
            }
            let Some(offer) = known.entry(EventId::from_uuid(*overture.as_uuid()))? else { continue };
            let Some(proposed) = offer.event.as_ref() else { continue };
            beside.push(offer.id);
            let days = latency(known, proposed, event);
            for answering in &event.envelope.from {
                for proposing in proposed.envelope.from.iter().filter(|party| *party != answering) {
                    let from = self.node(known, *answering)?;
                    let to = self.node(known, *proposing)?;
                    let edge = self.edges.entry((from, to)).or_default();
                    edge.count += 1;
                    *edge.kinds.entry(event.kind().as_str()).or_default() += 1;
                    if let Some(days) = days {
                        *edge.days.entry(days).or_default() += 1;
                    }
                    edge.markings.extend(selected.row.marking.clone());
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, known: &Known, party: EntityId) -> Result<String, DeskError> {
        // Two that were found to be one are one here, whichever name an entry used.
        let party = known.register.standing_for(party);
        let name = known.named(party)?.name;
        let root = known.register.party_code(party).map_or_else(|| name.clone(), root);
        self.nodes.insert(name.clone(), root);
        Ok(name)
    }
}

fn root(code: &PartyCode) -> String {
    code.root().to_string()
}

/// Tells whether entries of a kind answer an offer.
fn answers(kind: Kind) -> bool {
    kind.family() == "response" || kind == Kind::OvertureAcknowledged
}

/// Returns how many days lie between an offer and an answer; none where either date has a doubt.
fn latency(known: &Known, offer: &Event, answer: &Event) -> Option<i64> {
    let day = |event: &Event| {
        let date = event.envelope.occurred.as_ref().filter(|date| !Occurred::is_doubtful(date))?;
        Some(date.earliest(&known.zone))
    };
    Some(days_between(&known.zone, day(offer)?, day(answer)?).max(0))
}

/// What is told of an edge: the attribute, its type in both formats, and what it means.
const ABOUT_EDGES: [(&str, &str, &str); 5] = [
    ("answers", "long", "how many answers"),
    ("median_days", "double", "median of the days from the offer to the answer"),
    ("timed", "long", "how many answers of which both dates are known to the day"),
    ("kinds", "string", "how often each kind"),
    ("markings", "string", "markings of the answers"),
];

fn told(edge: &Edge) -> [Option<String>; 5] {
    [
        Some(edge.count.to_string()),
        edge.median(),
        Some(edge.timed().to_string()),
        Some(edge.kinds()),
        Some(edge.markings()).filter(|markings| !markings.is_empty()),
    ]
}

/// Writes the graph in GEXF 1.2, which older programs read as well.
pub(super) fn gexf(taking: &mut Taking<'_>, about: &About, out: &mut dyn Write) -> Result<(), Broke> {
    let graph = Graph::of(taking)?;
    let day = about.recorded_at.to_string();
    let day = day.get(..10).unwrap_or_default();
    let mut lines = vec![
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        Tag::new("gexf").with("xmlns", "http://www.gexf.net/1.2draft").with("version", "1.2").open(),
        Tag::new("meta").with("lastmodifieddate", day).open(),
        element("creator", "demarche"),
        element("description", &format!("Who answered whom: {}", about.words())),
        "</meta>".to_owned(),
        Tag::new("graph").with("defaultedgetype", "directed").with("mode", "static").open(),
        Tag::new("attributes").with("class", "node").open(),
        Tag::new("attribute").with("id", "root").with("title", "root").with("type", "string").empty(),
        "</attributes>".to_owned(),
        Tag::new("attributes").with("class", "edge").open(),
    ];
    for (name, sort, _) in ABOUT_EDGES {
        lines.push(Tag::new("attribute").with("id", name).with("title", name).with("type", sort).empty());
    }
    lines.push("</attributes>".to_owned());
    lines.push(Tag::new("nodes").open());
    for (name, root) in &graph.nodes {
        lines.push(Tag::new("node").with("id", name).with("label", name).open());
        let value = Tag::new("attvalue").with("for", "root").with("value", root).empty();
        lines.push(format!("<attvalues>{value}</attvalues></node>"));
    }
    lines.push("</nodes>".to_owned());
    lines.push(Tag::new("edges").open());
    for (number, ((from, to), edge)) in graph.edges.iter().enumerate() {
        let tag = Tag::new("edge").with("id", &number.to_string()).with("source", from).with("target", to);
        lines.push(tag.with("weight", &edge.count.to_string()).open() + "<attvalues>");
        for ((name, _, _), value) in ABOUT_EDGES.iter().zip(told(edge)) {
            let Some(value) = value else { continue };
            lines.push(Tag::new("attvalue").with("for", name).with("value", &value).empty());
        }
        lines.push("</attvalues></edge>".to_owned());
    }
    lines.push("</edges></graph></gexf>\n".to_owned());
    out.write_all(lines.join("\n").as_bytes())?;
    Ok(())
}

/// Writes the graph in GraphML.
pub(super) fn graphml(taking: &mut Taking<'_>, about: &About, out: &mut dyn Write) -> Result<(), Broke> {
    let graph = Graph::of(taking)?;
    let key = |id: &str, of: &str, sort: &str, words: &str| {
        let tag = Tag::new("key").with("id", id).with("for", of).with("attr.name", id);
        format!("{}{}</key>", tag.with("attr.type", sort).open(), element("desc", words))
    };
    let data = |name: &str, value: &str| {
        format!("{}{}</data>", Tag::new("data").with("key", name).open(), super::xml::escaped(value))
    };
    let mut lines = vec![
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        Tag::new("graphml").with("xmlns", "http://graphml.graphdrawing.org/xmlns").open(),
        element("desc", &format!("Who answered whom: {}", about.words())),
        key("query", "graph", "string", "by which query"),
        key("known_at", "graph", "string", "as known at which position"),
        key("root", "node", "string", "the state or the organisation that it belongs to"),
    ];
    lines.extend(ABOUT_EDGES.iter().map(|(name, sort, words)| key(name, "edge", sort, words)));
    lines.push(Tag::new("graph").with("id", "answers").with("edgedefault", "directed").open());
    lines.push(data("query", &about.query));
    lines.push(data("known_at", &about.known_at()));
    for (name, root) in &graph.nodes {
        lines.push(Tag::new("node").with("id", name).open() + &data("root", root) + "</node>");
    }
    for ((from, to), edge) in &graph.edges {
        lines.push(Tag::new("edge").with("source", from).with("target", to).open());
        for ((name, _, _), value) in ABOUT_EDGES.iter().zip(told(edge)) {
            lines.extend(value.map(|value| data(name, &value)));
        }
        lines.push("</edge>".to_owned());
    }
    lines.push("</graph></graphml>\n".to_owned());
    out.write_all(lines.join("\n").as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle_of_what_is_known() {
        let edge = |days: &[(i64, u64)]| Edge { days: days.iter().copied().collect(), ..Edge::default() };
        for (days, median) in [
            (&[][..], None),
            (&[(3, 1)], Some("3.0")),
            (&[(3, 1), (4, 1)], Some("3.5")),
            (&[(0, 2), (10, 1)], Some("0.0")),
            (&[(0, 2), (10, 2)], Some("5.0")),
            (&[(1, 1), (2, 1), (100, 1)], Some("2.0")),
        ] {
            assert_eq!(edge(days).median().as_deref(), median, "{days:?}");
        }
    }
}
