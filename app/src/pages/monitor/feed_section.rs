//! The live feed with its controls: the state of the connection, Pause, and the way back to the newest rows.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::feed_table::FeedTable;
use super::following::Following;
use crate::components::{Ago, Erase, Icon, Notice, Tone, format, icon, use_clock};
use crate::streaming::{Connection, Feed, Live, reload};

/// New rows as they are written.
#[component]
pub fn FeedSection(live: Live) -> impl IntoView {
    let following = RwSignal::new(Following::Tail);
    let heading = NodeRef::<leptos::html::Section>::new();
    let press = Callback::new(move |()| {
        following.update(|following| *following = following.pressed());
        if following.get_untracked() == Following::Tail {
            return_to_top(heading);
        }
    });
    Effect::new(move |_| {
        let tail = following.get() == Following::Tail;
        live.feed.update(|feed| if tail { feed.release() } else { feed.hold() });
    });
    listen_for_space(press);
    view! {
        <section class="section feed" aria-labelledby="feed" node_ref=heading>
            <header class="feed__header">
                <h2 class="section__title" id="feed">"Live feed"</h2>
                <ConnectionState live=live following=following/>
                <button class="button needs-script" type="button" aria-keyshortcuts="Space" on:click=move |_| press.run(())>
                    {move || pause_label(following.get())}
                </button>
            </header>
            <ConnectionBanner live=live/>
            <NewRowsPill live=live press=press/>
            <FeedTable live=live following=following/>
        </section>
    }
    .erase()
}

fn pause_label(following: Following) -> AnyView {
    let (symbol, word) = if following == Following::Tail { (Icon::Pause, "Pause") } else { (Icon::Play, "Resume") };
    view! { {icon(symbol)}<span>{word}</span> }.erase()
}

/// The state in one word, announced when it changes.
#[component]
fn ConnectionState(live: Live, following: RwSignal<Following>) -> impl IntoView {
    let paused = move || following.get() != Following::Tail;
    let word = Memo::new(move |_| {
        live.connection.with(|connection| if paused() && *connection == Connection::Live { "Paused" } else { connection.word() })
    });
    let name = Memo::new(move |_| {
        live.connection.with(|connection| if paused() && *connection == Connection::Live { "paused" } else { connection.name() })
    });
    view! {
        <p class="connection" role="status" aria-live="polite" data-state=move || name.get()>
            <span class="connection__dot" aria-hidden="true"></span>
            <span>{move || word.get()}</span>
        </p>
    }
    .erase()
}

/// What is wrong with the connection and what can be done.
#[component]
fn ConnectionBanner(live: Live) -> impl IntoView {
    let name = Memo::new(move |_| live.connection.with(Connection::name));
    view! {
        {move || match name.get() {
            "reconnecting" => reconnecting(live),
            "signed-out" => signed_out(),
            _ => ().erase(),
        }}
        {move || live.outdated.get().then(outdated)}
    }
    .erase()
}

fn reconnecting(live: Live) -> AnyView {
    let clock = use_clock();
    let countdown = move || {
        live.connection.with(|connection| match connection {
            Connection::Waiting { retry_at, .. } => format::duration(retry_at.millis_since(clock.shown()).max(0).div_euclid(1000) + 1),
            _ => format::duration(0),
        })
    };
    let detail = move || {
        live.connection.with(|connection| match connection {
            Connection::Waiting { reason: Some(reason), .. } => Some(format!("The panel closed the stream: {reason}.")),
            Connection::Waiting { failures: 3.., .. } => {
                Some("If the panel itself answers, a proxy in between may not pass WebSockets on.".to_owned())
            }
            _ => None,
        })
    };
    view! {
        <Notice tone=Tone::Warning title="The connection is lost">
            <p>
                "Next attempt in "<span class="figures">{countdown}</span>
                {move || live.heard_at.get().map(|at| view! { ", last update " <Ago at=at/> })}
                ". No row will be missing afterwards. "
                {detail}
            </p>
            <button class="button" type="button" on:click=move |_| live.retry_now()>{icon(Icon::Retry)}"Retry now"</button>
        </Notice>
    }
    .erase()
}

fn signed_out() -> AnyView {
    view! {
        <Notice tone=Tone::Warning title="You are signed out">
            <p>"The rows below are as old as your session."</p>
            <a class="button" href="/sign-in?next=/" rel="external">"Sign in"</a>
        </Notice>
    }
    .erase()
}

fn outdated() -> AnyView {
    view! {
        <Notice tone=Tone::Neutral title="The panel has been updated">
            <p>"This page is from the version before. It reloads by itself when you look elsewhere."</p>
            <button class="button" type="button" on:click=move |_| reload()>{icon(Icon::Retry)}"Reload now"</button>
        </Notice>
    }
    .erase()
}

/// How many rows wait, and the way to them.
#[component]
fn NewRowsPill(live: Live, press: Callback<()>) -> impl IntoView {
    let waiting = Memo::new(move |_| live.feed.with(Feed::waiting_rows));
    view! {
        <Show when=move || { waiting.get() > 0 }>
            <div class="feed__pill">
                <button class="pill" type="button" on:click=move |_| press.run(())>
                    {icon(Icon::ArrowUp)}
                    {move || format!("{} new {}", format::count(waiting.get().into()), if waiting.get() == 1 { "row" } else { "rows" })}
                </button>
            </div>
        </Show>
    }
    .erase()
}

/// Brings the top of the feed into view, unless it is.
fn return_to_top(section: NodeRef<leptos::html::Section>) {
    if let Some(section) = section.get_untracked()
        && section.get_bounding_client_rect().top() < 0.0
    {
        section.scroll_into_view();
    }
}

/// The space bar is Pause wherever it has no other meaning.
fn listen_for_space(press: Callback<()>) {
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            let plain = event.key() == " " && !event.ctrl_key() && !event.alt_key() && !event.meta_key() && !event.shift_key();
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let taken = target.is_some_and(|target| {
                target.closest("a, button, input, select, textarea, summary, dialog, [popover]").is_ok_and(|found| found.is_some())
            });
            if plain && !taken && !event.repeat() {
                event.prevent_default();
                press.run(());
            }
        });
        on_cleanup(move || handle.remove());
    });
}
