//! The frame around every page of a signed-in viewer: top bar, navigation, main.

mod navigation;
mod theme_switch;

use leptos::prelude::*;
use leptos_router::components::Outlet;

use self::navigation::Navigation;
use self::theme_switch::ThemeSwitch;
use super::{Erase, Icon, icon, mark};
use crate::site::use_page;

/// Top bar and navigation around the page of the current URL.
#[component]
pub fn Layout() -> impl IntoView {
    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to the content"</a>
        <div class="layout">
            <TopBar/>
            <Navigation/>
            <main class="layout__main" id="main" tabindex="-1">
                <Outlet/>
            </main>
        </div>
    }
}

#[component]
fn TopBar() -> impl IntoView {
    let username = use_page().get().username;
    view! {
        <header class="top-bar">
            <a class="top-bar__product" href="/">
                {mark("top-bar__mark")}
                "Tailback"
            </a>
            <div class="top-bar__tools">
                <ThemeSwitch/>
                {username.map(|name| view! { <span class="top-bar__user">{name}</span> })}
                <form method="post" action="/sign-out">
                    <button class="button button--quiet" type="submit">{icon(Icon::SignOut)}<span class="button__word">"Sign out"</span></button>
                </form>
            </div>
        </header>
    }
    .erase()
}
