//! What is folded of overtures beside whatever else is done, where somebody waits for its end.

use super::*;
use crate::desk::overtures::Asked;
use crate::desk::overtures::found::fold_doubtful;
use crate::desk::overtures::standings::Standings;
use crate::projections::offers::{OffersQuery, Which};

#[test]
fn the_fold_of_overtures_in_doubt_ends_where_it_is_stopped_and_keeps_what_it_found() {
    const OFFERS: usize = 10;
    let talks = Talks::new();
    for number in 0..OFFERS {
        let offer = talks.offer(&format!("o-{number}"), "2025-01-04", &json!({}));
        // An order that is no order of dates is left to the fold.
        let links = vec![Link::new(Relation::After, offer)];
        talks.fixture.event(Kind::StatementPublic, Envelope { links, ..on("2025-01-04") });
    }
    let known = talks.fixture.desk.known(&When::default()).unwrap();
    let query = OffersQuery {
        which: Which::Open,
        at: known.at.micros(),
        from: None,
        to: None,
        after: None,
        newest_first: false,
        limit: usize::MAX,
    };
    let found = || OFFERS - known.offers(&query).unwrap().doubtful.len();
    // How often it may look before it is stopped, and what is found by then.
    for (looks, so_far) in [(0, 0), (3, 3), (0, 3), (2, 5), (usize::MAX, OFFERS)] {
        let left = std::cell::Cell::new(looks);
        fold_doubtful(&known, &|| left.replace(left.get().saturating_sub(1)) == 0).unwrap();
        assert_eq!(found(), so_far, "{looks}");
    }
    let asked = Asked::read(&known, &open()).unwrap();
    assert_eq!(asked.found(&mut Standings::new(&known)).unwrap().total, 10);
}
