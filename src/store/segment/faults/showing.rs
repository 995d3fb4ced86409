//! What is shown to whoever goes along the log is what is read, whatever became of the records.

use std::ops::ControlFlow;

use super::*;
use crate::store::{ReadError, Seen};

#[expect(clippy::needless_pass_by_value, reason = "it is told as it is shown")]
fn told(record: Result<Seen<'_>, ReadError>) -> String {
    format!("{record:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn what_is_shown_is_what_is_read(
        forgotten in proptest::collection::btree_set(0_u64..139, 0..6),
        flipped in proptest::collection::btree_map(0_u64..139, 0_u64..700, 0..5),
        (from, len) in (0_u64..160, 0_u64..160),
        breaks_off in proptest::option::of(1_usize..100),
    ) {
        let dir = created();
        let store = open(dir.path(), Box::new(SystemDisk));
        for number in 0..70 {
            append(&store, number).unwrap();
        }
        store.forget(&forgotten.into_iter().collect::<Vec<_>>()).unwrap();
        for (position, byte) in flipped {
            let place = store.shared.places().find(position).unwrap().unwrap();
            let file = File::options().read(true).write(true).open(dir.path().join(place.segment.name())).unwrap();
            // The last record may be shorter than that.
            let last = file.metadata().unwrap().len() - 1;
            let (mut one, at) = ([0], (u64::from(place.offset) + byte).min(last));
            file.read_exact_at(&mut one, at).unwrap();
            file.write_all_at(&[one[0] ^ 1], at).unwrap();
        }
        let to = from + len;
        let mut shown = Vec::new();
        store.show(from, to, &mut |record| {
            shown.push(told(record));
            if breaks_off == Some(shown.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let read = store.read(from, to).map(|record| told(record.as_ref().map(Seen::from).map_err(Clone::clone)));
        prop_assert_eq!(shown, read.take(breaks_off.unwrap_or(usize::MAX)).collect::<Vec<_>>());
    }
}
