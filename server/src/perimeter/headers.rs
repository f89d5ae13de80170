//! What every answer carries, so that a browser does no more with it than it should.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use leptos::nonce::Nonce;

use super::client::Client;

/// With the end of a session, so that nothing of it stays in the browser.
pub const CLEAR_SITE_DATA: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));

/// What no page of the panel ever needs. Only features that all browsers know: others make them complain.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Answers that are no pages load nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A script has a policy of its own where it is the service worker: it asks this panel and nobody else.
const SCRIPT: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The one script that a service worker keeps, in a page without a nonce: it looks whether the panel answers again.
const OFFLINE_SCRIPT: &str = "'sha256-AAX2zxl99tHRRevNhIZim/DYMtf3hIuv2LrkW1dCc3s='";

/// A year. Other names of the domain are not ours to speak for.
const HSTS: &str = "max-age=31536000";

/// Puts them onto an answer.
pub(super) fn secure(headers: &mut HeaderMap, client: &Client, nonce: &Nonce) {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let policy = if kind.starts_with(b"text/html") {
        page_policy(nonce)
    } else {
        HeaderValue::from_static(if kind.starts_with(b"text/javascript") { SCRIPT } else { NOTHING })
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Over TLS only: a browser ignores it otherwise, and a name may serve other things in the clear.
    if client.encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Scripts run if they carry this answer's nonce, or are loaded by one that does; WebAssembly may be compiled, text may not.
fn page_policy(nonce: &Nonce) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' {OFFLINE_SCRIPT} 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| unreachable!("a nonce is base64"))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_script_of_the_offline_page_may_run() {
        let page = include_str!("../../../public/offline.html");
        let (_, rest) = page.split_once("<script>").unwrap();
        let (script, _) = rest.split_once("</script>").unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
        assert_eq!(OFFLINE_SCRIPT, format!("'sha256-{hash}'"));
    }
}
