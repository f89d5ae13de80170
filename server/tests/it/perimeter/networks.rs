//! Whose word is taken on where a request comes from, and who is let in.

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::perimeter::{PerimeterSettings, parse_network};

use crate::support::engine::Engine;
use crate::support::panel::{TestPanel, eventually};

fn networks(texts: &[&str]) -> Vec<ipnet::IpNet> {
    texts.iter().map(|text| parse_network(text).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_networks_reach_anything() {
    let allowed = PerimeterSettings { allow_networks: networks(&["10.0.0.0/8", "2001:db8::/32"]), ..Default::default() };
    let panel = TestPanel::start_guarded(allowed).await;
    let status = async |from: &str, path: &str| {
        panel.request(Method::GET, path).header("x-forwarded-for", from).header("x-forwarded-proto", "https").send().await.unwrap().status()
    };
    for path in ["/", "/healthz", "/readyz", "/sign-in", "/api/v1/logs", "/favicon.svg", "/no-such-page"] {
        for from in ["203.0.113.9", "11.0.0.1", "2001:db9::1", "10.1.1.1, 203.0.113.9"] {
            assert_eq!(status(from, path).await, StatusCode::FORBIDDEN, "{path} from {from}");
        }
        for from in ["10.1.2.3", "2001:db8:1::1", "::ffff:10.1.2.3", "203.0.113.9, 10.1.2.3"] {
            assert_ne!(status(from, path).await, StatusCode::FORBIDDEN, "{path} from {from}");
        }
    }
    // The trail is told once of each address, however often it knocks.
    let rows = eventually("rows of refusals", async || {
        let page: serde_json::Value =
            panel.request(Method::GET, "/api/v1/logs").header("x-forwarded-for", "10.1.2.3").send().await.unwrap().json().await.unwrap();
        let messages: Vec<_> = page["entries"].as_array()?.iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect();
        let rows: Vec<_> = messages.into_iter().filter(|message| message.contains("allow_networks")).collect();
        (rows.len() >= 3).then_some(rows)
    });
    let mut rows = rows.await;
    rows.sort();
    let told = |from| format!("a client outside allow_networks was refused, from {from}");
    assert_eq!(rows, [told("11.0.0.1"), told("2001:db9::1"), told("203.0.113.9")]);
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_chooses_the_address_that_the_trail_names() {
    for (trusted, header, expected) in [
        (networks(&["127.0.0.0/8"]), ("x-forwarded-for", "6.6.6.6, 203.0.113.9"), "203.0.113.9"),
        (networks(&[]), ("x-forwarded-for", "6.6.6.6"), "127.0.0.1"),
        // Only the header that was chosen is read: a proxy passes the other on as the client sent it.
        (networks(&["127.0.0.0/8"]), ("forwarded", "for=6.6.6.6;proto=https"), "127.0.0.1"),
    ] {
        let panel = TestPanel::start_guarded(PerimeterSettings {
            trusted_proxies: trusted,
            insecure_http: "true".parse().unwrap(),
            ..Default::default()
        })
        .await;
        let wrong = json!({"username": "ada", "password": "wrong"});
        let request = panel.anonymous(Method::POST, "/api/v1/session").header(header.0, header.1).json(&wrong);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
        let (_, page) = panel.get("/api/v1/logs").await;
        assert!(page.to_string().contains(&format!("sign-in refused from {expected}")), "{page}");
        panel.serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_headers_of_proxies_do_no_harm() {
    let panel = TestPanel::start(Engine::Sqlite).await;
    for odd in ["", ",,,,", "\"", "for=\"[", "for=;;;=,=;", "unknown", "::::", "1.2.3.4:99999", &"1.1.1.1,".repeat(900)] {
        for name in ["x-forwarded-for", "x-forwarded-proto", "forwarded"] {
            let response = panel.anonymous(Method::GET, "/healthz").header(name, odd).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{name}: {odd}");
        }
    }
    panel.serving.stop().await;
}
