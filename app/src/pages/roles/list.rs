//! Every role beside the others: one table of what each allows.

use leptos::prelude::*;

use super::words::{AREAS, Area, words_of};
use crate::components::{Erase, Icon, Piece, format, icon};
use crate::model::{Permission, Role};
use crate::pages::document::{back_link, flash};
use crate::site::use_page;

/// `/roles`
pub fn list(roles: &[Role], said: Option<&str>) -> Piece {
    let page = use_page();
    let add = page.may(Permission::CreateUserRole).then(|| view! { <a class="button button--primary" href="/roles/new">"Add role"</a> });
    let count = roles.len() + 1;
    let area = |area: &Area| {
        let line = |permission: &Permission| line(*permission, roles);
        view! {
            <tr class="matrix__area"><th scope="colgroup" colspan=count.to_string()>{area.name}</th></tr>
            {area.permissions.iter().map(line).collect_view()}
        }
        .erase()
    };
    view! {
        <header class="page-header">
            <h1 class="page-title">"Roles"</h1>
            <p class="page-header__note">{format::counted(roles.len(), "role", "roles")}</p>
            <div class="page-header__actions"><a class="button" href="/users">"Users"</a>{add}</div>
        </header>
        {flash(said)}
        <ul class="role-list">{roles.iter().map(card).collect_view()}</ul>
        <h2 class="section__title" id="matrix">"What each role allows"</h2>
        <div class="matrix-box" tabindex="0" role="region" aria-labelledby="matrix">
            <table class="matrix">
                <thead>
                    <tr>
                        <th scope="col">"Permission"</th>
                        {roles.iter().map(|role| view! { <th scope="col" class="matrix__role">{role.name.clone()}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{AREAS.iter().map(area).collect_view()}</tbody>
            </table>
        </div>
    }
    .erase()
}

fn card(role: &Role) -> Piece {
    let page = use_page();
    let users = format::counted(usize::try_from(role.users).unwrap_or_default(), "user", "users");
    let note = if role.built_in { format!("built in, {users}") } else { users };
    let edit = (!role.built_in && page.may(Permission::EditUserRoles))
        .then(|| view! { <a class="button" href=format!("/roles/{}/edit", role.id) aria-label=format!("Edit {}", role.name)>"Edit"</a> });
    let remove = (!role.built_in && role.users == 0 && page.may(Permission::DeleteUserRoles)).then(
        || view! { <a class="button" href=format!("/roles/{}/delete", role.id) aria-label=format!("Delete {}", role.name)>"Delete"</a> },
    );
    view! {
        <li class="role-list__item">
            <span class="role-list__name">{role.name.clone()}<span class="cell__note">{note}</span></span>
            {edit}
            {remove}
        </li>
    }
    .erase()
}

fn line(permission: Permission, roles: &[Role]) -> Piece {
    let (name, note) = words_of(permission);
    let cell = |role: &Role| {
        let mark = if role.permissions.contains(&permission) {
            view! { <span class="matrix__yes">{icon(Icon::Tick)}<span class="unseen">"yes"</span></span> }.erase()
        } else {
            view! { <span class="matrix__no">"–"<span class="unseen">" no"</span></span> }.erase()
        };
        view! { <td class="matrix__role">{mark}</td> }
    };
    view! {
        <tr>
            <th scope="row">{name}<span class="cell__note">{note}</span></th>
            {roles.iter().map(cell).collect_view()}
        </tr>
    }
    .erase()
}

/// `/roles/<id>/delete`
pub fn remove(role: &Role) -> Piece {
    view! {
        {back_link("/roles".to_owned(), "Roles")}
        <h1 class="page-title">{format!("Delete {}?", role.name)}</h1>
        <p class="section section__lead">"Nobody has this role. Nothing else goes with it."</p>
        <form class="form__actions" method="post" action=format!("/roles/{}/delete", role.id)>
            <a class="button" href="/roles">"Keep it"</a>
            <button class="button button--danger" type="submit">"Delete role"</button>
        </form>
    }
    .erase()
}
