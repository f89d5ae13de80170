//! The erased view on the server, where size is no concern: Leptos's own.

use leptos::prelude::{AnyView, IntoAny, RenderHtml};

/// A view whose type is forgotten.
pub type Piece = AnyView;

pub(super) fn erase(view: impl RenderHtml + 'static) -> Piece {
    view.into_any()
}
