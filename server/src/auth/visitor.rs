//! Who knocks: from where, with which browser, and with which session so far.

use axum::http::{HeaderMap, header};

use super::session;
use crate::perimeter::Client;

/// Somebody at the door.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    pub address: String,
    /// The browser in words.
    pub browser: String,
    /// The hash of the session that the browser has brought: signing in ends it.
    pub session: Option<Vec<u8>>,
}

impl Visitor {
    pub fn of(headers: &HeaderMap, client: &Client) -> Self {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self { address: client.address.to_string(), browser: browser_words(agent), session: session(headers, client).map(super::hash) }
    }
}

/// Somebody who comes without a browser.
impl From<&str> for Visitor {
    fn from(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }
}

/// `Firefox on Linux`; what it does not know it does not guess.
fn browser_words(agent: &str) -> String {
    // Each names those before it too, so the order matters.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("FxiOS", "Firefox"),
        ("Firefox/", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |marks: &[(&str, &'static str)]| marks.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, words)| *words);
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(words), None) | (None, Some(words)) => words.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux")]
    #[case(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0",
        "Edge on Windows"
    )]
    #[case(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Safari on iPhone"
    )]
    #[case(
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "Chrome on Android"
    )]
    #[case("curl/8.5.0", "curl")]
    #[case("", "Unknown browser")]
    fn browsers_are_told_in_words(#[case] agent: &str, #[case] words: &str) {
        assert_eq!(browser_words(agent), words);
    }
}
