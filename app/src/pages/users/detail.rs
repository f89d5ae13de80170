//! One user, what can be done about the way in, and a password that is shown once.

use leptos::prelude::*;

use super::list::server_words;
use crate::components::{Erase, Icon, Piece, Tone, icon, notice};
use crate::model::{Named, Permission, User};
use crate::pages::document::{ago, back_link, copyable, fact, flash, moment};
use crate::site::use_page;

/// A user with all that the page shows.
#[derive(Debug, Clone)]
pub struct UserView {
    pub user: User,
    pub servers: Vec<Named>,
    /// Whether the viewer may touch this user at all; somebody who may more stays as they are.
    pub touchable: bool,
}

/// `/users/<id>`
pub fn detail(view: UserView, said: Option<&str>) -> Piece {
    let page = use_page();
    let UserView { user, servers, touchable } = view;
    let may_edit = touchable && page.may(Permission::EditUsers);
    let id = user.id;
    let edit = may_edit.then(|| view! { <a class="button button--primary" href=format!("/users/{id}/edit")>"Edit"</a> });
    let may_delete = touchable && page.may(Permission::DeleteUsers);
    let remove = may_delete.then(|| view! { <a class="button" href=format!("/users/{id}/delete")>"Delete"</a> });
    let more_than_you = (!touchable && page.may(Permission::EditUsers)).then(
        || view! { <p class="section section__lead">"This user may do or see more than you, so somebody else has to change it."</p> },
    );
    view! {
        {back_link("/users".to_owned(), "Users")}
        <header class="page-header">
            <h1 class="page-title">{user.username.clone()}</h1>
            <div class="page-header__actions">{edit}{remove}</div>
        </header>
        {flash(said)}
        <dl class="facts facts--page">
            {fact("State", Some(if user.enabled { "enabled" } else { "disabled" }.erase()))}
            {fact("Role", Some(user.role.clone().erase()))}
            {fact("Servers", Some(server_words(&user.servers, &servers).erase()))}
            {fact("Second factor", Some(if user.two_factor { "on" } else { "off" }.erase()))}
            {fact("Last seen", Some(user.last_seen_at.map_or_else(|| "not signed in".erase(), ago)))}
            {fact("Email", user.email.clone().map(Erase::erase))}
            {fact("Added", Some(moment(user.created_at)))}
        </dl>
        {more_than_you}
        {may_edit.then(|| way_in(&user))}
    }
    .erase()
}

/// What helps somebody who cannot get in, or keeps somebody out.
fn way_in(user: &User) -> Piece {
    let id = user.id;
    let deed = |path: &str, word: &'static str, hint: &'static str| {
        view! {
            <form class="deed" method="post" action=format!("/users/{id}/{path}")>
                <button class="button" type="submit">{word}</button>
                <p class="field__hint">{hint}</p>
            </form>
        }
        .erase()
    };
    view! {
        <section class="section" aria-labelledby="way-in">
            <h2 class="section__title" id="way-in">"Signing in"</h2>
            {deed("password", "Make a new password", "Shown once. The old one and every session end.")}
            {deed("sign-out", "Sign out everywhere", "Ends every session. The password and the API tokens stay good.")}
            {user.two_factor.then(|| deed("two-factor", "Remove the second factor", "For somebody who has lost the authenticator and the recovery codes."))}
        </section>
    }
    .erase()
}

/// A password that was just made: the only time that it is shown.
pub fn secret(user: &User, password: String, added: bool) -> Piece {
    let title = if added { format!("{} was added", user.username) } else { format!("New password for {}", user.username) };
    let body = view! { <p>"This page is the only place where it is ever shown. Pass it on in a way that nobody else reads, and ask for it to be changed in Profile."</p> };
    view! {
        {back_link(format!("/users/{}", user.id), user.username.clone())}
        <h1 class="page-title">{title}</h1>
        <div class="notice--narrow">{notice(Tone::Warning, "Copy the password now", body.erase())}</div>
        {copyable("password", "Password", password)}
        <p class="section"><a class="button" href=format!("/users/{}", user.id)>"Done"</a></p>
    }
    .erase()
}

/// `/users/<id>/delete`: what goes and what stays.
pub fn remove(user: &User) -> Piece {
    let back = format!("/users/{}", user.id);
    view! {
        {back_link(back.clone(), user.username.clone())}
        <h1 class="page-title">{format!("Delete {}?", user.username)}</h1>
        <ul class="consequences">
            <li>{icon(Icon::CrossInCircle)}<span>"Goes: the account, every session, and every API token, at once. Jobs that report with one of them are refused."</span></li>
            <li>{icon(Icon::Tick)}<span>"Stays: every entry in Logs with the user's name, every schedule and every run."</span></li>
        </ul>
        <form class="form__actions" method="post" action=format!("/users/{}/delete", user.id)>
            <a class="button" href=back>"Keep it"</a>
            <button class="button button--danger" type="submit">"Delete user"</button>
        </form>
    }
    .erase()
}
