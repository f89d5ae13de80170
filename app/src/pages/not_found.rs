//! A URL that is nothing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Erase;

/// Says so, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main class="gate">
            <div class="gate__panel">
                <h1 class="gate__title">"There is no such page"</h1>
                <p>"The address may be mistyped, or the page may have moved."</p>
                <a class="button button--primary" href="/">"Go to Monitor"</a>
            </div>
        </main>
    }
    .erase()
}
