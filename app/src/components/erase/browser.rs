//! The erased view in the browser. Leptos's own compiles ten functions for every type of view, one of them (for lazily loaded
//! routes) as large as the others together; this one compiles the two that are needed: build, and hydrate what the server
//! sent. Drawn again, it is replaced as a whole: what should outlive a change is a signal inside it.
//!
//! It reads the markup that `AnyView` writes on the server.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::{AddAnyAttr, Mountable, Render, RenderHtml};
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::Rndr;
use leptos::tachys::renderer::types::{Element, Node};
use leptos::tachys::view::{Position, PositionState};

/// A view whose type is forgotten.
pub struct Piece(Box<dyn Draw>);

/// What it put into the page.
pub struct Drawn(Box<dyn Mountable>);

pub(super) fn erase(view: impl RenderHtml + 'static) -> Piece {
    Piece(Box::new(view))
}

trait Draw: Send {
    fn draw(self: Box<Self>) -> Drawn;
    fn take_over(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Drawn;
}

impl<T: RenderHtml + 'static> Draw for T {
    fn draw(self: Box<Self>) -> Drawn {
        let state = self.build();
        if T::EXISTS { Drawn(Box::new(state)) } else { Drawn(Box::new(Rndr::create_placeholder())) }
    }

    fn take_over(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Drawn {
        let state = self.hydrate::<true>(cursor, position);
        if T::EXISTS { Drawn(Box::new(state)) } else { Drawn(Box::new(cursor.next_placeholder(position))) }
    }
}

impl Render for Piece {
    type State = Drawn;

    fn build(self) -> Drawn {
        self.0.draw()
    }

    fn rebuild(self, state: &mut Drawn) {
        let mut drawn = self.build();
        state.insert_before_this(&mut drawn);
        state.unmount();
        *state = drawn;
    }
}

impl RenderHtml for Piece {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    /// The browser writes no HTML.
    fn to_html_with_buf(self, _buf: &mut String, _position: &mut Position, _escape: bool, _branches: bool, _attrs: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Drawn {
        self.0.take_over(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl AddAnyAttr for Piece {
    type Output<NewAttr: Attribute> = Self;

    /// Nothing in this panel spreads attributes over a component.
    fn add_any_attr<NewAttr: Attribute>(self, _attr: NewAttr) -> Self {
        self
    }
}

impl Mountable for Drawn {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}
