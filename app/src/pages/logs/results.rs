//! The rows that match, how many there are, and the ways on; or those around one. Nothing recorded, nothing matching and a filter that cannot be are three
//! different things and look like it.

use leptos::prelude::*;

use super::address::LogsAddress;
use super::density::density_switch;
use super::row::row;
use crate::components::{Erase, Icon, LogColumns, Piece, Tone, format, icon, log_table_head, notice};
use crate::model::{FieldError, LogPage, Permission, WordQuery};
use crate::site::use_page;

/// Counts, table and paging. `beside` stands behind the counts.
pub(super) fn results(address: &LogsAddress, page: &LogPage, beside: Option<Piece>) -> Piece {
    if let Some(id) = address.around() {
        return rows_around(address, page, id);
    }
    let back = address.is_paged().then(|| view! { " · "<a href=address.newest_href()>"Back to the newest"</a> });
    let count_all = (!page.total_is_exact).then(|| view! { " · "<a href=address.counted_href()>"Count and draw all"</a> });
    view! {
        <div class="log-head">
            <p class="log-count" role="status">
                {(!page.total_is_exact).then_some("at least ")}
                <strong class="log-count__figure">{format::count(page.total)}</strong>" of "
                <strong class="log-count__figure">{format::count(page.total_in_scope)}</strong>
                {if page.total_in_scope == 1 { " entry" } else { " entries" }}
                {count_all}
                {back}
            </p>
            {beside}
            {density_switch()}
        </div>
        {if page.entries.is_empty() { nothing(address, page) } else { table(address, page) }}
    }
    .erase()
}

/// What was written before and after a row, and the way back.
fn rows_around(address: &LogsAddress, page: &LogPage, id: i64) -> Piece {
    let is_there = page.entries.iter().any(|entry| entry.id == id);
    let words = if is_there { "All rows around entry " } else { "Where entry " };
    let rest = (!is_there).then_some(" would be: it may have been cleared, or it belongs to a server that you do not see");
    view! {
        <div class="log-head">
            <p class="log-count" role="status">
                {words}<strong class="log-count__figure">{id}</strong>{rest}
                " · "<a href=address.back_href()>"Back to what was shown before"</a>
            </p>
            {density_switch()}
        </div>
        {table(address, page)}
    }
    .erase()
}

fn nothing(address: &LogsAddress, page: &LogPage) -> Piece {
    if page.total_in_scope == 0 {
        let add = use_page().may(Permission::AddServers).then(|| view! { <a class="button" href="/servers/new">"Add a server"</a> });
        let body = view! {
            <p>"Rows appear here when the first run begins, or when someone changes something."</p>
            {add}
        };
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
    let body = view! {
        <p>"This is the end of what matches."</p>
        <a class="button" href=address.newest_href()>"Back to the newest"</a>
    };
    notice(Tone::Neutral, "No older rows", body.erase())
}

fn clear_filters() -> Piece {
    view! { <a class="button" href="/logs?status=">{icon(Icon::Close)}"Clear filters"</a> }.erase()
}

fn table(address: &LogsAddress, page: &LogPage) -> Piece {
    let words: WordQuery = address.filter().q;
    let rows = page.entries.iter().map(|entry| row(address, entry, &words));
    let way_on = match page.next_before {
        Some(before) => view! {
            <a class="button" href=address.before_href(before) data-older="">{icon(Icon::ArrowDown)}<span data-word="">"Load older"</span></a>
        }
        .erase(),
        None => view! { <p class="log-foot__end">"The beginning of what matches."</p> }.erase(),
    };
    view! {
        <table class="log-table log-table--full" role="table">
            <caption class="visually-hidden">"Log entries, newest first"</caption>
            {log_table_head(LogColumns::Full)}
            <tbody role="rowgroup" data-rows="">{rows.collect_view()}</tbody>
        </table>
        <div class="log-foot" data-foot="">{way_on}</div>
        // Read and filled by the script alone.
        <div class="copied" hidden=true data-copied="">
            <p class="copied__word" role="status" data-word=""></p>
            <input class="field__input" readonly=true hidden=true aria-label="Text to copy"/>
        </div>
    }
    .erase()
}

/// A filter that cannot be: which field, and why.
pub(super) fn bad_filter(address: &LogsAddress, problems: &[FieldError]) -> Piece {
    let item = |problem: &FieldError| {
        let given = address.given(&problem.field).map(|value| format!(" “{value}”"));
        let field = match problem.field.as_str() {
            "q" => "Words",
            "from" => "From",
            "to" => "To",
            other => other,
        };
        view! { <li><strong>{field.to_owned()}</strong>{given}": "{problem.reason.clone()}</li> }
    };
    let items = problems.iter().map(item).collect_view();
    let body = view! {
        <ul class="notice__list">{items}</ul>
        {clear_filters()}
    };
    view! { <div role="alert">{notice(Tone::Error, "This filter cannot be applied", body.erase())}</div> }.erase()
}
