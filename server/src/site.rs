//! The built site inside the binary: WASM, its glue, styles and icons, each also as Brotli.

use std::borrow::Cow;
use std::sync::LazyLock;

use app::site::Assets;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};
use serde::Deserialize;

/// What `make` has built; empty in a build without it, whose pages then work as they do without scripts.
#[derive(Embed)]
#[folder = "$TAILBACK_SITE_DIR"]
#[allow_missing = true]
struct Site;

/// Where the page finds what it loads; the names carry hashes of the content.
#[derive(Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
    css: String,
    keys: String,
    document: String,
}

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let built = Site::get("manifest.json").and_then(|file| serde_json::from_slice(&file.data).ok());
    built.unwrap_or_else(|| {
        let missing = |ending: &str| format!("/pkg/not-built.{ending}");
        Manifest {
            js: missing("js"),
            wasm: missing("wasm"),
            css: missing("css"),
            keys: missing("keys.js"),
            document: missing("document.js"),
        }
    })
});

/// The paths for the page.
pub fn assets() -> Assets {
    Assets {
        js: MANIFEST.js.clone(),
        wasm: MANIFEST.wasm.clone(),
        css: MANIFEST.css.clone(),
        keys: MANIFEST.keys.clone(),
        document: MANIFEST.document.clone(),
    }
}

/// Names the build that is running: the hash in the name of its WASM.
pub fn build_id() -> String {
    let name = MANIFEST.wasm.rsplit('/').next().unwrap_or_default();
    let id = name.trim_start_matches("tailback-").trim_end_matches(".wasm");
    format!("{}-{id}", env!("CARGO_PKG_VERSION"))
}

/// Whether the site was built in.
pub fn is_built() -> bool {
    Site::get("manifest.json").is_some()
}

/// Whether a path belongs to the site and is no page.
pub fn is_asset(path: &str) -> bool {
    path.starts_with("/pkg/") || (path.len() > 1 && path != "/manifest.json" && Site::get(&path[1..]).is_some())
}

/// Answers a request for a file of the site.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    let name = path.trim_start_matches('/');
    let takes_brotli = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim().split(';').next() == Some("br")));
    let packed = if takes_brotli { Site::get(&format!("{name}.br")) } else { None };
    let encoded = packed.is_some();
    let Some(file) = packed.or_else(|| Site::get(name)).filter(|_| name != "manifest.json" && is_servable(name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    answer(path, name, file, encoded)
}

fn is_servable(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|ending| ending != "br")
}

fn answer(path: &str, name: &str, file: EmbeddedFile, encoded: bool) -> Response {
    // Hashed names never change their content; the others are asked for again after an hour.
    let keep = if path.starts_with("/pkg/") { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
