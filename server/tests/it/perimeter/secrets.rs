//! The sealing key: changed beside a running panel, interrupted, given by the environment, refused when others may read it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::keys::generate;

use super::house::House;
use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, client};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Adds servers with keys of their own.
async fn add_servers(panel: &TestPanel, count: usize) {
    for n in 0..count {
        let server = json!({"name": format!("s{n}"), "host": "192.0.2.1", "user": "backup", "private_key": generate("x").unwrap()});
        assert_eq!(panel.post("/api/v1/servers", &server).await.0, StatusCode::CREATED);
    }
}

/// How many servers' keys open.
async fn keys_that_open(panel: &TestPanel, count: i64) -> i64 {
    let inner = &panel.serving.panel;
    let mut opened = 0;
    for id in 1..=count {
        opened += i64::from(inner.keys.of_server(&inner.database, id).await.is_ok());
    }
    opened
}

#[rstest::rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn everything_opens_after_the_key_has_changed_and_the_old_key_is_gone(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    add_servers(&panel, 5).await;
    let path = panel.dir.path().join("data/secret.key");
    let before = std::fs::read_to_string(&path).unwrap();
    let inner = &panel.serving.panel;
    let rotated = server::secrets::rotate(inner.keys.vault(), &inner.trail).await.unwrap();
    assert_eq!(rotated.sealed, 5);
    let after = std::fs::read_to_string(&path).unwrap();
    assert_eq!(after.lines().count(), 2, "a comment and one key");
    assert_ne!(before, after);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(keys_that_open(&panel, 5).await, 5);
    let (_, log) = panel.get("/api/v1/logs").await;
    assert!(log.to_string().contains("5 stored secrets were sealed with a new key"), "{log}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_anywhere_loses_nothing() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    add_servers(&panel, 8).await;
    let data = panel.dir.path().join("data");
    let rotate = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tailback"));
        command
            .args(["secrets", "rotate", "--data-dir"])
            .arg(&data)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        command
    };
    for delay_ms in [5, 40, 80, 120, 160, 200, 300, 500, 900, 1500] {
        let mut child = rotate().spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        // The panel that runs, and one that starts now.
        assert_eq!(keys_that_open(&panel, 8).await, 8, "killed after {delay_ms} ms");
        add_servers_once(&panel, delay_ms).await;
    }
    assert!(rotate().status().unwrap().success());
    let text = std::fs::read_to_string(data.join("secret.key")).unwrap();
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 1, "the keys of the interrupted ones are gone");
    assert_eq!(keys_that_open(&panel, 18).await, 18);
    panel.serving.stop().await;
}

async fn add_servers_once(panel: &TestPanel, n: u64) {
    let server = json!({"name": format!("between {n}"), "host": "192.0.2.1", "user": "backup", "private_key": generate("x").unwrap()});
    assert_eq!(panel.post("/api/v1/servers", &server).await.0, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panel_does_not_start_with_a_key_that_others_may_read() {
    let house = House::new();
    house.add_user("ada");
    for path in [house.data(), house.data().join("secret.key"), house.data().join("id_ed25519"), house.data().join("tailback.db")] {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    for name in ["secret.key", "id_ed25519"] {
        let path = house.data().join(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = house.run(&["serve", "--bind", "127.0.0.1:0"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("chmod 600") && said.contains(name), "{said}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    // A database from before is closed to others at the next start.
    let database = house.data().join("tailback.db");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::set_permissions(house.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let serving = house.serve().await;
    assert_eq!((mode(&database), mode(&house.data())), (0o600, 0o700));
    drop(serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_may_give_the_key_and_rotation_says_what_to_do() {
    let house = House::new();
    let (old, new) = ("ab".repeat(32), "cd".repeat(32));
    let run = |keys: &str, arguments: &[&str]| {
        house.command(arguments).env("TAILBACK_SECRET_KEY", keys).stderr(std::process::Stdio::piped()).output().unwrap()
    };
    let refused = run("short", &["secrets", "rotate"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("TAILBACK_SECRET_KEY"));
    let one = run(&old, &["secrets", "rotate"]);
    assert!(!one.status.success() && String::from_utf8_lossy(&one.stderr).contains("before the old one"), "{one:?}");
    let both = run(&format!("{new},{old}"), &["secrets", "rotate"]);
    assert!(both.status.success() && String::from_utf8_lossy(&both.stdout).contains("leave only the new key"), "{both:?}");
    assert!(!house.data().join("secret.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_be_used_is_named() {
    let house = House::new();
    std::fs::create_dir(house.data()).unwrap();
    let refusal = |file: &str, variable: Option<(&str, &str)>| {
        std::fs::write(house.data().join("tailback.toml"), file).unwrap();
        let output =
            house.command(&["serve", "--bind", "127.0.0.1:0"]).envs(variable).stderr(std::process::Stdio::piped()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (file, named) in [
        ("allow_networks = ['10.0.0.0/99']", "allow_networks"),
        ("trusted_proxies = 'nginx'", "trusted_proxies"),
        ("public_url = 'panel.example.org'", "public_url"),
        ("insecure_http = 'maybe'", "insecure_http"),
        ("proxy_header = 'x-real-ip'", "proxy_header"),
        ("requests_per_minute = -1", "requests_per_minute"),
        ("header_timeout_seconds = 0", "header_timeout_seconds"),
        ("alow_networks = []", "alow_networks"),
    ] {
        let said = refusal(file, None);
        assert!(said.contains(named), "{file}: {said}");
    }
    let said = refusal("", Some(("TAILBACK_INSECURE_HTTP", "perhaps")));
    assert!(said.contains("insecure_http") && said.contains("auto-loopback"), "{said}");
    // And what can be used, is.
    std::fs::write(house.data().join("tailback.toml"), "insecure_http = false\nallow_networks = ['127.0.0.0/8', '::1']").unwrap();
    let serving = house.serve().await;
    let refused = client().request(Method::GET, serving.url("/sign-in")).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}
