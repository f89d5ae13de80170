//! One client's place in the stream. While a client keeps up, the crowd serves it; when it does not, or memory does not hold what it
//! needs, its own task does. Whoever holds the place may send, so every row goes out once and in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::model::Frame;
use axum::body::Bytes;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::audience::Audience;
use super::hub::{Hub, Mark, json};
use super::line::{Gone, Outgoing};
use super::ring::RingRow;
use super::wire;

/// Rows in one frame: large enough to catch up quickly, small enough to be on its way soon.
pub(super) const FRAME_ROWS: usize = 256;

/// A client.
pub(super) struct Seat {
    pub(super) stream: TcpStream,
    place: Mutex<Place>,
    /// Wakes the client's own task: it has something to do that cannot be done without waiting.
    pub(super) needs_care: Notify,
}

/// How far a client is.
pub(super) struct Place {
    pub(super) audience: Arc<Audience>,
    pub(super) mark: Mark,
    pub(super) outgoing: Outgoing,
    /// Whether the crowd serves it.
    pub(super) keeps_up: bool,
    /// How many changes about people there were when its viewer was asked for; `None` before that.
    pub(super) asked_at: Option<u64>,
}

/// What is next for everybody in an audience who has been told as much.
#[derive(Clone)]
pub(super) enum Step {
    /// Nothing: they have been told all.
    Stay,
    Send(Arc<News>),
    /// Rows that are not in memory.
    Read,
}

/// What there is to say, and how much who hears it has been told then.
pub(super) struct News {
    pub(super) frames: Vec<Bytes>,
    pub(super) rows: u64,
    pub(super) mark: Mark,
}

/// Steps of one round, worked out once for everybody they are for.
#[derive(Default)]
pub(super) struct Steps {
    /// By the address of an audience, which is nobody else's for as long as the audience is held here.
    by_place: HashMap<(usize, Mark), (Arc<Audience>, Step)>,
}

impl Steps {
    fn of(&mut self, hub: &Hub, audience: &Arc<Audience>, mark: Mark) -> Step {
        let key = (Arc::as_ptr(audience).addr(), mark);
        let (_, step) = self.by_place.entry(key).or_insert_with(|| (audience.clone(), next_step(hub, audience, mark)));
        step.clone()
    }
}

impl Seat {
    pub(super) fn new(stream: TcpStream, audience: Arc<Audience>, mark: Mark) -> Self {
        let place = Place { audience, mark, outgoing: Outgoing::default(), keeps_up: false, asked_at: None };
        Self { stream, place: Mutex::new(place), needs_care: Notify::new() }
    }

    pub(super) fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a client that keeps up what is new; gives how many rows that were.
    pub(super) fn tell(&self, hub: &Hub, steps: &mut Steps) -> u64 {
        let mut place = self.place();
        let mut rows = 0;
        if place.keeps_up && !place.is_current(hub) {
            // Its task hears of the change too, and asks.
            place.keeps_up = false;
        }
        while place.keeps_up {
            match steps.of(hub, &place.audience, place.mark) {
                Step::Stay => break,
                Step::Send(news) => {
                    rows += news.rows;
                    let sent = place.take(&self.stream, &news);
                    place.keeps_up = sent.is_ok() && place.outgoing.is_empty();
                }
                Step::Read => place.keeps_up = false,
            }
            if !place.keeps_up {
                self.needs_care.notify_one();
            }
        }
        rows
    }

    /// For a client that the crowd cannot tell anything.
    pub(super) fn leave_to_its_task(&self) {
        tracing::error!("a client of the stream could not be told what is new; its own task tries again");
        self.place().keeps_up = false;
        self.needs_care.notify_one();
    }
}

impl Place {
    /// Whether nothing about people has changed since its viewer was asked for.
    pub(super) fn is_current(&self, hub: &Hub) -> bool {
        self.asked_at == Some(hub.changes())
    }

    /// Says what there is to say, as far as the client takes it now.
    pub(super) fn take(&mut self, stream: &TcpStream, news: &News) -> Result<(), Gone> {
        self.mark = news.mark;
        news.frames.iter().try_for_each(|frame| self.outgoing.send(stream, frame.clone()))
    }
}

/// What an audience that has been told this much is to be told next, as far as memory knows.
pub(super) fn next_step(hub: &Hub, audience: &Audience, mark: Mark) -> Step {
    let now = hub.progress();
    if mark.has_all_of(now) {
        return Step::Stay;
    }
    let mut frames = Vec::new();
    let mut count = 0;
    let mut next = mark;
    if mark.clearings < now.clearings {
        next.clearings = now.clearings;
        let cleared = hub.cleared_since(mark.clearings, audience.scope());
        frames.extend(cleared.map(|up_to| wire::text(&json(&Frame::Cleared { up_to }))));
    }
    if mark.row < now.row {
        let Some(rows) = hub.recent(mark.row, FRAME_ROWS) else {
            // Who has the row that tells of a clearing has been told of it.
            return if frames.is_empty() { Step::Read } else { Step::Send(Arc::new(News { frames, rows: 0, mark: next })) };
        };
        // Rows that memory has and the progress does not tell of yet go along.
        let last = rows.last().map_or(now.row, RingRow::id);
        next.row = if rows.len() < FRAME_ROWS { last.max(now.row) } else { last };
        let wanted = audience.wanted(&rows);
        if !wanted.is_empty() {
            count = wanted.len() as u64;
            frames.push(wire::rows(&wanted));
        }
    }
    // A run's end comes after the row that tells of it.
    if next.row >= now.row && mark.runs < now.runs {
        let changed = hub.runs_since(mark.runs, audience.scope());
        next.runs = changed.version;
        if changed.are_all || !changed.runs.is_empty() {
            frames.push(wire::runs(&changed));
        }
    }
    Step::Send(Arc::new(News { frames, rows: count, mark: next }))
}
