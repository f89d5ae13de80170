//! Everything at once, by chance: bursts, slow readers, cuts at any byte, restarts, clearings, changes of what somebody may see. Each
//! client must end up with exactly the rows of its scope and filter, each once and in order, or with word of those that were cleared.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use app::model::{LogEntry, LogFilter, LogStatus, Scope, SourceType, Zone};
use futures::StreamExt as _;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use server::audit::LogRow;
use server::store::{Selection, TrailView, log_pages};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::people::{Person, add_server};
use crate::support::engine::Engine;
use crate::support::panel::{PATIENCE, TestPanel};

const STEPS: usize = 40;
const STATUSES: [LogStatus; 4] = [LogStatus::Info, LogStatus::Completed, LogStatus::Warning, LogStatus::Error];

/// Chance that can be repeated (`SplitMix64`).
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }

    fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }

    fn fork(&mut self) -> Self {
        Self(self.below(u64::MAX))
    }
}

/// What is known of a row that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fact {
    server: Option<i64>,
    status: LogStatus,
}

/// Which servers somebody sees; `None` is all, and what belongs to none.
type Sight = Option<BTreeSet<i64>>;

/// Whether a row passes a filter, among these servers.
type Matches = fn(&Fact, &[i64]) -> bool;

/// Who is connected and what they ask for.
struct Listener {
    name: String,
    cookie: String,
    query: String,
    matches: Matches,
    /// From which id on they see what.
    sight: Vec<(i64, Sight)>,
    start: i64,
    heard: Arc<Mutex<Heard>>,
}

/// What a client has been told, over all of its connections.
#[derive(Default)]
struct Heard {
    rows: Vec<i64>,
    gaps: Vec<(i64, i64)>,
    connections: usize,
}

impl Heard {
    fn last(&self) -> Option<i64> {
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
    fn expectations(&self, facts: &BTreeMap<i64, Fact>, servers: &[i64]) -> (BTreeSet<i64>, BTreeSet<i64>) {
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
    fn missing(&self, facts: &BTreeMap<i64, Fact>, servers: &[i64], cleared: &BTreeSet<i64>) -> Vec<i64> {
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
async fn listen(
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
        // The answer to the request is always read whole.
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

/// What happened, and to whom it must be told.
struct World {
    panel: TestPanel,
    address: Arc<Mutex<SocketAddr>>,
    servers: Vec<i64>,
    schedules: Vec<i64>,
    facts: BTreeMap<i64, Fact>,
    listeners: Vec<Listener>,
}

impl World {
    async fn head(&self) -> i64 {
        self.panel.get("/api/v1/logs?limit=1").await.1["head"].as_i64().unwrap()
    }

    /// Rows by several writers at once, some alone and some in one transaction.
    async fn burst(&self, chance: &mut Chance) -> Vec<(i64, Fact)> {
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..=chance.below(4) {
            let (trail, mut chance) = (self.panel.serving.panel.trail.clone(), chance.fork());
            let places: Vec<_> = self.servers.iter().copied().zip(self.schedules.iter().copied()).collect();
            writers.spawn(async move {
                let mut written = Vec::new();
                for _ in 0..chance.below(120) {
                    let (server, schedule) = places[chance.index(places.len())];
                    let status = STATUSES[chance.index(STATUSES.len())];
                    let text = "x".repeat(chance.index(300));
                    let row = LogRow::new(status, SourceType::Files, text).server(server).schedule(schedule);
                    written.push((trail.append(row).await.unwrap(), Fact { server: Some(server), status }));
                }
                written
            });
        }
        writers.join_all().await.concat()
    }

    /// Thousands of rows in one commit: more than the hub keeps in memory, now and then.
    async fn flood(&self, chance: &mut Chance) {
        let mut change = self.panel.serving.panel.trail.begin().await.unwrap();
        for _ in 0..chance.below(3000) {
            let at = chance.index(self.servers.len());
            let status = STATUSES[chance.index(STATUSES.len())];
            change.log(LogRow::new(status, SourceType::Mysql, "flood").server(self.servers[at]).schedule(self.schedules[at]));
        }
        change.commit().await.unwrap();
    }

    /// Everything that is there.
    async fn there(&self) -> BTreeMap<i64, Fact> {
        let mut view = TrailView::open(&self.panel.serving.panel.database).await.unwrap();
        let zone = Zone::utc();
        let everything = Selection { scope: &Scope::All, filter: &LogFilter::default(), zone: &zone };
        let rows = log_pages::following(&mut view, everything, 0, 1_000_000).await.unwrap();
        let fact = |entry: &LogEntry| Fact { server: entry.server.as_ref().map(|server| server.id), status: entry.status };
        rows.iter().map(|row| (row.entry.id, fact(&row.entry))).collect()
    }

    /// Takes what is there into what is known; gives what is known and not there any more.
    async fn learn(&mut self) -> BTreeSet<i64> {
        let there = self.there().await;
        let cleared = self.facts.keys().copied().filter(|id| !there.contains_key(id)).collect();
        self.facts.extend(there);
        cleared
    }

    /// Waits until somebody has heard everything that is for them by now.
    async fn in_step(&mut self, index: usize) {
        let cleared = self.learn().await;
        let listener = &self.listeners[index];
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let missing = listener.missing(&self.facts, &self.servers, &cleared);
            if missing.is_empty() {
                return;
            }
            let heard = listener.heard.lock().unwrap();
            assert!(
                tokio::time::Instant::now() < deadline,
                "{} has not heard {} rows, from {} on; its last is {:?} of {} connections; cleared of these: {}",
                listener.name,
                missing.len(),
                missing[0],
                heard.last(),
                heard.connections,
                missing.iter().filter(|id| cleared.contains(id)).count()
            );
            drop(heard);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[rstest]
#[case(Engine::Sqlite)]
#[case(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_client_gets_the_rows_of_its_scope_once_and_in_order_whatever_happens(#[case] engine: Engine) {
    let seed = std::env::var("TAILBACK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from_le_bytes(server::random::bytes()));
    println!("TAILBACK_TEST_SEED={seed}");
    let mut chance = Chance(seed);
    let panel = TestPanel::start(engine).await;
    let (mut servers, mut schedules, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..3 {
        let server = add_server(&panel, &format!("host-{n}")).await;
        let draft = json!({"name": format!("nightly {n}"), "server_id": server, "kind": "reported"});
        schedules.push(panel.post("/api/v1/schedules", &draft).await.1["id"].as_i64().unwrap());
        servers.push(server);
    }
    for (name, sees) in
        [("everything", vec![]), ("first", vec![servers[0]]), ("two", servers[..2].to_vec()), ("shifting", vec![servers[0]])]
    {
        people.push((Person::make(&panel, name, "operator", &sees).await, sees));
    }
    let start = panel.get("/api/v1/logs?limit=1").await.1["head"].as_i64().unwrap();
    let address = Arc::new(Mutex::new(panel.serving.address));
    let mut world = World { panel, address, servers: servers.clone(), schedules, facts: BTreeMap::new(), listeners: Vec::new() };
    let filters: [(String, Matches); 3] = [
        (String::new(), |_, _| true),
        ("status=warning,error".to_owned(), |fact, _| matches!(fact.status, LogStatus::Warning | LogStatus::Error)),
        (format!("server={}", servers[0]), |fact, servers| fact.server == Some(servers[0])),
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for (person, sees) in &people {
        for (query, matches) in &filters {
            let sight = (!sees.is_empty()).then(|| sees.iter().copied().collect());
            let listener = Listener {
                name: format!("{} with {query:?}", person.name),
                cookie: person.session.clone(),
                query: query.clone(),
                matches: *matches,
                sight: vec![(0, sight)],
                start,
                heard: Arc::default(),
            };
            let (address, cookie, query) = (world.address.clone(), listener.cookie.clone(), listener.query.clone());
            tasks.spawn(listen(address, cookie, query, start, listener.heard.clone(), listener.name.clone(), chance.fork()));
            world.listeners.push(listener);
        }
    }
    for _ in 0..STEPS {
        match chance.below(12) {
            0 => {
                // Everything that is there is learned before it may go.
                world.learn().await;
                let mut chance = chance.fork();
                let clear = async { world.panel.request(Method::DELETE, "/api/v1/logs").send().await.unwrap().error_for_status().unwrap() };
                let (written, _) = tokio::join!(world.burst(&mut chance), clear);
                world.facts.extend(written);
            }
            1 => {
                world.panel = world.panel.restart().await;
                *world.address.lock().unwrap() = world.panel.serving.address;
            }
            2 => world.flood(&mut chance).await,
            3 => {
                // What somebody is to have heard is settled before they see something else.
                let one = servers[chance.index(3)];
                let sees: BTreeSet<i64> = servers.iter().copied().filter(|server| *server == one || chance.one_in(2)).collect();
                for index in 0..world.listeners.len() {
                    if world.listeners[index].name.starts_with("shifting") {
                        world.in_step(index).await;
                    }
                }
                people[3].0.limit_to(&world.panel, &sees.iter().copied().collect::<Vec<_>>()).await;
                let from = world.head().await + 1;
                for listener in world.listeners.iter_mut().filter(|listener| listener.name.starts_with("shifting")) {
                    listener.sight.push((from, Some(sees.clone())));
                }
            }
            _ => {
                let mut chance = chance.fork();
                let written = world.burst(&mut chance).await;
                world.facts.extend(written);
            }
        }
    }
    for index in 0..world.listeners.len() {
        world.in_step(index).await;
    }
    let cleared = world.learn().await;
    for listener in &world.listeners {
        let (_, may) = listener.expectations(&world.facts, &servers);
        let heard = listener.heard.lock().unwrap();
        let wrong: Vec<_> = heard.rows.iter().filter(|id| !may.contains(id)).collect();
        assert!(wrong.is_empty(), "{} heard what is not for them: {wrong:?}", listener.name);
        for (from, to) in &heard.gaps {
            assert!(cleared.contains(from) && cleared.contains(to), "{}: gap {from}..{to} is none", listener.name);
        }
        assert!(heard.connections > 0);
    }
    tasks.abort_all();
    world.panel.serving.stop().await;
}
