//! Finds in the segments of an index what is looked for.
//!
//! Of what must all be there the rarest comes first, and the rest is looked up among what it left. A phrase of
//! signs is found by the fewest and rarest pairs that cover it: `군사회담` by 군사 and 회담. The rarest of all leads,
//! also where the phrase is covered without it: where two frequent words meet stands a pair that is seldom elsewhere.

mod lists;

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{InvertedIndexReader, SegmentReader, Term as Key};

use crate::projections::text::engine::find::lists::{Hit, List, all_of, both, cover_of, either, meet, runs};
use crate::projections::text::engine::{Cursor, Engine, PLACE, Trouble, guarded, schema};
use crate::projections::text::query::{Node, Term, TextQuery};
use crate::projections::text::rank;
use crate::projections::text::units::Unit;
use crate::projections::together;

/// A reading that is what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::projections::text) struct Found {
    /// Where it stands in the log.
    pub(in crate::projections::text) at: u32,
    /// Whether it is what the amendment that stands there says of its entry.
    pub(in crate::projections::text) is_reading: bool,
    /// How well it is what is looked for.
    pub(in crate::projections::text) score: u32,
}

impl Engine {
    /// Returns every reading below the cursor that is what is looked for, in no particular order, and the
    /// cursor.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`] when the index cannot be read.
    pub(in crate::projections::text) fn find(
        &self,
        query: &TextQuery,
    ) -> Result<Option<(Cursor, Vec<Found>)>, Trouble> {
        let current = self.current();
        let Some(cursor) = current.cursor else { return Ok(None) };
        let readers = current.searcher.segment_readers();
        let look = |reader: &SegmentReader| guarded(&self.path, || find_in(reader, query, &cursor));
        let found: Result<Vec<Vec<Found>>, Trouble> =
            together::each_long(readers, look).into_iter().collect();
        Ok(Some((cursor, found?.concat())))
    }
}

fn find_in(reader: &SegmentReader, query: &TextQuery, cursor: &Cursor) -> tantivy::Result<Vec<Found>> {
    let (_, words, _) = schema();
    let segment = Segment {
        index: &*reader.inverted_index(words)?,
        lengths: &reader.get_fieldnorms_reader(words)?,
        words,
    };
    let hits = segment.node(&query.root, None)?;
    let mut found = Vec::with_capacity(hits.len());
    if hits.is_empty() {
        return Ok(found);
    }
    let places = reader.fast_fields().u64(PLACE)?.first_or_default_col(u64::MAX);
    for (document, score) in hits {
        let place = places.get_val(document);
        // What was committed while the segments were opened is not yet answered for.
        if place >> 1 < cursor.size {
            let at = u32::try_from(place >> 1).unwrap_or(u32::MAX);
            found.push(Found { at, is_reading: place & 1 == 1, score });
        }
    }
    Ok(found)
}

/// A segment of the index.
struct Segment<'segment> {
    index: &'segment InvertedIndexReader,
    lengths: &'segment FieldNormReader,
    words: Field,
}

impl Segment<'_> {
    /// Returns the documents that are what is looked for, in their order; of `within` only where it is given.
    fn node(&self, node: &Node, within: Option<&[Hit]>) -> tantivy::Result<Vec<Hit>> {
        match node {
            Node::Term(term) => self.term(term, within),
            Node::All(with, without) => {
                let mut rated = Vec::with_capacity(with.len());
                for node in with {
                    rated.push((self.many(node)?, node));
                }
                rated.sort_by_key(|(many, _)| *many);
                let mut hits: Option<Vec<Hit>> = None;
                for (_, node) in rated {
                    let more = self.node(node, hits.as_deref().or(within))?;
                    hits = Some(match hits {
                        Some(hits) => both(&hits, &more),
                        None => more,
                    });
                }
                let mut hits = hits.unwrap_or_default();
                for node in without {
                    let out = self.node(node, Some(&hits))?;
                    hits.retain(|(document, _)| {
                        out.binary_search_by_key(document, |(other, _)| *other).is_err()
                    });
                }
                Ok(hits)
            }
            Node::Any(nodes) => {
                let mut hits = Vec::new();
                for node in nodes {
                    hits = either(&hits, &self.node(node, within)?);
                }
                Ok(hits)
            }
        }
    }

    /// Returns how many documents a part of a question may find at most, as far as that is told quickly.
    fn many(&self, node: &Node) -> tantivy::Result<u32> {
        match node {
            Node::Term(term) if rank::is_beginning(term) => Ok(u32::MAX),
            Node::Term(term) => {
                let mut fewest = u32::MAX;
                for (_, token) in self.cover(term)? {
                    fewest = fewest.min(self.documents_with(&token)?);
                }
                Ok(fewest)
            }
            Node::All(with, _) => {
                with.iter().try_fold(u32::MAX, |fewest, node| Ok(fewest.min(self.many(node)?)))
            }
            Node::Any(nodes) => {
                nodes.iter().try_fold(0, |all: u32, node| Ok(all.saturating_add(self.many(node)?)))
            }
        }
    }

    fn key(&self, token: &str) -> Key {
        Key::from_field_text(self.words, token)
    }

    fn documents_with(&self, token: &str) -> tantivy::Result<u32> {
        Ok(self.index.doc_freq(&self.key(token))?)
    }

    fn term(&self, term: &Term, within: Option<&[Hit]>) -> tantivy::Result<Vec<Hit>> {
        let Some(last) = term.units().last() else { return Ok(Vec::new()) };
        let found = match (rank::is_beginning(term), term.units().len()) {
            (true, 1) => self.beginning(term.units.letters(last), within)?,
            (true, _) => self.phrase_that_goes_on(term, last, within)?,
            (false, _) => self.phrase(&self.cover(term)?, within)?,
        };
        let scored = found
            .into_iter()
            .map(|(document, times)| (document, rank::score(term, times, self.lengths.fieldnorm(document))));
        Ok(scored.collect())
    }

    /// Returns the documents in which a token begins with `letters`: a word that does, or, of one sign, the sign
    /// alone and every pair that it is the first of, which is wherever it stands.
    fn beginning(&self, letters: &str, within: Option<&[Hit]>) -> tantivy::Result<Vec<Hit>> {
        let mut documents = RoaringBitmap::new();
        let mut tokens = self.index.terms().range().ge(letters).into_stream()?;
        while tokens.advance() && tokens.key().starts_with(letters.as_bytes()) {
            let postings =
                self.index.read_postings_from_terminfo(tokens.value(), IndexRecordOption::Basic)?;
            documents |= all_of(postings);
        }
        Ok(match within {
            None => documents.into_iter().map(|document| (document, 1)).collect(),
            Some(within) => {
                let hits = within.iter().map(|(document, _)| *document);
                hits.filter(|document| documents.contains(*document)).map(|document| (document, 1)).collect()
            }
        })
    }

    /// Returns the tokens that cover a phrase, each with its place in it: where there is a choice, those that
    /// the fewest documents have, and the one that fewest have in any case.
    fn cover(&self, term: &Term) -> tantivy::Result<Vec<(u32, String)>> {
        let mut tokens = Vec::new();
        for run in runs(term.units()) {
            let letters: Vec<&str> = run.iter().map(|unit| term.units.letters(unit)).collect();
            let first = run.first().map_or(0, |unit| unit.position);
            if let [alone] = letters.as_slice() {
                tokens.push((first, (*alone).to_owned()));
                continue;
            }
            let pairs: Vec<String> = letters.windows(2).map(<[&str]>::concat).collect();
            let mut costs = Vec::with_capacity(pairs.len());
            for pair in &pairs {
                costs.push(u64::from(self.documents_with(pair)?));
            }
            let chosen = cover_of(&costs);
            tokens
                .extend((first..).zip(pairs).zip(chosen).filter_map(|(pair, chosen)| chosen.then_some(pair)));
        }
        Ok(tokens)
    }

    /// Returns the documents in which these tokens stand as far from each other as their places do, and how
    /// often.
    fn phrase(&self, tokens: &[(u32, String)], within: Option<&[Hit]>) -> tantivy::Result<Vec<Hit>> {
        let mut hits = Vec::new();
        if let [(_, token)] = tokens {
            let postings = self.index.read_postings(&self.key(token), IndexRecordOption::WithFreqs)?;
            let Some(postings) = postings else { return Ok(hits) };
            let mut lists = [List { postings, shift: 0 }];
            meet(&mut lists, within, |document, lists| {
                let times = lists.first().map_or(0, |list| list.postings.term_freq());
                hits.push((document, times));
            });
            return Ok(hits);
        }
        self.places(tokens, within, |document, places| {
            hits.push((document, u32::try_from(places.len()).unwrap_or(u32::MAX)));
        })?;
        Ok(hits)
    }

    /// Gives every document in which these tokens stand as far from each other as their places do, with the
    /// places at which a token of the last place would stand.
    fn places(
        &self,
        tokens: &[(u32, String)],
        within: Option<&[Hit]>,
        mut each: impl FnMut(u32, &[u32]),
    ) -> tantivy::Result<()> {
        let last = tokens.iter().map(|(place, _)| *place).max().unwrap_or_default();
        let mut lists = Vec::with_capacity(tokens.len());
        for (place, token) in tokens {
            let postings =
                self.index.read_postings(&self.key(token), IndexRecordOption::WithFreqsAndPositions)?;
            let Some(postings) = postings else { return Ok(()) };
            lists.push(List { postings, shift: last - place });
        }
        lists.sort_by_key(|list| list.postings.doc_freq());
        let (mut places, mut others) = (Vec::new(), Vec::new());
        meet(&mut lists, within, |document, lists| {
            let Some((first, rest)) = lists.split_first_mut() else { return };
            first.postings.positions_with_offset(first.shift, &mut places);
            for list in rest {
                if places.is_empty() {
                    return;
                }
                list.postings.positions_with_offset(list.shift, &mut others);
                places.retain(|place| others.binary_search(place).is_ok());
            }
            if !places.is_empty() {
                each(document, &places);
            }
        });
        Ok(())
    }

    /// Returns the documents in which a phrase stands whose last word is only the beginning of one.
    fn phrase_that_goes_on(
        &self,
        term: &Term,
        last: &Unit,
        within: Option<&[Hit]>,
    ) -> tantivy::Result<Vec<Hit>> {
        let before = Term { units: term.units.without_last(), begins: false };
        let tokens = self.cover(&before)?;
        let end = tokens.iter().map(|(place, _)| *place).max().unwrap_or_default();
        // By document the places at which the last word must begin.
        let mut open: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        self.places(&tokens, within, |document, places| {
            open.insert(document, places.iter().map(|place| place + last.position - end).collect());
        })?;
        let candidates: Vec<Hit> = open.keys().map(|document| (*document, 0)).collect();
        let mut found = RoaringBitmap::new();
        let letters = term.units.letters(last);
        let mut words = self.index.terms().range().ge(letters).into_stream()?;
        let mut places = Vec::new();
        while words.advance() && words.key().starts_with(letters.as_bytes()) {
            let option = IndexRecordOption::WithFreqsAndPositions;
            let postings = self.index.read_postings_from_terminfo(words.value(), option)?;
            meet(&mut [List { postings, shift: 0 }], Some(&candidates), |document, lists| {
                let Some(word) = lists.first_mut() else { return };
                word.postings.positions(&mut places);
                let wanted = open.get(&document).map_or(&[][..], Vec::as_slice);
                if places.iter().any(|place| wanted.contains(place)) {
                    found.insert(document);
                }
            });
        }
        Ok(found.into_iter().map(|document| (document, 1)).collect())
    }
}
