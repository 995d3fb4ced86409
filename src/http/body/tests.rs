//! How bodies are taken.

use super::*;
use crate::desk::ask::RecordAsk;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn post(media: &str, body: impl Into<Body>) -> Request {
    Request::builder().header("content-type", media).body(body.into()).unwrap()
}

#[test]
fn what_is_not_json_is_named_by_line_and_column() {
    let check = |body: &'static str| {
        let problem =
            block_on(json::<RecordAsk>(post("application/json", body), RECORD_BYTES_MAX)).unwrap_err();
        assert_eq!(problem.status, 400);
        problem.detail
    };
    assert_eq!(check("{\"entries\": [\n{\"kind\": "), "line 2: column 9: EOF while parsing a value");
    assert!(check("{\"entris\": []}").contains("unknown field `entris`, expected one of `entries`"));
    assert_eq!(check(""), "line 1: column 0: EOF while parsing a value");
}

#[test]
fn a_list_is_not_read_as_the_fields_of_an_object() {
    let body = " [[], null, null, true]";
    let problem = block_on(json::<RecordAsk>(post("application/json", body), RECORD_BYTES_MAX)).unwrap_err();
    assert_eq!(problem.status, 400);
    assert!(problem.detail.contains("send an object"), "{}", problem.detail);
}

#[test]
fn a_body_is_taken_as_it_is_and_its_type_is_said_once() {
    let asked = |name: &'static str, value: &'static str| {
        let mut request = post("application/json", "{}");
        request.headers_mut().append(name, value.parse().unwrap());
        block_on(bytes(request, JSON, 100)).map_err(|problem| (problem.status, problem.detail))
    };
    assert!(asked("content-encoding", "identity").is_ok());
    let (status, detail) = asked("content-encoding", "gzip").unwrap_err();
    assert_eq!(status, 415);
    assert!(detail.contains("`gzip`; send the body as it is"), "{detail}");
    let (status, detail) = asked("content-type", "text/plain").unwrap_err();
    assert_eq!(status, 400);
    assert!(detail.contains("stands twice"), "{detail}");
    let mut request = post("text/csv", "a,b");
    request.headers_mut().append("content-encoding", "br".parse().unwrap());
    assert_eq!(block_on(file(request)).err().unwrap().status, 415);
}

#[test]
fn whoever_asks_before_they_send_too_much_is_told_before() {
    // A body that would never come: whoever reads it waits for ever.
    struct Never(u64);
    impl HttpBody for Never {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            panic!("it was read")
        }

        fn size_hint(&self) -> hyper::body::SizeHint {
            hyper::body::SizeHint::with_exact(self.0)
        }
    }
    let mut request = post("application/json", Body::new(Never(101)));
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    assert_eq!(block_on(bytes(request, JSON, 100)).unwrap_err().status, 413);
    let endless = DROPPED_BYTES_MAX as u64 + 1;
    let request = post("application/json", Body::new(Never(endless)));
    assert_eq!(block_on(bytes(request, JSON, 100)).unwrap_err().status, 413);
    let request = post("text/csv", Body::new(Never(IMPORT_BYTES_MAX + 1)));
    assert_eq!(block_on(file(request)).err().unwrap().status, 413);
}

#[test]
fn only_the_types_that_a_page_cannot_post_are_taken() {
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let problem = block_on(json::<RecordAsk>(post(media, "{}"), RECORD_BYTES_MAX)).unwrap_err();
        assert_eq!(problem.status, 415, "{media}");
    }
    block_on(json::<RecordAsk>(post("Application/JSON; charset=utf-8", "{}"), RECORD_BYTES_MAX)).unwrap();
}

#[test]
fn a_file_is_spooled_whole_and_its_type_tells_its_format() {
    let bytes: Vec<u8> = (0..3 << 20).map(|number: u32| number.to_le_bytes()[0]).collect();
    let mut sent = block_on(file(post("text/csv; charset=utf-8", bytes.clone()))).unwrap();
    assert_eq!(sent.format, Some("csv"));
    let mut read = Vec::new();
    sent.file.seek(io::SeekFrom::Start(0)).unwrap();
    sent.file.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
    let problem = block_on(file(post("text/plain", "x"))).err().unwrap();
    assert_eq!(problem.status, 415);
    let problem = block_on(spooled(Body::from(vec![0; 100]), 99)).unwrap_err();
    assert_eq!(problem.status, 413);
}

#[test]
fn a_body_is_taken_up_to_its_limit_and_not_a_byte_more() {
    let read = |length: usize| block_on(bytes(post("application/json", vec![b' '; length]), JSON, 1 << 20));
    assert_eq!(read(1 << 20).unwrap().len(), 1 << 20);
    let problem = read((1 << 20) + 1).unwrap_err();
    assert_eq!((problem.status, problem.kind), (413, ProblemKind::TooLarge));
    assert!(problem.detail.contains("1 MiB"), "{}", problem.detail);
    let little = post("application/json", vec![b' '; COMING_BYTES_MAX + 1]);
    let problem = block_on(json::<RecordAsk>(little, COMING_BYTES_MAX)).unwrap_err();
    assert!(problem.status == 413 && problem.detail.contains("16 KiB"), "{}", problem.detail);
}
