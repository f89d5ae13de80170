//! Everything at once, by chance: bursts, slow readers, cuts at any byte, restarts, clearings, changes of what somebody may see. Each
//! client must end up with exactly the rows of its scope and filter, each once and in order, or with word of those that were cleared.

mod chance;
mod listener;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::model::{LogEntry, LogFilter, LogStatus, Scope, SourceType, Zone};
use reqwest::Method;
use rstest::rstest;
use serde_json::json;
use server::audit::LogRow;
use server::store::{Selection, TrailView, log_pages};

use self::chance::Chance;
use self::listener::{Fact, Listener, Matches, listen};
use crate::people::{Person, add_server};
use crate::support::engine::Engine;
use crate::support::panel::{PATIENCE, TestPanel};

const STEPS: usize = 40;
const STATUSES: [LogStatus; 4] = [LogStatus::Info, LogStatus::Completed, LogStatus::Warning, LogStatus::Error];

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

    /// Rows by several writers at once.
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
