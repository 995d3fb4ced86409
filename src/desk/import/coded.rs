//! Which kind of entry an event is that somebody coded by CAMEO or PLOVER, and which of two rows are one event
//! with the roles exchanged.

use std::collections::HashSet;

use crate::domain::fact::Kind;

/// What a code says, as far as it says one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) kind: Kind,
    /// What the code does not say, where one kind is taken of several.
    pub(super) doubt: Option<&'static str>,
    /// The kind is of a channel, and the row must say of which.
    pub(super) needs_channel: bool,
}

const fn meant(kind: Kind) -> Meant {
    Meant { kind, doubt: None, needs_channel: false }
}

const fn doubtful(kind: Kind, doubt: &'static str) -> Meant {
    Meant { kind, doubt: Some(doubt), needs_channel: false }
}

const fn of_channel(kind: Kind) -> Meant {
    Meant { kind, doubt: None, needs_channel: true }
}

/// Returns the kind of an event with a CAMEO code: the correspondences of the project, read backwards.
///
/// Where several kinds have one code, the least that the code says is taken, and what it does not say is told.
pub(super) fn of_cameo(code: &str) -> Option<Meant> {
    Some(match code {
        "010" => meant(Kind::StatementPublic),
        "011" => meant(Kind::ResponseDeclinedComment),
        "014" => doubtful(Kind::OvertureAcknowledged, "014 considers some option, perhaps no overture"),
        "026" => meant(Kind::OvertureUrged),
        "0256" => meant(Kind::OvertureDeescalation),
        "036" => doubtful(Kind::OvertureProposed, "036 is offering, agreeing and reiterating alike"),
        "039" => meant(Kind::OvertureMediationOffered),
        "040" | "042" | "043" | "044" | "045" | "046" => meant(Kind::MeetingHeld),
        "041" => of_channel(Kind::CallAnswered),
        "050" => of_channel(Kind::ChannelRestored),
        "057" => meant(Kind::MeetingAgreement),
        "106" => meant(Kind::OvertureDemanded),
        "111" => doubtful(Kind::ResponseDeflected, "111 denounces, and may answer nothing"),
        "114" => meant(Kind::ProtestLodged),
        "125" => meant(Kind::ResponseRejected),
        "127" => meant(Kind::ResponseRejectedPlan),
        "134" => meant(Kind::TalksThreatened),
        "139" => meant(Kind::OvertureUltimatum),
        "160" => of_channel(Kind::ChannelSuspended),
        "161" => of_channel(Kind::ChannelSevered),
        "164" => doubtful(
            Kind::TalksSuspended,
            "164 is suspending talks, and breaking off or putting off one meeting",
        ),
        _ => return None,
    })
}

/// Returns the kind of an event with a PLOVER event, mode and contexts.
pub(super) fn of_plover(event: &str, mode: &str, contexts: &str) -> Option<Meant> {
    let mode = mode.to_lowercase().replace([' ', '_'], "-");
    Some(match (event.to_uppercase().as_str(), mode.as_str()) {
        ("AGREE", _) if contexts.to_lowercase().contains("diplo") => {
            doubtful(Kind::OvertureProposed, "AGREE is offering, agreeing and setting a meeting alike")
        }
        ("REQUEST", "meet") => {
            doubtful(Kind::OvertureDemanded, "REQUEST/meet is demanding, and urging by others")
        }
        ("REQUEST", "yield") => meant(Kind::OvertureDeescalation),
        ("REJECT", "meet") => {
            doubtful(Kind::ResponseRejected, "REJECT/meet is refusing to meet, and refusing a plan")
        }
        ("THREATEN", "relations") => {
            doubtful(Kind::TalksThreatened, "THREATEN/relations is an ultimatum, and a threat to halt talks")
        }
        ("ACCUSE", "disapprove") => {
            doubtful(Kind::ResponseDeflected, "ACCUSE/disapprove denounces, and may answer nothing")
        }
        ("ACCUSE", "allege") => meant(Kind::ProtestLodged),
        ("CONSULT", "phone") => of_channel(Kind::CallAnswered),
        ("CONSULT", _) => meant(Kind::MeetingHeld),
        ("SUPPORT", _) => {
            doubtful(Kind::MeetingAgreement, "SUPPORT is signing an agreement, and resuming cooperation")
        }
        ("SANCTION", "withdraw") => doubtful(
            Kind::TalksSuspended,
            "SANCTION/withdraw is halting talks, calling a meeting off, and breaking relations",
        ),
        ("SANCTION", "") => of_channel(Kind::ChannelSuspended),
        _ => return None,
    })
}

/// Codes whose events CAMEO lists twice, once for each side: that of the other side.
fn other_side(code: &str) -> Option<&str> {
    match code {
        "042" => Some("043"),
        "043" => Some("042"),
        "040" | "041" | "044" | "045" | "046" | "057" => Some(code),
        _ => None,
    }
}

/// How many events of one day are remembered to find the other half of a pair.
const REMEMBERED_MAX: usize = 200_000;

/// Finds the second of two rows that are one event.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    day: String,
    seen: HashSet<[String; 4]>,
}

impl Pairs {
    /// Tells whether the event was seen with the roles exchanged; of a pair the first row counts.
    pub(super) fn is_second(&mut self, day: &str, story: &str, code: &str, from: &str, to: &str) -> bool {
        let Some(other) = other_side(code) else { return false };
        if self.day != day || self.seen.len() >= REMEMBERED_MAX {
            day.clone_into(&mut self.day);
            self.seen.clear();
        }
        let key = |code: &str, from: &str, to: &str| [story, code, from, to].map(ToOwned::to_owned);
        // Taken out: a third row is an event of its own.
        if from != to && self.seen.remove(&key(other, to, from)) {
            return true;
        }
        self.seen.insert(key(code, from, to));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_projects_correspondences() {
        let Some(table) = crate::testing::shared("kind-to-cameo-plover.csv") else { return };
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        for row in &rows {
            let (kind, cameo, plover, mode) = (&row[0], &row[1], &row[3], &row[4]);
            if !cameo.is_empty() {
                let found = of_cameo(cameo).unwrap_or_else(|| panic!("{cameo}"));
                let same = rows.iter().filter(|other| &other[1] == cameo).count();
                assert!(
                    rows.iter().any(|other| &other[1] == cameo && other[0] == *found.kind.as_str()),
                    "{cameo}"
                );
                assert!(same == 1 || found.doubt.is_some() || found.needs_channel, "{cameo}: {kind}");
            }
            if !plover.is_empty() {
                let found =
                    of_plover(plover, mode, "diplomatic").unwrap_or_else(|| panic!("{plover} {mode}"));
                let is_listed =
                    |other: &csv::StringRecord| &other[3] == plover && other[0] == *found.kind.as_str();
                assert!(rows.iter().any(is_listed), "{plover} {mode}");
            }
        }
        assert_eq!(of_cameo("190"), None);
        assert_eq!(of_plover("ASSAULT", "", ""), None);
    }

    #[test]
    fn of_a_pair_the_first_row_counts_and_a_third_is_one_of_its_own() {
        let mut pairs = Pairs::default();
        assert!(!pairs.is_second("2012-01-03", "1", "046", "KOR", "PRK"));
        assert!(pairs.is_second("2012-01-03", "1", "046", "PRK", "KOR"));
        assert!(!pairs.is_second("2012-01-03", "1", "046", "PRK", "KOR"));
        assert!(!pairs.is_second("2012-01-03", "1", "042", "KOR", "USA"));
        assert!(pairs.is_second("2012-01-03", "1", "043", "USA", "KOR"));
        assert!(!pairs.is_second("2012-01-04", "1", "043", "USA", "KOR"));
        assert!(!pairs.is_second("2012-01-04", "1", "036", "KOR", "PRK"));
        assert!(!pairs.is_second("2012-01-04", "1", "036", "PRK", "KOR"));
    }
}
