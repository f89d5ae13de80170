//! The way to the servers: one authenticated connection each, kept open, over which scripts run.
//!
//! Owns dialling, host keys, signing in, quoting, running one script and knowing what became of it, each under a deadline that
//! holds whatever the other side does. Leaves to others when to connect, how often to try again, what the scripts say and what their
//! output means.

mod banner;
mod client;
mod command;
mod dial;
mod error;
mod exec;
mod host_keys;
mod target;
mod transcript;
mod wire;

pub use client::Client;
pub use command::Script;
pub(crate) use command::quote;
pub use error::{SshError, Stage};
pub use host_keys::fetch_host_key;
pub use target::{Deadlines, PrivateKey, Target};
pub use transcript::Output;
