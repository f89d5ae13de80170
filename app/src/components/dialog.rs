//! Native dialogs that the server renders open and the browser turns into modal ones.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};

/// Turns a dialog that stands open in the page into a modal one, which keeps focus inside and takes Esc.
pub fn open_as_modal(dialog: &HtmlDialogElement) {
    if dialog.matches(":modal").unwrap_or(false) {
        return;
    }
    dialog.close();
    if let Err(error) = dialog.show_modal() {
        leptos::logging::error!("open the dialog: {error:?}");
    }
}

/// Puts focus on the first element that matches: where it was before a dialog that is gone.
pub fn return_focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Focus that cannot be moved stays where it is, which is all one can do.
        drop(element.focus());
    }
}
