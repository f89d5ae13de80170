//! The yardstick: as little as axum needs to send everybody the same frames.

use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use futures::SinkExt as _;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};

use super::super::super::say;
use super::actor::{HELLO, Sent, Stage, entry, next_order, now_ns, orders};

/// As many as Tailback keeps in memory.
const RING: usize = 8192;

/// Frames that are sent before one flush.
const DRAIN: usize = 64;

pub(super) async fn act() -> Result<()> {
    let frames = Sender::<Utf8Bytes>::new(RING);
    let answer = async |State(frames): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async move |socket| follow(socket, frames.subscribe()).await)
    };
    let router = Router::new().route("/", get(answer)).with_state(frames.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stage = Stage { port: listener.local_addr()?.port(), seats: vec![("/".to_owned(), None)], link: None };
    tokio::spawn(async move { axum::serve(axum::serve::ListenerExt::tap_io(listener, |io| drop(io.set_nodelay(true))), router).await });
    say(serde_json::to_string(&stage)?);
    let mut orders = orders();
    let mut next_id = 1;
    while let Some((rate, seconds)) = next_order(&mut orders).await? {
        let mut sent: Vec<Sent> = Vec::new();
        let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
        for _ in 0..rate * seconds {
            tick.tick().await;
            let frame = format!(r#"{{"kind":"rows","rows":[{}]}}"#, serde_json::to_string(&entry(next_id))?);
            sent.push((next_id, now_ns()));
            // Without a client there is nobody to tell.
            frames.send(frame.into()).ok();
            next_id += 1;
        }
        say(serde_json::to_string(&sent)?);
    }
    Ok(())
}

async fn follow(mut socket: WebSocket, mut frames: Receiver<Utf8Bytes>) {
    if socket.send(Message::Text(HELLO.into())).await.is_err() {
        return;
    }
    loop {
        let first = match frames.recv().await {
            Ok(frame) => frame,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if socket.feed(Message::Text(first)).await.is_err() {
            return;
        }
        for _ in 1..DRAIN {
            let Ok(frame) = frames.try_recv() else { break };
            if socket.feed(Message::Text(frame)).await.is_err() {
                return;
            }
        }
        if socket.flush().await.is_err() {
            return;
        }
    }
}
