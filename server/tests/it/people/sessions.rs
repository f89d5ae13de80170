//! Sessions: how long they last, and who ends them.

use std::time::Duration;

use app::model::Timestamp;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use server::clock::Clock;

use super::{Person, messages, sign_in};
use crate::support::engine::Engine;
use crate::support::panel::{PASSWORD, TestPanel, eventually};

const NOON: Timestamp = Timestamp::from_millis(1_795_345_200_000);

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_idle_and_after_a_week(#[case] engine: Engine) {
    let clock = Clock::set_to(NOON);
    let panel = TestPanel::start_at(engine, clock.clone()).await;
    let idle = sign_in(&panel, "ada", PASSWORD).await.unwrap();
    let busy = sign_in(&panel, "ada", PASSWORD).await.unwrap();
    let status =
        async |session: &str| panel.anonymous(Method::GET, "/api/v1/servers").header("cookie", session).send().await.unwrap().status();
    for _ in 0..15 {
        clock.advance(Duration::from_hours(11));
        assert_eq!(status(&busy).await, StatusCode::OK);
        // The use is noted beside the request.
        let now = clock.now();
        eventually("the note", async || {
            let sql = server::store::Sql::new("select max(last_seen_at) as at from session");
            let row = panel.serving.panel.database.fetch_optional(sql).await.unwrap().unwrap();
            (row.optional_time("at").unwrap() == Some(now)).then_some(())
        })
        .await;
    }
    assert_eq!(status(&idle).await, StatusCode::UNAUTHORIZED);
    clock.advance(Duration::from_hours(4));
    assert_eq!(status(&busy).await, StatusCode::UNAUTHORIZED, "a week is the most");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_ends_the_session_before() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let first = sign_in(&panel, "ada", PASSWORD).await.unwrap();
    let credentials = json!({"username": "ada", "password": PASSWORD});
    let again = panel.anonymous(Method::POST, "/api/v1/session").header("cookie", &first).json(&credentials).send().await.unwrap();
    let second = again.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    for (session, expected) in [(&first, StatusCode::UNAUTHORIZED), (&second, StatusCode::OK)] {
        assert_eq!(panel.anonymous(Method::GET, "/api/v1/servers").header("cookie", session).send().await.unwrap().status(), expected);
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_panel_made_is_over_after_a_week() {
    let clock = Clock::set_to(NOON);
    let panel = TestPanel::start_at(Engine::Sqlite, clock.clone()).await;
    let draft = json!({"username": "vera", "role": "viewer", "servers": [], "enabled": true});
    let made: Value = panel.request(Method::POST, "/api/v1/users").json(&draft).send().await.unwrap().json().await.unwrap();
    let password = made["password"].as_str().unwrap().to_owned();
    let session = sign_in(&panel, "vera", &password).await.unwrap();
    let page = panel.anonymous(Method::GET, "/profile").header("cookie", &session).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Your password was made for you") && page.contains("is good until"), "{page}");

    clock.advance(Duration::from_hours(7 * 24 + 1));
    let credentials = json!({"username": "vera", "password": &password});
    let late = panel.anonymous(Method::POST, "/api/v1/session").json(&credentials).send().await.unwrap();
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
    assert!(late.text().await.unwrap().contains("was good for a week"));
    assert!(messages(&panel).await.iter().any(|row| row.contains("the password that was made for vera is over")));

    // One that its owner has chosen is not.
    let id = made["user"]["id"].as_i64().or(made["id"].as_i64()).unwrap();
    let made = panel.request(Method::POST, &format!("/api/v1/users/{id}/password")).send().await.unwrap();
    let password = made.json::<Value>().await.unwrap()["password"].as_str().unwrap().to_owned();
    let session = sign_in(&panel, "vera", &password).await.unwrap();
    let fields = [("current", password.as_str()), ("password", "a sentence nobody says"), ("again", "a sentence nobody says")];
    let changed = panel.anonymous(Method::POST, "/profile/password").header("cookie", &session).form(&fields).send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::SEE_OTHER);
    clock.advance(Duration::from_hours(30 * 24));
    sign_in(&panel, "vera", "a sentence nobody says").await.unwrap();
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_and_end_their_own_sessions_and_change_their_password() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let vera = Person::make(&panel, "vera", "viewer", &[]).await;
    let second = sign_in(&panel, "vera", &vera.password).await.unwrap();
    let third = sign_in(&panel, "vera", &vera.password).await.unwrap();
    let status = async |session: &str| panel.anonymous(Method::GET, "/profile").header("cookie", session).send().await.unwrap().status();
    let page = vera.request(&panel, Method::GET, "/profile").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("this one") && page.contains("127.0.0.1"), "{page}");
    // Each session but the own one has a button; one is ended by it.
    let ids: Vec<String> = page.split("name=\"session\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let ids: Vec<_> = ids.into_iter().filter(|id| id != "others").collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    let form = |path: &str, fields: &[(&str, &str)]| vera.request(&panel, Method::POST, path).form(fields).send();
    let end = async |session: &str, password: &str| {
        let fields = [("session", session), ("session_password", password)];
        form("/profile/sessions/end", &fields).await.unwrap().status()
    };
    assert_eq!(end(&ids[0], "wrong password").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!([status(&second).await, status(&third).await], [StatusCode::OK; 2], "nothing ends without the password");
    assert_eq!(end(&ids[0], &vera.password).await, StatusCode::SEE_OTHER);
    assert_eq!(end("00ff", &vera.password).await, StatusCode::NOT_FOUND);
    let left = [status(&second).await, status(&third).await];
    assert_eq!(left.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{left:?}");

    for (current, password, again) in [
        ("wrong password", "a sentence nobody says", "a sentence nobody says"),
        (&vera.password, "short", "short"),
        (&vera.password, "a sentence nobody says", "another one"),
    ] {
        let fields = [("current", current), ("password", password), ("again", again)];
        assert_eq!(form("/profile/password", &fields).await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
    }
    let fields = [("current", vera.password.as_str()), ("password", "a sentence nobody says"), ("again", "a sentence nobody says")];
    assert_eq!(form("/profile/password", &fields).await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(status(&vera.session).await, StatusCode::OK, "the own session stays");
    assert!(status(&second).await == StatusCode::SEE_OTHER && status(&third).await == StatusCode::SEE_OTHER, "the others end");
    assert!(sign_in(&panel, "vera", &vera.password).await.is_err());
    sign_in(&panel, "vera", "a sentence nobody says").await.unwrap();
    let rows = messages(&panel).await;
    assert!(rows.iter().any(|row| row.starts_with("vera changed the own password")), "{rows:?}");
    // Not with a token, however much it may.
    let asked = panel.request(Method::POST, "/profile/sessions/end").send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::FORBIDDEN);
    panel.serving.stop().await;
}
