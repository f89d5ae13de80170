//! The frame around every page of a signed-in viewer: top bar, navigation, main.

mod navigation;
mod theme_switch;

use leptos::prelude::*;

use self::navigation::navigation;
use self::theme_switch::theme_switch;
use super::{Erase, Icon, Piece, icon, mark};
use crate::model::Permission;
use crate::site::use_page;

/// What every page says that came over a network in the clear.
pub fn open_connection() -> Option<Piece> {
    use_page().get().in_the_clear.then(|| {
        view! {
            <aside class="open-connection" aria-label="Connection">
                "This connection is not encrypted: others on the way can read and change what it carries."
            </aside>
        }
        .erase()
    })
}

/// Top bar and navigation around the page that lives on in the browser.
#[component]
pub fn Layout(children: Children) -> impl IntoView {
    frame("/", theme_switch(), children().erase())
}

/// The frame itself. `here` is the path of the page; documents bring a theme switch that answers to their own small script.
pub fn frame(here: &str, theme_switch: Piece, content: Piece) -> Piece {
    view! {
        <a class="skip-link" href="#main">"Skip to the content"</a>
        {open_connection()}
        <div class="layout">
            {top_bar(here, theme_switch)}
            {navigation(here)}
            <main class="layout__main" id="main" tabindex="-1">
                {content}
            </main>
        </div>
        {key_sheet()}
    }
    .erase()
}

/// Which keys there are, by where they do something. A phone has none.
const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "On every page",
        &[
            ("?", "Show or hide this sheet"),
            ("/", "Look for words in Logs"),
            ("g", "and then m, l, s, v, u or r: go to Monitor, Logs, Schedules, Servers, Users or Roles"),
            ("Esc", "Close what is open"),
        ],
    ),
    ("On Monitor and Logs", &[("j k", "Next and previous entry that can be opened"), ("Enter", "Open the entry")]),
    ("On Monitor", &[("Space", "Pause and go on"), ("Home", "Back to the newest rows")]),
    (
        "On Logs",
        &[
            ("c", "Copy the entry's line"),
            ("Shift C", "Copy the entry's permalink"),
            ("x", "Clear the filters"),
            ("← →", "From bar to bar of the histogram; with Shift choose several, Enter zooms"),
        ],
    ),
];

/// What the keys do, from every page.
fn key_sheet() -> Piece {
    let row = |(keys, does): &(&'static str, &'static str)| {
        view! { <div class="keys__row"><dt><kbd>{*keys}</kbd></dt><dd>{*does}</dd></div> }.erase()
    };
    let group = |(place, keys): (&'static str, &'static [(&'static str, &'static str)])| {
        view! {
            <h3 class="keys__place">{place}</h3>
            <dl class="keys__list">{keys.iter().map(row).collect_view()}</dl>
        }
        .erase()
    };
    view! {
        <div class="keys" id="keys" popover="auto" role="dialog" aria-label="Keys">
            <h2 class="keys__title">"Keys"</h2>
            {KEYS.into_iter().map(group).collect_view()}
            <label class="keys__switch needs-script">
                <input type="checkbox" data-turn-keys="" checked=true/>
                "These keys work in this browser"
            </label>
        </div>
    }
    .erase()
}

/// Words to look for in Logs, from every other page that has room for it.
fn search() -> Piece {
    view! {
        <form class="top-bar__search" role="search" method="get" action="/logs">
            <input class="field__input" type="search" name="q" maxlength="600" placeholder="Words in Logs" aria-label="Words in Logs" aria-keyshortcuts="/" data-search="" enterkeyhint="search" autocomplete="off"/>
        </form>
    }
    .erase()
}

fn top_bar(here: &str, theme_switch: Piece) -> Piece {
    let page = use_page();
    let username = page.get().username;
    // Logs has a field of its own, with more around it.
    let search = (page.may(Permission::ViewBackupLogsPage) && !here.starts_with("/logs")).then(search);
    view! {
        <header class="top-bar">
            <a class="top-bar__product" href="/">
                {mark("top-bar__mark")}
                "Tailback"
            </a>
            {search}
            <div class="top-bar__tools">
                <button class="button button--quiet top-bar__keys" type="button" popovertarget="keys" aria-label="Keys" title="Keys (?)">{icon(Icon::Question)}</button>
                {theme_switch}
                {username.map(|name| view! { <a class="top-bar__user" href="/profile">{name}</a> })}
                <form method="post" action="/sign-out">
                    <button class="button button--quiet" type="submit">{icon(Icon::SignOut)}<span class="button__word">"Sign out"</span></button>
                </form>
            </div>
        </header>
    }
    .erase()
}
