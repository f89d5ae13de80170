//! The rows of the feed. However long the feed is, only a window of it is in the page; rows of the feed are all of one
//! height (the style sheet sees to that), so what is above and below the window is two blanks.

use leptos::prelude::*;
use web_sys::{Element, HtmlElement};

use super::following::Following;
use crate::components::{Erase, LogColumns, LogTableHead, format, log_row, message_href, use_clock};
use crate::streaming::{Feed, FeedItem, FeedRow, Live};

/// Lines in the page at most.
const WINDOW: usize = 300;
/// The window moves by this many lines at a time, so that scrolling seldom touches the page.
const STEP: usize = 50;
/// Lines kept above the visible ones.
const ABOVE: usize = 100;
/// A row marks itself as new for this long.
const FRESH_MILLIS: i64 = 2_000;

/// The table, its two blanks and the way to older rows.
#[component]
pub fn FeedTable(live: Live, following: RwSignal<Following>) -> impl IntoView {
    let first = RwSignal::new(0_usize);
    let table = NodeRef::<leptos::html::Table>::new();
    let above = NodeRef::<leptos::html::Td>::new();
    let below = NodeRef::<leptos::html::Td>::new();
    let empty = Memo::new(move |_| live.feed.with(Feed::is_empty));
    watch_scrolling(table, following, first);
    Effect::new(move |_| {
        let length = live.feed.with(Feed::len);
        let first = first.get();
        let row_height = table.get().map_or(0.0, |table| row_height(&table));
        set_height(above, first, row_height);
        set_height(below, length.saturating_sub(first + WINDOW), row_height);
    });
    view! {
        <table class="log-table log-table--feed" role="table" aria-labelledby="feed" node_ref=table>
            <LogTableHead columns=LogColumns::Feed/>
            <tbody class="log-table__blank" aria-hidden="true"><tr><td node_ref=above colspan="6"></td></tr></tbody>
            <tbody role="rowgroup">
                <For each=move || live.feed.with(|feed| feed.window(first.get(), WINDOW)) key=|row| row.key() children=move |row| line(&row)/>
            </tbody>
            <tbody class="log-table__blank" aria-hidden="true"><tr><td node_ref=below colspan="6"></td></tr></tbody>
        </table>
        <Show when=move || empty.get() fallback=move || older_link(live)>
            <p class="section__empty">"Nothing has been recorded yet. Rows appear here the moment they are written."</p>
        </Show>
    }
    .erase()
}

fn older_link(live: Live) -> AnyView {
    let href = move || live.feed.with(Feed::oldest_id).map_or_else(|| "/logs".to_owned(), |id| format!("/logs?before={id}"));
    view! { <p class="feed__older"><a class="button" href=href>"Older rows in Logs"</a></p> }.erase()
}

fn line(row: &FeedRow) -> AnyView {
    match &row.item {
        FeedItem::Entry(entry) => {
            let fresh = row.arrived_at.is_some_and(|at| use_clock().read().millis_since(at) < FRESH_MILLIS);
            log_row(entry, LogColumns::Feed, message_href(entry, |id| format!("/logs?entry={id}")), fresh)
        }
        FeedItem::Gap { from, to } => {
            marker(format!("{} ({from} to {to}) cannot be had any more: they have been cleared.", format::rows(to - from + 1)), None)
        }
        FeedItem::Skipped { from, to } => marker(
            format!("{} arrived while you were away.", format::rows(to - from + 1)),
            Some(format!("/logs?after={}&before={}", from - 1, to + 1)),
        ),
    }
}

fn marker(text: String, href: Option<String>) -> AnyView {
    view! {
        <tr class="log-table__row log-table__row--marker" role="row">
            <td class="log-table__cell" role="cell" colspan="6">{text}" "{href.map(|href| view! { <a href=href>"Show them in Logs"</a> })}</td>
        </tr>
    }
    .erase()
}

/// Follows the scroll position: it decides whether new rows wait and which part of the feed is in the page.
fn watch_scrolling(table: NodeRef<leptos::html::Table>, following: RwSignal<Following>, first: RwSignal<usize>) {
    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::scroll, move |_| {
            let Some(table) = table.get_untracked() else { return };
            let top = table.get_bounding_client_rect().top();
            let now = following.get_untracked().scrolled(top < 0.0);
            if now != following.get_untracked() {
                following.set(now);
            }
            let start = window_start(-top, row_height(&table));
            if start != first.get_untracked() {
                first.set(start);
            }
        });
        on_cleanup(move || handle.remove());
    });
}

/// The first line of the window when this many pixels of the feed are above the screen.
fn window_start(pixels_above: f64, row_height: f64) -> usize {
    if row_height < 1.0 || pixels_above < 0.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and far below 2^32")]
    let line = (pixels_above / row_height) as usize;
    line.saturating_sub(ABOVE) / STEP * STEP
}

fn row_height(table: &Element) -> f64 {
    let row = table.query_selector(".log-table__row").ok().flatten();
    row.map_or(0.0, |row| row.get_bounding_client_rect().height())
}

fn set_height(cell: NodeRef<leptos::html::Td>, lines: usize, row_height: f64) {
    let Some(cell) = cell.get_untracked() else { return };
    #[expect(clippy::cast_precision_loss, reason = "at most 2,000 lines")]
    let height = format!("{}px", lines as f64 * row_height);
    let cell: &HtmlElement = &cell;
    if let Err(error) = cell.style().set_property("height", &height) {
        leptos::logging::warn!("size the blank of the feed: {error:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_in_steps_and_keeps_rows_above() {
        for (pixels, start) in
            [(-50.0, 0), (0.0, 0), (3_199.0, 0), (4_799.0, 0), (4_800.0, 50), (6_399.0, 50), (6_400.0, 100), (64_000.0, 1_900)]
        {
            assert_eq!(window_start(pixels, 32.0), start, "{pixels}");
        }
        assert_eq!(window_start(500.0, 0.0), 0);
    }
}
