//! Between which moments an event must have been recorded: after the newest checkpoint without it that
//! someone outside dated, and not after the oldest with it.

use crate::domain::timestamp::Timestamp;

/// How far the clocks of a log, its witnesses and its time-stamping authorities may be apart, in microseconds.
pub(super) const SKEW_MICROS: i64 = 60_000_000;

/// A checkpoint that someone outside dated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    /// How many events it has.
    pub(super) size: u64,
    /// When, in microseconds since 1970.
    pub(super) micros: i64,
    /// Who says so: `timestamps/7.tsr`, `the witness w1`.
    pub(super) by: String,
}

/// The anchors of a log, asked position by position from the first to the last.
#[derive(Debug, Default)]
pub(super) struct Bracket {
    // By size.
    anchors: Vec<Anchor>,
    /// For each anchor, the place of the earliest dated among it and those after it.
    earliest: Vec<usize>,
    /// How many anchors lack the events that are asked about.
    passed: usize,
    /// The place of the latest dated of these.
    latest: Option<usize>,
}

impl Bracket {
    pub(super) fn new(mut anchors: Vec<Anchor>) -> Self {
        anchors.sort_by_key(|anchor| anchor.size);
        let mut earliest = vec![0; anchors.len()];
        let mut best: Option<(usize, i64)> = None;
        for (place, anchor) in anchors.iter().enumerate().rev() {
            if best.is_none_or(|(_, micros)| anchor.micros <= micros) {
                best = Some((place, anchor.micros));
            }
            if let (Some(slot), Some((best, _))) = (earliest.get_mut(place), best) {
                *slot = best;
            }
        }
        Self { anchors, earliest, passed: 0, latest: None }
    }

    /// Returns how many anchors there are.
    pub(super) const fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Returns why an event cannot have been recorded when it says; none when it can. Positions must come in
    /// their order.
    pub(super) fn contradicts(&mut self, position: u64, at: Timestamp) -> Option<String> {
        while let Some(anchor) = self.anchors.get(self.passed).filter(|anchor| anchor.size <= position) {
            let latest = self.latest.and_then(|latest| self.anchors.get(latest));
            if latest.is_none_or(|latest| latest.micros < anchor.micros) {
                self.latest = Some(self.passed);
            }
            self.passed += 1;
        }
        let said = |anchor: &Anchor| {
            Timestamp::from_micros(anchor.micros)
                .map_or_else(|_| "an unknown time".to_owned(), |at| at.to_string())
        };
        if let Some(anchor) = self.latest.and_then(|latest| self.anchors.get(latest))
            && at.micros() < anchor.micros.saturating_sub(SKEW_MICROS)
        {
            return Some(format!(
                "it says it was recorded at {at}, but the log of {} events, which lacks it, was dated {} by {}",
                anchor.size,
                said(anchor),
                anchor.by
            ));
        }
        let earliest = self.earliest.get(self.passed).and_then(|place| self.anchors.get(*place))?;
        (at.micros() > earliest.micros.saturating_add(SKEW_MICROS)).then(|| {
            format!(
                "it says it was recorded at {at}, but the log of {} events, which has it, was dated {} by {}",
                earliest.size,
                said(earliest),
                earliest.by
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_event_outside_any_pair_of_anchors_is_found(
            anchors in prop::collection::vec((0_u64..20, 0_i64..1_000), 0..8),
            events in prop::collection::vec(0_i64..1_000, 20),
        ) {
            let minute = 60_000_000;
            let anchor = |(size, minutes): &(u64, i64)| {
                Anchor { size: *size, micros: minutes * minute, by: "w".to_owned() }
            };
            let mut bracket = Bracket::new(anchors.iter().map(anchor).collect());
            for (position, minutes) in (0..).zip(events) {
                let naive = anchors.iter().any(|(size, dated)| {
                    if *size <= position { minutes < dated - 1 } else { minutes > dated + 1 }
                });
                let at = Timestamp::from_micros(minutes * minute).unwrap();
                prop_assert_eq!(bracket.contradicts(position, at).is_some(), naive);
            }
        }
    }
}
