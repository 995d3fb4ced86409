//! Where things stand: channels, overtures, meetings, series, parties, what is due.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::entry::{AnomalyRow, EntryRef, Named};
use crate::desk::answer::facets::is_zero;
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;

/// Where a channel stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChannelRow {
    /// The channel.
    pub id: EntityId,
    /// The name by which it is typed.
    pub name: String,
    /// `line`, `carrier` or `forum`; the last two have no state.
    pub sort: String,
    /// `active`, `severed`, …; `unknown` before the first evidence, `none` where it has no state.
    pub state: String,
    /// The date of the last change has doubt, and the other state is possible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possibly: bool,
    /// The entry on which the state rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryRef>,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// The last entry that says anything of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_evidence: Option<EntryRef>,
    /// When it was last called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Date>,
    /// When a call was last taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<Date>,
    /// Calls not taken since.
    pub missed_in_a_row: u32,
    /// What each side says of it: `PRK: cut (9 June 2020)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<String>,
    /// The rule by which the state was derived; none where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_by: Option<String>,
    /// What works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// When it is called, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Its ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<Named>,
    /// What it was found to be one with: the row tells of all of these names together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_with: Vec<Named>,
    /// Entries that came over it while it was declared cut: the latest of them, at most eight, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_while_cut: Vec<EntryRef>,
    /// How many came over it while it was declared cut.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub used_while_cut_total: u64,
    /// Transitions that no rule allows: the latest of them, at most eight, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<AnomalyRow>,
    /// How many transitions no rule allows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub anomalies_total: u64,
    /// Where another order of entries of one day would give another state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<String>,
    /// How many entries about it had their text removed: what they said of it is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// What else must be said: a successor, damage that is not mended, what takes effect later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Where an overture stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OvertureRow {
    /// The overture.
    pub id: EntityId,
    /// What users type for it.
    pub handle: String,
    /// What it offers, in a sentence.
    pub summary: String,
    /// Who proposes.
    pub proposer: Vec<Named>,
    /// To whom.
    pub addressees: Vec<Named>,
    /// What carried it.
    pub via: Vec<Named>,
    /// When it was first issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Date>,
    /// Whole days from the first issue to the moment of the answer: at most so many, where its date leaves that open;
    /// none where nobody knows when it was issued, or how early it can have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_days: Option<i64>,
    /// At least so many, where the date of the first issue leaves that open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_days_min: Option<i64>,
    /// The derived status: `pending`, `unanswered`, `deflected`, `rejected`, …
    pub status: String,
    /// The date of the offer, or of an entry that moved it, leaves open whether that had happened by the moment of the
    /// answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possibly: bool,
    /// Standing, and an addressee has not said yes or no.
    pub open: bool,
    /// On what the status rests, in words.
    pub basis: String,
    /// On what `unanswered` rests, where that is the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<UnansweredRow>,
    /// `issued`, `conveyed`, `delivered`, `receipt_confirmed`, …; `unknown` where the offer was struck.
    pub delivery: String,
    /// The receipt is inferred from an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delivery_inferred: bool,
    /// `standing`, `lapsed`, `withdrawn`, …; `unknown` where the offer was struck.
    pub currency: String,
    /// What each addressee answered.
    pub answers: Vec<AnswerRow>,
    /// How often the proposer said it again.
    pub reiterations: u32,
    /// When last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reiterated: Option<Date>,
    /// By when an answer was asked for, by the offer or a policy; where nobody is awaited any longer it is not overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRow>,
    /// Transitions that no rule allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<AnomalyRow>,
    /// How many entries of the thread, the offer aside, had their text removed; one of them may have been an answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// What else must be said: reiterated since the refusal, overtaken by a later offer, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What one addressee answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerRow {
    /// The addressee.
    pub party: Named,
    /// What it said: `none`, `acknowledged`, `deflected`, `conditional`, `countered`, `accepted`, `rejected`.
    pub answer: String,
    /// Through what the offer is settled without a yes to itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledRow>,
    /// Where the offer stands with this addressee: `pending`, `unanswered`, `rejected`, …
    #[serde(default)]
    pub status: String,
    /// On what `unanswered` rests, in words: on which basis, as of when, which answers were looked for and
    /// where, and who recorded it; none for another status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// How directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directness: Option<String>,
    /// How weighty the speaker is: `head_of_state`, `ministry`, `media`, …; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryRef>,
    /// Days from the first issue to the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_days: Option<i64>,
    /// It came after the time for it was over, after the offer had lapsed, or after silence was found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Against what it is late, in words: by when it was due and on what basis, or what had been recorded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_against: Option<String>,
    /// What carried it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Named>,
    /// It came over another channel than the one on which an answer was asked for, or, where none was named,
    /// than those that carried the offer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_channel: bool,
    /// What it said since that no rule allows after this answer: it has no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrary: Option<EntryRef>,
    /// That it answers this offer is asserted with low confidence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
    /// What the addressee did, beside what it said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conduct: Vec<EntryRef>,
    /// On what `unanswered` rests, where that is the status with this addressee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<UnansweredRow>,
}

/// A counter-proposal that was accepted or came about, and with it the offer that it counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SettledRow {
    /// The counter-proposal.
    pub counter: Named,
    /// The entry with which it was, whoever spoke.
    pub entry: EntryRef,
    /// Days from the first issue of the offer to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_days: Option<i64>,
}

/// On what "unanswered" rests: a finding that someone recorded, or a time that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UnansweredRow {
    /// `officer_finding`, `reported`, `explicit_deadline`, `implied_by_proposed_date`,
    /// `agreed_channel_rule`, `policy_default`.
    pub basis: String,
    /// Who has not answered; the offer names nobody where this is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addressees: Vec<Named>,
    /// Which answers were looked for: `direct_only`, `any`; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// On which channels; on any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Named>,
    /// What was searched; of what the clock derives the entries of the thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<String>,
    /// As of when it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// The finding; of what the clock derives the entry or the policy that sets the time.
    pub entry: EntryRef,
    /// Who recorded the finding; nobody where the clock derives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_by: Option<String>,
}

/// An answer that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DueRow {
    /// The overture.
    pub overture: EntryRef,
    /// Who is to answer.
    pub addressees: Vec<Named>,
    /// The last moment; none where nothing says by when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The same, in words.
    pub words: String,
    /// On what it rests, in words.
    pub basis: String,
    /// `explicit_deadline`, `implied_by_proposed_date`, `agreed_channel_rule`, `policy_default`, or `none`
    /// where nothing says by when.
    #[serde(default)]
    pub kind: String,
    /// It has passed.
    #[serde(default)]
    pub overdue: bool,
    /// What else must be said: a text of the thread was removed, and may have been the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Where a meeting stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MeetingRow {
    /// The meeting.
    pub id: EntityId,
    /// What users type for it.
    pub handle: String,
    /// The latest entry, in a sentence.
    pub summary: String,
    /// `scheduled`, `postponed`, `concluded`, …
    pub state: String,
    /// The state follows from the clock and is to be confirmed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    /// The date of the last change has doubt, and the other state is possible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub possibly: bool,
    /// When it is or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Who meets.
    pub parties: Vec<Named>,
    /// The forum or the series.
    pub forum: Vec<Named>,
    /// Who postponed or cancelled it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// At what level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// What it left behind: `joint_text`, `separate_statements`, `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The number of the round as the sides count it; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// In a series: which of the sessions that the log knows, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// Transitions that no rule allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<AnomalyRow>,
    /// Where another order of entries of one day would give another state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<String>,
}

/// Where a series of talks stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SeriesRow {
    /// The series.
    pub id: EntityId,
    /// The name by which it is typed.
    pub name: String,
    /// `proposed`, `running`, `stalled`, …; `unknown` before the first evidence.
    pub state: String,
    /// The entry on which the state rests; of talks that are stalled the last session, from which that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryRef>,
    /// The rule by which the state was derived; none where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_by: Option<String>,
    /// The rounds held, in the order of the world.
    pub rounds: Vec<MeetingRow>,
    /// The meetings of it in which the sides did not sit together, or not yet: cancelled, put off, not held, to come. Those
    /// without a date last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_session: Vec<MeetingRow>,
    /// Where the numbers of the rounds have gaps, what became of a round that was not held, and which number several
    /// rounds have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// Transitions that no rule allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<AnomalyRow>,
}

/// A party of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PartyRow {
    /// The party.
    pub id: EntityId,
    /// Its code.
    pub code: String,
    /// Its names, the one to show first.
    pub names: Vec<String>,
    /// What it was found to be one with, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_with: Vec<Named>,
    /// What it was found to be, where that is several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Named>,
    /// How many entries it takes part in, under whichever name.
    pub entries: u64,
    /// When the last of them happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Date>,
}
