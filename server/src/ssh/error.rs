//! Why a connection or a script failed, and what the caller may conclude from it.

use std::fmt;
use std::io;

use app::model::HostKey;
use thiserror::Error;

/// How far a connection or a script had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Resolve,
    Connect,
    Banner,
    Handshake,
    Authentication,
    /// Opening a session and starting the shell for one script.
    Open,
    /// Sending the script; it cannot have run, the shell has not seen its end.
    Send,
    /// From before the last bytes of the script went out until its session was closed.
    Answer,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "look up the host name",
            Self::Connect => "connect",
            Self::Banner => "get an SSH greeting",
            Self::Handshake => "exchange keys",
            Self::Authentication => "sign in",
            Self::Open => "open a session",
            Self::Send => "send the script",
            Self::Answer => "finish the script",
        })
    }
}

/// Messages fit after "failed to"; sources are exposed, not printed.
#[derive(Debug, Error)]
pub enum SshError {
    #[error("look up the host name")]
    Resolve { source: io::Error },
    #[error("connect: nothing listens on that port")]
    Refused,
    #[error("reach the server")]
    Unreachable { source: io::Error },
    #[error("{stage} in time")]
    TimedOut { stage: Stage },
    /// Something answered that is not SSH; `said` is its first line, cleaned and cut.
    #[error("find an SSH server: the other side says {said:?}")]
    NotSsh { said: String },
    #[error("agree on encryption with the server")]
    Handshake { source: ssh2::Error },
    #[error("trust the server: its host key {offered} is not pinned")]
    HostKeyUnknown { offered: HostKey },
    #[error("trust the server: its host key is {offered}, pinned is {pinned}")]
    HostKeyChanged { pinned: HostKey, offered: HostKey },
    #[error("sign in: the server does not accept this user with this key")]
    Authentication,
    /// No key in a form that libssh2 reads, or one with a passphrase, or of a kind that the server does not speak.
    #[error("use the private key")]
    PrivateKey { source: ssh2::Error },
    /// The server speaks SSH but does not let this account start a shell (now).
    #[error("open a session: the server refuses")]
    Denied { source: ssh2::Error },
    #[error("{stage}: the connection was lost")]
    Lost { stage: Stage, source: Option<io::Error> },
    /// The account's login shell ended in order but never handed over to `/bin/sh`; `said` is its first line, cleaned and cut.
    #[error("start /bin/sh on the server: the login shell says {said:?}")]
    NoShell { said: String },
    /// The script began, but no trustworthy status came: its shell was killed or the session ended out of order.
    #[error("learn how the script ended")]
    Incomplete,
    #[error("read the output of the script: there is too much of it")]
    TooMuchOutput,
    #[error("quote an argument: it contains a NUL")]
    BadArgument,
    /// This machine lacks something: a thread, a descriptor, randomness.
    #[error("set up a connection on this machine")]
    Local { source: io::Error },
}

impl SshError {
    /// The server could not be worked with, as opposed to a wrong use of it or a shortage on this machine.
    pub fn is_connection(&self) -> bool {
        !matches!(self, Self::TooMuchOutput | Self::BadArgument | Self::Local { .. })
    }

    /// The script had been sent when this happened: whether it ran, and how far, is unknown. False is a promise that it did not.
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::TimedOut { stage } | Self::Lost { stage, .. } => *stage == Stage::Answer,
            Self::NoShell { .. } | Self::Incomplete | Self::TooMuchOutput => true,
            Self::Resolve { .. }
            | Self::Refused
            | Self::Unreachable { .. }
            | Self::NotSsh { .. }
            | Self::Handshake { .. }
            | Self::HostKeyUnknown { .. }
            | Self::HostKeyChanged { .. }
            | Self::Authentication
            | Self::PrivateKey { .. }
            | Self::Denied { .. }
            | Self::BadArgument
            | Self::Local { .. } => false,
        }
    }

    /// What a failed libssh2 call means at `stage`. The numbers are libssh2's `LIBSSH2_ERROR_…`, part of its ABI.
    pub(super) fn from_ssh2(stage: Stage, source: ssh2::Error) -> Self {
        const TIMEOUT: i32 = -9;
        const SOCKET_TIMEOUT: i32 = -30;
        const SOCKET_SEND: i32 = -7;
        const SOCKET_DISCONNECT: i32 = -13;
        const SOCKET_RECV: i32 = -43;
        const BAD_SOCKET: i32 = -45;
        const FILE: i32 = -16;
        const METHOD_NONE: i32 = -17;
        const METHOD_NOT_SUPPORTED: i32 = -33;
        const ALGO_UNSUPPORTED: i32 = -51;
        const AUTHENTICATION_FAILED: i32 = -18;
        const PUBLICKEY_UNVERIFIED: i32 = -19;
        const CHANNEL_FAILURE: i32 = -21;
        const CHANNEL_REQUEST_DENIED: i32 = -22;

        let ssh2::ErrorCode::Session(code) = source.code() else { return Self::Lost { stage, source: Some(source.into()) } };
        match (stage, code) {
            (_, TIMEOUT | SOCKET_TIMEOUT) => Self::TimedOut { stage },
            (_, SOCKET_SEND | SOCKET_DISCONNECT | SOCKET_RECV | BAD_SOCKET) => Self::Lost { stage, source: Some(source.into()) },
            (Stage::Handshake, _) => Self::Handshake { source },
            (Stage::Authentication, AUTHENTICATION_FAILED | PUBLICKEY_UNVERIFIED) => Self::Authentication,
            (Stage::Authentication, FILE | METHOD_NONE | METHOD_NOT_SUPPORTED | ALGO_UNSUPPORTED) => Self::PrivateKey { source },
            (Stage::Open, CHANNEL_FAILURE | CHANNEL_REQUEST_DENIED) => Self::Denied { source },
            _ => Self::Lost { stage, source: Some(source.into()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happens_after_the_last_byte_of_the_script_may_have_run() {
        for stage in [Stage::Resolve, Stage::Connect, Stage::Banner, Stage::Handshake, Stage::Authentication, Stage::Open, Stage::Send] {
            assert!(!SshError::TimedOut { stage }.may_have_run(), "{stage}");
            assert!(!SshError::Lost { stage, source: None }.may_have_run(), "{stage}");
        }
        assert!(SshError::TimedOut { stage: Stage::Answer }.may_have_run());
        assert!(SshError::Incomplete.may_have_run());
        assert!(!SshError::BadArgument.may_have_run());
    }

    #[test]
    fn messages_fit_after_failed_to() {
        assert_eq!(SshError::TimedOut { stage: Stage::Answer }.to_string(), "finish the script in time");
        assert_eq!(SshError::Lost { stage: Stage::Send, source: None }.to_string(), "send the script: the connection was lost");
    }
}
