//! One schedule: what it is to do, how it has done, and what a person can do about it.

use leptos::prelude::*;

use super::edit::next_times;
use super::list::{last_good, type_words};
use super::strip::strip;
use crate::components::{Erase, Piece, format};
use crate::model::{CatchUp, DestinationState, Forecast, Permission, Run, ScheduleKind, ScheduleRow, SourceType};
use crate::pages::document::{ago, back_link, copyable, fact, flash, outcome_badge, run_badge};
use crate::pages::run::run_table;
use crate::site::use_page;

/// A schedule with all that its page shows.
#[derive(Debug, Clone)]
pub struct ScheduleView {
    pub row: ScheduleRow,
    pub forecast: Option<Forecast>,
    pub destinations: Vec<DestinationState>,
    /// The newest first.
    pub runs: Vec<Run>,
    pub total_runs: i64,
    /// Where the panel is, as this browser calls it: for those who report.
    pub panel_url: String,
}

/// `/schedules/<id>`
pub fn detail(view: ScheduleView, said: Option<&str>) -> Piece {
    let now = use_page().get().now;
    let ScheduleView { row, forecast, destinations, runs, total_runs, panel_url } = view;
    let policy = row.schedule.policy.clone();
    let id = row.schedule.id;
    let standing = row.standing(now);
    let report = (policy.kind == ScheduleKind::Reported).then(|| how_to_report(id, &panel_url));
    let all_runs = format!("/runs?schedule={id}");
    view! {
        {back_link("/schedules".to_owned(), "Schedules")}
        <header class="page-header">
            <h1 class="page-title">{policy.name.clone()}</h1>
            <p class="page-header__note">
                "on "<a href=format!("/servers/{}", row.server.id)>{row.server.name.clone()}</a>{format!(" · {} · {}", policy.kind, type_words(&policy.source_types()))}
            </p>
            {actions(id, policy.enabled)}
        </header>
        {flash(said)}
        <div id="standing" data-refresh="5">
            <dl class="facts facts--page">
                {fact("Standing", Some(outcome_badge(standing.tone(), standing.word())))}
                {fact("Last good run", Some(last_good(&row, now)))}
                {fact("Now", Some(row.active().map_or_else(|| "nothing runs".erase(), |run| view! { <a class="plain-link" href=format!("/runs/{}", run.id)>{run_badge(run.outcome)}</a> }.erase())))}
            </dl>
            <section class="section" aria-labelledby="strip">
                <h2 class="section__title" id="strip">"Last 30 runs"</h2>
                {strip(&row.recent, true)}
            </section>
        </div>
        {run_now(&row)}
        <div class="columns">
            {what(&row)}
            {when(&row, forecast)}
        </div>
        {points(&row, destinations)}
        {report}
        <section class="section" aria-labelledby="runs">
            <h2 class="section__title" id="runs">"Runs"</h2>
            <div id="run-list" data-refresh="5">{run_table(runs, false)}</div>
            <p class="section__foot"><a href=all_runs>{format!("All runs ({})", format::count(total_runs))}</a></p>
        </section>
    }
    .erase()
}

fn actions(id: i64, enabled: bool) -> Piece {
    let page = use_page();
    let may_edit = page.may(Permission::EditSchedule);
    let pause = may_edit.then(|| {
        let (verb, word) = if enabled { ("pause", "Pause") } else { ("resume", "Resume") };
        view! { <form method="post" action=format!("/schedules/{id}/{verb}")><button class="button" type="submit">{word}</button></form> }
    });
    let edit = may_edit.then(|| view! { <a class="button" href=format!("/schedules/{id}/edit")>"Edit"</a> });
    let clone =
        page.may(Permission::CreateSchedule).then(|| view! { <a class="button" href=format!("/schedules/new?from={id}")>"Clone"</a> });
    let remove =
        page.may(Permission::DeleteSchedule).then(|| view! { <a class="button" href=format!("/schedules/{id}/delete")>"Delete"</a> });
    view! { <div class="page-header__actions">{pause}{edit}{clone}{remove}</div> }.erase()
}

/// Running it now: all of its types or some. Only what Tailback runs itself can be asked for.
fn run_now(row: &ScheduleRow) -> Option<Piece> {
    let policy = &row.schedule.policy;
    if policy.kind != ScheduleKind::Managed || !use_page().may(Permission::RunSchedule) {
        return None;
    }
    let id = row.schedule.id;
    let types = policy.source_types();
    let boxes = (types.len() > 1).then(|| {
        let one = |source_type: &SourceType| {
            let name = source_type.to_string();
            let id = format!("run-{name}");
            view! { <span class="check check--inline"><input class="check__box" type="checkbox" name="type" id=id.clone() value=name.clone() checked=true/><label class="check__label" for=id>{name.clone()}</label></span> }
        };
        view! { <fieldset class="run-now__types"><legend class="visually-hidden">"Types"</legend>{types.iter().map(one).collect_view()}</fieldset> }
    });
    Some(
        view! {
            <form class="run-now" method="post" action=format!("/schedules/{id}/run")>
                {boxes}
                <button class="button button--primary" type="submit">"Run now"</button>
                <button class="button" type="submit" formaction=format!("/schedules/{id}/rehearse") data-busy="Trying …">"Dry run"</button>
                <p class="field__hint">"A dry run asks the server what would happen and changes nothing."</p>
            </form>
        }
        .erase(),
    )
}

fn mono(text: impl Into<String>) -> Piece {
    view! { <span class="mono">{text.into()}</span> }.erase()
}

fn mono_list(items: &[String]) -> Option<Piece> {
    (!items.is_empty()).then(|| {
        view! { <ul class="mono-list">{items.iter().map(|item| view! { <li class="mono">{item.clone()}</li> }).collect_view()}</ul> }
            .erase()
    })
}

fn kept(keep: Option<u32>) -> String {
    keep.map_or_else(|| "every point is kept".to_owned(), |keep| format!("the newest {keep} points are kept"))
}

fn what(row: &ScheduleRow) -> Piece {
    let policy = &row.schedule.policy;
    let files = policy.files.as_ref().map(|files| {
        let limit = files.bandwidth_kbps.map(|kbps| format::speed(i64::from(kbps) * 1024).erase());
        view! {
            <dl class="facts facts--stack">
                {fact("Files from", mono_list(&files.sources))}
                {fact("To", Some(mono(&files.destination)))}
                {fact("Without", mono_list(&files.excludes))}
                {fact("Retention", Some(kept(files.keep_points).erase()))}
                {fact("Speed limit", limit)}
                {fact("Further arguments", Some(files.extra_args.join(" ")).filter(|text| !text.is_empty()).map(mono))}
            </dl>
        }
    });
    let mysql = policy.mysql.as_ref().map(|mysql| {
        let databases = mysql.databases.as_ref().map_or_else(|| Some("all".erase()), |databases| mono_list(databases));
        view! {
            <dl class="facts facts--stack">
                {fact("Databases", databases)}
                {fact("To", Some(mono(&mysql.destination)))}
                {fact("Defaults file", Some(mono(&mysql.defaults_file)))}
                {fact("Retention", Some(kept(mysql.keep_points).erase()))}
            </dl>
        }
    });
    let command = policy.command.as_ref().map(|command| {
        let codes = |codes: &[i64]| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        view! {
            <dl class="facts facts--stack">
                {fact("Type", Some(command.source_type.to_string().erase()))}
                {fact("Command", Some(command.command.clone()).filter(|text| !text.is_empty()).map(|text| view! { <pre class="mono-block">{text}</pre> }.erase()))}
                {fact("Codes of success", Some(mono(codes(&command.success_codes))))}
                {fact("Codes of a warning", Some(codes(&command.warning_codes)).filter(|text| !text.is_empty()).map(mono))}
            </dl>
        }
    });
    let watch = policy.watch.as_ref().map(|watch| {
        view! {
            <dl class="facts facts--stack">
                {fact("Type", Some(watch.source_type.to_string().erase()))}
                {fact("Screen session", watch.screen.clone().map(mono))}
                {fact("Process", watch.process.clone().map(mono))}
                {fact("Log", watch.log.clone().map(mono))}
                {fact("Exit file", watch.exit_file.clone().map(mono))}
            </dl>
        }
    });
    view! {
        <section class="section" aria-labelledby="what">
            <h2 class="section__title" id="what">"What"</h2>
            {files}{mysql}{command}{watch}
        </section>
    }
    .erase()
}

fn when(row: &ScheduleRow, forecast: Option<Forecast>) -> Piece {
    let policy = &row.schedule.policy;
    let words = match (&forecast, policy.kind) {
        (Some(forecast), _) => forecast.words.clone(),
        (None, ScheduleKind::Managed) => "Only when somebody asks.".to_owned(),
        (None, _) => "At no set time: nothing is ever missed.".to_owned(),
    };
    let due = forecast.as_ref().filter(|_| policy.enabled).map(|forecast| {
        let term = if policy.kind == ScheduleKind::Managed { "Next five runs" } else { "Expected next" };
        fact(term, Some(next_times(forecast)))
    });
    let catch_up = match policy.catch_up {
        CatchUp::Skip => "recorded as missed",
        CatchUp::Once => "run once",
    };
    let hours = |hours: &[u32]| hours.iter().map(|hours| format!("{hours} h")).collect::<Vec<_>>().join(", ");
    let paused = (!policy.enabled).then(|| view! { <p class="section__lead">"Paused: nothing begins and nothing is expected."</p> });
    view! {
        <section class="section" aria-labelledby="when">
            <h2 class="section__title" id="when">"When"</h2>
            {paused}
            <p>{words}{policy.cron.clone().map(|cron| view! { " "<code class="mono">{cron}</code> })}</p>
            <dl class="facts facts--stack">
                {due}
                {fact("Counts as missed after", policy.cron.is_some().then(|| format!("{} min", policy.grace_minutes).erase()))}
                {fact("Due while the panel was away", policy.cron.is_some().then(|| catch_up.erase()))}
                {fact("Long after", Some(hours(&policy.long_run_hours)).filter(|text| !text.is_empty()).map(Erase::erase))}
            </dl>
        </section>
    }
    .erase()
}

/// What is kept, as far as somebody has looked.
fn points(row: &ScheduleRow, destinations: Vec<DestinationState>) -> Option<Piece> {
    row.schedule.policy.destinations().next()?;
    let one = |state: DestinationState| {
        let leftovers = (!state.leftovers.is_empty()).then(|| view! { {format::counted(state.leftovers.len(), "leftover", "leftovers")}" of interrupted runs: "{mono_list(&state.leftovers)} }.erase());
        let free = state.free_bytes.map(|free| match state.percent_used() {
            Some(percent) => format!("{} free, {percent} % used", format::size(free)),
            None => format!("{} free", format::size(free)),
        });
        view! {
            <dl class="facts">
                {fact("Where", Some(view! { <span class="mono">{state.path.clone()}</span>" "{format!("({})", state.source_type)} }.erase()))}
                {fact("Points", state.points.map(|points| format::count(points).erase()))}
                {fact("Newest", state.newest_point.clone().map(mono))}
                {fact("Disk", free.map(Erase::erase))}
                {fact("Left behind", leftovers)}
                {fact("Trouble", state.error.clone().map(|error| view! { <span class="cell__problem">{error}</span> }.erase()))}
                {fact("Looked at", Some(ago(state.checked_at)))}
            </dl>
        }
    };
    let body = if destinations.is_empty() {
        view! { <p class="section__empty">"Nobody has looked at the destination yet."</p> }.erase()
    } else {
        destinations.into_iter().map(one).collect_view().erase()
    };
    Some(
        view! {
            <section class="section" aria-labelledby="points">
                <h2 class="section__title" id="points">"Points"</h2>
                <div id="destination-list" data-refresh="30">{body}</div>
            </section>
        }
        .erase(),
    )
}

/// How whoever runs the job tells of it.
fn how_to_report(id: i64, panel_url: &str) -> Piece {
    let username = use_page().get().username.unwrap_or_default();
    let token = format!("tailback token create --user {username} --schedule {id}");
    let exec = format!("TAILBACK_TOKEN=… tailback exec --schedule {id} --url {panel_url} -- your-backup --with its arguments");
    let curl = format!(
        "curl -fsS {panel_url}/api/v1/ingest/runs \\\n  -H \"Authorization: Bearer $TAILBACK_TOKEN\" -H 'Content-Type: application/json' \\\n  \
         -d '{{\"schedule\": {id}, \"event\": \"finish\", \"exit_code\": 0, \"message\": \"what it did\"}}'"
    );
    let make = use_page().may(Permission::RunSchedule).then(|| {
        view! {
            <p class="section__lead">"Make a token that can report this schedule and nothing else:"</p>
            <form class="deed" method="post" action=format!("/schedules/{id}/token")>
                <button class="button" type="submit">"Make a token"</button>
                <p class="field__hint">"Shown once. It ends with the schedule; Profile lists and revokes it."</p>
            </form>
        }
    });
    let lead = if make.is_some() {
        "Or on the panel's machine:"
    } else {
        "On the panel's machine, make a token that can report this schedule and nothing else:"
    };
    view! {
        <section class="section" aria-labelledby="report">
            <h2 class="section__title" id="report">"How to report"</h2>
            {make}
            <p class="section__lead">{lead}</p>
            {copyable("report-token", "Command that makes a token", token)}
            <p class="section__lead">"On the host, put the wrapper before the command. It reports the start, the end, the exit code and the output:"</p>
            {copyable("report-exec", "Command with the wrapper", exec)}
            <p class="section__lead">"Or tell of the end alone, from any script:"</p>
            {copyable("report-curl", "Command with curl", curl)}
        </section>
    }
    .erase()
}
