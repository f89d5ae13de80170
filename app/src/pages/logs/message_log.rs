//! The Message Log dialog. Its URL says which row it shows, so the server can render it open and a link to it can be passed
//! on; with scripts it is modal, and moving to the next row stays inside it.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::address::LogsAddress;
use super::detail::detail_view;
use super::{Detail, Loaded};
use crate::components::{
    Awaited, Drawing, Erase, Icon, Piece, Reactive, awaited, effect, failure_notice, icon, open_as_modal, reactive, return_focus, text,
};
use crate::error::AppError;
use crate::model::LogEntryDetail;

/// The dialog, while the URL names a row.
pub(super) fn message_log(address: Memo<LogsAddress>, detail: Detail, loaded: Loaded) -> Reactive {
    let is_open = Memo::new(move |_| address.with(|address| address.entry().is_some()));
    let opened_here = StoredValue::new(false);
    notice_changes(address, opened_here);
    reactive(move || is_open.get().then(|| dialog(address, detail, loaded, opened_here)))
}

fn dialog(address: Memo<LogsAddress>, detail: Detail, loaded: Loaded, opened_here: StoredValue<bool>) -> Piece {
    effect(|| open_as_modal(".message-log"));
    let close = closer(address, opened_here);
    let close_href = text(move || address.with(LogsAddress::href));
    let close_instead = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        close.run(());
    };
    let cancel = move |event: leptos::ev::Event| {
        event.prevent_default();
        close.run(());
    };
    let click = move |event: leptos::ev::MouseEvent| {
        if is_backdrop(&event) {
            close.run(());
        }
    };
    let loading = || view! { <p class="message-log__body" role="status">"Loading"</p> }.erase();
    let body = move || -> Awaited {
        Box::pin(async move {
            let read = detail.await;
            let drawing: Drawing = Box::new(move || content(&address.get_untracked(), read));
            drawing
        })
    };
    view! {
        <dialog class="message-log" open=true aria-labelledby="message-log" on:cancel=cancel on:click=click>
            <header class="message-log__header">
                <h2 class="message-log__title" id="message-log" tabindex="-1" autofocus=true>"Message log"</h2>
                {neighbours(address, loaded)}
                <a class="button button--quiet" href=close_href aria-label="Close" data-noscroll="true" on:click=close_instead>{icon(Icon::Close)}</a>
            </header>
            {awaited(loading, body)}
        </dialog>
    }
    .erase()
}

fn content(address: &LogsAddress, read: Result<Option<LogEntryDetail>, AppError>) -> Piece {
    let id = address.entry().unwrap_or_default();
    match read {
        Ok(Some(entry)) => detail_view(entry),
        Ok(None) => view! {
            <div class="message-log__body">
                <p><strong>{format!("There is no entry {id}.")}</strong></p>
                <p>"It may have been cleared, or it belongs to a server that you do not see."</p>
            </div>
        }
        .erase(),
        Err(error) => view! { <div class="message-log__body">{failure_notice("this entry", &error, address.entry_href(id))}</div> }.erase(),
    }
}

/// Links to the rows above and below among those loaded.
fn neighbours(address: Memo<LogsAddress>, loaded: Loaded) -> Piece {
    let neighbour = move |step: isize| {
        let id = address.with(LogsAddress::entry)?;
        let found = loaded.rows.with(|rows| {
            let position = rows.iter().position(|row| row.id == id)?;
            rows.get(position.checked_add_signed(step)?).map(|row| row.id)
        });
        found.map(|id| address.with(|address| address.entry_href(id)))
    };
    let link = move |step: isize, symbol: Icon, word: &'static str| {
        let href = text(move || neighbour(step));
        let missing = move |value: &'static str| text(move || href.with(Option::is_none).then(|| value.to_owned()));
        view! {
            <a class="button button--quiet" href=href aria-label=word title=word role=missing("link") aria-disabled=missing("true") prop:replace=true data-noscroll="true">
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

/// Closing leads back to where the reader was: one step back if a link on this page opened the dialog, else to the same
/// page without it.
fn closer(address: Memo<LogsAddress>, opened_here: StoredValue<bool>) -> Callback<()> {
    let navigate = use_navigate();
    Callback::new(move |()| {
        let back = opened_here.get_value() && window().history().and_then(|history| history.back()).is_ok();
        if !back {
            let href = address.with_untracked(LogsAddress::href);
            navigate(&href, NavigateOptions { scroll: false, replace: true, ..NavigateOptions::default() });
        }
    })
}

/// Notes whether a link on this page opened the dialog; and when it has gone, returns focus to the link of the row it
/// showed last.
fn notice_changes(address: Memo<LogsAddress>, opened_here: StoredValue<bool>) {
    let shown = StoredValue::new(None::<Option<i64>>);
    effect(move || {
        let entry = address.with(LogsAddress::entry);
        let earlier = shown.get_value();
        shown.set_value(Some(entry));
        match (earlier, entry) {
            (Some(None), Some(_)) => opened_here.set_value(true),
            (Some(Some(closed)), None) => {
                opened_here.set_value(false);
                request_animation_frame(move || return_focus(&format!(".log-table__open[data-entry=\"{closed}\"]")));
            }
            _ => {}
        }
    });
}

/// A click on the dialog itself and nothing in it is a click beside it.
fn is_backdrop(event: &leptos::ev::MouseEvent) -> bool {
    event.target().is_some() && event.target() == event.current_target()
}
