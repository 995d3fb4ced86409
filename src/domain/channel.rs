//! What holds for a channel: its state, as a fold of what was said and seen of it.

use crate::domain::words::words;

words! {
    /// The state of a channel.
    ChannelState {
        /// Agreed or announced, not yet opened.
        Planned = "planned",
        /// It works.
        Active = "active",
        /// A part of it works.
        Degraded = "degraded",
        /// Nobody answers.
        Unresponsive = "unresponsive",
        /// Nobody calls.
        Dormant = "dormant",
        /// Declared to rest.
        Suspended = "suspended",
        /// Cut, declared or seen.
        Severed = "severed",
        /// Ended for good.
        Closed = "closed",
    }
}
