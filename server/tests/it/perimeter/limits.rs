//! How much one client may have, and how slow it may be.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use server::perimeter::{Limits, PerimeterSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::panel::{PATIENCE, TestPanel};

fn limited(limits: Limits) -> PerimeterSettings {
    PerimeterSettings { limits, ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_rate_are_told_when_to_come_back() {
    let panel = TestPanel::start_guarded(limited(Limits { requests_per_minute: 30, ..Default::default() })).await;
    let get = async |from: &str| panel.request(Method::GET, "/api/v1/logs").header("x-forwarded-for", from).send().await.unwrap();
    let mut slowed = None;
    for _ in 0..40 {
        let response = get("203.0.113.1").await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(response);
            break;
        }
    }
    let slowed = slowed.expect("the bucket is empty at last");
    let seconds: u64 = slowed.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    assert_eq!(get("203.0.113.2").await.status(), StatusCode::OK, "others are not slowed down");
    panel.serving.stop().await;
    let panel = TestPanel::start_guarded(limited(Limits { viewer_requests_per_minute: 10, ..Default::default() })).await;
    let mut last = StatusCode::OK;
    for n in 0..12 {
        let from = format!("203.0.113.{n}");
        last = panel.request(Method::GET, "/api/v1/logs").header("x-forwarded-for", from).send().await.unwrap().status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "a viewer is one viewer from everywhere");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_counted_and_their_places_come_back() {
    let panel = TestPanel::start_guarded(limited(Limits { open_streams: 2, ..Default::default() })).await;
    let first = panel.stream("").await.unwrap();
    let _second = panel.stream("").await.unwrap();
    assert_eq!(panel.stream("").await.err(), Some(429));
    drop(first);
    let begun = Instant::now();
    while panel.stream("").await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "the place of a stream that ended was not given back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_request_drop_by_drop_is_let_go() {
    let panel = TestPanel::start_guarded(limited(Limits { header_timeout: Duration::from_secs(1), ..Default::default() })).await;
    let begun = Instant::now();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(panel.serving.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: panel\r\n").await.unwrap();
        slow.push(stream);
    }
    let dripping = slow.into_iter().map(|mut stream| async move {
        let mut answer = Vec::new();
        let (mut reading, mut writing) = stream.split();
        let drip = async {
            while writing.write_all(b"X-Slow: 1\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = reading.read_to_end(&mut answer) => {}
            () = drip => {}
        }
    });
    // Meanwhile others are served.
    assert_eq!(panel.anonymous(Method::GET, "/healthz").send().await.unwrap().status(), StatusCode::OK);
    tokio::time::timeout(PATIENCE, futures::future::join_all(dripping)).await.expect("all of them are let go");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_a_body_drop_by_drop_is_let_go_too() {
    let panel = TestPanel::start_guarded(limited(Limits { request_timeout: Duration::from_secs(1), ..Default::default() })).await;
    let mut stream = TcpStream::connect(panel.serving.address).await.unwrap();
    let head =
        "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nu";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an answer comes").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");
    panel.serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_large_are_refused() {
    let panel = TestPanel::start_guarded(PerimeterSettings::default()).await;
    for head in [format!("X-Long: {}\r\n", "x".repeat(64 * 1024)), "X-Many: 1\r\n".repeat(200)] {
        let mut stream = TcpStream::connect(panel.serving.address).await.unwrap();
        stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: panel\r\n{head}\r\n").as_bytes()).await.ok();
        let mut answer = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an answer comes").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
    panel.serving.stop().await;
}
