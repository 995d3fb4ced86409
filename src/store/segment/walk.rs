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
pub(super) struct Walk<'a> {
    shared: &'a Shared,
    places: VecDeque<Result<Place, ReadError>>,
    next: u64,
    to: u64,
    window: Option<Window>,
}

impl<'a> Walk<'a> {
    /// Goes from one position up to another.
    pub(super) fn new(shared: &'a Shared, from: u64, to: u64) -> Self {
        Self { shared, places: VecDeque::new(), next: from, to, window: None }
    }

    /// Gives each record the shape that is asked for.
    pub(super) fn shaped<T>(
        mut self,
        shape: impl Fn(&Shared, &Place, &Frame<'_>) -> Result<T, ReadError> + 'a,
    ) -> impl Iterator<Item = Result<T, ReadError>> {
        let shared = self.shared;
        std::iter::from_fn(move || self.step(|place, frame| shape(shared, place, frame)))
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

    /// Goes to the next record, and gives it the shape that is asked for; none at the end.
    pub(super) fn step<T>(
        &mut self,
        shape: impl FnOnce(&Place, &Frame<'_>) -> Result<T, ReadError>,
    ) -> Option<Result<T, ReadError>> {
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
            .and_then(|frame| shape(&place, &frame));
        Some(shared.noted(record))
    }
}
