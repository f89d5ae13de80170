//! Light, dark or whatever the browser prefers. The choice is a cookie, so the server paints the first frame right.

use leptos::prelude::*;

use crate::components::{Erase, Piece, icon, reactive, text};
use crate::site::{Theme, use_page};

/// A button that turns to the next theme. Does nothing without scripts, and is hidden there.
pub(super) fn theme_switch() -> Piece {
    let theme = RwSignal::new(use_page().get().theme);
    let turn = move |_| {
        theme.update(|theme| *theme = theme.next());
        remember(theme.get_untracked());
    };
    let label = text(move || format!("Theme: {}", theme.get()));
    view! {
        <button class="button button--quiet needs-script" type="button" title=label aria-label=label on:click=turn>
            {reactive(move || Some(icon(theme.get())))}
        </button>
    }
    .erase()
}

/// Shows the theme at once and keeps it for a year.
fn remember(theme: Theme) {
    if let Some(root) = document().document_element() {
        drop(root.set_attribute("data-theme", &theme.to_string()));
    }
    let cookie = format!("{}={theme}; Path=/; Max-Age=31536000; SameSite=Lax", Theme::COOKIE);
    drop(js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into()));
}
