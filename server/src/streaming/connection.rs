//! One WebSocket: hello, then every row in the viewer's scope and filter exactly once, in order, however slowly the client
//! reads. What has left the hub's memory is read from the database.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use app::model::{Frame, LogFilter, Viewer};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::hub::{Hub, json};
use super::ring::RingRow;
use crate::store::{Selection, StoreError, log, log_pages, runs};

/// Rows in one frame: large enough to catch up quickly, small enough to be on its way soon.
const FRAME_ROWS: usize = 256;

const PING_EVERY: Duration = Duration::from_secs(20);

/// A client that answers no ping for this long is gone.
const SILENCE: Duration = Duration::from_mins(1);

/// A client that takes no frame for this long is let go; it loses nothing, since it resumes from its last id.
const SEND_WITHIN: Duration = Duration::from_mins(1);

/// How soon a stream ends or narrows after another process has changed what its viewer may see.
const ASK_AGAIN: Duration = Duration::from_secs(4);

/// What a client asked for.
pub struct StreamRequest {
    pub viewer: Viewer,
    pub filter: LogFilter,
    /// The last id the client has; `None` for new rows only.
    pub after: Option<i64>,
}

/// Asks whether the viewer may still see the stream, and as whom.
pub(super) type StillAllowed = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Option<Viewer>> + Send>> + Send + Sync>;

/// What the viewer may see, as it changes.
pub struct Standing {
    pub allowed: StillAllowed,
    /// Tells when to ask before the time has come: something about people was changed by this process.
    pub changes: watch::Receiver<u64>,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the client went away")]
    ClientGone,
    #[error("the panel is stopping")]
    Stopping,
    #[error("signed out")]
    SignedOut,
    #[error("read the trail")]
    Store(#[from] StoreError),
}

/// One client's place in the stream.
pub struct Connection {
    hub: Arc<Hub>,
    request: StreamRequest,
    /// Every row up to here has been sent or does not concern this client.
    cursor: i64,
    runs_version: u64,
    clearings: u64,
}

/// Speaks to one client until either side ends it.
pub async fn serve(mut socket: WebSocket, hub: Arc<Hub>, request: StreamRequest, standing: Standing, stop: CancellationToken) {
    let mut progress = hub.watch();
    let now = *progress.borrow_and_update();
    let mut connection = Connection { hub, request, cursor: now.head, runs_version: now.runs_version, clearings: now.clearings };
    let end = match connection.begin(&mut socket).await {
        Ok(()) => connection.follow(&mut socket, progress, standing, stop).await,
        Err(end) => end,
    };
    let (code, reason) = match &end {
        End::ClientGone => return,
        End::Stopping => (close_code::RESTART, "restarting"),
        End::SignedOut => (close_code::POLICY, "signed out"),
        End::Store(cause) => {
            tracing::warn!(error = cause as &dyn std::error::Error, "stream ended: could not read the trail");
            (close_code::AGAIN, "the trail could not be read; try again")
        }
    };
    // Both are courtesies to a client that may be gone.
    let _told = send(&mut socket, json(&Frame::Bye { reason: reason.to_owned() })).await;
    let _closed = timeout(Duration::from_secs(2), socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() })))).await;
}

impl Connection {
    /// Finds the client's place and says hello.
    async fn begin(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        // What is committed is not news, although the hub may have yet to see it; an id that was never given is taken for the newest.
        let head = log::head(self.hub.database()).await?;
        self.cursor = self.request.after.map_or(head, |after| after.min(head));
        send(socket, json(&Frame::Hello { head, build: crate::build_id() })).await?;
        let active = runs::active(self.hub.database(), &self.request.viewer.scope).await?;
        if !active.is_empty() {
            send(socket, json(&Frame::Runs { runs: active })).await?;
        }
        Ok(())
    }

    async fn follow(
        &mut self,
        socket: &mut WebSocket,
        mut progress: watch::Receiver<super::hub::Progress>,
        Standing { allowed, mut changes }: Standing,
        stop: CancellationToken,
    ) -> End {
        let mut ping = interval(PING_EVERY);
        let mut ask = interval(ASK_AGAIN);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        progress.mark_changed();
        loop {
            tokio::select! {
                // Doubts first: a client that is far behind is asked about between two frames too.
                biased;
                () = stop.cancelled() => return End::Stopping,
                () = next_doubt(&mut ask, &mut changes) => match allowed().await {
                    Some(viewer) => self.request.viewer = viewer,
                    None => return End::SignedOut,
                },
                message = socket.recv() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::ClientGone,
                    Some(Ok(_)) => heard = Instant::now(),
                },
                _ = ping.tick() => {
                    let sent = timeout(SEND_WITHIN, socket.send(Message::Ping(Vec::new().into()))).await;
                    if heard.elapsed() > SILENCE || !matches!(sent, Ok(Ok(()))) {
                        return End::ClientGone;
                    }
                }
                changed = progress.changed() => {
                    if changed.is_err() {
                        return End::Stopping;
                    }
                    let now = *progress.borrow_and_update();
                    if let Err(end) = self.tell_of_clearing(socket, now).await {
                        return end;
                    }
                    if let Err(end) = self.pump(socket, now.head).await {
                        return end;
                    }
                    if self.cursor < now.head {
                        progress.mark_changed();
                    }
                }
            }
        }
    }

    async fn tell_of_clearing(&mut self, socket: &mut WebSocket, now: super::hub::Progress) -> Result<(), End> {
        if now.clearings == self.clearings {
            return Ok(());
        }
        self.clearings = now.clearings;
        send(socket, json(&Frame::Cleared { up_to: now.cleared_up_to })).await
    }

    /// Sends the next frame on the way to `head`, and what changed of the runs.
    async fn pump(&mut self, socket: &mut WebSocket, head: i64) -> Result<(), End> {
        if self.cursor < head {
            let (rows, up_to) = match self.hub.recent(self.cursor, FRAME_ROWS) {
                Some(rows) => self.wanted(&rows, head),
                None => self.read(head).await?,
            };
            if !rows.is_empty() {
                send(socket, rows_frame(&rows)).await?;
            }
            self.cursor = up_to;
            if up_to < head {
                return Ok(());
            }
        }
        let (version, changed) = self.hub.runs_since(self.runs_version, &self.request.viewer.scope);
        if !changed.is_empty() {
            let runs = changed.iter().map(|run| json(&**run)).collect::<Vec<_>>().join(",");
            send(socket, format!(r#"{{"kind":"runs","runs":[{runs}]}}"#)).await?;
        }
        self.runs_version = version;
        Ok(())
    }

    /// Of rows in memory, those that concern this client, and how far they reach.
    fn wanted(&self, rows: &[RingRow], head: i64) -> (Vec<Arc<str>>, i64) {
        let up_to = if rows.len() < FRAME_ROWS { rows.last().map_or(head, |row| row.id().max(head)) } else { rows[rows.len() - 1].id() };
        let selection = self.selection();
        (rows.iter().filter(|row| row.concerns(selection)).map(|row| row.json.clone()).collect(), up_to)
    }

    /// The same from the database.
    async fn read(&self, head: i64) -> Result<(Vec<Arc<str>>, i64), End> {
        let limit = u32::try_from(FRAME_ROWS).unwrap_or(u32::MAX);
        let rows = log_pages::following(self.hub.database(), self.selection(), self.cursor, limit).await?;
        let up_to =
            if rows.len() < FRAME_ROWS { rows.last().map_or(head, |row| row.entry.id.max(head)) } else { rows[rows.len() - 1].entry.id };
        Ok((rows.iter().map(|row| json(&row.entry).into()).collect(), up_to))
    }

    fn selection(&self) -> Selection<'_> {
        let StreamRequest { viewer, filter, .. } = &self.request;
        Selection { scope: &viewer.scope, filter, zone: self.hub.zone() }
    }
}

/// Waits until it is time to ask again what the viewer may see.
async fn next_doubt(ask: &mut Interval, changes: &mut watch::Receiver<u64>) {
    tokio::select! {
        _ = ask.tick() => {}
        // The sender lives as long as the panel.
        Ok(()) = changes.changed() => {}
    }
}

fn rows_frame(rows: &[Arc<str>]) -> String {
    let mut frame = String::with_capacity(32 + rows.iter().map(|row| row.len() + 1).sum::<usize>());
    frame.push_str(r#"{"kind":"rows","rows":["#);
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            frame.push(',');
        }
        frame.push_str(row);
    }
    frame.push_str("]}");
    frame
}

async fn send(socket: &mut WebSocket, text: String) -> Result<(), End> {
    match timeout(SEND_WITHIN, socket.send(Message::Text(text.into()))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::ClientGone),
    }
}
