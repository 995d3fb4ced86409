//! A sealed body, opened by the secret of its slot.

use zeroize::Zeroizing;

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

/// As [`Opened`], in memory that is used again.
pub(super) enum OpenedInto<'room> {
    /// Salt and plaintext.
    Plain(&'room [u8; 32], &'room [u8]),
    /// As [`Opened::Removed`].
    Removed,
    /// As [`Opened::Nothing`].
    Nothing,
}

impl Shared {
    /// Opens a body.
    pub(super) fn open(&self, frame: &Frame<'_>, commitment: &Hash) -> Opened {
        let mut room = Vec::new();
        if let Some(secret) = self.alone(frame)
            && let Some((salt, _)) = seal::open_into(&secret, commitment, frame.body, &mut room)
        {
            let salt = *salt;
            room.drain(..salt.len());
            return Opened::Plain(salt, room);
        }
        match self.open_into(frame, commitment, |slot| self.secrets.of(slot), &mut room) {
            OpenedInto::Plain(salt, _) => {
                let salt = *salt;
                room.drain(..salt.len());
                Opened::Plain(salt, room)
            }
            OpenedInto::Removed => Opened::Removed,
            OpenedInto::Nothing => Opened::Nothing,
        }
    }

    /// Returns the secret of a record alone, where there may be one.
    fn alone(&self, frame: &Frame<'_>) -> Option<Zeroizing<[u8; 32]>> {
        let may_open = frame.slot != NO_SLOT && frame.body.len() <= BODY_BYTES_MAX + seal::OVERHEAD;
        may_open.then(|| self.secrets.alone(frame.slot)).flatten()
    }

    /// Opens a body, whose secret is found by `of`, into memory that is used again.
    pub(super) fn open_into<'room>(
        &self,
        frame: &Frame<'_>,
        commitment: &Hash,
        of: impl FnOnce(u64) -> Secret,
        room: &'room mut Vec<u8>,
    ) -> OpenedInto<'room> {
        if frame.slot == NO_SLOT {
            return if frame.body.is_empty() { OpenedInto::Removed } else { OpenedInto::Nothing };
        }
        if frame.body.len() > BODY_BYTES_MAX + seal::OVERHEAD {
            return OpenedInto::Nothing;
        }
        let secret = match of(frame.slot) {
            // Another process may have written the block anew just then.
            Secret::Unknown if self.secrets.fault(frame.slot / secrets::SLOTS).is_none() => {
                self.secrets.of(frame.slot)
            }
            secret @ (Secret::Live(_) | Secret::Destroyed | Secret::Unknown) => secret,
        };
        match secret {
            Secret::Live(secret) => seal::open_into(&secret, commitment, frame.body, room)
                .map_or(OpenedInto::Nothing, |(salt, text)| OpenedInto::Plain(salt, text)),
            Secret::Destroyed => OpenedInto::Removed,
            Secret::Unknown => OpenedInto::Nothing,
        }
    }

    /// As [`Shared::open`]; a secret that no longer gives the body that it sealed is damage.
    pub(super) fn open_noted(&self, place: &Place, frame: &Frame<'_>, commitment: &Hash) -> Opened {
        let opened = self.open(frame, commitment);
        if matches!(opened, Opened::Nothing) {
            self.note_closed(place, frame);
        }
        opened
    }

    /// Marks the log as damaged by a body that does not open.
    pub(super) fn note_closed(&self, place: &Place, frame: &Frame<'_>) {
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
}
