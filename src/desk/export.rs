//! The log as lines of text, record by record, verbatim: what an outsider checks and a copy is made from.

use std::collections::{BTreeSet, VecDeque};

use crate::desk::Desk;
use crate::desk::error::{DeskError, Fault};
use crate::desk::import::exported::{FORMAT, Header, Line, VERSION};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::store::leaf::HexHash;
use crate::store::{Body, Class, EventStore, Sealed};

/// How many records are read from the log at a time.
const PART_EVENTS: u64 = 256;

/// The lines of an export: the header, then a line per record, each with its line feed.
///
/// It holds a few records at a time, however long the log.
pub struct Export<'desk> {
    store: &'desk dyn EventStore,
    header: Option<String>,
    next: u64,
    end: u64,
    ready: VecDeque<Sealed>,
    failed: bool,
    // Texts that the record says were removed, though the store may still have them.
    removed: BTreeSet<u64>,
}

impl Desk {
    /// Returns the lines of an export of the positions `from..to`, as far as the log goes.
    ///
    /// The header gives the root at the end of them; an export from 0 is a whole copy. Of a text that was
    /// removed, by whatever record of the log, it has neither the text nor the salt.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] when `from` lies beyond `to` or the end of the log, and
    /// [`DeskError::Damaged`] when a leaf hash cannot be read.
    pub fn export(&self, from: u64, to: u64) -> Result<Export<'_>, DeskError> {
        let head = self.store.head();
        let end = to.min(head.size);
        if from > end {
            let detail = format!(
                "is {from}, and the positions asked for end at {end}; the log itself is exported by positions, and its \
                 entries by dates in a format: `export --as csv`, /v1/exports/csv"
            );
            return Err(Fault::in_field("from", detail).into());
        }
        let Some(root) = self.store.root_at(end)? else {
            return Err(DeskError::Damaged(format!("a record before position {end} is missing")));
        };
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            log: self.store.log_id().to_owned(),
            zone: self.zone,
            from,
            size: end,
            root: HexHash(root).to_string(),
        };
        let store = self.store.as_ref();
        Ok(Export {
            store,
            header: Some(line(&header)?),
            next: from,
            end,
            ready: VecDeque::new(),
            failed: false,
            removed: self.texts_removed()?,
        })
    }
}

impl Desk {
    /// Returns the positions of the texts that any record of the log says were removed.
    fn texts_removed(&self) -> Result<BTreeSet<u64>, DeskError> {
        if self.projections.catch_up().is_ok() {
            return Ok(self.projections.removals().into_iter().map(|(position, _)| position).collect());
        }
        // A log of a newer version is exported all the same, and hides what it says is removed.
        let mut removed = BTreeSet::new();
        for record in self.store.read(0, self.store.head().size).flatten() {
            let (Class::RecordRedacted, Body::Plain(body)) = (record.class, &record.body) else { continue };
            let Ok(Event { fact: Fact::RecordRedacted(redacted), .. }) = Event::decode(record.schema, body)
            else {
                continue;
            };
            let target = self.store.position_of(redacted.target)?;
            let Some(target) = target.filter(|target| *target < record.position) else { continue };
            if self.store.at(target).is_ok_and(|entry| entry.is_some_and(|entry| entry.class == Class::Fact))
            {
                removed.insert(target);
            }
        }
        Ok(removed)
    }
}

impl Export<'_> {
    fn record(&mut self) -> Result<Option<String>, DeskError> {
        if self.ready.is_empty() && self.next < self.end {
            let end = self.end.min(self.next + PART_EVENTS);
            for sealed in self.store.sealed(self.next, end) {
                self.ready.push_back(sealed?);
            }
            if self.ready.len() as u64 != end - self.next {
                return Err(DeskError::Damaged(format!(
                    "a record from position {} on is missing",
                    self.next
                )));
            }
            self.next = end;
        }
        let Some(sealed) = self.ready.pop_front() else { return Ok(None) };
        let body = sealed.body.filter(|_| !self.removed.contains(&sealed.position));
        let salt = body.as_ref().map(|_| HexHash(sealed.salt).to_string());
        line(&Line { leaf: sealed.leaf, salt, body }).map(Some)
    }
}

impl Iterator for Export<'_> {
    type Item = Result<String, DeskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(header) = self.header.take() {
            return Some(Ok(header));
        }
        if self.failed {
            return None;
        }
        let line = self.record();
        self.failed = line.is_err();
        line.transpose()
    }
}

fn line<T: serde::Serialize>(value: &T) -> Result<String, DeskError> {
    let mut line = serde_json::to_string(value).map_err(|error| DeskError::Unavailable(error.to_string()))?;
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use crate::desk::import::exported::read;
    use crate::desk::testing::Fixture;
    use crate::domain::fact::Kind;

    fn fixture() -> Fixture {
        let fixture = Fixture::new();
        for _ in 0..600 {
            fixture.event(Kind::Incident, crate::desk::testing::on("2025-11-17"));
        }
        fixture
    }

    fn export(fixture: &Fixture, from: u64, to: u64) -> String {
        fixture.desk.export(from, to).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn an_export_reads_back_as_the_records_of_the_log() {
        let fixture = fixture();
        let size = fixture.desk.store.head().size;
        for (from, to) in [(0, u64::MAX), (0, 10), (300, 599), (size, size), (0, 0)] {
            let exported = read(export(&fixture, from, to).as_bytes()).unwrap();
            let sealed: Vec<_> = fixture.desk.store.sealed(from, to).map(Result::unwrap).collect();
            assert_eq!(exported.records, sealed);
        }
        assert_eq!(fixture.desk.store.root_at(size).unwrap(), Some(fixture.desk.store.head().root));
        assert!(fixture.desk.export(size + 1, u64::MAX).is_err());
    }

    #[test]
    fn an_export_that_was_changed_is_refused_by_line() {
        let fixture = fixture();
        let whole = export(&fixture, 0, 5);
        let lines: Vec<&str> = whole.lines().collect();
        let check = |lines: &[&str], says: &str| {
            let faults = read(lines.join("\n").as_bytes()).unwrap_err();
            assert!(faults.iter().any(|fault| fault.to_string().contains(says)), "{faults:?}");
        };
        let without = |place: usize| {
            let mut lines = lines.clone();
            lines.remove(place);
            lines
        };
        check(&without(5), "cut off");
        check(&without(2), "line 3: has position 2, and 1 is next");
        let changed = lines[3].replacen("\\\"v\\\":1", "\\\"v\\\": 1", 1);
        let mut altered = lines.clone();
        altered[3] = &changed;
        check(&altered, "line 4: the leaf");
        let longer = lines[3].replacen("\"body\":\"", "\"body\":\" ", 1);
        altered[3] = &longer;
        check(&altered, "line 4: the body is not the one");
        check(&[&lines[0].replace("\"version\":1", "\"version\":9")], "version 9");
    }
}
