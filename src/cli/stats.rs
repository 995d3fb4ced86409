//! `stats answers`: how offers were answered, how many, and after how long.

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::filter::Filter;
use crate::cli::output::{Show, Text};
use crate::cli::session::{Session, query};
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::answer::statistics::{AnswerGroup, AnswerStatistics, Median};
use crate::desk::ask::AnswersAsk;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Answers to offers: counts, shares, medians, open cases counted as open
    Answers,
}

/// Statistics, of the offers that the filter means.
#[derive(Debug, Args)]
pub(super) struct Stats {
    /// What is counted
    of: Of,
    /// By party, body, proposer, channel, kind or year, comma separated; all together without it
    #[arg(long, value_name = "BY")]
    by: Option<String>,
    #[command(flatten)]
    filter: Filter,
}

impl Stats {
    /// Shows them.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let Of::Answers = self.of;
        let ask = AnswersAsk { filter: self.filter.ask(), by: self.by.clone() };
        debug_assert!(
            !query(&ask).iter().any(|(name, _)| name == "filter"),
            "the filter stands among the rest"
        );
        let answer: Answer<AnswerStatistics> = session.get("/v1/statistics/answers", &ask)?;
        session.show(&answer)
    }
}

impl Show for AnswerStatistics {
    fn text(&self, text: &mut Text) {
        text.line(sentence(&self.together));
        if let Some(longest) = &self.together.longest {
            text.line(format!(
                "The longest wait that ended in an answer: {}, {} to {}.",
                words::age(Some(longest.days)),
                longest.party.name,
                words::told(&longest.overture).trim_end_matches('.')
            ));
        }
        if !self.groups.is_empty() {
            let head = self.by.iter().map(String::as_str);
            let columns = [
                "cases",
                "answered",
                "open",
                "ended",
                "late",
                "median",
                "of those answered",
                "longest",
                "by which answers",
            ];
            text.gap();
            let mut table = Table::titled(head.chain(columns));
            for group in &self.groups {
                table.cells(group.values.iter().cloned().chain(row(group)));
            }
            text.table(&table);
        }
        text.gap();
        text.line(&self.method);
    }

    fn columns() -> &'static [&'static str] {
        &[
            "group",
            "overtures",
            "without_addressee",
            "cases",
            "answered",
            "share_answered",
            "open",
            "share_open",
            "ended",
            "not_known",
            "acknowledged",
            "late",
            "undated",
            "median_days",
            "median_reached",
            "unanswered_at_last",
            "median_answered_days",
            "longest_days",
            "longest_overture",
            "longest_party",
            "answers",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        [&self.together].into_iter().chain(&self.groups).map(cells).collect()
    }
}

fn sentence(group: &AnswerGroup) -> String {
    let overtures = words::count(group.overtures, "offer", "offers");
    let cases = words::count(group.cases, "case", "cases");
    let Some(share) = group.share_answered else {
        return match group.overtures {
            0 => "No offer: there is nothing to count.".to_owned(),
            _ => format!("{overtures}, made to nobody who is named: there is nothing to count."),
        };
    };
    let open = words::count(group.open, "waits", "wait");
    let not_known = match group.not_known {
        0 => String::new(),
        1 => " Of 1 case it is not known, for texts of its thread were removed.".to_owned(),
        several => format!(" Of {several} cases it is not known, for texts of their threads were removed."),
    };
    let undated = match group.undated {
        0 => String::new(),
        undated if undated == group.cases => String::new(),
        undated => {
            format!(" {} no date from which to count.", words::count(undated, "case has", "cases have"))
        }
    };
    format!(
        "{overtures}, {cases}: {} answered ({}), {open} still ({}), {} ended without an answer. {}.{undated}{not_known}",
        words::number_of(group.answered),
        percent(share),
        percent(group.share_open.unwrap_or_default()),
        words::number_of(group.ended),
        median(group)
    )
}

fn median(group: &AnswerGroup) -> String {
    match &group.median {
        Median::NoCases if group.cases > 0 && group.not_known == group.cases => {
            "After what time half are answered is not known".to_owned()
        }
        Median::NoCases => "After what time half are answered is not known: no case has a date".to_owned(),
        Median::Yes { days: 0 } => "Half are answered on the same day".to_owned(),
        Median::Yes { days } => format!("Half are answered within {}", words::age(Some(*days))),
        Median::NotReached { .. } if group.answered == 0 => {
            "No answer is on record, so that nothing tells how long one takes".to_owned()
        }
        Median::NotReached { unanswered } => format!(
            "Fewer than half are answered at all, as far as is known: {} are estimated to stay without an answer",
            percent(*unanswered)
        ),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

fn row(group: &AnswerGroup) -> [String; 9] {
    let share = |share: Option<f64>| share.map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    [
        group.cases.to_string(),
        format!("{}{}", group.answered, share(group.share_answered)),
        format!("{}{}", group.open, share(group.share_open)),
        group.ended.to_string(),
        group.late.to_string(),
        match &group.median {
            Median::NoCases => "no dates".to_owned(),
            Median::Yes { days } => waited(days),
            Median::NotReached { .. } => "not reached".to_owned(),
        },
        match group.median_answered_days {
            Some(days) => waited(&days),
            None if group.answered == 0 => "none answered".to_owned(),
            None => "no dates".to_owned(),
        },
        group.longest.as_ref().map_or_else(String::new, |longest| {
            format!("{} ({})", waited(&longest.days), longest.overture.handle)
        }),
        answers(group),
    ]
}

fn waited(days: &impl ToString) -> String {
    let days = days.to_string();
    let unit = if days == "1" { "day" } else { "days" };
    format!("{days} {unit}")
}

fn answers(group: &AnswerGroup) -> String {
    words::joined(group.answers.iter().map(|(answer, number)| format!("{} {number}", words::spoken(answer))))
}

fn cells(group: &AnswerGroup) -> Vec<String> {
    let optional = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let (days, reached, unanswered) = match group.median {
        Median::NoCases => (None, "no_cases", None),
        Median::Yes { days } => (Some(days), "yes", None),
        Median::NotReached { unanswered } => (None, "not_reached", Some(unanswered)),
    };
    let longest = group.longest.as_ref();
    vec![
        if group.values.is_empty() { "together".to_owned() } else { group.values.join("; ") },
        group.overtures.to_string(),
        group.without_addressee.to_string(),
        group.cases.to_string(),
        group.answered.to_string(),
        optional(group.share_answered),
        group.open.to_string(),
        optional(group.share_open),
        group.ended.to_string(),
        group.not_known.to_string(),
        group.acknowledged.to_string(),
        group.late.to_string(),
        group.undated.to_string(),
        days.map(|days| days.to_string()).unwrap_or_default(),
        reached.to_owned(),
        optional(unanswered),
        optional(group.median_answered_days),
        longest.map(|longest| longest.days.to_string()).unwrap_or_default(),
        longest.map(|longest| longest.overture.handle.clone()).unwrap_or_default(),
        longest.map(|longest| longest.party.name.clone()).unwrap_or_default(),
        answers(group),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn group(cases: u64, undated: u64, median: Median) -> AnswerGroup {
        AnswerGroup {
            values: Vec::new(),
            overtures: cases,
            without_addressee: 0,
            cases,
            answered: cases,
            answers: BTreeMap::new(),
            share_answered: Some(1.0),
            open: 0,
            share_open: Some(0.0),
            ended: 0,
            not_known: 0,
            acknowledged: 0,
            late: 0,
            undated,
            median_answered_days: (undated < cases).then_some(3.0),
            median,
            longest: None,
        }
    }

    #[test]
    fn cases_without_a_date_are_told_apart_from_none_that_was_answered() {
        let some = group(3, 1, Median::Yes { days: 3 });
        assert!(
            sentence(&some)
                .ends_with("Half are answered within 3 days. 1 case has no date from which to count.")
        );
        assert_eq!(row(&some)[6], "3 days");
        let none = group(2, 2, Median::NoCases);
        assert!(sentence(&none).ends_with("is not known: no case has a date."), "{}", sentence(&none));
        assert_eq!(row(&none)[6], "no dates");
        let nothing = AnswerGroup { answered: 0, ..none };
        assert_eq!(row(&nothing)[6], "none answered");
    }
}
