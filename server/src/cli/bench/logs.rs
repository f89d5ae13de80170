//! Reading a long trail through the API, each answer beside that of a bare handler which reads the same rows with rusqlite from the same
//! file; and writing it, beside rusqlite.

mod client;
mod generator;
mod postgres;
mod yardstick;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::model::{LogFilter, LogQuery, Scope, Zone};
use tokio_util::sync::CancellationToken;

use self::client::{Client, Times};
use self::generator::Generator;
pub(super) use self::postgres::{Inserts as PostgresInserts, run as run_on_postgres};
pub(super) use self::yardstick::Inserts;
use super::super::say;
use super::trail;
use crate::clock::{Clock, zone_table};
use crate::config::Config;
use crate::indexer::index_all;
use crate::perimeter::PerimeterSettings;
use crate::serve::Serving;
use crate::store::{Database, Selection, TrailView, log, log_counts};

/// Rows written in one transaction.
const BATCH: usize = 1000;

/// Answers measured of each kind.
const TIMES: usize = 1000;

/// Rows that are written one by one at the end of the long trail, and by how many writers at a time.
const WRITTEN_SINGLY: usize = 20_000;
const WRITERS: usize = 64;

pub(super) async fn run(rows: u64, keep: Option<PathBuf>) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir().context("make a temporary directory")?;
    let dir = keep.unwrap_or_else(|| temporary.path().join("data"));
    std::fs::create_dir_all(&dir)?;
    let path = dir.join("tailback.db");
    let config = config(&dir, format!("sqlite://{}", path.display()))?;
    fill(&config, rows, &path).await?;
    let serving = Serving::start(&config, Clock::machine()).await?;
    let bare = yardstick::serve(&path).await?;
    let panel = client_of(&serving).await?;
    read(&panel, &bare, rows).await?;
    counts(&serving.panel.database, &serving.panel.zone).await?;
    exports(&panel, &path).await?;
    trail::beside_plain_file(&serving.panel.trail, WRITTEN_SINGLY, WRITERS).await?;
    say(format!("memory: {} MiB resident, with the file open and everything read", resident_mib()?));
    serving.stop().await;
    Ok(())
}

fn config(dir: &Path, database_url: String) -> anyhow::Result<Config> {
    Ok(Config {
        data_dir: dir.to_owned(),
        bind: "127.0.0.1:0".parse()?,
        database_url,
        timezone: chrono_tz::Europe::Berlin,
        perimeter: PerimeterSettings::default(),
        trail_keep_days: None,
        require_second_factor: false,
        secret_key: None,
    })
}

/// A client that may see everything.
async fn client_of(serving: &Serving) -> anyhow::Result<Client> {
    let accounts = &serving.panel.accounts;
    let name = format!("bench{}", crate::random::hex(4));
    accounts.create(&name, crate::random::hex(16), "admin").await?;
    let token = accounts.create_token(&name, "bench", None).await?.text().to_owned();
    Ok(Client::new(serving.address, Some(token)))
}

/// Writes the rows that are missing, then indexes them.
async fn fill(config: &Config, rows: u64, path: &Path) -> anyhow::Result<()> {
    let database = Database::open(&config.database_url).await?;
    let zone = zone_table(config.timezone);
    let there = u64::try_from(log::head(&database).await?)?;
    if there >= rows {
        say(format!("{there} rows are there already"));
        database.close().await;
        return Ok(());
    }
    if there > 0 {
        bail!("{} has {there} rows, not {rows}: give another directory", path.display());
    }
    generator::make_schedules(&database).await?;
    let (mut alone, mut with_words) = (Inserts::new(rows, false)?, Inserts::new(rows, true)?);
    let mut writer = Writer::new(&database, &zone, rows);
    let mut pace = Pace::default();
    while writer.left > 0 {
        if writer.written < BESIDE {
            pace.alone += alone.add(SLICE)?;
            pace.with_words += with_words.add(SLICE)?;
            pace.rows += SLICE;
        }
        writer.add(SLICE).await?;
        pace.note(&writer);
    }
    say(format!("writing {rows} rows, {BATCH} a commit, SQLite; yardsticks: rusqlite, the same columns and indexes:"));
    pace.tell(&writer);
    database.close().await;
    Ok(())
}

/// Rows that are written at a time, in turn with the yardsticks.
pub(super) const SLICE: usize = 20_000;

/// So many rows are written beside the yardsticks, the rest alone.
const BESIDE: usize = 1_000_000;

/// Writes the trail.
struct Writer<'d> {
    database: &'d Database,
    zone: &'d Zone,
    generator: Generator,
    left: usize,
    written: usize,
    took: Duration,
    /// Of which for summary and words.
    indexing: Duration,
}

impl<'d> Writer<'d> {
    fn new(database: &'d Database, zone: &'d Zone, rows: u64) -> Self {
        let left = usize::try_from(rows).unwrap_or(usize::MAX);
        Self { database, zone, generator: Generator::new(rows), left, written: 0, took: Duration::ZERO, indexing: Duration::ZERO }
    }

    async fn add(&mut self, rows: usize) -> anyhow::Result<()> {
        let began = Instant::now();
        let rows = rows.min(self.left);
        let mut left = rows;
        while left > 0 {
            let entries = self.generator.take(BATCH.min(left));
            left -= entries.len();
            let mut tx = self.database.begin().await?;
            log::append(&mut tx, &entries, self.zone).await?;
            tx.commit().await?;
        }
        let index = Instant::now();
        index_all(self.database, self.zone, &CancellationToken::new()).await?;
        self.indexing += index.elapsed();
        self.took += began.elapsed();
        self.left -= rows;
        self.written += rows;
        Ok(())
    }
}

/// How long the same rows took the yardsticks and the trail.
#[derive(Default)]
struct Pace {
    rows: usize,
    alone: Duration,
    with_words: Duration,
    ours: Duration,
    ours_indexing: Duration,
}

impl Pace {
    fn note(&mut self, writer: &Writer<'_>) {
        if writer.written == self.rows {
            (self.ours, self.ours_indexing) = (writer.took, writer.indexing);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "rates")]
    fn tell(&self, writer: &Writer<'_>) {
        let rate = |took: Duration| self.rows as f64 / took.as_secs_f64();
        let (alone, with_words) = (rate(self.alone), rate(self.with_words));
        let (chained, whole) = (rate(self.ours.saturating_sub(self.ours_indexing)), rate(self.ours));
        say(format!("  {alone:>8.0} rows/s  yardstick, {} rows", self.rows));
        say(format!("  {chained:>8.0} rows/s  with the chain: {:.2} of it", chained / alone));
        say(format!("  {with_words:>8.0} rows/s  yardstick with the words"));
        say(format!("  {whole:>8.0} rows/s  with chain, summary and words: {:.2} of it", whole / with_words));
        let all = writer.written as f64 / writer.took.as_secs_f64();
        say(format!("  {all:>8.0} rows/s  the same over {:.0} s, {} rows", writer.took.as_secs_f64(), writer.written));
    }
}

/// What is asked of the list, each with its name.
fn lists(rows: u64) -> Vec<(&'static str, String)> {
    let middle = rows / 2;
    let deep = rows.saturating_sub(50_000).max(60);
    vec![
        ("newest page", "limit=50".to_owned()),
        ("status error", "limit=50&status=error".to_owned()),
        ("one schedule in a month", "limit=50&schedule=17&from=2025-03-01&to=2025-03-31".to_owned()),
        ("one server, trouble, a year", "limit=50&server=3&status=warning,error&from=2025-01-01&to=2025-12-31".to_owned()),
        ("page 1,000 deep", format!("limit=50&before={deep}")),
        ("at the middle", format!("limit=50&before={middle}")),
        ("a word in most rows", "limit=50&q=completed".to_owned()),
        ("a word in a hundred", "limit=50&q=quota".to_owned()),
        ("a word in four", "limit=50&q=kernel".to_owned()),
        ("a word in a month", "limit=50&q=vanished&from=2025-03-01&to=2025-03-31".to_owned()),
    ]
}

/// What is asked besides.
const OTHERS: [(&str, &str); 4] = [
    ("histogram of a month", "/api/v1/logs/histogram?from=2025-03-01&to=2025-03-31"),
    ("histogram of a year", "/api/v1/logs/histogram?from=2025-01-01&to=2025-12-31&bucket=day"),
    ("histogram, one server, a year", "/api/v1/logs/histogram?from=2025-01-01&to=2025-12-31&bucket=day&server=3"),
    ("Logs, whole page", "/logs?status="),
];

async fn read(panel: &Client, bare: &Client, rows: u64) -> anyhow::Result<()> {
    say("reading pages of 50 over HTTP, p50 and p99 in ms: panel (rows and both counts), bare (rows alone)");
    for (what, query) in &lists(rows) {
        let (ours, theirs) = side_by_side(panel, &format!("/api/v1/logs?{query}"), bare, &format!("/bare?{query}")).await?;
        say(format!("  {what:<28} {ours}   bare {theirs}   p99 {:.2} times", ours.p99 / theirs.p99));
    }
    for (what, path) in OTHERS {
        say(format!("  {what:<28} {}", panel.times(path, TIMES).await?));
    }
    Ok(())
}

/// In turn, so that both meet the same noise.
async fn side_by_side(panel: &Client, ours: &str, bare: &Client, theirs: &str) -> anyhow::Result<(Times, Times)> {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        a.extend(panel.measure(ours, TIMES / 4).await?);
        b.extend(bare.measure(theirs, TIMES / 4).await?);
    }
    Ok((Times::of(a), Times::of(b)))
}

async fn counts(database: &Database, zone: &Zone) -> anyhow::Result<()> {
    say("counts, in ms: from the summary, and live");
    for query in
        ["", "status=error", "schedule=17&from=2025-03-01&to=2025-03-31", "server=3&status=warning,error&from=2025-01-01&to=2025-12-31"]
    {
        let filter = LogQuery::parse(query).map_err(|problems| anyhow::anyhow!("{problems:?}"))?.filter;
        let selection = Selection { scope: &Scope::All, filter: &filter, zone };
        let mut view = TrailView::open(database).await?;
        let mut times = Vec::new();
        let mut counted = 0;
        for _ in 0..50 {
            let began = Instant::now();
            counted = log_counts::count(&mut view, selection).await?;
            times.push(began.elapsed());
        }
        let began = Instant::now();
        let live = log_counts::count_live(&mut view, selection).await?;
        let took = began.elapsed();
        if counted != live {
            bail!("the summary counts {counted} rows of {query:?}, there are {live}");
        }
        let shown = if filter == LogFilter::default() { "everything" } else { query };
        say(format!("  {:>10} rows  {}  live {:.0}  {shown}", counted, Times::of(times), took.as_secs_f64() * 1000.0));
    }
    Ok(())
}

async fn exports(panel: &Client, path: &Path) -> anyhow::Result<()> {
    let query = "from=2025-03-01&to=2025-05-31";
    let began = Instant::now();
    let bytes = panel.get(&format!("/api/v1/logs/export?format=csv&{query}")).await?.len();
    let ours = began.elapsed();
    #[expect(clippy::cast_precision_loss, reason = "a size")]
    let megabytes = bytes as f64 / 1e6;
    let theirs = yardstick::export(path)?;
    say(format!(
        "export of three months as CSV: {:.1} MB in {:.2} s; sqlite3 -csv {}",
        megabytes,
        ours.as_secs_f64(),
        theirs.map_or_else(
            || "is not here".to_owned(),
            |theirs| format!("{:.2} s: {:.2} of its speed", theirs.as_secs_f64(), theirs.as_secs_f64() / ours.as_secs_f64())
        )
    ));
    Ok(())
}

fn resident_mib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
