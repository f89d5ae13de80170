//! Servers on one line each, those in trouble first: whether each answers, and how old that knowledge is.

use leptos::prelude::*;

use crate::components::{Ago, Erase, Item, LinkBadge, Piece, list, nothing_if, reactive, text};
use crate::model::{LinkState, Server};
use crate::streaming::Live;

/// More than these are for their own page: runs and rows are below.
const MOST: usize = 8;

/// The servers, or how to get one.
pub(super) fn server_strip(live: Live) -> Piece {
    let items = move || {
        live.servers.with(|servers| {
            let shown = most_pressing(servers, MOST).into_iter().cloned();
            shown.map(|server| Item::new(server.id, move || server_item(live, server.clone()))).collect()
        })
    };
    let first_steps =
        || view! { "No servers yet. "<a href="/servers">"Add the first one"</a>"; it appears here when it is first checked." }.erase();
    let rest = Memo::new(move |_| live.servers.with(|servers| servers.len().saturating_sub(MOST)));
    let rest = reactive(move || {
        let rest = rest.get();
        let word = if rest == 1 { "server" } else { "servers" };
        (rest > 0).then(|| view! { <p class="server-strip__rest"><a href="/servers">{format!("{rest} more {word}")}</a></p> }.erase())
    });
    view! {
        <section class="section" aria-labelledby="servers">
            <h2 class="section__title" id="servers">"Servers"</h2>
            {nothing_if(move || live.servers.with(Vec::is_empty), first_steps)}
            <ul class="server-strip">
                {list(items)}
            </ul>
            {rest}
        </section>
    }
    .erase()
}

/// So many servers, those in trouble before others, in the order that they have: whoever is at one would lose the place if it moved. The style
/// sheet shows those in trouble first.
fn most_pressing(servers: &[Server], most: usize) -> Vec<&Server> {
    let mut pressing: Vec<_> = servers.iter().enumerate().collect();
    pressing.sort_by_key(|(_, server)| rank(server.link.state));
    pressing.truncate(most);
    pressing.sort_by_key(|(place, _)| *place);
    pressing.into_iter().map(|(_, server)| server).collect()
}

fn rank(state: LinkState) -> u8 {
    match state {
        LinkState::Down => 0,
        LinkState::Unknown => 1,
        LinkState::Up => 2,
    }
}

/// Stays the same element whatever is heard of the server, so that who is at its name stays there.
fn server_item(live: Live, first: Server) -> Piece {
    let id = first.id;
    let server = Memo::new(move |_| {
        live.servers.with(|servers| servers.iter().find(|server| server.id == id).cloned()).unwrap_or_else(|| first.clone())
    });
    view! {
        <li class="server" data-link=text(move || server.with(|server| server.link.state.to_string()))>
            <a class="server__name" href=format!("/servers/{id}")>{text(move || server.with(|server| server.name.clone()))}</a>
            {reactive(move || Some(link(server.get())))}
        </li>
    }
    .erase()
}

/// Whether it answers, and how old that knowledge is.
fn link(server: Server) -> Piece {
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
        <LinkBadge state=link.state/>
        {checked}
        {never}
        {trouble}
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Link, Timestamp};

    #[test]
    fn those_in_trouble_are_among_the_few_and_none_changes_places() {
        let server = |(id, state)| Server {
            id,
            name: format!("server {id}"),
            host: String::new(),
            port: 22,
            user: String::new(),
            region: None,
            account: None,
            host_key: None,
            link: Link { state, since: None, checked_at: Some(Timestamp(0)), error: None },
            clock_skew_s: None,
        };
        let states = [LinkState::Up, LinkState::Up, LinkState::Unknown, LinkState::Up, LinkState::Down];
        let servers: Vec<_> = (1..).zip(states).map(server).collect();
        let ids = |most| most_pressing(&servers, most).iter().map(|server| server.id).collect::<Vec<_>>();
        assert_eq!(ids(8), [1, 2, 3, 4, 5]);
        assert_eq!(ids(3), [1, 3, 5]);
        assert_eq!(ids(1), [5]);
    }
}
