//! Documents: pages that the server renders whole and that load no WebAssembly. Their forms are plain ones; one small script
//! (`document.js`) keeps marked regions current and spares a few reloads, and nothing depends on it.

mod bits;

use leptos::nonce::Nonce;
use leptos::prelude::*;

pub use self::bits::{ago, back_link, copyable, empty, fact, flash, moment, outcome_badge, run_badge, span_of};
use super::shell::Shell;
use crate::components::{Erase, Icon, Piece, frame, icon, provide_clock};
use crate::site::{Assets, PageContext, Theme, provide_page};

/// One document: where it is, what it is called and what it says.
pub struct Document<'d> {
    /// The path of the page, for the navigation.
    pub here: &'d str,
    /// What the browser's tab says before the product's name.
    pub title: &'d str,
    /// What the answer's policy knows its script by.
    pub nonce: Option<Nonce>,
}

impl Document<'_> {
    /// The whole page as HTML.
    pub fn render(&self, page: PageContext, assets: &Assets, content: impl FnOnce() -> Piece) -> String {
        self.whole(page, assets, |theme| frame(self.here, theme_switch(theme), content()))
    }

    /// A page outside the frame, for somebody who has not signed in yet.
    pub fn render_alone(&self, page: PageContext, assets: &Assets, content: impl FnOnce() -> Piece) -> String {
        self.whole(page, assets, |_| content())
    }

    fn whole(&self, page: PageContext, assets: &Assets, body: impl FnOnce(Theme) -> Piece) -> String {
        let (theme, now) = (page.theme, page.now);
        let density = Some(page.density.into());
        let shell = Shell { title: self.title, theme, now: Some(now), density, has_script: true, nonce: self.nonce.clone() };
        shell.render(assets, || {
            provide_clock(now);
            provide_page(page);
            view! {
                {body(theme)}
                <p class="refresh-state" role="status" hidden=true data-refresh-state=""></p>
            }
            .erase()
        })
    }
}

/// The same button as on the other pages, with an icon for each theme: the style sheet shows the one that is on, the script
/// turns to the next.
fn theme_switch(theme: Theme) -> Piece {
    let label = format!("Theme: {theme}");
    let one = |theme: Theme| view! { <span class="theme-icon" data-for=theme.to_string()>{icon(Icon::from(theme))}</span> };
    view! {
        <button class="button button--quiet needs-script" type="button" data-turn-theme="" title=label.clone() aria-label=label>
            {one(Theme::Light)}{one(Theme::Dark)}{one(Theme::System)}
        </button>
    }
    .erase()
}
