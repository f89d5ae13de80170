//! The Message Log dialog. Its URL says which row it shows, so the server can render it open and a link to it can be passed
//! on; with scripts it is modal, and moving to the next row stays inside it.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::Loaded;
use super::address::LogsAddress;
use super::detail::detail_view;
use crate::components::{Erase, Icon, failure_notice, icon, open_as_modal, return_focus};
use crate::error::AppError;
use crate::model::LogEntryDetail;

type Detail = Resource<Result<Option<LogEntryDetail>, AppError>>;

/// The dialog, while the URL names a row.
#[component]
pub(super) fn MessageLog(address: Memo<LogsAddress>, detail: Detail, loaded: Loaded) -> impl IntoView {
    let is_open = Memo::new(move |_| address.with(|address| address.entry().is_some()));
    let opened_here = StoredValue::new(false);
    notice_changes(address, opened_here);
    view! {
        <Show when=move || is_open.get()>
            <Dialog address=address detail=detail loaded=loaded opened_here=opened_here/>
        </Show>
    }
    .erase()
}

#[component]
fn Dialog(address: Memo<LogsAddress>, detail: Detail, loaded: Loaded, opened_here: StoredValue<bool>) -> impl IntoView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            open_as_modal(&dialog);
        }
    });
    let close = closer(address, opened_here);
    let close_href = move || address.with(LogsAddress::href);
    view! {
        <dialog
            class="message-log"
            open=true
            node_ref=dialog
            aria-labelledby="message-log"
            on:cancel=move |event: leptos::ev::Event| {
                event.prevent_default();
                close.run(());
            }
            on:click=move |event| {
                if is_backdrop(&event) {
                    close.run(());
                }
            }
        >
            <header class="message-log__header">
                <h2 class="message-log__title" id="message-log" tabindex="-1" autofocus=true>"Message log"</h2>
                <Neighbours address=address loaded=loaded/>
                <a class="button button--quiet" href=close_href aria-label="Close" data-noscroll="true" on:click=move |event| {
                    event.prevent_default();
                    close.run(());
                }>{icon(Icon::Close)}</a>
            </header>
            <Transition fallback=|| view! { <p class="message-log__body" role="status">"Loading"</p> }>
                {move || Suspend::new(async move {
                    let read = detail.await;
                    content(&address.get_untracked(), read)
                })}
            </Transition>
        </dialog>
    }
    .erase()
}

fn content(address: &LogsAddress, read: Result<Option<LogEntryDetail>, AppError>) -> AnyView {
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
#[component]
fn Neighbours(address: Memo<LogsAddress>, loaded: Loaded) -> impl IntoView {
    let neighbour = move |step: isize| {
        let id = address.with(LogsAddress::entry)?;
        let found = loaded.rows.with(|rows| {
            let position = rows.iter().position(|row| row.id == id)?;
            rows.get(position.checked_add_signed(step)?).map(|row| row.id)
        });
        found.map(|id| address.with(|address| address.entry_href(id)))
    };
    let link = move |step: isize, symbol: Icon, word: &'static str| {
        view! {
            <a class="button button--quiet" href=move || neighbour(step) aria-label=word title=word role=move || neighbour(step).is_none().then_some("link") aria-disabled=move || neighbour(step).is_none().then_some("true") prop:replace=true data-noscroll="true">
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
    Effect::new(move |earlier: Option<Option<i64>>| {
        let entry = address.with(LogsAddress::entry);
        match (earlier, entry) {
            (Some(None), Some(_)) => opened_here.set_value(true),
            (Some(Some(closed)), None) => {
                opened_here.set_value(false);
                request_animation_frame(move || return_focus(&format!(".log-table__open[data-entry=\"{closed}\"]")));
            }
            _ => {}
        }
        entry
    });
}

/// A click on the dialog itself and nothing in it is a click beside it.
fn is_backdrop(event: &leptos::ev::MouseEvent) -> bool {
    event.target().is_some() && event.target() == event.current_target()
}
