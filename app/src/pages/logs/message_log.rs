//! The Message Log dialog. Its URL says which row it shows, so a link to it can be passed on; the script makes it modal and moves from
//! row to row in place.

use leptos::prelude::*;

use super::address::LogsAddress;
use super::detail::detail_view;
use crate::components::{Erase, Icon, Piece, icon};
use crate::model::LogEntryDetail;

/// An open row, and those before and after it with the same filter.
#[derive(Debug, Clone)]
pub struct OpenEntry {
    pub found: LogEntryDetail,
    pub newer: Option<i64>,
    pub older: Option<i64>,
}

/// The dialog; `None`: there is no such row in scope.
pub(super) fn message_log(address: &LogsAddress, open: Option<OpenEntry>) -> Piece {
    let id = address.entry().unwrap_or_default();
    let neighbours = neighbours(address, open.as_ref());
    let body = match open {
        Some(OpenEntry { found, .. }) => detail_view(address, found),
        None => view! {
            <div class="message-log__body">
                <p><strong>{format!("There is no entry {id}.")}</strong></p>
                <p>"It may have been cleared, or it belongs to a server that you do not see."</p>
            </div>
        }
        .erase(),
    };
    view! {
        <dialog class="message-log" open=true aria-labelledby="message-log" data-entry=id>
            <header class="message-log__header">
                <h2 class="message-log__title" id="message-log" tabindex="-1" autofocus=true>"Message log"</h2>
                {neighbours}
                <a class="button button--quiet" href=address.href() aria-label="Close" data-close="">{icon(Icon::Close)}</a>
            </header>
            {body}
        </dialog>
    }
    .erase()
}

/// Links to the rows before and after.
fn neighbours(address: &LogsAddress, open: Option<&OpenEntry>) -> Piece {
    let neighbour = |step: isize| {
        let id = open.and_then(|open| if step < 0 { open.newer } else { open.older });
        id.map(|id| address.entry_href(id))
    };
    let link = |step: isize, symbol: Icon, word: &'static str| {
        let href = neighbour(step);
        let missing = href.is_none();
        view! {
            <a class="button button--quiet" href=href aria-label=word title=word role=missing.then_some("link") aria-disabled=missing.then_some("true") data-step=step.to_string()>
                {icon(symbol)}
            </a>
        }
        .erase()
    };
    view! {
        <nav class="message-log__neighbours" aria-label="Entries">
            {link(-1, Icon::Previous, "Newer entry")}
            {link(1, Icon::Next, "Older entry")}
        </nav>
    }
    .erase()
}
