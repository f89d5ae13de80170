//! What a connection needs to know beforehand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use app::model::HostKey;

/// A server and how to sign in to it.
#[derive(Debug, Clone)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub private_key: PrivateKey,
    /// The pinned key; without one nothing signs in.
    pub host_key: Option<HostKey>,
}

/// The text of an OpenSSH or PEM private key without a passphrase. Never printed.
#[derive(Clone)]
pub struct PrivateKey(Arc<str>);

impl PrivateKey {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How long each part may take; absolute, however busy the other side keeps the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name look-up and TCP, over all addresses of the name. 10 s.
    pub connect: Duration,
    /// Banner, key exchange and signing in. 10 s.
    pub handshake: Duration,
    /// One script, from opening its session to its end; what callers pass to `Client::run`. 20 s.
    pub exec: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), handshake: Duration::from_secs(10), exec: Duration::from_secs(20) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_key_is_not_printed() {
        let target =
            Target { host: "db1".into(), port: 22, user: "root".into(), private_key: PrivateKey::new("-----BEGIN"), host_key: None };
        assert_eq!(format!("{target:?}"), r#"Target { host: "db1", port: 22, user: "root", private_key: ***, host_key: None }"#);
    }
}
