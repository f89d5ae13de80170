//! Secrets are used in real flows and leave no trace: not in the log at its most talkative, not in the database's bytes, not on a
//! page, in an answer, in the stream, in a process list or in a run's directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::demo::PrivateMariadb;
use server::demo::sshd::PrivateSshd;
use server::keys::Keys;

use super::house::House;
use crate::support::panel::{PASSWORD, answer, client, eventually, next_frame, open_stream, path_text};

type Canaries = BTreeMap<&'static str, String>;

/// Which of them are in some bytes.
fn found(canaries: &Canaries, bytes: &[u8]) -> Vec<&'static str> {
    let holds = |canary: &&String| bytes.windows(canary.len()).any(|part| part == canary.as_bytes());
    canaries.iter().filter(|(_, canary)| holds(canary)).map(|(name, _)| *name).collect()
}

fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    entries.flat_map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { vec![entry.path()] }).collect()
}

/// Looks at every process until it is told to stop.
fn watch_processes(canaries: Canaries, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<Vec<String>> {
    std::thread::spawn(move || {
        let mut seen = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            for process in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
                for name in ["cmdline", "environ"] {
                    let bytes = std::fs::read(process.path().join(name)).unwrap_or_default();
                    seen.extend(
                        found(&canaries, &bytes).into_iter().map(|canary| format!("{canary} in {name} of {}", process.path().display())),
                    );
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        seen
    })
}

#[expect(clippy::too_many_lines, reason = "one story: everything that is used is looked for in the end")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_that_are_used_leave_no_trace() {
    let house = House::new();
    let (home, sshd_dir, mysql_dir) = (house.dir.path().join("home"), house.dir.path().join("sshd"), house.dir.path().join("mysql"));
    for dir in [&home, &sshd_dir, &mysql_dir] {
        std::fs::create_dir(dir).unwrap();
    }
    // A key pair that only this server has.
    let pair = tempfile::tempdir().unwrap();
    let public_line = Keys::open(pair.path()).unwrap().public_line().to_owned();
    let private_key = std::fs::read_to_string(pair.path().join("id_ed25519")).unwrap();
    let sshd = PrivateSshd::start_with_home(&sshd_dir, &public_line, &home).await.unwrap();
    let database = PrivateMariadb::start(&mysql_dir).await.unwrap();
    let mysql_password = "canary-of-the-database-4711".to_owned();
    database.execute("create database shop; create table shop.a (b int); insert into shop.a values (1)").await.unwrap();
    database.execute(&format!("create user keeper identified by '{mysql_password}'; grant all on *.* to keeper")).await.unwrap();
    database
        .execute(&format!("create user keeper@localhost identified by '{mysql_password}'; grant all on *.* to keeper@localhost"))
        .await
        .unwrap();
    let defaults = home.join("keeper.cnf");
    database.write_defaults(&defaults, "keeper", &mysql_password).unwrap();

    // The first administrator comes through the link, and signs in again with a password.
    let panel = house.serve().await;
    let http = client();
    let link =
        eventually("the link", async || house.said().split("token=").nth(1).map(|rest| rest.split_whitespace().next().unwrap().to_owned()))
            .await;
    assert_eq!(http.get(panel.url(&format!("/welcome?token={link}"))).send().await.unwrap().status(), StatusCode::OK);
    let form = [("token", link.as_str()), ("username", "ada"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let welcomed = http.post(panel.url("/welcome")).form(&form).send().await.unwrap();
    assert_eq!(welcomed.headers()["location"], "/");
    let wrong = "canary-typed-by-mistake-0815".to_owned();
    for (username, password) in [("ada", wrong.as_str()), (wrong.as_str(), PASSWORD)] {
        let refused = http.post(panel.url("/sign-in")).form(&[("username", username), ("password", password)]).send().await.unwrap();
        assert!(!refused.headers().contains_key("set-cookie"));
    }
    let signed_in = http.post(panel.url("/api/v1/session")).json(&json!({"username": "ada", "password": PASSWORD})).send().await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::NO_CONTENT);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let token = house.token("ada");
    let canaries: Canaries = [
        ("password", PASSWORD.to_owned()),
        ("typed by mistake", wrong),
        ("link", link),
        ("session", cookie.split_once('=').unwrap().1.to_owned()),
        ("token", token.clone()),
        ("private key", private_key.lines().nth(3).unwrap().to_owned()),
        ("database password", mysql_password),
    ]
    .into();

    let stop = Arc::new(AtomicBool::new(false));
    let processes = watch_processes(canaries.clone(), stop.clone());
    let mut stream = open_stream(&panel.address, ("authorization", &format!("Bearer {token}")), "after=0").await.unwrap();
    let mut answers = Vec::new();
    let mut ask = async |method: Method, path: &str, body: Value| {
        let request = http.request(method, panel.url(path)).bearer_auth(&token);
        let (status, body) = answer(if body.is_null() { request } else { request.json(&body) }).await;
        answers.push(body.to_string());
        (status, body)
    };
    let server = json!({"name": "vault", "host": "127.0.0.1", "port": sshd.port(), "user": sshd.user(), "private_key": private_key,
        "host_key": sshd.host_key()});
    assert_eq!(ask(Method::POST, "/api/v1/servers", server).await.0, StatusCode::CREATED);
    ask(Method::POST, "/api/v1/servers/1/test", Value::Null).await;
    // What does not fit is told with the field, never with its value.
    let odd = json!({"name": "odd", "host": "127.0.0.1", "user": "x", "private_key": format!("{private_key}garbage")});
    ask(Method::POST, "/api/v1/servers", odd).await;
    let schedule = json!({"name": "dump", "server_id": 1, "kind": "managed",
        "mysql": {"databases": ["shop"], "defaults_file": path_text(&defaults), "destination": path_text(&home.join("dumps"))}});
    let (status, made) = ask(Method::POST, "/api/v1/schedules", schedule).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (_, asked) = ask(Method::POST, "/api/v1/schedules/1/run", Value::Null).await;
    let run = asked["runs"][0]["id"].as_str().unwrap().to_owned();
    let ended = eventually("the end of the run", async || {
        let (_, run) = answer(http.get(panel.url(&format!("/api/v1/runs/{run}"))).bearer_auth(&token)).await;
        (!["created", "queued", "running"].contains(&run["state"].as_str().unwrap())).then_some(run)
    });
    let ended = ended.await;
    assert_eq!(ended["state"], "completed", "{ended}");
    for path in
        ["/api/v1/servers", "/api/v1/servers/1", "/api/v1/schedules", "/api/v1/runs", "/api/v1/logs?limit=500", "/api/v1/openapi.json"]
    {
        ask(Method::GET, path, Value::Null).await;
    }
    ask(Method::GET, &format!("/api/v1/runs/{run}/log"), Value::Null).await;
    for path in [
        "/",
        "/logs",
        "/servers",
        "/servers/1",
        "/servers/1/edit",
        "/schedules",
        "/schedules/1",
        "/schedules/1/edit",
        "/runs",
        &format!("/runs/{run}"),
        "/sign-in",
    ] {
        let page = http.get(panel.url(path)).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        answers.push(page.text().await.unwrap());
    }
    let (_, head) = answer(http.get(panel.url("/api/v1/logs?limit=1")).bearer_auth(&token)).await;
    while let Some(frame) = next_frame(&mut stream).await {
        let last = frame["rows"].as_array().and_then(|rows| rows.last()).map_or(0, |row| row["id"].as_i64().unwrap());
        answers.push(frame.to_string());
        if last >= head["head"].as_i64().unwrap() {
            break;
        }
    }
    stop.store(true, Ordering::SeqCst);
    assert_eq!(processes.join().unwrap(), Vec::<String>::new());
    for text in &answers {
        assert_eq!(found(&canaries, text.as_bytes()), Vec::<&str>::new(), "{text}");
    }
    // With the write-ahead log as it is while the panel runs.
    let mut files = files_below(&house.data());
    files.extend(files_below(&home.join(".tailback")));
    files.push(house.log());
    assert!(files.iter().any(|file| file.ends_with("tailback.db-wal")), "{files:?}");
    assert!(std::fs::metadata(house.log()).unwrap().len() > 1000, "the log is talkative");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(found(&canaries, &bytes), Vec::<&str>::new(), "{}", file.display());
    }
    // The search itself works.
    assert_eq!(found(&canaries, &std::fs::read(&defaults).unwrap()), ["database password"]);
    drop(panel);
    database.stop().await;
}
