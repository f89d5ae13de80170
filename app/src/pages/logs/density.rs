//! How much room a row takes: the script turns it, a cookie keeps it.

use leptos::prelude::*;
use strum::VariantArray as _;

use crate::components::{Erase, Piece};
use crate::site::{Density, use_page};

pub(super) fn density_switch() -> Piece {
    let chosen = use_page().get().density;
    let buttons = Density::VARIANTS.iter().map(|density| {
        let name: &'static str = density.into();
        let (word, title) = words(*density);
        let pressed = (*density == chosen).to_string();
        view! {
            <button class="button button--quiet density__choice" type="button" data-turn-density=name title=title aria-pressed=pressed>{word}</button>
        }
    });
    view! { <div class="density needs-script" role="group" aria-label="Density of rows">{buttons.collect_view()}</div> }.erase()
}

fn words(density: Density) -> (&'static str, &'static str) {
    match density {
        Density::Comfortable => ("Comfortable", "Whole messages, and how long ago"),
        Density::Compact => ("Compact", "Whole messages, close together"),
        Density::Dense => ("Dense", "One line each"),
    }
}
