//! Who speaks with whom over what: the registers of the log.

use demarche::domain::event::{Envelope, Event};
use demarche::domain::fact::Fact;
use demarche::domain::fact::meeting::SeriesRegistered;
use demarche::domain::fact::register::{
    ChannelRegistered, Name, Opened, PartyRegistered, PolicySet, RecorderRegistered, Sort,
};
use demarche::domain::id::{ActorId, EntityId};
use demarche::domain::schedule::Schedule;
use uuid::Uuid;

use super::random::Random;

/// States with bodies of their own, and what these are called.
const STATES: &str = "KOR mou mnd mofa president assembly jcs red-cross|PRK mfa cprk kpa ufd spa kcna red-cross|\
    USA dos dod white-house congress usfk|CHN mfa mnd npc cmc|JPN mofa mod cabinet diet|RUS mfa mod kremlin duma|\
    DEU aa bmvg kanzleramt|FRA mae elysee|GBR fcdo mod|CAN gac dnd|AUS dfat dod|IND mea mod|IDN mofa|VNM mofa mod|\
    THA mfa|MYS mofa|SGP mfa|PHL dfa dnd|MNG mfa president|SWE ud|CHE eda|POL msz|EGY mfa|IRN mfa sncc|SAU mofa|\
    BRA mre|MEX sre|ZAF dirco|NOR ud|FIN um|x-unc macs-k|x-un sg dppa security-council|x-icrc delegation|x-nnsc";
/// How a line is called beside its ends.
const LINES: [&str; 3] = ["liaison", "military", "red-cross"];
/// What carries words to whoever listens.
const CARRIERS: [&str; 4] = ["media", "letter", "embassy-note", "envoy"];
const RECORDERS: [&str; 12] = [
    "Kim Min-ji",
    "Park Jun-ho",
    "Lee Seo-yeon",
    "Choi Dong-hyun",
    "Jung Ha-eun",
    "Kang Tae-oh",
    "Yoon Ji-woo",
    "Lim Soo-bin",
    "Han Ye-rin",
    "Oh Se-hun",
    "Shin Da-in",
    "Seo Woo-jin",
];
/// How many pairs of states speak with each other.
pub(crate) const PAIRS: usize = 36;

/// A state or an organisation, and its bodies.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    /// Its code.
    pub(crate) code: String,
    /// Itself, then its bodies.
    pub(crate) ids: Vec<EntityId>,
}

/// A line between two parties.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) id: EntityId,
    /// The pair at its ends.
    pub(crate) pair: usize,
}

/// Everything that is in the registers.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) parties: Vec<Party>,
    pub(crate) pairs: Vec<(usize, usize)>,
    pub(crate) lines: Vec<Line>,
    pub(crate) carriers: Vec<EntityId>,
    /// One of the talks of each of the first pairs.
    pub(crate) series: Vec<EntityId>,
    pub(crate) recorders: Vec<ActorId>,
    pub(crate) channel_names: Vec<String>,
    pub(crate) topics: Vec<String>,
}

/// An entry of a register.
pub(crate) type Registration = (Uuid, Event);

impl World {
    /// Returns the world of a seed, and what enters it in the registers.
    pub(crate) fn of(random: &mut Random) -> (Self, Vec<Registration>) {
        let mut entered = Entered { random, all: Vec::new() };
        let zone = "Asia/Seoul".parse().expect("a zone");
        entered.add(Fact::LogOpened(Opened { zone }));
        let recorders = RECORDERS.map(|name| {
            let id = entered.add(Fact::RecorderRegistered(RecorderRegistered { name: name.to_owned() }));
            ActorId::from_uuid(*id.as_uuid())
        });
        let parties: Vec<Party> = STATES.split('|').map(|line| entered.party(line)).collect();
        let pairs = pairs(parties.len());
        let mut channel_names = Vec::new();
        let mut lines = Vec::new();
        for (number, (one, other)) in pairs.iter().enumerate() {
            for line in LINES {
                let name = format!("{}-{}-{line}", plain(&parties[*one].code), plain(&parties[*other].code));
                let ends = vec![parties[*one].ids[0], parties[*other].ids[0]];
                lines.push(Line { id: entered.channel(&name, Sort::Line, ends), pair: number });
                channel_names.push(name);
            }
        }
        let carriers = CARRIERS.map(|name| entered.channel(name, Sort::Carrier, Vec::new()));
        channel_names.extend(CARRIERS.map(ToOwned::to_owned));
        let series = pairs.iter().take(10).map(|(one, other)| {
            let (one, other) = (&parties[*one], &parties[*other]);
            let names = vec![Name::from(format!("{}-{} working talks", one.code, other.code).as_str())];
            let ends = vec![one.ids[0], other.ids[0]];
            entered.add(Fact::SeriesRegistered(SeriesRegistered { names, ends }))
        });
        let series = series.collect();
        entered.add(Fact::PolicySet(PolicySet {
            name: "the house".to_owned(),
            response_within: Some("30d".parse().expect("a span")),
            missed_attempts_max: Some(4),
            dormant_after: Some("90d".parse().expect("a span")),
            ..PolicySet::default()
        }));
        let topics = (0..40).map(|number| format!("{} {}", TOPICS[number % 8], FIELDS[number / 8])).collect();
        let world = Self {
            parties,
            pairs,
            lines,
            carriers: carriers.to_vec(),
            series,
            recorders: recorders.to_vec(),
            channel_names,
            topics,
        };
        (world, entered.all)
    }

    /// Returns a party of a state, rather itself than one of its bodies.
    pub(crate) fn body(&self, random: &mut Random, state: usize) -> EntityId {
        let ids = &self.parties[state].ids;
        ids[random.rather_early(ids.len())]
    }
}

const TOPICS: [&str; 8] = ["military", "family", "trade", "rail", "relief", "border", "sea", "nuclear"];
const FIELDS: [&str; 5] = ["talks", "visits", "notices", "incidents", "aid"];

/// Returns who speaks with whom: the first states with many, the others with the first.
fn pairs(parties: usize) -> Vec<(usize, usize)> {
    let all = (0..parties).flat_map(|one| (one + 1..parties).map(move |other| (one, other)));
    let mut pairs: Vec<(usize, usize)> = all.collect();
    pairs.sort_by_key(|(one, other)| (one * 4 + other, *one));
    pairs.truncate(PAIRS);
    pairs
}

fn plain(code: &str) -> String {
    code.to_lowercase()
}

struct Entered<'random> {
    random: &'random mut Random,
    all: Vec<Registration>,
}

impl Entered<'_> {
    fn add(&mut self, fact: Fact) -> EntityId {
        let id = self.random.uuid();
        self.all.push((id, Event { envelope: Envelope::default(), fact }));
        EntityId::from_uuid(id)
    }

    fn party(&mut self, line: &str) -> Party {
        let mut words = line.split_whitespace();
        let code = words.next().expect("a code").to_owned();
        let codes = std::iter::once(code.clone()).chain(words.map(|body| format!("{code}/{body}")));
        let ids = codes.map(|code| {
            let code = code.parse().expect("a code");
            self.add(Fact::PartyRegistered(PartyRegistered { code, names: Vec::new() }))
        });
        Party { ids: ids.collect(), code }
    }

    fn channel(&mut self, name: &str, sort: Sort, ends: Vec<EntityId>) -> EntityId {
        let slots = ["09:00", "17:00"].map(|slot| slot.parse().expect("a slot")).to_vec();
        let is_line = sort == Sort::Line;
        self.add(Fact::ChannelRegistered(ChannelRegistered {
            name: name.parse().expect("a name"),
            sort,
            names: Vec::new(),
            ends,
            capabilities: Vec::new(),
            schedule: is_line.then(|| Schedule { slots, days: Vec::new(), zone: None }),
            marking_min: None,
        }))
    }
}
