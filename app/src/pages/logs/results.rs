//! The rows that match, how many there are, and the ways on. Nothing recorded, nothing matching, a filter that cannot be and
//! a failed read are four different things and look like it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::address::LogsAddress;
use super::{Loaded, Loading};
use crate::api::list_logs;
use crate::components::{
    Erase, Icon, Item, LogColumns, Piece, Tone, effect, format, icon, list, log_row, log_table_head, message_href, notice, on_window,
    reactive, sentence, skeleton_rows, text, top_of,
};
use crate::model::{FieldError, LogEntry, LogPage};

/// Rows in the page at most when more are loaded in place; after that the next page replaces them.
const IN_PLACE_LIMIT: usize = 2_000;

/// Counts, table and paging.
pub(super) fn results(address: Memo<LogsAddress>, loaded: Loaded, page: &LogPage) -> Piece {
    let newest = text(move || address.with(LogsAddress::newest_href));
    let paged = Memo::new(move |_| address.with(LogsAddress::is_paged));
    let back = reactive(move || paged.get().then(|| view! { " · "<a href=newest>"Back to the newest"</a> }.erase()));
    view! {
        <p class="log-count" role="status">
            <strong class="log-count__figure">{format::count(page.total)}</strong>" of "
            <strong class="log-count__figure">{format::count(page.total_in_scope)}</strong>
            {if page.total_in_scope == 1 { " entry" } else { " entries" }}
            {back}
        </p>
        {if page.entries.is_empty() { nothing(page) } else { table(address, loaded) }}
    }
    .erase()
}

fn nothing(page: &LogPage) -> Piece {
    if page.total_in_scope == 0 {
        let body = view! { <p>"Rows appear here when the first run begins, or when someone changes something."</p> };
        return notice(Tone::Neutral, "Nothing has been recorded yet", body.erase());
    }
    if page.total == 0 {
        let none = format!("None of {} passes this filter.", format::rows(page.total_in_scope));
        let body = view! {
            <p>{none}</p>
            {clear_filters()}
        };
        return notice(Tone::Neutral, "No rows match", body.erase());
    }
    notice(Tone::Neutral, "No older rows", view! { <p>"This is the end of what matches."</p> }.erase())
}

fn clear_filters() -> Piece {
    view! { <a class="button" href="/logs">{icon(Icon::Close)}"Clear filters"</a> }.erase()
}

fn table(address: Memo<LogsAddress>, loaded: Loaded) -> Piece {
    let row = move |entry: &LogEntry| {
        let href = message_href(entry, |id| address.with_untracked(|address| address.entry_href(id)));
        log_row(entry, LogColumns::Full, href, false)
    };
    let rows = move || loaded.rows.get().into_iter().map(|entry| Item::new(entry.id, move || row(&entry))).collect();
    view! {
        <table class="log-table log-table--full" role="table">
            <caption class="visually-hidden">"Log entries, newest first"</caption>
            {log_table_head(LogColumns::Full)}
            <tbody role="rowgroup">{list(rows)}</tbody>
        </table>
        {older(address, loaded)}
    }
    .erase()
}

/// The way to older rows: a link without scripts, more rows in place with them.
fn older(address: Memo<LogsAddress>, loaded: Loaded) -> Piece {
    let loading = loaded.loading;
    load_when_near(move || {
        if loading.get_untracked() == Loading::Idle {
            load_older(address, loaded);
        }
    });
    let problem = reactive(move || match loading.get() {
        Loading::Failed(error) => Some(view! { <p class="log-foot__problem" role="alert">{sentence(&error.to_string())}</p> }.erase()),
        _ => None,
    });
    let more = Memo::new(move |_| loaded.next_before.get().is_some());
    let way_on = reactive(move || {
        let end = || view! { <p class="log-foot__end">"The beginning of what matches."</p> }.erase();
        Some(if more.get() { older_link(address, loaded) } else { end() })
    });
    view! { <div class="log-foot">{problem}{way_on}</div> }.erase()
}

fn older_link(address: Memo<LogsAddress>, loaded: Loaded) -> Piece {
    let busy = text(move || loaded.loading.get() == Loading::Busy);
    let href = text(move || loaded.next_before.get().map(|before| address.with(|address| address.before_href(before))));
    let click = move |event: leptos::ev::MouseEvent| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if plain && loaded.rows.with_untracked(Vec::len) < IN_PLACE_LIMIT {
            event.prevent_default();
            load_older(address, loaded);
        }
    };
    view! {
        <a class="button" href=href on:click=click aria-busy=text(move || busy.get().then(|| "true".to_owned()))>
            {icon(Icon::ArrowDown)}
            {text(move || if busy.get() { "Loading older rows" } else { "Load older" }.to_owned())}
        </a>
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
fn load_when_near(load: impl Fn() + Copy + 'static) {
    effect(move || {
        on_window("scroll", move |_| {
            let screen = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(0.0);
            if top_of(".log-foot").is_some_and(|top| top < 2.0 * screen) {
                load();
            }
        });
    });
}

/// A filter that cannot be: which field, and why.
pub(super) fn bad_filter(address: &LogsAddress, problems: &[FieldError]) -> Piece {
    let item = |problem: &FieldError| {
        let given = address.given(&problem.field).map(|value| format!(" “{value}”"));
        view! { <li><strong>{problem.field.clone()}</strong>{given}": "{problem.reason.clone()}</li> }
    };
    let items = problems.iter().map(item).collect_view();
    let body = view! {
        <ul class="notice__list">{items}</ul>
        {clear_filters()}
    };
    view! { <div role="alert">{notice(Tone::Error, "This filter cannot be applied", body.erase())}</div> }.erase()
}

/// The table's shape while the first rows are on their way.
pub(super) fn skeleton() -> Piece {
    view! {
        <p class="log-count" role="status">"Loading"</p>
        <table class="log-table log-table--full" role="table" aria-busy="true">
            {log_table_head(LogColumns::Full)}
            {skeleton_rows(LogColumns::Full, 12)}
        </table>
    }
    .erase()
}
