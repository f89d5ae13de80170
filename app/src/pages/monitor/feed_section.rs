//! The live feed with its controls: the state of the connection, Pause, and the way back to the newest rows.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::chips::chips;
use super::feed_table::feed_table;
use super::following::Following;
use super::steady::keep_feed_steady;
use crate::components::{Erase, Icon, Piece, Reactive, effect, find, focus, format, icon, on_window, reactive, text, top_of};
use crate::site::use_page;
use crate::streaming::{Connection, Feed, Live};

/// New rows as they are written.
pub(super) fn feed_section(live: Live) -> Piece {
    let following = RwSignal::new(Following::Tail);
    let press = Callback::new(move |()| {
        following.update(|following| *following = following.pressed());
        if following.get_untracked() == Following::Tail {
            return_to_top();
        }
    });
    effect(move || {
        let tail = following.get() == Following::Tail;
        live.feed.update(|feed| if tail { feed.release() } else { feed.hold() });
    });
    listen_for_keys(press, following);
    keep_feed_steady(following);
    view! {
        <section class="section feed" aria-labelledby="feed">
            <header class="feed__header">
                <h2 class="section__title" id="feed">"Live feed"</h2>
                {connection_state(live, following)}
                <button class="button needs-script" type="button" aria-keyshortcuts="Space" on:click=move |_| press.run(())>
                    {reactive(move || Some(pause_label(following.get())))}
                </button>
            </header>
            {chips(live)}
            {new_rows_pill(live, press)}
            {feed_table(live, following)}
        </section>
    }
    .erase()
}

fn pause_label(following: Following) -> Piece {
    let (symbol, word) = if following == Following::Tail { (Icon::Pause, "Pause") } else { (Icon::Play, "Resume") };
    view! { {icon(symbol)}<span>{word}</span> }.erase()
}

/// The state in one word, announced when it changes. Where no script runs it stays what it was when the server rendered it, and that is said.
fn connection_state(live: Live, following: RwSignal<Following>) -> Piece {
    let state = move || {
        live.connection.with(|connection| match connection {
            Connection::Live | Connection::Polling if following.get() != Following::Tail => ("paused", "Paused"),
            Connection::Live if live.lags.get() => ("catching-up", "Catching up"),
            _ => (connection.name(), connection.word()),
        })
    };
    let page = use_page();
    let rendered_at = page.local(page.get().now);
    let time = rendered_at.split_once(' ').map_or("", |(_, time)| time).to_owned();
    let is_rendered = move || live.connection.with(|connection| *connection == Connection::Rendered);
    let name = text(move || state().0);
    let word = text(move || if is_rendered() { format!("{} {time}", state().1) } else { state().1.to_owned() });
    view! {
        <p class="connection" role="status" aria-live="polite" data-state=name>
            <span class="connection__dot" aria-hidden="true"></span>
            <span><span class="figures">{word}</span><span class="without-scripts">" · reload for newer rows"</span></span>
        </p>
    }
    .erase()
}

/// How many rows wait, and the way to them.
fn new_rows_pill(live: Live, press: Callback<()>) -> Reactive {
    let waiting = move || live.feed.with(Feed::waiting_rows);
    let some = Memo::new(move |_| waiting() > 0);
    let word = move || format!("{} new {}", format::count(waiting().into()), if waiting() == 1 { "row" } else { "rows" });
    reactive(move || {
        let pill = || {
            view! {
                <div class="feed__pill">
                    <button class="pill" type="button" on:click=move |_| { focus_pause(); press.run(()) }>
                        {icon(Icon::ArrowUp)}
                        {text(word)}
                    </button>
                </div>
            }
            .erase()
        };
        some.get().then(pill)
    })
}

/// Puts the focus on Pause, before what has it goes; where there is no feed, on what there is.
pub(super) fn focus_pause() {
    focus(".feed__header .button, .monitor:not(:has(.feed)) #running");
}

/// Brings the top of the feed into view, unless it is.
fn return_to_top() {
    if top_of(".feed").is_some_and(|top| top < 0.0)
        && let Some(section) = find::<Element>(".feed")
    {
        section.scroll_into_view();
    }
}

/// The space bar is Pause wherever it has no other meaning, unless keys are turned off. `keys.js` has those of every page.
fn listen_for_keys(press: Callback<()>, following: RwSignal<Following>) {
    effect(move || {
        on_window("keydown", move |event| {
            let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
            let is_plain = !(event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key() || event.repeat());
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let within = |selector| target.as_ref().is_some_and(|target| target.closest(selector).is_ok_and(|found| found.is_some()));
            let has_use = within("input, select, textarea, button, summary, dialog, [popover], [data-keys-off]");
            if event.key() == " " && is_plain && !has_use {
                event.prevent_default();
                press.run(());
            }
            // Back to the newest rows, as in any list.
            if event.key() == "Home" && is_plain && !has_use && following.get_untracked() != Following::Tail {
                press.run(());
            }
        });
    });
}
