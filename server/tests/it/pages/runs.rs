//! Runs: their stories, their lists, and dry runs, on a real server.

use app::model::{Permission, Scope};
use reqwest::{Method, StatusCode};
use server::demo::sshd::PrivateSshd;

use super::{as_somebody, open, send};
use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, path_text};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_tells_its_story_beside_the_last_good_one() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (home, dir) = (panel.dir.path().join("home"), panel.dir.path().join("sshd"));
    for dir in [&home.join("data"), &home.join("more"), &dir] {
        std::fs::create_dir_all(dir).unwrap();
    }
    std::fs::write(home.join("data/file"), "content").unwrap();
    let sshd = PrivateSshd::start_with_home(&dir, panel.serving.panel.keys.public_line(), &home).await.unwrap();
    panel.add_server("yard", sshd.port(), sshd.user(), sshd.host_key()).await;
    let (data, more, points) = (path_text(&home.join("data")), path_text(&home.join("more")), path_text(&home.join("points")));
    let fields = [
        ("name", "nightly"),
        ("server_id", "1"),
        ("files", "on"),
        ("files.sources", data.as_str()),
        ("files.sources", more.as_str()),
        ("files.destination", points.as_str()),
        ("grace_minutes", "10"),
        ("enabled", "on"),
    ];
    assert_eq!(send(&panel, "/schedules/new?kind=managed", &fields).await.location, "/schedules/1?said=added");

    let tried = send(&panel, "/schedules/1/rehearse", &[]).await;
    for words in ["Looks good", "it is not there yet", "Number of regular files transferred: 1", "job.sh"] {
        assert!(tried.has(words), "{words}: {}", tried.main());
    }
    assert!(!home.join("points").exists() && !home.join(".tailback").exists(), "a dry run changes nothing");

    let run_to_end = async || {
        let asked = send(&panel, "/schedules/1/run", &[("type", "FILES")]).await;
        let path = asked.location.split('?').next().unwrap().to_owned();
        panel.ended_run(path.rsplit('/').next().unwrap()).await;
        path
    };
    let good = run_to_end().await;
    let story = open(&panel, &good).await;
    for words in [
        "Completed",
        "somebody asked for it",
        "The server is asked to begin it.",
        "The server says that it has begun.",
        "Its process is gone; its exit file says 0; its log has",
        "Judged completed: the tool's documentation counts code 0 as success.",
        "There was no good run before it",
        "Exit code 0",
        "Files written",
        "Number of files",
    ] {
        assert!(story.has(words), "{words}: {}", story.main());
    }
    assert!(!story.has("data-refresh=\""), "what is over does not change");

    std::fs::remove_dir(home.join("more")).unwrap();
    let partial = run_to_end().await;
    let story = open(&panel, &partial).await;
    for words in [
        "Partially completed",
        "Judged warning: the tool's documentation counts code 23 as a warning.",
        "Exit code 23",
        "Next:",
        "Beside the last good run before it",
        "nothing now",
        "New in its log",
        "No such file or directory",
    ] {
        assert!(story.has(words), "{words}: {}", story.main());
    }
    assert!(story.has(&format!("href=\"{good}\"")), "the run it is compared with is a link");
    let log = panel.request(Method::GET, &format!("/api/v1{partial}/log")).send().await.unwrap();
    assert_eq!(log.headers()["content-type"], "text/plain; charset=utf-8");
    assert!(log.text().await.unwrap().contains("No such file or directory"));

    let tried = send(&panel, "/schedules/1/rehearse", &[]).await;
    assert!(tried.has("Would not go well") && tried.has("code 23"), "{}", tried.main());
    assert_eq!(std::fs::read_dir(home.join("points")).unwrap().count(), 2, "the dry run left nothing");

    let list = open(&panel, "/runs").await;
    assert!(list.has(&good) && list.has(&partial));
    let narrowed = open(&panel, "/runs?state=partial&type=&server=1").await;
    assert!(!narrowed.has(&good) && narrowed.has(&partial));
    assert!(open(&panel, "/runs?state=failed").await.has("No run matches"));
    let first = open(&panel, "/runs?limit=1").await;
    assert!(first.has(&format!("before={}", partial.rsplit('/').next().unwrap())), "{}", first.main());
    assert_eq!(open(&panel, "/runs?state=odd").await.status, StatusCode::BAD_REQUEST);

    // Only in scope, and only with a permission that shows runs.
    let elsewhere = Scope::Servers(vec![2]);
    let looking = [Permission::ViewMonitorPage];
    let hidden = as_somebody(&panel, &looking, elsewhere.clone(), Method::GET, &good).await;
    let missing = as_somebody(&panel, &looking, elsewhere.clone(), Method::GET, "/runs/01KAMZ3V7S9B3J1Q6Y1C2D3E4F").await;
    assert_eq!((hidden.status, hidden.main()), (StatusCode::NOT_FOUND, missing.main()));
    assert!(!as_somebody(&panel, &looking, elsewhere, Method::GET, "/runs").await.has(&good));
    assert_eq!(as_somebody(&panel, &[], Scope::All, Method::GET, &good).await.status, StatusCode::FORBIDDEN);
    assert_eq!(as_somebody(&panel, &looking, Scope::All, Method::POST, &format!("{good}/stop")).await.status, StatusCode::FORBIDDEN);
    let quiet = as_somebody(&panel, &looking, Scope::All, Method::GET, &good).await;
    assert!(!quiet.has("/logs?entry="), "entries are links only for those who may read them");
    assert_eq!(panel.get("/api/v1/runs/01KAMZ3V7S9B3J1Q6Y1C2D3E4F/log").await.0, StatusCode::NOT_FOUND);
    panel.serving.stop().await;
}
