//! `tailback verify`.

use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use clap::Args;

use super::say;
use crate::chain::{Hash, hex, unhex};
use crate::clock::{time_zone, zone_table};
use crate::config::{Config, DataFlags};
use crate::store::{Database, index_audit};
use crate::verify::{Finding, Place, verify};

#[derive(Debug, Args)]
pub(super) struct VerifyFlags {
    #[command(flatten)]
    data: DataFlags,

    /// A row and the hash that was printed or exported for it, kept elsewhere since: the trail must still come by it
    #[arg(long, value_name = "ROW:HASH")]
    kept: Option<Kept>,

    /// Have what the trail is searched with made anew
    #[arg(long)]
    reindex: bool,
}

#[derive(Debug, Clone, Copy)]
struct Kept(Place);

impl FromStr for Kept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // As exports have it, or as one word.
        let (id, hash) = text.trim().split_once([':', ' ']).ok_or("expected ROW:HASH")?;
        let id = id.parse().ok().filter(|id| *id > 0).ok_or_else(|| format!("{id:?} is not the number of a row"))?;
        let hash: Hash = unhex(hash.strip_prefix("sha256:").unwrap_or(hash)).ok_or("a hash has 64 hexadecimal digits")?;
        Ok(Self(Place { id, hash }))
    }
}

/// Ends with 0 when the trail is sound and is found as it is, with 1 otherwise.
pub(super) async fn run(flags: VerifyFlags) -> anyhow::Result<ExitCode> {
    let config = Config::load_data(&flags.data)?;
    let database = Database::open_existing(&config.database_url).await.context("open the database")?;
    let finding = verify(&database, flags.kept.map(|kept| kept.0)).await?;
    let is_sound = match finding {
        Finding::Sound { up_to, hash, rows, cleared } => {
            say(format!("sound up to row {up_to}: {rows} rows as they were written, {cleared} cleared ones vouched for"));
            say(format!("hash {}", hex(&hash)));
            true
        }
        Finding::Broken { id, why } => {
            say(format!("broken at row {id}: {why}"));
            false
        }
    };
    let agrees = match index_audit::disagreement(&database, |name| time_zone(name).map(zone_table)).await {
        Ok(None) => true,
        Ok(Some(why)) => {
            say(format!("the index that the trail is searched with does not agree with its rows: {why}"));
            false
        }
        // Something in it, or a row, is not even of the right kind.
        Err(cause) => {
            say(format!("the index that the trail is searched with could not be compared with its rows: {cause}"));
            false
        }
    };
    if flags.reindex {
        index_audit::forget(&database).await.context("have the index made anew")?;
        say("the index is made anew while the panel runs; until then the rows themselves are searched");
    } else if !agrees {
        say("`tailback verify --reindex` has it made anew");
    }
    database.close().await;
    Ok(if is_sound && agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
