//! The rows of the feed. However long the feed is, only a window of it is in the page; rows of the feed are all of one
//! height (the style sheet sees to that), so what is above and below the window is two blanks.

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::chips::is_filtered;
use super::following::Following;
use crate::components::{
    Erase, Item, LogColumns, Moment, Piece, effect, find, list, log_row, log_table_head, message_href, on_window, plain_message, reactive,
    text, top_of, use_clock,
};
use crate::streaming::{Feed, FeedItem, FeedRow, Live, Older};

/// Lines in the page while new ones come in at the top: two screens of most, since each that comes moves them all.
const TAIL: usize = 60;
/// Lines that a screen is taken to have at most: taller ones show rows too small to read.
const TALLEST: usize = 200;
/// More than this many new lines at once are a flood, in which none stands out.
const FLOOD: usize = 12;
/// The window moves by this many lines at a time, so that scrolling seldom touches the page.
const STEP: usize = 20;
/// Lines kept above the visible ones.
const ABOVE: usize = 40;
/// A row marks itself as new for this long.
const FRESH_MILLIS: i64 = 2_000;

/// The table, its two blanks and the way to older rows.
pub(super) fn feed_table(live: Live, following: RwSignal<Following>) -> Piece {
    let first = RwSignal::new(0_usize);
    // How many lines the screen has room for; the server does not know.
    let screen = RwSignal::new(0_usize);
    let clock = use_clock();
    let empty = Memo::new(move |_| live.feed.with(Feed::is_empty));
    let line_at_top = StoredValue::new(0.0);
    effect(move || watch_scrolling(live, following, first, line_at_top));
    // Who steps through rows by the keyboard reads them, and a row that leaves the page takes the focus with it.
    let pause = move |event: leptos::ev::FocusEvent| {
        // A window that is looked at again gives the focus back too, from nowhere.
        if event.related_target().is_some() && following.get_untracked() == Following::Tail {
            following.set(Following::Paused);
        }
    };
    // A full feed stays as long as it is, and asking the page how high a row is makes it lay out all of them.
    let blanks = Memo::new(move |_| {
        let (length, first) = (live.feed.with(Feed::len), first.get());
        (first, length.saturating_sub(first + window_lines(following.get(), screen.get())))
    });
    let draw_blanks = move |(above, below)| {
        set_height(".log-table__blank--above", above);
        set_height(".log-table__blank--below", below);
    };
    // Once the rows are in the page: they are what blanks are measured by.
    effect(move || {
        let blanks = blanks.get();
        request_animation_frame(move || draw_blanks(blanks));
    });
    effect(move || {
        screen.set(lines_on_screen());
        on_window("resize", move |_| {
            screen.set(lines_on_screen());
            // Rows may be of another height now: who was at a line stays at it.
            let line = line_at_top.get_value();
            request_animation_frame(move || {
                draw_blanks(blanks.get_untracked());
                if let (true, Some(top)) = (line > 0.0, top_of(".log-table--feed")) {
                    window().scroll_by_with_x_and_y(0.0, top + line * row_height());
                }
            });
        });
    });
    let rows = move || {
        let window = live.feed.with(|feed| feed.window(first.get(), window_lines(following.get(), screen.get())));
        // Only a browser has rows that arrived, and a clock to read.
        let is_new = move |row: &FeedRow| row.arrived_at.is_some_and(|at| clock.read().millis_since(at) < FRESH_MILLIS);
        let flood = window.iter().filter(|row| is_new(row)).count() > FLOOD;
        window.into_iter().map(|row| Item::new(row.key(), move || line(&row, !flood && is_new(&row)))).collect()
    };
    view! {
        <table class="log-table log-table--feed" role="table" aria-labelledby="feed" on:focusin=pause>
            {log_table_head(LogColumns::Feed)}
            <tbody class="log-table__blank" aria-hidden="true"><tr><td class="log-table__blank--above" colspan="6"></td></tr></tbody>
            <tbody role="rowgroup">
                {list(rows)}
            </tbody>
            <tbody class="log-table__blank" aria-hidden="true"><tr><td class="log-table__blank--below" colspan="6"></td></tr></tbody>
        </table>
        {reactive(move || Some(if empty.get() { nothing(live) } else { older_link(live) }))}
    }
    .erase()
}

/// Why there are no rows: nothing has been written yet, or the filter passes none of it.
fn nothing(live: Live) -> Piece {
    if live.filter.with_value(|filter| is_filtered(filter)) {
        view! { <p class="section__empty">"No rows match."</p><p><a class="button" href="/#feed">"Show all rows"</a></p> }.erase()
    } else {
        view! {
            <p class="section__empty">
                "Nothing to show yet. "<span class="needs-script">"Rows appear here the moment they are written."</span>
            </p>
        }
        .erase()
    }
}

fn older_link(live: Live) -> Piece {
    let href = text(move || {
        let filter = live.filter.with_value(|filter| if filter.is_empty() { "status=".to_owned() } else { filter.clone() });
        live.feed.with(Feed::oldest_id).map_or_else(|| format!("/logs?{filter}"), |id| format!("/logs?{filter}&before={id}"))
    });
    let word = text(move || {
        match live.older.get() {
            _ if !live.feed.with(Feed::has_room) => "Older rows in Logs",
            Older::More => "Older rows",
            Older::Reading => "Reading older rows",
            Older::Failed => "The panel did not answer: try again",
            Older::End => "This is the beginning. Search it in Logs",
        }
        .to_owned()
    });
    let press = move |event: web_sys::MouseEvent| {
        let here = live.older.get_untracked() != Older::End && live.feed.with_untracked(Feed::has_room);
        if here && !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
            event.prevent_default();
            live.read_further();
        }
    };
    view! { <p class="feed__older"><a class="button" href=href on:click=press>{word}</a></p> }.erase()
}

/// Lines in the page: what a screen of so many lines shows, and those that come into view before the window has moved.
fn window_lines(following: Following, screen: usize) -> usize {
    let screen = screen.clamp(TAIL - STEP, TALLEST);
    if following == Following::Tail { screen + STEP } else { ABOVE + screen + 2 * STEP }
}

fn lines_on_screen() -> usize {
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    lines(height, row_height())
}

/// Lines of one height that begin on a screen of another. A screen without rows says nothing.
fn lines(screen: f64, row: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and far below 2^32")]
    if row < 1.0 { 0 } else { (screen.max(0.0) / row).ceil() as usize }
}

fn line(row: &FeedRow, is_new: bool) -> Piece {
    match &row.item {
        FeedItem::Entry(entry) => log_row(
            entry,
            LogColumns::Feed,
            message_href(entry, |id| format!("/logs?entry={id}")),
            is_new,
            (view! { <Moment at=entry.at/> }.erase(), plain_message(&entry.message)),
        ),
        FeedItem::Gap { from, to } => view! {
            <tr class="log-table__row log-table__row--marker" role="row">
                <td class="log-table__cell" role="cell" colspan="6">{gap(*from, *to)}</td>
            </tr>
        }
        .erase(),
    }
}

/// Of what is cleared it is not known any more what it was, nor whether the filter would have passed it. Short enough for a phone.
fn gap(from: i64, to: i64) -> String {
    if from == to { format!("Row {from} was cleared unseen.") } else { format!("Some of rows {from} to {to} were cleared unseen.") }
}

/// Older rows are read when the end of the feed is this near, in pixels.
const NEAR_THE_END: f64 = 1200.0;

/// Follows the scroll position: it decides whether new rows wait, which part of the feed is in the page, and when older rows are read.
fn watch_scrolling(live: Live, following: RwSignal<Following>, first: RwSignal<usize>, line_at_top: StoredValue<f64>) {
    on_window("scroll", move |_| {
        let Some(top) = top_of(".log-table--feed") else { return };
        let now = following.get_untracked().scrolled(top < 0.0);
        if now != following.get_untracked() {
            following.set(now);
        }
        let height = row_height();
        line_at_top.set_value(if height > 0.0 { (-top / height).max(0.0) } else { 0.0 });
        let start = window_start(-top, height);
        if start != first.get_untracked() {
            first.set(start);
        }
        // What failed waits for a press, so that a panel that is away is not asked with every move.
        if live.older.get_untracked() == Older::More && top_of(".feed__older").is_some_and(|top| top < NEAR_THE_END) {
            live.read_further();
        }
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

fn row_height() -> f64 {
    find::<HtmlElement>(".log-table--feed .log-table__row").map_or(0.0, |row| row.get_bounding_client_rect().height())
}

/// Makes a blank as high as the lines it stands for.
fn set_height(selector: &str, lines: usize) {
    let Some(cell) = find::<HtmlElement>(selector) else { return };
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most 2,000 lines")]
    let pixels = (lines as f64 * row_height()) as i64;
    if let Err(error) = cell.style().set_property("height", &format!("{pixels}px")) {
        leptos::logging::warn!("size the blank of the feed: {error:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_in_steps_and_keeps_rows_above() {
        for (pixels, start) in
            [(-50.0, 0), (0.0, 0), (1_279.0, 0), (1_919.0, 0), (1_920.0, 20), (2_559.0, 20), (2_560.0, 40), (64_000.0, 1_960)]
        {
            assert_eq!(window_start(pixels, 32.0), start, "{pixels}");
        }
        assert_eq!(window_start(500.0, 0.0), 0);
    }

    #[test]
    fn the_window_covers_the_screen() {
        for (height, row, tail, away) in [
            (0.0, 34.0, 60, 120),
            (800.0, 34.0, 60, 120),
            (1_440.0, 34.0, 63, 123),
            (3_840.0, 34.0, 133, 193),
            (50_000.0, 34.0, 220, 280),
            (800.0, 0.0, 60, 120),
        ] {
            let screen = lines(height, row);
            assert_eq!(window_lines(Following::Tail, screen), tail, "{height} {row}");
            assert_eq!(window_lines(Following::Away, screen), away, "{height} {row}");
        }
    }
}
