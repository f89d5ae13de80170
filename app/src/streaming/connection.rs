//! The states of the connection, by the names the page shows.

use crate::model::Timestamp;

/// Where the connection to the stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Nothing follows the stream: the page is as the server rendered it, until it comes to life in a browser, if it does.
    Rendered,
    /// Asked for, nothing heard yet.
    Connecting,
    /// Rows arrive as they are written.
    Live,
    /// Lost; the next attempt is at `retry_at`.
    Waiting { failures: u32, retry_at: Timestamp, reason: Option<String> },
    /// The browser has no network; it tells when it has.
    Offline,
    /// There is no stream, or it does not come through; the panel is asked every few seconds instead.
    Polling,
    /// The session has ended; trying again would not help.
    SignedOut,
}

impl Connection {
    /// One word, also for the style sheet.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Waiting { .. } => "reconnecting",
            Self::Offline => "offline",
            Self::Polling => "polling",
            Self::SignedOut => "signed-out",
        }
    }

    /// What the page says; of what is only rendered, before the moment when it was.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Rendered => "As of",
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Waiting { .. } => "Reconnecting",
            Self::Offline => "Offline",
            Self::Polling => "Every 4 s",
            Self::SignedOut => "Signed out",
        }
    }
}
