//! Promises of what occurs together, against the rows themselves.

use super::*;
use crate::domain::fact::Kind;
use crate::domain::fact::KindClass;
use crate::domain::id::EntityId;
use crate::domain::words::Directness;
use crate::projections::term;

fn id(number: u64) -> EntityId {
    EntityId::from_uuid(uuid::Uuid::from_u64_pair(7, number))
}

fn one_of<T: Copy>(all: &[T], number: u64) -> T {
    all[usize::try_from(number).unwrap() % all.len()]
}

/// A seeded source of small numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A row as it is written and as it is understood.
#[derive(Clone)]
struct Row {
    kind: Kind,
    from: Vec<EntityId>,
    to: Vec<EntityId>,
    via: Vec<EntityId>,
    about: Vec<EntityId>,
    topic: String,
    way: Option<Directness>,
}

impl Row {
    /// Draws one that stands in a segment: of some channels and topics each segment knows but a few.
    fn drawn(draw: &mut Draw, segment: u64) -> Self {
        let from = draw.below(4);
        let channel = id(100 + (from * 3 + segment * 5 + draw.below(2)) % 12);
        let some = |draw: &mut Draw, id: EntityId| if draw.below(3) > 0 { vec![id] } else { Vec::new() };
        Self {
            kind: one_of(Kind::ALL, segment * 7 + draw.below(5)),
            from: some(draw, id(from)),
            to: {
                let to = draw.below(4);
                some(draw, id((from + to + segment) % 6))
            },
            via: some(draw, channel),
            about: some(draw, channel),
            topic: format!("topic {}", (segment * 3 + draw.below(3)) % 8),
            way: (draw.below(3) == 0).then(|| one_of(Directness::ALL, segment + draw.below(2))),
        }
    }

    fn counted(&self) -> Vec<(Field, Term)> {
        let of = |field, ids: &[EntityId]| ids.iter().map(|id| (field, term::entity(field, *id))).collect();
        let roles: [Vec<(Field, Term)>; 4] = [
            of(Field::From, &self.from),
            of(Field::To, &self.to),
            of(Field::Via, &self.via),
            of(Field::About, &self.about),
        ];
        let mut counted = roles.concat();
        counted.push((Field::Kind, term::kind(self.kind)));
        counted.push((Field::Topic, term::word(Field::Topic, &self.topic)));
        counted
    }

    /// Returns what it is found by and not counted by.
    fn marks(&self) -> Vec<Term> {
        let classes = KindClass::ALL.into_iter().filter(|class| class.has(self.kind));
        let unaddressed = classes.clone().filter(|_| self.to.is_empty()).map(term::unaddressed);
        classes.map(term::class).chain(unaddressed).chain(self.way.map(term::directness)).collect()
    }

    fn meets(&self, test: &Test) -> bool {
        let has = |of: &[EntityId], ids: &[EntityId]| of.iter().any(|id| ids.contains(id));
        match test {
            Test::From(ids) => has(&self.from, ids),
            Test::To(ids) => has(&self.to, ids),
            Test::Party(ids) => has(&self.from, ids) || has(&self.to, ids),
            Test::Via(ids) => has(&self.via, ids),
            Test::About(ids) => has(&self.about, ids),
            Test::Kind(kinds) => kinds.contains(&self.kind),
            Test::Class(class) => class.has(self.kind),
            Test::Unaddressed(class) => class.has(self.kind) && self.to.is_empty(),
            Test::Topic(topic) => self.topic == *topic,
            Test::All(tests) => tests.iter().all(|test| self.meets(test)),
            Test::Any(tests) => tests.iter().any(|test| self.meets(test)),
            Test::Not(test) => !self.meets(test),
            Test::Reaches(way) => self.way == Some(*way),
            Test::Lasted | Test::PerhapsLinked | Test::PerhapsUnlinked => true,
        }
    }
}

fn drawn_test(draw: &mut Draw, depth: u64) -> Test {
    let (party, channel) = (id(draw.below(7)), id(100 + draw.below(13)));
    let several = |draw: &mut Draw| (0..draw.below(3)).map(|_| drawn_test(draw, depth + 1)).collect();
    match draw.below(if depth < 2 { 14 } else { 11 }) {
        0 => Test::From(vec![party]),
        1 => Test::To(vec![party, id(draw.below(6))]),
        2 => Test::Party(vec![party]),
        3 => Test::Via(vec![channel]),
        4 => Test::About(vec![channel]),
        5 => Test::Kind(vec![one_of(Kind::ALL, draw.below(1_000))]),
        6 => Test::Class(one_of(&KindClass::ALL, draw.below(7))),
        7 => Test::Unaddressed(one_of(&KindClass::ALL, draw.below(7))),
        8 => Test::Topic(format!("topic {}", draw.below(9))),
        9 => Test::PerhapsLinked,
        10 => Test::Reaches(one_of(Directness::ALL, draw.below(9))),
        11 => Test::All(several(draw)),
        12 => Test::Any(several(draw)),
        _ => Test::Not(Box::new(drawn_test(draw, depth + 1))),
    }
}

#[test]
fn whatever_is_in_a_segment_is_sought_there_and_what_occurs_nowhere_together_nowhere() {
    let mut draw = Draw(0x1234_5678);
    let (mut table, mut channels) = (Table::default(), Channels::default());
    let mut segments: Vec<Vec<Row>> = Vec::new();
    // A channel of which entries tell before it came into being is not counted until then.
    let late = u32::try_from(ROWS + 9).unwrap();
    for number in 0..2 * ROWS + 50 {
        let segment = number / ROWS;
        if number % ROWS == 0 {
            segments.push(Vec::new());
        }
        let position = u32::try_from(number).unwrap();
        let begun = if number < 12 { Some(100 + number as u64) } else { (position == late).then_some(112) };
        if let Some(channel) = begun {
            channels.insert(position, id(channel).as_uuid().as_u128());
        }
        // The rows of a segment say a few things only, each again and again.
        let row = match segments[segment].len() {
            0..300 => Row::drawn(&mut draw, segment as u64),
            300 => Row { about: vec![id(112)], ..Row::drawn(&mut draw, segment as u64) },
            many => segments[segment][many % 300].clone(),
        };
        let all = row.counted();
        let counted: Vec<(Field, Term)> = channels.counted(&all).collect();
        let terms = all.iter().map(|(_, term)| *term).chain(row.marks());
        table.push((0, 0), terms, &counted, None).unwrap();
        segments[segment].push(row);
    }
    let mut crossings = Crossings::default();
    crossings.take(&table).unwrap();
    let mut spared = 0;
    for _ in 0..4_000 {
        let (base, test) = (drawn_test(&mut draw, 0), drawn_test(&mut draw, 0));
        let within = crossings.ask(&base, &channels).within(&test);
        let numbers: Vec<usize> = within.numbers(segments.len()).collect();
        for (number, rows) in segments.iter().enumerate() {
            let is_there = rows.iter().take(301).any(|row| row.meets(&base) && row.meets(&test));
            assert!(numbers.contains(&number) || !is_there, "{base:?} and {test:?} in segment {number}");
            spared += usize::from(!numbers.contains(&number));
        }
    }
    assert!(spared > 1_000, "only {spared} looks were spared");
    // A pair that is in no entry is sought in none of the segments that are full; in what still grows, always.
    let never = crossings.ask(&Test::From(vec![id(6)]), &channels).within(&Test::Topic("topic 1".to_owned()));
    assert_eq!(never.numbers(3).collect::<Vec<usize>>(), [2]);
}

#[test]
fn where_too_much_occurs_together_every_segment_is_searched() {
    let mut table = Table::default();
    for number in 0..ROWS {
        let parties = if number == 7 { 0..1_600 } else { 0..1 };
        let terms: Vec<(Field, Term)> =
            parties.map(|party| (Field::From, term::entity(Field::From, id(party)))).collect();
        table.push((0, 0), terms.iter().map(|(_, term)| *term), &terms, None).unwrap();
    }
    let (mut crossings, channels) = (Crossings::default(), Channels::default());
    for _ in 0..2 {
        crossings.take(&table).unwrap();
        let ask = crossings.ask(&Test::From(vec![id(1)]), &channels);
        assert!(ask.within(&Test::Topic("never named".to_owned())).numbers(2).eq([0, 1]));
    }
    assert!(crossings.is_too_much && crossings.sets.is_empty());
}
