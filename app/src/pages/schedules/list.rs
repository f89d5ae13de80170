//! Every schedule, the one that needs a person first on top.

use leptos::prelude::*;

use super::strip::strip;
use crate::components::{Erase, Piece, format};
use crate::model::{Permission, RunState, ScheduleKind, ScheduleRow, SourceType, Timestamp};
use crate::pages::document::{ago, empty, flash, moment, outcome_badge, run_badge};
use crate::site::use_page;

/// `/schedules`: `rows` in the order in which they are shown.
pub fn list(rows: Vec<ScheduleRow>, may_have_servers: bool, said: Option<&str>) -> Piece {
    let page = use_page();
    let may_add = page.may(Permission::CreateSchedule);
    let add = may_add.then(|| view! { <a class="button button--primary" href="/schedules/new">"Add schedule"</a> });
    let body = if !rows.is_empty() {
        let now = page.get().now;
        view! { {counters(&rows)}{table(rows, now)} }.erase()
    } else if may_have_servers {
        let action = may_add.then(|| ("Add schedule", "/schedules/new".to_owned()));
        empty("No schedules yet", "A schedule says what is backed up, where to, when and how old the last good run may become.", action)
    } else {
        let action = page.may(Permission::AddServers).then(|| ("Add server", "/servers/new".to_owned()));
        empty("No schedules yet", "A schedule belongs to a server. Add a server first.", action)
    };
    view! {
        <header class="page-header">
            <h1 class="page-title">"Schedules"</h1>
            <p class="page-header__note">"Worst first · times in "{page.get().time_zone_note()}</p>
            <div class="page-header__actions"><a class="button" href="/runs">"All runs"</a>{add}</div>
        </header>
        {flash(said)}
        <div id="schedules" data-refresh="5">{body}</div>
    }
    .erase()
}

fn counters(rows: &[ScheduleRow]) -> Piece {
    let running = rows.iter().filter(|row| row.active().is_some_and(|run| run.outcome == RunState::Running)).count();
    let paused = rows.iter().filter(|row| !row.schedule.policy.enabled).count();
    let counter = |word: &'static str, figure: usize, tone: &'static str, href: Option<&'static str>| {
        let tone = if figure == 0 { "none" } else { tone };
        let figure = format::count(i64::try_from(figure).unwrap_or(i64::MAX));
        let inside = view! { <span class="counter__figure">{figure}</span><span class="counter__word">{word}</span> };
        let item = match href {
            Some(href) => view! { <a class="counter" href=href data-tone=tone>{inside}</a> }.erase(),
            None => view! { <div class="counter" data-tone=tone>{inside}</div> }.erase(),
        };
        view! { <li class="counters__item">{item}</li> }
    };
    view! {
        <ul class="counters counters--narrow" aria-label="At a glance">
            {counter("Total", rows.len(), "total", None)}
            {counter("Running", running, "running", Some("/runs?state=running"))}
            {counter("Paused", paused, "paused", None)}
        </ul>
    }
    .erase()
}

fn table(rows: Vec<ScheduleRow>, now: Timestamp) -> Piece {
    view! {
        <table class="table table--schedules" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Schedule"</th>
                    <th scope="col" role="columnheader">"Standing"</th>
                    <th scope="col" role="columnheader">"Last good run"</th>
                    <th scope="col" role="columnheader">"Last 30 runs"</th>
                    <th scope="col" role="columnheader">"Due"</th>
                    <th scope="col" role="columnheader">"Now"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows.iter().map(|row| line(row, now)).collect_view()}</tbody>
        </table>
    }
    .erase()
}

fn line(row: &ScheduleRow, now: Timestamp) -> Piece {
    let policy = &row.schedule.policy;
    let standing = row.standing(now);
    let types = type_words(&policy.source_types());
    view! {
        <tr role="row" data-outcome=standing.tone().to_string()>
            <th scope="row" role="rowheader" data-label="Schedule">
                <a class="cell__link" href=format!("/schedules/{}", row.schedule.id)>{policy.name.clone()}</a>
                <span class="cell__note">{format!("{} · {} · {types}", row.server.name, policy.kind)}</span>
            </th>
            <td role="cell" data-label="Standing">{outcome_badge(standing.tone(), standing.word())}</td>
            <td role="cell" data-label="Last good run">{last_good(row, now)}</td>
            <td role="cell" data-label="Last runs" class="is-wide">{strip(&row.recent, false)}</td>
            <td role="cell" data-label="Due">{due(row)}</td>
            <td role="cell" data-label="Now" class=("is-blank", row.active().is_none())>{row.active().map_or_else(|| "–".erase(), |run| run_badge(run.outcome))}</td>
        </tr>
    }
    .erase()
}

pub(super) fn type_words(types: &[SourceType]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// The age of the last good run beside what it may become; what is not known is said to be unknown.
pub(super) fn last_good(row: &ScheduleRow, now: Timestamp) -> Piece {
    let age = row.last_good_of_all().map_or_else(|| view! { <span class="cell__unknown">"unknown"</span> }.erase(), ago);
    let target = match row.schedule.policy.target_hours {
        Some(hours) => format!("target {hours} h"),
        None => "no target set".to_owned(),
    };
    let late = row.lateness(now).is_some_and(|permille| permille > 1000);
    view! { <span class=("cell__late", late)>{age}</span><span class="cell__note">{target}</span> }.erase()
}

fn due(row: &ScheduleRow) -> Piece {
    let never = if row.schedule.policy.kind == ScheduleKind::Managed { "only when asked" } else { "at no set time" };
    let words = row.cron_words.clone().unwrap_or_else(|| never.to_owned());
    let next = row.next_due.filter(|_| row.schedule.policy.enabled);
    view! {
        <span>{words}</span>
        {next.map(|at| view! { <span class="cell__note">"next "{moment(at)}</span> })}
    }
    .erase()
}
