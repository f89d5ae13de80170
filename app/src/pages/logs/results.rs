//! The rows that match, how many there are, and the ways on. Nothing recorded, nothing matching, a filter that cannot be and
//! a failed read are four different things and look like it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::address::LogsAddress;
use super::{Loaded, Loading};
use crate::api::list_logs;
use crate::components::{
    Erase, Icon, LogColumns, LogTableHead, Notice, Tone, format, icon, log_row, message_href, sentence, skeleton_rows,
};
use crate::model::{FieldError, LogPage};

/// Rows in the page at most when more are loaded in place; after that the next page replaces them.
const IN_PLACE_LIMIT: usize = 2_000;

/// Counts, table and paging.
#[component]
pub(super) fn Results(address: Memo<LogsAddress>, loaded: Loaded, page: LogPage) -> impl IntoView {
    let paged = move || address.with(LogsAddress::is_paged);
    view! {
        <p class="log-count" role="status">
            <strong class="log-count__figure">{format::count(page.total)}</strong>" of "
            <strong class="log-count__figure">{format::count(page.total_in_scope)}</strong>
            {if page.total_in_scope == 1 { " entry" } else { " entries" }}
            {move || paged().then(|| view! { " · "<a href=move || address.with(LogsAddress::newest_href)>"Back to the newest"</a> })}
        </p>
        {if page.entries.is_empty() { nothing(&page) } else { table(address, loaded) }}
    }
    .erase()
}

fn nothing(page: &LogPage) -> AnyView {
    if page.total_in_scope == 0 {
        return view! {
            <Notice tone=Tone::Neutral title="Nothing has been recorded yet">
                <p>"Rows appear here when the first run begins, or when someone changes something."</p>
            </Notice>
        }
        .erase();
    }
    if page.total == 0 {
        let text = format!("None of {} passes this filter.", format::rows(page.total_in_scope));
        return view! {
            <Notice tone=Tone::Neutral title="No rows match">
                <p>{text}</p>
                <a class="button" href="/logs">{icon(Icon::Close)}"Clear filters"</a>
            </Notice>
        }
        .erase();
    }
    view! {
        <Notice tone=Tone::Neutral title="No older rows">
            <p>"This is the end of what matches."</p>
        </Notice>
    }
    .erase()
}

fn table(address: Memo<LogsAddress>, loaded: Loaded) -> AnyView {
    let row = move |entry: crate::model::LogEntry| {
        let href = message_href(&entry, |id| address.with_untracked(|address| address.entry_href(id)));
        log_row(&entry, LogColumns::Full, href, false)
    };
    view! {
        <table class="log-table log-table--full" role="table">
            <caption class="visually-hidden">"Log entries, newest first"</caption>
            <LogTableHead columns=LogColumns::Full/>
            <tbody role="rowgroup">
                <For each=move || loaded.rows.get() key=|entry| entry.id children=row/>
            </tbody>
        </table>
        <Older address=address loaded=loaded/>
    }
    .erase()
}

/// The way to older rows: a link without scripts, more rows in place with them.
#[component]
fn Older(address: Memo<LogsAddress>, loaded: Loaded) -> impl IntoView {
    let loading = loaded.loading;
    let foot = NodeRef::<leptos::html::Div>::new();
    let load = move || load_older(address, loaded);
    load_when_near(foot, move || {
        if loading.get_untracked() == Loading::Idle {
            load();
        }
    });
    let href = move || loaded.next_before.get().map(|before| address.with(|address| address.before_href(before)));
    let click = move |event: leptos::ev::MouseEvent| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if plain && loaded.rows.with_untracked(Vec::len) < IN_PLACE_LIMIT {
            event.prevent_default();
            load();
        }
    };
    let word = move || if loading.get() == Loading::Busy { "Loading older rows" } else { "Load older" };
    view! {
        <div class="log-foot" node_ref=foot>
            {move || match loading.get() {
                Loading::Failed(error) => Some(view! { <p class="log-foot__problem" role="alert">{sentence(&error.to_string())}</p> }),
                _ => None,
            }}
            {move || match href() {
                Some(href) => view! { <a class="button" href=href on:click=click aria-busy=move || (loading.get() == Loading::Busy).then_some("true")>{icon(Icon::ArrowDown)}{word}</a> }.erase(),
                None => view! { <p class="log-foot__end">"The beginning of what matches."</p> }.erase(),
            }}
        </div>
    }
    .erase()
}

fn load_older(address: Memo<LogsAddress>, loaded: Loaded) {
    let loading = loaded.loading;
    let Some(before) = loaded.next_before.get_untracked() else { return };
    if loading.get_untracked() == Loading::Busy {
        return;
    }
    loading.set(Loading::Busy);
    let asked = address.get_untracked();
    spawn_local(async move {
        let read = list_logs(asked.before_query(before)).await;
        // Another filter may have been chosen, or another page, while these rows were on their way.
        let current = address.try_with_untracked(|now| now.query() == asked.query()).unwrap_or(false)
            && loaded.next_before.try_get_untracked().flatten() == Some(before);
        if !current {
            return;
        }
        match read {
            Ok(page) => {
                loaded.rows.update(|rows| rows.extend(page.entries));
                loaded.next_before.set(page.next_before);
                loading.set(Loading::Idle);
            }
            Err(error) => loading.set(Loading::Failed(error)),
        }
    });
}

/// Calls this when the foot of the table comes within a screen of being seen.
fn load_when_near(foot: NodeRef<leptos::html::Div>, load: impl Fn() + Copy + 'static) {
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::scroll, move |_| {
            let Some(foot) = foot.get_untracked() else { return };
            let screen = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(0.0);
            if foot.get_bounding_client_rect().top() < 2.0 * screen {
                load();
            }
        });
        on_cleanup(move || handle.remove());
    });
}

/// A filter that cannot be: which field, and why.
pub(super) fn bad_filter(address: &LogsAddress, problems: &[FieldError]) -> AnyView {
    let item = |problem: &FieldError| {
        let given = address.given(&problem.field).map(|value| format!(" “{value}”"));
        view! { <li><strong>{problem.field.clone()}</strong>{given}": "{problem.reason.clone()}</li> }
    };
    let items = problems.iter().map(item).collect_view();
    view! {
        <div role="alert">
            <Notice tone=Tone::Error title="This filter cannot be applied">
                <ul class="notice__list">{items}</ul>
                <a class="button" href="/logs">{icon(Icon::Close)}"Clear filters"</a>
            </Notice>
        </div>
    }
    .erase()
}

/// The table's shape while the first rows are on their way.
pub(super) fn skeleton() -> AnyView {
    view! {
        <p class="log-count" role="status">"Loading"</p>
        <table class="log-table log-table--full" role="table" aria-busy="true">
            <LogTableHead columns=LogColumns::Full/>
            {skeleton_rows(LogColumns::Full, 12)}
        </table>
    }
    .erase()
}
