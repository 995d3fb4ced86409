//! How far an overture got on its way to the addressee.

use crate::domain::words::words;

words! {
    /// How far an overture got.
    Delivery {
        /// Written, not yet sent.
        Drafted = "drafted",
        /// Published or sent.
        Issued = "issued",
        /// Passed on by an intermediary.
        Conveyed = "conveyed",
        /// Tendered to the addressee.
        Delivered = "delivered",
        /// The addressee has it.
        ReceiptConfirmed = "receipt_confirmed",
        /// The addressee would not take it.
        ReceiptRefused = "receipt_refused",
        /// Nobody knows whether the addressee took it.
        ReceiptUnclear = "receipt_unclear",
    }
}

impl Delivery {
    /// Returns how far it got with a step to `step`, which a repeated step confirms; after a refused or an
    /// unclear receipt a new attempt goes back.
    ///
    /// # Errors
    ///
    /// Returns the states from which the step would have been right.
    pub fn after(self, step: Self) -> Result<Self, &'static str> {
        use Delivery::{
            Conveyed, Delivered, Drafted, Issued, ReceiptConfirmed, ReceiptRefused, ReceiptUnclear,
        };
        match (self, step) {
            (Drafted, Issued)
            | (Issued | ReceiptRefused | ReceiptUnclear, Conveyed)
            | (Issued | Conveyed | ReceiptRefused | ReceiptUnclear, Delivered)
            | (Issued | Conveyed | Delivered | ReceiptUnclear, ReceiptConfirmed | ReceiptRefused)
            | (Issued | Conveyed | Delivered, ReceiptUnclear) => Ok(step),
            (before, _) if before == step => Ok(step),
            (_, Drafted) => Err("nothing before it"),
            (_, Issued) => Err("drafted"),
            (_, Conveyed) => Err("issued, receipt refused or receipt unclear"),
            (_, Delivered) => Err("issued, conveyed, receipt refused or receipt unclear"),
            (_, ReceiptConfirmed | ReceiptRefused) => Err("issued, conveyed, delivered or receipt unclear"),
            (_, ReceiptUnclear) => Err("issued, conveyed or delivered"),
        }
    }
}
