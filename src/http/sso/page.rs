//! The pages that a browser shows at the end of a login: a few words, no script, nothing from elsewhere.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::http::openapi::told::{Tells, Told};
use crate::http::problem::Problem;
use crate::http::sso::terminals::called;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What a page tells.
pub(in crate::http) enum Shows<'a> {
    /// The browser came in as somebody.
    CameIn(&'a str),
    /// A terminal may come in as somebody, with a code.
    Code { name: &'a str, terminal: &'a str, code: &'a str },
    /// Nobody came in.
    Problem(&'a Problem),
}

/// A page of the end of a login.
pub(in crate::http) struct SignOnPage;

impl Tells for SignOnPage {
    fn describe(route: &mut Told<'_>) {
        let html = || [("text/html", json!({ "type": "string" }))];
        route.answers(200, "As whom one came in, or the code for a terminal", &html());
        for status in [401, 403, 409, 422, 429, 500, 503] {
            route.answers(status, "Why nobody came in, for people", &html());
        }
    }
}

/// Returns a page.
pub(in crate::http) fn page(shows: &Shows<'_>) -> Response {
    let (status, title, words) = match shows {
        Shows::CameIn(name) => (
            StatusCode::OK,
            "Signed on".to_owned(),
            vec![format!("You came in as {name}."), "This page may be closed.".to_owned()],
        ),
        Shows::Code { name, terminal, code } => (
            StatusCode::OK,
            (*code).to_owned(),
            vec![
                format!("Type this code into the terminal {}, and it comes in as {name}.", called(terminal)),
                format!(
                    "Only into a terminal of your own, which shows {} itself. Whoever sent you here and asks for the code \
                     wants to come in as you: tell them nothing, and close this page.",
                    called(terminal)
                ),
                "The code is good for five minutes, once.".to_owned(),
            ],
        ),
        Shows::Problem(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let words = [problem.detail.clone()].into_iter().chain(problem.hints.iter().cloned()).collect();
            (status, problem.title.clone(), words)
        }
    };
    let words: Vec<String> = words.iter().map(|line| format!("<p>{}</p>\n", text(line))).collect();
    let words = words.concat();
    let title = text(&title);
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>demarche</title></head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n{words}</main>\n</body>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, HTML)], body).into_response()
}

/// Returns a text as a page holds it.
fn text(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::ProblemKind;

    fn shown(shows: &Shows<'_>) -> (u16, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = page(shows);
        let status = response.status().as_u16();
        let body = runtime.block_on(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn what_others_chose_is_text_on_a_page_and_nothing_else() {
        let (status, page) = shown(&Shows::CameIn("<script>alert('1')</script>\"&"));
        assert_eq!(status, 200);
        assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;"), "{page}");
        let problem =
            Problem::new(ProblemKind::Forbidden, "no <b>group</b>").hinting(["ask & wait".to_owned()]);
        let (status, page) = shown(&Shows::Problem(&problem));
        assert_eq!(status, 403);
        assert!(page.contains("no &lt;b&gt;group") && page.contains("ask &amp; wait"), "{page}");
    }

    #[test]
    fn a_code_is_shown_with_what_tells_the_terminal_and_a_warning() {
        let terminal = "a1b2c3d4".repeat(8);
        let (_, page) = shown(&Shows::Code { name: "lee", terminal: &terminal, code: "abcde-fgh23" });
        assert!(
            page.contains("abcde-fgh23") && page.contains("a1b2-c3d4") && page.contains("as lee"),
            "{page}"
        );
        assert!(page.contains("tell them nothing"), "{page}");
    }
}
