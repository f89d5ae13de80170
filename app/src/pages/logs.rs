//! Logs: the history of everything, filtered by its URL. Every view is a link; forms are plain GET forms.

mod address;
mod detail;
mod filter_form;
mod message_log;
mod quick_ranges;
mod results;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use self::address::LogsAddress;
use self::filter_form::FilterForm;
use self::message_log::MessageLog;
use self::results::Results;
use crate::api::{find_log_entry, list_logs, list_servers};
use crate::components::{Erase, failure_notice};
use crate::error::AppError;
use crate::model::{LogEntry, LogEntryDetail, LogPage};
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
    let query = Memo::new(move |_| address.with(|address| address.query().to_owned()));
    let entry = Memo::new(move |_| address.with(LogsAddress::entry));
    let page = Resource::new(move || query.get(), list_logs);
    let detail = Resource::new(move || entry.get(), find);
    let servers = OnceResource::new(list_servers());
    let loaded = Loaded { rows: RwSignal::new(Vec::new()), next_before: RwSignal::new(None), loading: RwSignal::new(Loading::Idle) };
    view! {
        <Title text="Logs"/>
        <header class="page-header">
            <h1 class="page-title">"Logs"</h1>
            <p class="page-header__note">"Times in "{use_page().get().time_zone_note()}</p>
        </header>
        <FilterForm address=address servers=servers/>
        <Transition fallback=results::skeleton>
            {move || Suspend::new(async move {
                let below = match page.await {
                    Ok(page) => results(address, loaded, page),
                    Err(error) => problem(address, &error),
                };
                // Beside the rows, because it leads to the next of them.
                view! { <MessageLog address=address detail=detail loaded=loaded/>{below} }
            })}
        </Transition>
    }
    .erase()
}

async fn find(entry: Option<i64>) -> Result<Option<LogEntryDetail>, AppError> {
    match entry {
        Some(id) => find_log_entry(id).await,
        None => Ok(None),
    }
}

fn results(address: Memo<LogsAddress>, loaded: Loaded, page: LogPage) -> AnyView {
    loaded.rows.set(page.entries.clone());
    loaded.next_before.set(page.next_before);
    loaded.loading.set(Loading::Idle);
    view! { <Results address=address loaded=loaded page=page/> }.erase()
}

/// A filter that cannot be is the reader's to mend; everything else is not.
fn problem(address: Memo<LogsAddress>, error: &AppError) -> AnyView {
    match error {
        AppError::Invalid(problems) => address.with_untracked(|address| results::bad_filter(address, problems)),
        error => failure_notice("the log", error, address.with_untracked(LogsAddress::href)),
    }
}
