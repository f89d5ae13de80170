//! The panel as a sender sees it: one address, one token, an answer or none.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A panel that takes longer is tried again later.
const DEADLINE: Duration = Duration::from_secs(10);

/// The longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Whom runs are reported to: a panel and a schedule there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whom {
    pub url: String,
    pub schedule: i64,
}

/// Reads whom to report to; the error says what is missing or wrong.
pub fn whom(url: Option<&str>, schedule: Option<&str>) -> Result<Whom, String> {
    let url = url.ok_or("no panel is named: give --url or TAILBACK_URL")?;
    let schedule = schedule.ok_or("no schedule is named: give --schedule or TAILBACK_SCHEDULE")?;
    let schedule = schedule.trim().parse().map_err(|_| format!("{schedule:?} is no schedule: expected its id, a number"))?;
    Ok(Whom { url: checked_url(url)?, schedule })
}

/// A panel's address. What carries a password is refused, since it would be written down.
pub fn checked_url(url: &str) -> Result<String, String> {
    let url = url.trim().trim_end_matches('/');
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let clean = !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['@', '?', '#', ' ']) && !rest.chars().any(char::is_control);
    if clean { Ok(url.to_owned()) } else { Err("the panel's URL cannot be used: expected http:// or https:// and its name".to_owned()) }
}

/// From the file, or the environment. There is no flag for the token itself: it would be in the process list.
pub fn read_token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let text = match file {
        Some(path) => Some(std::fs::read_to_string(path).with_context(|| format!("read the token file {}", path.display()))?),
        None => std::env::var("TAILBACK_TOKEN").ok(),
    };
    let token = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
        anyhow::bail!("the token cannot be used: it is not one word");
    }
    Ok(token)
}

/// What the panel made of a report.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Taken {
        /// Somebody wants the run to stop.
        stop: bool,
    },
    /// Another run of the schedule is going on.
    Overlap(String),
    /// There is nothing that the report could be about.
    Unknown(String),
    /// It will not be taken, but another may be.
    Unfit(String),
    /// No report of this sender will be taken until somebody changes something.
    Refused(String),
    /// The panel did not answer, or not for now.
    Away(String),
}

/// A way to the panel.
pub struct Panel {
    agent: Agent,
    url: String,
    token: Option<String>,
}

impl Panel {
    pub fn new(url: &str, token: Option<String>) -> Self {
        let mut config = Agent::config_builder().timeout_global(Some(DEADLINE)).http_status_as_error(false).max_redirects(0);
        if url.starts_with("https://") {
            config = config.tls_config(tls());
        }
        let agent = config.user_agent(concat!("tailback/", env!("CARGO_PKG_VERSION"))).build().into();
        Self { agent, url: format!("{url}/api/v1/ingest/runs"), token }
    }

    /// Sends a report. Waits ten seconds at most.
    pub(super) fn send(&self, report: &str) -> Reply {
        let Some(token) = &self.token else {
            return Reply::Refused("there is no token: give --token-file or TAILBACK_TOKEN".to_owned());
        };
        let sent = self
            .agent
            .post(&self.url)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .send(report);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(cause) => return Reply::Away(cause.to_string()),
        };
        let status = answer.status().as_u16();
        match answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string() {
            Ok(body) => reply(status, &body),
            Err(cause) => Reply::Away(cause.to_string()),
        }
    }
}

/// What an answer may hold; a problem holds a detail.
#[derive(Default, Deserialize)]
struct Body {
    run: Option<String>,
    #[serde(default)]
    stop: bool,
    detail: Option<String>,
}

fn reply(status: u16, body: &str) -> Reply {
    let read = serde_json::from_str::<Body>(body);
    let understood = read.is_ok();
    let Body { run, stop, detail } = read.unwrap_or_default();
    let said = match detail {
        Some(detail) => format!("{status}, {detail}"),
        None => status.to_string(),
    };
    match status {
        200 | 201 if understood && run.is_some() => Reply::Taken { stop },
        // A proxy or another server: not the panel's word.
        200..=299 => Reply::Refused(format!("what answers ({status}) is no Tailback panel")),
        400 | 413 | 422 => Reply::Unfit(said),
        404 => Reply::Unknown(said),
        409 => run.map_or(Reply::Refused(said), Reply::Overlap),
        408 | 425 | 429 | 500.. => Reply::Away(said),
        _ => Reply::Refused(said),
    }
}

/// The system's certificates, and ring.
fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    let roots: Vec<_> = found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://panel.example/", Ok("https://panel.example"))]
    #[case("http://127.0.0.1:3000/below", Ok("http://127.0.0.1:3000/below"))]
    #[case("panel.example", Err(()))]
    #[case("https://", Err(()))]
    #[case("https://me:secret@panel.example", Err(()))]
    #[case("ftp://panel.example", Err(()))]
    fn an_address_is_checked(#[case] url: &str, #[case] expected: Result<&str, ()>) {
        assert_eq!(checked_url(url).map_err(drop), expected.map(str::to_owned));
    }

    #[test]
    fn an_answer_says_what_to_do() {
        let taken = r#"{"run":"01KAMZ3V7S9B3J1Q6Y1C2D3E4F","state":"canceling","stop":true}"#;
        assert_eq!(reply(200, taken), Reply::Taken { stop: true });
        assert!(matches!(reply(200, "<html>"), Reply::Refused(_)));
        assert_eq!(reply(409, r#"{"detail":"x","run":"R"}"#), Reply::Overlap("R".to_owned()));
        assert_eq!(reply(409, r#"{"detail":"x"}"#), Reply::Refused("409, x".to_owned()));
        for status in [301, 401, 403] {
            assert!(matches!(reply(status, ""), Reply::Refused(_)), "{status}");
        }
        for status in [408, 429, 500, 503] {
            assert!(matches!(reply(status, "busy"), Reply::Away(_)), "{status}");
        }
    }
}
