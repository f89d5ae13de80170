//! Settings, read once at start: defaults, then `tailback.toml`, then the environment, then flags.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use clap::Args;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::clock::{machine_time_zone, time_zone};
use crate::perimeter::{Limits, PerimeterSettings, SettingError, parse_network};

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

    /// Networks that may reach the panel, separated by commas [default: all] [env: TAILBACK_ALLOW_NETWORKS]
    #[arg(long, value_name = "NETWORKS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_networks: Option<String>,

    /// Proxies whose word on the client's address is taken [default: 127.0.0.1,::1] [env: TAILBACK_TRUSTED_PROXIES]
    #[arg(long, value_name = "NETWORKS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_proxies: Option<String>,

    /// Where browsers reach the panel, if a proxy changes `Host` [env: TAILBACK_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,

    /// Signing in without TLS: true, false or auto-loopback [default: auto-loopback] [env: TAILBACK_INSECURE_HTTP]
    #[arg(long, value_name = "WHEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_http: Option<String>,
}

/// What the file and the environment may hold. An unknown key is an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    data_dir: PathBuf,
    bind: SocketAddr,
    database_url: Option<String>,
    timezone: Option<String>,
    allow_networks: Option<Texts>,
    trusted_proxies: Option<Texts>,
    proxy_header: Option<String>,
    public_url: Option<String>,
    insecure_http: Option<Word>,
    requests_per_minute: Option<u32>,
    viewer_requests_per_minute: Option<u32>,
    open_requests: Option<u32>,
    open_streams: Option<u32>,
    header_timeout_seconds: Option<u32>,
    request_timeout_seconds: Option<u32>,
    trail_keep_days: Option<u32>,
    require_second_factor: Option<bool>,
}

/// Keys that the environment may hold, as `TAILBACK_` and the key in upper case.
const KEYS: [&str; 17] = [
    "data_dir",
    "bind",
    "database_url",
    "timezone",
    "allow_networks",
    "trusted_proxies",
    "proxy_header",
    "public_url",
    "insecure_http",
    "requests_per_minute",
    "viewer_requests_per_minute",
    "open_requests",
    "open_streams",
    "header_timeout_seconds",
    "request_timeout_seconds",
    "trail_keep_days",
    "require_second_factor",
];

/// A list, or texts with commas between them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a list of texts, or one text with commas")]
enum Texts {
    Many(Vec<String>),
    One(String),
}

impl Texts {
    fn networks(self) -> Result<Vec<IpNet>, SettingError> {
        let texts = match self {
            Self::Many(texts) => texts,
            Self::One(text) => text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect(),
        };
        texts.iter().map(|text| parse_network(text)).collect()
    }
}

/// A word that may look like a truth value.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a word")]
enum Word {
    Truth(bool),
    Text(String),
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truth(truth) => truth.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The settings of a panel.
#[derive(Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub bind: SocketAddr,
    /// May hold a password: never printed.
    pub database_url: String,
    pub timezone: Tz,
    pub perimeter: PerimeterSettings,
    /// Rows of the trail that are older go; `None` keeps them for ever.
    pub trail_keep_days: Option<u32>,
    /// Whoever has no second factor can only set one up.
    pub require_second_factor: bool,
    /// The key that seals secrets at rest, in place of the file `secret.key`: never printed.
    pub secret_key: Option<String>,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("read the settings")]
    Read(#[source] Box<figment::Error>),
    #[error("use timezone {0:?}: it is not an IANA name such as Europe/Berlin")]
    TimeZone(String),
    #[error("use the setting {key}")]
    Setting { key: &'static str, source: SettingError },
}

const DEFAULT_DATA_DIR: &str = "data";

impl Config {
    /// Reads the settings of `serve`.
    pub fn load(flags: &ServeFlags) -> Result<Self, ConfigError> {
        let environment =
            || Env::prefixed("TAILBACK_").filter(|key| KEYS.contains(&key.as_str().to_ascii_lowercase().as_str())).lowercase(true);
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
        let perimeter = raw.perimeter()?;
        let timezone = match raw.timezone.filter(|name| !name.is_empty()) {
            Some(name) => time_zone(&name).ok_or(ConfigError::TimeZone(name))?,
            None => machine_time_zone(),
        };
        let database_url = raw.database_url.filter(|url| !url.is_empty()).unwrap_or_else(|| default_database_url(&raw.data_dir));
        let secret_key = std::env::var("TAILBACK_SECRET_KEY").ok().filter(|key| !key.is_empty());
        let trail_keep_days = match raw.trail_keep_days {
            Some(0) => return Err(in_key("trail_keep_days")(SettingError::new("0", "at least one day; leave it out to keep every row"))),
            days => days,
        };
        let require_second_factor = raw.require_second_factor.unwrap_or(false);
        Ok(Self {
            data_dir: raw.data_dir,
            bind: raw.bind,
            database_url,
            timezone,
            perimeter,
            trail_keep_days,
            require_second_factor,
            secret_key,
        })
    }

    /// Reads the settings of a command that does not serve.
    pub fn load_data(flags: &DataFlags) -> Result<Self, ConfigError> {
        Self::load(&ServeFlags { data: flags.clone(), ..ServeFlags::default() })
    }
}

impl Raw {
    fn perimeter(&self) -> Result<PerimeterSettings, ConfigError> {
        let default = PerimeterSettings::default();
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let networks = |key, texts: &Option<Texts>, default| match texts.clone() {
            Some(texts) => texts.networks().map_err(in_key(key)),
            None => Ok(default),
        };
        let seconds = |key, seconds: Option<u32>, default| match seconds {
            Some(0) => Err(in_key(key)(SettingError::new("0", "at least one second"))),
            Some(seconds) => Ok(Duration::from_secs(seconds.into())),
            None => Ok(default),
        };
        Ok(PerimeterSettings {
            allow_networks: networks("allow_networks", &self.allow_networks, default.allow_networks)?,
            trusted_proxies: networks("trusted_proxies", &self.trusted_proxies, default.trusted_proxies)?,
            proxy_header: given(&self.proxy_header)
                .map_or(Ok(default.proxy_header), |text| text.parse().map_err(in_key("proxy_header")))?,
            public_url: given(&self.public_url).map(|text| text.parse().map_err(in_key("public_url"))).transpose()?,
            insecure_http: match &self.insecure_http {
                Some(word) => word.to_string().parse().map_err(in_key("insecure_http"))?,
                None => default.insecure_http,
            },
            limits: Limits {
                requests_per_minute: self.requests_per_minute.unwrap_or(default.limits.requests_per_minute),
                viewer_requests_per_minute: self.viewer_requests_per_minute.unwrap_or(default.limits.viewer_requests_per_minute),
                open_requests: self.open_requests.unwrap_or(default.limits.open_requests),
                open_streams: self.open_streams.unwrap_or(default.limits.open_streams),
                header_timeout: seconds("header_timeout_seconds", self.header_timeout_seconds, default.limits.header_timeout)?,
                request_timeout: seconds("request_timeout_seconds", self.request_timeout_seconds, default.limits.request_timeout)?,
            },
        })
    }
}

fn in_key(key: &'static str) -> impl Fn(SettingError) -> ConfigError {
    move |source| ConfigError::Setting { key, source }
}

fn default_database_url(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("tailback.db").display())
}
