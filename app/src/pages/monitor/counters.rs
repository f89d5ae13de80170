//! The figures at the top of Monitor. Each is counted from what the page knows and leads to where it can be checked.

use leptos::prelude::*;

use crate::components::{Erase, format};
use crate::model::{LinkState, RunState};
use crate::streaming::Live;

/// Runs and servers by state.
#[component]
pub fn Counters(live: Live, servers_known: bool) -> impl IntoView {
    let running = Memo::new(move |_| live.runs.with(|runs| runs.iter().filter(|run| has_begun(run.state)).count()));
    let linked = move |state: LinkState| {
        Memo::new(move |_| live.servers.with(|servers| servers.iter().filter(|server| server.link.state == state).count()))
    };
    view! {
        <ul class="counters" aria-label="At a glance">
            <Counter word="Running now" href="#running" figure=running tone="running"/>
            {servers_known.then(|| view! {
                <Counter word="Servers up" href="#servers" figure=linked(LinkState::Up) tone="up"/>
                <Counter word="Servers down" href="/logs?status=connection" figure=linked(LinkState::Down) tone="down"/>
                <Counter word="Servers unknown" href="#servers" figure=linked(LinkState::Unknown) tone="unknown"/>
            })}
        </ul>
    }
    .erase()
}

/// A run that waits is not running.
fn has_begun(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Canceling)
}

#[component]
fn Counter(word: &'static str, href: &'static str, figure: Memo<usize>, tone: &'static str) -> impl IntoView {
    let shown = move || format::count(i64::try_from(figure.get()).unwrap_or(i64::MAX));
    // A zero is no news: only what is there gets a colour.
    let tone = move || if figure.get() == 0 { "none" } else { tone };
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
