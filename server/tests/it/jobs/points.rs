//! Points: how many are kept, where, and what is never touched.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};
use server::demo::PrivateMariadb;
use server::demo::small_disk::SmallDisk;
use server::demo::sshd::PrivateSshd;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

use super::{Yard, files};
use crate::support::engine::Engine;
use crate::support::panel::{eventually, path_text};

/// Names of what is in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn retention_removes_the_oldest_points_and_their_runs_expire(#[case] engine: Engine) {
    let yard = Yard::start(engine).await;
    yard.write("data/a", b"a");
    // What is not a point by its name stays, whatever it looks like; so does what a link leads to.
    for kept in ["points/point.mine/file", "points/point.2001-01-01_00-00-00.bak.d/file", "points/other/file", "elsewhere/file"] {
        yard.write(kept, b"mine");
    }
    std::fs::rename(yard.home.join("points/point.2001-01-01_00-00-00.bak.d"), yard.home.join("points/bak")).unwrap();
    std::os::unix::fs::symlink(yard.home.join("elsewhere"), yard.home.join("points/point.2001-01-01_00-00-00")).unwrap();
    yard.write("points/point.2001-01-02_00-00-00", b"a file");
    // Directories that nobody may write in must go too.
    yard.write("data/closed/b", b"b");
    std::fs::set_permissions(yard.home.join("data/closed"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut job = files(&[yard.path("data")], yard.path("points"));
    job["files"]["keep_points"] = json!(2);
    let schedule = yard.schedule("kept", job).await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(yard.run_to_end(schedule).await);
    }
    let point = |run: &Value| run["point"].as_str().unwrap().to_owned();
    let mut expected = vec![
        "bak".to_owned(),
        "other".to_owned(),
        "point.2001-01-01_00-00-00".to_owned(),
        "point.2001-01-02_00-00-00".to_owned(),
        point(&runs[2]),
        point(&runs[3]),
        "point.mine".to_owned(),
    ];
    expected.sort();
    assert_eq!(names(&yard.home.join("points")), expected);
    assert!(yard.home.join("elsewhere/file").exists());
    for (n, run) in runs.iter().enumerate() {
        let id = run["id"].as_str().unwrap();
        let (_, run) = yard.panel.get(&format!("/api/v1/runs/{id}")).await;
        assert_eq!(run["state"], if n < 2 { "expired" } else { "completed" }, "{run}");
        let rows = yard.panel.rows_of(id).await;
        let told = rows.iter().filter(|(status, message)| status == "info" && message.contains("was removed by retention")).count();
        assert_eq!(told, usize::from(n < 2), "{rows:?}");
    }
    let (_, schedules) = yard.panel.get("/api/v1/schedules").await;
    assert_eq!(schedules["items"][0]["files"]["keep_points"], 2);
    yard.panel.serving.stop().await;
}

/// rsync takes only so many directories to compare with; a schedule that failed every night for weeks leaves more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_goes_on_after_very_many_that_failed() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/a", b"a");
    let mut failed: Vec<_> = (0..45).map(|n| format!("point.2001-02-{:02}_00-00-00.in.progress", n + 1)).collect();
    for name in &failed {
        yard.write(&format!("points/{name}{}/a", yard.path("data")), b"a");
    }
    let schedule = yard.schedule("patient", files(&[yard.path("data")], yard.path("points"))).await;
    let run = yard.run_to_end(schedule).await;
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("completed"), &json!(0)), "{run}");
    failed.retain(|name| yard.home.join("points").join(name).exists());
    assert_eq!(failed, Vec::<String>::new(), "what failed runs left is of no more use");
    assert_eq!(names(&yard.home.join("points")), [run["point"].as_str().unwrap()]);
    yard.panel.serving.stop().await;
}

/// A storage that the yard's server reaches with a key of its own.
struct Storage {
    sshd: PrivateSshd,
    home: std::path::PathBuf,
}

impl Storage {
    async fn beside(yard: &Yard) -> Self {
        let (dir, home) = (yard.panel.dir.path().join("nas.sshd"), yard.panel.dir.path().join("nas"));
        let ssh = yard.home.join(".ssh");
        for dir in [&dir, &home, &ssh] {
            std::fs::create_dir(dir).unwrap();
        }
        let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
        key.write_openssh_file(&ssh.join("id"), LineEnding::LF).unwrap();
        let sshd = PrivateSshd::start_with_home(&dir, &key.public_key().to_openssh().unwrap(), &home).await.unwrap();
        // The client looks for its files in the home of the account, which all servers of a test share.
        let config = format!(
            "Host nas\nHostName 127.0.0.1\nPort {}\nIdentityFile {ssh}/id\nUserKnownHostsFile {ssh}/known\nHostKeyAlgorithms ssh-ed25519\n",
            sshd.port(),
            ssh = ssh.display()
        );
        std::fs::write(ssh.join("config"), config).unwrap();
        yard.write("bin/ssh", format!("#!/bin/sh\nexec /usr/bin/ssh -F {}/config \"$@\"\n", ssh.display()).as_bytes());
        std::fs::set_permissions(yard.home.join("bin/ssh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        let storage = Self { sshd, home };
        storage.make_known(yard, &dir);
        storage
    }

    fn make_known(&self, yard: &Yard, dir: &Path) {
        let host_key = PrivateKey::read_openssh_file(&dir.join("host_key")).unwrap().public_key().to_openssh().unwrap();
        yard.write(".ssh/known", format!("[127.0.0.1]:{} {host_key}\n", self.sshd.port()).as_bytes());
    }

    fn destination(&self, name: &str) -> String {
        format!("{}@nas:{}", self.sshd.user(), path_text(&self.home.join(name)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn points_on_a_storage_are_linked_kept_and_surveyed_there() {
    let yard = Yard::start(Engine::Sqlite).await;
    let storage = Storage::beside(&yard).await;
    yard.write("it's data/kept.txt", b"the same");
    let mut job = files(&[yard.path("it's data")], storage.destination("my points"));
    job["files"]["keep_points"] = json!(2);
    let schedule = yard.schedule("far", job).await;
    let mut last = Value::Null;
    for round in 0..3 {
        yard.write("it's data/changed.txt", format!("round {round}").as_bytes());
        last = yard.run_to_end(schedule).await;
        assert_eq!(last["state"], "completed", "{last}");
    }
    let points = names(&storage.home.join("my points"));
    assert_eq!(points.len(), 2, "{points:?}");
    let file = |point: &str, name: &str| {
        std::path::PathBuf::from(format!(
            "{}{}",
            storage.home.join("my points").join(point).display(),
            yard.path(&format!("it's data/{name}"))
        ))
    };
    assert_eq!(std::fs::read(file(&points[1], "changed.txt")).unwrap(), b"round 2");
    let inode = |point: &str| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(file(point, "kept.txt")).unwrap());
    assert_eq!(inode(&points[0]), inode(&points[1]), "an unchanged file is stored once");
    assert_eq!(last["files_written"], 1);

    let panel = &yard.panel.serving.panel;
    let state = eventually("a survey of the storage", async || {
        let states = server::store::destinations::of_schedule(&panel.database, &app::model::Scope::All, schedule).await.unwrap();
        states.into_iter().find(|state| state.points == Some(2) && state.newest_point.as_deref() == Some(points[1].as_str()))
    })
    .await;
    assert!(state.free_bytes.is_some_and(|bytes| bytes > 0) && state.error.is_none(), "{state:?}");

    // A storage whose key has changed is not trusted.
    yard.write(".ssh/known", b"");
    let run = yard.run_to_end(schedule).await;
    let rows = yard.panel.rows_of(run["id"].as_str().unwrap()).await;
    assert_eq!((run["state"].as_str(), rows[1].0.as_str()), (Some("failed"), "connection"), "{rows:?}");
    assert!(rows[1].1.contains("Host key verification failed"), "{rows:?}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dumps_on_a_storage_are_read_back_there() {
    let yard = Yard::start(Engine::Sqlite).await;
    let storage = Storage::beside(&yard).await;
    let dir = yard.panel.dir.path().join("db");
    std::fs::create_dir(&dir).unwrap();
    let mariadb = PrivateMariadb::start(&dir).await.unwrap();
    mariadb.execute("create database shop; create table shop.t (a int); insert into shop.t values (1)").await.unwrap();
    mariadb.execute("create user 'b'@'localhost' identified by 'pw-of-b'; grant all on *.* to 'b'@'localhost'").await.unwrap();
    mariadb.write_defaults(&yard.home.join("good.cnf"), "b", "pw-of-b").unwrap();
    let job = json!({"mysql": {"databases": ["shop"], "defaults_file": yard.path("good.cnf"), "destination": storage.destination("dumps"), "keep_points": 1}});
    let schedule = yard.schedule("far dump", job).await;
    yard.run_to_end(schedule).await;
    let run = yard.run_to_end(schedule).await;
    assert_eq!(run["state"], "completed", "{run}");
    let points = names(&storage.home.join("dumps"));
    assert_eq!(points, [run["point"].as_str().unwrap()]);
    let packed = storage.home.join("dumps").join(&points[0]).join("shop.sql.gz");
    assert_eq!(run["bytes_written"].as_u64().unwrap(), std::fs::metadata(packed).unwrap().len());

    // Cut off in the middle of everything.
    drop(storage);
    let run = yard.run_to_end(schedule).await;
    let rows = yard.panel.rows_of(run["id"].as_str().unwrap()).await;
    assert_eq!((run["state"].as_str(), rows[1].0.as_str()), (Some("failed"), "connection"), "{rows:?}");
    mariadb.stop().await;
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_is_named_and_the_next_run_goes_on_from_what_is_there() {
    let mut yard = Yard::start(Engine::Sqlite).await;
    let dir = yard.panel.dir.path().join("small.sshd");
    std::fs::create_dir(&dir).unwrap();
    let disk = SmallDisk::at(&yard.home.join("small"), 3).unwrap();
    let sshd = PrivateSshd::start_with_disk(&dir, yard.panel.serving.panel.keys.public_line(), &yard.home, &disk).await.unwrap();
    yard.server_id = yard.panel.add_server("small", sshd.port(), sshd.user(), sshd.host_key()).await.id;
    yard.write("data/a", &vec![7; 1 << 20]);
    yard.write("data/b", &vec![8; 4 << 20]);
    let schedule = yard.schedule("too much", files(&[yard.path("data")], yard.path("small/points"))).await;
    let run = yard.run_to_end(schedule).await;
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("failed"), &json!(11)), "{run}");
    assert!(run["error"].as_str().unwrap().contains("No space left on device"), "{run}");
    assert_eq!(run["point"], Value::Null);
    // What the interrupted run left is shown, and made use of.
    let panel = &yard.panel.serving.panel;
    let state = eventually("a survey", async || {
        let states = server::store::destinations::of_schedule(&panel.database, &app::model::Scope::All, schedule).await.unwrap();
        states.into_iter().find(|state| !state.leftovers.is_empty())
    })
    .await;
    assert_eq!((state.points, state.leftovers.len()), (Some(0), 1), "{state:?}");
    assert!(state.total_bytes.unwrap() <= 3 << 20 && state.free_bytes.unwrap() < 3 << 20, "{state:?}");
    std::fs::remove_file(yard.home.join("data/b")).unwrap();
    let run = yard.run_to_end(schedule).await;
    assert_eq!((&run["state"], &run["files_written"]), (&json!("completed"), &json!(0)), "{run}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_schedules_never_share_a_directory() {
    let yard = Yard::start(Engine::Sqlite).await;
    let first = yard.schedule("first", files(&[yard.path("data")], yard.path("points"))).await;
    let mut second = files(&[yard.path("data")], format!("{}/", yard.path("points")));
    (second["name"], second["server_id"], second["kind"]) = (json!("second"), json!(yard.server_id), json!("managed"));
    let (status, refused) = yard.panel.post("/api/v1/schedules", &second).await;
    assert_eq!((status.as_u16(), &refused["errors"][0]["field"]), (400, &json!("files.destination")), "{refused}");
    // The one that has it may be changed.
    second["name"] = json!("first, renamed");
    let request = yard.panel.request(reqwest::Method::PUT, &format!("/api/v1/schedules/{first}")).json(&second);
    let (status, changed) = crate::support::panel::answer(request).await;
    assert_eq!(status, 200, "{changed}");
    yard.panel.serving.stop().await;
}
