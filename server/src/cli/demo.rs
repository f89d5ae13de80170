//! `tailback demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::say;
use super::serve::until_told_to_stop;
use crate::clock::{Clock, machine_time_zone};
use crate::config::Config;
use crate::demo::Stage;
use crate::perimeter::PerimeterSettings;
use crate::serve::Serving;

#[derive(Args)]
pub(super) struct DemoFlags {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    bind: SocketAddr,
}

/// The demonstration's link is good for as long as anyone will look at it.
const LINK_LASTS_MS: i64 = 7 * 86_400_000;

pub(super) async fn run(flags: DemoFlags) -> anyhow::Result<()> {
    let dir = tempfile::Builder::new().prefix("tailback-demo-").tempdir().context("make a temporary directory")?;
    let data_dir: PathBuf = dir.path().join("panel");
    let database_url = format!("sqlite://{}", data_dir.join("tailback.db").display());
    let config = Config {
        data_dir,
        bind: flags.bind,
        database_url,
        timezone: machine_time_zone(),
        perimeter: PerimeterSettings::default(),
        trail_keep_days: None,
        require_second_factor: false,
        secret_key: None,
    };
    say("Starting two SSH servers, a MariaDB and the panel; this takes a few seconds.");
    let serving = Serving::start(&config, Clock::machine()).await?;
    let told_to_stop = async {
        let panel = &serving.panel;
        let stage = Stage::set(dir, panel.keys.public_line()).await?;
        let account = panel.accounts.create("admin", crate::random::hex(16), "admin").await?;
        let link = panel.accounts.demo_link(account, panel.clock.now().plus_millis(LINK_LASTS_MS)).await?;
        let schedules = stage.introduce(panel).await?;
        say(format!("Open  http://{}/sign-in/link?token={}", serving.address, link.text()));
        say(format!("{schedules} backups run now and again every minute. Ctrl-C stops everything and leaves nothing behind."));
        say(format!("Until then its files are in {}", stage.dir().display()));
        anyhow::Ok(stage)
    };
    let stopped_early = until_told_to_stop();
    let stage = tokio::select! {
        stage = told_to_stop => stage,
        stopped = stopped_early => {
            serving.stop().await;
            return stopped;
        }
    };
    let outcome = match &stage {
        Ok(_) => until_told_to_stop().await,
        Err(_) => Ok(()),
    };
    serving.stop().await;
    stage?.strike().await;
    outcome
}
