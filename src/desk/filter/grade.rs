//! Grades of sources as staff write them: `B2`, `A-C`, `A-C1-3`.

use crate::desk::error::{DeskError, Fault};
use crate::desk::filter::NONE;
use crate::domain::source::{Credibility, Grade, Reliability};

/// Returns the grades that an item means; none among them stands for what has no source.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for what is no grade and no range of grades.
pub(super) fn grades(typed: &str) -> Result<Vec<Option<Grade>>, DeskError> {
    if typed.eq_ignore_ascii_case(NONE) {
        return Ok(vec![None]);
    }
    let wrong = || {
        let detail = format!(
            "`{typed}` is no grade of a source; write a letter from A to F (how reliable it has been), a digit \
             from 1 to 6 (how credible its claim is), or both: B2, A-C, A-C1-3, 1-2; `none` for entries without \
             a source"
        );
        DeskError::from(Fault::in_field("grade", detail))
    };
    let upper = typed.to_ascii_uppercase();
    let digits = upper.find(|letter: char| letter.is_ascii_digit()).unwrap_or(upper.len());
    let (letters, digits) = upper.split_at(digits);
    for part in [letters, digits] {
        if let [from, b'-', to] = *part.as_bytes()
            && from > to
        {
            let (from, to) = (char::from(from), char::from(to));
            let detail = format!("`{typed}` goes from {from} back to {to}; exchange the two: {to}-{from}");
            return Err(Fault::in_field("grade", detail).into());
        }
    }
    let letters = range(letters, b'A', &Reliability::ALL).ok_or_else(wrong)?;
    let digits = range(digits, b'1', &Credibility::ALL).ok_or_else(wrong)?;
    if typed.is_empty() {
        return Err(wrong());
    }
    let pairs = letters.iter().flat_map(|reliability| {
        digits.iter().map(|credibility| Grade { reliability: *reliability, credibility: *credibility })
    });
    Ok(pairs.map(Some).collect())
}

/// Returns what `A`, `A-C` or nothing, which is all, means; none where it means nothing.
fn range<'all, T>(typed: &str, first: u8, all: &'all [T]) -> Option<&'all [T]> {
    let place = |letter: u8| letter.checked_sub(first).map(usize::from);
    match *typed.as_bytes() {
        [] => Some(all),
        [one] => place(one).and_then(|one: usize| all.get(one..=one)),
        [from, b'-', to] => {
            let (from, to): (usize, usize) = (place(from)?, place(to)?);
            (from <= to).then(|| all.get(from..=to)).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_is_a_letter_a_digit_or_both_each_perhaps_a_range() {
        let read = |typed: &str| -> Vec<String> {
            grades(typed)
                .unwrap()
                .into_iter()
                .map(|grade| grade.map_or("none".to_owned(), |grade| grade.to_string()))
                .collect()
        };
        assert_eq!(read("b2"), ["B2"]);
        assert_eq!(read("A-B1-2"), ["A1", "A2", "B1", "B2"]);
        assert_eq!(read("F"), ["F1", "F2", "F3", "F4", "F5", "F6"]);
        assert_eq!(read("6").len(), 6);
        assert_eq!(read("A-F").len(), 36);
        assert_eq!(read("None"), ["none"]);
        for wrong in ["", "G", "B7", "B0", "B-", "A-C-E", "2B", "é", "A1é", "AB"] {
            assert!(grades(wrong).unwrap_err().to_string().contains("A-C1-3"), "{wrong}");
        }
        for (turned, right) in [("C-A", "A-C"), ("B2-1", "1-2")] {
            let error = grades(turned).unwrap_err().to_string();
            assert!(error.contains(&format!("exchange the two: {right}")), "{error}");
        }
    }
}
