//! The whole record without anybody who asks: for what the desk keeps of it.

use std::sync::{Arc, Mutex};

use crate::desk::answer::AsOf;
use crate::desk::channels::kept::ChannelsKept;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::known::removed::Without;
use crate::desk::known::sight::policies_in_sight;
use crate::desk::names::Names;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::view::View;

impl Known {
    /// Returns the whole record as a view knows it, seen from a moment, for what the desk keeps of it.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(in crate::desk) fn of_view(
        view: View,
        at: Timestamp,
        zone: Zone,
        channels: Arc<ChannelsKept>,
    ) -> Result<Self, DeskError> {
        let register = view.register()?;
        let policies = Arc::new(policies_in_sight(&register, zone, None));
        let names = Arc::new(Names::of(&register));
        let as_of = AsOf {
            log: String::new(),
            position: view.size().checked_sub(1),
            last_recorded_at: None,
            at,
            past_knowledge: false,
            zone: zone.to_string(),
        };
        Ok(Self {
            view,
            register,
            names,
            channels,
            author_keys: Arc::default(),
            policies,
            asked: at,
            at,
            zone,
            typing_zone: zone,
            later: None,
            lost: None,
            sight: None,
            beyond: None,
            as_of,
            notices: Mutex::default(),
            trace: Mutex::default(),
            openings: Arc::default(),
            without: Without::new(),
        })
    }
}
