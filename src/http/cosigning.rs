//! Asking the witnesses of a policy for their cosignatures on the newest checkpoint (C2SP tlog-witness).

use crate::desk::Desk;
use crate::desk::publication::{CosignaturesAsk, WitnessRow};
use crate::http::outside::{self, OutsideError};

/// The path of the request, below a witness's submission prefix.
const PATH: &str = "add-checkpoint";
/// Bytes of an answer at most: some signature lines.
const ANSWER_BYTES_MAX: u64 = 1 << 16;
/// How often a witness is told of another size that it should know.
const TRIES_MAX: u32 = 3;

/// What became of asking one witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It cosigned, and how large the log is that it cosigned.
    Cosigned(u64),
    /// The policy says no address of it.
    NoAddress,
    /// It did not, and why.
    Failed(String),
}

/// The log whose checkpoint is to be cosigned, wherever it is.
pub trait Log {
    /// Returns the body of a request that proves that the newest checkpoint continues `old` events.
    ///
    /// # Errors
    ///
    /// Returns why there is none, in words.
    fn request(&mut self, old: u64) -> Result<Vec<u8>, String>;

    /// Takes signature lines, and returns the size of the checkpoint that they are of.
    ///
    /// # Errors
    ///
    /// Returns why they were not taken, in words.
    fn take(&mut self, lines: String) -> Result<u64, String>;
}

impl Log for &Desk {
    fn request(&mut self, old: u64) -> Result<Vec<u8>, String> {
        self.audit_consistency(old).map_err(|error| error.to_string())
    }

    fn take(&mut self, lines: String) -> Result<u64, String> {
        let taken = self.take_cosignatures(&CosignaturesAsk { lines });
        taken.map(|answer| answer.data.size).map_err(|error| error.to_string())
    }
}

/// Asks one witness for its cosignature on the newest checkpoint.
pub fn ask(log: &mut dyn Log, witness: &WitnessRow) -> Asked {
    let Some(url) = &witness.url else { return Asked::NoAddress };
    let url = format!("{}/{PATH}", url.trim_end_matches('/'));
    let mut old = witness.cosigned.unwrap_or(0);
    for _ in 0..TRIES_MAX {
        let sent = log.request(old).and_then(|body| {
            outside::exchange(&url, "text/plain", &body, ANSWER_BYTES_MAX).map_err(|error| words(&error))
        });
        let (status, answer) = match sent {
            Ok(answered) => answered,
            Err(why) => return Asked::Failed(why),
        };
        let text = String::from_utf8_lossy(&answer).into_owned();
        match (status, text.trim().parse::<u64>()) {
            (200, _) => return log.take(text).map_or_else(Asked::Failed, Asked::Cosigned),
            // It cosigned another size last, and says which.
            (409, Ok(known)) if known != old => old = known,
            (status, _) => return Asked::Failed(refusal(status, &text)),
        }
    }
    Asked::Failed("it names another size at every try".to_owned())
}

/// Says why a witness refused, as its status tells.
fn refusal(status: u16, text: &str) -> String {
    let meaning = match status {
        400 => "it does not understand the request",
        403 => "it trusts another key for this log",
        404 => "it does not know this log; its operator must add the verifier key (`witness trust`)",
        409 => "it cosigned another log of this name and size: a fork, or a log that was set back",
        422 => {
            "the proof does not show that the log continues what it cosigned: a fork, or a log that was set back"
        }
        _ => "it does not cosign",
    };
    let text = text.trim();
    if text.is_empty() { format!("{meaning} ({status})") } else { format!("{meaning} ({status}: {text})") }
}

fn words(error: &OutsideError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// Asks every witness of the policy that has not cosigned the newest checkpoint of a desk, where it has a
/// policy.
pub(crate) fn round(desk: &Desk) {
    let Ok(policy) = desk.policy() else { return };
    for witness in policy.data.witnesses.iter().filter(|witness| !witness.newest && witness.url.is_some()) {
        let mut log = desk;
        if let Asked::Failed(why) = ask(&mut log, witness) {
            tracing::warn!(witness = witness.name, why, "a witness did not cosign the log");
        }
    }
}
