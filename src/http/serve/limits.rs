//! How much of a server one connection, one address and all together may take up.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors that are not for connections: segments, projections, and what is opened for a question.
const DESCRIPTORS_KEPT: u64 = 512;

/// How much of a server may be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// So many connections at once.
    pub connections: usize,
    /// So many of them from one address; it is no limit for those of this machine, nor for those of a proxy.
    pub connections_per_address: usize,
    /// So long to agree on TLS.
    pub handshake: Duration,
    /// So long for the head of a request, from its first byte; and for the first byte of a connection.
    pub head: Duration,
    /// So many bytes of it.
    pub head_bytes: usize,
    /// So long without a request.
    pub idle: Duration,
    /// So long without a byte of a body that was announced.
    pub body_stall: Duration,
    /// So long without a byte taken of what is sent.
    pub take_stall: Duration,
    /// So many bytes a second, once a body was waited for as long as it may stall.
    pub body_rate: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_address: 1_024,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(15),
            head_bytes: 32 << 10,
            idle: Duration::from_secs(75),
            body_stall: Duration::from_secs(30),
            take_stall: Duration::from_mins(1),
            body_rate: 1 << 10,
        }
    }
}

impl Limits {
    /// Returns the limits of the socket of a directory, where whoever owns it asks, and waits as they please.
    pub(super) fn of_owner(&self) -> Self {
        Self {
            idle: Duration::from_hours(24),
            head: Duration::from_mins(1),
            take_stall: Duration::from_hours(1),
            ..self.clone()
        }
    }

    /// Makes room for the connections, and returns the limits that the system leaves.
    pub(super) fn with_room(mut self) -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = (self.connections as u64).saturating_add(DESCRIPTORS_KEPT);
        let mut has = current.unwrap_or(u64::MAX);
        if has < wanted {
            let raised = wanted.min(maximum.unwrap_or(u64::MAX));
            if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
                has = raised;
            }
        }
        let room = usize::try_from(has.saturating_sub(DESCRIPTORS_KEPT)).unwrap_or(usize::MAX).max(16);
        if room < self.connections {
            tracing::warn!(
                connections = room,
                "the system lets this process open few files; fewer connections are held at once"
            );
            self.connections = room;
        }
        self
    }
}
