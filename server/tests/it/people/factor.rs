//! The second factor: set up, asked for, used once, lost.

use std::time::Duration;

use app::model::Timestamp;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use server::auth::totp::{code_at, step_of};
use server::clock::Clock;

use super::{Person, messages, sign_in, sign_in_with};
use crate::support::engine::Engine;
use crate::support::panel::{PASSWORD, TestPanel, open_stream};

const NOON: Timestamp = Timestamp::from_millis(1_795_345_200_000);

/// What an authenticator would do with the words.
fn seed_of(words: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = words.chars().filter_map(|c| LETTERS.find(c)).fold(String::new(), |bits, value| bits + &format!("{value:05b}"));
    bits.as_bytes().chunks_exact(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

fn between<'h>(html: &'h str, before: &str, after: &str) -> &'h str {
    let found = html.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.unwrap_or_else(|| panic!("{before}: {html}")).0
}

async fn form(panel: &TestPanel, who: &Person, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let response = who.request(panel, Method::POST, path).form(fields).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// Sets a second factor up as a person does; gives the seed and the recovery codes.
async fn set_up(panel: &TestPanel, who: &Person, clock: &Clock) -> (Vec<u8>, Vec<String>) {
    let (status, page) = form(panel, who, "/profile/two-factor", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<svg"), "{page}");
    let seed = seed_of(between(&page, "id=\"seed\"", "</pre>").split_once('>').unwrap().1);
    assert_eq!(seed.len(), 20);
    let (status, again) = form(panel, who, "/profile/two-factor/confirm", &[("current", &who.password), ("code", "000000")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.contains("<svg"), "the same seed is shown again");
    let code = code_at(&seed, step_of(clock.now()));
    let alone = form(panel, who, "/profile/two-factor/confirm", &[("code", &code)]).await;
    assert_eq!(alone.0, StatusCode::UNPROCESSABLE_ENTITY, "an open session is not enough");
    let (status, page) = form(panel, who, "/profile/two-factor/confirm", &[("current", &who.password), ("code", &code)]).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let codes: Vec<_> = between(&page, "id=\"recovery-codes\"", "</pre>").split_once('>').unwrap().1.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10);
    (seed, codes)
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_is_asked_for_and_is_good_once(#[case] engine: Engine) {
    let clock = Clock::set_to(NOON);
    let panel = TestPanel::start_at(engine, clock.clone()).await;
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    let (seed, codes) = set_up(&panel, &vera, &clock).await;
    let now = || code_at(&seed, step_of(clock.now()));
    let with = |code: &str| json!({"username": "vera", "password": vera.password, "totp": code});

    let asked = sign_in(&panel, "vera", &vera.password).await.unwrap_err();
    assert_eq!(asked["errors"][0]["field"], "totp", "{asked}");
    // The code that confirmed the set-up is used up.
    assert!(sign_in_with(&panel, &with(&now())).await.is_err());
    clock.advance(Duration::from_secs(30));
    // Ten at once with the same code: one gets in.
    assert_eq!(inside(&panel, &with(&now())).await, 1);
    assert!(sign_in_with(&panel, &with(&now())).await.is_err(), "a replay");
    assert!(sign_in_with(&panel, &with(&code_at(&seed, step_of(clock.now()) - 1))).await.is_err(), "an older step than the last");
    clock.advance(Duration::from_secs(30));
    let wrong_password = json!({"username": "vera", "password": "wrong", "totp": now()});
    assert!(sign_in_with(&panel, &wrong_password).await.unwrap_err().get("errors").is_none(), "the password comes first");
    sign_in_with(&panel, &with(&now())).await.unwrap();

    // Recovery codes, each once, however they are written.
    let shouted = codes[0].to_uppercase().replace('-', " ");
    sign_in_with(&panel, &with(&shouted)).await.unwrap();
    assert!(sign_in_with(&panel, &with(&codes[0])).await.is_err());
    assert_eq!(inside(&panel, &with(&codes[1])).await, 1);
    let rows = messages(&panel).await;
    for expected in [
        "vera set up a second factor, from 127.0.0.1",
        "vera signed in with a code from 127.0.0.1",
        "vera signed in with a recovery code from 127.0.0.1",
        "sign-in refused from 127.0.0.1: wrong code for vera",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected}: {rows:#?}");
    }

    // Away with it: password and code.
    clock.advance(Duration::from_secs(30));
    let (status, _) = form(&panel, &vera, "/profile/two-factor/remove", &[("current", "wrong"), ("code", &now())]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = form(&panel, &vera, "/profile/two-factor/remove", &[("current", &vera.password), ("code", "000000")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = form(&panel, &vera, "/profile/two-factor/remove", &[("current", &vera.password), ("code", &now())]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    sign_in(&panel, "vera", &vera.password).await.unwrap();
    panel.serving.stop().await;
}

/// How many of ten at once get in.
async fn inside(panel: &TestPanel, credentials: &serde_json::Value) -> usize {
    let attempts = (0..10).map(|_| sign_in_with(panel, credentials));
    futures::future::join_all(attempts).await.into_iter().flatten().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_page_asks_for_the_code_and_there_is_no_session_before() {
    let clock = Clock::set_to(NOON);
    let panel = TestPanel::start_at(Engine::Sqlite, clock.clone()).await;
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    let (seed, _) = set_up(&panel, &vera, &clock).await;
    clock.advance(Duration::from_secs(30));
    let post = |path: &'static str, fields: Vec<(&'static str, String)>| panel.anonymous(Method::POST, path).form(&fields).send();
    let credentials = vec![("username", "vera".to_owned()), ("password", vera.password.clone()), ("next", "/servers".to_owned())];
    let asked = post("/sign-in", credentials.clone()).await.unwrap();
    assert_eq!(asked.status(), StatusCode::OK);
    assert!(!asked.headers().contains_key("set-cookie"));
    let page = asked.text().await.unwrap();
    assert!(page.contains("name=\"code\"") && page.contains("one-time-code"), "{page}");
    let pending = between(&page, "name=\"pending\" value=\"", "\"").to_owned();
    let answer = |pending: &str, code: &str| {
        post("/sign-in/code", vec![("pending", pending.to_owned()), ("code", code.to_owned()), ("next", "/servers".to_owned())])
    };
    let wrong = answer(&pending, "000000").await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.headers().contains_key("set-cookie"));
    let right = answer(&pending, &code_at(&seed, step_of(clock.now()))).await.unwrap();
    assert_eq!((right.status(), right.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/servers"));
    assert!(right.headers().contains_key("set-cookie"));
    // It is used up; another one runs out; a third has been guessed at too often.
    clock.advance(Duration::from_secs(30));
    let again = answer(&pending, &code_at(&seed, step_of(clock.now()))).await.unwrap();
    assert!(again.headers()["location"].to_str().unwrap().starts_with("/sign-in?error="));
    let page = post("/sign-in", credentials.clone()).await.unwrap().text().await.unwrap();
    let late = between(&page, "name=\"pending\" value=\"", "\"").to_owned();
    clock.advance(Duration::from_mins(6));
    assert_eq!(answer(&late, &code_at(&seed, step_of(clock.now()))).await.unwrap().status(), StatusCode::SEE_OTHER);
    let page = post("/sign-in", credentials).await.unwrap().text().await.unwrap();
    let guessed = between(&page, "name=\"pending\" value=\"", "\"").to_owned();
    for _ in 0..5 {
        assert_eq!(answer(&guessed, "000000").await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let tried = answer(&guessed, &code_at(&seed, step_of(clock.now()))).await.unwrap();
    assert!(!tried.headers().contains_key("set-cookie"), "five attempts are all");

    // Somebody who has lost it is helped by an administrator.
    let gone = panel.request(Method::DELETE, &format!("/api/v1/users/{}/totp", vera.id)).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    sign_in(&panel, "vera", &vera.password).await.unwrap();
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_a_code_wait_from_wherever_they_come() {
    let clock = Clock::set_to(NOON);
    let panel = TestPanel::start_at(Engine::Sqlite, clock.clone()).await;
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    set_up(&panel, &vera, &clock).await;
    let (mut taken, mut refused) = (0, 0);
    // Each sign-in with the right password would be five more guesses.
    for n in 0..6 {
        let post = |path, fields: &[(&str, &str)]| {
            let request = panel.anonymous(Method::POST, path).header("x-forwarded-proto", "https");
            request.header("x-forwarded-for", format!("198.51.100.{n}")).form(fields).send()
        };
        let asked = post("/sign-in", &[("username", "vera"), ("password", &vera.password)]).await.unwrap().text().await.unwrap();
        let pending = between(&asked, "name=\"pending\" value=\"", "\"").to_owned();
        for _ in 0..5 {
            match post("/sign-in/code", &[("pending", &pending), ("code", "000000")]).await.unwrap().status() {
                StatusCode::UNPROCESSABLE_ENTITY => taken += 1,
                StatusCode::TOO_MANY_REQUESTS => refused += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert!((20..26).contains(&taken) && refused >= 5, "{taken} were looked at, {refused} had to wait");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_a_session_open_guesses_no_faster() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    let new = "a new phrase for vera";
    for _ in 0..5 {
        let (status, page) = form(&panel, &vera, "/profile/password", &[("current", "guess"), ("password", new), ("again", new)]).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && !page.contains("too many attempts"), "{status}");
    }
    let right = [("current", vera.password.as_str()), ("password", new), ("again", new)];
    let (status, page) = form(&panel, &vera, "/profile/password", &right).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.to_lowercase().contains("too many attempts"), "{status} {page}");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(form(&panel, &vera, "/profile/password", &right).await.0, StatusCode::SEE_OTHER);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_demanded_nothing_opens_before_it_is_set_up() {
    let panel = TestPanel::start_with(Engine::Sqlite, Clock::machine(), |config| config.require_second_factor = true).await;
    let session = sign_in(&panel, "ada", PASSWORD).await.unwrap();
    let ask = |method: Method, path: &str| panel.anonymous(method, path).header("cookie", &session).send();
    for path in ["/", "/logs", "/servers"] {
        assert_eq!(ask(Method::GET, path).await.unwrap().headers()["location"], "/profile", "{path}");
    }
    for (method, path) in [(Method::GET, "/api/v1/logs"), (Method::POST, "/api/v1/tokens"), (Method::POST, "/api/sf/read_monitor")] {
        assert_eq!(ask(method, path).await.unwrap().status(), StatusCode::FORBIDDEN, "{path}");
    }
    let stream = open_stream(&panel.serving.address.to_string(), ("cookie", &session), "").await;
    assert_eq!(stream.err(), Some(403));
    let profile = ask(Method::GET, "/profile").await.unwrap().text().await.unwrap();
    assert!(profile.contains("This panel demands a second factor"), "{profile}");

    let page = ask(Method::POST, "/profile/two-factor").await.unwrap().text().await.unwrap();
    let seed = seed_of(between(&page, "id=\"seed\"", "</pre>").split_once('>').unwrap().1);
    let code = code_at(&seed, step_of(Clock::machine().now()));
    let form = [("current", PASSWORD), ("code", code.as_str())];
    let confirm = panel.anonymous(Method::POST, "/profile/two-factor/confirm").header("cookie", &session).form(&form);
    assert_eq!(confirm.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(ask(Method::GET, "/logs").await.unwrap().status(), StatusCode::OK);
    panel.serving.stop().await;
}
