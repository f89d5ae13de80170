//! Names, messages and logs with markup, scripts, escape sequences and worse: inert and whole wherever they are shown.

use app::pages::alone::Alone;
use app::pages::document::back_link;
use app::site::Theme;
use leptos::prelude::RenderHtml as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, next_frame};

/// Texts that somebody might give to a panel, or a tool print into a log.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\" onmouseover=\"alert(1)\" x=\"",
    "' autofocus onfocus='alert(1)' '",
    "</textarea><script>alert(1)</script>",
    "<!--<script>",
    "]]><x>",
    "{{7*7}}${7*7}",
    "javascript:alert(1)",
    "&lt;b&gt;&amp;&#60;script&#62;",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "\u{1f9e8}\u{1f468}\u{200d}\u{1f469}",
    "\u{2028}\u{2029}",
];

/// Whether a text stands nowhere in HTML as it could do something: with its tags as they are, or with its quotes inside a tag.
fn is_inert(html: &str, text: &str) -> bool {
    let in_a_tag = |at: usize| html[..at].rfind('<') > html[..at].rfind('>');
    if text.contains('<') { !html.contains(text) } else { !text.contains('"') || html.match_indices(text).all(|(at, _)| !in_a_tag(at)) }
}

async fn page(panel: &TestPanel, path: &str) -> String {
    let response = panel.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_shown_and_do_nothing() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let mut given = Vec::new();
    for (n, text) in HOSTILE.iter().enumerate() {
        let server = json!({"name": format!("{n} {text}"), "host": "192.0.2.1", "user": "backup", "region": text, "account": text});
        let (status, made) = panel.post("/api/v1/servers", &server).await;
        if status != StatusCode::CREATED {
            // Refused is fine too, with the field and without harm.
            assert_eq!(status, StatusCode::BAD_REQUEST, "{made}");
            continue;
        }
        // Whole: what was given comes back, but for what deceives readers.
        assert_eq!(made["region"], **text);
        let id = made["id"].as_i64().unwrap();
        let schedule = json!({"name": format!("{n} {text}"), "server_id": id, "kind": "reported", "command": {"source_type": "NAS"}});
        let (status, made) = panel.post("/api/v1/schedules", &schedule).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        given.push((text, id, made["id"].as_i64().unwrap()));
    }
    assert!(given.len() >= 10, "{given:?}");
    let mut pages = vec!["/servers".to_owned(), "/schedules".to_owned(), "/runs".to_owned(), "/".to_owned(), "/logs".to_owned()];
    for (text, server, schedule) in &given {
        let report = json!({"schedule": schedule, "event": "finish", "exit_code": 1, "message": text, "detail": format!("{text}\n\u{1b}[31m{text}\u{0}")});
        let (status, made) = panel.post("/api/v1/ingest/runs", &report).await;
        assert!(status.is_success(), "{made}");
        pages.push(format!("/servers/{server}"));
        pages.push(format!("/servers/{server}/edit"));
        pages.push(format!("/schedules/{schedule}"));
        pages.push(format!("/schedules/{schedule}/edit"));
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("q", text).append_pair("region", text).finish();
        pages.push(format!("/servers?{query}"));
        pages.push(format!("/sign-in?next={}", form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()));
        pages.push(format!("/welcome?token={}", form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()));
    }
    let (_, rows) = panel.get("/api/v1/logs?limit=500&status=error").await;
    for row in rows["entries"].as_array().unwrap() {
        pages.push(format!("/logs?entry={}", row["id"]));
        pages.push(format!("/runs/{}", row["run_id"].as_str().unwrap()));
    }
    let mut seen = 0;
    for path in &pages {
        let html = page(&panel, path).await;
        for text in HOSTILE {
            assert!(is_inert(&html, text), "{path}: {text}");
        }
        assert!(!html.contains("<script>alert") && !html.contains("<svg/") && !html.contains("<img src=x"), "{path}");
        assert!(!html.contains('\u{1b}') && !html.contains('\u{0}'), "{path}");
        seen += html.matches("alert(1)").count();
    }
    assert!(seen > 50, "they are shown: {seen}");

    // The same rows in the stream and in JSON, whole and without what a terminal would obey.
    let mut stream = panel.stream("after=0").await.unwrap();
    let (_, head) = panel.get("/api/v1/logs?limit=1").await;
    let mut told = 0;
    while let Some(frame) = next_frame(&mut stream).await {
        let rows = frame["rows"].as_array().cloned().unwrap_or_default();
        for row in &rows {
            let message = row["message"].as_str().unwrap();
            assert!(!message.contains(|c: char| c.is_control()), "{message:?}");
            told += usize::from(HOSTILE.iter().any(|text| message.contains(text)));
        }
        if rows.last().is_some_and(|row| row["id"].as_i64() >= head["head"].as_i64()) {
            break;
        }
    }
    assert!(told >= 10, "{told}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_parameters_are_told_back_without_harm() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    for text in HOSTILE {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        for path in [
            format!("/{encoded}"),
            format!("/runs/{encoded}"),
            format!("/servers/{encoded}"),
            format!("/logs?status={encoded}"),
            format!("/runs?state={encoded}"),
            format!("/servers?said={encoded}"),
        ] {
            let response = panel.request(Method::GET, &path).send().await.unwrap();
            assert!(!response.status().is_server_error(), "{path}");
            assert!(is_inert(&response.text().await.unwrap(), text), "{path}");
        }
        let (status, problem) = panel.get(&format!("/api/v1/logs?{encoded}=1&status={encoded}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{problem}");
    }
    let nul = panel.request(Method::GET, "/logs?q=%00").send().await.unwrap();
    assert!(!nul.status().is_server_error());
    let _: Value = panel.request(Method::GET, "/api/v1/logs?run=%00").send().await.unwrap().json().await.unwrap();
    panel.serving.stop().await;
}

proptest::proptest! {
    /// The edges where text becomes markup: an element's text, a title, an attribute.
    #[test]
    fn text_never_becomes_markup(text in "\\PC{0,60}", odd in "[<>&\"'/=` a-z!-]{0,40}") {
        for text in [text, odd] {
            let alone = |text: &str| Alone { heading: text, text, theme: Theme::System }.render(&server::site::assets());
            let link = |text: &str| back_link(text.to_owned(), "x").to_html();
            for letter in ['<', '>'] {
                proptest::prop_assert_eq!(alone(&text).matches(letter).count(), alone("x").matches(letter).count(), "{}", text);
            }
            for letter in ['<', '"'] {
                proptest::prop_assert_eq!(link(&text).matches(letter).count(), link("x").matches(letter).count(), "{}", text);
            }
        }
    }
}
