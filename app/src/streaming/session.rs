//! What a tab keeps over a reload. A browser may keep nothing; then every load is the first.

use js_sys::Reflect;
use leptos::prelude::window;
use wasm_bindgen::prelude::JsValue;

/// Keeps a text under a name. Only in the browser.
pub(super) fn keep(name: &str, text: &str) {
    if let Some(storage) = storage() {
        drop(Reflect::set(&storage, &name.into(), &text.into()));
    }
}

/// What was kept under a name. Only in the browser.
pub(super) fn kept(name: &str) -> Option<String> {
    Reflect::get(&storage()?, &name.into()).ok()?.as_string()
}

/// As an object like any other: a typed handle would weigh more.
fn storage() -> Option<JsValue> {
    Reflect::get(&window(), &"sessionStorage".into()).ok().filter(JsValue::is_object)
}
