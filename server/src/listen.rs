//! Accepts connections and speaks HTTP on them, with deadlines and bounds that hold before there is a request to judge: how long a
//! client may take over the head of one, how large that may be, how many connections it may have.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::perimeter::{Perimeter, Place};

/// Browsers send a tenth of it; what is longer is answered with 431.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Twice what browsers and proxies send together.
const MAX_HEADERS: usize = 96;

/// After an error that is not one connection's own, such as too many open files.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// Serves until told to stop, then waits for requests under way; who waits for this sets the deadline.
pub(crate) async fn listen(listener: TcpListener, router: Router, perimeter: Arc<Perimeter>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                // Who has too many gets no answer: there is nothing to answer yet.
                if let Some(place) = perimeter.admit_connection(peer.ip()) {
                    connections.spawn(serve(stream, peer, router.clone(), perimeter.settings.limits.header_timeout, place, stop.clone()));
                }
            }
            Err(cause) => {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not accept a connection");
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, header_timeout: Duration, place: Place, stop: CancellationToken) {
    // Small answers leave at once; without it they only come later.
    stream.set_nodelay(true).ok();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(cause) = ended {
        // Clients go away in the middle of things; that is theirs to do.
        tracing::debug!(%peer, error = &cause as &dyn std::error::Error, "a connection broke off");
    }
    drop(place);
}
