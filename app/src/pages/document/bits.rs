//! What several documents show: moments, states, facts, a text to copy.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, format, icon};
use crate::model::{RunState, Timestamp};
use crate::site::use_page;

/// A moment on the panel's clock; UTC on hover.
pub fn moment(at: Timestamp) -> Piece {
    let utc = at.to_string();
    view! { <time class="moment" datetime=utc.clone() title=utc>{use_page().local(at)}</time> }.erase()
}

/// How long ago something was when the page was made; the script counts on. The moment itself on hover.
pub fn ago(at: Timestamp) -> Piece {
    let page = use_page();
    let words = format::ago(page.get().now.millis_since(at));
    view! { <time class="moment" data-ago="" datetime=at.to_string() title=page.told(at)>{words}</time> }.erase()
}

/// How long something has lasted so far; the script counts on.
pub fn span_of(since: Timestamp) -> Piece {
    let words = format::duration(use_page().get().now.millis_since(since) / 1000);
    view! { <time class="moment" data-since="" datetime=since.to_string()>{words}</time> }.erase()
}

/// The state of a run: icon, word and colour.
pub fn run_badge(state: RunState) -> Piece {
    outcome_badge(state, state.word())
}

/// The same with another word.
pub fn outcome_badge(state: RunState, word: impl Into<String>) -> Piece {
    view! { <span class="status-badge" data-outcome=state.to_string()>{icon(symbol(state))}<span>{word.into()}</span></span> }.erase()
}

fn symbol(state: RunState) -> Icon {
    match state {
        RunState::Created | RunState::Queued => Icon::Hourglass,
        RunState::Running => Icon::Play,
        RunState::Canceling | RunState::Canceled => Icon::Square,
        RunState::Completed => Icon::Tick,
        RunState::Partial => Icon::Triangle,
        RunState::Failed => Icon::CrossInCircle,
        RunState::Expired => Icon::InfoCircle,
        RunState::Skipped => Icon::Clock,
    }
}

/// A term and its value; nothing where there is none.
pub fn fact(term: &'static str, value: Option<Piece>) -> Option<Piece> {
    value.map(|value| view! { <div class="facts__item"><dt>{term}</dt><dd>{value}</dd></div> }.erase())
}

/// A text in a box of its own, with a button that copies it.
pub fn copyable(id: &'static str, label: &'static str, text: String) -> Piece {
    view! {
        <div class="copyable">
            <pre class="copyable__text" id=id tabindex="0" role="region" aria-label=label>{text}</pre>
            <button class="button needs-script" type="button" data-copy=id aria-label=format!("Copy {}", label.to_lowercase())>
                {icon(Icon::Copy)}<span data-word="">"Copy"</span>
            </button>
        </div>
    }
    .erase()
}

/// Where one came from.
pub fn back_link(href: String, words: impl Into<String>) -> Piece {
    view! { <p class="back-link"><a href=href>{icon(Icon::Previous)}<span>{words.into()}</span></a></p> }.erase()
}

/// What a redirect has to say about what was just done.
pub fn flash(words: Option<&str>) -> Option<Piece> {
    words.map(|words| view! { <p class="flash" role="status">{icon(Icon::Tick)}<span>{words.to_owned()}</span></p> }.erase())
}

/// A list that has nothing in it, and what to do about that.
pub fn empty(title: &'static str, text: &'static str, action: Option<(&'static str, String)>) -> Piece {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            <p class="empty__text">{text}</p>
            {action.map(|(word, href)| view! { <p><a class="button button--primary" href=href>{word}</a></p> })}
        </div>
    }
    .erase()
}
