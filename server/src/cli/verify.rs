//! `tailback verify`.

use std::process::ExitCode;

use anyhow::Context as _;

use super::say;
use crate::chain::hex;
use crate::config::{Config, DataFlags};
use crate::store::Database;
use crate::verify::{Finding, verify};

/// Ends with 0 when the trail is sound, with 1 when it is broken.
pub(super) async fn run(flags: DataFlags) -> anyhow::Result<ExitCode> {
    let config = Config::load_data(&flags)?;
    let database = Database::open(&config.database_url).await.context("open the database")?;
    let finding = verify(&database).await?;
    database.close().await;
    Ok(match finding {
        Finding::Sound { up_to, hash, rows, cleared } => {
            say(format!("sound up to row {up_to}: {rows} rows as they were written, {cleared} cleared ones vouched for"));
            say(format!("hash {}", hex(&hash)));
            ExitCode::SUCCESS
        }
        Finding::Broken { id, why } => {
            say(format!("broken at row {id}: {why}"));
            ExitCode::FAILURE
        }
    })
}
