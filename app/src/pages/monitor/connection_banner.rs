//! What is wrong with the connection and what can be done, wherever the page is scrolled to.

use leptos::prelude::*;

use super::address;
use super::feed_section::focus_pause;
use crate::components::{Ago, Erase, Icon, Piece, Reactive, Tone, effect, format, icon, notice, reactive, text, use_clock};
use crate::streaming::{Connection, Live, reload};

/// One notice for each thing that is wrong; `has_feed`: the viewer may see rows, which come over the stream.
pub(super) fn connection_banner(live: Live, has_feed: bool) -> Piece {
    let is = move |name: &'static str| Memo::new(move |_| live.connection.with(|connection| connection.name() == name));
    let (waits, offline, polls, ended) = (is("reconnecting"), is("offline"), is("polling"), is("signed-out"));
    let lost = reactive(move || waits.get().then(|| reconnecting(live, has_feed)));
    let alone = reactive(move || offline.get().then(|| no_network(live)));
    let asks = foldable(live, move || has_feed && polls.get(), move |hide| polling(live, hide));
    let over = reactive(move || ended.get().then(|| signed_out(live)));
    let old = foldable(live, move || live.outdated.get(), outdated);
    view! { {lost}{alone}{asks}{over}{old} }.erase()
}

/// A notice that needs nobody and can be put away until the state of the connection changes.
fn foldable(
    live: Live,
    is_so: impl Fn() -> bool + Send + Sync + 'static,
    notice: impl Fn(Piece) -> Piece + Send + Sync + 'static,
) -> Reactive {
    let put_away = RwSignal::new(false);
    let state = Memo::new(move |_| live.connection.with(Connection::name));
    effect(move || {
        // Read, not only tracked: a memo that nobody reads follows nothing.
        state.get();
        put_away.set(false);
    });
    let is_shown = Memo::new(move |_| is_so() && !put_away.get());
    reactive(move || is_shown.get().then(|| notice(hide_button(put_away))))
}

fn hide_button(put_away: RwSignal<bool>) -> Piece {
    let press = move |_| {
        focus_pause();
        put_away.set(true);
    };
    view! { <button class="button" type="button" on:click=press>"Hide"</button> }.erase()
}

fn reconnecting(live: Live, has_feed: bool) -> Piece {
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
            Connection::Waiting { failures: 3.., .. } if has_feed => {
                Some("If the panel itself answers, a proxy in between may not pass WebSockets on.".to_owned())
            }
            _ => None,
        })
    };
    let body = view! {
        <p>
            "Next attempt in "<span class="figures">{text(countdown)}</span>
            {last_update(live)}
            {promise(has_feed)}
            {text(detail)}
        </p>
        {retry_button(live, "Retry now")}
    };
    notice(Tone::Warning, "The connection is lost", body.erase())
}

fn no_network(live: Live) -> Piece {
    let body = view! {
        <p>"The page goes on by itself when this device has a network again"{last_update(live)}{promise(true)}</p>
        {retry_button(live, "Retry now")}
    };
    notice(Tone::Warning, "You are offline", body.erase())
}

fn last_update(live: Live) -> Reactive {
    reactive(move || live.heard_at.get().map(|at| view! { ", last update " <Ago at=at/> }.erase()))
}

fn promise(has_feed: bool) -> &'static str {
    if has_feed { ". No row will be missing afterwards. " } else { ". " }
}

/// Connects, and leaves the keyboard where there still is something.
fn retry_button(live: Live, word: &'static str) -> Piece {
    let press = move |_| {
        focus_pause();
        live.retry_now();
    };
    view! { <button class="button" type="button" on:click=press>{icon(Icon::Retry)}{word}</button> }.erase()
}

fn polling(live: Live, hide: Piece) -> Piece {
    let body = view! {
        <p>"The live stream does not come through: too many pages may be open, or a proxy may not pass WebSockets on. No row is missing; each comes a little late."</p>
        <p class="monitor__ways">{retry_button(live, "Try the stream again")}{hide}</p>
    };
    notice(Tone::Neutral, "The panel is asked every few seconds", body.erase())
}

fn signed_out(live: Live) -> Piece {
    let body = view! {
        <p>"What is shown is as old as your session."</p>
        <a class="button" href=sign_in(&live.filter.get_value())>"Sign in"</a>
    };
    notice(Tone::Warning, "You are signed out", body.erase())
}

/// Signing in leads back to what the page shows.
fn sign_in(filter: &str) -> String {
    format!("/sign-in?{}", form_urlencoded::Serializer::new(String::new()).append_pair("next", &address(filter)).finish())
}

fn outdated(hide: Piece) -> Piece {
    let body = view! {
        <p>"This page is from the version before. It reloads by itself when you look elsewhere."</p>
        <p class="monitor__ways"><button class="button" type="button" on:click=move |_| reload()>{icon(Icon::Retry)}"Reload now"</button>{hide}</p>
    };
    notice(Tone::Neutral, "The panel has been updated", body.erase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_back_to_the_filter() {
        assert_eq!(sign_in(""), "/sign-in?next=%2F");
        assert_eq!(sign_in("status=error&q=a+b"), "/sign-in?next=%2F%3Fstatus%3Derror%26q%3Da%2Bb");
    }
}
