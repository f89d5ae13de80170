//! Logs: the history of everything, filtered by its URL. Every view is a link; forms are plain GET forms.

mod address;
mod detail;
mod filter_form;
mod message_log;
mod quick_ranges;
mod results;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use self::address::LogsAddress;
use self::filter_form::filter_form;
use self::message_log::message_log;
use crate::api::{Wire, find_log_entry, list_logs, list_servers};
use crate::components::{Awaited, Drawing, Erase, Piece, awaited, failure_notice};
use crate::error::AppError;
use crate::model::{LogEntry, LogEntryDetail, LogPage, Permission, Server};
use crate::site::use_page;

/// What the page has read: the first page of rows, and those loaded after it.
#[derive(Clone, Copy)]
struct Loaded {
    rows: RwSignal<Vec<LogEntry>>,
    next_before: RwSignal<Option<i64>>,
    loading: RwSignal<Loading>,
}

/// Whether older rows are on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Loading {
    Idle,
    Busy,
    Failed(AppError),
}

/// `/logs?from=…&to=…&status=…&type=…&server=…&before=…&entry=…`
#[component]
pub fn LogsPage() -> impl IntoView {
    let search = use_location().search;
    let address = Memo::new(move |_| LogsAddress::parse(&search.get()));
    let page: Page = Resource::new_with_options(move || address.with(|address| address.query().to_owned()), list_logs, false);
    let detail: Detail = Resource::new_with_options(move || address.with(LogsAddress::entry), find, false);
    let servers: Servers = OnceResource::new_with_options(list_servers(), false);
    let loaded = Loaded { rows: RwSignal::new(Vec::new()), next_before: RwSignal::new(None), loading: RwSignal::new(Loading::Idle) };
    let rows = move || -> Awaited {
        Box::pin(async move {
            let read = page.await;
            let drawing: Drawing = Box::new(move || {
                let below = match read {
                    Ok(page) => show(address, loaded, page),
                    Err(error) => problem(address, &error),
                };
                // Beside the rows, because it leads to the next of them.
                view! { {message_log(address, detail, loaded)}{below} }.erase()
            });
            drawing
        })
    };
    view! {
        <header class="page-header">
            <h1 class="page-title">"Logs"</h1>
            <p class="page-header__note">"Times in "{use_page().get().time_zone_note()}</p>
            {use_page().may(Permission::ClearBackupLogs).then(clear_link)}
        </header>
        {filter_form(address, servers)}
        {awaited(results::skeleton, rows)}
    }
    .erase()
}

/// The question is a page of its own.
fn clear_link() -> Piece {
    view! { <div class="page-header__actions"><a class="button" href="/logs/clear" rel="external">"Clear backup logs"</a></div> }.erase()
}

type Page = Resource<Result<LogPage, AppError>, Wire>;
type Detail = Resource<Result<Option<LogEntryDetail>, AppError>, Wire>;
type Servers = OnceResource<Result<Vec<Server>, AppError>, Wire>;

async fn find(entry: Option<i64>) -> Result<Option<LogEntryDetail>, AppError> {
    match entry {
        Some(id) => find_log_entry(id).await,
        None => Ok(None),
    }
}

fn show(address: Memo<LogsAddress>, loaded: Loaded, page: LogPage) -> Piece {
    let shown = results::results(address, loaded, &page);
    loaded.rows.set(page.entries);
    loaded.next_before.set(page.next_before);
    loaded.loading.set(Loading::Idle);
    shown
}

/// A filter that cannot be is the reader's to mend; everything else is not.
fn problem(address: Memo<LogsAddress>, error: &AppError) -> Piece {
    match error {
        AppError::Invalid(problems) => address.with_untracked(|address| results::bad_filter(address, problems)),
        error => failure_notice("the log", error, address.with_untracked(LogsAddress::href)),
    }
}
