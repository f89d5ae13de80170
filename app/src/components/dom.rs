//! The few things that a page does to the browser's document by hand. Elements are found by their class: a typed handle for
//! each would weigh more than all the rest of this file.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Runs once the page has been drawn, and again whenever a signal read in it changes. Only in the browser.
pub fn effect(run: impl Fn() + 'static) {
    boxed_effect(Box::new(run));
}

fn boxed_effect(run: Box<dyn Fn()>) {
    Effect::new(move |_| run());
}

/// Listens on the window for as long as the calling component lives. Only in the browser.
pub fn on_window(event: &'static str, listen: impl Fn(web_sys::Event) + 'static) {
    let listen = StoredValue::new_local(std::rc::Rc::new(listen) as std::rc::Rc<dyn Fn(web_sys::Event)>);
    let handle = window_event_listener_untyped(event, move |event| listen.with_value(|listen| listen(event)));
    on_cleanup(move || handle.remove());
}

/// The first element that matches.
pub fn find<T: JsCast>(selector: &str) -> Option<T> {
    find_element(selector)?.dyn_into().ok()
}

fn find_element(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// Gives the keyboard to the first element that matches, without moving the page.
pub fn focus(selector: &str) {
    let Some(element) = find::<HtmlElement>(selector) else { return };
    if let Err(error) = element.focus() {
        leptos::logging::warn!("focus {selector}: {error:?}");
    }
}

/// How far the element's top edge is below that of the screen, in pixels.
pub fn top_of(selector: &str) -> Option<f64> {
    find_element(selector).map(|element| element.get_bounding_client_rect().top())
}
