//! Keeps Monitor current: follows the stream, resumes it after a break, and asks for rows where no stream comes through. Everything
//! here runs in the browser only.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::backoff::wait_millis;
use super::live::{Live, NEWEST_ROWS, Older, change};
use super::socket::{Heard, Socket};
use super::{Connection, Feed};
use crate::api::{MonitorSnapshot, ROWS_AT_A_TIME, RowsAfter, read_monitor, read_rows};
use crate::app::TITLE;
use crate::components::{Clock, effect, on_window, use_clock};
use crate::error::AppError;
use crate::model::{Frame, LogEntry, LogStatus, Run, Timestamp};
use crate::site::{Page, use_page};

/// An attempt that has not been answered by then has failed.
const ANSWER_WITHIN_MILLIS: i64 = 10_000;
/// How often the panel is asked where there is no stream.
const ASK_EVERY_MILLIS: i64 = 15_000;
/// After this much silence the stream is opened again: it says something every 20 seconds, and a dead socket says nothing.
const SILENCE_MILLIS: i64 = 45_000;
/// So many attempts in a row fail before the panel is asked for rows instead, …
const POLL_AFTER_FAILURES: u32 = 3;
/// … this often, …
const POLL_EVERY_MILLIS: i64 = 4_000;
/// … this often while nobody looks, for the title of the tab …
const POLL_HIDDEN_EVERY_MILLIS: i64 = 60_000;
/// … until the stream is tried again.
const TRY_AGAIN_MILLIS: i64 = 300_000;
/// Drawings are this far apart, so that a flood of rows is drawn some at a time and not each for itself.
const DRAW_EVERY_MILLIS: i64 = 100;
/// Rows that are read again at most when some of those that are shown are gone.
const MOST_ROWS: u32 = 500;
/// Two ticks further apart than this mean that the machine slept.
const SLEPT_MILLIS: i64 = 90_000;

/// Follows the stream for as long as the calling component lives.
pub fn follow(live: Live) {
    let clock = use_clock();
    let page = use_page();
    effect(move || {
        let follower = Follower { live, clock, page, socket: StoredValue::new_local(None), state: StoredValue::new(State::default()) };
        follower.connect();
        follower.listen();
    });
}

/// The same for somebody whom the stream is not for: asks now and then, so that nothing stands still and looks current.
pub fn ask_now_and_then(live: Live) {
    let clock = use_clock();
    let asked_at = StoredValue::new(clock.shown());
    effect(move || {
        let now = clock.shown();
        if now.millis_since(asked_at.get_value()) < ASK_EVERY_MILLIS || document().hidden() {
            return;
        }
        asked_at.set_value(now);
        spawn_local(async move {
            match read_monitor(1, String::new()).await {
                Ok(snapshot) => live.show(snapshot),
                Err(AppError::SignedOut) => drop(live.connection.try_set(Connection::SignedOut)),
                Err(_) => {}
            }
        });
    });
}

/// What the follower remembers between events.
#[derive(Default)]
struct State {
    failures: u32,
    /// Why the server said it closes.
    reason: Option<String>,
    attempted_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    ticked_at: Option<Timestamp>,
    /// Whether rows were cleared while somebody read.
    is_cleared: bool,
    frame_requested: bool,
    drawn_at: Option<Timestamp>,
    /// Failures that arrived while nobody looked.
    unseen: usize,
}

#[derive(Clone, Copy)]
struct Follower {
    live: Live,
    clock: Clock,
    page: Page,
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
        on_window("offline", move |_| self.lose());
        on_window("visibilitychange", move |_| {
            if document().hidden() {
                self.reload_if_outdated();
            } else {
                self.state.update_value(|state| state.unseen = 0);
                document().set_title(TITLE);
                self.live.draw_all();
                self.resume();
            }
        });
        self.live.retry.set_value(Some(Callback::new(move |()| self.connect())));
    }

    /// Opens the stream after the last row seen, whatever was there before.
    fn connect(self) {
        self.live.connection.set(Connection::Connecting);
        self.state.update_value(|state| {
            state.attempted_at = Some(self.clock.read());
            state.reason = None;
        });
        let after = self.live.feed.with_untracked(Feed::last_id);
        match Socket::open(after, &self.live.filter.get_value(), move |heard| self.hear(heard)) {
            Ok(socket) => self.socket.set_value(Some(socket)),
            Err(error) => {
                leptos::logging::error!("open the stream: {error:?}");
                self.lose();
            }
        }
    }

    /// Connects at once if there is no connection.
    fn resume(self) {
        if matches!(self.live.connection.get_untracked(), Connection::Waiting { .. }) {
            self.connect();
        }
    }

    fn hear(self, heard: Heard) {
        let now = self.clock.read();
        match heard {
            Heard::Closed(Frame::RELOAD) => reload(),
            Heard::Closed(_) => {
                let greeted = self.live.connection.get_untracked() == Connection::Live;
                self.lose();
                if !greeted {
                    // A refused upgrade does not say why; a plain request does.
                    self.ask();
                }
            }
            Heard::Frame(frame) => {
                self.live.heard_at.set(Some(now));
                self.take(frame, now);
            }
        }
    }

    fn take(self, frame: Frame, now: Timestamp) {
        match frame {
            Frame::Hello { head, build, rights } => self.greet(head, &build, &rights),
            Frame::Rows { rows } => {
                self.note_trouble(&rows);
                self.change_feed(move |feed| feed.push(rows, now));
            }
            Frame::Gap { from, to } => self.change_feed(move |feed| feed.mark_gap(from, to, now)),
            Frame::Runs { runs, all: true } => change(self.live.runs, |shown| *shown = runs),
            Frame::Runs { runs, all: false } => change(self.live.runs, |shown| merge_runs(shown, runs)),
            Frame::Glance { glance } => change(self.live.glance, |shown| *shown = glance),
            Frame::Servers { servers, removed, all } => self.live.change_servers(servers, &removed, all),
            Frame::Cleared { .. } => self.start_over(),
            Frame::Bye { reason } => self.state.update_value(|state| state.reason = Some(reason)),
        }
    }

    /// What goes wrong while nobody looks is counted in the tab's title.
    fn note_trouble(self, rows: &[LogEntry]) {
        let trouble = |row: &&LogEntry| matches!(row.status, LogStatus::Error | LogStatus::Missed | LogStatus::Connection);
        let wrong = rows.iter().filter(trouble).count();
        if wrong > 0 && document().hidden() {
            let unseen = self.state.try_update_value(|state| {
                state.unseen += wrong;
                state.unseen
            });
            document().set_title(&format!("({}) {TITLE}", unseen.unwrap_or_default()));
        }
    }

    fn greet(self, head: i64, build: &str, rights: &str) {
        if head < self.live.feed.with_untracked(Feed::last_id) || !self.page.is_for(rights) {
            // Another trail than the one this page has shown, or another view of it: nothing here can be trusted.
            reload();
            return;
        }
        self.state.update_value(|state| state.failures = 0);
        self.live.connection.set(Connection::Live);
        if !self.page.is_of(build) {
            self.live.outdated.set(true);
            self.reload_if_outdated();
        }
    }

    fn lose(self) {
        self.socket.set_value(None);
        if self.live.connection.get_untracked() == Connection::SignedOut {
            return;
        }
        let (failures, reason) = self
            .state
            .try_update_value(|state| {
                state.failures += 1;
                (state.failures, state.reason.take())
            })
            .unwrap_or_default();
        let retry_at = self.clock.read().plus_millis(wait_millis(failures, js_sys::Math::random()));
        self.live.connection.set(Connection::Waiting { failures, retry_at, reason });
    }

    fn tick(self, now: Timestamp) {
        let Some((slept, asked_at, attempted_at)) = self.state.try_update_value(|state| {
            let slept = state.ticked_at.is_some_and(|at| now.millis_since(at) > SLEPT_MILLIS);
            state.ticked_at = Some(now);
            (slept, state.asked_at, state.attempted_at)
        }) else {
            return;
        };
        if self.state.with_value(|state| state.is_cleared) && !self.live.feed.with_untracked(Feed::is_held) {
            self.start_over();
        }
        let heard_at = self.live.heard_at.get_untracked();
        let due = |since: Option<Timestamp>, after: i64| since.is_none_or(|since| now.millis_since(since) >= after);
        match self.live.connection.get_untracked() {
            Connection::Waiting { retry_at, .. } if now >= retry_at => self.connect(),
            Connection::Connecting if due(attempted_at, ANSWER_WITHIN_MILLIS) => {
                // Nobody refuses and nobody answers: the next attempt is no more likely to come through.
                self.state.update_value(|state| state.failures = state.failures.max(POLL_AFTER_FAILURES - 1));
                self.lose();
                self.ask();
            }
            Connection::Polling if due(attempted_at, TRY_AGAIN_MILLIS) => self.connect(),
            Connection::Polling if due(asked_at, if document().hidden() { POLL_HIDDEN_EVERY_MILLIS } else { POLL_EVERY_MILLIS }) => {
                self.poll();
            }
            // A hidden tab ticks slowly, so only a visible one can tell that it slept.
            Connection::Live if (slept || due(heard_at, SILENCE_MILLIS)) && !document().hidden() => self.connect(),
            _ => {}
        }
    }

    /// Asks what the page shows, and finds out whether the panel answers and the session still lives.
    fn ask(self) {
        spawn_local(async move {
            match read_monitor(1, String::new()).await {
                // The stream is not for this viewer any more.
                Ok(MonitorSnapshot { newest: Err(AppError::Forbidden), .. }) => reload(),
                Ok(snapshot) => {
                    self.show(snapshot);
                    // The panel answers and the stream does not come through.
                    if let Some(Connection::Waiting { failures: POLL_AFTER_FAILURES.., .. }) = self.live.connection.try_get_untracked() {
                        self.live.connection.set(Connection::Polling);
                        self.poll();
                    }
                }
                Err(error) => self.take_failure(&error),
            }
        });
    }

    /// Asks for the rows after the last one, until there are no more for now.
    fn poll(self) {
        let now = self.clock.read();
        self.state.update_value(|state| state.asked_at = Some(now));
        let after = self.live.feed.with_untracked(Feed::last_id);
        spawn_local(async move {
            match read_rows(after, self.live.filter.get_value()).await {
                Ok(RowsAfter { rights, .. }) if !self.page.is_for(&rights) => return reload(),
                Ok(RowsAfter { rows, gaps, head, cleared, .. }) => {
                    let now = self.clock.read();
                    let more = rows.len() >= ROWS_AT_A_TIME as usize;
                    self.live.heard_at.try_set(Some(now));
                    self.note_trouble(&rows);
                    if cleared {
                        self.start_over();
                    }
                    self.change_feed(move |feed| {
                        feed.push_with_gaps(rows, &gaps, now);
                        if !more {
                            feed.pass(head);
                        }
                    });
                    if more {
                        self.poll();
                    }
                }
                Err(error) => return self.take_failure(&error),
            }
            if let Ok(snapshot) = read_monitor(1, String::new()).await {
                self.show(snapshot);
            }
        });
    }

    /// Shows what was asked for, unless the stream has begun to tell newer things meanwhile.
    fn show(self, snapshot: MonitorSnapshot) {
        if self.live.connection.try_get_untracked() != Some(Connection::Live) {
            self.live.show(snapshot);
        }
    }

    fn take_failure(self, error: &AppError) {
        match (error, self.live.connection.try_get_untracked()) {
            (AppError::SignedOut, Some(_)) => {
                self.live.connection.set(Connection::SignedOut);
                self.socket.set_value(None);
            }
            // Loaded anew, the page says what there still is for this viewer.
            (AppError::Forbidden, Some(_)) => reload(),
            (AppError::Unreachable(_), Some(Connection::Live | Connection::Polling)) => self.lose(),
            _ => {}
        }
    }

    /// Some rows are gone: shows those that are left, about as far back as before, once nobody reads there any more.
    fn start_over(self) {
        let (held, depth) = self.live.feed.with_untracked(|feed| (feed.is_held(), feed.len()));
        self.state.update_value(|state| state.is_cleared = held);
        if held {
            return;
        }
        let depth = u32::try_from(depth).unwrap_or(MOST_ROWS).clamp(NEWEST_ROWS, MOST_ROWS);
        spawn_local(async move {
            let Ok(MonitorSnapshot { newest: Ok(page), .. }) = read_monitor(depth, self.live.filter.get_value()).await else { return };
            if self.live.feed.try_with_untracked(Feed::is_held) != Some(false) {
                self.state.try_update_value(|state| state.is_cleared = true);
                return;
            }
            let is_all = page.next_before.is_none();
            self.live.feed.try_update(|feed| feed.replace(page.entries, page.head, is_all));
            self.live.older.try_set(if is_all { Older::End } else { Older::More });
        });
    }

    /// Changes the feed now and the page with the next frame, or a moment later where it has just been drawn, however many changes come
    /// until then. A hidden tab draws no frames, and catches up with one when it is looked at again.
    fn change_feed(self, change: impl FnOnce(&mut Feed)) {
        self.live.feed.update_untracked(change);
        let now = self.clock.read();
        let Some((requested, drawn_at)) =
            self.state.try_update_value(|state| (std::mem::replace(&mut state.frame_requested, true), state.drawn_at))
        else {
            return;
        };
        if requested {
            return;
        }
        let since = drawn_at.map_or(DRAW_EVERY_MILLIS, |at| now.millis_since(at).clamp(0, DRAW_EVERY_MILLIS));
        let draw = move || {
            request_animation_frame(move || {
                let now = self.clock.read();
                self.state.try_update_value(|state| {
                    state.frame_requested = false;
                    state.drawn_at = Some(now);
                });
                self.live.feed.try_update(|_| {});
            });
        };
        match u64::try_from(DRAW_EVERY_MILLIS - since) {
            Ok(0) | Err(_) => draw(),
            Ok(wait) => set_timeout(draw, Duration::from_millis(wait)),
        }
    }

    fn reload_if_outdated(self) {
        if self.live.outdated.get_untracked() && document().hidden() {
            reload();
        }
    }
}

/// Loads the page anew.
pub(crate) fn reload() {
    if let Err(error) = window().location().reload() {
        leptos::logging::error!("reload the page: {error:?}");
    }
}

/// Takes changed runs into the list; those that are over leave it.
fn merge_runs(shown: &mut Vec<Run>, changed: Vec<Run>) {
    for run in changed {
        match shown.iter().position(|known| known.id == run.id) {
            Some(position) if run.state.is_active() => shown[position] = run,
            Some(position) => drop(shown.remove(position)),
            None if run.state.is_active() => shown.push(run),
            None => {}
        }
    }
}
