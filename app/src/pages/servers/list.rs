//! Every server in one table.

use leptos::prelude::*;

use crate::components::{Erase, LinkBadge, Piece, format};
use crate::model::{DestinationState, LinkState, Permission, Server};
use crate::pages::document::{ago, empty, flash, span_of};
use crate::site::use_page;

/// A server with what belongs to it.
#[derive(Debug, Clone)]
pub struct ServerRow {
    pub server: Server,
    pub schedules: usize,
    pub destinations: Vec<DestinationState>,
}

/// `/servers`
pub fn list(rows: Vec<ServerRow>, said: Option<&str>) -> Piece {
    let page = use_page();
    let add = page.may(Permission::AddServers).then(|| view! { <a class="button button--primary" href="/servers/new">"Add server"</a> });
    let down = rows.iter().filter(|row| row.server.link.state == LinkState::Down).count();
    let note = match (rows.len(), down) {
        (count, 0) => format::counted(count, "server", "servers"),
        (count, down) => format!("{}, {down} down", format::counted(count, "server", "servers")),
    };
    let action = page.may(Permission::AddServers).then(|| ("Add server", "/servers/new".to_owned()));
    let body = if rows.is_empty() {
        empty(
            "No servers yet",
            "A server is a machine that Tailback reaches over SSH. Add the first one, test it, then schedule a backup.",
            action,
        )
    } else {
        table(rows)
    };
    view! {
        <header class="page-header">
            <h1 class="page-title">"Servers"</h1>
            <p class="page-header__note">{note}</p>
            <div class="page-header__actions">{add}</div>
        </header>
        {flash(said)}
        <div id="servers" data-refresh="5">{body}</div>
    }
    .erase()
}

fn table(rows: Vec<ServerRow>) -> Piece {
    view! {
        <table class="table" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Server"</th>
                    <th scope="col" role="columnheader">"Link"</th>
                    <th scope="col" role="columnheader">"Checked"</th>
                    <th scope="col" role="columnheader">"Region"</th>
                    <th scope="col" role="columnheader">"Account"</th>
                    <th scope="col" role="columnheader" class="is-figure">"Schedules"</th>
                    <th scope="col" role="columnheader">"Disk"</th>
                    <th scope="col" role="columnheader">"Clock"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows.into_iter().map(line).collect_view()}</tbody>
        </table>
    }
    .erase()
}

fn line(row: ServerRow) -> Piece {
    let ServerRow { server, schedules, destinations } = row;
    let address = format!("{}@{}:{}", server.user, server.host, server.port);
    let since = server.link.since.filter(|_| server.link.state != LinkState::Unknown);
    let unpinned = server.host_key.is_none().then(|| view! { <span class="cell__note">"host key not pinned"</span> });
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" data-label="Server">
                <a class="cell__link" href=format!("/servers/{}", server.id)>{server.name}</a>
                <span class="cell__note cell__note--mono">{address}</span>
            </th>
            <td role="cell" data-label="Link">
                <LinkBadge state=server.link.state/>
                {since.map(|since| view! { <span class="cell__note">"for "{span_of(since)}</span> })}
                {server.link.error.filter(|_| server.link.state == LinkState::Down).map(|error| view! { <span class="cell__problem">{error}</span> })}
                {unpinned}
            </td>
            <td role="cell" data-label="Checked">{server.link.checked_at.map_or_else(|| "never".erase(), ago)}</td>
            <td role="cell" data-label="Region" class=("is-blank", server.region.is_none())>{dash(server.region.clone())}</td>
            <td role="cell" data-label="Account" class=("is-blank", server.account.is_none())>{dash(server.account.clone())}</td>
            <td role="cell" data-label="Schedules" class="is-figure">{schedules}</td>
            <td role="cell" data-label="Disk" class=("is-blank", destinations.is_empty())>{fullest(&destinations)}</td>
            <td role="cell" data-label="Clock" class=("is-blank", server.clock_skew_s.is_none())>{skew(server.clock_skew_s)}</td>
        </tr>
    }
    .erase()
}

/// The disk that is nearest to being full.
fn fullest(destinations: &[DestinationState]) -> Piece {
    let fullest = destinations.iter().filter_map(|state| Some((state.percent_used()?, state))).max_by_key(|(percent, _)| *percent);
    match fullest {
        Some((percent, state)) => disk(percent, state),
        None if destinations.iter().any(|state| state.error.is_some()) => {
            view! { <span class="cell__problem">"cannot be read"</span> }.erase()
        }
        None => "–".erase(),
    }
}

/// How full a disk is: a bar, and in words what is left.
pub(super) fn disk(percent: i64, state: &DestinationState) -> Piece {
    let tone = match percent {
        95.. => "error",
        85.. => "warning",
        _ => "fine",
    };
    let free = state.free_bytes.map(format::size).unwrap_or_default();
    view! {
        <span class="disk" data-tone=tone>
            <meter class="disk__meter" min="0" max="100" value=percent.to_string() aria-label=format!("{percent} % used")></meter>
            <span>{format!("{free} free")}</span>
            <span class="cell__note">{format!("{percent} % used")}</span>
        </span>
    }
    .erase()
}

fn dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

/// A clock that is off by this much confuses whoever compares logs.
const SKEW_TO_MENTION_S: i64 = 5;

/// How far a server's clock is from the panel's.
pub(super) fn skew(seconds: Option<i64>) -> Piece {
    match seconds {
        None => "–".erase(),
        Some(seconds) if seconds.abs() <= SKEW_TO_MENTION_S => "in step".erase(),
        Some(seconds) => {
            let way = if seconds > 0 { "ahead" } else { "behind" };
            view! { <span class="cell__problem cell__problem--mild">{format!("{} {way}", format::duration(seconds.abs()))}</span> }.erase()
        }
    }
}
