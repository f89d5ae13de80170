//! The pages one can go to: at the side on a desk, at the bottom on a phone.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, icon};
use crate::model::Permission;
use crate::site::use_page;

/// Links to the pages the viewer may see. A phone has room for five, so the last of them leads to a page with the others.
pub(super) fn navigation(here: &str) -> Piece {
    let page = use_page();
    let link = |class: &'static str, href: &'static str, symbol: Icon, word: &'static str| {
        view! {
            <li class=class>
                <a class="navigation__link" href=href aria-current=currency(here, href)>{icon(symbol)}<span>{word}</span></a>
            </li>
        }
        .erase()
    };
    let page_link = |permission: Permission, href, symbol, word| page.may(permission).then(|| link("", href, symbol, word));
    let users = page.may(Permission::ViewUsersPage);
    let roles =
        users || [Permission::CreateUserRole, Permission::EditUserRoles, Permission::DeleteUserRoles].into_iter().any(|may| page.may(may));
    view! {
        <nav class="navigation" aria-label="Pages">
            <ul class="navigation__list">
                {page_link(Permission::ViewMonitorPage, "/", Icon::Monitor, "Monitor")}
                {page_link(Permission::ViewBackupLogsPage, "/logs", Icon::Logs, "Logs")}
                {page_link(Permission::ViewSchedulesPage, "/schedules", Icon::Clock, "Schedules")}
                {page_link(Permission::ViewServersPage, "/servers", Icon::Servers, "Servers")}
                {users.then(|| link("navigation__desk", "/users", Icon::People, "Users"))}
                {roles.then(|| link("navigation__desk", "/roles", Icon::Key, "Roles"))}
                {link("navigation__phone", "/more", Icon::Dots, "More")}
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
