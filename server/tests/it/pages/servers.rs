//! Servers: added, tested, pinned, edited, removed.

use app::model::{Permission, Scope};
use reqwest::{Method, StatusCode};
use server::demo::sshd::PrivateSshd;

use super::{as_somebody, id_in, open, send};
use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

const OTHER_KEY: &str = "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ";

async fn sshd(panel: &TestPanel) -> PrivateSshd {
    let dir = panel.dir.path().join("sshd");
    std::fs::create_dir(&dir).unwrap();
    PrivateSshd::start(&dir, panel.serving.panel.keys.public_line()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_is_added_tested_pinned_given_a_key_and_removed() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let sshd = sshd(&panel).await;
    assert!(open(&panel, "/servers").await.has("No servers yet"));
    let port = sshd.port().to_string();
    let added = send(&panel, "/servers/new", &[("name", "yard"), ("host", "127.0.0.1"), ("port", &port), ("user", sshd.user())]).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.html);
    let path = format!("/servers/{}", id_in(&added.location));

    let page = open(&panel, &added.location).await;
    assert!(page.has("Added.") && page.has("The host key is not pinned yet"));
    let line = panel.serving.panel.keys.public_line().to_owned();
    assert!(page.has(&format!("echo &#39;{line}")) || page.has(&format!("echo '{line}")), "{}", page.main());

    let tested = send(&panel, &format!("{path}/test"), &[]).await;
    let key = sshd.host_key().to_string();
    assert_eq!(tested.status, StatusCode::OK);
    assert!(tested.has("Pin this key") && tested.has(&key) && tested.has("not pinned yet"), "{}", tested.main());
    assert!(!tested.has("data-refresh=\"5\""), "a test is not asked for again by itself");

    let pinned = send(&panel, &format!("{path}/pin"), &[("host_key", &key)]).await;
    assert_eq!(pinned.location, format!("{path}?said=pinned"));
    let tested = send(&panel, &format!("{path}/test"), &[]).await;
    for words in ["The connection works", "as pinned", "rsync", "version", "in step with the panel"] {
        assert!(tested.has(words), "{words}: {}", tested.main());
    }

    let before = open(&panel, &path).await;
    assert_eq!(send(&panel, &format!("{path}/key"), &[]).await.location, format!("{path}?said=key"));
    let after = open(&panel, &path).await;
    assert!(before.has(&line) && !after.has(&line) && after.has("tailback@yard"), "{}", after.main());

    assert!(open(&panel, &format!("{path}/delete")).await.has("Stays:"));
    assert_eq!(send(&panel, &format!("{path}/delete"), &[]).await.location, "/servers?said=deleted");
    assert_eq!(open(&panel, &path).await.status, StatusCode::NOT_FOUND);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_has_changed_is_a_danger_and_shows_both() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let sshd = sshd(&panel).await;
    let server = panel.add_server("yard", sshd.port(), sshd.user(), &OTHER_KEY.parse().unwrap()).await;
    let tested = send(&panel, &format!("/servers/{}/test", server.id), &[]).await;
    for words in ["The host key has changed", OTHER_KEY, sshd.host_key().as_str(), "Pin the new key"] {
        assert!(tested.has(words), "{words}: {}", tested.main());
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_comes_back_as_it_was_filled_in() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let fields = [
        ("name", "\"><script>alert(1)</script>"),
        ("host", "no such host"),
        ("port", "ssh"),
        ("user", "root"),
        ("region", "north"),
        ("private_key", "my secret key"),
    ];
    let back = send(&panel, "/servers/new", &fields).await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in [
        "2 things need a change",
        "href=\"#field-host\"",
        "aria-invalid=\"true\"",
        "value=\"no such host\"",
        "value=\"ssh\"",
        "value=\"north\"",
    ] {
        assert!(back.has(words), "{words}: {}", back.main());
    }
    assert!(!back.has("my secret key"), "a private key is never shown");
    assert!(!back.has("<script>alert") && back.has("alert(1)"), "what was typed is kept, and escaped");

    send(&panel, "/servers/new", &[("name", "<b>bold</b>"), ("host", "h"), ("port", "22"), ("user", "u")]).await;
    let list = open(&panel, "/servers").await;
    assert!(list.has("&lt;b&gt;bold&lt;/b&gt;") && !list.has("<b>bold"));
    let taken = send(&panel, "/servers/new", &[("name", "<b>bold</b>"), ("host", "h"), ("port", "22"), ("user", "u")]).await;
    assert!(taken.status == StatusCode::UNPROCESSABLE_ENTITY && taken.has("Is taken."), "{}", taken.main());

    let edited = send(&panel, "/servers/1/edit", &[("name", "calm"), ("host", "h"), ("port", "2222"), ("user", "u")]).await;
    assert_eq!(edited.location, "/servers/1?said=saved");
    assert!(open(&panel, "/servers/1/edit").await.has("value=\"2222\""));
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doors_open_only_for_those_who_may_and_only_to_what_they_may_see() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let server = panel.add_server("yard", 1, "u", &OTHER_KEY.parse().unwrap()).await;
    let path = format!("/servers/{}", server.id);
    let ask = async |permissions: &[Permission], scope: Scope, method: Method, path: &str| {
        as_somebody(&panel, permissions, scope, method, path).await
    };
    assert_eq!(ask(&[], Scope::All, Method::GET, "/servers").await.status, StatusCode::FORBIDDEN);
    let looking = [Permission::ViewServersPage];
    let seen = ask(&looking, Scope::All, Method::GET, &path).await;
    assert!(seen.status == StatusCode::OK && seen.has("yard"));
    for offer in ["/edit", "/delete", "/test", "/key"] {
        assert!(!seen.has(&format!("{path}{offer}")), "{offer} is not offered");
    }
    for (method, below) in [
        (Method::GET, "/edit"),
        (Method::POST, "/edit"),
        (Method::POST, "/test"),
        (Method::POST, "/pin"),
        (Method::POST, "/key"),
        (Method::GET, "/delete"),
        (Method::POST, "/delete"),
    ] {
        let refused = ask(&looking, Scope::All, method, &format!("{path}{below}")).await.status;
        // A pin is read before anyone is asked.
        assert!(matches!(refused, StatusCode::FORBIDDEN | StatusCode::CONFLICT), "{below}: {refused}");
    }
    let all = [Permission::ViewServersPage, Permission::EditServers, Permission::DeleteServers];
    let elsewhere = Scope::Servers(vec![server.id + 1]);
    for below in ["", "/edit", "/delete"] {
        let hidden = ask(&all, elsewhere.clone(), Method::GET, &format!("{path}{below}")).await;
        let missing = ask(&all, elsewhere.clone(), Method::GET, &format!("/servers/999{below}")).await;
        assert_eq!((hidden.status, hidden.main()), (StatusCode::NOT_FOUND, missing.main()), "{below}");
    }
    assert!(!ask(&all, elsewhere, Method::GET, "/servers").await.has("yard"));
    panel.serving.stop().await;
}
