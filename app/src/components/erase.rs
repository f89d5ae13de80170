//! Views of one type. Erasing the types of views at the borders of pages and list items keeps the compiler's work and the
//! WebAssembly small; `AnyView` alone would also carry a second, asynchronous way to hydrate every one of them, which only
//! lazily loaded routes need. Leaving it out saves an eighth of the file.

use std::future::Future;

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::{AddAnyAttr, AnyView, IntoAny, Render, RenderHtml};
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Position, PositionState};

/// Forgets the type of a view.
pub trait Erase {
    fn erase(self) -> AnyView;
}

impl<T: RenderHtml> Erase for T {
    fn erase(self) -> AnyView {
        HydratedAtOnce(self).into_any()
    }
}

/// Does everything as the view inside does it, and hydrates in one go.
struct HydratedAtOnce<T>(T);

impl<T: Render> Render for HydratedAtOnce<T> {
    type State = T::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<T: RenderHtml> RenderHtml for HydratedAtOnce<T> {
    type AsyncOutput = T::AsyncOutput;
    type Owned = HydratedAtOnce<T::Owned>;

    const MIN_LENGTH: usize = T::MIN_LENGTH;
    const EXISTS: bool = T::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    fn resolve(self) -> impl Future<Output = Self::AsyncOutput> + Send {
        self.0.resolve()
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self::Owned {
        HydratedAtOnce(self.0.into_owned())
    }
}

impl<T: AddAnyAttr> AddAnyAttr for HydratedAtOnce<T> {
    type Output<NewAttr: Attribute> = HydratedAtOnce<T::Output<NewAttr>>;

    fn add_any_attr<NewAttr: Attribute>(self, attr: NewAttr) -> Self::Output<NewAttr>
    where
        Self::Output<NewAttr>: RenderHtml,
    {
        HydratedAtOnce(self.0.add_any_attr(attr))
    }
}
