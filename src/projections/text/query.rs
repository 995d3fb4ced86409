//! What is looked for in texts: words, phrases, and what must not be there.
//!
//! ```text
//! 군사회담 제의          both, wherever they stand
//! "joint communiqué"     these words beside each other
//! talks OR negotiat*     either; every word that begins so
//! 회담 -적십자           the first without the second; NOT is the same as -
//! (회담 OR 대화) 제의    parentheses hold together
//! ```

mod named;
mod quotes;

use std::str::FromStr;

pub use self::named::name_key;
use crate::projections::text::query::quotes::{is_quote, quote_in};
use crate::projections::text::units::{Sort, Unit, Units};

/// Deeper than this nobody thinks; it bounds what a question costs.
const DEPTH_MAX: usize = 16;
/// So long a question is one by mistake.
const BYTES_MAX: usize = 2_000;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextQuery {
    // Invariant: every branch has something that must be there.
    pub(super) root: Node,
}

/// A part of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A word or a phrase.
    Term(Term),
    /// All of the first, and none of the others.
    All(Vec<Node>, Vec<Node>),
    /// One of these at least.
    Any(Vec<Node>),
}

/// A word or a phrase: units beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    // Invariant: at least one unit.
    pub(super) units: Units,
    /// The last word is the beginning of one.
    pub(super) begins: bool,
}

/// A text is no question that can be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextQueryError {
    /// Nothing is asked.
    #[error(
        "nothing is looked for; write words (군사회담 제의), a \"phrase in quotes\", a beginning (negot*), OR, -word"
    )]
    Empty,
    /// It is too long.
    #[error("a question has at most {BYTES_MAX} bytes; look for fewer words")]
    TooLong,
    /// It is too deep.
    #[error("parentheses within parentheses go {DEPTH_MAX} deep at most")]
    TooDeep,
    /// A phrase does not end.
    #[error("the quote before `{0}` is not closed; write \"{0}\"")]
    OpenQuote(String),
    /// A quote has no phrase behind it.
    #[error("a quote stands alone; put a phrase between two (\"joint communiqué\"), or leave it out")]
    LooseQuote,
    /// A parenthesis is not closed.
    #[error("a parenthesis is not closed; each `(` needs its `)`, or put it into quotes")]
    OpenParenthesis,
    /// A parenthesis was never opened.
    #[error("there is a `)` without its `(`; leave it out, or put it into quotes")]
    LooseParenthesis,
    /// A word of the language stands without what it joins.
    #[error("`{0}` needs a word on each side; to look for the word itself write \"{0}\"")]
    LooseWord(&'static str),
    /// Nothing is left out of nothing.
    #[error("`-` and NOT leave out of what is found, so say what is to be found too: talks -{0}")]
    OnlyWithout(String),
    /// Marks alone.
    #[error("`{0}` has no letter and no digit, so there is nothing to look for")]
    NothingIn(String),
    /// A star elsewhere than at the end.
    #[error(
        "in `{0}` the star stands elsewhere than at the end; only the beginning of a word can be given: negot*"
    )]
    Star(String),
}

impl FromStr for TextQuery {
    type Err = TextQueryError;

    fn from_str(text: &str) -> Result<Self, TextQueryError> {
        if text.len() > BYTES_MAX {
            return Err(TextQueryError::TooLong);
        }
        let pieces = pieces(text)?;
        let mut parser = Parser { pieces: &pieces, depth: 0 };
        let root = parser.any()?;
        match parser.pieces.first() {
            None => Ok(Self { root }),
            Some(_) => Err(TextQueryError::LooseParenthesis),
        }
    }
}

impl TextQuery {
    /// Returns every word and phrase that may be found, without what must not be there.
    pub(super) fn terms(&self) -> Vec<&Term> {
        fn gather<'query>(node: &'query Node, terms: &mut Vec<&'query Term>) {
            match node {
                Node::Term(term) => terms.push(term),
                Node::All(nodes, _) | Node::Any(nodes) => nodes.iter().for_each(|node| gather(node, terms)),
            }
        }
        let mut terms = Vec::new();
        gather(&self.root, &mut terms);
        terms
    }
}

impl Term {
    fn of(text: &str) -> Result<Self, TextQueryError> {
        let (words, begins) = match text.trim_end().strip_suffix('*') {
            Some(words) => (words, true),
            None => (text, false),
        };
        if words.contains('*') {
            return Err(TextQueryError::Star(text.to_owned()));
        }
        let units = Units::of(words);
        let Some(last) = units.units().last() else { return Err(TextQueryError::NothingIn(text.to_owned())) };
        // Behind a sign a star says nothing: whatever goes on there is found anyway.
        let begins = begins && last.sort == Sort::Word && words.len() == last.span().1;
        Ok(Self { units, begins })
    }

    /// Returns its units.
    pub(super) fn units(&self) -> &[Unit] {
        self.units.units()
    }
}

/// What a question is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Open,
    Close,
    Or,
    And,
    Without,
    Term(Term, String),
}

fn pieces(text: &str) -> Result<Vec<Piece>, TextQueryError> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        let taken = match first {
            '(' => {
                pieces.push(Piece::Open);
                after
            }
            ')' => {
                pieces.push(Piece::Close);
                after
            }
            '-' if after.chars().next().is_some_and(|next| !next.is_whitespace() && next != '-') => {
                pieces.push(Piece::Without);
                after
            }
            quote if is_quote(quote) => {
                let open = || match after.trim() {
                    "" => TextQueryError::LooseQuote,
                    phrase => TextQueryError::OpenQuote(phrase.to_owned()),
                };
                let end = quote_in(after, None).or_else(|| after.find(is_quote)).ok_or_else(open)?;
                let (phrase, behind) = after.split_at(end);
                pieces.push(Piece::Term(Term::of(phrase)?, phrase.to_owned()));
                behind.get(behind.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
            }
            _ => {
                let ends = |letter: char| letter.is_whitespace() || matches!(letter, '(' | ')');
                let end = rest.find(ends).unwrap_or(rest.len());
                let end = quote_in(rest, None).map_or(end, |quote| quote.min(end));
                let (word, behind) = rest.split_at(end);
                pieces.push(match word {
                    "OR" => Piece::Or,
                    "AND" => Piece::And,
                    "NOT" => Piece::Without,
                    word => Piece::Term(Term::of(word)?, word.to_owned()),
                });
                behind
            }
        };
        rest = taken.trim_start();
    }
    if pieces.is_empty() { Err(TextQueryError::Empty) } else { Ok(pieces) }
}

struct Parser<'pieces> {
    pieces: &'pieces [Piece],
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Node, TextQueryError> {
        let mut nodes = vec![self.all()?];
        while let [Piece::Or, rest @ ..] = self.pieces {
            self.pieces = rest;
            nodes.push(self.all()?);
        }
        match <[Node; 1]>::try_from(nodes) {
            Ok([node]) => Ok(node),
            Err(nodes) => Ok(Node::Any(nodes)),
        }
    }

    fn all(&mut self) -> Result<Node, TextQueryError> {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let mut left_out = String::new();
        loop {
            match self.pieces {
                [] | [Piece::Close | Piece::Or, ..] => break,
                [Piece::And, rest @ ..] => {
                    let ends = matches!(rest, [] | [Piece::Close | Piece::Or | Piece::And, ..]);
                    if (with.is_empty() && without.is_empty()) || ends {
                        return Err(TextQueryError::LooseWord("AND"));
                    }
                    self.pieces = rest;
                }
                [Piece::Without, rest @ ..] => {
                    self.pieces = rest;
                    if let [Piece::Term(_, words), ..] = rest {
                        left_out.clone_from(words);
                    }
                    without.push(self.one(Some("NOT"))?);
                }
                [Piece::Open | Piece::Term(..), ..] => with.push(self.one(None)?),
            }
        }
        match (with.len(), without.len()) {
            (0, 0) => Err(self.nothing()),
            (0, _) => Err(TextQueryError::OnlyWithout(left_out)),
            (1, 0) => Ok(with.remove(0)),
            _ => Ok(Node::All(with, without)),
        }
    }

    /// Says why nothing stands where something must.
    fn nothing(&self) -> TextQueryError {
        match self.pieces {
            [Piece::Close, ..] if self.depth == 0 => TextQueryError::LooseParenthesis,
            [Piece::Close, ..] => TextQueryError::NothingIn("()".to_owned()),
            [] if self.depth > 0 => TextQueryError::OpenParenthesis,
            _ => TextQueryError::LooseWord("OR"),
        }
    }

    fn one(&mut self, behind: Option<&'static str>) -> Result<Node, TextQueryError> {
        match self.pieces {
            [Piece::Term(term, _), rest @ ..] => {
                self.pieces = rest;
                Ok(Node::Term(term.clone()))
            }
            [Piece::Open, rest @ ..] => {
                self.pieces = rest;
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(TextQueryError::TooDeep);
                }
                let node = self.any()?;
                self.depth -= 1;
                match self.pieces {
                    [Piece::Close, rest @ ..] => {
                        self.pieces = rest;
                        Ok(node)
                    }
                    _ => Err(TextQueryError::OpenParenthesis),
                }
            }
            _ => Err(behind.map_or(TextQueryError::Empty, TextQueryError::LooseWord)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a question as it was understood.
    fn said(text: &str) -> String {
        shown(&text.parse::<TextQuery>().unwrap())
    }

    fn shown(query: &TextQuery) -> String {
        fn node(said: &Node) -> String {
            let list =
                |nodes: &[Node], between: &str| nodes.iter().map(node).collect::<Vec<_>>().join(between);
            match said {
                Node::Term(term) => {
                    let letters = term.units().iter().map(|unit| term.units.letters(unit));
                    letters.collect::<Vec<_>>().join(".") + if term.begins { "*" } else { "" }
                }
                Node::All(with, without) if without.is_empty() => format!("({})", list(with, " ")),
                Node::All(with, without) => format!("({} -{})", list(with, " "), list(without, " -")),
                Node::Any(nodes) => format!("({})", list(nodes, " | ")),
            }
        }
        node(&query.root)
    }

    #[test]
    fn a_name_is_looked_for_under_every_name_of_whoever_bears_it() {
        let names = ["Kim Yong-chol", "김영철", "Kím Yongchol"];
        let mut others = |key: &str| {
            let is_name = names.iter().any(|name| name_key(name) == key);
            if is_name { names.map(ToOwned::to_owned).to_vec() } else { Vec::new() }
        };
        let mut asked = |text: &str| shown(&text.parse::<TextQuery>().unwrap().under_every_name(&mut others));
        let all = "kim.yong.chol | 김.영.철 | kim.yongchol";
        assert_eq!(asked("\"Kim Yong-chol\""), format!("({all})"));
        assert_eq!(asked("김영철"), "(김.영.철 | kim.yong.chol | kim.yongchol)");
        assert_eq!(asked("Kim Yong-chol"), format!("(((kim yong.chol) | {all}))"));
        assert_eq!(asked("talks kim yong chol 회담"), format!("(talks ((kim yong chol) | {all}) 회.담)"));
        assert_eq!(asked("talks -김영철"), "(talks -(김.영.철 | kim.yong.chol | kim.yongchol))");
        // What is no whole name stays as it is.
        for text in ["kim", "kim*", "kim OR chol", "kim (yong chol)"] {
            assert_eq!(asked(text), said(text), "{text}");
        }
        assert_eq!(shown(&TextQuery::of_names(names).unwrap()), format!("({all})"));
        assert_eq!(TextQuery::of_names(["..."]), None);
    }

    #[test]
    fn words_must_all_be_there_and_parentheses_hold_together() {
        assert_eq!(said("talks"), "talks");
        assert_eq!(said("군사회담 제의"), "(군.사.회.담 제.의)");
        assert_eq!(said("a b OR c d"), "((a b) | (c d))");
        assert_eq!(said("(a OR b) AND c"), "((a | b) c)");
        assert_eq!(said("talks -red -\"New York\" NOT x"), "(talks -red -new.york -x)");
        assert_eq!(said("“Joint Stat*” NEGOT*"), "(joint.stat* negot*)");
        assert_eq!(said("회담*"), "회.담");
        assert_eq!(said("a-b"), "a.b");
        assert_eq!(said("or not"), "(or not)");
        assert_eq!(said("a -(b OR c)"), "(a -(b | c))");
    }

    #[test]
    fn a_quote_between_two_letters_is_one_of_the_word() {
        assert_eq!(said("מו\"מ"), said("מו״מ"));
        assert_eq!(said("מו\"מ"), "מו.מ");
        assert_eq!(said("ארה\"ב מו\"מ"), "(ארה.ב מו.מ)");
        assert_eq!(said("\"הציעה מו\"מ ישיר\" ארה\"ב"), "(הציעה.מו.מ.ישיר ארה.ב)");
        assert_eq!(said("צ'כיה"), said("צ׳כיה"));
        assert_eq!(said("talks -\"New York\" (\"a b\")"), "(talks a.b -new.york)");
        // A phrase is one beside a sign that needs no space, and where nothing else closes it.
        assert_eq!(said("회담\"군사 제의\"회담"), "(회.담 군.사.제.의 회.담)");
        assert_eq!(said("\"joint\"talks"), "(joint talks)");
    }

    #[track_caller]
    fn refuses(text: &str, why: &TextQueryError) {
        assert_eq!(&text.parse::<TextQuery>().unwrap_err(), why, "{text}");
    }

    #[test]
    fn what_says_nothing_is_refused_and_taught() {
        refuses("  ", &TextQueryError::Empty);
        refuses("talks \"joint", &TextQueryError::OpenQuote("joint".to_owned()));
        refuses("\"", &TextQueryError::LooseQuote);
        refuses("talks \" ", &TextQueryError::LooseQuote);
        refuses("(talks", &TextQueryError::OpenParenthesis);
        refuses("talks)", &TextQueryError::LooseParenthesis);
        refuses(")", &TextQueryError::LooseParenthesis);
        refuses("(", &TextQueryError::OpenParenthesis);
        refuses("()", &TextQueryError::NothingIn("()".to_owned()));
        refuses("talks OR", &TextQueryError::LooseWord("OR"));
        refuses("OR talks", &TextQueryError::LooseWord("OR"));
        refuses("talks AND", &TextQueryError::LooseWord("AND"));
        refuses("talks NOT", &TextQueryError::LooseWord("NOT"));
        refuses("-talks", &TextQueryError::OnlyWithout("talks".to_owned()));
        refuses("a OR -b", &TextQueryError::OnlyWithout("b".to_owned()));
        refuses("...", &TextQueryError::NothingIn("...".to_owned()));
        refuses("n*got", &TextQueryError::Star("n*got".to_owned()));
        refuses(&"(".repeat(20), &TextQueryError::TooDeep);
        refuses(&"a".repeat(3_000), &TextQueryError::TooLong);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_question_or_is_refused(text in "[ ()\"*a가A-]{0,40}|\\PC{0,40}") {
            let _ = text.parse::<TextQuery>();
        }
    }
}
