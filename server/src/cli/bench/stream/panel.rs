//! Tailback itself, with several accounts that are limited to servers and streams that are filtered. Every row passes all of them, so
//! that everybody gets as much as from the yardsticks.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use app::model::{LogFilter, LogStatus, ScheduleDraft, ScheduleKind, Scope, ServerDraft, SourceType, TokenDraft, Zone};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::super::say;
use super::actor::{MESSAGE, Sent, Stage, next_order, now_ns, orders};
use crate::audit::LogRow;
use crate::auth::Caller;
use crate::clock::Clock;
use crate::config::Config;
use crate::indexer::index_all;
use crate::people::Actor;
use crate::perimeter::PerimeterSettings;
use crate::serve::Serving;
use crate::store::{Selection, TrailView, log, log_pages, schedules, servers};

pub(super) const ROWS_A_COMMIT: i64 = 1000;
pub(super) const ERRORS_IN_A_HUNDRED: i64 = 1;

/// Rows read at a time.
const PAGE: u32 = 1000;

/// Filters that let every row pass.
const FILTERS: [&str; 4] = ["", "status=info,error", "type=FILES,SYSTEM", "server=1&from=2020-01-01"];

pub(super) async fn act(database: Option<String>) -> Result<()> {
    let dir = tempfile::tempdir().context("make a temporary directory")?;
    let mut perimeter = PerimeterSettings::default();
    perimeter.limits.open_streams = 0;
    perimeter.limits.requests_per_minute = 0;
    perimeter.limits.viewer_requests_per_minute = 0;
    let config = Config {
        data_dir: dir.path().to_owned(),
        bind: "127.0.0.1:0".parse()?,
        database_url: database.unwrap_or_else(|| format!("sqlite://{}", dir.path().join("tailback.db").display())),
        timezone: chrono_tz::Europe::Berlin,
        perimeter,
        trail_keep_days: None,
        require_second_factor: false,
        secret_key: None,
    };
    let serving = Serving::start(&config, Clock::machine()).await?;
    say(serde_json::to_string(&stage(&serving).await?)?);
    let mut orders = orders();
    let mut number = 0;
    while let Some((rate, seconds)) = next_order(&mut orders).await? {
        say(serde_json::to_string(&perform(&serving, rate, seconds, &mut number).await?)?);
    }
    serving.stop().await;
    Ok(())
}

/// For a browser to sign in.
const LINK_LASTS_MS: i64 = 3_600_000;

/// A server with a schedule, and who is let in: with every server in sight or with this one, with and without a filter.
async fn stage(serving: &Serving) -> Result<Stage> {
    let panel = &serving.panel;
    let now = panel.trail.now();
    let mut change = panel.trail.begin().await?;
    let server = ServerDraft {
        name: "web-1".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: 22,
        user: "backup".to_owned(),
        region: None,
        account: None,
        private_key: None,
        // Without a host key nothing is connected to.
        host_key: None,
    };
    let server_id = servers::insert(change.tx(), &server, now).await?;
    let schedule = ScheduleDraft::new("web site".to_owned(), server_id, ScheduleKind::Managed);
    schedules::insert(change.tx(), &schedule, now).await?;
    change.commit().await?;
    let account = panel.accounts.create("bench", crate::random::hex(16), "admin").await?;
    let link = panel.accounts.demo_link(account, now.plus_millis(LINK_LASTS_MS)).await?;
    let whole = panel.accounts.create_token("bench", "bench", None).await?;
    let (viewer, _) = panel.accounts.by_token(whole.text()).await?.context("use a token")?;
    let actor = Actor { viewer, caller: Caller::Token { whole: true, expires_at: None }, address: String::new() };
    let mut tokens = vec![whole.text().to_owned()];
    for servers in [vec![], vec![server_id]] {
        let draft = TokenDraft { name: "bench".to_owned(), permissions: None, servers, schedule_id: None, expires_at: None };
        tokens.push(panel.people.add_token(&actor, draft).await?.1.text().to_owned());
    }
    let seats =
        FILTERS.iter().flat_map(|filter| tokens.iter().map(move |token| (format!("/api/v1/logs/stream?{filter}"), Some(token.clone()))));
    let link = format!("/sign-in/link?token={}", link.text());
    Ok(Stage { port: serving.address.port(), seats: seats.collect(), link: Some(link) })
}

/// Writes rows as fast as it can, a thousand a commit, of which one in a hundred is an error, until all are indexed; tells of the errors, as
/// the trail has them.
async fn write(serving: &Serving, seconds: u32) -> Result<Vec<Sent>> {
    let mut last = log::head(&serving.panel.database).await?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(u64::from(seconds)) {
        let mut change = serving.panel.trail.begin().await?;
        for n in 0..ROWS_A_COMMIT {
            let status = if n % (100 / ERRORS_IN_A_HUNDRED) == 0 { LogStatus::Error } else { LogStatus::Info };
            change.log(LogRow::new(status, SourceType::Files, format!("{MESSAGE} #{n}")).server(1).schedule(1));
        }
        change.commit().await?;
    }
    index_all(&serving.panel.database, &serving.panel.zone, &CancellationToken::new()).await?;
    let ended = now_ns();
    let filter = LogFilter { status: vec![LogStatus::Error], server: vec![1], ..LogFilter::default() };
    let zone = Zone::utc();
    let selection = Selection { scope: &Scope::All, filter: &filter, zone: &zone };
    let mut view = TrailView::open(&serving.panel.database).await?;
    let mut errors = Vec::new();
    loop {
        let rows = log_pages::following(&mut view, selection, last, PAGE).await?;
        errors.extend(rows.iter().map(|row| (row.entry.id, ended)));
        let Some(row) = rows.last() else { return Ok(errors) };
        last = row.entry.id;
    }
}

/// Appends rows as they fall due, numbered, whether those before are committed or not; at no rate, as fast as it can.
async fn perform(serving: &Serving, rate: u32, seconds: u32, number: &mut u32) -> Result<Vec<Sent>> {
    if rate == 0 {
        return write(serving, seconds).await;
    }
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut rows = JoinSet::new();
    for _ in 0..rate * seconds {
        tick.tick().await;
        let trail = serving.panel.trail.clone();
        *number += 1;
        let row = LogRow::new(LogStatus::Info, SourceType::Files, format!("{MESSAGE} #{number}")).server(1).schedule(1);
        rows.spawn(async move {
            trail.append_timed(row).await.map(|(id, at)| (id, now_ns() - u64::try_from(at.elapsed().as_nanos()).unwrap_or_default()))
        });
    }
    Ok(rows.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?)
}
