//! One client from hello to goodbye. Its own task asks whether it may still listen, hears what it says, and catches up for it: what has
//! left the hub's memory is read from the database. Once it has caught up, the crowd tells it what is new.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use app::model::{Frame, LogFilter, Viewer};
use axum::body::Bytes;
use socket2::SockRef;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::boards::Lookout;
use super::ending::End;
use super::hub::{Hub, Mark, json};
use super::line::{Gone, Heard, Incoming};
use super::seat::{Seat, Step, next_step};
use super::upgrade::Upgraded;
use super::{history, wire};
use crate::auth::rights_of;
use crate::random;
use crate::store::{StoreError, clearing, log, runs};

const PING_EVERY: Duration = Duration::from_secs(20);

/// How often a page is told that the stream is there: until it misses that, it calls itself live.
const TELL_PAGE_EVERY: Duration = Duration::from_secs(10);

/// A client that says nothing for this long, not even an answer to a ping, is gone.
const SILENCE: Duration = Duration::from_mins(1);

/// A client that takes nothing for this long is let go; it loses nothing, since it resumes from its last id.
const TAKE_WITHIN: Duration = Duration::from_mins(1);

/// How soon a stream ends or narrows after another process may have changed what its viewer may see. Thousands of streams do not ask
/// at the same moment.
const ASK_WITHIN: Duration = Duration::from_secs(4);

/// How soon a stream ends after the session or the token behind it has expired.
const ASK_EVERY: Duration = Duration::from_mins(1);

/// For a client to hear why the stream ends.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the kernel keeps for a client that does not read (it takes twice that): a frame and more.
const SEND_BUFFER: usize = 128 * 1024;

/// What a client asked for.
pub struct StreamRequest {
    pub viewer: Viewer,
    pub filter: LogFilter,
    /// The last id the client has; `None` for new rows only.
    pub after: Option<i64>,
    /// For Monitor, which is told of more than rows and runs.
    pub board: Option<Lookout>,
}

/// Asks whether the viewer may still see the stream, and as whom.
pub(super) type StillAllowed = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Option<Viewer>, StoreError>> + Send>> + Send + Sync>;

/// What the viewer may see, as it changes.
pub struct Standing {
    pub allowed: StillAllowed,
    /// Grows when this process changes something about people: until it has been asked again, a stream says nothing.
    pub changes: watch::Receiver<u64>,
}

/// A client's own task.
struct Connection {
    hub: Arc<Hub>,
    seat: Arc<Seat>,
    viewer: Viewer,
    filter: LogFilter,
    incoming: Incoming,
    /// When the client last showed that it is there.
    heard_at: Instant,
    /// Since when the client takes nothing of what it was sent.
    blocked_since: Option<Instant>,
    /// Whether it is a page that shows more than rows and runs.
    is_page: bool,
    /// A ping to answer once the client has taken what it was sent.
    owed: Option<Vec<u8>>,
}

/// What is left to do after a step.
enum After {
    /// Nothing: the crowd goes on.
    KeepsUp,
    /// Another step.
    More,
    /// The client must take what it was sent first.
    Blocked,
}

/// Speaks to one client until either side ends it.
pub async fn serve(upgraded: Upgraded, hub: Arc<Hub>, request: StreamRequest, standing: Standing, stop: CancellationToken) {
    let Upgraded { stream, early } = upgraded;
    // Without it the kernel keeps more for a client that does not read, nothing worse.
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER).ok();
    let StreamRequest { viewer, filter, after, board } = request;
    let audience = hub.audiences().of(&viewer.scope, &filter);
    let seat = Arc::new(Seat::new(stream, audience, hub.progress()));
    let member = hub.admit(seat.clone());
    let now = Instant::now();
    let mut connection = Connection {
        hub,
        seat,
        viewer,
        filter,
        incoming: Incoming::new(&early),
        heard_at: now,
        blocked_since: None,
        is_page: board.is_some(),
        owed: None,
    };
    let end = tokio::select! {
        biased;
        () = stop.cancelled() => End::Stopping,
        end = connection.follow(standing, after, board) => end,
    };
    connection.seat.place().keeps_up = false;
    drop(member);
    if let End::Store(cause) = &end {
        tracing::warn!(error = cause as &dyn std::error::Error, "stream ended: could not read the trail");
    }
    let Some((code, reason)) = end.told() else { return };
    let told = reason.map(|reason| wire::text(&json(&Frame::Bye { reason: reason.to_owned() })));
    // A courtesy to a client that may be gone.
    let _heard = timeout(GOODBYE, Box::pin(connection.say_goodbye(told, wire::close(code, reason.unwrap_or_default())))).await;
}

impl Connection {
    /// Finds the client's place and says hello.
    async fn begin(&mut self, after: Option<i64>) -> Result<(), End> {
        // What is committed is not news, although the hub may have yet to see it; an id that was never given is taken for the newest.
        let head = log::head(self.hub.database()).await?;
        let known = self.hub.progress();
        let active = runs::active(self.hub.database(), &self.viewer.scope).await?;
        let cleared = match after {
            Some(after) => {
                clearing::reached_back(&mut self.hub.database().snapshot().await?, &self.viewer.scope, after).await?.then_some(after)
            }
            None => None,
        };
        let mut place = self.seat.place();
        place.mark = Mark { row: after.map_or(head, |after| after.min(head)), ..known };
        let hello = Frame::Hello { head, build: crate::build_id(), rights: rights_of(&self.viewer) };
        place.outgoing.send(&self.seat.stream, wire::text(&json(&hello)))?;
        if let Some(up_to) = cleared {
            place.outgoing.send(&self.seat.stream, wire::text(&json(&Frame::Cleared { up_to })))?;
        }
        // A page learns from it which are over.
        if !active.is_empty() || self.is_page {
            place.outgoing.send(&self.seat.stream, wire::text(&json(&Frame::Runs { runs: active, all: self.is_page })))?;
        }
        drop(place);
        let early = self.incoming.early();
        self.take_in(early)
    }

    async fn follow(&mut self, mut standing: Standing, after: Option<i64>, mut board: Option<Lookout>) -> End {
        let seat = self.seat.clone();
        let mut doubts = self.hub.doubts();
        let ping_every = if self.is_page { TELL_PAGE_EVERY } else { PING_EVERY };
        let mut ping_at = Instant::now() + ping_every;
        let mut ask_at = Instant::now() + ASK_EVERY;
        // The viewer of the request is from before changes were listened to.
        if let Err(end) = self.ask(&mut standing).await {
            return end;
        }
        if let Err(end) = Box::pin(self.begin(after)).await {
            return end;
        }
        let mut after = After::More;
        loop {
            // A client that never stops to talk gets no more than its share of the processor.
            tokio::task::consume_budget().await;
            let outcome = tokio::select! {
                // Doubts first: a client that is far behind is asked about between two frames too.
                biased;
                // The sender lives as long as the panel.
                Ok(()) = standing.changes.changed() => self.ask(&mut standing).await.map(|()| {
                    after = After::More;
                }),
                Ok(()) = doubts.changed() => {
                    if ask_at > Instant::now() + ASK_WITHIN {
                        ask_at = Instant::now() + ASK_WITHIN.mul_f64(0.5 + random::fraction() / 2.0);
                    }
                    Ok(())
                }
                () = sleep_until(ask_at.min(ping_at)) => {
                    if ask_at <= ping_at {
                        ask_at = Instant::now() + ASK_EVERY;
                        // The crowd may have passed over the client meanwhile.
                        self.ask(&mut standing).await.map(|()| {
                            after = After::More;
                        })
                    } else {
                        ping_at = Instant::now() + ping_every;
                        self.ping()
                    }
                }
                () = Lookout::changed(&mut board), if !matches!(after, After::Blocked) => self.show(&mut board).map(|blocked| {
                    if blocked {
                        after = self.look();
                    }
                }),
                ready = seat.stream.readable() => ready.map_err(|_| End::from(Gone)).and_then(|()| self.hear()),
                ready = seat.stream.writable(), if matches!(after, After::Blocked) => match ready {
                    Ok(()) => self.flush().map(|flushed| after = flushed),
                    Err(_) => return End::Gone(Gone),
                },
                () = std::future::ready(()), if matches!(after, After::More) => self.step().await.map(|next| after = next),
                () = seat.needs_care.notified() => {
                    after = self.look();
                    Ok(())
                }
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    /// Asks what the viewer may see, and from now on shows that.
    async fn ask(&mut self, standing: &mut Standing) -> Result<(), End> {
        let asked_at = *standing.changes.borrow_and_update();
        let viewer = {
            // Pages are not to wait for thousands of streams.
            let _turn = self.hub.turn_to_ask().await;
            (standing.allowed)().await?.ok_or(End::SignedOut)?
        };
        if self.is_page && (&viewer.scope, &viewer.permissions) != (&self.viewer.scope, &self.viewer.permissions) {
            return Err(End::Outdated);
        }
        let mut place = self.seat.place();
        if viewer.scope != self.viewer.scope {
            place.audience = self.hub.audiences().of(&viewer.scope, &self.filter);
        }
        place.asked_at = Some(asked_at);
        drop(place);
        self.viewer = viewer;
        Ok(())
    }

    /// What has become of a client that did not keep up.
    fn look(&mut self) -> After {
        if self.seat.place().outgoing.is_empty() {
            return After::More;
        }
        self.blocked_since.get_or_insert_with(Instant::now);
        After::Blocked
    }

    fn flush(&mut self) -> Result<After, End> {
        let mut place = self.seat.place();
        let before = place.outgoing.bytes();
        place.outgoing.flush(&self.seat.stream)?;
        if place.outgoing.bytes() < before {
            // It takes something, however slowly.
            self.heard_at = Instant::now();
            self.blocked_since = Some(self.heard_at);
        }
        if !place.outgoing.is_empty() {
            return Ok(After::Blocked);
        }
        self.blocked_since = None;
        if let Some(payload) = self.owed.take() {
            place.outgoing.send(&self.seat.stream, wire::pong(&payload))?;
        }
        Ok(After::More)
    }

    /// Sends the next frames on the way to the end of the trail, or leaves the client to the crowd if there are none.
    async fn step(&mut self) -> Result<After, End> {
        let (audience, mark) = {
            let mut place = self.seat.place();
            if !place.outgoing.is_empty() {
                drop(place);
                return Ok(self.look());
            }
            if !place.is_current(&self.hub) {
                return Ok(After::More);
            }
            let step = next_step(&self.hub, &place.audience, place.mark);
            match step {
                Step::Stay => {
                    place.keeps_up = true;
                    // A round that went by just now has passed over this client.
                    place.keeps_up = place.mark.has_all_of(self.hub.progress());
                    return Ok(if place.keeps_up { After::KeepsUp } else { After::More });
                }
                Step::Send(news) => {
                    place.take(&self.seat.stream, &news)?;
                    self.hub.tally().note_rows(news.rows);
                    drop(place);
                    return Ok(self.look());
                }
                Step::Read => {
                    place.keeps_up = false;
                    (place.audience.clone(), place.mark)
                }
            }
        };
        // Boxed, like everything that thousands of idle clients are not doing.
        let news = Box::pin(history::read(self.hub.database(), &audience, mark)).await?;
        let mut place = self.seat.place();
        if place.is_current(&self.hub) && place.mark == mark && Arc::ptr_eq(&place.audience, &audience) {
            place.take(&self.seat.stream, &news)?;
            self.hub.tally().note_rows_from_database(news.rows);
        }
        drop(place);
        Ok(self.look())
    }

    /// Tells a page what is new at its top; gives whether it has to take something first.
    fn show(&self, board: &mut Option<Lookout>) -> Result<bool, End> {
        let Some(board) = board else { return Ok(false) };
        let mut place = self.seat.place();
        if place.outgoing.is_empty() && place.is_current(&self.hub) {
            for frame in board.news() {
                place.outgoing.send(&self.seat.stream, wire::text(&json(&frame)))?;
            }
        } else {
            board.put_off();
        }
        Ok(!place.outgoing.is_empty())
    }

    fn hear(&mut self) -> Result<(), End> {
        let heard = self.incoming.read(&self.seat.stream)?;
        self.take_in(heard)
    }

    fn take_in(&mut self, heard: Vec<Heard>) -> Result<(), End> {
        for heard in heard {
            self.heard_at = Instant::now();
            match heard {
                Heard::Close => return Err(End::Left),
                Heard::Nonsense => return Err(End::Nonsense),
                // Of several that wait, the last is answered.
                Heard::Ping(payload) if !self.seat.place().outgoing.is_empty() => self.owed = Some(payload),
                Heard::Ping(payload) => self.send(wire::pong(&payload))?,
                Heard::Sign => {}
            }
        }
        Ok(())
    }

    fn ping(&mut self) -> Result<(), End> {
        if self.heard_at.elapsed() > SILENCE || self.blocked_since.is_some_and(|since| since.elapsed() > TAKE_WITHIN) {
            return Err(Gone.into());
        }
        // Who has yet to take something shows by that whether they are there.
        if !self.seat.place().outgoing.is_empty() {
            return Ok(());
        }
        if self.is_page {
            // A browser keeps pings to itself.
            self.send(wire::text(&json(&Frame::Servers { servers: Vec::new(), removed: Vec::new(), all: false })))?;
        }
        self.send(wire::ping())
    }

    /// Sends a frame of its own, and sees to it later if the client does not take it now.
    fn send(&self, frame: Bytes) -> Result<(), End> {
        let mut place = self.seat.place();
        place.outgoing.send(&self.seat.stream, frame)?;
        if !place.outgoing.is_empty() {
            self.seat.needs_care.notify_one();
        }
        Ok(())
    }

    async fn say_goodbye(&mut self, told: Option<Bytes>, close: Bytes) -> Result<(), Gone> {
        let stream = &self.seat.stream;
        for frame in told.into_iter().chain([close]) {
            self.seat.place().outgoing.send(stream, frame)?;
        }
        while !self.seat.place().outgoing.is_empty() {
            stream.writable().await.map_err(|_| Gone)?;
            self.seat.place().outgoing.flush(stream)?;
        }
        SockRef::from(stream).shutdown(std::net::Shutdown::Write).map_err(|_| Gone)?;
        // What it still says is taken: closing over it would cut off what it was told.
        loop {
            tokio::task::consume_budget().await;
            stream.readable().await.map_err(|_| Gone)?;
            self.incoming.read(stream)?;
        }
    }
}
