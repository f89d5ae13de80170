//! Whose page is asking. Browsers say it with every request that changes something and with every WebSocket; programs with a
//! token say nothing and carry nothing that a browser would add by itself.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::client::Client;
use super::settings::PublicUrl;
use crate::api::Problem;

/// How a request of another site is answered.
pub(crate) type Refuse = fn(ProtectionError) -> Response<Body>;

/// Refuses what pages of other origins, subdomains included, would change. Nothing that answers to GET changes anything.
pub(crate) fn csrf(public_url: Option<&PublicUrl>) -> anyhow::Result<CsrfLayer<Refuse>> {
    let layer = match public_url {
        Some(url) => CsrfLayer::new().add_trusted_origin(url.as_str())?,
        None => CsrfLayer::new(),
    };
    Ok(layer.with_rejection_response(refuse as Refuse))
}

/// Marks an answer, so that the outermost layer tells the trail: this one knows neither the client nor the trail.
#[derive(Clone)]
pub(super) struct CrossSite;

fn refuse(_: ProtectionError) -> Response<Body> {
    let what = "this request came from a page of another site; if a proxy changes `Host`, set `public_url`";
    let mut response = Problem::new(StatusCode::FORBIDDEN, what).into_response();
    response.extensions_mut().insert(CrossSite);
    response
}

/// Whether a WebSocket was opened by a page of this panel; clients that are no browsers say nothing.
pub fn is_same_origin(headers: &HeaderMap, client: &Client, public_url: Option<&PublicUrl>) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).into_iter();
    let Some(origin) = origins.next() else { return true };
    let Some(origin) = origin.to_str().ok().filter(|_| origins.next().is_none()) else { return false };
    if public_url.is_some_and(|url| url.as_str() == origin) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    match origin.split_once("://") {
        // A page that came in the clear may have been changed on its way: it is another origin than the encrypted one.
        Some((scheme, name)) => Some(name) == host && (scheme == "https" || (scheme == "http" && !client.encrypted)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::super::PerimeterSettings;
    use super::*;

    #[test]
    fn only_this_panel_counts_as_the_same_origin() {
        let public: PublicUrl = "https://panel.example.org".parse().unwrap();
        let asks = |origin: Option<&str>, tls: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "panel:3000".parse().unwrap());
            if tls {
                headers.insert("x-forwarded-proto", "https".parse().unwrap());
            }
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            let client = Client::of(IpAddr::from([127, 0, 0, 1]), &headers, &PerimeterSettings::default());
            is_same_origin(&headers, &client, Some(&public))
        };
        for own in [None, Some("http://panel:3000"), Some("https://panel.example.org")] {
            assert!(asks(own, false), "{own:?}");
        }
        assert!(asks(Some("https://panel:3000"), true));
        assert!(!asks(Some("http://panel:3000"), true), "the page came in the clear, the stream is encrypted");
        for other in
            ["http://panel", "http://evil.example", "https://sub.panel.example.org", "https://panel.example.org.evil.example", "null", ""]
        {
            assert!(!asks(Some(other), false), "{other}");
        }
    }
}
