//! The pages that have no room in a phone's navigation. A document.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, icon};
use crate::model::Permission;
use crate::site::use_page;

/// `/more`
pub fn more() -> Piece {
    let page = use_page();
    let link = |href: &'static str, symbol: Icon, word: &'static str, note: &'static str| {
        view! {
            <li>
                <a class="more-list__link" href=href>
                    {icon(symbol)}
                    <span>{word}<span class="cell__note">{note}</span></span>
                </a>
            </li>
        }
        .erase()
    };
    let users = page.may(Permission::ViewUsersPage);
    let roles = [Permission::CreateUserRole, Permission::EditUserRoles, Permission::DeleteUserRoles];
    let roles = users || roles.into_iter().any(|permission| page.may(permission));
    view! {
        <h1 class="page-title">"More"</h1>
        <ul class="more-list">
            {link("/profile", Icon::Key, "Profile", "Your password, sessions and tokens.")}
            {users.then(|| link("/users", Icon::People, "Users", "Who may sign in."))}
            {roles.then(|| link("/roles", Icon::Tick, "Roles", "What each of them may do."))}
        </ul>
    }
    .erase()
}
