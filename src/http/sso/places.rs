//! For how many the provider is asked at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For so many it is asked at once, each on a thread that waits; nobody else waits for them.
const AT_ONCE_MAX: usize = 8;
/// For so many who come from one address, so that nobody takes every place.
const OF_ADDRESS_MAX: usize = 2;

/// The places of those for whom it is asked: how many there are from each address.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<String, usize>>);

/// A place among those for whom it is asked; it is given back when it is dropped.
pub(super) struct Place<'a> {
    places: &'a Places,
    from: String,
}

impl Places {
    fn all(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one for somebody who comes from there; none where there is none now.
    pub(super) fn take(&self, from: &str) -> Option<Place<'_>> {
        let mut all = self.all();
        let of_address = all.get(from).copied().unwrap_or_default();
        if of_address >= OF_ADDRESS_MAX || all.values().sum::<usize>() >= AT_ONCE_MAX {
            return None;
        }
        all.insert(from.to_owned(), of_address + 1);
        Some(Place { places: self, from: from.to_owned() })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut all = self.places.all();
        let left = all.get(&self.from).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            all.remove(&self.from);
        } else {
            all.insert(self.from.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_every_place_and_what_is_given_back_is_taken_again() {
        let places = Places::default();
        let own: Vec<Place<'_>> = (0..AT_ONCE_MAX).filter_map(|_| places.take("10.0.0.1")).collect();
        assert_eq!(own.len(), OF_ADDRESS_MAX);
        let others: Vec<Place<'_>> =
            (0..AT_ONCE_MAX).filter_map(|number| places.take(&format!("10.0.1.{number}"))).collect();
        assert_eq!(own.len() + others.len(), AT_ONCE_MAX);
        drop(own);
        assert!(places.take("10.0.0.1").is_some());
        drop(others);
        assert!(places.all().is_empty(), "no address is kept");
    }
}
