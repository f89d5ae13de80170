//! Keeps Monitor current: follows the stream and resumes it after a break. When to do what is decided in [`super::rhythm`] and
//! [`super::attempts`]. Everything here runs in the browser only.

mod asking;
mod badge;

use leptos::prelude::*;

use super::absence::{Absence, more_follows};
use super::attempts::{Attempts, Failure};
use super::backoff::wait_millis;
use super::drawing::Drawing;
use super::live::{Live, change};
use super::reloading::{OUTDATED_EVERY_MILLIS, WRONG_EVERY_MILLIS, may_reload, reload};
use super::rereading::Rereading;
use super::rhythm::{Due, Situation, was_silent};
use super::socket::{Heard, Socket};
use super::{Connection, Feed};
use crate::components::{Clock, effect, on_window, use_clock};
use crate::model::{Frame, Timestamp};
use crate::site::{Page, use_page};

/// The code of closing that says who may not listen (RFC 6455, section 7.4.1), as after a session has ended.
const NOT_ALLOWED: u16 = 1008;

/// Follows the stream for as long as the calling component lives.
pub fn follow(live: Live) {
    let clock = use_clock();
    let page = use_page();
    effect(move || {
        let follower = Follower {
            live,
            clock,
            page,
            drawing: Drawing::new(live.feed, clock),
            socket: StoredValue::new_local(None),
            state: StoredValue::new(State::default()),
        };
        follower.recall_unseen();
        follower.connect();
        follower.listen();
    });
}

/// What the follower remembers between events.
#[derive(Default)]
struct State {
    attempts: Attempts,
    /// Why the server said it closes.
    reason: Option<String>,
    attempted_at: Option<Timestamp>,
    /// The last row there was when the stream began.
    head: i64,
    polled_at: Option<Timestamp>,
    is_polling: bool,
    ticked_at: Option<Timestamp>,
    rereading: Rereading,
    /// After which row something came that cannot be read.
    unreadable_after: Option<i64>,
    /// Failures that arrived while nobody looked.
    unseen: usize,
}

#[derive(Clone, Copy)]
struct Follower {
    live: Live,
    clock: Clock,
    page: Page,
    drawing: Drawing,
    socket: StoredValue<Option<Socket>, LocalStorage>,
    state: StoredValue<State>,
}

impl Follower {
    fn listen(self) {
        effect(move || {
            self.clock.ticked();
            self.tick(self.clock.read());
        });
        on_window("online", move |_| self.resume());
        on_window("offline", move |_| self.lose(Failure::Closed));
        on_window("visibilitychange", move |_| {
            if document().hidden() {
                self.reload_if_outdated();
            } else {
                self.forget_unseen();
                self.live.draw_all();
                self.resume();
            }
        });
        self.live.retry.set_value(Some(Callback::new(move |()| self.connect())));
    }

    /// Opens the stream, whatever was there before, and says so.
    fn connect(self) {
        // The next tick need not notice again what has led to this.
        self.state.update_value(|state| state.ticked_at = Some(self.clock.read()));
        self.live.connection.set(Connection::Connecting);
        self.open();
    }

    /// Opens the stream after the last row seen.
    fn open(self) {
        self.state.update_value(|state| {
            state.attempted_at = Some(self.clock.read());
            state.reason = None;
        });
        let after = self.live.feed.with_untracked(Feed::last_id);
        match Socket::open(after, &self.live.filter.get_value(), move |heard| self.hear(heard)) {
            Ok(socket) => self.socket.set_value(Some(socket)),
            Err(error) => {
                leptos::logging::error!("open the stream: {error:?}");
                self.give_up(Failure::Closed);
            }
        }
    }

    /// Connects at once if there is no stream: the network is there again, or somebody looks.
    fn resume(self) {
        match self.live.connection.get_untracked() {
            Connection::Waiting { .. } | Connection::Offline => self.connect(),
            Connection::Polling if !self.has_socket() => self.open(),
            _ => {}
        }
    }

    fn has_socket(self) -> bool {
        self.socket.with_value(Option::is_some)
    }

    fn hear(self, heard: Heard) {
        match heard {
            Heard::Closed(Frame::RELOAD) => self.reload(),
            // Most likely the session has ended. Until that is known nothing is said that may not be so.
            Heard::Closed(NOT_ALLOWED) => {
                self.socket.set_value(None);
                self.live.connection.set(Connection::Connecting);
                self.ask();
            }
            Heard::Closed(_) => self.give_up(Failure::Closed),
            Heard::Unreadable => self.take_unreadable(),
            Heard::Frame(frame) => {
                let now = self.clock.read();
                let is_live = self.live.connection.with_untracked(|connection| *connection == Connection::Live);
                if is_live && was_silent(self.live.heard_at.get_untracked(), now) {
                    // Said before the machine slept, and only read now. Taken, it would hide for how long the page was away; it comes again,
                    // but for a clearing that is older than the rows that are known.
                    if matches!(frame, Frame::Cleared { .. }) {
                        self.read_again();
                    }
                    return self.connect();
                }
                self.take(frame, now);
                // Afterwards: a greeting asks how long it was quiet.
                self.live.heard_at.set(Some(now));
            }
        }
    }

    fn take(self, frame: Frame, now: Timestamp) {
        match frame {
            Frame::Hello { head, build, rights } => self.greet(head, &build, &rights),
            Frame::Rows { rows } => {
                self.note_trouble(&rows);
                self.note_lag(more_follows(&rows, self.state.with_value(|state| state.head)));
                self.drawing.change(move |feed| feed.push(rows, now));
            }
            Frame::Gap { from, to } => self.drawing.change(move |feed| feed.mark_gap(from, to, now)),
            Frame::Runs { runs, all: true } => change(self.live.runs, |shown| *shown = runs),
            Frame::Runs { runs, all: false } => self.live.change_runs(runs),
            Frame::Glance { glance } => change(self.live.glance, |shown| *shown = glance),
            Frame::Servers { servers, removed, all } => {
                // It comes again and again: no lag is claimed for long because a last full frame was all there was.
                self.note_lag(false);
                self.live.change_servers(servers, &removed, all);
            }
            Frame::Cleared { .. } => self.read_again(),
            Frame::Bye { reason } => self.state.update_value(|state| state.reason = Some(reason)),
        }
    }

    fn greet(self, head: i64, build: &str, rights: &str) {
        if head < self.live.feed.with_untracked(Feed::last_id) || !self.page.is_for(rights) {
            // Another trail than the one this page has shown, or another view of it: nothing here can be trusted.
            self.reload_wrong();
            return;
        }
        if self.begins_anew(head) {
            return;
        }
        self.state.update_value(|state| {
            state.attempts = Attempts::default();
            state.head = head;
        });
        self.note_lag(false);
        self.live.connection.set(Connection::Live);
        self.compare_build(build);
    }

    /// Loads the page anew if it has missed too much for too long, and says whether it does. Where it has just done so, it catches up.
    fn begins_anew(self, head: i64) -> bool {
        let now = self.clock.read();
        let (last_id, is_held) = self.live.feed.with_untracked(|feed| (feed.last_id(), feed.is_held()));
        let away_millis = self.live.heard_at.get_untracked().map(|at| now.millis_since(at));
        let begins = Absence { last_id, head, away_millis, is_held }.begins_anew() && may_reload(now, OUTDATED_EVERY_MILLIS);
        if begins {
            self.reload();
        }
        begins
    }

    fn note_lag(self, lags: bool) {
        if self.live.lags.get_untracked() != lags {
            self.live.lags.set(lags);
        }
    }

    fn compare_build(self, build: &str) {
        if !self.page.is_of(build) {
            self.live.outdated.set(true);
            self.reload_if_outdated();
        }
    }

    /// Another build speaks than the one this page is from, or the line is broken. What was missed comes again.
    fn take_unreadable(self) {
        let after = self.live.feed.with_untracked(Feed::last_id);
        let before = self.state.try_update_value(|state| state.unreadable_after.replace(after)).flatten();
        self.lose(Failure::Closed);
        if before != Some(after) {
            return;
        }
        self.live.outdated.set(true);
        let is_read = self.live.feed.with_untracked(Feed::is_held) && !document().hidden();
        if !is_read && may_reload(self.clock.read(), OUTDATED_EVERY_MILLIS) {
            self.reload();
        }
    }

    /// The attempt has failed, or the stream has ended.
    fn give_up(self, how: Failure) {
        match self.live.connection.get_untracked() {
            Connection::Polling => {
                self.socket.set_value(None);
                self.state.update_value(|state| state.attempts.tried_in_vain());
            }
            Connection::Live | Connection::Offline => self.lose(how),
            _ => {
                self.lose(how);
                // A refused upgrade does not say why; a plain request does.
                self.ask();
            }
        }
    }

    fn lose(self, how: Failure) {
        self.socket.set_value(None);
        if self.live.connection.get_untracked() == Connection::SignedOut {
            return;
        }
        let now = self.clock.read();
        if !window().navigator().on_line() {
            self.state.update_value(|state| state.attempted_at = Some(now));
            self.live.connection.set(Connection::Offline);
            return;
        }
        let lost = self.state.try_update_value(|state| (state.attempts.failed(how), state.reason.take()));
        let (failures, reason) = lost.unwrap_or_default();
        let retry_at = now.plus_millis(wait_millis(failures, js_sys::Math::random()));
        self.live.connection.set(Connection::Waiting { failures, retry_at, reason });
    }

    fn tick(self, now: Timestamp) {
        self.begin_rereading();
        self.reload_if_outdated();
        let heard_at = self.live.heard_at.get_untracked();
        let has_socket = self.has_socket();
        let is_hidden = document().hidden();
        let connection = self.live.connection.get_untracked();
        let due = self.state.try_update_value(|state| {
            let situation = Situation {
                connection: &connection,
                heard_at,
                attempted_at: state.attempted_at,
                has_socket,
                polled_at: state.polled_at,
                again_after_millis: state.attempts.again_after_millis(),
                ticked_at: state.ticked_at.replace(now),
                is_hidden,
            };
            situation.due(now)
        });
        match due {
            Some(Due::Connect) if matches!(connection, Connection::Polling | Connection::Offline) => self.open(),
            Some(Due::Connect) => self.connect(),
            Some(Due::GiveUp) => self.give_up(Failure::Stalled),
            Some(Due::Poll) => self.poll(),
            Some(Due::Nothing) | None => {}
        }
    }

    fn reload_if_outdated(self) {
        if self.live.outdated.get_untracked() && document().hidden() && may_reload(self.clock.read(), OUTDATED_EVERY_MILLIS) {
            self.reload();
        }
    }

    /// Where this has just been done in vain, a moment later.
    fn reload_wrong(self) {
        if may_reload(self.clock.read(), WRONG_EVERY_MILLIS) {
            self.reload();
        } else {
            self.lose(Failure::Closed);
        }
    }

    fn reload(self) {
        self.keep_unseen();
        reload();
    }
}
