//! Schedules: made, checked, cloned, paused, run and removed.

use app::model::{Permission, Scope};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{as_somebody, id_in, open, send};
use crate::support::engine::Engine;
use crate::support::panel::TestPanel;

const NIGHTLY: [(&str, &str); 14] = [
    ("name", "nightly"),
    ("server_id", "1"),
    ("files", "on"),
    ("files.sources", "/srv/www"),
    ("files.sources", ""),
    ("files.sources", "/etc"),
    ("files.destination", "/backup/web"),
    ("files.excludes", "*.tmp"),
    ("files.keep_points", "7"),
    ("cron", "30 2 * * *"),
    ("grace_minutes", "10"),
    ("long_run_hours", "24, 36"),
    ("target_hours", "26"),
    ("enabled", "on"),
];

async fn panel_with_server() -> TestPanel {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let added = send(&panel, "/servers/new", &[("name", "web"), ("host", "127.0.0.1"), ("port", "1"), ("user", "u")]).await;
    assert_eq!(added.location, "/servers/1?said=added");
    panel
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_made_run_paused_cloned_edited_and_removed() {
    let panel = panel_with_server().await;
    assert!(open(&panel, "/schedules").await.has("No schedules yet"));
    let made = send(&panel, "/schedules/new?kind=managed", &NIGHTLY).await;
    assert_eq!(made.location, "/schedules/1?said=added", "{}", made.html);
    let page = open(&panel, "/schedules/1").await;
    for words in
        ["nightly", "/srv/www", "/etc", "/backup/web", "*.tmp", "the newest 7 points are kept", "Next five runs", "Never good", "Run now"]
    {
        assert!(page.has(words), "{words}: {}", page.main());
    }

    let asked = send(&panel, "/schedules/1/run", &[]).await;
    assert!(asked.location.starts_with("/runs/"), "{}", asked.location);
    let overlap = send(&panel, "/schedules/1/run", &[]).await;
    assert!(overlap.status == StatusCode::CONFLICT && overlap.has("is running already"), "{}", overlap.main());
    assert_eq!(send(&panel, "/schedules/1/delete", &[]).await.status, StatusCode::CONFLICT);
    let list = open(&panel, "/schedules").await;
    assert!(list.has("data-outcome=\"queued\"") && list.has("class=\"strip__bar\""), "{}", list.main());
    let run = asked.location.split('?').next().unwrap().to_owned();
    assert!(open(&panel, &format!("{run}/stop")).await.has("Stop this run?"));
    assert_eq!(send(&panel, &format!("{run}/stop"), &[]).await.location, format!("{run}?said=stopping"));
    panel.ended_run(run.rsplit('/').next().unwrap()).await;

    assert_eq!(send(&panel, "/schedules/1/pause", &[]).await.location, "/schedules/1?said=paused");
    assert!(open(&panel, "/schedules/1").await.has("Paused: nothing begins"));
    assert_eq!(send(&panel, "/schedules/1/resume", &[]).await.location, "/schedules/1?said=resumed");

    let clone = open(&panel, "/schedules/new?from=1").await;
    for words in ["value=\"nightly copy\"", "value=\"/srv/www\"", "value=\"30 2 * * *\"", "A copy of nightly"] {
        assert!(clone.has(words), "{words}: {}", clone.main());
    }
    let mut edited = NIGHTLY.to_vec();
    edited[0] = ("name", "every night");
    assert_eq!(send(&panel, "/schedules/1/edit", &edited).await.location, "/schedules/1?said=saved");
    assert_eq!(send(&panel, "/schedules/1/delete", &[]).await.location, "/schedules?said=deleted");
    assert_eq!(open(&panel, "/schedules/1").await.status, StatusCode::NOT_FOUND);
    let (_, trail) = panel.get("/api/v1/logs").await;
    let messages: Vec<_> = trail["entries"].as_array().unwrap().iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect();
    for expected in ["ada paused schedule nightly", "ada resumed schedule nightly", "ada removed schedule every night"] {
        assert!(messages.iter().any(|message| message.strip_suffix(", from 127.0.0.1") == Some(expected)), "{messages:?}");
    }
    // Its rows can still be asked for, and the chips count them.
    let logs = open(&panel, "/logs?schedule=1&status=error").await;
    for part in ["<optgroup label=\"Removed\"><option value=\"1\" selected>every night</option>", "<span class=\"chip__count figures\">"] {
        assert!(logs.has(part), "{part}: {}", logs.main());
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_keeps_everything_and_check_saves_nothing() {
    let panel = panel_with_server().await;
    let wrong = [
        ("name", "<i>odd</i>"),
        ("server_id", ""),
        ("files", "on"),
        ("files.sources", "relative"),
        ("files.destination", "/"),
        ("files.keep_points", "many"),
        ("files.extra_args", "--delete --acls"),
        ("cron", "every day"),
        ("timezone", "Mars/Olympus"),
        ("grace_minutes", "soon"),
        ("long_run_hours", "36, 24"),
    ];
    let back = send(&panel, "/schedules/new?kind=managed", &wrong).await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in [
        "value=\"&lt;i&gt;odd&lt;/i&gt;\"",
        "value=\"relative\"",
        "value=\"many\"",
        "value=\"--delete --acls\"",
        "value=\"soon\"",
        "href=\"#field-files-sources-0\"",
        "id=\"field-files-sources-0-problem\"",
        "href=\"#field-files-extra-args\"",
        "href=\"#field-timezone\"",
        "href=\"#field-cron\"",
        "href=\"#field-server-id\"",
    ] {
        assert!(back.has(words), "{words}: {}", back.main());
    }
    assert!(!back.has("<i>odd"));

    let mut check = NIGHTLY.to_vec();
    check.push(("check", "yes"));
    check.push(("timezone", "Europe/Berlin"));
    let checked = send(&panel, "/schedules/new?kind=managed", &check).await;
    assert_eq!(checked.status, StatusCode::OK);
    for words in ["nothing has been saved", "02:30", "Europe/Berlin", "value=\"nightly\""] {
        assert!(checked.has(words), "{words}: {}", checked.main());
    }
    assert_eq!(checked.html.matches("<li><time").count(), 5, "{}", checked.main());
    let mut more = NIGHTLY.to_vec();
    more.push(("more", "files.sources"));
    let grown = send(&panel, "/schedules/new?kind=managed", &more).await;
    assert!(grown.status == StatusCode::OK && grown.has("id=\"field-files-sources-4\"") && !grown.has("id=\"field-files-excludes-3\""));
    assert!(open(&panel, "/schedules").await.has("No schedules yet"), "nothing was saved");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_kinds_have_forms_and_pages_of_their_own() {
    let panel = panel_with_server().await;
    assert!(open(&panel, "/schedules/new?kind=watched").await.has("Screen session"));
    let common = [("server_id", "1"), ("grace_minutes", "10"), ("long_run_hours", ""), ("enabled", "on")];
    let watched =
        [("name", "rsnapshot"), ("watch.source_type", "FILES"), ("watch.process", "rsnapshot daily"), ("watch.exit_file", "/var/exit")];
    let made = send(&panel, "/schedules/new?kind=watched", &[common.as_slice(), &watched].concat()).await;
    let page = open(&panel, &made.location).await;
    assert!(page.has("rsnapshot daily") && !page.has("Run now"), "{}", page.main());
    assert_eq!(send(&panel, &format!("/schedules/{}/run", id_in(&made.location)), &[]).await.status, StatusCode::CONFLICT);

    let none =
        send(&panel, "/schedules/new?kind=watched", &[common.as_slice(), &[("name", "x"), ("watch.source_type", "VM")]].concat()).await;
    assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.has("field-watch-problem"), "{}", none.main());

    let reported = [("name", "vms"), ("command.source_type", "VM"), ("command.success_codes", "0"), ("command.warning_codes", "1")];
    let made = send(&panel, "/schedules/new?kind=reported", &[common.as_slice(), &reported].concat()).await;
    let id = id_in(&made.location);
    let page = open(&panel, &made.location).await;
    for words in [
        &format!("tailback exec --schedule {id} --url http://"),
        &format!("token create --user ada --schedule {id}"),
        "/api/v1/ingest/runs",
    ] {
        assert!(page.has(words), "{words}: {}", page.main());
    }

    // What a host reports is on the page of its run while it goes on, and afterwards.
    let begun = json!({"schedule": id, "event": "start", "detail": "copying <b>machine 1</b>\n"});
    let (status, receipt) = panel.post("/api/v1/ingest/runs", &begun).await;
    assert!(status.is_success(), "{receipt}");
    let runs = open(&panel, &format!("/runs?schedule={id}")).await;
    let run = runs.html.split("/runs/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let story = open(&panel, &format!("/runs/{run}")).await;
    assert!(story.has("copying &lt;b&gt;machine 1&lt;/b&gt;") && story.has("data-refresh=\"2\""), "{}", story.main());
    panel.post("/api/v1/ingest/runs", &json!({"schedule": id, "event": "finish", "exit_code": 1})).await;
    let story = open(&panel, &format!("/runs/{run}")).await;
    assert!(story.has("Partially completed") && story.has("its host") && story.has("copying &lt;b&gt;"), "{}", story.main());
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doors_open_only_for_those_who_may_and_only_to_what_they_may_see() {
    let panel = panel_with_server().await;
    send(&panel, "/schedules/new?kind=managed", &NIGHTLY).await;
    let looking = [Permission::ViewSchedulesPage];
    assert_eq!(as_somebody(&panel, &[], Scope::All, Method::GET, "/schedules").await.status, StatusCode::FORBIDDEN);
    let seen = as_somebody(&panel, &looking, Scope::All, Method::GET, "/schedules/1").await;
    assert_eq!(seen.status, StatusCode::OK);
    for offer in ["Run now", "Dry run", ">Pause<", ">Edit<", ">Clone<", ">Delete<"] {
        assert!(!seen.has(offer), "{offer} is not offered");
    }
    for (method, path) in [
        (Method::GET, "/schedules/new"),
        (Method::POST, "/schedules/new"),
        (Method::GET, "/schedules/1/edit"),
        (Method::POST, "/schedules/1/edit"),
        (Method::POST, "/schedules/1/run"),
        (Method::POST, "/schedules/1/rehearse"),
        (Method::POST, "/schedules/1/pause"),
        (Method::POST, "/schedules/1/resume"),
        (Method::GET, "/schedules/1/delete"),
        (Method::POST, "/schedules/1/delete"),
    ] {
        let refused = as_somebody(&panel, &looking, Scope::All, method, path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    let all = [Permission::ViewSchedulesPage, Permission::EditSchedule, Permission::RunSchedule, Permission::DeleteSchedule];
    let elsewhere = Scope::Servers(vec![2]);
    for (method, below) in [
        (Method::GET, ""),
        (Method::GET, "/edit"),
        (Method::POST, "/run"),
        (Method::POST, "/pause"),
        (Method::POST, "/rehearse"),
        (Method::POST, "/delete"),
    ] {
        let hidden = as_somebody(&panel, &all, elsewhere.clone(), method.clone(), &format!("/schedules/1{below}")).await;
        let missing = as_somebody(&panel, &all, elsewhere.clone(), method, &format!("/schedules/999{below}")).await;
        assert_eq!((hidden.status, hidden.main()), (StatusCode::NOT_FOUND, missing.main()), "{below}");
    }
    assert!(!as_somebody(&panel, &all, elsewhere, Method::GET, "/schedules").await.has("nightly"));
    panel.serving.stop().await;
}
