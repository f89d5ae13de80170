//! Every server on one line each: whether it answers, and how old that knowledge is.

use leptos::prelude::*;

use crate::components::{Ago, Erase, Item, LinkBadge, Piece, list, nothing_if};
use crate::model::{LinkState, Server, Timestamp};
use crate::streaming::Live;

/// The servers, or how to get one.
pub(super) fn server_strip(live: Live) -> Piece {
    let items = move || {
        live.servers.with(|servers| {
            servers.iter().cloned().map(|server| Item::new(version(&server), move || server_item(server.clone()))).collect()
        })
    };
    let first_steps = || {
        view! { "No servers yet. Add one through the API (" <code>"POST /api/v1/servers"</code> "); it appears here when it is first checked." }.erase()
    };
    view! {
        <section class="section" aria-labelledby="servers">
            <h2 class="section__title" id="servers">"Servers"</h2>
            {nothing_if(move || live.servers.with(Vec::is_empty), first_steps)}
            <ul class="server-strip">
                {list(items)}
            </ul>
        </section>
    }
    .erase()
}

/// A server whose link has changed is drawn anew.
fn version(server: &Server) -> (i64, String, u8, Option<Timestamp>) {
    (server.id, server.name.clone(), server.link.state as u8, server.link.checked_at)
}

fn server_item(server: Server) -> Piece {
    let link = server.link;
    let unpinned = server.host_key.is_none();
    let checked = link.checked_at.map(|at| view! { <span class="server__checked">"checked " <Ago at=at/></span> });
    let never = link.checked_at.is_none().then(|| {
        let why = if unpinned { "host key not pinned" } else { "not checked yet" };
        view! { <span class="server__checked">{why}</span> }
    });
    let trouble = (link.state == LinkState::Down).then(|| {
        view! {
            <span class="server__cause">
                {link.error.unwrap_or_else(|| "no cause recorded".to_owned())}
                {link.since.map(|at| view! { <span class="server__since">", since " <Ago at=at/></span> })}
            </span>
        }
    });
    view! {
        <li class="server" data-link=link.state.to_string()>
            <span class="server__name">{server.name}</span>
            <LinkBadge state=link.state/>
            {checked}
            {never}
            {trouble}
        </li>
    }
    .erase()
}
