//! The figures at the top of Monitor. Each is counted from what the page knows and leads to where it can be checked.

use leptos::prelude::*;

use crate::components::{Erase, Piece, format, text};
use crate::model::{LinkState, RunState};
use crate::streaming::Live;

/// Runs and servers by state.
pub(super) fn counters(live: Live, servers_known: bool) -> Piece {
    let running = text(move || live.runs.with(|runs| runs.iter().filter(|run| has_begun(run.state)).count()));
    let linked = move |state: LinkState| {
        text(move || live.servers.with(|servers| servers.iter().filter(|server| server.link.state == state).count()))
    };
    view! {
        <ul class="counters" aria-label="At a glance">
            {counter("Running now", "#running", running, "running")}
            {servers_known.then(|| counter("Servers up", "#servers", linked(LinkState::Up), "up"))}
            {servers_known.then(|| counter("Servers down", "/logs?status=connection", linked(LinkState::Down), "down"))}
            {servers_known.then(|| counter("Servers unknown", "#servers", linked(LinkState::Unknown), "unknown"))}
        </ul>
    }
    .erase()
}

/// A run that waits is not running.
fn has_begun(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Canceling)
}

fn counter(word: &'static str, href: &'static str, figure: Signal<usize>, tone: &'static str) -> Piece {
    let shown = text(move || format::count(i64::try_from(figure.get()).unwrap_or(i64::MAX)));
    // A zero is no news: only what is there gets a colour.
    let tone = text(move || if figure.get() == 0 { "none" } else { tone }.to_owned());
    view! {
        <li class="counters__item">
            <a class="counter" href=href data-tone=tone>
                <span class="counter__figure">{shown}</span>
                <span class="counter__word">{word}</span>
            </a>
        </li>
    }
    .erase()
}
