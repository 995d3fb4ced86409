//! Sorted lists of documents: what they share, what one of them has, and which of them a phrase needs.

use roaring::RoaringBitmap;
use tantivy::postings::SegmentPostings;
use tantivy::{DocSet, TERMINATED};

use crate::projections::text::units::{Sort, Unit};

/// A document of a segment that was found, and how well it is what is looked for.
pub(super) type Hit = (u32, u32);

/// The documents of a token, and how far its place is from the last of its phrase.
pub(super) struct List {
    /// The documents, and the places in each.
    pub(super) postings: SegmentPostings,
    /// How much is added to a place.
    pub(super) shift: u32,
}

/// Gives every document that all lists have, and `within` too where it is given, in their order.
pub(super) fn meet(lists: &mut [List], within: Option<&[Hit]>, mut each: impl FnMut(u32, &mut [List])) {
    let mut rest = within;
    let mut candidate = 0;
    'next: while candidate < TERMINATED {
        if let Some(hits) = rest {
            let skipped = hits.partition_point(|(document, _)| *document < candidate);
            let hits = hits.get(skipped..).unwrap_or_default();
            let Some((document, _)) = hits.first() else { return };
            candidate = *document;
            rest = Some(hits);
        }
        for list in lists.iter_mut() {
            let at = list.postings.doc();
            let at = if at < candidate { list.postings.seek(candidate) } else { at };
            if at == TERMINATED {
                return;
            }
            if at > candidate {
                candidate = at;
                continue 'next;
            }
        }
        each(candidate, lists);
        candidate += 1;
    }
}

/// Returns all documents of a token.
pub(super) fn all_of(mut postings: SegmentPostings) -> RoaringBitmap {
    let documents = std::iter::successors(Some(postings.doc()), move |_| Some(postings.advance()));
    // They come in their order, so that none is refused.
    RoaringBitmap::from_sorted_iter(documents.take_while(|document| *document != TERMINATED))
        .unwrap_or_default()
}

/// Returns the parts of a phrase: words, and signs that are neighbours.
pub(super) fn runs(units: &[Unit]) -> impl Iterator<Item = &[Unit]> {
    units.chunk_by(|one, other| {
        one.sort == Sort::Sign && other.sort == Sort::Sign && other.position - one.position == 1
    })
}

/// Returns which pairs of neighbours a row is looked up by: those that cover all of it at the least cost, and the
/// cheapest of all, which leaves the fewest places to look at; of `n` pairs the row has `n + 1`.
pub(super) fn cover_of(costs: &[u64]) -> Vec<bool> {
    let mut chosen = cheapest_cover(costs);
    let least = costs.iter().zip(&chosen).filter_map(|(cost, chosen)| chosen.then_some(*cost)).min();
    let rarest = costs.iter().enumerate().min_by_key(|(_, cost)| **cost);
    if let Some((number, cost)) = rarest
        && least.is_none_or(|least| *cost < least)
        && let Some(chosen) = chosen.get_mut(number)
    {
        *chosen = true;
    }
    chosen
}

fn cheapest_cover(costs: &[u64]) -> Vec<bool> {
    // The first and the last pair are the only ones that cover the ends; of two neighbours one is chosen at
    // least. By pair: the least cost of a cover that ends with it, and the pair before it.
    let mut best: Vec<(u64, Option<usize>)> = Vec::with_capacity(costs.len());
    for (number, cost) in costs.iter().enumerate() {
        let before =
            (number.saturating_sub(2)..number).filter_map(|before| Some((best.get(before)?.0, before))).min();
        best.push(match before {
            Some((sum, before)) => (sum.saturating_add(*cost), Some(before)),
            None => (*cost, None),
        });
    }
    let mut chosen = vec![false; costs.len()];
    let mut at = costs.len().checked_sub(1);
    while let Some(number) = at {
        if let Some(chosen) = chosen.get_mut(number) {
            *chosen = true;
        }
        at = best.get(number).and_then(|(_, before)| *before);
    }
    chosen
}

/// Returns what both have, with the scores of both.
pub(super) fn both(one: &[Hit], other: &[Hit]) -> Vec<Hit> {
    let mut hits = Vec::with_capacity(other.len());
    let mut rest = one.iter().peekable();
    for (document, score) in other {
        while rest.next_if(|(before, _)| before < document).is_some() {}
        if let Some((_, more)) = rest.next_if(|(same, _)| same == document) {
            hits.push((*document, score.saturating_add(*more)));
        }
    }
    hits
}

/// Returns what one of them has, with the scores of both.
pub(super) fn either(one: &[Hit], other: &[Hit]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::with_capacity(one.len().max(other.len()));
    let mut rest = one.iter().copied().peekable();
    for (document, score) in other {
        while let Some(before) = rest.next_if(|(before, _)| before < document) {
            hits.push(before);
        }
        let more = rest.next_if(|(same, _)| same == document).map_or(0, |(_, more)| more);
        hits.push((*document, score.saturating_add(more)));
    }
    hits.extend(rest);
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_and_rarest_pairs_cover_a_phrase() {
        assert_eq!(cheapest_cover(&[5]), [true]);
        assert_eq!(cheapest_cover(&[5, 5]), [true, true]);
        assert_eq!(cheapest_cover(&[5, 9, 5]), [true, false, true]);
        assert_eq!(cheapest_cover(&[5, 1, 9, 1, 5]), [true, true, false, true, true]);
        assert_eq!(cheapest_cover(&[5, 9, 1, 9, 5]), [true, false, true, false, true]);
        assert!(cheapest_cover(&[]).is_empty());
    }

    #[test]
    fn the_rarest_pair_leads_also_where_the_others_cover_the_phrase() {
        assert_eq!(cover_of(&[5, 4, 5]), [true, true, true]);
        assert_eq!(cover_of(&[5, 5, 5]), [true, false, true]);
        assert_eq!(cover_of(&[9, 2, 9, 1, 9]), [true, true, false, true, true]);
        assert_eq!(cover_of(&[9, 8, 1, 8, 9]), [true, false, true, false, true]);
        assert!(cover_of(&[]).is_empty());
    }

    #[test]
    fn hits_are_joined_and_met_with_their_scores() {
        let (one, other) = ([(1, 10), (3, 30), (5, 50)], [(0, 1), (3, 3), (5, 5), (9, 9)]);
        assert_eq!(both(&one, &other), [(3, 33), (5, 55)]);
        assert_eq!(either(&one, &other), [(0, 1), (1, 10), (3, 33), (5, 55), (9, 9)]);
        assert_eq!(either(&one, &[]), one);
    }
}
