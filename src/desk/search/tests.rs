use super::*;
use crate::desk::ask::TimelineAsk;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::id::EventId;
use crate::domain::text::Text;

fn says(fixture: &Fixture, date: &str, summary: &str) -> EventId {
    fixture.event(Kind::StatementPublic, Envelope { summary: Some(summary.to_owned()), ..on(date) })
}

fn ask(text: &str) -> SearchAsk {
    let filter = FilterAsk { text: Some(text.to_owned()), ..FilterAsk::default() };
    SearchAsk { filter, ..SearchAsk::default() }
}

fn page(fixture: &Fixture, ask: &SearchAsk) -> Page<FoundRow> {
    fixture.desk.search(&When::default(), ask).unwrap().data
}

fn found(fixture: &Fixture, ask: &SearchAsk) -> Vec<EventId> {
    page(fixture, ask).items.iter().map(|row| row.row.entry.id).collect()
}

#[track_caller]
fn refused(fixture: &Fixture, ask: &SearchAsk) -> String {
    fixture.desk.search(&When::default(), ask).unwrap_err().to_string()
}

#[test]
fn the_best_comes_first_and_shows_where_it_says_it_and_in_which_language() {
    let fixture = Fixture::new();
    let long = says(&fixture, "2020-01-01", &format!("회담 {}", "다른 말 ".repeat(80)));
    let version = |language: &str, text: &str, translation| Text {
        language: language.to_owned().try_into().unwrap(),
        text: text.to_owned(),
        translation,
        marking: None,
    };
    let texts =
        vec![version("ko-KR", "남측은 군사 회담을 제의하였다.", false), version("en", "Talks.", true)];
    let envelope = Envelope { summary: Some("Seoul proposes 회담".to_owned()), texts, ..on("2021-01-01") };
    let both = fixture.event(Kind::StatementPublic, envelope);
    let result = page(&fixture, &ask("회담 OR talks"));
    let ids: Vec<EventId> = result.items.iter().map(|row| row.row.entry.id).collect();
    assert_eq!((ids, result.total, result.next.is_none()), (vec![both, long], 2, true));
    let snippets = &result.items[0].snippets;
    let places: Vec<_> =
        snippets.iter().map(|snippet| (snippet.place.as_str(), snippet.language.as_deref())).collect();
    assert_eq!(places, [("summary", None), ("text", Some("ko-KR")), ("text", Some("en"))]);
    assert_eq!(snippets[1].marks, [(7, 9)]);
    assert!(snippets[2].translation && !snippets[1].translation);
    assert!(result.items[0].score > result.items[1].score);
}

#[test]
fn the_filter_is_about_the_same_entries_as_the_search_and_both_take_the_others_too() {
    let fixture = Fixture::new();
    let (seoul, pyongyang) = (fixture.party("KOR"), fixture.party("PRK"));
    let by = |party, date: &str, summary: &str| {
        let envelope = Envelope { from: vec![party], summary: Some(summary.to_owned()), ..on(date) };
        fixture.event(Kind::StatementPublic, envelope)
    };
    let first = by(seoul, "2021-01-01", "남북 회담");
    let second = by(pyongyang, "2020-01-01", "남북 군사 회담");
    by(pyongyang, "2020-01-02", "다른 말");
    let timeline = |ask: &SearchAsk| -> Vec<EventId> {
        let ask = TimelineAsk { filter: ask.filter.clone(), ..TimelineAsk::default() };
        let rows = fixture.desk.timeline(&When::default(), &ask).unwrap().data.items;
        rows.iter().map(|row| row.entry.id).collect()
    };
    let by_date = SearchAsk { by: Some("occurred".to_owned()), ..ask("남북회담") };
    assert_eq!(found(&fixture, &by_date), [first]);
    let by_date = SearchAsk { by: Some("occurred".to_owned()), ..ask("회담") };
    assert_eq!(found(&fixture, &by_date), [second, first]);
    assert_eq!(timeline(&by_date), [second, first]);
    let reverse = SearchAsk { reverse: true, ..by_date.clone() };
    assert_eq!(found(&fixture, &reverse), [first, second]);
    let recorded = SearchAsk { by: Some("recorded".to_owned()), ..by_date.clone() };
    assert_eq!(found(&fixture, &recorded), [first, second]);
    for by in [None, Some("occurred".to_owned())] {
        let mut theirs = SearchAsk { by, ..ask("회담") };
        theirs.filter.party = Some("PRK".to_owned());
        assert_eq!(found(&fixture, &theirs), [second]);
        assert_eq!(page(&fixture, &theirs).total, 1);
        assert_eq!(timeline(&theirs), [second]);
    }
    let then = When { known_as_of: Some("4".to_owned()), ..When::default() };
    assert_eq!(fixture.desk.search(&then, &ask("회담")).unwrap().data.total, 1);
}

#[test]
fn an_entry_that_was_removed_or_struck_is_shown_as_the_filter_says() {
    use crate::domain::fact::{Fact, record};
    let fixture = Fixture::new();
    let entry = says(&fixture, "2021-01-01", "남북 회담");
    let strike = Fact::RecordRetracted(record::Retracted { target: entry });
    let reason =
        Envelope {
            reason: Some("회담이 아님".to_owned()), about: vec![entry.into()], ..Envelope::default()
        };
    let strike = fixture.add(reason, strike);
    assert_eq!(page(&fixture, &ask("회담")).total, 0);
    let mut all = ask("회담");
    all.filter.status = Some("all".to_owned());
    assert_eq!(found(&fixture, &all), [entry]);
    all.filter.bookkeeping = true;
    assert_eq!(found(&fixture, &all).len(), 2);
    assert!(found(&fixture, &all).contains(&strike));
}

#[test]
fn pages_stay_as_they_are_while_others_record() {
    for by in ["relevance", "occurred", "recorded"] {
        let fixture = Fixture::new();
        for number in 0..17_usize {
            let padding = "말 ".repeat(number * 5 % 11 * 8);
            says(&fixture, &format!("20{:02}-01-01", number * 7 % 20 + 1), &format!("회담 {padding}"));
        }
        let all = SearchAsk { by: Some(by.to_owned()), ..ask("회담") };
        let whole = found(&fixture, &all);
        assert_eq!(whole.len(), 17);
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let page = page(&fixture, &SearchAsk { limit: Some(3), after, ..all.clone() });
            walked.extend(page.items.iter().map(|row| row.row.entry.id));
            assert_eq!(page.total, 17, "{by}");
            after = page.next;
            if after.is_none() {
                break;
            }
            says(&fixture, "2010-06-01", "새 회담 말 말 말 말 말 말 말");
        }
        assert_eq!(walked, whole, "{by}");
    }
}

#[test]
fn what_cannot_be_looked_for_is_refused_and_taught() {
    let fixture = Fixture::new();
    assert!(refused(&fixture, &SearchAsk::default()).contains("nothing is looked for"));
    assert!(refused(&fixture, &ask("\"joint")).contains("is not closed"));
    assert!(refused(&fixture, &SearchAsk { reverse: true, ..ask("회담") }).contains("by=occurred"));
    let unknown = SearchAsk { by: Some("date".to_owned()), ..ask("회담") };
    assert!(refused(&fixture, &unknown).contains("relevance, occurred or recorded"));
    let timeline = TimelineAsk { filter: ask("()").filter, ..TimelineAsk::default() };
    assert!(
        fixture.desk.timeline(&When::default(), &timeline).unwrap_err().to_string().contains("no letter")
    );
    let token = page(&fixture, &SearchAsk { limit: Some(1), ..ask("회담") }).next;
    assert_eq!(token, None);
    let wrong = SearchAsk { after: Some("0123456789abcdef".to_owned()), ..ask("회담") };
    assert!(refused(&fixture, &wrong).contains("token"));
}
