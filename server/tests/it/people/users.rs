//! Users and roles: made, changed, removed, and by whom not.

use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use super::{Person, add_role, messages, sign_in};
use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, answer};

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_changed_and_removed_and_the_trail_says_so(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let server = super::add_server(&panel, "web").await;
    let grace = Person::make(&panel, "grace", "operator", &[server]).await;
    assert_eq!(grace.password.len(), 24);
    let path = format!("/api/v1/users/{}", grace.id);
    let (_, user) = panel.get(&path).await;
    assert_eq!(
        (&user["role"], &user["servers"], &user["enabled"], &user["email"]),
        (&json!("operator"), &json!([server]), &json!(true), &json!(null))
    );
    assert!(user.get("password").is_none(), "{user}");
    let (_, taken) = panel.post("/api/v1/users", &json!({"username": "Grace", "role": "viewer"})).await;
    assert_eq!(taken["errors"][0]["field"], "username", "{taken}");
    for (odd, field) in [
        (json!({"username": "x y", "role": "viewer"}), "username"),
        (json!({"username": "x", "role": "emperor"}), "role"),
        (json!({"username": "x", "role": "viewer", "servers": [99]}), "servers"),
        (json!({"username": "x", "role": "viewer", "email": "nobody"}), "email"),
        (json!({"username": "x", "role": "viewer", "password": "mine"}), "password"),
    ] {
        let (status, problem) = panel.post("/api/v1/users", &odd).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{odd}");
        assert!(problem.to_string().contains(field), "{problem}");
    }
    let change = json!({"username": "grace", "role": "viewer", "email": "grace@example.net"});
    let (status, changed) = answer(panel.request(Method::PUT, &path).json(&change)).await;
    assert_eq!((status, &changed["role"], &changed["servers"]), (StatusCode::OK, &json!("viewer"), &json!([])), "{changed}");
    let renamed = json!({"username": "hopper", "role": "viewer"});
    assert_eq!(answer(panel.request(Method::PUT, &path).json(&renamed)).await.0, StatusCode::BAD_REQUEST);

    // A new password ends what the old one has opened.
    assert_eq!(grace.get(&panel, "/api/v1/logs").await.0, StatusCode::OK);
    let (_, reset) = panel.post(&format!("{path}/password"), &json!({})).await;
    let password = reset["password"].as_str().unwrap().to_owned();
    assert_eq!(grace.get(&panel, "/api/v1/logs").await.0, StatusCode::UNAUTHORIZED);
    assert!(sign_in(&panel, "grace", &grace.password).await.is_err());
    let session = sign_in(&panel, "grace", &password).await.unwrap();
    let with_session = async || panel.anonymous(Method::GET, "/api/v1/logs").header("cookie", &session).send().await.unwrap().status();
    assert_eq!(with_session().await, StatusCode::OK);
    assert_eq!(answer(panel.request(Method::DELETE, &format!("{path}/sessions"))).await.0, StatusCode::NO_CONTENT);
    assert_eq!(with_session().await, StatusCode::UNAUTHORIZED);

    let disabled = json!({"username": "grace", "role": "viewer", "enabled": false});
    assert_eq!(answer(panel.request(Method::PUT, &path).json(&disabled)).await.0, StatusCode::OK);
    assert!(sign_in(&panel, "grace", &password).await.is_err());
    assert_eq!(answer(panel.request(Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(panel.get(&path).await.0, StatusCode::NOT_FOUND);

    let rows = messages(&panel).await;
    for expected in [
        "ada added user grace with role operator, limited to 1 server, from 127.0.0.1",
        "grace signed in from 127.0.0.1",
        "ada changed user grace: role viewer in place of operator, all servers, another address, from 127.0.0.1",
        "ada gave grace a new password and ended every session, from 127.0.0.1",
        "sign-in refused from 127.0.0.1: wrong password for grace",
        "ada ended every session of grace, from 127.0.0.1",
        "sign-in refused from 127.0.0.1: grace is disabled",
        "ada removed user grace, from 127.0.0.1",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected}: {rows:#?}");
    }
    for secret in [&grace.password, &password] {
        assert!(rows.iter().all(|row| !row.contains(secret.as_str())));
    }
    panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_administrator_stays_whatever_is_asked_at_once(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let (_, users) = panel.get("/api/v1/users").await;
    let ada = users["items"][0]["id"].as_i64().unwrap();
    let last = [
        (Method::PUT, json!({"username": "ada", "role": "admin", "enabled": false})),
        (Method::PUT, json!({"username": "ada", "role": "operator"})),
        (Method::DELETE, json!(null)),
    ];
    for (method, body) in &last {
        let (status, problem) = answer(panel.request(method.clone(), &format!("/api/v1/users/{ada}")).json(body)).await;
        assert_eq!(status, StatusCode::CONFLICT, "{method} {body}: {problem}");
    }
    // Eight administrators, each of whom takes the role from everybody else, all at once.
    let mut admins = Vec::new();
    for n in 0..8 {
        admins.push(Person::make(&panel, &format!("admin{n}"), "admin", &[]).await);
    }
    let mut under_way = tokio::task::JoinSet::new();
    let ids: Vec<_> = admins.iter().map(|admin| (admin.id, admin.name.clone())).chain([(ada, "ada".to_owned())]).collect();
    for admin in &admins {
        for (n, (id, name)) in ids.iter().enumerate() {
            let path = format!("/api/v1/users/{id}");
            let request = match n % 3 {
                0 => admin.request(&panel, Method::DELETE, &path),
                1 => admin.request(&panel, Method::PUT, &path).json(&json!({"username": name, "role": "viewer"})),
                _ => admin.request(&panel, Method::PUT, &path).json(&json!({"username": name, "role": "admin", "enabled": false})),
            };
            under_way.spawn(async move { request.send().await.unwrap().status() });
        }
    }
    let answers = under_way.join_all().await;
    assert!(answers.iter().all(|status| status.as_u16() < 500), "{answers:?}");
    let users = server::store::people::users(&panel.serving.panel.database).await.unwrap();
    let left: Vec<_> = users.iter().filter(|user| user.role == "admin" && user.enabled).collect();
    assert!(!left.is_empty(), "{users:?}");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_raises_anybody_beyond_themselves() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    let (first, second) = (super::add_server(&panel, "one").await, super::add_server(&panel, "two").await);
    let keeper = ["view_users_page", "create_additional_users", "edit_users", "delete_users", "view_monitor_page"];
    let keeper_role = add_role(&panel, "keeper", &keeper).await;
    let every: Vec<String> = {
        let (_, roles) = panel.get("/api/v1/roles").await;
        roles["items"][0]["permissions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(every.len(), 25);
    add_role(&panel, "everything", &every.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let kim = Person::make(&panel, "kim", "keeper", &[]).await;
    let boss = Person::make(&panel, "boss", "everything", &[]).await;
    let local = Person::make(&panel, "local", "keeper", &[first]).await;
    let olga = Person::make(&panel, "olga", "operator", &[]).await;
    let (_, users) = panel.get("/api/v1/users").await;
    let ada = users["items"].as_array().unwrap().iter().find(|user| user["username"] == "ada").unwrap()["id"].clone();

    let user = |name: &str, role: &str, servers: &[i64]| json!({"username": name, "role": role, "servers": servers});
    let at = |id: &dyn std::fmt::Display, rest: &str| format!("/api/v1/users/{id}{rest}");
    let refused = [
        // A role with more than one's own; an administrator, even by somebody with every permission.
        (&kim, Method::POST, at(&"", "").trim_end_matches('/').to_owned(), user("x", "operator", &[])),
        (&kim, Method::POST, "/api/v1/users".to_owned(), user("x", "admin", &[])),
        (&boss, Method::POST, "/api/v1/users".to_owned(), user("x", "admin", &[])),
        (&kim, Method::PUT, at(&kim.id, ""), user("kim", "admin", &[])),
        (&kim, Method::PUT, at(&kim.id, ""), user("kim", "everything", &[])),
        // Somebody who may more.
        (&kim, Method::PUT, at(&olga.id, ""), user("olga", "keeper", &[])),
        (&kim, Method::POST, at(&olga.id, "/password"), json!({})),
        (&kim, Method::DELETE, at(&olga.id, "/sessions"), json!({})),
        (&kim, Method::DELETE, at(&olga.id, "/totp"), json!({})),
        (&kim, Method::DELETE, at(&olga.id, ""), json!({})),
        (&boss, Method::PUT, at(&ada, ""), user("ada", "viewer", &[])),
        (&boss, Method::POST, at(&ada, "/password"), json!({})),
        (&boss, Method::DELETE, at(&ada, ""), json!({})),
        // Servers beyond one's own; none means all.
        (&local, Method::POST, "/api/v1/users".to_owned(), user("x", "keeper", &[])),
        (&local, Method::PUT, at(&local.id, ""), user("local", "keeper", &[])),
        // Roles.
        (&kim, Method::POST, "/api/v1/roles".to_owned(), json!({"name": "mine", "permissions": every})),
        (&olga, Method::GET, "/api/v1/users".to_owned(), json!(null)),
        (&olga, Method::GET, "/api/v1/roles".to_owned(), json!(null)),
    ];
    for (who, method, path, body) in refused {
        let (status, problem) = who.send(&panel, method.clone(), &path, &body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{} {method} {path} {body}: {problem}", who.name);
    }
    // What is outside one's servers is not there.
    assert_eq!(local.send(&panel, Method::POST, "/api/v1/users", &user("x", "keeper", &[second])).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(local.send(&panel, Method::PUT, &at(&kim.id, ""), &user("kim", "keeper", &[first])).await.0, StatusCode::NOT_FOUND);
    let (_, seen) = local.get(&panel, "/api/v1/users").await;
    assert_eq!((&seen["total"], &seen["items"][0]["username"]), (&json!(1), &json!("local")));

    // What is one's own may be given, to others and to roles.
    let (status, made) = kim.send(&panel, Method::POST, "/api/v1/users", &user("new", "keeper", &[second])).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(local.send(&panel, Method::POST, "/api/v1/users", &user("newer", "keeper", &[first])).await.0, StatusCode::CREATED);
    // A role is made only out of what one has, and one that has more is not touched.
    let maker = add_role(&panel, "maker", &["create_user_role", "edit_user_roles", "delete_user_roles", "view_users_page"]).await;
    let max = Person::make(&panel, "max", "maker", &[]).await;
    let role = |permissions: &[&str]| json!({"name": "theirs", "permissions": permissions});
    for (method, path, body) in [
        (Method::POST, "/api/v1/roles".to_owned(), role(&["run_schedule"])),
        (Method::PUT, format!("/api/v1/roles/{keeper_role}"), role(&["view_users_page"])),
        (Method::DELETE, format!("/api/v1/roles/{keeper_role}"), json!(null)),
        (Method::PUT, format!("/api/v1/roles/{maker}"), role(&["view_users_page", "change_settings"])),
    ] {
        assert_eq!(max.send(&panel, method.clone(), &path, &body).await.0, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(max.send(&panel, Method::POST, "/api/v1/roles", &role(&["view_users_page"])).await.0, StatusCode::CREATED);
    panel.serving.stop().await;
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn roles_of_ones_own_come_and_go_and_built_in_ones_stay(#[case] engine: Engine) {
    let panel = TestPanel::start(engine).await;
    let id = add_role(&panel, "night watch", &["view_monitor_page", "run_schedule", "view_monitor_page"]).await;
    let path = format!("/api/v1/roles/{id}");
    let (_, role) = panel.get(&path).await;
    assert_eq!(
        role,
        json!({"id": id, "name": "night watch", "permissions": ["view_monitor_page", "run_schedule"], "built_in": false, "users": 0})
    );
    let (_, taken) = panel.post("/api/v1/roles", &json!({"name": "night watch", "permissions": ["run_schedule"]})).await;
    assert_eq!(taken["errors"][0]["field"], "name");
    for odd in [
        json!({"name": "x", "permissions": []}),
        json!({"name": " ", "permissions": ["run_schedule"]}),
        json!({"name": "x", "permissions": ["fly"]}),
    ] {
        assert_eq!(panel.post("/api/v1/roles", &odd).await.0, StatusCode::BAD_REQUEST, "{odd}");
    }
    let nina = Person::make(&panel, "nina", "night watch", &[]).await;
    assert_eq!(nina.get(&panel, "/api/v1/servers").await.0, StatusCode::FORBIDDEN);
    let wider = json!({"name": "night watch", "permissions": ["view_monitor_page", "view_servers_page"]});
    assert_eq!(answer(panel.request(Method::PUT, &path).json(&wider)).await.0, StatusCode::OK);
    assert_eq!(nina.get(&panel, "/api/v1/servers").await.0, StatusCode::OK);
    assert_eq!(answer(panel.request(Method::DELETE, &path)).await.0, StatusCode::CONFLICT);
    assert_eq!(answer(panel.request(Method::DELETE, &format!("/api/v1/users/{}", nina.id))).await.0, StatusCode::NO_CONTENT);
    assert_eq!(answer(panel.request(Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
    let (_, roles) = panel.get("/api/v1/roles").await;
    let names: Vec<_> = roles["items"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["admin", "operator", "viewer"]);
    for role in roles["items"].as_array().unwrap() {
        let path = format!("/api/v1/roles/{}", role["id"]);
        assert_eq!(answer(panel.request(Method::PUT, &path).json(&wider)).await.0, StatusCode::CONFLICT);
        assert_eq!(answer(panel.request(Method::DELETE, &path)).await.0, StatusCode::CONFLICT);
    }
    panel.serving.stop().await;
}
