//! The browser's entry: takes over the page that the server rendered.

use leptos::mount::hydrate_body;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::app::App;

/// Called by the module script in [`crate::app::shell`].
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    hydrate_body(App);
}
