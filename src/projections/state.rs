//! What the index holds beside its tables, as the sections of a file.

use crate::domain::fact::EntityKind;
use crate::projections::columns::{get, put};
use crate::projections::corrections::{Change, Correction};
use crate::projections::counted::{Channels, Recorded, Words};
use crate::projections::file::SectionFile;
use crate::projections::index::{Index, Keep};
use crate::projections::lazy::{Damage, Section};
use crate::projections::offers::{Offers, Verdicts};
use crate::projections::removals::{Removal, Removals};

/// The entry that each later reading is of, and the position at which the reading stands.
struct ReadingOf(Vec<(u32, u32)>);

/// The corrections, in the order of the log.
struct Corrections(Vec<Correction>);

/// The positions on which the registers rest.
struct Registrations(Vec<u32>);

/// The texts that were removed.
struct Removed(Removals);

/// Returns the sections of what is no table.
pub(super) fn to_sections(index: &Index, keep: Keep) -> Vec<(u8, Vec<u8>)> {
    vec![
        ReadingOf(index.reading_of.clone()).to_section(),
        Corrections(index.corrections.clone()).to_section(),
        Registrations(index.registrations.clone()).to_section(),
        Removed(index.removals.clone()).to_section(),
        index.channels.to_section(),
        index.words.to_section(),
        index.recorded.to_section(),
        index.offers.to_section(),
        match keep {
            Keep::Verdicts => index.offers.verdicts_section(),
            Keep::Index => Verdicts::default().to_section(),
        },
    ]
}

/// Reads what is no table into `index`, whose tables are those of the same snapshot.
///
/// # Errors
///
/// Returns [`Damage`] when the file does not hold it, or it does not go with the tables.
pub(super) fn read(file: &SectionFile, index: &mut Index) -> Result<(), Damage> {
    index.reading_of = ReadingOf::read(file)?.0;
    index.corrections = Corrections::read(file)?.0;
    index.registrations = Registrations::read(file)?.0;
    index.removals = Removed::read(file)?.0;
    index.channels = Channels::read(file)?;
    index.words = Words::read(file)?;
    index.recorded = Recorded::read(file)?;
    index.offers = Offers::read(file)?;
    index.offers.load_verdicts(Verdicts::read(file)?);
    let size = index.size;
    let within = |position: u32| position < size;
    let readings = index.reading_of.len();
    let sound = index.events.len() == size as usize
        && index.readings.len() == readings
        && index.reading_of.iter().all(|(entry, position)| entry < position && within(*position))
        && index.corrections.iter().all(|known| known.target < known.position && within(known.position))
        && index.corrections.is_sorted_by(|one, other| one.position < other.position)
        && index.corrections.iter().all(|known| match known.change {
            Change::Amended(reading) => (reading as usize) < readings,
            Change::AmendedInVain | Change::Retracted | Change::Linked(_) => true,
        })
        && index.registrations.is_sorted_by(|one, other| one < other)
        && index.registrations.last().is_none_or(|last| within(*last))
        && index.removals.iter().all(|(position, removal)| position < removal.by && within(removal.by))
        && index.channels.list().iter().all(|(position, _)| within(*position))
        && index.words.list().iter().all(|word| within(word.first))
        && index.recorded.is_of(size);
    if sound { Ok(()) } else { Err(file.damage("its parts do not go together")) }
}

impl Section for ReadingOf {
    const NUMBER: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.0, |(entry, _)| entry.to_le_bytes());
        put(&mut bytes, &self.0, |(_, position)| position.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let entries = get(&mut bytes, u32::from_le_bytes)?;
        let positions = get(&mut bytes, u32::from_le_bytes)?;
        let sound = bytes.is_empty() && entries.len() == positions.len();
        sound.then(|| Self(entries.into_iter().zip(positions).collect()))
    }
}

impl Section for Corrections {
    const NUMBER: u8 = 2;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.0, |known| known.position.to_le_bytes());
        put(&mut bytes, &self.0, |known| known.target.to_le_bytes());
        put(&mut bytes, &self.0, |known| [to_number(known.change).0]);
        put(&mut bytes, &self.0, |known| to_number(known.change).1.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let positions = get(&mut bytes, u32::from_le_bytes)?;
        let targets = get(&mut bytes, u32::from_le_bytes)?;
        let sorts = get(&mut bytes, |[sort]| sort)?;
        let values = get(&mut bytes, u64::from_le_bytes)?;
        let len = positions.len();
        if !bytes.is_empty() || [targets.len(), sorts.len(), values.len()] != [len; 3] {
            return None;
        }
        let columns = positions.into_iter().zip(targets).zip(sorts.into_iter().zip(values));
        let corrections = columns.map(|((position, target), (sort, value))| {
            Some(Correction { position, target, change: of_number(sort, value)? })
        });
        corrections.collect::<Option<_>>().map(Self)
    }
}

/// Returns a change as a number for what it does, and one for what it does it with.
pub(super) const fn to_number(change: Change) -> (u8, u64) {
    match change {
        Change::Amended(reading) => (1, reading as u64),
        Change::Retracted => (2, 0),
        Change::Linked(term) => (3, term),
        Change::AmendedInVain => (4, 0),
    }
}

fn of_number(sort: u8, value: u64) -> Option<Change> {
    match sort {
        1 => u32::try_from(value).ok().map(Change::Amended),
        2 => Some(Change::Retracted),
        3 => Some(Change::Linked(value)),
        4 => Some(Change::AmendedInVain),
        _ => None,
    }
}

impl Section for Registrations {
    const NUMBER: u8 = 3;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.0, u32::to_le_bytes);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let positions = get(&mut bytes, u32::from_le_bytes)?;
        bytes.is_empty().then_some(Self(positions))
    }
}

impl Section for Removed {
    const NUMBER: u8 = 5;

    fn encode(&self) -> Vec<u8> {
        let removals: Vec<(u32, Removal)> = self.0.iter().collect();
        let mut bytes = Vec::new();
        put(&mut bytes, &removals, |(position, _)| position.to_le_bytes());
        put(&mut bytes, &removals, |(_, removal)| removal.by.to_le_bytes());
        put(&mut bytes, &removals, |(_, removal)| [u8::from(removal.says)]);
        put(&mut bytes, &removals, |(_, removal)| [kind_number(removal.entity)]);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let positions = get(&mut bytes, u32::from_le_bytes)?;
        let by = get(&mut bytes, u32::from_le_bytes)?;
        let says = get(&mut bytes, |[says]| says)?;
        let entities = get(&mut bytes, |[entity]| entity)?;
        let len = positions.len();
        let sound = bytes.is_empty() && [by.len(), says.len(), entities.len()] == [len; 3];
        if !sound || !positions.is_sorted_by(|one, other| one < other) {
            return None;
        }
        let mut removals = Removals::default();
        for ((position, by), (says, entity)) in
            positions.into_iter().zip(by).zip(says.into_iter().zip(entities))
        {
            let says = match says {
                0 => false,
                1 => true,
                _ => return None,
            };
            let entity = match entity.checked_sub(1) {
                None => None,
                Some(place) => Some(*EntityKind::ALL.get(usize::from(place))?),
            };
            removals.insert(position, Removal { by, says, entity });
        }
        Some(Self(removals))
    }
}

/// Returns a kind of entity as a number; 0 for none.
fn kind_number(kind: Option<EntityKind>) -> u8 {
    let place = kind.and_then(|kind| EntityKind::ALL.iter().position(|known| *known == kind));
    place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0)
}
