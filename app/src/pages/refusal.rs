//! Documents that say no: nothing there, not allowed, not now.

use leptos::prelude::*;

use crate::components::{Erase, Piece};

/// Nothing there, or nothing that the viewer may know of: both look the same.
pub fn not_found() -> Piece {
    page(
        "There is nothing here",
        "It may have been removed, or it belongs to a server that you do not see. What has happened to it stays in Logs.",
    )
}

/// The role does not include it.
pub fn forbidden() -> Piece {
    page("You may not do this", "Your role does not include it. An administrator can change that. Nothing was changed.")
}

/// The role includes it in general, and not here.
pub fn beyond(reason: String, back: String) -> Piece {
    view! {
        <h1 class="page-title">"You may not do this"</h1>
        <p class="section">{reason}</p>
        <p class="section"><a class="button" href=back>"Back"</a></p>
    }
    .erase()
}

/// Something is in the way that is not about the viewer.
pub fn unavailable() -> Piece {
    page(
        "The panel could not answer",
        "It could not read or write its database; its log says why. Nothing was changed. Try again in a moment.",
    )
}

/// A conflict with what is going on.
pub fn conflict(reason: String, back: String) -> Piece {
    view! {
        <h1 class="page-title">"That is not possible now"</h1>
        <p class="section">{reason}</p>
        <p class="section"><a class="button" href=back>"Back"</a></p>
    }
    .erase()
}

fn page(title: &'static str, text: &'static str) -> Piece {
    view! {
        <h1 class="page-title">{title}</h1>
        <p class="section">{text}</p>
        <p class="section"><a class="button" href="/">"Go to Monitor"</a></p>
    }
    .erase()
}
