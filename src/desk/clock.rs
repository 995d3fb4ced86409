//! What time it is: the only place that asks the system.

use std::sync::Arc;

use crate::domain::timestamp::Timestamp;
use crate::store::Clock;

/// Returns the clock of the system.
pub fn system() -> Clock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = chrono::Utc::now();
        Timestamp::from(now)
    })
}

/// Returns a clock that always shows the same moment.
pub fn stopped(at: Timestamp) -> Clock {
    Arc::new(move || at)
}
