//! A sealed body, opened by the secret of its slot.

use crate::store::segment::catalog::NO_SLOT;
use crate::store::segment::frame::Frame;
use crate::store::segment::read::Place;
use crate::store::segment::secrets::Secret;
use crate::store::segment::{Shared, secrets};
use crate::store::{BODY_BYTES_MAX, Damage, seal};
use crate::tlog::Hash;

/// What a sealed body gives.
pub(super) enum Opened {
    /// Salt and plaintext.
    Plain([u8; 32], Vec<u8>),
    /// Its secret was destroyed, or it was gone when the record was taken over.
    Removed,
    /// Its secret is not there or does not open it: damage.
    Nothing,
}

impl Shared {
    /// Opens a body.
    pub(super) fn open(&self, frame: &Frame<'_>, commitment: &Hash) -> Opened {
        if frame.slot == NO_SLOT {
            return if frame.body.is_empty() { Opened::Removed } else { Opened::Nothing };
        }
        if frame.body.len() > BODY_BYTES_MAX + seal::OVERHEAD {
            return Opened::Nothing;
        }
        let secret = match self.secrets.of(frame.slot) {
            // Another process may have written the block anew just then.
            Secret::Unknown if self.secrets.fault(frame.slot / secrets::SLOTS).is_none() => {
                self.secrets.of(frame.slot)
            }
            secret @ (Secret::Live(_) | Secret::Destroyed | Secret::Unknown) => secret,
        };
        match secret {
            Secret::Live(secret) => seal::open(&secret, commitment, frame.body)
                .map_or(Opened::Nothing, |(salt, text)| Opened::Plain(salt, text)),
            Secret::Destroyed => Opened::Removed,
            Secret::Unknown => Opened::Nothing,
        }
    }

    /// As [`Shared::open`]; a secret that no longer gives the body that it sealed is damage.
    pub(super) fn open_noted(&self, place: &Place, frame: &Frame<'_>, commitment: &Hash) -> Opened {
        let opened = self.open(frame, commitment);
        if matches!(opened, Opened::Nothing) {
            let fault = (frame.slot != NO_SLOT).then(|| self.secrets.fault(frame.slot / secrets::SLOTS));
            self.found_damage(&match fault.flatten() {
                Some(fault) => Damage {
                    file: fault.file,
                    offset: 0,
                    position: Some(place.position),
                    what: fault.what.to_owned(),
                },
                None => place.damaged("the body does not open"),
            });
        }
        opened
    }
}
