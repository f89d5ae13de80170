//! Servers that hang, go away or leave damage behind.

use std::time::{Duration, Instant};

use serde_json::json;
use server::demo::sshd::PrivateSshd;

use super::{Yard, files};
use crate::support::engine::Engine;
use crate::support::panel::eventually;
use crate::support::wire::Wire;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_hangs_does_not_delay_another() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/a", b"a");
    // Its link is up and its connection kept when it stops to answer.
    let dir = yard.panel.dir.path().join("other");
    std::fs::create_dir(&dir).unwrap();
    let hanging = PrivateSshd::start_with_home(&dir, yard.panel.serving.panel.keys.public_line(), &dir).await.unwrap();
    let other = yard.panel.add_server("hanging", hanging.port(), hanging.user(), hanging.host_key()).await;
    eventually("the link", async || {
        let (_, server) = yard.panel.get(&format!("/api/v1/servers/{}", other.id)).await;
        (server["link"]["state"] == "up").then_some(())
    })
    .await;
    hanging.stop_answering();
    let stuck = yard
        .panel
        .post(
            "/api/v1/schedules",
            &json!({"name": "stuck", "server_id": other.id, "kind": "managed",
        "files": {"sources": ["/etc/hostname"], "destination": "/tmp/never"}}),
        )
        .await
        .1;
    yard.panel.post(&format!("/api/v1/schedules/{}/run", stuck["id"]), &json!({})).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let schedule = yard.schedule("free", files(&[yard.path("data")], yard.path("points"))).await;
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(yard.run_to_end(schedule).await["state"], "completed");
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }
    hanging.resume();
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_outage_is_told_once_and_its_end_too() {
    let mut yard = Yard::start(Engine::Sqlite).await;
    let link = async |state: &str| {
        eventually(state, async || {
            let (_, server) = yard.panel.get(&format!("/api/v1/servers/{}", yard.server_id)).await;
            (server["link"]["state"] == state).then_some(server)
        })
        .await
    };
    link("up").await;
    // A key that is not the pinned one: refused, and said so.
    yard.sshd.swap_host_key().await.unwrap();
    yard.sshd.cut_connections();
    yard.write("data/a", b"a");
    let schedule = yard.schedule("waiting", files(&[yard.path("data")], yard.path("points"))).await;
    let run = yard.run(schedule).await;
    let link = async |state: &str| {
        eventually(state, async || {
            let (_, server) = yard.panel.get(&format!("/api/v1/servers/{}", yard.server_id)).await;
            (server["link"]["state"] == state).then_some(server)
        })
        .await
    };
    let down = link("down").await;
    assert!(down["link"]["error"].as_str().unwrap().contains("key"), "{down}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let pinned =
        yard.panel.post(&format!("/api/v1/servers/{}/pin", yard.server_id), &json!({"host_key": yard.sshd.host_key().as_str()})).await;
    assert_eq!(pinned.0, 200, "{}", pinned.1);
    link("up").await;
    assert_eq!(yard.panel.ended_run(&run).await["state"], "completed", "what waited has begun");
    let (_, page) = yard.panel.get("/api/v1/logs").await;
    let told =
        |part: &str| page["entries"].as_array().unwrap().iter().filter(|row| row["message"].as_str().unwrap().contains(part)).count();
    assert_eq!((told("yard cannot be reached"), told("yard is reachable again")), (1, 1), "{page}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn damage_is_a_warning_and_never_a_success() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/large", &vec![7; 4 << 20]);
    for (n, damage) in ["empty", "text", "link", "huge", "directory", "killed"].into_iter().enumerate() {
        let mut job = files(&[yard.path("data")], yard.path(&format!("points-{n}")));
        job["files"]["bandwidth_kbps"] = json!(200);
        let schedule = yard.schedule(damage, job).await;
        let id = yard.run(schedule).await;
        let dir = yard.home.join(".tailback/runs").join(&id);
        let pid: i32 =
            eventually("the job's pid", async || std::fs::read_to_string(dir.join("pid")).ok()?.split(' ').next()?.parse().ok()).await;
        match damage {
            "empty" => std::fs::write(dir.join("exit"), "").unwrap(),
            "text" => std::fs::write(dir.join("exit"), "0 but not really\n").unwrap(),
            "huge" => std::fs::write(dir.join("exit"), vec![b'0'; 1 << 20]).unwrap(),
            "directory" => std::fs::create_dir(dir.join("exit")).unwrap(),
            "link" => std::os::unix::fs::symlink("/dev/zero", dir.join("exit")).unwrap(),
            _ => {}
        }
        nix::sys::signal::killpg(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
        let run = yard.panel.ended_run(&id).await;
        assert_eq!((run["state"].as_str(), &run["exit_code"]), (Some("partial"), &serde_json::Value::Null), "{damage}: {run}");
        let rows = yard.panel.rows_of(&id).await;
        assert_eq!(rows.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["started", "warning"], "{damage}");
    }
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_outlives_a_slow_network_and_one_that_is_cut() {
    let yard = Yard::start(Engine::Sqlite).await;
    let mut wire = Wire::to(yard.sshd.port()).await;
    let far = yard.panel.add_server("far", wire.port(), yard.sshd.user(), yard.sshd.host_key()).await;
    let schedule = json!({"name": "far", "server_id": far.id, "kind": "managed",
        "command": {"source_type": "OTHER", "command": format!("while [ ! -e {} ]; do sleep 0.2; done; echo over", yard.path("go"))}});
    let (_, made) = yard.panel.post("/api/v1/schedules", &schedule).await;
    wire.slow_down(Duration::from_millis(20));
    let id = yard.run(made["id"].as_i64().unwrap()).await;
    let state = async |wanted: &str| {
        eventually(wanted, async || {
            let (_, run) = yard.panel.get(&format!("/api/v1/runs/{id}")).await;
            (run["state"] == wanted).then_some(run)
        })
        .await
    };
    state("running").await;
    wire.slow_down(Duration::ZERO);
    wire.cut().await;
    eventually("the cut to be noticed", async || {
        let (_, server) = yard.panel.get(&format!("/api/v1/servers/{}", far.id)).await;
        (server["link"]["state"] == "down").then_some(())
    })
    .await;
    // It ends while nobody can see it, and says so when somebody can.
    yard.write("go", b"");
    assert_eq!(state("running").await["finished_at"], serde_json::Value::Null, "what is not known is not ended");
    tokio::time::sleep(Duration::from_secs(1)).await;
    wire.mend();
    let run = state("completed").await;
    assert_eq!(run["exit_code"], 0);
    let rows = yard.panel.rows_of(&id).await;
    assert_eq!(rows.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["started", "completed"]);
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_of_100_megabytes_in_one_line_and_one_of_garbage_do_no_harm() {
    let yard = Yard::start(Engine::Sqlite).await;
    let command = |text: &str| json!({"command": {"source_type": "OTHER", "command": text}});
    let long = yard.schedule("long", command("head -c 100000000 /dev/zero | tr '\\0' x; exit 1")).await;
    let run = yard.run_to_end(long).await;
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("failed"), &json!(1)), "{run}");
    let detail = async |run: &serde_json::Value| {
        let (_, page) = yard.panel.get(&format!("/api/v1/logs?status=error&run={}", run["id"].as_str().unwrap())).await;
        let (_, entry) = yard.panel.get(&format!("/api/v1/logs/{}", page["entries"][0]["id"])).await;
        assert!(entry["message"].as_str().unwrap().chars().count() <= 500, "{}", entry["message"]);
        entry["detail"].as_str().unwrap().to_owned()
    };
    let kept = detail(&run).await;
    assert!(kept.len() <= 256 * 1024 && kept.ends_with("xxx"), "{}", kept.len());
    let garbage = yard
        .schedule("garbage", command("printf 'a\\377\\376b\\033[31mred\\033]0;title\\007\\r\\nsee \\342\\200\\256gpj <script>alert(1)</script>\\000end\\nmysql://root:hunter2@db/x\\n'; exit 2"))
        .await;
    let kept = detail(&yard.run_to_end(garbage).await).await;
    assert!(kept.contains("red") && kept.contains("<script>"), "{kept:?}");
    assert!(!kept.contains('\u{1b}') && !kept.contains('\u{7}') && !kept.contains('\0') && !kept.contains("hunter2"), "{kept:?}");
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_was_restarted_is_told_from_a_killed_process() {
    let yard = Yard::start(Engine::Sqlite).await;
    let schedule = yard.schedule("long", json!({"command": {"source_type": "OTHER", "command": "sleep 300"}})).await;
    let id = yard.run(schedule).await;
    let dir = yard.home.join(".tailback/runs").join(&id);
    let said: Vec<String> = eventually("the job's pid", async || {
        let text = std::fs::read_to_string(dir.join("pid")).ok()?;
        let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        (words.len() == 3).then_some(words)
    })
    .await;
    eventually("its start", async || (yard.panel.rows_of(&id).await.len() == 1).then_some(())).await;
    // As after a restart: another boot, and the number belongs to a process that is somebody else's.
    std::fs::write(dir.join("pid.new"), format!("{} {} 00000000-0000-0000-0000-000000000000\n", said[0], said[1])).unwrap();
    std::fs::rename(dir.join("pid.new"), dir.join("pid")).unwrap();
    let run = yard.panel.ended_run(&id).await;
    assert_eq!(run["state"], "partial");
    assert!(run["error"].as_str().unwrap().contains("the server was restarted"), "{run}");
    nix::sys::signal::killpg(nix::unistd::Pid::from_raw(said[0].parse().unwrap()), nix::sys::signal::Signal::SIGKILL).unwrap();
    yard.panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_screen_session_that_is_closed_or_killed_never_makes_a_false_success() {
    let yard = Yard::start(Engine::Sqlite).await;
    yard.write("data/large", &vec![7; 2 << 20]);
    for how in ["closed", "killed"] {
        let mut job = files(&[yard.path("data")], yard.path(how));
        job["files"]["bandwidth_kbps"] = json!(400);
        let schedule = yard.schedule(how, job).await;
        let id = yard.run(schedule).await;
        // While it runs it is not started again, whoever asks.
        let (status, refused) = yard.panel.post(&format!("/api/v1/schedules/{schedule}/run"), &json!({})).await;
        assert_eq!(status, 409, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(&id), "{refused}");
        eventually("its start", async || (yard.panel.rows_of(&id).await.len() == 1).then_some(())).await;
        let session = format!("tailback-{id}");
        let done = match how {
            "closed" => std::process::Command::new("screen").args(["-S", &session, "-X", "quit"]).status().unwrap(),
            _ => std::process::Command::new("pkill").args(["-KILL", "-f", &format!("^SCREEN .*{session}")]).status().unwrap(),
        };
        assert!(done.success(), "{how}");
        let run = yard.panel.ended_run(&id).await;
        let point = run["point"].as_str().map(|point| format!("{}/{point}{}", yard.path(how), yard.path("data/large")));
        let whole = point.is_some_and(|path| std::fs::metadata(path).is_ok_and(|file| file.len() == 2 << 20));
        assert_eq!(run["state"] == "completed", whole, "{how}: {run}");
        let rows = yard.panel.rows_of(&id).await;
        assert!(rows.len() == 2 && rows[1].0 != "stopped", "nobody asked for it: {rows:?}");
    }
    yard.panel.serving.stop().await;
}
