//! Runs in a table, newest first, narrowed by the URL.

use leptos::prelude::*;
use strum::VariantArray as _;

use crate::components::{Erase, Piece, Tone, format, notice};
use crate::model::{FieldError, Named, Run, RunState, SourceType, Trigger};
use crate::pages::document::{back_link, empty, moment, run_badge};
use crate::pages::form::{Choice, Problems, choice};
use crate::site::use_page;

/// What the URL asks for, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSearch {
    pub state: String,
    pub source_type: String,
    pub server: String,
    pub schedule: String,
}

impl RunSearch {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The address of the page of runs that are older than `before`.
    fn href(&self, before: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = [("state", self.state.as_str()), ("type", &self.source_type), ("server", &self.server), ("schedule", &self.schedule)];
        for (key, value) in pairs.into_iter().chain([("before", before.unwrap_or_default())]) {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { "/runs".to_owned() } else { format!("/runs?{query}") }
    }
}

/// A page of runs.
#[derive(Debug, Clone)]
pub struct RunList {
    pub runs: Vec<Run>,
    pub total: i64,
    pub next_before: Option<String>,
    pub servers: Vec<Named>,
    pub schedules: Vec<Named>,
    /// What is wrong with the filter; then there are no runs.
    pub problems: Vec<FieldError>,
}

/// `/runs?state=…&type=…&server=…&schedule=…&before=…`
pub fn list(search: &RunSearch, page: RunList) -> Piece {
    let RunList { runs, total, next_before, servers, schedules, problems } = page;
    let older =
        next_before.map(|before| view! { <p class="feed__older"><a class="button" href=search.href(Some(&before))>"Older runs"</a></p> });
    let clear = (!search.is_empty()).then(|| view! { <a class="button" href="/runs">"Clear"</a> });
    let body = if !problems.is_empty() {
        let items = problems.iter().map(|problem| view! { <li>{problem.to_string()}</li> }).collect_view();
        notice(Tone::Error, "This filter cannot be", view! { <ul>{items}</ul> }.erase())
    } else if runs.is_empty() && search.is_empty() {
        empty("No runs yet", "A run is one execution of a schedule. It appears here the moment it is asked for.", None)
    } else if runs.is_empty() {
        empty("No run matches", "Nothing like that has run. Choose less, or clear the filter.", None)
    } else {
        run_table(runs, true)
    };
    view! {
        {back_link("/schedules".to_owned(), "Schedules")}
        <header class="page-header">
            <h1 class="page-title">"Runs"</h1>
            <p class="page-header__note">{format!("{} · times in {}", format::counted(usize::try_from(total).unwrap_or(0), "run", "runs"), use_page().get().time_zone_note())}</p>
        </header>
        <form class="search" method="get" action="/runs">
            {select("State", "state", &search.state, RunState::VARIANTS.iter().map(|state| (state.to_string(), state.word().to_owned())).collect())}
            {select("Type", "type", &search.source_type, SourceType::VARIANTS.iter().skip(1).map(|kind| (kind.to_string(), kind.to_string())).collect())}
            {select("Server", "server", &search.server, named(servers))}
            {select("Schedule", "schedule", &search.schedule, named(schedules))}
            <div class="search__buttons"><button class="button button--primary" type="submit">"Show"</button>{clear}</div>
        </form>
        <div id="runs" data-refresh="5">{body}{older}</div>
    }
    .erase()
}

fn named(things: Vec<Named>) -> Vec<(String, String)> {
    things.into_iter().map(|thing| (thing.id.to_string(), thing.name)).collect()
}

fn select(label: &str, name: &str, value: &str, mut options: Vec<(String, String)>) -> Piece {
    options.insert(0, (String::new(), "All".to_owned()));
    choice(Choice { label, name, value, options, hint: None }, &Problems::default())
}

/// Runs in a table; with the schedule where they are of several.
pub fn run_table(runs: Vec<Run>, with_schedule: bool) -> Piece {
    if runs.is_empty() {
        return view! { <p class="section__empty">"No runs yet."</p> }.erase();
    }
    let schedule = with_schedule.then(|| view! { <th scope="col" role="columnheader">"Schedule"</th> });
    view! {
        <table class="table table--runs" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Run"</th>
                    <th scope="col" role="columnheader">"State"</th>
                    {schedule}
                    <th scope="col" role="columnheader">"Type"</th>
                    <th scope="col" role="columnheader">"Started by"</th>
                    <th scope="col" role="columnheader" class="is-figure">"Duration"</th>
                    <th scope="col" role="columnheader" class="is-figure">"Written"</th>
                    <th scope="col" role="columnheader" class="is-figure">"Code"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{runs.into_iter().map(|run| line(run, with_schedule)).collect_view()}</tbody>
        </table>
    }
    .erase()
}

fn line(run: Run, with_schedule: bool) -> Piece {
    let schedule = with_schedule.then(|| {
        view! {
            <td role="cell" data-label="Schedule">
                <a class="cell__link" href=format!("/schedules/{}", run.schedule.id)>{run.schedule.name.clone()}</a>
                <span class="cell__note">{run.server.name.clone()}</span>
            </td>
        }
    });
    let trouble = run.error.clone().map(|error| view! { <span class="cell__note">{error}</span> });
    let dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" data-label="Run"><a class="cell__link" href=format!("/runs/{}", run.id)>{moment(run.started_at.unwrap_or(run.created_at))}</a></th>
            <td role="cell" data-label="State" class="is-wide">{run_badge(run.state)}{trouble}</td>
            {schedule}
            <td role="cell" data-label="Type">{run.source_type.to_string()}</td>
            <td role="cell" data-label="Started by">{starter(run.trigger)}</td>
            <td role="cell" data-label="Duration" class="is-figure" class=("is-blank", run.duration_s.is_none())>{dash(run.duration_s.map(format::duration))}</td>
            <td role="cell" data-label="Written" class="is-figure" class=("is-blank", run.bytes_written.is_none())>{dash(run.bytes_written.map(format::size))}</td>
            <td role="cell" data-label="Code" class="is-figure" class=("is-blank", run.exit_code.is_none())>{dash(run.exit_code.map(|code| code.to_string()))}</td>
        </tr>
    }
    .erase()
}

/// What made a run begin.
pub(super) fn starter(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Manual => "a person",
        Trigger::Cron => "cron",
        Trigger::Reported => "its host",
        Trigger::Watched => "the server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_only_what_is_asked_for() {
        assert_eq!(RunSearch::default().href(None), "/runs");
        let search = RunSearch { state: "failed".into(), schedule: "3".into(), ..RunSearch::default() };
        assert_eq!(search.href(Some("01X")), "/runs?state=failed&schedule=3&before=01X");
    }
}
