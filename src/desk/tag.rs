//! What names the state of one entry, as far as whoever asks may see it, and what was recorded on it since.

use std::fmt;
use std::str::FromStr;

use crate::desk::Desk;
use crate::desk::ask::When;
use crate::desk::bookmarks::Asked;
use crate::desk::error::DeskError;
use crate::desk::keys::password::fingerprint;
use crate::desk::known::Known;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::RawEvent;
use crate::store::Expect;

/// How many digits of the digest stand in a tag.
const DIGITS: usize = 16;
/// So many of the changes since are named.
const NAMED_MAX: usize = 10;

/// The state of an entry, and of what it brought into being: whatever is recorded on either gives it another.
///
/// It is made of what whoever asks may see, so that it tells nothing of the rest. Of what is derived by a clock, or
/// recorded on other things that an answer names, it tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    entry: EventId,
    /// How many events those are. Where they stand is not said: it is another place in every part of the log.
    count: u64,
    digest: String,
}

/// A text is no tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no tag; send the `etag` of an answer as it came")]
pub struct TagError(String);

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.entry, self.count, self.digest)
    }
}

impl FromStr for Tag {
    type Err = TagError;

    fn from_str(text: &str) -> Result<Self, TagError> {
        let wrong = || TagError(text.to_owned());
        let mut parts = text.split('.');
        let (Some(entry), Some(count), Some(digest), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        if digest.len() != DIGITS || !digest.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let (entry, count) = (entry.parse().map_err(|_| wrong())?, count.parse().map_err(|_| wrong())?);
        Ok(Self { entry, count, digest: digest.to_owned() })
    }
}

impl Desk {
    /// Returns the tag of an entry, as of the last position that was known.
    ///
    /// # Errors
    ///
    /// As every question.
    pub(crate) fn tag(&self, position: Option<u64>, entry: EventId) -> Result<Tag, DeskError> {
        // By its size, which needs no look at the record at that position: it may be damaged.
        let size = position.map_or(u64::MAX, |position| position.saturating_add(1));
        let known = self.known_when_asked(&When::default(), Asked::of_first(size))?;
        tag_of(entry, &states(&known, entry)?)
    }

    /// Checks that nothing was recorded on an entry since its tag was told, and returns the condition by which an
    /// append makes sure of it.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Changed`], naming what was recorded since.
    pub(in crate::desk) fn unchanged(
        &self,
        known: &Known,
        tag: &Tag,
    ) -> Result<(EntityId, Expect), DeskError> {
        let states = states(known, tag.entry)?;
        if tag_of(tag.entry, &states)? == *tag {
            return Ok(self.as_seen(known, tag.entry.into()));
        }
        let seen = usize::try_from(tag.count).unwrap_or(usize::MAX);
        let since = states.iter().skip(seen).take(NAMED_MAX);
        let named = |raw: &RawEvent| {
            let kind = raw.event.as_ref().map_or("removed", |event| event.kind().as_str());
            format!("{kind} at position {} by {}", raw.position, known.recorder_named(raw.actor))
        };
        Err(DeskError::Changed { what: format!("entry {}", tag.entry), since: since.map(named).collect() })
    }
}

/// Returns what was recorded of an entry and of what it brought into being, in the order of the log.
fn states(known: &Known, entry: EventId) -> Result<Vec<RawEvent>, DeskError> {
    let mut states: Vec<RawEvent> = known.view.event(entry)?.into_iter().collect();
    states.extend(known.view.history(EntityId::from(entry))?);
    states.sort_by_key(|raw| raw.position);
    states.dedup_by_key(|raw| raw.position);
    Ok(states)
}

fn tag_of(entry: EventId, states: &[RawEvent]) -> Result<Tag, DeskError> {
    if states.is_empty() {
        return Err(DeskError::NotFound { what: format!("entry {entry}"), hints: Vec::new() });
    }
    let mut spelling = entry.to_string();
    for raw in states {
        let parts = [raw.id.to_string(), raw.removed.is_some().to_string()];
        spelling.extend(parts.iter().flat_map(|part| [" ", part.as_str()]));
    }
    let digest = fingerprint(&spelling).to_string().chars().take(DIGITS).collect();
    Ok(Tag { entry, count: states.len() as u64, digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_reads_back_and_nothing_else_is_one() {
        let text = "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d.12.0123456789abcdef";
        assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
        for text in
            ["", "*", "x.1.0123456789abcdef", &text[1..], &text[..text.len() - 1], "한글.1.0123456789abcdef"]
        {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
    }
}
