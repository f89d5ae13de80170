//! Views, closures and lists of one type each. Leptos compiles every distinct type of view, closure and list item anew, a
//! kilobyte or two each; erasing them at the borders of components, at reactive values and at list items halves the
//! WebAssembly and the time to compile it.

#[cfg(not(feature = "ssr"))]
#[path = "erase/browser.rs"]
mod piece;
#[cfg(feature = "ssr")]
#[path = "erase/server.rs"]
mod piece;

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;

pub use self::piece::Piece;

/// Forgets the type of a view.
pub trait Erase {
    fn erase(self) -> Piece;
}

impl<T: RenderHtml + 'static> Erase for T {
    fn erase(self) -> Piece {
        piece::erase(self)
    }
}

/// A part of the page that is drawn by a closure, anew whenever a signal in it changes.
pub type Reactive = Arc<Mutex<dyn FnMut() -> Piece + Send>>;

/// Forgets the type of a closure that draws a part of the page.
pub fn reactive(mut draw: impl FnMut() -> Option<Piece> + Send + 'static) -> Reactive {
    Arc::new(Mutex::new(move || draw().unwrap_or_else(|| ().erase())))
}

/// Forgets the type of a closure that gives a text or an attribute.
pub fn text<T: Send + Sync + 'static>(read: impl Fn() -> T + Send + Sync + 'static) -> Signal<T> {
    Signal::derive(read)
}

/// One item of a [`list`].
#[derive(Clone)]
pub struct Item {
    key: u64,
    draw: Arc<dyn Fn() -> Piece + Send + Sync>,
}

impl Item {
    /// Items with equal keys are the same element of the page; it is drawn when it first appears and then left alone.
    pub fn new(key: impl Hash, draw: impl Fn() -> Piece + Send + Sync + 'static) -> Self {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        Self { key: hasher.finish(), draw: Arc::new(draw) }
    }
}

/// Items that come, go and move one by one.
pub fn list(items: impl Fn() -> Vec<Item> + Send + Sync + 'static) -> Piece {
    keyed(Signal::derive(items))
}

fn keyed(items: Signal<Vec<Item>>) -> Piece {
    view! { <For each=move || items.get() key=|item| item.key children=|item| (item.draw)()/> }.erase()
}

/// How to draw what was waited for.
pub type Drawing = Box<dyn FnOnce() -> Piece + Send>;

/// A future that ends in a part of the page.
pub type Awaited = Pin<Box<dyn Future<Output = Drawing> + Send>>;

/// A part of the page that waits for what it shows. While something newer is on its way the older stays, with every signal
/// in it: what is drawn lives as long as it is in the page, not only until the next future begins.
pub fn awaited(fallback: impl Fn() -> Piece + Send + Sync + 'static, draw: impl Fn() -> Awaited + Send + Sync + 'static) -> Piece {
    transition(Arc::new(fallback), Arc::new(draw))
}

fn transition(fallback: Arc<dyn Fn() -> Piece + Send + Sync>, draw: Arc<dyn Fn() -> Awaited + Send + Sync>) -> Piece {
    let page = Owner::current().unwrap_or_default();
    let waiting = move || {
        let (page, drawing) = (page.clone(), draw());
        Suspend::new(async move {
            let drawing = drawing.await;
            let owner = page.child();
            OwnedView::new_with_owner(owner.with(drawing), owner)
        })
    };
    view! { <Transition fallback=move || fallback()>{waiting}</Transition> }.erase()
}
