//! Moments on a page, and the panel's clock that keeps their ages current. Both sides begin with the moment at which the
//! page was rendered, so the first markup is the same; from then on the browser counts by itself.

use std::time::Duration;

use leptos::prelude::*;

use super::{Erase, effect, format, text};
use crate::model::Timestamp;
use crate::site::use_page;

/// The panel's clock as the browser carries it on.
#[derive(Clone, Copy)]
pub struct Clock {
    shown: RwSignal<Timestamp>,
    ticked: RwSignal<()>,
    /// The panel's clock minus the browser's, in milliseconds.
    offset_millis: StoredValue<i64>,
}

impl Clock {
    /// The moment that ages are counted from: changes once a second while somebody looks.
    pub fn shown(self) -> Timestamp {
        self.shown.get()
    }

    /// Changes once a second, whether or not somebody looks.
    pub fn ticked(self) {
        self.ticked.track();
    }

    /// The moment now. Only in the browser.
    pub fn read(self) -> Timestamp {
        browser_now().plus_millis(self.offset_millis.get_value())
    }
}

/// Starts the clock at the moment the page was rendered.
pub fn provide_clock(rendered_at: Timestamp) {
    let clock = Clock { shown: RwSignal::new(rendered_at), ticked: RwSignal::new(()), offset_millis: StoredValue::new(0) };
    provide_context(clock);
    effect(move || {
        // The page was rendered when its load began; scripts run later than that.
        #[expect(clippy::cast_possible_truncation, reason = "a page lives less than 2^63 ms")]
        let since_load = window().performance().map_or(0, |performance| performance.now() as i64);
        clock.offset_millis.set_value(rendered_at.millis_since(browser_now()) + since_load);
        clock.shown.set(clock.read());
        let tick = move || {
            if !document().hidden() {
                clock.shown.set(clock.read());
            }
            clock.ticked.notify();
        };
        set_interval(tick, Duration::from_secs(1));
    });
}

/// The panel's clock.
pub fn use_clock() -> Clock {
    expect_context()
}

fn browser_now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "dates fit")]
    Timestamp(js_sys::Date::now() as i64)
}

/// A moment on the panel's clock, `2026-11-22 02:00:05`; UTC to the millisecond on hover.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    let utc = at.to_string();
    view! { <time class="moment" datetime=utc.clone() title=utc>{use_page().local(at)}</time> }.erase()
}

/// How long ago something was, kept current; the moment itself on hover.
#[component]
pub fn Ago(at: Timestamp) -> impl IntoView {
    let clock = use_clock();
    view! {
        <time class="moment" datetime=at.to_string() title=use_page().told(at)>
            {text(move || format::ago(clock.shown().millis_since(at)))}
        </time>
    }
    .erase()
}
