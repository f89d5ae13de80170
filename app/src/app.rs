//! The document around every page, and which URL shows which page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::location::RequestUrl;
use leptos_router::{SsrMode, path};

use crate::api::Wire;
use crate::components::{Layout, provide_clock, title_of};
use crate::pages::{MonitorPage, NotFoundPage, SignInPage, WelcomePage};
use crate::site::{Assets, PageContext, provide_page};

/// The whole document; only the server renders it. Expects a [`PageContext`] in context.
pub fn shell(assets: Assets) -> impl IntoView {
    let theme = use_context::<PageContext>().unwrap_or_default().theme;
    let path = use_context::<RequestUrl>().and_then(|url| url.parse().ok()).map(|url| url.path().to_owned());
    let title = title_of(&path.unwrap_or_default());
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
                <link rel="modulepreload" nonce=use_nonce() href=assets.js/>
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{start}</script>
                <title>{title}</title>
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
    // Routes are listed without a request, and so without a context.
    let page = SharedValue::<_, Wire>::new_with_encoding(|| use_context::<PageContext>().unwrap_or_default()).into_inner();
    provide_clock(page.now);
    provide_page(page);

    view! {
        <Router>
            <Layout>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=MonitorPage ssr=SsrMode::InOrder/>
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::InOrder/>
                    <Route path=path!("/welcome") view=WelcomePage ssr=SsrMode::InOrder/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}
