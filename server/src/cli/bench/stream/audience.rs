//! The clients: all in this process, the same for every server.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::actor::{Sent, Stage, now_ns};

/// Connections that are opened at the same time.
const AT_ONCE: usize = 64;

/// Clients that are connected.
pub(super) struct Audience {
    listeners: JoinSet<Vec<Sent>>,
    /// The last row that each is to hear.
    expected: watch::Sender<Option<i64>>,
    deaf: Vec<WebSocketStream<TcpStream>>,
}

/// What each client received, and when.
pub(super) struct Heard(Vec<Vec<Sent>>);

/// What that means.
pub(super) struct Received {
    pub(super) latencies_ms: Vec<f32>,
    /// Rows that a client did not get, or got twice, or late.
    pub(super) lost: u64,
    /// The first of them.
    pub(super) first_lost: Option<i64>,
}

impl Audience {
    /// Connects clients that read, and clients that do not. All have been greeted then: what is sent from now on is for them.
    pub(super) async fn gather(stage: &Stage, clients: usize, deaf: usize) -> Result<Self> {
        let (expected, expecting) = watch::channel(None);
        let mut listeners = JoinSet::new();
        let connections = |count| {
            let seats = stage.seats.iter().cycle().take(count).cloned().collect::<Vec<_>>();
            futures::stream::iter(seats.into_iter().map(|seat| connect(stage.port, seat))).buffer_unordered(AT_ONCE)
        };
        let mut connected = connections(clients);
        while let Some(socket) = connected.next().await {
            listeners.spawn(listen(socket?, expecting.clone()));
        }
        let deaf = connections(deaf).collect::<Vec<_>>().await.into_iter().collect::<Result<_>>()?;
        Ok(Self { listeners, expected, deaf })
    }

    /// Waits until everybody has heard this row, or for so long.
    pub(super) async fn listen(mut self, last: i64, patience: Duration) -> Result<Heard> {
        self.expected.send(Some(last)).context("tell the clients")?;
        let late = tokio::time::sleep(patience);
        tokio::pin!(late);
        let mut heard = Vec::new();
        let mut is_late = false;
        loop {
            tokio::select! {
                one = self.listeners.join_next() => match one {
                    Some(one) => heard.push(one?),
                    None => break,
                },
                () = &mut late, if !is_late => {
                    is_late = true;
                    // They stop and tell what they have.
                    self.expected.send(Some(0)).context("tell the clients")?;
                }
            }
        }
        drop(self.deaf);
        Ok(Heard(heard))
    }
}

impl Heard {
    pub(super) fn against(self, sent: &[Sent]) -> Received {
        let committed: HashMap<i64, u64> = sent.iter().copied().collect();
        let mut ids: Vec<_> = sent.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        let mut received = Received { latencies_ms: Vec::new(), lost: 0, first_lost: None };
        for heard in self.0 {
            let mut came = Vec::with_capacity(ids.len());
            for (id, at) in heard {
                if let Some(committed) = committed.get(&id) {
                    #[expect(clippy::cast_precision_loss, reason = "microseconds of seconds")]
                    received.latencies_ms.push(at.saturating_sub(*committed) as f32 / 1e6);
                    came.push(id);
                }
            }
            if came != ids {
                let wrong = came.iter().zip(&ids).position(|(came, id)| came != id).unwrap_or(came.len().min(ids.len()));
                let right = came.windows(2).filter(|pair| pair[0] < pair[1]).count() + usize::from(!came.is_empty());
                received.lost += ids.len().abs_diff(right).max(1) as u64;
                received.first_lost = received.first_lost.or_else(|| ids.get(wrong).copied());
            }
        }
        received
    }
}

async fn connect(port: u16, (path, token): (String, Option<String>)) -> Result<WebSocketStream<TcpStream>> {
    let mut request = format!("ws://127.0.0.1:{port}{path}").into_client_request()?;
    if let Some(token) = token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    }
    let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connect a client")?;
    let small = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(small)).await.context("open a stream")?;
    socket.next().await.context("be greeted")?.context("be greeted")?;
    Ok(socket)
}

/// Reads until it has heard the row that it is told to wait for: they come in order.
async fn listen(mut socket: WebSocketStream<TcpStream>, mut expecting: watch::Receiver<Option<i64>>) -> Vec<Sent> {
    let mut heard: Vec<Sent> = Vec::new();
    loop {
        let newest = heard.last().map_or(0, |(id, _)| *id);
        if expecting.borrow_and_update().is_some_and(|last| newest >= last) {
            return heard;
        }
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let now = now_ns();
                    heard.extend(row_ids(&text).map(|id| (id, now)));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return heard,
            },
            Ok(()) = expecting.changed() => {}
        }
    }
}

/// The ids of the rows of a frame, without reading the rest of it: servers and schedules have ids too, but no moment behind them.
fn row_ids(frame: &str) -> impl Iterator<Item = i64> {
    frame.split(r#"{"id":"#).skip(1).filter_map(|rest| rest.split_once(r#","at":"#).and_then(|(id, _)| id.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::super::actor::entry;
    use super::*;

    #[test]
    fn ids_of_rows_are_found_in_a_frame() {
        let rows: Vec<_> = [7, 12].into_iter().map(|id| serde_json::to_string(&entry(id)).unwrap()).collect();
        let frame = format!(r#"{{"kind":"rows","rows":[{}]}}"#, rows.join(","));
        assert_eq!(row_ids(&frame).collect::<Vec<_>>(), [7, 12]);
        assert_eq!(row_ids(r#"{"kind":"hello","head":3,"build":"x"}"#).count(), 0);
    }
}
