//! One server: its link, its key, its destinations and schedules; and the question before it is removed.

use leptos::prelude::*;

use super::list::{disk, skew};
use super::test_result::{Test, test_result};
use crate::components::{Erase, Icon, LinkBadge, Piece, Tone, icon, notice};
use crate::model::{DestinationState, LinkState, Named, Permission, Server};
use crate::pages::document::{ago, back_link, copyable, fact, flash, moment};
use crate::site::use_page;

/// The line for `authorized_keys`.
#[derive(Debug, Clone)]
pub struct KeyLine {
    pub line: String,
    /// Whether this server has a key of its own; else it is the panel's.
    pub own: bool,
}

/// A server with all that its page shows.
#[derive(Debug, Clone)]
pub struct ServerView {
    pub server: Server,
    /// `None` where the public half of a key that someone gave cannot be told.
    pub key: Option<KeyLine>,
    pub schedules: Vec<Named>,
    pub destinations: Vec<DestinationState>,
    /// Just made.
    pub test: Option<Test>,
}

/// `/servers/<id>`
pub fn detail(view: ServerView, said: Option<&str>) -> Piece {
    let page = use_page();
    let ServerView { server, key, schedules, destinations, test } = view;
    let may_edit = page.may(Permission::EditServers);
    let id = server.id;
    let edit = may_edit.then(|| view! { <a class="button" href=format!("/servers/{id}/edit")>"Edit"</a> });
    let remove = page.may(Permission::DeleteServers).then(|| view! { <a class="button" href=format!("/servers/{id}/delete")>"Delete"</a> });
    let try_it = may_edit.then(|| {
        view! {
            <form method="post" action=format!("/servers/{id}/test")>
                <button class="button button--primary" type="submit" data-busy="Testing …">"Test connection"</button>
            </form>
        }
    });
    // A test was asked for with POST: asking for the page again would not show it.
    let refresh = test.is_none().then_some("5");
    let shown_test = test.map(|test| test_result(&server, test, may_edit));
    let unpinned = (server.host_key.is_none() && shown_test.is_none()).then(|| {
        let body =
            view! { <p>"Test the connection, compare the fingerprint that the server shows, and pin it. Until then nothing connects."</p> };
        notice(Tone::Warning, "The host key is not pinned yet", body.erase())
    });
    let name = server.name.clone();
    view! {
        {back_link("/servers".to_owned(), "Servers")}
        <header class="page-header">
            <h1 class="page-title">{name}</h1>
            <div class="page-header__actions">{try_it}{edit}{remove}</div>
        </header>
        {flash(said)}
        {shown_test}
        {unpinned}
        <div id="server" data-refresh=refresh>
            {facts(&server)}
            {destination_list(destinations)}
        </div>
        {schedule_list(id, schedules)}
        {way_in(&server, key, may_edit)}
    }
    .erase()
}

fn facts(server: &Server) -> Piece {
    let link = &server.link;
    let state = view! {
        <LinkBadge state=link.state/>
        {link.since.filter(|_| link.state != LinkState::Unknown).map(|since| view! { " since "{moment(since)} })}
    };
    let problem = link.error.clone().filter(|_| link.state == LinkState::Down).map(|error| {
        let body = view! { <p>{error}</p> };
        notice(Tone::Error, "The panel cannot reach this server", body.erase())
    });
    let key = server.host_key.as_ref().map_or_else(|| "not pinned".to_owned(), ToString::to_string);
    view! {
        {problem}
        <dl class="facts facts--page">
            {fact("Link", Some(state.erase()))}
            {fact("Last check", Some(link.checked_at.map_or_else(|| "never".erase(), ago)))}
            {fact("Clock", Some(skew(server.clock_skew_s)))}
            {fact("Address", Some(format!("{}:{}", server.host, server.port).erase()))}
            {fact("User", Some(server.user.clone().erase()))}
            {fact("Region", server.region.clone().map(Erase::erase))}
            {fact("Account", server.account.clone().map(Erase::erase))}
            {fact("Host key", Some(view! { <span class="fingerprint">{key}</span> }.erase()))}
        </dl>
    }
    .erase()
}

fn destination_list(destinations: Vec<DestinationState>) -> Option<Piece> {
    let item = |state: DestinationState| {
        let space = state.percent_used().map_or_else(|| "–".erase(), |percent| disk(percent, &state));
        let problem = state.error.clone().map(|error| view! { <span class="cell__problem">{error}</span> });
        view! {
            <tr role="row">
                <th scope="row" role="rowheader" data-label="Destination"><span class="cell__note--mono">{state.path.clone()}</span>{problem}</th>
                <td role="cell" data-label="Type">{state.source_type.to_string()}</td>
                <td role="cell" data-label="Disk">{space}</td>
                <td role="cell" data-label="Points" class="is-figure">{state.points.map_or_else(|| "–".to_owned(), |points| points.to_string())}</td>
                <td role="cell" data-label="Checked">{ago(state.checked_at)}</td>
            </tr>
        }
        .erase()
    };
    (!destinations.is_empty()).then(|| {
        view! {
            <section class="section" aria-labelledby="destinations">
                <h2 class="section__title" id="destinations">"Destinations"</h2>
                <table class="table" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th scope="col" role="columnheader">"Destination"</th>
                            <th scope="col" role="columnheader">"Type"</th>
                            <th scope="col" role="columnheader">"Disk"</th>
                            <th scope="col" role="columnheader" class="is-figure">"Points"</th>
                            <th scope="col" role="columnheader">"Checked"</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{destinations.into_iter().map(item).collect_view()}</tbody>
                </table>
            </section>
        }
        .erase()
    })
}

fn schedule_list(server_id: i64, schedules: Vec<Named>) -> Piece {
    let page = use_page();
    let add = page.may(Permission::CreateSchedule).then(|| {
        view! { <p><a class="button" href=format!("/schedules/new?kind=managed&server={server_id}")>"Schedule a backup"</a></p> }
    });
    let item = |schedule: Named| view! { <li><a href=format!("/schedules/{}", schedule.id)>{schedule.name}</a></li> };
    let list = if schedules.is_empty() {
        view! { <p class="section__empty">"Nothing backs this server up yet."</p> }.erase()
    } else {
        view! { <ul class="link-list">{schedules.into_iter().map(item).collect_view()}</ul> }.erase()
    };
    view! {
        <section class="section" aria-labelledby="schedules">
            <h2 class="section__title" id="schedules">"Schedules"</h2>
            {list}
            {add}
        </section>
    }
    .erase()
}

/// How the panel gets in: the key, and one line that lets it.
fn way_in(server: &Server, key: Option<KeyLine>, may_edit: bool) -> Piece {
    let whose = match &key {
        Some(KeyLine { own: true, .. }) => "This server has a key of its own.",
        Some(KeyLine { own: false, .. }) => "This server is signed in to with the panel's own key.",
        None => "This server has a key of its own whose public half the panel cannot tell; whoever gave it has it.",
    };
    let commands = key.map(|key| {
        view! {
            <p class="section__lead">{format!("Run this on the server as {}, once:", server.user)}</p>
            {copyable("authorize", "Command that lets the panel in", authorize(&key.line))}
            <details class="more">
                <summary>"Only the public key"</summary>
                {copyable("public-key", "Public key", key.line)}
            </details>
        }
    });
    let make = may_edit.then(|| {
        view! {
            <form method="post" action=format!("/servers/{}/key", server.id)>
                <button class="button" type="submit">"Generate a key for this server"</button>
                <p class="field__hint">"Tailback makes an ed25519 pair, keeps the private half sealed and signs in with it from then on. Add the new public key to the server first thing."</p>
            </form>
        }
    });
    view! {
        <section class="section" aria-labelledby="way-in">
            <h2 class="section__title" id="way-in">"Letting the panel in"</h2>
            <p class="section__lead">{whose}</p>
            {commands}
            {make}
        </section>
    }
    .erase()
}

/// One line that adds a public key to an account, however little of `~/.ssh` is there.
fn authorize(line: &str) -> String {
    let quoted = line.trim().replace('\'', r"'\''");
    format!("mkdir -p ~/.ssh && chmod 700 ~/.ssh && echo '{quoted}' >> ~/.ssh/authorized_keys && chmod 600 ~/.ssh/authorized_keys")
}

/// `/servers/<id>/delete`: what goes and what stays. `problem` is why it cannot be done.
pub fn remove(server: &Server, schedules: usize, problem: Option<&str>) -> Piece {
    let blocked = (schedules > 0).then(|| {
        let words = crate::components::format::counted(schedules, "schedule", "schedules");
        let body = view! { <p>{format!("{words} of this server must be deleted first.")}</p> };
        notice(Tone::Warning, "This server still has schedules", body.erase())
    });
    let problem = problem.map(|problem| notice(Tone::Error, "The server was not deleted", view! { <p>{problem.to_owned()}</p> }.erase()));
    let back = format!("/servers/{}", server.id);
    let button = (schedules == 0).then(|| view! { <button class="button button--danger" type="submit">"Delete server"</button> });
    view! {
        {back_link(back.clone(), server.name.clone())}
        <h1 class="page-title">{format!("Delete {}?", server.name)}</h1>
        {problem}
        {blocked}
        <ul class="consequences">
            <li>{icon(Icon::CrossInCircle)}<span>"Goes: the server, its pinned host key and its private key, if it has one of its own."</span></li>
            <li>{icon(Icon::Tick)}<span>"Stays: every entry in Logs with the server's name, every run, and everything on the server itself. No backup is touched."</span></li>
        </ul>
        <form class="form__actions" method="post" action=format!("/servers/{}/delete", server.id)>
            <a class="button" href=back>"Keep it"</a>
            {button}
        </form>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_holds_the_line_whole() {
        let command = authorize("ssh-ed25519 AAAA it's mine\n");
        assert!(command.contains(r"echo 'ssh-ed25519 AAAA it'\''s mine' >> ~/.ssh/authorized_keys"), "{command}");
    }
}
