//! The questions that a desk asks, each time about something else, through the API in process.

use std::time::{Duration, Instant};

use demarche::http::client::{Client, Request, path};

use super::prose::Prose;
use super::random::Random;
use super::twin::{ABOUT, FROM, KIND, Named, TO, TOPIC, Twin, VIA, number, word};
use super::world::World;

/// A question, by what it is about.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) aim: &'static str,
    /// Returns what is sent, one after the other, as one answer.
    ask: fn(&mut Asker<'_>) -> Vec<Request>,
    /// Asks the same of `SQLite`, where that has an answer.
    twin: Option<fn(&mut Drawer, &Twin)>,
}

/// How long one question is asked.
const LONGEST: Duration = Duration::from_secs(10);
/// How often, at most and at least.
const TIMES: std::ops::RangeInclusive<usize> = 5..=1_000;
/// How often before it is measured, and how long at most.
const BEFORE: (usize, Duration) = (25, Duration::from_secs(3));

/// The questions of the figures, in the order of the report.
pub(crate) static QUESTIONS: [Question; 10] = [
    Question {
        name: "timeline page of 50 with two filters",
        aim: "≤ 5 ms",
        ask: |asker| vec![asker.page()],
        twin: Some(|drawer, twin| {
            let filters = drawer.filters();
            twin.page(&filters.one, &filters.other, filters.reverse);
        }),
    },
    Question {
        name: "the same with facet counts and density",
        aim: "≤ 30 ms",
        ask: |asker| {
            let page = asker.page();
            let filters = page.query.iter().filter(|(name, _)| name != "reverse" && name != "limit").cloned();
            let by = "channel,via,from_party,to_party,kind,topic,year,marking,grade,recorder,status";
            let mut query: Vec<(String, String)> = filters.collect();
            query.extend([pair("by", by), pair("density", "occurred")]);
            let facets = Request { path: "/v1/facets".to_owned(), query, ..Request::default() };
            vec![page, facets]
        },
        twin: Some(|drawer, twin| {
            let filters = drawer.filters();
            twin.page(&filters.one, &filters.other, filters.reverse);
            twin.facets(&filters.one, &filters.other);
        }),
    },
    Question {
        name: "the page, known as of half way",
        aim: "≤ 2 × now",
        ask: |asker| {
            let mut page = asker.page();
            page.query.push(pair("known_as_of", &(asker.count / 2).to_string()));
            vec![page]
        },
        twin: None,
    },
    Question {
        name: "open overtures by age",
        aim: "≤ 5 ms",
        ask: |asker| {
            let party = asker.drawer.state();
            vec![get("/v1/overtures", &[("open", "true"), ("sort", "age"), ("to_party", &party)])]
        },
        twin: None,
    },
    Question {
        name: "one thread",
        aim: "≤ 2 ms",
        ask: |asker| {
            let handle = asker.overture();
            vec![Request { path: path(&["v1", "threads", &handle]), ..Request::default() }]
        },
        twin: Some(|drawer, twin| {
            let place = drawer.random.below(drawer.overtures.len());
            twin.thread(drawer.overtures[place].parse().expect("an id"));
        }),
    },
    Question {
        name: "silence matrix of one pair",
        aim: "≤ 5 ms",
        ask: |asker| {
            let (one, other) = asker.drawer.two_states();
            vec![get("/v1/silence", &[("party", &one), ("towards", &other)])]
        },
        twin: None,
    },
    Question {
        name: "a two-word Korean phrase",
        aim: "≤ 20 ms",
        ask: |asker| {
            let [one, other] = asker.drawer.phrase();
            vec![get("/v1/search", &[("text", &format!("\"{one} {other}\""))])]
        },
        twin: Some(|drawer, twin| {
            let [one, other] = drawer.phrase();
            twin.phrase(super::twin::bigrams(&format!("{one} {other}")).trim());
        }),
    },
    Question {
        name: "two Korean words, both somewhere",
        aim: "–",
        ask: |asker| {
            let [one, other] = asker.drawer.phrase();
            vec![get("/v1/search", &[("text", &format!("{one} {other}"))])]
        },
        twin: None,
    },
    Question {
        name: "`channels --at` ten years back",
        aim: "≤ 50 ms",
        ask: |asker| {
            let at =
                format!("201{}-0{}-11", 5 + asker.drawer.random.below(3), 1 + asker.drawer.random.below(9));
            vec![get("/v1/channels", &[("at", &at)])]
        },
        twin: None,
    },
    Question {
        name: "one entry, whole",
        aim: "–",
        ask: |asker| {
            let handle = asker.overture();
            vec![Request { path: path(&["v1", "entries", &handle]), ..Request::default() }]
        },
        twin: None,
    },
];

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn get(path: &str, query: &[(&str, &str)]) -> Request {
    let query = query.iter().map(|(name, value)| pair(name, value)).collect();
    Request { path: path.to_owned(), query, ..Request::default() }
}

/// Draws what a question is about; the same for both who are asked.
pub(crate) struct Drawer {
    pub(crate) random: Random,
    world: World,
    prose: Prose,
    /// Ids of offers, from all over the log.
    pub(crate) overtures: Vec<String>,
}

/// Two filters as the API and as `SQLite` have them.
struct Filters {
    query: Vec<(String, String)>,
    one: Named,
    other: Named,
    reverse: bool,
}

impl Drawer {
    pub(crate) fn new() -> Self {
        let (world, _) = World::of(&mut Random::of(super::building::SEED));
        Self { random: Random::of(1), world, prose: Prose::new(), overtures: Vec::new() }
    }

    /// Begins what is drawn for a question.
    pub(crate) fn begin(&mut self, question: usize) {
        self.random = Random::of(question as u64 + 100);
    }

    fn state(&mut self) -> String {
        let place = self.random.rather_early(self.world.parties.len());
        self.world.parties[place].code.clone()
    }

    fn two_states(&mut self) -> (String, String) {
        let place = self.random.rather_early(self.world.pairs.len());
        let (one, other) = self.world.pairs[place];
        (self.world.parties[one].code.clone(), self.world.parties[other].code.clone())
    }

    fn phrase(&mut self) -> [String; 2] {
        self.prose.two_words(&mut self.random).map(ToOwned::to_owned)
    }

    /// Returns what is asked of a page of 50 with two filters.
    pub(crate) fn page(&mut self) -> Vec<(String, String)> {
        let Filters { mut query, reverse, .. } = self.filters();
        if reverse {
            query.push(pair("reverse", "true"));
        }
        query.push(pair("limit", "50"));
        query
    }

    fn filters(&mut self) -> Filters {
        let roles = |roles: &[i64], ids: &[demarche::domain::id::EntityId]| -> Named {
            roles.iter().flat_map(|role| ids.iter().map(|id| (*role, number(*id)))).collect()
        };
        let line = self.random.rather_early(self.world.lines.len());
        let pair_of_line = self.world.pairs[self.world.lines[line].pair];
        let party =
            &self.world.parties[if self.random.in_thousand(500) { pair_of_line.0 } else { pair_of_line.1 }];
        let kinds = ["statement.public", "overture.proposed", "message.sent", "response.rejected"];
        let kind = *self.random.pick(&kinds);
        let topic = self.world.topics[self.random.rather_early(self.world.topics.len())].clone();
        let reverse = self.random.in_thousand(500);
        let (query, one, other) = match self.random.below(3) {
            0 => (
                vec![pair("channel", &self.world.channel_names[line]), pair("party", &party.code)],
                roles(&[ABOUT, VIA], &[self.world.lines[line].id]),
                roles(&[FROM, TO], &party.ids),
            ),
            1 => (
                vec![pair("party", &party.code), pair("kind", kind)],
                roles(&[FROM, TO], &party.ids),
                vec![(KIND, word(kind))],
            ),
            _ => (
                vec![pair("topic", &topic), pair("from_party", &party.code)],
                vec![(TOPIC, word(&topic))],
                roles(&[FROM], &party.ids),
            ),
        };
        Filters { query, one, other, reverse }
    }
}

/// Asks a desk.
pub(crate) struct Asker<'client> {
    pub(crate) client: &'client Client,
    pub(crate) count: u64,
    pub(crate) drawer: Drawer,
}

/// How long answers took, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) half: f64,
    pub(crate) most: f64,
    /// Of the processors, on average: what others do on the machine does not count.
    pub(crate) processor: f64,
    pub(crate) count: usize,
    /// How many answers had something read from the disk for them, and the most that the others took: the system gives
    /// memory that nobody looked at for a while to others, and what is asked for the first time it never had.
    pub(crate) from_disk: usize,
    pub(crate) most_from_memory: f64,
}

impl Times {
    /// Returns the times of what is done again and again, for as long as a question is asked.
    pub(crate) fn of(mut once: impl FnMut() -> Duration) -> Self {
        let begun = Instant::now();
        for _ in 0..BEFORE.0 {
            let _ = once();
            if begun.elapsed() > BEFORE.1 {
                break;
            }
        }
        let (begun, worked) = (Instant::now(), processor_time());
        let (mut times, mut from_memory) = (Vec::new(), Vec::new());
        while times.len() < *TIMES.end() && (begun.elapsed() < LONGEST || times.len() < *TIMES.start()) {
            let before = bytes_from_disk();
            let took = once().as_secs_f64() * 1e3;
            times.push(took);
            from_memory.extend((bytes_from_disk() == before).then_some(took));
        }
        let processor = (processor_time() - worked) * 1e3 / times.len() as f64;
        let at = |times: &mut Vec<f64>, share: f64| {
            times.sort_by(f64::total_cmp);
            times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default()
        };
        Self {
            half: at(&mut times, 0.5),
            most: at(&mut times, 0.99),
            processor,
            count: times.len(),
            from_disk: times.len() - from_memory.len(),
            most_from_memory: at(&mut from_memory, 0.99),
        }
    }
}

/// Returns how many bytes this process has had read from the disk.
fn bytes_from_disk() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let digits = io.lines().find_map(|line| line.strip_prefix("read_bytes:"));
    digits.and_then(|digits| digits.trim().parse().ok()).unwrap_or_default()
}

/// Returns the seconds that this process has spent on processors, to a hundredth.
pub(crate) fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name of the program, which may have spaces: user and system time, in hundredths.
    let numbers = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(2));
    numbers.into_iter().flatten().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 1e2
}

impl Asker<'_> {
    fn page(&mut self) -> Request {
        Request { path: "/v1/timeline".to_owned(), query: self.drawer.page(), ..Request::default() }
    }

    fn overture(&mut self) -> String {
        let place = self.drawer.random.below(self.drawer.overtures.len());
        self.drawer.overtures[place].clone()
    }

    /// Sends a request, which must be answered.
    fn send(&self, request: &Request) -> Vec<u8> {
        let reply = self.client.send(request).unwrap();
        assert_eq!(reply.status, 200, "{request:?}: {}", String::from_utf8_lossy(&reply.body));
        reply.body
    }

    /// Looks up offers from all over the log.
    pub(crate) fn look_up_overtures(&mut self) {
        self.drawer.begin(1_000);
        let room = self.count.saturating_sub(2_000).max(1) as usize;
        while self.drawer.overtures.len() < 400 {
            let from = self.drawer.random.below(room);
            let positions = format!("{from}..{}", from + 2_000);
            let query = [("kind", "overture.proposed"), ("position", positions.as_str()), ("limit", "1")];
            let body = self.send(&get("/v1/timeline", &query));
            let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let id = answer.pointer("/data/items/0/id").and_then(|id| id.as_str());
            self.drawer.overtures.extend(id.map(ToOwned::to_owned));
        }
    }

    /// Asks a question again and again.
    pub(crate) fn measure(&mut self, number: usize) -> Times {
        self.drawer.begin(if number == 2 { 0 } else { number });
        let question = &QUESTIONS[number];
        Times::of(|| {
            let requests = (question.ask)(self);
            let begun = Instant::now();
            for request in &requests {
                std::hint::black_box(self.send(request));
            }
            begun.elapsed()
        })
    }
}

/// Asks `SQLite` the same again and again; none where it has no answer.
pub(crate) fn of_twin(drawer: &mut Drawer, twin: &Twin, number: usize) -> Option<Times> {
    let ask = QUESTIONS[number].twin?;
    drawer.begin(number);
    Some(Times::of(|| {
        let begun = Instant::now();
        ask(drawer, twin);
        begun.elapsed()
    }))
}
