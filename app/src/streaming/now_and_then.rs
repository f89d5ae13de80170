//! Keeps Monitor current for somebody whom the stream is not for: asks now and then, so that nothing stands still and looks current.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Connection;
use super::deadline::in_time;
use super::live::Live;
use super::reloading::reload;
use crate::api::read_monitor;
use crate::components::{Clock, effect, on_window, use_clock};
use crate::error::AppError;
use crate::model::Timestamp;

/// How often the panel is asked.
const ASK_EVERY_MILLIS: i64 = 15_000;

/// Asks for as long as the calling component lives.
pub fn ask_now_and_then(live: Live) {
    let clock = use_clock();
    // Tracked, it would draw the whole board anew each second.
    let rendered_at = untrack(|| clock.shown());
    let asking = Asking { live, clock, asked_at: StoredValue::new(rendered_at), failures: StoredValue::new(0) };
    effect(move || {
        if is_due(clock.shown(), asking.asked_at.get_value(), document().hidden()) {
            asking.ask();
        }
    });
    effect(move || {
        live.retry.set_value(Some(Callback::new(move |()| asking.ask())));
        on_window("online", move |_| asking.ask());
    });
}

fn is_due(now: Timestamp, asked_at: Timestamp, is_hidden: bool) -> bool {
    !is_hidden && now.millis_since(asked_at) >= ASK_EVERY_MILLIS
}

#[derive(Clone, Copy)]
struct Asking {
    live: Live,
    clock: Clock,
    asked_at: StoredValue<Timestamp>,
    failures: StoredValue<u32>,
}

impl Asking {
    fn ask(self) {
        self.asked_at.set_value(self.clock.read());
        spawn_local(async move {
            let answer = in_time(read_monitor(1, String::new())).await;
            let Some(before) = self.live.connection.try_get_untracked() else { return };
            let now = self.clock.read();
            let failures = if answer.is_ok() { 0 } else { self.failures.get_value() + 1 };
            self.failures.set_value(failures);
            let connection = match answer {
                Ok(snapshot) => {
                    self.live.show(snapshot);
                    self.live.heard_at.set(Some(now));
                    Connection::Polling
                }
                Err(AppError::SignedOut) => Connection::SignedOut,
                // Loaded anew, the page says what there still is for this viewer.
                Err(AppError::Forbidden) => return reload(),
                Err(_) => {
                    let retry_at = self.asked_at.get_value().plus_millis(ASK_EVERY_MILLIS);
                    Connection::Waiting { failures, retry_at, reason: None }
                }
            };
            if connection != before {
                self.live.connection.set(connection);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_is_asked_every_quarter_of_a_minute_while_somebody_looks() {
        let noon = Timestamp(1_795_348_800_000);
        for (millis, is_hidden, due) in [(0, false, false), (14_999, false, false), (15_000, false, true), (60_000, true, false)] {
            assert_eq!(is_due(noon.plus_millis(millis), noon, is_hidden), due, "{millis} {is_hidden}");
        }
    }
}
