//! Every server on one line each: whether it answers, and how old that knowledge is.

use leptos::prelude::*;

use crate::components::{Ago, Erase, LinkBadge};
use crate::model::{LinkState, Server, Timestamp};
use crate::streaming::Live;

/// The servers, or how to get one.
#[component]
pub fn ServerStrip(live: Live) -> impl IntoView {
    let none = Memo::new(move |_| live.servers.with(Vec::is_empty));
    view! {
        <section class="section" aria-labelledby="servers">
            <h2 class="section__title" id="servers">"Servers"</h2>
            <Show when=move || none.get()>
                <p class="section__empty">"No servers yet. Add one through the API (" <code>"POST /api/v1/servers"</code> "); it appears here when it is first checked."</p>
            </Show>
            <ul class="server-strip">
                <For each=move || live.servers.get() key=version children=server_item/>
            </ul>
        </section>
    }
    .erase()
}

/// A server whose link has changed is drawn anew.
fn version(server: &Server) -> (i64, String, u8, Option<Timestamp>) {
    (server.id, server.name.clone(), server.link.state as u8, server.link.checked_at)
}

fn server_item(server: Server) -> AnyView {
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
