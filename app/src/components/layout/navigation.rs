//! The pages one can go to: at the side on a desk, at the bottom on a phone.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::components::{Erase, Icon, Piece, icon, text};
use crate::model::Permission;
use crate::site::use_page;

/// Links to the pages the viewer may see.
pub(super) fn navigation() -> Piece {
    let page = use_page();
    let pathname = use_location().pathname;
    let link = |permission: Permission, href: &'static str, symbol: Icon, word: &'static str| {
        let here = text(move || (pathname.get() == href).then(|| "page".to_owned()));
        let item =
            || view! { <li><a class="navigation__link" href=href aria-current=here>{icon(symbol)}<span>{word}</span></a></li> }.erase();
        page.may(permission).then(item)
    };
    view! {
        <nav class="navigation" aria-label="Pages">
            <ul class="navigation__list">
                {link(Permission::ViewMonitorPage, "/", Icon::Monitor, "Monitor")}
                {link(Permission::ViewBackupLogs, "/logs", Icon::Logs, "Logs")}
            </ul>
        </nav>
    }
    .erase()
}
