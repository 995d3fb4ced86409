//! Which kind has which code: CAMEO 1.1b3, PLOVER (2021), and the weight on the scale of Goldstein.
//!
//! The codes are coarser than the kinds: an offer and a yes have the same one, and silence has none.

use crate::domain::fact::Kind;

/// The codes of a kind; empty where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    /// The code of CAMEO.
    pub(super) cameo: &'static str,
    /// What CAMEO calls it.
    pub(super) label: &'static str,
    /// The event of PLOVER.
    pub(super) event: &'static str,
    /// The mode of PLOVER.
    pub(super) mode: &'static str,
    /// The weight on the scale of Goldstein.
    pub(super) goldstein: &'static str,
    /// What to mind in using it.
    pub(super) note: &'static str,
}

/// What is said of a kind that the table does not have.
pub(super) const NO_CODE: Code =
    Code { cameo: "", label: "", event: "", mode: "", goldstein: "", note: "no code for this kind" };

/// Returns the codes of a kind; none where the table does not have it.
pub(super) fn code(kind: Kind) -> Option<Code> {
    let (_, [cameo, label, event, mode, goldstein, note]) = CODES.iter().find(|(known, _)| *known == kind)?;
    Some(Code { cameo, label, event, mode, goldstein, note })
}

use Kind as K;

/// By kind: CAMEO, its label, event and mode of PLOVER, Goldstein, what to mind.
const CODES: &[(Kind, [&str; 6])] = &[
    (
        K::OvertureProposed,
        [
            "036",
            "Express intent to meet or negotiate",
            "AGREE",
            "",
            "4.0",
            "CAMEO 036 covers both offering and agreeing to meet: offer and acceptance get the same code. PLOVER codes invitations and future meetings as AGREE, requests to meet as REQUEST/meet.",
        ],
    ),
    (
        K::OvertureDemanded,
        ["106", "Demand meeting, negotiation", "REQUEST", "meet", "-5.0", "use only when worded as a demand"],
    ),
    (
        K::OvertureUltimatum,
        [
            "139",
            "Give ultimatum",
            "THREATEN",
            "relations",
            "-7.0",
            "only when a threat is tied to a refusal (25 April 2013 'grave measures')",
        ],
    ),
    (
        K::OvertureUrged,
        [
            "026",
            "Appeal to others to meet or negotiate",
            "REQUEST",
            "meet",
            "4.0",
            "source must be a third party and not one of the parties that would meet",
        ],
    ),
    (
        K::OvertureReiterated,
        [
            "036",
            "Express intent to meet or negotiate",
            "AGREE",
            "",
            "4.0",
            "no code of its own: reiteration is invisible in CAMEO",
        ],
    ),
    (
        K::OvertureDeescalation,
        [
            "0256",
            "Appeal for de-escalation of military engagement",
            "REQUEST",
            "yield",
            "-0.3",
            "the substance rather than the meeting",
        ],
    ),
    (K::OvertureMediationOffered, ["039", "Express intent to mediate", "AGREE", "", "5.0", ""]),
    (
        K::OvertureAcknowledged,
        ["014", "Consider policy option", "", "", "0.0", "'under study'; CAMEO 01 is dropped in PLOVER"],
    ),
    (
        K::ResponseAccepted,
        ["036", "Express intent to meet or negotiate", "AGREE", "", "4.0", "same code as the offer"],
    ),
    (K::ResponseAcceptedWithChanges, ["036", "Express intent to meet or negotiate", "AGREE", "", "4.0", ""]),
    (
        K::ResponseAcceptedConditionally,
        ["036", "Express intent to meet or negotiate", "AGREE", "", "4.0", "the condition is lost"],
    ),
    (K::ResponseCounterProposed, ["036", "Express intent to meet or negotiate", "AGREE", "", "4.0", ""]),
    (
        K::ResponseRejected,
        ["125", "Reject proposal to meet, discuss, or negotiate", "REJECT", "meet", "-5.0", ""],
    ),
    (
        K::ResponseRejectedPlan,
        ["127", "Reject plan, agreement to settle dispute", "REJECT", "meet", "-5.0", ""],
    ),
    (
        K::ResponseDeflected,
        [
            "111",
            "Criticize or denounce",
            "ACCUSE",
            "disapprove",
            "-2.0",
            "or 010 Make statement; 125 only if it refuses in so many words",
        ],
    ),
    (
        K::ResponseDeclinedComment,
        ["011", "Decline comment", "", "", "-0.1", "an explicit refusal to comment is not silence"],
    ),
    (K::SilenceRecorded, ["", "", "", "", "", "no code exists: silence is not an event in CAMEO or PLOVER"]),
    (K::CallAnswered, ["041", "Discuss by telephone", "CONSULT", "phone", "1.0", ""]),
    (K::CallUnanswered, ["", "", "", "", "", "no code"]),
    (K::ChannelSuspended, ["160", "Reduce relations", "SANCTION", "", "-4.0", ""]),
    (
        K::ChannelSevered,
        ["161", "Reduce or break diplomatic relations", "SANCTION", "withdraw", "-4.0", "nearest code"],
    ),
    (
        K::ChannelRestored,
        [
            "050",
            "Engage in diplomatic cooperation",
            "SUPPORT",
            "",
            "3.5",
            "description: initiate, resume, improve or expand diplomatic cooperation or exchange",
        ],
    ),
    (K::MeetingScheduled, ["036", "Express intent to meet or negotiate", "AGREE", "", "4.0", ""]),
    (
        K::MeetingHeld,
        [
            "046",
            "Engage in negotiation",
            "CONSULT",
            "",
            "7.0",
            "040 when not a negotiation, 042/043 for visits, 044 for a third place, 045 when mediated",
        ],
    ),
    (
        K::MeetingPostponed,
        [
            "164",
            "Halt negotiations",
            "SANCTION",
            "withdraw",
            "-7.0",
            "usage note: 'other disruptions of planned negotiations'",
        ],
    ),
    (
        K::MeetingCancelled,
        [
            "161",
            "Reduce or break diplomatic relations",
            "SANCTION",
            "withdraw",
            "-4.0",
            "usage note of 161: cancellation of meetings; negotiations under 164",
        ],
    ),
    (K::MeetingBrokenOff, ["164", "Halt negotiations", "SANCTION", "withdraw", "-7.0", "'walk-outs'"]),
    (K::TalksSuspended, ["164", "Halt negotiations", "SANCTION", "withdraw", "-7.0", ""]),
    (K::TalksThreatened, ["134", "Threaten to halt negotiations", "THREATEN", "relations", "-5.8", ""]),
    (K::MeetingAgreement, ["057", "Sign formal agreement", "SUPPORT", "", "8.0", ""]),
    (
        K::ProtestLodged,
        ["114", "Complain officially", "ACCUSE", "allege", "-2.0", "written institutional protest"],
    ),
    (K::StatementPublic, ["010", "Make statement", "", "", "0.0", "residual"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_shared_one_says() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/kind-to-cameo-plover.csv");
        let Ok(shared) = std::fs::read(&path) else {
            eprintln!("skipped: there is no table at {}", path.display());
            return;
        };
        let mut reader = ::csv::Reader::from_reader(shared.as_slice());
        let mut rows = 0;
        for record in reader.records().map(Result::unwrap) {
            rows += 1;
            let cells: Vec<&str> = record.iter().collect();
            let known = code(cells[0].parse().unwrap()).unwrap();
            assert_eq!(
                [known.cameo, known.label, known.event, known.mode, known.note].as_slice(),
                &cells[1..],
                "{}",
                cells[0]
            );
            assert_eq!(known.goldstein.is_empty(), known.cameo.is_empty(), "{}", cells[0]);
        }
        assert_eq!(rows, CODES.len());
        assert_eq!(code(Kind::Incident), None);
    }
}
