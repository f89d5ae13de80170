//! The document around every page, and which URL shows which page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::{Layout, provide_clock};
use crate::pages::{LogsPage, MonitorPage, NotFoundPage, SignInPage, WelcomePage};
use crate::site::{Assets, PageContext, provide_page};

/// The whole document; only the server renders it. Expects a [`PageContext`] in context.
pub fn shell(assets: Assets) -> impl IntoView {
    let theme = use_context::<PageContext>().unwrap_or_default().theme;
    let start =
        format!("import init, {{ hydrate }} from {:?};\nawait init({{ module_or_path: {:?} }});\nhydrate();", assets.js, assets.wasm);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.to_string()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=assets.css/>
                <link rel="modulepreload" href=assets.js/>
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{start}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Every page by its URL.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Routes are listed without a request, and so without a context.
    let page = SharedValue::new(|| use_context::<PageContext>().unwrap_or_default()).into_inner();
    provide_clock(page.now);
    provide_page(page);

    view! {
        <Title formatter=|title: String| format!("{title} · Tailback")/>
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::InOrder/>
                <Route path=path!("/welcome") view=WelcomePage ssr=SsrMode::InOrder/>
                <ParentRoute path=path!("") view=Layout ssr=SsrMode::InOrder>
                    <Route path=path!("/") view=MonitorPage/>
                    <Route path=path!("/logs") view=LogsPage/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
