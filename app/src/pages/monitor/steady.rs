//! Keeps the feed where it is on the screen while what stands above it grows and shrinks: run cards come and go while somebody reads.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

use super::following::Following;
use crate::components::{effect, find, on_window, top_of};

/// Everything that stands above the feed.
pub(super) const ABOVE: &str = "monitor__above";

/// Moves the page by as much as what is above the feed has grown, whenever somebody looks at the feed. The style sheet keeps browsers from
/// doing so too.
pub(super) fn keep_feed_steady(following: RwSignal<Following>) {
    effect(move || {
        let Some(above) = find::<Element>(&format!(".{ABOVE}")) else { return };
        let height_of = |element: &Element| element.get_bounding_client_rect().height();
        let was = Rc::new(Cell::new(Place { above: height_of(&above), scrolled: screen().scrolled }));
        let (watched, place) = (above.clone(), was.clone());
        on_window("scroll", move |_| {
            // A page that has become shorter is scrolled too: that is no place that somebody has chosen.
            if (height_of(&watched) - place.get().above).abs() < 1.0 {
                place.set(Place { scrolled: screen().scrolled, ..place.get() });
            }
        });
        let watched = above.clone();
        let changed = Closure::<dyn FnMut()>::new(move || {
            let now = Place { above: height_of(&watched), scrolled: screen().scrolled };
            let moved = now.moved_since(was.get());
            if top_of(".feed").is_some_and(|top| is_read(top - moved, screen(), following.get_untracked())) {
                window().scroll_by_with_x_and_y(0.0, moved);
            }
            was.set(Place { scrolled: screen().scrolled, ..now });
        });
        match ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            Ok(observer) => {
                observer.observe(&above);
                let kept = StoredValue::new_local((observer, changed));
                on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
            }
            Err(error) => leptos::logging::warn!("watch what is above the feed: {error:?}"),
        }
    });
}

/// How high everything above the feed is, and how far the page is scrolled, in pixels.
#[derive(Debug, Clone, Copy)]
struct Place {
    above: f64,
    scrolled: f64,
}

impl Place {
    /// How far the feed went down on the screen. At its end a page that becomes shorter is scrolled back by the browser.
    fn moved_since(self, before: Self) -> f64 {
        (self.above - before.above) - (self.scrolled - before.scrolled)
    }
}

/// How far the page is scrolled and how high the screen is, in pixels.
struct Screen {
    scrolled: f64,
    height: f64,
}

fn screen() -> Screen {
    let scrolled = window().scroll_y().unwrap_or_default();
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    Screen { scrolled, height }
}

/// Whether the reader's eyes are on a feed that begins so far below the top of the screen.
fn is_read(top: f64, screen: Screen, following: Following) -> bool {
    match following {
        Following::Tail => screen.scrolled > 0.0 && top < screen.height / 2.0,
        Following::Away | Following::Paused => top < screen.height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_browser_has_scrolled_is_not_scrolled_twice() {
        let before = Place { above: 900.0, scrolled: 1_000.0 };
        for (above, scrolled, moved) in
            [(1_100.0, 1_000.0, 200.0), (700.0, 1_000.0, -200.0), (700.0, 800.0, 0.0), (700.0, 950.0, -150.0), (900.0, 1_000.0, 0.0)]
        {
            let now = Place { above, scrolled };
            assert!((now.moved_since(before) - moved).abs() < 0.1, "{now:?}");
        }
    }

    #[test]
    fn the_feed_stands_still_for_who_reads_it() {
        let cases = [
            (Following::Tail, 0.0, 300.0, false),
            (Following::Tail, 500.0, 120.0, true),
            (Following::Tail, 500.0, 700.0, false),
            (Following::Paused, 0.0, 426.0, true),
            (Following::Paused, 0.0, 900.0, false),
            (Following::Away, 2_000.0, -1_500.0, true),
        ];
        for (following, scrolled, top, expected) in cases {
            assert_eq!(is_read(top, Screen { scrolled, height: 800.0 }, following), expected, "{following:?} {scrolled} {top}");
        }
    }
}
