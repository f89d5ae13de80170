//! From a request to a WebSocket (RFC 6455, section 4.2), on the bare connection: many clients are spoken to by one task, for which
//! each must be a socket and not a task with buffers of its own.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Why a request does not become a WebSocket.
#[derive(Debug, thiserror::Error)]
pub enum NotUpgraded {
    #[error("this is a WebSocket: send Connection: upgrade and Upgrade: websocket")]
    NotAsked,
    #[error("Sec-WebSocket-Version must be 13")]
    Version,
    #[error("Sec-WebSocket-Key is missing")]
    Key,
}

/// A connection that has stopped to be HTTP.
pub struct Upgraded {
    pub(super) stream: TcpStream,
    /// What came behind the request.
    pub(super) early: Vec<u8>,
}

/// Says yes to a client; the connection follows when it has heard that.
pub fn upgrade(parts: &mut Parts) -> Result<(Response, OnUpgrade), NotUpgraded> {
    let headers = &parts.headers;
    if !lists(headers, &header::CONNECTION, "upgrade") || !lists(headers, &header::UPGRADE, "websocket") {
        return Err(NotUpgraded::NotAsked);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(NotUpgraded::Version);
    }
    let accept = derive_accept_key(headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NotUpgraded::Key)?.as_bytes());
    let connection = parts.extensions.remove().ok_or(NotUpgraded::NotAsked)?;
    let said = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_ACCEPT, accept.as_str())];
    Ok(((StatusCode::SWITCHING_PROTOCOLS, said).into_response(), connection))
}

/// The connection, once the client has been told.
pub async fn upgraded(connection: OnUpgrade) -> Option<Upgraded> {
    match connection.await.map(hyper::upgrade::Upgraded::downcast::<TokioIo<TcpStream>>) {
        Ok(Ok(parts)) => Some(Upgraded { stream: parts.io.into_inner(), early: parts.read_buf.to_vec() }),
        Ok(Err(_)) => {
            tracing::error!("a stream was asked for over something that is not a plain connection");
            None
        }
        // It went away before it heard.
        Err(_) => None,
    }
}

/// Whether a header is a list that has this word.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}
