//! What every page that the server renders whole has around its body.

use leptos::nonce::Nonce;
use leptos::prelude::*;

use crate::app::head;
use crate::components::Piece;
use crate::model::Timestamp;
use crate::site::{Assets, Theme};

pub(super) struct Shell<'s> {
    /// What the browser's tab says before the product's name.
    pub(super) title: &'s str,
    pub(super) theme: Theme,
    /// The panel's clock, for the script.
    pub(super) now: Option<Timestamp>,
    pub(super) density: Option<&'static str>,
    /// Whether the script of documents belongs to it, and what the answer's policy knows that by.
    pub(super) has_script: bool,
    pub(super) nonce: Option<Nonce>,
}

impl Shell<'_> {
    /// The whole page as HTML.
    pub(super) fn render(self, assets: &Assets, body: impl FnOnce() -> Piece) -> String {
        let owner = Owner::new_root(None);
        let html = owner.with(|| {
            let script =
                self.has_script.then(|| view! { <script type="module" nonce=self.nonce src=assets.document.clone()></script> });
            view! {
                <!DOCTYPE html>
                <html lang="en" data-theme=self.theme.to_string() data-now=self.now.map(|now| now.millis().to_string()) data-density=self.density>
                    <head>
                        {head(assets.css.clone())}
                        {script}
                        <title>{format!("{} · Tailback", self.title)}</title>
                    </head>
                    <body>{body()}</body>
                </html>
            }
            .to_html()
        });
        owner.cleanup();
        html
    }
}
