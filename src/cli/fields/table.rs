//! Every field of an entry: its flag, what it takes, and what it says.

use crate::domain::channel::ChannelState;
use crate::domain::fact::channel::DeclaredStatus;
use crate::domain::fact::communication::Precedence;
use crate::domain::fact::meeting::Outcome;
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Kind, Subject};
use crate::domain::schedule::Weekday;
use crate::domain::words::{
    AnswerScope, Basis, Capability, Directness, Evidence, Form, IssuerLevel, SilenceScope,
};

/// A field of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Its name, as recorded.
    pub(super) name: &'static str,
    /// The flag without its hyphens.
    pub(super) flag: &'static str,
    /// What it takes.
    pub(super) takes: Takes,
    /// What it says, for the help.
    pub(super) help: &'static str,
}

/// What a field takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// One text: the word shown for it in the help.
    Text(&'static str),
    /// Several texts, each with its own flag: a comma is part of a name.
    Texts(&'static str),
    /// One word of a list.
    Word(fn() -> Vec<&'static str>),
    /// Several words of a list, comma separated.
    Words(fn() -> Vec<&'static str>),
    /// Times of the day, comma separated.
    Slots,
    /// A number.
    Number,
    /// `true` or `false`.
    Truth,
    /// Nothing: the flag alone says yes.
    Switch,
    /// Texts in languages: `ko-KP=…`.
    Tongues,
    /// Relations to other entries: `contradicts=ik-071`.
    Links,
}

fn texts<T: Copy>(all: &[T], text: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().copied().map(text).collect()
}

fn scopes() -> Vec<&'static str> {
    let mut scopes = texts(AnswerScope::ALL, AnswerScope::as_str);
    scopes.extend(texts(SilenceScope::ALL, SilenceScope::as_str));
    scopes
}

fn offers() -> Vec<&'static str> {
    let makes = |kind: &&Kind| {
        matches!(
            kind.subject(),
            Subject::Creates(EntityKind::Overture) | Subject::MayCreate(EntityKind::Overture)
        )
    };
    Kind::ALL.iter().filter(makes).map(|kind| kind.as_str()).collect()
}

macro_rules! fields {
    ($($name:literal, $flag:literal, $takes:expr, $help:literal;)+) => {
        /// Every field, in the order in which the help lists them.
        pub(super) const FIELDS: &[Field] = &[
            $(Field { name: $name, flag: $flag, takes: $takes, help: $help },)+
        ];

        /// The names of every field.
        pub(super) const NAMES: &[&str] = &[$($name),+];
    };
}

fields! {
    "date", "date", Takes::Text("DATE"), "When it happened: 2025-11-17, 2025-11, 2025-11~, yesterday 15:00, 어제 15:00";
    "learned", "learned", Takes::Text("DATE"), "When the desk learned of it";
    "effective", "effective", Takes::Text("DATE"), "When it takes effect, where that is another time";
    "published", "published", Takes::Text("DATE"), "When it was made public";
    "from", "from", Takes::Texts("PARTY"), "Who speaks or acts; again for each who acts jointly";
    "to", "to", Takes::Texts("PARTY"), "To whom; again for each";
    "on_behalf_of", "on-behalf-of", Takes::Texts("PARTY"), "In whose name";
    "channel", "channel", Takes::Texts("CHANNEL"), "The channel: what a call is about, the forum of a meeting, else the carrier";
    "about", "about", Takes::Texts("NAME"), "What it is about: a channel, overture, meeting, series or party";
    "via", "via", Takes::Texts("CHANNEL"), "What carried it";
    "speaker", "speaker", Takes::Text("PERSON"), "The person who speaks, and in what capacity";
    "issuer_level", "issuer-level", Takes::Word(|| texts(IssuerLevel::ALL, IssuerLevel::as_str)), "How weighty the speaker is";
    "form", "form", Takes::Word(|| texts(Form::ALL, Form::as_str)), "In what form it was communicated";
    "summary", "summary", Takes::Text("SENTENCE"), "One sentence that says what happened";
    "topics", "topic", Takes::Texts("TOPIC"), "What it is about, in key words; again for each";
    "texts", "text", Takes::Tongues, "The words themselves in a language; again for each";
    "note", "note", Takes::Text("TEXT"), "What the recorder adds";
    "confidence", "confidence", Takes::Word(|| vec!["high", "medium", "low"]), "How sure the recorder is that it happened so";
    "marking", "marking", Takes::Text("MARKING"), "How far it may travel: TLP:GREEN";
    "compartment", "compartment", Takes::Texts("NAME"), "Only for whoever was admitted to it by name; again for each";
    "source", "source", Takes::Texts("SOURCE"), "Who says so: an address, a file number, words; again for each. Graded: --set source='{\"locator\":\"JCS\",\"grade\":\"B2\"}'";
    "in_reply_to", "in-reply-to", Takes::Texts("HANDLE"), "The entry that it answers or concerns; again for each";
    "links", "link", Takes::Links, "What else it bears on: contradicts, corroborates, before, after, …";
    "reported_by", "reported-by", Takes::Texts("NAME"), "Who reported it";
    "id", "id", Takes::Text("ID"), "What the entry is called elsewhere";
    "terms", "terms", Takes::Text("TEXT"), "The terms of the offer";
    "proposed_date", "proposed-date", Takes::Text("DATE"), "The date proposed for what is offered";
    "proposed_place", "proposed-place", Takes::Text("PLACE"), "The place proposed";
    "lead_time", "lead-time", Takes::Text("SPAN"), "How long before the proposed date an answer is needed: 3d, 48h";
    "deadline", "deadline", Takes::Text("DATE"), "By when an answer is asked for";
    "reply_via", "reply-via", Takes::Text("CHANNEL"), "The channel on which an answer is asked for";
    "restores", "restores", Takes::Texts("CHANNEL"), "A channel whose restoration is proposed; again for each";
    "intermediary", "intermediary", Takes::Text("PARTY"), "Who carried it";
    "superseded_by", "superseded-by", Takes::Text("HANDLE"), "The overture that takes its place";
    "addressees", "addressee", Takes::Texts("PARTY"), "Which addressees it concerns, where not all; again for each";
    "directness", "directness", Takes::Word(|| texts(Directness::ALL, Directness::as_str)), "How directly the answer came";
    "scope", "scope", Takes::Word(scopes), "How far the answer or the search reaches";
    "conditions", "condition", Takes::Texts("TEXT"), "What is asked in return; again for each";
    "assessed_by", "assessed-by", Takes::Text("PARTY"), "Who read the conduct as an answer";
    "subject", "subject", Takes::Texts("PARTY"), "Who is silent; again for each";
    "towards", "towards", Takes::Texts("PARTY"), "Towards whom; again for each";
    "basis", "basis", Takes::Word(|| texts(Basis::ALL, Basis::as_str)), "On what the finding rests";
    "channels", "on-channel", Takes::Texts("CHANNEL"), "A channel that it covers, where not all; again for each";
    "kinds", "kind", Takes::Words(offers), "A kind of offer that it covers, where not all, comma separated: overture.demanded";
    "searched", "searched", Takes::Texts("TEXT"), "Which source or line was searched; again for each";
    "since", "since", Takes::Text("DATE"), "Since when";
    "party", "party", Takes::Text("PARTY"), "The body of the office";
    "office", "office", Takes::Text("OFFICE"), "The office";
    "into", "into", Takes::Texts("NAME"), "What it is found to be; again for each where it is several";
    "state", "state", Takes::Word(|| texts(ChannelState::ALL, ChannelState::as_str)), "The state in which the log first meets the channel";
    "capabilities", "capability", Takes::Words(|| texts(Capability::ALL, Capability::as_str)), "What works, comma separated";
    "partly", "partly", Takes::Switch, "Only a part works";
    "evidence", "evidence", Takes::Word(|| texts(Evidence::ALL, Evidence::as_str)), "Whether it was announced or observed";
    "lost", "lost", Takes::Words(|| texts(Capability::ALL, Capability::as_str)), "What no longer works, comma separated";
    "cause", "cause", Takes::Text("TEXT"), "Why, or what it is put down to";
    "successor", "successor", Takes::Text("CHANNEL"), "The channel that stands where it was";
    "status", "status", Takes::Word(|| texts(DeclaredStatus::ALL, DeclaredStatus::as_str)), "What the side says of the channel";
    "works", "works", Takes::Truth, "Whether the capability works now";
    "slots", "slot", Takes::Slots, "The time of the scheduled call: 09:00; several count as that many";
    "days", "day", Takes::Words(|| texts(Weekday::ALL, Weekday::as_str)), "The days on which the line is called; every day without it";
    "slot_zone", "slot-zone", Takes::Text("ZONE"), "The zone of the slots, where not that of the log";
    "reason", "reason", Takes::Text("TEXT"), "The reason that was given; of a meeting put off or called off, the same as --cause";
    "until", "until", Takes::Text("DATE"), "When it ended, or the date to which it was put off";
    "meeting", "meeting", Takes::Text("HANDLE"), "The meeting that it is about";
    "meeting_date", "on", Takes::Text("DATE"), "The date of the meeting; of one that is put off, the new one";
    "place", "place", Takes::Text("PLACE"), "Where";
    "level", "level", Takes::Text("TEXT"), "At what level";
    "heads", "head", Takes::Texts("PERSON"), "Who leads a delegation; again for each";
    "agenda", "agenda", Takes::Texts("TEXT"), "What it is about; again for each";
    "round", "round", Takes::Number, "The number of the round";
    "preliminary", "preliminary", Takes::Switch, "It prepares other talks";
    "by", "by", Takes::Texts("PARTY"), "Who did it; again for each";
    "outcome", "outcome", Takes::Word(|| texts(Outcome::ALL, Outcome::as_str)), "What the meeting left behind";
    "reference", "reference", Takes::Text("TEXT"), "The number or reference on the message";
    "precedence", "precedence", Takes::Word(|| texts(Precedence::ALL, Precedence::as_str)), "How urgent the message was";
    "captions", "caption", Takes::Texts("TEXT"), "A caption that limits who may read it; again for each";
    "info", "info", Takes::Texts("NAME"), "Who got it for information; again for each";
    "passed_by", "passed-by", Takes::Text("PERSON"), "Who read the message out and who took it down";
    "read_back", "read-back", Takes::Switch, "It was read back and found right";
    "outlet", "outlet", Takes::Text("NAME"), "Where the statement was published";
    "title", "title", Takes::Text("TEXT"), "The title or reference of the statement";
    "judgement", "judgement", Takes::Text("TEXT"), "The judgement, in a sentence";
    "code", "code", Takes::Text("CODE"), "The code of the party: KOR, KOR/mnd, x-unc";
    "name", "name", Takes::Text("NAME"), "The short name by which it is typed";
    "names", "alias", Takes::Texts("NAME"), "Another name, as used by a side; again for each";
    "sort", "sort", Takes::Word(|| texts(Sort::ALL, Sort::as_str)), "What sort of channel it is";
    "ends", "end", Takes::Texts("PARTY"), "An end of the channel or series; again for each";
    "marking_min", "marking-min", Takes::Text("MARKING"), "The least restricted marking of an entry on the channel";
    "response_within", "response-within", Takes::Text("SPAN"), "How long an addressee has to answer: 14d, 48h";
    "two_people", "two-people", Takes::Texts("KIND"), "A kind or family of which two people record: overture.proposed, talks; again for each";
    "agreed", "agreed", Takes::Switch, "The time to answer is agreed in the rules of the channel";
    "missed_attempts_max", "missed-attempts-max", Takes::Number, "After how many missed attempts in a row a line is unresponsive";
    "dormant_after", "dormant-after", Takes::Text("SPAN"), "After how long without an attempt a line is dormant";
    "stalled_after", "stalled-after", Takes::Text("SPAN"), "After how long without a session a series is stalled";
    "marking_default", "marking-default", Takes::Text("MARKING"), "The marking of an entry that names none";
}
