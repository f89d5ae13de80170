//! The one page that lives on in the browser, and the document around it. Every other page is a document of the server.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::api::Wire;
use crate::components::{Erase, Layout, Piece, provide_clock};
use crate::pages::MonitorPage;
use crate::site::{Assets, PageContext, provide_page};

/// What the browser's tab says on Monitor.
pub(crate) const TITLE: &str = "Monitor · Tailback";

/// What every page's head begins with.
pub(crate) fn head(css: String) -> Piece {
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
        <meta name="color-scheme" content="light dark"/>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
        <link rel="manifest" href="/manifest.webmanifest"/>
        <link rel="apple-touch-icon" href="/icon-192.png"/>
        <meta name="theme-color" content="#1f55c4"/>
        <link rel="stylesheet" href=css/>
    }
    .erase()
}

/// The whole document; only the server renders it. Expects a [`PageContext`] in context.
pub fn shell(assets: Assets) -> impl IntoView {
    let theme = use_context::<PageContext>().unwrap_or_default().theme;
    let start = format!(
        "import init, {{ hydrate }} from {:?};\nawait init({{ module_or_path: {:?} }});\nhydrate();\nnavigator.serviceWorker?.register('/sw.js').catch(() => {{}});",
        assets.js, assets.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.to_string()>
            <head>
                {head(assets.css)}
                <link rel="modulepreload" nonce=use_nonce() href=assets.js/>
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{start}</script>
                <script type="module" nonce=use_nonce() src=assets.keys></script>
                <title>{TITLE}</title>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// What the browser takes over.
#[component]
pub fn App() -> impl IntoView {
    let page = SharedValue::<_, Wire>::new_with_encoding(|| use_context::<PageContext>().unwrap_or_default()).into_inner();
    provide_clock(page.now);
    provide_page(page);
    view! { <Layout><MonitorPage/></Layout> }
}
