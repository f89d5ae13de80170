//! A URL that is nothing.

use leptos::prelude::*;

use crate::components::Erase;

/// Says so, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <h1 class="page-title">"There is no such page"</h1>
        <p class="section">"The address may be mistyped, or the page may have moved."</p>
        <p class="section"><a class="button" href="/">"Go to Monitor"</a></p>
    }
    .erase()
}
