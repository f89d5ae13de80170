//! The cookie of a session. Over TLS its name makes browsers refuse it from anyone but this very host, so that neither another
//! name of the domain nor somebody on an open network can plant one; such a one is not read either.

use axum::http::{HeaderMap, HeaderValue, header};

use super::{SECURE_SESSION_COOKIE, SESSION_COOKIE, SESSION_LASTS_MS};
use crate::perimeter::Client;

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The session that a browser sends along.
pub fn session<'h>(headers: &'h HeaderMap, client: &Client) -> Option<&'h str> {
    cookie(headers, name(client))
}

/// The cookie that carries a session. Lax, so that a link in a mail leads to the page and not to the sign-in.
pub fn session_cookie(client: &Client, token: &str) -> HeaderValue {
    value(client, token, SESSION_LASTS_MS / 1000)
}

/// The cookie that ends it.
pub fn clear_cookie(client: &Client) -> HeaderValue {
    value(client, "", 0)
}

fn value(client: &Client, token: &str, seconds: i64) -> HeaderValue {
    let secure = if client.encrypted { "; Secure" } else { "" };
    let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", name(client));
    HeaderValue::from_str(&text).unwrap_or_else(|_| unreachable!("a cookie of hexadecimal digits is a header"))
}

fn name(client: &Client) -> &'static str {
    if client.encrypted { SECURE_SESSION_COOKIE } else { SESSION_COOKIE }
}
