//! One WebSocket to a panel.

use std::sync::Arc;
use std::time::Duration;

use app::model::Frame;
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

/// A panel that does not answer is tried again.
const OPENING: Duration = Duration::from_secs(15);

/// The panel pings every 20 s; silence for longer than two of them is a cut that nobody has told us of.
const SILENCE: Duration = Duration::from_secs(50);

pub(super) struct Stream {
    url: String,
    token: String,
    query: String,
}

/// Why there is no stream.
pub(super) enum Lost {
    /// It will not be there later either.
    Refused(String),
    Away(String),
}

/// What the panel says, in order.
pub(super) struct Frames(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// The part of a problem that is for people.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Stream {
    pub(super) fn new(url: &str, token: String, query: String) -> Self {
        // `http` becomes `ws`, `https` becomes `wss`.
        Self { url: url.replacen("http", "ws", 1), token, query }
    }

    pub(super) async fn open(&self, after: Option<i64>) -> Result<Frames, Lost> {
        let mut query = self.query.clone();
        if let Some(after) = after {
            query = form_urlencoded::Serializer::new(query).append_pair("after", &after.to_string()).finish();
        }
        let refused = |cause: Error| Lost::Refused(format!("the panel cannot be asked: {cause}"));
        let mut request = format!("{}/api/v1/logs/stream?{query}", self.url).into_client_request().map_err(refused)?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token));
        let bearer = bearer.map_err(|_| Lost::Refused("the token cannot be used: it is not one word".to_owned()))?;
        request.headers_mut().insert("authorization", bearer);
        let connector = self.url.starts_with("wss://").then(tls).transpose()?;
        let opening = connect_async_tls_with_config(request, None, true, connector);
        match timeout(OPENING, opening).await {
            Ok(Ok((socket, _))) => Ok(Frames(socket)),
            Ok(Err(Error::Http(answer))) => {
                let status = answer.status().as_u16();
                let detail = answer.body().as_deref().and_then(|body| serde_json::from_slice::<Problem>(body).ok()).map(|said| said.detail);
                let why = format!("the panel answers {status}: {}", crate::audit::clean_line(&detail.unwrap_or_default()));
                Err(if matches!(status, 408 | 425 | 429 | 500..) { Lost::Away(why) } else { Lost::Refused(why) })
            }
            Ok(Err(cause)) => Err(Lost::Away(format!("cannot reach the panel: {cause}"))),
            Err(_) => Err(Lost::Away("the panel does not answer".to_owned())),
        }
    }
}

impl Frames {
    /// The next frame, or why there is none.
    pub(super) async fn next(&mut self) -> Result<Frame, String> {
        loop {
            let message = match timeout(SILENCE, self.0.next()).await {
                Err(_) => return Err("the panel has fallen silent".to_owned()),
                Ok(None) => return Err("the connection was closed".to_owned()),
                Ok(Some(Err(cause))) => return Err(format!("the connection was cut: {cause}")),
                Ok(Some(Ok(message))) => message,
            };
            match message {
                Message::Text(text) => {
                    return serde_json::from_str(&text).map_err(|cause| format!("the panel said something odd: {cause}"));
                }
                Message::Close(_) => return Err("the panel closed the stream".to_owned()),
                // Pings are answered by the library, when the next message is read.
                _ => {}
            }
        }
    }
}

/// The system's certificates, and ring.
fn tls() -> Result<Connector, Lost> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| Lost::Refused(format!("TLS cannot be used: {cause}")))?;
    Ok(Connector::Rustls(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}
