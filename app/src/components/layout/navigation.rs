//! The pages one can go to: at the side on a desk, at the bottom on a phone.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::{Erase, Icon, icon};
use crate::model::Permission;
use crate::site::use_page;

/// Links to the pages the viewer may see.
#[component]
pub fn Navigation() -> impl IntoView {
    let page = use_page();
    let link = |permission: Permission, href: &'static str, symbol: Icon, word: &'static str| {
        page.may(permission).then(|| {
            view! {
                <li>
                    <A href=href exact=true attr:class="navigation__link">{icon(symbol)}<span>{word}</span></A>
                </li>
            }
            .erase()
        })
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
