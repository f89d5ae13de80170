//! A machine reached over SSH.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use strum::{Display, EnumString, FromRepr, IntoStaticStr};

use super::{FieldError, Timestamp};

/// The SHA-256 fingerprint of a host key as OpenSSH prints it: `SHA256:` and 43 characters of base 64.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(value_type = String, examples("SHA256:uNiVztksCsDhcc0u9e8BrwacWDbkCK3Wr2z2w2m3xYQ")))]
pub struct HostKey(String);

impl HostKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostKey {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = text
            .strip_prefix("SHA256:")
            .is_some_and(|base64| base64.len() == 43 && base64.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte)));
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::new("host_key", "expected a fingerprint as `ssh-keygen -lf` prints it: SHA256: and 43 characters of base 64"))
        }
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for HostKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|error: FieldError| D::Error::custom(error.reason))
    }
}

/// Whether a server answers. The number is what the database stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, FromRepr, IntoStaticStr)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum LinkState {
    Unknown = 0,
    Up = 1,
    Down = 2,
}

/// What the panel knows of the way to a server, and how old that knowledge is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Link {
    pub state: LinkState,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// When it was last tried.
    pub checked_at: Option<Timestamp>,
    /// Why it is down.
    pub error: Option<String>,
}

/// A machine whose backups the panel looks after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Server {
    pub id: i64,
    pub name: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub region: Option<String>,
    pub account: Option<String>,
    /// `null` until it is pinned; nothing connects before.
    pub host_key: Option<HostKey>,
    pub link: Link,
    /// Seconds by which its clock is ahead of the panel's; `null` while that is not known.
    #[serde(default)]
    pub clock_skew_s: Option<i64>,
}

/// A server as someone describes it; checked before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ServerDraft {
    pub name: String,
    pub host: String,
    #[serde(default = "ssh_port")]
    pub port: u16,
    pub user: String,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub account: Option<String>,
    /// An OpenSSH private key without a passphrase; absent = the panel's own key. Never shown again.
    #[serde(default)]
    pub private_key: Option<String>,
    #[serde(default)]
    pub host_key: Option<HostKey>,
}

const fn ssh_port() -> u16 {
    22
}

impl ServerDraft {
    /// Every field that is wrong, at once.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        problems.extend(name_problem("name", &self.name));
        let host_ok = !self.host.is_empty()
            && self.host.len() <= 253
            && self.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:_%".contains(&byte))
            && !self.host.starts_with('-');
        if !host_ok {
            problems.push(FieldError::new("host", "expected a host name or an IP address"));
        }
        if self.port == 0 {
            problems.push(FieldError::new("port", "expected 1 to 65535"));
        }
        let user_ok = !self.user.is_empty()
            && self.user.len() <= 64
            && self.user.chars().all(|c| c.is_alphanumeric() || "._-@\\$+".contains(c))
            && !self.user.starts_with('-');
        if !user_ok {
            problems.push(FieldError::new("user", "expected the name of an account on the server"));
        }
        for (field, label) in [("region", &self.region), ("account", &self.account)] {
            problems.extend(label.as_deref().and_then(|text| name_problem(field, text)));
        }
        problems
    }
}

/// What is wrong with a name that people give to something, if anything.
pub(super) fn name_problem(field: &str, name: &str) -> Option<FieldError> {
    let shown = name.trim();
    if shown.is_empty() || shown != name {
        Some(FieldError::new(field, "expected a name without spaces around it"))
    } else if name.chars().count() > 100 || name.chars().any(char::is_control) {
        Some(FieldError::new(field, "expected at most 100 printable characters"))
    } else {
        None
    }
}
