//! Reading along the log, a megabyte at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::store::ReadError;
use crate::store::segment::Shared;
use crate::store::segment::frame::Frame;
use crate::store::segment::read::{Place, check};
use crate::store::segment::scan::Window;

/// Positions whose places are looked up at once.
const PLACES: u64 = 1_024;

/// Goes along the log, and reads a megabyte at a time.
pub(super) struct Walk<'a, F> {
    shared: &'a Shared,
    places: VecDeque<Result<Place, ReadError>>,
    next: u64,
    to: u64,
    window: Option<Window>,
    shape: F,
}

impl<'a, F> Walk<'a, F> {
    /// Goes from one position up to another, and gives each record the shape that is asked for.
    pub(super) fn new(shared: &'a Shared, from: u64, to: u64, shape: F) -> Self {
        Self { shared, places: VecDeque::new(), next: from, to, window: None, shape }
    }

    fn look_up(&mut self) {
        self.shared.follow();
        let places = self.shared.places();
        let to = self.to.min(self.next.saturating_add(PLACES));
        while self.next < to
            && let Some(place) = places.find(self.next)
        {
            self.places.push_back(place);
            self.next += 1;
        }
    }
}

impl<T, F: Fn(&Shared, &Place, &Frame<'_>) -> Result<T, ReadError>> Iterator for Walk<'_, F> {
    type Item = Result<T, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.places.is_empty() {
            self.look_up();
        }
        let place = match self.places.pop_front()? {
            Ok(place) => place,
            // What is lost was noted when it was found to be.
            Err(error) => return Some(Err(error)),
        };
        if self.window.as_ref().is_none_or(|window| window.first() != place.segment.first) {
            self.window = Some(Window::new(Arc::clone(&place.segment)));
        }
        let window = self.window.as_mut()?;
        let shared = self.shared;
        let record = window
            .record_bytes(u64::from(place.offset))
            .and_then(|bytes| check(&shared.log_id, &place, bytes))
            .and_then(|frame| (self.shape)(shared, &place, &frame));
        Some(shared.noted(record))
    }
}
