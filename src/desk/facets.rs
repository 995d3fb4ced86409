//! How many entries of a part of the log have what in common, and when they happened.

mod calendar;
mod fields;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::facets::{DensityRow, FacetRow, FacetValue, Facets, Stretch};
use crate::desk::ask::{FacetsAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::facets::calendar::{Width, stretches};
use crate::desk::facets::fields::{Counting, Field};
use crate::desk::filter;
use crate::desk::known::Known;
use crate::domain::timestamp::Timestamp;
use crate::projections::facets::{Counted, Density, Facet, Series};
use crate::projections::timeline::{By, TimelineQuery};

/// So many values of a field are told.
const VALUES_MAX: usize = 200;

/// Counts the entries that are meant.
pub(super) fn facets(desk: &Desk, when: &When, ask: &FacetsAsk) -> Result<Answer<Facets>, DeskError> {
    let known = desk.known(when)?;
    let density = ask.density.as_deref().map(time).transpose()?;
    let fields = match (&ask.by, density) {
        (Some(typed), _) => Field::read(typed)?,
        (None, None) => Field::ALL.to_vec(),
        // Who asks for the shape in time alone is told that alone.
        (None, Some(_)) => Vec::new(),
    };
    let query = filter::query(&known, when, &ask.filter)?;
    let counting: Vec<(Field, Option<Counting>)> =
        fields.iter().map(|field| Ok((*field, field.counting(&known)?))).collect::<Result<_, DeskError>>()?;
    let counted = count(&known, &query, &counting, &fields, density)?;
    let mut tallies = counted.tallies.iter();
    let mut series = counted.series.iter();
    let mut rows = Vec::with_capacity(fields.len());
    for (field, counting) in &counting {
        let row = match counting {
            Some(counting) => tallies.next().map(|tally| counting.row(*field, tally)),
            None if *field == Field::Year => series.next().map(|years| year_row(&known, years)),
            None => Some(status_row(&counted)),
        };
        rows.extend(row);
    }
    let density = density.and_then(|by| series.next().map(|density| density_row(&known, by, density)));
    Ok(known.answer(Facets { total: counted.total, fields: rows, density }))
}

fn count(
    known: &Known,
    query: &TimelineQuery,
    counting: &[(Field, Option<Counting>)],
    fields: &[Field],
    density: Option<By>,
) -> Result<Counted, DeskError> {
    let zone = known.typing_zone;
    let years = |first: Timestamp, last: Timestamp| Width::Year.starts(first, last, &zone, usize::MAX);
    let natural = |first: Timestamp, last: Timestamp| stretches(first, last, &zone);
    let mut series = Vec::new();
    if fields.contains(&Field::Year) {
        series.push(Series { by: By::Occurred, starts: &years });
    }
    series.extend(density.map(|by| Series { by, starts: &natural }));
    let facets: Vec<Facet> = counting
        .iter()
        .filter_map(|(_, counting)| counting.as_ref())
        .map(|counting| counting.facet.clone())
        .collect();
    Ok(known.view.count(query, &facets, &series)?)
}

/// Returns by which time a density is asked for.
fn time(typed: &str) -> Result<By, DeskError> {
    match typed.trim() {
        "occurred" => Ok(By::Occurred),
        "recorded" => Ok(By::Recorded),
        other => {
            let detail = format!("`{other}` is no time of an entry; write occurred or recorded");
            Err(Fault::in_field("density", detail).into())
        }
    }
}

fn value(value: impl Into<String>, entries: u64) -> FacetValue {
    FacetValue { value: value.into(), name: None, within: None, entries }
}

fn status_row(counted: &Counted) -> FacetRow {
    let counts = [("struck", counted.struck), ("amended", counted.amended), ("redacted", counted.redacted)];
    let values = counts.into_iter().filter(|(_, entries)| *entries > 0);
    FacetRow {
        field: Field::Status.as_str().to_owned(),
        values: values.map(|(status, entries)| value(status, entries)).collect(),
        left_out: 0,
        not_recorded: None,
    }
}

fn year_row(known: &Known, years: &Density) -> FacetRow {
    let years_with = years.starts.iter().zip(&years.counts).filter(|(_, entries)| **entries > 0);
    let mut values: Vec<FacetValue> = years_with
        .map(|(start, entries)| value(Width::Year.name(*start, &known.typing_zone), *entries))
        .collect();
    // The latest are told where there are too many.
    let left_out = values.len().saturating_sub(VALUES_MAX);
    values.drain(..left_out);
    FacetRow {
        field: Field::Year.as_str().to_owned(),
        values,
        left_out: left_out as u64,
        not_recorded: Some(years.before),
    }
}

fn density_row(known: &Known, by: By, density: &Density) -> DensityRow {
    let width = Width::of(&density.starts);
    let stretch = |(start, entries): (&Timestamp, &u64)| Stretch {
        name: width.name(*start, &known.typing_zone),
        start: *start,
        entries: *entries,
    };
    DensityRow {
        by: match by {
            By::Occurred => "occurred".to_owned(),
            By::Recorded => "recorded".to_owned(),
        },
        width: width.as_str().to_owned(),
        stretches: density.starts.iter().zip(&density.counts).map(stretch).collect(),
        before: density.before,
    }
}

#[cfg(test)]
mod tests;
