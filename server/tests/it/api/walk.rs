//! Every route there is, asked as nobody, by somebody who may everything but this, by another method, for another server's
//! object, and as good.

mod objects;

use std::collections::{BTreeMap, BTreeSet};

use app::model::Permission;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use server::access::NEEDS;
use server::access::Need::{self, Any, InPerson, May, Open, Somebody};
use strum::VariantArray as _;

use self::objects::{Objects, make, objects, session_of};
use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer};

/// Every route that can be listed: of the API by its own document, of server functions by their list, of hydrated pages by the
/// router. Forms and documents cannot; one that nobody has decided about answers nobody, whoever wrote it.
async fn routes_that_tell(panel: &TestPanel) -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    let (_, document) = panel.get("/api/v1/openapi.json").await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        routes.extend(methods.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase())));
    }
    routes.extend(leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method.to_string())));
    routes.extend(leptos_axum::generate_route_list(app::app::App).into_iter().map(|route| (route.path().to_owned(), "GET".to_owned())));
    routes
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_route_asks_who_is_there_and_what_they_may(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let table: BTreeMap<_, _> = NEEDS.iter().map(|(path, method, need)| (((*path).to_owned(), (*method).to_owned()), *need)).collect();
    assert_eq!(table.len(), NEEDS.len(), "a route is in the table twice");
    let undecided: Vec<_> = routes_that_tell(&panel).await.into_iter().filter(|route| !table.contains_key(route)).collect();
    assert!(undecided.is_empty(), "nobody has decided what these routes take: {undecided:?}");

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
            // Not even what is wrong with the body.
            if method != "GET" && path.starts_with("/api/v1") {
                let garbage = panel.anonymous(method.parse().unwrap(), &mine.path(path)).header("cookie", &session).body("{");
                assert_eq!(garbage.send().await.unwrap().status(), StatusCode::FORBIDDEN, "garbage: {method} {path}");
            }
        }
    }

    // By a method that is not there.
    for path in table.keys().map(|(path, _)| path).collect::<BTreeSet<_>>() {
        let status = mine.request(&panel, path, "PATCH").bearer_auth(&panel.token).send().await.unwrap().status();
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "PATCH {path}");
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
    let report = json!({"schedule": theirs.schedule, "event": "start"});
    let (status, _) = answer(panel.anonymous(Method::POST, "/api/v1/ingest/runs").header("cookie", &local).json(&report)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "a report for another server's schedule");

    as_good(&panel, &table, mine).await;
    panel.serving.stop().await;
}

/// Somebody who may everything. What ends a session or an object comes last.
async fn as_good(panel: &TestPanel, table: &BTreeMap<(String, String), Need>, mine: Objects) {
    let last = |(path, method): &&(String, String)| {
        let ends = method == "DELETE" || path.ends_with("/delete") || path.ends_with("/revoke") || path.ends_with("/clear");
        let order = ["/tokens", "/profile", "/runs", "/schedules", "/servers", "/users", "/roles"];
        let place = order.iter().position(|part| path.contains(part)).unwrap_or(0);
        let leaves = path == "/sign-out" || path == "/api/v1/session" && method == "DELETE";
        (leaves, ends, if ends { place } else { 0 })
    };
    let mut ways: Vec<_> = table.keys().collect();
    ways.sort_by_key(last);
    let session = session_of(panel, "goodness", "admin", &[]).await;
    let token = answer(panel.anonymous(Method::POST, "/api/v1/tokens").header("cookie", &session).json(&json!({"name": "own"}))).await.1;
    let good = Objects { token: token["id"].as_i64().unwrap(), ..mine };
    for (path, method) in ways {
        let open = table[&(path.clone(), method.clone())] == Open;
        if open || path == "/sign-out" || (path == "/api/v1/session" && method == "DELETE") {
            continue;
        }
        let response = good.request(panel, path, method).header("cookie", &session).send().await.unwrap();
        let status = response.status();
        // What was deleted by one way is not there for the other; nobody has a view, a second factor or a remote log yet.
        let gone = method == "DELETE"
            || path.ends_with("/delete")
            || path.ends_with("/revoke")
            || path == "/logs/views/{id}"
            || path == "/logs/{id}/detail.txt"
            || path == "/profile/two-factor/confirm"
            || path == "/profile/sessions/end";
        let fine = status.is_success() || [303, 400, 409, 422].contains(&status.as_u16()) || (gone && status == StatusCode::NOT_FOUND);
        assert!(fine, "as good: {method} {path}: {status}");
    }
}
