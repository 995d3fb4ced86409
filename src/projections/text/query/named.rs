//! What has several names is looked for under each of them.

use crate::projections::text::query::{Node, Term, TextQuery};
use crate::projections::text::units::Units;

/// A name of a person has no more words than this.
const WORDS_MAX: usize = 8;

/// Returns what two ways of writing a name have in common for whoever searches: their letters and digits, without
/// accents, capitals, spaces and marks.
pub fn name_key(name: &str) -> String {
    let units = Units::of(name);
    key(&units)
}

fn key(units: &Units) -> String {
    units.units().iter().map(|unit| units.letters(unit)).collect()
}

impl TextQuery {
    /// Returns what finds every text that has one of these names, as words beside each other; none where no name has a
    /// letter.
    pub fn of_names<'name>(names: impl IntoIterator<Item = &'name str>) -> Option<Self> {
        let mut phrases = Vec::new();
        for name in names {
            add(&mut phrases, name);
        }
        (!phrases.is_empty()).then(|| Self { root: any(phrases) })
    }

    /// Returns the question with whatever in it is a name looked for under the other names as well: a phrase, a word, or
    /// words that follow one another. `others` gives, by the [key](name_key) of a name, every name of what bears it;
    /// nothing where it is no name.
    #[must_use]
    pub fn under_every_name(self, others: &mut dyn FnMut(&str) -> Vec<String>) -> Self {
        Self { root: named(self.root, others) }
    }
}

fn any(mut nodes: Vec<Node>) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) }
}

/// Adds a name as a phrase, unless it is there or has no letter.
fn add(nodes: &mut Vec<Node>, name: &str) {
    let units = Units::of(name);
    let same = |node: &Node| match node {
        Node::Term(term) => {
            let words = |units: &Units| -> Vec<String> {
                units.units().iter().map(|unit| units.letters(unit).to_owned()).collect()
            };
            words(&term.units) == words(&units)
        }
        Node::All(..) | Node::Any(_) => false,
    };
    if !units.units().is_empty() && !nodes.iter().any(same) {
        nodes.push(Node::Term(Term { units, begins: false }));
    }
}

/// Returns nodes, of which one suffices: what was asked, and the names.
fn or_names(asked: Node, names: &[String]) -> Node {
    let mut nodes = vec![asked];
    for name in names {
        add(&mut nodes, name);
    }
    any(nodes)
}

fn named(node: Node, others: &mut dyn FnMut(&str) -> Vec<String>) -> Node {
    match node {
        Node::Term(term) => {
            let names = if term.begins { Vec::new() } else { others(&key(&term.units)) };
            or_names(Node::Term(term), &names)
        }
        Node::Any(nodes) => Node::Any(nodes.into_iter().map(|node| named(node, others)).collect()),
        Node::All(with, without) => {
            let without = without.into_iter().map(|node| named(node, others)).collect();
            Node::All(runs(&with, others), without)
        }
    }
}

/// Returns what must all be there, the words of a name that follow one another as one of its parts.
fn runs(nodes: &[Node], others: &mut dyn FnMut(&str) -> Vec<String>) -> Vec<Node> {
    let mut found = Vec::with_capacity(nodes.len());
    let mut rest = nodes;
    while let [first, after @ ..] = rest {
        let words = rest.iter().take(WORDS_MAX).take_while(|node| is_whole(node)).count();
        let run = (2..=words).rev().find_map(|words| {
            let run = rest.get(..words)?;
            let names = others(&run.iter().map(key_of).collect::<String>());
            (!names.is_empty()).then_some((run, names))
        });
        if let Some((run, names)) = run {
            found.push(or_names(Node::All(run.to_vec(), Vec::new()), &names));
            rest = rest.get(run.len()..).unwrap_or_default();
        } else {
            found.push(named(first.clone(), others));
            rest = after;
        }
    }
    found
}

fn is_whole(node: &Node) -> bool {
    matches!(node, Node::Term(term) if !term.begins)
}

fn key_of(node: &Node) -> String {
    match node {
        Node::Term(term) => key(&term.units),
        Node::All(..) | Node::Any(_) => String::new(),
    }
}
