//! What the connections of a server come to, in numbers: how many there are, and how many were not held and why.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

/// Why a connection, or a request on it, was not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There are as many connections as can be.
    Full,
    /// There are as many from its address as can be.
    FullForAddress,
    /// It comes from elsewhere than the proxy.
    PastTheProxy,
    /// It did not speak TLS, or not in a way that is safe.
    Handshake,
    /// It took too long to agree on TLS.
    SlowHandshake,
    /// The head of its request came too slowly.
    SlowHead,
    /// The head of its request is too large.
    LargeHead,
    /// It asked for nothing for too long.
    Idle,
    /// The body of its request came too slowly.
    SlowBody,
    /// It did not take what it was sent.
    SlowReader,
}

impl Refusal {
    /// All of them.
    pub(super) const ALL: [Self; 10] = [
        Self::Full,
        Self::FullForAddress,
        Self::PastTheProxy,
        Self::Handshake,
        Self::SlowHandshake,
        Self::SlowHead,
        Self::LargeHead,
        Self::Idle,
        Self::SlowBody,
        Self::SlowReader,
    ];

    /// Returns the word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::FullForAddress => "full_for_address",
            Self::PastTheProxy => "past_the_proxy",
            Self::Handshake => "handshake",
            Self::SlowHandshake => "slow_handshake",
            Self::SlowHead => "slow_head",
            Self::LargeHead => "large_head",
            Self::Idle => "idle",
            Self::SlowBody => "slow_body",
            Self::SlowReader => "slow_reader",
        }
    }
}

/// What the connections of a server come to.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    open: AtomicUsize,
    taken: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    /// Requests by the first digit of the status of their answers.
    answered: [AtomicU64; 6],
    /// Until when the certificate is good, in seconds since 1970; 0 where there is none.
    certificate_until: AtomicI64,
}

impl Traffic {
    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts one that was not held, and tells it.
    pub(super) fn refused(&self, why: Refusal, from: &str) {
        if let Some(count) = self.refused.get(why as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        // Whoever is idle did nothing wrong.
        if why == Refusal::Idle {
            tracing::debug!(why = why.word(), from, "a connection is not held");
        } else {
            tracing::warn!(why = why.word(), from, "a connection is not held");
        }
    }

    pub(super) fn answered(&self, status: u16) {
        if let Some(count) = self.answered.get(usize::from(status / 100)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn shows_until(&self, seconds: i64) {
        self.certificate_until.store(seconds, Ordering::Relaxed);
    }

    /// Returns how many connections there are.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Returns how many there were.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Returns how many were not held for a reason.
    pub(super) fn count(&self, why: Refusal) -> u64 {
        self.refused.get(why as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Returns how many requests were answered, by the first digit of the status.
    pub(super) fn answers(&self) -> impl Iterator<Item = (usize, u64)> {
        self.answered.iter().enumerate().skip(2).map(|(digit, count)| (digit, count.load(Ordering::Relaxed)))
    }

    /// Returns until when the certificate is good, where there is one.
    pub(super) fn certificate_until(&self) -> Option<i64> {
        Some(self.certificate_until.load(Ordering::Relaxed)).filter(|seconds| *seconds != 0)
    }
}
