//! Every route there is, asked as nobody, by somebody who may everything but this, for another server's object, and as good. The
//! table names what each route takes; a route that is not in the table fails the test.

use std::collections::{BTreeMap, BTreeSet};

use app::model::Permission;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use strum::VariantArray as _;

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer};

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// Nothing.
    Open,
    /// Somebody, with a session or a token.
    Somebody,
    /// Somebody who has signed in: no token does.
    InPerson,
    May(Permission),
    /// Any of these.
    Any(&'static [Permission]),
}

use Need::{Any, InPerson, May, Open, Somebody};
use Permission as P;

const SEE_RUNS: Need = Any(&[P::ViewBackupLogsPage, P::ViewMonitorPage]);
const SEE_ROLES: Need = Any(&[P::ViewUsersPage, P::CreateUserRole, P::EditUserRoles, P::DeleteUserRoles]);

/// Every route, by its way and its method.
const TABLE: &[(&str, &str, Need)] = &[
    ("/healthz", "GET", Open),
    ("/readyz", "GET", Open),
    ("/api/v1/openapi.json", "GET", Somebody),
    ("/api/v1/session", "POST", Open),
    ("/api/v1/session", "DELETE", Somebody),
    ("/api/v1/logs", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/logs", "DELETE", May(P::ClearBackupLogs)),
    ("/api/v1/logs/clearing", "GET", May(P::ClearBackupLogs)),
    ("/api/v1/logs/stream", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/logs/{id}", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/servers", "GET", May(P::ViewServersPage)),
    ("/api/v1/servers", "POST", May(P::AddServers)),
    ("/api/v1/servers/{id}", "GET", May(P::ViewServersPage)),
    ("/api/v1/servers/{id}", "PUT", May(P::EditServers)),
    ("/api/v1/servers/{id}", "DELETE", May(P::DeleteServers)),
    ("/api/v1/servers/{id}/pin", "POST", May(P::EditServers)),
    ("/api/v1/servers/{id}/test", "POST", May(P::EditServers)),
    ("/api/v1/schedules", "GET", May(P::ViewSchedulesPage)),
    ("/api/v1/schedules", "POST", May(P::CreateSchedule)),
    ("/api/v1/schedules/{id}", "GET", May(P::ViewSchedulesPage)),
    ("/api/v1/schedules/{id}", "PUT", May(P::EditSchedule)),
    ("/api/v1/schedules/{id}", "DELETE", May(P::DeleteSchedule)),
    ("/api/v1/schedules/{id}/run", "POST", May(P::RunSchedule)),
    ("/api/v1/runs", "GET", SEE_RUNS),
    ("/api/v1/runs/{id}", "GET", SEE_RUNS),
    ("/api/v1/runs/{id}/log", "GET", SEE_RUNS),
    ("/api/v1/runs/{id}/stop", "POST", May(P::StopRunningSchedule)),
    ("/api/v1/ingest/runs", "POST", May(P::RunSchedule)),
    ("/api/v1/users", "GET", May(P::ViewUsersPage)),
    ("/api/v1/users", "POST", May(P::CreateAdditionalUsers)),
    ("/api/v1/users/{id}", "GET", May(P::ViewUsersPage)),
    ("/api/v1/users/{id}", "PUT", May(P::EditUsers)),
    ("/api/v1/users/{id}", "DELETE", May(P::DeleteUsers)),
    ("/api/v1/users/{id}/password", "POST", May(P::EditUsers)),
    ("/api/v1/users/{id}/sessions", "DELETE", May(P::EditUsers)),
    ("/api/v1/users/{id}/totp", "DELETE", May(P::EditUsers)),
    ("/api/v1/roles", "GET", SEE_ROLES),
    ("/api/v1/roles", "POST", May(P::CreateUserRole)),
    ("/api/v1/roles/{id}", "GET", SEE_ROLES),
    ("/api/v1/roles/{id}", "PUT", May(P::EditUserRoles)),
    ("/api/v1/roles/{id}", "DELETE", May(P::DeleteUserRoles)),
    ("/api/v1/tokens", "GET", Somebody),
    ("/api/v1/tokens", "POST", Somebody),
    ("/api/v1/tokens/{id}", "GET", Somebody),
    ("/api/v1/tokens/{id}", "PUT", Somebody),
    ("/api/v1/tokens/{id}", "DELETE", Somebody),
    ("/api/sf/list_logs", "POST", May(P::ViewBackupLogsPage)),
    ("/api/sf/find_log_entry", "POST", May(P::ViewBackupLogsPage)),
    ("/api/sf/read_monitor", "POST", May(P::ViewMonitorPage)),
    ("/api/sf/stop_run", "POST", May(P::StopRunningSchedule)),
    ("/api/sf/list_servers", "POST", May(P::ViewServersPage)),
    // These say themselves what one may not see.
    ("/", "GET", Somebody),
    ("/logs", "GET", Somebody),
    ("/sign-in", "GET", Open),
    ("/sign-in", "POST", Open),
    ("/sign-in/link", "GET", Open),
    ("/sign-in/code", "GET", Open),
    ("/sign-in/code", "POST", Open),
    ("/sign-out", "POST", Somebody),
    ("/welcome", "GET", Open),
    ("/welcome", "POST", Open),
    ("/servers", "GET", May(P::ViewServersPage)),
    ("/servers/new", "GET", May(P::AddServers)),
    ("/servers/new", "POST", May(P::AddServers)),
    ("/servers/{id}", "GET", May(P::ViewServersPage)),
    ("/servers/{id}/edit", "GET", May(P::EditServers)),
    ("/servers/{id}/edit", "POST", May(P::EditServers)),
    // Only leads back to the server.
    ("/servers/{id}/test", "GET", Somebody),
    ("/servers/{id}/test", "POST", May(P::EditServers)),
    ("/servers/{id}/pin", "POST", May(P::EditServers)),
    ("/servers/{id}/key", "POST", May(P::EditServers)),
    ("/servers/{id}/delete", "GET", May(P::DeleteServers)),
    ("/servers/{id}/delete", "POST", May(P::DeleteServers)),
    ("/schedules", "GET", May(P::ViewSchedulesPage)),
    ("/schedules/new", "GET", May(P::CreateSchedule)),
    ("/schedules/new", "POST", May(P::CreateSchedule)),
    ("/schedules/{id}", "GET", May(P::ViewSchedulesPage)),
    ("/schedules/{id}/edit", "GET", May(P::EditSchedule)),
    ("/schedules/{id}/edit", "POST", May(P::EditSchedule)),
    ("/schedules/{id}/run", "POST", May(P::RunSchedule)),
    ("/schedules/{id}/rehearse", "GET", Somebody),
    ("/schedules/{id}/rehearse", "POST", May(P::RunSchedule)),
    ("/schedules/{id}/token", "GET", Somebody),
    ("/schedules/{id}/token", "POST", May(P::RunSchedule)),
    ("/schedules/{id}/pause", "POST", May(P::EditSchedule)),
    ("/schedules/{id}/resume", "POST", May(P::EditSchedule)),
    ("/schedules/{id}/delete", "GET", May(P::DeleteSchedule)),
    ("/schedules/{id}/delete", "POST", May(P::DeleteSchedule)),
    ("/logs/clear", "GET", May(P::ClearBackupLogs)),
    ("/logs/clear", "POST", May(P::ClearBackupLogs)),
    ("/runs", "GET", SEE_RUNS),
    ("/runs/{id}", "GET", SEE_RUNS),
    ("/runs/{id}/stop", "GET", May(P::StopRunningSchedule)),
    ("/runs/{id}/stop", "POST", May(P::StopRunningSchedule)),
    ("/users", "GET", May(P::ViewUsersPage)),
    ("/users/new", "GET", May(P::CreateAdditionalUsers)),
    ("/users/new", "POST", May(P::CreateAdditionalUsers)),
    ("/users/{id}", "GET", May(P::ViewUsersPage)),
    ("/users/{id}/edit", "GET", May(P::EditUsers)),
    ("/users/{id}/edit", "POST", May(P::EditUsers)),
    ("/users/{id}/password", "GET", Somebody),
    ("/users/{id}/password", "POST", May(P::EditUsers)),
    ("/users/{id}/sign-out", "POST", May(P::EditUsers)),
    ("/users/{id}/two-factor", "POST", May(P::EditUsers)),
    ("/users/{id}/delete", "GET", May(P::DeleteUsers)),
    ("/users/{id}/delete", "POST", May(P::DeleteUsers)),
    ("/roles", "GET", SEE_ROLES),
    ("/roles/new", "GET", May(P::CreateUserRole)),
    ("/roles/new", "POST", May(P::CreateUserRole)),
    ("/roles/{id}/edit", "GET", May(P::EditUserRoles)),
    ("/roles/{id}/edit", "POST", May(P::EditUserRoles)),
    ("/roles/{id}/delete", "GET", May(P::DeleteUserRoles)),
    ("/roles/{id}/delete", "POST", May(P::DeleteUserRoles)),
    ("/more", "GET", Somebody),
    ("/profile", "GET", Somebody),
    ("/profile/password", "GET", Somebody),
    ("/profile/password", "POST", InPerson),
    ("/profile/sessions/end", "POST", InPerson),
    ("/profile/sessions/end-others", "POST", InPerson),
    ("/profile/two-factor", "GET", Somebody),
    ("/profile/two-factor", "POST", InPerson),
    ("/profile/two-factor/confirm", "GET", Somebody),
    ("/profile/two-factor/confirm", "POST", InPerson),
    ("/profile/two-factor/remove", "GET", Somebody),
    ("/profile/two-factor/remove", "POST", InPerson),
    ("/profile/two-factor/codes", "GET", Somebody),
    ("/profile/two-factor/codes", "POST", InPerson),
    ("/profile/tokens/new", "GET", Somebody),
    ("/profile/tokens/new", "POST", Somebody),
    ("/profile/tokens/{id}/revoke", "POST", Somebody),
];

/// Every route that the panel has: of the API by its own document, of server functions by their list, of hydrated pages by
/// the router, of documents by the source text, since axum does not tell.
async fn every_route(panel: &TestPanel) -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    let (_, document) = panel.get("/api/v1/openapi.json").await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        routes.extend(methods.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase())));
    }
    routes.extend(leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())));
    routes.extend(leptos_axum::generate_route_list(app::app::App).into_iter().map(|route| (route.path().to_owned(), "GET".to_owned())));
    let sources = [include_str!("../../../src/doors.rs"), include_str!("../../../src/router.rs"), include_str!("../../../src/api/v1.rs")];
    for source in sources {
        for route in source.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once('"').unwrap();
            let ways = rest.lines().next().unwrap();
            for (word, method) in [("get(", "GET"), ("post(", "POST"), ("put(", "PUT"), ("delete(", "DELETE")] {
                if ways.contains(word) {
                    routes.insert((path.to_owned(), method.to_owned()));
                }
            }
        }
    }
    routes
}

/// What routes with an id are asked about.
struct Objects {
    server: i64,
    schedule: i64,
    run: String,
    row: i64,
    user: i64,
    role: i64,
    token: i64,
}

impl Objects {
    fn path(&self, path: &str) -> String {
        let id = match path.trim_start_matches("/api/v1").split('/').nth(1).unwrap_or_default() {
            "servers" => self.server.to_string(),
            "schedules" => self.schedule.to_string(),
            "runs" => self.run.clone(),
            "logs" => self.row.to_string(),
            "users" => self.user.to_string(),
            "roles" => self.role.to_string(),
            "tokens" | "profile" => self.token.to_string(),
            _ => String::new(),
        };
        path.replace("{id}", &id)
    }

    /// A body that is understood, so that it is the permission that decides.
    fn body(&self, path: &str, method: &str) -> Value {
        match (path, method) {
            ("/api/v1/servers" | "/api/v1/servers/{id}", _) => json!({"name": "walked", "host": "127.0.0.1", "port": 1, "user": "u"}),
            ("/api/v1/servers/{id}/pin", _) => json!({"host_key": "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ"}),
            ("/api/v1/schedules" | "/api/v1/schedules/{id}", _) => json!({"name": "walked", "server_id": self.server, "kind": "reported"}),
            ("/api/v1/ingest/runs", _) => json!({"schedule": self.schedule, "event": "start"}),
            ("/api/v1/users" | "/api/v1/users/{id}", _) => json!({"username": "walked", "role": "viewer"}),
            ("/api/v1/roles" | "/api/v1/roles/{id}", _) => json!({"name": "walked", "permissions": ["view_monitor_page"]}),
            ("/api/v1/tokens" | "/api/v1/tokens/{id}", _) => json!({"name": "walked"}),
            ("/api/v1/session", "POST") => json!({"username": "nobody", "password": "x"}),
            ("/api/sf/list_logs", _) => json!({"query": ""}),
            ("/api/sf/find_log_entry", _) => json!({"id": self.row}),
            ("/api/sf/read_monitor", _) => json!({"rows": 10}),
            _ => json!({}),
        }
    }

    fn request(&self, panel: &TestPanel, path: &str, method: &str) -> RequestBuilder {
        let request = panel.anonymous(method.parse().unwrap(), &self.path(path));
        if path == "/api/sf/stop_run" {
            request.form(&[("id", &self.run)])
        } else if path == "/servers/{id}/pin" {
            request.form(&[("host_key", "SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ")])
        } else if path.starts_with("/api/") && method != "GET" {
            request.json(&self.body(path, method))
        } else if method == "POST" {
            request.form(&[("", "")])
        } else {
            request
        }
    }
}

async fn make(panel: &TestPanel, path: &str, body: Value) -> Value {
    let (status, made) = panel.post(path, &body).await;
    assert!(status.is_success(), "{path}: {status} {made}");
    made
}

/// A server with a schedule and a run, a user who sees nothing else, a role, a token of the administrator.
async fn objects(panel: &TestPanel, name: &str) -> Objects {
    let server =
        make(panel, "/api/v1/servers", json!({"name": name, "host": "127.0.0.1", "port": 1, "user": "u"})).await["id"].as_i64().unwrap();
    let draft = json!({"name": name, "server_id": server, "kind": "reported"});
    let schedule = make(panel, "/api/v1/schedules", draft).await["id"].as_i64().unwrap();
    let run = make(panel, "/api/v1/ingest/runs", json!({"schedule": schedule, "event": "start"})).await;
    let user = make(panel, "/api/v1/users", json!({"username": format!("of-{name}"), "role": "viewer", "servers": [server]})).await;
    let role = make(panel, "/api/v1/roles", json!({"name": name, "permissions": ["view_monitor_page"]})).await;
    let token = make(panel, "/api/v1/tokens", json!({"name": name})).await;
    let (_, rows) = panel.get(&format!("/api/v1/logs?server={server}")).await;
    let id = |value: &Value| value["id"].as_i64().unwrap();
    Objects {
        server,
        schedule,
        run: run["run"].as_str().unwrap().to_owned(),
        row: id(&rows["entries"][0]),
        user: id(&user),
        role: id(&role),
        token: id(&token),
    }
}

/// A session of somebody new.
async fn session_of(panel: &TestPanel, name: &str, role: &str, servers: &[i64]) -> String {
    let made = make(panel, "/api/v1/users", json!({"username": name, "role": role, "servers": servers})).await;
    let credentials = json!({"username": name, "password": made["password"]});
    let response = panel.anonymous(Method::POST, "/api/v1/session").json(&credentials).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_route_asks_who_is_there_and_what_they_may() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let table: BTreeMap<_, _> = TABLE.iter().map(|(path, method, need)| (((*path).to_owned(), (*method).to_owned()), *need)).collect();
    assert_eq!(table.len(), TABLE.len(), "a route is in the table twice");
    let routes = every_route(&panel).await;
    let unknown: Vec<_> = routes.iter().filter(|route| !table.contains_key(*route)).collect();
    assert!(unknown.is_empty(), "these routes are in no table: {unknown:?}");
    let gone: Vec<_> = table.keys().filter(|route| !routes.contains(*route)).collect();
    assert!(gone.is_empty(), "these routes of the table are not there: {gone:?}");

    let (mine, theirs) = (objects(&panel, "mine").await, objects(&panel, "theirs").await);

    // Nobody.
    for ((path, method), need) in &table {
        let response = mine.request(&panel, path, method).send().await.unwrap();
        let led = response.status() == StatusCode::SEE_OTHER
            && response.headers()["location"].to_str().unwrap().starts_with("/sign-in")
            && !path.starts_with("/sign-in");
        let refused = response.status() == StatusCode::UNAUTHORIZED || led;
        let open = *need == Open;
        // A wrong password is refused too, and that is not what is asked here.
        assert!(open || refused, "nobody: {method} {path}: {}", response.status());
        if open && method == "GET" {
            assert!(
                response.status().is_success() || response.status().is_redirection() || response.status() == StatusCode::BAD_REQUEST,
                "{path}: {}",
                response.status()
            );
        }
    }

    // Somebody who may everything but this.
    let needs: BTreeSet<_> = table.values().filter(|need| matches!(need, May(_) | Any(_))).copied().collect();
    for (n, need) in needs.into_iter().enumerate() {
        let missing: &[Permission] = match &need {
            May(permission) => std::slice::from_ref(permission),
            Any(permissions) => permissions,
            Open | Somebody | InPerson => &[],
        };
        let permissions: Vec<_> = Permission::VARIANTS.iter().filter(|permission| !missing.contains(permission)).collect();
        make(&panel, "/api/v1/roles", json!({"name": format!("all-but-{n}"), "permissions": permissions})).await;
        let session = session_of(&panel, &format!("almost{n}"), &format!("all-but-{n}"), &[]).await;
        for ((path, method), _) in table.iter().filter(|(_, wanted)| **wanted == need) {
            let response = mine.request(&panel, path, method).header("cookie", &session).send().await.unwrap();
            let status = response.status();
            // Server functions answer with their own error.
            let text = response.text().await.unwrap();
            let refused = status == StatusCode::FORBIDDEN || (path.starts_with("/api/sf/") && text.contains("Forbidden"));
            assert!(refused, "without {need:?}: {method} {path}: {status} {text}");
        }
    }

    // A token, where somebody has to sign in.
    for ((path, method), _) in table.iter().filter(|(_, need)| **need == InPerson) {
        let status = mine.request(&panel, path, method).bearer_auth(&panel.token).send().await.unwrap().status();
        assert_eq!(status, StatusCode::FORBIDDEN, "a token: {method} {path}");
    }

    // What belongs to another server, asked by an administrator of this one; and somebody else's token.
    let local = session_of(&panel, "local", "admin", &[mine.server]).await;
    for (path, method) in table.keys().filter(|(path, _)| path.contains("{id}")) {
        let leads_back = table[&(path.clone(), method.clone())] == Somebody && method == "GET" && !path.starts_with("/api/");
        if leads_back {
            continue;
        }
        let status = theirs.request(&panel, path, method).header("cookie", &local).send().await.unwrap().status();
        // Roles are everybody's: whoever is limited to servers sees them and changes none.
        let expected = match (path.contains("/roles/"), method.as_str()) {
            (true, "GET") if path.starts_with("/api/") => StatusCode::OK,
            (true, _) => StatusCode::FORBIDDEN,
            _ => StatusCode::NOT_FOUND,
        };
        assert_eq!(status, expected, "another server's: {method} {path}");
    }
    for (path, body) in [
        ("/api/sf/find_log_entry", json!({"id": theirs.row})),
        ("/api/v1/ingest/runs", json!({"schedule": theirs.schedule, "event": "start"})),
    ] {
        let (_, answer) = answer(panel.anonymous(Method::POST, path).header("cookie", &local).json(&body)).await;
        assert!(answer.is_null() || answer["status"] == 404, "{path}: {answer}");
    }

    // As good. What ends a session or an object comes last.
    let last = |(path, method): &&(String, String)| {
        let ends = method == "DELETE" || path.ends_with("/delete") || path.ends_with("/revoke") || path.ends_with("/clear");
        let order = ["/tokens", "/profile", "/runs", "/schedules", "/servers", "/users", "/roles"];
        let place = order.iter().position(|part| path.contains(part)).unwrap_or(0);
        let leaves = path == "/sign-out" || path == "/api/v1/session" && method == "DELETE";
        (leaves, ends, if ends { place } else { 0 })
    };
    let mut ways: Vec<_> = table.keys().collect();
    ways.sort_by_key(last);
    let session = session_of(&panel, "goodness", "admin", &[]).await;
    let token = answer(panel.anonymous(Method::POST, "/api/v1/tokens").header("cookie", &session).json(&json!({"name": "own"}))).await.1;
    let good = Objects { token: token["id"].as_i64().unwrap(), ..mine };
    for (path, method) in ways {
        let open = table[&(path.clone(), method.clone())] == Open;
        if open || path == "/sign-out" || (path == "/api/v1/session" && method == "DELETE") {
            continue;
        }
        let response = good.request(&panel, path, method).header("cookie", &session).send().await.unwrap();
        let status = response.status();
        // What was deleted by one way is not there for the other; a second factor that nobody set up is not there either.
        let gone = method == "DELETE"
            || path.ends_with("/delete")
            || path.ends_with("/revoke")
            || path == "/profile/two-factor/confirm"
            || path == "/profile/sessions/end";
        let fine = status.is_success() || [303, 400, 409, 422].contains(&status.as_u16()) || (gone && status == StatusCode::NOT_FOUND);
        assert!(fine, "as good: {method} {path}: {status}");
    }
    panel.serving.stop().await;
}
