//! A client with a bad line: what it asks for, what it must hear, and what it has heard over all of its connections.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use app::model::LogStatus;
use futures::StreamExt as _;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::chance::Chance;

/// What is known of a row that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) server: Option<i64>,
    pub(super) status: LogStatus,
}

/// Which servers somebody sees; `None` is all, and what belongs to none.
pub(super) type Sight = Option<BTreeSet<i64>>;

/// Whether a row passes a filter, among these servers.
pub(super) type Matches = fn(&Fact, &[i64]) -> bool;

/// Who is connected and what they ask for.
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) cookie: String,
    pub(super) query: String,
    pub(super) matches: Matches,
    /// From which id on they see what.
    pub(super) sight: Vec<(i64, Sight)>,
    pub(super) start: i64,
    pub(super) heard: Arc<Mutex<Heard>>,
}

/// What a client has been told, over all of its connections.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) rows: Vec<i64>,
    pub(super) gaps: Vec<(i64, i64)>,
    pub(super) connections: usize,
}

impl Heard {
    pub(super) fn last(&self) -> Option<i64> {
        self.rows.last().copied().max(self.gaps.last().map(|(_, to)| *to))
    }

    fn take(&mut self, frame: &Value, name: &str) {
        match frame["kind"].as_str().unwrap() {
            "rows" => {
                for row in frame["rows"].as_array().unwrap() {
                    let id = row["id"].as_i64().unwrap();
                    assert!(self.last().is_none_or(|last| id > last), "{name}: row {id} after {:?}", self.last());
                    self.rows.push(id);
                }
            }
            "gap" => {
                let (from, to) = (frame["from"].as_i64().unwrap(), frame["to"].as_i64().unwrap());
                assert!(from <= to && self.last().is_none_or(|last| from > last), "{name}: gap {from}..{to} after {:?}", self.last());
                self.gaps.push((from, to));
            }
            _ => {}
        }
    }
}

impl Listener {
    /// Whether a row is for this client: as somebody who saw this.
    fn wants(&self, fact: &Fact, sight: &Sight, servers: &[i64]) -> bool {
        let in_sight = sight.as_ref().is_none_or(|sight| fact.server.is_some_and(|server| sight.contains(&server)));
        in_sight && (self.matches)(fact, servers)
    }

    /// Rows that must have been heard (or be told of as cleared), and rows that may have been: what came before somebody was shown more
    /// may come when they resume from before it.
    pub(super) fn expectations(&self, facts: &BTreeMap<i64, Fact>, servers: &[i64]) -> (BTreeSet<i64>, BTreeSet<i64>) {
        let (mut must, mut may) = (BTreeSet::new(), BTreeSet::new());
        for (id, fact) in facts.range(self.start + 1..) {
            let epoch = self.sight.iter().rposition(|(from, _)| from <= id).unwrap();
            if self.wants(fact, &self.sight[epoch].1, servers) {
                must.insert(*id);
            }
            if self.sight[epoch..].iter().any(|(_, sight)| self.wants(fact, sight, servers)) {
                may.insert(*id);
            }
        }
        (must, may)
    }

    /// What is missing of what it must have heard by now.
    pub(super) fn missing(&self, facts: &BTreeMap<i64, Fact>, servers: &[i64], cleared: &BTreeSet<i64>) -> Vec<i64> {
        let heard = self.heard.lock().unwrap();
        let rows: BTreeSet<i64> = heard.rows.iter().copied().collect();
        let told = |id: &i64| rows.contains(id) || (cleared.contains(id) && heard.gaps.iter().any(|(from, to)| (from..=to).contains(&id)));
        let (must, _) = self.expectations(facts, servers);
        must.into_iter().filter(|id| !told(id)).collect()
    }
}

/// A connection that breaks after some bytes.
struct Brittle {
    stream: tokio::net::TcpStream,
    left: usize,
}

impl AsyncRead for Brittle {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let mut part = buffer.take(self.left);
        if part.remaining() == 0 {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut part);
        let count = part.filled().len();
        self.left -= count;
        // The part shares the memory of the buffer, and was all of it before.
        buffer.advance(count);
        polled
    }
}

impl AsyncWrite for Brittle {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Listens until it is ended, over as many connections as it takes.
pub(super) async fn listen(
    address: Arc<Mutex<SocketAddr>>,
    cookie: String,
    query: String,
    start: i64,
    heard: Arc<Mutex<Heard>>,
    name: String,
    mut chance: Chance,
) {
    let is_slow = chance.one_in(3);
    loop {
        let after = heard.lock().unwrap().last().unwrap_or(start);
        let address_now = *address.lock().unwrap();
        let mut request = format!("ws://{address_now}/api/v1/logs/stream?after={after}&{query}").into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        let socket = TcpSocket::new_v4().unwrap();
        if is_slow {
            socket.set_recv_buffer_size(4096).unwrap();
        }
        // Now and then it breaks within the answer to the request.
        let left = 400 + if chance.one_in(4) { usize::MAX / 2 } else { chance.index(200_000) };
        let Ok(stream) = socket.connect(address_now).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok((mut socket, _)) = tokio_tungstenite::client_async(request, Brittle { stream, left }).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        heard.lock().unwrap().connections += 1;
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Text(text) = message {
                heard.lock().unwrap().take(&serde_json::from_str(&text).unwrap(), &name);
            }
            if is_slow && chance.one_in(5) {
                tokio::time::sleep(Duration::from_millis(chance.below(150))).await;
            }
        }
    }
}
