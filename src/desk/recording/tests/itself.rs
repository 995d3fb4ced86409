//! Whoever enters themselves in the register with what they record.

use super::*;

/// Whom no register has yet.
fn caller() -> Caller {
    Caller { actor: "han".to_owned(), tz: None }
}

fn record(fixture: &Fixture, entry: Value) -> Result<Recorded, DeskError> {
    Ok(fixture.desk.record(&caller(), &ask(vec![entry]))?.data)
}

fn recorders(fixture: &Fixture, name: &str) -> usize {
    let known = fixture.desk.known(&When::default()).unwrap();
    known.register.recorders().filter(|(_, recorder)| recorder.entered == name).count()
}

fn registered(name: &str) -> Value {
    json!({ "kind": "recorder.registered", "name": name })
}

fn statement() -> Value {
    json!({ "kind": "statement.public", "from": "KOR", "date": "2025-01-02", "summary": "s" })
}

#[test]
fn whoever_enters_themselves_is_entered_once_and_goes_on() {
    for entries in [vec![registered("han")], vec![statement(), registered(" han "), statement()]] {
        let fixture = lines();
        let request = RequestId::from_uuid(uuid::Uuid::from_u128(7));
        let asked = RecordAsk { request: Some(request), ..ask(entries.clone()) };
        let dry = RecordAsk { dry_run: true, ..ask(entries.clone()) };
        assert!(fixture.desk.record(&caller(), &dry).unwrap().data.registered.is_empty());
        let recorded = fixture.desk.record(&caller(), &asked).unwrap().data;
        assert_eq!(recorded.entries.len(), entries.len());
        assert_eq!(recorders(&fixture, "han"), 1);
        // The same submission is the same, and what follows is recorded by the same.
        let before = size(&fixture);
        assert!(fixture.desk.record(&caller(), &asked).unwrap().data.receipt.unwrap().repeated);
        assert_eq!(size(&fixture), before);
        record(&fixture, statement()).unwrap();
        assert_eq!(size(&fixture), before + 1);
        assert_eq!(recorders(&fixture, "han"), 1);
    }
}

#[test]
fn a_recorder_is_not_entered_twice_in_one_submission_or_where_they_are_known() {
    let fixture = lines();
    for entries in [vec![registered("Han")], vec![registered("lee"), registered("Lee")]] {
        let before = size(&fixture);
        let error = fixture.desk.record(&caller(), &ask(entries)).unwrap_err().to_string();
        assert!(error.contains("comes in with the same entries already"), "{error}");
        assert_eq!(size(&fixture), before);
    }
    record(&fixture, statement()).unwrap();
    let again = record(&fixture, registered("han")).unwrap_err().to_string();
    assert!(again.contains("`han` is in the register already"), "{again}");
    record(&fixture, registered("lee")).unwrap();
    assert_eq!((recorders(&fixture, "han"), recorders(&fixture, "lee")), (1, 1));
}

#[test]
fn one_who_stands_in_the_register_twice_under_one_name_goes_on_as_the_first() {
    use crate::domain::fact::register::RecorderRegistered;
    let fixture = lines();
    record(&fixture, statement()).unwrap();
    let again = Fact::RecorderRegistered(RecorderRegistered { name: "han".to_owned() });
    fixture.add(crate::domain::event::Envelope::default(), again);
    assert_eq!(recorders(&fixture, "han"), 2);
    record(&fixture, statement()).unwrap();
    let known = fixture.desk.known(&When::default()).unwrap();
    let mut by = known.register.recorders().filter(|(_, recorder)| recorder.entered == "han");
    let first = by.by_ref().min_by_key(|(_, recorder)| recorder.position).unwrap().0;
    let last = known.names.recorder("han").unwrap();
    assert_eq!(first.as_uuid(), last.as_uuid());
}
