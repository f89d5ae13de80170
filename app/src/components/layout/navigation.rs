//! The pages one can go to: at the side on a desk, at the bottom on a phone.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, icon, text};
use crate::model::Permission;
use crate::site::use_page;

/// Links to the pages the viewer may see. Documents are another kind of page: the router lets the browser go there.
pub(super) fn navigation(here: Signal<String>) -> Piece {
    let page = use_page();
    let link = |permission: Permission, href: &'static str, symbol: Icon, word: &'static str, rel: Option<&'static str>| {
        let current = text(move || here.with(|here| currency(here, href).map(str::to_owned)));
        let item = || {
            view! { <li><a class="navigation__link" href=href rel=rel aria-current=current>{icon(symbol)}<span>{word}</span></a></li> }
                .erase()
        };
        page.may(permission).then(item)
    };
    let external = Some("external");
    view! {
        <nav class="navigation" aria-label="Pages">
            <ul class="navigation__list">
                {link(Permission::ViewMonitorPage, "/", Icon::Monitor, "Monitor", None)}
                {link(Permission::ViewBackupLogsPage, "/logs", Icon::Logs, "Logs", None)}
                {link(Permission::ViewSchedulesPage, "/schedules", Icon::Clock, "Schedules", external)}
                {link(Permission::ViewServersPage, "/servers", Icon::Servers, "Servers", external)}
            </ul>
        </nav>
    }
    .erase()
}

/// What a link to `href` says of itself on the page `here`: the page itself, or one below it.
fn currency(here: &str, href: &str) -> Option<&'static str> {
    let below = here.strip_prefix(href)?;
    if below.is_empty() {
        return Some("page");
    }
    (href != "/" && below.starts_with('/')).then_some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_and_those_below_it_are_marked() {
        for (here, href, expected) in [
            ("/servers", "/servers", Some("page")),
            ("/servers/3/edit", "/servers", Some("true")),
            ("/serversides", "/servers", None),
            ("/", "/", Some("page")),
            ("/logs", "/", None),
        ] {
            assert_eq!(currency(here, href), expected, "{here} {href}");
        }
    }
}
