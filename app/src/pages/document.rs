//! Documents: pages that the server renders whole and that load no WebAssembly. Their forms are plain ones; one small script
//! (`document.js`) keeps marked regions current and spares a few reloads, and nothing depends on it.

mod bits;

use leptos::nonce::Nonce;
use leptos::prelude::*;

pub use self::bits::{ago, back_link, copyable, empty, fact, flash, moment, outcome_badge, run_badge, span_of};
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
        let here = self.here.to_owned();
        self.whole(page, assets, |theme| frame(Signal::derive(move || here.clone()), theme_switch(theme), content()))
    }

    /// A page outside the frame, for somebody who has not signed in yet.
    pub fn render_alone(&self, page: PageContext, assets: &Assets, content: impl FnOnce() -> Piece) -> String {
        self.whole(page, assets, |_| content())
    }

    fn whole(&self, page: PageContext, assets: &Assets, body: impl FnOnce(Theme) -> Piece) -> String {
        let owner = Owner::new_root(None);
        let html = owner.with(|| {
            let (theme, now, density) = (page.theme, page.now, page.compact.then_some("compact"));
            provide_clock(now);
            provide_page(page);
            view! {
                <!DOCTYPE html>
                <html lang="en" data-theme=theme.to_string() data-now=now.millis().to_string() data-density=density>
                    <head>
                        <meta charset="utf-8"/>
                        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                        <meta name="color-scheme" content="light dark"/>
                        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                        <link rel="stylesheet" href=assets.css.clone()/>
                        <script type="module" nonce=self.nonce.clone() src=assets.document.clone()></script>
                        <title>{format!("{} · Tailback", self.title)}</title>
                    </head>
                    <body>
                        {body(theme)}
                        <p class="refresh-state" role="status" hidden=true data-refresh-state=""></p>
                    </body>
                </html>
            }
            .to_html()
        });
        owner.cleanup();
        html
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
