//! Settings, read once at start: defaults, then `tailback.toml`, then the environment, then flags.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use clap::Args;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::clock::{machine_time_zone, time_zone};

/// Flags of every command that works on the panel's data.
#[expect(clippy::doc_markdown, reason = "`--help` shows it as it stands")]
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct DataFlags {
    /// Where the database, the keys and tailback.toml are [default: ./data] [env: TAILBACK_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,

    /// `sqlite://PATH` or `postgres://…` [default: tailback.db in the data directory] [env: TAILBACK_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
}

/// Flags of `serve`.
#[expect(clippy::doc_markdown, reason = "`--help` shows it as it stands")]
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct ServeFlags {
    #[command(flatten)]
    #[serde(flatten)]
    pub data: DataFlags,

    /// Where to listen [default: 127.0.0.1:3000] [env: TAILBACK_BIND]
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind: Option<SocketAddr>,

    /// The panel's time zone, an IANA name [default: the machine's] [env: TAILBACK_TIMEZONE]
    #[arg(long, value_name = "ZONE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// What the file and the environment may hold. An unknown key is an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data_dir: PathBuf,
    bind: SocketAddr,
    database_url: Option<String>,
    timezone: Option<String>,
}

/// The settings of a panel.
#[derive(Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub bind: SocketAddr,
    /// May hold a password: never printed.
    pub database_url: String,
    pub timezone: Tz,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("read the settings")]
    Read(#[source] Box<figment::Error>),
    #[error("use timezone {0:?}: it is not an IANA name such as Europe/Berlin")]
    TimeZone(String),
}

const DEFAULT_DATA_DIR: &str = "data";

impl Config {
    /// Reads the settings of `serve`.
    pub fn load(flags: &ServeFlags) -> Result<Self, ConfigError> {
        let known = |key: &str| matches!(key, "data_dir" | "bind" | "database_url" | "timezone");
        let environment = || Env::prefixed("TAILBACK_").filter(move |key| known(key.as_str())).lowercase(true);
        // The file lies in the data directory, which only flags and environment can move.
        let data_dir = flags.data.data_dir.clone().or_else(|| std::env::var_os("TAILBACK_DATA_DIR").map(PathBuf::from));
        let data_dir = data_dir.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
        let path = data_dir.join("tailback.toml");
        let file = if path.exists() { Figment::from(Toml::file_exact(path)) } else { Figment::new() };
        let raw: Raw = Figment::new()
            .merge(Serialized::default("bind", "127.0.0.1:3000"))
            .merge(file)
            .merge(environment())
            .merge(Serialized::defaults(flags))
            .merge(Serialized::default("data_dir", &data_dir))
            .extract()
            .map_err(|cause| ConfigError::Read(Box::new(cause)))?;
        let timezone = match raw.timezone.filter(|name| !name.is_empty()) {
            Some(name) => time_zone(&name).ok_or(ConfigError::TimeZone(name))?,
            None => machine_time_zone(),
        };
        let database_url = raw.database_url.filter(|url| !url.is_empty()).unwrap_or_else(|| default_database_url(&raw.data_dir));
        Ok(Self { data_dir: raw.data_dir, bind: raw.bind, database_url, timezone })
    }

    /// Reads the settings of a command that does not serve.
    pub fn load_data(flags: &DataFlags) -> Result<Self, ConfigError> {
        Self::load(&ServeFlags { data: flags.clone(), ..ServeFlags::default() })
    }
}

fn default_database_url(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("tailback.db").display())
}
