//! Keeps the feed where it is on the screen while what stands above it grows and shrinks: run cards come and go while somebody reads.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

use super::following::Following;
use crate::components::{effect, find, top_of};

/// Everything that stands above the feed.
pub(super) const ABOVE: &str = "monitor__above";

/// Moves the page by as much as what is above the feed has grown, whenever somebody looks at the feed. The style sheet keeps browsers from
/// doing so too.
pub(super) fn keep_feed_steady(following: RwSignal<Following>) {
    effect(move || {
        let Some(above) = find::<Element>(&format!(".{ABOVE}")) else { return };
        let height_of = |element: &Element| element.get_bounding_client_rect().height();
        let height = Cell::new(height_of(&above));
        let watched = above.clone();
        let changed = Closure::<dyn FnMut()>::new(move || {
            let grown = height_of(&watched) - height.get();
            height.set(height.get() + grown);
            if top_of(".feed").is_some_and(|top| is_read(top - grown, screen(), following.get_untracked())) {
                window().scroll_by_with_x_and_y(0.0, grown);
            }
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
