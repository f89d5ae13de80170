//! What every page that the server renders whole has around its body.

use leptos::nonce::Nonce;
use leptos::prelude::*;

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
                        <meta charset="utf-8"/>
                        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                        <meta name="color-scheme" content="light dark"/>
                        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                        <link rel="manifest" href="/manifest.webmanifest"/>
                        <link rel="apple-touch-icon" href="/icon-192.png"/>
                        <meta name="theme-color" content="#1f55c4"/>
                        <link rel="stylesheet" href=assets.css.clone()/>
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
