//! Every user in one table.

use leptos::prelude::*;

use crate::components::{Erase, Piece, format};
use crate::model::{Named, Permission, User};
use crate::pages::document::{ago, flash};
use crate::site::use_page;

/// `/users`
pub fn list(users: Vec<User>, servers: &[Named], said: Option<&str>) -> Piece {
    let page = use_page();
    let add =
        page.may(Permission::CreateAdditionalUsers).then(|| view! { <a class="button button--primary" href="/users/new">"Add user"</a> });
    let disabled = users.iter().filter(|user| !user.enabled).count();
    let note = match (users.len(), disabled) {
        (count, 0) => format::counted(count, "user", "users"),
        (count, disabled) => format!("{}, {disabled} disabled", format::counted(count, "user", "users")),
    };
    view! {
        <header class="page-header">
            <h1 class="page-title">"Users"</h1>
            <p class="page-header__note">{note}</p>
            <div class="page-header__actions"><a class="button" href="/roles">"Roles"</a>{add}</div>
        </header>
        {flash(said)}
        <table class="table" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"User"</th>
                    <th scope="col" role="columnheader">"Role"</th>
                    <th scope="col" role="columnheader">"Servers"</th>
                    <th scope="col" role="columnheader">"Second factor"</th>
                    <th scope="col" role="columnheader">"Last seen"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{users.into_iter().map(|user| line(user, servers)).collect_view()}</tbody>
        </table>
    }
    .erase()
}

fn line(user: User, servers: &[Named]) -> Piece {
    let disabled = (!user.enabled).then(|| view! { <span class="cell__problem cell__problem--mild">"disabled"</span> });
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" data-label="User">
                <a class="cell__link" href=format!("/users/{}", user.id)>{user.username}</a>
                {user.email.map(|email| view! { <span class="cell__note">{email}</span> })}
                {disabled}
            </th>
            <td role="cell" data-label="Role">{user.role}</td>
            <td role="cell" data-label="Servers">{server_words(&user.servers, servers)}</td>
            <td role="cell" data-label="Second factor">{if user.two_factor { "on" } else { "off" }}</td>
            <td role="cell" data-label="Last seen">{user.last_seen_at.map_or_else(|| "not signed in".erase(), ago)}</td>
        </tr>
    }
    .erase()
}

/// `all`, or their names.
pub(super) fn server_words(ids: &[i64], servers: &[Named]) -> String {
    let name =
        |id: &i64| servers.iter().find(|server| server.id == *id).map_or_else(|| format!("#{id} (removed)"), |server| server.name.clone());
    if ids.is_empty() { "all".to_owned() } else { ids.iter().map(name).collect::<Vec<_>>().join(", ") }
}
