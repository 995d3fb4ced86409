//! Which fields an entry may have, by kind: under which name, where the record keeps them, and of what
//! shape they are.

mod detail;

pub(crate) use detail::{detail, required};

use crate::domain::fact::Kind;
use crate::domain::name::slips;
use crate::domain::words::{Form, IssuerLevel};

/// Of what shape a field is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Words.
    Text,
    /// A list of words; one alone may stand without its brackets.
    Texts,
    /// A date of the past or the present.
    Date,
    /// A date that may lie ahead.
    DateAhead,
    /// A date as it was typed, kept beside what it was read as.
    Written,
    /// One of a list of words.
    Word(Words),
    /// Several of them.
    Words(Words),
    /// A party.
    Party,
    /// Parties.
    Parties,
    /// Parties that may act jointly: `KOR+PRK`.
    Actors,
    /// A channel.
    Channel,
    /// Channels.
    Channels,
    /// An overture, a meeting, a channel, a series, a party.
    Entity,
    /// Several of them.
    Entities,
    /// An entry.
    Entry,
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A length of time.
    Span,
    /// Times of the day.
    Slots,
    /// Calls of a week.
    Schedule,
    /// Names with their languages and dates.
    Names,
    /// Language versions of a text.
    Versions,
    /// Who says so.
    Sources,
    /// Links to other entries.
    Links,
    /// One link.
    Link,
    /// What an entry is called elsewhere.
    Refs,
    /// A level of the marking scheme.
    Marking,
    /// Names of compartments.
    Compartments,
    /// A marking scheme.
    Scheme,
    /// An offer within an answer.
    Offer,
    /// The whole reading of another entry.
    Reading,
    /// Who approved something.
    Approvals,
    /// The short name of a channel.
    ChannelName,
    /// The code of a party.
    Code,
    /// A time zone.
    Zone,
}

/// A list of words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(pub(crate) fn() -> Vec<&'static str>);

macro_rules! words_of {
    ($type:ty) => {
        Words(|| <$type>::ALL.iter().map(|word| word.as_str()).collect())
    };
}
use words_of;

/// A field of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The name in an entry.
    pub(crate) name: &'static str,
    /// The name in the record.
    pub(crate) recorded: &'static str,
    /// Its shape.
    pub(crate) shape: Shape,
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, recorded: name, shape }
}

const fn renamed(name: &'static str, recorded: &'static str, shape: Shape) -> Field {
    Field { name, recorded, shape }
}

const CONFIDENCE: Words = Words(|| vec!["low", "medium", "high"]);

/// The fields that every kind has and that the record keeps under one name.
pub(crate) const ENVELOPE: &[Field] = &[
    renamed("date", "occurred", Shape::Date),
    field("occurred_as_written", Shape::Written),
    renamed("learned", "learned_at", Shape::Date),
    field("effective", Shape::DateAhead),
    renamed("published", "published_at", Shape::Date),
    field("opens", Shape::Flag),
    field("about", Shape::Entities),
    field("via", Shape::Channels),
    field("from", Shape::Actors),
    field("to", Shape::Actors),
    field("on_behalf_of", Shape::Parties),
    field("speaker", Shape::Text),
    field("issuer_level", Shape::Word(words_of!(IssuerLevel))),
    field("form", Shape::Word(words_of!(Form))),
    field("summary", Shape::Text),
    field("topics", Shape::Texts),
    field("texts", Shape::Versions),
    field("note", Shape::Text),
    field("confidence", Shape::Word(CONFIDENCE)),
    field("marking", Shape::Marking),
    renamed("compartment", "compartments", Shape::Compartments),
    renamed("source", "sources", Shape::Sources),
    field("links", Shape::Links),
    field("reason", Shape::Text),
    field("external_refs", Shape::Refs),
];

/// The fields that an entry has for convenience, and that become others.
pub(crate) const CONVENIENCES: &[Field] = &[
    field("id", Shape::Text),
    field("kind", Shape::Text),
    field("channel", Shape::Channels),
    field("meeting", Shape::Entry),
    field("in_reply_to", Shape::Entry),
    field("reported_by", Shape::Texts),
    field("not_exported", Shape::Texts),
];

/// Other names of the same fields.
pub(crate) const ALIASES: &[(&str, &str)] =
    &[("occurred", "date"), ("learned_at", "learned"), ("published_at", "published"), ("sources", "source")];

/// Returns the fields of an offer that stand at the top of an entry of this kind, beside those of its
/// detail: an answer that offers something of its own.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other answer offers something of its own")]
pub(crate) const fn offered(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::ResponseCounterProposed
        | Kind::ResponseAcceptedWithChanges
        | Kind::ResponseAcceptedConditionally => detail::OFFER,
        _ => &[],
    }
}

/// Returns the fields of an offer.
pub(crate) const fn offer() -> &'static [Field] {
    detail::OFFER
}

/// Tells whether entries of this kind say nothing unless they name what of a register they are about.
pub(crate) fn needs_about(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PartyNamed | Kind::PartyMerged | Kind::PartySplit | Kind::PersonNamed | Kind::PersonRole
    )
}

/// Tells whether entries of this kind are about a channel.
pub(crate) fn is_of_channel(kind: Kind) -> bool {
    matches!(kind.family(), "channel" | "call" | "calls") && kind != Kind::ChannelRegistered
}

/// Tells whether entries of this kind belong to a forum or a series.
pub(crate) fn is_of_talks(kind: Kind) -> bool {
    matches!(kind.family(), "meeting" | "talks")
}

/// Returns every name that a field of this kind has, conveniences and other names included.
pub(crate) fn names(kind: Kind) -> Vec<&'static str> {
    let mut names: Vec<&'static str> =
        detail(kind).iter().chain(offered(kind)).map(|field| field.name).collect();
    names.extend(ENVELOPE.iter().chain(CONVENIENCES).map(|field| field.name));
    names.extend(ALIASES.iter().map(|(alias, _)| *alias));
    names.extend(extra(kind));
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns the names that only some kinds take for convenience.
#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds take nothing more")]
pub(crate) fn extra(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::ChannelOpened | Kind::ChannelRepaired | Kind::ChannelRestored | Kind::ChannelReopened => {
            &["state"]
        }
        Kind::RecordAmended => &["changes"],
        _ if kind.family() == "meeting" => &["proposed_date"],
        _ => &[],
    }
}

/// Returns the shape of a field of a kind.
pub(crate) fn shape(kind: Kind, name: &str) -> Option<Shape> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    let fields = detail(kind).iter().chain(offered(kind));
    let found = fields.chain(ENVELOPE).chain(CONVENIENCES).find(|field| field.name == name);
    match (found, name) {
        (Some(field), _) => Some(field.shape),
        (None, "proposed_date") => Some(Shape::DateAhead),
        (None, _) => None,
    }
}

/// Returns what a field takes, for whoever left it out.
pub(crate) fn wanted(shape: Shape) -> String {
    let list = |words: &[&'static str]| match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    };
    let words = match shape {
        Shape::Word(words) => return list(&(words.0)()),
        Shape::Words(words) => return format!("one or more of {}", list(&(words.0)())),
        Shape::Flag => "true or false",
        Shape::Number => "a whole number",
        Shape::Names => "one name or more",
        Shape::ChannelName => "the short name by which it is typed, such as mil-west",
        Shape::Code => "a code such as KOR, KOR/mnd or x-unc",
        Shape::Zone => "a zone such as Asia/Seoul",
        Shape::Entry | Shape::Entity => "the handle of an entry",
        Shape::Entities => "names or handles",
        Shape::Link | Shape::Links => "{\"relation\": …, \"target\": …}",
        Shape::Reading => "the whole reading of an entry",
        Shape::Schedule => "{\"slots\": [\"09:00\"]}",
        Shape::Party | Shape::Parties | Shape::Actors => "a party such as KOR or KOR/mnd",
        Shape::Channel | Shape::Channels => "the name of a channel",
        Shape::Date | Shape::DateAhead | Shape::Written => "a date such as 2025-11-17",
        Shape::Span => "a length of time such as 14d",
        Shape::Slots => "a time of the day such as 09:00",
        Shape::Text
        | Shape::Texts
        | Shape::Versions
        | Shape::Sources
        | Shape::Refs
        | Shape::Marking
        | Shape::Compartments
        | Shape::Scheme
        | Shape::Approvals
        | Shape::Offer => "words",
    };
    words.to_owned()
}

/// Returns the name that is nearest to `typed`, when one is near.
pub(crate) fn nearest(typed: &str, names: &[&'static str]) -> Option<&'static str> {
    let typed = typed.to_lowercase();
    names
        .iter()
        .filter_map(|name| {
            let begins = name.starts_with(&typed);
            let most = if begins { name.len() } else { 1 + name.len() / 4 };
            Some((slips(&typed, name, most)?, *name))
        })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the properties of the detail of a kind, as its type has them.
    fn properties(kind: Kind) -> Vec<String> {
        let mut generator = schemars::generate::SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        let schema = kind.detail_schema(&mut generator).to_value();
        let mut names: Vec<String> =
            schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_field_of_a_recorded_kind_has_a_name_in_an_entry() {
        for kind in Kind::ALL {
            let mut mine: Vec<String> = detail(*kind).iter().map(|field| field.recorded.to_owned()).collect();
            mine.sort();
            assert_eq!(mine, properties(*kind), "{kind}");
        }
    }

    #[test]
    fn what_the_record_requires_of_a_kind_is_asked_for_by_its_name() {
        for kind in Kind::ALL {
            let mut generator = schemars::generate::SchemaSettings::draft2020_12()
                .with(|settings| settings.inline_subschemas = true)
                .into_generator();
            let schema = kind.detail_schema(&mut generator).to_value();
            let listed = schema["required"].as_array().into_iter().flatten();
            let mut listed: Vec<String> = listed.map(|name| name.as_str().unwrap().to_owned()).collect();
            let recorded =
                |name: &&str| detail(*kind).iter().find(|field| field.name == *name).unwrap().recorded;
            let mut mine: Vec<String> =
                required(*kind).iter().map(|name| recorded(name).to_owned()).collect();
            listed.sort();
            mine.sort();
            assert_eq!(mine, listed, "{kind}");
        }
    }

    #[test]
    fn a_field_of_a_kind_hides_one_of_the_envelope_only_where_that_is_meant() {
        for kind in Kind::ALL {
            for field in detail(*kind).iter().chain(offered(*kind)) {
                let hidden = ENVELOPE.iter().chain(CONVENIENCES).any(|other| other.name == field.name);
                let meant = matches!(
                    (kind.family(), field.name),
                    ("call" | "calls", "reason") | ("policy", "from" | "to")
                );
                assert_eq!(hidden, meant, "{kind} {}", field.name);
            }
        }
    }
}
