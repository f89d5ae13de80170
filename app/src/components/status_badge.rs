//! States as icon, word and colour: never colour alone.

use leptos::prelude::*;

use super::{Erase, icon};
use crate::model::{LinkState, LogStatus};

/// The status of a log row.
#[component]
pub fn StatusBadge(status: LogStatus) -> impl IntoView {
    view! { <span class="status-badge" data-status=status.to_string()>{icon(status)}<span>{status.word()}</span></span> }.erase()
}

/// Whether a server answers.
#[component]
pub fn LinkBadge(state: LinkState) -> impl IntoView {
    let word = match state {
        LinkState::Up => "Up",
        LinkState::Down => "Down",
        LinkState::Unknown => "Unknown",
    };
    view! { <span class="status-badge" data-link=state.to_string()>{icon(state)}<span>{word}</span></span> }.erase()
}
