//! Monitor: what is running, which servers answer, and every new row as it is written. The server renders all of it once;
//! the browser then keeps it current through [`crate::streaming`].

mod counters;
mod feed_section;
mod feed_table;
mod following;
mod run_card;
mod server_strip;
mod stop_button;

use leptos::prelude::*;
use leptos_meta::Title;

use self::counters::Counters;
use self::feed_section::FeedSection;
use self::run_card::RunningRuns;
use self::server_strip::ServerStrip;
use crate::api::{list_active_runs, list_logs, list_servers};
use crate::components::{Erase, failure_notice};
use crate::error::AppError;
use crate::model::{LogPage, Run, Server};
use crate::streaming::{Live, NEWEST, follow};

/// `/`
#[component]
pub fn MonitorPage() -> impl IntoView {
    let runs = OnceResource::new(list_active_runs());
    let servers = OnceResource::new(list_servers());
    let newest = OnceResource::new(list_logs(NEWEST.to_owned()));
    view! {
        <Title text="Monitor"/>
        <h1 class="visually-hidden">"Monitor"</h1>
        <Suspense fallback=skeleton>
            {move || Suspend::new(async move {
                match runs.await {
                    Ok(runs) => board(runs, servers.await, newest.await),
                    Err(error) => failure_notice("what is running", &error, "/".to_owned()),
                }
            })}
        </Suspense>
    }
    .erase()
}

fn board(runs: Vec<Run>, servers: Result<Vec<Server>, AppError>, newest: Result<LogPage, AppError>) -> AnyView {
    let (server_list, server_problem) = apart(servers);
    let (page, feed_problem) = apart(newest);
    let followed = feed_problem.is_none();
    let page = page.unwrap_or_else(|| LogPage { entries: Vec::new(), total: 0, total_in_scope: 0, next_before: None, head: 0 });
    let live = Live::new(page, runs, server_list.unwrap_or_default());
    if followed {
        follow(live);
    }
    let servers_known = server_problem.is_none();
    view! {
        <Counters live=live servers_known=servers_known/>
        {match server_problem {
            None => view! { <ServerStrip live=live/> }.erase(),
            Some(AppError::Forbidden) => ().erase(),
            Some(error) => failure_notice("the servers", &error, "/".to_owned()),
        }}
        <RunningRuns live=live/>
        {match feed_problem {
            None => view! { <FeedSection live=live/> }.erase(),
            Some(error) => failure_notice("the log", &error, "/".to_owned()),
        }}
    }
    .erase()
}

fn apart<T>(read: Result<T, AppError>) -> (Option<T>, Option<AppError>) {
    match read {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

fn skeleton() -> AnyView {
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
