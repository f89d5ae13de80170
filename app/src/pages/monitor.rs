//! Monitor: what is running, which servers answer, and every new row as it is written. The server renders all of it once;
//! the browser then keeps it current through [`crate::streaming`].

mod chips;
mod connection_banner;
mod counters;
mod feed_section;
mod feed_table;
mod following;
mod run_card;
mod server_strip;
mod steady;
mod stop_button;

use leptos::prelude::*;

use self::connection_banner::connection_banner;
use self::counters::counters;
use self::feed_section::feed_section;
use self::run_card::running_runs;
use self::server_strip::server_strip;
use self::steady::ABOVE;
use crate::api::{MonitorSnapshot, Wire, read_monitor};
use crate::components::{Awaited, Drawing, Erase, Piece, Tone, awaited, failure_notice, notice, text};
use crate::error::AppError;
use crate::model::FieldError;
use crate::site::use_page;
use crate::streaming::{Connection, Live, NEWEST_ROWS, ask_now_and_then, follow};

/// `/`
#[component]
pub fn MonitorPage() -> impl IntoView {
    let filter = use_page().get().query;
    let snapshot: OnceResource<Result<MonitorSnapshot, AppError>, Wire> =
        OnceResource::new_with_options(read_monitor(NEWEST_ROWS, filter.clone()), false);
    let shown = move || -> Awaited {
        let filter = filter.clone();
        Box::pin(async move {
            let read = snapshot.await;
            let drawing: Drawing = Box::new(move || match read {
                Ok(snapshot) => board(snapshot, filter),
                Err(error) => failure_notice("what is running", &error, address(&filter)),
            });
            drawing
        })
    };
    view! {
        <h1 class="visually-hidden">"Monitor"</h1>
        {awaited(skeleton, shown)}
    }
    .erase()
}

fn board(snapshot: MonitorSnapshot, filter: String) -> Piece {
    let (servers, server_problem) = apart(snapshot.servers);
    let (page, feed_problem) = apart(snapshot.newest);
    let here = address(&filter);
    let has_feed = feed_problem.is_none();
    let live = Live::new(page, snapshot.runs, servers.unwrap_or_default(), snapshot.glance.ok(), filter);
    match feed_problem {
        None => follow(live),
        Some(_) => ask_now_and_then(live),
    }
    let connection = text(move || live.connection.with(Connection::name).to_owned());
    view! {
        <div class="monitor" data-connection=connection>
            <div class=ABOVE>
                {counters(live, server_problem.is_none())}
                {running_runs(live)}
                {match server_problem {
                    None => server_strip(live),
                    Some(AppError::Forbidden) => ().erase(),
                    Some(error) => failure_notice("the servers", &error, here.clone()),
                }}
            </div>
            {match feed_problem {
                None => feed_section(live),
                Some(AppError::Invalid(problems)) => bad_filter(&problems),
                Some(error) => failure_notice("the log", &error, here),
            }}
            <div class="monitor__connection">{connection_banner(live, has_feed)}</div>
        </div>
    }
    .erase()
}

/// A filter in the URL that cannot be.
fn bad_filter(problems: &[FieldError]) -> Piece {
    let list = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let body = view! {
        <p>{list}</p>
        <a class="button" href="/">"Show every row"</a>
    };
    notice(Tone::Error, "This filter cannot be applied", body.erase())
}

/// Where Monitor shows what it shows now.
fn address(filter: &str) -> String {
    if filter.is_empty() { "/".to_owned() } else { format!("/?{filter}") }
}

fn apart<T>(read: Result<T, AppError>) -> (Option<T>, Option<AppError>) {
    match read {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

fn skeleton() -> Piece {
    view! {
        <div class="skeleton-stack" role="status">
            <span class="visually-hidden">"Loading"</span>
            <span class="skeleton skeleton--strip"></span>
            <span class="skeleton skeleton--strip"></span>
            <span class="skeleton skeleton--card"></span>
        </div>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_keeps_the_filter() {
        assert_eq!(address(""), "/");
        assert_eq!(address("status=error&q=a+b"), "/?status=error&q=a+b");
    }
}
