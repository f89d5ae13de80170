//! Documents that say no: nothing there, not allowed, not now.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, icon};

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

/// Something is in the way that is not about the viewer, and may be gone in a moment. `again` is where to look.
pub fn unavailable(again: Option<String>) -> Piece {
    let what_to_do =
        if again.is_some() { "Try again in a moment." } else { "Go back and try again in a moment: what you filled in is still there." };
    view! {
        <h1 class="page-title">"The panel could not answer"</h1>
        <p class="section">"It could not read or write its database; its log says why. Nothing was changed. "{what_to_do}</p>
        <p class="section">
            {again.map(|here| view! { <a class="button button--primary" href=here>{icon(Icon::Retry)}"Try again"</a>" " })}
            <a class="button" href="/">"Go to Monitor"</a>
        </p>
    }
    .erase()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_for_a_moment_is_tried_again_where_it_failed() {
        let html = |again: Option<&str>| Owner::new_root(None).with(|| unavailable(again.map(str::to_owned)).to_html());
        let read = html(Some("/logs?status=error&before=9"));
        assert!(read.contains("href=\"/logs?status=error&amp;before=9\"") && read.contains("Try again"), "{read}");
        let sent = html(None);
        assert!(!sent.contains(">Try again") && sent.contains("Go back and try again"), "{sent}");
    }
}
