//! Reading a long trail through the API, each answer beside that of a bare handler which reads the same rows with rusqlite from the same
//! file; and writing it, beside rusqlite.

mod client;
mod generator;
mod yardstick;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use app::model::{LogFilter, LogQuery, Scope, Zone};
use tokio_util::sync::CancellationToken;

use self::client::{Client, Times};
use self::generator::Generator;
use super::super::say;
use crate::clock::{Clock, zone_table};
use crate::config::Config;
use crate::indexer::index_all;
use crate::perimeter::PerimeterSettings;
use crate::serve::Serving;
use crate::store::{Database, Selection, TrailView, log, log_counts};

/// Rows written in one transaction.
const BATCH: usize = 1000;

/// Answers measured of each kind.
const TIMES: usize = 200;

pub(super) async fn run(rows: u64, keep: Option<PathBuf>) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir().context("make a temporary directory")?;
    let dir = keep.unwrap_or_else(|| temporary.path().join("data"));
    std::fs::create_dir_all(&dir)?;
    let path = dir.join("tailback.db");
    let config = Config {
        data_dir: dir.clone(),
        bind: "127.0.0.1:0".parse()?,
        database_url: format!("sqlite://{}", path.display()),
        timezone: chrono_tz::Europe::Berlin,
        perimeter: PerimeterSettings::default(),
        trail_keep_days: None,
        require_second_factor: false,
        secret_key: None,
    };
    fill(&config, rows, &path).await?;
    let serving = Serving::start(&config, Clock::machine()).await?;
    let accounts = &serving.panel.accounts;
    let name = format!("bench{}", crate::random::hex(4));
    accounts.create(&name, crate::random::hex(16), "admin").await?;
    let token = accounts.create_token(&name, "bench", None).await?.text().to_owned();
    let bare = yardstick::serve(&path).await?;
    let panel = Client::new(serving.address, Some(token));
    read(&panel, &bare, rows).await?;
    counts(&serving.panel.database, &serving.panel.zone).await?;
    exports(&panel, &path).await?;
    say(format!("memory: {} MiB resident, with the file open and everything read", resident_mib()?));
    serving.stop().await;
    Ok(())
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
    let (alone, with_words) = (yardstick::append(rows.min(200_000), false)?, yardstick::append(rows.min(200_000), true)?);
    let mut generator = Generator::new(rows);
    let began = Instant::now();
    let mut indexing = Duration::ZERO;
    let mut left = rows;
    while left > 0 {
        let entries = generator.take(BATCH.min(usize::try_from(left)?));
        left -= entries.len() as u64;
        let mut tx = database.begin().await?;
        log::append(&mut tx, &entries, &zone).await?;
        tx.commit().await?;
        if left.is_multiple_of(20_000) {
            let index = Instant::now();
            index_all(&database, &zone, &CancellationToken::new()).await?;
            indexing += index.elapsed();
        }
    }
    let took = began.elapsed();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = |took: Duration| rows as f64 / took.as_secs_f64();
    say(format!("writing {rows} rows, {BATCH} a commit, SQLite:"));
    say(format!("  {alone:>8.0} rows/s  yardstick: rusqlite, the same columns and indexes"));
    say(format!("  {with_words:>8.0} rows/s  yardstick: rusqlite, and the words in FTS5"));
    let plain = rate(took.saturating_sub(indexing));
    say(format!("  {plain:>8.0} rows/s  with the chain: {:.2} of the first yardstick", plain / alone));
    say(format!(
        "  {:>8.0} rows/s  with chain, summary and words: {:.2} of the second yardstick ({:.0} s of {:.0} s for summary and words)",
        rate(took),
        rate(took) / with_words,
        indexing.as_secs_f64(),
        took.as_secs_f64()
    ));
    database.close().await;
    Ok(())
}

async fn read(panel: &Client, bare: &Client, rows: u64) -> anyhow::Result<()> {
    let middle = rows / 2;
    let deep = rows.saturating_sub(50_000).max(60);
    let cases: Vec<(&str, String)> = vec![
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
    ];
    say("reading pages of 50 over HTTP, p50 and p99 in ms: panel (rows and both counts), bare (rows alone)");
    for (what, query) in &cases {
        let (ours, theirs) = side_by_side(panel, &format!("/api/v1/logs?{query}"), bare, &format!("/bare?{query}")).await?;
        say(format!("  {what:<28} {ours}   bare {theirs}   p99 {:.2} times", ours.p99 / theirs.p99));
    }
    for (what, path) in [
        ("histogram of a month", "/api/v1/logs/histogram?from=2025-03-01&to=2025-03-31"),
        ("histogram of a year", "/api/v1/logs/histogram?from=2025-01-01&to=2025-12-31&bucket=day"),
        ("histogram, one server, a year", "/api/v1/logs/histogram?from=2025-01-01&to=2025-12-31&bucket=day&server=3"),
        ("Logs, whole page", "/logs?status="),
    ] {
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
